//! Review logs, and the heads that others keep of them (`docs/store.md`).

use std::ffi::c_char;
use std::mem::MaybeUninit;

use ::bisik_store::LogFile;
use bisik::{ErrorKind, LogReader, Result};

use crate::abi::boundary::enter;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::file;
use crate::abi::memory::slice;

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
        let count = verified(path)?;
        entries.map(|entries| entries.write(count));
        Ok(())
    })
}

fn verified(path: &[u8]) -> Result<u64> {
    let mut reader = LogReader::new();
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
