//! `cargo xtask deny`: licences, banned crates, sources and known faults, as deny.toml rules.
//!
//! `supply/rules.rs` checks the first three without cargo-deny, in every run of the tests.

use crate::Outcome;
use crate::process::{command, run};
use crate::tools::tool;

/// Runs cargo-deny, which is built first where it is missing (some minutes). Known faults are looked up where their database is.
pub(crate) fn deny() -> Outcome {
    let program = tool("cargo-deny", "cargo-deny")?;
    let check = |what: &[&str]| {
        // The program takes its place in front of cargo's arguments.
        let mut command = command(&program, &["--workspace", "check", "--hide-inclusion-graph"]);
        run(command.args(what))
    };
    check(&["licenses", "bans", "sources"])?;
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = home.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let database = home.map(|home| home.join("advisory-dbs"));
    if database.is_some_and(|folder| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())) {
        return check(&["--disable-fetch", "advisories"]);
    }
    println!("advisories: no database under CARGO_HOME/advisory-dbs; fetch one with `cargo deny fetch db`");
    Ok(())
}
