//! Backups of the older tools, called by path and by name: whole, damaged, hostile.

use std::path::{Path, PathBuf};

use crate::old::{
    BASH_COMPRESSIONS, Bash, LAYOUTS, Layout, PIECE, PROXSAVE_COMPRESSIONS, ProxSave, STORAGE, beside, large, run,
    write,
};
use crate::sample::Sample;

const GZIP: (&str, &str, &str) = (".gz", "gz", "-z");

/// Standard output, standard error and exit code of one call.
fn call(sample: &Sample, arguments: &[&str]) -> (Vec<u8>, String, i32) {
    let output = sample.run(arguments);
    (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code().unwrap())
}

fn backups() -> (Sample, PathBuf) {
    let sample = Sample::empty("old");
    let dir = sample.path("backups");
    std::fs::create_dir(&dir).unwrap();
    (sample, dir)
}

/// Reads a backup in every way; `warnings` is the exit code of unpacking what has lost its owner.
fn reads_like_the_host(sample: &Sample, backup: &Path, tool: &str, warnings: i32) {
    let path = backup.to_str().unwrap();
    let (shown, said, code) = call(sample, &["show", path]);
    let shown = String::from_utf8(shown).unwrap();
    assert_eq!(code, 0, "{path}: {said}");
    assert!(shown.contains(tool) && shown.contains("node1.example.org") && shown.contains("pve"), "{path}: {shown}");
    assert!(shown.contains("2025-11-20 02:00:03") || shown.contains("2026-01-01 02:00:"), "{path}: {shown}");

    let listing = sample.expect(0, &["ls", path]);
    for name in ["/etc/pve/storage.cfg", "/root/twin", "/var/lib/db/large.db", "/etc/own-link -> hostname"] {
        assert!(listing.lines().any(|line| line.ends_with(name)), "{path}: {name}: {listing}");
    }
    for name in ["chunk", "marker", "/manifest.json\n/", " /manifest.json"] {
        assert!(!listing.contains(name), "{path}: {name}: {listing}");
    }
    assert_eq!(call(sample, &["cat", path, "/etc/pve/storage.cfg"]).0, STORAGE, "{path}");
    assert_eq!(call(sample, &["cat", path, "/root/twin"]).0, STORAGE, "{path}");
    assert!(call(sample, &["cat", path, "/var/lib/db/large.db"]).0 == large(), "{path}");

    let to = tempfile::tempdir().unwrap();
    let target = to.path().join("out");
    sample.expect(warnings, &["extract", path, "--to", target.to_str().unwrap()]);
    assert_eq!(std::fs::read(target.join("root/twin")).unwrap(), STORAGE);
    assert!(target.join("root/twin").symlink_metadata().unwrap().is_file());
    assert!(std::fs::read(target.join("var/lib/db/large.db")).unwrap() == large(), "{path}");
    assert!(!target.join("chunked_files").exists(), "{path}");
}

#[test]
fn backups_of_the_bash_tool_read_like_the_host_in_every_compression() {
    let bash = Bash::new().optimised();
    for (extension, option) in BASH_COMPRESSIONS {
        for is_alone in [false, true] {
            let (sample, dir) = backups();
            let archive = bash.pack(&dir, extension, option);
            if is_alone {
                for end in [".sha256", ".metadata"] {
                    std::fs::remove_file(beside(&archive, end)).unwrap();
                }
            }

            reads_like_the_host(&sample, &archive, "bash 0.7.4", 1);

            let (verdict, said, code) = call(&sample, &["verify", archive.to_str().unwrap()]);
            assert_eq!(code, 0, "{option}: {said}");
            assert!(String::from_utf8(verdict).unwrap().contains("whole as far as can be told"));
            assert!(said.contains("may have been normalised"), "{said}");
            assert_eq!(said.contains("checksum file: matches"), !is_alone, "{said}");
            assert_eq!(said.contains("neither a manifest nor a checksum"), is_alone, "{said}");
        }
    }
}

#[test]
fn backups_of_proxsave_read_like_the_host_in_every_compression_and_layout() {
    let proxsave = ProxSave::new().optimised();
    for compression in PROXSAVE_COMPRESSIONS {
        for layout in LAYOUTS {
            let (sample, dir) = backups();
            let backup = proxsave.pack(&dir, compression, layout);

            reads_like_the_host(&sample, &backup, "proxsave 0.30.0", 1);

            let (verdict, said, code) = call(&sample, &["verify", backup.to_str().unwrap()]);
            assert_eq!(code, 0, "{compression:?} {layout:?}: {said}");
            assert!(String::from_utf8(verdict).unwrap().contains("whole as far as can be told"));
            assert_eq!(said.contains("SHA-256 as in the manifest"), layout != Layout::Alone, "{said}");
        }
    }
}

