//! What of the machine may be used: all of it, unless the environment variable `BISIK_SIMD` says less.

use std::sync::OnceLock;

/// How far kernels may go. The plain way gives the same bytes everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Portable code alone.
    Off,
    /// Nothing beyond AVX2.
    Avx2,
    /// Whatever the machine has.
    Best,
}

impl Level {
    /// The variable is read once: `off` and `avx2` hold back, everything else does not. So does `--cfg bisik_plain`.
    pub(crate) fn allowed() -> Self {
        static LEVEL: OnceLock<Level> = OnceLock::new();
        *LEVEL.get_or_init(|| match std::env::var("BISIK_SIMD").as_deref() {
            _ if cfg!(bisik_plain) => Self::Off,
            Ok("off") => Self::Off,
            Ok("avx2") => Self::Avx2,
            _ => Self::Best,
        })
    }
}
