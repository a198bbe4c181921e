//! `cargo xtask mutants`: the library with one fault at a time; a test must notice each. `.cargo/mutants.toml` names the files.
//!
//! cargo-mutants lists the faults. All of them are planted in one copy of the library, which is built once (`plant`), and each is
//! put before the tests that reach its function (`judge`): the units first, and the promises of `tests/` where no unit noticed.

mod judge;
mod plant;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Outcome;
use crate::process::{cargo, command, run};
use crate::tools::tool;
use judge::{Test, Verdict};

/// A fault, as cargo-mutants describes it.
struct Mutant {
    number: u32,
    name: String,
    file: String,
    function: Option<Function>,
    span: Span,
    replacement: String,
}

struct Function {
    /// Without its type.
    name: String,
    span: Span,
}

/// From a line and a column to before another, counted from 1.
#[derive(Clone, Copy)]
struct Span {
    start: (usize, usize),
    end: (usize, usize),
}

/// `--file src/feed.rs` as often as wanted, `--list`, and `--missed` for those that the last round missed.
pub(crate) fn mutants(arguments: &[String]) -> Outcome {
    let program = tool("cargo-mutants", "cargo-mutants")?;
    let list = ["mutants", "--package", "bisik", "--no-shuffle", "--list"];
    let mut files = Vec::new();
    let mut missed = false;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--list" => return run(command(program, &list).args(rest)),
            "--file" => files.push(rest.next().ok_or("--file needs one")?.as_str()),
            "--missed" => missed = true,
            other => return Err(format!("mutants: what is {other}?")),
        }
    }
    let output = command(program, &list).arg("--json").stderr(Stdio::inherit()).output();
    let mutants = read(&output.map_err(|error| error.to_string())?.stdout)?;
    let planting = copy(&mutants)?;
    round(&mutants, &planting, &files, missed)
}

/// The tree with the faults in it.
fn tree() -> PathBuf {
    crate::target().join("mutants").join("tree")
}

fn read(json: &[u8]) -> Outcome<Vec<Mutant>> {
    let listed: Vec<Value> = serde_json::from_slice(json).map_err(|error| format!("cargo-mutants --list: {error}"))?;
    let mutants = listed.iter().zip(1..).map(|(value, number)| Mutant::read(value, number));
    mutants.collect::<Option<_>>().ok_or_else(|| "cargo-mutants lists its faults in another way".to_owned())
}

impl Mutant {
    fn read(value: &Value, number: u32) -> Option<Mutant> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(Mutant {
            number,
            name: text("name")?,
            file: text("file")?,
            function: value.get("function").and_then(Function::read),
            span: Span::read(value.get("span")?)?,
            replacement: text("replacement")?,
        })
    }
}

impl Function {
    fn read(value: &Value) -> Option<Function> {
        let name = value.get("function_name")?.as_str()?;
        let name = name.rsplit("::").next().unwrap_or(name).to_owned();
        Some(Function { name, span: Span::read(value.get("span")?)? })
    }
}

impl Span {
    fn read(value: &Value) -> Option<Span> {
        let place = |name: &str| {
            let number = |part: &str| usize::try_from(value.get(name)?.get(part)?.as_u64()?).ok();
            Some((number("line")?, number("column")?))
        };
        Some(Span { start: place("start")?, end: place("end")? })
    }
}

/// Which faults could be built in.
struct Planting {
    not_built: BTreeSet<u32>,
    /// In `const` functions that constants need, or outside of functions.
    not_planted: BTreeSet<u32>,
    /// The first fault of each fault's function.
    first: BTreeMap<u32, u32>,
}

