//! T16 to T20 and T23: versions that go back, freeze, fork or run away; keys that are stolen; and the cases of The Update Framework by
//! name (Samuel et al., "Survivable Key Compromise in Software Update Systems", CCS 2010).

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{
    Card, Error, ErrorKind, Feed, FixedEntropy, History, KeyId, KeySet, Kind, Revocation, Rotation, Scope,
    SignedManifest, SigningKey, Timestamp, TrustStore, UnverifiedFeed, Updated, UsedVersions,
};
use common::forge::{Forger, Parts};
use common::{NOW, Plan, bank, centre, domains, keys, kind_of, matcher, now, open, open_at, plain, time, trusting};

const ROTATION: u8 = 6;
const REVOCATION: u8 = 7;
const DAY: u64 = 86_400;

/// A version of the centre's feed, issued so many seconds after `NOW`, whatever its number.
fn version(keys: &KeySet, number: u64, later: u64, seed: u64) -> Vec<u8> {
    let mut plan = Plan { seed, ..Plan::new(keys, "feed") };
    plan.options.at_least = (number, 1);
    plan.options.now = time(NOW + later);
    plan.open(&domains())
}

fn seen(history: &mut History, file: &[u8], trust: &TrustStore, at: u64) -> Result<bool, Error> {
    let feed = open_at(file, &[], trust, time(at))?;
    let before = history.clone();
    let outcome = history.observe(&feed, time(at));
    assert!(outcome.as_ref().is_ok_and(|&changed| changed) || *history == before, "a refusal changes nothing");
    // What is stored is what is read again.
    assert_eq!(History::parse(&history.to_text()).unwrap(), *history);
    outcome
}

/// T16, TUF: rollback attack.
#[test]
fn rollback() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let mut history = History::new();
    assert!(seen(&mut history, &version(&centre, 7, 10, 1), &trust, NOW + 10).unwrap());
    // The same again is no news and no fault.
    assert!(!seen(&mut history, &version(&centre, 7, 10, 1), &trust, NOW + 10).unwrap());
    assert_eq!(kind_of(seen(&mut history, &version(&centre, 6, 0, 1), &trust, NOW + 10)), Some(ErrorKind::Rollback));
    assert!(seen(&mut history, &version(&centre, 9, 20, 1), &trust, NOW + 20).unwrap());
    assert_eq!(kind_of(seen(&mut history, &version(&centre, 7, 10, 1), &trust, NOW + 20)), Some(ErrorKind::Rollback));
    // Another feed has its own numbers.
    let other = Plan::new(&centre, "other").open(&domains());
    assert!(seen(&mut history, &other, &trust, NOW + 20).unwrap());
    assert_eq!(history.feeds().len(), 2);
}

#[test]
fn an_epoch_never_falls() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let with = |number, epoch| {
        let mut plan = Plan::new(&centre, "feed");
        plan.options.at_least = (number, epoch);
        plan.open(&domains())
    };
    let mut history = History::new();
    assert!(seen(&mut history, &with(5, 2), &trust, NOW).unwrap());
    assert_eq!(kind_of(seen(&mut history, &with(6, 1), &trust, NOW)), Some(ErrorKind::Rollback));
    assert!(seen(&mut history, &with(6, 3), &trust, NOW).unwrap());
}

/// T17, TUF: indefinite freeze attack. Old files end, and a clock that was set back does not make them good again.
#[test]
fn freeze() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let (old, new) = (version(&centre, 1, 0, 1), version(&centre, 2, 6 * DAY, 1));
    let mut history = History::new();
    assert!(seen(&mut history, &old, &trust, NOW).unwrap());
    let ends = NOW + 7 * DAY;
    assert!(!seen(&mut history, &old, &trust, ends - 1).unwrap());
    assert_eq!(kind_of(seen(&mut history, &old, &trust, ends)), Some(ErrorKind::Expired));
    assert!(seen(&mut history, &new, &trust, NOW + 6 * DAY).unwrap());
    // The host's clock is a day back: before what a trusted signature says was.
    assert_eq!(kind_of(seen(&mut history, &new, &trust, NOW + 5 * DAY)), Some(ErrorKind::NotYetValid));
    let other = Plan::new(&centre, "other").open(&domains());
    assert_eq!(kind_of(seen(&mut history, &other, &trust, NOW + 5 * DAY)), Some(ErrorKind::ClockWentBack));
    // Within the skew nothing is said, and an earlier local clock alone is no fault.
    assert!(!seen(&mut history, &new, &trust, NOW + 6 * DAY - 300).unwrap());
}

