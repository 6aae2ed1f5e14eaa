//! The cloud tier: a directory of an rclone remote, reached through the `rclone` program.
//!
//! A call of rclone is a process, a connection and often a login, so there are few: one to look
//! whether the remote is there, one per upload and one to compare what lies there then, one per
//! listing, one per batch of removals. Why it is done like this: `docs/decisions/0008-rclone.md`.

mod answers;
mod commands;
mod digests;
mod download;
mod environment;
mod flags;
mod listing;
mod remote;
mod removal;
mod session;
mod trouble;
mod upload;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use self::answers::{Entry, Traits, UploadWay};
use self::commands::{Call, Commands, Lookup, Patience};
use self::flags::Flags;
use self::listing::{Listing, write_test};
use self::remote::{Remote, is_plain};
use self::session::Session;
pub use self::trouble::Trouble;
use super::{Outgoing, Placed, Removal, StorageError, Store, Stored, Tier, Touch};
use crate::bundle::BackupId;
use crate::config::{Cloud, CloudProof};
use crate::issue::{Issue, Stage};
use crate::system::{Cancel, CommandFailure, Runner, Space};

/// A directory of an rclone remote.
#[derive(Debug)]
pub struct Rclone {
    settings: Cloud,
    /// `Err`: what about the settings cannot be.
    setup: Result<Setup, String>,
    session: Session,
    traits: OnceLock<Traits>,
}

/// Checked settings.
#[derive(Debug)]
struct Setup {
    backups: Remote,
    logs: Option<Remote>,
    commands: Commands,
    dropped_flags: Vec<String>,
}

impl Rclone {
    /// The tier that the settings name. `runner` is this machine's, whatever `--root` says;
    /// of the caller's `environment` rclone gets its own variables and its backends' credentials.
    pub fn new(settings: &Cloud, runner: Runner, environment: &BTreeMap<String, String>, cancel: Cancel) -> Self {
        let mut passed = environment::passed_on(environment);
        let setup = Flags::sort(&settings.flags).and_then(|flags| {
            passed.extend(flags.variables);
            Ok(Setup {
                backups: Remote::of_backups(settings).map_err(|why| format!("CLOUD_REMOTE: {why}"))?,
                logs: Remote::of_logs(settings).map_err(|why| format!("CLOUD_LOG_PATH: {why}"))?,
                commands: Commands::new(settings, flags.passed),
                dropped_flags: flags.dropped,
            })
        });
        let session = Session { runner, environment: passed, cancel, retries: settings.retries };
        Self { settings: settings.clone(), setup, session, traits: OnceLock::new() }
    }

    fn setup(&self) -> Result<&Setup, StorageError> {
        self.setup.as_ref().map_err(|why| StorageError::Unusable { path: self.place(), why: why.clone() })
    }

    /// Which digest is compared, where the settings ask for one and the remote tells some.
    fn digest_kind(&self, setup: &Setup) -> Result<Option<&str>, StorageError> {
        Ok(match self.settings.check.proof {
            CloudProof::Size => None,
            CloudProof::Digest | CloudProof::DigestOrDownload => digests::best(&self.traits(setup)?.digests),
        })
    }

    /// What the backend can do: asked once, when it is needed first.
    fn traits(&self, setup: &Setup) -> Result<&Traits, StorageError> {
        if let Some(traits) = self.traits.get() {
            return Ok(traits);
        }
        let call = setup.commands.features(&setup.backups);
        let answer = self.session.ask(&setup.commands, &call)?;
        let traits = understood(&call, answers::traits(&answer))?;
        Ok(self.traits.get_or_init(|| traits))
    }

    fn listing(&self, setup: &Setup, dir: &Remote) -> Result<Listing, StorageError> {
        self.listing_within(setup, dir, Patience::Operation).map(Option::unwrap_or_default)
    }

