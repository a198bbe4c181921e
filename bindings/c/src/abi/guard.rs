//! What must be neither published nor acted upon.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use bisik::{Guard, Identifier};

use crate::abi::boundary::{self, enter, needed, release};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::kind::bisik_kind;
use crate::abi::memory::text;
use crate::abi::options::{self, bisik_parse_options};

/// The built-in guard list with the caller's own entries. Set it up in one thread; after that many may read it.
pub struct bisik_guard(pub(crate) Guard);

/// The guard, or the built-in one for NULL.
pub(crate) fn or_default(guard: Option<&bisik_guard>) -> Guard {
    guard.map_or_else(Guard::default, |guard| guard.0.clone())
}

/// The built-in list: emergency numbers, government zones, services that everybody uses, reserved addresses and others.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_guard_new() -> Box<bisik_guard> {
    Box::new(bisik_guard(Guard::default()))
}

/// Adds an identifier of the caller: with a domain, all that is under it.
///
/// # Safety
/// `value` points to `value_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_guard_add(
    guard: Option<&mut bisik_guard>,
    kind: bisik_kind,
    value: *const c_char,
    value_len: usize,
    options: Option<&bisik_parse_options>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let guard = needed(guard)?;
        // SAFETY: the caller's promise.
        let value = unsafe { text(value, value_len) }?;
        guard.0.extend([Identifier::parse(boundary::kind(kind)?, value, options::or_default(options))?]);
        Ok(())
    })
}

/// Frees a guard list. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_guard_free(guard: Option<Box<bisik_guard>>) {
    release(guard);
}
