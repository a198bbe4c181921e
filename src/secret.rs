//! Bytes that must not be seen: wiped when dropped, compared in constant time, never printed.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::entropy::Entropy;
use crate::error::Result;

/// A secret of `N` bytes.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Takes bytes over. The caller's own copy is the caller's to wipe.
    #[must_use]
    pub(crate) fn new(bytes: [u8; N]) -> Self {
        Self(Box::new(bytes))
    }

    /// The secret with these bytes, if they are as many.
    #[must_use]
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self(Box::new([0; N]));
        if bytes.len() != N {
            return None;
        }
        secret.0.copy_from_slice(bytes);
        Some(secret)
    }

    /// Fresh random bytes.
    ///
    /// # Errors
    /// [`ErrorKind::NoRandomness`](crate::error::ErrorKind::NoRandomness).
    pub(crate) fn random(entropy: &mut dyn Entropy) -> Result<Self> {
        let mut secret = Self(Box::new([0; N]));
        entropy.fill(secret.0.as_mut_slice())?;
        Ok(secret)
    }

    /// The bytes, for the primitive that needs them.
    #[must_use]
    pub(crate) fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        same(self.0.as_slice(), other.0.as_slice())
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> std::fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret<{N}>(..)")
    }
}

/// Whether two byte strings are equal, in time that depends on their lengths only.
#[must_use]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    verdict(a.ct_eq(b).into())
}

/// The outcome of a check on secrets, when whoever watches sees it anyway: the tests of constant time follow it no further.
#[must_use]
pub(crate) fn verdict(mut outcome: bool) -> bool {
    known(&mut outcome);
    outcome
}

/// Says that a value made from secrets is known to everybody: the tests of constant time follow it no further.
pub(crate) fn known<T: ?Sized>(value: &mut T) {
    #[cfg(test)]
    bisik_memcheck::publish(value);
    _ = value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::FixedEntropy;

    #[test]
    fn debug_shows_no_byte() {
        assert_eq!(format!("{:?}", Secret::new([0xAB_u8; 4])), "Secret<4>(..)");
    }

    #[test]
    fn random_secrets_differ() {
        let mut entropy = FixedEntropy::new(1);
        let a = Secret::<32>::random(&mut entropy).unwrap();
        let b = Secret::<32>::random(&mut entropy).unwrap();
        assert!(a != b);
        assert!(a == a.clone());
    }
}
