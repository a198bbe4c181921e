//! Promise: what this library writes, an independent reader in Python reads the same way (`tests/reference/`), and
//! envelopes open in another age program and the other way round.
//!
//! These tests need the environment that `cargo xtask test` makes; it names the interpreter in `BISIK_PYTHON` and runs
//! them with `--ignored`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bisik::{
    BlindOptions, BlindRequest, Card, Certainty, Claim, Feed, FixedEntropy, Guard, Hit, Identifier, KeySet, Kind,
    Matcher, OprfKey, OprfServer, ParseOptions, PublishOptions, Publisher, RecordState, Report, SetChoice, Timestamp,
    TrustStore, UnverifiedFeed,
};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;
const LIMIT: u64 = 1 << 24;

fn python(script: &str, arguments: &[&str], input: &str) -> Output {
    let python = std::env::var_os("BISIK_PYTHON").expect("`cargo xtask test` sets BISIK_PYTHON");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(python)
        .args(["-B", script])
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A reader that refuses the file does not read the look-ups.
        scope.spawn(move || drop(stdin.write_all(input.as_bytes())));
        child.wait_with_output().unwrap()
    })
}

fn time(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

/// The parties and a folder for what the two programs exchange.
struct Bench {
    centre: KeySet,
    bank: KeySet,
    trust: TrustStore,
    folder: PathBuf,
}

impl Bench {
    fn new(name: &str) -> Self {
        let mut entropy = FixedEntropy::new(11);
        let centre = KeySet::generate("Example Centre", &mut entropy).unwrap();
        let bank = KeySet::generate("Example Bank", &mut entropy).unwrap();
        let mut trust = TrustStore::new();
        trust.add_card(&centre.card()).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let bench = Self { centre, bank, trust, folder };
        bench.write("centre.pub", bench.centre.card().to_text().as_bytes());
        bench.write("bank.key", format!("# identity\n{}\n", *bench.bank.recipient.to_text()).as_bytes());
        bench
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    fn open(&self, bytes: &[u8], key: bool, now: u64) -> bisik::Result<Feed> {
        let secrets = if key { std::slice::from_ref(&self.bank.recipient) } else { &[] };
        UnverifiedFeed::read(bytes, secrets, LIMIT)?.verify(&self.trust, time(now))
    }

    /// What the reference reader says: one JSON object for each line of input, or one that names the refusal.
    fn reference(&self, command: &str, file: &str, key: bool, now: u64, input: &str) -> Vec<Value> {
        self.reference_with(command, file, key, None, now, input)
    }

    /// The same, with the file of an OPRF key.
    fn reference_with(
        &self,
        command: &str,
        file: &str,
        key: bool,
        oprf_key: Option<&str>,
        now: u64,
        input: &str,
    ) -> Vec<Value> {
        let (card, key_file, now) = (self.path("centre.pub"), self.path("bank.key"), now.to_string());
        let mut arguments = vec![command, file, "--trust", &card, "--now", &now];
        if key {
            arguments.extend(["--key", &key_file]);
        }
        if let Some(oprf_key) = oprf_key {
            arguments.extend(["--oprf-key", oprf_key]);
        }
        let output = python("tests/reference/reader.py", &arguments, input);
        assert!(matches!(output.status.code(), Some(0 | 2)), "the reader failed: {}", output.status);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A feed that can be made from a seed alone: what is in it, and in which form.
#[derive(Clone, Copy)]
struct Fixture {
    name: &'static str,
    set: SetChoice,
    rate: u64,
    records: bool,
    sealed: bool,
    blind: bool,
}

const FIXTURES: [Fixture; 9] = [
    Fixture { name: "tokens", set: SetChoice::Tokens, rate: 0, records: false, sealed: false, blind: false },
    Fixture { name: "records", set: SetChoice::Tokens, rate: 0, records: true, sealed: false, blind: false },
    Fixture { name: "sealed", set: SetChoice::Tokens, rate: 0, records: true, sealed: true, blind: false },
    Fixture {
        name: "bloom",
        set: SetChoice::Bloom,
        rate: 20_000_000_000_000,
        records: false,
        sealed: false,
        blind: false,
    },
    Fixture {
        name: "fuse",
        set: SetChoice::Fuse,
        rate: 4_000_000_000_000,
        records: false,
        sealed: false,
        blind: false,
    },
    Fixture { name: "fuse-sealed", set: SetChoice::Fuse, rate: 1_000_000, records: false, sealed: true, blind: false },
    Fixture { name: "blind", set: SetChoice::Tokens, rate: 0, records: false, sealed: false, blind: true },
    Fixture { name: "blind-records", set: SetChoice::Tokens, rate: 0, records: true, sealed: true, blind: true },
    Fixture {
        name: "blind-fuse",
        set: SetChoice::Fuse,
        rate: 4_000_000_000_000,
        records: false,
        sealed: false,
        blind: true,
    },
];

/// What is listed: every kind, short and long match keys.
const LISTED: &[(Kind, &str)] = &[
    (Kind::Phone, "+6591234567"),
    (Kind::Phone, "+60123456789"),
    (Kind::Email, "win.prize@lucky-draw.example"),
    (Kind::Domain, "bank-verify.example"),
    (Kind::Domain, "xn--bnk-sna.example"),
    (Kind::Domain, "a-very-long-label-to-make-the-match-key-hashed.and-one-more-label-in-front.scam.example"),
    (Kind::Url, "http://pay.example/login?step=2"),
    (Kind::Url, "http://pages.example/a/b/c/d/e/f/this-path-is-so-long-that-the-frame-holds-its-hash/index.html"),
    (Kind::Ip, "203.0.114.0/24"),
    (Kind::Ip, "2a00:1450:4009:81f::200e"),
    (Kind::Account, "SG:DBSSSGSG:0012345678"),
    (Kind::Iban, "DE89370400440532013000"),
    (Kind::Wallet, "bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    (Kind::Wallet, "evm:0x52908400098527886e0f7030069857d2e4169ee7"),
];

/// What is looked up beside that: hits by way of a parent, and no hits.
const OTHERS: &[(Kind, &str)] = &[
    (Kind::Url, "https://login.bank-verify.example:8443/x"),
    (Kind::Url, "http://pay.example/login?step=2#part"),
    (Kind::Url, "http://203.0.114.9/"),
    (Kind::Email, "anybody@mail.bank-verify.example"),
    (Kind::Domain, "www.bank-verify.example"),
    (Kind::Domain, "other.example"),
    (Kind::Ip, "203.0.114.77"),
    (Kind::Ip, "203.0.115.77"),
    (Kind::Phone, "+6591234568"),
    (Kind::Account, "SG:DBSSSGSG:0012345679"),
];

fn claim(place: usize) -> Claim {
    let mut claim = Claim::default();
    match place % 4 {
        0 => claim.category = Some("phishing".to_owned()),
        1 => {
            claim.confidence = Some(80);
            claim.first_seen = Some(time(NOW - 86_400));
            claim.last_seen = Some(time(NOW - 60));
            claim.note = Some("SMS: “bil anda” ภัย".to_owned());
        }
        2 => claim.expires = Some(time(NOW + 100)),
        _ => claim.reference = Some(format!("case {place}")),
    }
    claim
}

/// The OPRF key of a blind fixture, and no other's.
fn oprf_key(bench: &Bench, fixture: Fixture) -> OprfKey {
    OprfKey::generate(bench.centre.signing.publisher_id(), fixture.name, 1, &mut FixedEntropy::new(29)).unwrap()
}

fn make(bench: &Bench, fixture: Fixture) -> Vec<u8> {
    let mut entropy = FixedEntropy::new(23);
    let mut options = PublishOptions::new(fixture.name, time(NOW));
    options.set = fixture.set;
    options.rate = fixture.rate.max(1);
    options.records = fixture.records;
    options.purpose = "agreement".to_owned();
    options.blind = fixture.blind.then(|| oprf_key(bench, fixture));
    let mut publisher = Publisher::new(&bench.centre.signing, options, None, &mut entropy).unwrap();
    for (place, (kind, value)) in LISTED.iter().enumerate() {
        let claim = if fixture.records { claim(place) } else { Claim::default() };
        publisher
            .add_raw(*kind, value, &ParseOptions::default(), claim)
            .unwrap_or_else(|error| panic!("{value}: {error}"));
    }
    // Enough more entries for a filter that errs now and then.
    for n in 0..if fixture.blind { 50 } else { 500 } {
        publisher
            .add_raw(Kind::Domain, &format!("listed-{n}.example"), &ParseOptions::default(), Claim::default())
            .unwrap();
    }
    let publication = publisher.publish(&mut entropy).unwrap();
    if fixture.sealed {
        let recipients = bench.bank.card().recipients;
        let mut file = Vec::new();
        publication.seal(&recipients, &mut entropy, &mut file).unwrap();
        file
    } else {
        publication.open(&publication.enumerable()).unwrap().to_vec()
    }
}

/// What both must say of a hit.
fn said(hit: &Hit) -> Value {
    let certainty = if matches!(hit.certainty, Certainty::Exact) { "exact" } else { "probable" };
    let hex: String = hit.hit_id.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut said = json!({"hit": true, "hit_id": hex, "certainty": certainty});
    if let RecordState::Opened(claim) = &hit.record {
        let mut record = serde_json::Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                record.insert(name.to_owned(), value);
            }
        };
        put("category", claim.category.clone().map(Value::from));
        put("confidence", claim.confidence.map(Value::from));
        put("first_seen", claim.first_seen.map(|time| time.seconds().into()));
        put("last_seen", claim.last_seen.map(|time| time.seconds().into()));
        put("expires", claim.expires.map(|time| time.seconds().into()));
        put("reference", claim.reference.clone().map(Value::from));
        put("note", claim.note.clone().map(Value::from));
        said["record"] = Value::Object(record);
    }
    said
}

/// Matches a blind fixture with a server. The reference reads request and answer, and checks the proof.
fn ask(bench: &Bench, fixture: Fixture, matcher: &Matcher, inputs: &[Identifier], now: u64) -> Report {
    let mut entropy = FixedEntropy::new(31);
    let signing = &bench.bank.signing;
    let prepared = matcher.prepare(inputs, &signing.key, &BlindOptions::default(), time(now), &mut entropy).unwrap();
    let server = OprfServer::new(oprf_key(bench, fixture));
    let [request] = prepared.requests() else { panic!("one feed is asked once") };
    let (read, _) = BlindRequest::read(&request.bytes, &|_| Some(signing.key.verifying_key())).unwrap();
    let answer = server.blind_evaluate(&read, &mut entropy).unwrap();

    let (asked, answered) = (bench.write("request", &request.bytes), bench.write("answer", &answer));
    let card = bench.write("bank.pub", signing.card().to_text().as_bytes());
    let public: String = server.key().public_key().iter().map(|byte| format!("{byte:02x}")).collect();
    let output = python("tests/reference/blind.py", &[&asked, &answered, &card, &public], "");
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), request.queries.to_string());
    let mut bent = answer.clone();
    bent[110] ^= 1;
    let bent = bench.write("bent", &bent);
    let output = python("tests/reference/blind.py", &[&asked, &bent, &card, &public], "");
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "bad-proof");

    matcher.finish(prepared, &[answer], time(now)).unwrap()
}

