//! Whether a packet filter turns anything away.
//!
//! The kernel shows its rules to programs only: `nft` shows all but those of the old `ip_tables`,
//! which `iptables-legacy-save` shows; `iptables-save` is either, and there where `nft` is not.

use std::time::Duration;

use crate::issue::{Issue, Stage};
use crate::system::{CommandSpec, Root, System};

/// A program's rules, and what to make of them.
struct Listing {
    argv: &'static [&'static str],
    filters: fn(&str) -> bool,
}

/// Asked in this order until one knows of a rule.
const LISTINGS: [Listing; 3] = [
    Listing { argv: &["nft", "list", "ruleset"], filters: nft_filters },
    Listing { argv: &["iptables-save"], filters: iptables_filters },
    Listing { argv: &["iptables-legacy-save"], filters: iptables_filters },
];
/// Listings take milliseconds.
const LIMIT: Duration = Duration::from_secs(5);
/// A ruleset with large sets has some megabytes.
const OUTPUT_CAP: u64 = 32 * 1024 * 1024;
/// Names the old tables that are in use; a kernel without them has no such file.
const OLD_TABLES: &str = "/proc/net/ip_tables_names";
/// Where Proxmox VE says whether its firewall is on.
const CLUSTER_RULES: &str = "/etc/pve/firewall/cluster.fw";

/// What the listings say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// Something is turned away.
    Filters,
    /// Nothing is.
    Open,
    /// No program could say; each with its reason.
    Unknown(Vec<String>),
}

/// What Proxmox VE has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cluster {
    /// This is no Proxmox VE.
    None,
    Off,
    On,
}

/// Asks the programs.
pub(super) fn look(system: &System) -> Filter {
    let mut refusals = Vec::new();
    let mut is_told = false;
    for Listing { argv, filters } in LISTINGS {
        if argv[0] == "iptables-legacy-save" && !has_old_tables(&system.root) {
            continue;
        }
        match ask(system, argv) {
            Ok(text) if filters(&text) => return Filter::Filters,
            Ok(_) => is_told = true,
            Err(reason) => refusals.push(format!("{}: {reason}", argv[0])),
        }
    }
    if is_told { Filter::Open } else { Filter::Unknown(refusals) }
}

fn has_old_tables(root: &Root) -> bool {
    root.read(OLD_TABLES).is_ok_and(|names| !names.is_empty())
}

fn ask(system: &System, argv: &[&str]) -> Result<String, String> {
    let answer = system.runner.ask(&CommandSpec::new(argv, LIMIT, OUTPUT_CAP), &system.cancel);
    let output = answer.of_success().map_err(|error| error.reason())?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

/// A verdict or a policy that turns away. Comments and names of chains are no rules.
fn nft_filters(ruleset: &str) -> bool {
    ruleset.lines().any(|line| {
        let is_foreign = ["DROP", "REJECT"].iter().any(|target| line.contains(&format!("xt target \"{target}\"")));
        is_foreign || {
            let unquoted: String = line.split('"').step_by(2).collect();
            let words: Vec<&str> =
                unquoted.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '#')).collect();
            turns_away(&words)
        }
    })
}

fn turns_away(words: &[&str]) -> bool {
    let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
    let is_definition = matches!(words.first(), Some(&("table" | "chain" | "set" | "map" | "#")));
    let is_name = |at: usize| at > 0 && matches!(words[at - 1], "jump" | "goto");
    !is_definition && (0..words.len()).any(|at| matches!(words[at], "drop" | "reject") && !is_name(at))
}

/// `:INPUT DROP [0:0]`, or `-A … -j REJECT`.
fn iptables_filters(rules: &str) -> bool {
    rules.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.first() {
            Some(first) if first.starts_with(':') => words.get(1) == Some(&"DROP"),
            Some(&"-A") => words.windows(2).any(|pair| pair[0] == "-j" && matches!(pair[1], "DROP" | "REJECT")),
            _ => false,
        }
    })
}

/// Whether the cluster's firewall is on. Its file system can hang.
pub(super) fn cluster(root: &Root) -> Cluster {
    if !root.exists("/etc/pve/local") {
        return Cluster::None;
    }
    let rules = root.read_text(CLUSTER_RULES).unwrap_or_default();
    if is_on(&rules) { Cluster::On } else { Cluster::Off }
}

/// `enable: 1` in the section `[OPTIONS]`.
fn is_on(rules: &str) -> bool {
    let mut is_options = false;
    for line in rules.lines().map(str::trim) {
        if line.starts_with('[') {
            is_options = line.eq_ignore_ascii_case("[OPTIONS]");
        } else if let Some(("enable", value)) = line.split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
            if is_options {
                return value.parse::<u32>().is_ok_and(|value| value > 0);
            }
        }
    }
    false
}

