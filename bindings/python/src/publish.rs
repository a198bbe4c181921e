//! Publishing rows that Python hands over in chunks of columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use bisik::{
    Claim, Contact, Error, ErrorKind, Feed, Kind, OsEntropy, ParseOptions, Publication, PublishOptions, Publisher,
    Recipient, RecipientSecret, SetChoice, SigningFile, Timestamp, Tlp,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyTuple};

use crate::arguments::{self, bank_code, parse_options, text, time, upper, wrong_type};
use crate::blind_server;
use crate::errors::{out_of_range, raise};
use crate::feed::{PyFeed, Source, limit_of};
use crate::keys;
use crate::publication::{PyPublication, Reject};

/// A row that can be published, or its kind, if it had one, and why it cannot.
pub(crate) type ParsedRow = Result<Box<Row>, (Option<Kind>, ErrorKind)>;

/// Publishes what `chunks` yields: dicts of equally long lists, named as the columns of a list of indicators.
#[pyfunction]
#[pyo3(signature = (chunks, *, sign, feed, options, progress))]
pub(crate) fn publish_chunks(
    py: Python<'_>,
    chunks: &Bound<'_, PyAny>,
    sign: &Bound<'_, PyAny>,
    feed: &Bound<'_, PyAny>,
    options: &Bound<'_, PyDict>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyPublication> {
    if let Some(progress) = progress
        && !progress.is_callable()
    {
        return Err(wrong_type(progress, "progress", "something to call"));
    }
    let signing = keys::signing(sign)?;
    let given = Given(options);
    let now = time(given.get("now")?.as_ref(), "now")?;
    let publish = given.publish_options(text(feed, "feed")?, now)?;
    let accepted = given.kinds("accept_enumeration")?;
    let seal_to = given.get("seal_to")?;
    let recipients = keys::recipients(seal_to.as_ref())?;
    if seal_to.is_some() && recipients.is_empty() {
        return Err(PyValueError::new_err("seal_to names nobody: leave it out to publish an open feed"));
    }
    let records = publish.records;
    let defaults = Defaults {
        kind: given.get("kind")?.map(|kind| arguments::kind(&kind)).transpose()?,
        options: given.parse_options()?,
        records,
        now,
    };
    let previous = given.previous(py, &signing, now)?;
    let base = if given.flag("delta")? {
        let missing = || PyValueError::new_err("delta needs previous: the version that it leads from");
        Some(previous.clone().ok_or_else(missing)?)
    } else {
        None
    };
    let mut publisher = Publisher::new(&signing, publish, previous.as_deref(), &mut OsEntropy).map_err(raise)?;
    let mut rejects: Vec<Reject> = Vec::new();
    let mut rows = 0;
    for chunk in chunks.try_iter()? {
        let chunk = chunk?;
        let chunk =
            Chunk::read(chunk.cast::<PyDict>().map_err(|_| wrong_type(&chunk, "a chunk", "a dict"))?, rows, &defaults)?;
        let length = chunk.rows.len();
        let put = |kind, value: &str, options: &_, claim| publisher.add_raw(kind, value, options, claim);
        py.detach(|| add(chunk, rows, &defaults.options, &mut rejects, put)).map_err(raise)?;
        rows += length;
        if let Some(progress) = progress {
            progress.call1((length,))?;
        }
        py.check_signals()?;
    }
    if rows > 0 && publisher.added() == 0 {
        return Err(nothing_accepted(py, &rejects));
    }
    let sealed = !recipients.is_empty();
    let made = py.detach(|| {
        let publication = publisher.publish(&mut OsEntropy)?;
        let (bytes, delta) = out(&publication, base.as_deref(), &recipients, &accepted)?;
        Ok((bytes, delta, publication.manifest().clone(), *publication.digest(), publication.merged()))
    });
    let (bytes, delta, manifest, digest, merged) = made.map_err(|error: Error| raise(error))?;
    Ok(PyPublication::new(py, &bytes, delta.as_deref(), manifest, digest, sealed, rows, merged, rejects))
}

