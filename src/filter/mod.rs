//! Approximate sets of keyed 32-byte entries; they know nothing of feeds.
//!
//! Entries are digests made for one version of one feed, so they are uniform and nobody without the key can choose
//! them. `docs/filters.md` specifies both filters to the bit; the crates behind them build, but do not define, the
//! bytes.

// floor 1
pub(crate) mod limits;
// floor 2
pub(crate) mod bloom;
// floor 2
pub(crate) mod fuse;
// floor 3
#[cfg(test)]
mod vectors;
