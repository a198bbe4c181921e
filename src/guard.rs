//! The guard list: what must be neither published nor acted upon, because it would hurt bystanders.
//!
//! It is asked about the identifier at publication, and about the looked-up value and the expression that matched
//! at matching. `docs/canonical.md` §10.

// floor 1
mod lists;

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::identifier::{Identifier, Kind, Network, is_public_suffix, split_host, wallet};

/// The widest IPv4 network that may be listed.
const WIDEST_V4: u8 = 8;
/// The widest IPv6 network that may be listed.
const WIDEST_V6: u8 = 16;

/// Why the guard refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum GuardReason {
    /// A public suffix: everything registered under it would match.
    PublicSuffix,
    /// An emergency number or a public line against scams.
    EmergencyNumber,
    /// A government's or intergovernmental zone.
    Government,
    /// A service that everybody uses.
    Infrastructure,
    /// An address range without public hosts.
    ReservedAddress,
    /// A network wider than /8 (IPv4) or /16 (IPv6).
    WideNetwork,
    /// A wallet address that nobody owns.
    BurnAddress,
    /// The hash of the empty file.
    EmptyFile,
    /// The caller's own entry.
    Caller,
}

impl GuardReason {
    /// The name in rejects files and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PublicSuffix => "public-suffix",
            Self::EmergencyNumber => "emergency-number",
            Self::Government => "government",
            Self::Infrastructure => "infrastructure",
            Self::ReservedAddress => "reserved-address",
            Self::WideNetwork => "wide-network",
            Self::BurnAddress => "burn-address",
            Self::EmptyFile => "empty-file",
            Self::Caller => "caller",
        }
    }
}

/// The built-in list with the caller's own entries.
///
/// ```
/// use bisik::{Guard, GuardReason, Identifier, Kind, ParseOptions};
///
/// let options = ParseOptions::default();
/// let mut guard = Guard::default();
/// let government = Identifier::parse(Kind::Domain, "police.gov.sg", &options)?;
/// assert_eq!(guard.refuses(&government), Some(GuardReason::Government));
///
/// guard.extend([Identifier::parse(Kind::Domain, "bank.example", &options)?]);
/// let own = Identifier::parse(Kind::Url, "https://login.bank.example/x", &options)?;
/// assert_eq!(guard.refuses(&own), Some(GuardReason::Caller));
/// # Ok::<(), bisik::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Guard {
    /// By kind and match key.
    keys: HashSet<(Kind, String)>,
    networks: Vec<Network>,
}

impl Guard {
    /// Why this identifier may not be listed or acted upon, if so.
    #[must_use]
    pub fn refuses(&self, identifier: &Identifier) -> Option<GuardReason> {
        self.refuses_key(identifier.kind(), &identifier.match_key())
    }

    /// The same for a kind and match key, as [`Identifier::for_each_expression`] gives them.
    #[must_use]
    pub fn refuses_key(&self, kind: Kind, key: &str) -> Option<GuardReason> {
        if !self.keys.is_empty() && self.keys.contains(&(kind, key.to_owned())) {
            return Some(GuardReason::Caller);
        }
        match kind {
            Kind::Domain => public_name(key).or_else(|| self.host(key)),
            Kind::Url => self.url(key),
            Kind::Email | Kind::Mailbox => key.rsplit_once('@').and_then(|(_, host)| self.host(host)),
            Kind::Ip => self.network(Network::parse(key).ok()?),
            Kind::Phone => telephone(key),
            // A short code has its country before it.
            Kind::SenderId => {
                let code = key.split_once(':').map_or(key, |(_, code)| code);
                lists::SHORT_NUMBERS.contains(&code).then_some(GuardReason::EmergencyNumber)
            }
            Kind::Wallet if wallet::BURN_ADDRESSES.contains(&key) => Some(GuardReason::BurnAddress),
            Kind::Wallet if wallet::TOKEN_CONTRACTS.contains(&key) => Some(GuardReason::Infrastructure),
            Kind::Hash if lists::EMPTY_FILES.contains(&key) => Some(GuardReason::EmptyFile),
            _ => None,
        }
    }

    /// The same for a raw value that has no canonical form: emergency numbers are not valid telephone numbers.
    ///
    /// Ask this after [`Identifier::parse`] failed, so that `999` is told apart from a typing error.
    #[must_use]
    pub fn refuses_raw(&self, kind: Kind, raw: &str) -> Option<GuardReason> {
        if kind != Kind::Phone || raw.len() > 64 || raw.chars().any(char::is_alphabetic) {
            return None;
        }
        let digits: String = raw
            .chars()
            .filter_map(|c| if ('０'..='９').contains(&c) { char::from_u32(c as u32 - 0xFEE0) } else { Some(c) })
            .filter(char::is_ascii_digit)
            .collect();
        telephone(&digits)
    }

    /// A host anywhere in a domain, URL or e-mail address: zones that are guarded with all that is under them.
    fn host(&self, host: &str) -> Option<GuardReason> {
        if is_government(host) {
            return Some(GuardReason::Government);
        }
        if self.keys.is_empty() {
            return None;
        }
        suffixes(host).any(|name| self.keys.contains(&(Kind::Domain, name.to_owned()))).then_some(GuardReason::Caller)
    }

