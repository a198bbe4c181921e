//! A finished feed that was never whole in memory.
//!
//! The manifest states the sections' hashes and stands before them. So the entries are gone through twice: to count and hash them,
//! and, once that is signed, to write them.

use std::io::Write;

use crate::container::ALIGNMENT;
use crate::crypto::age::Recipient;
use crate::crypto::mac::{Digest, Hasher};
use crate::entropy::Entropy;
use crate::envelope::Envelope;
use crate::error::{Error, ErrorKind, Result};
use crate::identifier::Kind;
use crate::layout::Content;
use crate::manifest::{Manifest, Section, section};
use crate::publisher::publication::About;
use crate::publisher::runs::Runs;
use crate::token::TOKEN_LENGTH;

/// How many bytes of tokens are hashed and written together.
const PIECE: usize = 4_096 * TOKEN_LENGTH;

/// A finished feed that has not left yet, and whose entries may be in a [scratch](crate::publisher::Scratch): it goes out open or
/// sealed, with the bytes that a [`Publication`](crate::Publication) of the same additions has.
pub struct StreamedPublication<'k> {
    about: About<'k>,
    /// The signed block.
    block: Vec<u8>,
    /// The file's length.
    length: u64,
    /// The sections before and behind the tokens.
    before: Vec<Content>,
    behind: Vec<Content>,
    runs: Runs<'k>,
}

impl<'k> StreamedPublication<'k> {
    /// The section of the tokens, as the manifest will state it; calls `count` with the kind of each.
    pub(super) fn tokens(runs: &mut Runs<'_>, mut count: impl FnMut(u8)) -> Result<Section> {
        let mut hasher = Hasher::default();
        let mut length = 0;
        pieces(runs, &mut count, &mut |piece| {
            length += piece.len() as u64;
            hasher.update(piece);
            Ok(())
        })?;
        if length / TOKEN_LENGTH as u64 > u64::from(u32::MAX) {
            return Err(ErrorKind::TooManyEntries.into());
        }
        Ok(Section { section_type: section::TOKENS, required: true, length, blake3: hasher.finish() })
    }

    pub(super) fn new(
        (about, block, length): (About<'k>, Vec<u8>, u64),
        before: Vec<Content>,
        behind: Vec<Content>,
        runs: Runs<'k>,
    ) -> Self {
        Self { about, block, length, before, behind, runs }
    }

    /// What was signed.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.about.manifest
    }

    /// The feed digest.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.about.digest
    }

    /// As [`Publication::merged`](crate::Publication::merged).
    #[must_use]
    pub const fn merged(&self) -> u64 {
        self.about.merged
    }

    /// As [`Publication::linked`](crate::Publication::linked).
    #[must_use]
    pub const fn linked(&self) -> u64 {
        self.about.linked
    }

    /// As [`Publication::enumerable`](crate::Publication::enumerable).
    #[must_use]
    pub fn enumerable(&self) -> Vec<Kind> {
        self.about.enumerable()
    }

    /// Whether [`write_open`](Self::write_open) would write the feed: each enumerable kind in it is in `accepted`.
    ///
    /// # Errors
    /// [`ErrorKind::Enumerable`].
    pub fn check_open(&self, accepted: &[Kind]) -> Result<()> {
        self.about.check_open(accepted)
    }

    /// As [`Publication::retraction_list`](crate::Publication::retraction_list).
    ///
    /// # Errors
    /// [`ErrorKind::TooManyEntries`] for more than 1 MiB of them.
    pub fn retraction_list(&self) -> Result<Vec<u8>> {
        self.about.retraction_list()
    }

    /// Writes the feed for everybody to read, once each enumerable kind in it is in `accepted`. It may be written several times.
    ///
    /// # Errors
    /// [`ErrorKind::Enumerable`], before anything is written; [`ErrorKind::Io`]; [`ErrorKind::HashMismatch`] if the scratch gives
    /// back something else than it was given. What was written then is no feed.
    pub fn write_open(&mut self, accepted: &[Kind], out: &mut dyn Write) -> Result<()> {
        self.check_open(accepted)?;
        self.pieces(&mut |piece| out.write_all(piece).map_err(|error| Error::from(ErrorKind::Io).caused_by(error)))
    }

    /// Seals the feed to recipients and to the publisher's own, and writes the file.
    ///
    /// # Errors
    /// As [`Publication::seal`](crate::Publication::seal), and as [`write_open`](Self::write_open).
    pub fn seal(&mut self, recipients: &[Recipient], entropy: &mut dyn Entropy, out: &mut dyn Write) -> Result<()> {
        let About { signing, manifest, digest, .. } = &self.about;
        let everybody = self.about.everybody(recipients)?;
        let mut envelope = Envelope::begin(digest, &signing.key, &everybody, manifest.issued, entropy, out)?;
        self.pieces(&mut |piece| envelope.push(piece))?;
        envelope.finish()
    }

    /// The file, a piece after the other.
    fn pieces(&mut self, put: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Self { about, block, length, before, behind, runs } = self;
        let mut file = Pieces { put, at: 0 };
        file.put(block)?;
        for content in before {
            file.section(&content.bytes)?;
        }
        file.align()?;
        let mut hasher = Hasher::default();
        pieces(runs, &mut |_| {}, &mut |piece| {
            hasher.update(piece);
            file.put(piece)
        })?;
        let stated = about.manifest.sections.iter().find(|entry| entry.section_type == section::TOKENS);
        let hash: Digest = hasher.finish();
        if stated.is_none_or(|stated| stated.blake3 != hash) {
            return Err(Error::new(ErrorKind::HashMismatch, "the scratch does not hold what was written to it"));
        }
        for content in behind {
            file.section(&content.bytes)?;
        }
        file.zeros_to(*length)
    }
}

/// A file that goes out in pieces.
struct Pieces<'p> {
    put: &'p mut dyn FnMut(&[u8]) -> Result<()>,
    /// How much went out.
    at: u64,
}

impl Pieces<'_> {
    fn put(&mut self, piece: &[u8]) -> Result<()> {
        self.at += piece.len() as u64;
        (self.put)(piece)
    }

    fn section(&mut self, content: &[u8]) -> Result<()> {
        self.align()?;
        self.put(content)
    }

    fn align(&mut self) -> Result<()> {
        self.zeros_to(self.at.next_multiple_of(ALIGNMENT as u64))
    }

    fn zeros_to(&mut self, end: u64) -> Result<()> {
        let zeros = [0; 4_096];
        while self.at < end {
            let length = (end - self.at).min(zeros.len() as u64) as usize;
            self.put(zeros.get(..length).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// The tokens in rising order, many together, and the kind of each.
fn pieces(runs: &mut Runs<'_>, kind_of: &mut dyn FnMut(u8), each: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut piece = Vec::with_capacity(PIECE);
    runs.for_each(|token, kind| {
        kind_of(kind);
        piece.extend_from_slice(token);
        if piece.len() == PIECE {
            each(&piece)?;
            piece.clear();
        }
        Ok(())
    })?;
    each(&piece)
}

impl std::fmt::Debug for StreamedPublication<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamedPublication")
            .field("feed", &self.about.manifest.feed)
            .field("count", &self.about.manifest.count)
            .finish_non_exhaustive()
    }
}
