//! A store's matcher is exchanged under load: no answer mixes two changes, and expired feeds are dropped by name.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bisik::{
    Claim, ErrorKind, Feed, FixedEntropy, Guard, Identifier, Indicator, KeySet, Kind, ParseOptions, PublishOptions,
    Publisher, Timestamp, TrustStore, UnverifiedFeed,
};
use bisik_store::{Opening, Store, StoreMatcher};

const NOW: u64 = 1_800_000_000;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

fn domain(text: &str) -> Identifier {
    Identifier::parse(Kind::Domain, text, &ParseOptions::default()).unwrap()
}

struct World {
    centre: KeySet,
    trust: TrustStore,
    entropy: FixedEntropy,
    _folder: tempfile::TempDir,
    store: Store,
}

impl World {
    fn new() -> Self {
        let mut entropy = FixedEntropy::new(5);
        let centre = KeySet::generate("Centre", &mut entropy).unwrap();
        let mut trust = TrustStore::new();
        trust.add_card(&centre.card()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path().join("store")).unwrap();
        Self { centre, trust, entropy, _folder: folder, store }
    }

    /// A version of a feed that lists these names.
    fn feed(&mut self, id: &str, names: &[&str], previous: Option<&Feed>, now: u64, valid: u64) -> Feed {
        let mut options = PublishOptions::new(id, at(now));
        options.valid_seconds = valid;
        let mut publisher = Publisher::new(&self.centre.signing, options, previous, &mut self.entropy).unwrap();
        for name in names {
            publisher.add(Indicator { identifier: domain(name), claim: Claim::default() }).unwrap();
        }
        let bytes = publisher.publish(&mut self.entropy).unwrap().open(&[]).unwrap().to_vec();
        UnverifiedFeed::from_bytes(bytes).unwrap().verify_stale(&self.trust, at(now)).unwrap()
    }

    fn put(&self, feed: &Feed, now: u64) {
        let mut writer = self.store.lock().unwrap();
        let mut partial = writer.partial("test", 1 << 30).unwrap();
        partial.restart(None).unwrap();
        partial.append(feed.bytes()).unwrap();
        writer.put(feed, partial, "test", at(now)).unwrap();
    }

    fn matcher(&self, now: u64) -> StoreMatcher {
        let opening = Opening { trust: self.trust.clone(), secrets: Vec::new(), guard: Guard::default() };
        self.store.matcher(opening, at(now)).unwrap()
    }
}

#[test]
fn readers_see_whole_snapshots_that_never_go_back() {
    const RELOADS: u64 = 60;
    let mut world = World::new();
    let fixed = world.feed("fixed", &["fixed.example"], None, NOW, 86_400);
    world.put(&fixed, NOW);
    let mut last = world.feed("moving", &["v1.example"], None, NOW, 86_400);
    world.put(&last, NOW);
    let versions: Vec<Feed> = (2..=RELOADS)
        .map(|version| {
            let next = world.feed("moving", &[&format!("v{version}.example")], Some(&last), NOW, 86_400);
            last = UnverifiedFeed::from_bytes(next.bytes().to_vec()).unwrap().verify(&world.trust, at(NOW)).unwrap();
            next
        })
        .collect();
    let matcher = world.matcher(NOW);
    let (done, answers) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut newest = 0;
                while !done.load(Ordering::Acquire) {
                    let snapshot = matcher.current(at(NOW)).unwrap();
                    let feeds = snapshot.matcher.feeds();
                    let moving = feeds.iter().find(|feed| feed.manifest().feed == "moving").unwrap();
                    let version = moving.manifest().version;
                    assert!(version >= newest, "an older version after a newer one");
                    newest = version;
                    let asked = [domain(&format!("v{version}.example")), domain("fixed.example")];
                    assert_eq!(snapshot.matcher.match_batch(&asked, at(NOW)).unwrap().hits.len(), 2);
                    answers.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(std::time::Duration::from_micros(200));
                }
            });
        }
        for next in &versions {
            assert!(matcher.reload_if_changed(at(NOW)).unwrap().is_none(), "nothing changed yet");
            world.put(next, NOW);
            let snapshot = matcher.reload_if_changed(at(NOW)).unwrap().expect("it changed");
            assert!(snapshot.dropped.is_empty());
            assert!(snapshot.matcher.feeds().iter().any(|feed| feed.digest() == next.digest()));
        }
        done.store(true, Ordering::Release);
    });
    assert!(answers.load(Ordering::Relaxed) > 0);
}

