//! CSV with a header, in bounded memory.
//!
//! A quote that is not closed would swallow following rows, up to the next quote or the end of the file. So a record
//! may span at most [`MAX_SPAN`] lines, and only in cells that hold free text; otherwise its first line is refused and
//! reading goes on with the second. Lines that begin with `#` are comments above the header, and data below it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, Read};

use bisik::{Error, ErrorKind};
use csv::ByteRecord;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::fields::{self, CLAIM_FIELDS, Fields};
use super::lines::{Line, Lines, MAX_LINE};
use super::{Item, Place, Spec};
use crate::failure::Failure;

/// The most lines that one record may span.
const MAX_SPAN: usize = 100;

/// The rows of a CSV file.
pub(super) struct Rows {
    records: Records,
    header: ByteRecord,
    columns: Columns,
    spec: Spec,
    row: u64,
    record: ByteRecord,
}

/// Where the columns stand.
#[derive(Default)]
struct Columns {
    kind: Option<usize>,
    value: usize,
    country: Option<usize>,
    bank: Option<usize>,
    region: Option<usize>,
    id: Option<usize>,
    claim: [Option<usize>; CLAIM_FIELDS.len()],
}

impl Rows {
    /// Reads the header and finds the columns.
    pub(super) fn open(source: Box<dyn Read>, delimiter: u8, spec: &Spec) -> Result<Self, Failure> {
        let mut records = Records::new(source, delimiter);
        let mut header = ByteRecord::new();
        match records.next(&mut header).map_err(|error| Failure::new(ErrorKind::Io, error.to_string()))? {
            Next::Record(_) => {}
            Next::End if spec.column.is_none() => header = ByteRecord::from(vec!["kind", "value"]),
            Next::End => return Err(missing("the file is empty")),
            Next::Bad(_, error) => return Err(error.into()),
        }
        let columns = Columns::find(&header, spec)?;
        records.single_line = columns.single_line();
        records.width = header.len();
        Ok(Self { records, header, columns, spec: spec.clone(), row: 0, record: ByteRecord::new() })
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        let next = self.records.next(&mut self.record)?;
        let line = match next {
            Next::End => return Ok(None),
            Next::Record(line) | Next::Bad(line, _) => line,
        };
        self.row += 1;
        let place = Place { row: self.row, line };
        let mut item = match next {
            Next::Bad(_, error) => Item::refused(place, None, error),
            _ => match self.columns.fields(&self.record, self.header.len()) {
                Ok(fields) => fields::row(fields, place, &self.spec),
                Err(error) => Item::refused(place, self.spec.kind, error),
            },
        };
        if self.spec.keep_cells {
            match &mut item {
                Item::Row(row) => row.cells = Some(self.record.clone()),
                Item::Refused(refused) => refused.cells = Some(self.record.clone()),
            }
        }
        Ok(Some(item))
    }

    pub(super) fn consumed(&self) -> u64 {
        self.records.lines.consumed()
    }

    pub(super) fn header(&self) -> &ByteRecord {
        &self.header
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.records.delimiter
    }
}

fn missing(what: impl Into<String>) -> Failure {
    Failure::new(ErrorKind::MissingColumn, what)
}

impl Columns {
    fn find(header: &ByteRecord, spec: &Spec) -> Result<Self, Failure> {
        let exact = |name: &str| header.iter().position(|cell| cell.trim_ascii() == name.as_bytes());
        let named = |name: &str| {
            exact(name)
                .or_else(|| header.iter().position(|cell| cell.trim_ascii().eq_ignore_ascii_case(name.as_bytes())))
        };
        let value_name = spec.column.as_deref().unwrap_or("value");
        let value = named(value_name).ok_or_else(|| {
            missing(format!("the header has no column `{value_name}`"))
                .help("name the column that holds the values with --column")
        })?;
        let kind = named("kind");
        if kind.is_none() && spec.kind.is_none() {
            return Err(missing("the header has no column `kind`").help("say what the column holds with --kind"));
        }
        let id = match spec.id.as_deref() {
            None => None,
            Some(name) => Some(named(name).ok_or_else(|| {
                missing(format!("the header has no column `{name}`")).help("name a column of the header with --id")
            })?),
        };
        Ok(Self {
            kind,
            value,
            country: named("country"),
            bank: named("bank"),
            region: named("region"),
            id,
            claim: CLAIM_FIELDS.map(named),
        })
    }

    /// The columns whose cells never hold a line feed.
    fn single_line(&self) -> Vec<usize> {
        let mut columns = vec![self.value];
        columns.extend([self.kind, self.country, self.bank, self.region].into_iter().flatten());
        columns
    }

