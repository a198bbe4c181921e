//! T10: neighbours found by how alike their encodings are. T11: one value followed through feeds, kinds and epochs.

use std::collections::HashSet;

use bisik::Kind;

use super::common::forge::Parts;
use super::common::{Plan, bank, centre, open, plain, trusting};
use super::{Attacker, frame};

const PAIRS: usize = 300;

/// What privacy-preserving record linkage uses, and what bisik does not: the pairs of neighbouring characters of a text, in a
/// Bloom filter under a secret key.
fn similarity(key: &[u8; 32], text: &str) -> [u8; 16] {
    let mut bits = [0; 16];
    for (place, pair) in text.as_bytes().windows(2).enumerate() {
        let hash = blake3::keyed_hash(key, &[&[place as u8], pair].concat());
        for byte in &hash.as_bytes()[..4] {
            bits[usize::from(byte & 127) / 8] |= 1 << (byte & 7);
        }
    }
    bits
}

fn distance(a: &[u8; 16], b: &[u8; 16]) -> u32 {
    (u128::from_le_bytes(*a) ^ u128::from_le_bytes(*b)).count_ones()
}

/// How many of the encoded texts are nearest to the encoding of the text that differs from them in the last character.
fn linked(encode: impl Fn(&str) -> [u8; 16]) -> usize {
    let text = |n: usize, last: usize| format!("+65{:07}{last}", n * 30_011 % 10_000_000);
    let known: Vec<[u8; 16]> = (0..PAIRS).map(|n| encode(&text(n, 3))).collect();
    (0..PAIRS)
        .filter(|&n| {
            let seen = encode(&text(n, 8));
            (0..PAIRS).min_by_key(|&other| distance(&known[other], &seen)) == Some(n)
        })
        .count()
}

/// Kroll and Steinmetzer, Christen and others: whoever knows some values finds their neighbours, without the key.
#[test]
fn neighbours_are_found_in_similarity_encodings_and_not_in_tokens() {
    let attacker = Attacker::new([3; 32], &[5; 32], "feed", 1);
    let tokens = linked(|text| attacker.digest(&frame(1, text))[..16].try_into().unwrap());
    let similar = linked(|text| similarity(&attacker.feed_key, text));
    assert!(similar > PAIRS * 9 / 10, "the control links {similar} of {PAIRS}");
    // One in 300 by chance: 1 expected, at most 6 within five sigma.
    assert!(tokens <= 6, "{tokens} of {PAIRS} linked");
}

/// The attacker lays two files side by side and looks for 16 bytes that stand in both.
fn in_common(files: &[Vec<u8>]) -> usize {
    let mut seen: HashSet<[u8; 16]> = HashSet::new();
    let mut common = 0;
    for file in files {
        let here: HashSet<[u8; 16]> = file.windows(16).map(|window| window.try_into().unwrap()).collect();
        common += here.iter().filter(|window| seen.contains(*window)).count();
        seen.extend(here);
    }
    common
}

#[test]
fn files_of_the_same_values_have_no_bytes_in_common_and_unkeyed_hashes_are_all_in_common() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let names: Vec<String> = (0..500).map(|n| format!("n{n}.example")).collect();
    let listed = plain(Kind::Domain, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let contents = |file: &[u8]| {
        let mut parts = Parts::of(file);
        [parts.section(2).clone(), parts.section(5).clone()].concat()
    };
    let mut files = Vec::new();
    for (feed, seed) in [("one", 10), ("two", 20)] {
        let first = Plan { seed, ..Plan::new(&keys, feed).records() }.open(&listed);
        let before = open(&first, &trust).unwrap();
        let mut next = Plan { previous: Some(&before), seed: seed + 1, ..Plan::new(&keys, feed).records() };
        next.options.new_epoch = true;
        files.extend([contents(&first), contents(&next.open(&listed))]);
    }
    assert_eq!(in_common(&files), 0);
    // Even where two feeds were made with the same random numbers, and so have one feed key, their tokens differ.
    let tokens = |feed| Parts::of(&Plan::new(&keys, feed).open(&listed)).section(2).clone();
    assert_eq!(in_common(&[tokens("one"), tokens("two")]), 0);

    // Sealed, they share nothing but age's first lines.
    let sealed: Vec<Vec<u8>> = ["one", "two"]
        .iter()
        .zip(20..)
        .map(|(feed, seed)| Plan { seed, ..Plan::new(&keys, feed) }.sealed(&listed, &[&bank()])[40..].to_vec())
        .collect();
    assert_eq!(in_common(&sealed), 0);

    // The control: lists of unkeyed hashes, as they are exchanged elsewhere.
    let unkeyed = |salt: &[u8]| {
        let hash = |name: &String| *blake3::Hasher::new().update(name.as_bytes()).finalize().as_bytes();
        let mut list: Vec<[u8; 32]> = names.iter().map(hash).collect();
        list.sort_unstable();
        [salt, list.as_flattened()].concat()
    };
    assert!(in_common(&[unkeyed(b"one"), unkeyed(b"two")]) >= names.len());
    // The second control: one feed in one epoch keeps its tokens from version to version, which deltas need.
    let first = Plan::new(&keys, "one").records().open(&listed);
    let before = open(&first, &trust).unwrap();
    let next = Plan { previous: Some(&before), seed: 99, ..Plan::new(&keys, "one").records() }.open(&listed);
    assert!(in_common(&[contents(&first), contents(&next)]) >= names.len());
}
