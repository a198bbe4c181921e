//! Public address and IBAN vectors, and a public list of sanctioned addresses, through the parser.
//!
//! They are read from `../shared`; without it each test prints that it was skipped.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;

use bisik::{ErrorKind, Identifier, Kind, ParseOptions};
use serde_json::Value;

/// The text of a file under `../shared`, or `None` with a printed line.
fn shared(path: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    let text = std::fs::read_to_string(path).ok();
    if text.is_none() {
        println!("skipped: the shared vectors are not here");
    }
    text
}

fn shared_json(path: &str) -> Option<Value> {
    shared(path).map(|text| serde_json::from_str(&text).expect("the vectors are JSON"))
}

fn parse(kind: Kind, raw: &str) -> Result<String, ErrorKind> {
    let parsed = Identifier::parse(kind, raw, &ParseOptions::default()).map_err(|error| error.kind())?;
    let again =
        Identifier::parse(kind, parsed.canonical(), &ParseOptions::default()).expect("a canonical value parses");
    assert_eq!(parsed, again, "not idempotent");
    Ok(parsed.canonical().to_owned())
}

fn strings<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a str> {
    value.as_array().expect("a list").iter().filter_map(move |row| match row {
        Value::String(text) => Some(text.as_str()),
        row => row.get(field).and_then(Value::as_str),
    })
}

#[test]
fn main_network_addresses_of_key_io_are_read_and_all_else_there_is_refused() {
    let Some(rows) = shared_json("vectors/address/key_io_valid.json") else { return };
    let (mut read, mut refused) = (0, 0);
    for row in rows.as_array().expect("a list") {
        let (text, about) = (row[0].as_str().expect("a text"), &row[2]);
        let is_address = about["isPrivkey"] == false && about["chain"] == "main";
        match parse(Kind::Wallet, text) {
            Ok(canonical) => {
                assert!(is_address, "{text}");
                assert_eq!(canonical, format!("btc:{text}"));
                read += 1;
            }
            Err(kind) => {
                assert!(!is_address, "{text}");
                assert_eq!(kind, ErrorKind::NotValid, "{text}");
                refused += 1;
            }
        }
    }
    assert!(read >= 10 && refused >= 40, "{read} read, {refused} refused");
}

#[test]
fn segwit_addresses_of_bip_173_and_350_are_read_in_lower_case() {
    for (file, field) in [("bip173_bech32.json", "segwit_valid_v0"), ("bip350_bech32m_valid.json", "segwit_valid")] {
        let Some(vectors) = shared_json(&format!("vectors/address/{file}")) else { return };
        let mut read = 0;
        for text in strings(&vectors[field], "string") {
            let expected = if text.to_ascii_lowercase().starts_with("bc1") {
                read += 1;
                Ok(format!("btc:{}", text.to_ascii_lowercase()))
            } else {
                Err(ErrorKind::NotValid)
            };
            assert_eq!(parse(Kind::Wallet, text), expected, "{text}");
        }
        assert!(read > 0, "{file}");
    }
}

