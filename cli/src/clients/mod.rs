//! Who may ask a blind server, with what budget: `clients.toml`.
//!
//! ```toml
//! [[client]]
//! name = "Example Bank"
//! key = "ed25519…"          # signs its requests
//! token = "…"               # SHA-256 of its bearer token, in hexadecimal
//! certificate = "…"         # SHA-256 of its TLS certificate; what is named here must be shown
//! per_day = 10000           # evaluations a day; this is also what holds where nothing is said
//! total = 1000000           # evaluations in all epochs that have not expired; no end where nothing is said
//! batch = 16384             # evaluations a request
//! ```

mod edit;
mod file;
mod secret;

pub(crate) use edit::{NewClient, add, remove};
pub(crate) use file::{Client, Clients};
pub(crate) use secret::{Digest, new_token, sha256};
