//! The tables of the facade as C reads them: static texts with a NUL at their end.

use std::ffi::{CStr, CString, c_char};
use std::sync::LazyLock;

use bisik::{ErrorKind, Kind, RetractionReason};

use crate::abi::report::NUMBERS;

/// A text for C. What the library says holds no NUL; should one appear, the text ends there.
pub(crate) fn c_text(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(text.get(..end).unwrap_or_default()).unwrap_or_default()
}

/// A static text, or NULL.
pub(crate) fn pointer(text: Option<&'static CStr>) -> *const c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

pub(crate) struct StatusTexts {
    pub(crate) name: CString,
    pub(crate) summary: CString,
    pub(crate) advice: CString,
}

static STATUSES: LazyLock<Vec<(i32, StatusTexts)>> = LazyLock::new(|| {
    let ok = StatusTexts { name: c_text("ok"), summary: c_text("no error"), advice: c_text("nothing") };
    let texts = |kind: &ErrorKind| StatusTexts {
        name: c_text(kind.name()),
        summary: c_text(kind.summary()),
        advice: c_text(kind.advice()),
    };
    let kinds = ErrorKind::ALL.iter().map(|kind| (i32::from(kind.code()), texts(kind)));
    std::iter::once((0, ok)).chain(kinds).collect()
});

/// The texts of a status; `None` for a number that is no status.
pub(crate) fn status(number: i32) -> Option<&'static StatusTexts> {
    let statuses: &'static Vec<(i32, StatusTexts)> = &STATUSES;
    let position = statuses.binary_search_by_key(&number, |(number, _)| *number).ok()?;
    statuses.get(position).map(|(_, texts)| texts)
}

static KINDS: LazyLock<Vec<(Kind, CString, CString)>> =
    LazyLock::new(|| Kind::ALL.iter().map(|&kind| (kind, c_text(kind.name()), c_text(kind.description()))).collect());

/// Name and description of a kind.
pub(crate) fn kind(kind: Kind) -> Option<(&'static CStr, &'static CStr)> {
    let kinds: &'static Vec<(Kind, CString, CString)> = &KINDS;
    let row = kinds.iter().find(|(known, ..)| *known == kind)?;
    Some((&row.1, &row.2))
}

static MATCHED: LazyLock<Vec<CString>> = LazyLock::new(|| NUMBERS.iter().map(|(name, _)| c_text(name)).collect());

/// The name of a way to match, by its number.
pub(crate) fn matched(number: u32) -> Option<&'static CStr> {
    let names: &'static Vec<CString> = &MATCHED;
    names.get(usize::try_from(number).ok()?).map(CString::as_c_str)
}

/// The reasons of this version.
pub(crate) const REASONS: [RetractionReason; 5] = [
    RetractionReason::ERROR,
    RetractionReason::CLEARED,
    RetractionReason::RECOVERED,
    RetractionReason::ORDER,
    RetractionReason::OTHER,
];

static REASON_NAMES: LazyLock<Vec<CString>> =
    LazyLock::new(|| REASONS.iter().map(|reason| c_text(reason.name())).collect());

/// The name of a reason for a withdrawal, by its number.
pub(crate) fn reason(number: u32) -> Option<&'static CStr> {
    let names: &'static Vec<CString> = &REASON_NAMES;
    let place = REASONS.iter().position(|reason| u32::from(reason.number()) == number)?;
    names.get(place).map(CString::as_c_str)
}

/// `MAJOR << 16 | MINOR << 8 | PATCH` of a version text.
pub(crate) fn version_number(version: &str) -> u32 {
    let parts = version.split(['.', '-', '+']).take(3);
    parts.fold(0, |number, part| number << 8 | part.parse::<u32>().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_kind_has_its_texts() {
        for kind in ErrorKind::ALL {
            let texts = status(i32::from(kind.code())).unwrap();
            assert_eq!(texts.name.to_str(), Ok(kind.name()));
            assert_eq!(texts.advice.to_str(), Ok(kind.advice()));
        }
        assert!(status(1).is_none());
        assert!(status(-1).is_none());
    }

    #[test]
    fn versions_are_three_bytes() {
        assert_eq!(version_number("1.2.3"), 0x01_02_03);
        assert_eq!(version_number("0.10.0-rc.1"), 0x00_0a_00);
    }
}
