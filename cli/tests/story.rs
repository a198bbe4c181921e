//! The whole story: from the raw lists of three publishers and the payments of two banks to one centre's call list, with a
//! withdrawal and a rotation of keys in between. Each party has a folder of its own; what moves from one to another is handed over
//! by name. In the end each folder, and everything that each party saw on its screen, is searched for what must not be there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::cell::RefCell;
use std::path::Path;

use bisik::{RecipientSecret, SigningFile, Timestamp, UnverifiedFeed};
use common::{NOW, Run, Sandbox};
use serde_json::Value;

const DAY: u64 = 86_400;

/// What the centre lists: mule accounts and the mailboxes of those who run them.
const CENTRE_LIST: &str = "\
kind,value,country,bank,case
account,70010001,SG,EXMPSGSG,CENTRE-CASE-1
account,70010002,SG,EXMPSGSG,CENTRE-CASE-2
account,70010003,MY,EXMPMYKL,CENTRE-CASE-3
email,canary.boss@ring.example,,,CENTRE-CASE-4
";
const TELCO_LIST: &str = "kind,value,case\nphone,+6590000001,TELCO-CASE-1\nphone,+6590000002,TELCO-CASE-2\n";
const PLATFORM_LIST: &str = "kind,value,case\ndomain,canary-shop.example,PLATFORM-CASE-1\n";

const FIRST_BANK: &str = "\
payment,kind,value,country,bank,customer
PAY-FIRST-1,account,70010001,SG,EXMPSGSG,CANARY ALPHA
PAY-FIRST-2,account,70010002,SG,EXMPSGSG,CANARY BRAVO
PAY-FIRST-3,account,55550001,SG,EXMPSGSG,CANARY CHARLIE
PAY-FIRST-4,phone,+6590000001,,,CANARY ALPHA
";
const SECOND_BANK: &str = "\
payment,kind,value,country,bank,customer
PAY-SECOND-1,account,70010001,SG,EXMPSGSG,CANARY DELTA
PAY-SECOND-2,account,70010003,MY,EXMPMYKL,CANARY ECHO
PAY-SECOND-3,domain,canary-shop.example,,,CANARY ECHO
PAY-SECOND-4,account,55550002,MY,EXMPMYKL,CANARY FOXTROT
";

/// A party: a folder that nobody else sees, and all that its screen showed.
struct Party {
    name: &'static str,
    folder: Sandbox,
    screen: RefCell<String>,
}

impl Party {
    fn new(name: &'static str, keys: &[&str]) -> Self {
        let party = Self { name, folder: Sandbox::new(), screen: RefCell::default() };
        party.run(0, &[&["keygen", "--name", &format!("The {name}"), "--out", name][..], keys].concat());
        party
    }

    /// Runs on a day of the story.
    #[track_caller]
    fn run(&self, day: u64, arguments: &[&str]) -> Run {
        let now = (NOW + day * DAY).to_string();
        let run = self.folder.run(&[arguments, &["--now", &now]].concat());
        self.screen.borrow_mut().push_str(&format!("{}{}", run.out, run.err));
        run.expect(0)
    }

    /// Gives files to others.
    fn hand(&self, files: &[&str], to: &[&Party]) {
        for file in files {
            to.iter().for_each(|party| party.folder.write(file, self.folder.read(file)));
        }
    }

