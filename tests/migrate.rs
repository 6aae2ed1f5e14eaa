//! `migrate`: machines as the older tools leave them, taken over, given back, killed in between.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proxmox_backup::config::{Format, shipped_file};
use proxmox_backup::migrate::{MigrationPlan, OwnFile};
use proxmox_backup::system::{FIXED_PATH, Live, Root, Runner, System, digest_hex};
use proxmox_backup::workflow::{MigrationJob, Moment, migrate, migration_plan, undo_migration};
use serde_json::Value;

use crate::keys::Terminal;
use crate::old::{BASH_COMPRESSIONS, Bash, LAYOUTS, PROXSAVE_COMPRESSIONS, ProxSave, write};
use crate::sample::{files_in, names_in};

const OWN: &str = "etc/proxmox-config-backup/backup.env";
const STATE: &str = "var/lib/proxmox-config-backup";
const CRONTAB: &str = "var/spool/cron/crontabs/root";
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const SALT: &str = "proxsave/age-passphrase/v2:0123456789abcdef0123456789abcdef";
/// Kills the process at this moment of a migration, counted from 1.
const KILL_AT: &str = "MIGRATE_KILL_AT";
const KILLED_ROOT: &str = "MIGRATE_ROOT";
/// It is the undo that is killed.
const KILLED_UNDO: &str = "MIGRATE_UNDO";

