//! Cleaning that several kinds share (`docs/canonical.md` §2): what a copied value drags along, and defanging.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use crate::identifier::kind::Kind;
use crate::identifier::trace::Trace;

/// Strips byte-order marks, zero-width and bidirectional controls anywhere, and white space at both ends.
///
/// In the kinds that hold host names, U+200C and U+200D stay between two non-ASCII characters, where IDNA gives
/// them a meaning (RFC 5892 appendix A.1, A.2).
pub(super) fn clean<'a>(kind: Kind, raw: &'a str, trace: &mut Trace) -> Cow<'a, str> {
    let text = if raw.is_ascii() {
        Cow::Borrowed(raw.trim())
    } else {
        let joiners = matches!(kind, Kind::Domain | Kind::Url | Kind::Email | Kind::Mailbox);
        Cow::Owned(strip_invisible(raw, joiners).trim().to_owned())
    };
    trace.note("strip invisible characters and surrounding white space", || text.clone().into_owned());
    text
}

fn strip_invisible(raw: &str, joiners: bool) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut characters = raw.chars().peekable();
    while let Some(c) = characters.next() {
        let joins = joiners
            && matches!(c, '\u{200C}' | '\u{200D}')
            && out.chars().next_back().is_some_and(|before| !before.is_ascii())
            && characters.peek().is_some_and(|after| !after.is_ascii());
        if joins || !is_invisible(c) {
            out.push(c);
        }
    }
    out
}

/// Zero-width and bidirectional format characters, the soft hyphen and the byte-order mark.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{061C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FEFF}'
    )
}

/// Unicode NFKC, for the kinds whose canonical form is ASCII: full-width digits and their like.
pub(super) fn nfkc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfkc().collect())
    }
}

