//! Physical network interfaces, by what tells them apart on other hardware: MAC address, driver,
//! place on the bus. From sysfs; virtual interfaces (a guest has four) are left out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::link_name;
use crate::host::names::interfaces as physical;
use crate::system::Root;

/// `NET_ADDR_PERM` of `linux/netdevice.h`: the address in use is the one burnt in.
const PERMANENT: &str = "0";

#[derive(Debug, Serialize)]
pub(super) struct Interface {
    name: String,
    mac: Option<String>,
    /// Not in sysfs when the address in use is another one; then `ethtool -P` beside this file has it.
    permanent_mac: Option<String>,
    driver: Option<String>,
    /// `0000:01:00.0`; of a USB adapter its port.
    bus_address: Option<String>,
    vendor: Option<String>,
    device: Option<String>,
    /// Tells ports of one card apart.
    port: Option<String>,
    /// Mbit/s, where there is a link.
    speed_mbits: Option<u32>,
    state: Option<String>,
    /// The bond or bridge it belongs to.
    master: Option<String>,
}

/// All of them; `None` where there is no sysfs.
pub(super) fn interfaces(root: &Root) -> Option<Vec<Interface>> {
    if !root.is_dir("/sys/class/net") {
        return None;
    }
    let of_bonds = bonded(root);
    Some(physical(root).into_iter().map(|name| interface(root, name, &of_bonds)).collect())
}

fn interface(root: &Root, name: String, of_bonds: &BTreeMap<String, String>) -> Interface {
    let at = |file: &str| format!("/sys/class/net/{name}/{file}");
    let read = |file: &str| {
        let text = root.read_text(at(file)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let mac = read("address");
    let is_permanent = read("addr_assign_type").as_deref() == Some(PERMANENT);
    Interface {
        permanent_mac: of_bonds.get(&name).cloned().or_else(|| mac.clone().filter(|_| is_permanent)),
        mac,
        driver: link_name(root, at("device/driver")),
        bus_address: link_name(root, at("device")),
        vendor: read("device/vendor"),
        device: read("device/device"),
        port: read("phys_port_name").or_else(|| read("dev_port")),
        // -1 or an error without a link.
        speed_mbits: read("speed").and_then(|speed| speed.parse().ok()),
        state: read("operstate"),
        master: link_name(root, at("master")),
        name,
    }
}

/// Members of bonds share one address; the kernel tells their own ones only here.
fn bonded(root: &Root) -> BTreeMap<String, String> {
    let mut own = BTreeMap::new();
    for bond in root.list("/proc/net/bonding").unwrap_or_default() {
        let text = root.read_text(format!("/proc/net/bonding/{}", bond.to_string_lossy())).unwrap_or_default();
        let mut member = None;
        for (key, value) in text.lines().filter_map(|line| line.split_once(": ")) {
            match (key, member.take()) {
                ("Slave Interface", _) => member = Some(value.trim().to_owned()),
                ("Permanent HW addr", Some(name)) => {
                    own.insert(name, value.trim().to_owned());
                }
                (_, still) => member = still,
            }
        }
    }
    own
}
