//! Share scam indicators without sharing the list.

// floor 0
mod error;
// floor 1
mod codec;
// floor 1
mod entropy;
// floor 1
mod secret;
// floor 1
mod time;
// floor 2
mod crypto;
mod filter;
// floor 2
mod identifier;

pub use crypto::age::{Recipient, RecipientSecret};
pub use entropy::{Entropy, FixedEntropy, OsEntropy};
pub use error::{Error, ErrorKind, Result};
pub use identifier::{Expression, Identifier, Kind, Matched, ParseOptions, Step};
pub use secret::Secret;
pub use time::Timestamp;
