//! Making a feed: indicators in, a signed file out.

// floor 1
pub(crate) mod place;
// floor 2
mod publication;
// floor 1
mod runs;
// floor 3
mod streamed;

pub use publication::Publication;
pub use runs::Scratch;
pub use streamed::StreamedPublication;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::blind::OprfKey;
use crate::crypto::mac::{Digest, Frame};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::Feed;
use crate::filter::{bloom, fuse};
use crate::guard::{Guard, GuardReason};
use crate::identifier::{Identifier, Kind, ParseOptions};
use crate::indicator::{Claim, Indicator};
use crate::keyring::SigningFile;
use crate::layout::Content;
use crate::manifest::{Contact, KindCount, MAX_VALIDITY, SetDescriptor, Tlp, check_feed_id, section};
use crate::payload::{records, retractions};
use crate::publisher::place::Place;
use crate::publisher::publication::About;
use crate::publisher::runs::Runs;
use crate::retraction;
use crate::time::{DAY, Timestamp};
use crate::token::{self, TOKEN_LENGTH, Token};

/// One false positive in a thousand million, in units of 10^-15.
pub const DEFAULT_RATE: u64 = 1_000_000;
/// Seven days.
pub const DEFAULT_VALIDITY: u64 = 7 * DAY;

// floor 0
/// How the set is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetChoice {
    /// Exact tokens: no false positives, can carry records.
    #[default]
    Tokens,
    /// A classic Bloom filter.
    Bloom,
    /// A binary fuse filter: smaller than Bloom at the same rate.
    Fuse,
}

impl FromStr for SetChoice {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "tokens" => Ok(Self::Tokens),
            "bloom" => Ok(Self::Bloom),
            "fuse" => Ok(Self::Fuse),
            _ => Err(Error::new(ErrorKind::InvalidName, "a set is tokens, bloom or fuse")),
        }
    }
}

// floor 0
/// What a publisher decides about a feed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PublishOptions {
    /// The feed id.
    pub feed: String,
    /// The time of issue.
    pub now: Timestamp,
    /// How long it is valid, in seconds; at most 30 days.
    pub valid_seconds: u64,
    /// Who it may be shared with.
    pub tlp: Tlp,
    /// What it may be used for.
    pub purpose: String,
    /// Where to turn.
    pub contact: Option<Contact>,
    /// How the set is stored.
    pub set: SetChoice,
    /// The highest rate of false positives of a filter, in units of 10^-15.
    pub rate: u64,
    /// Whether each entry carries a record.
    pub records: bool,
    /// What is refused to protect bystanders.
    pub guard: Guard,
    /// Whether to begin a new epoch, with a new key, although there is a previous version.
    pub new_epoch: bool,
    /// The OPRF key of this feed and epoch, for a blind feed; `None` for a salted one.
    pub blind: Option<OprfKey>,
    /// The version and epoch are at least these, because lower ones [may have been signed](crate::history::UsedVersions).
    pub at_least: (u64, u32),
}

impl PublishOptions {
    /// Exact tokens, seven days, TLP amber, no records, the built-in guard list.
    #[must_use]
    pub fn new(feed: &str, now: Timestamp) -> Self {
        Self {
            feed: feed.to_owned(),
            now,
            valid_seconds: DEFAULT_VALIDITY,
            tlp: Tlp::default(),
            purpose: String::new(),
            contact: None,
            set: SetChoice::default(),
            rate: DEFAULT_RATE,
            records: false,
            guard: Guard::default(),
            new_epoch: false,
            blind: None,
            at_least: (1, 1),
        }
    }

    /// For the version after `previous`: its feed id, span, sharing, purpose, contact and form.
    #[must_use]
    pub fn following(previous: &Feed, now: Timestamp) -> Self {
        let manifest = previous.manifest();
        let mut options = Self::new(&manifest.feed, now);
        options.valid_seconds = manifest.expires.since(manifest.issued);
        options.tlp = manifest.tlp;
        options.purpose.clone_from(&manifest.purpose);
        options.contact.clone_from(&manifest.contact);
        options.records = manifest.record_size > 0;
        options.set = match manifest.set {
            SetDescriptor::Tokens {} => SetChoice::Tokens,
            SetDescriptor::Bloom { .. } => SetChoice::Bloom,
            SetDescriptor::Fuse { .. } => SetChoice::Fuse,
        };
        options
    }
}

