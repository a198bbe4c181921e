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
mod tests {
    use super::*;

    const SCHEMES: [Scheme; 8] = [
        Scheme::Bakong,
        Scheme::DuitNow,
        Scheme::LapNet,
        Scheme::PayNow,
        Scheme::PromptPay,
        Scheme::Qris,
        Scheme::QrPh,
        Scheme::VietQr,
    ];

    fn read(scheme: Scheme, kind: &str, value: &str) -> std::result::Result<String, ErrorKind> {
        canonical(scheme, kind, value, &ParseOptions::default()).map_err(|error| error.kind())
    }

    /// The lengths of `docs/canonical/proxy.md`.
    #[test]
    fn lengths_of_values() {
        let (digits, id) = ("1234567890".repeat(5), "aB1_-.*/z9".repeat(5));
        for (scheme, kind, before, text, least, most) in [
            (Scheme::PayNow, "vpa", "+6591234567#", &id, 1, 20),
            (Scheme::PromptPay, "ewallet", "", &digits, 15, 15),
            (Scheme::PromptPay, "biller", "0", &digits, 14, 14),
            (Scheme::PromptPay, "biller", "012345678901234:", &id, 1, 20),
            (Scheme::PromptPay, "account", "123:", &digits, 6, 40),
            (Scheme::DuitNow, "merchant", "123456:", &id, 1, 40),
            (Scheme::Qris, "nmid", "ID", &digits, 13, 13),
            (Scheme::Qris, "mpan", "", &digits, 16, 19),
            (Scheme::QrPh, "merchant", "BNORPHMM:", &id, 1, 40),
            (Scheme::LapNet, "receiver", "12345678:", &id, 1, 40),
            (Scheme::Bakong, "account", "a@b:", &id, 1, 40),
            (Scheme::Bakong, "merchant", "a@b:", &id, 1, 40),
        ] {
            for (length, taken) in [(least - 1, false), (least, true), (most, true), (most + 1, false)] {
                let value = format!("{before}{}", &text[..length]);
                let upper = kind == "vpa" || before.len() == 16;
                let expected = if upper { value.to_ascii_uppercase() } else { value.clone() };
                let expected = if taken { Ok(expected) } else { Err(ErrorKind::WrongLength) };
                assert_eq!(read(scheme, kind, &value), expected, "{kind} {value}");
            }
        }
        for (scheme, kind, after, least, most) in [
            (Scheme::PromptPay, "account", ":123456", 3, 3),
            (Scheme::DuitNow, "merchant", ":a", 6, 6),
            (Scheme::LapNet, "receiver", ":a", 8, 8),
            (Scheme::VietQr, "account", ":1234", 6, 6),
            (Scheme::VietQr, "merchant", ":1234", 6, 6),
        ] {
            for (length, taken) in [(least - 1, false), (least, true), (most, true), (most + 1, false)] {
                let value = format!("{}{after}", &digits[..length]);
                let expected = if taken { Ok(value.clone()) } else { Err(ErrorKind::WrongLength) };
                assert_eq!(read(scheme, kind, &value), expected, "{kind} {value}");
            }
        }
        for (scheme, bank) in [(Scheme::VietQr, "970415"), (Scheme::QrPh, "BNORPHMM")] {
            for (length, taken) in [(3, false), (4, true), (34, true), (35, false)] {
                let value = format!("{bank}:{}", &digits[..length]);
                let expected = if taken { Ok(value.clone()) } else { Err(ErrorKind::WrongLength) };
                assert_eq!(read(scheme, "account", &value), expected, "{value}");
            }
            assert_eq!(read(scheme, "account", &format!("{bank}: a-1.2 34")), Ok(format!("{bank}:A1234")));
        }
        for (bank, expected) in [
            ("BNORPHM", Err(ErrorKind::WrongLength)),
            ("bnorphmm", Ok("BNORPHMM:1234".to_owned())),
            ("BNORPHMMX", Err(ErrorKind::UnknownBank)),
            ("BNORPHMMXX", Err(ErrorKind::UnknownBank)),
            ("BNORPHMMXXX", Ok("BNORPHMM:1234".to_owned())),
            ("BNORPHMMXXXX", Err(ErrorKind::WrongLength)),
        ] {
            assert_eq!(read(Scheme::QrPh, "account", &format!("{bank}:1234")), expected, "{bank}");
        }
        for (name, bank, taken) in
            [(1, 1, true), (32, 32, true), (33, 1, false), (1, 33, false), (0, 1, false), (1, 0, false)]
        {
            let value = format!("{}@{}", &id[..name].to_ascii_lowercase(), &id[..bank].to_ascii_lowercase());
            let expected = if taken { Ok(value.clone()) } else { Err(ErrorKind::WrongLength) };
            assert_eq!(read(Scheme::Bakong, "account", &value), expected, "{value}");
        }
    }

