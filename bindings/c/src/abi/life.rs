//! Trust that changes, and what was seen before: a reader's own files (`docs/life.md`).

use std::ffi::c_char;
use std::mem::MaybeUninit;

use bisik::{History, TrustStore};

use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::feed::bisik_feed;
use crate::abi::memory::{slice, text};
use crate::abi::trust::bisik_trust;

/// The newest version that was seen of each feed. Used by one thread at a time.
pub struct bisik_history(History);

/// Reads the text of a trust store, as `bisik trust` writes it: publishers, which feeds their keys may sign, what may be in those, what
/// their word weighs, roots and revocations.
///
/// # Safety
/// `content` points to `content_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_trust_parse(
    content: *const c_char,
    content_len: usize,
    out: Option<&mut MaybeUninit<*mut bisik_trust>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        put(out, bisik_trust(TrustStore::parse(unsafe { text(content, content_len) }?)?));
        Ok(())
    })
}

/// A trust store as text.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_trust_text(
    trust: Option<&bisik_trust>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (trust, out) = (needed(trust)?, needed(out)?);
        put(out, bisik_buffer::copy(trust.0.to_text().as_bytes()));
        Ok(())
    })
}

/// Takes in a rotation or revocation that a publisher's roots signed. The store is unchanged on failure; on success its text changes.
///
/// `BISIK_THRESHOLD_NOT_MET`, `BISIK_ROLLBACK` if its number does not rise, `BISIK_NOT_CONFIRMED` if the store knows no roots of the publisher.
///
/// # Safety
/// `statement` points to `statement_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_trust_update(
    trust: Option<&mut bisik_trust>,
    statement: *const u8,
    statement_len: usize,
    now: u64,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let trust = needed(trust)?;
        // SAFETY: the caller's promise.
        let statement = unsafe { slice(statement, statement_len) }?;
        trust.0.update(statement, boundary::time(now)?).map(drop)
    })
}

/// Nothing was seen yet.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_history_new() -> Box<bisik_history> {
    Box::new(bisik_history(History::new()))
}

/// Reads the text of a history.
///
/// # Safety
/// `content` points to `content_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_history_parse(
    content: *const c_char,
    content_len: usize,
    out: Option<&mut MaybeUninit<*mut bisik_history>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        put(out, bisik_history(History::parse(unsafe { text(content, content_len) }?)?));
        Ok(())
    })
}

/// The history as text: where `changed` was true, it must be on the disk before the feed is used.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_history_text(
    history: Option<&bisik_history>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (history, out) = (needed(history)?, needed(out)?);
        put(out, bisik_buffer::copy(history.0.to_text().as_bytes()));
        Ok(())
    })
}

/// Compares a verified feed with what was seen before, and remembers it. `changed` may be NULL.
///
/// `BISIK_ROLLBACK` for an older version, `BISIK_EQUIVOCATION` for another feed of the same version, `BISIK_CLOCK_WENT_BACK`; the history is
/// then unchanged.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_history_observe(
    history: Option<&mut bisik_history>,
    feed: Option<&bisik_feed>,
    now: u64,
    changed: Option<&mut MaybeUninit<bool>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (history, feed) = (needed(history)?, needed(feed)?);
        let news = history.0.observe(&feed.0, boundary::time(now)?)?;
        changed.map(|changed| changed.write(news));
        Ok(())
    })
}

/// Frees a history. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_history_free(history: Option<Box<bisik_history>>) {
    release(history);
}
