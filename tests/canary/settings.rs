//! A canary in every secret setting, in every form a setting can come in, right and wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;

use proxmox_backup::config::{Format, Key, Kind, Source, convert, keys, load};

use super::{Aviary, home_of_secrets, private_file, program_with};
use crate::sample::Sample;

/// Commands that read the configuration.
const COMMANDS: [&[&str]; 12] = [
    &["config", "check"],
    &["config", "check", "--json", "-d", "5"],
    &["config", "show"],
    &["config", "show", "--json", "-vv"],
    &["config", "show", "--changed", "-q"],
    &["check", "-d", "5"],
    &["check", "--json"],
    &["backup", "--dry-run", "-vv"],
    &["backup", "--dry-run", "--json"],
    &["list", "-d", "5"],
    &["prune", "--dry-run", "--log-level", "debug"],
    &["key", "show", "-d", "5"],
];

/// The name somebody may give to each secret key, with the key.
fn secret_keys() -> Vec<(String, &'static Key)> {
    let secret = keys().iter().filter(|key| key.is_secret());
    let named: Vec<_> = secret
        .flat_map(|key| std::iter::once(&key.name).chain(key.aliases).map(move |name| (name.replace('*', "OPS"), key)))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    named
}

/// A good value with a canary in it.
fn values(aviary: &mut Aviary) -> Vec<(String, &'static Key, String)> {
    let value = |key: &Key, canary: String| match key.kind {
        Kind::Url => format!("https://hooks.example/{canary}"),
        _ => canary,
    };
    secret_keys().into_iter().map(|(name, key)| (name.clone(), key, value(key, aviary.hatch(&name)))).collect()
}

fn host() -> Sample {
    let sample = Sample::empty("canary");
    sample.plant("/etc/hostname", "canary\n");
    sample
}

/// Settings by section.
fn yaml(sample: &Sample, values: &[(String, &'static Key, String)]) -> String {
    let place = |key: &str, name: &str| format!("  {key}: {}\n", sample.path(name).display());
    let places = place("backup_path", "backups") + &place("log_path", "logs") + &place("lock_path", "run");
    let mut sections = BTreeMap::from([("general", places + "  min_disk_space_primary_gb: 0\n")]);
    for (name, key, value) in values {
        let section = sections.entry(key.section.name().unwrap_or("notify")).or_default();
        writeln!(section, "  {}: '{value}'", name.to_ascii_lowercase()).unwrap();
    }
    sections.into_iter().map(|(name, lines)| format!("{name}:\n{lines}")).collect::<Vec<_>>().concat()
}

/// Variables beside the usual ones.
type Variables = Vec<(String, String)>;

/// Runs all commands, and demands that each is silent and that those about settings end with `code`.
fn assert_silent(sample: &Sample, aviary: &Aviary, (config, variables): (&str, &Variables), code: i32, what: &str) {
    // Where the settings cannot be read, no command gets further than that.
    for arguments in COMMANDS.iter().step_by(if code == 0 { 1 } else { 3 }) {
        let mut program = program_with(sample, config, arguments);
        let output = program.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap();
        let place = format!("{what}: {arguments:?}");
        aviary.assert_silent_command(&output, &place);
        let said = String::from_utf8_lossy(&output.stderr);
        if arguments[0] == "config" {
            assert_eq!(output.status.code(), Some(code), "{place}: {said}{}", String::from_utf8_lossy(&output.stdout));
        }
        assert!(output.status.code().is_some_and(|code| code < 100), "{place}: {said}");
    }
    aviary.assert_silent_below(&sample.path(""), &home_of_secrets(sample));
}

fn write_yaml(sample: &Sample, lines: &str) {
    private_file(&sample.path("backup.yaml"), lines);
}

#[test]
fn a_secret_in_a_file_is_shown_by_no_command() {
    let (sample, mut aviary) = (host(), Aviary::default());
    let values = values(&mut aviary);
    let env = values.iter().map(|(name, _, value)| format!("{name}={value}\n")).collect::<Vec<_>>().concat();
    sample.configure(&env);
    assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 0, "backup.env");
    let in_sections: Vec<_> = values.into_iter().filter(|(_, key, _)| key.section.name().is_some()).collect();
    write_yaml(&sample, &yaml(&sample, &in_sections));
    assert_silent(&sample, &aviary, ("backup.yaml", &Variables::new()), 0, "backup.yaml");
    // Given twice: the one that does not count is told.
    sample.configure(&format!("{env}{}", env.replace("q9X", "q8X")));
    assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 0, "twice");
    // Others can read it.
    std::fs::set_permissions(sample.path("backup.env"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 2, "exposed");
}

#[test]
fn a_secret_from_outside_the_file_is_shown_by_no_command() {
    let (sample, mut aviary) = (host(), Aviary::default());
    let values = values(&mut aviary);
    let variables: Variables =
        values.iter().map(|(name, _, value)| (format!("PROXMOX_BACKUP_{name}"), value.clone())).collect();
    assert_silent(&sample, &aviary, ("backup.env", &variables), 0, "environment");

    let file = |name: &str, value: &str| private_file(&sample.path("secrets").join(name), format!("{value}\n"));
    let named: Vec<(String, String)> =
        values.iter().map(|(name, _, value)| (format!("{name}_FILE"), file(name, value))).collect();
    let lines = named.iter().map(|(name, path)| format!("{name}={path}\n")).collect::<Vec<_>>().concat();
    sample.configure(&lines);
    assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 0, "KEY_FILE");
    let variables = named.iter().map(|(name, path)| (format!("PROXMOX_BACKUP_{name}"), path.clone())).collect();
    sample.configure("");
    assert_silent(&sample, &aviary, ("backup.env", &variables), 0, "KEY_FILE in the environment");

    let directory = vec![("CREDENTIALS_DIRECTORY".to_owned(), sample.path("secrets").display().to_string())];
    assert_silent(&sample, &aviary, ("backup.env", &directory), 0, "credentials");
    let shown = program_with(&sample, "backup.env", &["config", "show", "--changed"])
        .envs(directory.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("GOTIFY_TOKEN=***"), "they are read");

    // What a file holds is wrong: two lines, no text, a control character.
    for (number, wrong) in [&b"\nmore"[..], b"\xff", b"\x1b[2J", b"\0"].into_iter().enumerate() {
        for (name, _, value) in &values {
            private_file(&sample.path("secrets").join(name), [value.as_bytes(), wrong, value.as_bytes()].concat());
        }
        assert_silent(&sample, &aviary, ("backup.env", &directory), 2, &format!("wrong credentials {number}"));
        sample.configure(&lines);
        assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 2, &format!("wrong KEY_FILE {number}"));
        sample.configure("");
    }
    // Others can read them; a directory; nothing there.
    sample.configure(&lines);
    for path in crate::sample::files_in(&sample.path("secrets")) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 2, "open KEY_FILE");
}

