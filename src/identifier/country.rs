//! Two-letter country codes: ISO 3166-1 alpha-2, officially assigned, and `XK` (user-assigned, used in BIC and IBAN).

use crate::error::{ErrorKind, Result};

/// Officially assigned codes in the table.
#[cfg(test)]
const ASSIGNED: usize = 249;

const CODES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR \
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP \
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ \
    NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ \
    UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW XK";

/// The code in upper case.
///
/// # Errors
/// `UnknownRegion` if it is not in the table.
pub(super) fn parse(text: &str) -> Result<String> {
    let code = text.trim().to_ascii_uppercase();
    if is_known(&code) { Ok(code) } else { Err(ErrorKind::UnknownRegion.into()) }
}

/// Whether the upper-case code is in the table.
pub(super) fn is_known(code: &str) -> bool {
    matches!(*code.as_bytes(), [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] if KNOWN[index(a, b)])
}

/// [`CODES`] by both letters, so that a look-up reads one place.
static KNOWN: [bool; LETTERS * LETTERS] = {
    let (codes, mut known, mut at) = (CODES.as_bytes(), [false; LETTERS * LETTERS], 0);
    // each code is followed by one space, but for the last
    while at < codes.len() {
        known[index(codes[at], codes[at + 1])] = true;
        at += 3;
    }
    known
};

const LETTERS: usize = 26;

/// The place of two upper-case letters.
const fn index(a: u8, b: u8) -> usize {
    (a - b'A') as usize * LETTERS + (b - b'A') as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_assigned_code_once() {
        let mut codes: Vec<_> = CODES.split_ascii_whitespace().collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ASSIGNED + 1);
    }

    #[test]
    fn lower_case_is_read_and_unassigned_codes_are_refused() {
        assert_eq!(parse(" sg ").unwrap(), "SG");
        for bad in ["", "S", "ZZ", "UK", "SGP", "A ", "D AE"] {
            assert_eq!(parse(bad).unwrap_err().kind(), ErrorKind::UnknownRegion, "{bad}");
        }
    }
}
