//! From a hit to the publisher's desk: what a member tells, and what the desk makes of it (`docs/sightings.md`).

use std::sync::{Mutex, MutexGuard, PoisonError};

use bisik::{
    Amount, Call, HitFinder, Identifier, Joined, OsEntropy, Sighting, SightingAction, SightingLedger, SightingReport,
    UnverifiedSightings, seal_sightings as seal,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::arguments::{self, optional, text, time, wrong_type};
use crate::blind_server::{self, bytes};
use crate::errors::raise;
use crate::feed::{PyFeed, hex};
use crate::keys;

/// 16 bytes from bytes or from 32 hexadecimal digits.
fn hit_id(object: &Bound<'_, PyAny>) -> PyResult<[u8; 16]> {
    let wrong = || PyValueError::new_err("a hit id is 16 bytes, or 32 digits of 0-9 and a-f");
    if let Ok(digits) = object.extract::<&str>() {
        if digits.len() != 32 || !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong());
        }
        let number = u128::from_str_radix(digits, 16).map_err(|_| wrong())?;
        return Ok(number.to_be_bytes());
    }
    bytes(object, "a hit id")?.as_ref().try_into().map_err(|_| wrong())
}

/// An amount from a pair of number and currency: text such as `"1250.50"`, or an int of the smallest unit.
fn amount(object: &Bound<'_, PyAny>) -> PyResult<Amount> {
    let wrong = || wrong_type(object, "an amount", "a pair such as (\"1250.50\", \"SGD\") or (125050, \"SGD\")");
    let (number, currency): (Bound<'_, PyAny>, String) = object.extract().map_err(|_| wrong())?;
    let currency = currency.parse().map_err(raise)?;
    if let Ok(decimal) = number.extract::<&str>() {
        return Amount::parse(decimal, currency).map_err(raise);
    }
    Amount::new(number.extract::<u64>().map_err(|_| wrong())?, currency).map_err(raise)
}

/// One sighting from a dict.
fn sighting(object: &Bound<'_, PyAny>) -> PyResult<Sighting> {
    let dict = object.cast::<PyDict>().map_err(|_| wrong_type(object, "a sighting", "a dict"))?;
    for (name, _) in dict.iter() {
        if !matches!(text(&name, "a field of a sighting")?, "hit_id" | "time" | "action" | "amount" | "reference") {
            return Err(PyValueError::new_err("a sighting has hit_id, time, action, amount and reference"));
        }
    }
    let needed =
        |name: &str| dict.get_item(name)?.ok_or_else(|| PyValueError::new_err(format!("a sighting without {name}")));
    let given = |name: &str| dict.get_item(name).map(|value| value.filter(|value| !value.is_none()));
    let action: SightingAction = text(&needed("action")?, "an action")?.parse().map_err(raise)?;
    let at = time(given("time")?.as_ref(), "time")?;
    let mut sighting = Sighting::new(hit_id(&needed("hit_id")?)?, at, action, &mut OsEntropy).map_err(raise)?;
    sighting.amount = given("amount")?.as_ref().map(amount).transpose()?;
    sighting.reference = optional(given("reference")?.as_ref(), "a reference")?.map(str::to_owned);
    Ok(sighting)
}

fn feed_of<'a, 'py>(object: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyFeed>> {
    object.cast::<PyFeed>().map_err(|_| wrong_type(object, "a feed", "a Feed"))
}

/// Signs sightings and seals them to the desk that a feed names; every file has the same length.
///
/// Each is a dict with `hit_id` and `action` (`frozen`, `reported`, `declined`, `none`), and optionally `time`, `amount` and `reference`.
#[pyfunction]
#[pyo3(signature = (sightings, /, *, feed, sign, now = None))]
pub(crate) fn seal_sightings<'py>(
    py: Python<'py>,
    sightings: &Bound<'py, PyAny>,
    feed: &Bound<'py, PyAny>,
    sign: &Bound<'py, PyAny>,
    now: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let items = keys::items(sightings, "sightings")?;
    let sightings = items.iter().map(sighting).collect::<PyResult<Vec<_>>>()?;
    let (feed, sender, now) = (feed_of(feed)?.get(), keys::signing(sign)?, time(now, "now")?);
    let file = py.detach(|| seal(&feed.0, &sightings, &sender, now, &mut OsEntropy)).map_err(raise)?;
    Ok(PyBytes::new(py, &file))
}

/// What a known member told the desk.
#[pyclass(name = "SightingReport", module = "bisik", frozen)]
pub(crate) struct PySightingReport(SightingReport);

#[pymethods]
impl PySightingReport {
    /// Opens a file with the desk's key, and verifies that a member signed it for this desk.
    #[staticmethod]
    #[pyo3(signature = (file, /, *, key, members))]
    fn open(file: &Bound<'_, PyAny>, key: &Bound<'_, PyAny>, members: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (file, secrets, members) =
            (bytes(file, "a file of sightings")?, keys::secrets(Some(key))?, keys::trust(members)?);
        let opened = UnverifiedSightings::open(file.as_ref(), &secrets).and_then(|opened| opened.verify(&members));
        opened.map(Self).map_err(raise)
    }

    /// The member's name in the desk's own store.
    #[getter]
    fn sender_name(&self) -> &str {
        &self.0.sender_name
    }

    /// The member's id, in hex.
    #[getter]
    fn sender(&self) -> String {
        self.0.sender.to_string()
    }

    /// The feed id.
    #[getter]
    fn feed(&self) -> &str {
        &self.0.feed
    }

    /// The epoch of the hit ids.
    #[getter]
    fn epoch(&self) -> u32 {
        self.0.epoch
    }

    /// The version that the member had at hand.
    #[getter]
    fn version(&self) -> u64 {
        self.0.version
    }

    /// The sightings, a dict each.
    #[getter]
    fn sightings<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.0.sightings.iter().map(|sighting| told(py, sighting)).collect()
    }

    fn __len__(&self) -> usize {
        self.0.sightings.len()
    }

    fn __repr__(&self) -> String {
        format!("<bisik.SightingReport of {} sightings from {:?}>", self.0.sightings.len(), self.0.sender_name)
    }
}

