//! T12 and T13: what goes in decides the file, not the order; sizes say little; versions cannot be compared.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use std::collections::HashSet;

use bisik::{Claim, FixedEntropy, Kind, SetChoice};
use common::forge::Parts;
use common::{NOW, Plan, centre, claim, domains, now, open, time, trusting};

/// A permutation that depends on `seed` alone.
fn shuffled<T: Clone>(items: &[T], seed: u64) -> Vec<T> {
    use bisik::Entropy;
    let mut entropy = FixedEntropy::new(seed);
    let mut items = items.to_vec();
    for last in (1..items.len()).rev() {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes).unwrap();
        items.swap(last, (u64::from_le_bytes(bytes) % (last as u64 + 1)) as usize);
    }
    items
}

/// Twelve identifiers of several kinds, three of them with several claims.
fn entries() -> Vec<(Kind, &'static str, Claim)> {
    let mut entries = domains();
    entries.extend([
        (Kind::Phone, "+6591234567", Claim { first_seen: Some(time(NOW - 10)), ..Claim::default() }),
        (Kind::Phone, "+65 9123 4567", Claim { last_seen: Some(time(NOW - 20)), ..Claim::default() }),
        (Kind::Phone, "+65-91234567", Claim { first_seen: Some(time(NOW - 15)), ..Claim::default() }),
        (Kind::Domain, "evil.example", Claim { note: Some("b".into()), confidence: Some(3), ..Claim::default() }),
        (
            Kind::Domain,
            "EVIL.example",
            Claim { note: Some("a".into()), category: Some("x".into()), ..Claim::default() },
        ),
        (Kind::Email, "a@evil.example", claim()),
        (Kind::Url, "https://evil.example/a?b", claim()),
        (Kind::Url, "http://evil.example:80/a?b#c", Claim { expires: Some(time(NOW + 9)), ..Claim::default() }),
    ]);
    entries
}

#[test]
fn a_thousand_orders_give_the_same_bytes() {
    let keys = centre();
    for (set, records, orders) in [
        (SetChoice::Tokens, true, 1_000),
        (SetChoice::Tokens, false, 200),
        (SetChoice::Bloom, false, 200),
        (SetChoice::Fuse, false, 200),
    ] {
        let mut plan = Plan::new(&keys, "feed").set(set);
        plan.options.records = records;
        let first = plan.publish(&entries());
        assert_eq!((first.manifest().count, first.merged()), (7, 5), "{set:?}");
        for seed in 0..orders {
            let again = plan.publish(&shuffled(&entries(), seed));
            assert_eq!(again.open(Kind::ALL).unwrap(), first.open(Kind::ALL).unwrap(), "{set:?}, order {seed}");
            assert_eq!((again.digest(), again.merged()), (first.digest(), 5));
        }
    }
}

#[test]
fn merged_claims_are_readable_and_the_widest() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let feed = open(&Plan::new(&keys, "feed").records().open(&entries()), &trust).unwrap();
    let report = common::matcher(vec![feed]).check(&common::identifier(Kind::Phone, "+6591234567"), now()).unwrap();
    let bisik::RecordState::Opened(claim) = &report.hits[0].record else { panic!("no record") };
    assert_eq!((claim.first_seen, claim.last_seen), (Some(time(NOW - 20)), Some(time(NOW - 15))));
}

#[test]
fn a_sealed_file_depends_on_its_entropy_alone_too() {
    let keys = centre();
    let file = Plan::new(&keys, "feed").sealed(&domains(), &[&common::bank()]);
    assert_eq!(Plan::new(&keys, "feed").sealed(&shuffled(&domains(), 4), &[&common::bank()]), file);
    assert_ne!(Plan { seed: 8, ..Plan::new(&keys, "feed") }.sealed(&domains(), &[&common::bank()]), file);
}

#[test]
fn other_entropy_feeds_and_epochs_share_no_token() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let mut files = Vec::new();
    for seed in 0..4 {
        for feed in ["one", "two"] {
            files.push(Plan { seed, ..Plan::new(&keys, feed) }.open(&domains()));
        }
    }
    let first = open(&files[0], &trust).unwrap();
    let mut next = Plan { previous: Some(&first), seed: 99, ..Plan::new(&keys, "one") };
    next.options.new_epoch = true;
    files.push(next.open(&domains()));
    let mut tokens = HashSet::new();
    for file in &files {
        let section = Parts::of(file).section(2).clone();
        tokens.extend(section.as_chunks::<16>().0.iter().copied());
    }
    assert_eq!(tokens.len(), 4 * files.len());
}

