//! IP addresses and networks: dotted IPv4, RFC 5952 IPv6, masked CIDR (`docs/canonical.md` §7).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, text};

/// The longest address or network in text, with brackets.
const MAX_TEXT: usize = 64;

pub(super) fn canonical(text: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let text = text::nfkc(text);
    let text = text::refang(&text);
    trace.note("NFKC and refang", || text.clone().into_owned());
    if text.len() > MAX_TEXT {
        return Err(ErrorKind::TooLong.into());
    }
    Ok(Network::parse(&text)?.to_string())
}

/// Whether the text is its own canonical form: an IPv4 address. It has one text in the standard library's parser.
pub(super) fn is_canonical(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

/// An address, or a network with its host bits zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `address` or `address/prefix`; an address may stand in square brackets.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        if address.contains('%') {
            return Err(Error::new(ErrorKind::InvalidSyntax, "zone ids name an interface of one host"));
        }
        let address = match address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => IpAddr::V6(inner.parse().map_err(|_| not_an_address())?),
            // The parser of the standard library refuses leading zeros, octal and hexadecimal parts.
            None => address.parse().map_err(|_| not_an_address())?,
        };
        let longest = width(address);
        let prefix = match prefix {
            None => longest,
            Some(digits) => read_prefix(digits)
                .filter(|&prefix| prefix <= longest)
                .ok_or_else(|| Error::new(ErrorKind::InvalidSyntax, "not a prefix length"))?,
        };
        let network = Self { address, prefix }.unmapped();
        Ok(network.masked(network.prefix))
    }

    /// The network with the first `prefix` bits of this one; its own if it is the shorter.
    pub(crate) fn masked(self, prefix: u8) -> Self {
        let prefix = prefix.min(self.prefix);
        let address = match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        };
        Self { address, prefix }
    }

    pub(crate) const fn address(self) -> IpAddr {
        self.address
    }

    pub(crate) const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `other` lies wholly inside.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.address.is_ipv4() == other.address.is_ipv4()
            && other.prefix >= self.prefix
            && other.masked(self.prefix).address == self.address
    }

    /// IPv4 where the address is IPv4-mapped and the prefix reaches into the IPv4 part.
    fn unmapped(self) -> Self {
        match self.address {
            IpAddr::V6(address) if self.prefix >= 96 => match address.to_ipv4_mapped() {
                Some(v4) => Self { address: IpAddr::V4(v4), prefix: self.prefix - 96 },
                None => self,
            },
            _ => self,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if self.prefix < width(self.address) { write!(f, "/{}", self.prefix) } else { Ok(()) }
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// One to three decimal digits without a leading zero.
fn read_prefix(digits: &str) -> Option<u8> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
}

const fn not_an_address() -> Error {
    Error::new(ErrorKind::InvalidSyntax, "not an IPv4 or IPv6 address in its plain form")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> std::result::Result<String, ErrorKind> {
        canonical(text, &ParseOptions::default(), &mut Trace::off()).map_err(|error| error.kind())
    }

    #[test]
    fn addresses_and_networks_have_one_form() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192[.]0[.]2[.]1", "192.0.2.1"),
            ("１９２.0.2.1", "192.0.2.1"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("10.1.2.3/32", "10.1.2.3"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("2001:db8::1/128", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
            ("::/0", "::/0"),
            ("1::1:0:0:0:1:0", "1:0:1::1:0"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn doubtful_addresses_are_refused() {
        for text in [
            "010.1.2.3",
            "0x7f.1",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "1.2.3.4:80",
            "1.2.3.4/33",
            "1.2.3.4/08",
            "1.2.3.4/255.0.0.0",
            "fe80::1%eth0",
            "2001:db8::/129",
            "[1.2.3.4]",
            "1.2.3.4/",
            "::1::2",
        ] {
            assert_eq!(parse(text), Err(ErrorKind::InvalidSyntax), "{text}");
        }
    }

    #[test]
    fn a_network_contains_what_lies_in_it() {
        let network = |text| Network::parse(text).unwrap();
        assert!(network("10.0.0.0/8").contains(network("10.200.0.0/16")));
        assert!(!network("10.0.0.0/8").contains(network("8.0.0.0/6")));
        assert!(!network("::/0").contains(network("10.0.0.1")));
    }

    #[test]
    fn every_prefix_clears_the_bits_behind_it() {
        let ones = [IpAddr::from([255; 4]), IpAddr::from([255; 16])];
        for (address, width) in ones.into_iter().zip([32_u8, 128]) {
            for prefix in 0..=width {
                let network = Network::parse(&format!("{address}/{prefix}")).unwrap();
                assert_eq!(network.prefix(), prefix);
                let bits = match network.address() {
                    IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
                    IpAddr::V6(address) => address.to_bits(),
                };
                assert_eq!(bits.leading_ones(), u32::from(prefix));
                assert_eq!(bits.count_ones(), u32::from(prefix));
                let text = network.to_string();
                assert_eq!(text.contains('/'), prefix < width, "{text}");
                assert_eq!(Network::parse(&text).unwrap(), network);
            }
        }
    }

    #[test]
    fn bounds_of_text_prefixes_and_mapped_addresses() {
        for (text, expected) in [
            ("::ffff:0:0/96", Ok("0.0.0.0/0")),
            ("::ffff:0:0/95", Ok("::fffe:0:0/95")),
            ("::ffff:c000:201/127", Ok("192.0.2.0/31")),
            ("::fffe:192.0.2.1", Ok("::fffe:c000:201")),
            ("::192.0.2.1", Ok("::c000:201")),
            ("[::ffff:192.0.2.1]", Ok("192.0.2.1")),
            ("192.0.2.1/00", Err(ErrorKind::InvalidSyntax)),
            ("192.0.2.1/+8", Err(ErrorKind::InvalidSyntax)),
            ("192.0.2.1/256", Err(ErrorKind::InvalidSyntax)),
            ("[2001:db8::1", Err(ErrorKind::InvalidSyntax)),
            ("2001:db8::1]", Err(ErrorKind::InvalidSyntax)),
            ("fe80::%1", Err(ErrorKind::InvalidSyntax)),
        ] {
            assert_eq!(parse(text).as_deref().map_err(|kind| *kind), expected, "{text}");
        }
        assert_eq!(parse(&"1".repeat(64)), Err(ErrorKind::InvalidSyntax));
        assert_eq!(parse(&"1".repeat(65)), Err(ErrorKind::TooLong));
        for (text, seen) in
            [("0.0.0.0", true), ("255.255.255.255", true), ("1.2.3.4/8", false), ("01.2.3.4", false), ("::1", false)]
        {
            assert_eq!(is_canonical(text), seen, "{text}");
        }
    }

    #[test]
    fn a_network_holds_itself_and_none_around_it() {
        let network = |text| Network::parse(text).unwrap();
        for (outer, inner, holds) in [
            ("10.0.0.0/16", "10.0.0.0/16", true),
            ("10.0.0.0/16", "10.0.0.0/8", false),
            ("10.0.0.0/16", "10.0.0.0/17", true),
            ("10.0.0.0/16", "10.1.0.0/16", false),
            ("10.0.0.0/16", "10.0.255.255", true),
            ("0.0.0.0/0", "::/0", false),
            ("::/0", "2001:db8::/32", true),
        ] {
            assert_eq!(network(outer).contains(network(inner)), holds, "{outer} {inner}");
        }
        assert_eq!(network("10.0.0.0/8").masked(16), network("10.0.0.0/8"));
    }
}
