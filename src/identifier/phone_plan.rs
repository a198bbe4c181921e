//! Assigned mobile ranges of the eleven ASEAN plans, so that E.164 input need not go through the full parser.
//!
//! The table holds exactly those blocks of four leading digits all of whose completions match libphonenumber's
//! mobile and general patterns (metadata 9.0.42), found with an automaton of the patterns. No block begins with a
//! trunk prefix, so the library gives such a number back unchanged. Blocks that are valid in part are left out and
//! go through the library.

/// Numbers of one country and length: the first four digits after the country code lie in one of the ranges.
struct Plan {
    country: &'static str,
    /// Digits after the country code.
    length: usize,
    /// Rising and disjoint, both ends included.
    ranges: &'static [(u16, u16)],
}

const fn plan(country: &'static str, length: usize, ranges: &'static [(u16, u16)]) -> Plan {
    Plan { country, length, ranges }
}

const PLANS: &[Plan] = &[
    // Brunei
    plan("673", 7, &[(2280, 2299), (7000, 8999)]),
    // Cambodia
    plan("855", 8, &[(1000, 1999), (6000, 6199), (6600, 7099), (7700, 8199), (8300, 8799), (8900, 9599), (9700, 9999)]),
    plan(
        "855",
        9,
        &[
            (1200, 1299),
            (1800, 1899),
            (2348, 2348),
            (2448, 2448),
            (2548, 2548),
            (2648, 2648),
            (3100, 3199),
            (3248, 3248),
            (3348, 3348),
            (3448, 3448),
            (3548, 3548),
            (3648, 3648),
            (3800, 3899),
            (4248, 4248),
            (4348, 4348),
            (4448, 4448),
            (5248, 5248),
            (5348, 5348),
            (5448, 5448),
            (5548, 5548),
            (6248, 6248),
            (6348, 6348),
            (6448, 6448),
            (6548, 6548),
            (7100, 7199),
            (7248, 7248),
            (7348, 7348),
            (7448, 7448),
            (7548, 7548),
            (7600, 7699),
            (8800, 8899),
            (9600, 9799),
        ],
    ),
    // Indonesia
    plan("62", 9, &[(8100, 8399), (8500, 8999)]),
    plan("62", 10, &[(8100, 8399), (8500, 8999)]),
    plan("62", 11, &[(8100, 8399), (8500, 8999)]),
    plan("62", 12, &[(8100, 8399), (8500, 8999)]),
    // Laos
    plan("856", 9, &[(3000, 3099)]),
    plan(
        "856",
        10,
        &[(2020, 2039), (2050, 2059), (2070, 2079), (2087, 2088), (2090, 2099), (3020, 3029), (3040, 3049)],
    ),
    // Malaysia
    plan(
        "60",
        9,
        &[
            (1020, 1046),
            (1050, 1071),
            (1076, 1098),
            (1200, 1299),
            (1310, 1399),
            (1420, 1439),
            (1450, 1499),
            (1531, 1531),
            (1600, 1699),
            (1710, 1799),
            (1812, 1813),
            (1820, 1840),
            (1846, 1846),
            (1857, 1871),
            (1876, 1881),
            (1890, 1898),
            (1900, 1999),
        ],
    ),
    plan("60", 10, &[(1110, 1159), (1161, 1174), (1590, 1599), (1900, 1999)]),
    // Myanmar
    plan("95", 7, &[(1700, 1719)]),
    plan("95", 8, &[(9200, 9249), (9500, 9569), (9600, 9699), (9800, 9909), (9980, 9999)]),
    plan(
        "95",
        9,
        &[
            (9300, 9339),
            (9360, 9369),
            (9410, 9419),
            (9430, 9439),
            (9470, 9479),
            (9488, 9488),
            (9490, 9499),
            (9610, 9619),
            (9730, 9739),
            (9910, 9919),
        ],
    ),
    plan(
        "95",
        10,
        &[
            (9250, 9269),
            (9340, 9349),
            (9400, 9409),
            (9420, 9429),
            (9440, 9459),
            (9600, 9699),
            (9740, 9740),
            (9750, 9799),
            (9880, 9899),
            (9940, 9989),
        ],
    ),
    // Philippines
    plan(
        "63",
        10,
        &[
            (8130, 8139),
            (8170, 8179),
            (8950, 8989),
            (9050, 9129),
            (9140, 9399),
            (9420, 9799),
            (9810, 9819),
            (9830, 9839),
            (9850, 9899),
            (9910, 9999),
        ],
    ),
    // Singapore
    plan("65", 8, &[(8010, 9899)]),
    // Thailand
    plan("66", 9, &[(1400, 1499), (6100, 6699), (6710, 6718), (6724, 6727), (6731, 6736), (8000, 9999)]),
    // Timor-Leste
    plan("670", 8, &[(7200, 7899)]),
    // Viet Nam
    plan(
        "84",
        9,
        &[
            (1210, 1213),
            (1400, 1409),
            (1600, 1609),
            (3000, 3999),
            (5100, 5199),
            (5220, 5239),
            (5280, 5289),
            (5590, 5699),
            (5800, 5999),
            (7000, 7099),
            (7600, 7999),
            (8100, 8899),
            (8960, 9919),
            (9930, 9999),
        ],
    ),
];

