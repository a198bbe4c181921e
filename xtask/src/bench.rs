//! `cargo xtask bench`.

use std::process::Command;

use crate::process::{cargo, run};
use crate::{Outcome, python};

/// `peers [ARGUMENTS]`: the peers, in one run; `grid` and `check`: how a look-up's cost grows, and what one takes; anything else: the
/// benches whose names hold the arguments.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    if let Some(("peers", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return peers(rest);
    }
    if let Some((what @ ("grid" | "check"), rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest))
    {
        return run(python::script(&python::environment()?, "benches/rates.py", &[what, "--write"]).args(rest));
    }
    let mut command = cargo(&["bench", "--package", "bisik", "--features", "threads", "--benches", "--"]);
    run(command.args(arguments))
}

/// Installs what the peers are, measures, and writes the table and the chart in docs/.
fn peers(arguments: &[String]) -> Outcome {
    let interpreter = python::environment()?;
    let mut install = Command::new(&interpreter);
    run(install.args(["-m", "pip", "install", "--quiet", "-r", "benches/peers/requirements.txt"]))?;
    run(python::script(&interpreter, "benches/peers.py", &["--write"]).args(arguments))
}
