//! `corosync.conf`: sections in braces, `key: value` inside. Both corosync and Proxmox read it, and
//! a node whose file does not parse stays without its cluster.

use super::form::{Fault, lines};

/// What Proxmox cannot do without.
#[derive(Default)]
struct Seen {
    has_version: bool,
    nodes: usize,
}

pub(super) fn judge(text: &str) -> Result<(), Fault> {
    // Open sections: line and name.
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut seen = Seen::default();
    for (at, line) in lines(text) {
        let line = line.trim();
        if let Some(name) = line.strip_suffix('{') {
            if name.trim().is_empty() || name.contains([':', '{', '}']) {
                return Err(Fault::at(at, "a brace without the name of a section"));
            }
            open.push((at, name.trim()));
            seen.nodes += usize::from(is(&open, &["nodelist", "node"]));
        } else if line == "}" {
            if open.pop().is_none() {
                return Err(Fault::at(at, "a closing brace that closes nothing"));
            }
        } else {
            let Some((key, value)) = line.split_once(':') else {
                return Err(Fault::at(at, "neither a section nor its end nor `key: value`"));
            };
            if open.is_empty() {
                return Err(Fault::at(at, "a setting outside of every section"));
            }
            if is(&open, &["totem"]) && key.trim() == "config_version" {
                if value.trim().parse::<u64>().is_err() {
                    return Err(Fault::at(at, "config_version is no number"));
                }
                seen.has_version = true;
            }
        }
    }
    match open.last() {
        Some((line, _)) => Err(Fault::at(*line, "a section that is never closed")),
        None if !seen.has_version => Err(Fault::whole("there is no config_version in a section `totem`")),
        None if seen.nodes == 0 => Err(Fault::whole("there is no node in a section `nodelist`")),
        None => Ok(()),
    }
}

fn is(open: &[(usize, &str)], names: &[&str]) -> bool {
    open.len() == names.len() && open.iter().zip(names).all(|((_, name), wanted)| name == wanted)
}

#[cfg(test)]
mod tests {
    use super::super::form::Form;
    use super::super::form::tests::fault;

    const CLUSTER: &str = "logging {\n  debug: off\n}\n\nnodelist {\n  node {\n    name: pve1\n    nodeid: 1\n    \
                           ring0_addr: fd00::1\n  }\n}\n# quorum\nquorum {\n  provider: corosync_votequorum\n}\n\n\
                           totem {\n  config_version: 3\n  interface {\n    linknumber: 0\n  }\n}\n";

    #[test]
    fn a_real_file_is_read() {
        assert_eq!(fault(Form::Corosync, CLUSTER), None);
        assert_eq!(fault(Form::Corosync, &CLUSTER.replace("  ", "\t").replace('\n', "\r\n")), None);
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        for (from, to, line) in [
            ("  }\n}\n#", "  }\n#", 5),
            ("\n}\n\ntotem", "\n\ntotem", 13),
            ("off\n}\n", "off\n}\n}\n", 4),
            ("logging {", "{", 1),
            ("logging {\n  debug: off\n}", "debug: off", 1),
            ("name: pve1", "name pve1", 7),
            ("config_version: 3", "config_version: three", 18),
            ("config_version", "version", 0),
            ("nodelist", "nodes", 0),
            ("totem {", "totem {{", 17),
        ] {
            let broken = CLUSTER.replacen(from, to, 1);
            assert_eq!(fault(Form::Corosync, &broken).map(|(line, _)| line), Some(line), "{from:?} {to:?}");
        }
        assert!(fault(Form::Corosync, "").is_some());
    }
}
