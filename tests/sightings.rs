//! Promise: a desk judges files of sightings as an implementation of its own does, which made them: `tests/hostile/sightings.py`. And what
//! the library makes stays as it is: `tests/vectors/sighting.json`, which that implementation also reads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use bisik::{
    Card, Feed, HitFinder, Identifier, Kind, ParseOptions, RecipientSecret, SIGHTING_FILE_LENGTH, SightingLedger,
    Timestamp, TrustStore, UnverifiedFeed, UnverifiedSightings,
};
use serde_json::Value;

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn trust(cards: &[&str]) -> TrustStore {
    let mut trust = TrustStore::new();
    cards.iter().for_each(|card| trust.add_card(&Card::parse(card).unwrap()).unwrap());
    trust
}

struct Desk {
    secret: RecipientSecret,
    members: TrustStore,
    feed: Feed,
}

impl Desk {
    fn of(vectors: &Value) -> Self {
        let now = Timestamp::from_seconds(vectors["now"].as_u64().unwrap()).unwrap();
        let members: Vec<&str> =
            vectors["members"].as_array().unwrap().iter().map(|card| card.as_str().unwrap()).collect();
        let feed = UnverifiedFeed::from_bytes(unhex(vectors["feed"].as_str().unwrap())).unwrap();
        Self {
            secret: RecipientSecret::from_text(vectors["desk"].as_str().unwrap().trim()).unwrap(),
            members: trust(&members),
            feed: feed.verify(&trust(&[vectors["trust"].as_str().unwrap()]), now).unwrap(),
        }
    }

    fn open(&self, file: &[u8]) -> bisik::Result<bisik::SightingReport> {
        UnverifiedSightings::open(file, std::slice::from_ref(&self.secret))?.verify(&self.members)
    }
}

#[test]
fn every_file_is_judged_as_the_reference_implementation_judges_it() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/sightings.json")).unwrap();
    let desk = Desk::of(&vectors);
    let mut ledger = SightingLedger::new(&desk.feed);
    let mut files: Vec<Vec<u8>> = Vec::new();
    let mut wrong = Vec::new();
    for file in vectors["files"].as_array().unwrap() {
        let mut bytes = Vec::new();
        for piece in file["bytes"].as_array().unwrap() {
            match piece {
                Value::String(text) => bytes.extend(unhex(text)),
                piece => {
                    let [source, offset, length] = [0, 1, 2].map(|at| piece[at].as_u64().unwrap() as usize);
                    bytes.extend_from_slice(&files[source][offset..offset + length]);
                }
            }
        }
        let now = Timestamp::from_seconds(file["now"].as_u64().unwrap()).unwrap();
        let (error, outcomes) = match desk.open(&bytes).and_then(|report| ledger.take(&report, now)) {
            Err(error) => (Value::from(error.kind().name()), Vec::new()),
            Ok(outcomes) => {
                let name =
                    |outcome: bisik::Result<()>| outcome.err().map_or(Value::Null, |error| error.kind().name().into());
                (Value::Null, outcomes.into_iter().map(name).collect())
            }
        };
        if error != file["error"] || Value::from(outcomes.clone()) != file["outcomes"] {
            wrong.push(format!("{}: {error} {outcomes:?}", file["name"]));
        }
        files.push(bytes);
        // The memory is a text, and nothing else: each file is judged by one that was just read.
        ledger = SightingLedger::parse(&ledger.to_text()).unwrap();
    }
    assert!(files.len() > 80, "{} files", files.len());
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

#[test]
fn hit_ids_are_those_of_the_reference_implementation() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/sightings.json")).unwrap();
    let desk = Desk::of(&vectors);
    let [kind, value, hit] = [0, 1, 2].map(|at| vectors["listed"][at].as_str().unwrap());
    let hit: [u8; 16] = unhex(hit).try_into().unwrap();
    let mut finder = HitFinder::new(&desk.feed, None, [hit]).unwrap();
    let listed = Identifier::parse(kind.parse::<Kind>().unwrap(), value, &ParseOptions::default()).unwrap();
    finder.add(5, &listed).unwrap();
    assert_eq!(finder.finish().unwrap().entry(1, &hit), Some(5));
}

#[test]
fn what_the_library_makes_stays_as_it_is() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/sighting.json")).unwrap();
    let desk = Desk::of(&vectors);
    let file = unhex(vectors["file"].as_str().unwrap());
    assert_eq!(file.len(), SIGHTING_FILE_LENGTH);
    let report = desk.open(&file).unwrap();
    let body = &vectors["body"];
    assert_eq!(body["sender"], report.sender.to_string());
    assert_eq!(body["digest"], hex(&report.digest));
    let told = body["sightings"].as_array().unwrap();
    assert_eq!(told.len(), report.sightings.len());
    for (told, read) in told.iter().zip(&report.sightings) {
        assert_eq!((&told["id"], &told["hit"]), (&hex(&read.id).into(), &hex(&read.hit_id).into()));
        assert_eq!(told["amount"].as_u64(), read.amount.map(|amount| amount.minor));
        assert_eq!(told["reference"].as_str(), read.reference.as_deref());
    }
}
