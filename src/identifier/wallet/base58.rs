//! Addresses in base58check: version, hash, four bytes of double SHA-256, in Bitcoin's alphabet.

use sha2::{Digest, Sha256};

use super::chain::Chain;
use crate::codec::hex;
use crate::error::{Error, ErrorKind, Result};

/// Bytes of the checksum.
const CHECK: usize = 4;
/// Version, 160-bit hash and checksum.
pub(super) const BYTES: usize = 25;
const ZCASH_BYTES: usize = 26;
/// A public key of Ed25519, without version and checksum.
const SOLANA_BYTES: usize = 32;
/// Longer texts are no address in base58.
const MAX_TEXT: usize = 64;
const TRON: u8 = 0x41;
/// Bitcoin's and Litecoin's script hashes shared a version until Litecoin took one of its own.
const BITCOIN_SCRIPT: u8 = 0x05;
const LITECOIN_SCRIPT: u8 = 0x32;

/// What a version byte means for a payload of [`BYTES`]. Other ledgers share some: forks of Bitcoin (0x00, 0x05),
/// Verge and DigiByte (0x1E).
const VERSIONS: [(u8, Chain); 11] = [
    (0x00, Chain::Bitcoin),
    (0x05, Chain::Bitcoin),
    (0x10, Chain::Dash),
    (0x16, Chain::Dogecoin),
    (0x17, Chain::BitcoinGold),
    (0x1E, Chain::Dogecoin),
    (0x26, Chain::BitcoinGold),
    (0x30, Chain::Litecoin),
    (LITECOIN_SCRIPT, Chain::Litecoin),
    (0x4C, Chain::Dash),
    (TRON, Chain::Tron),
];

/// Version bytes of test networks: Bitcoin and its descendants, Litecoin, Dogecoin, Dash.
const TEST_VERSIONS: [u8; 6] = [0x6F, 0xC4, 0x3A, 0x71, 0x8C, 0x13];

/// Zcash's transparent addresses have two version bytes: main and test networks.
const ZCASH: [[u8; 2]; 2] = [[0x1C, 0xB8], [0x1C, 0xBD]];
const ZCASH_TEST: [[u8; 2]; 2] = [[0x1D, 0x25], [0x1C, 0xBA]];

/// Version bytes of private keys in wallet import format: Bitcoin's main and test networks.
const KEY_VERSIONS: [u8; 2] = [0x80, 0xEF];

/// The text as it is, checksum and version verified; 32 bytes without a checksum are Solana's.
pub(super) fn canonical(address: &str, named: Option<Chain>) -> Result<(Chain, String)> {
    if address.len() > MAX_TEXT {
        return Err(Error::from(ErrorKind::TooLong).at(MAX_TEXT as u64));
    }
    let bytes = decode(address, bs58::Alphabet::BITCOIN)?;
    if bytes.len() == SOLANA_BYTES {
        return Ok((Chain::Solana, address.to_owned()));
    }
    let (payload, sound) = checked(&bytes)?;
    let version = payload.first().copied().unwrap_or_default();
    if sound && matches!(bytes.len(), 37 | 38) && KEY_VERSIONS.contains(&version) {
        return Err(Error::new(ErrorKind::NotValid, "a private key, not an address: whoever reads it can spend"));
    }
    match (bytes.len(), payload.first_chunk::<2>()) {
        (BYTES, _) if !sound => Err(ErrorKind::BadChecksum.into()),
        (BYTES, _) if TEST_VERSIONS.contains(&version) => Err(test_network()),
        (BYTES, _) if version == BITCOIN_SCRIPT && named == Some(Chain::Litecoin) => {
            Ok((Chain::Litecoin, encode(LITECOIN_SCRIPT, payload.get(1..).unwrap_or_default())))
        }
        (BYTES, _) => match VERSIONS.iter().find(|(known, _)| *known == version) {
            Some((_, chain)) => Ok((*chain, address.to_owned())),
            None => Err(unknown_version()),
        },
        (ZCASH_BYTES, _) if !sound => Err(ErrorKind::BadChecksum.into()),
        (ZCASH_BYTES, Some(version)) if ZCASH.contains(version) => Ok((Chain::Zcash, address.to_owned())),
        (ZCASH_BYTES, Some(version)) if ZCASH_TEST.contains(version) => Err(test_network()),
        (ZCASH_BYTES, _) => Err(unknown_version()),
        _ => Err(ErrorKind::WrongLength.into()),
    }
}

