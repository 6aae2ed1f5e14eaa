//! A public key an archive is encrypted for: `age1…`, `ssh-ed25519 …`, `ssh-rsa …`.
//!
//! A refused text is never repeated in the message: what was pasted may be the private key.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bech32::Bech32;
use bech32::primitives::decode::CheckedHrpstring;

use super::private_key::{PrivateKeyKind, looks_like_private_key};

/// A public key.
#[derive(Clone)]
pub struct Recipient {
    kind: RecipientKind,
    text: String,
    key: Key,
}

#[derive(Clone)]
enum Key {
    X25519(age::x25519::Recipient),
    Ssh(Box<age::ssh::Recipient>),
}

/// Which kind of public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientKind {
    /// `age1…`; a passphrase's key is one of these too.
    X25519,
    /// `ssh-ed25519 …`.
    SshEd25519,
    /// `ssh-rsa …`.
    SshRsa,
}

impl fmt::Display for RecipientKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X25519 => "X25519",
            Self::SshEd25519 => "ssh-ed25519",
            Self::SshRsa => "ssh-rsa",
        })
    }
}

/// Why a text is no recipient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// The worst mistake: it would lie on the server.
    #[error("this is an {0}, not a public key: remove it here, keep it elsewhere, and give its public key")]
    PrivateKey(PrivateKeyKind),
    /// Plugins are programs of others, and would have to be there when everything is lost.
    #[error("recipients of the plugin age-plugin-{0} are not supported: only age1…, ssh-ed25519 and ssh-rsa keys")]
    Plugin(String),
    /// `age1pq1…`.
    #[error("post-quantum recipients (age1pq1…) are not supported yet: give an age1… key")]
    PostQuantum,
    /// Its checksum or length is wrong.
    #[error("the {0} key is damaged: it was probably not copied whole")]
    Damaged(&'static str),
    /// Whoever has the archive could open it.
    #[error("the age1… key is one of the few that protect nothing")]
    Worthless,
    /// Below 2048 bits.
    #[error("the ssh-rsa key is too short: 2048 bits at least")]
    WeakRsa,
    /// Above what readers accept.
    #[error("the ssh-rsa key is too long: 4096 bits at most")]
    LongRsa,
    /// ECDSA, DSA, hardware keys.
    #[error("{0} keys cannot encrypt: only ssh-ed25519 and ssh-rsa keys can")]
    SshKind(&'static str),
    /// Nothing we know.
    #[error("this is no public key: age1…, ssh-ed25519 … or ssh-rsa … is expected")]
    Unknown,
}

impl Recipient {
    /// Which kind it is.
    pub fn kind(&self) -> RecipientKind {
        self.kind
    }

    /// The key in its canonical spelling, without an SSH key's comment.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn as_age(&self) -> &dyn age::Recipient {
        match &self.key {
            Key::X25519(key) => key,
            Key::Ssh(key) => key.as_ref(),
        }
    }
}

impl From<age::x25519::Recipient> for Recipient {
    fn from(key: age::x25519::Recipient) -> Self {
        Self { kind: RecipientKind::X25519, text: key.to_string(), key: Key::X25519(key) }
    }
}

impl From<age::ssh::Recipient> for Recipient {
    fn from(key: age::ssh::Recipient) -> Self {
        let kind = match key {
            age::ssh::Recipient::SshRsa(..) => RecipientKind::SshRsa,
            age::ssh::Recipient::SshEd25519(..) => RecipientKind::SshEd25519,
        };
        Self { kind, text: key.to_string(), key: Key::Ssh(Box::new(key)) }
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Recipient {}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Recipient {
    type Err = RecipientError;

    fn from_str(text: &str) -> Result<Self, RecipientError> {
        let text = text.trim();
        if let Some(kind) = looks_like_private_key(text) {
            return Err(RecipientError::PrivateKey(kind));
        }
        if text.starts_with("age1") {
            return native(text);
        }
        let mut words = text.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some(name), Some(key)) => ssh(name, key),
            _ => Err(RecipientError::Unknown),
        }
    }
}

const DAMAGED_AGE: RecipientError = RecipientError::Damaged("age1…");
const DAMAGED_SSH: RecipientError = RecipientError::Damaged("SSH");

fn native(text: &str) -> Result<Recipient, RecipientError> {
    match plugin_name(text) {
        Some("pq") => return Err(RecipientError::PostQuantum),
        Some(name) => return Err(RecipientError::Plugin(name.to_owned())),
        None => {}
    }
    let decoded = CheckedHrpstring::new::<Bech32>(text).map_err(|_| DAMAGED_AGE)?;
    let point = <[u8; 32]>::try_from(decoded.byte_iter().collect::<Vec<_>>()).map_err(|_| DAMAGED_AGE)?;
    if is_worthless(point) {
        return Err(RecipientError::Worthless);
    }
    Ok(text.parse::<age::x25519::Recipient>().map_err(|_| DAMAGED_AGE)?.into())
}

/// bech32 ends its prefix at the last `1`; the prefix `age1NAME` is a plugin's.
fn plugin_name(text: &str) -> Option<&str> {
    let (prefix, _) = text.rsplit_once('1')?;
    let name = prefix.strip_prefix("age1")?;
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_plain.then_some(name)
}

