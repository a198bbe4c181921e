//! Connections that mean harm, and what must never be in a log.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use common::server::{Authority, PLAIN, Server, get, number, post};
use common::{Sandbox, assert_absent};

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// What a server says before it closes; reset connections say nothing.
fn rest(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    _ = stream.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

fn head(token: &str, length: &str) -> String {
    format!(
        "POST /v1/blind HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/octet-stream\r\n{length}\r\n\r\n",
        token.trim()
    )
}

#[test]
fn some_hundred_hostile_connections_leave_the_server_serving() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    let authority = Authority::new();
    authority.write(&sandbox, "ca.pem");
    authority.issue(&sandbox, "server");
    sandbox.write("rows.txt", number(1));
    let tls = ["--tls-cert", "server.pem", "--tls-key", "server.tls", "--max-connections", "64", "--timeout", "2"];
    let server = Server::start(&sandbox, &tls);
    let mut held = Vec::new();
    for n in 0..400_usize {
        let mut stream = connect(&server);
        // A server that makes room may have closed the connection already.
        _ = match n % 5 {
            0 => Ok(()),
            1 => stream.write_all(&[0x16, 0x03, 0x01]),
            2 => stream.write_all(b"GET / HTTP/1.1\r\n\r\n"),
            3 => stream.write_all(&vec![0xff; 70_000]),
            _ => Ok(()),
        };
        // Every fifth goes away at once.
        held.extend(Some(stream).filter(|_| n % 5 != 4));
        if n % 100 == 99 {
            // More connections are held than may be open, and a member comes through all the same.
            sandbox.ask(&server.url, &["rows.txt", "--ca", "ca.pem"]).expect(0);
        }
    }
    // Whoever says nothing is shown out.
    let began = Instant::now();
    for stream in held {
        rest(stream);
    }
    assert!(began.elapsed() < Duration::from_secs(25), "a silent connection stayed open");
    sandbox.ask(&server.url, &["rows.txt", "--ca", "ca.pem"]).expect(0);
    assert_eq!(sandbox.used().0, 5);
}

#[test]
fn slow_oversized_and_broken_requests_are_refused_by_kind() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    let token = sandbox.text("bank.token");
    let server = Server::start(&sandbox, &["--plain", "--timeout", "1"]);
    let said = |bytes: &[u8]| {
        let mut stream = connect(&server);
        _ = stream.write_all(bytes);
        rest(stream)
    };
    // A head that never ends is cut off; a body that never comes is told so.
    assert!(!said(b"POST /v1/blind HTTP/1.1\r\nhost: x\r\n").contains("200"));
    assert!(said(head(&token, "content-length: 1000").as_bytes()).starts_with("HTTP/1.1 408"));
    // More than a request can hold: by what it says, and by what it sends.
    let huge = said(head(&token, "content-length: 99999999999").as_bytes());
    assert!(huge.starts_with("HTTP/1.1 413") && huge.contains("limit-exceeded"), "{huge}");
    let mut chunked = head(&token, "transfer-encoding: chunked").into_bytes();
    for _ in 0..9 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.resize(chunked.len() + 0x1_0000, 0);
        chunked.extend_from_slice(b"\r\n");
    }
    assert!(said(&chunked).starts_with("HTTP/1.1 413"));
    assert!(said(&[&b"GET / HTTP/1.1\r\nx: "[..], &vec![b'a'; 200_000]].concat()).starts_with("HTTP/1.1 431"));
    // No body is read from a stranger.
    let stranger = said(head("nobody", "content-length: 99999").as_bytes());
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
    assert!(said(b"nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
    assert!(!said(&[0; 100]).contains("200"));
    assert_eq!(get(&format!("{}/healthz", server.url)), (200, "ok\n".to_owned()));
}

#[test]
fn whatever_is_no_request_is_refused_and_costs_nothing() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    let matcher = sandbox.matcher();
    let token = sandbox.text("bank.token");
    let server = Server::start(&sandbox, &PLAIN);
    let good = sandbox.request(&matcher, "bank", 0..3);
    let refused = |bytes: &[u8], what: &str| {
        let answer = post(&server.url, Some(&token), bytes).unwrap();
        assert!((400..500).contains(&answer.status), "{what}: {}", answer.status);
        assert!(!answer.kind().is_empty() && answer.body.len() < 300, "{what}");
        answer.kind()
    };
    for end in 0..good.len() {
        refused(&good[..end], &format!("cut at {end}"));
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        refused(&bad, &format!("bit of byte {at}"));
    }
    assert_eq!(refused(&[&good[..], b"x"].concat(), "one byte more"), "trailing-bytes");
    assert_eq!(refused(&[&good[..], &good[..]].concat(), "twice"), "trailing-bytes");
    refused(&vec![0xa5; 500_000], "noise");
    refused(&sandbox.read("phones.bisik"), "a feed");
    // Another feed of the same publisher.
    sandbox
        .publish(&[
            "phones.csv",
            "--feed",
            "other",
            "--out",
            "phones.bisik",
            "--protect",
            "blind",
            "--oprf-key",
            "o.oprf",
        ])
        .expect(0);
    let other = sandbox.request(&sandbox.matcher(), "bank", 0..3);
    assert_eq!(post(&server.url, Some(&token), &other).unwrap().status, 404);
    assert_eq!(post(&server.url, Some(&token), &good).unwrap().status, 200);
    assert_eq!(sandbox.used().0, 3);
}

