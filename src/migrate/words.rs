//! Whether a line of a shell calls a program of the older tool. Nothing is executed or expanded;
//! a line that only names the tool's files (`rsync /opt/…/backup/ …`) does not call it.

use std::path::{Component, Path, PathBuf};

/// Programs that run another one, which stands somewhere behind them.
const WRAPPERS: [&str; 34] = [
    "!",
    "bash",
    "chronic",
    "chrt",
    "command",
    "cronic",
    "dash",
    "do",
    "elif",
    "else",
    "env",
    "eval",
    "exec",
    "flock",
    "if",
    "ionice",
    "mispipe",
    "nice",
    "nohup",
    "runuser",
    "setsid",
    "sh",
    "sudo",
    "systemd-cat",
    "systemd-inhibit",
    "systemd-run",
    "taskset",
    "then",
    "time",
    "timeout",
    "until",
    "unbuffer",
    "while",
    "{",
];
/// Folders of the older tools that hold programs.
const FOLDERS: [&str; 3] = ["script", "build", "bin"];
/// The programs that make a backup.
const MAKE_BACKUPS: [&str; 3] = ["proxmox-backup.sh", "proxmox-backup", "proxsave"];
/// What these are asked for besides.
const OTHER_WORK: [&str; 11] = [
    "--check",
    "--check-only",
    "--daemon-status",
    "--decrypt",
    "--dry-run",
    "--help",
    "--restore",
    "--support",
    "--upgrade",
    "--upgrade-config",
    "--version",
];

/// What of the older tool is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A backup.
    Backup,
    /// Anything else.
    Other,
}

/// The programs of an older tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Programs {
    /// The directory it lies in, and its other names.
    pub bases: Vec<PathBuf>,
    /// Links elsewhere that lead to them: the link, and the program's own name.
    pub links: Vec<(PathBuf, String)>,
    /// Such links that are gone: a path that is called still means them, a bare name does not.
    pub gone: Vec<(PathBuf, String)>,
}

impl Programs {
    /// What of them a command line calls: a backup before anything else.
    pub fn called_by(&self, line: &str) -> Option<Call> {
        self.called_below(line, 0)
    }

    fn called_below(&self, line: &str, depth: u8) -> Option<Call> {
        let mut found = None;
        let mut directory = PathBuf::new();
        for words in commands(line) {
            let words: Vec<&str> = words.iter().map(String::as_str).skip_while(|word| is_assignment(word)).collect();
            let Some((first, rest)) = words.split_first() else { continue };
            if *first == "cd" {
                directory = rest.first().map(PathBuf::from).unwrap_or_default();
            }
            let call = self.program(first, rest, &directory).or_else(|| {
                let is_wrapper = WRAPPERS.contains(&first.rsplit('/').next().unwrap_or(first));
                let behind = (0..rest.len()).filter(|_| is_wrapper);
                behind.into_iter().find_map(|at| {
                    let inner = rest[at].contains(char::is_whitespace) && depth < 4;
                    let inner = if inner { self.called_below(rest[at], depth + 1) } else { None };
                    inner.or_else(|| self.program(rest[at], &rest[at + 1..], &directory))
                })
            });
            found = match (found, call) {
                (Some(Call::Backup), _) | (_, Some(Call::Backup)) => Some(Call::Backup),
                (before, call) => call.or(before),
            };
        }
        found
    }

    fn program(&self, word: &str, arguments: &[&str], directory: &Path) -> Option<Call> {
        let name = self.name_of(word, directory)?;
        let is_other = arguments.iter().any(|argument| OTHER_WORK.contains(argument));
        Some(if MAKE_BACKUPS.contains(&name.as_str()) && !is_other { Call::Backup } else { Call::Other })
    }

    /// The name of the older tool's program that this word means.
    fn name_of(&self, word: &str, directory: &Path) -> Option<String> {
        if !word.contains('/') {
            let link = self.links.iter().find(|(link, _)| link.file_name().is_some_and(|name| name == word));
            return link.map(|(_, name)| name.clone());
        }
        let path = lexical(&directory.join(word));
        if let Some((_, name)) = self.links.iter().chain(&self.gone).find(|(link, _)| *link == path) {
            return Some(name.clone());
        }
        let below = self.bases.iter().find_map(|base| path.strip_prefix(base).ok())?;
        let is_program = match below.components().collect::<Vec<_>>().as_slice() {
            [Component::Normal(_)] => path.extension().is_some_and(|ending| ending == "sh"),
            [Component::Normal(folder), ..] => FOLDERS.iter().any(|name| folder == name),
            _ => false,
        };
        path.file_name().filter(|_| is_program).map(|name| name.to_string_lossy().into_owned())
    }
}

