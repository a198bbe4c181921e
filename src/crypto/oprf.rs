//! The verifiable oblivious function of blind mode: RFC 9497, mode 1 (VOPRF), suite ristretto255-SHA512.
//!
//! ```text
//! client   blind     C = r · H(input)                       r fresh for every element
//! server   evaluate  D = k · C, proof(k, G, k·G, C…, D…)    one proof for all elements of a message
//! client   finalize  check the proof, N = r⁻¹ · D, output = SHA-512(LP2(input) ‖ LP2(N) ‖ "Finalize")
//! ```
//!
//! Everything is done for many elements at once, eight side by side where the machine can ([`Engine`]): encodings share one
//! inversion (a point is multiplied with half the scalar and doubled while it is encoded), inverses of blinds share one
//! inversion, and the proof's sums are multi-scalar multiplications. Multiplications with a secret take constant time;
//! sums over what travels in the open need not.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::crypto::oprf::points::{Engine, Points, decode};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::{known, same, verdict};

// floor 1
mod points;

/// The name of the suite in the manifest.
pub(crate) const SUITE: &str = "ristretto255-SHA512";
// floor 0
/// An encoded group element.
pub(crate) type Element = [u8; 32];
/// The output of the function.
pub(crate) type Output = [u8; 64];
/// A proof: challenge ‖ response.
pub(crate) type Proof = [u8; 64];
/// The most elements of one proof: their numbers have two bytes.
pub(crate) const MAX_ELEMENTS: usize = 32_768;

/// How many inputs are evaluated at a time.
const TILE: usize = 256;

const GROUP_DST: &[u8] = b"HashToGroup-OPRFV1-\x01-ristretto255-SHA512";
const SCALAR_DST: &[u8] = b"HashToScalar-OPRFV1-\x01-ristretto255-SHA512";
const SEED_DST: &[u8] = b"Seed-OPRFV1-\x01-ristretto255-SHA512";

/// The server's secret scalar with its public key. Wiped when dropped.
#[derive(Clone, ZeroizeOnDrop)]
pub(crate) struct ServerKey {
    scalar: Box<Scalar>,
    #[zeroize(skip)]
    public: PublicKey,
}

/// `k · G`, which the signed manifest carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicKey {
    point: RistrettoPoint,
    bytes: Element,
}

impl PublicKey {
    /// The key with this encoding, unless it is not canonical or the identity.
    pub(crate) fn from_bytes(bytes: &Element) -> Result<Self> {
        let point = decode(bytes).ok_or_else(|| Error::new(ErrorKind::BadKey, "not an OPRF public key"))?;
        Ok(Self { point, bytes: *bytes })
    }

    pub(crate) const fn as_bytes(&self) -> &Element {
        &self.bytes
    }
}

impl ServerKey {
    /// A fresh key.
    pub(crate) fn generate(entropy: &mut dyn Entropy) -> Result<Self> {
        let mut scalars = Scalars::random(1, entropy)?;
        Ok(Self::new(scalars.0.pop().unwrap_or_default()))
    }

