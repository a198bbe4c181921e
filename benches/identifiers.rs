//! Canonical forms, one bench a kind, and the expressions of what is looked up.
#![allow(missing_docs, clippy::unwrap_used, reason = "benches")]

use bisik::{Identifier, Kind, ParseOptions};
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

const VALUES: &[(Kind, &str)] = &[
    (Kind::Phone, "+6591234567"),
    (Kind::Email, "win.prize@lucky-draw.example"),
    (Kind::Domain, "login.bank-verify.example"),
    (Kind::Url, "https://login.bank-verify.example/account/verify?id=7"),
    (Kind::Ip, "203.0.114.9"),
    (Kind::Account, "SG:DBSSSGSG:0012345678"),
    (Kind::Iban, "DE89370400440532013000"),
    (Kind::Wallet, "0x52908400098527886E0F7030069857D2E4169EE7"),
    (Kind::Handle, "https://t.me/scammer"),
    (Kind::Hash, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
];

#[divan::bench(args = VALUES.iter().map(|(kind, _)| kind.name()))]
fn parse(bencher: Bencher<'_, '_>, name: &str) {
    let (kind, value) = VALUES.iter().find(|(kind, _)| kind.name() == name).unwrap();
    let options = ParseOptions::default();
    Identifier::parse(*kind, value, &options).unwrap();
    bencher.counter(ItemsCount::new(1_usize)).bench(|| Identifier::parse(*kind, divan::black_box(value), &options));
}

/// A national number with spaces: the way through the numbering plan.
#[divan::bench]
fn parse_national_phone(bencher: Bencher<'_, '_>) {
    let mut options = ParseOptions::default();
    options.region = Some("SG".to_owned());
    Identifier::parse(Kind::Phone, "9123 4567", &options).unwrap();
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench(|| Identifier::parse(Kind::Phone, divan::black_box("9123 4567"), &options));
}

#[divan::bench(args = ["domain", "url", "ip", "email"])]
fn expressions(bencher: Bencher<'_, '_>, name: &str) {
    let (kind, value) = VALUES.iter().find(|(kind, _)| kind.name() == name).unwrap();
    let identifier = Identifier::parse(*kind, value, &ParseOptions::default()).unwrap();
    bencher.counter(ItemsCount::new(1_usize)).bench(|| {
        let mut length = 0;
        identifier.for_each_expression(&mut |expression| length += expression.text.len());
        length
    });
}
