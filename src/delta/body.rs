//! What a delta says of itself under the publisher's signature, and how long it is made.

use serde::{Deserialize, Serialize};

use crate::codec::{hex, json, padme};
use crate::container::ALIGNMENT;
use crate::crypto::mac;
use crate::crypto::sign::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{check_feed_id, key_id};
use crate::payload::records;
use crate::token::TOKEN_LENGTH;

/// The parts, in file order; a part's type is its place here, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Part {
    /// The signed block of the result.
    Result,
    /// LE32 positions in the base.
    Removed,
    /// Tokens.
    Added,
    /// A record for each added token.
    AddedRecords,
    /// LE32 positions in the base.
    Changed,
    /// A record for each of them.
    ChangedRecords,
    /// Sections of the result that are carried whole, joined.
    Whole,
}

/// How many parts there are.
pub(super) const PARTS: usize = 7;
/// The length of a position.
pub(super) const POSITION: usize = 4;

/// Signed JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    #[serde(with = "key_id")]
    pub(super) publisher: KeyId,
    pub(super) feed: String,
    pub(super) epoch: u32,
    pub(super) base: Version,
    pub(super) result: Version,
    /// The length of the result's file.
    pub(super) length: u64,
    /// The record size of both.
    pub(super) record_size: u32,
    /// The types of the sections in [`Part::Whole`], in the order of the result's manifest.
    pub(super) whole: Vec<u16>,
    pub(super) parts: Vec<PartEntry>,
}

/// One version of a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    pub(super) version: u64,
    #[serde(with = "hex::fixed")]
    pub(super) digest: [u8; 32],
}

/// Where a part ends and what it hashes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartEntry {
    #[serde(rename = "type")]
    pub(super) part_type: u16,
    pub(super) length: u64,
    #[serde(with = "hex::fixed")]
    pub(super) blake3: [u8; 32],
}

impl PartEntry {
    pub(super) fn new(index: usize, content: &[u8]) -> Self {
        let part_type = u16::try_from(index + 1).unwrap_or(u16::MAX);
        Self { part_type, length: content.len() as u64, blake3: mac::hash([content]) }
    }
}

impl Body {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let body: Self = json::parse(bytes)?;
        body.check()?;
        Ok(body)
    }

    pub(super) fn to_json(&self) -> String {
        // Only maps with keys other than text and failing `Serialize` impls make this fail; there are none.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn check(&self) -> Result<()> {
        let wrong = |message| Err(Error::new(ErrorKind::BadManifest, message));
        check_feed_id(&self.feed)?;
        if self.epoch == 0 || self.base.version == 0 || self.base.version >= self.result.version {
            return wrong("a delta leads from a version to a later one");
        }
        if self.record_size != 0 && !records::SIZES.contains(&self.record_size) {
            return wrong("not a record size");
        }
        if self.whole.contains(&0) {
            return wrong("section types begin at 1");
        }
        if self.parts.len() != PARTS || self.parts.iter().zip(1..).any(|(part, index)| part.part_type != index) {
            return Err(Error::new(ErrorKind::UnsupportedSection, "the parts are not the seven of a delta"));
        }
        let length = |part: Part| self.parts.get(part as usize).map_or(0, |part| part.length);
        let (position, token, record) = (POSITION as u64, TOKEN_LENGTH as u64, u64::from(self.record_size));
        let whole_items = length(Part::Removed).is_multiple_of(position)
            && length(Part::Added).is_multiple_of(token)
            && length(Part::Changed).is_multiple_of(position);
        let records_fit = (length(Part::Added) / token).checked_mul(record) == Some(length(Part::AddedRecords))
            && (length(Part::Changed) / position).checked_mul(record) == Some(length(Part::ChangedRecords));
        if !whole_items || !records_fit || (record == 0 && length(Part::Changed) > 0) {
            return wrong("the lengths of a delta's parts do not go together");
        }
        Ok(())
    }
}

