//! The demo's data: made up, and the same in every run.
//!
//! Names are under `.example`, which nobody can register; bank codes belong to no bank; wallet addresses are hashes,
//! so nobody has their keys; phone numbers are drawn from the numbering plans and stand for nobody.

use std::fmt::Write as _;

/// Makes a file's content.
type Content = fn() -> String;

/// The files that the parties begin with.
pub(super) const FILES: [(&str, Content); 7] = [
    ("indicators.csv", indicators),
    ("phones.csv", phones),
    ("payments.csv", payments),
    ("sms-links.csv", sms_links),
    ("calls.csv", calls),
    ("block.txt", block),
    ("tries.txt", tries),
];

/// The numbers that the centre lists in the block that gets enumerated.
pub(super) const LISTED_IN_BLOCK: usize = 24;

/// Entries of the numbering block: +65 8300 0000 to +65 8309 9999.
pub(super) const BLOCK: u64 = 100_000;
const BLOCK_START: u64 = 6_583_000_000;

/// Listed accounts: country, bank, number.
const ACCOUNTS: [(&str, &str, &str); 8] = [
    ("SG", "DEMOSGSG", "0012345678"),
    ("SG", "DEMOSGSG", "0987001122"),
    ("MY", "DEMOMYKL", "114005550001"),
    ("MY", "DEMOMYKL", "114005550002"),
    ("ID", "DEMOIDJA", "0040100200"),
    ("TH", "DEMOTHBK", "0610203040"),
    ("VN", "DEMOVNVX", "0071000900001"),
    ("PH", "DEMOPHMM", "000412345678"),
];

const DOMAINS: [&str; 6] = [
    "sg-parcel-fee.example",
    "mytax-refund.example",
    "bank-verify-login.example",
    "toll-payment-notice.example",
    "loan-cepat.example",
    "crypto-double.example",
];

const URLS: [&str; 3] = [
    "https://files.share-host.example/u/8841/invoice.html",
    "https://short.example/ang-bao",
    "https://forms.survey-host.example/claim/",
];

const WALLETS: [&str; 5] = [
    "TJTPmxY5bE4EMe98P6nHWhHKsCgjGD9WDE",
    "TUEWmzzQw2VJMJj3JgRsB38MrEyhjvFVXE",
    "19VBmuAMSVwHCU5Vnq8ZzYbBxQwR33GtHF",
    "0x5d15a5a10385323864e6377db812d2afa06c3a31",
    "0xc857575b5455ae19c1bad48b694d22469032b9e9",
];

/// Numbers spread by a fixed rule, so that every run shows the same.
struct Spread(u64);

