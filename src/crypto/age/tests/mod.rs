//! The age test kit, round trips, hostile files, and the vectors of the primitives.

mod hostile;
mod kit;
mod primitives;
mod trips;

use std::io::Read;

use crate::crypto::age::{Opener, RecipientSecret, open_in_place};
use crate::entropy::FixedEntropy;
use crate::error::{Error, ErrorKind, Result};

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

/// Opens a file in each way there is, and checks that they agree.
fn open_all_ways(file: &[u8], secrets: &[RecipientSecret]) -> Outcome {
    let outcome = open(file, secrets);
    let whole: Result<Vec<u8>> = Opener::new(file, secrets).and_then(|opener| opener.read_to_end(usize::MAX, 0));
    for other in [whole, open_in_place(file.to_vec(), secrets)] {
        match other {
            Ok(plaintext) => assert!(outcome.error.is_none() && plaintext == outcome.released),
            Err(error) => {
                let first = outcome.error.as_ref().expect("only some ways fail");
                assert_eq!((error.kind(), error.position()), (first.kind(), first.position()));
            }
        }
    }
    outcome
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
