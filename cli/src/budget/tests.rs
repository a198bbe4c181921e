//! The store's promises, on a real file.

use std::path::Path;
use std::sync::Arc;

use bisik::{Budget, DAY, Exhausted, KeyId, Timestamp};
use tempfile::TempDir;

use super::*;

const NOW: u64 = 1_800_000_000;

fn time(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

fn feed(epoch: u32) -> FeedRef {
    FeedRef { publisher: KeyId::from_bytes([1; 32]), feed: "phones".to_owned(), epoch }
}

fn open(folder: &Path, epochs: &[u32], expires: u64, now: u64) -> Store {
    let mut store = Store::open(folder).unwrap();
    let feeds: Vec<_> = epochs.iter().map(|&epoch| (feed(epoch), time(expires))).collect();
    store.serve(&feeds, time(now)).unwrap();
    store
}

fn charge(epoch: u32, request: u64, count: u64) -> Charge {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&request.to_le_bytes());
    let mut budget = Budget::default();
    (budget.per_day, budget.total) = (Some(1_000), Some(2_500));
    Charge {
        feed: feed(epoch),
        client: KeyId::from_bytes([7; 32]),
        digest,
        count,
        budget,
        limit: 1 << 32,
        now: time(NOW),
    }
}

fn at(order: Charge, now: u64) -> Charge {
    Charge { now: time(now), ..order }
}

#[track_caller]
fn new(result: std::result::Result<Charged, Refusal>) -> (u64, u64, Vec<Alarm>) {
    match result.unwrap() {
        Charged::New { today, total, alarms } => (today, total, alarms),
        Charged::Again => panic!("charged before"),
    }
}

fn begin() -> (TempDir, Budgets) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &[1], NOW + 7 * DAY, NOW);
    assert!(store.fresh());
    let budgets = Budgets::start(store, 64).unwrap();
    (folder, budgets)
}

#[test]
fn a_charge_outlives_the_process() {
    let (folder, budgets) = begin();
    assert_eq!(new(budgets.charge_and_wait(charge(1, 1, 300))).0, 300);
    drop(budgets);
    let store = open(folder.path(), &[1], NOW + 7 * DAY, NOW);
    assert!(!store.fresh());
    let budgets = Budgets::start(store, 64).unwrap();
    assert_eq!(budgets.charge_and_wait(charge(1, 1, 300)).unwrap(), Charged::Again);
    assert_eq!(new(budgets.charge_and_wait(charge(1, 2, 300))).0, 600);
}

#[test]
fn the_days_budget_ends_exactly_and_comes_back_the_next_day() {
    let (_folder, budgets) = begin();
    new(budgets.charge_and_wait(charge(1, 1, 999)));
    assert!(matches!(
        budgets.charge_and_wait(charge(1, 2, 2)),
        Err(Refusal::Exhausted(Exhausted::Today { left: 1, .. }))
    ));
    assert_eq!(new(budgets.charge_and_wait(charge(1, 3, 1))).0, 1_000);
    assert!(matches!(budgets.charge_and_wait(charge(1, 4, 1)), Err(Refusal::Exhausted(Exhausted::Today { .. }))));
    // A refused request was not stored: the next day it is charged.
    assert_eq!(new(budgets.charge_and_wait(at(charge(1, 4, 1), NOW + DAY))).0, 1);
    // What was answered yesterday is free for ever.
    assert_eq!(budgets.charge_and_wait(at(charge(1, 1, 999), NOW + DAY)).unwrap(), Charged::Again);
}

#[test]
fn a_clock_that_goes_back_gives_no_second_day() {
    let (_folder, budgets) = begin();
    new(budgets.charge_and_wait(charge(1, 1, 1_000)));
    let back = budgets.charge_and_wait(at(charge(1, 2, 1), NOW - 3 * DAY));
    assert!(matches!(back, Err(Refusal::Exhausted(Exhausted::Today { .. }))), "{back:?}");
}

#[test]
fn epochs_that_overlap_share_one_budget_until_the_old_one_expires() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path(), &[1], NOW + DAY, NOW);
    store.serve(&[(feed(1), time(NOW + DAY)), (feed(2), time(NOW + 9 * DAY))], time(NOW)).unwrap();
    let budgets = Budgets::start(store, 64).unwrap();
    assert_eq!(new(budgets.charge_and_wait(charge(1, 1, 600))).1, 600);
    let (today, total, _) = new(budgets.charge_and_wait(charge(2, 2, 400)));
    assert_eq!((today, total), (1_000, 1_000));
    assert!(matches!(budgets.charge_and_wait(charge(2, 3, 1)), Err(Refusal::Exhausted(Exhausted::Today { .. }))));
    // The total runs over both …
    new(budgets.charge_and_wait(at(charge(1, 4, 1_000), NOW + DAY - 1)));
    // … the same bytes for another epoch are another request …
    assert_eq!(new(budgets.charge_and_wait(at(charge(2, 4, 500), NOW + 2 * DAY))).1, 2_500);
    assert!(matches!(
        budgets.charge_and_wait(at(charge(2, 5, 1), NOW + 2 * DAY)),
        Err(Refusal::Exhausted(Exhausted::Total { left: 0 }))
    ));
    // … and forgets the old epoch once it is neither served nor valid.
    drop(budgets);
    let budgets = Budgets::start(open(folder.path(), &[2], NOW + 9 * DAY, NOW + 2 * DAY), 64).unwrap();
    assert_eq!(new(budgets.charge_and_wait(at(charge(2, 5, 1), NOW + 3 * DAY))).1, 901);
}

