//! Is there a private key in a text? Asked of key files on the server and of mistaken input.
//!
//! A private key beside the backups it opens makes encryption pointless, so a comment sign in
//! front of it is no excuse. Documentation that only names the prefix is left alone.

use std::fmt;

/// What kind of private key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateKeyKind {
    /// `AGE-SECRET-KEY-1…`, also the post-quantum one.
    Age,
    /// `-----BEGIN OPENSSH PRIVATE KEY-----`.
    OpenSsh,
    /// PKCS#1, PKCS#8, SEC1 and their kin, encrypted or not.
    Pem,
    /// `-----BEGIN PGP PRIVATE KEY BLOCK-----`.
    Pgp,
    /// `PuTTY-User-Key-File-…`.
    Putty,
}

impl fmt::Display for PrivateKeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Age => "age private key",
            Self::OpenSsh => "OpenSSH private key",
            Self::Pem => "PEM private key",
            Self::Pgp => "OpenPGP private key",
            Self::Putty => "PuTTY private key",
        })
    }
}

const AGE: &[u8] = b"AGE-SECRET-KEY-";
const PUTTY: &[u8] = b"PuTTY-User-Key-File-";
const BEGIN: &[u8] = b"-----BEGIN ";
/// Fewer characters than this after the prefix are an example, not a key.
const LEAST_AGE_KEY: usize = 20;
/// No label of a PEM block is longer.
const LONGEST_LABEL: usize = 64;

/// The first kind of private key found, in the order of [`PrivateKeyKind`].
pub fn looks_like_private_key(text: impl AsRef<[u8]>) -> Option<PrivateKeyKind> {
    let text = text.as_ref();
    if after(text, AGE).any(is_age_key) {
        return Some(PrivateKeyKind::Age);
    }
    if let Some(kind) = after(text, BEGIN).find_map(kind_of_block) {
        return Some(kind);
    }
    after(text, PUTTY).next().map(|_| PrivateKeyKind::Putty)
}

/// What follows each occurrence of `mark`, upper or lower case.
fn after<'a>(text: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    text.windows(mark.len())
        .enumerate()
        .filter(|(_, window)| window.eq_ignore_ascii_case(mark))
        .map(|(at, window)| &text[at + window.len()..])
}

fn is_age_key(rest: &[u8]) -> bool {
    rest.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'-').count() >= LEAST_AGE_KEY
}

fn kind_of_block(rest: &[u8]) -> Option<PrivateKeyKind> {
    let label = &rest[..rest.len().min(LONGEST_LABEL)];
    let end = label.windows(5).position(|window| window == b"-----")?;
    match &label[..end] {
        b"OPENSSH PRIVATE KEY" => Some(PrivateKeyKind::OpenSsh),
        b"PGP PRIVATE KEY BLOCK" => Some(PrivateKeyKind::Pgp),
        label if label.ends_with(b"PRIVATE KEY") => Some(PrivateKeyKind::Pem),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_keys_are_found_wherever_they_stand() {
        let age = format!("AGE-SECRET-KEY-1{}", "Q".repeat(58));
        for (text, kind) in [
            (age.clone(), Some(PrivateKeyKind::Age)),
            (format!("age1xyz\n#  {age}\n"), Some(PrivateKeyKind::Age)),
            (age.to_lowercase(), Some(PrivateKeyKind::Age)),
            (format!("AGE-SECRET-KEY-PQ-1{}", "Q".repeat(58)), Some(PrivateKeyKind::Age)),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl".into(), Some(PrivateKeyKind::OpenSsh)),
            ("x\n-----BEGIN RSA PRIVATE KEY-----\n".into(), Some(PrivateKeyKind::Pem)),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----".into(), Some(PrivateKeyKind::Pem)),
            ("-----BEGIN PRIVATE KEY-----".into(), Some(PrivateKeyKind::Pem)),
            ("-----BEGIN PGP PRIVATE KEY BLOCK-----".into(), Some(PrivateKeyKind::Pgp)),
            ("PuTTY-User-Key-File-3: ssh-ed25519".into(), Some(PrivateKeyKind::Putty)),
            ("-----BEGIN PUBLIC KEY-----".into(), None),
            ("-----BEGIN CERTIFICATE-----".into(), None),
            ("-----BEGIN ".into(), None),
            ("# keep AGE-SECRET-KEY-1… elsewhere".into(), None),
            ("AGE-PLUGIN-YUBIKEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQ".into(), None),
            (String::new(), None),
        ] {
            assert_eq!(looks_like_private_key(&text), kind, "{text}");
        }
    }
}
