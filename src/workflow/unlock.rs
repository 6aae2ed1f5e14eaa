//! Finds what opens an encrypted backup: keys that were given, or a person who is asked.

use std::sync::Arc;

use super::{Ask, Failure};
use crate::archive::{AgeError, Identities, IdentityError, Salt, decrypt};
use crate::bundle::{Backup, OpenError};
use crate::secret::Secret;

/// Keys as a user gives them.
#[derive(Debug, Default)]
pub struct Keys {
    /// Contents of identity files: age or SSH.
    pub identities: Vec<Secret>,
    /// A passphrase.
    pub passphrase: Option<Secret>,
    /// Salts named beside it; those of the manifest come by themselves.
    pub salts: Vec<Salt>,
}

/// How asking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlocked {
    /// The backup can be read (or was never locked).
    Yes,
    /// The person left with `0`.
    Left,
}

/// Puts the keys to the backup; asks where none was given and somebody is there.
pub fn unlock(backup: &mut Backup, keys: &Keys, ask: Option<&mut dyn Ask>) -> Result<Unlocked, Failure> {
    if !backup.packing.is_encrypted {
        return Ok(Unlocked::Yes);
    }
    if keys.identities.is_empty() && keys.passphrase.is_none() {
        return match ask {
            Some(ask) => ask_until_open(backup, keys, ask),
            // Without a key the failure comes where the content is needed: `verify` needs none.
            None => Ok(Unlocked::Yes),
        };
    }
    let mut all = Identities::default();
    for text in &keys.identities {
        all.add(Identities::parse(text, || keys.passphrase.clone())?);
    }
    if let Some(passphrase) = &keys.passphrase {
        all.add(Identities::from_passphrase(passphrase, &salts(backup, keys)).map_err(IdentityError::from)?);
    }
    // Damage is told by whoever reads on; a wrong key says nothing about the backup.
    if let Err(error @ OpenError::Age { cause: AgeError::WrongKey { .. }, .. }) = opens(backup, &all) {
        return Err(error.into());
    }
    backup.identities = Some(Arc::new(all));
    Ok(Unlocked::Yes)
}

fn ask_until_open(backup: &mut Backup, keys: &Keys, ask: &mut dyn Ask) -> Result<Unlocked, Failure> {
    loop {
        let Some(secret) = ask.secret("Private key or passphrase (0 leaves): ") else {
            return Err(OpenError::Encrypted(backup.path.clone()).into());
        };
        if secret.expose().trim() == "0" {
            return Ok(Unlocked::Left);
        }
        match from_answer(backup, keys, &secret) {
            Ok(identities) => match opens(backup, &identities) {
                Ok(()) => {
                    backup.identities = Some(Arc::new(identities));
                    return Ok(Unlocked::Yes);
                }
                Err(OpenError::Age { cause: cause @ AgeError::WrongKey { .. }, .. }) => ask.tell(&cause.to_string()),
                Err(error) => return Err(error.into()),
            },
            Err(error) => ask.tell(&error.to_string()),
        }
    }
}

/// One prompt for both: a key begins like one.
fn from_answer(backup: &Backup, keys: &Keys, answer: &Secret) -> Result<Identities, IdentityError> {
    if answer.expose().trim().to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
        return Identities::parse(answer, || None);
    }
    Ok(Identities::from_passphrase(answer, &salts(backup, keys))?)
}

/// Salts that may belong to the passphrase: named, in the manifest, those of the older tools.
fn salts(backup: &Backup, keys: &Keys) -> Vec<Salt> {
    let manifest = backup.facts();
    let written = manifest.into_iter().flat_map(|m| m.passphrase_salt.iter().chain(&m.passphrase_salts));
    // A salt nobody understands opens nothing; the others may.
    let written = written.filter_map(|text| Salt::parse(text).ok());
    Salt::candidates(keys.salts.iter().cloned().chain(written))
}

fn opens(backup: &Backup, identities: &Identities) -> Result<(), OpenError> {
    let fail = |cause| OpenError::Age { path: backup.path.clone(), cause };
    decrypt(backup.raw()?, identities).map(drop).map_err(fail)
}
