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
