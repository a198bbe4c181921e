//! Blind mode from end to end: over HTTPS, with client certificates, and as three files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::server::{Authority, PLAIN, Server, get, number, post};
use common::{Run, Sandbox, assert_absent};

/// Of 3,000 numbers every third is among the 5,000 listed.
const LISTED: u64 = 5_000;
const ASKED: u64 = 3_000;

fn rows() -> String {
    let of = |n: u64| if n.is_multiple_of(3) { n } else { 500_000 + n };
    (0..ASKED).map(|n| format!("{}\n", number(of(n)))).collect()
}

#[track_caller]
fn assert_exact(run: &Run) {
    let lines = run.json_lines();
    let hits: BTreeSet<u64> = lines.iter().map(|hit| hit["row"].as_u64().unwrap() - 1).collect();
    assert_eq!(hits, (0..ASKED).filter(|n| n.is_multiple_of(3)).collect());
    assert!(
        lines.iter().all(|hit| hit["note"] == format!("case {}", hit["row"].as_u64().unwrap() - 1)),
        "{}",
        lines[0]
    );
}

fn https(sandbox: &Sandbox) -> (Authority, Server) {
    let authority = Authority::new();
    authority.write(sandbox, "ca.pem");
    authority.issue(sandbox, "server");
    let server = Server::start(sandbox, &["--tls-cert", "server.pem", "--tls-key", "server.tls"]);
    (authority, server)
}

#[test]
fn https_and_files_find_exactly_what_is_listed() {
    let sandbox = Sandbox::with_blind_feed(0..LISTED, &["--per-day", "20000"]);
    sandbox.write("rows.txt", rows());
    let (_authority, server) = https(&sandbox);
    let run = sandbox.ask(&server.url, &["rows.txt", "--ca", "ca.pem", "--format", "jsonl"]).expect(0);
    assert_exact(&run);
    assert!(run.err.contains("this asks 3,000 blind queries (4,096 with padding)"), "{}", run.err);
    let exact =
        sandbox.ask(&server.url, &["rows.txt", "--ca", "ca.pem", "--format", "jsonl", "--no-padding"]).expect(0);
    assert_exact(&exact);
    assert_eq!(sandbox.used(), (7_096, 7_096));
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));

    // The same budget, through files.
    request(&sandbox, &["rows.txt", "--out", "r.req", "--state", "r.state"]).expect(0);
    #[cfg(unix)]
    assert_eq!(common::mode(&sandbox.path("r.state")), 0o600);
    answer(&sandbox, &["r.req", "--out", "r.ans"]).expect(0);
    assert_eq!(sandbox.used(), (11_192, 11_192));
    assert_exact(&finish(&sandbox, &["r.ans", "--state", "r.state", "--format", "jsonl"]).expect(0));
    assert!(!sandbox.exists("r.state"), "a state is used once");
}

fn request(sandbox: &Sandbox, more: &[&str]) -> Run {
    let usual = ["blind", "request", "--kind", "phone", "--feed", "phones.bisik", "--trust", "centre.pub"];
    sandbox.run(&[&usual[..], &["--sign", "bank.sign"], more].concat())
}

fn answer(sandbox: &Sandbox, more: &[&str]) -> Run {
    sandbox.run(&[&["blind", "answer"], &common::server::USUAL[..], more].concat())
}

fn finish(sandbox: &Sandbox, more: &[&str]) -> Run {
    sandbox.run(&[&["blind", "finish", "--feed", "phones.bisik", "--trust", "centre.pub"], more].concat())
}

