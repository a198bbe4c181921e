//! `bisik inspect`: what a feed is, what it protects and what it does not.

use std::fs;
use std::path::Path;

use bisik::{ErrorKind, Feed, Manifest, Outline};
use serde_json::{Map, Value, json};

use super::Outcome;
use crate::args::Inspect;
use crate::console::Console;
use crate::escape;
use crate::failure::{About, Failure, Result};
use crate::feeds;
use crate::report::{self, Detail, Line};
use crate::units::show_hex;

/// Shows a feed: what can be seen from outside, or all of it once it is verified.
pub(super) fn run(args: &Inspect, console: &mut Console) -> Result<Outcome> {
    let secrets = feeds::secrets(&args.opening.key)?;
    if !args.opening.trust.is_empty() {
        let trust = feeds::trust(&args.opening.trust)?;
        let feed = feeds::load(&args.feed, &secrets, &trust, console.now()?)?;
        return verified(args, &feed, console);
    }
    let recipients = feeds::sealed_recipients(&args.feed)?;
    if recipients.is_some() && secrets.is_empty() && !args.unverified {
        return from_outside(args, recipients, None, None, console);
    }
    let feed = feeds::read(&args.feed, &secrets)?;
    let manifest = if args.unverified { Some(feed.manifest_unverified().about(&args.feed)?) } else { None };
    from_outside(args, recipients, Some(feed.outline()), manifest.as_ref(), console)
}

/// What nobody has vouched for: sizes, the format version, key ids, and on demand the manifest.
fn from_outside(
    args: &Inspect,
    recipients: Option<u64>,
    outline: Option<&Outline>,
    manifest: Option<&Manifest>,
    console: &mut Console,
) -> Result<Outcome> {
    let length = length(&args.feed)?;
    if args.json {
        let mut object = Map::new();
        object.insert("verified".to_owned(), false.into());
        object.insert("length".to_owned(), length.into());
        object.insert("sealed".to_owned(), recipients.is_some().into());
        object.insert("recipients".to_owned(), recipients.into());
        if let Some(outline) = outline {
            object.insert("format_version".to_owned(), outline.format_version.into());
            object.insert("feed_length".to_owned(), outline.file_length.into());
            object.insert("manifest_length".to_owned(), outline.manifest_length.into());
            object.insert("key_ids".to_owned(), outline.key_ids.iter().map(ToString::to_string).collect());
        }
        if let Some(manifest) = manifest {
            object.insert("unverified".to_owned(), manifest_json(manifest)?);
        }
        console.line(format_args!("{}", Value::Object(object)))?;
        return Ok(Outcome::Done);
    }
    let mut lines: Vec<Line> = vec![("file", report::size_line(length))];
    lines.push(match recipients {
        Some(count) => ("envelope", format!("sealed (age v1) to {count} recipients, the publisher among them")),
        None => ("envelope", "open".to_owned()),
    });
    if let Some(outline) = outline {
        lines.push(("format", format!("version {}", outline.format_version)));
        lines.push(("feed", report::size_line(outline.file_length)));
        lines.push(("manifest", report::size_line(outline.manifest_length)));
        lines.extend(outline.key_ids.iter().map(|id| ("signed by key", id.to_string())));
    }
    let style = console.out_style;
    report::print_lines(&mut console.out, &lines, style).map_err(|error| Failure::stream(&error))?;
    if let Some(manifest) = manifest {
        for (name, text) in report::manifest_lines(manifest) {
            let text = escape::terminal(&text).into_owned();
            console.line(format_args!(
                "{warn}unverified{warn:#} {label}{name:<13}{label:#} {text}",
                warn = style.warn,
                label = style.label
            ))?;
        }
        return Ok(Outcome::Done);
    }
    let dim = console.style.dim;
    let key = if outline.is_none() { " and your key with --key" } else { "" };
    console.note(format_args!(
        "{dim}Nothing is verified. Give the publisher's card with --trust{key} to see the rest.{dim:#}"
    ));
    Ok(Outcome::Done)
}

fn verified(args: &Inspect, feed: &Feed, console: &mut Console) -> Result<Outcome> {
    let manifest = feed.manifest();
    let length = length(&args.feed)?;
    if args.json {
        let object = json!({
            "verified": true,
            "publisher": feed.publisher_name(),
            "sealed": feed.sealed(),
            "length": length,
            "digest": show_hex(feed.digest()),
            "manifest": manifest_json(manifest)?,
            "exposure": report::exposure_json(&feed.exposure()),
            "learners": report::learners_json(&feed.learners()),
        });
        console.line(format_args!("{object}"))?;
        return Ok(Outcome::Done);
    }
    let mut lines: Vec<Line> = vec![
        ("verified", "signature, hashes and time are good".to_owned()),
        ("publisher", feed.publisher_name().to_owned()),
        ("file", report::size_line(length)),
        (
            "envelope",
            match (feed.sealed(), feed.is_blind()) {
                (true, _) => "sealed: only its members can open it",
                (false, true) => "open: anyone may have the file",
                (false, false) => "open: anyone can test values",
            }
            .to_owned(),
        ),
        ("digest", show_hex(feed.digest())),
    ];
    lines.extend(report::manifest_lines(manifest));
    let (style, width) = (console.out_style, console.width);
    let out = &mut console.out;
    report::print_lines(out, &lines, style)
        .and_then(|()| writeln!(out))
        .and_then(|()| {
            if feed.is_blind() {
                report::print_asking(out, &feed.exposure(), args.supposing, width, style)
            } else {
                report::print_exposure(out, &feed.exposure(), Detail::Full, width, style)
            }
        })
        .and_then(|()| writeln!(out))
        .and_then(|()| report::print_learners(out, &feed.learners(), width, style))
        .map_err(|error| Failure::stream(&error))?;
    Ok(Outcome::Done)
}

fn length(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).about(path)?.len())
}

fn manifest_json(manifest: &Manifest) -> Result<Value> {
    serde_json::to_value(manifest).map_err(|error| Failure::new(ErrorKind::BadManifest, error.to_string()))
}