/// How many additions are hashed together.
const TILE: usize = 256;

/// Collects indicators and makes a feed of them.
///
/// ```
/// use bisik::{Card, Claim, FixedEntropy, Guard, Identifier, KeySet, Kind, Matcher, ParseOptions};
/// use bisik::{PublishOptions, Publisher, Timestamp, TrustStore, UnverifiedFeed};
///
/// let mut entropy = FixedEntropy::new(1); // OsEntropy outside of examples
/// let now = Timestamp::from_seconds(1_800_000_000)?;
/// let centre = KeySet::generate("Example Anti-Scam Centre", &mut entropy)?;
///
/// let options = PublishOptions::new("domains", now);
/// let mut publisher = Publisher::new(&centre.signing, options, None, &mut entropy)?;
/// publisher.add_raw(Kind::Domain, "Login-Bank.example", &ParseOptions::default(), Claim::default())?;
/// let publication = publisher.publish(&mut entropy)?;
/// let file = publication.open(&[])?.to_vec();
///
/// let mut trust = TrustStore::new();
/// trust.add_card(&centre.card())?;
/// let feed = UnverifiedFeed::from_bytes(file)?.verify(&trust, now)?;
/// let matcher = Matcher::new(vec![feed], Guard::default())?;
/// let seen = Identifier::parse(Kind::Url, "http://www.login-bank.example/verify?id=7", &ParseOptions::default())?;
/// assert_eq!(matcher.check(&seen, now)?.hits[0].expression, "login-bank.example");
/// # Ok::<(), bisik::Error>(())
/// ```
pub struct Publisher<'k> {
    signing: &'k SigningFile,
    options: PublishOptions,
    place: Place,
    previous: Option<&'k Feed>,
    entries: Entries<'k>,
    /// Added and not hashed yet: frames, and the kind and claim of each.
    frames: Vec<Frame>,
    pending: Vec<(u8, Claim)>,
    /// How many of the entries are there because they are linked to another.
    linked: u64,
}

/// What is kept of each added indicator, no more than its mode needs.
enum Entries<'k> {
    /// Token and kind, 17 bytes an entry.
    Tokens(Box<Runs<'k>>),
    Filter(Vec<(Token, u8, Digest)>),
    Records(Vec<(Digest, u8, Claim)>),
}

impl<'k> Publisher<'k> {
    /// Begins a feed: version 1 of epoch 1, or the version after `previous` with its key and epoch.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`], [`ErrorKind::ValidityTooLong`], [`ErrorKind::CombinationNotAllowed`] for records with a
    /// filter, or for another protection within an epoch; [`ErrorKind::PreviousMismatch`] if `previous` is of another
    /// publisher or feed; [`ErrorKind::OprfKeyMismatch`] if the OPRF key is not that of this feed and epoch;
    /// [`ErrorKind::EpochTooOld`]; [`ErrorKind::NoRandomness`].
    pub fn new(
        signing: &'k SigningFile,
        options: PublishOptions,
        previous: Option<&'k Feed>,
        entropy: &mut dyn Entropy,
    ) -> Result<Self> {
        check_feed_id(&options.feed)?;
        if options.valid_seconds == 0 || options.valid_seconds > MAX_VALIDITY {
            return Err(ErrorKind::ValidityTooLong.into());
        }
        if options.records && options.set != SetChoice::Tokens {
            return Err(Error::new(ErrorKind::CombinationNotAllowed, "a filter carries no records"));
        }
        let id = signing.publisher_id();
        let place = Place::new(previous, &options, &id, entropy)?;
        let entries = match (options.set, options.records) {
            (_, true) => Entries::Records(Vec::new()),
            (SetChoice::Tokens, _) => Entries::Tokens(Box::new(Runs::in_memory())),
            _ => Entries::Filter(Vec::new()),
        };
        let (frames, pending) = (Vec::with_capacity(TILE), Vec::with_capacity(TILE));
        Ok(Self { signing, options, place, previous, entries, frames, pending, linked: 0 })
    }

