//! How trust in a publisher changes: rotations and revocations that its roots signed, or what a person confirmed.
//!
//! After The Update Framework's root metadata (TUF 1.0.34, §5.3): the old set of roots and the new one both sign, and the number rises.

use serde::{Deserialize, Serialize};

use crate::codec::{hex, json};
use crate::container::{self, SignedBlock};
use crate::crypto::sign::{KeyId, SignedType, SigningKey, VerifyingKey};
use crate::error::{Error, ErrorKind, Result};
use crate::keyring::Card;
use crate::manifest::key_id;
use crate::time::Timestamp;
use crate::trust::store::{TrustStore, TrustedKey, TrustedPublisher, signers};

/// How far ahead of the reader's clock a statement may have been issued, in seconds.
const CLOCK_SKEW: u64 = 300;
/// The most keys that one revocation names.
const MAX_KEYS: usize = 256;

/// A publisher's new keys and roots: what takes the place of what a store knows of it.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The publisher's new card: its roots, threshold and keys count, and its [`sequence`](Card::sequence) is the rotation's
    /// number, higher than any before.
    pub card: Card,
    /// When it is issued.
    pub issued: Timestamp,
    /// Whether readers forget, once, which versions they have seen: the way out when a thief signed the highest version number.
    pub reset_versions: bool,
}

/// Keys of a publisher that are refused from now on.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// The publisher id.
    pub publisher: KeyId,
    /// The number, higher than that of any rotation or revocation before.
    pub sequence: u64,
    /// When it is issued.
    pub issued: Timestamp,
    /// The keys.
    pub keys: Vec<KeyId>,
}

