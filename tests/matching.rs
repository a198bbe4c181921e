//! What a listed indicator is hit by, what the hit says, and what never is one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{
    Certainty, Claim, ErrorKind, Feed, Guard, GuardReason, Identifier, Kind, Mask, Matched, Matcher, ParseOptions,
    RawInput, RecordState, SetChoice,
};
use common::forge::{Forger, Parts};
use common::{NOW, Plan, bank, centre, claim, domains, identifier, kind_of, matcher, now, open, plain, time, trusting};

fn feed(id: &str, set: SetChoice, entries: &[(Kind, &str, Claim)]) -> Feed {
    let keys = centre();
    open(&Plan::new(&keys, id).set(set).open(entries), &trusting(&[keys.card()])).unwrap()
}

/// Listed, looked up, how it matched and under what; an empty way for no hit.
const CASES: &[(Kind, &str, Kind, &str, &str, &str)] = &[
    (Kind::Domain, "evil.example", Kind::Domain, "EVIL.example.", "exact", "evil.example"),
    (Kind::Domain, "evil.example", Kind::Domain, "a.b.evil.example", "parent-domain", "evil.example"),
    (Kind::Domain, "a.evil.example", Kind::Domain, "evil.example", "", ""),
    (Kind::Domain, "a.evil.example", Kind::Domain, "b.evil.example", "", ""),
    (Kind::Domain, "evil.example", Kind::Domain, "notevil.example", "", ""),
    (Kind::Domain, "evil.example", Kind::Url, "http://www.evil.example:8080/x?y#z", "url-host", "evil.example"),
    (Kind::Domain, "evil.example", Kind::Email, "someone@mail.evil.example", "email-domain", "evil.example"),
    (Kind::Domain, "bad.github.io", Kind::Url, "https://bad.github.io/x", "url-host", "bad.github.io"),
    (Kind::Domain, "bad.github.io", Kind::Url, "https://good.github.io/x", "", ""),
    (
        Kind::Url,
        "https://evil.example/a/",
        Kind::Url,
        "http://evil.example/a/b.html?c=d",
        "url-prefix",
        "evil.example/a/",
    ),
    (Kind::Url, "https://evil.example/a/b?c", Kind::Url, "http://evil.example/a/b?c#d", "exact", "evil.example/a/b?c"),
    (Kind::Url, "https://evil.example/a/", Kind::Url, "http://evil.example/b/", "", ""),
    (Kind::Url, "https://evil.example/a/", Kind::Url, "http://x.evil.example/a/b", "url-prefix", "evil.example/a/"),
    (Kind::Url, "https://evil.example/", Kind::Domain, "evil.example", "", ""),
    (Kind::Email, "a@evil.example", Kind::Email, "a@EVIL.example", "exact", "a@evil.example"),
    (Kind::Email, "a@evil.example", Kind::Email, "b@evil.example", "", ""),
    (Kind::Email, "a@evil.example", Kind::Domain, "evil.example", "", ""),
    (Kind::Ip, "45.33.0.0/16", Kind::Ip, "45.33.7.8", "network", "45.33.0.0/16"),
    (Kind::Ip, "45.33.7.8", Kind::Ip, "45.33.7.9", "", ""),
    (Kind::Ip, "45.33.0.0/16", Kind::Url, "http://45.33.7.8/login", "url-host", "45.33.0.0/16"),
    (Kind::Ip, "45.33.7.8", Kind::Url, "http://45.33.7.8/login", "url-host", "45.33.7.8"),
    (Kind::Ip, "2606:4700:1::/48", Kind::Ip, "2606:4700:1::7", "network", "2606:4700:1::/48"),
    (Kind::Phone, "+6591234567", Kind::Phone, "+65 9123-4567", "exact", "+6591234567"),
    (Kind::Phone, "+6591234567", Kind::Phone, "+6591234568", "", ""),
    (Kind::Domain, "91234567.example", Kind::Phone, "+6591234567", "", ""),
];

