//! What we seal, we open, and nothing else.

use super::{Outcome, open, open_all_ways, seal, secret};
use crate::crypto::age::derive::{FileKey, wrap};
use crate::crypto::age::stream::{CHUNK, Place, SEALED_CHUNK, Stream};
use crate::crypto::age::{Recipient, Sealer, header, is_age};
use crate::crypto::text;
use crate::entropy::{Entropy, FixedEntropy};
use crate::error::{Error, ErrorKind, Result};

fn plaintext(size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    FixedEntropy::new(99).fill(&mut bytes).unwrap();
    bytes
}

fn seal_to(seeds: &[u64], plaintext: &[u8]) -> Vec<u8> {
    let recipients: Vec<Recipient> = seeds.iter().map(|&seed| secret(seed).recipient().clone()).collect();
    seal(plaintext, &recipients, &mut FixedEntropy::new(5)).unwrap()
}

/// Whether nothing of the plaintext came out but whole chunks from its beginning.
fn refused(outcome: &Outcome, plaintext: &[u8]) -> bool {
    let whole = outcome.released.len().is_multiple_of(CHUNK) || outcome.released.len() == plaintext.len();
    outcome.error.is_some() && whole && plaintext.starts_with(&outcome.released)
}

#[test]
fn every_size_round_the_chunk_opens_again() {
    for size in [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 1 << 20, (1 << 20) + 7] {
        let plaintext = plaintext(size);
        let file = seal_to(&[1], &plaintext);
        assert!(is_age(&file));
        let outcome = open_all_ways(&file, &[secret(1)]);
        assert!(outcome.error.is_none(), "{size}");
        assert_eq!(outcome.released, plaintext);
        // nothing else is in the file than the header, the nonce, the chunks and their tags
        let header = file.windows(5).position(|window| window == b"\n--- ").unwrap() + 5 + 43 + 1;
        assert_eq!(file.len(), header + 16 + size + 16 * size.div_ceil(CHUNK).max(1));
    }
}

#[test]
fn the_pieces_pushed_do_not_show_in_the_file() {
    let plaintext = plaintext(5 * CHUNK + 321);
    let whole = seal_to(&[1], &plaintext);
    for step in [1_000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, plaintext.len()] {
        let (mut sealer, mut file) = Sealer::new(&[secret(1).recipient().clone()], &mut FixedEntropy::new(5)).unwrap();
        for piece in plaintext.chunks(step) {
            sealer.push(piece, &mut file).unwrap();
            sealer.push(&[], &mut file).unwrap();
        }
        sealer.finish(&mut file).unwrap();
        assert!(file == whole, "{step}");
    }
}

#[test]
fn every_recipient_opens_it_and_nobody_else() {
    let file = seal_to(&[1, 2, 3], b"to three");
    for seed in [1, 2, 3] {
        assert_eq!(open_all_ways(&file, &[secret(9), secret(seed)]).released, b"to three");
    }
    assert_eq!(open_all_ways(&file, &[secret(4), secret(5)]).kind(), Some(ErrorKind::NoMatchingKey));
    assert_eq!(open_all_ways(&file, &[]).kind(), Some(ErrorKind::NoMatchingKey));
}

