//! Whole configuration files: old ones load without an edit, bad ones say what is wrong and where.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proxmox_backup::config::{Codec, ConfigError, Loaded, Mode, Source, Weight, load, shipped_file};
use proxmox_backup::system::Root;

const OWN: &str = "/etc/proxmox-config-backup/backup.env";
const OWN_YAML: &str = "/etc/proxmox-config-backup/backup.yaml";

fn files(folder: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "env" || end == "yaml"));
    files.sort();
    files
}

/// Loads `content` as if it lay at `place` of a machine.
fn load_at(
    place: &str,
    content: &[u8],
    mode: u32,
    environment: &[(&str, &str)],
    overrides: &[(&str, String)],
) -> Result<Loaded, ConfigError> {
    let machine = tempfile::tempdir().unwrap();
    let path = machine.path().join(place.trim_start_matches('/'));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let source = Source { root: Root::at(machine.path()).unwrap(), explicit: None, program: None };
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    load(&source, &environment, overrides)
}

fn good(name: &str, place: &str) -> Loaded {
    let path = files("good").into_iter().find(|path| path.ends_with(name)).unwrap();
    let loaded = load_at(place, &std::fs::read(path).unwrap(), 0o400, &[], &[]).unwrap();
    let unknown = loaded.findings.iter().filter(|finding| finding.weight >= Weight::UnknownKey);
    assert_eq!(unknown.map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    loaded
}

#[test]
fn a_file_of_the_bash_tool_loads_as_it_is() {
    let loaded = good("bash-tool.env", "/opt/proxmox-backup/env/backup.env");
    let config = loaded.config;
    assert_eq!(config.local.backups, Path::new("/opt/proxmox-backup/backup"));
    assert_eq!(config.local.logs, Path::new("/opt/proxmox-backup/log"));
    assert_eq!(config.local.lock_dir, Path::new("/opt/proxmox-backup/lock"));
    assert_eq!((config.archive.codec, config.archive.level, config.archive.mode), (Codec::Xz, 9, Mode::Ultra));
    assert_eq!(config.collect.custom_paths.len(), 6);
    assert_eq!(config.collect.excludes.last().unwrap(), "/opt/proxmox-backup/backup/");
    assert_eq!((config.retention.max_local, config.retention.max_local_logs), (20, 20));
    assert!(config.collect.moved.is_empty() && config.collect.switches.is_empty());
}

#[test]
fn a_file_of_the_early_go_tool_loads_as_it_is() {
    let loaded = good("early-go-tool.env", "/opt/proxmox-backup/env/backup.env");
    assert_eq!(loaded.config.run.log_level, 5);
    assert_eq!(loaded.config.archive.level, 6);
    // Grandfather, father and son are asked for: what cannot tell them apart must not remove any.
    assert_eq!(loaded.config.retention.max_local, 0);
    assert!(loaded.findings.iter().any(|finding| finding.key == "RETENTION_WEEKLY" && finding.issue().is_some()));
}

#[test]
fn a_file_of_the_go_tool_loads_as_it_is() {
    let loaded = good("go-tool.env", "/opt/proxsave/configs/backup.env");
    let config = loaded.config;
    assert_eq!(config.local.backups, Path::new("/opt/proxsave/backup"));
    assert_eq!(config.encryption.recipients_file, Path::new("/opt/proxsave/identity/age/recipient.txt"));
    assert_eq!(config.collect.excludes, ["/root/.cache", "/opt/proxsave/log/", "*/cache/**", "/var/tmp/**"]);
    let off = ["BACKUP_CEPH_CONFIG", "PXAR_SCAN_ENABLE"].map(|key| (key.to_owned(), false));
    assert_eq!(config.collect.switches, BTreeMap::from(off));
    assert!(config.collect.moved.is_empty());
    assert_eq!(config.retention.max_local, 15);
}

#[test]
fn a_yaml_file_has_the_same_settings_in_sections() {
    let loaded = good("sections.yaml", OWN_YAML);
    let config = &loaded.config;
    assert!(config.run.is_enabled && !config.run.is_dry_run);
    assert_eq!((config.archive.codec, config.archive.level), (Codec::Xz, 6));
    assert_eq!(config.collect.custom_paths, ["/srv/a, b"]);
    assert_eq!(
        config.collect.excludes,
        ["/root/.cache", "/var/lib/proxmox-config-backup/log", "*.bak", "/srv/**/cache"]
    );
    assert_eq!(config.collect.switches, BTreeMap::from([("BACKUP_CEPH_CONFIG".to_owned(), false)]));
    assert_eq!((config.retention.max_local, config.retention.max_local_logs), (7, 12));
    let shown = |key: &str| {
        let row = loaded.values.iter().find(|row| row.key == key).unwrap();
        (row.value.as_str(), row.origin.to_string())
    };
    assert_eq!(shown("WEBHOOK_OPS_ROOM_URL"), ("***", format!("{OWN_YAML}:24")));
    assert_eq!(shown("SUSPICIOUS_PORTS").0, "1, 2");
    let idle: Vec<&str> = loaded.findings.iter().map(|finding| finding.key.as_str()).collect();
    assert!(idle.contains(&"collect.min_bash_version"), "{idle:?}");
}

#[test]
fn bad_files_name_every_mistake() {
    for path in files("bad") {
        let own = if path.extension().is_some_and(|end| end == "yaml") { OWN_YAML } else { OWN };
        let told = match load_at(own, &std::fs::read(&path).unwrap(), 0o600, &[], &[]) {
            Err(error) => error.to_string(),
            Ok(loaded) => {
                let lines: Vec<String> = loaded.findings.iter().map(ToString::to_string).collect();
                assert!(
                    loaded.findings.iter().any(|finding| finding.weight == Weight::UnknownKey),
                    "{path:?}: {lines:?}"
                );
                lines.join("\n")
            }
        };
        let fresh = format!("{}\n", told.replace(own, if own == OWN { "backup.env" } else { "backup.yaml" }));
        let expected = path.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(&expected, &fresh).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&expected).unwrap_or_default(), fresh, "{path:?}");
        assert!(!fresh.contains("hunter2") && !fresh.contains("SECRET-KEY-1"), "{path:?} shows a secret");
    }
}

