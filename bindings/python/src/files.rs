//! Files that callers name: feeds, keys and cards.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use bisik::ErrorKind;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use zeroize::Zeroizing;

use crate::errors::{raise, raise_with};

/// The most that is read of a key, card or list of recipients.
const MAX_KEY_FILE: u64 = 1 << 20;

/// A path given as `str` or `os.PathLike`.
pub(crate) fn path(object: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    if let Ok(text) = object.cast::<PyString>() {
        return text.to_str().map(PathBuf::from).map_err(|_| raise(ErrorKind::InvalidUtf8));
    }
    object.extract().map_err(|_| crate::arguments::wrong_type(object, "a path", "str or os.PathLike"))
}

/// Whether an object can name a file.
pub(crate) fn is_path(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(object.is_instance_of::<PyString>() || object.hasattr("__fspath__")?)
}

/// What the system refused. The path is left out: a caller may have given a key in its place.
pub(crate) fn io_error(error: &io::Error) -> PyErr {
    let kind = if error.kind() == io::ErrorKind::AlreadyExists { ErrorKind::AlreadyExists } else { ErrorKind::Io };
    raise_with(kind, &format!("the system could not read or write the file: {}", error.kind()))
}

/// Opens a file for reading.
pub(crate) fn open(path: &Path) -> PyResult<File> {
    let file = File::open(path).map_err(|error| io_error(&error))?;
    if file.metadata().is_ok_and(|meta| meta.is_dir()) {
        return Err(raise_with(ErrorKind::Io, "the system could not read or write the file: is a directory"));
    }
    Ok(file)
}

/// The content of a file that is short.
pub(crate) fn short(path: &Path, limit: u64) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit + 1).read_to_end(&mut bytes).map_err(|error| io_error(&error))?;
    if bytes.len() as u64 > limit {
        return Err(raise(ErrorKind::LimitExceeded));
    }
    Ok(bytes)
}

/// The text of a key or card: the object itself if it is one, else the content of the file that it names.
///
/// A `str` is text if it has several lines or begins as keys do; otherwise it is a path.
pub(crate) fn key_text(object: &Bound<'_, PyAny>, secret: bool) -> PyResult<Zeroizing<String>> {
    if let Ok(string) = object.cast::<PyString>() {
        let text = string.to_str().map_err(|_| raise(ErrorKind::InvalidUtf8))?;
        if is_key_text(text) {
            return Ok(Zeroizing::new(text.to_owned()));
        }
    } else if !object.hasattr("__fspath__")? {
        let given = object.get_type().name()?.to_string();
        return Err(PyTypeError::new_err(format!(
            "a key or card must be an object of bisik, text or a path, not {given}"
        )));
    }
    let file = open(&path(object)?)?;
    if secret {
        owner_only(&file)?;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(4_096));
    file.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes).map_err(|error| io_error(&error))?;
    if bytes.len() as u64 > MAX_KEY_FILE {
        return Err(raise_with(ErrorKind::LimitExceeded, "too long for a key or card"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| raise_with(ErrorKind::BadKey, "neither a key nor a card"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn is_key_text(text: &str) -> bool {
    const BEGINNINGS: [&str; 7] =
        ["age-secret-key-", "age-plugin-", "bisik-signing-key-", "bisik-oprf-key-", "age1", "ed25519", "name:"];
    let start = text.trim_start();
    let begins = |with: &&str| start.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    text.contains('\n') || BEGINNINGS.iter().any(begins)
}

#[cfg(unix)]
fn owner_only(file: &File) -> PyResult<()> {
    use std::os::unix::fs::PermissionsExt;
    let meta = file.metadata().map_err(|error| io_error(&error))?;
    if meta.is_file() && meta.permissions().mode() & 0o077 != 0 {
        return Err(raise(ErrorKind::Permissions));
    }
    Ok(())
}

#[cfg(not(unix))]
fn owner_only(_: &File) -> PyResult<()> {
    Ok(())
}

/// Writes a new file, readable by its owner alone if it holds a secret; a file that is there is not overwritten.
pub(crate) fn write_new(path: &Path, text: &str, secret: bool) -> PyResult<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if secret { 0o600 } else { 0o666 });
    }
    #[cfg(not(unix))]
    let _ = secret;
    let mut file = options.open(path).map_err(|error| io_error(&error))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| io_error(&error))
}

/// Writes a feed under a name, in place of an older file of that name.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> PyResult<()> {
    write_over(path, bytes, false)
}

/// The same for a file that its owner alone may read.
pub(crate) fn replace_secret(path: &Path, bytes: &[u8]) -> PyResult<()> {
    write_over(path, bytes, true)
}

fn write_over(path: &Path, bytes: &[u8], secret: bool) -> PyResult<()> {
    let beside = path.with_file_name(format!(
        ".{}.{}.part",
        path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        std::process::id()
    ));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if secret { 0o600 } else { 0o666 });
    }
    #[cfg(not(unix))]
    let _ = secret;
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    });
    written.map_err(|error| {
        if error.kind() != io::ErrorKind::AlreadyExists {
            _ = std::fs::remove_file(&beside);
        }
        io_error(&error)
    })
}
