//! `bisik sightings`: the publisher's desk opens what members told, and sees whom to call first.

mod inbox;
mod list;
mod show;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use bisik::{ErrorKind, Feed, Joined, LogEvent, SightingLedger, Timestamp, TrustStore};

use super::Outcome;
use crate::args::Sightings;
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result, needs};
use crate::feeds;
use crate::files::{Access, NewFile, exists, lock_folder, read_whole, refuse_same};
use crate::input::is_stdin;
use crate::memory::replace;
use crate::oprf::read_key;
use crate::review;
use crate::units::{plural, show_hex};
use inbox::Inbox;

/// The longest ledger: a million sightings.
const MAX_STATE: u64 = 1 << 30;

/// Opens, counts, stores; then joins and shows.
pub(super) fn run(args: &Sightings, console: &mut Console) -> Result<Outcome> {
    check_arguments(args)?;
    let now = console.now()?;
    let secrets = feeds::secrets(&args.key)?;
    let trust = feeds::trust(&args.trust)?;
    let members = feeds::trust(&args.members)?;
    let mut feeds = Vec::new();
    for path in &args.feed {
        feeds.push(feeds::load_stale(path, &secrets, &trust, now)?);
    }
    // The ledger learns versions as they rise, whatever the order of the arguments.
    feeds.sort_by_key(|feed| feed.manifest().version);
    let inbox = Inbox::open(&args.files, &secrets, &members)?;
    let (ledger, taken) = count(args, &feeds, inbox, now)?;
    if let Some(path) = &args.rejects {
        write_rejects(path, &taken, &members)?;
    }
    let mut joined = Joined::new();
    if !args.list.is_empty() {
        joined = list::join(args, &feeds, &ledger)?;
    }
    let calls = ledger.calls(&joined, now);
    let rows = list::rows(args, &calls)?;
    let shown = show::Shown { args, feeds: &feeds, members: &members, calls: &calls, rows: &rows, now };
    shown.print(&taken, console)?;
    if !args.json {
        summary(args, &taken, &calls, &members, console);
    }
    Ok(Outcome::Done)
}

/// A sighting or a file that does not count, and why.
pub(super) struct NotCounted {
    pub(super) file: String,
    /// The sighting's place in the file, from 1, and its hit id; `None` for a whole file.
    pub(super) sighting: Option<(usize, [u8; 16])>,
    pub(super) sender: Option<bisik::KeyId>,
    pub(super) reason: ErrorKind,
    pub(super) message: &'static str,
}

/// What became of the files.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) files: u64,
    pub(super) counted: u64,
    pub(super) not_counted: Vec<NotCounted>,
}

fn check_arguments(args: &Sightings) -> Result<()> {
    if !args.files.is_empty() && args.members.is_empty() {
        return Err(needs("--members", "names the cards of those whose sightings count"));
    }
    if args.list.iter().any(|path| is_stdin(path)) {
        return Err(needs("--list", "is read twice, so it cannot be standard input"));
    }
    let mut read: Vec<&Path> = Vec::new();
    for paths in [&args.files, &args.feed, &args.trust, &args.members, &args.key, &args.oprf_key, &args.list] {
        read.extend(paths.iter().map(PathBuf::as_path));
    }
    refuse_same(&args.state, &read)?;
    if let Some(rejects) = &args.rejects {
        read.push(&args.state);
        refuse_same(rejects, &read)?;
    }
    Ok(())
}

