//! From one version of a feed to a later one (`docs/life.md` §1).

use std::mem::MaybeUninit;
use std::sync::Arc;

use bisik::{Delta, Error, ErrorKind, OsEntropy, Result, UnverifiedDelta};

use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::feed::{bisik_feed, limit};
use crate::abi::keys::{bisik_recipients, bisik_secrets};
use crate::abi::kind::bisik_kind;
use crate::abi::memory::slice;
use crate::abi::publication::bisik_publication;
use crate::abi::trust::bisik_trust;

/// A verified delta. Immutable: any number of threads may use it.
pub struct bisik_delta(Delta);

/// Opens and verifies a delta, open or sealed, from memory. The bytes are copied.
///
/// Arguments as in `bisik_feed_open`; `delta_limit` is the largest length of the delta after opening. Whether what it leads to has
/// expired is asked when it is applied.
///
/// # Safety
/// `data` points to `data_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_delta_open(
    data: *const u8,
    data_len: usize,
    trust: Option<&bisik_trust>,
    secrets: Option<&bisik_secrets>,
    delta_limit: u64,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_delta>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (trust, out) = (needed(trust)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        let delta = UnverifiedDelta::read(data, secrets.map_or(&[], |secrets| &secrets.0), limit(delta_limit))?;
        put(out, bisik_delta(delta.verify(&trust.0, boundary::time(now)?)?));
        Ok(())
    })
}

/// The version that the delta is applied to; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_delta_base(delta: Option<&bisik_delta>) -> u64 {
    delta.map_or(0, |delta| delta.0.base().0)
}

/// The version that the delta leads to; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_delta_version(delta: Option<&bisik_delta>) -> u64 {
    delta.map_or(0, |delta| delta.0.manifest().version)
}

/// Whether the delta came in an envelope: then the feed that it makes is as secret as the envelope made it.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_delta_sealed(delta: Option<&bisik_delta>) -> bool {
    delta.is_some_and(|delta| delta.0.sealed())
}

/// Applies deltas, in order, to a version of a feed, and verifies what they lead to, byte for byte the unsealed snapshot. The base may
/// have expired (`bisik_feed_open_stale`), and so may all versions but the last. The base is unchanged.
///
/// `feed_limit` is the largest length of a version in bytes, 0 for `BISIK_DEFAULT_LIMIT`. `BISIK_SNAPSHOT_NEEDED` if a delta is missing
/// before one of them, `BISIK_BASE_MISMATCH` for an older delta or one of another feed, `BISIK_EQUIVOCATION` if its publisher signed
/// another feed under the number of the version that it is applied to.
///
/// # Safety
/// `deltas` points to `deltas_len` handles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_delta_apply(
    deltas: *const *const bisik_delta,
    deltas_len: usize,
    base: Option<&bisik_feed>,
    trust: Option<&bisik_trust>,
    feed_limit: u64,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_feed>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (base, trust, out) = (needed(base)?, needed(trust)?, needed(out)?);
        // SAFETY: the caller's promise; a pointer and an optional reference have the same layout.
        let deltas = unsafe { slice(deltas.cast::<Option<&bisik_delta>>(), deltas_len) }?;
        // A delta that is not there is found before the first one is applied.
        let mut given = Vec::with_capacity(deltas.len());
        for (position, delta) in deltas.iter().enumerate() {
            given.push(&delta.ok_or_else(|| Error::from(ErrorKind::NullArgument).at(position as u64))?.0);
        }
        let last = given.pop().ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "there is no delta to apply"))?;
        let (now, limit) = (boundary::time(now)?, limit(feed_limit));
        let mut feed = Arc::clone(&base.0);
        for delta in given {
            feed = Arc::new(delta.apply(&feed, limit)?.verify_stale(&trust.0, now)?);
        }
        put(out, bisik_feed(Arc::new(last.apply(&feed, limit)?.verify(&trust.0, now)?)));
        Ok(())
    })
}

/// Frees a delta. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_delta_free(delta: Option<Box<bisik_delta>>) {
    release(delta);
}

/// The delta from an earlier version to this one, for everybody to read; otherwise as `bisik_publication_open`.
///
/// `BISIK_SNAPSHOT_NEEDED` if there is none between the two: a filter, a new epoch, another canonical form or length of records.
/// `BISIK_BASE_MISMATCH` if `base` is no earlier version of this feed.
///
/// # Safety
/// `accepted` points to `accepted_len` kinds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_publication_delta_open(
    publication: Option<&bisik_publication>,
    base: Option<&bisik_feed>,
    accepted: *const bisik_kind,
    accepted_len: usize,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (publication, base, out) = (needed(publication)?, needed(base)?, needed(out)?);
        // SAFETY: the caller's promise.
        let accepted = unsafe { slice(accepted, accepted_len) }?;
        let accepted = accepted.iter().map(|&kind| boundary::kind(kind)).collect::<Result<Vec<_>>>()?;
        put(out, bisik_buffer::copy(publication.0.publication.delta(&base.0)?.open(&accepted)?));
        Ok(())
    })
}

/// The delta from an earlier version to this one, sealed as `bisik_publication_seal` does. Fails as `bisik_publication_delta_open`.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publication_delta_seal(
    publication: Option<&bisik_publication>,
    base: Option<&bisik_feed>,
    recipients: Option<&bisik_recipients>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (publication, base, out) = (needed(publication)?, needed(base)?, needed(out)?);
        let recipients = recipients.map_or(&[] as &[_], |recipients| &recipients.0);
        let mut sealed = Vec::new();
        publication.0.publication.delta(&base.0)?.seal(recipients, &mut OsEntropy, &mut sealed)?;
        put(out, bisik_buffer::copy(&sealed));
        Ok(())
    })
}
