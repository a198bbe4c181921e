//! A store's feeds are prepared by `pull` and `prepare`, and opened so by `match` and `check`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Run, Sandbox};

const TRUST: [&str; 4] = ["--trust", "centre.pub", "--key", "bank.key"];

/// A feed of so many domains, sealed to the bank.
fn publish(sandbox: &Sandbox, feed: &str, count: usize) {
    let list: String = (0..count).map(|n| format!("domain,d{n}.example\n")).collect();
    sandbox.write("list.csv", format!("kind,value\n{list}"));
    sandbox
        .publish(&["list.csv", "--feed", feed, "--out", &format!("{feed}.bisik"), "--seal-to", "bank.pub"])
        .expect(0);
}

fn with_trust(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    sandbox.run(&[arguments, &TRUST[..]].concat())
}

fn prepared(sandbox: &Sandbox) -> Vec<(String, String)> {
    let status = sandbox.run(&["status", "store", "--json"]).expect(0).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    status["feeds"].as_array().unwrap().iter().map(|row| (text(&row["feed"]), text(&row["prepared"]))).collect()
}

fn feed_file(sandbox: &Sandbox, end: &str) -> std::path::PathBuf {
    let names = std::fs::read_dir(sandbox.path("store/feeds")).unwrap();
    names.map(|name| name.unwrap().path()).find(|path| path.to_str().unwrap().ends_with(end)).unwrap()
}

fn looked_up(sandbox: &Sandbox, name: &str) -> Run {
    with_trust(sandbox, &["check", name, "--kind", "domain", "--store", "store"])
}

#[test]
fn a_long_feed_is_prepared_as_it_comes_and_a_short_one_when_asked() {
    let sandbox = Sandbox::with_keys();
    publish(&sandbox, "long", 66_000);
    publish(&sandbox, "short", 3);
    let pulled = ["pull", "long.bisik", "short.bisik", "--into", "store"];
    with_trust(&sandbox, &pulled).expect(0);
    let names =
        |long: &str, short: &str| vec![("long".to_owned(), long.to_owned()), ("short".to_owned(), short.to_owned())];
    assert_eq!(prepared(&sandbox), names("ready", "no"));
    assert!(sandbox.run(&["status", "store"]).expect(0).out.contains("ready"));
    let run = with_trust(&sandbox, &["prepare", "store"]).expect(0);
    assert!(run.out.contains("ready    long") && run.out.contains("prepared short"), "{}", run.out);
    assert_eq!(prepared(&sandbox), names("ready", "ready"));
    // Without the files, what was prepared alone can answer; with another key nothing can.
    for _ in 0..2 {
        std::fs::remove_file(feed_file(&sandbox, ".bisik")).unwrap();
    }
    looked_up(&sandbox, "d2.example").expect(0);
    looked_up(&sandbox, "d65999.example").expect(0);
    looked_up(&sandbox, "d66000.example").expect(1);
    let other = ["check", "d2.example", "--kind", "domain", "--store", "store", "--trust", "centre.pub"];
    sandbox.run(&other).expect(2);
}

#[test]
fn what_was_prepared_is_checked_and_mended() {
    let sandbox = Sandbox::with_keys();
    publish(&sandbox, "f", 66_000);
    with_trust(&sandbox, &["pull", "f.bisik", "--into", "store", "--no-prepare"]).expect(0);
    assert_eq!(prepared(&sandbox)[0].1, "no");
    let check = || sandbox.run(&["prepare", "store", "--check", "--key", "bank.key"]);
    assert!(check().expect(0).out.starts_with('-'));
    with_trust(&sandbox, &["prepare", "store"]).expect(0);
    assert!(check().expect(0).out.starts_with("ready"));
    let file = feed_file(&sandbox, ".prepared");
    let good = std::fs::read(&file).unwrap();
    // A byte of the index, then one of what every opening looks at.
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    std::fs::write(&file, &bad).unwrap();
    let run = check().expect(2);
    assert!(run.err.contains("[hash-mismatch]") && run.err.contains("--again"), "{}", run.err);
    assert!(with_trust(&sandbox, &["prepare", "store"]).expect(0).out.starts_with("ready"), "its seal is good");
    assert!(with_trust(&sandbox, &["prepare", "store", "--again"]).expect(0).out.starts_with("prepared"));
    check().expect(0);
    bad = good;
    bad[99] ^= 1;
    std::fs::write(&file, &bad).unwrap();
    assert_eq!(prepared(&sandbox)[0].1, "unusable");
    assert!(sandbox.run(&["status", "store"]).expect(0).out.contains("local-seal"));
    looked_up(&sandbox, "d65999.example").expect(0);
    assert!(with_trust(&sandbox, &["prepare", "store"]).expect(0).out.starts_with("prepared"));
    assert_eq!(prepared(&sandbox)[0].1, "ready");
    sandbox.run(&["prepare", "public", "--trust", "centre.pub"]).refused("not-a-store");
    sandbox.run(&["prepare", "store"]).expect(2);
}
