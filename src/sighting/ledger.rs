//! What a desk counted: each sighting once, on the disk before it is shown.
//!
//! ```text
//! verify → take(report, now) → store the text → calls
//! counts     one for each (sender, hit, day); a known id never again
//! goes       what is older than 37 days; what is older yet is refused, since its id is no longer known
//! ```

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::codec::{hex, json};
use crate::crypto::sign::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::{CLOCK_SKEW, Feed};
use crate::manifest::{MAX_VALIDITY, check_feed_id, key_id};
use crate::sighting::body::{Sighting, Written};
use crate::sighting::open::SightingReport;
use crate::time::{DAY, Timestamp};

/// How long sightings count, in seconds: the longest a feed may be valid and a week, rounded up to the beginning of a day.
pub const SIGHTING_WINDOW: u64 = MAX_VALIDITY + 7 * DAY;
/// The most sightings that are kept.
const MAX_KNOWN: usize = 1_000_000;
/// The most versions whose digests are kept.
const MAX_VERSIONS: usize = 1_000;
const VERSION: u32 = 1;

/// A desk's memory of one feed's sightings: what counts, and what was seen before.
#[derive(Clone, Debug)]
pub struct SightingLedger {
    publisher: KeyId,
    feed: String,
    /// Sightings before this have gone, and are not taken again; never falls.
    horizon: Timestamp,
    versions: Vec<KnownVersion>,
    entries: Vec<LedgerEntry>,
    ids: HashMap<[u8; 16], KeyId>,
    days: HashSet<(KeyId, u32, [u8; 16], u64)>,
}

