//! Each command that keeps something, as a scene: what is there before, and how to see that what is there afterwards is whole.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::server::{USUAL, number};
use crate::common::{NOW, Sandbox};
use crate::{Scene, play};

/// Commands that must succeed if this file is there.
fn sound(sandbox: &Sandbox, file: &str, arguments: &[&str]) {
    if sandbox.exists(file) {
        sandbox.run(arguments).expect(0);
    }
}

fn json(sandbox: &Sandbox, file: &str) -> Option<Value> {
    sandbox.exists(file).then(|| serde_json::from_str(&sandbox.text(file)).unwrap())
}

fn list(sandbox: &Sandbox, name: &str, from: u32, to: u32) {
    let rows: String = (from..to).map(|n| format!("domain,d{n}.example\n")).collect();
    sandbox.write(name, format!("kind,value\n{rows}"));
}

fn scene(sandbox: Sandbox, arguments: &[&'static str], targets: &'static [&'static str], whole: fn(&Sandbox)) -> Scene {
    Scene { sandbox, arguments: arguments.to_vec(), good: &[0], targets, whole, prints: false, again: &[] }
}

/// A version of a sealed feed is there; with `bank.key` it opens.
fn verify(sandbox: &Sandbox, file: &str) -> Option<u64> {
    let opening = ["verify", file, "--trust", "centre.pub", "--key", "bank.key", "--json"];
    sandbox.exists(file).then(|| sandbox.run(&opening).expect(0).json()["version"].as_u64().unwrap())
}

const SEALED: [&str; 6] = ["--feed", "f", "--seal-to", "bank.pub", "--key", "centre.key"];

/// Two versions, `1.bisik` and `2.bisik` with `2.delta`, sealed to the bank, which keeps the centre in `my.trust`.
fn two_versions() -> Sandbox {
    let sandbox = Sandbox::with_keys();
    list(&sandbox, "1.csv", 0, 50);
    list(&sandbox, "2.csv", 10, 60);
    sandbox.publish(&[&["1.csv", "--out", "1.bisik", "--records"], &SEALED[..]].concat()).expect(0);
    let next = ["2.csv", "--previous", "1.bisik", "--out", "2.bisik", "--delta", "2.delta", "--records"];
    sandbox.publish(&[&next[..], &SEALED].concat()).expect(0);
    sandbox.run(&["trust", "add", "my.trust", "centre.pub"]).expect(0);
    sandbox
}

#[test]
fn keygen() {
    play("keygen", || Scene {
        // What a killed run left is not overwritten: whose key is that?
        again: &["already-exists"],
        ..scene(
            Sandbox::new(),
            &["keygen", "--name", "A desk", "--out", "desk", "--roots", "1"],
            &["desk.sign", "desk.key", "desk.pub", "desk.root1"],
            |sandbox| {
                for secret in ["desk.sign", "desk.key", "desk.root1"] {
                    assert!(!sandbox.exists(secret) || crate::common::mode(&sandbox.path(secret)) == 0o600);
                    assert!(!sandbox.exists(secret) || sandbox.text(secret).ends_with('\n'));
                }
                if sandbox.exists("desk.pub") {
                    sandbox.run(&["trust", "add", "try.trust", "desk.pub"]).expect(0);
                    fs::remove_file(sandbox.path("try.trust")).unwrap();
                }
            },
        )
    });
}

#[test]
fn publish() {
    play("publish", || {
        let sandbox = Sandbox::with_keys();
        let arguments =
            ["publish", "list.csv", "--sign", "centre.sign", "--feed", "f", "--out", "f.bisik", "--records"];
        scene(sandbox, &arguments, &["f.bisik", "centre.sign.used"], |sandbox| {
            let used =
                json(sandbox, "centre.sign.used").map_or(0, |used| used["feeds"][0]["version"].as_u64().unwrap());
            assert!(verify(sandbox, "f.bisik").unwrap_or(0) <= used, "a version is out that was not stored as used");
        })
    });
}

/// Sealed, in place of the version before, with a delta and a line in the review log.
#[test]
fn publish_sealed() {
    play("publish the next version, sealed", || {
        let sandbox = two_versions();
        let mut arguments =
            vec!["publish", "1.csv", "--sign", "centre.sign", "--previous", "2.bisik", "--out", "2.bisik"];
        arguments.extend(["--delta", "3.delta", "--records", "--log", "review.log"]);
        arguments.extend(SEALED);
        scene(sandbox, &arguments, &["2.bisik", "3.delta", "centre.sign.used", "review.log"], |sandbox| {
            let used = json(sandbox, "centre.sign.used").unwrap()["feeds"][0]["version"].as_u64().unwrap();
            let version = verify(sandbox, "2.bisik").unwrap();
            assert!(version >= 2 && version <= used);
            log_is_whole(sandbox, "review.log");
        })
    });
}

/// A log verifies, or a crash left its last line incomplete; then the next entry, or `mend`, puts it in order.
pub(crate) fn log_is_whole(sandbox: &Sandbox, file: &str) {
    if !sandbox.exists(file) {
        return;
    }
    let run = sandbox.run(&["log", "verify", file, "--json"]);
    if run.code != 0 {
        let kind = run.json()["error"]["kind"].as_str().unwrap().to_owned();
        assert!(matches!(kind.as_str(), "torn-tail" | "truncated"), "{}", run.err);
        fs::copy(sandbox.path(file), sandbox.path("copy.log")).unwrap();
        sandbox.run(&["log", "mend", "copy.log"]).expect(0);
        sandbox.run(&["log", "verify", "copy.log"]).expect(0);
        fs::remove_file(sandbox.path("copy.log")).unwrap();
    }
}

#[test]
fn withdraw() {
    play("withdraw", || {
        let sandbox = two_versions();
        sandbox.write("gone.txt", "d20.example\n");
        let arguments = [
            "withdraw",
            "gone.txt",
            "--kind",
            "domain",
            "--feed",
            "2.bisik",
            "--reason",
            "cleared",
            "--sign",
            "centre.sign",
            "--key",
            "centre.key",
            "--seal-to",
            "bank.pub",
            "--out",
            "3.bisik",
            "--delta",
            "3.delta",
            "--retractions",
            "3.gone",
        ];
        scene(sandbox, &arguments, &["3.bisik", "3.delta", "3.gone", "centre.sign.used"], |sandbox| {
            assert!(verify(sandbox, "3.bisik").is_none_or(|version| version >= 3));
        })
    });
}

/// `apply` of a delta, remembered before it is used.
#[test]
fn apply() {
    play("apply", || {
        let arguments =
            ["apply", "1.bisik", "2.delta", "--out", "now.bisik", "--trust", "my.trust", "--key", "bank.key"];
        scene(two_versions(), &arguments, &["now.bisik", "my.trust.seen/history.json"], |sandbox| {
            let version = verify(sandbox, "now.bisik");
            assert!(version.is_none_or(|version| version == 2));
            if version.is_some() {
                assert_eq!(crate::common::mode(&sandbox.path("now.bisik")), 0o600);
                assert_eq!(remembered(sandbox), 2, "a version is in use that is not remembered");
            }
            remembered(sandbox);
        })
    });
}

fn remembered(sandbox: &Sandbox) -> u64 {
    let history = json(sandbox, "my.trust.seen/history.json");
    history.map_or(0, |history| history["feeds"][0]["version"].as_u64().unwrap())
}

/// A snapshot that is verified takes the place of the one that is remembered.
#[test]
fn verify_and_remember() {
    play("verify", || {
        let sandbox = two_versions();
        sandbox.run(&["verify", "1.bisik", "--trust", "my.trust", "--key", "bank.key"]).expect(0);
        let arguments = ["verify", "2.bisik", "--trust", "my.trust", "--key", "bank.key"];
        let made = scene(sandbox, &arguments, &["my.trust.seen/history.json"], |sandbox| {
            assert!((1..=2).contains(&remembered(sandbox)));
        });
        Scene { prints: true, ..made }
    });
}

/// Opens a sealed feed and looks rows up: only reads. No fault may turn a hit into none.
#[test]
fn open_and_match() {
    play("match", || {
        let sandbox = two_versions();
        sandbox.write("rows.txt", "d20.example\nd1.example\nd30.example\n");
        sandbox.write("policy.toml", "min_publishers = 1\n");
        let arguments = [
            "match",
            "rows.txt",
            "--kind",
            "domain",
            "--feed",
            "2.bisik",
            "--trust",
            "centre.pub",
            "--key",
            "bank.key",
            "--format",
            "jsonl",
            "--policy",
            "policy.toml",
        ];
        Scene { prints: true, ..scene(sandbox, &arguments, &[], |_| {}) }
    });
}

/// The same, with everything that `match` can write.
#[test]
fn match_and_remember() {
    play("match and remember", || {
        let sandbox = two_versions();
        sandbox.write("rows.csv", "domain,amount\nd20.example,5\nnot a domain,6\nd30.example,7\n");
        let arguments = [
            "match",
            "rows.csv",
            "--kind",
            "domain",
            "--column",
            "domain",
            "--feed",
            "2.bisik",
            "--trust",
            "my.trust",
            "--key",
            "bank.key",
            "--remember",
            "acted",
            "--annotate",
            "rows.out",
            "--rejects",
            "rows.bad",
        ];
        let targets = &["acted", "rows.out", "rows.bad", "my.trust.seen/history.json"];
        scene(sandbox, &arguments, targets, |sandbox| {
            for (file, lines) in [("acted", 2), ("rows.out", 4)] {
                assert!(!sandbox.exists(file) || sandbox.text(file).lines().count() == lines, "{file}");
            }
        })
    });
}

/// What may be found in a store: a version, the same in the state, in the log and in a look-up.
fn store_is_whole(sandbox: &Sandbox) {
    if !sandbox.exists("store/store.json") {
        return;
    }
    let look =
        ["check", "d20.example", "--kind", "domain", "--store", "store", "--trust", "my.trust", "--key", "bank.key"];
    let run = sandbox.run(&[&look[..], &["--json"]].concat());
    if run.code == 2 {
        let feeds = fs::read_dir(sandbox.path("store/feeds")).unwrap();
        let states =
            feeds.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "json")).count();
        assert_eq!(states, 0, "{}", run.err);
        return;
    }
    let version = run.json_lines()[0]["version"].as_u64().unwrap();
    assert!((1..=2).contains(&version), "{version}");
    assert!(sandbox.text("store/log.jsonl").contains(&format!("\"version\":{version},")), "in use, and not in the log");
    log_is_whole(sandbox, "store/log.jsonl");
}

