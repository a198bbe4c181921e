//! From an identifier to the digest that stands for it under one feed's key (`docs/format.md` §3).
//!
//! ```text
//! frame         = form version ‖ kind ‖ flags ‖ length ‖ match key or its hash, zero-padded to 64
//! salted digest = keyed_hash(derive_key("bisik 2026 v1 token key", feed key ‖ IDS), frame)
//! blind digest  = derive_key("bisik 2026 v1 blind digest", IDS ‖ OPRF(key, "bisik v1 oprf" ‖ 0x00 ‖ IDS ‖ frame))
//! token         = digest[0..16]        record secret = digest[16..32]
//! ```

use zeroize::Zeroizing;

use crate::codec::bytes::put_lp;
use crate::crypto::mac::{self, Digest, Frame, FrameMac, context, derive};
use crate::crypto::oprf::{Output, ServerKey};
use crate::crypto::sign::KeyId;
use crate::error::Result;
use crate::identifier::Kind;
use crate::secret::Secret;

/// The length of a token in bytes. Shorter ones would let a chosen victim be framed within an hour.
pub(crate) const TOKEN_LENGTH: usize = 16;
/// What stands for an identifier in a feed.
pub(crate) type Token = [u8; TOKEN_LENGTH];

/// The longest match key that stands in its frame.
pub(crate) const MAX_PAYLOAD: usize = 60;
const HASHED: u8 = 1;

/// What a feed's keys and tokens are bound to: publisher, feed and epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ids(Vec<u8>);

impl Ids {
    pub(crate) fn new(publisher: &KeyId, feed: &str, epoch: u32) -> Self {
        let mut bytes = Vec::with_capacity(44 + feed.len());
        put_lp(&mut bytes, publisher.as_bytes());
        put_lp(&mut bytes, feed.as_bytes());
        bytes.extend_from_slice(&epoch.to_le_bytes());
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The frame of a match key in the canonical form that this program writes.
pub(crate) fn frame(kind: Kind, match_key: &str) -> Frame {
    let mut frame = [0; 64];
    write_frame(&mut frame, kind, match_key);
    frame
}

/// Writes a frame where it is to lie; there must be zeros.
#[inline]
pub(crate) fn write_frame(frame: &mut Frame, kind: Kind, match_key: &str) {
    let bytes = match_key.as_bytes();
    let (head, payload) = frame.split_at_mut(4);
    let (flags, length) = match payload.get_mut(..bytes.len()) {
        Some(payload) => {
            copy(payload, bytes);
            (0, bytes.len() as u8)
        }
        None => {
            for (to, from) in payload.iter_mut().zip(mac::hash([bytes])) {
                *to = from;
            }
            (HASHED, 32)
        }
    };
    head.copy_from_slice(&[kind.form_version(), kind.number(), flags, length]);
}

/// Copies into as many bytes. Most go in two overlapping halves, which takes a third of the time of a call.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    #[inline]
    fn halves<const N: usize>(to: &mut [u8], from: &[u8]) -> Option<()> {
        *to.first_chunk_mut::<N>()? = *from.first_chunk::<N>()?;
        *to.last_chunk_mut::<N>()? = *from.last_chunk::<N>()?;
        Some(())
    }
    let done = match from.len() {
        8..=16 => halves::<8>(to, from),
        17..=32 => halves::<16>(to, from),
        33..=64 => halves::<32>(to, from),
        _ => None,
    };
    if done.is_none() {
        to.copy_from_slice(from);
    }
}

/// The match key that stands in a frame; `None` if it was too long and only its hash does.
pub(crate) fn match_key(frame: &Frame) -> Option<&str> {
    let [_, _, 0, length, payload @ ..] = frame else { return None };
    std::str::from_utf8(payload.get(..usize::from(*length))?).ok()
}

/// Makes the digests of one feed.
pub(crate) struct Tokenizer(FrameMac);

impl Tokenizer {
    /// For a salted feed, whose key travels in it.
    pub(crate) fn salted(feed_key: &Secret<32>, ids: &Ids) -> Self {
        let key = derive(&context::TOKEN_KEY, &[feed_key.expose(), ids.as_bytes()]);
        Self(FrameMac::new(key))
    }

    pub(crate) fn digest_many(&self, frames: &[Frame], digests: &mut [Digest]) {
        self.0.digest_many(frames, digests);
    }
}

/// Makes the digests of one blind feed, as the holder of its OPRF key does.
pub(crate) struct BlindTokenizer {
    key: ServerKey,
    ids: Ids,
}

impl BlindTokenizer {
    pub(crate) const fn new(key: ServerKey, ids: Ids) -> Self {
        Self { key, ids }
    }

    /// One digest a frame. Far slower than the salted kind: a multiplication on the curve each.
    pub(crate) fn digest_many(&self, frames: &[Frame], digests: &mut [Digest]) -> Result<()> {
        let inputs = BlindInputs::new(&self.ids, frames);
        let mut outputs = Vec::with_capacity(frames.len());
        self.key.evaluate_many(&inputs.as_slices(), &mut outputs)?;
        for (digest, output) in digests.iter_mut().zip(&outputs) {
            *digest = blind_digest(&self.ids, output);
        }
        Ok(())
    }
}

const BLIND_PREFIX: &[u8] = b"bisik v1 oprf\0";

/// OPRF inputs, one a frame, in one buffer that is wiped.
pub(crate) struct BlindInputs {
    bytes: Zeroizing<Vec<u8>>,
    stride: usize,
}

impl BlindInputs {
    pub(crate) fn new(ids: &Ids, frames: &[Frame]) -> Self {
        let stride = BLIND_PREFIX.len() + ids.as_bytes().len() + size_of::<Frame>();
        let mut bytes = Zeroizing::new(Vec::with_capacity(stride * frames.len()));
        for frame in frames {
            bytes.extend_from_slice(BLIND_PREFIX);
            bytes.extend_from_slice(ids.as_bytes());
            bytes.extend_from_slice(frame);
        }
        Self { bytes, stride }
    }

