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
    for (byte, &[high, low]) in bytes.iter_mut().zip(text.as_bytes().as_chunks().0) {
        *byte = (nibble(high)? << 4) | nibble(low)?;
    }
    Ok(bytes)
}

/// Fixed bytes as hex in signed JSON: `#[serde(with = "crate::codec::hex::fixed")]`.
pub(crate) mod fixed {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer, const N: usize>(bytes: &[u8; N], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
        super::decode(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The same for bytes that may be absent.
pub(crate) mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        bytes: &Option<[u8; N]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.as_ref().map(|bytes| super::encode(bytes)).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<Option<[u8; N]>, D::Error> {
        super::decode(&String::deserialize(deserializer)?).map(Some).map_err(serde::de::Error::custom)
    }
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
