//! How many bytes an entry takes, in the file and in memory: the table in docs/performance.md says what is counted here.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bisik::{Claim, Kind, SetChoice, UnverifiedFeed};
use common::{Plan, centre, now, trusting};

/// The system's allocator, which counts what the thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on unchanged to the system's allocator; the count allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends has no count any more.
        _ = HELD.try_with(|held| held.set(held.get() + layout.size() as isize));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        _ = HELD.try_with(|held| held.set(held.get() - layout.size() as isize));
        // SAFETY: the pointer came from `alloc` above, which is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ENTRIES: usize = 100_000;
const SETS: [(&str, SetChoice, u64, f64); 5] = [
    ("exact tokens", SetChoice::Tokens, 1_000_000, 24.0),
    ("fuse, 10⁻⁶", SetChoice::Fuse, 1_000_000_000, 6.0),
    ("fuse, 10⁻⁹", SetChoice::Fuse, 1_000_000, 6.0),
    ("Bloom, 10⁻⁶", SetChoice::Bloom, 1_000_000_000, 6.0),
    ("Bloom, 10⁻⁹", SetChoice::Bloom, 1_000_000, 6.0),
];

#[test]
fn an_entry_takes_as_many_bytes_as_the_docs_say() {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let values: Vec<String> = (0..ENTRIES).map(|place| format!("n{place:x}.example")).collect();
    let entries: Vec<_> = values.iter().map(|value| (Kind::Domain, value.as_str(), Claim::default())).collect();
    let mut missing = Vec::new();
    let page = include_str!("../docs/performance.md");
    for (name, set, rate, most) in SETS {
        let mut plan = Plan::new(&keys, "feed").set(set);
        plan.options.rate = rate;
        let file = plan.open(&entries);
        let before = HELD.with(Cell::get);
        let feed = UnverifiedFeed::from_bytes(file).unwrap().verify(&trust, now()).unwrap();
        let index = (HELD.with(Cell::get) - before) as f64 / ENTRIES as f64;
        let section = feed.manifest().sections.iter().map(|section| section.length).max().unwrap();
        let section = section as f64 / ENTRIES as f64;
        let row = format!("| {name} | {section:.1} | {:.1} |", section + index);
        assert!(section + index <= most, "{row}");
        if !page.contains(&row) {
            missing.push(row);
        }
    }
    assert!(missing.is_empty(), "docs/performance.md does not say\n{}", missing.join("\n"));
}
