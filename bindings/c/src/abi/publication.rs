//! A finished feed that has not left yet.

use std::mem::MaybeUninit;

use bisik::{OsEntropy, Result};

use crate::abi::boundary;
use crate::abi::boundary::{enter, needed, plain, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::keys::bisik_recipients;
use crate::abi::kind::bisik_kind;
use crate::abi::memory::slice;
use crate::abi::owned::OwnedPublication;

/// A finished feed: it goes out open or sealed, as often as wanted.
pub struct bisik_publication(pub(crate) OwnedPublication);

/// The manifest, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publication_manifest(
    publication: Option<&bisik_publication>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (publication, out) = (needed(publication)?, needed(out)?);
        put(out, bisik_buffer::copy(publication.0.publication.manifest().to_json().as_bytes()));
        Ok(())
    })
}

/// Writes the 32 bytes of the feed digest.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publication_digest(
    publication: Option<&bisik_publication>,
    digest: Option<&mut MaybeUninit<[u8; 32]>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        needed(digest)?.write(*needed(publication)?.0.publication.digest());
        Ok(())
    })
}

/// How many additions were merged into others; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publication_merged(publication: Option<&bisik_publication>) -> u64 {
    publication.map_or(0, |publication| publication.0.publication.merged())
}

/// The kind at a position among those that an open feed must not hold unless accepted by name; 0 beyond the last one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publication_enumerable(publication: Option<&bisik_publication>, position: usize) -> bisik_kind {
    plain(0, || {
        let kinds = publication.map(|publication| publication.0.publication.enumerable()).unwrap_or_default();
        kinds.get(position).map_or(0, |kind| kind.number().into())
    })
}

/// The feed for everybody to read, once each enumerable kind in it is among `accepted`; otherwise `BISIK_ENUMERABLE`.
///
/// # Safety
/// `accepted` points to `accepted_len` kinds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_publication_open(
    publication: Option<&bisik_publication>,
    accepted: *const bisik_kind,
    accepted_len: usize,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (publication, out) = (needed(publication)?, needed(out)?);
        // SAFETY: the caller's promise.
        let accepted = unsafe { slice(accepted, accepted_len) }?;
        let accepted = accepted.iter().map(|&kind| boundary::kind(kind)).collect::<Result<Vec<_>>>()?;
        put(out, bisik_buffer::copy(publication.0.publication.open(&accepted)?));
        Ok(())
    })
}

/// The feed, sealed to recipients and to the publisher's own. `recipients` may be NULL: then to the publisher's own alone.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publication_seal(
    publication: Option<&bisik_publication>,
    recipients: Option<&bisik_recipients>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (publication, out) = (needed(publication)?, needed(out)?);
        let recipients = recipients.map_or(&[] as &[_], |recipients| &recipients.0);
        let mut sealed = Vec::new();
        publication.0.publication.seal(recipients, &mut OsEntropy, &mut sealed)?;
        put(out, bisik_buffer::copy(&sealed));
        Ok(())
    })
}

/// Frees a publication. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publication_free(publication: Option<Box<bisik_publication>>) {
    release(publication);
}
