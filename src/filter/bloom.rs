//! Classic Bloom filter (`docs/filters.md` §1).
//!
//! ```text
//! item(j)          = entry ‖ LE32(j)                                  j = 0 .. hashes/2
//! position(2j + b) = SipHash-1-3(seed half b, item(j)) mod bits       b = 0, 1
//! ```
//!
//! The crate `bloomfilter` builds it, with two hash functions and `hashes/2` items for each entry. Its own way to more
//! hash functions, `h0 + i·h1`, makes all positions follow from two: a small set with a low rate then has far more
//! false positives than its bits say. Looking up is done here, on bytes that are not copied, which the crate cannot.

use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::ops::Range;

use bloomfilter::reexports::siphasher::sip::SipHasher13;

use crate::error::{Error, ErrorKind, Result};
use crate::filter::limits::{MAX_ENTRIES, RATE_UNIT, checked_count, checked_rate, power_rate};
use crate::simd::ahead;

/// The number of bits is a multiple of this.
const BITS_STEP: u64 = 64;

/// The most bits of one filter: 128 GiB.
const MAX_BITS: u64 = 1 << 40;

/// The most positions of one entry.
const MAX_HASHES: u32 = 64;

/// What a reader must know beside the bytes. Untrusted until [`Bloom::open`] has checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BloomDescriptor {
    /// Number of bits: a multiple of 64, at most 2^40, eight times the number of bytes.
    pub(crate) bits: u64,
    /// Positions of one entry: even, 2 to 64.
    pub(crate) hashes: u32,
    /// Two SipHash keys of 16 bytes, which must differ.
    pub(crate) seed: [u8; 32],
}

impl BloomDescriptor {
    fn check(&self) -> Result<()> {
        let wrong = |message| Err(Error::new(ErrorKind::BadDescriptor, message));
        if self.bits == 0 || self.bits > MAX_BITS || !self.bits.is_multiple_of(BITS_STEP) {
            return wrong("the number of bits is not a multiple of 64 up to 2^40");
        }
        if self.hashes == 0 || self.hashes > MAX_HASHES || !self.hashes.is_multiple_of(2) {
            return wrong("the number of hashes is not even and 2 to 64");
        }
        let [first, second] = self.keys();
        if first == second {
            return wrong("the halves of the seed are equal");
        }
        Ok(())
    }

    fn keys(&self) -> [[u8; 16]; 2] {
        let mut keys = [[0; 16]; 2];
        for (key, half) in keys.iter_mut().zip(self.seed.chunks_exact(16)) {
            key.copy_from_slice(half);
        }
        keys
    }
}

/// Builds the smallest usual filter whose own rate, counted in its bits, is at most `rate` (10^-15).
///
/// The bytes depend on the set of entries, the rate and the seed, never on the order. A repeated entry only makes the
/// filter larger. An empty set gives 64 zero bits, which contain nothing. Time is `hashes` steps an entry; the only
/// memory is the result, about 1.44 · log2(1/rate) bits an entry.
///
/// # Errors
///
/// `TooManyEntries` over 2^30 entries; `RateUnreachable` for a rate of 0; `InvalidArgument` for a rate of 1 or more;
/// `BadDescriptor` for a seed with equal halves.
pub(crate) fn build(
    entries: impl ExactSizeIterator<Item = [u8; 32]> + Clone,
    rate: u64,
    seed: [u8; 32],
) -> Result<(BloomDescriptor, Vec<u8>)> {
    let rate = checked_rate(rate)?;
    let count = checked_count(entries.len())?;
    let hashes = hashes_for(rate);
    let mut descriptor = BloomDescriptor { bits: bits_for(count, hashes, rate), hashes, seed };
    // The first size misses the rate about once in a thousand times; each further one sets 3 % fewer of its bits.
    for _ in 0..MAX_HASHES {
        descriptor.check()?;
        let bytes = fill(entries.clone(), &descriptor)?;
        if power_rate(ones(&bytes), descriptor.bits, hashes) <= rate {
            return Ok((descriptor, bytes));
        }
        descriptor.bits += (descriptor.bits / 32).next_multiple_of(BITS_STEP);
    }
    Err(ErrorKind::RateUnreachable.into())
}

