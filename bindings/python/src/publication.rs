//! A published feed as a Python object.

use std::collections::BTreeMap;

use bisik::{ErrorKind, Kind, KindExposure, Learner, Manifest, SetDescriptor, TokenScheme, exposure, learners};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods, PyDict};

use crate::errors::refuse_pickling;
use crate::feed::{hex, summary_html};
use crate::{files, tables};

/// A row that was refused: its number, its kind if that is known, and why.
pub(crate) type Reject = (usize, Option<Kind>, ErrorKind);

/// A feed as it was published: its bytes, and what became of the rows.
#[pyclass(name = "Publication", module = "bisik", frozen)]
pub(crate) struct PyPublication {
    /// The file: open or sealed.
    #[pyo3(get)]
    pub(crate) bytes: Py<PyBytes>,
    /// The delta from the version before, open or sealed like the file, if one was asked for.
    #[pyo3(get)]
    delta: Option<Py<PyBytes>>,
    /// The retractions as a signed file of their own, for members who can no longer open the feed; `bisik.revise` makes it.
    #[pyo3(get)]
    retractions: Option<Py<PyBytes>>,
    /// How many entries were taken out, those included that were listed because of another.
    #[pyo3(get)]
    withdrawn: u64,
    manifest: Manifest,
    digest: [u8; 32],
    sealed: bool,
    rows: usize,
    merged: u64,
    rejects: Vec<Reject>,
}

impl PyPublication {
    #[expect(clippy::too_many_arguments, reason = "the fields, from one place")]
    pub(crate) fn new(
        py: Python<'_>,
        bytes: &[u8],
        delta: Option<&[u8]>,
        manifest: Manifest,
        digest: [u8; 32],
        sealed: bool,
        rows: usize,
        merged: u64,
        rejects: Vec<Reject>,
    ) -> Self {
        let delta = delta.map(|delta| PyBytes::new(py, delta).unbind());
        let bytes = PyBytes::new(py, bytes).unbind();
        let (retractions, withdrawn) = (None, 0);
        Self { bytes, delta, retractions, withdrawn, manifest, digest, sealed, rows, merged, rejects }
    }

    /// With what was taken out, and word of it.
    pub(crate) fn telling(mut self, py: Python<'_>, retractions: &[u8], withdrawn: u64) -> Self {
        self.retractions = Some(PyBytes::new(py, retractions).unbind());
        self.withdrawn = withdrawn;
        self
    }

    fn exposures(&self) -> Vec<KindExposure> {
        let kinds = self
            .manifest
            .kinds
            .iter()
            .filter_map(|entry| Kind::from_number(entry.kind).map(|kind| (kind, entry.count)));
        kinds.flat_map(|(kind, count)| exposure(kind, count)).collect()
    }

    fn who(&self) -> [Learner; 3] {
        let blind = self.manifest.tokens != TokenScheme::Salted {};
        learners(blind, self.sealed, self.manifest.set != SetDescriptor::Tokens {})
    }
}

#[pymethods]
impl PyPublication {
    /// What was signed.
    #[getter]
    fn manifest<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        tables::manifest_dict(py, &self.manifest)
    }

    /// The feed digest, in hex.
    #[getter]
    fn digest(&self) -> String {
        hex(&self.digest)
    }

    /// Whether the file is sealed.
    #[getter]
    fn sealed(&self) -> bool {
        self.sealed
    }

    /// How many rows were read.
    #[getter]
    fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows repeated another one.
    #[getter]
    fn merged(&self) -> u64 {
        self.merged
    }

    /// How many entries the feed has, by kind.
    #[getter]
    fn counts(&self) -> BTreeMap<String, u64> {
        self.manifest.kinds.iter().map(|entry| (entry.name.clone(), entry.count)).collect()
    }

    /// The rows that were refused, as (row, kind or None, reason). Never the values.
    #[getter]
    fn rejects(&self) -> Vec<(usize, Option<&'static str>, &'static str)> {
        self.rejects.iter().map(|(row, kind, reason)| (*row, kind.map(Kind::name), reason.name())).collect()
    }

    /// What it costs to reverse the feed, by kind.
    fn exposure<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        tables::exposure_rows(py, &self.exposures())
    }

    /// Who can learn what from the feed.
    fn learners<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        tables::learner_rows(py, &self.who())
    }

    /// Writes the feed to a file, in place of an older one of that name.
    #[pyo3(signature = (path, /))]
    fn save(&self, py: Python<'_>, path: &Bound<'_, PyAny>) -> PyResult<()> {
        let path = files::path(path)?;
        let bytes = self.bytes.bind(py).as_bytes();
        py.detach(|| files::replace(&path, bytes))
    }

    /// The length of the file in bytes.
    fn __len__(&self, py: Python<'_>) -> usize {
        self.bytes.bind(py).as_bytes().len()
    }

    fn __repr__(&self) -> String {
        let Manifest { feed, version, count, .. } = &self.manifest;
        let envelope = if self.sealed { "sealed" } else { "open" };
        format!(
            "<bisik.Publication {feed} version {version}, {envelope}, {count} entries, {} rejects>",
            self.rejects.len()
        )
    }

    fn _repr_html_(&self) -> String {
        let envelope = if self.sealed { "sealed" } else { "open" };
        summary_html(&self.manifest, &self.manifest.name, envelope, &self.exposures(), &self.who())
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "save() it and name its file"))
    }
}
