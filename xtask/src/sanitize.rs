//! `cargo xtask sanitize`: faults of memory and races that no test would see by its outcome, on the nightly toolchain.
//!
//! ```text
//! address   the tests of src/simd, and tests/c linked with a library that watches its own memory
//! thread    tests/races.rs: threads match, canonicalise and evaluate while versions follow each other; and a planted race, which must be found
//! ```
//!
//! The standard library is the one that comes with the toolchain, without the sanitizers' watch: rustup's `rust-src` would be needed to
//! build another. What is generic in it (atomics, a lock that nobody sleeps in, `Arc`) is compiled with our code, and watched; what the rest
//! of it orders looks like a race, so the program under watch does without.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{command, run};
use crate::stages::Stages;
use crate::{Outcome, c, root, target};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

pub(crate) fn sanitize() -> Outcome {
    let mut stages = Stages::default();
    stages.stage("address: src/simd", |count| {
        run(&mut nightly("address", &["test", "--package", "bisik", "--lib", "simd::"]))?;
        count.pass()
    });
    stages.stage("address: tests/c", |count| {
        run(&mut nightly("address", &["build", "--package", "bisik-capi"]))?;
        let built = folder("address").join(TRIPLE).join("debug");
        count.passed += c::watched(&built.join("libbisik_capi.a"), &runtime("asan")?)?;
        Ok(())
    });
    stages.stage("thread: a planted race is found", |count| {
        let output = nightly("thread", &["run", "--package", "bisik-memcheck", "--example", "race"]).output();
        let output = output.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() || !said.contains("WARNING: ThreadSanitizer: data race") {
            return Err(format!("it was not found:\n{said}"));
        }
        count.pass()
    });
    stages.stage("thread: tests/races.rs", |count| {
        run(&mut nightly("thread", &["test", "--package", "bisik", "--test", "races"]))?;
        count.pass()
    });
    stages.finish()
}

/// Cargo of the nightly toolchain, with a sanitizer in everything that it compiles.
fn nightly(sanitizer: &str, arguments: &[&str]) -> Command {
    let mut command = command("cargo", &["+nightly"]);
    command.args(arguments).args(["--target", TRIPLE]);
    // Without rust-src the standard library's own code is not watched, which the compiler wants to be told. These flags take the
    // place of those in .cargo/config.toml: dalek's AVX-512 kernels are left out, ours in src/simd are not.
    let flags = format!("-Zsanitizer={sanitizer} -Cunsafe-allow-abi-mismatch=sanitizer -Cforce-frame-pointers=yes");
    command.env("RUSTFLAGS", flags).env("CARGO_TARGET_DIR", folder(sanitizer)).env("CARGO_INCREMENTAL", "0");
    command
}

fn folder(sanitizer: &str) -> PathBuf {
    target().join("sanitize").join(sanitizer)
}

/// The sanitizer's own library, which comes with the toolchain.
fn runtime(name: &str) -> Outcome<PathBuf> {
    let output = command("rustc", &["+nightly", "--print", "sysroot"]).output().map_err(|error| error.to_string())?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let path = sysroot.join("lib/rustlib").join(TRIPLE).join("lib").join(format!("librustc-nightly_rt.{name}.a"));
    if path.is_file() { Ok(path) } else { Err(format!("{} has no {}", root().display(), path.display())) }
}
