//! The age test kit (tests/vectors/age/README.md): every file ends as its class says.

use sha2::{Digest, Sha256};

use super::{Outcome, Slowly, open, open_all_ways, secret};
use crate::codec::hex;
use crate::crypto::age::{RecipientSecret, is_age};
use crate::error::ErrorKind;

struct Case {
    name: String,
    expect: String,
    payload: Option<String>,
    secrets: Vec<RecipientSecret>,
    armored: bool,
    file: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/age/testdata");
    let mut cases: Vec<Case> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            read(entry.file_name().into_string().unwrap(), &std::fs::read(entry.path()).unwrap())
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn read(name: String, bytes: &[u8]) -> Case {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
    let mut file = bytes[end + 2..].to_vec();
    let (mut expect, mut payload, mut secrets, mut armored) = (String::new(), None, Vec::new(), false);
    for line in std::str::from_utf8(&bytes[..end]).unwrap().lines() {
        let (key, value) = line.split_once(": ").unwrap();
        match key {
            "expect" => value.clone_into(&mut expect),
            "payload" => payload = Some(value.to_owned()),
            "identity" => match RecipientSecret::from_text(value) {
                Ok(secret) => secrets.push(secret),
                Err(error) => {
                    assert!(value.starts_with("AGE-SECRET-KEY-PQ-1"), "{name}");
                    assert_eq!(error.kind(), ErrorKind::UnsupportedRecipient, "{name}");
                }
            },
            "armored" => armored = value == "yes",
            "compressed" => {
                assert_eq!(value, "zlib");
                file = miniz_oxide::inflate::decompress_to_vec_zlib(&file).unwrap();
            }
            "passphrase" | "file key" | "comment" => {}
            _ => panic!("{name}: unknown key {key}"),
        }
    }
    if secrets.is_empty() {
        secrets.push(secret(1));
    }
    Case { name, expect, payload, secrets, armored, file }
}

/// The class of the kit that an outcome belongs to.
fn class(outcome: &Outcome) -> &'static str {
    match (outcome.kind(), outcome.began) {
        (None, _) => "success",
        (Some(ErrorKind::BadHeader | ErrorKind::UnsupportedVersion), false) => "header failure",
        (Some(ErrorKind::NoMatchingKey), false) => "no match",
        (Some(ErrorKind::CannotOpen), false) => "HMAC failure",
        (Some(ErrorKind::CannotOpen), true) => "payload failure",
        (Some(ErrorKind::UnsupportedRecipient), false) => "unsupported",
        (Some(other), _) => panic!("{other:?} is in no class"),
    }
}

/// What we promise where it is not the kit's own class: of armor, passphrases and hybrid stanzas only the grammar
/// is ours.
fn expected(case: &Case) -> &str {
    match case.name.as_str() {
        _ if case.armored => "header failure",
        "scrypt_and_x25519" | "scrypt_double" | "hybrid_x25519_arg" | "hybrid_not_canonical_body" => "header failure",
        "scrypt_uppercase" => "no match",
        name if name.starts_with("scrypt") || name.starts_with("hybrid") => "unsupported",
        _ => &case.expect,
    }
}

#[test]
fn every_file_of_the_kit_ends_in_its_class_and_releases_what_it_should() {
    let cases = cases();
    assert!(cases.len() >= 90);
    for case in &cases {
        let mut outcome = open_all_ways(&case.file, &case.secrets);
        if case.file.len() < 100_000 {
            outcome = open(Slowly(&case.file), &case.secrets);
        }
        assert_eq!(class(&outcome), expected(case), "{}", case.name);
        if outcome.began {
            let hash = hex::encode(&Sha256::digest(&outcome.released));
            assert_eq!(Some(&hash), case.payload.as_ref(), "{}", case.name);
        }
    }
}

#[test]
fn armor_is_recognised_and_refused_in_words() {
    for case in cases().iter().filter(|case| case.armored) {
        let begins = case.file.trim_ascii_start().starts_with(b"-----BEGIN AGE");
        let error = open(case.file.as_slice(), &case.secrets).error.unwrap();
        assert_eq!(error.message().contains("armored"), begins, "{}", case.name);
        assert_eq!(is_age(&case.file), begins, "{}", case.name);
    }
}

#[test]
fn faults_of_the_header_have_a_position_within_it() {
    for case in cases().iter().filter(|case| expected(case) == "header failure") {
        let position = open(case.file.as_slice(), &case.secrets).error.unwrap().position();
        let end = case.file.windows(5).position(|window| window == b"\n--- ").unwrap_or(case.file.len());
        let line = end + 1 + case.file[end..].iter().skip(1).position(|&byte| byte == b'\n').unwrap_or_default();
        assert!(position.unwrap() <= line as u64, "{} {position:?}", case.name);
    }
}
