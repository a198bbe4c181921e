//! Keeps `tests/vectors/filters.json` what this code makes; with `BISIK_BLESS=1` in the environment, writes it.

use serde::Serialize;

use crate::codec::hex;
use crate::filter::bloom::{self, Bloom, BloomDescriptor};
use crate::filter::fuse::{self, Fuse, FuseDescriptor};
use crate::filter::limits::samples::entries;

const SEED: [u8; 32] = *b"bisik filter vectorsare two keys";

#[derive(Serialize)]
struct File {
    comment: &'static str,
    bloom: Vec<Case<BloomFields>>,
    fuse: Vec<Case<FuseFields>>,
    refused_bloom: Vec<Refused<BloomFields>>,
    refused_fuse: Vec<Refused<FuseFields>>,
}

/// A filter, entries that it holds, entries that it does not, and some that it finds by chance.
#[derive(Serialize)]
struct Case<D> {
    comment: &'static str,
    asked_rate: u64,
    descriptor: D,
    count: u64,
    rate: u64,
    bytes: String,
    members: Vec<String>,
    absent: Vec<String>,
    false_positives: Vec<String>,
}

/// A descriptor that must be refused, with `length` bytes of value `fill`.
#[derive(Serialize)]
struct Refused<D> {
    comment: &'static str,
    expect: &'static str,
    descriptor: D,
    count: u64,
    length: usize,
    fill: u8,
}

#[derive(Serialize)]
struct BloomFields {
    bits: u64,
    hashes: u32,
    seed: String,
}

#[derive(Serialize)]
struct FuseFields {
    width: u32,
    seed: String,
    segment_length: u32,
    segment_count: u32,
}

impl From<&BloomDescriptor> for BloomFields {
    fn from(d: &BloomDescriptor) -> Self {
        Self { bits: d.bits, hashes: d.hashes, seed: hex::encode(&d.seed) }
    }
}

impl From<&FuseDescriptor> for FuseFields {
    fn from(d: &FuseDescriptor) -> Self {
        Self {
            width: d.width,
            seed: hex::encode(&d.seed),
            segment_length: d.segment_length,
            segment_count: d.segment_count,
        }
    }
}

/// Sorts strangers into those that are absent and those that are found by chance, some of each.
fn strangers(stream: u64, contains: impl Fn(&[u8; 32]) -> bool) -> (Vec<String>, Vec<String>) {
    let (found, absent): (Vec<_>, Vec<_>) = entries(stream, 3_000).partition(|entry| contains(entry));
    let hex = |list: Vec<[u8; 32]>| list.iter().take(6).map(|entry| hex::encode(entry)).collect();
    (hex(absent), hex(found))
}

fn bloom_case(comment: &'static str, count: usize, asked_rate: u64) -> Case<BloomFields> {
    let (descriptor, bytes) = bloom::build(entries(1, count), asked_rate, SEED).unwrap();
    let filter = Bloom::open(&descriptor, &bytes, count as u64).unwrap();
    let (absent, false_positives) = strangers(2, |entry| filter.contains(entry));
    Case {
        comment,
        asked_rate,
        descriptor: (&descriptor).into(),
        count: count as u64,
        rate: filter.rate(),
        bytes: hex::encode(&bytes),
        members: entries(1, count).map(|entry| hex::encode(&entry)).collect(),
        absent,
        false_positives,
    }
}

fn fuse_case(comment: &'static str, count: usize, asked_rate: u64) -> Case<FuseFields> {
    let (descriptor, bytes) = fuse::build(entries(3, count), asked_rate).unwrap();
    let filter = Fuse::open(&descriptor, &bytes, count as u64).unwrap();
    let (absent, false_positives) = strangers(4, |entry| filter.contains(entry));
    Case {
        comment,
        asked_rate,
        descriptor: (&descriptor).into(),
        count: count as u64,
        rate: filter.rate(),
        bytes: hex::encode(&bytes),
        members: entries(3, count).map(|entry| hex::encode(&entry)).collect(),
        absent,
        false_positives,
    }
}

