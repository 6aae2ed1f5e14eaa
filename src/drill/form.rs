//! The formats that files are read by, and what a mistake in one looks like.

use super::records::Layout;
use super::{corosync, guest, interfaces, records, sections};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `TYPE: ID` with indented properties.
    Sections,
    /// A virtual machine or container.
    Guest,
    /// `corosync.conf`.
    Corosync,
    /// ifupdown's stanzas.
    Interfaces,
    /// `key: value`.
    Settings,
    /// `user.cfg` of Proxmox VE.
    Users,
    /// `acl.cfg` of Proxmox Backup Server.
    Permissions,
    /// Fields between colons.
    Colons(&'static Layout),
    /// `fstab`.
    Mounts,
    /// JSON.
    Json,
}

/// What is wrong with a file. The words quote nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// From 1.
    pub(super) line: Option<usize>,
    pub(super) what: &'static str,
}

impl Fault {
    pub(super) fn at(line: usize, what: &'static str) -> Self {
        Self { line: Some(line), what }
    }

    /// Of the file as a whole.
    pub(super) fn whole(what: &'static str) -> Self {
        Self { line: None, what }
    }
}

impl Form {
    /// Reads a file to its first mistake.
    pub(super) fn judge(self, bytes: &[u8]) -> Result<(), Fault> {
        if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
            let line = bytes[..at].split(|byte| *byte == b'\n').count();
            return Err(Fault::at(line, "a NUL byte: it was cut short by a crash, or is no text"));
        }
        // Comments may be in any encoding; what counts is ASCII.
        let text = String::from_utf8_lossy(bytes);
        match self {
            Self::Sections => sections::judge(&text),
            Self::Guest => guest::judge(&text),
            Self::Corosync => corosync::judge(&text),
            Self::Interfaces => interfaces::judge(&text),
            Self::Settings => records::settings(&text),
            Self::Users => records::users(&text),
            Self::Permissions => records::permissions(&text),
            Self::Colons(layout) => records::colons(&text, layout),
            Self::Mounts => records::mounts(&text),
            Self::Json => json(bytes),
        }
    }
}

/// Lines with their numbers from 1; empty ones and comments are left out.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    numbered.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

fn json(bytes: &[u8]) -> Result<(), Fault> {
    // Nobody there yet.
    if bytes.trim_ascii().is_empty() {
        return Ok(());
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        Ok(_) => Ok(()),
        Err(cause) if cause.is_eof() => Err(Fault::at(cause.line(), "the JSON ends too early")),
        Err(cause) => Err(Fault::at(cause.line(), "no valid JSON")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::table::TABLE;
    use super::*;

    /// Line and words of the mistake; 0 for one of the whole file.
    pub(in super::super) fn fault(form: Form, text: &str) -> Option<(usize, &'static str)> {
        form.judge(text.as_bytes()).err().map(|fault| (fault.line.unwrap_or(0), fault.what))
    }

    #[test]
    fn a_file_of_zeros_and_json_that_ends_early_are_mistakes() {
        assert_eq!(fault(Form::Sections, "dir: a\n\tpath \0").map(|(line, _)| line), Some(2));
        assert_eq!(fault(Form::Json, "{\"a\":\n").map(|(line, _)| line), Some(2));
        assert_eq!(fault(Form::Json, "{\"a\": [1]}\n"), None);
        assert_eq!(fault(Form::Json, "{}x"), Some((1, "no valid JSON")));
        assert_eq!(fault(Form::Json, "\n"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for (_, form) in TABLE {
                let _ = form.judge(&bytes);
            }
        }

        #[test]
        fn no_lines_of_the_right_characters_make_one_panic(text in "[a-z:{}\\[\\] \t\n#@!/+0-9\\\\=.-]{0,200}") {
            for (_, form) in TABLE {
                let _ = form.judge(text.as_bytes());
            }
        }
    }
}
