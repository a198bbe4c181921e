//! The life of a feed on the command line: deltas, withdrawal, trust with memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{NOW, Sandbox};

const FIRST: &str = "kind,value,confidence\ndomain,a.example,50\ndomain,b.example,50\ndomain,c.example,50\n";
const SECOND: &str = "kind,value,confidence\ndomain,a.example,50\ndomain,c.example,90\ndomain,d.example,50\n";
const THIRD: &str = "kind,value,confidence\ndomain,c.example,90\ndomain,d.example,50\ndomain,e.example,50\n";

/// Three versions, sealed to the bank, with the deltas between them; the snapshots also open.
fn three_versions(sandbox: &Sandbox) {
    sandbox.write("1.csv", FIRST);
    sandbox.write("2.csv", SECOND);
    sandbox.write("3.csv", THIRD);
    let seal = ["--records", "--feed", "f", "--seal-to", "bank.pub"];
    sandbox.publish(&[&["1.csv", "--out", "1.bisik"][..], &seal].concat()).expect(0);
    for (list, previous, out, delta) in
        [("2.csv", "1.bisik", "2.bisik", "2.delta"), ("3.csv", "2.bisik", "3.bisik", "3.delta")]
    {
        let more = [list, "--previous", previous, "--key", "centre.key", "--out", out, "--delta", delta];
        let json = sandbox.publish(&[&more[..], &seal, &["--json"]].concat()).expect(0).json();
        assert_eq!(json["delta"], delta);
    }
}

#[test]
fn deltas_bring_a_member_up_to_date() {
    let sandbox = Sandbox::with_keys();
    three_versions(&sandbox);
    let opening = ["--trust", "centre.pub", "--key", "bank.key"];
    let run = sandbox.run(&[&["apply", "1.bisik", "2.delta", "3.delta", "--out", "now.bisik"][..], &opening].concat());
    assert!(run.expect(0).err.contains("readable by you alone"));
    #[cfg(unix)]
    assert_eq!(common::mode(&sandbox.path("now.bisik")), 0o600);
    let verified = |file: &str| {
        let arguments = [&["verify", file, "--json"][..], &opening].concat();
        let json = sandbox.run(&arguments).expect(0).json();
        (json["version"].clone(), json["digest"].clone())
    };
    assert_eq!(verified("now.bisik"), verified("3.bisik"));
    // The applied file is the base of the next one.
    let arguments = [&["apply", "1.bisik", "2.delta", "--out", "2.applied", "--json"][..], &opening].concat();
    assert_eq!(sandbox.run(&arguments).expect(0).json()["private"], true);
    let arguments = [&["apply", "2.applied", "3.delta", "--out", "2.applied"][..], &opening].concat();
    sandbox.run(&arguments).expect(0);
    assert_eq!(sandbox.read("2.applied"), sandbox.read("now.bisik"));
}

#[test]
fn deltas_out_of_line_are_refused_with_advice() {
    let sandbox = Sandbox::with_keys();
    three_versions(&sandbox);
    let apply = |files: &[&str], more: &[&str]| {
        let key = ["--key", "bank.key", "--trust", "centre.pub"];
        sandbox.run(&[&["apply"][..], files, &["--out", "now.bisik"], &key, more].concat())
    };
    let run = apply(&["1.bisik", "3.delta"], &[]).refused("snapshot-needed");
    assert!(run.err.contains("missing") && run.err.contains("3.delta"), "{}", run.err);
    apply(&["2.bisik", "2.delta"], &[]).refused("base-mismatch");
    apply(&["2.bisik", "3.bisik"], &[]).refused("not-a-feed");
    apply(&["2.delta", "3.delta"], &[]).refused("not-a-feed");
    let late = (NOW + 8 * 86_400).to_string();
    apply(&["1.bisik", "2.delta"], &["--now", &late]).refused("expired");
    assert!(!sandbox.exists("now.bisik"));
    sandbox.run(&["apply", "1.bisik", "2.delta", "--out", "x", "--trust", "centre.pub"]).refused("sealed");
    sandbox.run(&["apply", "1.bisik", "2.delta", "--out", "x", "--key", "bank.key"]).refused("invalid-argument");
    sandbox
        .publish(&[
            "1.csv",
            "--feed",
            "f",
            "--set",
            "fuse",
            "--previous",
            "3.bisik",
            "--key",
            "centre.key",
            "--seal-to",
            "bank.pub",
            "--out",
            "4.bisik",
            "--delta",
            "4.delta",
        ])
        .refused("snapshot-needed");
    assert!(!sandbox.exists("4.bisik") && !sandbox.exists("4.delta"));
}

