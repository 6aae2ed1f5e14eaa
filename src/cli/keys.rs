//! Options that open encrypted backups, for every command that looks into one.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Trouble;
use super::ask::Terminal;
use super::session::{Session, cancel};
use crate::archive::Salt;
use crate::bundle::Backup;
use crate::secret::Secret;
use crate::system::{FileError, open_file, read_at_most};
use crate::workflow::{Ask, Failure, Keys, Unlocked, unlock};

/// A key or a passphrase is one line; an SSH key some dozen.
const MOST_BYTES: usize = 64 * 1024;

/// What opens an encrypted backup. Never the secret itself: everybody sees a command line.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options for encrypted backups")]
pub(super) struct KeyArgs {
    /// File with an age or SSH private key; `-` reads standard input; may be given again
    #[arg(short, long, value_name = "FILE")]
    pub(super) identity: Vec<PathBuf>,
    /// File with the passphrase; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
    /// Salt of the passphrase, where the manifest does not tell
    #[arg(long, value_name = "SALT")]
    pub(super) salt: Option<String>,
}

impl KeyArgs {
    /// Reads what is named.
    pub(super) fn read(&self) -> Result<Keys, Trouble> {
        let identities = self.identity.iter().map(|path| read_secret(path)).collect::<Result<_, _>>()?;
        let passphrase = self.passphrase_file.as_deref().map(read_passphrase).transpose()?;
        let salt = self.salt.as_deref().map(Salt::parse).transpose().map_err(Failure::from)?;
        Ok(Keys { identities, passphrase, salts: salt.into_iter().collect() })
    }
}

/// Opens the backup a user names, and its lock; `None` when the person who was asked left.
pub(super) fn open_unlocked(session: &Session, id: &str, keys: &KeyArgs) -> Result<Option<Backup>, Trouble> {
    let mut backup = session.open(id)?;
    Ok(unlock_with(&mut backup, keys)?.then_some(backup))
}

/// Puts the keys to a backup, or asks on the terminal; false when the person left.
pub(super) fn unlock_with(backup: &mut Backup, keys: &KeyArgs) -> Result<bool, Trouble> {
    let cancel = cancel()?;
    let mut terminal = Terminal::open(&cancel);
    let ask = terminal.as_mut().map(|terminal| terminal as &mut dyn Ask);
    let unlocked = unlock(backup, &keys.read()?, ask);
    // Nobody answers after ^C: that is no missing key.
    cancel.check()?;
    Ok(unlocked? == Unlocked::Yes)
}

fn read_secret(path: &Path) -> Result<Secret, Trouble> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        let fail = FileError::of("read", "standard input");
        std::io::stdin().take(MOST_BYTES as u64).read_to_end(&mut bytes).map_err(fail)?;
        bytes
    } else {
        read_at_most(open_file(path)?, MOST_BYTES, path)?
    };
    Ok(Secret::new(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Editors end files with a newline, which is no part of a passphrase.
pub(super) fn read_passphrase(path: &Path) -> Result<Secret, Trouble> {
    let text = read_secret(path)?;
    Ok(Secret::new(text.expose().lines().next().unwrap_or_default().to_owned()))
}
