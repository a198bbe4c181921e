//! Files: written whole or not at all, secrets readable by their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bisik::ErrorKind;
use tempfile::{Builder, NamedTempFile};
use zeroize::Zeroizing;

use crate::failure::{About, Failure, Result};

/// The most that is read of a key, card or list of recipients.
const MAX_KEY_FILE: u64 = 1 << 20;

/// How the names of files begin that are being written.
const TEMPORARY: &str = ".bisik-";

/// Who may read a new file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its owner: mode 0600.
    Owner,
    /// Whom the umask allows.
    Usual,
}

/// A file that appears under its name only when it is complete.
pub(crate) struct NewFile {
    target: PathBuf,
    inner: Inner,
}

enum Inner {
    /// The usual case.
    Temporary(BufWriter<NamedTempFile>),
    /// A pipe or device, which must not be replaced by a file.
    Direct(BufWriter<File>),
}

impl NewFile {
    /// Begins a file next to where it will stand.
    pub(crate) fn create(target: &Path, access: Access) -> Result<Self> {
        let special = looked_at(target)?.is_some_and(|meta| !meta.is_file());
        let inner = if special {
            if target.is_dir() {
                return Err(Failure::new(ErrorKind::Io, "this is a directory").about(target));
            }
            Inner::Direct(BufWriter::new(OpenOptions::new().write(true).open(target).about(target)?))
        } else {
            let mut builder = Builder::new();
            builder.prefix(TEMPORARY);
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = if access == Access::Owner { 0o600 } else { 0o666 };
                builder.permissions(fs::Permissions::from_mode(mode));
            }
            #[cfg(not(unix))]
            let _ = access;
            let file = builder.tempfile_in(folder(target)).about(target)?;
            // For as long as the process lives: see `clear_left_over`. Not every file system has locks.
            #[cfg(unix)]
            let _ = rustix::fs::flock(file.as_file(), rustix::fs::FlockOperation::NonBlockingLockExclusive);
            Inner::Temporary(BufWriter::with_capacity(1 << 16, file))
        };
        Ok(Self { target: target.to_owned(), inner })
    }

    /// Leaves the lock to a library that takes one of its own on [`path`](Self::path).
    pub(crate) fn unlock(&self) {
        #[cfg(unix)]
        if let Inner::Temporary(file) = &self.inner {
            let _ = rustix::fs::flock(file.get_ref().as_file(), rustix::fs::FlockOperation::Unlock);
        }
    }

    /// Where the file is until it has its name; `None` for a pipe or device.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.inner {
            Inner::Temporary(file) => Some(file.get_ref().path()),
            Inner::Direct(_) => None,
        }
    }

    /// Writes the file through to the disk and gives it its name, in place of any file that had it.
    pub(crate) fn commit(self) -> Result<()> {
        self.settle(false)
    }

    /// Like [`commit`](Self::commit), but fails if the name is taken.
    pub(crate) fn commit_new(self) -> Result<()> {
        self.settle(true)
    }

    fn settle(self, must_be_new: bool) -> Result<()> {
        let target = self.target;
        match self.inner {
            Inner::Direct(mut file) => file.flush().about(&target),
            Inner::Temporary(file) => {
                let file = file.into_inner().map_err(|error| Failure::io(&target, error.error()))?;
                file.as_file().sync_all().about(&target)?;
                let placed = if must_be_new { file.persist_noclobber(&target) } else { file.persist(&target) };
                placed.map_err(|error| Failure::io(&target, &error.error))?;
                let synced = bisik_store::sync_folder(folder(&target)).about(&target);
                if synced.is_err() && must_be_new {
                    // It failed, so it must not be in the way when it is tried again.
                    _ = fs::remove_file(&target);
                }
                synced
            }
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.inner {
            Inner::Temporary(file) => file.write(bytes),
            Inner::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.inner {
            Inner::Temporary(file) => file.flush(),
            Inner::Direct(file) => file.flush(),
        }
    }
}

/// The folder that a file is in.
pub(crate) fn folder(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// How old a file must be that nobody holds, in seconds, to be taken for one that a killed process left over.
#[cfg(unix)]
const LEFT_OVER: u64 = 60;

/// Removes what processes that were killed had begun to write in a folder. What a living one writes is locked and stays.
pub(crate) fn clear_left_over(folder: &Path) {
    #[cfg(unix)]
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let old = |meta: fs::Metadata| {
            let age = meta.modified().ok().and_then(|modified| modified.elapsed().ok());
            meta.is_file() && age.is_some_and(|age| age.as_secs() >= LEFT_OVER)
        };
        let ours = entry.file_name().as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
        if !ours || !entry.metadata().is_ok_and(old) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok() {
            _ = fs::remove_file(entry.path());
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// Waits until no other bisik changes the files of a folder; until the answer is dropped.
pub(crate) fn lock_folder(folder: &Path) -> Result<Option<File>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    #[cfg(unix)]
    {
        let file = File::open(folder).about(folder)?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)
            .map_err(|error| Failure::io(folder, &error.into()))?;
        Ok(Some(file))
    }
    #[cfg(not(unix))]
    Ok(None)
}

/// Writes a file that must not exist yet.
pub(crate) fn write_new(target: &Path, content: &[u8], access: Access) -> Result<()> {
    let mut file = NewFile::create(target, access)?;
    file.write_all(content).about(target)?;
    file.commit_new()
}

/// Reads a key file, and refuses one that others can read.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>> {
    read_text(open_secret(path)?, path)
}

/// Reads a secret that is no text, of at most `most` bytes, and refuses one that others can read.
pub(crate) fn read_secret_bytes(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>> {
    read_bytes(open_secret(path)?, path, most)
}

/// Reads a whole file of at most `most` bytes.
pub(crate) fn read_whole(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>> {
    read_bytes(File::open(path).about(path)?, path, most)
}

fn read_bytes(file: File, path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>> {
    let meta = file.metadata().about(path)?;
    let length = meta.len().min(most);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(most + 1).read_to_end(&mut bytes).about(path)?;
    check_whole(&meta, bytes.len(), most, path)?;
    if bytes.len() as u64 > most {
        return Err(Failure::from(bisik::Error::from(ErrorKind::LimitExceeded)).about(path));
    }
    Ok(bytes)
}

/// A text has no mark at its end: what was cut off while it was read would not be missed.
fn check_whole(before: &fs::Metadata, read: usize, most: u64, path: &Path) -> Result<()> {
    if before.is_file() && (read as u64) < before.len().min(most) {
        let what = "the file did not give as much as it has";
        return Err(Failure::from(bisik::Error::new(ErrorKind::Truncated, what)).about(path));
    }
    Ok(())
}

fn open_secret(path: &Path) -> Result<File> {
    let file = File::open(path).about(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().about(path)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Failure::from(bisik::Error::from(ErrorKind::Permissions)).about(path));
        }
    }
    Ok(file)
}

/// Reads a public card or a list of recipients.
pub(crate) fn read_public(path: &Path) -> Result<String> {
    let text = read_text(File::open(path).about(path)?, path)?;
    Ok(text.as_str().to_owned())
}

fn read_text(file: File, path: &Path) -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4_096));
    let meta = file.metadata().about(path)?;
    file.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes).about(path)?;
    check_whole(&meta, bytes.len(), MAX_KEY_FILE, path)?;
    if bytes.len() as u64 > MAX_KEY_FILE {
        return Err(Failure::new(ErrorKind::LimitExceeded, "too long for a key or card")
            .help("check that this is the right file")
            .about(path));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(Failure::new(ErrorKind::BadKey, "not a text file, so neither key nor card").about(path)),
    }
}