/// The store of a bank that trusts the centre for the feed `f`.
fn with_store(sandbox: &Sandbox) {
    sandbox
        .run(&["trust", "add", "my.trust", "centre.pub", "--feed", "f", "--weight", "3", "--name", "Our centre"])
        .expect(0);
}

fn publisher_id(sandbox: &Sandbox) -> String {
    let store: serde_json::Value = serde_json::from_str(&sandbox.text("my.trust")).unwrap();
    store["publishers"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_trust_store_remembers_versions_and_refuses_older_ones() {
    let sandbox = Sandbox::with_keys();
    three_versions(&sandbox);
    with_store(&sandbox);
    let verify = |file: &str| sandbox.run(&["verify", file, "--trust", "my.trust", "--key", "bank.key"]);
    verify("1.bisik").expect(0);
    assert!(
        sandbox.run(&["verify", "1.bisik", "--trust", "centre.pub", "--key", "bank.key"]).err.contains("no memory")
    );
    assert!(!verify("2.bisik").expect(0).err.contains("no memory"));
    verify("2.bisik").expect(0);
    verify("1.bisik").refused("rollback");
    // With a card alone there is no memory, unless it is asked for.
    let card = ["--trust", "centre.pub", "--key", "bank.key"];
    sandbox.run(&[&["verify", "1.bisik"][..], &card].concat()).expect(0);
    sandbox.run(&[&["verify", "2.bisik", "--state", "own"][..], &card].concat()).expect(0);
    sandbox.run(&[&["verify", "1.bisik", "--state", "own"][..], &card].concat()).refused("rollback");
    // Matching and checking remember as well, and a skipped feed is named.
    let use_it = ["--feed", "1.bisik", "--trust", "my.trust", "--key", "bank.key"];
    sandbox.run(&[&["match", "1.csv"][..], &use_it].concat()).refused("rollback");
    sandbox.run(&[&["check", "a.example", "--kind", "domain"][..], &use_it].concat()).refused("rollback");
    let late = (NOW - 2 * 86_400).to_string();
    verify("3.bisik").expect(0);
    let run = sandbox.run(&["verify", "3.bisik", "--trust", "my.trust", "--key", "bank.key", "--now", &late]);
    run.refused("not-yet-valid");
    #[cfg(unix)]
    assert_eq!(common::mode(&sandbox.path("my.trust.seen/history.json")), 0o600);
    // Applying writes the memory before the file.
    sandbox
        .run(&["apply", "1.bisik", "2.delta", "--out", "old.bisik", "--trust", "my.trust", "--key", "bank.key"])
        .refused("rollback");
    assert!(!sandbox.exists("old.bisik"));
    sandbox.write("my.trust.seen/history.json", "{}");
    verify("3.bisik").refused("bad-manifest");
}

/// T23: what two versions are to each other.
#[test]
fn versions_are_compared_by_their_chain() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("1.csv", FIRST);
    sandbox.write("2.csv", SECOND);
    let publish = |list: &str, feed: &str, out: &str, previous: Option<&str>, state: &str| {
        let mut arguments = vec![list, "--feed", feed, "--out", out, "--state", state];
        arguments.extend(previous.into_iter().flat_map(|previous| ["--previous", previous]));
        sandbox.publish(&arguments).expect(0);
    };
    publish("1.csv", "f", "1.bisik", None, "one.used");
    publish("2.csv", "f", "2.bisik", Some("1.bisik"), "one.used");
    publish("1.csv", "f", "3.bisik", Some("2.bisik"), "one.used");
    publish("1.csv", "g", "other.bisik", None, "one.used");
    publish("2.csv", "f", "fork.bisik", None, "two.used");
    let compare = |files: &[&str], code: i32| {
        let arguments = [&["compare"][..], files, &["--trust", "centre.pub"]].concat();
        let shown = sandbox.run(&arguments).expect(code).out;
        let json = sandbox.run(&[&arguments[..], &["--json"]].concat()).expect(code).json();
        (json["verdict"].as_str().unwrap().to_owned(), shown)
    };
    for (files, code, verdict, sentence) in [
        (["1.bisik", "1.bisik"], 0, "same", "the same feed"),
        (["2.bisik", "1.bisik"], 0, "next-version", "names it"),
        (["1.bisik", "3.bisik"], 0, "other-version", "with others between them"),
        (["1.bisik", "other.bisik"], 0, "unrelated", "nothing to compare"),
        // A version that names another predecessor proves the fork as well.
        (["fork.bisik", "2.bisik"], 1, "equivocation", "EQUIVOCATION"),
    ] {
        let (name, shown) = compare(&files, code);
        assert_eq!(name, verdict, "{files:?}");
        assert!(shown.contains(sentence), "{shown}");
    }
    sandbox.run(&["compare", "fork.bisik", "2.bisik", "--trust", "centre.pub", "--proof", "p"]).expect(1);
    assert_eq!(compare(&["p"], 1).0, "equivocation");
    let proof = sandbox.read("p");
    sandbox.write("longer", [proof.as_slice(), b"x"].concat());
    sandbox.run(&["compare", "longer", "--trust", "centre.pub"]).refused("trailing-bytes");
    sandbox.write("endless", [proof.as_slice(), &vec![0; 4 << 20]].concat());
    sandbox.run(&["compare", "endless", "--trust", "centre.pub"]).refused("limit-exceeded");
    sandbox.run(&["compare", "1.bisik", "2.bisik"]).refused("invalid-argument");
}

/// T23: two members get different feeds under one number, and can show it to others.
#[test]
fn a_fork_is_refused_and_proved() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("1.csv", FIRST);
    sandbox.write("2.csv", SECOND);
    sandbox.publish(&["1.csv", "--feed", "f", "--out", "mine.bisik", "--state", "one.used"]).expect(0);
    sandbox.publish(&["2.csv", "--feed", "f", "--out", "theirs.bisik", "--state", "two.used"]).expect(0);
    with_store(&sandbox);
    sandbox.run(&["verify", "mine.bisik", "--trust", "my.trust"]).expect(0);
    let run = sandbox.run(&["verify", "theirs.bisik", "--trust", "my.trust"]).refused("equivocation");
    let proof = run.err.split_whitespace().find(|word| word.contains(".proof")).unwrap().trim_end_matches(',');
    let json = sandbox.run(&["compare", proof, "--trust", "centre.pub", "--json"]).expect(1).json();
    assert_eq!(json["verdict"], "equivocation");
    let digest = |file: &str| {
        sandbox.run(&["verify", file, "--trust", "centre.pub", "--json"]).expect(0).json()["digest"].clone()
    };
    assert_eq!((&json["first"]["digest"], &json["second"]["digest"]), (&digest("mine.bisik"), &digest("theirs.bisik")));
    let run =
        sandbox.run(&["compare", "mine.bisik", "theirs.bisik", "--trust", "centre.pub", "--proof", "p"]).expect(1);
    assert!(run.out.contains("EQUIVOCATION"), "{}", run.out);
    assert_eq!(sandbox.read("p"), sandbox.read(proof));
    sandbox.run(&["compare", "mine.bisik", "mine.bisik", "--trust", "centre.pub"]).expect(0);
    sandbox.run(&["compare", "p", "--trust", "bank.pub"]).refused("untrusted");
    sandbox.run(&["compare", "mine.bisik", "--trust", "centre.pub"]).refused("not-a-feed");
}