/// Looks everything up with both, and returns how many hits there were.
fn compare(bench: &Bench, fixture: Fixture, file: &str, bytes: &[u8], now: u64) -> usize {
    let feed = bench.open(bytes, fixture.sealed, now).unwrap();
    let manifest = serde_json::to_value(feed.manifest()).unwrap();
    assert_eq!(bench.reference("inspect", file, fixture.sealed, now, ""), [manifest], "{}", fixture.name);
    let matcher = Matcher::new(vec![feed], Guard::default()).unwrap();
    let fillers: Vec<String> =
        (0..if fixture.blind { 20 } else { 400 }).map(|n| format!("unlisted-{n}.example")).collect();
    let fillers = fillers.iter().map(|name| (Kind::Domain, name.as_str()));
    let inputs: Vec<Identifier> = LISTED
        .iter()
        .chain(OTHERS)
        .copied()
        .chain(fillers)
        .map(|(kind, value)| Identifier::parse(kind, value, &ParseOptions::default()).unwrap())
        .collect();
    let mut queries = String::new();
    let mut owners = Vec::new();
    for (index, identifier) in inputs.iter().enumerate() {
        identifier.for_each_expression(&mut |expression| {
            queries += &json!({"kind": expression.kind.name(), "match_key": expression.text}).to_string();
            queries.push('\n');
            owners.push((index, expression.text.to_owned()));
        });
    }
    let oprf_key = fixture.blind.then(|| bench.write("feed.oprf", oprf_key(bench, fixture).to_text().as_bytes()));
    let answers = bench.reference_with("match", file, fixture.sealed, oprf_key.as_deref(), now, &queries);
    assert_eq!(answers.len(), owners.len(), "{}: {:?}", fixture.name, answers.first());
    // The reader looks match keys up one by one; the most specific expression that hits is the identifier's hit.
    let mut expected: Vec<Option<(String, Value)>> = vec![None; inputs.len()];
    for ((index, text), mut answer) in owners.into_iter().zip(answers) {
        assert!(answer.get("error").is_none(), "{}: {answer}", fixture.name);
        if answer["hit"] == true && expected[index].is_none() {
            answer.as_object_mut().unwrap().remove("token");
            expected[index] = Some((text, answer));
        }
    }
    let report = if fixture.blind {
        ask(bench, fixture, &matcher, &inputs, now)
    } else {
        matcher.match_batch(&inputs, time(now)).unwrap()
    };
    assert!(report.rejected.is_empty(), "{:?}", report.rejected);
    let mut found: Vec<Option<(String, Value)>> = vec![None; inputs.len()];
    for hit in &report.hits {
        found[hit.index] = Some((hit.expression.clone(), said(hit)));
    }
    for (index, (mine, theirs)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(mine, theirs, "{}: look-up {index}, {}", fixture.name, inputs[index].kind());
    }
    report.hits.len()
}

