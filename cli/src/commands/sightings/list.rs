//! The publisher's own list: hit ids turned back into its rows. It is read twice, so that none of it is kept.

use std::collections::{BTreeSet, HashMap};

use bisik::{Call, Feed, HitFinder, Identifier, Joined, Kind, ParseOptions, SightingLedger};

use super::oprf_keys;
use crate::args::Sightings;
use crate::commands::parse_options;
use crate::failure::Result;
use crate::input::{Input, Item, Place, Row, Spec};

/// A row that members met.
pub(super) struct ListRow {
    pub(super) input: String,
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) id: Option<String>,
    pub(super) value: String,
}

fn spec(args: &Sightings) -> Spec {
    let reading = &args.reading;
    Spec {
        kind: reading.kind,
        column: reading.column.clone(),
        id: args.id.clone(),
        options: parse_options(reading.region.as_deref(), None, reading.allow_unassigned),
        ..Spec::default()
    }
}

/// Gives every row that can be read, with its number over all lists.
fn each_row(args: &Sightings, mut each: impl FnMut(u64, &str, &Row, &ParseOptions) -> Result<()>) -> Result<()> {
    let spec = spec(args);
    let mut number = 0;
    for input in &mut Input::open_all(&args.list, &spec)? {
        let name = input.name().to_owned();
        while let Some(item) = input.next()? {
            if let Item::Row(row) = item {
                each(number, &name, &row, row.options.as_deref().unwrap_or(&spec.options))?;
            }
            number += 1;
        }
    }
    Ok(())
}

/// Which rows the ledger's hit ids stand for, in every epoch of which there is a feed. Rows that cannot be listed are passed over:
/// nobody can have hit them.
pub(super) fn join(args: &Sightings, feeds: &[Feed], ledger: &SightingLedger) -> Result<Joined> {
    let keys = oprf_keys(args)?;
    let mut finders = Vec::new();
    let mut epochs = BTreeSet::new();
    // Of each epoch the first: they all have the same key.
    for feed in feeds.iter().filter(|feed| epochs.insert(feed.manifest().epoch)) {
        let manifest = feed.manifest();
        let fits = |key: &&bisik::OprfKey| key.epoch() == manifest.epoch && key.feed() == manifest.feed;
        finders.push(HitFinder::new(feed, keys.iter().find(fits), ledger.hits(manifest.epoch))?);
    }
    each_row(args, |number, _, row, options| {
        if let Ok(identifier) = Identifier::parse_first(row.kind, &row.value, options) {
            for finder in &mut finders {
                finder.add(number, &identifier)?;
            }
        }
        Ok(())
    })?;
    let mut joined = Joined::new();
    for finder in finders {
        joined.join(finder.finish()?);
    }
    Ok(joined)
}

/// The rows that the calls are about.
pub(super) fn rows(args: &Sightings, calls: &[Call]) -> Result<HashMap<u64, ListRow>> {
    let mut rows = HashMap::new();
    let wanted: BTreeSet<u64> = calls.iter().filter_map(|call| call.entry).collect();
    if wanted.is_empty() {
        return Ok(rows);
    }
    each_row(args, |number, input, row, _| {
        if wanted.contains(&number) {
            let (place, kind, id, value) = (row.place, row.kind, row.id.clone(), row.value.clone());
            rows.insert(number, ListRow { input: input.to_owned(), place, kind, id, value });
        }
        Ok(())
    })?;
    Ok(rows)
}
