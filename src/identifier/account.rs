//! Bank accounts: `CC:BANK8:NUMBER` (`docs/canonical.md`, account).

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii, country};

/// Digits of an account number; the upper bound is that of an IBAN's text.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=34;

/// Reads `CC:BANK:NUMBER`, or a bare number with the bank in `options`.
///
/// # Errors
/// `MissingCountry`, `UnknownRegion`, `UnknownBank`, `WrongLength`, `NotValid` (only zeros), `InvalidCharacter`,
/// `InvalidSyntax`.
pub(super) fn canonical(text: &str, options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = ascii::fold(text, trace)?;
    let mut parts = text.split(':');
    let (country, bank, number) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(number), None, ..) => {
            let bank = options.bank.as_deref().ok_or(ErrorKind::MissingCountry)?;
            let bank = bank8(bank)?;
            let country = match &options.country {
                Some(country) => country::parse(country)?,
                None => country::parse(bank.get(4..6).unwrap_or_default())?,
            };
            (country, bank, number)
        }
        (Some(country), Some(bank), Some(number), None) => (country::parse(country)?, bank8(bank)?, number),
        (Some(_), Some(_), None, _) => return Err(ErrorKind::MissingCountry.into()),
        _ => return Err(Error::new(ErrorKind::InvalidSyntax, "an account is written CC:BANK:NUMBER")),
    };
    trace.note("country and the first 8 characters of the BIC in upper case", || format!("{country}:{bank}:{number}"));
    let number = ascii::digits(number, &mut Trace::off())?;
    trace.note("remove spaces, hyphens and dots of the number; leading zeros stay", || {
        format!("{country}:{bank}:{number}")
    });
    if number.is_empty() {
        return Err(ErrorKind::Empty.into());
    }
    if !DIGITS.contains(&number.len()) {
        return Err(Error::new(ErrorKind::WrongLength, "an account number has 4 to 34 digits"));
    }
    if number.bytes().all(|byte| byte == b'0') {
        return Err(Error::new(ErrorKind::NotValid, "an account number of zeros alone is a placeholder"));
    }
    Ok(format!("{country}:{bank}:{number}"))
}

/// The first 8 characters of a BIC (ISO 9362) of 8 or 11, in upper case.
fn bank8(text: &str) -> Result<String> {
    let bic = text.trim().to_ascii_uppercase();
    let shaped = matches!(bic.len(), 8 | 11)
        && bic.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && bic.get(4..6).is_some_and(country::is_known);
    match bic.get(..8) {
        Some(bank) if shaped => Ok(bank.to_owned()),
        _ => Err(ErrorKind::UnknownBank.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, bank: Option<&str>, country: Option<&str>) -> Result<String> {
        let options = ParseOptions {
            bank: bank.map(str::to_owned),
            country: country.map(str::to_owned),
            ..ParseOptions::default()
        };
        canonical(text, &options, &mut Trace::off())
    }

    #[test]
    fn separators_go_and_zeros_stay() {
        assert_eq!(parse("SG:DBSSSGSG:001-23456-7", None, None).unwrap(), "SG:DBSSSGSG:001234567");
        assert_eq!(parse("sg : dbsssgsgxxx : 001 23456.7", None, None).unwrap(), "SG:DBSSSGSG:001234567");
    }

    #[test]
    fn a_bare_number_takes_the_country_of_the_bic_unless_told() {
        assert_eq!(parse("0012345678", Some("OCBCSGSG"), None).unwrap(), "SG:OCBCSGSG:0012345678");
        assert_eq!(parse("0012345678", Some("hsbchkhh"), Some("mo")).unwrap(), "MO:HSBCHKHH:0012345678");
    }

    #[test]
    fn nothing_is_guessed() {
        let kinds = [
            ("0012345678", None, ErrorKind::MissingCountry),
            ("DBSSSGSG:0012345678", None, ErrorKind::MissingCountry),
            ("SG:DBS:0012345678", None, ErrorKind::UnknownBank),
            ("ZZ:DBSSSGSG:0012345678", None, ErrorKind::UnknownRegion),
            ("SG:DBSSSGSG:123", None, ErrorKind::WrongLength),
            ("SG:DBSSSGSG:0000000", None, ErrorKind::NotValid),
            ("SG:DBSSSGSG:12A4567", None, ErrorKind::InvalidCharacter),
            ("SG:DBSSSGSG:1:2", None, ErrorKind::InvalidSyntax),
            ("SG:DBSSSGSG: - ", None, ErrorKind::Empty),
            ("12345678", Some("DBS"), ErrorKind::UnknownBank),
        ];
        for (text, bank, kind) in kinds {
            assert_eq!(parse(text, bank, None).unwrap_err().kind(), kind, "{text}");
        }
    }
}
