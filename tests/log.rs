//! The review log: whatever is done to it, the entry at fault is named.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use bisik::{ErrorKind, FixedEntropy, LogEntry, LogEvent, LogHead, LogReader, LogRecord, LogTail, Timestamp};
use common::{centre, now, trusting};

const ENTRIES: u64 = 12;

/// A log of so many entries, a line each with its end.
fn lines(entries: u64, seed: u64) -> Vec<String> {
    let (mut tail, first) = LogTail::begin(now(), &mut FixedEntropy::new(seed)).unwrap();
    let id = centre().signing.publisher_id();
    let mut lines = vec![first];
    for version in 1..entries {
        let record = LogRecord::new(LogEvent::Publication, now().plus(version)).of(&id, "scams", version);
        lines.push(tail.append(&record.count("entries", 100 + version).count("refused", 3)).unwrap());
    }
    lines
}

fn verified(log: &[u8]) -> bisik::Result<Vec<LogEntry>> {
    let mut entries = Vec::new();
    let mut reader = LogReader::new();
    reader.read(log, |entry| entries.push(entry.clone()))?;
    reader.finish()?;
    Ok(entries)
}

/// The kind of the fault, and which entry it is at.
fn fault(log: &[u8]) -> (ErrorKind, Option<u64>) {
    let error = verified(log).unwrap_err();
    (error.kind(), error.position())
}

#[test]
fn what_was_written_reads_back_in_pieces_of_any_length() {
    let log = lines(ENTRIES, 1).concat();
    let whole = verified(log.as_bytes()).unwrap();
    assert_eq!(whole.len() as u64, ENTRIES);
    assert_eq!((whole[3].number, whole[3].version, whole[3].counts["entries"]), (4, Some(3), 103));
    for length in [1, 2, 63, 64, 1_000] {
        let mut reader = LogReader::new();
        let mut count = 0;
        for piece in log.as_bytes().chunks(length) {
            reader.read(piece, |_| count += 1).unwrap();
        }
        assert_eq!((count, reader.finish().unwrap().number()), (ENTRIES, ENTRIES));
    }
    // A later program goes on from the last line alone.
    let last = log.lines().last().unwrap();
    let mut tail = LogTail::of_last_line(last.as_bytes()).unwrap();
    let next = tail.append(&LogRecord::new(LogEvent::Pull, now())).unwrap();
    assert_eq!(verified(format!("{log}{next}").as_bytes()).unwrap().len() as u64, ENTRIES + 1);
}

#[test]
fn every_altered_byte_names_its_entry() {
    let lines = lines(ENTRIES, 1);
    let log = lines.concat();
    let mut start = 0;
    for (entry, line) in (1..).zip(&lines) {
        for at in start..start + line.len() {
            for flip in [1, 0x20, 0x80] {
                let mut bytes = log.clone().into_bytes();
                bytes[at] ^= flip;
                let (kind, position) = fault(&bytes);
                let torn = kind == ErrorKind::TornTail && entry == ENTRIES && at + 1 == log.len();
                assert!(torn || kind == ErrorKind::BrokenChain, "{entry} {at} {kind:?}");
                assert_eq!(position, Some(entry), "byte {at} flipped by {flip}");
            }
        }
        start += line.len();
    }
}

#[test]
fn removed_moved_and_repeated_entries_are_named() {
    let lines = lines(ENTRIES, 1);
    for at in 0..lines.len() {
        let mut removed = lines.clone();
        removed.remove(at);
        if at + 1 < lines.len() {
            assert_eq!(
                fault(removed.concat().as_bytes()),
                (ErrorKind::BrokenChain, Some(at as u64 + 1)),
                "removed {at}"
            );
            let mut swapped = lines.clone();
            swapped.swap(at, at + 1);
            assert_eq!(
                fault(swapped.concat().as_bytes()),
                (ErrorKind::BrokenChain, Some(at as u64 + 1)),
                "swapped {at}"
            );
        }
        let mut repeated = lines.clone();
        repeated.insert(at, lines[at].clone());
        assert_eq!(fault(repeated.concat().as_bytes()), (ErrorKind::BrokenChain, Some(at as u64 + 2)), "repeated {at}");
    }
    // The line of another log, with the right number, does not follow.
    let mut foreign = lines.clone();
    foreign[5] = self::lines(ENTRIES, 2)[5].clone();
    assert_eq!(fault(foreign.concat().as_bytes()), (ErrorKind::BrokenChain, Some(6)));
}

