//! The input CSV again, with what was found in added columns. The row's own cells are left as they are.

use std::path::{Path, PathBuf};

use bisik::{Error, RecordState};
use csv::{ByteRecord, Writer, WriterBuilder};

use super::hits::HitLine;
use crate::escape::cell;
use crate::failure::{Failure, Result};
use crate::files::{Access, NewFile};
use crate::units::show_hex;

const COLUMNS: [&str; 10] = [
    "bisik_hits",
    "bisik_certainty",
    "bisik_matched",
    "bisik_matched_kind",
    "bisik_feed",
    "bisik_publisher",
    "bisik_expires",
    "bisik_category",
    "bisik_hit_id",
    "bisik_refused",
];

/// What a policy adds.
const VERDICT: [&str; 2] = ["bisik_verdict", "bisik_because"];

/// Writes the annotated copy.
pub(crate) struct Annotator {
    writer: Writer<NewFile>,
    path: PathBuf,
    width: usize,
    show_verdict: bool,
    left_out: u64,
}

impl Annotator {
    /// Begins the copy with the input's header and delimiter, and with columns for verdicts if there is a policy.
    pub(crate) fn new(path: &Path, header: &ByteRecord, delimiter: u8, show_verdict: bool) -> Result<Self> {
        let file = NewFile::create(path, Access::Owner)?;
        let writer = WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(file);
        let mut annotator = Self { writer, path: path.to_owned(), width: header.len(), show_verdict, left_out: 0 };
        let mut record = header.clone();
        let verdict: &[&str] = if show_verdict { &VERDICT } else { &[] };
        COLUMNS.iter().chain(verdict).for_each(|column| record.push_field(column.as_bytes()));
        annotator.write(&record)?;
        Ok(annotator)
    }

    /// Writes a row with its hits; several hits stand in one cell, joined by ` | `. The verdict is one for all of them.
    pub(crate) fn row(
        &mut self,
        cells: Option<&ByteRecord>,
        hits: &[HitLine<'_>],
        refused: Option<&Error>,
    ) -> Result<()> {
        let Some(cells) = cells.filter(|cells| !cells.is_empty()) else {
            self.left_out += 1;
            return Ok(());
        };
        let mut record = cells.clone();
        if record.iter().skip(self.width).any(|cell| !cell.is_empty()) {
            self.left_out += 1;
            return Ok(());
        }
        record.truncate(self.width);
        // Rows may be shorter than the header; the added cells must stand under their columns.
        while record.len() < self.width {
            record.push_field(b"");
        }
        let join = |part: &dyn Fn(&HitLine<'_>) -> String| {
            let parts: Vec<String> = hits.iter().map(part).collect();
            cell(&parts.join(" | ")).into_owned()
        };
        let added = [
            hits.len().to_string(),
            join(&|hit| hit.certainty_name().to_owned()),
            join(&|hit| hit.matched.name().to_owned()),
            join(&|hit| hit.matched_kind.name().to_owned()),
            join(&|hit| format!("{} v{}", hit.feed, hit.version)),
            join(&|hit| hit.publisher.to_owned()),
            join(&|hit| hit.expires.to_owned()),
            join(&|hit| match hit.record {
                RecordState::Opened(claim) => claim.category.clone().unwrap_or_default(),
                RecordState::None | RecordState::Unreadable => String::new(),
            }),
            join(&|hit| show_hex(&hit.hit_id)),
            refused.map(|error| error.kind().name().to_owned()).unwrap_or_default(),
        ];
        added.iter().for_each(|field| record.push_field(field.as_bytes()));
        if self.show_verdict {
            let verdict = hits.first().and_then(|hit| hit.verdict);
            record.push_field(verdict.map_or("", |verdict| verdict.action.name()).as_bytes());
            record.push_field(hits.first().map(HitLine::reasons).unwrap_or_default().as_bytes());
        }
        self.write(&record)
    }

    /// Completes the file; tells how many rows could not be repeated because they do not fit the header.
    pub(crate) fn commit(mut self) -> Result<u64> {
        self.writer.flush().map_err(|error| Failure::io(&self.path, &error))?;
        let file = self.writer.into_inner().map_err(|error| Failure::io(&self.path, error.error()))?;
        file.commit()?;
        Ok(self.left_out)
    }

    fn write(&mut self, record: &ByteRecord) -> Result<()> {
        self.writer
            .write_byte_record(record)
            .map_err(|error| Failure::new(bisik::ErrorKind::Io, error.to_string()).about(&self.path))
    }
}
