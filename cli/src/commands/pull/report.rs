//! What a pull did, for people and programs.

use bisik_store::Store;
use serde_json::{Value, json};

use super::{Name, Outcome};
use crate::console::Console;
use crate::escape;
use crate::failure::{Failure, Result};
use crate::units::{plural, show_bytes};

/// One feed or source.
pub(super) struct Item {
    pub(super) source: String,
    pub(super) name: Option<Name>,
    pub(super) what: What,
}

/// What became of it.
pub(super) enum What {
    /// It is in the store now.
    New { from: Option<u64>, deltas: u64, bytes: u64 },
    /// The store had it.
    Same,
    /// An older version, beside a newer one.
    Older,
    /// Deltas did not lead there; the snapshot is tried.
    FellBack(Failure),
    /// It is in the store, but opens as slowly as it is long.
    Unprepared(Failure),
    /// Feeds of publishers whom the reader does not trust, left out.
    Strangers(u64),
    /// It could not be had.
    Failed(Failure),
}

impl What {
    fn word(&self) -> &'static str {
        match self {
            Self::New { .. } => "new",
            Self::Same => "same",
            Self::Older => "older",
            Self::FellBack(_) => "fell-back",
            Self::Unprepared(_) => "unprepared",
            Self::Strangers(_) => "strangers",
            Self::Failed(_) => "failed",
        }
    }
}

/// Prints the items and says how it ended.
pub(super) fn print(items: &[Item], store: &Store, json: bool, console: &mut Console) -> Result<Outcome> {
    let count = |word: &str| items.iter().filter(|item| item.what.word() == word).count() as u64;
    let (new, same, failed) = (count("new"), count("same"), count("failed"));
    for item in items {
        if let What::Failed(failure) = &item.what {
            let error = console.style.error;
            console.note(format_args!(
                "{error}failed:{error:#} {} {}",
                escape::terminal(&title(item)),
                escape::terminal(&failure.line())
            ));
            let label = console.style.label;
            console.note(format_args!("{label}help:{label:#} {}", escape::terminal(failure.advice())));
        }
        if let What::FellBack(failure) = &item.what {
            let warn = console.style.warn;
            console.note(format_args!(
                "{warn}note:{warn:#} {} deltas do not lead there, so the snapshot is fetched: {}",
                escape::terminal(&title(item)),
                escape::terminal(&failure.line())
            ));
        }
    }
    for item in items {
        if let What::Unprepared(failure) = &item.what {
            let warn = console.style.warn;
            console.note(format_args!(
                "{warn}note:{warn:#} {} it is in use, but was not prepared, so it opens slowly: {}",
                escape::terminal(&title(item)),
                escape::terminal(&failure.line())
            ));
        }
    }
    if json {
        let object = json!({
            "store": store.folder().display().to_string(),
            "generation": store.generation()?,
            "new": new,
            "same": same,
            "failed": failed,
            "feeds": items.iter().map(item_json).collect::<Vec<_>>(),
        });
        console.line(format_args!("{object}"))?;
    } else {
        for item in items {
            if let Some(line) = line(item) {
                console.line(format_args!("{}", escape::terminal(&line)))?;
            }
        }
    }
    let paint = if failed == 0 { console.style.good } else { console.style.warn };
    console.note(format_args!(
        "{paint}pulled{paint:#}   {new} new, {same} current, {failed} failed; what failed stays as it was before"
    ));
    Ok(match (failed, new + same) {
        (0, _) => Outcome::Done,
        (_, 0) => Outcome::Failed,
        _ => Outcome::NoHit,
    })
}

fn title(item: &Item) -> String {
    match &item.name {
        Some(name) => format!("{} by {}, from {}:", name.feed, name.publisher_name, item.source),
        None => format!("{}:", item.source),
    }
}

fn line(item: &Item) -> Option<String> {
    let name = item.name.as_ref();
    let (feed, publisher, version) =
        name.map_or(("", "", 0), |name| (&*name.feed, &*name.publisher_name, name.version));
    match &item.what {
        What::New { from, deltas, bytes } => {
            let from = from.map(|from| format!(", after {from}")).unwrap_or_default();
            let how =
                if *deltas > 0 { format!("by {}", plural(*deltas, "delta", "deltas")) } else { "whole".to_owned() };
            Some(format!("new      {feed} by {publisher}: version {version}{from}, {how}, {}", show_bytes(*bytes)))
        }
        What::Same => Some(format!("current  {feed} by {publisher}: version {version}")),
        What::Older => Some(format!("older    {}: an older version beside a newer one, left out", item.source)),
        What::Strangers(count) => Some(format!(
            "skipped  {} of publishers whom you do not trust, in {}",
            plural(*count, "feed", "feeds"),
            item.source
        )),
        What::FellBack(_) | What::Unprepared(_) | What::Failed(_) => None,
    }
}

fn item_json(item: &Item) -> Value {
    let mut object = json!({
        "source": item.source,
        "outcome": item.what.word(),
        "publisher": item.name.as_ref().map(|name| &name.publisher_name),
        "publisher_id": item.name.as_ref().map(|name| name.publisher.to_string()),
        "feed": item.name.as_ref().map(|name| &name.feed),
        "version": item.name.as_ref().map(|name| name.version),
    });
    match &item.what {
        What::New { from, deltas, bytes } => {
            object["from"] = json!(from);
            object["deltas"] = json!(deltas);
            object["bytes"] = json!(bytes);
        }
        What::FellBack(failure) | What::Unprepared(failure) | What::Failed(failure) => {
            object["error"] = failure.to_json()
        }
        What::Strangers(count) => object["count"] = json!(count),
        What::Same | What::Older => {}
    }
    object
}