#[test]
fn a_list_names_tool_product_and_time_without_opening_archives() {
    let (sample, dir) = backups();
    Bash::new().pack(&dir, "xz", "-J");
    ProxSave::new().pack(&dir, GZIP, Layout::ManifestLast);
    std::fs::write(dir.join("pbs-backup-b.lan-2024-02-29_23-59-59.tar.zst"), "never opened").unwrap();

    let list = sample.expect(0, &["list", "--all-hosts"]);
    let json = sample.expect(0, &["--json", "list", "--all-hosts"]);

    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[1].contains("2026-01-01 02:00:00  pve 9.1.1") && lines[1].ends_with("proxsave 0.30.0"), "{list}");
    assert!(lines[2].contains("2025-11-20 02:00:03  pve ") && lines[2].ends_with("bash"), "{list}");
    assert!(lines[3].contains("2024-02-29 23:59:59  pbs ") && lines[3].ends_with("no manifest  bash"), "{list}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["backups"][0]["tool"], "proxsave");
    assert_eq!(json["backups"][2]["taken"], "2024-02-29T23:59:59");
}

#[test]
fn a_stream_that_is_not_what_its_extension_says_is_read() {
    let (sample, dir) = backups();
    let archive = Bash::new().pack(&dir, "xz", "-z");

    assert_eq!(call(&sample, &["cat", archive.to_str().unwrap(), "/etc/hostname"]).0, b"node1\n");
    sample.expect(0, &["verify", archive.to_str().unwrap()]);
}

#[test]
fn absolute_names_are_those_below_the_root() {
    let (sample, dir) = backups();
    let stage = tempfile::tempdir().unwrap();
    write(stage.path(), "etc/x", b"x", 0o644);
    let archive = dir.join("a.lan-backup-20260101-020000.tar");
    run("tar", &["--transform=s,^,/,", "-Pcf", archive.to_str().unwrap(), "etc"], stage.path());

    assert_eq!(call(&sample, &["cat", archive.to_str().unwrap(), "/etc/x"]).0, b"x");
    let to = stage.path().join("out");
    sample.expect(0, &["extract", archive.to_str().unwrap(), "--to", to.to_str().unwrap()]);
    assert_eq!(std::fs::read(to.join("etc/x")).unwrap(), b"x");
}

/// Verifies a damaged backup: exit code 8, and these words.
fn is_damaged(sample: &Sample, backup: &Path, words: &str) {
    let (verdict, said, code) = call(sample, &["verify", backup.to_str().unwrap()]);
    assert_eq!(code, 8, "{words}: {said}");
    assert!(String::from_utf8(verdict).unwrap().contains("DAMAGED"));
    assert!(said.contains(words), "{words}: {said}");
}

#[test]
fn a_missing_piece_is_named_and_the_others_are_still_there() {
    for (piece, words) in [("01", "piece 1 is missing"), ("03", "piece 3 is missing")] {
        let (sample, dir) = backups();
        let bash = Bash::new().optimised();
        let name = format!("chunked_files/var/lib/db/large.db.{piece}.chunk");
        std::fs::remove_file(bash.stage.path().join(name)).unwrap();
        let archive = bash.pack(&dir, "gz", "-z");
        let path = archive.to_str().unwrap();

        is_damaged(&sample, &archive, words);
        let (content, said, code) = call(&sample, &["cat", path, "/var/lib/db/large.db"]);
        assert_eq!((content.len(), code), (0, 10), "{said}");
        assert!(said.contains(words), "{said}");
        let to = dir.join("out");
        sample.expect(1, &["extract", path, "--to", to.to_str().unwrap()]);
        assert!(to.join("chunked_files/var/lib/db/large.db.02.chunk").exists());
        assert!(to.join("etc/hostname").exists() && !to.join("var/lib/db/large.db").exists());
    }
}

#[test]
fn other_damage_to_pieces_is_named() {
    for (damage, words) in
        [("all", "none of its pieces"), ("short", "piece 2 has 5 bytes"), ("twice", "piece 2 is there twice")]
    {
        let (sample, dir) = backups();
        let bash = Bash::new().optimised();
        let folder = bash.stage.path().join("chunked_files/var/lib/db");
        match damage {
            "all" => std::fs::remove_dir_all(bash.stage.path().join("chunked_files/var")).unwrap(),
            "short" => std::fs::write(folder.join("large.db.02.chunk"), "short").unwrap(),
            _ => drop(std::fs::copy(folder.join("large.db.02.chunk"), folder.join("large.db.002.chunk")).unwrap()),
        }
        is_damaged(&sample, &bash.pack(&dir, "gz", "-z"), words);
    }
}

