//! Blind queries: over the network for `match` and `check`, and as three files for `bisik blind`.

mod answer;
mod finish;
mod online;
mod request;
mod rows;
mod state;

use super::Outcome;
use crate::args::BlindAction;
use crate::console::Console;
use crate::failure::Result;
pub(super) use online::Desk;
pub(super) use rows::All;

/// Makes, answers or finishes a request.
pub(super) fn run(action: &BlindAction, console: &mut Console) -> Result<Outcome> {
    match action {
        BlindAction::Request(args) => request::run(args, console),
        BlindAction::Answer(args) => answer::run(args, console),
        BlindAction::Finish(args) => finish::run(args, console),
    }
}