#[test]
fn each_expression_is_found_in_each_set() {
    for set in [SetChoice::Tokens, SetChoice::Bloom, SetChoice::Fuse] {
        for &(listed_kind, listed, kind, raw, matched, expression) in CASES {
            let matcher = matcher(vec![feed("feed", set, &plain(listed_kind, &[listed]))]);
            let report = matcher.check(&identifier(kind, raw), now()).unwrap();
            assert!(report.rejected.is_empty(), "{raw}");
            let what = format!("{set:?}: {listed} and {raw}");
            match report.hits.as_slice() {
                [] => assert_eq!(matched, "", "{what}"),
                [hit] => {
                    assert_eq!((hit.matched.name(), hit.expression.as_str()), (matched, expression), "{what}");
                    assert_eq!((hit.matched_kind, hit.index, hit.feed), (listed_kind, 0, 0), "{what}");
                    assert_eq!(hit.record, RecordState::None);
                    match (set, hit.certainty) {
                        (SetChoice::Tokens, Certainty::Exact) => {}
                        (_, Certainty::Probable { false_positive_rate }) => {
                            assert_eq!(false_positive_rate, matcher.feeds()[0].manifest().set.rate());
                            assert!((1..=bisik::DEFAULT_RATE).contains(&false_positive_rate), "{what}");
                        }
                        (_, certainty) => panic!("{what}: {certainty:?}"),
                    }
                }
                more => panic!("{what}: {} hits", more.len()),
            }
        }
    }
}

#[test]
fn one_hit_a_feed_and_it_is_the_most_specific() {
    let all = [
        plain(Kind::Url, &["http://a.evil.example/x/y?z", "http://a.evil.example/x/", "http://evil.example/"]),
        plain(Kind::Domain, &["a.evil.example", "evil.example"]),
    ]
    .concat();
    let seen = identifier(Kind::Url, "https://a.evil.example/x/y?z");
    let expected = ["a.evil.example/x/y?z", "a.evil.example/x/", "evil.example/", "a.evil.example", "evil.example"];
    for (removed, expected) in expected.iter().enumerate() {
        let matcher = matcher(vec![feed("feed", SetChoice::Tokens, &all[removed..])]);
        let report = matcher.check(&seen, now()).unwrap();
        assert_eq!(report.hits.len(), 1);
        assert_eq!(report.hits[0].expression, *expected);
    }
}

#[test]
fn an_expired_entry_is_no_match_and_a_wider_one_still_is() {
    let keys = centre();
    let until = |seconds| Claim { expires: Some(time(seconds)), ..Claim::default() };
    let entries = [
        (Kind::Domain, "evil.example", Claim { expires: None, ..claim() }),
        (Kind::Domain, "a.evil.example", until(NOW + 100)),
        (Kind::Domain, "only.example", until(NOW + 100)),
    ];
    let file = Plan::new(&keys, "feed").records().open(&entries);
    let matcher = matcher(vec![open(&file, &trusting(&[keys.card()])).unwrap()]);
    let found = |raw: &str, seconds: u64| {
        let report = matcher.check(&identifier(Kind::Domain, raw), time(seconds)).unwrap();
        report.hits.first().map(|hit| (hit.expression.clone(), hit.matched))
    };
    assert_eq!(found("a.evil.example", NOW + 99), Some(("a.evil.example".into(), Matched::Exact)));
    assert_eq!(found("a.evil.example", NOW + 100), Some(("evil.example".into(), Matched::ParentDomain)));
    assert_eq!(found("only.example", NOW + 99), Some(("only.example".into(), Matched::Exact)));
    assert_eq!(found("only.example", NOW + 100), None);
    let report = matcher.check(&identifier(Kind::Domain, "evil.example"), now()).unwrap();
    assert_eq!(report.hits[0].record, RecordState::Opened(Claim { expires: None, ..claim() }));
}

#[test]
fn several_feeds_answer_together_in_order() {
    let (centre, bank) = (centre(), bank());
    let trust = trusting(&[centre.card(), bank.card()]);
    let first = open(&Plan::new(&centre, "one").open(&domains()), &trust).unwrap();
    let second = open(&Plan::new(&bank, "one").set(SetChoice::Fuse).open(&domains()[..2]), &trust).unwrap();
    let third = open(&Plan::new(&centre, "two").open(&plain(Kind::Phone, &["+6591234567"])), &trust).unwrap();
    let matcher = matcher(vec![first, second, third]);
    let inputs: Vec<Identifier> = (0..1_000)
        .map(|n| match n % 4 {
            0 => identifier(Kind::Domain, "evil.example"),
            1 => identifier(Kind::Domain, "login-bank.example"),
            2 => identifier(Kind::Phone, "+6591234567"),
            _ => identifier(Kind::Url, "http://nobody.example/"),
        })
        .collect();
    let report = matcher.match_batch(&inputs, now()).unwrap();
    let places: Vec<_> = report.hits.iter().map(|hit| (hit.index, hit.feed)).collect();
    let expected: Vec<_> = (0..1_000_usize)
        .flat_map(|n| match n % 4 {
            0 => vec![(n, 0), (n, 1)],
            1 => vec![(n, 0)],
            2 => vec![(n, 2)],
            _ => vec![],
        })
        .collect();
    assert_eq!(places, expected);
    // One indicator has another hit id in every feed, and always the same one in a feed.
    assert_ne!(report.hits[0].hit_id, report.hits[1].hit_id);
    assert_eq!(report.hits[0].hit_id, report.hits.iter().find(|hit| hit.index == 4).unwrap().hit_id);
}

