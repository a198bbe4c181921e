//! The types of proxies and the form of their values.

use std::borrow::Cow;

use super::scheme::Scheme;
use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii, phone, registration};

/// Names of types that are numbers of persons in every scheme.
const PERSONAL: [&str; 11] =
    ["national-id", "nric", "fin", "mykad", "ic", "passport", "army", "police", "citizen-id", "nik", "id-card"];

/// The type and value after the scheme. Without a type, the value must show it alone.
pub(super) fn split(scheme: Scheme, rest: &str) -> Result<(String, &str)> {
    let (first, value) = rest.split_once(':').unwrap_or(("", rest));
    let kind = first.trim().to_ascii_lowercase();
    if PERSONAL.contains(&kind.as_str()) {
        return Err(ErrorKind::NationalId.into());
    }
    let kind = match kind.as_str() {
        "phone" | "msisdn" => "mobile".to_owned(),
        "e-wallet" | "wallet-id" => "ewallet".to_owned(),
        "taxid" | "tax" => "tax-id".to_owned(),
        _ => kind,
    };
    if kinds(scheme).contains(&kind.as_str()) {
        return Ok((kind, value));
    }
    match shown(scheme, rest)? {
        Some(kind) => Ok((kind.to_owned(), rest)),
        None => Err(Error::new(ErrorKind::InvalidSyntax, "write the type of the proxy: scheme:type:value")),
    }
}

/// The one text of a value.
pub(super) fn canonical(scheme: Scheme, kind: &str, value: &str, options: &ParseOptions) -> Result<String> {
    if value.is_empty() {
        return Err(ErrorKind::Empty.into());
    }
    match (scheme, kind) {
        (_, "mobile") => mobile(scheme, value, options),
        (Scheme::PayNow, "uen") => uen(value),
        (Scheme::PayNow, "vpa") => match value.split_once('#') {
            Some((number, wallet)) => {
                Ok(format!("{}#{}", mobile(scheme, number, options)?, plain(wallet, 1..=20)?.to_ascii_uppercase()))
            }
            None => Err(Error::new(ErrorKind::InvalidSyntax, "a mobile number, # and the name of the wallet")),
        },
        (Scheme::PromptPay, "tax-id") => registered("TH", value),
        (Scheme::PromptPay, "ewallet") => digits(value, 15..=15),
        (Scheme::PromptPay, "biller") => biller(value),
        (Scheme::PromptPay, "account") => pair(value, |bank| digits(bank, 3..=3), |number| digits(number, 6..=40)),
        (Scheme::DuitNow, "brn") => registered("MY", value),
        (Scheme::DuitNow, "merchant") => pair(value, |bank| digits(bank, 6..=6), |id| Ok(plain(id, 1..=40)?.into())),
        (Scheme::Qris, "nmid") => nmid(value),
        (Scheme::Qris, "mpan") => digits(value, 16..=19),
        (Scheme::VietQr, "account" | "merchant") => pair(value, |bank| digits(bank, 6..=6), account),
        (Scheme::QrPh, "account") => pair(value, bank8, account),
        (Scheme::QrPh, "merchant") => pair(value, bank8, |id| Ok(plain(id, 1..=40)?.into())),
        (Scheme::LapNet, "receiver") => {
            pair(value, |network| digits(network, 8..=8), |id| Ok(plain(id, 1..=40)?.into()))
        }
        (Scheme::Bakong, "account" | "merchant") => match value.split_once(':') {
            Some((address, part)) => Ok(format!("{}:{}", bakong(address)?, plain(part, 1..=40)?)),
            None => bakong(value),
        },
        _ => Err(Error::new(ErrorKind::InvalidSyntax, "the scheme has no proxies of this type")),
    }
}

pub(super) const fn kinds(scheme: Scheme) -> &'static [&'static str] {
    match scheme {
        Scheme::Bakong => &["account", "merchant"],
        Scheme::DuitNow => &["mobile", "brn", "merchant"],
        Scheme::LapNet => &["receiver"],
        Scheme::PayNow => &["mobile", "uen", "vpa"],
        Scheme::PromptPay => &["mobile", "tax-id", "ewallet", "biller", "account"],
        Scheme::Qris => &["nmid", "mpan"],
        Scheme::QrPh => &["account", "merchant"],
        Scheme::VietQr => &["account", "merchant"],
    }
}

/// The type that a value shows by itself.
fn shown(scheme: Scheme, value: &str) -> Result<Option<&'static str>> {
    let compact = ascii::strip(value, &[' ', '-', '.', '(', ')']).to_ascii_uppercase();
    let digits = compact.bytes().all(|byte| byte.is_ascii_digit());
    let length = compact.len();
    Ok(match scheme {
        Scheme::PayNow if registration::is_personal_singapore(&compact) => return Err(ErrorKind::NationalId.into()),
        Scheme::PayNow if value.contains('#') => Some("vpa"),
        Scheme::PayNow if compact.starts_with('+') || (digits && length == 8) => Some("mobile"),
        Scheme::PayNow if !digits && matches!(length, 9 | 10 | 12 | 13) => Some("uen"),
        Scheme::PromptPay if compact.starts_with('+') || (digits && length == 10) => Some("mobile"),
        Scheme::PromptPay if digits && length == 13 => Some("tax-id"),
        Scheme::DuitNow if compact.starts_with('+') || (digits && compact.starts_with("01") && length < 12) => {
            Some("mobile")
        }
        Scheme::Qris if compact.starts_with("ID") => Some("nmid"),
        Scheme::Bakong if value.contains('@') => Some("account"),
        _ => None,
    })
}

