//! What `docs/reliability.md` and `docs/threat-model.md` say is tested, is tested by a test of that name.
//!
//! In a cell of a table, `file` names a file, and each `name` behind it a function in that file.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

const DOCUMENTS: [&str; 2] = ["docs/reliability.md", "docs/threat-model.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files of sources and tests, as paths from the root.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["src", "tests", "cli", "bindings", "fuzz", "xtask", "examples", "benches"].map(PathBuf::from).into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                if !matches!(name.as_str(), "target" | "corpus" | "vectors" | "artifacts") && !name.starts_with('.') {
                    folders.push(path);
                }
            } else {
                found.push(path);
            }
        }
    }
    found
}

/// The words in backquotes of a cell, in order.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn is_file(word: &str) -> bool {
    [".rs", ".py", ".c", ".cpp"].iter().any(|end| word.ends_with(end)) && !word.contains(' ')
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What is named in a text and is not there, and how many names there are.
fn missing(text: &str, sources: &[PathBuf]) -> (Vec<String>, usize) {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for cell in text.lines().filter(|line| line.starts_with('|')).flat_map(|line| line.split('|')) {
        let mut file: Option<(&str, Vec<String>)> = None;
        for word in quoted(cell) {
            if is_file(word) {
                let named = sources.iter().filter(|path| path.ends_with(word));
                let contents: Vec<String> = named.map(|path| fs::read_to_string(root().join(path)).unwrap()).collect();
                if contents.is_empty() {
                    wrong.push(format!("no file {word}"));
                }
                count += 1;
                file = Some((word, contents));
            } else if is_name(word)
                && let Some((named, contents)) = &file
            {
                count += 1;
                let defines = |text: &String| {
                    [format!("fn {word}("), format!("def {word}("), format!(" {word}(void)")]
                        .iter()
                        .any(|definition| text.contains(definition))
                };
                if !contents.iter().any(defines) {
                    wrong.push(format!("no {word} in {named}"));
                }
            }
        }
    }
    (wrong, count)
}

#[test]
fn every_named_test_exists() {
    let sources = sources();
    for document in DOCUMENTS {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let (wrong, count) = missing(&text, &sources);
        assert!(wrong.is_empty(), "{document}:\n{}", wrong.join("\n"));
        assert!(count > 50, "{document} names only {count}");
    }
}

#[test]
fn a_name_that_is_gone_is_found() {
    let sources = sources();
    let there = "| a | `tests/reliability.rs`: `a_name_that_is_gone_is_found` |";
    assert_eq!(missing(there, &sources), (vec![], 2));
    let gone = "| a | `reliability.rs`: `a_name_that_is_gone_is_found`, `no_such_test`; `nowhere.rs` |";
    assert_eq!(missing(gone, &sources).0, ["no no_such_test in reliability.rs", "no file nowhere.rs"]);
}
