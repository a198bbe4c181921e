//! The manifest: what a publisher signs (`docs/format.md` §5.1).

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::codec::{hex, json};
use crate::crypto::age::Recipient;
use crate::crypto::oprf::{self, PublicKey};
use crate::crypto::sign::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::bloom::BloomDescriptor;
use crate::filter::fuse::FuseDescriptor;
use crate::identifier::Kind;
use crate::keyring::check_name;
use crate::payload::records;
use crate::time::{DAY, Timestamp};

/// The longest a feed may be valid, in seconds.
pub const MAX_VALIDITY: u64 = 30 * DAY;
/// The longest an epoch may last, in seconds.
pub const MAX_EPOCH: u64 = 90 * DAY;
const MAX_PURPOSE: usize = 1_024;
const MAX_CONTACT: usize = 256;
const MAX_FEED_ID: usize = 64;
const MAX_SECTIONS: usize = 64;

/// The types of sections.
pub(crate) mod section {
    pub(crate) const FEED_KEY: u16 = 1;
    pub(crate) const TOKENS: u16 = 2;
    pub(crate) const BLOOM: u16 = 3;
    pub(crate) const FUSE: u16 = 4;
    pub(crate) const RECORDS: u16 = 5;
    pub(crate) const RETRACTIONS: u16 = 6;
    pub(crate) const PAD: u16 = 255;
    /// What this program knows, and whether each is required.
    const KNOWN: [(u16, bool); 7] = [
        (FEED_KEY, true),
        (TOKENS, true),
        (BLOOM, true),
        (FUSE, true),
        (RECORDS, false),
        (RETRACTIONS, false),
        (PAD, true),
    ];

    /// Whether a section of a known type is required; `None` for unknown types.
    pub(crate) fn required(section_type: u16) -> Option<bool> {
        KNOWN.into_iter().find(|(known, _)| *known == section_type).map(|(_, required)| required)
    }
}

/// What a feed says of itself, under the publisher's signature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manifest {
    /// The publisher id.
    #[serde(with = "key_id")]
    pub publisher: KeyId,
    /// What the publisher calls itself; the trust store's name is the one to show.
    pub name: String,
    /// The feed id.
    pub feed: String,
    /// The epoch, from 1: one feed key.
    pub epoch: u32,
    /// When the epoch began.
    pub epoch_start: Timestamp,
    /// The version, from 1.
    pub version: u64,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// Where to turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// How tokens are made.
    pub tokens: TokenScheme,
    /// How the set is stored.
    pub set: SetDescriptor,
    /// How many entries there are.
    pub count: u64,
    /// The length of a record in bytes; 0 without records.
    pub record_size: u32,
    /// The kinds, with counts and versions of form and data, by rising number.
    pub kinds: Vec<KindCount>,
    /// Who it may be shared with.
    pub tlp: Tlp,
    /// What it may be used for.
    pub purpose: String,
    /// The feed digest of the version before.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex::optional")]
    pub previous: Option<[u8; 32]>,
    /// The sections in file order.
    pub sections: Vec<Section>,
    /// Extensions that a reader may ignore.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ext: BTreeMap<String, serde_json::Value>,
    /// Names in `ext` that a reader must know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub must_understand: Vec<String>,
}

/// A key id as hex in signed JSON.
pub(crate) mod key_id {
    use super::{KeyId, hex};
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(id: &KeyId, serializer: S) -> Result<S::Ok, S::Error> {
        hex::fixed::serialize(id.as_bytes(), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeyId, D::Error> {
        hex::fixed::deserialize(deserializer).map(KeyId::from_bytes)
    }
}

/// The publisher's point of contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// A person or role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where to call or write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    /// When somebody answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// The desk's `age1…` recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
}

/// How tokens are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scheme", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum TokenScheme {
    /// Under a random key that travels in the feed.
    Salted {},
    /// Through the publisher's OPRF server.
    Blind {
        /// The OPRF suite.
        suite: String,
        /// The server's public key.
        #[serde(with = "hex::fixed")]
        public_key: [u8; 32],
    },
}

