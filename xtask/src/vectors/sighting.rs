//! `tests/vectors/sighting.json`: a file of sightings, and what it says.

use bisik::{
    Amount, Claim, Contact, FixedEntropy, Guard, Identifier, KeySet, Kind, Matcher, ParseOptions, PublishOptions,
    Publisher, Sighting, SightingAction, TrustStore, UnverifiedFeed,
};
use serde_json::{Value, json};

use super::{NOW, Result, hex, time};

/// A feed that names its desk, and what a bank tells it.
pub(super) fn make() -> Result<Value> {
    let mut entropy = FixedEntropy::new(7);
    let now = time(NOW)?;
    let [centre, desk, bank] =
        ["Example Anti-Scam Centre", "Example Desk", "Example Bank"].map(|name| KeySet::generate(name, &mut entropy));
    let (centre, desk, bank) = (centre?, desk?, bank?);
    let mut options = PublishOptions::new("mules", now);
    let recipient = Some(desk.recipient.recipient().to_string());
    options.contact = Some(Contact { desk: Some("+65 0000 0000".to_owned()), recipient, ..Contact::default() });
    let mut publisher = Publisher::new(&centre.signing, options, None, &mut entropy)?;
    publisher.add_raw(Kind::Domain, "login-bank.example", &ParseOptions::default(), Claim::default())?;
    let bytes = publisher.publish(&mut entropy)?.open(&[])?.to_vec();
    let mut trust = TrustStore::new();
    trust.add_card(&centre.card())?;
    let matcher = Matcher::new([UnverifiedFeed::from_bytes(bytes.clone())?.verify(&trust, now)?], Guard::default())?;
    let listed = Identifier::parse(Kind::Domain, "login-bank.example", &ParseOptions::default())?;
    let hit = matcher.check(&listed, now)?.hits.first().ok_or("no hit")?.hit_id;
    let feed = matcher.feeds().first().ok_or("no feed")?;
    let mut told = Vec::new();
    for (action, amount, reference) in [
        (SightingAction::FROZEN, Some(("1250.50", "SGD")), Some("CASE-1")),
        (SightingAction::REPORTED, Some(("300000", "VND")), Some("\u{e04}\u{e14}\u{e35} 2")),
        (SightingAction::DECLINED, None, None),
        (SightingAction::NONE, None, None),
    ] {
        let mut sighting = Sighting::new(hit, time(NOW - 86_400 * told.len() as u64)?, action, &mut entropy)?;
        sighting.amount = amount.map(|(text, code)| Amount::parse(text, code.parse()?)).transpose()?;
        sighting.reference = reference.map(str::to_owned);
        told.push(sighting);
    }
    let file = bisik::seal_sightings(feed, &told, &bank.signing, now, &mut entropy)?;
    let manifest = feed.manifest();
    let body = json!({
        "publisher": manifest.publisher.to_string(),
        "feed": manifest.feed,
        "epoch": manifest.epoch,
        "version": manifest.version,
        "digest": hex(feed.digest()),
        "desk": desk.recipient.recipient().to_string(),
        "sender": bank.signing.publisher_id().to_string(),
        "time": NOW,
        "sightings": told.iter().map(said).collect::<Vec<_>>(),
    });
    Ok(json!({
        "comment": "A file of sightings, and what it says; made by cargo xtask vectors, read by the tests in Rust and by tests/reference.",
        "now": NOW,
        "trust": centre.card().to_text(),
        "members": [bank.card().to_text()],
        "desk": *desk.recipient.to_text(),
        "feed": hex(&bytes),
        "body": body,
        "file": hex(&file),
    }))
}

/// A sighting as its file has it.
fn said(sighting: &Sighting) -> Value {
    let mut value = json!({
        "id": hex(&sighting.id),
        "hit": hex(&sighting.hit_id),
        "time": sighting.time.seconds(),
        "action": sighting.action.number(),
    });
    if let Value::Object(said) = &mut value {
        if let Some(amount) = sighting.amount {
            said.insert("amount".to_owned(), amount.minor.into());
            said.insert("currency".to_owned(), amount.currency.code().into());
        }
        if let Some(reference) = &sighting.reference {
            said.insert("reference".to_owned(), reference.as_str().into());
        }
    }
    value
}
