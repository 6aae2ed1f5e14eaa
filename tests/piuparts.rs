//! Debian's own judge of packages: installed, upgraded, removed and purged, nothing may be left of it.

use std::process::Command;

use crate::package::{is_there, package};
use crate::sample::skip;

fn passes_in(suite: &str) {
    if !nix::unistd::geteuid().is_root() {
        return skip("piuparts needs root");
    }
    let needed = ["piuparts", "dpkg-scanpackages", "mmdebstrap", "dpkg-buildpackage", "dh"];
    if let Some(missing) = needed.into_iter().find(|program| !is_there(program)) {
        return skip(&format!("piuparts looks at no package without {missing}: make deps"));
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/piuparts.sh");

    let output = Command::new("sh").arg(script).arg(package()).arg(suite).output().unwrap();

    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let passed = ["Installation and purging test.", "Installation, upgrade and purging tests.", "All tests."];
    assert_eq!(said.lines().collect::<Vec<_>>(), passed.map(|test| format!("PASS: {test}")));
}

#[test]
fn the_package_leaves_nothing_on_debian_12() {
    passes_in("bookworm");
}

#[test]
fn the_package_leaves_nothing_on_debian_13() {
    passes_in("trixie");
}
