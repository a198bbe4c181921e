//! T12, T15, T18, T19 for deltas: the right one applies to the right base and gives the snapshot's bytes; nothing else applies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use std::collections::HashSet;

use bisik::{
    Claim, Delta, Error, ErrorKind, Feed, FixedEntropy, KeySet, Kind, Publication, SetChoice, Timestamp, TrustStore,
    UnverifiedDelta, UnverifiedFeed,
};
use common::forge::{Forger, LooseDelta};
use common::{LIMIT, NOW, Plan, bank, centre, copied, domains, kind_of, matcher, now, open, plain, time, trusting};
use serde_json::json;

fn names(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("d{number}.example")).collect()
}

fn listed(names: &[String]) -> Vec<(Kind, &str, Claim)> {
    names.iter().map(|name| (Kind::Domain, name.as_str(), Claim::default())).collect()
}

fn verified(file: &[u8], trust: &TrustStore) -> Result<Delta, Error> {
    UnverifiedDelta::from_bytes(file.to_vec())?.verify(trust, now())
}

fn applied(file: &[u8], base: &Feed, trust: &TrustStore) -> Result<Feed, Error> {
    verified(file, trust)?.apply(base, LIMIT)?.verify(trust, now())
}

/// One feed's versions and the deltas between neighbours.
struct Life {
    files: Vec<Vec<u8>>,
    deltas: Vec<Vec<u8>>,
}

/// Eleven versions with records, in which entries come, go and change.
fn life(keys: &KeySet, feed: &str, trust: &TrustStore) -> Life {
    let mut life = Life { files: Vec::new(), deltas: Vec::new() };
    let mut previous: Option<Feed> = None;
    for version in 0..11_u32 {
        let names = names((version * 3..version * 3 + 20).chain(100..110));
        let entries: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let confidence = if index % 4 == 0 { version as u8 } else { 50 };
                (Kind::Domain, name.as_str(), Claim { confidence: Some(confidence), ..Claim::default() })
            })
            .collect();
        let mut plan =
            Plan { previous: previous.as_ref(), seed: u64::from(version), ..Plan::new(keys, feed) }.records();
        plan.options.now = time(NOW - 100 + u64::from(version));
        let publication = plan.publish(&entries);
        let file = publication.open(&[]).unwrap().to_vec();
        if let Some(previous) = &previous {
            life.deltas.push(publication.delta(previous).unwrap().open(&[]).unwrap().to_vec());
        }
        previous = Some(open(&file, trust).unwrap());
        life.files.push(file);
    }
    life
}

#[test]
fn of_all_pairs_only_the_right_ones_apply_and_give_the_snapshot() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let lives = [life(&centre, "one", &trust), life(&centre, "two", &trust)];
    let mut right = 0;
    for (of, bases) in lives.iter().enumerate() {
        for (base_number, base) in bases.files[..10].iter().enumerate() {
            let base = open(base, &trust).unwrap();
            for (with, deltas) in lives.iter().enumerate() {
                for (delta_number, delta) in deltas.deltas.iter().enumerate() {
                    let result = applied(delta, &base, &trust);
                    if of == with && base_number == delta_number {
                        assert_eq!(result.unwrap().bytes(), bases.files[base_number + 1]);
                        right += 1;
                        continue;
                    }
                    let expected = if of != with || delta_number < base_number {
                        ErrorKind::BaseMismatch
                    } else {
                        ErrorKind::SnapshotNeeded
                    };
                    assert_eq!(kind_of(result), Some(expected), "{of} {base_number} {with} {delta_number}");
                }
            }
        }
    }
    assert_eq!(right, 20);
}

#[test]
fn a_subscriber_catches_up_over_versions_that_have_expired_since() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let life = life(&centre, "one", &trust);
    let late = time(NOW + bisik::DEFAULT_VALIDITY - 90);
    assert_eq!(kind_of(common::open_at(&life.files[3], &[], &trust, late)), Some(ErrorKind::Expired));
    let mut feed = UnverifiedFeed::from_bytes(life.files[0].clone()).unwrap().verify_stale(&trust, late).unwrap();
    for delta in &life.deltas {
        let delta = UnverifiedDelta::from_bytes(delta.clone()).unwrap().verify(&trust, late).unwrap();
        assert_eq!(delta.base().0 + 1, delta.manifest().version);
        feed = delta.apply(&feed, LIMIT).unwrap().verify_stale(&trust, late).unwrap();
    }
    assert_eq!(feed.bytes(), life.files[10]);
    let last = UnverifiedFeed::from_bytes(feed.bytes().to_vec()).unwrap();
    assert_eq!(kind_of(last.verify(&trust, late)), Some(ErrorKind::Expired));
    // A stale feed matches nothing, whichever way it was verified.
    let seen = common::identifier(Kind::Domain, "d101.example");
    assert_eq!(kind_of(matcher(vec![feed]).check(&seen, late)), Some(ErrorKind::Expired));
}

