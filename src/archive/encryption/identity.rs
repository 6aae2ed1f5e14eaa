//! The private keys that open an archive: age identities, SSH keys, passphrases.

use std::fmt;

use age::secrecy::{ExposeSecret, SecretString};
use age::{ssh, x25519};
use zeroize::Zeroizing;

use super::passphrase::{PassphraseError, Salt, derive};
use super::recipient::Recipient;
use crate::secret::Secret;

/// Private keys, all of which are tried.
#[derive(Default)]
pub struct Identities(Vec<Identity>);

enum Identity {
    X25519(x25519::Identity),
    Ssh(Box<ssh::Identity>),
}

/// Why a text gives no private key. The text itself is never repeated.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Only comments, or nothing.
    #[error("there is no private key in it")]
    Empty,
    /// Not a private key.
    #[error("line {0} is no private key: AGE-SECRET-KEY-1… is expected, or an SSH private key alone")]
    Line(usize),
    /// The other half of the pair.
    #[error("line {0} is a public key; to open an archive its private key is needed")]
    PublicKey(usize),
    /// Another program would be needed.
    #[error("line {0} is for a plugin of age, which is not supported: open the archive with `age -d`")]
    Plugin(usize),
    /// The hybrid keys of newer versions of age.
    #[error("line {0} is a post-quantum key, which is not supported: open the archive with `age -d`")]
    PostQuantum(usize),
    /// An identity file that `age -p` made.
    #[error("the key itself is encrypted with age: `age -d KEY` gives the key, `--identity -` takes it")]
    EncryptedFile,
    /// Nobody gave its passphrase.
    #[error("the SSH key needs its passphrase")]
    Locked,
    /// Another passphrase is needed.
    #[error("that is not the SSH key's passphrase")]
    WrongPassphrase,
    /// DSA, ECDSA, hardware keys, old encryption.
    #[error("this kind of SSH key cannot decrypt: an ssh-ed25519 or ssh-rsa key in OpenSSH's format can")]
    SshKind,
    /// It cannot be read.
    #[error("the SSH key is damaged or of an unknown format; `ssh-keygen -p -f COPY` rewrites a copy of it")]
    SshDamaged,
    /// No key comes of the passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
}

impl Identities {
    /// Reads an identity file of age, or an SSH private key. `unlock` is asked for the passphrase
    /// of an SSH key that has one.
    pub fn parse(text: &Secret, unlock: impl FnOnce() -> Option<Secret>) -> Result<Self, IdentityError> {
        let text = text.expose().trim();
        if text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") || text.starts_with("age-encryption.org/") {
            return Err(IdentityError::EncryptedFile);
        }
        let identities = if text.starts_with("-----BEGIN ") { vec![ssh_key(text, unlock)?] } else { age_keys(text)? };
        if identities.is_empty() { Err(IdentityError::Empty) } else { Ok(Self(identities)) }
    }

    /// The keys a passphrase gives with each salt.
    pub fn from_passphrase(passphrase: &Secret, salts: &[Salt]) -> Result<Self, PassphraseError> {
        let derived = salts.iter().map(|salt| Ok(Identity::X25519(derive(passphrase, salt)?)));
        Ok(Self(derived.collect::<Result<_, PassphraseError>>()?))
    }

    /// Adds others.
    pub fn add(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The public halves, to encrypt for them. Old kinds of SSH keys that can decrypt but not
    /// encrypt are left out.
    pub fn recipients(&self) -> Vec<Recipient> {
        self.0.iter().filter_map(Identity::recipient).collect()
    }

    /// The age keys themselves, as `age` takes them. SSH keys are left out.
    pub fn private_texts(&self) -> Vec<Secret> {
        let text = |identity: &Identity| match identity {
            Identity::X25519(key) => Some(Secret::new(key.to_string().expose_secret().to_owned())),
            Identity::Ssh(_) => None,
        };
        self.0.iter().filter_map(text).collect()
    }

    pub(super) fn as_age(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(Identity::as_age)
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identities({}, ***)", self.0.len())
    }
}

