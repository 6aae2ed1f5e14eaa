//! Messages as their receivers get them: real servers on the loopback network look at each request and
//! answer well, badly, slowly or not at all, and the backup is the same in all cases.

mod central;
mod channels;
mod early;
mod every;
mod mail;
mod mail_server;
mod mail_trouble;
mod ntfy;
pub(crate) mod receiver;
mod secrets;
mod trouble;

use std::process::Output;

use crate::sample::Sample;
use receiver::{Heard, Receiver, Reply};

const TOKEN: &str = "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";

/// A small host whose backups end without a warning.
fn host() -> Sample {
    let sample = Sample::empty("pve1");
    sample.plant("/etc/hostname", "pve1\n");
    sample.plant("/etc/hosts", "127.0.0.1 pve1\n");
    sample.plant("/etc/network/interfaces", "auto lo\n");
    sample
}

fn said(output: &Output) -> String {
    [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat()
}

/// One webhook, called `ops`.
fn webhook(receiver: &Receiver, more: &str) -> String {
    format!(
        "WEBHOOK_ENABLED=true\nWEBHOOK_ENDPOINTS=ops\nWEBHOOK_OPS_URL={}/hook\nWEBHOOK_RETRY_DELAY=0\n{more}",
        receiver.address()
    )
}

/// The exit code and what was said by `notify test` with these settings.
fn tried(settings: &str) -> (Option<i32>, String) {
    let sample = host();
    sample.configure(settings);
    let output = sample.run(["notify", "test"]);
    (output.status.code(), said(&output))
}
