//! Numbers of every register, to the digit.

use super::*;

fn parse(text: &str) -> Result<String> {
    canonical(text, &ParseOptions::default(), &mut Trace::off())
}

#[test]
fn all_three_forms_of_singapore_are_checked() {
    for number in ["00192200M", "197401143C", "S16FC0121D", "T01FC6132D", "T04SS0129D", "201929813C"] {
        assert_eq!(parse(&format!("sg: {}", number.to_lowercase())).unwrap(), format!("SG:{number}"));
    }
    for number in ["00192200K", "197401143D", "T01FC6132C", "T02FC6132D"] {
        assert_eq!(parse(&format!("SG:{number}")).unwrap_err().kind(), ErrorKind::BadChecksum, "{number}");
    }
}

#[test]
fn numbers_of_persons_are_refused() {
    for text in ["SG:S1234567D", "MY:900101-14-5678", "TH:1101700230708", "VN:8123456789", "ID:3171234567890123"] {
        assert_eq!(parse(text).unwrap_err().kind(), ErrorKind::NationalId, "{text}");
    }
}

#[test]
fn other_countries_are_read() {
    for (text, canonical) in [
        ("MY:201901000005", "MY:201901000005"),
        ("MY:1312525-A", "MY:1312525A"),
        ("TH:0-1075-36000-31-5", "TH:0107536000315"),
        ("VN:0100233488", "VN:0100233488"),
        ("VN:0314409058-002", "VN:0314409058002"),
        ("ID:01.312.166.0-091.000", "ID:0013121660091000"),
        ("ID:0013121660091000", "ID:0013121660091000"),
    ] {
        assert_eq!(parse(text).unwrap(), canonical);
    }
}

#[test]
fn a_country_without_rule_and_none_at_all_differ() {
    assert_eq!(parse("GB:12345678").unwrap_err().kind(), ErrorKind::UnknownRegion);
    assert_eq!(parse("201929813C").unwrap_err().kind(), ErrorKind::MissingCountry);
}

fn kind(text: &str) -> Option<ErrorKind> {
    let kind = parse(text).err().map(|error| error.kind());
    assert_eq!(is_canonical(text), parse(text).is_ok_and(|found| found == text), "{text}");
    kind
}

/// The check letters are as python-stdnum (`sg.uen`) gives them: each of the eleven remainders.
#[test]
fn each_place_of_a_uen() {
    for number in [
        "11111111X",
        "11111112M",
        "11111113K",
        "11111114E",
        "11111115C",
        "11111116A",
        "11111117W",
        "11111118L",
        "11111119J",
        "11111123D",
        "11111124B",
        "111111111W",
        "111111112H",
        "111111113Z",
        "111111114K",
        "111111115C",
        "111111116M",
        "111111117D",
        "111111118N",
        "111111119E",
        "111111127R",
        "111111128G",
        "T08FC6132F",
        "S08FC6132B",
        "R08FC6132J",
        "T00AA0000J",
        "R99XX9999F",
    ] {
        assert_eq!(kind(&format!("SG:{number}")), None, "{number}");
    }
    for (number, expected) in [
        ("1111111X", ErrorKind::WrongLength),
        ("1111111111W", ErrorKind::WrongLength),
        ("W", ErrorKind::WrongLength),
        ("111111111", ErrorKind::BadChecksum),
        ("1111111AX", ErrorKind::InvalidSyntax),
        // The letters fit the check, the form does not.
        ("Q08FC6132E", ErrorKind::InvalidSyntax),
        ("TX8FC6132C", ErrorKind::InvalidSyntax),
        ("T0XFC6132E", ErrorKind::InvalidSyntax),
        ("T081C6132E", ErrorKind::InvalidSyntax),
        ("T08F16132G", ErrorKind::InvalidSyntax),
        ("T08FCX132C", ErrorKind::InvalidSyntax),
        ("T08FC613XG", ErrorKind::InvalidSyntax),
        ("T08FC6X32B", ErrorKind::InvalidSyntax),
        ("T08IC6132F", ErrorKind::InvalidSyntax),
    ] {
        assert_eq!(kind(&format!("SG:{number}")), Some(expected), "{number}");
    }
    for first in ["S", "T", "F", "G", "M"] {
        assert_eq!(kind(&format!("SG:{first}1234567K")), Some(ErrorKind::NationalId), "{first}");
    }
    for number in ["R1234567K", "S123456AK", "S12345671"] {
        assert_eq!(kind(&format!("SG:{number}")), Some(ErrorKind::InvalidSyntax), "{number}");
    }
}

