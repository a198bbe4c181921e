//! `bisik withdraw`: the next version without some entries, and word of it to those who acted upon them.

use std::io::Write as _;
use std::path::Path;

use bisik::{DeltaFile, Feed, Kind, OsEntropy, Publication, PublishOptions, Recipient, Revision};
use serde_json::json;

use super::publish::{no_delta, ways_out};
use super::{Outcome, parse_options};
use crate::args::Withdraw;
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result, needs};
use crate::feeds;
use crate::files::{Access, NewFile, refuse_same};
use crate::input::{Input, Item, Spec, is_stdin};
use crate::memory::Used;
use crate::oprf::read_key;
use crate::review;
use crate::units::{plural, show_count, show_hex, show_time};

/// Makes, signs and writes the version.
pub(super) fn run(args: &Withdraw, console: &mut Console) -> Result<Outcome> {
    check_arguments(args)?;
    let now = console.now()?;
    let signing = feeds::signing_file(&args.sign)?;
    let secrets = feeds::secrets(&args.key)?;
    let recipients = feeds::recipients(&args.seal_to)?;
    let previous = feeds::load_previous(&args.feed, &secrets, &signing, now)?;
    let used = Used::open(args.state.as_deref(), &args.sign);
    let mut options = PublishOptions::following(&previous, now);
    options.valid_seconds = args.valid.unwrap_or(options.valid_seconds);
    if let Some((version, epoch)) = used.of(&options.feed)? {
        options.at_least = (version + 1, epoch);
    }
    options.blind = args.oprf_key.as_deref().map(read_key).transpose()?;
    let feed = options.feed.clone();
    let mut revision = Revision::new(&signing, options, &previous).about(&args.feed)?;
    let skipped = read_rows(args, &mut revision, console)?;
    if revision.withdrawals() == 0 {
        return Err(Failure::from(bisik::Error::from(bisik::ErrorKind::NotListed)).help("nothing is written"));
    }
    if recipients.is_empty() && !previous.is_blind() {
        let enumerable: Vec<Kind> = revision.kinds().into_iter().filter(|kind| kind.is_enumerable()).collect();
        if enumerable.iter().any(|kind| !args.accept_enumeration.contains(kind)) {
            return Err(ways_out(bisik::ErrorKind::Enumerable.into(), &enumerable, &args.accept_enumeration));
        }
    }
    let withdrawals = revision.withdrawals();
    used.reserve(&feed, revision.place())?;
    let publication = revision.publish(&mut OsEntropy)?;
    let record =
        || review::of_version(bisik::LogEvent::Withdrawal, publication.manifest(), now).count("withdrawn", withdrawals);
    review::note(&args.logging, record, now)?;
    write_all(args, &publication, &previous, &recipients)?;
    let manifest = publication.manifest();
    if args.json {
        let object = json!({
            "out": args.out.display().to_string(),
            "feed": manifest.feed,
            "version": manifest.version,
            "withdrawn": withdrawals,
            "skipped": skipped,
            "entries": manifest.count,
            "digest": show_hex(publication.digest()),
            "expires": show_time(manifest.expires),
        });
        console.line(format_args!("{object}"))?;
        return Ok(Outcome::Done);
    }
    let good = console.style.good;
    let out = args.out.display().to_string();
    console.note(format_args!(
        "{good}withdrawn{good:#}   {} ({}): {} is version {} of {} with {}",
        plural(withdrawals, "entry", "entries"),
        args.reason,
        escape::terminal(&out),
        manifest.version,
        manifest.feed,
        plural(manifest.count, "entry", "entries"),
    ));
    Ok(Outcome::Done)
}

fn check_arguments(args: &Withdraw) -> Result<()> {
    let mut read: Vec<&Path> = vec![&args.sign];
    read.extend(args.oprf_key.as_deref());
    read.extend(args.key.iter().chain(&args.seal_to).map(|path| path.as_path()));
    read.extend(args.inputs.iter().filter(|path| !is_stdin(path)).map(|path| path.as_path()));
    let outputs: Vec<&Path> = [Some(&args.out), args.delta.as_ref(), args.retractions.as_ref()]
        .into_iter()
        .flatten()
        .map(|path| path.as_path())
        .collect();
    for (at, output) in outputs.iter().enumerate() {
        refuse_same(output, &read)?;
        if outputs.iter().skip(at + 1).any(|other| other == output) {
            return Err(needs("--out, --delta and --retractions", "name different files"));
        }
    }
    Ok(())
}

/// Takes each row out; how many were not listed or not readable.
fn read_rows(args: &Withdraw, revision: &mut Revision<'_>, console: &mut Console) -> Result<u64> {
    let options = parse_options(args.reading.region.as_deref(), None, args.reading.allow_unassigned);
    let spec = Spec {
        kind: args.reading.kind,
        column: args.reading.column.clone(),
        options: options.clone(),
        ..Spec::default()
    };
    let mut skipped = 0;
    for input in &mut Input::open_all(&args.inputs, &spec)? {
        while let Some(item) = input.next()? {
            let (place, outcome) = match item {
                Item::Row(row) => {
                    let options = row.options.as_deref().unwrap_or(&options);
                    (row.place, revision.withdraw_raw(row.kind, &row.value, options, args.reason))
                }
                Item::Refused(refused) => (refused.place, Err(refused.error)),
            };
            let Err(error) = outcome else { continue };
            if !args.skip_unlisted {
                let help = format!(
                    "correct line {} of {}, or pass --skip-unlisted; nothing is written",
                    place.line,
                    input.name()
                );
                return Err(Failure::from(error).help(help));
            }
            skipped += 1;
            let warn = console.style.warn;
            let name = input.name().to_owned();
            console.note(format_args!(
                "{warn}skipped{warn:#}   line {} of {}: {}",
                show_count(place.line),
                escape::terminal(&name),
                error.message()
            ));
        }
    }
    Ok(skipped)
}

fn write_all(args: &Withdraw, publication: &Publication<'_>, previous: &Feed, recipients: &[Recipient]) -> Result<()> {
    let delta: Option<DeltaFile<'_>> =
        args.delta.as_ref().map(|_| publication.delta(previous).map_err(no_delta)).transpose()?;
    if let (Some(path), Some(delta)) = (&args.delta, &delta) {
        let mut file = NewFile::create(path, Access::Usual)?;
        if recipients.is_empty() {
            file.write_all(delta.open(&args.accept_enumeration)?).about(path)?;
        } else {
            delta.seal(recipients, &mut OsEntropy, &mut file).about(path)?;
        }
        file.commit()?;
    }
    if let Some(path) = &args.retractions {
        let mut file = NewFile::create(path, Access::Usual)?;
        file.write_all(&publication.retraction_list()?).about(path)?;
        file.commit()?;
    }
    let mut file = NewFile::create(&args.out, Access::Usual)?;
    if recipients.is_empty() {
        file.write_all(publication.open(&args.accept_enumeration)?).about(&args.out)?;
    } else {
        publication.seal(recipients, &mut OsEntropy, &mut file).about(&args.out)?;
    }
    file.commit()
}
