//! Promise: a store opens a prepared feed without its file, with the answers of the file; what cannot be used of it costs time and
//! nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use bisik::{
    Claim, ErrorKind, Feed, FixedEntropy, Guard, Identifier, Indicator, KeySet, Kind, ParseOptions, PublishOptions,
    Publisher, RecipientSecret, StoredFeed, Timestamp, TrustStore, UnverifiedFeed,
};
use bisik_store::{Opening, Prepared, Store};

const NOW: u64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW).unwrap()
}

struct World {
    centre: KeySet,
    bank: KeySet,
    trust: TrustStore,
    folder: tempfile::TempDir,
    store: Store,
}

impl World {
    fn new() -> Self {
        let mut entropy = FixedEntropy::new(5);
        let centre = KeySet::generate("Centre", &mut entropy).unwrap();
        let bank = KeySet::generate("Bank", &mut entropy).unwrap();
        let mut trust = TrustStore::new();
        trust.add_card(&centre.card()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path().join("store")).unwrap();
        Self { centre, bank, trust, folder, store }
    }

    fn secrets(&self) -> Vec<RecipientSecret> {
        vec![RecipientSecret::from_text(&self.bank.recipient.to_text()).unwrap()]
    }

    /// The next version of a feed of these names, sealed to the bank: its file, and as the bank reads it.
    fn version(&self, names: &[&str], previous: Option<&Feed>) -> (Vec<u8>, Feed) {
        let mut entropy = FixedEntropy::new(6);
        let mut publisher =
            Publisher::new(&self.centre.signing, PublishOptions::new("scams", now()), previous, &mut entropy).unwrap();
        for name in names {
            let identifier = Identifier::parse(Kind::Domain, name, &ParseOptions::default()).unwrap();
            publisher.add(Indicator { identifier, claim: Claim::default() }).unwrap();
        }
        let mut file = Vec::new();
        publisher.publish(&mut entropy).unwrap().seal(&self.bank.card().recipients, &mut entropy, &mut file).unwrap();
        let feed = UnverifiedFeed::read(file.as_slice(), &self.secrets(), 1 << 30).unwrap();
        (file, feed.verify(&self.trust, now()).unwrap())
    }

    fn put(&self, store: &Store, version: &(Vec<u8>, Feed), prepare_from: u64) -> StoredFeed {
        let mut writer = store.lock().unwrap();
        writer.prepare_from(prepare_from);
        let mut partial = writer.partial("test", 1 << 30).unwrap();
        partial.restart(None).unwrap();
        partial.append(&version.0).unwrap();
        let stored = writer.put(&version.1, partial, "test", now()).unwrap();
        assert!(writer.take_unprepared().is_none());
        stored
    }

    fn load(&self, stored: &StoredFeed) -> Result<Feed, ErrorKind> {
        self.store.load(stored, &self.trust, &self.secrets(), now()).map_err(|error| error.kind())
    }

    fn hits(&self, name: &str) -> usize {
        let opening = Opening { trust: self.trust.clone(), secrets: self.secrets(), guard: Guard::default() };
        let matcher = self.store.matcher(opening, now()).unwrap();
        let asked = Identifier::parse(Kind::Domain, name, &ParseOptions::default()).unwrap();
        matcher.current(now()).unwrap().matcher.check(&asked, now()).unwrap().hits.len()
    }
}

fn files(store: &Store, end: &str) -> usize {
    let names = std::fs::read_dir(store.folder().join("feeds")).unwrap();
    names.filter(|name| name.as_ref().unwrap().file_name().to_str().unwrap().ends_with(end)).count()
}

fn unusable(state: Prepared) -> ErrorKind {
    match state {
        Prepared::Unusable(error) => error.kind(),
        other => panic!("{other:?}"),
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).unwrap().mode() & 0o777
}

