//! The Bash tool: `{pve,pbs}-backup-<fqdn>-<time>.tar.*`, checksum with an absolute path, four
//! lines of metadata, pieces, duplicates as links into the staging directory.

use std::path::{Path, PathBuf};

use super::{beside, checksum_line, cut, run, stage, write};

/// Extension, and how tar was called.
pub(crate) const COMPRESSIONS: [(&str, &str); 6] =
    [("zst", "--zstd"), ("xz", "-J"), ("gz", "-z"), ("gz", "-Ipigz -6 -p2"), ("bz2", "-j"), ("lzma", "--lzma")];

/// Where it staged; nothing is there when a test runs.
const STAGING: &str = "/tmp/proxmox-backup-pve-2025-11-20_02-00-03-4711";

/// A staging directory on its way to an archive.
pub(crate) struct Bash {
    pub(crate) stage: tempfile::TempDir,
}

impl Bash {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        stage(dir.path());
        write(dir.path(), ".proxmox-backup-marker", b"Created by PID 4711 on 2025-11-20 01:00:03 UTC", 0o600);
        let inside = "# Proxmox Backup Metadata\nVERSION=0.7.4\nBACKUP_TYPE=pve\nTIMESTAMP=2025-11-20_02-00-03\n\
            HOSTNAME=node1.example.org\nSUPPORTS_SELECTIVE_RESTORE=true\n";
        write(dir.path(), "var/lib/proxmox-backup-info/backup_metadata.txt", inside.as_bytes(), 0o644);
        Self { stage: dir }
    }

    /// `ENABLE_DEDUPLICATION`, `ENABLE_SMART_CHUNKING`.
    pub(crate) fn optimised(self) -> Self {
        let twin = self.stage.path().join("root/twin");
        std::fs::remove_file(&twin).unwrap();
        std::os::unix::fs::symlink(format!("{STAGING}/etc/pve/storage.cfg"), twin).unwrap();
        cut(self.stage.path(), "var/lib/db/large.db", 1, 2);
        self
    }

    /// Archive and side files in `to`.
    pub(crate) fn pack(&self, to: &Path, extension: &str, option: &str) -> PathBuf {
        let archive = to.join(format!("pve-backup-node1.example.org-2025-11-20_02-00-03.tar.{extension}"));
        run("tar", &[option, "-cf", archive.to_str().unwrap(), "."], self.stage.path());
        std::fs::write(beside(&archive, ".sha256"), checksum_line(&archive)).unwrap();
        let kind = option.trim_start_matches('-');
        let lines =
            format!("COMPRESSION_RATIO=94.00%\nCOMPRESSION_TYPE={kind}\nCOMPRESSION_LEVEL=9\nBACKUP_DURATION=\n");
        std::fs::write(beside(&archive, ".metadata"), lines).unwrap();
        archive
    }
}
