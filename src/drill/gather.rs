//! Is shown every file of an archive and keeps what the drill needs: texts are judged as soon as
//! they end, of `/etc/pve` the digests stay, and the database waits for the end.

use std::collections::BTreeMap;

use super::database::{self, Capture, Seen};
use super::form::Form;
use super::table::{DATABASE, DATABASE_LOG, row_of};
use super::{Drill, Outcome, Part};
use crate::archive::{Digest, Member, Onlooker, Piece, printable};

/// A larger text is not judged: pmxcfs takes no file over 1 MiB.
const MOST_TEXT: u64 = 1 << 20;
/// A larger database, or log of one, is not judged: it is held in memory.
const MOST_DATABASE: u64 = 64 << 20;
/// More files than any cluster has: pmxcfs has 256 Ki inodes.
const MOST_FILES: usize = 300_000;
/// More guests than any cluster has.
const MOST_PARTS: usize = 100_000;
const CLUSTER: &[u8] = b"/etc/pve/";
const BACKUP_SERVER: &[u8] = b"/etc/proxmox-backup/";

/// Looks on while an archive is read; [`Gatherer::judge`] says what that means.
#[derive(Default)]
pub struct Gatherer {
    present: Option<Present>,
    /// By rank and path.
    parts: BTreeMap<(usize, Vec<u8>), Part>,
    cluster: BTreeMap<Vec<u8>, Seen>,
    database: Option<Kept>,
    log: Option<Kept>,
    has_proxmox: bool,
    has_too_many: bool,
}

/// The file that is being read.
struct Present {
    path: Vec<u8>,
    mtime: i64,
    content: Kept,
}

/// A content, or why there is none.
enum Kept {
    Whole(Vec<u8>),
    TooLarge,
    NotWanted,
}

impl Onlooker for Gatherer {
    fn begin(&mut self, member: &Member) {
        let path = absolute(&member.path);
        let most = match () {
            () if path == DATABASE || path == DATABASE_LOG => Some(MOST_DATABASE),
            () => row_of(&path).map(|_| MOST_TEXT),
        };
        let content = match most {
            None => Kept::NotWanted,
            Some(most) if member.size > most => Kept::TooLarge,
            Some(_) => Kept::Whole(Vec::new()),
        };
        let is_cluster = path.starts_with(CLUSTER);
        self.has_proxmox |= is_cluster || path.starts_with(BACKUP_SERVER) || path == DATABASE;
        let is_wanted = is_cluster || !matches!(content, Kept::NotWanted);
        self.present = is_wanted.then_some(Present { path, mtime: member.mtime, content });
    }

    fn piece(&mut self, piece: Piece<'_>) {
        let Some(Present { content: Kept::Whole(content), .. }) = &mut self.present else { return };
        match piece {
            Piece::Data(bytes) => content.extend_from_slice(bytes),
            // Of a file no larger than what may be kept.
            Piece::Hole(length) => content.resize(content.len() + usize::try_from(length).unwrap_or(0), 0),
        }
    }

    fn end(&mut self, sha256: &Digest) {
        let Some(Present { path, mtime, content }) = self.present.take() else { return };
        if path == DATABASE {
            self.database = Some(content);
        } else if path == DATABASE_LOG {
            self.log = Some(content);
        } else {
            if let Some((rank, form)) = row_of(&path) {
                self.add_part(rank, form, &path, &content);
            }
            if path.starts_with(CLUSTER) {
                self.has_too_many |= self.cluster.len() >= MOST_FILES;
                if !self.has_too_many {
                    self.cluster.insert(path, Seen { sha256: *sha256, mtime });
                }
            }
        }
    }
}

impl Gatherer {
    fn add_part(&mut self, rank: usize, form: Form, path: &[u8], content: &Kept) {
        if self.parts.len() >= MOST_PARTS {
            self.has_too_many = true;
            return;
        }
        let (outcome, line, why) = match content {
            Kept::Whole(bytes) => match form.judge(bytes) {
                Ok(()) => (Outcome::Sound, None, "parses"),
                Err(fault) => (Outcome::Mistaken, fault.line, fault.what),
            },
            Kept::TooLarge | Kept::NotWanted => (Outcome::NotJudged, None, "larger than 1 MiB"),
        };
        let part = Part { path: printable(path), what: what(form, path), line, outcome, why: why.to_owned() };
        self.parts.insert((rank, path.to_vec()), part);
    }

