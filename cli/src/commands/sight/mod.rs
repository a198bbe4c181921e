//! `bisik sight`: a member tells the desk what it hit.

mod told;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use bisik::{Contact, ErrorKind, Feed, LogEvent, MAX_SIGHTINGS, OsEntropy, seal_sightings};
use serde_json::json;

use super::Outcome;
use crate::args::Sight;
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result};
use crate::feeds;
use crate::files::{Access, NewFile, refuse_same, with_ending};
use crate::input::is_stdin;
use crate::memory::Memory;
use crate::remote::Remote;
use crate::review;
use crate::units::plural;
use told::Told;

/// Collects hits, seals them, and writes or sends the files.
pub(super) fn run(args: &Sight, console: &mut Console) -> Result<Outcome> {
    check_arguments(args)?;
    let now = console.now()?;
    let sender = feeds::signing_file(&args.sign)?;
    let secrets = feeds::secrets(&args.opening.key)?;
    let trust = feeds::trust(&args.opening.trust)?;
    let memory = Memory::open(args.opening.state.as_deref(), &args.opening.trust)?;
    // A hit is worth telling after its feed has expired, too.
    let feed = feeds::load_stale(&args.feed, &secrets, &trust, now)?;
    memory.observe(&feed, now).map_err(|failure| failure.about(&args.feed))?;
    let told = Told::read(args, &feed, now)?;
    let remote = args.sending.send.as_deref().map(|url| Remote::sending(url, &args.sending)).transpose()?;
    let mut sealed = Vec::new();
    for sightings in told.sightings.chunks(MAX_SIGHTINGS) {
        let file = seal_sightings(&feed, sightings, &sender, now, &mut OsEntropy);
        sealed.push(file.map_err(|error| no_desk(error, &feed, &args.feed))?);
    }
    let record = || {
        review::of_feed(LogEvent::SightingsSent, feed.manifest(), now)
            .count("sightings", told.sightings.len() as u64)
            .count("files", sealed.len() as u64)
    };
    review::note(&args.logging, record, now)?;
    let mut outputs = Vec::new();
    for (number, file) in (1..).zip(&sealed) {
        if let Some(path) = &args.seal_out {
            let path = if number == 1 { path.clone() } else { with_ending(path, &format!(".{number}")) };
            let mut out = NewFile::create(&path, Access::Usual)?;
            out.write_all(file).about(&path)?;
            out.commit()?;
            outputs.push(path);
        }
    }
    if let Some(remote) = &remote {
        for file in &sealed {
            remote.ask(file).map_err(|failure| failure.help_also(kept(&outputs)))?;
        }
    }
    report(args, &feed, &told, &outputs, console)?;
    Ok(Outcome::Done)
}

fn check_arguments(args: &Sight) -> Result<()> {
    let Some(out) = &args.seal_out else { return Ok(()) };
    let mut read: Vec<&Path> = vec![&args.sign, &args.feed];
    read.extend(args.inputs.iter().filter(|path| !is_stdin(path)).map(PathBuf::as_path));
    read.extend(args.opening.trust.iter().chain(&args.opening.key).map(PathBuf::as_path));
    refuse_same(out, &read)
}

/// What to do where there is no key to seal to.
fn no_desk(error: bisik::Error, feed: &Feed, path: &Path) -> Failure {
    let kind = error.kind();
    let failure = Failure::from(error).about(path);
    if !matches!(kind, ErrorKind::NoDesk | ErrorKind::UnsupportedRecipient) {
        return failure;
    }
    let contact = feed.manifest().contact.clone().unwrap_or_default();
    let Contact { name, desk, hours, .. } = contact;
    let said: Vec<String> = [name, desk, hours].into_iter().flatten().filter(|text| !text.is_empty()).collect();
    failure.help(if said.is_empty() {
        format!("it names no contact at all: ask {} for one", feed.publisher_name())
    } else {
        format!("call its contact: {}", said.join(", "))
    })
}

fn kept(outputs: &[PathBuf]) -> &'static str {
    if outputs.is_empty() {
        "nothing is kept here: run the command again, the desk counts each hit once a day"
    } else {
        "the files are written: bring them to the desk by another way, or send them again"
    }
}

fn report(args: &Sight, feed: &Feed, told: &Told, outputs: &[PathBuf], console: &mut Console) -> Result<()> {
    let manifest = feed.manifest();
    let contact = manifest.contact.clone().unwrap_or_default();
    let count = told.sightings.len() as u64;
    if args.json {
        let object = json!({
            "out": outputs.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
            "sent": args.sending.send,
            "sightings": count,
            "lines": told.lines,
            "left_out": told.left_out,
            "feed": manifest.feed,
            "epoch": manifest.epoch,
            "version": manifest.version,
            "desk": contact.recipient,
        });
        return console.line(format_args!("{object}"));
    }
    let (good, warn, dim) = (console.style.good, console.style.warn, console.style.dim);
    let whom = contact.desk.or(contact.name).unwrap_or_else(|| feed.publisher_name().to_owned());
    let whom = escape::terminal(&whom).into_owned();
    let what = plural(count, "sighting", "sightings");
    for path in outputs {
        let out = path.display().to_string();
        console.note(format_args!("{good}written{good:#}   {}", escape::terminal(&out)));
    }
    if let Some(url) = &args.sending.send {
        console.note(format_args!("{good}sent{good:#}      to {}", escape::terminal(url)));
    }
    console.note(format_args!(
        "{dim}          {what} of {} for the desk of {} alone ({whom}): that you met these entries, when, and what you did{dim:#}",
        manifest.feed,
        escape::terminal(feed.publisher_name())
    ));
    if told.left_out > 0 {
        console.note(format_args!(
            "{warn}left out{warn:#}  {} of other feeds or epochs",
            plural(told.left_out, "hit", "hits")
        ));
    }
    Ok(())
}
