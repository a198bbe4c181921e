//! `cargo xtask msrv`: the library and the bindings build with the oldest compiler that they state, and so does the program.
//!
//! Where no such toolchain is installed the lint `clippy::incompatible_msrv` (denied in Cargo.toml) and the compilers that the
//! dependencies state are what there is; both are looked at in every run of the tests.

use std::path::PathBuf;

use crate::Outcome;
use crate::process::{command, run};
use crate::supply::{Graph, SHIPPED, text};

/// Builds each shipped crate with its own oldest compiler; says which of them are not installed.
pub(crate) fn msrv() -> Outcome {
    let graph = Graph::read()?;
    let mut missing = Vec::new();
    for name in SHIPPED {
        let version = text(&graph.member(name)?["rust_version"]);
        match toolchain(&version)? {
            Some(toolchain) => {
                println!("{name}: {toolchain}");
                // A folder of its own: another compiler's files would be thrown away.
                let folder = crate::target().join("msrv");
                let mut check = command("cargo", &[&format!("+{toolchain}"), "check", "--locked", "--package", name]);
                run(check.env("CARGO_TARGET_DIR", folder))?;
            }
            None => missing.push(format!("{name} (Rust {version})")),
        }
    }
    if !missing.is_empty() {
        println!("not built, for want of a toolchain: {}", missing.join(", "));
        println!("`rustup toolchain install` brings one");
    }
    Ok(())
}

/// An installed toolchain of that version, by its name.
fn toolchain(version: &str) -> Outcome<Option<String>> {
    let output = command(PathBuf::from("rustup"), &["toolchain", "list"]).output();
    let output = output.map_err(|error| format!("rustup: {error}"))?;
    let names = String::from_utf8_lossy(&output.stdout);
    let names = names.lines().filter_map(|line| line.split(' ').next());
    let fits = |name: &&str| name.strip_prefix(version).is_some_and(|rest| rest.starts_with(['.', '-']));
    Ok(names.filter(|name| !name.is_empty()).find(fits).map(str::to_owned))
}