/// T23: two different feeds with one version number, and the proof of it.
#[test]
fn equivocation() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let (mine, theirs) = (version(&centre, 9, 0, 1), version(&centre, 9, 0, 2));
    let mut history = History::new();
    assert!(seen(&mut history, &mine, &trust, NOW).unwrap());
    assert_eq!(kind_of(seen(&mut history, &theirs, &trust, NOW)), Some(ErrorKind::Equivocation));
    // Both signed blocks, one behind the other, convince whoever trusts the publisher, without the feeds.
    let block = |file: &[u8]| open(file, &trust).unwrap().signed_block().to_vec();
    let proof = [block(&mine), block(&theirs)].concat();
    let (first, length) = SignedManifest::read(&proof, &trust).unwrap();
    let (second, rest) = SignedManifest::read(&proof[length..], &trust).unwrap();
    assert_eq!(length + rest, proof.len());
    assert_eq!(first.manifest.version, second.manifest.version);
    assert_ne!(first.digest, second.digest);
    assert_eq!(first.digest, *open(&mine, &trust).unwrap().digest());
    let mut forged = proof.clone();
    forged[100] ^= 1;
    assert_eq!(kind_of(SignedManifest::read(&forged, &trust)), Some(ErrorKind::BadSignature));
    assert_eq!(kind_of(SignedManifest::read(&proof, &trusting(&[bank().card()]))), Some(ErrorKind::Untrusted));
}

/// T18, TUF: mix-and-match attack. Parts of two versions or of two feeds do not go together.
#[test]
fn mix_and_match() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let (first, second) = (version(&centre, 1, 0, 1), version(&centre, 2, 0, 2));
    let body = |file: &[u8]| common::forge::signed_length(file) + 99;
    let start = body(&second);
    let mixed = [&second[..start], &first[body(&first)..]].concat();
    assert!(open(&mixed, &trust).is_err());
    assert_eq!(mixed.len(), second.len());
    // Deltas: tests/deltas.rs, of_all_pairs_only_the_right_ones_apply_and_give_the_snapshot. A fork as base is named as such.
    let base = open(&version(&centre, 1, 0, 1), &trust).unwrap();
    let fork = open(&version(&centre, 1, 0, 3), &trust).unwrap();
    let plan = Plan { previous: Some(&base), ..Plan::new(&centre, "feed") };
    let publication = plan.publish(&domains());
    let delta = publication.delta(&base).unwrap().open(&[]).unwrap().to_vec();
    let delta = bisik::UnverifiedDelta::from_bytes(delta).unwrap().verify(&trust, now()).unwrap();
    assert_eq!(kind_of(delta.apply(&fork, common::LIMIT)), Some(ErrorKind::Equivocation));
}

/// A publisher with three offline roots, two of which must sign, and a key that signs feeds.
struct Rooted {
    roots: Vec<SigningKey>,
    keys: KeySet,
}

impl Rooted {
    fn new() -> Self {
        let roots: Vec<_> = (100..103).map(root).collect();
        let mut keys = keys("Rooted Centre", 60);
        keys.signing.publisher = Some(roots[0].verifying_key().key_id());
        Self { roots, keys }
    }

    fn card(&self) -> Card {
        Card { roots: self.roots.iter().map(SigningKey::verifying_key).collect(), threshold: 2, ..self.keys.card() }
    }

    fn id(&self) -> KeyId {
        self.card().publisher_id().unwrap()
    }

    /// A rotation to another signing key, with the same roots.
    fn rotation(&self, sequence: u64, to: &KeySet, reset_versions: bool) -> Rotation {
        let card = Card {
            publisher: Some(self.id()),
            sequence,
            verifying_keys: vec![to.signing.key.verifying_key()],
            ..self.card()
        };
        Rotation { card, issued: now(), reset_versions }
    }

    fn two(&self) -> [&SigningKey; 2] {
        [&self.roots[0], &self.roots[2]]
    }
}

fn root(seed: u64) -> SigningKey {
    SigningKey::generate(&mut FixedEntropy::new(seed)).unwrap()
}

/// A successor's keys, which sign in the publisher's name.
fn successor(publisher: &KeyId, seed: u64) -> KeySet {
    let mut keys = keys("Rooted Centre", seed);
    keys.signing.publisher = Some(*publisher);
    keys
}

/// T20, TUF: key compromise.
#[test]
fn key_compromise() {
    let centre = Rooted::new();
    let mut trust = trusting(&[centre.card()]);
    let file = Plan::new(&centre.keys, "feed").open(&domains());
    open(&file, &trust).unwrap();
    // Root keys sign no feeds.
    let mut as_root = keys("x", 1);
    as_root.signing.key = root(100);
    as_root.signing.publisher = Some(centre.id());
    assert_eq!(kind_of(open(&Plan::new(&as_root, "feed").open(&domains()), &trust)), Some(ErrorKind::Untrusted));

    let stolen = centre.keys.signing.key.verifying_key().key_id();
    let revocation = Revocation { publisher: centre.id(), sequence: 1, issued: now(), keys: vec![stolen] };
    let statement = revocation.sign(&centre.two()).unwrap();
    assert_eq!(trust.update(&statement, now()).unwrap(), Updated::Revoked(centre.id()));
    assert_eq!(kind_of(open(&file, &trust)), Some(ErrorKind::Revoked));
    assert_eq!(TrustStore::parse(&trust.to_text()).unwrap(), trust);
    // A later rotation cannot bring the key back; another key can take over.
    let back = centre.rotation(2, &centre.keys, false).sign(&centre.two()).unwrap();
    assert_eq!(kind_of(trust.update(&back, now())), Some(ErrorKind::Revoked));
    let next = successor(&centre.id(), 61);
    let rotation = centre.rotation(2, &next, false).sign(&centre.two()).unwrap();
    assert_eq!(trust.update(&rotation, now()).unwrap(), Updated::Rotated(centre.id()));
    let file = Plan::new(&next, "feed").open(&domains());
    assert_eq!(open(&file, &trust).unwrap().manifest().publisher, centre.id());
    // Replayed statements are older than what is known.
    for statement in [&statement, &rotation] {
        assert_eq!(kind_of(trust.update(statement, now())), Some(ErrorKind::Rollback));
    }
}

