//! Deltas: from one version of an exact set to a later one of the same epoch (`docs/format.md` §9).
//!
//! ```text
//! delta  = signed block (type 2): ids, base, result ‖ the result's own signed block ‖ removed ‖ added ‖ changed ‖ whole sections
//! result = apply(base, delta), byte for byte the unsealed snapshot, which is then verified like any other feed
//! ```

// floor 1
mod body;
// floor 2
mod make;
// floor 2
mod open;

pub use make::DeltaFile;
pub use open::{Delta, UnverifiedDelta};

pub(crate) use make::make;
