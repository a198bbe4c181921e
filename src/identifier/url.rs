//! Web addresses: the WHATWG serialisation without user name and fragment (`docs/canonical.md` §6).

use std::borrow::Cow;

use url::Url;

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, domain, text};

/// RFC 1035 §2.3.4, without the root's dot. The URL standard has no bound.
const MAX_HOST: usize = 253;

pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = text.replace(['\t', '\r', '\n'], "");
    let text = refang(&text);
    trace.note("refang", || text.clone().into_owned());
    let (text, had_scheme) = with_scheme(&text)?;
    trace.note("scheme", || text.clone().into_owned());
    let mut url = Url::parse(&text).map_err(refusal)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ErrorKind::UnsupportedScheme.into());
    }
    trace.note("WHATWG URL", || url.as_str().to_owned());
    url.set_fragment(None);
    let no_credentials = url.set_username("").and_then(|()| url.set_password(None));
    no_credentials.map_err(|()| Error::new(ErrorKind::InvalidSyntax, "no host"))?;
    let host = url.host_str().unwrap_or_default();
    if let Some(trimmed) = host.strip_suffix('.') {
        let trimmed = trimmed.to_owned();
        url.set_host(Some(&trimmed)).map_err(refusal)?;
    }
    let host = url.host_str().unwrap_or_default();
    if host.len() > MAX_HOST {
        return Err(Error::new(ErrorKind::TooLong, "a host over 253 octets"));
    }
    if !host.starts_with('[') && host.bytes().any(domain::is_forbidden) {
        return Err(Error::new(ErrorKind::InvalidCharacter, "not a character of a host name"));
    }
    if host.split('.').any(str::is_empty) {
        return Err(Error::new(ErrorKind::InvalidSyntax, "an empty label in the host"));
    }
    if !had_scheme && !host.contains(['.', '[']) {
        return Err(Error::new(ErrorKind::InvalidSyntax, "without a scheme, the host needs a dot"));
    }
    Ok(url.into())
}

/// Whether the text is its own canonical form: a plain host, perhaps a port, and a path without anything that the
/// standard would escape or resolve.
pub(super) fn is_canonical(text: &str) -> bool {
    let (rest, default_port) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, 443),
        (None, Some(rest)) => (rest, 80),
        _ => return false,
    };
    let Some(slash) = rest.find('/') else { return false };
    let (authority, tail) = rest.split_at(slash);
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let port_stays = |port: &str| {
        let number = port.parse::<u16>().ok().filter(|number| *number != default_port);
        port.bytes().next().is_some_and(|byte| matches!(byte, b'1'..=b'9')) && number.is_some()
    };
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    domain::is_canonical(host)
        && port.is_none_or(port_stays)
        && path.bytes().all(stays)
        && query.bytes().all(|byte| stays(byte) && byte != b'\'' || byte == b'?')
        && !path.split('/').any(is_dots)
}

/// What stands for itself in a path: the unreserved and sub-delimiting characters of RFC 3986, `:`, `@`, `/` and `%`.
const fn stays(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
                | b'/'
                | b'%'
        )
}

/// A segment that is resolved, `.` or `..`, or may be one when its escapes are undone.
fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..") || segment.as_bytes().windows(3).any(|three| three.eq_ignore_ascii_case(b"%2e"))
}

/// Undoes defanging in scheme and authority, and, where there was some, of dots in the rest.
fn refang(text: &str) -> Cow<'_, str> {
    let (scheme, rest) = split_defanged_scheme(text);
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let plain = text::refang(authority);
    if scheme.is_none() && plain == authority {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    out.push_str(match scheme {
        Some(Scheme::Http) => "http://",
        Some(Scheme::Https) => "https://",
        None => text.get(..text.len() - rest.len()).unwrap_or_default(),
    });
    out.push_str(&plain);
    out.push_str(&tail.replace("[.]", "."));
    Cow::Owned(out)
}

enum Scheme {
    Http,
    Https,
}

/// A scheme that only defanging writes, and what follows it; a plain scheme is passed over.
fn split_defanged_scheme(text: &str) -> (Option<Scheme>, &str) {
    const WORDS: [&str; 6] = ["http", "hxxp", "htxp", "hxtp", "h**p", "meow"];
    let head = WORDS.iter().find_map(|word| text::strip_prefix_ignore_case(text, word).map(|rest| (*word, rest)));
    let Some((word, rest)) = head else { return (None, after_scheme(text)) };
    let (scheme, rest) = match rest.strip_prefix(['s', 'S']) {
        Some(rest) => (Scheme::Https, rest),
        None => (Scheme::Http, rest),
    };
    let separators = ["://", "[:]//", "[://]", "(:)//", ":[//]", "[:]\\\\"];
    match separators.iter().find_map(|separator| rest.strip_prefix(separator).map(|rest| (*separator, rest))) {
        Some(("://", _)) if word == "http" => (None, after_scheme(text)),
        Some((_, rest)) => (Some(scheme), rest),
        None => (None, after_scheme(text)),
    }
}

