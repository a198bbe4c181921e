//! Envelopes: the age file format, version 1 (<https://age-encryption.org/v1>), with X25519 recipients.
//!
//! [`Sealer`] writes what every age program opens; [`Opener`] reads what every age program sealed to an X25519 recipient. Armor, passphrases, plugins and the hybrid type are refused by name.
//!
//! A header may have 1,024 stanzas and 2 MiB, which is checked, with its whole grammar, before the first X25519.
//! Stanzas of unknown types are passed over, as the format demands.
//!
//! | what is wrong | class of the age test kit | kind | position |
//! |---|---|---|---|
//! | the grammar of the header, an X25519 stanza of wrong size, a share of low order, no nonce | header failure | [`BadHeader`] | byte offset |
//! | another version than `v1` | header failure | [`UnsupportedVersion`] | byte offset |
//! | over 1,024 stanzas or 2 MiB of header | (none) | [`LimitExceeded`] | byte offset |
//! | armor | (none, or armor failure) | [`BadHeader`] | 0 |
//! | no secret of ours opens a stanza | no match | [`NoMatchingKey`] | – |
//! | the same, and all that could match are types we do not open (scrypt, hybrid, tagged) | (none) | [`UnsupportedRecipient`] | – |
//! | the header's MAC, by [`Opener::new`] | HMAC failure | [`CannotOpen`] | – |
//! | a chunk's tag, a chunk out of its place, a missing end, bytes after the end, by [`Opener::read_chunk`] | payload failure | [`CannotOpen`] | – |
//!
//! The last two differ only in the call that fails, so an error tells nothing that depends on a secret.
//!
//! [`BadHeader`]: crate::error::ErrorKind::BadHeader
//! [`UnsupportedVersion`]: crate::error::ErrorKind::UnsupportedVersion
//! [`LimitExceeded`]: crate::error::ErrorKind::LimitExceeded
//! [`NoMatchingKey`]: crate::error::ErrorKind::NoMatchingKey
//! [`UnsupportedRecipient`]: crate::error::ErrorKind::UnsupportedRecipient
//! [`CannotOpen`]: crate::error::ErrorKind::CannotOpen

// floor 0
mod keys;
// floor 1
mod derive;
// floor 2
mod header;
// floor 2
mod stream;
// floor 3
mod lists;
// floor 3
mod open;
// floor 3
mod seal;

pub use keys::{Recipient, RecipientSecret};

pub(crate) use header::is_age;
pub(crate) use open::Opener;
pub(crate) use open::wide::WideOpener;
pub(crate) use seal::Sealer;
pub(crate) use stream::{CHUNK, SEALED_CHUNK};

// floor 4
#[cfg(test)]
mod tests;
