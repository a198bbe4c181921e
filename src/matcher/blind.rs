//! Matching blind feeds: what is asked of their servers, and what the answers say.

use zeroize::Zeroizing;

use crate::blind::{Answer, BlindRequest, MAX_REQUEST_ELEMENTS, seal_request};
use crate::codec::bytes::{Reader, put_lp};
use crate::crypto::mac::Frame;
use crate::crypto::oprf::Blinding;
use crate::crypto::sign::SigningKey;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::Feed;
use crate::identifier::{Expression, Identifier, Kind, ParseOptions, expressions_of};
use crate::matcher::batch::{Answers, Holding};
use crate::matcher::inputs::Inputs;
use crate::matcher::{Matcher, RawInput, Report};
use crate::time::Timestamp;
use crate::token::{self, BlindInputs, Ids};

/// How blind feeds are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlindOptions {
    /// Whether requests are filled up to a power of two with random elements, which hides how many there were and counts
    /// against the budget.
    pub pad: bool,
}

impl Default for BlindOptions {
    fn default() -> Self {
        Self { pad: true }
    }
}

/// One request, ready to be sent to the server of a feed.
#[derive(Clone)]
pub struct PreparedRequest {
    /// The feed's position in [`Matcher::feeds`].
    pub feed: usize,
    /// What is sent.
    pub bytes: Vec<u8>,
    /// How many evaluations it costs, padding included.
    pub queries: u64,
}

/// A batch between request and answer: a secret, to be used once, by [`Matcher::finish`].
///
/// `Debug` shows how many queries it holds.
pub struct Prepared {
    inputs: Vec<Result<Identifier>>,
    /// The blind feeds that were asked, some of them perhaps nothing.
    asked: Vec<Ids>,
    requests: Vec<PreparedRequest>,
    /// What belongs to each request.
    secrets: Vec<Asked>,
}

/// What a request asks for, and what takes the blinds off its answer.
struct Asked {
    frames: Vec<Frame>,
    blinding: Blinding,
}

impl Prepared {
    /// The requests. Each answer belongs to one of them; their order does not matter.
    #[must_use]
    pub fn requests(&self) -> &[PreparedRequest] {
        &self.requests
    }

    /// How many inputs there were, those that did not parse included.
    #[must_use]
    pub const fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// The kind of the input at a position; `None` beyond the last one, and for what did not parse.
    #[must_use]
    pub fn kind(&self, index: usize) -> Option<Kind> {
        Some(self.inputs.get(index)?.as_ref().ok()?.kind())
    }

    /// How many evaluations all of it costs, padding included.
    #[must_use]
    pub fn queries(&self) -> u64 {
        self.requests.iter().map(|request| request.queries).sum()
    }

    /// How many different expressions are asked, without padding.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.secrets.iter().map(|asked| asked.frames.len() as u64).sum()
    }

    /// The state for a later [`Matcher::finish`]: as secret as the values themselves, and to be used once.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::new());
        out.extend_from_slice(&STATE_MAGIC);
        out.extend_from_slice(&STATE_VERSION.to_le_bytes());
        let count = |out: &mut Vec<u8>, length: usize| {
            out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        };
        count(&mut out, self.inputs.len());
        for input in &self.inputs {
            match input {
                Ok(identifier) => {
                    out.push(identifier.kind().number());
                    put_lp(&mut out, identifier.canonical().as_bytes());
                }
                Err(error) => {
                    out.push(REJECTED);
                    out.extend_from_slice(&error.kind().code().to_le_bytes());
                }
            }
        }
        count(&mut out, self.asked.len());
        for ids in &self.asked {
            put_lp(&mut out, ids.as_bytes());
        }
        count(&mut out, self.requests.len());
        for (request, asked) in self.requests.iter().zip(&self.secrets) {
            put_lp(&mut out, &request.bytes);
            count(&mut out, asked.frames.len());
            out.extend_from_slice(asked.frames.as_flattened());
            for blind in asked.blinding.blinds() {
                out.extend_from_slice(blind.as_slice());
            }
        }
        out
    }

    /// Takes up a state that was kept, for a matcher with the same feeds in the same epochs.
    ///
    /// # Errors
    /// [`ErrorKind::BadMessage`] and relatives for what is no such state; [`ErrorKind::WrongEpoch`] if the matcher lacks a
    /// feed that was asked.
    pub fn from_bytes(bytes: &[u8], matcher: &Matcher) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != STATE_MAGIC {
            return Err(Error::new(ErrorKind::BadMessage, "not the state of a blind request").at(0));
        }
        if reader.u16()? != STATE_VERSION {
            return Err(Error::from(ErrorKind::UnsupportedVersion).at(8));
        }
        let options = ParseOptions { allow_unassigned: true, ..ParseOptions::default() };
        let mut inputs = Vec::new();
        for _ in 0..reader.u32()? {
            inputs.push(input(&mut reader, &options)?);
        }
        let mut asked = Vec::new();
        for _ in 0..reader.u32()? {
            let length = reader.u32()? as usize;
            let ids = reader.take(length)?;
            let feed = matcher.feeds().iter().find(|feed| feed.is_blind() && feed.ids().as_bytes() == ids);
            asked.push(feed.ok_or_else(|| Error::from(ErrorKind::WrongEpoch))?.ids().clone());
        }
        let (mut requests, mut secrets) = (Vec::new(), Vec::new());
        for _ in 0..reader.u32()? {
            let length = reader.u32()? as usize;
            let bytes = reader.take(length)?;
            let request = BlindRequest::read_own(bytes)?;
            let ids = request.ids();
            let feed = matcher.feeds().iter().position(|feed| *feed.ids() == ids);
            let feed = feed.ok_or_else(|| Error::from(ErrorKind::WrongEpoch))?;
            let count = reader.u32()? as usize;
            let frames = reader.take(count.saturating_mul(size_of::<Frame>()))?.as_chunks().0.to_vec();
            let blinds = reader.take(count.saturating_mul(32))?.as_chunks().0;
            secrets.push(Asked { frames, blinding: Blinding::restore(blinds, request.elements())? });
            requests.push(PreparedRequest { feed, bytes: bytes.to_vec(), queries: request.count() });
        }
        reader.finish()?;
        Ok(Self { inputs, asked, requests, secrets })
    }
}

