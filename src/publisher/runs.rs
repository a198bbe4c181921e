//! Entries in rising order, more of them than memory holds.
//!
//! ```text
//! entry = token (16) ‖ kind (1)
//! run   = entries in strictly rising order; as many as memory may hold, sorted there and appended to the scratch
//! all   = the runs merged, each entry once
//! ```
//!
//! What is written is tokens under the feed's key, or the server's: nobody can tell a value from one without that key.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io::{Read, Seek, SeekFrom, Write};

use crate::error::{Error, ErrorKind, Result};
use crate::token::{TOKEN_LENGTH, Token};

/// Room outside of memory that a publisher may write to and read from again: a file of the caller's.
///
/// It is used by the publisher alone, from its beginning. Any reader, writer and seeker is one.
pub trait Scratch: Read + Write + Seek + Send + Sync {}

impl<T: Read + Write + Seek + Send + Sync> Scratch for T {}

/// A token and its kind.
pub(super) type Entry = (Token, u8);
/// Bytes of an entry in memory and in a run.
pub(super) const ENTRY: usize = TOKEN_LENGTH + 1;

/// How many entries are read of one run at a time, at least and at most.
const LEAST_READ: usize = 256;
const MOST_READ: usize = 1 << 16;

/// Entries as they come in, and in order when all have come.
pub(super) struct Runs<'s> {
    /// Those that are in no run.
    entries: Vec<Entry>,
    /// How many of them there may be.
    most: usize,
    scratch: Option<Box<dyn Scratch + 's>>,
    /// How many entries each run has; one begins where the other ends.
    runs: Vec<u64>,
    /// How many came in that are no longer among `entries`.
    gone: u64,
    /// Which kinds are in a run.
    kinds: [bool; 256],
    /// Whether the scratch failed: entries are lost, so there is no going on.
    broken: bool,
}

impl<'s> Runs<'s> {
    /// Everything in memory.
    pub(super) const fn in_memory() -> Self {
        Self {
            entries: Vec::new(),
            most: usize::MAX,
            scratch: None,
            runs: Vec::new(),
            gone: 0,
            kinds: [false; 256],
            broken: false,
        }
    }

    /// At most so many bytes of entries in memory from now on, the others in `scratch`.
    pub(super) fn spill(&mut self, scratch: Box<dyn Scratch + 's>, bytes: u64) {
        let most = usize::try_from(bytes / ENTRY as u64).unwrap_or(usize::MAX);
        (self.scratch, self.most) = (Some(scratch), most.max(1));
    }

    pub(super) fn push(&mut self, entry: Entry) -> Result<()> {
        self.check()?;
        if self.entries.len() >= self.most {
            self.close_run()?;
        }
        if self.entries.len() == self.entries.capacity() {
            // Doubled, but never beyond what there may be.
            let more = self.entries.len().max(1_024).min(self.most - self.entries.len());
            self.entries.reserve_exact(more);
        }
        self.entries.push(entry);
        Ok(())
    }

    /// How many entries came in, repeated ones included.
    pub(super) const fn added(&self) -> u64 {
        self.gone + self.entries.len() as u64
    }

    /// The numbers of the kinds that came in, repeated and in no order.
    pub(super) fn kinds(&self) -> impl Iterator<Item = u8> {
        let in_runs = (0..=u8::MAX).filter(|&kind| self.kinds.get(usize::from(kind)) == Some(&true));
        in_runs.chain(self.entries.iter().map(|(_, kind)| *kind))
    }

    /// Calls `each` with all entries in rising order, each entry once. What came in stays and can be gone through again.
    pub(super) fn for_each(&mut self, mut each: impl FnMut(&Token, u8) -> Result<()>) -> Result<()> {
        self.check()?;
        if self.runs.is_empty() {
            self.order();
            return self.entries.iter().try_for_each(|(token, kind)| each(token, *kind));
        }
        if !self.entries.is_empty() {
            self.close_run()?;
            self.entries = Vec::new();
        }
        let Some(scratch) = &mut self.scratch else { return Ok(()) };
        merge(scratch, &self.runs, self.most, &mut each)
    }

    fn order(&mut self) {
        self.entries.sort_unstable();
        self.gone += self.entries.len() as u64;
        self.entries.dedup();
        self.gone -= self.entries.len() as u64;
    }

    /// Appends what is in memory to the scratch.
    fn close_run(&mut self) -> Result<()> {
        self.check()?;
        // Until the run is complete.
        self.broken = true;
        self.order();
        let Some(scratch) = &mut self.scratch else { return Ok(()) };
        scratch.seek(SeekFrom::End(0)).map_err(io)?;
        let mut bytes = Vec::with_capacity(MOST_READ * ENTRY);
        for entries in self.entries.chunks(MOST_READ) {
            bytes.clear();
            for (token, kind) in entries {
                bytes.extend_from_slice(token);
                bytes.push(*kind);
                if let Some(seen) = self.kinds.get_mut(usize::from(*kind)) {
                    *seen = true;
                }
            }
            scratch.write_all(&bytes).map_err(io)?;
        }
        self.runs.push(self.entries.len() as u64);
        self.gone += self.entries.len() as u64;
        self.entries.clear();
        self.broken = false;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.broken {
            return Err(Error::new(ErrorKind::Io, "the scratch failed before: entries are lost"));
        }
        Ok(())
    }
}

