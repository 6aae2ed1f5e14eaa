//! What we write, opened with the stock programs alone: every codec, every mode.

use std::ffi::OsString;
use std::io::Cursor;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proxmox_backup::archive::{
    ArchiveReader, ArchiveWriter, Limits, UnpackError, UnpackOptions, decompressor, extension, unpack,
};
use proxmox_backup::collect::{Content, Entry, EntryKind, Metadata};
use proxmox_backup::config::{Archive, Codec, Mode};

const MODES: [Mode; 4] = [Mode::Fast, Mode::Standard, Mode::Maximum, Mode::Ultra];
/// Codec and the filter that undoes it.
const CODECS: [(Codec, &[&str]); 7] = [
    (Codec::None, &["cat"]),
    (Codec::Gzip, &["gzip", "-dc"]),
    (Codec::Pigz, &["gzip", "-dc"]),
    (Codec::Bzip2, &["bzip2", "-dc"]),
    (Codec::Xz, &["xz", "-dc"]),
    (Codec::Lzma, &["lzma", "-dc"]),
    (Codec::Zstd, &["zstd", "-dc"]),
];
const HOLE: u64 = 8 << 20;
/// `user::rw-,user:33:r--,group::r--,mask::r--,other::---` as the kernel keeps it.
const ACL: &[u8] = b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\x21\0\0\0\x04\0\x04\0\xff\xff\xff\xff\
\x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff";
/// `cap_net_raw=ep`, version 2.
const CAPABILITY: &[u8] = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("SKIPPED: {program} is not installed");
        assert!(std::env::var_os("CI").is_none(), "SKIPPED in CI: {program} is not installed");
    }
    found
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

/// Everything that makes life hard for an archive.
fn odd_tree(dir: &Path) {
    let write = |name: &str, content: &[u8]| std::fs::write(dir.join(name), content).unwrap();
    std::fs::create_dir(dir.join("d")).unwrap();
    write("d/plain", b"net0: virtio\n");
    write("d/empty", b"");
    write("d/with blanks\nand a line", b"x");
    write(&format!("d/{}", "n".repeat(255)), b"long");
    std::fs::write(dir.join(OsString::from_vec(b"d/not-utf8-\xff\xfe".to_vec())), "x").unwrap();
    let deep = (0..6).fold(dir.join("d"), |path, _| path.join("p".repeat(100)));
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("deep"), "deep").unwrap();
    std::fs::hard_link(dir.join("d/plain"), dir.join("d/second name")).unwrap();
    std::fs::hard_link(deep.join("deep"), dir.join("d/zz")).unwrap();
    symlink("t".repeat(300), dir.join("d/symlink")).unwrap();
    let sparse = std::fs::File::create(dir.join("d/sparse")).unwrap();
    sparse.set_len(HOLE).unwrap();
    sparse.write_all_at(&[7; 4096], 4 << 20).unwrap();
    write("d/setuid", b"#!");
    write("d/old", b"before 1970");
    write("d/attributes", b"x");
    let attributes = dir.join("d/attributes");
    for (name, value) in [("user.note", &b"a\nb\0c"[..]), ("user.odd=%", b"y"), ("system.posix_acl_access", ACL)] {
        if let Err(error) = xattr::set(&attributes, name, value) {
            eprintln!("{name}: not on this file system: {error}");
        }
    }
    if is_root() {
        lchown(dir.join("d/old"), Some(3_000_000), Some(2_500_000)).unwrap();
        lchown(dir.join("d/symlink"), Some(33), Some(34)).unwrap();
        lchown(dir.join("d/setuid"), Some(5), Some(6)).unwrap();
        let _ = xattr::set(dir.join("d/setuid"), "security.capability", CAPABILITY);
    }
    std::fs::set_permissions(dir.join("d/setuid"), PermissionsExt::from_mode(0o6755)).unwrap();
    std::fs::set_permissions(&deep, PermissionsExt::from_mode(0o2750)).unwrap();
    let set_time = |name: &str, time: std::time::SystemTime| {
        std::fs::File::options().write(true).open(dir.join(name)).unwrap().set_modified(time).unwrap();
    };
    let epoch = std::time::UNIX_EPOCH;
    set_time("d/old", epoch - std::time::Duration::new(86_400, 250_000_000));
    set_time("d/plain", epoch + std::time::Duration::new(1_700_000_000, 123_456_789));
}

/// All paths below, parents first.
fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut names: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in names {
        let is_dir = std::fs::symlink_metadata(&path).unwrap().is_dir();
        found.push(path.clone());
        if is_dir {
            found.extend(walk(&path));
        }
    }
    found
}

fn xattrs(path: &Path) -> Vec<(OsString, Vec<u8>)> {
    if path.is_symlink() {
        return Vec::new();
    }
    let names = xattr::list(path).map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    let mut all: Vec<_> =
        names.into_iter().filter_map(|name| xattr::get(path, &name).unwrap().map(|value| (name, value))).collect();
    all.sort();
    all
}

