//! `bisik publish`: from a list of indicators to a signed, protected feed.

mod made;

use std::io::Write as _;
use std::path::Path;

use bisik::{
    Claim, Contact, DeltaFile, Error, ErrorKind, Feed, Kind, KindExposure, Learner, LogEvent, OsEntropy, ParseOptions,
    PublishOptions, Publisher, Recipient, Revision, SetChoice, Timestamp,
};
use serde_json::{Value, json};

use made::{Made, about_scratch};

use super::{Outcome, parse_options};
use crate::args::{Contacting, Publish, Set, Supposing, Tlp};
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result, needs};
use crate::feeds;
use crate::files::{Access, NewFile, refuse_same};
use crate::input::{Claims, Input, Item, Spec, is_stdin};
use crate::memory::Used;
use crate::oprf::VersionKey;
use crate::output::Refusals;
use crate::progress::Progress;
use crate::report::{self, Detail};
use crate::review;
use crate::scratch::Scratch;
use crate::units::{plural, show_count, show_hex, show_time};

/// How many rows are read between two looks at the progress bar.
const STEP: u64 = 8_192;

/// A list from the beginning, or additions to the version before.
enum Maker<'k> {
    Publisher(Box<Publisher<'k>>),
    Revision(Box<Revision<'k>>),
}

impl<'k> Maker<'k> {
    fn add_raw(&mut self, kind: Kind, raw: &str, options: &ParseOptions, claim: Claim) -> bisik::Result<()> {
        match self {
            Self::Publisher(publisher) => publisher.add_raw(kind, raw, options, claim),
            Self::Revision(revision) => revision.add_raw(kind, raw, options, claim),
        }
    }

    fn kinds(&self) -> Vec<Kind> {
        match self {
            Self::Publisher(publisher) => publisher.kinds(),
            Self::Revision(revision) => revision.kinds(),
        }
    }

    fn place(&self) -> (u64, u32) {
        match self {
            Self::Publisher(publisher) => publisher.place(),
            Self::Revision(revision) => revision.place(),
        }
    }

    fn publish(self, args: &Publish) -> bisik::Result<Made<'k>> {
        match self {
            Self::Publisher(publisher) if is_streamed(args) => {
                publisher.publish_streamed().map(|publication| Made::Streamed(Box::new(publication)))
            }
            Self::Publisher(publisher) => {
                publisher.publish(&mut OsEntropy).map(|publication| Made::Whole(Box::new(publication)))
            }
            Self::Revision(revision) => {
                revision.publish(&mut OsEntropy).map(|publication| Made::Whole(Box::new(publication)))
            }
        }
    }
}

/// What became of the rows.
#[derive(Default)]
struct Tally {
    rows: u64,
    accepted: u64,
}

