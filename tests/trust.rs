//! T14, T17, T20 and their neighbours: who may sign what, for whom, and until when.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{Card, ErrorKind, Kind, MAX_EPOCH, MAX_VALIDITY, SetChoice, TrustStore, UnverifiedFeed};
use common::forge::{Forger, MANIFEST, Parts, SEAL_STATEMENT, split};
use common::{
    NOW, Plan, bank, centre, copied, domains, envelope, identifier, keys, kind_of, matcher, now, open, open_at, time,
    trusting,
};

#[test]
fn strangers_are_not_trusted() {
    let (centre, bank) = (centre(), bank());
    let file = Plan::new(&centre, "feed").open(&domains());
    assert_eq!(kind_of(open(&file, &TrustStore::new())), Some(ErrorKind::Untrusted));
    assert_eq!(kind_of(open(&file, &trusting(&[bank.card()]))), Some(ErrorKind::Untrusted));
    open(&file, &trusting(&[bank.card(), centre.card()])).unwrap();
}

#[test]
fn a_card_for_some_feeds_covers_no_other() {
    let centre = centre();
    let mut trust = TrustStore::new();
    trust.add_card_for(&centre.card(), &["phones", "domains"]).unwrap();
    open(&Plan::new(&centre, "domains").open(&domains()), &trust).unwrap();
    let other = Plan::new(&centre, "domain").open(&domains());
    assert_eq!(kind_of(open(&other, &trust)), Some(ErrorKind::NotAuthorised));
    assert_eq!(trust.add_card(&centre.card()).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(trust.add_card_for(&centre.card(), &["Not An Id"]).unwrap_err().kind(), ErrorKind::InvalidName);
    let mut nothing = TrustStore::new();
    nothing.add_card_for(&centre.card(), &[]).unwrap();
    assert_eq!(kind_of(open(&other, &nothing)), Some(ErrorKind::NotAuthorised));
}

#[test]
fn one_trusted_publisher_cannot_speak_for_another() {
    let (centre, bank) = (centre(), bank());
    let trust = trusting(&[centre.card(), bank.card()]);
    let parts = Parts::of(&Plan::new(&centre, "feed").open(&domains()));
    let forged = Forger::new(&bank.signing).feed(&parts);
    assert_eq!(kind_of(open(&forged, &trust)), Some(ErrorKind::NotAuthorised));
    // The control: under its own id the bank may say the same.
    let mut own = parts;
    own.manifest["publisher"] = bank.card().publisher_id().unwrap().to_string().into();
    assert_eq!(open(&Forger::new(&bank.signing).feed(&own), &trust).unwrap().publisher_name(), "Example Bank");
}

#[test]
fn the_name_shown_is_the_one_in_the_readers_own_store() {
    let centre = centre();
    let mut card = centre.card();
    card.name = "As my chief calls it".into();
    let feed = open(&Plan::new(&centre, "feed").open(&domains()), &trusting(&[card])).unwrap();
    assert_eq!(feed.publisher_name(), "As my chief calls it");
    assert_eq!(feed.manifest().name, "Example Anti-Scam Centre");
}

#[test]
fn a_further_key_on_the_card_signs_for_the_first_ones_id() {
    let (old, new) = (centre(), keys("New Key", 44));
    let card = Card {
        name: "Centre".into(),
        publisher: None,
        roots: Vec::new(),
        threshold: 0,
        sequence: 0,
        verifying_keys: vec![old.signing.key.verifying_key(), new.signing.key.verifying_key()],
        recipients: Vec::new(),
    };
    let parts = Parts::of(&Plan::new(&old, "feed").open(&domains()));
    let file = Forger::new(&new.signing).feed(&parts);
    open(&file, &trusting(&[card])).unwrap();
    assert_eq!(kind_of(open(&file, &trusting(&[old.card()]))), Some(ErrorKind::Untrusted));
}

#[test]
fn a_signature_of_another_type_is_no_signature() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let file = Plan::new(&centre, "feed").open(&domains());
    let forger = Forger::new(&centre.signing);
    let end = common::forge::signed_length(&file);
    for (block_type, signed_type, expected) in [
        (MANIFEST, SEAL_STATEMENT, ErrorKind::BadSignature),
        (MANIFEST, 2, ErrorKind::BadSignature),
        (SEAL_STATEMENT, SEAL_STATEMENT, ErrorKind::NotAFeed),
        (2, MANIFEST, ErrorKind::NotAFeed),
    ] {
        let mut bad = forger.block(block_type, signed_type, &file[60..end], Some(file.len() as u64));
        bad.extend_from_slice(&file[bad.len()..]);
        assert_eq!(kind_of(open(&bad, &trust)), Some(expected), "{block_type} {signed_type}");
    }
    let mut good = forger.block(MANIFEST, MANIFEST, &file[60..end], Some(file.len() as u64));
    good.extend_from_slice(&file[good.len()..]);
    open(&good, &trust).unwrap();
}

