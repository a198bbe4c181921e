//! Programs from crates.io that a chore needs, built once under the target folder.

use std::path::PathBuf;

use crate::process::{command, run};
use crate::{Outcome, target};

/// The path of a program of a crate: one that is installed, or one built into `target/tools`.
pub(crate) fn tool(program: &str, of: &str) -> Outcome<PathBuf> {
    let there = |path: &PathBuf| command(path, &["--version"]).output().is_ok_and(|output| output.status.success());
    let folder = target().join("tools");
    let built = folder.join("bin").join(program);
    if let Some(path) = [PathBuf::from(program), built.clone()].into_iter().find(there) {
        return Ok(path);
    }
    println!("{program} is missing: running `cargo install --locked --root target/tools {of}`");
    run(command("cargo", &["install", "--locked", of, "--root"]).arg(&folder))?;
    Ok(built)
}
