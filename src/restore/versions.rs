//! Other releases: what of one major release does harm in another is exported, with the reason
//! (`proxmox-facts` §5.4).

use crate::host::Host;
use crate::pattern::Pattern;

/// Whose release matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Debian,
    Pve,
    Pbs,
}

/// In which direction it does harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Differs,
    Newer,
    Older,
}

/// One row: paths that are exported when a release differs.
struct Risk(Of, When, &'static [&'static str], &'static str);

const RISKS: &[Risk] = &[
    Risk(Of::Debian, When::Differs, &["/etc/apt/**"], "package sources of two releases would be mixed"),
    Risk(
        Of::Debian,
        When::Differs,
        &[
            "/etc/initramfs-tools/**",
            "/etc/kernel/**",
            "/etc/default/grub",
            "/etc/default/grub.d/**",
            "/etc/grub.d/**",
            "/etc/dracut.conf.d/**",
            "/etc/modprobe.d/**",
        ],
        "boot options of another release can keep the machine from starting",
    ),
    Risk(
        Of::Debian,
        When::Differs,
        &[
            "/etc/pam.d/**",
            "/etc/security/**",
            "/etc/nsswitch.conf",
            "/etc/login.defs",
            "/etc/ssh/sshd_config",
            "/etc/ssh/ssh_config",
            "/etc/sudoers",
        ],
        "login rules of another release can lock everybody out",
    ),
    Risk(
        Of::Debian,
        When::Differs,
        &[
            "/etc/systemd/*.conf",
            "/etc/systemd/system/*.service",
            "/etc/systemd/system/*.timer",
            "/etc/default/**",
            "/etc/logrotate.conf",
            "/etc/logrotate.d/**",
            "/etc/rsyslog.conf",
            "/etc/udev/**",
            "/etc/lvm/lvm.conf",
            "/etc/postfix/main.cf",
            "/etc/postfix/master.cf",
            "/etc/ssl/openssl.cnf",
            "/etc/profile",
            "/etc/bash.bashrc",
            "/etc/dbus-1/**",
            "/etc/zfs/zed.d/**",
            "/etc/chrony/chrony.conf",
            "/etc/smartd.conf",
            "/etc/multipath.conf",
            "/etc/iscsi/iscsid.conf",
            "/etc/ca-certificates.conf",
            "/etc/cron.daily/**",
            "/etc/cron.weekly/**",
            "/etc/cron.monthly/**",
            "/etc/cron.hourly/**",
            "/etc/adduser.conf",
            "/etc/deluser.conf",
        ],
        "it belongs to a package of another release, whose own version is newer here or older",
    ),
    Risk(Of::Pve, When::Older, &["/etc/pve/ha/groups.cfg"], "HA groups became rules in Proxmox VE 9"),
    Risk(Of::Pve, When::Older, &["/etc/pve/sdn/fabrics/**"], "the preview of fabrics was replaced in Proxmox VE 9"),
    Risk(
        Of::Pve,
        When::Newer,
        &[
            "/etc/pve/ha/rules.cfg",
            "/etc/pve/sdn/fabrics.cfg",
            "/etc/pve/sdn/route-maps.cfg",
            "/etc/pve/sdn/prefix-lists.cfg",
            "/etc/pve/mapping/**",
            "/etc/pve/notifications.cfg",
            "/etc/pve/priv/notifications.cfg",
            "/etc/pve/jobs.cfg",
            "/etc/pve/priv/wg-keys.cfg",
        ],
        "the older release here does not know all of it",
    ),
    Risk(Of::Pve, When::Differs, &["/etc/vzdump.conf"], "its options change from release to release"),
    Risk(
        Of::Pbs,
        When::Newer,
        &[
            "/etc/proxmox-backup/s3.cfg",
            "/etc/proxmox-backup/encryption-keys.cfg",
            "/etc/proxmox-backup/encryption-keys/**",
            "/etc/proxmox-backup/notifications.cfg",
            "/etc/proxmox-backup/notifications-priv.cfg",
            "/etc/proxmox-backup/notification-templates/**",
            "/etc/proxmox-backup/prune.cfg",
            "/etc/proxmox-backup/sync.cfg",
            "/etc/proxmox-backup/datastore.cfg",
            "/etc/proxmox-backup/node.cfg",
        ],
        "the older release here does not know all of it",
    ),
];

