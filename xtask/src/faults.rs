//! `cargo xtask faults`: every call to the system that a command makes fails once, in every way (`docs/reliability.md`).

use crate::Outcome;
use crate::process::{cargo, run};

pub(crate) fn faults(rest: &[String]) -> Outcome {
    let mut command = cargo(&["test", "--package", "bisik-cli", "--test", "faults", "--", "--nocapture"]);
    run(command.args(rest).env("BISIK_FAULTS", "all"))
}
