//! What a publisher may publish, as its reader decides.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::Kind;
use crate::manifest::Manifest;

const MAX_ITEMS: usize = 256;

/// What a publisher may publish. An empty list is no limit.
///
/// Kinds are in the manifest, so a feed with others is refused whole. Suffixes and calling codes can only be compared with what was
/// looked up, so hits outside of them are rejected one by one.
///
/// ```
/// use bisik::{Kind, Scope};
///
/// let scope = Scope { suffixes: vec!["sg".into()], calling_codes: vec!["65".into()], ..Scope::default() };
/// assert!(scope.admits(Kind::Domain, "shop.example.sg") && !scope.admits(Kind::Domain, "shop.example"));
/// assert!(scope.admits(Kind::Phone, "+6591234567") && !scope.admits(Kind::Phone, "+60123456789"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Names of kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Ends of domain names, for domains, URLs and e-mail addresses: `sg`, `com.my`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suffixes: Vec<String>,
    /// Calling codes of telephone numbers, without the plus sign: `65`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calling_codes: Vec<String>,
}

impl Scope {
    /// Whether there is no limit.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the lists.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownKind`], [`ErrorKind::InvalidName`] or [`ErrorKind::LimitExceeded`]; the position is that of the item.
    pub fn check(&self) -> Result<()> {
        if [&self.kinds, &self.suffixes, &self.calling_codes].iter().any(|list| list.len() > MAX_ITEMS) {
            return Err(Error::new(ErrorKind::LimitExceeded, "more than 256 kinds, suffixes or calling codes"));
        }
        for (at, kind) in (0..).zip(&self.kinds) {
            kind.parse::<Kind>().map_err(|error| error.at(at))?;
        }
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        if let Some(at) = self.suffixes.iter().position(|suffix| suffix.len() > 253 || !suffix.split('.').all(label)) {
            let what = "a suffix is labels of a-z, 0-9 and hyphen between dots, such as sg or com.my";
            return Err(Error::new(ErrorKind::InvalidName, what).at(at as u64));
        }
        let digits = |code: &String| (1..=7).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(at) = self.calling_codes.iter().position(|code| !digits(code)) {
            return Err(Error::new(ErrorKind::InvalidName, "a calling code is 1 to 7 digits").at(at as u64));
        }
        Ok(())
    }

    /// Whether every kind in a feed is one that may be published.
    pub(crate) fn check_manifest(&self, manifest: &Manifest) -> Result<()> {
        if self.kinds.is_empty() {
            return Ok(());
        }
        let named = |number: u8| {
            let kind = Kind::from_number(number);
            kind.is_some_and(|kind| self.kinds.iter().any(|name| name == kind.name()))
        };
        match manifest.kinds.iter().position(|entry| entry.count > 0 && !named(entry.kind)) {
            Some(at) => {
                let what = "the feed holds a kind that its publisher may not publish";
                Err(Error::new(ErrorKind::OutOfScope, what).at(at as u64))
            }
            None => Ok(()),
        }
    }

    /// Whether an expression of a kind, in its canonical form, is one that may be published.
    #[must_use]
    pub fn admits(&self, kind: Kind, expression: &str) -> bool {
        if !self.kinds.is_empty() && !self.kinds.iter().any(|name| name == kind.name()) {
            return false;
        }
        match kind {
            Kind::Phone if !self.calling_codes.is_empty() => {
                let digits = expression.strip_prefix('+').unwrap_or(expression);
                self.calling_codes.iter().any(|code| digits.starts_with(code.as_str()))
            }
            Kind::Domain | Kind::Url | Kind::Email | Kind::Mailbox if !self.suffixes.is_empty() => {
                let host = host(kind, expression);
                let under = |suffix: &String| {
                    host.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                };
                self.suffixes.iter().any(under)
            }
            _ => true,
        }
    }
}

/// The name of the host in an expression.
fn host(kind: Kind, expression: &str) -> &str {
    match kind {
        Kind::Url => expression.split(['/', '?']).next().unwrap_or_default(),
        Kind::Email | Kind::Mailbox => expression.rsplit('@').next().unwrap_or_default(),
        _ => expression,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_end_at_labels() {
        let scope = Scope { suffixes: vec!["com.my".into(), "sg".into()], ..Scope::default() };
        scope.check().unwrap();
        for (kind, inside, outside) in [
            (Kind::Domain, "a.com.my", "acom.my"),
            (Kind::Domain, "sg", "notsg"),
            (Kind::Url, "a.b.sg/x?y=.example", "a.example/b.sg"),
            (Kind::Url, "a.sg/", "a.example/?b.sg"),
            (Kind::Email, "a@b.sg", "a.sg@b.example"),
        ] {
            assert!(scope.admits(kind, inside), "{inside}");
            assert!(!scope.admits(kind, outside), "{outside}");
        }
        // What has no host is not bound by suffixes.
        assert!(scope.admits(Kind::Phone, "+60123456789"));
        assert!(!scope.admits(Kind::Url, "203.0.113.9/x"));
    }

    #[test]
    fn faulty_lists_are_named() {
        let with = |kinds: &[&str], suffixes: &[&str], codes: &[&str]| {
            let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect();
            Scope { kinds: list(kinds), suffixes: list(suffixes), calling_codes: list(codes) }.check()
        };
        with(&["phone"], &["xn--fiqs8s"], &["65", "1"]).unwrap();
        assert_eq!(with(&["phone", "fax"], &[], &[]).unwrap_err().kind(), ErrorKind::UnknownKind);
        for bad in ["", ".sg", "SG", "a..b", "sg.", "*.sg"] {
            assert_eq!(with(&[], &[bad], &[]).unwrap_err().kind(), ErrorKind::InvalidName, "{bad}");
        }
        for bad in ["", "+65", "12345678", "6a"] {
            assert_eq!(with(&[], &[], &[bad]).unwrap_err().kind(), ErrorKind::InvalidName, "{bad}");
        }
    }

    #[test]
    fn a_scope_of_kinds_admits_no_other_kind() {
        let scope = Scope { kinds: vec!["phone".into()], calling_codes: vec!["65".into()], ..Scope::default() };
        assert!(scope.admits(Kind::Phone, "+6581234567"));
        assert!(!scope.admits(Kind::Phone, "+60123456789"));
        assert!(!scope.admits(Kind::Domain, "a.example"));
        assert!(Scope::default().admits(Kind::Domain, "a.example"));
    }

    #[test]
    fn each_list_has_at_most_256_items() {
        let codes = |count: usize| (0..count).map(|code| code.to_string()).collect::<Vec<_>>();
        Scope { calling_codes: codes(256), ..Scope::default() }.check().unwrap();
        let suffixes = vec!["sg".to_owned(); 257];
        let kinds = vec!["phone".to_owned(); 257];
        for scope in [
            Scope { calling_codes: codes(257), ..Scope::default() },
            Scope { suffixes, ..Scope::default() },
            Scope { kinds, ..Scope::default() },
        ] {
            assert_eq!(scope.check().unwrap_err().kind(), ErrorKind::LimitExceeded);
        }
    }
}
