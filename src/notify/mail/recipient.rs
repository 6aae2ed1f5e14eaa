//! Whom an e-mail goes to when nobody is named: whose address root has in the user table.

use crate::config::is_address;
use crate::host::parse_sections;
use crate::system::{FileError, Root};

/// A cluster of a thousand users has a table of this size.
const MOST_BYTES: u64 = 1024 * 1024;

/// Whose address is looked for.
const ADMIN: &str = "root@pam";

/// Finds the address in a table's text.
type Look = fn(&str) -> Option<String>;

/// The user tables, and how each is read.
const TABLES: [(&str, Look); 2] = [("/etc/pve/user.cfg", in_pve), ("/etc/proxmox-backup/user.cfg", in_pbs)];

/// Who gets a message.
pub(super) struct Recipients {
    /// Never empty.
    pub(super) to: Vec<String>,
    /// Why it may be the wrong one.
    pub(super) doubt: Option<String>,
}

/// Those that are set, else root@pam's address, else root.
pub(super) fn recipients(set: &[String], root: &Root) -> Recipients {
    if !set.is_empty() {
        return Recipients { to: set.to_vec(), doubt: None };
    }
    let mut doubt = None;
    for (table, address) in TABLES {
        match text(root, table) {
            Ok(text) => {
                if let Some(address) = address(&text) {
                    return Recipients { to: vec![address], doubt };
                }
            }
            Err(error) if error.is_absent() => {}
            Err(error) => doubt = doubt.or(Some(error.to_string())),
        }
    }
    Recipients { to: vec!["root".to_owned()], doubt }
}

fn text(root: &Root, table: &str) -> Result<String, FileError> {
    Ok(String::from_utf8_lossy(&root.read_within(table, MOST_BYTES)?).into_owned())
}

/// `user:ID:ENABLED:EXPIRES:FIRST:LAST:EMAIL:COMMENT:KEYS:`, as `PVE::AccessControl` writes it.
fn in_pve(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let fields: Vec<&str> = line.trim().split(':').collect();
        let email = fields.get(6).filter(|_| fields.starts_with(&["user", ADMIN]))?;
        usable(email)
    })
}

/// `user: ID`, and `email ADDRESS` below it.
fn in_pbs(text: &str) -> Option<String> {
    let sections = parse_sections(text);
    sections.iter().find(|section| section.kind == "user" && section.id == ADMIN)?.get("email").and_then(usable)
}

fn usable(address: &str) -> Option<String> {
    Some(address.trim()).filter(|address| is_address(address)).map(str::to_owned)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_root_is_found_where_each_product_keeps_it() {
        for (text, expected) in [
            ("user:root@pam:1:0:::admin@example.com:::\n", Some("admin@example.com")),
            ("user:ann@pve:1:0:A:B:a@b.c:::\nuser:root@pam:1:0:First:Last:r@b.c:a comment:x!y:\n", Some("r@b.c")),
            ("user:root@pam:1:0:::::\n", None),
            ("user:root@pam:1:0:::-oQ/tmp@x:::\n", None),
            ("user:root@pam:1:0:::null:::\n", None),
            ("user:root@pam\ntoken:root@pam!x:0:0:a@b.c:x:a@b.c\n", None),
            ("", None),
        ] {
            assert_eq!(in_pve(text).as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("user: root@pam\n\tcomment x\n\temail admin@example.com\n", Some("admin@example.com")),
            ("user: root@pam\n\nuser: a@pbs\n\temail a@b.c\n", None),
            ("token: root@pam\n\temail a@b.c\n", None),
        ] {
            assert_eq!(in_pbs(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn settings_come_first_and_root_last() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::at(dir.path()).unwrap();
        let to = |set: &[&str]| recipients(&set.iter().map(ToString::to_string).collect::<Vec<_>>(), &root);
        assert_eq!(to(&[]).to, ["root"]);
        std::fs::create_dir_all(dir.path().join("etc/proxmox-backup")).unwrap();
        std::fs::write(dir.path().join("etc/proxmox-backup/user.cfg"), "user: root@pam\n\temail b@b.c\n").unwrap();
        assert_eq!(
            (to(&[]).to, to(&["x@y", "root"]).to),
            (vec!["b@b.c".to_owned()], vec!["x@y".into(), "root".into()])
        );
        std::fs::create_dir_all(dir.path().join("etc/pve/user.cfg")).unwrap();
        let found = to(&[]);
        assert!(found.to == ["b@b.c"] && found.doubt.is_some_and(|doubt| doubt.contains("/etc/pve/user.cfg")));
    }
}
