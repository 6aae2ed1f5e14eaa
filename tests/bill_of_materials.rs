//! What the program is made of: debian/copyright and the bill of materials name every crate that is
//! linked, and nothing is linked whose licence asks for more than we give.
//! `examples/bill_of_materials` makes both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use self::licence::Licence;
use crate::sample::skip;

#[path = "../examples/bill_of_materials/licence.rs"]
mod licence;
#[path = "../examples/bill_of_materials/notice.rs"]
mod notice;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(top().join(path)).unwrap()
}

fn said(command: &mut Command) -> String {
    let output = command.current_dir(top()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn bill_of_materials() -> String {
    let tests = std::env::current_exe().unwrap();
    let maker = tests.ancestors().nth(2).unwrap().join("examples/bill_of_materials");
    assert!(maker.exists(), "{} is missing: cargo build --example bill_of_materials", maker.display());
    said(Command::new(maker).arg("cyclonedx").env_remove("SOURCE_DATE_EPOCH"))
}

/// Name and version of each crate that Cargo links, ours aside.
fn linked() -> BTreeSet<(String, String)> {
    let tree = said(Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())).args([
        "tree",
        "--locked",
        "--offline",
        "--edges=normal,no-proc-macro",
        "--target=x86_64-unknown-linux-gnu",
        "--prefix=none",
        "--format={p}",
    ]));
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    });
    crates.filter(|(name, _)| name != env!("CARGO_PKG_NAME")).collect()
}

/// The paragraphs of debian/copyright, each a list of fields.
fn paragraphs() -> Vec<BTreeMap<String, String>> {
    let mut paragraphs = Vec::new();
    for paragraph in text("debian/copyright").split("\n\n") {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in paragraph.lines() {
            match fields.last_mut().filter(|_| line.starts_with(' ')) {
                Some((_, value)) => value.extend(["\n", line.trim()]),
                None => fields.push(line.split_once(':').map(|(n, v)| (n.to_owned(), v.trim().to_owned())).unwrap()),
            }
        }
        paragraphs.push(fields.into_iter().collect());
    }
    paragraphs
}

