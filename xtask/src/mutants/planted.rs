//! Which of the planted faults is at work: `BISIK_MUTANT` names it, 0 or nothing means none. `record` lists, in the file that
//! `BISIK_MUTANT_SEEN` names, the functions that were reached.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

const RECORD: u32 = u32::MAX;

static CHOSEN: OnceLock<u32> = OnceLock::new();
static SEEN: [AtomicBool; 16384] = [const { AtomicBool::new(false) }; 16384];

/// The fault at work if it is one from `first` to `last`, otherwise 0.
#[inline]
pub(crate) fn chosen(first: u32, last: u32) -> u32 {
    let chosen = *CHOSEN.get_or_init(|| match std::env::var("BISIK_MUTANT").as_deref() {
        Ok("record") => RECORD,
        Ok(number) => number.parse().unwrap(),
        Err(_) => 0,
    });
    if chosen == RECORD {
        record(first);
    }
    if (first..=last).contains(&chosen) { chosen } else { 0 }
}

#[cold]
fn record(first: u32) {
    if !SEEN[first as usize].swap(true, Ordering::Relaxed) {
        let name = std::env::var_os("BISIK_MUTANT_SEEN").unwrap();
        let mut file = OpenOptions::new().create(true).append(true).open(name).unwrap();
        file.write_all(format!("{first}\n").as_bytes()).unwrap();
    }
}
