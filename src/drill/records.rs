//! Files of one record per line: settings, users, permissions, accounts, mounts.

use super::form::{Fault, lines};

/// How the lines of a file of accounts look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Fields between colons.
    fields: usize,
    /// Which of them are numbers, from 0.
    numbers: &'static [usize],
}

/// `passwd(5)`.
pub(super) const PASSWD: Layout = Layout { fields: 7, numbers: &[2, 3] };
/// `group(5)`.
pub(super) const GROUP: Layout = Layout { fields: 4, numbers: &[2] };
/// `shadow(5)`.
pub(super) const SHADOW: Layout = Layout { fields: 9, numbers: &[] };

pub(super) fn colons(text: &str, layout: &Layout) -> Result<(), Fault> {
    let mut has_root = false;
    // NIS and compat entries are no records of this form.
    for (at, line) in lines(text).filter(|(_, line)| !line.starts_with(['+', '-'])) {
        let fields: Vec<&str> = line.split(':').collect();
        if fields.len() != layout.fields {
            return Err(Fault::at(at, "the number of fields is wrong"));
        }
        if fields[0].is_empty() {
            return Err(Fault::at(at, "the name is missing"));
        }
        if layout.numbers.iter().any(|number| fields[*number].parse::<u32>().is_err()) {
            return Err(Fault::at(at, "a number is none"));
        }
        has_root |= fields[0] == "root";
    }
    if has_root { Ok(()) } else { Err(Fault::whole("root is missing")) }
}

/// `key: value` lines of `datacenter.cfg`, `node.cfg`, `vzdump.conf`.
pub(super) fn settings(text: &str) -> Result<(), Fault> {
    for (at, line) in lines(text) {
        let is_setting = line.split_once(':').is_some_and(|(key, _)| {
            let key = key.trim();
            !key.is_empty() && !key.contains(char::is_whitespace)
        });
        if !is_setting {
            return Err(Fault::at(at, "not `key: value`"));
        }
    }
    Ok(())
}

/// `user.cfg` (`pve-access-control`): kind and fields between colons.
pub(super) fn users(text: &str) -> Result<(), Fault> {
    for (at, line) in lines(text) {
        let fields: Vec<&str> = line.split(':').map(str::trim).collect();
        let name = fields.get(1).copied().unwrap_or_default();
        let what = match fields[0] {
            "user" if !is_user(name) => "a user without `NAME@REALM`",
            "token" if !name.split_once('!').is_some_and(|(user, token)| is_user(user) && !token.is_empty()) => {
                "a token without `NAME@REALM!TOKEN`"
            }
            "group" | "pool" | "role" if name.is_empty() => "the name is missing",
            "acl" if fields.len() < 5 => "a permission without path, users and roles",
            "acl" if !fields[2].starts_with('/') => "a permission whose path does not begin with `/`",
            "user" | "token" | "group" | "pool" | "role" | "acl" => continue,
            _ => "neither user nor token, group, pool, role or acl",
        };
        return Err(Fault::at(at, what));
    }
    Ok(())
}

fn is_user(name: &str) -> bool {
    name.rsplit_once('@').is_some_and(|(user, realm)| !user.is_empty() && !realm.is_empty())
}

/// `acl.cfg` of the backup server: `acl:PROPAGATE:PATH:USERS:ROLES`; one wrong line stops it all.
pub(super) fn permissions(text: &str) -> Result<(), Fault> {
    for (at, line) in lines(text) {
        let fields: Vec<&str> = line.trim().split(':').collect();
        let what = match fields.as_slice() {
            ["acl", "0" | "1", path, users, roles] if path.starts_with('/') => match () {
                () if users.is_empty() => "a permission without users",
                () if roles.is_empty() => "a permission without roles",
                () => continue,
            },
            ["acl", "0" | "1", _, _, _] => "a permission whose path does not begin with `/`",
            ["acl", _, _, _, _] => "a permission that says neither 0 nor 1 about what lies below it",
            _ => "not `acl:PROPAGATE:PATH:USERS:ROLES`",
        };
        return Err(Fault::at(at, what));
    }
    Ok(())
}

