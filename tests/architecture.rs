//! The house rules that a compiler does not know: order of modules, size of files, names,
//! dependencies, one version everywhere, and nothing of the machine it was written on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Lines of a source file, its tests aside.
const LINES_MAX: usize = 400;
const DEPENDENCIES_MAX: usize = 30;
/// Names that say nothing, so that anything ends up in them.
const FORBIDDEN: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc", "manager", "types", "core"];
/// Built, not written.
const BUILT: &[&str] =
    &[".git", "target", "dist", "debian/.debhelper", "debian/cargo_home", "debian/tmp", "debian/proxmox-config-backup"];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

/// Every file of the repository, relative to it. Git is not asked: a release's tarball has none.
fn files_below(dir: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![repository().join(dir)];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap().map(Result::unwrap) {
            let relative = entry.path().strip_prefix(repository()).unwrap().to_path_buf();
            if BUILT.iter().any(|built| relative == Path::new(built)) {
                continue;
            }
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                files.push(relative);
            }
        }
    }
    files.sort();
    files
}

/// Each Rust source with its text up to its tests, which stand last.
fn sources() -> Vec<(PathBuf, String)> {
    files_below("src")
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .filter(|path| !path.file_stem().unwrap().to_str().unwrap().ends_with("tests"))
        .map(|path| {
            let all = text(path.to_str().unwrap());
            let end = all.rfind("\n#[cfg(test)]").unwrap_or(all.len());
            (path, all[..end].to_owned())
        })
        .collect()
}

/// The modules in the order of the map.
fn modules() -> Vec<String> {
    let lines = text("src/lib.rs");
    lines
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

/// `src/host/detect.rs` and `src/host.rs` → `host`.
fn module_of(path: &Path) -> String {
    let first = path.iter().nth(1).unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules that a text names as `crate::module`, comments aside.
fn used_modules(source: &str) -> BTreeSet<String> {
    source
        .lines()
        .map(|line| line.split("//").next().unwrap())
        .flat_map(|code| code.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

/// Names in a section of Cargo.toml.
fn section(name: &str) -> BTreeSet<String> {
    let manifest = text("Cargo.toml");
    manifest
        .lines()
        .skip_while(|line| *line != format!("[{name}]"))
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn a_module_uses_only_what_stands_above_it() {
    let order = modules();
    assert!(order.len() > 5, "src/lib.rs lists no modules: {order:?}");
    let place = |name: &str| order.iter().position(|module| module == name);

    let mut wrong = Vec::new();
    for (path, source) in sources() {
        let module = module_of(&path);
        let Some(own) = place(&module) else { continue };
        for used in used_modules(&source).into_iter().filter(|used| *used != module) {
            match place(&used) {
                Some(other) if other < own => {}
                Some(_) => wrong.push(format!("{}: `{used}` stands below `{module}`", path.display())),
                None => wrong.push(format!("{}: write crate::module, not crate::{used}…", path.display())),
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_is_short() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(path, source)| (path, source.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();

    assert!(long.is_empty(), "more than {LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn a_name_says_something() {
    let wrong: Vec<PathBuf> = files_below("src")
        .into_iter()
        .filter(|path| path.iter().any(|part| FORBIDDEN.contains(&part.to_str().unwrap().trim_end_matches(".rs"))))
        .collect();

    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_dependency_has_its_reason() {
    let normal = section("dependencies");
    let named: BTreeSet<String> = text("docs/decisions/0001-dependencies.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();

    assert!(normal.len() <= DEPENDENCIES_MAX, "{} direct dependencies", normal.len());
    let all: BTreeSet<String> = normal.union(&section("dev-dependencies")).cloned().collect();
    assert_eq!(named, all, "docs/decisions/0001-dependencies.md and Cargo.toml differ");
}

#[test]
fn one_version_everywhere() {
    let crate_version = env!("CARGO_PKG_VERSION");
    let debian = text("debian/changelog");
    let debian_version = debian.split(['(', ')']).nth(1).unwrap();
    let changes = text("CHANGELOG.md");
    let released =
        changes.lines().filter_map(|line| line.strip_prefix("## [")?.split_once(']')).find(|(v, _)| *v != "Unreleased");

    assert_eq!(debian_version, crate_version, "debian/changelog");
    assert_eq!(released.map(|(version, _)| version), Some(crate_version), "CHANGELOG.md");
}

#[test]
fn crates_come_from_the_public_registry() {
    let lock = text("Cargo.lock");
    let others: BTreeSet<&str> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = "))
        .filter(|source| *source != "\"registry+https://github.com/rust-lang/crates.io-index\"")
        .collect();

    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn the_build_names_no_server() {
    let scripts = files_below("tests").into_iter().filter(|path| path.parent() == Some(Path::new("tests")));
    let scripts = scripts.chain(files_below("release"));
    let scripts = scripts.filter(|path| path.extension().is_some_and(|ending| ending == "sh"));
    let build = [".ci/run", ".cargo/config.toml", "Makefile", "debian/rules", "Cargo.toml"].map(PathBuf::from);
    let wrong: Vec<PathBuf> =
        scripts.chain(build).filter(|path| text(path.to_str().unwrap()).contains("://")).collect();

    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn nothing_tells_where_it_was_written() {
    // In pieces, so that this file does not name what it looks for.
    let marks: Vec<String> =
        [["/wo", "rk/"], ["/root/.ca", "rgo"], ["/root/.rus", "tup"], ["/bui", "lds/"], ["artifac", "tory"]]
            .iter()
            .map(|pieces| pieces.concat())
            .collect();
    let mut found = Vec::new();
    for path in files_below("") {
        let bytes = std::fs::read(repository().join(&path)).unwrap();
        let content = String::from_utf8_lossy(&bytes);
        found.extend(marks.iter().filter(|m| content.contains(*m)).map(|m| format!("{}: {m}", path.display())));
    }

    assert!(found.is_empty(), "{}", found.join("\n"));
}
