//! Publishing, opening and matching feeds of each form; a batch is 4,096 phone numbers, half of them listed.
#![allow(missing_docs, clippy::unwrap_used, reason = "benches")]

use std::sync::OnceLock;

use bisik::{
    Claim, FixedEntropy, Guard, Identifier, Indicator, KeySet, Kind, Matcher, ParseOptions, PublishOptions, Publisher,
    SetChoice, Timestamp, TrustStore, UnverifiedFeed,
};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

fn main() {
    divan::main();
}

const BATCH: u64 = 4_096;
const MILLION: u64 = 1_000_000;

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).unwrap()
}

fn keys() -> &'static KeySet {
    static KEYS: OnceLock<KeySet> = OnceLock::new();
    KEYS.get_or_init(|| KeySet::generate("Bench", &mut FixedEntropy::new(1)).unwrap())
}

fn identifier(place: u64) -> Identifier {
    let number = format!("+668{:08}", place.wrapping_mul(61_803_399) % 100_000_000);
    Identifier::parse(Kind::Phone, &number, &ParseOptions::default()).unwrap()
}

fn publisher(set: SetChoice, records: bool, count: u64) -> Publisher<'static> {
    let mut options = PublishOptions::new("bench", now());
    options.set = set;
    options.records = records;
    options.guard = Guard::default();
    let mut publisher = Publisher::new(&keys().signing, options, None, &mut FixedEntropy::new(2)).unwrap();
    for place in 0..count {
        let claim = if records { claim() } else { Claim::default() };
        publisher.add(Indicator { identifier: identifier(place), claim }).unwrap();
    }
    publisher
}

fn claim() -> Claim {
    Claim { category: Some("mule-account".to_owned()), confidence: Some(80), ..Claim::default() }
}

fn open(set: SetChoice, records: bool, count: u64) -> Vec<u8> {
    let publication = publisher(set, records, count).publish(&mut FixedEntropy::new(3)).unwrap();
    publication.open(&[Kind::Phone]).unwrap().to_vec()
}

fn trust() -> TrustStore {
    let mut trust = TrustStore::new();
    trust.add_card(&keys().card()).unwrap();
    trust
}

fn matcher(file: Vec<u8>) -> Matcher {
    let feed = UnverifiedFeed::from_bytes(file).unwrap().verify(&trust(), now()).unwrap();
    Matcher::new(vec![feed], Guard::default()).unwrap()
}

fn batch(count: u64) -> Vec<Identifier> {
    (0..BATCH).map(|n| identifier(if n % 2 == 0 { n * 7 % count } else { count + n })).collect()
}

fn look_up(bencher: Bencher<'_, '_>, set: SetChoice, records: bool, count: u64) {
    let matcher = matcher(open(set, records, count));
    let batch = batch(count);
    assert!(matcher.match_batch(&batch, now()).unwrap().hits.len() as u64 >= BATCH / 2);
    bencher.counter(ItemsCount::new(BATCH)).bench(|| matcher.match_batch(divan::black_box(&batch), now()).unwrap());
}

#[divan::bench(sample_count = 20)]
fn match_in_a_million_tokens(bencher: Bencher<'_, '_>) {
    look_up(bencher, SetChoice::Tokens, false, MILLION);
}

#[divan::bench(sample_count = 20)]
fn match_in_a_million_bloom(bencher: Bencher<'_, '_>) {
    look_up(bencher, SetChoice::Bloom, false, MILLION);
}

#[divan::bench(sample_count = 20)]
fn match_in_a_million_fuse(bencher: Bencher<'_, '_>) {
    look_up(bencher, SetChoice::Fuse, false, MILLION);
}

/// Every second input hits and its record is opened.
#[divan::bench(sample_count = 20)]
fn match_with_records(bencher: Bencher<'_, '_>) {
    look_up(bencher, SetChoice::Tokens, true, 100_000);
}

