//! Sightings over HTTP: a letter box that cannot read what is put into it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::thread;

use common::server::{Authority, Server, get, post, post_page};
use common::{Run, Sandbox, assert_absent};

/// A centre with a desk, a feed that names it, and the bank as a client of its server.
fn town() -> Sandbox {
    let sandbox = Sandbox::with_keys();
    sandbox.run(&["keygen", "--name", "The desk", "--out", "desk"]).expect(0);
    sandbox
        .publish(&["list.csv", "--feed", "f", "--out", "f.bisik", "--desk", "x", "--desk-card", "desk.pub"])
        .expect(0);
    sandbox.admit("bank", &[]);
    sandbox
}

fn serve(sandbox: &Sandbox, more: &[&str]) -> Server {
    let usual = ["--clients", "clients.toml", "--state-dir", "state", "--sightings-dir", "inbox"];
    Server::with(sandbox, &[&usual[..], more].concat())
}

const HIT: &str = "0123456789abcdef0123456789abcdef";

fn sight(sandbox: &Sandbox, more: &[&str]) -> Run {
    let usual = ["sight", "--hit", HIT, "--action", "frozen", "--reference", "CANARY-REF", "--feed", "f.bisik"];
    sandbox.run(&[&usual[..], &["--trust", "centre.pub", "--sign", "bank.sign"], more].concat())
}

fn files(sandbox: &Sandbox) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(sandbox.path("inbox"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_sent_lies_in_the_desks_folder_and_is_opened_elsewhere() {
    let sandbox = town();
    let authority = Authority::new();
    authority.write(&sandbox, "ca.pem");
    authority.issue(&sandbox, "server");
    let server = serve(&sandbox, &["--tls-cert", "server.pem", "--tls-key", "server.tls"]);
    let send = ["--send", &server.url, "--token-file", "bank.token", "--ca", "ca.pem"];
    let run = sight(&sandbox, &[&send[..], &["--seal-out", "copy"]].concat()).expect(0);
    assert!(run.err.contains("sent"), "{}", run.err);
    let names = files(&sandbox);
    assert_eq!(names.len(), 1);
    assert_eq!(sandbox.read(&format!("inbox/{}", names[0])), sandbox.read("copy"));
    #[cfg(unix)]
    assert_eq!(common::mode(&sandbox.path("inbox").join(&names[0])), 0o600);
    let json = sight(&sandbox, &[&send[..], &["--json"]].concat()).expect(0).json();
    assert_eq!(json["sent"], server.url);
    assert_eq!(files(&sandbox).len(), 2);
    let open = ["sightings", "inbox", "--feed", "f.bisik", "--trust", "centre.pub", "--members", "bank.pub"];
    let json = sandbox.run(&[&open[..], &["--key", "desk.key", "--state", "s", "--json"]].concat()).expect(0).json();
    assert_eq!((&json["counted"], &json["not_counted"][0]["reason"]), (&1.into(), &"same-day".into()));
    server.signal("TERM");
    let (code, log) = server.wait();
    assert_eq!(code, Some(0));
    assert!(log.contains("kept") && log.contains("The bank"), "{log}");
    assert_absent(log.as_bytes(), &[HIT, "CANARY"], "the log");
}

#[test]
fn the_same_bytes_are_kept_once_and_nothing_unfit_is_kept() {
    let sandbox = town();
    sight(&sandbox, &["--seal-out", "one"]).expect(0);
    let file = sandbox.read("one");
    let token = sandbox.text("bank.token");
    let server = serve(&sandbox, &["--plain"]);
    let send = |token: Option<&str>, body: &[u8]| post_page(&server.url, "v1/sightings", token, body).unwrap();
    for (token, body, status, kind) in [
        (None, file.as_slice(), 401, "unknown-client"),
        (Some("bisik_token_wrong"), &file, 401, "unknown-client"),
        (Some(token.as_str()), b"", 400, "not-sealed"),
        (Some(&token), b"age-encryption.org/v2\n", 400, "not-sealed"),
    ] {
        let answer = send(token, body);
        assert_eq!((answer.status, answer.kind().as_str()), (status, kind));
    }
    // The server does not wait for the rest of a body that is too long: the answer may be lost with the connection.
    let long = [b"age-encryption.org/v1\n".as_slice(), &vec![0; 1 << 18]].concat();
    if let Ok(answer) = post_page(&server.url, "v1/sightings", Some(&token), &long) {
        assert_eq!((answer.status, answer.kind().as_str()), (413, "limit-exceeded"));
    }
    assert!(files(&sandbox).is_empty());
    // Many at once, all of the same bytes.
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(send(Some(&token), &file).status, 200));
        }
    });
    let names = files(&sandbox);
    assert_eq!(names.len(), 1, "{names:?}");
    let digest = names[0].strip_suffix(".sighting").unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&send(Some(&token), &file).body).unwrap();
    assert_eq!((answer["digest"].as_str(), &answer["repeated"]), (Some(digest), &true.into()));
    let (status, page) = get(&format!("{}/metrics", server.url));
    assert_eq!(status, 200);
    for line in [
        "bisik_sightings_total{outcome=\"kept\"} 1",
        "bisik_sightings_total{outcome=\"repeated\"} 16",
        "bisik_sightings_total{outcome=\"unknown-client\"} 2",
        "bisik_sightings_total{outcome=\"limit-exceeded\"} 1",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
    // Killed and begun again, it still knows what it has.
    server.kill();
    assert_eq!(files(&sandbox), names);
    let server = serve(&sandbox, &["--plain"]);
    let answer = post_page(&server.url, "v1/sightings", Some(&token), &file).unwrap();
    assert!(String::from_utf8(answer.body).unwrap().contains("true"));
    assert_eq!(post(&server.url, Some(&token), &file).unwrap().status, 400, "it is no blind request");
}