/// Copies what git knows of, with the faults in it, and takes out those that do not build.
fn copy(mutants: &[Mutant]) -> Outcome<Planting> {
    let planted_in: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).chain(["src/lib.rs"]).collect();
    for name in crate::supply::repro::tracked()? {
        if !planted_in.contains(name.as_str()) {
            let bytes = fs::read(crate::root().join(&name)).map_err(|error| format!("{name}: {error}"))?;
            write(&tree().join(&name), &bytes)?;
        }
    }
    write(&tree().join("src/planted.rs"), include_str!("mutants/planted.rs"))?;
    let mut planting = Planting { not_built: BTreeSet::new(), not_planted: BTreeSet::new(), first: BTreeMap::new() };
    let mut constants: Vec<u32> = Vec::new();
    let mut by_file: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants {
        by_file.entry(&mutant.file).or_default().push(mutant);
    }
    loop {
        let mut planted = BTreeMap::new();
        planting.not_planted.clear();
        for (file, mutants) in &by_file {
            let source = source(file)?;
            let left = mutants.iter().filter(|mutant| !planting.not_built.contains(&mutant.number)).copied();
            let done = plant::plant(&source, &left.collect::<Vec<_>>(), &constants);
            write(&tree().join(file), &done.text)?;
            planting.not_planted.extend(&done.outside);
            planted.insert(*file, done);
        }
        if !by_file.contains_key("src/lib.rs") {
            let lints = "#![allow(warnings, arithmetic_overflow, unconditional_panic, overflowing_literals)]";
            write(&tree().join("src/lib.rs"), format!("{lints}\n{}\nmod planted;\n", source("src/lib.rs")?))?;
        }
        let faults = faults()?;
        if faults.is_empty() {
            for choice in planted.values().flat_map(|planted| &planted.choices) {
                planting.first.extend(choice.numbers.clone().map(|number| (number, choice.numbers.start)));
            }
            return Ok(planting);
        }
        let (built_before, constants_before) = (planting.not_built.len(), constants.len());
        let mut others = Vec::new();
        for fault in &faults {
            let Some(planted) = planted.get(fault.file.as_str()) else {
                others.push(fault);
                continue;
            };
            let arm = planted.lines.iter().find(|(lines, _)| lines.contains(&fault.line));
            let choice = planted.choices.iter().find(|choice| choice.line == fault.line);
            match (arm, choice) {
                (Some((_, number)), _) => _ = planting.not_built.insert(*number),
                (None, Some(choice)) => constants.push(choice.numbers.start),
                (None, None) => others.push(fault),
            }
        }
        println!("{} of {} not built", planting.not_built.len(), mutants.len());
        if planting.not_built.len() > built_before || constants.len() > constants_before {
            continue;
        }
        // A function that a constant calls, or whose own body no longer fits.
        for fault in &others {
            if let Some(first) = guilty(fault, &planted) {
                constants.push(first);
            }
        }
        if constants.len() == constants_before {
            let shown: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
            return Err(format!("the planted copy does not build:\n{}", shown.join("\n")));
        }
    }
}

/// The function behind a fault outside of what was planted: the one that is named, or the one around.
fn guilty(fault: &Fault, planted: &BTreeMap<&str, plant::Planted>) -> Option<u32> {
    if let Some(name) = fault.message.split_once("non-const").and_then(|(_, rest)| rest.split('`').nth(1)) {
        let name = name.rsplit("::").next().unwrap_or(name);
        let mut choices = planted.values().flat_map(|planted| &planted.choices);
        return choices.find(|choice| choice.function == name).map(|choice| choice.numbers.start);
    }
    let choices = &planted.get(fault.file.as_str())?.choices;
    choices.iter().rev().find(|choice| choice.line < fault.line).map(|choice| choice.numbers.start)
}

fn source(file: &str) -> Outcome<String> {
    fs::read_to_string(crate::root().join(file)).map_err(|error| format!("{file}: {error}"))
}

/// Writes what has changed alone, so that nothing is built twice.
fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Outcome {
    let bytes = bytes.as_ref();
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, bytes)).map_err(|error| format!("{}: {error}", path.display()))
}

/// What the compiler does not accept.
struct Fault {
    file: String,
    line: usize,
    message: String,
}

/// A cargo that builds the copy.
fn building(arguments: &[&str]) -> Command {
    let mut command = cargo(arguments);
    command.current_dir(tree()).env("CARGO_TARGET_DIR", crate::target().join("mutants").join("build"));
    command.env("CARGO_PROFILE_DEV_DEBUG", "false").args(["--message-format=json", "--package", "bisik"]);
    command.stderr(Stdio::inherit());
    command
}

/// What a build says, message by message.
fn messages(command: &mut Command) -> Outcome<(bool, Vec<Value>)> {
    let output = command.output().map_err(|error| format!("cargo: {error}"))?;
    let lines =
        String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    Ok((output.status.success(), lines))
}

fn faults() -> Outcome<Vec<Fault>> {
    let (success, messages) = messages(&mut building(&["check", "--lib"]))?;
    let mut faults = Vec::new();
    for message in messages.iter().filter_map(|message| message.get("message")) {
        if message.get("level").and_then(Value::as_str) != Some("error") {
            continue;
        }
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let spans = message.get("spans").and_then(Value::as_array);
        let Some(span) = spans.into_iter().flatten().find(|span| span.get("is_primary") == Some(&Value::Bool(true)))
        else {
            continue;
        };
        let line =
            span.get("line_start").and_then(Value::as_u64).and_then(|line| usize::try_from(line).ok()).unwrap_or(0);
        faults.push(Fault { file: text(span, "file_name"), line, message: text(message, "rendered") });
    }
    if !success && faults.is_empty() {
        return Err("the planted copy does not build".to_owned());
    }
    Ok(faults)
}

