//! Binary fuse filter with three slots an entry (`docs/filters.md` §2).
//!
//! ```text
//! key   = LE64(entry[0..8])              hash = mix(key + seed mod 2^64)
//! entry is in the set  <=>  slot[a] ^ slot[b] ^ slot[c] = low `width` bits of hash ^ (hash >> 32)
//! ```
//!
//! Graf and Lemire, "Binary Fuse Filters: Fast and Smaller Than Xor Filters", JEA 2022. The crate `xorf` solves the
//! equations; looking up is done here, on the file's own bytes, since the crate panics on a wrong descriptor.

use xorf::{BinaryFuse8, BinaryFuse16, BinaryFuse32};

use crate::error::{Error, ErrorKind, Result};
use crate::filter::limits::{MAX_ENTRIES, RATE_UNIT, checked_count, checked_rate};
use crate::simd::ahead;

/// The shortest segment, in slots.
const MIN_SEGMENT: u32 = 4;

/// The longest segment, in slots.
const MAX_SEGMENT: u32 = 1 << 18;

/// What a reader must know beside the bytes. Untrusted until [`Fuse::open`] has checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FuseDescriptor {
    /// Bits of a slot: 8, 16 or 32.
    pub(crate) width: u32,
    /// Added to every key; an integer in little-endian order.
    pub(crate) seed: [u8; 8],
    /// Slots of a segment: a power of two, 4 to 2^18.
    pub(crate) segment_length: u32,
    /// Segments in which an entry's first slot can lie; two more follow.
    pub(crate) segment_count: u32,
}

impl FuseDescriptor {
    /// The number of bytes that belong to it.
    fn byte_length(&self) -> Result<u64> {
        let wrong = |message| Err(Error::new(ErrorKind::BadDescriptor, message));
        if !matches!(self.width, 8 | 16 | 32) {
            return wrong("the width is not 8, 16 or 32");
        }
        if !self.segment_length.is_power_of_two() || !(MIN_SEGMENT..=MAX_SEGMENT).contains(&self.segment_length) {
            return wrong("the segment length is not a power of two from 4 to 2^18");
        }
        let slots = (u64::from(self.segment_count) + 2) * u64::from(self.segment_length);
        if self.segment_count == 0 || slots > u64::from(u32::MAX) {
            return wrong("the number of segments is 0 or too large");
        }
        Ok(slots * u64::from(self.width / 8))
    }
}

/// Builds a filter with the narrowest slots that meet `rate` (10^-15).
///
/// The bytes depend on the set of entries and the rate, never on the order: keys are sorted, equal ones count once, and
/// the seeds that are tried follow a fixed sequence. An empty set gives 12 zero slots, in which an entry is found by
/// chance as in any other filter. Memory is at most 40 bytes an entry while building.
///
/// # Errors
///
/// `TooManyEntries` over 2^30 entries; `RateUnreachable` for a rate below 2^-32, or if no table was found;
/// `InvalidArgument` for a rate of 1 or more.
pub(crate) fn build(entries: impl ExactSizeIterator<Item = [u8; 32]>, rate: u64) -> Result<(FuseDescriptor, Vec<u8>)> {
    let rate = checked_rate(rate)?;
    let count = checked_count(entries.len())?;
    let width = [8, 16, 32].into_iter().find(|&width| rate_of(width, count) <= rate);
    let width = width.ok_or(ErrorKind::RateUnreachable)?;
    let mut keys: Vec<u64> = entries.map(|entry| key(&entry)).collect();
    keys.sort_unstable();
    keys.dedup();
    let (descriptor, bytes) = solve(&keys, width)?;
    // The crate marks free places by 0, so a hash of 0 can be overwritten; better no filter than one that forgets.
    let filter = Fuse::open(&descriptor, &bytes, keys.len() as u64)?;
    if !keys.iter().all(|&key| filter.contains_key(key)) {
        return Err(unsolved());
    }
    Ok((descriptor, bytes))
}

