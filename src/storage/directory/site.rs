//! What is done at the directory itself, step by step, on the thread that can be left behind.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::super::run_logs::RunLogs;
use super::super::{Placed, StorageError, Tier, Touch};
use super::copy::{Target, copy_backup, copy_log, unusable};
use super::listing::{files_of_host, sweep};
use super::mounts::{expected_above, is_bare_mount_point, is_mounted};
use super::ownership::{Abilities, Ids, WITH_OWNERS, hand_over, holds_keys, ids_of, try_out};
use super::room;
use crate::bundle::BackupId;
use crate::config::Owner;
use crate::issue::{Issue, Stage};
use crate::system::{
    FileError, Root, Steps, create_private_dir, file_system_of, may_write, read_mounts, real_path, remove_file,
};
use crate::units::ByteSize;

/// A file that is made to see what can be done with it; hosts that share a directory have one each.
const PROBE: &str = ".permission_test.";

/// What a thread that may have to be left behind takes along.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) tier: Tier,
    pub(super) dir: PathBuf,
    pub(super) logs: Option<PathBuf>,
    pub(super) min_free: ByteSize,
    pub(super) owner: Option<Owner>,
    pub(super) keys: PathBuf,
    /// Whose fstab, mount units and users count; `None` = this machine's.
    pub(super) tables: Option<Root>,
    /// The directory with every symlink followed, once somebody has looked.
    pub(super) real: OnceLock<PathBuf>,
    pub(super) abilities: OnceLock<Abilities>,
}

impl Site {
    pub(super) fn prepare(&self, host: &str, touch: Touch, steps: &Steps) -> Result<Vec<Issue>, StorageError> {
        let mut issues: Vec<Issue> = self.check_mount(steps)?.into_iter().collect();
        let logs = match self.logs(steps) {
            // The backup itself is worth more than its log.
            Err(StorageError::Unusable { path, why }) => {
                issues.push(Issue::warning(Stage::Storage, path, why));
                None
            }
            other => other?,
        };
        let is_there = Root::live()?.is_dir(&self.dir);
        steps.step()?;
        match touch {
            Touch::Really => {
                std::iter::once(self.dir.as_path()).chain(logs).try_for_each(create_private_dir)?;
                steps.step()?;
                for name in sweep(&self.dir, host, steps)? {
                    issues.push(self.notice(format!("removed what an interrupted run left: {name}")));
                }
                issues.extend(self.try_out(host, steps)?);
                issues.extend(self.hand_over(host, steps)?.unwrap_or_default());
            }
            Touch::DryRun if is_there => may_write(&self.dir)?,
            Touch::DryRun => issues.push(self.notice("is not there yet; a run makes it".to_owned())),
        }
        steps.step()?;
        issues.extend(self.on_system_disk());
        issues.extend(room::judge(&self.dir, self.min_free, self.tier)?);
        Ok(issues)
    }

    /// Fails where something should be mounted and is not. For the local tier it is a warning: a
    /// backup on the wrong disk is better than none.
    pub(super) fn check_mount(&self, steps: &Steps) -> Result<Option<Issue>, StorageError> {
        let missing = self.missing_mount(&self.dir, steps)?;
        // Whoever does not answer shall do so here, where nothing has been changed.
        let _ = Root::live()?.list(&self.dir);
        let _ = self.real.set(real_path(&self.dir));
        steps.step()?;
        match missing {
            Some(why) if self.tier != Tier::Local => {
                Err(unusable(&self.dir, format!("{why}; nothing is written to the disk below")))
            }
            Some(why) => {
                let issue = Issue::warning(Stage::Storage, self.dir.display().to_string(), why);
                Ok(Some(issue.with_hint("backups go to the disk below it; mount it")))
            }
            None => Ok(None),
        }
    }

    /// A stick that is mounted by hand is in no table: its absence shows by where the directory lies.
    fn on_system_disk(&self) -> Option<Issue> {
        let real = self.real.get().unwrap_or(&self.dir);
        if self.tier != Tier::Secondary || !is_bare_mount_point(real, &read_mounts()) {
            return None;
        }
        let why = "nothing is mounted there: it lies on the disk of the system";
        let issue = Issue::warning(Stage::Storage, self.dir.display().to_string(), why);
        Some(issue.with_hint("mount the disk; where /etc/fstab has it, nothing is written while it is away"))
    }

