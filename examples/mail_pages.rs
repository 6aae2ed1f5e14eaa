//! Writes the pages of sample reports into a directory, to be looked at and measured.
//!
//! `mail_pages DIR` makes `ok.html`, `ok.txt` and so on: one of each way a run ends, an example of
//! `notify test`, and one whose texts try to break the page. Hosts, dates and sizes are made up and
//! the same each time; with `TZ=UTC`, so are the bytes.
#![expect(clippy::disallowed_methods, reason = "a program for developers, outside the product and its one door")]

use std::error::Error;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, Local};
use proxmox_backup::bundle::BackupId;
use proxmox_backup::drill::{Drill, Outcome, Part};
use proxmox_backup::host::{Host, ServerId, known_server_id};
use proxmox_backup::issue::{Issue, Stage};
use proxmox_backup::report::{ArchiveFacts, Counters, Ending, Message, Present, RunReport, TierFacts};
use proxmox_backup::storage::Tier;
use proxmox_backup::system::{Root, Space};
use proxmox_backup::units::ByteSize;

type Outcomes<T> = Result<T, Box<dyn Error>>;

const GIB: u64 = 1 << 30;

fn main() -> Outcomes<()> {
    let Some(dir) = std::env::args().nth(1).map(PathBuf::from) else { return Err("usage: mail_pages DIR".into()) };
    std::fs::create_dir_all(&dir)?;
    let sample = Samples { id: server_id(&dir)?, began: DateTime::parse_from_rfc3339("2026-11-21T02:00:04Z")?.into() };
    for (name, message) in [
        ("ok", sample.ok().message()),
        ("warnings", sample.warnings().message()),
        ("failed", sample.failed().message_with_log_end(LOG_END.to_owned())),
        ("skipped", sample.skipped().message()),
        ("test", RunReport::example(host(), Some(sample.id.clone()), sample.began)),
        ("hostile", sample.hostile().message_with_log_end(format!("{EVIL}\n").repeat(50))),
    ] {
        write(&dir, name, &message)?;
    }
    Ok(())
}

fn write(dir: &Path, name: &str, message: &Message) -> Outcomes<()> {
    std::fs::write(dir.join(format!("{name}.html")), &message.html)?;
    std::fs::write(dir.join(format!("{name}.txt")), &message.text)?;
    Ok(())
}

/// A server's number comes from its file only.
fn server_id(dir: &Path) -> Outcomes<ServerId> {
    let state = dir.join(".state");
    std::fs::create_dir_all(&state)?;
    std::fs::write(state.join("server-identity"), "4081516234210815\n")?;
    let id = known_server_id(Path::new("/"), &Root::at(&state)?)?;
    std::fs::remove_dir_all(&state)?;
    id.ok_or_else(|| "no number".into())
}

fn host() -> Host {
    Host {
        name: "pve1.example.org".into(),
        pve: Some("9.0.11".into()),
        debian: "13 trixie".into(),
        is_clustered: true,
        ..Host::default()
    }
}

struct Samples {
    id: ServerId,
    began: DateTime<Local>,
}

impl Samples {
    fn run(&self, seconds: i64) -> RunReport {
        RunReport {
            server_id: Some(self.id.clone()),
            finished: self.began + Duration::seconds(seconds),
            ..RunReport::new(host(), self.began)
        }
    }

    fn ok(&self) -> RunReport {
        let name = BackupId::new("pve1", &self.began);
        let archive = ArchiveFacts {
            id: name.as_str().into(),
            path: format!("/var/backups/proxmox-config-backup/{name}.tar.zst.age.bundle.tar"),
            bytes: 19_300_352,
            bytes_written: 19_312_640,
            sha256: "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef".into(),
            entries: 1431,
            codec: "zstd".into(),
            mode: "standard".into(),
            level: 9,
            threads: 4,
        };
        RunReport {
            counters: Counters { files: 1204, directories: 227, bytes: 88_604_672, ..Counters::default() },
            archive: Some(archive),
            drill: Some(drill(&[])),
            tiers: vec![self.local(), self.secondary(), self.cloud()],
            ..self.run(41)
        }
    }

