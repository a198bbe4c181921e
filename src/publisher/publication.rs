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
use crate::layout::{Content, assemble, sign};
use crate::manifest::{KindCount, Manifest, Section, SetDescriptor, TokenScheme, section};
use crate::publisher::PublishOptions;
use crate::publisher::place::Place;
use crate::retraction;

/// A finished feed that has not left yet: it goes out open or sealed.
pub struct Publication<'k> {
    about: About<'k>,
    bytes: Zeroizing<Vec<u8>>,
}

/// What there is to say of a finished feed, wherever its bytes are.
pub(super) struct About<'k> {
    pub(super) signing: &'k SigningFile,
    pub(super) manifest: Manifest,
    pub(super) digest: [u8; 32],
    pub(super) merged: u64,
    pub(super) linked: u64,
    /// The retractions that it carries.
    told: Vec<u8>,
}

impl<'k> About<'k> {
    /// Signs a manifest whose sections are `sections`; returns the signed block and the file's length too.
    pub(super) fn sign(
        signing: &'k SigningFile,
        mut manifest: Manifest,
        sections: Vec<Section>,
        contents: &[&Content],
    ) -> Result<(Self, Vec<u8>, u64)> {
        manifest.sections = sections;
        let (block, total) = sign(&mut manifest, &signing.key)?;
        Ok((Self::of(signing, manifest, &block, contents)?, block, total))
    }

    /// Of a file, or of its signed block.
    fn of(signing: &'k SigningFile, manifest: Manifest, file: &[u8], contents: &[&Content]) -> Result<Self> {
        let signed = file.get(..container::Head::read(file)?.signed_length()).unwrap_or_default();
        let digest = container::digest(signed);
        let told = contents.iter().find(|content| content.section_type == section::RETRACTIONS);
        let told = told.map(|content| content.bytes.to_vec()).unwrap_or_default();
        Ok(Self { signing, manifest, digest, merged: 0, linked: 0, told })
    }

    pub(super) fn enumerable(&self) -> Vec<Kind> {
        if self.manifest.tokens != (TokenScheme::Salted {}) {
            return Vec::new();
        }
        let kinds = self.manifest.kinds.iter().filter_map(|entry| Kind::from_number(entry.kind));
        kinds.filter(|kind| kind.is_enumerable()).collect()
    }

    /// That an open feed may hold what it holds.
    pub(super) fn check_open(&self, accepted: &[Kind]) -> Result<()> {
        if self.enumerable().iter().any(|kind| !accepted.contains(kind)) {
            return Err(ErrorKind::Enumerable.into());
        }
        Ok(())
    }

    pub(super) fn retraction_list(&self) -> Result<Vec<u8>> {
        retraction::sign(&self.manifest, &self.told, &self.signing.key)
    }

    /// The recipients, and the publisher's own.
    pub(super) fn everybody(&self, recipients: &[Recipient]) -> Result<Vec<Recipient>> {
        if self.signing.recipients.is_empty() {
            return Err(Error::new(
                ErrorKind::BadKey,
                "the signing file names no recipient: its publisher could not read the feed",
            ));
        }
        Ok(recipients.iter().chain(&self.signing.recipients).cloned().collect())
    }
}

/// The manifest of a version, but for its sections.
pub(super) fn manifest(
    signing: &SigningFile,
    options: PublishOptions,
    place: &Place,
    previous: Option<&Feed>,
    (tokens, set, record_size): (TokenScheme, SetDescriptor, u32),
    kinds: Vec<KindCount>,
) -> Manifest {
    Manifest {
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
    }
}

impl<'k> Publication<'k> {
    /// Lays the sections out and signs what describes them.
    pub(crate) fn assemble(
        signing: &'k SigningFile,
        options: PublishOptions,
        place: Place,
        previous: Option<&Feed>,
        shape: (TokenScheme, SetDescriptor, u32),
        kinds: Vec<KindCount>,
        contents: &[Content],
    ) -> Result<Self> {
        let mut manifest = manifest(signing, options, &place, previous, shape, kinds);
        let bytes = assemble(&mut manifest, contents, &signing.key)?;
        Ok(Self { about: About::of(signing, manifest, &bytes, &contents.iter().collect::<Vec<_>>())?, bytes })
    }

    /// With how many additions were merged into others, and how many were linked.
    pub(crate) fn counted(mut self, merged: u64, linked: u64) -> Self {
        self.about.merged = merged;
        self.about.linked = linked;
        self
    }
}

impl Publication<'_> {
    /// What was signed.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.about.manifest
    }

    /// The feed digest.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.about.digest
    }

    /// How many additions were merged into others.
    #[must_use]
    pub const fn merged(&self) -> u64 {
        self.about.merged
    }

    /// How many of the additions are there because they are linked to another: the mailbox of an e-mail address, the
    /// telephone number behind a link.
    #[must_use]
    pub const fn linked(&self) -> u64 {
        self.about.linked
    }

    /// The kinds in the feed that an open salted feed must not hold unless accepted by name; none in a blind one.
    #[must_use]
    pub fn enumerable(&self) -> Vec<Kind> {
        self.about.enumerable()
    }

    /// The feed for everybody to read, once each enumerable kind in it is in `accepted`.
    ///
    /// # Errors
    /// [`ErrorKind::Enumerable`]: see [`enumerable`](Self::enumerable) for the kinds.
    pub fn open(&self, accepted: &[Kind]) -> Result<&[u8]> {
        self.about.check_open(accepted)?;
        Ok(&self.bytes)
    }

    /// What leads from an earlier version of the same epoch to this one.
    ///
    /// # Errors
    /// [`ErrorKind::SnapshotNeeded`] if there is no delta between the two: a filter, a new epoch, another canonical form or
    /// record length. [`ErrorKind::BaseMismatch`] if `base` is no earlier version of this feed.
    pub fn delta(&self, base: &Feed) -> Result<DeltaFile<'_>> {
        delta::make(base, &self.bytes, &self.about.manifest, self.about.signing, self.enumerable())
    }

    /// The retractions as a signed file of its own, for those who can no longer open the feed. Hit ids say nothing to those who
    /// had no hit.
    ///
    /// # Errors
    /// [`ErrorKind::TooManyEntries`] for more than 1 MiB of them.
    pub fn retraction_list(&self) -> Result<Vec<u8>> {
        self.about.retraction_list()
    }

    /// Seals the feed to recipients and to the publisher's own, and writes the file.
    ///
    /// # Errors
    /// [`ErrorKind::BadKey`] if the signing file names no recipient of the publisher's own, who could then not read its own
    /// feed; [`ErrorKind::TooManyRecipients`], [`ErrorKind::NoRandomness`], [`ErrorKind::Io`].
    pub fn seal(&self, recipients: &[Recipient], entropy: &mut dyn Entropy, out: &mut dyn Write) -> Result<()> {
        let About { signing, manifest, digest, .. } = &self.about;
        let everybody = self.about.everybody(recipients)?;
        envelope::seal(&self.bytes, digest, &signing.key, &everybody, manifest.issued, entropy, out)
    }
}

impl std::fmt::Debug for Publication<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publication")
            .field("feed", &self.about.manifest.feed)
            .field("count", &self.about.manifest.count)
            .finish_non_exhaustive()
    }
}
