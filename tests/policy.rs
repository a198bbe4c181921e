//! T21: one publisher's word, a filter's guess, an old or half-hearted claim freeze nobody's account.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{Action, Claim, ErrorKind, Feed, KeySet, Kind, Matcher, Policy, Reason, SetChoice, Verdict};
use common::{NOW, Plan, identifier, keys, matcher, now, plain, time, trusting};

const DAY: u64 = 86_400;
const ACCOUNT: &str = "SG:DBSSSGSG:0012345678";

fn feed(keys: &KeySet, name: &str, weight: u32, set: SetChoice, claim: Option<Claim>) -> Feed {
    let mut plan = Plan::new(keys, name).set(set);
    plan.options.records = claim.is_some();
    let mut entries = plain(Kind::Domain, &["evil.example"]);
    entries.extend(plain(Kind::Account, &[ACCOUNT]));
    entries.iter_mut().for_each(|(_, _, said)| *said = claim.clone().unwrap_or_default());
    let mut trust = trusting(&[keys.card()]);
    trust.set_weight(&keys.card().publisher_id().unwrap(), weight).unwrap();
    common::open(&plan.open(&entries), &trust).unwrap()
}

fn exact(keys: &KeySet, name: &str) -> Feed {
    feed(keys, name, 1, SetChoice::Tokens, None)
}

fn said(keys: &KeySet, confidence: Option<u8>, last_seen: Option<u64>) -> Feed {
    let claim = Claim { confidence, last_seen: last_seen.map(time), ..Claim::default() };
    feed(keys, "feed", 1, SetChoice::Tokens, Some(claim))
}

fn decide(policy: &str, feeds: Vec<Feed>) -> Verdict {
    let matcher: Matcher = matcher(feeds);
    let report = matcher.check(&identifier(Kind::Domain, "evil.example"), now()).unwrap();
    Policy::parse(policy).unwrap().decide(Kind::Domain, &report.hits, matcher.feeds(), now())
}

fn three() -> [KeySet; 3] {
    [keys("One", 1), keys("Two", 2), keys("Three", 3)]
}

#[test]
fn one_source_is_for_review_and_two_may_be_acted_upon() {
    let [one, two, _] = three();
    let alone = decide("", vec![exact(&one, "feed")]);
    assert_eq!(alone.action, Action::Review);
    let expected = [Reason::Counted { publishers: 1, weight: 1 }, Reason::TooFewPublishers { have: 1, need: 2 }];
    assert_eq!(alone.reasons, expected);
    let both = decide("", vec![exact(&one, "feed"), exact(&two, "feed")]);
    assert_eq!((both.action, both.reasons), (Action::Act, vec![Reason::Counted { publishers: 2, weight: 2 }]));
    assert_eq!(decide("min_publishers = 1", vec![exact(&one, "feed")]).action, Action::Act);
    assert_eq!(decide("min_publishers = 3", vec![exact(&one, "feed"), exact(&two, "feed")]).action, Action::Review);
    // No hit, no action.
    assert_eq!(Policy::default().decide(Kind::Domain, &[], &[], now()).action, Action::Review);
}

/// Publishers are counted, not feeds.
#[test]
fn two_feeds_of_one_publisher_are_one_voice() {
    let [one, two, _] = three();
    let same = decide("", vec![exact(&one, "a"), exact(&one, "b"), exact(&one, "c")]);
    assert_eq!(same.action, Action::Review);
    assert_eq!(same.reasons[0], Reason::Counted { publishers: 1, weight: 1 });
    assert_eq!(decide("", vec![exact(&one, "a"), exact(&one, "b"), exact(&two, "c")]).action, Action::Act);
}

