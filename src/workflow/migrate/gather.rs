//! What there is of an older tool, and of ours. Reads only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::MigrateError;
use super::programs::{crontab, has_crontab, has_systemd, standing};
use crate::archive::{RecipientsFile, Salt};
use crate::config::{Format, TakenOver, said_otherwise, says_nothing, take_over};
use crate::host::{detect, known_server_id, older_server_id};
use crate::migrate::{
    Content, Counted, Daemon, Facts, Form, Link, MIGRATED, OWN_IDENTITY, OWN_RECIPIENTS, OWN_SECRET, OwnConfig,
    Programs, RecipientFiles, TIMER_DROP_INS, Tab, TabPlace, Timer, Tool, lexical,
};
use crate::storage::Directory;
use crate::system::{FileError, Kind, Root, Stat, System, with_suffix};

/// Where they were installed.
const BASES: [&str; 2] = ["/opt/proxmox-backup", "/opt/proxsave"];
/// Their configuration, below that.
const CONFIGS: [&str; 2] = ["configs/backup.env", "env/backup.env"];
/// Where links to programs lie.
const PROGRAM_DIRS: [&str; 2] = ["/usr/local/bin", "/usr/local/sbin"];
/// Where links are started from.
const CRON_DIRS: [&str; 4] = ["/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly"];
/// The links they made, and the programs behind them.
const USUAL_LINKS: [(&str, &str); 5] = [
    ("proxmox-backup", "proxmox-backup.sh"),
    ("proxmox-backup-security", "security-check.sh"),
    ("proxmox-backup-permissions", "fix-permissions.sh"),
    ("proxmox-restore", "proxmox-restore.sh"),
    ("proxsave", "proxsave"),
];
const ROOTS_CRONTAB: &str = "/var/spool/cron/crontabs/root";
const DAEMON: &str = "proxsave-daemon.service";
const TIMER: &str = "proxmox-config-backup.timer";
const OWN_UNITS: &str = "/etc/systemd/system";
const UNIT_DIRS: [&str; 3] = [OWN_UNITS, "/usr/lib/systemd/system", "/lib/systemd/system"];
/// Files in which others may have named the tool.
const MAY_MENTION: [&str; 3] = ["/etc/vzdump.conf", "/etc/pve/jobs.cfg", "/etc/pve/vzdump.cron"];
const DIRS_THAT_MAY_MENTION: [&str; 2] = ["/etc/apt/apt.conf.d", OWN_UNITS];
/// Longest line of such a file that is shown.
const SHOWN: usize = 120;

/// All of it. `has_written` says that a migration has written our configuration.
pub(super) fn facts(system: &System, from: Option<&Path>, has_written: bool) -> Result<Facts, MigrateError> {
    let root = &system.root;
    let (base, config_file) = locate(root, from)?;
    let taken = take_over(root, &config_file)?;
    let (links, programs) = links(root, &base);
    let is_bash = root.exists(base.join("script/proxmox-backup.sh"));
    let host = detect(root).name;
    Ok(Facts {
        tool: if is_bash { Tool::Bash } else { Tool::ProxSave },
        own: own_config(root, &taken, has_written)?,
        recipients: recipients(root, &taken)?,
        server_id: server_id(root, &base),
        secret: (optional(root, &base.join("identity/.notify_secret"))?, optional(root, Path::new(OWN_SECRET))?),
        tabs: tabs(system)?,
        daemon: daemon(system, &programs),
        timer: timer(system),
        mentions: mentions(root, &programs),
        backups: backups(root, &taken, &host),
        base,
        config_file,
        taken,
        programs,
        links,
        host,
    })
}

fn locate(root: &Root, from: Option<&Path>) -> Result<(PathBuf, PathBuf), MigrateError> {
    let configured = |base: &Path| CONFIGS.iter().map(|name| base.join(name)).find(|file| root.exists(file));
    if let Some(from) = from {
        let base = lexical(from);
        if !base.starts_with("/opt") {
            return Err(MigrateError::Elsewhere(base));
        }
        let none = || MigrateError::NoTool(format!("{} has no {}", base.display(), CONFIGS.join(" and no ")));
        let file = configured(&base).ok_or_else(none)?;
        return Ok((base, file));
    }
    let found = BASES.iter().map(PathBuf::from).filter_map(|base| configured(&base).map(|file| (base, file)));
    let mut found: Vec<(PathBuf, PathBuf)> = found.collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(MigrateError::NoTool(format!("neither {} has a configuration", BASES.join(" nor ")))),
        (Some((base, _)), false) => {
            Err(MigrateError::Several(found.into_iter().map(|(base, _)| base).chain([base]).collect()))
        }
    }
}

