//! Configuration of a virtual machine or container, as `qemu-server` and `pve-container` read it:
//! description, `key: value`, then snapshots and pending changes under `[name]`.

use super::form::{Fault, lines};

pub(super) fn judge(text: &str) -> Result<(), Fault> {
    let mut settings = 0;
    for (at, line) in lines(text) {
        if line.starts_with('[') {
            if !is_head(line.trim_end()) {
                return Err(Fault::at(at, "not the head of a snapshot, `[NAME]`"));
            }
        } else if is_setting(line) {
            settings += 1;
        } else {
            return Err(Fault::at(at, "neither `key: value` nor `[snapshot]` nor a description with `#`"));
        }
    }
    if settings == 0 {
        return Err(Fault::whole("no setting in it: the guest would come back without disks and network"));
    }
    Ok(())
}

/// `[PENDING]`, `[special:cloudinit]`, `[pve:pending]`, `[before-upgrade]`.
fn is_head(line: &str) -> bool {
    let name = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
    name.is_some_and(|name| {
        name.len() > 1
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:".contains(&byte))
    })
}

fn is_setting(line: &str) -> bool {
    if let Some(rest) = line.strip_prefix("lxc.") {
        // Handed on to LXC, where `=` stands as well, and an empty value takes back.
        let end = rest.find([':', '=']).unwrap_or(0);
        let key = rest[..end].trim_end();
        return !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    }
    let Some((key, value)) = line.split_once(':') else { return false };
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && !value.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::form::Form;
    use super::super::form::tests::fault;

    const MACHINE: &str = "#Web server\n#second%20line\nagent: 1\nboot: order=scsi0;ide2\ncipassword: $5$x$y\n\
                           net0: virtio=BC:24:11:00:00:00,bridge=vmbr0\nonboot: 1\n\n[PENDING]\nmemory: 8192\n\
                           delete: net1\n\n[before-upgrade]\n#was good\nmemory: 4096\nsnaptime: 1700000000\n\n\
                           [special:cloudinit]\nname: web0\n";
    const CONTAINER: &str = "arch: amd64\nhostname: dns0\nlxc.cgroup2.devices.allow = c 226:0 rwm\nlxc.mount.entry:\n\
                             lxc.apparmor.profile: unconfined\nrootfs: local-lvm:vm-200-disk-0,size=8G\n";

    #[test]
    fn real_guests_are_read() {
        for text in [MACHINE, CONTAINER, &MACHINE.replace('\n', "\r\n")] {
            assert_eq!(fault(Form::Guest, text), None, "{text}");
        }
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        for (from, to, line) in [
            ("agent: 1", "agent 1", 3),
            ("agent: 1", "agent:", 3),
            ("agent: 1", " agent: 1", 3),
            ("agent: 1", "=======", 3),
            ("boot: order", "b\u{fffd}\u{fffd}t: order", 4),
            ("[PENDING]", "[PENDING", 9),
            ("[before-upgrade]", "[]", 13),
            ("[before-upgrade]", "[two words]", 13),
            ("snaptime: 17", "snapti", 16),
        ] {
            let broken = MACHINE.replacen(from, to, 1);
            assert_eq!(fault(Form::Guest, &broken).map(|(line, _)| line), Some(line), "{from:?} {to:?}");
        }
        assert_eq!(fault(Form::Guest, &CONTAINER.replace("lxc.cgroup2.devices.allow =", "lxc. =")).unwrap().0, 3);
    }

    #[test]
    fn an_empty_guest_does_not_come_back() {
        for text in ["", "#only a description\n", "[snapshot]\n"] {
            assert_eq!(fault(Form::Guest, text).map(|(line, _)| line), Some(0), "{text:?}");
        }
    }
}
