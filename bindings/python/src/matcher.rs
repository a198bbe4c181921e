//! Matching columns against feeds, outside of the GIL.

use std::sync::Arc;

use bisik::{ErrorKind, Guard, Hit, Identifier, Kind, Matcher, ParseOptions, RawInput, Timestamp};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

use crate::arguments::{self, parse_options, text, time, wrong_type};
use crate::arrow_abi::Batch;
use crate::column::{Cell, Cells, Column, Copied, Entries, PIECE, Rows};
use crate::errors::{raise, refuse_pickling};
use crate::feed::PyFeed;
use crate::report::PyReport;

/// Looks columns up in feeds; `bisik.Matcher` gives it the shape of each library.
#[pyclass(name = "Engine", module = "bisik._bisik", frozen)]
pub(crate) struct PyEngine(Arc<Matcher>);

#[pymethods]
impl PyEngine {
    /// An engine over verified feeds, with the caller's own entries of the guard list.
    #[new]
    #[pyo3(signature = (feeds, guard = None))]
    fn new(feeds: &Bound<'_, PyAny>, guard: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let list = feeds.cast::<pyo3::types::PyList>().map_err(|_| wrong_type(feeds, "feeds", "a list of Feed"))?;
        let mut verified = Vec::new();
        for feed in list.iter() {
            let feed = feed.cast_into::<PyFeed>().map_err(|_| PyTypeError::new_err("feeds must be a list of Feed"))?;
            verified.push(Arc::clone(&feed.get().0));
        }
        let guard: Guard = arguments::guard(guard)?;
        Matcher::new(verified, guard).map(|matcher| Self(Arc::new(matcher))).map_err(raise)
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
        Ok(PyReport::new(Arc::clone(&self.0), kind, 1, 0, found.hits, rejected))
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
        let kind = arguments::kind(kind)?;
        let now = time(now, "now")?;
        let mut run = Run { matcher: &self.0, kind, options, now, report, answer: Answer::default() };
        match Column::of(column)? {
            Column::Sequence(sequence, length) => {
                for start in (0..length).step_by(PIECE) {
                    let piece = Copied::of_sequence(&sequence, start, length.min(start + PIECE), 0)?.sealed();
                    run.piece(py, &piece, progress)?;
                }
            }
            Column::Array(array, length) => {
                for start in (0..length).step_by(PIECE) {
                    let piece = Copied::of_array(&array, start, length.min(start + PIECE))?.sealed();
                    run.piece(py, &piece, progress)?;
                }
            }
            Column::Arrow(mut batches) => {
                while let Some(batch) = batches.next_batch()? {
                    run.batch(py, &batch, progress)?;
                }
            }
        }
        let answer = run.answer;
        let rows = answer.mask.len();
        let mask = PyByteArray::new(py, &answer.mask);
        let report = report
            .then(|| PyReport::new(Arc::clone(&self.0), kind, rows, answer.missing, answer.hits, answer.rejected));
        Ok((mask, report))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "open its feeds on each worker"))
    }
}

/// One column on its way.
struct Run<'a> {
    matcher: &'a Matcher,
    kind: Kind,
    options: ParseOptions,
    now: Timestamp,
    report: bool,
    answer: Answer,
}

/// What the rows so far gave; positions count from the first row of the column.
#[derive(Default)]
struct Answer {
    mask: Vec<u8>,
    missing: usize,
    hits: Vec<Hit>,
    rejected: Vec<(usize, ErrorKind)>,
}

impl Run<'_> {
    /// Matches one piece while other threads run, then tells the caller.
    fn piece(
        &mut self,
        py: Python<'_>,
        cells: &(impl Cells + ?Sized),
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let (matcher, kind, options, now, report) = (self.matcher, self.kind, &self.options, self.now, self.report);
        let answer = &mut self.answer;
        py.detach(|| answer.add(cells, matcher, kind, options, now, report))?;
        told(py, cells.len(), progress)
    }

    /// Matches an Arrow batch in pieces; of a dictionary that is shorter than the rows, each entry once.
    fn batch(&mut self, py: Python<'_>, batch: &Batch, progress: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let length = batch.len();
        if let Some(entries) = batch.entries().filter(|&entries| entries < length) {
            let before = std::mem::take(&mut self.answer);
            for start in (0..entries).step_by(PIECE) {
                self.piece(py, &Entries { batch, start, end: entries.min(start + PIECE) }, None)?;
            }
            let mut found = std::mem::replace(&mut self.answer, before);
            found.rejected.sort_by_key(|(entry, _)| *entry);
            let answer = &mut self.answer;
            py.detach(|| answer.spread(&found, batch))?;
            return told(py, length, progress);
        }
        for start in (0..length).step_by(PIECE) {
            self.piece(py, &Rows { batch, start, end: length.min(start + PIECE) }, progress)?;
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

impl Answer {
    fn add(
        &mut self,
        cells: &(impl Cells + ?Sized),
        matcher: &Matcher,
        kind: Kind,
        options: &ParseOptions,
        now: Timestamp,
        report: bool,
    ) -> PyResult<()> {
        let first = self.mask.len();
        let mut inputs = Vec::with_capacity(cells.len());
        let mut rows = Vec::with_capacity(cells.len());
        for at in 0..cells.len() {
            match cells.get(at)? {
                Cell::Text(value) => {
                    inputs.push(RawInput { kind, value, options });
                    rows.push(first + at);
                }
                Cell::Missing => self.missing += 1,
                Cell::NotUtf8 => {
                    if report {
                        self.rejected.push((first + at, ErrorKind::InvalidUtf8));
                    }
                }
            }
        }
        let found = matcher.match_raw(&inputs, now).map_err(raise)?;
        self.mask.resize(first + cells.len(), 0);
        let row = |index: usize| rows.get(index).copied().unwrap_or(first);
        for mut hit in found.hits {
            hit.index = row(hit.index);
            if let Some(flag) = self.mask.get_mut(hit.index) {
                *flag = 1;
            }
            if report {
                self.hits.push(hit);
            }
        }
        if report {
            self.rejected.extend(found.rejected.iter().map(|rejection| (row(rejection.index), rejection.error.kind())));
        }
        Ok(())
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