/// A machine on disk, and beside it stand-ins for `crontab` and `systemctl`.
struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    /// What Debian and our package put there.
    fn installed() -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap() };
        machine.write("etc/hostname", "node1\n", 0o644);
        machine.write("etc/hosts", "127.0.0.1 localhost\n192.0.2.10 node1.example.org node1\n", 0o644);
        std::fs::create_dir_all(machine.at("var/lib/dpkg")).unwrap();
        machine.write(OWN, &shipped_file(Format::Env), 0o600);
        std::fs::set_permissions(machine.at("etc/proxmox-config-backup"), PermissionsExt::from_mode(0o700)).unwrap();
        machine.write("usr/lib/systemd/system/proxmox-config-backup.timer", "[Timer]\nOnCalendar=daily\n", 0o644);
        let wants = machine.at("etc/systemd/system/timers.target.wants");
        std::fs::create_dir_all(&wants).unwrap();
        symlink("/usr/lib/systemd/system/proxmox-config-backup.timer", wants.join("proxmox-config-backup.timer"))
            .unwrap();
        machine.write("usr/local/bin/mine", "#!/bin/sh\n", 0o755);
        symlink("/opt/other/tool", machine.at("usr/local/bin/other")).unwrap();
        machine.write("etc/crontab", "17 * * * * root run-parts /etc/cron.hourly\n", 0o644);
        machine
    }

    /// The Bash tool: relay, centralized Telegram, a line in root's crontab, four links.
    fn with_bash() -> Self {
        let machine = Self::installed();
        let base = "opt/proxmox-backup";
        let config = include_str!("config/good/bash-tool.env");
        machine.write(&format!("{base}/env/backup.env"), config, 0o400);
        for program in ["proxmox-backup", "security-check", "fix-permissions", "proxmox-restore"] {
            machine.write(&format!("{base}/script/{program}.sh"), "#!/bin/bash\n", 0o700);
        }
        machine.write(&format!("{base}/config/.server_identity"), &identity(), 0o600);
        let backups = machine.at(base).join("backup");
        std::fs::create_dir_all(&backups).unwrap();
        std::fs::set_permissions(&backups, PermissionsExt::from_mode(0o750)).unwrap();
        std::fs::create_dir_all(machine.at(base).join("log")).unwrap();
        for day in ["2025-11-18", "2025-11-19", "2025-11-20"] {
            let (extension, option) = BASH_COMPRESSIONS[0];
            let made = Bash::new().pack(&backups, extension, option);
            redate(&made, "2025-11-20_02-00-03", &format!("{day}_02-00-03"));
        }
        for (link, program) in [
            ("proxmox-backup", "proxmox-backup"),
            ("proxmox-backup-security", "security-check"),
            ("proxmox-backup-permissions", "fix-permissions"),
            ("proxmox-restore", "proxmox-restore"),
        ] {
            machine.link(link, &format!("/{base}/script/{program}.sh"));
        }
        let cron = "# m h  dom mon dow   command\nMAILTO=root\n5 4 * * * rsync -a /opt/proxmox-backup/backup/ nas:/x\n\
            0 2 * * * /usr/local/bin/proxmox-backup >/dev/null 2>&1\n@daily /usr/sbin/proxmox-backup-manager x\n";
        machine.write(CRONTAB, cron, 0o600);
        machine
    }

    /// ProxSave: its service, recipients with a salt, a secret of its message server, a cron.d file.
    fn with_proxsave() -> Self {
        let machine = Self::installed();
        let base = "opt/proxsave";
        let config = format!(
            "# own words\n{}\n\n# who opens it\nENCRYPT_ARCHIVE=true\nTELEGRAM_ENABLED=true\nBOT_TELEGRAM_TYPE=centralized\n\
             SECONDARY_ENABLED=true\nSECONDARY_PATH=/mnt/nas/proxsave\nMAX_LOCAL_BACKUPS=5\nBACKUP_PAHT=/x\n",
            "BACKUP_PATH=${BASE_DIR}/backup\nLOG_PATH=${BASE_DIR}/log\nLOCK_PATH=${BASE_DIR}/lock\nUSE_COLOR=true\nCRON_HOUR=2"
        );
        machine.write(&format!("{base}/configs/backup.env"), &config, 0o600);
        machine.write(&format!("{base}/build/proxsave"), "ELF", 0o755);
        machine.write(&format!("{base}/identity/.server_identity"), &identity(), 0o600);
        machine.write(&format!("{base}/identity/.notify_secret"), "s3cret-of-the-server\n", 0o600);
        machine.write(&format!("{base}/identity/age/recipient.txt"), &format!("# mine\n{RECIPIENT}\n"), 0o600);
        machine.write(&format!("{base}/identity/age/passphrase.salt"), &format!("{SALT}\n"), 0o600);
        let (backups, nas) = (machine.at(base).join("backup"), machine.at("mnt/nas/proxsave"));
        std::fs::create_dir_all(machine.at(base).join("log")).unwrap();
        for (place, days) in
            [(backups, ["20251230", "20251231", "20260101"]), (nas, ["20251229", "20251230", "20251231"])]
        {
            std::fs::create_dir_all(&place).unwrap();
            for day in days {
                let made = ProxSave::new().pack(&place, PROXSAVE_COMPRESSIONS[1], LAYOUTS[0]);
                redate(&made, "20260101-020000", &format!("{day}-020000"));
            }
        }
        machine.link("proxsave", "/opt/proxsave/build/proxsave");
        machine.link("proxmox-backup", "../../../opt/proxsave/build/proxsave");
        machine.write(
            "etc/systemd/system/proxsave-daemon.service",
            "[Service]\nExecStart=/usr/local/bin/proxsave --daemon --config /opt/proxsave/configs/backup.env\n",
            0o644,
        );
        let wants = machine.at("etc/systemd/system/multi-user.target.wants");
        std::fs::create_dir_all(&wants).unwrap();
        symlink("/etc/systemd/system/proxsave-daemon.service", wants.join("proxsave-daemon.service")).unwrap();
        machine.write(
            CRONTAB,
            "30 1 * * * PATH=/bin nice proxsave --backup\n0 */6 * * * /usr/local/bin/proxsave --backup\n",
            0o600,
        );
        machine.write(
            "etc/cron.d/proxsave",
            "SHELL=/bin/sh\n0 3 1 * * root cd /opt/proxsave/build && ./proxsave\n",
            0o644,
        );
        machine.write("etc/vzdump.conf", "bwlimit: 1000\nscript: /opt/proxsave/hook.sh\n", 0o644);
        machine
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    fn write(&self, path: &str, content: &str, mode: u32) {
        write(&self.root(), path, content.as_bytes(), mode);
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap_or_else(|cause| panic!("{path}: {cause}"))
    }

    fn link(&self, name: &str, target: &str) {
        symlink(target, self.at("usr/local/bin").join(name)).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proxmox-backup"));
        command.arg("--root").arg(self.root()).args(arguments).env_clear();
        command.env("RUNTIME_DIRECTORY", self.dir.path().join("run")).env("TZ", "UTC").env("PATH", "/usr/bin:/bin");
        command.output().unwrap()
    }

    fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}{said}");
        text + &said
    }

    /// Every path with type, mode, owner, content; what the migration itself writes down aside.
    fn tree(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.root()];
        while let Some(directory) = open.pop() {
            for path in files_in(&directory) {
                let name = path.strip_prefix(self.root()).unwrap().to_str().unwrap().to_owned();
                if name == STATE {
                    // Only the records lie in it, before and after.
                    let inside: Vec<String> = names_in(&path).into_iter().filter(|name| name != "migrate").collect();
                    found.extend((!inside.is_empty()).then(|| (name.clone(), format!("{inside:?}"))));
                    continue;
                }
                let stat = path.symlink_metadata().unwrap();
                let mut text = format!("{:o} {}:{}", stat.mode(), stat.uid(), stat.gid());
                if stat.is_symlink() {
                    write!(text, " -> {}", std::fs::read_link(&path).unwrap().display()).unwrap();
                } else if stat.is_file() {
                    let content = digest_hex(&std::fs::read(&path).unwrap());
                    write!(text, " {}.{} {content}", stat.mtime(), stat.mtime_nsec()).unwrap();
                } else {
                    open.push(path);
                }
                found.insert(name, text);
            }
        }
        found
    }

    fn changed_since(&self, before: &BTreeMap<String, String>) -> Vec<String> {
        let after = self.tree();
        let all: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        all.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
    }

    /// Programs that do what the real ones do to this machine.
    fn stand_ins(&self) -> System {
        let bin = self.dir.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(self.at("run/systemd/system")).unwrap();
        let crontab = "tab=$root/var/spool/cron/crontabs/root\ncase $1 in\n\
            -l) [ -f \"$tab\" ] || { echo 'no crontab for root' >&2; exit 1; }; cat \"$tab\" ;;\n-) cat >\"$tab.new\"; cat \"$tab.new\" >\"$tab\"; rm \"$tab.new\" ;;\nesac\n";
        let systemctl = "echo \"$*\" >>\"$dir/calls\"\nunit=$root/etc/systemd/system\nlink=$unit/multi-user.target.wants/proxsave-daemon.service\n\
            case $1 in\nis-enabled) [ -L \"$link\" ] && echo enabled || { echo disabled; exit 1; } ;;\n\
            is-active) [ -f \"$dir/stopped\" ] && { echo inactive; exit 3; } || echo active ;;\n\
            disable) rm -f \"$link\"; : >\"$dir/stopped\" ;;\nenable) ln -s /etc/systemd/system/proxsave-daemon.service \"$link\" ;;\n\
            start) rm -f \"$dir/stopped\" ;;\nesac\n";
        for (name, text) in [("crontab", crontab), ("systemctl", systemctl)] {
            let head = format!("#!/bin/sh\nset -e\ndir={}\nroot=$dir/root\n", self.dir.path().display());
            std::fs::write(bin.join(name), head + text).unwrap();
            std::fs::set_permissions(bin.join(name), PermissionsExt::from_mode(0o755)).unwrap();
        }
        let path = format!("{}:{FIXED_PATH}", bin.display());
        System::new(Root::at(&self.root()).unwrap(), Runner::Live(Live::with_path(&path)))
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("calls")).unwrap_or_default()
    }

    fn with_job<T>(&self, system: &System, work: impl FnOnce(&MigrationJob<'_>) -> T) -> T {
        let (state_dir, lock) = (self.at(STATE), self.dir.path().join("run/lock"));
        work(&MigrationJob { system, state_dir: &state_dir, lock: &lock, from: None, own_file: OwnFile::IsReplaced })
    }

    fn migrate(&self, system: &System, told: &mut dyn FnMut(Moment, &str)) -> MigrationPlan {
        self.with_job(system, |job| {
            let plan = migration_plan(job).unwrap();
            migrate(job, &plan, told).unwrap();
            plan
        })
    }

    fn undo(&self, system: &System) {
        undo_migration(system, &self.at(STATE), &self.dir.path().join("run/lock"), &mut |_, _| {}).unwrap();
    }
}

