//! For whom a backup is encrypted: the configuration's keys and the recipients file, or a reason
//! why there is no backup. Never a plain one instead.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::archive::{BadLine, Recipient, Recipients, RecipientsFile, Salt, parse_recipient_list};
use crate::config;
use crate::system::{FileError, Root};

/// The keys, and the salts of the passphrases among them.
#[derive(Clone, Debug)]
pub struct Addressees {
    /// Never empty.
    pub recipients: Recipients,
    /// For the manifest: a passphrase opens nothing without its salt.
    pub salts: Vec<Salt>,
}

/// Why nobody can be encrypted for.
#[derive(Debug, thiserror::Error)]
pub enum RecipientsError {
    /// Nothing is configured.
    #[error("ENCRYPT_ARCHIVE is true, but there is no recipient in AGE_RECIPIENT or {}", .0.display())]
    None(PathBuf),
    /// The file cannot be read.
    #[error(transparent)]
    File(FileError),
    /// Lines that are no recipients.
    #[error("{place}: {}", joined(.mistakes))]
    Bad {
        /// The file, or the key.
        place: String,
        /// All of them.
        mistakes: Vec<BadLine>,
    },
}

fn joined(mistakes: &[BadLine]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Whom the settings name; `None` when archives are not encrypted.
pub fn addressees(settings: &config::Encryption) -> Result<Option<Addressees>, Failure> {
    if !settings.is_on {
        return Ok(None);
    }
    let named = named_recipients(settings)?;
    let path = &settings.recipients_file;
    let RecipientsFile { recipients: listed, salts, .. } = parse_file(path, &text_of(path)?)?;
    let all: Vec<Recipient> = named.into_iter().chain(listed).collect();
    let recipients = Recipients::new(all).ok_or_else(|| RecipientsError::None(settings.recipients_file.clone()))?;
    Ok(Some(Addressees { recipients, salts }))
}

/// Those of `AGE_RECIPIENT`.
pub(super) fn named_recipients(settings: &config::Encryption) -> Result<Vec<Recipient>, RecipientsError> {
    parse_recipient_list(settings.recipients.iter().map(String::as_str))
        .map_err(|mistakes| RecipientsError::Bad { place: "AGE_RECIPIENT".to_owned(), mistakes })
}

/// A file that is not there names nobody.
pub(super) fn text_of(path: &Path) -> Result<String, RecipientsError> {
    match Root::live().and_then(|root| root.read_text(path)) {
        Ok(text) => Ok(text),
        Err(error) if error.is_absent() => Ok(String::new()),
        Err(error) => Err(RecipientsError::File(error)),
    }
}

pub(super) fn parse_file(path: &Path, text: &str) -> Result<RecipientsFile, RecipientsError> {
    RecipientsFile::parse(text).map_err(|mistakes| RecipientsError::Bad { place: path.display().to_string(), mistakes })
}