#[test]
fn one_delta_may_lead_over_several_versions() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let life = life(&centre, "one", &trust);
    let (first, last) = (open(&life.files[2], &trust).unwrap(), &life.files[10]);
    let previous = open(&life.files[9], &trust).unwrap();
    let names = names((30..50).chain(100..110));
    let entries: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let confidence = if index % 4 == 0 { 10 } else { 50 };
            (Kind::Domain, name.as_str(), Claim { confidence: Some(confidence), ..Claim::default() })
        })
        .collect();
    let mut plan = Plan { previous: Some(&previous), seed: 10, ..Plan::new(&centre, "one") }.records();
    plan.options.now = time(NOW - 90);
    let publication = plan.publish(&entries);
    assert_eq!(publication.open(&[]).unwrap(), last);
    let delta = publication.delta(&first).unwrap();
    assert_eq!(applied(delta.open(&[]).unwrap(), &first, &trust).unwrap().bytes(), last);
}

/// T12: how many were added does not show.
#[test]
fn up_to_256_additions_give_one_delta_length() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    for records in [false, true] {
        let base_names = names(0..300);
        let mut plan = Plan::new(&centre, "feed");
        plan.options.records = records;
        let base = open(&plan.open(&listed(&base_names)), &trust).unwrap();
        let mut lengths = HashSet::new();
        for added in (1..=256).step_by(if records { 15 } else { 1 }) {
            let names = names(0..300 + added);
            let mut plan = Plan { previous: Some(&base), ..Plan::new(&centre, "feed") };
            plan.options.records = records;
            let publication = plan.publish(&listed(&names));
            let delta = publication.delta(&base).unwrap();
            let delta = delta.open(&[]).unwrap();
            lengths.insert(delta.len());
            assert_eq!(applied(delta, &base, &trust).unwrap().bytes(), publication.open(&[]).unwrap());
        }
        assert_eq!(lengths.len(), 1, "{lengths:?}");
        let mut plan = Plan { previous: Some(&base), ..Plan::new(&centre, "feed") };
        plan.options.records = records;
        let many = names(0..300 + 2_560);
        let more = plan.publish(&listed(&many)).delta(&base).unwrap().open(&[]).unwrap().len();
        assert!(!lengths.contains(&more), "the control: ten times as many show");
    }
}

/// Entries lie in token order, so the order of arrival leaves no trace.
#[test]
fn the_order_of_additions_leaves_no_trace() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let base_names = names(0..20);
    let base = open(&Plan::new(&centre, "feed").open(&listed(&base_names)), &trust).unwrap();
    let mut deltas = HashSet::new();
    for turn in 0..20 {
        let mut names = names(0..40);
        names.rotate_left(turn);
        let publication_plan = Plan { previous: Some(&base), ..Plan::new(&centre, "feed") };
        let publication = publication_plan.publish(&listed(&names));
        deltas.insert(publication.delta(&base).unwrap().open(&[]).unwrap().to_vec());
    }
    assert_eq!(deltas.len(), 1);
}

#[test]
fn empty_feeds_and_complete_replacements_have_deltas() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let (few, many) = (names(0..1), names(50..90));
    let none = Vec::new();
    for (before, after) in [(&none, &many), (&many, &none), (&few, &many), (&many, &few), (&none, &none)] {
        let base = open(&Plan::new(&centre, "feed").open(&listed(before)), &trust).unwrap();
        let plan = Plan { previous: Some(&base), ..Plan::new(&centre, "feed") };
        let publication = plan.publish(&listed(after));
        let delta = publication.delta(&base).unwrap();
        let result = applied(delta.open(&[]).unwrap(), &base, &trust).unwrap();
        assert_eq!(result.bytes(), publication.open(&[]).unwrap());
    }
}

