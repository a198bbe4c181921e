//! What a desk refuses, and what it does not count.

use crate::container;
use crate::crypto::age::{Opener, Recipient, RecipientSecret, Sealer};
use crate::crypto::sign::SignedType;
use crate::entropy::FixedEntropy;
use crate::error::ErrorKind;
use crate::feed::{Feed, UnverifiedFeed};
use crate::identifier::{Identifier, Kind, ParseOptions};
use crate::indicator::Claim;
use crate::keyring::{Card, KeySet};
use crate::manifest::Contact;
use crate::publisher::{PublishOptions, Publisher};
use crate::sighting::amount::Amount;
use crate::sighting::body::{BLOCK_LENGTH, MAX_SIGHTINGS, Sighting, SightingAction};
use crate::sighting::join::{HitFinder, Joined};
use crate::sighting::ledger::{SIGHTING_WINDOW, SightingLedger};
use crate::sighting::make::seal_sightings;
use crate::sighting::open::{SIGHTING_FILE_LENGTH, SightingReport, UnverifiedSightings};
use crate::time::{DAY, Timestamp};
use crate::trust::TrustStore;

const NOW: u64 = 1_800_000_000;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

/// A centre with a desk, two banks, and the centre's feed of three domains.
struct Town {
    entropy: FixedEntropy,
    centre: KeySet,
    banks: [KeySet; 2],
    members: TrustStore,
    feed: Feed,
}

fn domain(name: &str) -> Identifier {
    Identifier::parse(Kind::Domain, name, &ParseOptions::default()).unwrap()
}

fn publish(centre: &KeySet, previous: Option<&Feed>, change: impl FnOnce(&mut PublishOptions), seed: u64) -> Feed {
    let mut entropy = FixedEntropy::new(seed);
    let mut options = PublishOptions::new("mules", previous.map_or(at(NOW), |feed| feed.manifest().issued.plus(10)));
    let recipient = Some(centre.recipient.recipient().to_string());
    options.contact = Some(Contact { recipient, ..Contact::default() });
    change(&mut options);
    let mut publisher = Publisher::new(&centre.signing, options, previous, &mut entropy).unwrap();
    for name in ["a.example", "b.example", "c.example"] {
        publisher.add_raw(Kind::Domain, name, &ParseOptions::default(), Claim::default()).unwrap();
    }
    let file = publisher.publish(&mut entropy).unwrap().open(&[]).unwrap().to_vec();
    let mut trust = TrustStore::new();
    trust.add_card(&centre.card()).unwrap();
    UnverifiedFeed::from_bytes(file).unwrap().verify(&trust, at(NOW + 100)).unwrap()
}

fn town() -> Town {
    let mut entropy = FixedEntropy::new(1);
    let mut keys = |name: &str| KeySet::generate(name, &mut entropy).unwrap();
    let (centre, banks) = (keys("Centre"), [keys("First Bank"), keys("Second Bank")]);
    let mut members = TrustStore::new();
    banks.iter().for_each(|bank| members.add_card(&bank.card()).unwrap());
    let feed = publish(&centre, None, |_| (), 2);
    Town { entropy, centre, banks, members, feed }
}

impl Town {
    fn sighting(&mut self, entry: u8, time: u64) -> Sighting {
        Sighting::new([entry; 16], at(time), SightingAction::REPORTED, &mut self.entropy).unwrap()
    }

    fn seal(&mut self, bank: usize, sightings: &[Sighting]) -> Vec<u8> {
        seal_sightings(&self.feed, sightings, &self.banks[bank].signing, at(NOW), &mut self.entropy).unwrap()
    }

    fn report(&mut self, bank: usize, sightings: &[Sighting]) -> SightingReport {
        let file = self.seal(bank, sightings);
        self.open(&file).unwrap()
    }

    fn open(&self, file: &[u8]) -> crate::error::Result<SightingReport> {
        UnverifiedSightings::open(file, std::slice::from_ref(&self.centre.recipient))?.verify(&self.members)
    }
}

fn plaintext(file: &[u8], secret: &RecipientSecret) -> Vec<u8> {
    let mut opener = Opener::new(file, std::slice::from_ref(secret)).unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = opener.read_chunk().unwrap() {
        bytes.extend_from_slice(chunk);
    }
    bytes
}

