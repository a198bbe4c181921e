//! `bisik serve`: the publisher's side of blind queries.

use super::Outcome;
use crate::args::Serve;
use crate::console::Console;
use crate::failure::Result;

/// Serves until it is told to stop.
pub(super) fn run(args: &Serve, console: &mut Console) -> Result<Outcome> {
    crate::serve::run(args, console.fixed_time()?, console)?;
    Ok(Outcome::Done)
}
