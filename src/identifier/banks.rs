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

/// By the first 8 characters of the BIC, for accounts in the BIC's own country.
const RULES: [(&str, Rule); 20] = [
    // Malaysia: number of digits by bank, current and savings accounts
    ("ARBKMYKL", Rule::AtLeast(13)),
    ("BIMBMYKL", Rule::AtLeast(14)),
    ("BMMBMYKL", Rule::AtLeast(14)),
    ("CIBBMYKL", Rule::AtLeast(14)),
    ("HLBBMYKL", Rule::AtLeast(11)),
    ("MBBEMYKL", Rule::AtLeast(12)),
    ("MFBBMYKL", Rule::AtLeast(15)),
    ("PBBEMYKL", Rule::AtLeast(10)),
    ("PHBMMYKL", Rule::AtLeast(12)),
    ("RHBBMYKL", Rule::AtLeast(14)),
    // Indonesia: lengths to which a payment service pads
    ("BDINIDJA", Rule::Pad(12)),
    ("BMRIIDJA", Rule::Pad(13)),
    ("BRINIDJA", Rule::Pad(15)),
    ("CENAIDJA", Rule::Pad(10)),
    // Singapore: how the account field of GIRO and refund forms is filled in
    ("DBSSSGSG", Rule::BranchApart),
    ("HSBCSGSG", Rule::BranchInside(&[9])),
    ("OCBCSGSG", Rule::BranchInside(&[7, 9])),
    ("SBINSGSG", Rule::BranchInside(&[11])),
    ("SCBLSG22", Rule::BranchApart),
    ("UOVBSGSG", Rule::BranchApart),
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
    let (_, rule) = RULES.iter().find(|(known, _)| *known == bank)?;
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
}
