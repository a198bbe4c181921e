//! `bisik blind request`: a request as a file, and the state that reads its answer.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use bisik::{BlindOptions, ErrorKind, OsEntropy};

use super::online::tell_cost;
use super::rows::All;
use super::state::{self, Kept};
use crate::args::{BlindAsk, Feeds};
use crate::commands::{Outcome, match_, parse_options};
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result, needs};
use crate::files::{Access, NewFile, refuse_same};
use crate::input::{Input, Item, Spec, is_stdin};
use crate::output::Refusals;
use crate::units::{plural, show_count};

/// Reads rows, writes the state and then the request.
pub(super) fn run(args: &BlindAsk, console: &mut Console) -> Result<Outcome> {
    let feeds = args.feeds.feeds();
    check_arguments(args, &feeds)?;
    let now = console.now()?;
    let reading = &args.reading;
    let options = parse_options(reading.region.as_deref(), args.bank.as_deref(), reading.allow_unassigned);
    let key = crate::feeds::signing_file(&args.sign)?.key;
    let matcher = match_::load(&feeds, &options, now, console)?;
    if !matcher.has_blind() {
        return Err(
            Failure::new(ErrorKind::InvalidArgument, "none of the feeds is blind").help("match them here: bisik match")
        );
    }
    let spec =
        Spec { kind: reading.kind, column: reading.column.clone(), id: args.id.clone(), options, ..Spec::default() };
    let mut inputs = Input::open_all(&args.inputs, &spec)?;
    let all = All::read(&mut inputs, console)?;
    let raw = all.raw(&spec.options);
    let pad = BlindOptions { pad: !args.no_padding };
    let prepared = matcher.prepare_raw(&raw, &key, &pad, now, &mut OsEntropy)?;
    let mut refusals = Refusals::new(args.rejects.as_deref())?;
    let mut rows = 0;
    for input in &all.inputs {
        rows += input.items.len() as u64;
        for item in &input.items {
            if let Item::Refused(refused) = item {
                refusals.add(&input.input, refused.place, refused.kind, &refused.error)?;
            }
        }
    }
    refusals.commit()?;
    // The state first: a request whose state is lost is paid for and of no use.
    let kept = Kept::of(&all, raw.len(), args.id.is_some(), args.show_values);
    state::write(&args.state, &kept, &prepared.to_bytes())?;
    let mut file = NewFile::create(&args.out, Access::Usual)?;
    for request in prepared.requests() {
        file.write_all(&request.bytes).about(&args.out)?;
    }
    file.commit()?;
    tell_cost(prepared.asked(), prepared.queries(), console);
    let (good, dim) = (console.style.good, console.style.dim);
    let shown = |path: &Path| escape::terminal(&path.display().to_string()).into_owned();
    let (out, state) = (shown(&args.out), shown(&args.state));
    console.note(format_args!(
        "{good}written{good:#}   {out}: {} of {}, for the publisher",
        plural(prepared.requests().len() as u64, "request", "requests"),
        plural(rows, "row", "rows")
    ));
    console.note(format_args!("{dim}          {state} stays here and is secret; bisik blind finish uses it up{dim:#}"));
    refusals.print(console, args.rejects.as_deref());
    if prepared.queries() == 0 {
        let warn = console.style.warn;
        console.note(format_args!(
            "{warn}note:{warn:#} {} can be asked: no row is of a kind that the feed holds",
            show_count(0)
        ));
    }
    Ok(Outcome::Done)
}

fn check_arguments(args: &BlindAsk, feeds: &Feeds) -> Result<()> {
    let mut read: Vec<&Path> = args.inputs.iter().filter(|path| !is_stdin(path)).map(|path| path.as_path()).collect();
    read.extend(feeds.feed.iter().chain(&feeds.trust).chain(&feeds.key).chain(&feeds.guard).map(|path| path.as_path()));
    read.push(&args.sign);
    refuse_same(&args.out, &read)?;
    if let Some(rejects) = &args.rejects {
        refuse_same(rejects, &read)?;
    }
    if args.out == args.state || args.rejects.as_ref().is_some_and(|path| *path == args.out || *path == args.state) {
        return Err(needs("--out, --state and --rejects", "name the same file"));
    }
    if fs::symlink_metadata(&args.state).is_ok() {
        return Err(Failure::new(
            ErrorKind::AlreadyExists,
            "a state is there, perhaps of a request without its answer",
        )
        .help("finish that one, or choose another name")
        .about(&args.state));
    }
    Ok(())
}
