//! T26: neither a value nor a key is ever shown by `Debug`, `Display` or an error.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use std::error::Error as _;
use std::fmt::Debug;

use bisik::{
    BlindOptions, BlindRequest, Card, Claim, Error, FixedEntropy, Guard, HitFinder, Identifier, KeySet, Kind, LocalKey,
    Matcher, OprfKey, ParseOptions, PreparedFeed, PublishOptions, Publisher, RawInput, Recipient, RecipientSecret,
    RetractionReason, Revision, SetChoice, Sighting, SightingAction, SigningFile, SigningKey, UnverifiedFeed,
    UnverifiedSightings, VerifyingKey,
};
use common::forge::{Forger, Parts};
use common::{Plan, bank, centre, copied, identifier, now, open, open_at, trusting};

/// Values of all kinds, good and bad, each with a piece that must not be seen.
const VALUES: &[(Kind, &str, &str)] = &[
    (Kind::Phone, "+6591234567", "91234567"),
    (Kind::Phone, "91234567", "91234567"),
    (Kind::Phone, "+65 CANARY 91234567", "CANARY"),
    (Kind::Phone, "+6591234567 ext 7788", "7788"),
    (Kind::Phone, "+65123456789012345678", "1234567890"),
    (Kind::Email, "canary@evil.example", "canary"),
    (Kind::Email, "canary@@evil.example", "canary"),
    (Kind::Email, "canary", "canary"),
    (Kind::Domain, "canary.example", "canary"),
    (Kind::Domain, "canary..example", "canary"),
    (Kind::Domain, "xn--canary-\u{1F600}.example", "canary"),
    (Kind::Url, "https://canary.example/canary?canary", "canary"),
    (Kind::Url, "https://user:canary@evil.example/", "canary"),
    (Kind::Url, "https://canary:99999/", "canary"),
    (Kind::Url, "canary://canary", "canary"),
    (Kind::Ip, "45.33.77.88", "45.33"),
    (Kind::Ip, "45.33.77.888", "888"),
    (Kind::Account, "SG:DBSSSGSG:0123456789", "0123456789"),
    (Kind::Account, "0123456789", "0123456789"),
    (Kind::Account, "SG:CANARY:0123456789", "CANARY"),
    (Kind::Iban, "GB29NWBK60161331926819", "60161331926819"),
    (Kind::Iban, "GB28NWBK60161331926819", "60161331926819"),
    (Kind::Wallet, "0x52908400098527886E0F7030069857D2E4169EE7", "52908400098527886"),
    (Kind::Wallet, "0x52908400098527886e0F7030069857D2E4169EE7", "52908400098527886"),
    (Kind::Wallet, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "1A1zP1eP5QGefi2"),
    (Kind::Proxy, "canary", "canary"),
    (Kind::Handle, "telegram:canary", "canary"),
    (Kind::SenderId, "CANARY\u{7}", "CANARY"),
    (Kind::Imei, "490154203237519", "49015420"),
    (Kind::Hash, "canary", "canary"),
    (Kind::Mailbox, "can.ary@@gmail.com", "can.ary"),
];

fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {} {}", error.message(), error.advice());
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    text
}

fn silent(what: &dyn Debug, canaries: &[&str]) {
    for text in [format!("{what:?}"), format!("{what:#?}")] {
        for canary in canaries {
            assert!(!text.to_lowercase().contains(&canary.to_lowercase()), "{canary} is shown in {text}");
        }
    }
}

#[test]
fn values_are_in_no_error_and_no_debug_text() {
    let options = ParseOptions::default();
    let (mut good, mut bad) = (0, 0);
    for &(kind, raw, canary) in VALUES {
        let (parsed, steps) = Identifier::explain(kind, raw, &options);
        silent(&steps, &[canary]);
        silent(&RawInput { kind, value: raw, options: &options }, &[canary]);
        match parsed {
            Ok(identifier) => {
                good += 1;
                silent(&identifier, &[canary]);
                identifier.for_each_expression(&mut |expression| silent(&expression, &[canary]));
                let mut guard = Guard::default();
                guard.extend([identifier]);
                silent(&guard, &[canary]);
            }
            Err(error) => {
                bad += 1;
                assert!(!shown(&error).to_lowercase().contains(&canary.to_lowercase()), "{kind}: {}", shown(&error));
            }
        }
    }
    assert!(good >= 8 && bad >= 10, "{good} {bad}");
}

