//! `bisik match`: which of one's own rows are listed.

mod ahead;

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use bisik::{
    Error, ErrorKind, Executor as _, Feed, Hit, Kind, Matcher, ParseOptions, Policy, RawInput, Report, Threads,
    Timestamp, Verdict,
};

use bisik_store::Store;

use super::blind::{All, Desk};
use super::{Outcome, parse_options};
use crate::args::{Feeds, Match};
use crate::console::Console;
use crate::failure::{About, Failure, Result, needs};
use crate::feeds;
use crate::files::{read_public, refuse_same};
use crate::input::{Input, Item, Row, Spec, is_stdin};
use crate::memory::{Acted, Memory};
use crate::output::{Annotator, HitLine, Printer, Refusals};
use crate::progress::Progress;
use crate::units::{plural, show_count, show_seconds, show_time};

/// How many rows, and about how many bytes of them, are looked up together.
const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 8 << 20;

/// Matches every row of every input.
pub(super) fn run(args: &Match, console: &mut Console) -> Result<Outcome> {
    let now = console.now()?;
    check_arguments(args)?;
    let reading = &args.reading;
    let options = parse_options(reading.region.as_deref(), args.bank.as_deref(), reading.allow_unassigned);
    let matcher = load(&args.feeds, &options, now, console)?;
    let desk = Desk::open(&args.asking, &matcher, console)?;
    let spec = Spec {
        kind: reading.kind,
        column: reading.column.clone(),
        id: args.id.clone(),
        options,
        keep_cells: args.annotate.is_some(),
        ..Spec::default()
    };
    let mut inputs = Input::open_all(&args.inputs, &spec)?;
    let annotator = match (&args.annotate, inputs.as_slice()) {
        (None, _) => None,
        (Some(path), [input]) => match input.header() {
            Some((header, delimiter)) => Some(Annotator::new(path, header, delimiter, args.feeds.policy.is_some())?),
            None => return Err(needs("--annotate", "needs a CSV input")),
        },
        (Some(_), _) => return Err(needs("--annotate", "needs exactly one input")),
    };
    let started = Instant::now();
    let printer = Printer::new(args.format, args.show_values, inputs.len() > 1, args.id.is_some())
        .with_verdicts(args.feeds.policy.is_some());
    let refusals = Refusals::new(args.rejects.as_deref())?;
    let mut run = Run::new(&matcher, &spec.options, now, args.show_values, printer, refusals);
    run.policy = policy(&args.feeds)?;
    run.acted = args.remember.as_deref().map(Acted::open).transpose()?;
    run.annotator = annotator;
    let failure = match desk {
        Some(desk) => run.ask(&desk, &mut inputs, console)?,
        None => {
            match args.threads.map_or_else(|| Threads::new(0).width(), usize::from) {
                1 => run.match_here(&mut inputs, console)?,
                threads => run.match_ahead(&mut inputs, threads, console)?,
            }
            None
        }
    };
    let outcome = run.finish(args.rejects.as_deref(), started.elapsed().as_secs_f64(), console)?;
    match failure {
        Some(failure) => Err(failure),
        None => Ok(outcome),
    }
}

fn check_arguments(args: &Match) -> Result<()> {
    let mut read: Vec<&Path> = args.inputs.iter().filter(|path| !is_stdin(path)).map(|path| path.as_path()).collect();
    read.extend(
        args.feeds
            .feed
            .iter()
            .chain(&args.feeds.trust)
            .chain(&args.feeds.key)
            .chain(&args.feeds.guard)
            .map(|path| path.as_path()),
    );
    for output in [&args.annotate, &args.rejects, &args.remember].into_iter().flatten() {
        refuse_same(output, &read)?;
    }
    if args.annotate.is_some() && args.annotate == args.rejects {
        return Err(needs("--annotate", "and --rejects name the same file"));
    }
    Ok(())
}