    /// Keeps at most `most` bytes of entries in memory, 17 for each; the others go to `scratch`, tokens alone. What is published is
    /// the same. [`publish_streamed`](Self::publish_streamed) then makes the feed in no more memory than that and about 2 MB.
    ///
    /// # Errors
    /// [`ErrorKind::CombinationNotAllowed`] for a filter or records.
    pub fn with_scratch(mut self, scratch: impl Scratch + 'k, most: u64) -> Result<Self> {
        match &mut self.entries {
            Entries::Tokens(runs) => runs.spill(Box::new(scratch), most),
            Entries::Filter(_) | Entries::Records(_) => return Err(not_streamed()),
        }
        Ok(self)
    }

    /// Adds an indicator, and with the same claim whatever the guard list allows of what it is
    /// [linked](Identifier::linked) to. One identifier may come several times: claims are merged.
    ///
    /// # Errors
    /// [`ErrorKind::Guarded`], [`ErrorKind::PublicSuffix`], [`ErrorKind::InvalidClaim`].
    pub fn add(&mut self, indicator: Indicator) -> Result<()> {
        let Indicator { identifier, claim } = indicator;
        if let Some(reason) = self.options.guard.refuses(&identifier) {
            return Err(guarded(reason));
        }
        claim.check()?;
        for linked in identifier.linked() {
            if self.options.guard.refuses(&linked).is_none() {
                self.push(&linked, claim.clone())?;
                self.linked += 1;
            }
        }
        self.push(&identifier, claim)
    }

    /// Keeps an identifier that may be listed; a tile of them is hashed together.
    fn push(&mut self, identifier: &Identifier, claim: Claim) -> Result<()> {
        let kind = identifier.kind();
        self.frames.push(token::frame(kind, &identifier.match_key()));
        self.pending.push((kind.number(), claim));
        if self.frames.len() < TILE { Ok(()) } else { self.flush() }
    }

    /// Keeps what the mode needs of what was added.
    fn flush(&mut self) -> Result<()> {
        let Self { place, entries, frames, pending, .. } = self;
        let mut digests = vec![Digest::default(); frames.len()];
        place.scheme.digest_many(frames, &mut digests)?;
        let added = digests.iter().zip(pending.drain(..));
        match entries {
            Entries::Tokens(entries) => {
                for (digest, (kind, _)) in added {
                    entries.push((token::token(digest), kind))?;
                }
            }
            Entries::Records(entries) => entries.extend(added.map(|(digest, (kind, claim))| (*digest, kind, claim))),
            Entries::Filter(entries) => {
                let mut made = vec![Digest::default(); frames.len()];
                place.scheme.filter_entries(frames, &digests, &mut made);
                entries.extend(added.zip(made).map(|((digest, (kind, _)), entry)| (token::token(digest), kind, entry)));
            }
        }
        frames.clear();
        Ok(())
    }

    /// Parses a raw value and adds it.
    ///
    /// # Errors
    /// As [`Identifier::parse`] and [`add`](Self::add).
    pub fn add_raw(&mut self, kind: Kind, raw: &str, options: &ParseOptions, claim: Claim) -> Result<()> {
        let identifier = Identifier::parse_first(kind, raw, options)
            .map_err(|error| self.options.guard.refuses_raw(kind, raw).map_or(error, guarded))?;
        self.add(Indicator { identifier, claim })
    }

