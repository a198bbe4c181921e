//! `bisik pull`: a store of feeds is kept current.
//!
//! ```text
//! source → partial file → verify → compare with what was seen → log → into the store        index → deltas, else the snapshot
//! ```

mod indexed;
mod report;
mod take;

use std::fs;
use std::path::{Path, PathBuf};

use bisik::{ErrorKind, FeedIndex, KeyId, RecipientSecret, SourceState, Timestamp, TrustStore};
use bisik_store::{LogFile, Store, Writer};
use url::Url;

use super::Outcome;
use crate::args::Pull;
use crate::console::Console;
use crate::failure::{About as _, Failure, Result};
use crate::feeds;
use crate::files::{exists, is_file, is_folder, read_whole};
use crate::memory::Memory;
use crate::progress::Progress;
use crate::web::{self, Got, Web};
use report::{Item, What};

/// Pulls every source; what fails does not stop the others.
pub(super) fn run(args: &Pull, console: &mut Console) -> Result<Outcome> {
    let now = console.now()?;
    let places = args.sources.iter().map(|source| Place::read(source)).collect::<Result<Vec<_>>>()?;
    let urls: Vec<Url> = places.iter().filter_map(Place::url).collect();
    let (secrets, trust) = (feeds::secrets(&args.key)?, feeds::trust(&args.trust)?);
    let web = Web::new(&args.fetching, &urls)?;
    let store = Store::create(&args.into)?;
    let log = LogFile::new(args.log.clone().unwrap_or_else(|| store.log_path()));
    let mut writer = store.lock()?;
    if args.no_prepare {
        writer.prepare_from(u64::MAX);
    }
    let memory = Memory::existing(&args.trust)?;
    let progress = Progress::of_fetch(console);
    let limit = args.fetching.max_size;
    let mut pull = Running { writer, trust, secrets, web, memory, log, progress, limit, now, items: Vec::new() };
    for place in &places {
        pull.place(place)?;
    }
    pull.progress.finish();
    report::print(&pull.items, &store, args.json, console)
}

/// A source as it was named.
enum Place {
    Web(Url),
    Folder(PathBuf),
    File(PathBuf),
}

impl Place {
    fn read(source: &str) -> Result<Self> {
        if source.contains("://") {
            let mut url = web::address(source)?;
            if url.path().ends_with('/') {
                url = web::beside(&url, FeedIndex::FILE)?;
            }
            return Ok(Self::Web(url));
        }
        let path = fs::canonicalize(source).about(Path::new(source))?;
        Ok(if is_folder(&path)? { Self::Folder(path) } else { Self::File(path) })
    }

    fn url(&self) -> Option<Url> {
        if let Self::Web(url) = self { Some(url.clone()) } else { None }
    }
}

/// One file that can be fetched.
#[derive(Clone)]
enum Address {
    Web(Url),
    File(PathBuf),
}

impl Address {
    /// What it is called in the store.
    fn name(&self) -> String {
        match self {
            Self::Web(url) => url.to_string(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The file of this name beside it.
    fn beside(&self, file: &str) -> Result<Self> {
        Ok(match self {
            Self::Web(url) => Self::Web(web::beside(url, file)?),
            Self::File(path) => Self::File(path.with_file_name(file)),
        })
    }
}

/// A pull under way.
struct Running<'s> {
    writer: Writer<'s>,
    trust: TrustStore,
    secrets: Vec<RecipientSecret>,
    web: Web,
    memory: Memory,
    log: LogFile,
    progress: Progress,
    limit: u64,
    now: Timestamp,
    items: Vec<Item>,
}

/// What an item is about, as far as it is known.
#[derive(Clone, PartialEq, Eq)]
struct Name {
    publisher: KeyId,
    publisher_name: String,
    feed: String,
    version: u64,
}

/// A failure, and which feed it is about.
struct Fault {
    name: Option<Name>,
    failure: Failure,
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self { name: None, failure }
    }
}

impl From<bisik_store::Error> for Fault {
    fn from(error: bisik_store::Error) -> Self {
        Failure::from(error).into()
    }
}

impl From<bisik::Error> for Fault {
    fn from(error: bisik::Error) -> Self {
        Failure::from(error).into()
    }
}

impl Running<'_> {
    /// An error stops the whole pull: the store itself, or its log, cannot be written.
    fn place(&mut self, place: &Place) -> Result<()> {
        match place {
            Place::File(path) => self.single(&Address::File(path.clone())),
            Place::Web(url) => self.single(&Address::Web(url.clone())),
            Place::Folder(path) => {
                let index = path.join(FeedIndex::FILE);
                if exists(&index)? { self.single(&Address::File(index)) } else { self.folder(path) }
            }
        }
    }

