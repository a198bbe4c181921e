//! The native half of the Python package `bisik`; `python/bisik/` is the other one.
//!
//! It sees the facade of the core alone. Long work runs detached from the interpreter; classes are frozen; `unsafe` stays in
//! [`arrow_abi`].

#![deny(unsafe_code)]

// floor 0
#[expect(
    unsafe_code,
    reason = "the Arrow C data interface and numpy's array interface; every block says why it is sound"
)]
mod arrow_abi;
// floor 0
mod errors;
// floor 0
mod html;
// floor 1
mod arguments;
// floor 2
mod canonical;
// floor 2
mod column;
// floor 2
mod files;
// floor 2
mod tables;
// floor 3
mod trust;
// floor 4
mod keys;
// floor 5
mod trust_store;
// floor 3
mod kinds;
// floor 5
mod feed;
// floor 6
mod report;
// floor 7
mod matcher;
// floor 6
mod publication;
// floor 6
mod blind_server;
// floor 7
mod publish;
// floor 8
mod blind;
// floor 7
mod life;
// floor 8
mod store;
// floor 7
mod sighting;
// floor 7
mod retraction;
// floor 8
mod revise;

use pyo3::prelude::*;

/// The native module of `bisik`.
#[pymodule(gil_used = false)]
fn _bisik(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<keys::PyCard>()?;
    module.add_class::<keys::PySigningFile>()?;
    module.add_class::<keys::PyRecipientSecret>()?;
    module.add_class::<keys::PyKeySet>()?;
    module.add_class::<feed::PyFeed>()?;
    module.add_class::<matcher::PyEngine>()?;
    module.add_class::<report::PyReport>()?;
    module.add_class::<publication::PyPublication>()?;
    module.add_class::<blind::PyPrepared>()?;
    module.add_class::<blind::PyPreparedRequest>()?;
    module.add_class::<blind_server::PyOprfKey>()?;
    module.add_class::<blind_server::PyBlindRequest>()?;
    module.add_class::<blind_server::PyOprfServer>()?;
    module.add_class::<blind_server::PyBudget>()?;
    module.add_class::<blind_server::PyAccount>()?;
    module.add_class::<trust::PyTrustStore>()?;
    module.add_class::<life::PyHistory>()?;
    module.add_class::<life::PyPolicy>()?;
    module.add_class::<store::PyStore>()?;
    module.add_class::<store::PyStoreEngine>()?;
    module.add_function(wrap_pyfunction!(store::verify_log, module)?)?;
    module.add_class::<retraction::PyRemembered>()?;
    module.add_class::<retraction::PyRetractionList>()?;
    module.add_class::<sighting::PySightingReport>()?;
    module.add_class::<sighting::PySightingLedger>()?;
    module.add_function(wrap_pyfunction!(keys::keygen, module)?)?;
    module.add_function(wrap_pyfunction!(feed::outline, module)?)?;
    module.add_function(wrap_pyfunction!(life::apply, module)?)?;
    module.add_function(wrap_pyfunction!(sighting::seal_sightings, module)?)?;
    module.add_function(wrap_pyfunction!(canonical::canonical, module)?)?;
    module.add_function(wrap_pyfunction!(canonical::explain, module)?)?;
    module.add_function(wrap_pyfunction!(tables::kinds, module)?)?;
    module.add_function(wrap_pyfunction!(tables::exposure, module)?)?;
    module.add_function(wrap_pyfunction!(errors::error_kinds, module)?)?;
    module.add_function(wrap_pyfunction!(revise::revise_chunks, module)?)?;
    module.add_function(wrap_pyfunction!(publish::publish_chunks, module)?)
}