fn seal_anew(block: &[u8], to: &Recipient) -> Vec<u8> {
    let (mut sealer, mut out) = Sealer::new(std::slice::from_ref(to), &mut FixedEntropy::new(77)).unwrap();
    sealer.push(block, &mut out).unwrap();
    sealer.finish(&mut out).unwrap();
    out
}

/// What a file says, changed before it is signed again by `signer`.
fn resigned(town: &Town, file: &[u8], signer: &KeySet, change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
    let block = plaintext(file, &town.centre.recipient);
    let mut body: serde_json::Value =
        serde_json::from_slice(container::SignedBlock::read(&block).unwrap().body).unwrap();
    change(&mut body);
    let mut text = serde_json::to_vec(&body).unwrap();
    text.resize(BLOCK_LENGTH - container::block_length(0), b' ');
    let block = container::write_block(SignedType::Sighting, &text, None, &signer.signing.key);
    seal_anew(&block, town.centre.recipient.recipient())
}

fn kinds(outcomes: Vec<crate::error::Result<()>>) -> Vec<Option<ErrorKind>> {
    outcomes.into_iter().map(|outcome| outcome.err().map(|error| error.kind())).collect()
}

#[test]
fn a_desk_reads_what_a_member_told() {
    let mut town = town();
    let mut sighting = town.sighting(1, NOW);
    sighting.amount = Some(Amount::parse("1250.50", "SGD".parse().unwrap()).unwrap());
    sighting.reference = Some("คดี 2026/17".to_owned());
    let report = town.report(0, &[sighting.clone()]);
    assert_eq!((report.sender_name.as_str(), &report.sightings), ("First Bank", &vec![sighting]));
    let manifest = town.feed.manifest();
    assert_eq!((report.feed.as_str(), report.epoch, report.version), ("mules", manifest.epoch, manifest.version));
    assert_eq!((&report.digest, report.time), (town.feed.digest(), at(NOW)));
}

#[test]
fn every_file_has_one_length_and_the_longest_fits() {
    let mut town = town();
    let one = [town.sighting(1, NOW)];
    assert_eq!(town.seal(0, &one).len(), SIGHTING_FILE_LENGTH);
    let many: Vec<Sighting> = (0..MAX_SIGHTINGS)
        .map(|index| {
            let mut sighting = town.sighting(index as u8, Timestamp::MAX.seconds());
            sighting.amount = Some(Amount::new((1 << 53) - 1, "SGD".parse().unwrap()).unwrap());
            sighting.reference = Some("R".repeat(64));
            sighting.action = SightingAction::NONE;
            sighting
        })
        .collect();
    let file = town.seal(0, &many);
    assert_eq!(file.len(), SIGHTING_FILE_LENGTH);
    assert_eq!(town.open(&file).unwrap().sightings, many);
    let more = [many.as_slice(), &one].concat();
    let error = seal_sightings(&town.feed, &more, &town.banks[0].signing, at(NOW), &mut town.entropy).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyEntries);
    let error = seal_sightings(&town.feed, &[], &town.banks[0].signing, at(NOW), &mut town.entropy).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NothingAccepted);
}

#[test]
fn what_cannot_be_told_is_refused_before_it_is_signed() {
    let mut town = town();
    let good = town.sighting(1, NOW);
    let references = ["", " x", "x ", "a\"b", "a\\b", "a\nb", "a\u{202e}b", &"x".repeat(65)];
    for reference in references {
        let bad = Sighting { reference: Some(reference.to_owned()), ..good.clone() };
        let error = seal_sightings(&town.feed, &[bad], &town.banks[0].signing, at(NOW), &mut town.entropy).unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::InvalidClaim, Some(0)), "{reference}");
    }
    let twice = [good.clone(), good.clone()];
    let error = seal_sightings(&town.feed, &twice, &town.banks[0].signing, at(NOW), &mut town.entropy).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    for (recipient, kind) in [
        (None, ErrorKind::NoDesk),
        (Some("age1pq1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq".to_owned()), ErrorKind::UnsupportedRecipient),
    ] {
        let contact = Contact { desk: Some("+65 0000 0000".to_owned()), recipient, ..Contact::default() };
        let feed = publish(&town.centre, None, |options| options.contact = Some(contact), 9);
        let error =
            seal_sightings(&feed, std::slice::from_ref(&good), &town.banks[0].signing, at(NOW), &mut town.entropy);
        assert_eq!(error.unwrap_err().kind(), kind);
    }
    let feed = publish(&town.centre, None, |options| options.contact = None, 9);
    let error = seal_sightings(&feed, &[good], &town.banks[0].signing, at(NOW), &mut town.entropy);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NoDesk);
}

