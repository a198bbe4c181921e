//! Matching columns against feeds, outside of the GIL.

use std::sync::Arc;

use bisik::{ErrorKind, Guard, Hit, Identifier, Matcher, ParseOptions, RawInput, Threads, Timestamp};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

use crate::arguments::{self, parse_options, text, time, wrong_type};
use crate::arrow_abi::Batch;
use crate::column::{Cell, Cells, Column, Entries, PIECE, Piece, Rows};
use crate::errors::{raise, refuse_pickling};
use crate::feed::PyFeed;
use crate::kinds::Kinds;
use crate::report::PyReport;

/// Looks columns up in feeds; `bisik.Matcher` gives it the shape of each library.
#[pyclass(name = "Engine", module = "bisik._bisik", frozen)]
pub(crate) struct PyEngine(pub(crate) Arc<Matcher>);

#[pymethods]
impl PyEngine {
    /// An engine over verified feeds, with the caller's own entries of the guard list; 0 threads are as many as there may be.
    #[new]
    #[pyo3(signature = (feeds, guard = None, threads = 1))]
    fn new(feeds: &Bound<'_, PyAny>, guard: Option<&Bound<'_, PyAny>>, threads: u16) -> PyResult<Self> {
        let list = feeds.cast::<pyo3::types::PyList>().map_err(|_| wrong_type(feeds, "feeds", "a list of Feed"))?;
        let mut verified = Vec::new();
        for feed in list.iter() {
            let feed = feed.cast_into::<PyFeed>().map_err(|_| PyTypeError::new_err("feeds must be a list of Feed"))?;
            verified.push(Arc::clone(&feed.get().0));
        }
        let guard: Guard = arguments::guard(guard)?;
        let matcher = Matcher::new(verified, guard).map_err(raise)?;
        Ok(Self(Arc::new(matcher.with_executor(Arc::new(Threads::new(usize::from(threads)))))))
    }

    /// Whether a feed is blind.
    #[getter]
    fn has_blind(&self) -> bool {
        self.0.has_blind()
    }

    /// Looks one value up.
    #[pyo3(signature = (value, kind, *, region, allow_unassigned, bank, country, now))]
    #[expect(clippy::too_many_arguments, reason = "the keyword arguments of Python")]
    fn check(
        &self,
        py: Python<'_>,
        value: &Bound<'_, PyAny>,
        kind: &Bound<'_, PyAny>,
        region: Option<&Bound<'_, PyAny>>,
        allow_unassigned: bool,
        bank: Option<&Bound<'_, PyAny>>,
        country: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyReport> {
        let options = parse_options(region, allow_unassigned, bank, country)?;
        let kind = arguments::kind(kind)?;
        let identifier = Identifier::parse(kind, text(value, "a value")?, &options).map_err(raise)?;
        let now = time(now, "now")?;
        let found = py.detach(|| self.0.check(&identifier, now)).map_err(raise)?;
        let rejected = found.rejected.iter().map(|rejection| (0, rejection.error.kind())).collect();
        Ok(PyReport::new(Arc::clone(&self.0), Kinds::One(kind), 1, 0, found.hits, rejected))
    }

    /// Looks a column up: a byte a row that is 1 for a hit, and the report, or nothing in its place.
    #[pyo3(signature = (column, kind, *, region, allow_unassigned, bank, country, now, progress, report))]
    #[expect(clippy::too_many_arguments, reason = "the keyword arguments of Python")]
    fn run<'py>(
        &self,
        py: Python<'py>,
        column: &Bound<'py, PyAny>,
        kind: &Bound<'py, PyAny>,
        region: Option<&Bound<'py, PyAny>>,
        allow_unassigned: bool,
        bank: Option<&Bound<'py, PyAny>>,
        country: Option<&Bound<'py, PyAny>>,
        now: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
        report: bool,
    ) -> PyResult<(Bound<'py, PyByteArray>, Option<PyReport>)> {
        if let Some(progress) = progress
            && !progress.is_callable()
        {
            return Err(wrong_type(progress, "progress", "something to call"));
        }
        let options = parse_options(region, allow_unassigned, bank, country)?;
        let kinds = Kinds::of(kind)?;
        let now = time(now, "now")?;
        let asked = Asked { matcher: &self.0, kinds, options, now, report };
        let mut answer = Answer::default();
        Column::of(column)?.read(|piece| match piece {
            Piece::Copied(copied) => answer.piece(py, copied, &asked, progress),
            Piece::Batch(batch) => answer.batch(py, batch, &asked, progress),
        })?;
        let rows = answer.mask.len();
        asked.kinds.reach(rows, true)?;
        let mask = PyByteArray::new(py, &answer.mask);
        let report = report.then(|| {
            PyReport::new(Arc::clone(&self.0), asked.kinds, rows, answer.missing, answer.hits, answer.rejected)
        });
        Ok((mask, report))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "open its feeds on each worker"))
    }
}

/// What is asked about a column.
struct Asked<'a> {
    matcher: &'a Matcher,
    kinds: Kinds,
    options: ParseOptions,
    now: Timestamp,
    report: bool,
}