/// How the set is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SetDescriptor {
    /// Exact 16-byte tokens.
    Tokens {},
    /// A classic Bloom filter (`docs/format.md` §7.1).
    Bloom {
        /// Length of the bitmap in bits.
        bits: u64,
        /// Number of positions an entry has.
        hashes: u32,
        /// Keys of the positions.
        #[serde(with = "hex::fixed")]
        seed: [u8; 32],
        /// The real rate of false positives, in units of 10^-15.
        rate: u64,
    },
    /// A binary fuse filter (`docs/format.md` §7.2).
    Fuse {
        /// Bits of a fingerprint: 8, 16 or 32.
        width: u32,
        /// The seed of the positions.
        #[serde(with = "hex::fixed")]
        seed: [u8; 8],
        /// Slots in a segment, a power of two.
        segment_length: u32,
        /// Number of segments in which a first position can lie.
        segment_count: u32,
        /// The real rate of false positives, in units of 10^-15.
        rate: u64,
    },
}

impl TokenScheme {
    /// The scheme of a blind feed with this public key.
    pub(crate) fn blind(public_key: [u8; 32]) -> Self {
        Self::Blind { suite: oprf::SUITE.to_owned(), public_key }
    }

    /// Its name in the manifest.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Salted {} => "salted",
            Self::Blind { .. } => "blind",
        }
    }
}

impl SetDescriptor {
    /// The rate of false positives in units of 10^-15; 0 for an exact set.
    #[must_use]
    pub const fn rate(&self) -> u64 {
        match self {
            Self::Tokens {} => 0,
            Self::Bloom { rate, .. } | Self::Fuse { rate, .. } => *rate,
        }
    }

    /// Its name in the manifest.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Tokens {} => "tokens",
            Self::Bloom { .. } => "bloom",
            Self::Fuse { .. } => "fuse",
        }
    }

    pub(crate) const fn bloom(descriptor: &BloomDescriptor, rate: u64) -> Self {
        Self::Bloom { bits: descriptor.bits, hashes: descriptor.hashes, seed: descriptor.seed, rate }
    }

    pub(crate) const fn fuse(descriptor: &FuseDescriptor, rate: u64) -> Self {
        Self::Fuse {
            width: descriptor.width,
            seed: descriptor.seed,
            segment_length: descriptor.segment_length,
            segment_count: descriptor.segment_count,
            rate,
        }
    }
}

/// One kind in a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindCount {
    /// The kind's number.
    pub kind: u8,
    /// The kind's name, for readers that do not know the number.
    pub name: String,
    /// The version of the canonical form.
    pub form: u8,
    /// The version of the data behind the form, for instance of phone metadata; empty if there is none.
    pub data: String,
    /// How many entries are of this kind.
    pub count: u64,
}

impl KindCount {
    pub(crate) fn new(kind: Kind, count: u64) -> Self {
        Self {
            kind: kind.number(),
            name: kind.name().to_owned(),
            form: kind.form_version(),
            data: kind.data_version().to_owned(),
            count,
        }
    }
}

/// The Traffic Light Protocol 2.0 of FIRST: who a feed may be shared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tlp {
    /// No limit.
    #[serde(rename = "clear")]
    Clear,
    /// The community.
    #[serde(rename = "green")]
    Green,
    /// The recipients' organisations and their clients.
    #[default]
    #[serde(rename = "amber")]
    Amber,
    /// The recipients' organisations.
    #[serde(rename = "amber+strict")]
    AmberStrict,
    /// The named recipients.
    #[serde(rename = "red")]
    Red,
}

impl Tlp {
    /// The label in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Green => "green",
            Self::Amber => "amber",
            Self::AmberStrict => "amber+strict",
            Self::Red => "red",
        }
    }
}

impl FromStr for Tlp {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red]
            .into_iter()
            .find(|tlp| tlp.name() == name)
            .ok_or_else(|| Error::new(ErrorKind::InvalidName, "TLP is clear, green, amber, amber+strict or red"))
    }
}

/// One section of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// What it holds.
    #[serde(rename = "type")]
    pub section_type: u16,
    /// Whether a reader that does not know the type must refuse the feed.
    pub required: bool,
    /// Its length in bytes.
    pub length: u64,
    /// BLAKE3 of its bytes.
    #[serde(with = "hex::fixed")]
    pub blake3: [u8; 32],
}