fn offer(sandbox: &Sandbox, version: u32, index: bool) {
    fs::create_dir_all(sandbox.path("public")).unwrap();
    fs::copy(sandbox.path(&format!("{version}.bisik")), sandbox.path("public/f.bisik")).unwrap();
    if index {
        fs::copy(sandbox.path("2.delta"), sandbox.path("public/2.delta")).unwrap();
        sandbox.run(&["index", "public", "--trust", "centre.pub", "--key", "centre.key"]).expect(0);
    }
}

const PULL: [&str; 8] = ["pull", "public", "--into", "store", "--trust", "my.trust", "--key", "bank.key"];

#[test]
fn pull_first() {
    play("pull into a new store", || {
        let sandbox = two_versions();
        offer(&sandbox, 1, false);
        scene(sandbox, &PULL, &["store/store.json", "store/log.jsonl"], store_is_whole)
    });
}

#[test]
fn pull_snapshot() {
    play("pull a snapshot", || {
        let sandbox = two_versions();
        offer(&sandbox, 1, false);
        sandbox.run(&PULL).expect(0);
        offer(&sandbox, 2, false);
        scene(sandbox, &PULL, &["store/log.jsonl", "store/generation"], store_is_whole)
    });
}

#[test]
fn pull_delta() {
    play("pull a delta", || {
        let sandbox = two_versions();
        offer(&sandbox, 1, false);
        sandbox.run(&PULL).expect(0);
        offer(&sandbox, 2, true);
        scene(sandbox, &PULL, &["store/log.jsonl", "store/generation"], store_is_whole)
    });
}

