//! The place where vzdump asks which script to call: `script:` in `/etc/vzdump.conf` for all jobs of
//! this node, or `script` of one job. Decided here, done by `workflow::hook`.
//!
//! There is one place and no list. A script that stands there already is not thrown out but called
//! first: its path goes into a file beside our script, `NAME.next`.

mod place;
mod settings;

pub use place::{HOOK, Place, chained_by, next_to};
pub use settings::{script_of, with_script};

use std::path::{Path, PathBuf};

/// What stands where vzdump looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No script.
    Off,
    /// Another one.
    Other(PathBuf),
    /// Ours, which calls this one first.
    On(Option<PathBuf>),
}

impl Standing {
    /// From the script that is entered and the one that ours would call first.
    pub fn of(script: Option<&str>, ours: &Path, next: Option<PathBuf>) -> Self {
        match script {
            None => Self::Off,
            Some(script) if Path::new(script) == ours => Self::On(next),
            Some(script) => Self::Other(PathBuf::from(script)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_is_ours_anothers_or_nothing() {
        let ours = Path::new(HOOK);
        let next = Some(PathBuf::from("/opt/theirs"));
        assert_eq!(Standing::of(None, ours, next.clone()), Standing::Off);
        assert_eq!(Standing::of(Some(HOOK), ours, next.clone()), Standing::On(next.clone()));
        assert_eq!(Standing::of(Some("/opt/theirs"), ours, None), Standing::Other("/opt/theirs".into()));
    }
}
