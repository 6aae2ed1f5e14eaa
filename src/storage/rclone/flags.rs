//! `RCLONE_FLAGS`: what is passed on, what is left out, what cannot be.

use crate::secret::{Secret, names_secret, without_login};

/// The user's flags, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// For the command line.
    pub(super) passed: Vec<String>,
    /// Those with secrets, as the variables that rclone reads instead.
    pub(super) variables: Vec<(String, Secret)>,
    /// Left out because they would garble what rclone says.
    pub(super) dropped: Vec<String>,
}

/// What a flag would do to us.
#[derive(Clone, Copy)]
enum Harm {
    /// It changes what is copied or listed: the tier would not hold what it seems to.
    Refused(&'static str),
    /// It changes what rclone prints, or when it tries again. The word says whether a value may stand apart.
    Dropped(Value),
}

#[derive(Clone, Copy, PartialEq)]
enum Value {
    None,
    Apart,
}

const FILTER: Harm = Harm::Refused("it would leave backups out");
const SKIP: Harm = Harm::Refused("it would skip the upload");

const HARMFUL: &[(&str, Harm)] = &[
    ("--", Harm::Refused("it ends the options")),
    ("--dry-run", Harm::Refused("nothing would be uploaded")),
    ("-n", Harm::Refused("nothing would be uploaded")),
    ("--interactive", Harm::Refused("nobody is there to answer")),
    ("-i", Harm::Refused("nobody is there to answer")),
    ("--inplace", Harm::Refused("an upload that is cut would look whole")),
    ("--recursive", Harm::Refused("backups lie in one directory")),
    ("-R", Harm::Refused("backups lie in one directory")),
    ("--include", FILTER),
    ("--include-from", FILTER),
    ("--exclude", FILTER),
    ("--exclude-from", FILTER),
    ("--exclude-if-present", FILTER),
    ("--filter", FILTER),
    ("-f", FILTER),
    ("--filter-from", FILTER),
    ("--files-from", FILTER),
    ("--files-from-raw", FILTER),
    ("--min-size", FILTER),
    ("--max-size", FILTER),
    ("--min-age", FILTER),
    ("--max-age", FILTER),
    ("--max-depth", FILTER),
    ("--ignore-existing", SKIP),
    ("--existing", SKIP),
    ("--ignore-non-existing", SKIP),
    ("--update", SKIP),
    ("-u", SKIP),
    ("--compare-dest", SKIP),
    ("--copy-dest", SKIP),
    ("--backup-dir", Harm::Refused("replaced files would pile up unseen")),
    ("--suffix", Harm::Refused("replaced files would pile up unseen")),
    ("--progress", Harm::Dropped(Value::None)),
    ("-P", Harm::Dropped(Value::None)),
    ("--progress-terminal-title", Harm::Dropped(Value::None)),
    ("--human-readable", Harm::Dropped(Value::None)),
    ("--quiet", Harm::Dropped(Value::None)),
    ("-q", Harm::Dropped(Value::None)),
    ("--use-json-log", Harm::Dropped(Value::None)),
    ("--syslog", Harm::Dropped(Value::None)),
    ("--log-systemd", Harm::Dropped(Value::None)),
    ("--error-on-no-transfer", Harm::Dropped(Value::None)),
    ("--rc", Harm::Dropped(Value::None)),
    ("--log-file", Harm::Dropped(Value::Apart)),
    ("--log-format", Harm::Dropped(Value::Apart)),
    ("--log-level", Harm::Dropped(Value::Apart)),
    ("--dump", Harm::Dropped(Value::Apart)),
    ("--retries", Harm::Dropped(Value::Apart)),
    ("--retries-sleep", Harm::Dropped(Value::Apart)),
    ("--stats", Harm::Dropped(Value::Apart)),
    ("--stats-one-line", Harm::Dropped(Value::None)),
    ("--stats-log-level", Harm::Dropped(Value::Apart)),
];

impl Flags {
    /// Sorts the words of `RCLONE_FLAGS`; `Err` names the first that cannot be.
    pub(super) fn sort(words: &[String]) -> Result<Self, String> {
        let mut flags = Self::default();
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
            let follows = words.peek().filter(|next| !next.starts_with('-')).map(|next| next.as_str());
            let mut apart = || words.next_if(|next| !next.starts_with('-')).map(String::as_str);
            match harm_of(name) {
                Some(Harm::Refused(why)) => return Err(format!("{name} in RCLONE_FLAGS: {why}; remove it")),
                Some(Harm::Dropped(kind)) => {
                    if kind == Value::Apart && value.is_none() {
                        apart();
                    }
                    flags.dropped.push(name.to_owned());
                }
                None if is_secret(name, value.or(follows)) => {
                    let value = value.or_else(apart).unwrap_or("true");
                    flags.variables.push((variable_of(name), Secret::new(value.to_owned())));
                }
                None => flags.passed.push(word.clone()),
            }
        }
        Ok(flags)
    }
}

