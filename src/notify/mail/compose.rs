//! A message as the bytes of an e-mail: plain ASCII in short lines, whatever the host is called and
//! whatever its problems say. Pure but for [`fresh_id`].

use std::time::SystemTime;

use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use ring::rand::{SecureRandom, SystemRandom};

use crate::config;
use crate::notify::NotifyError;
use crate::report::Message;
use crate::system::hex;

/// Characters of a subject: what fits into one line of any reader several times, and a header line of
/// ASCII without a space into the 998 bytes of RFC 5322.
const SUBJECT: usize = 400;

/// Longest label and longest name of DNS.
const LONGEST: (usize, usize) = (63, 200);

/// All that an e-mail is made of.
pub(super) struct Letter<'a> {
    /// What it says.
    pub(super) message: &'a Message,
    /// Sender, prefix and list.
    pub(super) settings: &'a config::Mail,
    /// This host's name as addresses take it.
    pub(super) domain: String,
    /// What no other message has.
    pub(super) id: String,
    /// Whole addresses and users of this machine.
    pub(super) to: &'a [String],
}

impl Letter<'_> {
    /// The sender's address.
    pub(super) fn from(&self) -> String {
        self.settings.from.clone().unwrap_or_else(|| format!("root@{}", self.domain))
    }

    /// The whole subject.
    pub(super) fn subject(&self) -> String {
        let prefix = &self.settings.subject_prefix;
        let space = if prefix.is_empty() { "" } else { " " };
        let whole = format!("{prefix}{space}{}", self.message.subject);
        match whole.char_indices().nth(SUBJECT) {
            Some((at, _)) => format!("{}…", &whole[..at]),
            None => whole,
        }
    }

    /// Headers and body with CRLF, as mail servers take it.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, NotifyError> {
        let mut builder = lettre::Message::builder()
            .from(mailbox(&self.from())?)
            .subject(self.subject())
            .date(SystemTime::from(self.message.moment))
            .message_id(Some(format!("<{}@{}>", self.id, self.domain)))
            .raw_header(header("Auto-Submitted", "auto-generated")?)
            .raw_header(header("X-Auto-Response-Suppress", "All")?);
        for to in self.to {
            let whole = if to.contains('@') { to.clone() } else { format!("{to}@{}", self.domain) };
            builder = builder.to(mailbox(&whole)?);
        }
        if let Some(list) = &self.settings.list_id {
            let id = if list.contains('<') { list.clone() } else { format!("<{list}>") };
            builder = builder.raw_header(header("List-Id", &id)?);
        }
        let text = part(ContentType::TEXT_PLAIN, &self.message.text)?;
        let whole = if self.message.html.is_empty() {
            builder.singlepart(text)
        } else {
            let html = part(ContentType::TEXT_HTML, &self.message.html)?;
            builder.multipart(MultiPart::alternative().singlepart(text).singlepart(html))
        };
        whole.map(|mail| mail.formatted()).map_err(|_| unfit("headers"))
    }
}

/// Random, for the `Message-ID`: a mail that comes twice is seen to be the same.
pub(super) fn fresh_id() -> String {
    let mut bytes = [0; 16];
    // Without randomness two mails are taken for one; that is no reason to send none.
    let _ = SystemRandom::new().fill(&mut bytes);
    hex(&bytes)
}

/// A host's name as addresses take it: letters, digits, `-` and dots. `pve_1.lan.` → `pve-1.lan`.
pub(super) fn domain_of(name: &str) -> String {
    let valid = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let label = |label: &str| {
        let label: String = label.chars().take(LONGEST.0).map(valid).collect();
        label.trim_matches('-').to_owned()
    };
    let labels: Vec<String> = name.split('.').map(label).filter(|label| !label.is_empty()).collect();
    let mut domain = labels.join(".");
    domain.truncate(LONGEST.1);
    let domain = domain.trim_end_matches(['-', '.']);
    let is_usable = format!("root@{domain}").parse::<Address>().is_ok();
    if is_usable { domain.to_owned() } else { "localhost".to_owned() }
}

