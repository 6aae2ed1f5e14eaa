//! The other nodes, as `corosync.conf` names them, and what `.members` says about them.

use std::path::Path;

use crate::Outcome;
use crate::attributes::Quorum;

#[derive(Default)]
pub(crate) struct Member {
    name: String,
    id: u32,
    address: String,
}

#[derive(Default)]
pub(crate) struct Cluster {
    name: String,
    version: u32,
    members: Vec<Member>,
}

impl Cluster {
    /// Sections of `key: value` lines; what is of no interest here is passed over.
    pub(crate) fn parse(text: &str) -> Self {
        let mut cluster = Self::default();
        let mut sections: Vec<&str> = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_suffix('{') {
                sections.push(name.trim());
                if sections == ["nodelist", "node"] {
                    cluster.members.push(Member::default());
                }
            } else if line == "}" {
                sections.pop();
            } else if let Some((key, value)) = line.split_once(':') {
                cluster.set(&sections, key.trim(), value.trim());
            }
        }
        cluster
    }

    fn set(&mut self, sections: &[&str], key: &str, value: &str) {
        match (sections, key, self.members.last_mut()) {
            (["totem"], "cluster_name", _) => value.clone_into(&mut self.name),
            (["totem"], "config_version", _) => self.version = value.parse().unwrap_or(0),
            (["nodelist", "node"], "name", Some(member)) => value.clone_into(&mut member.name),
            (["nodelist", "node"], "nodeid", Some(member)) => member.id = value.parse().unwrap_or(0),
            (["nodelist", "node"], "ring0_addr", Some(member)) => value.clone_into(&mut member.address),
            _ => {}
        }
    }

    /// The number of a node, which is the writer of what it changes.
    pub(crate) fn id_of(&self, node: &str) -> u32 {
        self.members.iter().find(|member| member.name == node).map_or(0, |member| member.id)
    }

    /// What `.members` says: without quorum this node sees only itself.
    pub(crate) fn members(&self, node: &str, quorum: Quorum) -> String {
        let is_quorate = quorum == Quorum::Here;
        let list: Vec<String> = self
            .members
            .iter()
            .map(|member| {
                let Member { name, id, address } = member;
                let online = u8::from(is_quorate || name == node);
                format!("  \"{name}\": {{ \"id\": {id}, \"online\": {online}, \"ip\": \"{address}\"}}")
            })
            .collect();
        format!(
            "{{\n\"nodename\": \"{node}\",\n\"version\": {version},\n\"cluster\": {{ \"name\": \"{name}\", \
             \"version\": {version}, \"nodes\": {count}, \"quorate\": {quorate} }},\n\"nodelist\": {{\n{list}\n  }}\n}}\n",
            version = self.version,
            name = self.name,
            count = self.members.len(),
            quorate = u8::from(is_quorate),
            list = list.join(",\n"),
        )
    }
}

/// pmxcfs does not start on a host whose name leads nowhere, or to the host itself only.
pub(crate) fn must_have_address(node: &str, hosts: &Path) -> Outcome<()> {
    let text = std::fs::read_to_string(hosts).map_err(|why| format!("{}: {why}", hosts.display()))?;
    let has_address = text.lines().map(|line| line.split('#').next().unwrap_or_default()).any(|line| {
        let mut words = line.split_whitespace();
        let is_outside = words.next().is_some_and(|address| !address.starts_with("127.") && address != "::1");
        is_outside && words.any(|name| name == node)
    });
    if has_address {
        return Ok(());
    }
    Err(format!("{}: `{node}` has no address that is not loopback", hosts.display()).into())
}
