//! Canonical forms, one bench a kind, and the expressions of what is looked up.
#![allow(missing_docs, clippy::unwrap_used, reason = "benches")]

use bisik::{Identifier, Kind, ParseOptions};
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

/// A kind, and a value as people write it; what is canonical already is made from it.
const VALUES: &[(Kind, &str)] = &[
    (Kind::Phone, "9123 4567"),
    (Kind::Email, " Win.Prize@Lucky-Draw.Example"),
    (Kind::Domain, "Login.Bank-Verify[.]example."),
    (Kind::Url, "hxxps://Login.Bank-Verify[.]example:443/account/verify?id=7#x"),
    (Kind::Ip, "203.0[.]114.9"),
    (Kind::Account, "sg:DBSSSGSGXXX:001-23456-78"),
    (Kind::Iban, "DE89 3704 0044 0532 0130 00"),
    (Kind::Proxy, "paynow:mobile:+65 9123 4567"),
    (Kind::Wallet, "0x52908400098527886E0F7030069857D2E4169EE7"),
    (Kind::SenderId, "DBS Bank"),
    (Kind::Imei, "49-015420-323751-8"),
    (Kind::Imsi, "525 01 1234567890"),
    (Kind::Iccid, "8965 0123 4567 8901 233"),
    (Kind::Handle, "https://t.me/Some_Scammer"),
    (Kind::Registration, "SG:209912345z"),
    (Kind::Hash, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"),
    (Kind::Mailbox, "Win.Prize+sms@gmail.com"),
];

fn options() -> ParseOptions {
    let mut options = ParseOptions::default();
    options.region = Some("SG".to_owned());
    options
}

fn names() -> Vec<&'static str> {
    VALUES.iter().map(|(kind, _)| kind.name()).collect()
}

fn sample(name: &str) -> (Kind, &'static str) {
    *VALUES.iter().find(|(kind, _)| kind.name() == name).unwrap()
}

#[divan::bench(args = names())]
fn parse_raw(bencher: Bencher<'_, '_>, name: &str) {
    let ((kind, value), options) = (sample(name), options());
    bencher.counter(ItemsCount::new(1_usize)).bench(|| Identifier::parse(kind, divan::black_box(value), &options));
}

#[divan::bench(args = names())]
fn parse_canonical(bencher: Bencher<'_, '_>, name: &str) {
    let ((kind, value), options) = (sample(name), options());
    let canonical = Identifier::parse(kind, value, &options).unwrap().canonical().to_owned();
    bencher.counter(ItemsCount::new(1_usize)).bench(|| Identifier::parse(kind, divan::black_box(&canonical), &options));
}

/// Numbers in the table of assigned ranges, and two whose blocks are assigned in part, which go through the library.
const PHONES: [(&str, &str); 7] = [
    ("SG", "9123 4567"),
    ("SG", "6123 4567"),
    ("MY", "03-2123 4567"),
    ("US", "(202) 555-0123"),
    ("US", "+44 20 7946 0123"),
    ("CN", "174 0340 0000"),
    ("SG", "+86 174 0340 0000"),
];

#[divan::bench(args = PHONES)]
fn phone(bencher: Bencher<'_, '_>, (region, value): (&str, &str)) {
    let mut options = ParseOptions::default();
    options.region = Some(region.to_owned());
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench(|| Identifier::parse(Kind::Phone, divan::black_box(value), &options).unwrap());
}

/// What the library behind phones takes by itself for the same numbers: parse, validate, format.
#[divan::bench(args = PHONES)]
fn rlibphonenumber_alone(bencher: Bencher<'_, '_>, (region, value): (&str, &str)) {
    let phones = &*rlibphonenumber::PHONE_NUMBER_UTIL;
    let region = rlibphonenumber::Region::try_from(region).unwrap();
    bencher.counter(ItemsCount::new(1_usize)).bench(|| {
        let number = phones.parse(divan::black_box(value), Some(region)).unwrap();
        assert!(phones.is_valid_number(&number));
        phones.format(&number, rlibphonenumber::PhoneNumberFormat::E164).into_owned()
    });
}

#[divan::bench(args = ["domain", "url", "ip", "email"])]
fn expressions(bencher: Bencher<'_, '_>, name: &str) {
    let (kind, value) = sample(name);
    let identifier = Identifier::parse(kind, value, &ParseOptions::default()).unwrap();
    bencher.counter(ItemsCount::new(1_usize)).bench(|| {
        let mut length = 0;
        identifier.for_each_expression(&mut |expression| length += expression.text.len());
        length
    });
}
