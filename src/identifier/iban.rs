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
    // 98 less the remainder is 02 to 98. The crate refuses 00 and 01, which leave the remainders of 97 and 98; 99 leaves that of 02.
    if rest.starts_with("99") {
        return Err(ErrorKind::BadChecksum.into());
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

    /// The text with the check digits that ISO/IEC 7064 MOD 97-10 gives: 98 less the remainder.
    fn with_check(country: &str, bban: &str) -> String {
        let remainder = format!("{bban}{country}00").chars().fold(0, |remainder, c| {
            let value = c.to_digit(36).unwrap();
            (remainder * if value > 9 { 100 } else { 10 } + value) % 97
        });
        format!("{country}{:02}{bban}", 98 - remainder)
    }

    #[test]
    fn structures_beside_the_crates_are_kept_to_the_character() {
        for (country, structure) in MORE_COUNTRIES {
            let (mut bban, mut count, mut classes) = (String::new(), 0, Vec::new());
            for c in structure.chars() {
                match c.to_digit(10) {
                    Some(digit) => count = count * 10 + digit as usize,
                    None => {
                        classes.extend(std::iter::repeat_n(c, count));
                        bban.push_str(
                            &match c {
                                'n' => "1",
                                'a' => "Q",
                                _ => "Z",
                            }
                            .repeat(count),
                        );
                        count = 0;
                    }
                }
            }
            let text = with_check(country, &bban);
            assert_eq!(parse(&text).unwrap(), text);
            assert!(is_canonical(&text));
            for wrong in [format!("{bban}1"), bban[1..].to_owned()] {
                let wrong = with_check(country, &wrong);
                assert_eq!(parse(&wrong).unwrap_err().kind(), ErrorKind::InvalidSyntax, "{wrong}");
            }
            for (at, class) in classes.iter().enumerate() {
                for (c, fits) in [("7", *class != 'a'), ("K", *class != 'n')] {
                    let mut changed = bban.clone();
                    changed.replace_range(at..=at, c);
                    let text = with_check(country, &changed);
                    let expected = if fits { Ok(text.clone()) } else { Err(ErrorKind::InvalidSyntax) };
                    assert_eq!(parse(&text).map_err(|error| error.kind()), expected, "{text}");
                }
            }
        }
    }

    /// ISO 13616-1: check digits are 02 to 98. 00, 01 and 99 leave the same remainders as 97, 98 and 02.
    #[test]
    fn check_digits_are_those_that_the_standard_gives() {
        for (text, twin) in [
            ("DE97370400440000000060", "DE00370400440000000060"),
            ("DE98370400440000000042", "DE01370400440000000042"),
            ("DE02370400440000000024", "DE99370400440000000024"),
        ] {
            assert_eq!(parse(text).unwrap(), text);
            assert_eq!(parse(twin).unwrap_err().kind(), ErrorKind::BadChecksum, "{twin}");
            assert!(is_canonical(text) && !is_canonical(twin));
        }
    }

    #[test]
    fn bounds_of_length_and_form() {
        let long = with_check("DE", &"1".repeat(30));
        for (text, kind) in [
            ("DE89", ErrorKind::WrongLength),
            (&with_check("DE", "1"), ErrorKind::InvalidSyntax),
            (&long, ErrorKind::InvalidSyntax),
            (&format!("{long}1"), ErrorKind::WrongLength),
            ("D189370400440532013000", ErrorKind::InvalidSyntax),
            ("1E89370400440532013000", ErrorKind::InvalidSyntax),
            ("DEA9370400440532013000", ErrorKind::InvalidSyntax),
            ("DE8A370400440532013000", ErrorKind::InvalidSyntax),
            ("DE89370400440532013O00", ErrorKind::BadChecksum),
        ] {
            assert_eq!(parse(text).unwrap_err().kind(), kind, "{text}");
            assert!(!is_canonical(text), "{text}");
        }
        assert_eq!(long.len(), 34);
        assert!(is_canonical("DE89370400440532013000") && !is_canonical("de89370400440532013000"));
        assert!(!is_canonical("DE89 370400440532013000") && !is_canonical("IBANDE89370400440532013000"));
        assert_eq!(parse("DE89_3704").unwrap_err().position(), Some(4));
    }
}
