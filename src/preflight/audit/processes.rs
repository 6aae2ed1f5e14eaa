//! Processes: what `/proc` tells about one (`proc(5)`), and which are a finding. Reads nothing itself.

use super::names::{base, find, readable};
use crate::config::ProcessAudit;
use crate::issue::{Issue, Stage};

/// `PF_KTHREAD` of the kernel's `sched.h`: no program can set it.
const KERNEL_THREAD: u64 = 0x0020_0000;
/// `kthreadd`, parent of all kernel threads.
const KTHREADD: u32 = 2;
/// Programs whose first argument is the program that matters.
const INTERPRETERS: [&str; 10] = ["ash", "bash", "dash", "node", "perl", "php", "python*", "ruby", "sh", "zsh"];

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// The kernel's name of it, which the process may change.
    name: String,
    state: u8,
    parent: u32,
    has_kernel_flag: bool,
    /// The process may change these as well.
    arguments: Vec<String>,
    program: Program,
}

/// The file that is executed, which the process cannot change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Program {
    File(String),
    /// A kernel thread, or a process on its way out.
    None,
    /// We are not allowed to know.
    Unseen,
}

impl Process {
    /// From `stat` and `cmdline`; `None` for a half-read line.
    pub(super) fn parse(pid: u32, stat: &[u8], cmdline: &[u8], program: Program) -> Option<Self> {
        // The name may have anything in it, closing parentheses as well: the last one ends it.
        let from = stat.iter().position(|byte| *byte == b'(')?;
        let to = stat.iter().rposition(|byte| *byte == b')').filter(|to| *to > from)?;
        let fields = std::str::from_utf8(stat.get(to + 1..)?).ok()?;
        let mut fields = fields.split_ascii_whitespace();
        let state = *fields.next()?.as_bytes().first()?;
        let parent = fields.next()?.parse().ok()?;
        let flags: u64 = fields.nth(4)?.parse().ok()?;
        let used = cmdline.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let words = cmdline[..used].split(|byte| *byte == 0);
        Some(Self {
            pid,
            name: readable(&stat[from + 1..to]),
            state,
            parent,
            has_kernel_flag: flags & KERNEL_THREAD != 0,
            arguments: if used == 0 { Vec::new() } else { words.map(readable).collect() },
            program,
        })
    }

    /// In a container's numbering process 2 may be anybody, but then it has a program.
    fn is_kernel_thread(&self) -> bool {
        let is_theirs = self.pid == KTHREADD || self.parent == KTHREADD;
        self.has_kernel_flag || (is_theirs && self.program == Program::None)
    }

    fn is_ending(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }

    /// What it may be called in a list: by the kernel, by its file, by itself, by its script.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = vec![self.name.as_str()];
        if let Program::File(path) = &self.program {
            names.push(base(path));
        }
        if let Some(first) = self.arguments.first() {
            names.push(base(first.trim_start_matches('-')));
        }
        let is_interpreter = names.iter().any(|name| INTERPRETERS.iter().any(|known| super::names::fits(known, name)));
        let script = self.arguments.iter().skip(1).find(|word| !word.starts_with('-')).filter(|_| is_interpreter);
        names.extend(script.map(|script| base(script)));
        names
    }

    /// The name in brackets under which `ps` shows it, as it shows kernel threads.
    fn bracketed(&self) -> Option<&str> {
        let named = self.arguments.first().into_iter().chain([&self.name]).find_map(|text| within_brackets(text));
        // Of a process without arguments `ps` shows the name in brackets; one that has a program
        // has thrown them away.
        let is_bare = self.arguments.is_empty() && matches!(self.program, Program::File(_));
        named.or_else(|| is_bare.then_some(self.name.as_str()))
    }

    /// `nc (pid 77, /usr/bin/nc)`.
    pub(super) fn label(&self) -> String {
        match &self.program {
            Program::File(path) => format!("{} (pid {}, {path})", self.name, self.pid),
            Program::None | Program::Unseen => format!("{} (pid {})", self.name, self.pid),
        }
    }

    fn program_label(&self) -> &str {
        match &self.program {
            Program::File(path) => path,
            Program::None => "a program without a file",
            Program::Unseen => "a program that cannot be seen",
        }
    }
}

fn within_brackets(text: &str) -> Option<&str> {
    text.trim_end().strip_prefix('[')?.strip_suffix(']').filter(|name| !name.is_empty())
}

/// Processes that are a finding.
pub(super) fn judge(processes: &[Process], lists: &ProcessAudit) -> Vec<Issue> {
    let living = processes.iter().filter(|process| !process.is_ending());
    living.filter_map(|process| suspicious(process, lists).or_else(|| disguised(process, lists))).collect()
}

fn suspicious(process: &Process, lists: &ProcessAudit) -> Option<Issue> {
    let names = process.names();
    let entry = find(&lists.suspicious, &names)?;
    if find(&lists.safe, &names).is_some() {
        return None;
    }
    let reason = format!("{} fits {entry} of SUSPICIOUS_PROCESSES", process.label());
    let hint = format!("end it if it is not yours; SAFE_PROCESSES={} accepts it", process.name);
    Some(issue(process, reason, hint))
}

fn disguised(process: &Process, lists: &ProcessAudit) -> Option<Issue> {
    if process.is_kernel_thread() {
        return None;
    }
    let name = process.bracketed()?;
    let is_known_kernel = process.program == Program::None && find(&lists.safe_kernel, &[name]).is_some();
    if is_known_kernel || find(&lists.safe_brackets, &[name]).is_some() {
        return None;
    }
    let reason = format!("calls itself [{name}] like a kernel thread and is none: it runs {}", process.program_label());
    let hint = format!("end it if it is not yours; SAFE_BRACKET_PROCESSES={name} accepts it");
    Some(issue(process, reason, hint))
}

