//! The textual header: strict reading and writing.

use std::io::Read;

use base64ct::{Base64Unpadded, Encoding};
use hmac::Mac;

use crate::crypto::age::derive::{FileKey, Stanza, header_mac};
use crate::error::{Error, ErrorKind, Result};

/// The most stanzas of a header, of all types.
pub(super) const MAX_STANZAS: usize = 1_024;
/// The longest header, in bytes.
pub(super) const MAX_HEADER: usize = 2 << 20;

/// A header that follows the grammar; not yet authenticated.
pub(super) struct Header {
    /// The X25519 stanzas, at most [`MAX_STANZAS`].
    pub(super) stanzas: Vec<Stanza>,
    /// Whether a type that this program knows by name, and cannot open, stands in it.
    pub(super) foreign: bool,
    /// How many bytes the MAC covers.
    pub(super) covered: usize,
    pub(super) mac: [u8; 32],
}

impl Header {
    /// Reads a complete header, and nothing after it.
    ///
    /// # Errors
    /// [`ErrorKind::BadHeader`], [`ErrorKind::UnsupportedVersion`], [`ErrorKind::LimitExceeded`], each with the
    /// byte offset of the line or the place in it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let mut lines = Lines { bytes, offset: 0 };
        version(&mut lines)?;
        let mut header = Self { stanzas: Vec::new(), foreign: false, covered: 0, mac: [0; 32] };
        let (mut count, mut alone) = (0, false);
        loop {
            let (at, line) = lines.next()?;
            if let Some(arguments) = line.strip_prefix(b"-> ") {
                count += 1;
                if count > MAX_STANZAS {
                    return Err(Error::new(ErrorKind::LimitExceeded, "too many recipients in the header").at(at as u64));
                }
                let kind = header.stanza(arguments, at, &mut lines)?;
                alone |= kind == SCRYPT;
                if alone && count > 1 {
                    return Err(bad("a passphrase stands beside another recipient", at));
                }
            } else if let Some(mac) = line.strip_prefix(b"--- ") {
                if count == 0 {
                    return Err(bad("the header has no recipient", at));
                }
                header.covered = at + MARK.len();
                header.mac =
                    decode_32(mac).ok_or_else(|| bad("the header's MAC is not 43 characters of base64", at))?;
                return match lines.rest() {
                    [] => Ok(header),
                    _ => Err(bad("bytes follow the header", lines.offset)),
                };
            } else {
                return Err(bad("a line is neither a recipient nor the end of the header", at));
            }
        }
    }

    /// Reads the arguments and the body of one stanza; keeps it if it is X25519. Returns its type.
    fn stanza<'a>(&mut self, arguments: &'a [u8], at: usize, lines: &mut Lines<'_>) -> Result<&'a [u8]> {
        for (argument, offset) in pieces(arguments) {
            if argument.is_empty() || !argument.iter().all(u8::is_ascii_graphic) {
                return Err(bad("an argument is empty or has characters that it may not have", at + 3 + offset));
            }
        }
        let body = body(lines)?;
        let mut parts = arguments.split(|&byte| byte == b' ');
        let kind = parts.next().unwrap_or_default();
        if kind == X25519 {
            let (Some(share), None) = (parts.next().and_then(decode_32), parts.next()) else {
                return Err(bad("an X25519 recipient does not have one share of 32 bytes", at));
            };
            let Some(body) = body else {
                return Err(bad("an X25519 recipient does not have a body of 32 bytes", at));
            };
            self.stanzas.push(Stanza { share, body, offset: at });
        }
        self.foreign |= FOREIGN.contains(&kind);
        Ok(kind)
    }
}

/// Whether these are the first bytes of an age file, binary or armored.
///
/// An armored one is refused when it is opened, with an error that says so.
pub(crate) fn is_age(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) || is_armored(bytes)
}

/// Reads from `reader` until the header is complete: returns the header and what was read beyond it, at most
/// [`BLOCK`] bytes.
///
/// Takes time linear in what it reads, and memory of at most twice [`MAX_HEADER`].
///
/// # Errors
/// Those of [`Header::parse`], and [`ErrorKind::Io`].
pub(super) fn read(reader: &mut impl Read) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(BLOCK);
    let (mut line, mut searched) = (0, 0);
    loop {
        let got = reader.by_ref().take(BLOCK as u64).read_to_end(&mut bytes).map_err(io)?;
        if searched == 0 {
            begins_well(&bytes)?;
        }
        while let Some(length) = bytes.get(searched..).and_then(|new| new.iter().position(|&byte| byte == b'\n')) {
            let end = searched + length + 1;
            if end > MAX_HEADER {
                break;
            }
            if bytes.get(line..end).is_some_and(|line| line.starts_with(MARK)) {
                let rest = bytes.split_off(end);
                return Ok((bytes, rest));
            }
            (line, searched) = (end, end);
        }
        searched = bytes.len();
        if searched > MAX_HEADER {
            return Err(Error::new(ErrorKind::LimitExceeded, "the header is too long").at(MAX_HEADER as u64));
        }
        if got < BLOCK {
            // there is no end; the grammar says where the fault is
            let fault = Header::parse(&bytes).err();
            return Err(fault.unwrap_or_else(|| bad("the header ends too early", bytes.len())));
        }
    }
}

