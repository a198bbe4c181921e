//! Promise: a feed that was never whole in memory has the bytes of one that was; whatever goes wrong with the caller's room outside
//! of memory, nothing verifies that should not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

use bisik::{
    Claim, ErrorKind, FixedEntropy, Identifier, Indicator, KeySet, Kind, OprfKey, ParseOptions, PublishOptions,
    Publisher, RetractionReason, Revision, SetChoice,
};
use common::{bank, centre, now, open, trusting};

/// Numbers and names, some of them twice; links bring their numbers along.
fn fill(publisher: &mut Publisher<'_>) {
    for n in 0..3_000_u32 {
        let (kind, value) = match n % 8 {
            0 => (Kind::Domain, format!("a{}.example", n / 3)),
            1 => (Kind::Email, format!("someone+{n}@mail{}.example", n % 5)),
            2 => (Kind::Phone, format!("+6591{:06}", n / 16)),
            3 => (Kind::Url, format!("https://wa.me/6582{n:06}")),
            _ => (Kind::Phone, format!("+6581{n:06}")),
        };
        let identifier = Identifier::parse(kind, &value, &ParseOptions::default()).unwrap();
        publisher.add(Indicator { identifier, claim: Claim::default() }).unwrap();
    }
}

/// The feed's open bytes and sealed ones, and what is said of it.
type Made = (Vec<u8>, Vec<u8>, [u8; 32], u64, u64);

fn whole(mut publisher: Publisher<'_>, member: &KeySet) -> Made {
    fill(&mut publisher);
    let publication = publisher.publish(&mut FixedEntropy::new(3)).unwrap();
    let mut sealed = Vec::new();
    publication.seal(&member.card().recipients, &mut FixedEntropy::new(4), &mut sealed).unwrap();
    let bytes = publication.open(Kind::ALL).unwrap().to_vec();
    (bytes, sealed, *publication.digest(), publication.merged(), publication.linked())
}

fn streamed(mut publisher: Publisher<'_>, member: &KeySet) -> Made {
    fill(&mut publisher);
    let mut publication = publisher.publish_streamed().unwrap();
    let (mut bytes, mut sealed) = (Vec::new(), Vec::new());
    publication.seal(&member.card().recipients, &mut FixedEntropy::new(4), &mut sealed).unwrap();
    publication.write_open(Kind::ALL, &mut bytes).unwrap();
    (bytes, sealed, *publication.digest(), publication.merged(), publication.linked())
}

#[test]
fn the_bytes_do_not_depend_on_what_memory_holds() {
    let (keys, member) = (centre(), bank());
    let publisher = || {
        let options = PublishOptions::new("feed", now());
        Publisher::new(&keys.signing, options, None, &mut FixedEntropy::new(2)).unwrap()
    };
    let expected = whole(publisher(), &member);
    assert!(expected.3 > 100 && expected.4 > 100, "{} merged, {} linked", expected.3, expected.4);
    assert!(streamed(publisher(), &member) == expected, "without a scratch");
    for most in [0, 17, 1_000, 17 * 256, 20_000, 1 << 20] {
        let scratch = || Cursor::new(Vec::new());
        let made = streamed(publisher().with_scratch(scratch(), most).unwrap(), &member);
        assert!(made == expected, "{most} bytes");
        assert!(whole(publisher().with_scratch(scratch(), most).unwrap(), &member) == expected, "{most} bytes, whole");
    }
    open(&expected.0, &trusting(&[keys.card()])).unwrap();
}

#[test]
fn nothing_at_all_can_be_published_too() {
    let keys = centre();
    let publisher = || {
        let options = PublishOptions::new("feed", now());
        Publisher::new(&keys.signing, options, None, &mut FixedEntropy::new(2)).unwrap()
    };
    let expected = publisher().publish(&mut FixedEntropy::new(3)).unwrap().open(&[]).unwrap().to_vec();
    let mut bytes = Vec::new();
    let streamed = publisher().with_scratch(Cursor::new(Vec::new()), 100).unwrap();
    streamed.publish_streamed().unwrap().write_open(&[], &mut bytes).unwrap();
    assert!(bytes == expected);
}

