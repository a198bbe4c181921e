//! What has come so far of a file that is being fetched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bisik::ErrorKind;

use crate::disk;
use crate::error::{About as _, Error, Result};
use crate::folder::source_name;
use crate::writer::Writer;

const MAX_VALIDATOR: u64 = 512;

/// A file that is being fetched, in the store but not of it.
#[derive(Debug)]
pub struct Partial {
    path: PathBuf,
    validator: PathBuf,
    file: File,
    length: u64,
    limit: u64,
}

/// Where an interrupted fetch can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// How many bytes are there.
    pub offset: u64,
    /// What the server said names the content that they are of.
    pub validator: String,
}

impl Writer<'_> {
    /// The file for what a source gives, with what came earlier; of at most `limit` bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub fn partial(&self, source: &str, limit: u64) -> Result<Partial> {
        let base = self.store().path("partial").join(source_name(source));
        let (path, validator) = (base.with_extension("part"), base.with_extension("tag"));
        let file = disk::open_own(&path, OpenOptions::new().append(true).read(true))?;
        let length = file.metadata().about(&path)?.len();
        let mut partial = Partial { path, validator, file, length, limit };
        if length > 0 && partial.resume().is_none() {
            partial.restart(None)?;
        }
        Ok(partial)
    }
}

impl Partial {
    /// Where the fetch can go on, if something came earlier and the server named it.
    #[must_use]
    pub fn resume(&self) -> Option<Resume> {
        let validator = disk::read_text(&self.validator, MAX_VALIDATOR).ok().flatten()?;
        (self.length > 0 && !validator.is_empty()).then_some(Resume { offset: self.length, validator })
    }

    /// Begins from nothing, with what names the content that comes now.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub fn restart(&mut self, validator: Option<&str>) -> Result<()> {
        // In this order no bytes ever stand beside the name of other content.
        self.file.set_len(0).about(&self.path)?;
        self.length = 0;
        match validator {
            Some(validator) => fs::write(&self.validator, validator).about(&self.validator),
            None => forget(&self.validator),
        }
    }

    /// How many bytes are there.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`] beyond the limit; [`ErrorKind::Io`].
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.length.saturating_add(bytes.len() as u64) > self.limit {
            return Err(Error::new(&self.path, ErrorKind::LimitExceeded.into()));
        }
        self.file.write_all(bytes).about(&self.path)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what came through to the disk.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file.sync_all().about(&self.path)
    }

    /// It has another name now.
    pub(crate) fn taken(self) -> Result<()> {
        forget(&self.validator)
    }

    /// Removes it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub fn discard(self) -> Result<()> {
        forget(&self.validator)?;
        forget(&self.path)
    }
}

fn forget(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io(path, error)),
        _ => Ok(()),
    }
}
