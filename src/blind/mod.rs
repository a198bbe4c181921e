//! Blind mode: what travels between a member and a feed's server, the server's part, and budgets (`docs/format.md` §11).
//!
//! ```text
//! member   Matcher::prepare  → signed requests of blinded elements
//! server   BlindRequest::read → Budget::charge, stored → OprfServer::blind_evaluate → answers
//! member   Matcher::finish   → proofs checked, blinds taken off → digests → Report
//! ```
//!
//! The server learns who asks, when and how many; never what. The member learns whether what it asked is listed, and
//! nothing of anything else.

// floor 2
mod budget;
// floor 1
mod key;
// floor 1
mod message;
// floor 2
mod server;

pub use budget::{Account, Budget, Exhausted};
pub use key::{DEFAULT_LIMIT, OprfKey};
pub(crate) use message::{Answer, seal_request};
pub use message::{BlindRequest, MAX_REQUEST_ELEMENTS};
pub use server::OprfServer;
