//! Why rclone failed: its exit status and words → a class, and text that may be shown.
//!
//! rclone ends with status 1 for most failures, so the words decide. The numbers and their meaning
//! are in the section "Exit code" of its documentation.

use std::fmt;

use crate::foreign::on_one_line;
use crate::secret::{Secret, names_secret};
use crate::system::{CommandError, CommandFailure};

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no rclone.
    NotInstalled,
    /// The remote is not in its configuration, or that cannot be read.
    NotConfigured,
    /// It does not know an option.
    Usage,
    /// The remote refuses us.
    Credentials,
    /// No room, or a quota.
    NoSpace,
    /// The directory or file is not there.
    NotThere,
    /// The remote cannot do this.
    Unsupported,
    /// No way to the remote, or it broke off.
    Unreachable,
    /// Anything else.
    Other,
}

use Trouble::{Credentials, NoSpace, NotConfigured, NotThere, Unreachable, Unsupported, Usage};

/// Words of rclone and its backends, lower case; the first that fits decides.
const WORDS: &[(Trouble, &[&str])] = &[
    (NotConfigured, &["didn't find section in config file", "not allowed to ask for password", "unable to decrypt"]),
    (NotConfigured, &["didn't find backend called", "failed to load config", "password-command"]),
    (Usage, &["unknown flag", "unknown shorthand flag", "invalid argument \"", "flag needs an argument"]),
    (Usage, &["non flag arguments", "unknown command"]),
    (Unsupported, &["doesn't support", "not supported by"]),
    (NoSpace, &["no space left", "remaining disk space", "insufficient storage", "quota exceeded", "quotaexceeded"]),
    (NoSpace, &["over quota", "disk quota", "storage is full", "insufficient_space", "not enough space"]),
    (Credentials, &["invalidaccesskeyid", "signaturedoesnotmatch", "accessdenied", "access denied", "forbidden"]),
    (Credentials, &["unauthorized", "unable to authenticate", "status code: 403", "status code: 401"]),
    (Credentials, &["invalid_grant", "couldn't fetch token", "token expired", "empty token", "login incorrect"]),
    (Credentials, &["permission denied", "invalidtoken", "expiredtoken", "host key", "knownhosts"]),
    (NotThere, &["directory not found", "object not found", "file not found", "no such file or directory"]),
    (Unreachable, &["connection refused", "connection reset", "no such host", "no route to host", "i/o timeout"]),
    (Unreachable, &["network is unreachable", "connection timed out", "deadline exceeded", "broken pipe", "dial tcp"]),
    (Unreachable, &["tls handshake", "x509", "unexpected eof", ": eof", "server misbehaving", "request send failed"]),
    (Unreachable, &["couldn't connect", "use of closed network connection", "service unavailable", "bad gateway"]),
    (Unreachable, &["slowdown", "too many requests", "internal server error", "internalerror", "connection lost"]),
];

impl Trouble {
    /// The class of a failure.
    pub(super) fn of(error: &CommandError) -> Self {
        match error.how {
            CommandFailure::NotFound => return Self::NotInstalled,
            CommandFailure::Exit(3 | 4) => return NotThere,
            _ => {}
        }
        let text = error.stderr_tail.to_lowercase();
        let found = WORDS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word)));
        found.map_or(Self::Other, |(trouble, _)| *trouble)
    }

    /// Whether the same call may succeed a little later.
    pub(super) fn may_pass(self, how: &CommandFailure) -> bool {
        match how {
            CommandFailure::TimedOut(_) | CommandFailure::Cancelled | CommandFailure::Io(_)
            // 6: no retry, 7: fatal, 8: --max-transfer.
            | CommandFailure::Exit(6..=8) => false,
            _ => matches!(self, Self::Unreachable | Self::Other),
        }
    }

    /// What the user can do.
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Self::NotInstalled => Some("install it: apt install rclone"),
            Self::NotConfigured => {
                Some("`rclone listremotes` as root names the remotes there are; `rclone config` makes one")
            }
            Self::Usage => Some("look at RCLONE_FLAGS"),
            Self::Credentials => Some("check the remote's keys or password and what they may do: `rclone config`"),
            Self::NoSpace => Some("make room there, or keep fewer backups (MAX_CLOUD_BACKUPS)"),
            Self::NotThere => Some("check CLOUD_REMOTE and CLOUD_REMOTE_PATH"),
            Self::Unreachable => Some("check network, name and port; RCLONE_TIMEOUT_CONNECTION and RCLONE_RETRIES"),
            Self::Unsupported | Self::Other => None,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotInstalled => "rclone is not installed",
            NotConfigured => "the remote is not configured",
            Usage => "an option is not known",
            Credentials => "access is refused",
            NoSpace => "no room left",
            NotThere => "not there",
            Unsupported => "the remote cannot do this",
            Unreachable => "the remote is not reachable",
            Self::Other => "it failed",
        })
    }
}

/// The failure with nothing in it that must not be shown: the command line is not, stderr is cleaned.
pub(super) fn presentable(error: CommandError, secrets: &[(String, Secret)]) -> CommandError {
    CommandError { stderr_tail: cleaned(&error.stderr_tail, secrets), ..error }
}

/// The sentence that says why, without time stamps and without secrets.
fn cleaned(tail: &str, secrets: &[(String, Secret)]) -> String {
    let mut text = tail.rfind("Failed to ").map_or(tail, |at| &tail[at..]).to_owned();
    for (name, value) in secrets {
        // Short values are switches, and would blot out words.
        if names_secret(name) && value.expose().len() > 4 {
            text = text.replace(value.expose(), "***");
        }
    }
    on_one_line(&without_pairs(&without_logins(&text)))
}

