//! T21 and the end of an entry: withdrawn entries no longer hit, those who acted learn it, and a fresh look-up says nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{
    Claim, ErrorKind, Feed, FixedEntropy, KeySet, Kind, Matcher, ParseOptions, Publication, PublishOptions,
    RecordState, Remembered, RetractionList, RetractionReason, Revision, SetChoice, UnverifiedDelta, UnverifiedFeed,
};
use common::forge::{Forger, Parts};
use common::{
    LIMIT, NOW, Plan, bank, centre, claim, domains, identifier, kind_of, matcher, now, open, open_at, plain, time,
    trusting,
};

const DAY: u64 = 86_400;

fn revision<'k>(keys: &'k KeySet, previous: &'k Feed, at: u64) -> Revision<'k> {
    Revision::new(&keys.signing, PublishOptions::following(previous, time(at)), previous).unwrap()
}

fn withdrawn<'k>(keys: &'k KeySet, previous: &'k Feed, at: u64, names: &[&str]) -> Publication<'k> {
    let mut revision = revision(keys, previous, at);
    for name in names {
        revision.withdraw_raw(Kind::Domain, name, &ParseOptions::default(), RetractionReason::CLEARED).unwrap();
    }
    revision.publish(&mut FixedEntropy::new(5)).unwrap()
}

fn read(file: &[u8], keys: &KeySet, at: u64) -> Feed {
    open_at(file, &[], &trusting(&[keys.card()]), time(at)).unwrap()
}

/// The hit on a name, to be remembered.
fn hit(matcher: &Matcher, name: &str, at: u64) -> Remembered {
    let report = matcher.check(&identifier(Kind::Domain, name), time(at)).unwrap();
    Remembered::new(&matcher.feeds()[0], report.hits[0].hit_id, time(at))
}

#[test]
fn a_withdrawn_entry_is_gone_and_whoever_acted_learns_it() {
    let centre = centre();
    for records in [false, true] {
        let mut plan = Plan::new(&centre, "feed");
        plan.options.records = records;
        let matcher_1 = matcher(vec![read(&plan.open(&domains()), &centre, NOW)]);
        let first = &matcher_1.feeds()[0];
        let (acted, kept) = (hit(&matcher_1, "www.evil.example", NOW), hit(&matcher_1, "phish.test.example", NOW));
        assert_eq!(Remembered::parse(&acted.to_line()).unwrap(), acted);
        assert_eq!(RetractionList::of(first).find(&acted), None);

        let second = withdrawn(&centre, first, NOW + DAY, &["Evil.Example"]);
        assert_eq!(second.manifest().count, 3);
        assert_eq!(second.manifest().kinds[0].count, 3);
        assert_eq!(second.manifest().previous, Some(*first.digest()));
        let matcher_2 = matcher(vec![read(second.open(&[]).unwrap(), &centre, NOW + DAY)]);
        let second = &matcher_2.feeds()[0];
        let look_up = |name| matcher_2.check(&identifier(Kind::Domain, name), time(NOW + DAY)).unwrap();
        let fresh = look_up("evil.example");
        assert!(fresh.hits.is_empty() && fresh.rejected.is_empty(), "a fresh look-up says nothing");
        let still = look_up("phish.test.example");
        assert_eq!(still.hits[0].hit_id, kept.hit_id);
        assert_eq!(still.hits[0].record != RecordState::None, records);
        assert!(!matches!(still.hits[0].record, RecordState::Unreadable), "carried records open");

        let list = RetractionList::of(second);
        let found = list.find(&acted).unwrap();
        assert_eq!((found.reason, found.withdrawn), (RetractionReason::CLEARED, time((NOW + DAY) / DAY * DAY)));
        assert_eq!(list.find(&kept), None);
        let other = Plan::new(&centre, "other");
        let other = Remembered::new(&read(&other.open(&domains()), &centre, NOW), acted.hit_id, now());
        assert_eq!(list.find(&other), None, "another feed's hit with the same id");
    }
}

