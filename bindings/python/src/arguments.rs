//! Arguments as Python callers give them: kinds, regions, times.

use std::time::{SystemTime, UNIX_EPOCH};

use bisik::{ErrorKind, Identifier, Kind, ParseOptions, Timestamp};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use crate::errors::{out_of_range, raise};

/// The text of a `str`; one that is not Unicode text is refused without showing it.
pub(crate) fn text<'a>(object: &'a Bound<'_, PyAny>, what: &str) -> PyResult<&'a str> {
    let string = object.cast::<PyString>().map_err(|_| wrong_type(object, what, "str"))?;
    string.to_str().map_err(|_| raise(ErrorKind::InvalidUtf8))
}

/// A text that may be absent.
pub(crate) fn optional<'a>(object: Option<&'a Bound<'_, PyAny>>, what: &str) -> PyResult<Option<&'a str>> {
    object.map(|object| text(object, what)).transpose()
}

/// "must be a str, not int".
pub(crate) fn wrong_type(object: &Bound<'_, PyAny>, what: &str, wanted: &str) -> PyErr {
    let given = object.get_type();
    let given = given.name().map_or_else(|_| "something else".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{what} must be {wanted}, not {given}"))
}

/// A kind by its name.
pub(crate) fn kind(object: &Bound<'_, PyAny>) -> PyResult<Kind> {
    text(object, "kind")?.parse().map_err(raise)
}

/// What the parser must be told.
pub(crate) fn parse_options(
    region: Option<&Bound<'_, PyAny>>,
    allow_unassigned: bool,
    bank: Option<&Bound<'_, PyAny>>,
    country: Option<&Bound<'_, PyAny>>,
) -> PyResult<ParseOptions> {
    let mut options = ParseOptions::default();
    options.region = optional(region, "region")?.map(upper);
    options.allow_unassigned = allow_unassigned;
    options.bank = optional(bank, "bank")?.map(bank_code);
    options.country = optional(country, "country")?.map(upper);
    Ok(options)
}

/// A code as tables hold it: without white space around it, in upper case.
pub(crate) fn upper(code: &str) -> String {
    code.trim().to_ascii_uppercase()
}

/// The first 8 characters of a BIC, which are the bank's; a longer code names a branch too.
pub(crate) fn bank_code(bic: &str) -> String {
    let mut bic = upper(bic);
    if bic.len() == 11 && bic.is_ascii() {
        bic.truncate(8);
    }
    bic
}

/// A time: nothing for the clock's, seconds since 1970, or a `datetime` with a time zone.
pub(crate) fn time(object: Option<&Bound<'_, PyAny>>, what: &str) -> PyResult<Timestamp> {
    let Some(object) = object else {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        return Timestamp::from_seconds(now).map_err(raise);
    };
    let negative = || PyValueError::new_err(format!("{what} is before 1970 or no number"));
    let wanted = "seconds since 1970 or a datetime with a time zone";
    if object.is_instance_of::<PyBool>() {
        return Err(wrong_type(object, what, wanted));
    }
    if object.is_instance_of::<PyInt>() {
        let seconds: i128 = object.extract().map_err(|error| out_of_range(object.py(), error, what))?;
        let seconds = u64::try_from(seconds).map_err(|_| negative())?;
        return Timestamp::from_seconds(seconds).map_err(raise);
    }
    let seconds: f64 = if object.is_instance_of::<PyFloat>() {
        object.extract()?
    } else if object.is_instance(&object.py().import("datetime")?.getattr("datetime")?)? {
        if object.getattr("tzinfo")?.is_none() {
            return Err(PyValueError::new_err(format!("{what} must have a time zone")));
        }
        object.call_method0("timestamp")?.extract()?
    } else {
        return Err(wrong_type(object, what, wanted));
    };
    if !seconds.is_finite() || seconds < 0.0 {
        return Err(negative());
    }
    // A float beyond 2^53 saturates and is then refused.
    Timestamp::from_seconds(seconds as u64).map_err(raise)
}

/// Identifiers given as (kind, value) pairs: the caller's own part of the guard list.
pub(crate) fn guard(entries: Option<&Bound<'_, PyAny>>) -> PyResult<bisik::Guard> {
    let mut guard = bisik::Guard::default();
    let Some(entries) = entries else { return Ok(guard) };
    if entries.is_instance_of::<PyString>() {
        return Err(wrong_type(entries, "guard", "a list of (kind, value) pairs"));
    }
    for entry in entries.try_iter()? {
        let entry = entry?;
        let pair = entry
            .cast::<pyo3::types::PyTuple>()
            .map_err(|_| wrong_type(&entry, "an entry of guard", "a (kind, value) pair"))?;
        if pair.len() != 2 {
            return Err(PyValueError::new_err("an entry of guard must be a (kind, value) pair"));
        }
        let (name, value) = (pair.get_item(0)?, pair.get_item(1)?);
        let identifier = Identifier::parse(kind(&name)?, text(&value, "a value of guard")?, &ParseOptions::default());
        guard.extend([identifier.map_err(raise)?]);
    }
    Ok(guard)
}