/// `https://user:password@host` → `https://***@host`.
fn without_logins(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "/\"'?#".contains(c)).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(login) => {
                clean.push_str("***");
                &after[login..]
            }
            None => after,
        };
    }
    clean + rest
}

/// `token=abc`, `"secret": "abc"`, `Authorization: Bearer abc`: what stands behind such names.
fn without_pairs(text: &str) -> String {
    const MARKS: [&str; 9] =
        ["password", "pass", "secret", "token", "signature", "credential", "authorization", "access_key", "sig"];
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let lower = rest.to_ascii_lowercase();
        let value = MARKS.iter().filter_map(|mark| value_behind(&lower, mark)).min();
        let Some((start, end)) = value else { return clean + rest };
        clean.push_str(&rest[..start]);
        clean.push_str("***");
        rest = &rest[end..];
    }
}

/// Where the first value behind a name lies.
fn value_behind(text: &str, mark: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(found) = text[from..].find(mark) {
        from += found + mark.len();
        let rest = text[from..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_-".contains(c));
        let rest = rest.strip_prefix('"').unwrap_or(rest);
        let Some(rest) = rest.strip_prefix('=').or_else(|| rest.strip_prefix(':')) else { continue };
        // A word behind a colon and a blank is prose, but in JSON and headers.
        let (value, is_header) = match rest.strip_prefix(' ') {
            Some(value) if mark == "authorization" || value.starts_with('"') => (value, mark == "authorization"),
            Some(_) => continue,
            None => (rest, mark == "authorization"),
        };
        let value = value.trim_start_matches('"');
        let is_end = |c: char| if is_header { ";\"".contains(c) } else { c.is_whitespace() || "&;,\"'".contains(c) };
        let length = value.find(is_end).unwrap_or(value.len());
        if length > 0 && !value.starts_with("***") {
            let start = text.len() - value.len();
            return Some((start, start + length));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn error(how: CommandFailure, tail: &str) -> CommandError {
        CommandError { line: "rclone x".to_owned(), how, stderr_tail: tail.to_owned() }
    }

    #[test]
    fn failures_are_told_apart() {
        for (trouble, tail) in [
            (NotConfigured, r#"Failed to create file system for "x:b": didn't find section in config file"#),
            (
                Credentials,
                "ERROR : : error listing: InvalidAccessKeyId: The AWS Access Key Id you provided does not exist",
            ),
            (
                Credentials,
                "couldn't connect SSH: ssh: handshake failed: ssh: unable to authenticate, attempted methods",
            ),
            (Credentials, "read metadata failed: Unauthorized: 401 Unauthorized"),
            (Unreachable, "couldn't connect SSH: dial tcp 127.0.0.1:1: connect: connection refused"),
            (Unreachable, "dial tcp: lookup nowhere.invalid on 192.0.2.1:53: no such host"),
            (NoSpace, "Failed to copyto: preallocate: file too big for remaining disk space"),
            (NoSpace, "googleapi: Error 403: The user's Drive storage quota has been exceeded., storageQuotaExceeded"),
            (NoSpace, "update stor: 507 Insufficient Storage"),
            (Usage, "Fatal error: unknown flag: --nosuchflag"),
            (Usage, "Command copyto needs 2 arguments maximum: you provided 3 non flag arguments: [a b c]"),
            (Unsupported, "Failed to about: S3 root doesn't support about"),
            (NotThere, "Failed to copyto: open /proc/x: no such file or directory"),
            (Trouble::Other, "something new"),
        ] {
            assert_eq!(Trouble::of(&error(CommandFailure::Exit(1), tail)), trouble, "{tail}");
        }
        assert_eq!(Trouble::of(&error(CommandFailure::NotFound, "")), Trouble::NotInstalled);
        assert_eq!(Trouble::of(&error(CommandFailure::Exit(3), "")), NotThere);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(Unreachable.may_pass(&CommandFailure::Exit(1)));
        assert!(Trouble::Other.may_pass(&CommandFailure::Signal(9)));
        assert!(!Trouble::Other.may_pass(&CommandFailure::Exit(7)));
        assert!(!Unreachable.may_pass(&CommandFailure::TimedOut(Duration::from_secs(1))));
        for trouble in [Trouble::NotInstalled, NotConfigured, Credentials, NoSpace, NotThere, Usage] {
            assert!(!trouble.may_pass(&CommandFailure::Exit(1)), "{trouble}");
        }
    }

    #[test]
    fn secrets_and_time_stamps_are_not_shown() {
        let secrets = [
            ("AWS_SECRET_ACCESS_KEY".to_owned(), Secret::new("hunter22".to_owned())),
            ("HOME".to_owned(), Secret::new("/root".to_owned())),
        ];
        for (tail, shown) in [
            ("2026/11/21 14:43:59 ERROR : x; 2026/11/21 14:43:59 Failed to copyto: no", "Failed to copyto: no"),
            ("bad key hunter22 in /root", "bad key *** in /root"),
            ("Get https://ann:pw@box.example/a?b: EOF", "Get https://***@box.example/a?b: EOF"),
            (
                "Get \"http://x/?X-Amz-Credential=ab%2F&X-Amz-Signature=ff&y=1\": EOF",
                "Get \"http://x/?X-Amz-Credential=***&X-Amz-Signature=***&y=1\": EOF",
            ),
            (
                r#"oauth2: {"access_token":"abc","refresh_token": "def"}"#,
                r#"oauth2: {"access_token":"***","refresh_token": "***"}"#,
            ),
            ("Authorization: Bearer abc.def; next", "Authorization: ***; next"),
            ("couldn't fetch token: invalid_grant", "couldn't fetch token: invalid_grant"),
            ("a\u{1b}[31mb", "a [31mb"),
        ] {
            assert_eq!(cleaned(tail, &secrets), shown);
        }
    }
}
