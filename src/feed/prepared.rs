//! Feeds that this machine prepared for itself, once verified, so that opening one again reads a page and not the whole.
//!
//! ```text
//! prepared = head ‖ private ‖ seal (32) ‖ zeros ‖ large sections, each at a multiple of 4096
//! head     = "bisik\r\n\x02" ‖ LE16 1 ‖ LE16 flags ‖ LE32 n ‖ key id (16) ‖ LE64 file length ‖ LE64 private length ‖ feed digest (32)
//!            ‖ n × (LE16 type ‖ 6 zeros ‖ LE64 length ‖ BLAKE3 (32))
//! private  = LP(seal statement) ‖ LP(signed block) ‖ the small sections, the feed key among them
//! seal     = keyed_hash(derive_key("bisik 2026 v1 local seal", local key), head ‖ private)
//! ```
//!
//! The large sections say nothing without the feed key: tokens, records and filters, then the index of the tokens. If the feed was
//! sealed, the private part is an age file for those of the reader's recipients that the publisher addressed, so a prepared feed
//! opens for whom the feed opens (flag 1). Opening checks the seal, then signatures, trust, scope, recipients and time as for any
//! feed; what it does not do again is to hash the large sections and to build the index.

// What is read of the file is copied before it is checked: the file may change under a map.

use std::io::Write;
use std::ops::Range;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::codec::bytes::{Reader, put_lp};
use crate::codec::shared::Shared;
use crate::container::{self, SignedBlock};
use crate::crypto::age::{Opener, Recipient, RecipientSecret, Sealer};
use crate::crypto::mac::{self, Digest};
use crate::entropy::Entropy;
use crate::envelope::Statement;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::local::{LocalKey, LocalKeyId};
use crate::feed::{Admitted, Body, Feed, Lookup, Seal, Set};
use crate::manifest::{Manifest, Section, SetDescriptor, section};
use crate::payload::tokens::TokenIndex;
use crate::secret::same;
use crate::time::Timestamp;
use crate::token::TOKEN_LENGTH;
use crate::trust::TrustStore;

const MAGIC: [u8; 8] = *b"bisik\r\n\x02";
const VERSION: u16 = 1;
/// The private part is in an envelope.
const SEALED: u16 = 1;
const FIXED: usize = 80;
const ENTRY: usize = 48;
const SEAL: usize = 32;
/// Large sections begin at multiples of this: a page of memory.
const PAGE: usize = 4096;
/// Tokens, records, starts and signs.
const MAX_LARGE: usize = 4;
/// The index of the tokens. These types are never in a feed's manifest as far as this program writes them, and mean nothing there.
const STARTS: u16 = 0xFF01;
const SIGNS: u16 = 0xFF02;

/// What a prepared file says before its private part is opened.
struct Head {
    sealed: bool,
    key: LocalKeyId,
    length: u64,
    private: usize,
    digest: [u8; 32],
    large: Vec<Large>,
}

/// A large section, and where it lies.
#[derive(Clone)]
struct Large {
    section_type: u16,
    place: Range<usize>,
    blake3: Digest,
}

/// Whether a section says nothing without the feed key, and may be long.
const fn is_large(section_type: u16) -> bool {
    matches!(section_type, section::TOKENS | section::RECORDS | section::BLOOM | section::FUSE)
}

