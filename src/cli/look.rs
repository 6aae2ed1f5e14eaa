//! `ls`, `cat`, `extract`.

use std::path::{Path, PathBuf};

use ::log::{info, warn};
use serde_json::json;

use super::Trouble;
use super::keys::{KeyArgs, open_unlocked};
use super::output::{Output, broken, printable};
use super::session::{Session, absolute, cancel};
use crate::archive::Unpacked;
use crate::issue::Severity;
use crate::units::ByteSize;
use crate::workflow::{
    ExitCode, Listed, LookError, Members, cat as copy_member, extract as unpack_members, follow, list_members, tell,
};

/// `proxmox-backup ls ID [PATH]`.
pub(super) fn ls(
    session: &Session,
    (id, keys): (&str, &KeyArgs),
    path: Option<&str>,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let Some(backup) = open_unlocked(session, id, keys)? else { return Ok(ExitCode::Done) };
    let wanted = Members::new(path.map(str::to_owned).as_slice());
    let cancel = cancel()?;
    let (mut listed, mut issues) = list_members(&backup, &wanted, &cancel)?;
    let mut missing = wanted.missing();
    let is_link = matches!(listed.as_slice(), [only] if only.kind == "symlink");
    if let Some(path) = path.filter(|_| is_link || missing.is_some()) {
        // /etc/pve/qemu-server is a link, and who asks for it means the guests.
        if let Some(end) = follow(&backup, path, &cancel)? {
            let wanted = Members::new(&[end]);
            let (below, found) = list_members(&backup, &wanted, &cancel)?;
            listed.extend(below);
            issues = found;
            missing = missing.filter(|_| wanted.missing().is_some());
        }
    }
    tell(&issues);
    if output.is_json() {
        let entries: Vec<_> = listed.iter().map(as_json).collect();
        output.object(&json!({ "entries": entries, "issues": issues }))?;
    } else {
        listed.iter().try_for_each(|member| output.line(line(member)))?;
    }
    missing.map_or(Ok(ExitCode::Done), |path| Err(not_there(&path, &backup.path).into()))
}

fn not_there(path: &str, backup: &Path) -> crate::workflow::Failure {
    crate::workflow::Failure::NotInside(format!("{} is not in {}", printable(path), backup.display()))
}

fn line(member: &Listed) -> String {
    let link = member.link.as_ref().map(|target| format!(" -> {}", printable(target))).unwrap_or_default();
    format!(
        "{}{} {:>8}:{:<8} {:>10} {} {}{link}",
        member.kind_letter(),
        permissions(member.mode),
        printable(&member.user),
        printable(&member.group),
        member.size,
        member.modified(),
        printable(&member.path),
    )
}

/// `rwxr-x--T`, as `ls -l` shows it.
fn permissions(mode: u32) -> String {
    let special = [(0o4000, 's'), (0o2000, 's'), (0o1000, 't')];
    let mut text = String::new();
    for (group, (bit, letter)) in special.into_iter().enumerate() {
        let three = mode >> (6 - 3 * group) & 7;
        text.push(if three & 4 != 0 { 'r' } else { '-' });
        text.push(if three & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & bit != 0, three & 1 != 0) {
            (false, false) => '-',
            (false, true) => 'x',
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
        });
    }
    text
}

fn as_json(member: &Listed) -> serde_json::Value {
    json!({
        "path": member.path,
        "type": member.kind,
        "mode": format!("{:04o}", member.mode),
        "uid": member.uid,
        "gid": member.gid,
        "user": member.user,
        "group": member.group,
        "size": member.size,
        "mtime": member.mtime,
        "link": member.link,
    })
}

/// `proxmox-backup cat ID PATH`.
pub(super) fn cat(
    session: &Session,
    (id, keys): (&str, &KeyArgs),
    path: &str,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let Some(backup) = open_unlocked(session, id, keys)? else { return Ok(ExitCode::Done) };
    match copy_member(&backup, path, output.writer(), &cancel()?) {
        Ok(issues) => {
            tell(&issues);
            Ok(ExitCode::Done)
        }
        Err(LookError::Output(cause)) => Err(broken(cause)),
        Err(LookError::Failure(failure)) => Err(failure.into()),
    }
}

/// `proxmox-backup extract ID PATH… --to DIR`.
pub(super) fn extract(
    session: &Session,
    (id, keys): (&str, &KeyArgs),
    paths: &[String],
    to: &Path,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let Some(backup) = open_unlocked(session, id, keys)? else { return Ok(ExitCode::Done) };
    let wanted = Members::new(paths);
    let to: PathBuf = absolute(to)?;
    let unpacked = unpack_members(&backup, &wanted, &to, &cancel()?)?;
    let code = report(&unpacked, &to, output)?;
    wanted.missing().map_or(Ok(code), |path| Err(not_there(&path, &backup.path).into()))
}

/// What was unpacked, and how it went.
pub(super) fn report(unpacked: &Unpacked, to: &Path, output: &mut Output) -> Result<ExitCode, Trouble> {
    let is_clean = unpacked.issues.iter().all(|issue| issue.severity == Severity::Notice);
    tell(&unpacked.issues);
    if unpacked.more_issues > 0 {
        warn!("and {} more like these", unpacked.more_issues);
    }
    if output.is_json() {
        output.object(&json!({
            "to": to,
            "files": unpacked.files,
            "directories": unpacked.directories,
            "links": unpacked.links,
            "bytes": unpacked.bytes,
            "issues": unpacked.issues,
        }))?;
    } else {
        let Unpacked { files, directories, links, bytes, .. } = unpacked;
        let size = ByteSize(*bytes);
        let mark = if is_clean { "✓ " } else { "" };
        info!("{mark}{files} files, {directories} directories, {links} links ({size}) unpacked into {}", to.display());
        if !is_clean {
            info!("Nothing that was there has been replaced; an empty directory takes everything");
        }
    }
    Ok(if is_clean { ExitCode::Done } else { ExitCode::Warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_look_as_in_ls() {
        for (mode, text) in [
            (0o755, "rwxr-xr-x"),
            (0o4755, "rwsr-xr-x"),
            (0o2640, "rw-r-S---"),
            (0o1777, "rwxrwxrwt"),
            (0o1730, "rwx-wx--T"),
        ] {
            assert_eq!(permissions(mode), text);
        }
    }
}