#[test]
fn an_end_of_whole_pieces_is_uncertain_and_said() {
    let (sample, dir) = backups();
    let bash = Bash::new().optimised();
    std::fs::remove_file(bash.stage.path().join("chunked_files/var/lib/db/large.db.04.chunk")).unwrap();
    let archive = bash.pack(&dir, "gz", "-z");

    let (_, said, code) = call(&sample, &["verify", archive.to_str().unwrap()]);

    assert_eq!(code, 0);
    assert!(said.contains("whether a piece is missing at its end cannot be told"), "{said}");
}

#[test]
fn a_file_that_could_not_be_cut_is_read_from_the_original() {
    let (sample, dir) = backups();
    let bash = Bash::new().optimised();
    write(bash.stage.path(), "var/lib/db/large.db", b"the original", 0o600);
    let archive = bash.pack(&dir, "gz", "-z");

    assert_eq!(call(&sample, &["cat", archive.to_str().unwrap(), "/var/lib/db/large.db"]).0, b"the original");
}

#[test]
fn damage_to_archive_checksum_and_manifest_is_told_apart() {
    let proxsave = ProxSave::new();
    let (sample, dir) = backups();
    let archive = proxsave.pack(&dir, GZIP, Layout::Trio);
    let whole = std::fs::read(&archive).unwrap();
    let sides = [".manifest.json", ".metadata", ".sha256"].map(|end| beside(&archive, end));
    let [manifest, _, checksum] = sides.clone();
    let saved = std::fs::read_to_string(&manifest).unwrap();

    std::fs::write(&archive, &whole[..whole.len() / 2]).unwrap();
    is_damaged(&sample, &archive, "the gzip stream ends early");
    is_damaged(&sample, &archive, "the manifest says");
    std::fs::write(&archive, &whole).unwrap();
    std::fs::write(&checksum, format!("{}  x\n", "0".repeat(64))).unwrap();
    is_damaged(&sample, &archive, "the checksum file does not match");
    std::fs::write(&checksum, "not a checksum\n").unwrap();
    is_damaged(&sample, &archive, "holds no SHA-256");
    std::fs::remove_file(&checksum).unwrap();
    sample.expect(0, &["verify", archive.to_str().unwrap()]);
    for (manifest_text, words) in [
        (saved.replace("\"archive_size\": ", "\"archive_size\": \"many\", \"x\": "), "the manifest cannot be read"),
        (saved.replace("\"compression_level\": 9", "\"compression_level\": [9]"), "the manifest cannot be read"),
        (saved.replace("\"archive_size\": ", "\"archive_size\": 1"), "bytes, the manifest says"),
        ("hello".to_owned(), "the manifest cannot be read"),
        (String::new(), "the manifest cannot be read"),
    ] {
        std::fs::write(&manifest, manifest_text).unwrap();
        is_damaged(&sample, &archive, words);
        sample.expect(0, &["ls", archive.to_str().unwrap()]);
        sample.expect(0, &["list", "--all-hosts"]);
    }
    let (shown, said, code) = call(&sample, &["show", archive.to_str().unwrap()]);
    assert_eq!(code, 8, "{said}");
    assert!(String::from_utf8(shown).unwrap().contains("node1.example.org"));
}

#[test]
fn a_bundle_that_lacks_a_member_or_its_end_says_which() {
    let (sample, dir) = backups();
    let bundle = ProxSave::new().pack(&dir, GZIP, Layout::ManifestFirst);
    let whole = std::fs::read(&bundle).unwrap();

    std::fs::write(&bundle, &whole[..whole.len() - 2000]).unwrap();
    is_damaged(&sample, &bundle, "cut off");
    let size = usize::from_str_radix(std::str::from_utf8(&whole[124..135]).unwrap(), 8).unwrap();
    std::fs::write(&bundle, &whole[512 + size.next_multiple_of(512)..]).unwrap();
    is_damaged(&sample, &bundle, "the bundle holds none");
    std::fs::write(&bundle, &whole[..512 + size.next_multiple_of(512)]).unwrap();
    let (_, said, code) = call(&sample, &["verify", bundle.to_str().unwrap()]);
    assert_eq!(code, 10, "{said}");
    assert!(said.contains("the bundle holds no archive"), "{said}");
}