    /// The key with these bytes: a canonical scalar other than zero.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Result<Self> {
        Option::from(Scalar::from_canonical_bytes(*bytes))
            .filter(|scalar: &Scalar| *scalar != Scalar::ZERO)
            .map(Self::new)
            .ok_or_else(|| Error::new(ErrorKind::BadKey, "not an OPRF key"))
    }

    fn new(scalar: Scalar) -> Self {
        let point = RistrettoPoint::mul_base(&scalar);
        let public = PublicKey { point, bytes: point.compress().to_bytes() };
        Self { scalar: Box::new(scalar), public }
    }

    pub(crate) fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.scalar.to_bytes())
    }

    /// Says that the public key is no secret.
    #[cfg(test)]
    pub(crate) fn publish(&mut self) {
        known(&mut self.public);
    }

    pub(crate) const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The function itself, as the holder of the key computes it: one output an input.
    ///
    /// # Errors
    /// [`ErrorKind::BadElement`] for an input that maps to the identity; nobody knows one.
    pub(crate) fn evaluate_many<I: AsRef<[u8]>>(&self, inputs: &[I], out: &mut Vec<Output>) -> Result<()> {
        let engine = Engine::best();
        let expander = Expander::new(GROUP_DST);
        let mut elements = Vec::with_capacity(inputs.len().min(TILE));
        for (tile, inputs) in inputs.chunks(TILE).enumerate() {
            elements.clear();
            expander.to_group(engine, inputs).times_half(&self.scalar).encode_doubled(&mut elements);
            for (number, (input, element)) in inputs.iter().zip(&elements).enumerate() {
                if is_identity(element) {
                    return Err(Error::from(ErrorKind::BadElement).at((tile * TILE + number) as u64));
                }
                out.push(finish(input.as_ref(), element));
            }
        }
        Ok(())
    }

    /// Evaluates blinded elements and proves that it was done with this key. The position of an error is the element's.
    ///
    /// # Errors
    /// [`ErrorKind::BadElement`] for what is no element, or the identity; [`ErrorKind::TooManyElements`];
    /// [`ErrorKind::NoRandomness`].
    pub(crate) fn blind_evaluate(
        &self,
        blinded: &[Element],
        entropy: &mut dyn Entropy,
        out: &mut Vec<Element>,
    ) -> Result<Proof> {
        if blinded.len() > MAX_ELEMENTS {
            return Err(ErrorKind::TooManyElements.into());
        }
        let points = Engine::best().decode(blinded)?;
        let start = out.len();
        out.reserve(blinded.len());
        points.times_half(&self.scalar).encode_doubled(out);
        // the answer
        known(out.get_mut(start..).unwrap_or_default());
        let weights = weights(&self.public, blinded, out.get(start..).unwrap_or_default());
        let sum = points.weighted_sum(&weights);
        let nonce = Scalars::random(1, entropy)?;
        let nonce = nonce.0.first().copied().map(Zeroizing::new).unwrap_or_default();
        let (t2, t3) = (RistrettoPoint::mul_base(&nonce), sum * *nonce);
        let challenge = challenge(&self.public, &sum, &(sum * *self.scalar), &t2, &t3);
        let response = *nonce - challenge * *self.scalar;
        let mut proof = [0; 64];
        let (first, second) = proof.split_at_mut(32);
        first.copy_from_slice(challenge.as_bytes());
        second.copy_from_slice(response.as_bytes());
        Ok(proof)
    }
}

/// What a client keeps between a request and its answer, to be used once: blinds and blinded points.
pub(crate) struct Blinding {
    blinds: Scalars,
    /// What was sent: one a blind, then those that only fill up.
    points: Vec<Points>,
}

impl Blinding {
    /// Blinds inputs, and appends `padding` random elements that nobody will ask about. Returns what is sent.
    ///
    /// # Errors
    /// [`ErrorKind::NoRandomness`], [`ErrorKind::TooManyElements`]; [`ErrorKind::BadElement`] for an input that maps to the
    /// identity.
    pub(crate) fn new<I: AsRef<[u8]>>(
        inputs: &[I],
        padding: usize,
        entropy: &mut dyn Entropy,
    ) -> Result<(Self, Vec<Element>)> {
        if inputs.len().saturating_add(padding) > MAX_ELEMENTS {
            return Err(ErrorKind::TooManyElements.into());
        }
        let engine = Engine::best();
        let blinds = Scalars::random(inputs.len(), entropy)?;
        let mut fill = vec![[0; 64]; padding];
        for uniform in &mut fill {
            entropy.fill(uniform)?;
        }
        let asked = Expander::new(GROUP_DST).to_group(engine, inputs).times_halves(&blinds.0);
        let fill = engine.map(&fill);
        let mut elements = Vec::with_capacity(inputs.len() + padding);
        asked.encode_doubled(&mut elements);
        fill.encode_doubled(&mut elements);
        // the request
        known(elements.as_mut_slice());
        if let Some(number) = elements.iter().position(is_identity) {
            return Err(Error::from(ErrorKind::BadElement).at(number as u64));
        }
        Ok((Self { blinds, points: vec![asked.double().known(), fill.double().known()] }, elements))
    }