/// Opens keys, cards and feeds. One that cannot be used stops the command, unless it was told to go on.
pub(super) fn load(args: &Feeds, options: &ParseOptions, now: Timestamp, console: &mut Console) -> Result<Matcher> {
    let secrets = feeds::secrets(&args.key)?;
    let trust = feeds::trust(&args.trust)?;
    let guard = feeds::guard(&args.guard, options)?;
    let memory = Memory::open(args.state.as_deref(), &args.trust)?;
    let remembered = |path: &Path, feed: Feed| {
        memory.observe(&feed, now).map_err(|failure| failure.about(path))?;
        Ok(feed)
    };
    let mut skipped = 0;
    let mut opened: Vec<Result<Feed>> = Vec::new();
    for path in &args.feed {
        let feed = feeds::load(path, &secrets, &trust, now).and_then(|feed| remembered(path, feed));
        let failed = feed.is_err() && !args.skip_bad_feeds;
        opened.push(feed);
        if failed {
            break;
        }
    }
    if let Some(folder) = &args.store {
        let (feeds, dropped) = Store::open(folder)?.load_all(&trust, &secrets, now)?;
        opened.extend(feeds.into_iter().map(|feed| remembered(folder, feed)));
        opened.extend(dropped.into_iter().map(|dropped| Err(dropped.error.into())));
        if opened.is_empty() {
            return Err(Failure::new(ErrorKind::NotAStore, "the store has no feeds yet").about(folder));
        }
    }
    let count = opened.len();
    let mut usable: Vec<Feed> = Vec::new();
    for feed in opened {
        match feed {
            Ok(feed) => usable.push(feed),
            Err(failure) if args.skip_bad_feeds => {
                skipped += 1;
                let warn = console.style.warn;
                console.note(format_args!("{warn}WARNING: feed skipped:{warn:#} {}", failure.line()));
                if skipped == count {
                    return Err(failure.help("no feed is left; correct at least one"));
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    if skipped > 0 {
        let warn = console.style.warn;
        console.note(format_args!(
            "{warn}WARNING: {skipped} of {count} feeds skipped: what they list is not found{warn:#}"
        ));
    }
    if args.store.is_none() || !args.feed.is_empty() {
        memory.note(console);
    }
    Ok(Matcher::new(usable, guard)?)
}

/// The next rows of an input, or `None` at its end.
fn next_batch(input: &mut Input) -> Result<Option<Vec<Item>>> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < BATCH_ROWS && bytes < BATCH_BYTES {
        let Some(item) = input.next()? else { break };
        bytes += match &item {
            Item::Row(row) => row.value.len() + row.cells.as_ref().map_or(0, |cells| cells.as_slice().len()),
            Item::Refused(refused) => refused.cells.as_ref().map_or(0, |cells| cells.as_slice().len()),
        };
        batch.push(item);
    }
    Ok((!batch.is_empty()).then_some(batch))
}

/// The rows of a batch that can be looked up.
fn rows(batch: &[Item]) -> impl Iterator<Item = &Row> {
    batch.iter().filter_map(|item| if let Item::Row(row) = item { Some(&**row) } else { None })
}

/// How rows are looked up.
#[derive(Clone, Copy)]
struct Lookup<'a> {
    matcher: &'a Matcher,
    defaults: &'a ParseOptions,
    now: Timestamp,
}

impl Lookup<'_> {
    fn report(&self, batch: &[Item]) -> bisik::Result<Report> {
        let raw: Vec<RawInput<'_>> = rows(batch)
            .map(|row| RawInput {
                kind: row.kind,
                value: &row.value,
                options: row.options.as_deref().unwrap_or(self.defaults),
            })
            .collect();
        self.matcher.match_raw(&raw, self.now)
    }
}

/// A match under way.
pub(super) struct Run<'a> {
    matcher: &'a Matcher,
    defaults: &'a ParseOptions,
    now: Timestamp,
    show_values: bool,
    /// When each feed ends.
    expires: Vec<String>,
    printer: Printer,
    pub(super) policy: Option<Policy>,
    refusals: Refusals,
    annotator: Option<Annotator>,
    acted: Option<Acted>,
    rows: u64,
    rows_hit: u64,
    hits: u64,
}

