//! Opening a feed: read, verify, and only then hold a [`Feed`] (`docs/format.md` §5.3).

// floor 0
mod local;
// floor 1
mod look_up;
// floor 1
mod prepared;

pub use local::LocalKey;
pub(crate) use look_up::{Found, Scratch};
pub use prepared::PreparedFeed;

use std::io::Read;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use crate::codec::padme;
use crate::codec::shared::Shared;
use crate::container::{self, Head, SignedBlock};
use crate::crypto::age::{self, Recipient, RecipientSecret};
use crate::crypto::mac::{self, Digest, FrameMac};
use crate::crypto::oprf::PublicKey;
use crate::crypto::sign::{KeyId, SignedType};
use crate::envelope::Statement;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Executor, Inline};
use crate::exposure::{self, KindExposure, Learner};
use crate::filter::bloom::{Bloom, BloomDescriptor};
use crate::filter::fuse::{Fuse, FuseDescriptor};
use crate::identifier::Kind;
use crate::intake;
use crate::keyring::SigningFile;
use crate::manifest::{Manifest, Section, SetDescriptor, TokenScheme, section};
use crate::payload::{records, retractions, tokens};
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::token::{self, Ids, Token, Tokenizer};
use crate::trust::{Authority, TrustStore};

/// How far ahead of the reader's clock a feed may have been issued, in seconds.
pub const CLOCK_SKEW: u64 = 300;

// floor 0
/// What can be said of a feed file before anything in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outline {
    /// Whether the file is sealed.
    pub sealed: bool,
    /// The format version.
    pub format_version: u16,
    /// The length of the feed, without its envelope, in bytes.
    pub file_length: u64,
    /// The length of the manifest in bytes.
    pub manifest_length: u64,
    /// The keys that claim to have signed it.
    pub key_ids: Vec<KeyId>,
}

/// A feed file as it was read: sizes are known, nothing is verified, nothing can be matched.
///
/// ```compile_fail,E0308
/// use bisik::{Guard, Matcher, UnverifiedFeed};
///
/// let unverified = UnverifiedFeed::from_bytes(Vec::new())?;
/// let matcher = Matcher::new(vec![unverified], Guard::default())?; // expects `Feed`
/// # Ok::<(), bisik::Error>(())
/// ```
pub struct UnverifiedFeed {
    bytes: Shared,
    seal: Option<Seal>,
    outline: Outline,
    executor: Arc<dyn Executor>,
}

// floor 0
/// What remains of an envelope after opening it.
#[derive(Debug)]
pub(crate) struct Seal {
    statement: Shared,
    /// The readers' own recipients, one of which opened it.
    recipients: Vec<Recipient>,
}

impl UnverifiedFeed {
    /// Takes an open feed that is in memory: a buffer, or a mapping that the caller made.
    ///
    /// # Errors
    /// [`ErrorKind::Sealed`] for a sealed file, [`ErrorKind::NotAFeed`] and the other kinds of the 300 block; the
    /// position is a byte offset.
    pub fn from_bytes(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self> {
        if age::is_age(bytes.as_ref()) {
            return Err(ErrorKind::Sealed.into());
        }
        Self::new(Shared::new(bytes), None)
    }

    /// Reads a feed, open or sealed, of at most `limit` bytes after opening. Sealed ones are decrypted as they come in, with
    /// one of `secrets`.
    ///
    /// # Errors
    /// [`ErrorKind::Sealed`] for a sealed file without secrets; [`ErrorKind::NoMatchingKey`] if none of them opens it;
    /// [`ErrorKind::CannotOpen`] if it was altered; [`ErrorKind::LimitExceeded`]; otherwise as [`from_bytes`](Self::from_bytes).
    pub fn read(reader: impl Read, secrets: &[RecipientSecret], limit: u64) -> Result<Self> {
        Self::read_with(reader, secrets, limit, Arc::new(Inline))
    }

    /// As [`read`](Self::read), with decryption and later the verification side by side on the threads of `executor`. Result and
    /// errors are the same; up to 16 MiB more memory are taken meanwhile, 2 MiB for each thread.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_with(
        reader: impl Read,
        secrets: &[RecipientSecret],
        limit: u64,
        executor: Arc<dyn Executor>,
    ) -> Result<Self> {
        let (bytes, seal) = Seal::read(reader, SignedType::Manifest, secrets, limit, &*executor)?;
        Ok(Self::new(bytes, seal)?.with_executor(executor))
    }

