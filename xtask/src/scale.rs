//! `cargo xtask scale`: many entries through the library, one child process a phase so that each one's peak memory is its own.

use std::collections::BTreeMap;

use crate::process::{cargo, lines, run};
use crate::{Outcome, number, target};

/// What the matching side may hold in memory: bytes an entry, and a fixed part.
const BYTES_AN_ENTRY: u64 = 24;
const FIXED_BYTES: u64 = 64_000_000;
/// What the publishing side may hold beside its entries.
const PUBLISHER_BYTES: u64 = 32_000_000;

pub(crate) fn scale(arguments: &[String]) -> Outcome {
    let (count, rest) = number(arguments, "--entries", 10_000_000)?;
    let (memory, rest) = number(&rest, "--memory", MEMORY)?;
    match rest.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => entries(count, memory, true),
        ["--no-delta"] => entries(count, memory, false),
        _ => Err(format!("scale: what is {}?", rest.join(" "))),
    }
}

/// How many bytes of entries the publisher keeps in memory: fewer than ten million entries have.
const MEMORY: u64 = 64_000_000;

/// Publishes `count` generated phone numbers as exact tokens, sealed, and looks up as many, half of them listed; with `delta`, also
/// goes on to the next version, whose publisher and member hold two versions in memory.
pub(crate) fn entries(count: u64, memory: u64, delta: bool) -> Outcome {
    let folder = target().join("scale");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    run(&mut cargo(&["build", "--release", "--package", "bisik", "--features", "threads", "--example", "scale"]))?;
    let program = target().join("release").join("examples").join("scale");
    let phase = |name: &str| {
        let mut figures = BTreeMap::new();
        let mut command = std::process::Command::new(&program);
        command.arg(name).arg(count.to_string()).arg(&folder);
        if name == "publish" {
            command.arg(memory.to_string());
        }
        lines(&mut command, |line| {
            if let Some((name, value)) = line.split_once(": ") {
                let value = value.split_whitespace().next().and_then(|value| value.parse::<f64>().ok());
                figures.insert(name.to_owned(), value.unwrap_or_default());
            }
        })?;
        Ok::<_, String>(figures)
    };
    let publishing = phase("publish")?;
    let peak = publishing.get("peak memory").copied().ok_or("no figure `peak memory`")? as u64;
    let limit = memory + PUBLISHER_BYTES;
    println!("limit: {limit} bytes, {memory} for entries and {PUBLISHER_BYTES}");
    if peak > limit {
        return Err(format!("publishing held {peak} bytes, more than {limit}"));
    }
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
    if !delta {
        return std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()));
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
    std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))
}
