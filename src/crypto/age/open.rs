//! Opening.

// floor 1
pub(super) mod wide;

use std::io::Read;

use hmac::Mac;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use crate::crypto::age::derive::{FileKey, header_mac, unwrap};
use crate::crypto::age::header::{self, Header, bad, io};
use crate::crypto::age::keys::RecipientSecret;
use crate::crypto::age::stream::{NONCE, Place, SEALED_CHUNK, Stream};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::verdict;

// floor 0
/// Opens a file that comes from a reader, chunk by chunk, in memory of one chunk and the header.
pub(crate) struct Opener<R> {
    reader: R,
    stream: Stream,
    /// What was read beyond the header.
    beyond: Vec<u8>,
    /// Room for a chunk, once it is asked for.
    buffer: Zeroizing<Vec<u8>>,
    state: State,
}

impl<R: Read> Opener<R> {
    /// Reads the header and the nonce, and finds the file key with one of `secrets`.
    ///
    /// # Errors
    /// The table in [`crate::crypto::age`].
    pub(crate) fn new(mut reader: R, secrets: &[RecipientSecret]) -> Result<Self> {
        let (head, mut rest) = header::read(&mut reader)?;
        let file_key = unlock(&head, secrets)?;
        let missing = NONCE.saturating_sub(rest.len());
        reader.by_ref().take(missing as u64).read_to_end(&mut rest).map_err(io)?;
        let (nonce, beyond) = nonce(&rest, head.len())?;
        let stream = Stream::new(&file_key, &nonce);
        Ok(Self { reader, stream, beyond: beyond.to_vec(), buffer: Zeroizing::default(), state: State::Reading })
    }

    /// The next piece of plaintext, at most 64 KiB and never empty; `None` at the proved end of the file.
    ///
    /// A piece is authentic, and in its place, when it is returned. That the file is whole is proved by `None` alone:
    /// until then everything is provisional.
    ///
    /// # Errors
    /// [`ErrorKind::CannotOpen`] for every fault, the missing end included; [`ErrorKind::Io`]. After an error every
    /// further call fails.
    pub(crate) fn read_chunk(&mut self) -> Result<Option<&[u8]>> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(SEALED_CHUNK, 0);
        let length = self.read_chunk_to(&mut buffer);
        self.buffer = buffer;
        match length? {
            Some(length) => Ok(self.buffer.get(..length)),
            None => Ok(None),
        }
    }

    /// As [`read_chunk`](Self::read_chunk), with the plaintext at the beginning of `room`, which has 16 bytes more than 64 KiB at
    /// least; returns its length. What is behind it is of no use to anybody.
    ///
    /// # Errors
    /// As [`read_chunk`](Self::read_chunk).
    pub(crate) fn read_chunk_to(&mut self, room: &mut [u8]) -> Result<Option<usize>> {
        let length = self.advance(room);
        if length.is_err() {
            self.state = State::Failed;
        }
        length
    }

    /// Brings the next plaintext to the front of the room and returns its length.
    fn advance(&mut self, room: &mut [u8]) -> Result<Option<usize>> {
        match self.state {
            State::Done => return Ok(None),
            State::Failed => return Err(ErrorKind::CannotOpen.into()),
            State::Reading | State::Ending => {}
        }
        let room = room.get_mut(..SEALED_CHUNK).ok_or(ErrorKind::LimitExceeded)?;
        let (filled, read) = self.fill(room);
        read?;
        let sealed = room.get_mut(..filled).unwrap_or_default();
        if self.state == State::Ending {
            // the last chunk was full: nothing may follow it
            self.state = State::Done;
            return if filled == 0 { Ok(None) } else { Err(ErrorKind::CannotOpen.into()) };
        }
        if filled == SEALED_CHUNK {
            if let Some(length) = self.stream.open(sealed, Place::Before) {
                return Ok(Some(length));
            }
            self.state = State::Ending;
            return Ok(Some(self.stream.open(sealed, Place::Last).ok_or(ErrorKind::CannotOpen)?));
        }
        self.state = State::Done;
        let length = last(&mut self.stream, sealed)?;
        Ok((length > 0).then_some(length))
    }

    /// Reads until the room is full or the reader ends: how many bytes it holds, and whether reading went well.
    fn fill(&mut self, room: &mut [u8]) -> (usize, Result<()>) {
        let mut filled = self.beyond.len().min(room.len());
        room.iter_mut().zip(self.beyond.drain(..filled)).for_each(|(to, from)| *to = from);
        loop {
            let free = room.get_mut(filled..).unwrap_or_default();
            if free.is_empty() {
                return (filled, Ok(()));
            }
            match self.reader.read(free) {
                Ok(0) => return (filled, Ok(())),
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return (filled, Err(io(error))),
            }
        }
    }
}

/// Opens the last chunk, which is empty only in an empty payload.
fn last(stream: &mut Stream, sealed: &mut [u8]) -> Result<usize> {
    let first = stream.is_fresh();
    let opened = stream.open(sealed, Place::Last).filter(|&length| length > 0 || first);
    opened.ok_or_else(|| ErrorKind::CannotOpen.into())
}

/// Checks a complete header and finds its file key.
fn unlock(head: &[u8], secrets: &[RecipientSecret]) -> Result<FileKey> {
    let header = Header::parse(head)?;
    let scalars: Vec<StaticSecret> = secrets.iter().map(RecipientSecret::scalar).collect();
    for stanza in &header.stanzas {
        for (secret, scalar) in secrets.iter().zip(&scalars) {
            if let Some(file_key) = unwrap(stanza, secret, scalar)? {
                let covered = head.get(..header.covered).unwrap_or_default();
                if !verdict(header_mac(&file_key, covered).verify_slice(&header.mac).is_ok()) {
                    return Err(ErrorKind::CannotOpen.into());
                }
                return Ok(file_key);
            }
        }
    }
    if header.foreign && header.stanzas.is_empty() {
        let message = "sealed to a passphrase or to recipients of a type that this program does not open";
        return Err(Error::new(ErrorKind::UnsupportedRecipient, message));
    }
    Err(ErrorKind::NoMatchingKey.into())
}

/// The nonce, and what follows it.
fn nonce(payload: &[u8], offset: usize) -> Result<([u8; NONCE], &[u8])> {
    match payload.split_first_chunk() {
        Some((nonce, chunks)) => Ok((*nonce, chunks)),
        None => Err(bad("the file ends within the nonce", offset + payload.len())),
    }
}

// floor 0
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    /// A full last chunk was returned; the reader must end here.
    Ending,
    Done,
    Failed,
}
