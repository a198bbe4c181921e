//! Cleaning that is the same for every kind (`docs/canonical.md` §2): what a copied value drags along.

use std::borrow::Cow;

use super::trace::Trace;

/// Strips byte-order marks, zero-width and bidirectional controls anywhere, and white space at both ends.
pub(super) fn clean<'a>(raw: &'a str, trace: &mut Trace) -> Cow<'a, str> {
    let text: Cow<'a, str> = if raw.chars().any(is_invisible) {
        Cow::Owned(raw.chars().filter(|&c| !is_invisible(c)).collect())
    } else {
        Cow::Borrowed(raw)
    };
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    trace.note("strip invisible characters and surrounding white space", || text.clone().into_owned());
    text
}

/// Zero-width and bidirectional format characters, and the byte-order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{061C}' | '\u{00AD}')
}