#[test]
fn nothing_at_all_gives_the_defaults_and_the_shipped_file_says_the_same() {
    let empty = tempfile::tempdir().unwrap();
    let source = Source { root: Root::at(empty.path()).unwrap(), explicit: None, program: None };
    let defaults = load(&source, &BTreeMap::new(), &[]).unwrap();
    assert_eq!(defaults.file, None);

    let examples = ["#CUSTOM_BACKUP_PATHS=\"\n#/srv/example\n#\"\n", "#BACKUP_BLACKLIST=\"\n#/root/.cache\n#\"\n"];
    let shipped = examples.iter().fold(shipped_file(), |text, example| text.replace(example, ""));
    let all_said: String = shipped
        .lines()
        .map(|line| {
            line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase())).unwrap_or(line)
        })
        .map(|line| if line.contains("KEY=value") { "" } else { line })
        .collect::<Vec<_>>()
        .join("\n");
    let said = load_at(OWN, all_said.as_bytes(), 0o600, &[], &[]).unwrap();
    assert_eq!(said.findings, []);
    let mut config = said.config;
    // Said or not makes these two differ, and nothing else.
    config.local.is_configured = false;
    config.collect.command_limits.clear();
    assert_eq!(config, defaults.config);
}

#[test]
fn options_win_over_the_environment_and_that_over_the_file() {
    let file = b"LOG_PATH=/file\nBACKUP_PATH=/file\nLOCK_PATH=/file\n";
    let environment = [("PROXMOX_BACKUP_LOG_PATH", "/environment"), ("BACKUP_PATH", "/environment")];
    let loaded = load_at(OWN, file, 0o600, &environment, &[("LOG_PATH", "/option".to_owned())]).unwrap();
    let local = loaded.config.local;
    assert_eq!(
        [&local.logs, &local.backups, &local.lock_dir].map(|path| path.to_str().unwrap()),
        ["/option", "/environment", "/file"]
    );
    let origin = |key: &str| loaded.values.iter().find(|row| row.key == key).unwrap().origin.to_string();
    assert_eq!(origin("LOG_PATH"), "command line");
    assert_eq!(origin("BACKUP_PATH"), "environment BACKUP_PATH");
    assert_eq!(origin("LOCK_PATH"), format!("{OWN}:3"));
}

#[test]
fn base_dir_of_the_file_holds_for_its_other_lines() {
    let loaded = load_at(OWN, b"LOG_PATH=$BASE_DIR/log\nexport BASE_DIR=\"/srv/x\"\n", 0o600, &[], &[]).unwrap();
    assert_eq!(loaded.config.local.logs, Path::new("/srv/x/log"));
}

#[test]
fn a_file_with_secrets_is_private_and_one_without_need_not_be() {
    assert!(load_at(OWN, b"GOTIFY_TOKEN=\nLOG_PATH=/srv/log\n", 0o644, &[], &[]).is_ok());
    let error = load_at(OWN, b"GOTIFY_TOKEN=hunter2\n", 0o644, &[], &[]).unwrap_err();
    assert!(error.to_string().contains("GOTIFY_TOKEN is a secret") && !error.to_string().contains("hunter2"));
    assert!(error.hint().contains("chmod 0600"));
}

#[test]
fn secrets_come_from_files_and_from_the_credentials_directory() {
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("gotify_token");
    std::fs::write(&token, "hunter2\n").unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let place = dir.path().to_str().unwrap();
    let line = format!("GOTIFY_TOKEN_FILE={}\n", token.display());
    let shown = |loaded: &Loaded| {
        let row = loaded.values.iter().find(|row| row.key == "GOTIFY_TOKEN").unwrap();
        (row.value.clone(), row.origin.to_string())
    };

    let by_file = load_at(OWN, line.as_bytes(), 0o644, &[], &[]).unwrap();
    let by_credential = load_at(OWN, b"", 0o644, &[("CREDENTIALS_DIRECTORY", place)], &[]).unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    let readable = load_at(OWN, line.as_bytes(), 0o600, &[], &[]).unwrap_err();

    assert_eq!(shown(&by_file), ("***".to_owned(), format!("{OWN}:1")));
    assert_eq!(shown(&by_credential), ("***".to_owned(), format!("credential {}", token.display())));
    assert!(readable.to_string().contains("others can read"));
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let source = Source::live(Some("/nonexistent/backup.env".into()), None).unwrap();
    let error = load(&source, &BTreeMap::new(), &[]).unwrap_err();
    assert_eq!(error.to_string(), "cannot open /nonexistent/backup.env: no such file or directory");
}

#[test]
fn files_beyond_measure_are_refused() {
    for content in [vec![b'A'; 10 << 20], vec![0; 4096], "A=\"".repeat(1 << 17).into_bytes()] {
        let error = load_at(OWN, &content, 0o600, &[], &[]).unwrap_err().to_string();
        assert!(error.len() < 2000 && !error.chars().any(|c| c.is_control() && c != '\n'), "{}", error.len());
    }
    let long = format!("EMAIL_SUBJECT_PREFIX='{}'\n", "x".repeat(64 * 1024));
    assert!(load_at(OWN, long.as_bytes(), 0o600, &[], &[]).is_ok());
}