/// As both tools write it.
fn identity() -> String {
    use base64::Engine as _;
    let coded = base64::engine::general_purpose::STANDARD.encode("7109226450519581:1795216515:a10e6812:de8d73db");
    format!("# System\nSYSTEM_CONFIG_DATA=\"{coded}\"\n")
}

/// The files of a backup under the name of another day.
fn redate(made: &Path, from: &str, to: &str) {
    let dir = made.parent().unwrap();
    for name in names_in(dir).into_iter().filter(|name| name.contains(from)) {
        std::fs::rename(dir.join(&name), dir.join(name.replace(from, to))).unwrap();
    }
}

#[test]
fn the_bash_tool_is_taken_over_and_only_what_is_named_changes() {
    let machine = Machine::with_bash();
    let before = machine.tree();
    let plan: Value = serde_json::from_slice(&machine.run(&["migrate", "--plan", "--json"]).stdout).unwrap();
    assert_eq!(machine.changed_since(&before), [""; 0], "a plan changes nothing");
    assert_eq!(plan["plan"]["backups"][0]["of_host"]["Ok"], 3, "{plan}");

    let text = machine.expect(0, &["migrate", "--yes"]);

    let mut named = vec![
        "etc/proxmox-config-backup/backup.env".to_owned(),
        "etc/proxmox-config-backup/backup.env.before-migration".to_owned(),
    ];
    for link in ["proxmox-backup", "proxmox-backup-permissions", "proxmox-backup-security", "proxmox-restore"] {
        named.extend([format!("usr/local/bin/{link}"), format!("usr/local/bin/{link}.migrated")]);
    }
    named.extend([STATE.to_owned(), CRONTAB.to_owned()]);
    named.sort();
    assert_eq!(machine.changed_since(&before), named, "{text}");
    let config = machine.text(OWN);
    for line in
        ["BACKUP_PATH=/opt/proxmox-backup/backup\n", "LOG_PATH=/opt/proxmox-backup/log/\n", "MAX_LOCAL_BACKUPS=20\n"]
    {
        assert!(config.contains(line), "{line}: {config}");
    }
    assert!(config.contains("# MIN_BASH_VERSION=4.4.0 has no effect: no shell is used"), "{config}");
    assert_eq!(machine.text(&format!("{OWN}.before-migration")), shipped_file(Format::Env));
    assert_eq!(machine.text(&format!("{STATE}/server-identity")), "7109226450519581\n");
    let cron = machine.text(CRONTAB);
    assert!(cron.contains("\n#migrated: 0 2 * * * /usr/local/bin/proxmox-backup >/dev/null 2>&1\n"), "{cron}");
    assert!(
        cron.contains("\n5 4 * * * rsync") && cron.contains("\n@daily /usr/sbin/proxmox-backup-manager x\n"),
        "{cron}"
    );
    assert!(text.contains("3 backups of node1") && text.contains("once a day, as before"), "{text}");

    assert!(machine.expect(0, &["migrate", "--yes"]).contains("There is nothing to do."));
}

