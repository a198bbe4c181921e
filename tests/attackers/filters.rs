//! T9: strangers that a filter takes for members, chosen by whoever has its key.

use bisik::{Action, Certainty, Kind, Policy, SetChoice};

use super::common::forge::{Forger, Parts};
use super::common::{Plan, centre, identifier, matcher, now, open, trusting};
use super::{Attacker, common};

const TRIED: usize = 200_000;
/// 10^-3: chance hits enough to count.
const RATE: u64 = 1_000_000_000_000;

fn stranger(n: usize) -> String {
    format!("s{n}.example")
}

fn hits(file: &[u8], trust: &bisik::TrustStore, among: &[String]) -> Vec<usize> {
    let matcher = matcher(vec![open(file, trust).unwrap()]);
    let all: Vec<_> = among.iter().map(|name| identifier(Kind::Domain, name)).collect();
    matcher.match_batch(&all, now()).unwrap().hits.iter().map(|hit| hit.index).collect()
}

/// A scammer with an open feed, or a member, collects names that hit by chance and has them written down as evidence. They hit in
/// no later version: entries are keyed for one version. The control keeps key and version number, as unkeyed filters do.
#[test]
fn false_positives_chosen_today_are_strangers_tomorrow() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let names: Vec<String> = (0..2_000).map(|n| format!("n{n}.example")).collect();
    let listed = common::plain(Kind::Domain, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let strangers: Vec<String> = (0..TRIED).map(stranger).collect();
    for set in [SetChoice::Bloom, SetChoice::Fuse] {
        let plan = |seed, previous| {
            let mut plan = Plan { seed, previous, ..Plan::new(&keys, "feed").set(set) };
            plan.options.rate = RATE;
            plan
        };
        let first = plan(7, None).open(&listed);
        let before = open(&first, &trust).unwrap();
        let second = plan(9, Some(&before)).open(&listed);
        let rate = Parts::of(&second).manifest["set"]["rate"].as_u64().unwrap() as f64 / 1e15;

        // The attack succeeds against the version at hand, as often as the manifest says.
        let chosen: Vec<String> = hits(&first, &trust, &strangers).into_iter().map(|n| strangers[n].clone()).collect();
        let expected = rate * TRIED as f64;
        assert!((chosen.len() as f64 - expected).abs() < 5.0 * expected.sqrt() + 1.0, "{set:?}: {}", chosen.len());
        assert!(!chosen.is_empty());

        // Against the next one it is chance again.
        let again = hits(&second, &trust, &chosen).len();
        assert!(again <= 4 && again < chosen.len(), "{set:?}: {again} of {} again", chosen.len());

        // The control: the same bits under the same key once more.
        let mut parts = Parts::of(&first);
        parts.manifest["expires"] = (parts.manifest["expires"].as_u64().unwrap() - 1).into();
        let repeated = Forger::new(&keys.signing).feed(&parts);
        assert_eq!(hits(&repeated, &trust, &chosen).len(), chosen.len());

        // And whatever hits, a guess alone freezes nothing, however few publishers the policy asks for.
        let matcher = matcher(vec![open(&first, &trust).unwrap()]);
        let report = matcher.check(&identifier(Kind::Domain, &chosen[0]), now()).unwrap();
        assert!(matches!(report.hits[0].certainty, Certainty::Probable { .. }));
        let policy = Policy::parse("min_publishers = 1").unwrap();
        assert_eq!(policy.decide(Kind::Domain, &report.hits, matcher.feeds(), now()).action, Action::Review);
    }
    // An exact set takes none of them.
    let exact = Plan::new(&keys, "feed").open(&listed);
    assert!(hits(&exact, &trust, &strangers).is_empty());
}

/// An outsider has a filter's bytes but not the feed's key: with guessed keys every value is a stranger, those listed as well.
#[test]
fn without_the_key_a_filter_answers_by_chance_for_listed_values_too() {
    let keys = centre();
    let thief = common::keys("Thief", 8);
    let trust = trusting(&[thief.card()]);
    let names: Vec<String> = (0..2_000).map(|n| format!("n{n}.example")).collect();
    let listed = common::plain(Kind::Domain, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut plan = Plan::new(&keys, "feed").set(SetChoice::Bloom);
    plan.options.rate = RATE;
    let file = plan.open(&listed);
    let publisher = *keys.card().publisher_id().unwrap().as_bytes();
    let true_key = Attacker::inside(&file, "feed").feed_key;

    // The thief signs the stolen filter anew, with a feed key of its choice.
    let hits_under = |guess: [u8; 32]| {
        let mut parts = Parts::of(&file);
        *parts.section(1) = guess.to_vec();
        hits(&Forger::new(&keys.signing).feed(&parts), &trusting(&[keys.card()]), &names).len()
    };
    let guesses = [[0; 32], publisher, *blake3::hash(b"feed").as_bytes(), *blake3::hash(&file[..60]).as_bytes()];
    for guess in guesses {
        let found = hits_under(guess);
        assert!(found <= 12, "{found} of {} by chance, 2 expected", names.len());
    }
    assert_eq!(hits_under(true_key), names.len());
    // Under the thief's own name the ids are others, and not even the key helps.
    let mut parts = Parts::of(&file);
    let forger = Forger::new(&thief.signing);
    parts.manifest["publisher"] = forger.key_id().iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
    assert!(hits(&forger.feed(&parts), &trust, &names).len() <= 12);
}
