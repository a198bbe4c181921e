//! The seal statement: who a sealed feed was addressed to (`docs/format.md` §8).
//!
//! ```text
//! file = age(statement ‖ feed)
//! body = feed digest (32) ‖ LE64 time ‖ salt (32) ‖ LE32 n ‖ n tags (16 each, rising)
//! tag  = derive_key("bisik 2026 v1 recipient", salt ‖ LP(recipient text))[0..16]
//! ```
//!
//! The signature binds the recipients to the feed, so a member cannot pass a sealed file on as if the publisher had
//! addressed it to somebody else (Davis, "Defective Sign & Encrypt", USENIX 2001).

use std::io::Write;

use crate::codec::bytes::{Reader, put_lp};
use crate::container::{self, SignedBlock};
use crate::crypto::age::{Recipient, Sealer};
use crate::crypto::mac::{context, derive};
use crate::crypto::sign::{SignedType, SigningKey};
use crate::entropy::Entropy;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::same;
use crate::time::Timestamp;
use crate::token::token;

/// The most recipients that a file can have.
pub(crate) const MAX_RECIPIENTS: usize = 1_024;
type Tag = [u8; 16];

/// What a seal statement says.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) feed: [u8; 32],
    pub(crate) time: Timestamp,
    salt: [u8; 32],
    tags: Vec<Tag>,
}

impl Statement {
    pub(crate) fn parse(block: &SignedBlock<'_>) -> Result<Self> {
        if block.head.total_length != block.head.block_length() as u64 {
            return Err(Error::new(ErrorKind::Malformed, "the seal statement's length does not add up"));
        }
        let mut reader = Reader::new(block.body);
        let feed = reader.array()?;
        let time = Timestamp::from_seconds(reader.u64()?)?;
        let salt = reader.array()?;
        let count = reader.u32()? as usize;
        if !count.is_power_of_two() || count > MAX_RECIPIENTS {
            return Err(reader.error(ErrorKind::Malformed));
        }
        let tags = reader.take(count * size_of::<Tag>())?.as_chunks().0.to_vec();
        reader.finish()?;
        if tags.windows(2).any(|pair| matches!(pair, [a, b] if a >= b)) {
            return Err(Error::new(ErrorKind::NotSorted, "the recipients' tags are not in rising order"));
        }
        Ok(Self { feed, time, salt, tags })
    }

    /// Whether the publisher addressed the file to this recipient.
    pub(crate) fn names(&self, recipient: &Recipient) -> bool {
        let wanted = tag(&self.salt, recipient);
        self.tags.iter().any(|tag| same(tag, &wanted))
    }

    fn body(feed: &[u8; 32], now: Timestamp, recipients: &[Recipient], entropy: &mut dyn Entropy) -> Result<Vec<u8>> {
        let mut salt = [0; 32];
        entropy.fill(&mut salt)?;
        let mut tags: Vec<Tag> = recipients.iter().map(|recipient| tag(&salt, recipient)).collect();
        tags.resize(recipients.len().next_power_of_two(), Tag::default());
        for filler in tags.iter_mut().skip(recipients.len()) {
            entropy.fill(filler)?;
        }
        tags.sort_unstable();
        let mut body = Vec::with_capacity(76 + tags.as_flattened().len());
        body.extend_from_slice(feed);
        body.extend_from_slice(&now.seconds().to_le_bytes());
        body.extend_from_slice(&salt);
        body.extend_from_slice(&u32::try_from(tags.len()).unwrap_or(u32::MAX).to_le_bytes());
        body.extend_from_slice(tags.as_flattened());
        Ok(body)
    }
}

fn tag(salt: &[u8; 32], recipient: &Recipient) -> Tag {
    let mut text = Vec::with_capacity(72);
    put_lp(&mut text, recipient.to_string().as_bytes());
    token(&derive(&context::RECIPIENT, &[salt, &text]))
}

/// Seals a feed to recipients, writing as it goes.
pub(crate) fn seal(
    feed: &[u8],
    digest: &[u8; 32],
    key: &SigningKey,
    recipients: &[Recipient],
    now: Timestamp,
    entropy: &mut dyn Entropy,
    out: &mut dyn Write,
) -> Result<()> {
    let mut envelope = Envelope::begin(digest, key, recipients, now, entropy, out)?;
    for piece in feed.chunks(1 << 20) {
        envelope.push(piece)?;
    }
    envelope.finish()
}

