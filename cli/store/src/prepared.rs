//! Prepared files: what opens a feed without reading it again (`docs/store.md` §6).

use std::fs::{self, File};
use std::io::{ErrorKind as IoKind, Read as _};
use std::path::{Path, PathBuf};

use bisik::{ErrorKind, Feed, LocalKey, OsEntropy, PreparedFeed, RecipientSecret, StoredFeed};
use zeroize::Zeroizing;

use crate::disk;
use crate::error::{About as _, Error, Result};
use crate::folder::Store;
use crate::map::Map;
use crate::writer::Writer;

/// Feeds of this length in bytes and more are prepared when they come, unless the writer is told otherwise. Shorter ones open as fast.
pub const PREPARE_FROM: u64 = 1 << 20;

const KEY: &str = "local.key";
const MAX_KEY: u64 = 256;

/// Whether a feed opens without being read; see [`Store::prepared_state`].
#[derive(Debug)]
pub enum Prepared {
    /// Nothing was prepared: the whole file is read and verified each time.
    No,
    /// What was prepared is there, and this store's key sealed it.
    Ready,
    /// What was prepared cannot be used, and why: the whole file is read and verified each time.
    Unusable(Error),
}

impl Prepared {
    /// A word for it: `no`, `ready` or `unusable`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Ready => "ready",
            Self::Unusable(_) => "unusable",
        }
    }
}

/// The name of a prepared file without its end, if it is one.
pub(crate) fn feed_name(name: &str) -> Option<String> {
    name.strip_suffix(".prepared").map(str::to_owned)
}

impl Store {
    /// Where a feed's prepared file is, if there is one.
    #[must_use]
    pub fn prepared_path(&self, stored: &StoredFeed) -> PathBuf {
        self.feed_path(stored).with_extension("prepared")
    }

    /// Whether a feed opens without being read. The first page of what was prepared is looked at, and the seal.
    #[must_use]
    pub fn prepared_state(&self, stored: &StoredFeed) -> Prepared {
        let path = self.prepared_path(stored);
        let looked = || {
            let Some((map, key)) = self.open_prepared(stored)? else { return Ok(false) };
            let digest = PreparedFeed::sealed_by(map.as_ref(), &key).about(&path)?;
            if digest != stored.seen.digest {
                return Err(Error::new(&path, other_feed()));
            }
            Ok(true)
        };
        match looked() {
            Ok(true) => Prepared::Ready,
            Ok(false) => Prepared::No,
            Err(error) => Prepared::Unusable(error),
        }
    }

    /// Reads all of what was prepared of a feed, and compares it with what was written. `false`: there is nothing.
    ///
    /// # Errors
    /// As [`PreparedFeed::from_bytes`] and [`PreparedFeed::check`]; [`ErrorKind::Permissions`]; [`ErrorKind::Io`].
    pub fn check_prepared(&self, stored: &StoredFeed, secrets: &[RecipientSecret]) -> Result<bool> {
        let Some(prepared) = self.prepared(stored, secrets)? else { return Ok(false) };
        let path = self.prepared_path(stored);
        if *prepared.digest() != stored.seen.digest {
            return Err(Error::new(&path, other_feed()));
        }
        prepared.check().about(&path)?;
        Ok(true)
    }

    /// What was prepared of a feed, if this store's key sealed it.
    pub(crate) fn prepared(&self, stored: &StoredFeed, secrets: &[RecipientSecret]) -> Result<Option<PreparedFeed>> {
        let Some((map, key)) = self.open_prepared(stored)? else { return Ok(None) };
        PreparedFeed::from_bytes(map, &key, secrets).about(&self.prepared_path(stored)).map(Some)
    }

    /// The prepared file as memory, and the key.
    fn open_prepared(&self, stored: &StoredFeed) -> Result<Option<(Map, LocalKey)>> {
        let path = self.prepared_path(stored);
        let file = match File::open(&path) {
            Err(error) if error.kind() == IoKind::NotFound => return Ok(None),
            file => file.about(&path)?,
        };
        let key_path = self.path(KEY);
        let Some((key, key_file)) = read_key(&key_path)? else {
            return Err(Error::new(&path, bisik::Error::new(ErrorKind::LocalSeal, "the store's local key is gone")));
        };
        let meta = file.metadata().about(&path)?;
        if !meta.is_file() || !is_own(&meta, &key_file) {
            return Err(Error::new(&path, ErrorKind::Permissions.into()));
        }
        Ok(Some((Map::new(&file).about(&path)?, key)))
    }
}

impl Writer<'_> {
    /// Prepares feeds of this length in bytes and more when they are put there; `u64::MAX`: none.
    pub fn prepare_from(&mut self, bytes: u64) {
        self.prepare_from = bytes;
    }

    /// Why the last feed that was put there was not prepared, if it should have been. It is usable all the same.
    pub fn take_unprepared(&mut self) -> Option<Error> {
        self.unprepared.take()
    }

    /// Prepares a feed that is in the store and was [loaded whole](Store::load_whole), of whatever length.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]; [`ErrorKind::Permissions`] or [`ErrorKind::BadKey`] if the local key cannot be used; [`ErrorKind::InvalidArgument`]
    /// if it is another feed.
    pub fn prepare(&mut self, feed: &Feed, stored: &StoredFeed) -> Result<()> {
        let path = self.store().prepared_path(stored);
        if *feed.digest() != stored.seen.digest {
            return Err(Error::new(
                &path,
                bisik::Error::new(ErrorKind::InvalidArgument, "another feed than the stored one"),
            ));
        }
        self.write_prepared(feed, &path)
    }

    /// Prepares what is about to take the place of the version before. That it fails keeps nobody from using the feed.
    pub(crate) fn prepare_new(&mut self, feed: &Feed, name: &str, length: u64) {
        self.unprepared = None;
        if length >= self.prepare_from {
            let path = self.store().path("feeds").join(name).with_extension("prepared");
            self.unprepared = self.write_prepared(feed, &path).err();
        }
    }

    fn write_prepared(&self, feed: &Feed, path: &Path) -> Result<()> {
        let key_path = self.store().path(KEY);
        let key = match read_key(&key_path)? {
            Some((key, _)) => key,
            None => {
                let key = LocalKey::generate(&mut OsEntropy).about(&key_path)?;
                disk::replace(&key_path, key.to_text().as_bytes())?;
                key
            }
        };
        disk::replace_with(path, |file| feed.prepare(&key, &mut OsEntropy, file).about(path))
    }
}

fn other_feed() -> bisik::Error {
    bisik::Error::new(ErrorKind::HashMismatch, "prepared of another feed than the one that was written down")
}

/// The local key and its file's data; `None` if there is none yet.
fn read_key(path: &Path) -> Result<Option<(LocalKey, fs::Metadata)>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == IoKind::NotFound => return Ok(None),
        file => file.about(path)?,
    };
    let meta = file.metadata().about(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if meta.mode() & 0o077 != 0 {
            return Err(Error::new(path, ErrorKind::Permissions.into()));
        }
    }
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_KEY as usize));
    file.take(MAX_KEY).read_to_end(&mut text).about(path)?;
    let text = std::str::from_utf8(&text).map_err(|_| Error::new(path, ErrorKind::BadKey.into()))?;
    Ok(Some((LocalKey::from_text(text).about(path)?, meta)))
}

/// Whether a file belongs to whom the key belongs, and nobody else may write it.
#[cfg(unix)]
fn is_own(file: &fs::Metadata, key: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.uid() == key.uid() && file.mode() & 0o022 == 0
}

#[cfg(not(unix))]
fn is_own(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}