/// The base58check text of a version byte and a hash.
pub(super) fn encode(version: u8, hash: &[u8]) -> String {
    bs58::encode(with_checksum(version, hash)).into_string()
}

/// A version byte, a hash and their checksum.
pub(super) fn with_checksum(version: u8, hash: &[u8]) -> Vec<u8> {
    let mut bytes = vec![version];
    bytes.extend_from_slice(hash);
    let check = checksum(&bytes);
    bytes.extend_from_slice(&check);
    bytes
}

/// The bytes before the checksum, and whether it is theirs.
pub(super) fn checked(bytes: &[u8]) -> Result<(&[u8], bool)> {
    let (payload, check) = bytes.split_last_chunk::<CHECK>().ok_or(ErrorKind::WrongLength)?;
    Ok((payload, checksum(payload) == *check))
}

pub(super) fn test_network() -> Error {
    Error::new(ErrorKind::NotValid, "an address of a test network")
}

pub(super) fn unknown_version() -> Error {
    Error::new(ErrorKind::NotValid, "a version byte of no chain that is read here")
}

/// The base58check text of a TRON address in hexadecimal, which begins with 41 and has no checksum.
pub(super) fn tron_from_hex(digits: &str) -> Result<(Chain, String)> {
    let payload = hex::decode::<{ BYTES - CHECK }>(&digits.to_ascii_lowercase())?;
    let [version, hash @ ..] = payload;
    Ok((Chain::Tron, encode(version, &hash)))
}

