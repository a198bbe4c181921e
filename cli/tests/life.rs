//! The life of a feed on the command line: deltas, withdrawal, trust with memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{NOW, Sandbox};

const FIRST: &str = "kind,value,confidence\ndomain,a.example,50\ndomain,b.example,50\ndomain,c.example,50\n";
const SECOND: &str = "kind,value,confidence\ndomain,a.example,50\ndomain,c.example,90\ndomain,d.example,50\n";
const THIRD: &str = "kind,value,confidence\ndomain,c.example,90\ndomain,d.example,50\ndomain,e.example,50\n";

/// Three versions, sealed to the bank, with the deltas between them; the snapshots also open.
fn three_versions(sandbox: &Sandbox) {
    sandbox.write("1.csv", FIRST);
    sandbox.write("2.csv", SECOND);
    sandbox.write("3.csv", THIRD);
    let seal = ["--records", "--feed", "f", "--seal-to", "bank.pub"];
    sandbox.publish(&[&["1.csv", "--out", "1.bisik"][..], &seal].concat()).expect(0);
    for (list, previous, out, delta) in
        [("2.csv", "1.bisik", "2.bisik", "2.delta"), ("3.csv", "2.bisik", "3.bisik", "3.delta")]
    {
        let more = [list, "--previous", previous, "--key", "centre.key", "--out", out, "--delta", delta];
        let json = sandbox.publish(&[&more[..], &seal, &["--json"]].concat()).expect(0).json();
        assert_eq!(json["delta"], delta);
    }
}

#[test]
fn deltas_bring_a_member_up_to_date() {
    let sandbox = Sandbox::with_keys();
    three_versions(&sandbox);
    let opening = ["--trust", "centre.pub", "--key", "bank.key"];
    let run = sandbox.run(&[&["apply", "1.bisik", "2.delta", "3.delta", "--out", "now.bisik"][..], &opening].concat());
    assert!(run.expect(0).err.contains("readable by you alone"));
    #[cfg(unix)]
    assert_eq!(common::mode(&sandbox.path("now.bisik")), 0o600);
    let verified = |file: &str| {
        let arguments = [&["verify", file, "--json"][..], &opening].concat();
        let json = sandbox.run(&arguments).expect(0).json();
        (json["version"].clone(), json["digest"].clone())
    };
    assert_eq!(verified("now.bisik"), verified("3.bisik"));
    // The applied file is the base of the next one.
    let arguments = [&["apply", "1.bisik", "2.delta", "--out", "2.applied", "--json"][..], &opening].concat();
    assert_eq!(sandbox.run(&arguments).expect(0).json()["private"], true);
    let arguments = [&["apply", "2.applied", "3.delta", "--out", "2.applied"][..], &opening].concat();
    sandbox.run(&arguments).expect(0);
    assert_eq!(sandbox.read("2.applied"), sandbox.read("now.bisik"));
}

#[test]
fn deltas_out_of_line_are_refused_with_advice() {
    let sandbox = Sandbox::with_keys();
    three_versions(&sandbox);
    let apply = |files: &[&str], more: &[&str]| {
        let key = ["--key", "bank.key", "--trust", "centre.pub"];
        sandbox.run(&[&["apply"][..], files, &["--out", "now.bisik"], &key, more].concat())
    };
    let run = apply(&["1.bisik", "3.delta"], &[]).refused("snapshot-needed");
    assert!(run.err.contains("missing") && run.err.contains("3.delta"), "{}", run.err);
    apply(&["2.bisik", "2.delta"], &[]).refused("base-mismatch");
    apply(&["2.bisik", "3.bisik"], &[]).refused("not-a-feed");
    apply(&["2.delta", "3.delta"], &[]).refused("not-a-feed");
    let late = (NOW + 8 * 86_400).to_string();
    apply(&["1.bisik", "2.delta"], &["--now", &late]).refused("expired");
    assert!(!sandbox.exists("now.bisik"));
    sandbox.run(&["apply", "1.bisik", "2.delta", "--out", "x", "--trust", "centre.pub"]).refused("sealed");
    sandbox.run(&["apply", "1.bisik", "2.delta", "--out", "x", "--key", "bank.key"]).refused("invalid-argument");
    sandbox
        .publish(&[
            "1.csv",
            "--feed",
            "f",
            "--set",
            "fuse",
            "--previous",
            "3.bisik",
            "--key",
            "centre.key",
            "--seal-to",
            "bank.pub",
            "--out",
            "4.bisik",
            "--delta",
            "4.delta",
        ])
        .refused("snapshot-needed");
    assert!(!sandbox.exists("4.bisik") && !sandbox.exists("4.delta"));
}
