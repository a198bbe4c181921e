//! A column of texts or bytes as it lies in a foreign array: offsets, views, or a dictionary of either.
//!
//! A producer states few buffer lengths; the others follow from its counts and offsets, as for every consumer. All that it states
//! is checked before the first value is read. The layouts are those of <https://arrow.apache.org/docs/format/Columnar.html>.

use std::ffi::{CStr, c_void};

use bisik::{Error, ErrorKind, Result};

use crate::abi::arrow::{ArrowArray, ArrowSchema};
use crate::abi::memory::slice;

fn wrong(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

/// A column of texts.
pub(super) struct Column<'a> {
    texts: Texts<'a>,
    keys: Option<Keys<'a>>,
}

/// The texts themselves: the rows, or the entries of a dictionary.
struct Texts<'a> {
    rows: Rows<'a>,
    storage: Storage<'a>,
}

enum Storage<'a> {
    /// Ends of the values, from the array's offset on.
    Short(&'a [i32], &'a [u8]),
    Long(&'a [i64], &'a [u8]),
    /// Views, from the array's offset on, and the buffers that long ones lead to.
    Views(&'a [[u8; VIEW]], Vec<&'a [u8]>),
}

/// For each row the number of a dictionary's entry.
struct Keys<'a> {
    rows: Rows<'a>,
    /// From the array's offset on.
    numbers: &'a [u8],
    width: usize,
    signed: bool,
}

/// Which rows of an array have a value.
struct Rows<'a> {
    offset: usize,
    length: usize,
    /// Bits from the array's beginning; `None` if every row has a value.
    validity: Option<&'a [u8]>,
}

/// Bytes of a view: length, then the text itself if it has at most [`INLINE`] bytes, else a prefix, a buffer and a position in it.
const VIEW: usize = 16;
const INLINE: usize = 12;

impl<'a> Column<'a> {
    /// # Safety
    /// `array` and `schema` are as the Arrow C data interface says and describe one column.
    pub(super) unsafe fn new(array: &'a ArrowArray, schema: &'a ArrowSchema) -> Result<Self> {
        if array.release.is_none() || schema.release.is_none() {
            return Err(Error::new(ErrorKind::StateConsumed, "the array or schema has been released"));
        }
        // SAFETY: a dictionary's schema is NULL or a schema.
        let entry_schema = unsafe { schema.dictionary.cast_const().as_ref() };
        // SAFETY: a dictionary is NULL or an array.
        let entries = unsafe { array.dictionary.cast_const().as_ref() };
        let column = match (entry_schema, entries) {
            // SAFETY: the caller's promise.
            (None, None) => Self { texts: unsafe { Texts::new(array, schema) }?, keys: None },
            (Some(entry_schema), Some(entries)) => {
                if !entry_schema.dictionary.is_null() || !entries.dictionary.is_null() {
                    return Err(wrong("a dictionary of dictionaries is no column of texts"));
                }
                // SAFETY: the caller's promise, which holds for the dictionary as well.
                let texts = unsafe { Texts::new(entries, entry_schema) }?;
                // SAFETY: the caller's promise.
                let keys = unsafe { Keys::new(array, schema) }?;
                Self { texts, keys: Some(keys) }
            }
            _ => return Err(wrong("the array or the schema lacks its dictionary")),
        };
        column.check_keys()?;
        Ok(column)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.as_ref().map_or(self.texts.rows.length, |keys| keys.rows.length)
    }

    /// The value of a row.
    pub(super) fn value(&self, row: usize) -> Option<&'a [u8]> {
        match &self.keys {
            None => self.texts.value(row),
            Some(keys) => self.texts.value(keys.entry(row)?),
        }
    }

    /// How many entries the dictionary has, if there is one.
    pub(super) fn entries(&self) -> Option<usize> {
        self.keys.as_ref().map(|_| self.texts.rows.length)
    }

    /// The value of a dictionary's entry; without a dictionary, of a row.
    pub(super) fn entry_value(&self, entry: usize) -> Option<&'a [u8]> {
        self.texts.value(entry)
    }

    /// The entry that a row leads to; without a dictionary, the row.
    pub(super) fn entry(&self, row: usize) -> Option<usize> {
        self.keys.as_ref().map_or(Some(row), |keys| keys.entry(row))
    }

    fn check_keys(&self) -> Result<()> {
        let Some(keys) = &self.keys else { return Ok(()) };
        let beyond = |&row: &usize| keys.entry(row).is_some_and(|entry| entry >= self.texts.rows.length);
        match (0..keys.rows.length).find(beyond) {
            None => Ok(()),
            Some(row) => Err(wrong("a key leads to no entry of the dictionary").at(row as u64)),
        }
    }
}

