//! What was seen and signed before: the memory that a rollback, a fork or a clock gone back shows against.
//!
//! ```text
//! subscriber   verify → observe(feed, now) → store the text → use the feed
//! publisher    next → reserve(feed, epoch, version) → store the text → sign
//! ```
//!
//! The core only decides; who keeps the text must have it on the disk before going on.

use serde::{Deserialize, Serialize};

use crate::codec::{hex, json};
use crate::container::SignedBlock;
use crate::crypto::sign::{KeyId, SignedType};
use crate::error::{Error, ErrorKind, Result};
use crate::feed::{CLOCK_SKEW, Feed};
use crate::manifest::{Manifest, check_feed_id, key_id};
use crate::time::Timestamp;
use crate::trust::TrustStore;

/// The version of both texts.
const VERSION: u32 = 1;

/// The newest version that a subscriber has seen of each feed.
///
/// ```
/// use bisik::{Card, ErrorKind, FixedEntropy, History, KeySet, PublishOptions, Publisher, Timestamp, TrustStore, UnverifiedFeed};
///
/// let mut entropy = FixedEntropy::new(1);
/// let now = Timestamp::from_seconds(1_800_000_000)?;
/// let centre = KeySet::generate("Example Centre", &mut entropy)?;
/// let mut trust = TrustStore::new();
/// trust.add_card(&centre.card())?;
/// let read = |bytes: &[u8]| UnverifiedFeed::from_bytes(bytes.to_vec())?.verify(&trust, now);
///
/// let first = Publisher::new(&centre.signing, PublishOptions::new("f", now), None, &mut entropy)?.publish(&mut entropy)?;
/// let first = read(first.open(&[])?)?;
/// let second = Publisher::new(&centre.signing, PublishOptions::new("f", now), Some(&first), &mut entropy)?;
/// let second = read(second.publish(&mut entropy)?.open(&[])?)?;
///
/// let mut history = History::new();
/// assert!(history.observe(&second, now)?); // true: store history.to_text() before the feed is used
/// assert_eq!(history.observe(&first, now).unwrap_err().kind(), ErrorKind::Rollback);
/// # Ok::<(), bisik::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    feeds: Vec<SeenFeed>,
}

/// The newest version seen of a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SeenFeed {
    /// The publisher id.
    #[serde(with = "key_id")]
    pub publisher: KeyId,
    /// The feed id.
    pub feed: String,
    /// Its epoch.
    pub epoch: u32,
    /// Its version.
    pub version: u64,
    /// Its feed digest.
    #[serde(with = "hex::fixed")]
    pub digest: [u8; 32],
    /// When it was issued.
    pub issued: Timestamp,
    /// The rotation since which versions count anew; 0 if there was none.
    pub generation: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryFile {
    bisik_history: u32,
    feeds: Vec<SeenFeed>,
}

impl History {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a history's text; it has room for about 500 feeds.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`] and the other kinds of strict JSON.
    pub fn parse(text: &str) -> Result<Self> {
        let file: HistoryFile = json::parse(text.as_bytes())?;
        check_version(file.bisik_history)?;
        for (at, seen) in (0..).zip(&file.feeds) {
            check_feed_id(&seen.feed).map_err(|error| error.at(at))?;
            let twice = file.feeds.iter().skip(at as usize + 1).any(|other| other.is_of(&seen.publisher, &seen.feed));
            if twice || seen.version == 0 || seen.epoch == 0 {
                return Err(Error::new(ErrorKind::BadManifest, "a feed stands twice or has no version").at(at));
            }
        }
        Ok(Self { feeds: file.feeds })
    }