/// The feeds that a reader named bind the keys that come after a revocation of all keys, too.
#[test]
fn a_revocation_of_the_last_key_does_not_widen_what_the_next_may_sign() {
    let centre = Rooted::new();
    let mut trust = TrustStore::new();
    trust.add_card_for(&centre.card(), &["feed"]).unwrap();
    let stolen = centre.keys.signing.key.verifying_key().key_id();
    for (sequence, key) in [(1, stolen), (2, KeyId::from_bytes([9; 32]))] {
        let revocation = Revocation { publisher: centre.id(), sequence, issued: now(), keys: vec![key] };
        trust.update(&revocation.sign(&centre.two()).unwrap(), now()).unwrap();
    }
    assert!(trust.publishers()[0].keys.is_empty());
    // Through the text, as a reader keeps it.
    let mut trust = TrustStore::parse(&trust.to_text()).unwrap();
    let next = successor(&centre.id(), 61);
    trust.update(&centre.rotation(3, &next, false).sign(&centre.two()).unwrap(), now()).unwrap();
    open(&Plan::new(&next, "feed").open(&domains()), &trust).unwrap();
    assert_eq!(kind_of(open(&Plan::new(&next, "other").open(&domains()), &trust)), Some(ErrorKind::NotAuthorised));
    // The limit stands with the keys again, and with them alone.
    let text = trust.to_text();
    assert_eq!(text.matches("\"feeds\"").count(), 1);
    let doubled = text.replacen("\"weight\"", "\"feeds\": [\"feed\"], \"weight\"", 1);
    assert_eq!(kind_of(TrustStore::parse(&doubled)), Some(ErrorKind::BadManifest));
}

/// A publisher's card cannot bring a reader's store to a number that its text does not hold.
#[test]
fn the_highest_sequence_leaves_a_store_that_reads_back() {
    const HIGHEST: u64 = (1 << 53) - 1;
    let centre = centre();
    let id = centre.card().publisher_id().unwrap();
    let highest = Card { sequence: HIGHEST, ..centre.card() };
    let mut trust = trusting(&[Card::parse(&highest.to_text()).unwrap()]);
    trust.revoke_confirmed(&id, &id).unwrap();
    assert_eq!(TrustStore::parse(&trust.to_text()).unwrap(), trust);
    let next = successor(&id, 61);
    let key = next.signing.key.verifying_key().key_id();
    trust.rotate_confirmed(&id, &next.card(), &key, true).unwrap();
    assert_eq!(TrustStore::parse(&trust.to_text()).unwrap(), trust);
    // Versions were reset under the last number.
    let again = successor(&id, 62);
    let key = again.signing.key.verifying_key().key_id();
    assert_eq!(kind_of(trust.rotate_confirmed(&id, &again.card(), &key, true)), Some(ErrorKind::LimitExceeded));
    trust.rotate_confirmed(&id, &again.card(), &key, false).unwrap();
    let beyond = Card { sequence: HIGHEST + 1, ..successor(&id, 63).card() };
    let key = beyond.verifying_keys[0].key_id();
    assert_eq!(kind_of(trust.rotate_confirmed(&id, &beyond, &key, false)), Some(ErrorKind::LimitExceeded));
    assert_eq!(trust.publishers()[0].sequence, HIGHEST);
}

