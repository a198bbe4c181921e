//! What a trust store does.

use bisik::TrustStore;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyDict;

use crate::arguments::{text, time, wrong_type};
use crate::errors::raise;
use crate::files::key_text;
use crate::keys;
use crate::trust::PyTrustStore;

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

    /// The store that trusts what `trust=` takes elsewhere: a card or several, other stores, or a dict of cards and feed ids.
    #[staticmethod]
    #[pyo3(signature = (trust, /))]
    fn of(trust: &Bound<'_, PyAny>) -> PyResult<Self> {
        keys::trust(trust).map(Self)
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
