//! The border: errors and panics become a status here, and nothing crosses it by unwinding.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bisik::{ErrorKind, Kind, Result, Timestamp};

use crate::abi::error::{BISIK_OK, bisik_error, bisik_status};
use crate::abi::kind::bisik_kind;

/// Runs the body of a fallible entry point. `error` is always written: NULL on success.
pub(crate) fn enter(
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
    work: impl FnOnce() -> Result<()>,
) -> bisik_status {
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(ErrorKind::Panic.into()));
    let Err(failure) = result else {
        error.map(|error| error.write(std::ptr::null_mut()));
        return BISIK_OK;
    };
    let status = bisik_status::from(failure.kind().code());
    if let Some(error) = error {
        error.write(Box::into_raw(Box::new(bisik_error::new(&failure))));
    }
    status
}

/// Runs the body of an entry point that cannot fail; `otherwise` is the answer should it panic.
pub(crate) fn plain<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(otherwise)
}

/// Frees a handle. NULL is no handle and nothing happens.
pub(crate) fn release<T>(handle: Option<Box<T>>) {
    plain((), || drop(handle));
}

/// An argument that must not be NULL.
pub(crate) fn needed<T>(argument: Option<T>) -> Result<T> {
    argument.ok_or_else(|| ErrorKind::NullArgument.into())
}

/// Hands a new handle out.
pub(crate) fn put<T>(out: &mut MaybeUninit<*mut T>, handle: T) {
    out.write(Box::into_raw(Box::new(handle)));
}

/// A kind by its number.
pub(crate) fn kind(number: bisik_kind) -> Result<Kind> {
    u8::try_from(number).ok().and_then(Kind::from_number).ok_or_else(|| ErrorKind::UnknownKind.into())
}

/// A time in seconds since 1970.
pub(crate) fn time(seconds: u64) -> Result<Timestamp> {
    Timestamp::from_seconds(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_status_and_an_error() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let mut error = MaybeUninit::uninit();
        let status = enter(Some(&mut error), || std::panic::panic_any("a defect"));
        let answer = plain(7, || std::panic::panic_any("a defect"));
        std::panic::set_hook(hook);
        assert_eq!(status, bisik_status::from(ErrorKind::Panic.code()));
        assert_eq!(answer, 7);
        // SAFETY: `enter` wrote it a moment ago.
        let pointer = unsafe { error.assume_init() };
        assert!(!pointer.is_null());
        // SAFETY: `enter` made it with `Box::into_raw`, and nobody else has it.
        let error = unsafe { Box::from_raw(pointer) };
        release(Some(error));
    }
}
