//! The index that lies beside feeds and deltas: which files there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::json;
use crate::crypto::sign::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{check_feed_id, key_id};

const VERSION: u32 = 1;
const MAX_NAME: usize = 128;
/// A longer chain of deltas is not worth its requests.
const MAX_CHAIN: usize = 64;

/// Which feeds and deltas lie beside this text. Nobody signs it: it is a hint, and every file that it names is verified.
///
/// ```
/// use bisik::{FeedIndex, Plan};
///
/// let id = "00".repeat(32);
/// let text = format!(
///     r#"{{"bisik_index":1,"feeds":[{{"publisher":"{id}","feed":"scams","version":3,"file":"scams.bisik","length":900000,
///         "deltas":[{{"from":2,"to":3,"file":"3.delta","length":5000}}]}}]}}"#
/// );
/// let index = FeedIndex::parse(text.as_bytes())?;
/// let feed = &index.feeds[0];
/// assert_eq!(feed.plan(Some(2)), Plan::Deltas(vec![0]));
/// assert_eq!(feed.plan(Some(1)), Plan::Snapshot); // no delta leads from there
/// assert_eq!(feed.plan(Some(3)), Plan::Nothing);
/// assert_eq!(feed.plan(Some(4)), Plan::Older);
/// # Ok::<(), bisik::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedIndex {
    /// The feeds, each once.
    pub feeds: Vec<IndexedFeed>,
}

/// A feed in an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexedFeed {
    /// The publisher id.
    #[serde(with = "key_id")]
    pub publisher: KeyId,
    /// The feed id.
    pub feed: String,
    /// The newest version.
    pub version: u64,
    /// The name of its file, beside the index.
    pub file: String,
    /// The file's length in bytes.
    pub length: u64,
    /// What leads from earlier versions to later ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deltas: Vec<IndexedDelta>,
}

/// A delta in an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexedDelta {
    /// The version that it is applied to.
    pub from: u64,
    /// The version that it makes.
    pub to: u64,
    /// The name of its file, beside the index.
    pub file: String,
    /// The file's length in bytes.
    pub length: u64,
}

/// What is worth fetching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// The version that is offered is held already.
    Nothing,
    /// What is offered is older than what is held: a rollback, if it is meant.
    Older,
    /// These deltas, by their places in [`IndexedFeed::deltas`], in order.
    Deltas(Vec<usize>),
    /// The snapshot.
    Snapshot,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexFile {
    bisik_index: u32,
    feeds: Vec<IndexedFeed>,
}

impl FeedIndex {
    /// The usual name of an index.
    pub const FILE: &'static str = "feeds.json";
    /// The longest index in bytes.
    pub const MAX_LENGTH: u64 = json::MAX_LENGTH as u64;

    /// Reads an index: strict JSON, with room for about 160 feeds of four deltas each.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`], [`ErrorKind::InvalidName`] and the other kinds of strict JSON; the position of a fault in an entry is
    /// the feed's.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let file: IndexFile = json::parse(bytes)?;
        if file.bisik_index != VERSION {
            return Err(Error::new(ErrorKind::UnsupportedVersion, "an index of another version"));
        }
        for (at, feed) in (0..).zip(&file.feeds) {
            feed.check().map_err(|error| error.at(at))?;
            let twice = |other: &IndexedFeed| other.publisher == feed.publisher && other.feed == feed.feed;
            if file.feeds.iter().skip(at as usize + 1).any(twice) {
                return Err(Error::new(ErrorKind::BadManifest, "a feed stands twice").at(at));
            }
        }
        Ok(Self { feeds: file.feeds })
    }

    /// The index as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        json::line(&IndexFile { bisik_index: VERSION, feeds: self.feeds.clone() })
    }
}

impl IndexedFeed {
    fn check(&self) -> Result<()> {
        check_feed_id(&self.feed)?;
        check_file_name(&self.file)?;
        if self.version == 0 {
            return Err(Error::new(ErrorKind::BadManifest, "versions begin at 1"));
        }
        for delta in &self.deltas {
            check_file_name(&delta.file)?;
            if delta.from == 0 || delta.from >= delta.to {
                return Err(Error::new(ErrorKind::BadManifest, "a delta leads from a version to a later one"));
            }
        }
        Ok(())
    }

    /// What to fetch for who holds this version, or none: the fewest bytes, counted by what the index says.
    #[must_use]
    pub fn plan(&self, held: Option<u64>) -> Plan {
        match held {
            None => Plan::Snapshot,
            Some(held) if held == self.version => Plan::Nothing,
            Some(held) if held > self.version => Plan::Older,
            Some(held) => match self.chain(held) {
                Some((deltas, bytes)) if bytes < self.length && deltas.len() <= MAX_CHAIN => Plan::Deltas(deltas),
                _ => Plan::Snapshot,
            },
        }
    }

