//! Registration numbers of companies: `CC:NUMBER`, for countries whose rules are public (`docs/canonical.md`,
//! registration). Numbers of natural persons are refused.

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii, country};

/// Reads `CC:NUMBER`, or a bare number with the country in `options`.
///
/// # Errors
/// `MissingCountry`, `UnknownRegion` (no country, or one without a public rule), `BadChecksum`, `WrongLength`,
/// `NotValid`, `NationalId`, `InvalidCharacter`.
pub(super) fn canonical(text: &str, options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = ascii::fold(text, trace)?;
    let (country, number) = match text.split_once(':') {
        Some((country, number)) => (country, number),
        None => {
            let country = options.country.as_deref().or(options.region.as_deref());
            let missing = Error::new(ErrorKind::MissingCountry, "a registration number needs its country: CC:NUMBER");
            (country.ok_or(missing)?, text.as_ref())
        }
    };
    let country = country::parse(country)?;
    let number = ascii::strip(number, &[' ', '-', '.', '/']).to_ascii_uppercase();
    trace.note("upper case without separators", || format!("{country}:{number}"));
    if let Some(position) = number.bytes().position(|byte| !byte.is_ascii_alphanumeric()) {
        return Err(Error::from(ErrorKind::InvalidCharacter).at(position as u64));
    }
    if number.is_empty() {
        return Err(ErrorKind::Empty.into());
    }
    let number = by_country(&country, number)?;
    Ok(format!("{country}:{number}"))
}

/// Whether the text is its own canonical form, under any options.
pub(super) fn is_canonical(text: &str) -> bool {
    let Some((country, number)) = text.split_once(':') else { return false };
    !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && by_country(country, number.to_owned()).is_ok_and(|canonical| canonical == number)
}

/// The one text of a number in upper case without separators.
fn by_country(country: &str, number: String) -> Result<String> {
    match country {
        "ID" => indonesia(number),
        "MY" => malaysia(number),
        "SG" => singapore(number),
        "TH" => thailand(number),
        "VN" => vietnam(number),
        _ => Err(Error::new(ErrorKind::UnknownRegion, "no public rule for this country's numbers is known here")),
    }
}

/// Unique entity number: 8 digits (business), 9 digits with the year (company) or `TyyPQnnnn`, and a check letter.
fn singapore(number: String) -> Result<String> {
    const BUSINESS: ([u32; 8], &[u8]) = ([10, 4, 9, 3, 8, 2, 7, 1], b"XMKECAWLJDB");
    const COMPANY: ([u32; 9], &[u8]) = ([10, 8, 6, 4, 9, 7, 5, 3, 1], b"ZKCMDNERGWH");
    const OTHER: ([u32; 9], &[u8]) = ([4, 3, 5, 3, 10, 2, 2, 5, 7], b"ABCDEFGHJKLMNPQRSTUVWX0123456789");
    if is_personal_singapore(&number) {
        return Err(ErrorKind::NationalId.into());
    }
    let Some((check, body)) = number.as_bytes().split_last() else {
        return Err(ErrorKind::Empty.into());
    };
    let digits = body.iter().all(u8::is_ascii_digit);
    let value = |alphabet: &[u8], byte: &u8| alphabet.iter().position(|known| known == byte).map(|index| index as u32);
    let letter = match (body.len(), digits) {
        (8, true) => BUSINESS.1.get(weighted(&BUSINESS.0, body) as usize % 11),
        (9, true) => COMPANY.1.get(weighted(&COMPANY.0, body) as usize % 11),
        (9, false) => {
            let shaped = matches!(body, [b'R' | b'S' | b'T', y, z, p, q, rest @ ..]
                if y.is_ascii_digit() && z.is_ascii_digit() && p.is_ascii_uppercase() && q.is_ascii_uppercase()
                && rest.iter().all(u8::is_ascii_digit));
            let values: Option<Vec<u32>> = body.iter().map(|byte| value(OTHER.1, byte)).collect();
            match values {
                Some(values) if shaped => {
                    let sum: u32 = values.iter().zip(OTHER.0).map(|(value, weight)| value * weight).sum();
                    // five less, modulo 11
                    OTHER.1.get((sum as usize + 6) % 11)
                }
                _ => None,
            }
        }
        (7 | 10.., _) | (..7, _) => return Err(Error::new(ErrorKind::WrongLength, "a UEN has 9 or 10 characters")),
        _ => None,
    };
    match letter {
        Some(letter) if letter == check => Ok(number),
        Some(_) => Err(ErrorKind::BadChecksum.into()),
        None => Err(Error::new(ErrorKind::InvalidSyntax, "not the form of a UEN")),
    }
}

