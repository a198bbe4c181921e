//! `cargo xtask prepared`: a large feed in a store, opened whole and as it was prepared, cold and warm; one child process a phase.

use std::collections::BTreeMap;

use crate::process::{cargo, lines, run};
use crate::{Outcome, number, target};

/// Within this, in milliseconds, a prepared feed opens, however long it is.
const OPEN: f64 = 100.0;
/// More of a prepared file, in bytes, is not looked at to open it; the program's own pages are in it.
const PAGES: f64 = 32e6;

pub(crate) fn prepared(arguments: &[String]) -> Outcome {
    let (count, rest) = number(arguments, "--entries", 1_000_000)?;
    if !rest.is_empty() || count > 100_000_000 {
        return Err("prepared: --entries N, at most 100 million".to_owned());
    }
    let folder = target().join("prepared");
    let measured = phases(count);
    _ = std::fs::remove_dir_all(folder);
    measured
}

fn phases(count: u64) -> Outcome {
    let folder = target().join("prepared");
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    run(&mut cargo(&["build", "--release", "--package", "bisik-store", "--example", "prepared"]))?;
    for phase in ["make", "whole", "cold", "warm"] {
        println!("\n{phase}, {count} entries");
        let mut command = std::process::Command::new(target().join("release/examples/prepared"));
        command.arg(phase).arg(count.to_string()).arg(&folder);
        let mut figures = BTreeMap::new();
        lines(&mut command, |line| {
            if let Some((name, value)) = line.split_once(": ") {
                let numbers = value.split([' ', ',']).filter_map(|word| word.parse::<f64>().ok()).collect::<Vec<_>>();
                figures.insert(name.to_owned(), numbers);
            }
        })?;
        if !matches!(phase, "cold" | "warm") {
            continue;
        }
        let figure = |name: &str, at: usize| {
            let found = figures.get(name).and_then(|numbers| numbers.get(at)).copied();
            found.ok_or_else(|| format!("no figure `{name}`"))
        };
        let (open, own, pages) =
            (figure("open", 0)?, figure("memory after opening", 0)?, figure("memory after opening", 1)?);
        if open > OPEN {
            return Err(format!("opening took {open} ms, more than {OPEN}"));
        }
        if own.max(pages) > PAGES {
            return Err(format!("opening took {own} and {pages} bytes, more than {PAGES}"));
        }
    }
    Ok(())
}
