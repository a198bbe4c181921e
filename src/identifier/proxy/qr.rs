//! The payee of a merchant-presented QR code. One payee has one key: amount, references, expiry, names and the way of
//! initiation are dropped.

use std::fmt;

use super::scheme::Scheme;
use super::tlv::{self, Entries};
use crate::error::{Error, ErrorKind, Result};

/// Billers that collect for many others: only the first reference tells for whom. Their 13-digit tax numbers.
const COLLECTING_BILLERS: [&str; 2] = ["0107536000102", "0107536000315"];

/// Whom a code pays, before the value is brought into its form.
pub(super) struct Payee {
    pub(super) scheme: Scheme,
    pub(super) kind: &'static str,
    pub(super) value: String,
}

impl fmt::Display for Payee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.scheme.name(), self.kind, self.value)
    }
}

/// Whether the text begins with the version of a code: tag 00, length 02, 01 or 02.
pub(super) fn is_one(text: &str) -> bool {
    text.starts_with("000201") || text.starts_with("000202")
}

/// The payee by the scheme that is read here and has the lowest tag; in QRIS the national merchant id goes first.
pub(super) fn payee(code: &str) -> Result<Payee> {
    if code.len() > tlv::MAX_CODE {
        return Err(Error::from(ErrorKind::TooLong).at(tlv::MAX_CODE as u64));
    }
    let entries = Entries::read(tlv::verified(code)?)?;
    if entries.first().is_none_or(|(tag, _)| tag != 0) {
        return Err(Error::new(ErrorKind::InvalidSyntax, "the QR code does not begin with its version"));
    }
    let country = entries.get(58).unwrap_or_default();
    let mut found: Option<Payee> = None;
    for (tag, template) in entries.templates() {
        // a template of another network need not be split the same way
        let Ok(template) = Entries::read(template) else { continue };
        let payee = read(tag, &template, country)?;
        if let Some(payee) = payee
            && (found.is_none() || payee.kind == "nmid")
        {
            found = Some(payee);
        }
    }
    found.ok_or(Error::new(ErrorKind::UnsupportedScheme, "no payment scheme of this QR code is read here"))
}

/// The payee in one template, or `None` if its network is not read here.
fn read(tag: u8, template: &Entries<'_>, country: &str) -> Result<Option<Payee>> {
    let Some(network) = template.get(0) else { return Ok(None) };
    let payee = match network.to_ascii_uppercase().as_str() {
        "SG.PAYNOW" => paynow(template)?,
        "A000000677010111" | "A000000677010114" => promptpay(template)?,
        "A000000677010112" => biller(template)?,
        "A0000006150001" => joined(Scheme::DuitNow, "merchant", &[required(template, 1)?, required(template, 2)?]),
        "ID.CO.QRIS.WWW" => match template.get(2) {
            Some(nmid) if nmid.starts_with("ID") => joined(Scheme::Qris, "nmid", &[nmid]),
            _ => return Ok(None),
        },
        "A000000727" => vietqr(template)?,
        "COM.P2PQRPAY" => joined(Scheme::QrPh, "account", &[required(template, 1)?, required(template, 4)?]),
        "PH.PPMI.P2M" => joined(Scheme::QrPh, "merchant", &[required(template, 1)?, required(template, 3)?]),
        "A005266284662577" => joined(Scheme::LapNet, "receiver", &[required(template, 1)?, required(template, 3)?]),
        _ if country == "KH" && network.contains('@') => bakong(tag, template, network),
        // the merchant's number at its acquirer, in the range of the Indonesian switch
        _ if country == "ID" && template.get(1).is_some_and(|pan| pan.starts_with("9360")) => {
            joined(Scheme::Qris, "mpan", &[required(template, 1)?])
        }
        _ => return Ok(None),
    };
    Ok(Some(payee))
}

fn paynow(template: &Entries<'_>) -> Result<Payee> {
    let kind = match required(template, 1)? {
        "0" => "mobile",
        "2" => "uen",
        "1" | "3" => return Err(ErrorKind::NationalId.into()),
        _ => return Err(Error::new(ErrorKind::UnsupportedScheme, "a type of PayNow proxy that is not read here")),
    };
    Ok(joined(Scheme::PayNow, kind, &[required(template, 2)?]))
}

