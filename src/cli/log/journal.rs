//! systemd's journal: each line as an entry with its fields, or on standard error, which systemd
//! connects to the same journal, with the priority in front.

use std::collections::BTreeMap;
use std::io::Write;

use super::line::Line;
use crate::cli::global::{Global, When};
use crate::system;

const IDENTIFIER: &str = "proxmox-backup";

/// The journal of the unit that this process belongs to.
pub(super) struct Journal(system::Journal);

impl Journal {
    /// `None` where standard error goes elsewhere, and for who wants it in colours.
    pub(super) fn of(global: &Global, environment: &BTreeMap<String, String>) -> Option<Self> {
        let stream = environment.get("JOURNAL_STREAM").filter(|_| global.color != When::Always);
        system::Journal::of_stderr(stream.map(String::as_str)).map(Self)
    }

    pub(super) fn send(&self, line: &Line) {
        let priority = line.priority.to_string();
        let mut fields =
            vec![("PRIORITY", &*priority), ("SYSLOG_IDENTIFIER", IDENTIFIER), ("MESSAGE", line.text.as_str())];
        fields.extend(line.fields.iter().map(|(name, value)| (*name, value.as_str())));
        if !self.0.takes(&fields) {
            let _ = writeln!(std::io::stderr().lock(), "<{priority}>{}", line.text);
        }
    }
}