/// The next version, with retractions behind the tokens, and a blind one without a feed key before them.
#[test]
fn what_stands_before_and_behind_the_tokens_is_kept() {
    let (keys, member) = (centre(), bank());
    let trust = trusting(&[keys.card()]);
    let options = || PublishOptions::new("feed", now());
    let first = whole(Publisher::new(&keys.signing, options(), None, &mut FixedEntropy::new(2)).unwrap(), &member).0;
    let first = open(&first, &trust).unwrap();
    let mut revision = Revision::new(&keys.signing, options(), &first).unwrap();
    let reason = RetractionReason::CLEARED;
    revision.withdraw_raw(Kind::Domain, "a0.example", &ParseOptions::default(), reason).unwrap();
    let second = revision.publish(&mut FixedEntropy::new(5)).unwrap();
    let second = open(second.open(Kind::ALL).unwrap(), &trust).unwrap();
    let next = || Publisher::new(&keys.signing, options(), Some(&second), &mut FixedEntropy::new(6)).unwrap();
    let expected = whole(next(), &member);
    let made = streamed(next().with_scratch(Cursor::new(Vec::new()), 5_000).unwrap(), &member);
    assert!(made == expected);
    assert_eq!(open(&made.0, &trust).unwrap().manifest().sections.len(), 4);

    let mut blind = options();
    blind.feed = "blind".to_owned();
    let key = OprfKey::generate(keys.signing.publisher_id(), "blind", 1, &mut FixedEntropy::new(7)).unwrap();
    blind.blind = Some(key);
    let next = || Publisher::new(&keys.signing, blind.clone(), None, &mut FixedEntropy::new(6)).unwrap();
    let made = streamed(next().with_scratch(Cursor::new(Vec::new()), 5_000).unwrap(), &member);
    assert!(made == whole(next(), &member));
    assert_eq!(open(&made.0, &trust).unwrap().manifest().sections.len(), 2);
}

#[test]
fn filters_and_records_are_not_streamed() {
    let keys = centre();
    for (set, records) in [(SetChoice::Bloom, false), (SetChoice::Fuse, false), (SetChoice::Tokens, true)] {
        let publisher = || {
            let mut options = PublishOptions::new("feed", now());
            (options.set, options.records) = (set, records);
            Publisher::new(&keys.signing, options, None, &mut FixedEntropy::new(2)).unwrap()
        };
        let refused = publisher().with_scratch(Cursor::new(Vec::new()), 100).err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::CombinationNotAllowed);
        assert_eq!(publisher().publish_streamed().err().unwrap().kind(), ErrorKind::CombinationNotAllowed);
    }
}

#[test]
fn an_open_feed_must_still_be_accepted_by_name() {
    let keys = centre();
    let options = PublishOptions::new("feed", now());
    let mut publisher = Publisher::new(&keys.signing, options, None, &mut FixedEntropy::new(2)).unwrap();
    fill(&mut publisher);
    let mut publication = publisher.publish_streamed().unwrap();
    assert_eq!(publication.enumerable(), [Kind::Phone, Kind::Email]);
    let mut out = Vec::new();
    assert_eq!(publication.write_open(&[Kind::Phone], &mut out).unwrap_err().kind(), ErrorKind::Enumerable);
    assert!(out.is_empty());
}

/// A scratch that others can reach.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Cursor<Vec<u8>>>>);

impl Read for Shared {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().read(room)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.lock().unwrap().seek(to)
    }
}

#[test]
fn a_scratch_that_changes_behind_ones_back_makes_no_feed() {
    let keys = centre();
    let scratch = Shared::default();
    let options = PublishOptions::new("feed", now());
    let publisher = Publisher::new(&keys.signing, options, None, &mut FixedEntropy::new(2)).unwrap();
    let mut publisher = publisher.with_scratch(scratch.clone(), 5_000).unwrap();
    fill(&mut publisher);
    let mut publication = publisher.publish_streamed().unwrap();
    publication.write_open(Kind::ALL, &mut std::io::sink()).unwrap();
    let held = scratch.0.lock().unwrap().get_ref().len();
    assert!(held.is_multiple_of(17), "tokens and kinds, no more");
    scratch.0.lock().unwrap().get_mut()[held / 2] ^= 1;
    assert_eq!(publication.write_open(Kind::ALL, &mut std::io::sink()).unwrap_err().kind(), ErrorKind::HashMismatch);
    let sealed = publication.seal(&[], &mut FixedEntropy::new(4), &mut std::io::sink());
    assert_eq!(sealed.unwrap_err().kind(), ErrorKind::HashMismatch);
    scratch.0.lock().unwrap().get_mut().truncate(held - 1);
    assert_eq!(publication.write_open(Kind::ALL, &mut std::io::sink()).unwrap_err().kind(), ErrorKind::Io);
}

/// T: what lies in the room outside of memory is tokens; no value and no key can be read there.
#[test]
fn no_value_reaches_the_scratch() {
    let keys = centre();
    let scratch = Shared::default();
    let options = PublishOptions::new("feed", now());
    let publisher = Publisher::new(&keys.signing, options, None, &mut FixedEntropy::new(2)).unwrap();
    let mut publisher = publisher.with_scratch(scratch.clone(), 1_000).unwrap();
    fill(&mut publisher);
    let mut publication = publisher.publish_streamed().unwrap();
    let mut file = Vec::new();
    publication.write_open(Kind::ALL, &mut file).unwrap();
    let feed = open(&file, &trusting(&[keys.card()])).unwrap();
    // The feed key is the first section behind the block.
    let key = &feed.bytes()[feed.signed_block().len().next_multiple_of(64)..][..32];
    let held = scratch.0.lock().unwrap();
    for secret in [key, b"+6581", b"91000", b"example", b"someone"] {
        assert!(!held.get_ref().windows(secret.len()).any(|window| window == secret));
    }
}