/// Reads, protects, signs and writes.
pub(super) fn run(args: &Publish, console: &mut Console) -> Result<Outcome> {
    check_arguments(args)?;
    let now = console.now()?;
    let signing = feeds::signing_file(&args.sign)?;
    let secrets = feeds::secrets(&args.key)?;
    let recipients = feeds::recipients(&args.seal_to)?;
    let previous =
        args.previous.as_deref().map(|path| feeds::load_previous(path, &secrets, &signing, now)).transpose()?;
    if args.set == Set::Tokens && args.fpr != 1_000_000 {
        let warn = console.style.warn;
        console.note(format_args!("{warn}note:{warn:#} --fpr has no effect on exact tokens, whose hits are certain"));
    }
    let used = Used::open(args.state.as_deref(), &args.sign);
    let mut options = options(args, previous.as_ref().filter(|_| args.add), now)?;
    options.contact = contact(args, previous.as_ref(), console)?;
    if let Some((version, epoch)) = used.of(&args.feed)? {
        // Without the previous version there is no key to go on with: the epoch is a new one.
        options.at_least = (version + 1, if previous.is_some() { epoch } else { epoch + 1 });
    }
    let oprf = VersionKey::open(args, &signing, previous.as_ref().map(Feed::manifest), options.at_least.1)?;
    options.blind = oprf.as_ref().map(|oprf| oprf.key.clone());
    let before = previous.as_ref().map_or(0, |previous| previous.manifest().version);
    let scratch = is_streamed(args).then(|| Scratch::beside(&args.out));
    let scratch_folder = scratch.as_ref().map(|scratch| scratch.folder().to_owned());
    let mut publisher = match &previous {
        Some(previous) if args.add => Maker::Revision(Box::new(Revision::new(&signing, options, previous)?)),
        previous => {
            let publisher = Publisher::new(&signing, options, previous.as_ref(), &mut OsEntropy)?;
            Maker::Publisher(Box::new(match scratch {
                Some(scratch) => publisher.with_scratch(scratch, args.memory.unwrap_or(MEMORY))?,
                None => publisher,
            }))
        }
    };
    if publisher.place().0 > before + 1 {
        let (warn, (version, epoch)) = (console.style.warn, publisher.place());
        console.note(format_args!(
            "{warn}note:{warn:#} versions up to {} may have been signed before: this is version {version} of epoch {epoch}",
            version - 1
        ));
    }
    let mut refusals = Refusals::new(args.rejects.as_deref())?;
    let tally = read_rows(args, now, &mut publisher, &mut refusals, scratch_folder.as_deref(), console)?;
    refusals.commit()?;
    if let Err(failure) = judge(args, &tally, &refusals) {
        refusals.print(console, args.rejects.as_deref());
        return Err(failure);
    }
    if recipients.is_empty() && oprf.is_none() {
        // Found before a version number is used up for it.
        let enumerable: Vec<Kind> = publisher.kinds().into_iter().filter(|kind| kind.is_enumerable()).collect();
        if enumerable.iter().any(|kind| !args.accept_enumeration.contains(kind)) {
            return Err(ways_out(ErrorKind::Enumerable.into(), &enumerable, &args.accept_enumeration));
        }
    }
    if !args.dry_run {
        // Without its key nobody could answer for the feed.
        if let Some(oprf) = &oprf {
            oprf.write()?;
        }
        used.reserve(&args.feed, publisher.place())?;
    }
    let sorting = Progress::of_time(console, "sorting");
    let publication = publisher.publish(args).map_err(|error| about_scratch(error, scratch_folder.as_deref()));
    sorting.finish();
    let mut publication = publication?;
    if recipients.is_empty() {
        publication
            .check_open(&args.accept_enumeration)
            .map_err(|error| ways_out(error, &publication.enumerable(), &args.accept_enumeration))?;
    }
    let delta = match (&args.delta, &previous) {
        (Some(path), Some(previous)) => Some(publication.delta(previous).map_err(no_delta)?).map(|delta| (path, delta)),
        _ => None,
    };
    if !args.dry_run {
        let record = || {
            review::of_version(LogEvent::Publication, publication.manifest(), now)
                .count("rows", tally.rows)
                .count("refused", refusals.total())
                .count("recipients", recipients.len() as u64)
        };
        review::note(&args.logging, record, now)?;
        // A delta alone leads to a signed version all the same; a version without its delta cannot get one later.
        if let Some((path, delta)) = &delta {
            write_delta(args, path, delta, &recipients)?;
        }
        // What the delta borrows is no longer needed.
        drop(delta);
        publication.write(args, &recipients, console)?;
    }
    let written = Written {
        publication: &publication,
        recipients: recipients.len(),
        exposure: report::exposure_of(publication.manifest()),
        learners: bisik::learners(oprf.is_some(), !recipients.is_empty(), args.set != Set::Tokens),
        oprf: oprf.as_ref(),
    };
    if args.json {
        let object = summary_json(args, &tally, &refusals, &written);
        console.line(format_args!("{object}"))?;
    } else {
        print_summary(args, console, &tally, &written);
        refusals.print(console, args.rejects.as_deref());
    }
    Ok(Outcome::Done)
}

/// How many bytes of entries are kept in memory unless it is said: 59 million entries.
const MEMORY: u64 = 1_000_000_000;

/// Whether entries may wait in a scratch, and the feed is written without being whole in memory.
fn is_streamed(args: &Publish) -> bool {
    args.set == Set::Tokens && !args.records && !args.add && args.delta.is_none()
}

