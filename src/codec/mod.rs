//! Bounded reading and writing: little-endian integers, length prefixes, hex, padded lengths and strict JSON.

// floor 1
pub(crate) mod bytes;
// floor 1
pub(crate) mod hex;
// floor 1
pub(crate) mod json;
// floor 1
pub(crate) mod padme;
// floor 1
pub(crate) mod shared;
