//! A real mail server on the loopback network, by Python's aiosmtpd, and what it was given as Python's
//! reader of mail understands it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::trouble::openssl;
use crate::sample::skip;

/// The password of `backup` there.
pub(super) const PASSWORD: &str = "C4naryMailPassword";

pub(super) struct MailServer {
    python: Child,
    pub(super) port: u16,
    dir: tempfile::TempDir,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.python.kill();
        let _ = self.python.wait();
    }
}

/// The mail as its reader sees it.
#[derive(Debug)]
pub(super) struct Mail(pub(super) Value);

impl Mail {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.0["headers"].as_array().unwrap();
        headers.iter().find(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name))?[1].as_str()
    }

    /// Of this type.
    pub(super) fn part(&self, kind: &str) -> Option<&str> {
        self.0["parts"].as_array().unwrap().iter().find(|part| part[0] == kind)?[1].as_str()
    }
}

impl MailServer {
    /// `None` where there is none to be had, which is said.
    pub(super) fn start(settings: &Value) -> Option<Self> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = repository.join("target/smtp-server/bin/python3");
        if !program.exists() {
            skip("there is no mail server: make deps");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let mut python = Command::new(program)
            .arg(repository.join("tests/notify/mail_server.py"))
            .arg(settings.to_string())
            .arg(dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(python.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| panic!("the mail server does not start: {settings}"));
        Some(Self { python, port, dir })
    }

    /// Without encryption and login.
    pub(super) fn plain() -> Option<Self> {
        Self::start(&json!({ "mode": "plain" }))
    }

    /// Without encryption and login, answering these lines to these commands.
    pub(super) fn saying(replies: &Value) -> Option<Self> {
        Self::start(&json!({ "mode": "plain", "replies": replies }))
    }

    /// In their order.
    pub(super) fn mails(&self) -> Vec<Mail> {
        let file = |number: u32| std::fs::read(self.dir.path().join(format!("{number}.json"))).ok();
        (1..).map_while(file).map(|text| Mail(serde_json::from_slice(&text).unwrap())).collect()
    }

    /// The only one.
    #[track_caller]
    pub(super) fn only(&self) -> Mail {
        let mut mails = self.mails();
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }

    pub(super) fn connections(&self) -> usize {
        std::fs::read_to_string(self.dir.path().join("connections")).unwrap_or_default().lines().count()
    }

    /// The settings of a mail by this server, without encryption.
    pub(super) fn settings(&self) -> String {
        smtp(self.port, "SMTP_USE_TLS=false\n")
    }
}

pub(super) fn smtp(port: u16, more: &str) -> String {
    format!(
        "EMAIL_ENABLED=true\nEMAIL_DELIVERY_METHOD=smtp\nSMTP_SERVER=127.0.0.1\nSMTP_PORT={port}\n\
         EMAIL_RECIPIENT=admin@example.com\n{more}"
    )
}

/// An authority of our own and a certificate of it for these names: `ca.pem`, `own.pem`, `own.key`.
pub(super) fn certificate(dir: &Path, names: &str) -> PathBuf {
    // Two of one name would be taken for one with a bad signature.
    let name = dir.file_name().unwrap().to_string_lossy();
    openssl(dir, &format!("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=CA{name}"));
    std::fs::write(dir.join("names"), format!("subjectAltName={names}\n")).unwrap();
    openssl(dir, "req -newkey rsa:2048 -nodes -keyout own.key -out own.csr -subj /CN=own");
    openssl(dir, "x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out own.pem");
    dir.join("ca.pem")
}
