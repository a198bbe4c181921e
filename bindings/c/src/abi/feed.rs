//! Opening feeds.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use bisik::{Feed, Result, Threads, TrustStore, UnverifiedFeed};

use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::file;
use crate::abi::keys::{bisik_secrets, bisik_signing_file};
use crate::abi::memory::{MOST_THREADS, slice};
use crate::abi::trust::bisik_trust;
use crate::inspect;

/// The longest feed that is read where the caller sets no limit: 64 GiB.
pub const BISIK_DEFAULT_LIMIT: u64 = 68_719_476_736;

/// A verified feed. Immutable: any number of threads may use it.
pub struct bisik_feed(pub(crate) Arc<Feed>);

/// The caller's limit, or the usual one for 0.
pub(crate) fn limit(given: u64) -> u64 {
    if given == 0 { BISIK_DEFAULT_LIMIT } else { given }
}

fn verified(feed: UnverifiedFeed, trust: &TrustStore, now: u64, out: &mut MaybeUninit<*mut bisik_feed>) -> Result<()> {
    put(out, bisik_feed(Arc::new(feed.verify(trust, boundary::time(now)?)?)));
    Ok(())
}

/// Opens and verifies a feed, open or sealed, from memory. The bytes are copied.
///
/// `secrets` may be NULL for open feeds. `feed_limit` is the largest length after opening in bytes, 0 for `BISIK_DEFAULT_LIMIT`. `now` is
/// the time in seconds since 1970: expired feeds are refused.
///
/// # Safety
/// `data` points to `data_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_feed_open(
    data: *const u8,
    data_len: usize,
    trust: Option<&bisik_trust>,
    secrets: Option<&bisik_secrets>,
    feed_limit: u64,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_feed>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (trust, out) = (needed(trust)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        let feed = UnverifiedFeed::read(data, secrets.map_or(&[], |secrets| &secrets.0), limit(feed_limit))?;
        verified(feed, &trust.0, now, out)
    })
}

/// As `bisik_feed_open`, for a version that may have expired: what a delta is applied to, or what a newer one is compared with. A
/// matcher refuses an expired feed whichever way it was opened.
///
/// # Safety
/// `data` points to `data_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_feed_open_stale(
    data: *const u8,
    data_len: usize,
    trust: Option<&bisik_trust>,
    secrets: Option<&bisik_secrets>,
    feed_limit: u64,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_feed>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (trust, out) = (needed(trust)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        let feed = UnverifiedFeed::read(data, secrets.map_or(&[], |secrets| &secrets.0), limit(feed_limit))?;
        put(out, bisik_feed(Arc::new(feed.verify_stale(&trust.0, boundary::time(now)?)?)));
        Ok(())
    })
}

/// As `bisik_feed_open`, for a publisher's own earlier version, which may have expired and may be signed by a former key, to publish the
/// next one.
///
/// # Safety
/// `data` points to `data_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_feed_open_own(
    data: *const u8,
    data_len: usize,
    signing: Option<&bisik_signing_file>,
    secrets: Option<&bisik_secrets>,
    feed_limit: u64,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_feed>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (signing, out) = (needed(signing)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        let feed = UnverifiedFeed::read(data, secrets.map_or(&[], |secrets| &secrets.0), limit(feed_limit))?;
        put(out, bisik_feed(Arc::new(feed.verify_own(&signing.0, boundary::time(now)?)?)));
        Ok(())
    })
}

/// Opens and verifies a feed, open or sealed, from a file, which is read into memory. Otherwise as `bisik_feed_open`.
///
/// # Safety
/// `path` points to `path_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_feed_read_file(
    path: *const c_char,
    path_len: usize,
    trust: Option<&bisik_trust>,
    secrets: Option<&bisik_secrets>,
    feed_limit: u64,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_feed>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (trust, out) = (needed(trust)?, needed(out)?);
        // SAFETY: the caller's promise.
        let path = unsafe { slice(path.cast::<u8>(), path_len) }?;
        let secrets = secrets.map_or(&[][..], |secrets| &secrets.0);
        let feed = file::read(path, secrets, limit(feed_limit), Threads::new(1))?;
        verified(feed, &trust.0, now, out)
    })
}

