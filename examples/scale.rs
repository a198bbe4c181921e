//! One phase of the scale run: `scale publish|match|revise|apply COUNT FOLDER [MEMORY]`. `cargo xtask scale` runs all, each in a
//! process of its own, and checks what they print.
//!
//! The numbers are Thai mobile numbers in E.164, all different: COUNT are published, and as many looked up, the second
//! half of the published ones and as many more. The next version has half a hundredth withdrawn and as many added. With MEMORY,
//! in bytes, the publisher keeps no more of entries in memory, and the others in a file in FOLDER.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bisik::{
    Claim, Executor, Feed, FixedEntropy, Guard, Identifier, Indicator, KeySet, Kind, Matcher, ParseOptions,
    PublishOptions, Publisher, RetractionReason, Revision, Timestamp, TrustStore, UnverifiedDelta, UnverifiedFeed,
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// How many numbers are made, parsed and handed over together.
const BATCH: u64 = 1 << 16;
const NOW: u64 = 1_800_000_000;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "publish", count, folder] => publish(count.parse()?, Path::new(folder), None),
        [_, "publish", count, folder, memory] => publish(count.parse()?, Path::new(folder), Some(memory.parse()?)),
        [_, "match", count, folder] => match_all(count.parse()?, Path::new(folder)),
        [_, "revise", count, folder] => revise(count.parse()?, Path::new(folder)),
        [_, "apply", count, folder] => apply(count.parse()?, Path::new(folder)),
        _ => Err("scale publish|match|revise|apply COUNT FOLDER".into()),
    }
}

/// The publisher, the same in both processes.
fn keys() -> bisik::Result<KeySet> {
    KeySet::generate("Scale", &mut FixedEntropy::new(7))
}

/// Feeds are opened on all threads, if the library is built with any.
fn executor() -> Arc<dyn Executor> {
    #[cfg(feature = "threads")]
    return Arc::new(bisik::Threads::new(0));
    #[cfg(not(feature = "threads"))]
    return Arc::new(bisik::Inline);
}

/// The number at a place in a fixed order of two hundred million.
fn number(place: u64) -> String {
    let operator = if place < 100_000_000 { 8 } else { 9 };
    format!("+66{operator}{:08}", place.wrapping_mul(61_803_399) % 100_000_000)
}

fn publish(count: u64, folder: &Path, memory: Option<u64>) -> Outcome {
    let keys = keys()?;
    let mut entropy = FixedEntropy::new(8);
    let options = PublishOptions::new("scale", Timestamp::from_seconds(NOW)?);
    let mut publisher = Publisher::new(&keys.signing, options, None, &mut entropy)?;
    if let Some(memory) = memory {
        let path = folder.join("scale.scratch");
        let scratch = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        std::fs::remove_file(path)?;
        publisher = publisher.with_scratch(scratch, memory)?;
    }
    let (mut generating, mut adding) = (Duration::ZERO, Duration::ZERO);
    for start in (0..count).step_by(BATCH as usize) {
        let clock = Instant::now();
        let numbers: Vec<String> = (start..count.min(start + BATCH)).map(number).collect();
        generating += clock.elapsed();
        let clock = Instant::now();
        for number in &numbers {
            let identifier = Identifier::parse(Kind::Phone, number, &ParseOptions::default())?;
            publisher.add(Indicator { identifier, claim: Claim::default() })?;
        }
        adding += clock.elapsed();
    }
    print_time("generate", generating, count);
    print_time("add (parse, guard, token)", adding, count);
    let clock = Instant::now();
    let mut out = BufWriter::new(File::create(folder.join("scale.bisik"))?);
    let listed = if memory.is_some() {
        let mut publication = publisher.publish_streamed()?;
        print_time("publish (sort, merge, hash, sign)", clock.elapsed(), count);
        let clock = Instant::now();
        publication.seal(&[], &mut entropy, &mut out)?;
        out.flush()?;
        print_time("merge, seal and write", clock.elapsed(), count);
        publication.manifest().count
    } else {
        let publication = publisher.publish(&mut entropy)?;
        print_time("publish (sort, hash, sign)", clock.elapsed(), count);
        let clock = Instant::now();
        publication.seal(&[], &mut entropy, &mut out)?;
        out.flush()?;
        print_time("seal and write", clock.elapsed(), count);
        publication.manifest().count
    };
    println!("entries: {listed}");
    if listed != count {
        return Err("not every number became an entry".into());
    }
    println!("file: {} bytes", std::fs::metadata(folder.join("scale.bisik"))?.len());
    print_peak()
}

