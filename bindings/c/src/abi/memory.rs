//! Arrays and texts that the caller owns.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use bisik::{Error, ErrorKind, Result};

/// How many threads a call starts at most, whatever number it is given.
pub(crate) const MOST_THREADS: usize = 1_024;

/// Whether `len` items at `data` can be an array at all: NULL only for no items, aligned, no longer than memory can be.
fn check<T>(data: *const T, len: usize) -> Result<()> {
    if data.is_null() {
        return Err(ErrorKind::NullArgument.into());
    }
    if !data.is_aligned() {
        return Err(Error::new(ErrorKind::InvalidArgument, "an array is not aligned for its items"));
    }
    if len.checked_mul(size_of::<T>()).is_none_or(|bytes| bytes > isize::MAX as usize) {
        return Err(Error::new(ErrorKind::InvalidArgument, "a length is beyond what memory can hold"));
    }
    Ok(())
}

/// An array to read. `(NULL, 0)` is empty.
///
/// # Safety
/// `data` is NULL, or points to `len` readable items that nobody writes during the call.
pub(crate) unsafe fn slice<'a, T>(data: *const T, len: usize) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    check(data, len)?;
    // SAFETY: not NULL, aligned and of a possible length by `check`; readable and unchanging by the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// An array to write. `(NULL, 0)` is empty.
///
/// # Safety
/// `data` is NULL, or points to `len` writable items that nobody else reads or writes during the call.
pub(crate) unsafe fn slice_mut<'a, T>(data: *mut T, len: usize) -> Result<&'a mut [MaybeUninit<T>]> {
    if len == 0 {
        return Ok(&mut []);
    }
    check(data, len)?;
    // SAFETY: as in `slice`, and exclusive by the caller's promise; nothing is read as initialised.
    Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), len) })
}

/// An array of bytes to fill, set to zero. NULL is empty.
///
/// # Safety
/// As [`slice_mut`].
pub(crate) unsafe fn zeroed<'a>(data: *mut u8, len: usize) -> Result<&'a mut [u8]> {
    if data.is_null() || len == 0 {
        return Ok(&mut []);
    }
    check(data, len)?;
    // SAFETY: not NULL and of a possible length by `check`; writable by the caller's promise.
    unsafe { data.write_bytes(0, len) };
    // SAFETY: as before, exclusive by the caller's promise, and initialised a line above.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, len) })
}

/// A UTF-8 text to read. `(NULL, 0)` is empty.
///
/// # Safety
/// As [`slice`].
pub(crate) unsafe fn text<'a>(data: *const c_char, len: usize) -> Result<&'a str> {
    // SAFETY: the caller's promise, and a `char` has the size and alignment of a byte.
    utf8(unsafe { slice(data.cast::<u8>(), len) }?)
}

/// Bytes as a text.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|error| Error::from(ErrorKind::InvalidUtf8).at(error.valid_up_to() as u64))
}

/// A text that is not given if it is NULL.
///
/// # Safety
/// As [`slice`].
pub(crate) unsafe fn optional_text(data: *const c_char, len: usize) -> Result<Option<String>> {
    if data.is_null() && len == 0 {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { text(data, len) }.map(|text| Some(text.to_owned()))
}
