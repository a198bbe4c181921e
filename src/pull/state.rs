//! What a store writes down of each feed and of each source.

use serde::{Deserialize, Serialize};

use super::index::check_file_name;
use crate::codec::{hex, json};
use crate::crypto::sign::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::Feed;
use crate::history::SeenFeed;
use crate::keyring::check_name;
use crate::manifest::check_feed_id;
use crate::time::Timestamp;

const VERSION: u32 = 1;
const MAX_TEXT: usize = 2_048;

/// A feed in a store: which file it is, and what was seen when it was put there.
///
/// It is the store's memory and its pointer in one: who replaces this text, whole, changes both at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StoredFeed {
    bisik_stored: u32,
    /// The version, its digest and time of issue.
    pub seen: SeenFeed,
    /// The publisher's name in the trust store with which it was verified.
    pub publisher_name: String,
    /// When it expires.
    pub expires: Timestamp,
    /// How many entries it has.
    pub count: u64,
    /// The name of its file.
    pub file: String,
    /// The file's length in bytes.
    pub length: u64,
    /// Whether the file is in its envelope.
    pub sealed: bool,
    /// When it was put there.
    pub stored: Timestamp,
    /// Where it came from.
    pub source: String,
    /// The number of the store's change that put it there.
    pub change: u64,
}

/// What the last attempts at a source gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SourceState {
    bisik_source: u32,
    /// The address or path.
    pub source: String,
    /// When it was last asked.
    pub asked: Timestamp,
    /// When it last gave a good answer; that nothing is new is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// The publisher of the feed that it gave.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_id")]
    pub publisher: Option<KeyId>,
    /// The id of that feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    /// The digest of that feed.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex::optional")]
    pub digest: Option<[u8; 32]>,
    /// The server's tag of what it gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When the server says that it changed, as the server wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// What was wrong the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Why a source gave nothing that could be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// The name of the kind of error.
    pub kind: String,
    /// What happened, in a sentence.
    pub message: String,
    /// Since when this kind of error is the answer.
    pub since: Timestamp,
}

impl StoredFeed {
    /// What to write down of a verified feed.
    #[must_use]
    pub fn new(feed: &Feed, file: &str, length: u64, source: &str, now: Timestamp, change: u64) -> Self {
        let manifest = feed.manifest();
        Self {
            bisik_stored: VERSION,
            seen: SeenFeed::of(feed),
            publisher_name: feed.publisher_name().to_owned(),
            expires: manifest.expires,
            count: manifest.count,
            file: file.to_owned(),
            length,
            sealed: feed.sealed(),
            stored: now,
            source: clipped(source),
            change,
        }
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`], [`ErrorKind::InvalidName`] and the other kinds of strict JSON.
    pub fn parse(text: &str) -> Result<Self> {
        let stored: Self = json::parse(text.as_bytes())?;
        check_version(stored.bisik_stored)?;
        check_feed_id(&stored.seen.feed)?;
        check_name(&stored.publisher_name)?;
        check_file_name(&stored.file)?;
        if stored.seen.version == 0 || stored.seen.epoch == 0 || stored.source.len() > MAX_TEXT {
            return Err(Error::new(
                ErrorKind::BadManifest,
                "a stored feed without a version, or with too long a source",
            ));
        }
        Ok(stored)
    }

    /// The text.
    #[must_use]
    pub fn to_text(&self) -> String {
        json::line(self)
    }
}

impl SourceState {
    /// A source that is asked for the first time.
    #[must_use]
    pub fn new(source: &str, now: Timestamp) -> Self {
        Self {
            bisik_source: VERSION,
            source: clipped(source),
            asked: now,
            answered: None,
            publisher: None,
            feed: None,
            digest: None,
            etag: None,
            modified: None,
            problem: None,
        }
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`], [`ErrorKind::InvalidName`] and the other kinds of strict JSON.
    pub fn parse(text: &str) -> Result<Self> {
        let state: Self = json::parse(text.as_bytes())?;
        check_version(state.bisik_source)?;
        if let Some(feed) = &state.feed {
            check_feed_id(feed)?;
        }
        let texts = [Some(&state.source), state.etag.as_ref(), state.modified.as_ref()];
        let problem = state.problem.iter().flat_map(|problem| [&problem.kind, &problem.message]);
        if texts.into_iter().flatten().chain(problem).any(|text| text.len() > MAX_TEXT) {
            return Err(Error::new(ErrorKind::BadManifest, "a text longer than 2,048 bytes"));
        }
        Ok(state)
    }

