//! `cargo xtask test` and `cargo xtask ci`.

use std::path::Path;

use crate::process::{cargo, command, lines, run};
use crate::stages::{Count, Stages};
use crate::{
    Outcome, apt, c, constant_time, instructions, phones, pypackage, python, real, root, scale, target, vectors,
};

/// Entries of the scale run that belongs to the tests.
const SMALL_SCALE: u64 = 1_000_000;

/// All tests in every language.
pub(crate) fn test() -> Outcome {
    let mut stages = Stages::default();
    tests(&mut stages);
    stages.finish()
}

/// The Python package alone.
pub(crate) fn python_package() -> Outcome {
    let mut stages = Stages::default();
    pypackage::stages(&mut stages);
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
    let mut python = None;
    stages.stage("Python: environment", |count| {
        python = Some(python::environment()?);
        count.pass()
    });
    let named = python.as_ref().map(|python| python.to_string_lossy().into_owned());
    let variables: Vec<_> = named.iter().map(|python| ("BISIK_PYTHON", python.as_str())).collect();
    stages.stage("Rust: units, promises, examples in docs", |count| {
        cargo_test(count, &["--workspace", "--no-fail-fast"], &variables)
    });
    stages.stage("hot paths cost no more instructions", |count| {
        count.passed += instructions::check()?;
        Ok(())
    });
    stages.stage("no jump and no address depends on a secret", |count| {
        count.passed += constant_time::check()?;
        Ok(())
    });
    stages.stage("vectors are as generated", |count| {
        vectors::vectors(&["--check".to_owned()])?;
        count.pass()
    });
    stages.stage("C, C++ and Java: the C interface", |count| {
        apt::programs()?;
        count.passed += c::tests()?;
        Ok(())
    });
    if let Some(python) = &python {
        stages.stage("Rust and Python agree; age both ways", |count| {
            cargo_test(count, &["--package", "bisik", "--test", "agreement", "--", "--ignored"], &variables)
        });
        stages.stage("OpenAPI document of the blind server", |count| {
            run(&mut command(python, &["-m", "openapi_spec_validator", "docs/openapi.yaml"]))?;
            count.pass()
        });
        stages.stage("Python: reference reader's own tests", |count| script(count, python, "selftest.py", &[]));
        stages.stage("Python: filters from their specification", |count| script(count, python, "filters.py", &[]));
        stages.stage("Python: hostile files are as generated", |count| hostile(count, python));
        stages.stage("Python: sightings, both ways", |count| sightings(count, python));
        stages.stage("Python: phone table and form, by the library's metadata", |count| {
            phones::short(python)?;
            count.pass()
        });
        stages.stage("real names and addresses, judged independently", |count| {
            real::matches(python)?;
            count.pass()
        });
    }
    pypackage::stages(stages);
    stages.stage("scale: a million entries, sealed", |count| {
        // Room for a fifth of the entries.
        scale::entries(SMALL_SCALE, SMALL_SCALE * 17 / 5, true)?;
        count.pass()
    });
}

fn script(count: &mut Count, python: &Path, name: &str, arguments: &[&str]) -> Outcome {
    run(&mut python::script(python, &format!("tests/reference/{name}"), arguments))?;
    count.pass()
}

/// The generator gives the committed vectors again, and the reference reader judges them as they say.
fn hostile(count: &mut Count, python: &Path) -> Outcome {
    generated(python, "tests/hostile/generate.py", "hostile.json", &["--check"])?;
    count.pass()?;
    generated(python, "tests/hostile/texts.py", "hostile_texts.json", &[])?;
    count.pass()
}

/// Files of sightings are as their generator makes them, the reference implementation judges them so, and it reads what the library made.
fn sightings(count: &mut Count, python: &Path) -> Outcome {
    generated(python, "tests/hostile/sightings.py", "sightings.json", &["--check"])?;
    count.pass()
}

/// Runs a generator of hostile files, with its own check where it has one, and compares what it makes with what is kept.
fn generated(python: &Path, generator: &str, name: &str, check: &[&str]) -> Outcome {
    let made = target().join(name);
    run(python::script(python, generator, &["--pack", &made.to_string_lossy()]).args(check))?;
    let read = |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    if read(&made)? != read(&root().join("tests/vectors").join(name))? {
        return Err(format!("tests/vectors/{name} is not what {generator} makes"));
    }
    Ok(())
}

fn cargo_test(count: &mut Count, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
    let mut command = cargo(&["test"]);
    command.args(arguments).envs(variables.iter().copied());
    lines(&mut command, |line| count.read(line))
}
