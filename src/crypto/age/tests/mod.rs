//! The age test kit, round trips, hostile files, and the vectors of the primitives.

mod hostile;
mod kit;
mod primitives;
mod trips;
mod wide;

use std::io::Read;

use crate::crypto::age::{CHUNK, Opener, Recipient, RecipientSecret, Sealer, WideOpener};
use crate::entropy::{Entropy, FixedEntropy};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::tests::Scoped;
use crate::executor::{Executor, Inline};

/// What became of a file: the plaintext released, and the error after it.
struct Outcome {
    released: Vec<u8>,
    /// Whether the header was accepted.
    began: bool,
    error: Option<Error>,
}

impl Outcome {
    fn kind(&self) -> Option<ErrorKind> {
        self.error.as_ref().map(Error::kind)
    }
}

/// Opens a file chunk by chunk.
fn open(reader: impl Read, secrets: &[RecipientSecret]) -> Outcome {
    let mut outcome = Outcome { released: Vec::new(), began: false, error: None };
    let mut opener = match Opener::new(reader, secrets) {
        Ok(opener) => opener,
        Err(error) => return Outcome { error: Some(error), ..outcome },
    };
    outcome.began = true;
    loop {
        match opener.read_chunk() {
            Ok(Some(chunk)) => outcome.released.extend_from_slice(chunk),
            Ok(None) => break,
            Err(error) => {
                assert!(opener.read_chunk().is_err(), "an opener that failed went on");
                outcome.error = Some(error);
                break;
            }
        }
    }
    outcome
}

/// Opens a file in windows of so many chunks.
fn open_wide(reader: impl Read, secrets: &[RecipientSecret], executor: &dyn Executor, chunks: usize) -> Outcome {
    let mut outcome = Outcome { released: Vec::new(), began: false, error: None };
    let mut opener = match WideOpener::new(reader, secrets, executor) {
        Ok(opener) => opener,
        Err(error) => return Outcome { error: Some(error), ..outcome },
    };
    outcome.began = true;
    let mut room = vec![0; chunks * CHUNK];
    loop {
        room.fill(0xA5);
        match opener.read_chunks(&mut room) {
            Ok(Some(length)) => outcome.released.extend_from_slice(&room[..length]),
            Ok(None) => break,
            Err(error) => {
                assert!(room.iter().all(|byte| matches!(byte, 0 | 0xA5)), "plaintext behind a fault");
                assert!(opener.read_chunks(&mut room).is_err(), "an opener that failed went on");
                outcome.error = Some(error);
                break;
            }
        }
    }
    outcome
}

#[track_caller]
fn assert_same(a: &Outcome, b: &Outcome) {
    assert!(a.released == b.released && a.began == b.began);
    let position = |outcome: &Outcome| outcome.error.as_ref().map(|error| (error.kind(), error.position()));
    assert_eq!(position(a), position(b));
}

/// Opens a file at once, byte by byte and side by side, and checks that all agree.
fn open_all_ways(file: &[u8], secrets: &[RecipientSecret]) -> Outcome {
    let outcome = open(file, secrets);
    if file.len() < 100_000 {
        assert_same(&open(Slowly(file), secrets), &outcome);
    }
    for chunks in [1, 2, 3, 16] {
        assert_same(&open_wide(file, secrets, &Inline, chunks), &outcome);
    }
    assert_same(&open_wide(file, secrets, &Scoped(2), 32), &outcome);
    outcome
}

/// Seals a plaintext that is in memory.
fn seal(plaintext: &[u8], recipients: &[Recipient], entropy: &mut dyn Entropy) -> Result<Vec<u8>> {
    let (mut sealer, mut file) = Sealer::new(recipients, entropy)?;
    sealer.push(plaintext, &mut file)?;
    sealer.finish(&mut file)?;
    Ok(file)
}

/// A reader that gives one byte at a time.
struct Slowly<'a>(&'a [u8]);

impl Read for Slowly<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let count = room.len().min(1);
        self.0.read(&mut room[..count])
    }
}

fn secret(seed: u64) -> RecipientSecret {
    RecipientSecret::generate(&mut FixedEntropy::new(seed)).unwrap()
}
