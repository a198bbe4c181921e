//! Files made to hurt: refused early, in little memory.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::{open, open_all_ways, seal, secret};
use crate::crypto::age::header::Header;
use crate::crypto::age::{Opener, is_age};
use crate::entropy::FixedEntropy;
use crate::error::ErrorKind;

const LIMIT: u64 = 2 << 20;
const VERSION: &str = "age-encryption.org/v1\n";
const STANZA: &str =
    "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\nEmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n";
const END: &str = "--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";

/// Counts what is taken from a reader.
struct Counted<R>(R, u64);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(room)?;
        self.1 += count as u64;
        Ok(count)
    }
}

/// The error of a beginning followed by endless repetition, and how much of it was read.
fn endless(beginning: &str, repeated: u8) -> (ErrorKind, Option<u64>, u64) {
    let mut reader = Counted(beginning.as_bytes().chain(io::repeat(repeated)), 0);
    let error = Opener::new(&mut reader, &[secret(1)]).err().unwrap();
    (error.kind(), error.position(), reader.1)
}

#[test]
fn endless_lines_and_headers_are_given_up_at_the_limit() {
    for beginning in [VERSION.to_owned(), format!("{VERSION}-> X25519 "), format!("{VERSION}{STANZA}--- ")] {
        let (kind, position, read) = endless(&beginning, b'A');
        assert_eq!((kind, position), (ErrorKind::LimitExceeded, Some(LIMIT)));
        assert!(read <= LIMIT + 8_192);
    }
    let mut file = VERSION.to_owned();
    let stanza = format!("-> grease\n{}\n", format!("{}\n", "A".repeat(64)).repeat(50));
    while file.len() < 3 << 20 {
        file.push_str(&stanza);
    }
    file.push_str(END);
    let outcome = open(file.as_bytes(), &[secret(1)]);
    let error = outcome.error.unwrap();
    assert_eq!((error.kind(), error.position()), (ErrorKind::LimitExceeded, Some(LIMIT)));
}

#[test]
fn what_is_no_age_file_is_given_up_at_once() {
    for (beginning, position) in [("", 0), ("age-encryptiom.org/v1\n", 13), ("\n", 0), ("-----BEGIN AGE ENC", 0)] {
        let (kind, at, read) = endless(beginning, b'Z');
        assert_eq!((kind, at), (ErrorKind::BadHeader, Some(position)));
        assert!(read <= 4_096);
    }
    for file in ["", "age", "age-encryption.org/"] {
        let error = open(file.as_bytes(), &[]).error.unwrap();
        assert_eq!((error.kind(), error.position()), (ErrorKind::BadHeader, Some(file.len() as u64)));
    }
    assert!(!is_age(b"age-encryption.com/v1\n") && !is_age(b""));
}

#[test]
fn a_header_of_exactly_the_limit_is_read() {
    // one line of grease fills the header up to the limit, or one byte beyond it
    for (over, kind) in [(0, ErrorKind::NoMatchingKey), (1, ErrorKind::LimitExceeded)] {
        let fixed = VERSION.len() + "-> \n\n".len() + END.len();
        let grease = "g".repeat(LIMIT as usize - fixed + over);
        let file = format!("{VERSION}-> {grease}\n\n{END}{}", "\0".repeat(32));
        assert_eq!(open_all_ways(file.as_bytes(), &[secret(1)]).kind(), Some(kind));
    }
}

