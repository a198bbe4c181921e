//! Learning that an entry one acted upon was withdrawn: hits that a subscriber remembers, and the publisher's list.
//!
//! ```text
//! match → Remembered (kept by the subscriber)      later: RetractionList of a newer version → find(remembered) → when and why
//! ```
//!
//! A fresh look-up says nothing of retractions: they are found by hit ids that somebody has kept, and by nothing else.

use serde::{Deserialize, Serialize};

use crate::codec::bytes::{Reader, put_lp};
use crate::codec::{hex, json};
use crate::container::{self, SignedBlock};
use crate::crypto::sign::{KeyId, SignedType, SigningKey};
use crate::error::{Error, ErrorKind, Result};
use crate::feed::{CLOCK_SKEW, Feed};
use crate::manifest::{Manifest, check_feed_id, key_id, section};
use crate::payload::retractions::{self, LENGTH, Retraction};
use crate::time::Timestamp;
use crate::trust::TrustStore;

/// A hit that a subscriber acted upon, without what was looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Remembered {
    /// The publisher id.
    #[serde(with = "key_id")]
    pub publisher: KeyId,
    /// The feed id.
    pub feed: String,
    /// The epoch of the hit id.
    pub epoch: u32,
    /// The version that had the hit.
    pub version: u64,
    /// The hit id.
    #[serde(with = "hex::fixed")]
    pub hit_id: [u8; 16],
    /// When it was found.
    pub time: Timestamp,
}

impl Remembered {
    /// What to keep of a hit in a feed.
    #[must_use]
    pub fn new(feed: &Feed, hit_id: [u8; 16], now: Timestamp) -> Self {
        let manifest = feed.manifest();
        let (epoch, version) = (manifest.epoch, manifest.version);
        Self { publisher: manifest.publisher, feed: manifest.feed.clone(), epoch, version, hit_id, time: now }
    }

    /// One line of JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`] and the other kinds of strict JSON.
    pub fn parse(line: &str) -> Result<Self> {
        let remembered: Self = json::parse(line.as_bytes())?;
        check_feed_id(&remembered.feed)?;
        Ok(remembered)
    }
}

/// What a publisher withdrew from a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetractionList {
    /// The publisher id.
    pub publisher: KeyId,
    /// The feed id.
    pub feed: String,
    /// The version that it comes with.
    pub version: u64,
    /// When that was issued.
    pub issued: Timestamp,
    /// What was withdrawn, by epoch and hit id.
    pub entries: Vec<Retraction>,
}

impl RetractionList {
    /// The list in a feed; empty if it carries none.
    #[must_use]
    pub fn of(feed: &Feed) -> Self {
        let manifest = feed.manifest();
        let (publisher, version, issued) = (manifest.publisher, manifest.version, manifest.issued);
        Self { publisher, feed: manifest.feed.clone(), version, issued, entries: in_feed(feed) }
    }

    /// Reads a list that came as a file of its own, for those who cannot open the newest feed.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`], [`ErrorKind::BadSignature`], [`ErrorKind::NotAuthorised`], [`ErrorKind::NotYetValid`],
    /// [`ErrorKind::NotSorted`] and the 300 block.
    pub fn read(bytes: &[u8], trust: &TrustStore, now: Timestamp) -> Result<Self> {
        let block = SignedBlock::alone(bytes)?;
        let signers = trust.verify(SignedType::Retraction, &block)?;
        let mut reader = Reader::new(block.body);
        let publisher = KeyId::from_bytes(reader.array()?);
        let length = reader.u32()? as usize;
        let feed = std::str::from_utf8(reader.take(length)?).map_err(|_| Error::from(ErrorKind::InvalidName))?;
        check_feed_id(feed)?;
        let (version, issued) = (reader.u64()?, Timestamp::from_seconds(reader.u64()?)?);
        let count = reader.u32()? as usize;
        let entries = reader.take(count.saturating_mul(LENGTH))?;
        reader.finish()?;
        trust.authorise(&signers, &publisher, feed)?;
        if issued > now.plus(CLOCK_SKEW) {
            return Err(ErrorKind::NotYetValid.into());
        }
        Ok(Self { publisher, feed: feed.to_owned(), version, issued, entries: retractions::parse(entries)? })
    }

    /// Whether, when and why a remembered hit was withdrawn.
    #[must_use]
    pub fn find(&self, remembered: &Remembered) -> Option<&Retraction> {
        if remembered.publisher != self.publisher || remembered.feed != self.feed {
            return None;
        }
        let wanted = (remembered.epoch, remembered.hit_id);
        let at = self.entries.binary_search_by_key(&wanted, |entry| (entry.epoch, entry.hit_id)).ok()?;
        self.entries.get(at)
    }
}

fn in_feed(feed: &Feed) -> Vec<Retraction> {
    // What a verified feed carries was read when it was verified.
    feed.section(section::RETRACTIONS).and_then(|(_, bytes)| retractions::parse(bytes).ok()).unwrap_or_default()
}

/// What a version issued at `now` still tells of the retractions of the one before.
pub(crate) fn carried(previous: &Feed, now: Timestamp) -> Vec<Retraction> {
    let mut entries = in_feed(previous);
    entries.retain(|entry| now < entry.until);
    entries
}

/// A list as a file of its own, of the retractions in a section.
pub(crate) fn sign(manifest: &Manifest, section: &[u8], key: &SigningKey) -> Result<Vec<u8>> {
    let mut body = Vec::with_capacity(128 + section.len());
    body.extend_from_slice(manifest.publisher.as_bytes());
    put_lp(&mut body, manifest.feed.as_bytes());
    body.extend_from_slice(&manifest.version.to_le_bytes());
    body.extend_from_slice(&manifest.issued.seconds().to_le_bytes());
    body.extend_from_slice(&u32::try_from(section.len() / LENGTH).unwrap_or(u32::MAX).to_le_bytes());
    body.extend_from_slice(section);
    if body.len() > json::MAX_LENGTH {
        return Err(Error::new(ErrorKind::TooManyEntries, "a list of retractions has at most 1 MiB"));
    }
    Ok(container::write_block(SignedType::Retraction, &body, None, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::FixedEntropy;

    #[test]
    fn a_list_is_no_longer_than_what_is_read_of_one() {
        let key = SigningKey::generate(&mut FixedEntropy::new(1)).unwrap();
        let manifest = crate::manifest::tests::sample();
        let list = |entries: usize| sign(&manifest, &vec![0; entries * LENGTH], &key);
        let most = json::MAX_LENGTH / LENGTH - 2;
        let longest = list(most).unwrap();
        let block = SignedBlock::read(&longest).unwrap();
        assert!(block.body.len() + LENGTH > json::MAX_LENGTH);
        assert_eq!(list(most + 1).unwrap_err().kind(), ErrorKind::TooManyEntries);
        // To the byte: a longer name leaves no room for as many.
        let room = json::MAX_LENGTH - most * LENGTH - 56;
        for (length, fits) in [(room, true), (room + 1, false)] {
            let manifest = Manifest { feed: "f".repeat(length), ..manifest.clone() };
            assert_eq!(sign(&manifest, &vec![0; most * LENGTH], &key).is_ok(), fits, "{length}");
        }
    }
}
