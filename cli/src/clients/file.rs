//! `clients.toml`, read strictly: an entry that says something this program does not know is refused.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use bisik::{Budget, ErrorKind, KeyId, VerifyingKey};
use serde::Deserialize;
use toml::Spanned;

use super::secret::Digest;
use crate::escape;
use crate::failure::{Failure, Result};
use crate::files::read_public;

/// The longest name.
const MAX_NAME: usize = 128;

/// One client.
#[derive(Clone)]
pub(crate) struct Client {
    /// What logs and tables call it.
    pub(crate) name: String,
    /// What its requests are signed with.
    pub(crate) key: VerifyingKey,
    /// SHA-256 of its bearer token.
    pub(crate) token: Option<Digest>,
    /// SHA-256 of its TLS certificate.
    pub(crate) certificate: Option<Digest>,
    pub(crate) budget: Budget,
}

/// All clients, by key id.
#[derive(Clone, Default)]
pub(crate) struct Clients {
    listed: Vec<Client>,
    by_key: HashMap<KeyId, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    client: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Spanned<String>,
    key: Spanned<String>,
    token: Option<Spanned<String>>,
    certificate: Option<Spanned<String>>,
    per_day: Option<u64>,
    total: Option<u64>,
    batch: Option<Spanned<u64>>,
}

impl Clients {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::parse(&read_public(path)?).map_err(|failure| failure.about(path))
    }

    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let document: Document = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            wrong(text, at..at, error.message())
        })?;
        let mut clients = Self::default();
        for entry in document.client {
            clients.take(text, entry)?;
        }
        Ok(clients)
    }

    fn take(&mut self, text: &str, entry: Spanned<Entry>) -> Result<()> {
        let place = entry.span();
        let entry = entry.into_inner();
        let name = entry.name.get_ref();
        check_name(name).map_err(|what| wrong(text, entry.name.span(), what))?;
        if self.listed.iter().any(|client| client.name == *name) {
            return Err(wrong(text, entry.name.span(), "the name stands twice"));
        }
        let key: VerifyingKey = entry
            .key
            .get_ref()
            .parse()
            .map_err(|_| wrong(text, entry.key.span(), "the key is no ed25519… public key"))?;
        if self.by_key.insert(key.key_id(), self.listed.len()).is_some() {
            return Err(wrong(text, entry.key.span(), "the key stands twice: two budgets for one client"));
        }
        let digest = |field: Option<Spanned<String>>| match field {
            None => Ok(None),
            Some(field) => match Digest::parse(field.get_ref()) {
                Some(digest) => Ok(Some(digest)),
                None => Err(wrong(text, field.span(), "not a SHA-256: 64 digits 0-9 a-f")),
            },
        };
        let mut budget = Budget::default();
        budget.per_day = entry.per_day.or(budget.per_day);
        budget.total = entry.total;
        if let Some(batch) = entry.batch {
            if *batch.get_ref() == 0 || *batch.get_ref() > budget.batch {
                return Err(wrong(text, batch.span(), "batch is 1 to 16384"));
            }
            budget.batch = batch.into_inner();
        }
        let (token, certificate) = (digest(entry.token)?, digest(entry.certificate)?);
        if token
            .is_some_and(|token| self.listed.iter().filter_map(|client| client.token).any(|other| other.same(&token)))
        {
            return Err(wrong(text, place, "two clients have one token"));
        }
        self.listed.push(Client { name: entry.name.into_inner(), key, token, certificate, budget });
        Ok(())
    }

    /// The client with this key.
    pub(crate) fn get(&self, id: &KeyId) -> Option<&Client> {
        self.by_key.get(id).and_then(|&at| self.listed.get(at))
    }

    /// The client whose token has this hash. Every entry is compared.
    pub(crate) fn with_token(&self, token: &Digest) -> Option<&Client> {
        self.find(token, |client| client.token.as_ref())
    }

    /// The client whose certificate has this hash. Every entry is compared.
    pub(crate) fn with_certificate(&self, certificate: &Digest) -> Option<&Client> {
        self.find(certificate, |client| client.certificate.as_ref())
    }

    fn find(&self, wanted: &Digest, field: impl Fn(&Client) -> Option<&Digest>) -> Option<&Client> {
        let mut found = None;
        for client in &self.listed {
            if field(client).is_some_and(|digest| digest.same(wanted)) {
                found = Some(client);
            }
        }
        found
    }

    /// All of them, in the order of the file.
    pub(crate) fn all(&self) -> &[Client] {
        &self.listed
    }
}

/// What is wrong with a name, if anything is.
pub(super) fn check_name(name: &str) -> std::result::Result<(), &'static str> {
    if name.trim().is_empty() || name.chars().count() > MAX_NAME {
        return Err("a name has 1 to 128 characters");
    }
    if escape::terminal(name) != name {
        return Err("a name has no control or direction characters");
    }
    Ok(())
}

/// A fault at a place in the text, told by its line.
fn wrong(text: &str, place: Range<usize>, what: &str) -> Failure {
    let before = text.as_bytes().get(..place.start.min(text.len())).unwrap_or_default();
    let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
    let what = what.lines().next().unwrap_or_default();
    Failure::new(ErrorKind::Malformed, format!("line {line}: {what}"))
        .help("correct that line; docs/blind.md shows every field")
}
