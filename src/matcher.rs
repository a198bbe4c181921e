//! Matching: identifiers in, hits with reasons out.

// floor 1
mod batch;
// floor 1
mod inputs;
// floor 3
mod blind;
// floor 1
mod wide;

pub use blind::{BlindOptions, Prepared, PreparedRequest};

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Executor, Inline};
use crate::feed::{Feed, Found};
use crate::guard::Guard;
use crate::identifier::{Expression, Identifier, Kind, Matched, ParseOptions};
use crate::indicator::Claim;
use crate::matcher::batch::{Answers, Holding, Holdings, Place, TILE, Tile};
use crate::matcher::inputs::{AHEAD, Inputs};
use crate::matcher::wide::Pieces;
use crate::time::Timestamp;

// floor 2
/// Looks identifiers up in several feeds at once.
#[derive(Debug)]
pub struct Matcher {
    feeds: Vec<Arc<Feed>>,
    /// What each feed holds, and what any of them does.
    holdings: Vec<Holdings>,
    held: Holdings,
    guard: Guard,
    pieces: Pieces,
}

// floor 0
/// A raw value to look up.
#[derive(Clone, Copy)]
pub struct RawInput<'a> {
    /// What it is.
    pub kind: Kind,
    /// The value as it came.
    pub value: &'a str,
    /// What the parser must be told.
    pub options: &'a ParseOptions,
}

// floor 0
/// What a batch gave.
#[derive(Debug, Default)]
pub struct Report {
    /// The hits, by input and feed; at most one for each input and feed.
    pub hits: Vec<Hit>,
    /// Inputs that could not be looked up, and hits that the guard list or the publisher's scope suppressed.
    pub rejected: Vec<Rejection>,
}

/// One input that a feed lists.
#[derive(Clone)]
#[non_exhaustive]
pub struct Hit {
    /// The input's position in the batch.
    pub index: usize,
    /// The feed's position in [`Matcher::feeds`].
    pub feed: usize,
    /// How the input and the listed expression belong together.
    pub matched: Matched,
    /// The kind of the listed expression.
    pub matched_kind: Kind,
    /// The listed expression: as sensitive as the input itself.
    pub expression: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// What names the hit to the publisher without naming the token.
    pub hit_id: [u8; 16],
    /// The publisher's claim.
    pub record: RecordState,
}

/// How sure a hit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The publisher listed it.
    Exact,
    /// The publisher listed it, or the filter errs.
    Probable {
        /// How often the filter errs on values that are not listed, in units of 10^-15.
        false_positive_rate: u64,
    },
}

/// The claim that came with a hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// The feed carries no records.
    None,
    /// The publisher's claim.
    Opened(Claim),
    /// There is a record and it does not open: the publisher's fault.
    Unreadable,
}

/// An input without an answer.
#[derive(Debug)]
pub struct Rejection {
    /// The input's position in the batch.
    pub index: usize,
    /// Why.
    pub error: Error,
}

// floor 0
/// Bits of a byte of a mask.
#[derive(Clone, Copy, Debug)]
pub struct Mask;

impl Mask {
    /// A feed lists the input.
    pub const HIT: u8 = 1;
    /// The input could not be looked up, at least in one feed, or its hit was suppressed.
    pub const REJECTED: u8 = 2;
}

/// Where the answers of a batch go: all of them into a report, or a byte for each input.
trait Sink {
    fn reject(&mut self, index: usize, error: Error);
    fn hit(&mut self, index: usize, hit: impl FnOnce() -> Hit);
}

impl Sink for Report {
    fn reject(&mut self, index: usize, error: Error) {
        self.rejected.push(Rejection { index, error });
    }

    fn hit(&mut self, _: usize, hit: impl FnOnce() -> Hit) {
        self.hits.push(hit());
    }
}

impl Sink for [u8] {
    fn reject(&mut self, index: usize, _: Error) {
        self.get_mut(index).into_iter().for_each(|byte| *byte |= Mask::REJECTED);
    }

    fn hit(&mut self, index: usize, _: impl FnOnce() -> Hit) {
        self.get_mut(index).into_iter().for_each(|byte| *byte |= Mask::HIT);
    }
}

