//! The C interface: its header, its installation, its tests.

mod header;
mod install;
mod suite;
mod vectors;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use header::header;
pub(crate) use install::install;
pub(crate) use suite::tests;

/// What the commands return.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The version of the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The folder that cargo builds into.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Builds the library; gives the folder in which it lies.
fn build(release: bool) -> Result<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(["build", "-q", "-p", "bisik-capi", "--lib"]);
    if release {
        command.arg("--release");
    }
    run(&mut command)?;
    Ok(target().join(if release { "release" } else { "debug" }))
}

/// Runs a command that must succeed.
fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let status = command.status().map_err(|error| format!("{shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown}: {status}").into()) }
}

/// Runs a command that must succeed, and gives what it prints.
fn output(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{shown}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
