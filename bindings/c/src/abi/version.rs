//! Versions.

use std::ffi::{CStr, c_char};

use crate::tables;

/// The number of the binary interface. It is raised when a compiled caller would have to be compiled again.
pub const BISIK_ABI_VERSION: u32 = 0;

/// The version of the library as text, `MAJOR.MINOR.PATCH`. Static.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_version() -> *const c_char {
    const VERSION: Option<&CStr> = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes())
    {
        Ok(version) => Some(version),
        Err(_) => None,
    };
    VERSION.map_or(std::ptr::null(), CStr::as_ptr)
}

/// The version of the library as a number: `MAJOR << 16 | MINOR << 8 | PATCH`. Compare with `BISIK_VERSION_NUMBER`.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_version_number() -> u32 {
    tables::version_number(env!("CARGO_PKG_VERSION"))
}

/// The number of the binary interface of the library. It must equal `BISIK_ABI_VERSION`.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_abi_version() -> u32 {
    BISIK_ABI_VERSION
}
