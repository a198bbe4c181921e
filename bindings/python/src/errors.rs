//! Errors of the core as the exceptions of `bisik.errors`.

use bisik::{Error, ErrorKind};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

/// An error of the core as an exception.
pub(crate) fn raise(error: impl Into<Error>) -> PyErr {
    let error = error.into();
    make(error.kind(), error.message(), error.position())
}

/// An exception of a kind with words of its own, which must not hold an identifier or a key.
pub(crate) fn raise_with(kind: ErrorKind, message: &str) -> PyErr {
    make(kind, message, None)
}

fn make(kind: ErrorKind, message: &str, position: Option<u64>) -> PyErr {
    static CLASS_OF: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Python::attach(|py| {
        let made = CLASS_OF
            .get_or_try_init(py, || py.import("bisik.errors")?.getattr("class_of").map(Bound::unbind))
            .and_then(|class_of| class_of.bind(py).call1((kind.code(),)))
            .and_then(|class| class.call1((message, position)));
        made.map_or_else(|error| error, PyErr::from_value)
    })
}

/// A number that does not fit its type is a wrong value, not an arithmetic error.
pub(crate) fn out_of_range(py: Python<'_>, error: PyErr, what: &str) -> PyErr {
    if error.is_instance_of::<PyOverflowError>(py) {
        PyValueError::new_err(format!("{what} is out of range"))
    } else {
        error
    }
}

/// The table of kinds, from which the classes are made: by rising code.
#[pyfunction]
pub(crate) fn error_kinds(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    ErrorKind::ALL
        .iter()
        .map(|kind| {
            let row = PyDict::new(py);
            row.set_item("code", kind.code())?;
            row.set_item("kind", kind.name())?;
            row.set_item("name", format!("{kind:?}"))?;
            row.set_item("summary", kind.summary())?;
            row.set_item("advice", kind.advice())?;
            Ok(row)
        })
        .collect()
}

/// Why a class must not be pickled.
pub(crate) fn refuse_pickling(class: &Bound<'_, PyType>, instead: &str) -> PyErr {
    let name = class.name().map_or_else(|_| String::new(), |name| name.to_string());
    pyo3::exceptions::PyTypeError::new_err(format!("a {name} holds secrets and is not pickled: {instead}"))
}
