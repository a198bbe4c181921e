//! Hits as JSON Lines.

use std::io::{self, Write};

use bisik::{Claim, RecordState};
use serde::Serialize;

use super::hits::HitLine;
use crate::units::{show_hex, show_time};

/// Writes hits, one object a line.
pub(crate) fn write(out: &mut dyn Write, hits: &[HitLine<'_>]) -> io::Result<()> {
    for hit in hits {
        serde_json::to_writer(&mut *out, &Line::of(hit))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Line<'a> {
    input: &'a str,
    row: u64,
    id: Option<&'a str>,
    kind: &'static str,
    certainty: &'static str,
    false_positive_rate: Option<f64>,
    matched: &'static str,
    matched_kind: &'static str,
    feed: &'a str,
    epoch: u32,
    version: u64,
    publisher: &'a str,
    expires: &'a str,
    hit_id: String,
    record: &'static str,
    #[serde(flatten)]
    claim: Option<ClaimLine<'a>>,
    #[serde(flatten)]
    verdict: Option<VerdictLine>,
    #[serde(flatten)]
    values: Option<Values<'a>>,
}

/// What the policy says of all hits of the row.
#[derive(Serialize)]
struct VerdictLine {
    verdict: &'static str,
    reasons: Vec<&'static str>,
    because: String,
}

#[derive(Serialize)]
struct ClaimLine<'a> {
    category: Option<&'a str>,
    confidence: Option<u8>,
    first_seen: Option<String>,
    last_seen: Option<String>,
    entry_expires: Option<String>,
    reference: Option<&'a str>,
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct Values<'a> {
    value: &'a str,
    expression: &'a str,
}

impl<'a> Line<'a> {
    fn of(hit: &'a HitLine<'a>) -> Self {
        Self {
            input: hit.input,
            row: hit.row,
            id: hit.id,
            kind: hit.kind.name(),
            certainty: hit.certainty_name(),
            // The text is exact, and the nearest number prints as the same text.
            false_positive_rate: hit.rate().and_then(|rate| rate.parse().ok()),
            matched: hit.matched.name(),
            matched_kind: hit.matched_kind.name(),
            feed: hit.feed,
            epoch: hit.epoch,
            version: hit.version,
            publisher: hit.publisher,
            expires: hit.expires,
            hit_id: show_hex(&hit.hit_id),
            record: hit.record_name(),
            claim: match hit.record {
                RecordState::Opened(claim) => Some(ClaimLine::of(claim)),
                RecordState::None | RecordState::Unreadable => None,
            },
            verdict: hit.verdict.map(|verdict| VerdictLine {
                verdict: verdict.action.name(),
                reasons: verdict.reasons.iter().map(|reason| reason.name()).collect(),
                because: hit.reasons(),
            }),
            values: hit.values.map(|(value, expression)| Values { value, expression }),
        }
    }
}

impl<'a> ClaimLine<'a> {
    fn of(claim: &'a Claim) -> Self {
        Self {
            category: claim.category.as_deref(),
            confidence: claim.confidence,
            first_seen: claim.first_seen.map(show_time),
            last_seen: claim.last_seen.map(show_time),
            entry_expires: claim.expires.map(show_time),
            reference: claim.reference.as_deref(),
            note: claim.note.as_deref(),
        }
    }
}
