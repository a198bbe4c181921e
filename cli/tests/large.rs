//! Promise: a list that memory has no room for becomes the same feed, and nothing of it is left behind; rows that are matched on
//! several threads give what one gives.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fmt::Write as _;

use common::Sandbox;

fn list(rows: u32) -> String {
    let mut text = "kind,value\n".to_owned();
    for n in 0..rows {
        match n % 4 {
            0 => writeln!(text, "domain,d{}.example", n / 3),
            1 => writeln!(text, "phone,+6591{n:06}"),
            2 => writeln!(text, "domain,not a domain {n}"),
            _ => writeln!(text, "phone,+6581{:06}", n / 8),
        }
        .unwrap();
    }
    text
}

/// The second version has the first one's feed key, so that it depends on the list and the time alone.
#[test]
fn a_list_beyond_the_limit_becomes_the_same_feed() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("first.csv", "kind,value\ndomain,first.example\n");
    sandbox.write("list.csv", list(20_000));
    sandbox.publish(&["first.csv", "--feed", "f", "--out", "1.bisik"]).expect(0);
    let again = |out: &str, more: &[&str]| {
        let state = format!("{out}.used");
        let arguments = ["list.csv", "--feed", "f", "--previous", "1.bisik", "--out", out, "--state", &state];
        let accepted = ["--accept-enumeration", "phone", "--json"];
        sandbox.publish(&[&arguments[..], &accepted, more].concat()).expect(0).json()
    };
    let before = sandbox.names();
    let expected = again("memory.bisik", &[]);
    // With a delta, the feed is made whole in memory.
    let whole = again("whole.bisik", &["--delta", "whole.delta"]);
    assert_eq!(whole["digest"], expected["digest"]);
    assert!(expected["merged"].as_u64().unwrap() > 1_000);
    let bytes = sandbox.read("memory.bisik");
    assert!(bytes == sandbox.read("whole.bisik"));
    for limit in ["1", "5k", "100k", "1M", "1G"] {
        let made = again("spilled.bisik", &["--memory", limit]);
        for name in ["digest", "merged", "entries", "rows", "refused", "version"] {
            assert_eq!(made[name], expected[name], "{limit}: {name}");
        }
        assert!(sandbox.read("spilled.bisik") == bytes, "{limit}");
        std::fs::remove_file(sandbox.path("spilled.bisik.used")).unwrap();
    }
    let mut left = sandbox.names();
    left.retain(|name| !before.contains(name));
    assert_eq!(
        left,
        ["memory.bisik", "memory.bisik.used", "spilled.bisik", "whole.bisik", "whole.bisik.used", "whole.delta"]
    );
}

#[test]
fn what_is_made_in_memory_takes_no_limit() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("first.csv", "kind,value\ndomain,first.example\n");
    for more in [["--set", "fuse"], ["--set", "bloom"], ["--records", "--strict"]] {
        let mut arguments = vec!["first.csv", "--feed", "f", "--out", "1.bisik", "--memory", "64M"];
        arguments.extend(more);
        let refused = sandbox.publish(&arguments).expect(2);
        assert!(refused.err.contains("--memory"), "{}", refused.err);
    }
}

#[test]
fn a_sealed_feed_beyond_the_limit_opens() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("list.csv", list(20_000));
    let sealed = ["list.csv", "--feed", "f", "--out", "1.bisik", "--seal-to", "bank.pub", "--memory", "20k"];
    sandbox.publish(&sealed).expect(0);
    sandbox.run(&["verify", "1.bisik", "--trust", "centre.pub", "--key", "bank.key"]).expect(0);
}

#[cfg(unix)]
#[test]
fn a_scratch_that_cannot_be_made_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::with_keys();
    sandbox.write("list.csv", list(5_000));
    let folder = sandbox.path("locked");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(folder.join("probe"), b"").is_ok() {
        println!("skipped: this user may write anywhere");
        return;
    }
    let refused = sandbox
        .publish(&[
            "list.csv",
            "--feed",
            "f",
            "--out",
            "locked/1.bisik",
            "--accept-enumeration",
            "phone",
            "--memory",
            "5k",
        ])
        .expect(2);
    assert!(refused.err.contains("--memory") && refused.err.contains("locked"), "{}", refused.err);
}

#[test]
fn threads_change_no_row_and_no_order() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("list.csv", list(5_000));
    sandbox.publish(&["list.csv", "--feed", "f", "--out", "f.bisik", "--accept-enumeration", "phone"]).expect(0);
    sandbox.write("rows.csv", list(60_000));
    sandbox.write("more.csv", list(100));
    let outcome = |threads: &str| {
        let annotated = format!("annotated{threads}.csv");
        let rejects = format!("rejects{threads}.csv");
        let arguments = ["match", "rows.csv", "--feed", "f.bisik", "--trust", "centre.pub", "--format", "csv"];
        let more = ["--threads", threads, "--rejects", &rejects, "--annotate", &annotated, "--show-values"];
        let run = sandbox.run(&[&arguments[..], &more].concat()).expect(0);
        (run.out, sandbox.text(&annotated), sandbox.text(&rejects))
    };
    let one = outcome("1");
    assert!(one.0.lines().count() > 3_000 && one.2.lines().count() > 10_000);
    for threads in ["2", "3", "9"] {
        assert!(outcome(threads) == one, "{threads}");
    }
    let two = |threads: &str| {
        let arguments =
            ["match", "rows.csv", "more.csv", "--feed", "f.bisik", "--trust", "centre.pub", "--format", "jsonl"];
        sandbox.run(&[&arguments[..], &["--threads", threads]].concat()).expect(0).out
    };
    assert!(two("1") == two("2"));
}
