//! Bounds of what a reader's store takes and of what roots sign.

use crate::container::SignedBlock;
use crate::crypto::sign::{KeyId, SignedType, SigningKey};
use crate::entropy::FixedEntropy;
use crate::error::{ErrorKind, Result};
use crate::identifier::Kind;
use crate::keyring::{Card, KeySet};
use crate::manifest::KindCount;
use crate::time::Timestamp;
use crate::trust::{Revocation, Rotation, Scope, TrustStore, Updated};

fn key(seed: u64) -> SigningKey {
    SigningKey::generate(&mut FixedEntropy::new(seed)).unwrap()
}

fn card() -> Card {
    KeySet::generate("Example Centre", &mut FixedEntropy::new(1)).unwrap().card()
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).unwrap()
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn weights_and_names_have_bounds() {
    let mut store = TrustStore::new();
    assert!(store.is_empty());
    store.add_card(&card()).unwrap();
    assert!(!store.is_empty());
    let id = store.publishers()[0].id;
    store.set_weight(&id, 1_000).unwrap();
    assert_eq!(kind(store.set_weight(&id, 1_001)), Some(ErrorKind::InvalidArgument));
    assert_eq!(store.publishers()[0].weight, 1_000);
    for bad in ["", " a", "a\n", &"n".repeat(129)] {
        assert_eq!(kind(store.set_name(&id, bad)), Some(ErrorKind::InvalidName), "{bad:?}");
    }
    store.set_name(&id, &"n".repeat(128)).unwrap();
    assert_eq!(store.publishers()[0].name.len(), 128);
}

#[test]
fn a_scope_has_bounds() {
    let with = |count: usize| {
        let items = |item: &str| vec![item.to_owned(); count];
        [
            Scope { kinds: items("phone"), ..Scope::default() },
            Scope { suffixes: items("sg"), ..Scope::default() },
            Scope { calling_codes: items("65"), ..Scope::default() },
        ]
    };
    assert!(with(256).iter().all(|scope| scope.check().is_ok()));
    assert!(with(257).iter().all(|scope| kind(scope.check()) == Some(ErrorKind::LimitExceeded)));
    let suffix = |length: usize| Scope { suffixes: vec!["a.".repeat(length / 2) + "b"], ..Scope::default() };
    assert_eq!(suffix(252).suffixes[0].len(), 253);
    suffix(252).check().unwrap();
    assert_eq!(kind(suffix(254).check()), Some(ErrorKind::InvalidName));
}

#[test]
fn what_a_publisher_may_publish_bounds_feeds_and_hits() {
    let phones = Scope { kinds: vec!["phone".to_owned()], ..Scope::default() };
    assert!(phones.admits(Kind::Phone, "+6591234567"));
    assert!(!phones.admits(Kind::Domain, "a.example"));
    assert!(Scope::default().admits(Kind::Domain, "a.example"));
    // A whole host is a suffix of itself, whoever stands before the sign.
    let host = Scope { suffixes: vec!["b.sg".to_owned()], ..Scope::default() };
    assert!(host.admits(Kind::Email, "a@b.sg") && host.admits(Kind::Mailbox, "a@c.b.sg"));
    assert!(!host.admits(Kind::Email, "a@cb.sg"));
    let mut manifest = crate::manifest::tests::sample();
    let listed = |count| KindCount {
        kind: Kind::Domain.number(),
        name: "domain".to_owned(),
        form: 1,
        data: String::new(),
        count,
    };
    manifest.kinds = vec![listed(0)];
    phones.check_manifest(&manifest).unwrap();
    manifest.kinds = vec![listed(1)];
    assert_eq!(kind(phones.check_manifest(&manifest)), Some(ErrorKind::OutOfScope));
}

/// The card of a publisher with so many roots, the keys of those first.
fn rooted(roots: &[&SigningKey], sequence: u64) -> Card {
    let mut card = card();
    card.publisher = Some(roots[0].verifying_key().key_id());
    card.roots = roots.iter().map(|root| root.verifying_key()).collect();
    card.threshold = 1;
    card.sequence = sequence;
    card
}

#[test]
fn statements_are_signed_by_one_to_eight_different_roots() {
    let keys: Vec<SigningKey> = (10..19).map(key).collect();
    let roots: Vec<&SigningKey> = keys.iter().collect();
    let rotation = Rotation { card: rooted(&roots[..1], 1), issued: now(), reset_versions: false };
    let named = vec![KeyId::from_bytes([7; 32])];
    let publisher = roots[0].verifying_key().key_id();
    let revocation = Revocation { publisher, sequence: 1, issued: now(), keys: named.clone() };
    for (count, signs) in [(0, false), (1, true), (8, true), (9, false)] {
        let refused = (!signs).then_some(ErrorKind::BadKey);
        assert_eq!(kind(rotation.sign(&roots[..count])), refused, "{count}");
        assert_eq!(kind(revocation.sign(&roots[..count])), refused, "{count}");
    }
    assert_eq!(kind(rotation.sign(&[roots[0], roots[1], roots[0]])), Some(ErrorKind::BadKey));
    // A rotation has roots and a number.
    let without = |card: Card| Rotation { card, issued: now(), reset_versions: false };
    assert_eq!(kind(without(rooted(&roots[..1], 0)).sign(&roots[..1])), Some(ErrorKind::BadKey));
    assert_eq!(kind(without(card()).sign(&roots[..1])), Some(ErrorKind::BadKey));
    assert_eq!(kind(without(Card { sequence: 1, ..card() }).sign(&roots[..1])), Some(ErrorKind::BadKey));
    // A revocation has a number, and 1 to 256 keys.
    let with = |sequence, count| Revocation { publisher, sequence, issued: now(), keys: vec![named[0]; count] };
    for (sequence, count, signs) in [(0, 1, false), (1, 0, false), (1, 256, true), (1, 257, false)] {
        let refused = (!signs).then_some(ErrorKind::BadKey);
        assert_eq!(kind(with(sequence, count).sign(&roots[..1])), refused, "{sequence} {count}");
    }
}

#[test]
fn a_revocation_of_no_key_or_too_many_is_refused_however_it_was_signed() {
    let root = key(10);
    let card = rooted(&[&root], 1);
    let mut store = TrustStore::new();
    store.add_card(&card).unwrap();
    let publisher = store.publishers()[0].id;
    let hexadecimal = |id: &KeyId| id.to_string();
    for (count, taken) in [(0, false), (257, false), (256, true)] {
        let keys = vec![hexadecimal(&KeyId::from_bytes([7; 32])); count];
        let body = serde_json::json!({
            "publisher": hexadecimal(&publisher), "sequence": 2, "issued": now(), "keys": keys,
        });
        let text = serde_json::to_string(&body).unwrap();
        let block = crate::container::write_block_of(SignedType::Revocation, text.as_bytes(), None, &[&root]);
        SignedBlock::read(&block).unwrap();
        match store.update(&block, now()) {
            Ok(updated) => assert!(taken && updated == Updated::Revoked(publisher), "{count}"),
            Err(error) => assert!(!taken && error.kind() == ErrorKind::BadManifest, "{count}: {error}"),
        }
    }
}
