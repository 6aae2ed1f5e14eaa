//! Round trips, hostile archives, and everything that must stay outside.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use tar::{EntryType, Header};

use super::{
    ArchiveReader, Existing, Limits, ReadError, Rights, UnpackError, UnpackOptions, Unpacked, padding, unpack,
};

/// An archive made header by header, of whatever an enemy likes.
#[derive(Default)]
struct Hostile(Vec<u8>);

impl Hostile {
    fn put(mut self, kind: EntryType, [name, link]: [&[u8]; 2], content: &[u8], mode: u32) -> Self {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        let ustar = header.as_ustar_mut().unwrap();
        ustar.name[..name.len()].copy_from_slice(name);
        ustar.linkname[..link.len()].copy_from_slice(link);
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_mtime(1_000_000_000);
        header.set_uid(12345);
        header.set_gid(54321);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len() + padding(content.len() as u64), 0);
        self
    }

    fn file(self, name: &str, content: &str) -> Self {
        self.put(EntryType::Regular, [name.as_bytes(), b""], content.as_bytes(), 0o644)
    }

    fn dir(self, name: &str, mode: u32) -> Self {
        self.put(EntryType::Directory, [name.as_bytes(), b""], b"", mode)
    }

    fn link(self, kind: EntryType, name: &str, target: &str) -> Self {
        self.put(kind, [name.as_bytes(), target.as_bytes()], b"", 0o777)
    }

    fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

fn options(existing: Existing) -> UnpackOptions {
    UnpackOptions { existing, ..UnpackOptions::default() }
}

fn unpack_all(bytes: &[u8], to: &Path) -> Result<Unpacked, UnpackError> {
    unpack_some(bytes, to, &|_| true)
}

fn unpack_some(bytes: &[u8], to: &Path, select: &dyn Fn(&[u8]) -> bool) -> Result<Unpacked, UnpackError> {
    unpack(&|| Ok(bytes), to, select, options(Existing::Keep))
}

/// `outside/secret` beside `inside`, which is unpacked to.
fn place() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("inside")).unwrap();
    std::fs::create_dir(dir.path().join("outside")).unwrap();
    std::fs::write(dir.path().join("outside/secret"), "precious").unwrap();
    dir
}

fn untouched(dir: &Path) {
    let names = |path: &Path| std::fs::read_dir(path).unwrap().count();
    assert_eq!(names(dir), 2);
    assert_eq!(names(&dir.join("outside")), 1);
    assert_eq!(std::fs::read(dir.join("outside/secret")).unwrap(), b"precious");
    assert_eq!(std::fs::metadata(dir.join("outside/secret")).unwrap().nlink(), 1);
}

#[test]
fn nothing_leaves_the_directory() {
    let absolute = place();
    let outside = absolute.path().join("outside").display().to_string();
    for (what, archive) in [
        ("upwards", Hostile::default().file("../outside/new", "x")),
        ("upwards later", Hostile::default().file("a/../../outside/new", "x")),
        ("absolute", Hostile::default().file(&format!("{outside}/new"), "x")),
        ("file through symlink", Hostile::default().link(EntryType::Symlink, "l", "../outside").file("l/new", "x")),
        ("file over symlink", Hostile::default().link(EntryType::Symlink, "l", "../outside/new").file("l", "x")),
        ("directory over symlink", Hostile::default().link(EntryType::Symlink, "l", &outside).dir("l", 0o777)),
        ("link upwards", Hostile::default().link(EntryType::Link, "l", "../outside/secret").file("l", "x")),
        ("absolute link", Hostile::default().link(EntryType::Link, "l", &format!("{outside}/secret"))),
        (
            "link through symlink",
            Hostile::default().link(EntryType::Symlink, "s", "../outside").link(EntryType::Link, "l", "s/secret"),
        ),
        (
            "link to symlink, then file",
            Hostile::default()
                .link(EntryType::Symlink, "s", "../outside/secret")
                .link(EntryType::Link, "l", "s")
                .file("l", "x"),
        ),
        ("device", Hostile::default().link(EntryType::Char, "d", "")),
        ("block device", Hostile::default().link(EntryType::Block, "d", "")),
        ("fifo", Hostile::default().link(EntryType::Fifo, "d", "")),
        ("unknown", Hostile::default().put(EntryType::new(b'Z'), [b"z", b""], b"x", 0o644)),
    ] {
        for existing in [Existing::Keep, Existing::Replace] {
            let dir = if what.starts_with("absolute") { absolute.path() } else { &place().keep() };
            let inside = dir.join("inside");
            let bytes = archive.0.clone();
            let bytes = Hostile(bytes).file("after", "reached").end();
            let unpacked: Result<Unpacked, UnpackError> =
                unpack(&|| Ok(&bytes[..]), &inside, &|_| true, options(existing));
            let unpacked = unpacked.unwrap();
            // Replacing what the same archive has made is no offence.
            assert!(!unpacked.issues.is_empty() || existing == Existing::Replace, "{what}");
            untouched(dir);
            assert_eq!(std::fs::read(inside.join("after")).unwrap(), b"reached", "{what}");
            for entry in std::fs::read_dir(&inside).unwrap() {
                let kind = entry.unwrap().file_type().unwrap();
                assert!(kind.is_file() || kind.is_symlink() || kind.is_dir(), "{what}");
            }
            if dir == absolute.path() {
                std::fs::remove_file(inside.join("after")).unwrap();
            } else {
                std::fs::remove_dir_all(dir).unwrap();
            }
        }
    }
}

