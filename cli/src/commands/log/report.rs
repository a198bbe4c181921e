//! `bisik log report`: months, publishers, events and counts.

use std::collections::BTreeMap;

use bisik::{ErrorKind, KeyId, LogEntry, LogReader, Timestamp};
use serde_json::json;

use super::read;
use crate::args::{Format, LogReport};
use crate::commands::Outcome;
use crate::console::Console;
use crate::escape::cell;
use crate::failure::{Failure, Result};
use crate::feeds;
use crate::output::{Align, Grid};
use crate::units::{show_count, show_time};

/// Month, publisher, event.
type Key = (String, Option<KeyId>, String);

/// What happened in one month at one publisher's feeds, of one kind.
#[derive(Default)]
struct Sum {
    times: u64,
    failures: BTreeMap<String, u64>,
    feeds: BTreeMap<String, u64>,
    counts: BTreeMap<String, u64>,
}

/// Verifies the logs and prints the sums.
pub(super) fn run(args: &LogReport, console: &mut Console) -> Result<Outcome> {
    if let Some(month) = &args.month {
        check_month(month)?;
    }
    let trust = feeds::trust(&args.trust)?;
    let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
    for path in &args.files {
        let add = |entry: &LogEntry| {
            let month = month_of(entry.time);
            if args.month.as_ref().is_none_or(|wanted| *wanted == month) {
                sums.entry((month, entry.publisher, entry.event.clone())).or_default().add(entry);
            }
        };
        read(path, &mut LogReader::new(), add)?;
    }
    let name = |id: &Option<KeyId>| match id {
        None => String::new(),
        Some(id) => {
            let known = trust.publishers().iter().find(|known| known.id == *id);
            // Of a stranger enough of the id to tell it from others: the whole of it is in CSV and JSON.
            let short = || id.to_string().chars().take(16).chain(['…']).collect();
            known.map_or_else(short, |known| known.name.clone())
        }
    };
    match args.format {
        Format::Jsonl => {
            for ((month, publisher, event), sum) in &sums {
                let object = json!({
                    "month": month,
                    "publisher": publisher.as_ref().map(|_| name(publisher)),
                    "publisher_id": publisher.map(|id| id.to_string()),
                    "event": event,
                    "times": sum.times,
                    "failures": sum.failures,
                    "feeds": sum.feeds.len(),
                    "counts": sum.counts,
                });
                console.line(format_args!("{object}"))?;
            }
        }
        Format::Csv => {
            let failed = |error: csv::Error| Failure::new(ErrorKind::Io, error.to_string());
            let mut writer = csv::Writer::from_writer(&mut console.out);
            writer.write_record(["month", "publisher", "publisher_id", "event", "what", "number"]).map_err(failed)?;
            for ((month, publisher, event), sum) in &sums {
                let id = publisher.map(|id| id.to_string()).unwrap_or_default();
                let publisher = name(publisher);
                for (what, number) in sum.rows() {
                    let row = [month, &*cell(&publisher), &id, event, &what, &number.to_string()];
                    writer.write_record(row).map_err(failed)?;
                }
            }
            writer.flush().map_err(|error| Failure::stream(&error))?;
        }
        Format::Table => {
            let mut grid = Grid::new(&[
                ("month", Align::Left),
                ("publisher", Align::Free),
                ("event", Align::Left),
                ("times", Align::Right),
                ("failed", Align::Right),
                ("feeds", Align::Right),
                ("counts", Align::Free),
            ]);
            for ((month, publisher, event), sum) in &sums {
                let failed: u64 = sum.failures.values().sum();
                let counts: Vec<String> =
                    sum.counts.iter().map(|(name, count)| format!("{name} {}", show_count(*count))).collect();
                grid.row(vec![
                    month.clone(),
                    name(publisher),
                    event.clone(),
                    show_count(sum.times),
                    if failed > 0 { show_count(failed) } else { String::new() },
                    if sum.feeds.is_empty() { String::new() } else { show_count(sum.feeds.len() as u64) },
                    counts.join(", "),
                ]);
            }
            let (width, style) = (console.width, console.out_style);
            grid.print(&mut console.out, width, style).map_err(|error| Failure::stream(&error))?;
        }
    }
    Ok(Outcome::Done)
}

impl Sum {
    fn add(&mut self, entry: &LogEntry) {
        self.times += 1;
        if let Some(failure) = &entry.failure {
            *self.failures.entry(failure.clone()).or_default() += 1;
        }
        if let Some(feed) = &entry.feed {
            *self.feeds.entry(feed.clone()).or_default() += 1;
        }
        for (name, count) in &entry.counts {
            let sum = self.counts.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// What a table of one number a row has of it.
    fn rows(&self) -> Vec<(String, u64)> {
        let mut rows = vec![("times".to_owned(), self.times), ("feeds".to_owned(), self.feeds.len() as u64)];
        rows.extend(self.failures.iter().map(|(kind, count)| (format!("failure:{kind}"), *count)));
        rows.extend(self.counts.iter().map(|(name, count)| (format!("count:{name}"), *count)));
        rows
    }
}

/// The month of a time, in UTC.
fn month_of(time: Timestamp) -> String {
    show_time(time).get(..7).unwrap_or_default().to_owned()
}

fn check_month(month: &str) -> Result<()> {
    let good = month.len() == 7
        && month.split_once('-').is_some_and(|(year, month)| {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            year.len() == 4 && digits(year) && digits(month) && (1..=12).contains(&month.parse().unwrap_or(0))
        });
    if good { Ok(()) } else { Err(Failure::new(ErrorKind::InvalidArgument, "a month is YYYY-MM, such as 2027-01")) }
}