/// T26, and the issue's own demand: counters and names, never an element.
#[test]
fn logs_hold_no_element_no_token_and_no_value() {
    let sandbox = Sandbox::with_blind_feed(0..10, &["--per-day", "10"]);
    let matcher = sandbox.matcher();
    let token = sandbox.text("bank.token");
    let good = sandbox.request(&matcher, "bank", 1..4);
    let answers: Vec<_> = [["--log", "text"], ["--log", "json"]]
        .map(|log| {
            let server = Server::start(&sandbox, &[&PLAIN[..], &log[..]].concat());
            let mut broken = good.clone();
            *broken.last_mut().unwrap() ^= 1;
            for (token, body) in
                [(Some(token.as_str()), &good), (Some("canary-token"), &good), (Some(token.as_str()), &broken)]
            {
                _ = post(&server.url, token, body);
            }
            _ = post(&server.url, Some(&token), &sandbox.request(&matcher, "bank", 20..40));
            _ = get(&format!("{}/canary-7391?q=canary-7391", server.url));
            let answer = post(&server.url, Some(&token), &good).unwrap();
            let metrics = get(&format!("{}/metrics", server.url)).1;
            server.signal("TERM");
            let log = server.wait().1;
            assert!(log.contains("The bank") && log.contains("budget-exhausted"), "{log}");
            assert!(log.contains("answered") || log.contains("repeated"), "{log}");
            assert!(metrics.contains("bisik_requests_total{outcome=\"budget-exhausted\"} 1"), "{metrics}");
            (log, metrics, answer.body)
        })
        .into_iter()
        .collect();
    for (log, metrics, answer) in &answers {
        // Elements stand at the end of a request and of an answer.
        for secret in [&good[good.len() - 96..], &answer[answer.len() - 96..]] {
            for element in secret.chunks(32) {
                let shown = forms(element);
                let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
                assert_absent(log.as_bytes(), &shown, "the log");
                assert_absent(metrics.as_bytes(), &shown, "the metrics");
            }
        }
        let canaries = [token.trim(), "canary", &token.trim()[12..], "8100000", "81000001"];
        assert_absent(log.as_bytes(), &canaries, "the log");
        assert_absent(metrics.as_bytes(), &canaries, "the metrics");
        assert_absent(metrics.as_bytes(), &["The bank"], "the metrics");
    }
}

/// The first eight bytes as a careless log might show them.
fn forms(bytes: &[u8]) -> Vec<String> {
    let bytes = &bytes[..8];
    let hex = |upper: bool| -> String {
        bytes.iter().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }).collect()
    };
    let list = format!("{bytes:?}");
    vec![hex(false), hex(true), list.trim_matches(['[', ']']).to_owned(), bytes.escape_ascii().to_string()]
}

#[test]
fn http_2_is_spoken_and_a_crowd_of_streams_is_bounded() {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    let server = Server::start(&sandbox, &["--plain", "--timeout", "2"]);
    // The preface and empty settings; the server answers with its own settings.
    let mut stream = connect(&server);
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut settings = [0; 9];
    stream.read_exact(&mut settings).unwrap();
    assert_eq!(settings[3], 4, "a settings frame");
    let length = usize::from(settings[2]);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    let limit = body.chunks(6).find(|setting| setting[..2] == [0, 3]).map(|setting| setting[5]);
    assert_eq!(limit, Some(16), "concurrent streams: {body:?}");
    // A connection that only exists is ended.
    assert!(thread::spawn(move || rest(stream)).join().is_ok());
}