impl Spread {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// The listed numbers inside the block.
fn block_numbers() -> Vec<u64> {
    let mut spread = Spread(65);
    let mut numbers = Vec::new();
    while numbers.len() < LISTED_IN_BLOCK {
        let number = BLOCK_START + spread.next(BLOCK);
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers
}

/// Listed numbers of other countries.
fn other_numbers() -> Vec<u64> {
    let mut spread = Spread(60);
    let plans: [(u64, u64); 5] = [
        (60_123_000_000, 999_999),
        (6_281_200_000_000, 9_999_999),
        (66_810_000_000, 9_999_999),
        (639_170_000_000, 9_999_999),
        (84_901_000_000, 999_999),
    ];
    plans.iter().flat_map(|&(start, size)| [start + spread.next(size), start + spread.next(size)]).collect()
}

/// What the anti-scam centre knows, with a few rows that must not be published.
fn indicators() -> String {
    let mut csv = String::from("kind,value,country,bank,category,confidence,first_seen,last_seen,reference,note\n");
    let mut row = |cells: String| {
        csv.push_str(&cells);
        csv.push('\n');
    };
    for (index, number) in block_numbers().iter().chain(&other_numbers()).enumerate() {
        let category =
            ["impersonation", "parcel", "investment", "job-offer"].get(index % 4).copied().unwrap_or_default();
        row(format!(
            "phone,+{number},,,{category},{},2026-10-{:02},2026-11-{:02},CASE-{},",
            60 + index % 40,
            1 + index % 28,
            1 + index % 20,
            1_000 + index
        ));
    }
    for (index, (country, bank, number)) in ACCOUNTS.iter().enumerate() {
        row(format!(
            "account,{number},{country},{bank},mule,{},2026-09-{:02},2026-11-{:02},CASE-{},first hop",
            80 + index,
            1 + index,
            10 + index,
            2_000 + index
        ));
    }
    for (index, domain) in DOMAINS.iter().enumerate() {
        row(format!(
            "domain,{domain},,,phishing,95,2026-11-{:02},2026-11-{:02},CASE-{},",
            1 + index,
            12 + index,
            3_000 + index
        ));
    }
    for (index, url) in URLS.iter().enumerate() {
        row(format!(
            "url,{url},,,phishing,90,2026-11-{:02},2026-11-18,CASE-{},only this path",
            2 + index,
            4_000 + index
        ));
    }
    for (index, wallet) in WALLETS.iter().enumerate() {
        row(format!("wallet,{wallet},,,laundering,75,2026-08-{:02},2026-11-02,CASE-{},", 1 + index, 5_000 + index));
    }
    // Mistakes that happen: each would hurt bystanders or match nothing.
    row("phone,+65 8300 0000 ext 5,,,impersonation,50,,,,an extension".to_owned());
    row("phone,8123 4567,,,impersonation,50,,,,no country".to_owned());
    row("phone,999,SG,,impersonation,50,,,,an emergency number".to_owned());
    row("domain,com.my,,,phishing,50,,,,a public suffix".to_owned());
    row("domain,www.police.gov.sg,,,phishing,50,,,,named in a report and copied by mistake".to_owned());
    row("wallet,TJTPmxY5bE4EMe98P6nHWhHKsCgjGD9WDF,,,laundering,50,,,,one letter mistyped".to_owned());
    csv
}

/// The phone numbers alone, for the attempt to publish them open.
fn phones() -> String {
    block_numbers().iter().chain(&other_numbers()).fold("kind,value\n".to_owned(), |mut csv, number| {
        _ = writeln!(csv, "phone,+{number}");
        csv
    })
}

/// A bank's outgoing payments; five go to listed accounts.
fn payments() -> String {
    let mut spread = Spread(7);
    let mut csv = String::from("payment,date,amount,country,bank,payee\n");
    for index in 0..60_usize {
        let listed = ACCOUNTS.get(index / 12).filter(|_| index % 12 == 5);
        let (country, bank, number) = match listed {
            Some(&(country, bank, number)) => (country, bank, number.to_owned()),
            None => ("SG", "DEMOSGSG", format!("5{:09}", spread.next(1_000_000_000))),
        };
        _ = writeln!(csv, "P{:04},2026-11-20,{}.00,{country},{bank},{number}", index + 1, 20 + spread.next(5_000));
    }
    csv
}

/// Links that the bank's customers reported from text messages.
fn sms_links() -> String {
    let mut csv = String::from("report,link\n");
    let links = [
        "https://www.python.org/downloads/",
        "hxxps://track.sg-parcel-fee[.]example/pay?id=SG99",
        "https://shop.example/cart",
        "http://bank-verify-login.example:8080/otp",
        "https://files.share-host.example/u/8841/invoice.html?ref=sms",
        "https://files.share-host.example/u/1200/holiday.html",
        "https://short.example/ang-bao",
        "https://short.example/menu",
        "https://forms.survey-host.example/claim/step/2",
        "https://MYTAX-REFUND.example/",
        "https://mytax-refund.example.org.example/",
        "mailto:help@bank-verify-login.example",
    ];
    for (index, link) in links.iter().enumerate() {
        _ = writeln!(csv, "R{:03},{link}", index + 1);
    }
    csv
}

/// Callers that a telephone company saw; written as its switches write them.
fn calls() -> String {
    let mut spread = Spread(9);
    let listed = block_numbers();
    let mut csv = String::from("call,caller\n");
    for index in 0..40_usize {
        let number = match listed.get(index / 10).filter(|_| index % 10 == 3) {
            Some(number) => number % 100_000_000,
            None => 91_000_000 + spread.next(1_000_000),
        };
        // National numbers, international ones, and one that is no number.
        let caller = match index {
            17 => "DEMOBANK".to_owned(),
            _ if index % 3 == 0 => format!("+65 {} {:04}", number / 10_000, number % 10_000),
            _ => number.to_string(),
        };
        _ = writeln!(csv, "C{:03},{caller}", index + 1);
    }
    csv
}

/// Every number of the block: what an attacker tries.
fn block() -> String {
    first_of_block(BLOCK)
}

/// As many as an attacker can afford to ask for.
fn tries() -> String {
    first_of_block(500)
}

fn first_of_block(count: u64) -> String {
    (0..count).fold(String::with_capacity(count as usize * 12), |mut list, index| {
        _ = writeln!(list, "+{}", BLOCK_START + index);
        list
    })
}
