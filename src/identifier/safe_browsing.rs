//! Canonical URLs and look-up expressions as Safe Browsing forms them (v4, "URLs and Hashing").
//!
//! The rules differ from the URL standard's: percent-escapes are undone until none is left, scheme, port and
//! user name do not count, and runs of slashes are one. `docs/canonical.md` §6.2.

use std::net::Ipv4Addr;

/// Host names tried besides the full one.
const MAX_SUFFIXES: usize = 4;
/// Labels of the longest host suffix.
const SUFFIX_LABELS: usize = 5;
/// Paths tried besides the full one with and without its query, the root included.
const MAX_PREFIXES: usize = 4;

/// `host/path?query` of a URL: what two URLs must share to be the same.
///
/// `None` where the URL has no host. An empty query is dropped.
pub(crate) fn expression(url: &str) -> Option<String> {
    let (_, host, rest) = parts(url)?;
    let mut out = host;
    out.push_str(rest.strip_suffix('?').filter(|path| !path.contains('?')).unwrap_or(&rest));
    Some(out)
}

/// The same, borrowed, of a canonical URL with nothing in it that Safe Browsing would change: a plain host without a port, and a
/// path without escapes, dot segments and doubled slashes. `None` says nothing.
pub(crate) fn plain_expression(url: &str) -> Option<&str> {
    let expression = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (host, rest) = expression.split_at_checked(expression.find('/')?)?;
    let is_host = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    // The last label is no number, so the host is no address; dots are not collapsed.
    let last = host.rfind('.').and_then(|dot| host.as_bytes().get(dot + 1));
    let plain_host = host.bytes().all(is_host)
        && last.is_some_and(u8::is_ascii_lowercase)
        && !host.starts_with('.')
        && !host.contains("..");
    let stands = |byte: u8| matches!(byte, b'!'..=b'~') && !matches!(byte, b'#' | b'%');
    let path = rest.split('?').next().unwrap_or(rest);
    let plain_path = rest.bytes().all(stands)
        && !rest.ends_with('?')
        && !path.as_bytes().windows(2).any(|pair| matches!(pair, b"//" | b"/."));
    (plain_host && plain_path).then_some(expression)
}

/// Calls `each` with the expressions under which a URL may be listed, the most specific first: every path of the
/// full host, then of each host suffix down to `shortest`. The first is the expression itself.
pub(crate) fn for_each_expression(expression: &str, shortest: &str, each: &mut dyn FnMut(&str)) {
    let (host, rest) = split_host(expression);
    let path = rest.split('?').next().unwrap_or(rest);
    let mut paths = [""; MAX_PREFIXES];
    let count = path_prefixes(path, &mut paths);
    let mut buffer = String::with_capacity(expression.len());
    let mut with_host = |host: &str| {
        let mut emit = |tail: &str| {
            buffer.clear();
            buffer.push_str(host);
            buffer.push_str(tail);
            each(&buffer);
        };
        emit(rest);
        if path.len() < rest.len() {
            emit(path);
        }
        for prefix in paths.iter().take(count).rev() {
            emit(prefix);
        }
    };
    with_host(host);
    let mut suffix = last_labels(host, SUFFIX_LABELS);
    if suffix.len() == host.len() {
        suffix = suffix.split_once('.').map_or("", |(_, parent)| parent);
    }
    for _ in 0..MAX_SUFFIXES {
        if suffix.len() < shortest.len() || suffix.is_empty() || shortest.is_empty() {
            return;
        }
        with_host(suffix);
        suffix = suffix.split_once('.').map_or("", |(_, parent)| parent);
    }
}

/// The host and the rest, beginning with its slash, of an expression.
pub(crate) fn split_host(expression: &str) -> (&str, &str) {
    expression.split_at(expression.find('/').unwrap_or(expression.len()))
}

