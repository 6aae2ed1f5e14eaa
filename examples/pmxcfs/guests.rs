//! Which guests there are: one number, one guest, in the whole cluster.

use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GuestKind {
    Qemu,
    Lxc,
    OpenVz,
}

impl GuestKind {
    fn of_directory(name: &str) -> Option<Self> {
        match name {
            "qemu-server" => Some(Self::Qemu),
            "lxc" => Some(Self::Lxc),
            "openvz" => Some(Self::OpenVz),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Qemu => "qemu",
            Self::Lxc => "lxc",
            Self::OpenVz => "openvz",
        }
    }
}

/// Where a guest's configuration lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Guest {
    pub(crate) id: u32,
    pub(crate) kind: GuestKind,
    pub(crate) node: String,
}

/// `nodes/NAME/qemu-server/100.conf` names a guest; most paths do not.
pub(crate) fn guest_at(path: &str) -> Option<Guest> {
    let ["nodes", node, directory, file] = path.split('/').collect::<Vec<_>>()[..] else { return None };
    let digits = file.strip_suffix(".conf").filter(|digits| digits.starts_with(|c| matches!(c, '1'..='9')))?;
    let kind = GuestKind::of_directory(directory)?;
    is_node_name(node).then(|| Some(Guest { id: digits.parse().ok()?, kind, node: node.to_owned() }))?
}

fn is_node_name(name: &str) -> bool {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_plain && !name.is_empty() && !name.starts_with('-') && !name.ends_with('-')
}

/// All guests of the cluster, with the counters that `.vmlist` shows.
#[derive(Default)]
pub(crate) struct Guests {
    known: BTreeMap<u32, (Guest, u32)>,
    list_version: u32,
    last_version: u32,
}

impl Guests {
    /// `false` when another guest has the number already.
    pub(crate) fn load(&mut self, guest: Guest) -> bool {
        let is_new = !self.known.contains_key(&guest.id);
        self.insert(guest);
        is_new
    }

    pub(crate) fn loaded(&mut self) {
        self.list_version += 1;
    }

    pub(crate) fn register(&mut self, guest: Guest) {
        self.list_version += 1;
        self.insert(guest);
    }

    pub(crate) fn forget(&mut self, id: u32) {
        self.list_version += 1;
        self.known.remove(&id);
    }

    /// Is the number taken on another node, or by a guest of another kind?
    pub(crate) fn is_taken_from(&self, guest: &Guest) -> bool {
        self.known.get(&guest.id).is_some_and(|(known, _)| known != guest)
    }

    pub(crate) fn list_version(&self) -> u32 {
        self.list_version
    }

    /// What `.vmlist` says.
    pub(crate) fn list(&self) -> String {
        let mut text = format!("{{\n\"version\": {}", self.list_version);
        for (number, (id, (guest, version))) in self.known.iter().enumerate() {
            let before = if number == 0 { ",\n\"ids\": {\n" } else { ",\n" };
            let (node, kind) = (&guest.node, guest.kind.name());
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "{before}\"{id}\": {{ \"node\": \"{node}\", \"type\": \"{kind}\", \"version\": {version} }}"
            );
        }
        text + if self.known.is_empty() { "\n}\n" } else { "}\n\n}\n" }
    }

    fn insert(&mut self, guest: Guest) {
        self.last_version += 1;
        self.known.insert(guest.id, (guest, self.last_version));
    }
}
