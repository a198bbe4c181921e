//! The C interface: the bytes are a programme of calls, with what they point to.
//!
//! ```text
//! programme = { operation (1 byte) | argument (1 byte) | length (1 byte) | that many bytes } ...
//! ```
//!
//! What C promises is kept (pointers point to what their length says); everything else is hostile: handles that are missing,
//! offsets, enumerators and positions that are no such thing, texts and files of any form. `bindings/c/tests/fuzz_corpus.rs`
//! runs the committed corpus on the stable toolchain.

#![allow(unreachable_pub, reason = "shared between a fuzz target and a test")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one promise holds for all calls of a programme")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use bisik::{Claim, FixedEntropy, KeySet, Kind, ParseOptions, PublishOptions, Publisher, Timestamp, TrustStore};
use bisik_capi::abi::claim::{
    bisik_claim, bisik_claim_free, bisik_claim_new, bisik_claim_set_number, bisik_claim_set_text, bisik_claim_text,
};
use bisik_capi::abi::error::{
    bisik_error, bisik_error_free, bisik_error_message, bisik_error_position, bisik_error_status, bisik_status,
};
use bisik_capi::abi::feed::{bisik_feed, bisik_feed_free, bisik_feed_inspect, bisik_feed_open};
use bisik_capi::abi::matcher::{
    bisik_matcher, bisik_matcher_free, bisik_matcher_mask, bisik_matcher_match, bisik_matcher_match_report,
    bisik_matcher_new,
};
use bisik_capi::abi::{
    blind_server, buffer, delta, desk, guard, keys, kind, life, options, policy, report, retraction, sighting, trust,
};

const NOW: u64 = 1_800_000_000;
const LIMIT: u64 = 1 << 20;
/// `BISIK_PANIC`: a defect of ours.
const PANIC: bisik_status = 905;

type Out<T> = MaybeUninit<*mut T>;

/// What the calls work on. Handles come and go.
#[derive(Default)]
struct Handles {
    trust: Option<Box<trust::bisik_trust>>,
    secrets: Option<Box<keys::bisik_secrets>>,
    recipients: Option<Box<keys::bisik_recipients>>,
    guard: Option<Box<guard::bisik_guard>>,
    options: Option<Box<options::bisik_parse_options>>,
    claim: Option<Box<bisik_claim>>,
    feed: Option<Box<bisik_feed>>,
    matcher: Option<Box<bisik_matcher>>,
    report: Option<Box<report::bisik_report>>,
}

/// A publisher's store and a feed that it verifies.
fn world() -> &'static (String, Vec<u8>, String) {
    static WORLD: OnceLock<(String, Vec<u8>, String)> = OnceLock::new();
    WORLD.get_or_init(|| {
        let mut entropy = FixedEntropy::new(41);
        let centre = KeySet::generate("Centre", &mut entropy).unwrap();
        let member = KeySet::generate("Member", &mut entropy).unwrap();
        let mut store = TrustStore::new();
        store.add_card(&centre.card()).unwrap();
        let options = PublishOptions::new("fuzz", Timestamp::from_seconds(NOW).unwrap());
        let mut publisher = Publisher::new(&centre.signing, options, None, &mut entropy).unwrap();
        for name in ["evil.example", "bad.example"] {
            publisher.add_raw(Kind::Domain, name, &ParseOptions::default(), Claim::default()).unwrap();
        }
        let publication = publisher.publish(&mut entropy).unwrap();
        (store.to_text(), publication.open(&[]).unwrap().to_vec(), member.recipient.to_text().to_string())
    })
}

/// Runs a programme of at most 64 calls.
pub fn c_abi(data: &[u8]) {
    let mut handles = Handles::default();
    let mut rest = data;
    for _ in 0..64 {
        let Some((&[operation, argument, length], after)) = rest.split_first_chunk() else { break };
        let (bytes, after) = after.split_at(usize::from(length).min(after.len()));
        rest = after;
        call(&mut handles, operation, argument, bytes);
    }
    bisik_feed_free(handles.feed);
    bisik_matcher_free(handles.matcher);
    report::bisik_report_free(handles.report);
    bisik_claim_free(handles.claim);
}

