//! Attacker programs. Each tries what an opponent of `docs/reliability.md` would, and has a control: the same program where the
//! defence is missing, which must succeed. They write the format anew and know no more of the library than its files.
//!
//! Others lie with what they attack: `exposure.rs`, `blind_attack.rs`, `trust.rs`, and inside the core `payload/records.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

#[path = "../common/mod.rs"]
mod common;
mod filters;
mod forms;
mod links;
mod records;

use common::forge::Parts;

/// Somebody who has, or guesses, the key of one feed in one epoch.
struct Attacker {
    feed_key: [u8; 32],
    ids: Vec<u8>,
}

impl Attacker {
    fn new(feed_key: [u8; 32], publisher: &[u8; 32], feed: &str, epoch: u32) -> Self {
        let mut ids = Vec::new();
        for part in [&publisher[..], feed.as_bytes()] {
            ids.extend_from_slice(&(part.len() as u32).to_le_bytes());
            ids.extend_from_slice(part);
        }
        ids.extend_from_slice(&epoch.to_le_bytes());
        Self { feed_key, ids }
    }

    /// With the key that lies in an open file.
    fn inside(file: &[u8], feed: &str) -> Self {
        let mut parts = Parts::of(file);
        let publisher = unhex(parts.manifest["publisher"].as_str().unwrap());
        Self::new(parts.section(1).as_slice().try_into().unwrap(), &publisher, feed, 1)
    }

    fn derive(&self, context: &str, more: &[u8]) -> [u8; 32] {
        blake3::derive_key(context, &[&self.feed_key, self.ids.as_slice(), more].concat())
    }

    /// Token and record secret.
    fn digest(&self, frame: &[u8; 64]) -> [u8; 32] {
        *blake3::keyed_hash(&self.derive("bisik 2026 v1 token key", &[]), frame).as_bytes()
    }
}

/// The frame of a short match key.
fn frame(kind: u8, match_key: &str) -> [u8; 64] {
    let mut frame = [0; 64];
    frame[..4].copy_from_slice(&[1, kind, 0, match_key.len() as u8]);
    frame[4..4 + match_key.len()].copy_from_slice(match_key.as_bytes());
    frame
}

fn unhex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}