impl Manifest {
    /// Reads a manifest and checks everything that it can check by itself.
    pub(crate) fn parse(body: &[u8]) -> Result<Self> {
        let manifest: Self = json::parse(body)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The manifest as it is signed: names in a fixed order, no white space.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The entry of a kind, if the feed has one.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> Option<&KindCount> {
        self.kinds.iter().find(|entry| entry.kind == kind.number())
    }

    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |message| Err(Error::new(ErrorKind::BadManifest, message));
        check_name(&self.name)?;
        check_feed_id(&self.feed)?;
        if self.epoch == 0 || self.version == 0 || self.version > json::MAX_INTEGER {
            return wrong("epoch and version begin at 1 and version ends at 2^53 - 1");
        }
        if self.expires <= self.issued || self.expires.since(self.issued) > MAX_VALIDITY {
            return wrong("a feed expires at most 30 days after it is issued");
        }
        if self.epoch_start > self.issued || self.issued.since(self.epoch_start) > MAX_EPOCH {
            return wrong("an epoch lasts at most 90 days");
        }
        if self.purpose.chars().count() > MAX_PURPOSE || !json::is_plain_text(&self.purpose) {
            return wrong("the purpose is longer than 1,024 characters or not plain text");
        }
        if let Some(contact) = &self.contact {
            let texts = [&contact.name, &contact.desk, &contact.hours, &contact.recipient];
            if texts.into_iter().flatten().any(|text| text.chars().count() > MAX_CONTACT || !json::is_plain_text(text))
            {
                return wrong("a contact text is longer than 256 characters or not plain text");
            }
            if let Some(text) = &contact.recipient
                && let Err(error) = text.parse::<Recipient>()
                && error.kind() != ErrorKind::UnsupportedRecipient
            {
                return wrong("the contact's recipient is not an age1 text");
            }
        }
        self.check_kinds()?;
        self.check_combination()?;
        self.check_sections()?;
        if let Some(needed) = self.must_understand.first() {
            // This version knows no extension.
            return if self.ext.contains_key(needed) {
                Err(ErrorKind::MustUnderstand.into())
            } else {
                wrong("must_understand names what ext lacks")
            };
        }
        Ok(())
    }

    fn check_kinds(&self) -> Result<()> {
        let wrong = |message| Err(Error::new(ErrorKind::BadManifest, message));
        if self.kinds.windows(2).any(|pair| matches!(pair, [a, b] if a.kind >= b.kind)) {
            return wrong("kinds are not by rising number");
        }
        if self.kinds.iter().any(|kind| kind.form == 0 || kind.kind == 0) {
            return wrong("kinds and form versions begin at 1");
        }
        let sum = self.kinds.iter().try_fold(0_u64, |sum, kind| sum.checked_add(kind.count));
        if sum != Some(self.count) {
            return wrong("count is not the sum of the kinds' counts");
        }
        Ok(())
    }

    /// The table of `docs/format.md` §5.4.
    fn check_combination(&self) -> Result<()> {
        if let TokenScheme::Blind { suite, public_key } = &self.tokens {
            if suite != oprf::SUITE {
                return Err(ErrorKind::UnsupportedTokens.into());
            }
            PublicKey::from_bytes(public_key)
                .map_err(|_| Error::new(ErrorKind::BadManifest, "the OPRF public key is no group element"))?;
        }
        if self.record_size == 0 {
            return Ok(());
        }
        if !records::SIZES.contains(&self.record_size) {
            return Err(Error::new(ErrorKind::BadManifest, "not a record size"));
        }
        if self.set != (SetDescriptor::Tokens {}) {
            return Err(Error::new(ErrorKind::CombinationNotAllowed, "a filter carries no records"));
        }
        Ok(())
    }

