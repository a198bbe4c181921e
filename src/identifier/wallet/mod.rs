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
// floor 2
mod cash;
// floor 2
mod monero;
// floor 2
mod ripple;
// floor 2
mod segwit;
// floor 2
mod ton;

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii};
use chain::Chain;

/// The longest address text that is looked at after its prefix.
const MAX_ADDRESS: usize = 128;

/// The longest name of a chain before a colon.
const MAX_SCHEME: usize = 16;

/// Addresses that nobody holds: payments to them are lost, and many innocent payments name them.
pub(crate) const BURN_ADDRESSES: &[&str] = &[
    "btc:1111111111111111111114oLvT2",
    "btc:1BitcoinEaterAddressDontSendf59kuE",
    "btc:1CounterpartyXXXXXXXXXXXXXXXUWLpVr",
    "doge:DDogepartyxxxxxxxxxxxxxxxxxxw1dfzr",
    "evm:0x0000000000000000000000000000000000000000",
    "evm:0x0000000000000000000000000000000000000001",
    "evm:0x000000000000000000000000000000000000dead",
    "evm:0xdead000000000000000042069420694206942069",
    "evm:0xdeaddeaddeaddeaddeaddeaddeaddeaddeaddead",
    "evm:0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
    "evm:0xffffffffffffffffffffffffffffffffffffffff",
    "sol:11111111111111111111111111111111",
    "sol:1nc1nerator11111111111111111111111111111111",
    "ton:0:0000000000000000000000000000000000000000000000000000000000000000",
    "tron:T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb",
    "xrp:rrrrrrrrrrrrrrrrrrrn5RM1rHd",
    "xrp:rrrrrrrrrrrrrrrrrrrrBZbvji",
    "xrp:rrrrrrrrrrrrrrrrrrrrrhoLvTp",
];

/// Contracts of the largest tokens: reports name them by mistake, and every holder of the token pays through them.
pub(crate) const TOKEN_CONTRACTS: &[&str] = &[
    "evm:0xdac17f958d2ee523a2206206994597c13d831ec7",
    "evm:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
    "evm:0x6b175474e89094c44da98b954eedeac495271d0f",
    "evm:0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
    "evm:0x55d398326f99059ff775485246999027b3197955",
    "sol:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    "sol:Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
    "sol:So11111111111111111111111111111111111111112",
    "sol:TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    "ton:0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe",
    "tron:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
];

/// Reads a bare address, one with its chain's name and a colon, or a payment URI (BIP 21, ERC-681 and their like).
///
/// # Errors
/// `BadChecksum`, `MixedCase`, `WrongLength`, `TooLong`, `InvalidCharacter`, `UnsupportedScheme` (a chain not read
/// here), `NotValid` (test network, private key, unknown version), `InvalidSyntax` (anything else, or a chain that is
/// not the address's).
pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = ascii::fold(text, trace)?;
    let (named, rest) = split(&text)?;
    let address = match named {
        None | Some(Chain::Ripple) => rest.trim_start_matches('/'),
        Some(Chain::Evm) => evm::from_uri(rest)?,
        Some(chain) => {
            let path = rest.trim_start_matches('/').split(['?', '#']).next().unwrap_or_default();
            if chain == Chain::Ton { path.strip_prefix("transfer/").unwrap_or(path) } else { path }
        }
    };
    trace.note("the address without its URI's scheme and parameters", || address.to_owned());
    if address.is_empty() {
        return Err(ErrorKind::Empty.into());
    }
    if address.len() > MAX_ADDRESS {
        return Err(Error::from(ErrorKind::TooLong).at(MAX_ADDRESS as u64));
    }
    let (chain, address) = detect(address, named)?;
    if named.is_some_and(|named| named != chain) {
        return Err(Error::new(ErrorKind::InvalidSyntax, "the address is not one of the chain that is named"));
    }
    Ok(format!("{}:{address}", chain.name()))
}

/// Whether the text is its own canonical form: one of the two that carry no checksum.
pub(super) fn is_canonical(text: &str) -> bool {
    const FORMS: [(&str, usize); 3] =
        [("evm:0x", evm::DIGITS), ("ton:0:", ton::HASH_DIGITS), ("ton:-1:", ton::HASH_DIGITS)];
    let is_hex = |digits: &str| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    FORMS
        .iter()
        .any(|(start, length)| text.strip_prefix(start).is_some_and(|digits| digits.len() == *length && is_hex(digits)))
}

/// The chain that stands before a colon, if any, and the rest. TON's raw text begins with a number and a colon.
fn split(text: &str) -> Result<(Option<Chain>, &str)> {
    match text.split_once(':') {
        Some(("0" | "-1", _)) | None => Ok((None, text)),
        // `r…:TAG`
        Some((address, _)) if ripple::is_one(address) && address.len() > MAX_SCHEME => Ok((None, text)),
        Some((scheme, rest)) => match Chain::from_scheme(&scheme.trim().to_ascii_lowercase()) {
            Some(chain) => Ok((Some(chain), rest.trim())),
            None => Err(Error::new(ErrorKind::UnsupportedScheme, "no chain of this name is read here")),
        },
    }
}

