//! Kinds of identifiers, and canonical forms.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use bisik::{Identifier, Kind};

use crate::abi::boundary::{self, enter, needed, plain, put};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::memory::text;
use crate::abi::options::{self, bisik_parse_options};
use crate::tables;

/// What sort of identifier a value is: one of `BISIK_KIND_…`. Numbers never change; new ones are added.
pub type bisik_kind = u32;

/// How many kinds this version knows.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_kind_count() -> usize {
    Kind::ALL.len()
}

/// The kind at a position below `bisik_kind_count`, by rising number; 0 beyond.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_kind_at(position: usize) -> bisik_kind {
    Kind::ALL.get(position).map_or(0, |kind| kind.number().into())
}

/// The name of a kind, for instance `phone`. Static; NULL for an unknown kind.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_kind_name(kind: bisik_kind) -> *const c_char {
    plain(std::ptr::null(), || tables::pointer(boundary::kind(kind).ok().and_then(tables::kind).map(|(name, _)| name)))
}

/// What a kind holds, in a few words. Static; NULL for an unknown kind.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_kind_description(kind: bisik_kind) -> *const c_char {
    plain(std::ptr::null(), || {
        tables::pointer(boundary::kind(kind).ok().and_then(tables::kind).map(|(_, description)| description))
    })
}

/// The version of the canonical form that this version writes; 0 for an unknown kind.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_kind_form_version(kind: bisik_kind) -> u8 {
    boundary::kind(kind).map_or(0, Kind::form_version)
}

/// Whether an open feed of this kind can be read by anyone and must be accepted by name; see `bisik_publication_open`.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_kind_is_enumerable(kind: bisik_kind) -> bool {
    boundary::kind(kind).is_ok_and(Kind::is_enumerable)
}

/// The kind of a name. `BISIK_UNKNOWN_KIND` if there is none.
///
/// # Safety
/// `name` points to `name_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_kind_from_name(
    name: *const c_char,
    name_len: usize,
    out: Option<&mut MaybeUninit<bisik_kind>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        let name = unsafe { text(name, name_len) }?;
        out.write(name.parse::<Kind>()?.number().into());
        Ok(())
    })
}

/// The canonical form of a value, or why it has none: the statuses from 100 to 199.
///
/// `options` may be NULL. The answer is as sensitive as the value.
///
/// # Safety
/// `value` points to `value_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_canonical(
    kind: bisik_kind,
    value: *const c_char,
    value_len: usize,
    options: Option<&bisik_parse_options>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        let value = unsafe { text(value, value_len) }?;
        let identifier = Identifier::parse(boundary::kind(kind)?, value, options::or_default(options))?;
        put(out, bisik_buffer::copy(identifier.canonical().as_bytes()));
        Ok(())
    })
}
