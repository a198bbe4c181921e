//! From one bank's hit to the centre's call list, on the command line.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{NOW, Run, Sandbox};
use serde_json::Value;

const LIST: &str = "kind,value,case\ndomain,a.example,C-1\ndomain,b.example,C-2\nemail,mule@c.example,C-3\n";

/// A centre with a desk of its own keys, two banks, and a feed sealed to both.
fn town() -> Sandbox {
    let sandbox = Sandbox::with_keys();
    for name in ["desk", "bank2"] {
        sandbox.run(&["keygen", "--name", &format!("The {name}"), "--out", name]).expect(0);
    }
    sandbox.write("list.csv", LIST);
    sandbox
        .publish(&[
            "list.csv",
            "--feed",
            "f",
            "--seal-to",
            "bank.pub",
            "--seal-to",
            "bank2.pub",
            "--out",
            "f.bisik",
            "--contact-name",
            "Duty officer",
            "--desk",
            "+65 0000 0000",
            "--hours",
            "day and night, UTC+8",
            "--desk-card",
            "desk.pub",
        ])
        .expect(0);
    sandbox
}

/// What a bank's own rows hit, as JSON Lines.
fn hits(sandbox: &Sandbox, bank: &str, rows: &str) -> Vec<Value> {
    sandbox.write("rows.txt", rows);
    let key = format!("{bank}.key");
    sandbox
        .run(&[
            "match",
            "rows.txt",
            "--kind",
            "email",
            "--feed",
            "f.bisik",
            "--trust",
            "centre.pub",
            "--key",
            &key,
            "--format",
            "jsonl",
        ])
        .expect(0)
        .json_lines()
}

fn sight(sandbox: &Sandbox, bank: &str, arguments: &[&str]) -> Run {
    let (key, sign) = (format!("{bank}.key"), format!("{bank}.sign"));
    let opening = ["--feed", "f.bisik", "--trust", "centre.pub", "--key", &key, "--sign", &sign];
    sandbox.run(&[&["sight"][..], arguments, &opening].concat())
}

fn sightings(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let opening = [
        "--feed",
        "f.bisik",
        "--trust",
        "centre.pub",
        "--members",
        "bank.pub",
        "--members",
        "bank2.pub",
        "--key",
        "desk.key",
        "--key",
        "centre.key",
        "--state",
        "desk.state",
    ];
    sandbox.run(&[&["sightings"][..], arguments, &opening].concat())
}

#[test]
fn inspect_says_whom_to_call_and_the_contact_is_kept() {
    let sandbox = town();
    let inspect =
        |file: &str| sandbox.run(&["inspect", file, "--trust", "centre.pub", "--key", "bank.key"]).expect(0).out;
    for text in ["Duty officer", "+65 0000 0000", "day and night", "bisik sight seals them to age1"] {
        assert!(inspect("f.bisik").contains(text), "{text}");
    }
    let next = ["list.csv", "--feed", "f", "--previous", "f.bisik", "--key", "centre.key", "--seal-to", "bank.pub"];
    sandbox.publish(&[&next[..], &["--out", "f2.bisik"]].concat()).expect(0);
    assert!(inspect("f2.bisik").contains("+65 0000 0000"));
    let run = sandbox.publish(&[&next[..], &["--out", "f3.bisik", "--desk", "desk@centre.example"]].concat()).expect(0);
    assert!(run.err.contains("cannot seal sightings"), "{}", run.err);
    assert!(inspect("f3.bisik").contains("no key to seal them to"));
    sandbox.publish(&[&next[..], &["--out", "f4.bisik", "--desk-card", "centre.sign"]].concat()).refused("bad-key");
}

