//! Instructions of a run, as valgrind counts them: they do not depend on the load of the machine.

use std::path::Path;

use crate::Outcome;
use crate::process::command;

/// The instructions of one run of a program.
pub(crate) fn instructions(program: &Path, arguments: &[&str]) -> Outcome<u64> {
    let output = command("valgrind", &["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .env("BISIK_SIMD", "off")
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    count.filter(|_| output.status.success()).ok_or_else(|| format!("valgrind counted nothing:\n{text}"))
}