#[test]
fn lengths_say_little_of_sizes() {
    let keys = centre();
    let names: Vec<String> = (0..10_000).map(|n| format!("n{n}.example")).collect();
    let all: Vec<_> = names.iter().map(|name| (Kind::Domain, name.as_str(), Claim::default())).collect();
    let length = |count: usize| Plan::new(&keys, "feed").open(&all[..count]).len();
    let (mut seen, mut sizes) = (HashSet::new(), 0);
    // All small sizes, where a length says most, and then every 83rd.
    for count in (1..=256).chain((257..=10_000).step_by(83)) {
        let length = length(count);
        assert_eq!(length as u64, common::forge::padded(length as u64));
        seen.insert(length);
        sizes += 1;
    }
    assert!(sizes > 370 && seen.len() <= 130, "{} lengths for {sizes} sizes", seen.len());
    // One addition more or less cannot be seen.
    assert_eq!(length(5_000), length(5_001));
}

#[test]
fn records_of_a_feed_have_one_length_whatever_they_say() {
    let keys = centre();
    let mut entries = domains();
    entries[0].2 = claim();
    entries[1].2 = Claim { note: Some("n".repeat(200)), ..Claim::default() };
    let mut parts = Parts::of(&Plan::new(&keys, "feed").records().open(&entries));
    assert_eq!(parts.manifest["record_size"], 512);
    assert_eq!(parts.section(5).len(), 4 * 512);
}

/// Two versions over the same set: fresh filter keys make every bit a new draw.
#[test]
fn filters_of_two_versions_are_independent() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let names: Vec<String> = (0..2_000).map(|n| format!("n{n}.example")).collect();
    let all: Vec<_> = names.iter().map(|name| (Kind::Domain, name.as_str(), Claim::default())).collect();
    let first = Plan::new(&keys, "feed").set(SetChoice::Bloom).open(&all);
    let feed = open(&first, &trust).unwrap();
    let second = Plan { previous: Some(&feed), seed: 9, ..Plan::new(&keys, "feed").set(SetChoice::Bloom) }.open(&all);
    let (a, b) = (Parts::of(&first).section(3).clone(), Parts::of(&second).section(3).clone());
    let bits = a.len().min(b.len()) * 8;
    let ones = |bytes: &[u8]| bytes.iter().take(bits / 8).map(|byte| f64::from(byte.count_ones())).sum::<f64>();
    let (p, q) = (ones(&a) / bits as f64, ones(&b) / bits as f64);
    let differing: f64 = a.iter().zip(&b).map(|(a, b)| f64::from((a ^ b).count_ones())).sum();
    let expected = p * (1.0 - q) + q * (1.0 - p);
    let sigma = (expected * (1.0 - expected) / bits as f64).sqrt();
    assert!((differing / bits as f64 - expected).abs() < 5.0 * sigma, "{differing} of {bits}, expected {expected}");
}

/// In one epoch an unchanged record keeps its bytes, so that a delta leaves it out; where the length of all records changes, none does.
#[test]
fn unchanged_records_keep_their_bytes_while_their_length_stays() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let said = |note: &str| -> Vec<(Kind, &'static str, Claim)> {
        let mut entries = domains();
        entries[0].2.note = Some(note.to_owned());
        entries
    };
    let file = Plan::new(&keys, "feed").records().open(&said("short"));
    let first = open(&file, &trust).unwrap();
    let records = |file: &[u8]| -> Vec<Vec<u8>> {
        let mut parts = Parts::of(file);
        let size = parts.manifest["record_size"].as_u64().unwrap() as usize;
        parts.section(5).chunks(size).map(<[u8]>::to_vec).collect()
    };
    let next =
        |note: &str| Plan { previous: Some(&first), seed: 8, ..Plan::new(&keys, "feed") }.records().open(&said(note));
    let kept = |file: &[u8]| records(file).iter().filter(|record| records(first.bytes()).contains(record)).count();
    assert_eq!(kept(&next("short")), 4);
    assert_eq!(kept(&next("other")), 3);
    let longer = next(&"x".repeat(200));
    assert_eq!((records(&longer)[0].len(), kept(&longer)), (512, 0));
    // Of a length that all of them have, the shorter ones still open.
    open(&longer, &trust).unwrap();
}
