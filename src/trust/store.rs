//! The publishers that a reader trusts, and what a signature of theirs is good for.

use std::collections::BTreeSet;

use crate::container::SignedBlock;
use crate::crypto::sign::{ED25519, KeyId, SignedType, VerifyingKey};
use crate::error::{Error, ErrorKind, Result};
use crate::keyring::{Card, check_key_sets, check_name};
use crate::manifest::check_feed_id;
use crate::trust::scope::Scope;

/// The highest weight of a publisher.
pub(super) const MAX_WEIGHT: u32 = 1_000;

/// The publishers that a reader trusts: the only source of decisions on keys, never the file itself.
///
/// Its text ([`parse`](Self::parse), [`to_text`](Self::to_text)) is the reader's own file. It says nothing secret, but who can
/// change it decides what is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustStore {
    pub(super) publishers: Vec<TrustedPublisher>,
}

/// A publisher as the reader knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrustedPublisher {
    /// The publisher id.
    pub id: KeyId,
    /// The reader's own name for it.
    pub name: String,
    /// What its word counts for beside others', from 0 to 1,000; 1 unless said otherwise.
    pub weight: u32,
    /// What it may publish.
    pub scope: Scope,
    /// The keys that sign its feeds.
    pub keys: Vec<TrustedKey>,
    /// Where no key is left after a revocation: the feeds that the next ones may sign; `None`: any feed of this publisher.
    pub feeds: Option<Vec<String>>,
    /// Keys whose signatures are refused from now on.
    pub revoked: Vec<KeyId>,
    /// The keys that sign rotations and revocations.
    pub roots: Vec<VerifyingKey>,
    /// How many of the roots must sign; 0 without roots.
    pub threshold: u8,
    /// The number of the last rotation or revocation; the next one has a higher number.
    pub sequence: u64,
    /// The number of the last rotation that voided the memory of versions.
    pub generation: u64,
}

/// A key that signs feeds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrustedKey {
    /// The key.
    pub key: VerifyingKey,
    /// The feeds that it may sign; `None`: any feed of this publisher.
    pub feeds: Option<Vec<String>>,
}

impl TrustedKey {
    fn may_sign(&self, feed: &str) -> bool {
        self.feeds.as_ref().is_none_or(|feeds| feeds.iter().any(|known| known == feed))
    }
}

/// The keys whose signatures on a block hold.
pub(crate) struct Signers(Vec<KeyId>);

/// What a reader's store says of the publisher that signed something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authority {
    pub(crate) name: String,
    pub(crate) weight: u32,
    pub(crate) generation: u64,
    pub(crate) scope: Scope,
}

impl TrustStore {
    /// A store that trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts a publisher's card for every feed of that publisher.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if another card of the same publisher is in the store; [`ErrorKind::BadKey`] if one of its
    /// keys belongs to another publisher already.
    pub fn add_card(&mut self, card: &Card) -> Result<()> {
        self.add(card, None)
    }

    /// Trusts a publisher's card for the named feeds alone.
    ///
    /// # Errors
    /// As [`add_card`](Self::add_card), and [`ErrorKind::InvalidName`] for what is no feed id.
    pub fn add_card_for(&mut self, card: &Card, feeds: &[&str]) -> Result<()> {
        for feed in feeds {
            check_feed_id(feed)?;
        }
        self.add(card, Some(feeds.iter().map(|&feed| feed.to_owned()).collect()))
    }

    fn add(&mut self, card: &Card, feeds: Option<Vec<String>>) -> Result<()> {
        let id = card.publisher_id().ok_or_else(|| Error::new(ErrorKind::BadKey, "a card without a key"))?;
        let keys = card.verifying_keys.iter().map(|&key| TrustedKey { key, feeds: feeds.clone() }).collect();
        self.insert(TrustedPublisher {
            id,
            name: card.name.clone(),
            weight: 1,
            scope: Scope::default(),
            keys,
            feeds: None,
            revoked: Vec::new(),
            roots: card.roots.clone(),
            threshold: card.threshold,
            sequence: card.sequence,
            generation: 0,
        })
    }

