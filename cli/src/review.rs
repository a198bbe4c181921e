//! The review log that a command was told to keep: written to before what it tells of takes effect.

use bisik::{LogEvent, LogRecord, Manifest, OsEntropy, Timestamp};
use bisik_store::LogFile;

use crate::args::Logging;
use crate::failure::Result;

/// Appends a record, on the disk before this returns; nothing if no log is kept.
pub(crate) fn note(logging: &Logging, record: impl FnOnce() -> LogRecord, now: Timestamp) -> Result<()> {
    if let Some(path) = &logging.review {
        LogFile::new(path).append(&[record()], now, &mut OsEntropy)?;
    }
    Ok(())
}

/// A record of a version of a feed.
pub(crate) fn of_feed(event: LogEvent, manifest: &Manifest, now: Timestamp) -> LogRecord {
    LogRecord::new(event, now).of(&manifest.publisher, &manifest.feed, manifest.version)
}

/// The same with how many entries the version has.
pub(crate) fn of_version(event: LogEvent, manifest: &Manifest, now: Timestamp) -> LogRecord {
    of_feed(event, manifest, now).count("entries", manifest.count)
}