#[test]
fn where_no_delta_leads_a_snapshot_is_asked_for() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let base = |plan: &Plan<'_>| open(&plan.open(&domains()), &trust).unwrap();
    let next = |previous: &Feed, change: &dyn Fn(&mut Plan<'_>)| {
        let mut plan = Plan { previous: Some(previous), ..Plan::new(&centre, "feed") };
        change(&mut plan);
        kind_of(plan.publish(&domains()).delta(previous).map(|_| ()))
    };
    let tokens = base(&Plan::new(&centre, "feed"));
    assert_eq!(next(&tokens, &|_| {}), None);
    let needed = Some(ErrorKind::SnapshotNeeded);
    assert_eq!(next(&tokens, &|plan| plan.options.new_epoch = true), needed);
    assert_eq!(next(&tokens, &|plan| plan.options.records = true), needed);
    for set in [SetChoice::Bloom, SetChoice::Fuse] {
        assert_eq!(next(&tokens, &|plan| plan.options.set = set), needed);
        assert_eq!(next(&base(&Plan::new(&centre, "feed").set(set)), &|plan| plan.options.set = set), needed);
    }
    let other = base(&Plan::new(&centre, "other"));
    let publication_plan = Plan { previous: Some(&tokens), ..Plan::new(&centre, "feed") };
    let publication = publication_plan.publish(&domains());
    assert_eq!(kind_of(publication.delta(&other).map(|_| ())), Some(ErrorKind::BaseMismatch));
    let same = Plan::new(&centre, "feed");
    assert_eq!(kind_of(same.publish(&domains()).delta(&tokens).map(|_| ())), Some(ErrorKind::BaseMismatch));
}

#[test]
fn the_open_rule_and_the_envelope_are_those_of_feeds() {
    let (centre, member) = (centre(), bank());
    let trust = trusting(&[centre.card()]);
    let secrets = [copied(&member.recipient)];
    let phones = plain(Kind::Phone, &["+6591234567"]);
    let file = Plan::new(&centre, "feed").sealed(&phones, &[&member]);
    let base = common::open_at(&file, &secrets, &trust, now()).unwrap();
    let plan = Plan { previous: Some(&base), ..Plan::new(&centre, "feed") };
    let publication: Publication<'_> = plan.publish(&plain(Kind::Phone, &["+6581234567"]));
    let delta = publication.delta(&base).unwrap();
    assert_eq!(kind_of(delta.open(&[]).map(|_| ())), Some(ErrorKind::Enumerable));
    delta.open(&[Kind::Phone]).unwrap();
    let mut sealed = Vec::new();
    delta.seal(&member.card().recipients, &mut FixedEntropy::new(9), &mut sealed).unwrap();
    assert_eq!(kind_of(UnverifiedDelta::from_bytes(sealed.clone())), Some(ErrorKind::Sealed));
    assert_eq!(kind_of(UnverifiedDelta::read(sealed.as_slice(), &[], LIMIT)), Some(ErrorKind::Sealed));
    let read = UnverifiedDelta::read(sealed.as_slice(), &secrets, LIMIT).unwrap().verify(&trust, now()).unwrap();
    assert!(read.sealed());
    let result = read.apply(&base, LIMIT).unwrap().verify(&trust, now()).unwrap();
    assert_eq!(result.bytes(), publication.open(Kind::ALL).unwrap());
    // T14: the member seals the delta on to somebody else.
    let other = common::keys("Other Bank", 3);
    let inner = common::envelope::open(&sealed, &member.recipient);
    let forwarded = common::envelope::seal(&inner, &[other.recipient.recipient()]);
    let forwarded = UnverifiedDelta::read(forwarded.as_slice(), &[copied(&other.recipient)], LIMIT).unwrap();
    assert_eq!(kind_of(forwarded.verify(&trust, now())), Some(ErrorKind::NotForRecipient));
    // A feed is no delta and a delta no feed, sealed or open.
    assert_eq!(kind_of(UnverifiedFeed::read(sealed.as_slice(), &secrets, LIMIT)), Some(ErrorKind::NotAFeed));
    assert_eq!(kind_of(UnverifiedDelta::read(file.as_slice(), &secrets, LIMIT)), Some(ErrorKind::NotAFeed));
    assert_eq!(kind_of(UnverifiedDelta::from_bytes(base.bytes().to_vec())), Some(ErrorKind::NotAFeed));
}

