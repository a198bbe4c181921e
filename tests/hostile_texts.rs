//! Indexes, state texts, memories, trust stores, key files, policies, ledgers and review logs with one fault each are refused for that
//! fault, at a place that lies in the text; none is taken.
//!
//! `tests/hostile/texts.py` makes them; it shares no code with the library.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use bisik::{
    Card, FeedIndex, History, LogReader, OprfKey, Policy, Remembered, SightingLedger, SigningFile, SourceState,
    StoredFeed, TrustStore, UsedVersions,
};
use serde_json::Value;

fn read(format: &str, text: &str) -> bisik::Result<()> {
    match format {
        "index" => FeedIndex::parse(text.as_bytes()).map(drop),
        "stored" => StoredFeed::parse(text).map(drop),
        "source" => SourceState::parse(text).map(drop),
        "history" => History::parse(text).map(drop),
        "used" => UsedVersions::parse(text).map(drop),
        "remembered" => Remembered::parse(text).map(drop),
        "trust" => TrustStore::parse(text).map(drop),
        "ledger" => SightingLedger::parse(text).map(drop),
        "card" => Card::parse(text).map(drop),
        "signing" => SigningFile::parse(text).map(drop),
        "oprf" => OprfKey::parse(text).map(drop),
        "policy" => Policy::parse(text).map(drop),
        "log" => {
            let mut reader = LogReader::new();
            reader.read(text.as_bytes(), |_| {}).and_then(|()| reader.finish().map(drop))
        }
        other => panic!("no format {other}"),
    }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/hostile_texts.json")).unwrap()
}

#[test]
fn no_altered_or_cut_key_is_a_key() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    for (format, prefix) in [("card", "ed25519"), ("signing", "BISIK-SIGNING-KEY-"), ("oprf", "BISIK-OPRF-KEY-")] {
        let case = cases.iter().find(|case| case["format"] == format && case["name"] == "accepted__plain").unwrap();
        let text = case["text"].as_str().unwrap();
        read(format, text).unwrap();
        let start = text.find(prefix).unwrap();
        let end = start + text[start..].find('\n').unwrap();
        for at in start..end {
            for letter in ["q", "p", "Q", "P", "1", " "] {
                if text[at..=at] != *letter {
                    let altered = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
                    assert!(read(format, &altered).is_err(), "{format}: {letter} at {at}");
                }
            }
        }
        for cut in 0..end {
            assert!(read(format, &text[..cut]).is_err(), "{format}: {cut} bytes");
        }
    }
}

#[test]
fn every_text_is_refused_for_its_fault() {
    let vectors = vectors();
    let (mut wrong, mut counts) = (Vec::new(), BTreeMap::new());
    for case in vectors["cases"].as_array().unwrap() {
        let (format, name) = (case["format"].as_str().unwrap(), case["name"].as_str().unwrap());
        let mut text = case["text"].as_str().unwrap().to_owned();
        if let Some(times) = case["then"][1].as_u64() {
            text.push_str(&case["then"][0].as_str().unwrap().repeat(usize::try_from(times).unwrap()));
        }
        let (expected, _) = name.split_once("__").unwrap();
        let found = match read(format, &text) {
            Ok(()) => "accepted".to_owned(),
            Err(error) => {
                assert!(error.position().is_none_or(|at| at <= text.len() as u64 + 1), "{format} {name}: {error:?}");
                error.kind().name().to_owned()
            }
        };
        if found != expected {
            wrong.push(format!("{format} {name}: {found}"));
        }
        *counts.entry(format).or_insert(0) += 1;
    }
    println!("{counts:?}");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(counts.len() == 13 && counts.values().all(|&count| count >= 40), "{counts:?}");
}
