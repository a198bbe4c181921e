//! The two outer shapes of the format: the signed block (`docs/format.md` §4) and where sections lie (§5).
//!
//! Nothing here knows what a body means or whom to trust.

use std::ops::Range;

use crate::codec::bytes::{Reader, put_zeros_to};
use crate::codec::json;
use crate::crypto::mac::{self, context};
use crate::crypto::sign::{ED25519, KeyId, SignedType, SigningKey};
use crate::error::{Error, ErrorKind, Result};

const MAGIC: [u8; 8] = *b"bisik\r\n\0";
pub(crate) const FORMAT_VERSION: u16 = 1;
const MAX_KEYS: usize = 8;
const MAX_BODY: usize = json::MAX_LENGTH;
const MAX_SIGNATURES: usize = 1 << 16;
/// Sections begin at multiples of this.
pub(crate) const ALIGNMENT: usize = 64;

/// Enough first bytes of a file to tell what it is and how long its signed block is.
pub(crate) const LONGEST_HEAD: usize = 28 + 32 * MAX_KEYS;

/// The fixed head of a signed block.
pub(crate) struct Head {
    pub(crate) signed_type: u8,
    pub(crate) format_version: u16,
    pub(crate) key_ids: Vec<KeyId>,
    pub(crate) body_length: usize,
    pub(crate) signatures_length: usize,
    pub(crate) total_length: u64,
    /// Where the body begins.
    pub(crate) length: usize,
}

impl Head {
    /// Reads a head from the first bytes of a block; more may follow.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        if !MAGIC.starts_with(bytes.get(..MAGIC.len().min(bytes.len())).unwrap_or_default()) {
            return Err(Error::from(ErrorKind::NotAFeed).at(0));
        }
        reader.take(MAGIC.len())?;
        let format_version = reader.u16()?;
        if format_version != FORMAT_VERSION {
            return Err(Error::from(ErrorKind::UnsupportedVersion).at(8));
        }
        let signed_type = reader.u8()?;
        let count = usize::from(reader.u8()?);
        if count == 0 || count > MAX_KEYS {
            return Err(Error::new(ErrorKind::Malformed, "a block is signed with 1 to 8 keys").at(11));
        }
        let mut key_ids = Vec::with_capacity(count);
        for _ in 0..count {
            let at = reader.offset();
            let id = KeyId::from_bytes(reader.array()?);
            if key_ids.contains(&id) {
                return Err(Error::new(ErrorKind::Malformed, "a key id stands twice").at(at as u64));
            }
            key_ids.push(id);
        }
        let at = reader.offset() as u64;
        let body_length = reader.u32()? as usize;
        let signatures_length = reader.u32()? as usize;
        let total_length = reader.u64()?;
        if body_length > MAX_BODY || signatures_length > MAX_SIGNATURES {
            return Err(Error::from(ErrorKind::LimitExceeded).at(at));
        }
        let length = reader.offset();
        let block = (length + body_length + signatures_length) as u64;
        if body_length == 0 || total_length < block {
            return Err(Error::new(ErrorKind::Malformed, "the lengths of the signed block do not add up").at(at));
        }
        Ok(Self { signed_type, format_version, key_ids, body_length, signatures_length, total_length, length })
    }

    /// That a file is what its reader wants: a feed or a delta.
    pub(crate) fn expect_type(&self, wanted: SignedType) -> Result<()> {
        if self.signed_type == wanted as u8 {
            return Ok(());
        }
        let delta = wanted == SignedType::Delta;
        let message = if delta { "a signed file, but no delta" } else { "a signed file, but no feed" };
        Err(Error::new(ErrorKind::NotAFeed, message).at(10))
    }

    /// How many bytes from the magic on are signed: head and body.
    pub(crate) const fn signed_length(&self) -> usize {
        self.length + self.body_length
    }

    /// The length of the block: head, body and signatures.
    pub(crate) const fn block_length(&self) -> usize {
        self.length + self.body_length + self.signatures_length
    }
}

/// One signature of a block.
pub(crate) struct Signature<'a> {
    pub(crate) key_id: KeyId,
    pub(crate) algorithm: u8,
    pub(crate) bytes: &'a [u8],
}