impl Head {
    /// Reads a head whose file has `length` bytes.
    fn read(bytes: &[u8], length: usize) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        if !MAGIC.starts_with(bytes.get(..MAGIC.len().min(bytes.len())).unwrap_or_default()) {
            return Err(Error::new(ErrorKind::NotAFeed, "the file does not begin like a prepared feed").at(0));
        }
        reader.take(MAGIC.len())?;
        if reader.u16()? != VERSION {
            return Err(Error::from(ErrorKind::UnsupportedVersion).at(8));
        }
        let flags = reader.u16()?;
        if flags & !SEALED != 0 {
            return Err(Error::from(ErrorKind::Malformed).at(10));
        }
        let count = reader.u32()? as usize;
        if count == 0 || count > MAX_LARGE {
            return Err(Error::from(ErrorKind::Malformed).at(12));
        }
        let key = reader.array()?;
        let stated = reader.u64()?;
        let private = usize::try_from(reader.u64()?).unwrap_or(usize::MAX);
        let digest = reader.array()?;
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let section_type = reader.u16()?;
            if reader.array::<6>()? != [0; 6] {
                return Err(reader.error(ErrorKind::NotZero));
            }
            let length = usize::try_from(reader.u64()?).unwrap_or(usize::MAX);
            entries.push((section_type, length, reader.array()?));
        }
        let beyond = || Error::new(ErrorKind::Malformed, "the lengths of the prepared feed do not add up").at(40);
        let mut end = reader.offset().checked_add(private).and_then(|end| end.checked_add(SEAL)).ok_or_else(beyond)?;
        let mut large = Vec::with_capacity(count);
        for (section_type, length, blake3) in entries {
            let start = end.checked_next_multiple_of(PAGE).ok_or_else(beyond)?;
            end = start.checked_add(length).ok_or_else(beyond)?;
            large.push(Large { section_type, place: start..end, blake3 });
        }
        if end as u64 != stated {
            return Err(beyond());
        }
        match (length as u64).cmp(&stated) {
            std::cmp::Ordering::Less => Err(Error::from(ErrorKind::Truncated).at(length as u64)),
            std::cmp::Ordering::Greater => Err(Error::from(ErrorKind::TrailingBytes).at(stated)),
            std::cmp::Ordering::Equal => Ok(()),
        }?;
        Ok(Self { sealed: flags & SEALED != 0, key, length: stated, private, digest, large })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.byte_length());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&if self.sealed { SEALED } else { 0 }.to_le_bytes());
        bytes.extend_from_slice(&(self.large.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.key);
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(&(self.private as u64).to_le_bytes());
        bytes.extend_from_slice(&self.digest);
        for large in &self.large {
            bytes.extend_from_slice(&large.section_type.to_le_bytes());
            bytes.extend_from_slice(&[0; 6]);
            bytes.extend_from_slice(&(large.place.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&large.blake3);
        }
        bytes
    }

    fn byte_length(&self) -> usize {
        FIXED + ENTRY * self.large.len()
    }
}

/// A prepared feed whose local seal holds: this machine wrote it. Whom to trust now, and until when, is still to be checked.
///
/// The file may be a mapping that the caller made. Large sections are looked at when something is looked up, so they must not
/// change: what changes them makes answers wrong, without undefined behaviour as long as the bytes can be read at all.
///
/// ```
/// use bisik::{FixedEntropy, Identifier, Kind, LocalKey, ParseOptions, PreparedFeed, Publisher, PublishOptions};
/// use bisik::{Claim, Guard, KeySet, Matcher, Timestamp, TrustStore, UnverifiedFeed};
///
/// let (mut entropy, now) = (FixedEntropy::new(1), Timestamp::from_seconds(1_800_000_000)?);
/// let centre = KeySet::generate("Centre", &mut entropy)?;
/// let mut publisher = Publisher::new(&centre.signing, PublishOptions::new("scams", now), None, &mut entropy)?;
/// publisher.add_raw(Kind::Domain, "evil.example", &ParseOptions::default(), Claim::default())?;
/// let file = publisher.publish(&mut entropy)?.open(&[])?.to_vec();
///
/// let mut trust = TrustStore::new();
/// trust.add_card(&centre.card())?;
/// let feed = UnverifiedFeed::from_bytes(file)?.verify(&trust, now)?;
/// let key = LocalKey::generate(&mut entropy)?;
/// let mut prepared = Vec::new();
/// feed.prepare(&key, &mut entropy, &mut prepared)?;
///
/// let feed = PreparedFeed::from_bytes(prepared, &key, &[])?.verify(&trust, now)?;
/// let matcher = Matcher::new(vec![feed], Guard::default())?;
/// let asked = Identifier::parse(Kind::Domain, "evil.example", &ParseOptions::default())?;
/// assert_eq!(matcher.check(&asked, now)?.hits.len(), 1);
/// # Ok::<(), bisik::Error>(())
/// ```
pub struct PreparedFeed {
    bytes: Shared,
    head: Head,
    /// The signed block and the small sections.
    rest: Shared,
    seal: Option<Seal>,
}

