//! What every client has used, kept so that a kill at any moment never gives back a single evaluation.
//!
//! ```text
//! charge ─▶ one writer thread ─▶ all charges that wait, in one transaction ─▶ fsync ─▶ only now the answers
//! ```
//!
//! The store is redb: a copy-on-write B-tree in one file, pure Rust. A request's digest is stored with its charge, so that
//! the same bytes are answered again free of charge, also after a crash between the charge and the answer.

mod charge;
mod store;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use charge::{Alarm, Charge, Charged, Refusal};
pub(crate) use store::{FeedRef, Store, Usage, usage};
pub(crate) use writer::Budgets;
