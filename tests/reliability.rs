//! Promise: `docs/reliability.md` and `docs/faults.md` name what is there. Every test, file and command in them exists, every attack
//! has its row, and the counts of hostile files are the true ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The documents that are held to what they name; the first must be there.
const DOCUMENTS: [&str; 2] = ["docs/reliability.md", "docs/faults.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(root().join(path)).ok()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Whether a function of this name is defined in a source file, and not only called or written about.
fn defines(source: &str, extension: &str, function: &str) -> bool {
    source.lines().map(str::trim_start).any(|line| {
        let Some(place) = line.find(&format!("{function}(")) else { return false };
        let (before, after) = (&line[..place], &line[place + function.len() + 1..]);
        match extension {
            "rs" => before.ends_with("fn "),
            "py" => before == "def ",
            // A definition in C has a type before it, and no semicolon where a prototype or a call has one.
            _ => before.ends_with([' ', '*']) && !before.contains(['=', '(', '/']) && !after.ends_with(';'),
        }
    })
}

/// What is wrong with one quoted text; most say nothing that can be looked up.
fn fault(quoted: &str, commands: &str) -> Option<String> {
    if let Some(command) = quoted.strip_prefix("cargo xtask ") {
        let known = commands.lines().any(|line| {
            let named = line.strip_prefix("cargo xtask ").unwrap_or_default();
            let mut words = named.split_whitespace();
            let mut asked = command.split_whitespace();
            let same = words.next() == asked.next();
            same && asked.all(|word| !word.starts_with("--") || named.contains(word))
        });
        return (!known).then(|| format!("`{quoted}` is not in the help of xtask"));
    }
    if quoted.starts_with("cargo test ") {
        return test_programs(quoted);
    }
    let (path, function) = match quoted.split_once("::") {
        Some((path, function)) if path.contains('.') => (path, Some(function)),
        Some(_) => return None,
        None => (quoted, None),
    };
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    let extension = extension.filter(|extension| ["rs", "py", "c", "cpp", "json", "toml", "md"].contains(extension))?;
    if path.contains([' ', '{', '<']) {
        return None;
    }
    let Some(source) = read(path) else { return Some(format!("`{path}` is not there")) };
    match function {
        Some(function) if !defines(&source, extension, function) => {
            Some(format!("`{path}` has no function `{function}`"))
        }
        _ => None,
    }
}

/// Whether the test programs that a command names are there.
fn test_programs(command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let after = |name: &str| words.windows(2).filter(|pair| pair[0] == name).map(|pair| pair[1]).collect::<Vec<_>>();
    let folder = match after("-p").as_slice() {
        [] | ["bisik"] => "",
        ["bisik-cli"] => "cli/",
        ["bisik-store"] => "cli/store/",
        ["bisik-capi"] => "bindings/c/",
        other => return Some(format!("`{command}`: package {other:?} is not known here")),
    };
    after("--test").into_iter().find_map(|name| {
        let places = [format!("{folder}tests/{name}.rs"), format!("{folder}tests/{name}/main.rs")];
        let there = places.iter().any(|place| root().join(place).exists());
        (!there).then(|| format!("`{command}`: there is no test program {name}"))
    })
}

fn faults(text: &str, commands: &str) -> Vec<String> {
    quoted(text).filter_map(|quoted| fault(quoted, commands)).collect()
}

/// The part of a text under a heading of the second level that begins so.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n## {heading}")).unwrap_or_else(|| panic!("no heading {heading}"));
    rest.split("\n## ").next().unwrap()
}

