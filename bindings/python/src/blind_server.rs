//! The publisher's side of blind mode: the OPRF key, requests, answers, budgets.
//!
//! A server keeps accounts and requests' digests itself, and stores a charge before the answer leaves (`docs/blind.md`).

use bisik::{
    Account, BlindRequest, Budget, ErrorKind, Exhausted, MAX_REQUEST_ELEMENTS, OprfKey, OprfServer, OsEntropy,
    VerifyingKey,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyInt, PyString};

use crate::arguments::{text, time, wrong_type};
use crate::errors::{out_of_range, raise, refuse_pickling};
use crate::feed::hex;
use crate::files::{key_text, path, write_new};
use crate::keys;

/// The key of a blind feed in one epoch: secret, stays with the publisher and its server.
#[pyclass(name = "OprfKey", module = "bisik", frozen)]
pub(crate) struct PyOprfKey(OprfKey);

#[pymethods]
impl PyOprfKey {
    /// A fresh key for a feed's epoch. `publisher` is who signs the feed: its keys or its card.
    #[staticmethod]
    #[pyo3(signature = (publisher, feed, *, epoch = None, limit = None))]
    fn generate(
        publisher: &Bound<'_, PyAny>,
        feed: &Bound<'_, PyAny>,
        epoch: Option<&Bound<'_, PyAny>>,
        limit: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let card = keys::card(publisher)?;
        let id = card.0.publisher_id().ok_or_else(|| raise(ErrorKind::BadKey))?;
        let epoch = optional_number(epoch, "epoch")?.unwrap_or(1);
        let epoch = u32::try_from(epoch).map_err(|_| PyValueError::new_err("epoch is out of range"))?;
        let key = OprfKey::generate(id, text(feed, "a feed id")?, epoch, &mut OsEntropy).map_err(raise)?;
        Ok(Self(match optional_number(limit, "limit")? {
            Some(limit) => key.with_limit(limit),
            None => key,
        }))
    }

    /// Reads a key file's text.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        OprfKey::parse(self::text(text, "an OPRF key's text")?).map(Self).map_err(raise)
    }

    /// Reads a key file, which others must not be able to read.
    #[staticmethod]
    #[pyo3(signature = (path, /))]
    fn open(path: &Bound<'_, PyAny>) -> PyResult<Self> {
        oprf_key(path).map(Self)
    }

    /// The publisher id, in hex.
    #[getter]
    fn publisher(&self) -> String {
        self.0.publisher().to_string()
    }

    /// The feed id.
    #[getter]
    fn feed(&self) -> &str {
        self.0.feed()
    }

    /// The epoch.
    #[getter]
    fn epoch(&self) -> u32 {
        self.0.epoch()
    }

    /// How many evaluations the key may do in its life.
    #[getter]
    fn limit(&self) -> u64 {
        self.0.limit()
    }

    /// The public key, in hex, as the feed's manifest carries it.
    #[getter]
    fn public_key(&self) -> String {
        hex(self.0.public_key())
    }

    /// Raises `KeyExhausted` if the key may not do `count` evaluations more, having done `so_far`.
    #[pyo3(signature = (so_far, count, /))]
    fn check_evaluations(&self, so_far: &Bound<'_, PyAny>, count: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.check_evaluations(number(so_far, "so_far")?, number(count, "count")?).map_err(raise)
    }

    /// The file's text: a secret.
    fn to_text<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, &self.0.to_text())
    }

    /// Writes the key to a new file, readable by its owner alone.
    #[pyo3(signature = (path, /))]
    fn save(&self, path: &Bound<'_, PyAny>) -> PyResult<()> {
        write_new(&self::path(path)?, &self.0.to_text(), true)
    }

    fn __repr__(&self) -> String {
        format!("<bisik.OprfKey of feed {} epoch {}, secret>", self.0.feed(), self.0.epoch())
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "name its file on each server"))
    }
}

/// An OPRF key given as object, text or path.
pub(crate) fn oprf_key(object: &Bound<'_, PyAny>) -> PyResult<OprfKey> {
    if let Ok(key) = object.cast::<PyOprfKey>() {
        return Ok(key.get().0.clone());
    }
    OprfKey::parse(&key_text(object, true)?).map_err(raise)
}

/// A member's request as the server sees it, its signature verified.
#[pyclass(name = "BlindRequest", module = "bisik", frozen)]
pub(crate) struct PyBlindRequest(BlindRequest);

#[pymethods]
impl PyBlindRequest {
    /// Reads one request. `clients` are the cards of those that may ask.
    #[staticmethod]
    #[pyo3(signature = (data, /, *, clients))]
    fn read(py: Python<'_>, data: &Bound<'_, PyAny>, clients: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (data, clients) = (bytes(data, "a request")?, known(clients)?);
        let (request, length) = py.detach(|| BlindRequest::read(&data, &|id| find(&clients, id))).map_err(raise)?;
        if length != data.len() {
            return Err(raise(bisik::Error::from(ErrorKind::TrailingBytes).at(length as u64)));
        }
        Ok(Self(request))
    }

