//! The review log: what was done with feeds, in a chain that shows what was altered (`docs/format.md` §15).
//!
//! ```text
//! body  = one line of strict JSON: number, time, event, whose feed, counts      never an identifier, a value or a text of anybody's
//! hash  = derive_key("bisik 2026 v1 log entry", hash of the entry before ‖ body)
//! line  = body with `,"hash":"…"` before its closing brace ‖ LF
//! head  = signed block (type 8): which log, how many entries, the last hash
//! ```
//!
//! The chain alone shows a change to a log by who does not write the rest of it anew. A head that somebody else keeps shows that too.

// floor 1
mod entry;
// floor 2
mod chain;
// floor 3
mod head;

pub use chain::{LogReader, LogTail};
pub use entry::{LogEntry, LogEvent, LogRecord};
pub use head::LogHead;
