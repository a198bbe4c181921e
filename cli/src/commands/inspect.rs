//! `bisik inspect`: what a feed is, what it protects and what it does not.

use std::path::Path;

use bisik::{ErrorKind, Feed, Manifest, Outline, RecipientSecret};
use serde_json::{Value, json};

use super::Outcome;
use crate::args::Inspect;
use crate::console::Console;
use crate::failure::{About, Failure, Result};
use crate::feeds;
use crate::report::{self, Line};
use crate::units::show_hex;

/// As much of a file as an outline can need: an age header, or a feed's fixed part and key ids.
const OUTLINE_LENGTH: u64 = 3 << 20;

/// Shows a feed: its outline, or all of it once it is verified.
pub(super) fn run(args: &Inspect, console: &mut Console) -> Result<Outcome> {
    let secrets = feeds::secrets(&args.opening.key)?;
    if !args.opening.trust.is_empty() {
        let trust = feeds::trust(&args.opening.trust)?;
        let feed = feeds::load(&args.feed, &secrets, &trust, console.now()?)?;
        return verified(args, &feed, console);
    }
    let outline = outline(&args.feed, &secrets)?;
    let manifest = if args.unverified {
        Some(feeds::read(&args.feed, &secrets)?.manifest_unverified().about(&args.feed)?)
    } else {
        None
    };
    unverified(args, &outline, manifest.as_ref(), console)
}

fn outline(path: &Path, secrets: &[RecipientSecret]) -> Result<Outline> {
    if secrets.is_empty() {
        let outline = Outline::of(&feeds::beginning(path, OUTLINE_LENGTH)?).about(path)?;
        if outline.sealed {
            return Ok(outline);
        }
    }
    Ok(feeds::read(path, secrets)?.outline().clone())
}

fn outline_lines(path: &Path, outline: &Outline) -> Result<Vec<Line>> {
    let length = std::fs::metadata(path).about(path)?.len();
    let mut lines = vec![("file", report::size_line(length))];
    match (outline.sealed, outline.recipients) {
        (true, Some(count)) => lines.push(("envelope", format!("sealed, age v1, {count} recipients or more listed"))),
        (true, None) => lines.push(("envelope", "sealed, age v1".to_owned())),
        (false, _) => lines.push(("envelope", "open".to_owned())),
    }
    if outline.format_version > 0 {
        lines.push(("format", format!("version {}", outline.format_version)));
        lines.push(("feed size", report::size_line(outline.file_length)));
        lines.push(("manifest", report::size_line(outline.manifest_length)));
    }
    lines.extend(outline.key_ids.iter().map(|id| ("key id", show_hex(id))));
    Ok(lines)
}

fn unverified(args: &Inspect, outline: &Outline, manifest: Option<&Manifest>, console: &mut Console) -> Result<Outcome> {
    let lines = outline_lines(&args.feed, outline)?;
    if args.json {
        let mut object = json!({
            "verified": false,
            "sealed": outline.sealed,
            "recipients": outline.recipients,
            "length": std::fs::metadata(&args.feed).about(&args.feed)?.len(),
            "key_ids": outline.key_ids.iter().map(|id| show_hex(id)).collect::<Vec<_>>(),
        });
        if let Some(object) = object.as_object_mut() {
            if outline.format_version > 0 {
                object.insert("format_version".to_owned(), outline.format_version.into());
                object.insert("manifest_length".to_owned(), outline.manifest_length.into());
            }
            if let Some(manifest) = manifest {
                object.insert("unverified".to_owned(), manifest_json(manifest)?);
            }
        }
        console.line(format_args!("{object}"))?;
        return Ok(Outcome::Done);
    }
    let style = console.out_style;
    report::print_lines(&mut console.out, &lines, style).map_err(|error| Failure::stream(&error))?;
    match manifest {
        Some(manifest) => {
            let warn = style.warn;
            for (name, text) in report::manifest_lines(manifest) {
                let text = crate::escape::terminal(&text).into_owned();
                console.line(format_args!("{warn}unverified{warn:#} {label}{name:<13}{label:#} {text}", label = style.label))?;
            }
        }
        None => {
            let dim = console.style.dim;
            let key = if outline.format_version == 0 { " and your key with --key" } else { "" };
            console.note(format_args!("{dim}Not verified. Give the publisher's card with --trust{key} to see the rest.{dim:#}"));
        }
    }
    Ok(Outcome::Done)
}

fn verified(args: &Inspect, feed: &Feed, console: &mut Console) -> Result<Outcome> {
    let manifest = feed.manifest();
    if args.json {
        let object = json!({
            "verified": true,
            "publisher": feed.publisher_name(),
            "sealed": feed.sealed(),
            "length": std::fs::metadata(&args.feed).about(&args.feed)?.len(),
            "digest": show_hex(&feed.digest()),
            "manifest": manifest_json(manifest)?,
            "exposure": report::exposure_json(&feed.exposure()),
            "learners": report::learners_json(&feed.learners()),
        });
        console.line(format_args!("{object}"))?;
        return Ok(Outcome::Done);
    }
    let length = std::fs::metadata(&args.feed).about(&args.feed)?.len();
    let mut lines: Vec<Line> = vec![
        ("verified", "signature, hashes and time are good".to_owned()),
        ("publisher", feed.publisher_name().to_owned()),
        ("file", report::size_line(length)),
        ("envelope", if feed.sealed() { "sealed" } else { "open" }.to_owned()),
        ("digest", show_hex(&feed.digest())),
    ];
    lines.extend(report::manifest_lines(manifest));
    let (style, width) = (console.out_style, console.width);
    let out = &mut console.out;
    report::print_lines(out, &lines, style)
        .and_then(|()| writeln!(out))
        .and_then(|()| report::print_exposure(out, &feed.exposure(), width, style))
        .and_then(|()| writeln!(out))
        .and_then(|()| report::print_learners(out, &feed.learners(), width, style))
        .map_err(|error| Failure::stream(&error))?;
    Ok(Outcome::Done)
}

fn manifest_json(manifest: &Manifest) -> Result<Value> {
    serde_json::to_value(manifest).map_err(|error| Failure::new(ErrorKind::BadManifest, error.to_string()))
}
