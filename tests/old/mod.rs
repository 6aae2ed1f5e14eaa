//! Backups in the formats of the two older tools, built when a test runs, with the programs those
//! tools called: tar, the compressors, split, sha256sum.

mod bash;
mod proxsave;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use bash::{Bash, COMPRESSIONS as BASH_COMPRESSIONS};
pub(crate) use proxsave::{COMPRESSIONS as PROXSAVE_COMPRESSIONS, LAYOUTS, Layout, ProxSave};

/// What the files of the host hold.
pub(crate) const STORAGE: &[u8] = b"dir: local\n\tpath /var/lib/vz\n";
/// Bytes of a piece; the tools take 10 MiB, the format is the same.
pub(crate) const PIECE: usize = 64 * 1024;

/// The content of the file that is cut into pieces: three and a half.
pub(crate) fn large() -> Vec<u8> {
    (0..PIECE * 7 / 2).map(|at| u8::try_from(at * 31 % 251).unwrap() ^ u8::try_from(at / PIECE).unwrap()).collect()
}

/// A staging directory with some files of a host.
pub(crate) fn stage(dir: &Path) {
    for folder in ["etc/pve", "etc/network", "var/lib/db", "root"] {
        std::fs::create_dir_all(dir.join(folder)).unwrap();
    }
    write(dir, "etc/pve/storage.cfg", STORAGE, 0o640);
    write(dir, "etc/hostname", b"node1\n", 0o644);
    write(dir, "etc/network/interfaces", b"auto lo\n", 0o644);
    write(dir, "root/twin", STORAGE, 0o600);
    write(dir, "var/lib/db/large.db", &large(), 0o600);
    std::os::unix::fs::symlink("hostname", dir.join("etc/own-link")).unwrap();
}

pub(crate) fn write(dir: &Path, name: &str, content: &[u8], mode: u32) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// Runs a program and demands that it succeeds; gives its output.
pub(crate) fn run(program: &str, arguments: &[&str], dir: &Path) -> Vec<u8> {
    let output = Command::new(program).args(arguments).current_dir(dir).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    output.stdout
}

/// The hash as sha256sum prints it, with the path it was given.
pub(crate) fn checksum_line(archive: &Path) -> String {
    String::from_utf8(run("sha256sum", &[archive.to_str().unwrap()], Path::new("/"))).unwrap()
}

pub(crate) fn hash(archive: &Path) -> String {
    checksum_line(archive).split(' ').next().unwrap().to_owned()
}

/// Cuts a staged file as both tools did: `split`, original deleted, empty marker.
fn cut(stage: &Path, name: &str, first: u32, digits: u32) {
    let folder = stage.join("chunked_files").join(name);
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    let (suffixes, length) = (format!("--numeric-suffixes={first}"), format!("--suffix-length={digits}"));
    let prefix = format!("chunked_files/{name}.");
    let arguments = [&suffixes, &length, "--additional-suffix=.chunk", "-b", &PIECE.to_string(), name, &prefix];
    run("split", &arguments.map(|argument: &str| argument), stage);
    std::fs::remove_file(stage.join(name)).unwrap();
    write(stage, &format!("{name}.chunked"), b"", 0o644);
}

/// Beside a file: its path with something behind it.
pub(crate) fn beside(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}