    /// The blinds, to be kept secret until the answer comes.
    pub(crate) fn blinds(&self) -> impl Iterator<Item = Zeroizing<[u8; 32]>> {
        self.blinds.0.iter().map(|blind| Zeroizing::new(blind.to_bytes()))
    }

    /// From kept blinds and the elements that were sent, of which there may be more.
    ///
    /// # Errors
    /// [`ErrorKind::BadMessage`], [`ErrorKind::BadElement`].
    pub(crate) fn restore(blinds: &[[u8; 32]], elements: &[Element]) -> Result<Self> {
        let wrong = || Error::new(ErrorKind::BadMessage, "not a blind of this protocol");
        if blinds.len() > elements.len() || elements.len() > MAX_ELEMENTS {
            return Err(ErrorKind::CountMismatch.into());
        }
        let mut scalars = Scalars(Vec::with_capacity(blinds.len()));
        for bytes in blinds {
            let scalar: Option<Scalar> = Scalar::from_canonical_bytes(*bytes).into();
            scalars.0.push(scalar.filter(|scalar| *scalar != Scalar::ZERO).ok_or_else(wrong)?);
        }
        Ok(Self { blinds: scalars, points: vec![Engine::best().decode(elements)?] })
    }

    /// Checks the proof and takes the blinds off: one output an input.
    ///
    /// `sent` are the elements as they were sent, `evaluated` the answer. There is no way past the proof.
    ///
    /// # Errors
    /// [`ErrorKind::CountMismatch`], [`ErrorKind::BadElement`], [`ErrorKind::BadProof`].
    pub(crate) fn finalize<I: AsRef<[u8]>>(
        mut self,
        inputs: &[I],
        sent: &[Element],
        evaluated: &[Element],
        proof: &Proof,
        public: &PublicKey,
    ) -> Result<Vec<Output>> {
        let count = self.points.iter().map(Points::len).sum::<usize>();
        if sent.len() != count || evaluated.len() != count || inputs.len() != self.blinds.0.len() {
            return Err(ErrorKind::CountMismatch.into());
        }
        let answers = Engine::best().decode(evaluated)?;
        verify(public, &self.points, sent, core::slice::from_ref(&answers), evaluated, proof)?;
        if !self.blinds.0.is_empty() {
            Scalar::invert_batch_alloc(&mut self.blinds.0).zeroize();
        }
        let mut elements = Vec::with_capacity(inputs.len());
        answers.times_halves(&self.blinds.0).encode_doubled(&mut elements);
        Ok(inputs.iter().zip(&elements).map(|(input, element)| finish(input.as_ref(), element)).collect())
    }
}

/// Scalars that are wiped when dropped.
#[derive(ZeroizeOnDrop)]
struct Scalars(Vec<Scalar>);

impl Scalars {
    /// Uniform scalars other than zero, each from 64 random bytes.
    fn random(count: usize, entropy: &mut dyn Entropy) -> Result<Self> {
        let mut scalars = Self(Vec::with_capacity(count));
        let mut wide = Zeroizing::new([0; 64]);
        while scalars.0.len() < count {
            entropy.fill(wide.as_mut_slice())?;
            let scalar = Scalar::from_bytes_mod_order_wide(&wide);
            // a zero comes once in 2^252 times
            if !verdict(scalar == Scalar::ZERO) {
                scalars.0.push(scalar);
            }
        }
        Ok(scalars)
    }
}

/// `VerifyProof` of RFC 9497 §2.2.2.
fn verify(
    public: &PublicKey,
    points: &[Points],
    sent: &[Element],
    answers: &[Points],
    evaluated: &[Element],
    proof: &Proof,
) -> Result<()> {
    let wrong = || Error::from(ErrorKind::BadProof);
    let part = |start: usize| {
        let bytes = proof.get(start..).and_then(<[u8]>::first_chunk::<32>)?;
        Option::<Scalar>::from(Scalar::from_canonical_bytes(*bytes))
    };
    let (stated, response) = part(0).zip(part(32)).ok_or_else(wrong)?;
    let weights = weights(public, sent, evaluated);
    let m = weighted_sum(points, &weights);
    let z = weighted_sum(answers, &weights);
    let t2 = RistrettoPoint::vartime_double_scalar_mul_basepoint(&stated, &public.point, &response);
    let t3 = RistrettoPoint::vartime_multiscalar_mul([response, stated], [m, z]);
    if bool::from(challenge(public, &m, &z, &t2, &t3).ct_eq(&stated)) { Ok(()) } else { Err(wrong()) }
}