fn refused_bloom() -> Vec<Refused<BloomFields>> {
    let good = BloomDescriptor { bits: 128, hashes: 4, seed: SEED };
    let case = |comment, expect, descriptor: BloomDescriptor, count, length, fill| {
        let error = Bloom::open(&descriptor, vec![fill; length], count).map(drop).unwrap_err();
        assert_eq!(error.kind().name(), expect, "{comment}");
        Refused { comment, expect, descriptor: (&descriptor).into(), count, length, fill }
    };
    let bad = |comment, descriptor, length| case(comment, "bad-descriptor", descriptor, 9, length, 0);
    vec![
        bad("no bits", BloomDescriptor { bits: 0, ..good.clone() }, 0),
        bad("not a multiple of 64", BloomDescriptor { bits: 136, ..good.clone() }, 17),
        bad("more bits than bytes", good.clone(), 8),
        bad("fewer bits than bytes", good.clone(), 24),
        bad("no hashes", BloomDescriptor { hashes: 0, ..good.clone() }, 16),
        bad("an odd number of hashes", BloomDescriptor { hashes: 5, ..good.clone() }, 16),
        bad("too many hashes", BloomDescriptor { hashes: 66, ..good.clone() }, 16),
        bad("equal halves of the seed", BloomDescriptor { seed: [7; 32], ..good.clone() }, 16),
        case("too many entries", "bad-descriptor", good.clone(), (1 << 30) + 1, 16, 0),
        case("every bit set", "malformed", good.clone(), 1_000, 16, 255),
        case("64 bits set, 60 possible", "malformed", good, 15, 16, 0x55),
    ]
}

fn refused_fuse() -> Vec<Refused<FuseFields>> {
    let good = FuseDescriptor { width: 16, seed: [1; 8], segment_length: 8, segment_count: 2 };
    let case = |comment, descriptor: FuseDescriptor, count, length| {
        let error = Fuse::open(&descriptor, vec![0; length], count).map(drop).unwrap_err();
        assert_eq!(error.kind().name(), "bad-descriptor", "{comment}");
        Refused { comment, expect: "bad-descriptor", descriptor: (&descriptor).into(), count, length, fill: 0 }
    };
    vec![
        case("no width", FuseDescriptor { width: 0, ..good.clone() }, 9, 64),
        case("width 24", FuseDescriptor { width: 24, ..good.clone() }, 9, 96),
        case("segments of 2", FuseDescriptor { segment_length: 2, ..good.clone() }, 2, 16),
        case("segments of 12", FuseDescriptor { segment_length: 12, ..good.clone() }, 9, 96),
        case("segments of 2^19", FuseDescriptor { segment_length: 1 << 19, ..good.clone() }, 9, 1 << 22),
        case("no segments", FuseDescriptor { segment_count: 0, ..good.clone() }, 9, 32),
        case("2^32 segments and one", FuseDescriptor { segment_count: u32::MAX, ..good.clone() }, 9, 64),
        case("a byte missing", good.clone(), 9, 63),
        case("a slot too many", good.clone(), 9, 66),
        case("more entries than slots", good, 33, 64),
    ]
}

#[test]
fn checked_in_vectors_are_current() {
    let file = File {
        comment: "Filters of docs/filters.md. Rates in 10^-15; bytes in hex. Made by the tests of src/filter.",
        bloom: vec![
            bloom_case("no entries", 0, 1_000_000),
            bloom_case("one entry, the lowest rate", 1, 1),
            bloom_case("a rate above one half: two hashes", 20, 600_000_000_000_000),
            bloom_case("one in a hundred: six hashes", 30, 10_000_000_000_000),
            bloom_case("one in 10^9: thirty hashes", 12, 1_000_000),
        ],
        fuse: vec![
            fuse_case("no entries", 0, 10_000_000_000_000),
            fuse_case("one entry, 32 bits", 1, 1_000_000),
            fuse_case("30 entries, 8 bits", 30, 10_000_000_000_000),
            fuse_case("12 entries, 16 bits", 12, 100_000_000_000),
            fuse_case("25 entries, 32 bits", 25, 1_000_000),
        ],
        refused_bloom: refused_bloom(),
        refused_fuse: refused_fuse(),
    };
    assert!(file.bloom.iter().any(|case| !case.false_positives.is_empty()));
    assert!(file.fuse.iter().any(|case| !case.false_positives.is_empty()));
    let current = serde_json::to_string_pretty(&file).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/filters.json");
    if std::env::var_os("BISIK_BLESS").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap();
    assert!(stored == current, "tests/vectors/filters.json is not current; BISIK_BLESS=1 rewrites it");
}
