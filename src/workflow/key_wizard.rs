//! The dialogue of `key new`: one key after the other, until the person leaves.
//!
//! Each key is in the file as soon as it is made, so leaving at any question loses nothing.

use std::path::Path;

use super::key::{KeyError, NewKey, add_keys};
use super::recipients::{parse_file, text_of};
use super::{Ask, Failure};
use crate::archive::{Identities, Recipient, RecipientError, weaknesses};
use crate::secret::Secret;

const MENU: [&str; 5] = [
    "Whom shall backups be encrypted for? What opens them must be kept on another machine.",
    "  1  a public key: age1..., ssh-ed25519 ..., ssh-rsa ...",
    "  2  a passphrase (only the public key made of it is stored)",
    "  3  the public half of a private key (which is not stored)",
    "  0  leave",
];

/// A public key may be seen while it is typed, and a private one was.
const EXPOSED: [&str; 2] = [
    "It stands on this screen now, and was stored nowhere. Clear the terminal with its scroll-back",
    "(close the window), count this key as known to others, and make a new one.",
];

/// Asks for keys and adds them to the file; gives those that were added.
pub fn key_wizard(file: &Path, ask: &mut dyn Ask) -> Result<Vec<NewKey>, Failure> {
    // A file with mistakes is told of before anybody types.
    parse_file(file, &text_of(file).map_err(KeyError::from)?).map_err(KeyError::from)?;
    let mut added = Vec::new();
    for line in MENU {
        ask.tell(line);
    }
    loop {
        let question = if added.is_empty() { "Choice: " } else { "Another one? (1, 2, 3; 0 leaves): " };
        let Some(choice) = ask.line(question) else { return Ok(added) };
        let made = match choice.trim() {
            "0" => return Ok(added),
            "1" => from_public(ask),
            "2" => from_passphrase(ask)?,
            "3" => from_private(ask),
            _ => {
                ask.tell("1, 2, 3 or 0");
                None
            }
        };
        let Some(key) = made else { continue };
        match add_keys(file, std::slice::from_ref(&key)) {
            Ok(()) => {
                ask.tell(&format!("Added to {}: {}", file.display(), key.recipient));
                added.push(key);
            }
            Err(error @ KeyError::Present { .. }) => ask.tell(&error.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// `None` goes back to the choice, as an empty answer does everywhere.
fn from_public(ask: &mut dyn Ask) -> Option<NewKey> {
    let answer = ask.line("Public key: ")?;
    if answer.trim().is_empty() {
        return None;
    }
    match answer.parse::<Recipient>() {
        Ok(recipient) => Some(NewKey { recipient, salt: None }),
        Err(error) => {
            ask.tell(&error.to_string());
            if matches!(error, RecipientError::PrivateKey(_)) {
                for line in EXPOSED {
                    ask.tell(line);
                }
            }
            None
        }
    }
}

fn from_passphrase(ask: &mut dyn Ask) -> Result<Option<NewKey>, KeyError> {
    loop {
        let Some(first) = ask.secret("Passphrase: ").filter(|answer| !answer.expose().trim().is_empty()) else {
            return Ok(None);
        };
        let weak = weaknesses(&first);
        if !weak.is_empty() {
            for weakness in weak {
                ask.tell(&weakness.to_string());
            }
            continue;
        }
        let Some(second) = ask.secret("The same again: ") else { return Ok(None) };
        // White space around a passphrase does not count.
        if first.expose().trim() != second.expose().trim() {
            ask.tell("these are two different passphrases");
            continue;
        }
        return NewKey::from_passphrase(&first).map(Some);
    }
}

fn from_private(ask: &mut dyn Ask) -> Option<NewKey> {
    let answer =
        ask.secret("Private key (AGE-SECRET-KEY-1...): ").filter(|answer| !answer.expose().trim().is_empty())?;
    // A terminal gives one line; an SSH key has many, and its public key lies beside it.
    if answer.expose().trim_start().starts_with("-----BEGIN ") {
        ask.tell("of an SSH key give the public one: `ssh-keygen -y -f FILE` prints it");
        return None;
    }
    match public_half(&answer) {
        Ok(key) => Some(key),
        Err(why) => {
            ask.tell(&why);
            None
        }
    }
}

fn public_half(private: &Secret) -> Result<NewKey, String> {
    let keys = Identities::parse(private, || None).map_err(|error| error.to_string())?;
    let recipient = keys.recipients().pop().ok_or("this key cannot encrypt")?;
    Ok(NewKey { recipient, salt: None })
}
