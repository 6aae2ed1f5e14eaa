//! Whole configuration files: old ones load without an edit, bad ones say what is wrong and where.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proxmox_backup::config::{
    Codec, Config, ConfigError, Format, Gfs, Kept, Kind, Loaded, Mode, Origin, Policy, Source, Status, Weight, convert,
    keys, load, shipped_file,
};
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

fn simple(newest: u32, logs: u32) -> Kept {
    Kept { policy: Policy::Simple { newest, max_age_days: 0 }, logs }
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
    assert_eq!(config.retention.local, simple(20, 20));
    assert_eq!(config.collect.switches, BTreeMap::from([("BACKUP_SMALL_PXAR".to_owned(), true)]));
    assert_eq!(config.collect.samples.pxar_include, ["vm/100", "vm/101"]);
    assert!(config.collect.moved.is_empty());
}

#[test]
fn a_file_of_the_early_go_tool_loads_as_it_is() {
    let loaded = good("early-go-tool.env", "/opt/proxmox-backup/env/backup.env");
    assert_eq!(loaded.config.run.log_level, 5);
    assert_eq!(loaded.config.archive.level, 6);
    // Grandfather, father and son win over the numbers beside them, which only `config check` tells.
    let gfs = Gfs { last: 0, daily: 7, weekly: 4, monthly: 12, yearly: 3 };
    assert_eq!(loaded.config.retention.local.policy, Policy::Gfs(gfs));
    let finding = loaded.findings.iter().find(|finding| finding.key == "MAX_LOCAL_BACKUPS").unwrap();
    assert!(
        finding.to_string().ends_with("backup.env:52: MAX_LOCAL_BACKUPS: has no effect: the policy is gfs"),
        "{finding}"
    );
    assert!(finding.issue().is_none());
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
    assert_eq!(config.retention.local.policy, simple(15, 0).policy);
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
    assert_eq!(config.retention.local, simple(7, 12));
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

    for (format, own, mark) in [(Format::Env, OWN, "#"), (Format::Yaml, OWN_YAML, "  #")] {
        let is_setting = |rest: &str| rest.contains(['=', ':']) && rest.starts_with(|c: char| c.is_ascii_alphabetic());
        // A block's first line ends in a quote, a list's says no value: their examples are no defaults.
        let all_said: String = shipped_file(format)
            .lines()
            .map(|line| {
                line.strip_prefix(mark)
                    .filter(|rest| is_setting(rest))
                    .map_or(line.to_owned(), |rest| mark.replace('#', "") + rest)
            })
            .map(|line| if line.ends_with("=\"") || line.contains("KEY=value") { String::new() } else { line })
            .collect::<Vec<_>>()
            .join("\n");
        let said = load_at(own, all_said.as_bytes(), 0o600, &[], &[]).unwrap();
        assert_eq!(said.findings, []);
        let mut config = said.config;
        // Said or not makes these two differ, and nothing else.
        config.local.is_configured = false;
        config.collect.command_limits.clear();
        assert_eq!(config, defaults.config);
    }
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

/// What `GOTIFY_TOKEN_FILE` and a credential of that name give for the file `name` that `make` puts into a directory.
fn secret_of(make: impl Fn(&Path)) -> [Result<Loaded, String>; 2] {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gotify_token");
    make(&path);
    let line = format!("notify: {{gotify_token_file: '{}'}}\n", path.display());
    let place = dir.path().to_str().unwrap();
    [
        load_at(OWN_YAML, line.as_bytes(), 0o644, &[], &[]),
        load_at(OWN_YAML, b"", 0o644, &[("CREDENTIALS_DIRECTORY", place)], &[]),
    ]
    .map(|loaded| loaded.map_err(|error| error.to_string()))
}

fn put(path: &Path, content: &[u8], mode: u32) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_secret_that_others_can_read_is_refused_unless_systemd_answers_for_it() {
    let [by_file, by_credential] = secret_of(|path| put(path, b"hunter2\n", 0o440));
    let refused = by_file.unwrap_err();
    assert!(
        refused.contains("notify.gotify_token_file: ") && refused.contains("others can read (mode 0440"),
        "{refused}"
    );
    assert!(by_credential.is_ok() && !refused.contains("hunter2"));
}

#[test]
fn behind_a_symlink_it_is_the_file_that_must_be_private() {
    for (mode, is_good) in [(0o600, true), (0o644, false)] {
        let [by_file, _] = secret_of(|path| {
            put(&path.with_extension("real"), b"hunter2\n", mode);
            std::os::unix::fs::symlink(path.with_extension("real"), path).unwrap();
        });
        assert_eq!(by_file.is_ok(), is_good, "{mode:o}");
    }
}

#[test]
fn a_directory_is_no_secret() {
    for refused in secret_of(|path| std::fs::create_dir(path).unwrap()) {
        let refused = refused.unwrap_err();
        assert_eq!(refused.lines().count(), 1, "{refused}");
    }
}

#[test]
fn a_secret_has_at_most_64_kib_and_loses_only_its_line_ends() {
    for loaded in secret_of(|path| put(path, &vec![b'x'; 64 * 1024], 0o600)) {
        loaded.unwrap();
    }
    for refused in secret_of(|path| put(path, &vec![b'x'; 64 * 1024 + 1], 0o600)) {
        assert!(refused.unwrap_err().contains("cannot be read"));
    }
    // Anything but the line end would be a second line, which is refused.
    for loaded in secret_of(|path| put(path, b"hunter2\r\n\n", 0o600)) {
        loaded.unwrap();
    }
    for refused in secret_of(|path| put(path, b"hunter2\nhunter3\n", 0o600)) {
        let refused = refused.unwrap_err();
        assert!(refused.contains("has more than one line") && !refused.contains("hunter"), "{refused}");
    }
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

/// `content`, lying at `place` of a machine, in the other form.
fn converted(place: &str, content: &str, to: Option<Format>) -> Result<String, ConfigError> {
    let machine = tempfile::tempdir().unwrap();
    let path = machine.path().join(place.trim_start_matches('/'));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let source = Source { root: Root::at(machine.path()).unwrap(), explicit: None, program: None };
    convert(&source, &BTreeMap::new(), to).map(|converted| converted.text)
}

/// What a file says, lines aside.
fn said(place: &str, content: &str) -> (Config, Vec<(String, String, bool)>) {
    let loaded =
        load_at(place, content.as_bytes(), 0o600, &[], &[]).unwrap_or_else(|error| panic!("{error}\n{content}"));
    let is_given = |origin: &Origin| matches!(origin, Origin::File { .. });
    let rows = loaded.values.iter().map(|row| (row.key.clone(), row.value.clone(), is_given(&row.origin)));
    (loaded.config.clone(), rows.collect())
}

#[test]
fn conversion_keeps_comments_and_says_what_has_no_effect() {
    let env = "# Mine\n\n# where\nLOCAL_BACKUP_PATH=\"${BASE_DIR}/b\" # big disk\nBACKUP_PATH=/old\nDISABLE_COLORS=yes\n\
        MIN_BASH_VERSION=4\nPBS_PASSWORD=hunter2\nCUSTOM_BACKUP_PATHS=\"\n# first\n/a, b\n'/c'\n\"\nAGE_RECIPIENT=\n\
        SMTP_PASSWORD='it is $5 # \"'\nCOMPRESSION_TYPE=xz\nUNKNOWN=1\n# the end\n";
    let yaml = converted(OWN, env, None).unwrap();
    let expected = "\
# Mine

general:
  # where
  # big disk
  # BACKUP_PATH=/old does not count, the line below replaces it
  backup_path: ${BASE_DIR}/b
  use_color: false
  unknown: 1

collect:
  # first
  custom_backup_paths:
    - '/a, b'
    - /c

compression:
  compression_type: xz

encryption:
  age_recipient: []

notify:
  smtp_password: 'it is $5 # \"'

# the end
# MIN_BASH_VERSION=4 has no effect: no shell is used
# PBS_PASSWORD=*** has no effect: commands of the backup server run as root, without a login
";
    assert_eq!(yaml, expected);
    let back = converted(OWN_YAML, &yaml, None).unwrap();
    assert_eq!(converted(OWN, &back, Some(Format::Yaml)).unwrap(), expected);
    assert!(back.contains("CUSTOM_BACKUP_PATHS=\"\n/a, b\n/c\n\"\n"), "{back}");
}

#[test]
fn a_name_that_others_stand_on_is_not_changed() {
    let env = "LOCAL_BACKUP_PATH=/b\nLOG_PATH=$LOCAL_BACKUP_PATH/log\nHERE=/run/x\nLOCK_PATH=$HERE\nSECURE_ACCOUNT=/s\nPBS_CONFIG_PATH=$SECURE_ACCOUNT/p\n";
    let yaml = converted(OWN, env, None).unwrap();
    assert!(yaml.contains("local_backup_path: /b\n") && yaml.contains("secure_account: /s\n"), "{yaml}");
    assert_eq!(said(OWN_YAML, &yaml).0, said(OWN, env).0);
}

#[test]
fn what_the_place_of_an_older_file_said_is_written() {
    let yaml = converted("/opt/proxsave/configs/backup.env", "LOG_PATH=${BASE_DIR}/l\n", None).unwrap();
    let config = said(OWN_YAML, &yaml).0;
    assert_eq!(config.local.backups, Path::new("/opt/proxsave/backup"));
    assert_eq!(config.local.logs, Path::new("/opt/proxsave/l"));
    assert_eq!(config.encryption.recipients_file, Path::new("/opt/proxsave/identity/age/recipient.txt"));
}

#[test]
fn files_of_the_older_tools_can_be_converted() {
    for (name, place) in [
        ("bash-tool.env", "/opt/proxmox-backup/env/backup.env"),
        ("early-go-tool.env", "/opt/proxmox-backup/env/backup.env"),
        ("go-tool.env", "/opt/proxsave/configs/backup.env"),
    ] {
        let path = files("good").into_iter().find(|path| path.ends_with(name)).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let mut before = said(place, &text).0;
        let mut after = said(OWN_YAML, &converted(place, &text, None).unwrap()).0;
        before.local.is_configured = after.local.is_configured;
        before.collect.own_places.sort();
        after.collect.own_places.sort();
        assert_eq!(before, after, "{name}");
    }
}

#[test]
fn what_the_other_form_cannot_say_is_refused() {
    let yaml = "collect:\n  backup_exclude_patterns: ['a,b', c]\n";
    let error = converted(OWN_YAML, yaml, None).unwrap_err();
    assert!(error.to_string().contains("collect.backup_exclude_patterns would not mean the same"), "{error}");
    assert!(matches!(converted(OWN, "LOG_PATH=$(id)\n", None), Err(ConfigError::Mistakes(_))));
}

/// Valid values of a kind, as they would be written.
fn value_of(kind: Kind) -> BoxedStrategy<String> {
    let path = "/[a-z ,;'#$\\\\\"é-]{0,8}[a-z]";
    match kind {
        Kind::Bool => prop::sample::select(vec!["true", "No", "1", "disabled"]).prop_map(str::to_owned).boxed(),
        Kind::Number(least, most) => (least..=most).prop_map(|number| number.to_string()).boxed(),
        Kind::Level => (1..=9_u8).prop_map(|level| level.to_string()).boxed(),
        Kind::Gigabytes => "[0-9]{1,3}(\\.[0-9])?".boxed(),
        Kind::Size => "[0-9]{1,3}[KMG]?".boxed(),
        Kind::Seconds(least, most) => (least..=most).prop_map(|span| format!("{span}s")).boxed(),
        Kind::Word(words) => prop::sample::select(words.concat()).prop_map(str::to_owned).boxed(),
        Kind::Path => path.boxed(),
        Kind::Paths => "/[a-z]{1,5}(,/[a-z*]{1,5}){0,3}".boxed(),
        Kind::Patterns | Kind::List => "[a-z*!&: #$'\"-]{1,6}([,;|][a-z*{}@%-]{1,5}){0,3}".boxed(),
        Kind::Recipients => "age1[a-z]{58}(, age1[a-z]{58}){0,2}".boxed(),
        Kind::Ports => "[1-9][0-9]{0,3}( [1-9][0-9]{0,3}){0,3}".boxed(),
        Kind::Url => "https://[a-z]{1,9}/[a-z#?&=$'%]{0,9}".boxed(),
        Kind::Text => "[^\\x00-\\x1f\\x7f-\\x9f]{0,12}".boxed(),
    }
}

fn settings() -> impl Strategy<Value = Vec<(String, String)>> {
    let used: Vec<_> =
        keys().iter().filter(|key| !matches!(key.status, Status::NoEffect(_)) && key.name != "BASE_DIR").collect();
    prop::sample::subsequence(used, 0..40).prop_flat_map(|keys| {
        let one = |key: &proxmox_backup::config::Key| {
            let names =
                std::iter::once(key.name.replace('*', "OPS")).chain(key.aliases.iter().map(|name| (*name).to_owned()));
            (prop::sample::select(names.collect::<Vec<_>>()), value_of(key.kind))
        };
        keys.into_iter().map(one).collect::<Vec<_>>()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn there_and_back_the_settings_are_the_same(settings in settings()) {
        let quoted = |text: &str| {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`");
            format!("\"{escaped}\"")
        };
        let lines: Vec<String> = settings.iter().map(|(key, value)| format!("{key}={}\n", quoted(value))).collect();
        let env = lines.concat();
        prop_assume!(load_at(OWN, env.as_bytes(), 0o600, &[], &[]).is_ok());
        let yaml = converted(OWN, &env, None).unwrap();
        let back = converted(OWN_YAML, &yaml, None).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        prop_assert_eq!(said(OWN, &env), said(OWN_YAML, &yaml), "{}", yaml);
        prop_assert_eq!(said(OWN, &env), said(OWN, &back), "{}", back);
        // Every secret is `***` in the rows: the second time around nothing may change any more.
        prop_assert_eq!(converted(OWN, &back, None).unwrap(), yaml);
    }
}
