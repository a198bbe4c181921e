//! T30: a process that is killed anywhere leaves the old state or the new one, never a torn one, and never goes back.
//!
//! Each command is killed 20 times here; `cargo xtask crash` sets `BISIK_CRASHES` to 200.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(unix)]

mod common;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{NOW, Sandbox};
use serde_json::Value;

fn times() -> u32 {
    std::env::var("BISIK_CRASHES").ok().map_or(20, |times| times.parse().unwrap())
}

/// Kills a command after times that are spread over how long it takes, until it was killed so often under way; `check` looks at what is
/// left, and whether it was killed.
fn kill_often(sandbox: &Sandbox, arguments: &dyn Fn(u32) -> Vec<String>, check: &mut dyn FnMut(u32, bool)) {
    let start = |turn: u32| {
        let arguments = arguments(turn);
        Command::new(env!("CARGO_BIN_EXE_bisik"))
            .args(["--now", &(NOW + u64::from(turn)).to_string()])
            .args(arguments)
            .current_dir(sandbox.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut whole = Duration::MAX;
    for turn in 0..3 {
        let mut child = start(turn);
        let began = Instant::now();
        assert!(child.wait().unwrap().success());
        whole = whole.min(began.elapsed());
        check(turn, false);
    }
    let (mut random, mut killed, mut turn) = (0x9E37_79B9_7F4A_7C15_u64, 0, 2);
    while killed < times() {
        turn += 1;
        assert!(turn < 20 * times(), "it ends before it is killed: the test shows nothing");
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (random >> 33) as f64 / f64::from(u32::MAX >> 1);
        let mut child = start(turn);
        std::thread::sleep(whole.mul_f64(share));
        let done = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        killed += u32::from(!done);
        check(turn, !done);
    }
    println!("killed under way {killed} times in {turn} turns of about {whole:?}");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn verified(sandbox: &Sandbox, file: &str, trust: &str) -> Value {
    let now = (NOW + 1_000).to_string();
    sandbox.run(&["verify", file, "--trust", trust, "--json", "--now", &now]).expect(0).json()
}

fn list(sandbox: &Sandbox, name: &str, from: u32) {
    let mut text = "kind,value\n".to_owned();
    for number in from..from + 3_000 {
        writeln!(text, "domain,d{number}.example").unwrap();
    }
    sandbox.write(name, text);
}

#[test]
fn publish() {
    let sandbox = Sandbox::with_keys();
    list(&sandbox, "a.csv", 0);
    sandbox.publish(&["a.csv", "--feed", "f", "--out", "f.bisik"]).expect(0);
    let arguments = |_| {
        words(&[
            "publish",
            "a.csv",
            "--sign",
            "centre.sign",
            "--feed",
            "f",
            "--previous",
            "f.bisik",
            "--out",
            "f.bisik",
            "--delta",
            "f.delta",
        ])
    };
    let mut last = 1;
    let mut signed: HashMap<u64, Value> = HashMap::new();
    let mut check = |_, _| {
        let json = verified(&sandbox, "f.bisik", "centre.pub");
        let version = json["version"].as_u64().unwrap();
        assert!(version >= last, "the feed went back from {last} to {version}");
        last = version;
        let before = signed.entry(version).or_insert_with(|| json["digest"].clone());
        assert_eq!(*before, json["digest"], "version {version} was signed twice");
        let used: Value = serde_json::from_str(&sandbox.text("centre.sign.used")).unwrap();
        assert!(
            used["feeds"][0]["version"].as_u64().unwrap() >= version,
            "a version is out that was not stored as used"
        );
    };
    kill_often(&sandbox, &arguments, &mut check);
}

#[test]
fn apply() {
    let sandbox = Sandbox::with_keys();
    list(&sandbox, "a.csv", 0);
    list(&sandbox, "b.csv", 1_000);
    sandbox.publish(&["a.csv", "--feed", "f", "--out", "1.bisik"]).expect(0);
    let next = ["b.csv", "--feed", "f", "--previous", "1.bisik", "--out", "2.bisik", "--delta", "2.delta"];
    sandbox.publish(&next).expect(0);
    let (first, second) = (sandbox.read("1.bisik"), sandbox.read("2.bisik"));
    let arguments =
        |_| words(&["apply", "now.bisik", "2.delta", "--out", "now.bisik", "--trust", "centre.pub", "--state", "seen"]);
    sandbox.write("now.bisik", &first);
    let mut old = 0;
    let mut check = |_, _| {
        let now = sandbox.read("now.bisik");
        assert!(now == first || now == second, "torn");
        old += u32::from(now == first);
        let history = std::fs::read_to_string(sandbox.path("seen/history.json")).ok();
        let history = history.map(|text| serde_json::from_str::<Value>(&text).unwrap());
        let remembered = history.map_or(0, |history| history["feeds"][0]["version"].as_u64().unwrap());
        assert!(now == first || remembered == 2, "a version is in use that is not remembered");
        // The next turn begins where this one did, and remembers nothing.
        sandbox.write("now.bisik", &first);
        _ = std::fs::remove_dir_all(sandbox.path("seen"));
    };
    kill_often(&sandbox, &arguments, &mut check);
    println!("{old} times the old version was left");
}

#[test]
fn trust_update() {
    let sandbox = Sandbox::new();
    sandbox.run(&["keygen", "--name", "Centre", "--out", "centre", "--roots", "1"]).expect(0);
    sandbox.run(&["trust", "add", "my.trust", "centre.pub"]).expect(0);
    let card = sandbox.text("centre.pub");
    let now = (NOW - 1).to_string();
    let arguments = |turn: u32| {
        sandbox.write("card", format!("{card}sequence: {}\n", turn + 1));
        let out = format!("{turn}.rotation");
        sandbox.run(&["rotate", "card", "--root", "centre.root1", "--out", &out, "--now", &now]).expect(0);
        words(&["trust", "update", "my.trust", &out])
    };
    let mut last = 0;
    let mut check = |turn: u32, killed: bool| {
        let store: Value = serde_json::from_str(&sandbox.text("my.trust")).unwrap();
        let sequence = store["publishers"][0]["sequence"].as_u64().unwrap();
        assert!(sequence >= last, "trust went back from {last} to {sequence}");
        assert!(killed || sequence == u64::from(turn) + 1, "an update that ended well is not there");
        sandbox.run(&["trust", "show", "my.trust"]).expect(0);
        last = sequence;
    };
    kill_often(&sandbox, &arguments, &mut check);
}

/// The memory of a subscriber that verifies ever newer versions.
#[test]
fn memory() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("a.csv", "kind,value\ndomain,a.example\n");
    sandbox.publish(&["a.csv", "--feed", "f", "--out", "0.bisik"]).expect(0);
    let arguments = |turn: u32| {
        let out = format!("{turn}.bisik");
        if turn > 0 {
            let previous = format!("{}.bisik", turn - 1);
            sandbox.publish(&["a.csv", "--feed", "f", "--previous", &previous, "--out", &out]).expect(0);
        }
        words(&["verify", &out, "--trust", "centre.pub", "--state", "seen"])
    };
    let mut last = 0;
    let mut check = |turn: u32, killed: bool| {
        let text = std::fs::read_to_string(sandbox.path("seen/history.json"));
        let Ok(text) = text else { return assert!(killed && last == 0) };
        let history: Value = serde_json::from_str(&text).unwrap();
        let version = history["feeds"][0]["version"].as_u64().unwrap();
        assert!(version >= last, "the memory went back");
        assert!(killed || version == u64::from(turn) + 1, "a version was used that is not remembered");
        last = version;
    };
    kill_often(&sandbox, &arguments, &mut check);
}

/// A store that is pulled into, ever newer versions, and its log: old or new, never back, and the log names every version that is in use.
#[test]
fn pull() {
    let sandbox = Sandbox::with_keys();
    list(&sandbox, "a.csv", 0);
    sandbox.publish(&["a.csv", "--feed", "f", "--out", "0.bisik"]).expect(0);
    std::fs::create_dir(sandbox.path("public")).unwrap();
    let arguments = |turn: u32| {
        let (out, delta) = (format!("{turn}.bisik"), format!("public/{turn}.delta"));
        if turn > 0 {
            let previous = format!("{}.bisik", turn - 1);
            let next = ["a.csv", "--feed", "f", "--previous", &previous, "--out", &out, "--delta", &delta];
            sandbox.publish(&next).expect(0);
        }
        std::fs::copy(sandbox.path(&out), sandbox.path("public/f.bisik")).unwrap();
        // Every other time by deltas, where they lead there.
        if turn.is_multiple_of(2) {
            sandbox.run(&["index", "public", "--trust", "centre.pub"]).expect(0);
        } else {
            _ = std::fs::remove_file(sandbox.path("public/feeds.json"));
        }
        words(&["pull", "public", "--into", "store", "--trust", "centre.pub"])
    };
    let (mut last, mut torn) = (0, 0);
    let mut check = |turn: u32, killed: bool| {
        if !sandbox.exists("store/store.json") {
            return assert!(killed && last == 0);
        }
        let now = (NOW + 1_000).to_string();
        let look = ["check", "d1.example", "--kind", "domain", "--store", "store", "--trust", "centre.pub", "--json"];
        let run = sandbox.run(&[&look[..], &["--now", &now]].concat());
        if run.code == 2 {
            return assert!(killed && last == 0, "the store cannot be used: {}", run.err);
        }
        let version = run.json_lines()[0]["version"].as_u64().unwrap();
        assert!(version >= last, "the store went back from {last} to {version}");
        assert!(killed || version == u64::from(turn) + 1, "a version that was pulled is not in use");
        last = version;
        let verify = sandbox.run(&["log", "verify", "store/log.jsonl"]);
        if verify.code != 0 {
            assert!(killed && verify.err.contains("[torn-tail]"), "{}", verify.err);
            torn += 1;
        }
        let log = sandbox.text("store/log.jsonl");
        assert!(log.contains(&format!("\"version\":{version},")), "a version is in use that the log does not name");
    };
    kill_often(&sandbox, &arguments, &mut check);
    println!("{torn} times the log was torn");
    sandbox
        .run(&["pull", "public", "--into", "store", "--trust", "centre.pub", "--now", &(NOW + 1_000).to_string()])
        .expect(0);
    sandbox.run(&["log", "verify", "store/log.jsonl"]).expect(0);
}

/// A log that is appended to: it verifies or has a torn tail, which the next entry mends; no entry that was told is lost.
#[test]
fn log() {
    let sandbox = Sandbox::with_keys();
    let arguments = |turn: u32| {
        let name = format!("store{turn}.trust");
        words(&["trust", "add", &name, "centre.pub", "--log", "review.log"])
    };
    let mut count = 0;
    let mut check = |turn: u32, killed: bool| {
        let done = sandbox.exists(&format!("store{turn}.trust"));
        assert!(killed || done);
        if !sandbox.exists("review.log") {
            return assert!(!done, "it took effect before it was written down");
        }
        let run = sandbox.run(&["log", "verify", "review.log", "--json"]);
        if run.code != 0 {
            assert!(killed && !done, "{}", run.err);
            let kind = run.json()["error"]["kind"].as_str().unwrap().to_owned();
            return assert!(kind == "torn-tail" || (kind == "truncated" && count == 0), "{}", run.err);
        }
        let entries = run.json()["entries"].as_u64().unwrap();
        assert!(entries >= count && (!done || entries > count), "an entry is missing");
        count = entries;
    };
    kill_often(&sandbox, &arguments, &mut check);
    sandbox.run(&["trust", "add", "last.trust", "centre.pub", "--log", "review.log"]).expect(0);
    sandbox.run(&["log", "verify", "review.log"]).expect(0);
}

/// A store whose feed is prepared again and again: what is there opens, and says what the feed says.
#[test]
fn prepare() {
    let sandbox = Sandbox::with_keys();
    list(&sandbox, "a.csv", 0);
    sandbox.publish(&["a.csv", "--feed", "f", "--out", "f.bisik", "--seal-to", "bank.pub"]).expect(0);
    let trust = ["--trust", "centre.pub", "--key", "bank.key"];
    sandbox.run(&[&["pull", "f.bisik", "--into", "store", "--no-prepare"], &trust[..]].concat()).expect(0);
    let arguments = |_| words(&[&["prepare", "store", "--again"], &trust[..]].concat());
    let now = (NOW + 1_000).to_string();
    let mut states = HashMap::new();
    let mut check = |turn: u32, killed: bool| {
        let look = ["check", "d2999.example", "--kind", "domain", "--store", "store", "--now", &now];
        sandbox.run(&[&look[..], &trust].concat()).expect(0);
        let status = sandbox.run(&["status", "store", "--json", "--now", &now]).json();
        let prepared = status["feeds"][0]["prepared"].as_str().unwrap().to_owned();
        assert!(prepared == "ready" || (killed && prepared == "no"), "{prepared}");
        sandbox.run(&["prepare", "store", "--check", "--key", "bank.key", "--now", &now]).expect(0);
        *states.entry(prepared).or_insert(0) += 1;
        // Every other turn begins with nothing prepared.
        if turn.is_multiple_of(2) {
            for entry in std::fs::read_dir(sandbox.path("store/feeds")).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|ending| ending == "prepared") {
                    std::fs::remove_file(path).unwrap();
                }
            }
        }
    };
    kill_often(&sandbox, &arguments, &mut check);
    println!("what was prepared: {states:?}");
}
