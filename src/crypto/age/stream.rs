//! The payload: chunks of 64 KiB under ChaCha20-Poly1305.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};

use crate::crypto::age::derive::{FileKey, TAG, payload_cipher};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::verdict;

/// Bytes of plaintext in a full chunk.
pub(crate) const CHUNK: usize = 64 << 10;
/// Bytes of the nonce before the chunks.
pub(super) const NONCE: usize = 16;
/// Bytes of a full chunk in the file.
pub(crate) const SEALED_CHUNK: usize = CHUNK + TAG;

/// Whether a chunk is the last one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    Last,
}

/// The chunks of one payload, in order.
pub(super) struct Stream {
    cipher: ChaCha20Poly1305,
    counter: u64,
}

impl Stream {
    pub(super) fn new(file_key: &FileKey, nonce: &[u8; NONCE]) -> Self {
        Self { cipher: payload_cipher(file_key, nonce), counter: 0 }
    }

    /// Whether no chunk has been sealed or opened.
    pub(super) const fn is_fresh(&self) -> bool {
        self.counter == 0
    }

    /// Encrypts `out[from..]` in place as the next chunk and appends its tag.
    pub(super) fn seal(&mut self, out: &mut Vec<u8>, from: usize, place: Place) -> Result<()> {
        let chunk = out.get_mut(from..).unwrap_or_default();
        let tag = self.cipher.encrypt_inout_detached(&nonce(self.counter, place), &[], chunk.into());
        out.extend_from_slice(&tag.map_err(|_| Error::from(ErrorKind::LimitExceeded))?);
        self.counter += 1;
        Ok(())
    }

    /// Verifies `sealed` as the next chunk and decrypts it in place; returns the length of the plaintext, or `None`
    /// and leaves everything as it was.
    pub(super) fn open(&mut self, sealed: &mut [u8], place: Place) -> Option<usize> {
        let length = sealed.len().checked_sub(TAG)?;
        let (chunk, tag) = sealed.split_at_mut_checked(length)?;
        let tag: [u8; TAG] = (&*tag).try_into().ok()?;
        let opened =
            self.cipher.decrypt_inout_detached(&nonce(self.counter, place), &[], chunk.into(), &Tag::from(tag));
        if !verdict(opened.is_ok()) {
            return None;
        }
        self.counter += 1;
        Some(length)
    }

    /// Verifies `sealed` as the chunk that comes `ahead` chunks after the next one, and decrypts it to the beginning of `out`;
    /// returns the length of the plaintext, or `None` and writes nothing.
    pub(super) fn open_ahead(&self, ahead: u64, sealed: &[u8], out: &mut [u8], place: Place) -> Option<usize> {
        let (chunk, tag) = sealed.split_last_chunk::<TAG>()?;
        let text = InOutBuf::new(chunk, out.get_mut(..chunk.len())?).ok()?;
        let nonce = nonce(self.counter.checked_add(ahead)?, place);
        let opened = self.cipher.decrypt_inout_detached(&nonce, &[], text, &Tag::from(*tag));
        verdict(opened.is_ok()).then_some(chunk.len())
    }

    /// Goes on behind so many chunks that were opened ahead.
    pub(super) fn skip(&mut self, chunks: u64) {
        self.counter += chunks;
    }
}

/// Eleven bytes of big-endian counter, then 1 for the last chunk and 0 for the others.
fn nonce(counter: u64, place: Place) -> Nonce {
    let mut nonce = Nonce::default();
    if let [_, _, _, bytes @ .., last] = nonce.as_mut_slice() {
        bytes.copy_from_slice(&counter.to_be_bytes());
        *last = u8::from(place == Place::Last);
    }
    nonce
}
