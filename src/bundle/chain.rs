//! The chain of a host's backups: each manifest names the digest of the one before it.
//!
//! Pure: what lies in a directory goes in, one judgement per backup comes out. A chain proves
//! nothing by itself, since whoever can write all of it can compute it anew; with signatures a link
//! can be taken out, but not made. What is missing at either end does not show: retention removes
//! the oldest, and nothing names the newest.

use std::fmt;

use super::name::BackupId;
use super::open::Backup;
use crate::system::digest_hex;

/// What a backup tells about the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predecessor {
    /// Nothing: its manifest is not there, cannot be read, or is of an older tool.
    Untold,
    /// It was the first in its directory.
    None,
    /// This one.
    Is {
        /// SHA-256 of its manifest as it lay there, hex.
        digest: String,
        /// Its identity, where the manifest is new enough to say it.
        id: Option<String>,
    },
}

/// One backup as a link of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which backup.
    pub id: BackupId,
    /// SHA-256 of its manifest as it lies there, hex.
    pub digest: Option<String>,
    /// What its manifest tells.
    pub predecessor: Predecessor,
}

/// Where a chain is not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Break {
    /// Nothing older lies there, but there was something.
    Absent(Option<String>),
    /// The one before it is gone, though older ones lie there.
    Removed {
        /// Which one, where it is named.
        id: Option<String>,
        /// The next older one that lies there.
        older: BackupId,
    },
    /// The one before it has another manifest now.
    Replaced(BackupId),
    /// Older ones lie between it and the one before it.
    Inserted {
        /// The one it names.
        before: BackupId,
        /// The first that should not be there.
        inserted: BackupId,
    },
    /// It was the first, but an older one lies there.
    Unannounced(BackupId),
    /// The one before it has a later time in its name.
    ClockSetBack(BackupId),
    /// It does not tell.
    Untold,
}

/// What a gap in the middle means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// Retention removes the oldest only: somebody else made it.
    Suspicious,
    /// Retention thins out older backups.
    Expected,
}

/// The backups of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Whose, as the names say.
    pub host: String,
    /// Oldest first, each with what is not whole before it.
    pub links: Vec<(BackupId, Option<Break>)>,
}

impl Break {
    /// Whether somebody has to look after it.
    pub fn is_problem(&self, gaps: Gaps) -> bool {
        match self {
            Self::Absent(_) | Self::ClockSetBack(_) | Self::Untold => false,
            Self::Removed { .. } => gaps == Gaps::Suspicious,
            Self::Replaced(_) | Self::Inserted { .. } | Self::Unannounced(_) => true,
        }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(Some(id)) => write!(f, "the one before it, {id}, is not here; nor is anything older"),
            Self::Absent(None) => write!(f, "the one before it is not here; nor is anything older"),
            Self::Removed { id: Some(id), older } => {
                write!(f, "a backup between {older} and this one was removed: {id}")
            }
            Self::Removed { id: None, older } => {
                write!(f, "a backup between {older} and this one was removed, or {older} was replaced")
            }
            Self::Replaced(id) => write!(f, "the one before it, {id}, was replaced or changed after this one was made"),
            Self::Inserted { before, inserted } => {
                write!(f, "it was made right after {before}, so {inserted} was put there later")
            }
            Self::Unannounced(older) => write!(f, "nothing was there before it, so {older} was put there later"),
            Self::ClockSetBack(id) => write!(f, "made after {id}, whose time is later: a clock was set back"),
            Self::Untold => write!(f, "it does not tell which backup was before it"),
        }
    }
}

impl Link {
    /// The link that a backup is; `None` without an identity.
    pub fn of(backup: &Backup) -> Option<Self> {
        let own = backup.facts().filter(|manifest| manifest.format > 0);
        let predecessor = match own.map(|manifest| (&manifest.previous, &manifest.previous_id)) {
            None => Predecessor::Untold,
            Some((None, _)) => Predecessor::None,
            Some((Some(digest), id)) => Predecessor::Is { digest: digest.clone(), id: id.clone() },
        };
        let digest = backup.manifest.as_ref().map(|(bytes, _)| digest_hex(bytes));
        Some(Self { id: backup.id.clone()?, digest, predecessor })
    }
}

