//! Programs: an argument list, a time limit, a process group that ends as a whole, capped output.
//!
//! Never a shell. The environment is fixed (`LC_ALL=C`, a plain PATH) but for what a command asks
//! for, stdin is empty or given bytes, stdout and stderr stay apart: a Perl warning must not end up
//! in a JSON file.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::{Cancel, Recorded};
use crate::foreign::on_one_line;
use crate::secret::Secret;
use crate::units::Elapsed;

/// Where collected programs are looked for; the caller's PATH must not choose what root runs.
pub const FIXED_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long a group may take to end after SIGTERM before SIGKILL.
const TERM_GRACE: Duration = Duration::from_millis(500);
/// A grandchild may hold the pipe open after the program has ended; this long we still listen.
const PIPE_GRACE: Duration = Duration::from_millis(300);
/// How often a wait looks at the cancel flag.
const TICK: Duration = Duration::from_millis(50);
/// How much of stderr is kept: its end says why.
const STDERR_TAIL: usize = 2048;

/// What to run. Without a limit it is ended at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandSpec {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// After this long the whole process group is ended.
    pub limit: Duration,
    /// Bytes of stdout that are kept; the rest is read and dropped.
    pub output_cap: u64,
    /// Variables for this process beside the fixed ones, which they replace.
    pub environment: Vec<(String, Secret)>,
    /// What it reads on stdin.
    pub input: Vec<u8>,
}

impl CommandSpec {
    /// These words, which may take this long and print this much.
    pub fn new(words: &[impl AsRef<str>], limit: Duration, output_cap: u64) -> Self {
        let argv = words.iter().map(|word| word.as_ref().to_owned()).collect();
        Self { argv, limit, output_cap, ..Self::default() }
    }

    /// The command line as one would type it.
    pub fn line(&self) -> String {
        self.argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

/// What a program that ended with status 0 gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CommandOutput {
    /// stdout was longer than the cap.
    pub is_cut: bool,
}

/// A program that did not do what was asked.
#[derive(Debug)]
pub struct CommandError {
    /// The command line.
    pub line: String,
    /// What happened.
    pub how: CommandFailure,
    /// The end of stderr, one line.
    pub stderr_tail: String,
}

/// The ways a program can fail.
#[derive(Debug)]
pub enum CommandFailure {
    /// No such program.
    NotFound,
    /// Ended by us after this long.
    TimedOut(Duration),
    /// Ended with this status.
    Exit(i32),
    /// Ended by this signal.
    Signal(i32),
    /// The run was asked to stop.
    Cancelled,
    /// It could not be started or listened to.
    Io(io::Error),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason())
    }
}

impl std::error::Error for CommandError {}

impl CommandError {
    /// What happened, without the command line.
    pub fn reason(&self) -> String {
        let how = match &self.how {
            CommandFailure::NotFound => "program not found".to_owned(),
            CommandFailure::TimedOut(limit) => {
                format!("no end within {}, stopped", Elapsed(*limit))
            }
            CommandFailure::Exit(code) => format!("exit status {code}"),
            CommandFailure::Signal(number) => format!("ended by signal {number}"),
            CommandFailure::Cancelled => "interrupted".to_owned(),
            CommandFailure::Io(cause) => format!("cannot run it: {cause}"),
        };
        if self.stderr_tail.is_empty() { how } else { format!("{how}: {}", self.stderr_tail) }
    }
}

/// Who answers commands.
#[derive(Clone, Debug)]
pub enum Runner {
    /// This machine's programs.
    Live(Live),
    /// Files with recorded answers.
    Recorded(Recorded),
    /// Nobody: the tree that is looked at does not run.
    Nobody,
}

impl Runner {
    /// Runs a program to its end; stdout goes into `sink`.
    pub fn run(
        &self,
        spec: &CommandSpec,
        sink: &mut dyn Write,
        cancel: &Cancel,
    ) -> Result<CommandOutput, CommandError> {
        match self {
            Self::Live(live) => live.run(spec, sink, cancel),
            Self::Recorded(recorded) => recorded.run(spec, sink, cancel),
            Self::Nobody => Err(failure(spec, CommandFailure::NotFound, String::new())),
        }
    }
}

