//! The member's side of blind mode: a batch between request and answer.

use std::sync::{Arc, Mutex, PoisonError};

use bisik::{BlindOptions, Error, ErrorKind, Identifier, Matcher, OsEntropy, ParseOptions, Prepared};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList, PyTuple};

use crate::arguments::{parse_options, time, wrong_type};
use crate::blind_server::bytes;
use crate::column::{Cell, Cells, Column, PIECE, Piece, Rows};
use crate::errors::{raise, refuse_pickling};
use crate::keys;
use crate::kinds::Kinds;
use crate::matcher::PyEngine;
use crate::report::PyReport;

/// A batch between request and answer; it is used once.
#[pyclass(name = "PreparedBatch", module = "bisik._bisik", frozen)]
pub(crate) struct PyPrepared {
    state: Mutex<Option<State>>,
}

struct State {
    prepared: Prepared,
    kinds: Kinds,
    /// The rows without a value, by rising number; in the core they stand as empty values.
    missing: Vec<usize>,
}

/// One request, ready to be sent to the server of a feed.
#[pyclass(name = "PreparedRequest", module = "bisik", frozen)]
pub(crate) struct PyPreparedRequest {
    /// The feed's position among those of the matcher.
    #[pyo3(get)]
    feed: usize,
    /// What is sent.
    #[pyo3(get)]
    bytes: Py<PyBytes>,
    /// How many evaluations it costs, padding included.
    #[pyo3(get)]
    queries: u64,
}

#[pymethods]
impl PyPreparedRequest {
    fn __repr__(&self) -> String {
        format!("<bisik.PreparedRequest of {} queries to feed {}>", self.queries, self.feed)
    }
}

#[pymethods]
impl PyPrepared {
    /// Blinds a column for the servers of the engine's blind feeds. `sign` signs the requests.
    #[staticmethod]
    #[pyo3(signature = (engine, column, kind, *, sign, pad, region, allow_unassigned, bank, country, now))]
    #[expect(clippy::too_many_arguments, reason = "the keyword arguments of Python")]
    fn prepare(
        py: Python<'_>,
        engine: &Bound<'_, PyAny>,
        column: &Bound<'_, PyAny>,
        kind: &Bound<'_, PyAny>,
        sign: &Bound<'_, PyAny>,
        pad: bool,
        region: Option<&Bound<'_, PyAny>>,
        allow_unassigned: bool,
        bank: Option<&Bound<'_, PyAny>>,
        country: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let matcher = matcher(engine)?;
        let options = parse_options(region, allow_unassigned, bank, country)?;
        let kinds = Kinds::of(kind)?;
        let signing = keys::signing(sign)?;
        let now = time(now, "now")?;
        let mut inputs = Inputs { kinds, options, parsed: Vec::new(), missing: Vec::new() };
        Column::of(column)?.read(|piece| {
            match piece {
                Piece::Copied(copied) => py.detach(|| inputs.add(copied))?,
                Piece::Batch(batch) => {
                    for start in (0..batch.len()).step_by(PIECE) {
                        let rows = Rows { batch, start, end: batch.len().min(start + PIECE) };
                        py.detach(|| inputs.add(&rows))?;
                    }
                }
            }
            py.check_signals()
        })?;
        let Inputs { kinds, parsed, missing, .. } = inputs;
        kinds.reach(parsed.len(), true)?;
        let blind = BlindOptions { pad };
        let prepared = py.detach(|| matcher.prepare_parsed(parsed, &signing.key, &blind, now, &mut OsEntropy));
        let state = State { prepared: prepared.map_err(raise)?, kinds, missing };
        Ok(Self { state: Mutex::new(Some(state)) })
    }

    /// Takes up a state that was kept, for an engine with the same feeds in the same epochs.
    #[staticmethod]
    #[pyo3(signature = (engine, state))]
    fn from_bytes(py: Python<'_>, engine: &Bound<'_, PyAny>, state: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (matcher, state) = (matcher(engine)?, bytes(state, "a state")?);
        let prepared = py.detach(|| Prepared::from_bytes(&state, &matcher)).map_err(raise)?;
        let kinds = Kinds::each((0..prepared.inputs()).map(|row| prepared.kind(row)));
        Ok(Self { state: Mutex::new(Some(State { prepared, kinds, missing: Vec::new() })) })
    }

