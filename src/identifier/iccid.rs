//! SIM card numbers: 19 or 20 digits with a check digit, ITU-T E.118 (`docs/canonical.md`, iccid).

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii};

/// The telecommunications industry in ISO/IEC 7812-1.
const INDUSTRY: &str = "89";

/// The digits, without the filler `F` of a card's own storage.
///
/// # Errors
/// `BadChecksum`, `WrongLength`, `NotValid` (not of a SIM card), `InvalidCharacter`.
pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = ascii::fold(text, trace)?;
    let text = text.strip_suffix(['F', 'f']).unwrap_or(&text);
    let digits = ascii::digits(text, trace)?;
    check(&digits)?;
    Ok(digits)
}

/// Whether the text is its own canonical form.
pub(super) fn is_canonical(text: &str) -> bool {
    ascii::is_digits(text) && check(text).is_ok()
}

fn check(digits: &str) -> Result<()> {
    if !matches!(digits.len(), 19 | 20) {
        return Err(Error::new(ErrorKind::WrongLength, "an ICCID has 19 or 20 digits"));
    }
    if !digits.starts_with(INDUSTRY) {
        return Err(Error::new(ErrorKind::NotValid, "the number of a SIM card begins with 89"));
    }
    if ascii::luhn(digits) { Ok(()) } else { Err(ErrorKind::BadChecksum.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String> {
        canonical(text, &ParseOptions::default(), &mut Trace::off())
    }

    #[test]
    fn spaces_and_the_filler_go() {
        for text in ["8965012345678901233", "8965 0123 4567 8901 233", "8965012345678901233F"] {
            assert_eq!(parse(text).unwrap(), "8965012345678901233", "{text}");
        }
    }

    #[test]
    fn each_fault_has_its_own_kind() {
        for (text, kind) in [
            ("8965012345678901239", ErrorKind::BadChecksum),
            ("896501234567890123", ErrorKind::WrongLength),
            ("7965012345678901233", ErrorKind::NotValid),
            ("89650123456789012FF", ErrorKind::InvalidCharacter),
        ] {
            assert_eq!(parse(text).unwrap_err().kind(), kind, "{text}");
        }
    }

    #[test]
    fn nineteen_or_twenty_digits_are_seen() {
        for (text, kind) in [
            ("896501234567890124", Some(ErrorKind::WrongLength)),
            ("8965012345678901233", None),
            ("89650101234567890123", None),
            ("896501012345678901233", Some(ErrorKind::WrongLength)),
            ("8965012345678901232", Some(ErrorKind::BadChecksum)),
            ("9865012345678901233", Some(ErrorKind::NotValid)),
        ] {
            assert_eq!(parse(text).err().map(|error| error.kind()), kind, "{text}");
            assert_eq!(is_canonical(text), kind.is_none(), "{text}");
        }
        assert!(!is_canonical("8965012345678901233F") && !is_canonical("8965 012345678901233"));
    }
}
