//! `cargo xtask crash`: the tests of `cli/tests/crash.rs`, with many more kills.

use crate::process::{cargo, run};
use crate::{Outcome, number};

/// Kills each command so many times.
pub(crate) fn crash(arguments: &[String]) -> Outcome {
    let (times, rest) = number(arguments, "--times", 200)?;
    if !rest.is_empty() {
        return Err(format!("crash: what is {}?", rest.join(" ")));
    }
    let mut command =
        cargo(&["test", "--package", "bisik-cli", "--test", "crash", "--", "--nocapture", "--test-threads=1"]);
    run(command.env("BISIK_CRASHES", times.to_string()))
}
