//! Deterministic feeds of every form, with look-ups and the answers that a reader must give.
//!
//! ```text
//! cargo run --example make_fixtures -- DIRECTORY
//! ```
//!
//! Writes `trust.pub`, `key.txt`, the feeds, `queries.jsonl` and, for each feed, `NAME.expected.jsonl` with one answer a
//! query: `hit`, and for a hit `hit_id`, `certainty` and the record's fields. All times are counted from [`NOW`].

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use bisik::{
    Certainty, Claim, FixedEntropy, Guard, Identifier, KeySet, Kind, Matcher, ParseOptions, PublishOptions, Publisher,
    RecipientSecret, RecordState, SetChoice, Timestamp, TrustStore, UnverifiedFeed,
};
use serde_json::{Map, Value, json};

/// When all feeds are issued, and the time of the look-ups: 2027-01-15T08:00:00Z.
const NOW: u64 = 1_800_000_000;

const LISTED: &[(Kind, &str)] = &[
    (Kind::Phone, "+6591234567"),
    (Kind::Phone, "+60123456789"),
    (Kind::Email, "collector@evil-bank.example"),
    (Kind::Domain, "evil-bank.example"),
    (Kind::Domain, "bad.github.io"),
    (Kind::Domain, "a-name-of-more-than-sixty-bytes-in-two-labels.under-a-domain-of-its-own.example"),
    (Kind::Url, "https://sites.example/evil/page?id=7"),
    (Kind::Ip, "45.33.7.8"),
    (Kind::Ip, "45.34.0.0/16"),
    (Kind::Ip, "2606:4700:1::/48"),
    (Kind::Account, "SG:DBSSSGSG:0123456789"),
    (Kind::Iban, "GB29NWBK60161331926819"),
    (Kind::Wallet, "0x52908400098527886E0F7030069857D2E4169EE7"),
];

const STRANGERS: &[(Kind, &str)] = &[
    (Kind::Phone, "+6591234568"),
    (Kind::Email, "someone@evil-bank.example"),
    (Kind::Domain, "good-bank.example"),
    (Kind::Url, "https://sites.example/good/page"),
    (Kind::Ip, "45.33.7.9"),
    (Kind::Account, "SG:DBSSSGSG:9876543210"),
];

struct Form {
    name: &'static str,
    set: SetChoice,
    records: bool,
    sealed: bool,
    kinds: &'static [Kind],
}

const NAMES: &[Kind] = &[Kind::Domain, Kind::Url, Kind::Email, Kind::Ip];

const FORMS: &[Form] = &[
    Form { name: "open-tokens", set: SetChoice::Tokens, records: false, sealed: false, kinds: Kind::ALL },
    Form { name: "open-records", set: SetChoice::Tokens, records: true, sealed: false, kinds: Kind::ALL },
    Form { name: "sealed-records", set: SetChoice::Tokens, records: true, sealed: true, kinds: Kind::ALL },
    Form { name: "open-bloom", set: SetChoice::Bloom, records: false, sealed: false, kinds: Kind::ALL },
    Form { name: "open-fuse", set: SetChoice::Fuse, records: false, sealed: false, kinds: Kind::ALL },
    Form { name: "sealed-fuse", set: SetChoice::Fuse, records: false, sealed: true, kinds: Kind::ALL },
    Form { name: "open-names", set: SetChoice::Tokens, records: true, sealed: false, kinds: NAMES },
    Form { name: "open-empty", set: SetChoice::Tokens, records: false, sealed: false, kinds: &[] },
];

fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: make_fixtures DIRECTORY")?);
    fs::create_dir_all(&directory)?;
    let centre = KeySet::generate("Example Anti-Scam Centre", &mut FixedEntropy::new(1))?;
    let bank = KeySet::generate("Example Bank", &mut FixedEntropy::new(2))?;
    fs::write(directory.join("trust.pub"), centre.card().to_text())?;
    fs::write(directory.join("key.txt"), format!("{}\n", *bank.recipient.to_text()))?;

    let options = ParseOptions::default();
    let queries: Result<Vec<_>, _> =
        LISTED.iter().chain(STRANGERS).map(|&(kind, raw)| Identifier::parse(kind, raw, &options)).collect();
    let queries = queries?;
    let lines: Vec<Value> =
        queries.iter().map(|query| json!({"kind": query.kind().name(), "match_key": query.match_key()})).collect();
    write_lines(&directory.join("queries.jsonl"), &lines)?;

    for (seed, form) in (100..).zip(FORMS) {
        let file = publish(form, &centre, &bank, &mut FixedEntropy::new(seed))?;
        let answers = answers(&file, &centre, &bank.recipient, &queries)?;
        fs::write(directory.join(format!("{}.bisik", form.name)), &file)?;
        write_lines(&directory.join(format!("{}.expected.jsonl", form.name)), &answers)?;
        let hits = answers.iter().filter(|answer| answer["hit"] == true).count();
        println!("{:>16}: {} bytes, {hits} of {} look-ups are hits", form.name, file.len(), queries.len());
    }
    Ok(())
}

