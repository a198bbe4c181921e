//! One program a run: which tests reach a function, and what they say of a fault in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Mutant;
use crate::Outcome;

/// Tests that take longer are not asked: they could not be asked often.
const SLOW: Duration = Duration::from_secs(10);
/// How much work goes into the first process; each further one takes twice as much. The nearest tests notice most faults.
const WORK: Duration = Duration::from_millis(100);
/// A test may take so many times what it takes without a fault, and this more.
const PATIENCE: u32 = 10;
const GRACE: Duration = Duration::from_secs(5);
/// Memory a test may have, in KiB: a fault that asks for all of it is noticed.
const MEMORY: &str = "6000000";

/// One test of one program.
pub(super) struct Test {
    program: PathBuf,
    pub(super) name: String,
    /// It looks at the library from inside.
    pub(super) unit: bool,
    took: Duration,
    /// The first faults of the functions that it reaches.
    reaches: BTreeSet<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Caught,
    Timeout,
    Missed,
}

/// The tests of a program with what they reach. Those that fail without a fault or are too slow are named and left out.
pub(super) fn tests(program: &Path, unit: bool, folder: &Path) -> Outcome<Vec<Test>> {
    let output =
        Command::new(program).args(["--list", "--format", "terse"]).output().map_err(|error| error.to_string())?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let seen = folder.join("seen");
    let mut tests = Vec::new();
    for name in listed.lines().filter_map(|line| line.strip_suffix(": test")) {
        _ = fs::remove_file(&seen);
        let begun = Instant::now();
        let mut command = asked(program, &[name]);
        command.env("BISIK_MUTANT", "record").env("BISIK_MUTANT_SEEN", &seen);
        let passed = within(&mut command, SLOW)?;
        if passed != Some(true) {
            println!("left out: {name}: {}", if passed.is_none() { "too slow" } else { "fails without a fault" });
            continue;
        }
        let took = begun.elapsed();
        let reaches =
            fs::read_to_string(&seen).unwrap_or_default().lines().filter_map(|line| line.parse().ok()).collect();
        tests.push(Test { program: program.to_owned(), name: name.to_owned(), unit, took, reaches });
    }
    Ok(tests)
}

/// The tests that reach a function, the nearest first: those beside it, then the quickest.
pub(super) fn nearest<'a>(tests: &'a [Test], mutant: &Mutant, first: u32) -> Vec<&'a Test> {
    let module =
        mutant.file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
    let beside = format!("{module}::");
    let mut reaching: Vec<&Test> = tests.iter().filter(|test| test.reaches.contains(&first)).collect();
    reaching.sort_by_key(|test| (!test.unit, !test.name.starts_with(&beside), test.took));
    reaching
}

/// What the tests say of a fault.
pub(super) fn judge(mutant: &Mutant, tests: &[&Test]) -> Outcome<Verdict> {
    let mut rest = tests;
    let mut limit = WORK;
    while let Some(next) = rest.first() {
        let mut work = Duration::ZERO;
        let together = rest.iter().take_while(|test| {
            let fits = test.program == next.program && work < limit;
            work += test.took;
            fits
        });
        let count = together.count().max(1);
        let (now, later) = rest.split_at(count);
        (rest, limit) = (later, limit.saturating_mul(2));
        let names: Vec<&str> = now.iter().map(|test| test.name.as_str()).collect();
        let mut command = asked(&next.program, &names);
        command.env("BISIK_MUTANT", mutant.number.to_string());
        let took: Duration = now.iter().map(|test| test.took).sum();
        match within(&mut command, took * PATIENCE + GRACE)? {
            Some(true) => {}
            Some(false) => return Ok(Verdict::Caught),
            None => return Ok(Verdict::Timeout),
        }
    }
    Ok(Verdict::Missed)
}

/// A program that runs these tests alone.
fn asked(program: &Path, names: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v $0; ulimit -c 0; exec \"$@\"", MEMORY]).arg(program);
    command.args(names).args(["--exact", "--quiet", "--test-threads", "1"]);
    // As `cargo test` runs it.
    command.current_dir(super::tree()).env("CARGO_MANIFEST_DIR", super::tree());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Whether it succeeds; `None` where it is not done in time.
fn within(command: &mut Command, limit: Duration) -> Outcome<Option<bool>> {
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(Some(status.success()));
        }
        if begun.elapsed() > limit {
            child.kill().map_err(|error| error.to_string())?;
            child.wait().map_err(|error| error.to_string())?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
