//! What of the caller's environment rclone's process gets. No other process of ours gets it.

use std::collections::BTreeMap;

use super::flags::is_harmful_variable;
use crate::secret::Secret;

/// Beginnings of names: rclone's own and those that its backends' libraries read.
const FAMILIES: [&str; 9] = ["RCLONE_", "AWS_", "GOOGLE_", "AZURE_", "ARM_", "B2_", "OS_", "ST_", "KRB5"];

/// Whole names: the configuration's place, proxies, certificates, an SSH agent, systemd's credentials.
const NAMES: [&str; 8] = [
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSH_AUTH_SOCK",
    "CREDENTIALS_DIRECTORY",
];

const PROXIES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];

/// Settings of ours that rclone would take for its own.
const OURS: [&str; 3] = ["RCLONE_RETRIES", "RCLONE_TRANSFERS", "RCLONE_FLAGS"];

/// With it, the S3 backend of Debian's rclone fails whatever it holds; `SSL_CERT_FILE` and `--ca-cert` work.
const BROKEN: &str = "AWS_CA_BUNDLE";

/// The part that is passed on.
pub(super) fn passed_on(environment: &BTreeMap<String, String>) -> Vec<(String, Secret)> {
    environment
        .iter()
        .filter(|(name, _)| is_passed_on(name))
        .map(|(name, value)| (name.clone(), Secret::new(value.clone())))
        .collect()
}

fn is_passed_on(name: &str) -> bool {
    if OURS.contains(&name) || name == BROKEN || is_harmful_variable(name) {
        return false;
    }
    FAMILIES.iter().any(|family| name.starts_with(family))
        || NAMES.contains(&name)
        || PROXIES.contains(&name.to_ascii_uppercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rclone_gets_its_own_variables_and_credentials_only() {
        let all = [
            "RCLONE_CONFIG",
            "RCLONE_CONFIG_BOX_PASS",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_CA_BUNDLE",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "HOME",
            "https_proxy",
            "RCLONE_RETRIES",
            "RCLONE_DRY_RUN",
            "RCLONE_LOG_FILE",
            "LD_PRELOAD",
            "PATH",
            "TELEGRAM_BOT_TOKEN",
        ];
        let environment = all.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        let names: Vec<String> = passed_on(&environment).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "AWS_SECRET_ACCESS_KEY",
                "GOOGLE_APPLICATION_CREDENTIALS",
                "HOME",
                "RCLONE_CONFIG",
                "RCLONE_CONFIG_BOX_PASS",
                "https_proxy"
            ]
        );
    }
}
