//! Where random bytes come from: an argument, so that tests can fix it and a failure is an error, never zeros.

use crate::error::{Error, ErrorKind, Result};

/// A source of random bytes fit for keys.
pub trait Entropy {
    /// Fills `bytes`, or fails with [`ErrorKind::NoRandomness`]; never leaves a part unfilled.
    ///
    /// # Errors
    /// [`ErrorKind::NoRandomness`].
    fn fill(&mut self, bytes: &mut [u8]) -> Result<()>;
}

impl<E: Entropy + ?Sized> Entropy for &mut E {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        (**self).fill(bytes)
    }
}

/// The operating system's generator: what everybody should use.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        getrandom::fill(bytes).map_err(|_| Error::from(ErrorKind::NoRandomness))
    }
}

/// A fixed generator, BLAKE3 in counter mode over a seed: the same seed gives the same bytes.
///
/// For tests and vectors only: whoever knows the seed knows every key made with it.
#[derive(Clone)]
pub struct FixedEntropy(blake3::OutputReader);

impl FixedEntropy {
    /// A generator that depends on `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("bisik 2026 v1 fixed entropy for tests");
        hasher.update(&seed.to_le_bytes());
        Self(hasher.finalize_xof())
    }
}

impl Entropy for FixedEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl std::fmt::Debug for FixedEntropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FixedEntropy(..)")
    }
}
