//! A finished version: whole in memory, or streamed from a scratch.

use std::io::{self, Write};
use std::path::Path;

use bisik::{DeltaFile, ErrorKind, Feed, Kind, Manifest, OsEntropy, Publication, Recipient, StreamedPublication};

use crate::args::Publish;
use crate::console::Console;
use crate::failure::{About, Failure, Result};
use crate::files::{Access, NewFile, clear_left_over, folder};
use crate::progress::Progress;

/// What was made.
pub(super) enum Made<'k> {
    Whole(Box<Publication<'k>>),
    Streamed(Box<StreamedPublication<'k>>),
}

impl Made<'_> {
    pub(super) fn manifest(&self) -> &Manifest {
        match self {
            Self::Whole(publication) => publication.manifest(),
            Self::Streamed(publication) => publication.manifest(),
        }
    }

    pub(super) fn digest(&self) -> &[u8; 32] {
        match self {
            Self::Whole(publication) => publication.digest(),
            Self::Streamed(publication) => publication.digest(),
        }
    }

    pub(super) fn merged(&self) -> u64 {
        match self {
            Self::Whole(publication) => publication.merged(),
            Self::Streamed(publication) => publication.merged(),
        }
    }

    pub(super) fn linked(&self) -> u64 {
        match self {
            Self::Whole(publication) => publication.linked(),
            Self::Streamed(publication) => publication.linked(),
        }
    }

    pub(super) fn enumerable(&self) -> Vec<Kind> {
        match self {
            Self::Whole(publication) => publication.enumerable(),
            Self::Streamed(publication) => publication.enumerable(),
        }
    }

    /// Whether the feed may go out open.
    pub(super) fn check_open(&self, accepted: &[Kind]) -> bisik::Result<()> {
        match self {
            Self::Whole(publication) => publication.open(accepted).map(|_| ()),
            Self::Streamed(publication) => publication.check_open(accepted),
        }
    }

    /// What leads here from the version before; only what is whole in memory has it.
    pub(super) fn delta(&self, previous: &Feed) -> bisik::Result<DeltaFile<'_>> {
        match self {
            Self::Whole(publication) => publication.delta(previous),
            Self::Streamed(_) => Err(ErrorKind::SnapshotNeeded.into()),
        }
    }

    /// Writes the file, open or sealed.
    pub(super) fn write(&mut self, args: &Publish, recipients: &[Recipient], console: &Console) -> Result<()> {
        clear_left_over(folder(&args.out));
        let mut file = NewFile::create(&args.out, Access::Usual)?;
        let length = self.manifest().sections.iter().map(|section| section.length).sum();
        let progress = Progress::of_bytes(console, length, "writing");
        let mut out = Counted { out: &mut file, written: 0, progress: &progress };
        match (self, recipients) {
            (Self::Whole(publication), []) => {
                out.write_all(publication.open(&args.accept_enumeration)?).about(&args.out)?;
            }
            (Self::Whole(publication), _) => {
                publication.seal(recipients, &mut OsEntropy, &mut out).about(&args.out)?;
            }
            (Self::Streamed(publication), []) => {
                publication.write_open(&args.accept_enumeration, &mut out).about(&args.out)?;
            }
            (Self::Streamed(publication), _) => {
                publication.seal(recipients, &mut OsEntropy, &mut out).about(&args.out)?;
            }
        }
        progress.finish();
        file.commit()
    }
}

/// Shows how much has been written.
struct Counted<'w> {
    out: &'w mut NewFile,
    written: u64,
    progress: &'w Progress,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.written += count as u64;
        self.progress.at(self.written);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A failure of the scratch in this folder.
pub(super) fn about_scratch(error: bisik::Error, folder: Option<&Path>) -> Failure {
    match folder.filter(|_| error.kind() == ErrorKind::Io) {
        Some(folder) => Failure::from(error).about(folder).help(
            "entries that --memory has no room for are kept there for a while: make room, or give a higher limit",
        ),
        None => error.into(),
    }
}