#[test]
fn claims_hits_and_reports_show_neither_value_nor_text() {
    let keys = centre();
    let claim = Claim {
        category: Some("canary-category".into()),
        reference: Some("canary-reference".into()),
        note: Some("canary-note".into()),
        ..Claim::default()
    };
    silent(&claim, &["canary"]);
    let entries = [(Kind::Domain, "canary.example", claim)];
    let plan = Plan::new(&keys, "feed").records();
    let publication = plan.publish(&entries);
    silent(&publication, &["canary"]);
    let file = publication.open(&[]).unwrap().to_vec();
    let matcher = common::matcher(vec![open(&file, &trusting(&[keys.card()])).unwrap()]);
    silent(&matcher, &["canary"]);
    let report = matcher.check(&identifier(Kind::Url, "http://canary.example/canary"), now()).unwrap();
    assert_eq!(report.hits.len(), 1);
    silent(&report, &["canary"]);
    silent(&report.hits[0], &["canary"]);
    let options = ParseOptions::default();
    let raw = [RawInput { kind: Kind::Phone, value: "canary", options: &options }];
    silent(&matcher.match_raw(&raw, now()).unwrap(), &["canary"]);
    let bad = [(Kind::Domain, "evil.example", Claim { note: Some("canary\u{7}".into()), ..Claim::default() })];
    assert!(!shown(&plan.try_publish(&bad).unwrap_err()).contains("canary"));
    silent(
        &bisik::Indicator { identifier: identifier(Kind::Domain, "canary.example"), claim: Claim::default() },
        &["canary"],
    );
}

/// A key in the ways that a careless `Debug` would show it.
fn ways(key: &[u8]) -> Vec<String> {
    let hex = blake3_hex(key);
    let list = format!("{:?}", &key[..6]);
    vec![hex[..12].to_owned(), list.trim_matches(['[', ']']).to_owned()]
}

fn blake3_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn keys_are_in_no_debug_text() {
    let (keys, member) = (centre(), bank());
    let (signing, secret) = (keys.signing.key.to_text(), member.recipient.to_text());
    let mut canaries = ways(&common::forge::bech32_bytes(&signing));
    canaries.extend(ways(&common::forge::bech32_bytes(&secret)));
    canaries.extend([signing[20..40].to_owned(), secret[17..40].to_owned()]);
    let listed = [(Kind::Domain, "evil.example", Claim::default())];
    for set in [SetChoice::Tokens, SetChoice::Bloom, SetChoice::Fuse] {
        let plan = Plan::new(&keys, "feed").set(set);
        let feed_key = Parts::of(&plan.open(&listed)).section(1).clone();
        let mut canaries = canaries.clone();
        canaries.extend(ways(&feed_key));
        let canaries: Vec<&str> = canaries.iter().map(String::as_str).collect();
        let mut entropy = FixedEntropy::new(plan.seed);
        let mut publisher =
            Publisher::new(&keys.signing, PublishOptions::new("feed", now()), None, &mut entropy).unwrap();
        publisher.add_raw(Kind::Domain, "evil.example", &ParseOptions::default(), Claim::default()).unwrap();
        silent(&publisher, &canaries);
        silent(&entropy, &canaries);
        silent(&plan.publish(&listed), &canaries);
        let file = plan.sealed(&listed, &[&member]);
        let secrets = [copied(&member.recipient)];
        silent(&secrets, &canaries);
        let unverified = UnverifiedFeed::read(file.as_slice(), &secrets, common::LIMIT).unwrap();
        silent(&unverified, &canaries);
        silent(unverified.outline(), &canaries);
        let feed = open_at(&file, &secrets, &trusting(&[keys.card()]), now()).unwrap();
        silent(&feed, &canaries);
        silent(feed.manifest(), &canaries);
        silent(&Matcher::new(vec![feed], Guard::default()).unwrap(), &canaries);
    }
    let canaries: Vec<&str> = canaries.iter().map(String::as_str).collect();
    silent(&keys, &canaries);
    silent(&member, &canaries);
    silent(&keys.signing, &canaries);
    silent(&keys.signing.key, &canaries);
    silent(&member.recipient, &canaries);
    silent(&keys.card(), &canaries);
}