/// T20: one signature too few, and one key that signs twice.
#[test]
fn too_few_roots_are_refused_and_a_root_counts_once() {
    let centre = Rooted::new();
    let next = successor(&centre.id(), 61);
    let rotation = centre.rotation(1, &next, false);
    let before = trusting(&[centre.card()]);
    let update = |statement: &[u8]| {
        let mut trust = before.clone();
        let outcome = kind_of(trust.update(statement, now()));
        assert!(outcome.is_none() || trust == before, "a refusal changes nothing");
        outcome
    };
    assert_eq!(update(&rotation.sign(&centre.two()).unwrap()), None);
    assert_eq!(update(&rotation.sign(&[&centre.roots[1]]).unwrap()), Some(ErrorKind::ThresholdNotMet));
    let stranger = root(200);
    assert_eq!(update(&rotation.sign(&[&centre.roots[1], &stranger]).unwrap()), Some(ErrorKind::ThresholdNotMet));
    assert_eq!(kind_of(rotation.sign(&[&centre.roots[1], &centre.roots[1]])), Some(ErrorKind::BadKey));
    // The same key id twice in a block, and the same root twice in the set.
    let good = rotation.sign(&centre.two()).unwrap();
    let body_at = 28 + 64;
    let body_length = u32::from_le_bytes(good[76..80].try_into().unwrap()) as usize;
    let body = good[body_at..body_at + body_length].to_vec();
    let mut twice = good.clone();
    let first = good[12..44].to_vec();
    twice[44..76].copy_from_slice(&first);
    assert_eq!(update(&twice), Some(ErrorKind::Malformed));
    let same = centre.roots[0].verifying_key();
    let doubled = Card { roots: vec![same, same], threshold: 2, ..centre.card() };
    let mut trust = TrustStore::new();
    assert_eq!(kind_of(trust.add_card(&doubled)), Some(ErrorKind::BadKey));
    assert_eq!(kind_of(Card::parse(&doubled.to_text())), Some(ErrorKind::BadKey));
    // A wrong signature beside enough good ones.
    let all: Vec<_> = centre.roots.iter().collect();
    let mut wrong = rotation.sign(&all).unwrap();
    let last = wrong.len() - 1;
    wrong[last - 60] ^= 1;
    assert_eq!(update(&wrong), Some(ErrorKind::BadSignature));
    // Signed as something else, cut, longer, or by a forger whose key is no root.
    let forger = Forger::new(&centre.keys.signing);
    assert_eq!(update(&forger.block(ROTATION, ROTATION, &body, None)), Some(ErrorKind::ThresholdNotMet));
    for end in 0..good.len() {
        assert!(update(&good[..end]).is_some(), "{end}");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(update(&bad).is_some(), "{at}");
    }
    assert_eq!(update(&[good.as_slice(), b"x"].concat()), Some(ErrorKind::TrailingBytes));
}

/// The roots change: the old set and the new one both sign.
#[test]
fn new_roots_need_the_old_ones_and_themselves() {
    let centre = Rooted::new();
    let new: Vec<_> = (300..303).map(root).collect();
    let card = Card {
        publisher: Some(centre.id()),
        sequence: 1,
        roots: new.iter().map(SigningKey::verifying_key).collect(),
        ..centre.card()
    };
    let rotation = Rotation { card, issued: now(), reset_versions: false };
    let update =
        |trust: &mut TrustStore, keys: &[&SigningKey]| kind_of(trust.update(&rotation.sign(keys).unwrap(), now()));
    let mut trust = trusting(&[centre.card()]);
    let [a, b, _] = &centre.roots[..] else { panic!() };
    assert_eq!(update(&mut trust, &[a, b]), Some(ErrorKind::ThresholdNotMet));
    assert_eq!(update(&mut trust, &[&new[0], &new[1]]), Some(ErrorKind::ThresholdNotMet));
    assert_eq!(update(&mut trust, &[a, b, &new[0]]), Some(ErrorKind::ThresholdNotMet));
    assert_eq!(update(&mut trust, &[a, &new[0], &new[1]]), Some(ErrorKind::ThresholdNotMet));
    assert_eq!(update(&mut trust, &[a, b, &new[0], &new[2]]), None);
    // The publisher id stayed, and the old roots say nothing any more.
    open(&Plan::new(&centre.keys, "feed").open(&domains()), &trust).unwrap();
    let late = centre.rotation(2, &successor(&centre.id(), 61), false).sign(&centre.two()).unwrap();
    assert_eq!(kind_of(trust.update(&late, now())), Some(ErrorKind::ThresholdNotMet));
    // Who takes the newest card starts from its number.
    let mut fresh = trusting(std::slice::from_ref(&rotation.card));
    assert_eq!(update(&mut fresh, &[a, b, &new[0], &new[2]]), Some(ErrorKind::Rollback));
}

/// TUF: fast-forward attack. A thief signs the highest version; a rotation voids what was seen, once.
#[test]
fn fast_forward() {
    let centre = Rooted::new();
    let mut trust = trusting(&[centre.card()]);
    let mut history = History::new();
    assert!(seen(&mut history, &version(&centre.keys, 5, 0, 1), &trust, NOW).unwrap());
    let highest = (1 << 53) - 1;
    assert!(seen(&mut history, &version(&centre.keys, highest, 200, 1), &trust, NOW).unwrap());
    assert_eq!(kind_of(seen(&mut history, &version(&centre.keys, 6, 0, 1), &trust, NOW)), Some(ErrorKind::Rollback));

    let next = successor(&centre.id(), 61);
    let plain = centre.rotation(1, &next, false).sign(&centre.two()).unwrap();
    let mut other = trust.clone();
    other.update(&plain, now()).unwrap();
    let sixth = version(&next, 6, 0, 1);
    assert_eq!(kind_of(seen(&mut history, &sixth, &other, NOW)), Some(ErrorKind::Rollback), "no reset was asked for");

    let rotation = centre.rotation(1, &next, true).sign(&centre.two()).unwrap();
    trust.update(&rotation, now()).unwrap();
    assert!(seen(&mut history, &sixth, &trust, NOW).unwrap(), "the recovery");
    // Once: from here on versions rise again, and the thief's file is nobody's.
    assert_eq!(kind_of(seen(&mut history, &version(&next, 5, 0, 1), &trust, NOW)), Some(ErrorKind::Rollback));
    let stolen = version(&centre.keys, highest, 200, 1);
    assert_eq!(kind_of(open(&stolen, &trust)), Some(ErrorKind::Untrusted));
    // A store from before the rotation does not bring the old count back.
    let old = trusting(&[centre.card()]);
    assert_eq!(kind_of(seen(&mut history, &stolen, &old, NOW)), Some(ErrorKind::Rollback));
    assert!(seen(&mut history, &version(&next, 7, 0, 1), &trust, NOW).unwrap());
}