/// What leaves: the feed, and the delta from `base` if there is one; sealed if there is somebody to seal to.
pub(crate) fn out(
    publication: &Publication<'_>,
    base: Option<&Feed>,
    recipients: &[Recipient],
    accepted: &[Kind],
) -> Result<(Vec<u8>, Option<Vec<u8>>), Error> {
    let (mut bytes, mut delta) = (Vec::new(), Vec::new());
    if recipients.is_empty() {
        bytes.extend_from_slice(publication.open(accepted)?);
    } else {
        publication.seal(recipients, &mut OsEntropy, &mut bytes)?;
    }
    let Some(base) = base else { return Ok((bytes, None)) };
    let made = publication.delta(base)?;
    if recipients.is_empty() {
        delta.extend_from_slice(made.open(accepted)?);
    } else {
        made.seal(recipients, &mut OsEntropy, &mut delta)?;
    }
    Ok((bytes, Some(delta)))
}

/// The error that says that nothing is left, with the rejects that say why.
pub(crate) fn nothing_accepted(py: Python<'_>, rejects: &[Reject]) -> PyErr {
    let error = raise(ErrorKind::NothingAccepted);
    let listed: Vec<_> =
        rejects.iter().map(|(row, kind, reason)| (*row, kind.map(Kind::name), reason.name())).collect();
    if let Err(failed) = error.value(py).setattr("rejects", listed) {
        return failed;
    }
    error
}

/// Gives each row of a chunk to `put`, and keeps why it could not.
pub(crate) fn add(
    chunk: Chunk,
    first: usize,
    defaults: &ParseOptions,
    rejects: &mut Vec<Reject>,
    mut put: impl FnMut(Kind, &str, &ParseOptions, Claim) -> Result<(), Error>,
) -> Result<(), Error> {
    for (number, row) in (first..).zip(chunk.rows) {
        let Row { kind, value, options, claim } = match row {
            Ok(row) => *row,
            Err((kind, reason)) => {
                rejects.push((number, kind, reason));
                continue;
            }
        };
        match put(kind, &value, options.as_ref().unwrap_or(defaults), claim) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::TooManyEntries | ErrorKind::NoRandomness) => {
                return Err(error);
            }
            Err(error) => rejects.push((number, Some(kind), error.kind())),
        }
    }
    Ok(())
}

/// What holds for rows that do not say otherwise.
pub(crate) struct Defaults {
    pub(crate) kind: Option<Kind>,
    pub(crate) options: ParseOptions,
    pub(crate) records: bool,
    pub(crate) now: Timestamp,
}

pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) value: String,
    pub(crate) options: Option<ParseOptions>,
    claim: Claim,
}

/// Rows out of Python's hands.
pub(crate) struct Chunk {
    pub(crate) rows: Vec<ParsedRow>,
}

/// The lists of a chunk by name.
struct Columns<'py> {
    lists: BTreeMap<String, Bound<'py, PyList>>,
}

impl Chunk {
    pub(crate) fn read(chunk: &Bound<'_, PyDict>, first: usize, defaults: &Defaults) -> PyResult<Self> {
        let mut lists = BTreeMap::new();
        for (name, list) in chunk.iter() {
            let list =
                list.cast_into::<PyList>().map_err(|_| PyValueError::new_err("a column of a chunk must be a list"))?;
            lists.insert(text(&name, "a column's name")?.to_owned(), list);
        }
        let columns = Columns { lists };
        let length =
            columns.lists.get("value").map(|list| list.len()).ok_or_else(|| raise(ErrorKind::MissingColumn))?;
        let rows = (0..length).map(|at| columns.row(at, first + at, defaults)).collect::<PyResult<_>>()?;
        Ok(Self { rows })
    }
}

