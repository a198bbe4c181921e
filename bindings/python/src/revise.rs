//! The next version made from the previous one alone: withdrawals and additions (`docs/life.md` §2).

use bisik::{Error, OsEntropy, ParseOptions, PublishOptions, RetractionReason, Revision};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::{self, text, time, wrong_type};
use crate::blind_server;
use crate::errors::raise;
use crate::keys;
use crate::publication::{PyPublication, Reject};
use crate::publish::{Chunk, Defaults, Given, Row, add, nothing_accepted, out};

/// Makes the version after `previous` without its list. `withdraw` and `adding` yield chunks as `publish_chunks` takes them.
#[pyfunction]
#[pyo3(signature = (withdraw, adding, *, sign, options))]
pub(crate) fn revise_chunks(
    py: Python<'_>,
    withdraw: &Bound<'_, PyAny>,
    adding: &Bound<'_, PyAny>,
    sign: &Bound<'_, PyAny>,
    options: &Bound<'_, PyDict>,
) -> PyResult<PyPublication> {
    let signing = keys::signing(sign)?;
    let given = Given(options);
    let now = time(given.get("now")?.as_ref(), "now")?;
    let reason = given.get("reason")?.map(|reason| text(&reason, "reason")?.parse().map_err(raise)).transpose()?;
    let reason: RetractionReason = reason.unwrap_or(RetractionReason::OTHER);
    let accepted = given.kinds("accept_enumeration")?;
    let seal_to = given.get("seal_to")?;
    let recipients = keys::recipients(seal_to.as_ref())?;
    if seal_to.is_some() && recipients.is_empty() {
        return Err(PyValueError::new_err("seal_to names nobody: leave it out to publish an open feed"));
    }
    let previous = given.previous(py, &signing, now)?;
    let previous = previous.ok_or_else(|| PyValueError::new_err("previous is the version to revise"))?;
    let mut revised = PublishOptions::following(&previous, now);
    revised.valid_seconds = given.number("valid")?.unwrap_or(revised.valid_seconds);
    revised.at_least = given.at_least()?;
    revised.guard = arguments::guard(given.get("guard")?.as_ref())?;
    revised.blind = given.get("blind")?.map(|key| blind_server::oprf_key(&key)).transpose()?;
    let mut defaults = Defaults {
        kind: given.get("kind")?.map(|kind| arguments::kind(&kind)).transpose()?,
        options: given.parse_options()?,
        records: false,
        now,
    };
    let skip = given.flag("skip_unlisted")?;
    let base = given.flag("delta")?.then_some(&*previous);
    let records = revised.records;
    let mut revision = Revision::new(&signing, revised, &previous).map_err(raise)?;
    let mut rejects = Vec::new();
    let mut rows = 0;
    for chunk in withdraw.try_iter()? {
        let chunk = read(&chunk?, rows, &defaults)?;
        let length = chunk.rows.len();
        py.detach(|| take_out(&mut revision, chunk, (rows, skip), &defaults.options, reason, &mut rejects))
            .map_err(raise)?;
        rows += length;
        py.check_signals()?;
    }
    let withdrawn = revision.withdrawals();
    // What is taken out has no claim; what is added has one if the feed carries records.
    defaults.records = records;
    for chunk in adding.try_iter()? {
        let chunk = read(&chunk?, rows, &defaults)?;
        let length = chunk.rows.len();
        let put = |kind, value: &str, options: &ParseOptions, claim| revision.add_raw(kind, value, options, claim);
        py.detach(|| add(chunk, rows, &defaults.options, &mut rejects, put)).map_err(raise)?;
        rows += length;
        py.check_signals()?;
    }
    if rows > 0 && rejects.len() == rows {
        return Err(nothing_accepted(py, &rejects));
    }
    let made = py.detach(|| {
        let publication = revision.publish(&mut OsEntropy)?;
        let (bytes, delta) = out(&publication, base, &recipients, &accepted)?;
        let told = publication.retraction_list()?;
        Ok((bytes, delta, told, publication.manifest().clone(), *publication.digest(), publication.merged()))
    });
    let (bytes, delta, told, manifest, digest, merged) = made.map_err(|error: Error| raise(error))?;
    let sealed = !recipients.is_empty();
    let made = PyPublication::new(py, &bytes, delta.as_deref(), manifest, digest, sealed, rows, merged, rejects);
    Ok(made.telling(py, &told, withdrawn))
}

fn read(chunk: &Bound<'_, PyAny>, first: usize, defaults: &Defaults) -> PyResult<Chunk> {
    let chunk = chunk.cast::<PyDict>().map_err(|_| wrong_type(chunk, "a chunk", "a dict"))?;
    Chunk::read(chunk, first, defaults)
}

/// Takes the rows of a chunk out. One that is not listed, or cannot be read, is an error at its row unless it is skipped.
fn take_out(
    revision: &mut Revision<'_>,
    chunk: Chunk,
    (first, skip): (usize, bool),
    defaults: &ParseOptions,
    reason: RetractionReason,
    rejects: &mut Vec<Reject>,
) -> Result<(), Error> {
    for (number, row) in (first..).zip(chunk.rows) {
        let (kind, taken) = match row {
            Ok(row) => {
                let Row { kind, value, options, .. } = *row;
                let options = options.as_ref().unwrap_or(defaults);
                (Some(kind), revision.withdraw_raw(kind, &value, options, reason))
            }
            Err((kind, reason)) => (kind, Err(Error::from(reason))),
        };
        match taken {
            Ok(()) => {}
            Err(error) if skip => rejects.push((number, kind, error.kind())),
            Err(error) => return Err(error.at(number as u64)),
        }
    }
    Ok(())
}
