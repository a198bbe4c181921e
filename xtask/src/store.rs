//! `cargo xtask store`: a store of many feeds: how long its status takes, and how checks fare while it is loaded anew.

use std::time::Instant;

use crate::process::{cargo, run};
use crate::{Outcome, number, target};

/// Within this, in seconds, a status of ten million entries is told.
const STATUS: f64 = 1.0;

pub(crate) fn store(arguments: &[String]) -> Outcome {
    let (feeds, rest) = number(arguments, "--feeds", 100)?;
    let (entries, rest) = number(&rest, "--entries", 100_000)?;
    if !rest.is_empty() {
        return Err(format!("store: what is {}?", rest.join(" ")));
    }
    let folder = target().join("store-scale");
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    run(&mut cargo(&["build", "--release", "--package", "bisik-store", "--example", "reload"]))?;
    run(&mut cargo(&["build", "--package", "bisik-cli"]))?;
    let mut program = std::process::Command::new(target().join("release/examples/reload"));
    run(program.arg(&folder).arg(feeds.to_string()).arg(entries.to_string()))?;
    let mut status = std::process::Command::new(target().join("debug/bisik"));
    status.args(["--now", "1800000000", "status"]).arg(folder.join("store")).stdout(std::process::Stdio::null());
    let clock = Instant::now();
    run(&mut status)?;
    let seconds = clock.elapsed().as_secs_f64();
    println!("`bisik status` of {feeds} feeds with {} entries: {:.0} ms", feeds * entries, seconds * 1e3);
    _ = std::fs::remove_dir_all(&folder);
    if seconds > STATUS { Err(format!("status took {seconds:.2} s")) } else { Ok(()) }
}
