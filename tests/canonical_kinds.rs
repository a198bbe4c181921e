//! What the vectors of each kind must be, and that options change no canonical value.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;

use bisik::{ErrorKind, Identifier, Kind, ParseOptions};
use serde_json::Value;

fn cases(kind: Kind) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/vectors/canonical/{kind}.json"));
    let text = std::fs::read_to_string(path).expect("the vectors are part of the tree");
    let file: Value = serde_json::from_str(&text).expect("the vectors are JSON");
    assert!(file["about"].as_str().is_some_and(|about| about.contains("docs/canonical")), "{kind}");
    file["cases"].as_array().expect("a list").clone()
}

#[test]
fn each_kind_has_at_least_forty_vectors_and_none_twice() {
    for &kind in Kind::ALL {
        let mut seen: Vec<String> = cases(kind)
            .iter()
            .map(|case| {
                assert_eq!(case["kind"], kind.name());
                assert!(case["comment"].as_str().is_some_and(|comment| !comment.is_empty()), "{case}");
                let options = ["region", "bank", "country", "allow_unassigned"].map(|name| &case[name]);
                format!("{} {options:?}", case["raw"])
            })
            .collect();
        assert!(seen.len() >= 40, "{kind}: {}", seen.len());
        seen.sort_unstable();
        for pair in seen.windows(2) {
            assert_ne!(pair[0], pair[1], "{kind}");
        }
    }
}

#[test]
fn each_kind_shows_what_it_reads_and_what_it_refuses() {
    for &kind in Kind::ALL {
        let cases = cases(kind);
        let refused = cases.iter().filter(|case| case.get("error").is_some()).count();
        assert!(refused >= 10 && cases.len() - refused >= 10, "{kind}: {refused} of {}", cases.len());
    }
}

#[test]
fn a_canonical_value_needs_no_options_and_heeds_none() {
    let mut options = ParseOptions::default();
    options.region = Some("LA".to_owned());
    options.bank = Some("COEBLALA".to_owned());
    options.country = Some("KH".to_owned());
    for &kind in Kind::ALL {
        for case in cases(kind) {
            let Some(canonical) = case.get("canonical").and_then(Value::as_str) else { continue };
            // An unassigned number is one by leave of the options alone.
            if case.get("allow_unassigned").is_some() {
                continue;
            }
            for options in [&ParseOptions::default(), &options] {
                let found = Identifier::parse(kind, canonical, options);
                let found = found.unwrap_or_else(|error| panic!("{kind} {canonical}: {error}"));
                assert_eq!(found.canonical(), canonical, "{kind}");
            }
        }
    }
}

#[test]
fn no_two_kinds_of_wallet_share_a_text_without_its_chain() {
    let mut addresses: Vec<(String, String)> = cases(Kind::Wallet)
        .iter()
        .filter_map(|case| {
            let (chain, address) = case.get("canonical")?.as_str()?.split_once(':')?;
            Some((address.to_owned(), chain.to_owned()))
        })
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    for pair in addresses.windows(2) {
        assert_ne!(pair[0].0, pair[1].0);
    }
    for (address, chain) in addresses {
        let found =
            Identifier::parse(Kind::Wallet, &address, &ParseOptions::default()).expect("bare addresses are read");
        assert_eq!(found.canonical(), format!("{chain}:{address}"));
    }
}

/// T24: a link is one of the host behind its user name, not of what the user name looks like.
#[test]
fn a_platform_before_an_at_sign_is_no_host() {
    let parse = |raw: &str| Identifier::parse_all(Kind::Handle, raw, &ParseOptions::default());
    for disguised in ["https://wa.me:443@evil.example/6591234567", "https://t.me@evil.example/somebody"] {
        assert_eq!(parse(disguised).unwrap_err().kind(), ErrorKind::InvalidSyntax, "{disguised}");
    }
    let plain = parse("https://t.me:443/somebody").unwrap();
    assert_eq!(parse("https://evil.example@t.me/somebody").unwrap(), plain);
}