impl<'a> Texts<'a> {
    /// # Safety
    /// As [`Column::new`].
    unsafe fn new(array: &'a ArrowArray, schema: &'a ArrowSchema) -> Result<Self> {
        // SAFETY: the caller's promise.
        let format = unsafe { format(schema) }?;
        let is_view = matches!(format, b"vu" | b"vz");
        if !is_view && !matches!(format, b"u" | b"z" | b"U" | b"Z") {
            return Err(wrong("the array holds neither texts nor bytes"));
        }
        let (offset, length) = extent(array)?;
        // SAFETY: the caller's promise.
        let buffers = unsafe { buffers(array, 3) }?;
        // SAFETY: the caller's promise.
        let rows = unsafe { Rows::new(array, buffers) }?;
        if length == 0 {
            return Ok(Self { rows, storage: Storage::Long(&[0], &[]) });
        }
        let storage = if is_view {
            // SAFETY: the caller's promise.
            unsafe { views(buffers, offset, length) }?
        } else {
            // SAFETY: the caller's promise.
            unsafe { ends(buffers, offset, length, matches!(format, b"U" | b"Z")) }?
        };
        let texts = Self { rows, storage };
        texts.check()?;
        Ok(texts)
    }

    /// Every value that there is lies inside its buffer.
    fn check(&self) -> Result<()> {
        let is_text = |row: usize| !self.rows.has(row) || self.bytes(row).is_some();
        match (0..self.rows.length).find(|&row| !is_text(row)) {
            None => Ok(()),
            Some(row) => Err(wrong("a value lies outside its buffer").at(row as u64)),
        }
    }

    fn value(&self, row: usize) -> Option<&'a [u8]> {
        if self.rows.has(row) { self.bytes(row) } else { None }
    }

    fn bytes(&self, row: usize) -> Option<&'a [u8]> {
        match &self.storage {
            Storage::Short(ends, data) => data.get(position(*ends.get(row)?)?..position(*ends.get(row + 1)?)?),
            Storage::Long(ends, data) => data.get(position(*ends.get(row)?)?..position(*ends.get(row + 1)?)?),
            Storage::Views(views, data) => {
                let view: &'a [u8; VIEW] = views.get(row)?;
                let number = |at: usize| {
                    let bytes: [u8; 4] = view.get(at..at + 4)?.try_into().ok()?;
                    position(i32::from_ne_bytes(bytes))
                };
                let length = number(0)?;
                if length <= INLINE {
                    return view.get(4..4 + length);
                }
                let (buffer, start) = (number(8)?, number(12)?);
                data.get(buffer)?.get(start..start.checked_add(length)?)
            }
        }
    }
}

fn position(number: impl TryInto<usize>) -> Option<usize> {
    number.try_into().ok()
}

impl<'a> Keys<'a> {
    /// # Safety
    /// As [`Column::new`].
    unsafe fn new(array: &'a ArrowArray, schema: &'a ArrowSchema) -> Result<Self> {
        // SAFETY: the caller's promise.
        let (width, signed) = match unsafe { format(schema) }? {
            b"c" => (1, true),
            b"C" => (1, false),
            b"s" => (2, true),
            b"S" => (2, false),
            b"i" => (4, true),
            b"I" => (4, false),
            b"l" => (8, true),
            b"L" => (8, false),
            _ => return Err(wrong("the keys of a dictionary are integers")),
        };
        let (offset, length) = extent(array)?;
        // SAFETY: the caller's promise.
        let buffers = unsafe { buffers(array, 2) }?;
        // SAFETY: the caller's promise.
        let rows = unsafe { Rows::new(array, buffers) }?;
        let numbers = match buffers {
            // SAFETY: there is a key for each row up to the array's end.
            [_, numbers, ..] if length > 0 => unsafe { slice(numbers.cast::<u8>(), (offset + length) * width) }?,
            _ => &[],
        };
        Ok(Self { rows, numbers: numbers.get(offset * width..).unwrap_or_default(), width, signed })
    }

    /// The entry of a row that has one; a negative key is beyond every entry.
    fn entry(&self, row: usize) -> Option<usize> {
        if !self.rows.has(row) {
            return None;
        }
        let bytes = self.numbers.get(row * self.width..(row + 1) * self.width).unwrap_or_default();
        let key = match *bytes {
            [a] => u64::from(a),
            [a, b] => u64::from(u16::from_ne_bytes([a, b])),
            [a, b, c, d] => u64::from(u32::from_ne_bytes([a, b, c, d])),
            _ => bytes.try_into().map_or(u64::MAX, u64::from_ne_bytes),
        };
        let negative = self.signed && key >> (self.width * 8 - 1) & 1 == 1;
        Some(if negative { usize::MAX } else { position(key).unwrap_or(usize::MAX) })
    }
}