/// Whether a variable of the caller's environment does what a harmful flag does.
pub(super) fn is_harmful_variable(variable: &str) -> bool {
    HARMFUL.iter().any(|(name, _)| name.len() > 2 && variable_of(name) == variable)
}

/// Whether a flag's value must not be on a command line, which everybody sees: by the flag's name, as a
/// login in an address, as a header.
fn is_secret(name: &str, value: Option<&str>) -> bool {
    let carries_secret = |value: &str| {
        let is_header = name.starts_with("--header") && value.split_once(':').is_some_and(|(of, _)| names_secret(of));
        is_header || (value.contains("://") && without_login(value) != value)
    };
    names_secret(name) || (name.starts_with("--") && value.is_some_and(carries_secret))
}

fn harm_of(name: &str) -> Option<Harm> {
    HARMFUL.iter().find(|(flag, _)| *flag == name).map(|(_, harm)| *harm)
}

/// `--sftp-pass` → `RCLONE_SFTP_PASS`: rclone's own rule.
fn variable_of(flag: &str) -> String {
    format!("RCLONE_{}", flag.trim_start_matches('-').replace('-', "_").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(text: &str) -> Result<Flags, String> {
        Flags::sort(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn usual_flags_are_passed_on() {
        let text = "--checkers=4 --drive-use-trash=false --drive-pacer-min-sleep=10ms --fast-list --bwlimit 8M -v";
        assert_eq!(sort(text).unwrap().passed.join(" "), text);
    }

    #[test]
    fn what_only_changes_the_output_is_left_out() {
        let flags = sort("--stats=0 --progress --log-level DEBUG --checkers 4 --stats 5s -P").unwrap();
        assert_eq!(flags.passed, ["--checkers", "4"]);
        assert_eq!(flags.dropped, ["--stats", "--progress", "--log-level", "--stats", "-P"]);
    }

    #[test]
    fn what_would_leave_backups_out_is_refused() {
        for text in ["--dry-run", "-n", "--dry-run=true", "--max-age 30d", "--exclude=*.age", "--inplace", "--", "-i"] {
            assert!(sort(text).is_err(), "{text}");
        }
        assert_eq!(sort("-n").unwrap_err(), "-n in RCLONE_FLAGS: nothing would be uploaded; remove it");
    }

    #[test]
    fn secrets_leave_the_command_line() {
        let flags =
            sort("--sftp-pass hunter2 --s3-secret-access-key=abc --sftp-key-use-agent --s3-acl private").unwrap();
        assert_eq!(flags.passed, ["--s3-acl", "private"]);
        let variables: Vec<(&str, &str)> =
            flags.variables.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        assert_eq!(
            variables,
            [
                ("RCLONE_SFTP_PASS", "hunter2"),
                ("RCLONE_S3_SECRET_ACCESS_KEY", "abc"),
                ("RCLONE_SFTP_KEY_USE_AGENT", "true")
            ]
        );
    }

    #[test]
    fn logins_and_headers_leave_the_command_line_too() {
        let flags = sort(
            "--webdav-url https://me:abc@h/x --header=X-Auth-Token:abc --header=X-Trace:1 --s3-endpoint https://h/x",
        );
        let flags = flags.unwrap();
        assert_eq!(flags.passed, ["--header=X-Trace:1", "--s3-endpoint", "https://h/x"]);
        let names: Vec<&str> = flags.variables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["RCLONE_WEBDAV_URL", "RCLONE_HEADER"]);
    }

    #[test]
    fn harmful_variables_are_known() {
        assert!(is_harmful_variable("RCLONE_DRY_RUN") && is_harmful_variable("RCLONE_MAX_AGE"));
        assert!(!is_harmful_variable("RCLONE_CONFIG") && !is_harmful_variable("RCLONE_N"));
    }
}