/// A sealed feed that is being written.
pub(crate) struct Envelope<'o> {
    sealer: Sealer,
    sealed: Vec<u8>,
    out: &'o mut dyn Write,
}

impl<'o> Envelope<'o> {
    /// Writes the header and the seal statement of the feed that has this digest.
    pub(crate) fn begin(
        digest: &[u8; 32],
        key: &SigningKey,
        recipients: &[Recipient],
        now: Timestamp,
        entropy: &mut dyn Entropy,
        out: &'o mut dyn Write,
    ) -> Result<Self> {
        let mut recipients = recipients.to_vec();
        recipients.sort_unstable();
        recipients.dedup();
        if recipients.is_empty() || recipients.len() > MAX_RECIPIENTS {
            return Err(Error::new(ErrorKind::TooManyRecipients, "a sealed feed has 1 to 1,024 recipients"));
        }
        let statement = container::write_block(
            SignedType::SealStatement,
            &Statement::body(digest, now, &recipients, entropy)?,
            None,
            key,
        );
        let (sealer, sealed) = Sealer::new(&recipients, entropy)?;
        let mut envelope = Self { sealer, sealed, out };
        envelope.push(&statement)?;
        Ok(envelope)
    }

    /// The next piece of the feed.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<()> {
        self.sealer.push(piece, &mut self.sealed)?;
        self.out.write_all(&self.sealed).map_err(written)?;
        self.sealed.clear();
        Ok(())
    }

    /// Writes the last chunk.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.sealer.finish(&mut self.sealed)?;
        self.out.write_all(&self.sealed).map_err(written)
    }
}

fn written(error: std::io::Error) -> Error {
    Error::from(ErrorKind::Io).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::age::RecipientSecret;
    use crate::entropy::FixedEntropy;

    #[test]
    fn a_statement_names_its_recipients_and_hides_how_many() {
        let mut entropy = FixedEntropy::new(1);
        let recipients: Vec<_> =
            (0..5).map(|_| RecipientSecret::generate(&mut entropy).unwrap().recipient().clone()).collect();
        let key = SigningKey::generate(&mut entropy).unwrap();
        let now = Timestamp::from_seconds(1_000).unwrap();
        let body = Statement::body(&[1; 32], now, &recipients[..3], &mut entropy).unwrap();
        let bytes = container::write_block(SignedType::SealStatement, &body, None, &key);
        let statement = Statement::parse(&SignedBlock::read(&bytes).unwrap()).unwrap();
        assert_eq!((statement.feed, statement.time, statement.tags.len()), ([1; 32], now, 4));
        assert!(recipients[..3].iter().all(|recipient| statement.names(recipient)));
        assert!(!recipients[3..].iter().any(|recipient| statement.names(recipient)));
    }

    /// A disk that takes so many writes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or_else(|| std::io::Error::other("full"))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn sealed(recipients: &[Recipient], out: &mut dyn Write) -> Result<()> {
        let mut entropy = FixedEntropy::new(2);
        let key = SigningKey::generate(&mut entropy).unwrap();
        seal(&[0; 10], &[1; 32], &key, recipients, Timestamp::from_seconds(1).unwrap(), &mut entropy, out)
    }

    #[test]
    fn a_file_has_one_to_1024_different_recipients() {
        let mut entropy = FixedEntropy::new(3);
        let mut recipient = || RecipientSecret::generate(&mut entropy).unwrap().recipient().clone();
        let mut many: Vec<_> = (0..MAX_RECIPIENTS).map(|_| recipient()).collect();
        many.push(many[0].clone());
        sealed(&many, &mut std::io::sink()).unwrap();
        many.push(recipient());
        for wrong in [&many[..], &[]] {
            let mut out = Vec::new();
            assert_eq!(sealed(wrong, &mut out).unwrap_err().kind(), ErrorKind::TooManyRecipients);
            assert!(out.is_empty());
        }
    }

    #[test]
    fn every_write_that_fails_is_an_error() {
        let recipient = RecipientSecret::generate(&mut FixedEntropy::new(4)).unwrap().recipient().clone();
        let with =
            |writes: usize| sealed(std::slice::from_ref(&recipient), &mut Full(writes)).map_err(|error| error.kind());
        let needed = (0..9).find(|&writes| with(writes).is_ok()).unwrap();
        assert!(needed > 1);
        for writes in 0..needed {
            assert_eq!(with(writes), Err(ErrorKind::Io), "{writes}");
        }
    }
}
