//! Payment proxies: `scheme:type:value`, from that text or from a merchant-presented QR code
//! (`docs/canonical.md`, proxy).

// floor 0
mod scheme;
// floor 1
mod tlv;
// floor 2
mod qr;
// floor 2
mod value;

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::kind::Kind;
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii, banks};
use scheme::Scheme;

/// The longest proxy that is no QR code.
const MAX_TEXT: usize = 256;

/// Reads `scheme:type:value`, `scheme:value` where the value shows its type, or the text of a QR code, which is taken
/// from `raw`: invisible characters count in it.
///
/// # Errors
/// `NationalId`, `BadChecksum`, `UnsupportedScheme`, `InvalidSyntax`, `InvalidCharacter`, `WrongLength`, `TooLong`, and
/// those of the telephone and registration numbers within.
pub(super) fn canonical(raw: &str, text: &str, options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let raw = raw.trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    let (scheme, kind, value) = if qr::is_one(raw) {
        let payee = qr::payee(raw)?;
        trace.note("QR code: checksum verified; amount, reference and expiry dropped", || payee.to_string());
        (payee.scheme, payee.kind.to_owned(), payee.value)
    } else {
        if text.len() > MAX_TEXT {
            return Err(Error::from(ErrorKind::TooLong).at(MAX_TEXT as u64));
        }
        let text = ascii::fold(text, trace)?;
        let (scheme, rest) = text.split_once(':').unwrap_or(("", &text));
        let scheme = match Scheme::from_name(&scheme.trim().to_ascii_lowercase()) {
            Some(scheme) => scheme,
            None if scheme.is_empty() => {
                return Err(Error::new(
                    ErrorKind::InvalidSyntax,
                    "write the scheme before the value: paynow:mobile:+65…",
                ));
            }
            None => {
                return Err(Error::new(ErrorKind::UnsupportedScheme, "no payment scheme of this name is read here"));
            }
        };
        let (kind, value) = value::split(scheme, rest.trim())?;
        (scheme, kind, value.to_owned())
    };
    let value = value::canonical(scheme, &kind, value.trim(), options)?;
    Ok(format!("{}:{kind}:{value}", scheme.name()))
}

/// Whether the text is its own canonical form, under any options.
pub(super) fn is_canonical(text: &str) -> bool {
    if text.len() > MAX_TEXT || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return false;
    }
    let parts = text.split_once(':').and_then(|(scheme, rest)| Some((scheme, rest.split_once(':')?)));
    let Some((name, (kind, value))) = parts else { return false };
    Scheme::from_name(name).is_some_and(|scheme| {
        scheme.name() == name
            && value::kinds(scheme).contains(&kind)
            && value::canonical(scheme, kind, value, &ParseOptions::default()).is_ok_and(|found| found == value)
    })
}

