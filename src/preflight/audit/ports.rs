//! Listening sockets: the kernel's tables of them (`proc_net(5)`), and which are a finding. Reads
//! nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::names::fits;
use super::processes::Process;
use crate::issue::{Issue, Stage};

/// Owners that are named; a server may have hundreds of workers.
const MOST_OWNERS: usize = 3;

/// Which table a socket stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    /// How its table writes a socket that waits for anybody: `TCP_LISTEN`, and for UDP, which has no
    /// such state, `TCP_CLOSE`, a socket that is bound and not connected.
    fn listening(self) -> &'static str {
        match self {
            Self::Tcp => "0A",
            Self::Udp => "07",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// One socket that waits for anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listener {
    pub(super) protocol: Protocol,
    pub(super) address: IpAddr,
    pub(super) port: u16,
    /// Its number among the open files of its owners.
    pub(super) inode: u64,
}

/// One line of a table; `None` for the heading, another state, half a line.
pub(super) fn parse_line(line: &str, protocol: Protocol) -> Option<Listener> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, local, _, state, _, _, _, _, _, inode, ..] = fields[..] else { return None };
    if state != protocol.listening() {
        return None;
    }
    let (address, port) = local.split_once(':')?;
    let port = Some(port).filter(|port| port.len() == 4)?;
    Some(Listener {
        protocol,
        address: parse_address(address)?,
        port: u16::from_str_radix(port, 16).ok()?,
        inode: inode.parse().ok()?,
    })
}

/// Words of 32 bits, each written as a number of this machine: `0100007F` is 127.0.0.1 on PCs.
fn parse_address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    match hex.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut octets = [0; 16];
            for (index, octets) in octets.chunks_exact_mut(4).enumerate() {
                octets.copy_from_slice(&word(index * 8)?);
            }
            Some(IpAddr::V6(Ipv6Addr::from(octets)).to_canonical())
        }
        _ => None,
    }
}

/// A program that may listen on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    program: String,
    port: u16,
}

/// `PORT_WHITELIST`: pairs, and the entries that are none. The older tools separated by blanks, too.
pub(super) fn whitelist(entries: &[String]) -> (Vec<Allowed>, Vec<&str>) {
    let (mut allowed, mut wrong) = (Vec::new(), Vec::new());
    for entry in entries.iter().flat_map(|entry| entry.split_whitespace()) {
        let pair = entry.rsplit_once(':').filter(|(program, _)| !program.is_empty());
        match pair.and_then(|(program, port)| Some((program, port.parse().ok()?))) {
            Some((program, port)) => allowed.push(Allowed { program: program.to_owned(), port }),
            None => wrong.push(entry),
        }
    }
    (allowed, wrong)
}

/// Listeners that are a finding; `owners` has those of the sockets in question.
pub(super) fn judge(
    listeners: &[Listener],
    owners: &BTreeMap<u64, Vec<Process>>,
    suspicious: &[u16],
    allowed: &[Allowed],
) -> Vec<Issue> {
    // One socket per address and worker is one finding.
    let mut found: BTreeMap<(u16, Protocol, String), Found<'_>> = BTreeMap::new();
    for listener in listeners.iter().filter(|listener| suspicious.contains(&listener.port)) {
        let owners = owners.get(&listener.inode).map_or(&[][..], Vec::as_slice);
        if owners.iter().any(|process| may_listen(process, listener.port, allowed)) {
            continue;
        }
        let entry = found.entry((listener.port, listener.protocol, label(owners))).or_default();
        entry.program = owners.first().and_then(|process| process.names().first().copied());
        entry.addresses.insert(listener.address);
    }
    found.into_iter().map(|((port, protocol, who), found)| issue(port, protocol, &who, &found)).collect()
}

/// What the same programs have open on one port.
#[derive(Default)]
struct Found<'a> {
    addresses: BTreeSet<IpAddr>,
    program: Option<&'a str>,
}

fn may_listen(process: &Process, port: u16, allowed: &[Allowed]) -> bool {
    let names = process.names();
    allowed.iter().any(|pair| pair.port == port && names.iter().any(|name| fits(&pair.program, name)))
}

fn label(owners: &[Process]) -> String {
    let named: Vec<String> = owners.iter().take(MOST_OWNERS).map(Process::label).collect();
    match owners.len() {
        0 => "a program that cannot be seen".to_owned(),
        count if count > MOST_OWNERS => format!("{} and {} more", named.join(", "), count - MOST_OWNERS),
        _ => named.join(", "),
    }
}

