//! The call list, as a table, CSV or JSON.

use std::collections::HashMap;

use bisik::{Amount, Call, Feed, KeyId, Remembered, RetractionList, Timestamp, TrustStore};
use csv::Writer;
use serde_json::{Value, json};

use super::list::ListRow;
use super::{Taken, name_of};
use crate::args::{Format, Sightings};
use crate::console::Console;
use crate::escape;
use crate::failure::{Failure, Result};
use crate::output::{Align, Grid};
use crate::units::{show_hex, show_time};

const COLUMNS: [(&str, Align); 12] = [
    ("score", Align::Right),
    ("list row", Align::Left),
    ("id", Align::Left),
    ("kind", Align::Left),
    ("value", Align::Free),
    ("newest", Align::Left),
    ("sightings", Align::Right),
    ("members", Align::Free),
    ("actions", Align::Free),
    ("amount", Align::Left),
    ("withdrawn", Align::Left),
    ("hit id", Align::Left),
];

/// Everything that is shown.
pub(super) struct Shown<'a> {
    pub(super) args: &'a Sightings,
    pub(super) feeds: &'a [Feed],
    pub(super) members: &'a TrustStore,
    pub(super) calls: &'a [Call],
    pub(super) rows: &'a HashMap<u64, ListRow>,
    pub(super) now: Timestamp,
}

