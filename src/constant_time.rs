//! Promise: no jump and no address depends on a secret (T25).
//!
//! Each test marks its secrets as uninitialised memory and lets valgrind's memcheck count the jumps and addresses that depend on
//! them (Langley's ctgrind, 2010). `cargo xtask constant-time` runs them; without valgrind they can say nothing and are ignored.
//!
//! What everybody may see is named where it comes about, with [`known`](crate::secret::known) and
//! [`verdict`](crate::secret::verdict). Two things are left out. Key texts (Bech32, hexadecimal) are read and written once a run, on
//! the host that owns them, by tables. The AVX-512 kernel is unknown to valgrind; it has no branches and no table look-ups of secrets
//! by construction (`src/simd/multiply.rs`), and dalek's code stands in for it here.

use std::hint::black_box;

use bisik_memcheck as memcheck;
use bisik_memcheck::is_secret;

use crate::crypto::aead;
use crate::crypto::age::{Opener, RecipientSecret, Sealer};
use crate::crypto::mac::{FrameMac, context, derive};
use crate::crypto::oprf::{Blinding, ServerKey};
use crate::crypto::sign::{KeyId, SignedType, SigningKey};
use crate::entropy::{Entropy, FixedEntropy};
use crate::error::Result;
use crate::identifier::Kind;
use crate::payload::records;
use crate::secret::{Secret, same};
use crate::token::{Ids, Tokenizer, blind_digest, blind_filter_entry, frame, hit_id};

/// What `work` gives, and how many jumps and addresses in it depended on a secret.
fn leaks<T>(work: impl FnOnce() -> T) -> (T, usize) {
    assert!(memcheck::running(), "run it with `cargo xtask constant-time`");
    let before = memcheck::leaks();
    let made = black_box(work());
    (made, memcheck::leaks() - before)
}

/// What `work` gives; nothing in it may depend on a secret.
#[track_caller]
fn constant<T>(work: impl FnOnce() -> T) -> T {
    but_for(0, work)
}

/// The same, but for so many jumps of libraries whose outcome everybody sees.
#[track_caller]
fn but_for<T>(known: usize, work: impl FnOnce() -> T) -> T {
    let (made, leaks) = leaks(work);
    assert!(leaks <= known, "{leaks} jumps or addresses depend on a secret, {known} of which are known");
    made
}

/// A value that counts as a secret.
fn secret<T>(mut value: T) -> T {
    memcheck::hide(&mut value);
    value
}

/// Randomness that nobody knows.
struct Hidden(FixedEntropy);

fn hidden() -> Hidden {
    Hidden(FixedEntropy::new(25))
}

impl Entropy for Hidden {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.0.fill(bytes)?;
        memcheck::hide(bytes);
        Ok(())
    }
}

fn ids() -> Ids {
    Ids::new(&KeyId::from_bytes([5; 32]), "feed", 1)
}

/// A comparison that ends where the bytes differ.
#[inline(never)]
fn leaky(a: &[u8], b: &[u8]) -> bool {
    for (a, b) in a.iter().zip(b) {
        if black_box(*a) != *b {
            return false;
        }
    }
    true
}

/// A table that is asked for a secret's place.
#[inline(never)]
fn looked_up(table: &[u8; 256], place: u8) -> u8 {
    table[usize::from(place)]
}

#[test]
#[ignore = "needs valgrind: cargo xtask constant-time"]
fn planted_leaks_are_caught() {
    let (a, b) = (secret([7_u8; 32]), [7_u8; 32]);
    let (slice, other) = (black_box(&a[..]), black_box(&b[..]));
    assert!(leaks(|| leaky(slice, other)).1 > 0, "an early exit");
    assert!(leaks(|| slice == other).1 > 0, "the comparison of slices");
    assert!(leaks(|| looked_up(black_box(&[0; 256]), black_box(a[0]))).1 > 0, "a table");
}

#[test]
#[ignore = "needs valgrind: cargo xtask constant-time"]
fn comparisons() {
    let (a, b) = (secret([7_u8; 32]), [7_u8; 32]);
    assert!(constant(|| same(black_box(&a), black_box(&b))));
    let other = secret([8_u8; 32]);
    assert!(!constant(|| same(black_box(&a), black_box(&other))));
    let (a, b) = (Secret::new(secret([7_u8; 16])), Secret::new(secret([7_u8; 16])));
    assert!(constant(|| a == b));
}

#[test]
#[ignore = "needs valgrind: cargo xtask constant-time"]
fn tokens_and_derived_keys() {
    let feed_key = Secret::<32>::random(&mut hidden()).unwrap();
    let frames = [secret(frame(Kind::Phone, "+6591234567")); 20];
    let mut digests = [[0; 32]; 20];
    constant(|| Tokenizer::salted(&feed_key, &ids()).digest_many(&frames, &mut digests));
    assert!(is_secret(digests.as_flattened()), "the key and the values went in");
    let made = constant(|| (hit_id(&digests[0], &ids()), blind_filter_entry(&digests[0], 7)));
    assert!(is_secret(&made.0) && is_secret(&made.1));
    let output = secret([9; 64]);
    assert!(is_secret(&constant(|| blind_digest(&ids(), &output))));
    let key = constant(|| derive(&context::FILTER_KEY, &[feed_key.expose()]));
    constant(|| FrameMac::new(key).digest_many(&frames[..1], &mut digests[..1]));
}

