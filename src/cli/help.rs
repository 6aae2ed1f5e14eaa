//! The texts below `--help`: two examples a command, exit codes for the whole.

use std::fmt::Write;

use crate::recipe::{CATEGORIES, Mode};
use crate::workflow::EXIT_CODES;

/// Below the help of the program.
pub(super) fn top() -> String {
    let mut text = String::from(
        "Examples:\n  proxmox-backup                      make a backup\n  \
         proxmox-backup backup --dry-run     see what a backup would hold, and why\n\nExit codes:\n",
    );
    for (code, meaning) in EXIT_CODES {
        let _ = writeln!(text, "  {:>3}  {meaning}", code.number());
    }
    text
}

pub(super) const BACKUP: &str = "\
Examples:
  proxmox-backup backup --reason 'before the upgrade to 9'
  proxmox-backup backup --root /mnt/dead-disk --config /root/rescue.env";

pub(super) const CHECK: &str = "\
Examples:
  proxmox-backup check
  proxmox-backup check --config /root/new.env";

pub(super) const LIST: &str = "\
Examples:
  proxmox-backup list
  proxmox-backup list --all-hosts --tier cloud --json

Backups in another directory, such as those of a dead host on a disk: \
PROXMOX_BACKUP_BACKUP_PATH=/mnt/usb/proxmox proxmox-backup list --all-hosts. The other commands \
take that variable too, or the path of a backup.";

pub(super) const FETCH: &str = "\
Examples:
  proxmox-backup fetch latest
  proxmox-backup fetch 20261121-020000 --from cloud --to /root/restore

The copy is compared with what the tier tells of it, then `verify` and every other command works on \
it.";

pub(super) const SHOW: &str = "\
Examples:
  proxmox-backup show latest
  proxmox-backup show /mnt/usb/pve1-backup-20261121-020000.tar.zst.bundle.tar";

pub(super) const LS: &str = "\
Examples:
  proxmox-backup ls latest /etc/network
  proxmox-backup ls latest '/etc/pve/nodes/*/qemu-server/*.conf'";

pub(super) const CAT: &str = "\
Examples:
  proxmox-backup cat latest /etc/pve/qemu-server/100.conf
  proxmox-backup cat 20261121-020000 /etc/network/interfaces | diff - /etc/network/interfaces";

pub(super) const EXTRACT: &str = "\
Examples:
  proxmox-backup extract latest /etc/network /etc/hosts --to /root/look
  proxmox-backup extract latest --to /root/everything";

pub(super) const DIFF: &str = "\
Examples:
  proxmox-backup diff latest --live --content
  proxmox-backup diff 20261120-020000 20261121-020000

The exit code is 0 when nothing differs and 1 when something does, or when something could not be \
read. A time alone is no difference. Paths that only one side looked at (a recipe was off, an older \
tool made the backup) are counted, with the reason, not compared. The cluster database is compared \
by its rows, and named only when the files below /etc/pve do not tell the same.";

pub(super) const VERIFY: &str = "\
Examples:
  proxmox-backup verify
  proxmox-backup verify --all --signer /media/usb/pve1.pub

Without --signer a checksum and a signature tell accidents, not attackers: who can write the \
backups can make both anew. With a key from elsewhere, a backup that was changed, added, or removed \
between others is a problem. Removed newest ones do not show: see which one the last line names. Backups from before the key \
are problems too, until retention has removed them.";

/// Below the help of `restore`: its categories are the catalog's.
pub(super) fn restore() -> String {
    let mut text = String::from(
        "Examples:\n  proxmox-backup restore latest --plan\n  \
         proxmox-backup restore latest --only network --nic-map auto -v\n  \
         proxmox-backup restore /mnt/usb/proxmox/pve1-backup-20261121-020000.tar.zst.bundle.tar\n  \
         proxmox-backup --root /mnt/new-disk restore latest --yes\n  \
         proxmox-backup restore latest --only /etc/network --to /root/look\n\n\
         The plan comes first: each file is write, merge, through API, unchanged, export only, never or not \
         selected, with its reason. Then the word RESTORE is asked for; any other answer changes nothing and \
         ends with exit code 16. What is replaced is saved before, so that `undo` takes all of it back. A \
         refusal, or a plan that is not the expected one, changes nothing and ends with 4. A changed network \
         goes back after 3 minutes unless `restore confirm` says that it works. With --yes --json the plan \
         and the result come as one JSON object each, on a line of its own.\n\nCategories:\n",
    );
    for facts in CATEGORIES {
        let modes = [(Mode::Storage, "storage"), (Mode::Base, "base")];
        let modes: Vec<&str> =
            modes.iter().filter(|(mode, _)| facts.category.is_in(*mode)).map(|(_, name)| *name).collect();
        let modes = if modes.is_empty() { String::new() } else { format!(" (modes: {})", modes.join(", ")) };
        let _ = writeln!(text, "  {:<18} {}{modes}", facts.id, facts.title);
    }
    text
}

pub(super) const RESTORE_CONFIRM: &str = "\
Examples:
  proxmox-backup restore confirm
  proxmox-backup restore confirm 20261121-181500";

