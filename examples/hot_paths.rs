//! One hot path, so many times: `hot_paths PATH COUNT`; without arguments, the names of the paths.
//!
//! `cargo xtask instructions` counts what a value costs on each of them.

use std::error::Error;
use std::hint::black_box;

use bisik::{
    Claim, FixedEntropy, Guard, Identifier, Indicator, KeySet, Kind, Matcher, ParseOptions, PublishOptions, Publisher,
    RawInput, SetChoice, Timestamp, TrustStore, UnverifiedFeed,
};

const PATHS: [&str; 9] = [
    "parse-phone",
    "parse-domain",
    "parse-url",
    "mask-phones",
    "mask-domains",
    "mask-fuse",
    "report-hits",
    "report-records",
    "check-one",
];
/// Entries of the feed, and values of a batch.
const ENTRIES: usize = 1_000;

fn now() -> Result<Timestamp, bisik::Error> {
    Timestamp::from_seconds(1_800_000_000)
}

fn phone(place: usize) -> String {
    format!("+6591{place:06}")
}

fn domain(place: usize) -> String {
    format!("login-{place}.bank.example")
}

fn matcher(kind: Kind, set: SetChoice, records: bool) -> Result<Matcher, Box<dyn Error>> {
    let mut entropy = FixedEntropy::new(1);
    let keys = KeySet::generate("Count", &mut entropy)?;
    let mut options = PublishOptions::new("count", now()?);
    (options.set, options.records, options.guard) = (set, records, Guard::default());
    let mut publisher = Publisher::new(&keys.signing, options, None, &mut entropy)?;
    for place in 0..ENTRIES {
        let value = if kind == Kind::Phone { phone(place) } else { domain(place) };
        let identifier = Identifier::parse(kind, &value, &ParseOptions::default())?;
        let category = if records { Some("mule-account".to_owned()) } else { None };
        publisher.add(Indicator { identifier, claim: Claim { category, ..Claim::default() } })?;
    }
    let file = publisher.publish(&mut entropy)?.open(&[kind])?.to_vec();
    let mut trust = TrustStore::new();
    trust.add_card(&keys.card())?;
    Ok(Matcher::new([UnverifiedFeed::from_bytes(file)?.verify(&trust, now()?)?], Guard::default())?)
}

fn run(path: &str, count: usize) -> Result<(), Box<dyn Error>> {
    let mut options = ParseOptions::default();
    options.region = Some("SG".to_owned());
    let parse = |kind, value| -> Result<(), Box<dyn Error>> {
        for _ in 0..count {
            black_box(Identifier::parse(kind, black_box(value), &options)?);
        }
        Ok(())
    };
    let (kind, set) = match path {
        "parse-phone" => return parse(Kind::Phone, "9123-4567"),
        "parse-domain" => return parse(Kind::Domain, "Login.Bank.Example."),
        "parse-url" => return parse(Kind::Url, "hxxps://login[.]bank[.]example:443/a/../b?c=d#e"),
        "mask-domains" => (Kind::Domain, SetChoice::Tokens),
        "mask-fuse" => (Kind::Phone, SetChoice::Fuse),
        _ => (Kind::Phone, SetChoice::Tokens),
    };
    let matcher = matcher(kind, set, path == "report-records")?;
    // Strangers where a mask is asked for, what is listed where a report is.
    let first = if path.starts_with("mask") { ENTRIES } else { 0 };
    let values: Vec<String> =
        (first..first + ENTRIES).map(|place| if kind == Kind::Phone { phone(place) } else { domain(place) }).collect();
    let inputs: Vec<_> = values.iter().map(|value| RawInput { kind, value, options: &options }).collect();
    let mut mask = vec![0; ENTRIES];
    for _ in 0..count / ENTRIES {
        match path {
            "check-one" => {
                let identifier = Identifier::parse(kind, &values[0], &options)?;
                for _ in 0..ENTRIES {
                    black_box(matcher.check(black_box(&identifier), now()?)?);
                }
            }
            _ if path.starts_with("mask") => matcher.mask_raw(black_box(&inputs), now()?, &mut mask)?,
            _ => assert_eq!(matcher.match_raw(black_box(&inputs), now()?)?.hits.len(), ENTRIES),
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => PATHS.iter().for_each(|path| println!("{path}")),
        [path, count] if PATHS.contains(&path.as_str()) => run(path, count.parse()?)?,
        _ => return Err("hot_paths PATH COUNT".into()),
    }
    Ok(())
}
