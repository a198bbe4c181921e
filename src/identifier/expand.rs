//! What else one input stands for (`docs/canonical.md` §9): publisher and matcher use the same links.

use crate::error::Result;
use crate::identifier::kind::Kind;
use crate::identifier::{Identifier, ParseOptions, links, mailbox};

impl Identifier {
    /// What this identifier also stands for, in a fixed order and without itself: the mailbox of an e-mail address,
    /// the account or telephone number behind a link, the telephone number or account of a payment proxy.
    ///
    /// Publish them beside the identifier. A look-up tries them by itself: they are among its expressions, as
    /// [`Matched::Linked`](crate::Matched::Linked).
    #[must_use]
    pub fn linked(&self) -> Vec<Self> {
        linked(self.kind, &self.canonical)
    }

    /// This identifier first, then all that are [`linked`](Self::linked) to it.
    #[must_use]
    pub fn expand(self) -> Vec<Self> {
        let mut all = vec![self];
        let linked = all.first().map(Self::linked).unwrap_or_default();
        all.extend(linked);
        all
    }

    /// Parses a raw value into all the identifiers that it stands for.
    ///
    /// Unlike [`parse`](Self::parse), it takes links whose own kind has no canonical form for them, such as a
    /// WhatsApp link given as a handle: it is its telephone number.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), where nothing is linked either.
    pub fn parse_all(kind: Kind, raw: &str, options: &ParseOptions) -> Result<Vec<Self>> {
        Self::parse_first(kind, raw, options).map(Self::expand)
    }

    /// The first of [`parse_all`](Self::parse_all): the value itself, or what it leads to. Publisher and matcher begin
    /// here and follow the links of what they get.
    ///
    /// # Errors
    /// As [`parse_all`](Self::parse_all).
    pub fn parse_first(kind: Kind, raw: &str, options: &ParseOptions) -> Result<Self> {
        Self::parse(kind, raw, options).or_else(|error| {
            let linked = links::of_raw(kind, raw);
            linked.into_iter().find_map(|(kind, text)| Self::parse(kind, &text, options).ok()).ok_or(error)
        })
    }
}

/// What a canonical value also stands for.
pub(super) fn linked(kind: Kind, canonical: &str) -> Vec<Identifier> {
    let options = ParseOptions::default();
    let mut all: Vec<Identifier> = Vec::new();
    let mut next = direct(kind, canonical, &options);
    // A proxy leads to an address and the address to a mailbox: two steps are the most there are.
    for _ in 0..2 {
        let mut further = Vec::new();
        for identifier in next {
            let itself = identifier.kind == kind && identifier.canonical == canonical;
            if !itself && !all.contains(&identifier) {
                further.extend(direct(identifier.kind(), identifier.canonical(), &options));
                all.push(identifier);
            }
        }
        next = further;
    }
    all
}

fn direct(kind: Kind, canonical: &str, options: &ParseOptions) -> Vec<Identifier> {
    let mut found = Vec::new();
    match kind {
        Kind::Email => {
            if let Some(Ok(mailbox)) = mailbox::of_address(canonical) {
                found.push((Kind::Mailbox, mailbox));
            }
        }
        Kind::Url => found.extend(links::of_raw(kind, canonical)),
        _ => found.extend(links::of_canonical(kind, canonical)),
    }
    found.into_iter().filter_map(|(kind, text)| Identifier::parse(kind, &text, options).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(kind: Kind, raw: &str) -> Vec<String> {
        let identifier = Identifier::parse(kind, raw, &ParseOptions::default()).unwrap();
        identifier.linked().iter().map(|link| format!("{} {}", link.kind(), link.canonical())).collect()
    }

    #[test]
    fn links_lead_to_what_they_stand_for() {
        assert_eq!(linked(Kind::Email, "J.o+x@gmail.com"), ["mailbox jo@gmail.com"]);
        assert_eq!(linked(Kind::Email, "jo+x@example.com"), [""; 0]);
        assert_eq!(linked(Kind::Url, "https://wa.me/6591234567?text=hi"), ["phone +6591234567"]);
        assert_eq!(linked(Kind::Url, "https://t.me/Some_One"), ["handle telegram:@some_one"]);
        assert_eq!(linked(Kind::Url, "https://evil.com/a"), [""; 0]);
        assert_eq!(linked(Kind::Phone, "+6591234567"), [""; 0]);
    }

    #[test]
    fn a_link_given_as_a_handle_is_its_number() {
        let all = Identifier::parse_all(Kind::Handle, "https://wa.me/6591234567", &ParseOptions::default()).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].kind(), all[0].canonical()), (Kind::Phone, "+6591234567"));
        let email = Identifier::parse_all(Kind::Email, "a.b@gmail.com", &ParseOptions::default()).unwrap();
        assert_eq!(email.iter().map(Identifier::kind).collect::<Vec<_>>(), [Kind::Email, Kind::Mailbox]);
        assert!(Identifier::parse_all(Kind::Handle, "nothing", &ParseOptions::default()).is_err());
    }

    #[test]
    fn every_kind_of_link_is_followed() {
        for (kind, raw, expected) in [
            (Kind::Email, "jotan@gmail.com", &["mailbox jotan@gmail.com"][..]),
            (Kind::Email, "+x@gmail.com", &[]),
            (Kind::Mailbox, "jotan@gmail.com", &[]),
            (Kind::Proxy, "paynow:91234567", &["phone +6591234567"]),
            (Kind::Proxy, "paynow:T04SS0129D", &["registration SG:T04SS0129D"]),
            (Kind::Proxy, "vietqr:account:970415:0011001932418", &["account VN:ICBVVNVX:0011001932418"]),
            // Three digits are no account number.
            (Kind::Proxy, "qris:ID1025380163258", &[]),
            (Kind::Handle, "telegram:@some_one", &[]),
            (Kind::Url, "https://www.facebook.com/john.smith", &["handle facebook:@johnsmith"]),
        ] {
            assert_eq!(linked(kind, raw), expected, "{raw}");
        }
    }
}
