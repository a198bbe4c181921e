//! Promise: what a machine prepared of a verified feed answers as the feed does, obeys trust and time as the feed does, opens for whom
//! the feed opens, and is refused if anybody else wrote it or changed what is read on opening.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{
    Claim, ErrorKind, Feed, FixedEntropy, Guard, Identifier, Kind, LocalKey, Matcher, OprfKey, ParseOptions,
    PreparedFeed, RawInput, RecipientSecret, Report, Scope, SetChoice, Timestamp, TrustStore,
};
use common::forge::{prepared_seal, reseal};
use common::{
    NOW, Plan, bank, centre, claim, copied, domains, identifier, keys, kind_of, now, open, open_at, time, trusting,
};

fn local() -> LocalKey {
    LocalKey::generate(&mut FixedEntropy::new(90)).unwrap()
}

fn prepare(feed: &Feed) -> Vec<u8> {
    let mut file = Vec::new();
    feed.prepare(&local(), &mut FixedEntropy::new(91), &mut file).unwrap();
    file
}

fn take(file: &[u8], secrets: &[RecipientSecret]) -> Result<PreparedFeed, bisik::Error> {
    PreparedFeed::from_bytes(file.to_vec(), &local(), secrets)
}

fn reopened(file: &[u8], secrets: &[RecipientSecret], trust: &TrustStore, at: Timestamp) -> Result<Feed, bisik::Error> {
    take(file, secrets)?.verify(trust, at)
}

fn shown(report: &Report) -> String {
    let hit =
        |hit: &bisik::Hit| format!("{hit:?} {} {:?} {:?} {:?}", hit.expression, hit.hit_id, hit.record, hit.certainty);
    let hits: Vec<_> = report.hits.iter().map(hit).collect();
    format!("{hits:?} {:?}", report.rejected)
}

/// Listed values and strangers, of several kinds.
fn inputs() -> Vec<String> {
    let mut state = 7_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut inputs: Vec<String> = (0..3_000).map(|_| format!("n{}.example", random() % 4_000)).collect();
    inputs.extend((0..500).map(|n| format!("a.b.n{n}.example")));
    inputs.extend(["not a domain".to_owned(), "gov.sg".to_owned(), "com".to_owned()]);
    inputs
}

/// The large sections begin at whole pages, wherever on its page the private part ends.
#[test]
fn heads_of_every_length_leave_the_sections_their_pages() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let mut ends = std::collections::HashSet::new();
    for length in (0..4_096).step_by(16) {
        let mut plan = Plan::new(&centre, "feed");
        // Four bytes a character.
        plan.options.purpose = "\u{20000}".repeat(length / 4);
        let feed = open(&plan.open(&domains()), &trust).unwrap();
        let file = prepare(&feed);
        let end = prepared_seal(&file).unwrap().end;
        ends.insert(end % 4_096 / 64);
        let again = reopened(&file, &[], &trust, now()).unwrap();
        take(&file, &[]).unwrap().check().unwrap();
        assert_eq!(again.bytes(), feed.bytes(), "{length}");
    }
    assert!(ends.len() > 60, "{}", ends.len());
}

/// Whose a file is can be seen without opening it.
#[test]
fn a_prepared_file_names_its_key_and_its_feed() {
    let centre = centre();
    let feed = open(&Plan::new(&centre, "feed").open(&domains()), &trusting(&[centre.card()])).unwrap();
    let file = prepare(&feed);
    assert_eq!(PreparedFeed::sealed_by(&file, &local()).unwrap(), *feed.digest());
    // docs/store.md: the key's id.
    let key = common::forge::bech32_bytes(&local().to_text());
    assert_eq!(file[16..32], blake3::derive_key("bisik 2026 v1 local key id", &key)[..16]);
    let stranger = LocalKey::generate(&mut FixedEntropy::new(92)).unwrap();
    let error = PreparedFeed::sealed_by(&file, &stranger).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::LocalSeal, "prepared with another local key"));
}