#[test]
fn one_value_is_asked_like_many_and_repeated_values_once() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    let server = Server::start(&sandbox, &PLAIN);
    let value = number(3);
    let check = |value: &str| {
        let usual = ["check", value, "--kind", "phone", "--feed", "phones.bisik", "--trust", "centre.pub"];
        let asking = ["--blind", &server.url, "--sign", "bank.sign", "--token-file", "bank.token"];
        sandbox.run(&[&usual[..], &asking[..]].concat())
    };
    check(&value).expect(0);
    check(&number(77)).expect(1);
    assert_eq!(sandbox.used().0, 2);
    sandbox.write("rows.csv", format!("payee,tx\n{value},a\n{},b\n{value},c\nnonsense,d\n{value},e\n", number(77)));
    let run = sandbox.ask(&server.url, &["rows.csv", "--column", "payee", "--id", "tx", "--format", "jsonl"]).expect(0);
    let ids: Vec<_> = run.json_lines().iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ["a", "c", "e"]);
    assert!(run.err.contains("2 blind queries") && run.err.contains("1 row: 1 "), "{}", run.err);
    assert_eq!(sandbox.used().0, 4);
}

#[test]
fn a_blind_feed_is_not_matched_without_its_server() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    sandbox.write("rows.txt", number(1));
    let usual = ["rows.txt", "--kind", "phone", "--feed", "phones.bisik", "--trust", "centre.pub"];
    let run = sandbox.run(&[&["match"], &usual[..]].concat()).refused("blind-query-needed");
    assert!(run.err.contains("--blind") && run.err.contains("bisik blind request"), "{}", run.err);
    sandbox.run(&[&["match"], &usual[..], &["--blind", "https://127.0.0.1:1"]].concat()).expect(2);
    let asking = ["--sign", "bank.sign", "--blind"];
    for url in ["http://oprf.example:1", "oprf.example", "ftp://oprf.example"] {
        sandbox.run(&[&["match"], &usual[..], &asking[..], &[url]].concat()).refused("invalid-argument");
    }
}

#[test]
fn only_who_is_known_in_every_way_is_answered() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    sandbox.admit("stranger", &[]);
    let server = Server::start(&sandbox, &PLAIN);
    let matcher = sandbox.matcher();
    let ours = sandbox.request(&matcher, "bank", 0..3);
    let (bank, stranger) = (sandbox.text("bank.token"), sandbox.text("stranger.token"));
    let judged = |token: Option<&str>, body: &[u8]| {
        let answer = post(&server.url, token, body).unwrap();
        (answer.status, answer.kind())
    };
    assert_eq!(judged(None, &ours), (401, "unknown-client".to_owned()));
    assert_eq!(judged(Some("bisik_token_0000"), &ours), (401, "unknown-client".to_owned()));
    assert_eq!(judged(Some(&"x".repeat(5_000)), &ours), (401, "unknown-client".to_owned()));
    // The bank's request under the stranger's token, and the stranger's under the bank's.
    assert_eq!(judged(Some(&stranger), &ours), (403, "untrusted".to_owned()));
    assert_eq!(judged(Some(&bank), &sandbox.request(&matcher, "stranger", 0..3)), (403, "untrusted".to_owned()));
    assert_eq!(post(&server.url, Some(&bank), &ours).unwrap().status, 200);
    // A member that leaves is refused once the server has read the clients again.
    sandbox.run(&["client", "remove", "--clients", "clients.toml", "--pub", "bank.pub"]).expect(0);
    server.signal("HUP");
    server.await_log("clients were read again");
    assert_eq!(judged(Some(&bank), &ours), (401, "unknown-client".to_owned()));
    // A file that cannot be read changes nothing.
    sandbox.write("clients.toml", "[[client]]\nname = 5\n");
    server.signal("HUP");
    server.await_log("the clients stay as they were");
    let theirs = sandbox.request(&matcher, "stranger", 0..3);
    assert_eq!(post(&server.url, Some(&stranger), &theirs).unwrap().status, 200);
}