#[test]
fn versions_that_may_have_been_signed_are_not_signed_again() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("1.csv", FIRST);
    let publish = |more: &[&str]| sandbox.publish(&[&["1.csv", "--feed", "f", "--json"], more].concat());
    assert_eq!(publish(&["--out", "1.bisik"]).expect(0).json()["version"], 1);
    // A dry run signs nothing that leaves.
    publish(&["--out", "x.bisik", "--dry-run"]).expect(0);
    let second = publish(&["--out", "2.bisik", "--previous", "1.bisik"]).expect(0).json();
    assert_eq!((&second["version"], &second["epoch"]), (&2.into(), &1.into()));
    // The second one was lost: its number is not used again.
    let run = publish(&["--out", "3.bisik", "--previous", "1.bisik"]).expect(0);
    assert!(run.err.contains("versions up to 2 may have been signed"), "{}", run.err);
    assert_eq!(run.json()["version"], 3);
    // Without the previous version there is no key to go on with.
    let json = publish(&["--out", "4.bisik"]).expect(0).json();
    assert_eq!((&json["version"], &json["epoch"]), (&4.into(), &2.into()));
    publish(&["--out", "5.bisik", "--previous", "3.bisik"]).refused("previous-mismatch");
    let used: serde_json::Value = serde_json::from_str(&sandbox.text("centre.sign.used")).unwrap();
    assert_eq!(used["feeds"][0], serde_json::json!({"feed": "f", "epoch": 2, "version": 4}));
    sandbox.write("centre.sign.used", "{");
    publish(&["--out", "5.bisik"]).refused("bad-manifest");
}

