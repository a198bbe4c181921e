//! Whom a reader trusts.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use bisik::{Card, TrustStore};

use crate::abi::boundary::{enter, needed, release};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::memory::text;

/// The publishers that a reader trusts. Set it up in one thread; after that many may read it.
pub struct bisik_trust(pub(crate) TrustStore);

/// A store that trusts nobody.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_trust_new() -> Box<bisik_trust> {
    Box::new(bisik_trust(TrustStore::new()))
}

/// Trusts a publisher's card for every feed of that publisher.
///
/// `BISIK_ALREADY_EXISTS` if another card of the same publisher is in the store.
///
/// # Safety
/// `card` points to `card_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_trust_add_card(
    trust: Option<&mut bisik_trust>,
    card: *const c_char,
    card_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        let card = Card::parse(unsafe { text(card, card_len) }?)?;
        needed(trust)?.0.add_card(&card)
    })
}

/// Trusts a publisher's card for one feed alone.
///
/// # Safety
/// `card` points to `card_len` bytes and `feed` to `feed_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_trust_add_card_for(
    trust: Option<&mut bisik_trust>,
    card: *const c_char,
    card_len: usize,
    feed: *const c_char,
    feed_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        let card = Card::parse(unsafe { text(card, card_len) }?)?;
        // SAFETY: the caller's promise.
        let feed = unsafe { text(feed, feed_len) }?;
        needed(trust)?.0.add_card_for(&card, &[feed])
    })
}

/// Frees a trust store. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_trust_free(trust: Option<Box<bisik_trust>>) {
    release(trust);
}
