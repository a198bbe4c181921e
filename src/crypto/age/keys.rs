//! The two halves of an X25519 party, as age writes them.

use std::fmt;
use std::str::FromStr;

use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::crypto::text;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// Somebody who can be sealed to: an age X25519 recipient, written `age1…`.
///
/// There is exactly one text for a recipient: lower case, canonical, and of a point below the field's prime.
///
/// ```
/// use bisik::{ErrorKind, Recipient};
///
/// let text = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
/// let recipient: Recipient = text.parse()?;
/// assert_eq!(recipient.to_string(), text);
/// assert_eq!(text.to_uppercase().parse::<Recipient>().unwrap_err().kind(), ErrorKind::BadKey);
/// # Ok::<(), bisik::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Recipient([u8; 32]);

impl Recipient {
    /// The u-coordinate.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn new(bytes: [u8; 32]) -> Result<Self> {
        if is_reduced(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(Error::new(ErrorKind::BadKey, "the recipient's point is not in its one canonical form"))
        }
    }
}

impl FromStr for Recipient {
    type Err = Error;

    /// Reads `age1…`.
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedRecipient`] for age's other types (`age1pq1…`, `age1tag1…`, plugins, SSH keys);
    /// [`ErrorKind::BadKey`] for everything else.
    fn from_str(text: &str) -> Result<Self> {
        if FOREIGN_RECIPIENTS.iter().any(|prefix| text.starts_with(prefix)) {
            return Err(ErrorKind::UnsupportedRecipient.into());
        }
        Self::new(*decode_32(RECIPIENT, text)?.expose())
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&text::encode(RECIPIENT, &self.0))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

/// The secret that opens what was sealed to its [`Recipient`]: an age X25519 identity, `AGE-SECRET-KEY-1…`.
///
/// Wiped when dropped; `Debug` shows nothing of it.
#[derive(Clone)]
pub struct RecipientSecret {
    secret: Secret<32>,
    recipient: Recipient,
}

impl RecipientSecret {
    /// A new secret.
    ///
    /// # Errors
    /// [`ErrorKind::NoRandomness`].
    pub fn generate(entropy: &mut dyn Entropy) -> Result<Self> {
        Ok(Self::new(Secret::random(entropy)?))
    }

    /// Reads `AGE-SECRET-KEY-1…`, in upper case only.
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedRecipient`] for age's other types (`AGE-SECRET-KEY-PQ-1…`, `AGE-PLUGIN-…`);
    /// [`ErrorKind::BadKey`] for everything else.
    pub fn from_text(text: &str) -> Result<Self> {
        if FOREIGN_SECRETS.iter().any(|prefix| text.starts_with(prefix)) {
            return Err(ErrorKind::UnsupportedRecipient.into());
        }
        Ok(Self::new(decode_32(SECRET, text)?))
    }

    /// The text `AGE-SECRET-KEY-1…`, wiped when dropped.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        text::encode(SECRET, self.secret.expose())
    }

    /// Whom to seal to, so that this secret opens it.
    #[must_use]
    pub const fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The scalar, as X25519 takes it.
    pub(crate) fn scalar(&self) -> StaticSecret {
        StaticSecret::from(*self.secret.expose())
    }

    fn new(secret: Secret<32>) -> Self {
        let recipient = Recipient(PublicKey::from(&StaticSecret::from(*secret.expose())).to_bytes());
        Self { secret, recipient }
    }
}

impl fmt::Debug for RecipientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecipientSecret(..)")
    }
}

const RECIPIENT: &str = "age";
const SECRET: &str = "AGE-SECRET-KEY-";

/// Recipients that other age programs know.
const FOREIGN_RECIPIENTS: [&str; 6] = ["age1pq1", "age1tag1", "age1tagpq1", "age1yubikey1", "ssh-ed25519 ", "ssh-rsa "];
/// Secrets that other age programs know.
const FOREIGN_SECRETS: [&str; 2] = ["AGE-SECRET-KEY-PQ-1", "AGE-PLUGIN-"];