/// Scheme, host and `/path?query`, all canonical.
fn parts(url: &str) -> Option<(String, String, String)> {
    let mut bytes: Vec<u8> = url.bytes().filter(|byte| !matches!(byte, b'\t' | b'\r' | b'\n')).collect();
    if let Some(end) = bytes.iter().position(|&byte| byte == b'#') {
        bytes.truncate(end);
    }
    let (scheme, bytes) = split_scheme(&bytes);
    let end = bytes.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(bytes.len());
    let (authority, rest) = bytes.split_at(end);
    let host = authority.rsplit(|&byte| byte == b'@').next().unwrap_or(authority);
    let host = canonical_host(&unescape(without_port(host)))?;

    let rest = unescape(rest);
    let end = rest.iter().position(|&byte| byte == b'?').unwrap_or(rest.len());
    let (path, query) = rest.split_at(end);
    let mut tail = canonical_path(path);
    tail.extend_from_slice(query);
    Some((scheme, host, escape(&tail)))
}

/// The scheme in lower case, `http` where there is none, and what follows its slashes.
fn split_scheme(url: &[u8]) -> (String, &[u8]) {
    let marker = b"://";
    if let Some(at) = url.windows(marker.len()).position(|window| window == marker)
        && let (scheme, rest) = url.split_at(at)
        && scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    {
        let scheme = String::from_utf8_lossy(scheme).to_ascii_lowercase();
        return (scheme, rest.get(marker.len()..).unwrap_or_default());
    }
    ("http".to_owned(), url)
}

fn without_port(host: &[u8]) -> &[u8] {
    match host.iter().rposition(|&byte| byte == b':') {
        Some(colon) if host.iter().skip(colon + 1).all(u8::is_ascii_digit) => host.get(..colon).unwrap_or(host),
        _ => host,
    }
}

/// Percent-decodes until no escape is left, in one pass: a decoded byte may complete the next escape, and escapes
/// never overlap, so the order in which they are undone does not matter.
fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        out.push(byte);
        while let [.., b'%', high, low] = out.as_slice()
            && let (Some(high), Some(low)) = (hex_value(*high), hex_value(*low))
        {
            out.truncate(out.len() - 3);
            out.push(high << 4 | low);
        }
    }
    out
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte <= b' ' || byte >= 0x7F || matches!(byte, b'#' | b'%') {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        } else {
            out.push(char::from(byte));
        }
    }
    out
}

/// Dots collapsed and trimmed, numeric hosts as dotted IPv4, lower case, A-labels where UTS 46 gives them.
fn canonical_host(host: &[u8]) -> Option<String> {
    let mut plain = Vec::with_capacity(host.len());
    for label in host.split(|&byte| byte == b'.').filter(|label| !label.is_empty()) {
        if !plain.is_empty() {
            plain.push(b'.');
        }
        plain.extend_from_slice(label);
    }
    if plain.is_empty() {
        return None;
    }
    if let Some(address) = ipv4(&plain) {
        return Some(address.to_string());
    }
    if !plain.is_ascii()
        && let Ok(text) = std::str::from_utf8(&plain)
        && let Ok(ascii) = idna::domain_to_ascii(text)
    {
        return Some(ascii);
    }
    plain.make_ascii_lowercase();
    Some(escape(&plain))
}

/// One to four numbers, decimal, octal or hexadecimal; the last fills what is left, the others are taken modulo 256.
fn ipv4(host: &[u8]) -> Option<Ipv4Addr> {
    let text = std::str::from_utf8(host).ok()?;
    let count = text.split('.').count();
    if count > 4 {
        return None;
    }
    let mut address = 0u32;
    for (index, part) in text.split('.').enumerate() {
        let number = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
            Some(hex) => u64::from_str_radix(digits(hex)?, 16),
            None if part.len() > 1 && part.starts_with('0') => u64::from_str_radix(digits(part)?, 8),
            None => digits(part)?.parse(),
        };
        let number = number.ok()?;
        let bytes = if index + 1 == count { 5 - count } else { 1 };
        let mask = u32::MAX >> (32 - 8 * bytes);
        address = address.checked_shl(8 * bytes as u32).unwrap_or(0) | (number as u32 & mask);
    }
    Some(Ipv4Addr::from_bits(address))
}

