//! The key with which a machine seals what it prepares for itself.

use zeroize::Zeroizing;

use crate::crypto::mac::{self, Digest, context};
use crate::crypto::text;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

const HRP: &str = "BISIK-LOCAL-KEY-";

/// Names a local key without telling anything of it.
pub(super) type LocalKeyId = [u8; 16];

/// A key of this machine: it says of a file that this machine wrote it, after it had verified what is in it.
///
/// It signs nothing for others and opens nothing. Whoever reads it can make files that pass for prepared ones.
///
/// ```
/// use bisik::{LocalKey, OsEntropy};
///
/// let key = LocalKey::generate(&mut OsEntropy)?;
/// assert_eq!(LocalKey::from_text(&key.to_text())?, key);
/// assert_eq!(format!("{key:?}"), "LocalKey(..)");
/// # Ok::<(), bisik::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LocalKey(Secret<32>);

impl LocalKey {
    /// A fresh key.
    ///
    /// # Errors
    /// [`ErrorKind::NoRandomness`].
    pub fn generate(entropy: &mut dyn Entropy) -> Result<Self> {
        Secret::random(entropy).map(Self)
    }

    /// The key of a `BISIK-LOCAL-KEY-1…` text.
    ///
    /// # Errors
    /// [`ErrorKind::BadKey`].
    pub fn from_text(text: &str) -> Result<Self> {
        let bytes = text::decode(HRP, text)?;
        Secret::from_slice(&bytes).map(Self).ok_or_else(|| Error::new(ErrorKind::BadKey, "a local key has 32 bytes"))
    }

    /// The secret text, `BISIK-LOCAL-KEY-1…`.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        text::encode(HRP, self.0.expose())
    }

    pub(super) fn id(&self) -> LocalKeyId {
        let digest = mac::derive(&context::LOCAL_KEY_ID, &[self.0.expose()]);
        std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default())
    }

    /// The seal of these bytes.
    pub(super) fn seal(&self, bytes: &[u8]) -> Digest {
        let key = Zeroizing::new(mac::derive(&context::LOCAL_SEAL, &[self.0.expose()]));
        mac::keyed(&key, bytes)
    }
}

impl std::fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalKey(..)")
    }
}
