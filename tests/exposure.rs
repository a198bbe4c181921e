//! T1 and T2: who can read a list back out of a file. `examples/enumerate.rs` tries a whole country.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{Claim, ErrorKind, Kind, SetChoice};
use common::forge::Parts;
use common::{NOW, Plan, bank, centre, copied, domains, envelope, now, open, open_at, plain, trusting};

/// One value of each kind.
const SAMPLES: &[(Kind, &str)] = &[
    (Kind::Phone, "+6591234567"),
    (Kind::Email, "a@evil.example"),
    (Kind::Domain, "evil.example"),
    (Kind::Url, "http://evil.example/a"),
    (Kind::Ip, "45.33.7.8"),
    (Kind::Account, "SG:DBSSSGSG:0123456789"),
    (Kind::Iban, "GB29NWBK60161331926819"),
    (Kind::Wallet, "0x52908400098527886e0f7030069857d2e4169ee7"),
];

#[test]
fn kinds_that_can_be_enumerated_leave_open_only_by_name() {
    let keys = centre();
    for set in [SetChoice::Tokens, SetChoice::Bloom, SetChoice::Fuse] {
        for &(kind, value) in SAMPLES {
            let plan = Plan::new(&keys, "feed").set(set);
            let publication = plan.publish(&[plain(kind, &[value]), domains()].concat());
            let expected = if kind.is_enumerable() { vec![kind] } else { Vec::new() };
            assert_eq!(publication.enumerable(), expected);
            let refused = publication.open(&[]).err().map(|error| error.kind());
            assert_eq!(refused, kind.is_enumerable().then_some(ErrorKind::Enumerable), "{kind}");
            let others: Vec<Kind> = Kind::ALL.iter().copied().filter(|&other| other != kind).collect();
            assert_eq!(publication.open(&others).is_err(), kind.is_enumerable(), "{kind}");
            assert!(publication.open(&[kind]).is_ok(), "{kind}");
        }
    }
}

#[test]
fn the_kinds_of_the_format_are_the_ones_refused() {
    use Kind::{Account, Email, Handle, Iban, Iccid, Imei, Imsi, Mailbox, Phone, Proxy, Wallet};
    let refused: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.is_enumerable()).collect();
    assert_eq!(refused, [Phone, Email, Account, Iban, Proxy, Wallet, Imei, Imsi, Iccid, Handle, Mailbox]);
}

#[test]
fn sealed_feeds_may_hold_every_kind_and_say_what_it_costs() {
    let (keys, member) = (centre(), bank());
    let entries: Vec<_> = SAMPLES.iter().map(|&(kind, value)| (kind, value, Claim::default())).collect();
    let file = Plan::new(&keys, "feed").sealed(&entries, &[&member]);
    let feed = open_at(&file, &[copied(&member.recipient)], &trusting(&[keys.card()]), now()).unwrap();
    let rows = feed.exposure();
    for &(kind, _) in SAMPLES {
        let row = rows.iter().find(|row| row.kind == kind).unwrap();
        assert_eq!((row.count, row.enumerable), (1, kind.is_enumerable()));
        assert!(row.candidates > 1e6 && !row.source.is_empty());
    }
    let [outsider, member, _] = feed.learners();
    assert!(member.what.starts_with("everything"));
    assert!(!outsider.what.contains("everything"));
    let plain = open(&Plan::new(&keys, "feed").open(&domains()), &trusting(&[keys.card()])).unwrap();
    assert!(plain.learners()[0].what.starts_with("everything"));
    // Of a filter a reader is told of its errors, of tokens not.
    assert!(plain.learners().iter().all(|learner| !learner.what.contains("false positives")));
    for set in [SetChoice::Bloom, SetChoice::Fuse] {
        let filter = Plan::new(&keys, "feed").set(set).open(&domains());
        let filter = open(&filter, &trusting(&[keys.card()])).unwrap();
        assert!(filter.learners()[1].what.contains("false positives"), "{set:?}");
    }
}

/// The attack program: tries candidates under a feed key, writing the format anew.
struct Attacker {
    token_key: [u8; 32],
}

impl Attacker {
    fn new(feed_key: &[u8; 32], publisher: &[u8; 32], feed: &str, epoch: u32) -> Self {
        let mut material = feed_key.to_vec();
        for part in [&publisher[..], feed.as_bytes()] {
            material.extend_from_slice(&(part.len() as u32).to_le_bytes());
            material.extend_from_slice(part);
        }
        material.extend_from_slice(&epoch.to_le_bytes());
        Self { token_key: blake3::derive_key("bisik 2026 v1 token key", &material) }
    }

