//! Files: feeds open and sealed, manifests, filters, claims, and the texts of keys.

use std::sync::{Arc, OnceLock};

use bisik::{
    Card, Claim, Error, Executor, Feed, FixedEntropy, Guard, Identifier, KeySet, Kind, LocalKey, Matcher, ParseOptions,
    PreparedFeed, PublishOptions, Publisher, Recipient, RecipientSecret, RecordState, SetChoice, SigningFile,
    Timestamp, TrustStore, UnverifiedDelta, UnverifiedFeed,
};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

use super::envelope;
use super::forge::{Forger, LooseDelta, Parts, padded, prepared_seal, reseal};

const LIMIT: u64 = 1 << 22;
pub const NOW: u64 = 1_800_000_000;
const SETS: [(SetChoice, bool); 4] =
    [(SetChoice::Tokens, false), (SetChoice::Tokens, true), (SetChoice::Bloom, false), (SetChoice::Fuse, false)];

/// A publisher who signs everything, a member, and one small feed of each form.
pub struct World {
    centre: KeySet,
    member: KeySet,
    forger: Forger,
    trust: TrustStore,
    now: Timestamp,
    /// By the places of `SETS`.
    pub feeds: Vec<Vec<u8>>,
    /// The same feeds, sealed to the member.
    pub sealed: Vec<Vec<u8>>,
    /// Two versions with records and the delta between them.
    pub life: [Vec<u8>; 3],
}

/// The one world of this process.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let mut entropy = FixedEntropy::new(31);
        let centre = KeySet::generate("Centre", &mut entropy).unwrap();
        let member = KeySet::generate("Member", &mut entropy).unwrap();
        let mut trust = TrustStore::new();
        trust.add_card(&centre.card()).unwrap();
        let forger = Forger::new(&centre.signing);
        let now = Timestamp::from_seconds(NOW).unwrap();
        let life = Default::default();
        let mut world = World { centre, member, forger, trust, now, feeds: Vec::new(), sealed: Vec::new(), life };
        for (set, records) in SETS {
            let (open, sealed) = world.publish(set, records, &Claim { confidence: Some(50), ..Claim::default() });
            world.feeds.push(open);
            world.sealed.push(sealed);
        }
        world.life = world.two_versions();
        world
    })
}

impl World {
    pub fn trust(&self) -> &TrustStore {
        &self.trust
    }

    pub fn forger(&self) -> &Forger {
        &self.forger
    }

    fn publish(&self, set: SetChoice, records: bool, claim: &Claim) -> (Vec<u8>, Vec<u8>) {
        let mut entropy = FixedEntropy::new(32);
        let mut options = PublishOptions::new("fuzz", self.now);
        options.set = set;
        options.records = records;
        options.rate = 10_000_000_000_000;
        let mut publisher = Publisher::new(&self.centre.signing, options, None, &mut entropy).unwrap();
        publisher.add_raw(Kind::Domain, "evil.example", &ParseOptions::default(), claim.clone()).unwrap();
        let publication = publisher.publish(&mut entropy).unwrap();
        let mut sealed = Vec::new();
        publication.seal(&self.member.card().recipients, &mut entropy, &mut sealed).unwrap();
        (publication.open(&[]).unwrap().to_vec(), sealed)
    }

    fn two_versions(&self) -> [Vec<u8>; 3] {
        let version = |previous: Option<&Feed>, names: &[(&str, u8)]| {
            let mut entropy = FixedEntropy::new(33);
            let mut options = PublishOptions::new("fuzz", self.now);
            options.records = true;
            let mut publisher = Publisher::new(&self.centre.signing, options, previous, &mut entropy).unwrap();
            for (name, confidence) in names {
                let claim = Claim { confidence: Some(*confidence), ..Claim::default() };
                publisher.add_raw(Kind::Domain, name, &ParseOptions::default(), claim).unwrap();
            }
            let publication = publisher.publish(&mut entropy).unwrap();
            let delta = previous.map(|previous| publication.delta(previous).unwrap().open(&[]).unwrap().to_vec());
            (publication.open(&[]).unwrap().to_vec(), delta.unwrap_or_default())
        };
        let (first, _) = version(None, &[("a.example", 1), ("b.example", 1), ("evil.example", 1)]);
        let base = self.verify(first.clone()).unwrap();
        let (second, delta) = version(Some(&base), &[("a.example", 1), ("c.example", 1), ("evil.example", 2)]);
        [first, second, delta]
    }

