//! `bisik`: publish, inspect, verify and match protected scam-indicator feeds.
//!
//! Files, the clock, the terminal and exit codes live here; everything else is the library's.

mod args;
mod budget;
mod clients;
mod commands;
mod console;
mod escape;
mod failure;
mod feeds;
mod files;
mod input;
mod memory;
mod oprf;
mod output;
mod pem;
mod progress;
mod remote;
mod report;
mod review;
mod scratch;
mod serve;
mod units;
mod web;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::Cli;
use crate::commands::Outcome;
use crate::console::Console;
use crate::failure::Failure;

fn main() -> ExitCode {
    let mut console = Console::standard();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    ExitCode::from(enter(&arguments, &mut console))
}

/// Runs one command line; the exit code. The demo comes in here too.
fn enter(arguments: &[OsString], console: &mut Console) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(error, arguments, console),
    };
    if cli.now.is_some() {
        console.set_now(cli.now);
    }
    let json = cli.command.json();
    match commands::run(cli.command, console).and_then(|outcome| console.finish().map(|()| outcome)) {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::NoHit) => 1,
        Ok(Outcome::Failed) => 2,
        Err(failure) => {
            failure.print(console, json);
            2
        }
    }
}

/// Prints help, the version or what is wrong with the arguments.
fn refuse(mut error: clap::Error, arguments: &[OsString], console: &mut Console) -> u8 {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        _ = error.print();
        return 0;
    }
    hide_values(&mut error);
    _ = error.print();
    if arguments.iter().any(|argument| argument == "--json") {
        let failure = Failure::usage("the arguments do not fit the command", "see --help");
        failure.print_json(console);
    }
    2
}

/// What stands where no option or command stands may be an identifier, and standard error may be a log.
fn hide_values(error: &mut clap::Error) {
    let (context, shown) = match error.kind() {
        ErrorKind::UnknownArgument => (ContextKind::InvalidArg, "a value"),
        ErrorKind::InvalidSubcommand => (ContextKind::InvalidSubcommand, "(not shown)"),
        ErrorKind::InvalidValue if said(error, ContextKind::InvalidArg).contains("<KIND>") => {
            (ContextKind::InvalidValue, "(not shown)")
        }
        _ => return,
    };
    let word = said(error, context).trim_start_matches("--");
    if word.is_empty() || !word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
        error.insert(context, ContextValue::String(shown.to_owned()));
        error.remove(ContextKind::Suggested);
    }
}

fn said(error: &clap::Error, context: ContextKind) -> &str {
    match error.get(context) {
        Some(ContextValue::String(text)) => text,
        _ => "",
    }
}
