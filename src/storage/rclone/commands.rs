//! rclone's argument lists. Values only: nothing is started here.
//!
//! Names of files go to stdin, never on the command line: there may be a thousand, and a name that
//! begins with a dash would be an option.

use std::time::Duration;

use super::remote::Remote;
use crate::config::Cloud;

/// rclone's own default for a silent connection.
const IDLE_MAX: Duration = Duration::from_secs(300);

/// What an answer may have at most: a listing of a hundred thousand files has half of it.
const ANSWER_CAP: u64 = 64 << 20;

/// One call of rclone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// What it does, for messages: `upload box:x`.
    pub(super) action: String,
    pub(super) argv: Vec<String>,
    pub(super) input: Vec<u8>,
    pub(super) output_cap: u64,
    pub(super) patience: Patience,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Looking whether the remote is there: `RCLONE_TIMEOUT_CONNECTION`, all attempts together.
    Check,
    /// Anything that moves or lists: `RCLONE_TIMEOUT_OPERATION`, all attempts together.
    Operation,
}

/// How files are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Each by its name.
    ByName,
    /// In a listing of the directory: `RCLONE_VERIFY_METHOD=alternative`.
    InListing,
}

/// Makes the calls.
#[derive(Clone, Debug)]
pub(super) struct Commands {
    connection_limit: Duration,
    operation_limit: Option<Duration>,
    bandwidth: Option<String>,
    transfers: u32,
    uploads: usize,
    flags: Vec<String>,
}

impl Commands {
    /// With the user's settings, and with those of his flags that are passed on.
    pub(super) fn new(settings: &Cloud, flags: Vec<String>) -> Self {
        Self {
            connection_limit: settings.connection_limit,
            operation_limit: settings.operation_limit,
            bandwidth: settings.bandwidth.clone(),
            transfers: settings.transfers,
            uploads: settings.uploads,
            flags,
        }
    }

    /// How long a call of this kind may take in all.
    pub(super) fn limit(&self, patience: Patience) -> Duration {
        // Thirty years are no limit, and fit into every clock.
        const NONE: Duration = Duration::from_secs(30 * 365 * 86_400);
        match patience {
            Patience::Check => self.connection_limit,
            Patience::Operation => self.operation_limit.unwrap_or(NONE),
        }
    }

    /// Everything in a directory. Server times: a time of its own per file would cost a request each on S3.
    pub(super) fn list(&self, dir: &Remote, patience: Patience) -> Call {
        let words = ["lsjson", "--files-only", "--no-mimetype", "--use-server-modtime"];
        self.call(format!("list {dir}"), patience, &words, &[&dir.to_string()])
    }

    /// Sizes, and digests of one kind where asked for, of some files.
    pub(super) fn look_up(&self, dir: &Remote, names: &[&str], digest: Option<&str>, lookup: Lookup) -> Call {
        let mut words = vec!["lsjson", "--files-only", "--no-mimetype", "--no-modtime"];
        if let Some(kind) = digest {
            words.extend(["--hash", "--hash-type", kind]);
        }
        words.extend(match lookup {
            Lookup::ByName => ["--files-from-raw", "-"],
            Lookup::InListing => ["--include-from", "-"],
        });
        let input = match lookup {
            Lookup::ByName => lines(names),
            // Names are plain, so none is a pattern; the slash ties them to the directory.
            Lookup::InListing => lines(&names.iter().map(|name| format!("/{name}")).collect::<Vec<_>>()),
        };
        let action = format!("look up {}", dir.file(names.first().unwrap_or(&"")));
        Call { input, ..self.call(action, Patience::Operation, &words, &[&dir.to_string()]) }
    }

    /// What the backend can do.
    pub(super) fn features(&self, dir: &Remote) -> Call {
        let place = dir.to_string();
        self.call(format!("ask what {dir} can do"), Patience::Check, &["backend", "features"], &[&place])
    }

    /// One file to a name. It is sent in any case: a cut one may have the same size and time.
    pub(super) fn upload(&self, local: &str, remote: &str) -> Call {
        let mut words = vec!["copyto", "--ignore-times", "--transfers"];
        let transfers = self.transfers.to_string();
        words.push(&transfers);
        self.limited(&mut words);
        self.call(format!("upload {remote}"), Patience::Operation, &words, &[local, remote])
    }

    /// Some files of a local directory under their own names.
    pub(super) fn upload_all(&self, local_dir: &str, names: &[&str], dir: &Remote) -> Call {
        let uploads = self.uploads.to_string();
        let mut words =
            vec!["copy", "--ignore-times", "--no-traverse", "--files-from-raw", "-", "--transfers", &uploads];
        self.limited(&mut words);
        let call = self.call(
            format!("upload side files to {dir}"),
            Patience::Operation,
            &words,
            &[local_dir, &dir.to_string()],
        );
        Call { input: lines(names), ..call }
    }

    /// A rename on the remote.
    pub(super) fn rename(&self, from: &str, to: &str) -> Call {
        self.call(format!("rename {from}"), Patience::Operation, &["moveto", "--ignore-times"], &[from, to])
    }

