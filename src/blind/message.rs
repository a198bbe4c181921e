//! Requests and answers, to the byte.
//!
//! ```text
//! request = signed block of type 9, whose body is
//!           LP(publisher id) ‖ LP(feed id) ‖ LE32 epoch ‖ request id (16) ‖ LE32 count ‖ elements (32 each)
//! answer  = "bisikans" ‖ LE16 version ‖ request digest (32) ‖ LP(publisher id) ‖ LP(feed id) ‖ LE32 epoch
//!           ‖ LE32 count ‖ proof (64) ‖ elements (32 each)
//! ```

use crate::codec::bytes::{Reader, put_lp};
use crate::container::{self, Head, SignedBlock};
use crate::crypto::mac::{context, derive};
use crate::crypto::oprf::{Element, Proof};
use crate::crypto::sign::{ED25519, KeyId, SignedType, SigningKey, VerifyingKey};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::check_feed_id;
use crate::token::Ids;

/// The most elements of one request: a signed block holds 1 MiB, and powers of two hide counts.
pub const MAX_REQUEST_ELEMENTS: usize = 16_384;

const ANSWER_MAGIC: [u8; 8] = *b"bisikans";
const ANSWER_VERSION: u16 = 1;

/// A member's request as the server sees it, its signature verified.
#[derive(Clone)]
pub struct BlindRequest {
    client: KeyId,
    publisher: KeyId,
    feed: String,
    epoch: u32,
    digest: [u8; 32],
    elements: Vec<Element>,
}

impl BlindRequest {
    /// Reads the request at the beginning of `bytes`; returns it and its length. More may follow.
    ///
    /// `client` gives the verifying key of a client that the server knows.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownClient`] if it knows none with this key id; [`ErrorKind::BadSignature`];
    /// [`ErrorKind::BadMessage`] for a signed block that is no request; [`ErrorKind::TooManyElements`]; the 300 block. Elements
    /// are checked when they are evaluated.
    pub fn read(bytes: &[u8], client: &dyn Fn(&KeyId) -> Option<VerifyingKey>) -> Result<(Self, usize)> {
        let (block, length) = block(bytes)?;
        let [signature] = block.signatures.as_slice() else {
            return Err(Error::new(ErrorKind::BadMessage, "a request is signed with one key").at(11));
        };
        let key = client(&signature.key_id).ok_or_else(|| Error::from(ErrorKind::UnknownClient))?;
        if key.key_id() != signature.key_id {
            return Err(ErrorKind::UnknownClient.into());
        }
        if signature.algorithm != ED25519 {
            return Err(ErrorKind::UnsupportedAlgorithm.into());
        }
        key.verify(SignedType::BlindRequest, block.signed, signature.bytes)?;
        Ok((Self::parse(&block)?, length))
    }

    /// Reads a request of one's own, which one has signed oneself.
    pub(crate) fn read_own(bytes: &[u8]) -> Result<Self> {
        let (block, length) = block(bytes)?;
        if length != bytes.len() {
            return Err(Error::from(ErrorKind::TrailingBytes).at(length as u64));
        }
        Self::parse(&block)
    }

    fn parse(block: &SignedBlock<'_>) -> Result<Self> {
        let client = block.head.key_ids.first().copied().ok_or_else(|| Error::from(ErrorKind::BadMessage))?;
        let mut reader = Reader::new(block.body);
        let (publisher, feed, epoch) = ids(&mut reader)?;
        reader.take(REQUEST_ID)?;
        let elements = elements(&mut reader, None)?.1;
        reader.finish()?;
        Ok(Self { client, publisher, feed, epoch, digest: digest(block.signed), elements })
    }

    /// The key id of the client that signed it.
    #[must_use]
    pub const fn client(&self) -> KeyId {
        self.client
    }

    /// The publisher whose feed is asked.
    #[must_use]
    pub const fn publisher(&self) -> KeyId {
        self.publisher
    }

    /// The feed that is asked.
    #[must_use]
    pub fn feed(&self) -> &str {
        &self.feed
    }

    /// The epoch that is asked.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// How many evaluations it asks for, padding included.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.elements.len() as u64
    }

    /// What names the request: the same bytes are answered again free of charge.
    #[must_use]
    pub const fn digest(&self) -> [u8; 32] {
        self.digest
    }

    pub(crate) fn elements(&self) -> &[Element] {
        &self.elements
    }

    pub(crate) fn ids(&self) -> Ids {
        Ids::new(&self.publisher, &self.feed, self.epoch)
    }
}

impl std::fmt::Debug for BlindRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlindRequest")
            .field("feed", &self.feed)
            .field("epoch", &self.epoch)
            .field("count", &self.elements.len())
            .finish_non_exhaustive()
    }
}

const REQUEST_ID: usize = 16;