    fn check_sections(&self) -> Result<()> {
        let wrong = |message| Err(Error::new(ErrorKind::BadManifest, message));
        if self.sections.len() > MAX_SECTIONS {
            return wrong("more than 64 sections");
        }
        if self.sections.last().is_none_or(|last| last.section_type != section::PAD) {
            return wrong("the last section is not pad");
        }
        for (position, entry) in self.sections.iter().enumerate() {
            if self.sections.iter().skip(position + 1).any(|other| other.section_type == entry.section_type) {
                return wrong("a section type stands twice");
            }
            if entry.section_type == 0 {
                return wrong("section types begin at 1");
            }
            match section::required(entry.section_type) {
                None if entry.required => return Err(Error::from(ErrorKind::UnsupportedSection).at(position as u64)),
                Some(required) if required != entry.required => {
                    return wrong("a section of a known type is required where it is not, or the other way round");
                }
                _ => {}
            }
        }
        let length = |wanted| self.sections.iter().find(|entry| entry.section_type == wanted).map(|entry| entry.length);
        let key_length = matches!(self.tokens, TokenScheme::Salted {}).then_some(32);
        if length(section::FEED_KEY) != key_length {
            return wrong("a salted feed has a feed key of 32 bytes, a blind one has none");
        }
        let (tokens, bloom, fuse) = (length(section::TOKENS), length(section::BLOOM), length(section::FUSE));
        let one_set = match self.set {
            SetDescriptor::Tokens {} => tokens.is_some() && bloom.is_none() && fuse.is_none(),
            SetDescriptor::Bloom { .. } => tokens.is_none() && bloom.is_some() && fuse.is_none(),
            SetDescriptor::Fuse { .. } => tokens.is_none() && bloom.is_none() && fuse.is_some(),
        };
        if !one_set {
            return wrong("the sections are not those of the set");
        }
        let records = (self.record_size > 0).then(|| u128::from(self.count) * u128::from(self.record_size));
        if length(section::RECORDS).map(u128::from) != records {
            return wrong("the records section does not hold count records of record_size");
        }
        Ok(())
    }
}

/// A feed id: 1 to 64 of a–z, 0–9 and hyphen.
pub(crate) fn check_feed_id(id: &str) -> Result<()> {
    let fits = (1..=MAX_FEED_ID).contains(&id.len());
    if !fits || !id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        return Err(Error::new(ErrorKind::InvalidName, "a feed id is 1 to 64 of a-z, 0-9 and hyphen"));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A manifest of an empty feed, before its sections are laid out.
    pub(crate) fn sample() -> Manifest {
        let time = |seconds| Timestamp::from_seconds(seconds).unwrap();
        Manifest {
            publisher: KeyId::from_bytes([1; 32]),
            name: "Example".to_owned(),
            feed: "feed".to_owned(),
            epoch: 1,
            epoch_start: time(10),
            version: 1,
            issued: time(10),
            expires: time(20),
            contact: None,
            tokens: TokenScheme::Salted {},
            set: SetDescriptor::Tokens {},
            count: 0,
            record_size: 0,
            kinds: Vec::new(),
            tlp: Tlp::Amber,
            purpose: String::new(),
            previous: None,
            sections: Vec::new(),
            ext: BTreeMap::new(),
            must_understand: Vec::new(),
        }
    }

    fn tag(value: &impl Serialize, name: &str) -> String {
        let json = serde_json::to_value(value).unwrap();
        json[name].as_str().unwrap().to_owned()
    }

    #[test]
    fn names_are_those_that_the_json_has() {
        for tlp in [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red] {
            assert_eq!(serde_json::to_value(tlp).unwrap(), tlp.name());
            assert_eq!(tlp.name().parse::<Tlp>().unwrap(), tlp);
        }
        for name in ["", "AMBER", "white", "amber strict"] {
            assert_eq!(name.parse::<Tlp>().unwrap_err().kind(), ErrorKind::InvalidName, "{name}");
        }
        for (scheme, name) in [(TokenScheme::Salted {}, "salted"), (TokenScheme::blind([1; 32]), "blind")] {
            assert_eq!((scheme.name(), tag(&scheme, "scheme")), (name, name.to_owned()));
        }
        let bloom = BloomDescriptor { bits: 64, hashes: 3, seed: [0; 32] };
        let fuse = FuseDescriptor { width: 8, seed: [0; 8], segment_length: 4, segment_count: 1 };
        for (set, name, rate) in [
            (SetDescriptor::Tokens {}, "tokens", 0),
            (SetDescriptor::bloom(&bloom, 5), "bloom", 5),
            (SetDescriptor::fuse(&fuse, 6), "fuse", 6),
        ] {
            assert_eq!((set.name(), tag(&set, "type"), set.rate()), (name, name.to_owned(), rate));
        }
    }
}