fn issue(port: u16, protocol: Protocol, who: &str, found: &Found<'_>) -> Issue {
    let addresses: Vec<String> = found.addresses.iter().map(ToString::to_string).collect();
    let reason = format!("{who} listens on {}, and SUSPICIOUS_PORTS names this port", addresses.join(", "));
    let issue = Issue::warning(Stage::Preflight, format!("port {port}/{protocol}"), reason);
    match found.program {
        Some(program) => {
            issue.with_hint(format!("end it if it is not yours; PORT_WHITELIST={program}:{port} accepts it"))
        }
        None => issue.with_hint("`ss -tulnp` as root tells whose it is"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::processes::Program;
    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:115C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1505 1 000000003094e002 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1506 1 000000003094e002 100 0 0 10 0
   2: 0100007F:115C 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 1507 1 000000003094e002 20 4 30 10 -1
";
    const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:115C 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1508 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:115C 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1509 1 0000000000000000 100 0 0 10 0
   2: B80D0120000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1510 1 0000000000000000 100 0 0 10 0
";
    const UDP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  412: 00000000:7A69 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 1511 2 0000000000000000 0
  413: 0100007F:A000 0100007F:0035 01 00000000:00000000 00:00000000 00000000   101        0 1512 2 0000000000000000 0
";

    fn listeners() -> Vec<Listener> {
        let of = |table: &'static str, protocol| table.lines().filter_map(move |line| parse_line(line, protocol));
        of(TCP, Protocol::Tcp).chain(of(TCP6, Protocol::Tcp)).chain(of(UDP, Protocol::Udp)).collect()
    }

    fn process(pid: u32, name: &str) -> Process {
        let stat = format!("{pid} ({name}) S 1 0 0 0 -1 0 0");
        Process::parse(pid, stat.as_bytes(), b"", Program::File(format!("/usr/bin/{name}"))).unwrap()
    }

    #[test]
    fn the_tables_of_the_kernel_are_read() {
        let shown: Vec<String> = listeners()
            .iter()
            .map(|one| format!("{} {} {} {}", one.protocol, one.address, one.port, one.inode))
            .collect();
        assert_eq!(
            shown,
            [
                "tcp 127.0.0.1 4444 1505",
                "tcp 0.0.0.0 22 1506",
                "tcp ::1 4444 1508",
                "tcp 127.0.0.1 4444 1509",
                "tcp 2001:db8::1 8080 1510",
                "udp 0.0.0.0 31337 1511",
            ]
        );
    }

    #[test]
    fn half_lines_and_nonsense_are_passed_over() {
        let line = TCP.lines().nth(1).unwrap();
        for length in 0..line.find("1505").unwrap() {
            assert_eq!(parse_line(&line[..length], Protocol::Tcp), None, "{length}");
        }
        for local in [
            "0100007F",
            "0100007F:",
            "0100007F:1",
            "0100007G:115C",
            "01:115C",
            "\u{e9}00007F:115C",
            ":",
            "+100007F:115C",
        ] {
            let parsed = parse_line(&line.replace("0100007F:115C", local), Protocol::Tcp);
            assert!(parsed.is_none() || local.starts_with('+'), "{local}: {parsed:?}");
        }
    }

    #[test]
    fn one_program_on_several_addresses_is_one_finding() {
        let owners = BTreeMap::from([1505, 1508, 1509].map(|inode| (inode, vec![process(77, "nc")])));
        let issues = judge(&listeners(), &owners, &[4444, 31337], &[]);
        let shown: Vec<String> = issues.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "port 4444/tcp: nc (pid 77, /usr/bin/nc) listens on 127.0.0.1, ::1, and SUSPICIOUS_PORTS names this port (end it if it is not yours; PORT_WHITELIST=nc:4444 accepts it)",
                "port 31337/udp: a program that cannot be seen listens on 0.0.0.0, and SUSPICIOUS_PORTS names this port (`ss -tulnp` as root tells whose it is)",
            ]
        );
    }

    #[test]
    fn a_listed_pair_is_no_finding_and_another_port_or_program_is() {
        let owners = BTreeMap::from([(1505, vec![process(1, "systemd"), process(77, "nc")])]);
        let count = |entry: &str| {
            let entries = [entry.to_owned()];
            judge(&listeners()[..1], &owners, &[4444], &whitelist(&entries).0).len()
        };
        assert_eq!(["nc:4444", "x:1 nc:4444", "n*:4444", "nc:4445", "ncat:4444", "nc"].map(count), [0, 0, 0, 1, 1, 1]);
        let entries = ["nc".to_owned(), "nc:x :7 sshd::22".to_owned()];
        let (allowed, wrong) = whitelist(&entries);
        assert_eq!((allowed.len(), wrong), (1, vec!["nc", "nc:x", ":7"]));
    }
}
