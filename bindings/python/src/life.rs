//! What follows on a version: deltas, what was seen of feeds before, and whether hits are enough to act upon (`docs/life.md` §1, §4 and §5).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bisik::{ErrorKind, Feed, History, Policy, RecipientSecret, Timestamp, TrustStore, UnverifiedDelta};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::arguments::{self, text, time, wrong_type};
use crate::errors::raise;
use crate::feed::{PyFeed, Source, hex, limit_of};
use crate::files::{self, key_text};
use crate::keys;
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

/// Applies deltas, in order, to a version of a feed, and verifies what they lead to. The base may have expired.
#[pyfunction]
#[pyo3(signature = (base, deltas, /, *, trust, key = None, now = None, limit = None))]
pub(crate) fn apply(
    py: Python<'_>,
    base: &Bound<'_, PyAny>,
    deltas: &Bound<'_, PyAny>,
    trust: &Bound<'_, PyAny>,
    key: Option<&Bound<'_, PyAny>>,
    now: Option<&Bound<'_, PyAny>>,
    limit: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyFeed> {
    let feed = base.cast::<PyFeed>().ok().map(|feed| Arc::clone(&feed.get().0));
    let source = if feed.is_some() { None } else { Some(Source::of(base)?) };
    let deltas = if deltas.is_instance_of::<PyList>() || deltas.is_instance_of::<PyTuple>() {
        deltas.try_iter()?.map(|delta| Source::of(&delta?)).collect::<PyResult<Vec<_>>>()?
    } else {
        vec![Source::of(deltas)?]
    };
    let (trust, secrets) = (keys::trust(trust)?, keys::secrets(key)?);
    let (now, limit) = (time(now, "now")?, limit_of(limit)?);
    if deltas.is_empty() {
        return Err(PyValueError::new_err("there is no delta to apply"));
    }
    py.detach(|| {
        let mut base = match (feed, source) {
            (Some(feed), _) => feed,
            (None, Some(source)) => Arc::new(source.read(&secrets, limit)?.verify_stale(&trust, now).map_err(raise)?),
            (None, None) => return Err(raise(ErrorKind::InvalidArgument)),
        };
        let last = deltas.len() - 1;
        for (number, delta) in deltas.into_iter().enumerate() {
            base = Arc::new(step(&base, delta, &trust, &secrets, (now, limit, number == last))?);
        }
        Ok(PyFeed(base))
    })
}

/// One version further. Only the last one must not have expired.
fn step(
    base: &Feed,
    delta: Source,
    trust: &TrustStore,
    secrets: &[RecipientSecret],
    (now, limit, last): (Timestamp, u64, bool),
) -> PyResult<Feed> {
    let delta = match delta {
        Source::Path(path) => UnverifiedDelta::read(files::open(&path)?, secrets, limit),
        Source::Bytes(bytes) => UnverifiedDelta::read(bytes.as_ref(), secrets, limit),
    };
    let delta = delta.and_then(|delta| delta.verify(trust, now)).map_err(raise)?;
    let next = delta.apply(base, limit).map_err(raise)?;
    if last { next.verify(trust, now) } else { next.verify_stale(trust, now) }.map_err(raise)
}
