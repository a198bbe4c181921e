//! Assigned ranges of the world's numbering plans, so that most numbers need not go through the full parser.
//!
//! The table holds those blocks of four leading digits all of whose completions are valid numbers by libphonenumber's
//! patterns (metadata 9.0.42); `tests/differential/phone_plan.py` finds them with an automaton of the patterns. Blocks
//! that are valid in part are left out, and so are blocks at whose beginning the library could find a prefix to drop.
//! Where it can find none ("clear"), only its patterns need be asked, not its reading of prefixes.
//!
//! So `+CC NSN` of a clear block is what the library gives back for it: country codes are prefix-free, and no prefix of the
//! plan can match the beginning of a block. In its own region, the library reads `NSN`, or `NSN` behind the trunk prefix,
//! as the same number:
//! - it begins with no international prefix;
//! - the country code is not dropped, because a number that begins with it is left to the library, unless the trunk
//!   prefix is the country code (North America), where both ways drop the same digit;
//! - the trunk prefix is dropped, because what is left matches the general pattern, and no carrier's prefix begins
//!   with it and the block.

// floor 0
mod table;

use table::Country;

/// Digits of the longest number in the table, country code included.
const MAX_DIGITS: usize = 15;
/// Text that holds more separators than this is left to the library.
const MAX_TEXT: usize = 32;

/// Whether the text is `+`, a country code and a national number in a wholly assigned block.
///
/// Never true for text that libphonenumber does not find valid, or writes differently.
pub(super) fn is_assigned(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|number| {
        number.len() <= MAX_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit()) && is_in_a_block(number)
    })
}

fn is_in_a_block(number: &str) -> bool {
    Country::of_number(number)
        .is_some_and(|country| number.get(country.code.len()..).is_some_and(|national| country.assigns(national)))
}

/// What is dialled, read from text in which nothing but ASCII digits and plain separators stands.
pub(super) struct Dialled {
    digits: [u8; MAX_DIGITS],
    count: usize,
    plus: bool,
}

impl Dialled {
    /// At least one digit, perhaps a plus before the first, and spaces, `-`, `.`, `(`, `)`.
    ///
    /// `None` says nothing: the text is for the longer reading.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let mut dialled = Self { digits: [0; MAX_DIGITS], count: 0, plus: false };
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => {
                    *dialled.digits.get_mut(dialled.count)? = byte;
                    dialled.count += 1;
                }
                b'+' if dialled.count == 0 && !dialled.plus => dialled.plus = true,
                b' ' | b'-' | b'.' | b'(' | b')' => {}
                _ => return None,
            }
        }
        if dialled.count == 0 { None } else { Some(dialled) }
    }

    /// The digits, with their plus.
    pub(super) fn number(&self) -> String {
        let plus = if self.plus { "+" } else { "" };
        [plus, self.digits()].concat()
    }

    fn digits(&self) -> &str {
        self.digits.get(..self.count).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default()
    }

    /// Country code and national number, with its plus or as a national number of `region`.
    ///
    /// `None` says nothing: the number is for the library.
    pub(super) fn parts(&self, region: Option<&str>) -> Option<Parts<'_>> {
        let digits = self.digits();
        if self.plus {
            let country = Country::of_number(digits)?;
            return Some(Parts { country, national: digits.get(country.code.len()..)? });
        }
        let country = Country::of_region(region?)?;
        let national = match country.trunk.and_then(|trunk| digits.strip_prefix(trunk)) {
            Some(national) => national,
            None if digits.starts_with(country.code) => return None,
            None => digits,
        };
        Some(Parts { country, national })
    }
}

/// A number as it is before anybody asked whether there is such a one.
pub(super) struct Parts<'a> {
    country: &'static Country,
    national: &'a str,
}

impl Parts<'_> {
    pub(super) fn is_assigned(&self) -> bool {
        self.country.assigns(self.national)
    }

    /// Country code and national number as the library holds them, where it must read the digits so if that is valid.
    pub(super) fn clear(&self) -> Option<(i32, u64)> {
        if !self.country.is_clear(self.national) {
            return None;
        }
        Some((self.country.code.parse().ok()?, self.national.parse().ok()?))
    }

    /// E.164.
    pub(super) fn text(&self) -> String {
        ["+", self.country.code, self.national].concat()
    }
}