/// Runs this machine's programs.
#[derive(Clone, Debug)]
pub struct Live {
    path: String,
}

impl Default for Live {
    fn default() -> Self {
        Self { path: FIXED_PATH.to_owned() }
    }
}

impl Live {
    /// Looks for programs in `path` instead of the fixed places: tests put stand-ins there.
    pub fn with_path(path: &str) -> Self {
        Self { path: path.to_owned() }
    }

    fn run(&self, spec: &CommandSpec, sink: &mut dyn Write, cancel: &Cancel) -> Result<CommandOutput, CommandError> {
        let started = Instant::now();
        let mut child = self.spawn(spec).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => failure(spec, CommandFailure::NotFound, String::new()),
            _ => failure(spec, CommandFailure::Io(cause), String::new()),
        })?;
        let mut listening = Listening::new(spec.output_cap, sink);
        let ended = listening.until_end(&mut child, started + spec.limit, cancel);
        // Whatever happened, nothing of the group outlives this function, and the child is reaped.
        end_group(&mut child);
        let tail = listening.stderr_tail();
        match ended {
            Ok(Ended::Exited(status)) if status.success() => Ok(CommandOutput { is_cut: listening.is_cut }),
            Ok(Ended::Exited(status)) => Err(failure(spec, by_status(status), tail)),
            Ok(Ended::TimedOut) => Err(failure(spec, CommandFailure::TimedOut(spec.limit), tail)),
            Ok(Ended::Cancelled) => Err(failure(spec, CommandFailure::Cancelled, tail)),
            Err(cause) => Err(failure(spec, CommandFailure::Io(cause), tail)),
        }
    }

    fn spawn(&self, spec: &CommandSpec) -> io::Result<Child> {
        let program = spec.argv.first().ok_or(io::ErrorKind::InvalidInput)?;
        let found = self.find(program).ok_or(io::ErrorKind::NotFound)?;
        #[expect(clippy::disallowed_methods, reason = "this is the Runner")]
        let mut command = Command::new(found);
        command.arg0(program).args(&spec.argv[1..]);
        command.env_clear().env("LC_ALL", "C").env("PATH", &self.path).env("HOME", "/root").env("TERM", "dumb");
        command.envs(spec.environment.iter().map(|(name, value)| (name, value.expose())));
        command.current_dir("/").process_group(0);
        command.stdin(stdin_of(&spec.input)?).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn()
    }

    /// The lookup is ours because `Command` would search the caller's PATH.
    #[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
    fn find(&self, program: &str) -> Option<std::path::PathBuf> {
        use std::os::unix::fs::PermissionsExt;
        if program.contains('/') {
            return Some(program.into());
        }
        self.path.split(':').map(|dir| std::path::Path::new(dir).join(program)).find(|path| {
            std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
    }
}

/// Memory as a file: a pipe would need somebody who feeds it while we listen.
fn stdin_of(input: &[u8]) -> io::Result<Stdio> {
    if input.is_empty() {
        return Ok(Stdio::null());
    }
    let mut file = File::from(memfd_create(c"stdin", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(input)?;
    file.rewind()?;
    Ok(file.into())
}

enum Ended {
    Exited(ExitStatus),
    TimedOut,
    Cancelled,
}

/// Reads both pipes until they close, the time is up, or the run is cancelled.
struct Listening<'a> {
    sink: &'a mut dyn Write,
    room: u64,
    is_cut: bool,
    stderr: VecDeque<u8>,
    block: Vec<u8>,
}

impl<'a> Listening<'a> {
    fn new(cap: u64, sink: &'a mut dyn Write) -> Self {
        Self { sink, room: cap, is_cut: false, stderr: VecDeque::new(), block: vec![0; 64 * 1024] }
    }

    fn until_end(&mut self, child: &mut Child, deadline: Instant, cancel: &Cancel) -> io::Result<Ended> {
        let mut stdout = child.stdout.take();
        let mut stderr = child.stderr.take();
        for fd in [stdout.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd)].into_iter().flatten() {
            fcntl(fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        let mut exited: Option<(ExitStatus, Instant)> = None;
        loop {
            if cancel.check().is_err() {
                return Ok(Ended::Cancelled);
            }
            let now = Instant::now();
            if let Some((status, since)) = exited {
                if (stdout.is_none() && stderr.is_none()) || now > since + PIPE_GRACE {
                    return Ok(Ended::Exited(status));
                }
            } else if now >= deadline {
                return Ok(Ended::TimedOut);
            }
            wait_readable(stdout.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd), deadline)?;
            if stdout.as_mut().is_some_and(|pipe| self.drain(pipe, Stream::Out)) {
                stdout = None;
            }
            if stderr.as_mut().is_some_and(|pipe| self.drain(pipe, Stream::Err)) {
                stderr = None;
            }
            if exited.is_none() {
                exited = child.try_wait()?.map(|status| (status, Instant::now()));
            }
        }
    }

    /// Takes what is there; true when the pipe is closed.
    fn drain(&mut self, pipe: &mut dyn Read, stream: Stream) -> bool {
        loop {
            match pipe.read(&mut self.block) {
                Ok(0) => return true,
                Ok(got) => self.take(got, stream),
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return false,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return true,
            }
        }
    }

    fn take(&mut self, got: usize, stream: Stream) {
        let bytes = &self.block[..got];
        match stream {
            Stream::Out => {
                let keep = usize::try_from(self.room).unwrap_or(usize::MAX).min(got);
                let kept = self.sink.write_all(&bytes[..keep]);
                self.is_cut |= keep < got || kept.is_err();
                self.room -= keep as u64;
            }
            Stream::Err => {
                self.stderr.extend(bytes);
                let over = self.stderr.len().saturating_sub(STDERR_TAIL);
                self.stderr.drain(..over);
            }
        }
    }

    /// The last lines of stderr as one line for a message.
    fn stderr_tail(&self) -> String {
        let bytes: Vec<u8> = self.stderr.iter().copied().collect();
        one_line(&String::from_utf8_lossy(&bytes))
    }
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// The last three lines as one, without control characters: it goes to terminals and logs.
pub(super) fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(3)..];
    on_one_line(&last.join("; "))
}

fn wait_readable(a: Option<BorrowedFd<'_>>, b: Option<BorrowedFd<'_>>, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    // Without pipes only the child's end is awaited: a short tick keeps that prompt.
    let tick = if a.is_none() && b.is_none() { Duration::from_millis(2) } else { TICK };
    let timeout = PollTimeout::try_from(tick.min(left.max(Duration::from_millis(1)))).unwrap_or(PollTimeout::ZERO);
    let mut fds: Vec<PollFd<'_>> = [a, b].into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    match poll(&mut fds, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(cause) => Err(cause.into()),
    }
}