    /// Takes the publishers of another store over.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if both know a publisher differently; [`ErrorKind::BadKey`] if a key belongs to two.
    pub fn join(&mut self, other: Self) -> Result<()> {
        other.publishers.into_iter().try_for_each(|publisher| self.insert(publisher))
    }

    fn insert(&mut self, publisher: TrustedPublisher) -> Result<()> {
        if let Some(known) = self.publishers.iter().find(|known| known.id == publisher.id) {
            if *known == publisher {
                return Ok(());
            }
            return Err(Error::new(ErrorKind::AlreadyExists, "two different cards of one publisher"));
        }
        publisher.check()?;
        self.publishers.push(publisher);
        let checked = self.check_keys();
        if checked.is_err() {
            self.publishers.pop();
        }
        checked
    }

    /// That no key speaks for two publishers: then whose word it is would depend on the order.
    pub(super) fn check_keys(&self) -> Result<()> {
        let mut seen = BTreeSet::new();
        for publisher in &self.publishers {
            for key in publisher.keys.iter().map(|known| &known.key).chain(&publisher.roots) {
                if !seen.insert(key.key_id()) {
                    return Err(Error::new(ErrorKind::BadKey, "one key stands twice in the store"));
                }
            }
        }
        Ok(())
    }

    /// The publishers, in the order in which they were added.
    #[must_use]
    pub fn publishers(&self) -> &[TrustedPublisher] {
        &self.publishers
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.publishers.is_empty()
    }

    /// Trusts a publisher no more.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`] if the store does not know it.
    pub fn remove(&mut self, publisher: &KeyId) -> Result<()> {
        self.publisher_mut(publisher)?;
        self.publishers.retain(|known| known.id != *publisher);
        Ok(())
    }

    /// Says what a publisher's word counts for, from 0 to 1,000.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`]; [`ErrorKind::InvalidArgument`].
    pub fn set_weight(&mut self, publisher: &KeyId, weight: u32) -> Result<()> {
        if weight > MAX_WEIGHT {
            return Err(Error::new(ErrorKind::InvalidArgument, "a weight is 0 to 1,000"));
        }
        self.publisher_mut(publisher)?.weight = weight;
        Ok(())
    }

    /// Says what a publisher may publish.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`], and as [`Scope::check`].
    pub fn set_scope(&mut self, publisher: &KeyId, scope: Scope) -> Result<()> {
        scope.check()?;
        self.publisher_mut(publisher)?.scope = scope;
        Ok(())
    }

    /// Gives a publisher the reader's own name.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`]; [`ErrorKind::InvalidName`].
    pub fn set_name(&mut self, publisher: &KeyId, name: &str) -> Result<()> {
        check_name(name)?;
        self.publisher_mut(publisher)?.name = name.to_owned();
        Ok(())
    }

    pub(super) fn publisher_mut(&mut self, id: &KeyId) -> Result<&mut TrustedPublisher> {
        let known = self.publishers.iter_mut().find(|known| known.id == *id);
        known.ok_or_else(|| Error::new(ErrorKind::Untrusted, "the store does not know this publisher"))
    }

    /// Verifies a block's type and the signatures of trusted keys: at least one, and none of them wrong.
    pub(crate) fn verify(&self, kind: SignedType, block: &SignedBlock<'_>) -> Result<Signers> {
        if block.head.signed_type != kind as u8 {
            return Err(Error::new(ErrorKind::Malformed, "a signed block of another type").at(10));
        }
        let keys: Vec<VerifyingKey> =
            self.publishers.iter().flat_map(|publisher| publisher.keys.iter().map(|known| known.key)).collect();
        let signers = signers(kind, block, &keys)?;
        if signers.is_empty() {
            let revoked = |id: &KeyId| self.publishers.iter().any(|publisher| publisher.revoked.contains(id));
            let kind = if block.signatures.iter().any(|signature| revoked(&signature.key_id)) {
                ErrorKind::Revoked
            } else {
                ErrorKind::Untrusted
            };
            return Err(kind.into());
        }
        Ok(Signers(signers))
    }

