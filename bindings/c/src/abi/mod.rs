//! The entry points, by subject, and what they share at the border.
//!
//! Handles come in as `Option<&T>`, `Option<&mut T>` and `Option<Box<T>>`, which have the layout of a C pointer that may be NULL;
//! what they promise is promised by the C caller (`docs/c.md`). Only arrays need `unsafe` code.

pub mod arrow;
pub mod blind;
pub mod blind_server;
pub mod buffer;
pub mod claim;
pub mod delta;
pub mod desk;
pub mod error;
pub mod feed;
pub mod guard;
pub mod keys;
pub mod kind;
pub mod life;
pub mod live;
pub mod log;
pub mod matcher;
pub mod options;
pub mod policy;
pub mod publication;
pub mod publisher;
pub mod report;
pub mod retraction;
pub mod revision;
pub mod sighting;
pub mod store;
pub mod trust;
pub mod version;

pub(crate) mod boundary;
pub(crate) mod memory;

mod file;
mod owned;