#[test]
fn what_bip_173_calls_invalid_is_refused() {
    let Some(vectors) = shared_json("vectors/address/bip173_bech32.json") else { return };
    let mut refused = 0;
    for (_, rows) in vectors.as_object().expect("an object").iter().filter(|(name, _)| name.ends_with("invalid")) {
        for text in strings(rows, "string") {
            assert!(parse(Kind::Wallet, text).is_err(), "{text}");
            refused += 1;
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn bech32_strings_that_are_no_segwit_address_are_refused() {
    for (file, field) in [("bip173_bech32.json", "bech32_valid"), ("bip350_bech32m_valid.json", "bech32m_valid")] {
        let Some(vectors) = shared_json(&format!("vectors/address/{file}")) else { return };
        for text in strings(&vectors[field], "string") {
            assert!(parse(Kind::Wallet, text).is_err(), "{text}");
        }
    }
}

#[test]
fn erc_55_case_is_checked() {
    let Some(vectors) = shared_json("vectors/address/eip55.json") else { return };
    for text in strings(&vectors["valid"], "string") {
        let lower = text.to_ascii_lowercase();
        assert_eq!(parse(Kind::Wallet, text), Ok(format!("evm:{lower}")));
        let digits = &text[2..];
        for (position, c) in digits.char_indices().filter(|(_, c)| c.is_ascii_alphabetic()) {
            let swapped = if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            let changed = format!("0x{}{swapped}{}", &digits[..position], &digits[position + 1..]);
            let one_case = changed[2..] == changed[2..].to_lowercase() || changed[2..] == changed[2..].to_uppercase();
            let expected = if one_case { Ok(format!("evm:{lower}")) } else { Err(ErrorKind::MixedCase) };
            assert_eq!(parse(Kind::Wallet, &changed), expected, "{changed}");
        }
    }
}

#[test]
fn tron_addresses_are_one_in_both_texts() {
    let Some(vectors) = shared_json("vectors/address/tron_base58check.json") else { return };
    for row in vectors["valid"].as_array().expect("a list") {
        let (text, hex) = (row["base58"].as_str().expect("a text"), row["hex41"].as_str().expect("a text"));
        assert_eq!(parse(Kind::Wallet, text), Ok(format!("tron:{text}")));
        assert_eq!(parse(Kind::Wallet, hex), Ok(format!("tron:{text}")));
    }
    for text in strings(&vectors["invalid"], "base58") {
        assert!(parse(Kind::Wallet, text).is_err(), "{text}");
    }
}

#[test]
fn base58_texts_without_version_and_checksum_are_no_addresses() {
    let Some(rows) = shared_json("vectors/address/base58_encode_decode.json") else { return };
    let mut rows_seen = 0;
    for row in rows.as_array().expect("a list") {
        let text = row[1].as_str().expect("a text");
        assert!(parse(Kind::Wallet, text).is_err(), "{text}");
        rows_seen += 1;
    }
    assert!(rows_seen > 10);
}

/// Refused by design, with the reason in `docs/canonical/iban.md`: `AA` is a code for tests and no country; the row of
/// `BI` has the 16 characters used before its entry in the registry, which says 27.
const REFUSED_IBANS: [(&str, ErrorKind); 2] = [("AA", ErrorKind::UnknownRegion), ("BI", ErrorKind::InvalidSyntax)];

#[test]
fn every_iban_example_is_read_and_every_changed_digit_is_seen() {
    let Some(csv) = shared("vectors/iban/iban_examples.csv") else { return };
    let mut read = 0;
    for row in csv.lines().skip(1) {
        let mut fields = row.split(',');
        let (country, iban) = (fields.next().expect("a country"), fields.next().expect("an IBAN"));
        if let Some((_, kind)) = REFUSED_IBANS.iter().find(|(code, _)| *code == country) {
            assert_eq!(parse(Kind::Iban, iban), Err(*kind));
            continue;
        }
        assert_eq!(parse(Kind::Iban, iban), Ok(iban.to_owned()), "{iban}");
        let last = iban.chars().last().expect("not empty");
        let changed = format!("{}{}", &iban[..iban.len() - 1], if last == '1' { '2' } else { '1' });
        assert_eq!(parse(Kind::Iban, &changed), Err(ErrorKind::BadChecksum), "{changed}");
        read += 1;
    }
    assert!(read > 70, "{read}");
}

/// The prefix that a row of the list must get.
fn chain(ticker: &str, address: &str) -> Result<&'static str, ErrorKind> {
    Ok(match ticker {
        // one row of the list has a TRON address under Bitcoin's ticker
        "XBT" if address.starts_with('T') => "tron",
        // forks of Bitcoin write the same address, or another text of the same hash
        "XBT" | "BSV" | "BCH" => "btc",
        "ETH" | "ETC" | "BSC" | "ARB" | "USDC" => "evm",
        // a token of several chains
        "USDT" if address.starts_with("0x") => "evm",
        "USDT" if address.starts_with('T') => "tron",
        "USDT" => "btc",
        "TRX" => "tron",
        "LTC" => "ltc",
        "DASH" => "dash",
        "ZEC" => "zec",
        "BTG" => "btg",
        "XRP" => "xrp",
        // Verge has Dogecoin's version byte
        "XVG" => "doge",
        // one row of the list has 64 hexadecimal digits, which is no address
        "XMR" if address.len() == 64 => return Err(ErrorKind::InvalidCharacter),
        "XMR" => "xmr",
        _ => return Err(ErrorKind::UnsupportedScheme),
    })
}

#[test]
fn sanctioned_addresses_are_read_as_their_ticker_says() {
    let Some(csv) = shared("data/crypto/ofac_addresses.csv") else { return };
    let mut read = 0;
    for row in csv.lines().skip(1) {
        let (ticker, address) = row.split_once(',').expect("two columns");
        let prefix =
            parse(Kind::Wallet, address).map(|canonical| canonical.split(':').next().expect("a prefix").to_owned());
        assert_eq!(prefix, chain(ticker, address).map(str::to_owned), "{ticker} {address}");
        read += 1;
    }
    assert!(read > 600, "{read}");
}