#[test]
fn proxsave_is_taken_over_with_its_keys_and_its_schedule() {
    let machine = Machine::with_proxsave();
    let before = machine.tree();
    let text = machine.expect(0, &["migrate", "--yes"]);

    assert_eq!(
        machine.changed_since(&before),
        [
            "etc/cron.d/proxsave",
            "etc/proxmox-config-backup/age",
            "etc/proxmox-config-backup/age/recipients.txt",
            "etc/proxmox-config-backup/backup.env",
            "etc/proxmox-config-backup/backup.env.before-migration",
            "etc/proxmox-config-backup/telegram-server.secret",
            "etc/systemd/system/multi-user.target.wants/proxsave-daemon.service",
            "etc/systemd/system/proxmox-config-backup.timer.d",
            "etc/systemd/system/proxmox-config-backup.timer.d/schedule.conf",
            "usr/local/bin/proxmox-backup",
            "usr/local/bin/proxmox-backup.migrated",
            "usr/local/bin/proxsave",
            "usr/local/bin/proxsave.migrated",
            STATE,
            CRONTAB,
        ],
        "{text}"
    );
    let keys = machine.text("etc/proxmox-config-backup/age/recipients.txt");
    assert_eq!(keys, format!("# passphrase-salt: {SALT}\n# mine\n{RECIPIENT}\n"));
    let mode = |path: &str| machine.at(path).metadata().unwrap().mode() & 0o7777;
    assert_eq!(
        (mode("etc/proxmox-config-backup/age"), mode("etc/proxmox-config-backup/age/recipients.txt")),
        (0o700, 0o600)
    );
    let timer = machine.text("etc/systemd/system/proxmox-config-backup.timer.d/schedule.conf");
    assert!(
        timer.contains("OnCalendar=\nOnCalendar=*-*-* 0/6:0:00\n") && timer.contains("OnCalendar=*-*-1 3:0:00\n"),
        "{timer}"
    );
    for line in timer.lines().filter_map(|line| line.strip_prefix("OnCalendar=")).filter(|line| !line.is_empty()) {
        let asked = Command::new("systemd-analyze").args(["calendar", line]).output();
        assert!(asked.as_ref().map_or(true, |answer| answer.status.success()), "{line}: {asked:?}");
    }
    let config = machine.text(OWN);
    for line in [
        "ENCRYPT_ARCHIVE=true\n",
        "SECONDARY_PATH=/mnt/nas/proxsave\n",
        "\nTELEGRAM_ENABLED=false\n",
        "# BACKUP_PAHT is not taken over: nobody knows this name\n",
        "# LOCK_PATH is not taken over",
        "# own words\n",
    ] {
        assert!(config.contains(line), "{line}: {config}");
    }
    assert!(!config.contains("BASE_DIR") && !config.contains("identity/age"), "{config}");
    for said in ["etc/vzdump.conf", "TELEGRAM_SERVER_API_HOST", "/mnt/nas/proxsave: 3 backups", "may go but"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
    assert!(machine.expect(0, &["migrate", "--yes"]).contains("There is nothing to do."));

    machine.expect(0, &["migrate", "--undo", "--yes"]);
    assert_eq!(machine.changed_since(&before), [""; 0]);
    machine.expect(3, &["migrate", "--undo", "--yes"]);
}

#[test]
fn old_backups_count_where_they_are() {
    let machine = Machine::with_bash();
    machine.expect(0, &["migrate", "--yes"]);
    let own = machine.at(OWN).display().to_string();
    let place = |path: &str| machine.at(path).display().to_string();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proxmox-backup"));
        command.args(["--config", &own]).args(["--root", &place("")]).args(arguments).env_clear();
        command.env("BACKUP_PATH", place("opt/proxmox-backup/backup")).env("LOG_PATH", place("opt/proxmox-backup/log"));
        command
            .env("LOCK_PATH", machine.dir.path().join("run"))
            .env("RUNTIME_DIRECTORY", machine.dir.path().join("run"));
        command.env("STATE_DIRECTORY", machine.dir.path().join("state")).env("PROXMOX_BACKUP_MAX_LOCAL_BACKUPS", "3");
        command.env("PROXMOX_BACKUP_SET_BACKUP_PERMISSIONS", "false");
        command.env("PROXMOX_BACKUP_MIN_DISK_SPACE_PRIMARY_GB", "0").env("TELEGRAM_ENABLED", "false");
        let output = command.env("TZ", "UTC").env("PATH", "/usr/bin:/bin").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap(), text)
    };
    let (code, text) = run(&["backup"]);
    assert!(code <= 1, "{code}: {text}");
    let (_, text) = run(&["list"]);
    assert_eq!(text.matches("Bash").count() + text.matches("bash").count(), 2, "the oldest one made room: {text}");
    assert!(!text.contains("2025-11-18") && text.contains("2025-11-19"), "{text}");
}

