//! Records: claims that only a holder of the identifier and the feed's key can open (`docs/format.md` §6.2).
//!
//! ```text
//! okm    = derive_key XOF("bisik 2026 v1 record", record secret ‖ salt ‖ token ‖ IDS), 64 bytes
//! stored = salt (16) ‖ okm[32..64] ‖ ChaCha20-Poly1305(key = okm[0..32], nonce = 0, padded plaintext)
//! ```
//!
//! The second half of `okm` commits to the key, which the cipher itself does not (Len, Grubbs, Ristenpart,
//! "Partitioning Oracle Attacks", USENIX Security 2021).

use zeroize::Zeroizing;

use crate::crypto::aead::{self, TAG};
use crate::crypto::mac::{Digest, context, derive_wide};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::indicator::Claim;
use crate::secret::same;
use crate::token::{Ids, record_secret, token};

/// The lengths that records can have.
pub(crate) const SIZES: [u32; 6] = [128, 256, 512, 1024, 2048, 4096];
const SALT: usize = 16;
const COMMITMENT: usize = 32;
/// Bytes of a record that are not plaintext.
const OVERHEAD: usize = SALT + COMMITMENT + TAG;
const LENGTH_FIELD: usize = 2;

/// The smallest record size that holds fields of `longest` bytes.
pub(crate) fn size_for(longest: usize) -> Result<u32> {
    SIZES
        .into_iter()
        .find(|&size| size as usize >= longest + LENGTH_FIELD + OVERHEAD)
        .ok_or_else(|| ErrorKind::RecordTooLong.into())
}

/// Appends one record of `size` bytes. `fields` fit, because the size was chosen with [`size_for`].
pub(crate) fn seal(
    digest: &Digest,
    ids: &Ids,
    fields: &[u8],
    size: u32,
    entropy: &mut dyn Entropy,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut salt = [0; SALT];
    entropy.fill(&mut salt)?;
    let (key, commitment) = keys(digest, ids, &salt);
    let mut text = Zeroizing::new(vec![0; size as usize - OVERHEAD]);
    let length = u16::try_from(fields.len()).map_err(|_| Error::from(ErrorKind::RecordTooLong))?;
    let (head, rest) = text.split_at_mut(LENGTH_FIELD);
    head.copy_from_slice(&length.to_le_bytes());
    rest.get_mut(..fields.len()).ok_or_else(|| Error::from(ErrorKind::RecordTooLong))?.copy_from_slice(fields);
    let tag = aead::seal_once(&key, &mut text).ok_or_else(|| Error::from(ErrorKind::RecordTooLong))?;
    out.extend_from_slice(&salt);
    out.extend_from_slice(&commitment);
    out.extend_from_slice(&text);
    out.extend_from_slice(&tag);
    Ok(())
}

/// Opens one record. Every failure is the same error.
pub(crate) fn open(digest: &Digest, ids: &Ids, record: &[u8]) -> Result<Claim> {
    open_fields(digest, ids, record).ok_or_else(|| ErrorKind::RecordUnreadable.into())
}

fn open_fields(digest: &Digest, ids: &Ids, record: &[u8]) -> Option<Claim> {
    let text = decrypt(digest, ids, record)?;
    let (length, rest) = text.split_first_chunk::<LENGTH_FIELD>()?;
    let (fields, padding) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    if padding.iter().any(|&byte| byte != 0) {
        return None;
    }
    Claim::decode(fields).ok()
}

/// The padded plaintext, if the record was made for this digest.
pub(crate) fn decrypt(digest: &Digest, ids: &Ids, record: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (salt, rest) = record.split_first_chunk::<SALT>()?;
    let (stored, rest) = rest.split_first_chunk::<COMMITMENT>()?;
    let (text, tag) = rest.split_last_chunk::<TAG>()?;
    let (key, commitment) = keys(digest, ids, salt);
    if !same(stored, &commitment) {
        return None;
    }
    let mut text = Zeroizing::new(text.to_vec());
    aead::open_once(&key, &mut text, tag).then_some(text)
}

