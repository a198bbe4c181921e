//! Opening a delta, and applying it.

use std::io::Read;
use std::ops::Range;

use zeroize::Zeroizing;

use super::body::{Body, POSITION, Part, longest_pad};
use crate::codec::bytes::put_zeros_to;
use crate::codec::padme;
use crate::codec::shared::Shared;
use crate::container::{self, ALIGNMENT, Head, SignedBlock};
use crate::crypto::age::{self, RecipientSecret};
use crate::crypto::mac;
use crate::crypto::sign::SignedType;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Inline;
use crate::feed::{CLOCK_SKEW, Feed, Seal, UnverifiedFeed};
use crate::manifest::{Manifest, SetDescriptor, section};
use crate::payload::tokens;
use crate::time::Timestamp;
use crate::token::Token;
use crate::trust::TrustStore;

/// A delta file as it was read: nothing is verified, nothing can be applied.
#[derive(Debug)]
pub struct UnverifiedDelta {
    bytes: Shared,
    seal: Option<Seal>,
}

impl UnverifiedDelta {
    /// Takes an open delta that is in memory.
    ///
    /// # Errors
    /// [`ErrorKind::Sealed`] for a sealed file, [`ErrorKind::NotAFeed`] for what is no delta, and the other kinds of the
    /// 300 block; the position is a byte offset.
    pub fn from_bytes(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self> {
        if age::is_age(bytes.as_ref()) {
            return Err(ErrorKind::Sealed.into());
        }
        Self::new(Shared::new(bytes), None)
    }

    /// Reads a delta, open or sealed, of at most `limit` bytes after opening.
    ///
    /// # Errors
    /// As [`UnverifiedFeed::read`].
    pub fn read(reader: impl Read, secrets: &[RecipientSecret], limit: u64) -> Result<Self> {
        let (bytes, seal) = Seal::read(reader, SignedType::Delta, secrets, limit, &Inline)?;
        Self::new(bytes, seal)
    }

    fn new(bytes: Shared, seal: Option<Seal>) -> Result<Self> {
        if bytes.as_ref().is_empty() {
            return Err(Error::from(ErrorKind::NotAFeed).at(0));
        }
        let head = Head::read(bytes.as_ref())?;
        head.expect_type(SignedType::Delta)?;
        let length = bytes.as_ref().len() as u64;
        if head.total_length > length {
            return Err(Error::from(ErrorKind::Truncated).at(length));
        }
        if head.total_length < length {
            return Err(Error::from(ErrorKind::TrailingBytes).at(head.total_length));
        }
        if padme::padded(length) != length {
            return Err(Error::from(ErrorKind::WrongPadding).at(length));
        }
        Ok(Self { bytes, seal })
    }

    /// Verifies the signatures of the delta and of the result's manifest, all hashes, and that the parts go together.
    ///
    /// Whether the result has expired is for [`UnverifiedFeed::verify`] to say, once the delta was applied.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`], [`ErrorKind::BadSignature`], [`ErrorKind::NotAuthorised`], [`ErrorKind::NotForRecipient`],
    /// [`ErrorKind::NotYetValid`], [`ErrorKind::HashMismatch`] and the 300 block.
    pub fn verify(self, trust: &TrustStore, now: Timestamp) -> Result<Delta> {
        let file = self.bytes.as_ref();
        let block = SignedBlock::read(file)?;
        let signers = trust.verify(SignedType::Delta, &block)?;
        let body = Body::parse(block.body)?;
        trust.authorise(&signers, &body.publisher, &body.feed)?;
        if let Some(seal) = &self.seal {
            seal.verify(trust, &body.publisher, &body.feed, &block.digest(), now)?;
        }
        let lengths = body.parts.iter().map(|part| part.length);
        let (places, end) = container::places(file, block.head.block_length(), lengths)?;
        if let Some(at) = file.get(end..).unwrap_or_default().iter().position(|&byte| byte != 0) {
            return Err(Error::from(ErrorKind::NotZero).at((end + at) as u64));
        }
        for (part, place) in body.parts.iter().zip(&places) {
            if mac::hash([file.get(place.clone()).unwrap_or_default()]) != part.blake3 {
                return Err(Error::from(ErrorKind::HashMismatch).at(place.start as u64));
            }
        }
        let place = places.first().cloned().unwrap_or_default();
        let result = result(file.get(place).unwrap_or_default(), &body, trust)?;
        if result.issued > now.plus(CLOCK_SKEW) {
            return Err(ErrorKind::NotYetValid.into());
        }
        check_whole(&body, &result)?;
        Ok(Delta { sealed: self.seal.is_some(), bytes: self.bytes, body, places, result })
    }
}

/// The manifest of the result, whose signed block the delta carries.
fn result(bytes: &[u8], body: &Body, trust: &TrustStore) -> Result<Manifest> {
    let block = SignedBlock::read(bytes)?;
    block.head.expect_type(SignedType::Manifest)?;
    let signers = trust.verify(SignedType::Manifest, &block)?;
    let manifest = Manifest::parse(block.body)?;
    trust.authorise(&signers, &manifest.publisher, &manifest.feed)?;
    let wrong = |message| Err(Error::new(ErrorKind::Malformed, message));
    if block.head.block_length() != bytes.len() || block.head.total_length != body.length {
        return wrong("the result's length is not the one that the delta states");
    }
    if block.digest() != body.result.digest
        || manifest.publisher != body.publisher
        || manifest.feed != body.feed
        || manifest.epoch != body.epoch
        || manifest.version != body.result.version
        || manifest.record_size != body.record_size
        || manifest.set != (SetDescriptor::Tokens {})
    {
        return wrong("the result is not the one that the delta states");
    }
    let contents = manifest.sections.iter().rev().skip(1).rev();
    let end = contents
        .fold(bytes.len() as u64, |end, entry| end.next_multiple_of(ALIGNMENT as u64).saturating_add(entry.length));
    let start = end.saturating_add(63) & !63;
    let pad = manifest.sections.last().map_or(0, |last| last.length);
    if start.checked_add(pad) != Some(body.length) {
        return wrong("the result's sections do not fill its length");
    }
    if pad > longest_pad(start) {
        return Err(Error::new(ErrorKind::SnapshotNeeded, "the result's pad is longer than a delta admits"));
    }
    Ok(manifest)
}

/// That the sections carried whole are sections of the result, and as long as it says.
fn check_whole(body: &Body, result: &Manifest) -> Result<()> {
    let wrong = || Error::new(ErrorKind::Malformed, "the sections carried whole are not the result's");
    let mut wanted = body.whole.iter().peekable();
    let mut length = 0_u64;
    for entry in &result.sections {
        if wanted.next_if_eq(&&entry.section_type).is_some() {
            if matches!(entry.section_type, section::TOKENS | section::RECORDS | section::PAD) {
                return Err(wrong());
            }
            length = length.saturating_add(entry.length);
        }
    }
    let part = body.parts.get(Part::Whole as usize).map_or(0, |part| part.length);
    if wanted.next().is_some() || length != part { Err(wrong()) } else { Ok(()) }
}

/// A verified delta.
pub struct Delta {
    bytes: Shared,
    body: Body,
    places: Vec<Range<usize>>,
    result: Manifest,
    sealed: bool,
}

impl Delta {
    /// The version that it is applied to, and that version's feed digest.
    #[must_use]
    pub const fn base(&self) -> (u64, &[u8; 32]) {
        (self.body.base.version, &self.body.base.digest)
    }

