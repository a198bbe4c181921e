//! Wycheproof's vectors, through the calls that this module makes.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce, Tag};
use hmac::Mac;
use serde_json::Value;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::crypto::age::derive;

/// Every case of a file with its group.
fn cases(text: &str) -> Vec<(Value, Value)> {
    let all: Value = serde_json::from_str(text).unwrap();
    let groups = all["testGroups"].as_array().unwrap();
    let cases = |group: &Value| group["tests"].as_array().unwrap().clone();
    groups.iter().flat_map(|group| cases(group).into_iter().map(move |case| (group.clone(), case))).collect()
}

fn bytes(case: &Value, name: &str) -> Vec<u8> {
    let text = case[name].as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(case: &Value, name: &str) -> [u8; N] {
    bytes(case, name).try_into().unwrap()
}

#[test]
fn x25519_gives_the_shared_secrets_and_notices_zero() {
    let cases = cases(include_str!("../../../../tests/vectors/wycheproof/x25519_test.json"));
    assert!(cases.len() > 500);
    for (_, case) in cases {
        let secret = StaticSecret::from(array::<32>(&case, "private"));
        let shared = secret.diffie_hellman(&PublicKey::from(array::<32>(&case, "public")));
        assert_eq!(shared.to_bytes(), array::<32>(&case, "shared"), "{}", case["tcId"]);
        assert_eq!(shared.was_contributory(), shared.to_bytes() != [0; 32], "{}", case["tcId"]);
    }
}

#[test]
fn chacha20_poly1305_opens_the_valid_and_refuses_the_others() {
    let cases = cases(include_str!("../../../../tests/vectors/wycheproof/chacha20_poly1305_test.json"));
    let mut seen = 0;
    for (_, case) in cases.iter().filter(|(group, _)| group["ivSize"] == 96) {
        let cipher = ChaCha20Poly1305::new(&Key::from(array::<32>(case, "key")));
        let (nonce, tag) = (Nonce::from(array::<12>(case, "iv")), Tag::from(array::<16>(case, "tag")));
        let (aad, plaintext, mut text) = (bytes(case, "aad"), bytes(case, "msg"), bytes(case, "ct"));
        let sealed = text.clone();
        let opened = cipher.decrypt_inout_detached(&nonce, &aad, text.as_mut_slice().into(), &tag);
        let valid = case["result"] == "valid";
        assert_eq!(opened.is_ok(), valid, "{}", case["tcId"]);
        assert_eq!(text, if valid { plaintext } else { sealed.clone() }, "{}", case["tcId"]);
        if valid {
            let made = cipher.encrypt_inout_detached(&nonce, &aad, text.as_mut_slice().into()).unwrap();
            assert_eq!((text, made), (sealed, tag), "{}", case["tcId"]);
        }
        seen += 1;
    }
    assert!(seen > 250);
}

#[test]
fn hmac_verifies_the_valid_and_refuses_the_others() {
    let cases = cases(include_str!("../../../../tests/vectors/wycheproof/hmac_sha256_test.json"));
    let mut seen = 0;
    for (_, case) in cases.iter().filter(|(group, _)| group["tagSize"] == 256) {
        let mut mac = derive::keyed(&bytes(case, "key"));
        mac.update(&bytes(case, "msg"));
        assert_eq!(mac.verify_slice(&bytes(case, "tag")).is_ok(), case["result"] == "valid", "{}", case["tcId"]);
        seen += 1;
    }
    assert!(seen > 50);
}