#[test]
fn without_roots_a_person_confirms() {
    let centre = centre();
    let id = centre.card().publisher_id().unwrap();
    let next = successor(&id, 61);
    let mut trust = TrustStore::new();
    trust.add_card_for(&centre.card(), &["feed"]).unwrap();
    let rotation = Rotation {
        card: Card { publisher: Some(id), sequence: 1, ..Rooted::new().card() },
        issued: now(),
        reset_versions: false,
    };
    let statement = rotation.sign(&[&root(100), &root(101)]).unwrap();
    assert_eq!(kind_of(trust.update(&statement, now())), Some(ErrorKind::NotConfirmed));
    let key = next.signing.key.verifying_key().key_id();
    assert_eq!(kind_of(trust.rotate_confirmed(&id, &next.card(), &id, false)), Some(ErrorKind::NotConfirmed));
    assert_eq!(kind_of(trust.rotate_confirmed(&key, &next.card(), &key, false)), Some(ErrorKind::Untrusted));
    trust.rotate_confirmed(&id, &next.card(), &key, true).unwrap();
    // The limits that the reader set hold for the new key.
    open(&Plan::new(&next, "feed").open(&domains()), &trust).unwrap();
    assert_eq!(kind_of(open(&Plan::new(&next, "other").open(&domains()), &trust)), Some(ErrorKind::NotAuthorised));
    assert_eq!(kind_of(open(&Plan::new(&centre, "feed").open(&domains()), &trust)), Some(ErrorKind::Untrusted));
    trust.revoke_confirmed(&id, &key).unwrap();
    assert_eq!(kind_of(open(&Plan::new(&next, "feed").open(&domains()), &trust)), Some(ErrorKind::Revoked));
    assert_eq!(
        TrustStore::parse(&trust.to_text()).unwrap(),
        trust,
        "a publisher without keys is kept, with what it lost"
    );
    // With roots, nobody's word replaces theirs.
    let rooted = Rooted::new();
    let mut trust = trusting(&[rooted.card()]);
    let confirmed = rooted.id();
    assert_eq!(
        kind_of(trust.rotate_confirmed(&rooted.id(), &rooted.card(), &confirmed, false)),
        Some(ErrorKind::NotConfirmed)
    );
    assert_eq!(kind_of(trust.revoke_confirmed(&rooted.id(), &key)), Some(ErrorKind::NotConfirmed));
}

#[test]
fn statements_of_the_future_and_of_strangers_are_refused() {
    let centre = Rooted::new();
    let mut trust = trusting(&[centre.card()]);
    let mut rotation = centre.rotation(1, &successor(&centre.id(), 61), false);
    rotation.issued = time(NOW + 301);
    let statement = rotation.sign(&centre.two()).unwrap();
    assert_eq!(kind_of(trust.update(&statement, now())), Some(ErrorKind::NotYetValid));
    let mut nobody = trusting(&[bank().card()]);
    assert_eq!(kind_of(nobody.update(&statement, time(NOW + 1))), Some(ErrorKind::Untrusted));
    trust.update(&statement, time(NOW + 1)).unwrap();
    let rootless = Rotation { card: centre.keys.card(), issued: now(), reset_versions: false };
    assert_eq!(kind_of(rootless.sign(&centre.two())), Some(ErrorKind::BadKey));
    // A feed states the length of its payload too: it is no block that stands alone.
    let file = Plan::new(&centre.keys, "feed").open(&domains());
    assert_eq!(kind_of(trust.update(&file, now())), Some(ErrorKind::Malformed));
}

/// A publisher that has rotated still reads and follows its own earlier versions.
#[test]
fn a_publisher_with_a_new_key_follows_its_own_old_version() {
    let old = centre();
    let id = old.card().publisher_id().unwrap();
    let mut next = successor(&id, 61);
    let first = Plan::new(&old, "feed").open(&domains());
    let read = |keys: &KeySet| UnverifiedFeed::from_bytes(first.clone()).unwrap().verify_own(&keys.signing, now());
    assert_eq!(kind_of(read(&next)), Some(ErrorKind::Untrusted));
    next.signing.former = vec![old.signing.key.verifying_key()];
    let previous = read(&next).unwrap();
    let second = Plan { previous: Some(&previous), ..Plan::new(&next, "feed") }.open(&domains());
    let mut trust = trusting(&[old.card()]);
    let key = next.signing.key.verifying_key().key_id();
    trust.rotate_confirmed(&id, &next.card(), &key, false).unwrap();
    assert_eq!(open(&second, &trust).unwrap().manifest().version, 2);
    let text = next.signing.to_text();
    let again = bisik::SigningFile::parse(&text).unwrap();
    assert_eq!((again.publisher_id(), again.former), (id, next.signing.former));
}

