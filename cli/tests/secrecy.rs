//! What must never be seen, and what must never be lost.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Sandbox, assert_absent};

const CANARIES: [&str; 6] = ["91827364", "canary-7391", "5501982734", "1CanaryWa11et", "+6500000000", "canary@"];

const ROWS: &str = "\
kind,value,country,bank,note
phone,91827364,,,
phone,+6500000000,,,
domain,canary-7391 example,,,
account,5501982734-x!,,,
wallet,1CanaryWa11et,,,
email,canary@@example,,,
5501982734,phone,,,
domain,\"canary-7391.example,,,
";

#[test]
fn values_are_in_no_output_that_did_not_ask_for_them() {
    let sandbox = Sandbox::with_feeds();
    sandbox.write("rows.csv", ROWS);
    let runs = [
        sandbox.match_open(&["rows.csv", "--rejects", "r1.csv"]),
        sandbox.match_open(&["rows.csv", "--format", "csv", "--rejects", "r2.csv"]),
        sandbox.match_open(&["rows.csv", "--format", "jsonl"]),
        sandbox.publish(&["rows.csv", "--feed", "f", "--out", "f.bisik", "--rejects", "r3.csv"]),
        sandbox.publish(&["rows.csv", "--feed", "f", "--out", "f.bisik", "--json"]),
        sandbox.match_open(&["rows.csv", "--column", "value", "--kind", "phone"]),
        sandbox.run(&["check", "91827364", "--kind", "phone", "--feed", "open.bisik", "--trust", "centre.pub"]),
        sandbox.run(&[
            "check",
            "91827364",
            "canary-7391",
            "--kind",
            "phone",
            "--feed",
            "open.bisik",
            "--trust",
            "centre.pub",
        ]),
        sandbox.run(&["check", "-91827364", "--kind", "phone", "--feed", "open.bisik", "--trust", "centre.pub"]),
        sandbox.run(&["canon", "phone", "91827364"]),
        sandbox.run(&["canon", "91827364", "phone"]),
        sandbox.run(&["91827364"]),
        sandbox.run(&["check", "phone", "--kind", "91827364", "--feed", "open.bisik", "--trust", "centre.pub"]),
    ];
    for (index, run) in runs.iter().enumerate() {
        assert_absent(run.out.as_bytes(), &CANARIES, &format!("standard output {index}"));
        assert_absent(run.err.as_bytes(), &CANARIES, &format!("standard error {index}"));
    }
    for name in ["r1.csv", "r2.csv", "r3.csv"] {
        assert_absent(&sandbox.read(name), &CANARIES, name);
    }
}

#[test]
fn hits_hold_values_only_on_demand() {
    let sandbox = Sandbox::with_feeds();
    sandbox.write("seen.csv", "kind,value\ndomain,sub.evil.example\n");
    for format in ["table", "csv", "jsonl"] {
        let quiet = sandbox.match_open(&["seen.csv", "--format", format]).expect(0);
        assert_absent(quiet.out.as_bytes(), &["evil"], format);
        assert_absent(quiet.err.as_bytes(), &["evil"], format);
        let shown = sandbox.match_open(&["seen.csv", "--format", format, "--show-values"]).expect(0);
        assert!(shown.out.contains("sub.evil.example"), "{}", shown.out);
    }
}

#[test]
fn neither_the_feed_nor_its_summary_holds_a_value() {
    let sandbox = Sandbox::with_feeds();
    for feed in ["open.bisik", "sealed.bisik"] {
        assert_absent(&sandbox.read(feed), &["evil", "worse", "CASE-1", "seen twice"], feed);
    }
}

#[test]
fn key_files_that_others_can_read_are_refused() {
    #[cfg(unix)]
    {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt as _;
        let sandbox = Sandbox::with_feeds();
        for name in ["centre.sign", "centre.key"] {
            assert_eq!(common::mode(&sandbox.path(name)), 0o600, "{name}");
        }
        assert_ne!(common::mode(&sandbox.path("centre.pub")) & 0o400, 0);
        for mode in [0o640, 0o604, 0o660] {
            for name in ["centre.sign", "bank.key"] {
                set_permissions(sandbox.path(name), Permissions::from_mode(mode)).unwrap();
            }
            sandbox.publish(&["list.csv", "--feed", "f", "--out", "f.bisik"]).refused("permissions");
            sandbox
                .run(&["verify", "sealed.bisik", "--trust", "centre.pub", "--key", "bank.key"])
                .refused("permissions");
        }
        assert!(!sandbox.exists("f.bisik"));
    }
}

