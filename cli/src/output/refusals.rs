//! Refused rows: counted by reason, a few listed, all of them in a file if one is wanted. Never their values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bisik::{Error, ErrorKind, Kind};
use csv::Writer;

use crate::console::Console;
use crate::escape;
use crate::failure::{Failure, Result};
use crate::files::{Access, NewFile};
use crate::input::Place;
use crate::units::{plural, show_count};

/// How many refused rows a summary lists.
const LISTED: usize = 10;

/// The refused rows of a command.
pub(crate) struct Refusals {
    counts: BTreeMap<ErrorKind, u64>,
    listed: Vec<Listed>,
    file: Option<(Writer<NewFile>, PathBuf)>,
}

/// One refused row in the summary.
pub(crate) struct Listed {
    pub(crate) input: String,
    pub(crate) place: Place,
    pub(crate) kind: Option<Kind>,
    pub(crate) reason: ErrorKind,
    pub(crate) message: &'static str,
}

impl Refusals {
    /// Begins, with a file if `path` names one.
    pub(crate) fn new(path: Option<&Path>) -> Result<Self> {
        let file = match path {
            None => None,
            Some(path) => {
                let mut writer = Writer::from_writer(NewFile::create(path, Access::Usual)?);
                writer
                    .write_record(["row", "kind", "reason", "line", "input"])
                    .map_err(|error| csv_failure(path, &error))?;
                Some((writer, path.to_owned()))
            }
        };
        Ok(Self { counts: BTreeMap::new(), listed: Vec::new(), file })
    }

    /// Notes a refused row.
    pub(crate) fn add(&mut self, input: &str, place: Place, kind: Option<Kind>, error: &Error) -> Result<()> {
        let reason = error.kind();
        *self.counts.entry(reason).or_default() += 1;
        if self.listed.len() < LISTED {
            self.listed.push(Listed { input: input.to_owned(), place, kind, reason, message: error.message() });
        }
        if let Some((writer, path)) = &mut self.file {
            let kind = kind.map(Kind::name).unwrap_or_default();
            let cells = [&place.row.to_string(), kind, reason.name(), &place.line.to_string(), &escape::cell(input)];
            writer.write_record(cells).map_err(|error| csv_failure(path, &error))?;
        }
        Ok(())
    }

    /// How many rows were refused.
    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many for each reason.
    pub(crate) fn counts(&self) -> &BTreeMap<ErrorKind, u64> {
        &self.counts
    }

    /// The first of them.
    pub(crate) fn listed(&self) -> &[Listed] {
        &self.listed
    }

    /// Completes the file.
    pub(crate) fn commit(&mut self) -> Result<()> {
        let Some((mut writer, path)) = self.file.take() else { return Ok(()) };
        writer.flush().map_err(|error| Failure::io(&path, &error))?;
        let file = writer.into_inner().map_err(|error| Failure::io(&path, error.error()))?;
        file.commit()
    }

    /// Prints counts and the first rows to standard error.
    pub(crate) fn print(&self, console: &mut Console, rejects: Option<&Path>) {
        let total = self.total();
        if total == 0 {
            return;
        }
        let (warn, dim) = (console.style.warn, console.style.dim);
        let reasons: Vec<String> =
            self.counts.iter().map(|(kind, &count)| format!("{} {}", show_count(count), kind.name())).collect();
        console.note(format_args!("{warn}refused{warn:#}   {}: {}", plural(total, "row", "rows"), reasons.join(", ")));
        for listed in &self.listed {
            let kind = listed.kind.map(|kind| format!("{kind}: ")).unwrap_or_default();
            let input = escape::terminal(&listed.input);
            let (row, reason) = (listed.place.row, listed.reason.name());
            let guarded = if listed.reason == ErrorKind::Guarded { "on the guard list: " } else { "" };
            // The guard list names its reason alone.
            let message = if listed.message == reason { listed.reason.summary() } else { listed.message };
            console.note(format_args!("          {dim}{input} row {row}:{dim:#} {kind}{guarded}{message} [{reason}]"));
        }
        let rest = total - self.listed.len() as u64;
        let listed_in = match rejects {
            Some(path) => format!("all in {}", escape::terminal(&path.display().to_string())),
            None => "--rejects FILE lists all".to_owned(),
        };
        if rest > 0 {
            console.note(format_args!("          {dim}and {} more; {listed_in}{dim:#}", show_count(rest)));
        } else if rejects.is_some() {
            console.note(format_args!("          {dim}{listed_in}{dim:#}"));
        }
    }
}

fn csv_failure(path: &Path, error: &csv::Error) -> Failure {
    Failure::new(ErrorKind::Io, error.to_string()).about(path)
}
