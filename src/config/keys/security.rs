//! Checks of the machine before a run.

use super::Key;
use super::Kind::{self, Bool, List, Ports};
use super::Section::Security;

const fn security(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key::new(name, kind, default, Security, help)
}

const fn later(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    security(name, kind, default, help).not_yet()
}

pub(super) const KEYS: &[Key] = &[
    security("SECURITY_CHECK_ENABLED", Bool, "true", "check owners and modes before a run")
        .aliases(&["FULL_SECURITY_CHECK"]),
    security("AUTO_FIX_PERMISSIONS", Bool, "true", "repair what is wrong with our own places, and say so"),
    later("AUTO_UPDATE_HASHES", Bool, "true", "accept a program that is no package and has changed"),
    security("CONTINUE_ON_SECURITY_ISSUES", Bool, "false", "false: a finding ends the run with exit code 14")
        .opposites(&["ABORT_ON_SECURITY_ISSUES"]),
    later("CHECK_NETWORK_SECURITY", Bool, "false", "allows the two checks below"),
    later("CHECK_FIREWALL", Bool, "false", "whether packet filter rules exist"),
    later("CHECK_OPEN_PORTS", Bool, "false", "whether somebody listens on SUSPICIOUS_PORTS"),
    later(
        "SUSPICIOUS_PORTS",
        Ports,
        "6666 6665 1337 31337 4444 5555 4242 6324 8888 2222 3389 5900",
        "ports that are a finding",
    ),
    later("PORT_WHITELIST", List, "", "program:port pairs that are none"),
    later(
        "SUSPICIOUS_PROCESSES",
        List,
        "ncat,cryptominer,xmrig,kdevtmpfsi,kinsing,minerd,mr.sh",
        "processes that are a finding",
    ),
    later("SAFE_PROCESSES", List, "", "processes that are none"),
    later("SAFE_BRACKET_PROCESSES", List, "", "names in brackets that are no disguise"),
    later("SAFE_KERNEL_PROCESSES", List, "", "kernel threads that are known"),
];