fn issue(process: &Process, reason: String, hint: String) -> Issue {
    Issue::warning(Stage::Preflight, format!("process {}", process.pid), reason).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As recorded of Linux 6.18, shortened.
    const REST: &str = "0 0 0 0 20 0 1 0 32 0 0 18446744073709551615";

    fn process(name: &str, parent: u32, flags: u64, cmdline: &str, exe: Option<&str>) -> Process {
        let stat = format!("77 ({name}) S {parent} 0 0 0 -1 {flags} {REST}\n");
        let program = exe.map_or(Program::None, |path| Program::File(path.to_owned()));
        Process::parse(77, stat.as_bytes(), cmdline.as_bytes(), program).unwrap()
    }

    fn lists() -> ProcessAudit {
        ProcessAudit {
            suspicious: ["ncat", "xmrig", "mr.sh"].map(str::to_owned).to_vec(),
            safe: vec!["good-xmrig".to_owned()],
            safe_brackets: vec!["celeryd*".to_owned()],
            safe_kernel: vec!["odd-driver".to_owned()],
        }
    }

    fn reason(process: Process) -> Option<String> {
        judge(&[process], &lists()).pop().map(|issue| issue.reason)
    }

    #[test]
    fn a_name_on_the_list_is_found_wherever_it_stands() {
        for (name, cmdline, exe) in [
            ("xmrig", "xmrig\0", "/tmp/xmrig"),
            ("kernel", "kernel\0", "/tmp/xmrig (deleted)"),
            ("worker", "/opt/xmrig\0-o\0pool\0", "/opt/w"),
            ("mr.sh", "/bin/bash\0/tmp/mr.sh\0", "/usr/bin/bash"),
            ("bash", "bash\0-x\0/tmp/mr.sh\0", "/usr/bin/bash"),
        ] {
            let reason = reason(process(name, 1, 0, cmdline, Some(exe))).unwrap();
            assert!(reason.contains("of SUSPICIOUS_PROCESSES") && reason.contains("pid 77"), "{reason}");
        }
    }

    #[test]
    fn what_only_mentions_a_name_or_is_safe_is_no_finding() {
        for (name, cmdline, exe) in [
            ("vim", "vim\0mr.sh\0", "/usr/bin/vim"),
            ("xmrig-exporter", "xmrig-exporter\0", "/usr/bin/xmrig-exporter"),
            ("xmrig", "good-xmrig\0", "/opt/good-xmrig"),
        ] {
            assert_eq!(reason(process(name, 1, 0, cmdline, Some(exe))), None, "{name}");
        }
    }

    #[test]
    fn a_name_in_brackets_belongs_to_kernel_threads() {
        let sleep = Some("/usr/bin/sleep");
        for (process, is_found) in [
            (process("kworker/0:0H", 2, 69_238_880, "", None), false),
            (process("kthreadd", 0, 2_129_984, "", None), false),
            (process("old-kthread", 2, 0, "", None), false),
            (process("sleep", 1, 0, "[kworker/9:9]\x0060\0", sleep), true),
            (process("sleep", 2, 0, "[kworker/9:9]  \0", sleep), true),
            (process("[kworker]", 1, 0, "sleep\0", sleep), true),
            (process("sleep", 1, 0, "", sleep), true),
            (process("exiting", 1, 0, "", None), false),
            (process("python3", 1, 0, "[celeryd: a@b:MainProcess]\0", sleep), false),
            (process("lxc-start", 1, 0, "[lxc monitor] /var/lib/lxc 101\0", sleep), false),
            (process("python3", 1, 0, "[other: a@b] -active-\0", sleep), false),
            (process("x", 1, 0, "[odd-driver]\0", None), false),
            (process("x", 1, 0, "[odd-driver]\0", sleep), true),
            (process("x", 1, 0, "[]\0", sleep), false),
            (process("x", 1, 0, "[\u{e9}]\0", sleep), true),
        ] {
            let shown = format!("{process:?}");
            assert_eq!(reason(process).is_some_and(|reason| reason.contains("kernel thread")), is_found, "{shown}");
        }
    }

    #[test]
    fn a_hostile_name_changes_nothing_behind_it() {
        let stat = b"77 (a) S 2 0 0 0 -1 2097152 (\n\xff) R 1 0 0 0 -1 64 0 0\n";
        let parsed = Process::parse(77, stat, b"[x]\0", Program::File("/x".to_owned())).unwrap();
        assert_eq!((parsed.parent, parsed.has_kernel_flag, parsed.state), (1, false, b'R'));
        assert!(!parsed.name.contains('\n'), "{:?}", parsed.name);
        assert_eq!(judge(&[parsed], &lists()).len(), 1);
    }

    #[test]
    fn half_a_line_is_no_process_and_a_zombie_no_finding() {
        let whole = format!("77 (xmrig) Z 1 0 0 0 -1 64 {REST}");
        let zombie = Process::parse(77, whole.as_bytes(), b"", Program::None).unwrap();
        assert_eq!(reason(zombie), None);
        for length in 0..whole.find("-1").unwrap() {
            assert_eq!(Process::parse(77, &whole.as_bytes()[..length], b"", Program::None), None, "{length}");
        }
        for text in ["", ")(", "1 )x( S 1", "1 (x) S one 0 0 0 -1 0", "1 (x) S 1 0 0 0 -1 many"] {
            assert_eq!(Process::parse(1, text.as_bytes(), b"", Program::None), None, "{text}");
        }
    }
}
