//! `cargo xtask sbom`: a bill of materials for each thing that ships, in CycloneDX 1.5.
//!
//! The same Cargo.lock gives the same bytes: there is no time in it, and the serial number is made of the content. It lists what the
//! crate is built with on any platform, with the SHA-256 that Cargo.lock pins; what only tests use is left out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::supply::{Graph, Pinned, SHIPPED, built_with, checksums, list, text};
use crate::{Outcome, target};

/// Writes `target/sbom/NAME.cdx.json` for everything that ships.
pub(crate) fn sbom() -> Outcome {
    let folder = target().join("sbom");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let graph = Graph::read()?;
    for name in SHIPPED {
        let path: PathBuf = folder.join(format!("{name}.cdx.json"));
        let bill = bill(&graph, name)?;
        std::fs::write(&path, written(&bill)?).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{}: {} components", path.display(), list(&bill["components"]).count());
    }
    Ok(())
}

fn written(bill: &Value) -> Outcome<String> {
    Ok(serde_json::to_string_pretty(bill).map_err(|error| error.to_string())? + "\n")
}

/// The bill of one crate.
pub(crate) fn bill(graph: &Graph, name: &str) -> Outcome<Value> {
    let checksums = checksums()?;
    let needs = built_with(name)?;
    let others = needs.keys().filter(|pinned| pinned.0 != name);
    let components = others.map(|pinned| component(graph.package(pinned)?, &checksums)).collect::<Outcome<Vec<_>>>()?;
    let dependencies: Vec<_> = needs
        .iter()
        .map(|(pinned, needs)| json!({"ref": purl(pinned), "dependsOn": needs.iter().map(purl).collect::<Vec<_>>()}))
        .collect();
    let mut subject = component(graph.member(name)?, &checksums)?;
    subject["type"] = if name == "bisik-cli" { "application" } else { "library" }.into();
    let mut bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": subject},
        "components": components,
        "dependencies": dependencies,
    });
    let serial = serial(&written(&bill)?);
    bill["serialNumber"] = serial.into();
    Ok(bill)
}

fn component(package: &Value, checksums: &BTreeMap<Pinned, String>) -> Outcome<Value> {
    let pinned = (text(&package["name"]), text(&package["version"]));
    let mut component = json!({
        "type": "library",
        "bom-ref": purl(&pinned),
        "name": pinned.0,
        "version": pinned.1,
        "purl": purl(&pinned),
        // The old way of writing OR is no SPDX.
        "licenses": [{"expression": text(&package["license"]).replace(" / ", " OR ").replace('/', " OR ")}],
    });
    if !package["source"].is_null() {
        let hash = checksums.get(&pinned).ok_or_else(|| format!("Cargo.lock pins no hash of {}", pinned.0))?;
        component["hashes"] = json!([{"alg": "SHA-256", "content": hash}]);
    }
    if let Some(repository) = package["repository"].as_str() {
        component["externalReferences"] = json!([{"type": "vcs", "url": repository}]);
    }
    Ok(component)
}

/// `pkg:cargo/NAME@VERSION` (package-url specification); what follows `+` in a version is written in per cent.
fn purl((name, version): &Pinned) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

/// A UUID (RFC 9562 §5.8, version 8) made of the content.
fn serial(content: &str) -> String {
    let hash = digest(content);
    format!("urn:uuid:{}-{}-8{}-a{}-{}", &hash[..8], &hash[8..12], &hash[13..16], &hash[17..20], &hash[20..32])
}

/// A BLAKE3 hash in hexadecimal.
fn digest(content: &str) -> String {
    blake3::hash(content.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Closed downwards and upwards: what a listed crate's manifest needs without condition is listed, and each one listed is needed
    /// by another.
    #[test]
    fn a_bill_lists_exactly_what_is_locked_for_what_ships() {
        let graph = Graph::read().unwrap();
        let pinned = checksums().unwrap();
        for name in SHIPPED {
            let needs = built_with(name).unwrap();
            let bill = bill(&graph, name).unwrap();
            let listed: BTreeSet<Pinned> = list(&bill["components"])
                .chain([&bill["metadata"]["component"]])
                .map(|component| (text(&component["name"]), text(&component["version"])))
                .collect();
            assert_eq!(listed, needs.keys().cloned().collect());
            assert!(listed.len() > 50, "{name}");
            let names: BTreeSet<&str> = listed.iter().map(|pinned| pinned.0.as_str()).collect();
            let mut declared = BTreeSet::from([name.to_owned()]);
            for package in listed.iter().map(|pinned| graph.package(pinned).unwrap()) {
                for needed in list(&package["dependencies"]).filter(|needed| needed["kind"] != "dev") {
                    let needed_name = text(&needed["name"]);
                    let always = needed["optional"] == false && needed["target"].is_null();
                    assert!(!always || names.contains(needed_name.as_str()), "{name}: {needed_name} is missing");
                    declared.insert(needed_name);
                }
                let key = (text(&package["name"]), text(&package["version"]));
                assert!(package["source"].is_null() || pinned.contains_key(&key), "{key:?} is not locked");
            }
            assert!(names.iter().all(|name| declared.contains(*name)), "{name} lists what nothing needs");
            assert!(!names.contains("divan"), "{name} lists what tests use");
        }
    }

    #[test]
    fn bills_have_the_fields_that_the_format_asks_for() {
        let graph = Graph::read().unwrap();
        for name in SHIPPED {
            let bill = bill(&graph, name).unwrap();
            assert_eq!(
                (&bill["bomFormat"], &bill["specVersion"], &bill["version"]),
                (&json!("CycloneDX"), &json!("1.5"), &json!(1))
            );
            let serial = text(&bill["serialNumber"]);
            let groups: Vec<_> = serial.strip_prefix("urn:uuid:").unwrap().split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12]);
            let mut refs = BTreeSet::from([text(&bill["metadata"]["component"]["bom-ref"])]);
            for component in list(&bill["components"]) {
                assert!(refs.insert(text(&component["bom-ref"])), "references are unique");
                assert_eq!(component["type"], "library");
                let purl = text(&component["purl"]);
                let (crate_name, version) = purl.strip_prefix("pkg:cargo/").unwrap().split_once('@').unwrap();
                assert_eq!(
                    (crate_name, version.replace("%2B", "+")),
                    (component["name"].as_str().unwrap(), text(&component["version"]))
                );
                spdx::Expression::parse(component["licenses"][0]["expression"].as_str().unwrap()).unwrap();
                if !crate_name.starts_with("bisik") {
                    let hash = &component["hashes"][0];
                    assert!(hash["alg"] == "SHA-256" && hash["content"].as_str().unwrap().len() == 64, "{crate_name}");
                }
            }
            for dependency in list(&bill["dependencies"]) {
                assert!(refs.contains(dependency["ref"].as_str().unwrap()));
                assert!(list(&dependency["dependsOn"]).all(|needed| refs.contains(needed.as_str().unwrap())));
            }
            assert_eq!(list(&bill["dependencies"]).count(), refs.len());
        }
    }

    #[test]
    fn the_same_lock_file_gives_the_same_bytes() {
        let made = || written(&bill(&Graph::read().unwrap(), "bisik").unwrap()).unwrap();
        assert_eq!(made(), made());
    }
}