#[test]
fn certificates_are_demanded_and_pinned() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    sandbox.write("rows.txt", number(1));
    let (authority, foreign) = (Authority::new(), Authority::new());
    authority.write(&sandbox, "ca.pem");
    for name in ["server", "bank-tls", "other"] {
        authority.issue(&sandbox, name);
    }
    foreign.issue(&sandbox, "foreign");
    foreign.write(&sandbox, "foreign-ca.pem");
    sandbox.write("clients.toml", "");
    sandbox.admit("bank", &["--cert", "bank-tls.pem", "--no-token"]);
    let tls = ["--tls-cert", "server.pem", "--tls-key", "server.tls", "--client-ca", "ca.pem"];
    let server = Server::start(&sandbox, &tls);
    let ask = |more: &[&str]| {
        let usual = ["match", "rows.txt", "--kind", "phone", "--feed", "phones.bisik", "--trust", "centre.pub"];
        sandbox.run(&[&usual[..], &["--blind", &server.url, "--sign", "bank.sign"], more].concat())
    };
    ask(&["--ca", "ca.pem", "--tls-cert", "bank-tls.pem", "--tls-key", "bank-tls.tls"]).expect(0);
    let other = ask(&["--ca", "ca.pem", "--tls-cert", "other.pem", "--tls-key", "other.tls"]);
    other.refused("unknown-client");
    ask(&["--ca", "ca.pem"]).refused("io");
    ask(&["--ca", "ca.pem", "--tls-cert", "foreign.pem", "--tls-key", "foreign.tls"]).refused("io");
    // The other way round: a server whose certificate nobody vouches for gets no request.
    let before = sandbox.used();
    ask(&["--ca", "foreign-ca.pem", "--tls-cert", "bank-tls.pem", "--tls-key", "bank-tls.tls"]).refused("io");
    ask(&["--tls-cert", "bank-tls.pem", "--tls-key", "bank-tls.tls"]).refused("io");
    assert_eq!(sandbox.used(), before);
}

#[test]
fn a_server_without_tls_stays_on_this_machine_and_holds_no_other_keys() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    let serve = |feed: &str, key: &str, more: &[&str]| {
        let usual = ["serve", "--feed", feed, "--oprf-key", key, "--clients", "clients.toml", "--state-dir", "state"];
        sandbox.run(&[&usual[..], more].concat())
    };
    let local = ["--listen", "127.0.0.1:0", "--plain"];
    serve("phones.bisik", "phones.oprf", &["--listen", "0.0.0.0:0", "--plain"]).refused("invalid-argument");
    serve("phones.bisik", "phones.oprf", &["--listen", "127.0.0.1:0"]).refused("invalid-argument");
    for file in ["centre.sign", "centre.key"] {
        let run = serve("phones.bisik", file, &local).refused("bad-key");
        assert!(run.err.contains("holds a signing or recipient key"), "{}", run.err);
    }
    let both = sandbox.text("phones.oprf") + &sandbox.text("centre.sign");
    sandbox.secret("both.oprf", &both);
    serve("phones.bisik", "both.oprf", &local).refused("bad-key");
    sandbox.write("open.oprf", sandbox.text("phones.oprf"));
    #[cfg(unix)]
    serve("phones.bisik", "open.oprf", &local).refused("permissions");
    // Another feed's key, another epoch's, a salted feed, a feed of another publisher.
    sandbox
        .publish(&["list.csv", "--feed", "names", "--out", "names.bisik", "--protect", "blind", "--oprf-key", "n.oprf"])
        .expect(0);
    serve("phones.bisik", "n.oprf", &local).refused("bad-key");
    sandbox.publish(&["list.csv", "--feed", "open", "--out", "open.bisik"]).expect(0);
    serve("open.bisik", "phones.oprf", &local).refused("unsupported-token-scheme");
    serve("phones.bisik", "phones.oprf", &[&local[..], &["--trust", "stranger.pub"]].concat()).refused("untrusted");
    serve("phones.bisik", "phones.oprf", &[&local[..], &["--feed", "names.bisik"]].concat())
        .refused("invalid-argument");
    assert!(!sandbox.exists("state"), "nothing was begun");
}

