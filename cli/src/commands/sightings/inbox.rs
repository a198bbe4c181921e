//! The files that came in: each opened and verified, or refused with its reason.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use bisik::{RecipientSecret, SightingReport, TrustStore, UnverifiedSightings};

use super::NotCounted;
use crate::failure::{About, Failure, Result};
use crate::files::is_folder;

/// What a folder's files may be called that are not sightings: hidden ones, such as those that are being written.
const HIDDEN: &str = ".";

/// All files, opened.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) files: u64,
    pub(super) reports: Vec<(String, SightingReport)>,
    pub(super) refused: Vec<NotCounted>,
}

impl Inbox {
    /// Opens every file, and every file of every folder in the order of their names. A file that cannot be read at all stops the
    /// command; one that is refused does not.
    pub(super) fn open(paths: &[PathBuf], secrets: &[RecipientSecret], members: &TrustStore) -> Result<Self> {
        let mut inbox = Self::default();
        if paths.is_empty() {
            return Ok(inbox);
        }
        if secrets.is_empty() {
            return Err(Failure::usage("the desk's key is missing", "give it with --key"));
        }
        for path in paths {
            if is_folder(path)? {
                let mut names: Vec<PathBuf> = Vec::new();
                for entry in fs::read_dir(path).about(path)? {
                    let entry = entry.about(path)?;
                    let hidden = entry.file_name().to_string_lossy().starts_with(HIDDEN);
                    if !hidden && entry.file_type().about(path)?.is_file() {
                        names.push(entry.path());
                    }
                }
                names.sort();
                for name in names {
                    inbox.add(&name, secrets, members)?;
                }
            } else {
                inbox.add(path, secrets, members)?;
            }
        }
        Ok(inbox)
    }

    fn add(&mut self, path: &Path, secrets: &[RecipientSecret], members: &TrustStore) -> Result<()> {
        let file = File::open(path).about(path)?;
        self.files += 1;
        let name = path.display().to_string();
        match UnverifiedSightings::open(file, secrets).and_then(|opened| opened.verify(members)) {
            Ok(report) => self.reports.push((name, report)),
            Err(error) => self.refused.push(NotCounted {
                file: name,
                sighting: None,
                sender: None,
                reason: error.kind(),
                message: error.message(),
            }),
        }
        Ok(())
    }
}
