//! T30 and the fault matrix: whatever call to the system fails, and however, what a command leaves is the old state or the new one, whole,
//! with an error that has a kind; nothing half-written lies about; and the same command succeeds once the fault is over.
//!
//! The real program runs under `inject.c`, which makes the k-th call that a fault applies to fail. It works on system calls, so it also
//! meets those of libraries (the budget store, temporary files, locks), which no layer inside this program would see; the program that
//! is shipped is the one that is tested. The price is that it is for Linux on x86-64 alone. Here three values of k are tried for each
//! fault, the first, one in the middle and the last; `cargo xtask faults` tries every k.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "../common/mod.rs"]
mod common;
mod places;
mod scenes;
mod serve;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use common::{NOW, Run, Sandbox};

/// Faults, and the kinds of error that may come of each. No kinds: the fault must not be noticed at all.
const FAULTS: [(&str, &[&str]); 18] = [
    ("no-space", &["io"]),
    ("read-error", &["io"]),
    ("write-error", &["io"]),
    ("sync-error", &["io"]),
    ("rename-error", &["io"]),
    ("no-rename", &["io"]),
    ("short-read", &[]),
    ("short-write", &[]),
    ("cut-off", &["any"]),
    ("interrupted", &["io"]),
    ("too-many-files", &["io"]),
    ("permission-lost", &["io"]),
    ("read-only", &["io"]),
    ("no-locks", &["io"]),
    ("no-memory", &["io"]),
    ("no-random", &["io", "no-randomness"]),
    ("killed", &[]),
    ("terminated", &[]),
];

/// A command, and what it is to leave.
struct Scene {
    /// The folder in which it runs.
    sandbox: Sandbox,
    arguments: Vec<&'static str>,
    /// The exit codes of a success.
    good: &'static [i32],
    /// What it writes. After a success each of these differs from before.
    targets: &'static [&'static str],
    /// Fails unless what is there is whole; called after every run.
    whole: fn(&Sandbox),
    /// Whether equal runs print the same: then a success under a fault has to print it too.
    prints: bool,
    /// Kinds with which the command may refuse to run again after it failed or was ended under way.
    again: &'static [&'static str],
}

/// What is left of the old state and what is new, in the targets.
type State = BTreeMap<&'static str, Option<Vec<u8>>>;

impl Scene {
    fn state(&self) -> State {
        self.targets.iter().map(|&name| (name, fs::read(self.sandbox.path(name)).ok())).collect()
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.sandbox.path("")).stdin(Stdio::null());
        command
    }

    fn run(&self) -> Run {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_bisik")));
        outcome(command.args(["--now", &NOW.to_string()]).args(&self.arguments))
    }

    /// Runs with the fault at its k-th call: what the command gave, and which call failed, or how many calls there are.
    fn run_with(&self, fault: &str, k: u64) -> (Run, Result<String, u64>) {
        let report = self.sandbox.path("").with_extension("report");
        let mut command = self.command(injector());
        command.arg(self.sandbox.path("")).arg(&report).arg(fault).arg(k.to_string());
        command.arg(env!("CARGO_BIN_EXE_bisik")).args(["--now", &NOW.to_string()]).args(&self.arguments);
        let run = outcome(&mut command);
        let told = fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {}", run.err));
        fs::remove_file(&report).unwrap();
        let (first, rest) = told.trim().split_once(' ').unwrap();
        let hit = if first == "hit" { Ok(rest.to_owned()) } else { Err(rest.parse().unwrap()) };
        (run, hit)
    }
}

fn outcome(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `inject.c`, built once.
fn injector() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inject");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/inject.c");
        let status =
            Command::new("cc").args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program).arg(source).status();
        assert!(status.unwrap().success(), "inject.c does not compile");
        program
    })
}

fn every_k() -> bool {
    std::env::var("BISIK_FAULTS").is_ok_and(|what| what == "all")
}

