//! What both filters admit: numbers of entries and rates.

use crate::error::{Error, ErrorKind, Result};

/// Rates of false positives are counted in 10^-15.
pub(crate) const RATE_UNIT: u64 = 1_000_000_000_000_000;

/// The most entries of one filter.
pub(crate) const MAX_ENTRIES: u64 = 1 << 30;

/// The number of entries to build from, if it is not over [`MAX_ENTRIES`].
pub(crate) fn checked_count(count: usize) -> Result<u64> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    if count > MAX_ENTRIES { Err(ErrorKind::TooManyEntries.into()) } else { Ok(count) }
}

/// The rate to build for, if it lies in `1..RATE_UNIT`.
pub(crate) fn checked_rate(rate: u64) -> Result<u64> {
    match rate {
        0 => Err(Error::new(ErrorKind::RateUnreachable, "a filter always has false positives")),
        RATE_UNIT.. => Err(Error::new(ErrorKind::InvalidArgument, "a rate of false positives is below one")),
        _ => Ok(rate),
    }
}

/// `(part / whole)^power` in [`RATE_UNIT`], rounded up in fixed point (`docs/filters.md` §1.4), so that every
/// implementation has the same integer. `part <= whole`, `whole > 0`.
pub(crate) fn power_rate(part: u64, whole: u64, power: u32) -> u64 {
    const ONE: u128 = 1 << 63;
    let fraction = (u128::from(part) * ONE).div_ceil(u128::from(whole.max(1))).min(ONE);
    let product = (0..power).fold(ONE, |product, _| (product * fraction).div_ceil(ONE));
    u64::try_from((product * u128::from(RATE_UNIT)).div_ceil(ONE)).unwrap_or(RATE_UNIT)
}

#[cfg(test)]
pub(crate) mod samples {
    //! Entries for tests: uniform and the same everywhere.

    /// One step of SplitMix64.
    fn step(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `count` entries; other streams have other entries.
    pub(crate) fn entries(stream: u64, count: usize) -> impl ExactSizeIterator<Item = [u8; 32]> + Clone {
        (0..count).map(move |index| {
            let mut state = (stream << 40) ^ (index as u64);
            state = step(&mut state);
            let mut entry = [0; 32];
            for word in entry.chunks_exact_mut(8) {
                word.copy_from_slice(&step(&mut state).to_le_bytes());
            }
            entry
        })
    }

    /// Whether `hits` of `tries` lie within 5 sigma of `rate` (10^-15), with a hit to spare for tiny means.
    pub(crate) fn within_five_sigma(hits: usize, tries: usize, rate: u64) -> bool {
        let mean = tries as f64 * rate as f64 / super::RATE_UNIT as f64;
        (hits as f64 - mean).abs() <= 5.0 * mean.sqrt() + 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_rounded_up_and_never_above_one() {
        assert_eq!(power_rate(1, 2, 1), RATE_UNIT / 2);
        assert_eq!(power_rate(1, 2, 2), RATE_UNIT / 4);
        assert_eq!(power_rate(1, 3, 1), 333_333_333_333_334);
        assert_eq!(power_rate(0, 64, 2), 0);
        assert_eq!(power_rate(1, 1 << 40, 64), 1);
        assert_eq!(power_rate(7, 7, 64), RATE_UNIT);
        assert_eq!(power_rate(1, 2, 30), 931_323);
    }

    #[test]
    fn limits_are_inclusive() {
        assert_eq!(checked_count(1 << 30).unwrap(), MAX_ENTRIES);
        assert_eq!(checked_count((1 << 30) + 1).unwrap_err().kind(), ErrorKind::TooManyEntries);
        assert_eq!(checked_rate(0).unwrap_err().kind(), ErrorKind::RateUnreachable);
        assert_eq!(checked_rate(RATE_UNIT).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(checked_rate(RATE_UNIT - 1).unwrap(), RATE_UNIT - 1);
    }
}
