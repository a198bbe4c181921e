//! `bisik prepare`: a store's feeds are made to open without being read.

use bisik::{StoredFeed, Timestamp};
use bisik_store::{Prepared, Store};

use super::Outcome;
use crate::args::Prepare;
use crate::console::Console;
use crate::escape;
use crate::failure::{Failure, Result};
use crate::feeds;
use crate::units::{plural, show_bytes};

/// What became of one feed.
enum What {
    /// It was prepared now: how long the file is.
    New(u64),
    /// It is as it should be.
    Good,
    /// Nothing was prepared, and nothing was to be.
    None,
    Failed(Failure),
}

/// Prepares what is not, or checks what is. What fails does not stop the others.
pub(super) fn run(args: &Prepare, console: &mut Console) -> Result<Outcome> {
    let now = console.now()?;
    let (secrets, trust) = (feeds::secrets(&args.key)?, feeds::trust(&args.trust)?);
    let store = Store::open(&args.store)?;
    let (mut good, mut failed) = (0, 0);
    if args.check {
        let listing = store.feeds()?;
        for stored in &listing.feeds {
            let what = match store.check_prepared(stored, &secrets) {
                Ok(true) => What::Good,
                Ok(false) => What::None,
                Err(error) => What::Failed(Failure::from(error).help("prepare it again with --again")),
            };
            tell(stored, what, &mut good, &mut failed, console)?;
        }
        return Ok(sum("checked", good, failed, console));
    }
    let mut writer = store.lock()?;
    let listing = store.feeds()?;
    for stored in &listing.feeds {
        let what = if now >= stored.expires {
            What::None
        } else if !args.again && matches!(store.prepared_state(stored), Prepared::Ready) {
            What::Good
        } else {
            let prepared =
                store.load_whole(stored, &trust, &secrets, now).and_then(|feed| writer.prepare(&feed, stored));
            match prepared.map(|()| length(&store, stored)) {
                Ok(length) => What::New(length),
                Err(error) => What::Failed(Failure::from(error)),
            }
        };
        tell(stored, what, &mut good, &mut failed, console)?;
    }
    for fault in listing.faults {
        failed += 1;
        tell_failure(&Failure::from(fault), "", console);
    }
    Ok(sum("prepared", good, failed, console))
}

fn length(store: &Store, stored: &StoredFeed) -> u64 {
    std::fs::metadata(store.prepared_path(stored)).map_or(0, |meta| meta.len())
}

fn tell(stored: &StoredFeed, what: What, good: &mut u64, failed: &mut u64, console: &mut Console) -> Result<()> {
    let name = format!("{} by {}: version {}", stored.seen.feed, stored.publisher_name, stored.seen.version);
    let line = match what {
        What::New(length) => format!("prepared {name}, {}", show_bytes(length)),
        What::Good => format!("ready    {name}"),
        What::None => format!("-        {name}{}", expired(stored, console.now()?)),
        What::Failed(failure) => {
            *failed += 1;
            tell_failure(&failure, &format!("{name}: "), console);
            return Ok(());
        }
    };
    *good += 1;
    console.line(format_args!("{}", escape::terminal(&line)))
}

fn tell_failure(failure: &Failure, before: &str, console: &mut Console) {
    let (error, label) = (console.style.error, console.style.label);
    console.note(format_args!(
        "{error}failed:{error:#} {}{}",
        escape::terminal(before),
        escape::terminal(&failure.line())
    ));
    console.note(format_args!("{label}help:{label:#} {}", escape::terminal(failure.advice())));
}

fn expired(stored: &StoredFeed, now: Timestamp) -> &'static str {
    if now >= stored.expires { ", expired" } else { "" }
}

fn sum(done: &str, good: u64, failed: u64, console: &mut Console) -> Outcome {
    let paint = if failed == 0 { console.style.good } else { console.style.warn };
    console.note(format_args!("{paint}{done}{paint:#}   {}, {failed} failed", plural(good + failed, "feed", "feeds")));
    match (failed, good) {
        (0, _) => Outcome::Done,
        (_, 0) => Outcome::Failed,
        _ => Outcome::NoHit,
    }
}
