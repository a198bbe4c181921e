//! What the rows of a column are: all of one kind, or each of its own.

use bisik::Kind;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::arguments;
use crate::arrow_abi::Batch;
use crate::column::{Cell, Cells, Column, Piece, Rows};

/// The kinds of a column's rows.
pub(crate) enum Kinds {
    One(Kind),
    /// The number of each row's kind; [`NO_KIND`] where none of this name is known.
    Each(Vec<u8>),
}

const NO_KIND: u8 = 0;

impl Kinds {
    /// One name, or a column of names.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            return arguments::kind(object).map(Self::One);
        }
        let wanted = "a str or a column of str";
        let column = Column::of(object).map_err(|error| {
            let no_column = error.is_instance_of::<PyTypeError>(object.py());
            if no_column { arguments::wrong_type(object, "kind", wanted) } else { error }
        })?;
        let mut numbers = Vec::new();
        column.read(|piece| match piece {
            Piece::Copied(copied) => add(&mut numbers, copied),
            Piece::Batch(batch) => add(&mut numbers, &rows(batch)),
        })?;
        Ok(Self::Each(numbers))
    }

    /// The kinds of rows, of which some may have none.
    pub(crate) fn each(rows: impl Iterator<Item = Option<Kind>>) -> Self {
        Self::Each(rows.map(|kind| kind.map_or(NO_KIND, Kind::number)).collect())
    }

    /// The kind of a row, if it has one.
    pub(crate) fn at(&self, row: usize) -> Option<Kind> {
        match self {
            Self::One(kind) => Some(*kind),
            Self::Each(numbers) => numbers.get(row).copied().and_then(Kind::from_number),
        }
    }

    /// The name of a row's kind, if it has one.
    pub(crate) fn name(&self, row: usize) -> Option<&'static str> {
        self.at(row).map(Kind::name)
    }

    /// Checks that there are kinds for rows up to `end`, or exactly so many.
    pub(crate) fn reach(&self, end: usize, exactly: bool) -> PyResult<()> {
        match self {
            Self::Each(numbers) if numbers.len() < end || (exactly && numbers.len() != end) => {
                Err(PyValueError::new_err("column and kind differ in length"))
            }
            _ => Ok(()),
        }
    }
}

fn rows(batch: &Batch) -> Rows<'_> {
    Rows { batch, start: 0, end: batch.len() }
}

fn add(numbers: &mut Vec<u8>, cells: &impl Cells) -> PyResult<()> {
    numbers.reserve(cells.len());
    for at in 0..cells.len() {
        numbers.push(match cells.get(at)? {
            Cell::Text(name) => name.parse::<Kind>().map_or(NO_KIND, Kind::number),
            Cell::Missing | Cell::NotUtf8 => NO_KIND,
        });
    }
    Ok(())
}
