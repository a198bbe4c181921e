//! Mobile equipment identities: the 14 digits of TAC and serial number, 3GPP TS 23.003 §6.2 (`docs/canonical.md`, imei).

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii};

/// Digits without check digit and software version.
const DIGITS: usize = 14;

/// Reads 14 digits, 15 with a check digit, 16 with a software version, or 15 and a slash and the version.
///
/// # Errors
/// `BadChecksum`, `WrongLength`, `InvalidCharacter`, `NotValid` (only zeros).
pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = ascii::fold(text, trace)?;
    let (text, version) = match text.rsplit_once('/') {
        // `…/01`: two digits of software version after the check digit
        Some((rest, version)) if version.len() == 2 => (rest, Some(version)),
        _ => (text.as_ref(), None),
    };
    let digits = ascii::digits(&text.replace('/', "-"), trace)?;
    if version.is_some_and(|version| !version.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(ErrorKind::InvalidCharacter.into());
    }
    let body = match (digits.len(), version) {
        (14, _) | (16, None) => digits.get(..DIGITS),
        (15, _) if ascii::luhn(&digits) => digits.get(..DIGITS),
        (15, _) => return Err(ErrorKind::BadChecksum.into()),
        _ => None,
    };
    let body = body.ok_or(Error::new(ErrorKind::WrongLength, "an IMEI has 14 to 16 digits"))?;
    trace.note("check digit verified and dropped, software version dropped", || body.to_owned());
    if body.bytes().all(|byte| byte == b'0') {
        return Err(Error::new(ErrorKind::NotValid, "an IMEI of zeros alone is a placeholder"));
    }
    Ok(body.to_owned())
}

/// Whether the text is its own canonical form.
pub(super) fn is_canonical(text: &str) -> bool {
    text.len() == DIGITS && ascii::is_digits(text) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String> {
        canonical(text, &ParseOptions::default(), &mut Trace::off())
    }

    #[test]
    fn all_ways_to_write_a_device_are_one() {
        for text in [
            "49015420323751",
            "490154203237518",
            "49-015420-323751-8",
            "49/015420/323751/8",
            "4901542032375101",
            "490154203237518/01",
        ] {
            assert_eq!(parse(text).unwrap(), "49015420323751", "{text}");
        }
    }

    #[test]
    fn a_wrong_check_digit_is_seen() {
        assert_eq!(parse("490154203237517").unwrap_err().kind(), ErrorKind::BadChecksum);
        assert_eq!(parse("4901542032375").unwrap_err().kind(), ErrorKind::WrongLength);
        assert_eq!(parse("00000000000000").unwrap_err().kind(), ErrorKind::NotValid);
    }

    #[test]
    fn lengths_with_and_without_a_version() {
        for (text, expected) in [
            ("49015420323751/01", Ok("49015420323751")),
            ("490154203237518/78", Ok("49015420323751")),
            ("4901542032375101/01", Err(ErrorKind::WrongLength)),
            ("490154203237517/01", Err(ErrorKind::BadChecksum)),
            ("4901542032375/01", Err(ErrorKind::WrongLength)),
            ("490154203237518/0a", Err(ErrorKind::InvalidCharacter)),
            ("490154203237518/001", Err(ErrorKind::WrongLength)),
            ("49015420323751012", Err(ErrorKind::WrongLength)),
            ("000000000000000/01", Err(ErrorKind::NotValid)),
            ("00000000000001", Ok("00000000000001")),
            ("10000000000000", Ok("10000000000000")),
        ] {
            assert_eq!(parse(text).as_deref().map_err(|error| error.kind()), expected, "{text}");
        }
        for (text, seen) in [
            ("49015420323751", true),
            ("00000000000001", true),
            ("00000000000000", false),
            ("4901542032375", false),
            ("490154203237518", false),
            ("4901542032375a", false),
        ] {
            assert_eq!(is_canonical(text), seen, "{text}");
        }
    }
}
