//! Looking identifiers up.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use bisik::{Error, ErrorKind, Identifier, Matcher, Report, Result, Threads};

use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::feed::bisik_feed;
use crate::abi::guard::{self, bisik_guard};
use crate::abi::kind::bisik_kind;
use crate::abi::memory::{MOST_THREADS, slice, slice_mut, text, zeroed};
use crate::abi::options::{self, bisik_parse_options};
use crate::abi::report::{bisik_hit, bisik_report};
use crate::batch::{Answer, Column, Kinds, Question};

/// Bit of a mask byte: a feed lists the input.
pub const BISIK_MASK_HIT: u8 = 1;
/// Bit of a mask byte: the input could not be looked up, at least in one feed, or its hit was suppressed.
pub const BISIK_MASK_REJECTED: u8 = 2;

/// Looks identifiers up in several feeds. Immutable: any number of threads may use it.
pub struct bisik_matcher(pub(crate) Arc<Matcher>);

/// A matcher over verified feeds, which it shares: the handles of the feeds can be freed.
///
/// `guard` suppresses hits that would hurt bystanders; NULL is the built-in list.
///
/// # Safety
/// `feeds` points to `feeds_len` handles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_new(
    feeds: *const *const bisik_feed,
    feeds_len: usize,
    guard: Option<&bisik_guard>,
    out: Option<&mut MaybeUninit<*mut bisik_matcher>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise; a pointer and an optional reference have the same layout.
        let feeds = unsafe { slice(feeds.cast::<Option<&bisik_feed>>(), feeds_len) }?;
        put(needed(out)?, bisik_matcher(Arc::new(over(feeds, guard)?)));
        Ok(())
    })
}

/// As `bisik_matcher_new`, for large batches on so many threads, the calling one among them; 0 is as many as the process may run at the
/// same time. They look pieces of 1,024 values and more up side by side, and end before the call does. Results are the same. The
/// functions that take one value use none.
///
/// # Safety
/// `feeds` points to `feeds_len` handles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_new_with_threads(
    feeds: *const *const bisik_feed,
    feeds_len: usize,
    guard: Option<&bisik_guard>,
    threads: usize,
    out: Option<&mut MaybeUninit<*mut bisik_matcher>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise; a pointer and an optional reference have the same layout.
        let feeds = unsafe { slice(feeds.cast::<Option<&bisik_feed>>(), feeds_len) }?;
        let threads = Arc::new(Threads::new(threads).at_most(MOST_THREADS));
        put(needed(out)?, bisik_matcher(Arc::new(over(feeds, guard)?.with_executor(threads))));
        Ok(())
    })
}

fn over(feeds: &[Option<&bisik_feed>], guard: Option<&bisik_guard>) -> Result<Matcher> {
    let shared = |(position, feed): (usize, &Option<&bisik_feed>)| {
        feed.map(|feed| Arc::clone(&feed.0)).ok_or_else(|| Error::from(ErrorKind::NullArgument).at(position as u64))
    };
    let feeds = feeds.iter().enumerate().map(shared).collect::<Result<Vec<_>>>()?;
    Matcher::new(feeds, guard::or_default(guard))
}

/// How many feeds a matcher has; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_matcher_feeds(matcher: Option<&bisik_matcher>) -> usize {
    matcher.map_or(0, |matcher| matcher.0.feeds().len())
}

/// A new handle of one of the matcher's feeds, to be freed. `BISIK_INVALID_ARGUMENT` beyond the last one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_matcher_feed(
    matcher: Option<&bisik_matcher>,
    position: usize,
    out: Option<&mut MaybeUninit<*mut bisik_feed>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, out) = (needed(matcher)?, needed(out)?);
        let feed = matcher.0.feeds().get(position);
        let feed = feed.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "there is no such feed"))?;
        put(out, bisik_feed(Arc::clone(feed)));
        Ok(())
    })
}

