//! The Arrow C data interface: columns in, a column of booleans out.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;

use bisik::{Error, ErrorKind, Result};

use crate::abi::boundary::{enter, needed};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::kind::bisik_kind;
use crate::abi::matcher::{self, bisik_matcher};
use crate::abi::memory::slice;
use crate::abi::options::bisik_parse_options;
use crate::batch::Answer;

/// `struct ArrowSchema` of the Arrow C data interface.
#[repr(C)]
pub struct ArrowSchema {
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

/// `struct ArrowArray` of the Arrow C data interface.
#[repr(C)]
pub struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

const NULLABLE: i64 = 2;

fn wrong(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

/// A column of texts or bytes as it lies in a foreign array.
struct Texts<'a> {
    offset: usize,
    length: usize,
    /// Bits from `offset` on; `None` if every row has a value.
    validity: Option<&'a [u8]>,
    offsets: Offsets<'a>,
    data: &'a [u8],
}

/// The ends of values, from the array's offset on.
#[derive(Clone, Copy)]
enum Offsets<'a> {
    Short(&'a [i32]),
    Long(&'a [i64]),
}

impl Offsets<'_> {
    fn get(self, index: usize) -> Option<usize> {
        match self {
            Self::Short(offsets) => offsets.get(index).and_then(|&offset| usize::try_from(offset).ok()),
            Self::Long(offsets) => offsets.get(index).and_then(|&offset| usize::try_from(offset).ok()),
        }
    }
}

impl<'a> Texts<'a> {
    /// # Safety
    /// `array` and `schema` are as the Arrow C data interface says and describe one column.
    unsafe fn new(array: &'a ArrowArray, schema: &'a ArrowSchema) -> Result<Self> {
        if array.release.is_none() || schema.release.is_none() {
            return Err(Error::new(ErrorKind::StateConsumed, "the array or schema has been released"));
        }
        if schema.format.is_null() || !array.dictionary.is_null() || !schema.dictionary.is_null() {
            return Err(wrong("a dictionary array, or no format: decode it first"));
        }
        // SAFETY: a format is a text that ends with NUL.
        let format = unsafe { CStr::from_ptr(schema.format) };
        let long = match format.to_bytes() {
            b"u" | b"z" => false,
            b"U" | b"Z" => true,
            _ => return Err(wrong("the array holds neither utf8, large_utf8, binary nor large_binary")),
        };
        let (Ok(offset), Ok(length)) = (usize::try_from(array.offset), usize::try_from(array.length)) else {
            return Err(wrong("the array has a negative offset or length"));
        };
        let end = offset.checked_add(length).filter(|&end| end < isize::MAX as usize / 8);
        let end = end.ok_or_else(|| wrong("the array is longer than memory can hold"))?;
        if array.n_buffers != 3 {
            return Err(wrong("an array of texts has three buffers"));
        }
        // SAFETY: an array of texts has three buffers.
        let buffers = unsafe { slice(array.buffers.cast_const(), 3) }?;
        let [bits, ends, data] = buffers else {
            return Err(wrong("an array of texts has three buffers"));
        };
        let validity = if bits.is_null() || array.null_count == 0 {
            None
        } else {
            // SAFETY: a validity buffer has a bit for each row up to the array's end.
            Some(unsafe { slice(bits.cast::<u8>(), end.div_ceil(8)) }?)
        };
        if length == 0 {
            return Ok(Self { offset: 0, length, validity: None, offsets: Offsets::Long(&[0]), data: &[] });
        }
        let offsets = if long {
            // SAFETY: there is an offset for each row and one more.
            Offsets::Long(unsafe { slice(ends.cast::<i64>(), end + 1) }?.get(offset..).unwrap_or_default())
        } else {
            // SAFETY: there is an offset for each row and one more.
            Offsets::Short(unsafe { slice(ends.cast::<i32>(), end + 1) }?.get(offset..).unwrap_or_default())
        };
        let mut last = 0;
        for index in 0..=length {
            let next = offsets.get(index).filter(|&next| next >= last);
            last = next.ok_or_else(|| wrong("an offset is negative or falls").at(index as u64))?;
        }
        // SAFETY: the data reach to the last offset.
        let data = unsafe { slice(data.cast::<u8>(), last) }?;
        Ok(Self { offset, length, validity, offsets, data })
    }

    fn value(&self, row: usize) -> Option<&'a [u8]> {
        let bit = self.offset + row;
        if let Some(validity) = self.validity
            && validity.get(bit / 8).is_none_or(|byte| byte >> (bit % 8) & 1 == 0)
        {
            return None;
        }
        self.data.get(self.offsets.get(row)?..self.offsets.get(row + 1)?)
    }
}

