//! Blind mode: key files, requests, answers, and the state that a member keeps in between.

use std::sync::OnceLock;

use bisik::{
    BlindOptions, BlindRequest, Claim, FixedEntropy, Guard, Identifier, KeySet, Kind, Matcher, OprfKey, OprfServer,
    ParseOptions, Prepared, PublishOptions, Publisher, Timestamp, TrustStore, UnverifiedFeed,
};

use super::forge::Forger;

const BLIND_REQUEST: u8 = 9;

struct World {
    bank: KeySet,
    forger: Forger,
    server: OprfServer,
    matcher: Matcher,
    now: Timestamp,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let mut entropy = FixedEntropy::new(41);
        let centre = KeySet::generate("Centre", &mut entropy).unwrap();
        let bank = KeySet::generate("Bank", &mut entropy).unwrap();
        let now = Timestamp::from_seconds(1_800_000_000).unwrap();
        let key = OprfKey::generate(centre.signing.publisher_id(), "fuzz", 1, &mut entropy).unwrap();
        let mut options = PublishOptions::new("fuzz", now);
        options.blind = Some(key.clone());
        let mut publisher = Publisher::new(&centre.signing, options, None, &mut entropy).unwrap();
        publisher.add_raw(Kind::Domain, "evil.example", &ParseOptions::default(), Claim::default()).unwrap();
        let file = publisher.publish(&mut entropy).unwrap().open(&[]).unwrap().to_vec();
        let mut trust = TrustStore::new();
        trust.add_card(&centre.card()).unwrap();
        let feed = UnverifiedFeed::from_bytes(file).unwrap().verify(&trust, now).unwrap();
        let matcher = Matcher::new([feed], Guard::default()).unwrap();
        let forger = Forger::new(&bank.signing);
        World { bank, forger, server: OprfServer::new(key), matcher, now }
    })
}

impl World {
    /// Two names, one of which is listed, asked in one request.
    fn prepare(&self) -> Prepared {
        let names = ["evil.example", "other.example"];
        let names = names.map(|name| Identifier::parse(Kind::Domain, name, &ParseOptions::default()).unwrap());
        let entropy = &mut FixedEntropy::new(42);
        let key = &self.bank.signing.key;
        self.matcher.prepare(&names, key, &BlindOptions::default(), self.now, entropy).unwrap()
    }

    fn read(&self, request: &[u8]) -> bisik::Result<(BlindRequest, usize)> {
        let key = self.bank.signing.key.verifying_key();
        BlindRequest::read(request, &|id| (*id == key.key_id()).then_some(key))
    }

    fn answer(&self) -> Vec<u8> {
        let prepared = self.prepare();
        let (request, _) = self.read(&prepared.requests()[0].bytes).unwrap();
        self.server.blind_evaluate(&request, &mut FixedEntropy::new(43)).unwrap()
    }
}

/// An OPRF key file.
pub fn oprf_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = OprfKey::parse(text) {
        let again = OprfKey::parse(&key.to_text()).unwrap();
        assert_eq!((again.public_key(), again.feed(), again.limit()), (key.public_key(), key.feed(), key.limit()));
        assert!(!format!("{key:?}").contains("BISIK-OPRF-KEY-"));
    }
}

/// A request as it comes from the network, and the same bytes as the body of one that its client signed.
pub fn blind_request(data: &[u8]) {
    let world = world();
    if let Ok((_, length)) = world.read(data) {
        let signed = world.prepare();
        assert!(data[..length] == signed.requests()[0].bytes, "a request is taken that nobody signed");
    }
    if data.is_empty() || data.len() > 1 << 16 {
        return;
    }
    let block = world.forger.block(BLIND_REQUEST, BLIND_REQUEST, data, None);
    if let Ok((request, length)) = world.read(&block) {
        assert_eq!(length, block.len());
        if let Ok(answer) = world.server.blind_evaluate(&request, &mut FixedEntropy::new(44)) {
            assert_eq!((request.feed(), request.epoch()), ("fuzz", 1));
            assert!(answer.len() as u64 > 32 * request.count());
        }
    }
}

/// Answers to a request: only the server's own are believed.
pub fn blind_answer(data: &[u8]) {
    let world = world();
    if let Ok(report) = world.matcher.finish(world.prepare(), &[data], world.now) {
        assert_eq!(report.hits.len(), 1);
        let answer = world.answer();
        // Proofs of one statement differ in their randomness; what they prove does not.
        let proven = |answer: &[u8]| [&answer[..94], &answer[158..]].concat();
        assert!(data.chunks(answer.len()).any(|part| proven(part) == proven(&answer)), "an answer is believed");
    }
}

/// The state between request and answer.
pub fn blind_state(data: &[u8]) {
    let world = world();
    if let Ok(prepared) = Prepared::from_bytes(data, &world.matcher) {
        let again = prepared.to_bytes();
        let read = Prepared::from_bytes(&again, &world.matcher).unwrap();
        assert_eq!(read.to_bytes(), again);
        let _ = world.matcher.finish(prepared, &[world.answer()], world.now);
    }
}

/// Seeds by target.
pub fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let world = world();
    let prepared = world.prepare();
    let request = prepared.requests()[0].bytes.clone();
    let body = request[60..request.len() - 99].to_vec();
    vec![
        ("oprf_key", vec![world.server.key().to_text().as_bytes().to_vec()]),
        ("blind_request", vec![request, body]),
        ("blind_answer", vec![world.answer(), [world.answer(), world.answer()].concat()]),
        ("blind_state", vec![prepared.to_bytes().to_vec()]),
    ]
}
