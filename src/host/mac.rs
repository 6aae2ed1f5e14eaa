//! The address of the network card that older relays of messages know a server by.

use super::names::interfaces as physical;
use crate::system::Root;

/// First letters of kernel names: wired cards before all others, as the older tools chose.
const WIRED: [&str; 2] = ["en", "eth"];

/// Of the first wired card, else of the first card; `None` where there is none.
pub fn mac_address(root: &Root) -> Option<String> {
    let mut names = physical(root);
    names.sort_by_key(|name| !WIRED.iter().any(|start| name.starts_with(start)));
    names.iter().find_map(|name| {
        let text = root.read_text(format!("/sys/class/net/{name}/address")).ok()?;
        Some(text.trim().to_ascii_lowercase()).filter(|address| is_mac(address))
    })
}

fn is_mac(text: &str) -> bool {
    let is_pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    text.split(':').count() == 6 && text.split(':').all(is_pair) && text != "00:00:00:00:00:00"
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    #[test]
    fn a_wired_card_stands_for_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let net = dir.path().join("sys/class/net");
        let root = Root::at(dir.path()).unwrap();
        assert_eq!(mac_address(&root), None);
        for (name, address, device) in [
            ("bonding_masters", "", false),
            ("eno1", "00:00:00:00:00:00\n", true),
            ("enp1s0", "BC:24:11:00:00:01\n", true),
            ("ibp1", "80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:00:00:01\n", true),
            ("tap100i0", "02:00:00:00:00:01\n", false),
            ("a-wlan", "02:00:00:00:00:02\n", true),
        ] {
            std::fs::create_dir_all(net.join(name)).unwrap();
            std::fs::write(net.join(name).join("address"), address).unwrap();
            if device {
                std::fs::create_dir(net.join(name).join("device")).unwrap();
            }
        }
        assert_eq!(mac_address(&root).as_deref(), Some("bc:24:11:00:00:01"));
        std::fs::remove_dir_all(net.join("enp1s0")).unwrap();
        assert_eq!(mac_address(&root).as_deref(), Some("02:00:00:00:00:02"));
    }
}
