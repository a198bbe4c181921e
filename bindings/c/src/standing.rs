//! How a store's feeds stand, as JSON.

use bisik_store::{Dropped, Status};
use serde_json::{Value, json};

/// An object a feed, and one for each text that cannot be read.
pub(crate) fn json(status: &Status) -> String {
    let rows = status.rows.iter().map(|row| {
        let (stored, source) = (row.feed.as_ref(), row.source.as_ref());
        json!({
            "feed": stored.map(|stored| &stored.seen.feed),
            "publisher": stored.map(|stored| &stored.publisher_name),
            "publisher_id": stored.map(|stored| stored.seen.publisher.to_string()),
            "version": stored.map(|stored| stored.seen.version),
            "entries": stored.map(|stored| stored.count),
            "bytes": stored.map(|stored| stored.length),
            "issued": stored.map(|stored| stored.seen.issued.seconds()),
            "expires": stored.map(|stored| stored.expires.seconds()),
            "sealed": stored.map(|stored| stored.sealed),
            "prepared": stored.map(|_| row.prepared.name()),
            "source": source.map(|source| &source.source).or(stored.map(|stored| &stored.source)),
            "answered": source.and_then(|source| source.answered).map(bisik::Timestamp::seconds),
            "problem": row.problem.as_ref().map(|(kind, _)| kind),
            "message": row.problem.as_ref().map(|(_, message)| message),
        })
    });
    let faults =
        status.faults.iter().map(|fault| json!({ "problem": fault.kind().name(), "message": fault.inner().message() }));
    Value::Array(rows.chain(faults).collect()).to_string()
}

/// An object for each feed that is left out.
pub(crate) fn dropped(dropped: &[Dropped]) -> String {
    let rows = dropped.iter().map(|dropped| {
        json!({
            "feed": dropped.feed,
            "publisher_id": dropped.publisher.map(|id| id.to_string()),
            "kind": dropped.error.kind().name(),
            "message": dropped.error.inner().message(),
        })
    });
    Value::Array(rows.collect()).to_string()
}
