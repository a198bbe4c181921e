//! One hit with everything that is said about it, and the printer that says it.

use bisik::{Certainty, Claim, Kind, Matched, RecordState, Verdict};

use super::table::{Align, Grid};
use super::{csv, jsonl};
use crate::args::Format;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::units::{show_rate, show_time};

/// How many hits a table holds before it is printed and a new one begun.
const TABLE_ROWS: usize = 10_000;

/// A hit and where it was found.
pub(crate) struct HitLine<'a> {
    pub(crate) input: &'a str,
    pub(crate) row: u64,
    pub(crate) id: Option<&'a str>,
    pub(crate) kind: Kind,
    pub(crate) certainty: Certainty,
    pub(crate) matched: Matched,
    pub(crate) matched_kind: Kind,
    pub(crate) feed: &'a str,
    pub(crate) epoch: u32,
    pub(crate) version: u64,
    pub(crate) publisher: &'a str,
    /// The feed's end, as [`show_time`] writes it.
    pub(crate) expires: &'a str,
    pub(crate) hit_id: [u8; 16],
    pub(crate) record: &'a RecordState,
    /// What the policy says of all hits of this row, if there is a policy.
    pub(crate) verdict: Option<&'a Verdict>,
    /// The raw value and the expression that matched; only if they were asked for.
    pub(crate) values: Option<(&'a str, &'a str)>,
}

impl HitLine<'_> {
    pub(super) fn certainty_name(&self) -> &'static str {
        match self.certainty {
            Certainty::Exact => "exact",
            Certainty::Probable { .. } => "probable",
        }
    }

    /// The false-positive rate of a probable hit, as text such as `1e-9`.
    pub(super) fn rate(&self) -> Option<String> {
        match self.certainty {
            Certainty::Exact => None,
            Certainty::Probable { false_positive_rate } => Some(show_rate(false_positive_rate)),
        }
    }

    /// The policy's reasons in words.
    pub(super) fn reasons(&self) -> String {
        let reasons = self.verdict.map(|verdict| verdict.reasons.as_slice()).unwrap_or_default();
        reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    pub(super) fn record_name(&self) -> &'static str {
        match self.record {
            RecordState::None => "none",
            RecordState::Opened(_) => "opened",
            RecordState::Unreadable => "unreadable",
        }
    }
}

/// Prints hits in one format.
pub(crate) struct Printer {
    format: Format,
    show_values: bool,
    show_input: bool,
    show_id: bool,
    show_verdict: bool,
    begun: bool,
    table: Option<Grid>,
}

impl Printer {
    /// A printer; `show_input` and `show_id` add these columns to tables.
    pub(crate) fn new(format: Format, show_values: bool, show_input: bool, show_id: bool) -> Self {
        Self { format, show_values, show_input, show_id, show_verdict: false, begun: false, table: None }
    }

    /// The same, with what a policy says of each hit.
    pub(crate) fn with_verdicts(mut self, show: bool) -> Self {
        self.show_verdict = show;
        self
    }

    /// Prints these hits.
    pub(crate) fn print(&mut self, console: &mut Console, hits: &[HitLine<'_>]) -> Result<()> {
        self.begin(console)?;
        match self.format {
            Format::Csv => csv::write(&mut console.out, hits, self.show_values, self.show_verdict)
                .map_err(|error| Failure::stream(&error)),
            Format::Jsonl => jsonl::write(&mut console.out, hits).map_err(|error| Failure::stream(&error)),
            Format::Table => {
                for hit in hits {
                    let row = self.table_row(hit);
                    let table = self.table.get_or_insert_with(|| Grid::new(&[]));
                    table.row(row);
                    if table.len() >= TABLE_ROWS {
                        self.flush(console)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Prints what is left.
    pub(crate) fn finish(&mut self, console: &mut Console) -> Result<()> {
        self.begin(console)?;
        self.flush(console)
    }

    fn begin(&mut self, console: &mut Console) -> Result<()> {
        if !self.begun && self.format == Format::Csv {
            csv::header(&mut console.out, self.show_values, self.show_verdict)
                .map_err(|error| Failure::stream(&error))?;
        }
        self.begun = true;
        Ok(())
    }

    fn flush(&mut self, console: &mut Console) -> Result<()> {
        let Some(mut table) = self.table.take() else { return Ok(()) };
        table.header(&self.table_header());
        let (width, style) = (console.width, console.out_style);
        table.print(&mut console.out, width, style).map_err(|error| Failure::stream(&error))
    }

    fn table_header(&self) -> Vec<(&'static str, Align)> {
        let mut header = Vec::new();
        if self.show_input {
            header.push(("input", Align::Free));
        }
        header.push(("row", Align::Right));
        if self.show_id {
            header.push(("id", Align::Left));
        }
        if self.show_verdict {
            header.extend([("verdict", Align::Left), ("because", Align::Free)]);
        }
        header.extend([
            ("kind", Align::Left),
            ("matched", Align::Left),
            ("certainty", Align::Left),
            ("feed", Align::Left),
            ("publisher", Align::Free),
            ("claim", Align::Left),
        ]);
        // Values are long: they take the place of the dates, which csv and jsonl have.
        header.extend(if self.show_values {
            [("value", Align::Free), ("listed", Align::Free)]
        } else {
            [("last seen", Align::Left), ("listed until", Align::Left)]
        });
        header
    }

    fn table_row(&self, hit: &HitLine<'_>) -> Vec<String> {
        let mut row = Vec::new();
        if self.show_input {
            row.push(hit.input.to_owned());
        }
        row.push(hit.row.to_string());
        if self.show_id {
            row.push(hit.id.unwrap_or_default().to_owned());
        }
        if self.show_verdict {
            row.push(hit.verdict.map_or("", |verdict| verdict.action.name()).to_owned());
            row.push(hit.reasons());
        }
        row.push(hit.kind.name().to_owned());
        row.push(hit.matched.name().to_owned());
        row.push(match hit.rate() {
            None => hit.certainty_name().to_owned(),
            Some(rate) => format!("probable ({rate})"),
        });
        row.push(format!("{} v{}", hit.feed, hit.version));
        row.push(hit.publisher.to_owned());
        let (claim, last_seen, ends) = match hit.record {
            RecordState::Opened(claim) => (claim_in_short(claim), claim.last_seen, claim.expires),
            RecordState::Unreadable => ("(unreadable)".to_owned(), None, None),
            RecordState::None => (String::new(), None, None),
        };
        row.push(claim);
        match hit.values {
            Some((value, expression)) => row.extend([value.to_owned(), expression.to_owned()]),
            None => {
                // Texts of this form sort as the times do.
                let until = ends.map(show_time).filter(|ends| ends.as_str() < hit.expires);
                row.push(last_seen.map(show_time).map(|time| day(&time)).unwrap_or_default());
                row.push(day(until.as_deref().unwrap_or(hit.expires)));
            }
        }
        row
    }
}

/// Category and confidence: `phishing, 95%`.
fn claim_in_short(claim: &Claim) -> String {
    let confidence = claim.confidence.map(|percent| format!("{percent}%"));
    let parts: Vec<&str> = [claim.category.as_deref(), confidence.as_deref()].into_iter().flatten().collect();
    parts.join(", ")
}

/// The date of a time.
fn day(time: &str) -> String {
    time.split_once('T').map_or(time, |(date, _)| date).to_owned()
}
