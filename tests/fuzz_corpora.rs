//! Promise: the committed fuzz corpora, among them everything that fuzzing ever found, pass the targets' checks on the stable
//! toolchain. `cargo run --example make_seeds` writes those that are made rather than found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::path::{Path, PathBuf};

#[allow(dead_code, reason = "the seeds are made by an example")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

#[test]
fn every_seed_passes_its_target() {
    for (name, run) in targets::TARGETS {
        let files = std::fs::read_dir(folder("corpus").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut count = 0;
        for file in files {
            let path = file.unwrap().path();
            let data = std::fs::read(&path).unwrap();
            let outcome = std::panic::catch_unwind(|| run(&data));
            assert!(outcome.is_ok(), "{}", path.display());
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
    }
}

#[test]
fn every_target_has_a_program_and_every_program_a_target() {
    let mut programs: Vec<String> = std::fs::read_dir(folder("fuzz_targets"))
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    // It needs the C interface, and is replayed beside it.
    programs.retain(|name| name != "c_abi");
    programs.sort_unstable();
    let mut names: Vec<_> = targets::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort_unstable();
    assert_eq!(programs, names);
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is not in Cargo.toml");
        assert_eq!(
            targets::target(&name) as usize,
            targets::TARGETS.iter().find(|(known, _)| *known == name).unwrap().1 as usize
        );
    }
}