    /// A URL is refused for its host; for a shared host only at its root.
    fn url(&self, key: &str) -> Option<GuardReason> {
        let (host, rest) = split_host(key);
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(network) = Network::parse(address) {
            return self.network(network);
        }
        if host == "localhost" || host.ends_with(".localhost") {
            return Some(GuardReason::ReservedAddress);
        }
        let root = if rest == "/" { public_name(host) } else { None };
        root.or_else(|| self.host(host))
    }

    fn network(&self, network: Network) -> Option<GuardReason> {
        static RESERVED: LazyLock<Vec<Network>> = LazyLock::new(|| networks(lists::RESERVED_NETWORKS));
        static RESOLVERS: LazyLock<Vec<Network>> = LazyLock::new(|| networks(lists::RESOLVERS));
        let overlaps = |other: &Network| other.contains(network) || network.contains(*other);
        let widest = if network.address().is_ipv4() { WIDEST_V4 } else { WIDEST_V6 };
        if network.prefix() < widest {
            Some(GuardReason::WideNetwork)
        } else if RESERVED.iter().any(overlaps) {
            Some(GuardReason::ReservedAddress)
        } else if RESOLVERS.contains(&network) {
            Some(GuardReason::Infrastructure)
        } else {
            self.networks.iter().any(overlaps).then_some(GuardReason::Caller)
        }
    }
}

impl Extend<Identifier> for Guard {
    /// Adds the caller's entries. A domain covers its sub-domains and the URLs and e-mail addresses at them; a
    /// network covers its addresses.
    fn extend<T: IntoIterator<Item = Identifier>>(&mut self, entries: T) {
        for entry in entries {
            if entry.kind() == Kind::Ip {
                self.networks.extend(Network::parse(entry.canonical()));
            }
            self.keys.insert((entry.kind(), entry.match_key().into_owned()));
        }
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Guard({} entries of the caller)", self.keys.len())
    }
}

/// A name that stands for many: a public suffix, or a service's own host.
fn public_name(host: &str) -> Option<GuardReason> {
    if is_government(host) {
        Some(GuardReason::Government)
    } else if lists::INFRASTRUCTURE.contains(&host.strip_prefix("www.").unwrap_or(host)) {
        Some(GuardReason::Infrastructure)
    } else if is_public_suffix(host) {
        Some(GuardReason::PublicSuffix)
    } else {
        None
    }
}

fn is_government(host: &str) -> bool {
    if suffixes(host).any(|name| lists::GOVERNMENT.contains(&name)) {
        return true;
    }
    // The last two labels: gov.xx under a country's domain, if the registry keeps it.
    let start = host.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
    let zone = host.get(start..).unwrap_or(host);
    zone.split_once('.').is_some_and(|(label, country)| {
        country.len() == 2 && lists::GOVERNMENT_LABELS.contains(&label) && is_public_suffix(zone)
    })
}

/// The host, then each parent down to the last label.
fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, parent)| parent))
}

/// No short number has more digits; most telephone numbers are told apart by their length alone.
const LONGEST_SHORT_NUMBER: usize = 5;

/// Digits, or `+` and digits: a short number by itself or after an ASEAN country code, or a hotline.
fn telephone(number: &str) -> Option<GuardReason> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    let is_short = |digits: &str| digits.len() <= LONGEST_SHORT_NUMBER && lists::SHORT_NUMBERS.contains(&digits);
    let guarded = is_short(digits)
        || lists::ASEAN_COUNTRY_CODES.iter().any(|code| digits.strip_prefix(code).is_some_and(is_short))
        || lists::HOTLINES.iter().any(|hotline| hotline.strip_prefix('+') == Some(digits));
    guarded.then_some(GuardReason::EmergencyNumber)
}

