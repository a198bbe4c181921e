//! The envelope of QR codes after EMV QRCPS Merchant-Presented Mode: two digits of tag, two of length, the value.

use crate::error::{Error, ErrorKind, Result};

/// The longest code that is looked at, in bytes. The specification ends at 512 characters.
pub(super) const MAX_CODE: usize = 2_048;

/// The values of one level by their tags, in the order of the code. Lengths count characters (§3.2).
pub(super) struct Entries<'a>(Vec<(u8, &'a str)>);

impl<'a> Entries<'a> {
    /// Splits one level; what nests in it is split only when asked for.
    pub(super) fn read(text: &'a str) -> Result<Self> {
        let mut entries: Vec<(u8, &str)> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (tag, length) = match (number(rest.get(..2)), number(rest.get(2..4))) {
                (Some(tag), Some(length)) => (tag, usize::from(length)),
                _ => return Err(malformed(text, rest)),
            };
            let body = rest.get(4..).unwrap_or_default();
            let end = body.char_indices().map(|(index, _)| index).chain([body.len()]).nth(length);
            let (value, after) = body.split_at(end.ok_or_else(|| malformed(text, rest))?);
            if entries.iter().any(|(known, _)| *known == tag) {
                return Err(Error::new(ErrorKind::InvalidSyntax, "a tag stands twice in the QR code"));
            }
            entries.push((tag, value));
            rest = after;
        }
        Ok(Self(entries))
    }

    pub(super) fn get(&self, tag: u8) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == tag).map(|(_, value)| *value)
    }

    /// Tag and value of the templates of payment networks, 26 to 51, by rising tag.
    pub(super) fn templates(&self) -> Vec<(u8, &'a str)> {
        let mut templates: Vec<_> = self.0.iter().copied().filter(|(tag, _)| (26..=51).contains(tag)).collect();
        templates.sort_by_key(|(tag, _)| *tag);
        templates
    }

    pub(super) fn first(&self) -> Option<(u8, &'a str)> {
        self.0.first().copied()
    }
}

/// The code without its last entry, if that is a checksum over all that stands before its four digits (§4.7.3).
pub(super) fn verified(code: &str) -> Result<&str> {
    let at = code.len().checked_sub(4).ok_or(ErrorKind::WrongLength)?;
    let (covered, digits) = code.split_at_checked(at).ok_or(ErrorKind::InvalidSyntax)?;
    let body = covered.strip_suffix("6304");
    let body = body.ok_or(Error::new(ErrorKind::InvalidSyntax, "the QR code does not end with its checksum"))?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u16::from_str_radix(digits, 16) {
        Ok(value) if is_hex && value == crc16(covered.as_bytes()) => Ok(body),
        Ok(_) if is_hex => Err(ErrorKind::BadChecksum.into()),
        _ => Err(Error::new(ErrorKind::InvalidSyntax, "the checksum is not four hexadecimal digits")),
    }
}

/// CRC-16 with polynomial 0x1021 and start 0xFFFF ("CCITT-FALSE").
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(
            crc ^ (u16::from(*byte) << 8),
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
            },
        )
    })
}

fn number(text: Option<&str>) -> Option<u8> {
    text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

fn malformed(text: &str, rest: &str) -> Error {
    Error::new(ErrorKind::InvalidSyntax, "the QR code's lengths do not add up").at((text.len() - rest.len()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
    }

    #[test]
    fn lengths_count_characters() {
        let entries = Entries::read("5902é16000").unwrap();
        assert_eq!((entries.get(59), entries.get(60)), (Some("é1"), Some("")));
        assert!(Entries::read("5903é1").is_err());
    }

    #[test]
    fn a_tag_twice_or_a_length_beyond_the_end_is_refused() {
        for text in ["000201000201", "0099x", "0", "ab02xx", "00+1x"] {
            assert!(Entries::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn templates_are_those_of_the_specification_by_rising_tag() {
        let entries = Entries::read("520115101150260112501132701400").err();
        assert!(entries.is_some());
        let entries = Entries::read("5201a5101b5001c2601d2501e0001f").unwrap();
        assert_eq!(entries.templates(), [(26, "d"), (50, "c"), (51, "b")]);
        assert_eq!(entries.first(), Some((52, "a")));
        assert_eq!((entries.get(0), entries.get(99)), (Some("f"), None));
        assert_eq!(Entries::read("").unwrap().first(), None);
    }

    #[test]
    fn lengths_are_taken_to_the_character() {
        assert_eq!(Entries::read("0000").unwrap().get(0), Some(""));
        let long = format!("9999{}", "x".repeat(99));
        assert_eq!(Entries::read(&long).unwrap().get(99).map(str::len), Some(99));
        for (text, position) in [("0102ab0", 6), ("0102ab02", 6), ("0102a", 0), ("0102ab0203c", 6), ("é", 0), ("0é", 0)]
        {
            let error = Entries::read(text).err().map(|error| (error.kind(), error.position()));
            assert_eq!(error, Some((ErrorKind::InvalidSyntax, Some(position))), "{text}");
        }
    }

    /// EMV QRCPS-MPM §4.7.3: the checksum covers all that stands before its digits, its own tag and length included.
    #[test]
    fn the_checksum_is_the_last_entry() {
        let code = |body: &str| format!("{body}{:04X}", crc16(body.as_bytes()));
        assert_eq!(verified(&code("0002016304")).unwrap(), "000201");
        assert_eq!(verified(&code("6304")).unwrap(), "");
        let right = code("0002016304");
        let lower = right.to_lowercase();
        assert_eq!(verified(&lower).unwrap(), "000201");
        for (text, kind) in [
            (code("000201"), ErrorKind::InvalidSyntax),
            (code("0002016204"), ErrorKind::InvalidSyntax),
            (code("0002016305"), ErrorKind::InvalidSyntax),
            ("0002016304+123".to_owned(), ErrorKind::InvalidSyntax),
            ("0002016304 123".to_owned(), ErrorKind::InvalidSyntax),
            ("0002016304123G".to_owned(), ErrorKind::InvalidSyntax),
            ("63é".to_owned(), ErrorKind::InvalidSyntax),
            ("630".to_owned(), ErrorKind::WrongLength),
            (String::new(), ErrorKind::WrongLength),
        ] {
            assert_eq!(verified(&text).unwrap_err().kind(), kind, "{text}");
        }
        let wrong = format!("0002016304{:04X}", crc16(b"0002016304") ^ 1);
        assert_eq!(verified(&wrong).unwrap_err().kind(), ErrorKind::BadChecksum);
    }
}
