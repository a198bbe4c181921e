//! What was seen of feeds before, and whether hits are enough to act upon (`docs/life.md` §4 and §5).

use std::sync::{Mutex, MutexGuard, PoisonError};

use bisik::{History, Policy};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::{self, text, time, wrong_type};
use crate::errors::raise;
use crate::feed::{PyFeed, hex};
use crate::files::key_text;
use crate::report::PyReport;

/// The newest version seen of each feed: what a rollback, a fork or a clock gone back shows against.
#[pyclass(name = "History", module = "bisik", frozen)]
pub(crate) struct PyHistory(Mutex<History>);

impl PyHistory {
    fn lock(&self) -> MutexGuard<'_, History> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyHistory {
    /// A history in which nothing was seen yet.
    #[new]
    fn new() -> Self {
        Self(Mutex::new(History::new()))
    }

    /// Reads a history's text.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let history = History::parse(self::text(text, "a history's text")?).map_err(raise)?;
        Ok(Self(Mutex::new(history)))
    }

    /// Compares a feed with what was seen before, and remembers it. True: store `to_text()` before the feed is used.
    ///
    /// Raises `Rollback`, `Equivocation` or `ClockWentBack`; the history is then unchanged.
    #[pyo3(signature = (feed, /, *, now = None))]
    fn observe(&self, feed: &Bound<'_, PyAny>, now: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let feed = feed.cast::<PyFeed>().map_err(|_| wrong_type(feed, "a feed", "a Feed"))?;
        let now = time(now, "now")?;
        self.lock().observe(&feed.get().0, now).map_err(raise)
    }

    /// The newest version seen of each feed, a dict each.
    #[getter]
    fn feeds<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let seen = self.lock().feeds().to_vec();
        seen.iter()
            .map(|seen| {
                let row = PyDict::new(py);
                row.set_item("publisher", seen.publisher.to_string())?;
                row.set_item("feed", &seen.feed)?;
                row.set_item("epoch", seen.epoch)?;
                row.set_item("version", seen.version)?;
                row.set_item("digest", hex(&seen.digest))?;
                row.set_item("issued", seen.issued.seconds())?;
                Ok(row)
            })
            .collect()
    }

    /// The history as text.
    fn to_text(&self) -> String {
        self.lock().to_text()
    }

    fn __repr__(&self) -> String {
        format!("<bisik.History of {} feeds>", self.lock().feeds().len())
    }
}

/// When a hit may be acted upon: by number and weight of publishers, confidence, age and certainty.
#[pyclass(name = "Policy", module = "bisik", frozen, eq)]
#[derive(PartialEq)]
pub(crate) struct PyPolicy(Policy);

#[pymethods]
impl PyPolicy {
    /// Reads a policy's text; the empty one asks for two publishers.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        Policy::parse(self::text(text, "a policy's text")?).map(Self).map_err(raise)
    }

    /// Reads a policy's file.
    #[staticmethod]
    #[pyo3(signature = (path, /))]
    fn open(path: &Bound<'_, PyAny>) -> PyResult<Self> {
        Policy::parse(&key_text(path, false)?).map(Self).map_err(raise)
    }

    /// A verdict for each row of a report that has hits: a dict with `row`, `kind`, `action` (`act` or `review`), `reasons` (their
    /// names) and `because` (the same in words).
    #[pyo3(signature = (report, /, *, now = None))]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        report: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let report = report.cast::<PyReport>().map_err(|_| wrong_type(report, "a report", "a Report"))?.get();
        let now = arguments::time(now, "now")?;
        let verdicts = report.by_row().filter_map(|(row, kind, hits)| {
            kind.map(|kind| (row, kind, self.0.decide(kind, hits, report.feeds(), now)))
        });
        verdicts
            .map(|(row, kind, verdict)| {
                let dict = PyDict::new(py);
                dict.set_item("row", row)?;
                dict.set_item("kind", kind.name())?;
                dict.set_item("action", verdict.action.name())?;
                dict.set_item("reasons", verdict.reasons.iter().map(|reason| reason.name()).collect::<Vec<_>>())?;
                dict.set_item("because", verdict.reasons.iter().map(ToString::to_string).collect::<Vec<_>>())?;
                Ok(dict)
            })
            .collect()
    }

    fn __repr__(&self) -> String {
        "<bisik.Policy>".to_owned()
    }
}
