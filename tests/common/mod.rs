//! Keys, feeds and times for the tests of promises, through the facade alone; and an opponent that writes files by hand.
#![allow(unreachable_pub, reason = "shared between test programs")]
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests")]

pub mod envelope;
pub mod forge;

use bisik::{
    Card, Claim, Entropy, Error, ErrorKind, Feed, FixedEntropy, Guard, Identifier, KeySet, Kind, Matcher, ParseOptions,
    Publication, PublishOptions, Publisher, RecipientSecret, SetChoice, Timestamp, TrustStore, UnverifiedFeed,
};

/// A time in 2027 at which all feeds are issued.
pub const NOW: u64 = 1_800_000_000;

/// More than any test feed has.
pub const LIMIT: u64 = 1 << 24;

pub fn time(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

pub fn now() -> Timestamp {
    time(NOW)
}

pub fn keys(name: &str, seed: u64) -> KeySet {
    KeySet::generate(name, &mut FixedEntropy::new(seed)).unwrap()
}

pub fn centre() -> KeySet {
    keys("Example Anti-Scam Centre", 1)
}

pub fn bank() -> KeySet {
    keys("Example Bank", 2)
}

pub fn trusting(cards: &[Card]) -> TrustStore {
    let mut trust = TrustStore::new();
    for card in cards {
        trust.add_card(card).unwrap();
    }
    trust
}

pub fn identifier(kind: Kind, raw: &str) -> Identifier {
    Identifier::parse(kind, raw, &ParseOptions::default()).unwrap()
}

/// A publisher's choices in a few words.
pub struct Plan<'a> {
    pub keys: &'a KeySet,
    pub options: PublishOptions,
    pub previous: Option<&'a Feed>,
    pub seed: u64,
}

impl<'a> Plan<'a> {
    pub fn new(keys: &'a KeySet, feed: &str) -> Self {
        Self { keys, options: PublishOptions::new(feed, now()), previous: None, seed: 7 }
    }

    pub fn set(mut self, set: SetChoice) -> Self {
        self.options.set = set;
        self
    }

    pub fn records(mut self) -> Self {
        self.options.records = true;
        self
    }

    pub fn publish(&self, entries: &[(Kind, &str, Claim)]) -> Publication<'_> {
        self.try_publish(entries).unwrap()
    }

    pub fn try_publish(&self, entries: &[(Kind, &str, Claim)]) -> Result<Publication<'_>, Error> {
        let mut entropy = FixedEntropy::new(self.seed);
        let mut publisher =
            Publisher::new(&self.keys.signing, self.options.clone(), self.previous, &mut entropy as &mut dyn Entropy)?;
        for (kind, raw, claim) in entries {
            publisher.add_raw(*kind, raw, &ParseOptions::default(), claim.clone())?;
        }
        publisher.publish(&mut entropy)
    }

    /// The open file, whatever kinds are in it.
    pub fn open(&self, entries: &[(Kind, &str, Claim)]) -> Vec<u8> {
        self.publish(entries).open(Kind::ALL).unwrap().to_vec()
    }

    /// The file sealed to these parties.
    pub fn sealed(&self, entries: &[(Kind, &str, Claim)], parties: &[&KeySet]) -> Vec<u8> {
        let recipients: Vec<_> = parties.iter().map(|party| party.recipient.recipient().clone()).collect();
        let mut file = Vec::new();
        self.publish(entries).seal(&recipients, &mut FixedEntropy::new(self.seed + 1_000), &mut file).unwrap();
        file
    }
}

/// Entries without claims.
pub fn plain<'a>(kind: Kind, values: &[&'a str]) -> Vec<(Kind, &'a str, Claim)> {
    values.iter().map(|&value| (kind, value, Claim::default())).collect()
}

/// A handful of domains, enough for any set.
pub fn domains() -> Vec<(Kind, &'static str, Claim)> {
    plain(Kind::Domain, &["evil.example", "phish.test.example", "login-bank.example", "bad.github.io"])
}

pub fn claim() -> Claim {
    Claim {
        category: Some("phishing".into()),
        confidence: Some(80),
        first_seen: Some(time(NOW - 5_000)),
        last_seen: Some(time(NOW - 50)),
        expires: Some(time(NOW + 90_000)),
        reference: Some("case-1".into()),
        note: Some("seen twice".into()),
    }
}

/// Reads and verifies as a caller does.
pub fn open_at(file: &[u8], secrets: &[RecipientSecret], trust: &TrustStore, at: Timestamp) -> Result<Feed, Error> {
    UnverifiedFeed::read(file, secrets, LIMIT)?.verify(trust, at)
}

pub fn open(file: &[u8], trust: &TrustStore) -> Result<Feed, Error> {
    open_at(file, &[], trust, now())
}

pub fn kind_of<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

pub fn matcher(feeds: Vec<Feed>) -> Matcher {
    Matcher::new(feeds, Guard::default()).unwrap()
}

/// A copy of a secret, by way of its text.
pub fn copied(secret: &RecipientSecret) -> RecipientSecret {
    RecipientSecret::from_text(&secret.to_text()).unwrap()
}
