//! Review logs, and the heads that others keep of them (`docs/store.md`).

use std::ffi::c_char;
use std::mem::MaybeUninit;

use ::bisik_store::LogFile;
use bisik::{ErrorKind, LogHead, LogReader, Result};

use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::file;
use crate::abi::memory::slice;
use crate::abi::trust::bisik_trust;

/// The signed head of a log, kept by somebody else: which log, how many entries, and the last one's hash. Immutable: any number of
/// threads may use it.
pub struct bisik_log_head(LogHead);

/// Reads a head that `bisik log head` wrote and a key of a trusted publisher signed.
///
/// `BISIK_UNTRUSTED`, `BISIK_BAD_SIGNATURE`, `BISIK_NOT_AUTHORISED`, `BISIK_NOT_YET_VALID`, and those of signed texts.
///
/// # Safety
/// `data` points to `data_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_log_head_read(
    data: *const u8,
    data_len: usize,
    trust: Option<&bisik_trust>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_log_head>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (trust, out) = (needed(trust)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        put(out, bisik_log_head(LogHead::read(data, &trust.0, boundary::time(now)?)?));
        Ok(())
    })
}

/// How many entries the log had; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_log_head_entries(head: Option<&bisik_log_head>) -> u64 {
    head.map_or(0, |head| head.0.entries)
}

/// When the head was signed, in seconds since 1970; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_log_head_time(head: Option<&bisik_log_head>) -> u64 {
    head.map_or(0, |head| head.0.time.seconds())
}

/// Checks a review log, and that it goes on from a head. `head` may be NULL: then whoever can write the log could have written all of it
/// anew. `entries`, which may be NULL, is how many hold. `BISIK_BROKEN_CHAIN`, `BISIK_TORN_TAIL` and `BISIK_LOG_CUT` have the number of the
/// entry at fault as position.
///
/// # Safety
/// `path` points to `path_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_log_verify_from(
    path: *const c_char,
    path_len: usize,
    head: Option<&bisik_log_head>,
    entries: Option<&mut MaybeUninit<u64>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        let path = unsafe { slice(path.cast::<u8>(), path_len) }?;
        let count = verified(path, head.map(|head| &head.0))?;
        entries.map(|entries| entries.write(count));
        Ok(())
    })
}

/// Frees a head. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_log_head_free(head: Option<Box<bisik_log_head>>) {
    release(head);
}

/// Checks a review log. `entries`, which may be NULL, is how many hold. `BISIK_BROKEN_CHAIN` and `BISIK_TORN_TAIL` have the number of the entry at
/// fault as position.
///
/// # Safety
/// `path` points to `path_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_log_verify(
    path: *const c_char,
    path_len: usize,
    entries: Option<&mut MaybeUninit<u64>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        let path = unsafe { slice(path.cast::<u8>(), path_len) }?;
        let count = verified(path, None)?;
        entries.map(|entries| entries.write(count));
        Ok(())
    })
}

fn verified(path: &[u8], head: Option<&LogHead>) -> Result<u64> {
    let mut reader = LogReader::new();
    if let Some(head) = head {
        head.expect(&mut reader);
    }
    LogFile::new(file::path(path)?).read(&mut reader, |_| ()).map_err(|error| {
        let inner = error.into_inner();
        // Its cause is of no use across the border; its position is.
        match inner.kind() {
            ErrorKind::Io => ErrorKind::Io.into(),
            _ => inner,
        }
    })?;
    reader.finish().map(bisik::LogTail::number)
}
