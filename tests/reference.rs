//! The reference reader in `tests/reference`, written from docs/format.md alone, reads what the library writes and agrees.
//!
//! It needs Python with `tests/reference/requirements.txt`: that of `.venv`, or the program in `BISIK_PYTHON`. Without one
//! the test prints that it was skipped.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bisik::{
    Claim, FixedEntropy, Guard, Identifier, KeySet, Kind, Matcher, ParseOptions, PublishOptions, Publisher,
    RecordState, SetChoice, Timestamp, TrustStore, UnverifiedFeed,
};
use serde_json::{Value, json};

const NOW: u64 = 1_790_000_000;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Python program, or `None` with a printed line.
fn python() -> Option<PathBuf> {
    let program = std::env::var_os("BISIK_PYTHON").map_or_else(|| root().join(".venv/bin/python"), PathBuf::from);
    let probe = Command::new(&program).args(["-c", "import blake3, cryptography"]).stderr(Stdio::null()).status();
    let usable = probe.is_ok_and(|status| status.success());
    if !usable {
        println!("skipped: no Python with tests/reference/requirements.txt");
    }
    usable.then_some(program)
}

/// What the reader prints for `arguments` and look-ups on standard input, a value a line.
fn reader(python: &Path, arguments: &[&str], input: &str) -> Vec<Value> {
    let mut child = Command::new(python)
        .arg(root().join("tests/reference/reader.py"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Python starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const LISTED: &[(Kind, &str)] = &[
    (Kind::Domain, "evil-bank-login.com"),
    (Kind::Domain, "a-name-of-more-than-sixty-bytes-in-its-two-labels.under-a-domain-of-its-own.org"),
    (Kind::Phone, "+6591234567"),
    (Kind::Email, "collector@evil-bank-login.com"),
    (Kind::Wallet, "btc:1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
];
const STRANGERS: &[(Kind, &str)] = &[(Kind::Domain, "good-bank.com"), (Kind::Phone, "+6598765432")];

#[test]
fn the_reference_reader_agrees_on_every_form_of_feed() {
    let Some(python) = python() else { return };
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference");
    std::fs::create_dir_all(&directory).expect("a directory");
    let path = |name: &str| directory.join(name).to_str().expect("a UTF-8 path").to_owned();
    let mut entropy = FixedEntropy::new(7);
    let now = Timestamp::from_seconds(NOW).expect("a time");
    let keys = KeySet::generate("Test desk", &mut entropy).expect("keys");
    let (card, key) = (path("desk.pub"), path("desk.key"));
    std::fs::write(&card, keys.card().to_text()).expect("written");
    std::fs::write(&key, keys.recipient.to_text().as_bytes()).expect("written");
    let mut trust = TrustStore::new();
    trust.add_card(&keys.card()).expect("a usable card");

    for (set, records) in
        [(SetChoice::Tokens, false), (SetChoice::Tokens, true), (SetChoice::Bloom, false), (SetChoice::Fuse, false)]
    {
        let mut options = PublishOptions::new("tests", now);
        (options.set, options.records, options.guard) = (set, records, Guard::default());
        let mut publisher = Publisher::new(&keys.signing, options, None, &mut entropy).expect("a publisher");
        for (row, (kind, value)) in LISTED.iter().enumerate() {
            let claim = if row == 0 { Claim::default() } else { claim(row) };
            publisher.add_raw(*kind, value, &ParseOptions::default(), claim).expect("accepted");
        }
        let publication = publisher.publish(&mut entropy).expect("published");
        let mut sealed = Vec::new();
        publication.seal(&[], &mut entropy, &mut sealed).expect("sealed");
        let open = publication.open(&[Kind::Phone, Kind::Email, Kind::Wallet]).expect("open").to_vec();

        for (bytes, secrets) in [(open, &[][..]), (sealed, std::slice::from_ref(&keys.recipient))] {
            let feed = UnverifiedFeed::read(&bytes[..], secrets, 1 << 24).expect("a feed");
            let feed = feed.verify(&trust, now).expect("verified");
            let file = path("feed.bisik");
            std::fs::write(&file, &bytes).expect("written");
            let now_text = NOW.to_string();
            let mut arguments = vec!["inspect", &file, "--trust", &card, "--now", &now_text];
            if !secrets.is_empty() {
                arguments.extend(["--key", &key]);
            }
            let manifest = serde_json::to_value(feed.manifest()).expect("JSON");
            assert_eq!(reader(&python, &arguments, ""), [manifest], "{set:?}");

            let identifiers: Vec<_> = LISTED
                .iter()
                .chain(STRANGERS)
                .map(|(kind, value)| Identifier::parse(*kind, value, &ParseOptions::default()).expect("canonical"))
                .collect();
            let input: String = identifiers
                .iter()
                .map(|identifier| {
                    let line = json!({"kind": identifier.kind().name(), "match_key": identifier.match_key()});
                    format!("{line}\n")
                })
                .collect();
            arguments[0] = "match";
            let answers = reader(&python, &arguments, &input);
            assert_eq!(answers.len(), identifiers.len());
            let matcher = Matcher::new(vec![feed], Guard::default()).expect("a matcher");
            for (identifier, answer) in identifiers.iter().zip(&answers) {
                let report = matcher.check(identifier, now).expect("checked");
                let hit = report.hits.iter().find(|hit| hit.expression == identifier.match_key());
                assert_eq!(answer["hit"], hit.is_some(), "{set:?} {answer}");
                let Some(hit) = hit else { continue };
                assert_eq!(answer["hit_id"], hex(&hit.hit_id));
                match &hit.record {
                    RecordState::Opened(claim) => assert_eq!(answer["record"], fields(claim)),
                    RecordState::None => assert_eq!(answer["record"], Value::Null),
                    RecordState::Unreadable => panic!("a record of our own does not open"),
                }
            }
            assert_eq!(answers.iter().filter(|answer| answer["hit"] == true).count(), LISTED.len(), "{set:?}");
        }
    }
}

fn claim(row: usize) -> Claim {
    let at = |seconds| Some(Timestamp::from_seconds(seconds).expect("a time"));
    Claim {
        category: Some("phishing".to_owned()),
        confidence: Some(90),
        first_seen: at(NOW - 86_400),
        last_seen: at(NOW),
        expires: at(NOW + 86_400),
        reference: Some(format!("case {row}")),
        note: Some("ภัยออนไลน์".to_owned()),
    }
}

/// A claim as the reference reader prints it.
fn fields(claim: &Claim) -> Value {
    let mut fields = serde_json::Map::new();
    let texts = [("category", &claim.category), ("reference", &claim.reference), ("note", &claim.note)];
    for (name, text) in texts {
        fields.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
    }
    let times = [("first_seen", claim.first_seen), ("last_seen", claim.last_seen), ("expires", claim.expires)];
    for (name, time) in times {
        fields.extend(time.map(|time| (name.to_owned(), json!(time.seconds()))));
    }
    fields.extend(claim.confidence.map(|confidence| ("confidence".to_owned(), json!(confidence))));
    Value::Object(fields)
}
