//! `cargo xtask linear`: twice the length costs no more than about twice the instructions, for every kind.
//!
//! Instructions are counted by valgrind, so that the load of the machine does not matter.

use std::path::Path;

use bisik::Kind;

use crate::process::{cargo, command, run};
use crate::{Outcome, apt, target};

/// The longest value that is read, in bytes.
const LONGEST: u32 = 8_192;
/// What doubling the length may multiply the instructions by. A quadratic part beside linear ones shows above it.
const MOST: f64 = 2.2;

pub(crate) fn linear(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(format!("linear: what is {}?", arguments.join(" ")));
    }
    apt::programs()?;
    run(&mut cargo(&["build", "--quiet", "--package", "bisik", "--example", "linear"]))?;
    let program = target().join("debug").join("examples").join("linear");
    let mut steep = Vec::new();
    for &kind in Kind::ALL {
        let once = instructions(&program, kind, 0)?;
        let half = instructions(&program, kind, LONGEST / 2)?.saturating_sub(once);
        let whole = instructions(&program, kind, LONGEST)?.saturating_sub(once);
        let ratio = whole as f64 / half as f64;
        println!("{kind:<14}{half:>14}{whole:>14}   {ratio:.3}");
        if ratio > MOST {
            steep.push(kind.name());
        }
    }
    if steep.is_empty() { Ok(()) } else { Err(format!("more than linear: {}", steep.join(", "))) }
}

/// The instructions of one run.
fn instructions(program: &Path, kind: Kind, length: u32) -> Outcome<u64> {
    let output = command("valgrind", &["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([kind.name(), &length.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    count.filter(|_| output.status.success()).ok_or_else(|| format!("valgrind counted nothing:\n{text}"))
}