    /// What lies in a directory; `None` when there is no such directory.
    fn listing_within(&self, setup: &Setup, dir: &Remote, patience: Patience) -> Result<Option<Listing>, StorageError> {
        let call = setup.commands.list(dir, patience);
        match self.session.ask(&setup.commands, &call) {
            Ok(answer) => understood(&call, answers::entries(&answer)).map(|entries| Some(Listing::new(entries))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Some files of the directory of backups, by name, with digests of one kind where asked for.
    fn look_up(
        &self,
        setup: &Setup,
        names: &[&str],
        kind: Option<&str>,
    ) -> Result<BTreeMap<String, Entry>, StorageError> {
        let lookup = if self.settings.check.lists_directory { Lookup::InListing } else { Lookup::ByName };
        let call = setup.commands.look_up(&setup.backups, names, kind, lookup);
        let answer = match self.session.ask(&setup.commands, &call) {
            Err(error) if is_absent(&error) => return Ok(BTreeMap::new()),
            answer => answer?,
        };
        let entries = understood(&call, answers::entries(&answer))?;
        Ok(entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect())
    }

    /// Removes what killed runs of a host left.
    fn sweep(&self, setup: &Setup, listing: &Listing, host: &str) -> Option<Issue> {
        let left = listing.leftovers(host);
        if left.is_empty() {
            return None;
        }
        let place = setup.backups.to_string();
        Some(match self.delete(setup, &setup.backups, &left) {
            Ok(()) => {
                let reason = format!("{} files that an interrupted run left are removed", left.len());
                Issue::notice(Stage::Storage, place, reason)
            }
            Err(error) => {
                let reason = format!("what an interrupted run left cannot be removed: {error}");
                Issue::warning(Stage::Storage, place, reason)
            }
        })
    }

    /// Writes a few bytes and removes them.
    fn try_to_write(&self, setup: &Setup, host: &str) -> Result<(), StorageError> {
        let name = write_test(host);
        self.session.ask(&setup.commands, &setup.commands.write_test(&setup.backups.file(&name)))?;
        self.delete(setup, &setup.backups, &[&name])
    }
}

impl Setup {
    /// What is worth a word before an upload.
    fn notices(&self, listing: Option<&Listing>) -> Vec<Issue> {
        let place = self.backups.to_string();
        let mut notices = Vec::new();
        let mut tell = |reason: String| notices.push(Issue::notice(Stage::Storage, place.clone(), reason));
        if listing.is_none() {
            tell("the directory is not there yet, the first upload makes it".to_owned());
        }
        if !self.dropped_flags.is_empty() {
            tell(format!("left out of RCLONE_FLAGS: {}", self.dropped_flags.join(" ")));
        }
        let doubled = listing.map_or(0, |listing| listing.doubled.len());
        if doubled > 0 {
            tell(format!(
                "{doubled} names are there more than once, the newest file counts; `rclone dedupe newest {place}` removes the others"
            ));
        }
        notices
    }
}

impl Store for Rclone {
    fn tier(&self) -> Tier {
        Tier::Cloud
    }

    fn place(&self) -> String {
        match &self.setup {
            Ok(setup) => setup.backups.to_string(),
            // What is no remote's name may hold a password.
            Err(_) => "CLOUD_REMOTE".to_owned(),
        }
    }

    fn prepare(&self, host: &str, touch: Touch) -> Result<Vec<Issue>, StorageError> {
        let setup = self.setup()?;
        if !is_plain(&write_test(host)) {
            let why = "is no host name for files on a remote".to_owned();
            return Err(StorageError::Unusable { path: host.to_owned(), why });
        }
        let listing = self.listing_within(setup, &setup.backups, Patience::Check)?;
        let mut issues = setup.notices(listing.as_ref());
        if touch == Touch::Really {
            issues.extend(listing.and_then(|listing| self.sweep(setup, &listing, host)));
            if self.settings.tries_to_write {
                self.try_to_write(setup, host)?;
            }
        }
        Ok(issues)
    }

    fn list(&self) -> Result<Vec<Stored>, StorageError> {
        let setup = self.setup()?;
        Ok(self.listing(setup, &setup.backups)?.backups(&setup.backups))
    }

    fn put(&self, backup: &Outgoing) -> Result<Placed, StorageError> {
        let setup = self.setup()?;
        let mut placed = self.upload(setup, backup)?;
        if self.traits(setup)?.upload == UploadWay::InPlace {
            let reason = "this remote can neither hide nor rename an unfinished upload: \
                          one that is cut off by a power failure looks like a backup until `verify` reads it";
            placed.issues.push(Issue::notice(Stage::Storage, self.place(), reason));
        }
        Ok(placed)
    }

    fn fetch(&self, stored: &Stored, into: &Path) -> Result<PathBuf, StorageError> {
        self.download(self.setup()?, stored, into)
    }

    fn remove(&self, backups: &[&Stored]) -> Removal {
        match self.setup() {
            Ok(setup) => self.remove_backups(setup, backups),
            Err(error) => {
                let words = error.to_string();
                let again = || StorageError::Unusable { path: self.place(), why: words.clone() };
                Removal {
                    removed: Vec::new(),
                    failed: backups.iter().map(|stored| (stored.id.clone(), again())).collect(),
                }
            }
        }
    }

    fn space(&self) -> Result<Option<Space>, StorageError> {
        let setup = self.setup()?;
        let call = setup.commands.about(&setup.backups);
        match self.session.ask(&setup.commands, &call) {
            Ok(answer) => understood(&call, answers::space(&answer)),
            Err(StorageError::Rclone { trouble: Trouble::Unsupported | Trouble::NotThere, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn put_log(&self, log: &Path) -> Result<(), StorageError> {
        let setup = self.setup()?;
        let Some(dir) = &setup.logs else { return Ok(()) };
        let name = log.file_name().and_then(|name| name.to_str()).filter(|name| is_plain(name));
        let (Some(name), Some(path), true) = (name, log.to_str(), log.is_absolute()) else {
            let why = "no name for a file on a remote".to_owned();
            return Err(StorageError::Unusable { path: log.display().to_string(), why });
        };
        self.session.ask(&setup.commands, &setup.commands.upload(path, &dir.file(name))).map(drop)
    }

    fn prune_logs(&self, host: &str, removed: &[BackupId], keep: u32) -> Result<usize, StorageError> {
        self.remove_logs(self.setup()?, host, removed, keep)
    }
}

/// Whether the failure says no more than that the directory is not there: by rclone's status and not
/// by words, which may be about a key file.
fn is_absent(error: &StorageError) -> bool {
    matches!(error, StorageError::Rclone { cause, .. } if matches!(cause.how, CommandFailure::Exit(3)))
}

fn understood<T>(call: &Call, answer: Result<T, String>) -> Result<T, StorageError> {
    answer.map_err(|why| StorageError::Answer { about: call.action.clone(), why })
}
