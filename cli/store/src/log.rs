//! The review log's file: appended to under a lock, on the disk before what it tells of happens.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use bisik::{Entropy, ErrorKind, LogEntry, LogEvent, LogReader, LogRecord, LogTail, Timestamp};

use crate::disk;
use crate::error::{About as _, Error, Result};

/// More than any line has.
const TAIL: u64 = 8_192;

/// A log in a file.
#[derive(Clone, Debug)]
pub struct LogFile {
    path: PathBuf,
}

/// What mending a log did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mended {
    /// How many bytes of an incomplete line were removed.
    pub removed: u64,
    /// How many entries the log has now.
    pub entries: u64,
}

impl LogFile {
    /// The log in this file, which need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends records, on the disk before this returns; begins the log if there is none. A line that a crash left incomplete is removed
    /// first, and an entry says so. Waits while another program appends.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenChain`] if the last line is no entry: then nothing is appended; [`ErrorKind::Io`]; [`ErrorKind::NoRandomness`].
    pub fn append(&self, records: &[LogRecord], now: Timestamp, entropy: &mut dyn Entropy) -> Result<u64> {
        let mut file = self.open()?;
        let (mut tail, mut lines) = match self.settle(&mut file)? {
            (Some(tail), 0) => (tail, String::new()),
            (Some(mut tail), torn) => {
                let line =
                    tail.append(&LogRecord::new(LogEvent::Mended, now).count("bytes", torn)).about(&self.path)?;
                (tail, line)
            }
            (None, _) => LogTail::begin(now, entropy).about(&self.path)?,
        };
        for record in records {
            lines.push_str(&tail.append(record).about(&self.path)?);
        }
        self.write(&mut file, &lines)?;
        Ok(tail.number())
    }

    /// Removes a line that a crash left incomplete, and writes an entry that says so. A log that is whole stays as it is.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn mend(&self, now: Timestamp, entropy: &mut dyn Entropy) -> Result<Mended> {
        if !self.path.try_exists().about(&self.path)? {
            return Err(Error::io(&self.path, io::ErrorKind::NotFound.into()));
        }
        let mut file = self.open()?;
        let (tail, line, removed) = match self.settle(&mut file)? {
            (Some(tail), 0) => return Ok(Mended { removed: 0, entries: tail.number() }),
            (Some(mut tail), torn) => {
                let line =
                    tail.append(&LogRecord::new(LogEvent::Mended, now).count("bytes", torn)).about(&self.path)?;
                (tail, line, torn)
            }
            // Not even its first line was written: the log begins now.
            (None, torn) => {
                let (tail, line) = LogTail::begin(now, entropy).about(&self.path)?;
                (tail, line, torn)
            }
        };
        self.write(&mut file, &line)?;
        Ok(Mended { removed, entries: tail.number() })
    }

    /// Reads the whole log through `reader`, which names the entry at fault.
    ///
    /// # Errors
    /// As [`LogReader::read`] and [`LogReader::finish`]; [`ErrorKind::Io`].
    pub fn read(&self, reader: &mut LogReader, mut each: impl FnMut(&LogEntry)) -> Result<()> {
        let mut file = File::open(&self.path).about(&self.path)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = match file.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::io(&self.path, error)),
            };
            if count == 0 {
                return reader.finish().map(|_| ()).about(&self.path);
            }
            reader.read(buffer.get(..count).unwrap_or_default(), &mut each).about(&self.path)?;
        }
    }

    fn open(&self) -> Result<File> {
        let file = disk::open_own(&self.path, OpenOptions::new().read(true).append(true))?;
        file.lock().about(&self.path)?;
        Ok(file)
    }

    /// Where the log ends, and how many bytes of an incomplete line were removed behind it.
    fn settle(&self, file: &mut File) -> Result<(Option<LogTail>, u64)> {
        let length = file.metadata().about(&self.path)?.len();
        let start = length.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start)).about(&self.path)?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes).about(&self.path)?;
        if bytes.len() as u64 != length - start {
            // What is missing must not be taken for a line that a crash left incomplete.
            let what = bisik::Error::new(ErrorKind::Truncated, "the file did not give as much as it has");
            return Err(Error::new(&self.path, what));
        }
        let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') else {
            if start > 0 {
                let what = bisik::Error::new(ErrorKind::BrokenChain, "the file does not end like a log");
                return Err(Error::new(&self.path, what));
            }
            file.set_len(0).about(&self.path)?;
            return Ok((None, length));
        };
        let torn = bytes.len() as u64 - (end as u64 + 1);
        let whole = bytes.get(..end).unwrap_or_default();
        let line = whole.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        let tail = LogTail::of_last_line(line).about(&self.path)?;
        if torn > 0 {
            file.set_len(length - torn).about(&self.path)?;
        }
        Ok((Some(tail), torn))
    }

    fn write(&self, file: &mut File, lines: &str) -> Result<()> {
        file.write_all(lines.as_bytes()).about(&self.path)?;
        file.sync_data().about(&self.path)?;
        let folder = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        disk::sync_folder(folder).about(&self.path)
    }
}