pub(super) fn decode(address: &str, alphabet: &bs58::Alphabet) -> Result<Vec<u8>> {
    bs58::decode(address).with_alphabet(alphabet).into_vec().map_err(|error| match error {
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
        assert_eq!(canonical(text, None).unwrap(), (Chain::Tron, text.to_owned()));
        assert_eq!(
            tron_from_hex("41A614F803B6FD780986A42C78EC9C7F77E6DED13C").unwrap(),
            (Chain::Tron, text.to_owned())
        );
    }

    #[test]
    fn a_changed_letter_and_a_lost_letter_differ() {
        assert_eq!(canonical("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T", None).unwrap_err().kind(), ErrorKind::BadChecksum);
        assert_eq!(canonical("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj", None).unwrap_err().kind(), ErrorKind::WrongLength);
    }

    #[test]
    fn the_old_script_address_of_litecoin_needs_the_chain_named() {
        let old = "3MSvaVbVFFLML86rt5eqgA9SvW23upaXdY";
        let new = "MTf4tP1TCNBn8dNkyxeBVoPrFCcVzxJvvh";
        assert_eq!(canonical(old, None).unwrap(), (Chain::Bitcoin, old.to_owned()));
        assert_eq!(canonical(old, Some(Chain::Litecoin)).unwrap(), (Chain::Litecoin, new.to_owned()));
        assert_eq!(canonical(new, None).unwrap(), (Chain::Litecoin, new.to_owned()));
    }

    #[test]
    fn a_private_key_is_named_as_one() {
        let error = canonical("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotValid);
        assert!(error.message().starts_with("a private key"));
    }

    /// The chain parameters of each ledger: version bytes of addresses with a hash of 160 bits.
    #[test]
    fn every_version_byte() {
        let hash = [0x5A; 20];
        for version in 0..=255_u8 {
            let text = encode(version, &hash);
            let found = canonical(&text, None).map_err(|error| (error.kind(), error.message()));
            let chain = match version {
                0x00 | 0x05 => Some(Chain::Bitcoin),
                0x30 | 0x32 => Some(Chain::Litecoin),
                0x1E | 0x16 => Some(Chain::Dogecoin),
                0x4C | 0x10 => Some(Chain::Dash),
                0x26 | 0x17 => Some(Chain::BitcoinGold),
                0x41 => Some(Chain::Tron),
                _ => None,
            };
            let test = matches!(version, 0x6F | 0xC4 | 0x3A | 0x71 | 0x8C | 0x13);
            let error = if test { test_network() } else { unknown_version() };
            let expected = chain.map(|chain| (chain, text.clone())).ok_or((ErrorKind::NotValid, error.message()));
            assert_eq!(found, expected, "{version:#x}");
        }
        for (version, chain) in [
            ([0x1C, 0xB8], Ok(Chain::Zcash)),
            ([0x1C, 0xBD], Ok(Chain::Zcash)),
            ([0x1D, 0x25], Err("an address of a test network")),
            ([0x1C, 0xBA], Err("an address of a test network")),
            ([0x1C, 0xB9], Err(unknown_version().message())),
        ] {
            let mut payload = vec![version[1]];
            payload.extend_from_slice(&hash);
            let text = encode(version[0], &payload);
            assert_eq!(
                canonical(&text, None).map(|(chain, _)| chain).map_err(|error| error.message()),
                chain,
                "{version:?}"
            );
            let wrong = with_checksum(version[0], &payload)
                .iter()
                .enumerate()
                .map(|(at, byte)| if at == 25 { byte ^ 1 } else { *byte })
                .collect::<Vec<_>>();
            let error = canonical(&bs58::encode(wrong).into_string(), None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BadChecksum);
        }
    }

    #[test]
    fn lengths_of_keys_and_addresses() {
        let payload = [0x5A; 40];
        for (version, bytes, expected) in [
            (0x80, 32, "a private key"),
            (0x80, 33, "a private key"),
            (0xEF, 32, "a private key"),
            (0x80, 31, ""),
            (0x80, 34, ""),
            (0x81, 32, ""),
            (0x00, 19, ""),
            (0x00, 22, ""),
        ] {
            let error = canonical(&encode(version, &payload[..bytes]), None).unwrap_err();
            assert_eq!(error.message().starts_with("a private key"), !expected.is_empty(), "{version:#x} {bytes}");
            let kind = if expected.is_empty() { ErrorKind::WrongLength } else { ErrorKind::NotValid };
            assert_eq!(error.kind(), kind, "{version:#x} {bytes}");
        }
        // A key whose checksum is wrong is no key.
        let mut wrong = with_checksum(0x80, &payload[..32]);
        wrong[36] ^= 1;
        let error = canonical(&bs58::encode(wrong).into_string(), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongLength);
        // 31, 32 and 33 bytes: only 32 are a key of Ed25519.
        for (bytes, taken) in [(31, false), (32, true), (33, false)] {
            let text = bs58::encode(&payload[..bytes]).into_string();
            let found = canonical(&text, None).map_err(|error| error.kind());
            assert_eq!(found, if taken { Ok((Chain::Solana, text)) } else { Err(ErrorKind::WrongLength) }, "{bytes}");
        }
        assert_eq!(canonical(&"1".repeat(64), None).unwrap_err().kind(), ErrorKind::WrongLength);
        assert_eq!(canonical(&"1".repeat(65), None).unwrap_err().kind(), ErrorKind::TooLong);
        assert_eq!(canonical("111", None).unwrap_err().kind(), ErrorKind::WrongLength);
        let error = canonical("11O1", None).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::InvalidCharacter, Some(2)));
        // Bitcoin's key hash stays Bitcoin's under Litecoin's name: the caller refuses it.
        let key_hash = encode(0x00, &payload[..20]);
        assert_eq!(canonical(&key_hash, Some(Chain::Litecoin)).unwrap().0, Chain::Bitcoin);
        let script_hash = encode(0x05, &payload[..20]);
        assert_eq!(canonical(&script_hash, Some(Chain::Bitcoin)).unwrap(), (Chain::Bitcoin, script_hash.clone()));
    }
}
