//! Reading text columns through the Arrow C data and stream interfaces: with its inner room the one module of this crate with
//! `unsafe`.
//!
//! The interfaces are specified at <https://arrow.apache.org/docs/format/CDataInterface.html> and `CStreamInterface.html`. A
//! producer states no buffer lengths, so these follow from its lengths and offsets, as in every consumer. Everything else that it
//! states is checked: counts are not negative, offsets lie in order, text positions lie inside their buffer.

// floor 1
pub(crate) mod numpy;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyCapsuleMethods, PyTuple};

#[repr(C)]
struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *const *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct ArrowArrayStream {
    get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    #[allow(dead_code, reason = "part of the layout; errors are given by number")]
    get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

/// A struct of the interfaces, which its consumer releases once.
trait Released: Sized {
    const CAPSULE: &'static CStr;
    const EMPTY: Self;
    fn release(&self) -> Option<unsafe extern "C" fn(*mut Self)>;
}

macro_rules! released {
    ($name:ident, $capsule:literal, { $($field:ident: $empty:expr),* $(,)? }) => {
        impl Released for $name {
            const CAPSULE: &'static CStr = $capsule;
            const EMPTY: Self = Self { $($field: $empty,)* };

            fn release(&self) -> Option<unsafe extern "C" fn(*mut Self)> {
                self.release
            }
        }
    };
}

released!(ArrowSchema, c"arrow_schema", {
    format: ptr::null(), name: ptr::null(), metadata: ptr::null(), flags: 0, n_children: 0, children: ptr::null_mut(),
    dictionary: ptr::null_mut(), release: None, private_data: ptr::null_mut(),
});
released!(ArrowArray, c"arrow_array", {
    length: 0, null_count: 0, offset: 0, n_buffers: 0, n_children: 0, buffers: ptr::null(), children: ptr::null_mut(),
    dictionary: ptr::null_mut(), release: None, private_data: ptr::null_mut(),
});
released!(ArrowArrayStream, c"arrow_array_stream", {
    get_schema: None, get_next: None, get_last_error: None, release: None, private_data: ptr::null_mut(),
});

/// A struct that this side owns.
struct Owned<T: Released>(Box<T>);

impl<T: Released> Owned<T> {
    fn empty() -> Self {
        Self(Box::new(T::EMPTY))
    }

    /// Takes the struct out of its capsule, which stays behind released, as the interface asks.
    fn take(capsule: &Bound<'_, PyAny>) -> PyResult<Self> {
        let capsule = capsule
            .cast::<PyCapsule>()
            .map_err(|_| PyTypeError::new_err("an Arrow method did not return a capsule"))?;
        let place = capsule.pointer_checked(Some(T::CAPSULE))?.cast::<T>();
        // SAFETY: a capsule of this name holds a valid struct of this type, and we are attached, so nobody else reads it now.
        let taken = Self(Box::new(unsafe { ptr::replace(place.as_ptr(), T::EMPTY) }));
        if taken.0.release().is_none() {
            return Err(PyValueError::new_err("the Arrow data was consumed before"));
        }
        Ok(taken)
    }
}

impl<T: Released> Drop for Owned<T> {
    fn drop(&mut self) {
        if let Some(release) = self.0.release() {
            // SAFETY: the struct is owned, not yet released, and not used after this.
            unsafe { release(ptr::from_mut(&mut *self.0)) };
        }
    }
}

/// How a column stores its text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Storage {
    Null,
    Offsets32,
    Offsets64,
    Views,
}

/// What a column's schema says: its storage, and for a dictionary the width and sign of its keys.
#[derive(Clone, Copy)]
struct Layout {
    storage: Storage,
    keys: Option<Keys>,
}

#[derive(Clone, Copy)]
struct Keys {
    width: usize,
    signed: bool,
}

/// A column of text that arrives in batches.
pub(crate) struct Batches {
    layout: Layout,
    rest: Rest,
}

enum Rest {
    Stream(Owned<ArrowArrayStream>),
    One(Option<Owned<ArrowArray>>),
}

