//! `bisik index`: which feeds and deltas lie in a folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bisik::{ErrorKind, FeedIndex, IndexedDelta, IndexedFeed, KeyId};

use super::Outcome;
use crate::args::Index;
use crate::console::Console;
use crate::failure::{About, Failure, Result};
use crate::feeds;
use crate::files::{Access, NewFile, is_file};
use crate::units::plural;

/// Verifies every file, and writes the index in place of the old one.
pub(super) fn run(args: &Index, console: &mut Console) -> Result<Outcome> {
    let now = console.now()?;
    let (secrets, trust) = (feeds::secrets(&args.key)?, feeds::trust(&args.trust)?);
    let mut newest: BTreeMap<(KeyId, String), IndexedFeed> = BTreeMap::new();
    for path in files(&args.folder, "bisik")? {
        let feed = feeds::load_stale(&path, &secrets, &trust, now)?;
        let manifest = feed.manifest();
        let entry = IndexedFeed {
            publisher: manifest.publisher,
            feed: manifest.feed.clone(),
            version: manifest.version,
            file: name(&path)?,
            length: length(&path)?,
            deltas: Vec::new(),
        };
        let key = (entry.publisher, entry.feed.clone());
        if newest.get(&key).is_none_or(|known| known.version < entry.version) {
            newest.insert(key, entry);
        }
    }
    let mut count = 0;
    for path in files(&args.folder, "delta")? {
        let delta = feeds::load_delta(&path, &secrets, &trust, now)?;
        let manifest = delta.manifest();
        // A delta to a version that nobody can fetch whole leads nowhere that a reader could check.
        let Some(entry) = newest.get_mut(&(manifest.publisher, manifest.feed.clone())) else { continue };
        if manifest.version <= entry.version {
            let (from, to) = (delta.base().0, manifest.version);
            entry.deltas.push(IndexedDelta { from, to, file: name(&path)?, length: length(&path)? });
            count += 1;
        }
    }
    let index = FeedIndex { feeds: newest.into_values().collect() };
    let text = index.to_text();
    // An index that readers would refuse is not written.
    FeedIndex::parse(text.as_bytes()).map_err(|error| {
        let failure = Failure::from(error);
        if failure.kind() == ErrorKind::LimitExceeded {
            return failure.help("move older deltas away, or make several folders");
        }
        failure.help("rename the file: letters, digits, dots, hyphens and underscores")
    })?;
    let path = args.folder.join(FeedIndex::FILE);
    let mut file = NewFile::create(&path, Access::Usual)?;
    file.write_all(text.as_bytes()).about(&path)?;
    file.commit()?;
    let good = console.style.good;
    console.note(format_args!(
        "{good}indexed{good:#}   {} and {} in {}",
        plural(index.feeds.len() as u64, "feed", "feeds"),
        plural(count, "delta", "deltas"),
        crate::escape::terminal(&path.display().to_string())
    ));
    Ok(Outcome::Done)
}

/// The files of a folder with this ending, by name.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).about(folder)? {
        let path = entry.about(folder)?.path();
        if path.extension().is_some_and(|have| have == ending) && is_file(&path)? {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    name.ok_or_else(|| Failure::new(ErrorKind::InvalidName, "the file's name is not UTF-8").about(path))
}

fn length(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).about(path)?.len())
}
