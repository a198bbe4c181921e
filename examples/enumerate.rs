//! Why a salted feed of phone numbers hides nothing from its readers, and a sealed one does from everybody else.
//!
//! ```text
//! cargo run --release --example enumerate [NUMBERS]
//! ```
//!
//! Publishes 1,000 made-up mobile numbers of Singapore. An outsider with the sealed file tries all 20 million numbers that
//! begin with 8 or 9 (of which the plan assigns 18.9 million) under the keys that it can derive; then a reader of the open
//! file tries them under the key that is in it.

use std::collections::HashSet;
use std::error::Error;
use std::time::Instant;

use bisik::{
    Claim, FixedEntropy, KeySet, Kind, Manifest, ParseOptions, PublishOptions, Publisher, Timestamp, UnverifiedFeed,
};

const FIRST: u32 = 80_000_000;
const ALL: u32 = 20_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers = std::env::args().nth(1).map_or(Ok(ALL), |count| count.parse())?.min(ALL);
    let mut entropy = FixedEntropy::new(1);
    let centre = KeySet::generate("Example Anti-Scam Centre", &mut entropy)?;
    let options = PublishOptions::new("phones", Timestamp::from_seconds(1_800_000_000)?);
    let mut publisher = Publisher::new(&centre.signing, options, None, &mut entropy)?;
    let mut listed = 0;
    // Some of them are not assigned in the plan, and are passed over.
    for number in (FIRST..FIRST + numbers).step_by((numbers as usize / 1_100).max(1)) {
        let raw = format!("+65{number}");
        let added = publisher.add_raw(Kind::Phone, &raw, &ParseOptions::default(), Claim::default());
        listed += u32::from(added.is_ok());
    }
    let publication = publisher.publish(&mut entropy)?;
    let manifest = publication.manifest().clone();
    let mut sealed = Vec::new();
    publication.seal(&[], &mut entropy, &mut sealed)?;
    let open = publication.open(&[Kind::Phone])?;
    println!("{listed} numbers published, {} bytes open, {} sealed", open.len(), sealed.len());

    let public = [
        ("zeros", [0; 32]),
        ("the publisher's id", *manifest.publisher.as_bytes()),
        ("the publisher's public key", *centre.signing.key.verifying_key().as_bytes()),
        ("the feed's name, hashed", *blake3::hash(manifest.feed.as_bytes()).as_bytes()),
        ("the file, hashed", *blake3::hash(&sealed).as_bytes()),
    ];
    for (what, key) in public {
        report(&format!("outsider, sealed file, {what}"), &sealed, &key, &manifest, numbers);
    }
    UnverifiedFeed::from_bytes(open.to_vec())?.manifest_unverified()?;
    let key = feed_key(open).ok_or("no feed key in the open file")?;
    report("reader, open file, the key in it", open, &key, &manifest, numbers);
    Ok(())
}

/// The first section of a salted feed, where `docs/format.md` puts the key.
fn feed_key(file: &[u8]) -> Option<[u8; 32]> {
    let body = u32::from_le_bytes(*file.get(44..)?.first_chunk()?) as usize;
    let place = (28 + 32 + body + 99).next_multiple_of(64);
    file.get(place..)?.first_chunk().copied()
}

/// Tries all numbers under one feed key against every 16 bytes of a file.
fn report(who: &str, file: &[u8], key: &[u8; 32], manifest: &Manifest, numbers: u32) {
    let begin = Instant::now();
    let mut material = key.to_vec();
    for part in [manifest.publisher.as_bytes().as_slice(), manifest.feed.as_bytes()] {
        material.extend_from_slice(&(part.len() as u32).to_le_bytes());
        material.extend_from_slice(part);
    }
    material.extend_from_slice(&manifest.epoch.to_le_bytes());
    let token_key = blake3::derive_key("bisik 2026 v1 token key", &material);
    let windows: HashSet<&[u8; 16]> = (0..file.len()).filter_map(|at| file.get(at..)?.first_chunk()).collect();
    let mut frame = [0; 64];
    let mut found = 0;
    for number in FIRST..FIRST + numbers {
        let text = format!("+65{number}");
        for (to, from) in frame.iter_mut().zip([&[1, 1, 0, text.len() as u8], text.as_bytes()].concat()) {
            *to = from;
        }
        let digest = blake3::keyed_hash(&token_key, &frame);
        found += u32::from(digest.as_bytes().first_chunk().is_some_and(|token| windows.contains(token)));
    }
    println!("{who}: {found} of {numbers} numbers found in {:.1} s, one core", begin.elapsed().as_secs_f64());
}
