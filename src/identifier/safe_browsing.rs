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
mod tests;