#[test]
fn hostile_duplicates_are_refused_and_the_rest_is_read() {
    for (link, list, words) in [
        ("../../etc/shadow", r#"[{"path":"root/bad"}]"#, "outside of the archive"),
        ("/etc/shadow", r#"[{"path":"root/bad"}]"#, "outside of the archive"),
        ("bad", r#"[{"path":"root/bad"}]"#, "a loop of links"),
        ("nothing", r#"[{"path":"/root/bad"}]"#, "not in the archive"),
        ("../etc", r#"[{"path":"./root/bad"}]"#, "is a directory"),
        ("twin", r#"[{"path":"../../etc/passwd"}]"#, "but not in the archive"),
        ("twin", r#"{"path":"root/bad"}"#, "the list of duplicates cannot be read"),
        ("twin", r#"[{"path":"root/bad","mode":"rw"}]"#, "the list of duplicates cannot be read"),
        ("/tmp/proxmox-backup-x/../../etc/shadow", "[]", "outside of the archive"),
    ] {
        let (sample, dir) = backups();
        let proxsave = ProxSave::new();
        std::os::unix::fs::symlink(link, proxsave.stage.path().join("root/bad")).unwrap();
        proxsave.duplicates(list);
        let backup = proxsave.pack(&dir, GZIP, Layout::ManifestFirst);

        is_damaged(&sample, &backup, words);
        let to = dir.join("out");
        sample.expect(1, &["extract", backup.to_str().unwrap(), "--to", to.to_str().unwrap()]);
        assert!(to.join("etc/hostname").exists(), "{link}");
        assert!(!to.join("root/bad").is_file() || link == "twin", "{link}");
    }
}

#[test]
fn owners_and_modes_of_duplicates_come_from_the_list() {
    let (sample, dir) = backups();
    let proxsave = ProxSave::new();
    std::os::unix::fs::symlink("twin", proxsave.stage.path().join("root/second")).unwrap();
    proxsave.duplicates(r#"[{"path":"root/second","mode":8389096,"uid":33,"gid":34}]"#);
    let backup = proxsave.pack(&dir, GZIP, Layout::Trio);

    let listing = sample.expect(0, &["ls", backup.to_str().unwrap(), "/root/second"]);

    assert!(listing.starts_with("-rwsr-x--- "), "{listing}");
    assert!(listing.contains("33:34"), "{listing}");
}

#[test]
fn pieces_that_lead_outside_are_refused() {
    let (sample, dir) = backups();
    let stage = tempfile::tempdir().unwrap();
    write(stage.path(), "piece", b"x", 0o644);
    let archive = dir.join("a.lan-backup-20260101-020000.tar");
    let rename = "--transform=s,^piece$,chunked_files/../../etc/cron.d/x.01.chunk,";
    run("tar", &[rename, "-Pcf", archive.to_str().unwrap(), "piece"], stage.path());

    is_damaged(&sample, &archive, "leads out of the archive");
    let to = dir.join("out");
    sample.expect(1, &["extract", archive.to_str().unwrap(), "--to", to.to_str().unwrap()]);
    assert!(!dir.join("etc").exists());
}

#[test]
fn thousands_of_pieces_and_bombs_of_duplicates_are_refused() {
    let (sample, dir) = backups();
    let bash = Bash::new();
    for number in 1..=1200 {
        write(bash.stage.path(), &format!("chunked_files/var/x.{number:04}.chunk"), b"x", 0o644);
    }
    is_damaged(&sample, &bash.pack(&dir, "gz", "-z"), "refused: 1200 pieces");

    // 64 names of 100 MB of zeros: 6 GB out of 100 KB.
    let proxsave = ProxSave::new();
    let zeros = std::fs::File::create(proxsave.stage.path().join("root/zeros")).unwrap();
    zeros.set_len(100_000_000).unwrap();
    let names: Vec<String> = (0..64).map(|number| format!("root/copy-{number}")).collect();
    for name in &names {
        std::os::unix::fs::symlink("zeros", proxsave.stage.path().join(name)).unwrap();
    }
    let list: Vec<serde_json::Value> = names.iter().map(|name| serde_json::json!({ "path": name })).collect();
    proxsave.duplicates(&serde_json::to_string(&list).unwrap());
    let compression = (".zst", "zst", "-SIzstd");
    let bomb = proxsave.pack(&dir, compression, Layout::Trio);

    is_damaged(&sample, &bomb, "are allowed");
    let (_, said, code) = call(&sample, &["ls", bomb.to_str().unwrap()]);
    assert_eq!(code, 10, "{said}");
}

#[test]
fn pieces_in_any_order_make_the_same_file() {
    let (sample, dir) = backups();
    let bash = Bash::new().optimised();
    let archive = bash.pack(&dir, "gz", "-z");
    std::fs::remove_file(&archive).unwrap();
    let pieces = (1..=4).rev().map(|number| format!("./chunked_files/var/lib/db/large.db.{number:02}.chunk"));
    let members: Vec<String> = pieces.chain(["./etc/hostname".to_owned()]).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    run("tar", &[&["-zcf", archive.to_str().unwrap()], &members[..]].concat(), bash.stage.path());

    let content = call(&sample, &["cat", archive.to_str().unwrap(), "/var/lib/db/large.db"]).0;

    assert_eq!(content.len(), PIECE * 7 / 2);
    assert!(content == large());
}
