//! What a batch answers is what each of its values answers alone, and what a plain set of what is listed says.
//!
//! `cargo xtask twins` asks for ten million values.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::collections::HashSet;

use bisik::{Identifier, Kind, Mask, ParseOptions, RawInput, SetChoice};
use common::{Plan, centre, identifier, matcher, now, open, plain, trusting};

/// How many values to compare: as many as `BISIK_TWINS` says, otherwise `few`.
fn inputs(few: usize) -> usize {
    std::env::var("BISIK_TWINS").map_or(few, |text| text.parse().unwrap())
}

/// Random numbers, the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * bound as u128) >> 64) as usize
    }
}

const KINDS: [Kind; 7] = [Kind::Phone, Kind::Domain, Kind::Url, Kind::Email, Kind::Ip, Kind::Account, Kind::Handle];

/// A made-up value; half of those below `listed` are listed.
fn value(kind: Kind, place: usize) -> String {
    match kind {
        Kind::Phone => format!("+6591{place:06}"),
        Kind::Domain => format!("n{place:x}.of-{}.example", place % 7),
        Kind::Url => format!("https://n{place:x}.example/a/{}?b=c", place % 9),
        Kind::Email => format!("box{place}@mail-{}.example", place % 900),
        Kind::Ip => format!("45.{}.{}.{}", 33 + place % 3, place / 250 % 250, place % 250),
        Kind::Account => format!("SG:DBSSSGSG:{:010}", place + 1),
        _ => format!("telegram:@user_{place}"),
    }
}

/// The value as people might write it, and sometimes as nobody should.
fn written(random: &mut Random, kind: Kind, value: String) -> String {
    let mut raw = match random.below(12) {
        0 => format!(" {value}"),
        1 => value.to_uppercase(),
        2 if kind == Kind::Domain => format!("a.b.{value}."),
        3 if kind == Kind::Domain => format!("{}.{value}", "long-label-".repeat(5)),
        4 => value.replace('.', "[.]"),
        5 => format!("{value}\u{200B}"),
        _ => value,
    };
    if random.below(10) == 0 {
        let place = random.below(raw.len());
        if raw.is_char_boundary(place) {
            raw.insert(place, ['x', '-', '.', '0', ' ', '@', 'é'][random.below(7)]);
        }
    }
    raw
}

#[test]
fn twin_batches_and_single_values_and_a_plain_set() {
    const PLACES: usize = 4_000;
    let mut listed: Vec<(Kind, String)> = KINDS
        .into_iter()
        .flat_map(|kind| (0..PLACES / 2).step_by(2).map(move |place| (kind, value(kind, place))))
        .collect();
    listed.extend((0..7).map(|place| (Kind::Domain, format!("of-{}.example", place))).take(2));
    let listed_keys: HashSet<(Kind, String)> =
        listed.iter().map(|(kind, value)| (*kind, identifier(*kind, value).match_key().into_owned())).collect();
    let keys = centre();
    let feed = |set, entries: &[(Kind, String)]| {
        let entries: Vec<_> = entries.iter().flat_map(|(kind, value)| plain(*kind, &[value.as_str()])).collect();
        open(
            &Plan::new(&keys, &format!("feed-{set:?}").to_lowercase()).set(set).open(&entries),
            &trusting(&[keys.card()]),
        )
        .unwrap()
    };
    let sets = [SetChoice::Tokens, SetChoice::Fuse, SetChoice::Bloom];
    let matchers: Vec<_> = sets.into_iter().map(|set| matcher(vec![feed(set, &listed)])).collect();
    let all = matcher(sets.into_iter().map(|set| feed(set, &listed)).collect());

    let mut options = ParseOptions::default();
    options.region = Some("SG".to_owned());
    let mut random = Random(5);
    let (mut left, mut hits, mut refused) = (inputs(60_000), 0, 0);
    let expected_at_least = left / 20;
    while left > 0 {
        let count = left.min(1 + random.below(3_000));
        left -= count;
        let raw: Vec<(Kind, String)> = (0..count)
            .map(|_| {
                let kind = KINDS[random.below(KINDS.len())];
                let value = value(kind, random.below(PLACES));
                (kind, written(&mut random, kind, value))
            })
            .collect();
        let inputs: Vec<_> =
            raw.iter().map(|(kind, value)| RawInput { kind: *kind, value, options: &options }).collect();
        // Plainly: parse, go through the expressions, ask a set.
        let plainly: Vec<(u8, Option<String>)> = (raw.iter())
            .map(|(kind, value)| match Identifier::parse_first(*kind, value, &options) {
                Err(_) => (Mask::REJECTED, None),
                Ok(identifier) => {
                    let mut first = None;
                    identifier.for_each_expression(&mut |expression| {
                        if first.is_none() && listed_keys.contains(&(expression.kind, expression.text.to_owned())) {
                            first = Some(expression.text.to_owned());
                        }
                    });
                    (if first.is_some() { Mask::HIT } else { 0 }, first)
                }
            })
            .collect();
        for matcher in &matchers {
            let mut mask = vec![0xff; count];
            matcher.mask_raw(&inputs, now(), &mut mask).unwrap();
            let report = matcher.match_raw(&inputs, now()).unwrap();
            let mut from_report = vec![0; count];
            report.rejected.iter().for_each(|rejection| from_report[rejection.index] |= Mask::REJECTED);
            report.hits.iter().for_each(|hit| from_report[hit.index] |= Mask::HIT);
            assert!(mask == from_report);
            for (number, (expected, expression)) in plainly.iter().enumerate() {
                assert_eq!(mask[number], *expected, "{:?}", raw[number]);
                hits += usize::from(expression.is_some());
                refused += usize::from(*expected == Mask::REJECTED);
            }
            let texts = report.hits.iter().map(|hit| hit.expression.as_str());
            assert!(texts.eq(plainly.iter().filter_map(|(_, expression)| expression.as_deref())));
        }
        // Three feeds answer as one does, thrice.
        let mut mask = vec![0; count];
        all.mask_raw(&inputs, now(), &mut mask).unwrap();
        assert!(mask.iter().eq(plainly.iter().map(|(expected, _)| expected)));
        // Identifiers alone, some of them.
        for (number, (kind, value)) in raw.iter().enumerate().step_by(7) {
            let Ok(identifier) = Identifier::parse_first(*kind, value, &options) else { continue };
            let report = matchers[0].check(&identifier, now()).unwrap();
            assert_eq!(
                report.hits.first().map(|hit| hit.expression.as_str()),
                plainly[number].1.as_deref(),
                "{:?}",
                raw[number]
            );
            assert_eq!(report.hits.len(), usize::from(plainly[number].1.is_some()));
        }
    }
    assert!(hits > expected_at_least && refused > expected_at_least / 10, "{hits} {refused}");
}
