//! The text of a trust store: strict JSON, laid out for people.

use serde::{Deserialize, Serialize};

use crate::codec::{hex, json};
use crate::crypto::sign::{KeyId, VerifyingKey};
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::key_id;
use crate::trust::scope::Scope;
use crate::trust::store::{TrustStore, TrustedKey, TrustedPublisher};

/// The version of the text.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bisik_trust: u32,
    publishers: Vec<Publisher>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Publisher {
    name: String,
    #[serde(with = "key_id")]
    id: KeyId,
    weight: u32,
    #[serde(default, skip_serializing_if = "Scope::is_everything")]
    may_publish: Scope,
    keys: Vec<Key>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    feeds: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roots: Vec<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    threshold: u8,
    #[serde(default, skip_serializing_if = "is_zero")]
    sequence: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    versions_void_since: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    feeds: Option<Vec<String>>,
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

impl TrustStore {
    /// Reads a store's text.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`] and the other kinds of strict JSON, with a byte offset; [`ErrorKind::BadKey`] and its
    /// relatives for what is in it.
    pub fn parse(text: &str) -> Result<Self> {
        let file: File = json::parse(text.as_bytes())?;
        if file.bisik_trust != VERSION {
            return Err(Error::new(ErrorKind::UnsupportedVersion, "a trust store of another version"));
        }
        let mut store = Self::new();
        for (at, publisher) in (0..).zip(file.publishers) {
            let publisher = publisher.read().map_err(|error| error.at(at))?;
            if store.publishers.iter().any(|known| known.id == publisher.id) {
                return Err(Error::new(ErrorKind::AlreadyExists, "a publisher stands twice").at(at));
            }
            store.publishers.push(publisher);
        }
        store.check_keys()?;
        Ok(store)
    }

    /// The store as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let publishers = self.publishers.iter().map(Publisher::of).collect();
        // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
        let mut text = serde_json::to_string_pretty(&File { bisik_trust: VERSION, publishers }).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Publisher {
    fn of(known: &TrustedPublisher) -> Self {
        Self {
            name: known.name.clone(),
            id: known.id,
            weight: known.weight,
            may_publish: known.scope.clone(),
            keys: known.keys.iter().map(|key| Key { key: key.key.to_string(), feeds: key.feeds.clone() }).collect(),
            feeds: known.feeds.clone(),
            revoked: known.revoked.iter().map(ToString::to_string).collect(),
            roots: known.roots.iter().map(ToString::to_string).collect(),
            threshold: known.threshold,
            sequence: known.sequence,
            versions_void_since: known.generation,
        }
    }

    fn read(self) -> Result<TrustedPublisher> {
        let key = |text: &String| text.parse::<VerifyingKey>();
        let keys = self.keys.into_iter().map(|Key { key: text, feeds }| Ok(TrustedKey { key: key(&text)?, feeds }));
        let publisher = TrustedPublisher {
            id: self.id,
            name: self.name,
            weight: self.weight,
            scope: self.may_publish,
            keys: keys.collect::<Result<_>>()?,
            feeds: self.feeds,
            revoked: self.revoked.iter().map(|id| hex::decode(id).map(KeyId::from_bytes)).collect::<Result<_>>()?,
            roots: self.roots.iter().map(key).collect::<Result<_>>()?,
            threshold: self.threshold,
            sequence: self.sequence,
            generation: self.versions_void_since,
        };
        publisher.check()?;
        Ok(publisher)
    }
}
