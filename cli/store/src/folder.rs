//! The folder: where what is, and what stands in it.

use std::fs;
use std::io::{BufReader, ErrorKind as IoKind};
use std::path::{Path, PathBuf};

use bisik::{
    ErrorKind, Feed, History, KeyId, RecipientSecret, SourceState, StoredFeed, Timestamp, TrustStore, UnverifiedFeed,
};
use sha2::{Digest as _, Sha256};

use crate::disk;
use crate::error::{About as _, Error, Result};
use crate::prepared::Prepared;

/// What says that a folder is a store.
const MARK: &str = "store.json";
const MARK_TEXT: &str = "{\"bisik_store\":1}\n";
/// The longest state text.
const MAX_STATE: u64 = 1 << 20;

/// A folder of feeds.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// The state texts of a store.
#[derive(Debug, Default)]
pub struct Listing {
    /// The feeds, by publisher and id.
    pub feeds: Vec<StoredFeed>,
    /// Texts that cannot be read: what they remember is lost, so their feeds are neither used nor replaced.
    pub faults: Vec<Error>,
}

/// How a store stands, by its state texts; see [`Store::status`].
#[derive(Debug)]
pub struct Status {
    /// One row a feed, then one for each source that never gave any.
    pub rows: Vec<StatusRow>,
    /// Texts that cannot be read.
    pub faults: Vec<Error>,
    /// The number of the last change.
    pub generation: u64,
}

/// One line of a status.
#[derive(Debug)]
#[non_exhaustive]
pub struct StatusRow {
    /// The feed, unless the source never gave any.
    pub feed: Option<StoredFeed>,
    /// The source that gives it, unless it was forgotten.
    pub source: Option<SourceState>,
    /// What is wrong: a kind of error, and a sentence.
    pub problem: Option<(String, String)>,
    /// Whether the feed opens without being read.
    pub prepared: Prepared,
}