#[test]
fn an_epochs_key_is_made_once_and_then_needed() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    let key = sandbox.text("phones.oprf");
    #[cfg(unix)]
    assert_eq!(common::mode(&sandbox.path("phones.oprf")), 0o600);
    let publish = |more: &[&str]| {
        let usual = ["phones.csv", "--feed", "phones", "--out", "v2.bisik", "--previous", "phones.bisik"];
        sandbox.publish(&[&usual[..], more].concat())
    };
    let blind = ["--protect", "blind", "--oprf-key"];
    publish(&[&blind[..], &["missing.oprf"]].concat()).refused("io");
    publish(&[&blind[..], &["phones.oprf"]].concat()).expect(0);
    assert_eq!(sandbox.text("phones.oprf"), key);
    // The epoch's protection stays; a new epoch has a new key in a new file.
    publish(&["--accept-enumeration", "phone"]).refused("oprf-key-mismatch");
    publish(&[&["--new-epoch"], &blind[..], &["phones.oprf"]].concat()).refused("oprf-key-mismatch");
    publish(&[&["--new-epoch", "--dry-run"], &blind[..], &["e2.oprf"]].concat()).expect(0);
    assert!(!sandbox.exists("e2.oprf"));
    publish(&[&["--new-epoch"], &blind[..], &["e2.oprf"]].concat()).expect(0);
    assert!(sandbox.text("e2.oprf").contains("epoch: 2"));
    // Arguments that do not go together.
    publish(&["--oprf-key", "phones.oprf"]).refused("invalid-argument");
    publish(&["--protect", "blind"]).refused("invalid-argument");
    // The refusal of enumerable kinds recommends it.
    let refused = sandbox.publish(&["phones.csv", "--feed", "x", "--out", "x.bisik"]).refused("enumerable");
    assert!(refused.err.contains("--protect blind --oprf-key"), "{}", refused.err);
}

#[test]
fn two_epochs_overlap_with_one_budget() {
    let sandbox = Sandbox::with_blind_feed(0..10, &["--per-day", "10"]);
    let old = sandbox.request(&sandbox.matcher(), "bank", 0..6);
    std::fs::copy(sandbox.path("phones.bisik"), sandbox.path("e1.bisik")).unwrap();
    let new = ["--previous", "e1.bisik", "--new-epoch", "--protect", "blind", "--oprf-key", "e2.oprf"];
    sandbox.publish(&[&["phones.csv", "--feed", "phones", "--out", "phones.bisik"], &new[..]].concat()).expect(0);
    let matcher = sandbox.matcher();
    let new = sandbox.request(&matcher, "bank", 0..6);
    let pairs = ["--feed", "e1.bisik", "--oprf-key", "phones.oprf", "--feed", "phones.bisik", "--oprf-key", "e2.oprf"];
    let rest = ["--clients", "clients.toml", "--state-dir", "state", "--plain"];
    let server = Server::with(&sandbox, &[&pairs[..], &rest[..]].concat());
    let token = sandbox.text("bank.token");
    assert_eq!(post(&server.url, Some(&token), &old).unwrap().status, 200);
    assert_eq!(post(&server.url, Some(&token), &new).unwrap().status, 429);
    assert_eq!(post(&server.url, Some(&token), &sandbox.request(&matcher, "bank", 0..4)).unwrap().status, 200);
    assert_eq!(sandbox.used(), (10, 10));
    let feeds: serde_json::Value = serde_json::from_str(&get(&format!("{}/v1/feeds", server.url)).1).unwrap();
    let epochs: Vec<_> =
        feeds["feeds"].as_array().unwrap().iter().map(|feed| feed["epoch"].as_u64().unwrap()).collect();
    assert_eq!(epochs, [1, 2]);
    drop(server);
    // An epoch that is not served any more.
    let server = Server::with(&sandbox, &[&pairs[4..], &rest[..]].concat());
    let gone = post(&server.url, Some(&token), &old).unwrap();
    assert_eq!((gone.status, gone.kind()), (409, "wrong-epoch".to_owned()));
}