    /// The kinds that were added so far, by rising number.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        let pending = self.pending.iter().map(|(kind, _)| *kind);
        let mut numbers: BTreeSet<u8> = match &self.entries {
            Entries::Tokens(entries) => entries.kinds().collect(),
            Entries::Filter(entries) => entries.iter().map(|(_, kind, _)| *kind).collect(),
            Entries::Records(entries) => entries.iter().map(|(_, kind, _)| *kind).collect(),
        };
        numbers.extend(pending);
        numbers.into_iter().filter_map(Kind::from_number).collect()
    }

    /// The version and epoch that will be signed.
    #[must_use]
    pub const fn place(&self) -> (u64, u32) {
        self.place.numbers()
    }

    /// How many identifiers were added, repeated and linked ones included.
    #[must_use]
    pub fn added(&self) -> u64 {
        let length = match &self.entries {
            Entries::Tokens(entries) => entries.added(),
            Entries::Filter(entries) => entries.len() as u64,
            Entries::Records(entries) => entries.len() as u64,
        };
        length + self.frames.len() as u64
    }

    /// Makes the feed: the same additions in any order, with the same entropy, give the same bytes.
    ///
    /// # Errors
    /// [`ErrorKind::RecordTooLong`], [`ErrorKind::RateUnreachable`], [`ErrorKind::TooManyEntries`], [`ErrorKind::NoRandomness`].
    pub fn publish(mut self, entropy: &mut dyn Entropy) -> Result<Publication<'k>> {
        self.flush()?;
        let added = self.added();
        let entries = std::mem::replace(&mut self.entries, Entries::Tokens(Box::new(Runs::in_memory())));
        let mut counts = BTreeMap::<u8, u64>::new();
        let mut record_size = 0;
        let mut contents: Vec<Content> = self.feed_key().into_iter().collect();
        let mut put = |section_type, required, bytes| {
            contents.push(Content { section_type, required, bytes: Zeroizing::new(bytes) })
        };
        let set = match entries {
            Entries::Tokens(mut entries) => {
                let mut tokens = Vec::with_capacity(added as usize * TOKEN_LENGTH);
                entries.for_each(|token, kind| {
                    *counts.entry(kind).or_default() += 1;
                    tokens.extend_from_slice(token);
                    Ok(())
                })?;
                put(section::TOKENS, true, tokens);
                SetDescriptor::Tokens {}
            }
            Entries::Records(entries) => {
                let entries = merged(entries);
                let mut tokens = Vec::with_capacity(entries.len() * TOKEN_LENGTH);
                let mut fields = Vec::with_capacity(entries.len());
                for (digest, kind, claim) in &entries {
                    *counts.entry(*kind).or_default() += 1;
                    tokens.extend_from_slice(&token::token(digest));
                    fields.push(claim.encode());
                }
                record_size = records::size_for(fields.iter().map(Vec::len).max().unwrap_or_default())?;
                let mut sealed = Vec::with_capacity(entries.len() * record_size as usize);
                // In one epoch an unchanged record keeps its bytes; in a new one no digest of the old feed is the same.
                let unchanged = self.previous.filter(|previous| previous.ids() == &self.place.ids);
                for ((digest, _, _), fields) in entries.iter().zip(&fields) {
                    match unchanged.and_then(|previous| previous.unchanged_record(digest, record_size, fields)) {
                        Some(record) => sealed.extend_from_slice(record),
                        None => records::seal(digest, &self.place.ids, fields, record_size, entropy, &mut sealed)?,
                    }
                }
                put(section::TOKENS, true, tokens);
                put(section::RECORDS, false, sealed);
                SetDescriptor::Tokens {}
            }
            Entries::Filter(mut entries) => {
                entries.sort_unstable();
                entries.dedup();
                for (_, kind, _) in &entries {
                    *counts.entry(*kind).or_default() += 1;
                }
                let digests = entries.iter().map(|(_, _, digest)| *digest);
                if self.options.set == SetChoice::Bloom {
                    let mut seed = [0; 32];
                    entropy.fill(&mut seed)?;
                    let (descriptor, bytes) = bloom::build(digests, self.options.rate, seed)?;
                    let rate = bloom::Bloom::open(&descriptor, bytes.as_slice(), entries.len() as u64)?.rate();
                    put(section::BLOOM, true, bytes);
                    SetDescriptor::bloom(&descriptor, rate)
                } else {
                    let (descriptor, bytes) = fuse::build(digests, self.options.rate)?;
                    let rate = fuse::Fuse::open(&descriptor, bytes.as_slice(), entries.len() as u64)?.rate();
                    put(section::FUSE, true, bytes);
                    SetDescriptor::fuse(&descriptor, rate)
                }
            }
        };
        contents.extend(self.told());
        let kinds = kind_counts(&counts);
        let Self { signing, options, place, previous, linked, .. } = self;
        let shape = (place.scheme.stated(), set, record_size);
        Publication::assemble(signing, options, place, previous, shape, kinds, &contents).map(|publication| {
            let merged = added - publication.manifest().count;
            publication.counted(merged, linked)
        })
    }

    /// Makes the feed as [`publish`](Self::publish) does, byte for byte, without having it whole in memory. Goes through all
    /// entries once, and once more with each writing.
    ///
    /// # Errors
    /// [`ErrorKind::CombinationNotAllowed`] for a filter or records; [`ErrorKind::TooManyEntries`]; [`ErrorKind::Io`].
    pub fn publish_streamed(mut self) -> Result<StreamedPublication<'k>> {
        self.flush()?;
        let (added, before, behind) = (self.added(), self.feed_key(), self.told());
        let Self { signing, options, place, previous, entries, linked, .. } = self;
        let Entries::Tokens(mut runs) = entries else { return Err(not_streamed()) };
        let mut counts = BTreeMap::<u8, u64>::new();
        let tokens = StreamedPublication::tokens(&mut runs, |kind| *counts.entry(kind).or_default() += 1)?;
        let kinds = kind_counts(&counts);
        let shape = (place.scheme.stated(), SetDescriptor::Tokens {}, 0);
        let manifest = publication::manifest(signing, options, &place, previous, shape, kinds);
        let (before, behind): (Vec<_>, Vec<_>) = (before.into_iter().collect(), behind.into_iter().collect());
        let stated = before.iter().map(Content::stated).chain([tokens]).chain(behind.iter().map(Content::stated));
        let told: Vec<&Content> = behind.iter().collect();
        let (mut about, block, length) = About::sign(signing, manifest, stated.collect(), &told)?;
        (about.merged, about.linked) = (added - about.manifest.count, linked);
        Ok(StreamedPublication::new((about, block, length), before, behind, *runs))
    }

    /// The section of the feed key, if there is one.
    fn feed_key(&self) -> Option<Content> {
        self.place.scheme.feed_key().map(|key| Content {
            section_type: section::FEED_KEY,
            required: true,
            bytes: key.expose().to_vec().into(),
        })
    }

    /// The section of the retractions that are still to be told, if there are any.
    fn told(&self) -> Option<Content> {
        let told = retraction::carried(self.previous?, self.options.now);
        (!told.is_empty()).then(|| Content {
            section_type: section::RETRACTIONS,
            required: false,
            bytes: retractions::encode(told).into(),
        })
    }
}

