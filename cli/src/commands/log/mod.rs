//! `bisik log`: review logs, checked and summed up.

mod report;

use std::path::Path;

use bisik::{ErrorKind, LogHead, LogReader, OsEntropy};
use bisik_store::LogFile;
use serde_json::json;

use super::Outcome;
use crate::args::{LogAction, LogHeadArgs, LogMend, LogVerify};
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result};
use crate::feeds;
use crate::files::{Access, NewFile, read_whole, refuse_same};
use crate::units::{plural, show_bytes, show_hex, show_time};

/// The longest head.
const MAX_HEAD: u64 = 1 << 16;

/// Verifies, reports, signs or mends.
pub(super) fn run(action: &LogAction, console: &mut Console) -> Result<Outcome> {
    match action {
        LogAction::Verify(args) => verify(args, console),
        LogAction::Report(args) => report::run(args, console),
        LogAction::Head(args) => sign(args, console),
        LogAction::Mend(args) => mend(args, console),
    }
}

/// Reads a log whole. An error names the entry.
fn read(path: &Path, reader: &mut LogReader, each: impl FnMut(&bisik::LogEntry)) -> Result<()> {
    LogFile::new(path).read(reader, each).map_err(|error| told(error, reader))
}

/// What a fault in a log means, and what to do.
fn told(error: bisik_store::Error, reader: &LogReader) -> Failure {
    let (kind, position) = (error.kind(), error.inner().position());
    let failure = Failure::from(error);
    let Some(number) = position else { return failure };
    let before = number - 1;
    match kind {
        ErrorKind::TornTail => failure.help(format!(
            "entry {number} was being written when the program was killed, and never took effect; {} before it hold; `bisik log mend` removes its {}",
            plural(before, "entry", "entries"),
            show_bytes(reader.torn() as u64)
        )),
        ErrorKind::LogCut => failure.help(format!(
            "the log ends with entry {before}; a signed head tells of entry {number} and maybe later ones: compare with a copy"
        )),
        _ => failure.help(format!("{} before entry {number} hold; compare entry {number} with a copy", plural(before, "entry", "entries"))),
    }
}

fn verify(args: &LogVerify, console: &mut Console) -> Result<Outcome> {
    let now = console.now()?;
    let trust = feeds::trust(&args.trust)?;
    let mut reader = LogReader::new();
    let mut heads = Vec::new();
    for path in &args.head {
        let head = LogHead::read(&read_whole(path, MAX_HEAD)?, &trust, now).about(path)?;
        head.expect(&mut reader);
        heads.push((path, head));
    }
    let mut last = None;
    read(&args.file, &mut reader, |entry| last = Some(entry.time))?;
    let id = reader.id().copied().unwrap_or_default();
    let tail = reader.finish().about(&args.file)?;
    if args.json {
        let object = json!({
            "file": args.file.display().to_string(),
            "log": show_hex(&id),
            "entries": tail.number(),
            "hash": show_hex(tail.hash()),
            "last": last.map(show_time),
            "heads": heads.iter().map(|(path, head)| json!({
                "file": path.display().to_string(),
                "entries": head.entries,
                "publisher_id": head.publisher.to_string(),
                "time": show_time(head.time),
            })).collect::<Vec<_>>(),
        });
        console.line(format_args!("{object}"))?;
        return Ok(Outcome::Done);
    }
    let (good, dim) = (console.style.good, console.style.dim);
    console.note(format_args!(
        "{good}whole{good:#}     {} in {}",
        plural(tail.number(), "entry", "entries"),
        escape::terminal(&args.file.display().to_string())
    ));
    for (_, head) in &heads {
        console.note(format_args!("          goes on from entry {}, signed at {}", head.entries, show_time(head.time)));
    }
    if heads.is_empty() {
        console.note(format_args!(
            "{dim}Whoever can write the log could have written all of it anew: only a head that somebody else kept (--head) excludes that.{dim:#}"
        ));
    }
    Ok(Outcome::Done)
}

fn sign(args: &LogHeadArgs, console: &mut Console) -> Result<Outcome> {
    use std::io::Write as _;
    refuse_same(&args.out, &[&args.file, &args.sign])?;
    let now = console.now()?;
    let signing = feeds::signing_file(&args.sign)?;
    let mut reader = LogReader::new();
    read(&args.file, &mut reader, |_| ())?;
    let head = LogHead::sign(&reader, &signing, now).about(&args.file)?;
    let mut file = NewFile::create(&args.out, Access::Usual)?;
    file.write_all(&head).about(&args.out)?;
    file.commit()?;
    let good = console.style.good;
    let entries = reader.tail().map_or(0, bisik::LogTail::number);
    console.note(format_args!(
        "{good}signed{good:#}    the head of {}: {}; give {} to who shall be able to tell",
        escape::terminal(&args.file.display().to_string()),
        plural(entries, "entry", "entries"),
        escape::terminal(&args.out.display().to_string())
    ));
    Ok(Outcome::Done)
}

fn mend(args: &LogMend, console: &mut Console) -> Result<Outcome> {
    let now = console.now()?;
    let mended = LogFile::new(&args.file).mend(now, &mut OsEntropy)?;
    let good = console.style.good;
    let what = if mended.removed == 0 {
        "nothing to mend".to_owned()
    } else {
        format!("{} of an incomplete line removed, and entry {} says so", show_bytes(mended.removed), mended.entries)
    };
    console.note(format_args!("{good}mended{good:#}    {what}"));
    Ok(Outcome::Done)
}