/// Calls `each` with the entries of all runs in rising order, each entry once. Reads of the runs together hold `most` entries.
fn merge(
    scratch: &mut dyn Scratch,
    lengths: &[u64],
    most: usize,
    each: &mut impl FnMut(&Token, u8) -> Result<()>,
) -> Result<()> {
    scratch.flush().map_err(io)?;
    let piece = (most / lengths.len().max(1)).clamp(LEAST_READ, MOST_READ);
    let mut start = 0;
    let mut runs = Vec::with_capacity(lengths.len());
    for &length in lengths {
        runs.push(Run { start, left: length, piece, bytes: Vec::new(), at: 0 });
        start += length * ENTRY as u64;
    }
    let mut next = BinaryHeap::with_capacity(runs.len());
    for (number, run) in runs.iter_mut().enumerate() {
        next.extend(run.next(scratch)?.map(|(token, kind)| Reverse((token, kind, number))));
    }
    let mut last = None;
    while let Some(mut first) = next.peek_mut() {
        let Reverse((token, kind, number)) = *first;
        if last != Some((token, kind)) {
            each(&token.to_be_bytes(), kind)?;
            last = Some((token, kind));
        }
        match runs.get_mut(number).map(|run| run.next(scratch)).transpose()?.flatten() {
            Some((token, kind)) => *first = Reverse((token, kind, number)),
            None => _ = PeekMut::pop(first),
        }
    }
    Ok(())
}

/// A run that is being read.
struct Run {
    /// Where the next piece begins, and how many entries are left from there.
    start: u64,
    left: u64,
    /// How many entries are read at a time.
    piece: usize,
    bytes: Vec<u8>,
    at: usize,
}

impl Run {
    /// The next entry, its token as a number: they are in one order.
    fn next(&mut self, scratch: &mut dyn Scratch) -> Result<Option<(u128, u8)>> {
        if self.at == self.bytes.len() {
            if self.left == 0 {
                return Ok(None);
            }
            let count = self.left.min(self.piece as u64);
            self.bytes.resize(count as usize * ENTRY, 0);
            scratch.seek(SeekFrom::Start(self.start)).map_err(io)?;
            scratch.read_exact(&mut self.bytes).map_err(io)?;
            (self.start, self.left, self.at) = (self.start + self.bytes.len() as u64, self.left - count, 0);
        }
        let entry = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<ENTRY>());
        self.at += ENTRY;
        Ok(entry.map(|[token @ .., kind]| (u128::from_be_bytes(*token), *kind)))
    }
}

fn io(error: std::io::Error) -> Error {
    Error::from(ErrorKind::Io).caused_by(error)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::entropy::{Entropy, FixedEntropy};

    /// Entries of which some come again, in and across runs.
    fn sample(count: usize) -> Vec<Entry> {
        let mut entropy = FixedEntropy::new(count as u64);
        let mut entries: Vec<Entry> = Vec::new();
        for number in 0..count {
            let mut token = Token::default();
            entropy.fill(&mut token).unwrap();
            let entry = match number % 7 {
                3 => entries[number / 2],
                // Two kinds may share a token as far as the order is concerned.
                5 => (entries[number / 3].0, 200),
                _ => (token, (number % 3) as u8),
            };
            entries.push(entry);
        }
        entries
    }

    fn all(runs: &mut Runs<'_>) -> Vec<Entry> {
        let mut all = Vec::new();
        runs.for_each(|token, kind| {
            all.push((*token, kind));
            Ok(())
        })
        .unwrap();
        all
    }

    #[test]
    fn whatever_memory_holds_the_order_is_the_same() {
        for count in [0, 1, 2, 255, 256, 3_000] {
            let entries = sample(count);
            let expected: Vec<Entry> = std::collections::BTreeSet::from_iter(entries.clone()).into_iter().collect();
            for most in [1, 2, 100, 255, 256, 999, 5_000] {
                let mut runs = Runs::in_memory();
                runs.spill(Box::new(Cursor::new(Vec::new())), (most * ENTRY) as u64);
                let mut kinds = std::collections::BTreeSet::new();
                for entry in &entries {
                    runs.push(*entry).unwrap();
                    kinds.insert(entry.1);
                    assert!(runs.entries.len() <= most && runs.entries.capacity() <= most.max(1_024));
                }
                assert_eq!(runs.kinds().collect::<std::collections::BTreeSet<u8>>(), kinds);
                assert_eq!(runs.added(), count as u64);
                // Twice: once to know what to sign, once to write.
                assert!(all(&mut runs) == expected && all(&mut runs) == expected, "{count} {most}");
                assert_eq!(runs.added(), count as u64, "{count} {most}");
            }
            let mut runs = Runs::in_memory();
            entries.iter().for_each(|entry| runs.push(*entry).unwrap());
            assert!(all(&mut runs) == expected && all(&mut runs) == expected);
        }
    }

    /// A scratch that gives out after so many bytes.
    struct Full(Cursor<Vec<u8>>, usize);

    impl Read for Full {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(room)
        }
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match self.1.checked_sub(bytes.len()) {
                Some(left) => {
                    self.1 = left;
                    self.0.write(bytes)
                }
                None => Err(std::io::ErrorKind::StorageFull.into()),
            }
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Full {
        fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn a_scratch_that_is_full_or_cut_short_is_an_error() {
        let entries = sample(1_000);
        let mut runs = Runs::in_memory();
        runs.spill(Box::new(Full(Cursor::default(), 5_000)), 100 * ENTRY as u64);
        let error = entries.iter().find_map(|entry| runs.push(*entry).err()).unwrap();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(runs.for_each(|_, _| Ok(())).is_err() && runs.push(entries[0]).is_err(), "went on with entries lost");

        let mut runs = Runs::in_memory();
        runs.spill(Box::new(Cursor::new(Vec::new())), 100 * ENTRY as u64);
        entries.iter().for_each(|entry| runs.push(*entry).unwrap());
        runs.runs.push(1_000);
        assert_eq!(runs.for_each(|_, _| Ok(())).unwrap_err().kind(), ErrorKind::Io);
    }
}
