//! Long values of one piece repeated, which slow parsers down: shared by the test that counts memory and the program that
//! `cargo xtask linear` counts instructions of.

use bisik::ParseOptions;

/// The longest raw value that is looked at (`docs/canonical.md` §2).
#[allow(dead_code, reason = "one of the two needs it")]
pub(crate) const LONGEST: usize = 8_192;

const HEADS: [&str; 12] = [
    "",
    "http://a.com/",
    "http://a.com/?",
    "http://",
    "+",
    "a@",
    "hxxp://a[.]com/",
    "000201",
    "telegram:",
    "SG:DBSSSGSG:",
    "paynow:uen:",
    "bitcoin:",
];

const PIECES: [&str; 26] = [
    "%25", "a.", "/..", "[.]", "(", "+", "9", "0", "ü", "\u{200D}", "ß.", "@", "?", "xn--", "%", "1.", ":", "x1", " ",
    "-", "a", "A", "{dot}", "//", "\u{0300}", "ext 1",
];

/// What admits most.
pub(crate) fn options() -> ParseOptions {
    let mut options = ParseOptions::default();
    options.region = Some("SG".to_owned());
    options.bank = Some("OCBCSGSG".to_owned());
    options.country = Some("SG".to_owned());
    options.allow_unassigned = true;
    options
}

/// Calls `each` with values of at most `length` bytes, and not many fewer.
pub(crate) fn each(length: usize, mut each: impl FnMut(&str)) {
    for head in HEADS {
        for piece in PIECES {
            let count = length.saturating_sub(head.len()) / piece.len();
            each(&format!("{head}{}", piece.repeat(count)));
        }
    }
}
