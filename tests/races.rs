//! What threads share, for the thread sanitizer: feeds are exchanged under load as in `tests/reload.rs`, numbers and names are
//! canonicalised, and one server evaluates for all.
//!
//! The standard library comes compiled, without the sanitizer's watch: what its sleeping locks, its scopes and the last drop of its
//! `Arc`s order would look unordered to it. So here locks are only tried, threads are joined one by one, whatever is initialised at its
//! first use is used before they start, and every version lives until they have ended. Without the test harness, which has channels.

#![allow(clippy::unwrap_used, clippy::panic, reason = "it fails as tests do")]

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;

use bisik::{
    BlindOptions, BlindRequest, Claim, Entropy, FixedEntropy, Guard, Identifier, KeySet, Kind, Matcher, OprfKey,
    OprfServer, ParseOptions, PublishOptions, Publisher, UnverifiedDelta,
};
use common::{LIMIT, Plan, bank, centre, identifier, now, open, plain, trusting};

const THREADS: u64 = 8;
const VERSIONS: u64 = 40;
/// Every version lists the name of its number modulo this, and `always`.
const NAMES: u64 = 8;

fn name(number: u64) -> String {
    format!("v{}.example", number % NAMES)
}

/// What all threads see.
struct Shared {
    current: Mutex<Arc<Matcher>>,
    done: AtomicBool,
    answers: AtomicU64,
    inputs: Vec<Identifier>,
    server: OprfServer,
    request: BlindRequest,
}

impl Shared {
    /// The newest version, without ever sleeping in the lock.
    fn current(&self) -> Arc<Matcher> {
        loop {
            match self.current.try_lock() {
                Ok(current) => return Arc::clone(&current),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn exchange(&self, next: &Arc<Matcher>) {
        loop {
            match self.current.try_lock() {
                Ok(mut current) => return current.clone_from(next),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// One round of everything that threads do at a time.
    fn work(&self, entropy: &mut dyn Entropy) -> u64 {
        let matcher = self.current();
        let version = matcher.feeds()[0].manifest().version;
        let report = matcher.match_batch(&self.inputs, now()).unwrap();
        let hits: Vec<usize> = report.hits.iter().map(|hit| hit.index).collect();
        assert_eq!(hits, [(version % NAMES) as usize, NAMES as usize], "version {version}");
        for (kind, raw, canonical) in WRITTEN {
            assert_eq!(Identifier::parse(kind, raw, &ParseOptions::default()).unwrap().canonical(), canonical);
        }
        assert!(!self.server.blind_evaluate(&self.request, entropy).unwrap().is_empty());
        self.answers.fetch_add(1, Ordering::Relaxed);
        version
    }
}

const WRITTEN: [(Kind, &str, &str); 4] = [
    (Kind::Phone, "+65 9123 0001", "+6591230001"),
    (Kind::Domain, "Login-Bank.EXAMPLE.", "login-bank.example"),
    (Kind::Url, "HTTP://parcels.example/pay", "http://parcels.example/pay"),
    (Kind::Email, "Winner@Lottery.example", "winner@lottery.example"),
];

/// A server, and a request of a member that it answers.
fn blind(centre: &KeySet, member: &KeySet) -> (OprfServer, BlindRequest) {
    let key = OprfKey::generate(centre.signing.publisher_id(), "asked", 1, &mut FixedEntropy::new(3)).unwrap();
    let mut options = PublishOptions::new("asked", now());
    options.blind = Some(key.clone());
    let mut entropy = FixedEntropy::new(4);
    let mut publisher = Publisher::new(&centre.signing, options, None, &mut entropy).unwrap();
    publisher.add_raw(Kind::Phone, "+6591230001", &ParseOptions::default(), Claim::default()).unwrap();
    let file = publisher.publish(&mut entropy).unwrap().open(&[Kind::Phone]).unwrap().to_vec();
    let matcher = Matcher::new([open(&file, &trusting(&[centre.card()])).unwrap()], Guard::default()).unwrap();
    let asked = [identifier(Kind::Phone, "+6591230001")];
    let prepared = matcher.prepare(&asked, &member.signing.key, &BlindOptions::default(), now(), &mut entropy).unwrap();
    let known = |id: &_| Some(member.signing.key.verifying_key()).filter(|key| key.key_id() == *id);
    (OprfServer::new(key), BlindRequest::read(&prepared.requests()[0].bytes, &known).unwrap().0)
}

fn main() {
    let (centre, member) = (centre(), bank());
    let trust = trusting(&[centre.card()]);
    let listed = |number: u64| plain(Kind::Domain, &[Box::leak(name(number).into_boxed_str()), "always.example"]);
    let first = Arc::new(common::matcher(vec![open(&Plan::new(&centre, "feed").open(&listed(1)), &trust).unwrap()]));
    let inputs = (0..NAMES).map(name).chain(["always.example".into()]);
    let (server, request) = blind(&centre, &member);
    let shared: &'static Shared = Box::leak(Box::new(Shared {
        current: Mutex::new(Arc::clone(&first)),
        done: AtomicBool::new(false),
        answers: AtomicU64::new(0),
        inputs: inputs.map(|name| identifier(Kind::Domain, &name)).collect(),
        server,
        request,
    }));
    shared.work(&mut FixedEntropy::new(5));
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            thread::spawn(move || {
                let (mut last, mut entropy) = (0, FixedEntropy::new(100 + number));
                while !shared.done.load(Ordering::Acquire) {
                    let version = shared.work(&mut entropy);
                    assert!(version >= last, "a thread saw an older version after a newer one");
                    last = version;
                }
            })
        })
        .collect();
    let mut versions = vec![first];
    for number in 2..=VERSIONS {
        let old = Arc::clone(versions.last().unwrap());
        let plan = Plan { previous: Some(&old.feeds()[0]), ..Plan::new(&centre, "feed") };
        let delta = plan.publish(&listed(number)).delta(&old.feeds()[0]).unwrap().open(&[]).unwrap().to_vec();
        let delta = UnverifiedDelta::from_bytes(delta).unwrap().verify(&trust, now()).unwrap();
        let next = delta.apply(&old.feeds()[0], LIMIT).unwrap().verify(&trust, now()).unwrap();
        versions.push(Arc::new(common::matcher(vec![next])));
        shared.exchange(versions.last().unwrap());
        let before = shared.answers.load(Ordering::Relaxed);
        while shared.answers.load(Ordering::Relaxed) < before + THREADS && threads.iter().all(|one| !one.is_finished())
        {
            thread::yield_now();
        }
    }
    shared.done.store(true, Ordering::Release);
    for thread in threads {
        thread.join().unwrap();
    }
    println!("{} rounds, {VERSIONS} versions", shared.answers.load(Ordering::Relaxed));
}