    fn local(&self) -> TierFacts {
        let removed = [21, 20].map(|days| BackupId::new("pve1", &(self.began - Duration::days(days)))).to_vec();
        TierFacts {
            tier: Tier::Local,
            place: "/var/backups/proxmox-config-backup".into(),
            copy: Ok("SHA-256 read back".into()),
            present: Some(self.present(14)),
            removed,
            room: Some(room(52, 94)),
        }
    }

    fn secondary(&self) -> TierFacts {
        TierFacts {
            tier: Tier::Secondary,
            place: "/mnt/pve/nas-backup/hosts/pve1".into(),
            copy: Ok("SHA-256 read back".into()),
            present: Some(self.present(30)),
            removed: Vec::new(),
            room: Some(room(812, 3667)),
        }
    }

    fn cloud(&self) -> TierFacts {
        TierFacts {
            tier: Tier::Cloud,
            place: "b2:example-backups/pve1".into(),
            copy: Ok("SHA-1 compared on the remote".into()),
            present: Some(self.present(52)),
            removed: Vec::new(),
            room: None,
        }
    }

    fn present(&self, backups: i32) -> Present {
        let oldest = self.began - Duration::days(i64::from(backups));
        Present {
            backups: usize::try_from(backups).unwrap_or_default(),
            bytes: u64::from(backups.unsigned_abs()) * 19_312_640,
            oldest: Some(oldest.fixed_offset()),
            newest: Some(self.began.fixed_offset()),
        }
    }

    fn warnings(&self) -> RunReport {
        let deep = format!(
            "/etc/pve/nodes/pve1/priv/{}very-long-name-without-a-single-space.conf",
            "sub-directory/".repeat(8)
        );
        let refused = "rclone: quota exceeded: 10.0 GiB of 10.0 GiB are used";
        let issues = vec![
            Issue::warning(
                Stage::Preflight,
                "/etc/proxmox-config-backup/backup.env",
                "is readable by everybody (0644)",
            )
            .with_hint("chmod 0600 /etc/proxmox-config-backup/backup.env"),
            Issue::warning(Stage::Collect, deep, "permission denied"),
            Issue::warning(
                Stage::Collect,
                "pvesh get /cluster/ceph/status --output-format json",
                "ended with exit code 2: rados_connect failed",
            )
            .with_hint("CEPH_CONFIG=false leaves Ceph out"),
            Issue::warning(Stage::Verify, "/etc/network/interfaces:31", "vmbr1 is configured twice")
                .with_hint("the backup holds it as the host has it: correct it there, and back up again"),
            Issue::warning(Stage::Storage, "b2:example-backups/pve1", refused)
                .with_hint("make room there, or lower MAX_CLOUD_BACKUPS"),
        ];
        let report = self.ok();
        let mut tiers = report.tiers.clone();
        tiers[0].room = Some(room(9, 94));
        tiers[2] = TierFacts { copy: Err(refused.into()), present: None, ..self.cloud() };
        let drill = drill(&[("/etc/network/interfaces", "vmbr1 is configured twice")]);
        RunReport { issues, tiers, drill: Some(drill), finished: self.began + Duration::seconds(98), ..report }
    }

    fn failed(&self) -> RunReport {
        let ending = Ending::Failed {
            reason: "cannot write /var/backups/proxmox-config-backup/.partial-20261121-020004: no space left on device".into(),
            hint: Some("make room on the file system of BACKUP_PATH (9.1 MiB are free, about 24 MiB are needed), or lower MAX_LOCAL_BACKUPS".into()),
            exit_code: 12,
        };
        let issues = vec![Issue::warning(Stage::Collect, "/etc/corosync/uidgid.d", "permission denied")];
        RunReport { ending, issues, ..self.run(12) }
    }