    pub(crate) fn as_slices(&self) -> Vec<&[u8]> {
        self.bytes.chunks_exact(self.stride).collect()
    }
}

/// The digest of an OPRF output.
pub(crate) fn blind_digest(ids: &Ids, output: &Output) -> Digest {
    derive(&context::BLIND_DIGEST, &[ids.as_bytes(), output])
}

/// The entry of one version's filter in a blind feed.
pub(crate) fn blind_filter_entry(digest: &Digest, version: u64) -> Digest {
    derive(&context::BLIND_FILTER, &[digest, &version.to_le_bytes()])
}

/// Makes the entries of one version's filter.
pub(crate) fn filter_mac(feed_key: &Secret<32>, ids: &Ids, version: u64) -> FrameMac {
    FrameMac::new(derive(&context::FILTER_KEY, &[feed_key.expose(), ids.as_bytes(), &version.to_le_bytes()]))
}

/// The token half of a digest.
pub(crate) fn token(digest: &Digest) -> Token {
    let mut token = [0; TOKEN_LENGTH];
    token.copy_from_slice(digest.split_at(TOKEN_LENGTH).0);
    token
}

/// The record secret: the other half, never published.
pub(crate) fn record_secret(digest: &Digest) -> &[u8] {
    digest.split_at(TOKEN_LENGTH).1
}

/// What names a hit in sightings and retractions without naming the token.
pub(crate) fn hit_id(digest: &Digest, ids: &Ids) -> [u8; 16] {
    token(&derive(&context::HIT, &[digest, ids.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_keys_stand_in_the_frame_and_long_ones_are_hashed() {
        let short = frame(Kind::Domain, "a.example");
        assert_eq!(short[..4], [1, 3, 0, 9]);
        assert_eq!(&short[4..13], b"a.example");
        assert!(short[13..].iter().all(|&byte| byte == 0));
        assert_eq!(match_key(&short), Some("a.example"));
        let longest = frame(Kind::Domain, &"x".repeat(60));
        assert_eq!(longest[..4], [1, 3, 0, 60]);
        assert_eq!(match_key(&longest), Some("x".repeat(60).as_str()));
        let long = frame(Kind::Url, &"x".repeat(61));
        assert_eq!(long[..4], [1, 4, 1, 32]);
        assert_eq!(long[4..36], *blake3::hash("x".repeat(61).as_bytes()).as_bytes());
        assert!(long[36..].iter().all(|&byte| byte == 0));
        assert_eq!(match_key(&long), None);
    }

    #[test]
    fn keys_of_every_length_are_copied_whole() {
        for length in 0..=MAX_PAYLOAD {
            let key: String = (0..length).map(|at| char::from(b'!' + at as u8)).collect();
            let frame = frame(Kind::Domain, &key);
            assert_eq!(match_key(&frame), Some(key.as_str()));
            assert!(frame[4 + length..].iter().all(|&byte| byte == 0));
        }
    }

    /// T11: nothing links one identifier across feeds, kinds and epochs.
    #[test]
    fn one_value_has_another_token_in_every_feed_kind_and_epoch() {
        let mut tokens = std::collections::HashSet::new();
        let publisher = KeyId::from_bytes([9; 32]);
        let kinds = [Kind::Phone, Kind::Email, Kind::Domain, Kind::Handle, Kind::Account];
        for feed in 0..10 {
            for epoch in 1..=4 {
                let ids = Ids::new(&publisher, &format!("feed-{feed}"), epoch);
                let tokenizer = Tokenizer::salted(&Secret::new([1; 32]), &ids);
                for kind in kinds {
                    let mut digest = [[0; 32]];
                    tokenizer.digest_many(&[frame(kind, "same")], &mut digest);
                    tokens.insert(token(&digest[0]));
                }
            }
        }
        assert_eq!(tokens.len(), 200);
    }

    /// T10: similar inputs have unrelated tokens: mean Hamming distance 64 of 128 bits, within 5 sigma.
    #[test]
    fn neighbours_have_unrelated_tokens() {
        let ids = Ids::new(&KeyId::from_bytes([9; 32]), "feed", 1);
        let tokenizer = Tokenizer::salted(&Secret::new([1; 32]), &ids);
        let pairs = 100_000_u32;
        let mut distance = 0_u64;
        for n in 0..pairs {
            let frames = [frame(Kind::Phone, &format!("+6590{n:06}")), frame(Kind::Phone, &format!("+6580{n:06}"))];
            let mut digests = [[0; 32]; 2];
            tokenizer.digest_many(&frames, &mut digests);
            let bits = |digest: &Digest| u128::from_le_bytes(token(digest));
            distance += u64::from((bits(&digests[0]) ^ bits(&digests[1])).count_ones());
        }
        let mean = distance as f64 / f64::from(pairs);
        let sigma = (32.0 / f64::from(pairs)).sqrt();
        assert!((mean - 64.0).abs() < 5.0 * sigma, "mean distance {mean}");
    }
}
