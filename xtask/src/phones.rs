//! `cargo xtask phones`: the table of phone numbers and the other short ways of that form beside the library, at length.

use std::path::Path;

use crate::process::{cargo, lines, run};
use crate::{Outcome, number, python, stages::Count};

/// Finds the table anew in the metadata, compares so many numbers of each of its blocks with the library, then the whole form
/// with the library as ported to Python.
pub(crate) fn phones(arguments: &[String]) -> Outcome {
    let (rounds, rest) = number(arguments, "--rounds", 21)?;
    if !rest.is_empty() {
        return Err(format!("phones: what is {}?", rest.join(" ")));
    }
    let interpreter = python::environment()?;
    run(&mut python::script(&interpreter, "tests/differential/phone_plan.py", &[]))?;
    let mut command = cargo(&["test", "--package", "bisik", "--lib", "identifier::phone", "--", "--show-output"]);
    let mut count = Count::default();
    lines(command.env("BISIK_PHONE_ROUNDS", rounds.to_string()), |line| count.read(line))?;
    if count.passed == 0 {
        return Err("no test ran".to_owned());
    }
    run(&mut python::script(&interpreter, "tests/differential/phones.py", &[]))
}

/// The same without the blocks, and with fewer generated numbers: what belongs to the tests.
pub(crate) fn short(interpreter: &Path) -> Outcome {
    run(&mut python::script(interpreter, "tests/differential/phone_plan.py", &[]))?;
    run(&mut python::script(interpreter, "tests/differential/phones.py", &["--count", "20000"]))
}