/// One of mobile, national id or tax number, wallet and account.
fn promptpay(template: &Entries<'_>) -> Result<Payee> {
    let values: Vec<(u8, &str)> = (1..=4).filter_map(|tag| Some((tag, template.get(tag)?))).collect();
    let [(tag, value)] = *values.as_slice() else {
        return Err(Error::new(ErrorKind::InvalidSyntax, "a PromptPay code has one payee"));
    };
    Ok(match tag {
        1 => match value.strip_prefix("00") {
            Some(number) => joined(Scheme::PromptPay, "mobile", &[&format!("+{number}")]),
            None => {
                return Err(Error::new(ErrorKind::InvalidSyntax, "a mobile number begins with 00 and country code"));
            }
        },
        2 => joined(Scheme::PromptPay, "tax-id", &[value]),
        3 => joined(Scheme::PromptPay, "ewallet", &[value]),
        _ => match (value.get(..3), value.get(3..)) {
            (Some(bank), Some(number)) => joined(Scheme::PromptPay, "account", &[bank, number]),
            _ => return Err(ErrorKind::WrongLength.into()),
        },
    })
}

fn biller(template: &Entries<'_>) -> Result<Payee> {
    let biller = required(template, 1)?;
    Ok(if COLLECTING_BILLERS.iter().any(|known| biller.starts_with(known)) {
        joined(Scheme::PromptPay, "biller", &[biller, required(template, 2)?])
    } else {
        joined(Scheme::PromptPay, "biller", &[biller])
    })
}

fn vietqr(template: &Entries<'_>) -> Result<Payee> {
    let beneficiary = Entries::read(required(template, 1)?)?;
    let parts = [required(&beneficiary, 0)?, required(&beneficiary, 1)?];
    match template.get(2).unwrap_or("QRIBFTTA") {
        "QRIBFTTA" => Ok(joined(Scheme::VietQr, "account", &parts)),
        "QRIBFTTC" => {
            Err(Error::new(ErrorKind::InvalidSyntax, "the payee is a payment card: card numbers are not read"))
        }
        _ => Ok(joined(Scheme::VietQr, "merchant", &parts)),
    }
}

/// A person (tag 29) or a merchant (tag 30); under an address that many share, the second field tells who is paid.
fn bakong(tag: u8, template: &Entries<'_>, address: &str) -> Payee {
    let kind = if tag == 30 { "merchant" } else { "account" };
    match template.get(1).filter(|part| !part.is_empty()) {
        Some(part) => joined(Scheme::Bakong, kind, &[address, part]),
        None => joined(Scheme::Bakong, kind, &[address]),
    }
}

fn required<'a>(template: &Entries<'a>, tag: u8) -> Result<&'a str> {
    let value = template.get(tag).filter(|value| !value.is_empty());
    value.ok_or(Error::new(ErrorKind::InvalidSyntax, "the QR code lacks a field of its payee"))
}

