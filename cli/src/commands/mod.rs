//! One file a command.

mod apply;
mod blind;
mod canon;
mod check;
mod client;
mod compare;
mod completions;
mod demo;
mod index;
mod inspect;
mod keygen;
mod log;
mod man;
mod match_;
mod prepare;
mod publish;
mod pull;
mod retractions;
mod rotate;
mod serve;
mod sight;
mod sightings;
mod status;
mod trust;
mod verify;
mod withdraw;

use bisik::ParseOptions;

use crate::args::Command;
use crate::console::Console;
use crate::failure::Result;
use crate::input::bank_code;

/// How a command ended that did not fail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Done,
    /// Nothing matched; exit code 1.
    NoHit,
    /// Nothing was achieved, and everything was said; exit code 2.
    Failed,
}

/// Runs a command.
pub(crate) fn run(command: Command, console: &mut Console) -> Result<Outcome> {
    match command {
        Command::Keygen(args) => keygen::run(&args, console),
        Command::Publish(args) => publish::run(&args, console),
        Command::Pull(args) => pull::run(&args, console),
        Command::Status(args) => status::run(&args, console),
        Command::Prepare(args) => prepare::run(&args, console),
        Command::Index(args) => index::run(&args, console),
        Command::Log(args) => log::run(&args.action, console),
        Command::Apply(args) => apply::run(&args, console),
        Command::Withdraw(args) => withdraw::run(&args, console),
        Command::Retractions(args) => retractions::run(&args, console),
        Command::Sight(args) => sight::run(&args, console),
        Command::Sightings(args) => sightings::run(&args, console),
        Command::Inspect(args) => inspect::run(&args, console),
        Command::Verify(args) => verify::run(&args, console),
        Command::Match(args) => match_::run(&args, console),
        Command::Check(args) => check::run(&args, console),
        Command::Compare(args) => compare::run(&args, console),
        Command::Trust(args) => trust::run(&args, console),
        Command::Rotate(args) => rotate::rotate(&args, console),
        Command::Revoke(args) => rotate::revoke(&args, console),
        Command::Canon(args) => canon::run(&args, console),
        Command::Serve(args) => serve::run(&args, console),
        Command::Client(args) => client::run(&args, console),
        Command::Blind(args) => blind::run(&args.action, console),
        Command::Demo(args) => demo::run(&args, console),
        Command::Completions(args) => completions::run(&args, console),
        Command::Man(args) => man::run(&args, console),
    }
}

/// What parsing is told on the command line.
fn parse_options(region: Option<&str>, bank: Option<&str>, allow_unassigned: bool) -> ParseOptions {
    let mut options = ParseOptions::default();
    options.region = region.map(|region| region.trim().to_ascii_uppercase());
    options.bank = bank.map(bank_code);
    options.allow_unassigned = allow_unassigned;
    options
}
