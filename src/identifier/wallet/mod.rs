//! Cryptocurrency addresses: `chain:address` (`docs/canonical.md`, wallet).
//!
//! The chain follows from the address alone: no text is an address of two formats, so a bare address is enough.
//! Ledgers that share a format share the holder's key, and one canonical text.

// floor 0
mod chain;
// floor 1
mod base58;
// floor 1
mod evm;
// floor 1
mod segwit;

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii};
use chain::Chain;

/// The longest address text that is looked at after its prefix.
const MAX_ADDRESS: usize = 128;

/// Addresses that nobody holds: payments to them are lost, and many innocent payments name them.
pub(crate) const BURN_ADDRESSES: &[&str] = &[
    "btc:1111111111111111111114oLvT2",
    "btc:1BitcoinEaterAddressDontSendf59kuE",
    "btc:1CounterpartyXXXXXXXXXXXXXXXUWLpVr",
    "evm:0x0000000000000000000000000000000000000000",
    "evm:0x0000000000000000000000000000000000000001",
    "evm:0x000000000000000000000000000000000000dead",
    "evm:0xdead000000000000000042069420694206942069",
    "evm:0xdeaddeaddeaddeaddeaddeaddeaddeaddeaddead",
    "evm:0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
    "evm:0xffffffffffffffffffffffffffffffffffffffff",
    "tron:T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb",
];

/// Contracts of the largest tokens: reports name them by mistake, and every holder of the token pays through them.
pub(crate) const TOKEN_CONTRACTS: &[&str] = &[
    "evm:0xdac17f958d2ee523a2206206994597c13d831ec7",
    "evm:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
    "evm:0x6b175474e89094c44da98b954eedeac495271d0f",
    "evm:0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
    "evm:0x55d398326f99059ff775485246999027b3197955",
    "tron:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
];

/// Reads a bare address, one with its chain's name and a colon, or a payment URI (BIP 21, ERC-681).
///
/// # Errors
/// `BadChecksum`, `MixedCase`, `WrongLength`, `InvalidCharacter`, `UnsupportedScheme` (a chain not read here),
/// `NotValid` (test network, private key, unknown version), `InvalidSyntax` (anything else, or a chain that is not the
/// address's).
pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = ascii::fold(text, trace)?;
    let (named, address) = match text.split_once(':') {
        Some((scheme, rest)) => {
            let chain = Chain::from_scheme(&scheme.trim().to_ascii_lowercase())
                .ok_or(Error::new(ErrorKind::UnsupportedScheme, "no chain of this name is read here"))?;
            (Some(chain), rest.trim())
        }
        None => (None, text.as_ref()),
    };
    let address = match named {
        None => address,
        Some(Chain::Evm) => evm::from_uri(address)?,
        Some(_) => address.trim_start_matches('/').split(['?', '#']).next().unwrap_or_default(),
    };
    trace.note("the address without its URI's scheme and parameters", || address.to_owned());
    if address.is_empty() {
        return Err(ErrorKind::Empty.into());
    }
    if address.len() > MAX_ADDRESS {
        return Err(Error::from(ErrorKind::TooLong).at(MAX_ADDRESS as u64));
    }
    if let Some(position) = address.bytes().position(|byte| !byte.is_ascii_alphanumeric()) {
        return Err(Error::from(ErrorKind::InvalidCharacter).at(position as u64));
    }
    let (chain, address) = detect(address, named)?;
    if named.is_some_and(|named| named != chain) {
        return Err(Error::new(ErrorKind::InvalidSyntax, "the address is not one of the chain that is named"));
    }
    Ok(format!("{}:{address}", chain.name()))
}

/// The chain and the one text of an address. `named` only admits forms that would be unclear without it.
fn detect(address: &str, named: Option<Chain>) -> Result<(Chain, String)> {
    let is_hex = address.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(hex) = address.strip_prefix("0x").or_else(|| address.strip_prefix("0X")) {
        return evm::canonical(hex);
    }
    if is_hex && address.len() == 42 && address.starts_with("41") {
        return base58::tron_from_hex(address);
    }
    if is_hex && address.len() == 40 {
        return match named {
            Some(Chain::Evm) => evm::canonical(address),
            _ => Err(Error::new(ErrorKind::InvalidSyntax, "40 hexadecimal digits alone name no chain: write 0x")),
        };
    }
    match segwit::chain(address) {
        Some(chain) => segwit::canonical(address, chain),
        None => base58::canonical(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String> {
        canonical(text, &ParseOptions::default(), &mut Trace::off())
    }

    #[test]
    fn bare_prefixed_and_uri_are_one() {
        let canonical = "btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
        for text in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "BTC:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa?amount=0.1&label=x",
            canonical,
        ] {
            assert_eq!(parse(text).unwrap(), canonical, "{text}");
        }
    }

    #[test]
    fn an_address_of_another_chain_than_named_is_refused() {
        let error = parse("tron:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSyntax);
    }

    #[test]
    fn hexadecimal_digits_without_a_mark_are_not_guessed() {
        let hex = "dac17f958d2ee523a2206206994597c13d831ec7";
        assert_eq!(parse(hex).unwrap_err().kind(), ErrorKind::InvalidSyntax);
        assert_eq!(parse(&format!("eth:{hex}")).unwrap(), format!("evm:0x{hex}"));
    }

    #[test]
    fn the_guarded_addresses_are_canonical() {
        for address in BURN_ADDRESSES.iter().chain(TOKEN_CONTRACTS) {
            assert_eq!(parse(address).unwrap(), *address);
        }
    }
}
