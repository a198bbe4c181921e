//! Opening a file of sightings.

use std::io::Read;

use zeroize::Zeroizing;

use crate::container::{Head, SignedBlock};
use crate::crypto::age::{self, Opener, Recipient, RecipientSecret};
use crate::crypto::sign::{KeyId, SignedType};
use crate::error::{Error, ErrorKind, Result};
use crate::sighting::body::{BLOCK_LENGTH, Body, Sighting};
use crate::time::Timestamp;
use crate::trust::TrustStore;

/// The length in bytes of every sealed file of sightings: header of one recipient (168), nonce (16), two chunks with their tags.
pub const SIGHTING_FILE_LENGTH: usize = 168 + 16 + BLOCK_LENGTH + 2 * 16;
/// The most that is read: room for headers of other programs.
const MAX_FILE: u64 = 1 << 18;

/// A file of sightings after its envelope was opened; nothing is verified.
pub struct UnverifiedSightings {
    block: Zeroizing<Vec<u8>>,
    /// The desk's own recipients.
    desks: Vec<Recipient>,
}

impl UnverifiedSightings {
    /// Opens a file with the desk's secrets.
    ///
    /// # Errors
    /// [`ErrorKind::NotSealed`]; [`ErrorKind::NoMatchingKey`] if it is sealed to others; [`ErrorKind::CannotOpen`] if it was
    /// altered; [`ErrorKind::WrongPadding`] if it has not the one length of sightings; [`ErrorKind::NotAFeed`] and relatives for
    /// what is no signed block.
    pub fn open(reader: impl Read, secrets: &[RecipientSecret]) -> Result<Self> {
        let mut file = Vec::new();
        reader
            .take(MAX_FILE + 1)
            .read_to_end(&mut file)
            .map_err(|error| Error::from(ErrorKind::Io).caused_by(error))?;
        if !age::is_age(&file) {
            return Err(ErrorKind::NotSealed.into());
        }
        if file.len() as u64 > MAX_FILE {
            return Err(Error::from(ErrorKind::LimitExceeded).at(MAX_FILE));
        }
        let mut block = Zeroizing::new(Vec::with_capacity(BLOCK_LENGTH));
        let mut opener = Opener::new(file.as_slice(), secrets)?;
        while let Some(chunk) = opener.read_chunk()? {
            if block.len() + chunk.len() > BLOCK_LENGTH {
                return Err(Error::from(ErrorKind::WrongPadding).at(BLOCK_LENGTH as u64));
            }
            block.extend_from_slice(chunk);
        }
        if block.len() != BLOCK_LENGTH {
            return Err(Error::from(ErrorKind::WrongPadding).at(block.len() as u64));
        }
        let head = Head::read(&block)?;
        if head.signed_type != SignedType::Sighting as u8 {
            return Err(Error::new(ErrorKind::NotAFeed, "a signed block, but no sightings").at(10));
        }
        if head.total_length != BLOCK_LENGTH as u64 || head.block_length() != BLOCK_LENGTH {
            return Err(Error::from(ErrorKind::WrongPadding).at(head.block_length() as u64));
        }
        Ok(Self { block, desks: secrets.iter().map(|secret| secret.recipient().clone()).collect() })
    }

    /// Verifies the signature of a known member, and that the sightings are addressed to this desk.
    ///
    /// `members` holds the members' cards. A limit to some feeds in it is about what a member publishes, and not asked here.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`] if no member that is known signed; [`ErrorKind::Revoked`]; [`ErrorKind::BadSignature`];
    /// [`ErrorKind::BadManifest`] and relatives; [`ErrorKind::NotAuthorised`] if it is signed by another member than the one it
    /// says it is from; [`ErrorKind::WrongDesk`] if its sender addressed it to another desk, and somebody passed it on.
    pub fn verify(&self, members: &TrustStore) -> Result<SightingReport> {
        let block = SignedBlock::read(&self.block)?;
        let signers = members.verify(SignedType::Sighting, &block)?;
        let (body, sightings) = Body::parse(block.body)?;
        let sender_name = members.speaks_for(&signers, &body.sender)?;
        if !self.desks.iter().any(|desk| desk.to_string() == body.desk) {
            return Err(ErrorKind::WrongDesk.into());
        }
        let Body { publisher, feed, epoch, version, digest, sender, time, .. } = body;
        Ok(SightingReport { publisher, feed, epoch, version, digest, sender, sender_name, time, sightings })
    }
}

impl std::fmt::Debug for UnverifiedSightings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnverifiedSightings(..)")
    }
}

/// What a known member told this desk. Whether it counts is for a [`SightingLedger`](crate::sighting::ledger::SightingLedger) to say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SightingReport {
    /// The publisher id of the feed that had the hits.
    pub publisher: KeyId,
    /// The feed id.
    pub feed: String,
    /// The epoch of the hit ids.
    pub epoch: u32,
    /// The version that the member had at hand.
    pub version: u64,
    /// That version's feed digest, as the member has it.
    pub digest: [u8; 32],
    /// The member's id, which stays the same when its keys change.
    pub sender: KeyId,
    /// The member's name in the desk's own store.
    pub sender_name: String,
    /// When the file was made.
    pub time: Timestamp,
    /// The sightings, 1 to 500.
    pub sightings: Vec<Sighting>,
}