impl PreparedFeed {
    /// Takes a prepared feed that is in memory: a buffer, or a mapping that the caller made. Its first page is read, and as much as
    /// its manifest and retractions take.
    ///
    /// # Errors
    /// [`ErrorKind::LocalSeal`] if it was prepared with another key, or altered; [`ErrorKind::NotAFeed`], [`ErrorKind::Truncated`]
    /// and the other kinds of the 300 block; [`ErrorKind::NoMatchingKey`] if the feed was sealed and none of `secrets` opens it.
    pub fn from_bytes(
        bytes: impl AsRef<[u8]> + Send + Sync + 'static,
        key: &LocalKey,
        secrets: &[RecipientSecret],
    ) -> Result<Self> {
        let bytes = Shared::new(bytes);
        let (head, private) = first(bytes.as_ref(), key)?;
        let private = if head.sealed { opened(&private, secrets)? } else { private };
        let (statement, rest) = parts(&private)?;
        let private = Shared::new(private);
        let seal = match (head.sealed, statement.is_empty()) {
            (true, false) => {
                let recipients = secrets.iter().map(|secret| secret.recipient().clone()).collect();
                Some(Seal { statement: private.part(statement)?, recipients })
            }
            (false, true) => None,
            _ => return Err(Error::new(ErrorKind::Malformed, "the seal statement does not belong there")),
        };
        Ok(Self { rest: private.part(rest)?, bytes, head, seal })
    }

    /// The feed digest of a prepared file, if this key sealed it. The private part is not opened.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes), without those of the envelope.
    pub fn sealed_by(bytes: &[u8], key: &LocalKey) -> Result<[u8; 32]> {
        first(bytes, key).map(|(head, _)| head.digest)
    }

    /// Reads the whole file and compares it with what was written.
    ///
    /// # Errors
    /// [`ErrorKind::HashMismatch`] or [`ErrorKind::NotZero`]; the position is a byte offset.
    pub fn check(&self) -> Result<()> {
        let file = self.bytes.as_ref();
        let mut end = self.head.byte_length() + self.head.private + SEAL;
        for large in &self.head.large {
            let gap = file.get(end..large.place.start).unwrap_or_default();
            if gap.iter().any(|&byte| byte != 0) {
                return Err(Error::from(ErrorKind::NotZero).at(end as u64));
            }
            if mac::hash([file.get(large.place.clone()).unwrap_or_default()]) != large.blake3 {
                let what = "the prepared feed was altered after it was sealed";
                return Err(Error::new(ErrorKind::HashMismatch, what).at(large.place.start as u64));
            }
            end = large.place.end;
        }
        Ok(())
    }

    /// The feed digest that it was prepared of.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.head.digest
    }

    /// Verifies everything but the large sections, as [`UnverifiedFeed::verify`](crate::feed::UnverifiedFeed::verify) does.
    ///
    /// # Errors
    /// As there; [`ErrorKind::Malformed`] if the parts do not belong together.
    pub fn verify(self, trust: &TrustStore, now: Timestamp) -> Result<Feed> {
        let feed = self.verify_stale(trust, now)?;
        if now >= feed.manifest().expires {
            return Err(ErrorKind::Expired.into());
        }
        Ok(feed)
    }

    /// The same for a version that may have expired. A matcher refuses it.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), without [`ErrorKind::Expired`].
    pub fn verify_stale(self, trust: &TrustStore, now: Timestamp) -> Result<Feed> {
        let wrong = || Error::new(ErrorKind::Malformed, "the parts of the prepared feed do not belong together");
        let mut reader = Reader::new(self.rest.as_ref());
        let start = reader.offset() + 4;
        let length = reader.u32()? as usize;
        let block = SignedBlock::read(reader.take(length)?)?;
        let admitted = Admitted::new(&block, self.seal.as_ref(), trust, now)?;
        let manifest = &admitted.manifest;
        if admitted.digest != self.head.digest || block.head.block_length() != length {
            return Err(wrong());
        }
        let mut large = self.head.large.iter();
        let mut next = |wanted: u16, length: u64, blake3: Option<&Digest>| {
            let fits = |large: &&Large| {
                large.section_type == wanted
                    && large.place.len() as u64 == length
                    && blake3.is_none_or(|blake3| large.blake3 == *blake3)
            };
            let found = large.next().filter(fits).ok_or_else(wrong)?;
            self.bytes.part(found.place.clone())
        };
        let mut sections = Vec::with_capacity(manifest.sections.len());
        for entry in &manifest.sections {
            sections.push(match entry.section_type {
                section::PAD => self.rest.part(0..0)?,
                wanted if is_large(wanted) => next(wanted, entry.length, Some(&entry.blake3))?,
                _ => small(&self.rest, &mut reader, entry)?,
            });
        }
        reader.finish()?;
        let index = match manifest.set {
            SetDescriptor::Tokens {} => {
                if tokens_length(manifest) != manifest.count.checked_mul(TOKEN_LENGTH as u64) {
                    return Err(wrong());
                }
                let [starts, signs] = TokenIndex::lengths(manifest.count)?;
                let columns = [next(STARTS, starts as u64, None)?, next(SIGNS, signs as u64, None)?];
                Some(TokenIndex::prepared(manifest.count, columns)?)
            }
            _ => None,
        };
        if large.next().is_some() {
            return Err(wrong());
        }
        let block = self.rest.part(start..start + length)?;
        let body = Body { block, sections, whole: None, assembled: OnceLock::new() };
        Feed::new(body, admitted, self.seal, Lookup::Prepared(index))
    }
}