#[test]
fn a_probable_hit_alone_is_never_acted_upon() {
    let [one, two, three] = three();
    let filter = |keys| feed(keys, "feed", 9, SetChoice::Fuse, None);
    for policy in ["", "min_publishers = 1", "probable = support", "min_publishers = 1\nprobable = support"] {
        let verdict = decide(policy, vec![filter(&one), filter(&two), filter(&three)]);
        assert_eq!(verdict.action, Action::Review, "{policy}");
        assert!(verdict.reasons.contains(&Reason::OnlyProbable), "{policy}");
    }
    // Beside an exact one it counts if the policy says so.
    let pair = || vec![exact(&one, "feed"), filter(&two)];
    let verdict = decide("", pair());
    assert_eq!(verdict.action, Action::Review);
    assert!(verdict.reasons.contains(&Reason::ProbableNotCounted(1)));
    assert_eq!(decide("probable = support", pair()).action, Action::Act);
    assert_eq!(decide("probable = review", pair()).action, Action::Review);
    // An exact hit that does not count itself does not carry a probable one.
    let old = || vec![said(&one, None, None), filter(&two), filter(&three)];
    let verdict = decide("probable = support\nmax_age = 1d", old());
    assert_eq!(verdict.action, Action::Review);
}

#[test]
fn weights_add_up_by_publisher() {
    let [one, two, _] = three();
    let heavy = |keys, weight| feed(keys, "feed", weight, SetChoice::Tokens, None);
    let policy = "min_publishers = 1\nmin_weight = 10";
    let verdict = decide(policy, vec![heavy(&one, 9)]);
    assert_eq!(verdict.action, Action::Review);
    assert!(verdict.reasons.contains(&Reason::TooLittleWeight { have: 9, need: 10 }));
    assert_eq!(decide(policy, vec![heavy(&one, 10)]).action, Action::Act);
    assert_eq!(decide(policy, vec![heavy(&one, 9), heavy(&two, 1)]).action, Action::Act);
    assert_eq!(decide(policy, vec![heavy(&one, 9), heavy(&two, 0)]).action, Action::Review);
}

#[test]
fn claims_count_if_confident_and_recent_enough() {
    let [one, two, _] = three();
    let pair = |confidence, last_seen| vec![said(&one, Some(95), Some(NOW - 5)), said(&two, confidence, last_seen)];
    let policy = "min_confidence = 60\nmax_age = 30d";
    assert_eq!(decide(policy, pair(Some(60), Some(NOW - 30 * DAY))).action, Action::Act);
    for (confidence, last_seen, reason) in [
        (Some(59), Some(NOW), Reason::LowConfidence(1)),
        (None, Some(NOW), Reason::NoConfidence(1)),
        (Some(99), Some(NOW - 30 * DAY - 1), Reason::TooOld(1)),
        (Some(99), None, Reason::UnknownAge(1)),
    ] {
        let verdict = decide(policy, pair(confidence, last_seen));
        assert_eq!(verdict.action, Action::Review, "{reason:?}");
        assert!(verdict.reasons.contains(&reason), "{:?}", verdict.reasons);
        assert!(verdict.reasons.contains(&Reason::TooFewPublishers { have: 1, need: 2 }));
    }
    // Feeds without records say neither.
    let verdict = decide(policy, vec![exact(&one, "feed"), exact(&two, "feed")]);
    assert_eq!((verdict.action, verdict.reasons[2]), (Action::Review, Reason::NoConfidence(2)));
    assert_eq!(decide("min_confidence = 0", vec![exact(&one, "feed"), exact(&two, "feed")]).action, Action::Act);
}

#[test]
fn a_kind_can_have_a_rule_of_its_own() {
    let [one, two, _] = three();
    let policy =
        Policy::parse("min_publishers = 1\nmax_age = 2h # of all kinds\n[account]\nmin_publishers = 3\n").unwrap();
    assert_eq!(policy.rule(Kind::Account).max_age, Some(7_200), "what a kind does not say is what is said for all");
    let matcher = matcher(vec![said(&one, None, Some(NOW)), said(&two, None, Some(NOW))]);
    for (kind, raw, action) in [(Kind::Domain, "evil.example", Action::Act), (Kind::Account, ACCOUNT, Action::Review)] {
        let report = matcher.check(&identifier(kind, raw), now()).unwrap();
        assert_eq!(policy.decide(kind, &report.hits, matcher.feeds(), now()).action, action);
    }
}