pub(super) const UNDO: &str = "\
Examples:
  proxmox-backup undo --list
  proxmox-backup undo
  proxmox-backup undo --forget 20261121-181500

Content, owners and modes are put back, and what was added goes. Files that were changed since the \
restore are put back too, after a copy of them is kept. What is kept of a restore holds what the files \
held, secrets too: --forget removes it.";

pub(super) const DECRYPT: &str = "\
Examples:
  proxmox-backup decrypt
  proxmox-backup decrypt latest --identity /root/key.txt --to /root/restore";

pub(super) const KEY: &str = "\
Examples:
  proxmox-backup key new
  proxmox-backup key verify --identity /media/usb/key.txt";

pub(super) const KEY_NEW: &str = "\
Examples:
  proxmox-backup key new
  proxmox-backup key new --recipient 'ssh-ed25519 AAAA... admin@office'
  proxmox-backup key new --signing

A signing key stays on this host, which signs unattended. Copy the public key elsewhere: it proves \
that a backup on a stolen or hostile target is what this host wrote. It proves nothing against root \
of this host.";

pub(super) const KEY_SHOW: &str = "\
Examples:
  proxmox-backup key show
  proxmox-backup key show --json";

pub(super) const KEY_DERIVE: &str = "\
Examples:
  proxmox-backup key derive
  proxmox-backup key derive --yes-show-private >/media/usb/key.txt";

pub(super) const KEY_VERIFY: &str = "\
Examples:
  proxmox-backup key verify
  proxmox-backup key verify 20261121-020000 --passphrase-file -";

pub(super) const PRUNE: &str = "\
Examples:
  proxmox-backup prune --dry-run
  proxmox-backup prune";

pub(super) const STATUS: &str = "\
Examples:
  proxmox-backup status
  proxmox-backup status --max-age 8d --json

CRITICAL: the last run failed or was killed, or the newest backup on the local tier is too old or \
gone. WARNING: the last run had warnings, or a tier has no copy. UNKNOWN: there was no run, or \
settings, logs or backups cannot be read. Messages that were not delivered are named and change \
nothing. Settings and logs are root's, so a monitoring user calls it by sudo.";

pub(super) const NOTIFY: &str = "\
Examples:
  proxmox-backup notify test
  proxmox-backup notify test gotify --json";

pub(super) const NOTIFY_TEST: &str = "\
Examples:
  proxmox-backup notify test
  proxmox-backup notify test email

The example says [TEST] and that no backup was made; the ping goes to the log of its check. The exit \
code is 6 when a message does not arrive.";

pub(super) const CONFIG: &str = "\
Examples:
  proxmox-backup config check
  proxmox-backup config show --changed";

pub(super) const CONFIG_CHECK: &str = "\
Examples:
  proxmox-backup config check
  proxmox-backup config check --config /opt/proxsave/configs/backup.env";

pub(super) const CONFIG_SHOW: &str = "\
Examples:
  proxmox-backup config show
  proxmox-backup config show --changed --json";

pub(super) const CONFIG_INIT: &str = "\
Examples:
  proxmox-backup config init
  proxmox-backup config init ./backup.yaml";

pub(super) const CONFIG_CONVERT: &str = "\
Examples:
  proxmox-backup config convert --output /etc/proxmox-config-backup/backup.yaml
  proxmox-backup config convert /opt/proxsave/configs/backup.env --to env";

pub(super) const MIGRATE: &str = "\
Examples:
  proxmox-backup migrate --plan
  proxmox-backup migrate --from /opt/proxsave
  proxmox-backup migrate --undo

While the older tool's link is the first `proxmox-backup` in the path, this program answers to \
proxmox-config-backup alone; a shell that has called the link forgets it by `hash -r`. \
The plan comes first, then the word MIGRATE is asked for. Without a terminal and without --yes the \
plan is all there is. Settings go into /etc/proxmox-config-backup/backup.env, unless somebody has \
said something else there; backups are counted where they lie; lines of crontabs become comments, \
links get .migrated behind their names. Nothing of the older tool's directory is changed or removed. \
Each change is written down before it is done, and --undo takes all of them back, also after a crash. \
A refusal changes nothing and ends with exit code 4.";

pub(super) const HOOK: &str = "\
Examples:
  proxmox-backup hook enable vzdump
  proxmox-backup hook status vzdump";

pub(super) const HOOK_ENABLE: &str = "\
Examples:
  proxmox-backup hook enable vzdump
  proxmox-backup hook enable vzdump --job backup-1a2b3c4d-5e6f

A script that is there already is called first, with the same arguments and environment, and how it \
ends is how ours ends. The host's backup itself never fails a backup job of guests.";

pub(super) const HOOK_DISABLE: &str = "\
Examples:
  proxmox-backup hook disable vzdump
  proxmox-backup hook disable vzdump --all";

pub(super) const HOOK_STATUS: &str = "\
Examples:
  proxmox-backup hook status vzdump
  proxmox-backup hook status vzdump --json";
