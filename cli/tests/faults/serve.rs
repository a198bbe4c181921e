//! `serve` under faults. It writes in three places: the budgets (at the start, and before each answer), the review log (at the start), and
//! the folder of sightings. It reads its files at the start, and rate limits and metrics are in memory alone.
//!
//! Whatever fails: what was answered was charged, once; what was taken in lies whole in the folder; a budget never begins anew; what fails
//! is said, to the client and in the log; and the next server goes on from there.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::server::{Answer, Server, USUAL, number, post, post_page, send};
use crate::common::{NOW, Sandbox};
use crate::scenes::log_is_whole;
use crate::{FAULTS, copy, every_k, injector, kind_of, under_way};

/// What the bank asks in one request.
const ASKED: u64 = 3;
/// What the letter box takes for sealed; the server has no key to look further.
const LETTER: &[u8] = b"age-encryption.org/v1\nwhatever is sealed";
/// How long a request may go unanswered.
const PATIENCE: Duration = Duration::from_secs(20);
const SERVING: [&str; 5] = ["--plain", "--sightings-dir", "inbox", "--review-log", "review.log"];

/// What came of a server's life under a fault.
struct Life {
    /// Which call failed, or how many calls there are.
    hit: Result<String, u64>,
    code: i32,
    listened: bool,
    /// The answer to a request, to a letter, and to the same request once more.
    answers: [Option<Answer>; 3],
    /// What `/healthz` said after them.
    health: Option<u16>,
    err: String,
}

/// A blind feed, its client, and a request that is not answered yet.
fn town() -> Sandbox {
    let sandbox = Sandbox::with_blind_feed(0..10, &[]);
    request(&sandbox, "r", 1..=ASKED);
    sandbox
}

fn request(sandbox: &Sandbox, name: &str, numbers: std::ops::RangeInclusive<u64>) {
    let rows: String = numbers.map(|n| format!("{}\n", number(n))).collect();
    sandbox.write("rows.txt", rows);
    let (out, state) = (format!("{name}.req"), format!("{name}.state"));
    let asking = ["blind", "request", "rows.txt", "--kind", "phone", "--feed", "phones.bisik", "--trust", "centre.pub"];
    let files = ["--sign", "bank.sign", "--no-padding", "--out", &out, "--state", &state];
    sandbox.run(&[&asking[..], &files].concat()).expect(0);
}

/// The same after a day of service: two evaluations are charged, a letter lies in the box, the log has begun.
fn busy_town() -> Sandbox {
    let sandbox = town();
    request(&sandbox, "earlier", 5..=6);
    let server = Server::start(&sandbox, &SERVING);
    let token = sandbox.text("bank.token");
    assert_eq!(post(&server.url, Some(&token), &sandbox.read("earlier.req")).unwrap().status, 200);
    assert_eq!(
        post_page(&server.url, "v1/sightings", Some(&token), &[LETTER, b", earlier"].concat()).unwrap().status,
        200
    );
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    sandbox
}

/// Serves with the fault at its k-th call: a request, a letter, the request once more, and the end.
fn serve(sandbox: &Sandbox, fault: &str, k: u64) -> Life {
    let report = sandbox.path("").with_extension("report");
    let mut command = Command::new(injector());
    command.arg(sandbox.path("")).arg(&report).arg(fault).arg(k.to_string()).arg(env!("CARGO_BIN_EXE_bisik"));
    command.args(["--now", &NOW.to_string(), "serve", "--listen", "127.0.0.1:0"]).args(USUAL).args(SERVING);
    command
        .env("RUST_BACKTRACE", "0")
        .current_dir(sandbox.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut err = child.stderr.take().unwrap();
    let log = thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).unwrap();
        text
    });
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let (sender, receiver) = channel();
    let told = thread::spawn(move || {
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        _ = sender.send(first);
        // The pipe stays open until the server ends.
        _ = out.read_to_end(&mut Vec::new());
    });
    let (mut answers, mut health) = ([None, None, None], None);
    let first = receiver.recv_timeout(PATIENCE).unwrap_or_default();
    let listened = first.trim().strip_prefix("listening on ").map(str::to_owned);
    if let Some(url) = &listened {
        let (token, asked) = (sandbox.text("bank.token"), sandbox.read("r.req"));
        let agent =
            ureq::Agent::config_builder().proxy(None).http_status_as_error(false).timeout_global(Some(PATIENCE));
        let agent = agent.build().new_agent();
        let post = |page: &str, body: &[u8]| send(&agent, &format!("{url}/v1/{page}"), Some(&token), body).ok();
        answers = [post("blind", &asked), post("sightings", LETTER), post("blind", &asked)];
        health = agent.get(format!("{url}/healthz")).call().ok().map(|response| response.status().as_u16());
        signal(&child, "TERM");
    }
    let code = wait(&mut child);
    told.join().unwrap();
    let err = log.join().unwrap();
    let told = fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {err}"));
    fs::remove_file(&report).unwrap();
    let (word, rest) = told.trim().split_once(' ').unwrap();
    let hit = if word == "hit" { Ok(rest.to_owned()) } else { Err(rest.parse().unwrap()) };
    Life { hit, code, listened: listened.is_some(), answers, health, err }
}