    fn verify(&self, file: Vec<u8>) -> bisik::Result<Feed> {
        UnverifiedFeed::from_bytes(file)?.verify(&self.trust, self.now)
    }
}

/// Looks a few things up, one of which an honest feed lists.
fn look_up(world: &World, feed: Feed) -> Vec<bisik::Hit> {
    let _ = (feed.exposure(), feed.learners(), format!("{feed:?}"));
    let matcher = Matcher::new(vec![feed], Guard::default()).unwrap();
    let seen = ["evil.example", "www.evil.example", "other.example"];
    let seen = seen.map(|name| Identifier::parse(Kind::Domain, name, &ParseOptions::default()).unwrap());
    matcher.match_batch(&seen, world.now).unwrap().hits
}

/// The key with which prepared feeds are sealed here.
fn local() -> LocalKey {
    LocalKey::generate(&mut FixedEntropy::new(34)).unwrap()
}

/// The bytes of a prepared feed: as they are; with a good seal; and as what lies behind the seal of an honest one. What was changed is
/// refused, or found by the check, and looking up never fails.
pub fn prepared(data: &[u8]) {
    let (world, key) = (world(), local());
    let secrets = [RecipientSecret::from_text(&world.member.recipient.to_text()).unwrap()];
    let take = |file: &[u8]| PreparedFeed::from_bytes(file.to_vec(), &key, &secrets);
    let honest = || prepared_feeds();
    if let Ok(prepared) = take(data) {
        let same =
            |file: &Vec<u8>| file[..prepared_seal(file).unwrap().end] == data[..prepared_seal(data).unwrap().end];
        let known = honest().into_iter().find(same).expect("a seal that nobody made");
        assert_eq!(prepared.check().is_ok(), known == data);
    }
    let mut sealed = data.to_vec();
    reseal(&mut sealed, &key);
    if let Ok(prepared) = take(&sealed) {
        let whole = prepared.check().is_ok();
        if let Ok(feed) = prepared.verify(&world.trust, world.now) {
            let digest = *feed.digest();
            let one = |file: &Vec<u8>| *take(file).unwrap().digest() == digest;
            assert!(honest().iter().any(one), "nobody signed this");
            let bytes = feed.bytes().to_vec();
            // The sections are those that were signed, unless they were changed after the check.
            assert!(!whole || UnverifiedFeed::from_bytes(bytes).unwrap().verify(&world.trust, world.now).is_ok());
            look_up(world, feed);
        }
    }
    for mut file in honest() {
        let behind = prepared_seal(&file).unwrap().end;
        for (byte, change) in file[behind..].iter_mut().rev().zip(data.iter().rev()) {
            *byte ^= change;
        }
        let prepared = take(&file).unwrap();
        let untouched = data.iter().rev().take(file.len() - behind).all(|&byte| byte == 0);
        assert_eq!(prepared.check().is_ok(), untouched);
        look_up(world, prepared.verify(&world.trust, world.now).unwrap());
    }
}

/// Each feed of the world, prepared: open, then sealed.
fn prepared_feeds() -> Vec<Vec<u8>> {
    static PREPARED: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let make = || {
        let world = world();
        let secrets = [RecipientSecret::from_text(&world.member.recipient.to_text()).unwrap()];
        let files = world.feeds.iter().chain(&world.sealed);
        files
            .map(|file| {
                let feed = UnverifiedFeed::read(file.as_slice(), &secrets, LIMIT).unwrap();
                let feed = feed.verify(&world.trust, world.now).unwrap();
                let mut out = Vec::new();
                feed.prepare(&local(), &mut FixedEntropy::new(35), &mut out).unwrap();
                out
            })
            .collect()
    };
    PREPARED.get_or_init(make).clone()
}

/// The bytes of an open feed. Only what the centre signed verifies.
pub fn feed_open(data: &[u8]) {
    let world = world();
    let Ok(feed) = UnverifiedFeed::from_bytes(data.to_vec()) else {
        assert!(UnverifiedFeed::read(data, &[], LIMIT).is_err());
        return;
    };
    assert_eq!(feed.outline().file_length, data.len() as u64);
    let _ = feed.manifest_unverified();
    if data.len() as u64 <= LIMIT {
        assert_eq!(UnverifiedFeed::read(data, &[], LIMIT).unwrap().outline(), feed.outline());
    }
    if let Ok(feed) = feed.verify(&world.trust, world.now) {
        assert!(world.feeds.iter().any(|signed| signed == data), "a feed verifies that nobody signed");
        look_up(world, feed);
    }
}

