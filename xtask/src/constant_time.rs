//! `cargo xtask constant-time`: no jump and no address depends on a secret, as memcheck follows them through the optimised library.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::process::{cargo, command, lines};
use crate::stages::Count;
use crate::{Outcome, apt};

/// The tests in src/constant_time.rs.
const FILTER: &str = "constant_time::";
/// Lines of the library's own code in what valgrind says.
const DEBUG: &str = "profile.release.package.bisik.debug='line-tables-only'";

pub(crate) fn chore() -> Outcome {
    let tests = check()?;
    println!("{tests} tests: nothing depends on a secret, and the planted leaks were caught");
    Ok(())
}

/// Builds the library's tests in release, and runs those of constant time under valgrind; how many there are.
pub(crate) fn check() -> Outcome<u64> {
    apt::programs()?;
    let program = built()?;
    let mut count = Count::default();
    let mut ran = BTreeSet::new();
    let mut valgrind = command("valgrind", &["-q", "--error-limit=no", "--num-callers=20"]);
    valgrind.arg(program).args([FILTER, "--ignored", "--test-threads=1"]);
    lines(&mut valgrind, |line| {
        count.read(line);
        ran.extend(line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... ok")).map(str::to_owned));
    })?;
    if !ran.iter().any(|name| name.ends_with("planted_leaks_are_caught")) || count.passed != ran.len() as u64 {
        return Err("the test that plants leaks did not run".to_owned());
    }
    Ok(count.passed)
}

/// The program that holds the library's tests.
fn built() -> Outcome<PathBuf> {
    let mut build = cargo(&["test", "--release", "--package", "bisik", "--lib", "--no-run", "--config", DEBUG]);
    build.arg("--message-format=json-render-diagnostics");
    let output = build.stderr(std::process::Stdio::inherit()).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut messages = text.lines().rev().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let program = messages.find_map(|message| message["executable"].as_str().map(PathBuf::from));
    program.filter(|_| output.status.success()).ok_or_else(|| "the library's tests were not built".to_owned())
}
