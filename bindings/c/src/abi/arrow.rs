//! The Arrow C data interface: columns in, a column of booleans out.

mod column;

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;

use bisik::{Mask, Result};

use crate::abi::arrow::column::Column;
use crate::abi::boundary::{enter, needed};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::kind::bisik_kind;
use crate::abi::matcher::{self, bisik_matcher};
use crate::abi::memory::slice;
use crate::abi::options::bisik_parse_options;
use crate::batch::{Kinds, Question};

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

/// A column of booleans that is handed out.
struct Booleans {
    validity: Vec<u8>,
    values: Vec<u8>,
    nulls: usize,
    buffers: [*const c_void; 2],
}

fn set(bits: &mut [u8], row: usize) {
    if let Some(byte) = bits.get_mut(row / 8) {
        *byte |= 1 << (row % 8);
    }
}

/// The answer for one value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Null,
    Clear,
    Hit,
    Rejected,
}

impl Booleans {
    /// A bit for each row.
    fn of(states: impl ExactSizeIterator<Item = State>) -> Self {
        let bytes = states.len().div_ceil(8).max(1);
        let mut booleans =
            Self { validity: vec![0; bytes], values: vec![0; bytes], nulls: 0, buffers: [std::ptr::null(); 2] };
        for (row, state) in states.enumerate() {
            match state {
                State::Null | State::Rejected => booleans.nulls += 1,
                State::Clear => set(&mut booleans.validity, row),
                State::Hit => {
                    set(&mut booleans.validity, row);
                    set(&mut booleans.values, row);
                }
            }
        }
        booleans
    }

    fn into_array(self, rows: usize) -> ArrowArray {
        let nulls = self.nulls;
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

/// Asks for each value of a column; of a dictionary that is shorter than the rows, each entry once if all are of one kind.
fn ask(question: &Question<'_>, column: &Column<'_>) -> Result<Booleans> {
    let rows = column.len();
    let one_kind = matches!(question.kinds, Kinds::One(_));
    let entries = column.entries().filter(|&entries| entries < rows && one_kind);
    let value = |asked: usize| if entries.is_some() { column.entry_value(asked) } else { column.value(asked) };
    let asked = entries.unwrap_or(rows);
    let state = |asked: usize| if value(asked).is_some() { State::Clear } else { State::Null };
    let mut states: Vec<State> = (0..asked).map(state).collect();
    question.mask(asked, value, |index, bits| {
        let state = if bits & Mask::HIT != 0 { State::Hit } else { State::Rejected };
        if bits != 0 {
            states.get_mut(index).into_iter().for_each(|place| *place = state);
        }
    })?;
    Ok(Booleans::of((0..rows).map(|row| {
        let asked = if entries.is_some() { column.entry(row) } else { Some(row) };
        asked.and_then(|asked| states.get(asked).copied()).unwrap_or(State::Null)
    })))
}

/// Looks an Arrow column up: utf8, large_utf8, utf8_view, the same of binary, or a dictionary of one of them. Gives a column of
/// booleans of the same length.
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
        let column = unsafe { Column::new(needed(array)?, needed(schema)?) }?;
        let question = matcher::question(&matcher.0, Kinds::one(kind)?, options, now)?;
        out_array.write(ask(&question, &column)?.into_array(column.len()));
        out_schema.write(booleans_schema());
        Ok(())
    })
}

/// The same for rows of different kinds: row i is of `kinds[i]`. A row whose kind is unknown is null. Otherwise as
/// `bisik_matcher_match_arrow`.
///
/// # Safety
/// As `bisik_matcher_match_arrow`; `kinds` points to as many kinds as the array has rows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_matcher_match_arrow_mixed(
    matcher: Option<&bisik_matcher>,
    kinds: *const bisik_kind,
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
        let column = unsafe { Column::new(needed(array)?, needed(schema)?) }?;
        // SAFETY: the caller's promise.
        let kinds = Kinds::Each(unsafe { slice(kinds, column.len()) }?);
        let question = matcher::question(&matcher.0, kinds, options, now)?;
        out_array.write(ask(&question, &column)?.into_array(column.len()));
        out_schema.write(booleans_schema());
        Ok(())
    })
}