/// What people write when a secret gets into the wrong form. `K` is the key, `C` the secret.
const BROKEN_ENV: [&str; 26] = [
    "K_FILE=C",
    "K_FILE=\"C\"",
    "K=\"C",
    "K='C",
    "K=\"C\nC2\"",
    "K=\"C\nC2=\"",
    "K=\"C\nC2==\"\n",
    "K=x\\\nC",
    "K='C' C2",
    "K=(C)",
    "K=C && C2",
    "K=C; C2=C",
    "K=`C`",
    "K=$(echo C)",
    "K=x$C",
    "K=\"${C}\"",
    "K=${C",
    "K=x'C",
    "K=x\\ C",
    "K=\u{1b}C",
    "K = C $1",
    "K: C",
    "K C",
    "C",
    "  C=",
    "set K C",
];

const BROKEN_YAML: [&str; 26] = [
    "notify:\n  K: [C, C2]",
    "notify:\n  K:\n    - C",
    "notify:\n  K: {C: C2}",
    "notify:\n  K:\n    C: C2",
    "notify:\n  K: |\n    C\n    C2",
    "notify:\n  K: \"C",
    "notify:\n  K: 'C",
    "notify:\n  K: C: C2",
    "notify:\n  K: !C x",
    "notify:\n  K: &C x",
    "notify:\n  K: *C",
    "notify:\n  K: %C",
    "notify:\n  K: @C",
    "notify:\n  K: ${C}",
    "notify:\n  K: x$C",
    "notify:\n  K: \"\\C\"",
    "notify:\n  K=C",
    "notify:\n  K C",
    "notify:\n  K=C: x",
    "notify:\n  K C: x",
    "notify:\n  K: C\n K2: C",
    "notify:\n  C",
    "K=C",
    "K: C",
    "K=C: x",
    "notify:\n  K_file: C",
];

#[test]
fn a_line_that_went_wrong_is_not_quoted() {
    let (sample, mut aviary) = (host(), Aviary::default());
    let canary = aviary.hatch("a broken line");
    let other = aviary.hatch("its second part");
    let filled = |shape: &str, key: &str| {
        shape.replace('K', key).replace("C2", &other).replace('C', "\0").replace('\0', &canary)
    };
    let commands: [&[&str]; 3] = [&["config", "check"], &["config", "convert", "-vv"], &["check", "--json"]];
    let mut loud = Vec::new();
    let mut look = |config: &str, shape: &str| {
        for arguments in commands {
            let output = program_with(&sample, config, arguments).output().unwrap();
            // A configuration file may hold them, whatever its form.
            let is_file = arguments[1..].contains(&"convert") && output.status.success();
            let said = if is_file { output.stderr } else { [output.stdout, output.stderr].concat() };
            if !aviary.heard_in(&said).is_empty() {
                loud.push(format!("{shape:?} {arguments:?}: {}", String::from_utf8_lossy(&said)));
            }
        }
    };
    for (shape, key) in BROKEN_ENV.into_iter().zip(["SMTP_PASSWORD", "WEBHOOK_OPS_HEADERS"].into_iter().cycle()) {
        sample.configure(&format!("{}\nDRY_RUN=false\n", filled(shape, key)));
        look("backup.env", shape);
    }
    for shape in BROKEN_YAML {
        write_yaml(&sample, &format!("{}\n", filled(shape, "smtp_password")));
        look("backup.yaml", shape);
    }
    assert!(loud.is_empty(), "{}", loud.join("\n"));
    aviary.assert_silent_below(&sample.path(""), &home_of_secrets(&sample));
}

