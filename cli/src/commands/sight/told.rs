//! What a member tells: hits out of files and arguments, one sighting for each hit and day.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use bisik::{Amount, Currency, DAY, Error, ErrorKind, Feed, OsEntropy, Sighting, SightingAction, Timestamp};
use serde_json::Value;

use crate::args::Sight;
use crate::failure::{About, Failure, Result, needs};
use crate::input::is_stdin;
use crate::units::{parse_hex, parse_time};

/// The longest line: a hit with its record.
const MAX_LINE: u64 = 1 << 16;

/// The sightings of a run.
pub(super) struct Told {
    pub(super) sightings: Vec<Sighting>,
    /// How many hits were read.
    pub(super) lines: u64,
    /// How many of them are of other feeds or epochs.
    pub(super) left_out: u64,
}

/// What one line or argument says.
struct Hit {
    id: [u8; 16],
    time: Timestamp,
    action: SightingAction,
    amount: Option<Amount>,
    reference: Option<String>,
}

/// The sightings so far, by hit and day.
type ByDay = BTreeMap<([u8; 16], u64), Sighting>;

impl Told {
    /// Reads what the arguments name.
    pub(super) fn read(args: &Sight, feed: &Feed, now: Timestamp) -> Result<Self> {
        let mut told = Self { sightings: Vec::new(), lines: 0, left_out: 0 };
        let mut by_day = ByDay::new();
        for id in &args.hit {
            told.lines += 1;
            add(&mut by_day, hit(*id, &Value::Null, args, now)?)?;
        }
        for path in &args.inputs {
            let source: Box<dyn Read> =
                if is_stdin(path) { Box::new(io::stdin()) } else { Box::new(File::open(path).about(path)?) };
            told.read_lines(source, path, args, feed, now, &mut by_day)?;
        }
        if by_day.is_empty() {
            let what = "there is no hit of this feed and epoch to tell";
            return Err(Failure::new(ErrorKind::NothingAccepted, what).help(if told.left_out > 0 {
                "name with --feed the feed that had the hits, of the same epoch"
            } else {
                "give hits with --hit, or a file of match --format jsonl or --remember"
            }));
        }
        told.sightings = by_day.into_values().collect();
        Ok(told)
    }

    fn read_lines(
        &mut self,
        source: Box<dyn Read>,
        path: &Path,
        args: &Sight,
        feed: &Feed,
        now: Timestamp,
        by_day: &mut ByDay,
    ) -> Result<()> {
        let mut lines = BufReader::new(source);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            if lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).about(path)? == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let failed = |failure: Failure| failure.help_also(&format!("line {number} of the hits")).about(path);
            let value: Value = serde_json::from_slice(&line).map_err(|_| {
                failed(
                    Failure::new(ErrorKind::InvalidRow, "not a line of JSON")
                        .help("give what match --format jsonl or --remember wrote"),
                )
            })?;
            let id = value.get("hit_id").and_then(Value::as_str).and_then(parse_hex);
            let id = id.ok_or_else(|| {
                failed(
                    Failure::new(ErrorKind::InvalidRow, "a line without hit_id")
                        .help("give what match --format jsonl or --remember wrote"),
                )
            })?;
            self.lines += 1;
            if !is_of(&value, feed) {
                self.left_out += 1;
                continue;
            }
            let hit = hit(id, &value, args, now).map_err(failed)?;
            add(by_day, hit).map_err(failed)?;
        }
        Ok(())
    }
}

/// Whether a line is of this feed and epoch, as far as it says so.
fn is_of(line: &Value, feed: &Feed) -> bool {
    let manifest = feed.manifest();
    let other = |name: &str, own: &dyn Fn(&Value) -> bool| line.get(name).is_some_and(|value| !own(value));
    let publisher = manifest.publisher.to_string();
    // `match` prints the publisher's name here, and the file of remembered hits its id.
    let is_id = |text: &str| parse_hex::<32>(text).is_some();
    !other("feed", &|value| value.as_str() == Some(&manifest.feed))
        && !other("epoch", &|value| value.as_u64() == Some(manifest.epoch.into()))
        && !other("publisher", &|value| {
            value.as_str().is_some_and(|text| !is_id(text) && text == feed.publisher_name() || text == publisher)
        })
}

/// A hit with what its line says of it, or else the arguments.
fn hit(id: [u8; 16], line: &Value, args: &Sight, now: Timestamp) -> Result<Hit> {
    let text = |name: &str| line.get(name).and_then(Value::as_str);
    let time = match line.get("time") {
        None => args.time.unwrap_or(now),
        Some(Value::String(text)) => parse_time(text)?,
        Some(value) => {
            let wrong = || Error::new(ErrorKind::InvalidClaim, "a time is text or seconds since 1970");
            value.as_u64().and_then(|seconds| Timestamp::from_seconds(seconds).ok()).ok_or_else(wrong)?
        }
    };
    let action = match text("action") {
        Some(name) => name.parse()?,
        None => {
            args.action.ok_or_else(|| needs("--action", "says what you did: frozen, reported, declined or none"))?
        }
    };
    let currency: Option<Currency> = text("currency").map(str::parse).transpose()?.or(args.currency);
    let stated = match line.get("amount") {
        None | Some(Value::Null) => args.amount.clone(),
        Some(Value::String(text)) => Some(text.clone()),
        Some(value) => {
            // A number with a point may have been rounded on its way.
            let whole = value.as_u64().ok_or_else(|| {
                Error::new(ErrorKind::InvalidClaim, "an amount is text such as \"1250.50\", or a whole number")
            })?;
            Some(whole.to_string())
        }
    };
    let amount = match (stated, currency) {
        (None, _) => None,
        (Some(text), Some(currency)) => Some(Amount::parse(&text, currency)?),
        (Some(_), None) => return Err(needs("--currency", "goes with an amount")),
    };
    let reference = text("case").map(str::to_owned).or_else(|| args.reference.clone());
    Ok(Hit { id, time, action, amount, reference })
}

/// Adds a hit to what is told of it on its day.
fn add(by_day: &mut ByDay, hit: Hit) -> Result<()> {
    let Hit { id, time, action, amount, reference } = hit;
    let day = time.seconds() / DAY;
    let Some(told) = by_day.get_mut(&(id, day)) else {
        let mut sighting = Sighting::new(id, time, action, &mut OsEntropy)?;
        (sighting.amount, sighting.reference) = (amount, reference);
        sighting.check()?;
        by_day.insert((id, day), sighting);
        return Ok(());
    };
    told.time = told.time.max(time);
    told.action = told.action.min(action);
    told.reference = told.reference.take().or(reference);
    told.amount = match (told.amount, amount) {
        (Some(sum), Some(more)) if sum.currency == more.currency => {
            Some(Amount::new(sum.minor.saturating_add(more.minor), sum.currency)?)
        }
        (Some(_), Some(_)) => {
            let what = "one hit on one day with amounts in two currencies";
            return Err(Failure::new(ErrorKind::InvalidClaim, what).help("convert one of them, or leave it out"));
        }
        (sum, more) => sum.or(more),
    };
    told.check()?;
    Ok(())
}
