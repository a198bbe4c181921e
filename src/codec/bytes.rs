//! A reader that cannot run over, and the writers that go with it.

use crate::error::{Error, ErrorKind, Result};

/// Reads fields one after the other; every error carries the offset at which it arose.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.offset.checked_add(count).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else {
            return Err(self.error(ErrorKind::Truncated));
        };
        let taken = self.bytes.get(self.offset..end).unwrap_or_default();
        self.offset = end;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let taken = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(taken);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Nothing may be left.
    pub(crate) fn finish(&self) -> Result<()> {
        if self.remaining() == 0 { Ok(()) } else { Err(self.error(ErrorKind::TrailingBytes)) }
    }

    /// An error of `kind` at the present offset.
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::from(kind).at(self.offset as u64)
    }
}

/// `LP(x)`: LE32 length, then the bytes.
pub(crate) fn put_lp(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Zeros up to the next multiple of `alignment`.
pub(crate) fn put_zeros_to(out: &mut Vec<u8>, alignment: usize) {
    out.resize(out.len().next_multiple_of(alignment), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_read_names_its_offset_and_takes_nothing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16().unwrap(), 0x0201);
        let error = reader.u32().unwrap_err();
        assert_eq!((error.kind(), error.position()), (ErrorKind::Truncated, Some(2)));
        assert_eq!(reader.u8().unwrap(), 3);
        reader.finish().unwrap();
    }

    #[test]
    fn huge_lengths_do_not_wrap() {
        let mut reader = Reader::new(&[0; 8]);
        reader.u8().unwrap();
        assert_eq!(reader.take(usize::MAX).unwrap_err().kind(), ErrorKind::Truncated);
    }
}
