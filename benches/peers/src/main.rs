//! Canonical values in, a mask out: bisik next to what people build of a hash and a set, on one core, in one run.
//!
//! `bisik-peers [ENTRIES] [ROUNDS] [NAME]` prints JSON: for each way the median and the best of the rounds, in nanoseconds of
//! processor time a value. The ways take turns, so that a busy machine slows all of them. Every way must find the same rows; filters may find a few more.
//! `cargo xtask bench peers` runs this and the Python peers.

use std::collections::HashSet;
use std::hint::black_box;

use bisik::{Identifier, Kind, ParseOptions, RawInput, SetChoice};
use bisik_peers::{Outcome, domain, limit, matcher, now, phone};
use cpu_time::ThreadTime;
use xorf::Filter;

/// Values looked up in a round, of which one in ten is listed.
const VALUES: u64 = 1_000_000;
/// False positives of the filters.
const RATE: f64 = 1e-6;
const KEY: [u8; 32] = [7; 32];
const ONE_BY_ONE: &str = "limit: keyed BLAKE3 alone, one by one";
const HASH_ALONE: &str = "limit: hashing alone, side by side";
const LOOK_UP_ALONE: &str = "limit: looking up alone, tokens ready";

/// The token as a careful programmer makes it: a keyed hash, cut to 16 bytes.
fn token(value: &str) -> u128 {
    let hash = blake3::keyed_hash(&KEY, value.as_bytes());
    u128::from_le_bytes(std::array::from_fn(|at| hash.as_bytes()[at]))
}