    /// What the publisher signed of the version that it leads to.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.result
    }

    /// The feed digest of the version that it leads to.
    #[must_use]
    pub const fn result_digest(&self) -> &[u8; 32] {
        &self.body.result.digest
    }

    /// Whether it came in an envelope: then what it makes is as secret as the envelope made it.
    #[must_use]
    pub const fn sealed(&self) -> bool {
        self.sealed
    }

    /// Makes the next version: byte for byte the unsealed snapshot, still to be verified like any other.
    ///
    /// `limit` bounds the length of the result in bytes. `base` may have expired.
    ///
    /// # Errors
    /// [`ErrorKind::BaseMismatch`] if the delta is of another feed or leads from an earlier version than `base`;
    /// [`ErrorKind::SnapshotNeeded`] if it leads from a later one (a delta between them is missing) or from another epoch;
    /// [`ErrorKind::Equivocation`] if the publisher signed another feed under the version number of `base`;
    /// [`ErrorKind::LimitExceeded`]; [`ErrorKind::Malformed`] if the parts do not fit the base.
    pub fn apply(&self, base: &Feed, limit: u64) -> Result<UnverifiedFeed> {
        self.check_base(base)?;
        if self.body.length > limit {
            return Err(Error::from(ErrorKind::LimitExceeded).at(limit));
        }
        let length = usize::try_from(self.body.length).map_err(|_| Error::from(ErrorKind::LimitExceeded))?;
        let (old, old_records) = base.exact().ok_or_else(|| Error::from(ErrorKind::SnapshotNeeded))?;
        let size = self.body.record_size as usize;
        if old_records.map_or(0, <[u8]>::len) != old.len().saturating_mul(size) {
            return Err(Error::new(ErrorKind::BaseMismatch, "the base has records of another length"));
        }
        let runs = self.runs(old)?;
        let mut file = Zeroizing::new(Vec::new());
        file.reserve_exact(length);
        file.extend_from_slice(self.part(Part::Result));
        let mut whole = self.part(Part::Whole);
        for entry in &self.result.sections {
            put_zeros_to(&mut file, ALIGNMENT);
            let start = file.len();
            match entry.section_type {
                section::PAD => file.resize(length, 0),
                section::TOKENS => {
                    runs.iter().for_each(|run| file.extend_from_slice(self.tokens_of(run, old).as_flattened()));
                }
                section::RECORDS => {
                    self.put_records(&mut file, &runs, old_records.unwrap_or_default(), old.len())?;
                }
                carried if self.body.whole.contains(&carried) => {
                    let length = usize::try_from(entry.length).unwrap_or(usize::MAX);
                    let (content, rest) = whole.split_at_checked(length).unwrap_or((whole, &[]));
                    file.extend_from_slice(content);
                    whole = rest;
                }
                kept => match base.section(kept) {
                    Some((old, content)) if old == entry => file.extend_from_slice(content),
                    _ => return Err(Error::new(ErrorKind::Malformed, "neither delta nor base has a section")),
                },
            }
            if (file.len() - start) as u64 != entry.length {
                return Err(Error::new(ErrorKind::Malformed, "the parts do not make the result's sections"));
            }
        }
        UnverifiedFeed::from_bytes(file)
    }