    /// Fails if one of these texts is in a file of the folder, other than those named, or on the screen.
    #[track_caller]
    fn assert_nowhere(&self, canaries: &[&str], but_for: &[&str]) {
        fn search(folder: &Path, party: &str, canaries: &[&str], but_for: &[&str]) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                if path.is_dir() {
                    search(&path, party, canaries, but_for);
                } else if !but_for.contains(&name) {
                    common::assert_absent(&std::fs::read(&path).unwrap(), canaries, &format!("{party}: {name}"));
                }
            }
        }
        search(&self.folder.path("."), self.name, canaries, but_for);
        common::assert_absent(self.screen.borrow().as_bytes(), canaries, &format!("{}: the screen", self.name));
    }

    /// A member: trusts all publishers, each for its own feed.
    fn trusts(&self, publishers: [(&Party, &str); 3]) {
        for (publisher, feed) in publishers {
            let card = format!("{}.pub", publisher.name);
            publisher.hand(&[&card], &[self]);
            self.run(0, &["trust", "add", "my.trust", &card, "--feed", feed]);
        }
    }

    /// Matches the bank's payments against these feeds; the hits as they are printed.
    fn matches(&self, day: u64, feeds: &[&str]) -> Vec<Value> {
        let key = format!("{}.key", self.name);
        let mut arguments = vec!["match", "payments.csv", "--id", "payment", "--trust", "my.trust", "--key", &key];
        feeds.iter().for_each(|feed| arguments.extend(["--feed", *feed]));
        arguments.extend(["--remember", "acted.jsonl", "--format", "jsonl"]);
        self.run(day, &arguments).json_lines()
    }

    /// Tells a desk of the hits of one feed.
    fn sights(&self, day: u64, feed: &str, hits: &[Value], more: &[&str], out: &str) {
        let lines: String = hits.iter().map(|hit| format!("{hit}\n")).collect();
        self.folder.write("hits.jsonl", lines);
        let (key, sign) = (format!("{}.key", self.name), format!("{}.sign", self.name));
        let usual = ["sight", "hits.jsonl", "--feed", feed, "--trust", "my.trust", "--key", &key, "--sign", &sign];
        self.run(day, &[&usual[..], more, &["--seal-out", out, "--log", "review.log"]].concat());
    }
}

/// The tokens of a feed that is sealed to this party, and its feed key, as hexadecimal.
fn secrets_of(file: &[u8], key: &str, sign: &str) -> Vec<String> {
    let secrets = RecipientSecret::parse_list(key).unwrap();
    let signing = SigningFile::parse(sign).unwrap();
    let now = Timestamp::from_seconds(NOW + 9 * DAY).unwrap();
    let feed = UnverifiedFeed::read(file, &secrets, 1 << 20).unwrap().verify_own(&signing, now).unwrap();
    let mut end = feed.signed_block().len();
    let mut found = Vec::new();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for section in &feed.manifest().sections {
        let start = end.next_multiple_of(64);
        end = start + section.length as usize;
        match section.section_type {
            1 => found.push(hex(&feed.bytes()[start..end])),
            2 => found.extend(feed.bytes()[start..end].chunks(16).map(hex)),
            _ => {}
        }
    }
    found
}

fn of_feed(hits: &[Value], feed: &str) -> Vec<Value> {
    hits.iter().filter(|hit| hit["feed"] == feed).cloned().collect()
}

fn of_payment<'h>(hits: &'h [Value], payment: &str) -> &'h Value {
    hits.iter().find(|hit| hit["id"] == payment).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

