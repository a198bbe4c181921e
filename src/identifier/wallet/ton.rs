//! The Open Network: raw `workchain:hash`, or 36 bytes in base64 with flags and CRC-16 (TEP-2).
//!
//! The flags (bounce, test) say how to send, not to whom: the raw text is the canonical one.

use base64ct::{Base64Unpadded, Encoding};

use super::base58;
use super::chain::Chain;
use crate::codec::hex;
use crate::error::{Error, ErrorKind, Result};

/// Characters of the text with flags, and of a hash in hexadecimal.
const FRIENDLY: usize = 48;
pub(super) const HASH_DIGITS: usize = 64;
/// The bit that marks a test network, and the two kinds of address.
const TEST: u8 = 0x80;
const BOUNCEABLE: u8 = 0x11;
const NON_BOUNCEABLE: u8 = 0x51;

/// Whether the text has the length and first letter of an address with flags, or begins with a workchain.
pub(super) fn is_one(address: &str) -> bool {
    ["0:", "-1:"].iter().any(|chain| address.starts_with(chain))
        || (address.len() == FRIENDLY && address.starts_with(['E', 'U', 'k', '0']))
}

/// `workchain:hash` with the hash in lower case.
pub(super) fn canonical(address: &str) -> Result<(Chain, String)> {
    let (workchain, hash) = match address.split_once(':') {
        Some((workchain, digits)) => {
            let workchain = match workchain {
                "0" => 0,
                "-1" => -1,
                _ => return Err(Error::new(ErrorKind::NotValid, "the workchain is 0 or -1")),
            };
            if digits.len() != HASH_DIGITS {
                return Err(Error::new(ErrorKind::WrongLength, "a TON account has 64 hexadecimal digits"));
            }
            let hash = hex::decode::<32>(&digits.to_ascii_lowercase()).map_err(|_| ErrorKind::InvalidCharacter)?;
            (workchain, hash)
        }
        None => friendly(address)?,
    };
    Ok((Chain::Ton, format!("{workchain}:{}", hex::encode(&hash))))
}

/// The bytes: flags, workchain, hash, CRC-16.
fn friendly(address: &str) -> Result<(i8, [u8; 32])> {
    if address.len() != FRIENDLY {
        return Err(Error::new(ErrorKind::WrongLength, "a TON address has 48 characters"));
    }
    let standard = address.replace('-', "+").replace('_', "/");
    let mut bytes = [0; 36];
    Base64Unpadded::decode(standard, &mut bytes).map_err(|_| ErrorKind::InvalidCharacter)?;
    let [flags, workchain, rest @ ..] = bytes;
    let (hash, check) = rest.split_first_chunk::<32>().ok_or(ErrorKind::WrongLength)?;
    let payload = [flags, workchain].into_iter().chain(hash.iter().copied());
    if crc16(payload).to_be_bytes() != *check {
        return Err(ErrorKind::BadChecksum.into());
    }
    let workchain = workchain as i8;
    if flags & TEST != 0 {
        return Err(base58::test_network());
    }
    if !matches!(flags, BOUNCEABLE | NON_BOUNCEABLE) || !matches!(workchain, 0 | -1) {
        return Err(base58::unknown_version());
    }
    Ok((workchain, *hash))
}

/// CRC-16 with polynomial 0x1021 and start 0 (XMODEM).
fn crc16(bytes: impl Iterator<Item = u8>) -> u16 {
    bytes.fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // the example of TEP-2
    const HASH: &str = "ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e";

    #[test]
    fn flags_and_alphabet_do_not_matter() {
        let expected = (Chain::Ton, format!("0:{HASH}"));
        for text in [
            "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF",
            "UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA",
            "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff+W72r5gqPrHF",
            &format!("0:{}", HASH.to_uppercase()),
        ] {
            assert_eq!(canonical(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_changed_letter_and_a_test_address_are_refused() {
        let changed = "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHG";
        assert_eq!(canonical(changed).unwrap_err().kind(), ErrorKind::BadChecksum);
        let test = "kQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPgpP";
        assert_eq!(canonical(test).unwrap_err().kind(), ErrorKind::NotValid);
    }

    fn written(flags: u8, workchain: u8) -> String {
        let mut bytes = vec![flags, workchain];
        bytes.extend_from_slice(&[0x5A; 32]);
        bytes.extend_from_slice(&crc16(bytes.iter().copied()).to_be_bytes());
        Base64Unpadded::encode_string(&bytes)
    }

    /// TEP-2: 0x11 bounceable, 0x51 not, and 0x80 for test networks; workchains 0 and -1.
    #[test]
    fn flags_and_workchains() {
        let hash = "5a".repeat(32);
        for flags in 0..=255 {
            for workchain in [0, 1, 0x7F, 0x80, 0xFE, 0xFF] {
                let text = written(flags, workchain);
                assert_eq!(text.len(), FRIENDLY);
                let found = canonical(&text).map(|(_, text)| text).map_err(|error| error.message());
                let expected = match (flags, workchain) {
                    (128.., _) => Err(base58::test_network().message()),
                    (0x11 | 0x51, 0) => Ok(format!("0:{hash}")),
                    (0x11 | 0x51, 0xFF) => Ok(format!("-1:{hash}")),
                    _ => Err(base58::unknown_version().message()),
                };
                assert_eq!(found, expected, "{flags:#x} {workchain:#x}");
                let one = matches!(flags, 0x11 | 0x51 | 0x91 | 0xD1);
                assert!(!one || is_one(&text), "{text}");
            }
        }
        assert_eq!(crc16(b"123456789".iter().copied()), 0x31C3);
    }

    #[test]
    fn lengths_and_characters() {
        let friendly = written(0x11, 0);
        for (text, kind) in [
            (format!("{friendly}A"), ErrorKind::WrongLength),
            (friendly[1..].to_owned(), ErrorKind::WrongLength),
            (format!("{}!", &friendly[..47]), ErrorKind::InvalidCharacter),
            (format!("0:{}", "a".repeat(63)), ErrorKind::WrongLength),
            (format!("0:{}", "a".repeat(65)), ErrorKind::WrongLength),
            (format!("0:{}g", "a".repeat(63)), ErrorKind::InvalidCharacter),
            (format!("1:{}", "a".repeat(64)), ErrorKind::NotValid),
            (format!("-2:{}", "a".repeat(64)), ErrorKind::NotValid),
        ] {
            assert_eq!(canonical(&text).unwrap_err().kind(), kind, "{text}");
        }
        for (text, one) in [
            ("0:", true),
            ("-1:", true),
            ("1:", false),
            (&friendly[..], true),
            (&friendly[1..], false),
            (&format!("{friendly}A"), false),
            (&format!("A{}", &friendly[1..]), false),
        ] {
            assert_eq!(is_one(text), one, "{text}");
        }
    }
}
