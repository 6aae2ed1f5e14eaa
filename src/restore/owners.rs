//! To whom a file will belong: system accounts have other numbers on every installation, so names
//! go before numbers.

use std::collections::HashMap;

use super::planned::Attributes;
use super::source::Archived;

/// Names and numbers of the machine after the restore.
#[derive(Debug, Default)]
pub(super) struct Owners {
    users: Ids,
    groups: Ids,
}

#[derive(Debug, Default)]
struct Ids {
    by_name: HashMap<String, u32>,
    by_number: HashMap<u32, String>,
}

impl Ids {
    /// Lines of `passwd` or `group`: name, password, number.
    fn read(text: &str) -> Self {
        let mut ids = Self::default();
        for line in text.lines() {
            let mut fields = line.split(':');
            let (Some(name), Some(_), Some(number)) = (fields.next(), fields.next(), fields.next()) else { continue };
            let Ok(number) = number.parse() else { continue };
            ids.by_name.entry(name.to_owned()).or_insert(number);
            ids.by_number.entry(number).or_insert_with(|| name.to_owned());
        }
        ids
    }

    /// The number for a name and number of the backup, and why it is another one than both say.
    fn resolve(&self, name: &str, number: u32) -> (u32, Option<String>) {
        if let Some(here) = self.by_name.get(name) {
            return (*here, None);
        }
        match self.by_number.get(&number) {
            Some(other) if !name.is_empty() && number != 0 && !self.by_name.is_empty() => {
                (0, Some(format!("`{name}` is not on this machine and {number} is `{other}` here: it will be root's")))
            }
            _ => (number, None),
        }
    }
}

impl Owners {
    /// From the texts of `passwd` and `group` as they will be.
    pub(super) fn read(passwd: &str, group: &str) -> Self {
        Self { users: Ids::read(passwd), groups: Ids::read(group) }
    }

    /// Owner, group and mode of an entry on this machine, and what there is to say.
    pub(super) fn attributes(&self, entry: &Archived) -> (Attributes, Option<String>) {
        let (uid, of_user) = self.users.resolve(&entry.user, entry.uid);
        let (gid, of_group) = self.groups.resolve(&entry.group, entry.gid);
        let said = of_user.or(of_group);
        // Rights that were meant for one account must not go to another.
        let mode = if said.is_some() { entry.mode & 0o700 } else { entry.mode };
        let (user, group, xattrs) = (entry.user.clone(), entry.group.clone(), entry.xattrs.clone());
        (Attributes { user, group, uid, gid, mode, xattrs }, said)
    }

    /// By name, with the usual number where the machine does not know it.
    pub(super) fn named(&self, user: (&str, u32), group: (&str, u32), mode: u32) -> Attributes {
        let number = |ids: &Ids, (name, usual): (&str, u32)| ids.by_name.get(name).copied().unwrap_or(usual);
        let (uid, gid) = (number(&self.users, user), number(&self.groups, group));
        let xattrs = Vec::new();
        Attributes { user: user.0.to_owned(), group: group.0.to_owned(), uid, gid, mode, xattrs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restore::ArchivedKind;

    #[test]
    fn names_go_before_numbers_and_a_strangers_number_is_never_given() {
        let owners = Owners::read("root:x:0:0\npostfix:x:107:109\nntp:x:113:113\n", "root:x:0:\npostfix:x:109:\n");
        let of = |user: &str, uid| {
            let entry =
                Archived { user: user.to_owned(), uid, mode: 0o644, ..Archived::new(b"/etc/x", ArchivedKind::File) };
            let (attributes, said) = owners.attributes(&entry);
            (attributes.uid, attributes.mode, said.is_some())
        };
        assert_eq!(of("postfix", 113), (107, 0o644, false));
        assert_eq!(of("gone", 113), (0, 0o600, true));
        assert_eq!(of("gone", 4242), (4242, 0o644, false));
        assert_eq!(of("", 113), (113, 0o644, false));
        assert_eq!(of("root", 0), (0, 0o644, false));
    }
}
