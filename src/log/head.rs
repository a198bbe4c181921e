//! The head of a log, signed: what another party keeps, so that a log written anew is found.

use serde::{Deserialize, Serialize};

use super::chain::LogReader;
use crate::codec::{hex, json};
use crate::container::{self, SignedBlock};
use crate::crypto::sign::{KeyId, SignedType};
use crate::error::{Error, ErrorKind, Result};
use crate::feed::CLOCK_SKEW;
use crate::keyring::SigningFile;
use crate::manifest::key_id;
use crate::time::Timestamp;
use crate::trust::TrustStore;

/// Which log, how many entries, and the last one's hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LogHead {
    /// Whose log it is: the publisher id of the key that signs.
    #[serde(with = "key_id")]
    pub publisher: KeyId,
    /// The log's id, of its first entry.
    #[serde(with = "hex::fixed")]
    pub log: [u8; 16],
    /// How many entries there were.
    pub entries: u64,
    /// The hash of the last of them.
    #[serde(with = "hex::fixed")]
    pub hash: [u8; 32],
    /// When it was signed.
    pub time: Timestamp,
}

impl LogHead {
    /// Signs the head of a log that was read whole: the bytes of a file.
    ///
    /// # Errors
    /// As [`LogReader::finish`].
    pub fn sign(reader: &LogReader, signing: &SigningFile, now: Timestamp) -> Result<Vec<u8>> {
        let tail = reader.finish()?;
        let head = Self {
            publisher: signing.publisher_id(),
            log: reader.id().copied().unwrap_or_default(),
            entries: tail.number(),
            hash: *tail.hash(),
            time: now,
        };
        // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
        let body = serde_json::to_string(&head).unwrap_or_default();
        Ok(container::write_block(SignedType::LogHead, body.as_bytes(), None, &signing.key))
    }

    /// Reads a head that a key of a trusted publisher signed.
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`], [`ErrorKind::BadSignature`], [`ErrorKind::NotAuthorised`], [`ErrorKind::NotYetValid`] and the 300 block.
    pub fn read(bytes: &[u8], trust: &TrustStore, now: Timestamp) -> Result<Self> {
        let block = SignedBlock::alone(bytes)?;
        let signers = trust.verify(SignedType::LogHead, &block)?;
        let head: Self = json::parse(block.body)?;
        if head.entries == 0 {
            return Err(Error::new(ErrorKind::BadManifest, "a log has at least one entry"));
        }
        trust.speaks_for(&signers, &head.publisher)?;
        if head.time > now.plus(CLOCK_SKEW) {
            return Err(ErrorKind::NotYetValid.into());
        }
        Ok(head)
    }

    /// Has a reader check that a log goes on from this head. Before its first line.
    pub fn expect(&self, reader: &mut LogReader) {
        reader.expect(self.log, self.entries, self.hash);
    }
}