#[test]
fn one_feed_cannot_stand_twice() {
    let feeds = vec![feed("one", SetChoice::Tokens, &domains()), feed("one", SetChoice::Fuse, &domains())];
    let error = Matcher::new(feeds, Guard::default()).err().unwrap();
    assert_eq!((error.kind(), error.position()), (ErrorKind::InvalidArgument, Some(1)));
}

/// A publisher without a guard lists bystanders; the reader's own guard holds.
#[test]
fn the_guard_refuses_at_publication_and_suppresses_at_matching() {
    let keys = centre();
    for (kind, raw) in [
        (Kind::Domain, "com"),
        (Kind::Domain, "gov.sg"),
        (Kind::Domain, "github.io"),
        (Kind::Domain, "service.gov.sg"),
        (Kind::Ip, "0.0.0.0/0"),
        (Kind::Ip, "10.1.2.3"),
        (Kind::Phone, "999"),
        (Kind::Phone, "995"),
        (Kind::Phone, "+6518002550000"),
    ] {
        let refused = kind_of(Plan::new(&keys, "feed").try_publish(&plain(kind, &[raw])));
        assert!(matches!(refused, Some(ErrorKind::Guarded | ErrorKind::PublicSuffix)), "{raw}: {refused:?}");
    }
    let mut guard = Guard::default();
    guard.extend([identifier(Kind::Domain, "own-bank.example"), identifier(Kind::Phone, "+6561234567")]);
    assert_eq!(guard.refuses(&identifier(Kind::Url, "http://own-bank.example/")), Some(GuardReason::Caller));
    let mut plan = Plan::new(&keys, "feed");
    plan.options.guard = guard.clone();
    let own = plain(Kind::Email, &["help@own-bank.example"]);
    assert_eq!(kind_of(plan.try_publish(&own)), Some(ErrorKind::Guarded));

    let listed = [plain(Kind::Domain, &["own-bank.example", "evil.example"]), plain(Kind::Phone, &["+6561234567"])];
    let matcher = Matcher::new(vec![feed("feed", SetChoice::Tokens, &listed.concat())], guard).unwrap();
    let inputs = [
        identifier(Kind::Url, "https://www.own-bank.example/login"),
        identifier(Kind::Domain, "evil.example"),
        identifier(Kind::Phone, "+6561234567"),
    ];
    let report = matcher.match_batch(&inputs, now()).unwrap();
    assert_eq!(report.hits.iter().map(|hit| hit.index).collect::<Vec<_>>(), [1]);
    let rejected: Vec<_> = report.rejected.iter().map(|rejection| (rejection.index, rejection.error.kind())).collect();
    assert_eq!(rejected, [(0, ErrorKind::Guarded), (2, ErrorKind::Guarded)]);
}

/// What is listed may be acted upon, and yet the value that was looked up not.
#[test]
fn a_guarded_value_is_not_hit_through_its_relatives() {
    let mut guard = Guard::default();
    guard.extend([identifier(Kind::Domain, "safe.evil.example"), identifier(Kind::Email, "desk@evil.example")]);
    let matcher =
        Matcher::new(vec![feed("feed", SetChoice::Tokens, &plain(Kind::Domain, &["evil.example"]))], guard).unwrap();
    let values = [
        (Kind::Domain, "safe.evil.example"),
        (Kind::Domain, "x.evil.example"),
        (Kind::Url, "https://www.safe.evil.example/a?b"),
        (Kind::Url, "https://www.evil.example/a?b"),
        (Kind::Email, "desk@evil.example"),
        (Kind::Email, "Other@EVIL.example"),
    ];
    let options = ParseOptions::default();
    let raw = values.map(|(kind, value)| RawInput { kind, value, options: &options });
    let parsed = values.map(|(kind, value)| identifier(kind, value));
    for report in [matcher.match_raw(&raw, now()).unwrap(), matcher.match_batch(&parsed, now()).unwrap()] {
        assert_eq!(report.hits.iter().map(|hit| hit.index).collect::<Vec<_>>(), [1, 3, 5]);
        let rejected: Vec<_> = report.rejected.iter().map(|row| (row.index, row.error.kind())).collect();
        assert_eq!(rejected, [0, 2, 4].map(|index| (index, ErrorKind::Guarded)));
    }
}

