//! Matching: identifiers in, hits with reasons out.

use std::sync::Arc;

use crate::crypto::mac::{Digest, Frame};
use crate::error::{Error, ErrorKind, Result};
use crate::feed::{Feed, Found};
use crate::guard::Guard;
use crate::identifier::{Identifier, Kind, Matched, ParseOptions};
use crate::indicator::Claim;
use crate::time::Timestamp;
use crate::token;

/// How many identifiers are looked up together.
const TILE: usize = 256;

/// Looks identifiers up in several feeds at once.
#[derive(Debug)]
pub struct Matcher {
    feeds: Vec<Arc<Feed>>,
    guard: Guard,
}

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
        Ok(Self { feeds, guard })
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
    /// # Errors
    /// As [`match_batch`](Self::match_batch).
    pub fn match_raw(&self, inputs: &[RawInput<'_>], now: Timestamp) -> Result<Report> {
        let mut report = Report::default();
        let mut identifiers = Vec::with_capacity(inputs.len());
        let mut positions = Vec::with_capacity(inputs.len());
        for (index, input) in inputs.iter().enumerate() {
            match Identifier::parse_first(input.kind, input.value, input.options) {
                Ok(identifier) => {
                    identifiers.push(identifier);
                    positions.push(index);
                }
                Err(error) => report.rejected.push(Rejection { index, error }),
            }
        }
        let mut matched = self.match_batch(&identifiers, now)?;
        let position = |index: usize| positions.get(index).copied().unwrap_or(index);
        matched.hits.iter_mut().for_each(|hit| hit.index = position(hit.index));
        matched.rejected.iter_mut().for_each(|rejection| rejection.index = position(rejection.index));
        report.hits = matched.hits;
        report.rejected.append(&mut matched.rejected);
        report.rejected.sort_by_key(|rejection| rejection.index);
        Ok(report)
    }

    /// Looks many identifiers up.
    ///
    /// An identifier whose kind a feed holds in another canonical form is rejected with [`ErrorKind::FormMismatch`]: it is
    /// never silently missed.
    ///
    /// # Errors
    /// [`ErrorKind::Expired`] if a feed has expired since it was verified; the position is the feed's.
    pub fn match_batch(&self, identifiers: &[Identifier], now: Timestamp) -> Result<Report> {
        for (position, feed) in self.feeds.iter().enumerate() {
            if now >= feed.manifest().expires {
                return Err(Error::from(ErrorKind::Expired).at(position as u64));
            }
        }
        let mut report = Report::default();
        let mut tile = Tile::default();
        for (number, identifiers) in identifiers.chunks(TILE).enumerate() {
            tile.fill(identifiers);
            for (position, feed) in self.feeds.iter().enumerate() {
                self.look_up(&mut tile, identifiers, position, feed, now, number * TILE, &mut report);
            }
        }
        report.hits.sort_by_key(|hit| (hit.index, hit.feed));
        report.rejected.sort_by_key(|rejection| (rejection.index, rejection.error.kind()));
        report.rejected.dedup_by_key(|rejection| (rejection.index, rejection.error.kind()));
        Ok(report)
    }

    #[expect(clippy::too_many_arguments, reason = "one call site; the arguments are one tile's context")]
    fn look_up(
        &self,
        tile: &mut Tile,
        identifiers: &[Identifier],
        position: usize,
        feed: &Feed,
        now: Timestamp,
        offset: usize,
        report: &mut Report,
    ) {
        let Tile { frames, digests, expressions, texts, found } = tile;
        feed.look_up(frames, digests, found);
        let (mut answered, mut mismatched) = (None, None);
        for (expression, found) in expressions.iter().zip(found.iter()) {
            let index = offset + expression.input;
            // A kind that the feed does not hold can only be hit by a filter's error.
            let Some(form) = feed.manifest().kind(expression.kind).map(|entry| entry.form) else { continue };
            if form != expression.kind.form_version() {
                if mismatched.replace(expression.input) != Some(expression.input) {
                    report.rejected.push(Rejection { index, error: ErrorKind::FormMismatch.into() });
                }
                continue;
            }
            let Some(found) = found else { continue };
            if answered == Some(expression.input) {
                continue;
            }
            let record = match feed.record(found) {
                None => RecordState::None,
                Some(Ok(claim)) if claim.expires.is_some_and(|expires| now >= expires) => continue,
                Some(Ok(claim)) => RecordState::Opened(claim),
                Some(Err(_)) => RecordState::Unreadable,
            };
            answered = Some(expression.input);
            let text = texts.get(expression.start..expression.end).unwrap_or_default();
            let looked_up = identifiers.get(expression.input);
            // An exact expression is the looked-up value itself.
            if self.guard.refuses_key(expression.kind, text).is_some()
                || (expression.matched != Matched::Exact
                    && looked_up.is_some_and(|identifier| self.guard.refuses(identifier).is_some()))
            {
                report.rejected.push(Rejection { index, error: ErrorKind::Guarded.into() });
                continue;
            }
            if !feed.authority().scope.admits(expression.kind, text) {
                report.rejected.push(Rejection { index, error: ErrorKind::OutOfScope.into() });
                continue;
            }
            report.hits.push(hit(feed, found, expression, text, index, position, record));
        }
    }
}

fn hit(
    feed: &Feed,
    found: &Found,
    expression: &Placed,
    text: &str,
    index: usize,
    position: usize,
    record: RecordState,
) -> Hit {
    let certainty = match feed.manifest().set.rate() {
        0 => Certainty::Exact,
        false_positive_rate => Certainty::Probable { false_positive_rate },
    };
    Hit {
        index,
        feed: position,
        matched: expression.matched,
        matched_kind: expression.kind,
        expression: text.to_owned(),
        certainty,
        hit_id: feed.hit_id(found),
        record,
    }
}

/// The expressions of some identifiers and their frames, in buffers that are used again and again.
#[derive(Default)]
struct Tile {
    frames: Vec<Frame>,
    digests: Vec<Digest>,
    expressions: Vec<Placed>,
    texts: String,
    found: Vec<Option<Found>>,
}

/// An expression, its text in [`Tile::texts`].
struct Placed {
    input: usize,
    kind: Kind,
    matched: Matched,
    start: usize,
    end: usize,
}

impl Tile {
    fn fill(&mut self, identifiers: &[Identifier]) {
        self.frames.clear();
        self.expressions.clear();
        self.texts.clear();
        for (input, identifier) in identifiers.iter().enumerate() {
            identifier.for_each_expression(&mut |expression| {
                let start = self.texts.len();
                self.texts.push_str(expression.text);
                let end = self.texts.len();
                self.frames.push(token::frame(expression.kind, expression.text));
                self.expressions.push(Placed { input, kind: expression.kind, matched: expression.matched, start, end });
            });
        }
        self.digests.resize(self.frames.len(), Digest::default());
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