/// A regular file's content; `None` where there is none.
fn optional(root: &Root, path: &Path) -> Result<Option<Content>, FileError> {
    match root.stat(path)? {
        Some(Stat { kind: Kind::File, .. }) => Ok(Some(Content(root.read(path)?))),
        _ => Ok(None),
    }
}

fn own_config(root: &Root, taken: &TakenOver, has_written: bool) -> Result<OwnConfig, MigrateError> {
    let env = optional(root, Path::new(Format::Env.place()))?;
    let said = env.as_ref().filter(|Content(env)| !says_nothing(env));
    Ok(OwnConfig {
        settings: said.map(|env| said_otherwise(root, &env.0, &taken.text)).unwrap_or_default(),
        has_yaml: root.exists(Format::Yaml.place()),
        is_taken_over: has_written && said.is_some(),
        env,
    })
}

fn recipients(root: &Root, taken: &TakenOver) -> Result<Option<RecipientFiles>, MigrateError> {
    let path = taken.config.encryption.recipients_file.clone();
    let is_left = taken.left_out.iter().any(|left| left.key == "AGE_RECIPIENT_FILE");
    let file = match root.open_no_symlink(&path) {
        Ok(file) if is_left => file,
        Err(error) if is_left && !error.is_absent() => return Err(error.into()),
        _ => return Ok(None),
    };
    let distrust = Stat::of(&file, &path)?.reason_against_trust();
    let mut old = root.read_text(&path)?;
    let salt = optional(root, &path.with_file_name("passphrase.salt"))?.unwrap_or_default();
    let salt = String::from_utf8_lossy(&salt.0).trim().to_owned();
    let is_missing = !salt.is_empty() && !old.contains(&salt);
    if let Some(salt) = Salt::parse(&salt).ok().filter(|_| is_missing) {
        old = format!("# passphrase-salt: {}\n{old}", salt.text());
    }
    let own = optional(root, Path::new(OWN_RECIPIENTS))?.map(|Content(own)| String::from_utf8_lossy(&own).into_owned());
    let parsed = RecipientsFile::parse(&old).err().into_iter().flatten().map(|mistake| mistake.to_string());
    let mistakes = distrust.map(|why| format!("the file {why}")).into_iter().chain(parsed).collect();
    Ok(Some(RecipientFiles { path, old, own, mistakes }))
}

fn server_id(root: &Root, base: &Path) -> (Option<String>, Option<String>) {
    let own = Path::new(OWN_IDENTITY);
    let own = if root.exists(own) { known_server_id(own.parent().unwrap_or(own), root).ok().flatten() } else { None };
    (older_server_id(base, root).map(|id| id.to_string()), own.map(|id| id.to_string()))
}

/// Links that lead into the tool, and by what names it is called.
fn links(root: &Root, base: &Path) -> (Vec<Link>, Programs) {
    let mut programs = Programs { bases: vec![base.to_owned()], ..Programs::default() };
    // It may have moved, with a link where it was.
    programs.bases.extend(target(root, base));
    let mut links = Vec::new();
    for dir in PROGRAM_DIRS.iter().chain(&CRON_DIRS) {
        let names = entries(root, Path::new(dir));
        let in_use =
            names.into_iter().filter(|path| !path.as_os_str().as_encoded_bytes().ends_with(MIGRATED.as_bytes()));
        for path in in_use {
            let Some(target) = target(root, &path) else { continue };
            if !programs.bases.iter().any(|base| target.starts_with(base)) {
                continue;
            }
            links.push(Link { path: path.clone(), is_taken: root.exists(with_suffix(&path, MIGRATED)) });
            if PROGRAM_DIRS.contains(dir) {
                let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
                programs.links.push((path, name));
            }
        }
    }
    for dir in PROGRAM_DIRS {
        let usual = USUAL_LINKS.iter().map(|(link, name)| (Path::new(dir).join(link), (*name).to_owned()));
        programs.gone.extend(usual.filter(|(link, _)| !root.exists(link)));
    }
    (links, programs)
}

/// Where a link leads, as a path of its own.
fn target(root: &Root, path: &Path) -> Option<PathBuf> {
    let is_link = matches!(root.stat(path), Ok(Some(Stat { kind: Kind::Symlink, .. })));
    let target = root.read_link(path).ok().filter(|_| is_link)?;
    Some(lexical(&path.parent().unwrap_or(Path::new("/")).join(target)))
}

fn entries(root: &Root, dir: &Path) -> Vec<PathBuf> {
    root.list(dir).unwrap_or_default().into_iter().map(|name| dir.join(name)).collect()
}