    /// The directory of the logs, where there is one and it lies where it should.
    fn logs(&self, steps: &Steps) -> Result<Option<&Path>, StorageError> {
        let Some(dir) = self.logs.as_deref() else { return Ok(None) };
        match self.missing_mount(dir, steps)? {
            Some(why) if self.tier != Tier::Local => Err(unusable(dir, why)),
            _ => Ok(Some(dir)),
        }
    }

    /// What should be mounted above `dir` and is not, in words.
    fn missing_mount(&self, dir: &Path, steps: &Steps) -> Result<Option<String>, StorageError> {
        let Some(expected) = expected_above(dir, &self.tables()?) else { return Ok(None) };
        steps.step()?;
        // Reading the directory, and nothing less, is what an automount waits for.
        let opened = Root::live()?.list(&expected.point);
        steps.step()?;
        if is_mounted(&expected.point, &read_mounts()) {
            return Ok(None);
        }
        let (point, said_by) = (expected.point.display(), expected.said_by);
        let why = opened.err().map(|error| format!(" ({})", error.reason())).unwrap_or_default();
        Ok(Some(format!("{said_by} says that {point} is a mount, but nothing is mounted there{why}")))
    }

    /// Tries what the file system can do, and says what it cannot.
    fn try_out(&self, host: &str, steps: &Steps) -> Result<Vec<Issue>, StorageError> {
        let kind = self.kind().unwrap_or_else(|| "unknown".to_owned());
        let mut issues = Vec::new();
        let tables = self.tables()?;
        let ids = match self.owner.as_ref().map(|owner| ids_of(owner, &tables)) {
            Some(Ok(ids)) => Some(ids),
            Some(Err(why)) => {
                issues.push(unknown_owner(&why));
                None
            }
            None => None,
        };
        let abilities = try_out(&self.dir.join(format!("{PROBE}{host}")), &kind, ids, steps)?;
        let _ = self.abilities.set(abilities);
        if ids.is_some() && !abilities.has_owners {
            issues.push(self.cannot_give(&kind));
        }
        if !abilities.is_private() {
            let why = format!("{kind} keeps no modes here: files have mode {:o}", abilities.private_mode);
            issues.push(self.notice(why).with_hint("mount it with umask=077, or encrypt the backups"));
        }
        if self.tier == Tier::Secondary && ["cifs", "smb3", "smbfs"].contains(&kind.as_str()) {
            issues
                .push(self.notice(format!("{kind}: who may read is up to the share; each copy is read back from it")));
        }
        Ok(issues)
    }

    /// Why files stay root's though `BACKUP_USER` shall have them, for a tier that is not prepared.
    pub(super) fn why_kept(&self) -> Result<Option<Issue>, StorageError> {
        let Some(owner) = self.owner.as_ref().filter(|_| !holds_keys(&self.dir, &self.keys)) else { return Ok(None) };
        Ok(Some(match ids_of(owner, &self.tables()?) {
            Ok(_) => self.cannot_give(&self.kind().unwrap_or_else(|| "unknown".to_owned())),
            Err(why) => unknown_owner(&why),
        }))
    }

    fn cannot_give(&self, kind: &str) -> Issue {
        if !WITH_OWNERS.contains(&kind) {
            return self.notice(format!("{kind} keeps no owners here: SET_BACKUP_PERMISSIONS does nothing"));
        }
        let why = "SET_BACKUP_PERMISSIONS does nothing: this run may not give files away";
        let issue = Issue::warning(Stage::Storage, self.dir.display().to_string(), why);
        issue.with_hint(
            "the unit is let by sandbox-permissions.conf in /usr/share/doc/proxmox-config-backup/examples, whose first \
             line says where it goes; then systemctl daemon-reload",
        )
    }

    pub(super) fn put(&self, host: &str, files: &[PathBuf], steps: &Steps) -> Result<Placed, StorageError> {
        self.check_mount(steps)?;
        let from = files.first().and_then(|file| file.parent()).map(real_path);
        if self.tier != Tier::Local && from.is_some_and(|from| from == real_path(&self.dir)) {
            return Err(unusable(&self.dir, "is the directory that the backup comes from, and no second place"));
        }
        if self.abilities.get().is_none() {
            self.try_out(host, steps)?;
        }
        copy_backup(files, &self.target(&self.dir)?, steps)
    }