#[test]
fn raw_values_that_do_not_parse_come_back_by_index() {
    let matcher = matcher(vec![feed("feed", SetChoice::Tokens, &domains())]);
    let options = ParseOptions::default();
    let raw = |kind, value| RawInput { kind, value, options: &options };
    let report = matcher
        .match_raw(
            &[
                raw(Kind::Phone, "9123 4567"),
                raw(Kind::Domain, "evil.example"),
                raw(Kind::Domain, ""),
                raw(Kind::Url, "ftp://evil.example/"),
                raw(Kind::Url, "http://evil.example/"),
            ],
            now(),
        )
        .unwrap();
    assert_eq!(report.hits.iter().map(|hit| hit.index).collect::<Vec<_>>(), [1, 4]);
    let rejected: Vec<_> = report.rejected.iter().map(|rejection| (rejection.index, rejection.error.kind())).collect();
    assert_eq!(rejected, [(0, ErrorKind::MissingRegion), (2, ErrorKind::Empty), (3, ErrorKind::UnsupportedScheme)]);
}

#[test]
fn a_mask_tells_hits_and_rejections_and_nothing_is_written_if_it_does_not_fit() {
    let matcher = matcher(vec![feed("feed", SetChoice::Tokens, &domains())]);
    let options = ParseOptions::default();
    let raw = [(Kind::Domain, "evil.example"), (Kind::Domain, ""), (Kind::Domain, "good.example")]
        .map(|(kind, value)| RawInput { kind, value, options: &options });
    let mut mask = [9; 3];
    matcher.mask_raw(&raw, now(), &mut mask).unwrap();
    assert_eq!(mask, [Mask::HIT, Mask::REJECTED, 0]);
    let error = matcher.mask_raw(&raw[..2], now(), &mut mask).unwrap_err();
    assert_eq!((error.kind(), mask), (ErrorKind::InvalidArgument, [Mask::HIT, Mask::REJECTED, 0]));
    let late = matcher.feeds()[0].manifest().expires;
    let error = matcher.mask_raw(&raw, late, &mut mask).unwrap_err();
    assert_eq!((error.kind(), mask), (ErrorKind::Expired, [Mask::HIT, Mask::REJECTED, 0]));
}

