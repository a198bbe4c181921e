//! Promise: `unsafe` code of the C interface lies in `src/abi` alone, and each block says why it is sound.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The lines with the word `unsafe` in code; comments and attributes do not count.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let code =
        |line: &&str| !line.trim_start().starts_with("//") && !line.trim_start().starts_with("#[unsafe(no_mangle)]");
    let word = |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
    text.lines().enumerate().filter(|(_, line)| code(line) && word(line)).collect()
}

#[test]
fn unsafe_code_lies_in_abi_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 15, "the sources were not found");
    let mut inside = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let found = lines(&text);
        if file.starts_with(root.join("abi")) {
            inside += found.len();
        } else {
            assert!(found.is_empty(), "{}: {found:?}", file.display());
        }
    }
    assert!(inside > 30, "the check does not see unsafe code");
}

#[test]
fn every_block_has_its_reason_above_it() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/abi"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let all: Vec<&str> = text.lines().collect();
        for (number, line) in lines(&text) {
            if line.contains("unsafe {") {
                let above = all[number.saturating_sub(4)..number].iter().any(|line| line.contains("// SAFETY:"));
                assert!(above, "{}:{}: {line}", file.display(), number + 1);
            }
        }
    }
}

#[test]
fn the_words_are_found() {
    assert_eq!(
        lines("unsafe { x }\n// unsafe\n#[unsafe(no_mangle)]\nlet not_unsafe = 1;\npub unsafe fn f() {}").len(),
        2
    );
}