    fn check_base(&self, base: &Feed) -> Result<()> {
        let (old, body) = (base.manifest(), &self.body);
        if old.publisher != body.publisher || old.feed != body.feed {
            return Err(ErrorKind::BaseMismatch.into());
        }
        if old.epoch != body.epoch {
            return Err(Error::new(ErrorKind::SnapshotNeeded, "the delta is of another epoch than the base"));
        }
        if old.version < body.base.version {
            return Err(Error::new(ErrorKind::SnapshotNeeded, "the delta leads from a later version: one is missing"));
        }
        if old.version > body.base.version {
            return Err(Error::new(ErrorKind::BaseMismatch, "the delta leads from an earlier version"));
        }
        if *base.digest() != body.base.digest {
            return Err(Error::new(
                ErrorKind::Equivocation,
                "the delta leads from another feed with the same version number",
            ));
        }
        Ok(())
    }

    fn part(&self, part: Part) -> &[u8] {
        let place = self.places.get(part as usize).cloned().unwrap_or_default();
        self.bytes.as_ref().get(place).unwrap_or_default()
    }

    /// LE32 positions, strictly rising and below `count`.
    fn positions(&self, part: Part, count: usize) -> Result<Vec<usize>> {
        let bytes = self.part(part).as_chunks::<POSITION>().0;
        let positions: Vec<usize> = bytes.iter().map(|bytes| u32::from_le_bytes(*bytes) as usize).collect();
        if let Some(at) = positions.windows(2).position(|pair| matches!(pair, [a, b] if a >= b)) {
            return Err(Error::new(ErrorKind::NotSorted, "positions are not in rising order").at(at as u64 + 1));
        }
        if positions.last().is_some_and(|&last| last >= count) {
            return Err(Error::new(ErrorKind::Malformed, "a position beyond the base"));
        }
        Ok(positions)
    }

