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
mod tests;
