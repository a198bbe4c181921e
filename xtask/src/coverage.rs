//! `cargo xtask coverage`: which lines the tests reach, by file; fails under what is promised.
//!
//! The workspace's own crates are compiled with LLVM's counters, the others are not. `xtask/coverage` reads what the counters say:
//! the profiles of a compiler can be read by tools of its own LLVM alone, and distributions are behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{cargo, run};
use crate::{Outcome, root, target};

/// Lines that must be reached, in per mille.
const OVERALL: u64 = 900;
const PARSE_AND_VERIFY: u64 = 980;
/// The code that reads what strangers wrote, and the code that decides whether to believe it.
const STRICT: [&str; 21] = [
    "src/blind/message.rs",
    "src/codec/",
    "src/container.rs",
    "src/crypto/age/",
    "src/crypto/sign.rs",
    "src/crypto/text.rs",
    "src/delta/",
    "src/envelope.rs",
    "src/feed.rs",
    "src/feed/",
    "src/history.rs",
    "src/keyring.rs",
    "src/layout.rs",
    "src/log/",
    "src/manifest.rs",
    "src/payload/",
    "src/pull/",
    "src/retraction.rs",
    "src/sighting/body.rs",
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

/// The packages whose code is counted.
const PACKAGES: [&str; 3] = ["bisik", "bisik-store", "bisik-cli"];

/// Runs the tests, all of them or what `--package`, `--lib` and `--test` name, and prints the table. Only the whole is judged.
pub(crate) fn coverage(arguments: &[String]) -> Outcome {
    let chosen = Chosen::new(arguments)?;
    let folder = target().join("coverage");
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(fault)?;
    let wrapper = wrapper(&folder)?;
    let profiles = folder.join("profiles");
    _ = fs::remove_dir_all(&profiles);
    let counted = |arguments: &[&str]| {
        let mut command = cargo(&["test", "--locked"]);
        command.args(&chosen.arguments).args(arguments).env("RUSTC_WORKSPACE_WRAPPER", &wrapper);
        // One file a program, which each process of it maps and counts in: what is killed has counted, too.
        command.env("LLVM_PROFILE_FILE", profiles.join("%m%c.profraw"));
        command
    };
    let objects = objects(counted(&["--no-run", "--message-format=json-render-diagnostics"]))?;
    let passed = run(&mut counted(&["--no-fail-fast"]));
    let mut tool = cargo(&["run", "--quiet", "--locked", "--manifest-path", "xtask/coverage/Cargo.toml", "--"]);
    tool.env("CARGO_TARGET_DIR", target().join("coverage-tool"));
    tool.arg(root()).arg(&profiles).args(objects);
    let output = tool.stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err("the profiles were not read".to_owned());
    }
    let judged = report(&read(&String::from_utf8_lossy(&output.stdout)));
    passed?;
    if chosen.whole { judged } else { Ok(()) }
}

/// Which tests are run.
#[derive(Debug, PartialEq, Eq)]
struct Chosen {
    /// For `cargo test`.
    arguments: Vec<String>,
    whole: bool,
}

impl Chosen {
    fn new(arguments: &[String]) -> Outcome<Self> {
        let (mut packages, mut tests) = (Vec::new(), Vec::new());
        let mut rest = arguments.iter().map(String::as_str);
        while let Some(argument) = rest.next() {
            let name = |name: Option<&str>| name.map(str::to_owned).ok_or_else(|| format!("{argument} needs a name"));
            match argument {
                "--package" => packages.extend(["--package".to_owned(), name(rest.next())?]),
                "--test" => tests.extend(["--test".to_owned(), name(rest.next())?]),
                "--lib" => tests.push("--lib".to_owned()),
                _ => return Err(format!("coverage takes --package P, --lib and --test T, not {argument}")),
            }
        }
        if packages.is_empty() {
            let all: &[&str] = if tests.is_empty() { &PACKAGES } else { &["bisik"] };
            packages = all.iter().flat_map(|package| ["--package".to_owned(), (*package).to_owned()]).collect();
        }
        if tests.is_empty() {
            tests.push("--tests".to_owned());
        }
        packages.append(&mut tests);
        Ok(Self { arguments: packages, whole: arguments.is_empty() })
    }
}

/// A compiler that counts, for the crates of the workspace. Its counters can lie in a file that is mapped.
fn wrapper(folder: &Path) -> Outcome<PathBuf> {
    let path = folder.join("rustc-counting");
    let script = "#!/bin/sh\nexec \"$@\" -C instrument-coverage -C llvm-args=-runtime-counter-relocation\n";
    if fs::read_to_string(&path).is_ok_and(|there| there == script) {
        // A newer file would be another compiler.
        return Ok(path);
    }
    fs::write(&path, script).map_err(|error| error.to_string())?;
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

/// Prints the table, by file and by folder, and judges it.
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
    for (folder, (reached, lines)) in folders(rows) {
        println!("{:>6}  {reached}/{lines}  {folder}/", share(reached, lines));
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

/// What each folder has, with the folders in it.
fn folders(rows: &[Reached]) -> BTreeMap<&str, (u64, u64)> {
    let mut folders = BTreeMap::new();
    for row in rows {
        let above = row.path.match_indices('/').filter_map(|(end, _)| row.path.get(..end));
        for folder in above {
            let (reached, lines): &mut (u64, u64) = folders.entry(folder).or_default();
            *reached += row.reached;
            *lines += row.lines;
        }
    }
    folders
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

    #[test]
    fn folders_have_what_their_files_have() {
        let rows = read("src/feed.rs\t1\t2\t\nsrc/log/chain.rs\t3\t4\t\nsrc/log/head.rs\t5\t8\t\n");
        assert_eq!(folders(&rows).into_iter().collect::<Vec<_>>(), [("src", (9, 14)), ("src/log", (8, 12))]);
    }

    #[test]
    fn a_part_is_run_and_not_judged() {
        let chosen = |text: &str| Chosen::new(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let part =
            |arguments: &str| Ok(Chosen { arguments: arguments.split(' ').map(str::to_owned).collect(), whole: false });
        assert_eq!(chosen("--lib --test log"), part("--package bisik --lib --test log"));
        assert_eq!(chosen("--package bisik-cli"), part("--package bisik-cli --tests"));
        assert!(chosen("").unwrap().whole);
        assert!(chosen("--test").is_err() && chosen("--whole").is_err());
    }
}
