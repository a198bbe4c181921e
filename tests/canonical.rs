//! The promises of `docs/canonical.md`: form vectors, idempotence, no panic, data versions. Linear time is in `linear.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::path::Path;

use bisik::{ErrorKind, Identifier, Kind, ParseOptions};
use serde_json::Value;

fn manifest_path(relative: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// The cases of every vector file, each with the name of its file.
fn cases() -> Vec<(String, Value)> {
    let mut files: Vec<_> = std::fs::read_dir(manifest_path("tests/vectors/canonical"))
        .expect("the vectors are part of the tree")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let value: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let cases = value.get("cases").unwrap_or(&value);
        all.extend(cases.as_array().unwrap().iter().map(|case| (name.clone(), case.clone())));
    }
    all
}

fn options(case: &Value) -> ParseOptions {
    let text = |name: &str| case.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut options = ParseOptions::default();
    options.region = text("region");
    options.bank = text("bank");
    options.country = text("country");
    options.allow_unassigned = case.get("allow_unassigned").and_then(Value::as_bool).unwrap_or(false);
    options
}

fn kind(case: &Value) -> Kind {
    case["kind"].as_str().unwrap().parse().unwrap()
}

#[test]
fn every_vector_has_its_canonical_form_or_its_error() {
    let mut failures = Vec::new();
    let cases = cases();
    for (file, case) in &cases {
        let raw = case["raw"].as_str().unwrap();
        let found = match Identifier::parse(kind(case), raw, &options(case)) {
            Ok(identifier) => format!("canonical {}", identifier.canonical()),
            Err(error) => format!("error {}", error.kind().name()),
        };
        let expected = match (case.get("canonical"), case.get("error")) {
            (Some(canonical), None) => format!("canonical {}", canonical.as_str().unwrap()),
            (None, Some(error)) => format!("error {}", error.as_str().unwrap()),
            _ => panic!("{file}: a case has either canonical or error: {case}"),
        };
        if found != expected {
            failures.push(format!("{file}: {raw:?} ({}): {found}, expected {expected}", case["comment"]));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn each_kind_of_vectors_is_large_enough() {
    let cases = cases();
    for name in ["phone", "email", "domain", "url", "ip"] {
        let count = cases.iter().filter(|(file, _)| file == name).count();
        assert!(count >= 60, "{name} has {count} cases");
    }
}

#[test]
fn canonical_values_parse_to_themselves() {
    for (file, case) in cases() {
        if let Some(canonical) = case.get("canonical").and_then(Value::as_str) {
            let mut options = options(&case);
            let again = Identifier::parse(kind(&case), canonical, &options).unwrap();
            assert_eq!(again.canonical(), canonical, "{file}");
            // A canonical value carries what the options said.
            if file == "phone" {
                options.region = None;
                assert_eq!(Identifier::parse(kind(&case), canonical, &options).unwrap(), again, "{file}");
            }
        }
    }
}

/// A small generator of numbers, so that failures can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Whatever is made of a vector by cutting, doubling, swapping and inserting.
fn mutated(raw: &str, other: &str, numbers: &mut Numbers) -> String {
    const INSERTS: &[&str] = &[
        "+",
        "0",
        "00",
        ".",
        "..",
        "@",
        "/",
        "//",
        "?",
        "#",
        "%",
        "%25",
        "%41",
        "[",
        "]",
        "[.]",
        "(dot)",
        ":",
        "xn--",
        "*.",
        "\u{200D}",
        "\u{FEFF}",
        "\u{3002}",
        "\u{FF10}",
        "\u{0E51}",
        "ß",
        "ü",
        "I\u{307}",
        "\u{0}",
        "\u{1F600}",
        " ",
        "\\",
        "..%2F",
        "0x",
        "::",
        "/8",
        "\u{0300}",
        "\u{05D0}",
        "A",
        "\u{FFFD}",
        "\t",
    ];
    let mut characters: Vec<char> = raw.chars().collect();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(characters.len() + 1);
        match numbers.below(5) {
            0 => characters.truncate(at),
            1 => {
                let insert = INSERTS[numbers.below(INSERTS.len())];
                characters.splice(at..at, insert.chars());
            }
            2 if at < characters.len() => {
                characters.remove(at);
            }
            3 => {
                let tail: Vec<char> = other.chars().collect();
                characters.truncate(at);
                characters.extend(tail.iter().skip(numbers.below(tail.len() + 1)));
            }
            _ => {
                let from = numbers.below(characters.len() + 1).min(at);
                let part: Vec<char> = characters[from..at].to_vec();
                characters.extend(part);
            }
        }
    }
    characters.into_iter().collect()
}

#[test]
fn parsing_is_idempotent_and_never_panics_on_mutated_input() {
    let cases: Vec<_> = cases().into_iter().map(|(_, case)| case).collect();
    let mut numbers = Numbers(7);
    let mut accepted = std::collections::BTreeMap::new();
    for round in 0..150 {
        for case in &cases {
            let other = &cases[numbers.below(cases.len())];
            let raw = mutated(case["raw"].as_str().unwrap(), other["raw"].as_str().unwrap(), &mut numbers);
            let kind = if round % 4 == 3 { Kind::ALL[numbers.below(Kind::ALL.len())] } else { kind(case) };
            let options = options(case);
            let Ok(identifier) = Identifier::parse(kind, &raw, &options) else { continue };
            *accepted.entry(kind).or_insert(0) += 1;
            let again = Identifier::parse(kind, identifier.canonical(), &options);
            assert_eq!(
                again.as_ref().map(Identifier::canonical).ok(),
                Some(identifier.canonical()),
                "{kind} {raw:?} under {options:?}"
            );
            identifier.for_each_expression(&mut |expression| assert!(!expression.text.is_empty()));
            if kind == Kind::Url {
                let key = identifier.match_key().into_owned();
                let again =
                    Identifier::parse(kind, &format!("http://{key}"), &options).map(|url| url.match_key().into_owned());
                assert_eq!(again.ok(), Some(key), "match key of {raw:?}");
            }
        }
    }
    for kind in Kind::ALL {
        let count = accepted.get(kind).copied().unwrap_or_default();
        assert!(count >= 150, "only {count} mutated values were accepted as {kind}");
    }
}

#[test]
fn random_bytes_are_refused_or_parsed_without_a_panic() {
    let mut numbers = Numbers(11);
    for _ in 0..20_000 {
        let length = numbers.below(40);
        let raw: String = (0..length)
            .filter_map(|_| {
                char::from_u32(match numbers.below(4) {
                    0 => numbers.below(0x80) as u32,
                    1 => b"0123456789.:/@+-%[]"[numbers.below(19)].into(),
                    2 => numbers.below(0x3000) as u32,
                    _ => numbers.below(0x11_0000) as u32,
                })
            })
            .collect();
        for &kind in Kind::ALL {
            let mut options = ParseOptions::default();
            options.region = Some("SG".to_owned());
            let _ = Identifier::parse(kind, &raw, &options);
        }
    }
}

#[test]
fn a_value_over_the_bound_is_refused_unread() {
    for &kind in Kind::ALL {
        let error = Identifier::parse(kind, &"a".repeat(8_193), &ParseOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLong);
    }
}

#[test]
fn errors_and_debug_never_show_the_value() {
    for (_, case) in cases() {
        let raw = case["raw"].as_str().unwrap();
        // Short values may occur in a message by chance.
        if raw.len() < 8 {
            continue;
        }
        match Identifier::parse(kind(&case), raw, &options(&case)) {
            Ok(identifier) => assert!(!format!("{identifier:?}").contains(identifier.canonical())),
            Err(error) => {
                let shown = format!("{error} {error:?} {}", error.advice());
                assert!(!shown.contains(raw), "{shown}");
            }
        }
    }
}

#[test]
fn data_versions_are_those_of_the_locked_crates() {
    let lock = std::fs::read_to_string(manifest_path("Cargo.lock")).unwrap();
    let locked = |name: &str| {
        let at = lock.find(&format!("name = \"{name}\"\nversion = \"")).unwrap_or_else(|| panic!("{name} is locked"));
        lock[at..].lines().nth(1).unwrap().trim_start_matches("version = \"").trim_end_matches('"').to_owned()
    };
    // Changing one of these crates means a new data version in src/identifier/kind.rs, checked by hand.
    assert_eq!(locked("rlibphonenumber"), "2.2.15");
    assert_eq!(Kind::Phone.data_version(), "libphonenumber 9.0.42");
    assert_eq!(locked("icu_normalizer_data"), "2.4.0");
    assert_eq!(locked("icu_properties_data"), "2.4.0");
    assert_eq!(Kind::Domain.data_version(), format!("psl {}, unicode 18.0.0", locked("psl")));
}

#[test]
fn each_kind_has_the_data_version_that_the_specification_names() {
    let text = std::fs::read_to_string(manifest_path("docs/canonical.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| kind | data version |")).skip(2);
    let mut named = std::collections::BTreeMap::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        named.extend(cells[1].split(", ").map(|kind| (kind.to_owned(), cells[2].trim_matches('`').to_owned())));
    }
    assert_eq!(named.len(), 7);
    for kind in Kind::ALL {
        assert_eq!(kind.data_version(), named.get(kind.name()).map_or("", String::as_str), "{kind}");
    }
}
