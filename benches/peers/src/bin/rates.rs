//! How the cost of a look-up grows, and what one takes: `rates grid [ROUNDS [POWER]]`, `rates at ENTRIES` and `rates check FOLDER`; both print JSON.
//!
//! `grid` gives nanoseconds of processor time a value, the median of the rounds, by entries up to ten to this power, by batch size and
//! by feeds, next to what cannot be spared; by threads, millions of values a second of the clock. `at` gives one place of the grid. `check` times single calls by the clock, warm, and leaves in FOLDER
//! what benches/check_one.c needs to do the same.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bisik::{Identifier, Kind, Matcher, ParseOptions, SetChoice, Threads};
use bisik::Executor;
use bisik_peers::limit::{self, Exact};
use bisik_peers::{Outcome, feed, matcher, now, over, phone};
use cpu_time::ThreadTime;
use serde_json::{Value, json};

/// Numbers for a publisher's list: even places. Strangers are at odd ones.
fn listed(first: u64, count: u64) -> impl Iterator<Item = String> {
    (first..first + count).map(|place| phone(place * 2))
}

/// Values of which one in ten is among the first `entries` listed.
fn asked(count: u64, entries: u64) -> Outcome<Vec<Identifier>> {
    let place = |place: u64| if place % 10 == 0 { place * 7 % entries * 2 } else { 2 * place + 1 };
    let parse = |number: u64| Ok(Identifier::parse(Kind::Phone, &phone(place(number)), &ParseOptions::default())?);
    (0..count).map(parse).collect()
}

/// Nanoseconds a value of masks of `batch` values a call: the median of the rounds after a first one, in this thread's own time and by
/// the clock.
fn mask(matcher: &Matcher, values: &[Identifier], batch: usize, rounds: usize) -> Outcome<(f64, f64)> {
    let mut mask = vec![0; values.len()];
    let (mut times, mut clock) = (Vec::new(), Vec::new());
    let now = now()?;
    for round in 0..=rounds {
        let (start, began) = (ThreadTime::now(), Instant::now());
        for (values, mask) in values.chunks(batch).zip(mask.chunks_mut(batch)) {
            matcher.mask_batch(black_box(values), now, mask)?;
        }
        if round > 0 {
            times.push(start.elapsed().as_nanos() as f64 / values.len() as f64);
            clock.push(began.elapsed().as_nanos() as f64 / values.len() as f64);
        }
    }
    let hits = mask.iter().filter(|&&byte| byte != 0).count();
    if hits != values.len().div_ceil(10) {
        return Err(format!("{hits} hits of {}", values.len()).into());
    }
    times.sort_by(f64::total_cmp);
    clock.sort_by(f64::total_cmp);
    Ok((times[times.len() / 2], clock[clock.len() / 2]))
}

