//! Backup jobs of the cluster, through `pvesh`: it knows who may change what, and checks it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::{HookError, Hooks, next};
use crate::hook::{HOOK, Place, Standing};
use crate::system::{Beneath, CommandSpec, is_there, remove_file};

/// It loads all of Proxmox VE's Perl.
const LIMIT: Duration = Duration::from_secs(60);
/// A cluster has some dozens of jobs.
const OUTPUT_CAP: u64 = 4 << 20;

/// One backup job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: String,
    script: Option<String>,
    /// The only node it runs on.
    node: Option<String>,
}

impl Job {
    /// All of them.
    pub(super) fn all(hooks: &Hooks<'_>) -> Result<Vec<Self>, HookError> {
        let argv = ["pvesh", "get", "/cluster/backup", "--output-format", "json"];
        let said = call(hooks, &argv)?;
        let jobs: Value = serde_json::from_slice(&said).unwrap_or_default();
        let jobs = jobs.as_array().ok_or_else(|| HookError::Answer(argv.join(" ")))?;
        Ok(jobs.iter().filter_map(Self::of).collect())
    }

    pub(super) fn named(hooks: &Hooks<'_>, id: &str) -> Result<Self, HookError> {
        let found = Self::all(hooks)?.into_iter().find(|job| job.id == id);
        found.ok_or_else(|| HookError::NoJob(id.to_owned()))
    }

    fn of(job: &Value) -> Option<Self> {
        let word = |key: &str| job[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Self { id: word("id")?, script: word("script"), node: word("node") })
    }

    /// Whether it runs on this node and on no other.
    pub(super) fn is_bound_to(&self, node: &str) -> bool {
        self.node.as_deref() == Some(node)
    }

    pub(super) fn standing(&self, hooks: &Hooks<'_>) -> Result<Standing, HookError> {
        let own = self.own_entry();
        match &self.script {
            Some(script) if Path::new(script) == own => Ok(Standing::On(next::read(hooks, &own)?)),
            script => Ok(Standing::of(script.as_deref(), Path::new(HOOK), None)),
        }
    }

    pub(super) fn enable(&self, hooks: &Hooks<'_>) -> Result<Standing, HookError> {
        let before = self.standing(hooks)?;
        let entry = match &before {
            Standing::On(_) => return Ok(before),
            Standing::Off => PathBuf::from(HOOK),
            Standing::Other(script) => {
                if hooks.host.is_clustered && !self.is_bound_to(&hooks.host.name) {
                    return Err(HookError::Shared { job: self.id.clone(), script: script.clone() });
                }
                self.chain(hooks, script)?
            }
        };
        self.set(hooks, &["--script", &entry.display().to_string()])?;
        Ok(before)
    }

    pub(super) fn disable(&self, hooks: &Hooks<'_>) -> Result<Standing, HookError> {
        let before = self.standing(hooks)?;
        match &before {
            Standing::On(Some(script)) => self.set(hooks, &["--script", &script.display().to_string()])?,
            Standing::On(None) => self.set(hooks, &["--delete", "script"])?,
            Standing::Off | Standing::Other(_) => return Ok(before),
        }
        let own = self.own_entry();
        next::write(hooks, &own, None)?;
        let own = hooks.system.root.below(&own);
        if is_there(&own) {
            remove_file(&own)?;
        }
        Ok(before)
    }

    fn own_entry(&self) -> PathBuf {
        Place::Job(self.id.clone()).entry(Some(Path::new("")))
    }

    /// A name of our script for this job alone, and the file that goes with it.
    fn chain(&self, hooks: &Hooks<'_>, script: &Path) -> Result<PathBuf, HookError> {
        let own = self.own_entry();
        next::write(hooks, &own, Some(script))?;
        let at = hooks.system.root.below(&own);
        if let (false, Some(dir), Some(name)) = (is_there(&at), at.parent(), at.file_name()) {
            let target = Path::new(HOOK).file_name().unwrap_or_default();
            Beneath::open(dir)?.directory(Path::new(""))?.create_symlink(name, target)?;
        }
        Ok(own)
    }

    fn set(&self, hooks: &Hooks<'_>, change: &[&str]) -> Result<(), HookError> {
        let path = format!("/cluster/backup/{}", self.id);
        call(hooks, &[&["pvesh", "set", &path], change].concat()).map(drop)
    }
}

fn call(hooks: &Hooks<'_>, argv: &[&str]) -> Result<Vec<u8>, HookError> {
    let answer = hooks.system.runner.ask(&CommandSpec::new(argv, LIMIT, OUTPUT_CAP), &hooks.system.cancel);
    answer.of_success().map_err(HookError::Command)
}