impl<'a> Rows<'a> {
    /// # Safety
    /// As [`Column::new`]; the buffers are the array's.
    unsafe fn new(array: &ArrowArray, buffers: &'a [*const c_void]) -> Result<Self> {
        let (offset, length) = extent(array)?;
        let validity = match buffers.first() {
            Some(bits) if !bits.is_null() && array.null_count != 0 && length > 0 => {
                // SAFETY: a validity buffer has a bit for each row up to the array's end.
                Some(unsafe { slice(bits.cast::<u8>(), (offset + length).div_ceil(8)) }?)
            }
            _ => None,
        };
        Ok(Self { offset, length, validity })
    }

    fn has(&self, row: usize) -> bool {
        let bit = self.offset + row;
        row < self.length
            && self.validity.is_none_or(|bits| bits.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1))
    }
}

/// # Safety
/// As [`Column::new`].
unsafe fn format(schema: &ArrowSchema) -> Result<&[u8]> {
    if schema.format.is_null() {
        return Err(wrong("the schema has no format"));
    }
    // SAFETY: a format is a text that ends with NUL.
    Ok(unsafe { CStr::from_ptr(schema.format) }.to_bytes())
}

/// Offset and length, whose sum fits memory many times over.
fn extent(array: &ArrowArray) -> Result<(usize, usize)> {
    let (Ok(offset), Ok(length)) = (usize::try_from(array.offset), usize::try_from(array.length)) else {
        return Err(wrong("the array has a negative offset or length"));
    };
    match offset.checked_add(length) {
        Some(end) if end < isize::MAX as usize / 32 => Ok((offset, length)),
        _ => Err(wrong("the array is longer than memory can hold")),
    }
}

/// The array's buffers, of which there are at least `least`.
///
/// # Safety
/// As [`Column::new`].
unsafe fn buffers(array: &ArrowArray, least: usize) -> Result<&[*const c_void]> {
    let count = usize::try_from(array.n_buffers).unwrap_or(0);
    if count < least {
        return Err(wrong("the array has too few buffers"));
    }
    // SAFETY: there are as many buffers as the array says.
    unsafe { slice(array.buffers.cast_const(), count) }
}

/// # Safety
/// As [`Column::new`]; the buffers are the array's.
unsafe fn ends<'a>(buffers: &[*const c_void], offset: usize, length: usize, long: bool) -> Result<Storage<'a>> {
    let [_, ends, data] = buffers else { return Err(wrong("an array of texts has three buffers")) };
    let count = offset + length + 1;
    let falls = |index: usize| wrong("an offset is negative or falls").at(index as u64);
    if long {
        // SAFETY: there is an offset for each row and one more.
        let ends = unsafe { slice(ends.cast::<i64>(), count) }?.get(offset..).unwrap_or_default();
        let last = rising(ends).map_err(falls)?;
        // SAFETY: the data reach to the last offset.
        return Ok(Storage::Long(ends, unsafe { slice(data.cast::<u8>(), last) }?));
    }
    // SAFETY: there is an offset for each row and one more.
    let ends = unsafe { slice(ends.cast::<i32>(), count) }?.get(offset..).unwrap_or_default();
    let last = rising(ends).map_err(falls)?;
    // SAFETY: the data reach to the last offset.
    Ok(Storage::Short(ends, unsafe { slice(data.cast::<u8>(), last) }?))
}

/// The last of numbers that never fall and are not negative; or the index of the first that does or is.
fn rising<N: Copy + TryInto<usize>>(numbers: &[N]) -> std::result::Result<usize, usize> {
    let mut last = 0;
    for (index, &number) in numbers.iter().enumerate() {
        last = position(number).filter(|&next| next >= last).ok_or(index)?;
    }
    Ok(last)
}

/// # Safety
/// As [`Column::new`]; the buffers are the array's.
unsafe fn views<'a>(buffers: &[*const c_void], offset: usize, length: usize) -> Result<Storage<'a>> {
    // Validity, views, one buffer each, and their lengths.
    let [_, views, data @ .., lengths] = buffers else { return Err(wrong("an array of views has three buffers")) };
    // SAFETY: there is a view for each row up to the array's end.
    let views = unsafe { slice(views.cast::<[u8; VIEW]>(), offset + length) }?.get(offset..).unwrap_or_default();
    // SAFETY: there is a length for each buffer of data.
    let lengths = unsafe { slice(lengths.cast::<i64>(), data.len()) }?;
    let mut read = Vec::with_capacity(data.len());
    for (start, &length) in data.iter().zip(lengths) {
        let length = position(length).ok_or_else(|| wrong("a buffer has a negative length"))?;
        // SAFETY: a buffer of data has the length that the array states.
        read.push(unsafe { slice(start.cast::<u8>(), length) }?);
    }
    Ok(Storage::Views(views, read))
}