/// Whether the text is `+`, an ASEAN country code and a national number in a wholly assigned mobile block.
///
/// Never true for text that libphonenumber does not find valid, or writes differently.
pub(super) fn is_assigned_mobile(text: &str) -> bool {
    let Some(number) = text.strip_prefix('+') else { return false };
    // The shortest and the longest of the table.
    if !(9..=14).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    PLANS.iter().any(|plan| {
        number.len() == plan.country.len() + plan.length
            && number.strip_prefix(plan.country).and_then(|national| national.get(..4)).is_some_and(|block| {
                let block = block.bytes().fold(0, |value, byte| value * 10 + u16::from(byte - b'0'));
                plan.ranges.iter().any(|&(first, last)| (first..=last).contains(&block))
            })
    })
}

#[cfg(test)]
mod tests {
    use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType};

    use super::*;

    /// What the library makes of it, if it is valid.
    fn library(text: &str) -> Option<(String, PhoneNumber)> {
        let number =
            PHONE_NUMBER_UTIL.parse(text, None).ok().filter(|number| PHONE_NUMBER_UTIL.is_valid_number(number))?;
        Some((format!("+{}{}", number.country_code, number.get_national_significant_number()), number))
    }

    /// Compares `rounds` completions of every block of every plan with the library.
    fn compare(rounds: u64) {
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let (mut taken, mut left) = (0u64, 0u64);
        for plan in PLANS {
            let rest = plan.length - 4;
            let modulus = 10u64.pow(u32::try_from(rest).unwrap());
            for block in 0..10_000 {
                for round in 0..rounds {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let tail = match round {
                        1 => 0,
                        2 => modulus - 1,
                        _ => (state >> 20) % modulus,
                    };
                    let text = format!("+{}{block:04}{tail:0rest$}", plan.country);
                    let by_library = library(&text);
                    if is_assigned_mobile(&text) {
                        taken += 1;
                        let (written, number) = by_library.expect("the library refuses a number that the table takes");
                        assert_eq!(written, text);
                        assert_eq!(PHONE_NUMBER_UTIL.get_number_type(&number), PhoneNumberType::Mobile);
                    } else if by_library.is_some_and(|(_, number)| {
                        PHONE_NUMBER_UTIL.get_number_type(&number) == PhoneNumberType::Mobile
                    }) {
                        left += 1;
                    }
                }
            }
        }
        assert!(taken > 20_000 * rounds, "the table covers {taken}");
        assert!(left * 20 < taken, "{left} mobile numbers beside {taken} go the slow way");
    }

    #[test]
    fn every_block_agrees_with_the_library() {
        compare(3);
    }

    #[test]
    #[ignore = "4.6 million numbers: minutes"]
    fn many_numbers_of_every_block_agree_with_the_library() {
        compare(21);
    }

    #[test]
    fn ranges_rise_and_begin_with_no_trunk_prefix() {
        for plan in PLANS {
            let mut before = 999;
            for &(first, last) in plan.ranges {
                assert!(first > before && last >= first && last <= 9_999);
                before = last;
            }
        }
    }

    #[test]
    fn only_e164_is_taken() {
        assert!(is_assigned_mobile("+6591234567"));
        for text in
            ["6591234567", "+65 91234567", "+659123456", "+65912345678", "+6561234567", "+", "+1", "+６591234567"]
        {
            assert!(!is_assigned_mobile(text), "{text}");
        }
    }
}
