//! The ranges, by zone of E.164. `tests/differential/phone_plan.py` compares them with the patterns of the metadata.

// floor 0
mod plan;
// floor 1
mod zone1;
// floor 1
mod zone2;
// floor 1
mod zone3;
// floor 1
mod zone4;
// floor 1
mod zone5;
// floor 1
mod zone6;
// floor 1
mod zone7;
// floor 1
mod zone8;
// floor 1
mod zone9;

pub(super) use plan::Country;

/// By the first digit of the country code, from 1.
const ZONES: [&[Country]; 9] = [
    zone1::COUNTRIES,
    zone2::COUNTRIES,
    zone3::COUNTRIES,
    zone4::COUNTRIES,
    zone5::COUNTRIES,
    zone6::COUNTRIES,
    zone7::COUNTRIES,
    zone8::COUNTRIES,
    zone9::COUNTRIES,
];

/// Zone from 1 and place in it; zone 0 is nowhere.
type Place = (u8, u8);

/// Where the country code is, for every three leading digits.
static BY_DIGITS: [Place; 1000] = by_digits();
/// Where the region is, for every two letters.
static BY_LETTERS: [Place; 26 * 26] = by_letters();

const fn by_digits() -> [Place; 1000] {
    let mut places = [(0, 0); 1000];
    let mut zone = 0;
    while zone < ZONES.len() {
        let mut at = 0;
        while at < ZONES[zone].len() {
            let code = ZONES[zone][at].code.as_bytes();
            let (mut first, mut count, mut digit) = (0, 1000, 0);
            while digit < code.len() {
                count /= 10;
                first += (code[digit] - b'0') as usize * count;
                digit += 1;
            }
            let mut below = 0;
            while below < count {
                places[first + below] = (zone as u8 + 1, at as u8);
                below += 1;
            }
            at += 1;
        }
        zone += 1;
    }
    places
}

const fn by_letters() -> [Place; 26 * 26] {
    let mut places = [(0, 0); 26 * 26];
    let mut zone = 0;
    while zone < ZONES.len() {
        let mut at = 0;
        while at < ZONES[zone].len() {
            let region = ZONES[zone][at].region.as_bytes();
            places[(region[0] - b'A') as usize * 26 + (region[1] - b'A') as usize] = (zone as u8 + 1, at as u8);
            at += 1;
        }
        zone += 1;
    }
    places
}

fn at((zone, place): Place) -> Option<&'static Country> {
    ZONES.get(usize::from(zone).checked_sub(1)?)?.get(usize::from(place))
}

impl Country {
    /// The country code that ASCII digits begin with: codes are prefix-free.
    pub(super) fn of_number(digits: &str) -> Option<&'static Self> {
        let leading = digits.as_bytes().get(..3)?;
        let leading = leading.iter().fold(0, |value, byte| value * 10 + usize::from(byte.wrapping_sub(b'0')));
        at(*BY_DIGITS.get(leading)?)
    }

    /// The region, in letters of any case.
    pub(super) fn of_region(region: &str) -> Option<&'static Self> {
        let &[first, second] = region.as_bytes() else { return None };
        let letter = |byte: u8| usize::from(byte.to_ascii_uppercase().wrapping_sub(b'A'));
        if letter(first) >= 26 || letter(second) >= 26 {
            return None;
        }
        at(*BY_LETTERS.get(letter(first) * 26 + letter(second))?)
    }

    /// Every country code.
    #[cfg(test)]
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        ZONES.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_found_by_its_code_and_by_its_letters() {
        for country in Country::all() {
            for rest in ["00", "99999"] {
                let found = Country::of_number(&format!("{}{rest}", country.code)).unwrap();
                assert_eq!((found.code, found.region), (country.code, country.region));
            }
            for region in [country.region.to_owned(), country.region.to_ascii_lowercase()] {
                assert_eq!(Country::of_region(&region).map(|found| found.code), Some(country.code), "{region}");
            }
        }
        for number in ["", "6", "65", "000", "210999", "999123"] {
            assert!(Country::of_number(number).is_none(), "{number}");
        }
        for region in ["", "S", "SGP", "S1", "1G", "B1", "1B", "A[", "[G", "S[", "@G", "S@", "ZZ", "AA", "é"] {
            assert!(Country::of_region(region).is_none(), "{region}");
        }
    }
}
