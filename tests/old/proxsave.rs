//! ProxSave: `<fqdn>-backup-<time>.tar.*`, JSON manifest, relative links with a list of duplicates,
//! in its first weeks pieces too; bundled with the manifest first or last, or not at all.

use std::path::{Path, PathBuf};

use super::{beside, cut, hash, run, stage, write};

/// Extension, the tool's word, how tar is called.
pub(crate) const COMPRESSIONS: [(&str, &str, &str); 7] = [
    ("", "none", "-b20"),
    (".zst", "zst", "--zstd"),
    (".xz", "xz", "-J"),
    (".gz", "gz", "-z"),
    (".gz", "pigz", "-Ipigz"),
    (".bz2", "bz2", "-j"),
    (".lzma", "lzma", "--lzma"),
];

/// How archive and side files lie on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    ManifestFirst,
    ManifestLast,
    Trio,
    Alone,
}

pub(crate) const LAYOUTS: [Layout; 4] = [Layout::ManifestFirst, Layout::ManifestLast, Layout::Trio, Layout::Alone];

/// A staging directory on its way to an archive.
pub(crate) struct ProxSave {
    pub(crate) stage: tempfile::TempDir,
}

impl ProxSave {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        stage(dir.path());
        write(dir.path(), ".proxsave-marker", b"Created by PID 7 on 2026-01-01 01:00:00 UTC\n", 0o600);
        write(dir.path(), "manifest.json", b"{\"files\":[]}", 0o640);
        let inside = "VERSION=0.30.0\nBACKUP_TYPE=pve\nBACKUP_TARGETS=pve\nHOSTNAME=node1.example.org\n";
        write(dir.path(), "var/lib/proxsave-info/backup_metadata.txt", inside.as_bytes(), 0o640);
        Self { stage: dir }
    }

    /// Deduplication with its list, and the pieces of the first versions.
    pub(crate) fn optimised(self) -> Self {
        let twin = self.stage.path().join("root/twin");
        std::fs::remove_file(&twin).unwrap();
        std::os::unix::fs::symlink("../etc/pve/storage.cfg", twin).unwrap();
        self.duplicates(r#"[{"path":"root/twin","mode":384,"uid":0,"gid":0}]"#);
        cut(self.stage.path(), "var/lib/db/large.db", 1, 3);
        self
    }

    /// The list of duplicates.
    pub(crate) fn duplicates(&self, list: &str) {
        write(self.stage.path(), "var/lib/proxsave-info/dedup_manifest.json", list.as_bytes(), 0o640);
    }

    /// The manifest beside an archive.
    pub(crate) fn manifest(archive: &Path, kind: &str) -> String {
        let size = std::fs::metadata(archive).unwrap().len();
        format!(
            r#"{{
  "archive_path": "/opt/proxsave/backup/{}",
  "archive_size": {size},
  "sha256": "{}",
  "created_at": "2026-01-01T02:00:31.123+01:00",
  "compression_type": "{kind}",
  "compression_level": 9,
  "proxmox_type": "pve",
  "proxmox_targets": ["pve"],
  "proxmox_version": "9.1.1",
  "hostname": "node1.example.org",
  "script_version": "0.30.0",
  "encryption_mode": "none",
  "passphrase_salt": "a salt"
}}"#,
            archive.file_name().unwrap().to_str().unwrap(),
            hash(archive)
        )
    }

    /// Archive and side files in `to`, or the bundle.
    pub(crate) fn pack(&self, to: &Path, compression: (&str, &str, &str), layout: Layout) -> PathBuf {
        let (extension, kind, option) = compression;
        let archive = to.join(format!("node1.example.org-backup-20260101-020000.tar{extension}"));
        run("tar", &[option, "--format=pax", "-cf", archive.to_str().unwrap(), "."], self.stage.path());
        if layout == Layout::Alone {
            return archive;
        }
        let name = archive.file_name().unwrap().to_str().unwrap().to_owned();
        let sides = [".metadata", ".sha256", ".manifest.json"].map(|end| beside(&archive, end));
        let manifest = Self::manifest(&archive, kind);
        std::fs::write(&sides[0], &manifest).unwrap();
        std::fs::write(&sides[1], format!("{}  {name}\n", hash(&archive))).unwrap();
        std::fs::write(&sides[2], &manifest).unwrap();
        if layout == Layout::Trio {
            return archive;
        }
        let bundle = beside(&archive, ".bundle.tar");
        let (metadata, checksum) = (format!("{name}.metadata"), format!("{name}.sha256"));
        let mut members = [metadata.as_str(), &checksum, &name];
        if layout == Layout::ManifestLast {
            members.reverse();
        }
        let arguments = [&["-b1", "-cf", bundle.to_str().unwrap()], &members[..]].concat();
        run("tar", &arguments, to);
        for file in sides.iter().chain([&archive]) {
            std::fs::remove_file(file).unwrap();
        }
        bundle
    }
}