/// What the rows so far gave; positions count from the first row of the column.
#[derive(Default)]
struct Answer {
    mask: Vec<u8>,
    missing: usize,
    hits: Vec<Hit>,
    rejected: Vec<(usize, ErrorKind)>,
}

/// How many rows are handed to the matcher together on one thread: few enough that they stay in the cache.
const BATCH: usize = 4_096;

impl Answer {
    /// Matches one piece while other threads run, then tells the caller.
    fn piece(
        &mut self,
        py: Python<'_>,
        cells: &impl Cells,
        asked: &Asked<'_>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        py.detach(|| self.add(cells, asked))?;
        told(py, cells.len(), progress)
    }

    /// Matches an Arrow batch in pieces; of a dictionary that is shorter than the rows, each entry once.
    fn batch(
        &mut self,
        py: Python<'_>,
        batch: &Batch,
        asked: &Asked<'_>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let length = batch.len();
        let entries = batch.entries().filter(|&entries| entries < length && matches!(asked.kinds, Kinds::One(_)));
        if let Some(entries) = entries {
            let mut found = Self::default();
            for start in (0..entries).step_by(PIECE) {
                found.piece(py, &Entries { batch, start, end: entries.min(start + PIECE) }, asked, None)?;
            }
            found.rejected.sort_by_key(|(entry, _)| *entry);
            py.detach(|| self.spread(&found, batch))?;
            return told(py, length, progress);
        }
        for start in (0..length).step_by(PIECE) {
            self.piece(py, &Rows { batch, start, end: length.min(start + PIECE) }, asked, progress)?;
        }
        Ok(())
    }

    fn add(&mut self, cells: &impl Cells, asked: &Asked<'_>) -> PyResult<()> {
        let first = self.mask.len();
        asked.kinds.reach(first + cells.len(), false)?;
        self.mask.resize(first + cells.len(), 0);
        // Several threads share a piece.
        let batch = if asked.matcher.width() > 1 { PIECE } else { BATCH };
        let mut inputs = Vec::with_capacity(batch);
        let mut rows = Vec::with_capacity(batch);
        for start in (0..cells.len()).step_by(batch) {
            inputs.clear();
            rows.clear();
            for at in start..cells.len().min(start + batch) {
                let row = first + at;
                match (cells.get(at)?, asked.kinds.at(row)) {
                    (Cell::Missing, _) => self.missing += 1,
                    (Cell::Text(value), Some(kind)) => {
                        inputs.push(RawInput { kind, value, options: &asked.options });
                        rows.push(row);
                    }
                    (Cell::Text(_), None) => self.reject(row, ErrorKind::UnknownKind, asked),
                    (Cell::NotUtf8, _) => self.reject(row, ErrorKind::InvalidUtf8, asked),
                }
            }
            let found = asked.matcher.match_raw(&inputs, asked.now).map_err(raise)?;
            let row = |index: usize| rows.get(index).copied().unwrap_or(first);
            for mut hit in found.hits {
                hit.index = row(hit.index);
                if let Some(flag) = self.mask.get_mut(hit.index) {
                    *flag = 1;
                }
                if asked.report {
                    self.hits.push(hit);
                }
            }
            for rejection in found.rejected {
                self.reject(row(rejection.index), rejection.error.kind(), asked);
            }
        }
        Ok(())
    }

    fn reject(&mut self, row: usize, reason: ErrorKind, asked: &Asked<'_>) {
        if asked.report {
            self.rejected.push((row, reason));
        }
    }

    /// Adds a batch whose dictionary's entries were matched.
    fn spread(&mut self, found: &Self, batch: &Batch) -> PyResult<()> {
        let first = self.mask.len();
        self.mask.reserve(batch.len());
        for at in 0..batch.len() {
            let Some(entry) = batch.key(at) else {
                self.mask.push(0);
                self.missing += 1;
                continue;
            };
            let flag = found.mask.get(entry).copied();
            let flag = flag.ok_or_else(|| {
                pyo3::exceptions::PyValueError::new_err("malformed Arrow data: no such entry in the dictionary")
            })?;
            self.mask.push(flag);
            self.missing += usize::from(matches!(batch.entry(entry), crate::arrow_abi::Value::Missing));
            let hits = found.hits.partition_point(|hit| hit.index < entry);
            let hits = found.hits.get(hits..).unwrap_or_default().iter().take_while(|hit| hit.index == entry);
            self.hits.extend(hits.map(|hit| {
                let mut hit = hit.clone();
                hit.index = first + at;
                hit
            }));
            let reasons = found.rejected.partition_point(|(row, _)| *row < entry);
            let reasons = found.rejected.get(reasons..).unwrap_or_default().iter().take_while(|(row, _)| *row == entry);
            self.rejected.extend(reasons.map(|(_, kind)| (first + at, *kind)));
        }
        Ok(())
    }
}

fn told(py: Python<'_>, rows: usize, progress: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    if let Some(progress) = progress {
        progress.call1((rows,))?;
    }
    py.check_signals()
}