#[test]
fn a_key_answers_no_more_than_its_limit_also_when_it_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let order = |request, count| Charge { limit: 100, ..charge(1, request, count) };
    let budgets = Budgets::start(open(folder.path(), &[1], NOW + DAY, NOW), 64).unwrap();
    new(budgets.charge_and_wait(order(1, 90)));
    assert!(matches!(budgets.charge_and_wait(order(2, 11)), Err(Refusal::KeyExhausted)));
    let (_, _, alarms) = new(budgets.charge_and_wait(order(3, 10)));
    assert!(alarms.is_empty(), "the line was crossed before: {alarms:?}");
    drop(budgets);
    // Another epoch is served for long enough that the first one's requests are forgotten.
    drop(open(folder.path(), &[2], NOW + 30 * DAY, NOW + 20 * DAY));
    let budgets = Budgets::start(open(folder.path(), &[1], NOW + 30 * DAY, NOW + 20 * DAY), 64).unwrap();
    assert!(matches!(budgets.charge_and_wait(order(4, 1)), Err(Refusal::KeyExhausted)));
}

#[test]
fn clients_do_not_pay_for_each_other_nor_answer_each_others_requests() {
    let (_folder, budgets) = begin();
    new(budgets.charge_and_wait(charge(1, 1, 1_000)));
    let other = Charge { client: KeyId::from_bytes([8; 32]), ..charge(1, 1, 1_000) };
    assert_eq!(new(budgets.charge_and_wait(other)).0, 1_000);
}

#[test]
fn alarms_sound_once_when_a_line_is_crossed() {
    let (_folder, budgets) = begin();
    let mut roomy = Budget::default();
    (roomy.per_day, roomy.total) = (Some(1_000_000), None);
    let order = |request, count, day| Charge { budget: roomy, ..at(charge(1, request, count), NOW + day * DAY) };
    for day in 0..3 {
        assert!(new(budgets.charge_and_wait(order(day, 500, day))).2.is_empty());
    }
    assert!(new(budgets.charge_and_wait(order(3, 2_000, 3))).2.is_empty(), "four times the mean is allowed");
    let (_, _, alarms) = new(budgets.charge_and_wait(order(4, 1, 3)));
    assert_eq!(alarms, [Alarm::Sweep { today: 2_001, usual: 500 }]);
    assert!(new(budgets.charge_and_wait(order(5, 1, 3))).2.is_empty());
    let mut narrow = roomy;
    narrow.per_day = Some(1_000);
    let order = Charge { budget: narrow, ..at(charge(1, 6, 801), NOW + 4 * DAY) };
    let (_, _, alarms) = new(budgets.charge_and_wait(order));
    assert_eq!(alarms[0], Alarm::NearToday { used: 801, of: 1_000 });
}

#[test]
fn sixteen_threads_never_get_more_than_the_budget_and_share_transactions() {
    let (folder, budgets) = begin();
    let budgets = Arc::new(budgets);
    let given: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16_u64)
            .map(|thread| {
                let budgets = Arc::clone(&budgets);
                scope.spawn(move || {
                    let order = |n| charge(1, thread << 32 | n, 1 + n % 3);
                    (0..50).filter_map(|n| budgets.charge_and_wait(order(n)).ok().map(|_| 1 + n % 3)).sum::<u64>()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(given, 1_000);
    drop(budgets);
    assert_eq!(usage(folder.path(), time(NOW)).unwrap()[0].today, 1_000);
}

#[test]
fn one_process_writes_and_others_may_read() {
    let (folder, budgets) = begin();
    new(budgets.charge_and_wait(charge(1, 1, 5)));
    let Err(failure) = Store::open(folder.path()) else { panic!("two writers") };
    assert!(failure.line().contains("another process"), "{}", failure.line());
    let rows = usage(folder.path(), time(NOW)).unwrap();
    assert_eq!((rows.len(), rows[0].today, rows[0].total, rows[0].feed.as_str()), (1, 5, 5, "phones"));
    assert_eq!(usage(folder.path(), time(NOW + DAY)).unwrap()[0].today, 0);
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("budgets.redb"), vec![0x5a; 100_000]).unwrap();
    assert!(Store::open(folder.path()).is_err());
    assert!(usage(&folder.path().join("nowhere"), time(NOW)).is_err());
}

#[cfg(unix)]
#[test]
fn the_state_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("state");
    drop(Store::open(&folder).unwrap());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("budgets.redb"))), (0o700, 0o600));
}
