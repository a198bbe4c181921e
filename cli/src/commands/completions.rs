//! `bisik completions`: scripts for shells.

use clap::CommandFactory as _;

use super::Outcome;
use crate::args::{Cli, Completions};
use crate::console::Console;
use crate::failure::{Failure, Result};

/// Prints the script.
pub(super) fn run(args: &Completions, console: &mut Console) -> Result<Outcome> {
    // The generator gives up on a broken pipe by panicking, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "bisik", &mut script);
    console.out.write_all(&script).map_err(|error| Failure::stream(&error))?;
    Ok(Outcome::Done)
}
