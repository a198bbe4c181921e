//! The next version made from the previous one alone: entries taken out or put in, all others carried over unseen.
//!
//! ```text
//! tokens   previous ∖ withdrawn ∪ added          records   carried byte for byte, for the added ones made anew
//! counts   by kind, since the manifest has them   retractions   previous (not yet gone) ∪ withdrawn
//! ```

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::crypto::mac::Digest;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::Feed;
use crate::identifier::{Identifier, Kind, ParseOptions};
use crate::indicator::{Claim, Indicator};
use crate::keyring::SigningFile;
use crate::layout::Content;
use crate::manifest::{KindCount, SetDescriptor, section};
use crate::payload::records;
use crate::payload::retractions::{self, Retraction, RetractionReason};
use crate::publisher::place::Place;
use crate::publisher::{Publication, PublishOptions, guarded};
use crate::retraction;
use crate::token::{self, TOKEN_LENGTH, Token};

/// Makes the next version of a feed without its list: for withdrawals, and for additions to what is there.
///
/// ```
/// use bisik::{Claim, FixedEntropy, Guard, Identifier, KeySet, Kind, Matcher, ParseOptions, PublishOptions, Publisher};
/// use bisik::{Remembered, RetractionList, RetractionReason, Revision, Timestamp, TrustStore, UnverifiedFeed};
///
/// let mut entropy = FixedEntropy::new(1);
/// let now = Timestamp::from_seconds(1_800_000_000)?;
/// let centre = KeySet::generate("Example Centre", &mut entropy)?;
/// let mut trust = TrustStore::new();
/// trust.add_card(&centre.card())?;
/// let read = |bytes: &[u8]| UnverifiedFeed::from_bytes(bytes.to_vec())?.verify(&trust, now);
/// let shop = Identifier::parse(Kind::Domain, "shop.example", &ParseOptions::default())?;
///
/// let mut first = Publisher::new(&centre.signing, PublishOptions::new("f", now), None, &mut entropy)?;
/// first.add_raw(Kind::Domain, "shop.example", &ParseOptions::default(), Claim::default())?;
/// let first = read(first.publish(&mut entropy)?.open(&[])?)?;
/// // A member acts on a hit, and keeps its id.
/// let matcher = Matcher::new(vec![first], Guard::default())?;
/// let hit_id = matcher.check(&shop, now)?.hits[0].hit_id;
/// let first = &matcher.feeds()[0];
/// let kept = Remembered::new(first, hit_id, now);
///
/// let mut revision = Revision::new(&centre.signing, PublishOptions::following(first, now), first)?;
/// revision.withdraw(&shop, RetractionReason::CLEARED)?;
/// let second = read(revision.publish(&mut entropy)?.open(&[])?)?;
/// assert_eq!(RetractionList::of(&second).find(&kept).map(|found| found.reason), Some(RetractionReason::CLEARED));
/// # Ok::<(), bisik::Error>(())
/// ```
pub struct Revision<'k> {
    signing: &'k SigningFile,
    options: PublishOptions,
    previous: &'k Feed,
    place: Place,
    withdrawn: BTreeMap<Token, (u8, Retraction)>,
    added: BTreeMap<Token, (Digest, u8, Claim)>,
    /// How many additions there were, linked ones included.
    additions: u64,
    linked: u64,
}

impl<'k> Revision<'k> {
    /// Begins the version after `previous`, in its epoch.
    ///
    /// # Errors
    /// [`ErrorKind::CombinationNotAllowed`] for a filter, which cannot be taken apart, and for a new epoch, in which every token is
    /// another; [`ErrorKind::PreviousMismatch`], [`ErrorKind::EpochTooOld`], [`ErrorKind::ClockWentBack`].
    pub fn new(signing: &'k SigningFile, options: PublishOptions, previous: &'k Feed) -> Result<Self> {
        let not_allowed = |message| Err(Error::new(ErrorKind::CombinationNotAllowed, message));
        if previous.exact().is_none() {
            return not_allowed("a filter cannot be taken apart: publish the whole list");
        }
        if options.new_epoch {
            return not_allowed("a new epoch has new tokens: publish the whole list");
        }
        let place = Place::following(previous, &options, &signing.publisher_id())?;
        let (withdrawn, added) = Default::default();
        Ok(Self { signing, options, previous, place, withdrawn, added, additions: 0, linked: 0 })
    }

    /// The version and epoch that will be signed.
    #[must_use]
    pub const fn place(&self) -> (u64, u32) {
        self.place.numbers()
    }

