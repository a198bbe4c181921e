//! Real names and addresses through the real program, judged by an independent script (`tests/independent_match.py`).

use std::path::Path;

use crate::process::{cargo, command, run};
use crate::{Outcome, python, root, target};

const NAMES: &str = "../shared/data/domains/blocklistproject_phishing.txt";
const URLS: &str = "../shared/data/urls/urlhaus_online_splunk.csv";
const TABLES: [&str; 4] = ["a-urls.csv", "b-listed.csv", "c-made.csv", "d-free.csv"];

/// Publishes the names, matches four tables and compares each row. The data are not part of the tree: without them beside it
/// this says so.
pub(crate) fn matches(interpreter: &Path) -> Outcome {
    if !root().join(NAMES).exists() || !root().join(URLS).exists() {
        println!("skipped: {NAMES} or {URLS} is missing");
        return Ok(());
    }
    let folder = target().join("real");
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(fault)?;
    }
    std::fs::create_dir_all(&folder).map_err(fault)?;
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    run(&mut cargo(&["build", "--release", "--package", "bisik-cli"]))?;
    let program = target().join("release").join("bisik");
    run(command(&program, &["keygen", "--name", "Desk", "--out"]).arg(path("desk")))?;
    let (sign, feed, rejects) = (path("desk.sign"), path("names.bisik"), path("rejects.csv"));
    let publish = ["publish", NAMES, "--kind", "domain", "--feed", "names", "--records"];
    run(command(&program, &publish).args(["--sign", &sign, "--out", &feed, "--rejects", &rejects]))?;
    let make = ["make", &path("."), "--names", NAMES, "--urls", URLS, "--refused", &rejects];
    run(&mut python::script(interpreter, "tests/independent_match.py", &make))?;

    let result = path("result.jsonl");
    let mut matching = command(&program, &["match"]);
    matching.args(TABLES.map(path)).args(["--feed", &feed, "--trust", &path("desk.pub")]);
    matching.args(["--format", "jsonl", "--show-values"]);
    run(matching.stdout(std::fs::File::create(&result).map_err(fault)?))?;
    let compare = ["compare", &path("expected.json"), &result];
    run(&mut python::script(interpreter, "tests/independent_match.py", &compare))
}
