//! Cryptography put together from well-kept libraries: envelopes and the texts of keys.

// floor 0
pub(crate) mod text;
// floor 1
pub(crate) mod age;
