//! What each command does when all is well.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{NOW, Sandbox};

#[test]
fn keygen_writes_two_secrets_and_a_card() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["keygen", "--name", "Centre", "--out", "c"]).expect(0);
    assert_eq!(sandbox.names(), ["c.key", "c.pub", "c.sign"]);
    assert!(run.out.contains("c.pub"));
    assert!(sandbox.text("c.key").lines().last().unwrap().starts_with("AGE-SECRET-KEY-1"));
    let card = sandbox.text("c.pub");
    assert!(card.contains("name: Centre") && card.contains("ed25519") && card.contains("age1"));
    assert!(!card.contains("SECRET"));
    let recipient = card.lines().find(|line| line.starts_with("age1")).unwrap();
    assert!(sandbox.text("c.key").contains(recipient));
}

#[test]
fn publish_tells_what_it_did_and_what_it_costs_to_reverse() {
    let sandbox = Sandbox::with_keys();
    let run = sandbox.publish(&["list.csv", "--feed", "f", "--out", "f.bisik"]).expect(0);
    assert!(run.out.is_empty(), "the summary is no result: {}", run.out);
    for words in ["4 entries", "Cost to reverse", "Who can learn what", "registered domains"] {
        assert!(run.err.contains(words), "{words}: {}", run.err);
    }
    let json = sandbox.publish(&["list.csv", "--feed", "g", "--out", "g.bisik", "--json"]).expect(0).json();
    assert_eq!(json["rows"], 4);
    assert_eq!(json["entries"], 4);
    assert_eq!(json["refused"], 0);
    assert_eq!(json["version"], 1);
    assert_eq!(json["sealed"], false);
    assert!(
        json["exposure"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["kind"] == "domain" && row["candidates"].as_f64().unwrap() > 1e8)
    );
}

#[test]
fn repeated_identifiers_are_merged_and_counted() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("twice.csv", "kind,value\ndomain,evil.example\ndomain,EVIL.example.\ndomain,other.example\n");
    let json = sandbox.publish(&["twice.csv", "--feed", "f", "--out", "f.bisik", "--json"]).expect(0).json();
    assert_eq!((&json["entries"], &json["merged"], &json["accepted"]), (&2.into(), &1.into(), &3.into()));
}

#[test]
fn a_dry_run_writes_no_feed() {
    let sandbox = Sandbox::with_keys();
    let run = sandbox.publish(&["list.csv", "--feed", "f", "--out", "f.bisik", "--dry-run"]).expect(0);
    assert!(run.err.contains("dry run") && !sandbox.exists("f.bisik"));
}

#[test]
fn an_empty_list_makes_an_empty_feed() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("none.csv", "kind,value\n");
    sandbox.publish(&["none.csv", "--feed", "open", "--out", "open.bisik"]).expect(0);
    sandbox.match_open(&["list.csv"]).expect(1);
}

#[test]
fn the_next_version_follows_the_previous_one() {
    let sandbox = Sandbox::with_feeds();
    let first = sandbox
        .run(&["verify", "sealed.bisik", "--trust", "centre.pub", "--key", "bank.key", "--json"])
        .expect(0)
        .json();
    let later = (NOW + 86_400).to_string();
    let next = |extra: &[&str]| {
        let base = [
            "list.csv",
            "--feed",
            "sealed",
            "--out",
            "v2.bisik",
            "--seal-to",
            "bank.pub",
            "--previous",
            "sealed.bisik",
            "--key",
            "centre.key",
            "--json",
            "--now",
            &later,
        ];
        sandbox.publish(&[&base, extra].concat())
    };
    assert_eq!(next(&[]).expect(0).json()["version"], 2);
    let second = sandbox
        .run(&["inspect", "v2.bisik", "--trust", "centre.pub", "--key", "bank.key", "--json", "--now", &later])
        .expect(0)
        .json();
    assert_eq!(second["manifest"]["previous"], first["digest"]);
    assert_eq!(second["manifest"]["epoch"], 1);
    assert_eq!(next(&["--new-epoch"]).expect(0).json()["epoch"], 2);
}

#[test]
fn an_expired_version_can_be_followed_by_its_publisher() {
    let sandbox = Sandbox::with_feeds();
    let later = (NOW + 20 * 86_400).to_string();
    let run = sandbox.publish(&[
        "list.csv",
        "--feed",
        "open",
        "--out",
        "v2.bisik",
        "--previous",
        "open.bisik",
        "--json",
        "--now",
        &later,
    ]);
    assert_eq!(run.expect(0).json()["version"], 2);
}

