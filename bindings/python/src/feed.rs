//! Verified feeds as Python objects.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use bisik::{ErrorKind, Feed, KindExposure, Learner, Manifest, RecipientSecret, Threads, UnverifiedFeed};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyBytes, PyDict};

use crate::arguments::{time, wrong_type};
use crate::errors::{out_of_range, raise, refuse_pickling};
use crate::{files, html, keys, tables};

/// The most that a feed may have after opening, unless the caller says otherwise: 16 GiB.
pub(crate) const DEFAULT_LIMIT: u64 = 1 << 34;

/// Where a feed's bytes are.
pub(crate) enum Source {
    Path(PathBuf),
    Bytes(PyBackedBytes),
}

impl Source {
    /// A path, or bytes in memory.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBytes>() || object.is_instance_of::<PyByteArray>() {
            return object.extract().map(Self::Bytes).map_err(PyErr::from);
        }
        if files::is_path(object)? {
            return files::path(object).map(Self::Path);
        }
        if object.is_instance_of::<pyo3::types::PyMemoryView>() {
            return object.call_method0("tobytes")?.extract().map(Self::Bytes).map_err(PyErr::from);
        }
        Err(wrong_type(object, "a feed", "a path or bytes"))
    }

    /// Reads without verifying. Takes long for large feeds: call it detached.
    pub(crate) fn read(self, secrets: &[RecipientSecret], limit: u64) -> PyResult<UnverifiedFeed> {
        // More threads than that have to wait for the file and the memory.
        let threads = Arc::new(Threads::new(0).at_most(8));
        match self {
            Self::Path(path) => UnverifiedFeed::read_with(files::open(&path)?, secrets, limit, threads).map_err(raise),
            Self::Bytes(bytes) if bytes.len() as u64 > limit && secrets.is_empty() => {
                Err(raise(ErrorKind::LimitExceeded))
            }
            Self::Bytes(bytes) if secrets.is_empty() => {
                UnverifiedFeed::from_bytes(bytes).map(|feed| feed.with_executor(threads)).map_err(raise)
            }
            Self::Bytes(bytes) => UnverifiedFeed::read_with(bytes.as_ref(), secrets, limit, threads).map_err(raise),
        }
    }
}

/// A feed whose signature, hashes and times were verified: made by `Feed.open` alone.
#[pyclass(name = "Feed", module = "bisik", frozen)]
pub(crate) struct PyFeed(pub(crate) Arc<Feed>);

#[pymethods]
impl PyFeed {
    /// Reads and verifies a feed, open or sealed, from a path or from bytes.
    #[staticmethod]
    #[pyo3(signature = (source, /, *, trust, key = None, now = None, limit = None))]
    fn open(
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        trust: &Bound<'_, PyAny>,
        key: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
        limit: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let source = Source::of(source)?;
        let trust = keys::trust(trust)?;
        let secrets = keys::secrets(key)?;
        let now = time(now, "now")?;
        let limit = limit_of(limit)?;
        let verified = py.detach(|| source.read(&secrets, limit)?.verify(&trust, now).map_err(raise));
        Ok(Self(Arc::new(verified?)))
    }

    /// What the publisher signed.
    #[getter]
    fn manifest<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        tables::manifest_dict(py, self.0.manifest())
    }

    /// The publisher's name on the card that you trust.
    #[getter]
    fn publisher_name(&self) -> &str {
        self.0.publisher_name()
    }

    /// The feed digest, in hex.
    #[getter]
    fn digest(&self) -> String {
        hex(self.0.digest())
    }

    /// Whether the file was sealed.
    #[getter]
    fn sealed(&self) -> bool {
        self.0.sealed()
    }

    /// Writes the feed, without an envelope, to a file that its owner alone can read: as secret as the envelope made it.
    #[pyo3(signature = (path, /))]
    fn save(&self, py: Python<'_>, path: &Bound<'_, PyAny>) -> PyResult<()> {
        let path = files::path(path)?;
        py.detach(|| files::replace_secret(&path, self.0.bytes()))
    }

    /// What it costs to reverse the feed, by kind.
    fn exposure<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        tables::exposure_rows(py, &self.0.exposure())
    }

    /// Who can learn what from the feed.
    fn learners<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        tables::learner_rows(py, &self.0.learners())
    }

    /// The number of entries.
    fn __len__(&self) -> usize {
        usize::try_from(self.0.manifest().count).unwrap_or(usize::MAX)
    }

    /// Always true: an empty feed is a feed.
    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        let manifest = self.0.manifest();
        let (feed, version, count) = (&manifest.feed, manifest.version, manifest.count);
        format!("<bisik.Feed {feed} version {version} of {:?}, {count} entries>", self.0.publisher_name())
    }

    fn _repr_html_(&self) -> String {
        let manifest = self.0.manifest();
        let envelope = if self.0.sealed() { "sealed" } else { "open" };
        summary_html(manifest, self.0.publisher_name(), envelope, &self.0.exposure(), &self.0.learners())
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "open the feed's file on each worker"))
    }
}