#[test]
fn without_a_terminal_the_plan_is_all() {
    let machine = Machine::with_bash();
    let before = machine.tree();
    for arguments in [&["migrate"][..], &["migrate", "--json"], &["migrate", "-n"]] {
        let text = machine.expect(0, arguments);
        assert!(text.contains("backup.env"), "{text}");
        assert_eq!(machine.changed_since(&before), [""; 0]);
    }
    machine.expect(2, &["migrate", "--undo"]);
}

#[test]
fn on_a_terminal_only_the_word_itself_takes_over() {
    let machine = Machine::with_bash();
    let before = machine.tree();
    let line = |arguments: &str| {
        format!("'{}' --root '{}' migrate {arguments}", env!("CARGO_BIN_EXE_proxmox-backup"), machine.root().display())
    };
    let run_dir = machine.dir.path().join("run");
    let variables = [("RUNTIME_DIRECTORY".as_ref(), run_dir.as_os_str()), ("PATH".as_ref(), "/usr/bin:/bin".as_ref())];
    for (arguments, word, answer, code) in [
        ("", "MIGRATE", "migrate", 16),
        ("", "MIGRATE", "0", 0),
        ("", "MIGRATE", "MIGRATE", 0),
        ("--undo", "UNDO", "UNDO", 0),
    ] {
        let Some(mut terminal) = Terminal::with_line(&line(arguments), machine.dir.path(), &variables) else { return };
        terminal.answer(&format!("Type {word} to"), &format!("{answer}\n"));
        let (ended, text) = terminal.end();
        assert_eq!(ended, Some(code), "{answer}: {text}");
        assert_eq!(machine.changed_since(&before).is_empty(), answer != "MIGRATE", "{answer}: {text}");
    }
}

