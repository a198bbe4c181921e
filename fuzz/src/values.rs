//! Canonical forms and expressions.

use bisik::{Guard, Identifier, Kind, Matched, ParseOptions};

pub fn account(data: &[u8]) {
    canonical(Kind::Account, data);
}

pub fn domain(data: &[u8]) {
    canonical(Kind::Domain, data);
}

pub fn email(data: &[u8]) {
    canonical(Kind::Email, data);
}

pub fn handle(data: &[u8]) {
    canonical(Kind::Handle, data);
}

pub fn iban(data: &[u8]) {
    canonical(Kind::Iban, data);
}

pub fn ip(data: &[u8]) {
    canonical(Kind::Ip, data);
}

pub fn phone(data: &[u8]) {
    canonical(Kind::Phone, data);
}

pub fn proxy(data: &[u8]) {
    canonical(Kind::Proxy, data);
}

pub fn registration(data: &[u8]) {
    canonical(Kind::Registration, data);
}

pub fn url(data: &[u8]) {
    canonical(Kind::Url, data);
}

pub fn wallet(data: &[u8]) {
    canonical(Kind::Wallet, data);
}

/// The first byte chooses the kind.
pub fn any(data: &[u8]) {
    if let Some((kind, data)) = chosen(data) {
        canonical(kind, data);
    }
}

fn chosen(data: &[u8]) -> Option<(Kind, &[u8])> {
    let (&first, data) = data.split_first()?;
    Some((*Kind::ALL.get(usize::from(first) % Kind::ALL.len())?, data))
}

/// A canonical form is a fixed point, does not depend on how it was asked for, and shows nowhere by accident.
fn canonical(kind: Kind, data: &[u8]) {
    let Ok(raw) = std::str::from_utf8(data) else { return };
    let plain = ParseOptions::default();
    let mut national = ParseOptions::default();
    national.region = Some("SG".to_owned());
    national.bank = Some("DBSSSGSG".to_owned());
    let mut lenient = national.clone();
    lenient.allow_unassigned = true;
    for options in [plain, national, lenient] {
        let parsed = Identifier::parse(kind, raw, &options);
        let (explained, _) = Identifier::explain(kind, raw, &options);
        assert_eq!(explained.as_ref().ok(), parsed.as_ref().ok(), "explaining changes the result");
        assert_eq!(explained.err().map(|error| error.kind()), parsed.as_ref().err().map(bisik::Error::kind));
        let identifier = match parsed {
            Ok(identifier) => identifier,
            Err(error) => {
                assert!((100..200).contains(&error.kind().code()), "{error} is no error of an identifier");
                continue;
            }
        };
        let text = identifier.canonical();
        // The name of a sender may have words.
        let strange = |c: char| c.is_control() || (c.is_whitespace() && !(kind == Kind::SenderId && c == ' '));
        assert!(!text.is_empty() && !text.contains(strange), "{text:?}");
        let again = Identifier::parse(kind, text, &options);
        assert_eq!(again.ok().as_ref(), Some(&identifier), "not idempotent: {text:?}");
        assert!(!identifier.match_key().is_empty());
        let shown = format!("{identifier:?}");
        assert!(text.len() < 16 || !shown.contains(text), "Debug shows the value");
        for more in Identifier::parse_all(kind, raw, &options).unwrap_or_default() {
            let same = Identifier::parse(more.kind(), more.canonical(), &options);
            assert_eq!(same.ok(), Some(more), "an expansion is not canonical");
        }
    }
}

/// Expressions are few, begin with the identifier itself, and each is what a publisher would have listed.
pub fn expressions(data: &[u8]) {
    let Some((kind, data)) = chosen(data) else { return };
    let Ok(raw) = std::str::from_utf8(data) else { return };
    let options = ParseOptions::default();
    let Ok(identifier) = Identifier::parse(kind, raw, &options) else { return };
    let guard = Guard::default();
    let _ = guard.refuses(&identifier);
    let mut seen = Vec::new();
    identifier.for_each_expression(&mut |expression| {
        if seen.is_empty() {
            assert_eq!((expression.kind, expression.matched), (kind, Matched::Exact));
            assert_eq!(expression.text, identifier.match_key());
        }
        if matches!(expression.kind, Kind::Domain | Kind::Ip | Kind::Email) {
            let listed = Identifier::parse(expression.kind, expression.text, &options);
            let same = listed.is_ok_and(|listed| listed.match_key() == expression.text);
            assert!(same, "{:?} is not what a publisher lists", expression.text);
        }
        if expression.kind == Kind::Url {
            let listed = Identifier::parse(Kind::Url, &format!("http://{}", expression.text), &options);
            let same = listed.as_ref().is_ok_and(|listed| listed.match_key() == expression.text);
            assert!(
                same,
                "{:?} is listed as {:?}",
                expression.text,
                listed.map(|listed| listed.match_key().into_owned())
            );
        }
        let _ = guard.refuses_key(expression.kind, expression.text);
        seen.push((expression.kind, expression.text.to_owned()));
    });
    assert!(!seen.is_empty() && seen.len() <= 30 + 127, "{} expressions", seen.len());
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count, "an expression came twice");
}
