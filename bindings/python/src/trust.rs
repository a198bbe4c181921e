//! A reader's trust store: whom it trusts, for what, and how much (`docs/life.md` §3).

use bisik::TrustStore;
use pyo3::prelude::*;

use crate::errors::raise;

/// A trust store: publishers, their keys, what each may publish, and what its word weighs.
#[pyclass(name = "TrustStore", module = "bisik", frozen, eq)]
#[derive(PartialEq)]
pub(crate) struct PyTrustStore(pub(crate) TrustStore);

/// A store, if the object is one.
pub(crate) fn store(object: &Bound<'_, PyAny>) -> Option<TrustStore> {
    object.cast::<PyTrustStore>().ok().map(|store| store.get().0.clone())
}

/// Takes over what a store says into another.
pub(crate) fn join(into: &mut TrustStore, other: TrustStore) -> PyResult<()> {
    into.join(other).map_err(raise)
}
