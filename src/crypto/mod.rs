//! Cryptography put together from well-kept libraries: hashing, signatures, envelopes and the texts of keys.

// floor 0
pub(crate) mod text;
// floor 1
pub(crate) mod aead;
// floor 1
pub(crate) mod age;
// floor 1
pub(crate) mod mac;
// floor 1
pub(crate) mod oprf;
// floor 2
pub(crate) mod sign;
