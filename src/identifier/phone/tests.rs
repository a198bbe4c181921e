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

/// `docs/canonical.md` §3.1, step 3.
#[test]
fn extensions_are_told_by_their_marks() {
    for mark in ["x", "X", "ext", "EXT", "extn", "extension", "extensión", "xtn", "#", ";ext", "int", "anexo", "доб"]
    {
        for between in ["", " ", ".", ":", "-", "=", " .:-="] {
            for end in ["", "#"] {
                let text = format!("6123 4567 {mark}{between}12{end}");
                assert!(has_extension(&text), "{text}");
            }
        }
    }
    for (text, extension) in [
        ("123x1", true),
        ("123x123456789", true),
        ("123x1234567890", false),
        ("12x1", false),
        ("1 2 3x1", true),
        ("123x", false),
        ("123y1", false),
        ("123*x1", false),
        ("123x 1 2", false),
        ("123;1", false),
        ("x12", false),
        ("1234", false),
        ("", false),
    ] {
        assert_eq!(has_extension(text), extension, "{text}");
    }
}

#[test]
fn digits_marks_and_their_bounds() {
    let read = |text: &str| digits(text).map_err(|error| (error.kind(), error.position()));
    for zero in [
        '0', '\u{660}', '\u{6F0}', '\u{966}', '\u{9E6}', '\u{BE6}', '\u{E50}', '\u{ED0}', '\u{1040}', '\u{17E0}',
        '\u{1B50}', '\u{A9D0}', '\u{AA50}',
    ] {
        let code = u32::from(zero);
        let all: String = (code..code + 10).filter_map(char::from_u32).collect();
        assert_eq!(read(&all).as_deref(), Ok("0123456789"));
        for beside in [code - 1, code + 10].into_iter().filter_map(char::from_u32) {
            assert_eq!(decimal(beside), None, "U+{:04X}", u32::from(beside));
        }
    }
    for c in "-.()[]/~ \t\u{A0}\u{2010}\u{2015}\u{2212}\u{30FC}\u{3010}\u{3011}\u{2053}\u{223C}\u{3000}".chars() {
        assert_eq!(read(&format!("1{c}2")).as_deref(), Ok("12"), "U+{:04X}", u32::from(c));
    }
    for c in "!\"#$%&'*,:;<=>?@\\^_`{|}\u{2016}\u{FF0B}".chars() {
        assert_eq!(read(&format!("1{c}2")), Err((ErrorKind::InvalidCharacter, Some(1))), "U+{:04X}", u32::from(c));
    }
    let (most, more) = ("1".repeat(32), "1".repeat(33));
    for (text, expected) in [
        ("+12", Ok("+12")),
        ("(+12", Ok("+12")),
        ("++12", Ok("+12")),
        ("1+2", Err((ErrorKind::InvalidSyntax, Some(1)))),
        ("+1+2", Err((ErrorKind::InvalidSyntax, Some(2)))),
        ("12a", Err((ErrorKind::HasLetters, Some(2)))),
        ("12é", Err((ErrorKind::HasLetters, Some(2)))),
        ("+", Err((ErrorKind::InvalidSyntax, None))),
        ("-", Err((ErrorKind::InvalidSyntax, None))),
        (&most, Ok(most.as_str())),
        (&more, Err((ErrorKind::TooLong, None))),
    ] {
        assert_eq!(read(text).as_deref().map_err(|error| *error), expected, "{text}");
    }
    let text = format!("1{}", " ".repeat(MAX_TEXT - 1));
    assert_eq!(read(&text).as_deref(), Ok("1"));
    assert_eq!(read(&format!("{text} ")), Err((ErrorKind::TooLong, Some(250))));
}

#[test]
fn what_dresses_a_number_goes() {
    for text in [
        "+6591234567",
        "TEL:+6591234567",
        "tel: +6591234567",
        "+6591234567@s.whatsapp.net",
        "6591234567@c.us",
        "+65 91234567@c.us",
    ] {
        assert_eq!(parse("", text).as_deref(), Ok("+6591234567"), "{text}");
    }
    for text in ["+6591234567@g.us", "6591234567@c.us@c.us", "tel:tel:+6591234567"] {
        assert!(parse("", text).is_err(), "{text}");
    }
}

#[test]
fn the_prefix_of_a_region_is_known_where_there_is_one() {
    for (region, prefix) in [
        ("US", Some("011")),
        ("JP", Some("010")),
        ("RU", Some("810")),
        ("MY", Some("00")),
        ("GB", Some("00")),
        ("SG", None),
        ("TH", None),
    ] {
        let found = international_prefix(Region::try_from(region).unwrap());
        assert_eq!(found.as_deref(), prefix, "{region}");
    }
    // Its own country code without a plus, of one, two and three digits.
    for (region, text, expected) in [
        ("US", "12025550123", "+12025550123"),
        ("SG", "6591234567", "+6591234567"),
        ("KH", "85512345678", "+85512345678"),
        ("RU", "810 65 9123 4567", "+6591234567"),
        ("JP", "010 65 9123 4567", "+6591234567"),
    ] {
        assert_eq!(parse(region, text).as_deref(), Ok(expected), "{region} {text}");
    }
    for (region, code, digits, begins) in [
        ("US", 1, "1", true),
        ("US", 1, "2", false),
        ("SG", 65, "65", true),
        ("SG", 65, "6", false),
        ("SG", 65, "56", false),
        ("KH", 855, "8551", true),
        ("KH", 855, "85", false),
    ] {
        let home = Home { region: Region::try_from(region).unwrap(), code };
        assert_eq!(home.begins(digits), begins, "{region} {digits}");
    }
}

#[test]
fn e164_of_numbers_with_and_without_leading_zeros() {
    for text in ["+390612345678", "+3912345678", "+6591234567", "+12025550123", "+85512345678"] {
        let number = PHONE_NUMBER_UTIL.parse(text, None).unwrap();
        assert_eq!(e164(&number), text);
    }
    let mut text = String::new();
    for number in [0, 9, 10, 99, 100, u64::MAX] {
        text.clear();
        push_decimal(&mut text, number);
        assert_eq!(text, number.to_string());
    }
}
