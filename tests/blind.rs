//! Promise: a blind feed says what a salted one says, to whoever its server answers, and nothing to anybody else
//! (`docs/format.md` §11; T2 to T6 of `docs/threat-model.md`).

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use bisik::{
    BlindOptions, BlindRequest, Claim, Entropy, ErrorKind, Feed, FixedEntropy, Guard, Identifier, KeySet, Kind,
    Matcher, OprfKey, OprfServer, ParseOptions, Prepared, PublishOptions, Publisher, RawInput, Report,
    RetractionReason, Revision, SetChoice, SigningFile, Timestamp, TrustStore, UnverifiedDelta, UnverifiedFeed,
};

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).unwrap()
}

struct World {
    centre: KeySet,
    bank: KeySet,
    trust: TrustStore,
}

fn world() -> World {
    let mut entropy = FixedEntropy::new(1);
    let centre = KeySet::generate("Example Anti-Scam Centre", &mut entropy).unwrap();
    let bank = KeySet::generate("Example Bank", &mut entropy).unwrap();
    let mut trust = TrustStore::new();
    trust.add_card(&centre.card()).unwrap();
    World { centre, bank, trust }
}

fn key(centre: &SigningFile, feed: &str, epoch: u32, seed: u64) -> OprfKey {
    OprfKey::generate(centre.publisher_id(), feed, epoch, &mut FixedEntropy::new(seed)).unwrap()
}

/// What is listed: numbers, a domain, an address, a URL.
const LISTED: [(Kind, &str); 5] = [
    (Kind::Phone, "+6591230001"),
    (Kind::Phone, "+6591230002"),
    (Kind::Domain, "login-bank.example"),
    (Kind::Email, "winner@lottery.example"),
    (Kind::Url, "http://parcels.example/pay"),
];

fn options(feed: &str, set: SetChoice, records: bool, blind: Option<OprfKey>) -> PublishOptions {
    let mut options = PublishOptions::new(feed, now());
    (options.set, options.records, options.blind) = (set, records, blind);
    options
}

fn publish(world: &World, options: PublishOptions, previous: Option<&Feed>, listed: &[(Kind, &str)]) -> Vec<u8> {
    let mut entropy = FixedEntropy::new(2);
    let mut publisher = Publisher::new(&world.centre.signing, options, previous, &mut entropy).unwrap();
    for (kind, value) in listed {
        let claim = Claim { category: Some("test".into()), ..Claim::default() };
        publisher.add_raw(*kind, value, &ParseOptions::default(), claim).unwrap();
    }
    publisher.publish(&mut entropy).unwrap().open(&[Kind::Phone, Kind::Email, Kind::Mailbox]).unwrap().to_vec()
}

fn feed(world: &World, file: Vec<u8>) -> Feed {
    UnverifiedFeed::from_bytes(file).unwrap().verify(&world.trust, now()).unwrap()
}

fn matcher(world: &World, files: &[&Vec<u8>]) -> Matcher {
    Matcher::new(files.iter().map(|file| feed(world, file.to_vec())), Guard::default()).unwrap()
}

fn answers(world: &World, server: &OprfServer, prepared: &Prepared) -> Vec<Vec<u8>> {
    let bank = world.bank.signing.key.verifying_key();
    let known = |id: &bisik::KeyId| (*id == bank.key_id()).then_some(bank);
    let mut entropy = FixedEntropy::new(3);
    let evaluate = |request: &bisik::PreparedRequest| {
        let (read, length) = BlindRequest::read(&request.bytes, &known).unwrap();
        assert_eq!((length, read.count(), read.client()), (request.bytes.len(), request.queries, bank.key_id()));
        server.blind_evaluate(&read, &mut entropy).unwrap()
    };
    prepared.requests().iter().map(evaluate).collect()
}

fn prepare(world: &World, matcher: &Matcher, inputs: &[Identifier], seed: u64) -> Prepared {
    let entropy = &mut FixedEntropy::new(seed);
    matcher.prepare(inputs, &world.bank.signing.key, &BlindOptions::default(), now(), entropy).unwrap()
}

