//! `tests/vectors/matching.json`: feeds with what every look-up gives; `tests/vectors/trust.json`: what a publisher's roots sign. The same
//! files for Rust, C and Python. `tests/vectors/sighting.json`: a file of sightings, for Rust and the reference implementation.
//!
//! Everything in them follows from fixed random bytes, so a change of them is a change of the format or of the data: `cargo xtask vectors`
//! writes them, `--check` compares.

mod sighting;
mod trust;

use bisik::{
    Claim, ErrorKind, Feed, FixedEntropy, Guard, Hit, Identifier, KeySet, Kind, Matcher, ParseOptions, PublishOptions,
    Publisher, RecordState, SetChoice, Timestamp, TrustStore, UnverifiedFeed,
};
use serde_json::{Value, json};

use crate::{Outcome, root};

/// What goes wrong in making vectors.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The time of all vectors, as `NOW` in `tests/c/check.h`.
const NOW: u64 = 1_800_000_000;

/// Writes the files, or with `check` compares them with what they would be.
pub(crate) fn vectors(arguments: &[String]) -> Outcome {
    let check = match arguments {
        [] => false,
        [check] if check == "--check" => true,
        _ => return Err("vectors takes --check or nothing".to_owned()),
    };
    for (name, made) in [("matching.json", make()), ("trust.json", trust::make()), ("sighting.json", sighting::make())]
    {
        let path = root().join("tests/vectors").join(name);
        let made = format!("{:#}\n", made.map_err(|error| error.to_string())?);
        if !check {
            std::fs::write(&path, made).map_err(|error| error.to_string())?;
        } else if std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))? != made {
            return Err(format!("tests/vectors/{name} is stale: run `cargo xtask vectors`"));
        }
    }
    Ok(())
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