fn check_arguments(args: &Publish) -> Result<()> {
    if args.memory.is_some() && args.set != Set::Tokens {
        return Err(needs("--memory", "goes only with --set tokens: a filter is made in memory"));
    }
    if args.records && args.set != Set::Tokens {
        return Err(needs("--records", "goes only with --set tokens: a filter has no place for records"));
    }
    let mut read: Vec<&Path> = vec![&args.sign];
    read.extend(args.key.iter().chain(&args.seal_to).map(|path| path.as_path()));
    read.extend(args.inputs.iter().filter(|path| !is_stdin(path)).map(|path| path.as_path()));
    read.extend(args.protecting.oprf_key.as_deref());
    if args.protecting.oprf_key.as_ref() == Some(&args.out) {
        return Err(needs("--oprf-key", "and --out name the same file"));
    }
    refuse_same(&args.out, &read)?;
    if let Some(delta) = &args.delta {
        read.extend(args.previous.as_deref());
        refuse_same(delta, &read)?;
        if *delta == args.out || args.rejects.as_ref() == Some(delta) {
            return Err(needs("--delta", "and another output name the same file"));
        }
    }
    if let Some(rejects) = &args.rejects {
        read.extend(args.previous.as_deref());
        read.push(&args.out);
        refuse_same(rejects, &read)?;
        if *rejects == args.out {
            return Err(needs("--rejects", "and --out name the same file"));
        }
    }
    Ok(())
}

/// What is said on the command line; with --add, beside what the version before says.
fn options(args: &Publish, before: Option<&Feed>, now: Timestamp) -> Result<PublishOptions> {
    let mut options = match before {
        Some(before) => PublishOptions::following(before, now),
        None => PublishOptions::new(&args.feed, now),
    };
    options.feed.clone_from(&args.feed);
    options.valid_seconds = args.valid;
    options.set = match args.set {
        Set::Tokens => SetChoice::Tokens,
        Set::Bloom => SetChoice::Bloom,
        Set::Fuse => SetChoice::Fuse,
    };
    options.rate = args.fpr;
    options.records = args.records;
    options.new_epoch = args.new_epoch;
    if let Some(tlp) = args.tlp {
        options.tlp = match tlp {
            Tlp::Clear => bisik::Tlp::Clear,
            Tlp::Green => bisik::Tlp::Green,
            Tlp::Amber => bisik::Tlp::Amber,
            Tlp::AmberStrict => bisik::Tlp::AmberStrict,
            Tlp::Red => bisik::Tlp::Red,
        };
    }
    if let Some(purpose) = &args.purpose {
        options.purpose = purpose.clone();
    }
    options.guard = feeds::guard(&args.guard, &parsing(args))?;
    Ok(options)
}

/// The point of contact: what is said of it here, or else that of the version before.
fn contact(args: &Publish, previous: Option<&Feed>, console: &mut Console) -> Result<Option<Contact>> {
    let Contacting { contact_name, desk, hours, desk_card } = &args.contacting;
    if [contact_name, desk, hours].iter().all(|text| text.is_none()) && desk_card.is_none() {
        return Ok(previous.and_then(|previous| previous.manifest().contact.clone()));
    }
    let recipient = match desk_card {
        None => {
            let warn = console.style.warn;
            console.note(format_args!(
                "{warn}note:{warn:#} without --desk-card members cannot seal sightings to the desk; they can only call"
            ));
            None
        }
        Some(path) => match feeds::recipients(std::slice::from_ref(path))?.as_slice() {
            [one] => Some(one.to_string()),
            _ => {
                return Err(Failure::new(ErrorKind::TooManyRecipients, "a desk has one recipient")
                    .help("give a file with the one age1… line that is the desk's")
                    .about(path));
            }
        },
    };
    Ok(Some(Contact { name: contact_name.clone(), desk: desk.clone(), hours: hours.clone(), recipient }))
}

fn parsing(args: &Publish) -> ParseOptions {
    parse_options(args.reading.region.as_deref(), None, args.reading.allow_unassigned)
}