    pub(super) fn fetch(&self, names: &[String], into: &Path, steps: &Steps) -> Result<PathBuf, StorageError> {
        self.check_mount(steps)?;
        let is_plain = |name: &String| Path::new(name).file_name().is_some_and(|last| last == name.as_str());
        let (true, Some(first)) = (names.iter().all(is_plain), names.first()) else {
            return Err(unusable(&self.dir, "a backup's files must have plain names"));
        };
        let files: Vec<PathBuf> = names.iter().map(|name| self.dir.join(name)).collect();
        let target = Target { dir: into, owner: None, has_modes: false };
        copy_backup(&files, &target, steps)?;
        Ok(into.join(first))
    }

    pub(super) fn put_log(&self, log: &Path, steps: &Steps) -> Result<(), StorageError> {
        let Some(dir) = self.logs(steps)?.filter(|dir| log.parent() != Some(*dir)) else { return Ok(()) };
        create_private_dir(dir)?;
        steps.step()?;
        copy_log(log, &self.target(dir)?, steps)
    }

    pub(super) fn prune_logs(
        &self,
        host: &str,
        removed: &[BackupId],
        keep: u32,
        steps: &Steps,
    ) -> Result<usize, StorageError> {
        let Some(dir) = self.logs(steps)? else { return Ok(0) };
        let doomed = RunLogs::new(dir).doomed(host, removed, keep as usize)?;
        for name in doomed.logs.iter().chain(&doomed.unfinished) {
            steps.step()?;
            remove_file(&dir.join(name))?;
        }
        Ok(doomed.logs.len())
    }

    /// Gives them to whom they are for; `None` where they stay root's.
    pub(super) fn hand_over(&self, host: &str, steps: &Steps) -> Result<Option<Vec<Issue>>, StorageError> {
        let Some(ids) = self.ids(host, steps)? else { return Ok(None) };
        let names = files_of_host(&self.dir, host)?;
        let mut issues = hand_over(&self.dir, &names, ids, &self.keys, steps)?;
        if let Some(logs) = &self.logs {
            issues.extend(hand_over(logs, &RunLogs::new(logs).names_of(host)?, ids, &self.keys, steps)?);
        }
        Ok(Some(issues))
    }

    fn target<'a>(&self, dir: &'a Path) -> Result<Target<'a>, StorageError> {
        Ok(Target {
            dir,
            owner: self.known_ids()?.filter(|_| !holds_keys(dir, &self.keys)),
            has_modes: self.abilities.get().is_some_and(|abilities| abilities.has_modes),
        })
    }

    /// Who gets the files, where somebody shall and the file system can.
    fn ids(&self, host: &str, steps: &Steps) -> Result<Option<Ids>, StorageError> {
        if self.owner.is_some() && self.abilities.get().is_none() {
            self.try_out(host, steps)?;
        }
        self.known_ids()
    }

    fn known_ids(&self) -> Result<Option<Ids>, StorageError> {
        let can = self.abilities.get().is_some_and(|abilities| abilities.has_owners);
        let Some(owner) = self.owner.as_ref().filter(|_| can) else { return Ok(None) };
        Ok(ids_of(owner, &self.tables()?).ok())
    }

    fn tables(&self) -> Result<Root, FileError> {
        self.tables.as_ref().map_or_else(Root::live, |tables| Ok(tables.clone()))
    }

    /// Type of the file system, from the mount table alone: that never hangs.
    pub(super) fn kind(&self) -> Option<String> {
        let path = self.real.get().unwrap_or(&self.dir);
        file_system_of(path, &read_mounts()).map(|mount| mount.kind.clone())
    }

    fn notice(&self, why: String) -> Issue {
        Issue::notice(Stage::Storage, self.dir.display().to_string(), why)
    }
}

fn unknown_owner(why: &str) -> Issue {
    Issue::warning(Stage::Storage, "SET_BACKUP_PERMISSIONS", format!("{why}; files stay root's"))
}
