//! Hits as CSV.

use std::io::{self, Write};

use bisik::{Claim, RecordState};
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
pub(super) fn header(out: &mut dyn Write, show_values: bool) -> io::Result<()> {
    let values: &[&str] = if show_values { &["value", "expression"] } else { &[] };
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(COLUMNS.iter().chain(values))?;
    send(out, writer)
}

/// Writes hits, a line each.
pub(super) fn write(out: &mut dyn Write, hits: &[HitLine<'_>], show_values: bool) -> io::Result<()> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let nothing = Claim::default();
    for hit in hits {
        let claim = match hit.record {
            RecordState::Opened(claim) => claim,
            RecordState::None | RecordState::Unreadable => &nothing,
        };
        let text = |text: &str| cell(text).into_owned();
        let optional = |field: &Option<String>| field.as_deref().map(text).unwrap_or_default();
        let time = |time: Option<bisik::Timestamp>| time.map(show_time).unwrap_or_default();
        let mut record = vec![
            text(hit.input),
            hit.row.to_string(),
            text(hit.id.unwrap_or_default()),
            hit.kind.name().to_owned(),
            hit.certainty_name().to_owned(),
            hit.rate().unwrap_or_default(),
            hit.matched.name().to_owned(),
            hit.matched_kind.name().to_owned(),
            text(hit.feed),
            hit.version.to_string(),
            text(hit.publisher),
            show_time(hit.expires),
            show_hex(&hit.hit_id),
            hit.record_name().to_owned(),
            optional(&claim.category),
            claim.confidence.map(|percent| percent.to_string()).unwrap_or_default(),
            time(claim.first_seen),
            time(claim.last_seen),
            time(claim.expires),
            optional(&claim.reference),
            optional(&claim.note),
        ];
        if show_values {
            let (value, expression) = hit.values.unwrap_or_default();
            record.extend([text(value), text(expression)]);
        }
        writer.write_record(&record)?;
    }
    send(out, writer)
}

/// The writer of `csv` hides what kind of error writing gave, so it only ever writes to memory.
fn send(out: &mut dyn Write, writer: Writer<Vec<u8>>) -> io::Result<()> {
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(&bytes)
}
