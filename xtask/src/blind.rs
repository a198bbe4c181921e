//! `cargo xtask blind`: the program's server in release, under the load of `cli/examples/blind_load`.

use std::process::Command;

use crate::process::{cargo, run};
use crate::{Outcome, number, target};

/// Hostile connections.
const HOSTILE: u64 = 10_000;
/// Seconds of load for each batch size.
const SECONDS: u64 = 20;

/// Every phase in turn; each one fails if an answer is wrong.
pub(crate) fn blind(arguments: &[String]) -> Outcome {
    let (entries, rest) = number(arguments, "--entries", 1_000_000)?;
    let (requests, rest) = number(&rest, "--requests", 1_000_000)?;
    if !rest.is_empty() {
        return Err(format!("blind: what is {}?", rest.join(" ")));
    }
    run(&mut cargo(&["build", "--release", "--package", "bisik-cli", "--bin", "bisik", "--example", "blind_load"]))?;
    let release = target().join("release");
    for (phase, count) in [("rates", SECONDS), ("hostile", HOSTILE), ("million", entries), ("soak", requests)] {
        println!("\n== {phase} {count}");
        let mut command = Command::new(release.join("examples").join("blind_load"));
        command.arg(phase).arg(release.join("bisik")).arg(target().join("blind")).arg(count.to_string());
        run(&mut command)?;
    }
    Ok(())
}
