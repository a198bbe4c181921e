//! XRP Ledger: classic addresses `r…` with an optional destination tag, and X-addresses, which hold both (XLS-5).
//!
//! The tag stays: many customers of an exchange share its address and differ by the tag alone.

use super::base58;
use super::chain::Chain;
use crate::error::{Error, ErrorKind, Result};

/// The longest classic address in characters.
const CLASSIC: usize = 35;
/// Characters and bytes of an X-address.
const TAGGED: usize = 47;
const TAGGED_BYTES: usize = 35;
/// The first two bytes of an X-address on the main network and on test networks.
const MAIN: [u8; 2] = [0x05, 0x44];
const TEST: [u8; 2] = [0x04, 0x93];

/// Whether the address begins and ends like one of this ledger; other chains' texts of these letters are longer.
pub(super) fn is_one(address: &str) -> bool {
    let text = address.split([':', '?']).next().unwrap_or_default();
    (address.starts_with('r') && text.len() <= CLASSIC) || (address.starts_with(['X', 'T']) && text.len() == TAGGED)
}

/// `r…` or `r…:TAG`.
pub(super) fn canonical(address: &str) -> Result<(Chain, String)> {
    let (text, tag) = match address.split_once(':') {
        Some((text, tag)) => (text, Some(tag)),
        None => {
            let (text, query) = address.split_once('?').unwrap_or((address, ""));
            (text, query.split('&').find_map(|pair| pair.strip_prefix("dt=")))
        }
    };
    let tag = tag.map(number).transpose()?;
    let bytes = base58::decode(text, bs58::Alphabet::RIPPLE)?;
    let (payload, sound) = base58::checked(&bytes)?;
    if !matches!(bytes.len(), base58::BYTES | TAGGED_BYTES) {
        return Err(ErrorKind::WrongLength.into());
    }
    if !sound {
        return Err(ErrorKind::BadChecksum.into());
    }
    let (account, tag) = match (payload, tag) {
        ([0x00, account @ ..], tag) if bytes.len() == base58::BYTES => (account, tag),
        ([a, b, rest @ ..], None) if [*a, *b] == MAIN => tagged(rest)?,
        ([a, b, ..], _) if [*a, *b] == TEST => return Err(base58::test_network()),
        ([a, b, ..], Some(_)) if [*a, *b] == MAIN => {
            return Err(Error::new(ErrorKind::InvalidSyntax, "an X-address holds its tag itself"));
        }
        _ => return Err(base58::unknown_version()),
    };
    let classic =
        bs58::encode(base58::with_checksum(0x00, account)).with_alphabet(bs58::Alphabet::RIPPLE).into_string();
    Ok((
        Chain::Ripple,
        match tag {
            Some(tag) => format!("{classic}:{tag}"),
            None => classic,
        },
    ))
}

/// The account and tag after an X-address's prefix: 20 bytes, a flag, eight bytes little-endian.
fn tagged(rest: &[u8]) -> Result<(&[u8], Option<u32>)> {
    match rest.split_last_chunk::<9>() {
        Some((account, [0, 0, 0, 0, 0, 0, 0, 0, 0])) => Ok((account, None)),
        Some((account, [1, a, b, c, d, 0, 0, 0, 0])) => Ok((account, Some(u32::from_le_bytes([*a, *b, *c, *d])))),
        _ => Err(Error::new(ErrorKind::NotValid, "the tag of an X-address has 32 bits")),
    }
}