/// What can be said of a feed file before anything in it is verified: sizes and key ids.
#[pyfunction]
#[pyo3(signature = (source, /, *, key = None, limit = None))]
pub(crate) fn outline<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    key: Option<&Bound<'py, PyAny>>,
    limit: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let source = Source::of(source)?;
    let secrets = keys::secrets(key)?;
    let limit = limit_of(limit)?;
    let unverified = py.detach(|| source.read(&secrets, limit))?;
    let outline = unverified.outline();
    let dict = PyDict::new(py);
    dict.set_item("sealed", outline.sealed)?;
    dict.set_item("format_version", outline.format_version)?;
    dict.set_item("file_length", outline.file_length)?;
    dict.set_item("manifest_length", outline.manifest_length)?;
    dict.set_item("key_ids", outline.key_ids.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Ok(dict)
}

pub(crate) fn limit_of(limit: Option<&Bound<'_, PyAny>>) -> PyResult<u64> {
    let Some(limit) = limit else { return Ok(DEFAULT_LIMIT) };
    if limit.is_instance_of::<pyo3::types::PyBool>() || !limit.is_instance_of::<pyo3::types::PyInt>() {
        return Err(PyTypeError::new_err("limit must be a number of bytes"));
    }
    let bytes: i128 = limit.extract().map_err(|error| out_of_range(limit.py(), error, "limit"))?;
    u64::try_from(bytes).map_err(|_| PyValueError::new_err("limit is out of range"))
}

/// The table that notebooks show for feeds and publications.
pub(crate) fn summary_html(
    manifest: &Manifest,
    publisher: &str,
    envelope: &str,
    exposure: &[KindExposure],
    learners: &[Learner],
) -> String {
    let rate = manifest.set.rate();
    let set = match rate {
        0 => "exact tokens".to_owned(),
        _ => format!("{} filter, false-positive rate {:e}", manifest.set.name(), rate as f64 / 1e15),
    };
    let facts = [
        ("publisher", publisher.to_owned()),
        ("entries", manifest.count.to_string()),
        ("set", set),
        ("envelope", envelope.to_owned()),
        ("records", if manifest.record_size > 0 { "yes" } else { "no" }.to_owned()),
        ("TLP", manifest.tlp.name().to_owned()),
        ("purpose", manifest.purpose.clone()),
    ];
    let mut page = format!("<h4>{} version {}</h4>", html::escape(&manifest.feed), manifest.version);
    html::pairs(&mut page, facts.iter().map(|(name, value)| (*name, value.as_str())));
    let rows = exposure.iter().map(|row| {
        let (candidates, core, device) = (row.candidates, row.core_seconds, row.device_seconds);
        [
            row.kind.name().to_owned(),
            row.count.to_string(),
            row.scope.to_owned(),
            format!("{candidates:.3e}"),
            seconds(core),
            seconds(device),
        ]
    });
    html::table(&mut page, ["kind", "entries", "who tries", "candidates", "one core", "one graphics card"], rows);
    html::table(&mut page, ["who", "can learn"], learners.iter().map(|row| [row.who.to_owned(), row.what.to_owned()]));
    page
}

fn seconds(seconds: f64) -> String {
    match seconds {
        ..0.1 => "under 0.1 s".to_owned(),
        ..120.0 => format!("{seconds:.1} s"),
        ..7_200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3_600.0),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}