/// Davis, "Defective Sign & Encrypt": a member seals what it received to somebody else.
#[test]
fn a_forwarded_copy_is_refused_by_an_honest_reader() {
    let (centre, member, other) = (centre(), bank(), keys("Other Bank", 3));
    let file = Plan::new(&centre, "feed").sealed(&domains(), &[&member]);
    let inner = envelope::open(&file, &member.recipient);
    let (statement, feed) = split(&inner);
    let secrets = [copied(&other.recipient)];
    let to_other = |inner: &[u8]| envelope::seal(inner, &[other.recipient.recipient()]);
    let all = trusting(&[centre.card(), member.card()]);
    let only = trusting(&[centre.card()]);

    // As it was: the publisher named others.
    assert_eq!(kind_of(open_at(&to_other(&inner), &secrets, &only, now())), Some(ErrorKind::NotForRecipient));
    // With a statement of the member's own.
    let own = Forger::new(&member.signing).statement(feed, NOW, &[&other.recipient.recipient().to_string()]);
    let own = [own.as_slice(), feed].concat();
    assert_eq!(kind_of(open_at(&to_other(&own), &secrets, &only, now())), Some(ErrorKind::Untrusted));
    assert_eq!(kind_of(open_at(&to_other(&own), &secrets, &all, now())), Some(ErrorKind::NotAuthorised));
    // With a statement that the publisher made about another feed for this reader.
    let another = Plan { seed: 70, ..Plan::new(&centre, "feed") }.sealed(&domains(), &[&other]);
    let another = envelope::open(&another, &other.recipient);
    let mixed = [split(&another).0, feed].concat();
    assert_eq!(kind_of(open_at(&to_other(&mixed), &secrets, &only, now())), Some(ErrorKind::HashMismatch));
    // Without a statement.
    assert_eq!(kind_of(open_at(&to_other(feed), &secrets, &only, now())), Some(ErrorKind::Malformed));
    // The controls: the member reads it, and the publisher's own statement for the other holds.
    open_at(&file, &[copied(&member.recipient)], &only, now()).unwrap();
    let right = Forger::new(&centre.signing).statement(feed, NOW, &[&other.recipient.recipient().to_string()]);
    let right = to_other(&[right.as_slice(), feed].concat());
    open_at(&right, &secrets, &only, now()).unwrap();
    assert_eq!(statement[10], SEAL_STATEMENT);
}