    #[test]
    fn characters_of_an_id() {
        for byte in b'!'..=b'~' {
            let value = format!("123456:a{}", char::from(byte));
            let fine = byte.is_ascii_alphanumeric() || b"_-.*/".contains(&byte);
            let expected = if fine { Ok(value.clone()) } else { Err(ErrorKind::InvalidCharacter) };
            assert_eq!(read(Scheme::DuitNow, "merchant", &value), expected, "{value}");
        }
    }

    #[test]
    fn values_that_are_not_of_their_type() {
        for (scheme, kind, value, expected) in [
            (Scheme::PayNow, "mobile", "", ErrorKind::Empty),
            (Scheme::PayNow, "vpa", "+6591234567", ErrorKind::InvalidSyntax),
            (Scheme::PayNow, "biller", "1", ErrorKind::InvalidSyntax),
            (Scheme::PayNow, "uen", "T04SS0129E", ErrorKind::BadChecksum),
            (Scheme::PayNow, "uen", "S1234567D", ErrorKind::NationalId),
            (Scheme::PayNow, "uen", "201929813CS*W", ErrorKind::BadChecksum),
            (Scheme::PayNow, "uen", "201929813CSPWX", ErrorKind::WrongLength),
            (Scheme::PayNow, "uen", "201929813CSé", ErrorKind::InvalidCharacter),
            (Scheme::PromptPay, "biller", "110170023070801", ErrorKind::NationalId),
            (Scheme::PromptPay, "account", "1234567890", ErrorKind::InvalidSyntax),
            (Scheme::Qris, "nmid", "1025380163258", ErrorKind::InvalidSyntax),
            (Scheme::Bakong, "account", "name", ErrorKind::InvalidSyntax),
            (Scheme::DuitNow, "brn", "202007012345", ErrorKind::NationalId),
            (Scheme::PromptPay, "tax-id", "0107536000314", ErrorKind::BadChecksum),
        ] {
            let found = read(scheme, kind, value);
            if value.contains("S*W") {
                assert!(found.is_ok(), "{found:?}");
            } else {
                assert_eq!(found, Err(expected), "{kind} {value}");
            }
        }
        for (scheme, number, region) in [
            (Scheme::Bakong, "012 345 678", "KH"),
            (Scheme::DuitNow, "012 345 6789", "MY"),
            (Scheme::LapNet, "020 55 123 456", "LA"),
            (Scheme::PayNow, "9123 4567", "SG"),
            (Scheme::PromptPay, "081 234 5678", "TH"),
            (Scheme::Qris, "0812 3456 789", "ID"),
            (Scheme::QrPh, "0917 123 4567", "PH"),
            (Scheme::VietQr, "091 234 5678", "VN"),
        ] {
            let options = ParseOptions { region: Some(region.to_owned()), ..ParseOptions::default() };
            let phone = phone::canonical(number, &options, &mut Trace::off()).unwrap();
            assert_eq!(read(scheme, "mobile", number), Ok(phone.clone()), "{region}");
            assert_eq!(read(scheme, "mobile", &phone), Ok(phone));
        }
    }

