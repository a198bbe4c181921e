//! What a publisher says of an identifier.

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;

use bisik::{Claim, Error, ErrorKind, Result, Timestamp};

use crate::abi::boundary::{enter, needed, release};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::memory::text;
use crate::tables::c_text;

/// A field of a claim: one of `BISIK_CLAIM_…`.
pub type bisik_claim_field = u32;

/// Text: the sort of scam, for instance `mule-account`; 1 to 64 bytes.
pub const BISIK_CLAIM_CATEGORY: bisik_claim_field = 1;
/// Number: 0 (a guess) to 100 (certain).
pub const BISIK_CLAIM_CONFIDENCE: bisik_claim_field = 2;
/// Number: when it was first seen, in seconds since 1970.
pub const BISIK_CLAIM_FIRST_SEEN: bisik_claim_field = 3;
/// Number: when it was last seen, in seconds since 1970.
pub const BISIK_CLAIM_LAST_SEEN: bisik_claim_field = 4;
/// Number: from when on the entry is no match any more, in seconds since 1970.
pub const BISIK_CLAIM_EXPIRES: bisik_claim_field = 5;
/// Text: the publisher's case reference; 1 to 256 bytes.
pub const BISIK_CLAIM_REFERENCE: bisik_claim_field = 6;
/// Text: a note for the reader; 1 to 2,048 bytes.
pub const BISIK_CLAIM_NOTE: bisik_claim_field = 7;

/// A publisher's claim: what sort of scam, how sure, seen when, until when.
#[derive(Default)]
pub struct bisik_claim {
    claim: Claim,
    /// The texts of `claim` as C reads them.
    category: Option<CString>,
    reference: Option<CString>,
    note: Option<CString>,
}

impl bisik_claim {
    pub(crate) fn new(claim: Claim) -> Self {
        let text = |text: &Option<String>| text.as_deref().map(c_text);
        Self { category: text(&claim.category), reference: text(&claim.reference), note: text(&claim.note), claim }
    }

    fn text(&self, field: bisik_claim_field) -> Option<&CString> {
        match field {
            BISIK_CLAIM_CATEGORY => self.category.as_ref(),
            BISIK_CLAIM_REFERENCE => self.reference.as_ref(),
            BISIK_CLAIM_NOTE => self.note.as_ref(),
            _ => None,
        }
    }

    fn number(&self, field: bisik_claim_field) -> Option<u64> {
        match field {
            BISIK_CLAIM_CONFIDENCE => self.claim.confidence.map(u64::from),
            BISIK_CLAIM_FIRST_SEEN => self.claim.first_seen.map(Timestamp::seconds),
            BISIK_CLAIM_LAST_SEEN => self.claim.last_seen.map(Timestamp::seconds),
            BISIK_CLAIM_EXPIRES => self.claim.expires.map(Timestamp::seconds),
            _ => None,
        }
    }
}

/// The claim, or an empty one for NULL.
pub(crate) fn or_default(claim: Option<&bisik_claim>) -> Claim {
    claim.map_or_else(Claim::default, |claim| claim.claim.clone())
}

fn changed(handle: &mut bisik_claim, claim: Claim) -> Result<()> {
    claim.check()?;
    *handle = bisik_claim::new(claim);
    Ok(())
}

fn no_such_field() -> Error {
    Error::new(ErrorKind::InvalidArgument, "the field is not one of the claim's fields of this type")
}

/// An empty claim: nothing beyond being listed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_claim_new() -> Box<bisik_claim> {
    Box::default()
}

/// Sets a text field.
///
/// # Safety
/// `value` points to `value_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_claim_set_text(
    claim: Option<&mut bisik_claim>,
    field: bisik_claim_field,
    value: *const c_char,
    value_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let handle = needed(claim)?;
        // SAFETY: the caller's promise.
        let value = Some(unsafe { text(value, value_len) }?.to_owned());
        let mut claim = handle.claim.clone();
        match field {
            BISIK_CLAIM_CATEGORY => claim.category = value,
            BISIK_CLAIM_REFERENCE => claim.reference = value,
            BISIK_CLAIM_NOTE => claim.note = value,
            _ => return Err(no_such_field()),
        }
        changed(handle, claim)
    })
}

/// Sets a number field.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_claim_set_number(
    claim: Option<&mut bisik_claim>,
    field: bisik_claim_field,
    value: u64,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let handle = needed(claim)?;
        let mut claim = handle.claim.clone();
        match field {
            BISIK_CLAIM_CONFIDENCE => claim.confidence = Some(u8::try_from(value).unwrap_or(u8::MAX)),
            BISIK_CLAIM_FIRST_SEEN => claim.first_seen = Some(Timestamp::from_seconds(value)?),
            BISIK_CLAIM_LAST_SEEN => claim.last_seen = Some(Timestamp::from_seconds(value)?),
            BISIK_CLAIM_EXPIRES => claim.expires = Some(Timestamp::from_seconds(value)?),
            _ => return Err(no_such_field()),
        }
        changed(handle, claim)
    })
}

/// A text field; NULL if it is not there. Lives as long as the claim and until it is changed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_claim_text(claim: Option<&bisik_claim>, field: bisik_claim_field) -> *const c_char {
    claim.and_then(|claim| claim.text(field)).map_or(std::ptr::null(), |text| text.as_ptr())
}

/// A number field. Writes it and returns true if it is there.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_claim_number(
    claim: Option<&bisik_claim>,
    field: bisik_claim_field,
    value: Option<&mut u64>,
) -> bool {
    let (Some(found), Some(value)) = (claim.and_then(|claim| claim.number(field)), value) else {
        return false;
    };
    *value = found;
    true
}

/// Frees a claim made by `bisik_claim_new`. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_claim_free(claim: Option<Box<bisik_claim>>) {
    release(claim);
}
