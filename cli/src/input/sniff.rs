//! What a file is: by its first line, its name and what the command was told.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use bisik::{ErrorKind, Kind};

use super::{Spec, is_stdin};
use crate::failure::{About, Failure, Result};

/// How much is looked at.
const LOOK: usize = 1 << 16;

/// The form of an input.
pub(super) enum Format {
    /// With a header.
    Csv { delimiter: u8 },
    /// One JSON object a line.
    Jsonl,
    /// One value of this kind a line.
    List(Kind),
}

/// An opened source and its form.
pub(super) struct Sniffed {
    pub(super) source: Box<dyn Read>,
    pub(super) format: Format,
    pub(super) length: Option<u64>,
}

/// Opens `path` and looks at its beginning.
pub(super) fn open(path: &Path, spec: &Spec) -> Result<Sniffed> {
    let (mut source, length): (Box<dyn Read>, _) = if is_stdin(path) {
        (Box::new(io::stdin().lock()), None)
    } else {
        let file = File::open(path).about(path)?;
        let meta = file.metadata().about(path)?;
        if meta.is_dir() {
            return Err(Failure::new(ErrorKind::Io, "this is a directory")
                .help("name a file, or - for standard input")
                .about(path));
        }
        (Box::new(file), meta.is_file().then_some(meta.len()))
    };
    let mut start = beginning(&mut source).about(path)?;
    if matches!(start.get(..2), Some([0xFF, 0xFE] | [0xFE, 0xFF])) {
        return Err(Failure::new(ErrorKind::InvalidUtf8, "the file is UTF-16").help("save it as UTF-8").about(path));
    }
    if start.starts_with(b"\xEF\xBB\xBF") {
        start.drain(..3);
    }
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let format = decide(&start, &ending, spec).map_err(|failure| failure.about(path))?;
    Ok(Sniffed { source: Box::new(Cursor::new(start).chain(source)), format, length })
}

/// Reads until a line that says something is complete.
fn beginning(source: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut start = vec![0; LOOK];
    let mut filled = 0;
    while let Some(rest) = start.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if start.get(..filled).is_some_and(says_something) {
            break;
        }
    }
    start.truncate(filled);
    Ok(start)
}

fn says_something(start: &[u8]) -> bool {
    let complete = start.iter().rposition(|&b| b == b'\n').unwrap_or(0);
    start.get(..complete).is_some_and(|lines| first_line(lines).is_some())
}

/// The first line that is neither blank nor a comment.
fn first_line(start: &[u8]) -> Option<&[u8]> {
    start
        .split(|&b| b == b'\n' || b == b'\r')
        .map(<[u8]>::trim_ascii)
        .find(|line| !line.is_empty() && !line.starts_with(b"#"))
}

fn decide(start: &[u8], ending: &str, spec: &Spec) -> Result<Format> {
    let line = first_line(start).unwrap_or_default();
    match line.first() {
        Some(b'{') => return Ok(Format::Jsonl),
        Some(b'[') if matches!(ending, "json" | "jsonl" | "ndjson") => {
            return Err(
                Failure::new(ErrorKind::InvalidRow, "a JSON array").help("write one JSON object a line (JSON Lines)")
            );
        }
        _ => {}
    }
    if matches!(ending, "jsonl" | "ndjson" | "json") {
        return Ok(Format::Jsonl);
    }
    let delimiter = if ending == "tsv" { b'\t' } else { delimiter(line) };
    let column = spec.column.as_deref().unwrap_or("value");
    let has_column = cells(line, delimiter).any(|cell| cell.eq_ignore_ascii_case(column.as_bytes()));
    match spec.kind {
        Some(kind) if !has_column && spec.column.is_none() && !matches!(ending, "csv" | "tsv") => {
            Ok(Format::List(kind))
        }
        _ if has_column || matches!(ending, "csv" | "tsv") || spec.column.is_some() => Ok(Format::Csv { delimiter }),
        // An empty file without a name that says more holds no rows, whatever it is.
        _ if line.is_empty() => Ok(Format::Jsonl),
        _ => Err(Failure::new(ErrorKind::MissingColumn, "neither a table with the column `value` nor JSON Lines")
            .help("name the column with --column, or the kind of a plain list with --kind")),
    }
}

/// The delimiter that the header uses most: comma, semicolon or tab.
fn delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.iter().filter(|&&b| b == delimiter).count();
    let (comma, semicolon, tab) = (count(b','), count(b';'), count(b'\t'));
    if tab > comma && tab >= semicolon {
        b'\t'
    } else if semicolon > comma {
        b';'
    } else {
        b','
    }
}

fn cells(header: &[u8], delimiter: u8) -> impl Iterator<Item = &[u8]> {
    header.split(move |&b| b == delimiter).map(|cell| {
        let cell = cell.trim_ascii();
        cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(start: &str, ending: &str, kind: Option<Kind>, column: Option<&str>) -> &'static str {
        let spec = Spec { kind, column: column.map(str::to_owned), ..Spec::default() };
        match decide(start.as_bytes(), ending, &spec) {
            Ok(Format::Csv { delimiter: b';' }) => "csv;",
            Ok(Format::Csv { delimiter: b'\t' }) => "tsv",
            Ok(Format::Csv { .. }) => "csv",
            Ok(Format::Jsonl) => "jsonl",
            Ok(Format::List(_)) => "list",
            Err(_) => "refused",
        }
    }

    #[test]
    fn content_decides_before_the_name() {
        assert_eq!(told("kind,value\n", "txt", None, None), "csv");
        assert_eq!(told("KIND;Value\n", "csv", None, None), "csv;");
        assert_eq!(told("kind\tvalue\n", "", None, None), "tsv");
        assert_eq!(told("\n{\"kind\":1}\n", "csv", None, None), "jsonl");
        assert_eq!(told("# a list\nevil.example\n", "", Some(Kind::Domain), None), "list");
        assert_eq!(told("evil.example\n", "", None, None), "refused");
        assert_eq!(told("a,payee\n", "", Some(Kind::Account), Some("payee")), "csv");
        assert_eq!(told("a,b\n", "csv", Some(Kind::Account), None), "csv");
        assert_eq!(told("", "", None, None), "jsonl");
        assert_eq!(told("[{}]", "json", None, None), "refused");
    }
}
