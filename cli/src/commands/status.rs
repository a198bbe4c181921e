//! `bisik status`: how a store's feeds stand.

use bisik::Timestamp;
use bisik_store::{Prepared, Status as Standing, StatusRow, Store};
use serde_json::{Value, json};

use super::Outcome;
use crate::args::Status;
use crate::console::Console;
use crate::escape;
use crate::failure::{Failure, Result};
use crate::output::{Align, Grid};
use crate::units::{plural, show_bytes, show_count, show_seconds, show_time};

/// Shows what the state texts say; verifies nothing anew.
pub(super) fn run(args: &Status, console: &mut Console) -> Result<Outcome> {
    let now = console.now()?;
    let store = Store::open(&args.store)?;
    let standing = store.status(now)?;
    let well = standing.faults.is_empty() && standing.rows.iter().all(|row| row.problem.is_none());
    if args.json {
        console.line(format_args!("{}", object(&store, &standing, now)))?;
    } else {
        table(&standing, now, console)?;
        sum(&standing, console);
    }
    Ok(if well { Outcome::Done } else { Outcome::NoHit })
}

fn table(standing: &Standing, now: Timestamp, console: &mut Console) -> Result<()> {
    let mut grid = Grid::new(&[
        ("feed", Align::Left),
        ("publisher", Align::Free),
        ("version", Align::Right),
        ("entries", Align::Right),
        ("size", Align::Right),
        ("age", Align::Right),
        ("expires", Align::Left),
        ("pulled", Align::Left),
        ("prepared", Align::Left),
        ("problem", Align::Free),
    ]);
    for row in &standing.rows {
        let problem = row.problem.as_ref().map(|(kind, message)| format!("{kind}: {message}")).unwrap_or_default();
        let pulled = row.source.as_ref().and_then(|source| source.answered);
        let pulled = pulled.map(|time| format!("{} ago", span(now.since(time)))).unwrap_or_default();
        let mut cells = match &row.feed {
            Some(stored) => vec![
                stored.seen.feed.clone(),
                stored.publisher_name.clone(),
                stored.seen.version.to_string(),
                show_count(stored.count),
                show_bytes(stored.length),
                span(now.since(stored.seen.issued)),
                if now < stored.expires {
                    format!("in {}", span(stored.expires.since(now)))
                } else {
                    "expired".to_owned()
                },
            ],
            None => {
                let source = row.source.as_ref().map(|source| source.source.clone()).unwrap_or_default();
                vec!["-".to_owned(), source, String::new(), String::new(), String::new(), String::new(), String::new()]
            }
        };
        cells.extend([pulled, prepared(&row.prepared), problem]);
        grid.row(cells);
    }
    let (width, style) = (console.width, console.out_style);
    grid.print(&mut console.out, width, style).map_err(|error| Failure::stream(&error))
}

fn sum(standing: &Standing, console: &mut Console) {
    let (warn, dim, good) = (console.style.warn, console.style.dim, console.style.good);
    for fault in &standing.faults {
        console.note(format_args!("{warn}WARNING:{warn:#} {}", escape::terminal(&fault.to_string())));
    }
    let feeds = standing.rows.iter().filter_map(|row| row.feed.as_ref());
    let (count, entries) = feeds.fold((0, 0_u64), |(count, sum), stored| (count + 1, sum + stored.count));
    let faults = standing.rows.iter().filter(|row| row.problem.is_some()).count() + standing.faults.len();
    let paint = if faults == 0 { good } else { warn };
    console.note(format_args!(
        "{paint}{}{paint:#}, {}, {}",
        plural(count, "feed", "feeds"),
        plural(entries, "entry", "entries"),
        plural(faults as u64, "problem", "problems"),
    ));
    console.note(format_args!(
        "{dim}As written down when each feed was verified; looked at now: that its file is there and has its length, and the seal of what was prepared. `match --store` verifies anew.{dim:#}"
    ));
}

/// Nothing for what need not be prepared.
fn prepared(prepared: &Prepared) -> String {
    match prepared {
        Prepared::No => String::new(),
        Prepared::Ready => "ready".to_owned(),
        Prepared::Unusable(error) => error.kind().name().to_owned(),
    }
}

/// A span of seconds, short.
fn span(seconds: u64) -> String {
    show_seconds(seconds as f64)
}

fn object(store: &Store, standing: &Standing, now: Timestamp) -> Value {
    json!({
        "store": store.folder().display().to_string(),
        "generation": standing.generation,
        "feeds": standing.rows.iter().map(|row| row_json(row, store, now)).collect::<Vec<_>>(),
        "faults": standing.faults.iter().map(|fault| json!({
            "file": fault.path().display().to_string(),
            "kind": fault.kind().name(),
            "message": fault.inner().message(),
        })).collect::<Vec<_>>(),
    })
}

fn row_json(row: &StatusRow, store: &Store, now: Timestamp) -> Value {
    let (stored, source) = (row.feed.as_ref(), row.source.as_ref());
    json!({
        "feed": stored.map(|stored| &stored.seen.feed),
        "publisher": stored.map(|stored| &stored.publisher_name),
        "publisher_id": stored.map(|stored| stored.seen.publisher.to_string()),
        "version": stored.map(|stored| stored.seen.version),
        "epoch": stored.map(|stored| stored.seen.epoch),
        "entries": stored.map(|stored| stored.count),
        "bytes": stored.map(|stored| stored.length),
        "sealed": stored.map(|stored| stored.sealed),
        "file": stored.map(|stored| store.feed_path(stored).display().to_string()),
        "issued": stored.map(|stored| show_time(stored.seen.issued)),
        "expires": stored.map(|stored| show_time(stored.expires)),
        "expired": stored.map(|stored| now >= stored.expires),
        "stored": stored.map(|stored| show_time(stored.stored)),
        "prepared": stored.map(|_| row.prepared.name()),
        "source": source.map(|source| &source.source).or(stored.map(|stored| &stored.source)),
        "asked": source.map(|source| show_time(source.asked)),
        "answered": source.and_then(|source| source.answered).map(show_time),
        "problem": row.problem.as_ref().map(|(kind, message)| json!({
            "kind": kind,
            "message": message,
            "since": source.and_then(|source| source.problem.as_ref()).filter(|problem| problem.kind == *kind)
                .map(|problem| show_time(problem.since)),
        })),
    })
}
