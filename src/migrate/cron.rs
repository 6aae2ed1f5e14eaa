//! Crontabs: which lines call the older tool, when, and the same file with these lines as comments.

use super::words::{Call, Programs};

/// What a line that no longer counts begins with.
pub const MARK: &str = "#migrated: ";

/// Whether the lines of a crontab say as whom they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A user's own.
    User,
    /// `/etc/crontab` and `/etc/cron.d`.
    System,
}

/// A crontab with the calls as comments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quieted {
    /// The whole file.
    pub content: Vec<u8>,
    /// How many lines became comments.
    pub lines: usize,
    /// When backups were made: five fields, or a word such as `@daily`.
    pub schedules: Vec<String>,
}

/// Comments out the lines that call one of these programs; every other byte stays.
pub fn quieted(content: &[u8], form: Form, programs: &Programs) -> Quieted {
    let mut quiet = Quieted::default();
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let text = String::from_utf8_lossy(line);
        let job = job(text.trim_end_matches('\n'), form);
        let called = job.and_then(|(schedule, command)| Some((schedule, programs.called_by(&run_part(command))?)));
        if let Some((schedule, call)) = called {
            quiet.content.extend_from_slice(MARK.as_bytes());
            quiet.lines += 1;
            if call == Call::Backup {
                quiet.schedules.push(schedule);
            }
        }
        quiet.content.extend_from_slice(line);
    }
    quiet
}

/// When and what; `None` for comments, blank lines and settings.
fn job(line: &str, form: Form) -> Option<(String, &str)> {
    let line = line.trim_start();
    let is_setting = line.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim_end().trim_matches(['"', '\'']);
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with('@')
    });
    if line.is_empty() || line.starts_with('#') || is_setting {
        return None;
    }
    let fields = if line.starts_with('@') { 1 } else { 5 };
    let mut schedule = Vec::new();
    let mut rest = line;
    for _ in 0..fields {
        let (field, behind) = rest.split_once([' ', '\t'])?;
        schedule.push(field);
        rest = behind.trim_start_matches([' ', '\t']);
    }
    if form == Form::System {
        rest = rest.split_once([' ', '\t'])?.1.trim_start();
    }
    Some((schedule.join(" "), rest))
}

/// The command without what cron gives it as input: behind the first `%` that is not protected.
fn run_part(command: &str) -> String {
    let mut part = String::new();
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => break,
            '\\' => match chars.next() {
                Some('%') => part.push('%'),
                other => {
                    part.push('\\');
                    part.extend(other);
                }
            },
            c => part.push(c),
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs() -> Programs {
        Programs {
            bases: vec!["/opt/proxsave".into()],
            links: vec![("/usr/local/bin/proxsave".into(), "proxsave".into())],
            gone: Vec::new(),
        }
    }

    #[test]
    fn only_the_calls_become_comments() {
        let before = "# m h\nPATH=/usr/local/bin:/bin\nX = /usr/local/bin/proxsave\n\n0 2 * * * /usr/local/bin/proxsave --backup\n\
            5 3 * * 1 rsync /opt/proxsave/backup x:\n@weekly\tproxsave\n0 4 * * * cat %proxsave\n#0 1 * * * proxsave\n30 5 * * * FOO=1 proxsave --upgrade";
        let quiet = quieted(before.as_bytes(), Form::User, &programs());
        let after = before
            .replace("\n0 2 ", "\n#migrated: 0 2 ")
            .replace("@weekly", "#migrated: @weekly")
            .replace("30 5 ", "#migrated: 30 5 ");
        assert_eq!(String::from_utf8(quiet.content).unwrap(), after);
        assert_eq!((quiet.lines, quiet.schedules), (3, vec!["0 2 * * *".to_owned(), "@weekly".to_owned()]));
    }

    #[test]
    fn a_system_crontab_has_a_user() {
        let text = b"0 2 * * *\troot\t/usr/local/bin/proxsave\n0 2 * * * proxsave true\nbroken \xff\n1 2 3\n";
        let quiet = quieted(text, Form::System, &programs());
        assert_eq!((quiet.lines, quiet.schedules.len()), (1, 1));
        assert_eq!(quiet.content, [MARK.as_bytes(), text].concat());
    }

    #[test]
    fn what_is_quiet_stays_as_it_is() {
        let once = quieted(b"@daily proxsave\n", Form::User, &programs());
        let twice = quieted(&once.content, Form::User, &programs());
        assert_eq!((twice.lines, twice.content), (0, once.content));
    }
}
