//! Ed25519 keys, and what they sign of a manifest.
//!
//! Signed are the ASCII bytes `proxmox-config-backup/manifest/v1:` and a SHA-256 of the manifest in
//! hex. The prefix keeps a signature from meaning anything else. Keys lie in the forms of RFC 8410,
//! which `openssl pkey` reads; a public key also has a short form, `ed25519:` and its 32 bytes in
//! base64.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::error::{KeyRejected, Unspecified};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::archive::looks_like_private_key;
use crate::secret::Secret;

/// What every signed message begins with.
const CONTEXT: &str = "proxmox-config-backup/manifest/v1:";
/// What the short form of a public key begins with.
const ALGORITHM: &str = "ed25519:";
/// Characters of a signature in base64.
pub(super) const SIGNATURE_LENGTH: usize = 88;

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";
/// In front of the 32 bytes of a private key: PKCS#8 of version 1. OpenSSL 3.0 does not read the
/// version 2 that ring generates.
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// In front of the 32 bytes of a public key.
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// Why a text is no key that can be used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// Neither PEM nor the short form.
    #[error("it holds no ed25519 key")]
    NotAKey,
    /// A run has nobody to ask.
    #[error("the key is protected by a passphrase, and a run has nobody to ask for it")]
    Protected,
    /// `ssh-keygen` writes another form.
    #[error("it is an OpenSSH key; a PEM file as of `key new --signing` is needed")]
    OpenSsh,
    /// The public half where the private one is needed.
    #[error("it is the public key; the private one is needed")]
    Public,
    /// The private half where the public one is enough.
    #[error("it is a private key; the public one, in the .pub file, is enough")]
    Private,
    /// The system gives no random bytes.
    #[error("no random bytes can be had")]
    NoRandom,
}

impl From<KeyRejected> for SigningKeyError {
    fn from(_: KeyRejected) -> Self {
        Self::NotAKey
    }
}

impl From<Unspecified> for SigningKeyError {
    fn from(_: Unspecified) -> Self {
        Self::NoRandom
    }
}

/// Tells whether a signature is right. Prints in its short form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads the short form, or a PEM file.
    pub fn parse(text: &str) -> Result<Self, SigningKeyError> {
        if looks_like_private_key(text).is_some() {
            return Err(SigningKeyError::Private);
        }
        let raw = match text.trim().strip_prefix(ALGORITHM) {
            Some(short) => STANDARD.decode(short).ok(),
            None => from_pem(text, PUBLIC).and_then(|der| der.strip_prefix(&SPKI).map(<[u8]>::to_vec)),
        };
        raw.and_then(|raw| raw.try_into().ok()).map(Self).ok_or(SigningKeyError::NotAKey)
    }

    /// Whether `text` is meant as the short form of a key, not as the name of a file.
    pub fn is_short_form(text: &str) -> bool {
        text.starts_with(ALGORITHM)
    }

    /// As a PEM file.
    pub fn to_pem(self) -> String {
        to_pem(&[&SPKI[..], &self.0].concat(), PUBLIC)
    }

    /// Whether `signature`, in base64, is this key's over a manifest with this digest.
    pub(super) fn has_signed(&self, digest: &str, signature: &str) -> bool {
        STANDARD.decode(signature).is_ok_and(|signature| {
            UnparsedPublicKey::new(&ED25519, self.0).verify(message(digest).as_bytes(), &signature).is_ok()
        })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Signs manifests.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// A new private key as a PEM file, and its public half.
    pub fn generate() -> Result<(Secret, PublicKey), SigningKeyError> {
        let mut document = Zeroizing::new([0; PKCS8.len() + 32]);
        document[..PKCS8.len()].copy_from_slice(&PKCS8);
        SystemRandom::new().fill(&mut document[PKCS8.len()..])?;
        let key = Self(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&document[..])?);
        Ok((Secret::new(to_pem(&document[..], PRIVATE)), key.public()))
    }

    /// Reads a PEM file.
    pub fn parse(text: &str) -> Result<Self, SigningKeyError> {
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") {
            return Err(SigningKeyError::Protected);
        }
        if text.contains("BEGIN OPENSSH PRIVATE KEY") {
            return Err(SigningKeyError::OpenSsh);
        }
        if PublicKey::parse(text).is_ok() {
            return Err(SigningKeyError::Public);
        }
        let document = Zeroizing::new(from_pem(text, PRIVATE).ok_or(SigningKeyError::NotAKey)?);
        Ok(Self(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&document)?))
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        let mut raw = [0; 32];
        raw.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(raw)
    }

    /// The signature over a manifest with this digest, in base64.
    pub(super) fn sign(&self, digest: &str) -> String {
        STANDARD.encode(self.0.sign(message(digest).as_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public())
    }
}

