//! Stores of feeds that `bisik pull` keeps current, and review logs (`docs/store.md`).

use std::sync::Arc;

use bisik::{LogHead, LogReader};
use bisik_store::{Dropped, LogFile, Opening, Snapshot, Store, StoreMatcher};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::{self, time};
use crate::errors::raise;
use crate::feed::{PyFeed, Source, hex};
use crate::matcher::PyEngine;
use crate::{files, keys};

/// The longest head of a log.
const MAX_HEAD: usize = 1 << 16;

/// What the store refused. The path is left out, as everywhere.
fn refused(error: bisik_store::Error) -> PyErr {
    let inner = error.into_inner();
    let system = std::error::Error::source(&inner).and_then(|source| source.downcast_ref::<std::io::Error>());
    match system {
        Some(system) if inner.kind() == bisik::ErrorKind::Io => files::io_error(system),
        _ => raise(inner),
    }
}

/// A folder of feeds that `bisik pull` keeps current.
#[pyclass(name = "NativeStore", module = "bisik._bisik", frozen)]
pub(crate) struct PyStore(Store);

#[pymethods]
impl PyStore {
    /// Opens a store.
    #[staticmethod]
    #[pyo3(signature = (path, /))]
    fn open(path: &Bound<'_, PyAny>) -> PyResult<Self> {
        Store::open(files::path(path)?).map(Self).map_err(refused)
    }

    /// The number of the last change.
    #[getter]
    fn generation(&self) -> PyResult<u64> {
        self.0.generation().map_err(refused)
    }

    /// A dict for each feed, by what was written down when it was verified; nothing is verified anew.
    #[pyo3(signature = (*, now = None))]
    fn status<'py>(&self, py: Python<'py>, now: Option<&Bound<'py, PyAny>>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let now = time(now, "now")?;
        let status = py.detach(|| self.0.status(now)).map_err(refused)?;
        let mut rows = Vec::new();
        for row in &status.rows {
            let dict = PyDict::new(py);
            let (stored, source) = (row.feed.as_ref(), row.source.as_ref());
            dict.set_item("feed", stored.map(|stored| &stored.seen.feed))?;
            dict.set_item("publisher", stored.map(|stored| &stored.publisher_name))?;
            dict.set_item("publisher_id", stored.map(|stored| stored.seen.publisher.to_string()))?;
            dict.set_item("version", stored.map(|stored| stored.seen.version))?;
            dict.set_item("entries", stored.map(|stored| stored.count))?;
            dict.set_item("bytes", stored.map(|stored| stored.length))?;
            dict.set_item("issued", stored.map(|stored| stored.seen.issued.seconds()))?;
            dict.set_item("expires", stored.map(|stored| stored.expires.seconds()))?;
            dict.set_item("sealed", stored.map(|stored| stored.sealed))?;
            dict.set_item("prepared", stored.map(|_| row.prepared.name()))?;
            dict.set_item("source", source.map(|source| &source.source).or(stored.map(|stored| &stored.source)))?;
            dict.set_item("answered", source.and_then(|source| source.answered).map(bisik::Timestamp::seconds))?;
            dict.set_item("problem", row.problem.as_ref().map(|(kind, _)| kind))?;
            dict.set_item("message", row.problem.as_ref().map(|(_, message)| message))?;
            rows.push(dict);
        }
        for fault in &status.faults {
            let dict = PyDict::new(py);
            dict.set_item("feed", py.None())?;
            dict.set_item("problem", fault.kind().name())?;
            dict.set_item("message", fault.inner().message())?;
            rows.push(dict);
        }
        Ok(rows)
    }

    /// Opens all feeds.
    #[pyo3(signature = (trust, key, guard, now))]
    fn matcher(
        &self,
        py: Python<'_>,
        trust: &Bound<'_, PyAny>,
        key: Option<&Bound<'_, PyAny>>,
        guard: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyStoreEngine> {
        let opening =
            Opening { trust: keys::trust(trust)?, secrets: keys::secrets(key)?, guard: arguments::guard(guard)? };
        let now = time(now, "now")?;
        py.detach(|| self.0.matcher(opening, now)).map(PyStoreEngine).map_err(refused)
    }
}