/// A small base, the delta that leads on from it, and the snapshot that it leads to.
fn small(trust: &TrustStore, keys: &KeySet) -> (Feed, Vec<u8>, Vec<u8>) {
    small_of(trust, keys, 7)
}

/// The same, of a feed key that gives the entries another order.
fn small_of(trust: &TrustStore, keys: &KeySet, seed: u64) -> (Feed, Vec<u8>, Vec<u8>) {
    let (before, after) = (names(0..6), names(3..9));
    let claims = |names: &[String], confidence: u8| {
        let claim = |name: &String| {
            let confidence = if name == "d4.example" { confidence } else { 7 };
            (Kind::Domain, name.clone(), Claim { confidence: Some(confidence), ..Claim::default() })
        };
        names.iter().map(claim).collect::<Vec<_>>()
    };
    fn borrowed(entries: &[(Kind, String, Claim)]) -> Vec<(Kind, &str, Claim)> {
        entries.iter().map(|(kind, name, claim)| (*kind, name.as_str(), claim.clone())).collect()
    }
    let base = Plan { seed, ..Plan::new(keys, "feed") }.records().open(&borrowed(&claims(&before, 1)));
    let base = open(&base, trust).unwrap();
    let plan = Plan { previous: Some(&base), seed: seed + 1, ..Plan::new(keys, "feed") }.records();
    let publication = plan.publish(&borrowed(&claims(&after, 2)));
    let delta = publication.delta(&base).unwrap().open(&[]).unwrap().to_vec();
    let snapshot = publication.open(&[]).unwrap().to_vec();
    (base, delta, snapshot)
}

/// T15: every byte of a delta, and every beginning of it.
#[test]
fn an_altered_or_cut_delta_is_refused() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let (base, delta, snapshot) = small(&trust, &centre);
    assert_eq!(applied(&delta, &base, &trust).unwrap().bytes(), snapshot);
    for at in 0..delta.len() {
        let mut bad = delta.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(verified(&bad, &trust).is_err(), "{at}");
    }
    for end in (0..delta.len()).step_by(7) {
        assert!(verified(&delta[..end], &trust).is_err(), "{end}");
    }
    assert_eq!(kind_of(verified(&[delta.as_slice(), &[0]].concat(), &trust)), Some(ErrorKind::TrailingBytes));
    assert_eq!(kind_of(verified(&delta, &trusting(&[bank().card()]))), Some(ErrorKind::Untrusted));
}

