//! Columns of text as Python holds them, read in pieces: lists, numpy arrays, and whatever exports Arrow.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyList, PySlice, PyString, PyTuple};

use crate::arguments::wrong_type;
use crate::arrow_abi::numpy::{TextArray, Unit};
use crate::arrow_abi::{Batch, Batches, Value};

/// How many rows are matched between two looks at progress and signals.
pub(crate) const PIECE: usize = 1 << 16;

/// One value of a column.
#[derive(Clone, Copy)]
pub(crate) enum Cell<'a> {
    /// `None`, NaN or null: never a hit, never refused.
    Missing,
    Text(&'a str),
    NotUtf8,
}

/// Values that stay as they are while Python runs.
pub(crate) trait Cells: Sync {
    /// The number of values.
    fn len(&self) -> usize;
    /// The value at a position below [`len`](Self::len).
    fn get(&self, at: usize) -> PyResult<Cell<'_>>;
}

/// A column to be read.
pub(crate) enum Column<'py> {
    Sequence(Bound<'py, PyAny>, usize),
    /// A numpy array of fixed-width text.
    Text(Bound<'py, PyAny>, usize),
    /// Any other thing with `tolist` and slices: numpy arrays of objects and of its variable-width strings.
    Array(Bound<'py, PyAny>, usize),
    Arrow(Batches),
}

/// A part of a column.
pub(crate) enum Piece<'a> {
    /// At most [`PIECE`] rows.
    Copied(&'a Positions),
    /// Any number of rows.
    Batch(&'a Batch),
}

impl<'py> Column<'py> {
    /// Recognises a column by what it can do.
    pub(crate) fn of(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
            return Ok(Self::Sequence(object.clone(), object.len()?));
        }
        if let Some(batches) = Batches::export(object)? {
            return Ok(Self::Arrow(batches));
        }
        if object.hasattr("tolist")? && object.hasattr("ndim")? {
            let dimensions: usize = object.getattr("ndim")?.extract()?;
            if dimensions != 1 {
                return Err(PyTypeError::new_err(format!("a column has one dimension, not {dimensions}")));
            }
            if let Some(text) = TextArray::of(object)? {
                return Ok(Self::Text(object.clone(), text.len()));
            }
            return Ok(Self::Array(object.clone(), object.len()?));
        }
        Err(wrong_type(object, "a column", "a list, a Series or an array of str"))
    }

    /// Calls `each` with one piece after the other.
    pub(crate) fn read(self, mut each: impl FnMut(Piece<'_>) -> PyResult<()>) -> PyResult<()> {
        let length = match &self {
            Self::Sequence(_, length) | Self::Array(_, length) | Self::Text(_, length) => *length,
            Self::Arrow(_) => 0,
        };
        if let Self::Arrow(mut batches) = self {
            while let Some(batch) = batches.next_batch()? {
                each(Piece::Batch(&batch))?;
            }
            return Ok(());
        }
        for start in (0..length).step_by(PIECE) {
            let end = length.min(start + PIECE);
            let copied = match &self {
                Self::Sequence(sequence, _) => Copied::of_sequence(sequence, start, end, 0)?,
                Self::Array(array, _) => Copied::of_array(array, start, end)?,
                // Described anew: between two pieces other code may have moved it.
                Self::Text(array, _) => match TextArray::of(array)? {
                    Some(text) if text.len() == length => Copied::of_text(&text, start, end),
                    _ => return Err(PyValueError::new_err("the array changed")),
                },
                Self::Arrow(_) => break,
            };
            each(Piece::Copied(&copied.sealed()))?;
        }
        Ok(())
    }
}

/// Up to [`PIECE`] strings copied out of Python objects, so that they can be read while other threads run Python.
struct Copied {
    text: String,
    /// The end of each string; the marks stand for the values without one.
    ends: Vec<usize>,
}

const MISSING: usize = usize::MAX;
const NOT_UTF8: usize = usize::MAX - 1;

impl Copied {
    /// Copies rows `start..end` of a list or tuple; `start` is also added to the element numbers in errors.
    fn of_sequence(sequence: &Bound<'_, PyAny>, start: usize, end: usize, first: usize) -> PyResult<Self> {
        let mut copied = Self { text: String::new(), ends: Vec::with_capacity(end.saturating_sub(start)) };
        for at in start..end {
            // Another thread may shorten a list at any time: `get_item` then raises IndexError.
            let item = match (sequence.cast::<PyList>(), sequence.cast::<PyTuple>()) {
                (Ok(list), _) => list.get_item(at).map_err(|_| PyValueError::new_err("the list changed"))?,
                (_, Ok(tuple)) => tuple.get_item(at)?,
                _ => return Err(wrong_type(sequence, "a column", "a list")),
            };
            copied.push(&item, first + at)?;
        }
        Ok(copied)
    }

    /// Copies rows `start..end` of an array with `tolist`.
    fn of_array(array: &Bound<'_, PyAny>, start: usize, end: usize) -> PyResult<Self> {
        let slice = PySlice::new(array.py(), start as isize, end as isize, 1);
        let list = array.get_item(slice)?.call_method0("tolist")?;
        let length = list.len()?;
        Self::of_sequence(&list, 0, length, start)
    }

    /// Copies rows `start..end` of an array of fixed-width text.
    fn of_text(array: &TextArray<'_>, start: usize, end: usize) -> Self {
        let mut copied = Self { text: String::new(), ends: Vec::with_capacity(end.saturating_sub(start)) };
        let mut item = Vec::new();
        for row in start..end {
            let there = array.copy(row, &mut item);
            let before = copied.text.len();
            let text = there && append(&mut copied.text, array.unit(), &item);
            if !text {
                copied.text.truncate(before);
            }
            copied.ends.push(if text { copied.text.len() } else { NOT_UTF8 });
        }
        copied
    }

    fn push(&mut self, item: &Bound<'_, PyAny>, number: usize) -> PyResult<()> {
        if let Ok(string) = item.cast::<PyString>() {
            self.ends.push(match string.to_str() {
                Ok(text) => {
                    self.text.push_str(text);
                    self.text.len()
                }
                Err(_) => NOT_UTF8,
            });
        } else if item.is_none() || item.cast::<PyFloat>().is_ok_and(|float| float.value().is_nan()) {
            self.ends.push(MISSING);
        } else {
            return Err(wrong_type(item, &format!("element {number}"), "str or None"));
        }
        Ok(())
    }

    /// Puts each start next to its end, so that reading needs no search.
    fn sealed(self) -> Positions {
        let mut start = 0;
        let places = self
            .ends
            .iter()
            .map(|&end| match end {
                MISSING | NOT_UTF8 => (end, end),
                end => (std::mem::replace(&mut start, end), end),
            })
            .collect();
        Positions { text: self.text, places }
    }
}

/// Appends an item of fixed-width text without its trailing zeros; `false` if it is no Unicode text.
fn append(text: &mut String, unit: Unit, item: &[u8]) -> bool {
    if unit == Unit::Byte {
        let length = item.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let decoded = std::str::from_utf8(item.get(..length).unwrap_or_default());
        return decoded.map(|decoded| text.push_str(decoded)).is_ok();
    }
    let points = item.as_chunks::<4>().0;
    let length = points.iter().rposition(|point| *point != [0; 4]).map_or(0, |last| last + 1);
    text.reserve(length);
    points.iter().take(length).all(|&point| {
        let point = u32::from_ne_bytes(point);
        let c = char::from_u32(if unit == Unit::Swapped { point.swap_bytes() } else { point });
        c.map(|c| text.push(c)).is_some()
    })
}

/// [`Copied`] strings by position.
pub(crate) struct Positions {
    text: String,
    places: Vec<(usize, usize)>,
}

impl Cells for Positions {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn get(&self, at: usize) -> PyResult<Cell<'_>> {
        Ok(match self.places.get(at) {
            Some(&(NOT_UTF8, _)) => Cell::NotUtf8,
            Some(&(start, end)) if start != MISSING => self.text.get(start..end).map_or(Cell::NotUtf8, Cell::Text),
            _ => Cell::Missing,
        })
    }
}

/// Rows of an Arrow batch.
pub(crate) struct Rows<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Cells for Rows<'_> {
    fn len(&self) -> usize {
        self.end - self.start
    }

    fn get(&self, at: usize) -> PyResult<Cell<'_>> {
        cell(self.batch.get(self.start + at))
    }
}

/// Entries of an Arrow batch's dictionary.
pub(crate) struct Entries<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Cells for Entries<'_> {
    fn len(&self) -> usize {
        self.end - self.start
    }

    fn get(&self, at: usize) -> PyResult<Cell<'_>> {
        cell(self.batch.entry(self.start + at))
    }
}

fn cell(value: Value<'_>) -> PyResult<Cell<'_>> {
    match value {
        Value::Missing => Ok(Cell::Missing),
        Value::Bytes(bytes) => Ok(std::str::from_utf8(bytes).map_or(Cell::NotUtf8, Cell::Text)),
        Value::Malformed => Err(PyValueError::new_err("malformed Arrow data: a position outside its buffer")),
    }
}
