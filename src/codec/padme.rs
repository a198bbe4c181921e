//! Padmé lengths: few enough to hide a size, at most 12 % longer.
//!
//! Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019, §4.

/// The smallest Padmé length that is at least `length`.
pub(crate) const fn padded(length: u64) -> u64 {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let significant = exponent.ilog2() + 1;
    let mask = (1_u64 << (exponent - significant)) - 1;
    // Lengths near 2^64 have no padded length; no file is that long.
    length.saturating_add(mask) & !mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_lengths() {
        for (length, expected) in [(0, 0), (1, 1), (2, 2), (9, 10), (100, 104), (1_000, 1_024), (10_000, 10_240)] {
            assert_eq!(padded(length), expected);
        }
    }

    #[test]
    fn ten_thousand_sizes_share_few_lengths() {
        let mut lengths: Vec<u64> = (1..=10_000).map(padded).collect();
        for (length, padded_length) in (1..).zip(&lengths) {
            assert!(*padded_length >= length);
            assert!(*padded_length as f64 <= length as f64 * 1.12 + 1.0);
            assert_eq!(padded(*padded_length), *padded_length);
        }
        lengths.dedup();
        assert!(lengths.len() <= 130);
    }
}
