//! What a desk makes of sightings: each counted once, joined to the publisher's own list, and put in order (`docs/sightings.md` §3 and §4).

use std::ffi::c_char;
use std::mem::MaybeUninit;

use bisik::{Call, Currency, Error, ErrorKind, HitFinder, Identifier, Joined, Result, SightingLedger};

use crate::abi::blind_server::bisik_oprf_key;
use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{BISIK_OK, bisik_error, bisik_status};
use crate::abi::feed::bisik_feed;
use crate::abi::kind::bisik_kind;
use crate::abi::memory::{slice_mut, text};
use crate::abi::options::{self, bisik_parse_options};
use crate::abi::sighting::{at, bisik_sighting_report, letters};

/// A desk's memory of one feed's sightings. Used by one thread at a time.
pub struct bisik_sighting_ledger(SightingLedger);

/// Finds the entries of a list that hit ids stand for. Used by one thread at a time.
pub struct bisik_hit_finder(Option<HitFinder>);

/// Which entries of a list some hit ids stand for. Used by one thread at a time.
pub struct bisik_joined(Joined);

/// The call list: the entries that members met, whom to call about first at the head. Immutable.
pub struct bisik_calls(Vec<Call>);

/// The sightings of one entry.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct bisik_call {
    /// The entry, if `has_entry`.
    pub entry: u64,
    /// How many sightings count.
    pub sightings: u64,
    /// The oldest one, in seconds since 1970.
    pub first: u64,
    /// The newest one, in seconds since 1970.
    pub last: u64,
    /// One of its hit ids: of the earliest epoch.
    pub hit_id: [u8; 16],
    /// How many members told of it.
    pub senders: u32,
    /// In how many currencies there are sums.
    pub amounts: u32,
    /// Points, 0 to 100: the sum of the three that follow.
    pub score: u8,
    /// 0 to 40.
    pub score_recency: u8,
    /// 0 to 40.
    pub score_senders: u8,
    /// 0 to 20.
    pub score_amount: u8,
    /// Whether the list has the entry.
    pub has_entry: bool,
    /// Zero.
    pub reserved: [u8; 3],
}

/// An empty ledger for a feed, which knows this version of it.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sighting_ledger_new(
    feed: Option<&bisik_feed>,
    out: Option<&mut MaybeUninit<*mut bisik_sighting_ledger>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (feed, out) = (needed(feed)?, needed(out)?);
        put(out, bisik_sighting_ledger(SightingLedger::new(&feed.0)));
        Ok(())
    })
}

/// Reads the text of a ledger.
///
/// # Safety
/// `content` points to `content_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_sighting_ledger_parse(
    content: *const c_char,
    content_len: usize,
    out: Option<&mut MaybeUninit<*mut bisik_sighting_ledger>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        let ledger = SightingLedger::parse(unsafe { text(content, content_len) }?)?;
        put(out, bisik_sighting_ledger(ledger));
        Ok(())
    })
}

/// The ledger as text: it must be on the disk before what it counts is shown.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sighting_ledger_text(
    ledger: Option<&bisik_sighting_ledger>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (ledger, out) = (needed(ledger)?, needed(out)?);
        put(out, bisik_buffer::copy(ledger.0.to_text().as_bytes()));
        Ok(())
    })
}

/// Lets the ledger know another version of its feed, so that sightings of it are taken.
///
/// `BISIK_WRONG_FEED`; `BISIK_EQUIVOCATION` if another feed with this version number is known.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sighting_ledger_learn(
    ledger: Option<&mut bisik_sighting_ledger>,
    feed: Option<&bisik_feed>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (ledger, feed) = (needed(ledger)?, needed(feed)?);
        ledger.0.learn(&feed.0).map(|_| ())
    })
}

