//! `cargo xtask twins`: every fast path next to its plain twin on so many inputs, with the kernels and without.

use crate::process::{cargo, run};
use crate::{Outcome, number};

/// What `BISIK_SIMD` is set to in turn; the last one holds nothing back.
const LEVELS: [&str; 3] = ["off", "avx2", "best"];

pub(crate) fn twins(arguments: &[String]) -> Outcome {
    let (inputs, rest) = number(arguments, "--inputs", 10_000_000)?;
    if !rest.is_empty() {
        return Err(format!("twins: what is {}?", rest.join(" ")));
    }
    for level in LEVELS {
        println!("BISIK_SIMD={level}, {inputs} inputs");
        let mut tests = cargo(&["test", "--quiet", "--package", "bisik", "--lib", "--test", "twins", "twin_"]);
        run(tests.env("BISIK_SIMD", level).env("BISIK_TWINS", inputs.to_string()))?;
    }
    Ok(())
}