/// Canonical values are looked up without being parsed; nobody may see the difference.
#[test]
fn raw_values_answer_as_their_identifiers_do() {
    let long = format!("http://evil.example/{}", "x".repeat(200));
    let listed = [
        plain(Kind::Phone, &["+6591234567", "+6561234567"]),
        plain(Kind::Account, &["SG:DBSSSGSG:0012345678", "MY:MBBEMYKL:123456789012"]),
        plain(Kind::Domain, &["login-bank.example", "evil.example"]),
        plain(Kind::Url, &[&long, "https://wa.me/6581234567"]),
        plain(Kind::Email, &["jo@gmail.com"]),
    ];
    for set in [SetChoice::Tokens, SetChoice::Fuse] {
        let one = feed("one", set, &listed[..3].concat());
        let matcher = matcher(vec![one, feed("two", set, &listed.concat())]);
        let (deep, options) = (format!("{long}/y/z"), ParseOptions::default());
        let values = [
            (Kind::Phone, "+6591234567"),
            (Kind::Phone, "+65 9123 4567"),
            (Kind::Phone, "+6561234567"),
            (Kind::Phone, "+6591234568"),
            (Kind::Account, "SG:DBSSSGSG:0012345678"),
            (Kind::Account, "sg:dbsssgsg:0012345678"),
            (Kind::Account, "MY:MBBEMYKL:123456789012"),
            (Kind::Account, "SG:DBSSSGSG:0012345679"),
            (Kind::Domain, "a.b.login-bank.example"),
            (Kind::Domain, "bank.example"),
            (Kind::Url, &long),
            (Kind::Url, &deep),
            (Kind::Url, "https://wa.me/6591234567"),
            (Kind::Url, "https://nobody.example/"),
            (Kind::Email, "jo@login-bank.example"),
            (Kind::Email, "j.o@gmail.com"),
        ];
        // More than a tile, and each tile begins with another value.
        let batch: Vec<_> = (0..1_000).map(|n| values[(n * 7 + n / 16) % values.len()]).collect();
        let raw: Vec<_> = batch.iter().map(|&(kind, value)| RawInput { kind, value, options: &options }).collect();
        let parsed: Vec<_> = batch.iter().map(|&(kind, value)| identifier(kind, value)).collect();
        let seen = |report: bisik::Report| -> Vec<_> {
            assert!(report.rejected.is_empty());
            let hits = report.hits.into_iter();
            hits.map(|hit| (hit.index, hit.feed, hit.matched, hit.matched_kind, hit.expression, hit.hit_id)).collect()
        };
        let found = seen(matcher.match_raw(&raw, now()).unwrap());
        assert_eq!(found, seen(matcher.match_batch(&parsed, now()).unwrap()));
        assert_eq!(found, batch_one_by_one(&matcher, &parsed));
        let (mut of_raw, mut of_parsed) = (vec![7; raw.len()], vec![0; raw.len()]);
        matcher.mask_raw(&raw, now(), &mut of_raw).unwrap();
        matcher.mask_batch(&parsed, now(), &mut of_parsed).unwrap();
        let mut by_hits = vec![0; raw.len()];
        found.iter().for_each(|hit| by_hits[hit.0] = Mask::HIT);
        assert_eq!((&of_raw, &of_parsed), (&by_hits, &by_hits));
        assert!(by_hits.contains(&0));
        assert!(found.len() > 1_000 && found.iter().any(|hit| hit.4.len() > 200), "{}", found.len());
    }
}

type Seen = (usize, usize, Matched, Kind, String, [u8; 16]);

fn batch_one_by_one(matcher: &Matcher, identifiers: &[Identifier]) -> Vec<Seen> {
    let mut all = Vec::new();
    for (index, identifier) in identifiers.iter().enumerate() {
        let hits = matcher.check(identifier, now()).unwrap().hits.into_iter();
        all.extend(hits.map(|hit| (index, hit.feed, hit.matched, hit.matched_kind, hit.expression, hit.hit_id)));
    }
    all
}

/// A feed that a later program wrote: the reader says so instead of finding nothing.
#[test]
fn another_form_of_a_kind_is_rejected_and_not_missed() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let listed = [plain(Kind::Phone, &["+6591234567"]), domains()].concat();
    let mut parts = Parts::of(&Plan::new(&keys, "feed").open(&listed));
    let kinds = parts.manifest["kinds"].as_array_mut().unwrap();
    assert_eq!(kinds[1]["name"], "domain");
    kinds[1]["form"] = 2.into();
    let matcher = matcher(vec![open(&Forger::new(&keys.signing).feed(&parts), &trust).unwrap()]);
    let inputs = [
        identifier(Kind::Phone, "+6591234567"),
        identifier(Kind::Domain, "evil.example"),
        identifier(Kind::Url, "http://a.b.c.nobody.example/x/y/z"),
        identifier(Kind::Ip, "45.33.7.8"),
    ];
    let report = matcher.match_batch(&inputs, now()).unwrap();
    assert_eq!(report.hits.iter().map(|hit| hit.index).collect::<Vec<_>>(), [0]);
    let rejected: Vec<_> = report.rejected.iter().map(|rejection| (rejection.index, rejection.error.kind())).collect();
    assert_eq!(rejected, [(1, ErrorKind::FormMismatch), (2, ErrorKind::FormMismatch)]);
}

#[test]
fn kinds_that_this_program_does_not_know_are_no_fault() {
    let keys = centre();
    let mut parts = Parts::of(&Plan::new(&keys, "feed").open(&domains()));
    let kinds = parts.manifest["kinds"].as_array_mut().unwrap();
    kinds.push(serde_json::json!({"kind": 200, "name": "satellite", "form": 1, "data": "", "count": 0}));
    let file = Forger::new(&keys.signing).feed(&parts);
    let feed = open(&file, &trusting(&[keys.card()])).unwrap();
    assert_eq!(feed.manifest().kinds[1].name, "satellite");
    assert!(feed.exposure().iter().all(|row| row.kind == Kind::Domain));
}