#[test]
fn one_stanza_too_many_is_refused_before_any_is_tried() {
    let full = format!("{VERSION}{}{END}", STANZA.repeat(1_024));
    assert_eq!(open(full.as_bytes(), &[secret(1)]).kind(), Some(ErrorKind::NoMatchingKey));
    let start = Instant::now();
    for stanza in [STANZA, "-> grease\n\n"] {
        let over = format!("{VERSION}{}{END}", stanza.repeat(1_025));
        let error = open(over.as_bytes(), &vec![secret(1); 200]).error.unwrap();
        let line = VERSION.len() + 1_024 * stanza.len();
        assert_eq!((error.kind(), error.position()), (ErrorKind::LimitExceeded, Some(line as u64)));
    }
    // 200 secrets on 1,024 stanzas would take many seconds
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn faults_late_in_a_header_are_found_before_any_stanza_is_tried() {
    let bad = "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc more\n\n";
    let file = format!("{VERSION}{}{bad}{END}", STANZA.repeat(1_000));
    let start = Instant::now();
    assert_eq!(open(file.as_bytes(), &vec![secret(1); 200]).kind(), Some(ErrorKind::BadHeader));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn each_fault_of_the_grammar_is_named_with_its_place() {
    let (version, stanza) = (VERSION.len() as u64, STANZA.len() as u64);
    let (first, body) = STANZA.split_once('\n').unwrap();
    let cases: [(String, u64); 17] = [
        (format!("{VERSION}{first}\n{}\n{body}{END}", "A".repeat(64)), version),
        (format!("{VERSION}{first}\n\n{END}"), version),
        (format!("{VERSION}-> X25519\n{body}{END}"), version),
        (format!("age-encryption.org/v1\r\n{STANZA}{END}"), 19),
        (format!("age-encryption.org/\n{STANZA}{END}"), 19),
        (format!("{VERSION}{END}"), version),
        (format!("{VERSION}{STANZA}\n{END}"), version + stanza),
        (format!("{VERSION}{STANZA}-->\n{END}"), version + stanza),
        (format!("{VERSION}->\n\n{STANZA}{END}"), version),
        (format!("{VERSION}-> \n\n{STANZA}{END}"), version + 3),
        (format!("{VERSION}-> a  b\n\n{STANZA}{END}"), version + 5),
        (format!("{VERSION}-> a b \n\n{STANZA}{END}"), version + 7),
        (format!("{VERSION}-> a b\tc\n\n{STANZA}{END}"), version + 5),
        (format!("{VERSION}-> a \u{e9}\n\n{STANZA}{END}"), version + 5),
        (format!("{VERSION}-> a\n{}\n{STANZA}{END}", "A".repeat(65)), version + 5 + 64),
        (format!("{VERSION}-> a\nA\n{STANZA}{END}"), version + 5),
        (format!("{VERSION}-> a\nAAA=\n{STANZA}{END}"), version + 5),
    ];
    for (file, position) in cases {
        let error = open_all_ways(file.as_bytes(), &[secret(1)]).error.unwrap();
        assert_eq!((error.kind(), error.position()), (ErrorKind::BadHeader, Some(position)), "{file}");
    }
}

#[test]
fn another_version_is_told_apart_from_a_damaged_one() {
    let error = open(format!("age-encryption.org/v2\n{STANZA}{END}").as_bytes(), &[]).error.unwrap();
    assert_eq!((error.kind(), error.position()), (ErrorKind::UnsupportedVersion, Some(19)));
}

#[test]
fn types_we_do_not_open_are_named_only_if_nothing_else_could_match() {
    let pq = "-> mlkem768x25519 AAAA\nAAAA\n";
    let alone = open(format!("{VERSION}{pq}{END}").as_bytes(), &[secret(1)]);
    assert_eq!(alone.kind(), Some(ErrorKind::UnsupportedRecipient));
    let beside = open(format!("{VERSION}{pq}{STANZA}{END}").as_bytes(), &[secret(1)]);
    assert_eq!(beside.kind(), Some(ErrorKind::NoMatchingKey));
    let grease = open(format!("{VERSION}-> example.com/new AAAA\n\n{END}").as_bytes(), &[secret(1)]);
    assert_eq!(grease.kind(), Some(ErrorKind::NoMatchingKey));
}

#[test]
fn a_failing_reader_is_an_error_of_the_host() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    let file = seal(&[7; 70_000], &[secret(1).recipient().clone()], &mut FixedEntropy::new(1)).unwrap();
    for cut in [0, 5, 5_000, 66_000] {
        let outcome = open(file[..cut].chain(Failing), &[secret(1)]);
        assert_eq!(
            (outcome.kind(), outcome.released.len()),
            (Some(ErrorKind::Io), if cut > 65_800 { 65_536 } else { 0 })
        );
    }
}

/// A header that ends at the limit and has no end is damaged, not too long.
#[test]
fn a_file_that_stops_at_the_limit_of_headers_is_a_damaged_one() {
    for (length, kind) in [(LIMIT, ErrorKind::BadHeader), (LIMIT + 1, ErrorKind::LimitExceeded)] {
        let file = format!("{VERSION}-> {}", "g".repeat(length as usize - VERSION.len() - 3));
        assert_eq!(open_all_ways(file.as_bytes(), &[secret(1)]).kind(), Some(kind), "{length}");
    }
}

#[test]
fn a_file_that_ends_within_its_nonce_says_where() {
    let file = seal(b"", &[secret(1).recipient().clone()], &mut FixedEntropy::new(1)).unwrap();
    let header = file.len() - 16 - 16;
    for end in header..header + 16 {
        let error = open_all_ways(&file[..end], &[secret(1)]).error.unwrap();
        assert_eq!((error.kind(), error.position()), (ErrorKind::BadHeader, Some(end as u64)));
    }
}

#[test]
fn an_empty_file_has_no_piece_at_all() {
    let file = seal(b"", &[secret(1).recipient().clone()], &mut FixedEntropy::new(1)).unwrap();
    let mut opener = Opener::new(file.as_slice(), &[secret(1)]).unwrap();
    assert_eq!(opener.read_chunk().unwrap(), None);
    assert_eq!(opener.read_chunk().unwrap(), None);
}

/// A signal may come at any read: it is tried again.
#[test]
fn a_reader_that_is_interrupted_is_asked_again() {
    struct Interrupted<'a>(&'a [u8], bool);
    impl Read for Interrupted<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { self.0.read(room) }
        }
    }
    let file = seal(&[7; 150_000], &[secret(1).recipient().clone()], &mut FixedEntropy::new(1)).unwrap();
    let outcome = open(Interrupted(&file, false), &[secret(1)]);
    assert_eq!((outcome.kind(), outcome.released), (None, vec![7; 150_000]));
}

#[test]
fn a_header_is_all_that_is_read_as_one() {
    let header = format!("{VERSION}{STANZA}{END}");
    assert_eq!(Header::parse(header.as_bytes()).unwrap().stanzas.len(), 1);
    for behind in ["\n", "x", END] {
        let error = Header::parse(format!("{header}{behind}").as_bytes()).err().unwrap();
        assert_eq!((error.kind(), error.position()), (ErrorKind::BadHeader, Some(header.len() as u64)));
    }
}