#[test]
fn a_prepared_feed_gives_the_reports_and_masks_of_the_feed() {
    let (centre, bank) = (centre(), bank());
    let names: Vec<String> = (0..2_000).map(|n| format!("n{n}.example")).collect();
    let entries: Vec<(Kind, &str, Claim)> = names.iter().map(|name| (Kind::Domain, name.as_str(), claim())).collect();
    let trust = trusting(&[centre.card()]);
    let (inputs, options) = (inputs(), ParseOptions::default());
    let raw: Vec<RawInput<'_>> =
        inputs.iter().map(|value| RawInput { kind: Kind::Domain, value, options: &options }).collect();
    for (set, records) in
        [(SetChoice::Tokens, false), (SetChoice::Tokens, true), (SetChoice::Bloom, false), (SetChoice::Fuse, false)]
    {
        let mut plan = Plan::new(&centre, "feed").set(set);
        plan.options.records = records;
        let secrets = [copied(&bank.recipient)];
        for sealed in [false, true] {
            let original = if sealed { plan.sealed(&entries, &[&bank]) } else { plan.open(&entries) };
            let feed = open_at(&original, &secrets, &trust, now()).unwrap();
            let file = prepare(&feed);
            take(&file, &secrets).unwrap().check().unwrap();
            let again = reopened(&file, &secrets, &trust, now()).unwrap();
            assert_eq!((again.manifest(), again.digest()), (feed.manifest(), feed.digest()));
            assert_eq!((again.sealed(), again.publisher_name()), (sealed, feed.publisher_name()));
            assert_eq!(again.signed_block(), feed.signed_block());
            assert_eq!(again.bytes(), feed.bytes(), "put together again");
            // What was prepared can be prepared.
            let twice = reopened(&prepare(&again), &secrets, &trust, now()).unwrap();
            let matchers = [feed, again, twice].map(|feed| Matcher::new(vec![feed], Guard::default()).unwrap());
            let reports = matchers.each_ref().map(|matcher| matcher.match_raw(&raw, now()).unwrap());
            assert!(reports[0].hits.len() > 1_000 && !reports[0].rejected.is_empty());
            let texts = reports.each_ref().map(shown);
            assert!(texts[0] == texts[1] && texts[0] == texts[2], "{set:?} {records} {sealed}");
            let masks = matchers.each_ref().map(|matcher| {
                let mut mask = vec![0; raw.len()];
                matcher.mask_raw(&raw, now(), &mut mask).unwrap();
                mask
            });
            assert!(masks[0] == masks[1] && masks[0] == masks[2]);
        }
    }
}

#[test]
fn a_prepared_blind_feed_asks_for_its_server() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let key = OprfKey::generate(centre.signing.publisher_id(), "feed", 1, &mut FixedEntropy::new(5)).unwrap();
    let mut plan = Plan::new(&centre, "feed");
    plan.options.blind = Some(key);
    let feed = open(&plan.open(&domains()), &trust).unwrap();
    let again = reopened(&prepare(&feed), &[], &trust, now()).unwrap();
    assert!(again.is_blind());
    assert_eq!(again.bytes(), feed.bytes());
    let matcher = Matcher::new(vec![again], Guard::default()).unwrap();
    let asked = identifier(Kind::Domain, "evil.example");
    assert_eq!(kind_of(matcher.check(&asked, now())), Some(ErrorKind::BlindQueryNeeded));
}

#[test]
fn trust_scope_and_time_hold_for_a_prepared_feed() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let feed = open(&Plan::new(&centre, "feed").open(&domains()), &trust).unwrap();
    let expires = feed.manifest().expires;
    let file = prepare(&feed);
    let open = |trust: &TrustStore, at: Timestamp| kind_of(reopened(&file, &[], trust, at));
    assert_eq!(open(&trust, now()), None);
    assert_eq!(open(&trust, expires), Some(ErrorKind::Expired));
    assert_eq!(open(&trust, time(NOW - 400)), Some(ErrorKind::NotYetValid));
    assert_eq!(open(&TrustStore::new(), now()), Some(ErrorKind::Untrusted));
    assert_eq!(open(&trusting(&[bank().card()]), now()), Some(ErrorKind::Untrusted));
    let mut other = TrustStore::new();
    other.add_card_for(&centre.card(), &["another"]).unwrap();
    assert_eq!(open(&other, now()), Some(ErrorKind::NotAuthorised));
    let mut scoped = trust.clone();
    let scope = Scope { kinds: vec!["phone".into()], ..Scope::default() };
    scoped.set_scope(&centre.signing.publisher_id(), scope).unwrap();
    assert_eq!(open(&scoped, now()), Some(ErrorKind::OutOfScope));
    // One that expires while it is in use.
    let stale = take(&file, &[]).unwrap().verify_stale(&trust, expires).unwrap();
    let matcher = Matcher::new(vec![stale], Guard::default()).unwrap();
    assert_eq!(kind_of(matcher.check(&identifier(Kind::Domain, "evil.example"), expires)), Some(ErrorKind::Expired));
}