/// Sends a signal to the server, which is the injector's child.
fn signal(injector: &Child, name: &str) {
    let id = injector.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    for child in children.split_whitespace() {
        _ = Command::new("kill").args([&format!("-{name}"), child]).status();
    }
}

/// The exit code.
fn wait(child: &mut Child) -> i32 {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap();
        }
        if began.elapsed() > 3 * PATIENCE {
            signal(child, "KILL");
            panic!("the server does not end");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Plays the life of a server under every fault, from a town in which so much is charged and so many letters lie.
/// Returns how many servers said that they are ill.
fn play(name: &str, town: fn() -> Sandbox, charged: u64, letters: usize) -> u32 {
    let town = town();
    let fresh = || {
        let sandbox = Sandbox::new();
        copy(&town.path(""), &sandbox.path(""));
        sandbox
    };
    let (mut runs, mut refused, mut failed, mut ill) = (0, 0, 0, 0);
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for (fault, kinds) in FAULTS {
        let counted = serve(&fresh(), fault, u64::MAX >> 1);
        let count = counted.hit.unwrap_err();
        let chosen: Vec<u64> = if every_k() {
            (1..=count).collect()
        } else {
            BTreeSet::from([1, count / 2 + 1, count]).into_iter().collect()
        };
        for k in chosen.into_iter().filter(|&k| k <= count) {
            let sandbox = fresh();
            let life = serve(&sandbox, fault, k);
            // Another order of threads can make a call fewer.
            let Ok(hit) = &life.hit else { continue };
            let told: Vec<_> = life.answers.iter().map(|answer| answer.as_ref().map(|answer| answer.status)).collect();
            let what =
                format!("{name}, {fault} at call {k} of {count} ({hit}), code {}, {told:?}:\n{}", life.code, life.err);
            let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                judge(&life, (fault, kinds), hit);
                judge_health(&life);
                left(&sandbox, &life, hit, charged);
                goes_on(&sandbox, charged, letters);
            }));
            if judged.is_err() {
                wrong.push(what);
            }
            runs += 1;
            refused += u32::from(life.code == 2);
            if told.contains(&Some(500)) {
                failed += 1;
                let told = told.iter().map(|status| status.map_or("-".to_owned(), |status| status.to_string()));
                seen.insert(format!("{fault}: {}", told.collect::<Vec<_>>().join(" ")));
            }
            if life.health == Some(503) {
                ill += 1;
                seen.insert(format!("{fault}: /healthz 503"));
            }
            seen.extend(kind_of(&life.err).map(|kind| format!("{fault}: {kind}")));
        }
    }
    println!(
        "{name}: {runs} faults, {refused} starts refused, {failed} with a 500, {}",
        seen.into_iter().collect::<Vec<_>>().join(", ")
    );
    assert!(wrong.is_empty(), "{} of {runs}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(runs > 30 && refused > 5, "{name}: the faults do not reach it");
    ill
}

