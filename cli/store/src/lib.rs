//! A folder of verified feeds, and the review log: files alone, no network.
//!
//! ```text
//! pull    lock → partial file → verify, compare with what was seen → file, then state text, then generation      one at a time
//! read    state texts → prepared files, or files → verify → Matcher                                                no lock, any time
//! ```
//!
//! The state text of a feed is its memory and the pointer to its file. Replacing it, whole, is the one step with which a version takes the
//! place of another: before it the old version is in use and remembered, after it the new one. `docs/store.md` has the layout.

#![deny(unsafe_code)]

mod disk;
mod error;
mod folder;
mod log;
#[allow(unsafe_code, reason = "a map is as safe as its file is left alone; tests/confinement.rs keeps it here")]
mod map;
mod matcher;
mod partial;
mod prepared;
mod writer;

pub use disk::{make_folder, sync_folder};
pub use error::{Error, Result};
pub use folder::{Listing, Status, StatusRow, Store};
pub use log::{LogFile, Mended};
pub use matcher::{Dropped, Opening, Snapshot, StoreMatcher};
pub use partial::{Partial, Resume};
pub use prepared::{PREPARE_FROM, Prepared};
pub use writer::Writer;

/// The longest feed that a store takes unless it is told otherwise, in bytes.
pub const MAX_FEED: u64 = 1 << 36;