impl Batches {
    /// The column that `object` exports, if it exports one.
    pub(crate) fn export(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if object.hasattr("__arrow_c_stream__")? {
            let capsule = object.call_method0("__arrow_c_stream__")?;
            let mut stream = Owned::<ArrowArrayStream>::take(&capsule)?;
            let mut schema = Owned::<ArrowSchema>::empty();
            let call = stream.0.get_schema.ok_or_else(|| malformed("a stream without get_schema"))?;
            // SAFETY: the stream is owned and not released; the schema is empty and writable.
            let code = unsafe { call(ptr::from_mut(&mut *stream.0), ptr::from_mut(&mut *schema.0)) };
            if code != 0 {
                return Err(PyValueError::new_err(format!("the Arrow stream has no schema (error {code})")));
            }
            return Ok(Some(Self { layout: layout(&schema.0)?, rest: Rest::Stream(stream) }));
        }
        if object.hasattr("__arrow_c_array__")? {
            let pair = object.call_method0("__arrow_c_array__")?;
            let pair =
                pair.cast::<PyTuple>().map_err(|_| PyTypeError::new_err("__arrow_c_array__ did not return a pair"))?;
            let schema = Owned::<ArrowSchema>::take(&pair.get_item(0)?)?;
            let array = Owned::<ArrowArray>::take(&pair.get_item(1)?)?;
            return Ok(Some(Self { layout: layout(&schema.0)?, rest: Rest::One(Some(array)) }));
        }
        Ok(None)
    }

    /// The next batch, or nothing after the last.
    pub(crate) fn next_batch(&mut self) -> PyResult<Option<Batch>> {
        let array = match &mut self.rest {
            Rest::One(array) => array.take(),
            Rest::Stream(stream) => {
                let mut array = Owned::<ArrowArray>::empty();
                let call = stream.0.get_next.ok_or_else(|| malformed("a stream without get_next"))?;
                // SAFETY: the stream is owned and not released; the array is empty and writable.
                let code = unsafe { call(ptr::from_mut(&mut *stream.0), ptr::from_mut(&mut *array.0)) };
                if code != 0 {
                    return Err(PyValueError::new_err(format!("the Arrow stream broke off (error {code})")));
                }
                array.0.release.is_some().then_some(array)
            }
        };
        array.map(|array| Batch::new(self.layout, array)).transpose()
    }
}

/// Reads the format strings of text columns and of dictionaries of text.
fn layout(schema: &ArrowSchema) -> PyResult<Layout> {
    let Some(dictionary) = ptr::NonNull::new(schema.dictionary) else {
        return Ok(Layout { storage: storage(schema)?, keys: None });
    };
    let (width, signed) = match format(schema)? {
        b"c" => (1, true),
        b"C" => (1, false),
        b"s" => (2, true),
        b"S" => (2, false),
        b"i" => (4, true),
        b"I" => (4, false),
        b"l" => (8, true),
        b"L" => (8, false),
        _ => return Err(malformed("a dictionary whose keys are no integers")),
    };
    // SAFETY: the schema is not released, so its dictionary is a valid schema.
    let dictionary = unsafe { dictionary.as_ref() };
    if !dictionary.dictionary.is_null() {
        return Err(PyTypeError::new_err("a dictionary of dictionaries is no text column"));
    }
    Ok(Layout { storage: storage(dictionary)?, keys: Some(Keys { width, signed }) })
}

fn storage(schema: &ArrowSchema) -> PyResult<Storage> {
    match format(schema)? {
        b"n" => Ok(Storage::Null),
        b"u" | b"z" => Ok(Storage::Offsets32),
        b"U" | b"Z" => Ok(Storage::Offsets64),
        b"vu" | b"vz" => Ok(Storage::Views),
        b"+s" => Err(PyTypeError::new_err("a table, not a column: choose one column")),
        _ => Err(PyTypeError::new_err("the Arrow column does not hold text")),
    }
}

fn format(schema: &ArrowSchema) -> PyResult<&[u8]> {
    if schema.format.is_null() {
        return Err(malformed("a schema without format"));
    }
    // SAFETY: the format of a schema that is not released is a NUL-terminated string that lives as long as the schema.
    Ok(unsafe { CStr::from_ptr(schema.format) }.to_bytes())
}

/// Bytes of a batch, alive as long as the batch.
#[derive(Clone, Copy)]
struct Buffer {
    start: *const u8,
    length: usize,
}

impl Buffer {
    const EMPTY: Self = Self { start: ptr::null(), length: 0 };