fn told<'py>(py: Python<'py>, sighting: &Sighting) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("id", hex(&sighting.id))?;
    dict.set_item("hit_id", hex(&sighting.hit_id))?;
    dict.set_item("time", sighting.time.seconds())?;
    dict.set_item("action", sighting.action.name())?;
    dict.set_item("amount", sighting.amount.map(|amount| (amount.minor, amount.currency.to_string())))?;
    dict.set_item("reference", sighting.reference.as_deref())?;
    Ok(dict)
}

/// A desk's memory of one feed's sightings: what counts, and what was seen before.
#[pyclass(name = "SightingLedger", module = "bisik", frozen)]
pub(crate) struct PySightingLedger(Mutex<SightingLedger>);

impl PySightingLedger {
    fn lock(&self) -> MutexGuard<'_, SightingLedger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PySightingLedger {
    /// An empty ledger for a feed, which knows this version of it.
    #[new]
    #[pyo3(signature = (feed, /))]
    fn new(feed: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Mutex::new(SightingLedger::new(&feed_of(feed)?.get().0))))
    }

    /// Reads a ledger's text.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let ledger = SightingLedger::parse(self::text(text, "a ledger's text")?).map_err(raise)?;
        Ok(Self(Mutex::new(ledger)))
    }

    /// The ledger as text: it must be on the disk before what it counts is shown.
    fn to_text(&self) -> String {
        self.lock().to_text()
    }

    /// Lets the ledger know another version of its feed. True if it was not known.
    #[pyo3(signature = (feed, /))]
    fn learn(&self, feed: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.lock().learn(&feed_of(feed)?.get().0).map_err(raise)
    }

    /// Takes what a member told: for each sighting None if it counts, or else why not: `replayed`, `copied`, `same-day`, `stale` or
    /// `not-yet-valid`. Store `to_text()` before what counts is shown.
    #[pyo3(signature = (report, /, *, now = None))]
    fn take(&self, report: &Bound<'_, PyAny>, now: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<Option<&'static str>>> {
        let report =
            report.cast::<PySightingReport>().map_err(|_| wrong_type(report, "a report", "a SightingReport"))?;
        let now = time(now, "now")?;
        let outcomes = self.lock().take(&report.get().0, now).map_err(raise)?;
        Ok(outcomes.iter().map(|outcome| outcome.as_ref().err().map(|error| error.kind().name())).collect())
    }

    /// The call list, whom to call about first at the head, a dict each.
    ///
    /// `entries` is the publisher's own list: pairs of kind and value, whose position is the `entry` of a call. Hit ids are found in the epochs of
    /// `feeds`, one feed or several; blind feeds need their keys in `oprf_key`. Values that cannot be read are passed over.
    #[pyo3(signature = (entries = None, /, *, feeds = None, oprf_key = None, region = None, bank = None, now = None))]
    #[allow(clippy::too_many_arguments, reason = "Python's arguments have names")]
    fn calls<'py>(
        &self,
        py: Python<'py>,
        entries: Option<&Bound<'py, PyAny>>,
        feeds: Option<&Bound<'py, PyAny>>,
        oprf_key: Option<&Bound<'py, PyAny>>,
        region: Option<&Bound<'py, PyAny>>,
        bank: Option<&Bound<'py, PyAny>>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let now = time(now, "now")?;
        let ledger = self.lock().clone();
        let mut joined = Joined::new();
        if let Some(entries) = entries {
            let Some(feeds) = feeds else {
                return Err(PyValueError::new_err("entries are joined with the feeds that list them"));
            };
            let feeds =
                if feeds.is_instance_of::<PyFeed>() { vec![feeds.clone()] } else { keys::items(feeds, "feeds")? };
            let oprf_keys = match oprf_key {
                Some(keys) => {
                    keys::items(keys, "OPRF keys")?.iter().map(blind_server::oprf_key).collect::<PyResult<Vec<_>>>()?
                }
                None => Vec::new(),
            };
            let mut finders = Vec::new();
            for feed in &feeds {
                let feed = &feed_of(feed)?.get().0;
                let wanted = ledger.hits(feed.manifest().epoch);
                let key = oprf_keys.iter().find(|key| key.epoch() == feed.manifest().epoch);
                finders.push(HitFinder::new(feed, key, wanted).map_err(raise)?);
            }
            let options = arguments::parse_options(region, false, bank, None)?;
            for (number, pair) in (0..).zip(entries.try_iter()?) {
                let pair = pair?;
                let wrong = |_| wrong_type(&pair, "an entry", "a pair of kind and value");
                let (kind, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract().map_err(wrong)?;
                let (kind, value) = (arguments::kind(&kind)?, text(&value, "a value")?);
                if let Ok(identifier) = Identifier::parse_first(kind, value, &options) {
                    for finder in &mut finders {
                        finder.add(number, &identifier).map_err(raise)?;
                    }
                }
            }
            for finder in finders {
                joined.join(finder.finish().map_err(raise)?);
            }
        }
        ledger.calls(&joined, now).iter().map(|call| shown(py, call)).collect()
    }

    fn __len__(&self) -> usize {
        self.lock().entries().len()
    }

    fn __repr__(&self) -> String {
        format!("<bisik.SightingLedger of {} sightings>", self.lock().entries().len())
    }
}

fn shown<'py>(py: Python<'py>, call: &Call) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("entry", call.entry)?;
    dict.set_item("score", call.score.total())?;
    let points = PyDict::new(py);
    points.set_item("recency", call.score.recency)?;
    points.set_item("members", call.score.senders)?;
    points.set_item("amount", call.score.amount)?;
    dict.set_item("points", points)?;
    dict.set_item("sightings", call.sightings)?;
    dict.set_item("members", call.senders.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let actions = PyDict::new(py);
    for (action, count) in &call.actions {
        actions.set_item(action.name(), count)?;
    }
    dict.set_item("actions", actions)?;
    let amounts = PyDict::new(py);
    for (currency, sum) in &call.amounts {
        amounts.set_item(currency.code(), sum)?;
    }
    dict.set_item("amounts", amounts)?;
    let days = PyDict::new(py);
    for (day, count) in &call.days {
        days.set_item(day.seconds(), count)?;
    }
    dict.set_item("days", days)?;
    dict.set_item("hits", call.hits.iter().map(|(epoch, hit)| (*epoch, hex(hit))).collect::<Vec<_>>())?;
    dict.set_item("first", call.first.seconds())?;
    dict.set_item("last", call.last.seconds())?;
    Ok(dict)
}