/// T20: a thief has the signing key; the roots put another in its place.
#[test]
fn roots_revoke_and_rotate_a_stolen_key() {
    let sandbox = Sandbox::new();
    sandbox.run(&["keygen", "--name", "Centre", "--out", "centre", "--roots", "3"]).expect(0);
    assert_eq!(sandbox.names().len(), 6);
    assert!(sandbox.text("centre.pub").contains("threshold: 2"));
    sandbox.write("1.csv", FIRST);
    sandbox.publish(&["1.csv", "--feed", "f", "--out", "1.bisik"]).expect(0);
    with_store(&sandbox);
    let verify = |file: &str| sandbox.run(&["verify", file, "--trust", "my.trust"]);
    verify("1.bisik").expect(0);
    let thief =
        ["publish", "1.csv", "--feed", "f", "--sign", "centre.sign", "--state", "thief", "--previous", "1.bisik"];
    sandbox.write("thief", r#"{"bisik_used":1,"feeds":[{"feed":"f","epoch":1,"version":9007199254740990}]}"#);
    sandbox.run(&[&thief[..], &["--out", "stolen.bisik"]].concat()).expect(0);
    verify("stolen.bisik").expect(0);

    let revoke = ["revoke", "centre.pub", "--out", "gone"];
    sandbox.run(&[&revoke[..], &["--root", "centre.root1"]].concat()).expect(0);
    let update = |file: &str| sandbox.run(&["trust", "update", "my.trust", file]);
    update("gone").refused("threshold-not-met");
    sandbox.run(&[&revoke[..], &["--root", "centre.root1", "--root", "centre.root3"]].concat()).expect(0);
    update("gone").expect(0);
    update("gone").refused("rollback");
    verify("stolen.bisik").refused("revoked");

    let next = ["keygen", "--name", "Centre", "--out", "next", "--successor-of", "centre.pub"];
    sandbox.run(&next).expect(0);
    let card = sandbox.text("next.pub").replace("sequence: 1", "sequence: 2");
    sandbox.write("next2.pub", &card);
    let roots = ["--root", "centre.root2", "--root", "centre.root3", "--out", "rotation"];
    sandbox.run(&[&["rotate", "next.pub"][..], &roots].concat()).expect(0);
    update("rotation").refused("rollback");
    sandbox.run(&[&["rotate", "next2.pub", "--reset-versions"][..], &roots].concat()).expect(0);
    update("rotation").expect(0);
    // The publisher goes on from its own last version, in its own name, and its readers recover from the thief's number.
    sandbox
        .run(&["publish", "1.csv", "--feed", "f", "--sign", "next.sign", "--previous", "1.bisik", "--out", "2.bisik"])
        .expect(0);
    verify("2.bisik").expect(0);
    verify("stolen.bisik").refused("revoked");
    let shown = sandbox.run(&["trust", "show", "my.trust"]).expect(0).out;
    assert!(shown.contains("Our centre") && shown.contains("2 of 3") && shown.contains("revoked"), "{shown}");
}

#[test]
fn without_roots_a_person_confirms_the_key() {
    let sandbox = Sandbox::with_keys();
    with_store(&sandbox);
    let id = publisher_id(&sandbox);
    sandbox.run(&["keygen", "--name", "Centre", "--out", "next", "--successor-of", "centre.pub"]).expect(0);
    let rotate = ["trust", "rotate", "my.trust", &id, "next.pub"];
    let run = sandbox.run(&rotate).refused("not-confirmed");
    let key = run.err.split_whitespace().find(|word| word.trim_end_matches(',').len() == 64).unwrap();
    let key = key.trim_end_matches(',').to_owned();
    sandbox.run(&[&rotate[..], &["--confirm", &id]].concat()).refused("not-confirmed");
    sandbox.run(&[&rotate[..], &["--confirm", &key]].concat()).expect(0);
    sandbox.write("1.csv", FIRST);
    sandbox.run(&["publish", "1.csv", "--feed", "f", "--sign", "next.sign", "--out", "1.bisik"]).expect(0);
    sandbox.publish(&["1.csv", "--feed", "f", "--out", "old.bisik"]).expect(0);
    sandbox.run(&["verify", "1.bisik", "--trust", "my.trust"]).expect(0);
    sandbox.run(&["verify", "old.bisik", "--trust", "my.trust"]).refused("untrusted");
    let revoke = ["trust", "revoke", "my.trust", &id];
    sandbox.run(&revoke).refused("not-confirmed");
    sandbox.run(&[&revoke[..], &["--confirm", &key]].concat()).expect(0);
    sandbox.run(&["verify", "1.bisik", "--trust", "my.trust"]).refused("revoked");
    sandbox.run(&["trust", "remove", "my.trust", &id]).expect(0);
    sandbox.run(&["verify", "1.bisik", "--trust", "my.trust"]).refused("untrusted");
    sandbox.run(&["trust", "remove", "my.trust", &id]).refused("untrusted");
    sandbox.run(&["trust", "remove", "none.trust", &id]).refused("io");
    sandbox.run(&["trust", "add", "my.trust", "centre.sign"]).refused("bad-key");
}

#[test]
fn what_a_publisher_may_list_is_limited_in_the_store() {
    let sandbox = Sandbox::with_keys();
    with_store(&sandbox);
    let id = publisher_id(&sandbox);
    sandbox.write("1.csv", "kind,value\ndomain,bad.sg\ndomain,bad.example\n");
    sandbox.publish(&["1.csv", "--feed", "f", "--out", "1.bisik"]).expect(0);
    let matched = |more: &[&str]| {
        let base = ["match", "1.csv", "--feed", "1.bisik", "--trust", "my.trust", "--format", "jsonl"];
        sandbox.run(&[&base[..], more].concat())
    };
    assert_eq!(matched(&[]).expect(0).json_lines().len(), 2);
    sandbox.run(&["trust", "set", "my.trust", &id, "--suffix", "sg"]).expect(0);
    assert_eq!(matched(&["--rejects", "r.csv"]).expect(0).json_lines().len(), 1);
    assert!(sandbox.text("r.csv").contains("out-of-scope"));
    sandbox.run(&["trust", "set", "my.trust", &id, "--kind", "phone"]).expect(0);
    matched(&[]).refused("out-of-scope");
    sandbox.run(&["trust", "set", "my.trust", &id, "--suffix", "*.sg"]).refused("invalid-name");
}

#[test]
fn a_withdrawn_entry_is_gone_and_those_who_acted_learn_it() {
    let sandbox = Sandbox::with_keys();
    three_versions(&sandbox);
    with_store(&sandbox);
    let opening = ["--trust", "my.trust", "--key", "bank.key"];
    sandbox.write("seen.csv", "kind,value\ndomain,www.c.example\ndomain,d.example\ndomain,z.example\n");
    let matched = |feed: &str, more: &[&str]| {
        let base = ["match", "seen.csv", "--feed", feed, "--format", "jsonl"];
        sandbox.run(&[&base[..], &opening, more].concat())
    };
    assert_eq!(matched("3.bisik", &["--remember", "acted"]).expect(0).json_lines().len(), 2);
    // The same hit is kept once, as it was first found, and no value is in the file.
    sandbox
        .run(
            &[&["check", "d.example", "--kind", "domain", "--feed", "3.bisik", "--remember", "acted"][..], &opening]
                .concat(),
        )
        .expect(0);
    assert_eq!(sandbox.text("acted").lines().count(), 2);
    common::assert_absent(&sandbox.read("acted"), &["example"], "the file of remembered hits");
    #[cfg(unix)]
    assert_eq!(common::mode(&sandbox.path("acted")), 0o600);
    let retractions =
        |more: &[&str]| sandbox.run(&[&["retractions", "--remember", "acted"][..], &opening, more].concat());
    retractions(&["--feed", "3.bisik"]).expect(1);

    sandbox.write("gone.txt", "c.example\n");
    let withdraw = |more: &[&str]| {
        let base = [
            "withdraw",
            "--kind",
            "domain",
            "--feed",
            "3.bisik",
            "--reason",
            "cleared",
            "--sign",
            "centre.sign",
            "--key",
            "centre.key",
            "--seal-to",
            "bank.pub",
        ];
        sandbox.run(&[&base[..], more].concat())
    };
    let later = (NOW + 86_400).to_string();
    let json = withdraw(&[
        "gone.txt",
        "--out",
        "4.bisik",
        "--delta",
        "4.delta",
        "--retractions",
        "4.gone",
        "--json",
        "--now",
        &later,
    ])
    .expect(0)
    .json();
    assert_eq!((&json["withdrawn"], &json["entries"], &json["version"]), (&1.into(), &2.into(), &4.into()));
    sandbox
        .run(&[&["apply", "3.bisik", "4.delta", "--out", "now.bisik", "--now", &later][..], &opening].concat())
        .expect(0);
    for feed in ["4.bisik", "now.bisik"] {
        assert_eq!(matched(feed, &["--now", &later]).expect(0).json_lines().len(), 1);
        let told = retractions(&["--feed", feed, "--json", "--now", &later]).expect(0).json_lines();
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["reason"], &told[0]["version"]), (&"cleared".into(), &3.into()));
    }
    let run = retractions(&["--list", "4.gone", "--now", &later]).expect(0);
    assert!(run.out.contains("cleared") && run.err.contains("1 of 2"), "{} {}", run.out, run.err);
    // Whoever remembers other hits learns nothing.
    sandbox.write(
        "acted",
        sandbox
            .text("acted")
            .lines()
            .filter(|line| !line.contains(told_id(&run.out)))
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
    );
    retractions(&["--feed", "4.bisik", "--now", &later]).expect(1);

    sandbox.write("wrong.txt", "d.example\nnot-there.example\n");
    let run = withdraw(&["wrong.txt", "--out", "5.bisik"]).refused("not-listed");
    assert!(run.err.contains("line 2") && !run.err.contains("not-there"), "{}", run.err);
    assert!(!sandbox.exists("5.bisik"));
    let run = withdraw(&["wrong.txt", "--out", "5.bisik", "--skip-unlisted"]).expect(0);
    assert!(run.err.contains("skipped"), "{}", run.err);
    sandbox.write("acted", "{}\n");
    retractions(&["--feed", "4.bisik", "--now", &later]).refused("bad-manifest");
    sandbox.run(&[&["retractions", "--remember", "none", "--feed", "4.bisik"][..], &opening].concat()).refused("io");
}