    /// Every feed in a folder without an index.
    fn folder(&mut self, folder: &Path) -> Result<()> {
        let first = self.items.len();
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).about(folder)? {
            let path = entry.about(folder)?.path();
            if path.extension().is_some_and(|ending| ending == "bisik") && is_file(&path)? {
                paths.push(path);
            }
        }
        paths.sort();
        if paths.is_empty() {
            let failure = Failure::new(ErrorKind::NotAFeed, "holds neither feeds.json nor a file that ends in .bisik");
            return self.failed(&folder.display().to_string(), None, failure.about(folder).into());
        }
        for path in paths {
            self.single(&Address::File(path))?;
        }
        // Older versions that lie beside a newer one are no rollback.
        let items = self.items.split_off(first);
        let current: Vec<(KeyId, String)> = items
            .iter()
            .filter(|item| matches!(item.what, What::New { .. } | What::Same))
            .filter_map(|item| item.name.as_ref().map(|name| (name.publisher, name.feed.clone())))
            .collect();
        for mut item in items {
            let known = item.name.as_ref().is_some_and(|name| current.contains(&(name.publisher, name.feed.clone())));
            if known && matches!(&item.what, What::Failed(failure) if failure.kind() == ErrorKind::Rollback) {
                item.what = What::Older;
            }
            self.items.push(item);
        }
        Ok(())
    }

    /// One address: a feed, or an index that leads to feeds.
    fn single(&mut self, address: &Address) -> Result<()> {
        let source = address.name();
        match self.feed_or_index(address) {
            Ok(None) => Ok(()),
            Ok(Some(index)) => self.indexed(address, &index),
            Err(fault) => self.failed(&source, None, fault),
        }
    }

    /// Fetches what is at an address. A feed is taken; an index is given back.
    fn feed_or_index(&mut self, address: &Address) -> std::result::Result<Option<FeedIndex>, Fault> {
        let source = address.name();
        let mut partial = self.writer.partial(&source, self.limit)?;
        let known = self.known(&source);
        let got = self.fetch(address, known.as_ref(), &mut partial)?;
        let Got::Whole { etag, modified } = got else {
            self.unchanged(&source, known)?;
            return Ok(None);
        };
        if begins_like_json(partial.path())? {
            let bytes = read_whole(partial.path(), FeedIndex::MAX_LENGTH);
            partial.discard()?;
            let index = FeedIndex::parse(&bytes?).map_err(|error| Failure::from(error).about(Path::new(&source)))?;
            return Ok(Some(index));
        }
        self.take(&source, partial, etag.as_deref(), modified.as_deref())?;
        Ok(None)
    }

    /// What is known of a source, if the store still has what it gave: only then may it say that nothing changed.
    fn known(&self, source: &str) -> Option<SourceState> {
        let state = self.writer.store().source(source)?;
        let stored = self.writer.store().feed(&state.publisher?, state.feed.as_deref()?).ok().flatten()?;
        let whole = self.writer.store().has_file(&stored);
        let has_validator = state.etag.is_some() || state.modified.is_some();
        (whole && has_validator && state.digest == Some(stored.seen.digest)).then_some(state)
    }

    fn fetch(
        &mut self,
        address: &Address,
        known: Option<&SourceState>,
        partial: &mut bisik_store::Partial,
    ) -> Result<Got> {
        match address {
            Address::Web(url) => self.web.fetch(url, known, partial, &self.progress),
            Address::File(path) => take::copy(path, known, partial),
        }
    }

    /// The source says that what the store has is the newest. It may have expired all the same.
    fn unchanged(&mut self, source: &str, known: Option<SourceState>) -> std::result::Result<(), Fault> {
        let not_asked = || Failure::new(ErrorKind::BadAnswer, "it says that nothing changed, which was not asked");
        let state = known.ok_or_else(not_asked)?;
        let stored = match (&state.publisher, &state.feed) {
            (Some(publisher), Some(feed)) => self.writer.store().feed(publisher, feed)?,
            _ => None,
        };
        let stored = stored.ok_or_else(not_asked)?;
        self.still(source, state, &stored)
    }

    /// Writes down that a source still offers what the store has.
    fn still(
        &mut self,
        source: &str,
        mut state: SourceState,
        stored: &bisik::StoredFeed,
    ) -> std::result::Result<(), Fault> {
        let name = Name {
            publisher: stored.seen.publisher,
            publisher_name: stored.publisher_name.clone(),
            feed: stored.seen.feed.clone(),
            version: stored.seen.version,
        };
        if self.now >= stored.expires {
            let failure = Failure::new(ErrorKind::Expired, "the source has nothing newer, and the feed has expired");
            return Err(Fault { name: Some(name), failure: failure.help("ask the publisher, or try another source") });
        }
        state.gave(&stored.seen, self.now);
        self.writer.note(&state)?;
        self.items.push(Item { source: source.to_owned(), name: Some(name), what: What::Same });
        Ok(())
    }

    /// Writes down what went wrong; the log is told if that is news.
    fn failed(&mut self, source: &str, name: Option<Name>, fault: Fault) -> Result<()> {
        let Fault { name: own, failure } = fault;
        let name = own.or(name);
        let state = self.writer.store().source(source);
        let mut state = state.unwrap_or_else(|| SourceState::new(source, self.now));
        if state.failed(failure.kind(), failure.message(), self.now) {
            let mut record = bisik::LogRecord::new(bisik::LogEvent::Pull, self.now);
            if let Some(name) = &name {
                record = record.of(&name.publisher, &name.feed, name.version);
            } else if let (Some(publisher), Some(feed)) = (state.publisher, &state.feed) {
                (record.publisher, record.feed) = (Some(publisher), Some(feed.clone()));
            }
            record.failure = Some(failure.kind());
            self.log.append(&[record], self.now, &mut bisik::OsEntropy)?;
        }
        self.writer.note(&state)?;
        self.items.push(Item { source: source.to_owned(), name, what: What::Failed(failure) });
        Ok(())
    }
}

/// Whether a file is a text in braces rather than a feed.
fn begins_like_json(path: &Path) -> Result<bool> {
    use std::io::Read as _;
    let mut first = Vec::new();
    fs::File::open(path).about(path)?.take(64).read_to_end(&mut first).about(path)?;
    Ok(first.trim_ascii_start().starts_with(b"{"))
}
