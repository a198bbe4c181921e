//! `cargo xtask repro`: the library, the program, the C interface and the wheel, built in two folders, have the same bytes.
//!
//! ```text
//! rustflags           --remap-path-prefix for the sources, the target folder and cargo's home, beside those of .cargo/config.toml
//! SOURCE_DATE_EPOCH   the time of the last commit
//! ```
//!
//! A stranger who wants the bytes of a release sets both and builds with `--locked --release` and the same compiler. The flags go into
//! a `.cargo/config.toml` above the tree: the environment's would replace those of the tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{command, run};
use crate::{Outcome, pypackage, root};

/// What is compared, by its place below the target folder.
const MADE: [&str; 5] =
    ["release/libbisik.rlib", "release/bisik", "release/libbisik_capi.so", "release/libbisik_capi.a", "wheels"];

/// Builds twice, and compares.
pub(crate) fn repro() -> Outcome {
    // Not below this tree, whose .cargo/config.toml would be read a second time.
    let base = std::env::temp_dir().join(format!("bisik-repro-{}", std::process::id()));
    remove(&base)?;
    let time = head_time()?;
    let python = pypackage::environment()?;
    // Names of different lengths: a length must not leak either.
    let folders = [base.join("a").join("tree"), base.join("another-place").join("of-the-same-tree")];
    let mut built = Vec::new();
    for folder in &folders {
        copy_tree(folder)?;
        configure(folder)?;
        built.push(build(folder, &time, &python)?);
        // Two of them would be some gigabytes.
        remove(folder)?;
    }
    let [first, second] = &built[..] else { return Err("there are two folders".to_owned()) };
    let mut differ = Vec::new();
    for ((name, one), (_, other)) in first.iter().zip(second) {
        let same = one == other;
        println!(
            "{:<10}{:>12} bytes  {}  {name}",
            if same { "same" } else { "DIFFERENT" },
            one.len(),
            blake3::hash(one)
        );
        if !same {
            differ.push(name.as_str());
            fs::create_dir_all(&base).map_err(|error| error.to_string())?;
            for (number, bytes) in [one, other].into_iter().enumerate() {
                let path = base.join(format!("{number}-{name}"));
                fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
            }
        }
    }
    if differ.is_empty() && first.len() == second.len() {
        return remove(&base);
    }
    Err(format!("not reproducible: {}; both are in {}", differ.join(", "), base.display()))
}

/// The files that git knows of, as they stand.
pub(crate) fn tracked() -> Outcome<Vec<String>> {
    let output = command("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).output();
    let output = output.map_err(|error| format!("git: {error}"))?;
    let names = String::from_utf8_lossy(&output.stdout);
    let names = names.split('\0').filter(|name| !name.is_empty() && root().join(name).is_file());
    Ok(names.map(str::to_owned).collect())
}

/// Copies what git knows of, as it stands.
fn copy_tree(folder: &Path) -> Outcome {
    for name in tracked()? {
        let (from, to) = (root().join(&name), folder.join(&name));
        let parent = to.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        fs::copy(&from, &to).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(())
}

/// Everything that ships, by name.
fn build(folder: &Path, time: &str, python: &Path) -> Outcome<Vec<(String, Vec<u8>)>> {
    let into = folder.join("target");
    let set = |command: &mut Command| {
        command.current_dir(folder).env("CARGO_TARGET_DIR", &into).env("CARGO_INCREMENTAL", "0");
        command.env("SOURCE_DATE_EPOCH", time).env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    };
    let packages = ["-p", "bisik", "-p", "bisik-cli", "-p", "bisik-capi"];
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--locked"]).args(packages);
    set(&mut cargo);
    run(&mut cargo)?;
    let mut wheel = Command::new(python);
    wheel.args(["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir"]);
    wheel.arg(into.join("wheels")).arg(folder.join("bindings/python"));
    set(&mut wheel);
    run(&mut wheel)?;
    let mut made = Vec::new();
    for place in MADE {
        let path = into.join(place);
        let files = if path.is_dir() { entries(&path)? } else { vec![path] };
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            made.push((name, fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?));
        }
    }
    Ok(made)
}

/// One name for every folder that differs between machines.
fn configure(folder: &Path) -> Outcome {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"))).unwrap_or_default();
    // Later ones win.
    let names = [(home, "/cargo"), (folder.to_path_buf(), "/bisik"), (folder.join("target"), "/target")];
    let flags = names.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let above = folder.parent().unwrap_or(folder).join(".cargo");
    let text = format!("[target.'cfg(all())']\nrustflags = {flags:?}\n");
    let fault = |error: std::io::Error| format!("{}: {error}", above.display());
    fs::create_dir_all(&above).map_err(fault)?;
    fs::write(above.join("config.toml"), text).map_err(fault)
}

fn entries(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort_unstable();
    Ok(paths)
}

/// When the last commit was made, in seconds.
fn head_time() -> Outcome<String> {
    let output = command("git", &["log", "-1", "--format=%ct"]).output().map_err(|error| format!("git: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn remove(folder: &Path) -> Outcome {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {error}", folder.display())),
        _ => Ok(()),
    }
}
