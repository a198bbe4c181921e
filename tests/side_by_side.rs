//! Promise: threads change nothing but the time. Reports, masks, feeds and errors are those of one thread.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bisik::{
    Claim, Error, Executor, Feed, Guard, Identifier, Kind, Matcher, ParseOptions, RawInput, Report, SetChoice,
    UnverifiedFeed,
};
use common::envelope;
use common::{NOW, Plan, bank, centre, claim, now, open, time, trusting};

/// So many threads; counts the pieces of work.
#[derive(Default)]
struct Scoped {
    width: usize,
    pieces: AtomicUsize,
}

impl Executor for Scoped {
    fn width(&self) -> usize {
        self.width
    }

    fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        self.pieces.fetch_add(count, Ordering::Relaxed);
        let next = AtomicUsize::new(0);
        let take = || {
            while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&number| number < count) {
                work(number);
            }
        };
        std::thread::scope(|scope| (0..self.width).for_each(|_| _ = scope.spawn(take)));
    }
}

fn scoped(width: usize) -> Arc<Scoped> {
    Arc::new(Scoped { width, ..Scoped::default() })
}

/// Two feeds that list some of what `values` has, one with records, and one in which everything is of another kind.
fn feeds() -> Vec<Feed> {
    let keys = centre();
    let trust = trusting(&[keys.card()]);
    let numbers: Vec<String> = (0..600).map(|n| format!("+6591{:06}", n * 13)).collect();
    let some: Vec<(Kind, &str, Claim)> = numbers.iter().map(|value| (Kind::Phone, value.as_str(), claim())).collect();
    let names = [(Kind::Domain, "evil.example", claim()), (Kind::Email, "a@evil.example", Claim::default())];
    [
        Plan::new(&keys, "records").records().open(&some),
        Plan::new(&keys, "fuse").set(SetChoice::Fuse).open(&some[300..]),
        Plan::new(&keys, "names").open(&names),
    ]
    .iter()
    .map(|file| open(file, &trust).unwrap())
    .collect()
}

fn values(count: usize) -> Vec<(Kind, String)> {
    (0..count)
        .map(|n| match n % 5 {
            0 => (Kind::Phone, format!("+65 91{:02} {:04}", n / 10_000 % 100, n % 10_000)),
            1 => (Kind::Url, format!("http://www{n}.evil.example/a?{n}")),
            2 => (Kind::Phone, format!("nonsense {n}")),
            3 => (Kind::Email, "a@evil.example".to_owned()),
            _ => (Kind::Phone, format!("+6591{:06}", n * 13 % 7_800)),
        })
        .collect()
}

/// Everything in a report, as text.
fn text(report: &Report) -> String {
    let hits = report.hits.iter().map(|hit| format!("{hit:?} {} {:?} {:?}\n", hit.expression, hit.hit_id, hit.record));
    let rejected = report.rejected.iter().map(|rejection| format!("{rejection:?}\n"));
    hits.chain(rejected).collect()
}

#[test]
fn batches_give_the_same_answers_however_they_are_cut() {
    let guard = || {
        let mut guard = Guard::default();
        guard.extend([Identifier::parse(Kind::Phone, "+6591003900", &ParseOptions::default()).unwrap()]);
        guard
    };
    let plain = Matcher::new(feeds(), guard()).unwrap();
    let options = ParseOptions::default();
    for count in [0, 1, 1_000, 1_024, 1_025, 2_047, 2_048, 2_049, 10_000, 20_011] {
        let values = values(count);
        let raw: Vec<RawInput<'_>> =
            values.iter().map(|(kind, value)| RawInput { kind: *kind, value, options: &options }).collect();
        let parsed: Vec<Identifier> =
            values.iter().filter_map(|(kind, value)| Identifier::parse(*kind, value, &options).ok()).collect();
        let reports = (plain.match_raw(&raw, now()).unwrap(), plain.match_batch(&parsed, now()).unwrap());
        assert!(count < 5_000 || (reports.0.hits.len() > 1_000 && reports.0.rejected.len() > 1_000));
        let mut masks = (vec![0; raw.len()], vec![0; parsed.len()]);
        plain.mask_raw(&raw, now(), &mut masks.0).unwrap();
        plain.mask_batch(&parsed, now(), &mut masks.1).unwrap();
        for width in [1, 2, 3, 16] {
            let executor = scoped(width);
            let matcher = Matcher::new(feeds(), guard()).unwrap().with_executor(executor.clone());
            assert_eq!(matcher.width(), width);
            assert!(text(&matcher.match_raw(&raw, now()).unwrap()) == text(&reports.0), "{count} {width}");
            assert!(text(&matcher.match_batch(&parsed, now()).unwrap()) == text(&reports.1), "{count} {width}");
            let mut again = (vec![7; raw.len()], vec![7; parsed.len()]);
            matcher.mask_raw(&raw, now(), &mut again.0).unwrap();
            matcher.mask_batch(&parsed, now(), &mut again.1).unwrap();
            assert!(again == masks, "{count} {width}");
            assert_eq!(executor.pieces.load(Ordering::Relaxed) > 0, width > 1 && count > 1_024, "{count} {width}");
        }
    }
}

