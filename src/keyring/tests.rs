//! Key files and cards: their lines and bounds.

use super::*;
use crate::entropy::FixedEntropy;

#[test]
fn key_files_read_back() {
    let keys = KeySet::generate("Pusat Anti-Scam", &mut FixedEntropy::new(4)).unwrap();
    let again = SigningFile::parse(&keys.signing.to_text()).unwrap();
    assert_eq!(again.card(), keys.card());
    assert_eq!(Card::parse(&keys.card().to_text()).unwrap(), keys.card());
}

#[test]
fn key_sets_have_up_to_eight_different_keys() {
    let keys: Vec<VerifyingKey> =
        (0..17).map(|seed| SigningKey::generate(&mut FixedEntropy::new(seed)).unwrap().verifying_key()).collect();
    let (roots, signing) = keys.split_at(8);
    let refused = |roots: &[VerifyingKey], threshold, keys: &[VerifyingKey]| {
        check_key_sets(roots, threshold, keys).err().map(|error| error.kind())
    };
    assert_eq!(refused(roots, 8, &signing[..8]), None);
    assert_eq!(refused(&[], 0, &signing[..1]), None);
    let bad = Some(ErrorKind::BadKey);
    assert_eq!(refused(&keys[..9], 1, &keys[9..10]), bad, "nine roots");
    assert_eq!(refused(&roots[..1], 1, signing), bad, "nine keys");
    assert_eq!(refused(&[roots[0], roots[1], roots[0]], 1, &signing[..1]), bad, "a root twice");
    assert_eq!(refused(&roots[..1], 1, &[signing[0], signing[1], signing[0]]), bad, "a key twice");
    assert_eq!(refused(&roots[..2], 3, &signing[..1]), bad, "three of two");
    assert_eq!(refused(&roots[..2], 0, &signing[..1]), bad, "none of two");
    assert_eq!(refused(&[], 1, &signing[..1]), bad, "one of none");
    assert_eq!(refused(&roots[..2], 1, &roots[1..2]), bad, "a root that signs feeds");
}

#[test]
fn a_card_has_one_to_eight_keys() {
    let one = KeySet::generate("A", &mut FixedEntropy::new(5)).unwrap().card();
    let with = |count: u64| {
        let keys = (0..count).map(|seed| SigningKey::generate(&mut FixedEntropy::new(seed)).unwrap().verifying_key());
        Card { verifying_keys: keys.collect(), ..one.clone() }.check().err().map(|error| error.kind())
    };
    assert_eq!([0, 1, 8, 9].map(with), [Some(ErrorKind::BadKey), None, None, Some(ErrorKind::BadKey)]);
}

/// Each of the lines alone.
#[test]
fn a_signing_file_names_no_roots() {
    let keys = KeySet::generate("A", &mut FixedEntropy::new(5)).unwrap();
    let text = keys.signing.to_text();
    let root = SigningKey::generate(&mut FixedEntropy::new(6)).unwrap().verifying_key();
    for line in [format!("root: {root}\n"), "threshold: 1\n".to_owned(), "sequence: 1\n".to_owned()] {
        let error = SigningFile::parse(&format!("{}{line}", *text)).unwrap_err();
        assert_eq!((error.kind(), error.message().contains("roots")), (ErrorKind::BadKey, true), "{line}");
    }
}

#[test]
fn bounds_of_a_card_s_lines() {
    let keys: Vec<String> = (0..9)
        .map(|seed| SigningKey::generate(&mut FixedEntropy::new(seed)).unwrap().verifying_key().to_string())
        .collect();
    let recipients: Vec<String> = (0..9)
        .map(|seed| RecipientSecret::generate(&mut FixedEntropy::new(seed)).unwrap().recipient().to_string())
        .collect();
    let fault = |text: &str| KeyLines::read(text).err().map(|error| (error.kind(), error.position()));
    for (before, values) in [("", &keys), ("root: ", &keys), ("former: ", &keys), ("", &recipients)] {
        let lines = |count: usize| {
            values.iter().take(count).fold("name: A\n".to_owned(), |text, value| text + before + value + "\n")
        };
        assert_eq!(fault(&lines(8)), None, "{before}");
        assert_eq!(fault(&lines(9)), Some((ErrorKind::BadKey, Some(10))), "{before}");
        let twice = format!("{}{before}{}\n", lines(2), values[0]);
        assert_eq!(fault(&twice), Some((ErrorKind::BadKey, Some(4))), "{before}");
    }
    for (line, wrong) in [
        ("sequence: 1", false),
        ("sequence: 9007199254740991", false),
        ("sequence: 9007199254740992", true),
        ("sequence: 0", true),
        ("sequence: 1\nsequence: 2", true),
        ("threshold: 1", false),
        ("threshold: 0", true),
        ("threshold: 256", true),
        ("threshold: 1\nthreshold: 2", true),
    ] {
        assert_eq!(fault(&format!("name: A\n{line}\n")).is_some(), wrong, "{line}");
    }
    let long = |length: usize| format!("name: A\n#{}", "x".repeat(length - 9));
    assert_eq!(fault(&long(MAX_FILE)), None);
    assert_eq!(fault(&long(MAX_FILE + 1)), Some((ErrorKind::LimitExceeded, None)));
}

#[test]
fn secrets_and_cards_are_not_confused() {
    let keys = KeySet::generate("A", &mut FixedEntropy::new(5)).unwrap();
    assert_eq!(Card::parse(&keys.signing.to_text()).unwrap_err().kind(), ErrorKind::BadKey);
    assert_eq!(SigningFile::parse(&keys.card().to_text()).unwrap_err().kind(), ErrorKind::BadKey);
    let secret = keys.signing.to_text();
    assert!(!secret.contains("AGE-SECRET-KEY"));
    assert!(!format!("{keys:?}").contains(secret.lines().nth(2).unwrap()));
}

#[test]
fn faulty_lines_are_named() {
    let card = KeySet::generate("A", &mut FixedEntropy::new(6)).unwrap().card().to_text();
    for (bad, line) in [
        (format!("{card}something\n"), 5),
        (format!("{card}name: B\n"), 5),
        (format!("{card}publisher: {0}\npublisher: {0}\n", "ab".repeat(32)), 6),
        (format!("{card}publisher: {}\n", "AB".repeat(32)), 5),
        (card.replace("ed25519", "ed25518"), 3),
        (format!("{card}{}", card.lines().nth(2).unwrap()), 5),
    ] {
        assert_eq!(Card::parse(&bad).unwrap_err().position(), Some(line), "{bad}");
    }
    assert_eq!(Card::parse("").unwrap_err().kind(), ErrorKind::InvalidName);
    assert_eq!(Card::parse("name: A").unwrap_err().kind(), ErrorKind::BadKey);
}