impl Shown<'_> {
    pub(super) fn print(&self, taken: &Taken, console: &mut Console) -> Result<()> {
        if self.args.json {
            let object = self.json(taken);
            return console.line(format_args!("{object}"));
        }
        match self.args.format {
            Format::Table => {
                let mut grid = Grid::new(&COLUMNS);
                self.calls.iter().for_each(|call| grid.row(self.cells(call, ", ")));
                if self.calls.is_empty() {
                    return Ok(());
                }
                let (width, style) = (console.width, console.out_style);
                grid.print(&mut console.out, width, style).map_err(|error| Failure::stream(&error))
            }
            Format::Csv => self.csv(console),
            Format::Jsonl => self.calls.iter().try_for_each(|call| {
                let object = self.call_json(call);
                console.line(format_args!("{object}"))
            }),
        }
    }

    fn csv(&self, console: &mut Console) -> Result<()> {
        let mut writer = Writer::from_writer(Vec::new());
        let failed = |error: csv::Error| Failure::new(bisik::ErrorKind::Io, error.to_string());
        writer.write_record(COLUMNS.map(|(name, _)| name.replace(' ', "_"))).map_err(failed)?;
        for call in self.calls {
            let cells = self.cells(call, "; ");
            writer.write_record(cells.iter().map(|cell| escape::cell(cell).into_owned())).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|error| Failure::stream(error.error()))?;
        console.out.write_all(&bytes).map_err(|error| Failure::stream(&error))
    }

    fn cells(&self, call: &Call, between: &str) -> Vec<String> {
        let row = call.entry.and_then(|entry| self.rows.get(&entry));
        let place = |row: &ListRow| {
            if self.args.list.len() > 1 {
                format!("{}:{}", row.input, row.place.row)
            } else {
                row.place.row.to_string()
            }
        };
        let mut members: Vec<String> = call.senders.iter().map(|id| name_of(self.members, id)).collect();
        members.sort_unstable();
        let amounts: Vec<String> = amounts(call).iter().map(ToString::to_string).collect();
        // The table is for the hit ids that no row is known for.
        let hits: Vec<String> = call.hits.iter().map(|(_, hit_id)| show_hex(hit_id)).collect();
        vec![
            call.score.total().to_string(),
            row.map(place).unwrap_or_default(),
            row.and_then(|row| row.id.clone()).unwrap_or_default(),
            row.map(|row| row.kind.name().to_owned()).unwrap_or_default(),
            row.filter(|_| self.args.show_values).map(|row| row.value.clone()).unwrap_or_default(),
            show_time(call.last),
            call.sightings.to_string(),
            members.join(", "),
            actions(call),
            amounts.join(between),
            self.withdrawn(call).map(day).unwrap_or_default(),
            if row.is_some() && self.args.format == Format::Table { String::new() } else { hits.join(between) },
        ]
    }

    /// When the entry was withdrawn, if the newest feed says so of one of its hits.
    fn withdrawn(&self, call: &Call) -> Option<Timestamp> {
        let list = RetractionList::of(self.feeds.last()?);
        call.hits.iter().find_map(|(epoch, hit_id)| {
            let feed = self.feeds.iter().find(|feed| feed.manifest().epoch == *epoch)?;
            list.find(&Remembered::new(feed, *hit_id, self.now)).map(|found| found.withdrawn)
        })
    }

    fn json(&self, taken: &Taken) -> Value {
        let feed = self.feeds.last().map(Feed::manifest);
        let not_counted: Vec<Value> = taken
            .not_counted
            .iter()
            .map(|refused| {
                json!({
                    "file": refused.file,
                    "sighting": refused.sighting.map(|(number, _)| number),
                    "hit_id": refused.sighting.map(|(_, hit_id)| show_hex(&hit_id)),
                    "member": refused.sender.map(|id| self.member(&id)),
                    "reason": refused.reason.name(),
                    "message": refused.message,
                })
            })
            .collect();
        json!({
            "feed": feed.map(|manifest| &manifest.feed),
            "files": taken.files,
            "counted": taken.counted,
            "not_counted": not_counted,
            "calls": self.calls.iter().map(|call| self.call_json(call)).collect::<Vec<_>>(),
        })
    }

    fn member(&self, id: &KeyId) -> Value {
        json!({ "id": id.to_string(), "name": name_of(self.members, id) })
    }

    fn call_json(&self, call: &Call) -> Value {
        let row = call.entry.and_then(|entry| self.rows.get(&entry)).map(|row| {
            let value = self.args.show_values.then_some(&row.value);
            json!({
                "input": row.input,
                "row": row.place.row,
                "line": row.place.line,
                "kind": row.kind.name(),
                "id": row.id,
                "value": value,
            })
        });
        let days: serde_json::Map<String, Value> =
            call.days.iter().map(|(&begins, &count)| (day(begins), count.into())).collect();
        let actions: serde_json::Map<String, Value> =
            call.actions.iter().map(|(action, &count)| (action.name().to_owned(), count.into())).collect();
        let amounts: Vec<Value> = amounts(call)
            .iter()
            .map(|sum| json!({ "currency": sum.currency.code(), "minor": sum.minor, "amount": sum.to_string() }))
            .collect();
        let hits: Vec<Value> =
            call.hits.iter().map(|(epoch, hit_id)| json!({ "epoch": epoch, "hit_id": show_hex(hit_id) })).collect();
        let score = call.score;
        json!({
            "score": score.total(),
            "points": { "recency": score.recency, "members": score.senders, "amount": score.amount },
            "list": row,
            "hits": hits,
            "sightings": call.sightings,
            "days": days,
            "members": call.senders.iter().map(|id| self.member(id)).collect::<Vec<_>>(),
            "actions": actions,
            "amounts": amounts,
            "first": show_time(call.first),
            "last": show_time(call.last),
            "withdrawn": self.withdrawn(call).map(day),
        })
    }
}

fn amounts(call: &Call) -> Vec<Amount> {
    call.amounts.iter().map(|(&currency, &minor)| Amount { minor, currency }).collect()
}

/// `2 frozen, 1 reported`.
fn actions(call: &Call) -> String {
    let all: Vec<String> = call.actions.iter().map(|(action, count)| format!("{count} {action}")).collect();
    all.join(", ")
}

fn day(time: Timestamp) -> String {
    show_time(time).split('T').next().unwrap_or_default().to_owned()
}