/// The chains of all hosts, each link judged.
pub fn chains(mut links: Vec<Link>) -> Vec<Chain> {
    links.sort_by(|a, b| (a.id.host(), &a.id).cmp(&(b.id.host(), &b.id)));
    let of_hosts = links.chunk_by(|a, b| a.id.host() == b.id.host());
    of_hosts.map(|links| Chain { host: links[0].id.host().to_owned(), links: judged(links) }).collect()
}

/// Of one host, oldest first. Several may have one identity: a decrypted copy beside its original.
fn judged(links: &[Link]) -> Vec<(BackupId, Option<Break>)> {
    // What was made while the clock was behind stands before what it follows: it belongs between no
    // two others.
    let later: Vec<Option<&BackupId>> = links.iter().map(|link| later(link, links)).collect();
    let in_order: Vec<&Link> =
        links.iter().zip(&later).filter(|(_, later)| later.is_none()).map(|(link, _)| link).collect();
    let judged = links.iter().zip(&later).map(|(link, later)| match later {
        Some(later) => Some(Break::ClockSetBack((*later).clone())),
        None => judge(link, &in_order),
    });
    links.iter().map(|link| link.id.clone()).zip(judged).collect()
}

fn judge(link: &Link, all: &[&Link]) -> Option<Break> {
    let older: Vec<&Link> = all.iter().copied().filter(|other| other.id < link.id).collect();
    let (digest, id) = match &link.predecessor {
        Predecessor::Untold => return Some(Break::Untold),
        // One without a manifest cannot be named, so it is not missed.
        Predecessor::None => {
            let named = older.iter().rev().find(|other| other.digest.is_some());
            return named.map(|other| Break::Unannounced(other.id.clone()));
        }
        Predecessor::Is { digest, id } => (digest, id),
    };
    if let Some(found) = older.iter().find(|other| other.digest.as_ref() == Some(digest)) {
        let inserted = older.iter().find(|other| other.id > found.id)?;
        return Some(Break::Inserted { before: found.id.clone(), inserted: inserted.id.clone() });
    }
    if let Some(same) = all.iter().find(|other| Some(other.id.as_str()) == id.as_deref()) {
        return Some(Break::Replaced(same.id.clone()));
    }
    Some(match older.last() {
        None => Break::Absent(id.clone()),
        Some(older) => Break::Removed { id: id.clone(), older: older.id.clone() },
    })
}

