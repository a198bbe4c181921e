//! Published vectors for names, URLs and suffixes: each agrees, or differs for a reason that `docs/canonical.md`
//! gives, as often as it says.
//!
//! The vectors are not part of this tree; without them beside it the tests say so and pass.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use bisik::{ErrorKind, Guard, Identifier, Kind, ParseOptions};
use serde_json::Value;

/// How often each reason for a difference occurred.
type Differences = BTreeMap<&'static str, usize>;

fn shared(relative: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(relative);
    let text = std::fs::read_to_string(path).ok();
    if text.is_none() {
        println!("skipped: ../shared/{relative} is missing");
    }
    text
}

fn parse(kind: Kind, raw: &str) -> Result<String, ErrorKind> {
    Identifier::parse(kind, raw, &ParseOptions::default())
        .map(|identifier| identifier.canonical().to_owned())
        .map_err(|error| error.kind())
}

/// Compares with the rows of the suite in docs/canonical.md §12.
fn expect(suite: &str, agreed: usize, mut found: Differences) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/canonical.md");
    let docs = std::fs::read_to_string(docs).expect("the forms are documented");
    found.insert("agree", agreed);
    let stated: BTreeMap<&str, usize> = docs
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.strip_prefix(suite)?.strip_prefix(" | "))
        .map(|row| row.rsplit_once(" | ").expect("a difference and a count"))
        .map(|(reason, count)| (reason, count.replace(',', "").parse().expect("a count")))
        .collect();
    assert_eq!(found, stated, "{suite}: found, and stated in docs/canonical.md");
}

/// Resolves `\uXXXX` and `\x{X…}`; `None` for a lone surrogate.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('\\') {
        out.push_str(before);
        let (digits, after) = match from.strip_prefix("x{") {
            Some(from) => from.split_once('}')?,
            None => from.strip_prefix('u')?.split_at(4),
        };
        out.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// The characters that cleaning drops before any kind sees them.
fn has_invisible(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c, '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    })
}

const FULL_STOPS: [char; 4] = ['.', '\u{3002}', '\u{FF0E}', '\u{FF61}'];

#[test]
fn uts_46_conformance() {
    let Some(text) = shared("data/vectors/IdnaTestV2.txt") else { return };
    let mut differences = Differences::new();
    let mut agreed = 0;
    for line in text.lines() {
        let line = line.split('#').next().unwrap().trim();
        if line.is_empty() {
            continue;
        }
        let columns: Vec<&str> = line.split(';').map(str::trim).collect();
        let quoted = |text: &str| if text == "\"\"" { Some(String::new()) } else { unescaped(text) };
        let Some(source) = quoted(columns[0]) else {
            *differences.entry("a lone surrogate is not UTF-8").or_default() += 1;
            continue;
        };
        let or = |index: usize, default: &str| {
            if columns[index].is_empty() { default.to_owned() } else { columns[index].to_owned() }
        };
        let unicode = or(1, columns[0]);
        let status = or(4, &or(2, "[]"));
        let ascii = quoted(&or(3, &unicode)).unwrap_or_default();
        let expected = if status == "[]" { Ok(ascii.clone()) } else { Err(status.clone()) };
        let found = parse(Kind::Domain, &source);
        let reason = match (&expected, &found) {
            (Ok(expected), Ok(found)) if expected == found => {
                agreed += 1;
                continue;
            }
            (Err(_), Err(_)) => {
                agreed += 1;
                continue;
            }
            (Ok(expected), Ok(found)) if expected.strip_suffix('.') == Some(found) => "the root dot is dropped",
            (_, Ok(_)) if has_invisible(&source) => "invisible characters are stripped first",
            (Ok(_), Err(ErrorKind::InvalidSyntax)) if !ascii.trim_end_matches('.').contains('.') => {
                "a host name needs a dot"
            }
            (Ok(_), Err(ErrorKind::InvalidSyntax))
                if ascii.trim_end_matches('.').ends_with(|c: char| c.is_ascii_digit()) =>
            {
                "an IP address is not a name"
            }
            (Err(status), Ok(_)) if codes(status).all(|code| matches!(code, "V2" | "V3")) => {
                "hyphens may stand anywhere, as in the URL standard"
            }
            (Err(status), Ok(_))
                if source.ends_with(FULL_STOPS)
                    && codes(status).all(|code| matches!(code, "A4_2" | "V2" | "V3" | "X4_2")) =>
            {
                "the root dot is dropped"
            }
            (Err(status), Ok(_))
                if source.contains('_') && codes(status).all(|code| matches!(code, "U1" | "V2" | "V3")) =>
            {
                "the underscore is taken"
            }
            (Err(status), Ok(found)) if status.contains("V7") && has_small_seal(found) => {
                "assigned in Unicode 18, not in the vectors' 17"
            }
            _ => {
                println!("unexplained: {source:?}: {found:?}, expected {expected:?}");
                "unexplained"
            }
        };
        *differences.entry(reason).or_default() += 1;
    }
    expect("IdnaTestV2 (Unicode 17)", agreed, differences);
}

