//! The C interface: its header, its installation, its tests.

mod header;
mod install;
mod suite;
mod vectors;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{cargo, run};
use crate::{Outcome, target};

/// The version of the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `cargo xtask header`, `install` and `c-tests`.
pub(crate) fn chore(command: &str, arguments: &[String]) -> Outcome {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (command, arguments.as_slice()) {
        ("header", []) => header::header(false),
        ("header", ["--check"]) => header::header(true),
        ("install", ["--prefix", prefix]) => install::install(Path::new(prefix)),
        ("c-tests", options) if options.iter().all(|option| ["--release", "--plain"].contains(option)) => {
            suite::tests(options.contains(&"--release"), options.contains(&"--plain")).map(drop)
        }
        _ => Err(format!("{command} does not take these arguments; see `cargo xtask help`")),
    }
}

/// All tests in C, C++ and Java; how many there were.
pub(crate) fn tests() -> Outcome<u64> {
    suite::tests(false, false)
}

/// The tests in C and C++ with a library that the address sanitizer watches, and that sanitizer's own library; how many there were.
pub(crate) fn watched(library: &Path, sanitizer: &Path) -> Outcome<u64> {
    suite::watched(library, sanitizer)
}

/// Builds the library; gives the folder in which it lies.
fn build(release: bool) -> Outcome<PathBuf> {
    let mut command = cargo(&["build", "--quiet", "--package", "bisik-capi", "--lib"]);
    if release {
        command.arg("--release");
    }
    run(&mut command)?;
    Ok(target().join(if release { "release" } else { "debug" }))
}

/// Runs a command that must succeed, and gives what it prints.
fn output(command: &mut Command) -> Outcome<String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{shown}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Says which file an operation failed on.
fn at<T>(path: &Path, result: std::io::Result<T>) -> Outcome<T> {
    result.map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads a text file.
fn read(path: &Path) -> Outcome<String> {
    at(path, std::fs::read_to_string(path))
}

/// Writes a file.
fn write(path: &Path, content: impl AsRef<[u8]>) -> Outcome {
    at(path, std::fs::write(path, content))
}

/// Makes a folder with those above it.
fn folder(path: &Path) -> Outcome {
    at(path, std::fs::create_dir_all(path))
}

/// Copies a file.
fn copy(from: &Path, to: &Path) -> Outcome {
    at(from, std::fs::copy(from, to)).map(drop)
}