    #[test]
    fn each_scheme_has_its_types() {
        for scheme in SCHEMES {
            assert_eq!(Scheme::from_name(scheme.name()), Some(scheme));
            for kind in [
                "mobile", "uen", "vpa", "tax-id", "ewallet", "biller", "account", "brn", "merchant", "nmid", "mpan",
                "receiver",
            ] {
                let text = format!("{kind}:1");
                let known = kinds(scheme).contains(&kind);
                let found = split(scheme, &text).map(|(kind, value)| (kind, value.to_owned())).ok();
                assert_eq!(found == Some((kind.to_owned(), "1".to_owned())), known, "{} {kind}", scheme.name());
            }
            for kind in PERSONAL {
                let error = split(scheme, &format!(" {} : 1", kind.to_uppercase())).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::NationalId, "{kind}");
            }
        }
        for (alias, scheme) in [("khqr", Scheme::Bakong), ("laoqr", Scheme::LapNet), ("instapay", Scheme::QrPh)] {
            assert_eq!(Scheme::from_name(alias), Some(scheme));
        }
        for (scheme, alias, kind) in [
            (Scheme::PayNow, "phone", "mobile"),
            (Scheme::PayNow, "MSISDN", "mobile"),
            (Scheme::PromptPay, "e-wallet", "ewallet"),
            (Scheme::PromptPay, "wallet-id", "ewallet"),
            (Scheme::PromptPay, "taxid", "tax-id"),
            (Scheme::PromptPay, "tax", "tax-id"),
        ] {
            assert_eq!(split(scheme, &format!("{alias}:1")).unwrap(), (kind.to_owned(), "1"), "{alias}");
        }
    }

    /// `docs/canonical/proxy.md`, written proxies, step 2.
    #[test]
    fn types_that_a_value_shows() {
        for (scheme, value, expected) in [
            (Scheme::PayNow, "+1", Some("mobile")),
            (Scheme::PayNow, "1234567", None),
            (Scheme::PayNow, "(9123) 45-67.", Some("mobile")),
            (Scheme::PayNow, "123456789", None),
            (Scheme::PayNow, "1234567A", None),
            (Scheme::PayNow, "12345678A", Some("uen")),
            (Scheme::PayNow, "123456789A", Some("uen")),
            (Scheme::PayNow, "123456789AB", None),
            (Scheme::PayNow, "12345678AB12", Some("uen")),
            (Scheme::PayNow, "123456789AB12", Some("uen")),
            (Scheme::PayNow, "123456789ABC12", None),
            (Scheme::PayNow, "1#A", Some("vpa")),
            (Scheme::PromptPay, "+1", Some("mobile")),
            (Scheme::PromptPay, "081234567", None),
            (Scheme::PromptPay, "081-234-5678", Some("mobile")),
            (Scheme::PromptPay, "08123456789", None),
            (Scheme::PromptPay, "081234567A", None),
            (Scheme::PromptPay, "010753600031", None),
            (Scheme::PromptPay, "0107536000315", Some("tax-id")),
            (Scheme::PromptPay, "01075360003151", None),
            (Scheme::PromptPay, "010753600031A", None),
            (Scheme::DuitNow, "+1", Some("mobile")),
            (Scheme::DuitNow, "01", Some("mobile")),
            (Scheme::DuitNow, "01234567890", Some("mobile")),
            (Scheme::DuitNow, "012345678901", None),
            (Scheme::DuitNow, "0212345678", None),
            (Scheme::DuitNow, "012345678A", None),
            (Scheme::Qris, "id1", Some("nmid")),
            (Scheme::Qris, "1", None),
            (Scheme::Bakong, "a@b", Some("account")),
            (Scheme::Bakong, "ab", None),
            (Scheme::VietQr, "a@b", None),
            (Scheme::LapNet, "+1", None),
            (Scheme::QrPh, "12345678", None),
        ] {
            assert_eq!(shown(scheme, value).unwrap(), expected, "{} {value}", scheme.name());
            let found = split(scheme, value).map(|(kind, rest)| (kind, rest.to_owned())).ok();
            assert_eq!(found, expected.map(|kind| (kind.to_owned(), value.to_owned())), "{value}");
        }
        for value in ["S1234567D", "t 1234567 d", "M-1234567-K"] {
            assert_eq!(shown(Scheme::PayNow, value).unwrap_err().kind(), ErrorKind::NationalId, "{value}");
        }
    }
}
