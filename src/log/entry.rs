//! One entry: what it may say, and its line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::{hex, json};
use crate::crypto::mac::{self, context};
use crate::crypto::sign::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::check_feed_id;
use crate::time::Timestamp;

/// The longest line, with its end, in bytes.
pub(super) const MAX_LINE: usize = 4_096;
/// `,"hash":"` ‖ 64 digits ‖ `"}`.
const HASH_MEMBER: usize = 9 + 64 + 2;
const MAX_COUNTS: usize = 16;
const MAX_WORD: usize = 32;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogEvent {
    /// The log begins; its first entry.
    Start,
    /// A feed was published.
    Publication,
    /// Entries were withdrawn.
    Withdrawal,
    /// A feed was pulled into a store, or a source failed.
    Pull,
    /// Deltas were applied.
    Apply,
    /// What the trust store says was changed.
    Trust,
    /// A member of a blind feed or its budget was changed.
    Budget,
    /// Sightings were sent.
    SightingsSent,
    /// Sightings were opened.
    SightingsOpened,
    /// A server for blind queries began to answer.
    Serve,
    /// An incomplete last line was removed.
    Mended,
}

impl LogEvent {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Start,
        Self::Publication,
        Self::Withdrawal,
        Self::Pull,
        Self::Apply,
        Self::Trust,
        Self::Budget,
        Self::SightingsSent,
        Self::SightingsOpened,
        Self::Serve,
        Self::Mended,
    ];

    /// Its name in a log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Publication => "publication",
            Self::Withdrawal => "withdrawal",
            Self::Pull => "pull",
            Self::Apply => "apply",
            Self::Trust => "trust",
            Self::Budget => "budget",
            Self::SightingsSent => "sightings-sent",
            Self::SightingsOpened => "sightings-opened",
            Self::Serve => "serve",
            Self::Mended => "mended",
        }
    }
}

/// What an entry says, before it has its place in a log. There is no room for a text: words of the program and numbers alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogRecord {
    /// When.
    pub time: Timestamp,
    /// What.
    pub event: LogEvent,
    /// Of which publisher.
    pub publisher: Option<KeyId>,
    /// Of which feed.
    pub feed: Option<String>,
    /// Which version.
    pub version: Option<u64>,
    /// Why it failed; `None` if it was done.
    pub failure: Option<ErrorKind>,
    /// How many of what: names are words of lower-case letters and hyphens.
    pub counts: BTreeMap<&'static str, u64>,
}

impl LogRecord {
    /// A record of an event.
    #[must_use]
    pub const fn new(event: LogEvent, time: Timestamp) -> Self {
        Self { time, event, publisher: None, feed: None, version: None, failure: None, counts: BTreeMap::new() }
    }

    /// The same of a publisher's feed.
    #[must_use]
    pub fn of(mut self, publisher: &KeyId, feed: &str, version: u64) -> Self {
        (self.publisher, self.feed, self.version) = (Some(*publisher), Some(feed.to_owned()), Some(version));
        self
    }

    /// The same with a count.
    #[must_use]
    pub fn count(mut self, name: &'static str, count: u64) -> Self {
        self.counts.insert(name, count.min(json::MAX_INTEGER));
        self
    }
}

/// An entry as it stands in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LogEntry {
    /// Its number, from 1.
    pub number: u64,
    /// When it was written.
    pub time: Timestamp,
    /// What happened: the name of a [`LogEvent`], or of one that a newer program knows.
    pub event: String,
    /// The log's id, 16 random bytes; in the first entry alone.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex::optional")]
    pub log: Option<[u8; 16]>,
    /// Of which publisher.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_id")]
    pub publisher: Option<KeyId>,
    /// Of which feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    /// Which version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The name of the kind of error, if it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// How many of what.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// What chains it to the entries before.
    #[serde(with = "hex::fixed")]
    pub hash: [u8; 32],
}

impl LogEntry {
    /// The entry and its line, with the end of the line.
    pub(super) fn make(
        record: &LogRecord,
        number: u64,
        log: Option<[u8; 16]>,
        before: &[u8; 32],
    ) -> Result<(Self, String)> {
        let mut entry = Self {
            number,
            time: record.time,
            event: record.event.name().to_owned(),
            log,
            publisher: record.publisher,
            feed: record.feed.clone(),
            version: record.version,
            failure: record.failure.map(|kind| kind.name().to_owned()),
            counts: record.counts.iter().map(|(&name, &count)| (name.to_owned(), count)).collect(),
            hash: [0; 32],
        };
        entry.check()?;
        // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
        let text = serde_json::to_string(&entry).unwrap_or_default();
        let body = body(text.as_bytes());
        entry.hash = chained(before, &body);
        let body = std::str::from_utf8(&body).unwrap_or_default();
        let line = format!("{},\"hash\":\"{}\"}}\n", body.strip_suffix('}').unwrap_or(body), hex::encode(&entry.hash));
        Ok((entry, line))
    }

    /// Reads a line without its end. Whether the hash is the right one is not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`], [`ErrorKind::InvalidName`] and the other kinds of strict JSON.
    pub(super) fn parse(line: &[u8]) -> Result<Self> {
        if line.len() >= MAX_LINE {
            return Err(Error::new(ErrorKind::LimitExceeded, "an entry longer than 4,096 bytes"));
        }
        let entry: Self = json::parse(line)?;
        entry.check()?;
        if !line.ends_with(format!(",\"hash\":\"{}\"}}", hex::encode(&entry.hash)).as_bytes()) {
            return Err(Error::new(ErrorKind::BadManifest, "an entry ends with its hash"));
        }
        Ok(entry)
    }

    /// The hash that the line of an entry has behind another one.
    pub(super) fn hash_of(line: &[u8], before: &[u8; 32]) -> [u8; 32] {
        chained(before, &body(line))
    }

    fn check(&self) -> Result<()> {
        let wrong = |message| Err(Error::new(ErrorKind::BadManifest, message));
        if let Some(feed) = &self.feed {
            check_feed_id(feed)?;
        }
        let words = self.counts.keys().chain([&self.event]).chain(&self.failure);
        if self.counts.len() > MAX_COUNTS || words.into_iter().any(|word| !is_word(word)) {
            return wrong("at most 16 counts; names are 1 to 32 lower-case letters and hyphens");
        }
        if self.number == 0 || (self.number == 1) != self.log.is_some() {
            return wrong("the first entry, and it alone, names the log");
        }
        if (self.number == 1) != (self.event == LogEvent::Start.name()) {
            return wrong("the first entry, and it alone, begins the log");
        }
        Ok(())
    }
}

/// The line without the hash and what belongs to it.
fn body(line: &[u8]) -> Vec<u8> {
    let mut body = line.get(..line.len().saturating_sub(HASH_MEMBER)).unwrap_or_default().to_vec();
    body.push(b'}');
    body
}

fn chained(before: &[u8; 32], body: &[u8]) -> [u8; 32] {
    mac::derive(&context::LOG_ENTRY, &[before, body])
}

fn is_word(word: &str) -> bool {
    (1..=MAX_WORD).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
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
