//! Whom a reader trusts, for what, and how that changes (`docs/format.md` §10).
//!
//! ```text
//! card → TrustStore → which key may sign which feed of which publisher, and what may be in it
//! rotation (type 6), revocation (type 7) → update: k of n roots, of the old set and of the new
//! ```

// floor 1
mod scope;
// floor 2
mod store;
// floor 3
mod file;
// floor 3
mod update;
// floor 4
#[cfg(test)]
mod tests;

pub use scope::Scope;
pub use store::{TrustStore, TrustedKey, TrustedPublisher};
pub use update::{Revocation, Rotation, Updated};

pub(crate) use store::Authority;
