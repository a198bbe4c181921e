//! `cargo xtask coverage`: which lines the tests reach, by file; fails under what is promised.
//!
//! The workspace's own crates are compiled with LLVM's counters, the others are not. `xtask/coverage` reads what the counters say:
//! the profiles of a compiler can be read by tools of its own LLVM alone, and distributions are behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{cargo, run};
use crate::{Outcome, root, target};

/// Lines that must be reached, in per mille.
const OVERALL: u64 = 900;
const PARSE_AND_VERIFY: u64 = 980;
/// The code that reads what strangers wrote, and the code that decides whether to believe it.
const STRICT: [&str; 16] = [
    "src/codec/",
    "src/container.rs",
    "src/crypto/age/",
    "src/crypto/sign.rs",
    "src/crypto/text.rs",
    "src/delta/",
    "src/envelope.rs",
    "src/feed.rs",
    "src/history.rs",
    "src/keyring.rs",
    "src/layout.rs",
    "src/log/",
    "src/manifest.rs",
    "src/payload/",
    "src/sighting/open.rs",
    "src/trust/",
];

/// What one file has.
struct Reached {
    path: String,
    reached: u64,
    lines: u64,
    missed: String,
}

pub(crate) fn coverage() -> Outcome {
    let folder = target().join("coverage");
    _ = fs::remove_dir_all(&folder);
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(fault)?;
    let wrapper = wrapper(&folder)?;
    let profiles = folder.join("profiles");
    let counted = |arguments: &[&str]| {
        let mut command = cargo(&["test", "--package", "bisik", "--package", "bisik-store", "--package", "bisik-cli"]);
        command.arg("--tests").args(arguments).env("RUSTC_WORKSPACE_WRAPPER", &wrapper);
        // One file a program, into which each process of it adds its counts.
        command.env("LLVM_PROFILE_FILE", profiles.join("%m.profraw"));
        command
    };
    let objects = objects(counted(&["--no-run", "--message-format=json-render-diagnostics"]))?;
    run(&mut counted(&["--no-fail-fast"]))?;
    let mut tool = cargo(&["run", "--quiet", "--locked", "--manifest-path", "xtask/coverage/Cargo.toml", "--"]);
    tool.env("CARGO_TARGET_DIR", target().join("coverage-tool"));
    tool.arg(root()).arg(&profiles).args(objects);
    let output = tool.stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err("the profiles were not read".to_owned());
    }
    report(&read(&String::from_utf8_lossy(&output.stdout)))
}

/// A compiler that counts, for the crates of the workspace.
fn wrapper(folder: &Path) -> Outcome<PathBuf> {
    let path = folder.join("counting-rustc");
    fs::write(&path, "#!/bin/sh\nexec \"$@\" -C instrument-coverage\n").map_err(|error| error.to_string())?;
    #[cfg(unix)]
    {
        let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, runs).map_err(|error| error.to_string())?;
    }
    Ok(path)
}

/// The programs that a build makes.
fn objects(mut build: Command) -> Outcome<Vec<String>> {
    let output = build.stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err("the tests were not built".to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    Ok(messages.filter_map(|message| message["executable"].as_str().map(str::to_owned)).collect())
}

/// The tool's lines that are about code that ships.
fn read(text: &str) -> Vec<Reached> {
    let rows = text.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let (path, reached, lines) = (fields.next()?, fields.next()?, fields.next()?);
        let missed = fields.next().unwrap_or_default().to_owned();
        Some(Reached { path: path.to_owned(), reached: reached.parse().ok()?, lines: lines.parse().ok()?, missed })
    });
    rows.filter(|row| ships(&row.path) && row.lines > 0).collect()
}

/// Whether a file is code of the library, the store or the program, and no test.
fn ships(path: &str) -> bool {
    let tests = ["tests.rs", "constant_time.rs"].iter().any(|end| path.ends_with(end)) || path.contains("/tests/");
    ["src/", "cli/src/", "cli/store/src/"].iter().any(|start| path.starts_with(start)) && !tests
}

/// Prints the table, and judges it.
fn report(rows: &[Reached]) -> Outcome {
    for row in rows {
        println!(
            "{:>6}  {:>5}/{:<5}  {}  {}",
            share(row.reached, row.lines),
            row.reached,
            row.lines,
            row.path,
            row.missed
        );
    }
    let strict = |row: &&Reached| STRICT.iter().any(|start| row.path.starts_with(start));
    let sum = |rows: &mut dyn Iterator<Item = &Reached>| {
        rows.fold((0, 0), |(reached, lines), row| (reached + row.reached, lines + row.lines))
    };
    let goals = [
        ("everything", sum(&mut rows.iter()), OVERALL),
        ("parse and verify", sum(&mut rows.iter().filter(strict)), PARSE_AND_VERIFY),
    ];
    let mut under = Vec::new();
    for (name, (reached, lines), goal) in goals {
        println!("{:>6}  {reached}/{lines}  {name}, at least {}", share(reached, lines), share(goal, 1000));
        if lines == 0 || reached * 1000 < goal * lines {
            under.push(name);
        }
    }
    if under.is_empty() { Ok(()) } else { Err(format!("too few lines are reached: {}", under.join(", "))) }
}

fn share(part: u64, whole: u64) -> String {
    format!("{:.1}%", 100.0 * part as f64 / whole.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_and_judged() {
        let rows =
            |reached: u64| read(&format!("src/feed.rs\t{reached}\t100\t7-9\nsrc/simd/tests.rs\t1\t9\t\n/x\t1\t9\t\n"));
        assert_eq!(rows(98).len(), 1);
        report(&rows(98)).unwrap();
        assert!(report(&rows(97)).unwrap_err().ends_with("parse and verify"));
        assert!(report(&rows(80)).unwrap_err().contains("everything, parse"));
        assert!(report(&[]).is_err());
    }
}
