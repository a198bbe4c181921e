//! From a hit to the publisher's desk: what a member tells, and how the desk reads it (`docs/sightings.md`).

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;

use bisik::{
    Amount, Contact, Currency, Error, ErrorKind, OsEntropy, Result, Sighting, SightingAction, SightingReport,
    UnverifiedSightings, seal_sightings,
};

use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::feed::bisik_feed;
use crate::abi::keys::{bisik_secrets, bisik_signing_file};
use crate::abi::memory::{optional_text, slice, text};
use crate::abi::publisher::bisik_publish_options;
use crate::abi::trust::bisik_trust;
use crate::tables::c_text;

/// What a member did about a hit: one of `BISIK_ACTION_…`.
pub type bisik_action = u32;

/// The length of every file of sightings, in bytes.
pub const BISIK_SIGHTING_FILE_LENGTH: u32 = 131288;
const _: () = assert!(BISIK_SIGHTING_FILE_LENGTH as usize == bisik::SIGHTING_FILE_LENGTH);

/// Money or the account is held.
pub const BISIK_ACTION_FROZEN: bisik_action = 1;
/// Reported to an authority, and nothing held.
pub const BISIK_ACTION_REPORTED: bisik_action = 2;
/// The payment or call was not carried out.
pub const BISIK_ACTION_DECLINED: bisik_action = 3;
/// Seen, and nothing done.
pub const BISIK_ACTION_NONE: bisik_action = 4;

const ACTIONS: [(bisik_action, SightingAction); 4] = [
    (BISIK_ACTION_FROZEN, SightingAction::FROZEN),
    (BISIK_ACTION_REPORTED, SightingAction::REPORTED),
    (BISIK_ACTION_DECLINED, SightingAction::DECLINED),
    (BISIK_ACTION_NONE, SightingAction::NONE),
];

/// The sightings that a member is about to tell. Used by one thread at a time.
pub struct bisik_sightings(Vec<Sighting>);

/// What a known member told the desk. Immutable.
pub struct bisik_sighting_report {
    pub(crate) report: SightingReport,
    sender_name: CString,
    references: Vec<Option<CString>>,
}

/// One sighting in a report.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct bisik_sighting {
    /// The member's random name for it.
    pub id: [u8; 16],
    /// The hit id.
    pub hit_id: [u8; 16],
    /// When the entry was met, in seconds since 1970.
    pub time: u64,
    /// How much is at stake, in the currency's smallest unit; 0 if that is not said.
    pub amount: u64,
    /// The member's own case number, which lives as long as the report; NULL if there is none.
    pub reference: *const c_char,
    /// What was done; numbers of later versions are possible.
    pub action: bisik_action,
    /// The currency, three capital letters and a NUL; empty without an amount.
    pub currency: [c_char; 4],
}

/// An item, or an error.
pub(crate) fn at<T>(items: &[T], index: usize) -> Result<&T> {
    items.get(index).ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "there is no item with this index"))
}

/// The letters of a currency as C reads them.
pub(crate) fn letters(currency: Option<&Currency>) -> [c_char; 4] {
    let mut letters = [0; 4];
    for (letter, byte) in letters.iter_mut().zip(currency.map_or("", Currency::code).bytes()) {
        *letter = byte as c_char;
    }
    letters
}

/// The key of the feed's desk, one `age1…` text: members seal sightings to it. The rest of the contact stays as it is.
///
/// # Safety
/// `recipient` points to `recipient_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_publish_options_set_desk_key(
    options: Option<&mut bisik_publish_options>,
    recipient: *const c_char,
    recipient_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        let recipient: bisik::Recipient = unsafe { text(recipient, recipient_len) }?.parse()?;
        needed(options)?.0.contact.get_or_insert_with(Contact::default).recipient = Some(recipient.to_string());
        Ok(())
    })
}

/// No sightings yet.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sightings_new() -> Box<bisik_sightings> {
    Box::new(bisik_sightings(Vec::new()))
}

