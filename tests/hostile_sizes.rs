//! T19: what a file says of its sizes costs nothing until that much of it is there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bisik::{Error, ErrorKind, FixedEntropy, LocalKey, PreparedFeed, RecipientSecret, SetChoice, UnverifiedFeed};
use common::forge::{Forger, MANIFEST, Parts, SEAL_STATEMENT, padded, reseal};
use common::{NOW, Plan, bank, centre, copied, domains, envelope, kind_of, now, trusting};
use serde_json::json;

/// The system's allocator, with a count of what is held and of the most that was held.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on unchanged to the system's allocator; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from `alloc` above, which is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Tests here measure one at a time.
static TURN: Mutex<()> = Mutex::new(());

const MOST: usize = 16 << 20;
const LONGEST: Duration = Duration::from_secs(1);

/// Runs, and fails if it took too long or held too much beyond what was held before.
fn bounded<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let begin = Instant::now();
    let result = run();
    let (time, peak) = (begin.elapsed(), PEAK.load(Ordering::Relaxed) - before);
    assert!(time < LONGEST, "{what}: {time:?}");
    assert!(peak < MOST, "{what}: {peak} bytes");
    result
}

fn refusal(what: &str, file: &[u8], secrets: &[RecipientSecret]) -> ErrorKind {
    let trust = trusting(&[centre().card()]);
    let open = || UnverifiedFeed::read(file, secrets, u64::MAX)?.verify(&trust, now());
    let error: Error = bounded(what, open).err().unwrap_or_else(|| panic!("{what}: accepted"));
    assert!((300..600).contains(&error.kind().code()), "{what}: {error:?}");
    error.kind()
}

/// 2^16 and more, as a field of `bytes` bytes holds them, and what lies beside the limits.
fn large(bytes: usize) -> Vec<Vec<u8>> {
    let numbers = (16..64).flat_map(|bits| [1_u64 << bits, (1 << bits) - 1, (1 << bits) + 1]).chain([u64::MAX, 0, 1]);
    let fits = |&number: &u64| bytes == 8 || number < 1 << (8 * bytes);
    numbers.filter(fits).map(|number| number.to_le_bytes()[..bytes].to_vec()).collect()
}

#[test]
fn heads_that_claim_everything_are_refused_at_once() {
    let _turn = TURN.lock();
    let centre = centre();
    let file = Plan::new(&centre, "feed").open(&domains());
    let secrets = [copied(&centre.recipient)];
    for (at, width, field) in
        [(8, 2, "version"), (11, 1, "keys"), (44, 4, "body"), (48, 4, "signatures"), (52, 8, "total")]
    {
        let claims = if width < 4 { (0..=255).map(|byte| vec![byte; width]).collect() } else { large(width) };
        for claim in claims {
            for length in [64, 100, 300, file.len()] {
                let mut bad = file[..length].to_vec();
                if bad[at..at + width] == claim {
                    continue;
                }
                bad[at..at + width].copy_from_slice(&claim);
                let what = format!("{field} {claim:?} in {length} bytes");
                refusal(&what, &bad, &[]);
                if length == 100 {
                    // The same sealed, in place of the statement and of the feed.
                    refusal(&what, &envelope::seal(&bad, &[centre.recipient.recipient()]), &secrets);
                    let name = centre.recipient.recipient().to_string();
                    let statement = Forger::new(&centre.signing).statement(&file, NOW, &[&name]);
                    let inner = [statement, bad].concat();
                    refusal(&what, &envelope::seal(&inner, &[centre.recipient.recipient()]), &secrets);
                }
            }
        }
    }
}

/// Sealed by whoever has the local key.
#[test]
fn prepared_heads_that_claim_everything_are_refused_at_once() {
    let _turn = TURN.lock();
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let key = LocalKey::generate(&mut FixedEntropy::new(90)).unwrap();
    let feed = common::open(&Plan::new(&centre, "feed").open(&domains()), &trust).unwrap();
    let mut file = Vec::new();
    feed.prepare(&key, &mut FixedEntropy::new(91), &mut file).unwrap();
    // Count, file length, length of the private part, lengths of sections; then those of its statement and block.
    for (at, width) in [(12, 4), (32, 8), (40, 8), (88, 8), (136, 8), (184, 8), (224, 4), (228, 4)] {
        for claim in large(width) {
            let mut bad = file.clone();
            if bad[at..at + width] == claim {
                continue;
            }
            bad[at..at + width].copy_from_slice(&claim);
            reseal(&mut bad, &key);
            let what = format!("{claim:?} at {at}");
            let open = || PreparedFeed::from_bytes(bad, &key, &[])?.verify(&trust, now());
            let error = bounded(&what, open).err().unwrap_or_else(|| panic!("{what}: accepted"));
            assert!((300..400).contains(&error.kind().code()), "{what}: {error:?}");
        }
    }
}

