//! Archives of other tools, round trips through our own writer, and damage.

use std::ffi::OsString;
use std::io::{Cursor, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;

use super::{ArchiveReader, Limits, Member, MemberKind, Piece, ReadError, TarWriter, acl_to_text};
use crate::collect::{Content, Entry, EntryKind, Metadata};

/// Members with their contents, holes filled.
fn read_all(bytes: &[u8]) -> Result<Vec<(Member, Vec<u8>)>, ReadError> {
    let limits = Limits { total_bytes: 256 << 20, ..Limits::default() };
    let mut reader = ArchiveReader::new(bytes, limits);
    let mut members = Vec::new();
    while let Some(member) = reader.next_member()? {
        let mut content = Vec::new();
        reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ReadError> {
            match piece {
                Piece::Data(bytes) => content.extend_from_slice(bytes),
                Piece::Hole(length) => content.resize(content.len() + usize::try_from(length).unwrap(), 0),
            }
            Ok(())
        })?;
        assert_eq!(content.len() as u64, member.size);
        members.push((member, content));
    }
    reader.finish()?;
    Ok(members)
}

/// Runs the stock tar; `None` when there is none.
fn tar(dir: &Path, args: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("tar").arg("-C").arg(dir).args(args).output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
            Some(output.stdout)
        }
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "SKIPPED in CI: tar: {error}");
            eprintln!("SKIPPED: tar is not installed");
            None
        }
    }
}

/// Files that each dialect can hold, and more where it can.
fn odd_tree(dir: &Path, long_names: bool) {
    std::fs::create_dir(dir.join("sub")).unwrap();
    std::fs::write(dir.join("sub/plain"), "content\n").unwrap();
    std::fs::write(dir.join("sub/empty"), "").unwrap();
    std::fs::write(dir.join("sub/blocks"), vec![b'b'; 1024]).unwrap();
    symlink("plain", dir.join("sub/symlink")).unwrap();
    std::fs::hard_link(dir.join("sub/plain"), dir.join("sub/zlink")).unwrap();
    std::fs::write(dir.join(OsString::from_vec(b"sub/not\xffutf8\nline".to_vec())), "odd").unwrap();
    if long_names {
        let deep = dir.join("sub").join("d".repeat(120)).join("e".repeat(120));
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("f".repeat(255)), "deep").unwrap();
        symlink("t".repeat(300), dir.join("sub/longlink")).unwrap();
    }
}

/// Whether the members are what lies in the directory.
fn same_as_tree(members: &[(Member, Vec<u8>)], dir: &Path) {
    for (member, content) in members {
        let path = dir.join(std::ffi::OsStr::from_bytes(&member.path));
        let stat = std::fs::symlink_metadata(&path).unwrap();
        assert_eq!(member.mode, stat.mode() & 0o7777, "{path:?}");
        assert_eq!((member.uid, member.gid), (stat.uid(), stat.gid()), "{path:?}");
        assert_eq!(member.mtime, stat.mtime(), "{path:?}");
        match member.kind {
            MemberKind::File => assert!(*content == std::fs::read(&path).unwrap(), "{path:?}"),
            MemberKind::Directory => assert!(stat.is_dir()),
            MemberKind::Symlink => {
                assert_eq!(std::fs::read_link(&path).unwrap().as_os_str().as_bytes(), member.link, "{path:?}");
            }
            MemberKind::HardLink => {
                let first = std::fs::metadata(dir.join(std::ffi::OsStr::from_bytes(&member.link))).unwrap();
                assert_eq!(stat.ino(), first.ino());
            }
            kind => panic!("{kind:?}"),
        }
    }
}

#[test]
fn archives_of_gnu_tar_read_right() {
    for (format, long_names) in [("gnu", true), ("oldgnu", true), ("pax", true), ("ustar", false), ("v7", false)] {
        let dir = tempfile::tempdir().unwrap();
        odd_tree(dir.path(), long_names);
        let format = format!("--format={format}");
        for start in ["sub", "./sub", "."] {
            let Some(bytes) = tar(dir.path(), &["-c", &format, start]) else { return };
            let members = read_all(&bytes).unwrap();
            let expected = if long_names { 11 } else { 7 } + usize::from(start == ".");
            assert_eq!(members.len(), expected, "{format} {start}");
            same_as_tree(&members, dir.path());
        }
    }
}

