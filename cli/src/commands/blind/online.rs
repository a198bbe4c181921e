//! `bisik match` and `bisik check` with `--blind`: prepare, ask, finish.
//!
//! Values are asked in portions. When the server refuses in the middle (the day's budget is used up, say), what was answered
//! until then is paid for and is shown.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bisik::{BlindOptions, ErrorKind, Matcher, OsEntropy, Prepared, RawInput, Report, SigningKey, Timestamp};

use super::rows::Found;
use crate::args::Asking;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::feeds;
use crate::progress::Progress;
use crate::remote::Remote;
use crate::units::{plural, show_count};

/// How many values are prepared, asked and shown together.
const PORTION: usize = 8_192;
/// Requests under way at a time.
const AT_ONCE: usize = 4;

/// The answers to a portion's requests, as far as they came.
type Answers = Vec<Option<Vec<u8>>>;

/// The server to ask, and who asks.
pub(in crate::commands) struct Desk {
    remote: Remote,
    key: SigningKey,
    options: BlindOptions,
}

impl Desk {
    /// The desk that the arguments name, if the feeds need one. Blind feeds without a server are an error.
    pub(in crate::commands) fn open(asking: &Asking, matcher: &Matcher, console: &mut Console) -> Result<Option<Self>> {
        match (matcher.has_blind(), &asking.blind, &asking.sign) {
            (false, None, _) => Ok(None),
            (false, Some(_), _) => {
                let warn = console.style.warn;
                console.note(format_args!("{warn}note:{warn:#} no feed is blind: nothing is asked"));
                Ok(None)
            }
            (true, Some(url), Some(sign)) => {
                let options = BlindOptions { pad: !asking.no_padding };
                let key = feeds::signing_file(sign)?.key;
                Ok(Some(Self { remote: Remote::asking(url, asking)?, key, options }))
            }
            (true, ..) => Err(Failure::from(bisik::Error::from(ErrorKind::BlindQueryNeeded))
                .help("ask its server with --blind URL --sign YOURS.sign, or by files: bisik blind request")),
        }
    }

    /// Asks about one value.
    pub(in crate::commands) fn check(
        &self,
        matcher: &Matcher,
        raw: RawInput<'_>,
        now: Timestamp,
        console: &mut Console,
    ) -> Result<Report> {
        let prepared = matcher.prepare_raw(&[raw], &self.key, &self.options, now, &mut OsEntropy)?;
        tell_cost(prepared.asked(), prepared.queries(), console);
        let mut answers = Vec::new();
        for request in prepared.requests() {
            answers.push(self.remote.ask(&request.bytes)?);
        }
        Ok(matcher.finish(prepared, &answers, now)?)
    }

    /// Asks about all of these values. The failure, if any, is why some of them were not answered.
    pub(in crate::commands) fn ask(
        &self,
        matcher: &Matcher,
        raw: &[RawInput<'_>],
        now: Timestamp,
        console: &mut Console,
    ) -> Result<(Found, Option<Failure>)> {
        let portions = self.prepare(matcher, raw, now)?;
        let (asked, queries) =
            (portions.iter().map(Prepared::asked).sum(), portions.iter().map(Prepared::queries).sum());
        tell_cost(asked, queries, console);
        let progress = Progress::of_queries(console, queries, "asking");
        let (answers, mut failure) = self.send(&portions, &progress);
        progress.finish();
        let mut found = Found::new(raw.len());
        for ((number, prepared), answers) in portions.into_iter().enumerate().zip(answers) {
            // A portion with a gap stays dark; the reason is told at the end.
            let Some(answers) = answers.into_iter().collect::<Option<Vec<_>>>() else { continue };
            match matcher.finish(prepared, &answers, now) {
                Ok(report) => found.enter(number * PORTION, report),
                Err(error) => failure = Some(failure.unwrap_or_else(|| error.into())),
            }
        }
        Ok((found, failure))
    }

    fn prepare(&self, matcher: &Matcher, raw: &[RawInput<'_>], now: Timestamp) -> Result<Vec<Prepared>> {
        let portion = |raw: &[RawInput<'_>]| matcher.prepare_raw(raw, &self.key, &self.options, now, &mut OsEntropy);
        Ok(raw.chunks(PORTION).map(portion).collect::<bisik::Result<_>>()?)
    }

    /// The answers, portion by portion; `None` where there is none. After the first failure nothing more is begun.
    fn send(&self, portions: &[Prepared], progress: &Progress) -> (Vec<Answers>, Option<Failure>) {
        let requests: Vec<_> = portions
            .iter()
            .enumerate()
            .flat_map(|(portion, prepared)| prepared.requests().iter().enumerate().map(move |(at, r)| (portion, at, r)))
            .collect();
        let answers: Vec<Answers> = portions.iter().map(|prepared| vec![None; prepared.requests().len()]).collect();
        let (answers, failure) = (Mutex::new(answers), Mutex::new(None));
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = || {
            while !stop.load(Ordering::Relaxed)
                && let Some((portion, at, request)) = requests.get(next.fetch_add(1, Ordering::Relaxed))
            {
                match self.remote.ask(&request.bytes) {
                    Ok(answer) => {
                        progress.answered(request.queries);
                        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                        if let Some(place) = answers.get_mut(*portion).and_then(|answers| answers.get_mut(*at)) {
                            *place = Some(answer);
                        }
                    }
                    Err(error) => {
                        stop.store(true, Ordering::Relaxed);
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(requests.len()) {
                scope.spawn(work);
            }
        });
        let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        (answers, failure.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What asking costs, told before it is asked.
pub(super) fn tell_cost(asked: u64, queries: u64, console: &mut Console) {
    let label = console.style.label;
    let padded = if queries > asked { format!(" ({} with padding)", show_count(queries)) } else { String::new() };
    let asks = plural(asked, "blind query", "blind queries");
    console.note(format_args!("{label}asking{label:#}    this asks {asks}{padded} of your budget"));
}