impl<'a> Run<'a> {
    /// Begins, without an annotated copy.
    pub(super) fn new(
        matcher: &'a Matcher,
        defaults: &'a ParseOptions,
        now: Timestamp,
        show_values: bool,
        printer: Printer,
        refusals: Refusals,
    ) -> Self {
        let expires = ends(matcher);
        let (rows, rows_hit, hits) = (0, 0, 0);
        Self {
            matcher,
            defaults,
            now,
            show_values,
            expires,
            printer,
            policy: None,
            refusals,
            annotator: None,
            acted: None,
            rows,
            rows_hit,
            hits,
        }
    }

    /// Matches batch after batch against feeds that this machine can test alone.
    fn match_here(&mut self, inputs: &mut [Input], console: &mut Console) -> Result<()> {
        let mut progress = Progress::new(console, inputs, "matching");
        for input in inputs {
            let name = input.name().to_owned();
            while let Some(batch) = next_batch(input)? {
                self.batch(&name, &batch, console)?;
                progress.at(input.consumed());
            }
            progress.next_input(input.consumed());
        }
        progress.finish();
        Ok(())
    }

    /// Asks a server about every different value. The failure, if any, is why some rows have no answer.
    fn ask(&mut self, desk: &Desk, inputs: &mut [Input], console: &mut Console) -> Result<Option<Failure>> {
        let all = All::read(inputs, console)?;
        let (found, failure) = desk.ask(self.matcher, &all.raw(self.defaults), self.now, console)?;
        for rows in &all.inputs {
            self.show(&rows.input, &rows.items, &found.report(&rows.asks), console)?;
        }
        Ok(failure.map(|failure| failure.help_also("rows that were answered before are shown above, and paid for")))
    }

    /// Counts rows that were refused before.
    pub(super) fn add_refused(&mut self, rows: u64) {
        self.rows += rows;
    }

    fn batch(&mut self, input: &str, batch: &[Item], console: &mut Console) -> Result<()> {
        let report = self.lookup().report(batch)?;
        self.show(input, batch, &report, console)
    }

