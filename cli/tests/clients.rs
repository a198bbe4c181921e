//! The file of clients: made by commands, read strictly.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::Sandbox;

fn add(sandbox: &Sandbox, more: &[&str]) -> common::Run {
    sandbox.run(&[&["client", "add", "--clients", "clients.toml"], more].concat())
}

fn list(sandbox: &Sandbox) -> common::Run {
    sandbox.run(&["client", "list", "--clients", "clients.toml", "--json"])
}

#[test]
fn a_token_is_shown_once_and_only_its_hash_is_kept() {
    let sandbox = Sandbox::with_keys();
    let run = add(&sandbox, &["--pub", "bank.pub", "--per-day", "500", "--total", "9000", "--batch", "64"]).expect(0);
    let token = run.out.trim();
    assert!(token.strip_prefix("bisik_token_").is_some_and(|digits| digits.len() == 64), "{token}");
    let text = sandbox.text("clients.toml");
    assert!(!text.contains(&token[12..]) && !run.err.contains(&token[12..]), "{text}");
    #[cfg(unix)]
    assert_eq!(common::mode(&sandbox.path("clients.toml")), 0o600);
    let listed = list(&sandbox).expect(0).json_lines();
    assert_eq!((&listed[0]["name"], &listed[0]["per_day"]), (&"The bank".into(), &500.into()));
    assert_eq!((&listed[0]["total"], &listed[0]["batch"]), (&9_000.into(), &64.into()));
    let other = add(&sandbox, &["--pub", "stranger.pub", "--name", "Q \"q\" \\ ümlaut"]).expect(0);
    assert_ne!(other.out, run.out);
    assert_eq!(list(&sandbox).expect(0).json_lines()[1]["name"], "Q \"q\" \\ ümlaut");
}

#[test]
fn an_entry_is_added_and_removed_and_all_else_stays() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("clients.toml", "# ours\n");
    add(&sandbox, &["--pub", "bank.pub"]).expect(0);
    let one = sandbox.text("clients.toml") + "# a remark on the bank\n";
    sandbox.write("clients.toml", &one);
    add(&sandbox, &["--pub", "bank.pub"]).refused("already-exists");
    add(&sandbox, &["--pub", "stranger.pub", "--name", "The bank"]).refused("already-exists");
    add(&sandbox, &["--pub", "stranger.pub", "--name", "a\u{1b}[2Jb"]).refused("invalid-name");
    add(&sandbox, &["--pub", "bank.sign"]).refused("bad-key");
    assert_eq!(sandbox.text("clients.toml"), one);
    add(&sandbox, &["--pub", "stranger.pub", "--no-token"]).expect(0);
    let remove = |card: &str| sandbox.run(&["client", "remove", "--clients", "clients.toml", "--pub", card]);
    remove("stranger.pub").expect(0);
    assert_eq!(sandbox.text("clients.toml").trim_end(), one.trim_end());
    remove("stranger.pub").refused("unknown-client");
    remove("bank.pub").expect(0);
    assert_eq!(list(&sandbox).expect(0).out, "");
    assert!(sandbox.text("clients.toml").starts_with("# ours\n"));
    assert!(sandbox.text("clients.toml").contains("# a remark on the bank"));
}

#[test]
fn the_list_is_a_table_for_people() {
    let sandbox = Sandbox::with_keys();
    add(&sandbox, &["--pub", "bank.pub", "--per-day", "500", "--total", "9000", "--batch", "64"]).expect(0);
    let quiet = add(&sandbox, &["--pub", "stranger.pub", "--name", "Quiet", "--no-token"]).expect(0);
    assert!(quiet.out.is_empty() && quiet.err.contains("not over the network"), "{}", quiet.err);
    let table = |more: &[&str]| {
        let arguments = [&["client", "list", "--clients", "clients.toml"], more].concat();
        let out = sandbox.run(&arguments).expect(0).out;
        out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let lines = table(&[]);
    let has = |text: &str| assert!(lines.iter().any(|line| line.contains(text)), "{text} in {lines:?}");
    has("client token certificate a day in all a request");
    has("The bank yes no 500 9,000 64");
    has("Quiet no no 10,000 no end");
}

#[test]
fn two_editors_at_a_time_lose_nothing() {
    let sandbox = Sandbox::new();
    for n in 0..8 {
        sandbox.run(&["keygen", "--name", &format!("Member {n}"), "--out", &format!("m{n}")]).expect(0);
    }
    std::thread::scope(|scope| {
        for n in 0..8 {
            let sandbox = &sandbox;
            scope.spawn(move || add(sandbox, &["--pub", &format!("m{n}.pub")]).expect(0));
        }
    });
    assert_eq!(list(&sandbox).expect(0).json_lines().len(), 8);
}

#[test]
fn what_the_file_must_not_say_is_refused_by_line() {
    let sandbox = Sandbox::with_keys();
    add(&sandbox, &["--pub", "bank.pub", "--no-token"]).expect(0);
    add(&sandbox, &["--pub", "stranger.pub", "--no-token"]).expect(0);
    let good = sandbox.text("clients.toml");
    let key = good.lines().find(|line| line.starts_with("key")).unwrap().to_owned();
    let hash = "ab".repeat(32);
    let with = |line: &str| good.replacen("batch = 16384", line, 1);
    for (bad, line, why) in [
        (with("batch = 0"), 8, "batch is 1 to 16384"),
        (with("batch = 16385"), 8, "batch is 1 to 16384"),
        (with("batch = -1"), 8, ""),
        (with("batch = 1.5"), 8, ""),
        (with("batch = \"1\""), 8, ""),
        (with("per_day = 5"), 8, ""),
        (with("per_hour = 5"), 8, "unknown field"),
        (with("token = \"abc\""), 8, "not a SHA-256"),
        (with(&format!("token = \"{}\"", "AB".repeat(32))), 8, "not a SHA-256"),
        (with(&format!("certificate = \"{}x\"", &hash[1..])), 8, "not a SHA-256"),
        (with("total = 99999999999999999999"), 8, ""),
        (good.replacen("\"The bank\"", "\"\"", 1), 5, "1 to 128 characters"),
        (good.replacen("The bank", "The stranger", 1), 11, "the name stands twice"),
        (good.replacen("The bank", "a\\u001b[2J", 1), 5, "no control"),
        (
            good.replace(good.lines().filter(|line| line.starts_with("key")).nth(1).unwrap(), &key),
            12,
            "the key stands twice",
        ),
        (good.replacen(&key, "key = \"ed25519nonsense\"", 1), 6, "no ed25519"),
        (good.replacen(&key, "", 1), 4, "missing field"),
        (good.replacen("[[client]]", "[client]", 1), 0, ""),
        (good.replacen("[[client]]", "[[clients]]", 1), 4, "unknown field"),
        (good.replacen("[[client]]", "owner = 1\n[[client]]", 1), 4, "unknown field"),
        (good.replace("batch = 16384", &format!("token = \"{hash}\"")), 10, "two clients have one token"),
        (format!("{good}\n["), 16, ""),
        ("\u{0}".to_owned(), 1, ""),
    ] {
        assert_ne!(bad, good, "{why}");
        sandbox.write("clients.toml", &bad);
        let run = list(&sandbox).refused("malformed");
        let place = if line == 0 { "line ".to_owned() } else { format!("line {line}: ") };
        assert!(run.err.contains(&place) && run.err.contains(why), "wanted {place}{why}: {}", run.err);
        // Nothing is added to a file that cannot be read.
        add(&sandbox, &["--pub", "centre.pub"]).refused("malformed");
        assert_eq!(sandbox.text("clients.toml"), bad);
    }
}
