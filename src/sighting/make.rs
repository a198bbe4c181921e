//! Making a file of sightings.

use crate::codec::json;
use crate::container;
use crate::crypto::age::{Recipient, Sealer};
use crate::crypto::sign::SignedType;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::Feed;
use crate::keyring::SigningFile;
use crate::sighting::body::{BLOCK_LENGTH, Body, MAX_SIGHTINGS, Sighting, Written};
use crate::time::Timestamp;

/// Signs sightings and seals them to the desk that a feed names. Every file has the same length.
///
/// The hits must be of the feed's epoch; its version is the one that the member has at hand. What is told, is told under the
/// member's own name: which entries it met, when, and what it did.
///
/// ```
/// use bisik::{Amount, Claim, Contact, FixedEntropy, Guard, HitFinder, Identifier, KeySet, Kind, Matcher, ParseOptions};
/// use bisik::{PublishOptions, Publisher, Sighting, SightingAction, SightingLedger, Timestamp, TrustStore};
/// use bisik::{UnverifiedFeed, UnverifiedSightings, seal_sightings};
///
/// let mut entropy = FixedEntropy::new(1); // OsEntropy outside of examples
/// let now = Timestamp::from_seconds(1_800_000_000)?;
/// let centre = KeySet::generate("Example Centre", &mut entropy)?;
/// let bank = KeySet::generate("Example Bank", &mut entropy)?;
/// let read = ParseOptions::default();
///
/// // The centre publishes, and names its desk.
/// let mut options = PublishOptions::new("mules", now);
/// options.contact = Some(Contact { recipient: Some(centre.recipient.recipient().to_string()), ..Contact::default() });
/// let mut publisher = Publisher::new(&centre.signing, options, None, &mut entropy)?;
/// publisher.add_raw(Kind::Domain, "shop.example", &read, Claim::default())?;
/// let file = publisher.publish(&mut entropy)?.open(&[])?.to_vec();
///
/// // The bank has a hit, and tells the desk.
/// let mut trust = TrustStore::new();
/// trust.add_card(&centre.card())?;
/// let matcher = Matcher::new([UnverifiedFeed::from_bytes(file)?.verify(&trust, now)?], Guard::default())?;
/// let payee = Identifier::parse(Kind::Domain, "shop.example", &read)?;
/// let hit = matcher.check(&payee, now)?.hits[0].hit_id;
/// let feed = &matcher.feeds()[0];
/// let mut sighting = Sighting::new(hit, now, SightingAction::FROZEN, &mut entropy)?;
/// sighting.amount = Some(Amount::parse("1250.50", "SGD".parse()?)?);
/// let sealed = seal_sightings(feed, &[sighting], &bank.signing, now, &mut entropy)?;
///
/// // The desk opens it, counts it once, and finds its own entry.
/// let mut members = TrustStore::new();
/// members.add_card(&bank.card())?;
/// let report = UnverifiedSightings::open(sealed.as_slice(), &[centre.recipient])?.verify(&members)?;
/// let mut ledger = SightingLedger::new(feed);
/// assert!(ledger.take(&report, now)?.iter().all(Result::is_ok)); // now store ledger.to_text()
/// let mut finder = HitFinder::new(feed, None, ledger.hits(1))?;
/// finder.add(0, &payee)?;
/// let calls = ledger.calls(&finder.finish()?, now);
/// assert_eq!((calls[0].entry, calls[0].senders.len()), (Some(0), 1));
/// # Ok::<(), bisik::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::NoDesk`] if the feed names no recipient for sightings; [`ErrorKind::UnsupportedRecipient`] for one of a type that
/// this version cannot seal to; [`ErrorKind::NothingAccepted`] without sightings, [`ErrorKind::TooManyEntries`] beyond 500;
/// [`ErrorKind::InvalidClaim`], whose position is the sighting's index; [`ErrorKind::AlreadyExists`] if an id stands twice;
/// [`ErrorKind::NoRandomness`].
pub fn seal_sightings(
    feed: &Feed,
    sightings: &[Sighting],
    sender: &SigningFile,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>> {
    let manifest = feed.manifest();
    let desk = manifest.contact.as_ref().and_then(|contact| contact.recipient.as_deref());
    let desk: Recipient = desk.ok_or_else(|| Error::from(ErrorKind::NoDesk))?.parse()?;
    if sightings.is_empty() {
        return Err(Error::new(ErrorKind::NothingAccepted, "there is no sighting to tell"));
    }
    if sightings.len() > MAX_SIGHTINGS {
        return Err(Error::new(ErrorKind::TooManyEntries, "a file holds at most 500 sightings"));
    }
    for (at, sighting) in sightings.iter().enumerate() {
        sighting.check().map_err(|error| error.at(at as u64))?;
        if sightings.iter().take(at).any(|before| before.id == sighting.id) {
            return Err(Error::new(ErrorKind::AlreadyExists, "two sightings have one id").at(at as u64));
        }
    }
    let body = Body {
        publisher: manifest.publisher,
        feed: manifest.feed.clone(),
        epoch: manifest.epoch,
        version: manifest.version,
        digest: *feed.digest(),
        desk: desk.to_string(),
        sender: sender.publisher_id(),
        time: now,
        sightings: sightings.iter().map(Written::of).collect(),
    };
    // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
    let mut text = serde_json::to_vec(&body).unwrap_or_default();
    let length = BLOCK_LENGTH - container::block_length(0);
    if text.len() > length || text.len() > json::MAX_LENGTH {
        return Err(Error::new(ErrorKind::TooManyEntries, "the sightings do not fit one file"));
    }
    text.resize(length, b' ');
    let block = container::write_block(SignedType::Sighting, &text, None, &sender.key);
    let (mut sealer, mut sealed) = Sealer::new(&[desk], entropy)?;
    sealer.push(&block, &mut sealed)?;
    sealer.finish(&mut sealed)?;
    Ok(sealed)
}