    /// Verifies on the threads of `executor`; for feeds [from bytes](Self::from_bytes).
    #[must_use]
    pub fn with_executor(mut self, executor: Arc<dyn Executor>) -> Self {
        self.executor = executor;
        self
    }

    fn new(bytes: Shared, seal: Option<Seal>) -> Result<Self> {
        let file = bytes.as_ref();
        if file.is_empty() {
            return Err(Error::from(ErrorKind::NotAFeed).at(0));
        }
        let head = Head::read(file)?;
        head.expect_type(SignedType::Manifest)?;
        let length = file.len() as u64;
        if head.total_length > length {
            return Err(Error::from(ErrorKind::Truncated).at(length));
        }
        if head.total_length < length {
            return Err(Error::from(ErrorKind::TrailingBytes).at(head.total_length));
        }
        if padme::padded(length) != length {
            return Err(Error::from(ErrorKind::WrongPadding).at(length));
        }
        let outline = Outline {
            sealed: seal.is_some(),
            format_version: head.format_version,
            file_length: length,
            manifest_length: head.body_length as u64,
            key_ids: head.key_ids,
        };
        Ok(Self { bytes, seal, outline, executor: Arc::new(Inline) })
    }

    /// What can be said without trust.
    #[must_use]
    pub const fn outline(&self) -> &Outline {
        &self.outline
    }

    /// The manifest as it claims to be. Show it only as unverified.
    ///
    /// # Errors
    /// [`ErrorKind::BadManifest`] and its relatives.
    pub fn manifest_unverified(&self) -> Result<Manifest> {
        Manifest::parse(SignedBlock::read(self.bytes.as_ref())?.body)
    }

    /// Verifies everything, in the order of `docs/format.md` §5.3.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`], [`ErrorKind::Revoked`], [`ErrorKind::BadSignature`], [`ErrorKind::NotAuthorised`],
    /// [`ErrorKind::OutOfScope`], [`ErrorKind::NotForRecipient`], [`ErrorKind::NotYetValid`], [`ErrorKind::Expired`],
    /// [`ErrorKind::HashMismatch`] and the 300 block.
    pub fn verify(self, trust: &TrustStore, now: Timestamp) -> Result<Feed> {
        let feed = self.verify_but_for_expiry(trust, now)?;
        if now >= feed.manifest.expires {
            return Err(ErrorKind::Expired.into());
        }
        Ok(feed)
    }

    /// Verifies a publisher's own earlier version, which may have expired, to publish the next one.
    ///
    /// A matcher refuses an expired feed whichever way it was verified.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), without [`ErrorKind::Expired`].
    pub fn verify_own(self, signing: &SigningFile, now: Timestamp) -> Result<Feed> {
        let mut card = signing.card();
        card.publisher = Some(signing.publisher_id());
        card.verifying_keys.extend(&signing.former);
        let mut trust = TrustStore::new();
        trust.add_card(&card)?;
        self.verify_but_for_expiry(&trust, now)
    }

    /// Verifies a version that may have expired, as what a delta is applied to or as what a newer one is compared with.
    ///
    /// A matcher refuses an expired feed whichever way it was verified.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), without [`ErrorKind::Expired`].
    pub fn verify_stale(self, trust: &TrustStore, now: Timestamp) -> Result<Feed> {
        self.verify_but_for_expiry(trust, now)
    }

    fn verify_but_for_expiry(self, trust: &TrustStore, now: Timestamp) -> Result<Feed> {
        let file = self.bytes.as_ref();
        let block = SignedBlock::read(file)?;
        let admitted = Admitted::new(&block, self.seal.as_ref(), trust, now)?;
        let manifest = &admitted.manifest;
        let length = block.head.block_length();
        let places = places(file, length, manifest)?;
        for (entry, place) in manifest.sections.iter().zip(&places) {
            let content = file.get(place.clone()).unwrap_or_default();
            if mac::hash_wide(content, &*self.executor)? != entry.blake3 {
                return Err(Error::from(ErrorKind::HashMismatch).at(place.start as u64));
            }
            if entry.section_type == section::RETRACTIONS {
                retractions::parse(content)?;
            }
            if entry.section_type == section::PAD && content.iter().any(|&byte| byte != 0) {
                return Err(Error::from(ErrorKind::NotZero).at(place.start as u64));
            }
        }
        let body = Body {
            block: self.bytes.part(0..length)?,
            sections: places.into_iter().map(|place| self.bytes.part(place)).collect::<Result<_>>()?,
            whole: Some(self.bytes),
            assembled: OnceLock::new(),
        };
        Feed::new(body, admitted, self.seal, Lookup::Build(&*self.executor))
    }
}

