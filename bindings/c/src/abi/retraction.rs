//! Learning that an entry one acted upon was withdrawn (`docs/life.md` §2).

use std::ffi::c_char;
use std::mem::MaybeUninit;

use bisik::{Error, ErrorKind, Remembered, Retraction, RetractionList};

use crate::abi::boundary::{self, enter, needed, plain, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::feed::bisik_feed;
use crate::abi::memory::{slice, text};
use crate::abi::publication::bisik_publication;
use crate::abi::report::{bisik_hit, bisik_report};
use crate::abi::trust::bisik_trust;
use crate::tables;

/// A hit that was acted upon, without what was looked up. Immutable.
pub struct bisik_remembered(Remembered);

/// What a publisher withdrew from a feed. Immutable: any number of threads may use it.
pub struct bisik_retraction_list(RetractionList);

/// Why an entry was withdrawn: one of `BISIK_RETRACTION_…`, or a number of a later version.
pub type bisik_retraction_reason = u32;

/// It was listed by mistake.
pub const BISIK_RETRACTION_ERROR: bisik_retraction_reason = 1;
/// Looked into, and cleared.
pub const BISIK_RETRACTION_CLEARED: bisik_retraction_reason = 2;
/// It belongs to its rightful owner again.
pub const BISIK_RETRACTION_RECOVERED: bisik_retraction_reason = 3;
/// A court or authority ordered it.
pub const BISIK_RETRACTION_ORDER: bisik_retraction_reason = 4;
/// Something else.
pub const BISIK_RETRACTION_OTHER: bisik_retraction_reason = 255;

/// An entry that was withdrawn, named by its hit id.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct bisik_retraction {
    /// The day on which it was withdrawn, in seconds since 1970.
    pub withdrawn: u64,
    /// The day from which the retraction is no longer told, in seconds since 1970.
    pub until: u64,
    /// The epoch of the hit id.
    pub epoch: u32,
    /// Why.
    pub reason: bisik_retraction_reason,
    /// The hit id.
    pub hit_id: [u8; 16],
    /// Zero.
    pub reserved: [u8; 16],
}

impl bisik_retraction {
    fn new(entry: &Retraction) -> Self {
        Self {
            withdrawn: entry.withdrawn.seconds(),
            until: entry.until.seconds(),
            epoch: entry.epoch,
            reason: entry.reason.number().into(),
            hit_id: entry.hit_id,
            reserved: [0; 16],
        }
    }
}

/// What to keep of a hit of a report that is acted upon.
///
/// `position` is the hit's in the report. `BISIK_INVALID_ARGUMENT` beyond the last one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_report_remember(
    report: Option<&bisik_report>,
    position: usize,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_remembered>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (report, out) = (needed(report)?, needed(out)?);
        let hit = report.at(position)?;
        let feed = report.feeds().get(hit.feed);
        let feed = feed.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "there is no such feed"))?;
        put(out, bisik_remembered(Remembered::new(feed, hit.hit_id, boundary::time(now)?)));
        Ok(())
    })
}

/// The same for a hit that came without a report. `feed` must be the hit's: `bisik_matcher_feed` at `hit.feed`, of the matcher that gave
/// it.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_remembered_new(
    feed: Option<&bisik_feed>,
    hit: Option<&bisik_hit>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_remembered>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (feed, hit, out) = (needed(feed)?, needed(hit)?, needed(out)?);
        put(out, bisik_remembered(Remembered::new(&feed.0, hit.hit_id, boundary::time(now)?)));
        Ok(())
    })
}

/// Reads what `bisik_remembered_line` gave, or a line of `bisik match --remember`.
///
/// # Safety
/// `line` points to `line_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_remembered_parse(
    line: *const c_char,
    line_len: usize,
    out: Option<&mut MaybeUninit<*mut bisik_remembered>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        put(out, bisik_remembered(Remembered::parse(unsafe { text(line, line_len) }?)?));
        Ok(())
    })
}

/// One line of JSON, without a line break.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_remembered_line(
    remembered: Option<&bisik_remembered>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (remembered, out) = (needed(remembered)?, needed(out)?);
        put(out, bisik_buffer::copy(remembered.0.to_line().as_bytes()));
        Ok(())
    })
}

