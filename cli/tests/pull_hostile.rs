//! `pull` against servers that are hostile, broken or slow: bounded, nothing half-written, the old feed in use, the fault named.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::HashSet;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::web::{Request, Web, answer, head, serve};
use common::{NOW, Run, Sandbox};

/// A store with version 2 of an open feed, and versions 1 to 3 as files.
fn stocked() -> Sandbox {
    let sandbox = Sandbox::with_keys();
    for version in 1..=3 {
        sandbox.write("list.csv", format!("kind,value\ndomain,always.example\ndomain,v{version}.example\n"));
        let (out, previous) = (format!("v{version}.bisik"), format!("v{}.bisik", version - 1));
        let mut arguments = vec!["list.csv", "--feed", "f", "--out", &out];
        if version > 1 {
            arguments.extend(["--previous", &previous]);
        }
        sandbox.publish(&arguments).expect(0);
    }
    pull(&sandbox, &["v2.bisik"]).expect(0);
    sandbox
}

fn pull(sandbox: &Sandbox, more: &[&str]) -> Run {
    sandbox.run(&[&["pull", "--into", "store", "--trust", "centre.pub", "--json"], more].concat())
}

/// The version in use, of a store with no other file than those of whole feeds.
fn whole(sandbox: &Sandbox) -> u64 {
    let names: Vec<String> = std::fs::read_dir(sandbox.path("store/feeds"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "a file and its state: {names:?}");
    let check = ["check", "always.example", "--kind", "domain", "--store", "store", "--trust", "centre.pub", "--json"];
    sandbox.run(&check).expect(0).json_lines()[0]["version"].as_u64().unwrap()
}

/// What one answer is called, and what writes it.
type Fault = (&'static str, &'static str, fn(&Request, &mut TcpStream, &[u8]));

const FAULTS: &[Fault] = &[
    ("endless", "limit-exceeded", |_, stream, _| {
        head(stream, "200 OK", &[("transfer-encoding", "chunked")]);
        while stream.write_all(b"1000\r\n").is_ok() && stream.write_all(&[b'x'; 0x1000]).is_ok() {
            if stream.write_all(b"\r\n").is_err() {
                break;
            }
        }
    }),
    ("announced-endless", "limit-exceeded", |_, stream, _| {
        head(stream, "200 OK", &[("content-length", "9999999999999")]);
        _ = stream.write_all(b"bisik");
    }),
    ("longer-than-it-says", "truncated", |_, stream, body| {
        // The head of the answer cuts the feed: what is left of it is not read.
        head(stream, "200 OK", &[("content-length", &(body.len() - 100).to_string())]);
        _ = stream.write_all(body);
    }),
    ("shorter-than-it-says", "truncated", |_, stream, body| {
        head(stream, "200 OK", &[("content-length", &(body.len() + 100).to_string())]);
        _ = stream.write_all(body);
    }),
    ("silent", "timed-out", |_, _, _| std::thread::sleep(Duration::from_secs(30))),
    ("stops", "timed-out", |_, stream, body| {
        head(stream, "200 OK", &[("content-length", &body.len().to_string())]);
        _ = stream.write_all(&body[..500]);
        std::thread::sleep(Duration::from_secs(30));
    }),
    ("drips", "timed-out", |_, stream, body| {
        head(stream, "200 OK", &[("content-length", &body.len().to_string())]);
        for byte in body {
            if stream.write_all(&[*byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }),
    ("endless-head", "unreachable", |_, stream, _| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n").is_ok() {}
    }),
    ("not-http", "unreachable", |_, stream, _| _ = stream.write_all(b"220 mail.example ESMTP\r\n")),
    ("304-unasked", "bad-answer", |_, stream, _| head(stream, "304 Not Modified", &[])),
    ("206-unasked", "bad-answer", |_, stream, body| {
        answer(stream, "206 Partial Content", &[("content-range", "bytes 0-9/10")], body);
    }),
    ("compressed", "bad-answer", |_, stream, body| answer(stream, "200 OK", &[("content-encoding", "gzip")], body)),
    ("gone", "bad-answer", |_, stream, _| answer(stream, "404 Not Found", &[], b"no")),
    ("busy", "unreachable", |_, stream, _| answer(stream, "503 Service Unavailable", &[], b"no")),
    ("loop", "bad-redirect", |_, stream, _| answer(stream, "302 Found", &[("location", "/loop")], b"")),
    ("to-file", "bad-redirect", |_, stream, _| answer(stream, "302 Found", &[("location", "file:///etc/passwd")], b"")),
    ("to-password", "bad-redirect", |_, stream, _| {
        answer(stream, "302 Found", &[("location", "http://a:b@127.0.0.1/")], b"");
    }),
    ("to-nowhere", "bad-redirect", |_, stream, _| answer(stream, "301 Moved Permanently", &[], b"")),
    ("a-page", "not-a-feed", |_, stream, _| answer(stream, "200 OK", &[], b"<html>captive portal</html>")),
    ("empty", "not-a-feed", |_, stream, _| answer(stream, "200 OK", &[], b"")),
    ("bad-index", "bad-manifest", |_, stream, _| answer(stream, "200 OK", &[], b"{\"bisik_index\":1}")),
    ("traversal", "invalid-name", |_, stream, _| {
        let id = "0".repeat(64);
        let entry =
            format!("{{\"publisher\":\"{id}\",\"feed\":\"f\",\"version\":1,\"file\":\"../../x\",\"length\":1}}");
        answer(stream, "200 OK", &[], format!("{{\"bisik_index\":1,\"feeds\":[{entry}]}}").as_bytes());
    }),
    ("flipped", "bad-signature", |_, stream, body| {
        let mut body = body.to_vec();
        let at = body.len() - 900;
        body[at] ^= 1;
        answer(stream, "200 OK", &[], &body);
    }),
];

#[test]
fn every_fault_is_named_and_the_old_feed_stays() {
    let sandbox = stocked();
    let body = sandbox.read("v3.bisik");
    let web = Web::start(move |request, stream| {
        let name = request.path.trim_start_matches('/');
        let fault = FAULTS.iter().find(|(known, ..)| *known == name).unwrap();
        (fault.2)(request, stream, &body);
    });
    for (name, kind, _) in FAULTS {
        let url = format!("{}/{name}", web.url);
        let limits = ["--max-size", "100k", "--idle-time", "1s", "--max-time", "2s"];
        let run = pull(&sandbox, &[&[url.as_str()], &limits[..]].concat()).expect(2);
        let object = run.json();
        assert_eq!(object["feeds"][0]["error"]["kind"], *kind, "{name}: {object}");
        assert!(run.err.contains(&url), "the source is named: {}", run.err);
        assert_eq!(whole(&sandbox), 2, "{name}");
        let rest: u64 = std::fs::read_dir(sandbox.path("store/partial"))
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum();
        assert!(rest <= 100_000, "{name}: {rest} bytes are left");
    }
    let status = sandbox.run(&["status", "store", "--json"]).expect(1).json();
    let kinds: HashSet<&str> =
        status["feeds"].as_array().unwrap().iter().filter_map(|row| row["problem"]["kind"].as_str()).collect();
    assert!(FAULTS.iter().all(|(_, kind, _)| kinds.contains(kind)), "{kinds:?}");
    sandbox.run(&["log", "verify", "store/log.jsonl"]).expect(0);
}

#[test]
fn cut_at_every_byte_nothing_is_half_written() {
    let sandbox = stocked();
    let body = sandbox.read("v3.bisik");
    let length = body.len();
    let web = Web::start(move |request, stream| {
        let at: usize = request.path.trim_start_matches("/cut/").parse().unwrap();
        head(stream, "200 OK", &[("content-length", &body.len().to_string())]);
        _ = stream.write_all(&body[..at]);
    });
    let urls: Vec<String> = (0..length).map(|at| format!("{}/cut/{at}", web.url)).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let object = pull(&sandbox, &urls).expect(2).json();
    assert_eq!(object["failed"].as_u64(), Some(length as u64));
    for feed in object["feeds"].as_array().unwrap() {
        assert_eq!(feed["error"]["kind"], "truncated", "{feed}");
    }
    assert_eq!(whole(&sandbox), 2);
}

#[test]
fn cut_at_every_byte_a_good_server_is_gone_on_with() {
    let sandbox = stocked();
    let body = sandbox.read("v3.bisik");
    let length = body.len();
    let cut = Arc::new(Mutex::new(HashSet::new()));
    let web = Web::start(move |request, stream| {
        let at: usize = request.path.trim_start_matches("/cut/").parse().unwrap();
        if cut.lock().unwrap().insert(at) {
            head(stream, "200 OK", &[("content-length", &body.len().to_string()), ("etag", "\"3\"")]);
            _ = stream.write_all(&body[..at]);
            return;
        }
        assert_eq!(request.range(), Some(at), "it goes on where it was cut");
        serve(request, stream, "\"3\"", &body);
    });
    let urls: Vec<String> = (1..length).map(|at| format!("{}/cut/{at}", web.url)).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let object = pull(&sandbox, &urls).expect(0).json();
    assert_eq!((&object["new"], &object["same"]), (&1.into(), &(length - 2).into()));
    assert_eq!(whole(&sandbox), 3);
}

#[test]
fn a_later_pull_goes_on_and_other_content_begins_anew() {
    let sandbox = stocked();
    let body = sandbox.read("v3.bisik");
    let half = body.len() / 2;
    let turn = Arc::new(Mutex::new(0));
    let turns = Arc::clone(&turn);
    let web = Web::start(move |request, stream| {
        let mut turn = turns.lock().unwrap();
        *turn += 1;
        match *turn {
            // What came first is of other content than what comes later.
            1 => {
                head(stream, "200 OK", &[("content-length", "5000"), ("etag", "\"old\"")]);
                _ = stream.write_all(&[b'x'; 1_000]);
            }
            2 => {
                assert_eq!(request.header("if-range"), Some("\"old\""));
                head(stream, "200 OK", &[("content-length", &body.len().to_string()), ("etag", "\"new\"")]);
                _ = stream.write_all(&body[..half]);
            }
            // Then it is away.
            3 => answer(stream, "503 Service Unavailable", &[], b""),
            // One that goes on elsewhere is not believed.
            4 => answer(stream, "206 Partial Content", &[("content-range", "bytes 1-9/10")], &body[..9]),
            _ => serve(request, stream, "\"new\"", &body),
        }
    });
    let url = format!("{}/f", web.url);
    assert_eq!(pull(&sandbox, &[&url]).expect(2).json()["feeds"][0]["error"]["kind"], "unreachable");
    assert_eq!(*turn.lock().unwrap(), 3);
    assert_eq!(pull(&sandbox, &[&url]).expect(2).json()["feeds"][0]["error"]["kind"], "bad-answer");
    assert_eq!(whole(&sandbox), 2);
    pull(&sandbox, &[&url]).expect(0);
    assert_eq!(whole(&sandbox), 3);
}

#[test]
fn older_versions_and_304_for_ever_are_told() {
    let sandbox = stocked();
    let (old, new) = (sandbox.read("v1.bisik"), sandbox.read("v3.bisik"));
    let web = Web::start(move |request, stream| match request.path.as_str() {
        "/old" => answer(stream, "200 OK", &[], &old),
        _ if request.header("if-none-match").is_some() => head(stream, "304 Not Modified", &[]),
        _ => answer(stream, "200 OK", &[("etag", "\"3\"")], &new),
    });
    let old = format!("{}/old", web.url);
    assert_eq!(pull(&sandbox, &[&old]).expect(2).json()["feeds"][0]["error"]["kind"], "rollback");
    assert_eq!(whole(&sandbox), 2);
    let same = format!("{}/same", web.url);
    pull(&sandbox, &[&same]).expect(0);
    for days in 1..=6 {
        let now = (NOW + days * 86_400).to_string();
        assert_eq!(pull(&sandbox, &[&same, "--now", &now]).expect(0).json()["same"], 1);
    }
    let late = (NOW + 7 * 86_400).to_string();
    let run = pull(&sandbox, &[&same, "--now", &late]).expect(2);
    assert_eq!(run.json()["feeds"][0]["error"]["kind"], "expired");
    assert!(run.err.contains("nothing newer"), "{}", run.err);
    let status = sandbox.run(&["status", "store", "--json", "--now", &late]).expect(1).json();
    assert_eq!(status["feeds"][0]["problem"]["kind"], "expired");
}

#[test]
fn a_token_goes_to_the_named_host_alone() {
    let sandbox = stocked();
    std::fs::write(sandbox.path("token"), "secret-token").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(sandbox.path("token"), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let body = sandbox.read("v3.bisik");
    let other = Web::start(move |_, stream| answer(stream, "200 OK", &[], &body));
    let target = format!("{}/f", other.url);
    let web = Web::start(move |_, stream| answer(stream, "307 Temporary Redirect", &[("location", &target)], b""));
    let url = format!("{}/f", web.url);
    pull(&sandbox, &[&url, "--token-file", "token"]).expect(0);
    assert_eq!(web.requests()[0].header("authorization"), Some("Bearer secret-token"));
    assert_eq!(other.requests()[0].header("authorization"), None);
    assert_eq!(whole(&sandbox), 3);
    for bad in ["ftp://feeds.example/", "https://user:password@feeds.example/f"] {
        let run = pull(&sandbox, &[bad]).refused("invalid-argument");
        assert!(!run.err.contains("password@") && !run.out.contains("password@"));
    }
}
