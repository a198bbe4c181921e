//! File hashes: `sha256:`, `sha1:` or `md5:` and lower-case hexadecimal digits (`docs/canonical.md`, hash).

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii};

/// Names, and the hexadecimal digits of their digests.
const ALGORITHMS: [(&str, usize); 3] = [("sha256", 64), ("sha1", 40), ("md5", 32)];

/// Reads bare digits, whose number tells the algorithm, or `name:digits` and `name=digits`.
///
/// # Errors
/// `UnsupportedScheme` (another algorithm), `WrongLength`, `InvalidCharacter`.
pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = ascii::fold(text, trace)?.to_ascii_lowercase();
    let (named, digits) = match text.split_once([':', '=']) {
        Some((name, digits)) => (Some(ascii::strip(name, &['-', ' ', '_'])), digits.trim()),
        None => (None, text.as_str()),
    };
    let length = match &named {
        Some(name) => match ALGORITHMS.iter().find(|(known, _)| known == name) {
            Some((_, length)) => Some(*length),
            None => return Err(Error::new(ErrorKind::UnsupportedScheme, "only sha256, sha1 and md5 are read")),
        },
        None => None,
    };
    if let Some(position) = digits.bytes().position(|byte| !byte.is_ascii_hexdigit()) {
        return Err(Error::from(ErrorKind::InvalidCharacter).at(position as u64));
    }
    match ALGORITHMS.iter().find(|(_, known)| *known == digits.len()) {
        Some((name, known)) if length.is_none_or(|length| length == *known) => Ok(format!("{name}:{digits}")),
        _ => Err(Error::new(ErrorKind::WrongLength, "64, 40 or 32 hexadecimal digits, as the algorithm says")),
    }
}

/// Whether the text is its own canonical form.
pub(super) fn is_canonical(text: &str) -> bool {
    ALGORITHMS.iter().any(|(name, length)| {
        text.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')).is_some_and(|digits| {
            digits.len() == *length && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String> {
        canonical(text, &ParseOptions::default(), &mut Trace::off())
    }

    /// Of the file without content.
    const EMPTY_FILE: [&str; 3] = [
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ];

    #[test]
    fn the_length_names_the_algorithm() {
        for text in EMPTY_FILE {
            let (_, digits) = text.split_once(':').unwrap();
            assert_eq!(parse(&digits.to_uppercase()).unwrap(), text);
            assert_eq!(parse(text).unwrap(), text);
        }
        assert_eq!(parse("SHA-1 = da39a3ee5e6b4b0d3255bfef95601890afd80709").unwrap(), EMPTY_FILE[1]);
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        assert_eq!(parse("md5:da39a3ee5e6b4b0d3255bfef95601890afd80709").unwrap_err().kind(), ErrorKind::WrongLength);
        assert_eq!(parse("sha512:00").unwrap_err().kind(), ErrorKind::UnsupportedScheme);
        assert_eq!(parse("g41d8cd98f00b204e9800998ecf8427e").unwrap_err().kind(), ErrorKind::InvalidCharacter);
    }

    #[test]
    fn a_digit_more_or_less_is_no_digest() {
        for (name, length) in [("md5", 32), ("sha1", 40), ("sha256", 64)] {
            let digits = "0123456789abcdef".repeat(5);
            for count in [length - 1, length, length + 1] {
                let text = format!("{name}:{}", &digits[..count]);
                let expected = if count == length { Ok(text.clone()) } else { Err(ErrorKind::WrongLength) };
                assert_eq!(parse(&text).map_err(|error| error.kind()), expected, "{text}");
                assert_eq!(parse(&digits[..count]).map_err(|error| error.kind()), expected, "{text}");
                assert_eq!(is_canonical(&text), count == length, "{text}");
            }
            let digits = &digits[..length];
            for text in [
                format!("{name}={digits}"),
                format!("{name}{digits}"),
                format!("{name}:{}", digits.to_uppercase()),
                format!("{name}:g{}", &digits[1..]),
                format!("{name}:/{}", &digits[1..]),
                format!("{name}:`{}", &digits[1..]),
                digits.to_owned(),
            ] {
                assert!(!is_canonical(&text), "{text}");
            }
            let error = parse(&format!("{name}:00g{}", &digits[3..])).unwrap_err();
            assert_eq!((error.kind(), error.position()), (ErrorKind::InvalidCharacter, Some(2)));
        }
        let digits = "0".repeat(64);
        for name in ["sha256", "SHA-256", "sha_256", "Sha 256 "] {
            assert_eq!(parse(&format!("{name}: {digits}")).unwrap(), format!("sha256:{digits}"), "{name}");
        }
        assert!(!is_canonical("") && !is_canonical("md5:"));
    }
}