// floor 0
/// A manifest whose signer the reader trusts for it.
struct Admitted {
    manifest: Manifest,
    digest: [u8; 32],
    authority: Authority,
}

impl Admitted {
    /// Everything that can be checked without the sections, but for expiry.
    fn new(block: &SignedBlock<'_>, seal: Option<&Seal>, trust: &TrustStore, now: Timestamp) -> Result<Self> {
        let signers = trust.verify(SignedType::Manifest, block)?;
        let manifest = Manifest::parse(block.body)?;
        let authority = trust.authorise(&signers, &manifest.publisher, &manifest.feed)?;
        authority.scope.check_manifest(&manifest)?;
        if manifest.issued > now.plus(CLOCK_SKEW) {
            return Err(ErrorKind::NotYetValid.into());
        }
        let digest = block.digest();
        if let Some(seal) = seal {
            seal.verify(trust, &manifest.publisher, &manifest.feed, &digest, now)?;
        }
        Ok(Self { manifest, digest, authority })
    }
}

impl Seal {
    /// Reads a file, open or sealed, and what remains of its envelope.
    pub(crate) fn read(
        reader: impl Read,
        wanted: SignedType,
        secrets: &[RecipientSecret],
        limit: u64,
        executor: &dyn Executor,
    ) -> Result<(Shared, Option<Self>)> {
        let taken = intake::take(reader, wanted, secrets, limit, executor)?;
        let bytes = Shared::new(taken.bytes);
        let Some(length) = taken.statement else {
            return Ok((bytes, None));
        };
        let (statement, content) = (bytes.part(0..length)?, bytes.part(length..bytes.as_ref().len())?);
        let recipients = secrets.iter().map(|secret| secret.recipient().clone()).collect();
        Ok((content, Some(Self { statement, recipients })))
    }