#[test]
fn a_bad_value_is_not_quoted() {
    let (sample, mut aviary) = (host(), Aviary::default());
    // Of an address: something else. Of a text: a name that nothing defines.
    let lines: Vec<String> = secret_keys()
        .into_iter()
        .map(|(name, key)| match key.kind {
            Kind::Url => format!("{name}={}\n", aviary.hatch(&name)),
            _ => format!("{name}=x${{{}}}\n", aviary.hatch(&name)),
        })
        .collect();
    sample.configure(&lines.concat());
    assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 2, "bad values");
}

#[test]
fn secrets_inside_open_settings_are_masked() {
    let (sample, mut aviary) = (host(), Aviary::default());
    let [flag, apart, login, local] = ["flag", "flag apart", "login", "bare login"].map(|of| aviary.hatch(of));
    let lines = format!(
        "CLOUD_ENABLED=true\nCLOUD_REMOTE=box:pve\nGOTIFY_SERVER_URL=https://me:{login}@gotify.example/x\n\
         TELEGRAM_API_URL=https://{local}@api.example\n\
         RCLONE_FLAGS=\"--checkers=4 --sftp-pass={flag} --s3-secret-access-key {apart} --s3-acl private\"\n"
    );
    sample.configure(&lines);
    assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 0, "open settings");
    let shown = program_with(&sample, "backup.env", &["config", "show"]).output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout);
    for expected in
        ["--checkers=4 --sftp-pass=*** --s3-secret-access-key *** --s3-acl private", "https://***@gotify.example/x"]
    {
        assert!(shown.contains(expected), "{shown}");
    }
    sample.configure(&lines.replace("https://", "ftp://"));
    assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 2, "bad addresses");
    sample.configure(&format!("RCLONE_FLAGS=\"--sftp-pass={flag} --dry-run\"\n{lines}"));
    assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 0, "flags twice");
    let remote = format!(":sftp,host=x,pass={flag}:pve");
    sample.configure(&format!("CLOUD_ENABLED=true\nCLOUD_REMOTE=\"{remote}\"\n"));
    assert_silent(&sample, &aviary, ("backup.env", &Variables::new()), 0, "a remote written out");
}

#[test]
fn a_converted_file_is_private_and_complete() {
    let (sample, mut aviary) = (host(), Aviary::default());
    let values = values(&mut aviary);
    let unused = aviary.hatch("replaced by the line below");
    let env = values.iter().map(|(name, _, value)| format!("{name}={value}\n")).collect::<Vec<_>>().concat();
    sample.configure(&format!("SMTP_PASSWORD={unused}\n{env}"));
    let target = sample.path("secrets/converted.yaml");
    std::fs::create_dir(sample.path("secrets")).unwrap();
    let path = target.display().to_string();
    for code in [0, 2] {
        let output =
            program_with(&sample, "backup.env", &["config", "convert", "--output", &path, "-vv"]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        aviary.assert_silent_command(&output, "config convert");
    }
    assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o7777, 0o600);
    let heard: BTreeSet<String> =
        aviary.heard_in(&std::fs::read(&target).unwrap()).into_iter().map(str::to_owned).collect();
    assert!(heard.contains("SMTP_PASSWORD") && !heard.contains("replaced by the line below"), "{heard:?}");
    aviary.assert_silent_below(&sample.path(""), &home_of_secrets(&sample));
}

#[test]
fn types_of_the_configuration_hide_secrets_when_they_are_printed() {
    let (sample, mut aviary) = (host(), Aviary::default());
    let flag = aviary.hatch("flag");
    let values = values(&mut aviary);
    let env = values.iter().map(|(name, _, value)| format!("{name}={value}\n")).collect::<Vec<_>>().concat();
    sample.configure(&format!("CLOUD_ENABLED=true\nCLOUD_REMOTE=box:\nRCLONE_FLAGS=--sftp-pass={flag}\n{env}"));
    let source = Source::live(Some(sample.path("backup.env")), None).unwrap();
    let loaded = load(&source, &BTreeMap::new(), &[]).unwrap();
    aviary.assert_silent(format!("{loaded:?} {loaded:#?}").as_bytes(), "Loaded");
    let converted = convert(&source, &BTreeMap::new(), Some(Format::Yaml)).unwrap();
    aviary.assert_silent(format!("{converted:?}").as_bytes(), "Converted");
    assert!(converted.text.contains(&flag), "the file itself has it");
    sample.configure(&env.replace("https://", "ftp://"));
    let error = load(&source, &BTreeMap::new(), &[]).unwrap_err();
    aviary.assert_silent(format!("{error} {error:?} {}", error.hint()).as_bytes(), "ConfigError");
}
