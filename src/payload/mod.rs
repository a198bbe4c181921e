//! The contents of sections: one encode and decode pair each (`docs/format.md` §6).

// floor 1
pub(crate) mod records;
// floor 1
pub(crate) mod retractions;
// floor 1
pub(crate) mod tokens;
