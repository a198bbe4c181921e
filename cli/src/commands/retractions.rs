//! `bisik retractions`: which remembered hits their publisher withdrew.

use std::fs::File;
use std::io::Read as _;

use bisik::{ErrorKind, Retraction, RetractionList};
use serde_json::json;

use super::Outcome;
use crate::args::Retractions;
use crate::console::Console;
use crate::failure::{About, Failure, Result, needs};
use crate::feeds;
use crate::files::exists;
use crate::memory::{Memory, read_acted};
use crate::output::{Align, Grid};
use crate::units::{plural, show_hex, show_time};

/// The longest list of retractions.
const MAX_LIST: u64 = 2 << 20;

/// Compares what is remembered with what was withdrawn.
pub(super) fn run(args: &Retractions, console: &mut Console) -> Result<Outcome> {
    if args.opening.trust.is_empty() {
        return Err(needs("retractions", "needs the card of a publisher you trust: --trust CARD"));
    }
    if !exists(&args.remember)? {
        return Err(Failure::new(ErrorKind::Io, "there is no such file")
            .help("bisik match --remember writes it")
            .about(&args.remember));
    }
    let now = console.now()?;
    let acted = read_acted(&args.remember)?;
    let trust = feeds::trust(&args.opening.trust)?;
    let secrets = feeds::secrets(&args.opening.key)?;
    let memory = Memory::open(args.opening.state.as_deref(), &args.opening.trust)?;
    let mut lists = Vec::new();
    for path in &args.feed {
        // Even from a feed that has expired it is worth knowing what was withdrawn.
        let feed = feeds::load_stale(path, &secrets, &trust, now)?;
        memory.observe(&feed, now).map_err(|failure| failure.about(path))?;
        lists.push(RetractionList::of(&feed));
    }
    for path in &args.list {
        let mut bytes = Vec::new();
        File::open(path).about(path)?.take(MAX_LIST).read_to_end(&mut bytes).about(path)?;
        lists.push(RetractionList::read(&bytes, &trust, now).about(path)?);
    }
    let mut grid = Grid::new(&[
        ("feed", Align::Left),
        ("hit id", Align::Left),
        ("acted upon", Align::Left),
        ("withdrawn", Align::Left),
        ("reason", Align::Left),
    ]);
    let mut found = 0;
    for hit in &acted {
        let Some(retraction) = lists.iter().find_map(|list| list.find(hit)) else { continue };
        let Retraction { withdrawn, reason, .. } = *retraction;
        found += 1;
        if args.json {
            let object = json!({
                "publisher_id": hit.publisher.to_string(),
                "feed": hit.feed,
                "epoch": hit.epoch,
                "version": hit.version,
                "hit_id": show_hex(&hit.hit_id),
                "time": show_time(hit.time),
                "withdrawn": show_time(withdrawn),
                "reason": reason.name(),
            });
            console.line(format_args!("{object}"))?;
        } else {
            let day = |time| show_time(time).split('T').next().unwrap_or_default().to_owned();
            grid.row(vec![
                hit.feed.clone(),
                show_hex(&hit.hit_id),
                show_time(hit.time),
                day(withdrawn),
                reason.name().to_owned(),
            ]);
        }
    }
    if found > 0 && !args.json {
        let (width, style) = (console.width, console.out_style);
        grid.print(&mut console.out, width, style).map_err(|error| Failure::stream(&error))?;
    }
    let paint = if found > 0 { console.style.warn } else { console.style.good };
    console.note(format_args!(
        "{paint}withdrawn{paint:#}   {found} of {}",
        plural(acted.len() as u64, "remembered hit", "remembered hits")
    ));
    Ok(if found > 0 { Outcome::Done } else { Outcome::NoHit })
}