/// What cannot be spared, in nanoseconds a value: hashing alone, and looking up alone of tokens that are ready, one in ten of them
/// among so many entries.
fn limit(entries: u64, values: u64, rounds: usize) -> Outcome<f64> {
    let token = |place: u64| u128::from(mix(place)) << 64 | u128::from(mix(!place));
    let set = Exact::new((0..entries).map(token).collect());
    let ready: Vec<u128> =
        (0..values).map(|place| token(if place % 10 == 0 { place * 7 % entries } else { entries + place })).collect();
    let mut mask = vec![0; ready.len()];
    let (mut times, batch) = (Vec::new(), 1 << 16);
    for round in 0..=rounds {
        let start = ThreadTime::now();
        for (ready, mask) in ready.chunks(batch).zip(mask.chunks_mut(batch)) {
            set.look_up(black_box(ready), mask);
        }
        limit::hash(ready.len());
        if round > 0 {
            times.push(start.elapsed().as_nanos() as f64 / values as f64);
        }
    }
    let hits = mask.iter().filter(|&&byte| byte != 0).count();
    if hits != ready.len().div_ceil(10) {
        return Err(format!("{hits} hits of {}", ready.len()).into());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Different numbers for different numbers, as scattered as hashes (the last step of SplitMix64).
fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

fn grid(rounds: usize, power: u32) -> Outcome<Value> {
    const MILLION: u64 = 1_000_000;
    let mut entries = Vec::new();
    for power in 4..=power {
        let count = 10_u64.pow(power);
        let sets = [("tokens", SetChoice::Tokens), ("fuse", SetChoice::Fuse), ("bloom", SetChoice::Bloom)];
        // A hundred million takes long to publish: one set of them is enough.
        for (set, choice) in sets.into_iter().take(if power < 8 { 3 } else { 1 }) {
            // A filter may be wrong about a few: the rows must be the same, so it is asked for a low rate by default.
            let matcher = matcher(Kind::Phone, listed(0, count), choice)?;
            let values = asked(MILLION, count)?;
            entries.push(json!({"set": set, "entries": count, "ns": mask(&matcher, &values, 1 << 16, rounds)?.0}));
        }
    }
    for power in 4..=power {
        let count = 10_u64.pow(power);
        entries.push(json!({"set": "limit", "entries": count, "ns": limit(count, MILLION, rounds)?}));
    }
    let one = matcher(Kind::Phone, listed(0, MILLION), SetChoice::Tokens)?;
    let mut batches = Vec::new();
    for power in 0..=6 {
        let batch = 10_usize.pow(power);
        batches.push(json!({"batch": batch, "ns": mask(&one, &asked(MILLION, MILLION)?, batch, rounds)?.0}));
    }
    let (mut one, mut threads) = (one, Vec::new());
    for count in [1, 2, 4, 8].into_iter().filter(|&count| count <= Threads::new(0).width()) {
        one = one.with_executor(Arc::new(Threads::new(count)));
        let (_, clock) = mask(&one, &asked(MILLION, MILLION)?, 1 << 18, rounds)?;
        threads.push(json!({"threads": count, "million": 1000.0 / clock}));
    }
    drop(one);
    let (mut files, mut keys) = (Vec::new(), None);
    for number in 0..100 {
        let (file, made) = feed(&format!("feed-{number}"), Kind::Phone, listed(number * 100_000, 100_000), SetChoice::Tokens)?;
        files.push(file);
        keys = Some(made);
    }
    let keys = keys.ok_or("no feeds")?;
    let mut feeds = Vec::new();
    for count in [1, 10, 100] {
        let matcher = over(files.iter().take(count).cloned().collect(), &keys)?;
        let values = asked(200_000, 100_000)?;
        feeds.push(json!({"feeds": count, "ns": mask(&matcher, &values, 1 << 16, rounds)?.0}));
    }
    Ok(json!({"rounds": rounds, "entries": entries, "batches": batches, "feeds": feeds, "threads": threads}))
}

/// Percentiles of what calls took, and of what two looks at the clock take, in nanoseconds.
fn percentiles(mut call: impl FnMut(usize) -> Outcome<()>) -> Outcome<Value> {
    const CALLS: usize = 1_000_000;
    let mut times = Vec::with_capacity(CALLS);
    let mut clock = Vec::with_capacity(CALLS);
    for number in 0..CALLS + CALLS / 10 {
        let start = Instant::now();
        call(number)?;
        let taken = start.elapsed().as_nanos() as u64;
        let start = Instant::now();
        let nothing = start.elapsed().as_nanos() as u64;
        // The first tenth warms caches and pages.
        if number >= CALLS / 10 {
            times.push(taken);
            clock.push(nothing);
        }
    }
    times.sort_unstable();
    clock.sort_unstable();
    let at = |part: f64| times[(part * CALLS as f64) as usize];
    Ok(json!({"p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "clock": clock[CALLS / 2]}))
}

fn check(folder: &Path) -> Outcome<Value> {
    const ENTRIES: u64 = 1_000_000;
    const VALUES: usize = 1_000;
    let (file, keys) = feed("bench", Kind::Phone, listed(0, ENTRIES), SetChoice::Tokens)?;
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("feed"), &file)?;
    std::fs::write(folder.join("card"), keys.card().to_text())?;
    let matcher = over(vec![file], &keys)?;
    let (now, options) = (now()?, ParseOptions::default());
    let mut answers = serde_json::Map::new();
    for (name, first) in [("listed", 0), ("strangers", 1)] {
        let values: Vec<String> = (0..VALUES as u64).map(|place| phone(place * 7 * 2 + first)).collect();
        std::fs::write(folder.join(name), values.join("\n") + "\n")?;
        let times = percentiles(|number| {
            let identifier = Identifier::parse(Kind::Phone, black_box(&values[number % VALUES]), &options)?;
            let report = matcher.check(&identifier, now)?;
            if report.hits.len() as u64 + first == 1 { Ok(()) } else { Err("a wrong answer".into()) }
        })?;
        answers.insert(name.to_owned(), times);
    }
    Ok(answers.into())
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match arguments.as_slice() {
        ["grid"] => grid(5, 7)?,
        ["grid", rounds] => grid(rounds.parse()?, 7)?,
        ["grid", rounds, power] => grid(rounds.parse()?, power.parse()?)?,
        ["at", entries] => {
            let count: u64 = entries.parse()?;
            let values = asked(1_000_000, count)?;
            let ours = mask(&matcher(Kind::Phone, listed(0, count), SetChoice::Tokens)?, &values, 1 << 16, 9)?.0;
            json!({"entries": count, "ns": ours, "limit": limit(count, 1_000_000, 9)?})
        }
        ["check", folder] => check(Path::new(folder))?,
        _ => return Err("rates grid [ROUNDS [POWER]] | rates at ENTRIES | rates check FOLDER".into()),
    };
    println!("{answer}");
    Ok(())
}