/// T18 and T19: what a publisher could sign and must not pass, one fault each.
#[test]
fn signed_deltas_with_one_fault_are_refused() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let forger = Forger::new(&centre.signing);
    let (base, delta, snapshot) = small(&trust, &centre);
    let with = |change: &dyn Fn(&mut LooseDelta)| {
        let mut loose = LooseDelta::of(&delta);
        change(&mut loose);
        applied(&loose.signed(&forger), &base, &trust)
    };
    assert_eq!(with(&|_| {}).unwrap().bytes(), snapshot);
    type Spoil = Box<dyn Fn(&mut LooseDelta)>;
    let cases: Vec<(&str, ErrorKind, Spoil)> = vec![
        ("other publisher", ErrorKind::NotAuthorised, Box::new(|d| d.body["publisher"] = "00".repeat(32).into())),
        ("other feed", ErrorKind::Malformed, Box::new(|d| d.body["feed"] = "other".into())),
        ("other epoch", ErrorKind::Malformed, Box::new(|d| d.body["epoch"] = 2.into())),
        ("epoch zero", ErrorKind::BadManifest, Box::new(|d| d.body["epoch"] = 0.into())),
        ("backwards", ErrorKind::BadManifest, Box::new(|d| d.body["base"]["version"] = 2.into())),
        ("base digest", ErrorKind::Equivocation, Box::new(|d| d.body["base"]["digest"] = "00".repeat(32).into())),
        ("result digest", ErrorKind::Malformed, Box::new(|d| d.body["result"]["digest"] = "00".repeat(32).into())),
        ("result version", ErrorKind::Malformed, Box::new(|d| d.body["result"]["version"] = 3.into())),
        ("length", ErrorKind::Malformed, Box::new(|d| d.body["length"] = ((1_u64 << 53) - 1).into())),
        ("unknown name", ErrorKind::BadManifest, Box::new(|d| d.body["x"] = 1.into())),
        ("record size", ErrorKind::BadManifest, Box::new(|d| d.body["record_size"] = 100.into())),
        ("whole of nothing", ErrorKind::Malformed, Box::new(|d| d.body["whole"] = json!([1]))),
        ("whole tokens", ErrorKind::Malformed, Box::new(|d| d.body["whole"] = json!([2]))),
        ("seven parts", ErrorKind::UnsupportedSection, Box::new(|d| d.body["parts"][6]["type"] = 8.into())),
        ("position beyond", ErrorKind::Malformed, Box::new(|d| d.parts[1] = vec![0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0])),
        ("positions fall", ErrorKind::NotSorted, Box::new(|d| d.parts[1] = vec![1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0])),
        ("position twice", ErrorKind::NotSorted, Box::new(|d| d.parts[1] = vec![1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0])),
        ("a removal less", ErrorKind::Malformed, Box::new(|d| d.parts[1].truncate(8))),
        ("half a position", ErrorKind::BadManifest, Box::new(|d| d.parts[1].truncate(7))),
        ("half a token", ErrorKind::BadManifest, Box::new(|d| d.parts[2].truncate(7))),
        ("tokens fall", ErrorKind::NotSorted, Box::new(|d| d.parts[2].rotate_left(16))),
        ("a record less", ErrorKind::BadManifest, Box::new(|d| d.parts[3].truncate(128))),
        ("another token", ErrorKind::HashMismatch, Box::new(|d| d.parts[2][5] ^= 1)),
        ("another record", ErrorKind::HashMismatch, Box::new(|d| d.parts[3][70] ^= 1)),
        ("another change", ErrorKind::HashMismatch, Box::new(|d| d.parts[5][70] ^= 1)),
        ("another place", ErrorKind::BadManifest, Box::new(|d| d.parts[4].clear())),
        ("more whole", ErrorKind::Malformed, Box::new(|d| d.parts[6] = vec![1])),
        ("no result", ErrorKind::Truncated, Box::new(|d| d.parts[0].clear())),
        ("cut result", ErrorKind::Truncated, Box::new(|d| d.parts[0].truncate(100))),
        ("long result", ErrorKind::Malformed, Box::new(|d| d.parts[0].push(0))),
    ];
    for (name, expected, change) in cases {
        assert_eq!(kind_of(with(&*change)), Some(expected), "{name}");
    }
    // The second of three that are out of order is named.
    let error = |change: &dyn Fn(&mut LooseDelta)| with(change).unwrap_err();
    let falling = error(&|d| d.parts[1] = vec![0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!((falling.kind(), falling.position()), (ErrorKind::NotSorted, Some(2)));
    let falling = error(&|d| d.parts[2][16..].rotate_left(16));
    assert_eq!((falling.kind(), falling.position()), (ErrorKind::NotSorted, Some(2)));
    // Both of the result's lengths are looked at, each for itself.
    let stated = "the result's length is not the one that the delta states";
    assert_eq!(error(&|d| d.body["length"] = (snapshot.len() as u64 + 64).into()).message(), stated);
    assert_eq!(error(&|d| d.parts[0].push(0)).message(), stated);
    // Changes without records.
    let unrecorded = error(&|d| {
        d.body["record_size"] = 0.into();
        [3, 5].into_iter().for_each(|part| d.parts[part].clear());
    });
    assert_eq!(unrecorded.kind(), ErrorKind::BadManifest);
    // Zeros up to the end, which no hash covers.
    let mut ended = delta.clone();
    *ended.last_mut().unwrap() = 1;
    let ended = verified(&ended, &trust).unwrap_err();
    assert_eq!((ended.kind(), ended.position()), (ErrorKind::NotZero, Some(delta.len() as u64 - 1)));
    // The record of a removed entry is changed.
    let removed = |d: &mut LooseDelta| d.parts[4] = d.parts[1][..4].to_vec();
    assert_eq!(kind_of(with(&removed)), Some(ErrorKind::Malformed));
    let mut loose = LooseDelta::of(&delta);
    loose.body["parts"][2]["length"] = ((1_u64 << 53) - 16).into();
    loose.body["parts"][3]["length"] = 0.into();
    assert_eq!(kind_of(verified(&loose.signed_as_it_is(&loose.body, &forger), &trust)), Some(ErrorKind::BadManifest));
    loose.body = LooseDelta::of(&delta).body;
    loose.body["record_size"] = 0.into();
    loose.body["parts"][2]["length"] = (1_u64 << 40).into();
    for part in [3, 4, 5] {
        loose.body["parts"][part]["length"] = 0.into();
    }
    assert_eq!(kind_of(verified(&loose.signed_as_it_is(&loose.body, &forger), &trust)), Some(ErrorKind::Malformed));
}

/// T19: a result whose length is all pad, which costs the sender nothing.
#[test]
fn a_long_pad_is_refused_before_memory_is_taken() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let forger = Forger::new(&centre.signing);
    let (base, delta, snapshot) = small(&trust, &centre);
    // A delta to a result with a pad of this length, by where it begins.
    let with_pad = |length: &dyn Fn(u64) -> u64| {
        let mut parts = common::forge::Parts::of(&snapshot);
        let mut start = 0;
        for _ in 0..3 {
            let pad = parts.manifest["sections"].as_array_mut().unwrap().last_mut().unwrap();
            pad["length"] = length(start).into();
            let block = 28 + 32 + parts.manifest.to_string().len() as u64 + 99;
            start = parts.contents.iter().fold(block, |end, content| end.next_multiple_of(64) + content.len() as u64);
            start = start.next_multiple_of(64);
        }
        let (body, total) = (parts.manifest.to_string(), start + length(start));
        let block = forger.block(common::forge::MANIFEST, common::forge::MANIFEST, body.as_bytes(), Some(total));
        let mut loose = LooseDelta::of(&delta);
        loose.body["length"] = total.into();
        loose.body["result"]["digest"] = blake3::Hash::from(common::forge::digest(&block)).to_hex().as_str().into();
        loose.parts[0] = block;
        kind_of(verified(&loose.signed(&forger), &trust))
    };
    assert_eq!(with_pad(&|start| (1 << 36) - start), Some(ErrorKind::SnapshotNeeded));
    // docs/format.md: a quarter of what is before it, and 1,024 bytes.
    assert_eq!(with_pad(&|start| start / 4 + 1_024), None);
    assert_eq!(with_pad(&|start| start / 4 + 1_025), Some(ErrorKind::SnapshotNeeded));
    let delta = verified(&delta, &trust).unwrap();
    assert_eq!(kind_of(delta.apply(&base, snapshot.len() as u64 - 1)), Some(ErrorKind::LimitExceeded));
    delta.apply(&base, snapshot.len() as u64).unwrap();
}