#[test]
fn each_linked_crate_has_one_paragraph_of_the_copyright_file() {
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for paragraph in paragraphs() {
        for pattern in paragraph.get("Files").into_iter().flat_map(|files| files.split_whitespace()) {
            if let Some(name) = pattern.strip_prefix("crates/").and_then(|path| path.strip_suffix("/*")) {
                if !name.contains('/') {
                    *named.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
    }

    let expected: BTreeMap<String, usize> = linked().into_iter().map(|(name, _)| (name, 1)).collect();
    assert!(expected.len() > 100, "{expected:?}");
    assert_eq!(named, expected, "make docs writes debian/copyright");
}

#[test]
fn each_paragraph_has_holders_and_each_licence_a_text() {
    let (files, others): (Vec<_>, Vec<_>) =
        paragraphs().into_iter().partition(|paragraph| paragraph.contains_key("Files"));
    let mut used = BTreeSet::new();
    for paragraph in &files {
        let field = &paragraph["License"];
        assert!(paragraph["Copyright"].len() > 3, "{paragraph:?}");
        assert!(!field.contains("GPL") && !field.contains('\n'), "{paragraph:?}");
        used.extend(field.replace(", and ", " or ").replace(" and ", " or ").split(" or ").map(str::to_owned));
    }
    let texts: BTreeMap<&str, &str> =
        others.iter().filter_map(|paragraph| paragraph.get("License")?.split_once('\n')).collect();

    assert_eq!(used, texts.keys().map(|name| (*name).to_owned()).collect());
    assert!(texts.values().all(|text| text.len() > 80), "{texts:?}");
}

#[test]
fn a_licence_is_reduced_to_what_we_accept() {
    let accepted = ["MIT", "Apache-2.0", "ISC", "Apache-2.0 with LLVM exception"].map(str::to_owned).into();
    let reduced = |text: &str| {
        let (licence, left_out) = Licence::parse(text)?.reduced(&accepted)?;
        assert!(licence.names().is_subset(&accepted), "{licence:?}");
        Ok::<_, String>((licence.field(), left_out.into_iter().collect::<Vec<_>>().join(" ")))
    };
    for (text, field, left_out) in [
        ("MIT", "MIT", ""),
        ("Apache-2.0/MIT", "MIT or Apache-2.0", ""),
        ("Apache-2.0 OR ISC OR MIT", "MIT or ISC or Apache-2.0", ""),
        ("Apache-2.0 OR GPL-2.0-only", "Apache-2.0", "GPL-2.0-only"),
        ("Apache-2.0 AND ISC", "Apache-2.0 and ISC", ""),
        ("(Apache-2.0 OR MIT) AND ISC", "MIT or Apache-2.0, and ISC", ""),
        ("(GPL-3.0 OR MIT) AND ISC", "MIT and ISC", "GPL-3.0"),
        ("MIT OR Apache-2.0 AND ISC", "MIT or Apache-2.0 and ISC", ""),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 with LLVM exception", ""),
    ] {
        assert_eq!(reduced(text), Ok((field.to_owned(), left_out.to_owned())), "{text}");
    }
    for refused in
        ["", "GPL-3.0-only", "MIT AND AGPL-3.0", "AGPL-3.0 OR GPL-3.0", "custom", "MIT OR", "(MIT", "MIT)", "OR"]
    {
        assert!(reduced(refused).is_err(), "{refused}");
    }
}

#[test]
fn a_notice_is_told_from_the_sentences_of_a_licence() {
    for (line, holder, years) in [
        ("Copyright (c) 2014-2026, The Authors. All rights reserved.", "The Authors", Some((2014, 2026))),
        ("// Copyright 2015, 2017 Somebody Else <else@example.org>", "Somebody Else", Some((2015, 2017))),
        ("Copyright © 2020-2024 Unicode, Inc.", "Unicode, Inc.", Some((2020, 2024))),
        ("Copyright 2017-NOW Team", "Team", Some((2017, 2017))),
        ("Copyright (c) 2018 by ärger", "ärger", Some((2018, 2018))),
        ("Copyright (c) Individual contributors", "Individual contributors", None),
    ] {
        assert_eq!(notice::notice(line), Some((holder.to_owned(), years)), "{line}");
    }
    for line in [
        "copyright notice that is included in or attached to the work",
        "Copyright [yyyy] [name of copyright owner]",
        "Copyright {yyyy} {name of copyright owner}",
        "Copyright (C) <year>  <name of author>",
        "COPYRIGHT AND PERMISSION NOTICE",
        "Copyrights in this project are retained by their holders.",
        "Copyright",
        "Copyright (c) 2018",
    ] {
        assert_eq!(notice::notice(line), None, "{line}");
    }
}

#[test]
fn the_bill_of_materials_names_what_is_linked() {
    let text = bill_of_materials();
    assert_eq!(text, bill_of_materials(), "the same sources, other bytes");
    let bill: Value = serde_json::from_str(&text).unwrap();
    let components = bill["components"].as_array().unwrap();
    let word = |of: &Value, key: &str| of[key].as_str().unwrap_or_default().to_owned();

    let named: BTreeSet<(String, String)> =
        components.iter().map(|one| (word(one, "name"), word(one, "version"))).collect();
    assert_eq!(named, linked());
    assert_eq!(word(&bill["metadata"]["component"], "version"), env!("CARGO_PKG_VERSION"));
    let lock = self::text("Cargo.lock");
    for one in components {
        let (name, version) = (word(one, "name"), word(one, "version"));
        let at = lock.find(&format!("name = \"{name}\"\nversion = \"{version}\"\n")).unwrap();
        let entry = lock[at..].split("\n\n").next().unwrap();
        assert!(entry.contains(&format!("checksum = \"{}\"", word(&one["hashes"][0], "content"))), "{name} {version}");
        assert!(!word(&one["licenses"][0], "expression").is_empty(), "{name} {version}");
    }
    let carried: Vec<String> = components
        .iter()
        .flat_map(|one| one["components"].as_array().into_iter().flatten())
        .map(|part| word(part, "purl"))
        .collect();
    let starts = ["pkg:generic/xz@5.", "pkg:generic/sqlite@3.", "pkg:generic/zstd@1."];
    assert!(
        carried.len() == 3 && carried.iter().zip(starts).all(|(purl, start)| purl.starts_with(start)),
        "{carried:?}"
    );
}

#[test]
fn everything_in_the_bill_of_materials_is_reached_from_the_program() {
    let bill: Value = serde_json::from_str(&bill_of_materials()).unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let edges: BTreeMap<String, Vec<String>> = bill["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (word(&one["ref"]), one["dependsOn"].as_array().unwrap().iter().map(word).collect()))
        .collect();
    let mut open = vec![word(&bill["metadata"]["component"]["bom-ref"])];
    let mut reached = BTreeSet::new();
    while let Some(one) = open.pop() {
        open.extend(edges[&one].iter().filter(|next| !reached.contains(*next)).cloned());
        reached.insert(one);
    }

    assert_eq!(reached, edges.into_keys().collect());
    assert_eq!(reached.len(), bill["components"].as_array().unwrap().len() + 1);
}

/// By its own schema, and by the licences and expressions that SPDX knows.
#[test]
fn the_bill_of_materials_is_valid() {
    let python = top().join("target/cyclonedx/bin/python");
    if !python.exists() {
        return skip("the bill of materials needs the schema of CycloneDX: make deps");
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bill.json");
    std::fs::write(&file, bill_of_materials()).unwrap();

    said(Command::new(python).args(["-c", VALIDATE]).arg(&file));
}

const VALIDATE: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
with open(sys.argv[1]) as bill:
    sys.exit(JsonStrictValidator(SchemaVersion.V1_5).validate_str(bill.read()) and 'it is not valid')
";