/// What was prepared is there or not, and right: the feed is found, with it or without.
#[test]
fn prepare() {
    play("prepare", || {
        let sandbox = two_versions();
        offer(&sandbox, 2, false);
        sandbox.run(&[&PULL[..], &["--no-prepare"]].concat()).expect(0);
        let arguments = ["prepare", "store", "--trust", "my.trust", "--key", "bank.key"];
        scene(sandbox, &arguments, &["store/local.key"], |sandbox| {
            assert!(
                !sandbox.exists("store/local.key") || crate::common::mode(&sandbox.path("store/local.key")) == 0o600
            );
            let prepared = sandbox.run(&["status", "store", "--json"]).json()["feeds"][0]["prepared"].clone();
            assert!(prepared == "ready" || prepared == "no", "{prepared}");
            sandbox.run(&["prepare", "store", "--check", "--key", "bank.key"]).expect(0);
            store_is_whole(sandbox);
        })
    });
}

#[test]
fn index() {
    play("index", || {
        let sandbox = two_versions();
        offer(&sandbox, 2, false);
        let arguments = ["index", "public", "--trust", "centre.pub", "--key", "centre.key"];
        scene(sandbox, &arguments, &["public/feeds.json"], |sandbox| _ = json(sandbox, "public/feeds.json"))
    });
}