/// The sum over all parts, whose weights follow each other.
fn weighted_sum(parts: &[Points], mut weights: &[Scalar]) -> RistrettoPoint {
    let mut sum = RistrettoPoint::identity();
    for part in parts {
        let (mine, others) = weights.split_at(part.len().min(weights.len()));
        sum += part.weighted_sum(mine);
        weights = others;
    }
    sum
}

/// The weights of `ComputeComposites` (RFC 9497 §2.2.1), one an element.
fn weights(public: &PublicKey, sent: &[Element], evaluated: &[Element]) -> Vec<Scalar> {
    let mut seed = Sha512::new();
    put(&mut seed, public.as_bytes());
    put(&mut seed, SEED_DST);
    let seed = seed.finalize();
    let expander = Expander::new(SCALAR_DST);
    (0_u16..)
        .zip(sent.iter().zip(evaluated))
        .map(|(number, (sent, evaluated))| {
            let uniform = expander.expand(|hash| {
                put(hash, &seed);
                hash.update(number.to_be_bytes());
                put(hash, sent);
                put(hash, evaluated);
                hash.update(b"Composite");
            });
            Scalar::from_bytes_mod_order_wide(&uniform)
        })
        .collect()
}

fn challenge(
    public: &PublicKey,
    m: &RistrettoPoint,
    z: &RistrettoPoint,
    t2: &RistrettoPoint,
    t3: &RistrettoPoint,
) -> Scalar {
    let uniform = Expander::new(SCALAR_DST).expand(|hash| {
        put(hash, public.as_bytes());
        for point in [m, z, t2, t3] {
            put(hash, point.compress().as_bytes());
        }
        hash.update(b"Challenge");
    });
    Scalar::from_bytes_mod_order_wide(&uniform)
}

fn finish(input: &[u8], element: &Element) -> Output {
    let mut hash = Sha512::new();
    put(&mut hash, input);
    put(&mut hash, element);
    hash.update(b"Finalize");
    hash.finalize().into()
}

/// Two bytes of length, the higher first, then the bytes.
fn put(hash: &mut Sha512, bytes: &[u8]) {
    hash.update(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes());
    hash.update(bytes);
}

/// `expand_message_xmd` with SHA-512 for 64 bytes (RFC 9380 §5.3.1): one block of output, whose first block of input is
/// always the same.
struct Expander {
    dst: &'static [u8],
    start: Sha512,
}

impl Expander {
    fn new(dst: &'static [u8]) -> Self {
        let mut start = Sha512::new();
        start.update([0; 128]);
        Self { dst, start }
    }

    /// Elements nobody knows the logarithms of, one an input (RFC 9380 appendix B).
    fn to_group<I: AsRef<[u8]>>(&self, engine: Engine, inputs: &[I]) -> Points {
        let expand = |input: &I| self.expand(|hash| hash.update(input.as_ref()));
        engine.map(&Zeroizing::new(inputs.iter().map(expand).collect::<Vec<_>>()))
    }

    fn expand(&self, message: impl FnOnce(&mut Sha512)) -> [u8; 64] {
        let length = [u8::try_from(self.dst.len()).unwrap_or(u8::MAX)];
        let mut first = self.start.clone();
        message(&mut first);
        first.update([0, 64, 0]);
        first.update(self.dst);
        first.update(length);
        let mut second = Sha512::new();
        second.update(first.finalize());
        second.update([1]);
        second.update(self.dst);
        second.update(length);
        second.finalize().into()
    }
}

fn is_identity(bytes: &Element) -> bool {
    same(bytes, &[0; 32])
}

#[cfg(test)]
#[path = "oprf/tests.rs"]
mod tests;
