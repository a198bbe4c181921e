//! Programs from crates.io that a chore needs, built once under the target folder.

use std::path::PathBuf;

use crate::process::{command, run};
use crate::{Outcome, target};

/// The path of a program of a crate: one that is installed, or one built into `target/tools`.
pub(crate) fn tool(program: &str, of: &str) -> Outcome<PathBuf> {
    // A subcommand of cargo may want its own name first.
    let name = program.strip_prefix("cargo-").unwrap_or(program);
    let answers =
        |path: &PathBuf, words: &[&str]| command(path, words).output().is_ok_and(|output| output.status.success());
    let there = |path: &PathBuf| answers(path, &["--version"]) || answers(path, &[name, "--version"]);
    let folder = target().join("tools");
    let built = folder.join("bin").join(program);
    if let Some(path) = [PathBuf::from(program), built.clone()].into_iter().find(there) {
        return Ok(path);
    }
    println!("{program} is missing: running `cargo install --locked --root target/tools {of}`");
    run(command("cargo", &["install", "--locked", of, "--root"]).arg(&folder))?;
    Ok(built)
}
