//! The form of each kind, by the kind's own file.

use crate::error::Result;
use crate::identifier::kind::Kind;
use crate::identifier::trace::Trace;
use crate::identifier::{
    ParseOptions, account, domain, email, handle, hash, iban, iccid, imei, imsi, ip, mailbox, phone, proxy,
    registration, sender_id, url, wallet,
};

/// The canonical text of a value; `text` is `raw` after [`text::clean`](crate::identifier::text::clean).
///
/// # Errors
/// Those of the kind.
pub(super) fn canonical(
    kind: Kind,
    raw: &str,
    text: &str,
    options: &ParseOptions,
    trace: &mut Trace,
) -> Result<String> {
    match kind {
        Kind::Phone => phone::canonical(text, options, trace),
        Kind::Email => email::canonical(text, options, trace),
        Kind::Domain => domain::canonical(text, options, trace),
        Kind::Url => url::canonical(text, options, trace),
        Kind::Ip => ip::canonical(text, options, trace),
        Kind::Account => account::canonical(text, options, trace),
        Kind::Iban => iban::canonical(text, options, trace),
        // a QR code counts characters: what was stripped is part of it
        Kind::Proxy => proxy::canonical(raw, text, options, trace),
        Kind::Wallet => wallet::canonical(text, options, trace),
        Kind::SenderId => sender_id::canonical(text, options, trace),
        Kind::Imei => imei::canonical(text, options, trace),
        Kind::Imsi => imsi::canonical(text, options, trace),
        Kind::Iccid => iccid::canonical(text, options, trace),
        Kind::Handle => handle::canonical(text, options, trace),
        Kind::Registration => registration::canonical(text, options, trace),
        Kind::Hash => hash::canonical(text, options, trace),
        Kind::Mailbox => mailbox::canonical(text, options, trace),
    }
}

