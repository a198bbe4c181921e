//! Keys and cards as Python objects. Those that hold secrets show nothing of them and are not pickled.

use bisik::{Card, ErrorKind, KeySet, OsEntropy, Recipient, RecipientSecret, SigningFile, TrustStore};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use zeroize::Zeroizing;

use crate::arguments::{text, wrong_type};
use crate::errors::{raise, refuse_pickling};
use crate::files::{is_path, key_text, path, write_new};
use crate::trust;

/// A public card: a party's name, the keys it signs with, and where to seal things to.
#[pyclass(name = "Card", module = "bisik", frozen, eq)]
#[derive(PartialEq)]
pub(crate) struct PyCard(pub(crate) Card);

#[pymethods]
impl PyCard {
    /// Reads a card from its text.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        Card::parse(self::text(text, "a card's text")?).map(Self).map_err(raise)
    }

    /// Reads a card from its file.
    #[staticmethod]
    #[pyo3(signature = (path, /))]
    fn open(path: &Bound<'_, PyAny>) -> PyResult<Self> {
        card(path)
    }

    /// What the party calls itself.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The publisher id, in hex.
    #[getter]
    fn publisher(&self) -> String {
        self.0.publisher_id().map_or_else(String::new, |id| id.to_string())
    }

    /// The keys it signs with, as texts.
    #[getter]
    fn verifying_keys(&self) -> Vec<String> {
        self.0.verifying_keys.iter().map(ToString::to_string).collect()
    }

    /// Whom to seal to, as `age1…` texts.
    #[getter]
    fn recipients(&self) -> Vec<String> {
        self.0.recipients.iter().map(ToString::to_string).collect()
    }

    /// The card as a file.
    fn to_text(&self) -> String {
        self.0.to_text()
    }

    /// Writes the card to a new file.
    #[pyo3(signature = (path, /))]
    fn save(&self, path: &Bound<'_, PyAny>) -> PyResult<()> {
        write_new(&self::path(path)?, &self.0.to_text(), false)
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.0.to_text().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let id: String = self.publisher().chars().take(16).collect();
        format!("<bisik.Card {:?} publisher {id}…>", self.0.name)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().getattr("parse")?, (slf.get().to_text(),)))
    }
}

/// What a publisher signs with: secret, never leaves the publisher.
#[pyclass(name = "SigningFile", module = "bisik", frozen)]
pub(crate) struct PySigningFile(SigningFile);

#[pymethods]
impl PySigningFile {
    /// Reads a signing file from its text.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        SigningFile::parse(self::text(text, "a signing file's text")?).map(Self).map_err(raise)
    }

    /// Reads a signing file, which others must not be able to read.
    #[staticmethod]
    #[pyo3(signature = (path, /))]
    fn open(path: &Bound<'_, PyAny>) -> PyResult<Self> {
        signing(path).map(Self)
    }

    /// What the publisher calls itself.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The public card that goes with it.
    #[getter]
    fn card(&self) -> PyCard {
        PyCard(self.0.card())
    }

    /// The file's text: a secret.
    fn to_text<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, &self.0.to_text())
    }

    fn __repr__(&self) -> String {
        format!("<bisik.SigningFile {:?}, secret>", self.0.name)
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "name its file on each worker"))
    }
}

/// What opens sealed feeds: an age identity, secret.
#[pyclass(name = "RecipientSecret", module = "bisik", frozen)]
pub(crate) struct PyRecipientSecret(RecipientSecret);

