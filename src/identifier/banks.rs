//! What is published about the account numbers of single banks, as data (`docs/canonical.md`, account).
//!
//! A rule stands here only where a source states it; every other bank's numbers are taken as they are.
//! A change of the tables changes their version in `Kind::data_version`.

/// What a bank's numbers are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Numbers have this many digits; shorter ones lost leading zeros. Longer ones are virtual accounts.
    Pad(usize),
    /// No number of the bank has fewer digits.
    AtLeast(usize),
    /// The number begins with the branch (3 digits). A number of one of these lengths lacks it.
    BranchInside(&'static [usize]),
    /// The number is complete without its branch, which some forms ask for in a field of its own.
    BranchApart,
}

/// How many characters of a BIC name the bank, its country and its place.
const BIC_BANK: usize = 8;

/// By the first 8 characters of the BIC, for accounts in the BIC's own country.
const RULES: [([u8; BIC_BANK], Rule); 20] = [
    // Malaysia: number of digits by bank, current and savings accounts
    (*b"ARBKMYKL", Rule::AtLeast(13)),
    (*b"BIMBMYKL", Rule::AtLeast(14)),
    (*b"BMMBMYKL", Rule::AtLeast(14)),
    (*b"CIBBMYKL", Rule::AtLeast(14)),
    (*b"HLBBMYKL", Rule::AtLeast(11)),
    (*b"MBBEMYKL", Rule::AtLeast(12)),
    (*b"MFBBMYKL", Rule::AtLeast(15)),
    (*b"PBBEMYKL", Rule::AtLeast(10)),
    (*b"PHBMMYKL", Rule::AtLeast(12)),
    (*b"RHBBMYKL", Rule::AtLeast(14)),
    // Indonesia: lengths to which a payment service pads
    (*b"BDINIDJA", Rule::Pad(12)),
    (*b"BMRIIDJA", Rule::Pad(13)),
    (*b"BRINIDJA", Rule::Pad(15)),
    (*b"CENAIDJA", Rule::Pad(10)),
    // Singapore: how the account field of GIRO and refund forms is filled in
    (*b"DBSSSGSG", Rule::BranchApart),
    (*b"HSBCSGSG", Rule::BranchInside(&[9])),
    (*b"OCBCSGSG", Rule::BranchInside(&[7, 9])),
    (*b"SBINSGSG", Rule::BranchInside(&[11])),
    (*b"SCBLSG22", Rule::BranchApart),
    (*b"UOVBSGSG", Rule::BranchApart),
];

/// The BIC's first 8 characters by the number under which a Vietnamese bank stands in VietQR codes (NAPAS).
const VIETNAM: [(&str, &str); 21] = [
    ("970403", "SGTTVNVX"),
    ("970405", "VBAAVNVX"),
    ("970407", "VTCBVNVX"),
    ("970415", "ICBVVNVX"),
    ("970416", "ASCBVNVX"),
    ("970418", "BIDVVNVX"),
    ("970422", "MSCBVNVX"),
    ("970423", "TPBVVNVX"),
    ("970424", "SHBKVNVX"),
    ("970425", "ABBKVNVX"),
    ("970426", "MCOBVNVX"),
    ("970428", "NAMAVNVX"),
    ("970431", "EBVIVNVX"),
    ("970432", "VPBKVNVX"),
    ("970436", "BFTVVNVX"),
    ("970437", "HDBCVNVX"),
    ("970440", "SEAVVNVX"),
    ("970441", "VNIBVNVX"),
    ("970443", "SHBAVNVX"),
    ("970448", "ORCOVNVX"),
    ("970449", "LVBKVNVX"),
];

/// The rule for a bank's accounts in a country, if one is published.
pub(super) fn rule(country: &str, bank: &str) -> Option<Rule> {
    let name: &[u8; BIC_BANK] = bank.as_bytes().try_into().ok()?;
    let (_, rule) = RULES.iter().find(|(known, _)| known == name)?;
    if bank.get(4..6) == Some(country) { Some(*rule) } else { None }
}

/// The bank of a VietQR code, as the first 8 characters of its BIC.
pub(super) fn vietnam(number: &str) -> Option<&'static str> {
    VIETNAM.iter().find(|(known, _)| *known == number).map(|(_, bank)| *bank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_within_their_countries_and_hold_no_bank_twice() {
        let mut banks: Vec<_> = RULES.iter().map(|(bank, _)| *bank).collect();
        banks.sort_unstable();
        banks.dedup();
        assert_eq!(banks.len(), RULES.len());
        assert!(VIETNAM.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_rule_holds_in_the_banks_own_country_alone() {
        assert_eq!(rule("ID", "CENAIDJA"), Some(Rule::Pad(10)));
        assert_eq!(rule("SG", "CENAIDJA"), None);
    }

    #[test]
    fn a_bank_is_found_by_its_whole_name_and_number() {
        for (country, bank) in [("SG", "DBSSSGS"), ("SG", "DBSSSGSGX"), ("SG", "dbsssgsg"), ("", "DBSSSGSG")] {
            assert_eq!(rule(country, bank), None, "{country} {bank}");
        }
        assert_eq!(vietnam("970403"), Some("SGTTVNVX"));
        assert_eq!(vietnam("970449"), Some("LVBKVNVX"));
        for number in ["970404", "97040", "9704030", ""] {
            assert_eq!(vietnam(number), None, "{number}");
        }
    }
}
