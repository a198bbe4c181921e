//! What matching costs in Rust: `match_lines FEED CARD KIND VALUES [ROUNDS]` looks every line of VALUES up in an open feed, and prints
//! nanoseconds of this thread a row, of the best round, and the number of hits. `benches/python_peers.py` runs it on the strings that it matches itself.

use std::fs::{self, File};
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bisik::{Card, Guard, Kind, Matcher, ParseOptions, RawInput, Timestamp, TrustStore, UnverifiedFeed};

/// How many rows are handed over together.
const BATCH: usize = 4_096;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, feed, card, kind, values, rest @ ..] = arguments.as_slice() else {
        return Err("match_lines FEED CARD KIND VALUES [ROUNDS]".into());
    };
    let rounds: u32 = rest.first().map_or(Ok(1), |rounds| rounds.parse())?;
    let kind: Kind = kind.parse()?;
    let now = Timestamp::from_seconds(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let mut trust = TrustStore::new();
    trust.add_card(&Card::parse(&fs::read_to_string(card)?)?)?;
    let feed = UnverifiedFeed::read(File::open(feed)?, &[], 1 << 34)?.verify(&trust, now)?;
    let matcher = Matcher::new(vec![feed], Guard::default())?;
    let text = fs::read_to_string(values)?;
    let lines: Vec<&str> = text.lines().collect();
    let options = ParseOptions::default();
    let mut inputs = Vec::with_capacity(BATCH);
    let (mut best, mut hits) = (f64::INFINITY, 0);
    for _ in 0..rounds {
        let start = clock();
        hits = 0;
        for piece in lines.chunks(BATCH) {
            inputs.clear();
            inputs.extend(piece.iter().map(|&value| RawInput { kind, value, options: &options }));
            hits += matcher.match_raw(&inputs, now)?.hits.len();
        }
        best = best.min((clock() - start).as_secs_f64());
    }
    println!("{:.1} {hits}", best * 1e9 / lines.len() as f64);
    Ok(())
}

/// The time that this thread has had on a processor, where the system tells, so that others' work does not count; else the time that
/// passed.
fn clock() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let account = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = account.and_then(|account| account.split_whitespace().next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}
