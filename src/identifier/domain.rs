//! Host and domain names: lower-case A-labels, UTS 46 non-transitional (`docs/canonical.md` §5).

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::ParseOptions;
use crate::identifier::labels::{Glance, Name};
use crate::identifier::text;
use crate::identifier::trace::Trace;

/// ASCII that no name here may hold. The underscore is not in it: `_dmarc` and many hosts in the wild have one.
const FORBIDDEN: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// RFC 1035 §2.3.4, without the root.
const MAX_NAME: usize = 253;
/// RFC 1035 §2.3.4.
const MAX_LABEL: usize = 63;

pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = text::refang(text);
    trace.note("refang", || text.clone().into_owned());
    let name = text.strip_prefix("*.").unwrap_or(&text);
    trace.note("drop the wildcard", || name.to_owned());
    host(name)
}

/// The canonical form of a bare host name, as a domain or after the `@` of an e-mail address.
///
/// # Errors
/// `TooLong`, `InvalidCharacter` and `InvalidSyntax`.
pub(super) fn host(name: &str) -> Result<String> {
    // UTS 46 maps the three other full stops to '.'; a final one is the DNS root and drops.
    let name = name.strip_suffix(['.', '\u{3002}', '\u{FF0E}', '\u{FF61}']).unwrap_or(name);
    // 253 octets of A-labels are at most as many characters, each at most four bytes.
    if name.len() > 4 * MAX_NAME {
        return Err(ErrorKind::TooLong.into());
    }
    // In ASCII the place can be told; elsewhere a forbidden character may yet compose with the next one.
    if name.is_ascii()
        && let Some(position) = name.bytes().position(is_forbidden)
    {
        return Err(Error::new(ErrorKind::InvalidCharacter, "not a character of a host name").at(position as u64));
    }
    let ascii = if is_plain(name) { name.to_ascii_lowercase() } else { uts46(name)? };
    if ends_in_number(&ascii) {
        return Err(Error::new(ErrorKind::InvalidSyntax, "an IP address: choose the kind ip"));
    }
    if !ascii.contains('.') && !is_public_suffix(&ascii) {
        return Err(Error::new(ErrorKind::InvalidSyntax, "a host name needs a dot"));
    }
    Ok(ascii)
}

/// Whether the text is its own canonical form, and no single label.
pub(super) fn is_canonical(text: &str) -> bool {
    match Name::at_a_glance(text) {
        Glance::Canonical(_) => true,
        Glance::Other => false,
        Glance::Open => is_canonical_byte_by_byte(text),
    }
}

/// The same in one pass: for names that are long, and for those that a glance leaves open.
fn is_canonical_byte_by_byte(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_label = |label: Option<&[u8]>| {
        label.is_some_and(|label| (1..=MAX_LABEL).contains(&label.len()) && !label.starts_with(b"xn--"))
    };
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => {}
            b'.' if is_label(bytes.get(start..at)) => start = at + 1,
            _ => return false,
        }
    }
    let last = bytes.get(start..);
    let may_be_number = last.and_then(<[u8]>::first).is_some_and(u8::is_ascii_digit);
    start > 0 && bytes.len() <= MAX_NAME && is_label(last) && !(may_be_number && ends_in_number(text))
}

/// Whether UTS 46 does nothing to the name but lower its case: ASCII without A-labels, of lengths that DNS has.
fn is_plain(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.len() > 253 {
        return false;
    }
    let is_label = |label: &[u8]| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.get(..4).is_none_or(|start| !start.eq_ignore_ascii_case(b"xn--"))
    };
    let mut start = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte == b'.' {
            if !bytes.get(start..at).is_some_and(is_label) {
                return false;
            }
            start = at + 1;
        } else if !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return false;
        }
    }
    bytes.get(start..).is_some_and(is_label)
}

