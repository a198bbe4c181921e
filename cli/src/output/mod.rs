//! Hits and refused rows, as people and programs read them.

mod annotate;
mod csv;
mod hits;
mod jsonl;
mod refusals;
mod table;

pub(crate) use annotate::Annotator;
pub(crate) use hits::{HitLine, Printer};
pub(crate) use refusals::Refusals;
pub(crate) use table::{Align, Grid};
