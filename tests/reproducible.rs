//! The package has the same bytes whoever builds it, wherever and whenever. The program in it is a
//! small one here, so that this is quick; `make reproducible` does it with the real one.

use std::path::Path;
use std::process::Command;

use crate::sample::skip;

/// Answers what `debian/rules` asks of what was built.
const PROGRAM: &str = concat!(
    "#include <stdio.h>\nint main(void) { puts(\"proxmox-backup ",
    env!("CARGO_PKG_VERSION"),
    "\"); return 0; }\n"
);

#[test]
fn two_builds_of_the_package_are_the_same() {
    let is_there = |program: &str| {
        let asked = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
        asked.is_ok_and(|done| done.status.success())
    };
    if let Some(missing) = ["dpkg-buildpackage", "dh", "cc"].into_iter().find(|program| !is_there(program)) {
        return skip(&format!("two builds of the package need {missing}"));
    }
    let dir = tempfile::tempdir().unwrap();
    let (source, program) = (dir.path().join("program.c"), dir.path().join("program"));
    std::fs::write(&source, PROGRAM).unwrap();
    assert!(Command::new("cc").arg("-o").arg(&program).arg(&source).status().unwrap().success());

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("release/reproducible.sh");
    let built = Command::new("sh").arg(script).arg(&program).output().unwrap();

    let said = [String::from_utf8_lossy(&built.stdout), String::from_utf8_lossy(&built.stderr)].concat();
    assert!(built.status.success() && said.contains("both times"), "{said}");
}
