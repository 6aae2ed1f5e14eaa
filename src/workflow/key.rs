//! Public keys that backups are encrypted for: made, added to the recipients file, shown, proved.
//!
//! Nothing private is ever stored: of a passphrase the public key and its salt, of a private key
//! its public half.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::recipients::{named_recipients, parse_file, text_of};
use super::{Failure, RecipientsError};
use crate::archive::{
    Identities, PassphraseError, Recipient, RecipientsFile, Salt, Weakness, parse_recipient_list, weaknesses,
};
use crate::bundle::{Backup, OpenError, Verification, verify};
use crate::config;
use crate::secret::Secret;
use crate::system::{Cancel, Clock, FileError, Lock, LockError, create_private_dir, with_suffix, write_atomically};

/// Beside the recipients file, as long as a key is being added.
const LOCK_SUFFIX: &str = ".lock";
/// Adding a key takes an instant; whoever needs longer has stopped.
const LOCK_LIMIT: Duration = Duration::from_secs(10);
const HEAD: &str = "# Public keys that backups are encrypted for. Keep the private ones on another machine.\n";

/// A recipient on its way into the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The public key.
    pub recipient: Recipient,
    /// What its passphrase is combined with.
    pub salt: Option<Salt>,
}

/// A recipient of backups, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The public key.
    pub recipient: Recipient,
    /// `AGE_RECIPIENT` or the file.
    pub from: String,
    /// Whether a passphrase opens what is encrypted for it.
    pub is_of_passphrase: bool,
}

/// A key that a passphrase gives.
#[derive(Debug)]
pub struct DerivedKey {
    /// The public key.
    pub recipient: Recipient,
    /// The salt it needs.
    pub salt: Salt,
    /// The private key, as `age` takes it.
    pub identity: Secret,
}

/// Why a key was not made or proved.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The recipients that are there cannot be used.
    #[error(transparent)]
    Listed(#[from] RecipientsError),
    /// It is there already.
    #[error("{recipient} is already in {}; nothing was changed", file.display())]
    Present {
        /// Which one.
        recipient: Recipient,
        /// Where it is.
        file: PathBuf,
    },
    /// Somebody else is adding one, and does not come to an end.
    #[error("{} is being changed by another process (its lock is {})", file.display(), lock.display())]
    Busy {
        /// The recipients file.
        file: PathBuf,
        /// What is locked.
        lock: PathBuf,
    },
    /// The passphrase is easily guessed.
    #[error("the passphrase is too weak: {}", joined(.0))]
    Weak(Vec<Weakness>),
    /// No key comes of the passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Only a person can go through the dialogue.
    #[error("nothing was given, and there is no terminal to ask on")]
    NoTerminal,
    /// A passphrase alone gives no key.
    #[error("there is no salt in {}", .0.display())]
    NoSalt(PathBuf),
    /// Any key would do.
    #[error("{} is not encrypted: it proves nothing about a key", .0.display())]
    NotEncrypted(PathBuf),
}

fn joined(weaknesses: &[Weakness]) -> String {
    weaknesses.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl KeyError {
    /// What the user can do, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoTerminal => Some("give --recipient KEY or --passphrase-file FILE; `-` reads standard input"),
            Self::NoSalt(_) => Some("give the one of the manifest: --salt SALT"),
            Self::Busy { .. } => Some("nothing was changed; try again when it has ended"),
            Self::Listed(RecipientsError::Bad { .. }) => Some("correct these lines first"),
            _ => None,
        }
    }
}

impl NewKey {
    /// From public keys as a user writes them: several may stand in one text.
    pub fn from_public(texts: &[String]) -> Result<Vec<Self>, KeyError> {
        let parsed = parse_recipient_list(texts.iter().map(String::as_str))
            .map_err(|mistakes| RecipientsError::Bad { place: "--recipient".to_owned(), mistakes })?;
        Ok(parsed.into_iter().map(|recipient| Self { recipient, salt: None }).collect())
    }

