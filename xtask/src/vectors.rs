//! `tests/vectors/matching.json`: feeds with what every look-up gives, the same file for Rust, C and Python; `tests/vectors/sighting.json`: a file of
//! sightings.
//!
//! Everything in it follows from fixed random bytes, so a change of it is a change of the format or of the data: `cargo xtask vectors`
//! writes it, `--check` compares.

use bisik::{
    Amount, Claim, Contact, ErrorKind, Feed, FixedEntropy, Guard, Hit, Identifier, KeySet, Kind, Matcher, ParseOptions,
    PublishOptions, Publisher, RecordState, SetChoice, Sighting, SightingAction, Timestamp, TrustStore, UnverifiedFeed,
};
use serde_json::{Value, json};

use crate::{Outcome, root};

/// What goes wrong in making vectors.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The time of all vectors, as `NOW` in `tests/c/check.h`.
const NOW: u64 = 1_800_000_000;

/// Writes the file, or with `check` compares it with what it would be.
pub(crate) fn vectors(arguments: &[String]) -> Outcome {
    file("matching.json", make, arguments)?;
    file("sighting.json", sighting, arguments)
}

fn file(name: &str, make: fn() -> Result<Value>, arguments: &[String]) -> Outcome {
    let path = root().join("tests/vectors").join(name);
    let made = format!("{:#}\n", make().map_err(|error| error.to_string())?);
    match arguments {
        [] => std::fs::write(&path, made).map_err(|error| error.to_string()),
        [check] if check == "--check" => {
            let there = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            if there == made {
                Ok(())
            } else {
                Err(format!("tests/vectors/{name} is stale: run `cargo xtask vectors`"))
            }
        }
        _ => Err("vectors takes --check or nothing".to_owned()),
    }
}

/// One feed: its name, how it is made, and whether it goes out sealed.
struct Plan {
    name: &'static str,
    set: SetChoice,
    records: bool,
    sealed: bool,
    listed: &'static [(Kind, &'static str)],
    asked: &'static [(Kind, &'static str)],
}

