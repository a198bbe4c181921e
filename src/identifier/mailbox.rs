//! Mailboxes: the e-mail address after its provider's dot and tag rules (`docs/canonical.md` §4.2).

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, email};

/// How a provider tells mailboxes apart.
struct Provider {
    domains: &'static [&'static str],
    /// The domain written, where several are one.
    canonical: Option<&'static str>,
    /// Whether dots in the local part do not count.
    dots: bool,
}

/// Providers that deliver `name+anything` to `name`.
const PROVIDERS: &[Provider] = &[
    Provider { domains: &["gmail.com", "googlemail.com"], canonical: Some("gmail.com"), dots: true },
    Provider { domains: &["outlook.com", "hotmail.com", "live.com", "msn.com"], canonical: None, dots: false },
    Provider { domains: &["icloud.com", "me.com", "mac.com"], canonical: None, dots: false },
    Provider { domains: &["proton.me", "protonmail.com", "pm.me"], canonical: None, dots: false },
    Provider { domains: &["fastmail.com", "fastmail.fm"], canonical: None, dots: false },
];

pub(super) fn canonical(text: &str, options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    let address = email::canonical(text, options, trace)?;
    trace.note("e-mail address", || address.clone());
    match of_address(&address) {
        Some(mailbox) => mailbox,
        None => Ok(address),
    }
}

/// Whether the text is its own canonical form: an address that its provider's rules leave as it is.
pub(super) fn is_canonical(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let stays = |provider: &Provider| {
        provider.canonical.is_none_or(|canonical| canonical == domain)
            && !local.contains('+')
            && !(provider.dots && local.contains('.'))
    };
    email::is_canonical(text) && provider(domain).is_none_or(stays)
}

fn provider(domain: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.domains.contains(&domain))
}

/// Whether a provider's rules are known for addresses at a host.
pub(super) fn has_rules(host: &str) -> bool {
    provider(host).is_some()
}

/// The mailbox of a canonical address; `None` where the provider's rules are not known.
///
/// # Errors
/// `InvalidSyntax` where nothing is left before the tag.
pub(crate) fn of_address(address: &str) -> Option<Result<String>> {
    let (local, domain) = address.rsplit_once('@')?;
    let provider = provider(domain)?;
    let mut name = local.split('+').next().unwrap_or(local).to_owned();
    if provider.dots {
        name.retain(|c| c != '.');
    }
    // A dot-atom must be left: "a.+tag" has none.
    if name.split('.').any(str::is_empty) {
        return Some(Err(Error::new(ErrorKind::InvalidSyntax, "no mailbox before the tag")));
    }
    Some(Ok(format!("{name}@{}", provider.canonical.unwrap_or(domain))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> std::result::Result<String, ErrorKind> {
        canonical(text, &ParseOptions::default(), &mut Trace::off()).map_err(|error| error.kind())
    }

    #[test]
    fn provider_rules_apply_where_they_are_known() {
        for (text, expected) in [
            ("J.O.Tan+bank@googlemail.com", "jotan@gmail.com"),
            ("jotan@gmail.com", "jotan@gmail.com"),
            ("jo.tan+x+y@outlook.com", "jo.tan@outlook.com"),
            ("jo.tan+x@example.com", "jo.tan+x@example.com"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
            assert_eq!(parse(expected).as_deref(), Ok(expected));
        }
        assert_eq!(parse("+x@gmail.com"), Err(ErrorKind::InvalidSyntax));
        assert_eq!(parse("a.+x@outlook.com"), Err(ErrorKind::InvalidSyntax));
    }

    #[test]
    fn every_domain_of_every_provider() {
        for (domains, written, dots) in [
            (&["gmail.com", "googlemail.com"][..], Some("gmail.com"), true),
            (&["outlook.com", "hotmail.com", "live.com", "msn.com"], None, false),
            (&["icloud.com", "me.com", "mac.com"], None, false),
            (&["proton.me", "protonmail.com", "pm.me"], None, false),
            (&["fastmail.com", "fastmail.fm"], None, false),
        ] {
            for domain in domains {
                let written = written.unwrap_or(domain);
                let name = if dots { "ab" } else { "a.b" };
                let expected = format!("{name}@{written}");
                assert_eq!(parse(&format!("A.B+c.d+e@{domain}")), Ok(expected.clone()));
                assert!(has_rules(domain) && is_canonical(&expected));
                assert!(!is_canonical(&format!("a+b@{domain}")));
                assert_eq!(is_canonical(&format!("a.b@{domain}")), !dots);
                assert_eq!(is_canonical(&format!("ab@{domain}")), *domain == written);
                assert_eq!(parse(&format!("+a@{domain}")), Err(ErrorKind::InvalidSyntax));
            }
        }
        for domain in ["mail.gmail.com", "gmail.com.example", "example.com"] {
            assert_eq!(parse(&format!("a.b+c@{domain}")), Ok(format!("a.b+c@{domain}")));
            assert!(!has_rules(domain) && is_canonical(&format!("a.b+c@{domain}")));
            assert!(of_address(&format!("a@{domain}")).is_none());
        }
        assert!(!is_canonical("A@example.com") && !is_canonical("a"));
    }
}