/// A signed block as received; nothing in it has been verified.
pub(crate) struct SignedBlock<'a> {
    pub(crate) head: Head,
    pub(crate) signed: &'a [u8],
    pub(crate) body: &'a [u8],
    pub(crate) signatures: Vec<Signature<'a>>,
}

impl<'a> SignedBlock<'a> {
    /// Reads a block that stands alone: it states its own length, and nothing follows.
    pub(crate) fn alone(bytes: &'a [u8]) -> Result<Self> {
        let block = Self::read(bytes)?;
        let length = block.head.block_length();
        if block.head.total_length != length as u64 {
            let whole_file = [SignedType::Manifest as u8, SignedType::Delta as u8].contains(&block.head.signed_type);
            let message = "the block's length does not add up";
            let message = if whole_file { "a feed or a delta, not a block of its own" } else { message };
            return Err(Error::new(ErrorKind::Malformed, message));
        }
        if length != bytes.len() {
            return Err(Error::from(ErrorKind::TrailingBytes).at(length as u64));
        }
        Ok(block)
    }

    /// Reads the block at the beginning of `bytes`; more may follow.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self> {
        let head = Head::read(bytes)?;
        let mut reader = Reader::new(bytes);
        reader.take(head.length)?;
        let body = reader.take(head.body_length)?;
        let signed = bytes.get(..reader.offset()).unwrap_or_default();
        let at = reader.offset();
        let mut block = Reader::new(reader.take(head.signatures_length)?);
        let mut signatures = Vec::with_capacity(head.key_ids.len());
        let moved = |error: Error| error.within(at as u64);
        for &expected in &head.key_ids {
            let key_id = KeyId::from_bytes(block.array().map_err(moved)?);
            if key_id != expected {
                return Err(
                    Error::new(ErrorKind::Malformed, "a signature is not in the order of the key ids").at(at as u64)
                );
            }
            let algorithm = block.u8().map_err(moved)?;
            let length = usize::from(block.u16().map_err(moved)?);
            signatures.push(Signature { key_id, algorithm, bytes: block.take(length).map_err(moved)? });
        }
        block.finish().map_err(moved)?;
        Ok(Self { head, signed, body, signatures })
    }

    /// The digest of the signed bytes: what chains, deltas and seal statements name.
    pub(crate) fn digest(&self) -> [u8; 32] {
        digest(self.signed)
    }
}

/// The feed digest of signed bytes.
pub(crate) fn digest(signed: &[u8]) -> [u8; 32] {
    mac::derive(&context::FEED_DIGEST, &[signed])
}

/// The length of the head and signatures of a block that one key signs.
const ONE_KEY_HEAD: usize = 28 + 32;
const ONE_SIGNATURE: usize = 32 + 1 + 2 + 64;

/// The length of a block that one key signs.
pub(crate) const fn block_length(body_length: usize) -> usize {
    ONE_KEY_HEAD + body_length + ONE_SIGNATURE
}

/// Writes a block with one signature. `total_length` is the file's for types 1 and 2, `None` for the block's own.
pub(crate) fn write_block(kind: SignedType, body: &[u8], total_length: Option<u64>, key: &SigningKey) -> Vec<u8> {
    write_block_of(kind, body, total_length, &[key])
}

/// Writes a block that several keys sign, at most 8 and all different.
pub(crate) fn write_block_of(
    kind: SignedType,
    body: &[u8],
    total_length: Option<u64>,
    keys: &[&SigningKey],
) -> Vec<u8> {
    let signatures = keys.len() * ONE_SIGNATURE;
    let length = 28 + 32 * keys.len() + body.len() + signatures;
    let ids: Vec<KeyId> = keys.iter().map(|key| key.verifying_key().key_id()).collect();
    let mut block = Vec::with_capacity(length);
    block.extend_from_slice(&MAGIC);
    block.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    block.push(kind as u8);
    block.push(u8::try_from(keys.len()).unwrap_or(u8::MAX));
    ids.iter().for_each(|id| block.extend_from_slice(id.as_bytes()));
    block.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    block.extend_from_slice(&u32::try_from(signatures).unwrap_or(u32::MAX).to_le_bytes());
    block.extend_from_slice(&total_length.unwrap_or(length as u64).to_le_bytes());
    block.extend_from_slice(body);
    let signatures: Vec<[u8; 64]> = keys.iter().map(|key| key.sign(kind, &block)).collect();
    for (id, signature) in ids.iter().zip(signatures) {
        block.extend_from_slice(id.as_bytes());
        block.push(ED25519);
        block.extend_from_slice(&(signature.len() as u16).to_le_bytes());
        block.extend_from_slice(&signature);
    }
    block
}

