//! A reader's trust store: whom it trusts, for what, and how much (`docs/life.md` §3).

use bisik::TrustStore;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyDict;

use crate::arguments::{text, time, wrong_type};
use crate::errors::raise;
use crate::files::key_text;

/// A trust store: publishers, their keys, what each may publish, and what its word weighs.
#[pyclass(name = "TrustStore", module = "bisik", frozen, eq)]
#[derive(PartialEq)]
pub(crate) struct PyTrustStore(pub(crate) TrustStore);

#[pymethods]
impl PyTrustStore {
    /// Reads a store's text.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        TrustStore::parse(self::text(text, "a trust store's text")?).map(Self).map_err(raise)
    }

    /// Reads a store's file, as `bisik trust` writes it.
    #[staticmethod]
    #[pyo3(signature = (path, /))]
    fn open(path: &Bound<'_, PyAny>) -> PyResult<Self> {
        TrustStore::parse(&key_text(path, false)?).map(Self).map_err(raise)
    }

    /// The publishers, a dict each; an empty list of kinds, suffixes or calling codes is no limit.
    #[getter]
    fn publishers<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.0
            .publishers()
            .iter()
            .map(|publisher| {
                let row = PyDict::new(py);
                row.set_item("name", &publisher.name)?;
                row.set_item("publisher", publisher.id.to_string())?;
                row.set_item("weight", publisher.weight)?;
                row.set_item("kinds", &publisher.scope.kinds)?;
                row.set_item("suffixes", &publisher.scope.suffixes)?;
                row.set_item("calling_codes", &publisher.scope.calling_codes)?;
                row.set_item("roots", publisher.roots.len())?;
                row.set_item("sequence", publisher.sequence)?;
                Ok(row)
            })
            .collect()
    }

    /// The store after a rotation or revocation that the publisher's roots signed.
    #[pyo3(signature = (statement, /, *, now = None))]
    fn updated(&self, statement: &Bound<'_, PyAny>, now: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let bytes: PyBackedBytes = statement.extract().map_err(|_| wrong_type(statement, "a statement", "bytes"))?;
        let mut store = self.0.clone();
        store.update(&bytes, time(now, "now")?).map_err(raise)?;
        Ok(Self(store))
    }

    /// The store as text.
    fn to_text(&self) -> String {
        self.0.to_text()
    }

    /// How many publishers are in it.
    fn __len__(&self) -> usize {
        self.0.publishers().len()
    }

    fn __repr__(&self) -> String {
        format!("<bisik.TrustStore of {} publishers>", self.0.publishers().len())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().getattr("parse")?, (slf.get().to_text(),)))
    }
}

/// A store, if the object is one.
pub(crate) fn store(object: &Bound<'_, PyAny>) -> Option<TrustStore> {
    object.cast::<PyTrustStore>().ok().map(|store| store.get().0.clone())
}

/// Takes over what a store says into another.
pub(crate) fn join(into: &mut TrustStore, other: TrustStore) -> PyResult<()> {
    into.join(other).map_err(raise)
}