/// As `bisik_feed_read_file`, with decryption and verification on so many threads, the calling one among them; 0 is as many as the
/// process may run at the same time. They end before the call does. Result and errors are the same.
///
/// # Safety
/// `path` points to `path_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_feed_read_file_with_threads(
    path: *const c_char,
    path_len: usize,
    trust: Option<&bisik_trust>,
    secrets: Option<&bisik_secrets>,
    feed_limit: u64,
    threads: usize,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_feed>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (trust, out) = (needed(trust)?, needed(out)?);
        // SAFETY: the caller's promise.
        let path = unsafe { slice(path.cast::<u8>(), path_len) }?;
        let secrets = secrets.map_or(&[][..], |secrets| &secrets.0);
        let feed = file::read(path, secrets, limit(feed_limit), Threads::new(threads).at_most(MOST_THREADS))?;
        verified(feed, &trust.0, now, out)
    })
}

/// Opens and verifies an open feed where it lies on disk, as a memory mapping: processes share its pages.
///
/// Replace the file by renaming a new one over it. Were it written or truncated in place, the process would match unverified
/// bytes or be ended by SIGBUS. A sealed feed is refused with `BISIK_SEALED`.
///
/// # Safety
/// `path` points to `path_len` bytes. Nobody writes or truncates the file until the feed and all that was made of it are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_feed_map_file(
    path: *const c_char,
    path_len: usize,
    trust: Option<&bisik_trust>,
    feed_limit: u64,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_feed>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (trust, out) = (needed(trust)?, needed(out)?);
        // SAFETY: the caller's promise.
        let path = unsafe { slice(path.cast::<u8>(), path_len) }?;
        verified(file::map(path, limit(feed_limit))?, &trust.0, now, out)
    })
}

/// What the feed is, what reversing it costs, and who learns what, as JSON; the members are in docs/c.md.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_feed_inspect(
    feed: Option<&bisik_feed>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (feed, out) = (needed(feed)?, needed(out)?);
        put(out, bisik_buffer::copy(inspect::verified(&feed.0).to_string().as_bytes()));
        Ok(())
    })
}

/// What can be said of a feed that nobody has vouched for, as JSON: sizes, versions, key ids, and the manifest as it claims to be.
///
/// `secrets` may be NULL for open feeds; `feed_limit` as in `bisik_feed_open`.
///
/// # Safety
/// `data` points to `data_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_inspect_unverified(
    data: *const u8,
    data_len: usize,
    secrets: Option<&bisik_secrets>,
    feed_limit: u64,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        let feed = UnverifiedFeed::read(data, secrets.map_or(&[], |secrets| &secrets.0), limit(feed_limit))?;
        put(out, bisik_buffer::copy(inspect::unverified(&feed)?.to_string().as_bytes()));
        Ok(())
    })
}

/// Writes the 32 bytes of the feed digest, which names this feed in comparisons.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_feed_digest(
    feed: Option<&bisik_feed>,
    digest: Option<&mut MaybeUninit<[u8; 32]>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(digest)?.write(*needed(feed)?.0.digest());
        Ok(())
    })
}

/// The feed's version, from 1; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_feed_version(feed: Option<&bisik_feed>) -> u64 {
    feed.map_or(0, |feed| feed.0.manifest().version)
}

/// How many entries the feed has; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_feed_count(feed: Option<&bisik_feed>) -> u64 {
    feed.map_or(0, |feed| feed.0.manifest().count)
}

/// When the feed expires, in seconds since 1970; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_feed_expires(feed: Option<&bisik_feed>) -> u64 {
    feed.map_or(0, |feed| feed.0.manifest().expires.seconds())
}

/// The feed's bytes without an envelope, to be kept for the next delta: for a sealed feed as secret as the envelope made them. They live
/// as long as the feed; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_feed_data(feed: Option<&bisik_feed>) -> *const u8 {
    feed.map_or(std::ptr::null(), |feed| feed.0.bytes().as_ptr())
}

/// How many bytes; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_feed_length(feed: Option<&bisik_feed>) -> usize {
    feed.map_or(0, |feed| feed.0.bytes().len())
}

/// Frees a feed. Matchers made of it keep what they need. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_feed_free(feed: Option<Box<bisik_feed>>) {
    release(feed);
}
