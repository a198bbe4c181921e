//! `cargo xtask test` and `cargo xtask ci`.

use crate::process::{cargo, lines, run};
use crate::stages::{Count, Stages};
use crate::{Outcome, python, scale};

/// Entries of the scale run that belongs to the tests.
const SMALL_SCALE: u64 = 1_000_000;

/// All tests in every language.
pub(crate) fn test() -> Outcome {
    let mut stages = Stages::default();
    tests(&mut stages);
    stages.finish()
}

/// Formatting, lints and all tests.
pub(crate) fn ci() -> Outcome {
    let mut stages = Stages::default();
    stages.stage("formatting", |count| {
        run(&mut cargo(&["fmt", "--all", "--check"]))?;
        count.pass()
    });
    stages.stage("lints, warnings denied", |count| {
        run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
        count.pass()
    });
    tests(&mut stages);
    stages.finish()
}

fn tests(stages: &mut Stages) {
    stages.stage("Rust: units, promises, examples in docs", |count| {
        cargo_test(count, &["--workspace", "--no-fail-fast"], &[])
    });
    let mut python = None;
    stages.stage("Python: environment", |count| {
        python = Some(python::environment()?);
        count.pass()
    });
    if let Some(python) = &python {
        let script = |path, arguments: &[&str]| python::script(python, path, arguments);
        stages.stage("Python: reference reader's own tests", |count| {
            run(&mut script("tests/reference/selftest.py", &[]))?;
            count.pass()
        });
        stages.stage("Python: filters from their specification", |count| {
            run(&mut script("tests/reference/filters.py", &[]))?;
            count.pass()
        });
        stages.stage("Rust and Python agree; age both ways", |count| {
            let at = python.to_string_lossy();
            cargo_test(
                count,
                &["--package", "bisik", "--test", "agreement", "--", "--ignored"],
                &[("BISIK_PYTHON", &at)],
            )
        });
    }
    stages.stage("scale: a million entries, sealed", |count| {
        scale::entries(SMALL_SCALE)?;
        count.pass()
    });
}

fn cargo_test(count: &mut Count, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
    let mut command = cargo(&["test"]);
    command.args(arguments).envs(variables.iter().copied());
    lines(&mut command, |line| count.read(line))
}