#[test]
fn sparse_files_of_gnu_tar_read_right() {
    let dir = tempfile::tempdir().unwrap();
    for (name, regions, size) in [
        ("start", 0..3, 10_000_000),
        ("end", 5..6, 20_480),
        ("many", 0..60, 4_000_000),
        ("nothing", 0..0, 5_000_000),
        ("odd", 1..2, 9_999_999),
    ] {
        use std::os::unix::fs::FileExt;
        let file = std::fs::File::create(dir.path().join(name)).unwrap();
        file.set_len(size).unwrap();
        for region in regions {
            file.write_all_at(format!("data {region}").as_bytes(), region * 65_536 % size).unwrap();
        }
    }
    for form in [
        &["--format=gnu"][..],
        &["--format=oldgnu"],
        &["--format=pax", "--sparse-version=0.0"],
        &["--format=pax", "--sparse-version=0.1"],
        &["--format=pax", "--sparse-version=1.0"],
    ] {
        let Some(bytes) = tar(dir.path(), &[&["-c", "--sparse"], form, &["."]].concat()) else { return };
        assert!(bytes.len() < 3_000_000, "{form:?} is really sparse");
        let members = read_all(&bytes).unwrap();
        assert_eq!(members.len(), 6, "{form:?}");
        same_as_tree(&members, dir.path());
    }
}

#[test]
fn times_owners_and_attributes_of_gnu_tar_read_right() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x"), "x").unwrap();
    let has_xattr = xattr::set(dir.path().join("x"), "user.a=b%", b"line\nline\0=").is_ok();
    for format in ["pax", "gnu"] {
        let format = format!("--format={format}");
        let args = ["-c", &format, "--xattrs", "--mtime=@-5.5", "--owner=joe:3000000", "--group=users:100", "x"];
        let args: Vec<&str> = args.into_iter().filter(|arg| *arg != "--xattrs" || format.ends_with("pax")).collect();
        let Some(bytes) = tar(dir.path(), &args) else { return };
        let members = read_all(&bytes).unwrap();
        let member = &members[0].0;
        assert_eq!((member.uid, member.gid), (3_000_000, 100));
        assert_eq!((member.user.as_str(), member.group.as_str()), ("joe", "users"));
        if format.ends_with("pax") {
            assert_eq!((member.mtime, member.mtime_ns), (-6, 500_000_000));
            assert!(!has_xattr || member.xattrs == [(b"user.a=b%".to_vec(), b"line\nline\0=".to_vec())]);
        } else {
            assert_eq!((member.mtime, member.mtime_ns), (-6, 0));
        }
    }
}

/// Written by Go's archive/tar as the Go tool does it: PAX for every entry, names from `./`.
#[test]
fn archives_of_go_read_right() {
    let packed = include_bytes!("../../tests/archives/go-pax.tar.gz");
    let mut bytes = Vec::new();
    super::Decompressor::new(crate::config::Codec::Gzip, &packed[..]).read_to_end(&mut bytes).unwrap();
    let members = read_all(&bytes).unwrap();
    let paths: Vec<_> = members.iter().map(|(member, _)| String::from_utf8(member.path.clone()).unwrap()).collect();
    assert_eq!(paths, ["etc".to_owned(), format!("etc/{}", "ü".repeat(120)), "etc/l".into(), "etc/h".into()]);
    let (long, content) = &members[1];
    assert_eq!((long.mode, long.uid, content.as_slice()), (0o640, 3_000_000, &b"hello"[..]));
    assert_eq!((long.mtime, long.mtime_ns), (1_700_000_000, 123_456_789));
    assert_eq!(members[2].0.link, vec![b't'; 150]);
    assert_eq!((members[3].0.kind, members[3].0.link.as_slice()), (MemberKind::HardLink, &b"etc/l"[..]));
}