/// A column of booleans that is handed out.
struct Booleans {
    validity: Vec<u8>,
    values: Vec<u8>,
    buffers: [*const c_void; 2],
}

fn set(bits: &mut [u8], row: usize, on: bool) {
    if let Some(byte) = bits.get_mut(row / 8) {
        let bit = 1 << (row % 8);
        *byte = if on { *byte | bit } else { *byte & !bit };
    }
}

fn bit(bits: &[u8], row: usize) -> bool {
    bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}

impl Booleans {
    /// All rows null.
    fn new(rows: usize) -> Self {
        let bytes = rows.div_ceil(8).max(1);
        Self { validity: vec![0; bytes], values: vec![0; bytes], buffers: [std::ptr::null(); 2] }
    }

    fn into_array(self, rows: usize) -> ArrowArray {
        let nulls = (0..rows).filter(|&row| !bit(&self.validity, row)).count();
        let mut owned = Box::new(self);
        owned.buffers = [owned.validity.as_ptr().cast(), owned.values.as_ptr().cast()];
        let owned = Box::into_raw(owned);
        ArrowArray {
            length: rows as i64,
            null_count: nulls as i64,
            offset: 0,
            n_buffers: 2,
            n_children: 0,
            // SAFETY: `owned` comes from a box a line above; only an address inside it is taken.
            buffers: unsafe { (&raw mut (*owned).buffers).cast() },
            children: std::ptr::null_mut(),
            dictionary: std::ptr::null_mut(),
            release: Some(release_array),
            private_data: owned.cast(),
        }
    }
}

/// Gives back what `Booleans::into_array` handed out.
///
/// # Safety
/// `array` is NULL, or was made by `Booleans::into_array` and perhaps moved since.
unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: the caller's promise.
    let Some(array) = (unsafe { array.as_mut() }) else { return };
    array.release = None;
    if !array.private_data.is_null() {
        // SAFETY: the pointer was made from a box, and is taken out here so that it is used once.
        drop(unsafe { Box::from_raw(array.private_data.cast::<Booleans>()) });
        array.private_data = std::ptr::null_mut();
    }
}

/// The schema of a column of booleans holds only static texts.
///
/// # Safety
/// `schema` is NULL or points to a schema.
unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: the caller's promise.
    if let Some(schema) = unsafe { schema.as_mut() } {
        schema.release = None;
    }
}

fn booleans_schema() -> ArrowSchema {
    ArrowSchema {
        format: c"b".as_ptr(),
        name: c"".as_ptr(),
        metadata: std::ptr::null(),
        flags: NULLABLE,
        n_children: 0,
        children: std::ptr::null_mut(),
        dictionary: std::ptr::null_mut(),
        release: Some(release_schema),
        private_data: std::ptr::null_mut(),
    }
}

/// Looks an Arrow column of utf8, large_utf8, binary or large_binary up, and gives a column of booleans of the same length.
///
/// True: a feed lists the value. Null: the input is null, or could not be looked up, at least in one feed, or its hit was
/// suppressed. The input is borrowed: it is not released. The outputs are the caller's to release. `BISIK_EXPIRED` if a feed has
/// expired; the position is the feed's.
///
/// # Safety
/// `array` and `schema` are as the Arrow C data interface says and describe one column; nobody changes them during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_match_arrow(
    matcher: Option<&bisik_matcher>,
    kind: bisik_kind,
    array: Option<&ArrowArray>,
    schema: Option<&ArrowSchema>,
    options: Option<&bisik_parse_options>,
    now: u64,
    out_array: Option<&mut MaybeUninit<ArrowArray>>,
    out_schema: Option<&mut MaybeUninit<ArrowSchema>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (matcher, out_array, out_schema) = (needed(matcher)?, needed(out_array)?, needed(out_schema)?);
        // SAFETY: the caller's promise.
        let texts = unsafe { Texts::new(needed(array)?, needed(schema)?) }?;
        let question = matcher::question(&matcher.0, kind, options, now)?;
        let mut booleans = Booleans::new(texts.length);
        for row in (0..texts.length).filter(|&row| texts.value(row).is_some()) {
            set(&mut booleans.validity, row, true);
        }
        question.ask(
            texts.length,
            |row| texts.value(row),
            |answer| match answer {
                Answer::Hit(hit) => {
                    set(&mut booleans.validity, hit.index, true);
                    set(&mut booleans.values, hit.index, true);
                }
                Answer::Rejected(rejection) if !bit(&booleans.values, rejection.index) => {
                    set(&mut booleans.validity, rejection.index, false);
                }
                Answer::Rejected(_) => {}
            },
        )?;
        out_array.write(booleans.into_array(texts.length));
        out_schema.write(booleans_schema());
        Ok(())
    })
}