    /// Removes files by name; one that is gone already is no failure.
    pub(super) fn delete(&self, dir: &Remote, names: &[&str]) -> Call {
        let action = format!("remove {} files from {dir}", names.len());
        let call = self.call(action, Patience::Operation, &["delete", "--files-from-raw", "-"], &[&dir.to_string()]);
        Call { input: lines(names), ..call }
    }

    /// A file's content, at most so many bytes of it.
    pub(super) fn read(&self, file: &str, bytes: u64) -> Call {
        let mut words = vec!["cat"];
        self.limited(&mut words);
        Call { output_cap: bytes, ..self.call(format!("read {file}"), Patience::Operation, &words, &[file]) }
    }

    /// Writes a few bytes, to see whether that can be done.
    pub(super) fn write_test(&self, file: &str) -> Call {
        let call = self.call(format!("write {file}"), Patience::Check, &["rcat"], &[file]);
        Call { input: b"proxmox-config-backup\n".to_vec(), ..call }
    }

    /// The digest of a local file, for kinds that only rclone knows.
    pub(super) fn local_digest(&self, kind: &str, file: &str) -> Call {
        self.call(format!("hash {file}"), Patience::Operation, &["hashsum", kind], &[file])
    }

    /// Room.
    pub(super) fn about(&self, dir: &Remote) -> Call {
        self.call(format!("ask {dir} for its room"), Patience::Check, &["about", "--json"], &[&dir.to_string()])
    }

    fn limited<'a>(&'a self, words: &mut Vec<&'a str>) {
        if let Some(limit) = &self.bandwidth {
            words.extend(["--bwlimit", limit]);
        }
    }

    /// Attempts are ours, so rclone makes one; the user's flags come behind ours and win.
    fn call(&self, action: String, patience: Patience, words: &[&str], operands: &[&str]) -> Call {
        let connect = milliseconds(self.connection_limit.min(self.limit(patience)));
        let idle = milliseconds(self.idle(patience));
        let own = ["--retries", "1", "--low-level-retries", "3", "--ask-password=false"];
        let limits = ["--contimeout", connect.as_str(), "--timeout", idle.as_str()];
        let words = std::iter::once(&"rclone").chain(words).chain(&own).chain(&limits).copied().map(str::to_owned);
        let operands = operands.iter().copied().map(str::to_owned);
        let argv = words.chain(self.flags.iter().cloned()).chain(operands).collect();
        Call { action, argv, input: Vec::new(), output_cap: ANSWER_CAP, patience }
    }

    /// How long a connection may be silent: of an operation so short a part that attempts are left.
    fn idle(&self, patience: Patience) -> Duration {
        match (patience, self.operation_limit) {
            (Patience::Check, _) => self.connection_limit,
            (Patience::Operation, None) => IDLE_MAX,
            (Patience::Operation, Some(limit)) => (limit / 4).max(self.connection_limit).min(limit).min(IDLE_MAX),
        }
    }
}

fn milliseconds(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

fn lines<S: AsRef<str>>(names: &[S]) -> Vec<u8> {
    names.iter().flat_map(|name| [name.as_ref().as_bytes(), b"\n"].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::remote::tests::settings;
    use super::*;

    fn commands(change: impl FnOnce(&mut Cloud)) -> (Commands, Remote) {
        let mut settings = settings("box:pve", "", "");
        change(&mut settings);
        let flags = settings.flags.clone();
        (Commands::new(&settings, flags), Remote::of_backups(&settings).unwrap())
    }

    #[test]
    fn an_upload_has_its_limits_and_the_users_flags_last() {
        let (commands, _) = commands(|settings| {
            settings.bandwidth = Some("10M".to_owned());
            settings.flags = vec!["--checkers=4".to_owned()];
        });
        assert_eq!(
            commands.upload("/a/b", "box:pve/b").argv.join(" "),
            "rclone copyto --ignore-times --transfers 4 --bwlimit 10M --retries 1 --low-level-retries 3 \
             --ask-password=false --contimeout 30000ms --timeout 75000ms --checkers=4 /a/b box:pve/b"
        );
    }

    #[test]
    fn names_go_to_stdin() {
        let (commands, dir) = commands(|_| {});
        let call = commands.delete(&dir, &["a", "-b"]);
        assert_eq!(call.input, b"a\n-b\n");
        assert!(!call.argv.contains(&"-b".to_owned()));
        assert_eq!(commands.look_up(&dir, &["a"], None, Lookup::InListing).input, b"/a\n");
    }

    #[test]
    fn a_digest_is_asked_for_by_kind() {
        let (commands, dir) = commands(|_| {});
        assert!(commands.look_up(&dir, &["a"], Some("md5"), Lookup::ByName).argv.join(" ").contains("--hash-type md5"));
        assert!(!commands.look_up(&dir, &["a"], None, Lookup::ByName).argv.contains(&"--hash".to_owned()));
    }

    #[test]
    fn limits_follow_the_settings() {
        let (short, _) = commands(|settings| settings.operation_limit = Some(Duration::from_secs(10)));
        assert_eq!(short.idle(Patience::Operation), Duration::from_secs(10));
        let (long, _) = commands(|settings| settings.operation_limit = None);
        assert_eq!(long.idle(Patience::Operation), IDLE_MAX);
        assert!(long.limit(Patience::Operation) > Duration::from_secs(86_400 * 365));
        assert_eq!(long.limit(Patience::Check), Duration::from_secs(30));
    }
}
