//! `bisik canon`: canonical forms, and how they come about.

use std::io::{self, BufRead};

use bisik::{ErrorKind, Identifier, ParseOptions, Step};
use serde_json::{Value, json};

use super::{Outcome, parse_options};
use crate::args::Canon;
use crate::console::Console;
use crate::escape;
use crate::failure::{Failure, Result};

/// Prints the canonical form of every value, in order.
pub(super) fn run(args: &Canon, console: &mut Console) -> Result<Outcome> {
    let options = parse_options(args.region.as_deref(), args.bank.as_deref(), args.allow_unassigned);
    for value in &args.values {
        if value == "-" {
            for line in io::stdin().lock().split(b'\n') {
                let line = line.map_err(|error| Failure::new(ErrorKind::Io, error.to_string()))?;
                let line = line.strip_suffix(b"\r").unwrap_or(&line);
                match std::str::from_utf8(line) {
                    Ok(text) => show(args, text, &options, console)?,
                    Err(_) => print(args, Err(ErrorKind::InvalidUtf8.into()), &[], console)?,
                }
            }
        } else {
            show(args, value, &options, console)?;
        }
    }
    Ok(Outcome::Done)
}

fn show(args: &Canon, value: &str, options: &ParseOptions, console: &mut Console) -> Result<()> {
    if args.explain {
        let (result, steps) = Identifier::explain(args.kind, value, options);
        print(args, result, &steps, console)
    } else {
        print(args, Identifier::parse(args.kind, value, options), &[], console)
    }
}

fn print(args: &Canon, result: bisik::Result<Identifier>, steps: &[Step], console: &mut Console) -> Result<()> {
    if args.json {
        return console.line(format_args!("{}", object(args, &result, steps)));
    }
    let style = console.out_style;
    for step in steps {
        let after = escape::terminal(&step.after);
        console.line(format_args!("{dim}{}:{dim:#} {after}", step.rule, dim = style.dim))?;
    }
    match result {
        Ok(identifier) => console.line(format_args!("{}", escape::terminal(identifier.canonical()))),
        Err(error) => {
            let paint = style.error;
            console.line(format_args!("{paint}refused:{paint:#} {error} [{}]; {}", error.kind().name(), error.advice()))
        }
    }
}

/// `kind`, and `canonical` or `error`; with --explain also `steps`.
fn object(args: &Canon, result: &bisik::Result<Identifier>, steps: &[Step]) -> Value {
    let mut object = match result {
        Ok(identifier) => json!({ "kind": identifier.kind().name(), "canonical": identifier.canonical() }),
        Err(error) => json!({
            "kind": args.kind.name(),
            "error": error.kind().name(),
            "code": error.kind().code(),
            "message": error.message(),
            "position": error.position(),
        }),
    };
    if args.explain
        && let Some(object) = object.as_object_mut()
    {
        let steps = steps.iter().map(|step| json!({ "rule": step.rule, "after": step.after })).collect();
        object.insert("steps".to_owned(), steps);
    }
    object
}