/// Counts what is taken from it.
struct Endless<'a> {
    head: &'a [u8],
    taken: u64,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(b' ');
        let rest = self.head.get(self.taken as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += buffer.len() as u64;
        Ok(buffer.len())
    }
}

#[test]
fn endless_readers_are_left_at_the_limit_or_at_the_announced_length() {
    let _turn = TURN.lock();
    let centre = centre();
    let file = Plan::new(&centre, "feed").open(&domains());
    let announcing = |length: u64| {
        let mut head = file[..300].to_vec();
        head[52..60].copy_from_slice(&length.to_le_bytes());
        head
    };
    let limit = 4 << 20;
    for (head, expected, most) in [
        (announcing(limit), ErrorKind::TrailingBytes, limit + 1),
        (announcing(limit + 1), ErrorKind::LimitExceeded, 1_000),
        (announcing(u64::MAX), ErrorKind::LimitExceeded, 1_000),
        (file.clone(), ErrorKind::TrailingBytes, file.len() as u64 + 1),
        (Vec::new(), ErrorKind::NotAFeed, 1_000),
        (b"age-encryption.org/v1\n-> X25519 ".to_vec(), ErrorKind::LimitExceeded, (2 << 20) + 10_000),
        (b"age-encryption.org/v1\n".to_vec(), ErrorKind::LimitExceeded, (2 << 20) + 10_000),
    ] {
        let mut reader = Endless { head: &head, taken: 0 };
        let secrets = [copied(&centre.recipient)];
        let result = bounded("endless", || UnverifiedFeed::read(&mut reader, &secrets, limit));
        assert_eq!(kind_of(result), Some(expected));
        assert!(reader.taken <= most, "{} bytes taken", reader.taken);
    }
}

#[test]
fn a_sealed_file_is_left_at_the_limit_and_at_the_announced_length() {
    let _turn = TURN.lock();
    let (centre, anybody) = (centre(), bank());
    let file = Plan::new(&centre, "feed").open(&domains());
    let name = centre.recipient.recipient().to_string();
    let statement = Forger::new(&anybody.signing).statement(&file, NOW, &[&name]);
    let secrets = [copied(&centre.recipient)];
    for (announced, limit, expected) in [
        (1 << 40, 1 << 20, ErrorKind::LimitExceeded),
        (u64::MAX, u64::MAX, ErrorKind::Truncated),
        (1 << 40, 1 << 41, ErrorKind::Truncated),
        (1 << 17, 1 << 41, ErrorKind::TrailingBytes),
    ] {
        let mut inner = [statement.as_slice(), &file].concat();
        let at = statement.len() + 52;
        inner[at..at + 8].copy_from_slice(&u64::to_le_bytes(announced));
        inner.resize(3 << 20, 0);
        let sealed = envelope::seal(&inner, &[centre.recipient.recipient()]);
        let result = bounded("sealed", || UnverifiedFeed::read(sealed.as_slice(), &secrets, limit));
        assert_eq!(kind_of(result), Some(expected), "{announced} {limit}");
    }
    // No statement first: noticed in the first chunk.
    let sealed = envelope::seal(&vec![0; 3 << 20], &[centre.recipient.recipient()]);
    assert_eq!(kind_of(UnverifiedFeed::read(sealed.as_slice(), &secrets, u64::MAX)), Some(ErrorKind::NotAFeed));
}