/// `fstab(5)`: the host does not boot with a wrong one.
pub(super) fn mounts(text: &str) -> Result<(), Fault> {
    for (at, line) in lines(text) {
        let fields: Vec<&str> = line.split_whitespace().take_while(|field| !field.starts_with('#')).collect();
        if fields.len() < 3 {
            return Err(Fault::at(at, "a mount without device, directory and type"));
        }
        if !fields[1].starts_with('/') && !matches!(fields[1], "none" | "swap") {
            return Err(Fault::at(at, "a mount whose directory does not begin with `/`"));
        }
        if fields.iter().skip(4).any(|number| number.parse::<u32>().is_err()) {
            return Err(Fault::at(at, "dump or pass is no number"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::form::Form;
    use super::super::form::tests::fault;
    use super::*;

    const ACCOUNTS: &str =
        "root:x:0:0:root:/root:/bin/bash\n\nwww-data:x:33:33:Gr\u{fc}\u{df}e:/var/www:/bin/false\n+::::::\n";
    const USERS: &str = "user:root@pam:1:0:::a@b.test:::\nuser:a@b@pve:1:0::::::\ntoken:ann@pve!ci:0:1:CI:\n\n\
                         group:admins:ann@pve:x:\npool:web::101:tank:\nrole:Starter:VM.Audit:\n\n\
                         acl:1:/:@admins:Administrator:\n";
    const FSTAB: &str = "# <file system>\n/dev/pve/root / ext4 errors=remount-ro 0 1\nUUID=1A2B /boot/efi vfat\n\
                         /dev/pve/swap none swap sw 0 0 # swap\n//nas/media /mnt/a\\040b cifs credentials=/x,nofail\n";
    const ACL: &str = "acl:1:/datastore/main:sample@pbs!pve,b@pbs:DatastoreBackup\n\nacl:0:/:c@pbs:Audit\n";

    /// Real file, its form, and mistakes: what becomes what, and the line of it.
    type Case = (&'static str, Form, &'static [(&'static str, &'static str, usize)]);

    const CASES: &[Case] = &[
        (
            ACCOUNTS,
            Form::Colons(&PASSWD),
            &[
                ("root:x", "rootx", 1),
                ("www-data:", ":", 3),
                ("33:33", "33:a", 3),
                ("/bin/false", "/bin:/false", 3),
                ("root:x", "toor:x", 0),
            ],
        ),
        ("root:x:0:\nadm:x:4:syslog,ann\n", Form::Colons(&GROUP), &[("4", "four", 2), ("root:x:0:", "root:x:0", 1)]),
        ("root:*:19800:0:99999:7:::\nann:!:::::::\n", Form::Colons(&SHADOW), &[(":7", "", 1), ("ann", "", 2)]),
        (
            "keyboard: en-us\n#x\nmac_prefix: BC:24:11\nempty:\n",
            Form::Settings,
            &[("keyboard: ", "keyboard ", 1), ("mac_prefix:", "mac prefix:", 3), ("empty", "", 4)],
        ),
        (
            USERS,
            Form::Users,
            &[
                ("root@pam", "root", 1),
                ("ann@pve!ci", "ann@pve", 3),
                ("group:admins", "group:", 5),
                ("role:", "rolle:", 7),
                (":/:", ":vms:", 9),
                ("acl:1:/:@admins:Administrator:", "acl:1", 9),
            ],
        ),
        (
            ACL,
            Form::Permissions,
            &[("acl:1", "acl:yes", 1), ("/datastore", "datastore", 1), (":Audit", "", 3), ("c@pbs", "", 3)],
        ),
        (
            FSTAB,
            Form::Mounts,
            &[("/dev/pve/root /", "/dev/pve/root", 2), (" vfat", "", 3), ("sw 0", "sw x", 4), ("/mnt/a", "mnt/a", 5)],
        ),
    ];

    #[test]
    fn real_files_are_read_and_each_mistake_is_named_with_its_line() {
        for (text, form, mistakes) in CASES {
            assert_eq!(fault(*form, text), None, "{form:?}");
            for (from, to, line) in *mistakes {
                let broken = text.replacen(from, to, 1);
                assert_ne!(broken, *text, "{from:?}");
                assert_eq!(fault(*form, &broken).map(|(line, _)| line), Some(*line), "{form:?} {from:?} {to:?}");
            }
        }
    }
}