#[test]
fn a_prepared_sealed_feed_opens_for_its_recipients_alone_and_shows_nothing() {
    let (centre, bank, telco) = (centre(), bank(), keys("Telco", 55));
    let trust = trusting(&[centre.card()]);
    let mut plan = Plan::new(&centre, "feed");
    plan.options.purpose = "canary-purpose".into();
    let sealed = plan.sealed(&domains(), &[&bank, &telco]);
    let both = [copied(&bank.recipient), copied(&telco.recipient), copied(&keys("Stranger", 56).recipient)];
    let feed = open_at(&sealed, &both, &trust, now()).unwrap();
    let key = common::forge::Parts::of(feed.bytes()).section(1).clone();
    let open_file = open(&plan.open(&domains()), &trust).unwrap();
    let plain = prepare(&open_file);
    let holds = |file: &[u8], needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    let open_key = common::forge::Parts::of(open_file.bytes()).section(1).clone();
    // The control: what is not sealed is there to be seen.
    assert!(holds(&plain, &open_key) && holds(&plain, b"canary-purpose"));
    let file = prepare(&feed);
    assert!(!holds(&file, &key) && !holds(&file, b"canary-purpose") && !holds(&file, feed.signed_block()));
    for secret in &both[..2] {
        assert!(reopened(&file, &[copied(secret)], &trust, now()).unwrap().sealed());
    }
    assert_eq!(kind_of(take(&file, &[copied(&both[2])])), Some(ErrorKind::NoMatchingKey));
    assert_eq!(kind_of(take(&file, &[])), Some(ErrorKind::Sealed));
    // Prepared by the one reader, it does not open for the other: that one opens the feed itself.
    let own = prepare(&open_at(&sealed, &[copied(&bank.recipient)], &trust, now()).unwrap());
    assert_eq!(kind_of(take(&own, &[copied(&telco.recipient)])), Some(ErrorKind::NoMatchingKey));
}

#[test]
fn what_another_machine_prepared_is_refused() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let feed = open(&Plan::new(&centre, "feed").open(&domains()), &trust).unwrap();
    let other = LocalKey::generate(&mut FixedEntropy::new(92)).unwrap();
    let mut file = Vec::new();
    feed.prepare(&other, &mut FixedEntropy::new(91), &mut file).unwrap();
    assert_eq!(kind_of(take(&file, &[])), Some(ErrorKind::LocalSeal));
    // The right name of the key does not make the right key.
    let own = prepare(&feed);
    file[16..32].copy_from_slice(&own[16..32]);
    assert_eq!(kind_of(take(&file, &[])), Some(ErrorKind::LocalSeal));
    // Nor is a feed a prepared one, or the other way round.
    assert_eq!(kind_of(take(feed.bytes(), &[])), Some(ErrorKind::NotAFeed));
    assert_eq!(kind_of(open(&own, &trust)), Some(ErrorKind::NotAFeed));
}

#[test]
fn every_flipped_byte_of_what_is_read_is_refused_and_every_other_is_found_by_the_check() {
    let (centre, bank) = (centre(), bank());
    let trust = trusting(&[centre.card()]);
    let secrets = [copied(&bank.recipient)];
    for set in [SetChoice::Tokens, SetChoice::Bloom, SetChoice::Fuse] {
        let plan = Plan::new(&centre, "feed").set(set);
        let feeds = [plan.open(&domains()), plan.sealed(&domains(), &[&bank])];
        for original in feeds {
            let file = prepare(&open_at(&original, &secrets, &trust, now()).unwrap());
            let seal = prepared_seal(&file).unwrap();
            for at in 0..file.len() {
                let mut bad = file.clone();
                bad[at] ^= 1 << (at % 8);
                let taken = take(&bad, &secrets);
                if at < seal.end {
                    assert!(taken.is_err(), "{set:?}: byte {at} may be anything");
                } else {
                    let kind = kind_of(taken.unwrap().check());
                    assert!(matches!(kind, Some(ErrorKind::HashMismatch | ErrorKind::NotZero)), "{at}: {kind:?}");
                }
            }
        }
    }
}