#[test]
fn an_end_mark_must_be_there_with_nothing_behind_it() {
    let mut writer = TarWriter::new(Vec::new());
    writer.append(&mut file("/a", b"content")).unwrap();
    let whole = writer.finish().unwrap();
    assert_eq!(read_all(&whole).unwrap().len(), 1);
    assert_eq!(read_all(&[&whole[..], &[0; 9000]].concat()).unwrap().len(), 1);
    for damaged in [whole[..whole.len() - 512].to_vec(), [&whole[..], b"x"].concat(), [&whole[..], &whole[..]].concat()]
    {
        assert!(read_all(&damaged).is_err());
    }
    for length in 0..whole.len() {
        assert!(matches!(read_all(&whole[..length]), Err(ReadError::CutOff { .. })), "{length}");
    }
    assert!(read_all(&[]).is_err());
}

#[test]
fn every_changed_byte_of_a_header_is_noticed_or_harmless() {
    let mut writer = TarWriter::new(Vec::new());
    writer.append(&mut file("/a", b"content")).unwrap();
    let whole = writer.finish().unwrap();
    for at in 0..512 {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        // The last two bytes of the checksum field are a terminator.
        assert!(read_all(&damaged).is_err() || (154..156).contains(&at), "byte {at}");
    }
}

fn file(path: &str, content: &[u8]) -> Entry {
    Entry::new(path, EntryKind::File, Metadata::generated(0o640, 7), "r")
        .with(content.len() as u64, Content::Bytes(Cursor::new(content.to_vec())))
}

fn a_name() -> impl Strategy<Value = Vec<u8>> {
    let segment = proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'='), Just(0xff), 0x20..0x7f_u8], 1..200)
        .prop_map(|segment| segment.into_iter().map(|byte| if byte == b'/' { b'_' } else { byte }).collect::<Vec<u8>>())
        .prop_filter("a real segment", |segment| segment != b"." && segment != b"..");
    proptest::collection::vec(segment, 1..5).prop_map(|segments| segments.join(&b'/'))
}

fn a_kind() -> impl Strategy<Value = EntryKind> {
    let path = |bytes: Vec<u8>| OsString::from_vec(bytes);
    prop_oneof![
        Just(EntryKind::File),
        Just(EntryKind::Directory),
        a_name().prop_map(move |name| EntryKind::Symlink(path(name))),
        a_name().prop_map(move |name| EntryKind::HardLink(PathBuf::from(path([&b"/"[..], &name].concat())))),
    ]
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let xattr = ("[a-z=%.]{1,20}", proptest::collection::vec(any::<u8>(), 0..100))
        .prop_map(|(name, value)| (OsString::from(format!("user.{name}")), value));
    let acl = b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\x21\0\0\0\x04\0\x04\0\xff\xff\xff\xff\x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff".to_vec();
    assert!(acl_to_text(&acl).is_some());
    let acl = (OsString::from("system.posix_acl_access"), acl);
    let xattrs = (proptest::collection::btree_map("[a-z=%.]{1,20}", xattr, 0..4), any::<bool>()).prop_map(
        move |(named, with_acl)| {
            let mut all: std::collections::BTreeMap<_, _> = named.into_values().collect();
            all.extend(with_acl.then(|| acl.clone()));
            all.into_iter().collect::<Vec<_>>()
        },
    );
    (0..0o10000_u32, any::<u32>(), any::<u32>(), any::<i64>(), 0..1_000_000_000_u32, xattrs, "[a-zé]{0,50}").prop_map(
        |(mode, uid, gid, mtime, mtime_ns, xattrs, user)| Metadata {
            mode,
            uid,
            gid,
            user: user.clone(),
            group: user,
            mtime: mtime / 4,
            mtime_ns,
            xattrs,
        },
    )
}

