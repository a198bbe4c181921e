//! Feeds that an index leads to: by deltas where they lead on, else by the snapshot.

use std::fs::File;
use std::io::BufReader;

use bisik::{ErrorKind, Feed, FeedIndex, IndexedFeed, Plan, SourceState, StoredFeed, UnverifiedDelta};

use super::report::{Item, What};
use super::take::name;
use super::{Address, Fault, Name, Running};
use crate::failure::{About as _, Failure, Result};
use crate::web::Got;

impl Running<'_> {
    /// Every feed of an index whose publisher the reader trusts.
    pub(super) fn indexed(&mut self, address: &Address, index: &FeedIndex) -> Result<()> {
        let source = address.name();
        let mut strangers = 0;
        for entry in &index.feeds {
            if !self.trust.publishers().iter().any(|known| known.id == entry.publisher) {
                strangers += 1;
                continue;
            }
            if let Err((at, fault)) = self.one_indexed(address, entry) {
                let name = self.name_of(entry);
                self.failed(&at, Some(name), fault)?;
            }
        }
        if strangers > 0 {
            self.items.push(Item { source: source.clone(), name: None, what: What::Strangers(strangers) });
        }
        let mut state = self.writer.store().source(&source).unwrap_or_else(|| SourceState::new(&source, self.now));
        state.answers(self.now);
        self.writer.note(&state)?;
        Ok(())
    }

    fn name_of(&self, entry: &IndexedFeed) -> Name {
        let known = self.trust.publishers().iter().find(|known| known.id == entry.publisher);
        Name {
            publisher: entry.publisher,
            publisher_name: known.map(|known| known.name.clone()).unwrap_or_default(),
            feed: entry.feed.clone(),
            version: entry.version,
        }
    }

    /// One feed of an index. An error comes with the source that it is about.
    fn one_indexed(&mut self, index: &Address, entry: &IndexedFeed) -> std::result::Result<(), (String, Fault)> {
        let snapshot = match index.beside(&entry.file) {
            Ok(snapshot) => snapshot,
            Err(failure) => return Err((index.name(), failure.into())),
        };
        let source = snapshot.name();
        self.planned(index, entry, &snapshot).map_err(|fault| (source, fault))
    }

    fn planned(&mut self, index: &Address, entry: &IndexedFeed, snapshot: &Address) -> std::result::Result<(), Fault> {
        let source = snapshot.name();
        let held = self.writer.store().feed(&entry.publisher, &entry.feed)?;
        let held = held.filter(|stored| self.writer.store().has_file(stored));
        match (entry.plan(held.as_ref().map(|stored| stored.seen.version)), held) {
            (Plan::Nothing, Some(stored)) => {
                let state = self.writer.store().source(&source);
                let state = state.unwrap_or_else(|| SourceState::new(&source, self.now));
                self.still(&source, state, &stored)
            }
            (Plan::Older, Some(stored)) => {
                let what =
                    format!("the index offers version {}, and the store has {}", entry.version, stored.seen.version);
                Err(Failure::new(ErrorKind::Rollback, what).into())
            }
            (Plan::Deltas(deltas), Some(stored)) => match self.by_deltas(index, entry, &deltas, &stored, &source) {
                Err(fault) if falls_back(fault.failure.kind()) => {
                    let what = What::FellBack(fault.failure);
                    self.items.push(Item { source: source.clone(), name: Some(self.name_of(entry)), what });
                    self.snapshot(snapshot, entry)
                }
                done => done,
            },
            _ => self.snapshot(snapshot, entry),
        }
    }

    fn snapshot(&mut self, address: &Address, entry: &IndexedFeed) -> std::result::Result<(), Fault> {
        match self.feed_or_index(address)? {
            None => Ok(()),
            Some(_) => {
                let failure = Failure::new(ErrorKind::NotAFeed, "the index leads to another index");
                Err(Fault { name: Some(self.name_of(entry)), failure })
            }
        }
    }

    fn by_deltas(
        &mut self,
        index: &Address,
        entry: &IndexedFeed,
        deltas: &[usize],
        stored: &StoredFeed,
        source: &str,
    ) -> std::result::Result<(), Fault> {
        let mut feed = self.writer.store().load_stale(stored, &self.trust, &self.secrets, self.now)?;
        let mut bytes = 0;
        for &at in deltas {
            let Some(delta) = entry.deltas.get(at) else { continue };
            let (next, length) = self.apply(&index.beside(&delta.file)?, &feed)?;
            (feed, bytes) = (next, bytes + length);
        }
        self.unexpired(&feed)?;
        if !self.news(&feed)? {
            return Err(Failure::from(bisik::Error::from(ErrorKind::BaseMismatch)).into());
        }
        let count = deltas.len() as u64;
        self.log_new(&feed, bytes, count)?;
        let now_stored = self.writer.put_applied(&feed, source, self.now)?;
        let mut state = self.writer.store().source(source).unwrap_or_else(|| SourceState::new(source, self.now));
        // What the server says of the snapshot is not known.
        state.validators(None, None);
        state.gave(&now_stored.seen, self.now);
        self.writer.note(&state)?;
        let what = What::New { from: Some(stored.seen.version), deltas: count, bytes };
        self.items.push(Item { source: source.to_owned(), name: Some(name(&feed)), what });
        self.unprepared(source, &feed);
        Ok(())
    }

    /// Fetches one delta and applies it.
    fn apply(&mut self, address: &Address, base: &Feed) -> std::result::Result<(Feed, u64), Fault> {
        let mut partial = self.writer.partial(&address.name(), self.limit)?;
        let Got::Whole { .. } = self.fetch(address, None, &mut partial)? else {
            return Err(Failure::new(ErrorKind::BadAnswer, "it says that nothing changed, which was not asked").into());
        };
        let length = partial.length();
        let applied = File::open(partial.path()).about(partial.path()).and_then(|file| {
            let file = BufReader::with_capacity(1 << 16, file);
            let delta = UnverifiedDelta::read(file, &self.secrets, self.limit)
                .and_then(|delta| delta.verify(&self.trust, self.now))?;
            Ok(delta.apply(base, self.limit).and_then(|result| result.verify_stale(&self.trust, self.now))?)
        });
        partial.discard()?;
        Ok((applied?, length))
    }
}

/// Whether the snapshot may help where a delta did not. A fork or a rollback is not to be hidden by it.
fn falls_back(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Equivocation | ErrorKind::Rollback | ErrorKind::ClockWentBack | ErrorKind::Busy)
}
