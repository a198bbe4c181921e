//! One phase of the run of prepared files: `prepared make|whole|cold|warm COUNT FOLDER`. `cargo xtask prepared` runs all, each in a process
//! of its own, and checks what they print.
//!
//! The numbers are those of the core's example `scale`: Thai mobile numbers in E.164, all different. COUNT are listed, in a feed that is
//! sealed to its reader.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use bisik::{
    Claim, FixedEntropy, Guard, Identifier, Indicator, KeySet, Kind, Matcher, ParseOptions, PublishOptions, Publisher,
    RecipientSecret, Timestamp, TrustStore, UnverifiedFeed,
};
use bisik_store::{Opening, Store, StoreMatcher};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const NOW: u64 = 1_800_000_000;
/// How many single queries are timed, each of another value, half of them listed.
const SINGLE: u64 = 1_000;
/// How many values of a batch are timed, and in batches of how many.
const MANY: u64 = 1 << 20;
const BATCH: usize = 1 << 13;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, phase, count, folder] = arguments.as_slice() else {
        return Err("prepared make|whole|cold|warm COUNT FOLDER".into());
    };
    let world = World {
        count: count.parse()?,
        folder: Path::new(folder),
        keys: keys()?,
        now: Timestamp::from_seconds(NOW + 1)?,
    };
    match phase.as_str() {
        "make" => world.make(),
        "whole" => world.whole(),
        "cold" => world.prepared(true),
        "warm" => world.prepared(false),
        _ => Err("a phase is make, whole, cold or warm".into()),
    }
}

/// The publisher and its reader, the same in every process.
fn keys() -> bisik::Result<KeySet> {
    KeySet::generate("Scale", &mut FixedEntropy::new(7))
}

/// The number at a place in a fixed order of a hundred million; after those, strangers.
fn number(place: u64) -> String {
    let prefix = if place < 100_000_000 { "+668" } else { "+669" };
    format!("{prefix}{:08}", place.wrapping_mul(61_803_399) % 100_000_000)
}

fn identifier(place: u64) -> bisik::Result<Identifier> {
    Identifier::parse(Kind::Phone, &number(place), &ParseOptions::default())
}

struct World<'a> {
    count: u64,
    folder: &'a Path,
    keys: KeySet,
    now: Timestamp,
}

