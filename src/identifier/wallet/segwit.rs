//! Segregated witness addresses: bech32 for version 0, bech32m from version 1 (BIP 173, BIP 350).

use bech32::primitives::decode::{CharError, SegwitHrpstringError, UncheckedHrpstringError};

use super::base58;
use super::chain::Chain;
use crate::error::{Error, ErrorKind, Result};

/// Human-readable parts and their chains; `None` is a test network.
const PARTS: [(&str, Option<Chain>); 6] = [
    ("bc", Some(Chain::Bitcoin)),
    ("ltc", Some(Chain::Litecoin)),
    ("tb", None),
    ("bcrt", None),
    ("tltc", None),
    ("rltc", None),
];

/// The chain whose human-readable part the text begins with; the inner `None` is a test network.
pub(super) fn chain(address: &str) -> Option<Option<Chain>> {
    let (part, _) = address.rsplit_once('1')?;
    let known = PARTS.iter().find(|(name, _)| part.eq_ignore_ascii_case(name));
    // the separator is the last `1`, which the data never holds
    known.map(|(_, chain)| *chain)
}

/// Lower case, checksum, version and program length verified.
pub(super) fn canonical(address: &str, chain: Option<Chain>) -> Result<(Chain, String)> {
    use SegwitHrpstringError as Fault;
    bech32::segwit::decode(address).map_err(|error| match error.0 {
        Fault::Checksum(_) => Error::from(ErrorKind::BadChecksum),
        Fault::Unchecked(UncheckedHrpstringError::Char(CharError::MixedCase)) => {
            Error::new(ErrorKind::MixedCase, "a bech32 address is all lower or all upper case")
        }
        Fault::Unchecked(_) => Error::from(ErrorKind::InvalidCharacter),
        Fault::WitnessLength(_) | Fault::TooLong(_) | Fault::NoData => Error::from(ErrorKind::WrongLength),
        _ => Error::from(ErrorKind::InvalidSyntax),
    })?;
    match chain {
        Some(chain) => Ok((chain, address.to_ascii_lowercase())),
        None => Err(base58::test_network()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> std::result::Result<(Chain, String), (ErrorKind, &'static str)> {
        canonical(address, chain(address).expect("a part that is known"))
            .map_err(|error| (error.kind(), error.message()))
    }

    /// As published in BIP 173 and BIP 350.
    #[test]
    fn the_published_addresses_of_the_main_network() {
        for address in [
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
            "BC1SW50QGDZ25J",
            "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ] {
            assert_eq!(read(address), Ok((Chain::Bitcoin, address.to_ascii_lowercase())));
        }
        for (address, kind) in [
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", ErrorKind::BadChecksum),
            ("BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", ErrorKind::BadChecksum),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", ErrorKind::BadChecksum),
            ("bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", ErrorKind::InvalidCharacter),
            ("BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", ErrorKind::InvalidSyntax),
            ("bc1pw5dgrnzv", ErrorKind::WrongLength),
            ("BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", ErrorKind::WrongLength),
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", ErrorKind::InvalidSyntax),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3T4", ErrorKind::MixedCase),
        ] {
            assert_eq!(read(address).map_err(|(kind, _)| kind), Err(kind), "{address}");
        }
        assert!(read("bc1gmk9yu").is_err(), "no data");
    }

    #[test]
    fn test_networks_are_named() {
        for address in [
            "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
            "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
        ] {
            assert_eq!(read(address), Err((ErrorKind::NotValid, "an address of a test network")), "{address}");
        }
        for (address, expected) in [
            ("bc1q", Some(Some(Chain::Bitcoin))),
            ("LTC1Q", Some(Some(Chain::Litecoin))),
            ("tb1q", Some(None)),
            ("bcrt1q", Some(None)),
            ("tltc1q", Some(None)),
            ("rltc1q", Some(None)),
            ("bc11q", None),
            ("bcq", None),
            ("xbc1q", None),
        ] {
            assert_eq!(chain(address), expected, "{address}");
        }
    }
}