/// What an update did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// The publisher has other keys.
    Rotated(KeyId),
    /// Some of its keys are refused.
    Revoked(KeyId),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RotationBody {
    #[serde(with = "key_id")]
    publisher: KeyId,
    sequence: u64,
    issued: Timestamp,
    name: String,
    roots: Vec<String>,
    threshold: u8,
    keys: Vec<String>,
    reset_versions: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevocationBody {
    #[serde(with = "key_id")]
    publisher: KeyId,
    sequence: u64,
    issued: Timestamp,
    keys: Vec<String>,
}

impl Rotation {
    /// The statement, signed by roots of the old set and of the new one.
    ///
    /// # Errors
    /// [`ErrorKind::BadKey`] for a card without roots or sequence, and for no root or more than 8.
    pub fn sign(&self, roots: &[&SigningKey]) -> Result<Vec<u8>> {
        self.card.check()?;
        let publisher = self.card.publisher_id().filter(|_| self.card.threshold > 0 && self.card.sequence > 0);
        let publisher = publisher
            .ok_or_else(|| Error::new(ErrorKind::BadKey, "the card of a rotation has roots, threshold and sequence"))?;
        let texts = |keys: &[VerifyingKey]| keys.iter().map(ToString::to_string).collect();
        let body = RotationBody {
            publisher,
            sequence: self.card.sequence,
            issued: self.issued,
            name: self.card.name.clone(),
            roots: texts(&self.card.roots),
            threshold: self.card.threshold,
            keys: texts(&self.card.verifying_keys),
            reset_versions: self.reset_versions,
        };
        sign(SignedType::Rotation, &body, roots)
    }
}

impl Revocation {
    /// The statement, signed by roots.
    ///
    /// # Errors
    /// [`ErrorKind::BadKey`] for no key or too many, and for no root or more than 8.
    pub fn sign(&self, roots: &[&SigningKey]) -> Result<Vec<u8>> {
        if self.keys.is_empty() || self.keys.len() > MAX_KEYS || self.sequence == 0 {
            return Err(Error::new(ErrorKind::BadKey, "a revocation names 1 to 256 keys and has a number from 1"));
        }
        let keys = self.keys.iter().map(ToString::to_string).collect();
        let (publisher, sequence, issued) = (self.publisher, self.sequence, self.issued);
        sign(SignedType::Revocation, &RevocationBody { publisher, sequence, issued, keys }, roots)
    }
}

fn sign(kind: SignedType, body: &impl Serialize, roots: &[&SigningKey]) -> Result<Vec<u8>> {
    let distinct = roots
        .iter()
        .enumerate()
        .all(|(place, root)| roots.iter().skip(place + 1).all(|other| other.verifying_key() != root.verifying_key()));
    if roots.is_empty() || roots.len() > 8 || !distinct {
        return Err(Error::new(ErrorKind::BadKey, "1 to 8 different roots sign"));
    }
    // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
    let json = serde_json::to_string(body).unwrap_or_default();
    Ok(container::write_block_of(kind, json.as_bytes(), None, roots))
}

impl TrustStore {
    /// Takes a signed rotation or revocation in.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`] for a publisher that the store does not know; [`ErrorKind::NotConfirmed`] if the store knows no
    /// roots of it: then a person decides, with [`rotate_confirmed`](Self::rotate_confirmed). [`ErrorKind::Rollback`] if the
    /// number does not rise; [`ErrorKind::ThresholdNotMet`]; [`ErrorKind::BadSignature`]; [`ErrorKind::NotYetValid`];
    /// [`ErrorKind::Malformed`] and the other kinds of signed texts. The store is then unchanged.
    pub fn update(&mut self, statement: &[u8], now: Timestamp) -> Result<Updated> {
        let block = SignedBlock::alone(statement)?;
        match block.head.signed_type {
            kind if kind == SignedType::Rotation as u8 => self.rotate(&block, now),
            kind if kind == SignedType::Revocation as u8 => self.revoke(&block, now),
            _ => Err(Error::new(ErrorKind::Malformed, "neither a rotation nor a revocation").at(10)),
        }
    }

    fn rotate(&mut self, block: &SignedBlock<'_>, now: Timestamp) -> Result<Updated> {
        let body: RotationBody = json::parse(block.body)?;
        let keys = |texts: &[String]| texts.iter().map(|text| text.parse()).collect::<Result<Vec<VerifyingKey>>>();
        let card = Card {
            name: body.name,
            publisher: Some(body.publisher),
            roots: keys(&body.roots)?,
            threshold: body.threshold,
            sequence: body.sequence,
            verifying_keys: keys(&body.keys)?,
            recipients: Vec::new(),
        };
        card.check()?;
        if card.threshold == 0 {
            return Err(Error::new(ErrorKind::BadKey, "a rotation has roots"));
        }
        let old = self.publisher_mut(&body.publisher)?;
        old.check_next(body.sequence, body.issued, now)?;
        old.check_threshold(SignedType::Rotation, block, &old.roots, old.threshold)?;
        old.check_threshold(SignedType::Rotation, block, &card.roots, card.threshold)?;
        let generation = if body.reset_versions { body.sequence } else { old.generation };
        self.replace(&body.publisher, &card, generation)?;
        Ok(Updated::Rotated(body.publisher))
    }

    fn revoke(&mut self, block: &SignedBlock<'_>, now: Timestamp) -> Result<Updated> {
        let body: RevocationBody = json::parse(block.body)?;
        let keys = body.keys.iter().map(|id| hex::decode(id).map(KeyId::from_bytes)).collect::<Result<Vec<_>>>()?;
        if keys.is_empty() || keys.len() > MAX_KEYS {
            return Err(Error::new(ErrorKind::BadManifest, "a revocation names 1 to 256 keys"));
        }
        let old = self.publisher_mut(&body.publisher)?;
        old.check_next(body.sequence, body.issued, now)?;
        old.check_threshold(SignedType::Revocation, block, &old.roots, old.threshold)?;
        if old.roots.iter().any(|root| keys.contains(&root.key_id())) {
            return Err(Error::new(ErrorKind::BadKey, "a root is replaced by a rotation, not revoked"));
        }
        keys.iter().for_each(|key| old.refuse(key));
        old.sequence = body.sequence;
        Ok(Updated::Revoked(body.publisher))
    }

    /// Takes new keys of a publisher without roots over because a person compared the key id, by telephone for instance.
    ///
    /// `confirmed` is the id of the card's first key, or of its first root if it has roots.
    ///
    /// # Errors
    /// [`ErrorKind::NotConfirmed`] if `confirmed` is another key's id, or if the publisher has roots, whose signatures count
    /// instead; [`ErrorKind::Untrusted`]; [`ErrorKind::BadKey`]; [`ErrorKind::Revoked`] if the card holds a revoked key;
    /// [`ErrorKind::LimitExceeded`] for a sequence above 2^53 − 1, or to reset versions where it was reached.
    pub fn rotate_confirmed(
        &mut self,
        publisher: &KeyId,
        card: &Card,
        confirmed: &KeyId,
        reset_versions: bool,
    ) -> Result<()> {
        card.check()?;
        let old = self.publisher_mut(publisher)?;
        old.check_rootless()?;
        let shown = card.roots.first().or(card.verifying_keys.first()).map(VerifyingKey::key_id);
        if shown != Some(*confirmed) {
            return Err(Error::new(ErrorKind::NotConfirmed, "the confirmed key id is not that of the new card"));
        }
        let sequence = card.sequence.max(old.next_sequence());
        if sequence > json::MAX_INTEGER || (reset_versions && sequence <= old.generation) {
            return Err(Error::new(ErrorKind::LimitExceeded, "no number is left for this publisher's rotations"));
        }
        let generation = if reset_versions { sequence } else { old.generation };
        self.replace(publisher, &Card { sequence, ..card.clone() }, generation)
    }

    /// Refuses a key of a publisher without roots from now on, because a person says so.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`]; [`ErrorKind::NotConfirmed`] if the publisher has roots.
    pub fn revoke_confirmed(&mut self, publisher: &KeyId, key: &KeyId) -> Result<()> {
        let old = self.publisher_mut(publisher)?;
        old.check_rootless()?;
        old.refuse(key);
        old.sequence = old.next_sequence();
        Ok(())
    }

    /// Puts a card's keys in place of the old ones; the reader's own decisions stay.
    fn replace(&mut self, id: &KeyId, card: &Card, generation: u64) -> Result<()> {
        let before = self.clone();
        let old = self.publisher_mut(id)?;
        // What the old keys may sign together is what the new ones may sign.
        let feeds = old.signable();
        old.keys = card.verifying_keys.iter().map(|&key| TrustedKey { key, feeds: feeds.clone() }).collect();
        old.feeds = None;
        old.roots.clone_from(&card.roots);
        old.threshold = card.threshold;
        old.sequence = card.sequence;
        old.generation = generation;
        let checked = old.check().and_then(|()| self.check_keys());
        if checked.is_err() {
            *self = before;
        }
        checked
    }
}

impl TrustedPublisher {
    /// That a statement comes after the last one, and not from the future.
    fn check_next(&self, sequence: u64, issued: Timestamp, now: Timestamp) -> Result<()> {
        if self.threshold == 0 {
            return Err(Error::new(ErrorKind::NotConfirmed, "the store knows no roots of this publisher"));
        }
        if sequence <= self.sequence {
            return Err(Error::new(ErrorKind::Rollback, "an older rotation or revocation than the last one"));
        }
        if issued > now.plus(CLOCK_SKEW) {
            return Err(Error::new(ErrorKind::NotYetValid, "the statement was issued in the future"));
        }
        Ok(())
    }

    fn check_threshold(
        &self,
        kind: SignedType,
        block: &SignedBlock<'_>,
        roots: &[VerifyingKey],
        threshold: u8,
    ) -> Result<()> {
        let signed = signers(kind, block, roots)?.len();
        if signed < usize::from(threshold.max(1)) {
            return Err(Error::new(
                ErrorKind::ThresholdNotMet,
                "too few roots of the old set or of the new one signed",
            ));
        }
        Ok(())
    }

    /// The next number of a change that a person makes; the last one stays, so that a key can always be refused.
    fn next_sequence(&self) -> u64 {
        self.sequence.saturating_add(1).min(json::MAX_INTEGER)
    }

    fn check_rootless(&self) -> Result<()> {
        if self.threshold > 0 {
            return Err(Error::new(ErrorKind::NotConfirmed, "the publisher has roots: what they sign counts"));
        }
        Ok(())
    }

    fn refuse(&mut self, key: &KeyId) {
        // The reader's decision outlives the last key.
        let feeds = self.signable();
        self.keys.retain(|known| known.key.key_id() != *key);
        self.feeds = feeds.filter(|_| self.keys.is_empty());
        if !self.revoked.contains(key) {
            self.revoked.push(*key);
        }
    }
}