    /// Checks that a signer of this feed addressed what has this digest to one of the readers.
    pub(crate) fn verify(
        &self,
        trust: &TrustStore,
        publisher: &KeyId,
        feed: &str,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<()> {
        let block = SignedBlock::read(self.statement.as_ref())?;
        let signers = trust.verify(SignedType::SealStatement, &block)?;
        trust.authorise(&signers, publisher, feed)?;
        let statement = Statement::parse(&block)?;
        if statement.feed != *digest {
            return Err(Error::new(ErrorKind::HashMismatch, "the seal statement is of another feed"));
        }
        if statement.time > now.plus(CLOCK_SKEW) {
            return Err(Error::new(ErrorKind::NotYetValid, "the feed was sealed in the future"));
        }
        if !self.recipients.iter().any(|recipient| statement.names(recipient)) {
            return Err(ErrorKind::NotForRecipient.into());
        }
        Ok(())
    }
}

/// Where the sections lie; gaps are zero and nothing is left over.
pub(crate) fn places(file: &[u8], block: usize, manifest: &Manifest) -> Result<Vec<Range<usize>>> {
    let (places, end) = container::places(file, block, manifest.sections.iter().map(|entry| entry.length))?;
    if end != file.len() {
        return Err(Error::from(ErrorKind::TrailingBytes).at(end as u64));
    }
    Ok(places)
}

// floor 0
/// A verified feed.
///
/// Made by [`UnverifiedFeed::verify`] and [`PreparedFeed::verify`] alone, so that what is matched was signed by somebody the reader
/// trusts.
pub struct Feed {
    body: Body,
    manifest: Manifest,
    digest: [u8; 32],
    authority: Authority,
    seal: Option<Seal>,
    ids: Ids,
    scheme: Scheme,
    set: Set,
}

// floor 0
/// The pieces of a feed.
struct Body {
    /// The signed block.
    block: Shared,
    /// The sections, in the manifest's order.
    sections: Vec<Shared>,
    /// The feed in one piece, if it came so.
    whole: Option<Shared>,
    /// The feed in one piece, if it did not and somebody asked for it.
    assembled: OnceLock<Zeroizing<Vec<u8>>>,
}

// floor 0
/// What looking up needs beside the sections.
enum Lookup<'a> {
    /// It is made of them, and they are checked.
    Build(&'a dyn Executor),
    /// They were checked when this was made.
    Prepared(Option<tokens::TokenIndex>),
}

// floor 0
/// How digests come about.
enum Scheme {
    /// Everybody who reads the feed can make them; those of a filter's entries have a key of their own.
    Salted { feed_key: Secret<32>, tokenizer: Tokenizer, filter_mac: Option<FrameMac> },
    /// Only with the feed's server.
    Blind { public_key: PublicKey },
}

// floor 0
enum Set {
    Tokens { tokens: Shared, index: tokens::TokenIndex, records: Option<Shared> },
    Bloom(Bloom<Shared>),
    Fuse(Fuse<Shared>),
}

impl Feed {
    fn new(body: Body, admitted: Admitted, seal: Option<Seal>, lookup: Lookup<'_>) -> Result<Self> {
        let Admitted { manifest, digest, authority } = admitted;
        let part = |wanted: u16| {
            let found = manifest.sections.iter().zip(&body.sections).find(|(entry, _)| entry.section_type == wanted);
            found.map(|(_, part)| part.clone()).ok_or_else(|| Error::from(ErrorKind::BadManifest))
        };
        let ids = Ids::new(&manifest.publisher, &manifest.feed, manifest.epoch);
        let scheme = match &manifest.tokens {
            TokenScheme::Salted {} => {
                let section = part(section::FEED_KEY)?;
                let feed_key =
                    Secret::from_slice(section.as_ref()).ok_or_else(|| Error::from(ErrorKind::BadManifest))?;
                let filter_mac = (manifest.set != SetDescriptor::Tokens {})
                    .then(|| token::filter_mac(&feed_key, &ids, manifest.version));
                let tokenizer = Tokenizer::salted(&feed_key, &ids);
                Scheme::Salted { feed_key, tokenizer, filter_mac }
            }
            TokenScheme::Blind { public_key, .. } => Scheme::Blind { public_key: PublicKey::from_bytes(public_key)? },
        };
        let stated = |rate: u64| {
            if rate == manifest.set.rate() {
                Ok(())
            } else {
                Err(Error::new(ErrorKind::BadDescriptor, "the filter's rate is not the one that its bits give"))
            }
        };
        let set = match manifest.set {
            SetDescriptor::Tokens {} => {
                let tokens = part(section::TOKENS)?;
                let index = match lookup {
                    Lookup::Build(executor) => tokens::TokenIndex::build(tokens.as_ref(), manifest.count, executor)?,
                    Lookup::Prepared(index) => index.ok_or_else(|| Error::from(ErrorKind::Malformed))?,
                };
                let records = if manifest.record_size > 0 { Some(part(section::RECORDS)?) } else { None };
                Set::Tokens { tokens, index, records }
            }
            SetDescriptor::Bloom { bits, hashes, seed, .. } => {
                let descriptor = BloomDescriptor { bits, hashes, seed };
                let filter = match lookup {
                    Lookup::Build(_) => Bloom::open(&descriptor, part(section::BLOOM)?, manifest.count)?,
                    Lookup::Prepared(_) => Bloom::counted(&descriptor, part(section::BLOOM)?, manifest.set.rate())?,
                };
                stated(filter.rate())?;
                Set::Bloom(filter)
            }
            SetDescriptor::Fuse { width, seed, segment_length, segment_count, .. } => {
                let descriptor = FuseDescriptor { width, seed, segment_length, segment_count };
                let filter = Fuse::open(&descriptor, part(section::FUSE)?, manifest.count)?;
                stated(filter.rate())?;
                Set::Fuse(filter)
            }
        };
        Ok(Self { body, manifest, digest, authority, seal, ids, scheme, set })
    }

    /// What the publisher signed.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The feed digest: what chains and comparisons name.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The publisher's name in the reader's own trust store.
    #[must_use]
    pub fn publisher_name(&self) -> &str {
        &self.authority.name
    }

    /// What the publisher's word counts for in the reader's own trust store.
    #[must_use]
    pub const fn publisher_weight(&self) -> u32 {
        self.authority.weight
    }

