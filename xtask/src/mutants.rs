//! `cargo xtask mutants`: the library with one fault planted at a time; a test must notice each. `.cargo/mutants.toml` names the files.

use crate::Outcome;
use crate::process::{command, run};
use crate::tools::tool;

/// Runs cargo-mutants; arguments are its own: `--file src/feed.rs`, `--shard 1/40`, `--list`.
pub(crate) fn mutants(arguments: &[String]) -> Outcome {
    let program = tool("cargo-mutants", "cargo-mutants")?;
    let mut command = command(program, &["mutants", "--package", "bisik", "--no-shuffle", "--output"]);
    command.arg(crate::target().join("mutants")).args(arguments);
    // What a mutant's build would write beside is never used again.
    command.env("CARGO_INCREMENTAL", "0");
    // Units and promises; what needs minutes or other languages is left out.
    if !arguments.iter().any(|argument| argument == "--list") {
        command.args(["--", "--lib", "--tests"]);
    }
    run(&mut command)
}