/// Takes what a member told. `outcomes` has room for each sighting of the report, or is (NULL, 0): it gets `BISIK_OK` for what counts, and
/// otherwise `BISIK_REPLAYED`, `BISIK_COPIED`, `BISIK_SAME_DAY`, `BISIK_STALE` or `BISIK_NOT_YET_VALID`. `counted` may be NULL.
///
/// On failure nothing of it is taken: `BISIK_WRONG_FEED`, `BISIK_WRONG_EPOCH`, `BISIK_EQUIVOCATION`, `BISIK_NOT_YET_VALID`,
/// `BISIK_CLOCK_WENT_BACK`, `BISIK_TOO_MANY_ENTRIES`.
///
/// # Safety
/// `outcomes` points to `outcomes_len` items.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_sighting_ledger_take(
    ledger: Option<&mut bisik_sighting_ledger>,
    report: Option<&bisik_sighting_report>,
    now: u64,
    outcomes: *mut bisik_status,
    outcomes_len: usize,
    counted: Option<&mut MaybeUninit<u64>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (ledger, report) = (needed(ledger)?, needed(report)?);
        // SAFETY: the caller's promise.
        let outcomes = unsafe { slice_mut(outcomes, outcomes_len) }?;
        if !outcomes.is_empty() && outcomes.len() < report.report.sightings.len() {
            return Err(Error::new(ErrorKind::InvalidArgument, "less room for outcomes than there are sightings"));
        }
        let told = ledger.0.take(&report.report, boundary::time(now)?)?;
        counted.map(|counted| counted.write(told.iter().filter(|outcome| outcome.is_ok()).count() as u64));
        for (place, outcome) in outcomes.iter_mut().zip(&told) {
            place.write(outcome.as_ref().err().map_or(BISIK_OK, |error| error.kind().code().into()));
        }
        Ok(())
    })
}

/// How many sightings count; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sighting_ledger_length(ledger: Option<&bisik_sighting_ledger>) -> usize {
    ledger.map_or(0, |ledger| ledger.0.entries().len())
}

/// The call list at a time. `joined` says which entries hit ids stand for; NULL if nothing was joined.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sighting_ledger_calls(
    ledger: Option<&bisik_sighting_ledger>,
    joined: Option<&bisik_joined>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_calls>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (ledger, out) = (needed(ledger)?, needed(out)?);
        let nothing = Joined::new();
        let joined = joined.map_or(&nothing, |joined| &joined.0);
        put(out, bisik_calls(ledger.0.calls(joined, boundary::time(now)?)));
        Ok(())
    })
}

/// Frees a ledger. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_sighting_ledger_free(ledger: Option<Box<bisik_sighting_ledger>>) {
    release(ledger);
}

/// Looks for the hit ids that a ledger has of the epoch of `feed`. A blind feed needs its OPRF key; otherwise NULL.
///
/// `BISIK_OPRF_KEY_MISMATCH`.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_hit_finder_new(
    feed: Option<&bisik_feed>,
    oprf: Option<&bisik_oprf_key>,
    ledger: Option<&bisik_sighting_ledger>,
    out: Option<&mut MaybeUninit<*mut bisik_hit_finder>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (feed, ledger, out) = (needed(feed)?, needed(ledger)?, needed(out)?);
        let wanted = ledger.0.hits(feed.0.manifest().epoch);
        put(out, bisik_hit_finder(Some(HitFinder::new(&feed.0, oprf.map(bisik_oprf_key::key), wanted)?)));
        Ok(())
    })
}

fn open(finder: &mut bisik_hit_finder) -> Result<&mut HitFinder> {
    finder.0.as_mut().ok_or_else(|| Error::new(ErrorKind::StateConsumed, "the finder has finished"))
}

/// Looks at an entry of the publisher's own list; `entry` is what it will be called by. A value that cannot be read is an error, and looked at no
/// further.
///
/// # Safety
/// `value` points to `value_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_hit_finder_add(
    finder: Option<&mut bisik_hit_finder>,
    entry: u64,
    kind: bisik_kind,
    value: *const c_char,
    value_len: usize,
    options: Option<&bisik_parse_options>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let finder = open(needed(finder)?)?;
        // SAFETY: the caller's promise.
        let value = unsafe { text(value, value_len) }?;
        let identifier = Identifier::parse_first(boundary::kind(kind)?, value, options::or_default(options))?;
        finder.add(entry, &identifier)
    })
}