fn tabs(system: &System) -> Result<Vec<Tab>, MigrateError> {
    let root = &system.root;
    let mut tabs = Vec::new();
    let own = Path::new(ROOTS_CRONTAB);
    let (place, content) = if has_crontab(system) {
        (TabPlace::Program, crontab(system)?.map(Content))
    } else {
        (TabPlace::File(own.to_owned()), optional(root, own)?)
    };
    tabs.extend(content.map(|content| Tab { place, form: Form::User, content }));
    for path in std::iter::once(PathBuf::from("/etc/crontab")).chain(entries(root, Path::new("/etc/cron.d"))) {
        let content = optional(root, &path)?;
        tabs.extend(content.map(|content| Tab { place: TabPlace::File(path), form: Form::System, content }));
    }
    Ok(tabs)
}

/// The service of ProxSave, if it starts this installation.
fn daemon(system: &System, programs: &Programs) -> Option<Daemon> {
    let root = &system.root;
    let unit = UNIT_DIRS.iter().find_map(|dir| optional(root, &Path::new(dir).join(DAEMON)).ok().flatten());
    let text = unit.map(|Content(unit)| String::from_utf8_lossy(&unit).into_owned()).unwrap_or_default();
    let started = text.lines().filter_map(|line| line.trim().strip_prefix("ExecStart="));
    if !started
        .into_iter()
        .any(|command| programs.called_by(command.trim_start_matches(['-', '@', ':', '+', '!'])).is_some())
    {
        return None;
    }
    let wants = entries(root, Path::new(OWN_UNITS));
    let wants = wants.into_iter().filter(|dir| dir.extension().is_some_and(|end| end == "wants" || end == "requires"));
    let links = wants.map(|dir| dir.join(DAEMON)).filter(|link| root.read_link(link).is_ok()).collect();
    let standing = has_systemd(system).then(|| standing(system, DAEMON));
    Some(Daemon { unit: DAEMON.to_owned(), standing, links })
}

fn timer(system: &System) -> Timer {
    let root = &system.root;
    let is_masked =
        target(root, &Path::new(OWN_UNITS).join(TIMER)).is_some_and(|target| target == Path::new("/dev/null"));
    let drop_ins = entries(root, Path::new(TIMER_DROP_INS));
    Timer {
        is_installed: UNIT_DIRS.iter().any(|dir| root.exists(Path::new(dir).join(TIMER))),
        is_enabled: !is_masked && root.exists(Path::new(OWN_UNITS).join("timers.target.wants").join(TIMER)),
        drop_ins: drop_ins.into_iter().filter(|path| path.extension().is_some_and(|end| end == "conf")).collect(),
        has_systemd: has_systemd(system),
    }
}

/// Lines of others that name the tool's files.
fn mentions(root: &Root, programs: &Programs) -> Vec<(PathBuf, String)> {
    let inside = DIRS_THAT_MAY_MENTION.iter().flat_map(|dir| entries(root, Path::new(dir)));
    let files = MAY_MENTION.iter().map(PathBuf::from).chain(inside);
    let files = files.filter(|path| path.file_name().is_none_or(|name| name != DAEMON));
    let names: BTreeSet<String> = programs
        .bases
        .iter()
        .chain(programs.links.iter().map(|(link, _)| link))
        .map(|path| path.display().to_string())
        .collect();
    let mut found = Vec::new();
    for path in files {
        let Ok(Some(Content(content))) = optional(root, &path) else { continue };
        let text = String::from_utf8_lossy(&content);
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']) && !line.starts_with("//"));
        let found_here = lines.filter(|line| names.iter().any(|name| names_path(line, name)));
        found.extend(found_here.map(|line| (path.clone(), line.chars().take(SHOWN).collect())));
    }
    found
}

/// Whether a text has this path, or one below it, and not one that only begins like it.
fn names_path(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let next = text[at + path.len()..].chars().next();
        !next.is_some_and(|c| c.is_alphanumeric() || "-_.".contains(c))
    })
}

fn backups(root: &Root, taken: &TakenOver, host: &str) -> Vec<Counted> {
    let config = &taken.config;
    let places = std::iter::once(&config.local.backups).chain(config.secondary.as_ref().map(|tier| &tier.backups));
    let counted = places.map(|place| {
        let all = Directory::new(&root.below(place)).list();
        let of_host = all.as_ref().map(|all| all.iter().filter(|stored| stored.is_of(host)).count());
        let of_host = of_host.map_err(ToString::to_string);
        let of_others = all.as_ref().map_or(0, Vec::len) - of_host.as_ref().copied().unwrap_or(0);
        Counted { place: place.clone(), of_host, of_others }
    });
    counted.collect()
}