/// E.164; a national number is one of the scheme's country.
fn mobile(scheme: Scheme, value: &str, options: &ParseOptions) -> Result<String> {
    if phone::is_canonical(value) {
        return Ok(value.to_owned());
    }
    let options = ParseOptions { region: Some(scheme.region().to_owned()), ..options.clone() };
    phone::canonical(value, &options, &mut Trace::off())
}

/// A registration number that is no person's, without its country.
fn registered(country: &str, value: &str) -> Result<String> {
    let text = registration::canonical(&format!("{country}:{value}"), &ParseOptions::default(), &mut Trace::off())?;
    Ok(text.split_once(':').map_or_else(String::new, |(_, number)| number.to_owned()))
}

/// A UEN, and behind it the three characters that tell several accounts of one entity apart.
fn uen(value: &str) -> Result<String> {
    let value = ascii::strip(value, &[' ', '-']).to_ascii_uppercase();
    if value.len() <= 10 {
        return registered("SG", &value);
    }
    match value.split_at_checked(value.len() - 3) {
        Some((number, suffix)) => Ok(format!("{}{}", registered("SG", number)?, plain(suffix, 3..=3)?)),
        None => Err(ErrorKind::InvalidCharacter.into()),
    }
}

/// 15 digits: a tax number and two of suffix. Behind a biller who collects for others, the first reference.
fn biller(value: &str) -> Result<String> {
    let (biller, reference) = value.split_once(':').map_or((value, None), |(biller, rest)| (biller, Some(rest)));
    let biller = digits(biller, 15..=15)?;
    if !biller.starts_with('0') {
        return Err(Error::new(ErrorKind::NationalId, "the biller is a natural person"));
    }
    match reference {
        Some(reference) => Ok(format!("{biller}:{}", plain(reference, 1..=20)?.to_ascii_uppercase())),
        None => Ok(biller),
    }
}

/// `ID` and 13 digits.
fn nmid(value: &str) -> Result<String> {
    let value = value.to_ascii_uppercase();
    let number = value.strip_prefix("ID").ok_or(Error::new(ErrorKind::InvalidSyntax, "an NMID begins with ID"))?;
    Ok(format!("ID{}", digits(number, 13..=13)?))
}

/// The name at its bank in lower case.
fn bakong(address: &str) -> Result<String> {
    match address.split_once('@') {
        Some((name, bank)) => {
            let name = plain(name, 1..=32)?;
            Ok(format!("{name}@{}", plain(bank, 1..=32)?).to_ascii_lowercase())
        }
        None => Err(Error::new(ErrorKind::InvalidSyntax, "a Bakong account is name@bank")),
    }
}

fn account(value: &str) -> Result<String> {
    Ok(plain(&ascii::strip(value, &[' ', '-', '.']), 4..=34)?.to_ascii_uppercase())
}

/// The first 8 characters of a BIC.
fn bank8(value: &str) -> Result<String> {
    let value = plain(value, 8..=11)?.to_ascii_uppercase();
    match value.get(..8) {
        Some(bank) if matches!(value.len(), 8 | 11) => Ok(bank.to_owned()),
        _ => Err(ErrorKind::UnknownBank.into()),
    }
}

fn pair(
    value: &str,
    first: impl FnOnce(&str) -> Result<String>,
    second: impl FnOnce(&str) -> Result<String>,
) -> Result<String> {
    match value.split_once(':') {
        Some((a, b)) => Ok(format!("{}:{}", first(a.trim())?, second(b.trim())?)),
        None => Err(Error::new(ErrorKind::InvalidSyntax, "the value has two parts: bank or acquirer, and number")),
    }
}

fn digits(value: &str, lengths: std::ops::RangeInclusive<usize>) -> Result<String> {
    let digits = ascii::digits(value, &mut Trace::off())?;
    if lengths.contains(&digits.len()) {
        Ok(digits)
    } else {
        Err(Error::new(ErrorKind::WrongLength, "another number of digits than proxies of this type have"))
    }
}

/// Letters and digits with `_ - . * /` as they are: ids at banks are compared with their case.
fn plain(value: &str, lengths: std::ops::RangeInclusive<usize>) -> Result<Cow<'_, str>> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'*' | b'/');
    if let Some(position) = value.bytes().position(|byte| !fits(byte)) {
        return Err(Error::from(ErrorKind::InvalidCharacter).at(position as u64));
    }
    if lengths.contains(&value.len()) {
        Ok(Cow::Borrowed(value))
    } else {
        Err(Error::new(ErrorKind::WrongLength, "another length than proxies of this type have"))
    }
}

#[cfg(test)]
mod tests;