fn networks(texts: &[&str]) -> Vec<Network> {
    texts.iter().filter_map(|text| Network::parse(text).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::ParseOptions;

    fn reason(kind: Kind, raw: &str) -> Option<GuardReason> {
        Guard::default().refuses(&Identifier::parse(kind, raw, &ParseOptions::default()).unwrap())
    }

    #[test]
    fn the_longest_short_number_has_the_stated_length() {
        let longest = lists::SHORT_NUMBERS.iter().map(|number| number.len()).max();
        assert_eq!(longest, Some(LONGEST_SHORT_NUMBER));
    }

    #[test]
    fn names_that_stand_for_many_are_refused() {
        for (raw, expected) in [
            ("com", Some(GuardReason::PublicSuffix)),
            ("github.io", Some(GuardReason::PublicSuffix)),
            ("co.id", Some(GuardReason::PublicSuffix)),
            ("gov.sg", Some(GuardReason::Government)),
            ("police.gov.sg", Some(GuardReason::Government)),
            ("polri.go.id", Some(GuardReason::Government)),
            ("x.gov.kh", Some(GuardReason::Government)),
            ("service.gov.uk", Some(GuardReason::Government)),
            ("go.ro", None),
            ("whatsapp.com", Some(GuardReason::Infrastructure)),
            ("www.whatsapp.com", Some(GuardReason::Infrastructure)),
            ("bad.github.io", None),
            ("evil-gov.sg.com", None),
            ("evil.com", None),
        ] {
            assert_eq!(reason(Kind::Domain, raw), expected, "{raw}");
        }
    }

    #[test]
    fn urls_at_shared_hosts_are_refused_at_their_root_only() {
        for (raw, expected) in [
            ("https://bit.ly/", Some(GuardReason::Infrastructure)),
            ("https://bit.ly/3abc", None),
            ("https://t.me/?x", None),
            ("https://s3.amazonaws.com/bucket/a.exe", None),
            ("https://www.gov.sg/a", Some(GuardReason::Government)),
            ("http://192.168.1.1/admin", Some(GuardReason::ReservedAddress)),
            ("http://[::1]/", Some(GuardReason::ReservedAddress)),
            ("http://localhost/", Some(GuardReason::ReservedAddress)),
            ("http://evil.com/", None),
        ] {
            assert_eq!(reason(Kind::Url, raw), expected, "{raw}");
        }
        assert_eq!(reason(Kind::Email, "a@police.gov.sg"), Some(GuardReason::Government));
        assert_eq!(reason(Kind::Email, "a@gmail.com"), None);
    }

    #[test]
    fn reserved_and_wide_networks_are_refused() {
        for (raw, expected) in [
            ("0.0.0.0/0", Some(GuardReason::WideNetwork)),
            ("8.0.0.0/7", Some(GuardReason::WideNetwork)),
            ("2000::/3", Some(GuardReason::WideNetwork)),
            ("127.0.0.1", Some(GuardReason::ReservedAddress)),
            ("172.0.0.0/8", Some(GuardReason::ReservedAddress)),
            ("fe80::1", Some(GuardReason::ReservedAddress)),
            ("8.8.8.8", Some(GuardReason::Infrastructure)),
            ("45.0.0.0/8", None),
            ("203.0.113.9", None),
        ] {
            assert_eq!(reason(Kind::Ip, raw), expected, "{raw}");
        }
    }

    #[test]
    fn emergency_numbers_are_known_though_they_do_not_parse() {
        let guard = Guard::default();
        for raw in ["999", " 995 ", "+65 999", "1441", "９９７", "(112)"] {
            assert_eq!(guard.refuses_raw(Kind::Phone, raw), Some(GuardReason::EmergencyNumber), "{raw}");
        }
        for raw in ["9123", "999x", "call 999", ""] {
            assert_eq!(guard.refuses_raw(Kind::Phone, raw), None, "{raw}");
        }
        assert_eq!(guard.refuses_raw(Kind::Domain, "999"), None);
        assert_eq!(reason(Kind::Phone, "+65 1800 255 0000"), Some(GuardReason::EmergencyNumber));
        assert_eq!(reason(Kind::Phone, "+6591234567"), None);
    }

    #[test]
    fn the_callers_entries_cover_what_is_under_them() {
        let parse = |kind, raw| Identifier::parse(kind, raw, &ParseOptions::default()).unwrap();
        let mut guard = Guard::default();
        guard.extend([
            parse(Kind::Domain, "bank.example"),
            parse(Kind::Ip, "198.51.100.0/24"),
            parse(Kind::Phone, "+6561234567"),
        ]);
        for (kind, raw) in [
            (Kind::Domain, "bank.example"),
            (Kind::Domain, "www.bank.example"),
            (Kind::Url, "https://m.bank.example/login?x"),
            (Kind::Email, "help@bank.example"),
            (Kind::Ip, "198.51.100.7"),
            (Kind::Ip, "198.51.0.0/16"),
            (Kind::Phone, "+65 6123 4567"),
        ] {
            assert_eq!(guard.refuses(&parse(kind, raw)), Some(GuardReason::Caller), "{raw}");
        }
        assert_eq!(guard.refuses(&parse(Kind::Domain, "notbank.example")), None);
        assert!(!format!("{guard:?}").contains("bank"));
    }

    #[test]
    fn addresses_of_nobody_and_of_everybody_are_refused() {
        for (kind, raw, expected) in [
            (Kind::Wallet, "0x0000000000000000000000000000000000000000", GuardReason::BurnAddress),
            (Kind::Wallet, "0xdAC17F958D2ee523a2206206994597C13D831ec7", GuardReason::Infrastructure),
            (Kind::Hash, "d41d8cd98f00b204e9800998ecf8427e", GuardReason::EmptyFile),
        ] {
            assert_eq!(reason(kind, raw), Some(expected), "{raw}");
        }
    }

    #[test]
    fn every_listed_network_can_be_read() {
        assert_eq!(networks(lists::RESERVED_NETWORKS).len(), lists::RESERVED_NETWORKS.len());
        assert_eq!(networks(lists::RESOLVERS).len(), lists::RESOLVERS.len());
    }
}
