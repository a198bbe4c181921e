//! The keys of a file and the X25519 recipient type.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};
use zeroize::Zeroizing;

use crate::crypto::age::keys::{Recipient, RecipientSecret};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::{Secret, verdict};

/// Bytes of a tag of ChaCha20-Poly1305.
pub(super) const TAG: usize = 16;

/// What a file is encrypted under; every stanza holds it for one recipient.
pub(super) type FileKey = Secret<16>;

/// An X25519 stanza: `share` is the ephemeral share, `body` the file key under the wrap key.
pub(super) struct Stanza {
    pub(super) share: [u8; 32],
    pub(super) body: [u8; 32],
    /// Where it stands in the file, for errors.
    pub(super) offset: usize,
}

/// `body = ChaCha20-Poly1305(wrap key, nonce 0, file key)`, with a fresh ephemeral secret.
pub(super) fn wrap(file_key: &FileKey, recipient: &Recipient, entropy: &mut dyn Entropy) -> Result<Stanza> {
    let ephemeral = StaticSecret::from(*Secret::random(entropy)?.expose());
    let share = PublicKey::from(&ephemeral).to_bytes();
    let shared = ephemeral.diffie_hellman(&PublicKey::from(*recipient.bytes()));
    if !verdict(shared.was_contributory()) {
        return Err(Error::new(
            ErrorKind::BadKey,
            "the recipient is a point of low order: everybody could read the file",
        ));
    }
    let cipher = wrap_cipher(&shared, &share, recipient);
    let mut body = [0; 32];
    let (wrapped, tag) = body.split_at_mut(TAG);
    wrapped.copy_from_slice(file_key.expose());
    let made = cipher.encrypt_inout_detached(&Nonce::default(), &[], wrapped.into());
    tag.copy_from_slice(&made.map_err(|_| Error::from(ErrorKind::LimitExceeded))?);
    Ok(Stanza { share, body, offset: 0 })
}

/// The file key, if the stanza is for this secret.
///
/// # Errors
/// [`ErrorKind::BadHeader`] for a share of low order, at the stanza.
pub(super) fn unwrap(stanza: &Stanza, secret: &RecipientSecret, scalar: &StaticSecret) -> Result<Option<FileKey>> {
    let shared = scalar.diffie_hellman(&PublicKey::from(stanza.share));
    if !verdict(shared.was_contributory()) {
        return Err(
            Error::new(ErrorKind::BadHeader, "a recipient's share is a point of low order").at(stanza.offset as u64)
        );
    }
    let cipher = wrap_cipher(&shared, &stanza.share, secret.recipient());
    let (Some(key), Some(tag)) = (stanza.body.first_chunk(), stanza.body.last_chunk()) else {
        return Ok(None);
    };
    let mut key: Zeroizing<[u8; 16]> = Zeroizing::new(*key);
    let tag = Tag::from(*tag);
    let opened = cipher.decrypt_inout_detached(&Nonce::default(), &[], key.as_mut_slice().into(), &tag);
    Ok(verdict(opened.is_ok()).then(|| FileKey::new(*key)))
}

/// `HMAC-SHA-256(HKDF(file key, empty, "header"), header up to and including "---")`, ready for `finalize` or
/// `verify`.
pub(super) fn header_mac(file_key: &FileKey, header: &[u8]) -> Hmac<Sha256> {
    let key = hkdf(file_key.expose(), &[], b"header");
    let mut mac = keyed(key.as_slice());
    mac.update(header);
    mac
}

/// The cipher of the payload: `HKDF(file key, nonce, "payload")`.
pub(super) fn payload_cipher(file_key: &FileKey, nonce: &[u8; 16]) -> ChaCha20Poly1305 {
    cipher(&hkdf(file_key.expose(), nonce, b"payload"))
}

/// `wrap key = HKDF(shared secret, ephemeral share || recipient, "age-encryption.org/v1/X25519")`.
fn wrap_cipher(shared: &SharedSecret, share: &[u8; 32], recipient: &Recipient) -> ChaCha20Poly1305 {
    let mut salt = [0; 64];
    let (first, second) = salt.split_at_mut(32);
    first.copy_from_slice(share);
    second.copy_from_slice(recipient.bytes());
    cipher(&hkdf(shared.as_bytes(), &salt, b"age-encryption.org/v1/X25519"))
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.into())
}

/// HKDF-SHA-256 (RFC 5869) with 32 bytes of output.
fn hkdf(ikm: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    #[expect(clippy::expect_used, reason = "32 bytes are one block of the hash; only over 255 are too many")]
    Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, key.as_mut_slice()).expect("one block");
    key
}

pub(super) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any length")
}
