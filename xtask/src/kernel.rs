//! `cargo xtask kernel`: the AVX-512 kernel of blind mode next to curve25519-dalek on a hundred thousand elements; then the
//! tests of blind mode in a build that has no kernel, as other processors run it.

use crate::process::{cargo, run};
use crate::{Outcome, target};

/// A build without the kernel. What `.cargo/config.toml` sets is said again, because the variable takes its place.
const PLAIN: &str = "--cfg bisik_plain --cfg curve25519_dalek_backend=\"avx512\"";

pub(crate) fn kernel() -> Outcome {
    run(&mut cargo(&["test", "--release", "--package", "bisik", "--lib", "simd::", "--", "--include-ignored"]))?;
    let mut plain = cargo(&["test", "--package", "bisik", "--test", "blind"]);
    run(plain.env("RUSTFLAGS", PLAIN).env("CARGO_TARGET_DIR", target().join("plain")))
}