/// A publisher with roots, whose next card is signed by one.
fn with_roots() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(&["keygen", "--name", "Centre", "--out", "centre", "--roots", "1"]).expect(0);
    sandbox.run(&["trust", "add", "my.trust", "centre.pub"]).expect(0);
    sandbox.write("card", format!("{}sequence: 1\n", sandbox.text("centre.pub")));
    sandbox
}

#[test]
fn rotate() {
    play("rotate", || {
        let arguments = ["rotate", "card", "--root", "centre.root1", "--out", "1.rotation"];
        scene(with_roots(), &arguments, &["1.rotation"], |sandbox| {
            let store = sandbox.text("my.trust");
            sound(sandbox, "1.rotation", &["trust", "update", "my.trust", "1.rotation"]);
            sandbox.write("my.trust", store);
        })
    });
}

#[test]
fn trust_update() {
    play("trust update", || {
        let sandbox = with_roots();
        let now = (NOW - 1).to_string();
        sandbox.run(&["rotate", "card", "--root", "centre.root1", "--out", "1.rotation", "--now", &now]).expect(0);
        let arguments = ["trust", "update", "my.trust", "1.rotation", "--log", "review.log"];
        let made = scene(sandbox, &arguments, &["my.trust", "review.log"], |sandbox| {
            let sequence = json(sandbox, "my.trust").unwrap()["publishers"][0]["sequence"].as_u64().unwrap_or(0);
            assert!(sequence == 0 || sandbox.exists("review.log"), "it took effect before it was written down");
            log_is_whole(sandbox, "review.log");
        });
        Scene { again: &["rollback"], ..made }
    });
}

#[test]
fn trust_add() {
    play("trust add", || {
        let arguments = ["trust", "add", "my.trust", "stranger.pub"];
        let made = scene(two_versions(), &arguments, &["my.trust"], |sandbox| {
            let store = json(sandbox, "my.trust").unwrap();
            assert!((1..=2).contains(&store["publishers"].as_array().unwrap().len()));
        });
        Scene { again: &["already-exists"], ..made }
    });
}

#[test]
fn log_mend() {
    play("log mend", || {
        let sandbox = two_versions();
        sandbox.run(&["trust", "add", "other.trust", "centre.pub", "--log", "review.log"]).expect(0);
        sandbox.write("review.log", format!("{}{{\"torn", sandbox.text("review.log")));
        scene(sandbox, &["log", "mend", "review.log"], &["review.log"], |sandbox| log_is_whole(sandbox, "review.log"))
    });
}