const PLANS: [Plan; 3] = [
    Plan {
        name: "domains",
        set: SetChoice::Tokens,
        records: true,
        sealed: false,
        listed: &[
            (Kind::Domain, "Login-Bank.example"),
            (Kind::Url, "https://parcels.example/fee?id=1"),
            (Kind::Ip, "203.0.113.0/24"),
        ],
        asked: &[
            (Kind::Domain, "www.login-bank.example"),
            (Kind::Url, "http://login-bank.example:8080/x"),
            (Kind::Email, "desk@login-bank.example"),
            (Kind::Url, "http://parcels.example/fee?id=1"),
            (Kind::Url, "http://parcels.example/fee"),
            (Kind::Ip, "203.0.113.77"),
            (Kind::Domain, "bank.example"),
            (Kind::Domain, "not a domain"),
            (Kind::Domain, ""),
        ],
    },
    Plan {
        name: "filter",
        set: SetChoice::Fuse,
        records: false,
        sealed: false,
        listed: &[(Kind::Domain, "win.example"), (Kind::Domain, "xn--bcher-kva.example")],
        asked: &[
            (Kind::Domain, "b\u{fc}cher.example"),
            (Kind::Url, "https://a.win.example/"),
            (Kind::Domain, "lose.example"),
        ],
    },
    Plan {
        name: "numbers",
        set: SetChoice::Tokens,
        records: true,
        sealed: true,
        listed: &[(Kind::Phone, "+65 9123 4567"), (Kind::Iban, "GB82 WEST 1234 5698 7654 32")],
        asked: &[
            (Kind::Phone, "+6591234567"),
            (Kind::Phone, "+6591234568"),
            (Kind::Phone, "91234567"),
            (Kind::Iban, "gb82west12345698765432"),
            (Kind::Iban, "GB82WEST12345698765433"),
        ],
    },
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn time(seconds: u64) -> Result<Timestamp> {
    Ok(Timestamp::from_seconds(seconds)?)
}

/// A claim that differs from entry to entry in every field.
fn claim(kind: Kind, number: usize) -> Result<Claim> {
    let place = number as u64;
    Ok(Claim {
        category: Some(format!("listed {kind}")),
        confidence: Some(number as u8 * 7),
        first_seen: Some(time(NOW - 1_000 - place)?),
        last_seen: if number == 0 { None } else { Some(time(NOW - place)?) },
        expires: Some(time(NOW + 86_400 + place)?),
        reference: Some(format!("CASE-{number}")),
        note: Some("commas, \"quotes\", \u{e9}".to_owned()),
    })
}

fn make() -> Result<Value> {
    let mut entropy = FixedEntropy::new(4);
    let now = time(NOW)?;
    let keys = KeySet::generate("Example Anti-Scam Centre", &mut entropy)?;
    let mut trust = TrustStore::new();
    trust.add_card(&keys.card())?;
    let mut feeds = Vec::new();
    for plan in PLANS {
        let mut options = PublishOptions::new(plan.name, now);
        options.set = plan.set;
        options.records = plan.records;
        let mut publisher = Publisher::new(&keys.signing, options, None, &mut entropy)?;
        for (number, &(kind, raw)) in plan.listed.iter().enumerate() {
            let claim = if plan.records { claim(kind, number)? } else { Claim::default() };
            publisher.add_raw(kind, raw, &ParseOptions::default(), claim)?;
        }
        let publication = publisher.publish(&mut entropy)?;
        let mut file = Vec::new();
        if plan.sealed {
            publication.seal(&[], &mut entropy, &mut file)?;
        } else {
            file.extend_from_slice(publication.open(&[])?);
        }
        let secrets = std::slice::from_ref(&keys.recipient);
        let feed = UnverifiedFeed::read(file.as_slice(), secrets, 1 << 20)?.verify(&trust, now)?;
        let digest = hex(feed.digest());
        let look_ups = look_ups(&plan, feed, now)?;
        feeds.push(json!({
            "name": plan.name, "sealed": plan.sealed, "digest": digest, "look_ups": look_ups, "bytes": hex(&file),
        }));
    }
    Ok(json!({
        "comment": "Feeds and what each look-up gives; made by cargo xtask vectors, read by the tests in Rust, C and Python.",
        "now": NOW,
        "card": keys.card().to_text(),
        "identity": *keys.recipient.to_text(),
        "feeds": feeds,
    }))
}

/// A feed that names its desk, and what a bank tells it.
fn sighting() -> Result<Value> {
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

fn look_ups(plan: &Plan, feed: Feed, now: Timestamp) -> Result<Vec<Value>> {
    let matcher = Matcher::new(vec![feed], Guard::default())?;
    let mut all = Vec::new();
    for &(kind, raw) in plan.asked {
        let (error, hit) = match Identifier::parse(kind, raw, &ParseOptions::default()) {
            Err(refused) => (Some(refused.kind()), None),
            Ok(identifier) => {
                let report = matcher.check(&identifier, now)?;
                let rejection = report.rejected.first().map(|rejection| rejection.error.kind());
                (rejection, report.hits.first().map(|hit| told(hit, &matcher)))
            }
        };
        all.push(json!({"kind": kind.name(), "raw": raw, "error": error.map(ErrorKind::name), "hit": hit}));
    }
    Ok(all)
}

fn told(hit: &Hit, matcher: &Matcher) -> Value {
    let (record, claim) = match &hit.record {
        RecordState::None => ("none", Claim::default()),
        RecordState::Opened(claim) => ("opened", claim.clone()),
        RecordState::Unreadable => ("unreadable", Claim::default()),
    };
    let seconds = |time: Option<Timestamp>| time.map(|time| time.seconds());
    json!({
        "matched": hit.matched.name(),
        "kind": hit.matched_kind.name(),
        "rate": matcher.feeds().first().map(|feed| feed.manifest().set.rate()),
        "hit_id": hex(&hit.hit_id),
        "expression": hit.expression,
        "record": record,
        "category": claim.category,
        "confidence": claim.confidence,
        "first_seen": seconds(claim.first_seen),
        "last_seen": seconds(claim.last_seen),
        "expires": seconds(claim.expires),
        "reference": claim.reference,
        "note": claim.note,
    })
}