    pub(crate) const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether it came in an envelope.
    #[must_use]
    pub const fn sealed(&self) -> bool {
        self.seal.is_some()
    }

    /// The feed's bytes without an envelope. For a sealed feed they are as secret as the envelope made them.
    ///
    /// A feed that was [prepared](PreparedFeed) is put together when this is first called, in as much memory as it is long.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.body.whole {
            Some(whole) => whole.as_ref(),
            None => self.body.assembled.get_or_init(|| prepared::assemble(&self.body, &self.manifest)),
        }
    }

    /// What it costs to reverse the feed: every known universe of every kind in it.
    #[must_use]
    pub fn exposure(&self) -> Vec<KindExposure> {
        let kinds = self.manifest.kinds.iter();
        kinds
            .filter_map(|entry| Kind::from_number(entry.kind).map(|kind| (kind, entry.count)))
            .flat_map(|(kind, count)| exposure::exposure(kind, count))
            .collect()
    }

    /// Who can learn what from it.
    #[must_use]
    pub const fn learners(&self) -> [Learner; 3] {
        exposure::learners(self.is_blind(), self.sealed(), !matches!(self.set, Set::Tokens { .. }))
    }

    /// Whether it is matched with the publisher's server alone.
    #[must_use]
    pub const fn is_blind(&self) -> bool {
        matches!(self.scheme, Scheme::Blind { .. })
    }

    /// The feed key, for the next version of the same epoch; a blind feed has none.
    pub(crate) const fn feed_key(&self) -> Option<&Secret<32>> {
        match &self.scheme {
            Scheme::Salted { feed_key, .. } => Some(feed_key),
            Scheme::Blind { .. } => None,
        }
    }

    /// The public key of the server, if the feed is blind.
    pub(crate) const fn blind_key(&self) -> Option<&PublicKey> {
        match &self.scheme {
            Scheme::Salted { .. } => None,
            Scheme::Blind { public_key } => Some(public_key),
        }
    }

    /// The place of a token in an exact set.
    pub(crate) fn position(&self, token: &Token) -> Option<usize> {
        match &self.set {
            Set::Tokens { tokens: section, index, .. } => index.find(tokens::tokens(section.as_ref()), token),
            Set::Bloom { .. } | Set::Fuse { .. } => None,
        }
    }

    /// Tokens and records of an exact set.
    pub(crate) fn exact(&self) -> Option<(&[Token], Option<&[u8]>)> {
        match &self.set {
            Set::Tokens { tokens: section, records, .. } => {
                Some((tokens::tokens(section.as_ref()), records.as_ref().map(AsRef::as_ref)))
            }
            Set::Bloom { .. } | Set::Fuse { .. } => None,
        }
    }

    /// The bytes of a section and its entry in the manifest.
    pub(crate) fn section(&self, section_type: u16) -> Option<(&Section, &[u8])> {
        let mut sections = self.manifest.sections.iter().zip(&self.body.sections);
        sections.find(|(entry, _)| entry.section_type == section_type).map(|(entry, part)| (entry, part.as_ref()))
    }

    /// The signed block, as it came: manifest and signatures.
    #[must_use]
    pub fn signed_block(&self) -> &[u8] {
        self.body.block.as_ref()
    }

    pub(crate) const fn ids(&self) -> &Ids {
        &self.ids
    }

    /// A record as it is stored, if the feed lists this digest and its records have this size and hold these very fields.
    pub(crate) fn unchanged_record(&self, digest: &Digest, size: u32, fields: &[u8]) -> Option<&[u8]> {
        let Set::Tokens { tokens: section, index, records: Some(stored) } = &self.set else {
            return None;
        };
        if self.manifest.record_size != size {
            return None;
        }
        let position = index.find(tokens::tokens(section.as_ref()), &token::token(digest))?;
        let start = position * size as usize;
        let record = stored.as_ref().get(start..start + size as usize)?;
        let claim = records::open(digest, self.ids(), record).ok()?;
        (claim.encode() == fields).then_some(record)
    }
}

impl std::fmt::Debug for UnverifiedFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnverifiedFeed").field("outline", &self.outline).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed")
            .field("feed", &self.manifest.feed)
            .field("version", &self.manifest.version)
            .field("count", &self.manifest.count)
            .finish_non_exhaustive()
    }
}
