//! Learning that an entry one acted upon was withdrawn (`docs/life.md` §2).

use bisik::{Remembered, Retraction, RetractionList};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::arguments::{text, time, wrong_type};
use crate::errors::raise;
use crate::feed::{PyFeed, Source, hex};
use crate::report::PyReport;
use crate::{files, keys};

/// The longest file of retractions: what a signed block can have, with its signatures.
const MAX_LIST: u64 = 2 << 20;

/// A hit that was acted upon, without what was looked up: keep its line until the publisher may have withdrawn it.
#[pyclass(name = "Remembered", module = "bisik", frozen, eq)]
#[derive(PartialEq)]
pub(crate) struct PyRemembered(Remembered);

#[pymethods]
impl PyRemembered {
    /// What to keep of a report's hits, in their order; of those of the named rows alone if `rows` is given.
    #[staticmethod]
    #[pyo3(signature = (report, /, *, rows = None, now = None))]
    fn of(
        report: &Bound<'_, PyAny>,
        rows: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<Self>> {
        let report = report.cast::<PyReport>().map_err(|_| wrong_type(report, "a report", "a Report"))?.get();
        let now = time(now, "now")?;
        let rows = rows.map(row_numbers).transpose()?;
        let wanted = |row: usize| rows.as_ref().is_none_or(|rows| rows.binary_search(&row).is_ok());
        let mut kept = Vec::new();
        for (_, _, hits) in report.by_row().filter(|(row, ..)| wanted(*row)) {
            for hit in hits {
                if let Some(feed) = report.feeds().get(hit.feed) {
                    kept.push(Self(Remembered::new(feed, hit.hit_id, now)));
                }
            }
        }
        Ok(kept)
    }

    /// Reads a line that `to_line` or `bisik match --remember` wrote.
    #[staticmethod]
    #[pyo3(signature = (line, /))]
    fn parse(line: &Bound<'_, PyAny>) -> PyResult<Self> {
        Remembered::parse(text(line, "a line")?).map(Self).map_err(raise)
    }

    /// The publisher id, in hex.
    #[getter]
    fn publisher(&self) -> String {
        self.0.publisher.to_string()
    }

    /// The feed id.
    #[getter]
    fn feed(&self) -> &str {
        &self.0.feed
    }

    /// The epoch of the hit id.
    #[getter]
    fn epoch(&self) -> u32 {
        self.0.epoch
    }

    /// The version that had the hit.
    #[getter]
    fn version(&self) -> u64 {
        self.0.version
    }

    /// The hit id, in hex, as hits have it.
    #[getter]
    fn hit_id(&self) -> String {
        hex(&self.0.hit_id)
    }

    /// When it was found, in seconds since 1970.
    #[getter]
    fn time(&self) -> u64 {
        self.0.time.seconds()
    }

    /// One line of JSON, without a line break.
    fn to_line(&self) -> String {
        self.0.to_line()
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.0.to_line().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("<bisik.Remembered hit in {} version {}>", self.0.feed, self.0.version)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().getattr("parse")?, (slf.get().to_line(),)))
    }
}

/// Numbers of rows, rising.
fn row_numbers(rows: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let wrong = || wrong_type(rows, "rows", "a list of row numbers");
    if rows.is_instance_of::<PyString>() {
        return Err(wrong());
    }
    let mut numbers = Vec::new();
    for row in rows.try_iter().map_err(|_| wrong())? {
        let row = row?;
        let no_row = || PyValueError::new_err("rows are numbers from 0");
        numbers.push(row.extract::<usize>().map_err(|_| no_row())?);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// What a publisher withdrew from a feed.
#[pyclass(name = "RetractionList", module = "bisik", frozen)]
pub(crate) struct PyRetractionList(RetractionList);

#[pymethods]
impl PyRetractionList {
    /// The retractions that a feed carries.
    #[staticmethod]
    #[pyo3(signature = (feed, /))]
    fn of(feed: &Bound<'_, PyAny>) -> PyResult<Self> {
        let feed = feed.cast::<PyFeed>().map_err(|_| wrong_type(feed, "a feed", "a Feed"))?;
        Ok(Self(RetractionList::of(&feed.get().0)))
    }

    /// Reads and verifies retractions that came as a file of their own, from a path or from bytes.
    #[staticmethod]
    #[pyo3(signature = (source, /, *, trust, now = None))]
    fn read(source: &Bound<'_, PyAny>, trust: &Bound<'_, PyAny>, now: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let source = Source::of(source)?;
        let (trust, now) = (keys::trust(trust)?, time(now, "now")?);
        let list = match source {
            Source::Bytes(bytes) => RetractionList::read(&bytes, &trust, now),
            Source::Path(path) => RetractionList::read(&files::short(&path, MAX_LIST)?, &trust, now),
        };
        list.map(Self).map_err(raise)
    }

    /// The publisher id, in hex.
    #[getter]
    fn publisher(&self) -> String {
        self.0.publisher.to_string()
    }

    /// The feed id.
    #[getter]
    fn feed(&self) -> &str {
        &self.0.feed
    }

    /// The version that the list comes with.
    #[getter]
    fn version(&self) -> u64 {
        self.0.version
    }

    /// When that was issued, in seconds since 1970.
    #[getter]
    fn issued(&self) -> u64 {
        self.0.issued.seconds()
    }

    /// The retractions, a dict each: `epoch`, `hit_id`, `withdrawn` and `until` (days, in seconds since 1970), `reason`.
    #[getter]
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.0.entries.iter().map(|entry| dict(py, entry)).collect()
    }

    /// When and why a remembered hit was withdrawn, as in `entries`; `None` if it was not.
    #[pyo3(signature = (remembered, /))]
    fn find<'py>(&self, py: Python<'py>, remembered: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let wanted = remembered.cast::<PyRemembered>();
        let wanted = wanted.map_err(|_| wrong_type(remembered, "what is sought", "a Remembered"))?;
        self.0.find(&wanted.get().0).map(|entry| dict(py, entry)).transpose()
    }

    /// How many entries it has.
    fn __len__(&self) -> usize {
        self.0.entries.len()
    }

    /// Always true: an empty list says that nothing was withdrawn.
    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        let RetractionList { feed, version, entries, .. } = &self.0;
        format!("<bisik.RetractionList of {feed} version {version}, {} entries>", entries.len())
    }
}

fn dict<'py>(py: Python<'py>, entry: &Retraction) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("epoch", entry.epoch)?;
    row.set_item("hit_id", hex(&entry.hit_id))?;
    row.set_item("withdrawn", entry.withdrawn.seconds())?;
    row.set_item("until", entry.until.seconds())?;
    row.set_item("reason", entry.reason.name())?;
    Ok(row)
}
