//! `cargo xtask attack`: the attack on a blind feed by a member that asks nothing, with a million planted numbers.

use crate::process::{cargo, run};
use crate::{Outcome, number};

pub(crate) fn attack(arguments: &[String]) -> Outcome {
    let (planted, rest) = number(arguments, "--planted", 1_000_000)?;
    if !rest.is_empty() {
        return Err(format!("attack: what is {}?", rest.join(" ")));
    }
    let mut command =
        cargo(&["test", "--release", "--package", "bisik", "--test", "blind_attack", "--", "--nocapture"]);
    run(command.env("BISIK_PLANTED", planted.to_string()))
}