#[test]
fn what_somebody_said_in_our_file_is_not_replaced() {
    let machine = Machine::with_bash();
    machine.write(OWN, "COMPRESSION_TYPE=xz\nMAX_LOCAL_BACKUPS=20\nBACKUP_PATH=/srv/b\n", 0o600);
    let before = machine.tree();
    let text = machine.expect(4, &["migrate", "--yes"]);
    assert!(text.contains("does not: BACKUP_PATH; ") && text.contains("--keep-config"), "{text}");
    assert_eq!(machine.changed_since(&before), [""; 0]);

    let text = machine.expect(0, &["migrate", "--yes", "--keep-config"]);
    assert!(!machine.changed_since(&before).contains(&OWN.to_owned()), "{text}");
    assert!(text.contains("3 backups of node1 lie in"), "{text}");

    let machine = Machine::with_bash();
    machine.write(OWN, "# mine\nMAX_LOCAL_BACKUPS=20\n", 0o600);
    machine.expect(0, &["migrate", "--yes"]);
    machine.write("etc/proxmox-config-backup/backup.yaml", "general:\n", 0o600);
    machine.expect(0, &["migrate", "--undo", "--yes"]);
    assert!(machine.expect(4, &["migrate", "--yes"]).contains("backup.yaml"));
}

#[test]
fn what_was_changed_since_is_named_and_stays() {
    let machine = Machine::with_bash();
    let before = machine.tree();
    machine.expect(0, &["migrate", "--yes"]);
    let (config, cron) = (machine.text(OWN), machine.text(CRONTAB));
    machine.write(OWN, &format!("{config}MAX_LOCAL_BACKUPS=9\n"), 0o600);
    machine.write(CRONTAB, &format!("{cron}1 1 * * * true\n"), 0o600);
    let after = machine.tree();

    let text = machine.expect(4, &["migrate", "--undo", "--yes"]);
    assert!(text.contains("backup.env") && text.contains("crontabs/root"), "{text}");
    assert_eq!(machine.changed_since(&after), [""; 0]);
    assert!(machine.expect(0, &["migrate", "--yes"]).contains("There is nothing to do."));

    machine.write(OWN, &config, 0o600);
    machine.write(CRONTAB, &cron, 0o600);
    machine.expect(0, &["migrate", "--undo", "--yes"]);
    assert_eq!(machine.changed_since(&before), [""; 0]);
}

#[test]
fn recipients_that_were_added_since_are_kept_aside() {
    let machine = Machine::with_proxsave();
    let before = machine.tree();
    machine.expect(0, &["migrate", "--yes"]);
    let keys = "etc/proxmox-config-backup/age/recipients.txt";
    let more = machine.text(keys) + "# added\n";
    machine.write(keys, &more, 0o600);
    machine.expect(0, &["migrate", "--undo", "--yes"]);
    assert_eq!(machine.changed_since(&before), [""; 0]);
    let record = files_in(&machine.at(STATE).join("migrate")).pop().unwrap();
    assert_eq!(std::fs::read_to_string(record.join("kept/recipients.txt")).unwrap(), more);
}

#[test]
fn a_running_machine_is_asked_and_told_by_its_programs() {
    let machine = Machine::with_proxsave();
    let system = machine.stand_ins();
    let before = machine.tree();
    let mut told = Vec::new();

    machine.migrate(&system, &mut |moment, what| told.extend((moment == Moment::Done).then(|| what.to_owned())));

    assert!(told.contains(&"edit root's crontab".to_owned()), "{told:?}");
    let calls = machine.calls();
    let asked = ["daemon-reload", "disable --now proxsave-daemon.service"].map(|call| calls.find(call));
    assert!(asked[0] < asked[1] && asked[0].is_some(), "ours comes before theirs goes: {calls}");
    assert_eq!(machine.text(CRONTAB).matches("#migrated: ").count(), 2);
    assert!(machine.dir.path().join("stopped").exists());
    let again = machine.with_job(&system, |job| migration_plan(job).unwrap());
    assert_eq!((again.steps, again.refused), (vec![], vec![]));

    machine.undo(&system);
    let changed = machine.changed_since(&before);
    // `crontab` writes the file anew.
    assert_eq!(changed, [CRONTAB], "{}", machine.calls());
    assert!(!machine.text(CRONTAB).contains("#migrated"));
    assert!(!machine.dir.path().join("stopped").exists() && machine.calls().ends_with("daemon-reload\n"));
}

