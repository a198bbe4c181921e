//! Canonical forms.

use bisik::Identifier;
use pyo3::prelude::*;

use crate::arguments::{self, parse_options, text};
use crate::errors::raise;

/// The canonical form of a value: what two parties must agree on before anything can match.
#[pyfunction]
#[pyo3(signature = (kind, value, /, *, region = None, allow_unassigned = false, bank = None, country = None))]
pub(crate) fn canonical(
    kind: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    region: Option<&Bound<'_, PyAny>>,
    allow_unassigned: bool,
    bank: Option<&Bound<'_, PyAny>>,
    country: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let options = parse_options(region, allow_unassigned, bank, country)?;
    let identifier = Identifier::parse(arguments::kind(kind)?, text(value, "a value")?, &options).map_err(raise)?;
    Ok(identifier.canonical().to_owned())
}

/// What a value's steps end in.
type Explained = (Option<String>, Option<Py<PyAny>>, Vec<(String, String)>);

/// The canonical form or the error, and each step there as (rule, text after it).
#[pyfunction]
#[pyo3(signature = (kind, value, /, *, region = None, allow_unassigned = false, bank = None, country = None))]
pub(crate) fn explain(
    py: Python<'_>,
    kind: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    region: Option<&Bound<'_, PyAny>>,
    allow_unassigned: bool,
    bank: Option<&Bound<'_, PyAny>>,
    country: Option<&Bound<'_, PyAny>>,
) -> PyResult<Explained> {
    let options = parse_options(region, allow_unassigned, bank, country)?;
    let (result, steps) = Identifier::explain(arguments::kind(kind)?, text(value, "a value")?, &options);
    let steps = steps.into_iter().map(|step| (step.rule.to_owned(), step.after)).collect();
    Ok(match result {
        Ok(identifier) => (Some(identifier.canonical().to_owned()), None, steps),
        Err(error) => (None, Some(raise(error).into_value(py).into_any()), steps),
    })
}
