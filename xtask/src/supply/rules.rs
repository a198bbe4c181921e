//! Promise: what is built comes from crates.io under licences of deny.toml's list, and from no crate that it bans; compilers as old as
//! stated will do.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Graph, built_with, checksums, list, text};
use crate::root;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn rules() -> toml::Table {
    std::fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

fn texts(value: &toml::Value) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Whether one can keep to a licence expression with the allowed licences alone.
fn allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX).unwrap();
    expression.evaluate(|request| allowed.contains(&request.to_string()))
}

/// The packages that break a rule on licences.
fn unlicensed<'a>(packages: impl Iterator<Item = &'a Value>, rules: &toml::Table) -> Vec<String> {
    let list = texts(&rules["licenses"]["allow"]);
    let exceptions = rules["licenses"]["exceptions"].as_array().unwrap();
    let fits = |package: &Value| {
        let mut list = list.clone();
        for exception in exceptions.iter().filter(|exception| exception["name"].as_str() == package["name"].as_str()) {
            list.extend(texts(&exception["allow"]));
        }
        package["license"].as_str().is_some_and(|licence| allowed(licence, &list))
    };
    packages.filter(|package| !fits(package)).map(|package| text(&package["name"])).collect()
}

/// The packages that are banned, or come from elsewhere.
fn strangers<'a>(packages: impl Iterator<Item = &'a Value>, rules: &toml::Table) -> Vec<String> {
    let banned: BTreeSet<_> =
        rules["bans"]["deny"].as_array().unwrap().iter().map(|ban| ban["name"].as_str().unwrap()).collect();
    let fits = |package: &Value| {
        !banned.contains(text(&package["name"]).as_str())
            && package["source"].as_str().is_none_or(|source| source == REGISTRY)
    };
    packages.filter(|package| !fits(package)).map(|package| text(&package["name"])).collect()
}

#[test]
fn licences_are_on_the_list() {
    let graph = Graph::read().unwrap();
    assert_eq!(unlicensed(graph.packages(), &rules()), Vec::<String>::new());
    let planted = [
        serde_json::json!({"name": "a", "license": "GPL-3.0-only"}),
        serde_json::json!({"name": "b", "license": "MIT AND GPL-3.0-only"}),
        serde_json::json!({"name": "c", "license": "GPL-3.0-only OR MIT"}),
        serde_json::json!({"name": "d", "license": null}),
        serde_json::json!({"name": "cbindgen", "license": "MPL-2.0"}),
        serde_json::json!({"name": "e", "license": "MPL-2.0"}),
    ];
    assert_eq!(unlicensed(planted.iter(), &rules()), ["a", "b", "d", "e"]);
}

#[test]
fn crates_come_from_the_registry_and_none_is_banned_where_it_ships() {
    let graph = Graph::read().unwrap();
    for name in super::SHIPPED {
        let needs = built_with(name).unwrap();
        let shipped = needs.keys().map(|pinned| graph.package(pinned).unwrap());
        assert_eq!(strangers(shipped, &rules()), Vec::<String>::new(), "{name}");
    }
    assert!(graph.packages().all(|package| package["source"].as_str().is_none_or(|source| source == REGISTRY)));
    let planted = [
        serde_json::json!({"name": "a", "source": "git+https://git.example/a"}),
        serde_json::json!({"name": "openssl-sys", "source": REGISTRY}),
        serde_json::json!({"name": "b", "source": REGISTRY}),
        serde_json::json!({"name": "c", "source": "registry+https://crates.example/index"}),
    ];
    assert_eq!(strangers(planted.iter(), &rules()), ["a", "openssl-sys", "c"]);
}

#[test]
fn every_crate_is_pinned_by_its_hash() {
    let pinned = checksums().unwrap();
    for package in Graph::read().unwrap().packages().filter(|package| !package["source"].is_null()) {
        let key = (text(&package["name"]), text(&package["version"]));
        assert!(pinned.get(&key).is_some_and(|hash| hash.len() == 64), "{key:?}");
    }
    for lock in ["fuzz/Cargo.lock", "benches/peers/Cargo.lock"] {
        let lock = std::fs::read_to_string(root().join(lock)).unwrap();
        for line in lock.lines().filter(|line| line.starts_with("source = ")) {
            assert_eq!(line, format!("source = \"{REGISTRY}\""));
        }
    }
}

#[test]
fn no_version_is_left_open() {
    for package in Graph::read().unwrap().packages().filter(|package| package["source"].is_null()) {
        for needed in list(&package["dependencies"]).filter(|needed| needed["path"].is_null()) {
            assert_ne!(needed["req"], "*", "{}: {}", package["name"], needed["name"]);
        }
    }
}

/// A Rust version's first two numbers.
fn minor(version: &str) -> (u64, u64) {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn no_dependency_wants_a_newer_compiler_than_is_stated() {
    let graph = Graph::read().unwrap();
    for name in super::SHIPPED {
        let stated = minor(graph.member(name).unwrap()["rust_version"].as_str().unwrap());
        for package in built_with(name).unwrap().keys().map(|pinned| graph.package(pinned).unwrap()) {
            if let Some(wanted) = package["rust_version"].as_str() {
                assert!(minor(wanted) <= stated, "{name}: {} wants Rust {wanted}", package["name"]);
            }
        }
    }
}
