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
}
