//! Where a version stands in its feed's life, and how its digests are made.

use crate::crypto::mac::{Digest, Frame, FrameMac};
use crate::crypto::sign::KeyId;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::Feed;
use crate::manifest::{MAX_EPOCH, TokenScheme};
use crate::publisher::{PublishOptions, SetChoice};
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::token::{self, BlindTokenizer, Ids, Tokenizer};

/// Epoch, version, and the scheme of their tokens.
pub(crate) struct Place {
    pub(crate) epoch: u32,
    pub(crate) epoch_start: Timestamp,
    pub(crate) version: u64,
    pub(crate) ids: Ids,
    pub(crate) scheme: Scheme,
}

/// How digests are made.
pub(crate) enum Scheme {
    Salted { feed_key: Secret<32>, tokenizer: Tokenizer, filter_mac: Option<FrameMac> },
    Blind { tokenizer: BlindTokenizer, public_key: [u8; 32], version: u64 },
}

impl Place {
    /// Version and epoch.
    pub(crate) const fn numbers(&self) -> (u64, u32) {
        (self.version, self.epoch)
    }

    /// The version after `previous` in its own epoch.
    pub(crate) fn following(previous: &Feed, options: &PublishOptions, id: &KeyId) -> Result<Self> {
        Self::new(Some(previous), options, id, &mut NoEntropy)
    }

    /// Version 1 of epoch 1, or the version after `previous`: with its epoch and key, or in a new epoch with fresh ones.
    pub(crate) fn new(
        previous: Option<&Feed>,
        options: &PublishOptions,
        id: &KeyId,
        entropy: &mut dyn Entropy,
    ) -> Result<Self> {
        let (least_version, least_epoch) = options.at_least;
        let Some(before) = previous else {
            let (epoch, version) = (least_epoch.max(1), least_version.max(1));
            return Self::with(epoch, options.now, version, None, options, id, entropy);
        };
        let manifest = before.manifest();
        if manifest.publisher != *id || manifest.feed != options.feed {
            return Err(ErrorKind::PreviousMismatch.into());
        }
        if options.now < manifest.issued {
            return Err(Error::new(ErrorKind::ClockWentBack, "the previous version was issued later than now"));
        }
        let version = least_version.max(manifest.version + 1);
        if options.new_epoch {
            let epoch = manifest.epoch.checked_add(1).ok_or_else(|| Error::from(ErrorKind::LimitExceeded))?;
            let epoch = epoch.max(least_epoch);
            return Self::with(epoch, options.now, version, None, options, id, entropy);
        }
        if manifest.epoch < least_epoch {
            return Err(Error::new(
                ErrorKind::PreviousMismatch,
                "the feed has begun a later epoch than the previous file's",
            ));
        }
        if options.now.since(manifest.epoch_start) > MAX_EPOCH {
            return Err(ErrorKind::EpochTooOld.into());
        }
        Self::with(manifest.epoch, manifest.epoch_start, version, Some(before), options, id, entropy)
    }

    /// `same` is the version before, if it is of the same epoch.
    fn with(
        epoch: u32,
        epoch_start: Timestamp,
        version: u64,
        same: Option<&Feed>,
        options: &PublishOptions,
        id: &KeyId,
        entropy: &mut dyn Entropy,
    ) -> Result<Self> {
        let ids = Ids::new(id, &options.feed, epoch);
        let scheme = match (&options.blind, same) {
            (None, Some(same)) => match same.feed_key() {
                Some(feed_key) => Scheme::salted(feed_key.clone(), &ids, version, options.set),
                None => {
                    return Err(Error::new(ErrorKind::OprfKeyMismatch, "a blind feed goes on with its OPRF key"));
                }
            },
            (None, None) => Scheme::salted(Secret::random(entropy)?, &ids, version, options.set),
            (Some(_), Some(same)) if !same.is_blind() => {
                return Err(Error::new(
                    ErrorKind::CombinationNotAllowed,
                    "the protection changes with a new epoch only",
                ));
            }
            (Some(key), same) => {
                let public_key = *key.public_key();
                let other = same.and_then(Feed::blind_key).is_some_and(|before| *before.as_bytes() != public_key);
                if key.ids() != ids || other {
                    return Err(ErrorKind::OprfKeyMismatch.into());
                }
                Scheme::Blind { tokenizer: key.tokenizer(), public_key, version }
            }
        };
        Ok(Self { epoch, epoch_start, version, ids, scheme })
    }
}

/// For what needs no randomness.
struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&mut self, _: &mut [u8]) -> Result<()> {
        Err(ErrorKind::NoRandomness.into())
    }
}

impl Scheme {
    fn salted(feed_key: Secret<32>, ids: &Ids, version: u64, set: SetChoice) -> Self {
        let filter_mac = (set != SetChoice::Tokens).then(|| token::filter_mac(&feed_key, ids, version));
        let tokenizer = Tokenizer::salted(&feed_key, ids);
        Self::Salted { feed_key, tokenizer, filter_mac }
    }

    /// One digest a frame; the slices have equal lengths.
    pub(crate) fn digest_many(&self, frames: &[Frame], digests: &mut [Digest]) -> Result<()> {
        match self {
            Self::Salted { tokenizer, .. } => tokenizer.digest_many(frames, digests),
            Self::Blind { tokenizer, .. } => tokenizer.digest_many(frames, digests)?,
        }
        Ok(())
    }

    /// The entries of this version's filter for frames and their digests.
    pub(crate) fn filter_entries(&self, frames: &[Frame], digests: &[Digest], entries: &mut [Digest]) {
        match self {
            Self::Salted { filter_mac, .. } => {
                if let Some(mac) = filter_mac {
                    mac.digest_many(frames, entries);
                }
            }
            Self::Blind { version, .. } => {
                for (entry, digest) in entries.iter_mut().zip(digests) {
                    *entry = token::blind_filter_entry(digest, *version);
                }
            }
        }
    }

    /// What the manifest says of it.
    pub(crate) fn stated(&self) -> TokenScheme {
        match self {
            Self::Salted { .. } => TokenScheme::Salted {},
            Self::Blind { public_key, .. } => TokenScheme::blind(*public_key),
        }
    }

    /// The key that travels in the feed, if one does.
    pub(crate) const fn feed_key(&self) -> Option<&Secret<32>> {
        match self {
            Self::Salted { feed_key, .. } => Some(feed_key),
            Self::Blind { .. } => None,
        }
    }
}