#[test]
fn a_hard_link_never_reaches_what_was_there_before() {
    let dir = place();
    let inside = dir.path().join("inside");
    std::fs::write(inside.join("old"), "mine").unwrap();
    let bytes = Hostile::default().link(EntryType::Link, "l", "old").end();
    let unpacked = unpack_all(&bytes, &inside).unwrap();
    assert_eq!(unpacked.issues.len(), 1);
    assert!(!inside.join("l").exists());
    assert_eq!(std::fs::metadata(inside.join("old")).unwrap().nlink(), 1);
}

#[test]
fn what_is_there_stays_unless_replacing_is_asked_for() {
    let dir = place();
    let inside = dir.path().join("inside");
    std::fs::write(inside.join("a"), "old").unwrap();
    let bytes = Hostile::default().file("a", "new").file("b", "one").file("b", "two").end();

    let kept = unpack_all(&bytes, &inside).unwrap();
    assert_eq!(std::fs::read(inside.join("a")).unwrap(), b"old");
    assert_eq!(std::fs::read(inside.join("b")).unwrap(), b"one", "a duplicate is refused");
    assert_eq!(kept.issues.iter().filter(|issue| issue.reason.contains("file exists")).count(), 2);

    let replaced: Result<_, UnpackError> = unpack(&|| Ok(&bytes[..]), &inside, &|_| true, options(Existing::Replace));
    assert!(replaced.unwrap().issues.iter().all(|issue| issue.subject == "owners"));
    assert_eq!(std::fs::read(inside.join("a")).unwrap(), b"new");
    assert_eq!(std::fs::read(inside.join("b")).unwrap(), b"two");
    assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 2, "no temporary name is left");
}

#[test]
fn without_root_nothing_gets_the_rights_of_somebody_else() {
    let dir = place();
    let inside = dir.path().join("inside");
    let bytes = Hostile::default().put(EntryType::Regular, [b"su", b""], b"x", 0o6755).end();
    let rights = UnpackOptions { rights: Rights::User, ..UnpackOptions::default() };
    let unpacked: Result<_, UnpackError> = unpack(&|| Ok(&bytes[..]), &inside, &|_| true, rights);
    let meta = std::fs::metadata(inside.join("su")).unwrap();
    assert_eq!(meta.permissions().mode() & 0o7777, 0o755);
    assert_ne!(meta.uid(), 12345);
    assert_eq!(unpacked.unwrap().issues.len(), 1, "said once");
}

#[test]
fn parents_that_are_not_selected_get_their_own_metadata_or_roots() {
    let dir = place();
    let inside = dir.path().join("inside");
    let bytes = Hostile::default()
        .dir("known/", 0o750)
        .file("known/unknown/wanted", "x")
        .file("known/other", "x")
        .dir("known/empty", 0o700)
        .end();
    let unpacked = unpack_some(&bytes, &inside, &|name| name == b"known/unknown/wanted").unwrap();
    let mode = |name: &str| std::fs::metadata(inside.join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("known"), mode("known/unknown"), mode("known/unknown/wanted")), (0o750, 0o755, 0o644));
    assert_eq!((unpacked.files, unpacked.directories), (1, 2));
    assert!(!inside.join("known/other").exists() && !inside.join("known/empty").exists());
    assert_eq!(std::fs::metadata(inside.join("known")).unwrap().mtime(), 1_000_000_000);
}