/// The bytes of a feed, open or sealed, as they come from a file.
pub fn feed_read(data: &[u8]) {
    let world = world();
    let secrets = std::slice::from_ref(&world.member.recipient);
    let read = UnverifiedFeed::read(data, secrets, LIMIT);
    let wide = UnverifiedFeed::read_with(data, secrets, LIMIT, Arc::new(Backwards));
    let said = |read: &Result<UnverifiedFeed, Error>| match read {
        Ok(feed) => Ok(feed.outline().clone()),
        Err(error) => Err((error.kind(), error.position(), error.message())),
    };
    assert_eq!(said(&read), said(&wide), "chunks side by side are not chunks one after the other");
    let Ok(feed) = read else { return };
    let sealed = feed.outline().sealed;
    if let Ok(feed) = feed.verify(&world.trust, world.now) {
        assert!(world.feeds.iter().any(|signed| signed == feed.bytes()), "a feed verifies that nobody signed");
        assert!(!sealed || feed.sealed());
        look_up(world, feed);
    }
}

/// Several pieces at a time, as far as the library can tell; from the last to the first.
struct Backwards;

impl Executor for Backwards {
    fn width(&self) -> usize {
        2
    }

    fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).rev().for_each(work);
    }
}

/// The bytes of an open delta. Only what the centre signed verifies.
pub fn delta_open(data: &[u8]) {
    let world = world();
    let Ok(delta) = UnverifiedDelta::from_bytes(data.to_vec()) else { return };
    if let Ok(delta) = delta.verify(&world.trust, world.now) {
        assert!(world.life[2] == data, "a delta verifies that nobody signed");
        assert!(delta.base().0 < delta.manifest().version);
    }
}

/// What a publisher could sign as a delta: positions removed, tokens added, their records, positions changed, theirs and
/// sections whole, each after LE16 length. Whatever comes of applying it to the base, only the snapshot verifies.
pub fn delta_apply(data: &[u8]) {
    let world = world();
    let [base, snapshot, delta] = &world.life;
    let mut loose = LooseDelta::of(delta);
    let mut rest = data;
    for part in &mut loose.parts[1..] {
        let Some((length, more)) = rest.split_first_chunk::<2>() else { return };
        let length = usize::from(u16::from_le_bytes(*length)).min(more.len());
        let (content, more) = more.split_at(length);
        *part = content.to_vec();
        rest = more;
    }
    if loose.parts.iter().map(Vec::len).sum::<usize>() > 60_000 {
        return;
    }
    let Ok(delta) = UnverifiedDelta::from_bytes(loose.signed(&world.forger)) else { return };
    let Ok(delta) = delta.verify(&world.trust, world.now) else { return };
    let base = world.verify(base.clone()).unwrap();
    let Ok(result) = delta.apply(&base, LIMIT) else { return };
    assert_eq!(result.outline().file_length, snapshot.len() as u64);
    if let Ok(feed) = result.verify(&world.trust, world.now) {
        assert_eq!(feed.bytes(), snapshot, "a delta makes another feed than the one that was signed");
    }
}

/// The bytes of a manifest that is signed whatever it says.
pub fn manifest_json(data: &[u8]) {
    let world = world();
    if data.is_empty() || data.len() > 1 << 16 {
        return;
    }
    let file = |body: &[u8]| world.forger.file(body, &[], padded(28 + 32 + body.len() as u64 + 99));
    let first = UnverifiedFeed::from_bytes(file(data)).unwrap().manifest_unverified();
    if let Ok(manifest) = &first {
        let written = manifest.to_json();
        let second = UnverifiedFeed::from_bytes(file(written.as_bytes())).unwrap().manifest_unverified().unwrap();
        assert_eq!(&second, manifest, "written and read again it is another manifest");
        assert_eq!(second.to_json(), written);
    }
    let verified = world.verify(file(data));
    assert!(verified.is_err() || first.is_ok());
}