/// The path without `.` and `..`, links not looked at.
pub fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

fn is_assignment(word: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

/// The simple commands of a line, each as its words, quotes off, redirections left out.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut is_target = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => quoted(&mut chars, word.get_or_insert_default()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '<' | '>' => {
                // `2>`: the number is no argument.
                let is_number = word.as_ref().is_some_and(|word| word.chars().all(|c| c.is_ascii_digit()));
                end_word(&mut all, word.take().filter(|_| !is_number), &mut is_target);
                while chars.next_if(|c| matches!(c, '<' | '>' | '&' | '|')).is_some() {}
                is_target = true;
            }
            ';' | '|' | '&' | '(' | ')' | '`' | '\n' => {
                end_word(&mut all, word.take(), &mut is_target);
                is_target = false;
                all.push(Vec::new());
            }
            c if c.is_whitespace() => end_word(&mut all, word.take(), &mut is_target),
            c => word.get_or_insert_default().push(c),
        }
    }
    end_word(&mut all, word, &mut is_target);
    all
}

fn end_word(all: &mut [Vec<String>], word: Option<String>, is_target: &mut bool) {
    let Some(word) = word else { return };
    if !std::mem::take(is_target) {
        all.last_mut().into_iter().for_each(|words| words.push(word.clone()));
    }
}

fn quoted(chars: &mut impl Iterator<Item = char>, word: &mut String) {
    while let Some(c) = chars.next() {
        match c {
            '"' => return,
            '\\' => word.extend(chars.next()),
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs() -> Programs {
        Programs {
            bases: vec!["/opt/proxmox-backup".into()],
            links: vec![
                ("/usr/local/bin/proxmox-backup".into(), "proxmox-backup.sh".into()),
                ("/usr/local/bin/proxmox-restore".into(), "proxmox-restore.sh".into()),
            ],
            gone: Vec::new(),
        }
    }

    #[test]
    fn a_call_is_seen_in_every_spelling() {
        for line in [
            "/usr/local/bin/proxmox-backup >/dev/null 2>&1",
            "proxmox-backup",
            "MAILTO=x PATH=/bin /usr/local/bin/proxmox-backup",
            "/opt/proxmox-backup/script/proxmox-backup.sh -v",
            "bash /opt/proxmox-backup/script/proxmox-backup.sh",
            "cd /opt/proxmox-backup && ./script/proxmox-backup.sh | logger -t x",
            "cd /opt/proxmox-backup/script; ./proxmox-backup.sh",
            "nice -n 19 ionice -c3 /usr/local/bin/proxmox-backup",
            "[ -x /usr/local/bin/proxmox-backup ] && /usr/local/bin/proxmox-backup",
            "flock -n /tmp/x sh -c 'sleep 5; /usr/local/bin/proxmox-backup >/tmp/log'",
            "/opt/./proxmox-backup/x/../script/proxmox-backup.sh",
            "\"/usr/local/bin/proxmox-backup\"",
            ">/dev/null /usr/local/bin/proxmox-backup",
            "(sleep 60; /usr/local/bin/proxmox-backup) &",
        ] {
            assert_eq!(programs().called_by(line), Some(Call::Backup), "{line}");
        }
        for line in ["proxmox-restore", "/opt/proxmox-backup/install.sh", "/usr/local/bin/proxmox-backup --check-only"]
        {
            assert_eq!(programs().called_by(line), Some(Call::Other), "{line}");
        }
    }

    #[test]
    fn other_peoples_lines_are_none() {
        for line in [
            "rsync -a /opt/proxmox-backup/backup/ nas:/x",
            "find /opt/proxmox-backup/log -name '*.log' -delete",
            "tar czf /root/x.tgz /opt/proxmox-backup",
            "/usr/sbin/proxmox-backup backup",
            "proxmox-backup-manager garbage-collection start s1",
            "proxmox-backup-client backup root.pxar:/",
            "echo 'proxmox-backup is fine'",
            "/opt/proxmox-backup-tools/script/x.sh",
            "/usr/local/bin/other >/opt/proxmox-backup/script/log",
            "ls -l /usr/local/bin/proxmox-backup",
            "",
            "'",
        ] {
            assert_eq!(programs().called_by(line), None, "{line}");
        }
    }
}
