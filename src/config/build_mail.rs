//! Checked values → what is set about e-mail, and what does not fit together there.

use std::net::IpAddr;

use lettre::Address;

use super::build_notify::Draft;
use super::check::Checked;
use super::finding::shown;
use super::notify::{Mail, MailWay, Relay, Smtp};
use crate::secret::Secret;

/// The older tools' own relay wrote under this name, and their files have it as the sender. Sent from
/// here, receivers would take the mail for forged.
const OLD_SENDER: &str = "no-reply@proxmox.tis24.it";

/// Longest name of a mailbox and longest address (RFC 5321).
const LONGEST: (usize, usize) = (64, 254);

/// What is not as one might think, and no mistake: key and reason.
pub(super) fn notices(checked: &Checked) -> Vec<(&'static str, String)> {
    let mut notices = Vec::new();
    if !checked.bool("EMAIL_ENABLED") {
        return notices;
    }
    let method = checked.word("EMAIL_DELIVERY_METHOD");
    let spelled = |key| checked.spelled("EMAIL_DELIVERY_METHOD", key);
    if method == "relay" && checked.text("CLOUDFLARE_WORKER_URL").is_empty() {
        let url = spelled("CLOUDFLARE_WORKER_URL");
        let reason = format!("does not count: no relay is built in and {url} names none; sendmail is used");
        notices.push(("EMAIL_DELIVERY_METHOD", reason));
    }
    if method == "pmf" && !checked.text("EMAIL_RECIPIENT").is_empty() {
        let reason = "does not count: Proxmox's notifications are told by mail to local root";
        notices.push(("EMAIL_RECIPIENT", reason.to_owned()));
    }
    if checked.text("EMAIL_FROM").eq_ignore_ascii_case(OLD_SENDER) {
        let reason = "does not count: it is the sender of the older tool's relay; root at this host is used";
        notices.push(("EMAIL_FROM", reason.to_owned()));
    }
    if method == "smtp" && !checked.bool("SMTP_USE_TLS") && !checked.text("SMTP_USERNAME").is_empty() {
        let reason = "lets the password go over the network unencrypted where the server has no STARTTLS";
        notices.push(("SMTP_USE_TLS", reason.to_owned()));
    }
    notices
}

impl Draft<'_> {
    pub(super) fn mail(&mut self) -> Option<Mail> {
        if !self.checked.bool("EMAIL_ENABLED") {
            return None;
        }
        let method = self.checked.word("EMAIL_DELIVERY_METHOD");
        let way = match method {
            "smtp" => MailWay::Smtp(self.smtp()),
            "relay" if !self.secret("CLOUDFLARE_WORKER_URL").is_empty() => MailWay::Relay(self.relay()),
            _ => MailWay::Sendmail,
        };
        let to = self.recipients(method);
        Some(Mail {
            falls_back: self.checked.bool("EMAIL_FALLBACK_SENDMAIL"),
            to: if method == "pmf" { Mail::to_root().to } else { to },
            from: self.sender(),
            subject_prefix: self.checked.text("EMAIL_SUBJECT_PREFIX"),
            list_id: self.list_id(),
            way,
        })
    }

    fn smtp(&mut self) -> Smtp {
        let server = self.needed("EMAIL_DELIVERY_METHOD", "SMTP_SERVER").expose().to_owned();
        if !server.is_empty() && !is_server(&server) {
            self.wrong("SMTP_SERVER", "is no name of a server", "mail.example.com; its port is SMTP_PORT");
        }
        let user = self.secret("SMTP_USERNAME");
        let password = self.secret("SMTP_PASSWORD");
        match (user.is_empty(), password.is_empty()) {
            (false, true) => drop(self.needed("SMTP_USERNAME", "SMTP_PASSWORD")),
            (true, false) => drop(self.needed("SMTP_PASSWORD", "SMTP_USERNAME")),
            _ => {}
        }
        Smtp {
            server,
            port: self.checked.number("SMTP_PORT").and_then(|port| u16::try_from(port).ok()).unwrap_or(587),
            login: (!user.is_empty()).then(|| (user.expose().to_owned(), password)),
            needs_tls: self.checked.bool("SMTP_USE_TLS"),
        }
    }

    fn relay(&mut self) -> Relay {
        let token = self.secret("CLOUDFLARE_WORKER_TOKEN");
        self.header_value("CLOUDFLARE_WORKER_TOKEN", &token);
        let retries = self.checked.number("WORKER_MAX_RETRIES");
        Relay {
            url: self.secret("CLOUDFLARE_WORKER_URL"),
            token,
            hmac: self.secret("HMAC_SECRET"),
            limit: self.checked.duration("WORKER_TIMEOUT"),
            retries: retries.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
            delay: self.checked.duration("WORKER_RETRY_DELAY"),
        }
    }

    fn recipients(&mut self, method: &str) -> Vec<String> {
        let text = self.checked.text("EMAIL_RECIPIENT");
        let mut all: Vec<String> = Vec::new();
        for entry in text.split([',', ';']).map(str::trim).filter(|entry| !entry.is_empty()) {
            let is_whole = is_address(entry);
            if !is_whole && !is_local(entry) {
                let reason = format!("has an entry \"{}\" that is no address", shown(entry));
                self.wrong("EMAIL_RECIPIENT", reason, "name@example.com, a comma between several");
            } else if !is_whole && method == "smtp" {
                let reason = format!("has \"{}\", which no mail server knows", shown(entry));
                self.wrong("EMAIL_RECIPIENT", reason, "a whole address: name@example.com");
            } else if !all.iter().any(|known| known == entry) {
                all.push(entry.to_owned());
            }
        }
        all
    }

    fn sender(&mut self) -> Option<String> {
        let text = self.checked.text("EMAIL_FROM");
        if text.is_empty() || text.eq_ignore_ascii_case(OLD_SENDER) {
            return None;
        }
        if !is_address(&text) {
            self.wrong("EMAIL_FROM", "is no address", "name@example.com");
        }
        Some(text)
    }

    fn list_id(&mut self) -> Option<String> {
        let text = self.secret("LIST_ID_HEADER");
        self.header_value("LIST_ID_HEADER", &text);
        if text.expose().len() > LONGEST.1 {
            self.wrong("LIST_ID_HEADER", format!("is longer than {} characters", LONGEST.1), "");
        }
        Some(text).filter(|text| !text.is_empty()).map(|text: Secret| text.expose().to_owned())
    }
}

