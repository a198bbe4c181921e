//! ChaCha20-Poly1305 (RFC 8439) under keys that are used once: nonce zero, no associated data.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

use crate::secret::verdict;

/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

/// Encrypts `text` in place and returns its tag; `None` if it is longer than the cipher allows (256 GiB).
pub(crate) fn seal_once(key: &[u8; 32], text: &mut [u8]) -> Option<[u8; TAG]> {
    ChaCha20Poly1305::new(key.into()).encrypt_inout_detached(&Nonce::default(), b"", text.into()).ok().map(Into::into)
}

/// Decrypts `text` in place, if the tag is right. Otherwise `text` is not to be used.
#[must_use]
pub(crate) fn open_once(key: &[u8; 32], text: &mut [u8], tag: &[u8; TAG]) -> bool {
    let cipher = ChaCha20Poly1305::new(key.into());
    verdict(cipher.decrypt_inout_detached(&Nonce::default(), b"", text.into(), tag.into()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_its_key_and_tag_alone() {
        let mut text = *b"claim";
        let mut tag = seal_once(&[1; 32], &mut text).unwrap();
        assert_ne!(&text, b"claim");
        assert!(!open_once(&[2; 32], &mut text.clone(), &tag));
        assert!(open_once(&[1; 32], &mut text, &tag));
        assert_eq!(&text, b"claim");
        tag[0] ^= 1;
        assert!(!open_once(&[1; 32], &mut text, &tag));
    }

    /// Why records carry a commitment: these bodies open under two to five keys each.
    #[test]
    fn the_cipher_does_not_commit_to_its_key() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/commitment.json")).unwrap();
        let unhex = |value: &serde_json::Value| -> Vec<u8> {
            let text = value.as_str().unwrap();
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        for vector in vectors["vectors"].as_array().unwrap() {
            let body = unhex(&vector["ciphertext_and_tag"]);
            let (text, tag) = body.split_last_chunk::<TAG>().unwrap();
            let nonce: [u8; 12] = unhex(&vector["nonce"]).try_into().unwrap();
            let keys = vector["keys"].as_array().unwrap();
            assert!(keys.len() >= 2);
            for key in keys {
                let key: [u8; 32] = unhex(key).try_into().unwrap();
                let mut text = text.to_vec();
                ChaCha20Poly1305::new((&key).into())
                    .decrypt_inout_detached(&Nonce::from(nonce), b"", text.as_mut_slice().into(), tag.into())
                    .unwrap();
            }
        }
    }
}