/// Plays a scene under every fault.
fn play(name: &str, make: fn() -> Scene) {
    let scene = make();
    let kept = Sandbox::new();
    copy(&scene.sandbox.path(""), &kept.path(""));
    let restore = || {
        clear(&scene.sandbox.path(""));
        copy(&kept.path(""), &scene.sandbox.path(""));
    };
    let before = scene.state();
    let good = scene.run();
    assert!(scene.good.contains(&good.code), "{name}: {}: {}", good.code, good.err);
    for (target, content) in scene.state() {
        assert_ne!(content, before[target], "{name} does not write {target}");
    }
    (scene.whole)(&scene.sandbox);
    let (mut runs, mut refused) = (0, 0);
    let mut seen = BTreeSet::new();
    for (fault, kinds) in FAULTS {
        restore();
        let (_, counted) = scene.run_with(fault, u64::MAX >> 1);
        let count = counted.unwrap_err();
        let chosen: Vec<u64> = if every_k() {
            (1..=count).collect()
        } else {
            BTreeSet::from([1, count / 2 + 1, count]).into_iter().collect()
        };
        for k in chosen.into_iter().filter(|&k| k <= count) {
            restore();
            let (run, hit) = scene.run_with(fault, k);
            // Another order of threads can make a call fewer.
            let Ok(hit) = hit else { continue };
            let what = format!("{name}, {fault} at call {k} of {count} ({hit}):\n{}{}", run.out, run.err);
            judge(&scene, &before, &good, (fault, kinds), &hit, &run, &what);
            runs += 1;
            refused += u32::from(run.code == 2);
            seen.extend(kind_of(&run.err).map(|kind| format!("{fault}: {kind}")));
        }
    }
    println!("{name}: {runs} faults, {refused} refusals, {}", seen.into_iter().collect::<Vec<_>>().join(", "));
    assert!(runs > 15 && refused > 5, "{name}: the faults do not reach it");
}

fn judge(scene: &Scene, before: &State, good: &Run, fault: (&str, &[&str]), hit: &str, run: &Run, what: &str) {
    let (fault, kinds) = fault;
    let done = scene.good.contains(&run.code);
    let ended = matches!(run.code, 101 | 134 | 137 | 143);
    match run.code {
        137 => assert_eq!(fault, "killed", "{what}"),
        143 => assert_eq!(fault, "terminated", "{what}"),
        // The standard library ends a program that has no memory left, or no random numbers for its hash tables.
        101 => assert!(fault == "no-random" && run.err.contains("failed to generate random data"), "{what}"),
        134 => assert!(fault == "no-memory" && run.err.contains("allocat"), "{what}"),
        _ if done => assert!(!scene.prints || fault == "cut-off" || run.out == good.out, "other words: {what}"),
        1 | 2 => {
            assert!(!kinds.is_empty(), "{what}");
            let kind = kind_of(&run.err).unwrap_or_else(|| panic!("no kind: {what}"));
            assert!(kinds.contains(&"any") || kinds.contains(&kind), "{what}");
            assert!(
                run.code == 1
                    || ["error: ", "failed: "].iter().any(|word| run.err.contains(word)) && run.err.contains("help: "),
                "{what}"
            );
        }
        _ => panic!("exit code {}: {what}", run.code),
    }
    let now = scene.state();
    // Of many files to open, one that cannot be read is named and does not stop the others.
    let named = run.err.lines().any(|line| line.starts_with("refused: file in "));
    if done && !named {
        for (target, content) in &now {
            assert_ne!(*content, before[target], "it says that it is done, and {target} is the old one: {what}");
        }
    }
    if !ended && !hit.starts_with("unlink") {
        let left = under_way(&scene.sandbox.path(""));
        assert!(left.is_empty(), "{left:?} is left: {what}");
    }
    let whole = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (scene.whole)(&scene.sandbox)));
    assert!(whole.is_ok(), "not whole: {what}");
    // The fault is over.
    let again = scene.run();
    if scene.good.contains(&again.code) {
        for (target, content) in scene.state() {
            assert_ne!(content, before[target], "{target} is the old one after it ran again: {what}");
        }
    } else {
        let kind = kind_of(&again.err).unwrap_or_default();
        assert!(!scene.again.is_empty() && scene.again.contains(&kind), "it does not run again: {}: {what}", again.err);
    }
    let whole = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (scene.whole)(&scene.sandbox)));
    assert!(whole.is_ok(), "not whole after it ran again: {what}");
}

/// The kind of an error: the last word of its line, in brackets.
fn kind_of(err: &str) -> Option<&str> {
    let told = |line: &&str| line.contains('[') && line.ends_with(']');
    let line = err.lines().filter(told).find(|line| line.starts_with("error:")).or_else(|| err.lines().find(told))?;
    line.rsplit_once('[')?.1.strip_suffix(']')
}

/// Files that were never given their name.
fn under_way(folder: &Path) -> Vec<PathBuf> {
    let mut left = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            left.extend(under_way(&entry.path()));
        } else if entry.file_name().to_str().unwrap().starts_with('.') {
            left.push(entry.path());
        }
    }
    left
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            fs::set_permissions(&target, fs::metadata(entry.path()).unwrap().permissions()).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

fn clear(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o700)).unwrap();
            fs::remove_dir_all(entry.path()).unwrap();
        } else {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}
