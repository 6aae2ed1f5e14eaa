//! Security checks before a run, and the identity of this server: both concern the machine the
//! tool runs on, whatever tree it looks at.

use log::info;

use super::{BackupJob, Failure, tell};
use crate::host::{ServerId, ServerIdError, known_server_id, own_server_id};
use crate::issue::{Issue, Stage};
use crate::preflight::{Passed, Places, Scope, Secured, Touch, audit, secure};
use crate::system::{Root, is_root};

/// Looks, repairs, tells; gives the checks' lines and what belongs in the report.
///
/// Not root means a tree that its own user may read: then owners and modes protect nobody.
pub(super) fn guard(job: &BackupJob<'_>, touch: Touch) -> Result<(Vec<Passed>, Vec<Issue>), Failure> {
    let config = job.config;
    if !config.security.is_on || !is_root() {
        return Ok((Vec::new(), Vec::new()));
    }
    let local = &config.local;
    let places = Places {
        scope: if job.system.root.is_live() { Scope::Everything } else { Scope::Program },
        config: job.config_file,
        recipients: &config.encryption.recipients_file,
        sign_key: config.encryption.sign_key.as_deref(),
        state: job.state_dir,
        run: job.run_dir,
        others: &[&local.backups, &local.logs, &local.lock_dir],
    };
    let secured = secure(&config.security, &places, &job.system, touch)?;
    say(&secured, touch);
    let mut both = (vec![secured.passed], secured.issues);
    if let Some(audited) = audit(&config.security.audits, &job.system)? {
        say(&audited, touch);
        both.0.push(audited.passed);
        both.1.extend(audited.issues);
    }
    Ok(both)
}

/// A dry run is told by whoever asked for it.
fn say(secured: &Secured, touch: Touch) {
    if touch == Touch::Really {
        info!("✓ {}: {}", secured.passed.name, secured.passed.message);
        tell(&secured.issues);
    }
}

/// This server's number, made or taken over from an older tool on the first run.
pub(super) fn own_identity(job: &BackupJob<'_>, name: &str, issues: &mut Vec<Issue>) -> Option<ServerId> {
    let now = job.system.clock.now();
    let before = issues.len();
    let id = identity(job, issues, |root| own_server_id(job.state_dir, root, name, &now).map(Some));
    tell(&issues[before..]);
    let id = id?;
    info!("Server identity: {id}");
    Some(id)
}

/// The same, and none before the first run.
pub(super) fn known_identity(job: &BackupJob<'_>, issues: &mut Vec<Issue>) -> Option<ServerId> {
    identity(job, issues, |root| known_server_id(job.state_dir, root))
}

/// Another machine's disk gives no identity, and a run without one is a backup all the same.
fn identity(
    job: &BackupJob<'_>,
    issues: &mut Vec<Issue>,
    look: impl FnOnce(&Root) -> Result<Option<ServerId>, ServerIdError>,
) -> Option<ServerId> {
    let root = &job.system.root;
    if !root.is_live() || !is_root() {
        return None;
    }
    match look(root) {
        Ok(id) => id,
        Err(error) => {
            let issue = Issue::warning(Stage::Preflight, "server identity", error.to_string());
            issues.push(issue);
            None
        }
    }
}
