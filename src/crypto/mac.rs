//! BLAKE3 as this library uses it: one table of contexts, keys derived from parts, and frames hashed many at a time.
//!
//! ```text
//! derive(context, a ‖ b ‖ …)   BLAKE3 derive_key, 32 bytes or more
//! FrameMac                     keyed_hash(key, frame), 64-byte frames side by side
//! ```

use std::sync::OnceLock;

use blake3::IncrementCounter;
use blake3::hazmat::{
    ChainingValue, ContextKey, HasherExt, Mode, hash_derive_key_context, merge_subtrees_non_root, merge_subtrees_root,
};
use blake3::platform::Platform;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::Result;
use crate::executor::{self, Executor};
use crate::secret::same;
use crate::simd::Level;

/// A context string, and the key that BLAKE3 makes of it: hashed once, not with every derivation.
pub(crate) struct Context {
    text: &'static str,
    key: OnceLock<ContextKey>,
}

impl Context {
    const fn new(text: &'static str) -> Self {
        Self { text, key: OnceLock::new() }
    }

    fn key(&self) -> &ContextKey {
        self.key.get_or_init(|| hash_derive_key_context(self.text))
    }
}

/// All context strings of format version 1 (`docs/format.md` §1).
pub(crate) mod context {
    use super::Context;

    pub(crate) static KEY_ID: Context = Context::new("bisik 2026 v1 key id");
    pub(crate) static TOKEN_KEY: Context = Context::new("bisik 2026 v1 token key");
    pub(crate) static BLIND_DIGEST: Context = Context::new("bisik 2026 v1 blind digest");
    pub(crate) static BLIND_FILTER: Context = Context::new("bisik 2026 v1 blind filter");
    pub(crate) static BLIND_REQUEST: Context = Context::new("bisik 2026 v1 blind request");
    pub(crate) static HIT: Context = Context::new("bisik 2026 v1 hit");
    pub(crate) static RECORD: Context = Context::new("bisik 2026 v1 record");
    pub(crate) static FILTER_KEY: Context = Context::new("bisik 2026 v1 filter key");
    pub(crate) static FEED_DIGEST: Context = Context::new("bisik 2026 v1 feed digest");
    pub(crate) static RECIPIENT: Context = Context::new("bisik 2026 v1 recipient");
    pub(crate) static LOCAL_KEY_ID: Context = Context::new("bisik 2026 v1 local key id");
    pub(crate) static LOCAL_SEAL: Context = Context::new("bisik 2026 v1 local seal");
    pub(crate) static LOG_ENTRY: Context = Context::new("bisik 2026 v1 log entry");
}

/// A frame: exactly one BLAKE3 block, so that many are hashed side by side.
pub(crate) type Frame = [u8; 64];
/// A BLAKE3 output.
pub(crate) type Digest = [u8; 32];

/// The plain hash of parts joined.
pub(crate) fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// The plain hash of what comes in pieces.
#[derive(Default)]
pub(crate) struct Hasher(blake3::Hasher);

impl Hasher {
    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    pub(crate) fn finish(self) -> Digest {
        *self.0.finalize().as_bytes()
    }
}

/// How much input is one piece of work: a subtree of 1,024 of BLAKE3's chunks.
const SUBTREE: usize = 1 << 20;

/// The same hash of one part, whose subtrees are hashed side by side (BLAKE3 specification §2.1).
pub(crate) fn hash_wide(part: &[u8], executor: &dyn Executor) -> Result<Digest> {
    if executor.width() <= 1 || part.len() < 2 * SUBTREE {
        return Ok(hash([part]));
    }
    let subtrees: Vec<(u64, &[u8])> = (0..).step_by(SUBTREE).zip(part.chunks(SUBTREE)).collect();
    let values = executor::map(executor, subtrees, |(offset, subtree)| {
        blake3::Hasher::new().set_input_offset(offset).update(subtree).finalize_non_root()
    })?;
    let (left, right) = values.split_at_checked(left_of(values.len())).unwrap_or_default();
    Ok(*merge_subtrees_root(&join(left), &join(right), Mode::Hash).as_bytes())
}

/// How many of so many subtrees, 2 or more, are in the left half: the largest power of two that is less.
const fn left_of(subtrees: usize) -> usize {
    subtrees.div_ceil(2).next_power_of_two()
}

/// The chaining value over those of neighbouring subtrees.
fn join(values: &[ChainingValue]) -> ChainingValue {
    match values {
        [] => ChainingValue::default(),
        [one] => *one,
        _ => {
            let (left, right) = values.split_at_checked(left_of(values.len())).unwrap_or_default();
            merge_subtrees_non_root(&join(left), &join(right), Mode::Hash)
        }
    }
}

/// `keyed_hash(key, bytes)`.
pub(crate) fn keyed(key: &[u8; 32], bytes: &[u8]) -> Digest {
    *blake3::keyed_hash(key, bytes).as_bytes()
}

/// `derive_key(context, parts joined)`. The caller makes the join unambiguous with length prefixes.
pub(crate) fn derive(context: &Context, parts: &[&[u8]]) -> Digest {
    *deriver(context, parts).finalize().as_bytes()
}

/// The first 64 bytes of the same function's extended output.
pub(crate) fn derive_wide(context: &Context, parts: &[&[u8]]) -> [u8; 64] {
    let mut wide = [0; 64];
    deriver(context, parts).finalize_xof().fill(&mut wide);
    wide
}

