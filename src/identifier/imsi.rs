//! Mobile subscriber identities: 15 digits, ITU-T E.212, 3GPP TS 23.003 §2.2 (`docs/canonical.md`, imsi).

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii};

const DIGITS: usize = 15;

/// The 15 digits, with a mobile country code that E.212 gives to a zone.
///
/// # Errors
/// `WrongLength`, `NotValid` (no such country code), `InvalidCharacter`.
pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let digits = ascii::digits(&ascii::fold(text, trace)?, trace)?;
    check(&digits)?;
    Ok(digits)
}

/// Whether the text is its own canonical form.
pub(super) fn is_canonical(text: &str) -> bool {
    ascii::is_digits(text) && check(text).is_ok()
}

fn check(digits: &str) -> Result<()> {
    if digits.len() != DIGITS {
        return Err(Error::new(ErrorKind::WrongLength, "an IMSI has 15 digits"));
    }
    // zones 2 to 7 by continent; 9 holds the shared codes 901 and 902
    match digits.get(..3).unwrap_or_default() {
        "901" | "902" => Ok(()),
        country if ("200".."800").contains(&country) => Ok(()),
        "001" => Err(Error::new(ErrorKind::NotValid, "the country code of test networks")),
        _ => Err(Error::new(ErrorKind::NotValid, "no country has this mobile country code")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String> {
        canonical(text, &ParseOptions::default(), &mut Trace::off())
    }

    #[test]
    fn a_subscriber_of_singapore_is_read() {
        assert_eq!(parse("525-01-1234567890").unwrap(), "525011234567890");
        assert_eq!(parse("901700000000001").unwrap(), "901700000000001");
    }

    #[test]
    fn impossible_countries_and_lengths_are_refused() {
        for (text, kind) in [
            ("001010123456789", ErrorKind::NotValid),
            ("100011234567890", ErrorKind::NotValid),
            ("800011234567890", ErrorKind::NotValid),
            ("52501123456789", ErrorKind::WrongLength),
            ("52501123456789X", ErrorKind::InvalidCharacter),
        ] {
            assert_eq!(parse(text).unwrap_err().kind(), kind, "{text}");
        }
    }

    /// ITU-T E.212: zones 2 to 7, and the shared codes 901 and 902.
    #[test]
    fn every_mobile_country_code() {
        for code in 0..1_000 {
            let text = format!("{code:03}011234567890");
            let taken = (200..800).contains(&code) || code == 901 || code == 902;
            let expected = if taken { Ok(text.clone()) } else { Err(ErrorKind::NotValid) };
            assert_eq!(parse(&text).map_err(|error| error.kind()), expected, "{text}");
            assert_eq!(is_canonical(&text), taken, "{text}");
        }
        for text in ["52501123456789", "5250112345678901", "52501123456789X", "525-01-1234567890", ""] {
            assert!(!is_canonical(text), "{text}");
        }
    }
}