/// All entries but the withdrawn ones are carried byte for byte, without their values.
#[test]
fn what_stays_is_carried_unseen() {
    let centre = centre();
    let names: Vec<String> = (0..200).map(|number| format!("d{number}.example")).collect();
    let entries: Vec<_> = names.iter().map(|name| (Kind::Domain, name.as_str(), claim())).collect();
    let plan = Plan::new(&centre, "feed").records();
    let first = read(&plan.open(&entries), &centre, NOW);
    let gone = ["d7.example", "d0.example", "d199.example"];
    let second = withdrawn(&centre, &first, NOW + 60, &gone).open(&[]).unwrap().to_vec();
    let items = |file: &[u8], section, size: usize| {
        let mut parts = Parts::of(file);
        parts.section(section).chunks(size).map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let size = first.manifest().record_size as usize;
    for (section, size) in [(2, 16), (5, size)] {
        let (old, new) = (items(first.bytes(), section, size), items(&second, section, size));
        assert_eq!((old.len(), new.len()), (200, 197));
        assert!(new.iter().all(|item| old.contains(item)));
    }
    // The same as publishing what is left, but for the retractions.
    let left: Vec<_> = entries.iter().filter(|(_, name, _)| !gone.contains(name)).cloned().collect();
    let mut plan = Plan { previous: Some(&first), ..Plan::new(&centre, "feed") }.records();
    plan.options.now = time(NOW + 60);
    let whole = plan.open(&left);
    for section in [1, 2, 5] {
        assert_eq!(Parts::of(&whole).section(section), Parts::of(&second).section(section));
    }
    // And there is a delta for it.
    let publication = withdrawn(&centre, &first, NOW + 60, &gone);
    let delta = publication.delta(&first).unwrap().open(&[]).unwrap().to_vec();
    let trust = trusting(&[centre.card()]);
    let delta = UnverifiedDelta::from_bytes(delta).unwrap().verify(&trust, time(NOW + 60)).unwrap();
    let applied = delta.apply(&first, LIMIT).unwrap().verify(&trust, time(NOW + 60)).unwrap();
    assert_eq!(applied.bytes(), second);
    assert_eq!(RetractionList::of(&applied).entries.len(), 3);
}

#[test]
fn retractions_go_thirty_days_after_the_last_listing_expires() {
    let centre = centre();
    let first = read(&Plan::new(&centre, "feed").open(&domains()), &centre, NOW);
    let matcher = matcher(vec![read(first.bytes(), &centre, NOW)]);
    let acted = hit(&matcher, "evil.example", NOW);
    let mut previous =
        read(withdrawn(&centre, &first, NOW + DAY, &["evil.example"]).open(&[]).unwrap(), &centre, NOW + DAY);
    let last_listing_expires = NOW + 7 * DAY;
    let mut last_told = 0;
    for days in (5..=45).step_by(4) {
        let at = NOW + days * DAY;
        // Whether the list comes whole or is carried over, new epoch or not.
        let file = if days % 8 == 5 {
            let mut plan = Plan { previous: Some(&previous), ..Plan::new(&centre, "feed") };
            plan.options.now = time(at);
            plan.options.new_epoch = days == 21;
            plan.open(&domains()[1..])
        } else {
            revision(&centre, &previous, at).publish(&mut FixedEntropy::new(1)).unwrap().open(&[]).unwrap().to_vec()
        };
        previous = read(&file, &centre, at);
        if RetractionList::of(&previous).find(&acted).is_some() {
            last_told = at;
        }
    }
    assert!(last_told + 4 * DAY >= last_listing_expires + 30 * DAY, "told until {last_told}");
    assert!(last_told < last_listing_expires + 32 * DAY, "told until {last_told}");
    assert!(RetractionList::of(&previous).entries.is_empty());
    assert!(previous.manifest().sections.iter().all(|section| section.section_type != 6));
}

/// To the second: what is told until a time is not told at that time.
#[test]
fn a_retraction_ends_at_its_time() {
    let centre = centre();
    let first = read(&Plan::new(&centre, "feed").open(&domains()), &centre, NOW);
    let second = read(withdrawn(&centre, &first, NOW + 1, &["evil.example"]).open(&[]).unwrap(), &centre, NOW + 1);
    let until = RetractionList::of(&second).entries[0].until.seconds();
    for (at, told) in [(until - 1, 1), (until, 0)] {
        let third = revision(&centre, &second, at).publish(&mut FixedEntropy::new(1)).unwrap();
        let third = read(third.open(&[]).unwrap(), &centre, at);
        assert_eq!(RetractionList::of(&third).entries.len(), told, "{at}");
    }
}

#[test]
fn additions_go_to_what_is_carried_over() {
    let centre = centre();
    let mixed = [domains(), plain(Kind::Phone, &["+6591234567"])].concat();
    let entries: Vec<_> = mixed
        .iter()
        .map(|(kind, value, _)| (*kind, *value, Claim { confidence: Some(9), ..Claim::default() }))
        .collect();
    let first = read(&Plan::new(&centre, "feed").records().open(&entries), &centre, NOW);
    let mut next = revision(&centre, &first, NOW + 1);
    let options = ParseOptions::default();
    let sure = Claim { confidence: Some(95), ..Claim::default() };
    next.add_raw(Kind::Domain, "new.example", &options, sure.clone()).unwrap();
    next.add_raw(Kind::Domain, "evil.example", &options, sure.clone()).unwrap();
    next.add_raw(Kind::Email, "no.such.person@proton.me", &options, sure.clone()).unwrap();
    next.add_raw(Kind::Domain, "new.example", &options, sure.clone()).unwrap();
    assert_eq!(next.kinds(), [Kind::Phone, Kind::Email, Kind::Domain, Kind::Mailbox]);
    assert_eq!(kind_of(next.add_raw(Kind::Domain, "gov.sg", &options, sure.clone())), Some(ErrorKind::Guarded));
    let long = Claim { note: Some("x".repeat(500)), ..Claim::default() };
    assert_eq!(kind_of(next.add_raw(Kind::Domain, "long.example", &options, long)), Some(ErrorKind::RecordTooLong));
    next.withdraw_raw(Kind::Phone, "+65 9123 4567", &options, RetractionReason::ERROR).unwrap();
    let publication = next.publish(&mut FixedEntropy::new(6)).unwrap();
    let counts: Vec<_> = publication.manifest().kinds.iter().map(|kind| (kind.name.as_str(), kind.count)).collect();
    assert_eq!(counts, [("email", 1), ("domain", 5), ("mailbox", 1)]);
    assert_eq!((publication.merged(), publication.linked()), (1, 1));
    let matcher = matcher(vec![read(publication.open(Kind::ALL).unwrap(), &centre, NOW + 1)]);
    let confidence = |kind, raw| {
        let report = matcher.check(&identifier(kind, raw), time(NOW + 1)).unwrap();
        report.hits.first().map(|hit| match &hit.record {
            RecordState::Opened(claim) => claim.confidence.unwrap(),
            state => panic!("{state:?}"),
        })
    };
    assert_eq!(confidence(Kind::Domain, "new.example"), Some(95));
    assert_eq!(confidence(Kind::Domain, "evil.example"), Some(95), "the new claim takes the place of the old");
    assert_eq!(confidence(Kind::Domain, "phish.test.example"), Some(9));
    assert_eq!(confidence(Kind::Email, "no.such.person@proton.me"), Some(95));
    assert_eq!(confidence(Kind::Phone, "+6591234567"), None);
}

#[test]
fn what_is_listed_because_of_another_goes_with_it() {
    let centre = centre();
    let first =
        read(&Plan::new(&centre, "feed").open(&plain(Kind::Email, &["no.such.person@proton.me"])), &centre, NOW);
    assert_eq!(first.manifest().count, 2);
    let mut next = revision(&centre, &first, NOW + 1);
    next.withdraw_raw(Kind::Email, "no.such.person@proton.me", &ParseOptions::default(), RetractionReason::RECOVERED)
        .unwrap();
    assert_eq!(next.withdrawals(), 2);
    let publication = next.publish(&mut FixedEntropy::new(6)).unwrap();
    assert_eq!((publication.manifest().count, publication.manifest().kinds.len()), (0, 0));
    read(publication.open(&[]).unwrap(), &centre, NOW + 1);
}

#[test]
fn faults_are_named() {
    let centre = centre();
    let first = read(&Plan::new(&centre, "feed").open(&domains()), &centre, NOW);
    let mut next = revision(&centre, &first, NOW + 1);
    let options = ParseOptions::default();
    let reason = RetractionReason::ERROR;
    assert_eq!(kind_of(next.withdraw_raw(Kind::Domain, "other.example", &options, reason)), Some(ErrorKind::NotListed));
    assert!(next.withdraw_raw(Kind::Domain, "..", &options, reason).is_err());
    assert_eq!(next.withdrawals(), 0);
    // A parent is not what is listed under it.
    assert_eq!(
        kind_of(next.withdraw_raw(Kind::Domain, "www.evil.example", &options, reason)),
        Some(ErrorKind::NotListed)
    );
    let filter = read(&Plan::new(&centre, "feed").set(SetChoice::Fuse).open(&domains()), &centre, NOW);
    let following = |previous: &Feed, change: &dyn Fn(&mut PublishOptions)| {
        let mut options = PublishOptions::following(previous, time(NOW + 1));
        change(&mut options);
        kind_of(Revision::new(&centre.signing, options, previous).map(|_| ()))
    };
    assert_eq!(following(&filter, &|_| {}), Some(ErrorKind::CombinationNotAllowed));
    assert_eq!(following(&first, &|options| options.new_epoch = true), Some(ErrorKind::CombinationNotAllowed));
    assert_eq!(following(&first, &|options| options.feed = "other".into()), Some(ErrorKind::PreviousMismatch));
    assert_eq!(following(&first, &|options| options.now = time(NOW - 1)), Some(ErrorKind::ClockWentBack));
    assert_eq!(following(&first, &|options| options.now = time(NOW + 91 * DAY)), Some(ErrorKind::EpochTooOld));
    let bank = bank();
    let options = PublishOptions::following(&first, time(NOW + 1));
    let foreign = Revision::new(&bank.signing, options, &first).map(|_| ());
    assert_eq!(kind_of(foreign), Some(ErrorKind::PreviousMismatch));
    for name in ["error", "cleared", "recovered", "order", "other"] {
        assert_eq!(name.parse::<RetractionReason>().unwrap().name(), name);
    }
    assert_eq!(kind_of("because".parse::<RetractionReason>()), Some(ErrorKind::InvalidName));
}

/// The list as a file of its own, for members who can no longer open the feed.
#[test]
fn a_list_of_its_own_is_signed() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let first = read(&Plan::new(&centre, "feed").open(&domains()), &centre, NOW);
    let acted = hit(&matcher(vec![read(first.bytes(), &centre, NOW)]), "evil.example", NOW);
    let publication = withdrawn(&centre, &first, NOW + 1, &["evil.example", "bad.github.io"]);
    let list = publication.retraction_list().unwrap();
    let read_list = |bytes: &[u8], at: u64| RetractionList::read(bytes, &trust, time(at));
    let from_file = read_list(&list, NOW + 1).unwrap();
    assert_eq!(
        from_file,
        RetractionList::of(&open_at(publication.open(&[]).unwrap(), &[], &trust, time(NOW + 1)).unwrap())
    );
    assert_eq!(from_file.find(&acted).unwrap().reason, RetractionReason::CLEARED);
    // Issued at NOW + 1; clocks may differ by 300 seconds.
    assert_eq!(kind_of(read_list(&list, NOW - 299)), None);
    assert_eq!(kind_of(read_list(&list, NOW - 300)), Some(ErrorKind::NotYetValid));
    assert_eq!(kind_of(read_list(&[list.as_slice(), &[0]].concat(), NOW + 1)), Some(ErrorKind::TrailingBytes));
    assert_eq!(kind_of(RetractionList::read(&list, &trusting(&[bank().card()]), now())), Some(ErrorKind::Untrusted));
    for at in 0..list.len() {
        let mut bad = list.clone();
        bad[at] ^= 4;
        assert!(read_list(&bad, NOW + 1).is_err(), "{at}");
        assert!(read_list(&list[..at], NOW + 1).is_err(), "{at}");
    }
    // What a trusted key could sign and must not pass.
    let forger = Forger::new(&centre.signing);
    let body = list[60..list.len() - 99].to_vec();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut body = body.clone();
        change(&mut body);
        kind_of(read_list(&forger.block(5, 5, &body, None), NOW + 1))
    };
    let end = body.len();
    assert_eq!(with(&|_| {}), None);
    assert_eq!(with(&|body| body[0] ^= 1), Some(ErrorKind::NotAuthorised));
    assert_eq!(with(&|body| body.push(0)), Some(ErrorKind::TrailingBytes));
    assert_eq!(with(&|body| body.truncate(end - 1)), Some(ErrorKind::Truncated));
    assert_eq!(with(&|body| body[32..36].copy_from_slice(&u32::MAX.to_le_bytes())), Some(ErrorKind::Truncated));
    assert_eq!(with(&|body| body[56..60].copy_from_slice(&u32::MAX.to_le_bytes())), Some(ErrorKind::Truncated));
    assert_eq!(with(&|body| body[end - 64..].rotate_left(32)), Some(ErrorKind::NotSorted));
    assert_eq!(with(&|body| body[end - 1] = 1), Some(ErrorKind::NotZero));
    assert_eq!(with(&|body| body[36] = b'F'), Some(ErrorKind::InvalidName));
    // A block that says it is longer or shorter than it is, alone and before what makes up for it.
    let length = list.len() as u64;
    for stated in [length - 1, length + 1] {
        let bytes = forger.block(5, 5, &body, Some(stated));
        assert_eq!(kind_of(read_list(&bytes, NOW + 1)), Some(ErrorKind::Malformed), "{stated}");
    }
    let longer = [forger.block(5, 5, &body, Some(length + 1)), vec![0]].concat();
    assert_eq!(kind_of(read_list(&longer, NOW + 1)), Some(ErrorKind::Malformed));
}