    /// The history as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        text(&HistoryFile { bisik_history: VERSION, feeds: self.feeds.clone() })
    }

    /// The newest version seen of each feed.
    #[must_use]
    pub fn feeds(&self) -> &[SeenFeed] {
        &self.feeds
    }

    /// Compares a verified feed with what was seen before, and remembers it. `true`: the text changed, and must be on the disk
    /// before the feed is used.
    ///
    /// # Errors
    /// The history is then unchanged. [`ErrorKind::ClockWentBack`] if `now` is more than 300 s before the newest time of issue that
    /// was seen of any feed; [`ErrorKind::Rollback`] for an older version or epoch; [`ErrorKind::Equivocation`] for another feed with
    /// the same version number: then keep both [signed blocks](Feed::signed_block) as proof.
    pub fn observe(&mut self, feed: &Feed, now: Timestamp) -> Result<bool> {
        let manifest = feed.manifest();
        let generation = feed.authority().generation;
        let is_same = |seen: &SeenFeed| seen.is_of(&manifest.publisher, &manifest.feed);
        // A rotation that resets versions voids what was seen before it, once.
        let counts = |seen: &&SeenFeed| !(is_same(seen) && seen.generation < generation);
        let newest = self.feeds.iter().filter(counts).map(|seen| seen.issued).max();
        if newest.is_some_and(|newest| now.plus(CLOCK_SKEW) < newest) {
            return Err(ErrorKind::ClockWentBack.into());
        }
        let seen = SeenFeed::of(feed);
        if let Some(before) = self.feeds.iter().filter(counts).find(|before| is_same(before)) {
            if before.generation > generation {
                return Err(Error::new(ErrorKind::Rollback, "the trust store is older than what was seen with it"));
            }
            if seen.version < before.version || seen.epoch < before.epoch {
                return Err(ErrorKind::Rollback.into());
            }
            if seen.version == before.version {
                return if seen.digest == before.digest { Ok(false) } else { Err(ErrorKind::Equivocation.into()) };
            }
        }
        self.feeds.retain(|before| !is_same(before));
        self.feeds.push(seen);
        Ok(true)
    }

    /// Forgets a feed, because a person says so. `false` if it was not known.
    pub fn forget(&mut self, publisher: &KeyId, feed: &str) -> bool {
        let before = self.feeds.len();
        self.feeds.retain(|seen| !seen.is_of(publisher, feed));
        self.feeds.len() < before
    }
}

/// What other memory holds, such as the texts of a store. Of a feed that stands twice the newest counts.
impl FromIterator<SeenFeed> for History {
    fn from_iter<I: IntoIterator<Item = SeenFeed>>(seen: I) -> Self {
        let mut feeds: Vec<SeenFeed> = Vec::new();
        for seen in seen {
            match feeds.iter_mut().find(|known| known.is_of(&seen.publisher, &seen.feed)) {
                Some(known) if (known.generation, known.version) < (seen.generation, seen.version) => *known = seen,
                Some(_) => {}
                None => feeds.push(seen),
            }
        }
        Self { feeds }
    }
}

impl SeenFeed {
    /// What is remembered of a feed.
    pub(crate) fn of(feed: &Feed) -> Self {
        let manifest = feed.manifest();
        Self {
            publisher: manifest.publisher,
            feed: manifest.feed.clone(),
            epoch: manifest.epoch,
            version: manifest.version,
            digest: *feed.digest(),
            issued: manifest.issued,
            generation: feed.authority().generation,
        }
    }

    fn is_of(&self, publisher: &KeyId, feed: &str) -> bool {
        self.publisher == *publisher && self.feed == feed
    }
}

/// A manifest whose signature was verified, without the feed that it describes: enough to compare two versions, and to
/// prove that a publisher signed both.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SignedManifest {
    /// What was signed.
    pub manifest: Manifest,
    /// Its feed digest.
    pub digest: [u8; 32],
    /// The publisher's name in the reader's own trust store.
    pub publisher_name: String,
}

impl SignedManifest {
    /// Reads the signed block at the beginning of `bytes`, as [`Feed::signed_block`] gave it or as an open feed begins, and says
    /// how long it is. Neither times nor sections are checked.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`], [`ErrorKind::BadSignature`], [`ErrorKind::NotAuthorised`] and the 300 block.
    pub fn read(bytes: &[u8], trust: &TrustStore) -> Result<(Self, usize)> {
        let block = SignedBlock::read(bytes)?;
        let signers = trust.verify(SignedType::Manifest, &block)?;
        let manifest = Manifest::parse(block.body)?;
        let authority = trust.authorise(&signers, &manifest.publisher, &manifest.feed)?;
        let length = block.head.block_length();
        Ok((Self { manifest, digest: block.digest(), publisher_name: authority.name }, length))
    }
}

