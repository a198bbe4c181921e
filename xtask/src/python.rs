//! The Python that the reference implementation and the interoperation tests run in.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{command, run};
use crate::{Outcome, root, target};

const REQUIREMENTS: &str = "tests/requirements.txt";

/// The interpreter of a virtual environment under the target folder that holds what `tests/requirements.txt` names. It is made
/// anew when that changes.
pub(crate) fn environment() -> Outcome<PathBuf> {
    let folder = target().join("venv");
    let python = folder.join("bin").join("python");
    let stamp = folder.join("requirements.installed");
    let wanted = requirements()?;
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && python.exists() {
        return Ok(python);
    }
    let base = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    println!("making {} with {base} and installing {REQUIREMENTS} with pip", folder.display());
    run(command(&base, &["-m", "venv", "--clear"]).arg(&folder))
        .map_err(|why| format!("Python 3.11 is needed: {why}"))?;
    run(&mut command(
        &python,
        &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS],
    ))?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

/// A script of the tree in that environment.
pub(crate) fn script(python: &Path, path: &str, arguments: &[&str]) -> Command {
    let mut command = command(python, &["-B", path]);
    command.args(arguments);
    command
}

/// The requirement files' text, those that they include as well.
fn requirements() -> Outcome<String> {
    let mut text = String::new();
    for file in [REQUIREMENTS, "tests/reference/requirements.txt"] {
        let path = root().join(file);
        text += &std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(text)
}