    /// Buffer number `index`, of which `length` bytes are read; absent ones are empty.
    fn of(array: &ArrowArray, index: usize, length: usize) -> PyResult<Self> {
        if array.buffers.is_null() || index >= usize::try_from(array.n_buffers).unwrap_or(0) {
            return Err(malformed("too few buffers"));
        }
        // SAFETY: index < n_buffers, the length of this array of pointers.
        let slot = unsafe { array.buffers.add(index) };
        // SAFETY: as above; the array is not released.
        let start = unsafe { slot.read() }.cast::<u8>();
        match (start.is_null(), length) {
            (_, 0) => Ok(Self::EMPTY),
            (true, _) => Err(malformed("a buffer is missing")),
            (false, _) if isize::try_from(length).is_err() => Err(malformed("a buffer is too long")),
            (false, _) => Ok(Self { start, length }),
        }
    }

    fn bytes(&self) -> &[u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: the producer keeps this many bytes alive and unchanged until the array is released, which `Batch` does last.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }

    fn array<const N: usize>(&self, index: usize) -> Option<[u8; N]> {
        let start = index.checked_mul(N)?;
        self.bytes().get(start..start.checked_add(N)?)?.try_into().ok()
    }
}

/// A value of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Value<'a> {
    Missing,
    Bytes(&'a [u8]),
    /// The producer's offsets lead outside its buffers.
    Malformed,
}

/// The text values of one array: either the rows themselves or a dictionary's entries.
struct Texts {
    storage: Storage,
    offset: usize,
    length: usize,
    validity: Option<Buffer>,
    index: Buffer,
    data: Vec<Buffer>,
}

/// One batch of a column.
pub(crate) struct Batch {
    texts: Texts,
    keys: Option<KeyColumn>,
    /// Last, so that nothing outlives it.
    _array: Owned<ArrowArray>,
}

struct KeyColumn {
    keys: Keys,
    offset: usize,
    length: usize,
    validity: Option<Buffer>,
    buffer: Buffer,
}

// SAFETY: the buffers of an Arrow array are immutable, and its release callback may be called from any thread.
unsafe impl Send for Batch {}
// SAFETY: as above; no method changes anything.
unsafe impl Sync for Batch {}

impl Batch {
    fn new(layout: Layout, array: Owned<ArrowArray>) -> PyResult<Self> {
        let Some(keys) = layout.keys else {
            return Ok(Self { texts: Texts::new(layout.storage, &array.0)?, keys: None, _array: array });
        };
        let (offset, length) = extent(&array.0)?;
        let validity = validity(&array.0, offset, length)?;
        let buffer = Buffer::of(&array.0, 1, size(offset, length, keys.width)?)?;
        let dictionary = ptr::NonNull::new(array.0.dictionary).ok_or_else(|| malformed("a dictionary is missing"))?;
        // SAFETY: the array is not released, so its dictionary is a valid array.
        let texts = Texts::new(layout.storage, unsafe { dictionary.as_ref() })?;
        Ok(Self { texts, keys: Some(KeyColumn { keys, offset, length, validity, buffer }), _array: array })
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.keys.as_ref().map_or(self.texts.length, |keys| keys.length)
    }

    /// The value of a row.
    pub(crate) fn get(&self, row: usize) -> Value<'_> {
        match &self.keys {
            None => self.texts.get(row),
            Some(_) => self.key(row).map_or(Value::Missing, |entry| self.texts.get(entry)),
        }
    }

    /// The number of a dictionary's entries, if this is one.
    pub(crate) fn entries(&self) -> Option<usize> {
        self.keys.as_ref().map(|_| self.texts.length)
    }

    /// An entry of the dictionary.
    pub(crate) fn entry(&self, entry: usize) -> Value<'_> {
        self.texts.get(entry)
    }

    /// The entry that a row refers to; `None` for a missing value. Entries that do not exist are above every real one.
    pub(crate) fn key(&self, row: usize) -> Option<usize> {
        let column = self.keys.as_ref()?;
        if row >= column.length || !is_valid(column.validity.as_ref(), column.offset + row) {
            return None;
        }
        let at = column.offset + row;
        let raw = match column.keys.width {
            1 => column.buffer.array::<1>(at).map(|[byte]| u64::from(byte)),
            2 => column.buffer.array(at).map(|bytes| u64::from(u16::from_ne_bytes(bytes))),
            4 => column.buffer.array(at).map(|bytes| u64::from(u32::from_ne_bytes(bytes))),
            _ => column.buffer.array(at).map(u64::from_ne_bytes),
        };
        let negative = |raw: u64| column.keys.signed && raw >> (column.keys.width * 8 - 1) == 1;
        Some(raw.filter(|&raw| !negative(raw)).and_then(|raw| usize::try_from(raw).ok()).unwrap_or(usize::MAX))
    }
}