    /// The requests.
    fn requests<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let requests = self.with(|state| {
            let of = |request: &bisik::PreparedRequest| PyPreparedRequest {
                feed: request.feed,
                bytes: PyBytes::new(py, &request.bytes).unbind(),
                queries: request.queries,
            };
            state.prepared.requests().iter().map(of).collect::<Vec<_>>()
        })?;
        PyTuple::new(py, requests)
    }

    /// How many rows, how many different values are asked, and how many evaluations it costs.
    fn counts(&self) -> PyResult<(usize, u64, u64)> {
        self.with(|state| (state.prepared.inputs(), state.prepared.asked(), state.prepared.queries()))
    }

    /// The state for later: a secret, to be used once.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.with(|state| state.prepared.to_bytes()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Checks the answers: a byte a row that is 1 for a hit, and the report. The state is consumed, whatever comes of it.
    #[pyo3(signature = (engine, answers, *, now))]
    fn finish<'py>(
        &self,
        py: Python<'py>,
        engine: &Bound<'py, PyAny>,
        answers: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyByteArray>, PyReport)> {
        let matcher = matcher(engine)?;
        let now = time(now, "now")?;
        let answers = if answers.is_instance_of::<PyList>() || answers.is_instance_of::<PyTuple>() {
            answers.try_iter()?.map(|answer| bytes(&answer?, "an answer")).collect::<PyResult<Vec<_>>>()?
        } else {
            vec![bytes(answers, "answers")?]
        };
        let taken = self.state.lock().unwrap_or_else(PoisonError::into_inner).take();
        let State { prepared, kinds, missing } = taken.ok_or_else(consumed)?;
        let rows = prepared.inputs();
        let report = py.detach(|| matcher.finish(prepared, &answers, now)).map_err(raise)?;
        let mut mask = vec![0_u8; rows];
        for hit in &report.hits {
            if let Some(flag) = mask.get_mut(hit.index) {
                *flag = 1;
            }
        }
        let rejected = report.rejected.iter().filter(|rejection| missing.binary_search(&rejection.index).is_err());
        let rejected = rejected.map(|rejection| (rejection.index, rejection.error.kind())).collect();
        Ok((PyByteArray::new(py, &mask), PyReport::new(matcher, kinds, rows, missing.len(), report.hits, rejected)))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "keep to_bytes() in a file of your own"))
    }
}

impl PyPrepared {
    fn with<T>(&self, of: impl FnOnce(&State) -> T) -> PyResult<T> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.as_ref().map(of).ok_or_else(consumed)
    }
}

fn consumed() -> PyErr {
    raise(Error::new(ErrorKind::StateConsumed, "the batch was finished before"))
}

fn matcher(engine: &Bound<'_, PyAny>) -> PyResult<Arc<Matcher>> {
    let engine = engine.cast::<PyEngine>().map_err(|_| wrong_type(engine, "matcher", "a Matcher"))?;
    Ok(Arc::clone(&engine.get().0))
}

/// The values of a column, parsed; each row has its place.
struct Inputs {
    kinds: Kinds,
    options: ParseOptions,
    parsed: Vec<bisik::Result<Identifier>>,
    missing: Vec<usize>,
}

impl Inputs {
    fn add(&mut self, cells: &impl Cells) -> PyResult<()> {
        let first = self.parsed.len();
        self.kinds.reach(first + cells.len(), false)?;
        for at in 0..cells.len() {
            let row = first + at;
            self.parsed.push(match (cells.get(at)?, self.kinds.at(row)) {
                (Cell::Missing, _) => {
                    self.missing.push(row);
                    Err(ErrorKind::Empty.into())
                }
                (Cell::NotUtf8, _) => Err(ErrorKind::InvalidUtf8.into()),
                (Cell::Text(_), None) => Err(ErrorKind::UnknownKind.into()),
                (Cell::Text(value), Some(kind)) => Identifier::parse_first(kind, value, &self.options),
            });
        }
        Ok(())
    }
}
