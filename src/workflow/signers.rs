//! Whom a reader of backups believes: signatures and chains, judged beside the verification of each
//! backup.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::bundle::{
    Backup, BackupId, Chain, DECRYPTED, Gaps, Link, Predecessor, Problem, PublicKey, Verification, chains,
};
use crate::storage::Directory;

/// The keys that are believed, and what was seen so far.
#[derive(Debug)]
pub struct Signers {
    keys: Vec<PublicKey>,
    gaps: Gaps,
    /// Chains by directory; each is read once.
    chains: BTreeMap<PathBuf, Vec<Chain>>,
    /// What was judged and believed, and by whose signature.
    believed: Vec<(BackupId, PublicKey)>,
}

/// How the chain of one host stands.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Standing {
    /// Whose.
    pub host: String,
    /// How many backups lie there.
    pub backups: usize,
    /// The oldest.
    pub oldest: String,
    /// The newest: what was removed behind it does not show.
    pub newest: String,
    /// Places where somebody has to look.
    pub breaks: usize,
    /// Backups that a key signed which is believed.
    pub signed: usize,
    /// These keys.
    pub signers: Vec<String>,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, backups, oldest, newest, breaks, signed, signers } = self;
        write!(f, "chain of {host}: {backups} backup(s) from {oldest} to {newest}, ")?;
        match breaks {
            0 => f.write_str("unbroken, ")?,
            many => write!(f, "BROKEN in {many} place(s), ")?,
        }
        if signed == backups {
            write!(f, "signed by {}", signers.join(", "))
        } else {
            write!(f, "{} of them NOT SIGNED by a key you trust", backups - signed)
        }
    }
}

impl Signers {
    /// Believes these keys; without any, signatures are told but prove nothing.
    pub fn new(keys: Vec<PublicKey>, gaps: Gaps) -> Self {
        Self { keys, gaps, chains: BTreeMap::new(), believed: Vec::new() }
    }

    /// Adds to what was found what signature and chain of the backup say.
    pub fn judge(&mut self, backup: &Backup, found: &mut Verification) -> Result<(), Failure> {
        let signer = backup.facts().and_then(|manifest| manifest.signer);
        if self.keys.is_empty() {
            let told = signer.map(|key| format!("signature: by {key} (not checked against a key you trust)"));
            found.passed.extend(told);
            return Ok(());
        }
        match signer {
            Some(key) if self.keys.contains(&key) => {
                found.passed.push(format!("signature: by {key}"));
                self.believed.extend(backup.id.clone().map(|id| (id, key)));
            }
            Some(key) => fail(found, "signature", format!("by {key}, which is no key you trust")),
            None if backup.path.to_string_lossy().ends_with(DECRYPTED) => {
                fail(found, "signature", "a decrypted copy has none: verify the encrypted original".to_owned());
            }
            None if backup.facts().is_none() => {
                fail(found, "signature", "there is no manifest that could bear one".to_owned());
            }
            None => fail(found, "signature", "there is none".to_owned()),
        }
        self.judge_chain(backup, found)
    }

    fn judge_chain(&mut self, backup: &Backup, found: &mut Verification) -> Result<(), Failure> {
        let (Some(id), gaps) = (&backup.id, self.gaps) else { return Ok(()) };
        let links = self.chains_in(directory_of(&backup.path))?.iter().flat_map(|chain| &chain.links);
        let mut own = links.filter(|(other, _)| other == id);
        match own.find_map(|(_, broken)| broken.as_ref()) {
            None => found.passed.push("chain: nothing is missing before it".to_owned()),
            Some(broken) if broken.is_problem(gaps) => fail(found, "chain", broken.to_string()),
            Some(broken) => found.unchecked.push(format!("chain: {broken}")),
        }
        Ok(())
    }

    fn chains_in(&mut self, dir: &Path) -> Result<&[Chain], Failure> {
        if !self.chains.contains_key(dir) {
            let links = Directory::new(dir).list()?.into_iter().map(|stored| link(&stored.path, stored.id));
            self.chains.insert(dir.to_owned(), chains(links.collect()));
        }
        Ok(self.chains.get(dir).map_or(&[], Vec::as_slice))
    }

    /// How the chains in a directory stand, when all its backups were judged; nothing without keys.
    pub fn standing(&mut self, dir: &Path) -> Result<Vec<Standing>, Failure> {
        if self.keys.is_empty() {
            return Ok(Vec::new());
        }
        let (gaps, chains) = (self.gaps, self.chains_in(dir)?.to_vec());
        Ok(chains.iter().filter_map(|chain| self.standing_of(chain, gaps)).collect())
    }

    fn standing_of(&self, chain: &Chain, gaps: Gaps) -> Option<Standing> {
        let ((oldest, _), (newest, _)) = (chain.links.first()?, chain.links.last()?);
        let own = self.believed.iter().filter(|(id, _)| id.host() == chain.host);
        let mut signers: Vec<String> = own.map(|(_, key)| key.to_string()).collect();
        let signed = signers.len();
        signers.sort();
        signers.dedup();
        let broken = chain.links.iter().filter_map(|(_, broken)| broken.as_ref());
        Some(Standing {
            host: chain.host.clone(),
            backups: chain.links.len(),
            oldest: oldest.to_string(),
            newest: newest.to_string(),
            breaks: broken.filter(|broken| broken.is_problem(gaps)).count(),
            signed,
            signers,
        })
    }
}

/// What cannot be opened is a link that tells nothing.
fn link(path: &Path, id: BackupId) -> Link {
    let opened = Backup::open(path).ok().as_ref().and_then(Link::of);
    opened.unwrap_or(Link { id, digest: None, predecessor: Predecessor::Untold })
}

fn fail(found: &mut Verification, part: &'static str, what: String) {
    found.problems.push(Problem { part, what });
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