/// Looks one raw value up.
///
/// Writes the number of hits, one a feed at most, and the first `hits_len` of them. (NULL, 0) asks for the number alone; if an array
/// is given and too short, the answer is `BISIK_TOO_MANY_HITS` and the number needed is written. A value that cannot be looked up
/// gives the reason as status: 100 to 199, `BISIK_FORM_MISMATCH`, or for a hit that was suppressed `BISIK_GUARDED` (the guard list) or
/// `BISIK_OUT_OF_SCOPE` (what the trust store lets its publisher list). `BISIK_EXPIRED` if a feed has expired; the position is the feed's.
///
/// # Safety
/// `value` points to `value_len` bytes, `hits` to `hits_len` places.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_check(
    matcher: Option<&bisik_matcher>,
    kind: bisik_kind,
    value: *const c_char,
    value_len: usize,
    options: Option<&bisik_parse_options>,
    now: u64,
    hits: *mut bisik_hit,
    hits_len: usize,
    hits_count: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        // SAFETY: the caller's promise.
        let value = unsafe { text(value, value_len) }?;
        // SAFETY: the caller's promise.
        let hits = unsafe { slice_mut(hits, hits_len) }?;
        check(&needed(matcher)?.0, (kind, value), options, now, hits, needed(hits_count)?)
    })
}

/// The body of `bisik_matcher_check` and `bisik_live_check`.
pub(crate) fn check(
    matcher: &Matcher,
    (kind, value): (bisik_kind, &str),
    options: Option<&bisik_parse_options>,
    now: u64,
    hits: &mut [MaybeUninit<bisik_hit>],
    hits_count: &mut MaybeUninit<usize>,
) -> Result<()> {
    let report = look_up(matcher, (kind, value), options, now)?;
    for (place, hit) in hits.iter_mut().zip(&report.hits) {
        place.write(bisik_hit::new(hit));
    }
    enough(report.hits.len(), hits.len(), hits_count)
}

/// Looks one value up; without a hit, the first reason not to have an answer is the error.
fn look_up(
    matcher: &Matcher,
    (kind, value): (bisik_kind, &str),
    options: Option<&bisik_parse_options>,
    now: u64,
) -> Result<Report> {
    let identifier = Identifier::parse(boundary::kind(kind)?, value, options::or_default(options))?;
    let mut report = matcher.check(&identifier, boundary::time(now)?)?;
    if report.hits.is_empty() && !report.rejected.is_empty() {
        return Err(report.rejected.swap_remove(0).error);
    }
    Ok(report)
}

/// Writes how many hits there are, and complains if an array was given and is too short.
fn enough(found: usize, places: usize, count: &mut MaybeUninit<usize>) -> Result<()> {
    count.write(found);
    if places > 0 && found > places {
        return Err(Error::from(ErrorKind::TooManyHits).at(found as u64));
    }
    Ok(())
}

/// Looks one raw value up, and gives a report with the listed expressions and claims. Otherwise as `bisik_matcher_check`.
///
/// # Safety
/// `value` points to `value_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_check_report(
    matcher: Option<&bisik_matcher>,
    kind: bisik_kind,
    value: *const c_char,
    value_len: usize,
    options: Option<&bisik_parse_options>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_report>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, out) = (needed(matcher)?, needed(out)?);
        // SAFETY: the caller's promise.
        let value = unsafe { text(value, value_len) }?;
        let found = look_up(&matcher.0, (kind, value), options, now)?;
        let (kind, mut report) = (boundary::kind(kind)?, bisik_report::new(Arc::clone(&matcher.0)));
        found.hits.into_iter().for_each(|hit| report.hit(hit, Some(kind)));
        found.rejected.iter().for_each(|rejection| report.rejected(rejection));
        put(out, report);
        Ok(())
    })
}

