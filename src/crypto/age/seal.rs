//! Sealing.

use zeroize::Zeroizing;

use crate::crypto::age::derive::{FileKey, TAG, wrap};
use crate::crypto::age::header::{self, MAX_STANZAS};
use crate::crypto::age::keys::Recipient;
use crate::crypto::age::stream::{CHUNK, NONCE, Place, Stream};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};

/// Seals a plaintext that comes in pieces of any size.
///
/// What is written before [`Sealer::finish`] opens for nobody as a whole file: its end is missing.
#[must_use = "a file without its last chunk is refused as cut short"]
pub(crate) struct Sealer {
    stream: Stream,
    /// The beginning of the next chunk; after any plaintext never empty, so that the last chunk is not empty either.
    pending: Zeroizing<Vec<u8>>,
}

impl Sealer {
    /// A sealer for these recipients, and the first bytes of the file.
    ///
    /// Draws from `entropy`, in this order: 16 bytes of file key, 32 a recipient, 16 of nonce.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] without recipients, [`ErrorKind::TooManyRecipients`] with over 1,024,
    /// [`ErrorKind::BadKey`] for a recipient that is a point of low order (position: its index),
    /// [`ErrorKind::NoRandomness`].
    pub(crate) fn new(recipients: &[Recipient], entropy: &mut dyn Entropy) -> Result<(Self, Vec<u8>)> {
        if recipients.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument, "nobody to seal to"));
        }
        if recipients.len() > MAX_STANZAS {
            return Err(Error::from(ErrorKind::TooManyRecipients).at(MAX_STANZAS as u64));
        }
        let file_key = FileKey::random(entropy)?;
        let mut stanzas = Vec::with_capacity(recipients.len());
        for (index, recipient) in recipients.iter().enumerate() {
            stanzas.push(wrap(&file_key, recipient, entropy).map_err(|error| error.at(index as u64))?);
        }
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce)?;
        let mut head = header::write(&stanzas, &file_key);
        head.extend_from_slice(&nonce);
        Ok((Self { stream: Stream::new(&file_key, &nonce), pending: Zeroizing::new(Vec::with_capacity(CHUNK)) }, head))
    }

    /// Takes plaintext, and appends to `out` the chunks that are complete.
    ///
    /// # Errors
    /// None that can happen with chunks of this size; [`ErrorKind::LimitExceeded`] is the cipher's own.
    pub(crate) fn push(&mut self, mut plaintext: &[u8], out: &mut Vec<u8>) -> Result<()> {
        while !plaintext.is_empty() {
            if self.pending.is_empty() && plaintext.len() > CHUNK {
                // straight from the caller's memory; some plaintext remains, so this is not the last chunk
                let (chunk, rest) = plaintext.split_at(CHUNK);
                self.chunk(chunk, Place::Before, out)?;
                plaintext = rest;
                continue;
            }
            if self.pending.len() == CHUNK {
                self.flush(Place::Before, out)?;
                continue;
            }
            let (taken, rest) = plaintext.split_at(plaintext.len().min(CHUNK - self.pending.len()));
            self.pending.extend_from_slice(taken);
            plaintext = rest;
        }
        Ok(())
    }

    /// Appends the last chunk.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn finish(mut self, out: &mut Vec<u8>) -> Result<()> {
        self.flush(Place::Last, out)
    }

    fn flush(&mut self, place: Place, out: &mut Vec<u8>) -> Result<()> {
        let mut pending = std::mem::take(&mut self.pending);
        let sealed = self.chunk(&pending, place, out);
        pending.clear();
        self.pending = pending;
        sealed
    }

    fn chunk(&mut self, plaintext: &[u8], place: Place, out: &mut Vec<u8>) -> Result<()> {
        let from = out.len();
        out.reserve(plaintext.len() + TAG);
        out.extend_from_slice(plaintext);
        self.stream.seal(out, from, place)
    }
}