#[test]
fn from_three_lists_and_two_banks_to_a_call_list() {
    // Day 0: everybody makes keys; the publishers know the banks' cards, the banks the publishers'.
    let centre = Party::new("centre", &["--roots", "3"]);
    let (telco, platform) = (Party::new("telco", &[]), Party::new("platform", &[]));
    let (first, second) = (Party::new("first", &[]), Party::new("second", &[]));
    centre.run(0, &["keygen", "--name", "The centre's desk", "--out", "desk"]);
    for publisher in [&centre, &telco, &platform] {
        first.hand(&["first.pub"], &[publisher]);
        second.hand(&["second.pub"], &[publisher]);
    }
    for bank in [&first, &second] {
        bank.trusts([(&centre, "mules"), (&telco, "lines"), (&platform, "sites")]);
    }
    first.folder.write("payments.csv", FIRST_BANK);
    second.folder.write("payments.csv", SECOND_BANK);

    // The three publish, sealed to both banks.
    for (publisher, list, feed, out, desk) in [
        (&centre, CENTRE_LIST, "mules", "mules1.bisik", "desk.pub"),
        (&telco, TELCO_LIST, "lines", "lines.bisik", "telco.pub"),
        (&platform, PLATFORM_LIST, "sites", "sites.bisik", "platform.pub"),
    ] {
        publisher.folder.write("list.csv", list);
        let sign = format!("{}.sign", publisher.name);
        let usual = ["publish", "list.csv", "--sign", &sign, "--feed", feed, "--out", out];
        let seal = ["--seal-to", "first.pub", "--seal-to", "second.pub", "--valid", "30d"];
        let contact = ["--desk", "+65 0000 0000", "--hours", "day and night", "--desk-card", desk];
        publisher.run(0, &[&usual[..], &seal, &contact].concat());
        publisher.hand(&[out], &[&first, &second]);
    }

    // The banks match, and tell the desks what they met.
    let feeds = ["mules1.bisik", "lines.bisik", "sites.bisik"];
    let of_first = first.matches(0, &feeds);
    let of_second = second.matches(0, &feeds);
    assert_eq!((of_first.len(), of_second.len()), (3, 3));
    let frozen = ["--action", "frozen", "--amount", "900.00", "--currency", "SGD", "--reference", "FIRST-REF-1"];
    first.sights(0, "mules1.bisik", &of_feed(&of_first, "mules"), &frozen, "first1.sighting");
    first.sights(0, "lines.bisik", &of_feed(&of_first, "lines"), &["--action", "reported"], "lines1.sighting");
    let declined = ["--action", "declined", "--amount", "120.50", "--currency", "MYR"];
    second.sights(0, "mules1.bisik", &of_feed(&of_second, "mules"), &declined, "second1.sighting");
    first.hand(&["first1.sighting"], &[&centre]);
    second.hand(&["second1.sighting"], &[&centre]);
    first.hand(&["lines1.sighting"], &[&telco]);
    // Another publisher gets hold of what is for the centre's desk.
    first.hand(&["first1.sighting"], &[&platform]);
    let opened = platform.run(
        0,
        &[
            "sightings",
            "first1.sighting",
            "--feed",
            "sites.bisik",
            "--trust",
            "platform.pub",
            "--members",
            "first.pub",
            "--key",
            "platform.key",
            "--state",
            "desk.state",
            "--json",
        ],
    );
    let opened = opened.json();
    assert_eq!((&opened["counted"], &opened["not_counted"][0]["reason"]), (&0.into(), &"no-matching-key".into()));

    // The centre's desk, on the evening of day 0.
    let desk = |day: u64, files: &[&str], feed: &str, keys: &str| {
        let (card, key) = (format!("{keys}.pub"), format!("{keys}.key"));
        let mut arguments = vec!["sightings"];
        arguments.extend(files);
        arguments.extend(["--feed", feed, "--trust", &card, "--members", "first.pub", "--members", "second.pub"]);
        arguments.extend(["--key", "desk.key", "--key", &key, "--list", "list.csv", "--id", "case"]);
        arguments.extend(["--state", "desk.state", "--log", "review.log", "--json"]);
        centre.run(day, &arguments).json()
    };
    let told = desk(0, &["first1.sighting", "second1.sighting"], "mules1.bisik", "centre");
    assert_eq!(told["counted"], 4);

    // Day 1: an account turns out to be its rightful owner's again; the banks that acted upon it learn so.
    centre.folder.write("cleared.csv", "kind,value,country,bank\naccount,70010003,MY,EXMPMYKL\n");
    let seal = ["--seal-to", "first.pub", "--seal-to", "second.pub"];
    let withdraw =
        ["withdraw", "cleared.csv", "--feed", "mules1.bisik", "--reason", "recovered", "--sign", "centre.sign"];
    let out = ["--key", "centre.key", "--out", "mules2.bisik", "--delta", "mules2.delta", "--log", "review.log"];
    centre.run(1, &[&withdraw[..], &out, &seal].concat());
    centre.hand(&["mules2.delta"], &[&first, &second]);
    let withdrawn = |bank: &Party, code: i32| {
        let key = format!("{}.key", bank.name);
        let apply = ["apply", "mules1.bisik", "mules2.delta", "--out", "mules2.bisik", "--trust", "my.trust"];
        bank.run(1, &[&apply[..], &["--key", &key]].concat());
        let ask =
            ["retractions", "--remember", "acted.jsonl", "--feed", "mules2.bisik", "--trust", "my.trust", "--json"];
        let now = (NOW + DAY).to_string();
        bank.folder.run(&[&ask[..], &["--key", &key, "--now", &now]].concat()).expect(code).json_lines()
    };
    assert!(withdrawn(&first, 1).is_empty());
    let told_back = withdrawn(&second, 0);
    assert_eq!((told_back.len(), &told_back[0]["reason"]), (1, &"recovered".into()));
    assert_eq!(told_back[0]["hit_id"], of_payment(&of_second, "PAY-SECOND-2")["hit_id"]);

    // Day 2: the centre's keys change; two of its three roots say so, and the banks take it in.
    centre.run(2, &["keygen", "--name", "The centre", "--out", "centre2", "--successor-of", "centre.pub"]);
    let roots = ["--root", "centre.root1", "--root", "centre.root3"];
    centre.run(2, &[&["rotate", "centre2.pub", "--out", "centre.rotation"][..], &roots].concat());
    centre.hand(&["centre.rotation"], &[&first, &second]);
    for bank in [&first, &second] {
        bank.run(2, &["trust", "update", "my.trust", "centre.rotation"]);
    }
    centre.folder.write("more.csv", "kind,value,case\nemail,canary.other@ring.example,CENTRE-CASE-5\n");
    let add =
        ["publish", "more.csv", "--add", "--previous", "mules2.bisik", "--sign", "centre2.sign", "--feed", "mules"];
    let out = ["--key", "centre.key", "--state", "centre.sign.used", "--out", "mules3.bisik", "--valid", "30d"];
    centre.run(2, &[&add[..], &out, &seal].concat());
    centre.hand(&["mules3.bisik"], &[&first, &second]);

    // The second bank meets the first account again, on another day, with the new version. The old file comes once more, and a copy
    // of it by way of the first bank.
    let again = second.matches(2, &["mules3.bisik"]);
    assert_eq!(again.len(), 1, "the withdrawn account is no hit any more");
    let reported = ["--action", "reported", "--amount", "1000", "--currency", "SGD"];
    second.sights(2, "mules3.bisik", &again, &reported, "second2.sighting");
    second.hand(&["second2.sighting"], &[&centre]);
    let files = ["second2.sighting", "second1.sighting", "first1.sighting"];
    let told = desk(2, &files, "mules3.bisik", "centre2");
    assert_eq!(told["counted"], 1);
    let reasons: Vec<&str> = told["not_counted"].as_array().unwrap().iter().map(|one| text(one, "reason")).collect();
    assert_eq!(reasons, ["replayed"; 4]);

    // The call list: the account that both banks met, most recently, comes first; then by amount; the withdrawn one is marked.
    let calls = told["calls"].as_array().unwrap();
    let shown: Vec<(&str, u64, u64)> = calls
        .iter()
        .map(|call| (text(&call["list"], "id"), call["score"].as_u64().unwrap(), call["sightings"].as_u64().unwrap()))
        .collect();
    assert_eq!(shown, [("CENTRE-CASE-1", 80, 3), ("CENTRE-CASE-3", 60, 1), ("CENTRE-CASE-2", 50, 1)]);

    // What was done stands in the review logs, in counts; that they hold nothing else is looked for below, as in every file.
    for (party, events) in [
        (&centre, &["start", "sightings-opened", "withdrawal", "sightings-opened"][..]),
        (&first, &["start", "sightings-sent", "sightings-sent"]),
        (&second, &["start", "sightings-sent", "sightings-sent"]),
    ] {
        party.run(9, &["log", "verify", "review.log"]);
        let log = party.folder.text("review.log");
        let entries: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(entries.iter().map(|entry| text(entry, "event")).collect::<Vec<_>>(), events, "{}", party.name);
    }
    let names: Vec<&str> = calls[0]["members"].as_array().unwrap().iter().map(|one| text(one, "name")).collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&"The first") && names.contains(&"The second"));
    assert_eq!(calls[0]["days"], serde_json::json!({ "2027-01-15": 2, "2027-01-17": 1 }));
    let sums: Vec<&str> = calls[0]["amounts"].as_array().unwrap().iter().map(|sum| text(sum, "amount")).collect();
    assert_eq!(sums, ["120.50 MYR", "1900.00 SGD"]);
    assert_eq!((&calls[0]["withdrawn"], &calls[1]["withdrawn"]), (&Value::Null, &"2027-01-16".into()));

    // What each party must not have.
    let hit = |payment: &str, hits: &[Value]| text(of_payment(hits, payment), "hit_id").to_owned();
    let (hit1, hit2, hit3) =
        (hit("PAY-FIRST-1", &of_first), hit("PAY-FIRST-2", &of_first), hit("PAY-SECOND-2", &of_second));
    let (line, site) = (hit("PAY-FIRST-4", &of_first), hit("PAY-SECOND-3", &of_second));
    let tokens = secrets_of(
        &centre.folder.read("mules1.bisik"),
        &centre.folder.text("centre.key"),
        &centre.folder.text("centre.sign"),
    );
    assert_eq!(tokens.len(), 5, "a feed key, and a token for each entry");
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    assert!(!tokens.iter().any(|token| [&hit1, &hit2, &hit3].contains(&&(*token).to_owned())));

    // The banks: nothing of the lists but what they have themselves, nothing of each other's payments, cases and hits.
    let cases = ["CENTRE-CASE", "TELCO-CASE", "PLATFORM-CASE", "canary.boss", "canary.other", "90000002"];
    first.assert_nowhere(&cases, &[]);
    second.assert_nowhere(&cases, &[]);
    first
        .assert_nowhere(&["70010003", "canary-shop", "CANARY DELTA", "CANARY ECHO", &hit3, &site, "PAY-SECOND-1"], &[]);
    second.assert_nowhere(&["70010002", "90000001", "CANARY ALPHA", "CANARY BRAVO", &hit2, &line, "FIRST-REF"], &[]);
    // Their own rows stand in their own file alone: not in what they remember, print or tell.
    first.assert_nowhere(&["70010001", "70010002", "90000001", "55550001", "CANARY "], &["payments.csv"]);
    second.assert_nowhere(&["70010001", "70010003", "canary-shop", "55550002", "CANARY "], &["payments.csv"]);

    // The publishers: nothing of the banks' payments and customers; the others' feeds and hits not at all.
    let customers = ["CANARY ", "55550001", "55550002", "PAY-FIRST", "PAY-SECOND"];
    for publisher in [&centre, &telco, &platform] {
        publisher.assert_nowhere(&customers, &[]);
    }
    centre.assert_nowhere(&["90000001", "90000002", "canary-shop", &line, &site], &[]);
    // The first bank's file lies at the platform, sealed: neither hit nor reference nor amount can be read there.
    let sealed = ["7001000", "canary.", "FIRST-REF", "90000001", "\"frozen\"", "\"mules\"", &hit1, &hit2, &hit3];
    platform.assert_nowhere(&sealed, &[]);
    telco.assert_nowhere(&["7001000", "canary", "FIRST-REF", &hit1, &hit2, &hit3, &site], &[]);
    // The centre's own list stands in its own files alone. What it counted names hit ids: no value, no token, no key.
    centre.assert_nowhere(&["70010001", "70010002", "70010003", "canary."], &["list.csv", "more.csv", "cleared.csv"]);
    for party in [&centre, &telco, &platform, &first, &second] {
        party.assert_nowhere(&tokens, &[]);
    }
    let state = centre.folder.text("desk.state");
    assert!([&hit1, &hit2, &hit3].into_iter().all(|hit| state.contains(hit.as_str())));

    // What travelled: feeds, deltas, sightings and the rotation hold nothing of all this in the clear.
    let values = ["70010001", "70010002", "70010003", "canary", "90000001", "CANARY ", "-CASE-", "FIRST-REF"];
    let hits = [hit1.as_str(), &hit2, &hit3, &line, &site];
    for (party, files) in [
        (
            &centre,
            &["mules1.bisik", "mules2.delta", "mules3.bisik", "centre.rotation", "centre.pub", "centre2.pub"][..],
        ),
        (&telco, &["lines.bisik", "telco.pub"]),
        (&platform, &["sites.bisik", "platform.pub"]),
        (&first, &["first1.sighting", "lines1.sighting", "first.pub"]),
        (&second, &["second1.sighting", "second2.sighting", "second.pub"]),
    ] {
        for file in files {
            let bytes = party.folder.read(file);
            common::assert_absent(&bytes, &values, file);
            common::assert_absent(&bytes, &hits, file);
            common::assert_absent(&bytes, &tokens, file);
        }
    }
}