fn not_streamed() -> Error {
    Error::new(ErrorKind::CombinationNotAllowed, "only exact tokens without records go to a scratch")
}

fn kind_counts(counts: &BTreeMap<u8, u64>) -> Vec<KindCount> {
    let known = |(&number, &count)| Kind::from_number(number).map(|kind| KindCount::new(kind, count));
    counts.iter().filter_map(known).collect()
}

/// A refusal by the guard list, as an error that names the reason.
pub(crate) fn guarded(reason: GuardReason) -> Error {
    let kind = if reason == GuardReason::PublicSuffix { ErrorKind::PublicSuffix } else { ErrorKind::Guarded };
    Error::new(kind, reason.name())
}

/// One entry an identifier, by rising token, claims joined.
fn merged(mut entries: Vec<(Digest, u8, Claim)>) -> Vec<(Digest, u8, Claim)> {
    entries.sort_by_key(|(digest, ..)| *digest);
    let mut merged: Vec<(Digest, u8, Claim)> = Vec::with_capacity(entries.len());
    for entry in entries {
        match merged.last_mut() {
            Some((digest, _, claim)) if *digest == entry.0 => claim.merge(entry.2),
            _ => merged.push(entry),
        }
    }
    merged.iter_mut().for_each(|(_, _, claim)| claim.settle());
    merged
}

impl std::fmt::Debug for Publisher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher")
            .field("feed", &self.options.feed)
            .field("added", &self.added())
            .finish_non_exhaustive()
    }
}