/// Looks `count` raw values of one kind up, in the Arrow layout: value i is `data[offsets[i] .. offsets[i + 1]]`.
///
/// `mask` is NULL or has `count` places; each gets `BISIK_MASK_HIT` and `BISIK_MASK_REJECTED` as they apply, or 0. Hits are written by
/// rising input and feed. (NULL, 0) asks for their number alone. If an array is given and too short, the answer is
/// `BISIK_TOO_MANY_HITS`: the mask is complete, the array is full, and the number needed is written. A value that cannot be looked up
/// does not stop the batch; `bisik_matcher_match_report` tells why. `BISIK_EXPIRED` if a feed has expired; the position is the feed's.
///
/// # Safety
/// `data` points to `data_len` bytes, `offsets` to `count + 1` numbers, `mask` is NULL or points to `count` bytes, `hits` points to
/// `hits_len` places.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_match(
    matcher: Option<&bisik_matcher>,
    kind: bisik_kind,
    data: *const u8,
    data_len: usize,
    offsets: *const i64,
    count: usize,
    options: Option<&bisik_parse_options>,
    now: u64,
    mask: *mut u8,
    hits: *mut bisik_hit,
    hits_len: usize,
    hits_count: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, hits_count) = (needed(matcher)?, needed(hits_count)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        // SAFETY: the caller's promise.
        let column = Column::new(data, unsafe { slice(offsets, Column::offsets_for(count)?) }?)?;
        // SAFETY: the caller's promise.
        let hits = unsafe { slice_mut(hits, hits_len) }?;
        let question = question(&matcher.0, Kinds::one(kind)?, options, now)?;
        // SAFETY: the caller's promise.
        let mask = unsafe { zeroed(mask, count) }?;
        batch(&question, &column, mask, hits, hits_count)
    })
}

/// Which of `count` raw values of one kind are listed: the mask of `bisik_matcher_match` without its hits, and faster, because
/// nothing is made for a hit. `mask` has `count` places; if this fails, what is in them is not to be used.
///
/// # Safety
/// As `bisik_matcher_match`; `mask` points to `count` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_mask(
    matcher: Option<&bisik_matcher>,
    kind: bisik_kind,
    data: *const u8,
    data_len: usize,
    offsets: *const i64,
    count: usize,
    options: Option<&bisik_parse_options>,
    now: u64,
    mask: *mut u8,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let matcher = needed(matcher)?;
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        // SAFETY: the caller's promise.
        let column = Column::new(data, unsafe { slice(offsets, Column::offsets_for(count)?) }?)?;
        let question = question(&matcher.0, Kinds::one(kind)?, options, now)?;
        // SAFETY: the caller's promise.
        let mask = unsafe { zeroed(mask, count) }?;
        if mask.len() != column.len() {
            return Err(Error::new(ErrorKind::InvalidArgument, "a mask is needed"));
        }
        question.mask(
            column.len(),
            |row| Some(column.value(row)),
            |row, bits| mask.get_mut(row).into_iter().for_each(|place| *place = bits),
        )
    })
}

/// Looks `count` raw values up, each of a kind of its own: value i is of `kinds[i]`. A value whose kind is unknown is rejected.
///
/// Otherwise as `bisik_matcher_match`.
///
/// # Safety
/// As `bisik_matcher_match`; `kinds` points to `count` kinds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_match_mixed(
    matcher: Option<&bisik_matcher>,
    kinds: *const bisik_kind,
    data: *const u8,
    data_len: usize,
    offsets: *const i64,
    count: usize,
    options: Option<&bisik_parse_options>,
    now: u64,
    mask: *mut u8,
    hits: *mut bisik_hit,
    hits_len: usize,
    hits_count: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, hits_count) = (needed(matcher)?, needed(hits_count)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        // SAFETY: the caller's promise.
        let column = Column::new(data, unsafe { slice(offsets, Column::offsets_for(count)?) }?)?;
        // SAFETY: the caller's promise.
        let kinds = Kinds::Each(unsafe { slice(kinds, count) }?);
        // SAFETY: the caller's promise.
        let hits = unsafe { slice_mut(hits, hits_len) }?;
        let question = question(&matcher.0, kinds, options, now)?;
        // SAFETY: the caller's promise.
        let mask = unsafe { zeroed(mask, count) }?;
        batch(&question, &column, mask, hits, hits_count)
    })
}