impl Store {
    /// Opens a store.
    ///
    /// # Errors
    /// [`ErrorKind::NotAStore`]; [`ErrorKind::UnsupportedVersion`]; [`ErrorKind::Io`].
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let store = Self { folder: folder.into() };
        match disk::read_text(&store.path(MARK), 64)? {
            Some(text) if text == MARK_TEXT => Ok(store),
            Some(text) if text.starts_with("{\"bisik_store\":") => {
                Err(Error::new(&store.folder, ErrorKind::UnsupportedVersion.into()))
            }
            _ => Err(Error::new(&store.folder, ErrorKind::NotAStore.into())),
        }
    }

    /// Opens a store, or makes one in a folder that is missing or empty.
    ///
    /// # Errors
    /// [`ErrorKind::NotAStore`] for a folder with other files in it; otherwise as [`open`](Self::open).
    pub fn create(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        disk::make_folder(&folder)?;
        let store = Self { folder };
        let mark = store.path(MARK);
        if !mark.try_exists().about(&mark)? {
            // What an earlier attempt began may be there.
            let own = ["feeds", "sources", "partial", "proofs"];
            if disk::names(&store.folder)?.iter().any(|name| !own.contains(&name.as_str())) {
                return Err(Error::new(&store.folder, ErrorKind::NotAStore.into()));
            }
            own.iter().try_for_each(|name| disk::make_folder(&store.path(name)))?;
            disk::replace(&mark, MARK_TEXT.as_bytes())?;
        }
        Self::open(store.folder)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The store's own review log.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.path("log.jsonl")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Where a feed's file is.
    #[must_use]
    pub fn feed_path(&self, stored: &StoredFeed) -> PathBuf {
        self.path("feeds").join(&stored.file)
    }

    /// Whether a feed's file is there with its length.
    #[must_use]
    pub fn has_file(&self, stored: &StoredFeed) -> bool {
        fs::metadata(self.feed_path(stored)).is_ok_and(|meta| meta.len() == stored.length)
    }

    pub(crate) fn state_path(&self, publisher: &KeyId, feed: &str) -> PathBuf {
        self.path("feeds").join(format!("{}.json", base(publisher, feed)))
    }

    pub(crate) fn source_path(&self, source: &str) -> PathBuf {
        self.path("sources").join(format!("{}.json", source_name(source)))
    }

    /// The number of the last change: what a program that watches the store compares. It is read from one small file.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]; [`ErrorKind::Malformed`].
    pub fn generation(&self) -> Result<u64> {
        let path = self.path("generation");
        let Some(text) = disk::read_text(&path, 64)? else { return Ok(0) };
        text.trim().parse().map_err(|_| Error::new(&path, ErrorKind::Malformed.into()))
    }

    /// What was written down of every feed. Nothing is verified.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder cannot be read.
    pub fn feeds(&self) -> Result<Listing> {
        let mut listing = Listing::default();
        let folder = self.path("feeds");
        for name in disk::names(&folder)? {
            if !name.ends_with(".json") {
                continue;
            }
            match read_state(&folder.join(&name)) {
                Ok(Some(stored)) => listing.feeds.push(stored),
                // Forgotten by a person meanwhile.
                Ok(None) => {}
                Err(error) => listing.faults.push(error),
            }
        }
        listing.feeds.sort_by(|a, b| (a.seen.publisher, &a.seen.feed).cmp(&(b.seen.publisher, &b.seen.feed)));
        Ok(listing)
    }

    /// What was written down of one feed.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], and as [`StoredFeed::parse`].
    pub fn feed(&self, publisher: &KeyId, feed: &str) -> Result<Option<StoredFeed>> {
        let path = self.state_path(publisher, feed);
        let stored = read_state(&path)?;
        if stored.as_ref().is_some_and(|stored| stored.seen.publisher != *publisher || stored.seen.feed != feed) {
            return Err(Error::new(&path, bisik::Error::new(ErrorKind::Malformed, "the text of another feed")));
        }
        Ok(stored)
    }

    /// What was written down of every source, and texts that cannot be read.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder cannot be read.
    pub fn sources(&self) -> Result<(Vec<SourceState>, Vec<Error>)> {
        let (mut sources, mut faults) = (Vec::new(), Vec::new());
        let folder = self.path("sources");
        for name in disk::names(&folder)? {
            let path = folder.join(&name);
            match read_source(&path) {
                Ok(Some(source)) => sources.push(source),
                Ok(None) => {}
                Err(error) => faults.push(error),
            }
        }
        sources.sort_by(|a, b| a.source.cmp(&b.source));
        Ok((sources, faults))
    }

    /// What was written down of one source; nothing if it cannot be read, since it is no more than a way to ask less.
    #[must_use]
    pub fn source(&self, source: &str) -> Option<SourceState> {
        read_source(&self.source_path(source)).ok().flatten().filter(|state| state.source == source)
    }

    /// The memory of all feeds, as a [`History`].
    ///
    /// # Errors
    /// As [`feeds`](Self::feeds).
    pub fn history(&self) -> Result<History> {
        Ok(self.feeds()?.feeds.into_iter().map(|stored| stored.seen).collect())
    }

    /// Reads a feed's file and verifies all of it; it must be the one that was written down.
    ///
    /// # Errors
    /// As [`UnverifiedFeed::read`] and [`UnverifiedFeed::verify`]; [`ErrorKind::HashMismatch`] if it is another feed or version;
    /// [`ErrorKind::Rollback`] if the trust store is older than the one it was put there with; [`ErrorKind::ClockWentBack`].
    pub fn load(
        &self,
        stored: &StoredFeed,
        trust: &TrustStore,
        secrets: &[RecipientSecret],
        now: Timestamp,
    ) -> Result<Feed> {
        let feed = self.load_stale(stored, trust, secrets, now)?;
        if now >= feed.manifest().expires {
            return Err(Error::new(&self.feed_path(stored), ErrorKind::Expired.into()));
        }
        Ok(feed)
    }

    /// The same for a version that may have expired: what a delta is applied to.
    ///
    /// # Errors
    /// As [`load`](Self::load), without [`ErrorKind::Expired`].
    pub fn load_stale(
        &self,
        stored: &StoredFeed,
        trust: &TrustStore,
        secrets: &[RecipientSecret],
        now: Timestamp,
    ) -> Result<Feed> {
        // Whatever is wrong with what was prepared, or with the trust in it, the file itself has the last word.
        match self.load_prepared(stored, trust, secrets, now) {
            Ok(Some(feed)) => Ok(feed),
            _ => self.load_whole(stored, trust, secrets, now),
        }
    }

    /// The same, whatever was prepared: the whole file is read, and verified.
    ///
    /// # Errors
    /// As [`load_stale`](Self::load_stale).
    pub fn load_whole(
        &self,
        stored: &StoredFeed,
        trust: &TrustStore,
        secrets: &[RecipientSecret],
        now: Timestamp,
    ) -> Result<Feed> {
        let path = self.feed_path(stored);
        let file = BufReader::with_capacity(1 << 16, fs::File::open(&path).about(&path)?);
        let feed = UnverifiedFeed::read(file, secrets, crate::MAX_FEED)
            .and_then(|feed| feed.verify_stale(trust, now))
            .about(&path)?;
        as_written_down(&feed, stored, now).about(&path)?;
        Ok(feed)
    }

    fn load_prepared(
        &self,
        stored: &StoredFeed,
        trust: &TrustStore,
        secrets: &[RecipientSecret],
        now: Timestamp,
    ) -> Result<Option<Feed>> {
        let Some(prepared) = self.prepared(stored, secrets)? else { return Ok(None) };
        let path = self.prepared_path(stored);
        let feed = prepared.verify_stale(trust, now).about(&path)?;
        as_written_down(&feed, stored, now).about(&path)?;
        Ok(Some(feed))
    }

    /// How every feed and source stands, by what was written down and by whether the files are there with their lengths. Signatures
    /// and hashes are not checked anew.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder cannot be read.
    pub fn status(&self, now: Timestamp) -> Result<Status> {
        let listing = self.feeds()?;
        let (mut sources, source_faults) = self.sources()?;
        let mut rows = Vec::new();
        for stored in listing.feeds {
            let gives = |source: &SourceState| {
                source.publisher == Some(stored.seen.publisher) && source.feed.as_ref() == Some(&stored.seen.feed)
            };
            // The source of the file itself, else any that gives the feed.
            let at = sources.iter().position(|source| gives(source) && source.source == stored.source);
            let at = at.or_else(|| sources.iter().position(gives));
            let source = at.map(|at| sources.remove(at));
            let problem = self.problem(&stored, source.as_ref(), now);
            let prepared = self.prepared_state(&stored);
            rows.push(StatusRow { feed: Some(stored), source, problem, prepared });
        }
        for source in sources {
            // One that gave a feed which another source gives now is no row of its own, unless it fails.
            let problem = source.problem.as_ref().map(|problem| (problem.kind.clone(), problem.message.clone()));
            if problem.is_some() {
                rows.push(StatusRow { feed: None, source: Some(source), problem, prepared: Prepared::No });
            }
        }
        let faults = listing.faults.into_iter().chain(source_faults).collect();
        Ok(Status { rows, faults, generation: self.generation()? })
    }

    fn problem(&self, stored: &StoredFeed, source: Option<&SourceState>, now: Timestamp) -> Option<(String, String)> {
        let kind = |kind: ErrorKind, message: &str| Some((kind.name().to_owned(), message.to_owned()));
        match fs::metadata(self.feed_path(stored)) {
            Err(error) if error.kind() == IoKind::NotFound => return kind(ErrorKind::Io, "its file is missing"),
            Err(_) => return kind(ErrorKind::Io, "its file cannot be looked at"),
            Ok(meta) if meta.len() != stored.length => {
                return kind(ErrorKind::Truncated, "its file does not have the length that was written down");
            }
            Ok(_) => {}
        }
        let told = source.and_then(|source| source.problem.as_ref());
        if now >= stored.expires {
            let why = told.map_or("no newer version came", |problem| problem.message.as_str());
            return Some((ErrorKind::Expired.name().to_owned(), why.to_owned()));
        }
        told.map(|problem| (problem.kind.clone(), problem.message.clone()))
    }
}

