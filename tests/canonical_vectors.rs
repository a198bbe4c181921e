//! The vectors of the canonical forms, one file a kind, and what must hold for any input.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;

use bisik::{Identifier, Kind, ParseOptions};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    kind: String,
    raw: String,
    region: Option<String>,
    bank: Option<String>,
    country: Option<String>,
    #[serde(default)]
    allow_unassigned: bool,
    canonical: Option<String>,
    error: Option<String>,
    comment: String,
}

impl Vector {
    fn kind(&self) -> Kind {
        self.kind.parse().expect("a kind of the table")
    }

    fn options(&self) -> ParseOptions {
        let mut options = ParseOptions::default();
        options.region.clone_from(&self.region);
        options.bank.clone_from(&self.bank);
        options.country.clone_from(&self.country);
        options.allow_unassigned = self.allow_unassigned;
        options
    }
}

fn vectors() -> Vec<(String, Vec<Vector>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/canonical");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of vectors")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            let vectors = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), vectors)
        })
        .collect()
}

#[test]
fn every_vector_gives_its_canonical_form_or_its_error() {
    let mut wrong = Vec::new();
    for (_, vectors) in vectors() {
        for vector in vectors {
            let found = Identifier::parse(vector.kind(), &vector.raw, &vector.options());
            let agrees = match (&found, &vector.canonical, &vector.error) {
                (Ok(found), Some(canonical), None) => found.canonical() == canonical,
                (Err(found), None, Some(error)) => found.kind().name() == error,
                _ => false,
            };
            if !agrees {
                let found =
                    found.as_ref().map(Identifier::canonical).map_err(|error| (error.kind().name(), error.message()));
                wrong.push(format!(
                    "{} {:?} ({}): {:?} {:?}, found {found:?}",
                    vector.kind, vector.raw, vector.comment, vector.canonical, vector.error
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_file_holds_at_least_forty_vectors_of_its_kind_and_none_twice() {
    let mut files = 0;
    for (name, vectors) in vectors() {
        assert!(vectors.len() >= 40, "{name}: {}", vectors.len());
        let mut seen: Vec<_> = vectors
            .iter()
            .map(|vector| (&vector.raw, &vector.region, &vector.bank, &vector.country, vector.allow_unassigned))
            .collect();
        seen.sort_unstable();
        for pair in seen.windows(2) {
            assert_ne!(pair[0], pair[1], "{name}");
        }
        for vector in &vectors {
            assert!(name.starts_with(&vector.kind), "{name}: {}", vector.kind);
            assert!(!vector.comment.is_empty(), "{name}: {:?}", vector.raw);
        }
        files += 1;
    }
    assert!(files >= 11, "{files}");
}

/// A reproducible stream of numbers (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % below
    }

    /// The text with one to four characters changed, put in, taken out or doubled.
    fn mutated(&mut self, text: &str) -> String {
        const SIGNS: &[char] = &[
            '0',
            '1',
            '9',
            'a',
            'Z',
            ':',
            '@',
            '.',
            '-',
            '/',
            '+',
            '?',
            '%',
            ' ',
            '#',
            '=',
            'é',
            '０',
            '\u{200B}',
            '\u{0E51}',
            '\u{1F600}',
            '\u{FDFA}',
        ];
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..=self.next(3) {
            let position = self.next(characters.len() + 1);
            match self.next(4) {
                0 if position < characters.len() => characters[position] = SIGNS[self.next(SIGNS.len())],
                1 if position < characters.len() => drop(characters.remove(position)),
                2 if position < characters.len() => characters.insert(position, characters[position]),
                _ => characters.insert(position, SIGNS[self.next(SIGNS.len())]),
            }
        }
        characters.into_iter().collect()
    }
}

#[test]
fn any_value_that_is_read_is_read_again_as_itself() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let (mut read, mut tried) = (0, 0);
    for (_, vectors) in vectors() {
        for vector in vectors {
            for _ in 0..40 {
                let raw = numbers.mutated(&vector.raw);
                tried += 1;
                let Ok(once) = Identifier::parse(vector.kind(), &raw, &vector.options()) else { continue };
                let twice = Identifier::parse(vector.kind(), once.canonical(), &vector.options());
                let twice = twice.unwrap_or_else(|error| panic!("{} {raw:?}: {error}", vector.kind));
                assert_eq!(once.canonical(), twice.canonical(), "{} {raw:?}", vector.kind);
                // nor do the options change what is canonical already
                let bare = Identifier::parse(vector.kind(), once.canonical(), &ParseOptions::default());
                if !vector.allow_unassigned {
                    let bare = bare.unwrap_or_else(|error| panic!("{} {raw:?}: {error}", vector.kind));
                    assert_eq!(once.canonical(), bare.canonical(), "{} {raw:?}", vector.kind);
                }
                read += 1;
            }
        }
    }
    assert!(read * 20 > tried, "only {read} of {tried} mutations were read: the test says little");
}

#[test]
fn no_kind_fails_on_the_values_of_another_or_on_long_ones() {
    let raws: Vec<String> = vectors().into_iter().flat_map(|(_, vectors)| vectors).map(|vector| vector.raw).collect();
    let long: Vec<String> = ["9", "a", ":", "a.", "1:", "@", "%40", "０", "é", "0x", "000201", "[.]"]
        .iter()
        .map(|part| part.repeat(2_000))
        .collect();
    for &kind in Kind::ALL {
        for raw in raws.iter().chain(&long) {
            if let Ok(found) = Identifier::parse(kind, raw, &ParseOptions::default()) {
                assert!(!found.canonical().is_empty());
            }
        }
    }
}