#[test]
fn signed_descriptors_counts_and_sections_that_cannot_be_are_refused() {
    let _turn = TURN.lock();
    let centre = centre();
    let forger = Forger::new(&centre.signing);
    let huge = [0_u64, 1, 3, 63, 1 << 16, (1 << 32) - 1, 1 << 32, 1 << 40, (1 << 53) - 1];
    let mut tried = 0;
    for (set, names) in [
        (SetChoice::Bloom, &["bits", "hashes", "rate"][..]),
        (SetChoice::Fuse, &["width", "segment_length", "segment_count", "rate"]),
    ] {
        let clean = Parts::of(&Plan::new(&centre, "feed").set(set).open(&domains()));
        for name in names {
            for value in huge.iter().filter(|&&value| clean.manifest["set"][name] != value) {
                let mut parts = clean.clone();
                parts.manifest["set"][name] = (*value).into();
                refusal(&format!("{set:?} {name} {value}"), &forger.feed(&parts), &[]);
                tried += 1;
            }
        }
        for content in [Vec::new(), vec![0; 8], vec![0xFF; 8], vec![0xFF; 1 << 16]] {
            let mut parts = clean.clone();
            parts.contents[1] = content;
            refusal(&format!("{set:?} of another length"), &forger.feed(&parts), &[]);
        }
    }
    let mut full = Parts::of(&Plan::new(&centre, "feed").set(SetChoice::Bloom).open(&domains()));
    full.section(3).fill(0xFF);
    assert_eq!(refusal("a full filter", &forger.feed(&full), &[]), ErrorKind::Malformed);

    for set in [SetChoice::Tokens, SetChoice::Bloom, SetChoice::Fuse] {
        let clean = Parts::of(&Plan::new(&centre, "feed").set(set).open(&domains()));
        for value in huge {
            let mut parts = clean.clone();
            parts.manifest["count"] = value.into();
            parts.manifest["kinds"][0]["count"] = value.into();
            let result = bounded("count", || common::open(&forger.feed(&parts), &trusting(&[centre.card()])));
            // A filter can say that it holds more than its bits tell.
            assert!(result.is_err() || set != SetChoice::Tokens && value <= 1 << 30, "{set:?} {value}");
            let mut parts = clean.clone();
            parts.manifest["count"] = value.into();
            refusal("count alone", &forger.feed(&parts), &[]);
            if value > 0 {
                let mut parts = clean.clone();
                parts.manifest["record_size"] = value.into();
                refusal("record size", &forger.feed(&parts), &[]);
            }
            tried += 3;
        }
    }
    assert!(tried > 100);
}

#[test]
fn sections_that_reach_too_far_overlap_or_stand_twice_are_refused() {
    let _turn = TURN.lock();
    let centre = centre();
    let forger = Forger::new(&centre.signing);
    let clean = Parts::of(&Plan::new(&centre, "feed").open(&domains()));
    let zeros = |length: usize| blake3::hash(&vec![0; length]).to_hex().to_string();
    // Written as they are: nothing puts lengths right.
    let raw = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut manifest = clean.manifest.clone();
        change(&mut manifest);
        forger.file(manifest.to_string().as_bytes(), &clean.contents, padded(2_300))
    };
    for value in [0_u64, 1, 63, 65, 1 << 20, 1 << 32, (1 << 53) - 1] {
        for section in 0..3 {
            refusal("length", &raw(&|manifest| manifest["sections"][section]["length"] = value.into()), &[]);
        }
    }
    let mut bad = Vec::new();
    for (section_type, required, length) in [(2, true, 0), (255, true, 0), (1, false, 32), (77, true, 0), (3, true, 0)]
    {
        let entry = json!({"type": section_type, "required": required, "length": length, "blake3": zeros(length)});
        let mut parts = clean.clone();
        parts.manifest["sections"].as_array_mut().unwrap().insert(2, entry);
        parts.contents.push(vec![0; length]);
        bad.push(parts);
    }
    let mut many = clean.clone();
    for number in 0..62 {
        let entry = json!({"type": 300 + number, "required": false, "length": 0, "blake3": zeros(0)});
        many.manifest["sections"].as_array_mut().unwrap().insert(2, entry);
        many.contents.push(Vec::new());
    }
    bad.push(many);
    let mut without_pad = clean.clone();
    without_pad.manifest["sections"].as_array_mut().unwrap().swap(1, 2);
    bad.push(without_pad);
    for parts in &bad {
        let kind = refusal("sections", &forger.feed(parts), &[]);
        assert!(matches!(kind, ErrorKind::BadManifest | ErrorKind::UnsupportedSection), "{kind:?}");
    }
    // The control: an optional section of an unknown type is passed over.
    let mut optional = clean.clone();
    let entry = json!({"type": 77, "required": false, "length": 5, "blake3": blake3::hash(b"hello").to_hex().as_str()});
    optional.manifest["sections"].as_array_mut().unwrap().insert(2, entry);
    optional.contents.push(b"hello".to_vec());
    common::open(&forger.feed(&optional), &trusting(&[centre.card()])).unwrap();

    // Tokens out of order, twice, too few and too many.
    let changes: [fn(&mut Vec<u8>); 4] = [
        |tokens| tokens.rotate_left(16),
        |tokens| tokens.copy_within(0..16, 16),
        |tokens| tokens.truncate(48),
        |tokens| tokens.extend_from_slice(&[0xFF; 16]),
    ];
    for (change, expected) in
        changes.iter().zip([ErrorKind::NotSorted, ErrorKind::NotSorted, ErrorKind::Malformed, ErrorKind::Malformed])
    {
        let mut parts = clean.clone();
        change(parts.section(2));
        assert_eq!(refusal("tokens", &forger.feed(&parts), &[]), expected);
    }
    // Tokens of eight bytes.
    let mut short = clean.clone();
    short.section(2).truncate(32);
    assert_eq!(refusal("short tokens", &forger.feed(&short), &[]), ErrorKind::Malformed);
}