fn uts46(name: &str) -> Result<String> {
    let ascii = Uts46::new()
        .to_ascii(name.as_bytes(), FORBIDDEN, Hyphens::Allow, DnsLength::Verify)
        .map_err(|_| refusal(name))?;
    // The validity criterion of UTS 46 §4.1 on `xn--`, which crate idna leaves out.
    if ascii.split('.').any(|label| label.starts_with("xn--xn--")) {
        return Err(Error::new(ErrorKind::InvalidCharacter, "an A-label of an A-label"));
    }
    Ok(ascii.into_owned())
}

/// Why UTS 46 refused: a length of DNS, or a rule of IDNA.
fn refusal(name: &str) -> Error {
    match Uts46::new().to_ascii(name.as_bytes(), FORBIDDEN, Hyphens::Allow, DnsLength::Ignore) {
        Ok(ascii) if ascii.split('.').any(str::is_empty) => Error::new(ErrorKind::InvalidSyntax, "an empty label"),
        Ok(_) => Error::new(ErrorKind::TooLong, "a label over 63 octets or a name over 253"),
        Err(_) => Error::new(ErrorKind::InvalidCharacter, "not a name under UTS 46"),
    }
}

/// ASCII that is neither letter, digit, hyphen, dot nor underscore.
pub(super) const fn is_forbidden(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7F || (byte.is_ascii_punctuation() && !matches!(byte, b'-' | b'.' | b'_'))
}