    fn skipped(&self) -> RunReport {
        let reason = "nothing has changed since pve1-backup-20261120-020003, and --if-changed was given".to_owned();
        RunReport { ending: Ending::Skipped { reason, exit_code: 16 }, ..self.run(6) }
    }

    /// Texts that try to break the page, and far too many of them.
    fn hostile(&self) -> RunReport {
        let long = format!("{EVIL}{}", "x".repeat(4096));
        let issue = |n: usize| {
            let stage = [Stage::Config, Stage::Collect, Stage::Storage][n % 3];
            let subject = if n % 2 == 0 { EVIL } else { &long };
            Issue::warning(stage, subject, &*long).with_hint(EVIL)
        };
        let mut report = self.ok();
        report.host = Host { name: EVIL.into(), debian: EVIL.into(), pve: Some(long.clone()), ..host() };
        report.issues = (0..3000).map(issue).collect();
        report.archive =
            Some(ArchiveFacts { id: long.clone(), path: long.clone(), codec: EVIL.into(), ..ArchiveFacts::default() });
        for tier in &mut report.tiers {
            *tier = TierFacts {
                place: long.clone(),
                copy: Err(long.clone()),
                room: Some(room(1, 1 << 30)),
                ..tier.clone()
            };
        }
        report.ending = Ending::Failed { reason: long.clone(), hint: Some(EVIL.into()), exit_code: 13 };
        report
    }
}

const EVIL: &str = "</td></table></style><script>document.title='broken'</script><img src=http://192.0.2.1/x onerror=\"document.title='broken'\"> \
                    <a href='http://192.0.2.1'>&lt;&amp;\"' --><![endif]--> \u{202e}gpj.exe\u{2066} \u{0}\u{7}\u{1b}[31m\r\n 主机 💾 ";

const LOG_END: &str = "\
2026-11-21 02:00:04 INFO  Step 1/8: checking
2026-11-21 02:00:04 INFO  ✓ configuration, permissions, lock
2026-11-21 02:00:05 INFO  Step 2/8: collecting
2026-11-21 02:00:08 WARN  collect: /etc/corosync/uidgid.d: permission denied
2026-11-21 02:00:16 INFO  Step 3/8: writing /var/backups/proxmox-config-backup/pve1-backup-20261121-020004.tar.zst.age
2026-11-21 02:00:16 ERROR ✗ Backup of pve1.example.org failed: cannot write /var/backups/proxmox-config-backup/.partial-20261121-020004: no space left on device
2026-11-21 02:00:16 INFO  what to do: make room on the file system of BACKUP_PATH, or lower MAX_LOCAL_BACKUPS
";

/// Parts as a cluster node has them; those named do not come back.
fn drill(wrong: &[(&str, &str)]) -> Drill {
    let sound = [
        "/var/lib/pve-cluster/config.db",
        "/etc/pve/storage.cfg",
        "/etc/pve/user.cfg",
        "/etc/pve/corosync.conf",
        "/etc/fstab",
    ];
    let guests = (100..108).map(|number| format!("/etc/pve/nodes/pve1/qemu-server/{number}.conf"));
    let part = |path: String, outcome, why: &str| Part {
        what: path.rsplit('/').next().unwrap_or_default().to_owned(),
        path,
        line: None,
        outcome,
        why: why.to_owned(),
    };
    let mut parts: Vec<Part> =
        sound.into_iter().map(str::to_owned).chain(guests).map(|path| part(path, Outcome::Sound, "parses")).collect();
    "passes its integrity check and its 58 files equal /etc/pve".clone_into(&mut parts[0].why);
    parts.extend(wrong.iter().map(|(path, why)| part((*path).to_owned(), Outcome::Mistaken, why)));
    Drill { parts, has_proxmox: true, ..Drill::default() }
}

fn room(free: u64, total: u64) -> Space {
    Space { free: ByteSize(free * GIB), total: ByteSize(total * GIB) }
}
