//! `cargo xtask scale`: many entries through the library, one child process a phase so that each one's peak memory is its own.

use std::collections::BTreeMap;

use crate::process::{cargo, lines, run};
use crate::{Outcome, number, target};

/// What the matching side may hold in memory: bytes an entry, and a fixed part.
const BYTES_AN_ENTRY: u64 = 24;
const FIXED_BYTES: u64 = 64_000_000;

pub(crate) fn scale(arguments: &[String]) -> Outcome {
    let (count, rest) = number(arguments, "--entries", 10_000_000)?;
    if !rest.is_empty() {
        return Err(format!("scale: what is {}?", rest.join(" ")));
    }
    entries(count)
}

/// Publishes `count` generated phone numbers as exact tokens, sealed, and looks up as many, half of them listed.
pub(crate) fn entries(count: u64) -> Outcome {
    let folder = target().join("scale");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    run(&mut cargo(&["build", "--release", "--package", "bisik", "--example", "scale"]))?;
    let program = target().join("release").join("examples").join("scale");
    let phase = |name: &str| {
        let mut figures = BTreeMap::new();
        let mut command = std::process::Command::new(&program);
        command.arg(name).arg(count.to_string()).arg(&folder);
        lines(&mut command, |line| {
            if let Some((name, value)) = line.split_once(": ") {
                let value = value.split_whitespace().next().and_then(|value| value.parse::<f64>().ok());
                figures.insert(name.to_owned(), value.unwrap_or_default());
            }
        })?;
        Ok::<_, String>(figures)
    };
    phase("publish")?;
    let matching = phase("match")?;
    let figure = |name: &str| matching.get(name).copied().ok_or_else(|| format!("no figure `{name}`"));
    let (hits, peak) = (figure("hits")? as u64, figure("peak memory")? as u64);
    let limit = BYTES_AN_ENTRY * count + FIXED_BYTES;
    println!("limit: {limit} bytes, {BYTES_AN_ENTRY} an entry and {FIXED_BYTES}");
    if hits != count / 2 {
        return Err(format!("{hits} hits, not {}", count / 2));
    }
    if peak > limit {
        return Err(format!("matching held {peak} bytes, more than {limit}"));
    }
    phase("revise")?;
    let applying = phase("apply")?;
    let peak = applying.get("peak memory").copied().ok_or("no figure `peak memory`")? as u64;
    // Base and result are held together.
    let limit = 2 * BYTES_AN_ENTRY * count + FIXED_BYTES;
    println!("limit: {limit} bytes, {} an entry and {FIXED_BYTES}", 2 * BYTES_AN_ENTRY);
    if peak > limit {
        return Err(format!("applying held {peak} bytes, more than {limit}"));
    }
    Ok(())
}