/// Whether an A-label of the name holds a character of the Small Seal script, U+3D000 to U+3FC3F.
fn has_small_seal(name: &str) -> bool {
    let (unicode, _) = idna::domain_to_unicode(name);
    unicode.chars().any(|c| ('\u{3D000}'..='\u{3FC3F}').contains(&c))
}

fn codes(status: &str) -> impl Iterator<Item = &str> {
    status.trim_matches(['[', ']']).split(',').map(str::trim)
}

#[test]
fn to_ascii_of_the_url_standard() {
    let Some(text) = shared("vectors/url/toascii.json") else { return };
    let cases: Value = serde_json::from_str(&text).unwrap();
    let mut differences = Differences::new();
    let mut agreed = 0;
    for case in cases.as_array().unwrap().iter().filter(|case| case.is_object()) {
        let input = case["input"].as_str().unwrap();
        let expected = case["output"].as_str();
        // As a URL: the form keeps the host as the standard writes it.
        let found = parse(Kind::Url, &format!("https://{input}/x"));
        let host = found.as_ref().ok().and_then(|url| url.strip_prefix("https://")?.strip_suffix("/x"));
        if host == expected {
            agreed += 1;
            continue;
        }
        let reason = match (expected, &found) {
            (Some(expected), Ok(_)) if expected.trim_end_matches('.') == host.unwrap() => "the root dot is dropped",
            (_, Ok(_)) if has_invisible(input) => "invisible characters are stripped first",
            (Some(expected), Err(ErrorKind::InvalidSyntax)) if expected.split('.').any(str::is_empty) => {
                "an empty label is refused"
            }
            (Some(expected), Err(ErrorKind::TooLong)) if expected.len() > 253 => "a host over 253 octets is refused",
            (Some(_), Err(ErrorKind::InvalidCharacter)) => "a host has the characters of a domain",
            _ => {
                println!("unexplained: {input:?}: {found:?}, expected {expected:?}");
                "unexplained"
            }
        };
        *differences.entry(reason).or_default() += 1;
    }
    expect("toascii (web-platform-tests)", agreed, differences);
}

#[test]
fn punycode() {
    let Some(text) = shared("vectors/url/punycode_tests.json") else { return };
    let cases: Value = serde_json::from_str(&text).unwrap();
    let mut differences = Differences::new();
    let mut agreed = 0;
    for case in cases.as_array().unwrap() {
        let (decoded, encoded) = (case["decoded"].as_str().unwrap(), case["encoded"].as_str().unwrap());
        let expected = format!("xn--{encoded}.com");
        let found = parse(Kind::Domain, &format!("{decoded}.com"));
        if found.as_ref() == Ok(&expected) {
            agreed += 1;
            continue;
        }
        let reason = match &found {
            Err(ErrorKind::TooLong) if expected.len() > 67 => "a label has at most 63 octets",
            _ if decoded.is_ascii() => "ASCII is not encoded in a name",
            Ok(_)
                if decoded.chars().any(char::is_uppercase) || encoded.bytes().any(|byte| byte.is_ascii_uppercase()) =>
            {
                "UTS 46 folds case first"
            }
            Err(_) if decoded.contains(|c: char| c.is_ascii_punctuation() && c != '-' || c == ' ') => {
                "not a character of a name"
            }
            Ok(found) if found.is_ascii() => "UTS 46 maps or drops characters first",
            _ => {
                println!("unexplained: {decoded:?}: {found:?}, expected {expected:?}");
                "unexplained"
            }
        };
        *differences.entry(reason).or_default() += 1;
    }
    expect("punycode (rust-url)", agreed, differences);
}

/// The registrable domain as the expressions show it: the last of them, unless the name is itself a suffix.
fn registrable(input: &str) -> Option<String> {
    let identifier = Identifier::parse(Kind::Domain, input, &ParseOptions::default()).ok()?;
    let mut last = String::new();
    identifier.for_each_expression(&mut |expression| last = expression.text.to_owned());
    let suffix = Guard::default().refuses(&identifier).is_some_and(|reason| reason.name() == "public-suffix");
    if suffix { None } else { Some(last) }
}

#[test]
fn public_suffixes() {
    let mut cases: Vec<(Option<String>, Option<String>)> = Vec::new();
    if let Some(text) = shared("vectors/domain/psl_checks.json") {
        let values: Value = serde_json::from_str(&text).unwrap();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        cases.extend(
            values.as_array().unwrap().iter().map(|case| (text(&case["input"]), text(&case["registrable_domain"]))),
        );
    }
    if let Some(text) = shared("data/vectors/psl_test_psl.txt") {
        for line in text.lines().filter_map(|line| line.strip_prefix("checkPublicSuffix(")) {
            let mut arguments = line.trim_end_matches(");").split(", ").map(|argument| {
                argument.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).map(str::to_owned)
            });
            cases.push((arguments.next().unwrap(), arguments.next().unwrap()));
        }
    }
    if cases.is_empty() {
        return;
    }
    let mut differences = Differences::new();
    let mut agreed = 0;
    for (input, expected) in cases {
        let Some(input) = input else { continue };
        let found = registrable(&input);
        // The vectors give U-labels for U-labels; this form has A-labels alone.
        let expected = expected.map(|name| parse(Kind::Domain, &name).unwrap());
        if found == expected {
            agreed += 1;
        } else {
            println!("{input}: {found:?}, expected {expected:?}");
            *differences.entry("unexplained").or_default() += 1;
        }
    }
    expect("PSL checks", agreed, differences);
}

