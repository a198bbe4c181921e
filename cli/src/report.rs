//! What a feed is, what it costs to reverse it, and who can learn what, for people and as JSON.

use std::io::{self, Write};

use bisik::{DAY, Kind, KindExposure, Learner, MAX_EPOCH, Manifest, TokenScheme};
use serde_json::{Value, json};

use crate::args::Supposing;
use crate::console::Styles;
use crate::escape;
use crate::output::{Align, Grid};
use crate::units::{plural, show_bytes, show_candidates, show_count, show_hex, show_rate, show_seconds, show_time};

/// A field's name and what it says.
pub(crate) type Line = (&'static str, String);

/// The manifest, a line a field.
pub(crate) fn manifest_lines(manifest: &Manifest) -> Vec<Line> {
    let mut lines = vec![
        ("feed", format!("{} version {}, epoch {}", manifest.feed, manifest.version, manifest.epoch)),
        ("calls itself", manifest.name.clone()),
        ("publisher id", manifest.publisher.to_string()),
        ("issued", show_time(manifest.issued)),
        ("expires", show_time(manifest.expires)),
        ("sharing", format!("TLP:{}", manifest.tlp.name().to_ascii_uppercase())),
        ("purpose", manifest.purpose.clone()),
        ("tokens", tokens_line(manifest)),
        ("set", set_line(manifest)),
        (
            "kinds",
            manifest
                .kinds
                .iter()
                .map(|kind| format!("{} {}", show_count(kind.count), kind.name))
                .collect::<Vec<_>>()
                .join(", "),
        ),
    ];
    if manifest.record_size > 0 {
        lines.push((
            "records",
            match manifest.tokens {
                TokenScheme::Blind { .. } => {
                    format!("{} bytes each, readable by whoever asked about the listed value", manifest.record_size)
                }
                _ => format!(
                    "{} bytes each, readable by whoever holds the listed value and can test it",
                    manifest.record_size
                ),
            },
        ));
    }
    if let Some(digest) = &manifest.previous {
        lines.push(("follows", show_hex(digest)));
    }
    lines.extend(contact_lines(manifest));
    lines.retain(|(_, text)| !text.is_empty());
    lines
}

/// Whom to call, and where sightings go.
fn contact_lines(manifest: &Manifest) -> Vec<Line> {
    let Some(contact) = &manifest.contact else { return Vec::new() };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let sightings = match &contact.recipient {
        Some(recipient) => format!("bisik sight seals them to {recipient}"),
        None => "no key to seal them to: call the desk".to_owned(),
    };
    vec![
        ("contact", text(&contact.name)),
        ("desk", text(&contact.desk)),
        ("hours", text(&contact.hours)),
        ("sightings", sightings),
    ]
}

fn tokens_line(manifest: &Manifest) -> String {
    match &manifest.tokens {
        TokenScheme::Blind { suite, public_key } => {
            format!("blind: tested by asking the publisher's server, {suite}, public key {}", show_hex(public_key))
        }
        _ => "salted: whoever can open the feed can test values".to_owned(),
    }
}

fn set_line(manifest: &Manifest) -> String {
    let rate = manifest.set.rate();
    let entries = plural(manifest.count, "entry", "entries");
    if rate == 0 {
        format!("{entries} as exact tokens: a hit is certain")
    } else {
        format!(
            "{entries} in a filter: a hit is probable, wrong for {} of the values that are not listed",
            show_rate(rate)
        )
    }
}

/// Prints lines with their names in one column.
pub(crate) fn print_lines(out: &mut dyn Write, lines: &[Line], style: Styles) -> io::Result<()> {
    for (name, text) in lines {
        writeln!(out, "{label}{name:<13}{label:#} {}", escape::terminal(text), label = style.label)?;
    }
    Ok(())
}

/// The cost of every universe of every kind that a manifest lists.
pub(crate) fn exposure_of(manifest: &Manifest) -> Vec<KindExposure> {
    let kinds = manifest.kinds.iter().filter_map(|entry| Kind::from_number(entry.kind).map(|kind| (kind, entry.count)));
    kinds.flat_map(|(kind, count)| bisik::exposure(kind, count)).collect()
}

/// Kinds with more universes than this are shown in short by `publish`.
const SHORT: usize = 3;

/// How much of the table is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Every universe.
    Full,
    /// Of many universes of a kind the smallest and the two largest.
    Short,
}

