//! Values of every scheme, to the digit.

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