/// The cells of each row of a part's table, without its head.
fn rows(part: &str) -> Vec<Vec<&str>> {
    part.lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn every_test_file_and_command_that_is_named_is_there() {
    let commands = read("xtask/src/main.rs").unwrap();
    let mut wrong = Vec::new();
    let mut named = 0;
    for document in DOCUMENTS {
        let Some(text) = read(document) else {
            assert_ne!(document, DOCUMENTS[0]);
            continue;
        };
        named += quoted(&text).filter(|quoted| quoted.contains("::")).count();
        wrong.extend(faults(&text, &commands).into_iter().map(|fault| format!("{document}: {fault}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named > 100, "only {named} functions are named: are they still between backticks?");
}

#[test]
fn what_is_not_there_is_found() {
    let commands = "cargo xtask crash [--times 200]   kills";
    let known = [
        "`cargo xtask crash`",
        "`cargo xtask crash --times 5`",
        "`tests/reliability.rs::what_is_not_there_is_found`",
        "`tests/layers.rs`",
        "`cargo test -p bisik-cli --test crash`",
        "`tests/c/vectors.c::canonical`",
        "`bindings/python/tests/test_vectors.py::test_hostile_feeds`",
        "`bisik::Feed` and `Debug`",
    ];
    assert_eq!(faults(&known.join("\n"), commands), [] as [String; 0]);
    for unknown in [
        "`cargo xtask crush`",
        "`cargo xtask crash --sometimes`",
        "`tests/reliability.rs::nobody_wrote_this`",
        "`tests/reliability.rs::quoted_`",
        "`tests/nothing.rs`",
        "`cargo test --test nothing`",
        "`cargo test -p nobody --test crash`",
        "`tests/c/vectors.c::printf`",
        "`bindings/python/tests/test_vectors.py::test_nothing`",
    ] {
        assert_eq!(faults(unknown, commands).len(), 1, "{unknown}");
    }
}

#[test]
fn every_attack_has_its_row_and_a_test_or_says_that_there_is_none() {
    let text = read(DOCUMENTS[0]).unwrap();
    let rows = rows(section(&text, "2."));
    let numbers: Vec<&str> = rows.iter().map(|cells| cells[0]).collect();
    let expected: Vec<String> = (1..=30).map(|number| format!("T{number}")).collect();
    assert_eq!(numbers.iter().filter(|number| expected.iter().any(|one| one == *number)).count(), 30);
    for cells in rows {
        let tests = quoted(cells[2]).filter(|quoted| quoted.contains("::") || quoted.starts_with("tests/")).count();
        let says_none = cells[2].starts_with("none") || cells[2].starts_with("no test");
        assert!((tests > 0) != says_none, "{}", cells[0]);
    }
}

#[test]
fn every_command_that_is_longer_than_ci_has_a_line() {
    let text = read(DOCUMENTS[0]).unwrap();
    let rows = rows(section(&text, "5."));
    assert!(rows.len() >= 10);
    for cells in rows {
        assert_eq!(cells.len(), 4, "{cells:?}");
        assert!(cells[0].starts_with("`cargo ") && cells.iter().all(|cell| !cell.is_empty()), "{cells:?}");
    }
}

#[test]
fn the_counts_of_hostile_files_are_those_of_the_vectors() {
    let vectors =
        |name: &str| -> Value { serde_json::from_str(&read(&format!("tests/vectors/{name}")).unwrap()).unwrap() };
    let (hostile, sightings, texts) =
        (vectors("hostile.json"), vectors("sightings.json"), vectors("hostile_texts.json"));
    let list = |value: &Value, name: &str| value[name].as_array().unwrap().clone();
    let sealed = list(&hostile, "files").iter().filter(|file| file["sealed"] == true).count();
    let sealed_deltas = list(&hostile, "deltas").iter().filter(|delta| delta["sealed"] == true).count();
    let mut expected = BTreeMap::from([
        ("feed, open".to_owned(), list(&hostile, "files").len() - sealed),
        ("feed, sealed".to_owned(), sealed),
        ("delta, open".to_owned(), list(&hostile, "deltas").len() - sealed_deltas),
        ("delta, sealed".to_owned(), sealed_deltas),
        ("sightings, sealed".to_owned(), list(&sightings, "files").len()),
        ("blind-reply".to_owned(), list(&hostile, "replies").len()),
        ("others of thirteen formats".to_owned(), list(&texts, "cases").len()),
    ]);
    for text in list(&hostile, "texts") {
        *expected.entry(text["format"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let all: usize = expected.values().sum();
    expected.insert("**all**".to_owned(), all);
    let text = read(DOCUMENTS[0]).unwrap();
    let stated: BTreeMap<String, usize> = rows(section(&text, "4."))
        .iter()
        .map(|cells| {
            let format = quoted(cells[0]).next().unwrap_or(cells[0]);
            (format.to_owned(), cells[2].replace(',', "").parse().unwrap())
        })
        .collect();
    assert_eq!(stated, expected);
}