#[test]
fn a_statement_of_the_future_or_with_disordered_tags_is_refused() {
    let (centre, member) = (centre(), bank());
    let trust = trusting(&[centre.card()]);
    let secrets = [copied(&member.recipient)];
    let feed = Plan::new(&centre, "feed").open(&domains());
    let name = member.recipient.recipient().to_string();
    let forger = Forger::new(&centre.signing);
    let sealed =
        |statement: Vec<u8>| envelope::seal(&[statement, feed.clone()].concat(), &[member.recipient.recipient()]);
    open_at(&sealed(forger.statement(&feed, NOW + 300, &[&name])), &secrets, &trust, now()).unwrap();
    let late = sealed(forger.statement(&feed, NOW + 301, &[&name]));
    assert_eq!(kind_of(open_at(&late, &secrets, &trust, now())), Some(ErrorKind::NotYetValid));
    let twice = sealed(forger.statement(&feed, NOW, &[&name, &name]));
    assert_eq!(kind_of(open_at(&twice, &secrets, &trust, now())), Some(ErrorKind::NotSorted));
    for count in [0_u32, 3, 2_048, u32::MAX] {
        let mut body = common::forge::digest(&feed).to_vec();
        body.extend_from_slice(&NOW.to_le_bytes());
        body.extend_from_slice(&[0; 32]);
        body.extend_from_slice(&count.to_le_bytes());
        let bad = sealed(forger.block(SEAL_STATEMENT, SEAL_STATEMENT, &body, None));
        assert_eq!(kind_of(open_at(&bad, &secrets, &trust, now())), Some(ErrorKind::Malformed), "{count}");
    }
}

#[test]
fn a_removed_member_reads_no_further_version_and_the_publisher_reads_all() {
    let (centre, member, left) = (centre(), bank(), keys("Left", 4));
    let trust = trusting(&[centre.card()]);
    let first = Plan::new(&centre, "feed").sealed(&domains(), &[&member, &left]);
    let feed = open_at(&first, &[copied(&left.recipient)], &trust, now()).unwrap();
    let second = Plan { previous: Some(&feed), ..Plan::new(&centre, "feed") }.sealed(&domains(), &[&member]);
    assert_eq!(kind_of(open_at(&second, &[copied(&left.recipient)], &trust, now())), Some(ErrorKind::NoMatchingKey));
    for file in [&first, &second] {
        open_at(file, &[copied(&centre.recipient)], &trust, now()).unwrap();
        open_at(file, &[copied(&left.recipient), copied(&member.recipient)], &trust, now()).unwrap();
        assert_eq!(kind_of(UnverifiedFeed::read(file.as_slice(), &[], common::LIMIT)), Some(ErrorKind::Sealed));
        assert_eq!(kind_of(UnverifiedFeed::from_bytes(file.clone())), Some(ErrorKind::Sealed));
    }
}

#[test]
fn times_hold_to_the_second() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let file = Plan::new(&centre, "feed").open(&domains());
    let expires = NOW + bisik::DEFAULT_VALIDITY;
    let at = |seconds| kind_of(open_at(&file, &[], &trust, time(seconds)));
    assert_eq!(at(expires - 1), None);
    assert_eq!(at(expires), Some(ErrorKind::Expired));
    assert_eq!(at(NOW), None);
    assert_eq!(at(NOW - 300), None);
    assert_eq!(at(NOW - 301), Some(ErrorKind::NotYetValid));
    assert_eq!(at(0), Some(ErrorKind::NotYetValid));
    assert_eq!(at((1 << 53) - 1), Some(ErrorKind::Expired));
}

#[test]
fn a_loaded_feed_expires_and_no_way_in_makes_an_expired_one_match() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let expires = NOW + bisik::DEFAULT_VALIDITY;
    let file = Plan::new(&centre, "feed").open(&domains());
    let seen = identifier(Kind::Domain, "evil.example");
    let own = UnverifiedFeed::from_bytes(file.clone()).unwrap().verify_own(&centre.signing, time(expires + 9)).unwrap();
    for feed in [open(&file, &trust).unwrap(), own] {
        let matcher = matcher(vec![feed]);
        assert_eq!(matcher.check(&seen, time(expires - 1)).unwrap().hits.len(), 1);
        assert_eq!(matcher.check(&seen, time(expires)).unwrap_err().kind(), ErrorKind::Expired);
    }
}