fn deriver(context: &Context, parts: &[&[u8]]) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new_from_context_key(context.key());
    for part in parts {
        hasher.update(part);
    }
    hasher
}

/// `keyed_hash(key, frame)` under one key, one frame or many.
#[derive(Clone, ZeroizeOnDrop)]
pub(crate) struct FrameMac {
    key: [u8; 32],
    words: [u32; 8],
    /// What hashes side by side; `None` if that gives something else.
    #[zeroize(skip)]
    platform: Option<Platform>,
}

/// How many frames are handed to the kernel at once: the widest kernel (AVX-512) takes 16.
pub(crate) const LANES: usize = 16;

const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 1 << 1;
const ROOT: u8 = 1 << 3;
const KEYED_HASH: u8 = 1 << 4;

impl FrameMac {
    /// Takes the key, and checks once that hashing side by side gives what `keyed_hash` gives.
    ///
    /// The kernel is a hidden part of the `blake3` crate, which is pinned for that reason.
    pub(crate) fn new(mut key: [u8; 32]) -> Self {
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(key.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let mut mac = Self { key, words, platform: Some(platform()) };
        key.zeroize();
        let mut frames = [[0_u8; 64]; LANES + 1];
        for (index, frame) in (0_u8..).zip(&mut frames) {
            frame.fill(index);
        }
        let mut digests = [[0; 32]; LANES + 1];
        mac.digest_many(&frames, &mut digests);
        if !frames.iter().zip(&digests).all(|(frame, digest)| same(&mac.digest(frame), digest)) {
            mac.platform = None;
        }
        digests.zeroize();
        mac
    }

    pub(crate) fn digest(&self, frame: &Frame) -> Digest {
        *blake3::keyed_hash(&self.key, frame).as_bytes()
    }

    /// One digest a frame; the slices have equal lengths, what is longer is left alone.
    pub(crate) fn digest_many(&self, frames: &[Frame], digests: &mut [Digest]) {
        let Some(platform) = self.platform else {
            for (frame, digest) in frames.iter().zip(digests) {
                *digest = self.digest(frame);
            }
            return;
        };
        for (frames, digests) in frames.chunks(LANES).zip(digests.chunks_mut(LANES)) {
            let mut inputs = [&[0_u8; 64]; LANES];
            for (input, frame) in inputs.iter_mut().zip(frames) {
                *input = frame;
            }
            let count = frames.len().min(digests.len());
            platform.hash_many(
                inputs.get(..count).unwrap_or_default(),
                &self.words,
                0,
                IncrementCounter::No,
                KEYED_HASH,
                CHUNK_START,
                CHUNK_END | ROOT,
                digests.as_flattened_mut(),
            );
        }
    }
}

/// The kernel of BLAKE3 to use.
fn platform() -> Platform {
    match Level::allowed() {
        Level::Best => Platform::detect(),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => Platform::avx2().unwrap_or_else(Platform::portable),
        _ => Platform::portable(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::Inline;
    use crate::executor::tests::Scoped;

    #[test]
    fn subtrees_hashed_side_by_side_give_the_plain_hash() {
        let bytes: Vec<u8> =
            (0..9 * SUBTREE as u32 + 5).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        for whole in [0, 1, 2, 3, 4, 5, 7, 8, 9] {
            for odd in [-1_025, -1_024, -1, 0, 1, 1_023, 1_025_isize] {
                let Some(part) = (whole * SUBTREE).checked_add_signed(odd).and_then(|length| bytes.get(..length))
                else {
                    continue;
                };
                let plain = *blake3::hash(part).as_bytes();
                assert_eq!(hash_wide(part, &Scoped(2)).unwrap(), plain, "{whole} {odd}");
                assert_eq!(hash_wide(part, &Inline).unwrap(), plain);
            }
        }
    }
    use crate::twins::{Random, inputs};

    #[test]
    fn side_by_side_equals_keyed_hash() {
        let mac = FrameMac::new([7; 32]);
        assert!(mac.platform.is_some());
        for count in [0, 1, 2, 15, 16, 17, 31, 32, 33, 100] {
            let frames: Vec<Frame> = (0..count).map(|n: usize| [(n * 37) as u8; 64]).collect();
            let mut digests = vec![[0; 32]; count];
            mac.digest_many(&frames, &mut digests);
            for (frame, digest) in frames.iter().zip(&digests) {
                assert_eq!(*digest, *blake3::keyed_hash(&[7; 32], frame).as_bytes());
            }
        }
    }

    #[test]
    fn twin_frames_side_by_side_and_one_by_one() {
        let mut random = Random::new(1);
        let mac = FrameMac::new(random.bytes());
        let mut left = inputs(20_000);
        while left > 0 {
            let count = (1 + random.below(4 * LANES)).min(left);
            let frames: Vec<Frame> = (0..count).map(|_| random.bytes()).collect();
            let mut digests = vec![[0; 32]; count];
            mac.digest_many(&frames, &mut digests);
            assert!(frames.iter().zip(&digests).all(|(frame, digest)| mac.digest(frame) == *digest));
            left -= count;
        }
    }

    #[test]
    fn derivation_joins_its_parts() {
        let context = Context::new("c");
        assert_eq!(derive(&context, &[b"ab", b"c"]), blake3::derive_key("c", b"abc"));
        assert_eq!(derive_wide(&context, &[b"abc"])[..32], blake3::derive_key("c", b"abc"));
    }
}
