//! Share scam indicators without sharing the list.
//!
//! An agency or a firm turns its list of scam indicators (phone numbers, accounts, wallets, domains, web addresses, e-mail
//! addresses …) into a signed, protected feed; others match their own data against it and get hits with reasons, without either side
//! showing the other its raw data.
//!
//! Two corridors lead through the crate:
//!
//! ```text
//! publish   raw → Identifier::parse → Indicator → Publisher::add → publish → open | seal → bytes
//! match     once: bytes → UnverifiedFeed::verify → Feed → Matcher        each batch: raw → Identifier::parse → match_batch → Report
//! ```
//!
//! The core takes bytes, a time and randomness as arguments; it opens no file, asks no network and reads no clock. The format is
//! specified in `docs/format.md`, the canonical forms in `docs/canonical.md`. See [`Publisher`] for a whole round.
//!
//! **What it does not do.** Whoever can evaluate a feed's tokens can try every plausible value: a salted feed of phone numbers hides
//! nothing from its readers. [`Feed::exposure`] and [`Feed::learners`] say what that means for the feed at hand.

// floor 0
mod error;
// floor 1
mod codec;
// floor 1
mod entropy;
// floor 1
mod executor;
// floor 1
mod time;
// floor 2
mod secret;
// floor 2
mod simd;
// floor 2
#[cfg(feature = "threads")]
mod threads;
// floor 3
mod crypto;
// floor 3
mod filter;
// floor 3
mod identifier;
// floor 4
mod exposure;
// floor 4
mod guard;
// floor 4
mod indicator;
// floor 4
mod token;
// floor 5
mod container;
// floor 5
mod keyring;
// floor 5
mod payload;
// floor 6
mod envelope;
// floor 6
mod intake;
// floor 6
mod manifest;
// floor 7
mod blind;
// floor 7
mod layout;
// floor 7
mod trust;
// floor 8
mod feed;
// floor 9
mod delta;
// floor 9
mod history;
// floor 9
mod log;
// floor 9
mod matcher;
// floor 9
mod retraction;
// floor 10
mod policy;
// floor 10
mod publisher;
// floor 10
mod pull;
// floor 10
mod sighting;
// floor 11
mod revision;

// floor 12
#[cfg(test)]
mod constant_time;
#[cfg(test)]
mod twins;

// Identifiers and claims
pub use guard::{Guard, GuardReason};
pub use identifier::{Expression, Identifier, Kind, Matched, ParseOptions, Step, Sureness};
pub use indicator::{Claim, Indicator};

// Keys and trust
pub use crypto::age::{Recipient, RecipientSecret};
pub use crypto::sign::{KeyId, SigningKey, VerifyingKey};
pub use keyring::{Card, KeySet, SigningFile};
pub use trust::{Revocation, Rotation, Scope, TrustStore, TrustedKey, TrustedPublisher, Updated};

// Feeds
pub use feed::{CLOCK_SKEW, Feed, LocalKey, Outline, PreparedFeed, UnverifiedFeed};
pub use manifest::{Contact, KindCount, MAX_EPOCH, MAX_VALIDITY, Manifest, Section, SetDescriptor, Tlp, TokenScheme};
pub use matcher::{Certainty, Hit, Mask, Matcher, RawInput, RecordState, Rejection, Report};
pub use publisher::{
    DEFAULT_RATE, DEFAULT_VALIDITY, Publication, PublishOptions, Publisher, Scratch, SetChoice, StreamedPublication,
};

// Blind queries
pub use blind::{Account, BlindRequest, Budget, DEFAULT_LIMIT, Exhausted, MAX_REQUEST_ELEMENTS, OprfKey, OprfServer};
pub use matcher::{BlindOptions, Prepared, PreparedRequest};
// The life of a feed
pub use delta::{Delta, DeltaFile, UnverifiedDelta};
pub use history::{History, SeenFeed, SignedManifest, UsedVersion, UsedVersions};
pub use payload::retractions::{Retraction, RetractionReason};
pub use policy::{Action, Policy, Probable, Reason, Rule, Verdict};
pub use retraction::{Remembered, RetractionList};
pub use revision::Revision;

// From a hit to the publisher's desk
pub use sighting::{
    Amount, Call, Currency, HitFinder, Joined, LedgerEntry, MAX_SIGHTINGS, SIGHTING_FILE_LENGTH, SIGHTING_WINDOW,
    Score, Sighting, SightingAction, SightingLedger, SightingReport, UnverifiedSightings, seal_sightings,
};
// A folder of feeds, and the review log
pub use log::{LogEntry, LogEvent, LogHead, LogReader, LogRecord, LogTail};
pub use pull::{FeedIndex, IndexedDelta, IndexedFeed, Plan, Problem, SourceState, StoredFeed};

// What a feed gives away
pub use exposure::{CORE_RATE, DEVICE_RATE, KindExposure, Learner, Universe, exposure, learners, universes};

// Errors, time, randomness, threads
pub use entropy::{Entropy, FixedEntropy, OsEntropy};
pub use error::{Error, ErrorKind, Result};
pub use executor::{Executor, Inline};
#[cfg(feature = "threads")]
pub use threads::Threads;
pub use time::{DAY, Timestamp};