/// The hit id in a table.
fn told_id(table: &str) -> &str {
    table.split_whitespace().find(|word| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit())).unwrap()
}

#[test]
fn additions_need_no_old_list() {
    let sandbox = Sandbox::with_keys();
    three_versions(&sandbox);
    sandbox.write("more.csv", "kind,value,confidence\ndomain,new.example,80\n");
    let json = sandbox
        .publish(&[
            "more.csv",
            "--feed",
            "f",
            "--previous",
            "3.bisik",
            "--key",
            "centre.key",
            "--add",
            "--out",
            "4.bisik",
            "--delta",
            "4.delta",
            "--seal-to",
            "bank.pub",
            "--json",
        ])
        .expect(0)
        .json();
    assert_eq!((&json["entries"], &json["version"]), (&4.into(), &4.into()));
    let look_up = |name: &str, code: i32| {
        let base =
            ["check", name, "--kind", "domain", "--feed", "4.bisik", "--trust", "centre.pub", "--key", "bank.key"];
        sandbox.run(&[&base[..], &["--json"]].concat()).expect(code)
    };
    assert_eq!(look_up("new.example", 0).json()["confidence"], 80);
    assert_eq!(look_up("c.example", 0).json()["confidence"], 90);
    look_up("b.example", 1);
}

