//! Files that are replaced whole and are on the disk when that is said.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind as IoKind, Read as _, Write as _};
use std::path::Path;

use bisik::ErrorKind;
use tempfile::Builder;

use crate::error::{About, Error, Result};

/// What names of files under way begin with.
pub(crate) const UNDER_WAY: &str = ".bisik-";

/// Makes a folder, and those above it, for its owner alone.
///
/// # Errors
/// [`ErrorKind::Io`].
pub fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    match builder.create(folder) {
        // It is there; what hindered the look at it is not that it is there.
        Err(error) if error.kind() == IoKind::AlreadyExists && fs::metadata(folder).about(folder)?.is_dir() => Ok(()),
        made => made.about(folder),
    }
}

/// Puts a file in place of the old one, whole and on the disk; its owner alone can read it.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    replace_with(path, |file| file.write_all(content).about(path))
}

/// The same for what is written in pieces.
pub(crate) fn replace_with(path: &Path, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = Builder::new();
    builder.prefix(UNDER_WAY);
    let mut file = builder.tempfile_in(folder).about(path)?;
    write(file.as_file_mut())?;
    file.as_file().sync_all().about(path)?;
    file.persist(path).map_err(|error| Error::io(path, error.error))?;
    sync_folder(folder).about(path)
}

/// Gives a file that is on the disk another name, on the disk too.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).about(to)?;
    for folder in [to.parent(), from.parent()].into_iter().flatten() {
        sync_folder(folder).about(to)?;
    }
    Ok(())
}

/// Makes the names in a folder last through a power cut, where the system lets a folder be opened and synchronised.
///
/// # Errors
/// Any that the disk gives: the names may not last.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let file = match File::open(folder) {
        // One may write to it but not list it; or the system opens no folders.
        Err(error) if error.kind() == IoKind::PermissionDenied || cfg!(not(unix)) => return Ok(()),
        file => file?,
    };
    match file.sync_all() {
        Err(error) if matches!(error.kind(), IoKind::InvalidInput | IoKind::Unsupported | IoKind::PermissionDenied) => {
            Ok(())
        }
        outcome => outcome,
    }
}

/// A file's text of at most `most` bytes, or `None` if there is no such file.
pub(crate) fn read_text(path: &Path, most: u64) -> Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == IoKind::NotFound => return Ok(None),
        file => file.about(path)?,
    };
    let length = file.metadata().about(path)?.len();
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).about(path)?;
    if (bytes.len() as u64) < length.min(most) {
        let what = "the file did not give as much as it has";
        return Err(Error::new(path, bisik::Error::new(ErrorKind::Truncated, what)));
    }
    if bytes.len() as u64 > most {
        return Err(Error::new(path, ErrorKind::LimitExceeded.into()));
    }
    let text = String::from_utf8(bytes).map_err(|_| Error::new(path, ErrorKind::InvalidUtf8.into()))?;
    Ok(Some(text))
}

/// The names in a folder, sorted; those of files under way are left out.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).about(folder)? {
        if let Ok(name) = entry.about(folder)?.file_name().into_string()
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Opens a file for its owner alone; made if it is missing.
pub(crate) fn open_own(path: &Path, options: &mut OpenOptions) -> Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.create(true).open(path).about(path)
}

/// Holds a file for oneself until the answer is dropped; [`ErrorKind::Busy`] if another has it.
pub(crate) fn try_lock(path: &Path) -> Result<File> {
    let file = open_own(path, OpenOptions::new().append(true))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::new(path, ErrorKind::Busy.into())),
        Err(TryLockError::Error(error)) => Err(Error::io(path, error)),
    }
}