    fn fields<'a>(&self, record: &'a ByteRecord, width: usize) -> Result<Fields<'a>, Error> {
        if record.iter().skip(width).any(|cell| !cell.is_empty()) {
            return Err(Error::new(ErrorKind::InvalidRow, "more cells than the header has columns"));
        }
        if record.len() <= self.value {
            return Err(Error::new(ErrorKind::InvalidRow, "fewer cells than the header has columns"));
        }
        let mut fields = Fields {
            kind: cell(record, self.kind)?,
            value: cell(record, Some(self.value))?,
            country: cell(record, self.country)?,
            bank: cell(record, self.bank)?,
            region: cell(record, self.region)?,
            id: cell(record, self.id)?,
            claim: Default::default(),
        };
        for (slot, &column) in fields.claim.iter_mut().zip(&self.claim) {
            *slot = cell(record, column)?;
        }
        Ok(fields)
    }
}

fn cell(record: &ByteRecord, column: Option<usize>) -> Result<Option<Cow<'_, str>>, Error> {
    let Some(bytes) = column.and_then(|column| record.get(column)) else { return Ok(None) };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::from(ErrorKind::InvalidUtf8).at(error.valid_up_to() as u64))?;
    let text = text.trim();
    Ok((!text.is_empty()).then_some(Cow::Borrowed(text)))
}

/// What comes next in a file.
enum Next {
    /// A record that begins on this line.
    Record(u64),
    /// A line that is no record, and why.
    Bad(u64, Error),
    /// The end.
    End,
}

/// The records of a file.
struct Records {
    lines: Lines,
    delimiter: u8,
    /// Lines that were read ahead.
    ahead: VecDeque<(u64, Line)>,
    core: Reader,
    /// Columns whose cells stay on one line, and how many columns there are: none before the header is known.
    single_line: Vec<usize>,
    width: usize,
    spare: Vec<u8>,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

impl Records {
    fn new(source: Box<dyn Read>, delimiter: u8) -> Self {
        Self {
            lines: Lines::new(source),
            delimiter,
            ahead: VecDeque::new(),
            core: ReaderBuilder::new().delimiter(delimiter).build(),
            single_line: Vec::new(),
            width: usize::MAX,
            spare: Vec::new(),
            cells: vec![0; 4_096],
            ends: vec![0; 64],
        }
    }

    fn line(&mut self) -> io::Result<Option<(u64, Line)>> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next(std::mem::take(&mut self.spare)),
        }
    }

    fn next(&mut self, record: &mut ByteRecord) -> io::Result<Next> {
        record.clear();
        loop {
            let Some((number, content)) = self.line()? else { return Ok(Next::End) };
            let bytes = match content {
                Line::TooLong => return Ok(Next::Bad(number, ErrorKind::TooLong.into())),
                Line::Whole(bytes) => bytes,
            };
            let comment = self.width == usize::MAX && bytes.starts_with(b"#");
            if comment || bytes.iter().all(|&b| b == b'\r' || b == b'\n') {
                self.spare = bytes;
                continue;
            }
            return self.record_from(number, bytes, record);
        }
    }

    /// Reads the record that begins with `first`, taking further lines while a quote is open.
    fn record_from(&mut self, number: u64, first: Vec<u8>, record: &mut ByteRecord) -> io::Result<Next> {
        self.core.reset();
        let mut written = Written::default();
        let mut further: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut size = first.len();
        let mut ended = self.feed(&first, &mut written);
        while ended.is_none() {
            let next = if further.len() < MAX_SPAN && size < MAX_LINE { self.line()? } else { None };
            match next {
                Some((at, Line::Whole(bytes))) => {
                    size += bytes.len();
                    ended = self.feed(&bytes, &mut written);
                    further.push((at, bytes));
                }
                other => {
                    if let Some(line) = other {
                        self.ahead.push_front(line);
                    }
                    return Ok(self.give_back(number, further));
                }
            }
        }
        self.fill(record, &written);
        let misplaced =
            || self.single_line.iter().any(|&column| record.get(column).is_some_and(|cell| cell.contains(&b'\n')));
        if !further.is_empty() && (record.len() > self.width || misplaced()) {
            record.clear();
            return Ok(self.give_back(number, further));
        }
        // Where carriage returns alone end records, the line holds more of them.
        let (at, last) = further.pop().unwrap_or((number, first));
        match ended.and_then(|used| last.get(used..)) {
            Some(rest) if !rest.trim_ascii().is_empty() => self.ahead.push_front((at, Line::Whole(rest.to_vec()))),
            _ => self.spare = last,
        }
        Ok(Next::Record(number))
    }

    fn fill(&self, record: &mut ByteRecord, written: &Written) {
        let mut start = 0;
        for &end in self.ends.get(..written.ends).unwrap_or_default() {
            record.push_field(self.cells.get(start..end).unwrap_or_default());
            start = end;
        }
    }

    /// Refuses the line on which a quote was opened; the lines after it are read again.
    fn give_back(&mut self, number: u64, further: Vec<(u64, Vec<u8>)>) -> Next {
        for (at, bytes) in further.into_iter().rev() {
            self.ahead.push_front((at, Line::Whole(bytes)));
        }
        Next::Bad(number, Error::new(ErrorKind::InvalidRow, "a quote is opened and not closed"))
    }

    /// Parses `bytes`; if the record ends in them, says how many it used.
    fn feed(&mut self, bytes: &[u8], written: &mut Written) -> Option<usize> {
        let mut used = 0;
        loop {
            let input = bytes.get(used..).filter(|input| !input.is_empty())?;
            let cells = self.cells.get_mut(written.cells..).unwrap_or_default();
            let ends = self.ends.get_mut(written.ends..).unwrap_or_default();
            let (result, taken, cell_bytes, cell_ends) = self.core.read_record(input, cells, ends);
            used += taken;
            written.cells += cell_bytes;
            written.ends += cell_ends;
            match result {
                ReadRecordResult::InputEmpty => return None,
                // Cells are never longer than the lines they come from, so these buffers stay small.
                ReadRecordResult::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => return Some(used),
            }
        }
    }
}

