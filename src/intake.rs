//! Taking a file in, open or sealed: bounded by the caller's limit and by what the file says of its own length.

// floor 0
mod room;

use std::io::Read;

use zeroize::Zeroizing;

use crate::container::{Head, LONGEST_HEAD};
use crate::crypto::age::{self, CHUNK, Opener, RecipientSecret, SEALED_CHUNK, WideOpener};
use crate::crypto::sign::SignedType;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::Executor;
use crate::intake::room::Room;

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
    executor: &dyn Executor,
) -> Result<Taken> {
    let mut first = Vec::with_capacity(LONGEST_HEAD);
    reader.by_ref().take(LONGEST_HEAD as u64).read_to_end(&mut first).map_err(io)?;
    if first.is_empty() {
        return Err(Error::from(ErrorKind::NotAFeed).at(0));
    }
    if !age::is_age(&first) {
        let announced = Head::read(&first)?.total_length;
        return Ok(Taken { bytes: open(first.as_slice().chain(reader), announced, limit, executor)?, statement: None });
    }
    if secrets.is_empty() {
        return Err(ErrorKind::Sealed.into());
    }
    let reader = first.as_slice().chain(reader);
    let bytes = if executor.width() > 1 {
        wide(WideOpener::new(reader, secrets, executor)?, wanted, limit, executor)?
    } else {
        sealed(Opener::new(reader, secrets)?, wanted, limit, executor)?
    };
    let statement = statement(&bytes)?;
    Ok(Taken { bytes, statement: Some(statement) })
}

/// One byte more than announced is read, to know of bytes that are left over.
fn open(mut reader: impl Read, announced: u64, limit: u64, executor: &dyn Executor) -> Result<Zeroizing<Vec<u8>>> {
    within(announced, limit)?;
    let most = announced.saturating_add(1);
    let mut room = Room::new(executor);
    loop {
        let left = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(room.filled().len());
        if left == 0 {
            return Ok(room.into_bytes());
        }
        let space = room.space(1, most)?;
        let end = space.len().min(left);
        match reader.read(space.get_mut(..end).unwrap_or_default()) {
            Ok(0) => return Ok(room.into_bytes()),
            Ok(count) => room.fill(count),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io(error)),
        }
    }
}

/// One chunk after the other. Where a chunk and its tag fit, they are read to the plaintext's place and opened there.
fn sealed(
    mut opener: Opener<impl Read>,
    wanted: SignedType,
    limit: u64,
    executor: &dyn Executor,
) -> Result<Zeroizing<Vec<u8>>> {
    let mut room = Room::new(executor);
    let mut length = None;
    loop {
        if left(&room, length) >= SEALED_CHUNK {
            let space = room.space(SEALED_CHUNK, length.unwrap_or_default())?;
            let Some(count) = opener.read_chunk_to(space)? else { break };
            within((room.filled().len() + count) as u64, limit)?;
            room.fill(count);
        } else {
            let Some(chunk) = opener.read_chunk()? else { break };
            ends((room.filled().len() + chunk.len()) as u64, length, limit)?;
            room.append(chunk, length.unwrap_or_default())?;
        }
        fits(room.filled(), &mut length, wanted, limit)?;
    }
    Ok(room.into_bytes())
}

/// Windows of chunks, each chunk straight to its place; the first and the last by way of the side. They are looked at one after the
/// other all the same, so that whatever is wrong with a file, the error is that of [`sealed`].
fn wide(
    mut opener: WideOpener<'_, impl Read>,
    wanted: SignedType,
    limit: u64,
    executor: &dyn Executor,
) -> Result<Zeroizing<Vec<u8>>> {
    let mut room = Room::new(executor);
    let mut length = None;
    let mut aside = Zeroizing::new(vec![0; CHUNK]);
    loop {
        let whole = left(&room, length).min(opener.window()) / CHUNK * CHUNK;
        let before = room.filled().len();
        let count = if whole > 0 {
            let space = room.space(whole, length.unwrap_or_default())?;
            opener.read_chunks(space.get_mut(..whole).unwrap_or_default())?
        } else {
            opener.read_chunks(&mut aside)?
        };
        let Some(count) = count else { return Ok(room.into_bytes()) };
        if whole > 0 {
            room.fill(count);
        } else {
            ends((before + count) as u64, length, limit)?;
            room.append(aside.get(..count).unwrap_or_default(), length.unwrap_or_default())?;
        }
        for chunk in (0..count).step_by(CHUNK) {
            let after = before + count.min(chunk + CHUNK);
            within(after as u64, limit)?;
            fits(room.filled().get(..after).unwrap_or_default(), &mut length, wanted, limit)?;
        }
    }
}

/// How much is still to come, if the file has said how long it is.
fn left(room: &Room<'_>, length: Option<u64>) -> usize {
    let length = usize::try_from(length.unwrap_or_default()).unwrap_or(usize::MAX);
    length.saturating_sub(room.filled().len())
}

/// Finds out how long the file is, as soon as it says so, and that it is no longer.
fn fits(bytes: &[u8], length: &mut Option<u64>, wanted: SignedType, limit: u64) -> Result<()> {
    if length.is_none() {
        *length = announced(bytes, wanted)?;
        within(length.unwrap_or_default(), limit)?;
    }
    ends(bytes.len() as u64, *length, limit)
}

/// Checks that a file which goes on until `after` is no longer than it says, if it has, and than the limit.
fn ends(after: u64, length: Option<u64>, limit: u64) -> Result<()> {
    within(after, limit)?;
    match length {
        Some(length) if after > length => Err(Error::from(ErrorKind::TrailingBytes).at(after)),
        _ => Ok(()),
    }
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

fn within(length: u64, limit: u64) -> Result<()> {
    if length > limit { Err(Error::from(ErrorKind::LimitExceeded).at(limit)) } else { Ok(()) }
}

fn io(error: std::io::Error) -> Error {
    Error::from(ErrorKind::Io).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::Inline;

    #[test]
    fn an_announcement_bounds_what_is_read() {
        let got = open(std::io::repeat(0), 1_000, u64::MAX, &Inline).unwrap();
        assert_eq!(got.len(), 1_001);
        // An honest file does not move once more to see that it has ended.
        let got = open(std::io::repeat(0).take(5_000_000), 5_000_000, u64::MAX, &Inline).unwrap();
        assert_eq!((got.len(), got.capacity()), (5_000_000, 5_000_001));
        assert_eq!(open(&[1_u8, 2][..], u64::MAX, u64::MAX, &Inline).unwrap().as_slice(), [1, 2]);
        assert_eq!(open(std::io::repeat(0), 1_000, 999, &Inline).unwrap_err().kind(), ErrorKind::LimitExceeded);
    }
}
