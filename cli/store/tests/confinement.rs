//! Promise: `unsafe` of the store lies in `src/map.rs` alone, in one block that says why it is sound.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

/// The lines with the word `unsafe` in code; comments do not count.
fn lines(text: &str) -> Vec<&str> {
    let word = |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
    text.lines().filter(|line| !line.trim_start().starts_with("//") && word(line)).collect()
}

#[test]
fn unsafe_code_is_one_block_of_the_map() {
    let mut files = 0;
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let found = lines(&text);
        files += 1;
        if path.file_name().unwrap() == "map.rs" {
            assert!(found.len() == 1 && found[0].contains("unsafe {") && text.contains("// SAFETY:"), "{found:?}");
        } else {
            assert!(found.is_empty(), "{}: {found:?}", path.display());
        }
    }
    assert!(files > 8, "the sources were not found");
    assert_eq!(
        lines("let x = unsafe { f() };\n// unsafe\nlet unsafe_code = 1;").len(),
        1,
        "the check does not see unsafe code"
    );
}