#[test]
fn what_a_publisher_may_publish_is_the_readers_decision() {
    let centre = centre();
    let id = centre.card().publisher_id().unwrap();
    let mixed = [plain(Kind::Domain, &["evil.example", "evil.sg"]), plain(Kind::Phone, &["+6591234567"])].concat();
    let file = Plan::new(&centre, "feed").open(&mixed);
    let with = |scope: Scope| {
        let mut trust = trusting(&[centre.card()]);
        trust.set_scope(&id, scope).unwrap();
        assert_eq!(TrustStore::parse(&trust.to_text()).unwrap(), trust);
        open(&file, &trust)
    };
    let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect::<Vec<_>>();
    assert_eq!(kind_of(with(Scope { kinds: list(&["domain"]), ..Scope::default() })), Some(ErrorKind::OutOfScope));
    with(Scope { kinds: list(&["phone", "domain"]), ..Scope::default() }).unwrap();
    let feed = with(Scope { suffixes: list(&["sg"]), calling_codes: list(&["60"]), ..Scope::default() }).unwrap();
    let matcher = matcher(vec![feed]);
    let check = |kind, raw| {
        let report = matcher.check(&common::identifier(kind, raw), now()).unwrap();
        (report.hits.len(), report.rejected.first().map(|rejection| rejection.error.kind()))
    };
    assert_eq!(check(Kind::Domain, "www.evil.sg"), (1, None));
    assert_eq!(check(Kind::Domain, "www.evil.example"), (0, Some(ErrorKind::OutOfScope)));
    assert_eq!(check(Kind::Url, "http://evil.example/x"), (0, Some(ErrorKind::OutOfScope)));
    assert_eq!(check(Kind::Phone, "+6591234567"), (0, Some(ErrorKind::OutOfScope)));
    assert_eq!(check(Kind::Phone, "+6591234568"), (0, None));
}

#[test]
fn a_trust_stores_text_is_strict() {
    let (centre, member) = (Rooted::new(), bank());
    let mut trust = trusting(&[centre.card(), member.card()]);
    trust.set_weight(&centre.id(), 5).unwrap();
    assert_eq!(kind_of(trust.set_weight(&centre.id(), 1_001)), Some(ErrorKind::InvalidArgument));
    assert_eq!(kind_of(trust.set_weight(&keys("Nobody", 70).signing.publisher_id(), 1)), Some(ErrorKind::Untrusted));
    trust.set_name(&centre.id(), "As my chief calls it").unwrap();
    let text = trust.to_text();
    assert_eq!(TrustStore::parse(&text).unwrap(), trust);
    assert_eq!(open(&Plan::new(&centre.keys, "feed").open(&domains()), &trust).unwrap().publisher_weight(), 5);
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        kind_of(TrustStore::parse(&text.replacen(from, to, 1)))
    };
    assert_eq!(refused("\"bisik_trust\": 1", "\"bisik_trust\": 2"), Some(ErrorKind::UnsupportedVersion));
    assert_eq!(refused("\"weight\": 5", "\"weight\": 1001"), Some(ErrorKind::BadManifest));
    assert_eq!(refused("\"weight\": 5", "\"wait\": 5"), Some(ErrorKind::BadManifest));
    assert_eq!(refused("\"threshold\": 2", "\"threshold\": 4"), Some(ErrorKind::BadKey));
    assert_eq!(refused("ed255191", "ed255192"), Some(ErrorKind::BadKey));
    assert_eq!(refused("\"weight\": 5", "\"weight\": 5, \"versions_void_since\": 1"), Some(ErrorKind::BadManifest));
    // Cards and stores join; a publisher known in two ways does not.
    let mut joined = trusting(&[keys("Third", 70).card()]);
    joined.join(trust.clone()).unwrap();
    joined.join(trust.clone()).unwrap();
    assert_eq!(joined.publishers().len(), 3);
    let mut other = trusting(&[centre.card()]);
    assert_eq!(kind_of(other.join(trust.clone())), Some(ErrorKind::AlreadyExists));
    let mut thief = keys("Thief", 71).card();
    thief.verifying_keys.push(centre.keys.signing.key.verifying_key());
    assert_eq!(kind_of(trust.add_card(&thief)), Some(ErrorKind::BadKey));
    assert_eq!(trust.publishers().len(), 2);
    trust.remove(&centre.id()).unwrap();
    assert_eq!(kind_of(trust.remove(&centre.id())), Some(ErrorKind::Untrusted));
    assert!(!trust.is_empty());
    trust.remove(&member.signing.publisher_id()).unwrap();
    assert!(trust.is_empty() && TrustStore::parse(&trust.to_text()).unwrap().is_empty());
}

