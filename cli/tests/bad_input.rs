//! Rows and files that cannot be used: refused by row and reason, while the rest goes on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::io::Write as _;
use std::process::{Command, Stdio};

use common::{NOW, Sandbox};

/// The rejects file's lines after its header.
fn rejects(sandbox: &Sandbox) -> Vec<String> {
    let text = sandbox.text("rejects.csv");
    let mut lines = text.lines().map(str::to_owned);
    assert_eq!(lines.next().unwrap(), "row,kind,reason,line,input");
    lines.collect()
}

#[test]
fn refused_rows_are_listed_and_the_rest_goes_on() {
    let sandbox = Sandbox::with_keys();
    let mut csv = b"\xEF\xBB\xBFKind;Value;confidence;first_seen;expires\r\n".to_vec();
    for row in [
        &b"domain;evil.example;50;2026-01-01;"[..],
        b"domain;gov.sg;;;",
        b"domain;com.my;;;",
        b"phone;91234567;;;",
        b"telephone;+6591234567;;;",
        b"domain;caf\xE9.example;;;",
        b"domain;;;;",
        b"",
        b"wallet;1BoatSLRHtKNngkdXEeobR76b53LETtpyU;;;",
        b"domain;a.example;101;;",
        b"domain;b.example;;yesterday;",
        b"domain;c.example;;;2020-01-01",
        b"domain;d.example;;;;surplus",
        b"domain;\"e.example",
        b"domain;f.example",
    ] {
        csv.extend_from_slice(row);
        csv.extend_from_slice(b"\r\n");
    }
    sandbox.write("list.csv", csv);
    let run = sandbox
        .publish(&["list.csv", "--feed", "f", "--out", "f.bisik", "--records", "--rejects", "rejects.csv"])
        .expect(0);
    assert!(run.err.contains("12 rows"), "{}", run.err);
    assert_eq!(
        rejects(&sandbox),
        [
            "2,domain,guarded,3,list.csv",
            "3,domain,public-suffix,4,list.csv",
            "4,phone,missing-region,5,list.csv",
            "5,,unknown-kind,6,list.csv",
            "6,,invalid-utf8,7,list.csv",
            "7,domain,empty,8,list.csv",
            "8,wallet,bad-checksum,10,list.csv",
            "9,domain,invalid-claim,11,list.csv",
            "10,domain,invalid-claim,12,list.csv",
            "11,domain,invalid-claim,13,list.csv",
            "12,,invalid-row,14,list.csv",
            "13,,invalid-row,15,list.csv",
        ]
    );
    let json = sandbox.run(&["inspect", "f.bisik", "--trust", "centre.pub", "--json"]).expect(0).json();
    assert_eq!(json["manifest"]["count"], 2, "evil.example and f.example");
}

#[test]
fn json_lines_are_read_and_refused_by_row() {
    let sandbox = Sandbox::with_keys();
    let lines = [
        r#"{"kind":"domain","value":"evil.example","confidence":90,"note":"a\nb","extra":[1,{"x":2}]}"#,
        r#"{"kind":"domain","value":"fine.example","confidence":"90","first_seen":1700000000,"category":null}"#,
        "",
        r#"{"kind":"domain","value":12345}"#,
        r#"{"kind":"domain","value":"a.example","value":"b.example"}"#,
        r#"{"kind":"domain"}"#,
        r#"["domain","c.example"]"#,
        r#"{"kind":"domain","value":"d.example""#,
        r#"{"kind":"domain","value":"e.example"} trailing"#,
    ];
    sandbox.write("list.jsonl", lines.join("\n"));
    sandbox.publish(&["list.jsonl", "--feed", "f", "--out", "f.bisik", "--rejects", "rejects.csv"]).expect(0);
    let reasons: Vec<String> =
        rejects(&sandbox).iter().map(|line| line.split(',').take(3).collect::<Vec<_>>().join(",")).collect();
    assert_eq!(
        reasons,
        ["3,,invalid-row", "4,,invalid-row", "5,domain,empty", "6,,invalid-row", "7,,invalid-row", "8,,invalid-row"]
    );
}

#[test]
fn plain_lists_know_comments_and_standard_input() {
    let sandbox = Sandbox::with_feeds();
    let list = b"# seen today\n\n  evil.example  \nnot a host\ngood.example\nevil.example#x\n";
    let run = sandbox.run_with(
        &[
            "match",
            "-",
            "--kind",
            "domain",
            "--feed",
            "open.bisik",
            "--trust",
            "centre.pub",
            "--format",
            "jsonl",
            "--rejects",
            "rejects.csv",
        ],
        list,
    );
    let hits = run.expect(0).json_lines();
    assert_eq!(hits.len(), 1);
    assert_eq!((&hits[0]["row"], &hits[0]["input"]), (&1.into(), &"-".into()));
    assert_eq!(rejects(&sandbox)[0], "2,domain,invalid-character,4,-");
}

