//! Promise: what a raw value costs is linear in its length, for every kind.
//!
//! Nothing here looks at a clock. The memory asked for is counted; the instructions are, by `cargo xtask linear`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bisik::{Identifier, Kind};

#[path = "common/hostile_values.rs"]
mod values;

/// The system's allocator, which counts the bytes that the thread asks for.
struct Counting;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on unchanged to the system's allocator; the count allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends has no count any more.
        _ = ASKED.try_with(|asked| asked.set(asked.get() + layout.size()));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above, which is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes asked for by all that is done with one looked-up value.
fn asked(kind: Kind, raw: &str) -> usize {
    let options = values::options();
    let before = ASKED.with(Cell::get);
    let parsed = Identifier::parse(kind, raw, &options);
    if let Ok(identifier) = &parsed {
        identifier.for_each_expression(&mut |_| {});
    }
    _ = Identifier::parse_all(kind, raw, &options);
    drop(parsed);
    ASKED.with(Cell::get) - before
}

#[test]
fn memory_asked_for_is_linear_in_the_length_of_the_value() {
    // What phone metadata and the tables of names need once.
    for &kind in Kind::ALL {
        values::each(64, |raw| _ = asked(kind, raw));
    }
    let mut counted = 0;
    for &kind in Kind::ALL {
        let mut half = Vec::new();
        values::each(values::LONGEST / 2, |raw| half.push(asked(kind, raw)));
        let mut half = half.into_iter();
        values::each(values::LONGEST, |raw| {
            let (half, whole) = (half.next().unwrap(), asked(kind, raw));
            let start: String = raw.chars().take(12).collect();
            assert!(whole <= 2 * half + half / 4 + 1_024, "{kind}, {start}…: {half} bytes, then {whole}");
            assert!(whole < 256 * values::LONGEST, "{kind}, {start}…: {whole} bytes");
            counted += usize::from(whole > raw.len());
        });
    }
    assert!(counted > 500, "only {counted} values asked for memory: nothing was counted");
}

#[test]
fn a_quadratic_step_would_be_seen() {
    let grow = |length: usize| {
        let before = ASKED.with(Cell::get);
        let mut text = String::new();
        for _ in 0..length {
            text = format!("{text}x");
        }
        ASKED.with(Cell::get) - before
    };
    let (half, whole) = (grow(values::LONGEST / 2), grow(values::LONGEST));
    assert!(whole > 2 * half + half / 4 + 1_024);
}
