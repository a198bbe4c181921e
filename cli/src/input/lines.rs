//! Physical lines in bounded memory: an over-long one is skipped, not kept.

use std::io::{self, BufRead, BufReader, Read};

/// The longest line that is kept, in bytes.
pub(crate) const MAX_LINE: usize = 1 << 20;

/// One line.
pub(super) enum Line {
    /// With its line feed; one is added to a last line that lacks it.
    Whole(Vec<u8>),
    /// Longer than [`MAX_LINE`]; skipped.
    TooLong,
}

/// Lines of a source.
pub(super) struct Lines {
    reader: BufReader<Box<dyn Read>>,
    number: u64,
    consumed: u64,
}

impl Lines {
    pub(super) fn new(source: Box<dyn Read>) -> Self {
        Self { reader: BufReader::with_capacity(1 << 16, source), number: 0, consumed: 0 }
    }

    /// The next line and its number from 1. `spare` is a buffer to use again.
    pub(super) fn next(&mut self, mut spare: Vec<u8>) -> io::Result<Option<(u64, Line)>> {
        spare.clear();
        let mut seen = false;
        let mut too_long = false;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                if !seen {
                    return Ok(None);
                }
                spare.push(b'\n');
                break;
            }
            seen = true;
            let (taken, ended) = match memchr::memchr(b'\n', chunk) {
                Some(at) => (at + 1, true),
                None => (chunk.len(), false),
            };
            if spare.len() + taken > MAX_LINE {
                too_long = true;
                spare = Vec::new();
            }
            if !too_long && let Some(part) = chunk.get(..taken) {
                spare.extend_from_slice(part);
            }
            self.reader.consume(taken);
            self.consumed += taken as u64;
            if ended {
                break;
            }
        }
        self.number += 1;
        Ok(Some((self.number, if too_long { Line::TooLong } else { Line::Whole(spare) })))
    }

    /// Bytes read so far.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(Box::new(io::Cursor::new(bytes.to_vec())));
        let mut all = Vec::new();
        while let Some((number, line)) = lines.next(Vec::new()).unwrap() {
            all.push(match line {
                Line::Whole(bytes) => Some(bytes),
                Line::TooLong => None,
            });
            assert_eq!(number, all.len() as u64);
        }
        all
    }

    #[test]
    fn a_last_line_without_line_feed_gets_one() {
        assert_eq!(lines_of(b"a\nb"), [Some(b"a\n".to_vec()), Some(b"b\n".to_vec())]);
        assert!(lines_of(b"").is_empty());
    }

    #[test]
    fn an_over_long_line_is_skipped_and_the_next_one_read() {
        let mut bytes = vec![b'x'; 10_000_000];
        bytes.extend_from_slice(b"\nnext\n");
        assert_eq!(lines_of(&bytes), [None, Some(b"next\n".to_vec())]);
    }
}
