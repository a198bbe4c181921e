//! `cargo xtask fuzz`: each target for some seconds, on the nightly toolchain.

use std::path::Path;

use crate::process::{command, run};
use crate::stages::Stages;
use crate::{Outcome, number, root, target};

/// Runs the named targets, or all. What libFuzzer finds beyond the committed corpus stays under the target folder.
pub(crate) fn fuzz(arguments: &[String]) -> Outcome {
    let arguments: Vec<String> = arguments.iter().filter(|argument| *argument != "--smoke").cloned().collect();
    let (seconds, mut names) = number(&arguments, "--seconds", 60)?;
    let all = targets(&root().join("fuzz").join("fuzz_targets"))?;
    if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
        return Err(format!("no fuzz target {unknown}; there are {}", all.join(", ")));
    }
    install()?;
    // Before the first runs, so that a target's time is its own.
    let build = ["+nightly", "fuzz", "build"];
    if names.is_empty() {
        names = all;
        run(&mut command("cargo", &build))?;
    }
    for name in &names {
        run(command("cargo", &build).arg(name))?;
    }
    let mut stages = Stages::default();
    for name in names {
        let name: &'static str = name.leak();
        stages.stage(name, |count| {
            let found = target().join("fuzz-corpus").join(name);
            std::fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
            let mut command = command("cargo", &["+nightly", "fuzz", "run", name]);
            command.arg(&found).arg(format!("fuzz/corpus/{name}"));
            command.args(["--", "-timeout=10", "-rss_limit_mb=2048", "-max_len=16384", "-print_final_stats=1"]);
            let words = root().join("fuzz").join("dictionaries").join(format!("{name}.dict"));
            if words.exists() {
                command.arg(format!("-dict={}", words.display()));
            }
            run(command.arg(format!("-max_total_time={seconds}")))?;
            count.pass()
        });
    }
    stages.finish()
}

fn targets(folder: &Path) -> Outcome<Vec<String>> {
    let files = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let names = files.filter_map(|file| file.ok()?.path().file_stem()?.to_str().map(str::to_owned));
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    Ok(names)
}

fn install() -> Outcome {
    let there = command("cargo", &["fuzz", "--version"]).output().is_ok_and(|output| output.status.success());
    if there {
        return Ok(());
    }
    println!("cargo-fuzz is missing: running `cargo install cargo-fuzz --locked`");
    run(&mut command("cargo", &["install", "cargo-fuzz", "--locked"]))
}