fn read_rows(
    args: &Publish,
    now: Timestamp,
    publisher: &mut Maker<'_>,
    refusals: &mut Refusals,
    scratch: Option<&Path>,
    console: &Console,
) -> Result<Tally> {
    let reading = &args.reading;
    let spec = Spec {
        kind: reading.kind,
        column: reading.column.clone(),
        options: parsing(args),
        claims: if args.records || args.add { Claims::All(now) } else { Claims::Expiry(now) },
        ..Spec::default()
    };
    let mut inputs = Input::open_all(&args.inputs, &spec)?;
    let mut progress = Progress::new(console, &inputs, "reading");
    let mut tally = Tally::default();
    for input in &mut inputs {
        while let Some(item) = input.next()? {
            tally.rows += 1;
            if tally.rows % STEP == 0 {
                progress.at(input.consumed());
            }
            match item {
                Item::Row(row) => {
                    let options = row.options.as_deref().unwrap_or(&spec.options);
                    match publisher.add_raw(row.kind, &row.value, options, row.claim) {
                        Ok(()) => tally.accepted += 1,
                        Err(error) if is_fatal(&error) => return Err(about_scratch(error, scratch)),
                        Err(error) => refusals.add(input.name(), row.place, Some(row.kind), &error)?,
                    }
                }
                Item::Refused(refused) => refusals.add(input.name(), refused.place, refused.kind, &refused.error)?,
            }
        }
        progress.next_input(input.consumed());
    }
    progress.finish();
    Ok(tally)
}

/// Whether an error is about the feed or the machine rather than about the row.
fn is_fatal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::TooManyEntries | ErrorKind::NoRandomness | ErrorKind::LimitExceeded | ErrorKind::Io
    )
}

fn judge(args: &Publish, tally: &Tally, refusals: &Refusals) -> Result<()> {
    let refused = refusals.total();
    let help = if args.rejects.is_some() { "see the rejects file" } else { "--rejects FILE lists the refused rows" };
    if tally.rows > 0 && tally.accepted == 0 {
        let what = format!("none of {} was accepted; nothing is written", plural(tally.rows, "row", "rows"));
        return Err(Failure::new(ErrorKind::NothingAccepted, what).help(help));
    }
    if args.strict && refused > 0 {
        let what = format!("{} refused under --strict; nothing is written", plural(refused, "row was", "rows were"));
        return Err(Failure::new(ErrorKind::NothingAccepted, what).help(help));
    }
    Ok(())
}

/// A refusal that names the kinds and both ways out.
pub(super) fn ways_out(error: Error, enumerable: &[Kind], accepted: &[Kind]) -> Failure {
    if error.kind() != ErrorKind::Enumerable {
        return error.into();
    }
    let open: Vec<Kind> = enumerable.iter().copied().filter(|kind| !accepted.contains(kind)).collect();
    let names = open.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    let flags = open.iter().map(|kind| format!("--accept-enumeration {kind}")).collect::<Vec<_>>().join(" ");
    Failure::new(
        ErrorKind::Enumerable,
        format!("anyone who has this open feed could list all its values of kind {names}; nothing is written"),
    )
    .help(format!(
        "protect it with --protect blind --oprf-key FEED.oprf: members then ask your server, within a budget; or seal it to its \
         members with --seal-to MEMBER.pub (once for each), each of whom can list it; or accept that by name: {flags}"
    ))
}

fn write_delta(args: &Publish, path: &Path, delta: &DeltaFile<'_>, recipients: &[Recipient]) -> Result<()> {
    let mut file = NewFile::create(path, Access::Usual)?;
    if recipients.is_empty() {
        file.write_all(delta.open(&args.accept_enumeration)?).about(path)?;
    } else {
        delta.seal(recipients, &mut OsEntropy, &mut file).about(path)?;
    }
    file.commit()
}

pub(super) fn no_delta(error: Error) -> Failure {
    let needed = error.kind() == ErrorKind::SnapshotNeeded;
    let failure = Failure::from(error);
    if needed { failure.help("leave --delta out: members fetch this version whole") } else { failure }
}

/// What the summary is about.
struct Written<'a> {
    publication: &'a Made<'a>,
    recipients: usize,
    exposure: Vec<KindExposure>,
    learners: [Learner; 3],
    oprf: Option<&'a VersionKey>,
}