fn ids(values: &[(Kind, &str)]) -> Vec<Identifier> {
    let parse = |(kind, value): &(Kind, &str)| Identifier::parse(*kind, value, &ParseOptions::default()).unwrap();
    values.iter().map(parse).collect()
}

/// What a report says, without the hit ids, which belong to a key.
fn said(report: &Report) -> Vec<String> {
    let hits = report.hits.iter().map(|hit| {
        let what = (hit.index, hit.matched, hit.matched_kind, &hit.expression, &hit.record);
        format!("{what:?}")
    });
    let rejected = report.rejected.iter().map(|rejection| format!("{} {}", rejection.index, rejection.error));
    hits.chain(rejected).collect()
}

/// Values that are hit in every way there is, and others.
const LOOKED_UP: [(Kind, &str); 10] = [
    (Kind::Phone, "+6591230001"),
    (Kind::Phone, "+6591239999"),
    (Kind::Url, "https://www.login-bank.example/x?y=1"),
    (Kind::Email, "someone@login-bank.example"),
    (Kind::Domain, "login-bank.example"),
    (Kind::Email, "Winner@Lottery.example"),
    (Kind::Url, "http://parcels.example/pay?id=7"),
    (Kind::Phone, "+6591230001"),
    (Kind::Domain, "elsewhere.example"),
    (Kind::Ip, "192.0.2.1"),
];

#[test]
fn blind_and_salted_feeds_give_one_report() {
    let world = world();
    for (set, records) in
        [(SetChoice::Tokens, false), (SetChoice::Tokens, true), (SetChoice::Bloom, false), (SetChoice::Fuse, false)]
    {
        let key = key(&world.centre.signing, "mixed", 1, 4);
        let salted = publish(&world, options("mixed", set, records, None), None, &LISTED);
        let blind = publish(&world, options("mixed", set, records, Some(key.clone())), None, &LISTED);
        let salted = matcher(&world, &[&salted]).match_batch(&ids(&LOOKED_UP), now()).unwrap();
        let matcher = matcher(&world, &[&blind]);
        let prepared = prepare(&world, &matcher, &ids(&LOOKED_UP), 5);
        let answers = answers(&world, &OprfServer::new(key), &prepared);
        let report = matcher.finish(prepared, &answers, now()).unwrap();
        assert_eq!(said(&report), said(&salted), "{set:?}");
        assert_eq!(report.hits.len(), 7, "{set:?}");
    }
}

