//! Feeds in files.

use std::ffi::OsStr;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use bisik::{Error, ErrorKind, RecipientSecret, Result, Threads, UnverifiedFeed};
use memmap2::Mmap;

/// The path that some bytes name: as they are on Unix, as UTF-8 elsewhere.
#[cfg(unix)]
pub(crate) fn path(bytes: &[u8]) -> Result<&Path> {
    use std::os::unix::ffi::OsStrExt;
    Ok(Path::new(OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
pub(crate) fn path(bytes: &[u8]) -> Result<&Path> {
    Ok(Path::new(OsStr::new(crate::abi::memory::utf8(bytes)?)))
}

fn io(error: std::io::Error) -> Error {
    Error::from(ErrorKind::Io).caused_by(error)
}

/// Reads a feed, open or sealed.
pub(crate) fn read(name: &[u8], secrets: &[RecipientSecret], limit: u64, threads: Threads) -> Result<UnverifiedFeed> {
    let file = File::open(path(name)?).map_err(io)?;
    if file.metadata().map_err(io)?.is_dir() {
        return Err(Error::new(ErrorKind::Io, "this is a directory"));
    }
    UnverifiedFeed::read_with(BufReader::with_capacity(1 << 16, file), secrets, limit, Arc::new(threads))
}

/// Maps an open feed.
pub(crate) fn map(name: &[u8], limit: u64) -> Result<UnverifiedFeed> {
    let file = File::open(path(name)?).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::Io, "only a regular file can be mapped"));
    }
    if metadata.len() > limit {
        return Err(Error::from(ErrorKind::LimitExceeded).at(limit));
    }
    // SAFETY: the bytes of a mapping must not change. The caller of `bisik_feed_map_file` promises that the file is neither
    // written nor truncated while the feed lives; the library itself only reads it.
    let mapping = unsafe { Mmap::map(&file) }.map_err(io)?;
    UnverifiedFeed::from_bytes(mapping)
}