#[test]
fn cut_at_every_byte_it_is_whole_or_torn() {
    let lines = lines(4, 1);
    let log = lines.concat();
    let ends: Vec<usize> = lines
        .iter()
        .scan(0, |end, line| {
            *end += line.len();
            Some(*end)
        })
        .collect();
    for end in 1..log.len() {
        let whole = ends.iter().filter(|&&at| at <= end).count() as u64;
        let cut = &log.as_bytes()[..end];
        if ends.contains(&end) {
            assert_eq!(verified(cut).unwrap().len() as u64, whole);
        } else {
            assert_eq!(fault(cut), (ErrorKind::TornTail, Some(whole + 1)), "{end}");
        }
    }
    assert_eq!(fault(b""), (ErrorKind::Truncated, Some(1)));
    assert_eq!(fault(&vec![b'x'; 10_000]), (ErrorKind::BrokenChain, Some(1)));
}

#[test]
fn a_kept_head_finds_a_log_that_was_written_anew() {
    let centre = centre();
    let trust = trusting(&[centre.card()]);
    let log = lines(ENTRIES, 1);
    let mut reader = LogReader::new();
    reader.read(log[..8].concat().as_bytes(), |_| ()).unwrap();
    let signed = LogHead::sign(&reader, &centre.signing, now()).unwrap();
    let head = LogHead::read(&signed, &trust, now()).unwrap();
    assert_eq!((head.entries, head.publisher), (8, centre.signing.publisher_id()));
    let against = |log: &str| {
        let mut reader = LogReader::new();
        head.expect(&mut reader);
        reader.read(log.as_bytes(), |_| ()).and_then(|()| reader.finish().map(|tail| tail.number()))
    };
    assert_eq!(against(&log.concat()).unwrap(), ENTRIES);
    assert_eq!(against(&log[..8].concat()).unwrap(), 8);
    // Cut behind an entry, it is a good log, but for the head.
    let cut = log[..7].concat();
    assert_eq!(verified(cut.as_bytes()).unwrap().len(), 7);
    let error = against(&cut).unwrap_err();
    assert_eq!((error.kind(), error.position()), (ErrorKind::LogCut, Some(8)));
    // So is one of which all that follows entry 5 was written anew.
    let mut tail = LogTail::of_last_line(log[4].trim_end().as_bytes()).unwrap();
    let mut anew = log[..5].concat();
    for _ in 5..ENTRIES {
        anew += &tail.append(&LogRecord::new(LogEvent::Pull, now())).unwrap();
    }
    assert_eq!(verified(anew.as_bytes()).unwrap().len() as u64, ENTRIES);
    let error = against(&anew).unwrap_err();
    assert_eq!((error.kind(), error.position()), (ErrorKind::BrokenChain, Some(8)));
    // And all of it, or another log.
    let (_, other) = LogTail::begin(now(), &mut FixedEntropy::new(77)).unwrap();
    let error = against(&other).unwrap_err();
    assert_eq!((error.kind(), error.position()), (ErrorKind::BrokenChain, Some(1)));
    assert_eq!(against("").unwrap_err().kind(), ErrorKind::LogCut);
    // And one with a torn tail that the head knows whole.
    let torn = &log.concat()[..log[..7].concat().len() + 20];
    assert_eq!(against(torn).unwrap_err().kind(), ErrorKind::LogCut);
}

