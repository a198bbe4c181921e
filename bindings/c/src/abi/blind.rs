//! The member's side of blind mode: a batch between request and answer.

use std::mem::MaybeUninit;
use std::sync::Arc;

use bisik::{BlindOptions, Error, ErrorKind, Identifier, Matcher, OsEntropy, Prepared, Result};

use crate::abi::boundary::{self, enter, needed, plain, put, release};
use crate::abi::buffer::bisik_buffer;
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::keys::bisik_signing_file;
use crate::abi::kind::bisik_kind;
use crate::abi::matcher::{BISIK_MASK_HIT, BISIK_MASK_REJECTED, bisik_matcher};
use crate::abi::memory::{slice, utf8, zeroed};
use crate::abi::options::{self, bisik_parse_options};
use crate::abi::report::bisik_report;
use crate::batch::{Column, Kinds};

/// A batch between request and answer: as secret as its values, used once. Used by one thread at a time. Wiped when freed.
pub struct bisik_prepared(Option<Prepared>);

impl bisik_prepared {
    fn open(&self) -> Result<&Prepared> {
        self.0.as_ref().ok_or_else(consumed)
    }
}

fn consumed() -> Error {
    Error::new(ErrorKind::StateConsumed, "the batch was finished before")
}

/// Whether a feed of the matcher is blind: then batches are prepared and finished. False for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_matcher_has_blind(matcher: Option<&bisik_matcher>) -> bool {
    plain(false, || matcher.is_some_and(|matcher| matcher.0.has_blind()))
}

/// Blinds `count` raw values of one kind for the servers of the matcher's blind feeds. Values as in `bisik_matcher_match`.
///
/// Send each request to the server of its feed, then call `bisik_matcher_finish` with the answers. `signing` signs the requests; each
/// server knows its card. `pad` fills requests up to a power of two, which hides how many values there are and counts against the
/// budget. A value that cannot be looked up does not stop the batch: the report tells why. `BISIK_EXPIRED` if a feed has expired.
///
/// # Safety
/// `data` points to `data_len` bytes and `offsets` to `count + 1` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_prepare(
    matcher: Option<&bisik_matcher>,
    kind: bisik_kind,
    data: *const u8,
    data_len: usize,
    offsets: *const i64,
    count: usize,
    options: Option<&bisik_parse_options>,
    signing: Option<&bisik_signing_file>,
    pad: bool,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_prepared>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, signing, out) = (needed(matcher)?, needed(signing)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        // SAFETY: the caller's promise.
        let column = Column::new(data, unsafe { slice(offsets, Column::offsets_for(count)?) }?)?;
        put(out, prepare(&matcher.0, Kinds::one(kind)?, &column, options, (signing, pad), now)?);
        Ok(())
    })
}

/// The same for values of different kinds: value i is of `kinds[i]`. A value whose kind is unknown is rejected.
///
/// # Safety
/// As `bisik_matcher_prepare`; `kinds` points to `count` kinds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_prepare_mixed(
    matcher: Option<&bisik_matcher>,
    kinds: *const bisik_kind,
    data: *const u8,
    data_len: usize,
    offsets: *const i64,
    count: usize,
    options: Option<&bisik_parse_options>,
    signing: Option<&bisik_signing_file>,
    pad: bool,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_prepared>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, signing, out) = (needed(matcher)?, needed(signing)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        // SAFETY: the caller's promise.
        let column = Column::new(data, unsafe { slice(offsets, Column::offsets_for(count)?) }?)?;
        // SAFETY: the caller's promise.
        let kinds = Kinds::Each(unsafe { slice(kinds, count) }?);
        put(out, prepare(&matcher.0, kinds, &column, options, (signing, pad), now)?);
        Ok(())
    })
}

fn prepare(
    matcher: &Matcher,
    kinds: Kinds<'_>,
    column: &Column<'_>,
    options: Option<&bisik_parse_options>,
    (signing, pad): (&bisik_signing_file, bool),
    now: u64,
) -> Result<bisik_prepared> {
    let options = options::or_default(options);
    let parse = |row| Identifier::parse_first(kinds.at(row)?, utf8(column.value(row))?, options);
    let parsed = (0..column.len()).map(parse).collect();
    let now = boundary::time(now)?;
    let prepared = matcher.prepare_parsed(parsed, &signing.0.key, &BlindOptions { pad }, now, &mut OsEntropy)?;
    Ok(bisik_prepared(Some(prepared)))
}

/// How many requests a batch has, perhaps none; 0 for NULL and once it was finished.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_prepared_requests(prepared: Option<&bisik_prepared>) -> usize {
    prepared.and_then(|prepared| prepared.0.as_ref()).map_or(0, |prepared| prepared.requests().len())
}