/// A filter's description and bits under a valid signature: set, two numbers, rate, count, then the bits. An honest rate is
/// asked for with 0.
pub fn filter(data: &[u8]) {
    let world = world();
    let Some((head, bits)) = data.split_first_chunk::<26>() else { return };
    let place = 2 + usize::from(head[0] & 1);
    let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap()) & ((1 << 53) - 1);
    let mut parts = Parts::of(&world.feeds[place]);
    let set = &mut parts.manifest["set"];
    if place == 2 {
        set["bits"] = number(2).into();
        set["hashes"] = head[1].into();
    } else {
        set["width"] = head[1].into();
        set["segment_length"] = (number(2) & 0xffff_ffff).into();
        set["segment_count"] = (number(2) >> 32).into();
    }
    if number(10) > 0 {
        set["rate"] = number(10).into();
    }
    let count = number(18);
    parts.manifest["count"] = count.into();
    parts.manifest["kinds"][0]["count"] = count.into();
    *parts.section(if place == 2 { 3 } else { 4 }) = bits.to_vec();
    if let Ok(feed) = world.verify(world.forger.feed(&parts)) {
        assert_eq!(feed.manifest().count, count);
        look_up(world, feed);
    }
}

/// The plaintext of a record, sealed as a publisher would: what opens is a valid claim and is written as it was read.
pub fn claim(data: &[u8]) {
    let world = world();
    let mut parts = Parts::of(&world.feeds[1]);
    let Some(size) = [128_usize, 256, 512, 1024, 2048, 4096].into_iter().find(|size| size - 66 >= data.len()) else {
        return;
    };
    let feed_key = parts.section(1).clone();
    let token = parts.section(2).clone();
    let mut ids = Vec::new();
    for part in [world.forger.key_id().as_slice(), b"fuzz"] {
        ids.extend_from_slice(&(part.len() as u32).to_le_bytes());
        ids.extend_from_slice(part);
    }
    ids.extend_from_slice(&1_u32.to_le_bytes());
    let key = blake3::derive_key("bisik 2026 v1 token key", &[feed_key, ids.clone()].concat());
    let mut frame = vec![Kind::Domain.form_version(), Kind::Domain.number(), 0, 12];
    frame.extend_from_slice(b"evil.example");
    frame.resize(64, 0);
    let digest = blake3::keyed_hash(&key, &frame);
    assert_eq!(digest.as_bytes()[..16], token, "the format's text and the library differ");
    let salt = [7; 16];
    let mut hasher = blake3::Hasher::new_derive_key("bisik 2026 v1 record");
    for part in [&digest.as_bytes()[16..], &salt, &token, &ids] {
        hasher.update(part);
    }
    let mut okm = [0; 64];
    hasher.finalize_xof().fill(&mut okm);
    let mut text = (data.len() as u16).to_le_bytes().to_vec();
    text.extend_from_slice(data);
    text.resize(size - 64, 0);
    let key: [u8; 32] = okm[..32].try_into().unwrap();
    let cipher = ChaCha20Poly1305::new((&key).into());
    let tag = cipher.encrypt_inout_detached(&Nonce::default(), b"", text.as_mut_slice().into()).unwrap();
    *parts.section(5) = [&salt, &okm[32..], &text, &tag].concat();
    parts.manifest["record_size"] = size.into();
    let feed = world.verify(world.forger.feed(&parts)).unwrap();
    for hit in look_up(world, feed) {
        match hit.record {
            RecordState::Opened(claim) => {
                claim.check().expect("what opens is a valid claim");
                let (again, _) = world.publish(SetChoice::Tokens, true, &claim);
                let hits = look_up(world, world.verify(again).unwrap());
                assert!(matches!(&hits[0].record, RecordState::Opened(same) if *same == claim));
            }
            RecordState::Unreadable => {}
            state => panic!("a feed with records and {state:?}"),
        }
    }
}

/// The body of a seal statement, signed, before a genuine feed, in an envelope to the member.
pub fn seal_statement(data: &[u8]) {
    let world = world();
    if data.len() > 1 << 16 {
        return;
    }
    let statement = world.forger.block(3, 3, data, None);
    let inner = [statement.as_slice(), &world.feeds[0]].concat();
    let sealed = envelope::seal(&inner, &[world.member.recipient.recipient()]);
    let secrets = std::slice::from_ref(&world.member.recipient);
    let Ok(feed) = UnverifiedFeed::read(sealed.as_slice(), secrets, LIMIT) else { return };
    if let Ok(feed) = feed.verify(&world.trust, world.now) {
        assert_eq!(&data[..32], feed.digest(), "a statement of another feed was taken");
    }
}

