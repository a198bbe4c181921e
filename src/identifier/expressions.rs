//! Under what a looked-up identifier may also be listed (`docs/canonical.md` §8).

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::identifier::ip::Network;
use crate::identifier::kind::Kind;
use crate::identifier::labels::{Glance, Name};
use crate::identifier::{Identifier, MAX_RAW_LENGTH, expand, forms, handle, links, mailbox, safe_browsing};

/// How the expression that hit stands to the identifier that was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Matched {
    /// The identifier itself.
    Exact,
    /// Something else that the identifier stands for; see [`Identifier::linked`].
    Linked,
    /// A listed domain above the domain.
    ParentDomain,
    /// A listed URL that covers the URL: Safe Browsing's host suffixes and path prefixes.
    UrlPrefix,
    /// The URL's host, or a domain or network above it.
    UrlHost,
    /// The domain of the e-mail address, or one above it.
    EmailDomain,
    /// A listed network that holds the address.
    Network,
}

impl Matched {
    /// All of them, in the order of declaration.
    pub const ALL: &'static [Self] = &[
        Self::Exact,
        Self::Linked,
        Self::ParentDomain,
        Self::UrlPrefix,
        Self::UrlHost,
        Self::EmailDomain,
        Self::Network,
    ];

    /// The name in hits: `exact`, `linked`, `parent-domain`, `url-prefix`, `url-host`, `email-domain` or `network`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Linked => "linked",
            Self::ParentDomain => "parent-domain",
            Self::UrlPrefix => "url-prefix",
            Self::UrlHost => "url-host",
            Self::EmailDomain => "email-domain",
            Self::Network => "network",
        }
    }
}

/// One kind and match key to look up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Expression<'a> {
    /// The kind that the listed identifier would have.
    pub kind: Kind,
    /// Its match key; see [`Identifier::match_key`].
    pub text: &'a str,
    /// How it stands to the identifier.
    pub matched: Matched,
}

impl std::fmt::Debug for Expression<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expression({}, {}, ..)", self.kind, self.matched.name())
    }
}

impl Identifier {
    /// The text that stands for the identifier in tokens: for a URL its Safe Browsing expression
    /// (`host/path?query`, so that scheme and port do not matter), for every other kind the canonical text.
    #[must_use]
    pub fn match_key(&self) -> Cow<'_, str> {
        match_key(self.kind(), self.canonical())
    }

    /// Calls `each` with everything under which this identifier may be listed, itself first, the most specific
    /// before the less specific.
    ///
    /// Domains never rise above the registrable domain (Public Suffix List with its private section). The number
    /// of calls is bounded: 30 for the paths of a URL, 127 for domains, 121 for networks.
    pub fn for_each_expression(&self, each: &mut dyn FnMut(Expression<'_>)) {
        of_canonical(self.kind(), self.canonical(), each);
    }
}