/// Prints what it costs a reader who can test values to list the entries.
pub(crate) fn print_exposure(
    out: &mut dyn Write,
    exposure: &[KindExposure],
    detail: Detail,
    width: Option<u16>,
    style: Styles,
) -> io::Result<()> {
    writeln!(out, "{head}Cost to reverse{head:#}", head = style.head)?;
    if exposure.is_empty() {
        return writeln!(out, "Nothing is listed.");
    }
    writeln!(out, "Whoever can test values can try all that there are, and so list the entries. That takes:")?;
    let mut grid = Grid::new(&[
        ("kind", Align::Left),
        ("entries", Align::Right),
        ("values to try", Align::Free),
        ("how many", Align::Right),
        ("one core", Align::Right),
        ("one graphics card", Align::Right),
        ("source", Align::Right),
    ]);
    let mut sources: Vec<&str> = Vec::new();
    let mut last = None;
    let mut left_out = 0;
    for (index, row) in exposure.iter().enumerate() {
        let before = exposure.iter().take(index).filter(|other| other.kind == row.kind).count();
        let after = exposure.iter().skip(index + 1).take_while(|other| other.kind == row.kind).count();
        if detail == Detail::Short && before + after >= SHORT && before > 0 && after > 1 {
            left_out += 1;
            continue;
        }
        let source = sources.iter().position(|&source| source == row.source).unwrap_or_else(|| {
            sources.push(row.source);
            sources.len() - 1
        });
        // Several lines of one kind: it is named once.
        let (kind, entries) =
            if last == Some(row.kind) { Default::default() } else { (row.kind.name(), show_count(row.count)) };
        last = Some(row.kind);
        grid.row(vec![
            kind.to_owned(),
            entries,
            row.scope.to_owned(),
            show_candidates(row.candidates),
            show_seconds(row.core_seconds),
            show_seconds(row.device_seconds),
            format!("[{}]", source + 1),
        ]);
    }
    grid.print(out, width, style)?;
    if left_out > 0 {
        writeln!(out, "{dim}{left_out} more lines: bisik inspect shows all{dim:#}", dim = style.dim)?;
    }
    for (index, source) in sources.iter().enumerate() {
        writeln!(out, "{dim}[{}] {source}{dim:#}", index + 1, dim = style.dim)?;
    }
    Ok(())
}

/// Prints how far members come who ask about all values, against the number of those values.
pub(crate) fn print_asking(
    out: &mut dyn Write,
    exposure: &[KindExposure],
    supposing: Supposing,
    width: Option<u16>,
    style: Styles,
) -> io::Result<()> {
    let days = MAX_EPOCH / DAY;
    let a_day = supposing.per_day.saturating_mul(supposing.members);
    let an_epoch = a_day.saturating_mul(days);
    writeln!(out, "{head}What asking can list{head:#}", head = style.head)?;
    writeln!(
        out,
        "Nobody tests values without the publisher's server. {} with {} a day may ask {} in an epoch of {days} days:",
        plural(supposing.members, "member", "members together, each"),
        plural(supposing.per_day, "query", "queries"),
        show_count(an_epoch)
    )?;
    let mut grid = Grid::new(&[
        ("kind", Align::Left),
        ("entries", Align::Right),
        ("values to try", Align::Free),
        ("how many", Align::Right),
        ("tried in an epoch", Align::Right),
        ("all of them take", Align::Right),
    ]);
    let mut last = None;
    for row in exposure {
        let (kind, entries) =
            if last == Some(row.kind) { Default::default() } else { (row.kind.name(), show_count(row.count)) };
        last = Some(row.kind);
        grid.row(vec![
            kind.to_owned(),
            entries,
            row.scope.to_owned(),
            show_candidates(row.candidates),
            show_share(an_epoch as f64 / row.candidates.max(1.0)),
            show_seconds(row.candidates / (a_day.max(1) as f64) * DAY as f64),
        ]);
    }
    grid.print(out, width, style)
}

/// A share as per cent.
fn show_share(share: f64) -> String {
    match share {
        s if s >= 1.0 => "all".to_owned(),
        s if s >= 1e-4 => format!("{:.2} %", s * 100.0),
        _ => "under 0.01 %".to_owned(),
    }
}

/// Prints who can learn what.
pub(crate) fn print_learners(
    out: &mut dyn Write,
    learners: &[Learner],
    width: Option<u16>,
    style: Styles,
) -> io::Result<()> {
    writeln!(out, "{head}Who can learn what{head:#}", head = style.head)?;
    let mut grid = Grid::new(&[("who", Align::Left), ("what", Align::Free)]);
    for learner in learners {
        grid.row(vec![learner.who.to_owned(), learner.what.to_owned()]);
    }
    grid.print(out, width, style)
}

/// What it costs to reverse, for programs.
pub(crate) fn exposure_json(exposure: &[KindExposure]) -> Value {
    exposure
        .iter()
        .map(|kind| {
            json!({
                "kind": kind.kind.name(),
                "count": kind.count,
                "scope": kind.scope,
                "candidates": kind.candidates,
                "source": kind.source,
                "core_seconds": kind.core_seconds,
                "device_seconds": kind.device_seconds,
                "enumerable": kind.enumerable,
            })
        })
        .collect()
}

/// Who can learn what, for programs.
pub(crate) fn learners_json(learners: &[Learner]) -> Value {
    learners.iter().map(|learner| json!({ "who": learner.who, "what": learner.what })).collect()
}

/// The size of a file, exactly and in short.
pub(crate) fn size_line(bytes: u64) -> String {
    if bytes < 1_000 { show_bytes(bytes) } else { format!("{} ({} bytes)", show_bytes(bytes), show_count(bytes)) }
}