#[test]
fn a_hit_becomes_a_line_of_the_call_list() {
    let sandbox = town();
    let found = hits(&sandbox, "bank", "mule@c.example\nnobody@d.example\n");
    let lines: String = found.iter().map(|hit| format!("{hit}\n")).collect();
    sandbox.write("hits.jsonl", lines);
    let run = sight(
        &sandbox,
        "bank",
        &[
            "hits.jsonl",
            "--action",
            "frozen",
            "--amount",
            "1250.50",
            "--currency",
            "SGD",
            "--reference",
            "B-17",
            "--seal-out",
            "one.sighting",
        ],
    );
    assert!(run.expect(0).err.contains("+65 0000 0000"));
    let second = hits(&sandbox, "bank2", "mule@c.example\n")[0]["hit_id"].as_str().unwrap().to_owned();
    sight(&sandbox, "bank2", &["--hit", &second, "--action", "reported", "--seal-out", "two.sighting"]).expect(0);
    assert_eq!(sandbox.read("one.sighting").len(), sandbox.read("two.sighting").len());
    let opening = ["one.sighting", "two.sighting", "--list", "list.csv", "--id", "case"];
    let json = sightings(&sandbox, &[&opening[..], &["--json"]].concat()).expect(0).json();
    let call = &json["calls"][0];
    assert_eq!((&json["counted"], call["list"]["id"].as_str()), (&Value::from(2), Some("C-3")));
    assert_eq!((call["score"].as_u64(), call["sightings"].as_u64()), (Some(80), Some(2)));
    assert_eq!(call["amounts"][0]["amount"], "1250.50 SGD");
    assert_eq!((&call["list"]["value"], &call["actions"]["frozen"]), (&Value::Null, &Value::from(1)));
    // Once more: nothing new, the same list, and everything that does not count is named.
    let again = sightings(&sandbox, &[&opening[..], &["--json"]].concat()).expect(0).json();
    assert_eq!((&again["counted"], &again["calls"]), (&Value::from(0), &json["calls"]));
    let reasons: Vec<&str> =
        again["not_counted"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["replayed", "replayed"]);
    // For people, and from the state alone.
    let table = sightings(&sandbox, &["--list", "list.csv", "--id", "case"]).expect(0).out;
    assert!(table.contains("C-3") && table.contains("The bank, The bank2") && !table.contains("mule@"), "{table}");
    assert!(sightings(&sandbox, &["--list", "list.csv", "--show-values"]).expect(0).out.contains("mule@c.example"));
    let csv = sightings(&sandbox, &["--list", "list.csv", "--format", "csv"]).expect(0).out;
    assert!(csv.starts_with("score,list_row,") && csv.contains("1250.50 SGD"), "{csv}");
    let run = sightings(&sandbox, &[]).expect(0);
    assert!(run.out.contains(&second) && run.err.contains("--list"), "{}{}", run.out, run.err);
    #[cfg(unix)]
    assert_eq!(common::mode(&sandbox.path("desk.state")), 0o600);
    common::assert_absent(&sandbox.read("desk.state"), &["mule@", "c.example"], "the state");
}

#[test]
fn lines_of_one_hit_and_day_become_one_sighting() {
    let sandbox = town();
    let hit = hits(&sandbox, "bank", "mule@c.example\n")[0]["hit_id"].as_str().unwrap().to_owned();
    let line = |more: &str| format!("{{\"hit_id\":\"{hit}\"{more}}}\n");
    let lines = [
        line(",\"action\":\"declined\",\"amount\":\"10.25\",\"currency\":\"MYR\",\"case\":\"X-1\""),
        line(",\"action\":\"frozen\",\"amount\":5,\"currency\":\"MYR\",\"reference\":\"the publisher's own\""),
        line(&format!(",\"time\":{}", NOW - 90_000)),
        line(",\"epoch\":2"),
        line(",\"feed\":\"other\""),
        line(&format!(",\"publisher\":\"{}\"", "ab".repeat(32))),
    ];
    sandbox.write("hits.jsonl", lines.concat());
    let out = ["hits.jsonl", "--action", "none", "--seal-out", "s", "--json"];
    let json = sight(&sandbox, "bank", &out).expect(0).json();
    assert_eq!((&json["sightings"], &json["lines"], &json["left_out"]), (&2.into(), &6.into(), &3.into()));
    let call = &sightings(&sandbox, &["s", "--json"]).expect(0).json()["calls"][0];
    assert_eq!((&call["amounts"][0]["minor"], &call["sightings"]), (&1_525.into(), &2.into()));
    assert_eq!((&call["actions"]["frozen"], &call["actions"]["none"]), (&1.into(), &1.into()));
    assert!(sandbox.text("desk.state").contains("X-1"));
    // More than fit one file.
    let many: String = (0..501).map(|n| format!("{{\"hit_id\":\"{n:032x}\"}}\n")).collect();
    sandbox.write("many.jsonl", many);
    let json =
        sight(&sandbox, "bank", &["many.jsonl", "--action", "none", "--seal-out", "m", "--json"]).expect(0).json();
    assert_eq!(json["out"], serde_json::json!(["m", "m.2"]));
    assert_eq!(sandbox.read("m").len(), sandbox.read("m.2").len());
    assert_eq!(sightings(&sandbox, &["m", "m.2", "--json"]).expect(0).json()["counted"], 501);
}