#[test]
fn a_program_that_fails_leaves_what_can_be_undone_or_gone_on_with() {
    let machine = Machine::with_proxsave();
    let system = machine.stand_ins();
    let before = machine.tree();
    let systemctl = machine.dir.path().join("bin/systemctl");
    let works = std::fs::read_to_string(&systemctl).unwrap();
    std::fs::write(&systemctl, works.replace("disable) ", "disable) exit 1; ")).unwrap();
    let stopped =
        machine.with_job(&system, |job| migrate(job, &migration_plan(job).unwrap(), &mut |_, _| {}).unwrap_err());
    assert!(stopped.to_string().contains("stopped at \"stop and disable proxsave-daemon.service\""), "{stopped}");
    assert_eq!(stopped.exit_code().number(), 3);

    std::fs::write(&systemctl, works).unwrap();
    machine.migrate(&system, &mut |_, _| {});
    assert!(machine.dir.path().join("stopped").exists());
    machine.undo(&system);
    assert_eq!(machine.changed_since(&before), [CRONTAB]);
}

/// Run by [`a_kill_at_every_moment_can_be_undone`] in a process of its own.
#[test]
#[ignore = "part of another test"]
fn the_killed() {
    let (Ok(root), Ok(at)) = (std::env::var(KILLED_ROOT), std::env::var(KILL_AT)) else { return };
    let (root, mut left) = (PathBuf::from(root), at.parse::<usize>().unwrap());
    let system = System::new(Root::at(&root).unwrap(), Runner::Nobody);
    let (state_dir, lock) = (root.join(STATE), root.parent().unwrap().join("run/lock"));
    let job =
        MigrationJob { system: &system, state_dir: &state_dir, lock: &lock, from: None, own_file: OwnFile::IsReplaced };
    let mut kill = |_, _: &str| {
        left -= 1;
        if left == 0 {
            let own = std::process::id().to_string();
            Command::new("kill").args(["-9", &own]).status().unwrap();
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
    };
    if std::env::var_os(KILLED_UNDO).is_some() {
        undo_migration(&system, &state_dir, &lock, &mut kill).unwrap();
    } else {
        let plan = migration_plan(&job).unwrap();
        migrate(&job, &plan, &mut kill).unwrap();
    }
}

/// Kills a migration of this machine, or its undo, at this moment; whether there was such a moment.
fn is_killed(machine: &Machine, at: usize, undo: bool) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "migrate::the_killed", "--ignored", "--quiet"]);
    command.env(KILLED_ROOT, machine.root()).env(KILL_AT, at.to_string());
    let ended = command.envs(undo.then_some((KILLED_UNDO, "1"))).output().unwrap();
    if !ended.status.success() {
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended.status), Some(9), "{at}: {ended:?}");
    }
    !ended.status.success()
}

#[test]
fn a_kill_at_every_moment_can_be_undone_or_gone_on_with() {
    for at in 1.. {
        let machine = Machine::with_proxsave();
        let before = machine.tree();
        if !is_killed(&machine, at, false) {
            assert!(at > 25, "only {at} moments");
            return;
        }
        if at % 3 == 0 {
            // What a kill in the middle of a write leaves.
            let left = machine.at("etc/proxmox-config-backup/.backup.env.migrating");
            std::fs::write(left, "half").unwrap();
            machine.expect(0, &["migrate", "--yes"]);
            assert!(machine.expect(0, &["migrate", "--yes"]).contains("There is nothing to do."), "{at}");
        }
        machine.expect(0, &["migrate", "--undo", "--yes"]);
        let changed = machine.changed_since(&before);
        assert_eq!(changed.iter().filter(|name| !name.ends_with(".migrating")).count(), 0, "{at}: {changed:?}");
    }
}