/// Counts what came in. The state is on the disk before this returns.
fn count(args: &Sightings, feeds: &[Feed], inbox: Inbox, now: Timestamp) -> Result<(SightingLedger, Taken)> {
    let _lock = lock_folder(args.state.parent().unwrap_or(Path::new("")))?;
    let before = if exists(&args.state)? {
        let bytes = read_whole(&args.state, MAX_STATE)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Failure::from(bisik::Error::from(ErrorKind::BadManifest)).about(&args.state))?;
        Some(SightingLedger::parse(text).about(&args.state)?)
    } else {
        None
    };
    let mut ledger = match (before, feeds.first()) {
        (Some(ledger), _) => ledger,
        (None, Some(feed)) => SightingLedger::new(feed),
        (None, None) => return Err(needs("--feed", "names your feed")),
    };
    for feed in feeds {
        ledger.learn(feed).about(&args.state)?;
    }
    let mut taken = Taken { files: inbox.files, not_counted: inbox.refused, ..Taken::default() };
    for (file, report) in &inbox.reports {
        let refused = |sighting, error: &bisik::Error| NotCounted {
            file: file.clone(),
            sighting,
            sender: Some(report.sender),
            reason: error.kind(),
            message: error.message(),
        };
        match ledger.take(report, now) {
            Err(error) => taken.not_counted.push(refused(None, &error)),
            Ok(outcomes) => {
                for ((number, outcome), sighting) in (1..).zip(outcomes).zip(&report.sightings) {
                    match outcome {
                        Ok(()) => taken.counted += 1,
                        Err(error) => taken.not_counted.push(refused(Some((number, sighting.hit_id)), &error)),
                    }
                }
            }
        }
    }
    if let Some(feed) = feeds.last().filter(|_| taken.files > 0) {
        let record = || {
            review::of_feed(LogEvent::SightingsOpened, feed.manifest(), now)
                .count("files", taken.files)
                .count("counted", taken.counted)
                .count("refused", taken.not_counted.len() as u64)
        };
        review::note(&args.logging, record, now)?;
    }
    replace(&args.state, ledger.to_text().as_bytes())?;
    Ok((ledger, taken))
}

/// A member's name in the desk's store, or else its id.
pub(super) fn name_of(members: &TrustStore, id: &bisik::KeyId) -> String {
    let known = members.publishers().iter().find(|known| known.id == *id);
    known.map_or_else(|| id.to_string(), |known| known.name.clone())
}

fn write_rejects(path: &Path, taken: &Taken, members: &TrustStore) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Failure::new(ErrorKind::Io, error.to_string()).about(path);
    writer.write_record(["file", "sighting", "member", "hit_id", "reason"]).map_err(failed)?;
    for refused in &taken.not_counted {
        let (number, hit_id) = match refused.sighting {
            Some((number, hit_id)) => (number.to_string(), show_hex(&hit_id)),
            None => Default::default(),
        };
        let member = refused.sender.map(|id| name_of(members, &id)).unwrap_or_default();
        let cells = [&*escape::cell(&refused.file), &*number, &*escape::cell(&member), &*hit_id, refused.reason.name()];
        writer.write_record(cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::new(ErrorKind::Io, error.to_string()).about(path))?;
    let mut file = NewFile::create(path, Access::Owner)?;
    file.write_all(&bytes).about(path)?;
    file.commit()
}

fn summary(args: &Sightings, taken: &Taken, calls: &[bisik::Call], members: &TrustStore, console: &mut Console) {
    let (good, warn, dim) = (console.style.good, console.style.warn, console.style.dim);
    console.note(format_args!(
        "{good}counted{good:#}   {} new from {}; {} known in all",
        plural(taken.counted, "sighting", "sightings"),
        plural(taken.files, "file", "files"),
        calls.iter().map(|call| call.sightings).sum::<u64>(),
    ));
    for refused in &taken.not_counted {
        let member = refused.sender.map(|id| format!(" of {}", name_of(members, &id))).unwrap_or_default();
        let (head, what) = match refused.sighting {
            Some((number, _)) => ("not counted", format!("sighting {number}")),
            None => ("refused", "file".to_owned()),
        };
        let (file, member) = (escape::terminal(&refused.file), escape::terminal(&member));
        let (message, reason) = (refused.message, refused.reason.name());
        console.note(format_args!("{warn}{head}{warn:#}: {what}{member} in {file}: {message} [{reason}]"));
    }
    let unknown = calls.iter().filter(|call| call.entry.is_none()).count() as u64;
    if unknown > 0 && !args.list.is_empty() {
        console.note(format_args!(
            "{dim}{} in no row of the list: of rows that have gone, or of an epoch whose feed is not given{dim:#}",
            plural(unknown, "hit id is", "hit ids are")
        ));
    } else if unknown > 0 {
        console.note(format_args!("{dim}--list joins hit ids to the rows of your list{dim:#}"));
    }
}

/// The keys of blind feeds.
pub(super) fn oprf_keys(args: &Sightings) -> Result<Vec<bisik::OprfKey>> {
    args.oprf_key.iter().map(|path| read_key(path)).collect()
}
