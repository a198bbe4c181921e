//! Review logs of commands: what they hold, how they are checked, signed, mended and summed up.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{NOW, Sandbox, assert_absent};

/// A centre that publishes, withdraws and admits, and a bank that applies and trusts; one log each.
fn logged() -> Sandbox {
    let sandbox = Sandbox::with_feeds();
    let log = ["--log", "centre.log"];
    let publish = ["list.csv", "--feed", "f", "--out", "1.bisik"];
    sandbox.publish(&[&publish[..], &log].concat()).expect(0);
    sandbox.write("cleared.csv", "kind,value\ndomain,evil.example\n");
    let withdraw =
        ["withdraw", "cleared.csv", "--feed", "1.bisik", "--reason", "cleared", "--sign", "centre.sign", "--out"];
    let month_later = (NOW + 31 * 86_400).to_string();
    let late = ["2.bisik", "--delta", "2.delta", "--now", &month_later];
    sandbox.run(&[&withdraw[..], &late, &log].concat()).expect(0);
    sandbox
        .run(&[&["client", "add", "--clients", "c.toml", "--pub", "bank.pub", "--total", "500"], &log[..]].concat())
        .expect(0);
    let trust = ["trust", "add", "my.trust", "centre.pub", "--log", "bank.log"];
    sandbox.run(&trust).expect(0);
    let apply = [
        "apply",
        "1.bisik",
        "2.delta",
        "--out",
        "now.bisik",
        "--trust",
        "my.trust",
        "--log",
        "bank.log",
        "--now",
        &month_later,
    ];
    sandbox.run(&apply).expect(0);
    sandbox
}

#[test]
fn logs_hold_counts_and_no_values() {
    let sandbox = logged();
    for (name, entries) in [("centre.log", 4), ("bank.log", 3)] {
        assert_eq!(sandbox.run(&["log", "verify", name, "--json"]).expect(0).json()["entries"], entries, "{name}");
        assert_absent(
            &sandbox.read(name),
            &["evil.example", "worse", "203.0.113", "CASE-1", "The centre", "The bank"],
            name,
        );
    }
    let text = sandbox.text("centre.log");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["start", "publication", "withdrawal", "budget"]);
    assert_eq!((&lines[1]["counts"]["entries"], &lines[2]["counts"]["withdrawn"]), (&4.into(), &1.into()));
    assert_eq!(lines[3]["counts"]["in-all"], 500);
    #[cfg(unix)]
    assert_eq!(common::mode(&sandbox.path("centre.log")), 0o600);
}

#[test]
fn reports_sum_up_by_month_and_publisher() {
    let sandbox = logged();
    let report = |more: &[&str]| {
        sandbox.run(&[&["log", "report", "centre.log", "bank.log", "--trust", "centre.pub"], more].concat()).expect(0)
    };
    let rows = report(&["--format", "jsonl"]).json_lines();
    let row = |month: &str, event: &str| {
        rows.iter()
            .find(|row| row["month"] == month && row["event"] == event)
            .unwrap_or_else(|| panic!("{month} {event}"))
    };
    let publication = row("2027-01", "publication");
    assert_eq!((&publication["publisher"], &publication["counts"]["entries"]), (&"The centre".into(), &4.into()));
    assert_eq!(row("2027-02", "withdrawal")["counts"]["withdrawn"], 1);
    assert_eq!(row("2027-02", "apply")["counts"]["deltas"], 1);
    let february = report(&["--format", "jsonl", "--month", "2027-02"]).json_lines();
    assert!(february.iter().all(|row| row["month"] == "2027-02") && february.len() == 2, "{february:?}");
    let csv = report(&["--format", "csv"]).out;
    assert!(
        csv.starts_with("month,publisher,publisher_id,event,what,number\n")
            && csv.contains(",withdrawal,count:withdrawn,1\n")
    );
    let table = report(&[]).out;
    assert!(table.contains("The centre") && table.contains("withdrawn 1"), "{table}");
    let strangers = sandbox.run(&["log", "report", "centre.log"]).expect(0).out;
    assert!(strangers.contains('…') && strangers.lines().all(|line| line.chars().count() <= 100), "{strangers}");
    sandbox.run(&["log", "report", "centre.log", "--month", "2027-13"]).refused("invalid-argument");
}

#[test]
fn faults_are_named_and_heads_find_what_the_chain_cannot() {
    let sandbox = logged();
    let text = sandbox.text("centre.log");
    sandbox.run(&["log", "head", "centre.log", "--sign", "centre.sign", "--out", "a.head"]).expect(0);
    let against = |more: &[&str]| {
        sandbox.run(
            &[&["log", "verify", "altered.log", "--json", "--head", "a.head", "--trust", "centre.pub"], more].concat(),
        )
    };
    sandbox.write("altered.log", text.replace("\"withdrawn\":1", "\"withdrawn\":0"));
    let run = against(&[]).refused("broken-chain");
    assert_eq!(run.json()["error"]["position"], 3);
    assert!(run.err.contains("2 entries before entry 3 hold"), "{}", run.err);
    sandbox.write("altered.log", text.lines().take(3).map(|line| format!("{line}\n")).collect::<String>());
    sandbox.run(&["log", "verify", "altered.log"]).expect(0);
    against(&[]).refused("log-cut");
    sandbox.write("altered.log", &text);
    against(&[]).expect(0);
    sandbox.write("altered.log", "");
    against(&[]).refused("log-cut");
    // The head of another log, longer than this one.
    sandbox.write("altered.log", sandbox.text("bank.log"));
    assert_eq!(against(&[]).refused("broken-chain").json()["error"]["position"], 1);
    against(&["--trust", "stranger.pub"]).refused("broken-chain");
    let stranger = ["log", "verify", "centre.log", "--head", "a.head", "--trust", "stranger.pub"];
    sandbox.run(&stranger).refused("untrusted");
}

#[test]
fn torn_tails_are_told_and_mended() {
    let sandbox = logged();
    let whole = sandbox.read("bank.log");
    sandbox.write("bank.log", &whole[..whole.len() - 20]);
    let run = sandbox.run(&["log", "verify", "bank.log", "--json"]).refused("torn-tail");
    assert_eq!(run.json()["error"]["position"], 3);
    sandbox.run(&["log", "mend", "bank.log"]).expect(0);
    assert_eq!(sandbox.run(&["log", "verify", "bank.log", "--json"]).expect(0).json()["entries"], 3);
    assert!(sandbox.text("bank.log").lines().last().unwrap().contains("\"event\":\"mended\""));
    let mended = sandbox.read("bank.log");
    sandbox.run(&["log", "mend", "bank.log"]).expect(0);
    assert_eq!(sandbox.read("bank.log"), mended, "a whole log stays as it is");
    // The next entry mends as well.
    sandbox.write("bank.log", [&mended[..], b"{\"number\":4,"].concat());
    sandbox.run(&["trust", "add", "other.trust", "centre.pub", "--log", "bank.log"]).expect(0);
    assert_eq!(sandbox.run(&["log", "verify", "bank.log", "--json"]).expect(0).json()["entries"], 5);
    // What does not end like a log is not appended to, and the command does nothing.
    sandbox.write("bank.log", "no log\n");
    sandbox.run(&["trust", "add", "third.trust", "centre.pub", "--log", "bank.log"]).refused("broken-chain");
    assert!(!sandbox.exists("third.trust"));
}
