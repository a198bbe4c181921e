//! Room for a file whose end is not known yet: it grows towards the length that the file announces.
//!
//! ```text
//! capacity = announced / 8^k        the smallest that holds what has come and what comes next, from 256 KiB on
//! ```
//!
//! An honest file takes an eighth more than its length while it is read, and an announcement alone no more than eight times what has come.
//! Nothing is written before it is needed: fresh memory is zero as the system gives it, and the first to touch a page is the thread
//! that decrypts into it.

use zeroize::{Zeroize, Zeroizing};

use crate::error::Result;
use crate::executor::{self, Executor};

/// Room that is made without looking at how long a file says it is.
const SMALLEST: usize = 1 << 18;
/// What is copied or wiped at once.
const PIECE: usize = 1 << 20;
/// How many times larger the next buffer is.
const STEP: usize = 8;

pub(super) struct Room<'e> {
    /// As long as it is: what lies behind `filled` is zero, or of no use.
    bytes: Zeroizing<Vec<u8>>,
    filled: usize,
    executor: &'e dyn Executor,
}

impl<'e> Room<'e> {
    pub(super) fn new(executor: &'e dyn Executor) -> Self {
        Self { bytes: Zeroizing::new(Vec::new()), filled: 0, executor }
    }

    /// What has come.
    pub(super) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// The free room, at least `more` bytes.
    pub(super) fn space(&mut self, more: usize, announced: u64) -> Result<&mut [u8]> {
        self.grow(more, announced)?;
        Ok(self.bytes.get_mut(self.filled..).unwrap_or_default())
    }

    /// So many bytes of the free room belong to the file now.
    pub(super) fn fill(&mut self, count: usize) {
        self.filled = self.bytes.len().min(self.filled.saturating_add(count));
    }

    pub(super) fn append(&mut self, bytes: &[u8], announced: u64) -> Result<()> {
        if let Some(space) = self.space(bytes.len(), announced)?.get_mut(..bytes.len()) {
            space.copy_from_slice(bytes);
            self.fill(bytes.len());
        }
        Ok(())
    }

    pub(super) fn into_bytes(mut self) -> Zeroizing<Vec<u8>> {
        self.bytes.truncate(self.filled);
        self.bytes
    }

    /// Makes room for `more` bytes by moving to a larger buffer; the old one is wiped.
    fn grow(&mut self, more: usize, announced: u64) -> Result<()> {
        let needed = self.filled.saturating_add(more);
        if needed <= self.bytes.len() {
            return Ok(());
        }
        let mut larger = Zeroizing::new(vec![0; capacity(needed, announced)]);
        let filled = self.bytes.get_mut(..self.filled).unwrap_or_default();
        let pieces = filled.chunks_mut(PIECE).zip(larger.chunks_mut(PIECE)).collect();
        executor::map(self.executor, pieces, |(from, to): (&mut [u8], &mut [u8])| {
            if let Some(to) = to.get_mut(..from.len()) {
                to.copy_from_slice(from);
            }
            from.zeroize();
        })?;
        // What it held is wiped, and it was zero or ciphertext behind that.
        std::mem::take(&mut *self.bytes);
        self.bytes = larger;
        Ok(())
    }
}

fn capacity(needed: usize, announced: u64) -> usize {
    let mut capacity = usize::try_from(announced).unwrap_or(usize::MAX);
    if capacity < needed {
        capacity = needed.saturating_mul(2);
    }
    while capacity / STEP >= needed.max(SMALLEST) {
        capacity = capacity.div_ceil(STEP);
    }
    capacity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::Inline;
    use crate::executor::tests::Scoped;

    #[test]
    fn room_ends_at_the_announced_length_and_never_runs_ahead_of_it() {
        for announced in [0_u64, 100, 1 << 20, 10_000_000, u64::MAX] {
            let mut room = Room::new(&Inline);
            let mut moves = 0;
            while (room.filled as u64) < announced.clamp(1 << 20, 10_000_000) {
                let before = room.bytes.len();
                room.append(&[7; 65_536], announced).unwrap();
                moves += usize::from(room.bytes.len() != before);
                assert!(room.bytes.len() <= STEP * room.filled.max(SMALLEST), "{announced}");
            }
            assert!(moves <= 8, "{announced}: {moves}");
        }
        let mut room = Room::new(&Inline);
        assert_eq!(room.space(3_065_536, 10_000_000).unwrap().len(), 10_000_000);
    }

    #[test]
    fn what_has_come_moves_along_whoever_copies() {
        let executors: [&dyn Executor; 2] = [&Inline, &Scoped(3)];
        for executor in executors {
            let mut room = Room::new(executor);
            let bytes: Vec<u8> = (0..3 * PIECE + 5).map(|at| ((at * at) >> 7) as u8).collect();
            for piece in bytes.chunks(100_000) {
                room.append(piece, 0).unwrap();
            }
            assert_eq!(room.filled(), bytes);
            assert_eq!(room.space(1, 0).unwrap().iter().filter(|&&byte| byte != 0).count(), 0);
            assert_eq!(*room.into_bytes(), bytes);
        }
    }

    #[test]
    fn no_more_is_filled_than_there_is() {
        let mut room = Room::new(&Inline);
        room.fill(10);
        assert_eq!(room.filled(), b"");
        room.append(b"abc", 3).unwrap();
        room.fill(usize::MAX);
        assert_eq!(room.filled(), b"abc");
    }
}