/// Writes a header for these stanzas.
pub(super) fn write(stanzas: &[Stanza], file_key: &FileKey) -> Vec<u8> {
    let mut header = Vec::with_capacity(128 + stanzas.len() * 128);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(b"v1\n");
    for stanza in stanzas {
        header.extend_from_slice(b"-> X25519 ");
        header.extend_from_slice(Base64Unpadded::encode_string(&stanza.share).as_bytes());
        header.push(b'\n');
        header.extend_from_slice(Base64Unpadded::encode_string(&stanza.body).as_bytes());
        header.push(b'\n');
    }
    header.extend_from_slice(MARK);
    let mac = header_mac(file_key, &header).finalize().into_bytes();
    header.push(b' ');
    header.extend_from_slice(Base64Unpadded::encode_string(&mac).as_bytes());
    header.push(b'\n');
    header
}

/// A failure of the caller's reader.
pub(super) fn io(error: std::io::Error) -> Error {
    Error::from(ErrorKind::Io).caused_by(error)
}

/// A fault of the grammar.
pub(super) fn bad(message: &'static str, offset: usize) -> Error {
    Error::new(ErrorKind::BadHeader, message).at(offset as u64)
}

struct Lines<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its line feed, and its offset.
    fn next(&mut self) -> Result<(usize, &'a [u8])> {
        let (at, rest) = (self.offset, self.rest());
        let Some(length) = rest.iter().position(|&byte| byte == b'\n') else {
            return Err(bad("the header ends too early", self.bytes.len()));
        };
        self.offset += length + 1;
        Ok((at, rest.get(..length).unwrap_or_default()))
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }
}

const BLOCK: usize = 4_096;
const MAGIC: &[u8] = b"age-encryption.org/";
const MARK: &[u8] = b"---";
const ARMOR: &[u8] = b"-----BEGIN AGE";
const X25519: &[u8] = b"X25519";
const SCRYPT: &[u8] = b"scrypt";
/// The other types of the specification: scrypt, the hybrid type and the tagged ones.
const FOREIGN: [&[u8]; 4] = [SCRYPT, b"mlkem768x25519", b"p256tag", b"mlkem768p256tag"];
/// Columns of a full line of a body, and the bytes it stands for.
const COLUMNS: usize = 64;
const COLUMN_BYTES: usize = COLUMNS / 4 * 3;

fn is_armored(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(ARMOR)
}

/// Refuses what is no age file before more of it is read.
fn begins_well(bytes: &[u8]) -> Result<()> {
    if is_armored(bytes) {
        return Err(bad("an armored age file; only binary ones are accepted", 0));
    }
    let same = bytes.iter().zip(MAGIC).take_while(|(a, b)| a == b).count();
    if same < MAGIC.len() {
        return Err(bad("the file does not begin like an age file", same));
    }
    Ok(())
}

fn version(lines: &mut Lines<'_>) -> Result<()> {
    begins_well(lines.bytes)?;
    let (_, line) = lines.next()?;
    let at = MAGIC.len();
    match line.strip_prefix(MAGIC) {
        Some(b"v1") => Ok(()),
        Some(version) if !version.is_empty() && version.iter().all(u8::is_ascii_graphic) => {
            Err(Error::new(ErrorKind::UnsupportedVersion, "a version of the age format other than v1").at(at as u64))
        }
        _ => Err(bad("the version line has characters that it may not have", at)),
    }
}

/// The body of a stanza, if it has 32 bytes; `None` for every other length.
fn body(lines: &mut Lines<'_>) -> Result<Option<[u8; 32]>> {
    let mut full_lines = false;
    loop {
        let (at, line) = lines.next()?;
        if line.len() > COLUMNS {
            return Err(bad("a line of a body is longer than 64 columns", at + COLUMNS));
        }
        let mut buffer = [0; COLUMN_BYTES];
        let decoded = Base64Unpadded::decode(line, &mut buffer)
            .map_err(|_| bad("a line of a body is not canonical base64", at))?;
        if line.len() < COLUMNS {
            return Ok(if full_lines { None } else { decoded.try_into().ok() });
        }
        full_lines = true;
    }
}

fn decode_32(text: &[u8]) -> Option<[u8; 32]> {
    let mut buffer = [0; 32];
    Base64Unpadded::decode(text, &mut buffer).ok()?.try_into().ok()
}

/// The pieces between spaces, with their offsets.
fn pieces(arguments: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    let mut offset = 0;
    arguments.split(|&byte| byte == b' ').map(move |piece| {
        let at = offset;
        offset += piece.len() + 1;
        (piece, at)
    })
}