/// Releases of the backup and of the machine, compared.
#[derive(Debug, Default)]
pub(super) struct Versions {
    risks: Vec<(Pattern, String)>,
    pub(super) has_same_pve: bool,
    pub(super) remarks: Vec<String>,
}

impl Versions {
    pub(super) fn compare(there: &Host, here: &Host) -> Self {
        let pairs = [
            (Of::Debian, "Debian", Some(there.debian.clone()), Some(here.debian.clone())),
            (Of::Pve, "Proxmox VE", there.pve.clone(), here.pve.clone()),
            (Of::Pbs, "Proxmox Backup Server", there.pbs.clone(), here.pbs.clone()),
        ];
        let mut found = Self { has_same_pve: true, ..Self::default() };
        for (of, name, there, here) in pairs {
            let (Some(there), Some(here)) = (there, here) else { continue };
            match (major(&there), major(&here)) {
                (Some(before), Some(now)) if before != now => found.note(of, name, before, now),
                (Some(_), Some(_)) => {}
                _ => found
                    .remarks
                    .push(format!("the releases of {name} cannot be compared: `{there}` in the backup, `{here}` here")),
            }
        }
        found
    }

    fn note(&mut self, of: Of, name: &str, before: u32, now: u32) {
        self.remarks
            .push(format!("the backup is of {name} {before}, this machine has {now}: what does harm is exported only"));
        if of == Of::Pve {
            self.has_same_pve = false;
        }
        if of == Of::Pbs && before < 4 && now >= 4 {
            let what = "notifications of Proxmox Backup Server 4 have another default; to keep the old one: \
                        proxmox-backup-manager migrate-config default-notification-mode";
            self.remarks.push(what.to_owned());
        }
        let direction = if before < now { When::Older } else { When::Newer };
        let applies = RISKS.iter().filter(|risk| risk.0 == of && (risk.1 == When::Differs || risk.1 == direction));
        for Risk(_, _, paths, why) in applies {
            let why = format!("{name} {before} in the backup, {now} here: {why}");
            self.risks.extend(paths.iter().map(|path| (Pattern::new(path), why.clone())));
        }
    }

    /// Why a path is not written on this release.
    pub(super) fn risk(&self, path: &[u8]) -> Option<&str> {
        self.risks.iter().find(|(pattern, _)| pattern.covers(path)).map(|(_, why)| why.as_str())
    }
}

/// `8.4.1` → 8, `12 bookworm` → 12.
fn major(version: &str) -> Option<u32> {
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(debian: &str, pve: Option<&str>) -> Host {
        Host { debian: debian.to_owned(), pve: pve.map(str::to_owned), ..Host::default() }
    }

    #[test]
    fn one_release_has_no_risks() {
        let found = Versions::compare(&host("12 bookworm", Some("8.4.1")), &host("12 bookworm", Some("8.0.3")));
        assert!(found.risks.is_empty() && found.remarks.is_empty() && found.has_same_pve);
    }

    #[test]
    fn another_release_exports_what_does_harm_in_its_direction() {
        let up = Versions::compare(&host("12 bookworm", Some("8.4.1")), &host("13 trixie", Some("9.1.0")));
        let down = Versions::compare(&host("13 trixie", Some("9.1.0")), &host("12 bookworm", Some("8.4.1")));
        for (path, when_up, when_down) in [
            ("/etc/apt/sources.list.d/pve.list", true, true),
            ("/etc/pve/ha/groups.cfg", true, false),
            ("/etc/pve/ha/rules.cfg", false, true),
            ("/etc/pve/storage.cfg", false, false),
            ("/etc/hosts", false, false),
            ("/etc/systemd/system/mnt-a.mount", false, false),
            ("/etc/pam.d/sshd", true, true),
        ] {
            assert_eq!(up.risk(path.as_bytes()).is_some(), when_up, "{path}");
            assert_eq!(down.risk(path.as_bytes()).is_some(), when_down, "{path}");
        }
        assert!(!up.has_same_pve && !down.has_same_pve);
    }

    #[test]
    fn an_unknown_release_is_said() {
        let found = Versions::compare(&host("unknown", Some("unknown")), &host("13 trixie", Some("9.1.0")));
        assert_eq!(found.remarks.len(), 2);
        assert!(found.has_same_pve);
    }
}