fn solve(keys: &[u64], width: u32) -> Result<(FuseDescriptor, Vec<u8>)> {
    let (found, bytes) = match width {
        8 => BinaryFuse8::try_from(keys).map(|filter| (filter.descriptor, filter.fingerprints.into_vec())),
        16 => BinaryFuse16::try_from(keys).map(|filter| {
            (filter.descriptor, filter.fingerprints.iter().flat_map(|slot| slot.to_le_bytes()).collect())
        }),
        _ => BinaryFuse32::try_from(keys).map(|filter| {
            (filter.descriptor, filter.fingerprints.iter().flat_map(|slot| slot.to_le_bytes()).collect())
        }),
    }
    .map_err(|_| unsolved())?;
    let descriptor = FuseDescriptor {
        width,
        seed: found.seed.to_le_bytes(),
        segment_length: found.segment_length,
        segment_count: found.segment_count_length / found.segment_length.max(1),
    };
    Ok((descriptor, bytes))
}

fn unsolved() -> Error {
    Error::new(ErrorKind::RateUnreachable, "no fuse filter was found for these entries")
}

/// `2^-width`, and `count · 2^-64` for entries whose key is a member's, rounded up.
fn rate_of(width: u32, count: u64) -> u64 {
    let sum = (u128::from(RATE_UNIT) << (64 - width)) + u128::from(RATE_UNIT) * u128::from(count);
    u64::try_from(sum.div_ceil(1 << 64)).unwrap_or(RATE_UNIT)
}