fn joined(scheme: Scheme, kind: &'static str, parts: &[&str]) -> Payee {
    Payee { scheme, kind, value: parts.join(":") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A code of these entries with its checksum.
    fn code(entries: &[(&str, &str)]) -> String {
        let body: String = [("00", "01")]
            .iter()
            .chain(entries)
            .map(|(tag, value)| format!("{tag}{:02}{value}", value.chars().count()))
            .chain(["6304".to_owned()])
            .collect();
        format!("{body}{:04X}", tlv::crc16(body.as_bytes()))
    }

    fn read(code: &str) -> Result<String> {
        payee(code).map(|payee| payee.to_string())
    }

    #[test]
    fn codes_seen_in_public_lead_to_their_payees() {
        for (code, payee) in [
            (
                "00020101021138540010A00000072701240006970423011000999999990208QRIBFTTA53037045802VN6304CBB4",
                "vietqr:account:970423:0099999999",
            ),
            (
                "00020101021226580009SG.PAYNOW010120213201929813CSPP030100414202308011802005204000053037025402205802SG5925EXAMPLE PAYEE EXAMPLE PAY6009SINGAPORE62270123SPP1844414393533165284563044652",
                "paynow:uen:201929813CSPP",
            ),
            (
                "00020101021227630012com.p2pqrpay0111BNORPHMMXXX0208999644030416520000000000123452046016530360854036005802PH5903EXA6006Makati622905062110000708915312010803***630402AC",
                "qrph:account:BNORPHMMXXX:5200000000001234",
            ),
            (
                "00020101021128500011ph.ppmi.p2m0111PAPHPHM1XXX030920000001805033105204539953036085802PH5916EXAMPLE PAYEE EX6004Naic62440014com.paymaya.qr0522RCjLbs2j7swGVvnBuZGXtL63047A62",
                "qrph:merchant:PAPHPHM1XXX:200000018",
            ),
            (
                "00020201021126420014A000000615000101066033460210MD001675755204866153034585802MY5925EXAMPLE PAYEE EXAMPLE PAY6002MY6273032517605882492030036450319070520176058825266000380750716176058777114800563040F1E",
                "duitnow:merchant:603346:MD00167575",
            ),
            (
                "00020101021115312738041800520446mch00AA11BB22C038570016A00526628466257701082771041802030020314mch00AA11BB22C5204569153034185802LA5916EXAMPLE PAYEE EX6002VT621202085000000063040492",
                "lapnet:receiver:27710418:mch00AA11BB22C",
            ),
            (
                "00020101021230810016A00000067701011201150107536000315010214KB0000022388850320APIC1779263190951UMO31690016A00000067701011301030040214KB0000022388850420APIC1779263190951UMO5303764540510.005802TH6304AC1A",
                "promptpay:biller:010753600031501:KB000002238885",
            ),
        ] {
            assert_eq!(read(code).unwrap(), payee);
        }
    }

    #[test]
    fn amount_and_reference_do_not_matter() {
        let template = "0009SG.PAYNOW010100211+65912345670301004082030123152040000";
        let template = template.strip_suffix("52040000").unwrap_or(template);
        let plain = code(&[("26", template), ("58", "SG")]);
        let priced = code(&[("01", "12"), ("26", template), ("54", "10.00"), ("58", "SG"), ("62", "0105INV-1")]);
        assert_eq!(read(&plain).unwrap(), "paynow:mobile:+6591234567");
        assert_eq!(read(&priced).unwrap(), read(&plain).unwrap());
    }

    #[test]
    fn the_national_merchant_id_goes_before_the_acquirers_number() {
        let acquirer = ("26", "0014COM.GO-JEK.WWW01189360091234285490450210G6285936550303UMI");
        let national = ("51", "0014ID.CO.QRIS.WWW0215ID10253801632580303UMI");
        assert_eq!(read(&code(&[acquirer, national, ("58", "ID")])).unwrap(), "qris:nmid:ID1025380163258");
        assert_eq!(read(&code(&[acquirer, ("58", "ID")])).unwrap(), "qris:mpan:936009123428549045");
        assert_eq!(read(&code(&[acquirer, ("58", "SG")])).unwrap_err().kind(), ErrorKind::UnsupportedScheme);
    }

    #[test]
    fn whom_a_collecting_biller_pays_is_in_the_reference() {
        let shop = "0016A00000067701011201150107536000315010214KB0000020913060320KPS004KB000002091306";
        assert_eq!(read(&code(&[("30", shop)])).unwrap(), "promptpay:biller:010753600031501:KB000002091306");
        let other = "0016A000000677010112011501055360123450102041234";
        assert_eq!(read(&code(&[("30", other)])).unwrap(), "promptpay:biller:010553601234501");
    }

    #[test]
    fn persons_and_merchants_of_bakong_keep_what_tells_them_apart() {
        let person = ("29", "0015john_smith@devb");
        assert_eq!(read(&code(&[person, ("58", "KH")])).unwrap(), "bakong:account:john_smith@devb");
        let shared = ("29", "0009khqr@aclb0109012345678");
        assert_eq!(read(&code(&[shared, ("58", "KH")])).unwrap(), "bakong:account:khqr@aclb:012345678");
        let merchant = ("30", "0016abaakhppxxx@abaa01061234560208ABA Bank");
        assert_eq!(read(&code(&[merchant, ("58", "KH")])).unwrap(), "bakong:merchant:abaakhppxxx@abaa:123456");
    }

    #[test]
    fn every_changed_character_is_seen() {
        let code = code(&[("38", "0010A00000072701240006970423011000999999990208QRIBFTTA"), ("58", "VN")]);
        for position in 0..code.len() {
            let mut changed = code.clone().into_bytes();
            changed[position] = if changed[position] == b'1' { b'2' } else { b'1' };
            assert!(read(std::str::from_utf8(&changed).unwrap()).is_err(), "at {position}");
        }
        for end in 0..code.len() {
            assert!(read(&code[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn cards_and_national_ids_are_refused() {
        let card = ("38", "0010A000000727013200069704220118970422920870673090208QRIBFTTC");
        assert!(read(&code(&[card])).is_err());
        let person = ("26", "0009SG.PAYNOW010110209S1234567D");
        assert_eq!(read(&code(&[person])).unwrap_err().kind(), ErrorKind::NationalId);
    }

    #[test]
    fn fields_that_a_payee_needs() {
        let read = |entries: &[(&str, &str)]| read(&code(entries)).map_err(|error| error.kind());
        for (entries, expected) in [
            (&[("26", "0009SG.PAYNOW010120210T04SS0129D")][..], Ok("paynow:uen:T04SS0129D")),
            (&[("26", "0009sg.paynow010120210T04SS0129D")], Ok("paynow:uen:T04SS0129D")),
            (&[("26", "0009SG.PAYNOW010110209S1234567D")], Err(ErrorKind::NationalId)),
            (&[("26", "0009SG.PAYNOW010130209S1234567D")], Err(ErrorKind::NationalId)),
            (&[("26", "0009SG.PAYNOW010140209S1234567D")], Err(ErrorKind::UnsupportedScheme)),
            (&[("26", "0009SG.PAYNOW01012")], Err(ErrorKind::InvalidSyntax)),
            (&[("26", "0009SG.PAYNOW010120200")], Err(ErrorKind::InvalidSyntax)),
            // Only templates of networks, 26 to 51, hold a payee.
            (&[("25", "0009SG.PAYNOW010120210T04SS0129D")], Err(ErrorKind::UnsupportedScheme)),
            (&[("51", "0009SG.PAYNOW010120210T04SS0129D")], Ok("paynow:uen:T04SS0129D")),
            (&[("52", "0009SG.PAYNOW010120210T04SS0129D")], Err(ErrorKind::UnsupportedScheme)),
            // The lowest tag goes first, whatever the order; templates of others are passed over.
            (
                &[("30", "0009SG.PAYNOW010120210T04SS0129D"), ("29", "0009SG.PAYNOW010120210201929813C")],
                Ok("paynow:uen:201929813C"),
            ),
            (
                &[("26", "x"), ("27", "0105other"), ("28", "0009SG.PAYNOW010120210T04SS0129D")],
                Ok("paynow:uen:T04SS0129D"),
            ),
            (&[("29", "0016A000000677010111031500499900028850502130107536000315")], Err(ErrorKind::InvalidSyntax)),
            (&[("29", "0016A00000067701011101130066812345678")], Ok("promptpay:mobile:+66812345678")),
            (&[("29", "0016A00000067701011401130066812345678")], Ok("promptpay:mobile:+66812345678")),
            (&[("29", "0016A00000067701011101130166812345678")], Err(ErrorKind::InvalidSyntax)),
            (&[("29", "0016A00000067701011102130107536000315")], Ok("promptpay:tax-id:0107536000315")),
            (&[("29", "0016A0000006770101110315004999000288505")], Ok("promptpay:ewallet:004999000288505")),
            (&[("29", "0016A00000067701011104130041234567890")], Ok("promptpay:account:004:1234567890")),
            (&[("29", "0016A000000677010111040200")], Err(ErrorKind::WrongLength)),
            (&[("29", "0016A000000677010111")], Err(ErrorKind::InvalidSyntax)),
            (&[("30", "0016A0000006770101120115010753600010201")], Err(ErrorKind::InvalidSyntax)),
            (&[("30", "0016A00000067701011201150107536000102010204REF1")], Ok("promptpay:biller:010753600010201:REF1")),
            (&[("26", "0014A000000615000101066033460204AB12")], Ok("duitnow:merchant:603346:AB12")),
            (&[("26", "0014A00000061500010106603346")], Err(ErrorKind::InvalidSyntax)),
            (&[("51", "0014ID.CO.QRIS.WWW0215ID1025380163258")], Ok("qris:nmid:ID1025380163258")),
            (&[("51", "0014ID.CO.QRIS.WWW0215XD1025380163258")], Err(ErrorKind::UnsupportedScheme)),
            (&[("26", "0005other01169360000000000001"), ("58", "ID")], Ok("qris:mpan:9360000000000001")),
            (&[("26", "0005other01169361000000000001"), ("58", "ID")], Err(ErrorKind::UnsupportedScheme)),
            (&[("38", "0010A0000007270120000697042301069999990208QRIBFTTA")], Ok("vietqr:account:970423:999999")),
            (&[("38", "0010A000000727012000069704230106999999")], Ok("vietqr:account:970423:999999")),
            (&[("38", "0010A0000007270120000697042301069999990208QRPUSHXX")], Ok("vietqr:merchant:970423:999999")),
            (&[("38", "0010A0000007270120000697042301069999990208QRIBFTTC")], Err(ErrorKind::InvalidSyntax)),
            (&[("27", "0012com.p2pqrpay0108BNORPHMM04041234")], Ok("qrph:account:BNORPHMM:1234")),
            (&[("28", "0011ph.ppmi.p2m0108BNORPHMM03041234")], Ok("qrph:merchant:BNORPHMM:1234")),
            (&[("38", "0016A00526628466257701082771041803041234")], Ok("lapnet:receiver:27710418:1234")),
            (&[("29", "0009khqr@aclb01041234"), ("58", "KH")], Ok("bakong:account:khqr@aclb:1234")),
            (&[("29", "0009khqr@aclb0100"), ("58", "KH")], Ok("bakong:account:khqr@aclb")),
            (&[("30", "0009khqr@aclb"), ("58", "KH")], Ok("bakong:merchant:khqr@aclb")),
            (&[("29", "0009khqr@aclb"), ("58", "TH")], Err(ErrorKind::UnsupportedScheme)),
            (&[("29", "0009khqr-aclb"), ("58", "KH")], Err(ErrorKind::UnsupportedScheme)),
            (&[("29", "0104khqr"), ("58", "KH")], Err(ErrorKind::UnsupportedScheme)),
        ] {
            assert_eq!(read(entries).as_deref().map_err(|kind| *kind), expected, "{entries:?}");
        }
    }

    #[test]
    fn the_length_of_a_code_has_a_bound() {
        let payee = ("26", "0009SG.PAYNOW010120210T04SS0129D");
        let filled = |length: usize| {
            let left = length - code(&[payee]).len();
            let tags: Vec<String> = (80..100).map(|tag| tag.to_string()).collect();
            let values: Vec<String> =
                (0..20).map(|at| "x".repeat(if at < 19 { 99 } else { left - 19 * 103 - 4 })).collect();
            let entries = tags.iter().zip(&values).map(|(tag, value)| (tag.as_str(), value.as_str()));
            code(&std::iter::once(payee).chain(entries).collect::<Vec<_>>())
        };
        for (length, expected) in
            [(tlv::MAX_CODE, Ok("paynow:uen:T04SS0129D")), (tlv::MAX_CODE + 1, Err(ErrorKind::TooLong))]
        {
            let code = filled(length);
            assert_eq!(code.len(), length);
            assert_eq!(read(&code).as_deref().map_err(|error| error.kind()), expected);
        }
    }

    #[test]
    fn a_code_begins_with_its_version() {
        for (text, one) in [("000201", true), ("000202", true), ("000203", false), ("00020", false), ("010201", false)]
        {
            assert_eq!(is_one(text), one, "{text}");
        }
        let body = "5802SG6304";
        let code = format!("{body}{:04X}", tlv::crc16(body.as_bytes()));
        assert_eq!(read(&code).unwrap_err().kind(), ErrorKind::InvalidSyntax);
    }
}
