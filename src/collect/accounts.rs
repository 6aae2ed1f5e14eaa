//! Names of owners, from the tree's own `/etc/passwd` and `/etc/group`.
//!
//! Not through NSS: a directory server that does not answer must not stop a backup, and on
//! another machine's disk this machine's names would be wrong.

use std::collections::HashMap;

use super::Metadata;
use crate::system::Root;

/// Names by number.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Accounts {
    pub(super) fn load(root: &Root) -> Self {
        let read = |path| parse(&root.read_text(path).unwrap_or_default());
        Self { users: read("/etc/passwd"), groups: read("/etc/group") }
    }

    /// Fills in the names; an owner without one keeps an empty name.
    pub(super) fn name(&self, mut meta: Metadata) -> Metadata {
        meta.user = self.users.get(&meta.uid).cloned().unwrap_or_default();
        meta.group = self.groups.get(&meta.gid).cloned().unwrap_or_default();
        meta
    }
}

/// `name:password:number:…`; the first name of a number wins, as in the C library.
fn parse(text: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        let (Some(name), Some(number)) = (fields.next(), fields.nth(1)) else {
            continue;
        };
        // Tar has 32 bytes for a name.
        if let (Ok(number), 1..=31) = (number.parse(), name.len()) {
            names.entry(number).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_a_number_wins_and_broken_lines_are_passed_over() {
        let names = parse("root:x:0:0::/root:/bin/bash\ntoor:x:0:\nbroken\n:x:5:\nbackup:x:34:34\nx:y:z\n");
        assert_eq!(names.get(&0).map(String::as_str), Some("root"));
        assert_eq!(names.get(&34).map(String::as_str), Some("backup"));
        assert_eq!(names.len(), 2);
    }
}
