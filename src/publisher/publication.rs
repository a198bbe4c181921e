//! A finished feed on its way out.

use std::collections::BTreeMap;
use std::io::Write;

use zeroize::Zeroizing;

use crate::container;
use crate::crypto::age::Recipient;
use crate::delta::{self, DeltaFile};
use crate::entropy::Entropy;
use crate::envelope;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::Feed;
use crate::identifier::Kind;
use crate::keyring::SigningFile;
use crate::layout::{Content, assemble};
use crate::manifest::{KindCount, Manifest, SetDescriptor, TokenScheme, section};
use crate::publisher::PublishOptions;
use crate::publisher::place::Place;
use crate::retraction;

/// A finished feed that has not left yet: it goes out open or sealed.
pub struct Publication<'k> {
    signing: &'k SigningFile,
    manifest: Manifest,
    digest: [u8; 32],
    merged: u64,
    linked: u64,
    /// The retractions that it carries.
    told: Vec<u8>,
    bytes: Zeroizing<Vec<u8>>,
}

impl<'k> Publication<'k> {
    /// Lays the sections out and signs what describes them.
    pub(crate) fn assemble(
        signing: &'k SigningFile,
        options: PublishOptions,
        place: Place,
        previous: Option<&Feed>,
        (tokens, set, record_size): (TokenScheme, SetDescriptor, u32),
        kinds: Vec<KindCount>,
        contents: &[Content],
    ) -> Result<Self> {
        let mut manifest = Manifest {
            publisher: signing.publisher_id(),
            name: signing.name.clone(),
            feed: options.feed,
            epoch: place.epoch,
            epoch_start: place.epoch_start,
            version: place.version,
            issued: options.now,
            expires: options.now.plus(options.valid_seconds),
            contact: options.contact,
            tokens,
            set,
            count: kinds.iter().map(|entry| entry.count).sum(),
            record_size,
            kinds,
            tlp: options.tlp,
            purpose: options.purpose,
            previous: previous.map(|previous| *previous.digest()),
            sections: Vec::new(),
            ext: BTreeMap::new(),
            must_understand: Vec::new(),
        };
        let bytes = assemble(&mut manifest, contents, &signing.key)?;
        let signed = bytes.get(..container::Head::read(&bytes)?.signed_length()).unwrap_or_default();
        let digest = container::digest(signed);
        let told = contents.iter().find(|content| content.section_type == section::RETRACTIONS);
        let told = told.map(|content| content.bytes.to_vec()).unwrap_or_default();
        Ok(Self { signing, manifest, digest, merged: 0, linked: 0, told, bytes })
    }

    /// With how many additions were merged into others, and how many were linked.
    pub(crate) fn counted(mut self, merged: u64, linked: u64) -> Self {
        self.merged = merged;
        self.linked = linked;
        self
    }
}

impl Publication<'_> {
    /// What was signed.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The feed digest.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// How many additions were merged into others.
    #[must_use]
    pub const fn merged(&self) -> u64 {
        self.merged
    }

    /// How many of the additions are there because they are linked to another: the mailbox of an e-mail address, the
    /// telephone number behind a link.
    #[must_use]
    pub const fn linked(&self) -> u64 {
        self.linked
    }

    /// The kinds in the feed that an open salted feed must not hold unless accepted by name; none in a blind one.
    #[must_use]
    pub fn enumerable(&self) -> Vec<Kind> {
        if self.manifest.tokens != (TokenScheme::Salted {}) {
            return Vec::new();
        }
        let kinds = self.manifest.kinds.iter().filter_map(|entry| Kind::from_number(entry.kind));
        kinds.filter(|kind| kind.is_enumerable()).collect()
    }

    /// The feed for everybody to read, once each enumerable kind in it is in `accepted`.
    ///
    /// # Errors
    /// [`ErrorKind::Enumerable`]: see [`enumerable`](Self::enumerable) for the kinds.
    pub fn open(&self, accepted: &[Kind]) -> Result<&[u8]> {
        if self.enumerable().iter().any(|kind| !accepted.contains(kind)) {
            return Err(ErrorKind::Enumerable.into());
        }
        Ok(&self.bytes)
    }

    /// What leads from an earlier version of the same epoch to this one.
    ///
    /// # Errors
    /// [`ErrorKind::SnapshotNeeded`] if there is no delta between the two: a filter, a new epoch, another canonical form or
    /// record length. [`ErrorKind::BaseMismatch`] if `base` is no earlier version of this feed.
    pub fn delta(&self, base: &Feed) -> Result<DeltaFile<'_>> {
        delta::make(base, &self.bytes, &self.manifest, self.signing, self.enumerable())
    }

    /// The retractions as a signed file of its own, for those who can no longer open the feed. Hit ids say nothing to those who
    /// had no hit.
    ///
    /// # Errors
    /// [`ErrorKind::TooManyEntries`] for more than 1 MiB of them.
    pub fn retraction_list(&self) -> Result<Vec<u8>> {
        retraction::sign(&self.manifest, &self.told, &self.signing.key)
    }

    /// Seals the feed to recipients and to the publisher's own, and writes the file.
    ///
    /// # Errors
    /// [`ErrorKind::BadKey`] if the signing file names no recipient of the publisher's own, who could then not read its own
    /// feed; [`ErrorKind::TooManyRecipients`], [`ErrorKind::NoRandomness`], [`ErrorKind::Io`].
    pub fn seal(&self, recipients: &[Recipient], entropy: &mut dyn Entropy, out: &mut dyn Write) -> Result<()> {
        if self.signing.recipients.is_empty() {
            return Err(Error::new(
                ErrorKind::BadKey,
                "the signing file names no recipient: its publisher could not read the feed",
            ));
        }
        let all: Vec<_> = recipients.iter().chain(&self.signing.recipients).cloned().collect();
        envelope::seal(&self.bytes, &self.digest, &self.signing.key, &all, self.manifest.issued, entropy, out)
    }
}

impl std::fmt::Debug for Publication<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publication")
            .field("feed", &self.manifest.feed)
            .field("count", &self.manifest.count)
            .finish_non_exhaustive()
    }
}