fn entries(dir: &Path) -> Vec<Entry> {
    let mut firsts = std::collections::HashMap::new();
    walk(dir)
        .into_iter()
        .map(|path| {
            let stat = std::fs::symlink_metadata(&path).unwrap();
            let name = Path::new("/").join(path.strip_prefix(dir).unwrap());
            let first = firsts.entry(stat.ino()).or_insert_with(|| name.clone()).clone();
            let kind = match () {
                () if stat.is_dir() => EntryKind::Directory,
                () if stat.is_symlink() => EntryKind::Symlink(std::fs::read_link(&path).unwrap().into()),
                () if first != name => EntryKind::HardLink(first),
                () => EntryKind::File,
            };
            let meta = Metadata {
                mode: stat.mode() & 0o7777,
                uid: stat.uid(),
                gid: stat.gid(),
                mtime: stat.mtime(),
                mtime_ns: u32::try_from(stat.mtime_nsec()).unwrap(),
                xattrs: if kind == EntryKind::File || kind == EntryKind::Directory {
                    xattrs(&path)
                } else {
                    Vec::new()
                },
                ..Metadata::default()
            };
            let mut entry = Entry::new(name, kind, meta, "r");
            if entry.kind == EntryKind::File {
                let mut content = std::fs::read(&path).unwrap();
                let size = content.len() as u64;
                if size == HOLE {
                    content = content[4 << 20..][..4096].to_vec();
                    entry.regions = Some(vec![(4 << 20, 4096)]);
                }
                entry = entry.with(size, Content::Bytes(Cursor::new(content)));
            }
            entry
        })
        .collect()
}

fn write_archive(from: &Path, to: &Path, codec: Codec, mode: Mode) {
    let settings = Archive { codec, level: 3, mode, threads: 2, bundle: true };
    let mut writer = ArchiveWriter::create(std::fs::File::create(to).unwrap(), &settings, None, 2).unwrap();
    for mut entry in entries(from) {
        (writer, _, _) = writer.append(&mut entry).unwrap();
    }
    assert_eq!(writer.finish().unwrap().entries, walk(from).len() as u64);
}

/// One line of facts per name; both trees must give the same lines.
fn facts(dir: &Path) -> Vec<String> {
    let mut inodes = std::collections::HashMap::new();
    walk(dir)
        .into_iter()
        .map(|path| {
            let stat = std::fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(dir).unwrap().as_os_str().as_bytes().escape_ascii().to_string();
            let inode = inodes.entry(stat.ino()).or_insert_with(|| name.clone()).clone();
            let content = if stat.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
            let sum = content.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
            let link = stat.is_symlink().then(|| std::fs::read_link(&path).unwrap());
            format!(
                "{name} {inode} {:o} {}:{} {}.{:09} {} {sum} {link:?} {:?}",
                stat.mode(),
                stat.uid(),
                stat.gid(),
                stat.mtime(),
                stat.mtime_nsec(),
                content.len(),
                xattrs(&path)
            )
        })
        .collect()
}

fn unpack_with_stock_programs(archive: &Path, filter: &[&str], to: &Path) {
    let input = std::fs::File::open(archive).unwrap();
    let mut decoder = Command::new(filter[0]).args(&filter[1..]).stdin(input).stdout(Stdio::piped()).spawn().unwrap();
    let output = Command::new("tar")
        .args(["-x", "-p", "--numeric-owner", "--acls", "--xattrs", "--xattrs-include=*", "-f", "-", "-C"])
        .arg(to)
        .stdin(decoder.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(decoder.wait().unwrap().success());
}

#[test]
fn stock_programs_restore_every_codec_and_mode() {
    if !is_installed("tar") {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    let source = work.path().join("source");
    std::fs::create_dir(&source).unwrap();
    odd_tree(&source);
    let expected = facts(&source);
    for (codec, filter) in CODECS {
        if !is_installed(filter[0]) {
            continue;
        }
        for mode in MODES {
            let archive = work.path().join(format!("archive{}", extension(codec)));
            let target = work.path().join(format!("{}-{mode:?}", codec.as_str()));
            std::fs::create_dir(&target).unwrap();
            write_archive(&source, &archive, codec, mode);
            unpack_with_stock_programs(&archive, filter, &target);
            for (ours, theirs) in expected.iter().zip(facts(&target)) {
                assert_eq!(*ours, theirs, "{codec:?} {mode:?}");
            }
            assert!(std::fs::metadata(target.join("d/sparse")).unwrap().blocks() * 512 < HOLE, "holes stay holes");
            std::fs::remove_dir_all(target).unwrap();
        }
    }
}

#[test]
fn our_own_unpacking_restores_the_same() {
    let work = tempfile::tempdir().unwrap();
    let (source, target) = (work.path().join("source"), work.path().join("target"));
    std::fs::create_dir(&source).unwrap();
    std::fs::create_dir(&target).unwrap();
    odd_tree(&source);
    let archive = work.path().join("archive.tar.zst");
    write_archive(&source, &archive, Codec::Zstd, Mode::Standard);

    let open = || Ok(decompressor(Codec::Zstd, std::fs::File::open(&archive).unwrap()).unwrap());
    let unpacked: Result<_, UnpackError> = unpack(&open, &target, &|_| true, UnpackOptions::default());

    let unpacked = unpacked.unwrap();
    let warnings = unpacked.issues.iter().filter(|issue| issue.subject != "owners").count();
    assert!(!is_root() || warnings == 0, "{:?}", unpacked.issues);
    if is_root() {
        assert_eq!(facts(&source), facts(&target));
    }
    assert!(std::fs::metadata(target.join("d/sparse")).unwrap().blocks() * 512 < HOLE, "holes stay holes");
    let mut reader = ArchiveReader::new(open().map_err(|_: UnpackError| ()).unwrap(), Limits::default());
    while reader.next_member().unwrap().is_some() {}
    reader.finish().unwrap();
}
