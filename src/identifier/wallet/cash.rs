//! Bitcoin Cash's own text, CashAddr: read, and written as Bitcoin's text of the same hash.
//!
//! Checksum: a BCH code over GF(32) with 40 bits, over the prefix's low five bits, a zero, and the data.

use super::base58;
use super::chain::Chain;
use crate::error::{Error, ErrorKind, Result};

const PREFIX: &str = "bitcoincash";
const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Symbols of an address with a hash of 160 bits, checksum included.
const SYMBOLS: usize = 42;
/// Symbols of the checksum.
const CHECK: usize = 8;
/// The bits of the last symbol before the checksum that no octet holds: 34 symbols are 21 octets and two bits.
const PADDING: u8 = 0b11;
/// The first letters: key hash and script hash, plain and token-aware.
const FIRST: [char; 4] = ['q', 'p', 'z', 'r'];

/// Whether the text looks like one, without its prefix.
pub(super) fn is_one(address: &str) -> bool {
    address.len() == SYMBOLS
        && address.starts_with(|c: char| FIRST.contains(&c.to_ascii_lowercase()))
        && address.bytes().all(|byte| ALPHABET.contains(&byte.to_ascii_lowercase()))
}

/// The base58check text of the same key or script hash.
pub(super) fn canonical(address: &str) -> Result<(Chain, String)> {
    if address.bytes().any(|byte| byte.is_ascii_lowercase()) && address.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(Error::new(ErrorKind::MixedCase, "a CashAddr is all lower or all upper case"));
    }
    let symbols: Vec<u8> = address
        .bytes()
        .filter_map(|byte| ALPHABET.iter().position(|&known| known == byte.to_ascii_lowercase()))
        .map(|value| value as u8)
        .collect();
    let prefix = PREFIX.bytes().map(|byte| byte & 31).chain([0]);
    if polymod(prefix.chain(symbols.iter().copied())) != 0 {
        return Err(ErrorKind::BadChecksum.into());
    }
    let data = symbols.get(..SYMBOLS - CHECK).unwrap_or_default();
    if data.last().is_none_or(|last| last & PADDING != 0) {
        return Err(Error::new(ErrorKind::InvalidSyntax, "the bits behind the hash are not zero"));
    }
    let bytes = octets(data);
    match bytes.split_first() {
        Some((0x00 | 0x10, hash)) => Ok((Chain::Bitcoin, base58::encode(0x00, hash))),
        Some((0x08 | 0x18, hash)) => Ok((Chain::Bitcoin, base58::encode(0x05, hash))),
        _ => Err(base58::unknown_version()),
    }
}

/// The whole octets in a row of five-bit symbols.
fn octets(symbols: &[u8]) -> Vec<u8> {
    let (mut bytes, mut buffer, mut bits) = (Vec::with_capacity(symbols.len()), 0_u32, 0);
    for &symbol in symbols {
        buffer = (buffer << 5 | u32::from(symbol)) & 0xFFF;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    bytes
}

fn polymod(symbols: impl Iterator<Item = u8>) -> u64 {
    const GENERATORS: [u64; 5] = [0x98_F2BC_8E61, 0x79_B76D_99E2, 0xF3_3E5F_B3C4, 0xAE_2EAB_E2A8, 0x1E_4F43_E470];
    let code = symbols.fold(1_u64, |code, symbol| {
        let shifted = ((code & 0x07_FFFF_FFFF) << 5) ^ u64::from(symbol);
        let top = code >> 35;
        GENERATORS.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1).fold(shifted, |code, (_, g)| code ^ g)
    });
    code ^ 1
}

#[cfg(test)]
mod tests {
    use super::*;

    // the examples of the CashAddr specification
    const PAIRS: [(&str, &str); 4] = [
        ("qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"),
        ("qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy", "1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR"),
        ("ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq", "3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC"),
        ("pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e", "3LDsS579y7sruadqu11beEJoTjdFiFCdX4"),
    ];

    #[test]
    fn the_text_of_bitcoin_has_the_same_hash() {
        for (cash, base58) in PAIRS {
            assert!(is_one(cash));
            assert_eq!(canonical(cash).unwrap(), (Chain::Bitcoin, base58.to_owned()));
            assert_eq!(canonical(&cash.to_uppercase()).unwrap().1, base58);
        }
    }

    #[test]
    fn a_changed_symbol_is_seen() {
        let changed = PAIRS[0].0.replace("2qsz", "2qzs");
        assert_eq!(canonical(&changed).unwrap_err().kind(), ErrorKind::BadChecksum);
    }

    /// An address of these 34 symbols with its checksum.
    fn address(data: &[u8]) -> String {
        let prefix = PREFIX.bytes().map(|byte| byte & 31).chain([0]);
        let check = polymod(prefix.chain(data.iter().copied()).chain([0; 8]));
        let check = (0..8).rev().map(|place| (check >> (5 * place) & 31) as u8);
        data.iter().copied().chain(check).map(|symbol| char::from(ALPHABET[usize::from(symbol)])).collect()
    }

    #[test]
    fn versions_padding_and_case() {
        let symbols = |text: &str| -> Vec<u8> {
            text.bytes().map(|byte| ALPHABET.iter().position(|&known| known == byte).unwrap() as u8).take(34).collect()
        };
        let data = symbols(PAIRS[0].0);
        assert_eq!(address(&data), PAIRS[0].0);
        // Version bytes: type in the four bits above the size, whose 0 is 160 bits (CashAddr specification).
        for (first, expected) in [
            (0x00, Some(PAIRS[0].1)),
            (0x08, Some(PAIRS[2].1)),
            (0x10, Some(PAIRS[0].1)),
            (0x18, Some(PAIRS[2].1)),
            (0x20, None),
            (0x01, None),
            (0x09, None),
            (0x80, None),
        ] {
            let mut data = data.clone();
            data[0] = first >> 3;
            data[1] = data[1] & 3 | (first & 7) << 2;
            let found = canonical(&address(&data));
            assert_eq!(found.as_ref().ok().map(|(_, text)| text.as_str()), expected, "{first:#x}");
            assert_eq!(found.err().map(|error| error.kind()), expected.is_none().then_some(ErrorKind::NotValid));
        }
        for bits in 1..4 {
            let mut data = data.clone();
            data[33] |= bits;
            assert_eq!(canonical(&address(&data)).unwrap_err().kind(), ErrorKind::InvalidSyntax, "{bits}");
        }
        let upper = PAIRS[0].0.to_uppercase();
        let mixed = upper.replacen('Q', "q", 1);
        assert_eq!(canonical(&mixed).unwrap_err().kind(), ErrorKind::MixedCase);
        assert!(is_one(&upper) && is_one(&mixed));
        for text in [&PAIRS[0].0[1..], "", &PAIRS[0].0.replacen('q', "s", 1), &PAIRS[0].0.replacen('m', "b", 1)] {
            assert!(!is_one(text), "{text}");
        }
        assert!(!is_one(&format!("{}q", PAIRS[0].0)));
    }
}
