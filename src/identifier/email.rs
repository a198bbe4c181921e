//! E-mail addresses: lower-case dot-atom `@` A-label domain (`docs/canonical.md` §4).

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, domain, text};

/// RFC 5321 §4.5.3.1.1.
const MAX_LOCAL: usize = 64;
/// RFC 5321 §4.5.3.1.3, less the two angle brackets (RFC 3696 erratum 1690).
const MAX_ADDRESS: usize = 254;

pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = text::nfkc(text);
    let text = text::refang(&text);
    trace.note("NFKC and refang", || text.clone().into_owned());
    let address = bare(&text);
    trace.note("drop mailto: and angle brackets", || address.to_owned());

    let (local, host) =
        address.rsplit_once('@').ok_or_else(|| Error::new(ErrorKind::InvalidSyntax, "an e-mail address needs an @"))?;
    check_local(local)?;
    let host = domain::host(host)?;
    if !host.contains('.') {
        return Err(Error::new(ErrorKind::InvalidSyntax, "a mail domain needs a dot"));
    }
    if local.len() + 1 + host.len() > MAX_ADDRESS {
        return Err(Error::new(ErrorKind::TooLong, "an address over 254 octets"));
    }
    let mut canonical = local.to_ascii_lowercase();
    canonical.push('@');
    canonical.push_str(&host);
    Ok(canonical)
}

/// Whether the text is its own canonical form.
pub(super) fn is_canonical(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else { return false };
    // A brace is an atom's character, and defangs.
    let stands = |byte: u8| byte == b'.' || (is_atext(char::from(byte)) && !matches!(byte, b'A'..=b'Z' | b'{' | b'}'));
    (1..=MAX_LOCAL).contains(&local.len())
        && text.len() <= MAX_ADDRESS
        && local.bytes().all(stands)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain::is_canonical(host)
}

/// The address without `mailto:` and its parameters, and without angle brackets around it all.
fn bare(text: &str) -> &str {
    let text = match text::strip_prefix_ignore_case(text, "mailto:") {
        Some(rest) => rest.split('?').next().unwrap_or(rest).trim(),
        None => text,
    };
    match text.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')) {
        Some(inner) => text::strip_prefix_ignore_case(inner, "mailto:").unwrap_or(inner).trim(),
        None => text,
    }
}

/// A dot-atom (RFC 5322 §3.2.3): no quoting, no comments, no UTF-8.
fn check_local(local: &str) -> Result<()> {
    if local.len() > MAX_LOCAL {
        return Err(Error::new(ErrorKind::TooLong, "a local part over 64 octets"));
    }
    if let Some((position, c)) = local.char_indices().find(|&(_, c)| c != '.' && !is_atext(c)) {
        return Err(match c {
            '"' | '<' | '(' | ' ' | '\\' => {
                Error::new(ErrorKind::InvalidSyntax, "quoted local parts, comments and display names are not taken")
            }
            _ => Error::new(ErrorKind::InvalidCharacter, "not a character of a local part"),
        }
        .at(position as u64));
    }
    if local.split('.').any(str::is_empty) {
        return Err(Error::new(ErrorKind::InvalidSyntax, "an empty local part, or a dot at its end or doubled"));
    }
    Ok(())
}

const fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '!' | '#'
                | '$'
                | '%'
                | '&'
                | '\''
                | '*'
                | '+'
                | '-'
                | '/'
                | '='
                | '?'
                | '^'
                | '_'
                | '`'
                | '{'
                | '|'
                | '}'
                | '~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> std::result::Result<String, ErrorKind> {
        canonical(text, &ParseOptions::default(), &mut Trace::off()).map_err(|error| error.kind())
    }

    #[test]
    fn case_dressing_and_defanging_go() {
        for text in [
            "Jo.Tan+x@Example.COM",
            "mailto:jo.tan+x@example.com?subject=hi",
            "<jo.tan+x@example.com>",
            "jo.tan+x[at]example[.]com",
            "ｊｏ.tan+x＠example.com.",
        ] {
            assert_eq!(parse(text).as_deref(), Ok("jo.tan+x@example.com"), "{text}");
        }
        assert_eq!(parse("a@bücher.de").as_deref(), Ok("a@xn--bcher-kva.de"));
    }

    #[test]
    fn what_has_no_single_form_is_refused() {
        for (text, kind) in [
            ("a.example.com", ErrorKind::InvalidSyntax),
            ("@example.com", ErrorKind::InvalidSyntax),
            ("a..b@example.com", ErrorKind::InvalidSyntax),
            (".a@example.com", ErrorKind::InvalidSyntax),
            ("\"a b\"@example.com", ErrorKind::InvalidSyntax),
            ("Jo <a@example.com>", ErrorKind::InvalidSyntax),
            ("a@b@example.com", ErrorKind::InvalidCharacter),
            ("jö@example.com", ErrorKind::InvalidCharacter),
            ("a@localhost", ErrorKind::InvalidSyntax),
            ("a@[192.0.2.1]", ErrorKind::InvalidCharacter),
        ] {
            assert_eq!(parse(text), Err(kind), "{text}");
        }
        assert_eq!(parse(&format!("{}@example.com", "a".repeat(65))), Err(ErrorKind::TooLong));
    }

    #[test]
    fn lengths_of_local_part_and_address() {
        let label = "d".repeat(63);
        let host = format!("{label}.{label}.{}", &label[..61]);
        let local = "l".repeat(64);
        for (text, taken) in [
            (format!("{local}@a.example"), true),
            (format!("{local}l@a.example"), false),
            // 254 and 255 octets
            (format!("{local}@{host}"), true),
            (format!("{local}@{host}d"), false),
        ] {
            assert_eq!(parse(&text), if taken { Ok(text.clone()) } else { Err(ErrorKind::TooLong) }, "{text}");
            assert_eq!(is_canonical(&text), taken, "{text}");
        }
    }

    /// RFC 5322 §3.2.3.
    #[test]
    fn every_ascii_character_of_a_local_part() {
        for byte in 0..=127_u8 {
            let c = char::from(byte);
            let text = format!("x{c}y@a.example");
            let expected = match c {
                '.' => Ok(text.clone()),
                _ if c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) => Ok(text.to_ascii_lowercase()),
                '"' | '<' | '(' | ' ' | '\\' => Err((ErrorKind::InvalidSyntax, Some(1))),
                _ => Err((ErrorKind::InvalidCharacter, Some(1))),
            };
            let found = canonical(&text, &ParseOptions::default(), &mut Trace::off());
            assert_eq!(found.map_err(|error| (error.kind(), error.position())), expected, "{text:?}");
            let seen = expected.as_deref() == Ok(text.as_str()) && !"{}".contains(c);
            assert_eq!(is_canonical(&text), seen, "{text:?}");
        }
    }

    #[test]
    fn dots_stand_alone_and_inside() {
        for (text, taken) in [
            ("a.b@c.example", true),
            (".a@c.example", false),
            ("a.@c.example", false),
            ("a..b@c.example", false),
            (".@c.example", false),
            ("@c.example", false),
            ("a@", false),
            ("a@.", false),
            ("a@c.example.", false),
            ("a@com", false),
        ] {
            assert_eq!(is_canonical(text), taken, "{text}");
            assert_eq!(parse(text).as_deref() == Ok(text), taken, "{text}");
        }
        assert_eq!(parse("a@com"), Err(ErrorKind::InvalidSyntax));
    }

    #[test]
    fn what_dresses_an_address_goes() {
        for text in
            ["<mailto:a@c.example>", "MAILTO: a@c.example ?cc=b@c.example", "mailto:<a@c.example>", "< a@c.example >"]
        {
            assert_eq!(parse(text).as_deref(), Ok("a@c.example"), "{text}");
        }
        for text in ["<a@c.example", "a@c.example>", "a@c.example?subject=x"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
