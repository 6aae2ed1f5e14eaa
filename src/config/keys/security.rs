//! Checks of the machine before a run.

use super::Key;
use super::Kind::{self, Bool, List, Ports};
use super::Section::Security;

const fn security(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key::new(name, kind, default, Security, help)
}

pub(super) const KEYS: &[Key] = &[
    security("SECURITY_CHECK_ENABLED", Bool, "true", "check owners and modes before a run")
        .aliases(&["FULL_SECURITY_CHECK"]),
    security("AUTO_FIX_PERMISSIONS", Bool, "true", "repair what is wrong with our own places, and say so"),
    security("AUTO_UPDATE_HASHES", Bool, "true", "accept a program that is of no package and has changed, and say so"),
    security(
        "CONTINUE_ON_SECURITY_ISSUES",
        Bool,
        "false",
        "false: a finding ends the run with exit code 14; those of the CHECK_ keys are warnings in any case",
    ),
    security(
        "ABORT_ON_SECURITY_ISSUES",
        Bool,
        "",
        "older name. true: findings of the CHECK_ keys end the run as well; false: no finding does",
    ),
    security("CHECK_NETWORK_SECURITY", Bool, "false", "allows the next two checks, and switches CHECK_PROCESSES on"),
    security("CHECK_FIREWALL", Bool, "false", "whether any rule of the packet filter drops or rejects"),
    security("CHECK_OPEN_PORTS", Bool, "false", "whether somebody listens on SUSPICIOUS_PORTS"),
    security(
        "CHECK_PROCESSES",
        Bool,
        "false",
        "whether SUSPICIOUS_PROCESSES run, or programs disguised as kernel threads",
    ),
    security(
        "SUSPICIOUS_PORTS",
        Ports,
        "6666 6665 1337 31337 4444 5555 4242 6324 8888 2222 3389 5900",
        "ports that are a finding",
    ),
    security("PORT_WHITELIST", List, "", "program:port pairs that are none, * and ? allowed in the program"),
    security(
        "SUSPICIOUS_PROCESSES",
        List,
        "ncat,cryptominer,xmrig,kdevtmpfsi,kinsing,minerd,mr.sh",
        "programs that are a finding: whole names, * and ? allowed; replaces the default",
    ),
    security("SAFE_PROCESSES", List, "", "programs that are none"),
    security("SAFE_BRACKET_PROCESSES", List, "", "names in brackets that are no disguise"),
    security(
        "SAFE_KERNEL_PROCESSES",
        List,
        "",
        "the same for processes without a program; kernel threads are known anyway",
    ),
];