impl Matcher {
    /// A matcher over verified feeds. The guard list suppresses hits that would hurt bystanders.
    ///
    /// Feeds come by value, or as `Arc<Feed>` if several matchers share them.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if one feed stands twice in one epoch; the position is the second one's.
    pub fn new<F: Into<Arc<Feed>>>(feeds: impl IntoIterator<Item = F>, guard: Guard) -> Result<Self> {
        let feeds: Vec<Arc<Feed>> = feeds.into_iter().map(Into::into).collect();
        for (position, feed) in feeds.iter().enumerate() {
            if feeds.iter().take(position).any(|other| other.ids() == feed.ids()) {
                return Err(Error::new(ErrorKind::InvalidArgument, "one feed stands twice").at(position as u64));
            }
        }
        let holdings: Vec<_> = feeds.iter().map(|feed| Holdings::of(feed)).collect();
        let held = Holdings::of_any(&holdings);
        Ok(Self { feeds, holdings, held, guard, pieces: Pieces::new(Arc::new(Inline)) })
    }

    /// Cuts batches of 2,048 inputs and more into pieces that are looked up side by side on the threads of `executor`. Hits and
    /// refusals, and their order, stay the same.
    #[must_use]
    pub fn with_executor(mut self, executor: Arc<dyn Executor>) -> Self {
        self.pieces = Pieces::new(executor);
        self
    }

    /// How many pieces of a batch are looked up at the same time.
    #[must_use]
    pub fn width(&self) -> usize {
        self.pieces.width()
    }

    /// The feeds, in the order in which hits name them.
    #[must_use]
    pub fn feeds(&self) -> &[Arc<Feed>] {
        &self.feeds
    }

    /// Looks one identifier up.
    ///
    /// # Errors
    /// As [`match_batch`](Self::match_batch).
    pub fn check(&self, identifier: &Identifier, now: Timestamp) -> Result<Report> {
        self.match_batch(std::slice::from_ref(identifier), now)
    }

