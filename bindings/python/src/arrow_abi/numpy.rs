//! Fixed-width text of numpy arrays, through the C struct of the array interface.
//!
//! The struct is specified at <https://numpy.org/doc/stable/reference/arrays.interface.html>. It is asked of numpy's own class, so
//! that no other object's word is taken for a pointer. Rows are copied while the interpreter is held, so that nobody's
//! Python changes them meanwhile.

use std::ffi::{c_char, c_int, c_void};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyCapsuleMethods};

#[repr(C)]
struct ArrayInterface {
    /// The number two, as a sign of the struct.
    two: c_int,
    dimensions: c_int,
    typekind: c_char,
    itemsize: c_int,
    flags: c_int,
    shape: *const isize,
    strides: *const isize,
    data: *const c_void,
    #[allow(dead_code, reason = "part of the layout")]
    descr: *mut c_void,
}

/// The items have the machine's byte order.
const NOT_SWAPPED: c_int = 0x200;

/// How an item stores its text, which ends before its trailing zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// `S`: bytes.
    Byte,
    /// `U`: code points in four bytes, in the machine's order.
    Native,
    /// `U` in the other order.
    Swapped,
}

/// A one-dimensional numpy array of `S` or `U` items.
pub(crate) struct TextArray<'py> {
    unit: Unit,
    /// Bytes an item.
    width: usize,
    length: usize,
    stride: isize,
    data: *const u8,
    /// Keeps the array and with it the data.
    _capsule: Bound<'py, PyCapsule>,
}

impl<'py> TextArray<'py> {
    /// The array's text, if it is a plain one of fixed-width text; subclasses have a meaning of their own, such as a mask.
    pub(crate) fn of(array: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        let modules = array.py().import("sys")?.getattr("modules")?;
        let Ok(numpy) = modules.get_item("numpy") else { return Ok(None) };
        let class = numpy.getattr("ndarray")?;
        if !array.get_type().is(&class) {
            return Ok(None);
        }
        let capsule = class.getattr("__array_struct__")?.call_method1("__get__", (array,))?.cast_into::<PyCapsule>()?;
        let place = capsule.pointer_checked(None)?.cast::<ArrayInterface>();
        // SAFETY: numpy's own class made the capsule of its array interface; the struct lives as long as the capsule.
        let interface = unsafe { place.as_ref() };
        if interface.two != 2 || interface.dimensions != 1 {
            return Ok(None);
        }
        let unit = match (interface.typekind as u8, interface.flags & NOT_SWAPPED) {
            (b'S', _) => Unit::Byte,
            (b'U', 0) => Unit::Swapped,
            (b'U', _) => Unit::Native,
            _ => return Ok(None),
        };
        let impossible = || PyValueError::new_err("the array's description is impossible");
        if interface.shape.is_null() || interface.strides.is_null() {
            return Err(impossible());
        }
        // SAFETY: shape has one entry for the one dimension.
        let length = unsafe { interface.shape.read() };
        // SAFETY: so have the strides.
        let stride = unsafe { interface.strides.read() };
        let (Ok(length), Ok(width)) = (usize::try_from(length), usize::try_from(interface.itemsize)) else {
            return Err(impossible());
        };
        if interface.data.is_null() && length > 0 && width > 0 {
            return Err(impossible());
        }
        Ok(Some(Self { unit, width, length, stride, data: interface.data.cast(), _capsule: capsule }))
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn unit(&self) -> Unit {
        self.unit
    }

    /// Copies the bytes of one item; `false` beyond the last.
    pub(crate) fn copy(&self, row: usize, item: &mut Vec<u8>) -> bool {
        item.clear();
        if row >= self.length {
            return false;
        }
        if self.width == 0 {
            return true;
        }
        item.reserve(self.width);
        // numpy addresses its items just so; an array that exists does not overflow.
        let start = self.data.wrapping_offset((row as isize).wrapping_mul(self.stride));
        // SAFETY: the item lies in the array, which the capsule keeps; the vector has room for it and is other memory.
        unsafe { std::ptr::copy_nonoverlapping(start, item.as_mut_ptr(), self.width) };
        // SAFETY: so many bytes were reserved, and written a line above.
        unsafe { item.set_len(self.width) };
        true
    }
}