#[test]
fn inspect_shows_no_more_than_is_vouched_for() {
    let sandbox = Sandbox::with_feeds();
    let outside = sandbox.run(&["inspect", "open.bisik"]).expect(0);
    assert!(outside.out.contains("signed by key") && outside.out.contains("version 1"));
    assert!(!outside.out.contains("The centre") && !outside.out.contains("entries"), "{}", outside.out);

    let sealed = sandbox.run(&["inspect", "sealed.bisik", "--json"]).expect(0).json();
    assert_eq!(
        (&sealed["verified"], &sealed["sealed"], &sealed["recipients"]),
        (&false.into(), &true.into(), &2.into())
    );

    let unverified = sandbox.run(&["inspect", "open.bisik", "--unverified"]).expect(0);
    let about_feed: Vec<&str> =
        unverified.out.lines().filter(|line| line.contains("The centre") || line.contains("entries")).collect();
    assert!(
        !about_feed.is_empty() && about_feed.iter().all(|line| line.starts_with("unverified ")),
        "{}",
        unverified.out
    );

    let verified = sandbox.run(&["inspect", "sealed.bisik", "--trust", "centre.pub", "--key", "bank.key"]).expect(0);
    for words in ["The centre", "Cost to reverse", "Who can learn what", "TLP:AMBER", "4 entries"] {
        assert!(verified.out.contains(words), "{words}: {}", verified.out);
    }
    let json = sandbox.run(&["inspect", "open.bisik", "--trust", "centre.pub", "--json"]).expect(0).json();
    assert_eq!(json["verified"], true);
    assert_eq!(json["manifest"]["feed"], "open");
}

#[test]
fn verify_names_the_publisher_of_the_trusted_card() {
    let sandbox = Sandbox::with_feeds();
    let run = sandbox.run(&["verify", "open.bisik", "--trust", "centre.pub"]).expect(0);
    assert!(run.out.starts_with("verified open version 1 by The centre"), "{}", run.out);
}

#[test]
fn a_hit_says_how_why_and_who() {
    let sandbox = Sandbox::with_feeds();
    sandbox.write("seen.csv", "tx,host\nT1,www.evil.example\nT2,good.example\nT3,evil.example\n");
    let run = sandbox.run(&[
        "match",
        "seen.csv",
        "--column",
        "host",
        "--kind",
        "domain",
        "--id",
        "tx",
        "--format",
        "jsonl",
        "--feed",
        "open.bisik",
        "--feed",
        "sealed.bisik",
        "--trust",
        "centre.pub",
        "--key",
        "bank.key",
    ]);
    let hits = run.expect(0).json_lines();
    assert_eq!(hits.len(), 4, "one hit a feed and row");
    let names: Vec<&str> = hits[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "input",
            "row",
            "id",
            "kind",
            "certainty",
            "false_positive_rate",
            "matched",
            "matched_kind",
            "feed",
            "epoch",
            "version",
            "publisher",
            "expires",
            "hit_id",
            "record"
        ]
    );
    let sealed = &hits[1];
    for (name, value) in [
        ("input", "seen.csv"),
        ("id", "T1"),
        ("kind", "domain"),
        ("certainty", "exact"),
        ("matched", "parent-domain"),
        ("matched_kind", "domain"),
        ("feed", "sealed"),
        ("publisher", "The centre"),
        ("expires", "2027-01-22T08:00:00Z"),
        ("record", "opened"),
        ("category", "phishing"),
        ("first_seen", "2026-11-01T00:00:00Z"),
        ("last_seen", "2026-11-20T08:00:00Z"),
        ("entry_expires", "2027-12-31T00:00:00Z"),
        ("reference", "CASE-1"),
        ("note", "seen twice"),
    ] {
        assert_eq!(sealed[name], value, "{name}");
    }
    assert_eq!((&sealed["row"], &sealed["confidence"], &sealed["version"]), (&1.into(), &95.into(), &1.into()));
    assert_eq!((&hits[2]["row"], &hits[2]["matched"]), (&3.into(), &"exact".into()));
}