/// What a call says: OK and no error, or an error of the same status with a text.
fn checked(call: impl FnOnce(Option<&mut Out<bisik_error>>) -> bisik_status) -> bool {
    let mut error = Out::<bisik_error>::new(std::ptr::null_mut());
    let status = call(Some(&mut error));
    // SAFETY: it was NULL, and a call writes nothing but a handle or NULL.
    let error = unsafe { owned(error) };
    assert_ne!(status, PANIC, "a panic reached the border");
    assert_eq!(status == 0, error.is_none());
    if let Some(error) = error {
        let mut position = 0;
        let _ = bisik_error_position(Some(&error), Some(&mut position));
        assert_eq!(bisik_error_status(Some(&error)), status);
        assert!(!bisik_error_message(Some(&error)).is_null());
        bisik_error_free(Some(error));
    }
    status == 0
}

/// Whether a call worked is the programme's affair.
fn ignore(_: bool) {}

/// What a call put out, if it did.
/// # Safety
/// The call wrote a handle or left NULL.
unsafe fn owned<T>(out: Out<T>) -> Option<Box<T>> {
    // SAFETY: the caller's: NULL or a handle that a call made with a box.
    unsafe {
        let pointer = out.assume_init();
        (!pointer.is_null()).then(|| Box::from_raw(pointer))
    }
}

/// A call that makes a handle: one comes exactly with OK.
fn made<T>(call: impl FnOnce(Option<&mut Out<T>>, Option<&mut Out<bisik_error>>) -> bisik_status) -> Option<Box<T>> {
    let mut out = Out::<T>::new(std::ptr::null_mut());
    let good = checked(|error| call(Some(&mut out), error));
    // SAFETY: it was NULL, and a call writes nothing but a handle or NULL.
    let handle = unsafe { owned(out) };
    assert_eq!(good, handle.is_some());
    handle
}

