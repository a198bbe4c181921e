//! What the program is made of: the crates that Cargo.lock pins, as `cargo metadata` tells of them.

pub(crate) mod deny;
pub(crate) mod msrv;
pub(crate) mod repro;
pub(crate) mod sbom;

#[cfg(test)]
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::process::cargo;
use crate::{Outcome, root};

/// What ships: the library, the program, the C interface, the Python package.
pub(crate) const SHIPPED: [&str; 4] = ["bisik", "bisik-cli", "bisik-capi", "bisik-python"];

/// Every crate of the workspace with its dependencies, on every platform.
pub(crate) struct Graph {
    packages: BTreeMap<String, Value>,
}

impl Graph {
    /// What Cargo.lock says, and nothing newer.
    pub(crate) fn read() -> Outcome<Self> {
        let output = cargo(&["metadata", "--locked", "--format-version", "1"])
            .output()
            .map_err(|error| format!("cargo metadata: {error}"))?;
        if !output.status.success() {
            return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
        }
        let told: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
        let packages = list(&told["packages"]).map(|package| (text(&package["id"]), package.clone())).collect();
        Ok(Self { packages })
    }

    /// Every package.
    #[cfg(test)]
    pub(crate) fn packages(&self) -> impl Iterator<Item = &Value> {
        self.packages.values()
    }

    /// A member of the workspace, by name.
    pub(crate) fn member(&self, name: &str) -> Outcome<&Value> {
        self.packages
            .values()
            .find(|package| package["name"] == name && package["source"].is_null())
            .ok_or_else(|| format!("the workspace has no {name}"))
    }

    /// A package by name and version.
    pub(crate) fn package(&self, (name, version): &Pinned) -> Outcome<&Value> {
        self.packages
            .values()
            .find(|package| package["name"] == **name && package["version"] == **version)
            .ok_or_else(|| format!("there is no {name} {version}"))
    }
}

/// A crate's name and version.
pub(crate) type Pinned = (String, String);

/// A package and what it is built with on any platform, however far down, tests left out: what each of them needs directly.
///
/// `cargo tree` knows which features are on when this package alone is built; `cargo metadata` joins those of the whole workspace.
pub(crate) fn built_with(name: &str) -> Outcome<BTreeMap<Pinned, BTreeSet<Pinned>>> {
    let arguments = ["tree", "--locked", "--edges", "normal,build", "--target", "all", "--prefix", "depth"];
    let output = cargo(&arguments).args(["--format", " {p}", "--package", name]).output();
    let output = output.map_err(|error| format!("cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut needs: BTreeMap<Pinned, BTreeSet<Pinned>> = BTreeMap::new();
    let mut above: Vec<Pinned> = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let depth = words.next().and_then(|depth| depth.parse::<usize>().ok());
        let pinned = words.next().zip(words.next().and_then(|version| version.strip_prefix('v')));
        let (Some(depth), Some((name, version))) = (depth, pinned) else {
            return Err(format!("cargo tree says {line}"));
        };
        let pinned = (name.to_owned(), version.to_owned());
        above.truncate(depth);
        if let Some(parent) = above.last() {
            needs.entry(parent.clone()).or_default().insert(pinned.clone());
        }
        needs.entry(pinned.clone()).or_default();
        above.push(pinned);
    }
    Ok(needs)
}

/// SHA-256 of every crate from the registry, as Cargo.lock pins it, by name and version.
pub(crate) fn checksums() -> Outcome<BTreeMap<Pinned, String>> {
    let path = root().join("Cargo.lock");
    let lock = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lock: toml::Table = lock.parse().map_err(|error| format!("Cargo.lock: {error}"))?;
    let packages = lock.get("package").and_then(toml::Value::as_array).ok_or("Cargo.lock names no package")?;
    let field = |package: &toml::Value, name: &str| package.get(name)?.as_str().map(str::to_owned);
    let pinned = packages.iter().filter_map(|package| {
        Some(((field(package, "name")?, field(package, "version")?), field(package, "checksum")?))
    });
    Ok(pinned.collect())
}

/// The elements of a list; none if it is none.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text; empty if it is none.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