#[test]
fn a_matcher_with_a_blind_feed_never_misses_in_silence() {
    let world = world();
    let key = key(&world.centre.signing, "mixed", 1, 4);
    let salted = publish(&world, options("open", SetChoice::Tokens, false, None), None, &LISTED);
    let blind = publish(&world, options("mixed", SetChoice::Tokens, false, Some(key.clone())), None, &LISTED);
    let both = matcher(&world, &[&salted, &blind]);
    assert!(both.has_blind());
    let error = both.match_batch(&ids(&LOOKED_UP), now()).unwrap_err();
    assert_eq!((error.kind(), error.position()), (ErrorKind::BlindQueryNeeded, Some(1)));
    let none = RawInput { kind: Kind::Phone, value: "12", options: &ParseOptions::default() };
    assert_eq!(both.match_raw(&[none], now()).unwrap_err().kind(), ErrorKind::BlindQueryNeeded);

    // Salted and blind feeds are in one report; what does not parse is too.
    let prepared = both
        .prepare_raw(
            &[none, RawInput { value: "+6591230002", ..none }],
            &world.bank.signing.key,
            &BlindOptions { pad: false },
            now(),
            &mut FixedEntropy::new(5),
        )
        .unwrap();
    assert_eq!((prepared.queries(), prepared.asked()), (1, 1));
    let answers = answers(&world, &OprfServer::new(key), &prepared);
    let report = both.finish(prepared, &answers, now()).unwrap();
    assert_eq!(report.hits.iter().map(|hit| (hit.index, hit.feed)).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
    assert_eq!(report.rejected.len(), 1);

    // A state that was prepared without a feed does not answer for it.
    let only = matcher(&world, &[&salted]);
    let nothing = prepare(&world, &only, &ids(&LOOKED_UP), 6);
    assert!(nothing.requests().is_empty());
    let none: [Vec<u8>; 0] = [];
    assert_eq!(both.finish(nothing, &none, now()).unwrap_err().kind(), ErrorKind::BlindQueryNeeded);
}

#[test]
fn each_expression_is_asked_once_and_padding_hides_how_many() {
    let world = world();
    let key = key(&world.centre.signing, "mixed", 1, 4);
    let blind = publish(&world, options("mixed", SetChoice::Tokens, false, Some(key)), None, &LISTED[..2]);
    let matcher = matcher(&world, &[&blind]);
    for (count, padded) in [(1, 1), (2, 2), (3, 4), (5, 8), (100, 128)] {
        let inputs: Vec<_> = (0..count)
            .flat_map(|n| ids(&[(Kind::Phone, format!("+659123{n:04}").as_str()), (Kind::Ip, "192.0.2.1")]))
            .collect();
        let twice = [inputs.clone(), inputs].concat();
        let prepared = prepare(&world, &matcher, &twice, 5);
        assert_eq!((prepared.asked(), prepared.queries()), (count, padded));
    }
    let inputs: Vec<_> = (0..20_000).flat_map(|n| ids(&[(Kind::Phone, format!("+65910{n:05}").as_str())])).collect();
    let prepared = prepare(&world, &matcher, &inputs, 5);
    let counts: Vec<_> = prepared.requests().iter().map(|request| request.queries).collect();
    assert_eq!(counts, [16_384, 4_096]);
    // Two preparations of one batch have nothing in common that a server could see.
    let (first, second) = (prepare(&world, &matcher, &inputs[..8], 7), prepare(&world, &matcher, &inputs[..8], 8));
    let chunks = |prepared: &Prepared| -> Vec<[u8; 32]> {
        let bytes = &prepared.requests()[0].bytes;
        let elements = &bytes[bytes.len() - 99 - 8 * 32..bytes.len() - 99];
        elements.as_chunks().0.to_vec()
    };
    assert!(chunks(&first).iter().all(|element| !chunks(&second).contains(element)));
}

#[test]
fn a_kept_state_finishes_the_batch_and_fits_its_epoch_alone() {
    let world = world();
    let key = key(&world.centre.signing, "mixed", 1, 4);
    let file = publish(&world, options("mixed", SetChoice::Tokens, true, Some(key.clone())), None, &LISTED);
    let first = matcher(&world, &[&file]);
    let values = [(Kind::Phone, "999999"), (Kind::Phone, "+6591230001"), (Kind::Url, "http://login-bank.example/")];
    let default = ParseOptions::default();
    let raw = values.map(|(kind, value)| RawInput { kind, value, options: &default });
    let pad = BlindOptions::default();
    let entropy = &mut FixedEntropy::new(5);
    let prepared = first.prepare_raw(&raw, &world.bank.signing.key, &pad, now(), entropy).unwrap();
    let state = prepared.to_bytes();
    let answers = answers(&world, &OprfServer::new(key.clone()), &prepared);
    let expected = said(&first.finish(prepared, &answers, now()).unwrap());
    assert_eq!(expected.len(), 3);

    let kept = Prepared::from_bytes(&state, &first).unwrap();
    assert_eq!(kept.to_bytes(), state);
    // One file may hold all answers.
    assert_eq!(said(&first.finish(kept, &[answers.concat()], now()).unwrap()), expected);
    // What is wrong in the second answer of a file is found there.
    let answer = answers.concat();
    let mut wrong = [answer.as_slice(), &answer].concat();
    wrong[answer.len()] ^= 1;
    let kept = Prepared::from_bytes(&state, &first).unwrap();
    let error = first.finish(kept, &[wrong], now()).unwrap_err();
    assert_eq!((error.kind(), error.position()), (ErrorKind::BadMessage, Some(answer.len() as u64)));

    // A later version of the epoch is matched with the same answers.
    let mut next = options("mixed", SetChoice::Tokens, true, Some(key));
    next.now = now().plus(60);
    let before = feed(&world, file);
    let later = publish(&world, next, Some(&before), &LISTED[..1]);
    let later = Matcher::new(
        [UnverifiedFeed::from_bytes(later).unwrap().verify(&world.trust, now().plus(60)).unwrap()],
        Guard::default(),
    )
    .unwrap();
    let kept = Prepared::from_bytes(&state, &later).unwrap();
    assert_eq!(later.finish(kept, &answers, now().plus(60)).unwrap().hits.len(), 1);

    // Another epoch is not.
    let mut renewed = options("mixed", SetChoice::Tokens, true, Some(self::key(&world.centre.signing, "mixed", 2, 9)));
    renewed.new_epoch = true;
    let renewed = matcher(&world, &[&publish(&world, renewed, Some(&before), &LISTED)]);
    assert_eq!(Prepared::from_bytes(&state, &renewed).unwrap_err().kind(), ErrorKind::WrongEpoch);
    for end in 0..state.len() {
        assert!(Prepared::from_bytes(&state[..end], &first).is_err(), "{end}");
    }
    for at in 0..state.len() {
        let mut bad = state.to_vec();
        bad[at] ^= 0x80;
        // Whatever opens, the proofs hold it to what was asked; nothing panics.
        if let Ok(kept) = Prepared::from_bytes(&bad, &first) {
            drop(first.finish(kept, &answers, now()));
        }
    }
}

#[test]
fn answers_belong_to_their_requests() {
    let world = world();
    let key = key(&world.centre.signing, "mixed", 1, 4);
    let file = publish(&world, options("mixed", SetChoice::Tokens, false, Some(key.clone())), None, &LISTED);
    let matcher = matcher(&world, &[&file]);
    let inputs = ids(&LOOKED_UP);
    let server = OprfServer::new(key);
    let prepared = prepare(&world, &matcher, &inputs, 5);
    let good = answers(&world, &server, &prepared);
    let others = answers(&world, &server, &prepare(&world, &matcher, &inputs, 6));
    let finish = |answers: &[Vec<u8>]| {
        matcher.finish(prepare(&world, &matcher, &inputs, 5), answers, now()).map(|report| report.hits.len())
    };
    assert_eq!(finish(&good).unwrap(), 7);
    assert_eq!(finish(&[good[0].clone(), good[0].clone()]).unwrap(), 7);
    let none: &[Vec<u8>] = &[];
    let error = finish(none).unwrap_err();
    assert_eq!((error.kind(), error.position()), (ErrorKind::AnswerMissing, Some(0)));
    assert_eq!(finish(&others).unwrap_err().kind(), ErrorKind::AnswerMissing);
    assert_eq!(finish(&[good[0].clone(), others[0].clone()]).unwrap_err().kind(), ErrorKind::BadMessage);
    for at in 0..good[0].len() {
        let mut bad = good[0].clone();
        bad[at] ^= 1;
        assert!(finish(&[bad]).is_err(), "{at}");
    }
    for end in 1..good[0].len() {
        let error = finish(&[good[0][..end].to_vec()]).unwrap_err().kind();
        assert_eq!(error, ErrorKind::Truncated, "{end}");
    }
    let mut longer = good[0].clone();
    longer.push(0);
    assert_eq!(finish(&[longer]).unwrap_err().kind(), ErrorKind::Truncated);
}

#[test]
fn requests_are_read_strictly() {
    let world = world();
    let key = key(&world.centre.signing, "mixed", 1, 4);
    let file = publish(&world, options("mixed", SetChoice::Tokens, false, Some(key.clone())), None, &LISTED);
    let matcher = matcher(&world, &[&file]);
    let prepared = prepare(&world, &matcher, &ids(&LOOKED_UP), 5);
    let request = prepared.requests()[0].bytes.clone();
    let bank = world.bank.signing.key.verifying_key();
    let read = |bytes: &[u8]| BlindRequest::read(bytes, &|_| Some(bank));
    let (good, _) = read(&request).unwrap();
    assert_eq!(BlindRequest::read(&request, &|_| None).unwrap_err().kind(), ErrorKind::UnknownClient);
    let centre = world.centre.signing.key.verifying_key();
    assert_eq!(BlindRequest::read(&request, &|_| Some(centre)).unwrap_err().kind(), ErrorKind::UnknownClient);
    for at in 0..request.len() {
        let mut bad = request.clone();
        bad[at] ^= 1;
        assert!(read(&bad).is_err(), "{at}");
    }
    for end in 0..request.len() {
        assert_eq!(read(&request[..end]).unwrap_err().kind(), ErrorKind::Truncated, "{end}");
    }
    // A feed is a signed block too, and no request.
    assert_eq!(read(&file).unwrap_err().kind(), ErrorKind::BadMessage);

    // Several in one file are read one after the other.
    let two = [request.clone(), request.clone()].concat();
    let (first, length) = read(&two).unwrap();
    let (second, _) = read(&two[length..]).unwrap();
    assert_eq!((first.digest(), first.digest()), (second.digest(), good.digest()));

    // A server answers for its own feed and epoch.
    let entropy = &mut FixedEntropy::new(6);
    for (feed, epoch, kind) in [("other", 1, ErrorKind::WrongFeed), ("mixed", 2, ErrorKind::WrongEpoch)] {
        let server = OprfServer::new(self::key(&world.centre.signing, feed, epoch, 4));
        assert_eq!(server.blind_evaluate(&good, entropy).unwrap_err().kind(), kind);
    }
}

#[test]
fn a_key_serves_its_feed_and_epoch_and_protection_lasts_an_epoch() {
    let world = world();
    let centre = &world.centre.signing;
    let (first, second) = (key(centre, "mixed", 1, 4), key(centre, "mixed", 2, 5));
    let refusal = |options: PublishOptions, previous: Option<&Feed>| {
        Publisher::new(centre, options, previous, &mut FixedEntropy::new(6)).err().map(|error| error.kind())
    };
    let blind = |key: &OprfKey| options("mixed", SetChoice::Tokens, false, Some(key.clone()));
    let salted = || options("mixed", SetChoice::Tokens, false, None);
    assert_eq!(refusal(blind(&second), None), Some(ErrorKind::OprfKeyMismatch));
    assert_eq!(refusal(blind(&key(centre, "other", 1, 4)), None), Some(ErrorKind::OprfKeyMismatch));
    let of_bank = OprfKey::generate(world.bank.signing.publisher_id(), "mixed", 1, &mut FixedEntropy::new(7)).unwrap();
    assert_eq!(refusal(blind(&of_bank), None), Some(ErrorKind::OprfKeyMismatch));

    let version_1 = feed(&world, publish(&world, blind(&first), None, &LISTED));
    assert!(version_1.is_blind());
    assert_eq!(refusal(blind(&first), Some(&version_1)), None);
    assert_eq!(refusal(blind(&key(centre, "mixed", 1, 8)), Some(&version_1)), Some(ErrorKind::OprfKeyMismatch));
    assert_eq!(refusal(salted(), Some(&version_1)), Some(ErrorKind::OprfKeyMismatch));
    let renewed = |mut options: PublishOptions| {
        options.new_epoch = true;
        options
    };
    assert_eq!(refusal(renewed(blind(&second)), Some(&version_1)), None);
    assert_eq!(refusal(renewed(blind(&first)), Some(&version_1)), Some(ErrorKind::OprfKeyMismatch));
    assert_eq!(refusal(renewed(salted()), Some(&version_1)), None);
    let open = feed(&world, publish(&world, salted(), None, &LISTED));
    assert_eq!(refusal(blind(&first), Some(&open)), Some(ErrorKind::CombinationNotAllowed));
}

/// The life of a blind feed is that of any other: withdrawals, additions and deltas, with the OPRF key at hand.
#[test]
fn entries_come_and_go_within_an_epoch() {
    let world = world();
    let key = key(&world.centre.signing, "mixed", 1, 4);
    let file = publish(&world, options("mixed", SetChoice::Tokens, true, Some(key.clone())), None, &LISTED);
    let first = feed(&world, file.clone());
    let later = now().plus(60);
    let entropy = &mut FixedEntropy::new(5);
    let mut following = PublishOptions::following(&first, later);
    let without_key = Revision::new(&world.centre.signing, following.clone(), &first).unwrap_err();
    assert_eq!(without_key.kind(), ErrorKind::OprfKeyMismatch);
    following.blind = Some(key.clone());
    let mut revision = Revision::new(&world.centre.signing, following, &first).unwrap();
    let default = ParseOptions::default();
    revision.withdraw_raw(Kind::Phone, "+6591230001", &default, RetractionReason::CLEARED).unwrap();
    revision.add_raw(Kind::Phone, "+6591230003", &default, Claim::default()).unwrap();
    let publication = revision.publish(entropy).unwrap();
    let second = publication.open(&[]).unwrap().to_vec();
    let delta = publication.delta(&first).unwrap().open(&[]).unwrap().to_vec();
    let delta = UnverifiedDelta::from_bytes(delta).unwrap().verify(&world.trust, later).unwrap();
    let applied = delta.apply(&first, 1 << 20).unwrap().verify(&world.trust, later).unwrap();
    assert_eq!(applied.bytes(), second);

    let second = UnverifiedFeed::from_bytes(second).unwrap().verify(&world.trust, later).unwrap();
    let matcher = Matcher::new([second], Guard::default()).unwrap();
    let asked = ids(&[(Kind::Phone, "+6591230001"), (Kind::Phone, "+6591230002"), (Kind::Phone, "+6591230003")]);
    let sign = &world.bank.signing.key;
    let prepared = matcher.prepare(&asked, sign, &BlindOptions::default(), later, entropy).unwrap();
    let answers = answers(&world, &OprfServer::new(key), &prepared);
    let report = matcher.finish(prepared, &answers, later).unwrap();
    assert_eq!(report.hits.iter().map(|hit| hit.index).collect::<Vec<_>>(), [1, 2]);
}

/// T4: members see one public key in the signed manifest, and a server with another one is found out.
#[test]
fn a_server_with_another_key_convinces_nobody() {
    let world = world();
    let key = key(&world.centre.signing, "mixed", 1, 4);
    let file = publish(&world, options("mixed", SetChoice::Tokens, false, Some(key)), None, &LISTED);
    let matcher = matcher(&world, &[&file]);
    let prepared = prepare(&world, &matcher, &ids(&LOOKED_UP), 5);
    let other = OprfServer::new(self::key(&world.centre.signing, "mixed", 1, 99));
    let answers = answers(&world, &other, &prepared);
    assert_eq!(matcher.finish(prepared, &answers, now()).unwrap_err().kind(), ErrorKind::BadProof);
}

#[test]
fn no_secret_is_shown() {
    let world = world();
    let key = key(&world.centre.signing, "mixed", 1, 4);
    let secret = key.to_text();
    let secret = secret.lines().last().unwrap();
    let file = publish(&world, options("mixed", SetChoice::Tokens, false, Some(key.clone())), None, &LISTED);
    let matcher = matcher(&world, &[&file]);
    let prepared = prepare(&world, &matcher, &ids(&LOOKED_UP), 5);
    let shown = format!("{key:?} {prepared:?} {:?} {:?}", prepared.requests(), OprfServer::new(key.clone()));
    assert!(!shown.contains(secret) && !shown.contains("9123"), "{shown}");
    let mut draw = [0; 4];
    FixedEntropy::new(1).fill(&mut draw).unwrap();
    assert_ne!(draw, [0; 4]);
}
