//! Linked keys: what else an identifier stands for (`docs/canonical.md`, linked keys).

use crate::identifier::kind::Kind;
use crate::identifier::{handle, proxy};

/// Whether a canonical value of this kind can be a link by itself.
pub(crate) const fn may_lead(kind: Kind) -> bool {
    matches!(kind, Kind::Proxy)
}

/// What a canonical value also stands for, in a fixed order; the values are to be parsed as their kind.
pub(crate) fn of_canonical(kind: Kind, canonical: &str) -> Vec<(Kind, String)> {
    match kind {
        Kind::Proxy => proxy::linked(canonical),
        _ => Vec::new(),
    }
}

/// What a raw value stands for beside its own kind: the account that a URL leads to, and the telephone number of a
/// link or handle whose platform knows accounts by their numbers alone (WhatsApp, Viber).
pub(crate) fn of_raw(kind: Kind, raw: &str) -> Vec<(Kind, String)> {
    let raw = raw.trim();
    let phone = || handle::phone(raw).map(|phone| (Kind::Phone, phone));
    let link = match kind {
        Kind::Url => handle::linked(raw).map(|account| (Kind::Handle, account)).or_else(phone),
        Kind::Handle => phone(),
        _ => None,
    };
    link.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_the_account_or_the_telephone_number() {
        for (raw, link) in [
            ("https://t.me/Durov?start=x", Some((Kind::Handle, "telegram:@durov"))),
            ("https://wa.me/6591234567", Some((Kind::Phone, "+6591234567"))),
            ("https://example.com/durov", None),
        ] {
            let found = of_raw(Kind::Url, raw);
            assert_eq!(found.first().map(|(kind, text)| (*kind, text.as_str())), link, "{raw}");
        }
        assert_eq!(of_raw(Kind::Handle, "https://t.me/durov"), []);
        assert_eq!(of_raw(Kind::Handle, "whatsapp:+6591234567"), [(Kind::Phone, "+6591234567".to_owned())]);
    }

    #[test]
    fn each_kind_has_its_own_links() {
        let phone = [(Kind::Phone, "+6591234567".to_owned())];
        assert_eq!(of_raw(Kind::Url, " https://wa.me/6591234567 "), phone);
        assert_eq!(of_raw(Kind::Handle, " https://wa.me/6591234567 "), phone);
        assert_eq!(of_raw(Kind::Phone, "https://wa.me/6591234567"), []);
        assert_eq!(of_raw(Kind::Domain, "t.me/durov"), []);
        assert_eq!(of_canonical(Kind::Proxy, "paynow:mobile:+6591234567"), phone);
        assert_eq!(of_canonical(Kind::Handle, "paynow:mobile:+6591234567"), []);
        let leading: Vec<Kind> = Kind::ALL.iter().copied().filter(|&kind| may_lead(kind)).collect();
        assert_eq!(leading, [Kind::Proxy]);
    }
}
