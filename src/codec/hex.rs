//! Lower-case hex, the only form that signed JSON admits.

use crate::error::{Error, ErrorKind, Result};

pub(crate) fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte)]).collect()
}

pub(crate) fn decode<const N: usize>(text: &str) -> Result<[u8; N]> {
    let wrong = || Error::new(ErrorKind::Malformed, "not lower-case hex of the right length");
    if text.len() != 2 * N {
        return Err(wrong());
    }
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(wrong()),
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        if let [high, low] = *pair {
            *byte = (nibble(high)? << 4) | nibble(low)?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lower_case_of_the_right_length() {
        assert_eq!(decode::<2>("0aff").unwrap(), [0x0a, 0xff]);
        assert_eq!(encode(&[0x0a, 0xff]), "0aff");
        for bad in ["0AFF", "0af", "0aff0", "0afg", ""] {
            assert!(decode::<2>(bad).is_err());
        }
    }
}