fn decode_32(hrp: &'static str, text: &str) -> Result<Secret<32>> {
    let bytes = text::decode(hrp, text)?;
    let array = Zeroizing::new(
        <[u8; 32]>::try_from(bytes.as_slice())
            .map_err(|_| Error::new(ErrorKind::BadKey, "the key does not have 32 bytes"))?,
    );
    Ok(Secret::new(*array))
}

/// Whether a little-endian u-coordinate is below 2^255 - 19.
///
/// RFC 7748 reads the others as if they were reduced, but age's key derivation takes the bytes as they stand: what
/// is sealed to such a recipient opens for nobody.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    *high < 0x7F || *high == 0x7F && (middle.iter().any(|&byte| byte != 0xFF) || *low < 0xED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::FixedEntropy;

    // the examples of the age specification
    const EXAMPLE_SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    const EXAMPLE_RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    #[test]
    fn the_examples_of_the_specification_hold() {
        let secret = RecipientSecret::from_text(EXAMPLE_SECRET).unwrap();
        assert_eq!(secret.recipient().to_string(), EXAMPLE_RECIPIENT);
        assert_eq!(*secret.to_text(), EXAMPLE_SECRET);
        assert_eq!(secret.recipient(), &EXAMPLE_RECIPIENT.parse().unwrap());
    }

    #[test]
    fn texts_lead_back_to_generated_keys() {
        let mut entropy = FixedEntropy::new(7);
        for _ in 0..20 {
            let secret = RecipientSecret::generate(&mut entropy).unwrap();
            let again = RecipientSecret::from_text(&secret.to_text()).unwrap();
            assert_eq!(again.recipient(), secret.recipient());
            assert_eq!(secret.recipient().to_string().parse::<Recipient>().unwrap(), *secret.recipient());
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        let secret = RecipientSecret::from_text(EXAMPLE_SECRET).unwrap();
        assert_eq!(format!("{secret:?}"), "RecipientSecret(..)");
    }

    #[test]
    fn other_types_are_named_as_such() {
        for text in
            ["age1pq1x34nzsv", "age1tag1qt8lw0", "age1tagpq1m3e", "age1yubikey1q", "ssh-ed25519 AAAA", "ssh-rsa A"]
        {
            assert_eq!(text.parse::<Recipient>().unwrap_err().kind(), ErrorKind::UnsupportedRecipient, "{text}");
        }
        for text in ["AGE-SECRET-KEY-PQ-1XX76", "AGE-PLUGIN-YUBIKEY-1Q"] {
            assert_eq!(RecipientSecret::from_text(text).unwrap_err().kind(), ErrorKind::UnsupportedRecipient, "{text}");
        }
    }

    #[test]
    fn near_misses_are_bad_keys() {
        let short = text::encode(RECIPIENT, &[1; 31]).to_string();
        let long = text::encode(RECIPIENT, &[1; 33]).to_string();
        let other = text::encode("agf", &[1; 32]).to_string();
        let spaced = format!(" {EXAMPLE_RECIPIENT}");
        for text in ["", "age", "age1", EXAMPLE_SECRET, &short, &long, &other, &spaced] {
            assert_eq!(text.parse::<Recipient>().unwrap_err().kind(), ErrorKind::BadKey, "{text}");
        }
        for text in ["", EXAMPLE_RECIPIENT, &EXAMPLE_SECRET.to_lowercase()] {
            assert_eq!(RecipientSecret::from_text(text).unwrap_err().kind(), ErrorKind::BadKey, "{text}");
        }
    }

    #[test]
    fn points_beyond_the_prime_are_refused() {
        let mut prime = [0xFF; 32];
        prime[0] = 0xED;
        prime[31] = 0x7F;
        let mut below = prime;
        below[0] = 0xEC;
        let mut high_bit = [0; 32];
        high_bit[0] = 9;
        high_bit[31] = 0x80;
        for (bytes, good) in [(prime, false), (below, true), (high_bit, false), ([0xFF; 32], false), ([9; 32], true)] {
            let text = text::encode(RECIPIENT, &bytes);
            assert_eq!(text.parse::<Recipient>().is_ok(), good);
        }
    }
}
