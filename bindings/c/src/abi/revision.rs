//! The next version made from the previous one alone: withdrawals and additions (`docs/life.md` §2).

use std::ffi::c_char;
use std::mem::MaybeUninit;

use bisik::{Error, ErrorKind, PublishOptions, Result, RetractionReason};

use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::claim::{self, bisik_claim};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::feed::bisik_feed;
use crate::abi::keys::bisik_signing_file;
use crate::abi::kind::bisik_kind;
use crate::abi::memory::text;
use crate::abi::options::{self, bisik_parse_options};
use crate::abi::owned::OwnedRevision;
use crate::abi::publication::bisik_publication;
use crate::abi::publisher::bisik_publish_options;
use crate::abi::retraction::bisik_retraction_reason;
use crate::tables::REASONS;

/// Makes the next version of a feed without its list. Used by one thread at a time.
pub struct bisik_revision(Option<OwnedRevision>);

impl bisik_revision {
    fn open(&mut self) -> Result<&mut OwnedRevision> {
        self.0.as_mut().ok_or_else(consumed)
    }
}

fn consumed() -> Error {
    Error::new(ErrorKind::StateConsumed, "the revision was published")
}

/// Options for the version after `previous`: its feed id, validity, sharing, purpose, contact and form.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publish_options_following(
    previous: Option<&bisik_feed>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_publish_options>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (previous, out) = (needed(previous)?, needed(out)?);
        put(out, bisik_publish_options(PublishOptions::following(&previous.0, boundary::time(now)?)));
        Ok(())
    })
}

/// Begins the version after `previous`, which may have expired, in its epoch. All arguments are copied or shared.
///
/// `BISIK_COMBINATION_NOT_ALLOWED` for a filter and for a new epoch, `BISIK_PREVIOUS_MISMATCH`, `BISIK_CLOCK_WENT_BACK`.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_revision_new(
    signing: Option<&bisik_signing_file>,
    options: Option<&bisik_publish_options>,
    previous: Option<&bisik_feed>,
    out: Option<&mut MaybeUninit<*mut bisik_revision>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (signing, options, previous, out) = (needed(signing)?, needed(options)?, needed(previous)?, needed(out)?);
        put(out, bisik_revision(Some(OwnedRevision::new(&signing.0, options.0.clone(), &previous.0)?)));
        Ok(())
    })
}

/// Parses a raw value and takes its entry out, with what is listed only because of it. Those who acted upon it are told why.
///
/// `BISIK_NOT_LISTED` if the previous version does not list it, `BISIK_FORM_MISMATCH`, and the statuses from 100 to 199. `options` may
/// be NULL.
///
/// # Safety
/// `value` points to `value_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_revision_withdraw(
    revision: Option<&mut bisik_revision>,
    kind: bisik_kind,
    value: *const c_char,
    value_len: usize,
    options: Option<&bisik_parse_options>,
    reason: bisik_retraction_reason,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let revision = needed(revision)?.open()?;
        // SAFETY: the caller's promise.
        let value = unsafe { text(value, value_len) }?;
        let (kind, reason) = (boundary::kind(kind)?, known(reason)?);
        revision.revision.withdraw_raw(kind, value, options::or_default(options), reason)
    })
}

fn known(number: bisik_retraction_reason) -> Result<RetractionReason> {
    let found = REASONS.into_iter().find(|reason| bisik_retraction_reason::from(reason.number()) == number);
    found.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the reason is not one of BISIK_RETRACTION_…"))
}

/// Parses a raw value and adds it to what is carried over; one that is listed already gets the new claim. `options` and `claim` may be
/// NULL.
///
/// As `bisik_publisher_add`, and `BISIK_RECORD_TOO_LONG` for a claim that does not fit the feed's records.
///
/// # Safety
/// `value` points to `value_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_revision_add(
    revision: Option<&mut bisik_revision>,
    kind: bisik_kind,
    value: *const c_char,
    value_len: usize,
    options: Option<&bisik_parse_options>,
    claim: Option<&bisik_claim>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let revision = needed(revision)?.open()?;
        // SAFETY: the caller's promise.
        let value = unsafe { text(value, value_len) }?;
        let kind = boundary::kind(kind)?;
        revision.revision.add_raw(kind, value, options::or_default(options), claim::or_default(claim))
    })
}

/// How many entries are taken out, those included that were listed because of another; 0 after publishing and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_revision_withdrawals(revision: Option<&bisik_revision>) -> u64 {
    revision.and_then(|revision| revision.0.as_ref()).map_or(0, |revision| revision.revision.withdrawals())
}

/// Writes the version and epoch that will be signed: to be on the disk as used before publishing.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_revision_place(
    revision: Option<&bisik_revision>,
    version: Option<&mut MaybeUninit<u64>>,
    epoch: Option<&mut MaybeUninit<u32>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (revision, version, epoch) = (needed(revision)?, needed(version)?, needed(epoch)?);
        let place = revision.0.as_ref().ok_or_else(consumed)?.revision.place();
        version.write(place.0);
        epoch.write(place.1);
        Ok(())
    })
}

/// Makes the version. The revision is empty after that, also on failure: it can only be freed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_revision_publish(
    revision: Option<&mut bisik_revision>,
    out: Option<&mut MaybeUninit<*mut bisik_publication>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (revision, out) = (needed(revision)?, needed(out)?);
        revision.open()?;
        if let Some(full) = revision.0.take() {
            put(out, bisik_publication(full.publish()?));
        }
        Ok(())
    })
}

/// Frees a revision. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_revision_free(revision: Option<Box<bisik_revision>>) {
    release(revision);
}