/// How much of a record has been written.
#[derive(Default)]
struct Written {
    cells: usize,
    ends: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records_of(text: &[u8]) -> Vec<(u64, Result<Vec<String>, ErrorKind>)> {
        let mut records = Records::new(Box::new(io::Cursor::new(text.to_vec())), b',');
        let mut record = ByteRecord::new();
        let mut all = Vec::new();
        loop {
            match records.next(&mut record).unwrap() {
                Next::End => return all,
                Next::Bad(line, error) => all.push((line, Err(error.kind()))),
                Next::Record(line) => {
                    all.push((
                        line,
                        Ok(record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()),
                    ));
                }
            }
        }
    }

    fn cells(cells: &[&str]) -> Result<Vec<String>, ErrorKind> {
        Ok(cells.iter().map(|&cell| cell.to_owned()).collect())
    }

    #[test]
    fn quoted_cells_may_hold_delimiters_quotes_and_line_feeds() {
        let text = b"a,b\r\n\"x,y\",\"say \"\"hi\"\"\"\r\n\r\n\"two\nlines\",z\nlast,one";
        assert_eq!(
            records_of(text),
            [
                (1, cells(&["a", "b"])),
                (2, cells(&["x,y", "say \"hi\""])),
                (4, cells(&["two\nlines", "z"])),
                (6, cells(&["last", "one"])),
            ]
        );
    }

    #[test]
    fn an_open_quote_costs_one_line_not_the_rest() {
        let mut text = b"k,\"broken\n".to_vec();
        for n in 0..500 {
            text.extend_from_slice(format!("k,{n}\n").as_bytes());
        }
        let records = records_of(&text);
        assert_eq!(records.len(), 501);
        assert_eq!(records[0], (1, Err(ErrorKind::InvalidRow)));
        assert_eq!(records[500], (501, cells(&["k", "499"])));
    }

    #[test]
    fn an_open_quote_near_the_end_gives_the_following_rows_back() {
        let records = records_of(b"a,1\na,\"2\na,3\n");
        assert_eq!(records, [(1, cells(&["a", "1"])), (2, Err(ErrorKind::InvalidRow)), (3, cells(&["a", "3"]))]);
    }

    #[test]
    fn two_open_quotes_do_not_swallow_what_stands_between_them() {
        let mut records = Records::new(Box::new(io::Cursor::new(b"d,\"one\nd,2\nd,\"three\nd,4\n".to_vec())), b',');
        (records.single_line, records.width) = (vec![1], 2);
        let mut record = ByteRecord::new();
        let mut lines = Vec::new();
        loop {
            match records.next(&mut record).unwrap() {
                Next::End => break,
                Next::Bad(line, _) => lines.push((line, false)),
                Next::Record(line) => lines.push((line, true)),
            }
        }
        assert_eq!(lines, [(1, false), (2, true), (3, false), (4, true)]);
    }

    #[test]
    fn carriage_returns_alone_end_records() {
        assert_eq!(
            records_of(b"a,b\rc,d\re,f"),
            [(1, cells(&["a", "b"])), (1, cells(&["c", "d"])), (1, cells(&["e", "f"]))]
        );
    }

    #[test]
    fn many_columns_and_long_cells_fit() {
        let wide = vec!["c"; 1_000].join(",");
        let long = "x".repeat(100_000);
        let text = format!("{wide}\n{long},y\n");
        let records = records_of(text.as_bytes());
        assert_eq!(records[0].1.as_ref().unwrap().len(), 1_000);
        assert_eq!(records[1].1.as_ref().unwrap()[0].len(), 100_000);
    }
}
