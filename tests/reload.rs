//! Feeds are exchanged under load: 32 threads match while 200 versions follow each other, and every answer belongs to one version.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, RwLock};

use bisik::{Certainty, Identifier, Kind, Matcher, UnverifiedDelta};
use common::{LIMIT, Plan, centre, identifier, matcher, now, open, plain, trusting};

const THREADS: usize = 32;
const RELOADS: u64 = 200;
/// Every version lists the name of its number modulo this, and `always`.
const NAMES: u64 = 8;

fn name(number: u64) -> String {
    format!("v{}.example", number % NAMES)
}

/// Says so when its thread fails, so that nobody waits for it.
struct Failing<'a>(&'a AtomicBool);

impl Drop for Failing<'_> {
    fn drop(&mut self) {
        self.0.fetch_or(std::thread::panicking(), Ordering::Relaxed);
    }
}

#[test]
fn every_answer_belongs_to_exactly_one_version() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let listed = |number: u64| plain(Kind::Domain, &[Box::leak(name(number).into_boxed_str()), "always.example"]);
    // The versions come as a subscriber gets them: by deltas.
    let mut feed = open(&Plan::new(&centre, "feed").open(&listed(1)), &trust).unwrap();
    let mut deltas = Vec::new();
    for number in 2..=RELOADS {
        let plan = Plan { previous: Some(&feed), ..Plan::new(&centre, "feed") };
        let publication = plan.publish(&listed(number));
        deltas.push(publication.delta(&feed).unwrap().open(&[]).unwrap().to_vec());
        let next = open(publication.open(&[]).unwrap(), &trust).unwrap();
        if number == 2 {
            assert_eq!(feed.manifest().version, 1);
        }
        feed = next;
    }
    let first = open(&Plan::new(&centre, "feed").open(&listed(1)), &trust).unwrap();
    let current: RwLock<Arc<Matcher>> = RwLock::new(Arc::new(matcher(vec![first])));
    let (done, failed) = (AtomicBool::new(false), AtomicBool::new(false));
    let (answers, begun) = (AtomicU64::new(0), Barrier::new(THREADS + 1));
    let inputs: Vec<Identifier> =
        (0..NAMES).map(name).chain(["always.example".into()]).map(|name| identifier(Kind::Domain, &name)).collect();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                begun.wait();
                let _guard = Failing(&failed);
                let mut last = 0;
                while !done.load(Ordering::Acquire) {
                    // The lock is held for a pointer's copy; the matching itself takes none.
                    let matcher = Arc::clone(&current.read().unwrap());
                    let version = matcher.feeds()[0].manifest().version;
                    assert!(version >= last, "a thread saw an older version after a newer one");
                    last = version;
                    let report = matcher.match_batch(&inputs, now()).unwrap();
                    let hits: Vec<usize> = report.hits.iter().map(|hit| hit.index).collect();
                    assert_eq!(hits, [(version % NAMES) as usize, NAMES as usize], "version {version}");
                    assert!(report.hits.iter().all(|hit| hit.certainty == Certainty::Exact));
                    answers.fetch_add(1, Ordering::Relaxed);
                    // Leaves the processor to whoever exchanges the feeds.
                    std::thread::sleep(std::time::Duration::from_micros(100));
                }
            });
        }
        begun.wait();
        for delta in &deltas {
            let old = Arc::clone(&current.read().unwrap());
            let delta = UnverifiedDelta::from_bytes(delta.clone()).unwrap().verify(&trust, now()).unwrap();
            let next = delta.apply(&old.feeds()[0], LIMIT).unwrap().verify(&trust, now()).unwrap();
            *current.write().unwrap() = Arc::new(matcher(vec![next]));
            // Each version is answered from before the next one comes.
            let before = answers.load(Ordering::Relaxed);
            while answers.load(Ordering::Relaxed) < before + THREADS as u64 && !failed.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(current.read().unwrap().feeds()[0].manifest().version, RELOADS);
    println!("{} batches were matched", answers.load(Ordering::Relaxed));
}
