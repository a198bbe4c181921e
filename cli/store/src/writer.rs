//! Changing a store: one program at a time, each step whole.

use std::collections::HashSet;
use std::fs::{self, File};

use bisik::{ErrorKind, Feed, SignedManifest, SourceState, StoredFeed, Timestamp, TrustStore};

use crate::disk;
use crate::error::{About as _, Error, Result};
use crate::folder::{Store, base};
use crate::partial::Partial;
use crate::prepared::{self, PREPARE_FROM};

/// A store that this program alone may change, until it is dropped.
#[derive(Debug)]
pub struct Writer<'s> {
    store: &'s Store,
    change: u64,
    lock: File,
    /// From which length on feeds are prepared when they are put there.
    pub(crate) prepare_from: u64,
    pub(crate) unprepared: Option<Error>,
}

impl Store {
    /// Takes the store for changes, and clears up what a killed program left.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] if another program has it; [`ErrorKind::Io`].
    pub fn lock(&self) -> Result<Writer<'_>> {
        let lock = disk::try_lock(&self.path("lock"))?;
        let mut writer = Writer { store: self, change: 0, lock, prepare_from: PREPARE_FROM, unprepared: None };
        writer.recover()?;
        Ok(writer)
    }
}

impl Drop for Writer<'_> {
    /// Closing the file is not enough while a program that was just started holds a copy of it.
    fn drop(&mut self) {
        _ = self.lock.unlock();
    }
}

impl Writer<'_> {
    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.store
    }

    /// Removes files that no state text names, and counts changes on from the last one.
    fn recover(&mut self) -> Result<()> {
        let listing = self.store.feeds()?;
        let newest = listing.feeds.iter().map(|stored| stored.change).max().unwrap_or(0);
        let told = self.store.generation().unwrap_or(0);
        self.change = newest.max(told);
        if told < newest {
            // The program was killed between the two.
            self.tell()?;
        }
        let named: HashSet<&str> = listing.feeds.iter().map(|stored| stored.file.as_str()).collect();
        let folder = self.store.path("feeds");
        for entry in fs::read_dir(&folder).about(&folder)? {
            let entry = entry.about(&folder)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let file = prepared::feed_name(name).map_or_else(|| name.to_owned(), |base| base + ".bisik");
            let left = name.starts_with(disk::UNDER_WAY)
                || (file.ends_with(".bisik") && !named.contains(file.as_str()) && listing.faults.is_empty());
            if left {
                _ = fs::remove_file(entry.path());
            }
        }
        for folder in [self.store.folder().to_owned(), self.store.path("sources")] {
            for entry in fs::read_dir(&folder).about(&folder)?.flatten() {
                if entry.file_name().to_str().is_some_and(|name| name.starts_with(disk::UNDER_WAY)) {
                    _ = fs::remove_file(entry.path());
                }
            }
        }
        Ok(())
    }

    fn tell(&self) -> Result<()> {
        disk::replace(&self.store.path("generation"), format!("{}\n", self.change).as_bytes())
    }

    /// Compares a feed with what was seen before, without keeping it. `true`: it is newer than what the store has, or the store lost its
    /// file.
    ///
    /// # Errors
    /// As [`bisik::History::observe`].
    pub fn is_news(&self, feed: &Feed, now: Timestamp) -> Result<bool> {
        let manifest = feed.manifest();
        let path = self.store.state_path(&manifest.publisher, &manifest.feed);
        // A text that cannot be read is a memory that is lost: then a person decides.
        let stored = self.store.feed(&manifest.publisher, &manifest.feed)?;
        let newer = self.store.history()?.observe(feed, now).about(&path)?;
        Ok(newer || !stored.is_some_and(|stored| self.store.has_file(&stored)))
    }

    /// Puts what a source gave in place of the version before. The feed must be news, and made of this very file.
    ///
    /// # Errors
    /// As [`is_news`](Self::is_news); [`ErrorKind::InvalidArgument`] for what is no news; [`ErrorKind::Io`]. The old version then stands.
    pub fn put(&mut self, feed: &Feed, file: Partial, source: &str, now: Timestamp) -> Result<StoredFeed> {
        let (name, old) = self.begin(feed, now)?;
        let target = self.store.path("feeds").join(&name);
        file.sync()?;
        let length = file.length();
        disk::rename(file.path(), &target)?;
        file.taken()?;
        self.prepare_new(feed, &name, length);
        self.commit(feed, name, length, source, old, now)
    }

    /// Puts what deltas made in place of the version before: unsealed, readable by its owner alone.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_applied(&mut self, feed: &Feed, source: &str, now: Timestamp) -> Result<StoredFeed> {
        let (name, old) = self.begin(feed, now)?;
        disk::replace(&self.store.path("feeds").join(&name), feed.bytes())?;
        self.prepare_new(feed, &name, feed.bytes().len() as u64);
        self.commit(feed, name, feed.bytes().len() as u64, source, old, now)
    }

    fn begin(&mut self, feed: &Feed, now: Timestamp) -> Result<(String, Option<StoredFeed>)> {
        let manifest = feed.manifest();
        if !self.is_news(feed, now)? {
            let path = self.store.state_path(&manifest.publisher, &manifest.feed);
            return Err(Error::new(&path, bisik::Error::new(ErrorKind::InvalidArgument, "the store has this version")));
        }
        let old = self.store.feed(&manifest.publisher, &manifest.feed)?;
        self.change += 1;
        let base = base(&manifest.publisher, &manifest.feed);
        Ok((format!("{base}.v{}.{}.bisik", manifest.version, self.change), old))
    }

    /// The state text takes the place of the old one: from here on the new version is in use, and remembered.
    fn commit(
        &self,
        feed: &Feed,
        name: String,
        length: u64,
        source: &str,
        old: Option<StoredFeed>,
        now: Timestamp,
    ) -> Result<StoredFeed> {
        let stored = StoredFeed::new(feed, &name, length, source, now, self.change);
        let path = self.store.state_path(&stored.seen.publisher, &stored.seen.feed);
        disk::replace(&path, stored.to_text().as_bytes())?;
        self.tell()?;
        if let Some(old) = old.filter(|old| old.file != name) {
            _ = fs::remove_file(self.store.feed_path(&old));
            _ = fs::remove_file(self.store.prepared_path(&old));
        }
        Ok(stored)
    }

    /// Writes down how a source answered.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub fn note(&self, source: &SourceState) -> Result<()> {
        disk::replace(&self.store.source_path(&source.source), source.to_text().as_bytes())
    }

    /// Keeps both signed blocks of two feeds that bear one version number: proof of it. The file's path.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]; [`ErrorKind::InvalidArgument`] if they prove nothing.
    pub fn keep_proof(&self, before: &Feed, after: &Feed, trust: &TrustStore) -> Result<std::path::PathBuf> {
        let manifest = after.manifest();
        let name = format!("{}.v{}.proof", base(&manifest.publisher, &manifest.feed), manifest.version);
        let path = self.store.path("proofs").join(name);
        let (first, _) = SignedManifest::read(before.signed_block(), trust).about(&path)?;
        let same = first.manifest.publisher == manifest.publisher
            && first.manifest.feed == manifest.feed
            && first.manifest.version == manifest.version;
        if !same || first.digest == *after.digest() {
            return Err(Error::new(
                &path,
                bisik::Error::new(ErrorKind::InvalidArgument, "the two do not contradict each other"),
            ));
        }
        disk::replace(&path, &[before.signed_block(), after.signed_block()].concat())?;
        Ok(path)
    }
}
