//! What a sighting says, and the signed text that holds 1 to 500 of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::codec::{hex, json};
use crate::crypto::sign::KeyId;
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{check_feed_id, key_id};
use crate::sighting::amount::{Amount, Currency};
use crate::time::Timestamp;

/// The most sightings in one file.
pub const MAX_SIGHTINGS: usize = 500;
/// The length of every signed block of sightings: two chunks of its envelope.
pub(super) const BLOCK_LENGTH: usize = 131_072;
/// The longest reference, in bytes.
const MAX_REFERENCE: usize = 64;

/// What a member did about a hit. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SightingAction(u8);

impl SightingAction {
    /// Money or the account is held.
    pub const FROZEN: Self = Self(1);
    /// Reported to an authority, and nothing held.
    pub const REPORTED: Self = Self(2);
    /// The payment or call was not carried out.
    pub const DECLINED: Self = Self(3);
    /// Seen, and nothing done.
    pub const NONE: Self = Self(4);

    const NAMES: [(Self, &'static str); 4] =
        [(Self::FROZEN, "frozen"), (Self::REPORTED, "reported"), (Self::DECLINED, "declined"), (Self::NONE, "none")];

    /// The stable number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The stable name; `unknown` for a number of a later version.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(known, _)| *known == self).map_or("unknown", |(_, name)| name)
    }
}

impl fmt::Display for SightingAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SightingAction {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = Self::NAMES.into_iter().find(|(_, known)| *known == name).map(|(action, _)| action);
        known.ok_or_else(|| Error::new(ErrorKind::InvalidName, "an action is frozen, reported, declined or none"))
    }
}

/// One sighting: that a listed entry was met, when, and what was done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sighting {
    /// Random, so that the same sighting is known again.
    pub id: [u8; 16],
    /// The hit id, as the matcher gave it.
    pub hit_id: [u8; 16],
    /// When the entry was met.
    pub time: Timestamp,
    /// What was done about it.
    pub action: SightingAction,
    /// What is at stake, as far as it is known: the sum of that day.
    pub amount: Option<Amount>,
    /// The member's own case number, 1 to 64 bytes of plain text without quotation marks and backslashes.
    pub reference: Option<String>,
}

impl Sighting {
    /// A sighting with a fresh id, and neither amount nor reference.
    ///
    /// # Errors
    /// [`ErrorKind::NoRandomness`].
    pub fn new(hit_id: [u8; 16], time: Timestamp, action: SightingAction, entropy: &mut dyn Entropy) -> Result<Self> {
        let mut id = [0; 16];
        entropy.fill(&mut id)?;
        Ok(Self { id, hit_id, time, action, amount: None, reference: None })
    }

    /// Checks what a caller put in.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidClaim`].
    pub fn check(&self) -> Result<()> {
        if self.action.0 == 0 {
            return Err(Error::new(ErrorKind::InvalidClaim, "an action has a number from 1"));
        }
        if let Some(Amount { minor, currency }) = self.amount {
            Amount::new(minor, currency)?;
        }
        let fits = |text: &String| {
            (1..=MAX_REFERENCE).contains(&text.len())
                && json::is_plain_text(text)
                && !text.contains(['"', '\\'])
                && text.trim() == text
        };
        if self.reference.as_ref().is_some_and(|text| !fits(text)) {
            return Err(Error::new(
                ErrorKind::InvalidClaim,
                "a reference is 1 to 64 bytes of plain text without quotation marks, backslashes and outer blanks",
            ));
        }
        Ok(())
    }
}

/// A sighting as signed JSON writes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(with = "hex::fixed")]
    id: [u8; 16],
    #[serde(with = "hex::fixed")]
    hit: [u8; 16],
    time: Timestamp,
    action: SightingAction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

impl Written {
    pub(super) fn of(sighting: &Sighting) -> Self {
        let Sighting { id, hit_id, time, action, amount, reference } = sighting;
        Self {
            id: *id,
            hit: *hit_id,
            time: *time,
            action: *action,
            amount: amount.map(|amount| amount.minor),
            currency: amount.map(|amount| amount.currency),
            reference: reference.clone(),
        }
    }

    pub(super) fn read(self) -> Result<Sighting> {
        let amount = match (self.amount, self.currency) {
            (None, None) => None,
            (Some(minor), Some(currency)) => Some(Amount { minor, currency }),
            _ => return Err(Error::new(ErrorKind::BadManifest, "an amount and its currency go together")),
        };
        let Self { id, hit, time, action, reference, .. } = self;
        let sighting = Sighting { id, hit_id: hit, time, action, amount, reference };
        match sighting.check() {
            Ok(()) => Ok(sighting),
            Err(error) => Err(Error::new(ErrorKind::BadManifest, error.message())),
        }
    }
}

/// The body of the signed block.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    #[serde(with = "key_id")]
    pub(super) publisher: KeyId,
    pub(super) feed: String,
    pub(super) epoch: u32,
    pub(super) version: u64,
    #[serde(with = "hex::fixed")]
    pub(super) digest: [u8; 32],
    pub(super) desk: String,
    #[serde(with = "key_id")]
    pub(super) sender: KeyId,
    pub(super) time: Timestamp,
    pub(super) sightings: Vec<Written>,
}

impl Body {
    /// Reads a body: its grammar, and everything that can be checked without knowing anybody.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, Vec<Sighting>)> {
        let mut body: Self = json::parse(bytes)?;
        check_feed_id(&body.feed)?;
        let wrong = |message| Error::new(ErrorKind::BadManifest, message);
        if body.epoch == 0 || body.version == 0 {
            return Err(wrong("epoch and version begin at 1"));
        }
        if body.sightings.is_empty() || body.sightings.len() > MAX_SIGHTINGS {
            return Err(wrong("a file holds 1 to 500 sightings"));
        }
        let mut sightings: Vec<Sighting> = Vec::with_capacity(body.sightings.len());
        for (at, written) in (0..).zip(std::mem::take(&mut body.sightings)) {
            sightings.push(written.read().map_err(|error| error.at(at))?);
        }
        let mut ids: Vec<&[u8; 16]> = sightings.iter().map(|sighting| &sighting.id).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(wrong("an id stands twice"));
        }
        Ok((body, sightings))
    }
}
