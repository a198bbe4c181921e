//! Hits as CSV.

use std::borrow::Cow;
use std::io::{self, Write};

use bisik::{Claim, RecordState, Timestamp};
use csv::{Writer, WriterBuilder};

use super::hits::HitLine;
use crate::escape::cell;
use crate::units::{show_hex, show_time};

const COLUMNS: [&str; 21] = [
    "input",
    "row",
    "id",
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

/// Writes the header.
pub(super) fn header(out: &mut dyn Write, show_values: bool, show_verdict: bool) -> io::Result<()> {
    let verdict: &[&str] = if show_verdict { &["verdict", "because"] } else { &[] };
    let values: &[&str] = if show_values { &["value", "expression"] } else { &[] };
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(COLUMNS.iter().chain(verdict).chain(values))?;
    send(out, writer)
}

/// Writes hits, a line each.
pub(super) fn write(
    out: &mut dyn Write,
    hits: &[HitLine<'_>],
    show_values: bool,
    show_verdict: bool,
) -> io::Result<()> {
    let mut writer = WriterBuilder::new().from_writer(Vec::with_capacity(hits.len() * 128));
    let nothing = Claim::default();
    for hit in hits {
        let claim = match hit.record {
            RecordState::Opened(claim) => claim,
            RecordState::None | RecordState::Unreadable => &nothing,
        };
        let mut field = |text: &str| writer.write_field(text);
        field(&cell(hit.input))?;
        field(&hit.row.to_string())?;
        field(&cell(hit.id.unwrap_or_default()))?;
        field(hit.kind.name())?;
        field(hit.certainty_name())?;
        field(&hit.rate().unwrap_or_default())?;
        field(hit.matched.name())?;
        field(hit.matched_kind.name())?;
        field(&cell(hit.feed))?;
        field(&hit.version.to_string())?;
        field(&cell(hit.publisher))?;
        field(hit.expires)?;
        field(&show_hex(&hit.hit_id))?;
        field(hit.record_name())?;
        field(&optional(&claim.category))?;
        field(&claim.confidence.map(|percent| percent.to_string()).unwrap_or_default())?;
        field(&time(claim.first_seen))?;
        field(&time(claim.last_seen))?;
        field(&time(claim.expires))?;
        field(&optional(&claim.reference))?;
        field(&optional(&claim.note))?;
        if show_verdict {
            field(hit.verdict.map_or("", |verdict| verdict.action.name()))?;
            field(&hit.reasons())?;
        }
        if show_values {
            let (value, expression) = hit.values.unwrap_or_default();
            field(&cell(value))?;
            field(&cell(expression))?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    send(out, writer)
}

fn optional(text: &Option<String>) -> Cow<'_, str> {
    text.as_deref().map(cell).unwrap_or_default()
}

fn time(time: Option<Timestamp>) -> String {
    time.map(show_time).unwrap_or_default()
}

/// The writer of `csv` hides what kind of error writing gave, so it only ever writes to memory.
fn send(out: &mut dyn Write, writer: Writer<Vec<u8>>) -> io::Result<()> {
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(&bytes)
}