/// That a feed is the very one that was written down, and no older than what was seen.
fn as_written_down(feed: &Feed, stored: &StoredFeed, now: Timestamp) -> bisik::Result<()> {
    let manifest = feed.manifest();
    let same = manifest.publisher == stored.seen.publisher && manifest.feed == stored.seen.feed;
    if !same || *feed.digest() != stored.seen.digest {
        let what = "not the feed that was written down when it was stored";
        return Err(bisik::Error::new(ErrorKind::HashMismatch, what));
    }
    let mut history: History = std::iter::once(stored.seen.clone()).collect();
    history.observe(feed, now).map(|_| ())
}

fn read_state(path: &Path) -> Result<Option<StoredFeed>> {
    let Some(text) = disk::read_text(path, MAX_STATE)? else { return Ok(None) };
    StoredFeed::parse(&text).about(path).map(Some)
}

fn read_source(path: &Path) -> Result<Option<SourceState>> {
    let Some(text) = disk::read_text(path, MAX_STATE)? else { return Ok(None) };
    SourceState::parse(&text).about(path).map(Some)
}

/// What the names of a feed's files begin with.
pub(crate) fn base(publisher: &KeyId, feed: &str) -> String {
    let id = publisher.to_string();
    format!("{}-{feed}", id.get(..16).unwrap_or(&id))
}

/// What the names of a source's files begin with: half of the address's SHA-256.
pub(crate) fn source_name(source: &str) -> String {
    Sha256::digest(source.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