/// T21: what one publisher says is looked at; what two say may be acted upon.
#[test]
fn a_policy_says_of_each_hit_what_may_be_done() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("both.csv", "kind,value\ndomain,bad.example\n");
    sandbox.write("one.csv", "kind,value\ndomain,bad.example\ndomain,maybe.example\n");
    sandbox.publish(&["one.csv", "--feed", "a", "--out", "a.bisik"]).expect(0);
    sandbox.run(&["publish", "both.csv", "--sign", "stranger.sign", "--feed", "b", "--out", "b.bisik"]).expect(0);
    sandbox.write("policy", "min_publishers = 2\n[account]\nmin_publishers = 3\n");
    let feeds = ["--feed", "a.bisik", "--feed", "b.bisik", "--trust", "centre.pub", "--trust", "stranger.pub"];
    let matched = |more: &[&str]| sandbox.run(&[&["match", "one.csv"][..], &feeds, more].concat());
    let lines = matched(&["--policy", "policy", "--format", "jsonl"]).expect(0).json_lines();
    let verdicts: Vec<_> = lines.iter().map(|line| (&line["row"], line["verdict"].as_str().unwrap())).collect();
    assert_eq!(verdicts, [(&1.into(), "act"), (&1.into(), "act"), (&2.into(), "review")]);
    assert_eq!(lines[2]["reasons"], serde_json::json!(["counted", "too-few-publishers"]));
    assert_eq!(lines[2]["because"], "1 publisher of weight 1 counts; 1 of 2 publishers");
    let table = matched(&["--policy", "policy"]).expect(0).out;
    assert!(table.contains("verdict") && table.contains("review"), "{table}");
    let csv = matched(&["--policy", "policy", "--format", "csv"]).expect(0).out;
    assert!(csv.lines().next().unwrap().ends_with("note,verdict,because"), "{csv}");
    sandbox.write(
        "three.csv",
        "kind,value,amount\ndomain,bad.example,1\ndomain,clean.example,2\ndomain,maybe.example,3\n",
    );
    let annotated = |more: &[&str]| {
        sandbox.run(&[&["match", "three.csv", "--annotate", "three2.csv"][..], &feeds, more].concat()).expect(0);
        sandbox.text("three2.csv")
    };
    let text = annotated(&["--policy", "policy"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with(",bisik_refused,bisik_verdict,bisik_because"), "{text}");
    assert!(
        lines[1].starts_with("domain,bad.example,1,2,") && lines[1].ends_with(",act,2 publishers of weight 2 count"),
        "{text}"
    );
    assert!(lines[2].starts_with("domain,clean.example,2,0,") && lines[2].ends_with(",,,"), "{text}");
    assert!(lines[3].ends_with(",review,1 publisher of weight 1 counts; 1 of 2 publishers"), "{text}");
    assert!(annotated(&[]).lines().next().unwrap().ends_with(",bisik_refused"));
    let without = matched(&["--format", "jsonl"]).expect(0).json_lines();
    assert!(without[0].get("verdict").is_none());
    let check = ["check", "maybe.example", "--kind", "domain", "--policy", "policy", "--json"];
    assert_eq!(sandbox.run(&[&check[..], &feeds].concat()).expect(0).json()["verdict"], "review");
    sandbox.write("policy", "min_publishers = 2\nmin_publisher = 3\n");
    let run = matched(&["--policy", "policy"]).refused("bad-policy");
    assert!(run.err.contains("(at 2)"), "{}", run.err);
}