/// A filter errs, but not on kinds that the manifest does not name.
#[test]
fn a_kind_that_the_feed_does_not_hold_is_never_hit() {
    let keys = centre();
    let names: Vec<String> = (0..200).map(|n| format!("n{n}.example")).collect();
    let entries: Vec<_> = names.iter().map(|name| (Kind::Domain, name.as_str(), Claim::default())).collect();
    let mut plan = Plan::new(&keys, "feed").set(SetChoice::Bloom);
    plan.options.rate = 300_000_000_000_000;
    let matcher = matcher(vec![open(&plan.open(&entries), &trusting(&[keys.card()])).unwrap()]);
    let strangers: Vec<_> = (0..500).map(|n| identifier(Kind::Domain, &format!("x{n}.example"))).collect();
    assert!(matcher.match_batch(&strangers, now()).unwrap().hits.len() > 20);
    assert!(matcher.match_batch(&self::names(10_000_000, 500), now()).unwrap().hits.is_empty());
}

/// The publisher's fault in one record does not hide the hit, nor the other records.
#[test]
fn an_unreadable_record_is_named_so() {
    let keys = centre();
    let listed: Vec<_> = domains().into_iter().map(|(kind, value, _)| (kind, value, claim())).collect();
    let clean = Parts::of(&Plan::new(&keys, "feed").records().open(&listed));
    let size = clean.manifest["record_size"].as_u64().unwrap() as usize;
    // One byte of salt, commitment, text and tag, in every record but the first.
    for at in [0, 15, 16, 47, 48, size - 17, size - 16, size - 1] {
        let mut parts = clean.clone();
        parts.section(5).chunks_mut(size).skip(1).for_each(|record| record[at] ^= 1);
        let feed = open(&Forger::new(&keys.signing).feed(&parts), &trusting(&[keys.card()])).unwrap();
        let matcher = matcher(vec![feed]);
        let inputs: Vec<_> = listed.iter().map(|&(kind, value, _)| identifier(kind, value)).collect();
        let report = matcher.match_batch(&inputs, now()).unwrap();
        assert_eq!(report.hits.len(), 4);
        let unreadable = report.hits.iter().filter(|hit| hit.record == RecordState::Unreadable).count();
        let opened = report.hits.iter().filter(|hit| hit.record == RecordState::Opened(claim())).count();
        assert_eq!((unreadable, opened), (3, 1), "byte {at}");
    }
    // Records in each other's places.
    let mut parts = clean;
    parts.section(5).rotate_left(size);
    let feed = open(&Forger::new(&keys.signing).feed(&parts), &trusting(&[keys.card()])).unwrap();
    let report = matcher(vec![feed]).check(&identifier(Kind::Domain, "evil.example"), now()).unwrap();
    assert_eq!(report.hits[0].record, RecordState::Unreadable);
}

/// Names that a publisher lists, and as many that it does not.
fn names(from: usize, count: usize) -> Vec<Identifier> {
    (from..from + count).map(|n| identifier(Kind::Wallet, &format!("0x{n:040x}"))).collect()
}

#[test]
fn nothing_listed_is_missed_and_strangers_are_hit_as_often_as_the_manifest_says() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let listed: Vec<String> = names(10_000_000, 100_000).iter().map(|name| name.canonical().to_owned()).collect();
    let entries: Vec<_> = listed.iter().map(|name| (Kind::Wallet, name.as_str(), Claim::default())).collect();
    let (members, strangers) = (names(10_000_000, 100_000), names(20_000_000, 300_000));
    for (set, rate) in
        [(SetChoice::Tokens, 1), (SetChoice::Bloom, 1_000_000_000_000), (SetChoice::Fuse, 5_000_000_000_000)]
    {
        let mut plan = Plan::new(&keys, "feed").set(set);
        plan.options.rate = rate;
        let matcher = matcher(vec![open(&plan.open(&entries), &trust).unwrap()]);
        let stated = matcher.feeds()[0].manifest().set.rate();
        assert!(stated <= rate);
        assert_eq!(matcher.match_batch(&members, now()).unwrap().hits.len(), members.len());
        let hits = matcher.match_batch(&strangers, now()).unwrap().hits.len() as f64;
        let expected = strangers.len() as f64 * stated as f64 / 1e15;
        assert!((hits - expected).abs() <= 5.0 * expected.sqrt(), "{set:?}: {hits} hits, {expected} expected");
    }
}
