//! `tests/vectors/trust.json`: what a publisher's roots sign, good and bad, in the order in which a reader's store is given it.
//!
//! ```text
//! store := the card's    for each step: update(store, statement) → its error    open(old feed), open(new feed) → their errors
//! ```

use bisik::{
    Card, Claim, Error, ErrorKind, FixedEntropy, KeyId, KeySet, Kind, ParseOptions, PublishOptions, Publisher,
    Revocation, Rotation, SigningKey, Timestamp, TrustStore, UnverifiedFeed,
};
use serde_json::{Value, json};

use super::{NOW, Result, hex, time};

/// A publisher with three roots, two of which must sign, before and after a change of its keys.
struct Publishing {
    roots: Vec<SigningKey>,
    old: KeySet,
    new: KeySet,
    id: KeyId,
}

impl Publishing {
    fn make(entropy: &mut FixedEntropy) -> Result<Self> {
        let roots = (0..3).map(|_| SigningKey::generate(entropy)).collect::<bisik::Result<Vec<_>>>()?;
        let id = roots.first().ok_or("no root")?.verifying_key().key_id();
        let mut keys = || -> Result<KeySet> {
            let mut keys = KeySet::generate("Example Anti-Scam Centre", entropy)?;
            keys.signing.publisher = Some(id);
            Ok(keys)
        };
        let (old, new) = (keys()?, keys()?);
        Ok(Self { roots, old, new, id })
    }

    fn card(&self, keys: &KeySet, roots: &[SigningKey], sequence: u64) -> Card {
        let roots = roots.iter().map(SigningKey::verifying_key).collect();
        Card { roots, threshold: 2, sequence, ..keys.card() }
    }

    /// Signed by those of the roots at the places.
    fn signers(&self, places: &[usize]) -> Vec<&SigningKey> {
        places.iter().filter_map(|&place| self.roots.get(place)).collect()
    }

    fn rotation(&self, sequence: u64, issued: u64, places: &[usize]) -> Result<Vec<u8>> {
        let card = self.card(&self.new, &self.roots, sequence);
        let rotation = Rotation { card, issued: time(issued)?, reset_versions: false };
        Ok(rotation.sign(&self.signers(places))?)
    }

    fn revocation(&self, sequence: u64, places: &[usize]) -> Result<Vec<u8>> {
        let keys = vec![self.old.signing.key.verifying_key().key_id()];
        let revocation = Revocation { publisher: self.id, sequence, issued: time(NOW)?, keys };
        Ok(revocation.sign(&self.signers(places))?)
    }
}

fn feed(keys: &KeySet, entropy: &mut FixedEntropy) -> Result<Vec<u8>> {
    let options = PublishOptions::new("domains", time(NOW)?);
    let mut publisher = Publisher::new(&keys.signing, options, None, entropy)?;
    publisher.add_raw(Kind::Domain, "login-bank.example", &ParseOptions::default(), Claim::default())?;
    Ok(publisher.publish(entropy)?.open(&[])?.to_vec())
}

fn opened(feed: &[u8], trust: &TrustStore, now: Timestamp) -> Option<ErrorKind> {
    let read = UnverifiedFeed::from_bytes(feed.to_vec()).and_then(|feed| feed.verify(trust, now));
    read.err().map(|error| error.kind())
}

/// The whole file.
pub(super) fn make() -> Result<Value> {
    let mut entropy = FixedEntropy::new(5);
    let now = time(NOW)?;
    let centre = Publishing::make(&mut entropy)?;
    let (old, new) = (feed(&centre.old, &mut entropy)?, feed(&centre.new, &mut entropy)?);
    let card = centre.card(&centre.old, &centre.roots, 0);
    let rootless = KeySet::generate("Example Bank", &mut entropy)?;
    let other_roots = (0..3).map(|_| SigningKey::generate(&mut entropy)).collect::<bisik::Result<Vec<_>>>()?;
    let to_others = Rotation { card: centre.card(&centre.new, &other_roots, 9), issued: now, reset_versions: false };
    let alone = Revocation {
        publisher: rootless.signing.publisher_id(),
        sequence: 1,
        issued: now,
        keys: vec![rootless.signing.key.verifying_key().key_id()],
    };
    let revocation = centre.revocation(1, &[0, 2])?;
    let rotation = centre.rotation(2, NOW, &[0, 1])?;
    let mut changed = rotation.clone();
    if let Some(byte) = changed.last_mut() {
        *byte ^= 1;
    }
    let own = card.to_text();
    let stranger = rootless.card().to_text();
    let alone = alone.sign(&centre.signers(&[0, 1]))?;
    let steps: [(&str, Option<&str>, Vec<u8>); 12] = [
        ("a revocation that one root of the two signed", None, centre.revocation(1, &[1])?),
        ("a rotation that one root of the two signed", None, centre.rotation(1, NOW, &[2])?),
        ("a rotation from the future", None, centre.rotation(1, NOW + 301, &[0, 1])?),
        ("the old key is revoked", None, revocation.clone()),
        ("the revocation again", None, revocation.clone()),
        ("a rotation with a byte of its last signature changed", None, changed),
        ("the new key takes its place", None, rotation.clone()),
        ("the rotation again", None, rotation.clone()),
        ("the revocation after the rotation", None, revocation),
        ("a rotation to other roots, of which none signed", None, to_others.sign(&centre.signers(&[0, 1]))?),
        ("the rotation, by a reader who missed the revocation", Some(&own), rotation),
        ("a revocation of a publisher whose roots are not known", Some(&stranger), alone),
    ];
    let mut kept = TrustStore::new();
    kept.add_card(&card)?;
    let mut rows = Vec::new();
    for (what, apart, statement) in steps {
        let mut store = match apart {
            None => kept.clone(),
            Some(card) => {
                let mut store = TrustStore::new();
                store.add_card(&Card::parse(card)?)?;
                store
            }
        };
        let error = store.update(&statement, now).err().as_ref().map(Error::kind);
        let name = |kind: Option<ErrorKind>| kind.map(ErrorKind::name);
        rows.push(json!({
            "comment": what,
            "card": apart,
            "statement": hex(&statement),
            "error": name(error),
            "old_feed": name(opened(&old, &store, now)),
            "new_feed": name(opened(&new, &store, now)),
            "sequence": store.publishers().first().map(|publisher| publisher.sequence),
        }));
        if apart.is_none() {
            kept = store;
        }
    }
    Ok(json!({
        "comment": "Rotations and revocations, and what a store knows after each; made by cargo xtask vectors, read by the tests in Rust, C and Python. A step with a card of its own begins with a store of that card alone.",
        "now": NOW,
        "card": own,
        "old_feed": hex(&old),
        "new_feed": hex(&new),
        "steps": rows,
    }))
}