#[test]
fn signed_times_that_cannot_be_are_refused() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let parts = Parts::of(&Plan::new(&centre, "feed").open(&domains()));
    let forger = Forger::new(&centre.signing);
    let with = |changes: &[(&str, u64)]| {
        let mut parts = parts.clone();
        for &(name, value) in changes {
            parts.manifest[name] = value.into();
        }
        kind_of(open(&forger.feed(&parts), &trust))
    };
    assert_eq!(with(&[("expires", NOW + MAX_VALIDITY)]), None);
    assert_eq!(with(&[("epoch_start", NOW - MAX_EPOCH)]), None);
    for bad in [
        &[("expires", NOW + MAX_VALIDITY + 1)][..],
        &[("expires", NOW)],
        &[("expires", 1 << 53)],
        &[("epoch_start", NOW - MAX_EPOCH - 1)],
        &[("epoch_start", NOW + 1)],
        &[("version", 0)],
        &[("version", 1 << 53)],
        &[("epoch", 0)],
        &[("epoch", 1 << 32)],
    ] {
        assert_eq!(with(bad), Some(ErrorKind::BadManifest), "{bad:?}");
    }
    for name in ["expires", "issued", "version", "publisher", "kinds", "tlp", "sections"] {
        let mut parts = parts.clone();
        let removed = parts.manifest.as_object_mut().unwrap().remove(name).unwrap();
        if name == "sections" {
            let body = parts.manifest.to_string();
            let bad = forger.file(body.as_bytes(), &parts.contents, common::forge::padded(2_000));
            assert_eq!(kind_of(open(&bad, &trust)), Some(ErrorKind::BadManifest), "{removed}");
        } else {
            assert_eq!(kind_of(open(&forger.feed(&parts), &trust)), Some(ErrorKind::BadManifest), "{name}");
        }
    }
}

#[test]
fn versions_follow_each_other_within_an_epoch_of_90_days() {
    let (centre, bank) = (centre(), bank());
    let trust = trusting(&[centre.card(), bank.card()]);
    let feed = open(&Plan::new(&centre, "feed").open(&domains()), &trust).unwrap();
    let after = |seconds: u64, new_epoch: bool| {
        let mut plan = Plan { previous: Some(&feed), seed: 8, ..Plan::new(&centre, "feed") };
        (plan.options.now, plan.options.new_epoch) = (time(seconds), new_epoch);
        plan.try_publish(&domains())
            .map(|publication| (publication.manifest().clone(), publication.open(&[]).unwrap().to_vec()))
    };
    let (manifest, file) = after(NOW + MAX_EPOCH, false).unwrap();
    assert_eq!((manifest.version, manifest.epoch, manifest.epoch_start), (2, 1, now()));
    assert_eq!(manifest.previous, Some(*feed.digest()));
    let mut first = Parts::of(feed.bytes());
    let mut second = Parts::of(&file);
    assert_eq!(first.section(1), second.section(1));
    assert_eq!(first.section(2), second.section(2));
    assert_eq!(kind_of(after(NOW + MAX_EPOCH + 1, false)), Some(ErrorKind::EpochTooOld));
    assert_eq!(kind_of(after(NOW - 1, false)), Some(ErrorKind::ClockWentBack));
    let (manifest, file) = after(NOW + MAX_EPOCH + 1, true).unwrap();
    assert_eq!((manifest.version, manifest.epoch), (2, 2));
    assert_eq!((manifest.epoch_start, manifest.previous), (time(NOW + MAX_EPOCH + 1), Some(*feed.digest())));
    assert_ne!(first.section(1), Parts::of(&file).section(1));

    let other = Plan { previous: Some(&feed), ..Plan::new(&centre, "other") };
    assert_eq!(kind_of(other.try_publish(&domains())), Some(ErrorKind::PreviousMismatch));
    let stranger = Plan { previous: Some(&feed), ..Plan::new(&bank, "feed") };
    assert_eq!(kind_of(stranger.try_publish(&domains())), Some(ErrorKind::PreviousMismatch));
    let again = UnverifiedFeed::from_bytes(feed.bytes().to_vec()).unwrap();
    assert_eq!(kind_of(again.verify_own(&bank.signing, now())), Some(ErrorKind::Untrusted));
}

