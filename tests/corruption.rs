//! T15: an altered file is refused, whatever was altered and wherever: nothing of it is released.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{Claim, Error, ErrorKind, Feed, Kind, RecipientSecret, SetChoice, TrustStore, UnverifiedFeed};
use common::{LIMIT, Plan, bank, centre, claim, domains, now, plain, trusting};

/// Kinds that say the caller did something wrong, or that have nothing to do with files.
fn is_a_fault_of_the_file(kind: ErrorKind) -> bool {
    (300..600).contains(&kind.code()) && kind != ErrorKind::Expired
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let keys = centre();
    let with_claims: Vec<_> = domains().into_iter().map(|(kind, value, _)| (kind, value, claim())).collect();
    vec![
        ("tokens", Plan::new(&keys, "feed").open(&domains())),
        ("records", Plan::new(&keys, "feed").records().open(&with_claims)),
        ("bloom", Plan::new(&keys, "feed").set(SetChoice::Bloom).open(&domains())),
        ("fuse", Plan::new(&keys, "feed").set(SetChoice::Fuse).open(&domains())),
    ]
}

/// From a buffer as well as from a reader.
fn refused_both_ways(file: &[u8], trust: &TrustStore, what: &str) {
    refused(file, &[], trust, what);
    let error = UnverifiedFeed::from_bytes(file.to_vec()).and_then(|feed| feed.verify(trust, now())).err().unwrap();
    assert!(is_a_fault_of_the_file(error.kind()), "{what}: {error:?}");
}

fn refused(file: &[u8], secrets: &[RecipientSecret], trust: &TrustStore, what: &str) {
    let read: Result<Feed, Error> =
        UnverifiedFeed::read(file, secrets, LIMIT).and_then(|feed| feed.verify(trust, now()));
    let error = read.err().unwrap_or_else(|| panic!("accepted: {what}"));
    assert!(is_a_fault_of_the_file(error.kind()), "{what}: {error:?}");
}

#[test]
fn every_flipped_byte_and_every_flipped_bit_of_the_first_4_kib_is_refused() {
    let trust = trusting(&[centre().card()]);
    for (name, file) in files() {
        common::open(&file, &trust).unwrap();
        let mut bad = file.clone();
        for at in 0..file.len() {
            let masks: &[u8] = if at < 4_096 { &[1, 2, 4, 8, 16, 32, 64, 128] } else { &[0xFF] };
            for mask in masks {
                bad[at] ^= mask;
                refused(&bad, &[], &trust, &format!("{name}: byte {at} ^ {mask:#x}"));
                bad[at] ^= mask;
            }
        }
    }
}

#[test]
fn every_prefix_and_one_byte_more_is_refused() {
    let trust = trusting(&[centre().card()]);
    for (name, file) in files() {
        for end in 0..file.len() {
            refused_both_ways(&file[..end], &trust, &format!("{name}: {end} bytes"));
        }
        for more in [0, 1, b'\n'] {
            let mut longer = file.clone();
            longer.push(more);
            refused_both_ways(&longer, &trust, &format!("{name} and {more}"));
            let mut before = file.clone();
            before.insert(0, more);
            refused_both_ways(&before, &trust, &format!("{more} and {name}"));
        }
    }
}

/// Two feeds of one publisher, of equal length, in each other's clothes.
#[test]
fn spliced_feeds_are_refused_at_every_boundary() {
    let trust = trusting(&[centre().card()]);
    let mut other = domains();
    other[0].1 = "other.example";
    for set in [SetChoice::Tokens, SetChoice::Bloom, SetChoice::Fuse] {
        let keys = centre();
        let a = Plan::new(&keys, "feed").set(set).open(&domains());
        let b = Plan { seed: 8, ..Plan::new(&keys, "feed").set(set) }.open(&other);
        assert_eq!(a.len(), b.len());
        let mut kept = 0;
        for at in (64..a.len()).step_by(64) {
            for (head, tail) in [(&a, &b), (&b, &a)] {
                let spliced = [&head[..at], &tail[at..]].concat();
                if spliced == a || spliced == b {
                    // What lies before or after the cut is the same in both.
                    kept += 1;
                    continue;
                }
                refused(&spliced, &[], &trust, &format!("{set:?} at {at}"));
            }
        }
        assert!(kept < a.len() / 64, "{kept}");
    }
}

#[test]
fn a_sealed_file_is_refused_with_any_byte_flipped_and_at_every_prefix() {
    let (keys, member) = (centre(), bank());
    let trust = trusting(&[keys.card()]);
    let file = Plan::new(&keys, "feed").sealed(&domains(), &[&member]);
    let secrets = [common::copied(&member.recipient)];
    let feed = common::open_at(&file, &secrets, &trust, now()).unwrap();
    assert!(feed.sealed());
    let mut bad = file.clone();
    for at in 0..file.len() {
        for mask in [1 << (at % 8), 0xFF] {
            bad[at] ^= mask;
            refused(&bad, &secrets, &trust, &format!("sealed: byte {at} ^ {mask:#x}"));
            bad[at] ^= mask;
        }
        refused(&file[..at], &secrets, &trust, &format!("sealed: {at} bytes"));
    }
    let mut longer = file;
    longer.push(0);
    refused(&longer, &secrets, &trust, "sealed and a byte");
}

#[test]
fn chunks_that_are_swapped_repeated_or_dropped_are_refused() {
    let (keys, member) = (centre(), bank());
    let trust = trusting(&[keys.card()]);
    let names: Vec<String> = (0..15_000).map(|n| format!("n{n}.example")).collect();
    let entries: Vec<_> = names.iter().map(|name| (Kind::Domain, name.as_str(), Claim::default())).collect();
    let file = Plan::new(&keys, "feed").sealed(&entries, &[&member]);
    let secrets = [common::copied(&member.recipient)];
    common::open_at(&file, &secrets, &trust, now()).unwrap();
    let start = common::envelope::payload_start(&file);
    let chunks: Vec<&[u8]> = file[start..].chunks(common::envelope::SEALED_CHUNK).collect();
    assert!(chunks.len() >= 4, "{}", chunks.len());
    let rebuilt = |order: &[usize]| {
        let mut bad = file[..start].to_vec();
        order.iter().for_each(|&chunk| bad.extend_from_slice(chunks[chunk]));
        bad
    };
    let all: Vec<usize> = (0..chunks.len()).collect();
    assert_eq!(rebuilt(&all), file);
    for first in 0..all.len() {
        let mut order = all.clone();
        order.remove(first);
        refused(&rebuilt(&order), &secrets, &trust, &format!("without chunk {first}"));
        let mut order = all.clone();
        order.insert(first, first);
        refused(&rebuilt(&order), &secrets, &trust, &format!("chunk {first} twice"));
        for second in 0..first {
            let mut order = all.clone();
            order.swap(first, second);
            refused(&rebuilt(&order), &secrets, &trust, &format!("chunks {first} and {second} swapped"));
        }
    }
}

/// The control: an opponent who has the key can sign anything, so the tests above do not succeed by accident.
#[test]
fn what_is_signed_again_is_accepted() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    for (name, file) in files() {
        let forger = common::forge::Forger::new(&keys.signing);
        let again = forger.feed(&common::forge::Parts::of(&file));
        let feed = common::open(&again, &trust).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(feed.manifest().count, 4);
    }
    let numbers = Plan::new(&keys, "feed").open(&plain(Kind::Phone, &["+6591234567"]));
    assert_eq!(common::open(&numbers, &trust).unwrap().manifest().count, 1);
}