#[test]
#[ignore = "needs Python: cargo xtask test runs it"]
fn every_hit_hit_id_record_and_rate_is_the_same() {
    let bench = Bench::new("agreement");
    for fixture in FIXTURES {
        let bytes = make(&bench, fixture);
        assert_eq!(bytes, make(&bench, fixture), "a fixed generator gives byte-equal feeds");
        let file = bench.write(&format!("{}.bisik", fixture.name), &bytes);
        let hits = compare(&bench, fixture, &file, &bytes, NOW + 1);
        assert!(hits >= LISTED.len() + 6, "{}: {hits} hits", fixture.name);
        if fixture.records {
            let later = compare(&bench, fixture, &file, &bytes, NOW + 100);
            assert!(later < hits, "entries whose record has expired are no match");
        }
    }
}

#[test]
#[ignore = "needs Python: cargo xtask test runs it"]
fn every_refusal_has_the_same_name() {
    let bench = Bench::new("refusals");
    for fixture in FIXTURES {
        let bytes = make(&bench, fixture);
        let mut cases = vec![
            ("no key", bytes.clone(), false, NOW),
            ("too early", bytes.clone(), fixture.sealed, NOW - 301),
            ("too late", bytes.clone(), fixture.sealed, NOW + 7 * 86_400),
            ("cut", bytes[..bytes.len() - 1].to_vec(), fixture.sealed, NOW),
            ("longer", [bytes.as_slice(), b"\0"].concat(), fixture.sealed, NOW),
        ];
        for part in 1..8 {
            let mut flipped = bytes.clone();
            flipped[bytes.len() * part / 8] ^= 1;
            cases.push(("flipped", flipped, fixture.sealed, NOW));
        }
        for (what, bytes, key, now) in cases {
            let file = bench.write("case.bisik", &bytes);
            let mine = bench.open(&bytes, key, now).err().map(|error| error.kind().name());
            let theirs = bench.reference("inspect", &file, key, now, "");
            let theirs = theirs.first().and_then(|answer| answer.get("error")?.as_str());
            assert_eq!(mine, theirs, "{}, {what}", fixture.name);
            assert!(mine.is_some() || (what == "no key" && !fixture.sealed), "{}, {what}", fixture.name);
        }
    }
}

