//! This machine's own mail program. Every Proxmox host has one, and what it is given for root goes to
//! Proxmox's notifications.

use std::io;
use std::time::Duration;

use super::compose::Letter;
use crate::notify::NotifyError;
use crate::system::{Cancel, CommandError, CommandFailure, CommandSpec, Live, Runner};

/// Where every mail program for Debian puts itself.
const PROGRAM: &str = "/usr/sbin/sendmail";

/// It queues; whoever delivers while we wait has this long.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Hands the message over.
pub(super) fn send(letter: &Letter<'_>, cancel: &Cancel) -> Result<String, NotifyError> {
    let spec = spec(&letter.from(), letter.to, &letter.bytes()?);
    match Runner::Live(Live::default()).run(&spec, &mut io::sink(), cancel) {
        Ok(_) => Ok(format!("handed to {PROGRAM} for {}", letter.to.join(", "))),
        Err(error) => {
            cancel.check()?;
            Err(explained(&error))
        }
    }
}

fn spec(from: &str, to: &[String], message: &[u8]) -> CommandSpec {
    // -i: a line of one dot is part of the message.
    let mut argv: Vec<String> = [PROGRAM, "-i", "-f", from, "--"].map(str::to_owned).to_vec();
    argv.extend_from_slice(to);
    // Programs want the line ends of this system and make their own of them.
    let input = message.iter().copied().filter(|byte| *byte != b'\r').collect();
    CommandSpec { argv, limit: LIMIT, input, ..CommandSpec::default() }
}

fn explained(error: &CommandError) -> NotifyError {
    let reason = match error.how {
        CommandFailure::NotFound => "is not there; apt install postfix, or set EMAIL_DELIVERY_METHOD=smtp".to_owned(),
        _ => error.reason(),
    };
    NotifyError::Program { program: PROGRAM, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_no_options_and_line_ends_are_this_systems() {
        let spec = spec("root@pve1", &["root".to_owned(), "a@b.c".to_owned()], b"To: x\r\n\r\n.\r\n");
        assert_eq!(spec.line(), "/usr/sbin/sendmail -i -f root@pve1 -- root a@b.c");
        assert_eq!(spec.input, b"To: x\n\n.\n");
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