/// The body of `bisik_matcher_match` and `bisik_matcher_match_mixed`.
fn batch(
    question: &Question<'_>,
    column: &Column<'_>,
    mask: &mut [u8],
    hits: &mut [MaybeUninit<bisik_hit>],
    hits_count: &mut MaybeUninit<usize>,
) -> Result<()> {
    let mut found = 0;
    question.ask(
        column.len(),
        |row| Some(column.value(row)),
        |answer| match answer {
            Answer::Hit(hit) => {
                hits.get_mut(found).map(|place| place.write(bisik_hit::new(&hit)));
                found += 1;
                if let Some(place) = mask.get_mut(hit.index) {
                    *place |= BISIK_MASK_HIT;
                }
            }
            Answer::Rejected(rejection) => {
                if let Some(place) = mask.get_mut(rejection.index) {
                    *place |= BISIK_MASK_REJECTED;
                }
            }
        },
    )?;
    enough(found, hits.len(), hits_count)
}

/// A question about the values of a batch.
pub(crate) fn question<'a>(
    matcher: &'a Matcher,
    kinds: Kinds<'a>,
    options: Option<&'a bisik_parse_options>,
    now: u64,
) -> Result<Question<'a>> {
    Ok(Question { matcher, kinds, options: options::or_default(options), now: boundary::time(now)? })
}

/// Looks many raw values up, and gives a report: hits with the listed expressions and claims, and why values were rejected.
///
/// Arguments as in `bisik_matcher_match`.
///
/// # Safety
/// `data` points to `data_len` bytes and `offsets` to `count + 1` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_match_report(
    matcher: Option<&bisik_matcher>,
    kind: bisik_kind,
    data: *const u8,
    data_len: usize,
    offsets: *const i64,
    count: usize,
    options: Option<&bisik_parse_options>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_report>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, out) = (needed(matcher)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        // SAFETY: the caller's promise.
        let column = Column::new(data, unsafe { slice(offsets, Column::offsets_for(count)?) }?)?;
        put(out, reported(&matcher.0, Kinds::one(kind)?, &column, options, now)?);
        Ok(())
    })
}

/// The same for values of different kinds, as in `bisik_matcher_match_mixed`.
///
/// # Safety
/// As `bisik_matcher_match_report`; `kinds` points to `count` kinds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_match_mixed_report(
    matcher: Option<&bisik_matcher>,
    kinds: *const bisik_kind,
    data: *const u8,
    data_len: usize,
    offsets: *const i64,
    count: usize,
    options: Option<&bisik_parse_options>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_report>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, out) = (needed(matcher)?, needed(out)?);
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, data_len) }?;
        // SAFETY: the caller's promise.
        let column = Column::new(data, unsafe { slice(offsets, Column::offsets_for(count)?) }?)?;
        // SAFETY: the caller's promise.
        let kinds = Kinds::Each(unsafe { slice(kinds, count) }?);
        put(out, reported(&matcher.0, kinds, &column, options, now)?);
        Ok(())
    })
}

fn reported(
    matcher: &Arc<Matcher>,
    kinds: Kinds<'_>,
    column: &Column<'_>,
    options: Option<&bisik_parse_options>,
    now: u64,
) -> Result<bisik_report> {
    let mut report = bisik_report::new(Arc::clone(matcher));
    question(matcher, kinds, options, now)?.ask(
        column.len(),
        |row| Some(column.value(row)),
        |answer| match answer {
            Answer::Hit(hit) => {
                let kind = kinds.at(hit.index).ok();
                report.hit(hit, kind);
            }
            Answer::Rejected(rejection) => report.rejected(&rejection),
        },
    )?;
    Ok(report)
}

/// Frees a matcher. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_matcher_free(matcher: Option<Box<bisik_matcher>>) {
    release(matcher);
}