#[pymethods]
impl PyRecipientSecret {
    /// Reads the one `AGE-SECRET-KEY-1…` line of a text.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn parse(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        one(RecipientSecret::parse_list(self::text(text, "a recipient secret's text")?).map_err(raise)?)
    }

    /// Reads a file with one secret, which others must not be able to read.
    #[staticmethod]
    #[pyo3(signature = (path, /))]
    fn open(path: &Bound<'_, PyAny>) -> PyResult<Self> {
        one(RecipientSecret::parse_list(&key_text(path, true)?).map_err(raise)?)
    }

    /// Whom to seal to so that this secret opens it: `age1…`.
    #[getter]
    fn recipient(&self) -> String {
        self.0.recipient().to_string()
    }

    /// The secret's text.
    fn to_text<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, &self.0.to_text())
    }

    fn __repr__(&self) -> String {
        format!("<bisik.RecipientSecret of {}>", self.0.recipient())
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "name its file on each worker"))
    }
}

fn one(secrets: Vec<RecipientSecret>) -> PyResult<PyRecipientSecret> {
    let mut secrets = secrets.into_iter();
    match (secrets.next(), secrets.next()) {
        (Some(secret), None) => Ok(PyRecipientSecret(secret)),
        _ => Err(raise(bisik::Error::new(ErrorKind::BadKey, "the text holds more than one secret"))),
    }
}

/// A party's keys: one that signs, one that opens, and the card that goes with them.
#[pyclass(name = "KeySet", module = "bisik", frozen)]
pub(crate) struct PyKeySet(KeySet);

#[pymethods]
impl PyKeySet {
    /// What signs feeds: secret.
    #[getter]
    fn signing(&self) -> PyResult<PySigningFile> {
        SigningFile::parse(&self.0.signing.to_text()).map(PySigningFile).map_err(raise)
    }

    /// What opens sealed feeds: secret.
    #[getter]
    fn recipient(&self) -> PyRecipientSecret {
        PyRecipientSecret(self.0.recipient.clone())
    }

    /// The public card.
    #[getter]
    fn card(&self) -> PyCard {
        PyCard(self.0.card())
    }

    /// Writes PREFIX.sign and PREFIX.key, readable by their owner alone, and PREFIX.pub. Nothing is overwritten.
    #[pyo3(signature = (prefix, /))]
    fn save(&self, prefix: &Bound<'_, PyAny>) -> PyResult<()> {
        let prefix = path(prefix)?;
        let mut identity = Zeroizing::new(String::with_capacity(256));
        identity.push_str("# bisik recipient key, an age identity: secret\n# public: ");
        identity.push_str(&self.0.recipient.recipient().to_string());
        identity.push('\n');
        identity.push_str(&self.0.recipient.to_text());
        identity.push('\n');
        let card = Zeroizing::new(self.0.card().to_text());
        let files = [(".sign", self.0.signing.to_text(), true), (".key", identity, true), (".pub", card, false)];
        let targets: Vec<_> = files
            .iter()
            .map(|(ending, ..)| {
                let mut name = prefix.clone().into_os_string();
                name.push(ending);
                std::path::PathBuf::from(name)
            })
            .collect();
        if targets.iter().any(|target| target.symlink_metadata().is_ok()) {
            return Err(raise(ErrorKind::AlreadyExists));
        }
        for (target, (_, text, secret)) in targets.iter().zip(&files) {
            write_new(target, text, *secret)?;
        }
        Ok(())
    }

    fn __repr__(&self) -> String {
        format!("<bisik.KeySet {:?}, secret>", self.0.signing.name)
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "save() it and name its files on each worker"))
    }
}

/// Fresh keys for a party of this name, 1 to 128 characters.
#[pyfunction]
#[pyo3(signature = (name, /))]
pub(crate) fn keygen(name: &Bound<'_, PyAny>) -> PyResult<PyKeySet> {
    KeySet::generate(text(name, "a name")?, &mut OsEntropy).map(PyKeySet).map_err(raise)
}

/// A card given as object, text or path.
pub(crate) fn card(object: &Bound<'_, PyAny>) -> PyResult<PyCard> {
    if let Ok(card) = object.cast::<PyCard>() {
        return Ok(PyCard(card.get().0.clone()));
    }
    if let Ok(keys) = object.cast::<PyKeySet>() {
        return Ok(PyCard(keys.get().0.card()));
    }
    if let Ok(signing) = object.cast::<PySigningFile>() {
        return Ok(PyCard(signing.get().0.card()));
    }
    Card::parse(&key_text(object, false)?).map(PyCard).map_err(raise)
}

