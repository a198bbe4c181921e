//! The chain: where a log ends, and whether it holds.

use super::entry::{LogEntry, LogRecord, MAX_LINE};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};

/// Where a log ends: all that is needed to append to it.
///
/// ```
/// use bisik::{FixedEntropy, LogEvent, LogReader, LogRecord, LogTail, Timestamp};
///
/// let now = Timestamp::from_seconds(1_800_000_000)?;
/// let (mut tail, mut log) = LogTail::begin(now, &mut FixedEntropy::new(1))?;
/// log += &tail.append(&LogRecord::new(LogEvent::Pull, now).count("entries", 120))?;
///
/// let mut reader = LogReader::new();
/// reader.read(log.as_bytes(), |entry| println!("{} {}", entry.time.seconds(), entry.event))?;
/// assert_eq!(reader.tail().unwrap().number(), 2);
///
/// let altered = log.replace("120", "121");
/// assert_eq!(LogReader::new().read(altered.as_bytes(), |_| ()).unwrap_err().position(), Some(2));
/// # Ok::<(), bisik::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTail {
    number: u64,
    hash: [u8; 32],
}

impl LogTail {
    /// Begins a log: its tail, and its first line.
    ///
    /// # Errors
    /// [`ErrorKind::NoRandomness`].
    pub fn begin(now: crate::time::Timestamp, entropy: &mut dyn Entropy) -> Result<(Self, String)> {
        let mut id = [0; 16];
        entropy.fill(&mut id)?;
        let record = LogRecord::new(super::entry::LogEvent::Start, now);
        let (entry, line) = LogEntry::make(&record, 1, Some(id), &[0; 32])?;
        Ok((Self { number: 1, hash: entry.hash }, line))
    }

    /// The end of a log whose last line is this one, without the end of the line. The entries before it are not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenChain`] if it is no line of a log.
    pub fn of_last_line(line: &[u8]) -> Result<Self> {
        let entry = LogEntry::parse(line).map_err(|error| no_entry().caused_by(error))?;
        Ok(Self { number: entry.number, hash: entry.hash })
    }

    /// Appends an entry: the line to write, with its end. It must be on the disk before what it tells of takes effect.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`] if a count has a name that it may not have.
    pub fn append(&mut self, record: &LogRecord) -> Result<String> {
        let (entry, line) = LogEntry::make(record, self.number + 1, None, &self.hash)?;
        (self.number, self.hash) = (entry.number, entry.hash);
        Ok(line)
    }

    /// The number of the last entry.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Its hash.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

/// Reads a log from its beginning, in pieces of any length, and names the first entry at fault.
#[derive(Debug, Default)]
pub struct LogReader {
    log: Option<[u8; 16]>,
    tail: Option<LogTail>,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    expected: Vec<Expected>,
}

/// What a signed head says.
#[derive(Debug)]
struct Expected {
    log: [u8; 16],
    number: u64,
    hash: [u8; 32],
}

impl LogReader {
    /// Before the first entry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// It must be this log, and hold this entry with this hash, as a signed head says.
    pub(super) fn expect(&mut self, log: [u8; 16], number: u64, hash: [u8; 32]) {
        self.expected.push(Expected { log, number, hash });
    }

    /// Reads on. `each` gets every entry that holds.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenChain`] for an entry that was altered, or before which some are missing, or that stands in another place; the
    /// position is the number of the entry that should stand there, which is also its line. Nothing may be read after an error.
    pub fn read(&mut self, mut bytes: &[u8], mut each: impl FnMut(&LogEntry)) -> Result<()> {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            let (line, after) = bytes.split_at(end);
            let entry = if self.rest.is_empty() {
                self.line(line)?
            } else {
                let mut joined = std::mem::take(&mut self.rest);
                joined.extend_from_slice(line);
                self.line(&joined)?
            };
            each(&entry);
            bytes = after.get(1..).unwrap_or_default();
        }
        if self.rest.len() + bytes.len() >= MAX_LINE {
            return Err(no_entry().at(self.next()));
        }
        self.rest.extend_from_slice(bytes);
        Ok(())
    }

    /// The log ends here.
    ///
    /// # Errors
    /// [`ErrorKind::TornTail`] if the last line is incomplete: what came before it holds, and the position is the number of the entry
    /// that was being written; [`ErrorKind::LogCut`] if a head tells of later entries: the position is the first one missing;
    /// [`ErrorKind::Truncated`] if there is no entry.
    pub fn finish(&self) -> Result<&LogTail> {
        let last = self.tail.as_ref().map_or(0, LogTail::number);
        if self.expected.iter().any(|expected| expected.number > last) {
            return Err(Error::from(ErrorKind::LogCut).at(last + 1));
        }
        if !self.rest.is_empty() {
            return Err(Error::from(ErrorKind::TornTail).at(last + 1));
        }
        self.tail.as_ref().ok_or_else(|| Error::new(ErrorKind::Truncated, "the log is empty").at(1))
    }

    /// Where the log ends, as far as it was read.
    #[must_use]
    pub const fn tail(&self) -> Option<&LogTail> {
        self.tail.as_ref()
    }

    /// The log's id.
    #[must_use]
    pub const fn id(&self) -> Option<&[u8; 16]> {
        self.log.as_ref()
    }

    /// How many bytes of an incomplete last line came so far.
    #[must_use]
    pub fn torn(&self) -> usize {
        self.rest.len()
    }

    fn next(&self) -> u64 {
        self.tail.as_ref().map_or(1, |tail| tail.number + 1)
    }

    fn line(&mut self, line: &[u8]) -> Result<LogEntry> {
        let next = self.next();
        let broken = |message| Err(Error::new(ErrorKind::BrokenChain, message).at(next));
        let entry = LogEntry::parse(line).map_err(|error| no_entry().at(next).caused_by(error))?;
        if entry.number > next {
            return broken("entries are missing before this one");
        }
        if entry.number < next {
            return broken("an earlier entry stands here: the order was changed, or one was repeated");
        }
        let before = self.tail.as_ref().map_or([0; 32], |tail| tail.hash);
        if LogEntry::hash_of(line, &before) != entry.hash {
            return broken(
                "the entry was altered, or replaced the one that stood here, or the one before it was replaced",
            );
        }
        if next == 1 && self.expected.iter().any(|expected| Some(expected.log) != entry.log) {
            return broken("the signed head is of another log, or all of this one was written anew");
        }
        if self.expected.iter().any(|expected| expected.number == next && expected.hash != entry.hash) {
            return broken("the log was written anew up to here after its head was signed");
        }
        if next == 1 {
            self.log = entry.log;
        }
        self.tail = Some(LogTail { number: next, hash: entry.hash });
        Ok(entry)
    }
}

fn no_entry() -> Error {
    Error::new(ErrorKind::BrokenChain, "this line is no entry of a log")
}
