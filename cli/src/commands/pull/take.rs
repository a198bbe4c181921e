//! One file that came: verified, compared, and put in the store.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::time::UNIX_EPOCH;

use bisik::{ErrorKind, Feed, LogEvent, LogRecord, OsEntropy, SourceState, UnverifiedFeed};
use bisik_store::Partial;

use super::report::{Item, What};
use super::{Fault, Name, Running};
use crate::failure::{About as _, Failure, Result};
use crate::feeds::openers;
use crate::web::Got;

/// What the name of a feed is, for those who read of it.
pub(super) fn name(feed: &Feed) -> Name {
    let manifest = feed.manifest();
    Name {
        publisher: manifest.publisher,
        publisher_name: feed.publisher_name().to_owned(),
        feed: manifest.feed.clone(),
        version: manifest.version,
    }
}

/// Copies a file of this machine, unless it has the length and time of before.
pub(super) fn copy(path: &Path, known: Option<&SourceState>, partial: &mut Partial) -> Result<Got> {
    let mut file = File::open(path).about(path)?;
    let meta = file.metadata().about(path)?;
    if !meta.is_file() {
        return Err(Failure::new(ErrorKind::Io, "this is no file").about(path));
    }
    let time = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let tag = time.map(|time| format!("\"{}-{}\"", meta.len(), time.as_nanos()));
    if let (Some(tag), Some(known)) = (&tag, known)
        && known.etag.as_ref() == Some(tag)
    {
        return Ok(Got::NotModified);
    }
    partial.restart(None)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(Got::Whole { etag: tag, modified: None }),
            Ok(count) => {
                let appended = partial.append(piece.get(..count).unwrap_or_default());
                if let Err(error) = appended {
                    partial.restart(None)?;
                    return Err(Failure::from(error.into_inner()).about(path));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::io(path, &error)),
        }
    }
}

impl Running<'_> {
    /// Verifies a file that came whole, and puts it in the store if it is newer.
    pub(super) fn take(
        &mut self,
        source: &str,
        partial: Partial,
        etag: Option<&str>,
        modified: Option<&str>,
    ) -> std::result::Result<(), Fault> {
        let feed = match self.verified(&partial) {
            Ok(feed) => feed,
            Err(fault) => {
                // Nothing of it is worth going on from.
                partial.discard()?;
                return Err(fault);
            }
        };
        let bytes = partial.length();
        let mut state = self.writer.store().source(source).unwrap_or_else(|| SourceState::new(source, self.now));
        state.validators(etag, modified);
        let news = match self.news(&feed) {
            Ok(news) => news,
            Err(fault) => {
                partial.discard()?;
                return Err(fault);
            }
        };
        let stored = if news {
            let what = What::New { from: self.held(&feed)?, deltas: 0, bytes };
            self.log_new(&feed, bytes, 0)?;
            let stored = self.writer.put(&feed, partial, source, self.now)?;
            self.items.push(Item { source: source.to_owned(), name: Some(name(&feed)), what });
            self.unprepared(source, &feed);
            stored
        } else {
            partial.discard()?;
            self.items.push(Item { source: source.to_owned(), name: Some(name(&feed)), what: What::Same });
            self.stored(&feed)?
        };
        state.gave(&stored.seen, self.now);
        self.writer.note(&state)?;
        Ok(())
    }

    /// That a feed was not prepared is told, and is no fault of it.
    pub(super) fn unprepared(&mut self, source: &str, feed: &Feed) {
        if let Some(error) = self.writer.take_unprepared() {
            let what = What::Unprepared(error.into());
            self.items.push(Item { source: source.to_owned(), name: Some(name(feed)), what });
        }
    }

    fn verified(&self, partial: &Partial) -> std::result::Result<Feed, Fault> {
        let file = BufReader::with_capacity(1 << 16, File::open(partial.path()).about(partial.path())?);
        let unverified = UnverifiedFeed::read_with(file, &self.secrets, self.limit, openers()).map_err(plain)?;
        let feed = unverified.verify_stale(&self.trust, self.now).map_err(plain)?;
        self.unexpired(&feed)?;
        Ok(feed)
    }

    /// An expired feed is refused with its name.
    pub(super) fn unexpired(&self, feed: &Feed) -> std::result::Result<(), Fault> {
        if self.now < feed.manifest().expires {
            return Ok(());
        }
        let failure = Failure::new(ErrorKind::Expired, "what the source gives has expired");
        Err(Fault { name: Some(name(feed)), failure: failure.help("ask the publisher for a newer version") })
    }

    /// Whether a feed is newer than what the store has. A fork is proved.
    pub(super) fn news(&mut self, feed: &Feed) -> std::result::Result<bool, Fault> {
        let told = |failure: Failure| Fault { name: Some(name(feed)), failure };
        let seen = self.writer.is_news(feed, self.now);
        let news = match seen {
            Ok(news) => news,
            Err(error) if error.kind() == ErrorKind::Equivocation => return Err(told(self.fork(feed, error))),
            Err(error) => return Err(told(Failure::from(error.into_inner()))),
        };
        self.memory.check(feed, self.now).map_err(told)?;
        Ok(news)
    }

    fn fork(&self, feed: &Feed, error: bisik_store::Error) -> Failure {
        let kept = self.stored(feed).and_then(|stored| {
            let before = self.writer.store().load_stale(&stored, &self.trust, &self.secrets, self.now)?;
            Ok(self.writer.keep_proof(&before, feed, &self.trust)?)
        });
        let help = match kept {
            Ok(proof) => format!("show others the proof, {}, and ask the publisher", proof.display()),
            Err(fault) => format!("keep both files and ask the publisher; no proof was kept: {}", fault.failure.line()),
        };
        Failure::from(error.into_inner()).help(help)
    }

    /// What the store has of a feed.
    pub(super) fn stored(&self, feed: &Feed) -> std::result::Result<bisik::StoredFeed, Fault> {
        let manifest = feed.manifest();
        let stored = self.writer.store().feed(&manifest.publisher, &manifest.feed)?;
        stored.ok_or_else(|| Failure::new(ErrorKind::Io, "the store lost a feed while it was changed").into())
    }

    /// The version that the store has of a feed.
    pub(super) fn held(&self, feed: &Feed) -> std::result::Result<Option<u64>, Fault> {
        let manifest = feed.manifest();
        Ok(self.writer.store().feed(&manifest.publisher, &manifest.feed)?.map(|stored| stored.seen.version))
    }

    /// The log is told before the version is in use: after a crash it may name a version twice, but it misses none.
    pub(super) fn log_new(&self, feed: &Feed, bytes: u64, deltas: u64) -> std::result::Result<(), Fault> {
        let manifest = feed.manifest();
        let record = LogRecord::new(LogEvent::Pull, self.now)
            .of(&manifest.publisher, &manifest.feed, manifest.version)
            .count("entries", manifest.count)
            .count("bytes", bytes)
            .count("deltas", deltas);
        self.log.append(&[record], self.now, &mut OsEntropy)?;
        Ok(())
    }
}

/// A library error with more advice where the usual one is about files at hand.
fn plain(error: bisik::Error) -> Fault {
    let failure = match error.kind() {
        ErrorKind::Sealed => Failure::from(error).help("give your key with --key"),
        ErrorKind::NotAFeed => Failure::from(error).help("the source gives something else than a feed or an index"),
        _ => Failure::from(error),
    };
    failure.into()
}