#[test]
fn keygen_never_overwrites_and_leaves_no_half() {
    let sandbox = Sandbox::new();
    for taken in ["k.sign", "k.key", "k.pub"] {
        sandbox.write(taken, "mine");
        sandbox.run(&["keygen", "--name", "n", "--out", "k"]).refused("already-exists");
        assert_eq!(sandbox.names(), [taken]);
        assert_eq!(sandbox.text(taken), "mine");
        std::fs::remove_file(sandbox.path(taken)).unwrap();
    }
    sandbox.run(&["keygen", "--name", "two\nlines", "--out", "k"]).refused("invalid-name");
    sandbox.run(&["keygen", "--name", "n", "--out", "missing/k"]).refused("io");
    assert!(sandbox.names().is_empty());
}

#[test]
fn a_failed_publication_leaves_the_old_feed_as_it_was() {
    let sandbox = Sandbox::with_feeds();
    let before = sandbox.read("open.bisik");
    sandbox.write("phones.csv", "kind,value\nphone,+6591234567\n");
    sandbox.publish(&["phones.csv", "--feed", "open", "--out", "open.bisik"]).refused("enumerable");
    assert_eq!(sandbox.read("open.bisik"), before);
    let names = sandbox.names();
    assert!(!names.iter().any(|name| name.starts_with(".bisik-")), "no temporary file is left: {names:?}");
}

#[test]
fn ones_own_guard_list_protects_at_both_ends() {
    let sandbox = Sandbox::with_feeds();
    sandbox.write("own.csv", "kind,value\ndomain,evil.example\n");
    let published = ["list.csv", "--feed", "f", "--out", "f.bisik", "--guard", "own.csv", "--json"];
    assert_eq!(sandbox.publish(&published).expect(0).json()["refused_by_reason"]["guarded"], 1);
    sandbox.write("seen.csv", "kind,value\ndomain,www.evil.example\n");
    let run = sandbox.match_open(&["seen.csv", "--guard", "own.csv"]).expect(1);
    assert!(run.err.contains("1 guarded"), "{}", run.err);
    sandbox.write("own.csv", "kind,value\nphone,91827364\n");
    let gap = sandbox.match_open(&["seen.csv", "--guard", "own.csv"]).refused("missing-region");
    assert!(gap.err.contains("line 2") && !gap.err.contains("9182"), "{}", gap.err);
}

#[test]
fn cells_from_others_are_no_formulas() {
    let sandbox = Sandbox::with_feeds();
    sandbox.write("seen.csv", "kind,value,tx\ndomain,worse.example,=1+1\ndomain,worse.example,@x\n");
    let arguments =
        ["match", "seen.csv", "--feed", "sealed.bisik", "--trust", "centre.pub", "--key", "bank.key", "--id", "tx"];
    let text = sandbox.run(&[&arguments[..], &["--format", "csv"]].concat()).expect(0).out;
    assert!(text.contains(",'=1+1,") && text.contains(",'@x,"), "{text}");
    assert!(text.contains("'=HYPERLINK("), "{text}");
    let json = sandbox.run(&[&arguments[..], &["--format", "jsonl"]].concat()).expect(0).json_lines();
    assert_eq!(json[0]["id"], "=1+1", "JSON needs no apostrophe");
}

#[test]
fn what_comes_from_others_does_not_reach_the_terminal_raw() {
    let sandbox = Sandbox::with_feeds();
    sandbox.write("seen.csv", "kind,value,tx\ndomain,evil.example,\u{1b}[2J\u{202e}x\n");
    let run = sandbox.match_open(&["seen.csv", "--id", "tx"]).expect(0);
    assert!(!run.out.contains('\u{1b}') && !run.out.contains('\u{202e}'), "{:?}", run.out);
    let run = sandbox.match_open(&["no\u{1b}[2Jfile.csv"]).refused("io");
    assert!(!run.err.contains('\u{1b}'), "{:?}", run.err);
}

#[test]
fn errors_are_json_where_json_is_wanted() {
    let sandbox = Sandbox::with_keys();
    let error = sandbox
        .run(&["publish", "missing.csv", "--sign", "centre.sign", "--feed", "f", "--out", "f.bisik", "--json"])
        .expect(2)
        .json();
    let error = error["error"].as_object().unwrap();
    assert_eq!((&error["kind"], &error["code"], &error["file"]), (&"io".into(), &900.into(), &"missing.csv".into()));
    assert!(error.contains_key("message") && error.contains_key("position") && error.contains_key("help"));
    let usage = sandbox.run(&["publish", "--json"]).expect(2).json();
    assert_eq!(usage["error"]["kind"], "invalid-argument");
}