fn key(entry: &[u8; 32]) -> u64 {
    entry.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// The finaliser of MurmurHash3, a bijection.
const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ (word >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

/// How many entries are looked up together.
const GROUP: usize = 32;

/// Where an entry is, and what its slots must add up to.
#[derive(Clone, Copy, Default)]
struct Slots {
    places: [u64; 3],
    fingerprint: u32,
}

/// A filter whose descriptor fits its bytes.
pub(crate) struct Fuse<B> {
    bytes: B,
    width: u32,
    seed: u64,
    segment_length: u64,
    /// Slots in which an entry's first one can lie.
    first_slots: u64,
    rate: u64,
}

impl<B: AsRef<[u8]>> Fuse<B> {
    /// Checks everything about the filter in constant time; copies nothing.
    ///
    /// `count` is the number of entries that the publisher signed; there must be a slot for each.
    ///
    /// # Errors
    ///
    /// `BadDescriptor` if a field is out of its range or does not fit the length or the count.
    pub(crate) fn open(descriptor: &FuseDescriptor, bytes: B, count: u64) -> Result<Self> {
        let expected = descriptor.byte_length()?;
        if u64::try_from(bytes.as_ref().len()).ok() != Some(expected) {
            return Err(Error::new(ErrorKind::BadDescriptor, "the segments are not as long as the bytes"));
        }
        if count > MAX_ENTRIES || count > expected / u64::from(descriptor.width / 8) {
            return Err(Error::new(ErrorKind::BadDescriptor, "more entries than the filter can have"));
        }
        let segment_length = u64::from(descriptor.segment_length);
        Ok(Self {
            bytes,
            width: descriptor.width,
            seed: u64::from_le_bytes(descriptor.seed),
            segment_length,
            first_slots: u64::from(descriptor.segment_count) * segment_length,
            rate: rate_of(descriptor.width, count),
        })
    }

    /// Whether the entry may be in the set; false is certain.
    pub(crate) fn contains(&self, entry: &[u8; 32]) -> bool {
        self.contains_key(key(entry))
    }

    /// Calls `each` with the number of every entry that may be in the set, rising. Slots are asked for many at a time.
    pub(crate) fn each_contained(&self, entries: &[[u8; 32]], each: &mut dyn FnMut(usize)) {
        for (group, entries) in entries.chunks(GROUP).enumerate() {
            let mut slots = [Slots::default(); GROUP];
            for (slots, entry) in slots.iter_mut().zip(entries) {
                *slots = self.slots(key(entry));
                for place in slots.places {
                    self.bytes.as_ref().get(place as usize * (self.width / 8) as usize).into_iter().for_each(ahead);
                }
            }
            for (number, (slots, _)) in slots.iter().zip(entries).enumerate() {
                if self.holds(slots) {
                    each(group * GROUP + number);
                }
            }
        }
    }

    fn contains_key(&self, key: u64) -> bool {
        self.holds(&self.slots(key))
    }

    fn slots(&self, key: u64) -> Slots {
        let hash = mix(key.wrapping_add(self.seed));
        let mask = self.segment_length - 1;
        // Less than `first_slots`; the other two lie in the next two segments.
        let first = ((u128::from(hash) * u128::from(self.first_slots)) >> 64) as u64;
        let second = (first + self.segment_length) ^ ((hash >> 18) & mask);
        let third = (first + 2 * self.segment_length) ^ (hash & mask);
        Slots { places: [first, second, third], fingerprint: (hash ^ (hash >> 32)) as u32 }
    }

    fn holds(&self, slots: &Slots) -> bool {
        let sum = slots.places.iter().fold(slots.fingerprint, |sum, &place| sum ^ self.slot(place));
        // Narrow slots are compared in their own bits only.
        sum << (32 - self.width) == 0
    }

    fn slot(&self, index: u64) -> u32 {
        let bytes = self.bytes.as_ref();
        // `open` found as many bytes as slots, so the index fits `usize`.
        let at = index as usize;
        match self.width {
            8 => bytes.get(at).map_or(0, |&byte| u32::from(byte)),
            16 => bytes
                .get(2 * at..)
                .and_then(|rest| rest.first_chunk())
                .map_or(0, |&pair| u16::from_le_bytes(pair).into()),
            _ => bytes.get(4 * at..).and_then(|rest| rest.first_chunk()).map_or(0, |&word| u32::from_le_bytes(word)),
        }
    }

    /// The rate of false positives, in 10^-15, of a filter that was built as it should be.
    pub(crate) const fn rate(&self) -> u64 {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use xorf::Filter;

    use super::*;
    use crate::filter::limits::samples::{entries, within_five_sigma};
    use crate::twins::inputs;

    /// Rates that need 8, 16 and 32 bits.
    const RATES: [(u32, u64); 3] = [(8, 10_u64.pow(13)), (16, 10_u64.pow(11)), (32, 1_000_000)];

    fn refused(descriptor: &FuseDescriptor, bytes: &[u8], count: u64) -> Option<ErrorKind> {
        Fuse::open(descriptor, bytes, count).err().map(|error| error.kind())
    }

    #[test]
    fn twin_entries_together_and_one_by_one() {
        let asked = inputs(30_000);
        for (_, rate) in RATES {
            let members = 5_000;
            let (descriptor, bytes) = build(entries(3, members), rate).unwrap();
            let filter = Fuse::open(&descriptor, &bytes, members as u64).unwrap();
            // The first of these are the members.
            let mut all = entries(3, members + asked / RATES.len());
            loop {
                let some: Vec<_> = all.by_ref().take(10_007).collect();
                if some.is_empty() {
                    break;
                }
                let mut together = Vec::new();
                filter.each_contained(&some, &mut |number| together.push(number));
                let one_by_one: Vec<_> = (0..some.len()).filter(|&number| filter.contains(&some[number])).collect();
                assert_eq!(together, one_by_one);
            }
        }
    }

    #[test]
    fn every_entry_is_found_and_the_asked_rate_is_met() {
        for (width, rate) in RATES {
            for count in [1, 2, 3, 4, 5, 6, 10, 100, 1_000, 11_515, 100_000] {
                let (descriptor, bytes) = build(entries(1, count), rate).unwrap();
                assert_eq!(descriptor.width, width);
                let filter = Fuse::open(&descriptor, &bytes, count as u64).unwrap();
                assert!(entries(1, count).all(|entry| filter.contains(&entry)), "{count} at {rate}");
                assert!(filter.rate() <= rate);
            }
        }
    }

    #[test]
    fn false_positives_are_as_frequent_as_the_width_says() {
        for (count, (width, rate), tries) in [
            (1, RATES[0], 300_000),
            (20, RATES[0], 300_000),
            (5_000, RATES[0], 300_000),
            (100, RATES[1], 3_000_000),
            (5_000, RATES[1], 3_000_000),
        ] {
            let (descriptor, bytes) = build(entries(2, count), rate).unwrap();
            let filter = Fuse::open(&descriptor, bytes, count as u64).unwrap();
            let hits = entries(3, tries).filter(|entry| filter.contains(entry)).count();
            assert!(within_five_sigma(hits, tries, filter.rate()), "{count}, {width} bits: {hits} of {tries}");
        }
    }

    #[test]
    fn the_width_is_the_narrowest_that_meets_the_rate() {
        assert_eq!([8, 16, 32].map(|width| rate_of(width, 0)), [3_906_250_000_000, 15_258_789_063, 232_831]);
        assert_eq!(rate_of(32, 10_000_000), 233_373);
        let width = |rate| build(entries(1, 3), rate).map(|(descriptor, _)| descriptor.width);
        let expected = [
            (RATE_UNIT - 1, 8),
            (3_906_250_000_001, 8),
            (3_906_249_999_999, 16),
            (15_258_789_063, 16),
            (15_258_789_062, 32),
            (232_831, 32),
        ];
        for (rate, expected) in expected {
            assert_eq!(width(rate).unwrap(), expected, "{rate}");
        }
        for rate in [232_830, 1, 0] {
            assert_eq!(width(rate).unwrap_err().kind(), ErrorKind::RateUnreachable);
        }
    }

    #[test]
    fn neither_order_nor_repetition_matters() {
        for (_, rate) in RATES {
            let sorted: Vec<_> = entries(4, 777).collect();
            let doubled: Vec<_> = sorted.iter().rev().chain(&sorted).copied().collect();
            assert_eq!(build(sorted.iter().copied(), rate).unwrap(), build(doubled.iter().copied(), rate).unwrap());
        }
    }

    #[test]
    fn entries_that_share_their_first_eight_bytes_are_one_key() {
        let mut twin = entries(5, 1).next().unwrap();
        let entry = twin;
        twin[8..].fill(7);
        let (descriptor, bytes) = build([entry, twin].into_iter(), 1_000_000).unwrap();
        let filter = Fuse::open(&descriptor, bytes, 2).unwrap();
        assert!(filter.contains(&entry) && filter.contains(&twin));
    }

    #[test]
    fn an_empty_set_has_nothing_but_chance_hits() {
        let (descriptor, bytes) = build(entries(0, 0), 1_000_000).unwrap();
        assert_eq!(bytes, [0; 48]);
        let filter = Fuse::open(&descriptor, bytes, 0).unwrap();
        assert!(!entries(1, 10_000).any(|entry| filter.contains(&entry)));
    }

    #[test]
    fn a_hash_of_zero_is_not_forgotten() {
        // The first seed that the crate tries; mix(0) = 0.
        let mut state = 1;
        let seed = xorf::splitmix64(&mut state);
        let mut entry = [0; 32];
        entry[..8].copy_from_slice(&seed.wrapping_neg().to_le_bytes());
        for count in 0..200 {
            let all: Vec<_> = entries(6, count).chain([entry]).collect();
            if let Ok((descriptor, bytes)) = build(all.iter().copied(), 1_000_000) {
                let filter = Fuse::open(&descriptor, bytes, all.len() as u64).unwrap();
                assert!(all.iter().all(|entry| filter.contains(entry)), "{count}");
            }
        }
    }

    #[test]
    fn the_crate_finds_the_same() {
        let mut keys: Vec<u64> = entries(7, 2_000).map(|entry| key(&entry)).collect();
        keys.sort_unstable();
        let theirs = (
            BinaryFuse8::try_from(&keys).unwrap(),
            BinaryFuse16::try_from(&keys).unwrap(),
            BinaryFuse32::try_from(&keys).unwrap(),
        );
        let built = RATES.map(|(_, rate)| build(entries(7, 2_000), rate).unwrap());
        let [eight, sixteen, thirty_two] =
            built.map(|(descriptor, bytes)| Fuse::open(&descriptor, bytes, 2_000).unwrap());
        let mut chance_hits = 0;
        for entry in entries(7, 2_000).chain(entries(8, 300_000)) {
            let key = key(&entry);
            assert_eq!(eight.contains(&entry), theirs.0.contains(&key));
            assert_eq!(sixteen.contains(&entry), theirs.1.contains(&key));
            assert_eq!(thirty_two.contains(&entry), theirs.2.contains(&key));
            chance_hits +=
                usize::from(sixteen.contains(&entry)).saturating_sub(usize::from(thirty_two.contains(&entry)));
        }
        assert!(chance_hits > 0);
    }

    #[test]
    fn hostile_descriptors_are_refused_at_once() {
        let (good, bytes) = build(entries(9, 300), 10_u64.pow(11)).unwrap();
        assert_eq!(refused(&good, &bytes, 300), None);
        let started = Instant::now();
        let bad = |descriptor: FuseDescriptor, bytes: &[u8]| {
            assert_eq!(refused(&descriptor, bytes, 300), Some(ErrorKind::BadDescriptor), "{descriptor:?}");
        };
        for width in [0, 1, 7, 8, 9, 15, 17, 24, 32, 64, 1 << 31, u32::MAX] {
            bad(FuseDescriptor { width, ..good.clone() }, &bytes);
        }
        let length = good.segment_length;
        for segment_length in [0, 1, 2, 3, length - 1, length + 1, length / 2, length * 2, 1 << 19, 1 << 31, u32::MAX] {
            bad(FuseDescriptor { segment_length, ..good.clone() }, &bytes);
            bad(FuseDescriptor { segment_length, ..good.clone() }, &[]);
        }
        let count = good.segment_count;
        for segment_count in [0, count - 1, count + 1, 1 << 14, 1 << 30, u32::MAX - 2, u32::MAX - 1, u32::MAX] {
            bad(FuseDescriptor { segment_count, ..good.clone() }, &bytes);
            bad(FuseDescriptor { segment_count, segment_length: MAX_SEGMENT, ..good.clone() }, &bytes);
        }
        let none = FuseDescriptor { segment_count: 0, ..good.clone() };
        assert_eq!(refused(&none, &bytes[..4 * length as usize], 0), Some(ErrorKind::BadDescriptor));
        for wrong in [0, 1, bytes.len() - 2, bytes.len() - 1] {
            bad(good.clone(), &bytes[..wrong]);
        }
        for wrong in [bytes.len() as u64 / 2 + 1, MAX_ENTRIES + 1, u64::MAX] {
            assert_eq!(refused(&good, &bytes, wrong), Some(ErrorKind::BadDescriptor), "{wrong} entries");
        }
        assert!(started.elapsed() < Duration::from_millis(100));
    }

    #[test]
    fn the_slots_of_every_shape_lie_within_the_bytes() {
        // `slot` answers 0 outside the bytes; with all other bits set, reading one would show.
        for (segment_length, segment_count) in [(4, 1), (4, 7), (8, 1), (64, 3), (1 << 18, 1), (1 << 18, 5)] {
            for (width, seed) in [(8, [0; 8]), (16, [255; 8]), (32, [9; 8])] {
                let descriptor = FuseDescriptor { width, seed, segment_length, segment_count };
                let bytes = vec![255; usize::try_from(descriptor.byte_length().unwrap()).unwrap()];
                let filter = Fuse::open(&descriptor, bytes, 0).unwrap();
                let slots = (u64::from(segment_count) + 2) * u64::from(segment_length);
                assert_eq!(filter.slot(slots), 0);
                assert_eq!(filter.slot(slots - 1), u32::MAX >> (32 - width));
                for entry in entries(10, 20_000) {
                    let hash = mix(key(&entry).wrapping_add(filter.seed));
                    let odd = ((hash ^ (hash >> 32)) as u32) << (32 - width) == u32::MAX << (32 - width);
                    assert_eq!(filter.contains(&entry), odd, "three full slots add up to one");
                }
            }
        }
    }
}
