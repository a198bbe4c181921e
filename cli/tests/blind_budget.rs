//! The budget is the defence: no crash, crowd or trick gets one evaluation more.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::Sandbox;
use common::server::{PLAIN, Server, post};

/// T3.
#[test]
fn query_10001_of_10000_is_refused_until_the_next_day() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    let matcher = sandbox.matcher();
    let token = sandbox.text("bank.token");
    let server = Server::start(&sandbox, &PLAIN);
    for first in [0, 4_000, 8_000] {
        let last = (first + 4_000).min(9_999);
        let request = sandbox.request(&matcher, "bank", first..last);
        assert_eq!(post(&server.url, Some(&token), &request).unwrap().status, 200);
    }
    let two = post(&server.url, Some(&token), &sandbox.request(&matcher, "bank", 20_000..20_002)).unwrap();
    assert_eq!((two.status, two.kind()), (429, "budget-exhausted".to_owned()), "9,999 and two are more than 10,000");
    let last = sandbox.request(&matcher, "bank", 20_000..20_001);
    assert_eq!(post(&server.url, Some(&token), &last).unwrap().status, 200);
    let refused = post(&server.url, Some(&token), &sandbox.request(&matcher, "bank", 20_001..20_002)).unwrap();
    assert_eq!((refused.status, refused.kind()), (429, "budget-exhausted".to_owned()));
    // The tests' clock begins at 08:00 UTC: the next day begins 16 hours later.
    let wait = refused.retry_after.unwrap();
    assert!((57_000..=57_600).contains(&wait), "{wait}");
    // What was answered is answered again, although nothing is left.
    assert_eq!(post(&server.url, Some(&token), &last).unwrap().status, 200);
    assert_eq!(sandbox.used(), (10_000, 10_000));
    server.await_log("over four fifths of the day's budget are used");
    // The command says when to come back, and does not wait for it.
    sandbox.write("rows.txt", common::server::number(30_000));
    let run = sandbox.ask(&server.url, &["rows.txt"]).refused("budget-exhausted");
    assert!(run.err.contains("ask again in 15.9 hours") || run.err.contains("ask again in 16.0 hours"), "{}", run.err);
}

#[test]
fn a_budget_in_all_and_a_batch_end_too() {
    let sandbox = Sandbox::with_blind_feed(0..10, &["--total", "5", "--batch", "4"]);
    let matcher = sandbox.matcher();
    let token = sandbox.text("bank.token");
    let server = Server::start(&sandbox, &PLAIN);
    let status = |numbers: std::ops::Range<u64>| {
        let answer = post(&server.url, Some(&token), &sandbox.request(&matcher, "bank", numbers)).unwrap();
        (answer.status, answer.retry_after)
    };
    assert_eq!(status(0..5), (403, None));
    assert_eq!(status(0..4), (200, None));
    assert_eq!(status(4..6), (403, None));
    assert_eq!(status(4..5), (200, None));
    assert_eq!(status(5..6), (403, None));
    assert_eq!(sandbox.used(), (5, 5));
}

#[test]
fn the_keys_own_limit_holds() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    let limited = sandbox.text("phones.oprf").replace("limit: 4294967296", "limit: 3");
    sandbox.secret("phones.oprf", &limited);
    let matcher = sandbox.matcher();
    let token = sandbox.text("bank.token");
    let server = Server::start(&sandbox, &PLAIN);
    assert_eq!(post(&server.url, Some(&token), &sandbox.request(&matcher, "bank", 0..3)).unwrap().status, 200);
    let more = post(&server.url, Some(&token), &sandbox.request(&matcher, "bank", 3..4)).unwrap();
    assert_eq!((more.status, more.kind()), (403, "key-exhausted".to_owned()));
}

#[test]
fn the_same_bytes_are_charged_once_also_at_the_same_time() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    let request = sandbox.request(&sandbox.matcher(), "bank", 0..50);
    let token = sandbox.text("bank.token");
    let server = Server::start(&sandbox, &PLAIN);
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| assert_eq!(post(&server.url, Some(&token), &request).unwrap().status, 200));
        }
    });
    assert_eq!(sandbox.used(), (50, 50));
    drop(server);
    let server = Server::start(&sandbox, &PLAIN);
    assert_eq!(post(&server.url, Some(&token), &request).unwrap().status, 200);
    assert_eq!(sandbox.used(), (50, 50));
    server.await_log("outcome=\"repeated\"");
}