#[test]
fn a_feed_with_faulty_retractions_is_refused() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let forger = Forger::new(&centre.signing);
    let first = read(&Plan::new(&centre, "feed").open(&domains()), &centre, NOW);
    let file = withdrawn(&centre, &first, NOW, &["evil.example", "bad.github.io"]).open(&[]).unwrap().to_vec();
    let with = |change: &dyn Fn(&mut Parts)| {
        let mut parts = Parts::of(&file);
        change(&mut parts);
        kind_of(open(&forger.feed(&parts), &trust))
    };
    assert_eq!(with(&|_| {}), None);
    assert_eq!(with(&|parts| parts.section(6).rotate_left(32)), Some(ErrorKind::NotSorted));
    assert_eq!(with(&|parts| parts.section(6).truncate(63)), Some(ErrorKind::Malformed));
    assert_eq!(with(&|parts| parts.section(6)[31] = 1), Some(ErrorKind::NotZero));
    let required = |parts: &mut Parts| {
        let sections = parts.manifest["sections"].as_array_mut().unwrap();
        sections.iter_mut().find(|section| section["type"] == 6).unwrap()["required"] = true.into();
    };
    assert_eq!(with(&required), Some(ErrorKind::BadManifest));
    let _ = UnverifiedFeed::from_bytes(file).unwrap();
}
