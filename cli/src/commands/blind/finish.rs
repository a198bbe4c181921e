//! `bisik blind finish`: what the answer says.

use std::fs;
use std::time::Instant;

use bisik::{ErrorKind, ParseOptions, Prepared};

use super::rows::Found;
use super::state;
use crate::args::{BlindFinish, Feeds};
use crate::commands::Outcome;
use crate::commands::match_::{self, Run};
use crate::console::Console;
use crate::failure::{About, Failure, Result};
use crate::files::read_whole;
use crate::output::{Printer, Refusals};

/// The longest answer file that is read, in bytes.
const MAX_ANSWER: u64 = 1 << 34;

/// Checks the answer's proofs, prints hits, and removes the state.
pub(super) fn run(args: &BlindFinish, console: &mut Console) -> Result<Outcome> {
    let now = console.now()?;
    let started = Instant::now();
    let feeds = Feeds { policy: args.policy.clone(), ..args.feeds.feeds() };
    let matcher = match_::load(&feeds, &ParseOptions::default(), now, console)?;
    let (kept, prepared) = state::read(&args.state)?;
    if args.show_values && !kept.values {
        return Err(Failure::new(ErrorKind::InvalidArgument, "the state holds no raw values")
            .help("leave --show-values out, or give it to `bisik blind request` the next time"));
    }
    let prepared = Prepared::from_bytes(&prepared, &matcher).about(&args.state)?;
    let answer = read_whole(&args.answer, MAX_ANSWER)?;
    let report = matcher.finish(prepared, &[answer.as_slice()], now).about(&args.answer)?;
    let mut found = Found::new(kept.distinct);
    found.enter(0, report);
    let defaults = ParseOptions::default();
    let policy = match_::policy(&feeds)?;
    let printer =
        Printer::new(args.format, args.show_values, kept.inputs.len() > 1, kept.ids).with_verdicts(policy.is_some());
    let mut run = Run::new(&matcher, &defaults, now, args.show_values, printer, Refusals::new(None)?);
    run.policy = policy;
    for input in kept.inputs {
        run.add_refused(input.refused);
        let name = input.name.clone();
        let (items, asks) = input.items(kept.distinct).about(&args.state)?;
        run.show(&name, &items, &found.report(&asks), console)?;
    }
    let outcome = run.finish(None, started.elapsed().as_secs_f64(), console)?;
    // The hits are out: nothing can be learned from the state any more, and its blinds must not be used again.
    fs::remove_file(&args.state).about(&args.state)?;
    Ok(outcome)
}
