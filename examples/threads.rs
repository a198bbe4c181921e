//! How opening and matching grow with threads: `threads [ENTRIES] [ROUNDS]`, in one table of medians and best rounds.
//!
//! A sealed feed of so many generated phone numbers is opened from memory (decrypted, verified, indexed), and a million numbers, one in ten
//! of them listed, are looked up in batches of 2^18, as a mask and as a report.

use std::sync::Arc;
use std::time::Instant;

use bisik::{
    Claim, Feed, FixedEntropy, Guard, Identifier, Indicator, KeySet, Kind, Matcher, ParseOptions, PublishOptions,
    Publisher, Threads, Timestamp, TrustStore, UnverifiedFeed,
};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const NOW: u64 = 1_800_000_000;
const LOOKED_UP: u64 = 1_000_000;
const BATCH: usize = 1 << 18;

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let entries = arguments.next().transpose()?.unwrap_or(10_000_000);
    let rounds = arguments.next().transpose()?.unwrap_or(7);
    let now = Timestamp::from_seconds(NOW)?;
    let keys = KeySet::generate("Threads", &mut FixedEntropy::new(7))?;
    let sealed = sealed(&keys, entries, now)?;
    let mut trust = TrustStore::new();
    trust.add_card(&keys.card())?;
    // One listed number, then nine that are not.
    let numbers: Vec<Identifier> = (0..LOOKED_UP)
        .map(|n| if n % 10 == 0 { n * 7_919 % entries } else { entries + n })
        .map(identifier)
        .collect::<Result<_, _>>()?;
    let all = Threads::new(0);
    println!("{entries} entries, {} bytes sealed, {all:?} at most at the same time", sealed.len());
    println!(
        "threads | decrypt, GB/s | verify and index, GB/s | both, GB/s | mask, M/s | report, M/s      (median, best of {rounds})"
    );
    for threads in [1, 2, 4, 8, 16] {
        let executor = Arc::new(Threads::new(threads));
        let (mut decrypt, mut verify, mut both) = (Rates::default(), Rates::default(), Rates::default());
        let bytes = sealed.len() as f64 / 1e9;
        let mut feed: Option<Feed> = None;
        for _ in 0..rounds {
            drop(feed.take());
            let clock = Instant::now();
            let read =
                UnverifiedFeed::read_with(&*sealed, std::slice::from_ref(&keys.recipient), 1 << 36, executor.clone())?;
            let read_in = clock.elapsed().as_secs_f64();
            feed = Some(read.verify(&trust, now)?);
            let whole = clock.elapsed().as_secs_f64();
            decrypt.add(bytes / read_in);
            verify.add(bytes / (whole - read_in));
            both.add(bytes / whole);
        }
        let matcher = Matcher::new(feed, Guard::default())?.with_executor(executor);
        let (mut mask, mut report) = (Rates::default(), Rates::default());
        let millions = LOOKED_UP as f64 / 1e6;
        for _ in 0..rounds {
            let mut bits = vec![0; BATCH];
            let clock = Instant::now();
            for batch in numbers.chunks(BATCH) {
                matcher.mask_batch(batch, now, bits.get_mut(..batch.len()).unwrap_or_default())?;
            }
            mask.add(millions / clock.elapsed().as_secs_f64());
            let clock = Instant::now();
            let mut hits = 0;
            for batch in numbers.chunks(BATCH) {
                hits += matcher.match_batch(batch, now)?.hits.len();
            }
            report.add(millions / clock.elapsed().as_secs_f64());
            if hits as u64 != LOOKED_UP / 10 {
                return Err(format!("{hits} hits").into());
            }
        }
        println!("{threads:7} | {decrypt} | {verify} | {both} | {mask} | {report}");
    }
    Ok(())
}

fn identifier(place: u64) -> bisik::Result<Identifier> {
    let operator = if place < 100_000_000 { 8 } else { 9 };
    let number = format!("+66{operator}{:08}", place.wrapping_mul(61_803_399) % 100_000_000);
    Identifier::parse(Kind::Phone, &number, &ParseOptions::default())
}

fn sealed(keys: &KeySet, entries: u64, now: Timestamp) -> Outcome<Vec<u8>> {
    let mut entropy = FixedEntropy::new(8);
    let options = PublishOptions::new("threads", now);
    let mut publisher = Publisher::new(&keys.signing, options, None, &mut entropy)?;
    for place in 0..entries {
        publisher.add(Indicator { identifier: identifier(place)?, claim: Claim::default() })?;
    }
    let mut sealed = Vec::new();
    publisher.publish_streamed()?.seal(&[], &mut entropy, &mut sealed)?;
    Ok(sealed)
}

/// Rates of several rounds.
#[derive(Default)]
struct Rates(Vec<f64>);

impl Rates {
    fn add(&mut self, rate: f64) {
        self.0.push(rate);
        self.0.sort_by(f64::total_cmp);
    }
}

impl std::fmt::Display for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let median = self.0.get(self.0.len() / 2).copied().unwrap_or_default();
        let best = self.0.last().copied().unwrap_or_default();
        write!(f, "{median:6.2}, {best:6.2}")
    }
}