impl World<'_> {
    fn trust(&self) -> Outcome<TrustStore> {
        let mut trust = TrustStore::new();
        trust.add_card(&self.keys.card())?;
        Ok(trust)
    }

    fn secrets(&self) -> bisik::Result<Vec<RecipientSecret>> {
        Ok(vec![RecipientSecret::from_text(&self.keys.recipient.to_text())?])
    }

    fn store(&self) -> Outcome<Store> {
        Ok(Store::open(self.folder.join("store"))?)
    }

    fn make(&self) -> Outcome {
        let mut entropy = FixedEntropy::new(8);
        let path = self.folder.join("prepared.bisik");
        let clock = Instant::now();
        let options = PublishOptions::new("scale", Timestamp::from_seconds(NOW)?);
        let mut publisher = Publisher::new(&self.keys.signing, options, None, &mut entropy)?;
        for place in 0..self.count {
            publisher.add(Indicator { identifier: identifier(place)?, claim: Claim::default() })?;
        }
        let publication = publisher.publish(&mut entropy)?;
        let mut out = BufWriter::new(File::create(&path)?);
        publication.seal(&[], &mut entropy, &mut out)?;
        out.flush()?;
        drop((out, publication));
        println!("publish and seal: {:.1} s", clock.elapsed().as_secs_f64());
        let clock = Instant::now();
        let feed = UnverifiedFeed::read(File::open(&path)?, &self.secrets()?, bisik_store::MAX_FEED)?;
        let feed = feed.verify(&self.trust()?, self.now)?;
        println!("decrypt, verify and index: {:.2} s", clock.elapsed().as_secs_f64());
        let store = Store::create(self.folder.join("store"))?;
        let mut writer = store.lock()?;
        writer.prepare_from(u64::MAX);
        let mut partial = writer.partial("scale", bisik_store::MAX_FEED)?;
        partial.restart(None)?;
        let mut file = File::open(&path)?;
        let mut piece = vec![0; 1 << 20];
        loop {
            let count = std::io::Read::read(&mut file, &mut piece)?;
            if count == 0 {
                break;
            }
            partial.append(&piece[..count])?;
        }
        std::fs::remove_file(&path)?;
        let stored = writer.put(&feed, partial, "scale", self.now)?;
        println!("file: {} bytes", stored.length);
        let clock = Instant::now();
        writer.prepare(&feed, &stored)?;
        println!("prepare: {:.2} s", clock.elapsed().as_secs_f64());
        let prepared = std::fs::metadata(store.prepared_path(&stored))?.len();
        println!("prepared file: {prepared} bytes, {:.2} an entry", prepared as f64 / self.count as f64);
        drop(feed);
        let clock = Instant::now();
        if !store.check_prepared(&stored, &self.secrets()?)? {
            return Err("nothing was prepared".into());
        }
        println!("check all of it: {:.2} s", clock.elapsed().as_secs_f64());
        Ok(())
    }

    /// As it is without anything prepared.
    fn whole(&self) -> Outcome {
        let store = self.store()?;
        let stored = store.feeds()?.feeds.into_iter().next().ok_or("an empty store")?;
        let clock = Instant::now();
        let feed = store.load_whole(&stored, &self.trust()?, &self.secrets()?, self.now)?;
        let matcher = Matcher::new(vec![feed], Guard::default())?;
        println!("open: {:.1} ms", clock.elapsed().as_secs_f64() * 1e3);
        memory("after opening")?;
        self.look_up(&matcher, clock)?;
        memory("at the end")
    }

    fn prepared(&self, cold: bool) -> Outcome {
        let store = self.store()?;
        if cold {
            forget(&store)?;
        }
        let clock = Instant::now();
        let opening = Opening { trust: self.trust()?, secrets: self.secrets()?, guard: Guard::default() };
        let matcher: StoreMatcher = store.matcher(opening, self.now)?;
        let snapshot = matcher.current(self.now)?;
        println!("open: {:.3} ms", clock.elapsed().as_secs_f64() * 1e3);
        if !snapshot.dropped.is_empty() {
            return Err("the feed cannot be used".into());
        }
        memory("after opening")?;
        self.look_up(&snapshot.matcher, clock)?;
        memory("at the end")
    }

    fn look_up(&self, matcher: &Matcher, opened: Instant) -> Outcome {
        let first = identifier(self.count / 2)?;
        let clock = Instant::now();
        let hits = matcher.check(&first, self.now)?.hits.len();
        println!(
            "first query: {:.1} us, {:.3} ms after opening began",
            micros(clock.elapsed()),
            opened.elapsed().as_secs_f64() * 1e3
        );
        let mut times = Vec::new();
        let mut found = 0;
        for at in 0..SINGLE {
            let asked = identifier(if at.is_multiple_of(2) { at * 7_919 % self.count } else { 100_000_000 + at })?;
            let clock = Instant::now();
            found += matcher.check(&asked, self.now)?.hits.len();
            times.push(clock.elapsed());
        }
        times.sort_unstable();
        let at = |part: f64| micros(times[((times.len() - 1) as f64 * part) as usize]);
        println!("next {SINGLE} queries: p50 {:.1} us, p99 {:.1} us, most {:.1} us", at(0.5), at(0.99), at(1.0));
        if hits != 1 || found as u64 != SINGLE / 2 {
            return Err("a listed number was missed, or a stranger hit".into());
        }
        for round in ["first", "second"] {
            let (mut spent, mut found) = (Duration::ZERO, 0);
            for start in (0..MANY).step_by(BATCH) {
                let place = |at: u64| if at.is_multiple_of(2) { at * 104_729 % self.count } else { 100_000_000 + at };
                let asked: Vec<Identifier> =
                    (start..start + BATCH as u64).map(|at| identifier(place(at))).collect::<Result<_, _>>()?;
                let clock = Instant::now();
                found += matcher.match_batch(&asked, self.now)?.hits.len();
                spent += clock.elapsed();
            }
            println!("{round} time {MANY} values in batches: {:.1} ns each", spent.as_secs_f64() * 1e9 / MANY as f64);
            if found as u64 != MANY / 2 {
                return Err("a listed number was missed, or a stranger hit".into());
            }
        }
        Ok(())
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Has the system forget what it keeps of the store's files in memory.
fn forget(store: &Store) -> Outcome {
    for entry in std::fs::read_dir(store.folder().join("feeds"))? {
        let file = File::open(entry?.path())?;
        file.sync_all()?;
        #[cfg(target_os = "linux")]
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    }
    Ok(())
}

/// The process's memory: its own, and pages of files.
fn memory(when: &str) -> Outcome {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1024
    };
    println!("memory {when}: {} bytes own, {} of files", field("RssAnon:"), field("RssFile:"));
    Ok(())
}