    /// The text.
    #[must_use]
    pub fn to_text(&self) -> String {
        json::line(self)
    }

    /// The source gave this feed, or said that it is still the newest.
    pub fn gave(&mut self, feed: &SeenFeed, now: Timestamp) {
        (self.publisher, self.feed, self.digest) = (Some(feed.publisher), Some(feed.feed.clone()), Some(feed.digest));
        self.answers(now);
    }

    /// The source gave a good answer.
    pub fn answers(&mut self, now: Timestamp) {
        (self.asked, self.answered, self.problem) = (now, Some(now), None);
    }

    /// What a server said to ask with the next time; what does not fit a header is left out.
    pub fn validators(&mut self, etag: Option<&str>, modified: Option<&str>) {
        let fits = |text: &&str| text.len() <= 256 && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        self.etag = etag.filter(fits).map(str::to_owned);
        self.modified = modified.filter(fits).map(str::to_owned);
    }

    /// The source gave nothing that could be used. `true` if that is news.
    pub fn failed(&mut self, kind: ErrorKind, message: &str, now: Timestamp) -> bool {
        self.asked = now;
        let before = self.problem.take().filter(|before| before.kind == kind.name());
        let since = before.as_ref().map_or(now, |before| before.since);
        self.problem = Some(Problem { kind: kind.name().to_owned(), message: clipped(message), since });
        before.is_none()
    }
}

fn check_version(version: u32) -> Result<()> {
    if version == VERSION {
        return Ok(());
    }
    Err(Error::new(ErrorKind::UnsupportedVersion, "a file of another version"))
}

/// Text that strict JSON takes, of bounded length.
fn clipped(text: &str) -> String {
    let mut plain: String =
        text.chars().map(|c| if json::is_plain_text(c.encode_utf8(&mut [0; 4])) { c } else { '?' }).collect();
    let mut end = MAX_TEXT.min(plain.len());
    while !plain.is_char_boundary(end) {
        end -= 1;
    }
    plain.truncate(end);
    plain
}

/// A key id that may be absent.
mod optional_id {
    use serde::{Deserializer, Serializer};

    use super::{KeyId, hex};

    pub(super) fn serialize<S: Serializer>(id: &Option<KeyId>, serializer: S) -> Result<S::Ok, S::Error> {
        hex::optional::serialize(&id.map(|id| *id.as_bytes()), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<KeyId>, D::Error> {
        hex::optional::deserialize(deserializer).map(|id: Option<[u8; 32]>| id.map(KeyId::from_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_remembers_since_when_it_fails() {
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let mut state = SourceState::new("https://feeds.example/a", at(10));
        assert!(state.failed(ErrorKind::Truncated, "cut", at(20)));
        assert!(!state.failed(ErrorKind::Truncated, "cut", at(30)));
        assert_eq!(state.problem.as_ref().unwrap().since, at(20));
        assert!(state.failed(ErrorKind::Rollback, "older", at(40)));
        assert_eq!(SourceState::parse(&state.to_text()).unwrap(), state);
        state.validators(Some("\"x\""), Some("never\r\nset-cookie: x"));
        state.answers(at(50));
        assert_eq!((state.problem.clone(), state.modified.clone(), state.asked), (None, None, at(50)));
        assert_eq!(SourceState::parse(&state.to_text()).unwrap(), state);
    }

    #[test]
    fn texts_are_made_plain_and_short() {
        let at = Timestamp::from_seconds(1).unwrap();
        let mut state = SourceState::new(&"\u{202e}é".repeat(2_000), at);
        state.failed(ErrorKind::Io, "a\nb", at);
        assert!(state.source.len() <= MAX_TEXT && !state.source.contains('\u{202e}'));
        assert_eq!(SourceState::parse(&state.to_text()).unwrap(), state);
    }
}
