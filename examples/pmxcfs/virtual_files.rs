//! What stands at the top of `/etc/pve` and is in no database: links to this node's directories,
//! and dot files made when they are read.

use std::fmt::Write;

use crate::attributes::Quorum;
use crate::cluster::Cluster;
use crate::tree::Tree;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Virtual {
    /// To this below the node's own directory.
    Link(&'static str),
    Version,
    Members,
    VmList,
    Statistics,
    ClusterLog,
    Debug,
}

pub(crate) const VIRTUAL: [(&str, Virtual); 10] = [
    ("local", Virtual::Link("")),
    ("qemu-server", Virtual::Link("/qemu-server")),
    ("openvz", Virtual::Link("/openvz")),
    ("lxc", Virtual::Link("/lxc")),
    (".version", Virtual::Version),
    (".members", Virtual::Members),
    (".vmlist", Virtual::VmList),
    (".rrd", Virtual::Statistics),
    (".clusterlog", Virtual::ClusterLog),
    (".debug", Virtual::Debug),
];

/// Files whose changes `.version` counts.
const COUNTED: &str = "corosync.conf corosync.conf.new storage.cfg user.cfg domains.cfg notifications.cfg \
    priv/notifications.cfg priv/shadow.cfg priv/acme/plugins.cfg priv/tfa.cfg priv/token.cfg datacenter.cfg \
    vzdump.cron vzdump.conf jobs.cfg ha/crm_commands ha/manager_status ha/resources.cfg ha/rules.cfg ha/groups.cfg \
    ha/fence.cfg status.cfg replication.cfg ceph.conf sdn/vnets.cfg sdn/zones.cfg sdn/controllers.cfg sdn/subnets.cfg \
    sdn/ipams.cfg sdn/mac-cache.json sdn/pve-ipam-state.json sdn/dns.cfg sdn/fabrics.cfg sdn/.running-config \
    virtual-guest/cpu-models.conf virtual-guest/profiles.cfg firewall/cluster.fw mapping/directory.cfg \
    mapping/pci.cfg mapping/usb.cfg";

/// What the content of a dot file depends on.
pub(crate) struct Facts<'a> {
    pub(crate) node: &'a str,
    pub(crate) cluster: Option<&'a Cluster>,
    pub(crate) quorum: Quorum,
    /// Seconds since 1970.
    pub(crate) started: u32,
    pub(crate) is_debugging: bool,
    pub(crate) tree: &'a Tree,
}

impl Virtual {
    pub(crate) fn content(self, facts: &Facts<'_>) -> String {
        match self {
            Self::Link(below) => format!("nodes/{}{below}", facts.node),
            Self::Version => version(facts),
            Self::Members => match facts.cluster {
                Some(cluster) => cluster.members(facts.node, facts.quorum),
                None => format!("{{\n\"nodename\": \"{}\",\n\"version\": 1\n}}\n", facts.node),
            },
            Self::VmList => facts.tree.guests.list(),
            Self::Statistics => String::new(),
            Self::ClusterLog => "{\n\"data\": [\n]\n}\n".to_owned(),
            Self::Debug => format!("{}\n", u8::from(facts.is_debugging)),
        }
    }

    pub(crate) fn permissions(self, quorum: Quorum) -> u16 {
        match (self, quorum) {
            (Self::Link(_), Quorum::Here) => 0o755,
            (Self::Link(_), Quorum::Lost) => 0o555,
            (Self::Debug, _) => 0o640,
            _ => 0o440,
        }
    }
}

fn version(facts: &Facts<'_>) -> String {
    let vmlist = facts.tree.guests.list_version();
    let mut text = format!("{{\n\"starttime\": {},\n\"clinfo\": 1,\n\"vmlist\": {vmlist},\n", facts.started);
    for path in COUNTED.split_whitespace() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\"{path}\": {},", facts.tree.times_changed(path));
    }
    text + &format!("\"kvstore\": {{\n\"{}\": {{\n}}\n}}\n}}\n", facts.node)
}