/// Whether [`canonical`] would give the text back as it is, under any options, seen without the parser.
///
/// `false` says nothing: the parser knows.
pub(super) fn is_canonical(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Phone => phone::is_canonical(text),
        Kind::Email => email::is_canonical(text),
        Kind::Domain => domain::is_canonical(text),
        Kind::Url => url::is_canonical(text),
        Kind::Ip => ip::is_canonical(text),
        Kind::Account => account::is_canonical(text),
        Kind::Iban => iban::is_canonical(text),
        Kind::Proxy => proxy::is_canonical(text),
        Kind::Wallet => wallet::is_canonical(text),
        Kind::SenderId => sender_id::is_canonical(text),
        Kind::Imei => imei::is_canonical(text),
        Kind::Imsi => imsi::is_canonical(text),
        Kind::Iccid => iccid::is_canonical(text),
        Kind::Handle => handle::is_canonical(text),
        Kind::Registration => registration::is_canonical(text),
        Kind::Hash => hash::is_canonical(text),
        Kind::Mailbox => mailbox::is_canonical(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::error::ErrorKind;
    use crate::identifier::text;

    /// Every text of the vectors, with the kind: raw and canonical ones.
    fn texts() -> Vec<(Kind, String)> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/canonical");
        let mut texts = Vec::new();
        for file in std::fs::read_dir(folder).expect("the vectors are part of the tree") {
            let file: Value = serde_json::from_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
            for case in file.get("cases").unwrap_or(&file).as_array().unwrap() {
                let kind: Kind = case["kind"].as_str().unwrap().parse().unwrap();
                for name in ["canonical", "raw"] {
                    let Some(text) = case.get(name).and_then(Value::as_str) else { continue };
                    texts.push((kind, text.to_owned()));
                    // An address is its own mailbox at most providers.
                    texts.extend((kind == Kind::Email).then(|| (Kind::Mailbox, text.to_owned())));
                }
            }
        }
        texts
    }

    fn options() -> [ParseOptions; 3] {
        let full = ParseOptions {
            region: Some("VN".into()),
            allow_unassigned: true,
            bank: Some("OCBCSGSG".into()),
            country: Some("MY".into()),
        };
        let region = ParseOptions { region: Some("US".into()), ..ParseOptions::default() };
        [ParseOptions::default(), full, region]
    }

    /// Whether the text, cleaned, is seen as canonical; if so the parser must give it back.
    fn seen(kind: Kind, raw: &str) -> bool {
        let text = text::clean(kind, raw, &mut Trace::off());
        if text.is_empty() || !is_canonical(kind, &text) {
            return false;
        }
        for options in options() {
            let parsed = canonical(kind, raw, &text, &options, &mut Trace::off()).map_err(|error| error.kind());
            assert_eq!(parsed.as_deref(), Ok(text.as_ref()), "{kind} {raw:?} under {options:?}");
        }
        true
    }

    #[test]
    fn what_is_seen_as_canonical_is_given_back_by_the_parser() {
        const INSERTS: [&str; 44] = [
            "+", "0", "00", "1", "9", "A", "a", "F", "f", "z", "Z", ".", "..", "@", "/", "//", "?", "#", "%", "%2e",
            "%25", "[", "]", "{", "}", "{.}", "(", ")", ":", "::", "xn--", "*.", "-", "_", " ", "  ", "~", "'", ",",
            "0x", "\u{200D}", "ß", "\\", "\t",
        ];
        let texts = texts();
        let mut state = 7u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % bound
        };
        let mut counts = std::collections::BTreeMap::new();
        for round in 0..60 {
            for (kind, raw) in &texts {
                let mut characters: Vec<char> = raw.chars().collect();
                for _ in 0..round % 3 {
                    let at = below(characters.len() + 1);
                    match below(4) {
                        0 => drop(characters.splice(at..at, INSERTS[below(INSERTS.len())].chars())),
                        1 if at < characters.len() => drop(characters.remove(at)),
                        2 if at < characters.len() => {
                            let insert: Vec<char> = INSERTS[below(INSERTS.len())].chars().collect();
                            drop(characters.splice(at..=at, insert));
                        }
                        _ => characters.truncate(at),
                    }
                }
                let kind = if round % 10 == 9 { Kind::ALL[below(Kind::ALL.len())] } else { *kind };
                let raw: String = characters.into_iter().collect();
                *counts.entry(kind).or_insert(0) += u32::from(seen(kind, &raw));
            }
        }
        // A kind that sees nothing would pass: each must see many.
        for kind in Kind::ALL {
            let count = counts.get(kind).copied().unwrap_or_default();
            assert!(count > 200, "{kind}: {count}");
        }
    }

    #[test]
    fn twin_glances_at_random_short_texts_and_the_parser() {
        const ALPHABETS: [&str; 5] = [
            "0123456789",
            "+0123456789",
            "abz09.-_@%:/?",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789: ",
            "0123456789abcdef:x",
        ];
        const STARTS: [&str; 12] = [
            "",
            "",
            "",
            "+65",
            "http://a.b/",
            "https://",
            "SG:",
            "SG:DBSSSGSG:",
            "evm:0x",
            "paynow:mobile:+65",
            "a@b.c",
            "89",
        ];
        let mut state = 5u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % bound
        };
        let mut count = 0;
        let rounds = crate::twins::inputs(300_000);
        for _ in 0..rounds {
            let alphabet = ALPHABETS[below(ALPHABETS.len())].as_bytes();
            let mut text = STARTS[below(STARTS.len())].to_owned();
            for _ in 0..below(22) {
                text.push(alphabet[below(alphabet.len())].into());
            }
            count += u32::from(seen(Kind::ALL[below(Kind::ALL.len())], &text));
        }
        assert!(count as usize > rounds / 100, "{count}");
    }

    #[test]
    fn plain_canonical_vectors_are_seen() {
        for (kind, text) in [
            (Kind::Phone, "+6591234567"),
            (Kind::Email, "win.prize+x@lucky-draw.example"),
            (Kind::Mailbox, "winprize@gmail.com"),
            (Kind::Domain, "login.bank-verify.example"),
            (Kind::Url, "https://login.bank-verify.example:8443/account/verify.php?id=7&to=a/b%20c"),
            (Kind::Ip, "203.0.113.9"),
            (Kind::Account, "SG:DBSSSGSG:0012345678"),
            (Kind::Iban, "DE89370400440532013000"),
            (Kind::Proxy, "paynow:mobile:+6591234567"),
            (Kind::Wallet, "evm:0x52908400098527886e0f7030069857d2e4169ee7"),
            (Kind::SenderId, "DBS BANK"),
            (Kind::Imei, "49015420323751"),
            (Kind::Imsi, "525011234567890"),
            (Kind::Iccid, "8965012345678901233"),
            (Kind::Handle, "telegram:@some_one"),
            (Kind::Registration, "SG:201929813C"),
            (Kind::Hash, "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ] {
            assert!(seen(kind, text), "{kind}");
        }
        assert!(!seen(Kind::Domain, "xn--bcher-kva.de"), "UTS 46 must look at an A-label");
        assert_eq!(
            canonical(Kind::Domain, "xn--a.de", "xn--a.de", &ParseOptions::default(), &mut Trace::off())
                .map_err(|error| error.kind()),
            Err(ErrorKind::InvalidCharacter)
        );
    }
}
