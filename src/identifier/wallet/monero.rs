//! Monero: base58 in blocks of 8 bytes to 11 characters, network byte first, four bytes of Keccak-256 last.

use sha3::{Digest, Keccak256};

use super::base58;
use super::chain::Chain;
use crate::error::{Error, ErrorKind, Result};

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Characters of an address or sub-address, and of one that holds a payment id.
const LENGTHS: [usize; 2] = [95, 106];
/// Bytes and characters of a full block and of the last.
const BLOCK: (usize, usize) = (8, 11);
const LAST: (usize, usize) = (5, 7);
/// Network bytes: address, integrated address and sub-address of the main network; the test networks.
const MAIN: [u8; 3] = [18, 19, 42];
const TEST: [u8; 6] = [53, 54, 63, 24, 25, 36];

/// Whether the length is one of Monero's; no other format here reaches it.
pub(super) fn is_one(address: &str) -> bool {
    LENGTHS.contains(&address.len())
}

/// The text as it is, checksum and network verified. A payment id inside stays: it names the payee.
pub(super) fn canonical(address: &str) -> Result<(Chain, String)> {
    let mut bytes = Vec::with_capacity(80);
    for (index, block) in address.as_bytes().chunks(BLOCK.1).enumerate() {
        let size = if block.len() == BLOCK.1 { BLOCK.0 } else { LAST.0 };
        let value = value(block).map_err(|error| error.at((index * BLOCK.1) as u64))?;
        let all = value.to_be_bytes();
        let (above, block) = all.split_at(all.len() - size);
        if above.iter().any(|&byte| byte != 0) {
            return Err(Error::new(ErrorKind::InvalidSyntax, "a block is larger than its bytes"));
        }
        bytes.extend_from_slice(block);
    }
    let (payload, check) = bytes.split_last_chunk::<4>().ok_or(ErrorKind::WrongLength)?;
    if !Keccak256::digest(payload).starts_with(check) {
        return Err(ErrorKind::BadChecksum.into());
    }
    let network = payload.first().copied().unwrap_or_default();
    if TEST.contains(&network) {
        return Err(base58::test_network());
    }
    if !MAIN.contains(&network) || (network == 19) != (address.len() == LENGTHS[1]) {
        return Err(base58::unknown_version());
    }
    Ok((Chain::Monero, address.to_owned()))
}

/// The number that at most 11 base58 characters write: below 58^11, so it fits 128 bits.
fn value(block: &[u8]) -> Result<u128> {
    block.iter().try_fold(0_u128, |value, byte| {
        let digit = ALPHABET.iter().position(|known| known == byte);
        let digit = digit.ok_or(Error::new(ErrorKind::InvalidCharacter, "0, O, I and l are not in base58"))?;
        Ok(value * 58 + digit as u128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str =
        "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H";

    #[test]
    fn a_sub_address_is_read_and_a_changed_letter_is_seen() {
        assert_eq!(canonical(ADDRESS).unwrap(), (Chain::Monero, ADDRESS.to_owned()));
        let changed = ADDRESS.replace("888tN", "888tM");
        assert_eq!(canonical(&changed).unwrap_err().kind(), ErrorKind::BadChecksum);
    }

    #[test]
    fn a_block_beyond_64_bits_is_refused_without_wrapping() {
        let large = "z".repeat(LENGTHS[0]);
        assert_eq!(canonical(&large).unwrap_err().kind(), ErrorKind::InvalidSyntax);
    }

    /// The text of bytes in blocks, as Monero writes base58.
    fn text(bytes: &[u8]) -> String {
        let mut text = String::new();
        for block in bytes.chunks(BLOCK.0) {
            let mut value = block.iter().fold(0_u128, |value, &byte| value << 8 | u128::from(byte));
            let mut digits = vec![b'1'; if block.len() == BLOCK.0 { BLOCK.1 } else { LAST.1 }];
            for digit in digits.iter_mut().rev() {
                *digit = ALPHABET[(value % 58) as usize];
                value /= 58;
            }
            text.push_str(std::str::from_utf8(&digits).unwrap());
        }
        text
    }

    fn address(network: u8, body: usize) -> String {
        let mut bytes = vec![network];
        bytes.resize(1 + body, 0x5A);
        let digest = Keccak256::digest(&bytes);
        bytes.extend_from_slice(&digest[..4]);
        text(&bytes)
    }

    /// `cryptonote_config.h`: 18 and 42 hold two keys, 19 a payment id of eight bytes besides.
    #[test]
    fn networks_and_lengths() {
        for network in 0..=127 {
            for (body, length) in [(64, 95), (72, 106)] {
                let text = address(network, body);
                assert_eq!(text.len(), length);
                assert!(is_one(&text));
                let taken = matches!((network, length), (18 | 42, 95) | (19, 106));
                let test = matches!(network, 53 | 54 | 63 | 24 | 25 | 36);
                let error = if test { base58::test_network() } else { base58::unknown_version() };
                let found = canonical(&text).map_err(|error| error.message());
                let expected = if taken { Ok((Chain::Monero, text.clone())) } else { Err(error.message()) };
                assert_eq!(found, expected, "{network} {length}");
            }
        }
        for length in [94, 96, 105, 107] {
            assert!(!is_one(&"1".repeat(length)));
        }
    }

    #[test]
    fn blocks_hold_their_bytes_and_no_more() {
        let right = address(18, 64);
        // 2^64 - 1 is the largest block, 2^40 - 1 the largest last one.
        assert_eq!(value(b"jpXCZedGfVQ").unwrap(), u128::from(u64::MAX));
        assert_eq!(value(b"VtB5VXc").unwrap(), (1 << 40) - 1);
        for (at, block, kind) in [
            (0, "jpXCZedGfVQ", ErrorKind::BadChecksum),
            (0, "jpXCZedGfVR", ErrorKind::InvalidSyntax),
            (88, "VtB5VXc", ErrorKind::BadChecksum),
            (88, "VtB5VXd", ErrorKind::InvalidSyntax),
        ] {
            let mut changed = right.clone();
            changed.replace_range(at..at + block.len(), block);
            assert_eq!(canonical(&changed).unwrap_err().kind(), kind, "{block}");
        }
        let mut changed = right.clone();
        changed.replace_range(12..13, "0");
        let error = canonical(&changed).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::InvalidCharacter, Some(11)));
    }
}