/// The change of a record whose entry was removed is named by its place among the changes, wherever the entry was.
#[test]
fn changes_of_removed_records_are_counted() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let forger = Forger::new(&centre.signing);
    let place = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    // Removed at the very end of the base, and before a kept entry.
    let mut seen = HashSet::new();
    for seed in 7..40 {
        let (base, delta, _) = small_of(&trust, &centre, seed);
        let before = LooseDelta::of(&delta);
        let changed = before.parts[4].clone();
        for gone in before.parts[1].chunks(4).filter(|gone| place(gone) > place(&changed)) {
            let mut loose = LooseDelta::of(&delta);
            loose.parts[4] = [changed.as_slice(), gone].concat();
            let record = loose.parts[5].clone();
            loose.parts[5].extend(record);
            let error = applied(&loose.signed(&forger), &base, &trust).unwrap_err();
            assert_eq!((error.kind(), error.position()), (ErrorKind::Malformed, Some(1)), "{seed}");
            seen.insert(place(gone) == 5);
        }
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
}

#[test]
fn an_issue_in_the_future_is_refused_in_a_delta_too() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let (_, delta, _) = small(&trust, &centre);
    let at = |seconds: u64| {
        kind_of(
            UnverifiedDelta::from_bytes(delta.clone())
                .unwrap()
                .verify(&trust, Timestamp::from_seconds(seconds).unwrap()),
        )
    };
    assert_eq!(at(NOW - 300), None);
    assert_eq!(at(NOW - 301), Some(ErrorKind::NotYetValid));
}