/// What is held between a file and its use: revisions, streams, deltas, prepared feeds, queries, sightings.
#[test]
fn nothing_is_shown_by_what_stands_between_a_file_and_its_use() {
    let (keys, member) = (centre(), bank());
    let trust = trusting(&[keys.card()]);
    let listed = [(Kind::Domain, "canary.example", Claim { note: Some("canary".into()), ..Claim::default() })];
    let mut plan = Plan::new(&keys, "feed").records();
    let recipient = Some(keys.recipient.recipient().to_string());
    plan.options.contact = Some(bisik::Contact { recipient, ..Default::default() });
    let file = plan.open(&listed);
    let feed_key = Parts::of(&file).section(1).clone();
    let local = LocalKey::generate(&mut FixedEntropy::new(90)).unwrap();
    let local_key = common::forge::bech32_bytes(&local.to_text());
    let mut canaries = vec!["canary".to_owned()];
    let signing = common::forge::bech32_bytes(&keys.signing.key.to_text());
    [&feed_key[..], &local_key, &signing].iter().for_each(|key| canaries.extend(ways(key)));
    let canaries: Vec<&str> = canaries.iter().map(String::as_str).collect();
    silent(&local, &canaries);
    let feed = open(&file, &trust).unwrap();

    let mut publisher =
        Publisher::new(&keys.signing, PublishOptions::new("feed", now()), None, &mut FixedEntropy::new(7)).unwrap();
    publisher.add_raw(Kind::Domain, "canary.example", &ParseOptions::default(), Claim::default()).unwrap();
    silent(&publisher.publish_streamed().unwrap(), &canaries);
    let mut revision = Revision::new(&keys.signing, PublishOptions::following(&feed, now()), &feed).unwrap();
    let reason = RetractionReason::ERROR;
    revision.withdraw_raw(Kind::Domain, "canary.example", &ParseOptions::default(), reason).unwrap();
    revision.add_raw(Kind::Domain, "canary.test", &ParseOptions::default(), Claim::default()).unwrap();
    silent(&revision, &canaries);

    let mut prepared = Vec::new();
    feed.prepare(&local, &mut FixedEntropy::new(91), &mut prepared).unwrap();
    silent(&PreparedFeed::from_bytes(prepared, &local, &[]).unwrap(), &canaries);

    let mut finder = HitFinder::new(&feed, None, [[7; 16]]).unwrap();
    finder.add(1, &identifier(Kind::Domain, "canary.example")).unwrap();
    silent(&finder, &canaries);
    let entropy = &mut FixedEntropy::new(92);
    let sighting = Sighting::new([7; 16], now(), SightingAction::REPORTED, entropy).unwrap();
    let sealed = bisik::seal_sightings(&feed, &[sighting], &member.signing, now(), entropy).unwrap();
    silent(&UnverifiedSightings::open(sealed.as_slice(), &[copied(&keys.recipient)]).unwrap(), &canaries);

    let oprf = OprfKey::generate(keys.signing.publisher_id(), "blind", 1, entropy).unwrap();
    silent(&oprf, &canaries);
    let mut plan = Plan::new(&keys, "blind");
    plan.options.blind = Some(oprf);
    let blind = open(&plan.open(&listed), &trust).unwrap();
    let matcher = common::matcher(vec![blind]);
    let asked = [identifier(Kind::Domain, "canary.example")];
    let asking = BlindOptions::default();
    let prepared = matcher.prepare(&asked, &member.signing.key, &asking, now(), entropy).unwrap();
    silent(&prepared, &canaries);
    silent(&prepared.requests()[0], &canaries);
    let bank = member.signing.key.verifying_key();
    let (request, _) = BlindRequest::read(&prepared.requests()[0].bytes, &|_| Some(bank)).unwrap();
    silent(&request, &canaries);
}

#[test]
fn faulty_key_files_are_not_quoted() {
    let keys = KeySet::generate("Centre", &mut FixedEntropy::new(5)).unwrap();
    let (signing, secret) = (keys.signing.to_text(), keys.recipient.to_text());
    let key_line = signing.lines().find(|line| line.starts_with("BISIK")).unwrap();
    let core = &key_line[25..50];
    let faulty = [
        signing.replace("BISIK-SIGNING-KEY-1", "BISIK-SIGNING-KEY-2"),
        signing.replace(&key_line[19..21], "QQ"),
        signing.to_lowercase(),
        signing.replace("name: Centre\n", ""),
        format!("{}{key_line}\n", *signing),
        format!("{}{}\n", *signing, *secret),
        format!("{}name: x\n", *signing),
    ];
    for text in &faulty {
        for error in [SigningFile::parse(text).map(drop), Card::parse(text).map(drop)] {
            let shown = shown(&error.unwrap_err()).to_uppercase();
            assert!(!shown.contains(core) && !shown.contains(&secret[20..40]), "{shown}");
        }
    }
    let card = Card::parse(&signing).unwrap_err();
    assert!(!shown(&card).contains(core));
    for bad in [&secret[..40], &secret.replace(&secret[20..22], "11"), key_line] {
        let error = RecipientSecret::from_text(bad).unwrap_err();
        assert!(!shown(&error).contains(&secret[24..38]));
        let errors = [bad.parse::<Recipient>().map(drop), bad.parse::<VerifyingKey>().map(drop)];
        for error in errors {
            assert!(!shown(&error.unwrap_err()).contains(&bad[20..30]));
        }
    }
    assert!(!shown(&SigningKey::from_text(&secret).unwrap_err()).contains(&secret[20..40]));
}

#[test]
fn a_bad_manifest_is_not_quoted() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let forger = Forger::new(&keys.signing);
    let clean = Parts::of(&Plan::new(&keys, "feed").open(&common::domains()));
    for (name, value) in [
        ("tlp", "canary"),
        ("name", "canary\u{7}"),
        ("canary", "canary"),
        ("publisher", "canary"),
        ("purpose", "canary\u{202e}"),
        ("feed", "CANARY"),
        ("version", "canary"),
    ] {
        let mut parts = clean.clone();
        parts.manifest[name] = value.into();
        let error = open(&forger.feed(&parts), &trust).unwrap_err();
        assert!(!shown(&error).to_lowercase().contains("canary"), "{}", shown(&error));
    }
}
