//! Keeping a folder of feeds current: what an index offers, what is worth fetching, and what is written down of it.
//!
//! ```text
//! index (a hint)  + held version  → Plan: nothing, deltas, or the snapshot     fetched bytes → verify → History::observe → StoredFeed
//! ```
//!
//! An index and a server's answers are hints of strangers: they choose what is fetched and never what is believed. What replaces a feed
//! was verified under the reader's trust store and compared with what was seen before, like a feed that came by hand.

// floor 1
mod index;
// floor 2
mod state;

pub use index::{FeedIndex, IndexedDelta, IndexedFeed, Plan};
pub use state::{Problem, SourceState, StoredFeed};