/// The points of low order: their shared secret is zero whatever the other key is, and the age
/// crate stops the process over it. RFC 7748 ignores the highest bit.
fn is_worthless(mut point: [u8; 32]) -> bool {
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
            0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
            0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
        ],
    ];
    point[31] &= 0x7f;
    let is_small = point[0] <= 1 && point[1..].iter().all(|&byte| byte == 0);
    // p - 1, p and p + 1, where p = 2^255 - 19.
    let is_around_p =
        (0xec..=0xee).contains(&point[0]) && point[1..31].iter().all(|&byte| byte == 0xff) && point[31] == 0x7f;
    is_small || is_around_p || ORDER_8.contains(&point)
}

fn ssh(name: &str, key: &str) -> Result<Recipient, RecipientError> {
    match name {
        "ssh-ed25519" | "ssh-rsa" => {}
        "ssh-dss" => return Err(RecipientError::SshKind("DSA")),
        _ if name.starts_with("ecdsa-sha2-") => return Err(RecipientError::SshKind("ECDSA")),
        _ if name.starts_with("sk-") => return Err(RecipientError::SshKind("Hardware")),
        _ => return Err(RecipientError::Unknown),
    }
    if !has_sound_fields(&BASE64_STANDARD.decode(key).map_err(|_| DAMAGED_SSH)?) {
        return Err(DAMAGED_SSH);
    }
    let line = format!("{name} {key}");
    match line.parse::<age::ssh::Recipient>() {
        // The parser ignores what follows a whole key.
        Ok(key) if key.to_string() == line => Ok(key.into()),
        Err(age::ssh::ParseRecipientKeyError::RsaModulusTooSmall) => Err(RecipientError::WeakRsa),
        Err(age::ssh::ParseRecipientKeyError::RsaModulusTooLarge) => Err(RecipientError::LongRsa),
        _ => Err(DAMAGED_SSH),
    }
}

/// Fields of a public key: a length in four bytes, then its bytes. The age crate stops the process
/// over a number that is nothing but zeros.
fn has_sound_fields(mut key: &[u8]) -> bool {
    while let Some((length, rest)) = key.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some(field) = rest.get(..length) else { return false };
        if field.iter().all(|&byte| byte == 0) {
            return false;
        }
        key = &rest[length..];
    }
    key.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
    const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";

    fn error(text: &str) -> RecipientError {
        text.parse::<Recipient>().unwrap_err()
    }

    #[test]
    fn public_keys_are_taken_and_spelled_canonically() {
        let age: Recipient = format!("  {KEY}\n").parse().unwrap();
        let ssh: Recipient = format!("{SSH}  admin@laptop").parse().unwrap();
        assert_eq!((age.kind(), age.text()), (RecipientKind::X25519, KEY));
        assert_eq!((ssh.kind(), ssh.text()), (RecipientKind::SshEd25519, SSH));
    }

    #[test]
    fn what_cannot_be_a_recipient_is_told_apart() {
        assert_eq!(error(&format!("AGE-SECRET-KEY-1{}", "Q".repeat(58))), {
            RecipientError::PrivateKey(PrivateKeyKind::Age)
        });
        assert_eq!(error("age1yubikey1qwerty"), RecipientError::Plugin("yubikey".into()));
        assert_eq!(error("age1pq1qwerty"), RecipientError::PostQuantum);
        assert_eq!(error(&KEY.replace("yplr", "yplq")), RecipientError::Damaged("age1…"));
        assert_eq!(error(&KEY[..40]), RecipientError::Damaged("age1…"));
        assert_eq!(error(&SSH[..60]), RecipientError::Damaged("SSH"));
        assert_eq!(error(&format!("{SSH}AAAA")), RecipientError::Damaged("SSH"));
        assert_eq!(error("ecdsa-sha2-nistp256 AAAA"), RecipientError::SshKind("ECDSA"));
        assert_eq!(error("sk-ssh-ed25519@openssh.com AAAA"), RecipientError::SshKind("Hardware"));
        assert_eq!(error("correct horse battery"), RecipientError::Unknown);
        assert_eq!(error(""), RecipientError::Unknown);
    }

    #[test]
    fn a_number_of_nothing_but_zeros_is_damage() {
        assert_eq!(error("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAABAAAAAA="), DAMAGED_SSH);
    }

    #[test]
    fn a_refused_text_is_not_repeated() {
        let secret = format!("AGE-SECRET-KEY-1{}", "SZWR755Q29L2PMLPV4Q2".repeat(3));
        for text in [secret.as_str(), "hunter2 hunter2", "age1hunter2", "ssh-rsa hunter2", "ecdsa-sha2-hunter2 x"] {
            let message = error(text).to_string();
            assert!(!message.contains("hunter2") && !message.contains("SZWR755"), "{message}");
        }
    }

    #[test]
    fn keys_that_protect_nothing_are_refused() {
        let mut ones = [0; 32];
        ones[0] = 1;
        let mut p = [0xff; 32];
        p[0] = 0xed;
        for point in [[0; 32], ones, p] {
            let key = bech32::encode::<Bech32>(bech32::Hrp::parse("age").unwrap(), &point).unwrap();
            assert_eq!(error(&key), RecipientError::Worthless, "{key}");
        }
    }
}
