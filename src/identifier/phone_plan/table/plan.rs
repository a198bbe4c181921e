//! What is known of a country code, and how it is asked.

/// Blocks of four leading digits, both ends included. Lists of them rise and are disjoint.
type Range = (u16, u16);

/// A country code whose assigned ranges are in the table.
pub(crate) struct Country {
    /// ISO 3166-1 alpha-2: the region whose plan the library takes for the code.
    pub(crate) region: &'static str,
    pub(crate) code: &'static str,
    /// What is dialled before a national number, where it is one digit and no carrier's prefix begins like it.
    pub(crate) trunk: Option<char>,
    /// Blocks of four leading digits at which the library could drop something else than `trunk`.
    unclear: &'static [Range],
    pub(crate) plans: &'static [Plan],
}

/// Numbers of one length that are valid if their first four digits lie in one of the ranges.
pub(crate) struct Plan {
    /// Digits after the country code.
    pub(crate) length: usize,
    pub(crate) ranges: &'static [Range],
}

pub(super) const fn country(
    region: &'static str,
    code: &'static str,
    trunk: Option<char>,
    unclear: &'static [Range],
    plans: &'static [Plan],
) -> Country {
    Country { region, code, trunk, unclear, plans }
}

pub(super) const fn plan(length: usize, ranges: &'static [Range]) -> Plan {
    Plan { length, ranges }
}

impl Country {
    /// Whether a national number without trunk prefix lies in a wholly assigned block.
    pub(crate) fn assigns(&self, national: &str) -> bool {
        let plan = self.plans.iter().find(|plan| plan.length == national.len());
        plan.zip(block(national)).is_some_and(|(plan, block)| contains(plan.ranges, block))
    }

    /// Whether the library drops nothing of a national number without trunk prefix.
    pub(crate) fn is_clear(&self, national: &str) -> bool {
        !national.starts_with('0') && block(national).is_some_and(|block| !contains(self.unclear, block))
    }
}

/// Four leading digits.
fn block(national: &str) -> Option<u16> {
    let block = national.as_bytes().get(..4)?;
    Some(block.iter().fold(0, |value, byte| value * 10 + u16::from(byte.wrapping_sub(b'0'))))
}

fn contains(ranges: &[Range], block: u16) -> bool {
    let next = ranges.partition_point(|&(_, last)| last < block);
    ranges.get(next).is_some_and(|&(first, _)| first <= block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_both_their_ends() {
        for (block, inside) in
            [(9, false), (10, true), (15, true), (20, true), (21, false), (29, false), (30, true), (31, false)]
        {
            assert_eq!(contains(&[(10, 20), (30, 30)], block), inside, "{block}");
        }
        assert!(!contains(&[], 0));
        for (national, expected) in [("1234567", Some(1_234)), ("0009", Some(9)), ("9999", Some(9_999)), ("123", None)]
        {
            assert_eq!(block(national), expected, "{national}");
        }
    }

    #[test]
    fn a_block_is_assigned_in_its_length_alone() {
        const PLANS: &[Plan] = &[plan(5, &[(1_000, 1_999)]), plan(7, &[(2_000, 2_999)])];
        let country = country("ZZ", "999", None, &[(3_000, 3_999)], PLANS);
        for (national, assigned, clear) in [
            ("10000", true, true),
            ("19999", true, true),
            ("20000", false, true),
            ("2000000", true, true),
            ("1000000", false, true),
            ("100000", false, true),
            ("3000", false, false),
            ("39990", false, false),
            ("40000", false, true),
            ("01000", false, false),
            ("300", false, false),
        ] {
            assert_eq!(country.assigns(national), assigned, "{national}");
            assert_eq!(country.is_clear(national), clear, "{national}");
        }
    }
}
