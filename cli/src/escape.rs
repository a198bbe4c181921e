//! Text from others, made harmless for terminals and spreadsheets.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` for a terminal: control, bidirectional and invisible characters become `\u{…}`.
pub(crate) fn terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_dangerous(c) {
            // Writing to a String cannot fail.
            _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// `text` for a CSV cell: one that a spreadsheet would take for a formula begins with an apostrophe.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    match text.as_bytes() {
        // Standard input's name; alone it is no formula.
        b"-" => Cow::Borrowed(text),
        [b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r', ..] => Cow::Owned(format!("'{text}")),
        _ => Cow::Borrowed(text),
    }
}

fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_direction_changes_are_shown_not_obeyed() {
        assert_eq!(terminal("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(terminal("gnp.\u{202e}exe"), "gnp.\\u{202e}exe");
        assert!(matches!(terminal("ngân hàng"), Cow::Borrowed(_)));
    }

    #[test]
    fn cells_that_would_be_formulas_become_text() {
        for text in ["=1+1", "+65", "-2", "@a", "\t=1", "\r=1"] {
            assert!(cell(text).starts_with('\''));
        }
        assert_eq!(cell("a=1"), "a=1");
        assert_eq!(cell(""), "");
        assert_eq!(cell("-"), "-");
    }
}