fn write_lines(path: &Path, values: &[Value]) -> std::io::Result<()> {
    fs::write(path, values.iter().map(|value| format!("{value}\n")).collect::<String>())
}

fn publish(form: &Form, centre: &KeySet, bank: &KeySet, entropy: &mut FixedEntropy) -> Result<Vec<u8>, bisik::Error> {
    let mut options = PublishOptions::new(form.name, Timestamp::from_seconds(NOW)?);
    (options.set, options.records) = (form.set, form.records);
    options.purpose = "fixture".to_owned();
    let mut publisher = Publisher::new(&centre.signing, options, None, entropy)?;
    for (row, &(kind, raw)) in LISTED.iter().enumerate().filter(|(_, (kind, _))| form.kinds.contains(kind)) {
        publisher.add_raw(kind, raw, &ParseOptions::default(), claim(row)?)?;
    }
    let publication = publisher.publish(entropy)?;
    if !form.sealed {
        return publication.open(Kind::ALL).map(<[u8]>::to_vec);
    }
    let mut file = Vec::new();
    publication.seal(&[bank.recipient.recipient().clone()], entropy, &mut file)?;
    Ok(file)
}

/// All fields, none, one, and one that has expired.
fn claim(row: usize) -> Result<Claim, bisik::Error> {
    let at = |seconds| Timestamp::from_seconds(seconds).map(Some);
    Ok(match row % 4 {
        0 => Claim {
            category: Some("phishing".to_owned()),
            confidence: Some(90),
            first_seen: at(NOW - 86_400)?,
            last_seen: at(NOW)?,
            expires: at(NOW + 86_400)?,
            reference: Some(format!("case {row}")),
            note: Some("ภัยออนไลน์".to_owned()),
        },
        1 => Claim::default(),
        2 => Claim { confidence: Some(0), ..Claim::default() },
        _ => Claim { category: Some("mule-account".to_owned()), expires: at(NOW)?, ..Claim::default() },
    })
}

/// What the library says of each query by itself, without the names and networks above it.
fn answers(
    file: &[u8],
    centre: &KeySet,
    secret: &RecipientSecret,
    queries: &[Identifier],
) -> Result<Vec<Value>, bisik::Error> {
    let now = Timestamp::from_seconds(NOW)?;
    let mut trust = TrustStore::new();
    trust.add_card(&centre.card())?;
    let feed = UnverifiedFeed::read(file, std::slice::from_ref(secret), 1 << 24)?.verify(&trust, now)?;
    let report = Matcher::new(vec![feed], Guard::default())?.match_batch(queries, now)?;
    let answer = |(index, query): (usize, &Identifier)| {
        let exact = report
            .hits
            .iter()
            .find(|hit| hit.index == index && hit.matched_kind == query.kind() && hit.expression == query.match_key());
        let Some(hit) = exact else { return json!({"hit": false}) };
        let certainty = if hit.certainty == Certainty::Exact { "exact" } else { "probable" };
        let hit_id: String = hit.hit_id.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut answer = json!({"hit": true, "hit_id": hit_id, "certainty": certainty});
        match &hit.record {
            RecordState::Opened(claim) => answer["record"] = fields(claim),
            RecordState::Unreadable => answer["record"] = "record-unreadable".into(),
            RecordState::None => {}
        }
        answer
    };
    Ok(queries.iter().enumerate().map(answer).collect())
}

fn fields(claim: &Claim) -> Value {
    let mut fields = Map::new();
    let texts = [("category", &claim.category), ("reference", &claim.reference), ("note", &claim.note)];
    fields.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?)))));
    let times = [("first_seen", claim.first_seen), ("last_seen", claim.last_seen), ("expires", claim.expires)];
    fields.extend(times.into_iter().filter_map(|(name, time)| Some((name.to_owned(), json!(time?.seconds())))));
    fields.extend(claim.confidence.map(|confidence| ("confidence".to_owned(), json!(confidence))));
    Value::Object(fields)
}