#[test]
fn a_delta_says_where_it_leads_and_shows_no_bytes() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let base = open(&Plan::new(&centre, "feed").open(&listed(&names(0..6))), &trust).unwrap();
    let next = names(3..9);
    let plan = Plan { previous: Some(&base), ..Plan::new(&centre, "feed") };
    let publication = plan.publish(&listed(&next));
    let delta = publication.delta(&base).unwrap();
    let bytes = delta.open(&[]).unwrap();
    assert_eq!(*delta.digest(), common::forge::digest(bytes));
    assert_eq!(format!("{delta:?}"), format!("DeltaFile {{ length: {}, .. }}", bytes.len()));
    let unverified = UnverifiedDelta::from_bytes(bytes.to_vec()).unwrap();
    assert_eq!(
        format!("{unverified:?}"),
        format!("UnverifiedDelta {{ bytes: Shared({} bytes), seal: None }}", bytes.len())
    );
    let read = unverified.verify(&trust, now()).unwrap();
    let result = read.apply(&base, LIMIT).unwrap().verify(&trust, now()).unwrap();
    assert_eq!((read.base(), read.result_digest()), ((1, base.digest()), result.digest()));
    assert_ne!(*read.result_digest(), [0; 32]);
    assert!(!read.sealed());
    assert_eq!(format!("{read:?}"), "Delta { feed: \"feed\", base: 1, result: 2, .. }");
}

#[test]
fn a_publisher_that_could_not_read_its_own_delta_does_not_seal_it() {
    let (mut centre, member) = (centre(), bank());
    centre.signing.recipients.clear();
    let trust = trusting(&[centre.card()]);
    let base = open(&Plan::new(&centre, "feed").open(&domains()), &trust).unwrap();
    let plan = Plan { previous: Some(&base), ..Plan::new(&centre, "feed") };
    let publication = plan.publish(&domains());
    let mut out = Vec::new();
    let sealed = publication.delta(&base).unwrap().seal(&member.card().recipients, &mut FixedEntropy::new(9), &mut out);
    assert_eq!((kind_of(sealed), out), (Some(ErrorKind::BadKey), Vec::new()));
}

/// The same, of a base that a publisher of another version made: its kinds have another canonical form.
#[test]
fn a_new_form_and_a_new_epoch_have_no_delta() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let (base, delta, _) = small(&trust, &centre);
    let mut parts = common::forge::Parts::of(base.bytes());
    parts.manifest["kinds"][0]["form"] = 9.into();
    let other_form = open(&Forger::new(&centre.signing).feed(&parts), &trust).unwrap();
    let plan = Plan { previous: Some(&base), ..Plan::new(&centre, "feed") }.records();
    let publication = plan.publish(&domains());
    assert_eq!(kind_of(publication.delta(&base).map(|_| ())), None);
    assert_eq!(kind_of(publication.delta(&other_form).map(|_| ())), Some(ErrorKind::SnapshotNeeded));
    let mut plan = Plan { previous: Some(&base), seed: 11, ..Plan::new(&centre, "feed") }.records();
    plan.options.new_epoch = true;
    let new_epoch = open(&plan.open(&domains()), &trust).unwrap();
    let delta = verified(&delta, &trust).unwrap();
    assert_eq!(kind_of(delta.apply(&new_epoch, LIMIT)), Some(ErrorKind::SnapshotNeeded));
}

#[test]
fn a_delta_of_a_length_that_is_none_is_refused() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let (_, mut delta, _) = small(&trust, &centre);
    let length = delta.len() as u64 - 1;
    delta.truncate(length as usize);
    delta[52..60].copy_from_slice(&length.to_le_bytes());
    let error = UnverifiedDelta::from_bytes(delta).unwrap_err();
    assert_eq!((error.kind(), error.position()), (ErrorKind::WrongPadding, Some(length)));
}

