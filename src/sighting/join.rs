//! From hit ids back to a list: only who has the list, and the key that its tokens are made with.

use std::collections::{HashMap, HashSet};

use crate::blind::OprfKey;
use crate::crypto::mac::{Digest, Frame};
use crate::error::{ErrorKind, Result};
use crate::feed::Feed;
use crate::identifier::Identifier;
use crate::token::{self, BlindTokenizer, Ids, Tokenizer};

/// How many identifiers are hashed together.
const TILE: usize = 256;

/// Finds the entries of a list that some hit ids of one epoch stand for, without keeping the list.
///
/// Hit ids can be made by whoever can make tokens: for a salted feed everyone who opens it, for a blind feed the holder of the
/// OPRF key, at about the cost of publishing the list anew.
pub struct HitFinder {
    scheme: Scheme,
    ids: Ids,
    epoch: u32,
    wanted: HashSet<[u8; 16]>,
    frames: Vec<Frame>,
    entries: Vec<u64>,
    found: Joined,
}

enum Scheme {
    Salted(Tokenizer),
    Blind(BlindTokenizer),
}

/// Which entry of a list a hit id stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined(HashMap<(u32, [u8; 16]), u64>);

impl Joined {
    /// Nothing is known of any hit id.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The entry that a hit id of an epoch stands for.
    #[must_use]
    pub fn entry(&self, epoch: u32, hit_id: &[u8; 16]) -> Option<u64> {
        self.0.get(&(epoch, *hit_id)).copied()
    }

    /// How many hit ids are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over what was found in another epoch of the same list.
    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl HitFinder {
    /// Looks for hit ids of the epoch of `feed`, whose key makes them; a blind feed needs its OPRF key.
    ///
    /// # Errors
    /// [`ErrorKind::OprfKeyMismatch`] without the key of a blind feed, or with that of another feed or epoch.
    pub fn new(feed: &Feed, oprf: Option<&OprfKey>, wanted: impl IntoIterator<Item = [u8; 16]>) -> Result<Self> {
        let ids = feed.ids().clone();
        let scheme = match (feed.feed_key(), feed.blind_key(), oprf) {
            (Some(feed_key), _, _) => Scheme::Salted(Tokenizer::salted(feed_key, &ids)),
            (None, Some(public), Some(key)) if key.ids() == ids && key.public_key() == public.as_bytes() => {
                Scheme::Blind(key.tokenizer())
            }
            _ => return Err(ErrorKind::OprfKeyMismatch.into()),
        };
        let (frames, entries) = (Vec::with_capacity(TILE), Vec::with_capacity(TILE));
        let (wanted, found) = (wanted.into_iter().collect(), Joined::default());
        Ok(Self { scheme, ids, epoch: feed.manifest().epoch, wanted, frames, entries, found })
    }

    /// Looks at an entry of the list, with what is listed because of it. Of equal ones the first counts.
    ///
    /// # Errors
    /// None for salted feeds; what the curve refuses for blind ones.
    pub fn add(&mut self, entry: u64, identifier: &Identifier) -> Result<()> {
        for linked in identifier.linked().iter().chain([identifier]) {
            self.frames.push(token::frame(linked.kind(), &linked.match_key()));
            self.entries.push(entry);
        }
        if self.frames.len() < TILE { Ok(()) } else { self.flush() }
    }

    /// What was found.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn finish(mut self) -> Result<Joined> {
        self.flush()?;
        Ok(self.found)
    }

    fn flush(&mut self) -> Result<()> {
        let mut digests = vec![Digest::default(); self.frames.len()];
        match &self.scheme {
            Scheme::Salted(tokenizer) => tokenizer.digest_many(&self.frames, &mut digests),
            Scheme::Blind(tokenizer) => tokenizer.digest_many(&self.frames, &mut digests)?,
        }
        for (digest, entry) in digests.iter().zip(self.entries.drain(..)) {
            let hit_id = token::hit_id(digest, &self.ids);
            if self.wanted.contains(&hit_id) {
                self.found.0.entry((self.epoch, hit_id)).or_insert(entry);
            }
        }
        self.frames.clear();
        Ok(())
    }
}

impl std::fmt::Debug for HitFinder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HitFinder")
            .field("epoch", &self.epoch)
            .field("wanted", &self.wanted.len())
            .finish_non_exhaustive()
    }
}
