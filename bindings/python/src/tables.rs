//! What the core knows as plain Python values: dicts that fit a data frame.

use bisik::{Kind, KindExposure, Learner, Manifest, exposure as exposures};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde_json::Value;

use crate::arguments;

/// The kinds of identifiers, with what is known of each.
#[pyfunction]
pub(crate) fn kinds(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    Kind::ALL
        .iter()
        .map(|kind| {
            let row = PyDict::new(py);
            row.set_item("name", kind.name())?;
            row.set_item("number", kind.number())?;
            row.set_item("description", kind.description())?;
            row.set_item("form_version", kind.form_version())?;
            row.set_item("data_version", kind.data_version())?;
            row.set_item("enumerable", kind.is_enumerable())?;
            Ok(row)
        })
        .collect()
}

/// What it costs to try every plausible value of a kind, or of every kind.
#[pyfunction]
#[pyo3(signature = (kind = None))]
pub(crate) fn exposure<'py>(py: Python<'py>, kind: Option<&Bound<'py, PyAny>>) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let one = kind.map(arguments::kind).transpose()?;
    let kinds = Kind::ALL.iter().copied().filter(|&kind| one.is_none_or(|one| one == kind));
    kinds.flat_map(|kind| exposures(kind, 1)).map(|row| exposure_row(py, &row, false)).collect()
}

/// The cost to reverse a feed, by kind.
pub(crate) fn exposure_rows<'py>(py: Python<'py>, rows: &[KindExposure]) -> PyResult<Vec<Bound<'py, PyDict>>> {
    rows.iter().map(|row| exposure_row(py, row, true)).collect()
}

fn exposure_row<'py>(py: Python<'py>, row: &KindExposure, counted: bool) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("kind", row.kind.name())?;
    if counted {
        dict.set_item("count", row.count)?;
    }
    dict.set_item("scope", row.scope)?;
    dict.set_item("candidates", row.candidates)?;
    dict.set_item("source", row.source)?;
    dict.set_item("core_seconds", row.core_seconds)?;
    dict.set_item("device_seconds", row.device_seconds)?;
    dict.set_item("enumerable", row.enumerable)?;
    Ok(dict)
}

/// Who can learn what.
pub(crate) fn learner_rows<'py>(py: Python<'py>, learners: &[Learner]) -> PyResult<Vec<Bound<'py, PyDict>>> {
    learners
        .iter()
        .map(|learner| {
            let row = PyDict::new(py);
            row.set_item("who", learner.who)?;
            row.set_item("what", learner.what)?;
            Ok(row)
        })
        .collect()
}

/// A manifest as the dict of its JSON.
pub(crate) fn manifest_dict<'py>(py: Python<'py>, manifest: &Manifest) -> PyResult<Bound<'py, PyAny>> {
    json(py, &serde_json::from_str(&manifest.to_json()).unwrap_or_default())
}

fn json<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into_pyobject(py)?.into_any(),
            (None, Some(number)) => number.into_pyobject(py)?.into_any(),
            (None, None) => number.as_f64().unwrap_or_default().into_pyobject(py)?.into_any(),
        },
        Value::String(text) => text.into_pyobject(py)?.into_any(),
        Value::Array(values) => {
            let list = PyList::empty(py);
            for value in values {
                list.append(json(py, value)?)?;
            }
            list.into_any()
        }
        Value::Object(values) => {
            let dict = PyDict::new(py);
            for (name, value) in values {
                dict.set_item(name, json(py, value)?)?;
            }
            dict.into_any()
        }
    })
}