#[test]
fn comments_above_a_header_are_skipped() {
    let sandbox = Sandbox::with_feeds();
    sandbox.write("seen.csv", "# from somewhere\n# yesterday\nhost,n\n#evil.example,1\nevil.example,2\n");
    let run = sandbox.match_open(&[
        "seen.csv",
        "--column",
        "host",
        "--kind",
        "domain",
        "--rejects",
        "rejects.csv",
        "--format",
        "jsonl",
    ]);
    assert_eq!(run.expect(0).json_lines()[0]["row"], 2);
    assert_eq!(rejects(&sandbox), ["1,domain,invalid-character,4,seen.csv"]);
}

#[test]
fn regions_come_from_the_row_then_from_the_command() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("p.csv", "kind,value,region\nphone,91234567,\nphone,012-345 6789,my\nphone,+6591234567,\n");
    let publish = |extra: &[&str]| {
        let base = ["p.csv", "--feed", "f", "--out", "f.bisik", "--accept-enumeration", "phone", "--json"];
        sandbox.publish(&[&base, extra].concat())
    };
    let json = publish(&["--region", "sg"]).expect(0).json();
    assert_eq!((&json["entries"], &json["merged"]), (&2.into(), &1.into()));
    assert_eq!(publish(&[]).expect(0).json()["refused_by_reason"]["missing-region"], 1);
}

#[test]
fn accounts_take_country_and_bank_from_columns() {
    let sandbox = Sandbox::with_keys();
    sandbox.write(
        "a.csv",
        "kind,value,country,bank\naccount,0012345678,SG,DEMOSGSGXXX\naccount,MY:DEMOMYKL:114005550001,,\n",
    );
    sandbox.publish(&["a.csv", "--feed", "open", "--out", "open.bisik", "--accept-enumeration", "account"]).expect(0);
    sandbox.write(
        "seen.csv",
        "payee,country,bank\n0012345678,SG,DEMOSGSG\n12345678,SG,DEMOSGSG\n114005550001,MY,DEMOMYKL\n",
    );
    let hits = sandbox
        .match_open(&["seen.csv", "--kind", "account", "--column", "payee", "--format", "jsonl"])
        .expect(0)
        .json_lines();
    let rows: Vec<u64> = hits.iter().map(|hit| hit["row"].as_u64().unwrap()).collect();
    assert_eq!(rows, [1, 3], "leading zeros count");
    let bare = sandbox.run_with(
        &["match", "-", "--kind", "account", "--bank", "DEMOSGSG", "--feed", "open.bisik", "--trust", "centre.pub"],
        b"0012345678\n",
    );
    bare.expect(0);
}

#[test]
fn what_cannot_be_read_at_all_stops_the_command() {
    let sandbox = Sandbox::with_feeds();
    sandbox.write("no-kind.csv", "value\nevil.example\n");
    sandbox.write("no-value.csv", "kind,host\ndomain,evil.example\n");
    sandbox.write("plain.txt", "evil.example\n");
    sandbox.write("utf16.csv", b"\xFF\xFEk\0i\0n\0d\0");
    sandbox.write("array.json", "[{\"kind\":\"domain\"}]");
    for (arguments, kind) in [
        (&["no-kind.csv"][..], "missing-column"),
        (&["no-value.csv"], "missing-column"),
        (&["no-value.csv", "--column", "hosts"], "missing-column"),
        (&["list.csv", "--id", "tx"], "missing-column"),
        (&["plain.txt"], "missing-column"),
        (&["utf16.csv"], "invalid-utf8"),
        (&["array.json"], "invalid-row"),
        (&["missing.csv"], "io"),
        (&["."], "io"),
        (&["-", "-", "--kind", "domain"], "invalid-argument"),
        (&["plain.txt", "--kind", "domain", "--annotate", "a.csv"], "invalid-argument"),
        (&["list.csv", "list.csv", "--annotate", "a.csv"], "invalid-argument"),
        (&["list.csv", "--annotate", "list.csv"], "invalid-argument"),
        (&["list.csv", "--rejects", "open.bisik"], "invalid-argument"),
    ] {
        let run = sandbox.match_open(arguments).refused(kind);
        assert!(run.out.is_empty(), "{arguments:?}: {}", run.out);
    }
    assert!(!sandbox.exists("a.csv"));
    sandbox.match_open(&["no-kind.csv", "--kind", "domain"]).expect(0);
    sandbox.match_open(&["no-value.csv", "--column", "host"]).expect(0);
}

