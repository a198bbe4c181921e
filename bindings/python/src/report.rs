//! What a column gave: hits and refused rows, without raw values.

use std::collections::BTreeMap;
use std::sync::Arc;

use bisik::{Certainty, Claim, ErrorKind, Feed, Hit, Kind, Matcher, RecordState};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::errors::refuse_pickling;
use crate::feed::hex;
use crate::html;
use crate::kinds::Kinds;

/// How many hits a notebook shows.
const SHOWN: usize = 20;

/// The hits of a column, and the rows that could not be looked up.
#[pyclass(name = "Report", module = "bisik", frozen)]
pub(crate) struct PyReport {
    matcher: Arc<Matcher>,
    kinds: Kinds,
    rows: usize,
    missing: usize,
    hits: Vec<Hit>,
    rejected: Vec<(usize, ErrorKind)>,
}

impl PyReport {
    pub(crate) fn new(
        matcher: Arc<Matcher>,
        kinds: Kinds,
        rows: usize,
        missing: usize,
        hits: Vec<Hit>,
        mut rejected: Vec<(usize, ErrorKind)>,
    ) -> Self {
        rejected.sort_by_key(|(row, _)| *row);
        Self { matcher, kinds, rows, missing, hits, rejected }
    }

    /// The hits of one row after the other, with the row's kind.
    pub(crate) fn by_row(&self) -> impl Iterator<Item = (usize, Option<Kind>, &[Hit])> {
        let rows = self.hits.chunk_by(|one, other| one.index == other.index);
        rows.filter_map(|hits| hits.first().map(|hit| (hit.index, self.kinds.at(hit.index), hits)))
    }

    /// The feeds that the hits are of.
    pub(crate) fn feeds(&self) -> &[Arc<Feed>] {
        self.matcher.feeds()
    }

    fn dict<'py>(&self, py: Python<'py>, hit: &Hit, expressions: bool) -> PyResult<Bound<'py, PyDict>> {
        let row = PyDict::new(py);
        for (name, value) in self.fields(py, hit, expressions)? {
            row.set_item(name, value)?;
        }
        Ok(row)
    }

    /// Name and value of each field of a hit, the same names for every hit.
    fn fields<'py>(
        &self,
        py: Python<'py>,
        hit: &Hit,
        expressions: bool,
    ) -> PyResult<Vec<(&'static str, Bound<'py, PyAny>)>> {
        let feed = self.matcher.feeds().get(hit.feed);
        let manifest = feed.map(|feed| feed.manifest());
        let (certainty, rate) = match hit.certainty {
            Certainty::Exact => ("exact", None),
            Certainty::Probable { false_positive_rate } => ("probable", Some(false_positive_rate as f64 / 1e15)),
        };
        let nothing = Claim::default();
        let (record, claim) = match &hit.record {
            RecordState::None => ("none", &nothing),
            RecordState::Opened(claim) => ("opened", claim),
            RecordState::Unreadable => ("unreadable", &nothing),
        };
        let mut fields = Vec::with_capacity(20);
        macro_rules! put {
            ($($name:literal: $value:expr),* $(,)?) => { $(fields.push(($name, $value.into_pyobject(py)?.into_any()));)* };
        }
        put!(
            "row": hit.index,
            "kind": self.kinds.name(hit.index),
            "certainty": certainty,
            "false_positive_rate": rate,
            "matched": hit.matched.name(),
            "matched_kind": hit.matched_kind.name(),
            "feed": manifest.map(|manifest| manifest.feed.as_str()),
            "version": manifest.map(|manifest| manifest.version),
            "publisher": feed.map(|feed| feed.publisher_name()),
            "expires": manifest.map(|manifest| manifest.expires.seconds()),
            "hit_id": hex(&hit.hit_id),
            "record": record,
            "category": claim.category.as_deref(),
            "confidence": claim.confidence,
            "first_seen": claim.first_seen.map(|time| time.seconds()),
            "last_seen": claim.last_seen.map(|time| time.seconds()),
            "entry_expires": claim.expires.map(|time| time.seconds()),
            "reference": claim.reference.as_deref(),
            "note": claim.note.as_deref(),
        );
        if expressions {
            put!("expression": hit.expression.as_str());
        }
        Ok(fields)
    }
}

#[pymethods]
impl PyReport {
    /// How many rows were looked at.
    #[getter]
    fn rows(&self) -> usize {
        self.rows
    }

