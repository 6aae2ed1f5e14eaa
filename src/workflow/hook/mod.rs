//! Enters our script where vzdump asks for one, and takes it out again.

mod error;
mod jobs;
mod next;
mod node;

pub use error::HookError;

use std::path::Path;

use crate::hook::{HOOK, Place, Standing};
use crate::host::Host;
use crate::system::System;

use jobs::Job;
use node::Node;

/// The machine, and where its copy of `/etc/vzdump.conf` is kept.
pub struct Hooks<'a> {
    /// The machine.
    pub system: &'a System,
    /// What it is.
    pub host: &'a Host,
    /// What lasts from run to run.
    pub state_dir: &'a Path,
}

/// One place and what stands there.
#[derive(Clone, Debug)]
pub struct Entered {
    /// The place.
    pub place: Place,
    /// What stands there; after a change: what stood there before.
    pub standing: Standing,
}

impl Hooks<'_> {
    /// Enters our script.
    pub fn enable(&self, place: &Place) -> Result<Standing, HookError> {
        let script = self.system.root.below(HOOK);
        let is_ready = self.system.root.stat(HOOK)?.is_some_and(|stat| stat.mode & 0o100 != 0);
        match place {
            _ if !is_ready => Err(HookError::NoScript(script)),
            Place::Node => Node::of(self).enable(),
            Place::Job(id) => Job::named(self, id)?.enable(self),
        }
    }

    /// Takes it out; what stood there before stands there again.
    pub fn disable(&self, place: &Place) -> Result<Standing, HookError> {
        match place {
            Place::Node => Node::of(self).disable(),
            Place::Job(id) => Job::named(self, id)?.disable(self),
        }
    }

    /// This node and its own jobs: for a package that goes. Jobs that run on other nodes stay, since
    /// those may have the package still, and the script is harmless without it.
    pub fn disable_own(&self) -> Result<Vec<Entered>, HookError> {
        let mut done = vec![Entered { place: Place::Node, standing: Node::of(self).disable()? }];
        let is_own = |job: &Job| !self.host.is_clustered || job.is_bound_to(&self.host.name);
        for job in self.jobs().unwrap_or_default().iter().filter(|job| is_own(job)) {
            done.push(Entered { place: Place::Job(job.id.clone()), standing: job.disable(self)? });
        }
        Ok(done)
    }

    /// What stands where, the node first; and why nothing is known of the jobs.
    pub fn status(&self) -> Result<(Vec<Entered>, Option<HookError>), HookError> {
        let mut all = vec![Entered { place: Place::Node, standing: Node::of(self).standing()? }];
        let jobs = match self.jobs() {
            Ok(jobs) => jobs,
            Err(error) => return Ok((all, Some(error))),
        };
        for job in jobs {
            all.push(Entered { standing: job.standing(self)?, place: Place::Job(job.id) });
        }
        Ok((all, None))
    }

    fn jobs(&self) -> Result<Vec<Job>, HookError> {
        if !self.has_vzdump() {
            return Ok(Vec::new());
        }
        Job::all(self)
    }

    fn has_vzdump(&self) -> bool {
        self.host.pve.is_some()
    }
}
