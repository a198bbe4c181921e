//! Feed files with one fault each are refused for that fault, and the unusual ones among them are accepted.
//!
//! `tests/hostile/generate.py` makes them with an implementation of its own; `tests/hostile/README.md` says how they are kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::str::FromStr;
use std::sync::Arc;

use bisik::{
    BlindRequest, Card, ErrorKind, Feed, FeedIndex, Guard, History, Identifier, KeyId, Kind, LogHead, LogReader,
    Matcher, ParseOptions, Prepared, RecipientSecret, RecordState, RetractionList, SourceState, StoredFeed, Timestamp,
    TrustStore, UnverifiedDelta, UnverifiedFeed, UsedVersions,
};
use serde_json::Value;

const LIMIT: u64 = u64::MAX;

/// The files of a list of the vectors: what is expected of each, and its bytes.
fn files<'a>(vectors: &'a Value, list: &str) -> Vec<(&'a Value, Vec<u8>)> {
    let mut files: Vec<(&Value, Vec<u8>)> = Vec::new();
    for file in vectors[list].as_array().expect("a list") {
        let mut bytes = Vec::new();
        for piece in file["bytes"].as_array().expect("a list") {
            match piece {
                Value::String(hex) => bytes.extend(unhex(hex)),
                piece => {
                    let [source, offset, length] = [0, 1, 2].map(|i| piece[i].as_u64().expect("a number") as usize);
                    let copy = files[source].1[offset..offset + length].to_vec();
                    bytes.extend(copy);
                }
            }
        }
        files.push((file, bytes));
    }
    files
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/hostile.json")).expect("the vectors are JSON")
}

/// A store that trusts these cards.
fn trusting(cards: &[&Value]) -> TrustStore {
    let mut trust = TrustStore::new();
    for card in cards {
        let card = Card::parse(card.as_str().expect("a text")).expect("a card");
        trust.add_card(&card).expect("a usable card");
    }
    trust
}

/// The time at which something of the vectors is judged.
fn time(value: &Value) -> Timestamp {
    Timestamp::from_seconds(value["now"].as_u64().expect("a number")).expect("a time")
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex")).collect()
}

fn open(bytes: &[u8], secrets: &[RecipientSecret], trust: &TrustStore, now: Timestamp) -> bisik::Result<Feed> {
    UnverifiedFeed::read(bytes, secrets, LIMIT)?.verify(trust, now)
}

/// What a look-up ends with, in the words of the vectors.
fn look_up(feed: impl Into<Arc<Feed>>, look: &Value, now: Timestamp) -> String {
    let kind = Kind::from_str(look["kind"].as_str().expect("a text")).expect("a kind");
    let value = look["match_key"].as_str().expect("a text");
    let identifier = Identifier::parse(kind, value, &ParseOptions::default()).expect("a canonical value");
    let guard = Guard::default();
    let report = match Matcher::new(vec![feed], guard).and_then(|matcher| matcher.check(&identifier, now)) {
        Ok(report) => report,
        Err(error) => return error.kind().name().to_owned(),
    };
    match (report.hits.first(), report.rejected.first()) {
        (Some(hit), _) if matches!(hit.record, RecordState::Unreadable) => {
            ErrorKind::RecordUnreadable.name().to_owned()
        }
        (Some(_), _) => "hit".to_owned(),
        (None, Some(rejection)) => rejection.error.kind().name().to_owned(),
        (None, None) => "no-hit".to_owned(),
    }
}

