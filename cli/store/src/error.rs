//! Why a file could not be used, and which.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use bisik::ErrorKind;

/// What every fallible call of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the library, with the file that it is about.
#[derive(Debug)]
pub struct Error {
    path: PathBuf,
    error: bisik::Error,
}

impl Error {
    /// An error about a file.
    #[must_use]
    pub fn new(path: &Path, error: bisik::Error) -> Self {
        Self { path: path.to_owned(), error }
    }

    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        Self::new(path, bisik::Error::from(ErrorKind::Io).caused_by(error))
    }

    /// The kind: what a program decides by.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// The file or folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong.
    #[must_use]
    pub fn inner(&self) -> &bisik::Error {
        &self.error
    }

    /// What is wrong, without the file.
    #[must_use]
    pub fn into_inner(self) -> bisik::Error {
        self.error
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.error)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Puts the file that an error is about into it.
pub(crate) trait About<T> {
    fn about(self, path: &Path) -> Result<T>;
}

impl<T> About<T> for bisik::Result<T> {
    fn about(self, path: &Path) -> Result<T> {
        self.map_err(|error| Error::new(path, error))
    }
}

impl<T> About<T> for io::Result<T> {
    fn about(self, path: &Path) -> Result<T> {
        self.map_err(|error| Error::io(path, error))
    }
}
