//! Sightings: what a member signs, whatever it says, and the text of a desk's memory.

use std::sync::OnceLock;

use bisik::{
    Contact, FixedEntropy, Joined, KeySet, PublishOptions, Publisher, RecipientSecret, Sighting, SightingAction,
    SightingLedger, Timestamp, TrustStore, UnverifiedFeed, UnverifiedSightings, seal_sightings,
};

use super::envelope;
use super::files::NOW;
use super::forge::Forger;

/// The length of a block, and of what is in it beside the body.
const BLOCK: usize = 131_072;
const AROUND: usize = 28 + 32 + 32 + 1 + 2 + 64;

/// A desk, a member that it knows, and what this member told once.
struct Town {
    forger: Forger,
    desk: RecipientSecret,
    members: TrustStore,
    ledger: SightingLedger,
    body: Vec<u8>,
}

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW).unwrap()
}

fn town() -> &'static Town {
    static TOWN: OnceLock<Town> = OnceLock::new();
    TOWN.get_or_init(|| {
        let mut entropy = FixedEntropy::new(51);
        let (centre, bank) = (KeySet::generate("Centre", &mut entropy), KeySet::generate("Bank", &mut entropy));
        let (centre, bank) = (centre.unwrap(), bank.unwrap());
        let (mut trust, mut members) = (TrustStore::new(), TrustStore::new());
        trust.add_card(&centre.card()).unwrap();
        members.add_card(&bank.card()).unwrap();
        let mut options = PublishOptions::new("fuzz", now());
        let recipient = Some(centre.recipient.recipient().to_string());
        options.contact = Some(Contact { recipient, ..Contact::default() });
        let publication = Publisher::new(&centre.signing, options, None, &mut entropy).unwrap();
        let file = publication.publish(&mut entropy).unwrap().open(&[]).unwrap().to_vec();
        let feed = UnverifiedFeed::from_bytes(file).unwrap().verify(&trust, now()).unwrap();
        let mut sighting = Sighting::new([7; 16], now(), SightingAction::FROZEN, &mut entropy).unwrap();
        sighting.amount = Some(bisik::Amount::parse("12.50", "SGD".parse().unwrap()).unwrap());
        sighting.reference = Some("CASE-1".to_owned());
        let file = seal_sightings(&feed, &[sighting], &bank.signing, now(), &mut entropy).unwrap();
        let block = envelope::open(&file, &centre.recipient);
        let body = block[60..60 + BLOCK - AROUND].trim_ascii_end().to_vec();
        let (forger, ledger) = (Forger::new(&bank.signing), SightingLedger::new(&feed));
        Town { forger, desk: centre.recipient, members, ledger, body }
    })
}

/// The body of a block that a known member signs and seals to the desk. What is counted once is not counted again, and the ledger reads back.
pub fn sighting(data: &[u8]) {
    let town = town();
    let secrets = std::slice::from_ref(&town.desk);
    assert!(UnverifiedSightings::open(data, secrets).is_err(), "what is not sealed was opened");
    if data.is_empty() || data.len() > BLOCK - AROUND {
        return;
    }
    let mut body = data.to_vec();
    body.resize(BLOCK - AROUND, b' ');
    let file = envelope::seal(&town.forger.block(4, 4, &body, None), &[town.desk.recipient()]);
    let opened = UnverifiedSightings::open(file.as_slice(), secrets).expect("it has the length of sightings");
    let Ok(report) = opened.verify(&town.members) else { return };
    assert!((1..=500).contains(&report.sightings.len()));
    let mut ledger = town.ledger.clone();
    let Ok(outcomes) = ledger.take(&report, now()) else {
        assert!(ledger.entries().is_empty(), "a refused file was counted");
        return;
    };
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), ledger.entries().len());
    let mut again = SightingLedger::parse(&ledger.to_text()).expect("a ledger reads back");
    assert_eq!(again.entries(), ledger.entries());
    assert!(again.take(&report, now()).unwrap().iter().all(Result::is_err), "a sighting was counted twice");
    let calls = ledger.calls(&Joined::new(), now());
    assert_eq!(calls.iter().map(|call| call.sightings).sum::<u64>(), ledger.entries().len() as u64);
    assert!(calls.windows(2).all(|pair| pair[0].score.total() >= pair[1].score.total()));
    assert!(calls.iter().all(|call| call.score.total() <= 100 && !call.senders.is_empty()));
}

/// A ledger's text is read as it was written.
pub fn sighting_ledger(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(ledger) = SightingLedger::parse(text) {
        let again = SightingLedger::parse(&ledger.to_text()).expect("a ledger reads back");
        assert_eq!((again.entries(), again.to_text()), (ledger.entries(), ledger.to_text()));
    }
}

/// Seeds that are made, by target.
pub fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let town = town();
    let mut body = town.body.clone();
    body.resize(BLOCK - AROUND, b' ');
    let file = envelope::seal(&town.forger.block(4, 4, &body, None), &[town.desk.recipient()]);
    let opened = UnverifiedSightings::open(file.as_slice(), std::slice::from_ref(&town.desk)).unwrap();
    let mut ledger = town.ledger.clone();
    ledger.take(&opened.verify(&town.members).unwrap(), now()).unwrap();
    vec![("sighting", vec![town.body.clone()]), ("sighting_ledger", vec![ledger.to_text().into_bytes()])]
}