/// Whether the URL standard would read the host as an IPv4 address: its last label is a number.
fn ends_in_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    match last.strip_prefix("0x") {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Whether an explicit rule of the Public Suffix List, ICANN or private section, names this host itself.
pub(crate) fn is_public_suffix(host: &str) -> bool {
    Name::new(host).is_public_suffix()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twins::{Random, inputs};

    fn parse(text: &str) -> std::result::Result<String, ErrorKind> {
        canonical(text, &ParseOptions::default(), &mut Trace::off()).map_err(|error| error.kind())
    }

    fn parents(host: &str) -> Vec<&str> {
        let mut all = Vec::new();
        let name = Name::new(host);
        name.for_each_parent(name.registrable(), &mut |name| all.push(name));
        all
    }

    #[test]
    fn names_become_lower_case_a_labels() {
        assert_eq!(parse("WWW.Example.COM.").as_deref(), Ok("www.example.com"));
        assert_eq!(parse("straße.de").as_deref(), Ok("xn--strae-oqa.de"));
        assert_eq!(parse("例え。jp").as_deref(), Ok("xn--r8jz45g.jp"));
        assert_eq!(parse("_dmarc.example[.]com").as_deref(), Ok("_dmarc.example.com"));
        assert_eq!(parse("*.example.com").as_deref(), Ok("example.com"));
        assert_eq!(parse("com").as_deref(), Ok("com"));
    }

    #[test]
    fn what_is_not_a_host_name_is_refused() {
        for (text, kind) in [
            ("localhost", ErrorKind::InvalidSyntax),
            ("1.2.3.4", ErrorKind::InvalidSyntax),
            ("a..b", ErrorKind::InvalidSyntax),
            ("example.com:80", ErrorKind::InvalidCharacter),
            ("http://example.com", ErrorKind::InvalidCharacter),
            ("a b.com", ErrorKind::InvalidCharacter),
            ("xn--a.com", ErrorKind::InvalidCharacter),
        ] {
            assert_eq!(parse(text), Err(kind), "{text}");
        }
        assert_eq!(parse(&format!("{}.com", "a".repeat(64))), Err(ErrorKind::TooLong));
    }

    #[test]
    fn parents_stop_at_the_registrable_domain() {
        assert_eq!(parents("a.b.example.com"), ["a.b.example.com", "b.example.com", "example.com"]);
        assert_eq!(parents("x.a.github.io"), ["x.a.github.io", "a.github.io"]);
        assert_eq!(parents("a.b.unknown-tld-here"), ["a.b.unknown-tld-here", "b.unknown-tld-here"]);
        assert_eq!(parents("github.io"), ["github.io"]);
        assert_eq!(parents("shop.example.com.sg"), ["shop.example.com.sg", "example.com.sg"]);
    }

    #[test]
    fn a_glance_is_as_strict_as_the_parser() {
        const PIECES: [&str; 14] = ["a", "z9", "0", "7", "0x", "f", "-", "_", ".", "..", "xn--", "Z", "é", " "];
        let mut state = 9u64;
        let mut taken = 0;
        for _ in 0..40_000 {
            let mut name = String::new();
            for _ in 0..=state >> 61 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                name.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
            }
            let plainly = is_plain(&name) && name.contains('.') && parse(&name).as_deref() == Ok(name.as_str());
            assert_eq!(is_canonical(&name), plainly, "{name}");
            assert_eq!(is_canonical_byte_by_byte(&name), plainly, "{name}");
            taken += usize::from(plainly);
        }
        assert!(taken > 500, "{taken}");
        let label = "a".repeat(63);
        let name = [label.as_str(); 4].join(".");
        assert!(is_canonical(&name[2..]) && !is_canonical(&name[1..]) && !is_canonical(&format!("{label}a.b")));
    }

    /// Bytes at random, and names that were changed in a place or two.
    #[test]
    fn twin_glances_and_single_bytes() {
        const NAMES: [&str; 8] = [
            "a.b",
            "login-1f.bank.example",
            "xn--strae-oqa.de",
            "a-rather-long-name-of-many-labels.in.a.zone.of.the.wild.example.org",
            "_dmarc.example.com",
            "a--b.example",
            "1.2.3.4",
            "x.0x7f",
        ];
        const BYTES: &[u8] = b"abcxyz0189..--__nX/@[`{:~\x7f ";
        let mut random = Random::new(3);
        let mut taken = 0;
        let count = inputs(200_000);
        for _ in 0..count {
            let mut bytes = match random.below(3) {
                0 => (0..random.below(70)).map(|_| BYTES[random.below(BYTES.len())]).collect(),
                _ => NAMES[random.below(NAMES.len())].as_bytes().to_vec(),
            };
            for _ in 0..random.below(3) {
                if !bytes.is_empty() {
                    let place = random.below(bytes.len());
                    bytes[place] = if random.below(9) == 0 {
                        random.next() as u8 & 0x7f
                    } else {
                        BYTES[random.below(BYTES.len())]
                    };
                }
            }
            let name = String::from_utf8(bytes).unwrap();
            let plainly = is_canonical_byte_by_byte(&name);
            let glance = match Name::at_a_glance(&name) {
                Glance::Canonical(_) => Some(true),
                Glance::Other => Some(false),
                Glance::Open => None,
            };
            assert!(glance.is_none_or(|glance| glance == plainly), "{name:?}");
            // What a glance leaves open is long, has two hyphens side by side, or ends in a label with a digit first.
            let open = name.len() > 64
                || name.contains("--")
                || name.rsplit('.').next().unwrap().starts_with(|c: char| c.is_ascii_digit());
            assert!(glance.is_some() || open, "{name:?}");
            taken += usize::from(glance == Some(true));
        }
        assert!(taken > count / 8, "{taken}");
    }

    #[test]
    fn plain_names_are_those_that_uts46_only_lowers() {
        const PIECES: [&str; 16] = [
            "a",
            "Z",
            "0",
            "-",
            "_",
            ".",
            "xn--",
            "XN--a",
            "x",
            "n--",
            "é",
            "\u{3002}",
            "ß",
            " ",
            "/",
            "0123456789abcdef",
        ];
        let mut state = 3u64;
        let mut plain = 0;
        for _ in 0..40_000 {
            let mut name = String::new();
            for _ in 0..=state >> 60 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                name.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
            }
            if is_plain(&name) {
                plain += 1;
                assert_eq!(uts46(&name).map_err(|error| error.kind()), Ok(name.to_ascii_lowercase()), "{name}");
            }
        }
        assert!(plain > 2_000, "{plain}");
        let label = "a".repeat(63);
        assert!(is_plain(&label) && !is_plain(&format!("{label}a")));
        let name = [label.as_str(); 4].join(".");
        assert!(is_plain(&name[2..]) && !is_plain(&name[1..]) && uts46(&name[1..]).is_err());
    }

    #[test]
    fn every_ascii_character_of_a_host_name() {
        for byte in 0..=127_u8 {
            let fine = byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            assert_eq!(is_forbidden(byte), !fine, "{byte}");
            let name = format!("a{}c.example", char::from(byte));
            let expected =
                if fine { Ok(name.to_ascii_lowercase()) } else { Err((ErrorKind::InvalidCharacter, Some(1))) };
            assert_eq!(host(&name).map_err(|error| (error.kind(), error.position())), expected, "{name:?}");
            assert_eq!(is_canonical(&name), fine && !byte.is_ascii_uppercase(), "{name:?}");
        }
    }

    #[test]
    fn bounds_of_names_and_labels() {
        let label = "a".repeat(63);
        let longest = [label.as_str(), &label, &label, &label[2..]].join(".");
        for (name, expected) in [
            (format!("{label}.b"), Ok(format!("{label}.b"))),
            (format!("b.{label}"), Ok(format!("b.{label}"))),
            (format!("{label}a.b"), Err(ErrorKind::TooLong)),
            (format!("b.{label}a"), Err(ErrorKind::TooLong)),
            (longest.clone(), Ok(longest.clone())),
            (format!("{longest}."), Ok(longest.clone())),
            (format!("a{longest}"), Err(ErrorKind::TooLong)),
            // Over 1,012 bytes nothing is looked at.
            (format!("{}!", "a".repeat(1_011)), Err(ErrorKind::InvalidCharacter)),
            (format!("{}!", "a".repeat(1_012)), Err(ErrorKind::TooLong)),
        ] {
            assert_eq!(parse(&name), expected, "{name}");
            assert_eq!(is_canonical(&name), expected.as_deref() == Ok(name.as_str()), "{name}");
        }
        assert_eq!(longest.len(), 253);
    }

    #[test]
    fn one_final_stop_of_any_kind_goes() {
        for stop in [".", "\u{3002}", "\u{FF0E}", "\u{FF61}"] {
            assert_eq!(parse(&format!("a.example{stop}")).as_deref(), Ok("a.example"), "{stop}");
            assert_eq!(parse(&format!("a.example{stop}{stop}")), Err(ErrorKind::InvalidSyntax), "{stop}");
            assert_eq!(parse(&format!("a{stop}example")).as_deref(), Ok("a.example"), "{stop}");
        }
    }

    /// The "ends in a number" checker of the URL standard.
    #[test]
    fn a_last_label_that_is_a_number_makes_an_address() {
        for (name, number) in [
            ("a.1", true),
            ("a.09", true),
            ("a.0x", true),
            ("a.0X1F", true),
            ("a.0x1g", false),
            ("a.1f", false),
            ("a.x1", false),
            ("a.0-1", false),
            ("1.a", false),
            ("0x1.a", false),
        ] {
            let lower = name.to_ascii_lowercase();
            assert_eq!(parse(name), if number { Err(ErrorKind::InvalidSyntax) } else { Ok(lower.clone()) }, "{name}");
            assert_eq!(is_canonical(&lower), !number, "{name}");
        }
    }

    #[test]
    fn an_a_label_is_looked_at_wherever_it_stands() {
        for (name, expected) in [
            ("xn--bcher-kva.example", Ok("xn--bcher-kva.example")),
            ("XN--BCHER-KVA.example", Ok("xn--bcher-kva.example")),
            ("a.xn--bcher-kva", Ok("a.xn--bcher-kva")),
            ("a.xn--", Err(ErrorKind::InvalidCharacter)),
            ("xn--a.example", Err(ErrorKind::InvalidCharacter)),
            ("a.xn--a.example", Err(ErrorKind::InvalidCharacter)),
            ("a.Xn--a", Err(ErrorKind::InvalidCharacter)),
            ("xn-a.example", Ok("xn-a.example")),
            ("axn--b.example", Ok("axn--b.example")),
            ("a--b.example", Ok("a--b.example")),
        ] {
            assert_eq!(parse(name).as_deref().map_err(|kind| *kind), expected, "{name}");
            assert!(!name.contains("xn--") || name.starts_with("axn") || !is_canonical(name), "{name}");
        }
    }
}
