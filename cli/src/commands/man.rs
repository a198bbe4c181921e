//! `bisik man`: the manual pages.

use std::fs;

use clap::CommandFactory as _;

use super::Outcome;
use crate::args::{Cli, Man};
use crate::console::Console;
use crate::failure::{About, Result};

/// Writes one page for the program and one for each command.
pub(super) fn run(args: &Man, console: &mut Console) -> Result<Outcome> {
    fs::create_dir_all(&args.dir).about(&args.dir)?;
    clap_mangen::generate_to(Cli::command(), &args.dir).about(&args.dir)?;
    let good = console.style.good;
    console.note(format_args!("{good}written{good:#} manual pages to {}", args.dir.display()));
    Ok(Outcome::Done)
}
