//! The shared vectors in a form that C reads with `fgets`: one case a line, fields separated by tabs, texts in hexadecimal.
//!
//! Canonical forms come from `tests/vectors/canonical`, feeds and verdicts from `tests/vectors/matching.json`, what roots sign from
//! `tests/vectors/trust.json`, hostile files from `tests/vectors/hostile.json` and `hostile_texts.json`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bisik::{ErrorKind, Kind};
use serde_json::Value;

use super::{folder as make, read, write as save};
use crate::{Outcome, root};

/// What goes wrong in making vectors.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Writes the files of the test program `vectors` into a folder.
pub(super) fn write(folder: &Path) -> Outcome {
    make(folder)?;
    save(&folder.join("canonical.tsv"), canonical().map_err(|error| error.to_string())?)?;
    save(&folder.join("trust.tsv"), trust().map_err(|error| error.to_string())?)?;
    hostile(folder).map_err(|error| error.to_string())?;
    deltas(folder).map_err(|error| error.to_string())?;
    feeds(folder).map_err(|error| error.to_string())
}

/// The error of this name.
fn error_of(name: &str) -> Result<ErrorKind> {
    Ok(ErrorKind::ALL.iter().copied().find(|kind| kind.name() == name).ok_or("no such error")?)
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

/// First the card, the feed of the old key and that of the new one; then for each step the card to begin anew with, if any, the
/// statement, its status, and the status of opening each feed.
fn trust() -> Result<String> {
    let vectors: Value = serde_json::from_str(&read(&root().join("tests/vectors/trust.json"))?)?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let bytes = |value: &Value, name: &str| text(value, name).map(|digits| format!("x{digits}")).ok_or("no bytes");
    let status = |step: &Value, name: &str| match text(step, name) {
        None => Ok(0),
        Some(name) => {
            ErrorKind::ALL.iter().find(|kind| kind.name() == name).map(|kind| kind.code()).ok_or("no such error")
        }
    };
    let card = text(&vectors, "card").ok_or("no card")?;
    let mut lines = format!("{}\t{}\t{}\n", hex(card), bytes(&vectors, "old_feed")?, bytes(&vectors, "new_feed")?);
    for step in vectors.get("steps").and_then(Value::as_array).ok_or("no steps")? {
        let card = text(step, "card").map_or_else(|| "-".to_owned(), hex);
        let (error, old, new) = (status(step, "error")?, status(step, "old_feed")?, status(step, "new_feed")?);
        writeln!(lines, "{card}\t{}\t{error}\t{old}\t{new}", bytes(step, "statement")?)?;
    }
    Ok(lines)
}

/// The fields of a hit, in the order of `verdicts.tsv`.
const FIELDS: [&str; 13] = [
    "matched",
    "kind",
    "rate",
    "hit_id",
    "expression",
    "record",
    "category",
    "confidence",
    "first_seen",
    "last_seen",
    "expires",
    "reference",
    "note",
];

/// Writes `card.txt`, `identity.txt`, a file for each feed, and `verdicts.tsv`: feed, kind, raw, status, and after a hit its fields.
fn feeds(folder: &Path) -> Result<()> {
    let vectors: Value = serde_json::from_str(&read(&root().join("tests/vectors/matching.json"))?)?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let list = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    save(&folder.join("card.txt"), text(&vectors, "card").ok_or("no card")?)?;
    save(&folder.join("identity.txt"), text(&vectors, "identity").ok_or("no identity")?)?;
    let mut verdicts = String::new();
    for feed in list(&vectors, "feeds") {
        let name = text(&feed, "name").ok_or("a feed without a name")?;
        save(&folder.join(&name), unhex(&text(&feed, "bytes").ok_or("a feed without bytes")?)?)?;
        for look_up in list(&feed, "look_ups") {
            let kind: Kind = text(&look_up, "kind").ok_or("a look-up without a kind")?.parse()?;
            let raw = text(&look_up, "raw").ok_or("a look-up without a value")?;
            let status = match text(&look_up, "error") {
                Some(name) => ErrorKind::ALL.iter().find(|kind| kind.name() == name).ok_or("no such error")?.code(),
                None => 0,
            };
            write!(verdicts, "{name}\t{}\t{}\t{status}", kind.number(), hex(raw))?;
            if let Some(hit) = look_up.get("hit").filter(|hit| !hit.is_null()) {
                for field in FIELDS {
                    verdicts.push('\t');
                    match hit.get(field).ok_or("a hit without all its fields")? {
                        Value::Null => verdicts.push('-'),
                        Value::String(text) => verdicts.push_str(&hex(text)),
                        number => write!(verdicts, "{number}")?,
                    }
                }
            }
            verdicts.push('\n');
        }
    }
    save(&folder.join("verdicts.tsv"), verdicts)?;
    Ok(())
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let pairs = text.as_bytes().as_chunks::<2>().0.iter();
    pairs.map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
}

/// The formats of hostile files beside feeds that C has calls for, by their names in the two documents.
const HOSTILE: [(&str, &str); 15] = [
    ("trust-store", "trust-store"),
    ("history", "history"),
    ("review-log", "review-log"),
    ("log-head", "log-head"),
    ("retraction-list", "retraction-list"),
    ("blind-answer", "blind-answer"),
    ("blind-state", "blind-state"),
    ("trust", "trust-store"),
    ("log", "review-log"),
    ("remembered", "remembered"),
    ("ledger", "ledger"),
    ("card", "card"),
    ("signing", "signing"),
    ("oprf", "oprf"),
    ("policy", "policy"),
];

/// Two logs, and the head of the first, which `tests/c/store.c` reads: their names and files.
const LOGS: [(&str, &str); 3] = [
    ("accepted__review-log-as-it-should-be", "whole.log"),
    ("accepted__review-log-start-alone", "start.log"),
    ("accepted__log-head-as-it-should-be", "whole.head"),
];

/// The hostile files that C has calls for: their bytes behind one another in `hostile.bin`, and in `hostile.tsv` format, name, time,
/// offset, length and status of each. What is no UTF-8 is refused as that where a text is expected. Beside them what opens them.
fn hostile(folder: &Path) -> Result<()> {
    let vectors: Value = serde_json::from_str(&read(&root().join("tests/vectors/hostile.json"))?)?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    save(&folder.join("hostile-card.txt"), text(&vectors, "trust").ok_or("no card")?)?;
    save(&folder.join("hostile-identity.txt"), text(&vectors, "key").ok_or("no identity")?)?;
    let member = vectors.get("member").ok_or("no member")?;
    for (name, file) in [("feed", "hostile-asked.bisik"), ("state", "hostile-state.bin")] {
        save(&folder.join(file), unhex(&text(member, name).ok_or("no bytes")?)?)?;
    }
    let known = |name: &str| HOSTILE.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
    let (mut lines, mut bytes) = (String::new(), Vec::new());
    let mut add = |format: &str, name: &str, error: Option<&str>, now: u64, data: &[u8]| -> Result<()> {
        let is_text = format == "trust-store" || format == "history";
        let status = match error {
            Some(_) if is_text && std::str::from_utf8(data).is_err() => ErrorKind::InvalidUtf8.code(),
            Some(name) => error_of(name)?.code(),
            None => 0,
        };
        writeln!(lines, "{format} {name} {now} {} {} {status}", bytes.len(), data.len())?;
        bytes.extend_from_slice(data);
        Ok(())
    };
    for list in ["files", "texts"] {
        for (file, data) in pieces(vectors.get(list).and_then(Value::as_array).ok_or("no list")?)? {
            let with_key = file.get("key").and_then(Value::as_bool).unwrap_or_default();
            let format = match text(file, "format") {
                None if with_key => "feed-with-key",
                None => "feed",
                Some(format) => match known(&format) {
                    Some(format) => format,
                    None => continue,
                },
            };
            let name = text(file, "name").ok_or("no name")?;
            if let Some((_, file)) = LOGS.iter().find(|(known, _)| *known == name) {
                save(&folder.join(file), &data)?;
            }
            let now = file.get("now").or(vectors.get("now")).and_then(Value::as_u64).ok_or("no time")?;
            add(format, &name, text(file, "error").as_deref(), now, &data)?;
        }
    }
    let texts: Value = serde_json::from_str(&read(&root().join("tests/vectors/hostile_texts.json"))?)?;
    for case in texts.get("cases").and_then(Value::as_array).ok_or("no cases")? {
        let (format, name) = text(case, "format").zip(text(case, "name")).ok_or("no name")?;
        let Some(format) = known(&format) else { continue };
        let mut content = text(case, "text").ok_or("no text")?;
        if let Some([last, times]) = case.get("then").and_then(Value::as_array).map(Vec::as_slice) {
            let times = times.as_u64().ok_or("not how often")? as usize;
            content.push_str(&last.as_str().ok_or("no character")?.repeat(times));
        }
        let error = name.split_once("__").ok_or("no error in the name")?.0;
        add(format, &name, Some(error).filter(|error| *error != "accepted"), 0, content.as_bytes())?;
    }
    save(&folder.join("hostile.tsv"), lines)?;
    save(&folder.join("hostile.bin"), bytes)?;
    Ok(())
}

/// The hostile deltas: all versions and deltas behind one another in `hostile-deltas.bin`, and in `hostile-deltas.tsv` for each delta
/// name, whether a key is given, time, offset, length, status, offset and length of base and result, number of look-ups; then each
/// look-up's kind, value, and what it ends with in base and result: the number of hits or a status.
fn deltas(folder: &Path) -> Result<()> {
    let vectors: Value = serde_json::from_str(&read(&root().join("tests/vectors/hostile.json"))?)?;
    let list = |name: &str| vectors.get(name).and_then(Value::as_array).ok_or("no list");
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let (mut lines, mut bytes, mut versions) = (String::new(), Vec::new(), Vec::new());
    for (_, data) in pieces(list("versions")?)? {
        versions.push((bytes.len(), data.len()));
        bytes.extend_from_slice(&data);
    }
    let ends = |look: &Value, name: &str| match text(look, name).as_deref() {
        Some("hit") => Ok(1),
        Some("no-hit") => Ok(0),
        Some(error) => Ok(error_of(error)?.code()),
        None => Err(Box::from("a look-up that ends with nothing")) as Result<_>,
    };
    for (delta, data) in pieces(list("deltas")?)? {
        let version = |name: &str| {
            let place = delta.get(name).and_then(Value::as_u64);
            place.map(|place| versions.get(place as usize).copied().ok_or("no such version")).transpose()
        };
        let (base, result) = (version("base")?.ok_or("no base")?, version("result")?.unwrap_or_default());
        let status = text(delta, "error").map_or(Ok(0), |name| error_of(&name).map(|kind| kind.code()))?;
        let look_ups = delta.get("look_ups").and_then(Value::as_array).ok_or("no look-ups")?;
        writeln!(
            lines,
            "delta {} {} {} {} {} {status} {} {} {} {} {}",
            text(delta, "name").ok_or("no name")?,
            u8::from(delta.get("key").and_then(Value::as_bool).unwrap_or_default()),
            delta.get("now").and_then(Value::as_u64).ok_or("no time")?,
            bytes.len(),
            data.len(),
            base.0,
            base.1,
            result.0,
            result.1,
            look_ups.len(),
        )?;
        for look in look_ups {
            let kind: Kind = text(look, "kind").ok_or("a look-up without a kind")?.parse()?;
            let value = text(look, "match_key").ok_or("a look-up without a value")?;
            let (before, after) = (ends(look, "before")?, ends(look, "outcome")?);
            writeln!(lines, "look-up {} {value} {before} {after}", kind.number())?;
        }
        bytes.extend_from_slice(&data);
    }
    save(&folder.join("hostile-neighbour.txt"), text(&vectors, "neighbour").ok_or("no card")?)?;
    save(&folder.join("hostile-deltas.tsv"), lines)?;
    save(&folder.join("hostile-deltas.bin"), bytes)?;
    Ok(())
}

/// Files with their bytes: pieces in hex, and pieces of earlier files as [file, offset, length].
fn pieces(files: &[Value]) -> Result<Vec<(&Value, Vec<u8>)>> {
    let mut made: Vec<(&Value, Vec<u8>)> = Vec::new();
    for file in files {
        let mut bytes = Vec::new();
        for piece in file.get("bytes").and_then(Value::as_array).ok_or("a file without bytes")? {
            if let Some(hex) = piece.as_str() {
                bytes.extend(unhex(hex)?);
                continue;
            }
            let [source, offset, length] =
                [0, 1, 2].map(|at| piece.get(at).and_then(Value::as_u64).unwrap_or(u64::MAX));
            let (_, source) = made.get(source as usize).ok_or("a piece of no earlier file")?;
            let end = offset.saturating_add(length) as usize;
            bytes.extend_from_slice(source.get(offset as usize..end).ok_or("a piece beyond a file's end")?);
        }
        made.push((file, bytes));
    }
    Ok(made)
}