#[test]
fn an_undo_that_is_killed_at_any_moment_goes_on() {
    for at in 1.. {
        let machine = Machine::with_proxsave();
        let before = machine.tree();
        machine.expect(0, &["migrate", "--yes"]);
        if !is_killed(&machine, at, true) {
            assert!(at > 25, "only {at} moments");
            assert_eq!(machine.changed_since(&before), [""; 0]);
            return;
        }
        machine.expect(0, &["migrate", "--undo", "--yes"]);
        assert_eq!(machine.changed_since(&before), [""; 0], "{at}");
    }
}

#[test]
fn what_is_in_the_way_stays_and_is_said() {
    let machine = Machine::with_proxsave();
    machine.link("proxsave.migrated", "/somewhere");
    machine.write("etc/systemd/system/proxmox-config-backup.timer.d/mine.conf", "[Timer]\n", 0o644);
    std::fs::remove_file(machine.at("etc/systemd/system/timers.target.wants/proxmox-config-backup.timer")).unwrap();
    let keys = "etc/proxmox-config-backup/age/recipients.txt";
    machine.write(keys, "# first\nage1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z", 0o600);
    machine.write(&format!("{STATE}/server-identity"), "1234567890123456\n", 0o600);
    machine.write(
        "etc/apt/apt.conf.d/90old",
        "DPkg::Pre-Invoke { \"/usr/local/bin/proxsave --backup\"; };\n// /opt/proxsave\n",
        0o644,
    );
    let before = machine.tree();
    let text = machine.expect(0, &["migrate", "--yes"]);
    for said in [
        "/usr/local/bin/proxsave leads to ProxSave and stays",
        "timer.d/mine.conf), which stay",
        "systemctl enable --now proxmox-config-backup.timer",
        "1234567890123456 here and 7109226450519581 there",
        "/etc/apt/apt.conf.d/90old names ProxSave",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let added = format!("z\n# passphrase-salt: {SALT}\n# mine\n{RECIPIENT}\n");
    assert!(
        machine.text(keys).starts_with("# first\n") && machine.text(keys).ends_with(&added),
        "{}",
        machine.text(keys)
    );
    assert_eq!(machine.text(&format!("{STATE}/server-identity")), "1234567890123456\n");
    machine.expect(0, &["migrate", "--undo", "--yes"]);
    assert_eq!(machine.changed_since(&before), [""; 0]);
}

#[test]
fn a_list_of_recipients_that_holds_something_else_is_refused() {
    let machine = Machine::with_proxsave();
    machine.write("opt/proxsave/identity/age/recipient.txt", "AGE-SECRET-KEY-1QQ\n", 0o600);
    let before = machine.tree();
    let text = machine.expect(4, &["migrate", "--yes"]);
    assert!(text.contains("recipient.txt: line ") && !text.contains("KEY-1QQ"), "{text}");
    assert_eq!(machine.changed_since(&before), [""; 0]);
}

#[test]
fn which_tool_is_said_where_there_are_two_and_what_is_none_is_refused() {
    let machine = Machine::with_bash();
    machine.write("opt/proxsave/configs/backup.env", "MAX_LOCAL_BACKUPS=5\n", 0o600);
    let before = machine.tree();
    assert!(machine.expect(2, &["migrate"]).contains("--from"));
    assert!(
        machine.expect(0, &["migrate", "--plan", "--from", "/opt/proxsave/"]).contains("ProxSave in /opt/proxsave")
    );
    machine.expect(2, &["migrate", "--from", "/etc"]);
    machine.expect(2, &["migrate", "--from", "/opt/../etc"]);
    machine.expect(3, &["migrate", "--from", "/opt/nothing"]);
    machine.expect(3, &["migrate", "--undo", "--yes"]);
    machine.write("opt/proxsave/configs/backup.env", "MAX_LOCAL_BACKUPS=many\n", 0o600);
    let text = machine.expect(2, &["migrate", "--from", "/opt/proxsave"]);
    assert!(text.contains("backup.env:1: MAX_LOCAL_BACKUPS"), "{text}");
    machine.write("opt/proxsave/configs/backup.env", "MAX_LOCAL_BACKUPS=5\n", 0o666);
    machine.expect(2, &["migrate", "--from", "/opt/proxsave"]);
    machine.write("opt/proxsave/configs/backup.env", "MAX_LOCAL_BACKUPS=5\n", 0o600);
    assert_eq!(machine.changed_since(&before).len(), 1, "the file just written");
    assert!(Machine::installed().expect(3, &["migrate"]).contains("no older tool"));
}