/// Gaps and lengths of data, and whether the file is stored with its holes.
type Shape = (Vec<(u16, u16)>, bool);

fn an_entry() -> impl Strategy<Value = (Vec<u8>, EntryKind, Metadata, Shape)> {
    (a_name(), a_kind(), metadata(), (proptest::collection::vec((0..5000_u16, 1..5000_u16), 0..6), any::<bool>()))
}

fn build(name: &[u8], kind: &EntryKind, meta: &Metadata, (pieces, with_holes): &Shape) -> (Entry, Vec<u8>) {
    let path = OsString::from_vec([b"/", name].concat());
    let entry = Entry::new(path, kind.clone(), meta.clone(), "r");
    if *kind != EntryKind::File {
        return (entry, Vec::new());
    }
    let (mut regions, mut logical, mut stored) = (Vec::new(), Vec::new(), Vec::new());
    for (gap, length) in pieces {
        let gap = if *with_holes { usize::from(*gap) } else { 0 };
        logical.resize(logical.len() + gap, 0);
        let data = vec![b'd'; usize::from(*length)];
        regions.push((logical.len() as u64, data.len() as u64));
        logical.extend_from_slice(&data);
        stored.extend_from_slice(&data);
    }
    if *with_holes {
        logical.resize(logical.len() + 777, 0);
    }
    let mut entry = entry.with(logical.len() as u64, Content::Bytes(Cursor::new(stored)));
    entry.regions = with_holes.then_some(regions);
    (entry, logical)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_equal(entries in proptest::collection::vec(an_entry(), 0..6)) {
        let mut writer = TarWriter::new(Vec::new());
        let mut expected = Vec::new();
        for (name, kind, meta, shape) in &entries {
            let (mut entry, content) = build(name, kind, meta, shape);
            writer.append(&mut entry).unwrap();
            expected.push((name, kind, meta, content));
        }
        let read = read_all(&writer.finish().unwrap()).unwrap();
        prop_assert_eq!(read.len(), expected.len());
        for ((member, content), (name, kind, meta, wanted)) in read.iter().zip(expected) {
            prop_assert_eq!(&member.path, name);
            let link: Vec<u8> = match kind {
                EntryKind::Symlink(target) => target.as_bytes().to_vec(),
                EntryKind::HardLink(first) => first.as_os_str().as_bytes()[1..].to_vec(),
                _ => Vec::new(),
            };
            prop_assert_eq!(&member.link, &link);
            prop_assert_eq!(
                (member.mode, member.uid, member.gid, member.mtime, member.mtime_ns),
                (meta.mode, meta.uid, meta.gid, meta.mtime, meta.mtime_ns)
            );
            prop_assert_eq!((&member.user, &member.group), (&meta.user, &meta.group));
            let xattrs: Vec<_> = meta.xattrs.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.clone())).collect();
            prop_assert_eq!(&member.xattrs, &xattrs);
            prop_assert!(*content == wanted);
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4000)) {
        let _ = read_all(&bytes);
    }

    #[test]
    fn mutated_archives_never_panic(
        entries in proptest::collection::vec(an_entry(), 1..3),
        changes in proptest::collection::vec((any::<u32>(), any::<u8>()), 1..6),
        digits in any::<bool>(),
    ) {
        let mut writer = TarWriter::new(Vec::new());
        for (name, kind, meta, shape) in &entries {
            writer.append(&mut build(name, kind, meta, shape).0).unwrap();
        }
        let mut bytes = writer.finish().unwrap();
        let mut blocks = std::collections::BTreeSet::new();
        for (at, value) in changes {
            let at = at as usize % bytes.len();
            bytes[at] = if digits { b'0' + value % 10 } else { value };
            blocks.insert(at / 512);
        }
        // With the checksums right again, the damage reaches what lies behind them.
        for block in blocks {
            let block = &mut bytes[block * 512..(block + 1) * 512];
            if &block[257..262] == b"ustar" {
                block[148..156].fill(b' ');
                let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
                block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
        }
        let _ = read_all(&bytes);
    }
}