/// How many evaluations all requests cost, padding included; 0 for NULL and once it was finished.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_prepared_queries(prepared: Option<&bisik_prepared>) -> u64 {
    prepared.and_then(|prepared| prepared.0.as_ref()).map_or(0, Prepared::queries)
}

/// A request: its feed's position in the matcher, the evaluations that it costs, and what is sent. `feed` and `queries` may be NULL.
///
/// `BISIK_INVALID_ARGUMENT` beyond the last one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_prepared_request(
    prepared: Option<&bisik_prepared>,
    position: usize,
    feed: Option<&mut MaybeUninit<usize>>,
    queries: Option<&mut MaybeUninit<u64>>,
    bytes: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (prepared, bytes) = (needed(prepared)?.open()?, needed(bytes)?);
        let request = prepared.requests().get(position);
        let request = request.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "there is no such request"))?;
        feed.map(|feed| feed.write(request.feed));
        queries.map(|queries| queries.write(request.queries));
        put(bytes, bisik_buffer::copy(&request.bytes));
        Ok(())
    })
}

/// The state for a later `bisik_matcher_finish`, perhaps of another process: as secret as the values, and to be used once.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_prepared_to_bytes(
    prepared: Option<&bisik_prepared>,
    out: Option<&mut MaybeUninit<*mut bisik_buffer>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (prepared, out) = (needed(prepared)?.open()?, needed(out)?);
        put(out, bisik_buffer::copy(&prepared.to_bytes()));
        Ok(())
    })
}

/// Takes up a state that was kept, for a matcher with the same feeds in the same epochs; otherwise `BISIK_WRONG_EPOCH`.
///
/// # Safety
/// `data` points to `data_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_prepared_from_bytes(
    data: *const u8,
    data_len: usize,
    matcher: Option<&bisik_matcher>,
    out: Option<&mut MaybeUninit<*mut bisik_prepared>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, out) = (needed(matcher)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        put(out, bisik_prepared(Some(Prepared::from_bytes(data, &matcher.0)?)));
        Ok(())
    })
}

/// Checks the answers' proofs and gives the report that matching the batch would have given.
///
/// `answers` are all answers, one after the other in any order. The batch is used up after that, also on failure: it can only be
/// freed; a further call is `BISIK_STATE_CONSUMED`. Keep `bisik_prepared_to_bytes` if answers may be missing.
///
/// `BISIK_BAD_PROOF`, `BISIK_BAD_ELEMENT` or `BISIK_COUNT_MISMATCH`: the server did not do what the signed feed says. A request
/// without an answer is `BISIK_ANSWER_MISSING`; the position is the request's. `BISIK_EXPIRED` as in matching.
///
/// # Safety
/// `answers` points to `answers_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_finish(
    matcher: Option<&bisik_matcher>,
    prepared: Option<&mut bisik_prepared>,
    answers: *const u8,
    answers_len: usize,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_report>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, prepared, out) = (needed(matcher)?, needed(prepared)?, needed(out)?);
        // SAFETY: the caller's promise.
        let answers = unsafe { slice(answers, answers_len) }?;
        let now = boundary::time(now)?;
        let prepared = prepared.0.take().ok_or_else(consumed)?;
        let kinds: Vec<_> = (0..prepared.inputs()).map(|index| prepared.kind(index)).collect();
        let found = matcher.0.finish(prepared, &[answers], now)?;
        let mut report = bisik_report::new(Arc::clone(&matcher.0));
        for hit in found.hits {
            let kind = kinds.get(hit.index).copied().flatten();
            report.hit(hit, kind);
        }
        found.rejected.iter().for_each(|rejection| report.rejected(rejection));
        put(out, report);
        Ok(())
    })
}

/// Wipes and frees a batch. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_prepared_free(prepared: Option<Box<bisik_prepared>>) {
    release(prepared);
}

/// Writes the mask that `bisik_matcher_match` would have written: a byte for each of `count` inputs.
///
/// `BISIK_INVALID_ARGUMENT` if the report speaks of inputs beyond `count`; the mask is then all zero.
///
/// # Safety
/// `mask` points to `count` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_report_mask(
    report: Option<&bisik_report>,
    mask: *mut u8,
    count: usize,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let report = needed(report)?;
        if mask.is_null() && count > 0 {
            return Err(ErrorKind::NullArgument.into());
        }
        // SAFETY: the caller's promise.
        let mask = unsafe { zeroed(mask, count) }?;
        if report.inputs().any(|(index, _)| index >= count as u64) {
            return Err(Error::new(ErrorKind::InvalidArgument, "the report has more inputs than the mask"));
        }
        for (index, hit) in report.inputs() {
            if let Some(place) = usize::try_from(index).ok().and_then(|index| mask.get_mut(index)) {
                *place |= if hit { BISIK_MASK_HIT } else { BISIK_MASK_REJECTED };
            }
        }
        Ok(())
    })
}
