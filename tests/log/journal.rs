//! The journal of a real systemd (Debian 12, booted once for all cases): each line has its priority and
//! fields, and `journalctl -u UNIT -p warning` shows the problems and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::sample::skip;
use crate::scene::FullScene;

/// Runs each case as a unit of its own and keeps what `journalctl` tells of it.
const CASES: &str = r#"
mkdir -p /cases /etc/network
printf 'auto lo\niface lo inet loopback\n' >/etc/network/interfaces
case_of() { # NAME CONFIGURATION [LINES OF THE UNIT]
    config=/etc/proxmox-config-backup/$1.env
    printf 'BACKUP_KERNEL_MODULES=false\nMIN_DISK_SPACE_PRIMARY_GB=0\nLOG_PATH=/var/log/proxmox-config-backup/%s\n%b' "$1" "$2" >"$config"
    chmod 600 "$config"
    start="ExecStart=/usr/sbin/proxmox-backup backup --config $config"
    [ "$1" != redirected ] || start="ExecStart=/bin/sh -c 'exec /usr/sbin/proxmox-backup backup --config $config 2>/cases/redirected.txt'"
    mkdir -p /run/systemd/system
    printf '[Service]\nType=oneshot\n%s\n%s\nLogsDirectory=proxmox-config-backup\nLogsDirectoryMode=0700\n%b' "$start" \
        "StateDirectory=proxmox-config-backup\nStateDirectoryMode=0700\nRuntimeDirectory=proxmox-config-backup\nRuntimeDirectoryMode=0700" \
        "${3-}" | sed 's/\\n/\n/g' >"/run/systemd/system/pb-$1.service"
    systemctl daemon-reload
    systemctl start "pb-$1.service" 2>/dev/null || true
    journalctl --sync
    journalctl -u "pb-$1.service" -o json --no-pager >"/cases/$1.all"
    journalctl -u "pb-$1.service" -p warning -o json --no-pager >"/cases/$1.problems"
}
mkdir -p -m 700 /etc/proxmox-config-backup
case_of clean ''
mv /etc/network/interfaces /etc/network/away
case_of warnings 'SECONDARY_ENABLED=true\nSECONDARY_PATH=/proc/no/such/place\n'
case_of sandboxed 'SECONDARY_ENABLED=true\nSECONDARY_PATH=/proc/no/such/place\n' 'RestrictAddressFamilies=AF_INET\n'
case_of redirected ''
mv /etc/network/away /etc/network/interfaces
case_of failed 'MIN_DISK_SPACE_PRIMARY_GB=99999999\n'
case_of late 'MAX_RUN_DURATION=1\nCUSTOM_BACKUP_PATHS=/cases/large\nCOMPRESSION_TYPE=xz\nCOMPRESSION_LEVEL=9\n'
case_of broken 'BACKUP_ENABLED=perhaps\nMAX_LOCAL_BACKUPS=many\n'
"#;

/// What `journalctl -o json` printed, ours alone.
struct Told(Vec<Value>);

impl Told {
    fn read(cases: &Path, file: &str) -> Self {
        let text = std::fs::read_to_string(cases.join(file)).unwrap();
        let entries = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let (own, others): (Vec<_>, Vec<_>) = entries.partition(|entry| entry["SYSLOG_IDENTIFIER"] == "proxmox-backup");
        // What systemd itself says of a unit that failed is all that there is besides.
        for other in others {
            assert_eq!(other["SYSLOG_IDENTIFIER"], "systemd", "{file}: {other}");
        }
        Self(own)
    }

    fn texts(&self) -> Vec<String> {
        self.0.iter().map(|entry| entry["MESSAGE"].as_str().unwrap().to_owned()).collect()
    }

    fn priorities(&self) -> BTreeSet<&str> {
        self.0.iter().map(|entry| entry["PRIORITY"].as_str().unwrap()).collect()
    }

    /// The one line by which all runs are found.
    fn closing(&self) -> &Value {
        let found: Vec<_> = self.0.iter().filter(|entry| !entry["PROXMOX_BACKUP_STATUS"].is_null()).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0], self.0.last().unwrap(), "it is the last one");
        found[0]
    }

    fn assert_nothing_twice(&self) {
        let texts = self.texts();
        let once: BTreeSet<_> = texts.iter().collect();
        assert_eq!(once.len(), texts.len(), "{texts:#?}");
    }
}

/// The warnings of a run's statistics, as lines.
fn warnings(logs: &Path) -> Vec<String> {
    let stats = newest(logs, ".json");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(stats).unwrap()).unwrap();
    let issues = report["issues"].as_array().unwrap().iter().filter(|issue| issue["severity"] == "warning");
    let line = |issue: &Value| {
        let text = |name: &str| issue[name].as_str().unwrap_or_default().to_owned();
        let hint = issue["hint"].as_str().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}: {}{hint}", text("subject"), text("reason"))
    };
    issues.map(line).collect()
}