    /// From a passphrase, with a new salt; one that is easily guessed is refused.
    pub fn from_passphrase(passphrase: &Secret) -> Result<Self, KeyError> {
        let weak = weaknesses(passphrase);
        if !weak.is_empty() {
            return Err(KeyError::Weak(weak));
        }
        let salt = Salt::generate()?;
        let keys = Identities::from_passphrase(passphrase, std::slice::from_ref(&salt))?;
        let recipient = keys.recipients().pop().ok_or(PassphraseError::Derivation)?;
        Ok(Self { recipient, salt: Some(salt) })
    }
}

/// Adds keys to the recipients file, all or none; what stands in it stays, also what another process
/// adds at the same time.
pub fn add_keys(file: &Path, keys: &[NewKey]) -> Result<(), KeyError> {
    if let Some(dir) = file.parent() {
        create_private_dir(dir)?;
    }
    let _lock = lock(file)?;
    let mut text = text_of(file)?;
    let mut known = parse_file(file, &text)?.recipients;
    if text.is_empty() {
        HEAD.clone_into(&mut text);
    } else if !text.ends_with('\n') {
        text.push('\n');
    }
    for NewKey { recipient, salt } in keys {
        if known.contains(recipient) {
            return Err(KeyError::Present { recipient: recipient.clone(), file: file.to_owned() });
        }
        text.push_str(&RecipientsFile::entry(recipient, salt.as_ref()));
        known.push(recipient.clone());
    }
    Ok(write_atomically(file, text.as_bytes())?)
}

/// Held from reading to renaming. The file itself cannot be locked: it is replaced.
fn lock(file: &Path) -> Result<Lock, KeyError> {
    Lock::wait(&with_suffix(file, LOCK_SUFFIX), Clock::System, LOCK_LIMIT).map_err(|error| match error {
        LockError::Held { path: lock, .. } => KeyError::Busy { file: file.to_owned(), lock },
        LockError::File(error) => KeyError::File(error),
    })
}

/// Whom backups are encrypted for, or would be.
pub fn listed_keys(settings: &config::Encryption) -> Result<Vec<ListedKey>, KeyError> {
    let path = &settings.recipients_file;
    let file = parse_file(path, &text_of(path)?)?;
    let named = named_recipients(settings)?.into_iter().map(|recipient| (recipient, "AGE_RECIPIENT".to_owned()));
    let listed = file.recipients.into_iter().map(|recipient| (recipient, path.display().to_string()));
    let mut keys: Vec<ListedKey> = Vec::new();
    for (recipient, from) in named.chain(listed) {
        if keys.iter().all(|key| key.recipient != recipient) {
            let is_of_passphrase = file.of_passphrases.contains(&recipient);
            keys.push(ListedKey { recipient, from, is_of_passphrase });
        }
    }
    Ok(keys)
}

/// The salts that the recipients file names.
pub fn listed_salts(settings: &config::Encryption) -> Result<Vec<Salt>, KeyError> {
    let path = &settings.recipients_file;
    let salts = parse_file(path, &text_of(path)?)?.salts;
    if salts.is_empty() { Err(KeyError::NoSalt(path.clone())) } else { Ok(salts) }
}

/// The keys a passphrase gives, one for each salt.
pub fn derive_keys(passphrase: &Secret, salts: &[Salt]) -> Result<Vec<DerivedKey>, KeyError> {
    let derive = |salt: &Salt| {
        let keys = Identities::from_passphrase(passphrase, std::slice::from_ref(salt))?;
        let recipient = keys.recipients().pop().ok_or(PassphraseError::Derivation)?;
        let identity = keys.private_texts().pop().ok_or(PassphraseError::Derivation)?;
        Ok(DerivedKey { recipient, salt: salt.clone(), identity })
    };
    salts.iter().map(derive).collect()
}

/// Only an encrypted backup can prove a key.
pub fn needs_key(backup: &Backup) -> Result<(), Failure> {
    if backup.packing.is_encrypted { Ok(()) } else { Err(KeyError::NotEncrypted(backup.path.clone()).into()) }
}

/// Decodes a whole backup with the key that was put to it; writes nothing.
pub fn prove_key(backup: &Backup, cancel: &Cancel) -> Result<Verification, Failure> {
    needs_key(backup)?;
    if backup.identities.is_none() {
        return Err(OpenError::Encrypted(backup.path.clone()).into());
    }
    Ok(verify(backup, cancel)?)
}
