//! Keys as text: Bech32 (BIP 173), with the code's own limit of 1,023 characters instead of 90.
//!
//! The case of the human-readable part is the case of the whole text: `age` gives `age1…`, `AGE-SECRET-KEY-` gives
//! `AGE-SECRET-KEY-1…`, and a text in the other case is refused. So there is one text for one value.

use bech32::primitives::decode::CheckedHrpstring;
use bech32::primitives::iter::{ByteIterExt, Fe32IterExt};
use bech32::{Bech32, Hrp};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// The longest text, in characters: BIP 173's checksum detects any three wrong characters up to here.
const MAX_LENGTH: usize = 1_023;

/// The characters of the checksum.
const CHECKSUM: usize = 6;

/// The text of `bytes` under the human-readable part `hrp`: 1 to 83 ASCII characters of one case.
///
/// The text is written once into memory of its exact size and wiped when dropped.
pub(crate) fn encode(hrp: &'static str, bytes: &[u8]) -> Zeroizing<String> {
    let part = Hrp::parse_unchecked(hrp);
    let mut text = Zeroizing::new(String::with_capacity(length(hrp, bytes.len())));
    for character in bytes.iter().copied().bytes_to_fes().with_checksum::<Bech32>(&part).chars() {
        text.push(if upper(hrp) { character.to_ascii_uppercase() } else { character });
    }
    text
}

/// The bytes of a text under `hrp`, if it is exactly the text that [`encode`] writes for them.
///
/// # Errors
/// [`ErrorKind::BadKey`], without a position.
pub(crate) fn decode(hrp: &'static str, text: &str) -> Result<Zeroizing<Vec<u8>>> {
    let data = text.strip_prefix(hrp).and_then(|rest| rest.strip_prefix('1'));
    let Some(data) = data.filter(|_| text.len() <= MAX_LENGTH) else {
        return Err(Error::new(ErrorKind::BadKey, "the text does not begin as a key of this type does"));
    };
    let checked = CheckedHrpstring::new::<Bech32>(text)
        .map_err(|_| Error::new(ErrorKind::BadKey, "the text of the key has a typing error"))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(data.len() * 5 / 8));
    bytes.extend(checked.byte_iter());
    if *encode(hrp, &bytes) != *text {
        return Err(Error::new(ErrorKind::BadKey, "the text of the key is not in its one canonical form"));
    }
    Ok(bytes)
}

fn upper(hrp: &str) -> bool {
    hrp.bytes().any(|byte| byte.is_ascii_uppercase())
}

const fn length(hrp: &str, bytes: usize) -> usize {
    hrp.len() + 1 + (bytes * 8).div_ceil(5) + CHECKSUM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_leads_back_to_its_bytes_without_growing() {
        for size in [0, 1, 5, 20, 32, 33, 64, 500] {
            let bytes: Vec<u8> = (0..size).map(|i| (i * 7) as u8).collect();
            for hrp in ["age", "BISIK-SIGNING-KEY-", "ed25519"] {
                let text = encode(hrp, &bytes);
                assert_eq!((text.len(), text.capacity()), (length(hrp, bytes.len()), length(hrp, bytes.len())));
                assert_eq!(*decode(hrp, &text).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn the_case_is_that_of_the_prefix() {
        let upper = encode("KEY-", &[1, 2, 3]);
        assert!(upper.chars().all(|c| !c.is_ascii_lowercase()));
        assert_eq!(decode("KEY-", &upper.to_lowercase()).unwrap_err().kind(), ErrorKind::BadKey);
        let lower = encode("key", &[1, 2, 3]);
        assert_eq!(decode("key", &lower.to_uppercase()).unwrap_err().kind(), ErrorKind::BadKey);
        let mixed = format!("key1{}", lower[4..].to_uppercase());
        assert_eq!(decode("key", &mixed).unwrap_err().kind(), ErrorKind::BadKey);
    }

    #[test]
    fn every_single_wrong_character_is_noticed() {
        let text = encode("age", &[0x5A; 32]);
        for place in 0..text.len() {
            for wrong in "qpzry9x8gf2tvdw0s3jn54khce6mua7l1bio-Q".chars() {
                let mut changed: Vec<char> = text.chars().collect();
                if changed[place] == wrong {
                    continue;
                }
                changed[place] = wrong;
                let changed: String = changed.into_iter().collect();
                assert!(decode("age", &changed).is_err(), "{place} {wrong}");
            }
        }
    }

    #[test]
    fn padding_must_be_the_shortest_and_zero() {
        use bech32::Fe32;
        let write = |symbols: Vec<Fe32>| -> String {
            let part = Hrp::parse_unchecked("age");
            symbols.into_iter().with_checksum::<Bech32>(&part).chars().collect()
        };
        // 32 bytes fill 51 symbols and one bit of the next: its other 4 bits are padding
        let mut symbols: Vec<Fe32> = [0_u8; 32].into_iter().bytes_to_fes().collect();
        assert_eq!(write(symbols.clone()), *encode("age", &[0; 32]));
        *symbols.last_mut().unwrap() = Fe32::P;
        assert_eq!(decode("age", &write(symbols)).unwrap_err().kind(), ErrorKind::BadKey);
        // 20 bytes fill 32 symbols: one more is nothing but padding
        let mut symbols: Vec<Fe32> = [0_u8; 20].into_iter().bytes_to_fes().collect();
        symbols.push(Fe32::Q);
        assert_eq!(decode("age", &write(symbols)).unwrap_err().kind(), ErrorKind::BadKey);
    }

    #[test]
    fn a_text_over_the_limit_is_refused() {
        let text = encode("age", &[0; 700]);
        assert_eq!(decode("age", &text).unwrap_err().kind(), ErrorKind::BadKey);
    }
}