#[test]
fn a_request_file_is_answered_for_who_is_known_and_for_nothing_twice() {
    let sandbox = Sandbox::with_blind_feed(0..10, &["--per-day", "10"]);
    let rows: String = (0..6).map(|n| format!("{}\n", number(n * 3))).collect();
    sandbox.write("rows.txt", &rows);
    request(&sandbox, &["rows.txt", "--out", "r.req", "--state", "r.state", "--no-padding"]).expect(0);
    // A state is never overwritten: it may belong to a request that is under way.
    request(&sandbox, &["rows.txt", "--out", "r2.req", "--state", "r.state"]).refused("already-exists");
    answer(&sandbox, &["r.req", "--out", "r.ans"]).expect(0);
    assert!(answer(&sandbox, &["r.req", "--out", "again.ans"]).expect(0).err.contains("free"));
    assert_eq!(sandbox.used().0, 6);
    request(&sandbox, &["rows.txt", "--out", "more.req", "--state", "more.state", "--no-padding"]).expect(0);
    let refused = answer(&sandbox, &["more.req", "--out", "more.ans"]).refused("budget-exhausted");
    assert!(refused.err.contains("again from 2027-01-16T00:00:00Z"), "{}", refused.err);
    assert!(!sandbox.exists("more.ans"));
    // Answers belong to their own states.
    finish(&sandbox, &["r.ans", "--state", "more.state"]).expect(2);
    assert!(sandbox.exists("more.state"), "an error leaves the state");
    let run = finish(&sandbox, &["again.ans", "--state", "r.state", "--format", "csv"]).expect(0);
    assert_eq!(run.out.lines().count(), 1 + 4, "{}", run.out);
    assert_absent(run.out.as_bytes(), &["8100000"], "the hits");
    finish(&sandbox, &["r.ans", "--state", "r.state"]).refused("io");
    // Strangers are not answered.
    sandbox.run(&["client", "remove", "--clients", "clients.toml", "--pub", "bank.pub"]).expect(0);
    answer(&sandbox, &["r.req", "--out", "x.ans"]).refused("unknown-client");
}

#[test]
fn states_and_answers_that_were_touched_are_refused() {
    let sandbox = Sandbox::with_blind_feed(0..4, &[]);
    sandbox.write("rows.txt", format!("{}\n{}\n", number(1), number(9)));
    request(&sandbox, &["rows.txt", "--out", "r.req", "--state", "r.state", "--show-values"]).expect(0);
    answer(&sandbox, &["r.req", "--out", "r.ans"]).expect(0);
    let (state, good) = (sandbox.read("r.state"), sandbox.read("r.ans"));
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        sandbox.write("bad.ans", &bad);
        finish(&sandbox, &["bad.ans", "--state", "r.state"]).expect(2);
    }
    for end in [0, 7, 17, 40, state.len() / 2, state.len() - 1] {
        sandbox.secret("cut.state", "");
        sandbox.write("cut.state", &state[..end]);
        finish(&sandbox, &["r.ans", "--state", "cut.state"]).expect(2);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |mode| std::fs::set_permissions(sandbox.path("r.state"), std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o640);
        finish(&sandbox, &["r.ans", "--state", "r.state"]).refused("permissions");
        mode(0o600);
    }
    assert_eq!(sandbox.read("r.state"), state);
    let run = finish(&sandbox, &["r.ans", "--state", "r.state", "--show-values", "--format", "jsonl"]).expect(0);
    assert!(run.out.contains(&number(1)), "{}", run.out);
}

#[test]
fn inspect_tells_who_can_learn_what_of_a_blind_feed() {
    let sandbox = Sandbox::with_blind_feed(0..4, &[]);
    let inspect = |more: &[&str]| {
        sandbox.run(&[&["inspect", "phones.bisik", "--trust", "centre.pub"], more].concat()).expect(0).out
    };
    let text = inspect(&[]);
    for part in ["public key ", "publisher's server", "may ask 900,000 in an epoch", "never the query"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Cost to reverse"), "{text}");
    assert!(inspect(&["--per-day", "1000", "--members", "20"]).contains("may ask 1,800,000"), "{text}");
}