/// Whether the library, which read the digits `number` in `region` as `canonical`, must read `canonical` as itself.
///
/// True where it dropped nothing but one trunk prefix, and what is left does not begin with another one.
pub(super) fn is_settled(region: &str, number: &str, canonical: &str) -> bool {
    let Some(country) = Country::of_region(region) else { return false };
    let national = country.trunk.and_then(|trunk| number.strip_prefix(trunk)).unwrap_or(number);
    country.is_clear(national)
        && canonical.strip_prefix('+').and_then(|rest| rest.strip_prefix(country.code)) == Some(national)
}

#[cfg(test)]
mod tests {
    use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, Region};

    use super::*;

    /// What the library makes of it, if it is valid.
    fn library(text: &str, region: Option<Region>) -> Option<String> {
        let number =
            PHONE_NUMBER_UTIL.parse(text, region).ok().filter(|number| PHONE_NUMBER_UTIL.is_valid_number(number))?;
        Some(format!("+{}{}", number.country_code, number.get_national_significant_number()))
    }

    fn is_valid(parts: &Parts<'_>) -> bool {
        parts.clear().is_some_and(|(country_code, national_number)| {
            PHONE_NUMBER_UTIL.is_valid_number(&PhoneNumber { country_code, national_number, ..PhoneNumber::default() })
        })
    }

    fn assigned(text: &str, region: Option<&str>) -> Option<String> {
        let dialled = Dialled::read(text)?;
        dialled.parts(region).filter(Parts::is_assigned).map(|parts| parts.text())
    }

    /// The eleven ASEAN states.
    const ASEAN: [&str; 11] = ["BN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "TL", "VN"];

    /// Completions of each block that are compared: `cargo xtask phones` asks for more.
    fn rounds() -> u64 {
        std::env::var("BISIK_PHONE_ROUNDS").map_or(1, |rounds| rounds.parse().expect("a number of rounds"))
    }

    /// Every `step`th block of four digits of one country, so many completions of it, with the library: E.164, and what is
    /// taken of them as national numbers. How many the table took, and how many valid numbers it left.
    fn compare(country: &Country, step: usize, rounds: u64) -> (u64, u64) {
        let region = Region::try_from(country.region).unwrap();
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let (mut taken, mut left) = (0, 0);
        for (plan, block, round) in country.plans.iter().flat_map(|plan| {
            (0..10_000).step_by(step).flat_map(move |block| (0..rounds).map(move |round| (plan, block, round)))
        }) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let rest = plan.length - 4;
            let modulus = 10u64.pow(u32::try_from(rest).unwrap());
            let tail = match round {
                1 => 0,
                2 => modulus - 1,
                _ => (state >> 20) % modulus,
            };
            let national = format!("{block:04}{tail:0rest$}");
            let text = format!("+{}{national}", country.code);
            let by_library = library(&text, None);
            if is_assigned(&text) {
                taken += 1;
            } else {
                left += u64::from(by_library.is_some());
                // Here the library is asked for its patterns alone.
                if !Dialled::read(&text).is_some_and(|read| read.parts(None).is_some_and(|parts| is_valid(&parts))) {
                    continue;
                }
            }
            assert_eq!(by_library.as_ref(), Some(&text));
            for dialled in [format!("{}{national}", country.trunk.map_or(String::new(), String::from)), national] {
                let Some(read) = Dialled::read(&dialled) else { continue };
                let parts = read.parts(Some(country.region));
                let Some(parts) = parts.filter(|parts| parts.is_assigned() || is_valid(parts)) else {
                    assert!(dialled.starts_with(country.code), "{dialled} is left to the library");
                    continue;
                };
                let found = parts.text();
                assert_eq!(found, text);
                assert_eq!(library(&dialled, Some(region)), Some(found), "{dialled}");
            }
        }
        (taken, left)
    }

    #[test]
    fn every_block_agrees_with_the_library() {
        let rounds = rounds();
        let (mut taken, mut left) = ([0, 0], [0, 0]);
        for country in Country::all() {
            let home = ASEAN.contains(&country.region);
            // Of the others a sample, and three completions of each block where there is time.
            let step = if home || rounds > 1 { 1 } else { 101 };
            let (by_table, by_library) = compare(country, step, if home { rounds } else { rounds.min(3) });
            taken[usize::from(home)] += by_table;
            left[usize::from(home)] += by_library;
        }
        for (which, (taken, left)) in ["elsewhere", "the ASEAN states"].into_iter().zip(taken.into_iter().zip(left)) {
            println!("{which}: the table takes {taken} numbers; {left} more are valid to the library");
        }
        assert!(taken[1] > 60_000 * rounds, "the table covers {}", taken[1]);
        assert!(left[1] * 10 < taken[1], "{} valid numbers beside {} go the slow way", left[1], taken[1]);
        assert!(left[0] * 4 < taken[0], "{} valid numbers beside {} go the slow way", left[0], taken[0]);
    }

    #[test]
    fn ranges_rise_and_begin_with_no_trunk_prefix() {
        for plan in Country::all().flat_map(|country| country.plans) {
            let mut before = 999;
            for &(first, last) in plan.ranges {
                assert!(first > before && last >= first && last <= 9_999);
                before = last;
            }
        }
    }

    #[test]
    fn only_e164_is_taken() {
        assert!(is_assigned("+6591234567"));
        for text in
            ["6591234567", "+65 91234567", "+659123456", "+65912345678", "+6551234567", "+", "+1", "+６591234567"]
        {
            assert!(!is_assigned(text), "{text}");
        }
    }

    #[test]
    fn national_numbers_are_taken_in_their_own_region_alone() {
        let take = |text, region| assigned(text, Some(region));
        for (region, text, expected) in [
            ("SG", "(9123) 45-67", "+6591234567"),
            ("sg", "91234567", "+6591234567"),
            ("MY", "(0)12-345.6789", "+60123456789"),
            ("ID", "0812 3456 7890", "+6281234567890"),
            ("VN", "(+84) 912 345 678", "+84912345678"),
            ("US", "(202) 555-0123", "+12025550123"),
            ("US", "1 202 555 0123", "+12025550123"),
            ("GB", "020 7946 0123", "+442079460123"),
            ("CN", "138 1234 5678", "+8613812345678"),
            ("RU", "8 (495) 123-45-67", "+74951234567"),
        ] {
            assert_eq!(take(text, region).as_deref(), Some(expected), "{text}");
        }
        for (region, text) in [
            ("SG", "0123456789"),
            ("SG", "091234567"),
            ("SG", "6591234567"),
            ("SG", "0065 91234567"),
            ("MY", "00123456789"),
            ("VN", "841234567"),
            ("US", "91234567"),
            ("US", "0112025550123"),
            ("RU", "74951234567"),
            ("CN", "17900123456"),
            ("KR", "082212345678"),
            ("SG", "9123 4567 #12"),
            ("SG", "9123/4567"),
            ("SG", "9123+4567"),
            ("SG", "91234567, 1"),
            ("SG", "9 1 2 3 4 5 6 7                  "),
        ] {
            assert_eq!(take(text, region), None, "{text}");
        }
        assert_eq!(assigned("91234567", None), None);
    }

    #[test]
    fn what_is_dialled_is_read_to_its_bounds() {
        let read = |text: &str| Dialled::read(text).map(|dialled| dialled.number());
        for (text, expected) in [
            ("+65 (9123)-45.67", Some("+6591234567")),
            ("( +65", Some("+65")),
            ("++65", None),
            ("6+5", None),
            ("", None),
            ("+", None),
            (" ", None),
            ("6/5", None),
            ("6:5", None),
            ("123456789012345", Some("123456789012345")),
            ("1234567890123456", None),
            ("1                              2", Some("12")),
            ("1                               2", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn parts_are_given_to_the_library_where_no_prefix_can_fall() {
        let clear = |text: &str, region: Option<&str>| Dialled::read(text)?.parts(region)?.clear();
        assert_eq!(clear("+6591234567", None), Some((65, 91_234_567)));
        assert_eq!(clear("020 7946 0123", Some("GB")), Some((44, 2_079_460_123)));
        assert_eq!(clear("+44 020 7946 0123", None), None, "a zero that the library drops");
    }

    #[test]
    fn a_number_is_settled_where_one_trunk_prefix_fell() {
        for (region, number, canonical, settled) in [
            ("SG", "91234567", "+6591234567", true),
            ("MY", "0123456789", "+60123456789", true),
            ("MY", "123456789", "+60123456789", true),
            ("MY", "00123456789", "+60123456789", false),
            ("SG", "91234567", "+6591234568", false),
            ("SG", "91234567", "+6091234567", false),
            ("SG", "91234567", "6591234567", false),
            ("ZZ", "91234567", "+6591234567", false),
        ] {
            assert_eq!(is_settled(region, number, canonical), settled, "{region} {number} {canonical}");
        }
    }
}
