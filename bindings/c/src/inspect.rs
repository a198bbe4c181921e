//! Feeds as JSON, with the members that `bisik inspect --json` has.

use bisik::{Feed, Manifest, Result, UnverifiedFeed};
use serde_json::{Value, json};

/// Everything about a verified feed.
pub(crate) fn verified(feed: &Feed) -> Value {
    let exposure: Vec<_> = feed
        .exposure()
        .iter()
        .map(|row| {
            json!({
                "kind": row.kind.name(),
                "count": row.count,
                "scope": row.scope,
                "candidates": row.candidates,
                "source": row.source,
                "core_seconds": row.core_seconds,
                "device_seconds": row.device_seconds,
                "enumerable": row.enumerable,
            })
        })
        .collect();
    let learners = feed.learners();
    let learners: Vec<_> = learners.iter().map(|row| json!({ "who": row.who, "what": row.what })).collect();
    json!({
        "verified": true,
        "publisher": feed.publisher_name(),
        "sealed": feed.sealed(),
        "length": feed.bytes().len(),
        "digest": hex(feed.digest()),
        "manifest": manifest(feed.manifest()),
        "exposure": exposure,
        "learners": learners,
    })
}

/// What nobody has vouched for.
pub(crate) fn unverified(feed: &UnverifiedFeed) -> Result<Value> {
    let outline = feed.outline();
    let keys: Vec<_> = outline.key_ids.iter().map(ToString::to_string).collect();
    Ok(json!({
        "verified": false,
        "sealed": outline.sealed,
        "format_version": outline.format_version,
        "feed_length": outline.file_length,
        "manifest_length": outline.manifest_length,
        "key_ids": keys,
        "unverified": manifest(&feed.manifest_unverified()?),
    }))
}

fn manifest(manifest: &Manifest) -> Value {
    // A manifest has text names and finite numbers only: this does not fail.
    serde_json::to_value(manifest).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
