//! Promise: whoever has all that a member of a blind feed has, but asks nothing, finds nothing (T2 of
//! `docs/threat-model.md`).
//!
//! The attacker takes the stolen set apart and puts it into a salted feed of its own, under every key that it can derive, and
//! lets the library try every number. The control is the same attack with the OPRF key. `BISIK_PLANTED` says how many numbers
//! are planted; `cargo xtask attack` plants a million.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{
    BlindOptions, BlindRequest, Claim, FixedEntropy, Guard, Identifier, KeySet, Kind, Matcher, OprfKey, OprfServer,
    ParseOptions, PublishOptions, Publisher, SetChoice, TrustStore, UnverifiedFeed,
};
use common::forge::{Forger, Parts};
use common::{bank, centre, now, trusting};

fn planted() -> u64 {
    std::env::var("BISIK_PLANTED").map_or(2_000, |count| count.parse().unwrap())
}

/// A Singapore mobile number; every second one is planted.
fn number(place: u64) -> String {
    format!("+658{:07}", place + 1_000_000)
}

fn identifiers(places: impl Iterator<Item = u64>) -> Vec<Identifier> {
    let options = ParseOptions::default();
    places.map(|place| Identifier::parse(Kind::Phone, &number(place), &options).unwrap()).collect()
}

fn publish(centre: &KeySet, key: &OprfKey, set: SetChoice, count: u64) -> Vec<u8> {
    let mut entropy = FixedEntropy::new(2);
    let mut options = PublishOptions::new("numbers", now());
    options.set = set;
    options.rate = 100_000_000_000; // 1e-4: chance hits enough to count
    options.blind = Some(key.clone());
    let mut publisher = Publisher::new(&centre.signing, options, None, &mut entropy).unwrap();
    for identifier in identifiers((0..count).map(|place| place * 2)) {
        publisher.add(bisik::Indicator { identifier, claim: Claim::default() }).unwrap();
    }
    publisher.publish(&mut entropy).unwrap().open(&[]).unwrap().to_vec()
}

/// Every key that the attacker can think of: of 32 bytes in the file, and what is derived from them.
fn guesses(file: &[u8], parts: &Parts) -> Vec<[u8; 32]> {
    let unhex = |text: &str| -> [u8; 32] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
    };
    let public = unhex(parts.manifest["tokens"]["public_key"].as_str().unwrap());
    let publisher = unhex(parts.manifest["publisher"].as_str().unwrap());
    let mut guesses = vec![[0; 32], public, publisher, *blake3::hash(file).as_bytes(), *blake3::hash(b"").as_bytes()];
    guesses.push(blake3::derive_key("bisik 2026 v1 token key", &public));
    guesses.push(blake3::derive_key("bisik 2026 v1 blind digest", &public));
    guesses.push(file[12..44].try_into().unwrap());
    guesses
}

/// The stolen set as a salted feed that the attacker signs.
fn stolen(attacker: &KeySet, parts: &Parts, guess: &[u8; 32]) -> Vec<u8> {
    let forger = Forger::new(&attacker.signing);
    let mut parts = parts.clone();
    let publisher: String = forger.key_id().iter().map(|byte| format!("{byte:02x}")).collect();
    parts.manifest["publisher"] = publisher.into();
    parts.manifest["tokens"] = serde_json::json!({"scheme": "salted"});
    let key = serde_json::json!({"type": 1, "required": true, "length": 32, "blake3": ""});
    parts.manifest["sections"].as_array_mut().unwrap().insert(0, key);
    parts.contents.insert(0, guess.to_vec());
    forger.feed(&parts)
}

fn matcher(file: Vec<u8>, trust: &TrustStore) -> Matcher {
    Matcher::new([UnverifiedFeed::from_bytes(file).unwrap().verify(trust, now()).unwrap()], Guard::default()).unwrap()
}

#[test]
fn nothing_is_found_without_asking_and_everything_with_the_key() {
    let (count, centre, attacker) = (planted(), centre(), common::keys("Attacker", 7));
    let key = OprfKey::generate(centre.signing.publisher_id(), "numbers", 1, &mut FixedEntropy::new(3)).unwrap();
    let all = identifiers(0..2 * count);
    for set in [SetChoice::Tokens, SetChoice::Fuse, SetChoice::Bloom] {
        let file = publish(&centre, &key, set, count);
        let parts = Parts::of(&file);
        let rate = parts.manifest["set"]["rate"].as_u64().unwrap_or_default() as f64 / 1e15;
        let (mut hits, mut tries) = (0, 0);
        for guess in guesses(&file, &parts) {
            let matcher = matcher(stolen(&attacker, &parts, &guess), &trusting(&[attacker.card()]));
            hits += matcher.match_batch(&all, now()).unwrap().hits.len();
            tries += all.len();
        }
        let (expected, tries) = (rate * tries as f64, tries as f64);
        let sigma = (tries * rate * (1.0 - rate)).sqrt();
        assert!((hits as f64 - expected).abs() <= 5.0 * sigma, "{set:?}: {hits} hits, {expected:.1} by chance");
        println!("{set:?}: {hits} hits in {tries} tries without the key, {expected:.1} by chance");
    }

    // The control: with the key the attack lists the feed.
    let file = publish(&centre, &key, SetChoice::Tokens, count);
    let matcher = matcher(file, &trusting(&[centre.card()]));
    let (server, bank) = (OprfServer::new(key), bank());
    let mut entropy = FixedEntropy::new(4);
    let options = BlindOptions { pad: false };
    let prepared = matcher.prepare(&all, &bank.signing.key, &options, now(), &mut entropy).unwrap();
    let mut answers = Vec::new();
    for request in prepared.requests() {
        let known = bank.signing.key.verifying_key();
        let (request, _) = BlindRequest::read(&request.bytes, &|_| Some(known)).unwrap();
        answers.push(server.blind_evaluate(&request, &mut entropy).unwrap());
    }
    let report = matcher.finish(prepared, &answers, now()).unwrap();
    let found: Vec<usize> = report.hits.iter().map(|hit| hit.index).collect();
    assert!(found.iter().copied().eq((0..2 * count as usize).step_by(2)), "{} of {count}", found.len());
    println!("with the key: {} of {count}", found.len());
}