/// Undoes defanging: `[.]`, `(dot)`, `[at]`, `[:]` and their like, in any of the brackets `[] () {}` and any case,
/// with the spaces around them.
pub(super) fn refang(text: &str) -> Cow<'_, str> {
    if !text.contains(['[', '(', '{']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['[', '(', '{']) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        if let Some((plain, length)) = defanged(from) {
            out.truncate(out.trim_end_matches(' ').len());
            out.push_str(plain);
            rest = from.get(length..).unwrap_or_default().trim_start_matches(' ');
        } else {
            out.push_str(from.get(..1).unwrap_or_default());
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The plain text for the defanged one at the beginning, and the length of the latter.
fn defanged(text: &str) -> Option<(&'static str, usize)> {
    let close = match text.as_bytes().first()? {
        b'[' => ']',
        b'(' => ')',
        _ => '}',
    };
    // The longest word is "dot"; six bytes hold any of them with both brackets.
    let end = text.bytes().take(6).position(|byte| byte == close as u8)?;
    let word = text.get(1..end)?;
    let plain = match word {
        "." => ".",
        ":" => ":",
        "@" => "@",
        "://" => "://",
        _ if word.eq_ignore_ascii_case("dot") => ".",
        _ if word.eq_ignore_ascii_case("at") => "@",
        _ => return None,
    };
    Some((plain, end + 1))
}

/// The text after `prefix`, compared without regard to ASCII case.
pub(super) fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    if head.eq_ignore_ascii_case(prefix) { text.get(prefix.len()..) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_go_and_joiners_stay_only_inside_scripts() {
        let mut trace = Trace::off();
        assert_eq!(clean(Kind::Phone, "\u{FEFF} +65\u{200B}9\u{202C} ", &mut trace), "+659");
        assert_eq!(clean(Kind::Domain, "exa\u{200D}mple.com", &mut trace), "example.com");
        assert_eq!(clean(Kind::Domain, "නෙත්\u{200D}ර.com", &mut trace), "නෙත්\u{200D}ර.com");
        assert_eq!(clean(Kind::Handle, "නෙත්\u{200D}ර", &mut trace), "නෙත්ර");
    }

    #[test]
    fn every_way_of_defanging_is_undone() {
        for text in ["a[.]b", "a(.)b", "a{.}b", "a[dot]b", "a(DOT)b", "a [dot] b", "a{Dot}b"] {
            assert_eq!(refang(text), "a.b", "{text}");
        }
        assert_eq!(refang("x[at]y[.]z"), "x@y.z");
        assert_eq!(refang("hxxp[:]//a"), "hxxp://a");
        assert_eq!(refang("http[://]a"), "http://a");
    }

    #[test]
    fn other_brackets_stay() {
        for text in ["[::1]", "(0)12", "a[b]c", "[", "(", "[.", "[..]", "f(x).y"] {
            assert_eq!(refang(text), text);
        }
    }

    /// `docs/canonical.md` §2, step 2.
    #[test]
    fn the_invisible_characters_are_those_of_the_table() {
        let ranges = [
            (0xAD, 0xAD),
            (0x61C, 0x61C),
            (0x200B, 0x200F),
            (0x202A, 0x202E),
            (0x2060, 0x2064),
            (0x2066, 0x2069),
            (0xFEFF, 0xFEFF),
        ];
        for c in '\0'..='\u{FFFF}' {
            let code = u32::from(c);
            let invisible = ranges.iter().any(|&(first, last)| (first..=last).contains(&code));
            assert_eq!(is_invisible(c), invisible, "U+{code:04X}");
        }
    }

    #[test]
    fn joiners_stay_between_two_characters_of_a_script_in_names_alone() {
        for kind in [Kind::Domain, Kind::Url, Kind::Email, Kind::Mailbox, Kind::Phone, Kind::SenderId] {
            let named = !matches!(kind, Kind::Phone | Kind::SenderId);
            for joiner in ['\u{200C}', '\u{200D}'] {
                for (before, after, stays) in
                    [("é", "é", true), ("a", "é", false), ("é", "a", false), ("", "é", false), ("é", "", false)]
                {
                    let text = format!("{before}{joiner}{after}");
                    let expected = if stays && named { text.clone() } else { format!("{before}{after}") };
                    assert_eq!(clean(kind, &text, &mut Trace::off()), expected, "{kind} {text:?}");
                }
            }
            assert_eq!(clean(kind, "é\u{200B}é", &mut Trace::off()), "éé");
        }
    }

    #[test]
    fn each_word_in_each_bracket() {
        for (open, close) in [('[', ']'), ('(', ')'), ('{', '}')] {
            for (word, plain) in [
                (".", "."),
                (":", ":"),
                ("@", "@"),
                ("://", "://"),
                ("dot", "."),
                ("DOT", "."),
                ("at", "@"),
                ("At", "@"),
            ] {
                assert_eq!(refang(&format!("a  {open}{word}{close}  b")), format!("a{plain}b"));
                assert_eq!(refang(&format!("{open}{word}{close}")), plain);
                assert_eq!(refang(&format!("é{open}{word}{close}é{open}{word}{close}")), format!("é{plain}é{plain}"));
            }
            for word in ["", " ", "dots", "do", "att", "/", ":/", "..", " . ", "é"] {
                let text = format!("a {open}{word}{close} b");
                assert_eq!(refang(&text), text);
            }
            let mixed = if close == ']' { "a[.)b" } else { "a(.]b" };
            assert_eq!(refang(mixed), mixed);
            assert_eq!(refang(&format!("{open}{open}.{close}{close}")), format!("{open}.{close}"));
        }
    }

    #[test]
    fn compatibility_forms_and_prefixes() {
        assert_eq!(nfkc("１２ａ"), "12a");
        assert_eq!(nfkc("e\u{301}"), "é");
        assert_eq!(nfkc("abc"), "abc");
        for (text, rest) in [("TEL:1", Some("1")), ("tel:", Some("")), ("tel", None), ("te1:1", None), ("té:1", None)]
        {
            assert_eq!(strip_prefix_ignore_case(text, "tel:"), rest, "{text}");
        }
    }
}
