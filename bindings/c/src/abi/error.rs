//! Statuses and errors.

use std::ffi::{CString, c_char};
use std::fmt::Write as _;

use bisik::Error;

use crate::abi::boundary::{plain, release};
use crate::tables;

/// What every fallible function returns: `BISIK_OK`, or why it failed. Numbers never change; new ones are added.
pub type bisik_status = i32;

/// The status of success.
pub(crate) const BISIK_OK: bisik_status = 0;

/// Why a call failed: a status, a message, perhaps a position, and advice. Neither holds an identifier or a key.
pub struct bisik_error {
    status: bisik_status,
    message: CString,
    position: Option<u64>,
}

impl bisik_error {
    pub(crate) fn new(error: &Error) -> Self {
        let mut message = error.message().to_owned();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            // Writing to a String does not fail.
            _ = write!(message, ": {cause}");
            source = cause.source();
        }
        Self { status: error.kind().code().into(), message: tables::c_text(&message), position: error.position() }
    }
}

/// The status that the call returned; `BISIK_NULL_ARGUMENT` for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_error_status(error: Option<&bisik_error>) -> bisik_status {
    error.map_or(bisik::ErrorKind::NullArgument.code().into(), |error| error.status)
}

/// What went wrong, more exactly than the status says it. Lives as long as the error; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_error_message(error: Option<&bisik_error>) -> *const c_char {
    error.map_or(std::ptr::null(), |error| error.message.as_ptr())
}

/// Where: a byte offset in files and values, an item index in batches. Writes it and returns true if there is one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_error_position(error: Option<&bisik_error>, position: Option<&mut u64>) -> bool {
    let (Some(found), Some(position)) = (error.and_then(|error| error.position), position) else {
        return false;
    };
    *position = found;
    true
}

/// Frees an error. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_error_free(error: Option<Box<bisik_error>>) {
    release(error);
}

/// The name of a status, words joined by hyphens, for instance `not-a-feed`. Static; NULL for no status of this version.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_status_name(status: bisik_status) -> *const c_char {
    plain(std::ptr::null(), || tables::pointer(tables::status(status).map(|texts| texts.name.as_c_str())))
}

/// What a status means, in one sentence. Static; NULL for no status of this version.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_status_summary(status: bisik_status) -> *const c_char {
    plain(std::ptr::null(), || tables::pointer(tables::status(status).map(|texts| texts.summary.as_c_str())))
}

/// What a person can do next. Static; NULL for no status of this version.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_status_advice(status: bisik_status) -> *const c_char {
    plain(std::ptr::null(), || tables::pointer(tables::status(status).map(|texts| texts.advice.as_c_str())))
}
