//! Why an encrypted archive cannot be opened.

use std::io;

use super::envelope::StanzaKind;

/// What is wrong with an age file, or with the keys for it.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// Something else.
    #[error("it is not encrypted with age")]
    NotAge,
    /// A newer format.
    #[error("its age format {0} is not known: v1 is")]
    Version(String),
    /// None of the keys is one of its recipients.
    #[error("{} it: it is encrypted for {}", tried(*.given), listed(.recipients))]
    WrongKey {
        /// How many were tried.
        given: usize,
        /// For whom it is.
        recipients: Vec<StanzaKind>,
    },
    /// Made by `age -p`, not by a backup.
    #[error("it is encrypted with a passphrase of age itself: open it with `age -d`")]
    ForeignPassphrase,
    /// It ends between two blocks or in the header.
    #[error("it is cut short")]
    Truncated,
    /// A shortened last block cannot be told from an altered one.
    #[error("its last block does not decrypt: it is cut short or was altered there")]
    DamagedEnd,
    /// Bytes were altered.
    #[error("it was altered: {0}")]
    Tampered(&'static str),
    /// The bytes do not come.
    #[error("{0}")]
    Stream(io::Error),
}

fn tried(given: usize) -> String {
    if given == 1 { "the key given does not open".to_owned() } else { format!("none of the {given} keys given opens") }
}

fn listed(recipients: &[StanzaKind]) -> String {
    recipients.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl AgeError {
    /// What a failed read of a decrypted stream means.
    pub fn inside(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// A failed read, or the reason that is already in it.
    pub(super) fn of(error: io::Error) -> Self {
        match error.downcast() {
            Ok(reason) => reason,
            Err(error) => Self::Stream(error),
        }
    }

    fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Truncated => io::ErrorKind::UnexpectedEof,
            Self::Stream(cause) => cause.kind(),
            _ => io::ErrorKind::InvalidData,
        }
    }
}

impl From<AgeError> for io::Error {
    fn from(error: AgeError) -> Self {
        match error {
            AgeError::Stream(cause) => cause,
            reason => Self::new(reason.kind(), reason),
        }
    }
}