    /// What the store says of a publisher, if one of the signers may sign this feed of it.
    pub(crate) fn authorise(&self, signers: &Signers, publisher: &KeyId, feed: &str) -> Result<Authority> {
        let may = |known: &TrustedKey| known.may_sign(feed) && signers.0.contains(&known.key.key_id());
        self.publishers
            .iter()
            .find(|known| known.id == *publisher && known.keys.iter().any(may))
            .map(|known| Authority {
                name: known.name.clone(),
                weight: known.weight,
                generation: known.generation,
                scope: known.scope.clone(),
            })
            .ok_or_else(|| ErrorKind::NotAuthorised.into())
    }
}

impl TrustStore {
    /// The reader's name for whoever has this id, if one of the signers is a key of theirs, whatever feeds it may sign.
    pub(crate) fn speaks_for(&self, signers: &Signers, id: &KeyId) -> Result<String> {
        let signed = |known: &TrustedPublisher| known.keys.iter().any(|key| signers.0.contains(&key.key.key_id()));
        let known = self.publishers.iter().find(|known| known.id == *id && signed(known));
        known.map(|known| known.name.clone()).ok_or_else(|| ErrorKind::NotAuthorised.into())
    }
}

impl TrustedPublisher {
    /// The feeds that its keys may sign together; `None`: any.
    pub(super) fn signable(&self) -> Option<Vec<String>> {
        if self.keys.is_empty() {
            return self.feeds.clone();
        }
        let lists: Option<Vec<Vec<String>>> = self.keys.iter().map(|known| known.feeds.clone()).collect();
        lists.map(|lists| {
            let mut feeds = lists.concat();
            feeds.sort_unstable();
            feeds.dedup();
            feeds
        })
    }

    pub(super) fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        // There may be no key left after a revocation.
        let keys: Vec<VerifyingKey> = self.keys.iter().map(|known| known.key).collect();
        check_key_sets(&self.roots, self.threshold, &keys)?;
        self.scope.check()?;
        if self.weight > MAX_WEIGHT || self.generation > self.sequence {
            return Err(Error::new(ErrorKind::BadManifest, "a weight or a sequence is out of range"));
        }
        if self.feeds.is_some() && !self.keys.is_empty() {
            return Err(Error::new(ErrorKind::BadManifest, "keys say themselves which feeds they may sign"));
        }
        for feed in self.keys.iter().map(|known| &known.feeds).chain([&self.feeds]).flatten().flatten() {
            check_feed_id(feed)?;
        }
        if self.keys.iter().any(|known| self.revoked.contains(&known.key.key_id())) {
            return Err(ErrorKind::Revoked.into());
        }
        Ok(())
    }
}

/// Those of `keys` whose signatures are on a block; each counts once, and none may be wrong.
pub(super) fn signers(kind: SignedType, block: &SignedBlock<'_>, keys: &[VerifyingKey]) -> Result<Vec<KeyId>> {
    let mut signers = Vec::new();
    for signature in &block.signatures {
        let Some(key) = keys.iter().find(|key| key.key_id() == signature.key_id) else {
            continue;
        };
        if signature.algorithm != ED25519 {
            return Err(Error::new(
                ErrorKind::UnsupportedAlgorithm,
                "an Ed25519 key with another algorithm's signature",
            ));
        }
        key.verify(kind, block.signed, signature.bytes)?;
        if !signers.contains(&signature.key_id) {
            signers.push(signature.key_id);
        }
    }
    Ok(signers)
}