fn blind() -> Sandbox {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    sandbox.write("rows.txt", format!("{}\n{}\n{}\n", number(1), number(2), number(3)));
    sandbox
}

const ASK: [&str; 8] = ["--feed", "phones.bisik", "--trust", "centre.pub", "--sign", "bank.sign", "--kind", "phone"];

#[test]
fn blind_request() {
    play("blind request", || {
        let mut arguments = vec!["blind", "request", "rows.txt", "--out", "r.req", "--state", "r.state"];
        arguments.extend(ASK);
        let made = scene(blind(), &arguments, &["r.req", "r.state"], |sandbox| {
            assert!(!sandbox.exists("r.state") || crate::common::mode(&sandbox.path("r.state")) == 0o600);
            assert!(!sandbox.exists("r.req") || sandbox.exists("r.state"), "a request that nobody can finish");
        });
        Scene { again: &["already-exists"], ..made }
    });
}

fn asked() -> Sandbox {
    let sandbox = blind();
    let request = ["blind", "request", "rows.txt", "--out", "r.req", "--state", "r.state", "--no-padding"];
    sandbox.run(&[&request[..], &ASK].concat()).expect(0);
    sandbox
}

/// The budget: never an answer that was not charged, and never charged twice.
#[test]
fn blind_answer() {
    play("blind answer", || {
        let mut arguments = vec!["blind", "answer", "r.req", "--out", "r.ans"];
        arguments.extend(USUAL);
        scene(asked(), &arguments, &["r.ans", "state/budgets.redb"], |sandbox| {
            let used = sandbox.used_or_zero();
            assert!(used == 3 || (used == 0 && !sandbox.exists("r.ans")), "{used}");
        })
    });
}

/// The same with a budget that is used in part: no fault makes it begin anew.
#[test]
fn blind_answer_again() {
    play("blind answer again", || {
        let sandbox = asked();
        sandbox.run(&[&["blind", "answer", "r.req", "--out", "first.ans"], &USUAL[..]].concat()).expect(0);
        let request = ["blind", "request", "more.txt", "--out", "r2.req", "--state", "r2.state", "--no-padding"];
        sandbox.write("more.txt", format!("{}\n{}\n", number(20), number(21)));
        sandbox.run(&[&request[..], &ASK].concat()).expect(0);
        let mut arguments = vec!["blind", "answer", "r2.req", "--out", "r2.ans"];
        arguments.extend(USUAL);
        scene(sandbox, &arguments, &["r2.ans", "state/budgets.redb"], |sandbox| {
            let used = sandbox.used_or_zero();
            assert!(used == 5 || (used == 3 && !sandbox.exists("r2.ans")), "{used}");
        })
    });
}

/// The desk's memory of earlier sightings outlives every fault.
#[test]
fn sightings_again() {
    play("sightings again", || {
        let sandbox = desk();
        sandbox.run(&SIGHT).expect(0);
        sandbox.run(&OPEN).expect(0);
        let hit = ["sight", "hits.jsonl", "--action", "reported", "--time", "2027-01-13T08:00:00Z"];
        sandbox.run(&[&hit[..], &SIGHT[4..12], &["--seal-out", "s2.sighting"]].concat()).expect(0);
        let mut arguments = OPEN.to_vec();
        arguments[1] = "s2.sighting";
        scene(sandbox, &arguments, &["desk.state", "review.log"], |sandbox| {
            let lines = sandbox.text("desk.state").lines().count();
            assert!(lines == 3 || lines == 5, "{lines}");
        })
    });
}

/// The state is used once: a run that printed its hits may have taken it.
#[test]
fn blind_finish() {
    play("blind finish", || {
        let sandbox = asked();
        sandbox.run(&[&["blind", "answer", "r.req", "--out", "r.ans"], &USUAL[..]].concat()).expect(0);
        let arguments =
            ["blind", "finish", "r.ans", "--state", "r.state", "--feed", "phones.bisik", "--trust", "centre.pub"];
        let made = scene(sandbox, &arguments, &["r.state"], |_| {});
        Scene { again: &["io"], ..made }
    });
}