/// Nobody is listed: tokens and look-ups alone, without making hits.
#[divan::bench(sample_count = 20)]
fn match_without_hits(bencher: Bencher<'_, '_>) {
    let matcher = matcher(open(SetChoice::Tokens, false, MILLION));
    let batch: Vec<_> = (0..BATCH).map(|n| identifier(2 * MILLION + n)).collect();
    bencher.counter(ItemsCount::new(BATCH)).bench(|| matcher.match_batch(divan::black_box(&batch), now()).unwrap());
}

#[divan::bench(sample_count = 20)]
fn check_one(bencher: Bencher<'_, '_>) {
    let matcher = matcher(open(SetChoice::Tokens, false, MILLION));
    let listed = identifier(7);
    bencher.counter(ItemsCount::new(1_usize)).bench(|| matcher.check(divan::black_box(&listed), now()).unwrap());
}

const FORMS: [&str; 4] = ["tokens", "records", "bloom", "fuse"];

fn form(name: &str) -> (SetChoice, bool) {
    if name == "records" { (SetChoice::Tokens, true) } else { (name.parse().unwrap(), false) }
}

#[divan::bench(args = FORMS, sample_count = 10, sample_size = 1)]
fn publish_a_hundred_thousand(bencher: Bencher<'_, '_>, name: &str) {
    let (set, records) = form(name);
    bencher
        .counter(ItemsCount::new(100_000_usize))
        .with_inputs(|| publisher(set, records, 100_000))
        .bench_values(|publisher| publisher.publish(&mut FixedEntropy::new(3)).unwrap());
}

#[divan::bench(args = FORMS, sample_count = 10, sample_size = 1)]
fn verify_a_hundred_thousand(bencher: Bencher<'_, '_>, name: &str) {
    let (set, records) = form(name);
    let file = open(set, records, 100_000);
    let trust = trust();
    bencher
        .counter(BytesCount::new(file.len()))
        .with_inputs(|| UnverifiedFeed::from_bytes(file.clone()).unwrap())
        .bench_values(|feed| feed.verify(&trust, now()).unwrap());
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn seal_a_million_tokens(bencher: Bencher<'_, '_>) {
    let publication = publisher(SetChoice::Tokens, false, MILLION).publish(&mut FixedEntropy::new(3)).unwrap();
    let length = publication.open(&[Kind::Phone]).unwrap().len();
    bencher
        .counter(BytesCount::new(length))
        .bench_local(|| publication.seal(&[], &mut FixedEntropy::new(4), &mut std::io::sink()).unwrap());
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn open_a_million_tokens(bencher: Bencher<'_, '_>) {
    let publication = publisher(SetChoice::Tokens, false, MILLION).publish(&mut FixedEntropy::new(3)).unwrap();
    let mut sealed = Vec::new();
    publication.seal(&[], &mut FixedEntropy::new(4), &mut sealed).unwrap();
    let trust = trust();
    let secrets = std::slice::from_ref(&keys().recipient);
    bencher.counter(BytesCount::new(sealed.len())).bench_local(|| {
        UnverifiedFeed::read(sealed.as_slice(), secrets, 1 << 30).unwrap().verify(&trust, now()).unwrap()
    });
}

#[cfg(feature = "threads")]
#[divan::bench(sample_count = 10, sample_size = 1, args = [1, 2, 4])]
fn open_ten_million_tokens(bencher: Bencher<'_, '_>, threads: usize) {
    static SEALED: OnceLock<Vec<u8>> = OnceLock::new();
    let sealed = SEALED.get_or_init(|| {
        let publication = publisher(SetChoice::Tokens, false, 10 * MILLION).publish(&mut FixedEntropy::new(3)).unwrap();
        let mut sealed = Vec::new();
        publication.seal(&[], &mut FixedEntropy::new(4), &mut sealed).unwrap();
        sealed
    });
    let trust = trust();
    let secrets = std::slice::from_ref(&keys().recipient);
    let executor = std::sync::Arc::new(bisik::Threads::new(threads));
    bencher.counter(BytesCount::new(sealed.len())).bench_local(|| {
        let read = UnverifiedFeed::read_with(sealed.as_slice(), secrets, 1 << 30, executor.clone()).unwrap();
        read.verify(&trust, now()).unwrap()
    });
}