/// What a canonical proxy also stands for: a mobile's telephone number, a company's registration number, a bank account.
pub(super) fn linked(canonical: &str) -> Vec<(Kind, String)> {
    let mut parts = canonical.splitn(3, ':');
    let (Some(scheme), Some(kind), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
        return Vec::new();
    };
    let account = |country: &str, bank: &str, number: &str| {
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| (Kind::Account, format!("{country}:{bank}:{number}")))
    };
    let link = match (scheme, kind) {
        (_, "mobile") => Some((Kind::Phone, value.to_owned())),
        ("paynow", "vpa") => value.split_once('#').map(|(phone, _)| (Kind::Phone, phone.to_owned())),
        // behind a suffix stands an account of one of many customers, not the company
        ("paynow", "uen") if value.len() <= 10 => Some((Kind::Registration, format!("SG:{value}"))),
        ("promptpay", "tax-id") => Some((Kind::Registration, format!("TH:{value}"))),
        ("duitnow", "brn") => Some((Kind::Registration, format!("MY:{value}"))),
        ("vietqr", "account") => {
            value.split_once(':').and_then(|(bin, number)| account("VN", banks::vietnam(bin)?, number))
        }
        ("qrph", "account") => value.split_once(':').and_then(|(bank, number)| account("PH", bank, number)),
        _ => None,
    };
    link.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String> {
        canonical(text, text, &ParseOptions::default(), &mut Trace::off())
    }

    #[test]
    fn written_proxies_are_read_with_and_without_their_type() {
        for (raw, canonical) in [
            ("PayNow:9123 4567", "paynow:mobile:+6591234567"),
            ("paynow:mobile:+65 9123-4567", "paynow:mobile:+6591234567"),
            ("paynow:t04ss0129d", "paynow:uen:T04SS0129D"),
            ("paynow:uen:201929813CSPW", "paynow:uen:201929813CSPW"),
            ("promptpay:081-234-5678", "promptpay:mobile:+66812345678"),
            ("promptpay:0107536000315", "promptpay:tax-id:0107536000315"),
            ("duitnow:012-345 6789", "duitnow:mobile:+60123456789"),
            ("duitnow:brn:201901000005", "duitnow:brn:201901000005"),
            ("qris:ID1025380163258", "qris:nmid:ID1025380163258"),
            ("vietqr:account:970415:0011001932418", "vietqr:account:970415:0011001932418"),
            ("bakong:John_Smith@devb", "bakong:account:john_smith@devb"),
            ("instapay:account:BNORPHMMXXX:001234567890", "qrph:account:BNORPHMM:001234567890"),
        ] {
            assert_eq!(parse(raw).unwrap(), canonical, "{raw}");
            assert_eq!(parse(canonical).unwrap(), canonical);
        }
    }

    #[test]
    fn national_identity_numbers_are_refused() {
        for raw in [
            "paynow:S1234567D",
            "paynow:nric:S1234567D",
            "paynow:uen:S1234567D",
            "promptpay:1101700230708",
            "promptpay:national-id:1101700230708",
            "promptpay:biller:110170023070899",
            "duitnow:nric:900101145678",
            "duitnow:passport:A12345678MYS",
        ] {
            assert_eq!(parse(raw).unwrap_err().kind(), ErrorKind::NationalId, "{raw}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for raw in ["91234567", "duitnow:900101145678", "promptpay:123456789012345", "vietqr:0011001932418"] {
            assert_eq!(parse(raw).unwrap_err().kind(), ErrorKind::InvalidSyntax, "{raw}");
        }
        assert_eq!(parse("venmo:joe").unwrap_err().kind(), ErrorKind::UnsupportedScheme);
    }

    #[test]
    fn links_lead_to_phones_companies_and_accounts() {
        for (canonical, kind, value) in [
            ("paynow:mobile:+6591234567", Kind::Phone, "+6591234567"),
            ("paynow:uen:T04SS0129D", Kind::Registration, "SG:T04SS0129D"),
            ("vietqr:account:970415:0011001932418", Kind::Account, "VN:ICBVVNVX:0011001932418"),
            ("qrph:account:BNORPHMM:001234567890", Kind::Account, "PH:BNORPHMM:001234567890"),
        ] {
            assert_eq!(linked(canonical), [(kind, value.to_owned())]);
        }
        for canonical in ["paynow:uen:201929813CSPW", "vietqr:account:999999:1234", "qrph:account:GXCHPHM2:DWQM4TK3"] {
            assert_eq!(linked(canonical), []);
        }
    }

    #[test]
    fn bounds_and_glances() {
        let id = "a".repeat(40);
        for (text, seen) in [
            ("paynow:mobile:+6591234567", true),
            ("PAYNOW:mobile:+6591234567", false),
            ("paynow:Mobile:+6591234567", false),
            ("paynow:mobile:91234567", false),
            ("paynow:phone:+6591234567", false),
            ("paynow:+6591234567", false),
            ("paynow:nric:S1234567D", false),
            ("khqr:account:a@b", false),
            ("bakong:account:a@b", true),
            ("bakong:account:A@b", false),
            ("paynow:uen:T04SS0129D", true),
            ("paynow:uen:t04ss0129d", false),
            (&format!("duitnow:merchant:123456:{id}"), true),
            (&format!("duitnow:merchant:123456:{id}a"), false),
            ("duitnow:merchant:123456: a", false),
            ("duitnow:merchant:123456:\u{E9}", false),
            ("duitnow:merchant:123456:\u{7F}", false),
        ] {
            assert_eq!(is_canonical(text), seen, "{text}");
            assert_eq!(parse(text).is_ok_and(|found| found == text), seen, "{text}");
        }
        for (length, kind) in [(256, ErrorKind::InvalidSyntax), (257, ErrorKind::TooLong)] {
            assert_eq!(parse(&"1".repeat(length)).unwrap_err().kind(), kind, "{length}");
        }
        assert_eq!(parse(":mobile:+6591234567").unwrap_err().kind(), ErrorKind::InvalidSyntax);
        assert_eq!(parse(" PayNow : mobile : 9123 4567").unwrap(), "paynow:mobile:+6591234567");
        // What stands before and after a code, and the code by itself, which may be longer than a written proxy.
        let code = "00020126370009SG.PAYNOW010120210T04SS0129D030115802SG5904EXAM6304CC3B";
        for text in [code.to_owned(), format!("\u{FEFF} {code}\n")] {
            assert_eq!(parse(&text).unwrap(), "paynow:uen:T04SS0129D");
        }
    }

    #[test]
    fn every_link() {
        for (canonical, expected) in [
            ("duitnow:mobile:+60123456789", Some((Kind::Phone, "+60123456789"))),
            ("paynow:vpa:+6591234567#GRAB", Some((Kind::Phone, "+6591234567"))),
            ("paynow:uen:00192200M", Some((Kind::Registration, "SG:00192200M"))),
            ("paynow:uen:00192200MABC", None),
            ("promptpay:tax-id:0107536000315", Some((Kind::Registration, "TH:0107536000315"))),
            ("duitnow:brn:201901000005", Some((Kind::Registration, "MY:201901000005"))),
            ("vietqr:account:970415:001A", None),
            ("vietqr:merchant:970415:0011", None),
            ("qrph:merchant:BNORPHMM:0011", None),
            ("promptpay:ewallet:004999000288505", None),
            ("promptpay:account:004:1234567890", None),
            ("bakong:account:a@b", None),
            ("paynow:mobile", None),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(kind, text)| (kind, text.to_owned())).collect();
            assert_eq!(linked(canonical), expected, "{canonical}");
        }
    }
}