impl Identity {
    fn as_age(&self) -> &dyn age::Identity {
        match self {
            Self::X25519(identity) => identity,
            Self::Ssh(identity) => identity.as_ref(),
        }
    }

    fn recipient(&self) -> Option<Recipient> {
        match self {
            Self::X25519(identity) => Some(identity.to_public().into()),
            Self::Ssh(identity) => {
                let public = ssh::Recipient::try_from(identity.as_ref().clone()).ok()?;
                public.to_string().parse().ok()
            }
        }
    }
}

fn age_keys(text: &str) -> Result<Vec<Identity>, IdentityError> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| age_key(number, line))
        .collect()
}

fn age_key(number: usize, line: &str) -> Result<Identity, IdentityError> {
    match line {
        _ if line.starts_with("AGE-PLUGIN-") => Err(IdentityError::Plugin(number)),
        _ if line.starts_with("AGE-SECRET-KEY-PQ-") => Err(IdentityError::PostQuantum(number)),
        _ if line.starts_with("age1") || line.starts_with("ssh-") => Err(IdentityError::PublicKey(number)),
        _ => line.parse().map(Identity::X25519).map_err(|_| IdentityError::Line(number)),
    }
}

fn ssh_key(text: &str, unlock: impl FnOnce() -> Option<Secret>) -> Result<Identity, IdentityError> {
    // The crate takes a block only with plain line ends and none missing.
    let block = Zeroizing::new(text.replace("\r\n", "\n") + "\n");
    let identity = ssh::Identity::from_buffer(block.as_bytes(), None).map_err(|_| IdentityError::SshDamaged)?;
    let open = match identity {
        ssh::Identity::Unsupported(_) => return Err(IdentityError::SshKind),
        ssh::Identity::Encrypted(locked) => {
            let passphrase = unlock().ok_or(IdentityError::Locked)?;
            let passphrase = SecretString::from(passphrase.expose().to_owned());
            locked.decrypt(passphrase).map_err(|_| IdentityError::WrongPassphrase)?.into()
        }
        open @ ssh::Identity::Unencrypted(_) => open,
    };
    Ok(Identity::Ssh(Box::new(open)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U";
    const PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";

    fn parse(text: &str) -> Result<Identities, IdentityError> {
        Identities::parse(&Secret::new(text.to_owned()), || None)
    }

    #[test]
    fn an_identity_file_gives_its_keys() {
        let identities = parse(&format!("# public key: {PUBLIC}\r\n\n {SECRET}\r\n")).unwrap();
        let public: Vec<_> = identities.recipients().iter().map(ToString::to_string).collect();
        assert_eq!(public, [PUBLIC]);
    }

    #[test]
    fn what_is_no_private_key_is_told_apart() {
        assert!(matches!(parse("# nothing\n\n"), Err(IdentityError::Empty)));
        assert!(matches!(parse("\n\nhunter2"), Err(IdentityError::Line(1))));
        assert!(matches!(parse(&format!("#\n{SECRET}Q")), Err(IdentityError::Line(2))));
        assert!(matches!(parse(PUBLIC), Err(IdentityError::PublicKey(1))));
        assert!(matches!(parse("AGE-PLUGIN-YUBIKEY-1Q"), Err(IdentityError::Plugin(1))));
        assert!(matches!(parse("AGE-SECRET-KEY-PQ-1Q"), Err(IdentityError::PostQuantum(1))));
        assert!(matches!(parse("-----BEGIN AGE ENCRYPTED FILE-----\n"), Err(IdentityError::EncryptedFile)));
        assert!(matches!(parse("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"), Err(IdentityError::SshDamaged)));
    }

    #[test]
    fn keys_never_print_themselves() {
        let identities = parse(SECRET).unwrap();
        assert_eq!(format!("{identities:?}"), "Identities(1, ***)");
        assert!(!format!("{:?} {}", parse("hunter2"), parse("hunter2").unwrap_err()).contains("hunter2"));
    }
}