/// Head and private part of a file that this key sealed.
fn first(file: &[u8], key: &LocalKey) -> Result<(Head, Zeroizing<Vec<u8>>)> {
    let longest = file.get(..file.len().min(FIXED + MAX_LARGE * ENTRY)).unwrap_or_default().to_vec();
    let head = Head::read(&longest, file.len())?;
    if !same(&head.key, &key.id()) {
        return Err(Error::new(ErrorKind::LocalSeal, "prepared with another local key"));
    }
    let covered = head.byte_length() + head.private;
    let first = file.get(..covered + SEAL).ok_or_else(|| Error::from(ErrorKind::Truncated))?;
    let mut first = Zeroizing::new(first.to_vec());
    let seal = first.split_off(covered);
    if !same(&key.seal(&first), &seal) {
        return Err(ErrorKind::LocalSeal.into());
    }
    // What was sealed is what is used, whatever the file has become.
    let head = Head::read(&first, file.len())?;
    let private = Zeroizing::new(first.split_off(head.byte_length()));
    Ok((head, private))
}

fn tokens_length(manifest: &Manifest) -> Option<u64> {
    manifest.sections.iter().find(|entry| entry.section_type == section::TOKENS).map(|entry| entry.length)
}

/// The next small section, which is hashed as always.
fn small(rest: &Shared, reader: &mut Reader<'_>, entry: &Section) -> Result<Shared> {
    let start = reader.offset();
    let content = reader.take(usize::try_from(entry.length).unwrap_or(usize::MAX))?;
    if mac::hash([content]) != entry.blake3 {
        return Err(Error::from(ErrorKind::HashMismatch).at(start as u64));
    }
    rest.part(start..reader.offset())
}

/// The plaintext of an envelope that this machine made.
fn opened(sealed: &[u8], secrets: &[RecipientSecret]) -> Result<Zeroizing<Vec<u8>>> {
    if secrets.is_empty() {
        return Err(ErrorKind::Sealed.into());
    }
    let mut opener = Opener::new(sealed, secrets)?;
    // Its text is shorter: the buffer never moves, so nothing of it is left behind.
    let mut text = Zeroizing::new(Vec::with_capacity(sealed.len()));
    while let Some(chunk) = opener.read_chunk()? {
        text.extend_from_slice(chunk);
    }
    Ok(text)
}

/// Where the seal statement lies in a private part, and what follows it.
fn parts(private: &[u8]) -> Result<(Range<usize>, Range<usize>)> {
    let mut reader = Reader::new(private);
    let length = reader.u32()? as usize;
    let start = reader.offset();
    reader.take(length)?;
    Ok((start..reader.offset(), reader.offset()..private.len()))
}