#[test]
fn a_forged_sighting_is_refused() {
    let mut town = town();
    let sightings = [town.sighting(1, NOW)];
    let stranger = KeySet::generate("Stranger", &mut town.entropy).unwrap();
    let file = seal_sightings(&town.feed, &sightings, &stranger.signing, at(NOW), &mut town.entropy).unwrap();
    assert_eq!(town.open(&file).unwrap_err().kind(), ErrorKind::Untrusted);
    // One member in another's name.
    let file = town.seal(0, &sightings);
    let forged = resigned(&town, &file, &town.banks[1], |_| ());
    assert_eq!(town.open(&forged).unwrap_err().kind(), ErrorKind::NotAuthorised);
    // A byte of what was signed, and one of the signature.
    let block = plaintext(&file, &town.centre.recipient);
    for (at, kind) in [(200, ErrorKind::BadSignature), (BLOCK_LENGTH - 1, ErrorKind::BadSignature)] {
        let mut altered = block.clone();
        altered[at] ^= 1;
        let file = seal_anew(&altered, town.centre.recipient.recipient());
        assert_eq!(town.open(&file).unwrap_err().kind(), kind, "{at}");
    }
    // What a member signed as something else is no sighting.
    let text = container::SignedBlock::read(&block).unwrap().body.to_vec();
    let other = container::write_block(SignedType::Retraction, &text, None, &town.banks[0].signing.key);
    let file = seal_anew(&other, town.centre.recipient.recipient());
    assert_eq!(town.open(&file).unwrap_err().kind(), ErrorKind::NotAFeed);
}

#[test]
fn a_forwarded_sighting_is_refused_by_the_other_desk() {
    let mut town = town();
    let sightings = [town.sighting(1, NOW)];
    let file = town.seal(0, &sightings);
    let other = RecipientSecret::generate(&mut town.entropy).unwrap();
    // The desk that got it, or whoever helped, passes the signed block on.
    let forwarded = seal_anew(&plaintext(&file, &town.centre.recipient), other.recipient());
    let open = |secrets: &[RecipientSecret]| {
        UnverifiedSightings::open(forwarded.as_slice(), secrets).and_then(|open| open.verify(&town.members))
    };
    assert_eq!(open(std::slice::from_ref(&other)).unwrap_err().kind(), ErrorKind::WrongDesk);
    assert_eq!(open(std::slice::from_ref(&town.centre.recipient)).unwrap_err().kind(), ErrorKind::NoMatchingKey);
    // Not even the sender's word makes it this desk's: the address is signed.
    let readdressed =
        resigned(&town, &file, &town.banks[1], |body| body["desk"] = other.recipient().to_string().into());
    assert_eq!(town.open(&readdressed).unwrap_err().kind(), ErrorKind::NotAuthorised);
}