fn newest(logs: &Path, end: &str) -> std::path::PathBuf {
    let all = crate::sample::files_in(logs);
    all.into_iter().rfind(|file| file.display().to_string().ends_with(end)).unwrap()
}

fn scene() -> Option<FullScene> {
    let made = FullScene::with_program("bookworm", Path::new(env!("CARGO_BIN_EXE_proxmox-backup")));
    made.map_err(|why| skip(&format!("no systemd to boot: {why}"))).ok()
}

#[test]
fn the_journal_shows_each_problem_once() {
    let Some(scene) = scene() else { return };
    std::fs::create_dir(scene.root().join("cases")).unwrap();
    // Enough for xz at level 9 to be at work on it when a second is over, on the fastest machine.
    let noise = crate::sample::Random::new(1).bytes(16 << 20);
    std::fs::create_dir(scene.root().join("cases/large")).unwrap();
    for part in 0_u8..6 {
        let part_of: Vec<u8> = noise.iter().map(|byte| byte.wrapping_mul(2 * part + 1)).collect();
        std::fs::write(scene.root().join(format!("cases/large/{part}")), part_of).unwrap();
    }
    std::fs::write(scene.root().join("usr/sbin/sendmail"), "#!/bin/sh\ncat >>/cases/mail\n").unwrap();
    std::process::Command::new("chmod").arg("755").arg(scene.root().join("usr/sbin/sendmail")).status().unwrap();

    let booted = scene.boot(CASES);

    assert!(booted.status.success(), "{}", String::from_utf8_lossy(&booted.stderr));
    let cases = scene.root().join("cases");
    let logs = |case: &str| scene.root().join("var/log/proxmox-config-backup").join(case);
    a_clean_run(&cases);
    a_run_with_warnings(&cases, &logs("warnings"));
    a_sandbox_without_sockets(&cases, &logs("sandboxed"));
    failures(&cases, &logs("failed"));
    broken_settings(&cases, &logs(""));
    someone_else_has_standard_error(&cases);
}

/// The variable is inherited, the journal is not: then syslog hears of problems, as anywhere else.
fn someone_else_has_standard_error(cases: &Path) {
    let redirected = std::fs::read_to_string(cases.join("redirected.txt")).unwrap();
    assert!(redirected.starts_with('[') && redirected.contains("] WARNING "), "{redirected}");
    let all = Told::read(cases, "redirected.all");
    assert!(all.0.iter().all(|entry| entry["_TRANSPORT"] == "syslog"), "{:?}", all.texts());
    let texts = all.texts();
    assert_eq!((texts.len(), texts[1].as_str()), (2, "⚠ Backup of scene completed with 1 warning"), "{texts:?}");
}

fn a_clean_run(cases: &Path) {
    assert_eq!(Told::read(cases, "clean.problems").texts(), Vec::<String>::new());
    let all = Told::read(cases, "clean.all");
    all.assert_nothing_twice();
    assert_eq!(all.priorities(), BTreeSet::from(["5", "6"]));
    let closing = all.closing();
    for (field, value) in [
        ("MESSAGE", "✓ Backup of scene completed"),
        ("PRIORITY", "5"),
        ("PROXMOX_BACKUP_STATUS", "success"),
        ("PROXMOX_BACKUP_EXIT_CODE", "0"),
        ("PROXMOX_BACKUP_WARNINGS", "0"),
        ("_TRANSPORT", "journal"),
    ] {
        assert_eq!(closing[field], value, "{field}");
    }
    assert!(closing["PROXMOX_BACKUP_ID"].as_str().unwrap().starts_with("scene-backup-"), "{closing}");
    assert!(closing["PROXMOX_BACKUP_DURATION_SECONDS"].as_str().unwrap().parse::<u64>().is_ok());
    let documented = include_str!("../../docs/monitoring.md");
    assert!(documented.contains(closing["MESSAGE_ID"].as_str().unwrap()), "{closing}");
    let texts = all.texts();
    assert!(texts.iter().all(|text| !text.starts_with('[') && !text.starts_with('<')), "{texts:?}");
}

