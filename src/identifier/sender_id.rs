//! Senders of short messages that are no telephone numbers: alphanumeric names (3GPP TS 23.040 §9.1.2.5) and short
//! codes of a country (`docs/canonical.md`, sender-id).

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii, country};

/// Characters that fit the address field of a message.
const MAX_NAME: usize = 11;
/// Digits of a short code.
const SHORT_CODE: std::ops::RangeInclusive<usize> = 3..=6;

/// A name in upper case, or `CC:digits` for a short code, whose country is written before it or in `options`.
///
/// # Errors
/// `MissingRegion`, `UnknownRegion`, `TooLong`, `InvalidCharacter`, `InvalidSyntax` (a telephone number).
pub(super) fn canonical(text: &str, options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = ascii::fold(text, trace)?.to_ascii_uppercase();
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    trace.note("upper case, single spaces", || text.clone());
    if let Some((region, code)) = text.split_once(':') {
        return short_code(region, code);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let region = options.region.as_deref().or(options.country.as_deref());
        return short_code(region.ok_or(ErrorKind::MissingRegion)?, &text);
    }
    if !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(Error::new(
            ErrorKind::InvalidSyntax,
            "a sender without letters: a telephone number is of kind phone",
        ));
    }
    if let Some(position) = text.bytes().position(|byte| !is_basic(byte)) {
        return Err(Error::new(ErrorKind::InvalidCharacter, "not in the GSM alphabet").at(position as u64));
    }
    if text.len() > MAX_NAME {
        return Err(
            Error::new(ErrorKind::TooLong, "an alphanumeric sender has at most 11 characters").at(MAX_NAME as u64)
        );
    }
    Ok(text)
}

/// Whether the text is its own canonical form.
pub(super) fn is_canonical(text: &str) -> bool {
    match text.split_once(':') {
        Some((region, code)) => country::is_known(region) && SHORT_CODE.contains(&code.len()) && ascii::is_digits(code),
        None => {
            (1..=MAX_NAME).contains(&text.len())
                && text.bytes().all(|byte| is_basic(byte) && !byte.is_ascii_lowercase())
                && text.bytes().any(|byte| byte.is_ascii_uppercase())
                && !text.contains("  ")
                && text.trim_ascii() == text
        }
    }
}

fn short_code(region: &str, code: &str) -> Result<String> {
    let region = country::parse(region)?;
    let code = code.trim();
    if let Some(position) = code.bytes().position(|byte| !byte.is_ascii_digit()) {
        return Err(Error::from(ErrorKind::InvalidCharacter).at(position as u64));
    }
    if SHORT_CODE.contains(&code.len()) {
        Ok(format!("{region}:{code}"))
    } else {
        Err(Error::new(ErrorKind::InvalidSyntax, "a short code has 3 to 6 digits; a telephone number is of kind phone"))
    }
}

/// ASCII in the default alphabet of GSM (3GPP TS 23.038 §6.2.1), which lacks some of its signs.
const fn is_basic(byte: u8) -> bool {
    matches!(byte, b' '..=b'Z' | b'_' | b'a'..=b'z')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, region: Option<&str>) -> Result<String> {
        let options = ParseOptions { region: region.map(str::to_owned), ..ParseOptions::default() };
        canonical(text, &options, &mut Trace::off())
    }

    #[test]
    fn names_are_upper_case_with_single_spaces() {
        assert_eq!(parse(" dbs  Bank ", None).unwrap(), "DBS BANK");
        assert_eq!(parse("ＳｉｎｇＰｏｓｔ", None).unwrap(), "SINGPOST");
    }

    #[test]
    fn short_codes_need_their_country() {
        assert_eq!(parse("74688", Some("SG")).unwrap(), "SG:74688");
        assert_eq!(parse("sg:74688", None).unwrap(), "SG:74688");
        assert_eq!(parse("74688", None).unwrap_err().kind(), ErrorKind::MissingRegion);
        assert_eq!(parse("74688", Some("QQ")).unwrap_err().kind(), ErrorKind::UnknownRegion);
    }

    #[test]
    fn telephone_numbers_and_lookalikes_are_refused() {
        for (text, kind) in [
            ("+6591234567", ErrorKind::InvalidSyntax),
            ("SG:91234567", ErrorKind::InvalidSyntax),
            ("DBS\u{412}ANK", ErrorKind::InvalidCharacter),
            ("DBS~BANK", ErrorKind::InvalidCharacter),
            ("ABCDEFGHIJKL", ErrorKind::TooLong),
        ] {
            assert_eq!(parse(text, None).unwrap_err().kind(), kind, "{text}");
        }
    }

    /// 3GPP TS 23.038 §6.2.1: which of ASCII is in the default alphabet without its extension.
    #[test]
    fn every_ascii_character_of_a_name() {
        for byte in b'!'..=b'~' {
            let text = format!("A{}B", char::from(byte));
            let found = parse(&text, None).map_err(|error| (error.kind(), error.position()));
            let expected = match byte {
                b'[' | b'\\' | b']' | b'^' | b'`' | b'{' | b'|' | b'}' | b'~' => {
                    Err((ErrorKind::InvalidCharacter, Some(1)))
                }
                b':' => Err((ErrorKind::UnknownRegion, None)),
                _ => Ok(text.to_ascii_uppercase()),
            };
            assert_eq!(found, expected, "{text}");
            assert_eq!(is_canonical(&text), expected.as_deref() == Ok(text.as_str()), "{text}");
        }
    }

    #[test]
    fn lengths_of_names_and_codes() {
        for (text, expected) in [
            ("A", Ok("A")),
            ("ABCDEFGHIJK", Ok("ABCDEFGHIJK")),
            ("ABCDEFGHIJKL", Err(ErrorKind::TooLong)),
            ("12345678 9A", Ok("12345678 9A")),
            ("SG:12", Err(ErrorKind::InvalidSyntax)),
            ("SG:123", Ok("SG:123")),
            ("SG:123456", Ok("SG:123456")),
            ("SG:1234567", Err(ErrorKind::InvalidSyntax)),
            ("SG:12A4", Err(ErrorKind::InvalidCharacter)),
            ("SG:123:4", Err(ErrorKind::InvalidCharacter)),
            ("S:1234", Err(ErrorKind::UnknownRegion)),
            ("1-2", Err(ErrorKind::InvalidSyntax)),
        ] {
            assert_eq!(parse(text, None).as_deref().map_err(|error| error.kind()), expected, "{text}");
            assert_eq!(is_canonical(text), expected == Ok(text), "{text}");
        }
        for text in ["A  B", " A", "A ", "a", "A\tB", "", "sg:1234", "1234"] {
            assert!(!is_canonical(text), "{text:?}");
        }
        let options = ParseOptions { country: Some("MY".into()), ..ParseOptions::default() };
        assert_eq!(canonical("1234", &options, &mut Trace::off()).unwrap(), "MY:1234");
        let options = ParseOptions { region: Some("SG".into()), ..options };
        assert_eq!(canonical("1234", &options, &mut Trace::off()).unwrap(), "SG:1234");
    }
}