/// A signing file given as object, text or path.
pub(crate) fn signing(object: &Bound<'_, PyAny>) -> PyResult<SigningFile> {
    let text = if let Ok(keys) = object.cast::<PyKeySet>() {
        keys.get().0.signing.to_text()
    } else if let Ok(signing) = object.cast::<PySigningFile>() {
        signing.get().0.to_text()
    } else {
        key_text(object, true)?
    };
    SigningFile::parse(&text).map_err(raise)
}

/// Recipient secrets given as one object, text or path, or as several.
pub(crate) fn secrets(object: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<RecipientSecret>> {
    let mut secrets = Vec::new();
    let Some(object) = object else { return Ok(secrets) };
    for item in items(object, "key")? {
        if let Ok(secret) = item.cast::<PyRecipientSecret>() {
            secrets.push(secret.get().0.clone());
        } else if let Ok(keys) = item.cast::<PyKeySet>() {
            secrets.push(keys.get().0.recipient.clone());
        } else {
            secrets.append(&mut RecipientSecret::parse_list(&key_text(&item, true)?).map_err(raise)?);
        }
    }
    Ok(secrets)
}

/// Recipients given as cards, `age1…` texts or paths of either.
pub(crate) fn recipients(object: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<Recipient>> {
    let mut recipients = Vec::new();
    let Some(object) = object else { return Ok(recipients) };
    for item in items(object, "seal_to")? {
        if is_path(&item)? {
            let text = key_text(&item, false)?;
            if text.lines().any(|line| line.starts_with("name:")) {
                recipients.append(&mut addressed(Card::parse(&text).map_err(raise)?)?);
            } else {
                recipients.append(&mut Recipient::parse_list(&text).map_err(raise)?);
            }
        } else {
            recipients.append(&mut addressed(card(&item)?.0)?);
        }
    }
    Ok(recipients)
}

fn addressed(card: Card) -> PyResult<Vec<Recipient>> {
    if card.recipients.is_empty() {
        return Err(raise(bisik::Error::new(ErrorKind::BadKey, "the card has no recipient to seal to")));
    }
    Ok(card.recipients)
}

/// Trust given as cards and stores, or as a mapping from cards to the feed ids that each is trusted for.
pub(crate) fn trust(object: &Bound<'_, PyAny>) -> PyResult<TrustStore> {
    let mut store = TrustStore::new();
    if let Ok(mapping) = object.cast::<PyDict>() {
        for (publisher, feeds) in mapping.iter() {
            let feeds = match feeds.cast::<PyString>() {
                Ok(feed) => vec![text(feed.as_any(), "a feed id")?.to_owned()],
                Err(_) => {
                    let names = feeds
                        .try_iter()
                        .map_err(|_| wrong_type(&feeds, "the feeds of a card", "a list of feed ids"))?;
                    names.map(|name| text(&name?, "a feed id").map(str::to_owned)).collect::<PyResult<_>>()?
                }
            };
            let feeds: Vec<&str> = feeds.iter().map(String::as_str).collect();
            store.add_card_for(&card(&publisher)?.0, &feeds).map_err(raise)?;
        }
        return Ok(store);
    }
    for item in items(object, "trust")? {
        match trust::store(&item) {
            Some(other) => trust::join(&mut store, other)?,
            None => store.add_card(&card(&item)?.0).map_err(raise)?,
        }
    }
    Ok(store)
}

/// One thing, or a list or tuple of things.
pub(crate) fn items<'py>(object: &Bound<'py, PyAny>, what: &str) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return object.try_iter()?.collect();
    }
    if object.is_none() {
        return Err(wrong_type(object, what, "keys or cards"));
    }
    Ok(vec![object.clone()])
}