#[allow(clippy::too_many_lines, reason = "a line or two for each call")]
fn call(with: &mut Handles, operation: u8, argument: u8, bytes: &[u8]) {
    let (data, text, length) = (bytes.as_ptr(), bytes.as_ptr().cast::<c_char>(), bytes.len());
    let number = u32::from(argument);
    // SAFETY: pointers and lengths are those of `bytes` and of arrays made here; handles are live or NULL.
    unsafe {
        match operation % 32 {
            0 => with.trust = made(|out, error| life::bisik_trust_parse(text, length, out, error)),
            1 => {
                let (store, _, secret) = world();
                with.trust = made(|out, error| life::bisik_trust_parse(store.as_ptr().cast(), store.len(), out, error));
                let mut secrets = keys::bisik_secrets_new();
                checked(|e| keys::bisik_secrets_add(Some(&mut secrets), secret.as_ptr().cast(), secret.len(), e));
                with.secrets = Some(secrets);
            }
            2 => {
                with.feed = made(|o, e| {
                    bisik_feed_open(data, length, with.trust.as_deref(), with.secrets.as_deref(), LIMIT, NOW, o, e)
                })
            }
            3 => {
                with.feed = {
                    // The honest feed with one byte changed, or none.
                    let mut feed = world().1.clone();
                    let place = bytes.iter().fold(0_usize, |place, byte| place << 8 | usize::from(*byte));
                    if let Some(byte) = feed.get_mut(place).filter(|_| !bytes.is_empty()) {
                        *byte ^= argument;
                    }
                    let opened = made(|o, e| {
                        let (data, length) = (feed.as_ptr(), feed.len());
                        bisik_feed_open(data, length, with.trust.as_deref(), None, u64::from(argument) << 12, NOW, o, e)
                    });
                    assert!(opened.is_none() || feed == world().1, "a feed verifies that nobody signed");
                    opened
                }
            }
            4 => {
                let feed: *const bisik_feed = with.feed.as_deref().map_or(std::ptr::null(), |feed| feed);
                let feeds = [feed; 3];
                let count = usize::from(argument) % 4;
                bisik_matcher_free(with.matcher.take());
                with.matcher = made(|o, e| bisik_matcher_new(feeds.as_ptr(), count, with.guard.as_deref(), o, e));
            }
            5..=7 => batch(with, operation % 32, argument, bytes),
            8 => drop(with.guard.replace(guard::bisik_guard_new())),
            9 => ignore(checked(|e| {
                let guard = with.guard.as_deref_mut();
                guard::bisik_guard_add(guard, number, text, length, with.options.as_deref(), e)
            })),
            10 => drop(with.options.replace(options::bisik_parse_options_new())),
            11 => ignore(checked(|e| {
                options::bisik_parse_options_set_region(with.options.as_deref_mut(), text, length, e)
            })),
            12 => {
                ignore(checked(|e| options::bisik_parse_options_set_bank(with.options.as_deref_mut(), text, length, e)))
            }
            13 => ignore(checked(|e| {
                options::bisik_parse_options_set_country(with.options.as_deref_mut(), text, length, e)
            })),
            14 => drop(with.claim.replace(bisik_claim_new())),
            15 => {
                let good = checked(|e| bisik_claim_set_text(with.claim.as_deref_mut(), number, text, length, e));
                assert!(!good || length == 0 || !bisik_claim_text(with.claim.as_deref(), number).is_null());
            }
            16 => {
                let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
                checked(|e| bisik_claim_set_number(with.claim.as_deref_mut(), number, value, e));
            }
            17 => {
                let options = with.options.as_deref();
                let form = made(|o, e| kind::bisik_canonical(number, text, length, options, o, e));
                buffer::bisik_buffer_free(form);
            }
            18 => drop(made(|o, e| life::bisik_history_parse(text, length, o, e))),
            19 => drop(made(|o, e| policy::bisik_policy_parse(text, length, o, e))),
            20 => drop(made(|o, e| desk::bisik_sighting_ledger_parse(text, length, o, e))),
            21 => drop(made(|o, e| {
                retraction::bisik_retraction_list_read(data, length, with.trust.as_deref(), NOW, o, e)
            })),
            22 => drop(made(|o, e| {
                delta::bisik_delta_open(data, length, with.trust.as_deref(), with.secrets.as_deref(), LIMIT, NOW, o, e)
            })),
            23 => drop(made(|o, e| {
                sighting::bisik_sighting_report_open(data, length, with.secrets.as_deref(), with.trust.as_deref(), o, e)
            })),
            24 => {
                let mut out = MaybeUninit::uninit();
                checked(|e| kind::bisik_kind_from_name(text, length, Some(&mut out), e));
                let _ = (kind::bisik_kind_name(number), kind::bisik_kind_is_enumerable(number));
            }
            25 => ask(with, usize::from(argument)),
            26 => drop(made(|o, e| retraction::bisik_remembered_parse(text, length, o, e))),
            27 => drop(with.recipients.replace(keys::bisik_recipients_new())),
            28 => ignore(checked(|e| keys::bisik_recipients_add(with.recipients.as_deref_mut(), text, length, e))),
            29 => ignore(checked(|e| keys::bisik_recipients_add_card(with.recipients.as_deref_mut(), text, length, e))),
            30 => drop(made(|o, e| {
                let clients = blind_server::bisik_clients_new();
                let mut room = MaybeUninit::uninit();
                blind_server::bisik_blind_request_read(data, length, Some(&clients), o, Some(&mut room), e)
            })),
            _ => {
                ignore(checked(|e| life::bisik_trust_update(with.trust.as_deref_mut(), data, length, NOW, e)));
                buffer::bisik_buffer_free(made(|o, e| bisik_feed_inspect(with.feed.as_deref(), o, e)));
            }
        }
    }
}