/// A matcher that is exchanged when its store changes.
#[pyclass(name = "StoreEngine", module = "bisik._bisik", frozen)]
pub(crate) struct PyStoreEngine(StoreMatcher);

/// An engine, its feeds, what was left out, and the number of the change.
type Shown<'py> = (PyEngine, Vec<PyFeed>, Vec<Bound<'py, PyDict>>, u64);

#[pymethods]
impl PyStoreEngine {
    /// The feeds as they were last loaded, without those that have expired since.
    fn current<'py>(&self, py: Python<'py>, now: Option<&Bound<'py, PyAny>>) -> PyResult<Shown<'py>> {
        let now = time(now, "now")?;
        let snapshot = py.detach(|| self.0.current(now)).map_err(refused)?;
        shown(py, &snapshot)
    }

    /// Reads the store again, or only if it changed. False: it did not.
    fn reload(&self, py: Python<'_>, only_if_changed: bool, now: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let now = time(now, "now")?;
        py.detach(|| match only_if_changed {
            true => self.0.reload_if_changed(now).map(|snapshot| snapshot.is_some()),
            false => self.0.reload(now).map(|_| true),
        })
        .map_err(refused)
    }
}

fn shown<'py>(py: Python<'py>, snapshot: &Snapshot) -> PyResult<Shown<'py>> {
    let feeds = snapshot.matcher.feeds().iter().map(|feed| PyFeed(Arc::clone(feed))).collect();
    let dropped = snapshot.dropped.iter().map(|dropped| left_out(py, dropped)).collect::<PyResult<_>>()?;
    Ok((PyEngine(Arc::clone(&snapshot.matcher)), feeds, dropped, snapshot.generation))
}

fn left_out<'py>(py: Python<'py>, dropped: &Dropped) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("feed", &dropped.feed)?;
    dict.set_item("publisher_id", dropped.publisher.map(|id| id.to_string()))?;
    dict.set_item("kind", dropped.error.kind().name())?;
    dict.set_item("message", dropped.error.inner().message())?;
    Ok(dict)
}

/// Checks a review log, against heads if some were kept: a dict with `entries`, `hash` and `log`.
#[pyfunction]
#[pyo3(signature = (path, /, *, heads = None, trust = None, now = None))]
pub(crate) fn verify_log<'py>(
    py: Python<'py>,
    path: &Bound<'py, PyAny>,
    heads: Option<&Bound<'py, PyAny>>,
    trust: Option<&Bound<'py, PyAny>>,
    now: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let path = files::path(path)?;
    let now = time(now, "now")?;
    let trust = trust.map(keys::trust).transpose()?.unwrap_or_default();
    let mut reader = LogReader::new();
    for head in heads.map(|heads| keys::items(heads, "heads")).transpose()?.unwrap_or_default() {
        let bytes = match Source::of(&head)? {
            Source::Bytes(bytes) => bytes.to_vec(),
            Source::Path(path) => {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(
                    &mut std::io::Read::take(files::open(&path)?, MAX_HEAD as u64 + 1),
                    &mut bytes,
                )
                .map_err(|error| files::io_error(&error))?;
                bytes
            }
        };
        if bytes.len() > MAX_HEAD {
            return Err(raise(bisik::ErrorKind::LimitExceeded));
        }
        LogHead::read(&bytes, &trust, now).map_err(raise)?.expect(&mut reader);
    }
    py.detach(|| LogFile::new(path).read(&mut reader, |_| ())).map_err(refused)?;
    let id = reader.id().copied().unwrap_or_default();
    let tail = reader.finish().map_err(raise)?;
    let dict = PyDict::new(py);
    dict.set_item("entries", tail.number())?;
    dict.set_item("hash", hex(tail.hash()))?;
    dict.set_item("log", hex(&id))?;
    Ok(dict)
}