/// The even number nearest to log2(1/rate).
fn hashes_for(rate: u64) -> u32 {
    let reaches = |hashes: &u32| u128::from(rate) << (hashes + 1) >= u128::from(RATE_UNIT);
    (2..MAX_HASHES).step_by(2).find(reaches).unwrap_or(MAX_HASHES)
}

/// Bits so that the expected part of ones lies three standard deviations below `rate^(1/hashes)`.
fn bits_for(count: u64, hashes: u32, rate: u64) -> u64 {
    let positions = count as f64 * f64::from(hashes);
    let ones = (rate as f64 / RATE_UNIT as f64).powf(1.0 / f64::from(hashes));
    let bits = |ones: f64| -positions / (-ones).ln_1p();
    // The number of ones deviates by at most 0.32·sqrt(bits).
    let spared = (ones - 0.9 / bits(ones).sqrt()).max(ones / 2.0);
    (bits(spared).ceil() as u64).next_multiple_of(BITS_STEP).max(BITS_STEP)
}

/// Sets all positions by means of the crate, which is told a number of items that makes it use its two hashes.
fn fill(entries: impl Iterator<Item = [u8; 32]>, descriptor: &BloomDescriptor) -> Result<Vec<u8>> {
    let unfit = || Error::new(ErrorKind::TooManyEntries, "the filter does not fit this machine's memory");
    let length = usize::try_from(descriptor.bits / 8).map_err(|_| unfit())?;
    // Two hash functions are the crate's choice where bits · ln 2 = 2 · items.
    let items = usize::try_from(descriptor.bits * 34_657 / 100_000).map_err(|_| unfit())?;
    let mut filter = bloomfilter::Bloom::<Item>::new_with_seed(length, items, &descriptor.seed)
        .map_err(|_| Error::from(ErrorKind::BadDescriptor))?;
    if filter.number_of_hash_functions() != 2 {
        return Err(Error::new(ErrorKind::BadDescriptor, "the filter crate took another number of hashes"));
    }
    // The crate keeps a header of its own before the bits.
    let header = filter.as_slice().len().saturating_sub(length);
    let positions = Positions::new(descriptor);
    let mut places = [0; MAX_HASHES as usize];
    for entry in entries {
        let pairs = 0..descriptor.hashes / 2;
        // The crate waits for every bit before it hashes for the next; asking for all of them first is faster.
        let bytes = filter.as_slice().get(header..).unwrap_or_default();
        let read = |sum: u8, place: &u64| sum ^ bytes.get((place / 8) as usize).copied().unwrap_or(0);
        black_box(positions.of(&entry, pairs.clone(), &mut places).iter().fold(0, read));
        for pair in pairs {
            filter.set(&Item::new(&entry, pair));
        }
    }
    let mut bytes = filter.into_bytes();
    bytes.drain(..header);
    Ok(bytes)
}

/// What is hashed: exactly these 36 bytes. Arrays themselves would add their length, in the platform's width.
struct Item([u8; 36]);

impl Item {
    fn new(entry: &[u8; 32], pair: u32) -> Self {
        let mut bytes = [0; 36];
        let (head, tail) = bytes.split_at_mut(32);
        head.copy_from_slice(entry);
        tail.copy_from_slice(&pair.to_le_bytes());
        Self(bytes)
    }
}

impl Hash for Item {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

/// Where the bits of an entry are.
struct Positions {
    bits: u64,
    hashers: [SipHasher13; 2],
}

impl Positions {
    /// The descriptor must have been checked.
    fn new(descriptor: &BloomDescriptor) -> Self {
        Self { bits: descriptor.bits, hashers: descriptor.keys().map(|key| SipHasher13::new_with_key(&key)) }
    }

    /// Writes the positions of these pairs into `places` and gives back as many as that are.
    fn of<'a>(&self, entry: &[u8; 32], pairs: Range<u32>, places: &'a mut [u64]) -> &'a [u64] {
        let mut used = 0;
        for (pair, two) in pairs.zip(places.chunks_exact_mut(2)) {
            let item = Item::new(entry, pair);
            for (place, hasher) in two.iter_mut().zip(&self.hashers) {
                *place = hasher.hash(&item.0) % self.bits;
                used += 1;
            }
        }
        places.get(..used).unwrap_or_default()
    }
}

