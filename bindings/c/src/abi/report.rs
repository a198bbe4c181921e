//! Hits, and what else a look-up gave.

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::sync::Arc;

use bisik::{Certainty, Error, ErrorKind, Feed, Hit, Kind, Matched, Matcher, RecordState, Rejection, Result};

use crate::abi::boundary::{enter, needed, plain, release};
use crate::abi::claim::bisik_claim;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::kind::bisik_kind;
use crate::tables::{self, c_text};

/// How the input and what is listed belong together: one of `BISIK_MATCHED_…`.
pub type bisik_matched = u32;
/// The claim that came with a hit: one of `BISIK_RECORD_…`.
pub type bisik_record = u32;

/// The identifier itself.
pub const BISIK_MATCHED_EXACT: bisik_matched = 0;
/// A listed domain above the domain.
pub const BISIK_MATCHED_PARENT_DOMAIN: bisik_matched = 1;
/// A listed URL that covers the URL.
pub const BISIK_MATCHED_URL_PREFIX: bisik_matched = 2;
/// The host of the URL, or a domain or network above it.
pub const BISIK_MATCHED_URL_HOST: bisik_matched = 3;
/// The domain of the e-mail address, or one above it.
pub const BISIK_MATCHED_EMAIL_DOMAIN: bisik_matched = 4;
/// A listed network that holds the address.
pub const BISIK_MATCHED_NETWORK: bisik_matched = 5;
/// The same thing under another kind, for instance the telephone number of a payment proxy.
pub const BISIK_MATCHED_LINKED: bisik_matched = 6;

/// The feed carries no records.
pub const BISIK_RECORD_NONE: bisik_record = 0;
/// The publisher's claim is there.
pub const BISIK_RECORD_OPENED: bisik_record = 1;
/// There is a record and it does not open: the publisher's fault.
pub const BISIK_RECORD_UNREADABLE: bisik_record = 2;

/// One input that a feed lists.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct bisik_hit {
    /// The input's position in the batch.
    pub index: u64,
    /// How often the feed's filter errs on values that are not listed, in units of 10^-15; 0 for an exact hit.
    pub false_positive_rate: u64,
    /// The feed's position in the matcher.
    pub feed: u32,
    /// The kind of what is listed.
    pub kind: bisik_kind,
    /// How the input and what is listed belong together.
    pub matched: bisik_matched,
    /// Whether there is a claim; see `bisik_report_claim`.
    pub record: bisik_record,
    /// What names the hit to the publisher without naming the value.
    pub hit_id: [u8; 16],
    /// Zero.
    pub reserved: [u8; 16],
}

/// The numbers, which never change, of the names of `Matched`.
pub(crate) const NUMBERS: [(&str, bisik_matched); 7] = [
    ("exact", BISIK_MATCHED_EXACT),
    ("parent-domain", BISIK_MATCHED_PARENT_DOMAIN),
    ("url-prefix", BISIK_MATCHED_URL_PREFIX),
    ("url-host", BISIK_MATCHED_URL_HOST),
    ("email-domain", BISIK_MATCHED_EMAIL_DOMAIN),
    ("network", BISIK_MATCHED_NETWORK),
    ("linked", BISIK_MATCHED_LINKED),
];

/// The number of a way to match.
fn number(matched: Matched) -> bisik_matched {
    NUMBERS.iter().find(|(name, _)| *name == matched.name()).map_or(bisik_matched::MAX, |(_, number)| *number)
}

impl bisik_hit {
    pub(crate) fn new(hit: &Hit) -> Self {
        Self {
            index: hit.index as u64,
            false_positive_rate: match hit.certainty {
                Certainty::Exact => 0,
                Certainty::Probable { false_positive_rate } => false_positive_rate,
            },
            feed: u32::try_from(hit.feed).unwrap_or(u32::MAX),
            kind: hit.matched_kind.number().into(),
            matched: number(hit.matched),
            record: match hit.record {
                RecordState::None => BISIK_RECORD_NONE,
                RecordState::Opened(_) => BISIK_RECORD_OPENED,
                RecordState::Unreadable => BISIK_RECORD_UNREADABLE,
            },
            hit_id: hit.hit_id,
            reserved: [0; 16],
        }
    }
}

/// All that a look-up gave: hits with their claims, and inputs without an answer. It shares the matcher's feeds. Immutable.
pub struct bisik_report {
    matcher: Arc<Matcher>,
    hits: Vec<Row>,
    rejected: Vec<(u64, bisik_status)>,
}

struct Row {
    hit: Hit,
    /// The kind of what was looked up.
    kind: Option<Kind>,
    expression: CString,
    claim: Option<bisik_claim>,
}

