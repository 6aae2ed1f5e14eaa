//! What a place has to be, and what is wrong with it. Looks at nothing itself.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::system::{Kind, Stat};

/// The bits of group and others: read, write, search.
const OF_OTHERS: u32 = 0o077;
/// Group and others may write.
const WRITABLE: u32 = 0o022;
/// In such a directory only owners remove and rename.
const STICKY: u32 = 0o1000;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub path: PathBuf,
    /// What is wrong, reads after the path.
    pub what: String,
    /// What would put it right; `None` where that is not ours to do, or would not undo anything.
    pub repair: Option<Repair>,
    /// Whether what lies there is still to be believed.
    pub doubt: Doubt,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.what)
    }
}

/// Owner root, and this mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Nothing else is touched.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "owner root, mode {:04o}", self.mode)
    }
}

/// Whether what lies there is still to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Others could read it at most, or it matters little.
    None,
    /// Others could have written the keys for which archives are encrypted.
    Altered,
}

/// What a place has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// Not ours to change, but nobody besides root may write it.
    Trusted,
    /// Ours: root's, and nobody else reads it.
    Private,
    /// The same, and what is written there decides who can open backups.
    Keys,
}

/// What is wrong with a place; `None` where nothing is. A symlink is found before.
pub(super) fn judge(path: &Path, stat: &Stat, demand: Demand) -> Option<Finding> {
    let is_shared = stat.kind == Kind::Directory && stat.mode & STICKY != 0;
    let is_writable = stat.mode & WRITABLE != 0 && !(demand == Demand::Trusted && is_shared);
    let what = if stat.uid != 0 {
        format!("belongs to user {} instead of root", stat.uid)
    } else if is_writable {
        format!("others can change it (mode {:04o})", stat.mode)
    } else if demand != Demand::Trusted && stat.mode & OF_OTHERS != 0 {
        format!("others can read it (mode {:04o})", stat.mode)
    } else {
        return None;
    };
    let altered = demand == Demand::Keys && (stat.uid != 0 || is_writable);
    Some(Finding {
        path: path.to_owned(),
        what,
        repair: (demand != Demand::Trusted).then(|| repair(stat)).flatten(),
        doubt: if altered { Doubt::Altered } else { Doubt::None },
    })
}

/// What the owner may do stays as it is, as far as it makes sense: 0400 is as good as 0600.
fn repair(stat: &Stat) -> Option<Repair> {
    let mode = match stat.kind {
        Kind::Directory => 0o700,
        Kind::File if stat.mode & 0o600 == 0o400 => 0o400,
        Kind::File => 0o600,
        _ => return None,
    };
    Some(Repair { kind: stat.kind, mode })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: Kind, uid: u32, mode: u32, demand: Demand) -> Option<Finding> {
        let stat = Stat { kind, mode, uid, gid: 0, size: 0, allocated: 0, mtime: 0, mtime_ns: 0, id: (0, 0), links: 1 };
        judge(Path::new("/x"), &stat, demand)
    }

    #[test]
    fn owner_and_mode_decide() {
        use Demand::{Keys, Private, Trusted};
        use Kind::{Directory, File};
        for (kind, uid, mode, demand, what, repair) in [
            (File, 0, 0o600, Private, None, None),
            (File, 0, 0o400, Keys, None, None),
            (File, 0, 0o444, Private, Some("others can read it (mode 0444)"), Some(0o400)),
            (File, 0, 0o644, Private, Some("others can read it (mode 0644)"), Some(0o600)),
            (File, 0, 0o755, Trusted, None, None),
            (File, 0, 0o775, Trusted, Some("others can change it (mode 0775)"), None),
            (File, 33, 0o755, Trusted, Some("belongs to user 33 instead of root"), None),
            (File, 33, 0o600, Keys, Some("belongs to user 33 instead of root"), Some(0o600)),
            (Directory, 0, 0o1777, Trusted, None, None),
            (Directory, 0, 0o1777, Private, Some("others can change it (mode 1777)"), Some(0o700)),
            (Directory, 0, 0o750, Private, Some("others can read it (mode 0750)"), Some(0o700)),
            (Directory, 0, 0o500, Private, None, None),
        ] {
            let found = found(kind, uid, mode, demand);
            assert_eq!(found.as_ref().map(|finding| finding.what.as_str()), what, "{mode:o} {demand:?}");
            assert_eq!(
                found.and_then(|finding| finding.repair).map(|repair| repair.mode),
                repair,
                "{mode:o} {demand:?}"
            );
        }
    }

    #[test]
    fn only_keys_that_others_could_write_are_in_doubt() {
        let doubt = |mode, demand| found(Kind::File, 0, mode, demand).map(|finding| finding.doubt);
        assert_eq!(doubt(0o644, Demand::Keys), Some(Doubt::None));
        assert_eq!(doubt(0o664, Demand::Keys), Some(Doubt::Altered));
        assert_eq!(doubt(0o664, Demand::Private), Some(Doubt::None));
    }
}