fn match_all(count: u64, folder: &Path) -> Outcome {
    let keys = keys()?;
    let now = Timestamp::from_seconds(NOW + 1)?;
    let mut trust = TrustStore::new();
    trust.add_card(&keys.card())?;
    let clock = Instant::now();
    let file = BufReader::new(File::open(folder.join("scale.bisik"))?);
    let feed = UnverifiedFeed::read_with(file, &[keys.recipient], 1 << 34, executor())?.verify(&trust, now)?;
    print_time("open and verify", clock.elapsed(), count);
    print_peak()?;
    let matcher = Matcher::new(vec![feed], Guard::default())?;
    let (mut hits, mut parsing, mut matching) = (0, Duration::ZERO, Duration::ZERO);
    let first = count / 2;
    for start in (first..first + count).step_by(BATCH as usize) {
        let numbers: Vec<String> = (start..(first + count).min(start + BATCH)).map(number).collect();
        let clock = Instant::now();
        let identifiers: Vec<Identifier> = numbers
            .iter()
            .map(|number| Identifier::parse(Kind::Phone, number, &ParseOptions::default()))
            .collect::<Result<_, _>>()?;
        parsing += clock.elapsed();
        let clock = Instant::now();
        let report = matcher.match_batch(&identifiers, now)?;
        matching += clock.elapsed();
        let wrong = report.hits.iter().any(|hit| start + hit.index as u64 >= count);
        if wrong || !report.rejected.is_empty() {
            return Err("a number that is not listed hit, or one was refused".into());
        }
        hits += report.hits.len();
    }
    print_time("parse", parsing, count);
    print_time("match (token, look up)", matching, count);
    println!("hits: {hits}");
    print_peak()
}

/// The base, as its publisher or a member reads it.
fn base(keys: &KeySet, folder: &Path) -> Result<Feed, Box<dyn std::error::Error>> {
    let mut trust = TrustStore::new();
    trust.add_card(&keys.card())?;
    let file = BufReader::new(File::open(folder.join("scale.bisik"))?);
    let secrets = std::slice::from_ref(&keys.recipient);
    let feed = UnverifiedFeed::read_with(file, secrets, 1 << 34, executor())?;
    Ok(feed.verify(&trust, Timestamp::from_seconds(NOW + 1)?)?)
}

/// The publisher's next version, and the delta to it, sealed.
fn revise(count: u64, folder: &Path) -> Outcome {
    let keys = keys()?;
    let mut entropy = FixedEntropy::new(9);
    let clock = Instant::now();
    let previous = base(&keys, folder)?;
    print_time("open and verify the base", clock.elapsed(), count);
    let clock = Instant::now();
    let options = PublishOptions::following(&previous, Timestamp::from_seconds(NOW + 1)?);
    let mut revision = Revision::new(&keys.signing, options, &previous)?;
    let changes = count / 200;
    for place in (0..count).step_by(200).take(changes as usize) {
        revision.withdraw_raw(Kind::Phone, &number(place), &ParseOptions::default(), RetractionReason::OTHER)?;
    }
    for place in count..count + changes {
        revision.add_raw(Kind::Phone, &number(place), &ParseOptions::default(), Claim::default())?;
    }
    print_time("withdraw and add", clock.elapsed(), 2 * changes);
    let clock = Instant::now();
    let publication = revision.publish(&mut entropy)?;
    print_time("publish", clock.elapsed(), count);
    let clock = Instant::now();
    let delta = publication.delta(&previous)?;
    print_time("make the delta", clock.elapsed(), count);
    let mut out = BufWriter::new(File::create(folder.join("scale.delta"))?);
    delta.seal(&[], &mut entropy, &mut out)?;
    out.flush()?;
    let mut out = BufWriter::new(File::create(folder.join("scale.digest"))?);
    out.write_all(publication.digest())?;
    out.flush()?;
    println!("delta: {} bytes", std::fs::metadata(folder.join("scale.delta"))?.len());
    print_peak()
}

/// A member's way from the base to the next version.
fn apply(count: u64, folder: &Path) -> Outcome {
    let keys = keys()?;
    let now = Timestamp::from_seconds(NOW + 1)?;
    let mut trust = TrustStore::new();
    trust.add_card(&keys.card())?;
    let clock = Instant::now();
    let base = base(&keys, folder)?;
    print_time("open and verify the base", clock.elapsed(), count);
    let clock = Instant::now();
    let file = BufReader::new(File::open(folder.join("scale.delta"))?);
    let delta = UnverifiedDelta::read(file, std::slice::from_ref(&keys.recipient), 1 << 34)?.verify(&trust, now)?;
    print_time("open and verify the delta", clock.elapsed(), count);
    let clock = Instant::now();
    let result = delta.apply(&base, 1 << 34)?;
    print_time("apply", clock.elapsed(), count);
    let clock = Instant::now();
    let result = result.verify(&trust, now)?;
    print_time("verify the result", clock.elapsed(), count);
    if result.manifest().count != count || *result.digest() != std::fs::read(folder.join("scale.digest"))?[..] {
        return Err("the result is not the publisher's version".into());
    }
    println!("entries: {}", result.manifest().count);
    print_peak()
}

fn print_time(name: &str, time: Duration, count: u64) {
    let seconds = time.as_secs_f64();
    println!("{name}: {seconds:.2} s, {:.0} entries/s", count as f64 / seconds.max(1e-9));
}

/// The most memory that this process ever held, from the kernel's account of it.
fn print_peak() -> Outcome {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    println!("peak memory: {} bytes", kibibytes * 1024);
    Ok(())
}