#[test]
fn unchanged_feeds_are_not_read_again() {
    let mut world = World::new();
    let first = world.feed("a", &["a.example"], None, NOW, 86_400);
    world.put(&first, NOW);
    let matcher = world.matcher(NOW);
    let before = matcher.current(at(NOW)).unwrap();
    let second = world.feed("b", &["b.example"], None, NOW, 86_400);
    world.put(&second, NOW);
    let after = matcher.reload(at(NOW)).unwrap();
    assert!(std::sync::Arc::ptr_eq(&before.matcher.feeds()[0], &after.matcher.feeds()[0]));
    assert_eq!(after.matcher.feeds().len(), 2);
    // Who is trusted no more is not matched, though nothing in the store changed.
    let nobody = matcher.set_trust(TrustStore::new(), Vec::new(), at(NOW)).unwrap();
    assert_eq!((nobody.matcher.feeds().len(), nobody.dropped.len()), (0, 2));
    assert!(nobody.dropped.iter().all(|dropped| dropped.error.kind() == ErrorKind::Untrusted));
}

#[test]
fn what_expires_while_it_is_loaded_is_dropped_and_named() {
    let mut world = World::new();
    let (short, long) =
        (world.feed("short", &["s.example"], None, NOW, 60), world.feed("long", &["l.example"], None, NOW, 600));
    world.put(&short, NOW);
    world.put(&long, NOW);
    let matcher = world.matcher(NOW);
    assert_eq!(matcher.current(at(NOW + 59)).unwrap().matcher.feeds().len(), 2);
    let later = matcher.current(at(NOW + 60)).unwrap();
    assert_eq!(later.matcher.feeds().len(), 1);
    assert_eq!((later.dropped[0].feed.as_deref(), later.dropped[0].error.kind()), (Some("short"), ErrorKind::Expired));
    assert_eq!(
        later.matcher.match_batch(&[domain("s.example"), domain("l.example")], at(NOW + 60)).unwrap().hits.len(),
        1
    );
    // Reading again does not bring it back.
    let again = matcher.reload(at(NOW + 61)).unwrap();
    assert_eq!((again.matcher.feeds().len(), again.dropped.len()), (1, 1));
}

#[test]
fn a_file_that_was_exchanged_for_another_good_feed_is_refused() {
    let mut world = World::new();
    let old = world.feed("f", &["old.example"], None, NOW, 86_400);
    let new = world.feed("f", &["new.example"], Some(&old), NOW, 86_400);
    world.put(&new, NOW);
    let stored = world.store.feeds().unwrap().feeds.remove(0);
    // The older version, which the publisher signed, in place of the newer one.
    std::fs::write(world.store.feed_path(&stored), old.bytes()).unwrap();
    let snapshot = world.matcher(NOW).current(at(NOW)).unwrap();
    assert_eq!((snapshot.matcher.feeds().len(), snapshot.dropped[0].error.kind()), (0, ErrorKind::HashMismatch));
    // And the store does not take it either.
    let writer = world.store.lock().unwrap();
    assert_eq!(writer.is_news(&old, at(NOW)).unwrap_err().kind(), ErrorKind::Rollback);
}

#[test]
fn a_state_text_that_cannot_be_read_is_a_lost_memory() {
    let mut world = World::new();
    let first = world.feed("f", &["a.example"], None, NOW, 86_400);
    world.put(&first, NOW);
    let state = std::fs::read_dir(world.store.folder().join("feeds")).unwrap();
    let state = state.map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "json").unwrap();
    let text = std::fs::read_to_string(&state).unwrap();
    std::fs::write(&state, "{}").unwrap();
    assert_eq!(world.store.feeds().unwrap().faults.len(), 1);
    assert_eq!(world.matcher(NOW).current(at(NOW)).unwrap().dropped.len(), 1);
    let writer = world.store.lock().unwrap();
    assert_eq!(writer.is_news(&first, at(NOW)).unwrap_err().kind(), ErrorKind::BadManifest);
    drop(writer);
    // Its file was not cleared away meanwhile: with the text back, all is well.
    std::fs::write(&state, text).unwrap();
    assert_eq!(world.matcher(NOW).current(at(NOW)).unwrap().matcher.feeds().len(), 1);
}

#[test]
fn what_a_killed_program_left_is_cleared_up() {
    let mut world = World::new();
    let first = world.feed("f", &["a.example"], None, NOW, 86_400);
    world.put(&first, NOW);
    let feeds = world.store.folder().join("feeds");
    std::fs::write(feeds.join("0000000000000000-f.v2.2.bisik"), first.bytes()).unwrap();
    std::fs::write(feeds.join(".bisik-abc"), "half").unwrap();
    std::fs::remove_file(world.store.folder().join("generation")).unwrap();
    drop(world.store.lock().unwrap());
    assert_eq!(std::fs::read_dir(&feeds).unwrap().count(), 2);
    assert_eq!(world.store.generation().unwrap(), 1);
}