#[cfg(unix)]
fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_prepared_feed_opens_without_its_file_for_its_reader_alone() {
    let world = World::new();
    let stored = world.put(&world.store, &world.version(&["evil.example"], None), 0);
    assert!(matches!(world.store.prepared_state(&stored), Prepared::Ready));
    assert!(world.store.check_prepared(&stored, &world.secrets()).unwrap());
    // Nothing but what was prepared can answer now.
    std::fs::remove_file(world.store.feed_path(&stored)).unwrap();
    assert_eq!((world.hits("www.evil.example"), world.hits("other.example")), (1, 0));
    assert!(world.load(&stored).unwrap().sealed());
    let nobody = world.store.load(&stored, &world.trust, &[], now());
    assert_eq!(nobody.unwrap_err().kind(), ErrorKind::Io, "the file itself has the last word, and is gone");
    assert!(world.store.load(&stored, &TrustStore::new(), &world.secrets(), now()).is_err());
    let late = Timestamp::from_seconds(stored.expires.seconds()).unwrap();
    assert_eq!(world.store.load(&stored, &world.trust, &world.secrets(), late).unwrap_err().kind(), ErrorKind::Expired);
}

#[cfg(unix)]
#[test]
fn key_and_prepared_files_are_their_owners_alone() {
    let world = World::new();
    let stored = world.put(&world.store, &world.version(&["evil.example"], None), 0);
    let (key, prepared) = (world.store.folder().join("local.key"), world.store.prepared_path(&stored));
    assert_eq!((mode(&key), mode(&prepared)), (0o600, 0o600));
    assert!(std::fs::read_to_string(&key).unwrap().starts_with("BISIK-LOCAL-KEY-1"));
    chmod(&key, 0o640);
    assert_eq!(unusable(world.store.prepared_state(&stored)), ErrorKind::Permissions);
    assert_eq!(world.hits("evil.example"), 1, "by way of the file");
    assert!(world.store.lock().unwrap().prepare(&world.load(&stored).unwrap(), &stored).is_err());
    chmod(&key, 0o600);
    chmod(&prepared, 0o622);
    assert_eq!(unusable(world.store.prepared_state(&stored)), ErrorKind::Permissions);
    chmod(&prepared, 0o600);
    assert!(matches!(world.store.prepared_state(&stored), Prepared::Ready));
}

#[test]
fn short_feeds_are_not_prepared_unless_asked_for() {
    let world = World::new();
    let stored = world.put(&world.store, &world.version(&["evil.example"], None), bisik_store::PREPARE_FROM);
    assert!(matches!(world.store.prepared_state(&stored), Prepared::No));
    assert!(!world.store.check_prepared(&stored, &world.secrets()).unwrap());
    assert!(!world.store.folder().join("local.key").exists());
    let feed = world.store.load_whole(&stored, &world.trust, &world.secrets(), now()).unwrap();
    world.store.lock().unwrap().prepare(&feed, &stored).unwrap();
    assert!(matches!(world.store.prepared_state(&stored), Prepared::Ready));
    let (_, other) = world.version(&["other.example"], None);
    assert_eq!(world.store.lock().unwrap().prepare(&other, &stored).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn whatever_is_wrong_with_what_was_prepared_the_file_answers() {
    let world = World::new();
    let stored = world.put(&world.store, &world.version(&["evil.example"], None), 0);
    let path = world.store.prepared_path(&stored);
    let good = std::fs::read(&path).unwrap();
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bad = good.clone();
        change(&mut bad);
        std::fs::write(&path, bad).unwrap();
        assert_eq!(world.hits("evil.example"), 1);
        unusable(world.store.prepared_state(&stored))
    };
    assert_eq!(damaged(&|bad| bad.truncate(good.len() - 1)), ErrorKind::Truncated);
    assert_eq!(damaged(&|bad| bad.truncate(0)), ErrorKind::Truncated);
    assert_eq!(damaged(&|bad| bad.push(0)), ErrorKind::TrailingBytes);
    assert_eq!(damaged(&|bad| bad[100] ^= 1), ErrorKind::LocalSeal);
    assert_eq!(damaged(&|bad| bad[0] ^= 1), ErrorKind::NotAFeed);
    // Another store's, another key's, another version's.
    let elsewhere = Store::create(world.folder.path().join("elsewhere")).unwrap();
    let (file, feed) = world.version(&["evil.example"], None);
    let other = world.put(&elsewhere, &(file, feed), 0);
    let foreign = std::fs::read(elsewhere.prepared_path(&other)).unwrap();
    assert_eq!(damaged(&|bad| bad.clone_from(&foreign)), ErrorKind::LocalSeal);
    std::fs::write(&path, &good).unwrap();
    let key = world.store.folder().join("local.key");
    let own = std::fs::read(&key).unwrap();
    std::fs::copy(elsewhere.folder().join("local.key"), &key).unwrap();
    assert_eq!(unusable(world.store.prepared_state(&stored)), ErrorKind::LocalSeal);
    std::fs::remove_file(&key).unwrap();
    assert_eq!(unusable(world.store.prepared_state(&stored)), ErrorKind::LocalSeal);
    assert_eq!(world.hits("evil.example"), 1);
    std::fs::write(&key, own).unwrap();
    #[cfg(unix)]
    chmod(&key, 0o600);
    assert!(matches!(world.store.prepared_state(&stored), Prepared::Ready));
    // What opening does not look at, the check does.
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bad).unwrap();
    assert!(matches!(world.store.prepared_state(&stored), Prepared::Ready));
    let error = world.store.check_prepared(&stored, &world.secrets()).unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::HashMismatch, path.as_path()));
}