#[test]
fn a_mis_addressed_sighting_is_refused() {
    let mut town = town();
    let sightings = [town.sighting(1, NOW)];
    let file = town.seal(0, &sightings);
    let now = at(NOW);
    let other = resigned(&town, &file, &town.banks[0], |body| body["desk"] = "age1somebodyelse".into());
    assert_eq!(town.open(&other).unwrap_err().kind(), ErrorKind::WrongDesk);
    let mut ledger = SightingLedger::new(&town.feed);
    let forgery = |body: &mut serde_json::Value| body["digest"] = "00".repeat(32).into();
    type Change<'a> = &'a dyn Fn(&mut serde_json::Value);
    let cases: [(Change<'_>, ErrorKind); 7] = [
        (&|body| body["publisher"] = "07".repeat(32).into(), ErrorKind::WrongFeed),
        (&|body| body["feed"] = "others".into(), ErrorKind::WrongFeed),
        (&|body| body["epoch"] = 2.into(), ErrorKind::WrongEpoch),
        (&|body| body["version"] = 2.into(), ErrorKind::WrongFeed),
        (&forgery, ErrorKind::Equivocation),
        (&|body| body["time"] = (NOW + 301).into(), ErrorKind::NotYetValid),
        (&|body| body["version"] = ((1_u64 << 53) - 1).into(), ErrorKind::WrongFeed),
    ];
    for (change, kind) in cases {
        let report = town.open(&resigned(&town, &file, &town.banks[0], change)).unwrap();
        assert_eq!(ledger.take(&report, now).unwrap_err().kind(), kind);
    }
    assert!(ledger.entries().is_empty());
}

#[test]
fn replayed_copied_and_repeated_sightings_count_once() {
    let mut town = town();
    let now = at(NOW);
    let (one, two) = (town.sighting(1, NOW), town.sighting(2, NOW));
    let first = town.report(0, std::slice::from_ref(&one));
    let mut ledger = SightingLedger::new(&town.feed);
    assert_eq!(kinds(ledger.take(&first, now).unwrap()), [None]);
    assert_eq!(kinds(ledger.take(&first, now).unwrap()), [Some(ErrorKind::Replayed)]);
    // In another file of its sender, beside a new one.
    let again = town.report(0, &[one.clone(), two]);
    assert_eq!(kinds(ledger.take(&again, now).unwrap()), [Some(ErrorKind::Replayed), None]);
    // Another member's copy of the entry is no second witness.
    let copied = town.report(1, std::slice::from_ref(&one));
    assert_eq!(kinds(ledger.take(&copied, now).unwrap()), [Some(ErrorKind::Copied)]);
    // The same member, hit and day, with other ids.
    let day = NOW / DAY * DAY;
    let same = [town.sighting(1, day), town.sighting(1, NOW + 60)];
    let same = town.report(0, &same);
    assert_eq!(kinds(ledger.take(&same, now).unwrap()), [Some(ErrorKind::SameDay); 2]);
    // Another day, another member: these count.
    let others = [town.sighting(1, day - 1)];
    let others = town.report(0, &others);
    assert_eq!(kinds(ledger.take(&others, now).unwrap()), [None]);
    let own = [town.sighting(1, NOW)];
    let own = town.report(1, &own);
    assert_eq!(kinds(ledger.take(&own, now).unwrap()), [None]);
    let calls = ledger.calls(&Joined::new(), now);
    let of_one = calls.iter().find(|call| call.hits == [(1, [1; 16])]).unwrap();
    assert_eq!((of_one.sightings, of_one.senders.len(), of_one.days.len()), (3, 2, 2));
}

#[test]
fn memory_outlives_the_program_and_what_it_forgets_is_not_taken_again() {
    let mut town = town();
    let mut now = at(NOW);
    let sighting = town.sighting(1, NOW);
    let file = town.report(0, &[sighting]);
    let mut ledger = SightingLedger::new(&town.feed);
    ledger.take(&file, now).unwrap();
    for _ in 0..100 {
        let text = ledger.to_text();
        ledger = SightingLedger::parse(&text).unwrap();
        assert_eq!(ledger.to_text(), text);
        let outcome = ledger.take(&file, now).unwrap().remove(0).unwrap_err().kind();
        let stays = NOW >= now.seconds().saturating_sub(SIGHTING_WINDOW) / DAY * DAY;
        assert_eq!(outcome, if stays { ErrorKind::Replayed } else { ErrorKind::Stale });
        assert_eq!(ledger.entries().len(), usize::from(stays));
        now = now.plus(DAY / 2);
    }
    // A clock gone back does not bring the old ones in again.
    assert_eq!(ledger.take(&file, at(NOW)).unwrap_err().kind(), ErrorKind::ClockWentBack);
    // On the day that goes last, part of a day is not counted anew.
    let mut ledger = SightingLedger::new(&town.feed);
    let day = NOW / DAY * DAY;
    let early = [town.sighting(1, day + 10)];
    let early = town.report(0, &early);
    ledger.take(&early, at(NOW)).unwrap();
    let late = [town.sighting(1, day + 20)];
    let late = town.report(0, &late);
    for now in [day + SIGHTING_WINDOW + 15, day + SIGHTING_WINDOW + DAY - 1] {
        assert_eq!(kinds(ledger.take(&late, at(now)).unwrap()), [Some(ErrorKind::SameDay)]);
    }
    assert_eq!(kinds(ledger.take(&late, at(day + SIGHTING_WINDOW + DAY)).unwrap()), [Some(ErrorKind::Stale)]);
    assert!(ledger.entries().is_empty());
}

#[test]
fn times_that_cannot_be_are_told_apart_by_sighting() {
    let mut town = town();
    let begins = (NOW - SIGHTING_WINDOW) / DAY * DAY;
    let times = [NOW + 300, NOW + 301, begins, begins - 1, 0];
    let sightings: Vec<Sighting> = (1..).zip(times).map(|(entry, time)| town.sighting(entry, time)).collect();
    let report = town.report(0, &sightings);
    let outcomes = kinds(SightingLedger::new(&town.feed).take(&report, at(NOW)).unwrap());
    let (future, stale) = (Some(ErrorKind::NotYetValid), Some(ErrorKind::Stale));
    assert_eq!(outcomes, [None, future, None, stale, stale]);
}

#[test]
fn a_member_stays_one_member_through_a_rotation_of_its_keys() {
    let mut town = town();
    let now = at(NOW);
    let mut ledger = SightingLedger::new(&town.feed);
    let sighting = town.sighting(1, NOW);
    let before = town.report(0, &[sighting]);
    ledger.take(&before, now).unwrap();
    let mut successor = KeySet::generate("First Bank", &mut town.entropy).unwrap();
    let id = town.banks[0].signing.publisher_id();
    successor.signing.publisher = Some(id);
    let mut members = TrustStore::new();
    members.add_card(&Card { publisher: Some(id), ..successor.card() }).unwrap();
    let sighting = town.sighting(1, NOW);
    let file = seal_sightings(&town.feed, &[sighting], &successor.signing, now, &mut town.entropy).unwrap();
    assert_eq!(town.open(&file).unwrap_err().kind(), ErrorKind::Untrusted);
    town.members = members;
    let after = town.open(&file).unwrap();
    assert_eq!(after.sender, before.sender);
    assert_eq!(kinds(ledger.take(&after, now).unwrap()), [Some(ErrorKind::SameDay)]);
}

#[test]
fn envelopes_of_another_length_or_content_are_refused() {
    let mut town = town();
    let sightings = [town.sighting(1, NOW)];
    let file = town.seal(0, &sightings);
    let desk = town.centre.recipient.recipient().clone();
    let block = plaintext(&file, &town.centre.recipient);
    assert_eq!(town.open(&block).unwrap_err().kind(), ErrorKind::NotSealed);
    assert_eq!(town.open(&[]).unwrap_err().kind(), ErrorKind::NotSealed);
    for length in [0, 1, BLOCK_LENGTH - 1, BLOCK_LENGTH + 1, BLOCK_LENGTH * 3 / 2] {
        let mut other = block.clone();
        other.resize(length, b' ');
        assert_eq!(town.open(&seal_anew(&other, &desk)).unwrap_err().kind(), ErrorKind::WrongPadding, "{length}");
    }
    let long = seal_anew(&vec![0; 1 << 20], &desk);
    assert_eq!(town.open(&long).unwrap_err().kind(), ErrorKind::LimitExceeded);
    // 2^18 bytes are looked at, and one more is not.
    assert_ne!(town.open(&long[..1 << 18]).unwrap_err().kind(), ErrorKind::LimitExceeded);
    let error = town.open(&long[..=1 << 18]).unwrap_err();
    assert_eq!((error.kind(), error.position()), (ErrorKind::LimitExceeded, Some(1 << 18)));
    assert_eq!(town.open(&seal_anew(&vec![0; BLOCK_LENGTH], &desk)).unwrap_err().kind(), ErrorKind::NotAFeed);
    // A block that leaves room behind it has another length than it seems.
    let short = container::write_block(SignedType::Sighting, b"{}", None, &town.banks[0].signing.key);
    let mut padded = short;
    padded.resize(BLOCK_LENGTH, 0);
    assert_eq!(town.open(&seal_anew(&padded, &desk)).unwrap_err().kind(), ErrorKind::WrongPadding);
    let whole = Some(BLOCK_LENGTH as u64);
    let mut padded = container::write_block(SignedType::Sighting, b"{}", whole, &town.banks[0].signing.key);
    padded.resize(BLOCK_LENGTH, 0);
    assert_eq!(town.open(&seal_anew(&padded, &desk)).unwrap_err().kind(), ErrorKind::WrongPadding);
    for at in (0..file.len()).step_by(997) {
        let mut altered = file.clone();
        altered[at] ^= 1;
        assert!(town.open(&altered).is_err(), "{at}");
        assert!(town.open(&file[..at]).is_err(), "{at}");
    }
    type Change<'a> = &'a dyn Fn(&mut serde_json::Value);
    let cases: [Change<'_>; 14] = [
        &|body| body["sightings"] = serde_json::json!([]),
        &|body| body["epoch"] = 0.into(),
        &|body| body["version"] = 0.into(),
        &|body| body["more"] = 1.into(),
        &|body| drop(body.as_object_mut().unwrap().remove("digest")),
        &|body| body["sightings"][0]["action"] = 0.into(),
        &|body| body["sightings"][0]["action"] = 256.into(),
        &|body| body["sightings"][0]["amount"] = 1.into(),
        &|body| body["sightings"][0]["currency"] = "SGD".into(),
        &|body| body["sightings"][0]["reference"] = "".into(),
        &|body| body["sightings"][0]["reference"] = "a\"b".into(),
        &|body| body["sightings"][0]["hit"] = "AA".repeat(16).into(),
        &|body| body["sightings"][0]["token"] = "aa".repeat(16).into(),
        &|body| body["sightings"] = serde_json::json!([body["sightings"][0], body["sightings"][0]]),
    ];
    for (index, change) in cases.into_iter().enumerate() {
        let bad = resigned(&town, &file, &town.banks[0], change);
        assert_eq!(town.open(&bad).unwrap_err().kind(), ErrorKind::BadManifest, "case {index}");
    }
    let bad = resigned(&town, &file, &town.banks[0], |body| body["feed"] = "Mules".into());
    assert_eq!(town.open(&bad).unwrap_err().kind(), ErrorKind::InvalidName);
    // An action of a later version, and a currency that this one does not know, are shown as they are.
    let newer = resigned(&town, &file, &town.banks[0], |body| {
        body["sightings"][0]["action"] = 77.into();
        body["sightings"][0]["amount"] = 5.into();
        body["sightings"][0]["currency"] = "QQQ".into();
    });
    let report = town.open(&newer).unwrap();
    assert_eq!(report.sightings[0].action.name(), "unknown");
    assert_eq!(report.sightings[0].amount.unwrap().to_string(), "5 of QQQ's smallest unit");
}

#[test]
fn only_the_list_and_the_key_turn_hit_ids_back_and_epochs_come_together() {
    let mut town = town();
    let now = at(NOW + 100);
    let second = publish(&town.centre, Some(&town.feed), |options| options.new_epoch = true, 3);
    let other = publish(&KeySet::generate("Other", &mut town.entropy).unwrap(), None, |_| (), 4);
    let hits = |feed: &Feed| {
        let matcher_ids = crate::token::Tokenizer::salted(feed.feed_key().unwrap(), feed.ids());
        let frame = crate::token::frame(Kind::Domain, "b.example");
        let mut digest = [[0; 32]];
        matcher_ids.digest_many(&[frame], &mut digest);
        crate::token::hit_id(&digest[0], feed.ids())
    };
    let (old, new) = (hits(&town.feed), hits(&second));
    assert_ne!(old, new);
    let mut ledger = SightingLedger::new(&town.feed);
    assert!(ledger.learn(&second).unwrap() && !ledger.learn(&town.feed).unwrap());
    assert_eq!(ledger.learn(&other).unwrap_err().kind(), ErrorKind::WrongFeed);
    let told = |hit, time, town: &mut Town| Sighting { hit_id: hit, ..town.sighting(0, time) };
    let sightings = [told(old, NOW - DAY, &mut town), told([9; 16], NOW, &mut town)];
    let report = town.report(0, &sightings);
    ledger.take(&report, now).unwrap();
    let sightings = [told(new, NOW + 50, &mut town)];
    let file = seal_sightings(&second, &sightings, &town.banks[1].signing, now, &mut town.entropy).unwrap();
    ledger.take(&town.open(&file).unwrap(), now).unwrap();
    let mut joined = Joined::new();
    for feed in [&town.feed, &second] {
        let mut finder = HitFinder::new(feed, None, ledger.hits(feed.manifest().epoch)).unwrap();
        for (at, name) in (0..).zip(["a.example", "b.example", "b.example", "c.example"]) {
            finder.add(at, &domain(name)).unwrap();
        }
        joined.join(finder.finish().unwrap());
    }
    assert_eq!((joined.entry(1, &old), joined.entry(2, &new), joined.entry(2, &old)), (Some(1), Some(1), None));
    let calls = ledger.calls(&joined, now);
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].entry, calls[0].sightings, calls[0].senders.len()), (Some(1), 2, 2));
    assert_eq!((calls[1].entry, calls[1].hits.clone()), (None, vec![(1, [9; 16])]));
    assert_eq!((calls[0].first, calls[0].last), (at(NOW - DAY), at(NOW + 50)));
    // Another feed's key finds nothing.
    let mut finder = HitFinder::new(&other, None, [old, new]).unwrap();
    finder.add(0, &domain("b.example")).unwrap();
    assert!(finder.finish().unwrap().is_empty());
}