/// T3: sixteen members' threads, and a server that is killed again and again.
#[test]
fn kill_9_in_the_middle_never_gives_more_than_the_budget() {
    const BUDGET: u64 = 2_000;
    const EACH: u64 = 7;
    const ROUNDS: usize = 8;
    let sandbox = Sandbox::with_blind_feed(0..10, &["--per-day", &BUDGET.to_string()]);
    let matcher = sandbox.matcher();
    let token = sandbox.text("bank.token");
    let requests: Vec<Vec<u8>> =
        (0..400).map(|n| sandbox.request(&matcher, "bank", n * EACH..(n + 1) * EACH)).collect();
    let answered = Mutex::new(HashSet::new());
    let next = AtomicUsize::new(0);
    for round in 0..ROUNDS {
        let server = Server::start(&sandbox, &PLAIN);
        let url = server.url.clone();
        let dead = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    while !dead.load(Ordering::Relaxed) {
                        let at = next.fetch_add(1, Ordering::Relaxed) % requests.len();
                        if let Ok(answer) = post(&url, Some(&token), &requests[at])
                            && answer.status == 200
                        {
                            answered.lock().unwrap().insert(at);
                        }
                    }
                });
            }
            thread::sleep(Duration::from_millis(20 + 17 * round as u64));
            server.kill();
            dead.store(true, Ordering::Relaxed);
        });
    }
    let in_the_middle = answered.lock().unwrap().len() as u64 * EACH;
    assert!(in_the_middle > 0, "the rounds were too short to test anything");
    assert!(in_the_middle <= BUDGET, "{in_the_middle}");
    // What was charged without an answer is answered now for nothing, and the budget is used to its end, not further.
    let server = Server::start(&sandbox, &PLAIN);
    for (at, request) in requests.iter().enumerate() {
        match post(&server.url, Some(&token), request).unwrap().status {
            200 => _ = answered.lock().unwrap().insert(at),
            status => assert_eq!(status, 429),
        }
    }
    let given = answered.lock().unwrap().len() as u64 * EACH;
    assert_eq!(given, BUDGET / EACH * EACH);
    assert_eq!(sandbox.used().0, given);
}

#[test]
fn a_full_house_answers_503_and_never_grows() {
    let sandbox = Sandbox::with_blind_feed(0..10, &["--per-day", "1000000"]);
    let matcher = sandbox.matcher();
    let token = sandbox.text("bank.token");
    let requests: Vec<_> = (0..12).map(|n| sandbox.request(&matcher, "bank", n * 1_500..(n + 1) * 1_500)).collect();
    let server = Server::start(&sandbox, &["--plain", "--queue", "4", "--threads", "1"]);
    let statuses = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for request in &requests {
            scope.spawn(|| {
                let answer = post(&server.url, Some(&token), request).unwrap();
                statuses.lock().unwrap().push((answer.status, answer.retry_after));
            });
        }
    });
    let statuses = statuses.into_inner().unwrap();
    // One client has half of the places.
    assert!(statuses.iter().filter(|(status, _)| *status == 200).count() >= 2, "{statuses:?}");
    assert!(statuses.contains(&(503, Some(1))), "{statuses:?}");
    assert!(statuses.iter().all(|(status, _)| matches!(status, 200 | 503)), "{statuses:?}");
    // Refused for want of room is not charged; the command itself waits and comes through.
    let answered = statuses.iter().filter(|(status, _)| *status == 200).count() as u64;
    assert_eq!(sandbox.used().0, answered * 1_500);
    let rows: String = (0..20_000).map(|n| format!("{}\n", common::server::number(100_000 + n))).collect();
    sandbox.write("rows.txt", rows);
    sandbox.ask(&server.url, &["rows.txt", "--no-padding"]).expect(1);
}

#[test]
fn a_server_that_is_told_to_stop_finishes_what_it_began() {
    let sandbox = Sandbox::with_blind_feed(0..10, &["--per-day", "1000000"]);
    let request = sandbox.request(&sandbox.matcher(), "bank", 0..6_000);
    let token = sandbox.text("bank.token");
    let server = Server::start(&sandbox, &["--plain", "--threads", "1"]);
    let url = server.url.clone();
    let answer = thread::spawn(move || post(&url, Some(&token), &request).unwrap().status);
    // The charge shows that the evaluation has begun.
    while !sandbox.exists("state") || sandbox.used_or_zero() == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    server.signal("TERM");
    server.await_log("stopping: no new connections");
    assert_eq!(answer.join().unwrap(), 200);
    let url = server.url.clone();
    let (code, log) = server.wait();
    assert_eq!(code, Some(0));
    assert!(log.contains("outcome=\"answered\"") && log.trim_end().ends_with("stopped"), "{log}");
    assert!(post(&url, None, b"").is_err(), "nobody listens any more");
}
