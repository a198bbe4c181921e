//! Promise: the committed corpus of the fuzz target `c_abi`, among it everything that fuzzing ever found, runs on the stable
//! toolchain. `cargo test -p bisik-capi --test fuzz_corpus -- --ignored` writes the seeds that are made rather than found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "../../../fuzz/src/abi.rs"]
mod abi;

use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/c_abi")
}

#[test]
fn every_seed_keeps_what_the_interface_promises() {
    let mut count = 0;
    for file in std::fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let outcome = std::panic::catch_unwind(|| abi::c_abi(&std::fs::read(&path).unwrap()));
        assert!(outcome.is_ok(), "{}", path.display());
        count += 1;
    }
    assert!(count >= abi::seeds().len(), "{count} seeds");
}

#[test]
#[ignore = "writes into the tree"]
fn write_the_seeds() {
    std::fs::create_dir_all(folder()).unwrap();
    for (number, seed) in abi::seeds().iter().enumerate() {
        std::fs::write(folder().join(format!("made-{number}")), seed).unwrap();
    }
}
