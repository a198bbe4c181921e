//! Ed25519, strictly (RFC 8032; `docs/format.md` §2 and §4).
//!
//! ```text
//! key id    = derive_key("bisik 2026 v1 key id", 1 ‖ public key)
//! signature = Ed25519("bisik-signature/1" ‖ 0x00 ‖ type ‖ LE64(length) ‖ signed bytes)
//! ```

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signer;
use zeroize::Zeroizing;

use crate::crypto::mac::{self, context};
use crate::crypto::text;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

const VERIFYING_HRP: &str = "ed25519";
const SIGNING_HRP: &str = "BISIK-SIGNING-KEY-";
const DOMAIN: &[u8] = b"bisik-signature/1\0";

/// The number of Ed25519 in key ids and signature blocks.
pub(crate) const ED25519: u8 = 1;

/// The name of a public key: 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 32]);

impl KeyId {
    /// The key id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::codec::hex::encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// What a signature is for; part of what is signed. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum SignedType {
    Manifest = 1,
    Delta = 2,
    SealStatement = 3,
    Sighting = 4,
    Retraction = 5,
    Rotation = 6,
    Revocation = 7,
    LogHead = 8,
    BlindRequest = 9,
}

/// A public key that signatures are verified with.
///
/// Its text is `ed25519…`, in Bech32. Keys of small order, and encodings that do not re-encode to themselves, have no value here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// The key with this encoding.
    ///
    /// # Errors
    /// [`ErrorKind::BadKey`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self> {
        let wrong = || Error::new(ErrorKind::BadKey, "not a canonical Ed25519 public key");
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| wrong())?;
        if key.is_weak() || !is_canonical(bytes) {
            return Err(wrong());
        }
        Ok(Self(key))
    }

    /// Its encoding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Its name.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId(mac::derive(&context::KEY_ID, &[&[ED25519], self.as_bytes()]))
    }

    /// Verifies a signature over `bytes`.
    pub(crate) fn verify(&self, kind: SignedType, bytes: &[u8], signature: &[u8]) -> Result<()> {
        self.verify_message(&message(kind, bytes), signature)
    }

    fn verify_message(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        let wrong = || Error::from(ErrorKind::BadSignature);
        let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| wrong())?;
        if !is_canonical(signature.r_bytes()) {
            return Err(wrong());
        }
        self.0.verify_strict(message, &signature).map_err(|_| wrong())
    }
}

/// Whether a point's encoding is the one that encoding it again gives.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    ed25519_dalek::VerifyingKey::from_bytes(bytes).is_ok_and(|key| key.to_edwards().compress().to_bytes() == *bytes)
}

impl FromStr for VerifyingKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bytes = text::decode(VERIFYING_HRP, text)?;
        let bytes: &[u8; 32] =
            bytes.as_slice().try_into().map_err(|_| Error::new(ErrorKind::BadKey, "a verifying key has 32 bytes"))?;
        Self::from_bytes(bytes)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::encode(VERIFYING_HRP, self.as_bytes()))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

/// The secret key that signs feeds. Wiped when dropped; `Debug` shows nothing of it.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// A fresh key.
    ///
    /// # Errors
    /// [`ErrorKind::NoRandomness`].
    pub fn generate(entropy: &mut dyn Entropy) -> Result<Self> {
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(Secret::<32>::random(entropy)?.expose())))
    }

    /// The key of a `BISIK-SIGNING-KEY-1…` text.
    ///
    /// # Errors
    /// [`ErrorKind::BadKey`].
    pub fn from_text(text: &str) -> Result<Self> {
        let bytes = text::decode(SIGNING_HRP, text)?;
        let seed: &[u8; 32] =
            bytes.as_slice().try_into().map_err(|_| Error::new(ErrorKind::BadKey, "a signing key has 32 bytes"))?;
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(seed)))
    }

    /// The secret text, `BISIK-SIGNING-KEY-1…`, for the signing file.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        text::encode(SIGNING_HRP, self.0.as_bytes())
    }

    /// The public key.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, kind: SignedType, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(&message(kind, bytes)).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