#[test]
fn whatwg_urls() {
    let mut differences = Differences::new();
    let mut agreed = 0;
    for file in ["vectors/url/urltestdata.json", "data/vectors/whatwg_urltestdata.json"] {
        let Some(text) = shared(file) else { return };
        // Lone surrogates are escaped in the file and are not UTF-8: such cases are dropped below.
        let text = text.replace("\\ud", "\\\\ud").replace("\\uD", "\\\\uD");
        let cases: Value = serde_json::from_str(&text).unwrap();
        for case in cases.as_array().unwrap().iter().filter(|case| case.is_object()) {
            let input = case["input"].as_str().unwrap();
            if input.contains("\\ud") || input.contains("\\uD") {
                continue;
            }
            // Absolute inputs alone: there is no base here.
            let start = input.trim().to_ascii_lowercase();
            let absolute = ["http://", "https://", "http:\\\\"].iter().any(|prefix| start.starts_with(prefix));
            let relative = case["base"].is_string() && !absolute;
            if relative {
                continue;
            }
            let found = parse(Kind::Url, input);
            let failure = case["failure"].as_bool().unwrap_or(false);
            let web = matches!(case["protocol"].as_str(), Some("http:" | "https:"));
            let expected = (!failure).then(|| {
                let text = |name: &str| case[name].as_str().unwrap_or_default();
                let mark = if text("href").split('#').next().unwrap_or_default().ends_with('?') { "?" } else { "" };
                format!("{}//{}{}{}{mark}", text("protocol"), text("host"), text("pathname"), text("search"))
            });
            let reason = match (&expected, &found) {
                (None, Err(_)) => {
                    agreed += 1;
                    continue;
                }
                (Some(expected), Ok(found)) if expected == found => {
                    agreed += 1;
                    continue;
                }
                (Some(_), Err(ErrorKind::UnsupportedScheme)) if !web => "only http and https are taken",
                (Some(expected), Ok(found)) if !web => {
                    println!("scheme: {input:?}: {found:?}, expected {expected:?}");
                    "scheme"
                }
                (Some(_), Err(_)) if !web => "only http and https are taken",
                (Some(expected), Ok(found)) if expected.replace("./", "/") == found.replace("./", "/") => {
                    "the root dot is dropped"
                }
                (_, Ok(_)) if has_invisible(input) => "invisible characters are stripped first",
                (None, Ok(_)) if !input.contains(':') => "without a scheme, http is meant",
                (Some(_), Err(ErrorKind::InvalidCharacter)) => "a host has the characters of a domain",
                (Some(_), Err(ErrorKind::InvalidSyntax))
                    if case["host"].as_str().unwrap().split('.').any(str::is_empty) =>
                {
                    "an empty label is refused"
                }
                (Some(_), Err(ErrorKind::TooLong)) if case["host"].as_str().unwrap().len() > 253 => {
                    "a host over 253 octets is refused"
                }
                _ => {
                    println!("unexplained: {input:?} base {}: {found:?}, expected {expected:?}", case["base"]);
                    "unexplained"
                }
            };
            *differences.entry(reason).or_default() += 1;
        }
    }
    expect("urltestdata (web-platform-tests)", agreed, differences);
}

#[test]
fn libphonenumber_examples() {
    let Some(text) = shared("vectors/phone/libphonenumber_asean.csv") else { return };
    let mut differences = Differences::new();
    let mut agreed = 0;
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        let [region, _, _, _, _, e164, national, international, uri, verdict] = columns[..] else {
            panic!("a row of ten columns")
        };
        let expected = if verdict == "valid" { Ok(e164.to_owned()) } else { Err(ErrorKind::NotValid) };
        let mut options = ParseOptions::default();
        options.region = Some(region.to_owned());
        for raw in [e164, national, international, uri].into_iter().filter(|raw| !raw.is_empty()) {
            let found = Identifier::parse(Kind::Phone, raw, &options)
                .map(|identifier| identifier.canonical().to_owned())
                .map_err(|error| error.kind());
            if found == expected {
                agreed += 1;
            } else {
                println!("{region} {raw}: {found:?}, expected {expected:?}");
                *differences.entry("unexplained").or_default() += 1;
            }
        }
    }
    expect("libphonenumber examples (ASEAN)", agreed, differences);
}
