//! `reload FOLDER FEEDS ENTRIES`: fills a store with so many feeds of so many telephone numbers each, and measures single checks before, during and
//! after a reload in which a tenth of the feeds have a new version. `cargo xtask store` runs it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bisik::{
    Claim, Feed, FixedEntropy, Guard, Identifier, Indicator, KeySet, Kind, ParseOptions, PublishOptions, Publisher,
    Timestamp, TrustStore, UnverifiedFeed,
};
use bisik_store::{Opening, Store};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const NOW: u64 = 1_800_000_000;
/// How long checks are measured before and after.
const WHILE: Duration = Duration::from_secs(3);
/// Different values that are looked up in turn, half of them listed.
const ASKED: u64 = 4_096;
const PHASES: [&str; 3] = ["before", "during", "after"];

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, feeds, entries] = arguments.as_slice() else { return Err("reload FOLDER FEEDS ENTRIES".into()) };
    let (feeds, entries): (u64, u64) = (feeds.parse()?, entries.parse()?);
    let mut entropy = FixedEntropy::new(7);
    let keys = KeySet::generate("Scale", &mut entropy)?;
    let mut trust = TrustStore::new();
    trust.add_card(&keys.card())?;
    let store = Store::create(Path::new(folder).join("store"))?;
    let clock = Instant::now();
    let mut changed = Vec::new();
    for number in 0..feeds {
        let feed = publish(&keys, &trust, number, entries, None, &mut entropy)?;
        put(&store, &feed)?;
        if number % 10 == 0 {
            changed.push(publish(&keys, &trust, number, entries, Some(&feed), &mut entropy)?);
        }
    }
    println!("published and stored: {:.1} s", clock.elapsed().as_secs_f64());
    let now = Timestamp::from_seconds(NOW)?;
    let clock = Instant::now();
    let rows = store.status(now)?.rows;
    let sum: u64 = rows.iter().filter_map(|row| row.feed.as_ref()).map(|stored| stored.count).sum();
    println!("status: {:.1} ms for {} feeds with {sum} entries", clock.elapsed().as_secs_f64() * 1e3, rows.len());
    let clock = Instant::now();
    let matcher = store.matcher(Opening { trust, secrets: Vec::new(), guard: Guard::default() }, now)?;
    println!("opened: {:.2} s", clock.elapsed().as_secs_f64());
    let asked: Vec<Identifier> = (0..ASKED)
        .map(|at| Identifier::parse(Kind::Phone, &phone(at * 2 * feeds * entries / ASKED), &ParseOptions::default()))
        .collect::<Result<_, _>>()?;
    let phase = AtomicUsize::new(0);
    let times = std::thread::scope(|scope| -> Outcome<_> {
        let checker = scope.spawn(|| {
            let mut times: [Vec<u32>; 3] = Default::default();
            let mut at = 0;
            loop {
                let now_in = phase.load(Ordering::Relaxed);
                let Some(times) = times.get_mut(now_in) else { return times };
                let clock = Instant::now();
                let found =
                    matcher.current(now).map(|snapshot| snapshot.matcher.check(&asked[at % asked.len()], now).is_ok());
                times.push(u32::try_from(clock.elapsed().as_nanos()).unwrap_or(u32::MAX));
                assert!(found.is_ok_and(|found| found), "a check failed");
                at += 1;
            }
        });
        std::thread::sleep(WHILE);
        for feed in &changed {
            put(&store, feed)?;
        }
        phase.store(1, Ordering::Relaxed);
        let clock = Instant::now();
        let snapshot = matcher.reload_if_changed(now)?;
        let took = clock.elapsed().as_secs_f64();
        phase.store(2, Ordering::Relaxed);
        let newer = snapshot
            .map_or(0, |snapshot| snapshot.matcher.feeds().iter().filter(|feed| feed.manifest().version == 2).count());
        println!("reload: {:.0} ms, {newer} feeds with a new version", took * 1e3);
        std::thread::sleep(WHILE);
        phase.store(3, Ordering::Relaxed);
        Ok(checker.join().map_err(|_| "the checker failed")?)
    })?;
    for (name, mut times) in PHASES.into_iter().zip(times) {
        times.sort_unstable();
        let at =
            |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default() as f64 / 1e3;
        let last = times.last().copied().unwrap_or_default() as f64 / 1e3;
        println!(
            "{name}: {} checks, p50 {:.1} µs, p99 {:.1} µs, p99.9 {:.1} µs, longest {last:.0} µs",
            times.len(),
            at(0.5),
            at(0.99),
            at(0.999)
        );
    }
    Ok(())
}

/// The number at a place in a fixed order of a hundred million.
fn phone(place: u64) -> String {
    format!("+668{:08}", place.wrapping_mul(61_803_399) % 100_000_000)
}

fn publish(
    keys: &KeySet,
    trust: &TrustStore,
    number: u64,
    entries: u64,
    previous: Option<&Feed>,
    entropy: &mut FixedEntropy,
) -> Outcome<Feed> {
    let now = Timestamp::from_seconds(NOW)?;
    let options = PublishOptions::new(&format!("scale-{number}"), now);
    let mut publisher = Publisher::new(&keys.signing, options, previous, entropy)?;
    for place in number * entries..(number + 1) * entries {
        let identifier = Identifier::parse(Kind::Phone, &phone(place), &ParseOptions::default())?;
        publisher.add(Indicator { identifier, claim: Claim::default() })?;
    }
    let bytes = publisher.publish(entropy)?.open(&[Kind::Phone])?.to_vec();
    Ok(UnverifiedFeed::from_bytes(bytes)?.verify(trust, now)?)
}

fn put(store: &Store, feed: &Feed) -> Outcome {
    let mut writer = store.lock()?;
    let mut partial = writer.partial("scale", bisik_store::MAX_FEED)?;
    partial.restart(None)?;
    partial.append(feed.bytes())?;
    writer.put(feed, partial, "scale", Timestamp::from_seconds(NOW)?)?;
    Ok(())
}
