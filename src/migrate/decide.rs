//! Facts → plan. What makes backups here comes first, what made them before goes last: whoever stops
//! in between has two of them and not none.

use std::path::{Path, PathBuf};

use super::calendar::{Cadence, cadence};
use super::cron::quieted;
use super::facts::{Content, Facts, TabPlace};
use super::{
    BEFORE, Change, MIGRATED, MigrationPlan, OWN_IDENTITY, OWN_RECIPIENTS, OWN_SECRET, OwnFile, Step, TIMER_DROP_INS,
};
use crate::config::Format;
use crate::system::with_suffix;

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// What is to be done.
pub fn decide(facts: &Facts, own_file: OwnFile) -> MigrationPlan {
    let mut deciding = Deciding {
        facts,
        plan: MigrationPlan {
            tool: facts.tool,
            base: facts.base.clone(),
            steps: Vec::new(),
            refused: Vec::new(),
            stays: Vec::new(),
            by_hand: Vec::new(),
            left_out: facts.taken.left_out.clone(),
            backups: facts.backups.clone(),
        },
    };
    deciding.config(own_file);
    deciding.recipients();
    deciding.identity();
    deciding.secret();
    let schedules = deciding.crontabs();
    deciding.daemon();
    deciding.links();
    deciding.backups(own_file);
    deciding.timer(&schedules);
    deciding.rest();
    deciding.plan
}

struct Deciding<'a> {
    facts: &'a Facts,
    plan: MigrationPlan,
}

