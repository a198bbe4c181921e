//! International bank account numbers, ISO 13616-1 (`docs/canonical.md`, iban).

use ::iban::{BaseIban, Iban, IbanLike, ParseBaseIbanError, ParseIbanError};

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii, country};

/// The basic account number by country, where the crate's registry has none: `n` digits, `a` letters, `c` either.
///
/// PK and HN stand in the SWIFT registry. The others number their accounts in IBAN form without a registered entry,
/// or are territories whose banks mostly write the mainland's code.
const MORE_COUNTRIES: [(&str, &str); 26] = [
    ("AO", "21n"),
    ("AX", "14n"),
    ("BF", "23n"),
    ("BL", "10n11c2n"),
    ("CF", "23n"),
    ("CG", "23n"),
    ("CI", "1a23n"),
    ("CM", "23n"),
    ("CV", "21n"),
    ("DZ", "20n"),
    ("GQ", "23n"),
    ("GW", "2c19n"),
    ("HN", "4a20n"),
    ("IR", "22n"),
    ("MF", "10n11c2n"),
    ("MG", "23n"),
    ("ML", "1a23n"),
    ("MQ", "10n11c2n"),
    ("NC", "10n11c2n"),
    ("NE", "2a22n"),
    ("PK", "4a16c"),
    ("RE", "10n11c2n"),
    ("SN", "1a23n"),
    ("TD", "23n"),
    ("TF", "10n11c2n"),
    ("YT", "10n11c2n"),
];

/// Upper case without separators, check digits and national structure verified.
///
/// # Errors
/// `UnknownRegion` (no country, or one without IBAN), `BadChecksum`, `InvalidSyntax`, `WrongLength`,
/// `InvalidCharacter`.
pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = ascii::fold(text, trace)?.to_ascii_uppercase();
    let text = text.strip_prefix("IBAN").map_or(text.as_str(), |rest| rest.trim_start_matches([':', ' ']));
    let text = ascii::strip(text, &[' ', '-', '.']);
    trace.note("upper case without spaces, hyphens, dots and the word IBAN", || text.clone());
    if let Some(position) = text.bytes().position(|byte| !byte.is_ascii_alphanumeric()) {
        return Err(Error::from(ErrorKind::InvalidCharacter).at(position as u64));
    }
    check(&text)?;
    Ok(text)
}

/// Whether the text is its own canonical form.
pub(super) fn is_canonical(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) && check(text).is_ok()
}

fn check(text: &str) -> Result<()> {
    if !(5..=34).contains(&text.len()) {
        return Err(Error::new(ErrorKind::WrongLength, "an IBAN has 5 to 34 characters"));
    }
    let (country, rest) = text.split_at(2);
    if !country.bytes().all(|byte| byte.is_ascii_uppercase()) || !rest.bytes().take(2).all(|byte| byte.is_ascii_digit())
    {
        return Err(Error::new(ErrorKind::InvalidSyntax, "an IBAN begins with two letters and two check digits"));
    }
    if !country::is_known(country) {
        return Err(ErrorKind::UnknownRegion.into());
    }
    let base: BaseIban = text.parse().map_err(|error| match error {
        ParseBaseIbanError::InvalidChecksum => ErrorKind::BadChecksum,
        ParseBaseIbanError::InvalidFormat => ErrorKind::InvalidSyntax,
    })?;
    match Iban::try_from(base) {
        Ok(_) => Ok(()),
        Err(ParseIbanError::UnknownCountry(_)) => match MORE_COUNTRIES.iter().find(|(code, _)| *code == country) {
            Some((_, structure)) if fits(base.bban_unchecked(), structure) => Ok(()),
            Some(_) => Err(wrong_structure()),
            None => Err(Error::new(ErrorKind::UnknownRegion, "the country has no IBAN")),
        },
        Err(_) => Err(wrong_structure()),
    }
}

fn wrong_structure() -> Error {
    Error::new(ErrorKind::InvalidSyntax, "the account number does not have its country's structure")
}

/// Whether `bban` has exactly the classes of characters that `structure` counts.
fn fits(bban: &str, structure: &str) -> bool {
    let mut rest = bban.as_bytes();
    let mut count = 0_usize;
    for c in structure.bytes() {
        let class: fn(&u8) -> bool = match c {
            b'0'..=b'9' => {
                count = count * 10 + usize::from(c - b'0');
                continue;
            }
            b'n' => u8::is_ascii_digit,
            b'a' => u8::is_ascii_uppercase,
            _ => u8::is_ascii_alphanumeric,
        };
        match rest.split_at_checked(std::mem::take(&mut count)) {
            Some((part, after)) if part.iter().all(class) => rest = after,
            _ => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String> {
        canonical(text, &ParseOptions::default(), &mut Trace::off())
    }

    #[test]
    fn the_printed_and_the_electronic_form_are_one() {
        for text in ["DE89 3704 0044 0532 0130 00", "de89370400440532013000", "IBAN: DE89-3704-0044-0532-0130-00"] {
            assert_eq!(parse(text).unwrap(), "DE89370400440532013000");
        }
    }

    #[test]
    fn countries_that_the_crate_lacks_are_checked_too() {
        assert_eq!(parse("PK36 SCBL 0000 0011 2345 6702").unwrap(), "PK36SCBL0000001123456702");
        assert_eq!(parse("PK36SCBL000000112345670").unwrap_err().kind(), ErrorKind::BadChecksum);
    }

    #[test]
    fn each_fault_has_its_own_kind() {
        for (text, kind) in [
            ("DE88370400440532013000", ErrorKind::BadChecksum),
            ("ZZ88370400440532013000", ErrorKind::UnknownRegion),
            ("DE8937040044053201300000000000000000", ErrorKind::WrongLength),
            ("D", ErrorKind::WrongLength),
            ("12DE370400440532013000", ErrorKind::InvalidSyntax),
            ("DE89_37040044", ErrorKind::InvalidCharacter),
        ] {
            assert_eq!(parse(text).unwrap_err().kind(), kind, "{text}");
        }
    }

    #[test]
    fn a_valid_checksum_in_a_country_without_iban_is_refused() {
        assert_eq!(parse("SG84DBSS0012345678").unwrap_err().kind(), ErrorKind::UnknownRegion);
    }
}
