//! The shared vectors in a form that C reads with `fgets`: one case a line, fields separated by tabs, texts in hexadecimal.
//!
//! Canonical forms come from `tests/vectors/canonical` as they are. Feeds and verdicts are made here, by the Rust side.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bisik::{
    Claim, ErrorKind, Feed, FixedEntropy, Guard, Identifier, KeySet, Kind, Matched, Matcher, ParseOptions,
    PublishOptions, Publisher, RecordState, SetChoice, Timestamp, TrustStore, UnverifiedFeed,
};
use serde_json::Value;

use super::{folder as make, read, write as save};
use crate::{Outcome, root};

/// What goes wrong in making vectors.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The time of all vectors, as `NOW` in `tests/c/check.h`.
const NOW: u64 = 1_800_000_000;

/// Writes the files of the test program `vectors` into a folder.
pub(super) fn write(folder: &Path) -> Outcome {
    make(folder)?;
    save(&folder.join("canonical.tsv"), canonical().map_err(|error| error.to_string())?)?;
    feeds(folder).map_err(|error| error.to_string())
}

fn hex(text: impl AsRef<[u8]>) -> String {
    text.as_ref().iter().fold(String::from("x"), |mut hex, byte| {
        // Writing to a String does not fail.
        _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// kind, region, bank, country, allow unassigned, raw, status, canonical form.
fn canonical() -> Result<String> {
    let mut lines = String::new();
    let mut files: Vec<_> = fs::read_dir(root().join("tests/vectors/canonical"))?.collect::<std::io::Result<_>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    for file in files {
        let content: Value = serde_json::from_str(&read(&file.path())?)?;
        let cases = content.get("cases").unwrap_or(&content);
        for case in cases.as_array().ok_or("a vector file has a list of cases")? {
            lines.push_str(&line(case).ok_or_else(|| format!("{}: {case}", file.path().display()))?);
        }
    }
    Ok(lines)
}

fn line(case: &Value) -> Option<String> {
    let known = ["kind", "raw", "canonical", "error", "comment", "region", "bank", "country", "allow_unassigned"];
    if case.as_object()?.keys().any(|name| !known.contains(&name.as_str())) {
        return None;
    }
    let text = |name: &str| case.get(name).and_then(Value::as_str);
    let field = |name: &str| text(name).map_or_else(|| "-".to_owned(), hex);
    let status = match text("error") {
        Some(name) => ErrorKind::ALL.iter().find(|kind| kind.name() == name)?.code(),
        None => 0,
    };
    Some(format!(
        "{}\t{}\t{}\t{}\t{}\t{}\t{status}\t{}\n",
        text("kind")?.parse::<Kind>().ok()?.number(),
        field("region"),
        field("bank"),
        field("country"),
        u8::from(case.get("allow_unassigned").and_then(Value::as_bool).unwrap_or_default()),
        field("raw"),
        field("canonical"),
    ))
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

/// Writes `card.txt`, `identity.txt`, a file for each feed, and `verdicts.tsv`:
/// feed, kind, raw, status, matched, matched kind, rate, hit id, expression, category; without a hit, `-` from matched on.
fn feeds(folder: &Path) -> Result<()> {
    let mut entropy = FixedEntropy::new(4);
    let now = Timestamp::from_seconds(NOW)?;
    let keys = KeySet::generate("Example Anti-Scam Centre", &mut entropy)?;
    save(&folder.join("card.txt"), keys.card().to_text())?;
    save(&folder.join("identity.txt"), &*keys.recipient.to_text())?;
    let mut trust = TrustStore::new();
    trust.add_card(&keys.card())?;
    let mut verdicts = String::new();
    for plan in PLANS {
        let mut options = PublishOptions::new(plan.name, now);
        options.set = plan.set;
        options.records = plan.records;
        let mut publisher = Publisher::new(&keys.signing, options, None, &mut entropy)?;
        for &(kind, raw) in plan.listed {
            let claim = Claim { category: Some(format!("listed {kind}")), ..Claim::default() };
            publisher.add_raw(kind, raw, &ParseOptions::default(), claim)?;
        }
        let publication = publisher.publish(&mut entropy)?;
        let mut file = Vec::new();
        if plan.sealed {
            publication.seal(&[], &mut entropy, &mut file)?;
        } else {
            file.extend_from_slice(publication.open(&[])?);
        }
        let feed = UnverifiedFeed::read(file.as_slice(), std::slice::from_ref(&keys.recipient), 1 << 20)?
            .verify(&trust, now)?;
        save(&folder.join(plan.name), &file)?;
        verdict_lines(&mut verdicts, &plan, feed, now)?;
    }
    save(&folder.join("verdicts.tsv"), verdicts)?;
    Ok(())
}

fn verdict_lines(lines: &mut String, plan: &Plan, feed: Feed, now: Timestamp) -> Result<()> {
    let matcher = Matcher::new(vec![feed], Guard::default())?;
    for &(kind, raw) in plan.asked {
        write!(lines, "{}\t{}\t{}\t", plan.name, kind.number(), hex(raw))?;
        let report = match Identifier::parse(kind, raw, &ParseOptions::default()) {
            Ok(identifier) => matcher.check(&identifier, now)?,
            Err(error) => {
                writeln!(lines, "{}\t-", error.kind().code())?;
                continue;
            }
        };
        let Some(hit) = report.hits.first() else {
            writeln!(lines, "0\t-")?;
            continue;
        };
        let rate = matcher.feeds().first().map_or(0, |feed| feed.manifest().set.rate());
        let category = match &hit.record {
            RecordState::Opened(claim) => claim.category.as_deref().unwrap_or_default(),
            _ => "",
        };
        writeln!(
            lines,
            "0\t{}\t{}\t{rate}\t{}\t{}\t{}",
            Matched::ALL.iter().position(|&matched| matched == hit.matched).unwrap_or_default(),
            hit.matched_kind.number(),
            hex(hit.hit_id),
            hex(&hit.expression),
            hex(category),
        )?;
    }
    Ok(())
}