/// Adds a sighting, with a fresh random id.
///
/// `amount` is how much is at stake on that day, in the smallest unit of `currency` (three capital letters, ISO 4217); 0 and (NULL, 0) if that is not
/// said. `reference` is the member's own case number, or (NULL, 0).
///
/// # Safety
/// `hit_id` points to 16 bytes, `currency` to `currency_len` and `reference` to `reference_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_sightings_add(
    sightings: Option<&mut bisik_sightings>,
    hit_id: *const u8,
    time: u64,
    action: bisik_action,
    amount: u64,
    currency: *const c_char,
    currency_len: usize,
    reference: *const c_char,
    reference_len: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let sightings = needed(sightings)?;
        let mut hit = [0; 16];
        // SAFETY: the caller's promise.
        hit.copy_from_slice(unsafe { slice(hit_id, 16) }?);
        // SAFETY: the caller's promise.
        let currency = unsafe { optional_text(currency, currency_len) }?;
        // SAFETY: the caller's promise.
        let reference = unsafe { optional_text(reference, reference_len) }?;
        let action = ACTIONS.iter().find(|(number, _)| *number == action).map(|(_, action)| *action);
        let action = action.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "no action has this number"))?;
        let mut sighting = Sighting::new(hit, boundary::time(time)?, action, &mut OsEntropy)?;
        sighting.amount = match (amount, currency) {
            (0, None) => None,
            (minor, Some(code)) => Some(Amount::new(minor, code.parse()?)?),
            (_, None) => return Err(Error::new(ErrorKind::InvalidArgument, "an amount needs its currency")),
        };
        sighting.reference = reference;
        sighting.check()?;
        sightings.0.push(sighting);
        Ok(())
    })
}

/// Signs the sightings and seals them to the desk that the feed names. Every file has the same length, `BISIK_SIGHTING_FILE_LENGTH`.
///
/// `BISIK_NO_DESK` if the feed names no key of a desk; `BISIK_TOO_MANY_ENTRIES` beyond 500.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sightings_seal(
    sightings: Option<&bisik_sightings>,
    feed: Option<&bisik_feed>,
    sender: Option<&bisik_signing_file>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (sightings, feed, sender, out) = (needed(sightings)?, needed(feed)?, needed(sender)?, needed(out)?);
        let file = seal_sightings(&feed.0, &sightings.0, &sender.0, boundary::time(now)?, &mut OsEntropy)?;
        put(out, bisik_buffer::copy(&file));
        Ok(())
    })
}

/// Frees sightings. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sightings_free(sightings: Option<Box<bisik_sightings>>) {
    release(sightings);
}

/// Opens a file of sightings with the desk's secrets, and verifies that a member in `members` signed it for this desk.
///
/// `BISIK_NO_MATCHING_KEY`, `BISIK_UNTRUSTED`, `BISIK_BAD_SIGNATURE`, `BISIK_NOT_AUTHORISED`, `BISIK_WRONG_DESK` and others.
///
/// # Safety
/// `file` points to `file_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_sighting_report_open(
    file: *const u8,
    file_len: usize,
    secrets: Option<&bisik_secrets>,
    members: Option<&bisik_trust>,
    out: Option<&mut MaybeUninit<*mut bisik_sighting_report>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (secrets, members, out) = (needed(secrets)?, needed(members)?, needed(out)?);
        // SAFETY: the caller's promise.
        let file = unsafe { slice(file, file_len) }?;
        let report = UnverifiedSightings::open(file, &secrets.0)?.verify(&members.0)?;
        let references = report.sightings.iter().map(|sighting| sighting.reference.as_deref().map(c_text)).collect();
        put(out, bisik_sighting_report { sender_name: c_text(&report.sender_name), references, report });
        Ok(())
    })
}

/// The member's name in the desk's own store. It lives as long as the report; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sighting_report_sender(report: Option<&bisik_sighting_report>) -> *const c_char {
    report.map_or(std::ptr::null(), |report| report.sender_name.as_ptr())
}

/// How many sightings it holds; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sighting_report_length(report: Option<&bisik_sighting_report>) -> usize {
    report.map_or(0, |report| report.report.sightings.len())
}

/// One of the sightings.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sighting_report_get(
    report: Option<&bisik_sighting_report>,
    index: usize,
    out: Option<&mut MaybeUninit<bisik_sighting>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (report, out) = (needed(report)?, needed(out)?);
        let sighting = at(&report.report.sightings, index)?;
        let reference = at(&report.references, index)?.as_ref();
        out.write(bisik_sighting {
            id: sighting.id,
            hit_id: sighting.hit_id,
            time: sighting.time.seconds(),
            amount: sighting.amount.map_or(0, |amount| amount.minor),
            reference: reference.map_or(std::ptr::null(), |text| text.as_ptr()),
            action: sighting.action.number().into(),
            currency: letters(sighting.amount.as_ref().map(|amount| &amount.currency)),
        });
        Ok(())
    })
}

/// Frees a report. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sighting_report_free(report: Option<Box<bisik_sighting_report>>) {
    release(report);
}