/// The next version of a fixture: five entries gone, five more, one record changed.
fn make_next(bench: &Bench, fixture: Fixture, base: &Feed, sealed: bool) -> (Vec<u8>, Vec<u8>) {
    let mut entropy = FixedEntropy::new(24);
    let mut options = PublishOptions::new(fixture.name, time(NOW + 5));
    options.records = fixture.records;
    options.blind = fixture.blind.then(|| oprf_key(bench, fixture));
    let mut publisher = Publisher::new(&bench.centre.signing, options, Some(base), &mut entropy).unwrap();
    for (place, (kind, value)) in LISTED.iter().enumerate().skip(2) {
        let claim = if fixture.records { claim(place.max(3)) } else { Claim::default() };
        publisher.add_raw(*kind, value, &ParseOptions::default(), claim).unwrap();
    }
    for n in 3..if fixture.blind { 55 } else { 505 } {
        publisher
            .add_raw(Kind::Domain, &format!("listed-{n}.example"), &ParseOptions::default(), Claim::default())
            .unwrap();
    }
    let publication = publisher.publish(&mut entropy).unwrap();
    let delta = publication.delta(base).unwrap();
    let mut file = delta.open(&publication.enumerable()).unwrap().to_vec();
    if sealed {
        file.clear();
        delta.seal(&bench.bank.card().recipients, &mut entropy, &mut file).unwrap();
    }
    (publication.open(&publication.enumerable()).unwrap().to_vec(), file)
}

