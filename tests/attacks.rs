//! What an opponent tries, with a control that shows that the attempt succeeds where the defence is missing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{Claim, Identifier, Kind, Matcher, SetChoice};
use common::{Plan, centre, identifier, matcher, now, open, trusting};

/// One in a hundred, in 10^-15.
const RATE: u64 = 10_000_000_000_000;

fn strangers(count: u32) -> Vec<Identifier> {
    (0..count).map(|n| identifier(Kind::Domain, &format!("s{n}.example"))).collect()
}

fn hit(matcher: &Matcher, values: &[Identifier]) -> Vec<Identifier> {
    let report = matcher.match_batch(values, now()).unwrap();
    report.hits.iter().map(|hit| values[hit.index].clone()).collect()
}

/// Within five standard deviations of what chance gives.
fn by_chance(hits: usize, tries: usize) -> bool {
    let expected = tries as f64 * RATE as f64 / 1e15;
    (hits as f64 - expected).abs() <= 5.0 * expected.sqrt().max(1.0)
}

/// T9: whoever has a filter finds values that it takes for listed, and could have an innocent one of them turned away. They are worth
/// nothing against the next version, another feed, or another publisher's copy of the list: each filter has a key of its own.
#[test]
fn chosen_false_positives_are_good_for_one_version_of_one_feed() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let listed: Vec<String> = (0..2_000).map(|n| format!("listed{n}.example")).collect();
    let entries: Vec<_> = listed.iter().map(|name| (Kind::Domain, name.as_str(), Claim::default())).collect();
    let values = strangers(60_000);
    for set in [SetChoice::Bloom, SetChoice::Fuse] {
        let plan = |feed: &str| {
            let mut plan = Plan::new(&keys, feed).set(set);
            plan.options.rate = RATE;
            plan
        };
        let first = plan("feed").open(&entries);
        let at = |file: &[u8]| matcher(vec![open(file, &trust).unwrap()]);
        let chosen = hit(&at(&first), &values);
        assert!(chosen.len() > 100, "{set:?}: the attack finds nothing to begin with: {}", chosen.len());

        // The control: the same filter again takes every one of them.
        let again = plan("feed").open(&entries);
        assert_eq!(hit(&at(&again), &chosen).len(), chosen.len(), "{set:?}");

        let before = open(&first, &trust).unwrap();
        let next = Plan { previous: Some(&before), seed: 8, ..plan("feed") }.open(&entries);
        let other = plan("other").open(&entries);
        for (what, file) in [("the next version", next), ("another feed", other)] {
            let hits = hit(&at(&file), &chosen).len();
            assert!(by_chance(hits, chosen.len()), "{set:?}, {what}: {hits} of {}", chosen.len());
        }
    }
}