/// Ends what is left of the process group and reaps the child.
fn end_group(child: &mut Child) {
    let Ok(group) = i32::try_from(child.id()).map(Pid::from_raw) else {
        return;
    };
    let leader_runs = matches!(child.try_wait(), Ok(None));
    if killpg(group, Signal::SIGTERM).is_err() && !leader_runs {
        return;
    }
    let until = Instant::now() + TERM_GRACE;
    while Instant::now() < until {
        let gone = !matches!(child.try_wait(), Ok(None)) && killpg(group, None).is_err();
        if gone {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = killpg(group, Signal::SIGKILL);
    let _ = child.wait();
}

fn by_status(status: ExitStatus) -> CommandFailure {
    match status.code() {
        Some(code) => CommandFailure::Exit(code),
        None => CommandFailure::Signal(status.signal().unwrap_or(0)),
    }
}

pub(super) fn failure(spec: &CommandSpec, how: CommandFailure, stderr_tail: String) -> CommandError {
    CommandError { line: spec.line(), how, stderr_tail }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(argv: &[&str], limit_ms: u64, cap: u64) -> (Result<CommandOutput, CommandError>, Vec<u8>) {
        let spec = CommandSpec {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            limit: Duration::from_millis(limit_ms),
            output_cap: cap,
            ..CommandSpec::default()
        };
        let mut out = Vec::new();
        let result = Runner::Live(Live::default()).run(&spec, &mut out, &Cancel::default());
        (result, out)
    }

    #[test]
    fn stdout_is_kept_and_stderr_stays_apart() {
        let (result, out) = run(&["sh", "-c", "echo out; echo err >&2"], 5000, 100);
        assert!(!result.unwrap().is_cut);
        assert_eq!(out, b"out\n");
    }

    #[test]
    fn a_failure_names_status_and_the_end_of_stderr() {
        let (result, _) = run(&["sh", "-c", "echo a >&2; echo why >&2; exit 3"], 5000, 100);
        assert_eq!(result.unwrap_err().reason(), "exit status 3: a; why");
    }

    #[test]
    fn a_missing_program_is_told_apart() {
        let (result, _) = run(&["no-such-program-here"], 5000, 100);
        assert!(matches!(result.unwrap_err().how, CommandFailure::NotFound));
    }

    #[test]
    fn a_group_that_ignores_sigterm_ends_at_the_limit() {
        let started = Instant::now();
        let (result, _) = run(&["sh", "-c", "trap '' TERM; sleep 60 & sleep 60; sleep 60"], 200, 100);
        assert!(matches!(result.unwrap_err().how, CommandFailure::TimedOut(_)));
        assert!(started.elapsed() < Duration::from_secs(3));
    }

    #[test]
    fn a_grandchild_that_keeps_the_pipe_does_not_hang_us() {
        let started = Instant::now();
        let (result, out) = run(&["sh", "-c", "sleep 60 & echo done"], 30_000, 100);
        assert!(result.is_ok());
        assert_eq!(out, b"done\n");
        assert!(started.elapsed() < Duration::from_secs(3));
    }

    #[test]
    fn output_beyond_the_cap_is_cut_and_said() {
        let (result, out) = run(&["sh", "-c", "head -c 3000000 /dev/zero"], 10_000, 1000);
        assert!(result.unwrap().is_cut);
        assert_eq!(out.len(), 1000);
    }

    #[test]
    fn the_environment_is_fixed() {
        let (_, out) = run(&["env"], 5000, 10_000);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("LC_ALL=C") && text.contains(FIXED_PATH) && !text.contains("CARGO"));
    }

    #[test]
    fn what_a_command_asks_for_reaches_it_alone() {
        let spec = CommandSpec {
            argv: ["sh", "-c", "cat; echo $HOME $KEY"].map(String::from).to_vec(),
            limit: Duration::from_secs(5),
            output_cap: 3_000_000,
            environment: vec![
                ("HOME".to_owned(), Secret::new("/home/x".to_owned())),
                ("KEY".to_owned(), Secret::new("k".to_owned())),
            ],
            input: vec![b'x'; 2_000_000],
        };
        let mut out = Vec::new();
        Runner::Live(Live::default()).run(&spec, &mut out, &Cancel::default()).unwrap();
        assert_eq!(out.len(), 2_000_000 + "/home/x k\n".len());
        assert!(out.ends_with(b"x/home/x k\n"));
        assert!(!format!("{spec:?}").contains("/home/x"));
    }

    #[test]
    fn a_command_line_prints_as_one_would_type_it() {
        let spec = CommandSpec { argv: ["a", "b c", "d'e", ""].map(String::from).to_vec(), ..CommandSpec::default() };
        assert_eq!(spec.line(), r"a 'b c' 'd'\''e' ''");
    }
}