    /// The kinds in the version to be, by rising number.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        let mut numbers: Vec<u8> = self.previous.manifest().kinds.iter().map(|entry| entry.kind).collect();
        numbers.extend(self.added.values().map(|(_, kind, _)| *kind));
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().filter_map(Kind::from_number).collect()
    }

    /// Takes an entry out, with what is listed only because of it, and tells those who acted upon it.
    ///
    /// # Errors
    /// [`ErrorKind::NotListed`] if the previous version does not list the identifier; [`ErrorKind::FormMismatch`] if it lists
    /// the kind in another canonical form.
    pub fn withdraw(&mut self, identifier: &Identifier, reason: RetractionReason) -> Result<()> {
        if !self.take_out(identifier, reason)? {
            return Err(ErrorKind::NotListed.into());
        }
        for linked in identifier.linked() {
            self.take_out(&linked, reason)?;
        }
        Ok(())
    }

    /// Parses a raw value and takes it out.
    ///
    /// # Errors
    /// As [`Identifier::parse`] and [`withdraw`](Self::withdraw).
    pub fn withdraw_raw(
        &mut self,
        kind: Kind,
        raw: &str,
        options: &ParseOptions,
        reason: RetractionReason,
    ) -> Result<()> {
        self.withdraw(&Identifier::parse_first(kind, raw, options)?, reason)
    }

    fn take_out(&mut self, identifier: &Identifier, reason: RetractionReason) -> Result<bool> {
        self.check_form(identifier.kind())?;
        let digest = self.digest(identifier)?;
        let token = token::token(&digest);
        if self.previous.position(&token).is_none() {
            return Ok(false);
        }
        let manifest = self.previous.manifest();
        let hit_id = token::hit_id(&digest, self.previous.ids());
        let retraction = Retraction::new(manifest.epoch, hit_id, self.options.now, manifest.expires, reason);
        self.withdrawn.insert(token, (identifier.kind().number(), retraction));
        self.added.remove(&token);
        Ok(true)
    }

    /// Adds an indicator to what is carried over; one that is listed already gets the new claim.
    ///
    /// # Errors
    /// [`ErrorKind::Guarded`], [`ErrorKind::PublicSuffix`], [`ErrorKind::InvalidClaim`]; [`ErrorKind::FormMismatch`];
    /// [`ErrorKind::RecordTooLong`] for a claim that does not fit the feed's records, which cannot be made longer without the list.
    pub fn add(&mut self, indicator: Indicator) -> Result<()> {
        let Indicator { identifier, claim } = indicator;
        if let Some(reason) = self.options.guard.refuses(&identifier) {
            return Err(guarded(reason));
        }
        claim.check()?;
        self.check_form(identifier.kind())?;
        let size = self.previous.manifest().record_size;
        if size > 0 && records::size_for(claim.encode().len())? > size {
            return Err(Error::new(ErrorKind::RecordTooLong, "the claim does not fit the feed's records"));
        }
        for linked in identifier.linked() {
            if self.options.guard.refuses(&linked).is_none() && self.check_form(linked.kind()).is_ok() {
                self.put(&linked, claim.clone())?;
                self.linked += 1;
            }
        }
        self.put(&identifier, claim)
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

    fn put(&mut self, identifier: &Identifier, claim: Claim) -> Result<()> {
        let digest = self.digest(identifier)?;
        self.additions += 1;
        let token = token::token(&digest);
        self.withdrawn.remove(&token);
        match self.added.get_mut(&token) {
            Some((_, _, known)) => known.merge(claim),
            None => _ = self.added.insert(token, (digest, identifier.kind().number(), claim)),
        }
        Ok(())
    }

    fn digest(&self, identifier: &Identifier) -> Result<Digest> {
        let frame = [token::frame(identifier.kind(), &identifier.match_key())];
        let mut digest = [Digest::default()];
        self.place.scheme.digest_many(&frame, &mut digest)?;
        let [digest] = digest;
        Ok(digest)
    }

    /// One feed holds a kind in one canonical form.
    fn check_form(&self, kind: Kind) -> Result<()> {
        let known = self.previous.manifest().kind(kind);
        if known.is_some_and(|known| known.form != kind.form_version()) {
            return Err(ErrorKind::FormMismatch.into());
        }
        Ok(())
    }

    /// How many entries are taken out.
    #[must_use]
    pub fn withdrawals(&self) -> u64 {
        self.withdrawn.len() as u64
    }

    /// Makes the version.
    ///
    /// # Errors
    /// [`ErrorKind::RecordTooLong`] for a claim that has grown in joining; [`ErrorKind::NoRandomness`].
    pub fn publish(mut self, entropy: &mut dyn Entropy) -> Result<Publication<'k>> {
        self.added.values_mut().for_each(|(_, _, claim)| claim.settle());
        let Listed { tokens, records, kinds } = self.entries(entropy)?;
        let merged = self.additions.saturating_sub(self.added.len() as u64);
        let Self { signing, options, previous, place, withdrawn, linked, .. } = self;
        let mut entries = retraction::carried(previous, options.now);
        // A new retraction of the same entry takes the place of the old one.
        let fresh: Vec<Retraction> = withdrawn.into_values().map(|(_, retraction)| retraction).collect();
        entries.retain(|old| !fresh.iter().any(|new| (new.epoch, new.hit_id) == (old.epoch, old.hit_id)));
        entries.extend(fresh);
        let mut contents = Vec::new();
        let mut put = |section_type, required, bytes| contents.push(Content { section_type, required, bytes });
        if let Some((entry, key)) = previous.section(section::FEED_KEY) {
            put(section::FEED_KEY, entry.required, Zeroizing::new(key.to_vec()));
        }
        put(section::TOKENS, true, tokens);
        if previous.manifest().record_size > 0 {
            put(section::RECORDS, false, records);
        }
        if !entries.is_empty() {
            put(section::RETRACTIONS, false, Zeroizing::new(retractions::encode(entries)));
        }
        let record_size = previous.manifest().record_size;
        let set = SetDescriptor::Tokens {};
        let tokens = previous.manifest().tokens.clone();
        Publication::assemble(signing, options, place, Some(previous), (tokens, set, record_size), kinds, &contents)
            .map(|publication| publication.counted(merged, linked))
    }

    /// Tokens, records and counts of the version to be.
    fn entries(&self, entropy: &mut dyn Entropy) -> Result<Listed> {
        let manifest = self.previous.manifest();
        let size = manifest.record_size;
        let (old, old_records) = self.previous.exact().ok_or_else(|| Error::from(ErrorKind::CombinationNotAllowed))?;
        let mut kinds = manifest.kinds.clone();
        for (kind, _) in self.withdrawn.values() {
            if let Some(entry) = kinds.iter_mut().find(|entry| entry.kind == *kind) {
                entry.count = entry.count.saturating_sub(1);
            }
        }
        let count = old.len() + self.added.len();
        let mut tokens = Zeroizing::new(Vec::with_capacity(count * TOKEN_LENGTH));
        let mut records = Zeroizing::new(Vec::with_capacity(count * size as usize));
        let mut added = self.added.iter().peekable();
        let ids = self.previous.ids();
        let mut put_added =
            |token: &Token, digest: &Digest, claim: &Claim, tokens: &mut Vec<u8>, records: &mut Vec<u8>| {
                tokens.extend_from_slice(token);
                if size == 0 {
                    return Ok(());
                }
                let fields = claim.encode();
                match self.previous.unchanged_record(digest, size, &fields) {
                    Some(record) => records.extend_from_slice(record),
                    None => records::seal(digest, ids, &fields, size, entropy, records)?,
                }
                Ok::<(), Error>(())
            };
        for (position, token) in old.iter().enumerate() {
            while let Some((new, (digest, kind, claim))) = added.next_if(|(new, _)| *new < token) {
                put_added(new, digest, claim, &mut tokens, &mut records)?;
                count_one(&mut kinds, *kind);
            }
            if let Some((new, (digest, _, claim))) = added.next_if(|(new, _)| *new == token) {
                put_added(new, digest, claim, &mut tokens, &mut records)?;
            } else if !self.withdrawn.contains_key(token) {
                tokens.extend_from_slice(token);
                let start = position * size as usize;
                let record = old_records.and_then(|records| records.get(start..start + size as usize));
                records.extend_from_slice(record.unwrap_or_default());
            }
        }
        for (new, (digest, kind, claim)) in added {
            put_added(new, digest, claim, &mut tokens, &mut records)?;
            count_one(&mut kinds, *kind);
        }
        kinds.retain(|entry| entry.count > 0);
        Ok(Listed { tokens, records, kinds })
    }
}

/// What a version lists.
struct Listed {
    tokens: Zeroizing<Vec<u8>>,
    records: Zeroizing<Vec<u8>>,
    kinds: Vec<KindCount>,
}

fn count_one(kinds: &mut Vec<KindCount>, number: u8) {
    let at = kinds.partition_point(|entry| entry.kind < number);
    match kinds.get_mut(at).filter(|entry| entry.kind == number) {
        Some(entry) => entry.count += 1,
        None => {
            if let Some(kind) = Kind::from_number(number) {
                kinds.insert(at, KindCount::new(kind, 1));
            }
        }
    }
}

impl std::fmt::Debug for Revision<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revision")
            .field("feed", &self.options.feed)
            .field("withdrawn", &self.withdrawn.len())
            .field("added", &self.added.len())
            .finish_non_exhaustive()
    }
}
