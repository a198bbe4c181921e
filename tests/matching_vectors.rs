//! The vectors of feeds and look-ups that Rust, C and Python share: `tests/vectors/matching.json`, made by `cargo xtask vectors`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use bisik::{
    Card, Guard, Kind, Matcher, ParseOptions, RawInput, RecipientSecret, RecordState, Timestamp, TrustStore,
    UnverifiedFeed,
};
use serde_json::{Value, json};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn feeds_give_what_the_vectors_say() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/matching.json")).unwrap();
    let now = Timestamp::from_seconds(vectors["now"].as_u64().unwrap()).unwrap();
    let mut trust = TrustStore::new();
    trust.add_card(&Card::parse(vectors["card"].as_str().unwrap()).unwrap()).unwrap();
    let secret = RecipientSecret::from_text(vectors["identity"].as_str().unwrap()).unwrap();
    let options = ParseOptions::default();
    let mut count = 0;
    for listed in vectors["feeds"].as_array().unwrap() {
        let bytes = unhex(listed["bytes"].as_str().unwrap());
        let feed = UnverifiedFeed::read(bytes.as_slice(), std::slice::from_ref(&secret), 1 << 20).unwrap();
        let feed = feed.verify(&trust, now).unwrap();
        assert_eq!(listed["digest"], hex(feed.digest()));
        let rate = feed.manifest().set.rate();
        let matcher = Matcher::new(vec![feed], Guard::default()).unwrap();
        let look_ups = listed["look_ups"].as_array().unwrap();
        let inputs: Vec<_> = look_ups
            .iter()
            .map(|look_up| RawInput {
                kind: look_up["kind"].as_str().unwrap().parse::<Kind>().unwrap(),
                value: look_up["raw"].as_str().unwrap(),
                options: &options,
            })
            .collect();
        let report = matcher.match_raw(&inputs, now).unwrap();
        for (index, look_up) in look_ups.iter().enumerate() {
            count += 1;
            let rejected = report.rejected.iter().find(|rejection| rejection.index == index);
            assert_eq!(look_up["error"], json!(rejected.map(|rejection| rejection.error.kind().name())), "{look_up}");
            let hit = report.hits.iter().find(|hit| hit.index == index);
            let told = hit.map(|hit| {
                let (record, claim) = match &hit.record {
                    RecordState::None => ("none", bisik::Claim::default()),
                    RecordState::Opened(claim) => ("opened", claim.clone()),
                    RecordState::Unreadable => ("unreadable", bisik::Claim::default()),
                };
                let seconds = |time: Option<Timestamp>| time.map(Timestamp::seconds);
                json!({
                    "matched": hit.matched.name(), "kind": hit.matched_kind.name(), "rate": rate, "hit_id": hex(&hit.hit_id),
                    "expression": hit.expression, "record": record, "category": claim.category,
                    "confidence": claim.confidence, "first_seen": seconds(claim.first_seen),
                    "last_seen": seconds(claim.last_seen), "expires": seconds(claim.expires),
                    "reference": claim.reference, "note": claim.note,
                })
            });
            assert_eq!(look_up["hit"], json!(told), "{look_up}");
        }
    }
    assert!(count >= 17);
}
