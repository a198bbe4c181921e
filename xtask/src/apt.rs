//! The few programs that neither cargo nor pip brings, by the names of their Debian packages.

use std::process::{Command, Stdio};

use crate::Outcome;
use crate::process::run;

/// A program that the tests call, and the package that has it.
const PROGRAMS: [(&str, &str); 5] = [
    ("cc", "gcc"),
    ("c++", "g++"),
    ("valgrind", "valgrind"),
    ("javac", "default-jdk-headless"),
    ("pkg-config", "pkg-config"),
];

/// Installs what is missing; where that is not allowed, says what to install.
pub(crate) fn programs() -> Outcome {
    let missing: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let install =
        |how: &str, arguments: &[&str]| run(Command::new(how).args(arguments).env("DEBIAN_FRONTEND", "noninteractive"));
    let all: Vec<&str> =
        ["install", "--yes", "--no-install-recommends"].into_iter().chain(missing.iter().copied()).collect();
    install("apt-get", &["update"])
        .and_then(|()| install("apt-get", &all))
        .map_err(|why| format!("{why}\ninstall these packages and try again: {}", missing.join(" ")))
}

fn is_there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
