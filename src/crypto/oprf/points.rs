//! Group elements by the batch, on either of two ways that give the same bytes: eight at a time where the machine has the
//! instructions, one after the other with `curve25519-dalek` everywhere.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};
use zeroize::{Zeroize, Zeroizing};

use crate::crypto::oprf::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::known;
use crate::simd;

/// How many elements share an inversion.
const TILE: usize = 256;

#[cfg(test)]
thread_local! {
    /// Whether tests on this thread take the plain way.
    static PLAIN: core::cell::Cell<bool> = const { core::cell::Cell::new(false) };
}

/// Does something on the plain way.
#[cfg(test)]
pub(super) fn plainly<T>(work: impl FnOnce() -> T) -> T {
    struct Back;
    impl Drop for Back {
        fn drop(&mut self) {
            PLAIN.set(false);
        }
    }
    let _back = Back;
    PLAIN.set(true);
    assert!(matches!(Engine::best(), Engine::Plain));
    work()
}

/// Which way is taken.
#[derive(Clone, Copy)]
pub(super) enum Engine {
    Plain,
    Wide(simd::Kernel),
}

/// Many elements. Wiped when dropped.
pub(super) enum Points {
    Plain(Vec<RistrettoPoint>),
    Wide(simd::Points),
}

impl Drop for Points {
    fn drop(&mut self) {
        if let Self::Plain(points) = self {
            points.zeroize();
        }
    }
}

impl Engine {
    /// The faster of those that this machine has.
    pub(super) fn best() -> Self {
        #[cfg(test)]
        if PLAIN.get() {
            return Self::Plain;
        }
        simd::Kernel::detect().map_or(Self::Plain, Self::Wide)
    }

    /// The elements that 64 uniform bytes each are mapped to (RFC 9496 §4.3.4).
    pub(super) fn map(self, uniform: &[[u8; 64]]) -> Points {
        match self {
            Self::Plain => Points::Plain(uniform.iter().map(RistrettoPoint::from_uniform_bytes).collect()),
            Self::Wide(kernel) => Points::Wide(simd::Points::map(kernel, uniform)),
        }
    }

    /// The elements with these encodings; the identity is none (RFC 9497 §2.1, `DeserializeElement`).
    ///
    /// # Errors
    /// [`ErrorKind::BadElement`] with the number of the first that is none.
    pub(super) fn decode(self, encodings: &[Element]) -> Result<Points> {
        let bad = |number: usize| Error::from(ErrorKind::BadElement).at(number as u64);
        match self {
            Self::Plain => {
                let mut points = Vec::with_capacity(encodings.len());
                for (number, encoding) in encodings.iter().enumerate() {
                    points.push(decode(encoding).ok_or_else(|| bad(number))?);
                }
                Ok(Points::Plain(points))
            }
            Self::Wide(kernel) => simd::Points::decode(kernel, encodings).map(Points::Wide).map_err(bad),
        }
    }
}

impl Points {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Plain(points) => points.len(),
            Self::Wide(points) => points.len(),
        }
    }

    /// All elements times half of a secret scalar.
    pub(super) fn times_half(&self, scalar: &Scalar) -> Self {
        let half = Zeroizing::new(scalar.div_by_2());
        match self {
            Self::Plain(points) => Self::Plain(points.iter().map(|point| point * *half).collect()),
            Self::Wide(points) => Self::Wide(points.multiply_all(half.as_bytes())),
        }
    }

    /// As many elements as there are secret scalars, each times half of its own.
    pub(super) fn times_halves(&self, scalars: &[Scalar]) -> Self {
        let halves = Zeroizing::new(scalars.iter().map(Scalar::div_by_2).collect::<Vec<_>>());
        match self {
            Self::Plain(points) => {
                Self::Plain(points.iter().zip(halves.iter()).map(|(point, half)| point * half).collect())
            }
            Self::Wide(points) => Self::Wide(points.multiply_each(halves.iter().map(Scalar::as_bytes))),
        }
    }

    /// Twice the elements.
    pub(super) fn double(&self) -> Self {
        match self {
            Self::Plain(points) => Self::Plain(points.iter().map(|point| point + point).collect()),
            Self::Wide(points) => Self::Wide(points.double()),
        }
    }

    /// Appends the encodings of twice the elements.
    pub(super) fn encode_doubled(&self, out: &mut Vec<Element>) {
        match self {
            Self::Plain(points) => {
                for points in points.chunks(TILE) {
                    let encoded = RistrettoPoint::double_and_compress_batch(points);
                    out.extend(encoded.iter().map(CompressedRistretto::to_bytes));
                }
            }
            Self::Wide(points) => points.encode_doubled(out),
        }
    }

    /// The same elements, when they travel in the open.
    pub(super) fn known(mut self) -> Self {
        if let Self::Plain(points) = &mut self {
            known(points.as_mut_slice());
        }
        self
    }

    /// The sum of the elements, each times its weight. Nothing of it is secret.
    pub(super) fn weighted_sum(&self, weights: &[Scalar]) -> RistrettoPoint {
        match self {
            Self::Plain(points) => RistrettoPoint::vartime_multiscalar_mul(weights, points),
            Self::Wide(points) => {
                let sums = points.weighted_sums(weights.iter().map(Scalar::as_bytes));
                let twice: RistrettoPoint =
                    sums.into_iter().filter_map(|sum| CompressedRistretto(sum).decompress()).sum();
                twice * Scalar::ONE.div_by_2()
            }
        }
    }
}

/// A group element other than the identity, from its one canonical encoding (RFC 9497 §2.1, `DeserializeElement`).
pub(super) fn decode(bytes: &Element) -> Option<RistrettoPoint> {
    let point = CompressedRistretto(*bytes).decompress()?;
    (point != RistrettoPoint::identity()).then_some(point)
}