#[test]
fn years_types_and_lengths_of_malaysia() {
    for (number, expected) in [
        ("189001000001", None),
        ("188901000001", Some(ErrorKind::NationalId)),
        ("209906000001", None),
        ("210001000001", Some(ErrorKind::NationalId)),
        ("201900000001", Some(ErrorKind::NationalId)),
        ("201907000001", Some(ErrorKind::NationalId)),
        ("20190100000A", Some(ErrorKind::InvalidSyntax)),
        ("20190100000", Some(ErrorKind::InvalidSyntax)),
        ("1A", None),
        ("123456789A", None),
        ("1234567890A", Some(ErrorKind::InvalidSyntax)),
        ("A", Some(ErrorKind::InvalidSyntax)),
        ("1", Some(ErrorKind::InvalidSyntax)),
        ("12", Some(ErrorKind::InvalidSyntax)),
        ("12B4A", Some(ErrorKind::InvalidSyntax)),
        ("000A", Some(ErrorKind::NotValid)),
    ] {
        assert_eq!(kind(&format!("MY:{number}")), expected, "{number}");
    }
    assert_eq!(parse("MY:000120-A").unwrap(), "MY:120A");
}

/// Each of the eleven remainders, as python-stdnum (`th.moa`, `vn.mst`) computes them.
#[test]
fn remainders_of_thailand_and_vietnam() {
    for number in [
        "0105536000003",
        "0105536000011",
        "0105536000020",
        "0105536000038",
        "0105536000046",
        "0105536000054",
        "0105536000062",
        "0105536000071",
        "0105536000089",
        "0105536000097",
        "0105536000135",
    ] {
        for digit in 0..10 {
            let text = format!("TH:{}{digit}", &number[..12]);
            let right = text.ends_with(&number[12..]);
            assert_eq!(kind(&text), if right { None } else { Some(ErrorKind::BadChecksum) }, "{text}");
        }
    }
    for (body, check) in [
        ("010000005", None),
        ("010000009", Some(9)),
        ("010000002", Some(8)),
        ("010000006", Some(7)),
        ("010000011", Some(6)),
        ("010000003", Some(5)),
        ("010000007", Some(4)),
        ("010000000", Some(3)),
        ("010000004", Some(2)),
        ("010000008", Some(1)),
        ("010000001", Some(0)),
    ] {
        for digit in 0..10 {
            for branch in ["", "001"] {
                let text = format!("VN:{body}{digit}{branch}");
                let right = check == Some(digit);
                assert_eq!(kind(&text), if right { None } else { Some(ErrorKind::BadChecksum) }, "{text}");
            }
        }
    }
    for (text, expected) in [
        ("TH:010553600000", ErrorKind::WrongLength),
        ("TH:01055360000030", ErrorKind::WrongLength),
        ("TH:010553600000A", ErrorKind::InvalidCharacter),
        ("TH:1105536000003", ErrorKind::NationalId),
        ("VN:010000009", ErrorKind::WrongLength),
        ("VN:01000000990", ErrorKind::WrongLength),
        ("VN:01000000990010", ErrorKind::WrongLength),
        ("VN:8100000099", ErrorKind::NationalId),
    ] {
        assert_eq!(kind(text), Some(expected), "{text}");
    }
}

#[test]
fn types_and_lengths_of_indonesia() {
    for (number, expected) in [
        ("012345674091000", Ok("ID:0012345674091000")),
        ("022345672091000", Ok("ID:0022345672091000")),
        ("032345670091000", Ok("ID:0032345670091000")),
        ("0032345670091000", Ok("ID:0032345670091000")),
        ("002345676091000", Err(ErrorKind::NationalId)),
        ("042345678091000", Err(ErrorKind::NationalId)),
        ("0042345678091000", Err(ErrorKind::NationalId)),
        ("1012345674091000", Err(ErrorKind::NationalId)),
        ("012345675091000", Err(ErrorKind::BadChecksum)),
        ("01234567409100", Err(ErrorKind::WrongLength)),
        ("00012345674091000", Err(ErrorKind::WrongLength)),
        ("01234567409100A", Err(ErrorKind::InvalidCharacter)),
    ] {
        let text = format!("ID:{number}");
        assert_eq!(parse(&text).as_deref().map_err(|error| error.kind()), expected, "{text}");
        assert_eq!(is_canonical(&text), expected.ok() == Some(&text), "{text}");
    }
}

#[test]
fn where_the_country_comes_from() {
    let read = |country: Option<&str>, region: Option<&str>| {
        let (country, region) = (country.map(str::to_owned), region.map(str::to_owned));
        let options = ParseOptions { country, region, ..ParseOptions::default() };
        canonical("0105536000011", &options, &mut Trace::off()).map_err(|error| error.kind())
    };
    assert_eq!(read(Some("TH"), Some("VN")).as_deref(), Ok("TH:0105536000011"));
    assert_eq!(read(None, Some("th")).as_deref(), Ok("TH:0105536000011"));
    assert_eq!(read(None, None), Err(ErrorKind::MissingCountry));
    for text in ["SG:", "th:0105536000011", "TH:01055 36000011", "0105536000011"] {
        assert!(!is_canonical(text), "{text}");
    }
}