/// Signs a request of elements.
pub(crate) fn seal_request(
    publisher: &KeyId,
    feed: &str,
    epoch: u32,
    elements: &[Element],
    key: &SigningKey,
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>> {
    let mut body = Vec::with_capacity(132 + elements.as_flattened().len());
    put_ids(&mut body, publisher, feed, epoch);
    let mut id = [0; REQUEST_ID];
    entropy.fill(&mut id)?;
    body.extend_from_slice(&id);
    put_count(&mut body, elements);
    body.extend_from_slice(elements.as_flattened());
    Ok(container::write_block(SignedType::BlindRequest, &body, None, key))
}

/// A server's answer; its proof is not checked yet.
pub(crate) struct Answer {
    pub(crate) request: [u8; 32],
    pub(crate) ids: Ids,
    pub(crate) proof: Proof,
    pub(crate) elements: Vec<Element>,
}

impl Answer {
    /// Reads the answer at the beginning of `bytes`; returns it and its length. More may follow.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, usize)> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != ANSWER_MAGIC {
            return Err(Error::new(ErrorKind::BadMessage, "not an answer of a blind feed's server").at(0));
        }
        if reader.u16()? != ANSWER_VERSION {
            return Err(Error::from(ErrorKind::UnsupportedVersion).at(8));
        }
        let request = reader.array()?;
        let (publisher, feed, epoch) = ids(&mut reader)?;
        let mut proof = [0; 64];
        let (_, elements) = elements(&mut reader, Some(&mut proof))?;
        let ids = Ids::new(&publisher, &feed, epoch);
        Ok((Self { request, ids, proof, elements }, reader.offset()))
    }

    pub(crate) fn write(request: &BlindRequest, proof: &Proof, elements: &[Element]) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + elements.as_flattened().len());
        out.extend_from_slice(&ANSWER_MAGIC);
        out.extend_from_slice(&ANSWER_VERSION.to_le_bytes());
        out.extend_from_slice(&request.digest);
        put_ids(&mut out, &request.publisher, &request.feed, request.epoch);
        put_count(&mut out, elements);
        out.extend_from_slice(proof);
        out.extend_from_slice(elements.as_flattened());
        out
    }
}

/// The signed block of a request, and its length.
fn block(bytes: &[u8]) -> Result<(SignedBlock<'_>, usize)> {
    let head = Head::read(bytes)?;
    if head.signed_type != SignedType::BlindRequest as u8 {
        return Err(Error::new(ErrorKind::BadMessage, "a signed block, but no blind request").at(10));
    }
    let length = head.block_length();
    if head.total_length != length as u64 {
        return Err(Error::new(ErrorKind::Malformed, "the request's length does not add up"));
    }
    Ok((SignedBlock::read(bytes)?, length))
}

fn digest(signed: &[u8]) -> [u8; 32] {
    derive(&context::BLIND_REQUEST, &[signed])
}

fn put_ids(out: &mut Vec<u8>, publisher: &KeyId, feed: &str, epoch: u32) {
    put_lp(out, publisher.as_bytes());
    put_lp(out, feed.as_bytes());
    out.extend_from_slice(&epoch.to_le_bytes());
}

fn put_count(out: &mut Vec<u8>, elements: &[Element]) {
    out.extend_from_slice(&u32::try_from(elements.len()).unwrap_or(u32::MAX).to_le_bytes());
}

fn ids(reader: &mut Reader<'_>) -> Result<(KeyId, String, u32)> {
    let wrong = |reader: &Reader<'_>| reader.error(ErrorKind::BadMessage);
    if reader.u32()? != 32 {
        return Err(wrong(reader));
    }
    let publisher = KeyId::from_bytes(reader.array()?);
    let length = reader.u32()? as usize;
    let at = reader.offset() as u64;
    let feed = std::str::from_utf8(reader.take(length)?).map_err(|_| Error::from(ErrorKind::BadMessage).at(at))?;
    check_feed_id(feed).map_err(|error| error.at(at))?;
    let epoch = reader.u32()?;
    if epoch == 0 {
        return Err(wrong(reader));
    }
    Ok((publisher, feed.to_owned(), epoch))
}

/// The count and so many elements, between them a proof if one is wanted.
fn elements(reader: &mut Reader<'_>, proof: Option<&mut Proof>) -> Result<(usize, Vec<Element>)> {
    let at = reader.offset() as u64;
    let count = reader.u32()? as usize;
    if count > MAX_REQUEST_ELEMENTS {
        return Err(Error::from(ErrorKind::TooManyElements).at(at));
    }
    if count == 0 {
        return Err(Error::new(ErrorKind::BadMessage, "a message without elements").at(at));
    }
    if let Some(proof) = proof {
        *proof = reader.array()?;
    }
    let bytes = reader.take(count * size_of::<Element>())?;
    Ok((count, bytes.as_chunks().0.to_vec()))
}
