//! age v1 in the stream, and the keys for it.
//!
//! `recipient(s)` are public keys, `identity` is a private one, `passphrase` makes one of a
//! passphrase. `encrypt` and `decrypt` are adapters; without a key `envelope` tells what can be known.

mod private_key;
mod passphrase;
mod passphrase_rules;
mod recipient;
mod recipients;
mod identity;
mod error;
mod envelope;
mod encrypt;
mod decrypt;

pub use decrypt::{DecryptReader, decrypt};
pub use encrypt::{Encryptor, MaybeAge};
pub use envelope::{Envelope, StanzaKind, verify_envelope};
pub use error::AgeError;
pub use identity::{Identities, IdentityError};
pub use passphrase::{PassphraseError, Salt, SaltError};
pub use passphrase_rules::{Weakness, weaknesses};
pub use private_key::{PrivateKeyKind, looks_like_private_key};
pub use recipient::{Recipient, RecipientError, RecipientKind};
pub use recipients::{BadLine, BadLineCause, Recipients, RecipientsFile, parse_recipient_list};
