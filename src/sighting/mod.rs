//! Sightings: a member tells the publisher's desk what it hit, and what it did about it (`docs/format.md` §14).
//!
//! ```text
//! member   Sighting (hit id, time, action, amount) × 1..=500 → seal_sightings(feed) → one file, of one length, for the feed's desk
//! desk     UnverifiedSightings::open → verify(members) → SightingLedger::take, stored → HitFinder joins its own list → calls
//! ```
//!
//! A sighting names neither token nor value: only who has the list and the feed's key turns a hit id back into an entry.

// floor 1
mod amount;
// floor 2
mod body;
// floor 5
mod calls;
// floor 3
mod join;
// floor 4
mod ledger;
// floor 3
mod make;
// floor 3
mod open;

pub use amount::{Amount, Currency};
pub use body::{MAX_SIGHTINGS, Sighting, SightingAction};
pub use calls::{Call, Score};
pub use join::{HitFinder, Joined};
pub use ledger::{LedgerEntry, SIGHTING_WINDOW, SightingLedger};
pub use make::seal_sightings;
pub use open::{SIGHTING_FILE_LENGTH, SightingReport, UnverifiedSightings};

// floor 6
#[cfg(test)]
mod tests;