/// What is often written: the lower-case text of a plain SHA-256.
fn sha256_text(value: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(value.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A way to answer, and what each round of it took.
struct Way<'a> {
    name: &'static str,
    ask: Box<dyn Fn(&mut [u8]) -> Outcome<()> + 'a>,
    times: Vec<f64>,
}

impl<'a> Way<'a> {
    fn new(name: &'static str, ask: impl Fn(&mut [u8]) -> Outcome<()> + 'a) -> Self {
        Self { name, ask: Box::new(ask), times: Vec::new() }
    }

    /// One that answers value by value.
    fn each<'v: 'a>(name: &'static str, values: &'v [String], listed: impl Fn(&str) -> bool + 'a) -> Self {
        Self::new(name, move |mask| {
            mask.iter_mut().zip(values).for_each(|(byte, value)| *byte = u8::from(listed(value)));
            Ok(())
        })
    }

    fn median(&mut self) -> f64 {
        self.times.sort_by(f64::total_cmp);
        self.times[self.times.len() / 2]
    }
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let entries: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let rounds: usize = arguments.next().map_or(Ok(5), |text| text.parse())?;
    // Listed are the even places, asked is every tenth of them between strangers.
    let asked = |place: u64| if place % 10 == 0 { place * 7 % entries * 2 } else { 2 * place + 1 };
    let phones: Vec<String> = (0..VALUES).map(|place| phone(asked(place))).collect();
    let domains: Vec<String> = (0..VALUES).map(|place| domain(asked(place))).collect();
    let listed = || (0..entries).map(|place| phone(place * 2));

    let exact = matcher(Kind::Phone, listed(), SetChoice::Tokens)?;
    let fuse = matcher(Kind::Phone, listed(), SetChoice::Fuse)?;
    let of_domains = matcher(Kind::Domain, (0..entries).map(|place| domain(place * 2)), SetChoice::Tokens)?;
    let options = ParseOptions::default();
    let identifiers: Vec<Identifier> =
        phones.iter().map(|value| Identifier::parse(Kind::Phone, value, &options)).collect::<Result<_, _>>()?;
    let raw = |kind, values: &'static [String]| -> Vec<RawInput<'static>> {
        let options: &'static ParseOptions = Box::leak(Box::default());
        values.iter().map(|value| RawInput { kind, value, options }).collect()
    };
    let phones: &'static [String] = phones.leak();
    let domains: &'static [String] = domains.leak();
    let (raw_phones, raw_domains) = (raw(Kind::Phone, phones), raw(Kind::Domain, domains));

    let tokens: hashbrown::HashSet<u128> = listed().map(|value| token(&value)).collect();
    let texts: HashSet<String> = listed().map(|value| sha256_text(&value)).collect();
    let mut classic = bloomfilter::Bloom::<u128>::new_for_fp_rate_with_seed(entries as usize, RATE, &std::array::from_fn(|at| at as u8))?;
    let mut fast = fastbloom::BloomFilter::with_false_pos(RATE).expected_items(entries as usize);
    let mut poppy = poppy_filters::BloomFilter::with_version_capacity(2, entries as usize, RATE)?;
    for value in listed() {
        classic.set(&token(&value));
        fast.insert(&token(&value));
        poppy.insert_bytes(value.as_bytes())?;
    }
    let keys: Vec<u64> = tokens.iter().map(|token| *token as u64).collect();
    let limits = limit::Exact::new(tokens.iter().copied().collect());
    let ready: Vec<u128> = phones.iter().map(|value| token(value)).collect();
    let binary_fuse = xorf::BinaryFuse32::try_from(&keys)?;

    let time = now()?;
    let only = arguments.next().unwrap_or_default();
    let ways = [
        Way::new("bisik, exact", |mask| Ok(exact.mask_batch(&identifiers, time, mask)?)),
        Way::new("bisik, fuse filter", |mask| Ok(fuse.mask_batch(&identifiers, time, mask)?)),
        Way::new("bisik, raw phones", |mask| Ok(exact.mask_raw(&raw_phones, time, mask)?)),
        Way::new("bisik, raw domains", |mask| Ok(of_domains.mask_raw(&raw_domains, time, mask)?)),
        Way::each("keyed BLAKE3 + bloomfilter 1e-6", phones, |value| classic.check(&token(value))),
        Way::each("keyed BLAKE3 + hashbrown set", phones, |value| tokens.contains(&token(value))),
        Way::each("keyed BLAKE3 + fastbloom 1e-6", phones, |value| fast.contains(&token(value))),
        Way::each("keyed BLAKE3 + xorf fuse 32", phones, |value| binary_fuse.contains(&(token(value) as u64))),
        Way::each("poppy 1e-6, without a key", phones, |value| poppy.contains_bytes(value.as_bytes())),
        Way::each("SHA-256 text + std set", phones, |value| texts.contains(&sha256_text(value))),
        Way::each(ONE_BY_ONE, phones, |value| token(black_box(value)) == 0),
        Way::new(HASH_ALONE, |_| {
            limit::hash(VALUES as usize);
            Ok(())
        }),
        Way::new(LOOK_UP_ALONE, |mask| {
            limits.look_up(&ready, mask);
            Ok(())
        }),
    ];
    let mut ways: Vec<Way<'_>> = ways.into_iter().filter(|way| way.name.contains(&only)).collect();
    let mut mask = vec![0_u8; VALUES as usize];
    for round in 0..=rounds {
        for way in &mut ways {
            let before = ThreadTime::now();
            (way.ask)(black_box(&mut mask))?;
            let nanoseconds = before.elapsed().as_nanos() as f64 / VALUES as f64;
            let hits = mask.iter().filter(|&&byte| byte & 1 != 0).count() as u64;
            let hashes_only = way.name == HASH_ALONE || way.name == ONE_BY_ONE;
            if !hashes_only && !(VALUES / 10..VALUES / 10 + 100).contains(&hits) {
                return Err(format!("{} found {hits} of {}", way.name, VALUES / 10).into());
            }
            // The first round warms caches and pages.
            if round > 0 {
                way.times.push(nanoseconds);
            }
        }
    }
    let rows: Vec<_> = ways.iter_mut().map(|way| serde_json::json!({"name": way.name, "ns": way.median(), "best": way.times[0]})).collect();
    println!("{}", serde_json::json!({"entries": entries, "values": VALUES, "rounds": rounds, "rows": rows}));
    Ok(())
}