/// Whether the text has the form of Singapore's NRIC or FIN.
pub(super) fn is_personal_singapore(number: &str) -> bool {
    matches!(number.as_bytes(), [b'S' | b'T' | b'F' | b'G' | b'M', digits @ .., check]
        if digits.len() == 7 && digits.iter().all(u8::is_ascii_digit) && check.is_ascii_uppercase())
}

/// 12 digits since October 2019: year, type of entity 01 to 06, running number; before, up to 7 digits and a letter,
/// or a type of two letters before the digits for LLPs. The two numbers of one company cannot be led to each other.
fn malaysia(number: String) -> Result<String> {
    if number.len() == 12 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        let year = number.get(..4).unwrap_or_default();
        let entity = number.get(4..6).unwrap_or_default();
        return if ("1890"..="2099").contains(&year) && ("01"..="06").contains(&entity) {
            Ok(number)
        } else {
            Err(Error::new(
                ErrorKind::NationalId,
                "12 digits that are no company's are taken for an identity card number",
            ))
        };
    }
    let (digits, letter) = number.split_at(number.len() - 1);
    if letter.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=9).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        let digits = digits.trim_start_matches('0');
        return if digits.is_empty() {
            Err(Error::new(ErrorKind::NotValid, "a number of zeros alone is a placeholder"))
        } else {
            Ok(format!("{digits}{letter}"))
        };
    }
    Err(Error::new(ErrorKind::InvalidSyntax, "12 digits, or the older form of digits and a letter"))
}

/// 13 digits; 0 first for juristic persons, anything else is a person's.
fn thailand(number: String) -> Result<String> {
    let bytes = only_digits(&number, &[13])?;
    if bytes.first() != Some(&b'0') {
        return Err(ErrorKind::NationalId.into());
    }
    let sum = weighted(&[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2], bytes);
    check(number, (11 - sum % 11) % 10)
}

/// Enterprise code: 9 digits and a check digit, and for branches 3 more. The digit 8 first is a natural person's.
fn vietnam(number: String) -> Result<String> {
    let bytes = only_digits(&number, &[10, 13])?;
    if bytes.first() == Some(&b'8') {
        return Err(Error::new(ErrorKind::NationalId, "the tax code of a natural person"));
    }
    let sum = weighted(&[31, 29, 23, 19, 17, 13, 7, 5, 3], bytes);
    match bytes.get(9) {
        Some(digit) if u32::from(digit - b'0') == 10 - sum % 11 => Ok(number),
        _ => Err(ErrorKind::BadChecksum.into()),
    }
}

/// NPWP of a body: 15 digits with 01 to 03 first and a Luhn digit at the ninth place; since 2024 a 0 before them.
fn indonesia(number: String) -> Result<String> {
    only_digits(&number, &[15, 16])?;
    let body = match number.strip_prefix('0') {
        Some(rest) if number.len() == 16 => rest,
        _ if number.len() == 16 => {
            return Err(Error::new(ErrorKind::NationalId, "16 digits without a first 0 are a person's"));
        }
        _ => number.as_str(),
    };
    if !("01".."04").contains(&body.get(..2).unwrap_or_default()) {
        return Err(Error::new(ErrorKind::NationalId, "the tax number of a natural person"));
    }
    if !ascii::luhn(body.get(..9).unwrap_or_default()) {
        return Err(ErrorKind::BadChecksum.into());
    }
    Ok(format!("0{body}"))
}

fn only_digits<'a>(number: &'a str, lengths: &[usize]) -> Result<&'a [u8]> {
    if let Some(position) = number.bytes().position(|byte| !byte.is_ascii_digit()) {
        return Err(Error::new(ErrorKind::InvalidCharacter, "only digits can stand here").at(position as u64));
    }
    if !lengths.contains(&number.len()) {
        return Err(Error::new(ErrorKind::WrongLength, "another number of digits than the country's numbers have"));
    }
    Ok(number.as_bytes())
}

/// The number, if its last digit is `expected`.
fn check(number: String, expected: u32) -> Result<String> {
    match number.bytes().last() {
        Some(digit) if u32::from(digit.wrapping_sub(b'0')) == expected => Ok(number),
        _ => Err(ErrorKind::BadChecksum.into()),
    }
}

