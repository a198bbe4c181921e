//! `bisik check`: one value.

use std::io::{self, BufRead, Read};

use bisik::{Claim, ErrorKind, Hit, RawInput};

use super::blind::Desk;
use super::match_::{ends, hit_line, load, policy, verdicts};
use super::{Outcome, parse_options};
use crate::args::{Check, Format};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::input::{Place, Row};
use crate::memory::Acted;
use crate::output::{HitLine, Printer};
use crate::units::plural;

/// The most that is read of standard input.
const MAX_VALUE: u64 = 1 << 16;

/// Looks the value up in all feeds.
pub(super) fn run(args: &Check, console: &mut Console) -> Result<Outcome> {
    let now = console.now()?;
    let options = parse_options(args.region.as_deref(), args.bank.as_deref(), args.allow_unassigned);
    let matcher = load(&args.feeds, &options, now, console)?;
    let desk = Desk::open(&args.asking, &matcher, console)?;
    let value = if args.value == "-" { one_line()? } else { args.value.clone() };
    let raw = RawInput { kind: args.kind, value: &value, options: &options };
    let report = match desk {
        Some(desk) => desk.check(&matcher, raw, now, console)?,
        None => matcher.match_raw(&[raw], now)?,
    };
    if let Some(rejection) = report.rejected.into_iter().next() {
        return Err(rejection.error.into());
    }
    let row = Row {
        place: Place { row: 1, line: 1 },
        kind: args.kind,
        value: String::new(),
        options: None,
        id: None,
        claim: Claim::default(),
        cells: None,
    };
    if let Some(path) = &args.remember {
        let mut acted = Acted::open(path)?;
        for hit in &report.hits {
            if let Some(feed) = matcher.feeds().get(hit.feed) {
                acted.add(feed, hit.hit_id, now);
            }
        }
        acted.commit()?;
    }
    let ends = ends(&matcher);
    let feeds = |hit: &Hit| matcher.feeds().get(hit.feed).zip(ends.get(hit.feed));
    let policy = policy(&args.feeds)?;
    let verdicts = verdicts(policy.as_ref(), &report.hits, &matcher, now, |_| Some(args.kind));
    let lines: Vec<HitLine<'_>> = report
        .hits
        .iter()
        .enumerate()
        .filter_map(|(at, hit)| {
            let (feed, expires) = feeds(hit)?;
            let mut line = hit_line(hit, feed, expires, &row, "", None);
            line.verdict = verdicts.get(at).and_then(Option::as_ref);
            Some(line)
        })
        .collect();
    let format = if args.json { Format::Jsonl } else { Format::Table };
    let mut printer = Printer::new(format, false, false, false).with_verdicts(policy.is_some());
    printer.print(console, &lines)?;
    printer.finish(console)?;
    if lines.is_empty() {
        let label = console.style.label;
        let feeds = plural(matcher.feeds().len() as u64, "feed", "feeds");
        console.note(format_args!("{label}no hit{label:#} in {feeds}"));
        return Ok(Outcome::NoHit);
    }
    Ok(Outcome::Done)
}

fn one_line() -> Result<String> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_VALUE).read_until(b'\n', &mut bytes);
    read.map_err(|error| Failure::new(ErrorKind::Io, error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| Failure::new(ErrorKind::InvalidUtf8, "the value is not UTF-8"))
}