const STATE_MAGIC: [u8; 8] = *b"bisikpre";
const STATE_VERSION: u16 = 1;
/// The number in place of a kind's where an input was refused.
const REJECTED: u8 = 0;

/// One input of a kept state.
fn input(reader: &mut Reader<'_>, options: &ParseOptions) -> Result<Result<Identifier>> {
    let wrong = reader.error(ErrorKind::BadMessage);
    let number = reader.u8()?;
    if number == REJECTED {
        return ErrorKind::from_code(reader.u16()?).map(|kind| Err(kind.into())).ok_or(wrong);
    }
    let length = reader.u32()? as usize;
    let text = std::str::from_utf8(reader.take(length)?).ok();
    let parsed =
        Kind::from_number(number).zip(text).and_then(|(kind, text)| Identifier::parse(kind, text, options).ok());
    parsed.map(Ok).ok_or(wrong)
}

impl Matcher {
    /// Whether a feed is blind, so that batches are prepared and finished.
    #[must_use]
    pub fn has_blind(&self) -> bool {
        self.feeds.iter().any(|feed| feed.is_blind())
    }

    /// Makes the requests to the servers of blind feeds that a batch needs: each expression of a kind that a feed holds is
    /// asked once. `key` signs them; each server knows it.
    ///
    /// # Errors
    /// [`ErrorKind::Expired`], whose position is the feed's; [`ErrorKind::NoRandomness`].
    pub fn prepare(
        &self,
        identifiers: &[Identifier],
        key: &SigningKey,
        options: &BlindOptions,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Prepared> {
        self.prepare_parsed(identifiers.iter().cloned().map(Ok).collect(), key, options, now, entropy)
    }

    /// Like [`prepare`](Self::prepare), for raw values; those that do not parse are rejected in the report.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn prepare_raw(
        &self,
        inputs: &[RawInput<'_>],
        key: &SigningKey,
        options: &BlindOptions,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Prepared> {
        let parse = |input: &RawInput<'_>| Identifier::parse_first(input.kind, input.value, input.options);
        self.prepare_parsed(inputs.iter().map(parse).collect(), key, options, now, entropy)
    }

    /// Like [`prepare`](Self::prepare), for values that the caller has parsed; errors in their place are rejections of the report.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn prepare_parsed(
        &self,
        inputs: Vec<Result<Identifier>>,
        key: &SigningKey,
        options: &BlindOptions,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Prepared> {
        self.check_time(now)?;
        let (mut asked, mut requests, mut secrets) = (Vec::new(), Vec::new(), Vec::new());
        for (position, feed) in self.feeds.iter().enumerate().filter(|(_, feed)| feed.is_blind()) {
            asked.push(feed.ids().clone());
            for frames in self.frames(position, &inputs).chunks(MAX_REQUEST_ELEMENTS) {
                let (bytes, queries, blinding) = request(feed, frames, key, options, entropy)?;
                requests.push(PreparedRequest { feed: position, bytes, queries });
                secrets.push(Asked { frames: frames.to_vec(), blinding });
            }
        }
        Ok(Prepared { inputs, asked, requests, secrets })
    }

    /// What one feed may list of the inputs: each frame once, in an order that says nothing of theirs.
    fn frames(&self, position: usize, inputs: &[Result<Identifier>]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for identifier in inputs.iter().flatten() {
            identifier.for_each_expression(&mut |expression| {
                let holding = self.holdings.get(position).map(|holdings| holdings.get(expression.kind));
                if holding == Some(Holding::SameForm) {
                    frames.push(token::frame(expression.kind, expression.text));
                }
            });
        }
        frames.sort_unstable();
        frames.dedup();
        frames
    }

    /// Checks the answers' proofs and says what the feeds list: the report that [`match_batch`](Self::match_batch) would give
    /// if it could.
    ///
    /// An element of `answers` may hold several answers, one after the other; positions in errors count from its beginning.
    ///
    /// # Errors
    /// [`ErrorKind::BadProof`], [`ErrorKind::BadElement`], [`ErrorKind::CountMismatch`]: the server did not do what its signed
    /// manifest says; [`ErrorKind::AnswerMissing`], whose position is the request's; [`ErrorKind::BadMessage`] for an answer to
    /// no request of this batch; [`ErrorKind::WrongEpoch`] if a feed that was asked is gone; [`ErrorKind::BlindQueryNeeded`] if
    /// a blind feed was not asked; [`ErrorKind::Expired`].
    pub fn finish(&self, prepared: Prepared, answers: &[impl AsRef<[u8]>], now: Timestamp) -> Result<Report> {
        self.check_time(now)?;
        if let Some(position) =
            self.feeds.iter().position(|feed| feed.is_blind() && !prepared.asked.contains(feed.ids()))
        {
            return Err(Error::from(ErrorKind::BlindQueryNeeded).at(position as u64));
        }
        let mut received = Vec::new();
        for bytes in answers {
            let mut rest = bytes.as_ref();
            while !rest.is_empty() {
                let start = bytes.as_ref().len() - rest.len();
                let (answer, length) = Answer::read(rest).map_err(|error| error.within(start as u64))?;
                received.push(answer);
                rest = rest.get(length..).unwrap_or_default();
            }
        }
        let mut known: Vec<Option<Answers>> =
            self.feeds.iter().map(|feed| feed.is_blind().then(Answers::default)).collect();
        let mut used = vec![false; received.len()];
        for (number, (request, asked)) in prepared.requests.iter().zip(prepared.secrets).enumerate() {
            let request = BlindRequest::read_own(&request.bytes)?;
            let mut answer = None;
            for (candidate, used) in received.iter().zip(&mut used) {
                if candidate.request == request.digest() {
                    *used = true;
                    answer = answer.or(Some(candidate));
                }
            }
            let answer = answer.ok_or_else(|| Error::from(ErrorKind::AnswerMissing).at(number as u64))?;
            let ids = request.ids();
            let position = self.feeds.iter().position(|feed| *feed.ids() == ids);
            let place = position.and_then(|position| Some((self.feeds.get(position)?, known.get_mut(position)?)));
            let Some((feed, Some(known))) = place else { return Err(ErrorKind::WrongEpoch.into()) };
            finalize(feed, &request, answer, asked, known)?;
        }
        if used.contains(&false) {
            return Err(Error::new(ErrorKind::BadMessage, "an answer to no request of this batch"));
        }
        self.report(prepared.inputs.as_slice(), now, &known)
    }
}

impl Inputs for [Result<Identifier>] {
    fn count(&self) -> usize {
        self.len()
    }

    fn expressions(&self, position: usize, each: &mut impl FnMut(Expression<'_>)) -> Result<()> {
        match self.get(position) {
            Some(Ok(identifier)) => expressions_of(identifier, each),
            Some(Err(error)) => return Err(again(error)),
            None => {}
        }
        Ok(())
    }

    fn ahead(&self, _: usize) {}
}

/// One request, how many evaluations it costs, and what takes the blinds off its answer.
fn request(
    feed: &Feed,
    frames: &[Frame],
    key: &SigningKey,
    options: &BlindOptions,
    entropy: &mut dyn Entropy,
) -> Result<(Vec<u8>, u64, Blinding)> {
    let inputs = BlindInputs::new(feed.ids(), frames);
    let padding = if options.pad { frames.len().next_power_of_two() - frames.len() } else { 0 };
    let (blinding, elements) = Blinding::new(&inputs.as_slices(), padding, entropy)?;
    let manifest = feed.manifest();
    let bytes = seal_request(&manifest.publisher, &manifest.feed, manifest.epoch, &elements, key, entropy)?;
    Ok((bytes, elements.len() as u64, blinding))
}

/// Takes the blinds off one answer.
fn finalize(feed: &Feed, request: &BlindRequest, answer: &Answer, asked: Asked, known: &mut Answers) -> Result<()> {
    let Some(public) = feed.blind_key() else { return Err(ErrorKind::WrongFeed.into()) };
    if answer.ids != *feed.ids() {
        return Err(ErrorKind::WrongFeed.into());
    }
    let inputs = BlindInputs::new(feed.ids(), &asked.frames);
    let outputs =
        asked.blinding.finalize(&inputs.as_slices(), request.elements(), &answer.elements, &answer.proof, public)?;
    for (frame, output) in asked.frames.iter().zip(outputs) {
        known.add(frame, token::blind_digest(feed.ids(), &Zeroizing::new(output)));
    }
    Ok(())
}

/// The same error once more, without its cause.
fn again(error: &Error) -> Error {
    let again = Error::new(error.kind(), error.message());
    match error.position() {
        Some(position) => again.at(position),
        None => again,
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("queries", &self.queries()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PreparedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PreparedRequest")
            .field("feed", &self.feed)
            .field("queries", &self.queries)
            .finish_non_exhaustive()
    }
}
