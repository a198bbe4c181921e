//! The C interface of bisik.
//!
//! `include/bisik.h` is generated from this crate (`cargo xtask header`); `docs/c.md` says the conventions. Entry points and all
//! handling of foreign pointers lie in `abi`; the rest of the crate is ordinary safe Rust over the facade of `bisik`.

#![allow(non_camel_case_types, reason = "types have the names that C sees")]

#[cfg(panic = "abort")]
compile_error!("bisik-capi turns panics into BISIK_PANIC and needs panic = \"unwind\"");

pub mod abi;
mod batch;
mod inspect;
mod standing;
mod tables;
