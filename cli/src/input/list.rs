//! A plain list: one value a line, `#` begins a comment line.

use std::io::{self, Read};

use bisik::{Claim, Error, ErrorKind, Kind};

use super::lines::{Line, Lines};
use super::{Item, Place, Row};

/// The rows of a list.
pub(super) struct Rows {
    lines: Lines,
    kind: Kind,
    row: u64,
    spare: Vec<u8>,
}

impl Rows {
    pub(super) fn new(source: Box<dyn Read>, kind: Kind) -> Self {
        Self { lines: Lines::new(source), kind, row: 0, spare: Vec::new() }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        loop {
            let Some((line, content)) = self.lines.next(std::mem::take(&mut self.spare))? else { return Ok(None) };
            let bytes = match content {
                Line::Whole(bytes) => bytes,
                Line::TooLong => {
                    self.row += 1;
                    return Ok(Some(self.refused(line, ErrorKind::TooLong.into())));
                }
            };
            let trimmed = bytes.trim_ascii();
            if trimmed.is_empty() || trimmed.starts_with(b"#") {
                self.spare = bytes;
                continue;
            }
            self.row += 1;
            let item = match std::str::from_utf8(trimmed) {
                Ok(value) => self.accepted(line, value),
                Err(error) => self.refused(line, Error::from(ErrorKind::InvalidUtf8).at(error.valid_up_to() as u64)),
            };
            self.spare = bytes;
            return Ok(Some(item));
        }
    }

    fn accepted(&self, line: u64, value: &str) -> Item {
        if value.len() > super::fields::MAX_VALUE {
            return self.refused(line, Error::from(ErrorKind::TooLong).at(super::fields::MAX_VALUE as u64));
        }
        Item::Row(Box::new(Row {
            place: Place { row: self.row, line },
            kind: self.kind,
            value: value.to_owned(),
            options: None,
            id: None,
            claim: Claim::default(),
            cells: None,
        }))
    }

    fn refused(&self, line: u64, error: Error) -> Item {
        Item::refused(Place { row: self.row, line }, Some(self.kind), error)
    }

    pub(super) fn consumed(&self) -> u64 {
        self.lines.consumed()
    }
}