/// The one that it names, when that has a later name.
fn later<'a>(link: &Link, all: &'a [Link]) -> Option<&'a BackupId> {
    let Predecessor::Is { digest, .. } = &link.predecessor else { return None };
    all.iter().find(|other| other.id > link.id && other.digest.as_ref() == Some(digest)).map(|other| &other.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::parse_name;

    fn id(number: u32) -> BackupId {
        parse_name(&format!("h-backup-202601{number:02}-000000.tar")).unwrap().0
    }

    /// A backup whose manifest has its number as digest; `before` is the number it names.
    fn link(number: u32, before: Option<u32>) -> Link {
        let predecessor = before.map_or(Predecessor::None, |before| Predecessor::Is {
            digest: before.to_string(),
            id: Some(id(before).to_string()),
        });
        Link { id: id(number), digest: Some(number.to_string()), predecessor }
    }

    /// As made by versions that did not name the predecessor.
    fn nameless(number: u32, before: u32) -> Link {
        Link { predecessor: Predecessor::Is { digest: before.to_string(), id: None }, ..link(number, None) }
    }

    /// 1 ← 2 ← … ← `count`.
    fn whole(count: u32) -> Vec<Link> {
        (1..=count).map(|number| link(number, (number > 1).then(|| number - 1))).collect()
    }

    fn breaks(links: Vec<Link>) -> Vec<(BackupId, Break)> {
        let chains = chains(links);
        chains.into_iter().flat_map(|chain| chain.links).filter_map(|(id, broken)| Some((id, broken?))).collect()
    }

    fn name(number: u32) -> String {
        id(number).to_string()
    }

    #[test]
    fn a_whole_chain_has_no_break_in_whatever_order_it_is_read() {
        let mut links = whole(5);
        links.reverse();
        links.swap(1, 3);
        assert_eq!(breaks(links), []);
        assert_eq!(chains(Vec::new()), []);
    }

    /// Every subset of six backups: what is missing shows exactly where its follower is there.
    #[test]
    fn every_way_of_removing_is_told() {
        for kept in 0..64_u32 {
            let is_kept = |number: u32| kept & (1 << (number - 1)) != 0;
            let links: Vec<Link> = whole(6).into_iter().zip(1..).filter(|(_, n)| is_kept(*n)).map(|(l, _)| l).collect();
            let expected: Vec<(BackupId, Break)> = (2..=6)
                .filter(|&number| is_kept(number) && !is_kept(number - 1))
                .map(|number| match (1..number).rev().find(|&older| is_kept(older)) {
                    None => (id(number), Break::Absent(Some(name(number - 1)))),
                    Some(older) => (id(number), Break::Removed { id: Some(name(number - 1)), older: id(older) }),
                })
                .collect();
            assert_eq!(breaks(links), expected, "{kept:06b}");
        }
    }

    #[test]
    fn every_replaced_one_shows_at_its_follower() {
        for number in 1..=5_u32 {
            let mut links = whole(6);
            links[number as usize - 1].digest = Some("other".into());
            assert_eq!(breaks(links), [(id(number + 1), Break::Replaced(id(number)))], "{number}");
        }
    }

    #[test]
    fn one_that_was_put_in_between_shows_at_its_follower() {
        let mut links = whole(3);
        links.remove(1);
        links[1] = link(3, Some(1));
        links.push(link(2, Some(1)));
        assert_eq!(breaks(links), [(id(3), Break::Inserted { before: id(1), inserted: id(2) })]);
    }

    #[test]
    fn one_that_was_put_in_front_shows_at_the_first() {
        let mut links = vec![link(2, None), link(3, Some(2)), link(1, None)];
        assert_eq!(breaks(links.clone()), [(id(2), Break::Unannounced(id(1)))]);
        links[2].digest = None;
        assert_eq!(breaks(links), []);
    }

    #[test]
    fn a_manifest_that_names_no_identity_tells_less() {
        assert_eq!(breaks(vec![link(1, None), nameless(2, 1)]), []);
        let broken = breaks(vec![link(1, None), nameless(3, 2)]);
        assert_eq!(broken, [(id(3), Break::Removed { id: None, older: id(1) })]);
        assert_eq!(breaks(vec![nameless(3, 2)]), [(id(3), Break::Absent(None))]);
    }

    #[test]
    fn a_clock_that_was_set_back_is_a_remark_and_nothing_else() {
        // 1, then 9 with the clock ahead, then 2 and 3 with the clock right, then 10.
        let links = vec![link(1, None), link(9, Some(1)), link(2, Some(9)), link(3, Some(9)), link(10, Some(9))];
        assert_eq!(breaks(links), [(id(2), Break::ClockSetBack(id(9))), (id(3), Break::ClockSetBack(id(9)))]);
    }

    #[test]
    fn what_cannot_be_read_breaks_nothing_else() {
        let mut links = whole(3);
        links[1].predecessor = Predecessor::Untold;
        assert_eq!(breaks(links), [(id(2), Break::Untold)]);
    }

    #[test]
    fn a_decrypted_copy_beside_its_original_breaks_nothing() {
        let mut links = whole(3);
        links.push(Link { digest: Some("copy".into()), ..links[1].clone() });
        assert_eq!(breaks(links), []);
    }

    #[test]
    fn hosts_have_chains_of_their_own() {
        let other = parse_name("other-backup-20260102-120000.tar").unwrap().0;
        let mut links = whole(3);
        links.push(Link { id: other.clone(), digest: Some("x".into()), predecessor: Predecessor::None });
        let chains = chains(links);
        let told: Vec<_> = chains.iter().map(|chain| (chain.host.as_str(), chain.links.len())).collect();
        assert_eq!(told, [("h", 3), ("other", 1)]);
        assert!(chains.iter().flat_map(|chain| &chain.links).all(|(_, broken)| broken.is_none()));
    }

    #[test]
    fn gaps_alone_depend_on_what_retention_does() {
        let gap = Break::Removed { id: None, older: id(1) };
        assert!(gap.is_problem(Gaps::Suspicious) && !gap.is_problem(Gaps::Expected));
        for gaps in [Gaps::Suspicious, Gaps::Expected] {
            assert!(Break::Replaced(id(1)).is_problem(gaps) && Break::Unannounced(id(1)).is_problem(gaps));
            assert!(!Break::Absent(None).is_problem(gaps) && !Break::ClockSetBack(id(1)).is_problem(gaps));
        }
    }
}
