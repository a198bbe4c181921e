//! Files that are no good feed: a typed error, exit code 2, nothing written.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{NOW, Sandbox};

/// Every command that opens a feed refuses `feed` for the same reason and writes nothing.
#[track_caller]
fn refused_everywhere(sandbox: &Sandbox, feed: &str, trust: &str, key: Option<&str>, now: u64, kind: &str) {
    sandbox.write("seen.csv", "kind,value\ndomain,evil.example\n");
    let before = sandbox.names();
    let now = now.to_string();
    let key: Vec<&str> = key.map(|key| vec!["--key", key]).unwrap_or_default();
    for command in [
        vec!["verify", feed],
        vec!["inspect", feed],
        vec!["inspect", feed, "--json"],
        vec!["check", "evil.example", "--kind", "domain", "--feed", feed],
        vec!["match", "seen.csv", "--feed", feed, "--annotate", "new.csv", "--rejects", "rejects.csv"],
        // Before any input is read: this one does not even exist.
        vec!["match", "missing.csv", "--feed", feed],
    ] {
        let run = sandbox.run(&[&command[..], &["--trust", trust, "--now", &now], &key].concat()).refused(kind);
        assert!(run.err.contains(feed), "the file is named: {}", run.err);
        if command.contains(&"--json") {
            assert_eq!(run.json()["error"]["kind"], kind);
        } else {
            assert!(run.out.is_empty(), "{}", run.out);
        }
    }
    assert_eq!(sandbox.names(), before, "nothing is written");
}

#[test]
fn truncated() {
    let sandbox = Sandbox::with_feeds();
    let whole = sandbox.read("open.bisik");
    for length in [0, 5, 40, 500, whole.len() - 1] {
        sandbox.write("bad.bisik", &whole[..length]);
        let kind = if length == 0 { "not-a-feed" } else { "truncated" };
        refused_everywhere(&sandbox, "bad.bisik", "centre.pub", None, NOW, kind);
    }
}

#[test]
fn altered() {
    let sandbox = Sandbox::with_feeds();
    let mut bytes = sandbox.read("open.bisik");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    sandbox.write("bad.bisik", &bytes);
    refused_everywhere(&sandbox, "bad.bisik", "centre.pub", None, NOW, "hash-mismatch");

    let mut manifest = sandbox.read("open.bisik");
    let at = manifest.windows(9).position(|window| window == b"\"purpose\"").unwrap();
    manifest[at + 1] = b'P';
    sandbox.write("bad.bisik", &manifest);
    refused_everywhere(&sandbox, "bad.bisik", "centre.pub", None, NOW, "bad-signature");

    let mut sealed = sandbox.read("sealed.bisik");
    let last = sealed.len() - 1;
    sealed[last] ^= 1;
    sandbox.write("bad.bisik", &sealed);
    refused_everywhere(&sandbox, "bad.bisik", "centre.pub", Some("bank.key"), NOW, "cannot-open");
}

#[test]
fn over_long() {
    let sandbox = Sandbox::with_feeds();
    let mut bytes = sandbox.read("open.bisik");
    bytes.push(0);
    sandbox.write("bad.bisik", &bytes);
    refused_everywhere(&sandbox, "bad.bisik", "centre.pub", None, NOW, "trailing-bytes");
}

#[test]
fn of_another_format_version() {
    let sandbox = Sandbox::with_feeds();
    let mut bytes = sandbox.read("open.bisik");
    bytes[8] = 2;
    sandbox.write("bad.bisik", &bytes);
    refused_everywhere(&sandbox, "bad.bisik", "centre.pub", None, NOW, "unsupported-version");
}

#[test]
fn expired_or_from_the_future() {
    let sandbox = Sandbox::with_feeds();
    refused_everywhere(&sandbox, "open.bisik", "centre.pub", None, NOW + 7 * 86_400, "expired");
    refused_everywhere(&sandbox, "open.bisik", "centre.pub", None, NOW - 1_000, "not-yet-valid");
    let just_before = (NOW + 7 * 86_400 - 1).to_string();
    sandbox.run(&["verify", "open.bisik", "--trust", "centre.pub", "--now", &just_before]).expect(0);
}