#[test]
fn cards_with_roots_read_back() {
    let card = Card { sequence: 3, publisher: Some(KeyId::from_bytes([7; 32])), ..Rooted::new().card() };
    assert_eq!(Card::parse(&card.to_text()).unwrap(), card);
    assert_eq!(card.publisher_id(), Some(KeyId::from_bytes([7; 32])));
    let text = card.to_text();
    for (from, to) in [
        ("threshold: 2", "threshold: 4"),
        ("threshold: 2", "threshold: 0"),
        ("threshold: 2\n", ""),
        ("threshold: 2", "threshold: 2\nthreshold: 2"),
        ("sequence: 3", "sequence: 0"),
        ("sequence: 3", "sequence: 9007199254740992"),
        ("publisher: 07", "publisher: 7"),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(Card::parse(&text.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    }
    let root = text.lines().find(|line| line.starts_with("root: ")).unwrap();
    assert!(Card::parse(&text.replace(root, &format!("{root}\n{root}"))).is_err());
    assert!(Card::parse(&format!("{text}{}\n", root.trim_start_matches("root: "))).is_err(), "a root signs no feeds");
}

/// The publisher's side: a number that may have been signed is never signed again.
#[test]
fn a_used_version_is_never_signed_again() {
    let mut used = UsedVersions::new();
    used.reserve("feed", 1, 1).unwrap();
    used.reserve("feed", 1, 2).unwrap();
    used.reserve("other", 1, 1).unwrap();
    for (epoch, version) in [(1, 2), (1, 1), (2, 2)] {
        assert_eq!(kind_of(used.reserve("feed", epoch, version)), Some(ErrorKind::Rollback));
    }
    used.reserve("feed", 2, 3).unwrap();
    assert_eq!(kind_of(used.reserve("feed", 1, 4)), Some(ErrorKind::Rollback));
    let again = UsedVersions::parse(&used.to_text()).unwrap();
    assert_eq!(again, used);
    assert_eq!(again.of("feed").map(|used| (used.epoch, used.version)), Some((2, 3)));
    assert!(again.of("none").is_none());
    assert!(UsedVersions::parse(&used.to_text().replace("other", "feed")).is_err());
    // A crash between reserving 3 and writing it: the next one is 4, though the last file is 2.
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let second: Feed = open(&version(&centre, 2, 0, 1), &trust).unwrap();
    let mut plan = Plan { previous: Some(&second), ..Plan::new(&centre, "feed") };
    plan.options.at_least = (4, 1);
    assert_eq!(plan.publish(&domains()).manifest().version, 4);
    plan.options.at_least = (4, 2);
    assert_eq!(kind_of(plan.try_publish(&domains())), Some(ErrorKind::PreviousMismatch));
    plan.options.new_epoch = true;
    plan.options.at_least = (4, 5);
    let manifest = plan.publish(&domains()).manifest().clone();
    assert_eq!((manifest.version, manifest.epoch), (4, 5));
}

#[test]
fn histories_are_strict_texts() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let mut history = History::new();
    seen(&mut history, &version(&centre, 3, 0, 1), &trust, NOW).unwrap();
    let text = history.to_text();
    for (from, to) in [
        ("\"bisik_history\": 1", "\"bisik_history\": 2"),
        ("\"version\": 3", "\"version\": 0"),
        ("\"epoch\": 1", "\"epoch\": 0"),
        ("\"feed\": \"feed\"", "\"feed\": \"Feed\""),
        ("\"generation\": 0", "\"more\": 0"),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(History::parse(&text.replace(from, to)).is_err(), "{from} -> {to}");
    }
    let id = centre.card().publisher_id().unwrap();
    assert!(history.forget(&id, "feed") && !history.forget(&id, "feed"));
    assert!(seen(&mut history, &version(&centre, 1, 0, 1), &trust, NOW).unwrap());
}

/// A forged feed whose manifest is somebody else's does not come into the memory.
#[test]
fn only_verified_feeds_are_remembered() {
    let (centre, member) = (centre(), bank());
    let trust = trusting(&[centre.card(), member.card()]);
    let parts = Parts::of(&version(&centre, 1 << 40, 0, 1));
    let forged = Forger::new(&member.signing).feed(&parts);
    let mut history = History::new();
    assert_eq!(kind_of(seen(&mut history, &forged, &trust, NOW)), Some(ErrorKind::NotAuthorised));
    assert!(history.feeds().is_empty());
    let _: Timestamp = now();
}

/// What roots could sign, or be brought to sign, and must not pass; the store stays as it was.
#[test]
fn signed_statements_with_one_fault_are_refused() {
    let centre = Rooted::new();
    let before = trusting(&[centre.card()]);
    let forger = |root: &SigningKey| {
        let mut keys = keys("x", 1);
        keys.signing.key = SigningKey::from_text(&root.to_text()).unwrap();
        Forger::new(&keys.signing)
    };
    // A threshold of one, so that one forger's signature is enough.
    let single = trusting(&[Card { threshold: 1, ..centre.card() }]);
    let update = |trust: &TrustStore, kind: u8, body: &serde_json::Value| {
        let mut trust = trust.clone();
        let before = trust.clone();
        let statement = forger(&centre.roots[0]).block(kind, kind, body.to_string().as_bytes(), None);
        let outcome = trust.update(&statement, now());
        assert!(outcome.is_ok() || trust == before, "a refusal changes nothing");
        kind_of(outcome)
    };
    let card = Card { threshold: 1, ..centre.card() };
    let texts = |keys: &[bisik::VerifyingKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    let rotation = serde_json::json!({
        "publisher": centre.id().to_string(), "sequence": 1, "issued": NOW, "name": card.name, "roots": texts(&card.roots),
        "threshold": 1, "keys": texts(&card.verifying_keys), "reset_versions": false,
    });
    let key = card.verifying_keys[0].key_id().to_string();
    let revocation =
        serde_json::json!({"publisher": centre.id().to_string(), "sequence": 1, "issued": NOW, "keys": [key]});
    let with = |body: &serde_json::Value, name: &str, value: serde_json::Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    assert_eq!(update(&single, ROTATION, &rotation), None);
    assert_eq!(update(&single, REVOCATION, &revocation), None);
    assert_eq!(update(&before, ROTATION, &rotation), Some(ErrorKind::ThresholdNotMet));
    assert_eq!(update(&before, REVOCATION, &revocation), Some(ErrorKind::ThresholdNotMet));
    // A publisher cannot be made rootless, so that a later statement needs nobody's signature.
    let mut rootless = with(&rotation, "roots", serde_json::json!([]));
    assert_eq!(update(&single, ROTATION, &rootless), Some(ErrorKind::BadKey));
    rootless["threshold"] = 0.into();
    assert_eq!(update(&single, ROTATION, &rootless), Some(ErrorKind::BadKey));
    assert_eq!(update(&single, ROTATION, &with(&rotation, "keys", serde_json::json!([]))), Some(ErrorKind::BadKey));
    assert_eq!(update(&single, ROTATION, &with(&rotation, "threshold", 4.into())), Some(ErrorKind::BadKey));
    // Nothing is revoked, too much, or a root.
    let root = serde_json::json!([centre.roots[2].verifying_key().key_id().to_string()]);
    assert_eq!(update(&single, REVOCATION, &with(&revocation, "keys", root)), Some(ErrorKind::BadKey));
    for count in [0, 257] {
        let many = serde_json::json!(vec!["ab".repeat(32); count]);
        assert_eq!(update(&single, REVOCATION, &with(&revocation, "keys", many)), Some(ErrorKind::BadManifest));
    }
    let short = serde_json::json!(["ab"]);
    assert_eq!(update(&single, REVOCATION, &with(&revocation, "keys", short)), Some(ErrorKind::Malformed));
    // Whatever else roots sign changes nobody's trust.
    for kind in [1, 4, 8, 9, 200] {
        assert_eq!(update(&single, kind, &rotation), Some(ErrorKind::Malformed), "{kind}");
    }
}

#[test]
fn a_revocation_that_says_nothing_is_not_signed() {
    let centre = Rooted::new();
    let key = centre.keys.signing.key.verifying_key().key_id();
    let sign = |keys: Vec<KeyId>, sequence: u64| {
        let revocation = Revocation { publisher: centre.id(), sequence, issued: now(), keys };
        kind_of(revocation.sign(&centre.two()))
    };
    assert_eq!(sign(vec![key], 1), None);
    assert_eq!(sign(vec![key; 256], 1), None);
    for (keys, sequence) in [(Vec::new(), 1), (vec![key; 257], 1), (vec![key], 0)] {
        assert_eq!(sign(keys, sequence), Some(ErrorKind::BadKey));
    }
}

/// A store that keeps a text a feed puts them together: whichever comes first, the newest counts.
#[test]
fn of_two_memories_of_a_feed_the_newest_counts() {
    let centre = Rooted::new();
    let mut trust = trusting(&[centre.card()]);
    let remembered = |keys: &KeySet, number: u64, trust: &TrustStore| {
        let mut history = History::new();
        seen(&mut history, &version(keys, number, 0, 1), trust, NOW).unwrap();
        history.feeds()[0].clone()
    };
    let (old, new) = (remembered(&centre.keys, 5, &trust), remembered(&centre.keys, 9, &trust));
    // After a rotation that resets versions a lower number is newer.
    let next = successor(&centre.id(), 61);
    trust.update(&centre.rotation(1, &next, true).sign(&centre.two()).unwrap(), now()).unwrap();
    let reset = remembered(&next, 6, &trust);
    assert_eq!((reset.generation, reset.version), (1, 6));
    for (first, second, newest) in
        [(&old, &new, &new), (&new, &old, &new), (&reset, &new, &reset), (&new, &reset, &reset)]
    {
        let history: History = [first.clone(), second.clone()].into_iter().collect();
        assert_eq!(history.feeds(), std::slice::from_ref(newest));
    }
    let mut history: History = [new, old].into_iter().collect();
    assert_eq!(
        kind_of(seen(&mut history, &version(&centre.keys, 8, 0, 1), &trusting(&[centre.card()]), NOW)),
        Some(ErrorKind::Rollback)
    );
}
