//! `interfaces(5)`: stanzas that begin with a keyword, options below them. Without the network
//! nobody reaches a restored host.

use super::form::Fault;

/// Stanzas of one line; `allow-*` besides.
const SINGLE: &[&str] =
    &["auto", "source", "source-directory", "no-auto-down", "no-scripts", "inherits", "rename", "template"];
/// Stanzas with options below them; the latter two are ifupdown2's.
const OPENING: &[&str] = &["iface", "mapping", "vlan", "bridge"];
const FAMILIES: &[&str] = &["inet", "inet6", "ipx", "x25", "ax25", "can", "link", "tunnel"];

pub(super) fn judge(text: &str) -> Result<(), Fault> {
    let mut is_open = false;
    for (at, line) in joined(text) {
        let mut words = line.split_whitespace();
        let Some(keyword) = words.next() else { continue };
        let words: Vec<&str> = words.collect();
        if SINGLE.contains(&keyword) || keyword.starts_with("allow-") {
            if words.is_empty() {
                return Err(Fault::at(at, "a keyword without the names it is about"));
            }
            is_open = false;
        } else if OPENING.contains(&keyword) {
            // Indented, it is an option of that name.
            if keyword == "iface" {
                interface(&words).map_err(|what| Fault::at(at, what))?;
            }
            is_open = true;
        } else if !is_open {
            return Err(Fault::at(at, "an option that belongs to no interface"));
        }
    }
    Ok(())
}

/// `iface NAME [FAMILY METHOD]`, `iface NAME inherits OTHER`.
fn interface(words: &[&str]) -> Result<(), &'static str> {
    match words {
        [] => Err("`iface` without the name of an interface"),
        [_, "inherits", _, ..] => Ok(()),
        [_, family] if FAMILIES.contains(family) => Err("`iface` without a method: static, manual, dhcp…"),
        [_, family, ..] if !FAMILIES.contains(family) => Err("`iface` with an unknown family: inet or inet6 is usual"),
        _ => Ok(()),
    }
}

/// Logical lines with the number of their first line: a backslash at the end goes on below.
/// Comments and empty lines are left out.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (at, line) in text.lines().enumerate() {
        let is_comment = !goes_on && line.trim_start().starts_with('#');
        let (part, continues) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        match all.last_mut() {
            Some((_, last)) if goes_on => {
                last.push(' ');
                last.push_str(part);
            }
            _ if is_comment => {}
            _ => all.push((at + 1, part.to_owned())),
        }
        goes_on = continues && !is_comment;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::form::Form;
    use super::super::form::tests::fault;

    const NETWORK: &str = "# Proxmox\nauto lo\niface lo inet loopback\n\niface nic0 inet manual\n#on board\n\nauto vmbr0\n\
                           iface vmbr0 inet static\n\taddress 192.0.2.10/24\n\tbridge-ports \\\n\t\tnic0 nic1\n\
                           \tup ip route add \\\n\t\t192.0.2.0/24 via 192.0.2.1\n\niface vmbr0 inet6 static\n\
                           \taddress 2001:db8::10/64\n\nallow-ovs vmbr1\nsource /etc/network/interfaces.d/*\n";

    #[test]
    fn real_files_are_read() {
        for text in [NETWORK, "", "iface vmbr0\n\tbridge-ports none\n", "iface a inherits b\n", "auto lo \\\n  eth0\n"]
        {
            assert_eq!(fault(Form::Interfaces, text), None, "{text}");
        }
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        for (from, to, line) in [
            ("iface vmbr0 inet static\n", "", 9),
            ("auto vmbr0", "auto", 8),
            ("iface vmbr0 inet static", "iface", 9),
            ("iface vmbr0 inet static", "iface vmbr0 inet", 9),
            ("iface vmbr0 inet static", "iface vmbr0 static", 9),
            ("auto lo", "atuo lo", 2),
        ] {
            let broken = NETWORK.replacen(from, to, 1);
            assert_eq!(fault(Form::Interfaces, &broken).map(|(line, _)| line), Some(line), "{from:?} {to:?}");
        }
    }
}