/// The chain and the one text of an address. `named` only admits forms that would be unclear without it.
fn detect(address: &str, named: Option<Chain>) -> Result<(Chain, String)> {
    if named == Some(Chain::Ripple) || (named.is_none() && ripple::is_one(address)) {
        return ripple::canonical(address);
    }
    if named == Some(Chain::Ton) || ton::is_one(address) {
        return ton::canonical(address);
    }
    if let Some(position) = address.bytes().position(|byte| !byte.is_ascii_alphanumeric()) {
        return Err(Error::from(ErrorKind::InvalidCharacter).at(position as u64));
    }
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
    if monero::is_one(address) {
        return monero::canonical(address);
    }
    if cash::is_one(address) {
        return cash::canonical(address);
    }
    match segwit::chain(address) {
        // about one address of Solana in a million million begins like this
        Some(_) if matches!(base58::canonical(address, named), Ok((Chain::Solana, _))) => {
            base58::canonical(address, named)
        }
        Some(chain) => segwit::canonical(address, chain),
        None => base58::canonical(address, named),
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

    #[test]
    fn names_uris_and_bounds() {
        let kind = |text: &str| parse(text).err().map(|error| error.kind());
        let friendly = "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF";
        let raw = "ton:0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e";
        for text in [
            friendly,
            raw,
            &raw[4..],
            &format!("ton:{friendly}"),
            &format!("ton://transfer/{friendly}?amount=1"),
            &format!("TON://{friendly}#x"),
        ] {
            assert_eq!(parse(text).unwrap(), raw, "{text}");
        }
        let hex = "dac17f958d2ee523a2206206994597c13d831ec7";
        let tron = "41a614f803b6fd780986a42c78ec9c7f77e6ded13c";
        let base58 = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
        for (text, expected) in [
            (&format!("0X{hex}")[..], &format!("evm:0x{hex}")[..]),
            (&format!("ETHEREUM:pay-0x{hex}@1/transfer?address=0x{hex}"), &format!("evm:0x{hex}")),
            (tron, &format!("tron:{base58}")),
            (&format!("trx:{tron}"), &format!("tron:{base58}")),
            ("tron: //TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t#x", &format!("tron:{base58}")),
            ("/TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", &format!("tron:{base58}")),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for (text, expected) in [
            (&format!("btc:{hex}")[..], ErrorKind::InvalidSyntax),
            (&format!("tron:0x{hex}"), ErrorKind::InvalidSyntax),
            (&tron[..41], ErrorKind::InvalidCharacter),
            (&format!("42{}", &tron[2..]), ErrorKind::InvalidCharacter),
            ("eth:", ErrorKind::Empty),
            ("btc:?amount=1", ErrorKind::Empty),
            ("/", ErrorKind::Empty),
            ("btc:transfer/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", ErrorKind::InvalidCharacter),
            ("ada:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", ErrorKind::UnsupportedScheme),
            (":1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", ErrorKind::UnsupportedScheme),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa?amount=1", ErrorKind::InvalidCharacter),
            ("xrp:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", ErrorKind::BadChecksum),
            ("ton:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", ErrorKind::WrongLength),
            (&"1".repeat(128), ErrorKind::TooLong),
            (&"-".repeat(128), ErrorKind::InvalidCharacter),
            (&"-".repeat(129), ErrorKind::TooLong),
        ] {
            assert_eq!(kind(text), Some(expected), "{text}");
        }
        // The longest name of a chain has 16 letters; what is longer and begins with r is an address and its tag.
        assert_eq!(kind("rrrrrrrrrrrrrrrr:1"), Some(ErrorKind::UnsupportedScheme));
        assert_ne!(kind("rrrrrrrrrrrrrrrrr:1"), Some(ErrorKind::UnsupportedScheme));
        // 32 bytes that begin like an address in bech32 are a key of Solana.
        let like = format!("bc1{}", "z".repeat(40));
        assert_eq!(parse(&like).unwrap(), format!("sol:{like}"));
        assert_eq!(kind(&format!("bc1{}", "z".repeat(39))), Some(ErrorKind::BadChecksum));
        let error = parse("1A1z-").unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::InvalidCharacter, Some(4)));
    }

    #[test]
    fn a_glance_sees_addresses_without_a_checksum() {
        let (evm, ton) = ("0a".repeat(20), "0a".repeat(32));
        for (text, seen) in [
            (format!("evm:0x{evm}"), true),
            (format!("ton:0:{ton}"), true),
            (format!("ton:-1:{ton}"), true),
            (format!("ton:1:{ton}"), false),
            (format!("evm:{evm}"), false),
            (format!("evm:0x{evm}0"), false),
            (format!("evm:0x{}", &evm[1..]), false),
            (format!("evm:0x{}A", &evm[1..]), false),
            (format!("evm:0x{}g", &evm[1..]), false),
            (format!("ton:0:{}", &ton[1..]), false),
            (format!("0x{evm}"), false),
        ] {
            assert_eq!(is_canonical(&text), seen, "{text}");
            assert!(!seen || parse(&text).unwrap() == text);
        }
    }
}
