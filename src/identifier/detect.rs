//! A guess at the kind of a bare value, for people; nothing is matched by it.

use crate::error::ErrorKind;
use crate::identifier::kind::Kind;
use crate::identifier::{Identifier, ParseOptions, domain, text};

/// How sure a guess is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Sureness {
    /// The form or a checksum says so.
    Certain,
    /// Few other things look like it.
    Likely,
    /// Other kinds fit as well.
    Possible,
}

impl Sureness {
    /// The name: `certain`, `likely` or `possible`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

impl Identifier {
    /// The kinds that a bare value may be of, the surest first, else by number; empty if none fits.
    ///
    /// ```
    /// use bisik::{Identifier, Kind, ParseOptions, Sureness};
    ///
    /// let guesses = Identifier::detect("hxxps://evil[.]com/a", &ParseOptions::default());
    /// assert_eq!(guesses, [(Kind::Url, Sureness::Certain)]);
    /// ```
    #[must_use]
    pub fn detect(raw: &str, options: &ParseOptions) -> Vec<(Kind, Sureness)> {
        let mut guesses: Vec<_> =
            Kind::ALL.iter().filter_map(|&kind| Some((kind, guess(kind, raw.trim(), options)?))).collect();
        guesses.sort_by_key(|&(_, sureness)| sureness);
        guesses
    }
}

fn guess(kind: Kind, raw: &str, options: &ParseOptions) -> Option<Sureness> {
    use Sureness::{Certain, Likely, Possible};
    let identifier = match Identifier::parse(kind, raw, options) {
        Ok(identifier) => identifier,
        Err(error) => {
            let national = kind == Kind::Phone && error.kind() == ErrorKind::MissingRegion;
            return (national && (7..=15).contains(&digit_count(raw))).then_some(Possible);
        }
    };
    let canonical = identifier.canonical();
    match kind {
        Kind::Phone if options.region.is_none() || raw.contains('+') => Some(Certain),
        Kind::Phone => Some(Likely),
        Kind::Email | Kind::Ip | Kind::Iban | Kind::Proxy | Kind::Handle => Some(Certain),
        // A file name can look like a host name, so this is never certain.
        Kind::Domain => Some(if has_known_suffix(canonical) { Likely } else { Possible }),
        Kind::Url => url(raw),
        Kind::Account if raw.contains(':') => Some(Certain),
        // A bare address of a chain whose addresses have no checksum, or written without one.
        Kind::Wallet if !canonical.starts_with("sol:") && has_mixed_case(raw) => Some(Certain),
        Kind::Wallet => Some(Likely),
        Kind::Hash => Some(if raw.contains([':', '=']) { Certain } else { Likely }),
        Kind::Iccid => Some(Likely),
        Kind::Registration => Some(if raw.contains(':') { Likely } else { Possible }),
        Kind::SenderId => (raw.len() <= 11 && !raw.contains('.')).then_some(Possible),
        Kind::Account | Kind::Imei | Kind::Imsi => Some(Possible),
        // It is always an e-mail address first.
        Kind::Mailbox => None,
    }
}

/// With a scheme, defanged or not, for certain; without one it needs a path, else it is a domain or an address.
fn url(raw: &str) -> Option<Sureness> {
    if text::refang(raw).contains("://") {
        Some(Sureness::Certain)
    } else if raw.contains('/') {
        Some(Sureness::Likely)
    } else {
        None
    }
}

fn has_known_suffix(host: &str) -> bool {
    let mut name = host;
    while let Some((_, parent)) = name.split_once('.') {
        if domain::is_public_suffix(parent) {
            return true;
        }
        name = parent;
    }
    false
}

fn has_mixed_case(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_lowercase()) && text.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn digit_count(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surest(region: &str, raw: &str) -> Option<(Kind, Sureness)> {
        let region = (!region.is_empty()).then(|| region.to_owned());
        Identifier::detect(raw, &ParseOptions { region, ..ParseOptions::default() }).first().copied()
    }

    #[test]
    fn the_form_tells_the_kind() {
        use Sureness::{Certain, Likely, Possible};
        for (region, raw, expected) in [
            ("", "+65 9123 4567", (Kind::Phone, Certain)),
            ("SG", "9123 4567", (Kind::Phone, Likely)),
            ("", "9123 4567", (Kind::Phone, Possible)),
            ("", "jo.tan@example.com", (Kind::Email, Certain)),
            ("", "evil.com", (Kind::Domain, Likely)),
            ("", "evil.unknowntld", (Kind::Domain, Possible)),
            ("", "hxxp://evil[.]com", (Kind::Url, Certain)),
            ("", "evil.com/a", (Kind::Url, Likely)),
            ("", "192.0.2.1", (Kind::Ip, Certain)),
            ("", "2001:db8::/32", (Kind::Ip, Certain)),
            ("", "DE89 3704 0044 0532 0130 00", (Kind::Iban, Certain)),
            ("", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", (Kind::Wallet, Certain)),
            ("", "SG:DBSSSGSG:0052312891", (Kind::Account, Certain)),
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", (Kind::Hash, Likely)),
        ] {
            assert_eq!(surest(region, raw), Some(expected), "{raw}");
        }
        assert_eq!(surest("", ""), None);
    }

    #[test]
    fn a_profile_link_is_a_url_and_a_handle() {
        let guesses = Identifier::detect("https://t.me/some_one", &ParseOptions::default());
        assert_eq!(guesses, [(Kind::Url, Sureness::Certain), (Kind::Handle, Sureness::Certain)]);
    }

    #[test]
    fn all_guesses_at_a_value() {
        use Sureness::{Certain, Likely, Possible};
        let options = |region: &str, bank: &str, country: &str| {
            let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            ParseOptions {
                region: given(region),
                bank: given(bank),
                country: given(country),
                ..ParseOptions::default()
            }
        };
        for (options, raw, expected) in [
            (options("SG", "", ""), "+65 9123 4567", &[(Kind::Phone, Certain)][..]),
            (options("SG", "", ""), "9123 4567", &[(Kind::Phone, Likely)]),
            // Without a region, a national number has 7 to 15 digits; a sender's short code is no guess.
            (options("", "", ""), "912 345", &[]),
            (options("", "", ""), "912 3456", &[(Kind::Phone, Possible)]),
            (options("", "", ""), "123456789012345", &[(Kind::Phone, Possible)]),
            (options("", "", ""), "9 9123 4567 8901 2345", &[]),
            (options("", "", ""), "49015420323751", &[(Kind::Phone, Possible), (Kind::Imei, Possible)]),
            (options("", "", ""), "525011234567890", &[(Kind::Phone, Possible), (Kind::Imsi, Possible)]),
            (options("", "", ""), "8965012345678901233", &[(Kind::Iccid, Likely)]),
            (options("", "DBSSSGSG", ""), "1234", &[(Kind::Account, Possible)]),
            (options("", "", ""), "SG:DBSSSGSG:0052312891", &[(Kind::Account, Certain)]),
            (options("", "", ""), "SG:T04SS0129D", &[(Kind::Registration, Likely)]),
            (options("", "", "SG"), "T04SS0129D", &[(Kind::SenderId, Possible), (Kind::Registration, Possible)]),
            (options("", "", ""), "paynow:91234567", &[(Kind::Proxy, Certain)]),
            (options("", "", ""), "telegram:@some_one", &[(Kind::Handle, Certain)]),
            (options("", "", ""), "md5:d41d8cd98f00b204e9800998ecf8427e", &[(Kind::Hash, Certain)]),
            (options("", "", ""), "md5=d41d8cd98f00b204e9800998ecf8427e", &[(Kind::Hash, Certain)]),
            (options("", "", ""), "d41d8cd98f00b204e9800998ecf8427e", &[(Kind::Hash, Likely)]),
            (options("", "", ""), "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", &[(Kind::Wallet, Likely)]),
            (options("", "", ""), "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", &[(Kind::Wallet, Likely)]),
            (options("", "", ""), "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", &[(Kind::Wallet, Certain)]),
            (options("", "", ""), "2HRbXDoT3fpNhiFo8VxM7yeay29jBuxmLbzuq47Xbo43", &[(Kind::Wallet, Likely)]),
            (options("", "", ""), "evil.com", &[(Kind::Domain, Likely)]),
            (options("", "", ""), "a.b.evil.com", &[(Kind::Domain, Likely)]),
            (options("", "", ""), "a.b.unknowntld", &[(Kind::Domain, Possible)]),
            (options("", "", ""), "evil.com/a", &[(Kind::Url, Likely)]),
            (options("", "", ""), "ABCDEFGHIJK", &[(Kind::SenderId, Possible)]),
            (options("", "", ""), "ABCD     EFGH", &[]),
            (options("", "", ""), "ABCDEFGHIJKL", &[]),
        ] {
            assert_eq!(Identifier::detect(raw, &options), expected, "{raw}");
        }
    }

    #[test]
    fn sureness_has_names_and_an_order() {
        let all = [Sureness::Certain, Sureness::Likely, Sureness::Possible];
        assert_eq!(all.map(Sureness::name), ["certain", "likely", "possible"]);
        assert!(all.is_sorted());
    }
}