#[test]
fn refused_batches_are_refused_with_the_same_words() {
    let late = time(NOW + 40 * bisik::DAY);
    let options = ParseOptions::default();
    let raw = vec![RawInput { kind: Kind::Phone, value: "+6591234567", options: &options }; 5_000];
    let (plain, wide) =
        (Matcher::new(feeds(), Guard::default()).unwrap(), Matcher::new(feeds(), Guard::default()).unwrap());
    let wide = wide.with_executor(scoped(3));
    for (now, length) in [(late, raw.len()), (now(), raw.len() - 1)] {
        let mut masks = (vec![9; length], vec![9; length]);
        let errors = (plain.mask_raw(&raw, now, &mut masks.0), wide.mask_raw(&raw, now, &mut masks.1));
        assert_eq!(said(errors.0.unwrap_err()), said(errors.1.unwrap_err()));
        assert!(masks.0 == masks.1 && masks.1.iter().all(|&byte| byte == 9));
    }
    let errors = (plain.match_raw(&raw, late).unwrap_err(), wide.match_raw(&raw, late).unwrap_err());
    assert_eq!(said(errors.0), said(errors.1));
}

fn said(error: Error) -> (bisik::ErrorKind, Option<u64>, &'static str) {
    (error.kind(), error.position(), error.message())
}

/// A sealed feed of some 300 KB: five chunks.
#[test]
fn sealed_feeds_open_or_fail_alike_on_one_thread_and_on_several() {
    let (keys, member) = (centre(), bank());
    let trust = trusting(&[keys.card()]);
    let numbers: Vec<String> = (0..2_200).map(|n| format!("+6591{n:06}")).collect();
    let entries: Vec<(Kind, &str, Claim)> =
        numbers.iter().map(|value| (Kind::Phone, value.as_str(), claim())).collect();
    let file = Plan::new(&keys, "feed").records().sealed(&entries, &[&member]);
    assert!(file.len() > 4 * 65_552);
    let secrets = std::slice::from_ref(&member.recipient);
    let executor = scoped(2);
    let both = |file: &[u8], limit: u64| {
        let verify = |feed: UnverifiedFeed| feed.verify(&trust, now()).map(|feed| feed.bytes().to_vec()).map_err(said);
        let plain = UnverifiedFeed::read(file, secrets, limit).map_err(said).and_then(verify);
        let wide = UnverifiedFeed::read_with(file, secrets, limit, executor.clone()).map_err(said).and_then(verify);
        assert!(plain == wide, "{:?} {:?}", plain.as_ref().err(), wide.as_ref().err());
        plain
    };
    let whole = both(&file, 1 << 30).unwrap();
    assert!(executor.pieces.load(Ordering::Relaxed) >= 5);
    for limit in [0, 100, 65_535, 65_536, 65_537, whole.len() as u64, whole.len() as u64 + 1_000] {
        _ = both(&file, limit);
    }
    for at in (0..file.len()).step_by(16_001).chain([file.len() - 1]) {
        let mut bad = file.clone();
        bad[at] ^= 0x40;
        both(&bad, 1 << 30).unwrap_err();
        both(&file[..at], 1 << 30).unwrap_err();
    }
    for behind in [1, 65_552, 200_000] {
        both(&[file.clone(), vec![0; behind]].concat(), 1 << 30).unwrap_err();
    }
    // Longer or shorter than it says of itself, and no feed at all.
    let plaintext = envelope::open(&file, &member.recipient);
    let to = [member.recipient.recipient()];
    for length in [0, 10, 200, 500, 65_536, 131_072, plaintext.len() - 1] {
        both(&envelope::seal(&plaintext[..length], &to), 1 << 30).unwrap_err();
    }
    for behind in [1, 65_536, 70_000, 300_000] {
        both(&envelope::seal(&[plaintext.clone(), vec![0; behind]].concat(), &to), 1 << 30).unwrap_err();
    }
    both(&envelope::seal(&vec![0; 400_000], &to), 1 << 30).unwrap_err();
}