/// A sighting that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// The epoch of the hit id.
    pub epoch: u32,
    /// The version that the member had at hand.
    pub version: u64,
    /// The member's id.
    pub sender: KeyId,
    /// What it told.
    pub sighting: Sighting,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownVersion {
    epoch: u32,
    version: u64,
    #[serde(with = "hex::fixed")]
    digest: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    bisik_sightings: u32,
    #[serde(with = "key_id")]
    publisher: KeyId,
    feed: String,
    horizon: Timestamp,
    versions: Vec<KnownVersion>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryLine {
    epoch: u32,
    version: u64,
    #[serde(with = "key_id")]
    sender: KeyId,
    sighting: Written,
}

impl SightingLedger {
    /// An empty ledger for a feed, which knows this version of it.
    #[must_use]
    pub fn new(feed: &Feed) -> Self {
        let manifest = feed.manifest();
        let (epoch, version, digest) = (manifest.epoch, manifest.version, *feed.digest());
        Self {
            publisher: manifest.publisher,
            feed: manifest.feed.clone(),
            horizon: Timestamp::default(),
            versions: vec![KnownVersion { epoch, version, digest }],
            entries: Vec::new(),
            ids: HashMap::new(),
            days: HashSet::new(),
        }
    }

    /// Lets the ledger know another version of its feed, so that sightings of it are taken. `true` if it was not known.
    ///
    /// # Errors
    /// [`ErrorKind::WrongFeed`]; [`ErrorKind::Equivocation`] if another feed with this version number is known.
    pub fn learn(&mut self, feed: &Feed) -> Result<bool> {
        let manifest = feed.manifest();
        if manifest.publisher != self.publisher || manifest.feed != self.feed {
            return Err(Error::new(ErrorKind::WrongFeed, "the ledger is of another feed"));
        }
        if self.knows(manifest.epoch, manifest.version, feed.digest())? {
            return Ok(false);
        }
        let known = KnownVersion { epoch: manifest.epoch, version: manifest.version, digest: *feed.digest() };
        let at = self.versions.partition_point(|before| before.version < known.version);
        self.versions.insert(at, known);
        if self.versions.len() > MAX_VERSIONS {
            self.versions.remove(0);
        }
        Ok(true)
    }

    /// Whether a version is known; an error if it is known otherwise.
    fn knows(&self, epoch: u32, version: u64, digest: &[u8; 32]) -> Result<bool> {
        match self.versions.iter().find(|known| known.version == version) {
            None => Ok(false),
            Some(known) if known.epoch == epoch && known.digest == *digest => Ok(true),
            Some(_) => Err(Error::new(ErrorKind::Equivocation, "another feed has this version number")),
        }
    }

    /// Takes what a member told: what became of each of its sightings, in order. What counts must be on the disk, as
    /// [`to_text`](Self::to_text), before it is shown.
    ///
    /// For a single sighting: [`ErrorKind::Replayed`] if its id is known; [`ErrorKind::Copied`] if its id is known from another
    /// member; [`ErrorKind::SameDay`] if the member told of this hit on this day before; [`ErrorKind::Stale`] if it is older than
    /// 37 days; [`ErrorKind::NotYetValid`] if it is more than 300 s ahead.
    ///
    /// # Errors
    /// Of the whole file, of which nothing is then taken: [`ErrorKind::WrongFeed`] if it is of another feed, or of a later version
    /// than the ledger knows; [`ErrorKind::WrongEpoch`] if no version of its epoch is known; [`ErrorKind::Equivocation`] if the
    /// member has another feed with this version number: then one of the two was forged with the publisher's key, or the member
    /// errs; [`ErrorKind::NotYetValid`]; [`ErrorKind::ClockWentBack`]; [`ErrorKind::TooManyEntries`].
    pub fn take(&mut self, report: &SightingReport, now: Timestamp) -> Result<Vec<Result<()>>> {
        self.check(report, now)?;
        self.forget_before(now);
        Ok(report.sightings.iter().map(|sighting| self.take_one(report, sighting, now)).collect())
    }

    fn check(&self, report: &SightingReport, now: Timestamp) -> Result<()> {
        if report.publisher != self.publisher || report.feed != self.feed {
            return Err(Error::new(ErrorKind::WrongFeed, "the sightings are of another feed"));
        }
        if !self.versions.iter().any(|known| known.epoch == report.epoch) {
            return Err(Error::new(ErrorKind::WrongEpoch, "the desk knows no version of this epoch"));
        }
        if !self.knows(report.epoch, report.version, &report.digest)?
            && self.versions.last().is_none_or(|newest| newest.version < report.version)
        {
            return Err(Error::new(ErrorKind::WrongFeed, "the member has a later version than the desk knows"));
        }
        if report.time > now.plus(CLOCK_SKEW) {
            return Err(Error::new(ErrorKind::NotYetValid, "the file was made in the future"));
        }
        if now.plus(CLOCK_SKEW) < self.horizon {
            return Err(ErrorKind::ClockWentBack.into());
        }
        if self.entries.len() + report.sightings.len() > MAX_KNOWN {
            return Err(Error::new(ErrorKind::TooManyEntries, "a ledger keeps at most a million sightings"));
        }
        Ok(())
    }

    fn take_one(&mut self, report: &SightingReport, sighting: &Sighting, now: Timestamp) -> Result<()> {
        if sighting.time > now.plus(CLOCK_SKEW) {
            return Err(Error::new(ErrorKind::NotYetValid, "the sighting was made in the future"));
        }
        if sighting.time < self.horizon {
            return Err(ErrorKind::Stale.into());
        }
        if let Some(first) = self.ids.get(&sighting.id) {
            return Err(if *first == report.sender { ErrorKind::Replayed } else { ErrorKind::Copied }.into());
        }
        let entry = LedgerEntry {
            epoch: report.epoch,
            version: report.version,
            sender: report.sender,
            sighting: sighting.clone(),
        };
        if self.keep(entry) { Ok(()) } else { Err(ErrorKind::SameDay.into()) }
    }

    /// Keeps an entry with a new id; `false` if its sender told of its hit on its day before.
    fn keep(&mut self, entry: LedgerEntry) -> bool {
        let fresh = self.days.insert(day_of(&entry));
        if fresh {
            self.ids.insert(entry.sighting.id, entry.sender);
            self.entries.push(entry);
        }
        fresh
    }

    /// Lets go of what is too old to count, whole days at a time.
    fn forget_before(&mut self, now: Timestamp) {
        let begins = now.seconds().saturating_sub(SIGHTING_WINDOW) / DAY * DAY;
        let horizon = Timestamp::from_seconds(begins).unwrap_or(Timestamp::MAX).max(self.horizon);
        if horizon == self.horizon {
            return;
        }
        self.horizon = horizon;
        let (ids, days) = (&mut self.ids, &mut self.days);
        self.entries.retain(|entry| {
            let stays = entry.sighting.time >= horizon;
            if !stays {
                ids.remove(&entry.sighting.id);
                days.remove(&day_of(entry));
            }
            stays
        });
    }

    /// Reads a ledger's text.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`] and the other kinds of strict JSON; the position is that of the line, from 1.
    pub fn parse(text: &str) -> Result<Self> {
        let mut lines = (1_u64..).zip(text.lines());
        let (_, first) = lines.next().ok_or_else(|| Error::from(ErrorKind::BadManifest).at(1))?;
        let first: FirstLine = json::parse(first.as_bytes()).map_err(|error| error.at(1))?;
        if first.bisik_sightings != VERSION {
            return Err(Error::new(ErrorKind::UnsupportedVersion, "a file of another version").at(1));
        }
        check_feed_id(&first.feed).map_err(|error| error.at(1))?;
        let wrong = |line, message| Err(Error::new(ErrorKind::BadManifest, message).at(line));
        if first.versions.len() > MAX_VERSIONS
            || first.versions.windows(2).any(|pair| matches!(pair, [a, b] if a.version >= b.version))
        {
            return wrong(1, "versions do not rise");
        }
        let FirstLine { publisher, feed, horizon, versions, .. } = first;
        let (entries, ids, days) = Default::default();
        let mut ledger = Self { publisher, feed, horizon, versions, entries, ids, days };
        for (number, line) in lines {
            if ledger.entries.len() == MAX_KNOWN {
                return Err(Error::from(ErrorKind::LimitExceeded).at(number));
            }
            let line: EntryLine = json::parse(line.as_bytes()).map_err(|error| error.at(number))?;
            let EntryLine { epoch, version, sender, sighting } = line;
            let sighting = sighting.read().map_err(|error| error.at(number))?;
            let twice = ledger.ids.contains_key(&sighting.id);
            if twice || !ledger.keep(LedgerEntry { epoch, version, sender, sighting }) {
                return wrong(number, "a sighting stands twice");
            }
        }
        Ok(ledger)
    }

    /// The ledger as text: a line for the feed, and one for each sighting that counts.
    #[must_use]
    pub fn to_text(&self) -> String {
        let first = FirstLine {
            bisik_sightings: VERSION,
            publisher: self.publisher,
            feed: self.feed.clone(),
            horizon: self.horizon,
            versions: self.versions.clone(),
        };
        // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
        let mut text = serde_json::to_string(&first).unwrap_or_default();
        text.push('\n');
        for LedgerEntry { epoch, version, sender, sighting } in &self.entries {
            let (epoch, version, sender, sighting) = (*epoch, *version, *sender, Written::of(sighting));
            let line = EntryLine { epoch, version, sender, sighting };
            text.push_str(&serde_json::to_string(&line).unwrap_or_default());
            text.push('\n');
        }
        text
    }

    /// The publisher id and the feed id that it is of.
    #[must_use]
    pub fn feed(&self) -> (&KeyId, &str) {
        (&self.publisher, &self.feed)
    }

    /// The sightings that count, in the order in which they came.
    #[must_use]
    pub fn entries(&self) -> &[LedgerEntry] {
        &self.entries
    }

    /// The hit ids of an epoch that count, for a [`HitFinder`](crate::sighting::join::HitFinder).
    pub fn hits(&self, epoch: u32) -> impl Iterator<Item = [u8; 16]> + '_ {
        self.entries.iter().filter(move |entry| entry.epoch == epoch).map(|entry| entry.sighting.hit_id)
    }
}

/// What counts once.
fn day_of(entry: &LedgerEntry) -> (KeyId, u32, [u8; 16], u64) {
    (entry.sender, entry.epoch, entry.sighting.hit_id, entry.sighting.time.seconds() / DAY)
}