fn a_run_with_warnings(cases: &Path, logs: &Path) {
    let problems = Told::read(cases, "warnings.problems");
    let issues = warnings(logs);
    assert!(issues.len() >= 2, "{issues:?}");
    assert_eq!(problems.texts(), issues);
    assert_eq!(problems.priorities(), BTreeSet::from(["4"]));
    let is_of = |entry: &&Value, subject: &str| entry["PROXMOX_BACKUP_SUBJECT"].as_str().unwrap().starts_with(subject);
    let of = |subject: &str| problems.0.iter().find(|entry| is_of(entry, subject)).unwrap();
    assert_eq!(of("/etc/network/interfaces")["PROXMOX_BACKUP_STAGE"], "collect");
    let tier = of("/proc/no/such/place");
    assert_eq!(tier["PROXMOX_BACKUP_STAGE"], "storage");
    let all = Told::read(cases, "warnings.all");
    all.assert_nothing_twice();
    let closing = all.closing();
    assert_eq!(closing["MESSAGE"], format!("⚠ Backup of scene completed with {} warnings", issues.len()));
    assert_eq!((&closing["PRIORITY"], &closing["PROXMOX_BACKUP_STATUS"]), (&"5".into(), &"warning".into()));
    assert_eq!(closing["PROXMOX_BACKUP_WARNINGS"], issues.len().to_string());
    // Whoever reads a file has it as it always was.
    let file = std::fs::read_to_string(newest(logs, ".log")).unwrap();
    assert!(file.contains("WARNING ⚠ Backup of scene completed with"), "{file}");
}

/// Standard error is the same journal, and the priority stands in front of each line.
fn a_sandbox_without_sockets(cases: &Path, logs: &Path) {
    let problems = Told::read(cases, "sandboxed.problems");
    assert_eq!(problems.texts(), warnings(logs));
    assert_eq!(problems.priorities(), BTreeSet::from(["4"]));
    let all = Told::read(cases, "sandboxed.all");
    all.assert_nothing_twice();
    assert!(all.0.iter().all(|entry| entry["_TRANSPORT"] == "stdout"));
    let last = all.0.last().unwrap();
    assert!(last["MESSAGE"].as_str().unwrap().starts_with("⚠ Backup of scene") && last["PRIORITY"] == "5", "{last}");
}

fn failures(cases: &Path, logs: &Path) {
    for (case, code, reason) in
        [("failed", "4", "Insufficient disk space"), ("late", "124", "longer than MAX_RUN_DURATION")]
    {
        let problems = Told::read(cases, &format!("{case}.problems"));
        let errors: Vec<_> = problems.0.iter().filter(|entry| entry["PRIORITY"] == "3").collect();
        assert_eq!(errors.len(), 1, "{case}: {:?}", problems.texts());
        assert_eq!(problems.0.len(), 1, "{case}: {:?}", problems.texts());
        assert!(errors[0]["MESSAGE"].as_str().unwrap().contains(reason), "{}", errors[0]);
        let all = Told::read(cases, &format!("{case}.all"));
        all.assert_nothing_twice();
        let closing = all.closing();
        assert_eq!(closing["MESSAGE"], errors[0]["MESSAGE"]);
        assert_eq!(
            (&closing["PROXMOX_BACKUP_STATUS"], &closing["PROXMOX_BACKUP_EXIT_CODE"]),
            (&"failure".into(), &code.into())
        );
        assert!(closing["PROXMOX_BACKUP_ID"].is_null());
    }
    assert!(std::fs::read_to_string(newest(logs, ".log")).unwrap().contains("ERROR   Pre-backup validation failed"));
}

fn broken_settings(cases: &Path, logs: &Path) {
    let problems = Told::read(cases, "broken.problems");
    let texts = problems.texts();
    assert_eq!(problems.priorities(), BTreeSet::from(["3"]));
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("BACKUP_ENABLED") && texts[1].contains("MAX_LOCAL_BACKUPS"), "{texts:?}");
    let all = Told::read(cases, "broken.all");
    all.assert_nothing_twice();
    let closing = all.closing();
    assert_eq!((&closing["PRIORITY"], &closing["PROXMOX_BACKUP_EXIT_CODE"]), (&"5".into(), &"2".into()));
    assert_eq!(closing["PROXMOX_BACKUP_STATUS"], "failure");
    // The file is where it usually is: what LOG_PATH says cannot be believed.
    let file = std::fs::read_to_string(newest(logs, ".log")).unwrap();
    assert!(texts.iter().all(|text| file.contains(text.as_str())), "{file}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(newest(logs, ".json")).unwrap()).unwrap();
    assert!(report["status"] == "failure" && report["exit_code"] == 2, "{report}");
    // Nobody looked on, so root has a mail; what quoted-printable broke is one line again.
    let mail = std::fs::read_to_string(cases.join("mail")).unwrap().replace("=\n", "");
    assert!(mail.contains("\nTo: root@scene\n") || mail.starts_with("To: root@scene\n"), "{mail}");
    assert!(mail.contains("the settings cannot be used") && mail.contains("BACKUP_ENABLED"), "{mail}");
    assert_eq!(report["notifications"][0]["channel"], "email", "{report}");
    assert_eq!(report["notifications"][0]["ok"], true, "{report}");
}
