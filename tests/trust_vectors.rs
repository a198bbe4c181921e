//! What a publisher's roots sign, as Rust, C and Python share it: `tests/vectors/trust.json`, made by `cargo xtask vectors`.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use bisik::{Card, Timestamp, TrustStore, UnverifiedFeed};
use serde_json::Value;

fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn store(card: &Value) -> TrustStore {
    let mut store = TrustStore::new();
    store.add_card(&Card::parse(card.as_str().unwrap()).unwrap()).unwrap();
    store
}

/// What each step is and has to give: the statement's error, and those of opening the old key's feed and the new key's.
const EXPECTED: [(&str, [Option<&str>; 3]); 12] = [
    ("a revocation that one root of the two signed", [Some("threshold-not-met"), None, Some("untrusted")]),
    ("a rotation that one root of the two signed", [Some("threshold-not-met"), None, Some("untrusted")]),
    ("a rotation from the future", [Some("not-yet-valid"), None, Some("untrusted")]),
    ("the old key is revoked", [None, Some("revoked"), Some("untrusted")]),
    ("the revocation again", [Some("rollback"), Some("revoked"), Some("untrusted")]),
    (
        "a rotation with a byte of its last signature changed",
        [Some("bad-signature"), Some("revoked"), Some("untrusted")],
    ),
    ("the new key takes its place", [None, Some("revoked"), None]),
    ("the rotation again", [Some("rollback"), Some("revoked"), None]),
    ("the revocation after the rotation", [Some("rollback"), Some("revoked"), None]),
    ("a rotation to other roots, of which none signed", [Some("threshold-not-met"), Some("revoked"), None]),
    ("the rotation, by a reader who missed the revocation", [None, Some("untrusted"), None]),
    (
        "a revocation of a publisher whose roots are not known",
        [Some("not-confirmed"), Some("untrusted"), Some("untrusted")],
    ),
];

#[test]
fn statements_do_what_the_vectors_say() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/trust.json")).unwrap();
    let now = Timestamp::from_seconds(vectors["now"].as_u64().unwrap()).unwrap();
    let feeds = [unhex(&vectors["old_feed"]), unhex(&vectors["new_feed"])];
    let mut kept = store(&vectors["card"]);
    let steps = vectors["steps"].as_array().unwrap();
    assert_eq!(steps.len(), EXPECTED.len());
    for (step, (comment, expected)) in steps.iter().zip(EXPECTED) {
        assert_eq!(step["comment"], comment);
        let stated = ["error", "old_feed", "new_feed"].map(|name| step[name].as_str());
        assert_eq!(stated, expected, "{comment}");
        let mut apart = (!step["card"].is_null()).then(|| store(&step["card"]));
        let store = apart.as_mut().unwrap_or(&mut kept);
        let before = store.clone();
        let error = store.update(&unhex(&step["statement"]), now).err();
        assert_eq!(*store == before, error.is_some(), "{comment}");
        let opened = feeds.each_ref().map(|feed| {
            let feed = UnverifiedFeed::from_bytes(feed.clone()).unwrap().verify(store, now);
            feed.err().map(|error| error.kind().name())
        });
        assert_eq!([error.map(|error| error.kind().name()), opened[0], opened[1]], expected, "{comment}");
        assert_eq!(step["sequence"], store.publishers()[0].sequence);
    }
}