#[test]
fn filters_give_probable_hits_with_their_rate() {
    let sandbox = Sandbox::with_keys();
    for set in ["bloom", "fuse"] {
        sandbox
            .publish(&["list.csv", "--feed", "open", "--out", "open.bisik", "--set", set, "--fpr", "1e-6"])
            .expect(0);
        let hits = sandbox.match_open(&["list.csv", "--format", "jsonl"]).expect(0).json_lines();
        assert_eq!(hits.len(), 4);
        assert_eq!(hits[0]["certainty"], "probable");
        let rate = hits[0]["false_positive_rate"].as_f64().unwrap();
        assert!(rate > 0.0 && rate <= 1e-6, "{rate}");
    }
}

#[test]
fn csv_output_has_a_header_even_without_hits() {
    let sandbox = Sandbox::with_feeds();
    let columns = "input,row,id,kind,certainty,false_positive_rate,matched,matched_kind,feed,version,publisher,expires,hit_id,record,category,confidence,first_seen,last_seen,entry_expires,reference,note";
    let none = sandbox.match_open(&["-", "--kind", "domain", "--format", "csv"]).expect(1);
    assert_eq!(none.out.trim_end(), columns);
    let some = sandbox.match_open(&["list.csv", "--format", "csv", "--show-values"]).expect(0);
    assert_eq!(some.out.lines().next().unwrap(), format!("{columns},value,expression"));
    assert_eq!(some.out.lines().count(), 5);
}

#[test]
fn the_annotated_copy_repeats_every_row_with_its_hits() {
    let sandbox = Sandbox::with_feeds();
    sandbox.write("seen.csv", "\u{feff}host,amount\r\nwww.evil.example,\"1,5\"\r\ngood.example,2\r\nnot a host,3\r\n");
    sandbox.match_open(&["seen.csv", "--column", "host", "--kind", "domain", "--annotate", "seen2.csv"]).expect(0);
    let text = sandbox.text("seen2.csv");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("host,amount,bisik_hits,"), "{text}");
    assert!(
        lines[1].starts_with("www.evil.example,\"1,5\",1,exact,parent-domain,domain,open v1,The centre,"),
        "{text}"
    );
    assert!(lines[2].starts_with("good.example,2,0,"), "{text}");
    assert!(lines[3].starts_with("not a host,3,0,") && lines[3].ends_with(",invalid-character"), "{text}");
}

#[test]
fn check_answers_with_its_exit_code() {
    let sandbox = Sandbox::with_feeds();
    let check = |value: &str, extra: &[&str]| {
        sandbox.run_with(
            &[&["check", "--kind", "url", "--feed", "open.bisik", "--trust", "centre.pub"], extra, &["--", value]]
                .concat(),
            b"http://evil.example/x\n",
        )
    };
    assert!(check("https://login.evil.example/otp", &[]).expect(0).out.contains("url-host"));
    assert!(check("https://good.example/", &[]).expect(1).out.is_empty());
    assert_eq!(check("-", &["--json"]).expect(0).json()["matched"], "url-host");
    check("mailto:x", &[]).refused("unsupported-scheme");
}

#[test]
fn canon_prints_one_object_a_value_and_exits_0() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .run(&["canon", "phone", "--region", "SG", "--json", "--", "9123 4567", "call me", "+65 9123-4567"])
        .expect(0);
    let objects = run.json_lines();
    assert_eq!(objects.len(), 3);
    assert_eq!(objects[0]["canonical"], "+6591234567");
    assert_eq!(objects[0]["kind"], "phone");
    assert_eq!(objects[1]["error"], "has-letters");
    assert_eq!(objects[2]["canonical"], "+6591234567");
    let explained = sandbox.run(&["canon", "domain", " WWW.Example.COM. ", "--explain"]).expect(0);
    assert!(explained.out.lines().count() > 1 && explained.out.ends_with("www.example.com\n"), "{}", explained.out);
    let listed = sandbox.run_with(&["canon", "domain", "-"], b"A.example\r\nb.example").expect(0);
    assert_eq!(listed.out, "a.example\nb.example\n");
    sandbox.run(&["canon", "telephone", "1"]).expect(2);
}

