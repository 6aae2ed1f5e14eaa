//! The log as its readers have it: systemd's own journal, a real syslogd, a terminal.

mod journal;
mod screen;
mod syslog;