#[test]
fn an_older_versions_prepared_file_does_not_stand_for_the_newer_version() {
    let world = World::new();
    let first = world.version(&["evil.example"], None);
    let second = world.version(&["other.example"], Some(&first.1));
    let old = world.put(&world.store, &first, 0);
    let old_file = std::fs::read(world.store.prepared_path(&old)).unwrap();
    let stored = world.put(&world.store, &second, 0);
    std::fs::write(world.store.prepared_path(&stored), old_file).unwrap();
    assert_eq!(unusable(world.store.prepared_state(&stored)), ErrorKind::HashMismatch);
    assert_eq!((world.hits("evil.example"), world.hits("other.example")), (0, 1));
    assert!(world.store.check_prepared(&stored, &world.secrets()).is_err());
}

#[test]
fn a_map_outlives_its_file_and_the_next_version_takes_its_place() {
    let world = World::new();
    let first = world.version(&["evil.example"], None);
    let second = world.version(&["other.example"], Some(&first.1));
    let old = world.put(&world.store, &first, 0);
    let opening = Opening { trust: world.trust.clone(), secrets: world.secrets(), guard: Guard::default() };
    let matcher = world.store.matcher(opening, now()).unwrap();
    let snapshot = matcher.current(now()).unwrap();
    world.put(&world.store, &second, 0);
    assert!(!world.store.prepared_path(&old).exists() || cfg!(windows));
    let hits = |snapshot: &bisik_store::Snapshot, name: &str| {
        let asked = Identifier::parse(Kind::Domain, name, &ParseOptions::default()).unwrap();
        snapshot.matcher.check(&asked, now()).unwrap().hits.len()
    };
    assert_eq!((hits(&snapshot, "evil.example"), hits(&snapshot, "other.example")), (1, 0));
    let next = matcher.reload_if_changed(now()).unwrap().expect("it changed");
    assert_eq!((hits(&next, "evil.example"), hits(&next, "other.example")), (0, 1));
    drop((snapshot, next));
    assert_eq!((files(&world.store, ".prepared"), files(&world.store, ".bisik")), (1, 1));
}

#[test]
fn what_no_state_text_names_is_cleared_up() {
    let world = World::new();
    let stored = world.put(&world.store, &world.version(&["evil.example"], None), 0);
    let feeds = world.store.folder().join("feeds");
    for left in ["0000000000000000-f.v2.2.prepared", ".bisik-123"] {
        std::fs::write(feeds.join(left), "left by a killed program").unwrap();
    }
    drop(world.store.lock().unwrap());
    assert_eq!((files(&world.store, ".prepared"), files(&world.store, "123")), (1, 0));
    assert!(matches!(world.store.prepared_state(&stored), Prepared::Ready));
}