#[test]
#[ignore = "needs Python: cargo xtask test runs it"]
fn deltas_lead_to_the_same_bytes() {
    let bench = Bench::new("deltas");
    for fixture in FIXTURES.into_iter().filter(|fixture| fixture.set == SetChoice::Tokens) {
        let bytes = make(&bench, fixture);
        let base = bench.open(&bytes, fixture.sealed, NOW + 5).unwrap();
        let (snapshot, delta) = make_next(&bench, fixture, &base, fixture.sealed);
        let apply = |base: &[u8], delta: &[u8]| {
            let (base, delta) = (bench.write("base.bisik", base), bench.write("next.delta", delta));
            let (out, card, key) = (bench.path("result.bisik"), bench.path("centre.pub"), bench.path("bank.key"));
            let now = (NOW + 5).to_string();
            let arguments = [&base, &delta, "--out", &out, "--trust", &card, "--key", &key, "--now", &now];
            let output = python("tests/reference/delta.py", &arguments, "");
            match output.status.code() {
                Some(0) => Ok(std::fs::read(out).unwrap()),
                Some(2) => Err(serde_json::from_slice::<Value>(&output.stdout).unwrap()["error"].clone()),
                other => panic!("the applier failed: {other:?}"),
            }
        };
        assert_eq!(apply(&bytes, &delta).unwrap(), snapshot, "{}", fixture.name);
        assert_eq!(apply(&snapshot, &delta), Err("base-mismatch".into()), "{}", fixture.name);
        assert_eq!(apply(&bytes, &snapshot), Err("not-a-feed".into()), "{}", fixture.name);
        let mut bad = delta.clone();
        bad[delta.len() / 2] ^= 1;
        assert!(apply(&bytes, &bad).is_err(), "{}", fixture.name);
    }
}

#[test]
#[ignore = "needs Python: cargo xtask test runs it"]
fn another_age_program_opens_our_envelopes_and_we_open_its() {
    let bench = Bench::new("age");
    for fixture in FIXTURES.into_iter().filter(|fixture| fixture.sealed) {
        let bytes = make(&bench, fixture);
        let sealed = bench.write("ours.bisik", &bytes);
        let (plain, theirs) = (bench.path("plain"), bench.path("theirs.bisik"));
        let opened = python("tests/reference/age_interop.py", &["open", &bench.path("bank.key"), &sealed, &plain], "");
        assert!(opened.status.success(), "{}", fixture.name);
        let content = std::fs::read(&plain).unwrap();
        let open = make(&bench, Fixture { sealed: false, ..fixture });
        assert!(content.ends_with(&open), "the feed inside is byte-identical to its open form");

        let recipient = bench.bank.recipient.recipient().to_string();
        let resealed = python("tests/reference/age_interop.py", &["seal", &recipient, &plain, &theirs], "");
        assert!(resealed.status.success(), "{}", fixture.name);
        let feed = bench.open(&std::fs::read(&theirs).unwrap(), true, NOW).unwrap();
        assert!(feed.sealed());
        assert_eq!(feed.bytes(), open);
    }
}

#[test]
fn a_card_that_the_reader_is_given_is_the_publishers() {
    let bench = Bench::new("card");
    let text = std::fs::read_to_string(bench.path("centre.pub")).unwrap();
    assert_eq!(Card::parse(&text).unwrap(), bench.centre.card());
}