    /// What was seen means this. Call it after the whole archive was read.
    pub fn judge(self, capture: Capture) -> Drill {
        let mut drill = Drill { has_proxmox: self.has_proxmox, ..Drill::default() };
        let log = match self.log {
            Some(Kept::Whole(log)) => log,
            _ => Vec::new(),
        };
        let judged = match self.database {
            None | Some(Kept::NotWanted) => None,
            Some(Kept::TooLarge) => Some((Outcome::NotJudged, "larger than 64 MiB".to_owned())),
            Some(Kept::Whole(file)) => Some(database::judge(file, &log, &self.cluster, capture, &mut drill.remarks)),
        };
        if let Some((outcome, why)) = judged {
            let path = printable(DATABASE);
            drill.parts.push(Part { path, what: "config.db".to_owned(), line: None, outcome, why });
        }
        drill.parts.extend(self.parts.into_values());
        if self.has_too_many {
            drill.remarks.push("it holds more files than any cluster has: not all were looked at".to_owned());
        }
        drill
    }
}

/// Archives of the older tools may have absolute names.
fn absolute(name: &[u8]) -> Vec<u8> {
    let start = name.iter().take_while(|byte| **byte == b'/').count();
    [b"/", &name[start..]].concat()
}

/// `guest 101`, or the file's name.
fn what(form: Form, path: &[u8]) -> String {
    let name = printable(path.rsplit(|byte| *byte == b'/').next().unwrap_or(path));
    match form {
        Form::Guest => format!("guest {}", name.strip_suffix(".conf").unwrap_or(&name)),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::MemberKind;

    fn member(path: &str, size: u64) -> Member {
        Member {
            path: path.as_bytes().to_vec(),
            kind: MemberKind::File,
            mode: 0o640,
            uid: 0,
            gid: 33,
            user: String::new(),
            group: String::new(),
            mtime: 5,
            mtime_ns: 0,
            size,
            link: Vec::new(),
            xattrs: Vec::new(),
            lost: Vec::new(),
        }
    }

    fn show(gatherer: &mut Gatherer, path: &str, content: &str) {
        gatherer.begin(&member(path, content.len() as u64));
        // In pieces, as a reader hands them on.
        for piece in content.as_bytes().chunks(7) {
            gatherer.piece(Piece::Data(piece));
        }
        gatherer.end(&[0; 32]);
    }

    #[test]
    fn parts_come_in_the_order_of_their_weight_and_only_what_is_wanted() {
        let mut gatherer = Gatherer::default();
        for path in ["etc/fstab", "/etc/pve/nodes/n/qemu-server/100.conf", "//etc/pve/storage.cfg", "root/.bashrc"] {
            show(&mut gatherer, path, "proc: /proc proc");
        }
        // The later one of two counts, as when unpacking.
        show(&mut gatherer, "etc/fstab", "proc /proc proc\n");

        let drill = gatherer.judge(Capture::Since(None));

        let parts: Vec<(&str, Outcome)> = drill.parts.iter().map(|part| (part.what.as_str(), part.outcome)).collect();
        let wanted = [("storage.cfg", Outcome::Mistaken), ("fstab", Outcome::Sound), ("guest 100", Outcome::Sound)];
        assert_eq!(parts, wanted);
        assert!(drill.has_proxmox);
        assert_eq!(drill.parts[0].path, "/etc/pve/storage.cfg");
    }

    #[test]
    fn what_is_too_large_is_not_held_and_not_judged() {
        let mut gatherer = Gatherer::default();
        for (path, size) in [("etc/fstab", MOST_TEXT + 1), ("var/lib/pve-cluster/config.db", u64::MAX)] {
            gatherer.begin(&member(path, size));
            gatherer.piece(Piece::Hole(size));
            gatherer.piece(Piece::Data(b"x"));
            gatherer.end(&[0; 32]);
        }
        let drill = gatherer.judge(Capture::Since(None));
        assert!(drill.parts.iter().all(|part| part.outcome == Outcome::NotJudged), "{:?}", drill.parts);
        assert_eq!((drill.parts.len(), drill.of()), (2, 0));
        assert!(drill.to_string().contains("config.db (larger than 64 MiB), and 1 more"), "{drill}");
    }

    #[test]
    fn holes_are_zeros_which_no_text_has() {
        let mut gatherer = Gatherer::default();
        gatherer.begin(&member("etc/fstab", 20));
        gatherer.piece(Piece::Data(b"proc /proc\n"));
        gatherer.piece(Piece::Hole(9));
        gatherer.end(&[0; 32]);
        let drill = gatherer.judge(Capture::Since(None));
        assert_eq!((drill.parts[0].line, drill.parts[0].outcome), (Some(2), Outcome::Mistaken));
        assert!(!drill.has_proxmox);
    }
}