fn number(text: &str) -> Result<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let tag = text.parse().ok().filter(|_| digits);
    tag.ok_or(Error::new(ErrorKind::InvalidSyntax, "a destination tag is a number of 32 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    // published with the X-address specification (XLS-5)
    const CLASSIC_TEXT: &str = "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf";

    #[test]
    fn an_x_address_is_the_classic_one_and_its_tag() {
        let none = canonical("XVLhHMPHU98es4dbozjVtdWzVrDjtV5fdx1mHp98tDMoQXb").unwrap().1;
        assert_eq!(none, CLASSIC_TEXT);
        let zero = canonical("XVLhHMPHU98es4dbozjVtdWzVrDjtV8AqEL4xcZj5whKbmc").unwrap().1;
        assert_eq!(zero, format!("{CLASSIC_TEXT}:0"));
        assert_eq!(canonical(&format!("{CLASSIC_TEXT}?amount=5&dt=0")).unwrap().1, zero);
        assert_eq!(canonical(&zero).unwrap().1, zero);
    }

    #[test]
    fn a_changed_letter_and_a_large_tag_are_refused() {
        assert_eq!(canonical("rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpF").unwrap_err().kind(), ErrorKind::BadChecksum);
        let large = format!("{CLASSIC_TEXT}:4294967296");
        assert_eq!(canonical(&large).unwrap_err().kind(), ErrorKind::InvalidSyntax);
    }

    #[test]
    fn test_networks_are_refused() {
        let error = canonical("TVE26TYGhfLC7tQDno7G8dGtxSkYQn49b3qD26PK7FcGSKE").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotValid);
    }

    fn encoded(bytes: &[u8]) -> String {
        bs58::encode(base58::with_checksum(bytes[0], &bytes[1..])).with_alphabet(bs58::Alphabet::RIPPLE).into_string()
    }

    /// XLS-5: two bytes of prefix, the account, a flag, a tag of eight bytes little-endian.
    #[test]
    fn flags_and_tags_of_x_addresses() {
        let x = |prefix: [u8; 2], flag: u8, tag: [u8; 8]| encoded(&[&prefix[..], &[0x5A; 20], &[flag], &tag].concat());
        let classic = encoded(&[&[0][..], &[0x5A; 20]].concat());
        for (text, expected) in [
            (x(MAIN, 0, [0; 8]), Ok(classic.clone())),
            (x(MAIN, 1, [0; 8]), Ok(format!("{classic}:0"))),
            (x(MAIN, 1, [1, 2, 3, 4, 0, 0, 0, 0]), Ok(format!("{classic}:67305985"))),
            (x(MAIN, 1, [255, 255, 255, 255, 0, 0, 0, 0]), Ok(format!("{classic}:4294967295"))),
            (x(MAIN, 1, [0, 0, 0, 0, 1, 0, 0, 0]), Err(ErrorKind::NotValid)),
            (x(MAIN, 0, [1, 0, 0, 0, 0, 0, 0, 0]), Err(ErrorKind::NotValid)),
            (x(MAIN, 2, [0; 8]), Err(ErrorKind::NotValid)),
            (x(TEST, 0, [0; 8]), Err(ErrorKind::NotValid)),
            (x([0x05, 0x45], 0, [0; 8]), Err(ErrorKind::NotValid)),
            (x([0x04, 0x44], 0, [0; 8]), Err(ErrorKind::NotValid)),
            (format!("{}:1", x([0x05, 0x45], 0, [0; 8])), Err(ErrorKind::NotValid)),
            (format!("{}:1", x(MAIN, 0, [0; 8])), Err(ErrorKind::InvalidSyntax)),
            (format!("{}?dt=1", x(MAIN, 0, [0; 8])), Err(ErrorKind::InvalidSyntax)),
            (encoded(&[&[1][..], &[0x5A; 20]].concat()), Err(ErrorKind::NotValid)),
            (encoded(&[&[0][..], &[0x5A; 19]].concat()), Err(ErrorKind::WrongLength)),
            (encoded(&[&[0][..], &[0x5A; 21]].concat()), Err(ErrorKind::WrongLength)),
            (encoded(&[&[0][..], &[0x5A; 30]].concat()), Err(ErrorKind::NotValid)),
            (format!("{classic}:4294967295"), Ok(format!("{classic}:4294967295"))),
            (format!("{classic}:007"), Ok(format!("{classic}:7"))),
            (format!("{classic}:"), Err(ErrorKind::InvalidSyntax)),
            (format!("{classic}:+1"), Err(ErrorKind::InvalidSyntax)),
            (format!("{classic}?dt="), Err(ErrorKind::InvalidSyntax)),
            (format!("{classic}?xdt=1"), Ok(classic.clone())),
            (format!("{classic}?a=1&dt=2&dt=3"), Ok(format!("{classic}:2"))),
        ] {
            assert_eq!(canonical(&text).map(|(_, text)| text).map_err(|error| error.kind()), expected, "{text}");
        }
        for tag in ["", ":1"] {
            let error = canonical(&format!("{}{tag}", x(TEST, 0, [0; 8]))).unwrap_err();
            assert_eq!(error.message(), base58::test_network().message(), "{tag}");
        }
        assert_eq!(x(MAIN, 0, [0; 8]).len(), TAGGED);
    }

    #[test]
    fn an_address_is_told_by_its_first_letter_and_length() {
        let letters = "r".repeat(48);
        for (text, one) in [
            (letters[..35].to_owned(), true),
            (letters[..36].to_owned(), false),
            (format!("{}:123456789", &letters[..35]), true),
            (format!("{}?dt=1", &letters[..35]), true),
            (format!("X{}", &letters[..46]), true),
            (format!("T{}", &letters[..46]), true),
            (format!("X{}", &letters[..45]), false),
            (format!("X{}", &letters[..47]), false),
            (format!("A{}", &letters[..46]), false),
            (format!("a{}", &letters[..30]), false),
        ] {
            assert_eq!(is_one(&text), one, "{text}");
        }
    }
}