#[test]
fn the_last_version_and_the_last_epoch_are_not_passed() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    for (name, value) in [("version", (1_u64 << 53) - 1), ("epoch", u64::from(u32::MAX))] {
        let mut parts = Parts::of(&Plan::new(&centre, "feed").open(&domains()));
        parts.manifest[name] = value.into();
        let feed = open(&Forger::new(&centre.signing).feed(&parts), &trust).unwrap();
        let mut plan = Plan { previous: Some(&feed), ..Plan::new(&centre, "feed") };
        plan.options.new_epoch = name == "epoch";
        assert!(plan.try_publish(&domains()).is_err(), "{name}");
    }
}

#[test]
fn extensions_are_ignored_unless_they_must_be_understood() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let forger = Forger::new(&centre.signing);
    let with = |ext: serde_json::Value, must: serde_json::Value| {
        let mut parts = Parts::of(&Plan::new(&centre, "feed").open(&domains()));
        parts.manifest["ext"] = ext;
        parts.manifest["must_understand"] = must;
        kind_of(open(&forger.feed(&parts), &trust))
    };
    use serde_json::json;
    assert_eq!(with(json!({"x": {"y": [1, true, "z"]}}), json!([])), None);
    assert_eq!(with(json!({}), json!([])), None);
    assert_eq!(with(json!({"x": 1}), json!(["x"])), Some(ErrorKind::MustUnderstand));
    assert_eq!(with(json!({}), json!(["x"])), Some(ErrorKind::BadManifest));
    assert_eq!(with(json!([]), json!([])), Some(ErrorKind::BadManifest));
    assert_eq!(with(json!({"x": 1}), json!("x")), Some(ErrorKind::BadManifest));
}

/// What a lenient JSON reader lets pass, in files that a trusted key signed.
#[test]
fn manifests_have_one_shape() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let forger = Forger::new(&centre.signing);
    let file = Plan::new(&centre, "feed").set(SetChoice::Fuse).open(&domains());
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut parts = Parts::of(&file);
        change(&mut parts.manifest);
        kind_of(open(&forger.feed(&parts), &trust))
    };
    use serde_json::json;
    assert_eq!(with(&|_| {}), None);
    let bad = Some(ErrorKind::BadManifest);
    assert_eq!(with(&|manifest| manifest["tokens"] = json!(["salted"])), bad);
    assert_eq!(with(&|manifest| manifest["tokens"] = json!({"scheme": "salted", "x": 1})), bad);
    assert_eq!(with(&|manifest| manifest["tokens"] = json!("salted")), bad);
    assert_eq!(with(&|manifest| manifest["set"]["x"] = json!(1)), bad);
    assert_eq!(with(&|manifest| manifest["contact"] = json!(["a", "b", "c", "d"])), bad);
    assert_eq!(with(&|manifest| manifest["contact"] = json!(null)), bad);
    assert_eq!(with(&|manifest| manifest["previous"] = json!(null)), bad);
    assert_eq!(with(&|manifest| manifest["previous"] = json!("A".repeat(64))), bad);
    assert_eq!(with(&|manifest| manifest["tlp"] = json!({"amber": true})), bad);
    assert_eq!(with(&|manifest| manifest["kinds"][0] = json!([3, "domain", 1, "", 4])), bad);
    assert_eq!(with(&|manifest| manifest["more"] = json!(1)), bad);
    assert_eq!(with(&|manifest| manifest["purpose"] = json!("a\u{202e}b")), bad);
    assert_eq!(with(&|manifest| manifest["name"] = json!(" padded")), Some(ErrorKind::InvalidName));
    assert_eq!(with(&|manifest| manifest["feed"] = json!("Feed")), Some(ErrorKind::InvalidName));
    assert_eq!(
        with(&|manifest| manifest["tokens"] =
            json!({"scheme": "blind", "suite": "P256-SHA256", "public_key": "0".repeat(64)})),
        Some(ErrorKind::UnsupportedTokens)
    );
}