    /// Reads requests that lie one after the other, as a file may hold them.
    #[staticmethod]
    #[pyo3(signature = (data, /, *, clients))]
    fn read_all(py: Python<'_>, data: &Bound<'_, PyAny>, clients: &Bound<'_, PyAny>) -> PyResult<Vec<Self>> {
        let (data, clients) = (bytes(data, "requests")?, known(clients)?);
        let requests = py.detach(|| {
            let (mut requests, mut rest) = (Vec::new(), data.as_ref());
            while !rest.is_empty() {
                let (request, length) = BlindRequest::read(rest, &|id| find(&clients, id))?;
                requests.push(Self(request));
                rest = rest.get(length..).unwrap_or_default();
            }
            Ok(requests)
        });
        requests.map_err(|error: bisik::Error| raise(error))
    }

    /// The key id of the client that signed it, in hex.
    #[getter]
    fn client(&self) -> String {
        self.0.client().to_string()
    }

    /// The publisher id of the feed that is asked, in hex.
    #[getter]
    fn publisher(&self) -> String {
        self.0.publisher().to_string()
    }

    /// The feed that is asked.
    #[getter]
    fn feed(&self) -> &str {
        self.0.feed()
    }

    /// The epoch that is asked.
    #[getter]
    fn epoch(&self) -> u32 {
        self.0.epoch()
    }

    /// How many evaluations it asks for, padding included: what is charged.
    #[getter]
    fn count(&self) -> u64 {
        self.0.count()
    }

    /// What names the request, in hex: the same bytes are answered again free of charge.
    #[getter]
    fn digest(&self) -> String {
        hex(&self.0.digest())
    }

    fn __repr__(&self) -> String {
        let (feed, epoch, count) = (self.0.feed(), self.0.epoch(), self.0.count());
        format!("<bisik.BlindRequest of {count} evaluations, feed {feed} epoch {epoch}>")
    }
}

/// Answers requests to one feed in one epoch. It keeps no accounts: charge before you let an answer out.
#[pyclass(name = "OprfServer", module = "bisik", frozen)]
pub(crate) struct PyOprfServer(OprfServer);

#[pymethods]
impl PyOprfServer {
    /// A server with this key: an object, its text, or its file.
    #[new]
    #[pyo3(signature = (key, /))]
    fn new(key: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(OprfServer::new(oprf_key(key)?)))
    }

    /// Raises `WrongFeed` or `WrongEpoch` unless a request is for this feed and epoch: ask before charging.
    #[pyo3(signature = (request, /))]
    fn check(&self, request: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.check(&asked(request)?.get().0).map_err(raise)
    }

    /// The answer to a request, with the proof that this key was used.
    #[pyo3(signature = (request, /))]
    fn blind_evaluate<'py>(&self, py: Python<'py>, request: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let request = asked(request)?.get();
        let answer = py.detach(|| self.0.blind_evaluate(&request.0, &mut OsEntropy)).map_err(raise)?;
        Ok(PyBytes::new(py, &answer))
    }

    fn __repr__(&self) -> String {
        let key = self.0.key();
        format!("<bisik.OprfServer of feed {} epoch {}>", key.feed(), key.epoch())
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "name its key's file on each server"))
    }
}

/// What a member may ask of one feed, in evaluations; padding counts.
#[pyclass(name = "Budget", module = "bisik", frozen, eq)]
#[derive(PartialEq)]
pub(crate) struct PyBudget(Budget);

#[pymethods]
impl PyBudget {
    /// A budget a day (UTC) and in all, each `None` for no bound, and the most in one request.
    #[new]
    #[pyo3(signature = (*, per_day = Some(Whole(10_000)), total = None, batch = None), text_signature = "(*, per_day=10000, total=None, batch=None)")]
    fn new(per_day: Option<Whole>, total: Option<Whole>, batch: Option<Whole>) -> Self {
        let batch = batch.map_or(MAX_REQUEST_ELEMENTS as u64, |batch| batch.0);
        Self(Budget { per_day: per_day.map(|bound| bound.0), total: total.map(|bound| bound.0), batch })
    }

    /// The most on one day.
    #[getter]
    fn per_day(&self) -> Option<u64> {
        self.0.per_day
    }

    /// The most in all.
    #[getter]
    fn total(&self) -> Option<u64> {
        self.0.total
    }

    /// The most in one request.
    #[getter]
    fn batch(&self) -> u64 {
        self.0.batch
    }