/// The programs of a build's tests.
fn programs(arguments: &[&str]) -> Outcome<Vec<PathBuf>> {
    let (success, messages) = messages(building(&["test", "--no-run"]).args(arguments))?;
    if !success {
        return Err("the tests do not build with the planted copy".to_owned());
    }
    let paths = messages.iter().filter_map(|message| message.get("executable")?.as_str());
    Ok(paths.map(PathBuf::from).collect())
}

/// The tests of the programs, with what they reach.
fn tests(arguments: &[&str], unit: bool) -> Outcome<Vec<Test>> {
    let folder = crate::target().join("mutants");
    let programs = programs(arguments)?;
    let mut tests = Vec::new();
    for program in programs {
        tests.extend(judge::tests(&program, unit, &folder)?);
    }
    println!("{} {}", tests.len(), if unit { "units" } else { "promises" });
    Ok(tests)
}

/// Judges the faults of these files, or of all; each verdict is kept in `target/mutants/verdicts` as soon as it is known.
fn round(mutants: &[Mutant], planting: &Planting, files: &[&str], missed: bool) -> Outcome {
    let mut verdicts = Verdicts::open()?;
    let place = |mutant: &Mutant| files.iter().position(|file| mutant.file.starts_with(file));
    let before = |mutant: &Mutant| verdicts.known.get(&mutant.name).map(String::as_str);
    let wanted =
        |mutant: &&Mutant| (files.is_empty() || place(mutant).is_some()) && (!missed || before(mutant) == Some(MISSED));
    let mut chosen: Vec<&Mutant> = mutants.iter().filter(wanted).collect();
    // As the files were named.
    chosen.sort_by_key(|mutant| place(mutant));
    let units = tests(&["--lib"], true)?;
    let mut left = Vec::new();
    for mutant in chosen {
        if planting.not_built.contains(&mutant.number) {
            verdicts.keep("not-built", mutant)?;
            continue;
        }
        let Some(&first) =
            planting.first.get(&mutant.number).filter(|_| !planting.not_planted.contains(&mutant.number))
        else {
            verdicts.keep("not-planted", mutant)?;
            continue;
        };
        match judge::judge(mutant, &judge::nearest(&units, mutant, first))? {
            Verdict::Caught => verdicts.keep("caught", mutant)?,
            Verdict::Timeout => verdicts.keep("timeout", mutant)?,
            Verdict::Missed => left.push((mutant, first)),
        }
    }
    println!("{} left by the units", left.len());
    if !left.is_empty() {
        let promises = tests(&["--test", "*"], false)?;
        for (mutant, first) in left {
            match judge::judge(mutant, &judge::nearest(&promises, mutant, first))? {
                Verdict::Caught => verdicts.keep("caught", mutant)?,
                Verdict::Timeout => verdicts.keep("timeout", mutant)?,
                Verdict::Missed => verdicts.keep(MISSED, mutant)?,
            }
        }
    }
    verdicts.report(mutants);
    Ok(())
}

const MISSED: &str = "missed";
const WORDS: [&str; 5] = ["caught", "timeout", "not-built", "not-planted", MISSED];

/// What became of each fault when it was last judged, in a file that grows.
struct Verdicts {
    file: fs::File,
    known: BTreeMap<String, String>,
}

impl Verdicts {
    fn open() -> Outcome<Self> {
        let path = crate::target().join("mutants").join("verdicts");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let known = lines.map(|(verdict, name)| (name.to_owned(), verdict.to_owned())).collect();
        let file = fs::OpenOptions::new().create(true).append(true).open(&path);
        Ok(Self { file: file.map_err(|error| format!("{}: {error}", path.display()))?, known })
    }

    fn keep(&mut self, verdict: &str, mutant: &Mutant) -> Outcome {
        if verdict == MISSED || verdict == "timeout" {
            println!("{verdict} {}", mutant.name);
        }
        self.known.insert(mutant.name.clone(), verdict.to_owned());
        writeln!(self.file, "{verdict} {}", mutant.name).map_err(|error| error.to_string())
    }

    /// By file, with those that were never judged in the last column.
    fn report(&self, mutants: &[Mutant]) {
        let mut tallies: BTreeMap<&str, [usize; WORDS.len() + 1]> = BTreeMap::new();
        for mutant in mutants {
            let verdict = self.known.get(&mutant.name);
            let column = WORDS.iter().position(|word| verdict.is_some_and(|verdict| verdict == word));
            let tally = tallies.entry(&mutant.file).or_default();
            if let Some(count) = tally.get_mut(column.unwrap_or(WORDS.len())) {
                *count += 1;
            }
        }
        println!("| file | faults | {} | not judged |", WORDS.join(" | "));
        for (file, tally) in &tallies {
            let cells: Vec<String> = tally.iter().map(ToString::to_string).collect();
            println!("| `{file}` | {} | {} |", tally.iter().sum::<usize>(), cells.join(" | "));
        }
    }
}