#[test]
fn publish_refuses_as_a_whole_what_must_not_go_out() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("phones.csv", "kind,value\nphone,+6591234567\ndomain,evil.example\n");
    sandbox.write("bad.csv", "kind,value\ndomain,com\ndomain,nothing to see\n");
    sandbox.write("mixed.csv", "kind,value\ndomain,com\ndomain,evil.example\n");
    let publish = |arguments: &[&str]| sandbox.publish(&[&["--feed", "f", "--out", "f.bisik"], arguments].concat());
    let enumerable = publish(&["phones.csv"]).refused("enumerable");
    for way in ["phone", "--seal-to", "--accept-enumeration phone"] {
        assert!(enumerable.err.contains(way), "{}", enumerable.err);
    }
    assert!(!enumerable.err.contains("domain"), "{}", enumerable.err);
    publish(&["phones.csv", "--accept-enumeration", "email"]).refused("enumerable");
    publish(&["bad.csv", "--rejects", "rejects.csv"]).refused("nothing-accepted");
    assert_eq!(rejects(&sandbox).len(), 2);
    publish(&["mixed.csv", "--strict"]).refused("nothing-accepted");
    publish(&["list.csv", "--records", "--set", "bloom"]).refused("invalid-argument");
    publish(&["list.csv", "--valid", "31d"]).refused("validity-too-long");
    publish(&["list.csv", "--out", "list.csv"]).expect(2);
    sandbox.publish(&["list.csv", "--feed", "Not An Id", "--out", "f.bisik"]).refused("invalid-name");
    sandbox.publish(&["list.csv", "--feed", "f", "--out", "list.csv"]).refused("invalid-argument");
    for bad in [
        ["--fpr", "0"],
        ["--fpr", "1e-16"],
        ["--fpr", "2"],
        ["--valid", "7"],
        ["--kind", "fax"],
        ["--set", "list"],
        ["--tlp", "pink"],
    ] {
        publish(&[&["list.csv"][..], &bad].concat()).expect(2);
    }
    assert!(!sandbox.exists("f.bisik"), "nothing was written");
    publish(&["mixed.csv"]).expect(0);
    publish(&["phones.csv", "--seal-to", "bank.pub"]).expect(0);
    publish(&["phones.csv", "--accept-enumeration", "phone"]).expect(0);
}

#[test]
fn sealing_takes_cards_and_lists_of_recipients() {
    let sandbox = Sandbox::with_keys();
    let recipient = |card: &str| sandbox.text(card).lines().find(|line| line.starts_with("age1")).unwrap().to_owned();
    sandbox.write("members.txt", format!("# members\n{}\n\n{}\n", recipient("bank.pub"), recipient("stranger.pub")));
    sandbox
        .publish(&["list.csv", "--feed", "f", "--out", "f.bisik", "--seal-to", "members.txt", "--seal-to", "bank.pub"])
        .expect(0);
    for key in ["bank.key", "stranger.key", "centre.key"] {
        sandbox.run(&["verify", "f.bisik", "--trust", "centre.pub", "--key", key]).expect(0);
    }
}

#[test]
fn a_hundred_thousand_bad_rows_and_lines_of_10_mb_stay_in_bounded_memory() {
    let sandbox = Sandbox::with_feeds();
    let mut rows = String::from("kind,value\n");
    (0..100_000)
        .for_each(|n| rows.push_str(if n % 2 == 0 { "domain,not a name\n" } else { "domain,\"never closed\n" }));
    sandbox.write("bad.csv", rows);
    let mut script = Command::new("sh");
    // 256 MiB of addresses are plenty for the program and too few for what it is given.
    let line = format!(
        "ulimit -v 262144; exec '{}' --now {NOW} match bad.csv - --kind domain --feed open.bisik --trust centre.pub --format jsonl --rejects rejects.csv",
        env!("CARGO_BIN_EXE_bisik")
    );
    script
        .args(["-c", &line])
        .current_dir(sandbox.path("."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let chunk = vec![b'x'; 1_000_000];
    for _ in 0..30 {
        (0..10).for_each(|_| stdin.write_all(&chunk).unwrap());
        stdin.write_all(b"\n").unwrap();
    }
    stdin.write_all(b"evil.example\n").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(err.contains("100,030 rows") && err.contains("30 too-long"), "{err}");
    assert!(err.contains("50,000 invalid-row") && err.contains("50,000 invalid-character"), "{err}");
    assert!(err.lines().count() < 30, "the summary stays short");
    let hits = String::from_utf8(output.stdout).unwrap();
    assert!(hits.lines().count() == 1 && hits.contains("\"row\":31"), "{hits}");
    assert_eq!(rejects(&sandbox).len(), 100_030);
}

#[test]
fn a_reader_that_goes_away_is_no_error_message() {
    let sandbox = Sandbox::with_feeds();
    let rows = "evil.example\n".repeat(200_000);
    sandbox.write("many.txt", rows);
    let line = format!(
        "'{}' --now {NOW} match many.txt --kind domain --feed open.bisik --trust centre.pub --format jsonl | head -n 1",
        env!("CARGO_BIN_EXE_bisik")
    );
    let output = Command::new("sh").args(["-c", &line]).current_dir(sandbox.path(".")).output().unwrap();
    assert!(output.status.success());
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!err.contains("error") && !err.contains("panic"), "{err}");
}