#[test]
fn one_client_cannot_fill_the_folder() {
    let sandbox = town();
    let token = sandbox.text("bank.token");
    let server = serve(&sandbox, &["--plain"]);
    let body = |n: u32| format!("age-encryption.org/v1\n{n}").into_bytes();
    for n in 0..1_000 {
        assert_eq!(post_page(&server.url, "v1/sightings", Some(&token), &body(n)).unwrap().status, 200);
    }
    let answer = post_page(&server.url, "v1/sightings", Some(&token), &body(1_000)).unwrap();
    assert_eq!((answer.status, answer.kind().as_str()), (429, "limit-exceeded"));
    assert!(answer.retry_after.is_some());
    assert_eq!(post_page(&server.url, "v1/sightings", Some(&token), &body(0)).unwrap().status, 200);
}

#[test]
fn a_server_without_a_folder_takes_none() {
    let sandbox = Sandbox::with_blind_feed(0..3, &[]);
    let server = Server::start(&sandbox, &common::server::PLAIN);
    let answer = post_page(&server.url, "v1/sightings", Some(&sandbox.text("bank.token")), b"x").unwrap();
    assert_eq!((answer.status, answer.kind().as_str()), (404, "not-found"));
    let run =
        sandbox.run(&["serve", "--clients", "clients.toml", "--state-dir", "s", "--listen", "127.0.0.1:0", "--plain"]);
    assert!(run.code == 2 && run.err.contains("--feed <FEED>"), "{}", run.err);
}

#[test]
fn sending_fails_with_advice_and_the_file_is_still_there() {
    let sandbox = town();
    let server = serve(&sandbox, &["--plain"]);
    sandbox.secret("wrong.token", "bisik_token_wrong");
    let wrong = ["--send", &server.url, "--token-file", "wrong.token"];
    let run = sight(&sandbox, &[&wrong[..], &["--seal-out", "kept"]].concat()).refused("unknown-client");
    assert!(run.err.contains("the files are written"), "{}", run.err);
    assert!(sandbox.exists("kept"));
    sight(&sandbox, &["--send", "http://desk.example", "--token-file", "bank.token"]).refused("invalid-argument");
}