fn weighted(weights: &[u32], digits: &[u8]) -> u32 {
    weights.iter().zip(digits).map(|(weight, digit)| weight * u32::from(digit.wrapping_sub(b'0'))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String> {
        canonical(text, &ParseOptions::default(), &mut Trace::off())
    }

    #[test]
    fn all_three_forms_of_singapore_are_checked() {
        for number in ["00192200M", "197401143C", "S16FC0121D", "T01FC6132D", "T04SS0129D", "201929813C"] {
            assert_eq!(parse(&format!("sg: {}", number.to_lowercase())).unwrap(), format!("SG:{number}"));
        }
        for number in ["00192200K", "197401143D", "T01FC6132C", "T02FC6132D"] {
            assert_eq!(parse(&format!("SG:{number}")).unwrap_err().kind(), ErrorKind::BadChecksum, "{number}");
        }
    }

    #[test]
    fn numbers_of_persons_are_refused() {
        for text in ["SG:S1234567D", "MY:900101-14-5678", "TH:1101700230708", "VN:8123456789", "ID:3171234567890123"] {
            assert_eq!(parse(text).unwrap_err().kind(), ErrorKind::NationalId, "{text}");
        }
    }

    #[test]
    fn other_countries_are_read() {
        for (text, canonical) in [
            ("MY:201901000005", "MY:201901000005"),
            ("MY:1312525-A", "MY:1312525A"),
            ("TH:0-1075-36000-31-5", "TH:0107536000315"),
            ("VN:0100233488", "VN:0100233488"),
            ("VN:0314409058-002", "VN:0314409058002"),
            ("ID:01.312.166.0-091.000", "ID:0013121660091000"),
            ("ID:0013121660091000", "ID:0013121660091000"),
        ] {
            assert_eq!(parse(text).unwrap(), canonical);
        }
    }

    #[test]
    fn a_country_without_rule_and_none_at_all_differ() {
        assert_eq!(parse("GB:12345678").unwrap_err().kind(), ErrorKind::UnknownRegion);
        assert_eq!(parse("201929813C").unwrap_err().kind(), ErrorKind::MissingCountry);
    }

    fn kind(text: &str) -> Option<ErrorKind> {
        let kind = parse(text).err().map(|error| error.kind());
        assert_eq!(is_canonical(text), parse(text).is_ok_and(|found| found == text), "{text}");
        kind
    }

    /// The check letters are as python-stdnum (`sg.uen`) gives them: each of the eleven remainders.
    #[test]
    fn each_place_of_a_uen() {
        for number in [
            "11111111X",
            "11111112M",
            "11111113K",
            "11111114E",
            "11111115C",
            "11111116A",
            "11111117W",
            "11111118L",
            "11111119J",
            "11111123D",
            "11111124B",
            "111111111W",
            "111111112H",
            "111111113Z",
            "111111114K",
            "111111115C",
            "111111116M",
            "111111117D",
            "111111118N",
            "111111119E",
            "111111127R",
            "111111128G",
            "T08FC6132F",
            "S08FC6132B",
            "R08FC6132J",
            "T00AA0000J",
            "R99XX9999F",
        ] {
            assert_eq!(kind(&format!("SG:{number}")), None, "{number}");
        }
        for (number, expected) in [
            ("1111111X", ErrorKind::WrongLength),
            ("1111111111W", ErrorKind::WrongLength),
            ("W", ErrorKind::WrongLength),
            ("111111111", ErrorKind::BadChecksum),
            ("1111111AX", ErrorKind::InvalidSyntax),
            // The letters fit the check, the form does not.
            ("Q08FC6132E", ErrorKind::InvalidSyntax),
            ("TX8FC6132C", ErrorKind::InvalidSyntax),
            ("T0XFC6132E", ErrorKind::InvalidSyntax),
            ("T081C6132E", ErrorKind::InvalidSyntax),
            ("T08F16132G", ErrorKind::InvalidSyntax),
            ("T08FCX132C", ErrorKind::InvalidSyntax),
            ("T08FC613XG", ErrorKind::InvalidSyntax),
            ("T08FC6X32B", ErrorKind::InvalidSyntax),
            ("T08IC6132F", ErrorKind::InvalidSyntax),
        ] {
            assert_eq!(kind(&format!("SG:{number}")), Some(expected), "{number}");
        }
        for first in ["S", "T", "F", "G", "M"] {
            assert_eq!(kind(&format!("SG:{first}1234567K")), Some(ErrorKind::NationalId), "{first}");
        }
        for number in ["R1234567K", "S123456AK", "S12345671"] {
            assert_eq!(kind(&format!("SG:{number}")), Some(ErrorKind::InvalidSyntax), "{number}");
        }
    }

    #[test]
    fn years_types_and_lengths_of_malaysia() {
        for (number, expected) in [
            ("189001000001", None),
            ("188901000001", Some(ErrorKind::NationalId)),
            ("209906000001", None),
            ("210001000001", Some(ErrorKind::NationalId)),
            ("201900000001", Some(ErrorKind::NationalId)),
            ("201907000001", Some(ErrorKind::NationalId)),
            ("20190100000A", Some(ErrorKind::InvalidSyntax)),
            ("20190100000", Some(ErrorKind::InvalidSyntax)),
            ("1A", None),
            ("123456789A", None),
            ("1234567890A", Some(ErrorKind::InvalidSyntax)),
            ("A", Some(ErrorKind::InvalidSyntax)),
            ("1", Some(ErrorKind::InvalidSyntax)),
            ("12", Some(ErrorKind::InvalidSyntax)),
            ("12B4A", Some(ErrorKind::InvalidSyntax)),
            ("000A", Some(ErrorKind::NotValid)),
        ] {
            assert_eq!(kind(&format!("MY:{number}")), expected, "{number}");
        }
        assert_eq!(parse("MY:000120-A").unwrap(), "MY:120A");
    }

    /// Each of the eleven remainders, as python-stdnum (`th.moa`, `vn.mst`) computes them.
    #[test]
    fn remainders_of_thailand_and_vietnam() {
        for number in [
            "0105536000003",
            "0105536000011",
            "0105536000020",
            "0105536000038",
            "0105536000046",
            "0105536000054",
            "0105536000062",
            "0105536000071",
            "0105536000089",
            "0105536000097",
            "0105536000135",
        ] {
            for digit in 0..10 {
                let text = format!("TH:{}{digit}", &number[..12]);
                let right = text.ends_with(&number[12..]);
                assert_eq!(kind(&text), if right { None } else { Some(ErrorKind::BadChecksum) }, "{text}");
            }
        }
        for (body, check) in [
            ("010000005", None),
            ("010000009", Some(9)),
            ("010000002", Some(8)),
            ("010000006", Some(7)),
            ("010000011", Some(6)),
            ("010000003", Some(5)),
            ("010000007", Some(4)),
            ("010000000", Some(3)),
            ("010000004", Some(2)),
            ("010000008", Some(1)),
            ("010000001", Some(0)),
        ] {
            for digit in 0..10 {
                for branch in ["", "001"] {
                    let text = format!("VN:{body}{digit}{branch}");
                    let right = check == Some(digit);
                    assert_eq!(kind(&text), if right { None } else { Some(ErrorKind::BadChecksum) }, "{text}");
                }
            }
        }
        for (text, expected) in [
            ("TH:010553600000", ErrorKind::WrongLength),
            ("TH:01055360000030", ErrorKind::WrongLength),
            ("TH:010553600000A", ErrorKind::InvalidCharacter),
            ("TH:1105536000003", ErrorKind::NationalId),
            ("VN:010000009", ErrorKind::WrongLength),
            ("VN:01000000990", ErrorKind::WrongLength),
            ("VN:01000000990010", ErrorKind::WrongLength),
            ("VN:8100000099", ErrorKind::NationalId),
        ] {
            assert_eq!(kind(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn types_and_lengths_of_indonesia() {
        for (number, expected) in [
            ("012345674091000", Ok("ID:0012345674091000")),
            ("022345672091000", Ok("ID:0022345672091000")),
            ("032345670091000", Ok("ID:0032345670091000")),
            ("0032345670091000", Ok("ID:0032345670091000")),
            ("002345676091000", Err(ErrorKind::NationalId)),
            ("042345678091000", Err(ErrorKind::NationalId)),
            ("0042345678091000", Err(ErrorKind::NationalId)),
            ("1012345674091000", Err(ErrorKind::NationalId)),
            ("012345675091000", Err(ErrorKind::BadChecksum)),
            ("01234567409100", Err(ErrorKind::WrongLength)),
            ("00012345674091000", Err(ErrorKind::WrongLength)),
            ("01234567409100A", Err(ErrorKind::InvalidCharacter)),
        ] {
            let text = format!("ID:{number}");
            assert_eq!(parse(&text).as_deref().map_err(|error| error.kind()), expected, "{text}");
            assert_eq!(is_canonical(&text), expected.ok() == Some(&text), "{text}");
        }
    }

    #[test]
    fn where_the_country_comes_from() {
        let read = |country: Option<&str>, region: Option<&str>| {
            let (country, region) = (country.map(str::to_owned), region.map(str::to_owned));
            let options = ParseOptions { country, region, ..ParseOptions::default() };
            canonical("0105536000011", &options, &mut Trace::off()).map_err(|error| error.kind())
        };
        assert_eq!(read(Some("TH"), Some("VN")).as_deref(), Ok("TH:0105536000011"));
        assert_eq!(read(None, Some("th")).as_deref(), Ok("TH:0105536000011"));
        assert_eq!(read(None, None), Err(ErrorKind::MissingCountry));
        for text in ["SG:", "th:0105536000011", "TH:01055 36000011", "0105536000011"] {
            assert!(!is_canonical(text), "{text}");
        }
    }
}
