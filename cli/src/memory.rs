//! What stays on the disk between two runs: versions seen, versions signed. Stored before the feed is used or signed.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind as IoKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use bisik::{ErrorKind, Feed, History, Manifest, Remembered, Timestamp, UsedVersions};

use crate::console::Console;
use crate::failure::{About, Failure, Result};
use crate::feeds;
use crate::files::{Access, NewFile, is_folder, lock_folder, read_public, with_ending};

const HISTORY: &str = "history.json";
/// The longest line of a remembered hit.
const MAX_LINE: u64 = 4_096;

/// A subscriber's folder of what was seen, if there is one.
pub(crate) struct Memory {
    folder: Option<PathBuf>,
}

impl Memory {
    /// The folder that was named, else the one beside the first trust store, else none.
    pub(crate) fn open(state: Option<&Path>, trust: &[PathBuf]) -> Result<Self> {
        let mut folder = state.map(Path::to_owned);
        if folder.is_none() {
            for path in trust {
                if feeds::is_store(path)? {
                    folder = Some(with_ending(path, ".seen"));
                    break;
                }
            }
        }
        if let Some(folder) = &folder {
            bisik_store::make_folder(folder)?;
        }
        Ok(Self { folder })
    }

    /// The memory beside the first trust store, if it is there; none is made.
    pub(crate) fn existing(trust: &[PathBuf]) -> Result<Self> {
        for path in trust {
            let folder = with_ending(path, ".seen");
            if is_folder(&folder)? && feeds::is_store(path)? {
                return Ok(Self { folder: Some(folder) });
            }
        }
        Ok(Self { folder: None })
    }

    /// Compares a feed with what was seen before, and remembers nothing.
    pub(crate) fn check(&self, feed: &Feed, now: Timestamp) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let path = folder.join(HISTORY);
        let Some(text) = read(&path)? else { return Ok(()) };
        History::parse(&text).about(&path)?.observe(feed, now)?;
        Ok(())
    }

    /// Says so if nothing is remembered.
    pub(crate) fn note(&self, console: &mut Console) {
        if self.folder.is_none() {
            let dim = console.style.dim;
            console.note(format_args!(
                "{dim}no memory: an older version would not be noticed; --state DIR, or a trust store, keeps one{dim:#}"
            ));
        }
    }

    /// Compares a feed with what was seen before and stores it, on the disk before this returns.
    pub(crate) fn observe(&self, feed: &Feed, now: Timestamp) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let _lock = lock_folder(folder)?;
        let path = folder.join(HISTORY);
        let mut history = match read(&path)? {
            Some(text) => History::parse(&text).about(&path)?,
            None => History::new(),
        };
        let block = folder.join(format!("{}.block", name_of(feed.manifest())));
        match history.observe(feed, now) {
            Ok(false) => Ok(()),
            Ok(true) => {
                // The block first: it is proof for the number that the history then holds.
                replace(&block, feed.signed_block())?;
                replace(&path, history.to_text().as_bytes())
            }
            Err(error) if error.kind() == ErrorKind::Equivocation => {
                let manifest = feed.manifest();
                let proof = folder.join(format!("equivocation-{}-{}.proof", name_of(manifest), manifest.version));
                // The refusal stands whether or not the proof can be kept.
                let kept = fs::read(&block)
                    .about(&block)
                    .and_then(|before| replace(&proof, &[before.as_slice(), feed.signed_block()].concat()));
                let help = match kept {
                    Ok(()) => format!("show others the proof, {}, and ask the publisher", proof.display()),
                    Err(failure) => {
                        format!("keep both files and ask the publisher; no proof was kept: {}", failure.line())
                    }
                };
                Err(Failure::from(error).help(help))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A name for a feed's files that two feeds do not share.
fn name_of(manifest: &Manifest) -> String {
    format!("{}-{}", manifest.publisher, manifest.feed)
}

/// A publisher's file of versions that may have been signed.
pub(crate) struct Used {
    path: PathBuf,
}

impl Used {
    /// The file that was named, else the one beside the signing file.
    pub(crate) fn open(state: Option<&Path>, sign: &Path) -> Self {
        Self { path: state.map_or_else(|| with_ending(sign, ".used"), Path::to_owned) }
    }

    /// What may have been signed of a feed: version and epoch.
    pub(crate) fn of(&self, feed: &str) -> Result<Option<(u64, u32)>> {
        Ok(self.read()?.of(feed).map(|used| (used.version, used.epoch)))
    }

    fn read(&self) -> Result<UsedVersions> {
        match read(&self.path)? {
            Some(text) => UsedVersions::parse(&text).about(&self.path),
            None => Ok(UsedVersions::new()),
        }
    }

    /// Marks a version as used, on the disk before this returns.
    pub(crate) fn reserve(&self, feed: &str, (version, epoch): (u64, u32)) -> Result<()> {
        let _lock = lock_folder(self.path.parent().unwrap_or(Path::new("")))?;
        let mut used = self.read()?;
        used.reserve(feed, epoch, version).about(&self.path)?;
        replace(&self.path, used.to_text().as_bytes())
    }
}

/// A file's text, or `None` if there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<String>> {
    match File::open(path) {
        Err(error) if error.kind() == IoKind::NotFound => Ok(None),
        _ => read_public(path).map(Some),
    }
}

/// Puts a file in place of the old one, whole and on the disk.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = NewFile::create(path, Access::Owner)?;
    file.write_all(content).about(path)?;
    file.commit()
}

/// A subscriber's file of hits that it acted upon: a line of JSON each, no values.
pub(crate) struct Acted {
    path: PathBuf,
    hits: Vec<Remembered>,
}

impl Acted {
    /// Begins to collect hits for a file, which must be good if it is there.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        read_acted(path)?;
        Ok(Self { path: path.to_owned(), hits: Vec::new() })
    }

    /// Keeps a hit.
    pub(crate) fn add(&mut self, feed: &Feed, hit_id: [u8; 16], now: Timestamp) {
        self.hits.push(Remembered::new(feed, hit_id, now));
    }

    /// Writes the old lines and the new ones; each hit once, as it was first found.
    pub(crate) fn commit(self) -> Result<()> {
        let _lock = lock_folder(self.path.parent().unwrap_or(Path::new("")))?;
        let mut seen = HashSet::new();
        let mut file = NewFile::create(&self.path, Access::Owner)?;
        for hit in read_acted(&self.path)?.into_iter().chain(self.hits) {
            if seen.insert((hit.publisher, hit.feed.clone(), hit.epoch, hit.hit_id)) {
                writeln!(file, "{}", hit.to_line()).about(&self.path)?;
            }
        }
        file.commit()
    }
}

/// The hits in a file; none if there is no file.
pub(crate) fn read_acted(path: &Path) -> Result<Vec<Remembered>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == IoKind::NotFound => return Ok(Vec::new()),
        file => file.about(path)?,
    };
    let mut hits = Vec::new();
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).about(path)? == 0 {
            return Ok(hits);
        }
        let text = std::str::from_utf8(&line).unwrap_or_default().trim_end();
        let number = hits.len() + 1;
        let help = format!("line {number} is no hit that bisik remembered");
        hits.push(Remembered::parse(text).about(path).map_err(|failure| failure.help(help))?);
    }
}
