//! `bisik canon`: canonical forms, and how they come about.

use std::io::{self, BufRead};

use bisik::{ErrorKind, Identifier, Kind, ParseOptions, Step, Sureness};
use serde_json::{Value, json};

use super::{Outcome, parse_options};
use crate::args::Canon;
use crate::console::Console;
use crate::escape;
use crate::failure::{Failure, Result};

/// Prints the canonical form of every value, or what it may be, in order.
pub(super) fn run(args: &Canon, console: &mut Console) -> Result<Outcome> {
    let options = parse_options(args.region.as_deref(), args.bank.as_deref(), args.allow_unassigned);
    let (task, values) = task(args)?;
    for value in values {
        if value == "-" {
            for line in io::stdin().lock().split(b'\n') {
                let line = line.map_err(|error| Failure::new(ErrorKind::Io, error.to_string()))?;
                let line = line.strip_suffix(b"\r").unwrap_or(&line);
                match std::str::from_utf8(line) {
                    Ok(text) => show(task, args.json, text, &options, console)?,
                    Err(_) => refused(task, args.json, console)?,
                }
            }
        } else {
            show(task, args.json, value, &options, console)?;
        }
    }
    Ok(Outcome::Done)
}

/// What is asked of each value.
#[derive(Clone, Copy)]
enum Task {
    Canonical(Kind),
    Explain(Kind),
    Detect,
}

fn task(args: &Canon) -> Result<(Task, &[String])> {
    if args.detect {
        return Ok((Task::Detect, &args.words));
    }
    let missing = || Failure::usage("a kind and at least one value are needed", "see `bisik canon --help`");
    let (kind, values) = args.words.split_first().filter(|(_, values)| !values.is_empty()).ok_or_else(missing)?;
    // The word is not repeated: it may be a value whose kind was forgotten.
    let kind = kind.parse().map_err(|_| {
        Failure::usage("the first argument is no kind", "see `bisik canon --help` for the kinds, or give --detect")
    })?;
    Ok((if args.explain { Task::Explain(kind) } else { Task::Canonical(kind) }, values))
}

fn show(task: Task, as_json: bool, value: &str, options: &ParseOptions, console: &mut Console) -> Result<()> {
    match task {
        Task::Detect => guesses(&Identifier::detect(value, options), as_json, console),
        Task::Canonical(kind) => print(kind, as_json, Identifier::parse(kind, value, options), None, console),
        Task::Explain(kind) => {
            let (result, steps) = Identifier::explain(kind, value, options);
            print(kind, as_json, result, Some(&steps), console)
        }
    }
}

/// A line of standard input that is no text.
fn refused(task: Task, as_json: bool, console: &mut Console) -> Result<()> {
    match task {
        Task::Detect => guesses(&[], as_json, console),
        Task::Canonical(kind) | Task::Explain(kind) => {
            print(kind, as_json, Err(ErrorKind::InvalidUtf8.into()), None, console)
        }
    }
}

fn guesses(guesses: &[(Kind, Sureness)], as_json: bool, console: &mut Console) -> Result<()> {
    if as_json {
        let guesses: Vec<Value> = guesses
            .iter()
            .map(|(kind, sureness)| json!({ "kind": kind.name(), "sureness": sureness.name() }))
            .collect();
        return console.line(format_args!("{}", json!({ "guesses": guesses })));
    }
    let words: Vec<String> = guesses.iter().map(|(kind, sureness)| format!("{kind} ({})", sureness.name())).collect();
    console.line(format_args!("{}", if words.is_empty() { "nothing known".to_owned() } else { words.join(", ") }))
}

fn print(
    kind: Kind,
    as_json: bool,
    result: bisik::Result<Identifier>,
    steps: Option<&[Step]>,
    console: &mut Console,
) -> Result<()> {
    if as_json {
        return console.line(format_args!("{}", object(kind, &result, steps)));
    }
    let style = console.out_style;
    for step in steps.unwrap_or_default() {
        let after = escape::terminal(&step.after);
        console.line(format_args!("{dim}{}:{dim:#} {after}", step.rule, dim = style.dim))?;
    }
    let identifier = match result {
        Ok(identifier) => identifier,
        Err(error) => {
            let (paint, name, advice) = (style.error, error.kind().name(), error.advice());
            return console.line(format_args!("{paint}refused:{paint:#} {error} [{name}]; {advice}"));
        }
    };
    console.line(format_args!("{}", escape::terminal(identifier.canonical())))?;
    if steps.is_none() {
        return Ok(());
    }
    for linked in identifier.linked() {
        let canonical = escape::terminal(linked.canonical());
        console.line(format_args!("{dim}also {}:{dim:#} {canonical}", linked.kind(), dim = style.dim))?;
    }
    if let Some(name) = identifier.looks_like() {
        let (paint, name) = (style.error, escape::terminal(&name));
        console.line(format_args!("{paint}looks like:{paint:#} {name} (a warning; nothing is matched by it)"))?;
    }
    Ok(())
}

/// `kind`, and `canonical` or `error`; with --explain also `steps`, `linked` and `looks_like`.
fn object(kind: Kind, result: &bisik::Result<Identifier>, steps: Option<&[Step]>) -> Value {
    let mut object = match result {
        Ok(identifier) => json!({ "kind": identifier.kind().name(), "canonical": identifier.canonical() }),
        Err(error) => json!({
            "kind": kind.name(),
            "error": error.kind().name(),
            "code": error.kind().code(),
            "message": error.message(),
            "position": error.position(),
        }),
    };
    if let (Some(steps), Some(object)) = (steps, object.as_object_mut()) {
        let steps = steps.iter().map(|step| json!({ "rule": step.rule, "after": step.after })).collect();
        object.insert("steps".to_owned(), steps);
        if let Ok(identifier) = result {
            let linked = identifier.linked();
            let linked = linked.iter().map(|link| json!({ "kind": link.kind().name(), "canonical": link.canonical() }));
            object.insert("linked".to_owned(), linked.collect());
            object.insert("looks_like".to_owned(), json!(identifier.looks_like()));
        }
    }
    object
}
