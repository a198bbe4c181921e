//! A matcher that is replaced while other threads use it.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Arc, PoisonError, RwLock};

use bisik::Matcher;

use crate::abi::boundary::{enter, needed, put, release};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::kind::bisik_kind;
use crate::abi::matcher::{self, bisik_matcher};
use crate::abi::memory::{slice_mut, text};
use crate::abi::options::bisik_parse_options;
use crate::abi::report::bisik_hit;

/// A place that holds the matcher in use. Any number of threads may read and replace it.
pub struct bisik_live(RwLock<Arc<Matcher>>);

impl bisik_live {
    /// The matcher in use. The lock is held for the count of one reference only.
    fn get(&self) -> Arc<Matcher> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A place that holds a matcher, which it shares: the matcher's handle can be freed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_live_new(
    matcher: Option<&bisik_matcher>,
    out: Option<&mut MaybeUninit<*mut bisik_live>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, out) = (needed(matcher)?, needed(out)?);
        put(out, bisik_live(RwLock::new(Arc::clone(&matcher.0))));
        Ok(())
    })
}

/// Replaces the matcher. Calls under way end with the old one, which is freed when the last of them has.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_live_set(
    live: Option<&bisik_live>,
    matcher: Option<&bisik_matcher>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (live, matcher) = (needed(live)?, needed(matcher)?);
        let mut new = Arc::clone(&matcher.0);
        std::mem::swap(&mut *live.0.write().unwrap_or_else(PoisonError::into_inner), &mut new);
        // The old matcher, if nobody else has it, is freed here, after the lock.
        drop(new);
        Ok(())
    })
}

/// A new handle of the matcher in use, to be freed: what a batch works with from its beginning to its end.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_live_get(
    live: Option<&bisik_live>,
    out: Option<&mut MaybeUninit<*mut bisik_matcher>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (live, out) = (needed(live)?, needed(out)?);
        put(out, bisik_matcher(live.get()));
        Ok(())
    })
}

/// `bisik_matcher_check` with the matcher in use.
///
/// # Safety
/// `value` points to `value_len` bytes, `hits` to `hits_len` places.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_live_check(
    live: Option<&bisik_live>,
    kind: bisik_kind,
    value: *const c_char,
    value_len: usize,
    options: Option<&bisik_parse_options>,
    now: u64,
    hits: *mut bisik_hit,
    hits_len: usize,
    hits_count: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        let value = unsafe { text(value, value_len) }?;
        // SAFETY: the caller's promise.
        let hits = unsafe { slice_mut(hits, hits_len) }?;
        matcher::check(&needed(live)?.get(), (kind, value), options, now, hits, needed(hits_count)?)
    })
}

/// Frees the place. Matchers got from it live on. No other thread may use it any more. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_live_free(live: Option<Box<bisik_live>>) {
    release(live);
}
