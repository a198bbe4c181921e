//! Addresses in base58check: version, hash, four bytes of double SHA-256, in Bitcoin's alphabet.

use sha2::{Digest, Sha256};

use super::chain::Chain;
use crate::codec::hex;
use crate::error::{Error, ErrorKind, Result};

/// Bytes of the checksum.
const CHECK: usize = 4;
/// Version, 160-bit hash and checksum.
const BYTES: usize = 25;
/// Longer texts are no address in base58.
const MAX_TEXT: usize = 64;
const TRON: u8 = 0x41;

/// What a version byte means for a payload of [`BYTES`].
const VERSIONS: [(u8, Chain); 3] = [(0x00, Chain::Bitcoin), (0x05, Chain::Bitcoin), (TRON, Chain::Tron)];

/// Version bytes of Bitcoin's test networks, which its descendants share.
const TEST_VERSIONS: [u8; 2] = [0x6F, 0xC4];

/// Version bytes of private keys in wallet import format: Bitcoin's main and test networks.
const KEY_VERSIONS: [u8; 2] = [0x80, 0xEF];

/// The text as it is, checksum and version verified.
pub(super) fn canonical(address: &str) -> Result<(Chain, String)> {
    if address.len() > MAX_TEXT {
        return Err(Error::from(ErrorKind::TooLong).at(MAX_TEXT as u64));
    }
    let bytes = decode(address)?;
    let Some((payload, check)) = bytes.split_last_chunk::<CHECK>() else {
        return Err(ErrorKind::WrongLength.into());
    };
    let (version, sound) = (payload.first().copied().unwrap_or_default(), checksum(payload) == *check);
    if sound && matches!(bytes.len(), 37 | 38) && KEY_VERSIONS.contains(&version) {
        return Err(Error::new(ErrorKind::NotValid, "a private key, not an address: whoever reads it can spend"));
    }
    if bytes.len() != BYTES {
        return Err(ErrorKind::WrongLength.into());
    }
    if !sound {
        return Err(ErrorKind::BadChecksum.into());
    }
    if TEST_VERSIONS.contains(&version) {
        return Err(Error::new(ErrorKind::NotValid, "an address of a test network"));
    }
    match VERSIONS.iter().find(|(known, _)| *known == version) {
        Some((_, chain)) => Ok((*chain, address.to_owned())),
        None => Err(Error::new(ErrorKind::NotValid, "a version byte of no chain that is read here")),
    }
}

/// The base58check text of a TRON address in hexadecimal, which begins with 41 and has no checksum.
pub(super) fn tron_from_hex(digits: &str) -> Result<(Chain, String)> {
    let payload = hex::decode::<{ BYTES - CHECK }>(&digits.to_ascii_lowercase())?;
    Ok((Chain::Tron, bs58::encode([payload.as_slice(), &checksum(&payload)].concat()).into_string()))
}

fn decode(address: &str) -> Result<Vec<u8>> {
    bs58::decode(address).into_vec().map_err(|error| match error {
        bs58::decode::Error::InvalidCharacter { index, .. } => {
            Error::new(ErrorKind::InvalidCharacter, "0, O, I and l are not in base58").at(index as u64)
        }
        _ => ErrorKind::InvalidSyntax.into(),
    })
}

fn checksum(payload: &[u8]) -> [u8; CHECK] {
    let digest: [u8; 32] = Sha256::digest(Sha256::digest(payload)).into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_texts_of_a_tron_address_are_one() {
        let text = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
        assert_eq!(canonical(text).unwrap(), (Chain::Tron, text.to_owned()));
        assert_eq!(
            tron_from_hex("41A614F803B6FD780986A42C78EC9C7F77E6DED13C").unwrap(),
            (Chain::Tron, text.to_owned())
        );
    }

    #[test]
    fn a_changed_letter_and_a_lost_letter_differ() {
        assert_eq!(canonical("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T").unwrap_err().kind(), ErrorKind::BadChecksum);
        assert_eq!(canonical("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj").unwrap_err().kind(), ErrorKind::WrongLength);
    }

    #[test]
    fn a_private_key_is_named_as_one() {
        let error = canonical("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotValid);
        assert!(error.message().starts_with("a private key"));
    }
}