#[test]
fn unsigned() {
    let sandbox = Sandbox::with_feeds();
    let mut bytes = sandbox.read("open.bisik");
    // Magic, version, type, count and one key id; then the lengths of manifest and signatures (docs/format.md).
    let length = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let end = 60 + length(44) + length(48);
    // The signature is the last thing in the signed block.
    bytes[end - 64..end].fill(0);
    sandbox.write("bad.bisik", &bytes);
    refused_everywhere(&sandbox, "bad.bisik", "centre.pub", None, NOW, "bad-signature");
}

#[test]
fn untrusted() {
    let sandbox = Sandbox::with_feeds();
    refused_everywhere(&sandbox, "open.bisik", "stranger.pub", None, NOW, "untrusted");
}

#[test]
fn sealed_without_a_key_or_with_a_wrong_one() {
    let sandbox = Sandbox::with_feeds();
    refused_everywhere(&sandbox, "sealed.bisik", "centre.pub", None, NOW, "sealed");
    refused_everywhere(&sandbox, "sealed.bisik", "centre.pub", Some("stranger.key"), NOW, "no-matching-key");
    refused_everywhere(&sandbox, "sealed.bisik", "stranger.pub", Some("bank.key"), NOW, "untrusted");
}

#[test]
fn not_a_feed() {
    let sandbox = Sandbox::with_feeds();
    refused_everywhere(&sandbox, "list.csv", "centre.pub", None, NOW, "not-a-feed");
    refused_everywhere(&sandbox, "missing.bisik", "centre.pub", None, NOW, "io");
    refused_everywhere(&sandbox, ".", "centre.pub", None, NOW, "io");
}

#[test]
fn cards_and_keys_that_are_none() {
    let sandbox = Sandbox::with_feeds();
    refused_everywhere_card(&sandbox, "list.csv");
    refused_everywhere_card(&sandbox, "open.bisik");
    refused_everywhere_card(&sandbox, "bank.key");
    sandbox.write("empty", "");
    refused_everywhere_card(&sandbox, "empty");
}

fn refused_everywhere_card(sandbox: &Sandbox, card: &str) {
    sandbox.run(&["verify", "open.bisik", "--trust", card]).refused("bad-key");
    sandbox.publish(&["list.csv", "--feed", "f", "--out", "new.bisik", "--seal-to", card]).refused("bad-key");
    assert!(!sandbox.exists("new.bisik"));
}

#[test]
fn skipping_bad_feeds_is_loud_and_never_skips_all() {
    let sandbox = Sandbox::with_feeds();
    let both = ["list.csv", "--feed", "list.csv", "--skip-bad-feeds"];
    let run = sandbox.match_open(&both).expect(0);
    assert!(run.err.contains("WARNING: feed skipped") && run.err.contains("[not-a-feed]"), "{}", run.err);
    assert!(run.err.contains("1 of 2 feeds skipped"), "{}", run.err);
    sandbox.match_open(&both[..3]).refused("not-a-feed");
    sandbox
        .run(&["match", "list.csv", "--feed", "list.csv", "--trust", "centre.pub", "--skip-bad-feeds"])
        .refused("not-a-feed");
}

#[test]
fn a_previous_version_must_be_ones_own() {
    let sandbox = Sandbox::with_feeds();
    let next = |previous: &str, sign: &str, feed: &str| {
        sandbox.run(&[
            "publish",
            "list.csv",
            "--sign",
            sign,
            "--feed",
            feed,
            "--out",
            "new.bisik",
            "--previous",
            previous,
        ])
    };
    next("open.bisik", "stranger.sign", "open").refused("untrusted");
    next("open.bisik", "centre.sign", "other").refused("previous-mismatch");
    next("sealed.bisik", "centre.sign", "sealed").refused("sealed");
    assert!(!sandbox.exists("new.bisik"));
}