    fn token(&self, number: &str) -> [u8; 16] {
        let mut frame = [0; 64];
        frame[..4].copy_from_slice(&[1, 1, 0, number.len() as u8]);
        frame[4..4 + number.len()].copy_from_slice(number.as_bytes());
        blake3::keyed_hash(&self.token_key, &frame).as_bytes()[..16].try_into().unwrap()
    }

    /// Which of 100,000 numbers have their token among all 16-byte windows of the bytes.
    fn found(&self, bytes: &[u8]) -> usize {
        let windows: std::collections::HashSet<&[u8]> = bytes.windows(16).collect();
        (0..BLOCK).filter(|n| windows.contains(&self.token(&format!("+65912{n:05}"))[..])).count()
    }
}

/// +65 9120 0000 to +65 9129 9999.
const BLOCK: u32 = 100_000;
const PLANTED: usize = 20;

#[test]
fn an_outsider_reads_no_number_out_of_a_sealed_file_and_a_member_reads_all() {
    let (keys, member) = (centre(), bank());
    let numbers: Vec<String> = (0..PLANTED).map(|n| format!("+65912{:05}", n * 4_999)).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let listed = plain(Kind::Phone, &numbers);
    let plan = Plan::new(&keys, "phones");
    let sealed = plan.sealed(&listed, &[&member]);
    let publisher = *keys.card().publisher_id().unwrap().as_bytes();

    // Every key that an outsider can derive from the card, the feed's name, its times and the file.
    let mut guesses: Vec<[u8; 32]> = vec![[0; 32], [0xFF; 32], publisher];
    guesses.push(*keys.signing.key.verifying_key().as_bytes());
    for text in ["phones", "bisik", "", &keys.card().to_text(), &NOW.to_string()] {
        guesses.push(*blake3::hash(text.as_bytes()).as_bytes());
        guesses.push(blake3::derive_key("bisik 2026 v1 token key", text.as_bytes()));
    }
    guesses.push(*blake3::hash(&sealed).as_bytes());
    guesses.push(sealed[..32].try_into().unwrap());
    guesses.push(sealed[sealed.len() - 32..].try_into().unwrap());
    for guess in &guesses {
        assert_eq!(Attacker::new(guess, &publisher, "phones", 1).found(&sealed), 0);
    }

    // The control: whoever opens the file has the feed key, and with it every number.
    let inner = envelope::open(&sealed, &member.recipient);
    let feed = common::forge::split(&inner).1;
    let key: [u8; 32] = Parts::of(feed).section(1).as_slice().try_into().unwrap();
    assert_eq!(Attacker::new(&key, &publisher, "phones", 1).found(feed), PLANTED);
    assert_eq!(Attacker::new(&key, &publisher, "phones", 2).found(feed), 0);
    assert_eq!(Attacker::new(&key, &publisher, "phone", 1).found(feed), 0);
    // Not even the key helps with the sealed bytes.
    assert_eq!(Attacker::new(&key, &publisher, "phones", 1).found(&sealed), 0);
}

/// T8: who knows the number, but not the feed key, cannot open its record.
#[test]
fn a_record_does_not_open_from_the_number_alone() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let listed = [(Kind::Phone, "+6591234567", common::claim())];
    let clean = Parts::of(&Plan::new(&keys, "phones").records().open(&listed));
    let publisher = *keys.card().publisher_id().unwrap().as_bytes();
    let seen = common::identifier(Kind::Phone, "+6591234567");
    for guess in [[0; 32], publisher] {
        // The opponent makes its own feed of the number under a key it chose, and puts the stolen record into it.
        let mut parts = clean.clone();
        *parts.section(1) = guess.to_vec();
        *parts.section(2) = Attacker::new(&guess, &publisher, "phones", 1).token("+6591234567").to_vec();
        let file = common::forge::Forger::new(&keys.signing).feed(&parts);
        let report = common::matcher(vec![open(&file, &trust).unwrap()]).check(&seen, now()).unwrap();
        assert_eq!(report.hits[0].record, bisik::RecordState::Unreadable);
    }
    // Two feeds, one number: the records have nothing in common.
    let other = Plan { seed: 8, ..Plan::new(&keys, "other").records() };
    let other = Parts::of(&other.open(&listed)).section(5).clone();
    let mut clean = clean;
    let same = clean.section(5).iter().zip(&other).filter(|(a, b)| a == b).count();
    assert!(same < 12, "{same} equal bytes of {}", other.len());
}
