//! Addresses of Ethereum and the chains that use its virtual machine: 20 bytes in hexadecimal (ERC-55).

use sha3::{Digest, Keccak256};

use super::chain::Chain;
use crate::codec::hex;
use crate::error::{Error, ErrorKind, Result};

/// Hexadecimal digits of an address.
pub(super) const DIGITS: usize = 40;

/// Lower case after `0x`. Letters of both cases must be those of the checksum (ERC-55).
pub(super) fn canonical(digits: &str) -> Result<(Chain, String)> {
    if let Some(position) = digits.bytes().position(|byte| !byte.is_ascii_hexdigit()) {
        return Err(Error::from(ErrorKind::InvalidCharacter).at(position as u64));
    }
    if digits.len() != DIGITS {
        return Err(Error::new(ErrorKind::WrongLength, "an EVM address has 40 hexadecimal digits"));
    }
    let lower = digits.to_ascii_lowercase();
    if digits.bytes().any(|byte| byte.is_ascii_uppercase())
        && digits.bytes().any(|byte| byte.is_ascii_lowercase())
        && digits != checksummed(&lower)
    {
        return Err(ErrorKind::MixedCase.into());
    }
    Ok((Chain::Evm, format!("0x{lower}")))
}

/// The address of a payment URI (ERC-681) or chain-qualified id (CAIP-10), without chain id and parameters.
///
/// In a token transfer the payee is the parameter `address`, not the contract that the URI begins with.
pub(super) fn from_uri(text: &str) -> Result<&str> {
    let text = text.trim_start_matches('/');
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let path = path.split('#').next().unwrap_or_default();
    let path = path.strip_prefix("pay-").unwrap_or(path);
    let path = match path.split_once(':') {
        Some((chain_id, address)) if is_number(chain_id) => address,
        Some(_) => return Err(Error::new(ErrorKind::InvalidSyntax, "a chain id is a number")),
        None => path,
    };
    let (target, function) = path.split_once('/').map_or((path, None), |(target, name)| (target, Some(name)));
    let target = match target.split_once('@') {
        Some((address, chain_id)) if is_number(chain_id) => address,
        Some(_) => return Err(Error::new(ErrorKind::InvalidSyntax, "a chain id is a number")),
        None => target,
    };
    match function {
        None => Ok(target),
        Some("transfer") => {
            let mut payees = query.split(['&', '#']).filter_map(|pair| pair.strip_prefix("address="));
            match (payees.next(), payees.next()) {
                (Some(payee), None) => Ok(payee),
                _ => Err(Error::new(ErrorKind::InvalidSyntax, "a token transfer names one payee")),
            }
        }
        Some(_) => Err(Error::new(ErrorKind::InvalidSyntax, "the URI calls a contract: give the payee's address")),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The case of ERC-55: a letter is upper case where the digest of the lower-case text has a digit of 8 or more.
fn checksummed(lower: &str) -> String {
    let digest = hex::encode(&Keccak256::digest(lower.as_bytes()));
    lower.chars().zip(digest.chars()).map(|(c, d)| if d >= '8' { c.to_ascii_uppercase() } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_case_is_read_and_a_wrong_mixture_is_refused() {
        let right = "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        for digits in [right.to_owned(), right.to_lowercase(), right.to_uppercase()] {
            assert_eq!(canonical(&digits).unwrap().1, format!("0x{}", right.to_lowercase()));
        }
        let wrong = right.replace("5a", "5A");
        assert_eq!(canonical(&wrong).unwrap_err().kind(), ErrorKind::MixedCase);
    }

    #[test]
    fn a_token_transfer_leads_to_the_payee() {
        let uri = "0xdac17f958d2ee523a2206206994597c13d831ec7@1/transfer?address=0x8617e340b3d01fa5f11f306f4090fd50e238070d&uint256=1";
        assert_eq!(from_uri(uri).unwrap(), "0x8617e340b3d01fa5f11f306f4090fd50e238070d");
    }

    #[test]
    fn other_calls_and_two_payees_are_refused() {
        for uri in ["0xab/approve?address=0xcd", "0xab/transfer", "0xab/transfer?address=1&address=2", "0xab@main"] {
            assert_eq!(from_uri(uri).unwrap_err().kind(), ErrorKind::InvalidSyntax, "{uri}");
        }
    }

    #[test]
    fn the_examples_of_erc_55() {
        for text in [
            "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "fB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "dbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "D1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            let lower = format!("0x{}", text.to_ascii_lowercase());
            assert_eq!(canonical(text).unwrap(), (Chain::Evm, lower));
            for (at, c) in text.char_indices().filter(|(_, c)| c.is_ascii_alphabetic()) {
                let mut changed = text.to_owned();
                let other = if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
                changed.replace_range(at..=at, &other.to_string());
                assert_eq!(canonical(&changed).unwrap_err().kind(), ErrorKind::MixedCase, "{changed}");
            }
        }
        let error = canonical("00g0").unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::InvalidCharacter, Some(2)));
        for length in [39, 41] {
            assert_eq!(canonical(&"0".repeat(length)).unwrap_err().kind(), ErrorKind::WrongLength);
        }
    }

    #[test]
    fn parts_of_uris() {
        let most = "1".repeat(20);
        for (uri, expected) in [
            ("0xab", Some("0xab")),
            ("//0xab", Some("0xab")),
            ("pay-0xab@1", Some("0xab")),
            ("1:0xab", Some("0xab")),
            (&format!("{most}:0xab"), Some("0xab")),
            (&format!("1{most}:0xab"), None),
            (&format!("0xab@{most}"), Some("0xab")),
            (&format!("0xab@1{most}"), None),
            (":0xab", None),
            ("a:0xab", None),
            ("0xab@", None),
            ("0xab@1#x", Some("0xab")),
            ("0xab#x@y", Some("0xab")),
            ("0xab?value=1", Some("0xab")),
            ("0xab/transfer?address=0xcd#x", Some("0xcd")),
            ("0xab/transfer?uint256=1&address=0xcd", Some("0xcd")),
            ("0xab/transfer?xaddress=0xcd", None),
            ("0xab/transferFrom?address=0xcd", None),
            ("0xab/", None),
        ] {
            assert_eq!(from_uri(uri).ok(), expected, "{uri}");
        }
    }
}