/// The text, unless it is empty or signed.
fn digits(text: &str) -> Option<&str> {
    if text.is_empty() || text.starts_with(['+', '-']) { None } else { Some(text) }
}

/// Runs of slashes as one, `.` and `..` resolved; begins with a slash.
fn canonical_path(path: &[u8]) -> Vec<u8> {
    let mut segments: Vec<&[u8]> = Vec::new();
    let mut directory = true;
    for segment in path.split(|&byte| byte == b'/') {
        directory = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let mut out = Vec::with_capacity(path.len() + 1);
    for segment in &segments {
        out.push(b'/');
        out.extend_from_slice(segment);
    }
    if directory || segments.is_empty() {
        out.push(b'/');
    }
    out
}

/// The root and the first directories of a path, shortest first, each with its final slash; how many there are.
fn path_prefixes<'a>(path: &'a str, into: &mut [&'a str; MAX_PREFIXES]) -> usize {
    let mut count = 0;
    let ends = path.bytes().enumerate().filter(|&(_, byte)| byte == b'/').map(|(at, _)| at + 1);
    for (slot, end) in into.iter_mut().zip(ends.filter(|&end| end < path.len())) {
        *slot = path.get(..end).unwrap_or(path);
        count += 1;
    }
    count
}

/// The last `count` labels of a host, or all of it.
fn last_labels(host: &str, count: usize) -> &str {
    let start = host.rmatch_indices('.').nth(count - 1).map_or(0, |(at, _)| at + 1);
    host.get(start..).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(url: &str) -> Option<String> {
        parts(url).map(|(scheme, host, rest)| format!("{scheme}://{host}{rest}"))
    }

    fn expressions(url: &str) -> Vec<String> {
        let expression = expression(url).unwrap();
        let (host, _) = split_host(&expression);
        let shortest = last_labels(host, 2);
        let mut all = Vec::new();
        for_each_expression(&expression, shortest, &mut |text| all.push(text.to_owned()));
        all
    }

    #[test]
    fn what_is_plain_is_its_own_expression() {
        const PIECES: [&str; 24] = [
            "a", "b.com", ".", "..", "/", "//", "/.", "?", "#", "%41", "%", ":", "8080", "@", "1.2.3.4", "0x7f", "-",
            "_", "A", "é", " ", "~", "+", "\\",
        ];
        let mut state = 5u64;
        let mut plain = 0;
        for _ in 0..60_000 {
            let mut url = String::from(if state >> 63 == 0 { "https://" } else { "http://h.com/" });
            for _ in 0..=state >> 61 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                url.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
            }
            if let Some(found) = plain_expression(&url) {
                plain += 1;
                assert_eq!(expression(&url).as_deref(), Some(found), "{url}");
            }
        }
        assert!(plain > 2_000, "{plain}");
        assert_eq!(plain_expression("https://a.evil.com/x/y?z=//.."), Some("a.evil.com/x/y?z=//.."));
    }

    #[test]
    fn the_published_vectors_hold() {
        let vectors = include_str!("../../tests/vectors/url/gsb_canonicalisation.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        for case in vectors["canonicalise"].as_array().unwrap() {
            let input = case["input"].as_str().unwrap();
            assert_eq!(canonical(input).as_deref(), case["expected"].as_str(), "{input}");
        }
        for case in vectors["ipv4_host"].as_array().unwrap() {
            let input = case["input"].as_str().unwrap();
            let address = ipv4(input.as_bytes()).map(|address| address.to_string());
            assert_eq!(address.as_deref(), case["expected"].as_str(), "{input}");
        }
        for case in vectors["no_host_must_fail"].as_array().unwrap() {
            assert_eq!(canonical(case.as_str().unwrap()), None, "{case}");
        }
        for case in vectors["suffix_prefix_expressions"].as_array().unwrap() {
            let url = case["url"].as_str().unwrap();
            let mut expected: Vec<_> =
                case["expected_set"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
            let mut found = expressions(url);
            assert_eq!(Some(&found[0]), expression(url).as_ref());
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn expressions_come_most_specific_first_and_once() {
        assert_eq!(
            expressions("http://a.b.c/1/2.html?param=1"),
            [
                "a.b.c/1/2.html?param=1",
                "a.b.c/1/2.html",
                "a.b.c/1/",
                "a.b.c/",
                "b.c/1/2.html?param=1",
                "b.c/1/2.html",
                "b.c/1/",
                "b.c/",
            ]
        );
        assert_eq!(expressions("http://b.c/"), ["b.c/"]);
        assert_eq!(expressions("http://b.c/?q"), ["b.c/?q", "b.c/"]);
        assert_eq!(expressions("http://b.c/?"), ["b.c/"]);
    }

    #[test]
    fn unescaping_is_complete_and_stable() {
        assert_eq!(unescape(b"%%341"), b"A");
        assert_eq!(unescape(b"%2%35"), b"%");
        assert_eq!(unescape(&b"%25".repeat(4)), b"%%%%");
        for text in ["http://h/%252541%", "http://h/a%3Fb/../c", "http://h/..%3Fx/b", "http://h/%2e%2e/%2F/x"] {
            let once = canonical(text).unwrap();
            assert_eq!(canonical(&once), Some(once.clone()), "{text}");
        }
    }

    /// As published in "URLs and Hashing", and cases between its rules.
    #[test]
    fn escapes_hosts_and_paths() {
        for (url, expected) in [
            ("http://host/%25%32%35", "http://host/%25"),
            ("http://host/%25%32%35%25%32%35", "http://host/%25%25"),
            ("http://host/%%%25%32%35asd%%", "http://host/%25%25%25asd%25%25"),
            ("http://%31%36%38%2e%31%38%38%2e%39%39%2e%32%36/%2E%73/", "http://168.188.99.26/.s/"),
            ("http://3279880203/blah", "http://195.127.0.11/blah"),
            ("http://host.com/blah/..", "http://host.com/"),
            ("www.host.com", "http://www.host.com/"),
            ("http://host.com/blah#frag", "http://host.com/blah"),
            ("http://host.com.../", "http://host.com/"),
            ("http://..host..com/", "http://host.com/"),
            ("http://host.com/foo\tbar\rbaz\n2", "http://host.com/foobarbaz2"),
            ("http://host.com/q?r?s", "http://host.com/q?r?s"),
            ("http://host.com?q", "http://host.com/?q"),
            ("http://host.com:1234/", "http://host.com/"),
            ("http://host.com:/", "http://host.com/"),
            ("http://host.com:12a/", "http://host.com:12a/"),
            ("http:// leadingspace.com/", "http://%20leadingspace.com/"),
            ("http://host.com/ab%23cd", "http://host.com/ab%23cd"),
            ("HTTPS://a:b@c@HOST.com/A", "https://host.com/A"),
            ("1a://host.com/", "http://1a/host.com/"),
            ("a+b-c.d://host.com/", "a+b-c.d://host.com/"),
            ("a_b://host.com/", "http://a_b/host.com/"),
            ("http://host.com/a/./b/../c//d/.", "http://host.com/a/c/d/"),
            ("http://host.com/../../a", "http://host.com/a"),
            ("http://host.com/a/..b/...", "http://host.com/a/..b/..."),
            ("http://host.com/%7e%7F%80%20%21%1f%00", "http://host.com/~%7F%80%20!%1F%00"),
            ("http://host.com/%4a%4A%6f%6F%g1%1g", "http://host.com/JJoo%25g1%251g"),
            ("http://host.com/%@0%0@%`0%0`%:0%0:%/0", "http://host.com/%25@0%250@%25`0%250`%25:0%250:%25/0"),
            ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        ] {
            assert_eq!(canonical(url).as_deref(), Some(expected), "{url}");
        }
        for url in ["", ":", "#ref", "?query#ref", "http:///blah#ref", "http://?query#ref", "http://.../"] {
            assert_eq!(canonical(url), None, "{url}");
        }
    }

    #[test]
    fn numbers_that_are_addresses() {
        for (host, expected) in [
            ("255.0.0.1", Some([255, 0, 0, 1])),
            ("276.2.3", Some([20, 2, 0, 3])),
            ("012.034.01.055", Some([10, 28, 1, 45])),
            ("167838211", Some([10, 1, 2, 3])),
            ("1.65535", Some([1, 0, 255, 255])),
            ("1.16777216", Some([1, 0, 0, 0])),
            ("1.2.65536", Some([1, 2, 0, 0])),
            ("4294967296", Some([0, 0, 0, 0])),
            ("0x7f.1", Some([127, 0, 0, 1])),
            ("0X7F.0x0.0.01", Some([127, 0, 0, 1])),
            ("0", Some([0, 0, 0, 0])),
            ("123.123.0.0.1", None),
            ("1.2.3.00x0", None),
            ("1.2.3.08", None),
            ("1.2.3.0x", None),
            ("1.2.3.+1", None),
            ("0x+1", None),
            ("0+7", None),
            ("1.2.3.a", None),
            ("1..2", None),
            ("", None),
        ] {
            assert_eq!(ipv4(host.as_bytes()), expected.map(Ipv4Addr::from), "{host}");
        }
    }

    #[test]
    fn four_suffixes_of_five_labels_and_four_prefixes() {
        assert_eq!(
            expressions("http://a.b.c.d.e.f.g/1.html"),
            [
                "a.b.c.d.e.f.g/1.html",
                "a.b.c.d.e.f.g/",
                "c.d.e.f.g/1.html",
                "c.d.e.f.g/",
                "d.e.f.g/1.html",
                "d.e.f.g/",
                "e.f.g/1.html",
                "e.f.g/",
                "f.g/1.html",
                "f.g/",
            ]
        );
        assert_eq!(
            expressions("http://a.b.c/1/2/3/4/5/"),
            [
                "a.b.c/1/2/3/4/5/",
                "a.b.c/1/2/3/",
                "a.b.c/1/2/",
                "a.b.c/1/",
                "a.b.c/",
                "b.c/1/2/3/4/5/",
                "b.c/1/2/3/",
                "b.c/1/2/",
                "b.c/1/",
                "b.c/",
            ]
        );
        assert_eq!(
            expressions("http://a.b.c.d.e/1"),
            ["a.b.c.d.e/1", "a.b.c.d.e/", "b.c.d.e/1", "b.c.d.e/", "c.d.e/1", "c.d.e/", "d.e/1", "d.e/"]
        );
        let mut all = Vec::new();
        for_each_expression("a.b.c.d.e.f.g/", "", &mut |text| all.push(text.to_owned()));
        assert_eq!(all, ["a.b.c.d.e.f.g/"], "an address has no suffixes");
        all.clear();
        for_each_expression("a.b.c.d/", "b.c.d", &mut |text| all.push(text.to_owned()));
        assert_eq!(all, ["a.b.c.d/", "b.c.d/"]);
        all.clear();
        for_each_expression("a.b.c.d.e.f.g.h/", "h", &mut |text| all.push(text.to_owned()));
        assert_eq!(all, ["a.b.c.d.e.f.g.h/", "d.e.f.g.h/", "e.f.g.h/", "f.g.h/", "g.h/"], "four at most");
    }

    #[test]
    fn plain_is_what_nothing_would_change() {
        for (url, plain) in [
            ("https://a.b/", Some("a.b/")),
            ("http://a.b/c?d", Some("a.b/c?d")),
            ("http://a-1_.b9/c", Some("a-1_.b9/c")),
            ("http://a.b/~!?d?/../", Some("a.b/~!?d?/../")),
            ("ftp://a.b/", None),
            ("http://a.b", None),
            ("http://a/", None),
            ("http://a.9/", None),
            ("http://.a.b/", None),
            ("http://a..b/", None),
            ("http://A.b/", None),
            ("http://a.b:80/", None),
            ("http://a.b/c?", None),
            ("http://a.b//c", None),
            ("http://a.b/.c", None),
            ("http://a.b/c%", None),
            ("http://a.b/c#", None),
            ("http://a.b/c d", None),
            ("http://a.b/c\u{7F}", None),
        ] {
            assert_eq!(plain_expression(url), plain, "{url}");
        }
    }
}
