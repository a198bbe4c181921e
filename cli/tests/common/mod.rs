//! A folder of its own for each test, and the program run in it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of this")]

pub mod server;
pub mod tls;
pub mod web;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The time that tests believe in: 2027-01-15.
pub const NOW: u64 = 1_800_000_000;

/// What a run gave.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// Standard output as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// Standard output as JSON Lines.
    pub fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Fails unless the exit code is this one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Fails unless this is an error of this kind, exit code 2, with advice.
    #[track_caller]
    pub fn refused(self, kind: &str) -> Self {
        assert_eq!(self.code, 2, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        assert!(self.err.contains("error: ") && self.err.contains("help: "), "{}", self.err);
        assert!(self.err.contains(&format!("[{kind}]")), "wanted {kind}: {}", self.err);
        self
    }
}

/// A folder with files.
pub struct Sandbox(TempDir);

impl Sandbox {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with the keys of a centre, a bank and a stranger, and the centre's list of domains.
    pub fn with_keys() -> Self {
        let sandbox = Self::new();
        for name in ["centre", "bank", "stranger"] {
            sandbox.run(&["keygen", "--name", &format!("The {name}"), "--out", name]).expect(0);
        }
        sandbox.write("list.csv", LIST);
        sandbox
    }

    /// Also an open feed of the list, `open.bisik`, and one with records sealed to the bank, `sealed.bisik`.
    pub fn with_feeds() -> Self {
        let sandbox = Self::with_keys();
        sandbox.publish(&["list.csv", "--feed", "open", "--out", "open.bisik"]).expect(0);
        sandbox
            .publish(&["list.csv", "--feed", "sealed", "--out", "sealed.bisik", "--records", "--seal-to", "bank.pub"])
            .expect(0);
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The names of all files, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, b"")
    }

    /// Runs with this standard input, at [`NOW`] unless the arguments say otherwise.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Run {
        let now = NOW.to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bisik"));
        if !arguments.contains(&"--now") {
            command.args(["--now", &now]);
        }
        let mut child = command
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || _ = stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `publish` with the centre's key.
    pub fn publish(&self, arguments: &[&str]) -> Run {
        self.run(&[&["publish", "--sign", "centre.sign"], arguments].concat())
    }

    /// `match` against the open feed.
    pub fn match_open(&self, arguments: &[&str]) -> Run {
        self.run(&[&["match", "--feed", "open.bisik", "--trust", "centre.pub"], arguments].concat())
    }
}

pub const LIST: &str = "\
kind,value,category,confidence,first_seen,last_seen,expires,reference,note
domain,evil.example,phishing,95,2026-11-01,2026-11-20T08:00:00Z,2027-12-31,CASE-1,seen twice
domain,worse.example,malware,,1700000000,,,CASE-2,\"=HYPERLINK(\"\"x\"\")\"
url,https://files.example/a/b.html,phishing,80,,,,,
ip,203.0.113.9,scanner,10,,,,,
";

/// Fails if any of these texts is in the bytes.
#[track_caller]
pub fn assert_absent(bytes: &[u8], canaries: &[&str], place: &str) {
    let text = String::from_utf8_lossy(bytes);
    for canary in canaries {
        assert!(!text.contains(canary), "{canary} is in {place}");
    }
}

/// The permission bits of a file.
#[cfg(unix)]
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