impl Deciding<'_> {
    fn step(&mut self, change: Change, reason: impl Into<String>) {
        self.plan.steps.push(Step { change, reason: reason.into() });
    }

    fn write(&mut self, path: impl Into<PathBuf>, mode: u32, content: &[u8], reason: impl Into<String>) {
        self.step(Change::Write { path: path.into(), mode, content: Content(content.to_vec()) }, reason);
    }

    fn stays(&mut self, what: impl Into<String>) {
        self.plan.stays.push(what.into());
    }

    fn by_hand(&mut self, what: impl Into<String>) {
        self.plan.by_hand.push(what.into());
    }

    fn config(&mut self, own_file: OwnFile) {
        let (own, taken, place) = (&self.facts.own, &self.facts.taken, Format::Env.place());
        let theirs = self.facts.config_file.display();
        if own.env.as_ref().is_some_and(|env| env.0 == taken.text.as_bytes()) {
            return self.stays(format!("{place} is what {theirs} says"));
        }
        if own.is_taken_over {
            return self.stays(format!("{place}: a migration has written it before, it stays as it is"));
        }
        if own_file == OwnFile::Stays {
            return self.stays(format!("{place} stays as it is (--keep-config); nothing of {theirs} counts"));
        }
        if own.has_yaml {
            let yaml = Format::Yaml.place();
            let why = format!("{yaml} is there and comes before {place}: remove it, or say --keep-config");
            return self.plan.refused.push(why);
        }
        if !own.settings.is_empty() {
            let names = own.settings.join(", ");
            return self.plan.refused.push(format!(
                "{place} says what {theirs} does not: {names}; take these lines out or put them into {theirs}, or say --keep-config"
            ));
        }
        if let Some(Content(before)) = &own.env {
            self.write(format!("{place}{BEFORE}"), PRIVATE, before, format!("a copy of {place} as it is"));
        }
        let left = taken.left_out.len();
        let left = if left == 0 { String::new() } else { format!("; {left} keys become comments with the reason") };
        self.write(place, PRIVATE, taken.text.as_bytes(), format!("{} settings of {theirs}{left}", taken.settings));
        for (line, why) in &taken.settled {
            self.by_hand(format!("{line} is written, because {why}: see the comment above it in {place}"));
        }
    }

    fn recipients(&mut self) {
        let Some(files) = &self.facts.recipients else { return };
        if !files.mistakes.is_empty() {
            let why = format!("{}: {}: correct these lines first", files.path.display(), files.mistakes.join("; "));
            return self.plan.refused.push(why);
        }
        let (content, count) = joined(files.own.as_deref().unwrap_or_default(), &files.old);
        if files.own.as_deref() == Some(content.as_str()) {
            return self.stays(format!("{OWN_RECIPIENTS} has every recipient already"));
        }
        let reason = format!("{count} lines of {}: archives are encrypted for the same keys", files.path.display());
        self.write(OWN_RECIPIENTS, PRIVATE, content.as_bytes(), reason);
    }

    fn identity(&mut self) {
        match &self.facts.server_id {
            (Some(old), None) => {
                let reason = format!("this server stays number {old}, as those know who were told of it");
                self.write(OWN_IDENTITY, PRIVATE, format!("{old}\n").as_bytes(), reason);
            }
            (Some(old), Some(own)) if old != own => {
                self.by_hand(format!("this server has the number {own} here and {old} there; {OWN_IDENTITY} stays"));
            }
            _ => {}
        }
    }

    fn secret(&mut self) {
        match &self.facts.secret {
            (Some(Content(old)), None) => {
                let reason = "what the message server knows this host by; kept so that it is not lost";
                self.write(OWN_SECRET, PRIVATE, old, reason);
            }
            (Some(old), Some(own)) if old != own => {
                self.by_hand(format!("{OWN_SECRET} holds another secret and stays"));
            }
            _ => {}
        }
    }

    /// Gives when backups were made.
    fn crontabs(&mut self) -> Vec<String> {
        let mut schedules = Vec::new();
        for tab in &self.facts.tabs {
            let quiet = quieted(&tab.content.0, tab.form, &self.facts.programs);
            if quiet.lines == 0 {
                continue;
            }
            let reason = match quiet.schedules.as_slice() {
                [] => format!("{} of its lines call {} and become comments", quiet.lines, self.facts.tool),
                times => {
                    let times = times.join(", ");
                    format!("{} of its lines call {} ({times}) and become comments", quiet.lines, self.facts.tool)
                }
            };
            schedules.extend(quiet.schedules);
            match &tab.place {
                TabPlace::Program => self.step(Change::Crontab { content: Content(quiet.content) }, reason),
                TabPlace::File(path) => self.write(path, PUBLIC, &quiet.content, reason),
            }
        }
        schedules
    }

    fn daemon(&mut self) {
        let Some(daemon) = &self.facts.daemon else { return };
        let reason = format!("it makes the backups of {}", self.facts.tool);
        match daemon.standing {
            Some(was) if was.is_enabled || was.is_active => {
                self.step(Change::Disable { unit: daemon.unit.clone(), was }, reason);
            }
            Some(_) => {}
            None => {
                for path in &daemon.links {
                    self.step(Change::Unlink { path: path.clone() }, format!("{}: {reason}", daemon.unit));
                }
            }
        }
    }

    fn links(&mut self) {
        for link in &self.facts.links {
            let to = with_suffix(&link.path, MIGRATED);
            if link.is_taken {
                let text =
                    format!("{} leads to {} and stays: {} is in use", show(&link.path), self.facts.tool, show(&to));
                self.by_hand(text);
            } else {
                let reason = format!("it leads to {}", self.facts.base.display());
                self.step(Change::Rename { from: link.path.clone(), to }, reason);
            }
        }
    }

    fn backups(&mut self, own_file: OwnFile) {
        for counted in &self.facts.backups {
            let place = counted.place.display();
            let host = &self.facts.host;
            match &counted.of_host {
                Ok(count) if own_file == OwnFile::Stays => self.by_hand(format!(
                    "{count} backups of {host} lie in {place}: `list` shows them where BACKUP_PATH or SECONDARY_PATH names it"
                )),
                Ok(count) => {
                    let others = match counted.of_others {
                        0 => String::new(),
                        others => format!(" (and {others} of other hosts)"),
                    };
                    self.stays(format!("{place}: {count} backups of {host}{others}, which `list` shows where they are"));
                }
                Err(why) => self.by_hand(format!("backups in {place} could not be counted: {why}")),
            }
        }
        if self.facts.taken.config.cloud.is_some() {
            self.stays("backups in the cloud are not counted now; `list` asks for them");
        }
    }

    /// Our schedule goes in front of what puts theirs out of action.
    fn timer(&mut self, schedules: &[String]) {
        let ours = &self.facts.timer;
        let stops_theirs = |step: &Step| {
            let is_crontab = |path: &Path| path.starts_with("/etc/cron.d") || path.starts_with("/var/spool/cron");
            match &step.change {
                Change::Crontab { .. } | Change::Rename { .. } | Change::Unlink { .. } | Change::Disable { .. } => true,
                Change::Write { path, .. } => is_crontab(path) || path == Path::new("/etc/crontab"),
                Change::Reload => false,
            }
        };
        let Some(at) = self.plan.steps.iter().position(stops_theirs) else { return };
        match cadence(schedules) {
            Cadence::Daily => self.stays("once a day, as before: the timer takes a moment between 0:00 and 2:00"),
            Cadence::Unsaid(schedule) => self.by_hand(format!(
                "\"{schedule}\" of cron has no words in systemd: backups are made once a day; `systemctl edit proxmox-config-backup.timer` changes that"
            )),
            Cadence::Calendar(times) if !ours.drop_ins.is_empty() => self.by_hand(format!(
                "the timer has changes of its own ({}), which stay; before it was OnCalendar={}",
                show(&ours.drop_ins[0]),
                times.join(", OnCalendar=")
            )),
            Cadence::Calendar(times) => {
                let reason = format!("not once a day, but {}", times.join(" and "));
                let path = Path::new(TIMER_DROP_INS).join("schedule.conf");
                let content = Content(drop_in(&times).into_bytes());
                let mut new = vec![Step { change: Change::Write { path, mode: PUBLIC, content }, reason }];
                if ours.has_systemd {
                    new.push(Step { change: Change::Reload, reason: "the timer has another schedule".to_owned() });
                }
                self.plan.steps.splice(at..at, new);
            }
        }
        match ours {
            ours if !ours.is_installed => {
                self.by_hand("proxmox-config-backup.timer is not installed: nothing starts backups any more until the package is");
            }
            ours if !ours.is_enabled => {
                self.by_hand("no backups are made yet: systemctl enable --now proxmox-config-backup.timer");
            }
            _ => {}
        }
    }

    /// What nobody but the administrator may decide.
    fn rest(&mut self) {
        for (file, line) in &self.facts.mentions {
            self.by_hand(format!("{} names {}, and stays: {line}", show(file), self.facts.tool));
        }
        let base = &self.facts.base;
        let config = &self.facts.taken.config;
        let used = [
            Some(&config.local.backups),
            Some(&config.local.logs),
            config.secondary.as_ref().map(|tier| &tier.backups),
        ];
        let used: Vec<String> =
            used.into_iter().flatten().filter(|path| path.starts_with(base)).map(|path| show(path)).collect();
        let except = if used.is_empty() {
            String::new()
        } else {
            format!(" but {}, where backups and logs lie", used.join(", "))
        };
        self.by_hand(format!(
            "once backups are made and you need no way back, {} may go{except}: nothing in it was changed",
            base.display()
        ));
    }
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

/// A list of recipients with the lines of another one behind it, and how many these are.
fn joined(own: &str, other: &str) -> (String, usize) {
    let missing: Vec<&str> = other
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && own.lines().all(|known| known.trim() != *line))
        .collect();
    if own.is_empty() {
        return (other.to_owned(), missing.len());
    }
    // Comments alone are no reason to change the file.
    if missing.iter().all(|line| line.starts_with('#') && !line.contains("passphrase-salt:")) {
        return (own.to_owned(), 0);
    }
    let between = if own.ends_with('\n') { "" } else { "\n" };
    (format!("{own}{between}{}\n", missing.join("\n")), missing.len())
}

/// What replaces the package's schedule.
fn drop_in(times: &[String]) -> String {
    let times: Vec<String> = times.iter().map(|time| format!("OnCalendar={time}")).collect();
    let times = times.join("\n");
    format!(
        "# The schedule of the older tool, written by `proxmox-backup migrate`.\n[Timer]\nOnCalendar=\n{times}\nRandomizedDelaySec=5min\n"
    )
}
