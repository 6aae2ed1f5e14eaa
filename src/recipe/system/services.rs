//! What runs, when, and with which options.

use crate::recipe::shorthand::{file, installed, tree};
use crate::recipe::{Item, Product, Recipe, Switch, WayBack, When};

pub(super) const SYSTEMD: Recipe = Recipe {
    id: "system-systemd",
    title: "Units and overrides",
    product: Product::System,
    switch: Some(Switch::on(
        "BACKUP_SYSTEMD_SERVICES",
        &[],
        "systemd units, overrides and options",
    )),
    when: When::Always,
    items: &[
        tree("/etc/systemd/system"),
        tree("/etc/systemd/user"),
        Item::Glob("/etc/systemd/*.conf"),
        Item::Glob("/etc/systemd/*.conf.d"),
        Item::Glob("/etc/systemd/system*.control"),
        tree("/etc/systemd/system-preset"),
        tree("/etc/tmpfiles.d"),
        installed(
            &[
                "systemctl",
                "list-units",
                "--type=service",
                "--all",
                "--no-pager",
            ],
            "services.txt",
        ),
        installed(
            &["systemctl", "list-unit-files", "--no-pager"],
            "unit_files.txt",
        ),
        installed(
            &["systemctl", "list-units", "--failed", "--no-pager"],
            "failed_units.txt",
        ),
    ],
    secrets: &[],
    way_back: WayBack::Files,
};

pub(super) const CRON: Recipe = Recipe {
    id: "system-cron",
    title: "Cron jobs",
    product: Product::System,
    switch: Some(Switch::on(
        "BACKUP_CRON_JOBS",
        &["BACKUP_CRONTABS"],
        "cron tables of the system and of users",
    )),
    when: When::Always,
    items: &[
        file("/etc/crontab"),
        file("/etc/anacrontab"),
        tree("/etc/cron.d"),
        tree("/etc/cron.hourly"),
        tree("/etc/cron.daily"),
        tree("/etc/cron.weekly"),
        tree("/etc/cron.monthly"),
        file("/etc/cron.allow"),
        file("/etc/cron.deny"),
        tree("/var/spool/cron/crontabs"),
    ],
    secrets: &[],
    way_back: WayBack::Files,
};

pub(super) const DEFAULTS: Recipe = Recipe {
    id: "system-defaults",
    title: "Options of services",
    product: Product::System,
    switch: None,
    when: When::Always,
    items: &[
        tree("/etc/default"),
        tree("/etc/logrotate.d"),
        file("/etc/logrotate.conf"),
        file("/etc/rsyslog.conf"),
        tree("/etc/rsyslog.d"),
        file("/etc/smartd.conf"),
        tree("/etc/smartmontools"),
        tree("/etc/nut"),
        tree("/etc/apcupsd"),
        tree("/etc/snmp"),
        tree("/etc/zabbix"),
        tree("/etc/telegraf"),
        tree("/etc/prometheus"),
        tree("/etc/check_mk"),
        file("/etc/ksmtuned.conf"),
        tree("/etc/watchdog.d"),
        tree("/etc/lxc"),
        file("/etc/fuse.conf"),
        tree("/etc/ld.so.conf.d"),
        tree("/etc/sensors.d"),
        file("/etc/fancontrol"),
        file("/etc/hdparm.conf"),
        file("/etc/watchdog.conf"),
        tree("/etc/needrestart"),
        tree("/etc/dbus-1/system.d"),
        tree("/etc/profile.d"),
        file("/etc/profile"),
        file("/etc/bash.bashrc"),
        file("/etc/environment"),
        file("/etc/inputrc"),
        file("/etc/shells"),
        file("/etc/rc.local"),
        tree("/etc/vim"),
    ],
    secrets: &[
        "/etc/nut/**",
        "/etc/snmp/**",
        "/etc/zabbix/**",
        "/etc/telegraf/**",
    ],
    way_back: WayBack::Files,
};

pub(super) const MAIL: Recipe = Recipe {
    id: "system-mail",
    title: "Mail delivery",
    product: Product::System,
    switch: None,
    when: When::Always,
    items: &[
        tree("/etc/postfix"),
        file("/etc/aliases"),
        file("/etc/mailname"),
        file("/etc/msmtprc"),
        tree("/etc/ssmtp"),
        tree("/etc/exim4"),
    ],
    secrets: &[
        "/etc/postfix/sasl*",
        "/etc/msmtprc",
        "/etc/ssmtp/**",
        "/etc/exim4/passwd.client",
    ],
    way_back: WayBack::Files,
};