impl Feed {
    /// Writes the feed in the form in which this machine opens it again without reading all of it; see [`PreparedFeed`].
    ///
    /// If the feed was sealed, so is what would tell its values: for those of the reader's recipients that it was addressed to.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if `out` fails; [`ErrorKind::NoRandomness`].
    pub fn prepare(&self, key: &LocalKey, entropy: &mut dyn Entropy, out: &mut dyn Write) -> Result<()> {
        let private = self.private(entropy)?;
        let mut contents: Vec<(u16, Digest, &[u8])> = self
            .manifest
            .sections
            .iter()
            .zip(&self.body.sections)
            .filter(|(entry, _)| is_large(entry.section_type))
            .map(|(entry, part)| (entry.section_type, entry.blake3, part.as_ref()))
            .collect();
        if let Set::Tokens { index, .. } = &self.set {
            let columns = [STARTS, SIGNS].into_iter().zip(index.columns());
            contents.extend(columns.map(|(section_type, column)| (section_type, mac::hash([column]), column)));
        }
        let mut end = FIXED + ENTRY * contents.len() + private.len() + SEAL;
        let mut large = Vec::with_capacity(contents.len());
        for &(section_type, blake3, content) in &contents {
            let start = end.next_multiple_of(PAGE);
            end = start + content.len();
            large.push(Large { section_type, place: start..end, blake3 });
        }
        let head = Head {
            sealed: self.sealed(),
            key: key.id(),
            length: end as u64,
            private: private.len(),
            digest: self.digest,
            large,
        };
        let mut first = Zeroizing::new(Vec::with_capacity(head.byte_length() + private.len() + SEAL + PAGE));
        first.extend_from_slice(&head.to_bytes());
        first.extend_from_slice(&private);
        let seal = key.seal(&first);
        first.extend_from_slice(&seal);
        let mut write =
            |bytes: &[u8]| out.write_all(bytes).map_err(|error| Error::from(ErrorKind::Io).caused_by(error));
        let mut written = first.len();
        write(&first)?;
        for (large, (_, _, content)) in head.large.iter().zip(contents) {
            write([0; PAGE].get(..large.place.start - written).unwrap_or_default())?;
            write(content)?;
            written = large.place.end;
        }
        Ok(())
    }

    /// What a prepared feed keeps to itself.
    fn private(&self, entropy: &mut dyn Entropy) -> Result<Zeroizing<Vec<u8>>> {
        let statement = self.seal.as_ref().map(|seal| seal.statement.as_ref()).unwrap_or_default();
        let is_small = |entry: &Section| !is_large(entry.section_type) && entry.section_type != section::PAD;
        let small = || {
            let sections = self.manifest.sections.iter().zip(&self.body.sections);
            sections.filter(|(entry, _)| is_small(entry)).map(|(_, part)| part.as_ref())
        };
        let block = self.signed_block();
        let length = 8 + statement.len() + block.len() + small().map(<[u8]>::len).sum::<usize>();
        let mut text = Zeroizing::new(Vec::with_capacity(length));
        put_lp(&mut text, statement);
        put_lp(&mut text, block);
        small().for_each(|content| text.extend_from_slice(content));
        let Some(seal) = &self.seal else { return Ok(text) };
        let (mut sealer, mut sealed) = Sealer::new(&seal.addressed()?, entropy)?;
        sealer.push(&text, &mut sealed)?;
        sealer.finish(&mut sealed)?;
        Ok(Zeroizing::new(sealed))
    }
}

impl Seal {
    /// Those of the reader's recipients that the publisher addressed.
    fn addressed(&self) -> Result<Vec<Recipient>> {
        let statement = Statement::parse(&SignedBlock::read(self.statement.as_ref())?)?;
        Ok(self.recipients.iter().filter(|recipient| statement.names(recipient)).cloned().collect())
    }
}

/// The feed as it came, put together again.
pub(super) fn assemble(body: &Body, manifest: &Manifest) -> Zeroizing<Vec<u8>> {
    let sections = || manifest.sections.iter().zip(&body.sections);
    let length = |entry: &Section| usize::try_from(entry.length).unwrap_or_default() + container::ALIGNMENT;
    let length = body.block.as_ref().len() + sections().map(|(entry, _)| length(entry)).sum::<usize>();
    let mut file = Zeroizing::new(Vec::with_capacity(length));
    file.extend_from_slice(body.block.as_ref());
    for (entry, part) in sections() {
        container::put_section(&mut file, part.as_ref());
        if entry.section_type == section::PAD {
            let end = file.len() + usize::try_from(entry.length).unwrap_or_default();
            file.resize(end, 0);
        }
    }
    file
}

impl std::fmt::Debug for PreparedFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PreparedFeed")
            .field("sealed", &self.head.sealed)
            .field("length", &self.head.length)
            .finish_non_exhaustive()
    }
}
