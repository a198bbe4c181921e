//! Side by side is one after the other: the same plaintext, and the same error behind it, whatever is wrong with a file.

use std::io::{self, Read};

use super::{assert_same, open, open_wide, seal, secret};
use crate::crypto::age::stream::SEALED_CHUNK;
use crate::crypto::age::{CHUNK, RecipientSecret, WideOpener};
use crate::entropy::{Entropy, FixedEntropy};
use crate::error::ErrorKind;
use crate::executor::tests::Scoped;
use crate::executor::{Executor, Inline};

const CHUNKS: usize = 11;

/// A file of so many whole chunks and some bytes, and where its first chunk begins.
fn file(whole: usize, more: usize) -> (Vec<u8>, usize) {
    let mut plaintext = vec![0; whole * CHUNK + more];
    FixedEntropy::new(99).fill(&mut plaintext).unwrap();
    let file = seal(&plaintext, &[secret(1).recipient().clone()], &mut FixedEntropy::new(5)).unwrap();
    let body = whole * SEALED_CHUNK + if more > 0 || whole == 0 { more + 16 } else { 0 };
    let start = file.len() - body;
    (file, start)
}

/// Opens what `reader` makes anew each time, in windows of several sizes, and compares.
#[track_caller]
fn same<R: Read>(reader: impl Fn() -> R) -> (usize, Option<ErrorKind>) {
    let secrets: [RecipientSecret; 1] = [secret(1)];
    let plain = open(reader(), &secrets);
    let ways: [(&dyn Executor, usize); 3] = [(&Inline, 1), (&Scoped(2), 4), (&Scoped(2), 100)];
    for (executor, chunks) in ways {
        assert_same(&open_wide(reader(), &secrets, executor, chunks), &plain);
    }
    (plain.released.len(), plain.kind())
}

#[test]
fn every_number_of_chunks_opens() {
    for (whole, more) in [(0, 0), (0, 1), (1, 0), (1, 1), (5, 0), (31, 9), (32, 0), (32, 1), (33, 0), (64, 0)] {
        let (file, _) = file(whole, more);
        assert_eq!(same(|| file.as_slice()), (whole * CHUNK + more, None), "{whole} {more}");
    }
}

#[test]
fn each_damaged_chunk_ends_what_is_given_out() {
    let (file, start) = file(CHUNKS, 100);
    for chunk in 0..=CHUNKS {
        for place in [0, 64, 115] {
            let mut bad = file.clone();
            bad[start + chunk * SEALED_CHUNK + place] ^= 4;
            // Another fault behind it changes nothing.
            *bad.last_mut().unwrap() ^= 1;
            assert_eq!(same(|| bad.as_slice()), (chunk * CHUNK, Some(ErrorKind::CannotOpen)), "{chunk} {place}");
        }
    }
}

#[test]
fn each_cut_ends_what_is_given_out() {
    for more in [0, 100] {
        let (file, start) = file(CHUNKS, more);
        for chunk in 0..=CHUNKS {
            for place in [0_isize, 1, 15, 16, 17, -1] {
                let Some(end) = (start + chunk * SEALED_CHUNK).checked_add_signed(place) else { continue };
                if end >= file.len() {
                    continue;
                }
                let (length, kind) = same(|| &file[..end]);
                if end >= start {
                    let whole = (end - start) / SEALED_CHUNK;
                    assert_eq!((length, kind), (whole * CHUNK, Some(ErrorKind::CannotOpen)), "{chunk} {place}");
                }
            }
        }
    }
}

#[test]
fn what_follows_a_full_last_chunk_is_refused() {
    for whole in [1, 3, 4, 5, 32] {
        let (file, _) = file(whole, 0);
        for behind in [1, 100, SEALED_CHUNK - 1, SEALED_CHUNK, SEALED_CHUNK + 1, 5 * SEALED_CHUNK] {
            let longer = [file.clone(), vec![7; behind]].concat();
            assert_eq!(same(|| longer.as_slice()), (whole * CHUNK, Some(ErrorKind::CannotOpen)), "{whole} {behind}");
        }
    }
}

/// Chunks that are in a place of others, which all open by themselves.
#[test]
fn chunks_out_of_place_are_refused() {
    let (file, start) = file(CHUNKS, 0);
    let (head, body) = file.split_at(start);
    let mut chunks: Vec<&[u8]> = body.chunks(SEALED_CHUNK).collect();
    chunks.swap(6, 7);
    let swapped = [head, &chunks.concat()].concat();
    assert_eq!(same(|| swapped.as_slice()), (6 * CHUNK, Some(ErrorKind::CannotOpen)));
    chunks.remove(6);
    let without = [head, &chunks.concat()].concat();
    assert_eq!(same(|| without.as_slice()), (7 * CHUNK, Some(ErrorKind::CannotOpen)));
}

#[test]
fn a_reader_that_fails_is_found_behind_what_came_before() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    for (whole, more) in [(CHUNKS, 100), (8, 0)] {
        let (file, start) = file(whole, more);
        for chunk in [0, 1, 3, 4, 5, 8] {
            for place in [0, 1, 17] {
                let end = (start + chunk * SEALED_CHUNK + place).min(file.len());
                let expected = (end - start) / SEALED_CHUNK * CHUNK;
                let (length, kind) = same(|| file[..end].chain(Failing));
                assert_eq!((length, kind), (expected, Some(ErrorKind::Io)), "{whole} {chunk} {place}");
                // A chunk that does not open comes first.
                if chunk > 3 {
                    let mut bad = file.clone();
                    bad[start + 3 * SEALED_CHUNK] ^= 1;
                    let found = same(|| bad[..end].chain(Failing));
                    assert_eq!(found, (3 * CHUNK, Some(ErrorKind::CannotOpen)));
                }
            }
        }
        // So does whatever stands behind the end.
        let longer = [file, vec![0; SEALED_CHUNK]].concat();
        same(|| longer.chain(Failing));
        same(|| longer[..longer.len() - 1].chain(Failing));
    }
}

#[test]
fn without_room_for_a_chunk_nothing_is_opened() {
    let (file, _) = file(2, 0);
    let secrets = [secret(1)];
    for room in [0, 1, CHUNK - 1] {
        let mut opener = WideOpener::new(file.as_slice(), &secrets, &Inline).unwrap();
        let mut room = vec![0xA5; room];
        assert_eq!(opener.read_chunks(&mut room).unwrap_err().kind(), ErrorKind::LimitExceeded);
        assert!(room.iter().all(|&byte| byte == 0));
        assert!(opener.read_chunks(&mut [0; CHUNK]).is_err(), "an opener that failed went on");
    }
}