fn check_length(descriptor: &BloomDescriptor, bytes: &[u8]) -> Result<()> {
    descriptor.check()?;
    if u64::try_from(bytes.len()).ok() != Some(descriptor.bits / 8) {
        return Err(Error::new(ErrorKind::BadDescriptor, "the number of bits is not that of the bytes"));
    }
    Ok(())
}

fn ones(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(8);
    let mut sum = 0;
    for word in words.by_ref() {
        sum += u64::from(word.try_into().map_or(0, u64::from_le_bytes).count_ones());
    }
    sum + words.remainder().iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>()
}

/// How many entries are looked up together.
const GROUP: usize = 16;

/// A filter whose descriptor fits its bytes.
pub(crate) struct Bloom<B> {
    bytes: B,
    positions: Positions,
    pairs: u32,
    rate: u64,
}

impl<B: AsRef<[u8]>> Bloom<B> {
    /// Checks everything about the filter and counts its bits once; copies nothing.
    ///
    /// `count` is the number of entries that the publisher signed. More ones than they can set are refused, so a
    /// filter of few entries cannot answer yes to everything.
    ///
    /// # Errors
    ///
    /// `BadDescriptor` if a field is out of its range or does not fit the length or the count; `Malformed` if too
    /// many bits are set.
    pub(crate) fn open(descriptor: &BloomDescriptor, bytes: B, count: u64) -> Result<Self> {
        check_length(descriptor, bytes.as_ref())?;
        if count > MAX_ENTRIES {
            return Err(Error::new(ErrorKind::BadDescriptor, "more entries than a filter can have"));
        }
        let ones = ones(bytes.as_ref());
        if ones == descriptor.bits || ones > count * u64::from(descriptor.hashes) {
            return Err(Error::new(ErrorKind::Malformed, "more bits are set than the entries can set"));
        }
        let rate = power_rate(ones, descriptor.bits, descriptor.hashes);
        Ok(Self { bytes, positions: Positions::new(descriptor), pairs: descriptor.hashes / 2, rate })
    }

    /// A filter whose bits were counted before, and gave this rate. They are not looked at.
    ///
    /// # Errors
    ///
    /// `BadDescriptor` as [`open`](Self::open).
    pub(crate) fn counted(descriptor: &BloomDescriptor, bytes: B, rate: u64) -> Result<Self> {
        check_length(descriptor, bytes.as_ref())?;
        Ok(Self { bytes, positions: Positions::new(descriptor), pairs: descriptor.hashes / 2, rate })
    }

    /// Whether the entry may be in the set; false is certain.
    pub(crate) fn contains(&self, entry: &[u8; 32]) -> bool {
        // Four positions tell most strangers.
        let first = self.pairs.min(2);
        self.all_set(entry, 0..first) && self.all_set(entry, first..self.pairs)
    }

    /// Calls `each` with the number of every entry that may be in the set, rising. First bits are asked for many at a time.
    pub(crate) fn each_contained(&self, entries: &[[u8; 32]], each: &mut dyn FnMut(usize)) {
        const FIRST: u32 = 2;
        for (group, entries) in entries.chunks(GROUP).enumerate() {
            let mut places = [[0; 2 * FIRST as usize]; GROUP];
            for (places, entry) in places.iter_mut().zip(entries) {
                // With a single pair of positions, the second two are the first again.
                let (first, last) = places.split_at_mut(FIRST as usize);
                self.positions.of(entry, 0..1, first);
                last.copy_from_slice(first);
                if self.pairs > 1 {
                    self.positions.of(entry, 1..FIRST, last);
                }
                places
                    .iter()
                    .for_each(|place| self.bytes.as_ref().get((place / 8) as usize).into_iter().for_each(ahead));
            }
            for (number, (places, entry)) in places.iter().zip(entries).enumerate() {
                if self.are_set(places) && self.all_set(entry, self.pairs.min(FIRST)..self.pairs) {
                    each(group * GROUP + number);
                }
            }
        }
    }

    fn all_set(&self, entry: &[u8; 32], pairs: Range<u32>) -> bool {
        let mut places = [0; MAX_HASHES as usize];
        self.are_set(self.positions.of(entry, pairs, &mut places))
    }