#[test]
fn manifests_that_blow_up_are_refused() {
    let _turn = TURN.lock();
    let centre = centre();
    let forger = Forger::new(&centre.signing);
    let fill = |unit: &str, open: &str, close: &str| {
        let count = ((1 << 20) - open.len() - close.len()) / unit.len();
        format!("{open}{}{close}", unit.repeat(count))
    };
    let names: Vec<String> = (0..100_000).map(|n| format!("\"{n}\":0")).collect();
    let bodies = [
        ("arrays", "[".repeat(1 << 20)),
        ("objects", fill("{\"a\":", "", "")),
        ("closed arrays", fill("[],", "{\"ext\":{\"a\":[", "0]}}")),
        ("small objects", fill("{\"a\":0},", "{\"ext\":{\"a\":[", "0]}}")),
        ("numbers", fill("0,", "{\"ext\":{\"a\":[", "0]}}")),
        ("names", format!("{{{}}}", names.join(","))),
        ("one name", fill("\"a\":0,", "{", "\"b\":0}")),
        ("a text", fill("\\u0061", "{\"a\":\"", "\"}")),
        ("white space", fill(" ", "", "")),
        ("sections", fill("[1,true,1,\"\"],", "{\"sections\":[", "0]}")),
    ];
    for (what, body) in bodies {
        assert!(body.len() <= 1 << 20, "{what}: {}", body.len());
        let file = forger.file(body.as_bytes(), &[], padded(body.len() as u64 + 300));
        let kind = refusal(what, &file, &[]);
        assert!(
            matches!(kind, ErrorKind::BadManifest | ErrorKind::LimitExceeded | ErrorKind::DuplicateName),
            "{what}: {kind:?}"
        );
        let unverified = UnverifiedFeed::from_bytes(file).unwrap();
        assert!(bounded(what, || unverified.manifest_unverified()).is_err());
    }
    // One byte over the limit, and the limit itself.
    let clean = Parts::of(&Plan::new(&centre, "feed").open(&domains()));
    let body = clean.manifest.to_string();
    for (length, expected) in [((1 << 20) + 1, ErrorKind::LimitExceeded), (1 << 20, ErrorKind::TrailingBytes)] {
        let spaced = format!("{body}{}", " ".repeat(length - body.len()));
        let file = forger.file(spaced.as_bytes(), &clean.contents, padded(length as u64 + 2_300));
        assert_eq!(refusal("a long manifest", &file, &[]), expected);
    }
    assert_eq!(refusal("empty", &forger.block(MANIFEST, MANIFEST, b"", Some(2_048)), &[]), ErrorKind::Malformed);
    assert_eq!(refusal("other", &forger.block(SEAL_STATEMENT, SEAL_STATEMENT, b"x", None), &[]), ErrorKind::NotAFeed);
}