    /// The shortest way from a version to the newest, and its bytes. Deltas lead upwards, so that by rising `from` every way is seen once.
    fn chain(&self, held: u64) -> Option<(Vec<usize>, u64)> {
        let mut order: Vec<usize> = (0..self.deltas.len()).collect();
        order.sort_by_key(|&at| self.deltas.get(at).map_or(0, |delta| delta.from));
        // For each version that can be reached: bytes, and the delta that reaches it.
        let mut best: BTreeMap<u64, (u64, Option<usize>)> = BTreeMap::from([(held, (0, None))]);
        for at in order {
            let Some(delta) = self.deltas.get(at).filter(|delta| delta.to <= self.version) else { continue };
            let Some(&(before, _)) = best.get(&delta.from) else { continue };
            let bytes = before.saturating_add(delta.length);
            if best.get(&delta.to).is_none_or(|&(known, _)| bytes < known) {
                best.insert(delta.to, (bytes, Some(at)));
            }
        }
        let &(bytes, _) = best.get(&self.version)?;
        let mut deltas = Vec::new();
        let mut version = self.version;
        while let Some(&(_, Some(at))) = best.get(&version) {
            deltas.push(at);
            version = self.deltas.get(at)?.from;
        }
        deltas.reverse();
        Some((deltas, bytes))
    }
}

/// A name that stays beside the index: no folder, no hidden file, nothing that a shell or an address reads otherwise.
pub(super) fn check_file_name(name: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > MAX_NAME || name.starts_with(['.', '-']) || !name.bytes().all(plain) {
        let what = "a file's name has 1 to 128 letters, digits, dots, hyphens and underscores, and begins with none of . and -";
        return Err(Error::new(ErrorKind::InvalidName, what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(version: u64, length: u64, deltas: &[(u64, u64, u64)]) -> IndexedFeed {
        let deltas = deltas
            .iter()
            .map(|&(from, to, length)| IndexedDelta { from, to, file: format!("{from}-{to}.delta"), length })
            .collect();
        IndexedFeed {
            publisher: KeyId::from_bytes([7; 32]),
            feed: "f".into(),
            version,
            file: "f.bisik".into(),
            length,
            deltas,
        }
    }

    #[test]
    fn the_fewest_bytes_win() {
        let offered = feed(5, 1_000, &[(4, 5, 100), (3, 4, 100), (3, 5, 150), (1, 3, 900), (2, 4, 850)]);
        assert_eq!(offered.plan(Some(4)), Plan::Deltas(vec![0]));
        assert_eq!(offered.plan(Some(3)), Plan::Deltas(vec![2]));
        assert_eq!(offered.plan(Some(2)), Plan::Deltas(vec![4, 0]));
        // 900 + 150 bytes are more than the snapshot.
        assert_eq!(offered.plan(Some(1)), Plan::Snapshot);
        assert_eq!(offered.plan(None), Plan::Snapshot);
        assert_eq!(offered.plan(Some(5)), Plan::Nothing);
        assert_eq!(offered.plan(Some(6)), Plan::Older);
    }

    #[test]
    fn what_leads_past_the_newest_or_nowhere_is_not_taken() {
        assert_eq!(feed(5, 1_000, &[(4, 6, 1), (6, 7, 1)]).plan(Some(4)), Plan::Snapshot);
        let long: Vec<_> = (1..100).map(|from| (from, from + 1, 1)).collect();
        assert_eq!(feed(100, 1_000_000, &long).plan(Some(1)), Plan::Snapshot);
        assert_eq!(feed(100, 1_000_000, &long).plan(Some(90)), Plan::Deltas((89..99).collect()));
        assert_eq!(feed(2, 10, &[(1, 2, u64::MAX)]).plan(Some(1)), Plan::Snapshot);
    }

    #[test]
    fn a_text_reads_back_and_faults_are_named() {
        let index = FeedIndex { feeds: vec![feed(5, 1_000, &[(4, 5, 100)])] };
        assert_eq!(FeedIndex::parse(index.to_text().as_bytes()).unwrap(), index);
        let kind = |index: &FeedIndex| FeedIndex::parse(index.to_text().as_bytes()).unwrap_err().kind();
        for name in ["", "../x", "a/b", ".hidden", "a\\b", "-x", "a b", "a?b", "a%2fb", &"x".repeat(129)] {
            let mut bad = index.clone();
            bad.feeds[0].file = name.to_owned();
            assert_eq!(kind(&bad), ErrorKind::InvalidName, "{name}");
            let mut bad = index.clone();
            bad.feeds[0].deltas[0].file = name.to_owned();
            assert_eq!(kind(&bad), ErrorKind::InvalidName, "{name}");
        }
        let mut twice = index.clone();
        twice.feeds.push(index.feeds[0].clone());
        assert_eq!(kind(&twice), ErrorKind::BadManifest);
        let mut back = index.clone();
        back.feeds[0].deltas[0].to = 4;
        assert_eq!(kind(&back), ErrorKind::BadManifest);
        assert_eq!(
            FeedIndex::parse(b"{\"bisik_index\":2,\"feeds\":[]}").unwrap_err().kind(),
            ErrorKind::UnsupportedVersion
        );
    }
}