    /// How the result's entries are put together out of kept and added ones.
    fn runs(&self, old: &[Token]) -> Result<Vec<Run>> {
        let removed = self.positions(Part::Removed, old.len())?;
        let added = tokens::tokens(self.part(Part::Added));
        if let Some(at) = added.windows(2).position(|pair| matches!(pair, [a, b] if a >= b)) {
            return Err(Error::new(ErrorKind::NotSorted, "added tokens are not in rising order").at(at as u64 + 1));
        }
        let count = (old.len() - removed.len() + added.len()) as u64;
        if count != self.result.count {
            return Err(Error::new(ErrorKind::Malformed, "the parts do not make the result's count"));
        }
        let mut runs = Vec::new();
        let mut removed = removed.into_iter().peekable();
        let mut at = 0;
        let mut keep_until = |runs: &mut Vec<Run>, at: &mut usize, end: usize| {
            while let Some(gone) = removed.next_if(|&gone| gone < end) {
                runs.push(Run::Kept(*at..gone));
                *at = gone + 1;
            }
            if *at < end {
                runs.push(Run::Kept(*at..end));
                *at = end;
            }
        };
        for (index, token) in added.iter().enumerate() {
            let rest = old.get(at..).unwrap_or_default();
            let end = at + rest.partition_point(|kept| kept < token);
            keep_until(&mut runs, &mut at, end);
            runs.push(Run::Added(index));
        }
        keep_until(&mut runs, &mut at, old.len());
        Ok(runs)
    }

    fn tokens_of<'t>(&'t self, run: &Run, old: &'t [Token]) -> &'t [Token] {
        match run {
            Run::Kept(range) => old.get(range.clone()).unwrap_or_default(),
            Run::Added(index) => tokens::tokens(self.part(Part::Added)).get(*index..*index + 1).unwrap_or_default(),
        }
    }

    /// Appends the records of the result's entries, those that changed in place of the old ones.
    fn put_records(&self, file: &mut Vec<u8>, runs: &[Run], old: &[u8], count: usize) -> Result<()> {
        let size = self.body.record_size as usize;
        let changed = self.positions(Part::Changed, count)?;
        let (added_records, changed_records) = (self.part(Part::AddedRecords), self.part(Part::ChangedRecords));
        let record = |records: &'_ [u8], range: Range<usize>| -> Range<usize> {
            let range = range.start.saturating_mul(size)..range.end.saturating_mul(size);
            if range.end <= records.len() { range } else { 0..0 }
        };
        let removed = |index: usize| {
            Err(Error::new(ErrorKind::Malformed, "a removed entry's record is changed").at(index as u64))
        };
        let mut changed = changed.into_iter().enumerate().peekable();
        for run in runs {
            match run {
                Run::Added(index) => {
                    let range = record(added_records, *index..*index + 1);
                    file.extend_from_slice(added_records.get(range).unwrap_or_default());
                }
                Run::Kept(range) => {
                    let mut at = range.start;
                    // One that was removed has no run: it is left over, and found to be below.
                    while let Some((index, position)) = changed.next_if(|(_, position)| *position < range.end) {
                        if position < range.start {
                            return removed(index);
                        }
                        file.extend_from_slice(old.get(record(old, at..position)).unwrap_or_default());
                        let new = record(changed_records, index..index + 1);
                        file.extend_from_slice(changed_records.get(new).unwrap_or_default());
                        at = position + 1;
                    }
                    file.extend_from_slice(old.get(record(old, at..range.end)).unwrap_or_default());
                }
            }
        }
        changed.next().map_or(Ok(()), |(index, _)| removed(index))
    }
}

/// Some entries of the result that come from one place.
enum Run {
    /// Positions in the base.
    Kept(Range<usize>),
    /// A position among the added ones.
    Added(usize),
}

impl std::fmt::Debug for Delta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delta")
            .field("feed", &self.body.feed)
            .field("base", &self.body.base.version)
            .field("result", &self.body.result.version)
            .finish_non_exhaustive()
    }
}
