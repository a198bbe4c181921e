//! What a hostile server says to a member that asks it: each reply of `tests/vectors/hostile.json` ends in the error that it names, within
//! its time, and nothing of a stranger's words is shown.
//!
//! `tests/hostile/refusal_cases.py` makes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use bisik::{BlindRequest, FixedEntropy, OprfKey, OprfServer, SigningFile};
use common::{Run, Sandbox};
use serde_json::Value;

/// What stands in every reply that has words of its own.
const MARK: &str = "words-of-a-stranger";

/// A server that says one thing to everybody.
struct Stranger {
    address: String,
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<u32>>,
}

impl Stranger {
    /// Answers every request with what `reply` makes of its body.
    fn new(reply: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let done = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&done);
        let thread = thread::spawn(move || {
            let mut asked = 0;
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                asked += u32::from(speak(stream.unwrap(), &reply).is_some());
            }
            asked
        });
        Self { address, done, thread: Some(thread) }
    }

    /// How often it was asked.
    fn asked(mut self) -> u32 {
        self.done.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(&self.address));
        self.thread.take().unwrap().join().unwrap()
    }
}

/// Takes one request and says its reply; `None` if none came whole.
fn speak(mut stream: TcpStream, reply: &dyn Fn(&[u8]) -> Vec<u8>) -> Option<()> {
    let mut request = Vec::new();
    let body = loop {
        let mut bytes = [0; 4_096];
        let read = stream.read(&mut bytes).ok().filter(|&read| read > 0)?;
        request.extend_from_slice(&bytes[..read]);
        let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&request[..end]).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse::<usize>();
        if request.len() >= end + 4 + length.unwrap() {
            break end + 4;
        }
    };
    // A client that has heard enough hangs up.
    _ = stream.write_all(&reply(&request[body..]));
    _ = stream.shutdown(Shutdown::Write);
    _ = stream.read_to_end(&mut Vec::new());
    Some(())
}

/// The member of the vectors, with a row to ask for.
fn member(vectors: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(&["keygen", "--name", "A bank", "--out", "bank"]).expect(0);
    let feed = vectors["member"]["feed"].as_str().unwrap();
    let bytes = (0..feed.len()).step_by(2).map(|at| u8::from_str_radix(&feed[at..at + 2], 16).unwrap());
    sandbox.write("asked.bisik", bytes.collect::<Vec<_>>());
    sandbox.write("desk.pub", vectors["trust"].as_str().unwrap());
    sandbox.write("rows.txt", "evil.example\nstranger.example\n");
    sandbox
}

fn ask(sandbox: &Sandbox, vectors: &Value, stranger: &Stranger) -> Run {
    let now = vectors["now"].to_string();
    let url = format!("http://{}", stranger.address);
    let feed = ["match", "rows.txt", "--kind", "domain", "--feed", "asked.bisik", "--trust", "desk.pub", "--now", &now];
    sandbox.run(&[&feed[..], &["--sign", "bank.sign", "--blind", &url]].concat())
}

/// The bytes of a reply: texts in Latin-1, and repetitions of one.
fn bytes_of(reply: &Value) -> Vec<u8> {
    let latin_1 = |text: &Value| text.as_str().unwrap().chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<u8>>();
    let pieces = reply["latin_1"].as_array().unwrap().iter();
    let piece = |piece: &Value| match piece {
        Value::Array(pair) => latin_1(&pair[0]).repeat(usize::try_from(pair[1].as_u64().unwrap()).unwrap()),
        text => latin_1(text),
    };
    pieces.flat_map(piece).collect()
}

/// What is wrong with how the program took a reply.
fn judge(sandbox: &Sandbox, vectors: &Value, reply: &Value) -> Option<String> {
    let (name, expected, said) = (reply["name"].as_str()?, reply["error"].as_str()?, bytes_of(reply));
    let stranger = Stranger::new(move |_| said.clone());
    let run = ask(sandbox, vectors, &stranger);
    let asked = stranger.asked();
    let shown = format!("{}{}", run.out, run.err);
    let fault = if run.code != 2 || !run.err.contains(&format!("[{expected}]")) || !run.err.contains("help: ") {
        "another end"
    } else if shown.contains(MARK) || shown.contains("example") || shown.chars().any(|c| c.is_control() && c != '\n') {
        "words of a stranger, or of the member"
    } else if !(1..=6).contains(&asked) {
        "not asked, or too often"
    } else {
        return None;
    };
    Some(format!("{name}: {fault}, exit code {}, asked {asked} times: {shown:.300}", run.code))
}

#[test]
fn every_reply_ends_in_its_error_and_is_not_repeated() {
    let vectors: Value = serde_json::from_str(include_str!("../../tests/vectors/hostile.json")).unwrap();
    let sandbox = member(&vectors);
    let replies = vectors["replies"].as_array().unwrap();
    assert!(replies.len() >= 150, "{}", replies.len());
    let (next, wrong) = (Mutex::new(replies.iter()), Mutex::new(Vec::new()));
    // A reply that breaks off is asked for again after ever longer pauses: they are waited for side by side.
    thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                loop {
                    let Some(reply) = next.lock().unwrap().next() else { break };
                    let fault = judge(&sandbox, &vectors, reply);
                    wrong.lock().unwrap().extend(fault);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), replies.len(), wrong.join("\n"));
}

/// The control: the same member hears of its hit from a server that answers truly.
#[test]
fn a_true_answer_is_taken() {
    let vectors: Value = serde_json::from_str(include_str!("../../tests/vectors/hostile.json")).unwrap();
    let sandbox = member(&vectors);
    let server = OprfServer::new(OprfKey::parse(vectors["member"]["oprf_key"].as_str().unwrap()).unwrap());
    let bank = SigningFile::parse(&sandbox.text("bank.sign")).unwrap().key.verifying_key();
    let stranger = Stranger::new(move |body| {
        let (request, _) = BlindRequest::read(body, &|_| Some(bank)).unwrap();
        let answer = server.blind_evaluate(&request, &mut FixedEntropy::new(1)).unwrap();
        [format!("HTTP/1.1 200 x\r\ncontent-length: {}\r\n\r\n", answer.len()).as_bytes(), &answer].concat()
    });
    let run = ask(&sandbox, &vectors, &stranger).expect(0);
    assert!(run.out.lines().count() == 2 && run.out.contains("asked v1"), "{}", run.out);
    assert_eq!(stranger.asked(), 1);
}