/// Where sections of these lengths lie behind a block; the gaps before them are zero. The last one's end follows.
pub(crate) fn places(
    file: &[u8],
    block: usize,
    lengths: impl IntoIterator<Item = u64>,
) -> Result<(Vec<Range<usize>>, usize)> {
    let mut end = block;
    let mut places = Vec::new();
    for length in lengths {
        let start = end.next_multiple_of(ALIGNMENT);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let next = start.checked_add(length).filter(|&next| next <= file.len());
        let Some(next) = next else {
            return Err(Error::new(ErrorKind::Malformed, "a section reaches beyond the file").at(start as u64));
        };
        if file.get(end..start).is_none_or(|gap| gap.iter().any(|&byte| byte != 0)) {
            return Err(Error::from(ErrorKind::NotZero).at(end as u64));
        }
        places.push(start..next);
        end = next;
    }
    Ok((places, end))
}

/// Appends a section at its aligned place.
pub(crate) fn put_section(file: &mut Vec<u8>, content: &[u8]) {
    put_zeros_to(file, ALIGNMENT);
    file.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::FixedEntropy;

    fn block() -> Vec<u8> {
        let key = SigningKey::generate(&mut FixedEntropy::new(3)).unwrap();
        write_block(SignedType::SealStatement, b"body", None, &key)
    }

    #[test]
    fn a_written_block_reads_back() {
        let bytes = block();
        let read = SignedBlock::read(&bytes).unwrap();
        assert_eq!(read.body, b"body");
        assert_eq!(read.head.block_length(), bytes.len());
        assert_eq!(read.head.total_length, bytes.len() as u64);
        assert_eq!(read.signed.len() + ONE_SIGNATURE, bytes.len());
        assert_eq!(read.signatures[0].bytes.len(), 64);
    }

    /// Both where it ends and what it says of its end.
    #[test]
    fn a_block_that_stands_alone_is_all_there_is() {
        let bytes = block();
        let length = bytes.len() as u64;
        let alone = |bytes: &[u8]| SignedBlock::alone(bytes).err().map(|error| (error.kind(), error.position()));
        let stating = |total: u64, more: &[u8]| {
            let mut bytes = [&bytes, more].concat();
            bytes[52..60].copy_from_slice(&total.to_le_bytes());
            bytes
        };
        assert_eq!(alone(&bytes), None);
        assert_eq!(alone(&stating(length, b"x")), Some((ErrorKind::TrailingBytes, Some(length))));
        for (total, more) in [(length - 1, ""), (length + 1, ""), (length + 1, "x"), (u64::MAX, "")] {
            let error = alone(&stating(total, more.as_bytes())).unwrap();
            assert_eq!(error.0, ErrorKind::Malformed, "{total} {more}");
        }
        // The place of what a signature lacks is counted from the beginning of the block.
        let mut short = bytes.clone();
        let at = short.len() - 99;
        short[at + 33..at + 35].copy_from_slice(&65_u16.to_le_bytes());
        let error = SignedBlock::read(&short).err().unwrap();
        assert_eq!((error.kind(), error.position()), (ErrorKind::Truncated, Some(at as u64 + 35)));
    }

    #[test]
    fn every_prefix_is_refused() {
        let bytes = block();
        for end in 0..bytes.len() {
            let error = SignedBlock::read(&bytes[..end]).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Truncated, "{end}");
        }
    }

    #[test]
    fn hostile_lengths_cost_nothing() {
        let mut bytes = block();
        bytes[44..48].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(SignedBlock::read(&bytes).err().unwrap().kind(), ErrorKind::LimitExceeded);
        let mut bytes = block();
        bytes[11] = 9;
        assert_eq!(SignedBlock::read(&bytes).err().unwrap().kind(), ErrorKind::Malformed);
        let mut bytes = block();
        bytes[0] = b'B';
        assert_eq!(SignedBlock::read(&bytes).err().unwrap().kind(), ErrorKind::NotAFeed);
    }
}
