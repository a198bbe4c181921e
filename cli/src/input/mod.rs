//! Rows from files: CSV, JSON Lines or a plain list, in memory that does not grow with the input.
//!
//! Every data record yields either a [`Row`] or a [`Refused`] with its reason; only a file that cannot be read at
//! all (no such column, no such file) stops a command.

mod csv;
mod fields;
mod jsonl;
mod lines;
mod list;
mod sniff;

use std::path::{Path, PathBuf};

use bisik::{Claim, Error, Kind, ParseOptions};

use crate::failure::{About, Failure, Result};
pub(crate) use fields::{Claims, bank_code};
use sniff::Format;

/// How input is to be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spec {
    /// The kind of rows that name none; with `column`, of all rows.
    pub(crate) kind: Option<Kind>,
    /// The column or field that holds the value, where it is not `value`.
    pub(crate) column: Option<String>,
    /// The column or field that is repeated in hits.
    pub(crate) id: Option<String>,
    /// What parsing assumes where the row says nothing.
    pub(crate) options: ParseOptions,
    /// How much of a claim is read.
    pub(crate) claims: Claims,
    /// Whether the cells of a CSV row are kept, to be written again.
    pub(crate) keep_cells: bool,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The data record, from 1.
    pub(crate) row: u64,
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
}

/// One thing to publish or to look up.
pub(crate) struct Row {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) value: String,
    /// The row's own region, country or bank over the command's; `None` where it has none.
    pub(crate) options: Option<Box<ParseOptions>>,
    pub(crate) id: Option<String>,
    pub(crate) claim: Claim,
    pub(crate) cells: Option<::csv::ByteRecord>,
}

/// A data record that cannot be used.
pub(crate) struct Refused {
    pub(crate) place: Place,
    pub(crate) kind: Option<Kind>,
    pub(crate) error: Error,
    pub(crate) cells: Option<::csv::ByteRecord>,
}

/// What one data record is.
pub(crate) enum Item {
    /// A row.
    Row(Box<Row>),
    /// A refused row.
    Refused(Box<Refused>),
}

impl Item {
    fn refused(place: Place, kind: Option<Kind>, error: Error) -> Self {
        Self::Refused(Box::new(Refused { place, kind, error, cells: None }))
    }
}

/// One opened input.
pub(crate) struct Input {
    path: PathBuf,
    name: String,
    length: Option<u64>,
    reader: Reader,
}

enum Reader {
    Csv(Box<csv::Rows>),
    Jsonl(jsonl::Rows),
    List(list::Rows),
}

impl Input {
    /// Opens a file, or standard input for `-`, and finds out what it is.
    pub(crate) fn open(path: &Path, spec: &Spec) -> Result<Self> {
        let sniffed = sniff::open(path, spec)?;
        let reader = match sniffed.format {
            Format::Csv { delimiter } => csv::Rows::open(sniffed.source, delimiter, spec)
                .map(|rows| Reader::Csv(Box::new(rows)))
                .map_err(|failure| failure.about(path))?,
            Format::Jsonl => Reader::Jsonl(jsonl::Rows::new(sniffed.source, spec)),
            Format::List(kind) => Reader::List(list::Rows::new(sniffed.source, kind)),
        };
        Ok(Self { path: path.to_owned(), name: path.display().to_string(), length: sniffed.length, reader })
    }

    /// Opens every input before the first row of any is read.
    pub(crate) fn open_all(paths: &[PathBuf], spec: &Spec) -> Result<Vec<Self>> {
        if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
            return Err(Failure::usage("standard input is named twice", "give `-` once"));
        }
        paths.iter().map(|path| Self::open(path, spec)).collect()
    }

    /// The next data record, or `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Item>> {
        match &mut self.reader {
            Reader::Csv(rows) => rows.next(),
            Reader::Jsonl(rows) => rows.next(),
            Reader::List(rows) => rows.next(),
        }
        .about(&self.path)
    }

    /// The input's name as it was given.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes in all, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Bytes read so far.
    pub(crate) fn consumed(&self) -> u64 {
        match &self.reader {
            Reader::Csv(rows) => rows.consumed(),
            Reader::Jsonl(rows) => rows.consumed(),
            Reader::List(rows) => rows.consumed(),
        }
    }

    /// The header and delimiter of a CSV input.
    pub(crate) fn header(&self) -> Option<(&::csv::ByteRecord, u8)> {
        match &self.reader {
            Reader::Csv(rows) => Some((rows.header(), rows.delimiter())),
            Reader::Jsonl(_) | Reader::List(_) => None,
        }
    }
}

/// Whether this path means standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