#[test]
fn what_cannot_be_told_says_why() {
    let sandbox = town();
    let hit = "0123456789abcdef0123456789abcdef";
    sight(&sandbox, "bank", &["--hit", hit, "--seal-out", "s"]).refused("invalid-argument");
    for (more, kind) in [
        (&["--amount", "1.234", "--currency", "SGD"][..], "invalid-claim"),
        (&["--reference", "say \"x\""], "invalid-claim"),
    ] {
        sight(&sandbox, "bank", &[&["--hit", hit, "--action", "none", "--seal-out", "s"][..], more].concat())
            .refused(kind);
    }
    sandbox.write("bad.jsonl", "{\"hit_id\":\"zz\"}\n");
    let run = sight(&sandbox, "bank", &["bad.jsonl", "--action", "none", "--seal-out", "s"]).refused("invalid-row");
    assert!(run.err.contains("line 1"), "{}", run.err);
    let mixed = format!(
        "{{\"hit_id\":\"{hit}\",\"amount\":1,\"currency\":\"SGD\"}}\n{{\"hit_id\":\"{hit}\",\"amount\":1,\"currency\":\"THB\"}}\n"
    );
    sandbox.write("mixed.jsonl", mixed);
    sight(&sandbox, "bank", &["mixed.jsonl", "--action", "none", "--seal-out", "s"]).refused("invalid-claim");
    sandbox.write("float.jsonl", format!("{{\"hit_id\":\"{hit}\",\"amount\":1.5,\"currency\":\"SGD\"}}\n"));
    sight(&sandbox, "bank", &["float.jsonl", "--action", "none", "--seal-out", "s"]).refused("invalid-claim");
    sandbox.write("other.jsonl", format!("{{\"hit_id\":\"{hit}\",\"feed\":\"g\"}}\n"));
    sight(&sandbox, "bank", &["other.jsonl", "--action", "none", "--seal-out", "s"]).refused("nothing-accepted");
    assert!(!sandbox.exists("s"));
    // A desk without a key is called.
    let next = ["list.csv", "--feed", "f", "--previous", "f.bisik", "--key", "centre.key", "--seal-to", "bank.pub"];
    sandbox
        .publish(&[&next[..], &["--out", "f.bisik", "--desk", "+65 1111 1111", "--hours", "9 to 17"]].concat())
        .expect(0);
    let run = sight(&sandbox, "bank", &["--hit", hit, "--action", "none", "--seal-out", "s"]).refused("no-desk");
    assert!(run.err.contains("call its contact: +65 1111 1111, 9 to 17"), "{}", run.err);
}