#[test]
fn canon_says_what_a_value_may_be_and_what_comes_of_it() {
    let sandbox = Sandbox::new();
    let canon = |arguments: &[&str]| sandbox.run(&[&["canon"], arguments].concat()).expect(0);
    let guessed = canon(&["--detect", "+65 9123 4567", "evil.example", "???"]).out;
    assert_eq!(guessed, "phone (certain)\ndomain (possible)\nnothing known\n");
    let guessed = canon(&["--detect", "--json", "https://evil.example/x", "???"]).json_lines();
    assert_eq!(guessed[0]["guesses"][0]["kind"], "url");
    assert_eq!(guessed[1]["guesses"].as_array().unwrap().len(), 0);
    // A link to a chat is a number, too; a name of another alphabet looks like one that is known.
    let link = canon(&["url", "--explain", "https://wa.me/6591234567"]).out;
    assert!(link.ends_with("https://wa.me/6591234567\nalso phone: +6591234567\n"), "{link}");
    let name = "\u{440}\u{430}\u{443}\u{440}\u{430}l.example";
    assert!(canon(&["domain", "--explain", name]).out.contains("looks like: paypal.example"));
    let object = canon(&["domain", "--explain", "--json", name]).json();
    assert_eq!((&object["looks_like"], object["steps"].as_array().unwrap().len()), (&"paypal.example".into(), 2));
    let object = canon(&["url", "--explain", "--json", "https://wa.me/6591234567"]).json();
    assert_eq!(object["linked"][0]["canonical"], "+6591234567");
    let object = canon(&["domain", "--explain", "--json", "a..b"]).json();
    assert_eq!((&object["error"], object.get("linked")), (&"invalid-syntax".into(), None));
    assert!(canon(&["domain", "a..b"]).out.starts_with("refused: "));
    // What is no text is refused in its place.
    let listed = sandbox.run_with(&["canon", "domain", "-"], b"a\xff.example\nb.example\n").expect(0).out;
    assert!(
        listed.starts_with("refused: ") && listed.ends_with("[invalid-utf8]; convert the file to UTF-8\nb.example\n")
    );
    assert_eq!(sandbox.run_with(&["canon", "--detect", "-"], b"a\xff\n").expect(0).out, "nothing known\n");
    let objects = sandbox.run_with(&["canon", "domain", "-", "--json"], b"a\xff\n").expect(0).json();
    assert_eq!((&objects["error"], &objects["code"]), (&"invalid-utf8".into(), &102.into()));
    sandbox.run(&["canon", "phone"]).expect(2);
}

#[test]
fn completions_and_manual_pages_come_out() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = sandbox.run(&["completions", shell]).expect(0).out;
        assert!(script.contains("bisik") && script.contains("publish"), "{shell}");
    }
    sandbox.run(&["man", "man"]).expect(0);
    for page in ["man/bisik.1", "man/bisik-publish.1", "man/bisik-match.1"] {
        let text = sandbox.text(page);
        assert!(text.contains(".TH") && !text.contains("\\-\\-now"), "{page}");
    }
}

#[test]
fn every_command_explains_itself() {
    let sandbox = Sandbox::new();
    for command in [
        "keygen",
        "publish",
        "inspect",
        "verify",
        "match",
        "check",
        "canon",
        "serve",
        "client",
        "blind",
        "demo",
        "completions",
        "man",
    ] {
        let help = sandbox.run(&[command, "--help"]).expect(0).out;
        assert!(help.contains("Usage: bisik"), "{command}: {help}");
    }
    assert!(sandbox.run(&["--version"]).expect(0).out.starts_with("bisik "));
    sandbox.run(&[]).expect(2);
}

#[test]
fn the_demo_plays_to_its_end_and_again() {
    let sandbox = Sandbox::new();
    for _ in 0..2 {
        let run = sandbox.run(&["demo"]).expect(0);
        for words in [
            "1. Each party",
            "[enumerable]",
            "matched   5 of 60 rows",
            "24 of the 24",
            "[sealed]",
            "public-suffix",
            "bad-checksum",
            "Cost to reverse",
        ] {
            assert!(run.out.contains(words), "{words}\n{}", run.out);
        }
        assert!(!run.out.contains('\u{1b}'), "no colour in a pipe");
    }
}

#[test]
fn the_demo_leaves_foreign_files_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("payments.csv", "mine");
    sandbox.run(&["demo", "--out", "."]).refused("already-exists");
    assert_eq!(sandbox.text("payments.csv"), "mine");
    assert_eq!(sandbox.names(), ["payments.csv"]);
}
