//! What the programs here share: values, and matchers over feeds of them.

pub mod limit;

use std::error::Error;

use bisik::{
    Claim, FixedEntropy, Guard, Identifier, Indicator, KeySet, Kind, Matcher, ParseOptions, PublishOptions, Publisher, SetChoice,
    Timestamp, TrustStore, UnverifiedFeed,
};

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A mobile number of Thailand, another one for every place below 200 million.
pub fn phone(place: u64) -> String {
    format!("+66{}{:08}", 8 + place / 100_000_000 % 2, place.wrapping_mul(61_803_399) % 100_000_000)
}

pub fn domain(place: u64) -> String {
    format!("login-{place:x}.bank-{}.example", place % 977)
}

/// When everything happens.
pub fn now() -> Outcome<Timestamp> {
    Ok(Timestamp::from_seconds(1_800_000_000)?)
}

/// A feed of these values, and the card of its publisher.
pub fn feed(id: &str, kind: Kind, values: impl Iterator<Item = String>, set: SetChoice) -> Outcome<(Vec<u8>, KeySet)> {
    let mut entropy = FixedEntropy::new(1);
    let keys = KeySet::generate("Bench", &mut entropy)?;
    let mut options = PublishOptions::new(id, now()?);
    options.set = set;
    options.guard = Guard::default();
    let mut publisher = Publisher::new(&keys.signing, options, None, &mut entropy)?;
    for value in values {
        let identifier = Identifier::parse(kind, &value, &ParseOptions::default())?;
        publisher.add(Indicator { identifier, claim: Claim::default() })?;
    }
    let file = publisher.publish(&mut entropy)?.open(&[kind])?.to_vec();
    Ok((file, keys))
}

/// A matcher over feeds, all of one publisher.
pub fn over(files: Vec<Vec<u8>>, keys: &KeySet) -> Outcome<Matcher> {
    let mut trust = TrustStore::new();
    trust.add_card(&keys.card())?;
    let feeds = files.into_iter().map(|file| Ok(UnverifiedFeed::from_bytes(file)?.verify(&trust, now()?)?));
    Ok(Matcher::new(feeds.collect::<Outcome<Vec<_>>>()?, Guard::default())?)
}

/// A matcher over one feed of these values.
pub fn matcher(kind: Kind, values: impl Iterator<Item = String>, set: SetChoice) -> Outcome<Matcher> {
    let (file, keys) = feed("bench", kind, values, set)?;
    over(vec![file], &keys)
}