fn message(digest: &str) -> String {
    format!("{CONTEXT}{digest}")
}

/// Both kinds of document fit on one line.
fn to_pem(der: &[u8], label: &str) -> String {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", *encoded)
}

/// The first block with this label; text around it is left alone, as by `openssl`.
fn from_pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (block, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let block: Zeroizing<String> = Zeroizing::new(block.split_whitespace().collect());
    STANDARD.decode(block.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "00000000000000000000000000000000000000000000000000000000000000ff";

    #[test]
    fn a_new_key_reads_back_and_signs() {
        let (pem, public) = SigningKey::generate().unwrap();
        let key = SigningKey::parse(pem.expose()).unwrap();
        let signature = key.sign(DIGEST);

        assert_eq!((key.public(), signature.len()), (public, SIGNATURE_LENGTH));
        assert!(public.has_signed(DIGEST, &signature));
        assert!(!public.has_signed(&"0".repeat(64), &signature));
        assert!(!SigningKey::generate().unwrap().1.has_signed(DIGEST, &signature));
        assert!(!format!("{key:?}").contains(pem.expose().lines().nth(1).unwrap()));
    }

    #[test]
    fn a_public_key_is_read_in_both_forms() {
        let (_, public) = SigningKey::generate().unwrap();
        for text in [public.to_string(), format!("{public}\n"), public.to_pem(), format!("a\n{}b\n", public.to_pem())] {
            assert_eq!(PublicKey::parse(&text), Ok(public), "{text}");
        }
    }

    /// RFC 8410, sections 10.1 and 10.3.
    #[test]
    fn the_example_of_the_standard_is_read() {
        let version1 = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\n\
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        assert_eq!(SigningKey::parse(version1).unwrap().public(), PublicKey::parse(public).unwrap());
    }

    #[test]
    fn a_document_of_version_2_is_read() {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        SigningKey::parse(&to_pem(document.as_ref(), PRIVATE)).unwrap();
    }

    #[test]
    fn what_is_no_such_key_is_refused_with_its_reason() {
        let (pem, public) = SigningKey::generate().unwrap();
        let private = |text: &str| SigningKey::parse(text).map(|_| ()).unwrap_err();
        assert_eq!(private(&public.to_pem()), SigningKeyError::Public);
        assert_eq!(private(&public.to_string()), SigningKeyError::Public);
        assert_eq!(private("-----BEGIN ENCRYPTED PRIVATE KEY-----"), SigningKeyError::Protected);
        assert_eq!(private("-----BEGIN OPENSSH PRIVATE KEY-----"), SigningKeyError::OpenSsh);
        for text in ["", "x", &pem.expose()[..60], &pem.expose().replace("MC4C", "MC4D")] {
            assert_eq!(private(text), SigningKeyError::NotAKey, "{text}");
        }
        assert_eq!(PublicKey::parse(pem.expose()), Err(SigningKeyError::Private));
        for text in ["", "ed25519:", "ed25519:AAAA", "age1xyz", "ssh-ed25519 AAAA"] {
            assert_eq!(PublicKey::parse(text), Err(SigningKeyError::NotAKey), "{text}");
        }
    }
}