/// [`Identifier::for_each_expression`], compiled for the caller's own `each`.
#[inline]
pub(crate) fn expressions_of(identifier: &Identifier, each: &mut impl FnMut(Expression<'_>)) {
    of_canonical(identifier.kind(), identifier.canonical(), each);
}

/// Calls `each` with the expressions of a raw value that is canonical as it stands, where a glance tells so, and makes no
/// identifier. `false`: nothing was called, the value must be parsed.
#[inline]
pub(crate) fn expressions_as_is(kind: Kind, raw: &str, each: &mut impl FnMut(Expression<'_>)) -> bool {
    // The one pass that finds the labels tells everything else.
    if kind == Kind::Domain
        && let Glance::Canonical(name) = Name::at_a_glance(raw)
    {
        domains(&name, name.topmost_parent(), Matched::Exact, Matched::ParentDomain, each);
        return true;
    }
    // Nothing is stripped from ASCII but white space at its ends.
    let whole = !raw.is_empty() && raw.len() <= MAX_RAW_LENGTH && raw.is_ascii() && raw.trim().len() == raw.len();
    let canonical = whole && forms::is_canonical(kind, raw);
    if canonical {
        of_canonical(kind, raw, each);
    }
    canonical
}

fn match_key(kind: Kind, canonical: &str) -> Cow<'_, str> {
    match kind {
        Kind::Url => match safe_browsing::plain_expression(canonical) {
            Some(plain) => Cow::Borrowed(plain),
            None => safe_browsing::expression(canonical).map_or(Cow::Borrowed(canonical), Cow::Owned),
        },
        _ => Cow::Borrowed(canonical),
    }
}

#[inline]
fn of_canonical<E: FnMut(Expression<'_>) + ?Sized>(kind: Kind, text: &str, each: &mut E) {
    match kind {
        Kind::Domain => {
            let name = Name::new(text);
            domains(&name, name.topmost_parent(), Matched::Exact, Matched::ParentDomain, each);
        }
        Kind::Url => url(text, &mut |expression| each(expression)),
        Kind::Email => {
            each(Expression { kind, text, matched: Matched::Exact });
            // A local part holds no at sign.
            if let Some((_, host)) = text.split_once('@') {
                if mailbox::has_rules(host) {
                    linked(kind, text, &mut |expression| each(expression));
                }
                let name = Name::new(host);
                domains(&name, name.topmost_parent(), Matched::EmailDomain, Matched::EmailDomain, each);
            }
        }
        Kind::Ip => {
            each(Expression { kind, text, matched: Matched::Exact });
            networks(text, Matched::Network, &mut |expression| each(expression));
        }
        _ => {
            each(Expression { kind, text, matched: Matched::Exact });
            if links::may_lead(kind) {
                linked(kind, text, &mut |expression| each(expression));
            }
        }
    }
}

/// The host and its parents down to the last one, its registrable domain.
#[inline]
fn domains(
    host: &Name<'_>,
    last: Option<&str>,
    mut matched: Matched,
    parent: Matched,
    each: &mut (impl FnMut(Expression<'_>) + ?Sized),
) {
    host.for_each_parent(last, &mut |text: &str| {
        each(Expression { kind: Kind::Domain, text, matched });
        matched = parent;
    });
}

fn linked(kind: Kind, canonical: &str, each: &mut dyn FnMut(Expression<'_>)) {
    for link in expand::linked(kind, canonical) {
        each(Expression { kind: link.kind(), text: &link.match_key(), matched: Matched::Linked });
    }
}

fn url(canonical: &str, each: &mut dyn FnMut(Expression<'_>)) {
    let key = &match_key(Kind::Url, canonical);
    let (host, _) = safe_browsing::split_host(key);
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    // An address ends in a digit or bracket; a name hardly ever.
    let is_ip = host.ends_with(|c: char| c == ']' || c.is_ascii_digit()) && address.parse::<std::net::IpAddr>().is_ok();
    let name = Name::new(host);
    let registrable = if is_ip { None } else { name.topmost_parent() };
    let shortest = registrable.unwrap_or("");
    let mut matched = Matched::Exact;
    safe_browsing::for_each_expression(key, shortest, &mut |text| {
        each(Expression { kind: Kind::Url, text, matched });
        if matched == Matched::Exact && handle::may_lead(canonical) {
            linked(Kind::Url, canonical, each);
        }
        matched = Matched::UrlPrefix;
    });
    if is_ip {
        each(Expression { kind: Kind::Ip, text: address, matched: Matched::UrlHost });
        networks(address, Matched::UrlHost, each);
    } else if host.contains('.') || name.is_public_suffix() {
        domains(&name, registrable, Matched::UrlHost, Matched::UrlHost, each);
    }
}

/// The networks around an address or network, from the next wider one to /8 (IPv4) or /16 (IPv6).
fn networks(text: &str, matched: Matched, each: &mut dyn FnMut(Expression<'_>)) {
    let Ok(network) = Network::parse(text) else { return };
    let widest = if network.address().is_ipv4() { 8 } else { 16 };
    let mut buffer = String::with_capacity(48);
    for prefix in (widest..network.prefix()).rev() {
        buffer.clear();
        if write!(buffer, "{}", network.masked(prefix)).is_ok() {
            each(Expression { kind: Kind::Ip, text: &buffer, matched });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::ParseOptions;

    fn expressions(kind: Kind, raw: &str) -> Vec<String> {
        let identifier = Identifier::parse(kind, raw, &ParseOptions::default()).unwrap();
        let mut all = Vec::new();
        identifier.for_each_expression(&mut |expression| {
            all.push(format!("{} {} {}", expression.kind, expression.text, expression.matched.name()));
        });
        all
    }

    #[test]
    fn a_url_falls_back_to_prefixes_and_hosts() {
        assert_eq!(
            expressions(Kind::Url, "https://user@a.evil.com:8443/x/y?z#f"),
            [
                "url a.evil.com/x/y?z exact",
                "url a.evil.com/x/y url-prefix",
                "url a.evil.com/x/ url-prefix",
                "url a.evil.com/ url-prefix",
                "url evil.com/x/y?z url-prefix",
                "url evil.com/x/y url-prefix",
                "url evil.com/x/ url-prefix",
                "url evil.com/ url-prefix",
                "domain a.evil.com url-host",
                "domain evil.com url-host",
            ]
        );
    }

    #[test]
    fn a_shared_host_is_not_left() {
        assert_eq!(
            expressions(Kind::Url, "http://bad.github.io/"),
            ["url bad.github.io/ exact", "domain bad.github.io url-host"]
        );
        assert_eq!(expressions(Kind::Domain, "github.io"), ["domain github.io exact"]);
    }

    #[test]
    fn email_addresses_and_ip_addresses_fall_back() {
        assert_eq!(
            expressions(Kind::Email, "a.b@gmail.com"),
            ["email a.b@gmail.com exact", "mailbox ab@gmail.com linked", "domain gmail.com email-domain"]
        );
        assert_eq!(
            expressions(Kind::Email, "a@mail.evil.com"),
            ["email a@mail.evil.com exact", "domain mail.evil.com email-domain", "domain evil.com email-domain"]
        );
        assert_eq!(
            expressions(Kind::Url, "https://wa.me/6591234567")[..2],
            ["url wa.me/6591234567 exact", "phone +6591234567 linked"]
        );
        let ip = expressions(Kind::Ip, "198.51.100.7");
        assert_eq!(ip.len(), 25);
        assert_eq!(ip[..2], ["ip 198.51.100.7 exact", "ip 198.51.100.6/31 network"]);
        assert_eq!(ip[24], "ip 198.0.0.0/8 network");
        assert_eq!(expressions(Kind::Ip, "198.51.0.0/16").len(), 9);
        assert_eq!(expressions(Kind::Ip, "2001:db8::1").len(), 113);
        let url = expressions(Kind::Url, "http://198.51.100.7/a");
        assert_eq!(url[..3], ["url 198.51.100.7/a exact", "url 198.51.100.7/ url-prefix", "ip 198.51.100.7 url-host"]);
        let url = expressions(Kind::Url, "http://[2001:db8::1]/");
        assert_eq!(url[..2], ["url [2001:db8::1]/ exact", "ip 2001:db8::1 url-host"]);
    }

    #[test]
    fn scheme_port_and_escapes_do_not_matter_in_the_match_key() {
        let key = |raw| Identifier::parse(Kind::Url, raw, &ParseOptions::default()).unwrap().match_key().into_owned();
        assert_eq!(key("http://evil.com/%61//b?"), "evil.com/a/b");
        assert_eq!(key("https://evil.com:8443/a/b"), "evil.com/a/b");
    }

    #[test]
    fn hosts_that_are_no_names_have_no_parents() {
        for (raw, expected) in [
            ("http://localhost/", &["url localhost/ exact"][..]),
            ("http://com/", &["url com/ exact", "domain com url-host"]),
            (
                "http://a.evil.x1/",
                &[
                    "url a.evil.x1/ exact",
                    "url evil.x1/ url-prefix",
                    "domain a.evil.x1 url-host",
                    "domain evil.x1 url-host",
                ],
            ),
            (
                "https://wa.me/6591234567",
                &[
                    "url wa.me/6591234567 exact",
                    "phone +6591234567 linked",
                    "url wa.me/ url-prefix",
                    "domain wa.me url-host",
                ],
            ),
        ] {
            assert_eq!(expressions(Kind::Url, raw), expected, "{raw}");
        }
        let names = Matched::ALL.iter().map(|matched| matched.name()).collect::<Vec<_>>().join(" ");
        assert_eq!(names, "exact linked parent-domain url-prefix url-host email-domain network");
    }

    #[test]
    fn domains_and_proxies_lead_to_what_is_above_and_behind_them() {
        assert_eq!(
            expressions(Kind::Domain, "a.b.evil.com"),
            ["domain a.b.evil.com exact", "domain b.evil.com parent-domain", "domain evil.com parent-domain"]
        );
        assert_eq!(
            expressions(Kind::Proxy, "paynow:91234567"),
            ["proxy paynow:mobile:+6591234567 exact", "phone +6591234567 linked"]
        );
        assert_eq!(expressions(Kind::Phone, "+6591234567"), ["phone +6591234567 exact"]);
        assert_eq!(expressions(Kind::Email, "a.b@c.example").len(), 2);
        // From /128 to /16, and from /32 to /8; not above.
        for (raw, count, last) in [
            ("2001:db8::1", 113, "ip 2001::/16 network"),
            ("2001::/16", 1, "ip 2001::/16 exact"),
            ("10.0.0.0/8", 1, "ip 10.0.0.0/8 exact"),
            ("10.0.0.0/9", 2, "ip 10.0.0.0/8 network"),
            ("0.0.0.0/0", 1, "ip 0.0.0.0/0 exact"),
        ] {
            let found = expressions(Kind::Ip, raw);
            assert_eq!((found.len(), found.last().map(String::as_str)), (count, Some(last)), "{raw}");
        }
    }

    #[test]
    fn what_is_canonical_as_it_stands_needs_no_parser() {
        let label = "a".repeat(60);
        let long = format!("http://a.example/{}", "a".repeat(MAX_RAW_LENGTH - 17));
        let longer = format!("{long}a");
        for (kind, raw, taken) in [
            (Kind::Domain, "a.evil.example", true),
            (Kind::Domain, "A.evil.example", false),
            (Kind::Domain, &format!("{label}.{label}.example"), true),
            (Kind::Domain, &format!("{label}.{label}.Example"), false),
            (Kind::Domain, "", false),
            (Kind::Ip, "203.0.113.9", true),
            (Kind::Ip, " 203.0.113.9", false),
            (Kind::Ip, "203.0.113.9 ", false),
            (Kind::SenderId, "DBS BANK", true),
            (Kind::SenderId, "DBS\u{200B}", false),
            (Kind::SenderId, "evil.example", false),
            (Kind::Url, &long, true),
            (Kind::Url, &longer, false),
            (Kind::Email, "a@evil.example", true),
        ] {
            let mut found = Vec::new();
            let mut each = |expression: Expression<'_>| {
                found.push((expression.kind, expression.text.to_owned(), expression.matched))
            };
            assert_eq!(expressions_as_is(kind, raw, &mut each), taken, "{kind} {raw}");
            let mut expected = Vec::new();
            if taken {
                let identifier = Identifier::parse(kind, raw, &ParseOptions::default()).unwrap();
                assert_eq!(identifier.canonical(), raw);
                identifier.for_each_expression(&mut |expression| {
                    expected.push((expression.kind, expression.text.to_owned(), expression.matched));
                });
            }
            assert_eq!(found, expected, "{kind} {raw}");
        }
    }
}
