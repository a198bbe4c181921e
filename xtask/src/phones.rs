//! `cargo xtask phones`: the short ways of the phone form beside the library, at length.

use crate::process::{cargo, lines};
use crate::{Outcome, number, stages::Count};

/// Runs the tests that compare, with so many completions of each block of the table.
pub(crate) fn phones(arguments: &[String]) -> Outcome {
    let (rounds, rest) = number(arguments, "--rounds", 21)?;
    if !rest.is_empty() {
        return Err(format!("phones: what is {}?", rest.join(" ")));
    }
    let mut command = cargo(&["test", "--package", "bisik", "--lib", "identifier::phone", "--", "--show-output"]);
    let mut count = Count::default();
    lines(command.env("BISIK_PHONE_ROUNDS", rounds.to_string()), |line| count.read(line))?;
    if count.passed == 0 { Err("no test ran".to_owned()) } else { Ok(()) }
}