    fn lookup(&self) -> Lookup<'a> {
        Lookup { matcher: self.matcher, defaults: self.defaults, now: self.now }
    }

    /// Shows what was found for the rows of a batch.
    pub(super) fn show(&mut self, input: &str, batch: &[Item], report: &Report, console: &mut Console) -> Result<()> {
        let rows: Vec<&Row> = rows(batch).collect();
        let verdicts = verdicts(self.policy.as_ref(), &report.hits, self.matcher, self.now, |index| {
            rows.get(index).map(|row| row.kind)
        });
        let mut indices = Vec::with_capacity(report.hits.len());
        let mut lines = Vec::with_capacity(report.hits.len());
        for (at, hit) in report.hits.iter().enumerate() {
            if let (Some(row), Some(feed)) = (rows.get(hit.index), self.matcher.feeds().get(hit.feed)) {
                let values = self.show_values.then_some((row.value.as_str(), hit.expression.as_str()));
                indices.push(hit.index);
                if let Some(acted) = &mut self.acted {
                    acted.add(feed, hit.hit_id, self.now);
                }
                let expires = self.expires.get(hit.feed).map(String::as_str).unwrap_or_default();
                let mut line = hit_line(hit, feed, expires, row, input, values);
                line.verdict = verdicts.get(at).and_then(Option::as_ref);
                lines.push(line);
            }
        }
        self.rows += batch.len() as u64;
        self.hits += lines.len() as u64;
        let rejected: HashMap<usize, &Error> =
            report.rejected.iter().map(|rejection| (rejection.index, &rejection.error)).collect();
        let (mut index, mut first) = (0, 0);
        for item in batch {
            let (place, kind, cells, error, hits) = match item {
                Item::Refused(refused) => {
                    (refused.place, refused.kind, refused.cells.as_ref(), Some(&refused.error), 0..0)
                }
                Item::Row(row) => {
                    // Hits come in the order of rows.
                    let end = first + indices.iter().skip(first).take_while(|&&at| at == index).count();
                    let hits = first..end;
                    let error = rejected.get(&index).copied();
                    first = end;
                    index += 1;
                    (row.place, Some(row.kind), row.cells.as_ref(), error, hits)
                }
            };
            self.rows_hit += u64::from(!hits.is_empty());
            if let Some(error) = error {
                self.refusals.add(input, place, kind, error)?;
            }
            if let Some(annotator) = &mut self.annotator {
                annotator.row(cells, lines.get(hits).unwrap_or_default(), error)?;
            }
        }
        self.printer.print(console, &lines)
    }

    /// Completes outputs, and sums up.
    pub(super) fn finish(mut self, rejects: Option<&Path>, seconds: f64, console: &mut Console) -> Result<Outcome> {
        self.printer.finish(console)?;
        console.finish()?;
        self.refusals.commit()?;
        if let Some(acted) = self.acted.take() {
            acted.commit()?;
        }
        let style = console.style;
        if let Some(annotator) = self.annotator.take() {
            let left_out = annotator.commit()?;
            if left_out > 0 {
                let warn = style.warn;
                let what = plural(left_out, "row that does not fit the header", "rows that do not fit the header");
                console.note(format_args!("{warn}note:{warn:#} the annotated copy leaves out {what}"));
            }
        }
        let paint = if self.rows_hit > 0 { style.good } else { style.label };
        console.note(format_args!(
            "{paint}matched{paint:#}   {} of {}, {} from {}, in {}",
            show_count(self.rows_hit),
            plural(self.rows, "row", "rows"),
            plural(self.hits, "hit", "hits"),
            plural(self.matcher.feeds().len() as u64, "feed", "feeds"),
            show_seconds(seconds),
        ));
        self.refusals.print(console, rejects);
        Ok(if self.hits > 0 { Outcome::Done } else { Outcome::NoHit })
    }
}

/// When each feed ends, as text that is made once.
pub(super) fn ends(matcher: &Matcher) -> Vec<String> {
    matcher.feeds().iter().map(|feed| show_time(feed.manifest().expires)).collect()
}

/// The policy that was named.
pub(super) fn policy(args: &Feeds) -> Result<Option<Policy>> {
    let Some(path) = &args.policy else { return Ok(None) };
    Ok(Some(Policy::parse(&read_public(path)?).about(path)?))
}

/// What a policy says of each hit: the same of all hits of one input, which stand side by side.
pub(super) fn verdicts(
    policy: Option<&Policy>,
    hits: &[Hit],
    matcher: &Matcher,
    now: Timestamp,
    kind: impl Fn(usize) -> Option<Kind>,
) -> Vec<Option<Verdict>> {
    let Some(policy) = policy else { return Vec::new() };
    let mut verdicts = Vec::with_capacity(hits.len());
    for of_one in hits.chunk_by(|a, b| a.index == b.index) {
        let kind = of_one.first().and_then(|hit| kind(hit.index));
        let verdict = kind.map(|kind| policy.decide(kind, of_one, matcher.feeds(), now));
        verdicts.extend(of_one.iter().map(|_| verdict.clone()));
    }
    verdicts
}

/// Puts a hit and its feed together.
pub(super) fn hit_line<'h>(
    hit: &'h Hit,
    feed: &'h Feed,
    expires: &'h str,
    row: &'h Row,
    input: &'h str,
    values: Option<(&'h str, &'h str)>,
) -> HitLine<'h> {
    let manifest = feed.manifest();
    HitLine {
        input,
        row: row.place.row,
        id: row.id.as_deref(),
        kind: row.kind,
        certainty: hit.certainty,
        matched: hit.matched,
        matched_kind: hit.matched_kind,
        feed: &manifest.feed,
        epoch: manifest.epoch,
        version: manifest.version,
        publisher: feed.publisher_name(),
        expires,
        hit_id: hit.hit_id,
        record: &hit.record,
        verdict: None,
        values,
    }
}
