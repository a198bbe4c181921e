//! Linked keys: what else an identifier stands for (`docs/canonical.md`, linked keys).

use crate::identifier::kind::Kind;
use crate::identifier::{handle, proxy};

/// What a canonical value also stands for, in a fixed order; the values are to be parsed as their kind.
pub(crate) fn of_canonical(kind: Kind, canonical: &str) -> Vec<(Kind, String)> {
    match kind {
        Kind::Proxy => proxy::linked(canonical),
        _ => Vec::new(),
    }
}

/// What a raw value stands for where its own kind has no canonical form for it: the telephone number of a WhatsApp
/// link, given as a handle or a URL, and the account that a URL leads to.
pub(crate) fn of_raw(kind: Kind, raw: &str) -> Vec<(Kind, String)> {
    match kind {
        Kind::Handle | Kind::Url => handle::phone(raw.trim()).map(|phone| (Kind::Phone, phone)).into_iter().collect(),
        _ => Vec::new(),
    }
}
