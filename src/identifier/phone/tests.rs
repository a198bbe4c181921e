//! The form by cases, and its short ways beside the long one.

use rlibphonenumber::PhoneNumberType;

use super::*;

fn parse(region: &str, text: &str) -> std::result::Result<String, ErrorKind> {
    let region = if region.is_empty() { None } else { Some(region.to_owned()) };
    let options = ParseOptions { region, ..ParseOptions::default() };
    canonical(text, &options, &mut Trace::off()).map_err(|error| error.kind())
}

#[test]
fn one_number_has_one_form() {
    for (region, text) in [
        ("", "+65 9123 4567"),
        ("", "＋６５ ９１２３ ４５６７"),
        ("", "tel:+65-9123-4567"),
        ("", "6591234567@s.whatsapp.net"),
        ("SG", "9123 4567"),
        ("SG", "(65) 9123-4567"),
        ("SG", "6591234567"),
        ("SG", "0065 91234567"),
        ("SG", "001 65 9123 4567"),
        ("MY", "0065 91234567"),
        ("TH", "0065 91234567"),
        ("US", "011 65 9123 4567"),
        ("US", "00 65 9123 4567"),
        ("th", "+๖๕ ๙๑๒๓ ๔๕๖๗"),
    ] {
        assert_eq!(parse(region, text).as_deref(), Ok("+6591234567"), "{region} {text}");
    }
    assert_eq!(parse("", "+62 0812-345-678").as_deref(), Ok("+62812345678"));
    assert_eq!(parse("", "+60 (0)12-345 6789").as_deref(), Ok("+60123456789"));
}

#[test]
fn a_number_is_never_read_as_another_countrys() {
    for (region, text) in
        [("SG", "0126826 1234"), ("SG", "011-6826 1234"), ("SG", "012-345 6789"), ("IL", "013 65 91234567")]
    {
        assert_eq!(parse(region, text), Err(ErrorKind::InvalidSyntax), "{region} {text}");
    }
    // 00 + 7 951 234 5678 (Russia) or Thailand's 007 + 95 1 234 5678 (Myanmar).
    assert_eq!(parse("TH", "00 7 951 234 5678"), Err(ErrorKind::InvalidSyntax));
    assert_eq!(parse("", "+0065 91234567"), Err(ErrorKind::NotValid));
}

#[test]
fn what_is_not_a_number_in_digits_is_refused() {
    for (region, text, kind) in [
        ("", "9123 4567", ErrorKind::MissingRegion),
        ("UK", "9123 4567", ErrorKind::UnknownRegion),
        ("US", "1-800-FLOWERS", ErrorKind::HasLetters),
        ("SG", "DBS Bank", ErrorKind::HasLetters),
        ("SG", "6123 4567 ext. 12", ErrorKind::HasExtension),
        ("SG", "6123 4567x12", ErrorKind::HasExtension),
        ("SG", "6123 4567 #12", ErrorKind::HasExtension),
        ("", "tel:+65-6123-4567;ext=12", ErrorKind::HasExtension),
        ("SG", "*123#", ErrorKind::InvalidCharacter),
        ("SG", "999", ErrorKind::NotValid),
        ("SG", "91234567/81234567", ErrorKind::NotValid),
        ("SG", "65+91234567", ErrorKind::InvalidSyntax),
        ("SG", "+", ErrorKind::InvalidSyntax),
        ("SG", "2123 4567", ErrorKind::NotValid),
    ] {
        assert_eq!(parse(region, text), Err(kind), "{region} {text}");
    }
}

#[test]
fn unassigned_numbers_are_admitted_by_name_only() {
    let options = ParseOptions { region: Some("SG".into()), allow_unassigned: true, ..ParseOptions::default() };
    let parse = |text| canonical(text, &options, &mut Trace::off()).map_err(|error| error.kind());
    assert_eq!(parse("2123 4567").as_deref(), Ok("+6521234567"));
    assert_eq!(parse("999"), Err(ErrorKind::NotValid));
}

/// The form without the table and with every number read until it stays the same.
fn the_long_way(text: &str, options: &ParseOptions) -> Result<String> {
    let number = any_text(text, &mut Trace::off())?;
    let home = if number.starts_with('+') { None } else { Some(Home::of(options)?) };
    settled(reading(&number, home, options)?, options)
}

/// Numbers of many plans in the ways that people write and break them.
fn written(state: &mut u64) -> (&'static str, String) {
    const REGIONS: &str =
        "BN ID KH LA MM MY PH SG TH TL VN US CA BS GB GG AU CC CN HK TW JP KR IN BR AR MX IT RU KZ DE";
    let mut below = |bound: usize| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) as usize % bound
    };
    let names: Vec<&str> = REGIONS.split(' ').collect();
    let (name, other) = (names[below(names.len())], names[below(names.len())]);
    let own = Region::try_from(name).unwrap();
    let types = [PhoneNumberType::Mobile, PhoneNumberType::FixedLine, PhoneNumberType::TollFree];
    let example = PHONE_NUMBER_UTIL
        .get_example_number_for_type_and_region(own, types[below(3)])
        .or_else(|_| PHONE_NUMBER_UTIL.get_example_number(own))
        .unwrap();
    let mut national = example.get_national_significant_number();
    let kept = below(national.len());
    let length = (national.len() + [0, 0, 0, 0, 1, 2][below(6)]).saturating_sub(below(5) / 4);
    national.truncate(kept);
    while national.len() < length {
        national.push(char::from_digit(below(10) as u32, 10).unwrap());
    }
    let code = example.country_code;
    let trunk = match code {
        1 => "1",
        7 => "8",
        _ => "0",
    };
    let gap = ["", " ", "-", ".", ") ", "/"][below(6)];
    let at = below(national.len() + 1);
    let parted = format!("{}{gap}{}", &national[..at], &national[at..]);
    let text = match below(12) {
        0 => format!("+{code}{national}"),
        1 => format!("+{code} {parted}"),
        2 => format!("+{code} {trunk}{parted}"),
        3 => format!("+{code} ({trunk}){parted}"),
        4 | 5 => format!("{trunk}{parted}"),
        6 | 7 => parted,
        8 => format!("{code}{parted}"),
        9 => format!("00{code}{parted}"),
        10 => format!("{trunk}{trunk}{parted}"),
        _ => format!("{}{code}{parted}", ["001", "011", "008", "0", "013 "][below(5)]),
    };
    (if below(4) == 0 { other } else { name }, text)
}

#[test]
fn short_ways_give_what_the_long_way_gives() {
    let rounds = std::env::var("BISIK_PHONE_ROUNDS").map_or(1, |rounds| rounds.parse().expect("a number of rounds"));
    let (mut state, mut accepted) = (5, 0);
    for _ in 0..20_000 * rounds {
        let (region, text) = written(&mut state);
        let options = ParseOptions {
            region: Some(region.to_owned()),
            allow_unassigned: state & (1 << 40) != 0,
            ..ParseOptions::default()
        };
        let (short, long) = (canonical(&text, &options, &mut Trace::off()), the_long_way(&text, &options));
        let (short, long) = (short.map_err(|error| error.kind()), long.map_err(|error| error.kind()));
        assert_eq!(short, long, "{region} {text}");
        accepted += u32::from(short.is_ok());
    }
    println!("{} numbers, {accepted} accepted", 20_000 * rounds);
    assert!(accepted > 5_000);
}