fn keys(digest: &Digest, ids: &Ids, salt: &[u8; SALT]) -> (Zeroizing<[u8; 32]>, [u8; COMMITMENT]) {
    let okm =
        Zeroizing::new(derive_wide(&context::RECORD, &[record_secret(digest), salt, &token(digest), ids.as_bytes()]));
    let (first, second) = okm.split_at(32);
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(first);
    let mut commitment = [0; COMMITMENT];
    commitment.copy_from_slice(second);
    (key, commitment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sign::KeyId;
    use crate::entropy::FixedEntropy;

    fn ids() -> Ids {
        Ids::new(&KeyId::from_bytes([5; 32]), "feed", 1)
    }

    fn sealed(claim: &Claim) -> Vec<u8> {
        let fields = claim.encode();
        let mut out = Vec::new();
        seal(&[7; 32], &ids(), &fields, size_for(fields.len()).unwrap(), &mut FixedEntropy::new(1), &mut out).unwrap();
        out
    }

    #[test]
    fn a_record_opens_for_its_digest_alone() {
        let claim = Claim { category: Some("phishing".into()), ..Claim::default() };
        let record = sealed(&claim);
        assert_eq!(record.len(), 128);
        assert_eq!(open(&[7; 32], &ids(), &record).unwrap(), claim);
        assert_eq!(open(&[8; 32], &ids(), &record).unwrap_err().kind(), ErrorKind::RecordUnreadable);
        let other = Ids::new(&KeyId::from_bytes([5; 32]), "feed", 2);
        assert!(open(&[7; 32], &other, &record).is_err());
    }

    #[test]
    fn every_flipped_byte_is_one_and_the_same_error() {
        let record = sealed(&Claim { confidence: Some(3), ..Claim::default() });
        for at in 0..record.len() {
            let mut bad = record.clone();
            bad[at] ^= 1;
            let error = open(&[7; 32], &ids(), &bad).unwrap_err();
            assert_eq!(
                (error.kind(), error.position(), error.message()),
                (ErrorKind::RecordUnreadable, None, ErrorKind::RecordUnreadable.summary())
            );
        }
        for end in 0..record.len() {
            assert!(open(&[7; 32], &ids(), &record[..end]).is_err());
        }
    }

    #[test]
    fn all_claims_of_a_class_have_one_length() {
        assert_eq!(size_for(0).unwrap(), 128);
        assert_eq!(size_for(62).unwrap(), 128);
        assert_eq!(size_for(63).unwrap(), 256);
        assert_eq!(size_for(4_030).unwrap(), 4_096);
        assert_eq!(size_for(4_031).unwrap_err().kind(), ErrorKind::RecordTooLong);
    }

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn cipher_opens(key: &[u8; 32], body: &[u8]) -> bool {
        let (text, tag) = body.split_last_chunk::<TAG>().unwrap();
        aead::open_once(key, &mut text.to_vec(), tag)
    }

    /// T7: text and tag that the cipher takes under the keys of two digests. Two blocks of the text solve the two
    /// equations of Poly1305; made for these digests, this salt and these ids.
    #[test]
    fn a_body_that_fits_two_keys_opens_for_one_digest_at_most() {
        const BODY: &str = "f5b165224a58b791df6af1d8303e61cdc4bb86c3d1c427103c344c4189eb2f1e69ee70b16170e7d2d15199804b4356\
                            44309e218263ea19ffcc478e94697883398c2e0718822ce47ca8c74107e66cb0e4";
        let (body, salt) = (unhex(BODY), [9; SALT]);
        let digests = [[7; 32], [8; 32]];
        for digest in &digests {
            // The control: without the commitment both would open.
            assert!(cipher_opens(&keys(digest, &ids(), &salt).0, &body));
        }
        for digest in &digests {
            let commitment = keys(digest, &ids(), &salt).1;
            let record = [&salt[..], &commitment, &body].concat();
            let opened: Vec<_> = digests.iter().filter(|other| decrypt(other, &ids(), &record).is_some()).collect();
            assert_eq!(opened, [digest]);
        }
        for commitment in [[0; COMMITMENT], [0xFF; COMMITMENT]] {
            let record = [&salt[..], &commitment, &body].concat();
            assert!(digests.iter().all(|digest| decrypt(digest, &ids(), &record).is_none()));
        }
    }

    /// The shared bodies, each of which fits several keys (`crypto/aead.rs` shows it), as records.
    #[test]
    fn shared_multi_key_bodies_open_for_nobody() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/commitment.json")).unwrap();
        let text = |value: &serde_json::Value| unhex(value.as_str().unwrap());
        for vector in vectors["vectors"].as_array().unwrap() {
            let body = text(&vector["ciphertext_and_tag"]);
            for key in vector["keys"].as_array().unwrap() {
                let key: [u8; 32] = text(key).try_into().unwrap();
                let (_, commitment) = keys(&key, &ids(), &[9; SALT]);
                let record = [&[9; SALT][..], &commitment, &body].concat();
                assert!(decrypt(&key, &ids(), &record).is_none());
            }
        }
    }
}