/// Entries are counted in steps of this when a delta's length is chosen.
const STEP: u64 = 256;
/// The signed blocks of delta and result together are counted in steps of this.
const BLOCK_STEP: u64 = 16_384;
/// Sections carried whole are counted in steps of this.
const WHOLE_STEP: u64 = 4_096;

/// How long a delta is made: every count is rounded up to a multiple of 256, at least one of them.
pub(super) fn class(block: usize, parts: &[&[u8]; PARTS], record_size: u32) -> u64 {
    let [result, removed, added, _, changed, _, whole] = parts.map(<[u8]>::len);
    let up = |count: usize, step: u64| (count as u64).div_ceil(step).max(1) * step;
    let record = u64::from(record_size);
    let changed = if record == 0 { 0 } else { up(changed / POSITION, STEP) * (POSITION as u64 + record) };
    let total = up(block + result, BLOCK_STEP)
        + up(removed / POSITION, STEP) * POSITION as u64
        + up(added / TOKEN_LENGTH, STEP) * (TOKEN_LENGTH as u64 + record)
        + changed
        + up(whole, WHOLE_STEP)
        + (PARTS * ALIGNMENT) as u64;
    padme::padded(total)
}

/// The longest pad that a delta's result may have: it is not in the delta, so nothing else bounds it.
pub(super) const fn longest_pad(content: u64) -> u64 {
    content / 4 + 1_024
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/format.md §9: 256 entries a step, 16,384 and 4,096 bytes a step, and 64 for each part; then Padmé.
    #[test]
    fn a_delta_is_as_long_as_its_rounded_counts() {
        let (block, result) = (300, 700);
        for (removed, added, changed, whole, record, before_padding) in [
            (0, 0, 0, 0, 0, 16_384 + 256 * 4 + 256 * 16 + 4_096 + 448),
            (10_000, 0, 0, 0, 0, 16_384 + 10_240 * 4 + 256 * 16 + 4_096 + 448),
            (0, 10_000, 0, 0, 0, 16_384 + 256 * 4 + 10_240 * 16 + 4_096 + 448),
            (0, 10_000, 0, 0, 64, 16_384 + 256 * 4 + 10_240 * 80 + 256 * 68 + 4_096 + 448),
            (0, 0, 10_000, 0, 64, 16_384 + 256 * 4 + 256 * 80 + 10_240 * 68 + 4_096 + 448),
            (0, 0, 0, 100_000, 0, 16_384 + 256 * 4 + 256 * 16 + 102_400 + 448),
            (256, 256, 256, 4_096, 64, 16_384 + 256 * 4 + 256 * 80 + 256 * 68 + 4_096 + 448),
            (2_560, 2_561, 2_561, 4_097, 64, 16_384 + 2_560 * 4 + 2_816 * 80 + 2_816 * 68 + 8_192 + 448),
        ] {
            let [removed_part, added_part, changed_part] =
                [removed * POSITION, added * TOKEN_LENGTH, changed * POSITION].map(|length| vec![0; length]);
            let (result, whole_part) = (vec![0; result], vec![0; whole]);
            let parts = [&*result, &*removed_part, &*added_part, &[], &*changed_part, &[], &*whole_part];
            let wanted = padme::padded(before_padding);
            assert_eq!(class(block, &parts, record), wanted, "{removed} {added} {changed} {whole} {record}");
        }
    }

    #[test]
    fn the_longest_pad_is_a_quarter_and_a_kibibyte() {
        assert_eq!([0, 64, 4_096, 1 << 40].map(longest_pad), [1_024, 1_040, 2_048, (1 << 38) + 1_024]);
    }

    /// A publisher tries one Padmé length after another until the pad's own digits fit: at most the third.
    #[test]
    fn every_pad_that_is_laid_out_is_one_that_a_delta_admits() {
        for content in (256..100_000).step_by(64).chain((17..50).flat_map(|power| [1 << power, (1 << power) + 64])) {
            let third = padme::padded(padme::padded(padme::padded(content) + 1) + 1);
            assert!(third - content <= longest_pad(content), "{content}");
        }
    }
}
