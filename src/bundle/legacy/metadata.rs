//! `KEY=VALUE` descriptions: the side file of the Bash tool, and the one inside the archives of
//! both older tools.

use serde_json::Value;

use crate::archive::printable;
use crate::bundle::manifest::Manifest;

/// Longer values are none of theirs.
const MOST_VALUE_BYTES: usize = 1024;

/// A `KEY=VALUE` side file as a manifest of format 0, as far as it has such fields; `None` when it
/// holds no such line. Unknown keys are kept under their own names.
pub(in crate::bundle) fn manifest(bytes: &[u8]) -> Option<Manifest> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut manifest = Manifest::default();
    let mut is_any = false;
    for (key, value) in pairs(text) {
        is_any = true;
        take(&mut manifest, key, value);
    }
    is_any.then_some(manifest)
}

fn take(manifest: &mut Manifest, key: &str, value: String) {
    match key {
        "COMPRESSION_TYPE" => manifest.compression_type = go_word(&value),
        "COMPRESSION_LEVEL" => manifest.compression_level = value.parse().unwrap_or(0),
        "COMPRESSION_MODE" => manifest.compression_mode = value,
        "PROXMOX_TYPE" | "BACKUP_TYPE" => manifest.proxmox_type = product(&value),
        "BACKUP_TARGETS" | "PROXMOX_TARGETS" => {
            manifest.proxmox_targets = value.split(',').map(|target| target.trim().to_owned()).collect();
        }
        "PROXMOX_VERSION" => manifest.proxmox_version = value,
        "PVE_VERSION" => manifest.pve_version = Some(value).filter(|value| !value.is_empty()),
        "PBS_VERSION" => manifest.pbs_version = Some(value).filter(|value| !value.is_empty()),
        "HOSTNAME" => manifest.hostname = value,
        "SCRIPT_VERSION" | "VERSION" => manifest.script_version = value,
        "ENCRYPTION_MODE" => manifest.encryption_mode = value,
        "CLUSTER_MODE" | "PVE_CLUSTER_MODE" => manifest.cluster_mode = value,
        _ => drop(manifest.other.insert(key.to_owned(), Value::String(value))),
    }
}

/// The Bash tool's word for a compression in those of the Go tool.
fn go_word(word: &str) -> String {
    match word {
        "gzip" => "gz",
        "bzip2" => "bz2",
        "zstd" => "zst",
        other => other,
    }
    .to_owned()
}

fn product(word: &str) -> String {
    if word == "both" { "dual".to_owned() } else { word.to_owned() }
}

/// Lines of key and value; comments and lines of neither are passed over. Values are shown to
/// people, so they hold no control characters.
fn pairs(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.trim_start_matches('\u{feff}').lines().filter_map(|line| {
        let (key, value) = line.trim().strip_prefix("export ").unwrap_or(line.trim()).split_once('=')?;
        let is_key = !key.is_empty() && key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        let value = value.trim();
        let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        let value = quoted.unwrap_or(value);
        (is_key && value.len() <= MOST_VALUE_BYTES).then(|| (key, printable(value.as_bytes())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_lines_of_the_bash_tool_are_understood() {
        let text = b"COMPRESSION_RATIO=94.00%\nCOMPRESSION_TYPE=zstd\nCOMPRESSION_LEVEL=9\nBACKUP_DURATION=\n";
        let manifest = manifest(text).unwrap();
        assert_eq!((manifest.format, manifest.compression_type.as_str(), manifest.compression_level), (0, "zst", 9));
        assert_eq!(manifest.other["COMPRESSION_RATIO"], "94.00%");
    }

    #[test]
    fn the_description_inside_an_archive_is_understood() {
        let text = b"# Proxmox Backup Metadata\r\nVERSION=\"0.7.4\"\r\nBACKUP_TYPE=both\r\nHOSTNAME=a\x1b[2Jb\r\n\
            BACKUP_TARGETS=pve, pbs\r\nSUPPORTS_SELECTIVE_RESTORE=true\r\n";
        let manifest = manifest(text).unwrap();
        assert_eq!((manifest.script_version.as_str(), manifest.proxmox_type.as_str()), ("0.7.4", "dual"));
        assert_eq!(manifest.proxmox_targets, ["pve", "pbs"]);
        assert_eq!(manifest.hostname, "a\u{fffd}[2Jb");
    }

    #[test]
    fn anything_else_is_no_description() {
        for text in [&b""[..], b"hello", b"{\"a\":1}", b"\xff\xfe=1", b"lower=1", &[b'A'; 3000]] {
            assert!(manifest(text).is_none(), "{text:?}");
        }
    }
}
