//! The Python package: built with pip alone, installed into an environment of its own, tested there.

use std::path::{Path, PathBuf};

use crate::process::{command, run};
use crate::stages::Stages;
use crate::{Outcome, root, target};

const HOME: &str = "bindings/python";
/// The largest wheel.
const MAX_WHEEL: u64 = 4_000_000;

/// The stages of `cargo xtask test` that belong to the package.
pub(crate) fn stages(stages: &mut Stages) {
    let mut python = None;
    stages.stage("Python package: pip install ./bindings/python", |count| {
        let environment = environment()?;
        install(&environment)?;
        python = Some(environment);
        count.pass()
    });
    let Some(python) = python else { return };
    stages.stage("Python package: behaviour, vectors, examples, notebook", |count| {
        pytest(&python)?;
        count.pass()
    });
    stages.stage("Python package: types and stub", |count| {
        types(&python)?;
        count.pass()
    });
}

/// The interpreter of an environment under the target folder with what the package's tests need.
pub(crate) fn environment() -> Outcome<PathBuf> {
    let folder = target().join("venv-python");
    let python = folder.join("bin").join("python");
    let stamp = folder.join("requirements.installed");
    let file = root().join(HOME).join("requirements-test.txt");
    let wanted = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && python.exists() {
        return Ok(python);
    }
    let base = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    run(command(&base, &["-m", "venv", "--clear"]).arg(&folder))?;
    run(pip(&python, &["install", "-r"]).arg(&file))?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

/// Builds the wheel as `pip install ./bindings/python` does, looks at its size, and installs it.
pub(crate) fn install(python: &Path) -> Outcome {
    let folder = target().join("wheels-python");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    run(pip(python, &["wheel", "--no-deps", "--wheel-dir"])
        .arg(&folder)
        .arg(root().join(HOME))
        .env("CARGO_TARGET_DIR", target()))?;
    let wheels = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
    let wheel =
        wheels.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "whl"));
    let wheel = wheel.ok_or("pip made no wheel")?;
    let size = std::fs::metadata(&wheel).map_err(|error| error.to_string())?.len();
    println!("{}: {size} bytes", wheel.display());
    if size > MAX_WHEEL {
        return Err(format!("the wheel has {size} bytes, more than {MAX_WHEEL}"));
    }
    run(pip(python, &["install", "--no-deps", "--force-reinstall"]).arg(&wheel))
}

/// The package's tests.
pub(crate) fn pytest(python: &Path) -> Outcome {
    run(command(python, &["-B", "-m", "pytest", "--quiet"]).current_dir(root().join(HOME)))
}

/// `mypy --strict` over the package and its tests, and the stub against the native module.
pub(crate) fn types(python: &Path) -> Outcome {
    let cache = target().join("mypy-python");
    let home = root().join(HOME);
    run(command(python, &["-B", "-m", "mypy", "--strict", "--cache-dir"]).arg(&cache).current_dir(&home))?;
    // Away from the sources, so that the installed package is what is looked at.
    run(command(python, &["-B", "-m", "mypy.stubtest", "bisik"]).current_dir(target()))
}

fn pip(python: &Path, arguments: &[&str]) -> std::process::Command {
    let mut command = command(python, &["-m", "pip"]);
    // The options of every call go before its own, the last of which may want a value.
    let (action, rest) = arguments.split_at(1.min(arguments.len()));
    command.args(action).args(["--quiet", "--disable-pip-version-check"]).args(rest);
    command
}