impl bisik_report {
    pub(crate) fn new(matcher: Arc<Matcher>) -> Self {
        Self { matcher, hits: Vec::new(), rejected: Vec::new() }
    }

    /// Adds a hit of an input of `kind`. Hits come by rising input.
    pub(crate) fn hit(&mut self, mut hit: Hit, kind: Option<Kind>) {
        let expression = c_text(&std::mem::take(&mut hit.expression));
        let claim =
            if let RecordState::Opened(claim) = &hit.record { Some(bisik_claim::new(claim.clone())) } else { None };
        self.hits.push(Row { hit, kind, expression, claim });
    }

    /// The inputs that the report speaks of, and whether it is of a hit.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = (u64, bool)> {
        let hits = self.hits.iter().map(|row| (row.hit.index as u64, true));
        hits.chain(self.rejected.iter().map(|(index, _)| (*index, false)))
    }

    pub(crate) fn rejected(&mut self, rejection: &Rejection) {
        self.rejected.push((rejection.index as u64, rejection.error.kind().code().into()));
    }

    /// The feeds that the hits are of.
    pub(crate) fn feeds(&self) -> &[Arc<Feed>] {
        self.matcher.feeds()
    }

    /// The kind of an input, and all of its hits; `None` if it has no hit.
    pub(crate) fn hits_of(&self, index: u64) -> Option<(Kind, impl Iterator<Item = &Hit>)> {
        let start = self.hits.partition_point(|row| (row.hit.index as u64) < index);
        let rows = self.hits.get(start..).unwrap_or_default();
        let kind = rows.first().filter(|row| row.hit.index as u64 == index)?.kind?;
        Some((kind, rows.iter().map(|row| &row.hit).take_while(move |hit| hit.index as u64 == index)))
    }

    /// A hit by its position in the report.
    pub(crate) fn at(&self, position: usize) -> Result<&Hit> {
        let row = self.hits.get(position);
        row.map(|row| &row.hit).ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "there is no such hit"))
    }
}

/// How many hits a report has, ordered by input and feed; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_report_hits(report: Option<&bisik_report>) -> usize {
    report.map_or(0, |report| report.hits.len())
}

/// Writes one hit. `BISIK_INVALID_ARGUMENT` beyond the last one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_report_hit(
    report: Option<&bisik_report>,
    position: usize,
    hit: Option<&mut MaybeUninit<bisik_hit>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (report, hit) = (needed(report)?, needed(hit)?);
        hit.write(bisik_hit::new(report.at(position)?));
        Ok(())
    })
}

/// What is listed, in canonical form: as sensitive as the input. Lives as long as the report; NULL beyond the last hit.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_report_expression(report: Option<&bisik_report>, position: usize) -> *const c_char {
    let row = report.and_then(|report| report.hits.get(position));
    row.map_or(std::ptr::null(), |row| row.expression.as_ptr())
}

/// The publisher's claim. Lives as long as the report and is not to be freed; NULL if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_report_claim(report: Option<&bisik_report>, position: usize) -> *const bisik_claim {
    let row = report.and_then(|report| report.hits.get(position));
    row.and_then(|row| row.claim.as_ref()).map_or(std::ptr::null(), std::ptr::from_ref)
}

/// How many inputs could not be looked up, or had a hit that was suppressed; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_report_rejections(report: Option<&bisik_report>) -> usize {
    report.map_or(0, |report| report.rejected.len())
}

/// Writes the input's position and the reason of one rejection. `BISIK_INVALID_ARGUMENT` beyond the last one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_report_rejection(
    report: Option<&bisik_report>,
    position: usize,
    index: Option<&mut MaybeUninit<u64>>,
    reason: Option<&mut MaybeUninit<bisik_status>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (report, index, reason) = (needed(report)?, needed(index)?, needed(reason)?);
        let row = report.rejected.get(position);
        let row = row.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "there is no such rejection"))?;
        index.write(row.0);
        reason.write(row.1);
        Ok(())
    })
}

/// The name of a way to match, for instance `parent-domain`. Static; NULL for an unknown number.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_matched_name(matched: bisik_matched) -> *const c_char {
    plain(std::ptr::null(), || tables::pointer(tables::matched(matched)))
}

/// Frees a report. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_report_free(report: Option<Box<bisik_report>>) {
    release(report);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_match_has_a_number_of_its_own() {
        assert_eq!(Matched::ALL.len(), NUMBERS.len());
        for &matched in Matched::ALL {
            let found = number(matched);
            let name = tables::matched(found).map(|name| name.to_str().unwrap());
            assert_eq!(name, Some(matched.name()));
        }
        assert!(NUMBERS.iter().enumerate().all(|(place, (_, number))| place as bisik_matched == *number));
    }
}
