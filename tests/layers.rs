//! Promise: the house keeps its one law. A module imports only from a lower floor, by its full path, never through the
//! root facade; modules of one floor do not know each other (`docs/design.md`, The house). The floors are the `// floor N`
//! marks above each `mod`. Rooms have inner floors of their own. Code under `#[cfg(test)]` is free.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

#[path = "layers/law.rs"]
mod law;

fn read(folder: &Path, prefix: &str, sources: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            read(&path, &format!("{name}/"), sources);
        } else if name.ends_with(".rs") {
            sources.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_module_imports_from_lower_floors_only() {
    let mut sources = BTreeMap::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut sources);
    assert!(sources.len() > 50, "the sources were not found");
    let found = law::findings(&sources);
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

/// A small house that keeps the law; each test spoils one file.
fn house(spoilt: &[(&str, &str)]) -> Vec<String> {
    let lib = "// floor 0\nmod error;\n// floor 1\nmod codec;\n// floor 1\nmod time;\n// floor 2\nmod crypto;\n\
               // floor 3\nmod feed;\npub use feed::Feed;";
    let files = [
        ("lib.rs", lib),
        ("error.rs", "pub enum Error { A }"),
        ("codec.rs", "use crate::error::Error; mod inline { fn f() -> super::Error { super::g() } }"),
        ("time.rs", "use crate::error::{self, Error};"),
        (
            "crypto/mod.rs",
            "// floor 1\nmod mac;\n// floor 2\nmod sign;\n// floor 0\n/// An item.\n#[derive(Debug)]\npub struct Own;\npub use mac::Mac;",
        ),
        ("crypto/mac.rs", "use blake3::Hasher; use crate::time; use crate::crypto::Own;"),
        ("crypto/sign.rs", "use crate::crypto::mac::Mac; use super::mac; fn f() { crate::codec::g(\"crate::feed\") }"),
        ("feed.rs", "use crate::crypto::Mac; #[cfg(test)] mod tests { use super::*; use crate::Feed; } // crate::Feed"),
    ];
    let mut sources: BTreeMap<_, _> = files.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    sources.extend(spoilt.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    law::findings(&sources)
}

#[track_caller]
fn one_finding(file: &str, text: &str, part: &str) {
    let found = house(&[(file, text)]);
    assert!(found.len() == 1 && found[0].starts_with(file) && found[0].contains(part), "{found:?}");
}

#[test]
fn a_lawful_house_has_no_findings() {
    assert_eq!(house(&[]), Vec::<String>::new());
}

#[test]
fn imports_from_higher_and_equal_floors_are_found() {
    one_finding("error.rs", "use crate::codec::Reader;", "`codec` is on floor 1, `error` on floor 0");
    one_finding("codec.rs", "fn f() { crate::time::now() }", "floor 1");
    one_finding("codec.rs", "use super::feed::Feed;", "floor 3");
    one_finding("codec.rs", "use super::super::feed;", "floor 3");
    one_finding("codec.rs", "use crate::{error::Error, feed::{Outline as _}};", "crate::feed::Outline");
}

#[test]
fn groups_globs_macros_and_inline_modules_do_not_hide_an_import() {
    assert_eq!(house(&[("codec.rs", "use crate::{error::Error, feed::{A, B}, time};")]).len(), 3);
    one_finding("codec.rs", "use crate::time::*;", "`time`");
    one_finding("codec.rs", "macro_rules! m { () => { $crate::feed::f() } }", "`feed`");
    one_finding("codec.rs", "mod a { mod b { use super::super::super::feed::Feed; } }", "`feed`");
    one_finding("codec.rs", "fn f() { assert_eq!(1, crate::time::one()); }", "`time`");
}

#[test]
fn imports_through_a_facade_are_found() {
    one_finding("codec.rs", "use crate::Feed;", "root facade");
    one_finding("codec.rs", "use crate::*;", "root facade");
    one_finding("codec.rs", "use bisik::Feed;", "root facade");
    one_finding("crypto/sign.rs", "use crate::crypto::Mac;", "own room's facade");
    one_finding("crypto/sign.rs", "use super::*;", "own room's facade");
}

#[test]
fn unsafe_code_may_stand_in_one_room_alone() {
    let lib = "// floor 0\nmod error;\n// floor 0\nmod simd;\n// floor 1\nmod codec;\n// floor 1\nmod time;\n\
               // floor 2\nmod crypto;\n// floor 3\nmod feed;";
    let house = |codec: &str, inner: &str| {
        let simd = ("simd/mod.rs", "// floor 0\nmod batch;");
        house(&[("lib.rs", lib), simd, ("simd/batch.rs", inner), ("codec.rs", codec)])
    };
    assert_eq!(house("", "fn f() { unsafe { g() } }"), Vec::<String>::new());
    let found = house("mod simd { fn f() { unsafe { g() } } }", "fn f() { unsafe { g() } }");
    assert!(found.len() == 1 && found[0].starts_with("codec.rs:1: `unsafe`"), "{found:?}");
}

#[test]
fn a_room_has_floors_of_its_own() {
    one_finding("crypto/mac.rs", "use crate::crypto::sign::Key;", "`sign` is on floor 2, `mac` on floor 1");
    one_finding("crypto/mac.rs", "use super::sign::Key;", "`sign`");
    one_finding("crypto/mac.rs", "use crate::feed::Feed;", "`feed` is on floor 3, `crypto` on floor 2");
}

#[test]
fn a_module_without_a_mark_is_found() {
    one_finding("crypto/mod.rs", "// floor 1\nmod mac;\n\nmod sign;\n// floor 0\nstruct Own;", "`mod sign;` has no");
    assert_eq!(house(&[("codec.rs", "mod lists;"), ("codec/lists.rs", "")]).len(), 1);
    assert_eq!(house(&[("codec.rs", "// floor 0\nmod lists;"), ("codec/lists.rs", "")]), Vec::<String>::new());
}

#[test]
fn crypto_crates_unsafe_code_and_the_host_are_found_where_they_must_not_be() {
    one_finding("codec.rs", "use sha2::{Sha256};", "crypto crate");
    one_finding("feed.rs", "fn f() { ::blake3::hash(b\"\"); }", "crypto crate");
    one_finding("feed.rs", "use chacha20poly1305 as cipher;", "crypto crate");
    one_finding("crypto/mac.rs", "fn f() { unsafe { g() } }", "unsafe");
    one_finding("feed.rs", "unsafe fn f() {}", "unsafe");
    one_finding("codec.rs", "use std::{fs::File, fmt};", "no file");
    one_finding("codec.rs", "fn f() { std::time::Instant::now(); }", "no file");
}