impl Columns<'_> {
    /// A row, or why there is none; only what is no row at all is an exception.
    fn row(&self, at: usize, number: usize, defaults: &Defaults) -> PyResult<ParsedRow> {
        let kind = match self.text("kind", at, number)? {
            Ok(None) => defaults.kind.ok_or(ErrorKind::UnknownKind),
            Ok(Some(name)) => name.trim().to_ascii_lowercase().parse().map_err(|error: Error| error.kind()),
            Err(reason) => Err(reason),
        };
        let kind = match kind {
            Ok(kind) => kind,
            Err(reason) => return Ok(Err((None, reason))),
        };
        Ok(self.rest(kind, at, number, defaults)?.map(Box::new).map_err(|reason| (Some(kind), reason)))
    }

    fn rest(&self, kind: Kind, at: usize, number: usize, defaults: &Defaults) -> PyResult<Result<Row, ErrorKind>> {
        // The inner `Result` refuses a row; the outer one is an exception.
        macro_rules! take {
            ($value:expr) => {
                match $value {
                    Ok(value) => value,
                    Err(reason) => return Ok(Err(reason)),
                }
            };
        }
        let Some(value) = take!(self.text("value", at, number)?) else { return Ok(Err(ErrorKind::Empty)) };
        let region = take!(self.text("region", at, number)?);
        let bank = take!(self.text("bank", at, number)?);
        let country = take!(self.text("country", at, number)?);
        let options = (region.is_some() || bank.is_some() || country.is_some()).then(|| {
            let mut options = defaults.options.clone();
            options.region = region.map_or(options.region, |region| Some(upper(&region)));
            if country.is_some() || bank.is_some() {
                options.country = country.map(|country| upper(&country));
            }
            options.bank = bank.map_or(options.bank, |bank| Some(bank_code(&bank)));
            options
        });
        let expires = take!(self.number("expires", at)?.map(|seconds| seconds.map(Timestamp::from_seconds)));
        let expires = take!(expires.transpose().map_err(|_| ErrorKind::InvalidClaim));
        if expires.is_some_and(|at| at <= defaults.now) {
            return Ok(Err(ErrorKind::InvalidClaim));
        }
        if !defaults.records {
            return Ok(Ok(Row { kind, value, options, claim: Claim::default() }));
        }
        let mut times = [None; 2];
        for (time, name) in times.iter_mut().zip(["first_seen", "last_seen"]) {
            let seconds = take!(self.number(name, at)?);
            *time = take!(seconds.map(Timestamp::from_seconds).transpose().map_err(|_| ErrorKind::InvalidClaim));
        }
        let [first_seen, last_seen] = times;
        let confidence = take!(self.number("confidence", at)?);
        let confidence = take!(confidence.map(u8::try_from).transpose().map_err(|_| ErrorKind::InvalidClaim));
        let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let claim = Claim {
            category: trimmed(take!(self.text("category", at, number)?)),
            confidence,
            first_seen,
            last_seen,
            expires,
            reference: trimmed(take!(self.text("reference", at, number)?)),
            note: trimmed(take!(self.text("note", at, number)?)),
        };
        Ok(Ok(Row { kind, value, options, claim }))
    }

    fn text(&self, name: &str, at: usize, number: usize) -> PyResult<Result<Option<String>, ErrorKind>> {
        let Some(list) = self.lists.get(name) else { return Ok(Ok(None)) };
        let item = list.get_item(at).map_err(|_| PyValueError::new_err("the columns differ in length"))?;
        if item.is_none() {
            return Ok(Ok(None));
        }
        let string = item
            .cast::<PyString>()
            .map_err(|_| wrong_type(&item, &format!("{name} of row {number}"), "str or None"))?;
        Ok(string.to_str().map(|text| Some(text.to_owned())).map_err(|_| ErrorKind::InvalidUtf8))
    }

    /// A number that is not negative; Python marks what it could not read by a negative one.
    fn number(&self, name: &str, at: usize) -> PyResult<Result<Option<u64>, ErrorKind>> {
        let Some(list) = self.lists.get(name) else { return Ok(Ok(None)) };
        let item = list.get_item(at).map_err(|_| PyValueError::new_err("the columns differ in length"))?;
        if item.is_none() {
            return Ok(Ok(None));
        }
        Ok(item.extract::<u64>().map(Some).map_err(|_| ErrorKind::InvalidClaim))
    }
}

/// The keyword arguments of `bisik.publish`, each absent or not `None`.
pub(crate) struct Given<'a, 'py>(pub(crate) &'a Bound<'py, PyDict>);