    fn are_set(&self, places: &[u64]) -> bool {
        let bytes = self.bytes.as_ref();
        // No exit before the last, so that the reads overlap. `open` found 8 · bytes = bits, so indices fit `usize`.
        let bit = |place: &u64| bytes.get((place / 8) as usize).map_or(0, |byte| byte >> (place % 8));
        places.iter().fold(1, |all, place| all & bit(place)) & 1 == 1
    }

    /// The rate of false positives, in 10^-15, as the bits themselves give it.
    pub(crate) const fn rate(&self) -> u64 {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::filter::limits::samples::{entries, within_five_sigma};
    use crate::twins::inputs;

    const SEED: [u8; 32] = *b"a first half 16+another half 16b";

    fn refused(descriptor: &BloomDescriptor, bytes: &[u8], count: u64) -> Option<ErrorKind> {
        Bloom::open(descriptor, bytes, count).err().map(|error| error.kind())
    }

    #[test]
    fn twin_entries_together_and_one_by_one() {
        let asked = inputs(30_000);
        for rate in [10_u64.pow(14) * 4, 10_u64.pow(13), 10_u64.pow(9)] {
            let members = 5_000;
            let (descriptor, bytes) = build(entries(3, members), rate, SEED).unwrap();
            let filter = Bloom::open(&descriptor, &bytes, members as u64).unwrap();
            // The first of these are the members.
            let mut all = entries(3, members + asked / 3);
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
        for (count, rate) in
            [(1, 1), (2, 999_999_999_999_999), (7, 1_000_000), (1_000, 1_000_000), (20_000, 10_u64.pow(12))]
        {
            let (descriptor, bytes) = build(entries(1, count), rate, SEED).unwrap();
            let filter = Bloom::open(&descriptor, &bytes, count as u64).unwrap();
            assert!(entries(1, count).all(|entry| filter.contains(&entry)), "{count} at {rate}");
            assert!(filter.rate() <= rate, "{count} at {rate}: {}", filter.rate());
        }
    }

    #[test]
    fn false_positives_are_as_frequent_as_the_bits_say() {
        // A single entry at a low rate is where positions that all follow from two would betray themselves.
        for (count, rate) in
            [(1, 10_u64.pow(11)), (10, 10_u64.pow(11)), (1_000, 10_u64.pow(12)), (5_000, 10_u64.pow(13))]
        {
            let (descriptor, bytes) = build(entries(2, count), rate, SEED).unwrap();
            let filter = Bloom::open(&descriptor, bytes, count as u64).unwrap();
            let tries = 500_000;
            let hits = entries(3, tries).filter(|entry| filter.contains(entry)).count();
            assert!(within_five_sigma(hits, tries, filter.rate()), "{count}: {hits} of {tries} at {}", filter.rate());
        }
    }

    #[test]
    fn size_stays_near_the_optimum() {
        let (descriptor, _) = build(entries(1, 50_000), 1_000_000, SEED).unwrap();
        assert_eq!(descriptor.hashes, 30);
        // 1.4427 · log2(10^9) = 43.13 bits an entry.
        assert!((43.1..43.7).contains(&(descriptor.bits as f64 / 50_000.0)), "{}", descriptor.bits);
        let hashes = [RATE_UNIT - 1, 10_u64.pow(13), 10_u64.pow(12), 1_000_000, 1].map(hashes_for);
        assert_eq!(hashes, [2, 6, 10, 30, 50]);
    }

    #[test]
    fn order_does_not_matter_but_the_seed_does() {
        let sorted: Vec<_> = entries(4, 500).collect();
        let reversed: Vec<_> = sorted.iter().rev().copied().collect();
        let built = build(sorted.iter().copied(), 1_000_000, SEED).unwrap();
        assert_eq!(built, build(reversed.iter().copied(), 1_000_000, SEED).unwrap());
        let mut other = SEED;
        other[0] ^= 1;
        assert_ne!(built.1, build(sorted.iter().copied(), 1_000_000, other).unwrap().1);
    }

    #[test]
    fn an_empty_set_contains_nothing() {
        let (descriptor, bytes) = build(entries(0, 0), 1_000_000, SEED).unwrap();
        assert_eq!(bytes, [0; 8]);
        let filter = Bloom::open(&descriptor, bytes, 0).unwrap();
        assert_eq!(filter.rate(), 0);
        assert!(!entries(1, 1_000).any(|entry| filter.contains(&entry)));
    }

    #[test]
    fn the_crate_finds_the_same_in_the_same_bits() {
        let (descriptor, bytes) = build(entries(5, 300), 10_u64.pow(13), SEED).unwrap();
        let items = usize::try_from(descriptor.bits * 34_657 / 100_000).unwrap();
        let empty = bloomfilter::Bloom::<Item>::new_with_seed(bytes.len(), items, &SEED).unwrap();
        let mut crate_bytes = empty.to_bytes();
        let header = crate_bytes.len() - bytes.len();
        crate_bytes[header..].copy_from_slice(&bytes);
        let theirs = bloomfilter::Bloom::<Item>::from_bytes(crate_bytes).unwrap();
        let ours = Bloom::open(&descriptor, bytes, 300).unwrap();
        let mut hits = 0;
        for entry in entries(5, 300).chain(entries(6, 20_000)) {
            let found = (0..descriptor.hashes / 2).all(|pair| theirs.check(&Item::new(&entry, pair)));
            assert_eq!(ours.contains(&entry), found);
            hits += usize::from(found);
        }
        assert!(hits > 400, "members and some false positives: {hits}");
    }

    #[test]
    fn hostile_descriptors_are_refused_at_once() {
        let (good, bytes) = build(entries(7, 100), 1_000_000, SEED).unwrap();
        assert_eq!(refused(&good, &bytes, 100), None);
        let started = Instant::now();
        let bits = good.bits;
        for wrong in [
            0,
            1,
            8,
            63,
            65,
            bits - 64,
            bits - 1,
            bits + 1,
            bits + 64,
            MAX_BITS,
            MAX_BITS + 64,
            u64::MAX - 63,
            u64::MAX,
        ] {
            let descriptor = BloomDescriptor { bits: wrong, ..good.clone() };
            assert_eq!(refused(&descriptor, &bytes, 100), Some(ErrorKind::BadDescriptor), "{wrong} bits");
        }
        for wrong in [0, 1, 3, 29, 31, 63, 65, 66, u32::MAX - 1, u32::MAX] {
            let descriptor = BloomDescriptor { hashes: wrong, ..good.clone() };
            assert_eq!(refused(&descriptor, &bytes, 100), Some(ErrorKind::BadDescriptor), "{wrong} hashes");
        }
        for wrong in [[0; 32], [255; 32], *b"one half sixteenone half sixteen"] {
            let descriptor = BloomDescriptor { seed: wrong, ..good.clone() };
            assert_eq!(refused(&descriptor, &bytes, 100), Some(ErrorKind::BadDescriptor));
            assert_eq!(build(entries(7, 1), 1, wrong).unwrap_err().kind(), ErrorKind::BadDescriptor);
        }
        for length in [0, 1, bytes.len() - 1] {
            assert_eq!(refused(&good, &bytes[..length], 100), Some(ErrorKind::BadDescriptor), "{length} bytes");
        }
        for count in [MAX_ENTRIES + 1, u64::MAX] {
            assert_eq!(refused(&good, &bytes, count), Some(ErrorKind::BadDescriptor), "{count} entries");
        }
        assert!(started.elapsed() < Duration::from_millis(100));
    }

    #[test]
    fn a_filter_that_says_yes_too_often_is_refused() {
        let (good, bytes) = build(entries(8, 100), 1_000_000, SEED).unwrap();
        let set = ones(&bytes);
        let enough = set.div_ceil(u64::from(good.hashes));
        assert_eq!(refused(&good, &bytes, enough), None);
        assert_eq!(refused(&good, &bytes, enough - 1), Some(ErrorKind::Malformed));
        assert_eq!(refused(&good, &vec![255; bytes.len()], MAX_ENTRIES), Some(ErrorKind::Malformed));
        let mut nearly = vec![255; bytes.len()];
        nearly[0] = 254;
        let filter = Bloom::open(&good, nearly, MAX_ENTRIES).unwrap();
        assert!(filter.rate() > RATE_UNIT * 9 / 10, "its rate tells: {}", filter.rate());
    }
}