#[test]
fn heads_are_verified() {
    let centre = centre();
    let mut reader = LogReader::new();
    reader.read(lines(3, 1).concat().as_bytes(), |_| ()).unwrap();
    let signed = LogHead::sign(&reader, &centre.signing, now()).unwrap();
    let trust = trusting(&[centre.card()]);
    for at in 0..signed.len() {
        let mut bytes = signed.clone();
        bytes[at] ^= 1;
        assert!(LogHead::read(&bytes, &trust, now()).is_err(), "byte {at}");
        assert!(LogHead::read(&signed[..at], &trust, now()).is_err(), "cut at {at}");
    }
    let kind = |trust: &bisik::TrustStore, now| LogHead::read(&signed, trust, now).unwrap_err().kind();
    let stranger = bisik::KeySet::generate("Stranger", &mut FixedEntropy::new(77)).unwrap();
    assert_eq!(kind(&trusting(&[stranger.card()]), now()), ErrorKind::Untrusted);
    let early = Timestamp::from_seconds(now().seconds() - 301).unwrap();
    assert_eq!(kind(&trust, early), ErrorKind::NotYetValid);
    let mut longer = signed.clone();
    longer.push(0);
    assert_eq!(LogHead::read(&longer, &trust, now()).unwrap_err().kind(), ErrorKind::TrailingBytes);
    // A log that is not whole has no head.
    let mut torn = LogReader::new();
    torn.read(&lines(3, 1).concat().as_bytes()[..400], |_| ()).unwrap();
    assert_eq!(LogHead::sign(&torn, &centre.signing, now()).unwrap_err().kind(), ErrorKind::TornTail);
}

#[test]
fn an_entry_has_no_room_for_texts() {
    let line = lines(2, 1)[1].clone();
    for (from, to) in [
        ("\"event\":\"publication\"", "\"event\":\"+65 8123 4567\""),
        ("\"refused\":3", "\"evil.example\":3"),
        ("\"feed\":\"scams\"", "\"feed\":\"evil.example\""),
        ("\"refused\":3", "\"refused\":\"x\""),
        ("\"version\":1", "\"version\":1,\"note\":\"x\""),
    ] {
        assert!(line.contains(from), "{from}");
        assert_eq!(
            LogTail::of_last_line(line.trim_end().replace(from, to).as_bytes()).unwrap_err().kind(),
            ErrorKind::BrokenChain
        );
    }
    let mut tail = LogTail::of_last_line(line.trim_end().as_bytes()).unwrap();
    let record = LogRecord::new(LogEvent::Pull, now()).count("+6581234567", 1);
    assert_eq!(tail.append(&record).unwrap_err().kind(), ErrorKind::BadManifest);
}

#[test]
fn every_event_is_written_and_read_back_by_its_name() {
    let (mut tail, mut log) = LogTail::begin(now(), &mut FixedEntropy::new(1)).unwrap();
    for &event in LogEvent::ALL {
        let record = LogRecord::new(event, now());
        if event == LogEvent::Start {
            assert_eq!(tail.append(&record).unwrap_err().kind(), ErrorKind::BadManifest, "a log begins once");
            continue;
        }
        log += &tail.append(&record).unwrap();
    }
    let entries = verified(log.as_bytes()).unwrap();
    let names: Vec<_> = entries.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(names, LogEvent::ALL.iter().map(|event| event.name()).collect::<Vec<_>>());
    let mut reader = LogReader::new();
    reader.read(log.as_bytes(), |_| ()).unwrap();
    assert_eq!((reader.tail(), reader.torn(), reader.id()), (Some(&tail), 0, entries[0].log.as_ref()));
    let (_, line) = log.rsplit_once("{\"number\"").unwrap();
    let mut torn = LogReader::new();
    torn.read(&log.as_bytes()[..log.len() - 1], |_| ()).unwrap();
    assert_eq!(torn.torn(), "{\"number\"".len() + line.len() - 1);
    assert_eq!(torn.tail().unwrap().number(), tail.number() - 1);
}