impl<'py> Given<'_, 'py> {
    pub(crate) fn get(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.0.get_item(name)?.filter(|value| !value.is_none()))
    }

    pub(crate) fn flag(&self, name: &str) -> PyResult<bool> {
        let Some(value) = self.get(name)? else { return Ok(false) };
        value.extract().map_err(|_| wrong_type(&value, name, "a bool"))
    }

    pub(crate) fn number(&self, name: &str) -> PyResult<Option<u64>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        value.extract().map(Some).map_err(|error| out_of_range(value.py(), error, name))
    }

    pub(crate) fn kinds(&self, name: &str) -> PyResult<Vec<Kind>> {
        let Some(value) = self.get(name)? else { return Ok(Vec::new()) };
        if value.is_instance_of::<PyString>() {
            return Ok(vec![arguments::kind(&value)?]);
        }
        let names = value.try_iter().map_err(|_| wrong_type(&value, name, "a list of kinds"))?;
        names.map(|name| arguments::kind(&name?)).collect()
    }

    pub(crate) fn parse_options(&self) -> PyResult<ParseOptions> {
        let (region, bank, country) = (self.get("region")?, self.get("bank")?, self.get("country")?);
        parse_options(region.as_ref(), self.flag("allow_unassigned")?, bank.as_ref(), country.as_ref())
    }

    fn publish_options(&self, feed: &str, now: Timestamp) -> PyResult<PublishOptions> {
        let mut options = PublishOptions::new(feed, now);
        if let Some(set) = self.get("set")? {
            options.set = text(&set, "set")?.parse::<SetChoice>().map_err(raise)?;
        }
        if let Some(tlp) = self.get("tlp")? {
            options.tlp = text(&tlp, "tlp")?.parse::<Tlp>().map_err(raise)?;
        }
        if let Some(purpose) = self.get("purpose")? {
            options.purpose = text(&purpose, "purpose")?.to_owned();
        }
        if let Some(rate) = self.number("fpr")? {
            options.rate = rate;
        }
        if let Some(seconds) = self.number("valid")? {
            options.valid_seconds = seconds;
        }
        options.records = self.flag("records")?;
        options.new_epoch = self.flag("new_epoch")?;
        options.guard = arguments::guard(self.get("guard")?.as_ref())?;
        options.contact = self.contact()?;
        options.at_least = self.at_least()?;
        options.blind = self.get("blind")?.map(|key| blind_server::oprf_key(&key)).transpose()?;
        Ok(options)
    }

    /// The lowest version and epoch, because lower ones may have been signed before.
    pub(crate) fn at_least(&self) -> PyResult<(u64, u32)> {
        let Some(value) = self.get("at_least")? else { return Ok((1, 1)) };
        let pair = value.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
        let pair = pair.ok_or_else(|| wrong_type(&value, "at_least", "a (version, epoch) pair"))?;
        let number = |place| {
            let item = pair.get_item(place)?;
            if item.is_instance_of::<PyBool>() {
                return Err(wrong_type(&item, "a number of at_least", "an int"));
            }
            item.extract::<u64>().map_err(|error| out_of_range(item.py(), error, "at_least"))
        };
        let epoch = u32::try_from(number(1)?).map_err(|_| PyValueError::new_err("at_least is out of range"))?;
        Ok((number(0)?, epoch))
    }

    fn contact(&self) -> PyResult<Option<Contact>> {
        let Some(value) = self.get("contact")? else { return Ok(None) };
        let dict = value.cast::<PyDict>().map_err(|_| wrong_type(&value, "contact", "a dict"))?;
        let mut contact = Contact::default();
        for (name, value) in dict.iter() {
            let field = match text(&name, "a field of contact")? {
                "name" => &mut contact.name,
                "desk" => &mut contact.desk,
                "hours" => &mut contact.hours,
                "recipient" => &mut contact.recipient,
                _ => return Err(PyValueError::new_err("contact has the fields name, desk, hours and recipient")),
            };
            *field = Some(text(&value, "a field of contact")?.to_owned());
        }
        Ok(Some(contact))
    }

    /// The version before: a feed, a path or bytes. It may have expired.
    pub(crate) fn previous(
        &self,
        py: Python<'_>,
        signing: &SigningFile,
        now: Timestamp,
    ) -> PyResult<Option<Arc<Feed>>> {
        let Some(value) = self.get("previous")? else { return Ok(None) };
        if let Ok(feed) = value.cast::<PyFeed>() {
            return Ok(Some(Arc::clone(&feed.get().0)));
        }
        let source = match value.cast::<PyPublication>() {
            Ok(publication) => Source::of(publication.get().bytes.bind(py))?,
            Err(_) => Source::of(&value)?,
        };
        let secrets: Vec<RecipientSecret> = keys::secrets(self.get("key")?.as_ref())?;
        let limit = limit_of(None)?;
        let feed = py.detach(|| source.read(&secrets, limit)?.verify_own(signing, now).map_err(raise))?;
        Ok(Some(Arc::new(feed)))
    }
}