    /// Looks many raw values up; those that do not parse are in [`Report::rejected`].
    ///
    /// A few thousand values a call are best, for each thread: reports stay small, and everything stays in the caches.
    ///
    /// # Errors
    /// As [`match_batch`](Self::match_batch).
    pub fn match_raw(&self, inputs: &[RawInput<'_>], now: Timestamp) -> Result<Report> {
        self.check_salted()?;
        self.pieces.report(inputs, |inputs| self.report(inputs, now, &[]))
    }

    /// As [`match_raw`](Self::match_raw), with a byte of [`Mask`] bits for each input in place of a report: nothing is
    /// allocated for a hit. `mask` has as many bytes as there are inputs; what is in it does not matter.
    ///
    /// # Errors
    /// As [`match_batch`](Self::match_batch); [`ErrorKind::InvalidArgument`] if the lengths differ. Then `mask` is as it was.
    pub fn mask_raw(&self, inputs: &[RawInput<'_>], now: Timestamp, mask: &mut [u8]) -> Result<()> {
        self.pieces.mask(inputs, mask, |inputs, mask| self.mask(inputs, now, mask))
    }

    /// Looks many identifiers up.
    ///
    /// An identifier whose kind a feed holds in another canonical form is rejected with [`ErrorKind::FormMismatch`]: it is
    /// never silently missed.
    ///
    /// # Errors
    /// [`ErrorKind::Expired`] if a feed has expired since it was verified, [`ErrorKind::BlindQueryNeeded`] if one is blind and
    /// batches must be [prepared](Self::prepare); the position is the feed's.
    pub fn match_batch(&self, identifiers: &[Identifier], now: Timestamp) -> Result<Report> {
        self.check_salted()?;
        self.pieces.report(identifiers, |piece| self.report(piece, now, &[]))
    }

    /// As [`match_batch`](Self::match_batch), with a byte of [`Mask`] bits for each identifier; see
    /// [`mask_raw`](Self::mask_raw).
    ///
    /// # Errors
    /// As [`mask_raw`](Self::mask_raw).
    pub fn mask_batch(&self, identifiers: &[Identifier], now: Timestamp, mask: &mut [u8]) -> Result<()> {
        self.pieces.mask(identifiers, mask, |piece, mask| self.mask(piece, now, mask))
    }

    fn mask(&self, inputs: &(impl Inputs + ?Sized), now: Timestamp, mask: &mut [u8]) -> Result<()> {
        self.check_salted()?;
        self.check_time(now)?;
        if mask.len() != inputs.count() {
            return Err(Error::new(ErrorKind::InvalidArgument, "the mask has another length than the batch"));
        }
        mask.fill(0);
        self.run(inputs, now, &[], mask);
        Ok(())
    }

    /// No feed may have expired.
    fn check_time(&self, now: Timestamp) -> Result<()> {
        match self.feeds.iter().position(|feed| now >= feed.manifest().expires) {
            Some(position) => Err(Error::from(ErrorKind::Expired).at(position as u64)),
            None => Ok(()),
        }
    }

    /// No feed may be blind: what it lists would be missed.
    fn check_salted(&self) -> Result<()> {
        match self.feeds.iter().position(|feed| feed.is_blind()) {
            Some(position) => Err(Error::from(ErrorKind::BlindQueryNeeded).at(position as u64)),
            None => Ok(()),
        }
    }

    /// Looks inputs up; `answers` are those of blind feeds' servers, by the feeds' positions.
    fn report(&self, inputs: &(impl Inputs + ?Sized), now: Timestamp, answers: &[Option<Answers>]) -> Result<Report> {
        self.check_time(now)?;
        let mut report = Report::default();
        self.run(inputs, now, answers, &mut report);
        report.hits.sort_by_key(|hit| (hit.index, hit.feed));
        report.rejected.sort_by_key(|rejection| (rejection.index, rejection.error.kind()));
        report.rejected.dedup_by_key(|rejection| (rejection.index, rejection.error.kind()));
        Ok(report)
    }

    /// Gives the answers to `sink`, a tile after the other.
    fn run(
        &self,
        inputs: &(impl Inputs + ?Sized),
        now: Timestamp,
        answers: &[Option<Answers>],
        sink: &mut (impl Sink + ?Sized),
    ) {
        let count = inputs.count();
        let mut tile = Tile::default();
        for start in (0..count).step_by(TILE) {
            tile.clear();
            for position in start..count.min(start + TILE) {
                inputs.ahead(position + AHEAD);
                let mut push = |expression: Expression<'_>| {
                    // Only what some feed may list, and the input's own expression, which the guard list may be asked about.
                    if expression.matched == Matched::Exact || self.held.get(expression.kind) != Holding::Nothing {
                        tile.push(position, expression);
                    }
                };
                if let Err(error) = inputs.expressions(position, &mut push) {
                    sink.reject(position, error);
                }
            }
            for position in 0..self.feeds.len() {
                self.look_up(&mut tile, position, answers, now, sink);
            }
        }
    }

    /// Looks a tile up in one feed.
    fn look_up(
        &self,
        tile: &mut Tile,
        position: usize,
        answers: &[Option<Answers>],
        now: Timestamp,
        sink: &mut (impl Sink + ?Sized),
    ) {
        let (Some(feed), Some(holdings)) = (self.feeds.get(position), self.holdings.get(position)) else { return };
        if holdings.mismatched() {
            let other = |place: &&Place| holdings.get(place.kind) == Holding::OtherForm;
            let inputs = tile.places().iter().filter(other).map(|place| place.input);
            inputs.for_each(|index| sink.reject(index, ErrorKind::FormMismatch.into()));
        }
        match answers.get(position) {
            Some(Some(answers)) => tile.look_up_answered(feed, answers),
            _ => tile.look_up(feed),
        }
        let mut answered = None;
        for (number, found) in &tile.found {
            let Some((place, text)) = tile.expression(*number) else { continue };
            if holdings.get(place.kind) != Holding::SameForm || answered == Some(place.input) {
                continue;
            }
            let record = match feed.record(found) {
                None => RecordState::None,
                Some(Ok(claim)) if claim.expires.is_some_and(|expires| now >= expires) => continue,
                Some(Ok(claim)) => RecordState::Opened(claim),
                Some(Err(_)) => RecordState::Unreadable,
            };
            answered = Some(place.input);
            // An exact expression is the looked-up value itself.
            let own = if place.matched == Matched::Exact { None } else { tile.own(*number) };
            let guarded = |(place, text): (Place, &str)| self.guard.refuses_key(place.kind, text).is_some();
            if guarded((place, text)) || own.is_some_and(guarded) {
                sink.reject(place.input, ErrorKind::Guarded.into());
                continue;
            }
            if !feed.authority().scope.admits(place.kind, text) {
                sink.reject(place.input, ErrorKind::OutOfScope.into());
                continue;
            }
            sink.hit(place.input, || hit(feed, found, &place, text, position, record));
        }
    }
}

fn hit(feed: &Feed, found: &Found, place: &Place, text: &str, position: usize, record: RecordState) -> Hit {
    let certainty = match feed.manifest().set.rate() {
        0 => Certainty::Exact,
        false_positive_rate => Certainty::Probable { false_positive_rate },
    };
    Hit {
        index: place.input,
        feed: position,
        matched: place.matched,
        matched_kind: place.kind,
        expression: text.to_owned(),
        certainty,
        hit_id: feed.hit_id(found),
        record,
    }
}

impl std::fmt::Debug for Hit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hit")
            .field("index", &self.index)
            .field("feed", &self.feed)
            .field("matched", &self.matched)
            .field("matched_kind", &self.matched_kind)
            .field("certainty", &self.certainty)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for RawInput<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawInput({}, ..)", self.kind)
    }
}