fn print_summary(args: &Publish, console: &mut Console, tally: &Tally, written: &Written<'_>) {
    let publication = written.publication;
    let manifest = publication.manifest();
    let style = console.style;
    let (good, warn) = (style.good, style.warn);
    let out = args.out.display().to_string();
    let out = escape::terminal(&out);
    if args.dry_run {
        console.note(format_args!("{warn}dry run{warn:#}   {out} is not written"));
    } else {
        console.note(format_args!("{good}written{good:#}   {out}"));
    }
    let envelope = if written.recipients == 0 && written.oprf.is_some() {
        "open: anyone may have the file; values are tested by asking your server".to_owned()
    } else if written.recipients == 0 {
        "open: anyone who has the file can test values against it".to_owned()
    } else {
        format!(
            "sealed to {} and to you: nobody else can open it",
            plural(written.recipients as u64, "recipient", "recipients")
        )
    };
    let lines = [
        (
            "feed",
            format!(
                "{} version {}, epoch {}, until {}",
                manifest.feed,
                manifest.version,
                manifest.epoch,
                show_time(manifest.expires)
            ),
        ),
        (
            "rows",
            format!(
                "{} read, {} published, {} repeated",
                show_count(tally.rows),
                plural(manifest.count, "entry", "entries"),
                show_count(publication.merged())
            ),
        ),
        ("envelope", envelope),
        ("digest", show_hex(publication.digest())),
    ];
    for (name, text) in lines {
        console.note(format_args!("{label}{name:<9}{label:#} {text}", label = style.label));
    }
    if let Some(path) = written.oprf.and_then(VersionKey::new_file).filter(|_| !args.dry_run) {
        let path = path.display().to_string();
        console.note(format_args!(
            "{good}written{good:#}   {}: answers queries. Keep a copy in a safe; whoever has it can list the feed",
            escape::terminal(&path)
        ));
    }
    // Standard error may not be what `width` was measured on, but both are usually the same terminal.
    let width = console.width;
    _ = writeln!(console.err);
    _ = match written.oprf {
        Some(_) => report::print_asking(&mut console.err, &written.exposure, Supposing::default(), width, style),
        None => report::print_exposure(&mut console.err, &written.exposure, Detail::Short, width, style),
    };
    _ = writeln!(console.err);
    _ = report::print_learners(&mut console.err, &written.learners, width, style);
    _ = writeln!(console.err);
}

fn summary_json(args: &Publish, tally: &Tally, refusals: &Refusals, written: &Written<'_>) -> Value {
    let publication = written.publication;
    let manifest = publication.manifest();
    let refused: serde_json::Map<String, Value> =
        refusals.counts().iter().map(|(kind, &count)| (kind.name().to_owned(), count.into())).collect();
    let listed: Vec<Value> = refusals
        .listed()
        .iter()
        .map(|row| {
            json!({
                "input": row.input,
                "row": row.place.row,
                "line": row.place.line,
                "kind": row.kind.map(Kind::name),
                "reason": row.reason.name(),
            })
        })
        .collect();
    json!({
        "out": args.out.display().to_string(),
        "written": !args.dry_run,
        "delta": args.delta.as_ref().map(|path| path.display().to_string()),
        "feed": manifest.feed,
        "version": manifest.version,
        "epoch": manifest.epoch,
        "issued": show_time(manifest.issued),
        "expires": show_time(manifest.expires),
        "digest": show_hex(publication.digest()),
        "rows": tally.rows,
        "accepted": tally.accepted,
        "merged": publication.merged(),
        "linked": publication.linked(),
        "entries": manifest.count,
        "refused": refusals.total(),
        "refused_by_reason": refused,
        "refused_first": listed,
        "blind": written.oprf.is_some(),
        "sealed": written.recipients > 0,
        "recipients": written.recipients,
        "false_positive_rate": crate::units::show_rate(manifest.set.rate()).parse::<f64>().unwrap_or(0.0),
        "exposure": report::exposure_json(&written.exposure),
        "learners": report::learners_json(&written.learners),
    })
}