impl Texts {
    fn new(storage: Storage, array: &ArrowArray) -> PyResult<Self> {
        let (offset, length) = extent(array)?;
        let mut texts = Self { storage, offset, length, validity: None, index: Buffer::EMPTY, data: Vec::new() };
        if storage == Storage::Null || length == 0 {
            return Ok(texts);
        }
        texts.validity = validity(array, offset, length)?;
        if storage == Storage::Views {
            texts.index = Buffer::of(array, 1, size(offset, length, 16)?)?;
            // validity, views, one buffer each, and their lengths
            let count = usize::try_from(array.n_buffers).unwrap_or(0).saturating_sub(3);
            if count > 0 {
                let lengths = Buffer::of(array, 2 + count, size(0, count, 8)?)?;
                for number in 0..count {
                    let length = lengths.array(number).map_or(-1, i64::from_ne_bytes);
                    texts.data.push(Buffer::of(array, 2 + number, unsigned(length)?)?);
                }
            }
            return Ok(texts);
        }
        let width = if storage == Storage::Offsets64 { 8 } else { 4 };
        texts.index = Buffer::of(array, 1, size(offset, length + 1, width)?)?;
        let end = texts.position(offset + length).ok_or_else(|| malformed("a negative offset"))?;
        texts.data.push(Buffer::of(array, 2, end)?);
        Ok(texts)
    }

    fn position(&self, at: usize) -> Option<usize> {
        match self.storage {
            Storage::Offsets64 => usize::try_from(i64::from_ne_bytes(self.index.array(at)?)).ok(),
            _ => usize::try_from(i32::from_ne_bytes(self.index.array(at)?)).ok(),
        }
    }

    fn get(&self, row: usize) -> Value<'_> {
        if row >= self.length {
            return Value::Malformed;
        }
        let at = self.offset + row;
        if self.storage == Storage::Null || !is_valid(self.validity.as_ref(), at) {
            return Value::Missing;
        }
        let bytes = if self.storage == Storage::Views { self.view(at) } else { self.slice(at) };
        bytes.map_or(Value::Malformed, Value::Bytes)
    }

    fn slice(&self, at: usize) -> Option<&[u8]> {
        let range = self.position(at)?..self.position(at + 1)?;
        self.data.first()?.bytes().get(range)
    }

    /// Length, then the text itself if it has at most 12 bytes, else a prefix, the number of a buffer and a position in it.
    fn view(&self, at: usize) -> Option<&[u8]> {
        let start = at.checked_mul(16)?;
        let view = self.index.bytes().get(start..start + 16)?;
        let number = |at: usize| {
            let bytes: [u8; 4] = view.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(i32::from_ne_bytes(bytes)).ok()
        };
        let length = number(0)?;
        if length <= 12 {
            return view.get(4..4 + length);
        }
        let (buffer, position) = (number(8)?, number(12)?);
        self.data.get(buffer)?.bytes().get(position..position.checked_add(length)?)
    }
}

fn extent(array: &ArrowArray) -> PyResult<(usize, usize)> {
    let (offset, length) = (unsigned(array.offset)?, unsigned(array.length)?);
    match offset.checked_add(length) {
        Some(end) if end < usize::MAX / 32 => Ok((offset, length)),
        _ => Err(malformed("an impossible length")),
    }
}

/// The bytes that `length` items after `offset` items take.
fn size(offset: usize, length: usize, width: usize) -> PyResult<usize> {
    offset
        .checked_add(length)
        .and_then(|items| items.checked_mul(width))
        .ok_or_else(|| malformed("an impossible length"))
}

fn validity(array: &ArrowArray, offset: usize, length: usize) -> PyResult<Option<Buffer>> {
    if array.null_count == 0 || length == 0 {
        return Ok(None);
    }
    // An absent bitmap means that every value is there.
    Ok(Buffer::of(array, 0, (offset + length).div_ceil(8)).ok())
}

fn is_valid(bitmap: Option<&Buffer>, at: usize) -> bool {
    bitmap.is_none_or(|bitmap| bitmap.bytes().get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1))
}

fn unsigned(number: i64) -> PyResult<usize> {
    usize::try_from(number).map_err(|_| malformed("a negative count"))
}

fn malformed(what: &str) -> PyErr {
    PyValueError::new_err(format!("malformed Arrow data: {what}"))
}