/// Whatever is refused or does not count is named, with its reason; nothing is lost.
#[test]
fn the_desk_names_what_it_does_not_count() {
    let sandbox = town();
    let hit = hits(&sandbox, "bank", "mule@c.example\n")[0]["hit_id"].as_str().unwrap().to_owned();
    sight(&sandbox, "bank", &["--hit", &hit, "--action", "none", "--seal-out", "good"]).expect(0);
    sight(&sandbox, "stranger", &["--hit", &hit, "--action", "none", "--seal-out", "forged"])
        .refused("no-matching-key");
    sandbox
        .run(&[
            "publish",
            "list.csv",
            "--sign",
            "stranger.sign",
            "--feed",
            "g",
            "--seal-to",
            "bank.pub",
            "--out",
            "g.bisik",
            "--desk-card",
            "desk.pub",
            "--desk",
            "x",
        ])
        .expect(0);
    let other = [
        "sight",
        "--hit",
        &hit,
        "--action",
        "none",
        "--feed",
        "g.bisik",
        "--trust",
        "stranger.pub",
        "--key",
        "bank.key",
    ];
    sandbox.run(&[&other[..], &["--sign", "bank.sign", "--seal-out", "wrong"]].concat()).expect(0);
    sandbox.run(&[&other[..], &["--sign", "stranger.sign", "--seal-out", "forged"]].concat()).expect(0);
    let old = (NOW - 40 * 86_400).to_string();
    sight(&sandbox, "bank2", &["--hit", &hit, "--action", "none", "--time", &old, "--seal-out", "old"]).expect(0);
    std::fs::create_dir(sandbox.path("inbox")).unwrap();
    for name in ["good", "wrong", "forged", "old"] {
        std::fs::rename(sandbox.path(name), sandbox.path(&format!("inbox/{name}"))).unwrap();
    }
    let torn = sandbox.read("inbox/good");
    sandbox.write("inbox/torn", &torn[..1_000]);
    sandbox.write("inbox/.bisik-half", b"half");
    sandbox.write("inbox/plain", b"nothing");
    let run = sightings(&sandbox, &["inbox", "--rejects", "rejects.csv"]).expect(0);
    let rejects = sandbox.text("rejects.csv");
    let mut lines: Vec<&str> = rejects.lines().skip(1).collect();
    lines.sort_unstable();
    let reasons: Vec<(&str, &str)> =
        lines.iter().map(|line| (line.split(',').next().unwrap(), line.rsplit(',').next().unwrap())).collect();
    assert_eq!(
        reasons,
        [
            ("inbox/forged", "untrusted"),
            ("inbox/old", "stale"),
            ("inbox/plain", "not-sealed"),
            ("inbox/torn", "cannot-open"),
            ("inbox/wrong", "wrong-feed"),
        ]
    );
    assert!(rejects.contains(&format!("inbox/old,1,The bank2,{hit},stale")), "{rejects}");
    assert!(run.err.contains("1 sighting new from 6 files"), "{}", run.err);
    for (_, reason) in reasons {
        assert!(run.err.contains(&format!("[{reason}]")), "{reason}: {}", run.err);
    }
    // A state of another feed is not written over.
    let before = sandbox.read("desk.state");
    sandbox
        .run(&[
            "sightings",
            "--feed",
            "g.bisik",
            "--trust",
            "stranger.pub",
            "--key",
            "stranger.key",
            "--state",
            "desk.state",
        ])
        .refused("wrong-feed");
    assert_eq!(sandbox.read("desk.state"), before);
    sandbox.write("desk.state", &before[..before.len() / 2]);
    sightings(&sandbox, &[]).refused("bad-manifest");
    sightings(&sandbox, &["inbox", "--list", "-"]).refused("invalid-argument");
}

/// Withdrawn entries are marked, so that nobody is called about an innocent one.
#[test]
fn a_withdrawn_entry_is_marked_in_the_call_list() {
    let sandbox = town();
    let hit = hits(&sandbox, "bank", "mule@c.example\n")[0]["hit_id"].as_str().unwrap().to_owned();
    sight(&sandbox, "bank", &["--hit", &hit, "--action", "none", "--seal-out", "s"]).expect(0);
    assert_eq!(sightings(&sandbox, &["s", "--json"]).expect(0).json()["calls"][0]["withdrawn"], Value::Null);
    sandbox.write("cleared.csv", "kind,value\nemail,mule@c.example\n");
    sandbox
        .run(&[
            "withdraw",
            "cleared.csv",
            "--feed",
            "f.bisik",
            "--reason",
            "cleared",
            "--sign",
            "centre.sign",
            "--key",
            "centre.key",
            "--seal-to",
            "bank.pub",
            "--out",
            "f.bisik",
        ])
        .expect(0);
    let json = sightings(&sandbox, &["--list", "list.csv", "--json"]).expect(0).json();
    assert_eq!(json["calls"][0]["withdrawn"], "2027-01-15");
}

/// The list of a blind feed is joined with the OPRF key, and with nothing else.
#[test]
fn a_blind_feeds_sightings_are_joined_with_its_key() {
    let sandbox = town();
    let blind = ["--protect", "blind", "--oprf-key", "b.oprf", "--desk-card", "desk.pub", "--desk", "x"];
    sandbox.publish(&[&["list.csv", "--feed", "b", "--out", "b.bisik"][..], &blind].concat()).expect(0);
    // Any hit id does: what the server would say is tested elsewhere.
    let feed = ["--feed", "b.bisik", "--trust", "centre.pub"];
    let hit = "00112233445566778899aabbccddeeff";
    let arguments = ["sight", "--hit", hit, "--action", "none", "--sign", "bank.sign", "--seal-out", "s"];
    sandbox.run(&[&arguments[..], &feed].concat()).expect(0);
    let open = ["sightings", "s", "--members", "bank.pub", "--key", "desk.key", "--state", "b.state"];
    let list = ["--list", "list.csv", "--json"];
    sandbox.run(&[&open[..], &feed, &list].concat()).refused("oprf-key-mismatch");
    let run = sandbox.run(&[&open[..], &feed, &list, &["--oprf-key", "b.oprf"]].concat()).expect(0);
    assert_eq!(run.json()["calls"][0]["hits"][0]["hit_id"], hit);
}
