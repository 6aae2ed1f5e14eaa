//! The key that signs manifests: read before a run, made by `key new --signing`.
//!
//! Asked for and not done would be the worst: with `SIGN_KEY` set and no key to be had, there is
//! no run.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::bundle::{PublicKey, SigningKey, SigningKeyError};
use crate::config;
use crate::pattern::Pattern;
use crate::secret::Secret;
use crate::system::{FileError, Kind, PartialFile, Root, Stat, create_private_dir, read_at_most, remove_file};

/// Where the key lies when nobody says otherwise: not among the age keys, where a private key is a
/// mistake.
const USUAL_PLACE: &str = "/etc/proxmox-config-backup/sign/key.pem";
/// More than this is no key.
const MOST_BYTES: usize = 64 * 1024;

/// Why nothing can be signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The file cannot be opened or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is there, but somebody else may know or choose it.
    #[error("{} {why}", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Reads after the path.
        why: String,
    },
    /// One would have to be overwritten.
    #[error("{} is there already; nothing was changed", .0.display())]
    Present(PathBuf),
    /// It holds something else.
    #[error("{}: {cause}", path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// What it holds.
        cause: SigningKeyError,
    },
}

impl SigningError {
    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exposed { .. } => "correct owner and mode; a key that others could read is better replaced",
            Self::Present(_) => "with the key would go the proof of what it signed: give another name with --output",
            Self::File(error) if error.is_absent() => "`proxmox-backup key new --signing` makes one",
            _ => "nothing is made unsigned instead; an empty SIGN_KEY turns signing off",
        }
    }
}

/// The key of `SIGN_KEY`; `None` when nothing is to be signed.
pub fn signing_key(settings: &config::Encryption) -> Result<Option<SigningKey>, SigningError> {
    settings.sign_key.as_deref().map(read_key).transpose()
}

fn read_key(path: &Path) -> Result<SigningKey, SigningError> {
    let exposed = |why: String| SigningError::Exposed { path: path.to_owned(), why };
    let root = Root::live()?;
    // The place is kept out of archives by this very name, so it must be the only one.
    if Pattern::has_wildcard(&path.to_string_lossy()) {
        return Err(exposed("has a name with * ? [ in it: it could not be kept out of the backup".to_owned()));
    }
    for place in path.ancestors() {
        if root.stat(place)?.is_some_and(|stat| stat.kind == Kind::Symlink) {
            let what = if place == path { String::new() } else { format!(", at {}", place.display()) };
            return Err(exposed(format!("is reached by a symlink{what}: write the path without it")));
        }
    }
    let file = root.open_no_symlink(path)?;
    let stat = Stat::of(&file, path)?;
    if let Some(why) = stat.reason_against_trust() {
        return Err(exposed(why.to_owned()));
    }
    if !stat.is_private() {
        return Err(exposed(format!("can be read by others than its owner (mode {:04o})", stat.mode)));
    }
    if stat.links != 1 {
        return Err(exposed("has more than one name: it could not be kept out of the backup".to_owned()));
    }
    let bytes = read_at_most(file, MOST_BYTES, path)?;
    // A key is ASCII: what is not gives an error all the same.
    let text = Secret::new(String::from_utf8(bytes).unwrap_or_default());
    SigningKey::parse(text.expose()).map_err(|cause| SigningError::Bad { path: path.to_owned(), cause })
}

/// A key that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSigningKey {
    /// The private key.
    pub path: PathBuf,
    /// The public key as a file.
    pub public_path: PathBuf,
    /// The public key.
    pub public: PublicKey,
}

/// Makes a key at `path`, else where `SIGN_KEY` says, else at the usual place. Nothing is ever
/// overwritten.
pub fn new_signing_key(path: Option<&Path>, settings: &config::Encryption) -> Result<NewSigningKey, Failure> {
    let path = path.or(settings.sign_key.as_deref()).unwrap_or(Path::new(USUAL_PLACE)).to_owned();
    let public_path = PathBuf::from(format!("{}.pub", path.display()));
    let root = Root::live()?;
    if let Some(present) = [&path, &public_path].into_iter().find(|path| root.exists(path)) {
        return Err(SigningError::Present(present.clone()).into());
    }
    if let Some(dir) = path.parent() {
        create_private_dir(dir)?;
    }
    let (pem, public) = SigningKey::generate().map_err(|cause| SigningError::Bad { path: path.clone(), cause })?;
    // A public key without its private one is of no use, the other way round it can be made again.
    let private = written(&path, pem.expose())?;
    let beside = written(&public_path, &public.to_pem())?.publish()?;
    if let Err(error) = private.publish() {
        let _ = remove_file(&beside);
        return Err(error.into());
    }
    Ok(NewSigningKey { path, public_path, public })
}

fn written(path: &Path, text: &str) -> Result<PartialFile, FileError> {
    let partial = PartialFile::create_over_stale(path)?;
    partial.handle()?.write_all(text.as_bytes()).map_err(FileError::of("write", partial.path()))?;
    Ok(partial)
}