/// Whether there is such a file. Not being able to look is an error: what is taken for missing would be begun anew.
pub(crate) fn exists(path: &Path) -> Result<bool> {
    path.try_exists().about(path)
}

/// The kind of what is there, through links; `None` if nothing is.
fn looked_at(path: &Path) -> Result<Option<fs::Metadata>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        meta => meta.map(Some).about(path),
    }
}

/// Whether this is a file, through links.
pub(crate) fn is_file(path: &Path) -> Result<bool> {
    Ok(looked_at(path)?.is_some_and(|meta| meta.is_file()))
}

/// Whether this is a folder, through links.
pub(crate) fn is_folder(path: &Path) -> Result<bool> {
    Ok(looked_at(path)?.is_some_and(|meta| meta.is_dir()))
}

/// `prefix` with `ending` behind it.
pub(crate) fn with_ending(prefix: &Path, ending: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Refuses an output that is one of the files the command reads.
pub(crate) fn refuse_same(output: &Path, inputs: &[&Path]) -> Result<()> {
    let Ok(target) = fs::canonicalize(output) else { return Ok(()) };
    for input in inputs {
        if fs::canonicalize(input).is_ok_and(|path| path == target) {
            return Err(Failure::usage(
                "the output would replace a file that the command reads",
                "choose another name",
            )
            .about(output));
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn what_killed_processes_left_over_is_cleared_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let age = |path: &Path, seconds| {
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
        };
        let mut living = NewFile::create(&path("out"), Access::Usual).unwrap();
        living.write_all(b"half").unwrap();
        living.flush().unwrap();
        let of_living = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        age(&of_living, 3_600);
        for (name, seconds) in [(".bisik-dead", 3_600), (".bisik-new", 5), ("list.csv", 3_600), (".other", 3_600)] {
            fs::write(path(name), b"x").unwrap();
            age(&path(name), seconds);
        }
        fs::create_dir(path(".bisik-folder")).unwrap();
        clear_left_over(folder.path());
        assert!(!path(".bisik-dead").exists());
        for kept in [".bisik-new", "list.csv", ".other", ".bisik-folder"] {
            assert!(path(kept).exists(), "{kept}");
        }
        assert!(of_living.exists(), "of a process that is still writing");
        living.commit().unwrap();
        assert_eq!(fs::read(path("out")).unwrap(), b"half");
    }
}
