//! Folding for the kinds that are plain ASCII (`docs/canonical.md` §2): full-width forms, dashes, national digits.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;

/// The zeros of the decimal digits that are read as 0 to 9: Arabic, Eastern Arabic, Thai, Lao, Myanmar, Khmer.
const NATIONAL_ZEROS: [char; 6] = ['\u{0660}', '\u{06F0}', '\u{0E50}', '\u{0ED0}', '\u{1040}', '\u{17E0}'];

/// Folds to ASCII: NFKC character by character, dashes to `-`, national digits to 0 to 9.
///
/// # Errors
/// `InvalidCharacter` at the first character that has no ASCII form, and for ASCII controls.
pub(super) fn fold<'a>(text: &'a str, trace: &mut Trace) -> Result<Cow<'a, str>> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(Cow::Borrowed(text));
    }
    let mut folded = String::with_capacity(text.len());
    for (position, c) in text.char_indices() {
        let start = folded.len();
        match c {
            '\t' => folded.push(' '),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => folded.push('-'),
            _ => match national_digit(c) {
                Some(digit) => folded.push(digit),
                None => folded.extend(std::iter::once(c).nfkc()),
            },
        }
        if !folded.bytes().skip(start).all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Error::from(ErrorKind::InvalidCharacter).at(position as u64));
        }
    }
    let trimmed = folded.trim().to_owned();
    trace.note("fold compatibility forms (NFKC), dashes and national digits to ASCII", || trimmed.clone());
    if trimmed.is_empty() { Err(ErrorKind::Empty.into()) } else { Ok(Cow::Owned(trimmed)) }
}

/// Removes every one of `separators`.
pub(super) fn strip(text: &str, separators: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    out.extend(text.chars().filter(|c| !separators.contains(c)));
    out
}

/// Whether the text is of decimal digits alone.
pub(super) fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The digits of `text` after spaces, hyphens and dots are removed.
///
/// # Errors
/// `InvalidCharacter` at the first other character.
pub(super) fn digits(text: &str, trace: &mut Trace) -> Result<String> {
    if let Some(position) = text.bytes().position(|byte| !byte.is_ascii_digit() && !matches!(byte, b' ' | b'-' | b'.'))
    {
        return Err(Error::new(ErrorKind::InvalidCharacter, "only digits can stand here").at(position as u64));
    }
    let digits = strip(text, &[' ', '-', '.']);
    trace.note("remove spaces, hyphens and dots", || digits.clone());
    Ok(digits)
}

/// Whether the last digit is the check digit of the others (ISO/IEC 7812-1 annex B, "Luhn").
pub(super) fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            match index % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn national_digit(c: char) -> Option<char> {
    NATIONAL_ZEROS.iter().find_map(|&zero| {
        let value = (c as u32).checked_sub(zero as u32)?;
        if value > 9 { None } else { char::from_digit(value, 10) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_thai_and_dashes_become_ascii() {
        let mut trace = Trace::off();
        assert_eq!(fold("０１２–Ａ\u{3000}๙", &mut trace).unwrap(), "012-A 9");
    }

    #[test]
    fn a_letter_without_ascii_form_is_refused_at_its_byte() {
        let error = fold("ab\u{430}c", &mut Trace::off()).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::InvalidCharacter, Some(2)));
    }

    #[test]
    fn a_combining_mark_is_refused_rather_than_dropped() {
        assert!(fold("e\u{301}", &mut Trace::off()).is_err());
    }

    #[test]
    fn luhn_sees_a_changed_digit() {
        assert!(luhn("79927398713"));
        assert!(!luhn("79927398710"));
    }

    #[test]
    fn every_national_digit_dash_and_bound_of_ascii() {
        for zero in ['\u{660}', '\u{6F0}', '\u{E50}', '\u{ED0}', '\u{1040}', '\u{17E0}'] {
            let code = u32::from(zero);
            let digits: String = (code..code + 10).filter_map(char::from_u32).collect();
            assert_eq!(fold(&digits, &mut Trace::off()).unwrap(), "0123456789");
            for beside in [code - 1, code + 10].into_iter().filter_map(char::from_u32) {
                assert!(fold(&beside.to_string(), &mut Trace::off()).is_err(), "U+{:04X}", u32::from(beside));
            }
        }
        let dashes = ('\u{2010}'..='\u{2015}').chain(['\u{2212}']);
        for dash in dashes {
            assert_eq!(fold(&format!("1{dash}2"), &mut Trace::off()).unwrap(), "1-2", "U+{:04X}", u32::from(dash));
        }
        for (text, expected) in [
            (" !~", Some(" !~")),
            ("é", None),
            ("\u{1F}", None),
            ("1\u{7F}", None),
            ("１\u{7F}", None),
            ("１~\t2 \t", Some("1~ 2")),
        ] {
            assert_eq!(fold(text, &mut Trace::off()).ok().as_deref(), expected, "{text:?}");
        }
        assert_eq!(fold("\t", &mut Trace::off()).unwrap_err().kind(), ErrorKind::Empty);
    }

    #[test]
    fn separators_go_and_other_characters_are_named_by_their_place() {
        assert_eq!(digits("1 2-3.4", &mut Trace::off()).unwrap(), "1234");
        for text in ["12/3", "12a3", "12:3", "12,3"] {
            let error = digits(text, &mut Trace::off()).unwrap_err();
            assert_eq!((error.kind(), error.position()), (ErrorKind::InvalidCharacter, Some(2)), "{text}");
        }
        assert!(is_digits("0123456789") && !is_digits("12a") && !is_digits("/") && !is_digits(":"));
    }

    #[test]
    fn luhn_doubles_every_second_digit_from_the_right() {
        // ISO/IEC 7812-1 annex B: the digit at the second place counts 0 2 4 6 8 1 3 5 7 9.
        for (digit, counts) in [0, 2, 4, 6, 8, 1, 3, 5, 7, 9].into_iter().enumerate() {
            for check in 0..10 {
                assert_eq!(luhn(&format!("{digit}{check}")), (counts + check) % 10 == 0, "{digit}{check}");
                assert_eq!(luhn(&format!("1{digit}{check}")), (1 + counts + check) % 10 == 0, "1{digit}{check}");
            }
        }
    }
}