#[test]
fn a_link_gets_its_content_when_its_first_name_is_not_selected() {
    let dir = place();
    let inside = dir.path().join("inside");
    let bytes = Hostile::default()
        .file("first", "content")
        .link(EntryType::Link, "second", "first")
        .link(EntryType::Link, "third", "first")
        .link(EntryType::Link, "orphan", "nowhere")
        .end();
    let unpacked = unpack_some(&bytes, &inside, &|name| name != b"first").unwrap();
    assert_eq!(std::fs::read(inside.join("second")).unwrap(), b"content");
    let (second, third) = (std::fs::metadata(inside.join("second")), std::fs::metadata(inside.join("third")));
    assert_eq!(second.unwrap().ino(), third.unwrap().ino());
    assert!(!inside.join("first").exists() && !inside.join("orphan").exists());
    let orphan = unpacked.issues.iter().find(|issue| issue.subject == "orphan").unwrap();
    assert!(orphan.reason.contains("nowhere"));
}

#[test]
fn a_link_before_its_first_name_still_becomes_the_same_file() {
    let dir = place();
    let inside = dir.path().join("inside");
    let bytes = Hostile::default().link(EntryType::Link, "link", "first").file("first", "content").end();
    unpack_all(&bytes, &inside).unwrap();
    let (link, first) = (std::fs::metadata(inside.join("link")), std::fs::metadata(inside.join("first")));
    assert_eq!(link.unwrap().ino(), first.unwrap().ino());
}

#[test]
fn a_cut_off_archive_is_an_error_and_leaves_no_half_file() {
    let bytes = Hostile::default().file("whole", "x").file("half", &"y".repeat(2000)).end();
    for length in [0, 100, 512, 1024, 1536, 2100, bytes.len() - 1, bytes.len() - 512, bytes.len() - 1024] {
        let dir = place();
        let inside = dir.path().join("inside");
        let error = unpack_all(&bytes[..length], &inside).unwrap_err();
        assert!(matches!(error, UnpackError::Read(ReadError::CutOff { .. })), "{length}: {error}");
        assert!(length > 3500 || !inside.join("half").exists(), "{length}");
    }
}

#[test]
fn a_full_disk_ends_the_run_and_is_recognised() {
    let error =
        UnpackError::File(crate::system::FileError::of::<nix::errno::Errno>("write", "/x")(nix::errno::Errno::ENOSPC));
    assert!(error.is_full());
    assert!(!UnpackError::TooMuch.is_full());
}

#[test]
fn bombs_and_giant_headers_are_refused_before_they_cost_anything() {
    let refused = |bytes: &[u8], limits: Limits| {
        let mut reader = ArchiveReader::new(bytes, limits);
        let error = loop {
            match reader.next_member() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("accepted"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ReadError::TooMuch { .. }), "{error}");
    };
    let claims = |size: u64, kind: EntryType| {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.as_old_mut().name[0] = b'x';
        header.set_size(size);
        header.set_mode(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        header.as_bytes().to_vec()
    };
    refused(&claims(1 << 60, EntryType::Regular), Limits::default());
    for kind in [EntryType::XHeader, EntryType::XGlobalHeader, EntryType::GNULongName, EntryType::GNULongLink] {
        refused(&claims(1 << 40, kind), Limits::default());
    }
    let many = (0..20).fold(Hostile::default(), |archive, n| archive.file(&n.to_string(), "")).end();
    refused(&many, Limits { entries: 10, ..Limits::default() });
    let packed = Limits { packed_bytes: Some(10), ..Limits::default() };
    refused(&claims(5 << 30, EntryType::Regular), packed);
    let name = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n40 GNU.sparse.realsize=9000000000000000\n";
    let holes = Hostile::default().put(EntryType::XHeader, [b"x", b""], name, 0).put(
        EntryType::Regular,
        [b"holes", b""],
        &[&b"1\n9000000000000000\n0\n"[..], &[0; 491]].concat(),
        0,
    );
    refused(&holes.end(), Limits::default());
}

#[test]
fn a_symlink_at_the_destination_is_not_written_through() {
    let dir = place();
    let inside = dir.path().join("inside");
    symlink("../outside", inside.join("etc")).unwrap();
    let bytes = Hostile::default().file("etc/secret", "x").dir("etc", 0o777).end();
    for existing in [Existing::Keep, Existing::Replace] {
        let unpacked: Result<_, UnpackError> = unpack(&|| Ok(&bytes[..]), &inside, &|_| true, options(existing));
        assert!(unpacked.unwrap().issues.len() >= 2);
        assert_eq!(std::fs::read(dir.path().join("outside/secret")).unwrap(), b"precious");
        assert_eq!(std::fs::read_dir(dir.path().join("outside")).unwrap().count(), 1);
    }
}
