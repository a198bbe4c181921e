//! Whom a reader trusts, and for what.

use crate::container::SignedBlock;
use crate::crypto::sign::{ED25519, KeyId, SignedType, VerifyingKey};
use crate::error::{Error, ErrorKind, Result};
use crate::keyring::Card;
use crate::manifest::check_feed_id;

/// The publishers that a reader trusts: the only source of decisions on keys, never the file itself.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    publishers: Vec<TrustedPublisher>,
}

/// A publisher as the reader knows it.
#[derive(Clone, Debug)]
struct TrustedPublisher {
    id: KeyId,
    name: String,
    keys: Vec<VerifyingKey>,
    /// `None`: any feed of this publisher.
    feeds: Option<Vec<String>>,
}

/// The keys whose signatures on a block hold.
pub(crate) struct Signers(Vec<KeyId>);

impl TrustStore {
    /// A store that trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts a publisher's card for every feed of that publisher.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if another card of the same publisher is in the store.
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
        if let Some(known) = self.publishers.iter().find(|known| known.id == id) {
            if known.keys == card.verifying_keys && known.feeds == feeds && known.name == card.name {
                return Ok(());
            }
            return Err(Error::new(ErrorKind::AlreadyExists, "two different cards of one publisher"));
        }
        let keys = card.verifying_keys.clone();
        self.publishers.push(TrustedPublisher { id, name: card.name.clone(), keys, feeds });
        Ok(())
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.publishers.is_empty()
    }

    /// Verifies a block's type and the signatures of trusted keys: at least one, and none of them wrong.
    pub(crate) fn verify(&self, kind: SignedType, block: &SignedBlock<'_>) -> Result<Signers> {
        if block.head.signed_type != kind as u8 {
            return Err(Error::new(ErrorKind::Malformed, "a signed block of another type").at(10));
        }
        let mut signers = Vec::new();
        for signature in &block.signatures {
            let keys = self.publishers.iter().flat_map(|publisher| &publisher.keys);
            let Some(key) = keys.into_iter().find(|key| key.key_id() == signature.key_id) else {
                continue;
            };
            if signature.algorithm != ED25519 {
                return Err(Error::new(
                    ErrorKind::UnsupportedAlgorithm,
                    "an Ed25519 key with another algorithm's signature",
                ));
            }
            key.verify(kind, block.signed, signature.bytes)?;
            signers.push(signature.key_id);
        }
        if signers.is_empty() {
            return Err(ErrorKind::Untrusted.into());
        }
        Ok(Signers(signers))
    }

    /// The reader's name for a publisher, if one of the signers may sign this feed of it.
    pub(crate) fn authorise(&self, signers: &Signers, publisher: &KeyId, feed: &str) -> Result<&str> {
        self.publishers
            .iter()
            .find(|known| {
                known.id == *publisher
                    && known.keys.iter().any(|key| signers.0.contains(&key.key_id()))
                    && known.feeds.as_ref().is_none_or(|feeds| feeds.iter().any(|known| known == feed))
            })
            .map(|known| known.name.as_str())
            .ok_or_else(|| ErrorKind::NotAuthorised.into())
    }
}
