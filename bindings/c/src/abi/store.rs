//! Stores of feeds that `bisik pull` keeps current (`docs/store.md`).

use std::error::Error as _;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use ::bisik_store::{Opening, Store, StoreMatcher};
use bisik::Error;

use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::file;
use crate::abi::guard::{self, bisik_guard};
use crate::abi::keys::bisik_secrets;
use crate::abi::matcher::bisik_matcher;
use crate::abi::memory::slice;
use crate::abi::trust::bisik_trust;
use crate::standing;

/// A folder of feeds. Any number of threads may use it.
pub struct bisik_store(Store);

/// A matcher that is exchanged when its store changes. Any number of threads may use it.
pub struct bisik_store_matcher(StoreMatcher);

/// What the store refused, without the file's name.
fn refused(error: ::bisik_store::Error) -> Error {
    let inner = error.into_inner();
    if inner.source().is_some() { Error::from(inner.kind()) } else { inner }
}

/// Opens a store that `bisik pull --into` made. `BISIK_NOT_A_STORE`.
///
/// # Safety
/// `path` points to `path_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_store_open(
    path: *const c_char,
    path_len: usize,
    out: Option<&mut MaybeUninit<*mut bisik_store>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        let path = unsafe { slice(path.cast::<u8>(), path_len) }?;
        put(out, bisik_store(Store::open(file::path(path)?).map_err(refused)?));
        Ok(())
    })
}

/// The number of the store's last change: one small file is read.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_store_generation(
    store: Option<&bisik_store>,
    out: Option<&mut MaybeUninit<u64>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (store, out) = (needed(store)?, needed(out)?);
        out.write(store.0.generation().map_err(refused)?);
        Ok(())
    })
}

/// How every feed stands, as a JSON array: `feed`, `publisher`, `publisher_id`, `version`, `entries`, `bytes`, `issued`, `expires`, `sealed`,
/// `prepared` (`no`, `ready`, `unusable`: whether it opens without being read), `source`, `answered`, `problem`, `message`. It tells what was written down when each feed was verified; nothing is verified anew.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_store_status(
    store: Option<&bisik_store>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (store, out) = (needed(store)?, needed(out)?);
        let status = store.0.status(boundary::time(now)?).map_err(refused)?;
        put(out, bisik_buffer::copy(standing::json(&status).as_bytes()));
        Ok(())
    })
}

/// Opens and verifies all feeds of a store. One that cannot be used is left out: `bisik_store_matcher_dropped`.
///
/// `secrets` may be NULL for open feeds; `guard` NULL is the built-in list.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_store_matcher_new(
    store: Option<&bisik_store>,
    trust: Option<&bisik_trust>,
    secrets: Option<&bisik_secrets>,
    guard: Option<&bisik_guard>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_store_matcher>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (store, trust, out) = (needed(store)?, needed(trust)?, needed(out)?);
        let secrets = secrets.map(|secrets| secrets.0.clone()).unwrap_or_default();
        let opening = Opening { trust: trust.0.clone(), secrets, guard: guard::or_default(guard) };
        put(out, bisik_store_matcher(store.0.matcher(opening, boundary::time(now)?).map_err(refused)?));
        Ok(())
    })
}

/// The matcher over the feeds as they were last loaded, without those that have expired since: a new handle, to be freed after the batch.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_store_matcher_current(
    matcher: Option<&bisik_store_matcher>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_matcher>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, out) = (needed(matcher)?, needed(out)?);
        let snapshot = matcher.0.current(boundary::time(now)?).map_err(refused)?;
        put(out, bisik_matcher(Arc::clone(&snapshot.matcher)));
        Ok(())
    })
}

/// The feeds that are left out, as a JSON array: `feed`, `publisher_id`, `kind` and `message` of why.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_store_matcher_dropped(
    matcher: Option<&bisik_store_matcher>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, out) = (needed(matcher)?, needed(out)?);
        let snapshot = matcher.0.current(boundary::time(now)?).map_err(refused)?;
        put(out, bisik_buffer::copy(standing::dropped(&snapshot.dropped).as_bytes()));
        Ok(())
    })
}

/// Reads the store again if it changed; threads that match meanwhile are not held up. `changed`, which may be NULL, says whether it did.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_store_matcher_reload(
    matcher: Option<&bisik_store_matcher>,
    now: u64,
    changed: Option<&mut MaybeUninit<bool>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let reloaded = needed(matcher)?.0.reload_if_changed(boundary::time(now)?).map_err(refused)?;
        changed.map(|changed| changed.write(reloaded.is_some()));
        Ok(())
    })
}

/// Frees a store. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_store_free(store: Option<Box<bisik_store>>) {
    release(store);
}

/// Frees a store's matcher. Matchers that it gave live on. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_store_matcher_free(matcher: Option<Box<bisik_store_matcher>>) {
    release(matcher);
}