/// Frees a remembered hit. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_remembered_free(remembered: Option<Box<bisik_remembered>>) {
    release(remembered);
}

/// The retractions that a feed carries; an empty list if it carries none.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_retraction_list_of(
    feed: Option<&bisik_feed>,
    out: Option<&mut MaybeUninit<*mut bisik_retraction_list>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (feed, out) = (needed(feed)?, needed(out)?);
        put(out, bisik_retraction_list(RetractionList::of(&feed.0)));
        Ok(())
    })
}

/// Reads and verifies retractions that came as a file of their own, for those who can no longer open the feed.
///
/// # Safety
/// `data` points to `data_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_retraction_list_read(
    data: *const u8,
    data_len: usize,
    trust: Option<&bisik_trust>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_retraction_list>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (trust, out) = (needed(trust)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        put(out, bisik_retraction_list(RetractionList::read(data, &trust.0, boundary::time(now)?)?));
        Ok(())
    })
}

/// How many entries the list has; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_retraction_list_count(list: Option<&bisik_retraction_list>) -> usize {
    list.map_or(0, |list| list.0.entries.len())
}

/// The version that the list comes with; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_retraction_list_version(list: Option<&bisik_retraction_list>) -> u64 {
    list.map_or(0, |list| list.0.version)
}

/// Writes one entry. `BISIK_INVALID_ARGUMENT` beyond the last one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_retraction_list_entry(
    list: Option<&bisik_retraction_list>,
    position: usize,
    retraction: Option<&mut MaybeUninit<bisik_retraction>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (list, retraction) = (needed(list)?, needed(retraction)?);
        let entry = list.0.entries.get(position);
        let entry = entry.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "there is no such retraction"))?;
        retraction.write(bisik_retraction::new(entry));
        Ok(())
    })
}

/// Whether a remembered hit was withdrawn. If so, `found` is true and `retraction`, which may be NULL, is written.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_retraction_list_find(
    list: Option<&bisik_retraction_list>,
    remembered: Option<&bisik_remembered>,
    found: Option<&mut MaybeUninit<bool>>,
    retraction: Option<&mut MaybeUninit<bisik_retraction>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (list, remembered, found) = (needed(list)?, needed(remembered)?, needed(found)?);
        let entry = list.0.find(&remembered.0);
        found.write(entry.is_some());
        if let (Some(entry), Some(retraction)) = (entry, retraction) {
            retraction.write(bisik_retraction::new(entry));
        }
        Ok(())
    })
}

/// Frees a list of retractions. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_retraction_list_free(list: Option<Box<bisik_retraction_list>>) {
    release(list);
}

/// The name of a reason, for instance `cleared`. Static; NULL for a number that this version does not know.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_retraction_reason_name(reason: bisik_retraction_reason) -> *const c_char {
    plain(std::ptr::null(), || tables::pointer(tables::reason(reason)))
}

/// The retractions of a publication as a signed file of its own.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_publication_retraction_list(
    publication: Option<&bisik_publication>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (publication, out) = (needed(publication)?, needed(out)?);
        put(out, bisik_buffer::copy(&publication.0.publication.retraction_list()?));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use bisik::RetractionReason;

    use super::*;

    #[test]
    fn every_reason_has_its_number_and_name() {
        let numbers = [
            (RetractionReason::ERROR, BISIK_RETRACTION_ERROR),
            (RetractionReason::CLEARED, BISIK_RETRACTION_CLEARED),
            (RetractionReason::RECOVERED, BISIK_RETRACTION_RECOVERED),
            (RetractionReason::ORDER, BISIK_RETRACTION_ORDER),
            (RetractionReason::OTHER, BISIK_RETRACTION_OTHER),
        ];
        assert_eq!(numbers.map(|(reason, _)| reason), tables::REASONS);
        for (reason, number) in numbers {
            assert_eq!(bisik_retraction_reason::from(reason.number()), number, "{reason}");
            assert_eq!(tables::reason(number).and_then(|name| name.to_str().ok()), Some(reason.name()));
        }
    }
}
