//! Canonical forms of many values: reads `kind TAB region TAB value` lines, writes the form or `!` and the error.
//!
//! ```text
//! printf 'phone\tSG\t9123 4567\n' | cargo run --example canon_lines
//! ```

use std::io::{BufRead, BufWriter, Write};

use bisik::{Identifier, Kind, ParseOptions};

fn main() -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut columns = line.splitn(3, '\t');
        let (kind, region, value) =
            (columns.next().unwrap_or(""), columns.next().unwrap_or(""), columns.next().unwrap_or(""));
        let mut options = ParseOptions::default();
        options.region = (!region.is_empty()).then(|| region.to_owned());
        let result = kind.parse::<Kind>().and_then(|kind| Identifier::parse(kind, value, &options));
        match result {
            Ok(identifier) => writeln!(out, "{}", identifier.canonical())?,
            Err(error) => writeln!(out, "!{}", error.kind().name())?,
        }
    }
    out.flush()
}
