//! This machine's own mail program. Every Proxmox host has one, and what it is given for root goes to
//! Proxmox's notifications.
//!
//! Postfix puts mail into its queue by a set-group-ID program, which is powerless in a process that
//! may get no new privileges, as in our units. There systemd is asked to run the mail program outside.

use std::io;
use std::time::Duration;

use super::compose::Letter;
use crate::notify::NotifyError;
use crate::system::{Cancel, CommandError, CommandFailure, CommandSpec, Live, Root, Runner};

/// Where every mail program for Debian puts itself.
const PROGRAM: &str = "/usr/sbin/sendmail";

/// Why there is no mail, and the ways out.
const ABSENT: &str = "is not there; apt install postfix, or set EMAIL_DELIVERY_METHOD=smtp";

/// It queues; whoever delivers while we wait has this long.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Runs a program as a unit of its own, with our standard input and its result.
const OUTSIDE: [&str; 7] =
    ["systemd-run", "--pipe", "--wait", "--collect", "--quiet", "--description=Mail of proxmox-backup", "--"];

/// Hands the message over.
pub(super) fn send(letter: &Letter<'_>, cancel: &Cancel) -> Result<String, NotifyError> {
    let root = Root::live().ok();
    if root.as_ref().is_some_and(|root| !root.exists(PROGRAM)) {
        return Err(NotifyError::Program { program: PROGRAM, reason: ABSENT.to_owned() });
    }
    let status = root.and_then(|root| root.read_text("/proc/self/status").ok()).unwrap_or_default();
    let spec = spec(&letter.from(), letter.to, &letter.bytes()?, place(&status));
    match Runner::Live(Live::default()).run(&spec, &mut io::sink(), cancel) {
        Ok(_) => Ok(format!("handed to {PROGRAM} for {}", letter.to.join(", "))),
        Err(error) => {
            cancel.check()?;
            Err(explained(&error))
        }
    }
}

fn spec(from: &str, to: &[String], message: &[u8], from_here: Place) -> CommandSpec {
    let outside = if from_here == Place::Confined { &OUTSIDE[..] } else { &[] };
    // -i: a line of one dot is part of the message.
    let own = [PROGRAM, "-i", "-f", from, "--"];
    let argv = outside.iter().chain(&own).copied().chain(to.iter().map(String::as_str)).map(str::to_owned).collect();
    // Programs want the line ends of this system and make their own of them.
    let input = message.iter().copied().filter(|byte| *byte != b'\r').collect();
    CommandSpec { argv, limit: LIMIT, input, ..CommandSpec::default() }
}

/// Whether set-group-ID programs can do their work from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Free,
    Confined,
}

/// By `/proc/self/status`.
fn place(status: &str) -> Place {
    let value = status.lines().find_map(|line| line.strip_prefix("NoNewPrivs:")).map(str::trim);
    if value == Some("1") { Place::Confined } else { Place::Free }
}

fn explained(error: &CommandError) -> NotifyError {
    let reason = match error.how {
        CommandFailure::NotFound => ABSENT.to_owned(),
        _ => error.reason(),
    };
    NotifyError::Program { program: PROGRAM, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_no_options_and_line_ends_are_this_systems() {
        let to = ["root".to_owned(), "a@b.c".to_owned()];
        let spec = spec("root@pve1", &to, b"To: x\r\n\r\n.\r\n", Place::Free);
        assert_eq!(spec.line(), "/usr/sbin/sendmail -i -f root@pve1 -- root a@b.c");
        assert_eq!(spec.input, b"To: x\n\n.\n");
    }

    #[test]
    fn where_no_privileges_are_to_be_had_systemd_runs_it() {
        assert_eq!(place("Name:\tx\nNoNewPrivs:\t1\nSeccomp:\t2\n"), Place::Confined);
        assert_eq!((place("NoNewPrivs:\t0\n"), place("")), (Place::Free, Place::Free));
        let spec = spec("root@pve1", &["root".to_owned()], b"x", Place::Confined);
        assert!(spec.line().ends_with("-- /usr/sbin/sendmail -i -f root@pve1 -- root"), "{}", spec.line());
        assert_eq!(spec.argv[0], "systemd-run");
    }

    #[test]
    fn a_missing_program_says_what_to_install() {
        let error = |how| CommandError { line: String::new(), how, stderr_tail: "queue full".into() };
        let text = explained(&error(CommandFailure::NotFound)).to_string();
        assert!(text.starts_with("/usr/sbin/sendmail: is not there; apt install postfix"), "{text}");
        let text = explained(&error(CommandFailure::Exit(75))).to_string();
        assert_eq!(text, "/usr/sbin/sendmail: exit status 75: queue full");
    }
}