/// A public card.
pub fn card(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(card) = Card::parse(text) {
        assert_eq!(Card::parse(&card.to_text()).unwrap(), card);
        assert!(card.publisher_id().is_some());
        let mut trust = TrustStore::new();
        trust.add_card(&card).unwrap();
        trust.add_card(&card).expect("the same card again is no fault");
    }
}

/// A signing file.
pub fn signing_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(file) = SigningFile::parse(text) {
        let again = SigningFile::parse(&file.to_text()).unwrap();
        assert_eq!(again.card(), file.card());
        assert_eq!(Card::parse(&file.card().to_text()).unwrap(), file.card());
        assert!(!format!("{file:?}").contains("BISIK-SIGNING-KEY-"));
    }
}

/// Lists of recipients and of identities.
pub fn recipients(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for recipient in Recipient::parse_list(text).unwrap_or_default() {
        assert_eq!(recipient.to_string().parse::<Recipient>().unwrap(), recipient);
    }
    for secret in RecipientSecret::parse_list(text).unwrap_or_default() {
        let again = RecipientSecret::from_text(&secret.to_text()).unwrap();
        assert_eq!(again.recipient(), secret.recipient());
        assert!(!format!("{secret:?}").contains("AGE-SECRET-KEY-"));
    }
}

/// Seeds that are made from the world's feeds, by target.
pub fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let world = world();
    let body = |block: &[u8]| {
        let length = u32::from_le_bytes(block[44..48].try_into().unwrap()) as usize;
        block[60..60 + length].to_vec()
    };
    let manifests = world.feeds.iter().map(|feed| body(feed)).collect();
    let filters = [2_usize, 3].map(|place| {
        let mut parts = Parts::of(&world.feeds[place]);
        let set = parts.manifest["set"].clone();
        let number = |name: &str| set[name].as_u64().unwrap_or_default();
        let (byte, numbers) = if place == 2 {
            (number("hashes"), number("bits"))
        } else {
            (number("width"), number("segment_length") | (number("segment_count") << 32))
        };
        let mut seed = vec![(place - 2) as u8, byte as u8];
        for value in [numbers, 0, 1] {
            seed.extend_from_slice(&value.to_le_bytes());
        }
        seed.extend_from_slice(parts.section(if place == 2 { 3 } else { 4 }));
        seed
    });
    let fields: [&[(u8, &[u8])]; 4] = [
        &[],
        &[(1, b"phishing"), (2, &[80]), (6, b"case 7"), (7, "ภัย".as_bytes())],
        &[(3, &NOW.to_le_bytes()), (4, &NOW.to_le_bytes()), (5, &(NOW + 9).to_le_bytes())],
        &[(2, &[101]), (200, b"skipped")],
    ];
    let claims = fields.map(|fields| {
        let field =
            |(tag, value): &(u8, &[u8])| [&[*tag], (value.len() as u16).to_le_bytes().as_slice(), value].concat();
        fields.iter().flat_map(field).collect()
    });
    let member = world.member.recipient.recipient().to_string();
    let statements = [vec![member.as_str()], vec!["age1other"], vec![member.as_str(), "age1other"]];
    let statements = statements.map(|to| body(&world.forger.statement(&world.feeds[0], NOW, &to)));
    let parts = |parts: &[Vec<u8>]| {
        let part = |part: &Vec<u8>| [(part.len() as u16).to_le_bytes().as_slice(), part].concat();
        parts[1..].iter().flat_map(part).collect::<Vec<u8>>()
    };
    let honest = LooseDelta::of(&world.life[2]);
    let mut swapped = LooseDelta::of(&world.life[2]);
    swapped.parts[1] = swapped.parts[4].clone();
    vec![
        ("delta_open", vec![world.life[2].clone()]),
        ("delta_apply", vec![parts(&honest.parts), parts(&swapped.parts), vec![0; 12]]),
        ("manifest_json", manifests),
        ("prepared", prepared_feeds()),
        ("filter", filters.to_vec()),
        ("claim", claims.to_vec()),
        ("seal_statement", statements.to_vec()),
        ("signing_file", vec![world.centre.signing.to_text().as_bytes().to_vec()]),
    ]
}
