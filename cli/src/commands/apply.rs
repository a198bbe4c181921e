//! `bisik apply`: from one version to a later one by deltas.

use std::io::Write as _;

use bisik::{ErrorKind, Feed};
use serde_json::json;

use super::Outcome;
use crate::args::Apply;
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result, needs};
use crate::feeds::{self, MAX_FEED};
use crate::files::{Access, NewFile, refuse_same};
use crate::memory::Memory;
use crate::review;
use crate::units::{plural, show_hex, show_time};

/// Applies the deltas one after the other, verifies each result, and writes the last.
pub(super) fn run(args: &Apply, console: &mut Console) -> Result<Outcome> {
    if args.opening.trust.is_empty() {
        return Err(needs("apply", "needs the card of a publisher you trust: --trust CARD"));
    }
    let read: Vec<_> = args.deltas.iter().chain(&args.opening.trust).chain(&args.opening.key).collect();
    refuse_same(&args.out, &read.iter().map(|path| path.as_path()).collect::<Vec<_>>())?;
    let now = console.now()?;
    let secrets = feeds::secrets(&args.opening.key)?;
    let trust = feeds::trust(&args.opening.trust)?;
    let mut feed = feeds::load_stale(&args.base, &secrets, &trust, now)?;
    let from = feed.manifest().version;
    let mut sealed = feed.sealed();
    for path in &args.deltas {
        let delta = feeds::load_delta(path, &secrets, &trust, now)?;
        sealed |= delta.sealed();
        let result = delta.apply(&feed, MAX_FEED).map_err(|error| out_of_line(error).about(path))?;
        feed = result.verify_stale(&trust, now).about(path)?;
    }
    if now >= feed.manifest().expires {
        return Err(Failure::from(bisik::Error::from(ErrorKind::Expired)).help("fetch later deltas, or the snapshot"));
    }
    let memory = Memory::open(args.opening.state.as_deref(), &args.opening.trust)?;
    memory.observe(&feed, now).map_err(|failure| failure.about(&args.base))?;
    let record =
        || review::of_version(bisik::LogEvent::Apply, feed.manifest(), now).count("deltas", args.deltas.len() as u64);
    review::note(&args.logging, record, now)?;
    write(args, &feed, sealed)?;
    memory.note(console);
    report(args, &feed, from, sealed, console)?;
    Ok(Outcome::Done)
}

/// Refusals that the order of the deltas explains.
fn out_of_line(error: bisik::Error) -> Failure {
    let help = match error.kind() {
        ErrorKind::SnapshotNeeded => "fetch the delta that is missing before it, or the newest snapshot",
        ErrorKind::BaseMismatch => "give the deltas of this feed that lead on from BASE, in order",
        _ => error.advice(),
    };
    Failure::from(error).help(help)
}

fn write(args: &Apply, feed: &Feed, sealed: bool) -> Result<()> {
    let access = if sealed { Access::Owner } else { Access::Usual };
    let mut file = NewFile::create(&args.out, access)?;
    file.write_all(feed.bytes()).about(&args.out)?;
    file.commit()
}

fn report(args: &Apply, feed: &Feed, from: u64, sealed: bool, console: &mut Console) -> Result<()> {
    let manifest = feed.manifest();
    if args.json {
        let object = json!({
            "out": args.out.display().to_string(),
            "publisher": feed.publisher_name(),
            "feed": manifest.feed,
            "from": from,
            "version": manifest.version,
            "expires": show_time(manifest.expires),
            "digest": show_hex(feed.digest()),
            "private": sealed,
        });
        return console.line(format_args!("{object}"));
    }
    let good = console.style.good;
    let (out, publisher) = (args.out.display().to_string(), escape::terminal(feed.publisher_name()));
    console.note(format_args!(
        "{good}applied{good:#}   {} to version {from} of {} by {publisher}: {} is version {}, valid until {}",
        plural(args.deltas.len() as u64, "delta", "deltas"),
        escape::terminal(&manifest.feed),
        escape::terminal(&out),
        manifest.version,
        show_time(manifest.expires),
    ));
    if sealed {
        let warn = console.style.warn;
        console.note(format_args!(
            "{warn}note:{warn:#} the envelope is gone: the file is as secret as it was, and readable by you alone (0600)"
        ));
    }
    Ok(())
}
