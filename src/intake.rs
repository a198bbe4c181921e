//! Taking a file in, open or sealed: bounded by the caller's limit and by what the file says of its own length.

use std::io::Read;

use zeroize::Zeroizing;

use crate::container::{Head, LONGEST_HEAD};
use crate::crypto::age::{self, Opener, RecipientSecret};
use crate::crypto::sign::SignedType;
use crate::error::{Error, ErrorKind, Result};

/// Room that is made without looking at how long a file says it is.
const SMALLEST: usize = 1 << 18;

/// A feed as it came, with the seal statement before it if it was sealed.
pub(crate) struct Taken {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// The length of the seal statement.
    pub(crate) statement: Option<usize>,
}

/// Reads a file of type `wanted`, of at most `limit` bytes after opening. Nothing in it has been verified.
pub(crate) fn take(
    mut reader: impl Read,
    wanted: SignedType,
    secrets: &[RecipientSecret],
    limit: u64,
) -> Result<Taken> {
    let mut first = Vec::with_capacity(LONGEST_HEAD);
    reader.by_ref().take(LONGEST_HEAD as u64).read_to_end(&mut first).map_err(io)?;
    if first.is_empty() {
        return Err(Error::from(ErrorKind::NotAFeed).at(0));
    }
    if !age::is_age(&first) {
        let announced = Head::read(&first)?.total_length;
        return Ok(Taken { bytes: open(first.as_slice().chain(reader), announced, limit)?, statement: None });
    }
    if secrets.is_empty() {
        return Err(ErrorKind::Sealed.into());
    }
    let bytes = sealed(first.as_slice().chain(reader), wanted, secrets, limit)?;
    let statement = statement(&bytes)?;
    Ok(Taken { bytes, statement: Some(statement) })
}

/// One byte more than announced is read, to know of bytes that are left over.
fn open(mut reader: impl Read, announced: u64, limit: u64) -> Result<Zeroizing<Vec<u8>>> {
    within(announced, limit)?;
    let most = announced.saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::new());
    loop {
        make_room(&mut bytes, 1, most);
        let spare = (bytes.capacity() - bytes.len()) as u64;
        let wanted = spare.min(most - bytes.len() as u64);
        if wanted == 0 || reader.by_ref().take(wanted).read_to_end(&mut bytes).map_err(io)? == 0 {
            return Ok(bytes);
        }
    }
}

fn sealed(
    reader: impl Read,
    wanted: SignedType,
    secrets: &[RecipientSecret],
    limit: u64,
) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let mut length = None;
    let mut opener = Opener::new(reader, secrets)?;
    while let Some(chunk) = opener.read_chunk()? {
        let after = (bytes.len() + chunk.len()) as u64;
        within(after, limit)?;
        make_room(&mut bytes, chunk.len(), length.unwrap_or_default());
        bytes.extend_from_slice(chunk);
        if length.is_none() {
            length = announced(&bytes, wanted)?;
            within(length.unwrap_or_default(), limit)?;
        }
        if length.is_some_and(|length| after > length) {
            return Err(Error::from(ErrorKind::TrailingBytes).at(after));
        }
    }
    Ok(bytes)
}

/// How long seal statement and feed say they are together, once both heads are there.
fn announced(bytes: &[u8], wanted: SignedType) -> Result<Option<u64>> {
    if bytes.len() < LONGEST_HEAD {
        return Ok(None);
    }
    let statement = statement(bytes)?;
    match bytes.get(statement..) {
        Some(feed) if feed.len() >= LONGEST_HEAD => {
            let head = Head::read(feed)?;
            head.expect_type(wanted)?;
            Ok(Some(head.total_length.saturating_add(statement as u64)))
        }
        _ => Ok(None),
    }
}

/// The length of the seal statement at the beginning.
fn statement(bytes: &[u8]) -> Result<usize> {
    let head = Head::read(bytes)?;
    if head.signed_type != SignedType::SealStatement as u8 {
        return Err(Error::new(ErrorKind::Malformed, "a sealed file begins with a seal statement").at(10));
    }
    Ok(head.block_length())
}

/// Makes room for `more` bytes by moving to a larger buffer; the old one is wiped.
///
/// Buffers grow fourfold and the last one has the announced length: an honest file takes a quarter more than its
/// length while it is read, and an announcement alone no more than four times what has come.
fn make_room(bytes: &mut Zeroizing<Vec<u8>>, more: usize, announced: u64) {
    let needed = bytes.len() + more;
    if needed <= bytes.capacity() {
        return;
    }
    let mut capacity = usize::try_from(announced).unwrap_or(usize::MAX);
    if capacity < needed {
        capacity = needed.saturating_mul(2);
    }
    while capacity / 4 >= needed.max(SMALLEST) {
        capacity = capacity.div_ceil(4);
    }
    let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
    larger.extend_from_slice(bytes);
    *bytes = larger;
}

fn within(length: u64, limit: u64) -> Result<()> {
    if length > limit { Err(Error::from(ErrorKind::LimitExceeded).at(limit)) } else { Ok(()) }
}

fn io(error: std::io::Error) -> Error {
    Error::from(ErrorKind::Io).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_end_at_the_announced_length_and_never_run_ahead_of_it() {
        for announced in [0_u64, 100, 1 << 20, 10_000_000, u64::MAX] {
            let mut bytes = Zeroizing::new(Vec::new());
            let mut moves = 0;
            while (bytes.len() as u64) < announced.clamp(1 << 20, 10_000_000) {
                let before = bytes.capacity();
                make_room(&mut bytes, 65_536, announced);
                moves += usize::from(bytes.capacity() != before);
                bytes.extend_from_slice(&[7; 65_536]);
                assert!(bytes.capacity() <= 4 * bytes.len().max(SMALLEST), "{announced}");
            }
            assert!(moves <= 8, "{announced}: {moves}");
        }
        let mut bytes = Zeroizing::new(vec![0; 3_000_000]);
        make_room(&mut bytes, 65_536, 10_000_000);
        assert_eq!(bytes.capacity(), 10_000_000);
    }

    #[test]
    fn an_announcement_bounds_what_is_read() {
        let got = open(std::io::repeat(0), 1_000, u64::MAX).unwrap();
        assert_eq!(got.len(), 1_001);
        // An honest file does not move once more to see that it has ended.
        let got = open(std::io::repeat(0).take(5_000_000), 5_000_000, u64::MAX).unwrap();
        assert_eq!((got.len(), got.capacity()), (5_000_000, 5_000_001));
        assert_eq!(open(&[1_u8, 2][..], u64::MAX, u64::MAX).unwrap().as_slice(), [1, 2]);
        assert_eq!(open(std::io::repeat(0), 1_000, 999).unwrap_err().kind(), ErrorKind::LimitExceeded);
    }
}