#[test]
fn client_add() {
    play("client add", || {
        let arguments = ["client", "add", "--clients", "clients.toml", "--pub", "stranger.pub", "--log", "review.log"];
        let made = scene(blind(), &arguments, &["clients.toml", "review.log"], |sandbox| {
            let clients =
                sandbox.run(&["client", "list", "--clients", "clients.toml", "--json"]).expect(0).json_lines();
            assert!((1..=2).contains(&clients.len()));
            assert!(sandbox.text("clients.toml").contains("The bank"), "who was admitted is gone");
        });
        Scene { again: &["already-exists"], ..made }
    });
}

/// A feed with a desk, and two hits of a bank.
fn desk() -> Sandbox {
    let sandbox = Sandbox::with_keys();
    sandbox.write("list.csv", "kind,value,case\ndomain,a.example,C-1\ndomain,b.example,C-2\n");
    let mut arguments = vec!["list.csv", "--out", "f.bisik", "--desk", "+65 0000 0000", "--desk-card", "centre.pub"];
    arguments.extend(SEALED);
    sandbox.publish(&arguments).expect(0);
    sandbox.write("rows.txt", "a.example\nb.example\n");
    let find = [
        "match",
        "rows.txt",
        "--kind",
        "domain",
        "--feed",
        "f.bisik",
        "--trust",
        "centre.pub",
        "--key",
        "bank.key",
        "--format",
        "jsonl",
    ];
    let hits = sandbox.run(&find).expect(0).out;
    sandbox.write("hits.jsonl", hits);
    sandbox
}

const SIGHT: [&str; 14] = [
    "sight",
    "hits.jsonl",
    "--action",
    "frozen",
    "--feed",
    "f.bisik",
    "--trust",
    "centre.pub",
    "--key",
    "bank.key",
    "--sign",
    "bank.sign",
    "--seal-out",
    "s.sighting",
];

const OPEN: [&str; 14] = [
    "sightings",
    "s.sighting",
    "--feed",
    "f.bisik",
    "--trust",
    "centre.pub",
    "--members",
    "bank.pub",
    "--key",
    "centre.key",
    "--state",
    "desk.state",
    "--log",
    "review.log",
];

#[test]
fn sight() {
    play("sight", || {
        scene(desk(), &SIGHT, &["s.sighting"], |sandbox| {
            sound(sandbox, "s.sighting", &OPEN[..12]);
            _ = fs::remove_file(sandbox.path("desk.state"));
        })
    });
}

/// The desk's memory: counted once, whatever happens.
#[test]
fn sightings() {
    play("sightings", || {
        let sandbox = desk();
        sandbox.run(&SIGHT).expect(0);
        scene(sandbox, &OPEN, &["desk.state", "review.log"], |sandbox| {
            let state = sandbox.path("desk.state");
            if Path::exists(&state) {
                assert_eq!(crate::common::mode(&state), 0o600);
                let open = ["sightings", "--feed", "f.bisik", "--trust", "centre.pub", "--key", "centre.key"];
                sandbox.run(&[&open[..], &["--state", "desk.state"]].concat()).expect(0);
            }
            log_is_whole(sandbox, "review.log");
        })
    });
}

#[test]
fn compare() {
    play("compare", || {
        let sandbox = two_versions();
        let twin = ["2.csv", "--previous", "1.bisik", "--out", "twin.bisik", "--records", "--state", "other.used"];
        sandbox.publish(&[&twin[..], &SEALED].concat()).expect(0);
        let arguments =
            ["compare", "2.bisik", "twin.bisik", "--trust", "centre.pub", "--key", "bank.key", "--proof", "2.proof"];
        let made = scene(sandbox, &arguments, &["2.proof"], |sandbox| {
            if sandbox.exists("2.proof") {
                assert_eq!(sandbox.run(&["compare", "2.proof", "--trust", "centre.pub"]).code, 1);
            }
        });
        Scene { good: &[1], ..made }
    });
}