    /// The account after `count` evaluations more: store it before the answer leaves.
    ///
    /// Raises `BudgetExhausted` with `left` and, if another day helps, `retry_at`; `TooManyElements` with `left` for a request that
    /// is too large.
    #[pyo3(signature = (account, count, /, *, now = None))]
    fn charge(
        &self,
        py: Python<'_>,
        account: &Bound<'_, PyAny>,
        count: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyAccount> {
        let account = account.cast::<PyAccount>().map_err(|_| wrong_type(account, "account", "an Account"))?;
        let mut charged = account.get().0;
        let Err(exhausted) = self.0.charge(&mut charged, number(count, "count")?, time(now, "now")?) else {
            return Ok(PyAccount(charged));
        };
        let (left, retry_at) = match exhausted {
            Exhausted::Batch { most } => (most, None),
            Exhausted::Today { left, retry_at } => (left, Some(retry_at.seconds())),
            Exhausted::Total { left } => (left, None),
        };
        let error = raise(exhausted);
        let value = error.value(py);
        value.setattr("left", left)?;
        value.setattr("retry_at", retry_at)?;
        Err(error)
    }

    fn __repr__(&self) -> String {
        let bound = |bound: Option<u64>| bound.map_or("None".to_owned(), |bound| bound.to_string());
        let Budget { per_day, total, batch } = self.0;
        format!("bisik.Budget(per_day={}, total={}, batch={batch})", bound(per_day), bound(total))
    }
}

/// What a member has asked so far of one feed, whatever the epoch.
#[pyclass(name = "Account", module = "bisik", frozen, eq)]
#[derive(PartialEq)]
pub(crate) struct PyAccount(Account);

#[pymethods]
impl PyAccount {
    /// An account as it was stored; a new one has used nothing.
    #[new]
    #[pyo3(signature = (*, day = Whole(0), used_today = Whole(0), used_total = Whole(0)), text_signature = "(*, day=0, used_today=0, used_total=0)")]
    fn new(day: Whole, used_today: Whole, used_total: Whole) -> Self {
        Self(Account { day: day.0, used_today: used_today.0, used_total: used_total.0 })
    }

    /// The day of `used_today`, in days since 1970 (UTC).
    #[getter]
    fn day(&self) -> u64 {
        self.0.day
    }

    /// Evaluations on that day.
    #[getter]
    fn used_today(&self) -> u64 {
        self.0.used_today
    }

    /// Evaluations in all.
    #[getter]
    fn used_total(&self) -> u64 {
        self.0.used_total
    }

    fn __repr__(&self) -> String {
        let Account { day, used_today, used_total } = self.0;
        format!("bisik.Account(day={day}, used_today={used_today}, used_total={used_total})")
    }
}

/// A number from 0 to 2^64 - 1.
struct Whole(u64);

impl<'py> FromPyObject<'_, 'py> for Whole {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        number(&object, "a number of evaluations or a day").map(Self)
    }
}

fn optional_number(object: Option<&Bound<'_, PyAny>>, what: &str) -> PyResult<Option<u64>> {
    object.map(|object| number(object, what)).transpose()
}

fn number(object: &Bound<'_, PyAny>, what: &str) -> PyResult<u64> {
    if object.is_instance_of::<PyBool>() || !object.is_instance_of::<PyInt>() {
        return Err(wrong_type(object, what, "an int"));
    }
    let number: i128 = object.extract().map_err(|error| out_of_range(object.py(), error, what))?;
    u64::try_from(number).map_err(|_| PyValueError::new_err(format!("{what} is out of range")))
}

/// Bytes that do not change while other threads run.
pub(crate) fn bytes(object: &Bound<'_, PyAny>, what: &str) -> PyResult<PyBackedBytes> {
    if object.is_instance_of::<PyBytes>() || object.is_instance_of::<PyByteArray>() {
        return object.extract().map_err(PyErr::from);
    }
    if object.is_instance_of::<pyo3::types::PyMemoryView>() {
        return object.call_method0("tobytes")?.extract().map_err(PyErr::from);
    }
    Err(wrong_type(object, what, "bytes"))
}

/// The keys of the clients that a server knows.
fn known(clients: &Bound<'_, PyAny>) -> PyResult<Vec<VerifyingKey>> {
    let mut known = Vec::new();
    for client in keys::items(clients, "clients")? {
        known.extend(keys::card(&client)?.0.verifying_keys);
    }
    Ok(known)
}

fn find(known: &[VerifyingKey], id: &bisik::KeyId) -> Option<VerifyingKey> {
    known.iter().find(|key| key.key_id() == *id).copied()
}

fn asked<'a, 'py>(request: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyBlindRequest>> {
    request.cast::<PyBlindRequest>().map_err(|_| PyTypeError::new_err("a request must be a BlindRequest"))
}
