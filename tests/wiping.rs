//! T26: no key stays behind in memory that was given back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bisik::{Claim, LocalKey, ParseOptions, PreparedFeed, RecipientSecret, SigningFile, UnverifiedFeed};
use bisik::{Entropy, FixedEntropy, Guard, KeySet, Kind, Matcher, PublishOptions, Publisher, RecordState, SetChoice};
use common::{LIMIT, identifier, now, trusting};

/// The system's allocator, which looks for keys in every piece of memory that is given back.
struct Searching;

/// The keys, each in a place of its own. Written before the search begins, and never while it is on.
static NEEDLES: [[AtomicUsize; 2]; 4] = [const { [const { AtomicUsize::new(0) }; 2] }; 4];
static ON: AtomicBool = AtomicBool::new(false);
static LEFT_BEHIND: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];

const WORD: usize = size_of::<usize>();

// SAFETY: every call is passed on unchanged to the system's allocator; before that, memory is only read.
unsafe impl GlobalAlloc for Searching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that all of it may be read when it comes back.
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if ON.load(Ordering::SeqCst) {
            // SAFETY: the whole piece was initialised in `alloc` and belongs to nobody else any more.
            let piece = unsafe { std::slice::from_raw_parts(pointer, layout.size()) };
            for (needle, found) in NEEDLES.iter().zip(&LEFT_BEHIND) {
                let words = needle.each_ref().map(|word| word.load(Ordering::SeqCst).to_ne_bytes());
                if piece.windows(2 * WORD).any(|window| window == words.as_flattened()) {
                    found.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
        // SAFETY: the pointer came from `alloc` above, which is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Searching = Searching;

fn searched(number: usize, key: &[u8; 32]) {
    for (word, bytes) in NEEDLES[number].iter().zip(key.as_chunks::<WORD>().0) {
        word.store(usize::from_ne_bytes(*bytes), Ordering::SeqCst);
    }
}

/// What [`FixedEntropy`] gives first.
fn first_32(seed: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    FixedEntropy::new(seed).fill(&mut bytes).unwrap();
    bytes
}

fn left_behind() -> [usize; 4] {
    LEFT_BEHIND.each_ref().map(|found| found.load(Ordering::SeqCst))
}

#[test]
fn keys_are_wiped_wherever_they_were() {
    let keys = KeySet::generate("Example", &mut FixedEntropy::new(1)).unwrap();
    let (secret, signing) = (keys.recipient.to_text(), keys.signing.to_text());
    searched(0, &first_32(7));
    searched(1, &common::forge::bech32_bytes(&keys.signing.key.to_text()));
    searched(2, &first_32(1));
    searched(3, &first_32(8));
    let names: Vec<String> = (0..20_000).map(|n| format!("n{n}.example")).collect();

    // The control: the search finds a key that is given back as it is.
    ON.store(true, Ordering::SeqCst);
    for seed in [7, 1, 8] {
        drop(first_32(seed).to_vec());
    }
    ON.store(false, Ordering::SeqCst);
    assert_eq!(left_behind(), [1, 0, 1, 1]);

    ON.store(true, Ordering::SeqCst);
    for (set, records) in [(SetChoice::Tokens, false), (SetChoice::Tokens, true), (SetChoice::Fuse, false)] {
        let signing = SigningFile::parse(&signing).unwrap();
        let recipient = RecipientSecret::from_text(&secret).unwrap();
        let mut entropy = FixedEntropy::new(7);
        let mut options = PublishOptions::new("feed", now());
        (options.set, options.records) = (set, records);
        let mut publisher = Publisher::new(&signing, options, None, &mut entropy).unwrap();
        for name in &names {
            publisher.add_raw(Kind::Domain, name, &ParseOptions::default(), Claim::default()).unwrap();
        }
        let publication = publisher.publish(&mut entropy).unwrap();
        let mut file = Vec::new();
        publication.seal(&[], &mut entropy, &mut file).unwrap();
        drop(publication);
        let unverified = UnverifiedFeed::read(file.as_slice(), &[recipient], LIMIT).unwrap();
        let feed = unverified.verify(&trusting(&[signing.card()]), now()).unwrap();
        // Prepared, and opened as a prepared one.
        let local = LocalKey::generate(&mut FixedEntropy::new(8)).unwrap();
        let mut prepared = Vec::new();
        feed.prepare(&local, &mut FixedEntropy::new(9), &mut prepared).unwrap();
        let local = LocalKey::from_text(&local.to_text()).unwrap();
        let secrets = [RecipientSecret::from_text(&secret).unwrap()];
        let again = PreparedFeed::from_bytes(prepared, &local, &secrets).unwrap();
        let again = again.verify(&trusting(&[signing.card()]), now()).unwrap();
        assert_eq!(again.bytes(), feed.bytes());
        let matcher = Matcher::new(vec![again], Guard::default()).unwrap();
        let report = matcher.check(&identifier(Kind::Domain, "n7.example"), now()).unwrap();
        assert_eq!(report.hits.len(), 1);
        assert_eq!(report.hits[0].record == RecordState::None, !records);
        // Refused files are wiped too.
        file.truncate(file.len() - 1);
        let recipient = RecipientSecret::from_text(&secret).unwrap();
        assert!(UnverifiedFeed::read(file.as_slice(), &[recipient], LIMIT).is_err());
    }
    ON.store(false, Ordering::SeqCst);
    assert_eq!(
        left_behind(),
        [1, 0, 1, 1],
        "feed key, signing key, recipient secret, local key; one of each but the second is the control's"
    );
}