/// A batch: the bytes are offsets first (two bytes each, so that they may be negative, unordered or beyond), then the text.
///
/// # Safety
/// None of its own: all arrays are made here.
unsafe fn batch(with: &mut Handles, operation: u8, argument: u8, bytes: &[u8]) {
    let count = usize::from(argument >> 4);
    let room = bytes.len().min(2 * (count + 1));
    let (head, data) = bytes.split_at(room);
    let mut offsets: Vec<i64> = head.as_chunks().0.iter().map(|&two| i64::from(i16::from_le_bytes(two))).collect();
    offsets.resize(count + 1, data.len() as i64);
    // Also values that no short number reaches.
    if argument & 8 != 0 {
        offsets.iter_mut().filter(|offset| **offset < 0).for_each(|offset| *offset = i64::MIN - *offset);
    }
    let kind = u32::from(argument & 7) + 1;
    let (matcher, options) = (with.matcher.as_deref(), with.options.as_deref());
    let (data, length, starts) = (data.as_ptr(), data.len(), offsets.as_ptr());
    let mut mask = vec![0xaa; count + 1];
    // SAFETY: `offsets` has count + 1 items, `mask` at least count, `hits` as many as is said.
    unsafe {
        match operation {
            5 => {
                let mut hits = Vec::<report::bisik_hit>::with_capacity(4);
                let mut found = MaybeUninit::new(0);
                let good = checked(|e| {
                    let (mask, hits) = (mask.as_mut_ptr(), hits.as_mut_ptr());
                    bisik_matcher_match(
                        matcher,
                        kind,
                        data,
                        length,
                        starts,
                        count,
                        options,
                        NOW,
                        mask,
                        hits,
                        4,
                        Some(&mut found),
                        e,
                    )
                });
                hits.set_len(if good { found.assume_init().min(4) } else { 0 });
                assert!(hits.iter().all(|hit| hit.index < count as u64));
            }
            6 => {
                let mask = mask.as_mut_ptr();
                checked(|e| bisik_matcher_mask(matcher, kind, data, length, starts, count, options, NOW, mask, e));
            }
            _ => {
                report::bisik_report_free(with.report.take());
                with.report = made(|o, e| {
                    bisik_matcher_match_report(matcher, kind, data, length, starts, count, options, NOW, o, e)
                });
            }
        }
    }
    assert_eq!(mask[count], 0xaa, "written beyond the mask");
}

/// Reads a report at a position that may not exist.
fn ask(with: &Handles, position: usize) {
    let report = with.report.as_deref();
    let mut hit = MaybeUninit::uninit();
    let good = checked(|e| report::bisik_report_hit(report, position, Some(&mut hit), e));
    assert_eq!(good, position < report::bisik_report_hits(report));
    let _ = (report::bisik_report_expression(report, position), report::bisik_report_claim(report, position));
    let (mut index, mut reason) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    checked(|e| report::bisik_report_rejection(report, position, Some(&mut index), Some(&mut reason), e));
}

/// Programmes that use each call once, for the corpus.
pub fn seeds() -> Vec<Vec<u8>> {
    let step = |operation: u8, argument: u8, bytes: &[u8]| [&[operation, argument, bytes.len() as u8], bytes].concat();
    let batch: Vec<u8> = [&[0, 0, 12, 0, 23, 0][..], b"evil.exampleother.example"].concat();
    let look = [step(1, 0, &[]), step(3, 255, &[]), step(4, 1, &[])].concat();
    let batches: Vec<u8> = (5..8).flat_map(|operation| step(operation, 0x20 | 2, &batch)).collect();
    let mut seeds = vec![
        [&look[..], &batches, &step(25, 0, &[])].concat(),
        [&look[..], &step(7, 0x12, &[0, 0xff, 0xf0, 0xff, b'a']), &step(25, 9, &[])].concat(),
        [step(10, 0, &[]), step(11, 0, b"SG"), step(17, 1, b"6123 4567"), step(12, 0, b"DBSSSGSG")].concat(),
        [step(8, 0, &[]), step(9, 3, b"good.example"), step(1, 0, &[]), step(3, 255, &[]), step(4, 3, &[])].concat(),
        [step(14, 0, &[]), step(15, 1, b"phishing"), step(16, 2, &[50]), step(15, 99, b"x")].concat(),
        [step(27, 0, &[]), step(28, 0, b"age1"), step(29, 0, b"bisik-card"), step(13, 0, b"MY")].concat(),
    ];
    seeds.extend((0..32).map(|operation| step(operation, 1, b"bisik")));
    seeds
}