#[test]
fn the_call_list_is_in_the_order_that_its_points_say() {
    let mut town = town();
    let mut ledger = SightingLedger::new(&town.feed);
    let mut tell = |bank: usize, entry: u8, days: u64, minor: u64, code: &str| {
        let mut sighting = town.sighting(entry, NOW - days * DAY);
        sighting.amount = Amount::new(minor, code.parse().unwrap()).ok();
        let report = town.report(bank, &[sighting]);
        ledger.take(&report, at(NOW)).unwrap().remove(0).unwrap();
    };
    tell(0, 1, 0, 100, "SGD"); // 40 + 10 + 5
    tell(0, 2, 2, 500, "SGD"); // 30 + 20 + 20
    tell(1, 2, 4, 500, "SGD");
    tell(0, 3, 20, 700, "SGD"); // 0 + 10 + 10
    tell(1, 4, 6, (1 << 53) - 1, "IDR"); // 20 + 10 + 20: a huge sum in another currency does not outweigh the rest
    tell(0, 5, 13, 0, "SGD"); // 10 + 10 + 0
    let calls = ledger.calls(&Joined::new(), at(NOW));
    let shown: Vec<(u8, [u8; 3])> = calls
        .iter()
        .map(|call| (call.hits[0].1[0], [call.score.recency, call.score.senders, call.score.amount]))
        .collect();
    assert_eq!(shown, [(2, [30, 20, 20]), (1, [40, 10, 5]), (4, [20, 10, 20]), (5, [10, 10, 0]), (3, [0, 10, 10])]);
    assert_eq!(calls[0].amounts.values().copied().collect::<Vec<_>>(), [1_000]);
    assert!(calls.iter().all(|call| call.score.total() <= 100));
}