/// What every mail program takes: umlauts before the @ need an extension that few have, those behind it
/// are written as `xn--…`.
pub fn is_address(text: &str) -> bool {
    let has_odd = |text: &str| text.bytes().any(|b| !(33..127).contains(&b) || b"\"<>()[]\\,;:".contains(&b));
    text.len() <= LONGEST.1
        && !text.starts_with('-')
        && text.rsplit_once('@').is_some_and(|(user, domain)| {
            user.len() <= LONGEST.0 && !has_odd(user) && (!has_odd(domain) || domain.starts_with('['))
        })
        && text.parse::<Address>().is_ok()
}

/// A user of this machine.
fn is_local(text: &str) -> bool {
    text.len() <= LONGEST.0
        && !text.starts_with(['-', '.'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b))
}

fn is_server(text: &str) -> bool {
    let is_name = text.len() <= LONGEST.1
        && !text.starts_with(['-', '.'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    is_name || text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::build_notify;
    use super::super::check::check;
    use super::super::{Origin, Setting};
    use super::*;

    fn drafted(lines: &str) -> (Option<Mail>, Vec<String>) {
        let setting = |(text, line): (&str, usize)| {
            let (key, value) = text.split_once('=').unwrap();
            Setting { key: key.into(), value: value.into(), origin: Origin::File { path: "/c".into(), line } }
        };
        let settings: Vec<Setting> = lines.lines().zip(1..).map(setting).collect();
        let (checked, findings) = check(&settings, None);
        (build_notify::notify(&checked).0.mail, findings.iter().map(ToString::to_string).collect())
    }

    fn mail(lines: &str) -> Mail {
        let (mail, findings) = drafted(&format!("EMAIL_ENABLED=true\n{lines}"));
        assert_eq!(findings, [""; 0]);
        mail.unwrap()
    }

    #[test]
    fn little_said_is_sendmail_to_whom_it_may_concern() {
        assert_eq!(drafted("EMAIL_RECIPIENT=not looked at").0, None);
        let usual = mail("");
        assert_eq!(usual, Mail { falls_back: true, to: Vec::new(), ..Mail::to_root() });
        assert_eq!(mail("EMAIL_DELIVERY_METHOD=pfm").to, ["root"]);
        let several = mail("EMAIL_RECIPIENT=root, a@example.com;b+c@[192.0.2.1] ,a@example.com");
        assert_eq!(several.to, ["root", "a@example.com", "b+c@[192.0.2.1]"]);
    }

    #[test]
    fn each_way_has_its_settings() {
        let smtp = mail(
            "EMAIL_DELIVERY_METHOD=smtp\nSMTP_SERVER=mail.example.com\nSMTP_PORT=465\nSMTP_USERNAME=u\nSMTP_PASSWORD=p\n\
             EMAIL_FALLBACK_SENDMAIL=no\nEMAIL_FROM=pve@example.com\nEMAIL_SUBJECT_PREFIX=[x]\nLIST_ID_HEADER=<b.example>",
        );
        let expected = Smtp {
            server: "mail.example.com".into(),
            port: 465,
            login: Some(("u".into(), Secret::new("p".into()))),
            needs_tls: true,
        };
        assert_eq!(smtp.way, MailWay::Smtp(expected));
        assert_eq!((smtp.falls_back, smtp.subject_prefix.as_str()), (false, "[x]"));
        assert_eq!((smtp.from.as_deref(), smtp.list_id.as_deref()), (Some("pve@example.com"), Some("<b.example>")));
        let relay = mail(
            "EMAIL_DELIVERY_METHOD=ses\nCLOUDFLARE_WORKER_URL=https://h/send\nCLOUDFLARE_WORKER_TOKEN=t\n\
             HMAC_SECRET=s\nWORKER_TIMEOUT=9\nWORKER_MAX_RETRIES=1\nWORKER_RETRY_DELAY=0",
        );
        let MailWay::Relay(relay) = relay.way else { panic!("{relay:?}") };
        assert_eq!((relay.url.expose(), relay.token.expose(), relay.hmac.expose()), ("https://h/send", "t", "s"));
        assert_eq!((relay.limit.as_secs(), relay.retries, relay.delay.as_secs()), (9, 1, 0));
    }

    #[test]
    fn what_an_older_tool_meant_otherwise_is_told_and_no_mistake() {
        let (mail, findings) = drafted(
            "EMAIL_ENABLED=true\nEMAIL_DELIVERY_METHOD=relay\nEMAIL_FROM=no-reply@proxmox.tis24.it\nEMAIL_SUBJECT_PREFIX=[P]",
        );
        let mail = mail.unwrap();
        assert_eq!((mail.way, mail.from), (MailWay::Sendmail, None));
        assert_eq!(
            findings,
            [
                "/c:2: EMAIL_DELIVERY_METHOD: does not count: no relay is built in and CLOUDFLARE_WORKER_URL names none; sendmail is used",
                "/c:3: EMAIL_FROM: does not count: it is the sender of the older tool's relay; root at this host is used",
            ]
        );
        let (mail, findings) =
            drafted("EMAIL_ENABLED=true\nEMAIL_DELIVERY_METHOD=pmf\nEMAIL_RECIPIENT=a@example.com\nSMTP_SERVER= x y");
        assert_eq!((mail.unwrap().to, findings.len()), (vec!["root".to_owned()], 1));
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_key_and_line() {
        let (_, findings) = drafted(
            "EMAIL_ENABLED=true\nEMAIL_DELIVERY_METHOD=smtp\nSMTP_USERNAME=me\nEMAIL_FROM=root\n\
             EMAIL_RECIPIENT=root,a b@x,ü@example.com,-oQ/tmp@x,a@b@c\nLIST_ID_HEADER=ü",
        );
        let no_address = |entry| {
            format!(
                "/c:5: EMAIL_RECIPIENT: \"root,a b@x,ü@example.com,-oQ/tmp@x,a@b@c\" has an entry \"{entry}\" that is no address (name@example.com, a comma between several)"
            )
        };
        let mut expected = vec![
            "/c:2: EMAIL_DELIVERY_METHOD: \"smtp\" needs SMTP_SERVER".to_owned(),
            "/c:3: SMTP_USERNAME: \"me\" needs SMTP_PASSWORD".to_owned(),
            "/c:4: EMAIL_FROM: \"root\" is no address (name@example.com)".to_owned(),
            "/c:5: EMAIL_RECIPIENT: \"root,a b@x,ü@example.com,-oQ/tmp@x,a@b@c\" has \"root\", which no mail server knows (a whole address: name@example.com)".to_owned(),
        ];
        expected.extend(["a b@x", "ü@example.com", "-oQ/tmp@x", "a@b@c"].map(no_address));
        expected.push("/c:6: LIST_ID_HEADER: \"ü\" has characters that a header cannot hold".to_owned());
        assert_eq!(findings, expected);
        let (_, findings) = drafted(
            "EMAIL_ENABLED=true\nEMAIL_DELIVERY_METHOD=smtp\nSMTP_SERVER=mail.example.com:25\nSMTP_PASSWORD=hunter2\n\
             EMAIL_SUBJECT_PREFIX=a\rBcc: b@c",
        );
        assert_eq!(
            findings,
            [
                "/c:3: SMTP_SERVER: \"mail.example.com:25\" is no name of a server (mail.example.com; its port is SMTP_PORT)",
                "/c:4: SMTP_PASSWORD: \"***\" needs SMTP_USERNAME",
                "/c:5: EMAIL_SUBJECT_PREFIX: \"a\u{fffd}Bcc: b@c\" has a control character in it",
            ]
        );
        let unsigned = "EMAIL_ENABLED=true\nEMAIL_DELIVERY_METHOD=relay\nCLOUDFLARE_WORKER_URL=https://h\nCLOUDFLARE_WORKER_TOKEN=hünter2";
        let expected = "/c:4: CLOUDFLARE_WORKER_TOKEN: \"***\" has characters that a header cannot hold";
        assert_eq!(drafted(unsigned).1, [expected]);
    }
}