/// The versions that a publisher has signed or is about to sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsedVersions {
    feeds: Vec<UsedVersion>,
}

/// The highest version that may have been signed of a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UsedVersion {
    /// The feed id.
    pub feed: String,
    /// The highest epoch.
    pub epoch: u32,
    /// The highest version.
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsedFile {
    bisik_used: u32,
    feeds: Vec<UsedVersion>,
}

impl UsedVersions {
    /// Nothing was signed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`] and the other kinds of strict JSON.
    pub fn parse(text: &str) -> Result<Self> {
        let file: UsedFile = json::parse(text.as_bytes())?;
        check_version(file.bisik_used)?;
        for (at, used) in (0..).zip(&file.feeds) {
            check_feed_id(&used.feed).map_err(|error| error.at(at))?;
            if file.feeds.iter().skip(at as usize + 1).any(|other| other.feed == used.feed) {
                return Err(Error::new(ErrorKind::BadManifest, "a feed stands twice").at(at));
            }
        }
        Ok(Self { feeds: file.feeds })
    }

    /// The text.
    #[must_use]
    pub fn to_text(&self) -> String {
        text(&UsedFile { bisik_used: VERSION, feeds: self.feeds.clone() })
    }

    /// What may have been signed of a feed; the next version is higher.
    #[must_use]
    pub fn of(&self, feed: &str) -> Option<&UsedVersion> {
        self.feeds.iter().find(|used| used.feed == feed)
    }

    /// Marks a version as used. The text must be on the disk before the version is signed: then no crash signs two feeds
    /// with one number.
    ///
    /// # Errors
    /// [`ErrorKind::Rollback`] if the version or a later one was used before.
    pub fn reserve(&mut self, feed: &str, epoch: u32, version: u64) -> Result<()> {
        let next = UsedVersion { feed: feed.to_owned(), epoch, version };
        match self.feeds.iter_mut().find(|used| used.feed == feed) {
            Some(used) if version <= used.version || epoch < used.epoch => {
                return Err(Error::new(ErrorKind::Rollback, "this version or a later one may have been signed before"));
            }
            Some(used) => *used = next,
            None => self.feeds.push(next),
        }
        Ok(())
    }
}

fn check_version(version: u32) -> Result<()> {
    if version == VERSION {
        return Ok(());
    }
    Err(Error::new(ErrorKind::UnsupportedVersion, "a file of another version"))
}

fn text(file: &impl Serialize) -> String {
    // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
    let mut text = serde_json::to_string_pretty(file).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_feed_that_stands_twice_the_newest_counts() {
        let seen = |feed: &str, generation, version, digest: u8| SeenFeed {
            publisher: KeyId::from_bytes([1; 32]),
            feed: feed.to_owned(),
            epoch: 1,
            version,
            digest: [digest; 32],
            issued: Timestamp::from_seconds(1_800_000_000).unwrap(),
            generation,
        };
        let all = [
            seen("a", 0, 5, 1),
            seen("b", 0, 9, 2),
            seen("a", 0, 4, 3),
            seen("a", 0, 5, 4),
            seen("b", 2, 1, 5),
            seen("b", 1, 8, 6),
            seen("a", 0, 6, 7),
        ];
        let history: History = all.into_iter().collect();
        let kept: Vec<_> = history
            .feeds
            .iter()
            .map(|seen| (seen.feed.as_str(), seen.generation, seen.version, seen.digest[0]))
            .collect();
        assert_eq!(kept, [("a", 0, 6, 7), ("b", 2, 1, 5)]);
        // Of two with the same number the first one stays, whose digest the other contradicts.
        let history: History = [seen("a", 0, 5, 1), seen("a", 0, 5, 2)].into_iter().collect();
        assert_eq!(history.feeds[0].digest, [1; 32]);
    }
}
