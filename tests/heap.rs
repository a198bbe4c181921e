//! Promise: what is held in memory is bounded by what there is: 24 bytes an entry and 8 MiB to load a feed, 32 MiB to seal one of any
//! size. What hostile files may hold is in `hostile_sizes.rs`. `cargo xtask scale` looks at the memory of whole processes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bisik::{
    Claim, FixedEntropy, Guard, Identifier, Kind, Matcher, ParseOptions, PublishOptions, Publisher, RecipientSecret,
    UnverifiedFeed,
};
use common::{bank, centre, copied, now, trusting};

/// The system's allocator, which counts what the thread holds and the most that it held.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends has no count any more.
    _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// SAFETY: every call is passed on unchanged to the system's allocator; the count allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the pointer came from `alloc` above, which is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` gives, and the most bytes that were held beyond what was held before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let made = work();
    (made, usize::try_from(PEAK.get() - before).unwrap())
}

const BYTES_AN_ENTRY: usize = 24;
const LOADING: usize = 8 << 20;
const STREAM: usize = 32 << 20;

/// A feed of so many made-up domains, open and sealed to the bank, and what sealing held.
fn feed(entries: usize) -> (Vec<u8>, Vec<u8>, usize) {
    let keys = centre();
    let mut entropy = FixedEntropy::new(7);
    let mut publisher = Publisher::new(&keys.signing, PublishOptions::new("feed", now()), None, &mut entropy).unwrap();
    for number in 0..entries {
        publisher
            .add_raw(Kind::Domain, &format!("n{number}.example"), &ParseOptions::default(), Claim::default())
            .unwrap();
    }
    let publication = publisher.publish(&mut entropy).unwrap();
    let bank = [bank().recipient.recipient().clone()];
    let (sealed, held) = peak(|| publication.seal(&bank, &mut FixedEntropy::new(8), &mut std::io::sink()));
    sealed.unwrap();
    let mut file = Vec::new();
    publication.seal(&bank, &mut FixedEntropy::new(8), &mut file).unwrap();
    (publication.open(Kind::ALL).unwrap().to_vec(), file, held)
}

/// From a file to a matcher that answers.
fn loaded(file: &[u8], secrets: &[RecipientSecret], entries: usize) -> usize {
    let trust = trusting(&[centre().card()]);
    let (matcher, held) = peak(|| {
        let feed = UnverifiedFeed::read(file, secrets, u64::MAX).unwrap().verify(&trust, now()).unwrap();
        Matcher::new([feed], Guard::default()).unwrap()
    });
    let name = format!("n{}.example", entries - 1);
    let listed = Identifier::parse(Kind::Domain, &name, &ParseOptions::default()).unwrap();
    assert_eq!(matcher.match_batch(&[listed], now()).unwrap().hits.len(), 1);
    held
}

#[test]
fn loading_and_sealing_hold_no_more_than_is_promised() {
    // What is made once, whatever feed comes first.
    let small = feed(10);
    loaded(&small.0, &[], 10);
    for entries in [2_000, 600_000] {
        let (open, sealed, sealing) = feed(entries);
        let most = BYTES_AN_ENTRY * entries + LOADING;
        let member = [copied(&bank().recipient)];
        let (plain, opened) = (loaded(&open, &[], entries), loaded(&sealed, &member, entries));
        println!("{entries} entries: {plain} bytes to load, {opened} to open and load, {sealing} to seal");
        assert!(plain <= most && opened <= most, "{entries} entries: {plain} and {opened} bytes, at most {most}");
        assert!(plain > 16 * entries, "nothing was counted");
        assert!(sealing < STREAM, "{sealing} bytes to seal {entries} entries");
        // A stream holds a piece of a mebibyte, not the file.
        assert!(sealing < 4 << 20, "{sealing} bytes");
    }
}