#[test]
fn the_largest_number_of_recipients_works_and_one_more_does_not() {
    let one = secret(1).recipient().clone();
    let mut recipients = vec![one; 1_023];
    recipients.push(secret(2).recipient().clone());
    let file = seal(b"many", &recipients, &mut FixedEntropy::new(1)).unwrap();
    assert_eq!(open(file.as_slice(), &[secret(2)]).released, b"many");
    recipients.push(secret(2).recipient().clone());
    let error = seal(b"many", &recipients, &mut FixedEntropy::new(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyRecipients);
    assert_eq!(seal(b"", &[], &mut FixedEntropy::new(1)).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn each_file_has_its_own_keys() {
    let recipients = [secret(1).recipient().clone()];
    let mut entropy = FixedEntropy::new(1);
    let a = seal(b"same", &recipients, &mut entropy).unwrap();
    let b = seal(b"same", &recipients, &mut entropy).unwrap();
    let tail = |file: &[u8]| file[file.len() - 36..].to_vec();
    assert!(a != b && tail(&a)[..16] != tail(&b)[..16] && tail(&a)[16..20] != tail(&b)[16..20]);
}

#[test]
fn every_changed_byte_is_refused() {
    let plaintext = b"a few words".as_slice();
    let file = seal_to(&[1, 2], plaintext);
    for place in 0..file.len() {
        for change in [1, 0x20, 0x80] {
            let mut changed = file.clone();
            changed[place] ^= change;
            let outcome = open_all_ways(&changed, &[secret(1)]);
            assert!(outcome.released.is_empty() && outcome.error.is_some(), "{place} {change}");
        }
    }
}

#[test]
fn every_prefix_is_refused() {
    let file = seal_to(&[1], b"a few words");
    for length in 0..file.len() {
        let outcome = open_all_ways(&file[..length], &[secret(1)]);
        assert!(outcome.released.is_empty() && outcome.error.is_some(), "{length}");
    }
}

#[test]
fn chunks_left_out_doubled_or_moved_are_refused() {
    let plaintext = plaintext(3 * CHUNK + 10);
    let file = seal_to(&[1], &plaintext);
    let start = file.len() - 3 * SEALED_CHUNK - 26;
    let (head, body) = file.split_at(start);
    let chunks: Vec<&[u8]> = body.chunks(SEALED_CHUNK).collect();
    let orders: [&[usize]; 9] =
        [&[0, 1, 2], &[0, 1], &[0], &[], &[1, 2, 3], &[0, 2, 3], &[0, 1, 1, 2, 3], &[1, 0, 2, 3], &[0, 1, 2, 3, 3]];
    for order in orders {
        let mut changed = head.to_vec();
        order.iter().for_each(|&index| changed.extend_from_slice(chunks[index]));
        let outcome = open_all_ways(&changed, &[secret(1)]);
        assert!(refused(&outcome, &plaintext) && outcome.kind() == Some(ErrorKind::CannotOpen), "{order:?}");
    }
    // cut at the ends of chunks and one byte beside them
    for length in (0..3).flat_map(|n| [n * SEALED_CHUNK, n * SEALED_CHUNK + 1, (n + 1) * SEALED_CHUNK - 1]) {
        assert!(refused(&open_all_ways(&file[..start + length], &[secret(1)]), &plaintext), "{length}");
    }
}

#[test]
fn bytes_after_the_end_are_refused() {
    for size in [0, 5, CHUNK, 2 * CHUNK] {
        let plaintext = plaintext(size);
        for extra in [1, 16, 17, SEALED_CHUNK] {
            let mut file = seal_to(&[1], &plaintext);
            file.resize(file.len() + extra, 0);
            let outcome = open_all_ways(&file, &[secret(1)]);
            assert!(refused(&outcome, &plaintext), "{size} {extra}");
        }
    }
}

/// A file to `secret(1)` with chunks of these sizes, the last one marked as such.
fn with_chunks(sizes: &[usize]) -> Vec<u8> {
    let mut entropy = FixedEntropy::new(5);
    let file_key = FileKey::random(&mut entropy).unwrap();
    let stanza = wrap(&file_key, secret(1).recipient(), &mut entropy).unwrap();
    let mut file = header::write(&[stanza], &file_key);
    file.extend_from_slice(&[7; 16]);
    let mut stream = Stream::new(&file_key, &[7; 16]);
    for (index, size) in sizes.iter().enumerate() {
        let from = file.len();
        file.resize(from + size, 0);
        stream.seal(&mut file, from, if index + 1 == sizes.len() { Place::Last } else { Place::Before }).unwrap();
    }
    file
}

#[test]
fn an_empty_last_chunk_is_only_for_an_empty_payload() {
    for full in 0..3 {
        let mut sizes = vec![CHUNK; full];
        sizes.push(0);
        let outcome = open_all_ways(&with_chunks(&sizes), &[secret(1)]);
        assert_eq!(outcome.kind(), (full > 0).then_some(ErrorKind::CannotOpen), "{full}");
        assert_eq!(outcome.released.len(), full * CHUNK);
    }
}

#[test]
fn chunks_of_other_sizes_are_refused_though_the_sender_knew_the_key() {
    for sizes in [[CHUNK - 1, 5], [5, 5], [CHUNK + 1, 5], [CHUNK, CHUNK + 1], [CHUNK, 2 * CHUNK + 16]] {
        let outcome = open_all_ways(&with_chunks(&sizes), &[secret(1)]);
        assert_eq!(outcome.kind(), Some(ErrorKind::CannotOpen), "{sizes:?}");
    }
    assert_eq!(open_all_ways(&with_chunks(&[CHUNK, CHUNK]), &[secret(1)]).kind(), None);
}

#[test]
fn points_of_low_order_are_not_sealed_to() {
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = [0xFF; 32];
    (minus_one[0], minus_one[31]) = (0xEC, 0x7F);
    for point in [[0; 32], one, minus_one] {
        let weak: Recipient = text::encode("age", &point).parse().unwrap();
        let recipients = [secret(1).recipient().clone(), weak];
        let error = seal(b"", &recipients, &mut FixedEntropy::new(1)).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::BadKey, Some(1)));
    }
}

#[test]
fn failing_entropy_gives_no_file() {
    struct Failing(usize);
    impl Entropy for Failing {
        fn fill(&mut self, _: &mut [u8]) -> Result<()> {
            self.0 = self.0.checked_sub(1).ok_or_else(|| Error::from(ErrorKind::NoRandomness))?;
            Ok(())
        }
    }
    let recipients = [secret(1).recipient().clone()];
    for calls in 0..3 {
        let error = seal(b"", &recipients, &mut Failing(calls)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoRandomness);
    }
    seal(b"", &recipients, &mut Failing(3)).unwrap();
}
