//! The secret state between `bisik blind request` and `bisik blind finish`.
//!
//! ```text
//! "bisikbst" ‖ LE16 version ‖ LE64 length ‖ rows (JSON) ‖ the library's state of the request
//! ```

use std::io::Write as _;
use std::path::Path;

use bisik::{Claim, Error, ErrorKind, Kind};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::rows::All;
use crate::failure::{About, Failure, Result};
use crate::files::{Access, NewFile, read_secret_bytes};
use crate::input::{Item, Place, Row};

const MAGIC: &[u8; 8] = b"bisikbst";
const VERSION: u16 = 1;
/// The longest state that is read, in bytes.
const MAX_STATE: u64 = 1 << 34;

/// What `finish` says about hits.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// Whether rows carry an id.
    pub(super) ids: bool,
    /// Whether rows carry their values.
    pub(super) values: bool,
    /// How many different values there are.
    pub(super) distinct: usize,
    pub(super) inputs: Vec<KeptInput>,
}

/// The rows of one input.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptInput {
    pub(super) name: String,
    /// How many rows were refused while they were read; the request told which.
    pub(super) refused: u64,
    pub(super) rows: Vec<KeptRow>,
}

/// Row, line, kind, which of the different values it asks about, id, value.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptRow(u64, u64, u8, usize, Option<String>, Option<String>);

impl Kept {
    /// What must be kept of these rows.
    pub(super) fn of(all: &All, distinct: usize, ids: bool, values: bool) -> Self {
        let input = |rows: &super::rows::Rows| {
            let mut asks = rows.asks.iter();
            let mut kept = KeptInput { name: rows.input.clone(), refused: 0, rows: Vec::new() };
            for item in &rows.items {
                match item {
                    Item::Refused(_) => kept.refused += 1,
                    Item::Row(row) => {
                        let ask = asks.next().copied().unwrap_or_default();
                        let value = values.then(|| row.value.clone());
                        kept.rows.push(KeptRow(
                            row.place.row,
                            row.place.line,
                            row.kind.number(),
                            ask,
                            row.id.clone(),
                            value,
                        ));
                    }
                }
            }
            kept
        };
        Self { ids, values, distinct, inputs: all.inputs.iter().map(input).collect() }
    }
}

impl KeptInput {
    /// The rows again, and which of `distinct` values each asks about.
    pub(super) fn items(self, distinct: usize) -> bisik::Result<(Vec<Item>, Vec<usize>)> {
        let (mut items, mut asks) = (Vec::with_capacity(self.rows.len()), Vec::with_capacity(self.rows.len()));
        for KeptRow(row, line, kind, ask, id, value) in self.rows {
            let kind = Kind::from_number(kind).filter(|_| ask < distinct).ok_or_else(damaged)?;
            asks.push(ask);
            items.push(Item::Row(Box::new(Row {
                place: Place { row, line },
                kind,
                value: value.unwrap_or_default(),
                options: None,
                id,
                claim: Claim::default(),
                cells: None,
            })));
        }
        Ok((items, asks))
    }
}

/// Writes a state, for its owner alone, where no file is yet.
pub(super) fn write(path: &Path, kept: &Kept, prepared: &[u8]) -> Result<()> {
    let rows = serde_json::to_vec(kept).map_err(|error| Failure::new(ErrorKind::Io, error.to_string()))?;
    let rows = Zeroizing::new(rows);
    let mut file = NewFile::create(path, Access::Owner)?;
    let mut put = |bytes: &[u8]| file.write_all(bytes).about(path);
    put(MAGIC)?;
    put(&VERSION.to_le_bytes())?;
    put(&(rows.len() as u64).to_le_bytes())?;
    put(&rows)?;
    put(prepared)?;
    file.commit_new()
}

/// Reads a state; what is behind the rows is the library's.
pub(super) fn read(path: &Path) -> Result<(Kept, Zeroizing<Vec<u8>>)> {
    let bytes = read_secret_bytes(path, MAX_STATE)?;
    let (kept, rest) = parse(&bytes).about(path)?;
    Ok((kept, Zeroizing::new(rest.to_vec())))
}

fn parse(bytes: &[u8]) -> bisik::Result<(Kept, &[u8])> {
    let short = || Error::from(ErrorKind::Truncated).at(bytes.len() as u64);
    let (magic, rest) = bytes.split_first_chunk::<8>().ok_or_else(short)?;
    if magic != MAGIC {
        return Err(Error::new(ErrorKind::BadMessage, "not the state of a blind request").at(0));
    }
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
    if u16::from_le_bytes(*version) != VERSION {
        return Err(Error::from(ErrorKind::UnsupportedVersion).at(8));
    }
    let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok();
    let (rows, prepared) = length.and_then(|length| rest.split_at_checked(length)).ok_or_else(short)?;
    let kept = serde_json::from_slice(rows).map_err(|_| damaged())?;
    Ok((kept, prepared))
}

fn damaged() -> Error {
    Error::new(ErrorKind::BadMessage, "the rows of the state are not as they were written").at(18)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let rows = vec![KeptRow(1, 2, Kind::Phone.number(), 0, Some("tx".to_owned()), None)];
        let inputs = vec![KeptInput { name: "a.csv".to_owned(), refused: 3, rows }];
        write(&path, &Kept { ids: true, values: false, distinct: 1, inputs }, b"rest").unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn a_state_reads_back() {
        let bytes = bytes();
        let (mut kept, rest) = parse(&bytes).unwrap();
        assert_eq!((kept.ids, kept.values, kept.distinct, rest), (true, false, 1, &b"rest"[..]));
        let (items, asks) = kept.inputs.remove(0).items(1).unwrap();
        assert_eq!(asks, [0]);
        assert!(
            matches!(&items[0], Item::Row(row) if row.place == Place { row: 1, line: 2 } && row.kind == Kind::Phone)
        );
    }

    #[test]
    fn no_prefix_and_no_altered_length_passes_for_a_state() {
        let bytes = bytes();
        for end in 0..bytes.len() - 4 {
            assert!(parse(&bytes[..end]).is_err(), "{end}");
        }
        for at in 0..18 {
            let mut altered = bytes.clone();
            altered[at] ^= 0x80;
            assert!(parse(&altered).is_err(), "{at}");
        }
    }

    #[test]
    fn rows_that_ask_about_nothing_are_refused() {
        let input = |row| KeptInput { name: String::new(), refused: 0, rows: vec![row] };
        assert!(input(KeptRow(1, 1, Kind::Phone.number(), 5, None, None)).items(5).is_err());
        assert!(input(KeptRow(1, 1, 255, 0, None, None)).items(5).is_err());
    }
}