/// What the server said, and how it ended.
fn judge(life: &Life, (fault, kinds): (&str, &[&str]), hit: &str) {
    let ended = match life.code {
        0 => false,
        2 => {
            assert!(!life.listened, "a server that was ready gives up");
            let kind = kind_of(&life.err).unwrap();
            assert!(kinds.contains(&"any") || kinds.contains(&kind), "{kind}");
            assert!(life.err.contains("error: ") && life.err.contains("help: "));
            return;
        }
        137 => fault == "killed",
        143 => fault == "terminated",
        101 => fault == "no-random" || fault == "no-memory",
        134 => fault == "no-memory",
        code => panic!("exit code {code}"),
    };
    assert!(ended == (life.code != 0), "it must not end so");
    for answer in &life.answers {
        match answer {
            Some(answer) if answer.status == 200 => {}
            Some(answer) => {
                assert_eq!((answer.status, answer.kind().as_str()), (500, "io"));
                assert!(!kinds.is_empty() || fault == "terminated", "it must not be noticed");
                assert!(life.err.contains("ERROR") && life.err.contains("status=500"), "not a word in the log");
            }
            // No answer: it was ended, or is ending.
            None => assert!(
                ended || matches!(fault, "terminated" | "no-memory"),
                "a request without an answer, after {hit}"
            ),
        }
    }
}

/// A server whose last charge failed says that it is ill; every other one is well.
fn judge_health(life: &Life) {
    let Some(health) = life.health else { return };
    let last = life.answers[2].as_ref().map(|answer| answer.status);
    let store_failed = life.err.lines().filter(|line| line.contains("blind request") || line.contains("budget store"));
    let ill = last == Some(500) && store_failed.rev().nth(1).is_some_and(|line| line.contains("budget store"));
    assert!(last.is_none() || health == if ill { 503 } else { 200 }, "/healthz says {health}");
}

/// What lies on the disk, before anybody puts it in order.
fn left(sandbox: &Sandbox, life: &Life, hit: &str, charged: u64) {
    let answered = |place: usize| life.answers[place].as_ref().is_some_and(|answer| answer.status == 200);
    for answer in [0, 2].into_iter().filter(|&place| answered(place)).filter_map(|place| life.answers[place].as_ref()) {
        assert!(answer.body.starts_with(b"bisikans") && answer.body.len() > 32 * ASKED as usize);
    }
    let used = sandbox.used_or_zero();
    assert!(
        used == charged + ASKED || used == charged && !answered(0) && !answered(2),
        "{used} evaluations are charged"
    );
    assert!(letters_of(sandbox, LETTER) == 1 || !answered(1), "a letter was taken in and is not there");
    if !matches!(life.code, 101 | 134 | 137 | 143) && !hit.starts_with("unlink") {
        let left = under_way(&sandbox.path(""));
        assert!(left.is_empty(), "{left:?} is left");
    }
    log_is_whole(sandbox, "review.log");
}

/// The fault is over: the next server answers the same request, charged once in all, and keeps the letter once.
fn goes_on(sandbox: &Sandbox, charged: u64, letters: usize) {
    let server = Server::start(sandbox, &SERVING);
    let (token, asked) = (sandbox.text("bank.token"), sandbox.read("r.req"));
    assert_eq!(post(&server.url, Some(&token), &asked).unwrap().status, 200);
    assert_eq!(post_page(&server.url, "v1/sightings", Some(&token), LETTER).unwrap().status, 200);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    assert_eq!(sandbox.used().0, charged + ASKED);
    let all = fs::read_dir(sandbox.path("inbox")).unwrap().filter(|entry| is_letter(&entry.as_ref().unwrap().path()));
    assert_eq!((all.count(), letters_of(sandbox, LETTER)), (letters + 1, 1));
    sandbox.run(&["log", "verify", "review.log"]).expect(0);
}

fn is_letter(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "sighting")
}

/// How many letters in the box are this one; none of them is half of one.
fn letters_of(sandbox: &Sandbox, letter: &[u8]) -> usize {
    let Ok(entries) = fs::read_dir(sandbox.path("inbox")) else { return 0 };
    let letters = entries.map(|entry| entry.unwrap().path()).filter(|path| is_letter(path));
    let letters: Vec<_> = letters.map(|path| fs::read(path).unwrap()).collect();
    assert!(letters.iter().all(|kept| kept.starts_with(LETTER)), "half a letter");
    letters.iter().filter(|kept| *kept == letter).count()
}

#[test]
fn with_a_new_state() {
    play("serve", town, 0, 0);
}

#[test]
fn with_a_state_in_use() {
    assert!(play("serve again", busy_town, 2, 1) > 0, "no server says that it is ill");
}