#[test]
fn every_file_is_judged_as_the_reference_reader_judges_it() {
    let vectors = vectors();
    let secret = RecipientSecret::from_text(vectors["key"].as_str().expect("a text").trim()).expect("a key");
    let trust = trusting(&[&vectors["trust"]]);

    let files = files(&vectors, "files");
    assert!(files.len() >= 1000, "{} files", files.len());
    let mut wrong = Vec::new();
    for (file, bytes) in &files {
        let now = time(file);
        let secrets = if file["key"] == true { std::slice::from_ref(&secret) } else { &[] };
        let opened = open(bytes, secrets, &trust, now);
        let expected = match (&file["error"], &file["look_up"]) {
            (Value::String(error), _) => error.as_str(),
            (_, Value::Null) => "accepted",
            (_, look) => look["outcome"].as_str().expect("a text"),
        };
        let found = match (opened, &file["look_up"]) {
            (Err(error), _) => error.kind().name().to_owned(),
            (Ok(_), Value::Null) => "accepted".to_owned(),
            (Ok(feed), look) => look_up(feed, look, now),
        };
        if found != expected {
            wrong.push(format!("{}: {found}", file["name"].as_str().expect("a text")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

/// The head that is as it should be is of the log that is, and of no beginning of it.
#[test]
fn the_head_is_of_the_log() {
    let vectors = vectors();
    let now = time(&vectors);
    let trust = trusting(&[&vectors["trust"]]);
    let texts = files(&vectors, "texts");
    let text = |name: &str| &texts.iter().find(|text| text.0["name"] == name).expect("a text of this name").1;
    let head = LogHead::read(text("accepted__log-head-as-it-should-be"), &trust, now).expect("a head");
    let (whole, start) = ("accepted__review-log-as-it-should-be", "accepted__review-log-start-alone");
    for (name, expected) in [(whole, Ok(head.entries)), (start, Err(ErrorKind::LogCut))] {
        let mut reader = LogReader::new();
        head.expect(&mut reader);
        let read = reader.read(text(name), |_| ());
        let read = read.and_then(|()| reader.finish().map(bisik::LogTail::number));
        assert_eq!(read.map_err(|error| error.kind()), expected, "{name}");
    }
}

/// What a subscriber does with a delta: it reads, verifies and applies it, and verifies what came of that.
fn apply(
    delta: bisik::Result<UnverifiedDelta>,
    base: &Feed,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Feed, ErrorKind> {
    delta
        .and_then(|delta| delta.verify(trust, now))
        .and_then(|delta| delta.apply(base, LIMIT))
        .and_then(|result| result.verify(trust, now))
        .map_err(|error| error.kind())
}

#[test]
fn every_delta_is_judged_as_the_reference_applier_judges_it() {
    let vectors = vectors();
    let secret = RecipientSecret::from_text(vectors["key"].as_str().expect("a text").trim()).expect("a key");
    let trust = trusting(&[&vectors["trust"], &vectors["neighbour"]]);

    let versions = files(&vectors, "versions");
    let bases: Vec<Arc<Feed>> = versions
        .iter()
        .map(|(_, bytes)| {
            UnverifiedFeed::from_bytes(bytes.clone()).and_then(|feed| feed.verify_stale(&trust, time(&vectors)))
        })
        .map(|feed| Arc::new(feed.expect("a version of a feed")))
        .collect();
    let deltas = files(&vectors, "deltas");
    let mut wrong = Vec::new();
    let (mut accepted, mut look_ups) = (0, 0);
    for (delta, bytes) in &deltas {
        let (name, now) = (delta["name"].as_str().expect("a text"), time(delta));
        let base = &bases[delta["base"].as_u64().expect("a number") as usize];
        let secrets = if delta["key"] == true { std::slice::from_ref(&secret) } else { &[] };
        let mut found = vec![apply(UnverifiedDelta::read(bytes.as_slice(), secrets, LIMIT), base, &trust, now)];
        if delta["sealed"] == false {
            found.push(apply(UnverifiedDelta::from_bytes(bytes.clone()), base, &trust, now));
        }
        for found in found {
            let result = match (found, delta["error"].as_str()) {
                (Ok(result), None) => result,
                (Err(kind), Some(expected)) if kind.name() == expected => continue,
                (found, _) => {
                    wrong.push(format!("{name}: {}", found.map_or_else(ErrorKind::name, |_| "accepted")));
                    continue;
                }
            };
            accepted += 1;
            let expected = &versions[delta["result"].as_u64().expect("a number") as usize].1;
            if result.bytes() != expected.as_slice() {
                wrong.push(format!("{name}: another result"));
            }
            let result = Arc::new(result);
            for look in delta["look_ups"].as_array().expect("a list") {
                look_ups += 1;
                for (feed, outcome) in [(base, &look["before"]), (&result, &look["outcome"])] {
                    let found = look_up(Arc::clone(feed), look, now);
                    if *outcome != found {
                        wrong.push(format!("{name}: {} is {found} instead of {outcome}", look["match_key"]));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} deltas:\n{}", wrong.len(), deltas.len(), wrong.join("\n"));
    assert!(deltas.len() >= 600 && accepted >= 50 && look_ups >= 200, "{} {accepted} {look_ups}", deltas.len());
}

/// A member between a blind request and its answer.
struct Member {
    matcher: Matcher,
    state: Vec<u8>,
    hits: Vec<u64>,
}

impl Member {
    fn new(told: &Value, trust: &TrustStore, now: Timestamp) -> Self {
        let bytes = |name: &str| unhex(told[name].as_str().expect("a text"));
        let feed = open(&bytes("feed"), &[], trust, now).expect("a feed");
        let matcher = Matcher::new([feed], Guard::default()).expect("a matcher");
        let hits = told["hits"].as_array().expect("a list").iter().map(|hit| hit.as_u64().expect("a number")).collect();
        Self { matcher, state: bytes("state"), hits }
    }

    /// Finishes with these answers. What is accepted says what the feed lists, and that one input is none.
    fn finish(&self, answers: &[u8], now: Timestamp) -> bisik::Result<()> {
        let prepared = Prepared::from_bytes(&self.state, &self.matcher).expect("the state of the vectors");
        let report = self.matcher.finish(prepared, &[answers], now)?;
        assert_eq!(report.hits.iter().map(|hit| hit.index as u64).collect::<Vec<_>>(), self.hits);
        assert_eq!(report.rejected.len(), 1);
        Ok(())
    }
}

/// Reads a text by the reader of its format. What is no UTF-8 does not come as far as a reader of texts: the caller's conversion
/// refuses it.
fn read(format: &str, bytes: &[u8], trust: &TrustStore, member: &Member, now: Timestamp) -> Result<(), ErrorKind> {
    let text = || std::str::from_utf8(bytes).map_err(|_| ErrorKind::BadManifest);
    match format {
        "index" => FeedIndex::parse(bytes).map(drop),
        "stored-feed" => StoredFeed::parse(text()?).map(drop),
        "source-state" => SourceState::parse(text()?).map(drop),
        "history" => History::parse(text()?).map(drop),
        "used-versions" => UsedVersions::parse(text()?).map(drop),
        "trust-store" => TrustStore::parse(text()?).map(drop),
        "blind-request" => {
            let key = |id: &KeyId| trust.publishers()[0].keys.iter().map(|key| key.key).find(|key| key.key_id() == *id);
            BlindRequest::read(bytes, &key).map(drop)
        }
        "blind-answer" => member.finish(bytes, now),
        "blind-state" => Prepared::from_bytes(bytes, &member.matcher).map(drop),
        "retraction-list" => RetractionList::read(bytes, trust, now).map(drop),
        "log-head" => LogHead::read(bytes, trust, now).map(drop),
        "review-log" => {
            let mut reader = LogReader::new();
            reader.read(bytes, |_| ()).and_then(|()| reader.finish().map(drop))
        }
        other => panic!("no reader of {other}"),
    }
    .map_err(|error| error.kind())
}

#[test]
fn every_text_is_judged_as_the_reference_reader_judges_it() {
    let vectors = vectors();
    let now = time(&vectors);
    let trust = trusting(&[&vectors["trust"]]);

    let member = Member::new(&vectors["member"], &trust, now);

    let texts = files(&vectors, "texts");
    let mut counts = std::collections::BTreeMap::new();
    let mut wrong = Vec::new();
    for (text, bytes) in &texts {
        let format = text["format"].as_str().expect("a text");
        *counts.entry(format).or_insert(0) += 1;
        let found = read(format, bytes, &trust, &member, now).err().map(ErrorKind::name);
        if found != text["error"].as_str() {
            wrong.push(format!("{}: {}", text["name"].as_str().expect("a text"), found.unwrap_or("accepted")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} texts:\n{}", wrong.len(), texts.len(), wrong.join("\n"));
    assert!(counts.len() == 12 && counts.values().all(|&count| count >= 50), "{counts:?}");
}
