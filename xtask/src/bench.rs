//! `cargo xtask bench`.

use crate::Outcome;
use crate::process::{cargo, run};

/// Runs the benches whose names hold the arguments.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    let mut command = cargo(&["bench", "--package", "bisik", "--benches", "--"]);
    run(command.args(arguments))
}