#[test]
fn every_prefix_and_every_longer_file_is_refused() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let file = prepare(&open(&Plan::new(&centre, "feed").open(&domains()), &trust).unwrap());
    for end in 0..file.len() {
        let kind = kind_of(take(&file[..end], &[])).unwrap();
        assert!(matches!(kind, ErrorKind::Truncated | ErrorKind::NotAFeed), "{end}: {kind:?}");
    }
    let longer = [file.as_slice(), &[0]].concat();
    assert_eq!(kind_of(take(&longer, &[])), Some(ErrorKind::TrailingBytes));
}

/// Whoever has the local key can write what he likes: it is refused or answers something, and nothing worse happens.
#[test]
fn parts_that_do_not_belong_together_are_refused_under_a_good_seal() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let mut plan = Plan::new(&centre, "feed").records();
    plan.seed = 3;
    let file = prepare(&open(&plan.open(&domains()), &trust).unwrap());
    let seal = prepared_seal(&file).unwrap();
    let mut accepted = 0;
    for at in 0..seal.start {
        let mut bad = file.clone();
        bad[at] ^= 1 << (at % 8);
        reseal(&mut bad, &local());
        match reopened(&bad, &[], &trust, now()) {
            Err(error) => assert!(error.kind().code() < 600, "{at}: {error:?}"),
            // The digests of the index are for the check alone.
            Ok(_) => {
                let index = 80 + 2 * 48..80 + 4 * 48;
                assert!(index.contains(&at) && (at - index.start) % 48 >= 16, "byte {at} is not bound to anything");
                assert!(take(&bad, &[]).unwrap().check().is_err());
                accepted += 1;
            }
        }
    }
    assert_eq!(accepted, 64);
    // Another feed's private part.
    let other = prepare(&open(&Plan::new(&centre, "fees").open(&domains()), &trust).unwrap());
    let private = |file: &[u8]| {
        let count = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
        80 + 48 * count..prepared_seal(file).unwrap().start
    };
    let plain = prepare(&open(&Plan::new(&centre, "feed").open(&domains()), &trust).unwrap());
    let (from, to) = (private(&other), private(&plain));
    if from.len() == to.len() {
        let mut mixed = plain.clone();
        mixed[to].copy_from_slice(&other[from]);
        reseal(&mut mixed, &local());
        assert!(reopened(&mixed, &[], &trust, now()).is_err());
    } else {
        panic!("the two feeds were to have private parts of one length");
    }
}

/// What lies behind the seal may change while it is in use.
#[test]
fn altered_sections_answer_wrongly_at_worst() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let names: Vec<String> = (0..300).map(|n| format!("n{n}.example")).collect();
    let entries: Vec<(Kind, &str, Claim)> = names.iter().map(|name| (Kind::Domain, name.as_str(), claim())).collect();
    let asked: Vec<Identifier> = names.iter().map(|name| identifier(Kind::Domain, name)).collect();
    for set in [SetChoice::Tokens, SetChoice::Bloom, SetChoice::Fuse] {
        let mut plan = Plan::new(&centre, "feed").set(set);
        plan.options.records = set == SetChoice::Tokens;
        let file = prepare(&open(&plan.open(&entries), &trust).unwrap());
        let behind = prepared_seal(&file).unwrap().end;
        for seed in 0..24_usize {
            let mut bad = file.clone();
            for (at, byte) in bad.iter_mut().enumerate().skip(behind) {
                match seed {
                    0 => *byte = 0,
                    1 => *byte = 0xFF,
                    2 => *byte = 0x7F,
                    _ if (at * 31 + seed * 97) % (1 + seed * 3) == 0 => *byte = (at * seed) as u8,
                    _ => {}
                }
            }
            let feed = reopened(&bad, &[], &trust, now()).unwrap();
            let matcher = Matcher::new(vec![feed], Guard::default()).unwrap();
            let report = matcher.match_batch(&asked, now()).unwrap();
            assert!(report.hits.len() <= asked.len());
        }
    }
}