#[test]
fn a_ledgers_text_is_read_strictly() {
    let mut town = town();
    let mut ledger = SightingLedger::new(&town.feed);
    let sightings = [town.sighting(1, NOW), town.sighting(2, NOW)];
    let report = town.report(0, &sightings);
    ledger.take(&report, at(NOW)).unwrap();
    let text = ledger.to_text();
    let lines: Vec<&str> = text.lines().collect();
    for (bad, line) in [
        (String::new(), 1),
        (text.replace("\"bisik_sightings\":1", "\"bisik_sightings\":2"), 1),
        (text.replace("\"mules\"", "\"Mules\""), 1),
        (format!("{text}{}\n", lines[1]), 4),
        (format!("{text}{{}}\n"), 4),
        (text.replacen("\"epoch\":1,\"version\":1,\"sender\"", "\"epoch\":-1,\"version\":1,\"sender\"", 1), 2),
    ] {
        assert_eq!(SightingLedger::parse(&bad).unwrap_err().position(), Some(line), "{bad}");
    }
    assert_eq!(SightingLedger::parse(&text).unwrap().entries(), ledger.entries());
}

#[test]
fn actions_are_known_by_number_and_name_and_later_ones_are_kept() {
    for (action, number, name) in [
        (SightingAction::FROZEN, 1, "frozen"),
        (SightingAction::REPORTED, 2, "reported"),
        (SightingAction::DECLINED, 3, "declined"),
        (SightingAction::NONE, 4, "none"),
    ] {
        assert_eq!((action.number(), action.to_string()), (number, name.to_owned()));
        assert_eq!(name.parse::<SightingAction>().unwrap(), action);
    }
    for name in ["", "Frozen", "unknown"] {
        assert_eq!(name.parse::<SightingAction>().unwrap_err().kind(), ErrorKind::InvalidName, "{name}");
    }
    let later: SightingAction = serde_json::from_str("9").unwrap();
    assert_eq!((later.number(), later.name()), (9, "unknown"));
}
