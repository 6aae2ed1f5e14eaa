//! The bill of materials: what is in the program, in which version, from where, under which licence.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::Outcome;
use crate::crates::{Crate, Id};

/// A C library that a crate brings and builds: a crate's own number says nothing of its weaknesses.
struct Carried {
    by: &'static str,
    name: &'static str,
    licence: &'static str,
    /// Who makes it and what it is called where weaknesses are listed.
    listed: (&'static str, &'static str),
    version: fn(&Path) -> Outcome<String>,
}

const CARRIED: [Carried; 3] = [
    Carried {
        by: "libsqlite3-sys",
        name: "sqlite",
        licence: "blessing",
        listed: ("sqlite", "sqlite"),
        version: |dir| defined(&dir.join("sqlite3/sqlite3.h"), &["SQLITE_VERSION"]),
    },
    Carried {
        by: "liblzma-sys",
        name: "xz",
        licence: "0BSD",
        listed: ("tukaani", "xz"),
        version: |dir| {
            let parts = ["LZMA_VERSION_MAJOR", "LZMA_VERSION_MINOR", "LZMA_VERSION_PATCH"];
            defined(&dir.join("xz/src/liblzma/api/lzma/version.h"), &parts)
        },
    },
    Carried {
        by: "zstd-sys",
        name: "zstd",
        licence: "BSD-3-Clause",
        listed: ("facebook", "zstandard"),
        version: |dir| {
            let parts = ["ZSTD_VERSION_MAJOR", "ZSTD_VERSION_MINOR", "ZSTD_VERSION_RELEASE"];
            defined(&dir.join("zstd/lib/zstd.h"), &parts)
        },
    },
];

/// The document as JSON. Its number comes from its content.
pub(crate) fn document(linked: &BTreeMap<Id, Crate>, date: Option<&str>) -> Outcome<String> {
    let (own_id, own) = linked
        .iter()
        .find(|((name, _), _)| name == env!("CARGO_PKG_NAME"))
        .ok_or("the program's own package is missing")?;
    let mut metadata = json!({
        "component": {
            "type": "application",
            "bom-ref": reference(own_id),
            "name": own_id.0,
            "version": own_id.1,
            "description": own.description,
            "licenses": [{ "expression": own.licence }],
            "purl": reference(own_id),
        },
    });
    if let Some(date) = date {
        metadata["timestamp"] = json!(date);
    }
    let mut components = Vec::new();
    for (id, found) in linked.iter().filter(|(id, _)| *id != own_id) {
        components.push(component(id, found)?);
    }
    let dependencies: Vec<Value> = linked
        .iter()
        .map(|(id, found)| {
            let on: Vec<String> = found.needs.iter().map(reference).collect();
            json!({ "ref": reference(id), "dependsOn": on })
        })
        .collect();
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": dependencies,
    });
    document["serialNumber"] = json!(serial_number(&document.to_string()));
    Ok(serde_json::to_string_pretty(&document)?)
}

fn component(id: &Id, found: &Crate) -> Outcome<Value> {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(id),
        "name": id.0,
        "version": id.1,
        "scope": "required",
        "licenses": [{ "expression": found.licence.replace('/', " OR ") }],
        "purl": reference(id),
    });
    let sum = found.sha256.as_ref().ok_or_else(|| format!("Cargo.lock has no checksum of {}", id.0))?;
    component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    if !found.authors.is_empty() {
        let names: Vec<&str> = found.authors.iter().filter_map(|author| author.split(" <").next()).collect();
        component["author"] = json!(names.join(", "));
    }
    if let Some(description) = &found.description {
        component["description"] = json!(description.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    if let Some(address) = &found.repository {
        component["externalReferences"] = json!([{ "type": "vcs", "url": address }]);
    }
    let mut carried = Vec::new();
    for part in CARRIED.iter().filter(|part| part.by == id.0) {
        let version = (part.version)(&found.source)?;
        let (maker, product) = part.listed;
        let purl = format!("pkg:generic/{}@{version}", part.name);
        carried.push(json!({
            "type": "library",
            "bom-ref": purl,
            "name": part.name,
            "version": version,
            "licenses": [{ "license": { "id": part.licence } }],
            "cpe": format!("cpe:2.3:a:{maker}:{product}:{version}:*:*:*:*:*:*:*"),
            "purl": purl,
        }));
    }
    if !carried.is_empty() {
        component["components"] = json!(carried);
    }
    Ok(component)
}

/// The package URL, which is unique and so the reference as well. Ours is in no registry.
fn reference((name, version): &Id) -> String {
    let kind = if name == env!("CARGO_PKG_NAME") { "generic" } else { "cargo" };
    format!("pkg:{kind}/{name}@{}", version.replace('+', "%2B"))
}

/// The values of these `#define`s, joined by dots.
fn defined(header: &Path, names: &[&str]) -> Outcome<String> {
    let text = std::fs::read_to_string(header).map_err(|cause| format!("{}: {cause}", header.display()))?;
    let value = |name: &str| {
        let mut lines = text.lines().map(str::split_whitespace);
        lines.find_map(|mut words| {
            let is_meant = words.next() == Some("#define") && words.next() == Some(name);
            is_meant.then(|| words.next()).flatten().map(|value| value.trim_matches('"').to_owned())
        })
    };
    let values: Option<Vec<String>> = names.iter().copied().map(value).collect();
    Ok(values.ok_or_else(|| format!("{} does not define {names:?}", header.display()))?.join("."))
}

/// A UUID of the free form (version 8) made of a digest.
fn serial_number(content: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, content.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_ref()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