fn mailbox(address: &str) -> Result<Mailbox, NotifyError> {
    let address = address.parse::<Address>().map_err(|_| unfit("the sender's or a recipient's address"))?;
    Ok(Mailbox::new(None, address))
}

fn header(name: &'static str, value: &str) -> Result<HeaderValue, NotifyError> {
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| unfit("headers"))?;
    Ok(HeaderValue::new(name, value.to_owned()))
}

/// Quoted-printable keeps lines short and most of the text readable to whoever looks at a mail's source.
fn part(kind: ContentType, text: &str) -> Result<SinglePart, NotifyError> {
    let body = Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable);
    Ok(SinglePart::builder().header(kind).body(body.map_err(|_| unfit("text"))?))
}

fn unfit(what: &str) -> NotifyError {
    NotifyError::Setting(format!("{what} cannot be put into an e-mail"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mail;
    use crate::host::Host;
    use crate::report::RunReport;

    fn written(message: &Message, settings: &Mail, to: &[&str]) -> String {
        let to: Vec<String> = to.iter().map(ToString::to_string).collect();
        let letter = Letter { message, settings, domain: "pve1.lan".into(), id: "42".into(), to: &to };
        let bytes = letter.bytes().unwrap();
        assert!(bytes.is_ascii() && bytes.split(|b| *b == b'\n').all(|line| line.len() <= 998));
        String::from_utf8(bytes).unwrap()
    }

    /// Without a page.
    fn example() -> Message {
        let host = Host { name: "pve1".into(), ..Host::default() };
        Message { html: String::new(), ..RunReport::example(host, None, chrono::DateTime::default()) }
    }

    #[test]
    fn any_name_of_a_host_becomes_a_domain() {
        for (name, domain) in [
            ("pve1", "pve1"),
            ("PVE_1.Example.com.", "pve-1.example.com"),
            ("-a-..b", "a.b"),
            ("höst", "h-st"),
            ("", "localhost"),
            ("ü", "localhost"),
            ("a b\r\nBcc: x@y", "a-b--bcc--x-y"),
        ] {
            assert_eq!(domain_of(name), domain, "{name:?}");
        }
        for name in ["x".repeat(300), "ab.".repeat(300), "-".repeat(64), format!("{}é.x", "a".repeat(62))] {
            let domain = domain_of(&name);
            assert!(domain.len() <= LONGEST.1 && format!("root@{domain}").parse::<Address>().is_ok(), "{domain}");
        }
    }

    #[test]
    fn headers_say_whence_whither_and_that_no_human_wrote_it() {
        let settings = Mail { list_id: Some("backup.lan".into()), subject_prefix: "[x]".into(), ..Mail::to_root() };
        let mail = written(&example(), &settings, &["root", "a@example.com"]);
        for line in [
            "From: root@pve1.lan\r\n",
            "To: root@pve1.lan, a@example.com\r\n",
            "Subject: [x] [TEST] Backup of pve1: an example, ",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
            "Message-ID: <42@pve1.lan>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "List-Id: <backup.lan>\r\n",
            "MIME-Version: 1.0\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
        ] {
            assert!(mail.contains(line), "{line}: {mail}");
        }
        assert!(!mail.contains("multipart"));
    }

    #[test]
    fn a_page_comes_beside_the_text_and_nothing_breaks_out_of_a_line() {
        let text = format!("{}\nFrom me\n.\n{}\n", "ü".repeat(5000), "x".repeat(5000));
        let message = Message {
            html: format!("<p>{}</p>", "ä".repeat(9000)),
            text,
            subject: format!("✗\r\nBcc: x@y {}", "w".repeat(2000)),
            ..example()
        };
        let mail = written(&message, &Mail { subject_prefix: "p".repeat(64 * 1024), ..Mail::to_root() }, &["a@b.c"]);
        assert!(mail.contains("multipart/alternative") && !mail.contains("\nBcc:"));
        let mail = written(&message, &Mail::to_root(), &["a@b.c"]);
        assert!(!mail.contains("\nBcc:") && mail.contains("Content-Type: text/html; charset=utf-8\r\n"));
    }
}