    /// How many of them were missing values.
    #[getter]
    fn missing(&self) -> usize {
        self.missing
    }

    /// The hits, a dict each, without the values that hit.
    #[getter]
    fn hits<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.to_dicts(py, false)
    }

    /// The rows that could not be looked up, as (row, kind, reason); one that the guard list suppressed says `guarded`. The
    /// kind is `None` if the row's own was not known.
    #[getter]
    fn rejected(&self) -> Vec<(usize, Option<&'static str>, &'static str)> {
        self.rejected.iter().map(|(row, reason)| (*row, self.kinds.name(*row), reason.name())).collect()
    }

    /// How many rows were refused for which reason.
    #[getter]
    fn rejected_counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (_, reason) in &self.rejected {
            *counts.entry(reason.name()).or_default() += 1;
        }
        counts
    }

    /// The hits, a dict each. `expressions` adds what was listed: as sensitive as the values themselves.
    #[pyo3(signature = (*, expressions = false))]
    fn to_dicts<'py>(&self, py: Python<'py>, expressions: bool) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.hits.iter().map(|hit| self.dict(py, hit, expressions)).collect()
    }

    /// The hits by column, as data frames are made of them. `expressions` as for `to_dicts`.
    #[pyo3(signature = (*, expressions = false))]
    fn to_columns<'py>(&self, py: Python<'py>, expressions: bool) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for name in COLUMNS.iter().copied().chain(expressions.then_some("expression")) {
            columns.set_item(name, PyList::empty(py))?;
        }
        for hit in &self.hits {
            for (name, value) in self.fields(py, hit, expressions)? {
                if let Some(column) = columns.get_item(name)? {
                    column.cast::<PyList>()?.append(value)?;
                }
            }
        }
        Ok(columns)
    }

    /// The number of hits.
    fn __len__(&self) -> usize {
        self.hits.len()
    }

    fn __repr__(&self) -> String {
        let (rows, hits, missing, rejected) = (self.rows, self.hits.len(), self.missing, self.rejected.len());
        let kind = match &self.kinds {
            Kinds::One(kind) => kind.name(),
            Kinds::Each(_) => "mixed",
        };
        format!("<bisik.Report of {rows} {kind} rows: {hits} hits, {rejected} rejected, {missing} missing>")
    }

    fn _repr_html_(&self) -> String {
        let mut page = String::from("<h4>Report</h4>");
        let counts = [
            ("rows", self.rows),
            ("hits", self.hits.len()),
            ("rejected", self.rejected.len()),
            ("missing", self.missing),
        ]
        .map(|(name, count)| (name, count.to_string()));
        html::pairs(&mut page, counts.iter().map(|(name, count)| (*name, count.as_str())));
        let hits = self.hits.iter().take(SHOWN).map(|hit| {
            let feed = self.matcher.feeds().get(hit.feed);
            let certainty = if hit.certainty == Certainty::Exact { "exact" } else { "probable" };
            let category = match &hit.record {
                RecordState::Opened(claim) => claim.category.clone().unwrap_or_default(),
                RecordState::None | RecordState::Unreadable => String::new(),
            };
            [
                hit.index.to_string(),
                hit.matched.name().to_owned(),
                certainty.to_owned(),
                feed.map_or_else(String::new, |feed| feed.manifest().feed.clone()),
                feed.map_or_else(String::new, |feed| feed.publisher_name().to_owned()),
                category,
            ]
        });
        html::table(&mut page, ["row", "matched", "certainty", "feed", "publisher", "category"], hits);
        if self.hits.len() > SHOWN {
            page.push_str(&format!("<p>and {} more</p>", self.hits.len() - SHOWN));
        }
        let reasons = self.rejected_counts().into_iter().map(|(reason, count)| [reason.to_owned(), count.to_string()]);
        html::table(&mut page, ["rejected because", "rows"], reasons);
        page
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(refuse_pickling(&slf.get_type(), "pickle its to_dicts() if you may"))
    }
}

/// The fields of a hit, in order.
const COLUMNS: [&str; 19] = [
    "row",
    "kind",
    "certainty",
    "false_positive_rate",
    "matched",
    "matched_kind",
    "feed",
    "version",
    "publisher",
    "expires",
    "hit_id",
    "record",
    "category",
    "confidence",
    "first_seen",
    "last_seen",
    "entry_expires",
    "reference",
    "note",
];