/// What follows the scheme, its colon and any slashes; all of the text where there is no scheme.
fn after_scheme(text: &str) -> &str {
    let name = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    match text.get(name..).and_then(|rest| rest.strip_prefix(':')) {
        Some(rest) if rest.starts_with(['/', '\\']) || is_web(text.get(..name).unwrap_or_default()) => rest,
        _ => text,
    }
    .trim_start_matches(['/', '\\'])
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The text with a scheme, and whether it came with one. `host:port` is not a scheme.
fn with_scheme(text: &str) -> Result<(Cow<'_, str>, bool)> {
    if let Some(rest) = text.strip_prefix("//") {
        return Ok((Cow::Owned(format!("http://{rest}")), true));
    }
    let name = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))).unwrap_or(text.len());
    let (name, rest) = text.split_at(name);
    let Some(rest) = rest.strip_prefix(':') else { return Ok((Cow::Owned(format!("http://{text}")), false)) };
    if is_web(name) {
        return Ok((Cow::Borrowed(text), true));
    }
    let port = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok((Cow::Owned(format!("http://{text}")), false));
    }
    Err(ErrorKind::UnsupportedScheme.into())
}

fn refusal(error: url::ParseError) -> Error {
    match error {
        url::ParseError::IdnaError | url::ParseError::InvalidDomainCharacter => {
            Error::new(ErrorKind::InvalidCharacter, "the host is not a name under UTS 46")
        }
        _ => Error::new(ErrorKind::InvalidSyntax, "not a URL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> std::result::Result<String, ErrorKind> {
        canonical(text, &ParseOptions::default(), &mut Trace::off()).map_err(|error| error.kind())
    }

    #[test]
    fn urls_have_one_form() {
        for (text, expected) in [
            ("HTTP://User:pw@Example.COM:80/a/../b?q=1#frag", "http://example.com/b?q=1"),
            ("https://example.com.", "https://example.com/"),
            ("evil.com/a", "http://evil.com/a"),
            ("evil.com:8080/a", "http://evil.com:8080/a"),
            ("//evil.com", "http://evil.com/"),
            ("hxxps://evil[.]com/a[.]php", "https://evil.com/a.php"),
            ("hxxp[:]//evil(dot)com", "http://evil.com/"),
            ("http[://]evil.com", "http://evil.com/"),
            ("http://good.com/a[.]php", "http://good.com/a[.]php"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://[2001:DB8::1]/", "http://[2001:db8::1]/"),
            ("http://localhost/", "http://localhost/"),
            ("http:\\\\evil.com\\a", "http://evil.com/a"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
            assert_eq!(parse(expected).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn other_schemes_and_hosts_are_refused() {
        for (text, kind) in [
            ("ftp://example.com/", ErrorKind::UnsupportedScheme),
            ("javascript:alert(1)", ErrorKind::UnsupportedScheme),
            ("mailto:a@example.com", ErrorKind::UnsupportedScheme),
            ("localhost", ErrorKind::InvalidSyntax),
            ("http://", ErrorKind::InvalidSyntax),
            ("http://a..b/", ErrorKind::InvalidSyntax),
            ("http://exa mple.com/", ErrorKind::InvalidCharacter),
            ("http://1.2.3.999/", ErrorKind::InvalidSyntax),
        ] {
            assert_eq!(parse(text), Err(kind), "{text}");
        }
    }

    #[test]
    fn ports_hosts_and_paths_at_a_glance() {
        for (text, seen) in [
            ("http://a.example/", true),
            ("https://a.example/", true),
            ("ftp://a.example/", false),
            ("http://a.example", false),
            ("http://A.example/", false),
            ("http://a.example:1/", true),
            ("http://a.example:65535/", true),
            ("http://a.example:65536/", false),
            ("http://a.example:0/", false),
            ("http://a.example:01/", false),
            ("http://a.example:+1/", false),
            ("http://a.example:/", false),
            ("http://a.example:80/", false),
            ("http://a.example:443/", true),
            ("https://a.example:443/", false),
            ("https://a.example:80/", true),
            ("http://a.example/b/.", false),
            ("http://a.example/b/..", false),
            ("http://a.example/b/../c", false),
            ("http://a.example/b/.c", true),
            ("http://a.example/b/%2e", false),
            ("http://a.example/b/%2E%2e/c", false),
            ("http://a.example/b%2ec", false),
            ("http://a.example/b?c=.&d=/../", true),
            ("http://a.example/b?c=?", true),
            ("http://a.example/b?c='", false),
            ("http://a.example/b'c", true),
            ("http://a.example/b?c#d", false),
            ("http://a.example/b?", true),
        ] {
            assert_eq!(is_canonical(text), seen, "{text}");
            if seen {
                assert_eq!(parse(text).as_deref(), Ok(text));
            }
        }
    }

    /// RFC 3986 §2: unreserved characters and sub-delimiters stand for themselves; what else stands, the URL standard says.
    #[test]
    fn every_ascii_character_of_a_path() {
        for byte in 0..=127_u8 {
            let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte);
            assert_eq!(stays(byte), plain, "{byte}");
            let text = format!("http://a.example/b{}c", char::from(byte));
            if plain {
                assert_eq!(parse(&text).as_deref(), Ok(text.as_str()));
            }
            assert_eq!(is_canonical(&text), plain || byte == b'?', "{text:?}");
        }
    }

    #[test]
    fn every_way_to_defang_a_scheme() {
        for word in ["http", "hxxp", "htxp", "hxtp", "h**p", "meow", "HXXP", "hXXp"] {
            for (s, scheme) in [("", "http"), ("s", "https"), ("S", "https")] {
                for separator in ["://", "[:]//", "[://]", "(:)//", ":[//]", "[:]\\\\"] {
                    let text = format!("{word}{s}{separator}a[.]example/b");
                    assert_eq!(parse(&text), Ok(format!("{scheme}://a.example/b")), "{text}");
                }
            }
        }
        for (text, expected) in [
            ("http://a.example/b[.]c", Ok("http://a.example/b[.]c")),
            ("hxxp://a.example/b[.]c?d[.]e", Ok("http://a.example/b.c?d.e")),
            ("http://a[.]example/b[.]c", Ok("http://a.example/b.c")),
            ("a(.)example\\b", Ok("http://a.example/b")),
            ("a[.]example?b", Ok("http://a.example/?b")),
            ("a[.]example#b", Ok("http://a.example/")),
            ("http:a.example/b", Ok("http://a.example/b")),
            ("http:/a[.]example/b", Ok("http://a.example/b")),
            ("http:a[.]example/b", Ok("http://a.example/b")),
            ("hxxp.example/a", Ok("http://hxxp.example/a")),
            ("meow.example/a[.]b", Ok("http://meow.example/a[.]b")),
            ("//a[.]example/b", Ok("http://a.example/b")),
            ("a.example:80", Ok("http://a.example/")),
            ("a.example:8080?b", Ok("http://a.example:8080/?b")),
            ("a.example:8080#b", Ok("http://a.example:8080/")),
            ("a.example:", Err(ErrorKind::UnsupportedScheme)),
            ("a.example:b", Err(ErrorKind::UnsupportedScheme)),
            ("a+b-c.d:80", Err(ErrorKind::InvalidCharacter)),
            ("gopher://a.example/", Err(ErrorKind::UnsupportedScheme)),
            ("http://a\tb.\r\nexample/", Ok("http://ab.example/")),
        ] {
            assert_eq!(parse(text).as_deref().map_err(|kind| *kind), expected, "{text}");
        }
    }

    #[test]
    fn bounds_and_characters_of_hosts() {
        let label = "a".repeat(63);
        let longest = [label.as_str(), &label, &label, &label[2..]].join(".");
        for (text, expected) in [
            (format!("http://{longest}/"), Ok(format!("http://{longest}/"))),
            (format!("http://{longest}./"), Ok(format!("http://{longest}/"))),
            (format!("http://a{longest}/"), Err(ErrorKind::TooLong)),
            ("http://a_b.example/".to_owned(), Ok("http://a_b.example/".to_owned())),
            ("http://a!b.example/".to_owned(), Err(ErrorKind::InvalidCharacter)),
            ("http://a.example../".to_owned(), Err(ErrorKind::InvalidSyntax)),
            ("http://.a.example/".to_owned(), Err(ErrorKind::InvalidSyntax)),
            ("[2001:db8::1]/a".to_owned(), Ok("http://[2001:db8::1]/a".to_owned())),
            ("//localhost/a".to_owned(), Ok("http://localhost/a".to_owned())),
            ("localhost:80/a".to_owned(), Err(ErrorKind::InvalidSyntax)),
        ] {
            assert_eq!(parse(&text), expected, "{text}");
        }
    }
}
