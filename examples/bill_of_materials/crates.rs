//! The crates that are linked into the program, and what Cargo knows about each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Outcome;

/// The other architectures link the same ones.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Name and version.
pub(crate) type Id = (String, String);

/// One crate in one version.
#[derive(Debug)]
pub(crate) struct Crate {
    /// As in its manifest: an SPDX expression, or the older form with a slash.
    pub(crate) licence: String,
    pub(crate) authors: Vec<String>,
    pub(crate) description: Option<String>,
    pub(crate) repository: Option<String>,
    /// Where its source lies.
    pub(crate) source: PathBuf,
    /// Of the package that the registry gives; the program itself has none.
    pub(crate) sha256: Option<String>,
    pub(crate) needs: BTreeSet<Id>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    authors: Vec<String>,
    description: Option<String>,
    repository: Option<String>,
    manifest_path: PathBuf,
}

/// The program's package and all that is linked into it: what compiles, derives or tests is not.
pub(crate) fn linked(top: &Path) -> Outcome<BTreeMap<Id, Crate>> {
    let sums = checksums(&std::fs::read_to_string(top.join("Cargo.lock"))?);
    let metadata = cargo(top, &["metadata", "--format-version=1", "--filter-platform", TARGET])?;
    let metadata: Metadata = serde_json::from_str(&metadata)?;
    let mut edges = edges(top)?;
    let mut linked = BTreeMap::new();
    for package in metadata.packages {
        let id = (package.name, package.version);
        // Cargo's metadata has crates of optional features that are off as well: its tree has not.
        let Some(needs) = edges.remove(&id) else { continue };
        let Some(licence) = package.license else { return Err(format!("{} {} names no licence", id.0, id.1).into()) };
        let found = Crate {
            licence,
            authors: package.authors,
            description: package.description,
            repository: package.repository,
            source: package.manifest_path.parent().ok_or("a manifest lies nowhere")?.to_path_buf(),
            sha256: sums.get(&id).cloned(),
            needs,
        };
        linked.insert(id, found);
    }
    match edges.first_key_value() {
        Some((id, _)) => Err(format!("cargo metadata does not know {} {}", id.0, id.1).into()),
        None => Ok(linked),
    }
}

/// Each linked crate with those it needs itself.
fn edges(top: &Path) -> Outcome<BTreeMap<Id, BTreeSet<Id>>> {
    let wanted = ["tree", "--edges=normal,no-proc-macro", "--target", TARGET, "--prefix=depth", "--format= {p}"];
    let mut edges: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    // A crate on each level above the present line.
    let mut path: Vec<Id> = Vec::new();
    for line in cargo(top, &wanted)?.lines() {
        let mut words = line.split_whitespace();
        let (Some(depth), Some(name), Some(version)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("cargo tree prints: {line}").into());
        };
        let id = (name.to_owned(), version.trim_start_matches('v').to_owned());
        path.truncate(depth.parse()?);
        if let Some(above) = path.last() {
            edges.entry(above.clone()).or_default().insert(id.clone());
        }
        edges.entry(id.clone()).or_default();
        path.push(id);
    }
    Ok(edges)
}

fn cargo(top: &Path, arguments: &[&str]) -> Outcome<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).args(["--locked", "--offline"]).current_dir(top).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("cargo {}: {}", arguments[0], String::from_utf8_lossy(&output.stderr)).into())
}

/// The SHA-256 of each package in Cargo.lock.
fn checksums(lock: &str) -> BTreeMap<Id, String> {
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'));
        line.map(str::to_owned)
    };
    lock.split("[[package]]")
        .filter_map(|block| Some(((value(block, "name")?, value(block, "version")?), value(block, "checksum")?)))
        .collect()
}