/// Deltas whose result the publisher signed too, and which no snapshot can come of.
#[test]
fn signed_results_that_do_not_come_of_their_parts_are_refused() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let forger = Forger::new(&centre.signing);
    let (base, delta, snapshot) = small(&trust, &centre);
    // A delta that leads to `feed`, with these parts.
    let leading_to = |feed: &[u8], change: &dyn Fn(&mut LooseDelta)| {
        let mut loose = LooseDelta::of(&delta);
        loose.body["length"] = feed.len().into();
        loose.body["result"]["digest"] = blake3::Hash::from(common::forge::digest(feed)).to_hex().as_str().into();
        loose.parts[0] = feed[..common::forge::signed_length(feed) + 99].to_vec();
        change(&mut loose);
        let delta = verified(&loose.signed(&forger), &trust)?;
        let error = delta.apply(&base, LIMIT).unwrap_err();
        Ok::<_, Error>((error.kind(), error.message()))
    };
    let parts = common::forge::Parts::of(&snapshot);
    let again = forger.feed(&parts);
    let mut loose = LooseDelta::of(&delta);
    loose.body["result"]["digest"] = blake3::Hash::from(common::forge::digest(&again)).to_hex().as_str().into();
    loose.parts[0] = again[..common::forge::signed_length(&again) + 99].to_vec();
    assert_eq!(applied(&loose.signed(&forger), &base, &trust).unwrap().bytes(), again, "the control");

    // Records vanish between two versions of an epoch.
    let mut bare = parts.clone();
    let sections = bare.manifest["sections"].as_array_mut().unwrap();
    let at = sections.iter().position(|section| section["type"] == 5).unwrap();
    sections.remove(at);
    bare.contents.remove(at);
    bare.manifest["record_size"] = 0.into();
    let without_records = |loose: &mut LooseDelta| {
        loose.body["record_size"] = 0.into();
        [3, 4, 5].into_iter().for_each(|part| loose.parts[part].clear());
    };
    assert_eq!(leading_to(&forger.feed(&bare), &without_records).unwrap().0, ErrorKind::BaseMismatch);

    // A section that neither the delta nor the base has.
    let mut more = parts.clone();
    let section = json!({"type": 77, "required": false, "length": 0, "blake3": "00".repeat(32)});
    more.manifest["sections"].as_array_mut().unwrap().insert(2, section);
    more.contents.insert(2, vec![1; 32]);
    let (kind, message) = leading_to(&forger.feed(&more), &|_| {}).unwrap();
    assert_eq!((kind, message.contains("neither")), (ErrorKind::Malformed, true), "{message}");

    // A section that the base has and the result has otherwise, of the same length.
    let with_section = |feed: &[u8], content: u8| {
        let mut parts = common::forge::Parts::of(feed);
        let section = json!({"type": 77, "required": false, "length": 0, "blake3": "00".repeat(32)});
        parts.manifest["sections"].as_array_mut().unwrap().insert(2, section);
        parts.contents.insert(2, vec![content; 32]);
        parts
    };
    let other_base = open(&forger.feed(&with_section(base.bytes(), 1)), &trust).unwrap();
    for (content, expected) in [(1, None), (2, Some(ErrorKind::Malformed))] {
        let result = forger.feed(&with_section(&snapshot, content));
        let mut loose = LooseDelta::of(&delta);
        loose.body["base"]["digest"] = blake3::Hash::from(*other_base.digest()).to_hex().as_str().into();
        loose.body["length"] = result.len().into();
        loose.body["result"]["digest"] = blake3::Hash::from(common::forge::digest(&result)).to_hex().as_str().into();
        loose.parts[0] = result[..common::forge::signed_length(&result) + 99].to_vec();
        let delta = verified(&loose.signed(&forger), &trust).unwrap();
        assert_eq!(kind_of(delta.apply(&other_base, LIMIT)), expected, "{content}");
    }

    // Sections that are longer than what they are made of.
    let mut longer = parts.clone();
    longer.section(2).extend([0; 16]);
    let (kind, message) = leading_to(&forger.feed(&longer), &|_| {}).unwrap();
    assert_eq!((kind, message.contains("sections")), (ErrorKind::Malformed, true), "{message}");

    // Sections that leave a gap before the end that the manifest's block states.
    let total = snapshot.len() as u64;
    let mut short = parts.manifest.clone();
    let pad = short["sections"].as_array_mut().unwrap().last_mut().unwrap();
    pad["length"] = (pad["length"].as_u64().unwrap() - 1).into();
    let gap = forger.file(short.to_string().as_bytes(), &parts.contents, total);
    assert_eq!(kind_of(leading_to(&gap, &|_| {})), Some(ErrorKind::Malformed));
}
