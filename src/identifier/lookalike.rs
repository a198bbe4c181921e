//! Homoglyph warning: the ASCII name that a name can be mistaken for (UTS 39 §4). A flag, never identity.

use idna::domain_to_unicode;
use unicode_security::skeleton;

use crate::identifier::kind::Kind;
use crate::identifier::{Identifier, safe_browsing};

impl Identifier {
    /// The ASCII host name that this one's host looks like, if it is not ASCII itself: for domains, URLs and e-mail
    /// addresses.
    ///
    /// Each non-ASCII character is replaced by its prototype in the confusables of UTS 39; a name is returned if
    /// only ASCII is left.
    ///
    /// ```
    /// use bisik::{Identifier, Kind, ParseOptions};
    ///
    /// let name = Identifier::parse(Kind::Domain, "pаypаl.com", &ParseOptions::default())?;
    /// assert_eq!(name.canonical(), "xn--pypl-53dc.com");
    /// assert_eq!(name.looks_like().as_deref(), Some("paypal.com"));
    /// # Ok::<(), bisik::Error>(())
    /// ```
    #[must_use]
    pub fn looks_like(&self) -> Option<String> {
        let key = self.match_key();
        let host = match self.kind() {
            Kind::Domain => &*key,
            Kind::Url => safe_browsing::split_host(&key).0,
            Kind::Email | Kind::Mailbox => key.rsplit_once('@')?.1,
            _ => return None,
        };
        if !host.contains("xn--") {
            return None;
        }
        let (unicode, Ok(())) = domain_to_unicode(host) else { return None };
        let mut name = String::with_capacity(unicode.len());
        for c in unicode.chars() {
            if c.is_ascii() {
                name.push(c);
            } else {
                name.extend(skeleton(c.encode_utf8(&mut [0; 4])));
            }
        }
        name.make_ascii_lowercase();
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        (plain && name != host).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::ParseOptions;

    fn looks_like(kind: Kind, raw: &str) -> Option<String> {
        Identifier::parse(kind, raw, &ParseOptions::default()).unwrap().looks_like()
    }

    #[test]
    fn names_in_other_scripts_that_read_as_ascii_are_flagged() {
        assert_eq!(looks_like(Kind::Domain, "аррӏе.com").as_deref(), Some("apple.com"));
        assert_eq!(looks_like(Kind::Url, "https://www.gооgle.com/x").as_deref(), Some("www.google.com"));
        assert_eq!(looks_like(Kind::Email, "a@fаcebook.com").as_deref(), Some("facebook.com"));
    }

    #[test]
    fn honest_names_are_not() {
        for raw in ["paypal.com", "bücher.de", "ไทย.com", "россия.рф", "例え.jp"] {
            assert_eq!(looks_like(Kind::Domain, raw), None, "{raw}");
        }
        assert_eq!(looks_like(Kind::Phone, "+6591234567"), None);
    }

    #[test]
    fn only_host_names_are_looked_at_and_all_of_them() {
        assert_eq!(looks_like(Kind::Mailbox, "a@fаcebook.com").as_deref(), Some("facebook.com"));
        assert_eq!(looks_like(Kind::Domain, "ехаmple-a_b1.com").as_deref(), Some("example-a_b1.com"));
        assert_eq!(looks_like(Kind::Email, "xn--a@example.com"), None);
        assert_eq!(looks_like(Kind::Url, "https://example.com/xn--pypl-53dc.com"), None);
        assert_eq!(looks_like(Kind::SenderId, "XN--A"), None);
    }
}
