//! The server's part: evaluate what a member blinded, and prove it.

use crate::blind::key::OprfKey;
use crate::blind::message::{Answer, BlindRequest};
use crate::entropy::Entropy;
use crate::error::{ErrorKind, Result};
use crate::token::Ids;

/// Answers requests to one feed in one epoch.
///
/// It holds no state: whoever runs it checks the client, charges the [`Budget`](crate::blind::budget::Budget), counts the
/// key's evaluations and stores all that before it lets an answer out.
///
/// ```
/// use bisik::{BlindOptions, BlindRequest, Claim, FixedEntropy, Guard, Identifier, KeySet, Kind, Matcher, OprfKey};
/// use bisik::{OprfServer, ParseOptions, PublishOptions, Publisher, Timestamp, TrustStore, UnverifiedFeed};
///
/// let mut entropy = FixedEntropy::new(1); // OsEntropy outside of examples
/// let now = Timestamp::from_seconds(1_800_000_000)?;
/// let centre = KeySet::generate("Example Anti-Scam Centre", &mut entropy)?;
/// let bank = KeySet::generate("Example Bank", &mut entropy)?;
///
/// // The centre publishes blind.
/// let key = OprfKey::generate(centre.signing.publisher_id(), "mules", 1, &mut entropy)?;
/// let mut options = PublishOptions::new("mules", now);
/// options.blind = Some(key.clone());
/// let mut publisher = Publisher::new(&centre.signing, options, None, &mut entropy)?;
/// publisher.add_raw(Kind::Phone, "+6591234567", &ParseOptions::default(), Claim::default())?;
/// let file = publisher.publish(&mut entropy)?.open(&[])?.to_vec();
///
/// // The bank asks.
/// let mut trust = TrustStore::new();
/// trust.add_card(&centre.card())?;
/// let matcher = Matcher::new([UnverifiedFeed::from_bytes(file)?.verify(&trust, now)?], Guard::default())?;
/// let payee = Identifier::parse(Kind::Phone, "+6591234567", &ParseOptions::default())?;
/// let prepared = matcher.prepare(&[payee], &bank.signing.key, &BlindOptions::default(), now, &mut entropy)?;
///
/// // The server answers, over whatever carries bytes.
/// let server = OprfServer::new(key);
/// let known = bank.signing.key.verifying_key();
/// let mut answers = Vec::new();
/// for request in prepared.requests() {
///     let (request, _) = BlindRequest::read(&request.bytes, &|id| (*id == known.key_id()).then_some(known))?;
///     answers.push(server.blind_evaluate(&request, &mut entropy)?);
/// }
///
/// let report = matcher.finish(prepared, &answers, now)?;
/// assert_eq!(report.hits.len(), 1);
/// # Ok::<(), bisik::Error>(())
/// ```
#[derive(Debug)]
pub struct OprfServer {
    key: OprfKey,
    ids: Ids,
}

impl OprfServer {
    /// A server with this key.
    #[must_use]
    pub fn new(key: OprfKey) -> Self {
        let ids = key.ids();
        Self { key, ids }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &OprfKey {
        &self.key
    }

    /// The answer to a request.
    ///
    /// # Errors
    /// [`ErrorKind::WrongFeed`], [`ErrorKind::WrongEpoch`]; [`ErrorKind::BadElement`], whose position is the element's
    /// number; [`ErrorKind::NoRandomness`].
    pub fn blind_evaluate(&self, request: &BlindRequest, entropy: &mut dyn Entropy) -> Result<Vec<u8>> {
        self.check(request)?;
        let mut elements = Vec::with_capacity(request.elements().len());
        let proof = self.key.server_key().blind_evaluate(request.elements(), entropy, &mut elements)?;
        Ok(Answer::write(request, &proof, &elements))
    }

    /// Whether a request is for this feed and epoch: ask before charging for it.
    ///
    /// # Errors
    /// [`ErrorKind::WrongFeed`], [`ErrorKind::WrongEpoch`].
    pub fn check(&self, request: &BlindRequest) -> Result<()> {
        if request.publisher() != *self.key.publisher() || request.feed() != self.key.feed() {
            return Err(ErrorKind::WrongFeed.into());
        }
        if request.ids() != self.ids {
            return Err(ErrorKind::WrongEpoch.into());
        }
        Ok(())
    }
}