/// What was found. The finder is used up.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_hit_finder_finish(
    finder: Option<&mut bisik_hit_finder>,
    out: Option<&mut MaybeUninit<*mut bisik_joined>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (finder, out) = (needed(finder)?, needed(out)?);
        open(finder)?;
        let found = finder.0.take().map(HitFinder::finish).transpose()?;
        put(out, bisik_joined(found.unwrap_or_default()));
        Ok(())
    })
}

/// Frees a finder. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_hit_finder_free(finder: Option<Box<bisik_hit_finder>>) {
    release(finder);
}

/// Takes over what was found in another epoch of the same list; `other` must not be `joined`.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_joined_join(
    joined: Option<&mut bisik_joined>,
    other: Option<&bisik_joined>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (joined, other) = (needed(joined)?, needed(other)?);
        joined.0.join(other.0.clone());
        Ok(())
    })
}

/// How many hit ids were found; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_joined_length(joined: Option<&bisik_joined>) -> usize {
    joined.map_or(0, |joined| joined.0.len())
}

/// Frees what was joined. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_joined_free(joined: Option<Box<bisik_joined>>) {
    release(joined);
}

/// How many entries members met; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_calls_length(calls: Option<&bisik_calls>) -> usize {
    calls.map_or(0, |calls| calls.0.len())
}

/// One entry of the call list.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_calls_get(
    calls: Option<&bisik_calls>,
    index: usize,
    out: Option<&mut MaybeUninit<bisik_call>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (calls, out) = (needed(calls)?, needed(out)?);
        let call = at(&calls.0, index)?;
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        out.write(bisik_call {
            entry: call.entry.unwrap_or(0),
            sightings: call.sightings,
            first: call.first.seconds(),
            last: call.last.seconds(),
            hit_id: call.hits.first().map_or([0; 16], |(_, hit_id)| *hit_id),
            senders: count(call.senders.len()),
            amounts: count(call.amounts.len()),
            score: call.score.total(),
            score_recency: call.score.recency,
            score_senders: call.score.senders,
            score_amount: call.score.amount,
            has_entry: call.entry.is_some(),
            reserved: [0; 3],
        });
        Ok(())
    })
}

/// The id of one of the members that told of an entry, 32 bytes.
///
/// # Safety
/// `id` points to 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_calls_sender(
    calls: Option<&bisik_calls>,
    index: usize,
    sender: usize,
    id: *mut u8,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let call = at(&needed(calls)?.0, index)?;
        let found = at(&call.senders, sender)?;
        // SAFETY: the caller's promise.
        for (place, byte) in unsafe { slice_mut(id, 32) }?.iter_mut().zip(found.as_bytes()) {
            place.write(*byte);
        }
        Ok(())
    })
}

/// One of an entry's sums: how much, in the smallest unit of `currency`, which gets three capital letters and a NUL.
///
/// # Safety
/// `currency` points to 4 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_calls_amount(
    calls: Option<&bisik_calls>,
    index: usize,
    amount: usize,
    minor: Option<&mut MaybeUninit<u64>>,
    currency: *mut c_char,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (call, minor) = (at(&needed(calls)?.0, index)?, needed(minor)?);
        let sums: Vec<(&Currency, &u64)> = call.amounts.iter().collect();
        let (code, sum) = at(&sums, amount)?;
        // SAFETY: the caller's promise.
        for (place, letter) in unsafe { slice_mut(currency, 4) }?.iter_mut().zip(letters(Some(code))) {
            place.write(letter);
        }
        minor.write(**sum);
        Ok(())
    })
}

/// Frees a call list. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_calls_free(calls: Option<Box<bisik_calls>>) {
    release(calls);
}
