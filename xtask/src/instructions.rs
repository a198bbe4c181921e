//! `cargo xtask instructions`: what a value costs on each hot path, in instructions, next to what it cost when that was last
//! written down. Clocks are noisy; these counts are the same in every run.

use std::collections::BTreeMap;
use std::process::Command;

use crate::process::{cargo, run};
use crate::valgrind::instructions;
use crate::{Outcome, apt, root, target};

/// Values of the shorter run. The longer one has twice as many, and the difference is theirs alone.
const VALUES: u64 = 4_000;
/// By how much a path may grow, as a part of what it cost. Compilers differ by less.
const TOLERANCE: f64 = 0.1;

/// Counts, and writes benches/instructions.json; with `--check` compares with it, and fails where a path has become slower.
pub(crate) fn chore(arguments: &[String]) -> Outcome {
    match arguments {
        [] => {
            let counted = count()?;
            let text = serde_json::to_string_pretty(&counted).map_err(|error| error.to_string())?;
            std::fs::write(file(), text + "\n").map_err(|error| error.to_string())
        }
        [check] if check == "--check" => self::check().map(|_| ()),
        _ => Err(format!("instructions: what is {}?", arguments.join(" "))),
    }
}

fn file() -> std::path::PathBuf {
    root().join("benches").join("instructions.json")
}

/// Compares every path; how many there are.
pub(crate) fn check() -> Outcome<u64> {
    let text = std::fs::read_to_string(file()).map_err(|error| error.to_string())?;
    let known: BTreeMap<String, u64> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let counted = count()?;
    let mut worse = Vec::new();
    for (path, &now) in &counted {
        match known.get(path) {
            Some(&before) if now as f64 <= before as f64 * (1.0 + TOLERANCE) => {}
            Some(before) => worse.push(format!("{path} takes {now} instructions a value, it was {before}")),
            None => worse.push(format!("{path} is not in benches/instructions.json")),
        }
    }
    if worse.is_empty() {
        return Ok(counted.len() as u64);
    }
    Err(format!("{}; if it must be so, run `cargo xtask instructions`", worse.join("; ")))
}

fn count() -> Outcome<BTreeMap<String, u64>> {
    apt::programs()?;
    run(&mut cargo(&["build", "--quiet", "--package", "bisik", "--example", "hot_paths"]))?;
    let program = target().join("debug").join("examples").join("hot_paths");
    let names = Command::new(&program).output().map_err(|error| error.to_string())?;
    let mut counted = BTreeMap::new();
    for path in String::from_utf8_lossy(&names.stdout).lines() {
        let once = instructions(&program, &[path, &VALUES.to_string()])?;
        let twice = instructions(&program, &[path, &(2 * VALUES).to_string()])?;
        let each = twice.saturating_sub(once) / VALUES;
        println!("{path:<16}{each:>8}");
        counted.insert(path.to_owned(), each);
    }
    if counted.is_empty() { Err("there are no paths".to_owned()) } else { Ok(counted) }
}
