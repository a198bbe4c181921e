//! The life of feeds: trust stores and what changes them, memories, retractions, policies.

use bisik::{
    Card, ErrorKind, FixedEntropy, History, KeySet, Kind, Policy, Remembered, RetractionList, SigningKey, TrustStore,
    UsedVersions,
};

use super::files::{NOW, world};
use super::forge::Forger;

/// A store's text is read as it was written.
pub fn trust_store(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(store) = TrustStore::parse(text) {
        assert_eq!(TrustStore::parse(&store.to_text()).unwrap(), store);
        let mut joined = store.clone();
        joined.join(store.clone()).expect("a store joins itself");
        assert_eq!(joined, store);
        for publisher in store.publishers() {
            assert!(usize::from(publisher.threshold) <= publisher.roots.len());
            assert!(publisher.keys.iter().all(|known| !publisher.revoked.contains(&known.key.key_id())));
        }
    }
}

/// A publisher with one root, whose key signs whatever is given.
fn rooted() -> (Forger, TrustStore) {
    let mut entropy = FixedEntropy::new(41);
    let keys = KeySet::generate("Centre", &mut entropy).unwrap();
    let root = KeySet::generate("Root", &mut FixedEntropy::new(42)).unwrap();
    let card = Card { roots: vec![root.signing.key.verifying_key()], threshold: 1, ..keys.card() };
    let mut trust = TrustStore::new();
    trust.add_card(&card).unwrap();
    (Forger::new(&root.signing), trust)
}

/// The body of a rotation (first byte even) or revocation that the root signs, whatever it says. What is taken in keeps the store whole.
pub fn trust_update(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    if body.is_empty() || body.len() > 1 << 16 {
        return;
    }
    let (forger, before) = rooted();
    let kind = 6 + (first & 1);
    let mut trust = before.clone();
    match trust.update(&forger.block(kind, kind, body, None), world_now()) {
        Ok(_) => {
            assert!(trust.publishers()[0].sequence > before.publishers()[0].sequence);
            assert_eq!(trust.publishers()[0].id, before.publishers()[0].id, "the publisher id stays");
            assert_eq!(TrustStore::parse(&trust.to_text()).unwrap(), trust);
            let again = trust.clone().update(&forger.block(kind, kind, body, None), world_now());
            assert!(again.is_err(), "a statement was taken in twice");
        }
        Err(_) => assert_eq!(trust, before, "a refusal changed the store"),
    }
    assert!(trust.update(body, world_now()).is_err(), "a statement without a root's signature was taken in");
}

fn world_now() -> bisik::Timestamp {
    bisik::Timestamp::from_seconds(NOW).unwrap()
}

/// The texts of both memories.
pub fn memory(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(history) = History::parse(text) {
        assert_eq!(History::parse(&history.to_text()).unwrap(), history);
    }
    if let Ok(used) = UsedVersions::parse(text) {
        assert_eq!(UsedVersions::parse(&used.to_text()).unwrap(), used);
    }
    if let Ok(hit) = Remembered::parse(text) {
        assert_eq!(Remembered::parse(&hit.to_line()).unwrap(), hit);
    }
}

/// A policy's text.
pub fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Policy::parse(text) {
        Ok(policy) => {
            for &kind in Kind::ALL {
                assert!(policy.rule(kind).min_publishers > 0 && policy.rule(kind).min_confidence <= 100);
            }
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::BadPolicy),
    }
}

/// The body of a list of retractions that the centre signs.
pub fn retraction_list(data: &[u8]) {
    let world = world();
    if data.is_empty() || data.len() > 1 << 16 {
        return;
    }
    assert!(RetractionList::read(data, world.trust(), world_now()).is_err(), "an unsigned list was taken");
    let block = world.forger().block(5, 5, data, None);
    if let Ok(list) = RetractionList::read(&block, world.trust(), world_now()) {
        assert!(list.entries.windows(2).all(|pair| (pair[0].epoch, pair[0].hit_id) < (pair[1].epoch, pair[1].hit_id)));
    }
}

/// Seeds that are made, by target.
pub fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let (_, trust) = rooted();
    let root = KeySet::generate("Root", &mut FixedEntropy::new(42)).unwrap().signing;
    let keys: &SigningKey = &root.key;
    let publisher = &trust.publishers()[0];
    let next = KeySet::generate("Next", &mut FixedEntropy::new(43)).unwrap();
    let card = Card {
        publisher: Some(publisher.id),
        roots: vec![keys.verifying_key()],
        threshold: 1,
        sequence: 1,
        ..next.card()
    };
    let rotation = bisik::Rotation { card, issued: world_now(), reset_versions: true }.sign(&[keys]).unwrap();
    let revoked = vec![publisher.keys[0].key.key_id()];
    let revocation = bisik::Revocation { publisher: publisher.id, sequence: 1, issued: world_now(), keys: revoked };
    let revocation = revocation.sign(&[keys]).unwrap();
    let body = |first: u8, block: &[u8]| {
        let length = u32::from_le_bytes(block[44..48].try_into().unwrap()) as usize;
        [&[first], &block[60..60 + length]].concat()
    };
    let mut used = UsedVersions::new();
    used.reserve("fuzz", 1, 2).unwrap();
    let id = publisher.id;
    let history = format!(
        "{{\"bisik_history\":1,\"feeds\":[{{\"publisher\":\"{id}\",\"feed\":\"f\",\"epoch\":1,\"version\":2,\"digest\":\"{id}\",\
         \"issued\":5,\"generation\":0}}]}}"
    );
    let hit = format!(
        "{{\"publisher\":\"{id}\",\"feed\":\"f\",\"epoch\":1,\"version\":2,\"hit_id\":\"{}\",\"time\":5}}",
        "0a".repeat(16)
    );
    let mut list = world().forger().key_id().to_vec();
    list.extend_from_slice(&[4, 0, 0, 0]);
    list.extend_from_slice(b"fuzz");
    list.extend_from_slice(&[2, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    list.extend_from_slice(&[
        1, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 1, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0,
    ]);
    let policy = "min_publishers = 2\nmax_age = 90d # recent\nprobable = support\n[account]\nmin_confidence = 60\nmin_weight = 3\n";
    vec![
        ("trust_store", vec![trust.to_text().into_bytes()]),
        ("trust_update", vec![body(0, &rotation), body(1, &revocation)]),
        ("memory", vec![used.to_text().into_bytes(), history.into_bytes(), hit.into_bytes()]),
        ("policy", vec![policy.as_bytes().to_vec()]),
        ("retraction_list", vec![list]),
    ]
}