#[test]
fn faulty_lines_are_named() {
    for (text, line) in [
        ("min_publishers = 0", 1),
        ("min_publishers = two", 1),
        ("min_publishers", 1),
        ("\n# fine\nmin_confidence = 101", 3),
        ("max_age = 90", 1),
        ("max_age = 0d", 1),
        ("max_age = -1d", 1),
        ("max_age = 99999999999999999999d", 1),
        ("max_age = +1d", 1),
        ("probable = act", 1),
        ("min_publisher = 2", 1),
        ("min_weight = 1\nmin_weight = 2", 2),
        ("[fax]", 1),
        ("[phone]\n[phone]", 2),
        ("[phone]\nmin_weight = 1\nmin_weight = 1", 3),
        ("min_weight = 1000001", 1),
    ] {
        let error = Policy::parse(text).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::BadPolicy, Some(line)), "{text}");
    }
    assert_eq!(Policy::parse("").unwrap(), Policy::default());
    assert_eq!(Policy::parse(&"#".repeat(70_000)).unwrap_err().kind(), ErrorKind::BadPolicy);
}

#[test]
fn reasons_explain_themselves() {
    let [one, _, _] = three();
    let verdict = decide("min_weight = 5", vec![exact(&one, "feed")]);
    let words: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["1 publisher of weight 1 counts", "1 of 2 publishers", "weight 1 of 5"]);
    assert_eq!(verdict.reasons[1].name(), "too-few-publishers");
    assert_eq!((Action::Act.name(), Action::Review.name()), ("act", "review"));
}

#[test]
fn every_reason_has_a_name_and_a_sentence() {
    for (reason, name, sentence) in [
        (Reason::Counted { publishers: 1, weight: 3 }, "counted", "1 publisher of weight 3 counts"),
        (Reason::Counted { publishers: 2, weight: 3 }, "counted", "2 publishers of weight 3 count"),
        (Reason::TooFewPublishers { have: 1, need: 2 }, "too-few-publishers", "1 of 2 publishers"),
        (Reason::TooLittleWeight { have: 1, need: 5 }, "too-little-weight", "weight 1 of 5"),
        (Reason::OnlyProbable, "only-probable", "only probable hits"),
        (Reason::ProbableNotCounted(1), "probable-not-counted", "1 hit probable, not counted"),
        (Reason::LowConfidence(2), "low-confidence", "2 hits of too little confidence"),
        (Reason::NoConfidence(1), "no-confidence", "1 hit without a confidence"),
        (Reason::TooOld(2), "too-old", "2 hits seen too long ago"),
        (Reason::UnknownAge(1), "unknown-age", "1 hit without a time"),
        (Reason::UnreadableRecord(1), "unreadable-record", "1 hit whose record does not open"),
    ] {
        assert_eq!((reason.name(), reason.to_string().as_str()), (name, sentence));
    }
}

/// A record that its publisher spoiled says nothing of confidence, and the hit does not count.
#[test]
fn a_hit_whose_record_does_not_open_does_not_count() {
    let [one, two, _] = three();
    let spoiled = |keys: &KeySet| {
        let file = Plan::new(keys, "feed").records().open(&common::plain(Kind::Domain, &["evil.example"]));
        let mut parts = common::forge::Parts::of(&file);
        parts.section(5)[20] ^= 1;
        common::open(&common::forge::Forger::new(&keys.signing).feed(&parts), &common::trusting(&[keys.card()]))
            .unwrap()
    };
    let verdict = decide("min_confidence = 0", vec![exact(&one, "feed"), spoiled(&two)]);
    assert_eq!(verdict.action, Action::Review);
    assert!(verdict.reasons.contains(&Reason::UnreadableRecord(1)), "{:?}", verdict.reasons);
    assert_eq!(decide("min_confidence = 0", vec![exact(&one, "feed"), exact(&two, "feed")]).action, Action::Act);
}