/// The finding, where nothing is turned away or nobody can tell.
pub(super) fn judge(filter: &Filter, cluster: Cluster) -> Option<Issue> {
    match filter {
        Filter::Filters => None,
        Filter::Open => Some(unfiltered(cluster)),
        Filter::Unknown(refusals) => Some(unknown(refusals)),
    }
}

fn unfiltered(cluster: Cluster) -> Issue {
    let hint = match cluster {
        Cluster::None => "set up nftables; CHECK_FIREWALL=false where another machine filters",
        Cluster::Off => {
            "the cluster's firewall is off: Datacenter, Firewall, Options; CHECK_FIREWALL=false where another machine filters"
        }
        Cluster::On => "the cluster's firewall is on, but its rules are not loaded: systemctl status pve-firewall",
    };
    issue("no rule drops or rejects anything: every service is open to whoever reaches this host").with_hint(hint)
}

fn unknown(refusals: &[String]) -> Issue {
    issue(format!("whether it turns anything away cannot be told: {}", refusals.join("; ")))
        .with_hint("install nftables, or set CHECK_FIREWALL=false")
}

fn issue(reason: impl Into<String>) -> Issue {
    Issue::warning(Stage::Preflight, "packet filter", reason)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;
    use crate::system::{Recorded, Runner};

    #[test]
    fn an_nft_ruleset_filters_when_something_is_dropped_or_rejected() {
        for (rules, does) in [
            ("", false),
            (
                "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}",
                true,
            ),
            (
                "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy accept;\n\t}\n}",
                false,
            ),
            ("\t\ttcp dport 22 counter packets 0 bytes 0 reject with icmp port-unreachable", true),
            ("\t\ttcp dport vmap { 22 : accept, 23 : drop }", true),
            ("\t\tip saddr 1.2.3.4 accept comment \"drop\"", false),
            ("\tchain drop {\n\t\taccept\n\t}\n\t\tjump drop", false),
            ("\t\tcounter packets 1 bytes 2 xt target \"REJECT\"", true),
            ("\t\toifname \"drop\" masquerade", false),
        ] {
            assert_eq!(nft_filters(rules), does, "{rules}");
        }
    }

    #[test]
    fn old_rules_filter_by_policy_or_target() {
        for (rules, does) in [
            ("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n", false),
            ("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", true),
            ("*filter\n:PVEFW-Drop - [0:0]\n-A PVEFW-Drop -p tcp -j DROP\n", true),
            ("*nat\n-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE\n", false),
            ("-A INPUT -m comment --comment DROP -j ACCEPT", false),
            ("-A INPUT -j", false),
        ] {
            assert_eq!(iptables_filters(rules), does, "{rules}");
        }
    }

    #[test]
    fn the_cluster_says_whether_its_firewall_is_on() {
        assert!(is_on("[OPTIONS]\n\npolicy_in: DROP\nenable: 1\n"));
        assert!(!is_on("[OPTIONS]\nenable: 0\n[RULES]\nenable: 1\n") && !is_on("enable: 1\n") && !is_on(""));
    }

    /// A host with these answers and files.
    fn finding(answers: &[(&str, &str)], files: &[(&str, &str)]) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files.iter().map(|(path, text)| (dir.path().join(path), text)) {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::create_dir(dir.path().join("commands")).unwrap();
        for (line, text) in answers {
            std::fs::write(dir.path().join("commands").join(line), text).unwrap();
        }
        let runner = Runner::Recorded(Recorded::new(dir.path().join("commands")));
        let root = Root::at(dir.path()).unwrap();
        let system = System::new(root, runner);
        judge(&look(&system), cluster(&system.root)).map(|issue| issue.to_string())
    }

    #[test]
    fn whoever_knows_of_a_rule_settles_it() {
        let drops = ":INPUT DROP [0:0]\n";
        assert_eq!(finding(&[("iptables-save", drops)], &[]), None);
        assert_eq!(finding(&[("nft list ruleset", ""), ("iptables-save", drops)], &[]), None);
        let legacy = [("nft list ruleset", ""), ("iptables-legacy-save", drops)];
        assert!(finding(&legacy, &[]).is_some());
        assert_eq!(finding(&legacy, &[("proc/net/ip_tables_names", "filter\n")]), None);
    }

    #[test]
    fn a_finding_says_what_can_be_done() {
        let said = |files: &[(&str, &str)]| finding(&[("nft list ruleset", "")], files).unwrap();
        assert!(said(&[]).contains("set up nftables"));
        assert!(said(&[("etc/pve/local", "")]).contains("Datacenter, Firewall"));
        let on = [("etc/pve/local", ""), ("etc/pve/firewall/cluster.fw", "[OPTIONS]\nenable: 1\n")];
        assert!(said(&on).contains("pve-firewall"));
        let unknown = finding(&[], &[]).unwrap();
        assert!(
            unknown.contains("cannot be told: nft: program not found; iptables-save: program not found"),
            "{unknown}"
        );
    }
}