#[test]
#[ignore = "needs valgrind: cargo xtask constant-time"]
fn records() {
    let digest = secret([7; 32]);
    let mut sealed = Vec::new();
    constant(|| records::seal(&digest, &ids(), &[], 128, &mut hidden(), &mut sealed)).unwrap();
    assert!(is_secret(&sealed), "the digest went in");
    // The file lies open: salt, commitment, text and tag.
    memcheck::publish(sealed.as_mut_slice());
    // The cipher's own verdict on the tag.
    let text = but_for(1, || records::decrypt(&digest, &ids(), &sealed));
    assert!(is_secret(&text.unwrap()));
    // Another digest's commitment is refused before the cipher is asked.
    let other = secret([8; 32]);
    assert!(constant(|| records::decrypt(&other, &ids(), &sealed)).is_none());
    sealed[127] ^= 1;
    assert!(but_for(1, || records::decrypt(&digest, &ids(), &sealed)).is_none());
}

#[test]
#[ignore = "needs valgrind: cargo xtask constant-time"]
fn the_cipher_under_keys_used_once() {
    let key = secret([3; 32]);
    let mut text = secret([b'x'; 100]);
    let tag = constant(|| aead::seal_once(&key, &mut text)).unwrap();
    assert!(is_secret(&text) && is_secret(&tag));
}

#[test]
#[ignore = "needs valgrind: cargo xtask constant-time"]
fn signing() {
    let key = constant(|| SigningKey::generate(&mut hidden())).unwrap();
    let mut signature = constant(|| key.sign(SignedType::Manifest, b"manifest"));
    assert!(is_secret(&signature), "the key went in");
    memcheck::publish(&mut signature);
    let mut public = key.verifying_key();
    memcheck::publish(&mut public);
    public.verify(SignedType::Manifest, b"manifest", &signature).unwrap();
}

#[test]
#[ignore = "needs valgrind: cargo xtask constant-time"]
fn sealing_and_opening() {
    let member = constant(|| RecipientSecret::generate(&mut hidden())).unwrap();
    memcheck::publish_bytes(member.recipient().bytes());
    let mut file = constant(|| {
        let (mut sealer, mut file) = Sealer::new(std::slice::from_ref(member.recipient()), &mut hidden()).unwrap();
        sealer.push(&secret([b'x'; 1_000]), &mut file).unwrap();
        sealer.finish(&mut file).unwrap();
        file
    });
    assert!(is_secret(&file), "the plaintext and the keys went in");
    memcheck::publish(file.as_mut_slice());
    // Three verdicts of libraries: the stanza's tag, the header's MAC, the chunk's tag.
    let plain = but_for(3, || {
        let mut opener = Opener::new(file.as_slice(), std::slice::from_ref(&member)).unwrap();
        let plain = opener.read_chunk().unwrap().unwrap().to_vec();
        assert!(opener.read_chunk().unwrap().is_none());
        plain
    });
    assert!(plain.len() == 1_000 && is_secret(&plain));
}

#[test]
#[ignore = "needs valgrind: cargo xtask constant-time"]
fn blind_queries() {
    let mut key = constant(|| ServerKey::generate(&mut hidden())).unwrap();
    key.publish();
    let public = *key.public_key();
    let inputs = [secret(*b"one value"), secret(*b"two value"), secret(*b"six value")];
    // Where elements are encoded dalek asserts that a product, of which zeros are left out, is not zero: one jump a batch, never taken.
    let (blinding, request) = but_for(2, || Blinding::new(&inputs, 2, &mut hidden())).unwrap();
    assert!(is_secret(&blinding.blinds().flat_map(|blind| *blind).collect::<Vec<_>>()), "the blinds are secret");
    let mut answer = Vec::new();
    let mut proof = but_for(1, || key.blind_evaluate(&request, &mut hidden(), &mut answer)).unwrap();
    assert!(is_secret(&proof), "the key went in");
    memcheck::publish(&mut proof);
    let outputs = but_for(1, || blinding.finalize(&inputs, &request, &answer, &proof, &public)).unwrap();
    assert!(is_secret(outputs.as_flattened()), "the inputs and the blinds went in");
    let mut direct = Vec::new();
    but_for(1, || key.evaluate_many(&inputs, &mut direct)).unwrap();
    assert!(is_secret(direct.as_flattened()), "the key went in");
    let mut all = (outputs, direct);
    memcheck::publish(all.0.as_mut_slice());
    memcheck::publish(all.1.as_mut_slice());
    assert_eq!(all.0, all.1);
}