fn message(kind: SignedType, bytes: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(DOMAIN.len() + 9 + bytes.len());
    message.extend_from_slice(DOMAIN);
    message.push(kind as u8);
    message.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    message.extend_from_slice(bytes);
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::FixedEntropy;

    #[test]
    fn a_signature_holds_for_its_type_and_bytes_only() {
        let key = SigningKey::generate(&mut FixedEntropy::new(1)).unwrap();
        let signature = key.sign(SignedType::Manifest, b"text");
        let public = key.verifying_key();
        public.verify(SignedType::Manifest, b"text", &signature).unwrap();
        assert!(public.verify(SignedType::SealStatement, b"text", &signature).is_err());
        assert!(public.verify(SignedType::Manifest, b"texts", &signature).is_err());
        assert!(public.verify(SignedType::Manifest, b"text", &signature[..63]).is_err());
    }

    #[test]
    fn texts_lead_back_to_keys() {
        let key = SigningKey::generate(&mut FixedEntropy::new(2)).unwrap();
        let again = SigningKey::from_text(&key.to_text()).unwrap();
        assert_eq!(again.verifying_key(), key.verifying_key());
        assert!(key.to_text().starts_with("BISIK-SIGNING-KEY-1"));
        let text = key.verifying_key().to_string();
        assert!(text.starts_with("ed255191"));
        assert_eq!(text.parse::<VerifyingKey>().unwrap(), key.verifying_key());
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
    }

    #[test]
    fn weak_and_non_canonical_keys_are_refused() {
        // The identity, a point of order 8, and y = p + 3, which encodes the same point as y = 3.
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut non_canonical = [0xff; 32];
        non_canonical[0] = 0xf0;
        non_canonical[31] = 0x7f;
        for bytes in [identity, [0; 32], non_canonical] {
            assert!(VerifyingKey::from_bytes(&bytes).is_err());
        }
    }

    fn unhex(value: &serde_json::Value) -> Vec<u8> {
        let text = value.as_str().unwrap();
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn accepts(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let key: &[u8; 32] = key.try_into().unwrap();
        VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_message(message, signature).is_ok())
    }

    /// The rule on the edge cases that RFC 8032 leaves open, fixed once: points of small order and encodings that are
    /// not canonical are refused, in key and in R; what only holds with the cofactor is refused; a component of small
    /// order beside one of prime order is no fault.
    #[test]
    fn edge_cases_of_points_follow_one_rule() {
        let vectors = include_str!("../../tests/vectors/cctv/ed25519vectors.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        const REFUSED: [&str; 6] =
            ["low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue", "reencoded_k"];
        let (mut accepted, mut refused) = (0, 0);
        for vector in vectors.as_array().unwrap() {
            let flags: Vec<&str> =
                vector["flags"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
            let expected = !flags.iter().any(|flag| REFUSED.contains(flag));
            let message = vector["msg"].as_str().unwrap().as_bytes();
            let verdict = accepts(&unhex(&vector["key"]), message, &unhex(&vector["sig"]));
            assert_eq!(verdict, expected, "{}: {flags:?}", vector["number"]);
            if verdict { accepted += 1 } else { refused += 1 }
        }
        assert_eq!((accepted, refused), (26, 584));
    }

    #[test]
    fn wycheproof_agrees() {
        let vectors = include_str!("../../tests/vectors/wycheproof/ed25519_test.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let mut count = 0;
        for group in vectors["testGroups"].as_array().unwrap() {
            let key = unhex(&group["publicKey"]["pk"]);
            for test in group["tests"].as_array().unwrap() {
                let verdict = accepts(&key, &unhex(&test["msg"]), &unhex(&test["sig"]));
                assert_eq!(verdict, test["result"] == "valid", "{}", test["tcId"]);
                count += 1;
            }
        }
        assert_eq!(count, vectors["numberOfTests"].as_u64().unwrap());
    }
}
