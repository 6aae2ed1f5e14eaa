//! Archives that no backup tool writes, on their way to a machine: the plan refuses them or leaves
//! the entry out and says which; and where its refusal is passed over, still nothing but the
//! record of the restore changes.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use chrono::Local;
use proxmox_backup::apply::{ApplyError, Change, Life, Record, clear, export, stage};
use proxmox_backup::archive::{ArchiveReader, Limits, ReadError, padding};
use proxmox_backup::bundle::{Backup, Manifest};
use proxmox_backup::restore::{Detail, PlannedFile, RestorePlan, Selection, Verdict, explain, read_source};
use proxmox_backup::system::{Cancel, Root, Runner, System, digest_hex};
use proxmox_backup::workflow::{Contents, Failure, RestoreJob, restore, restore_plan, undo};
use serde_json::{Value, json};
use tar::{EntryType, Header};

use crate::sample::{Sample, files_in};

const FILE: EntryType = EntryType::Regular;
const LINK: EntryType = EntryType::Link;
const SYMLINK: EntryType = EntryType::Symlink;
const INDEX: &str = "var/lib/proxmox-config-backup/info/index.json";

/// An archive made header by header.
#[derive(Clone, Default)]
struct Made {
    bytes: Vec<u8>,
    index: Vec<Value>,
}

impl Made {
    /// A file's text is its content, that of others where they lead.
    fn with(mut self, kind: EntryType, name: &str, text: &str, mode: u32) -> Self {
        let (content, link) = if kind == FILE { (text, "") } else { ("", text) };
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        let ustar = header.as_ustar_mut().unwrap();
        ustar.name[..name.len()].copy_from_slice(name.as_bytes());
        ustar.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_mtime(1_000_000_000);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(content.as_bytes());
        self.bytes.resize(self.bytes.len() + padding(content.len() as u64), 0);
        let sha256 = (kind == FILE).then(|| digest_hex(content.as_bytes()));
        // The index is as false as the rest, except that it vouches for no rights.
        let mode = format!("{:04o}", mode & 0o777);
        self.index.push(json!({ "path": name, "type": "file", "mode": mode, "uid": 0, "gid": 0, "size": content.len(),
            "mtime": 0, "recipe": "", "sha256": sha256 }));
        self
    }

    fn file(self, name: &str, content: &str) -> Self {
        self.with(FILE, name, content, 0o644)
    }

    fn link(self, kind: EntryType, name: &str, to: &str) -> Self {
        self.with(kind, name, to, 0o777)
    }

    /// Only a header, which claims that so much follows.
    fn claim(mut self, kind: EntryType, size: u64) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.as_old_mut().name[..5].copy_from_slice(b"srv/x");
        header.set_size(size);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        self.bytes.extend_from_slice(header.as_bytes());
        self
    }

    /// As this program writes it: the index is the last member.
    fn indexed(self) -> Self {
        let host = json!({ "name": "other", "pve": null, "pbs": null, "debian": "12 bookworm", "is_clustered": false,
            "machine_id": null, "is_offline": false });
        let index = json!({ "format": 1, "host": host, "entries": self.index });
        self.file(INDEX, &index.to_string())
    }

    fn end(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 1024, 0);
        self.bytes
    }
}

/// A machine, and beside it what must stay as it is: all below one directory.
struct Place {
    sample: Sample,
}

/// How far a restore of an archive gets before it would change the machine.
struct Attempt {
    plan: RestorePlan,
    /// What the user reads.
    told: String,
    staged: Vec<Change>,
    /// Files put aside, relative.
    exported: Vec<PathBuf>,
}

impl Place {
    fn new() -> Self {
        let sample = Sample::empty("hostile");
        sample.plant("/etc/hostname", "target\n");
        sample.plant("/etc/shadow", "root:canary:1:0:99999:7:::\n");
        std::fs::create_dir(sample.path("outside")).unwrap();
        std::fs::write(sample.path("outside/secret"), "canary").unwrap();
        std::fs::create_dir_all(sample.path("state/restore")).unwrap();
        Self { sample }
    }

    fn outside(&self, name: &str) -> String {
        self.sample.path("outside").join(name).display().to_string()
    }

    fn store(&self, archive: Made) -> PathBuf {
        let path = self.sample.path("stranger-backup-20260101-000000.tar");
        std::fs::write(&path, archive.end()).unwrap();
        path
    }

    /// Plan, contents, exports, as `restore` does them, a refusal of the plan passed over. Nothing
    /// but the record may change, and nothing may be in it that could harm whoever looks.
    fn attempt(&self, archive: Made) -> Result<Attempt, Failure> {
        let path = self.store(archive);
        let before = everything(&self.sample.path(""));
        let (backup, cancel) = (Backup::open(&path).unwrap(), Cancel::default());
        let root = Root::at(&self.sample.root()).unwrap();
        let system = System { cancel: cancel.clone(), ..System::new(root, Runner::Nobody) };
        let plan = restore_plan(&backup, &system, &Selection::default());
        let attempt = plan.map(|plan| {
            let record = Record::create(&self.sample.path("state"), &Local::now()).unwrap();
            let contents = Contents::of(&backup, &cancel).unwrap();
            let staged = stage(&record, contents.members().unwrap(), &plan).unwrap();
            let again =
                || contents.members().map_err(|failure| ReadError::Stream(std::io::Error::other(failure.to_string())));
            export::<_, ApplyError>(&record, &|| Ok(again()?), &plan).unwrap();
            let exported = harmless(&record);
            clear(&record).unwrap();
            assert!(files_in(&record.new_dir()).is_empty());
            Attempt { told: explain(&plan, Detail::Groups), staged: staged.into_values().collect(), plan, exported }
        });
        assert_eq!(everything(&self.sample.path("")), before);
        if let Ok(attempt) = &attempt {
            self.goes_through(&backup, &system, &attempt.plan);
        }
        attempt
    }

    /// As the program does it: refused before the first change, or without what is never written;
    /// either way nothing outside of the machine changes, and an undo takes all of it back.
    fn goes_through(&self, backup: &Backup, system: &System, plan: &RestorePlan) {
        let (state_dir, lock) = (self.sample.path("state"), self.sample.path("run/.backup.lock"));
        let (machine, outside) = (contents(&self.sample.root()), everything(&self.sample.path("outside")));
        let selection = Selection::default();
        let program = PathBuf::from("/usr/bin/proxmox-backup");
        let job =
            RestoreJob { system, backup, selection: &selection, plan, state_dir: &state_dir, lock: &lock, program };

        let done = restore(&job);

        assert_eq!(everything(&self.sample.path("outside")), outside);
        if !plan.refusals.is_empty() {
            assert!(matches!(done, Err(Failure::Refused(_))), "{done:?}");
            assert_eq!(contents(&self.sample.root()), machine);
            return;
        }
        let record = done.unwrap().record;
        harmless(&record);
        let now = contents(&self.sample.root());
        let is_planned = |path: &PathBuf| {
            let mut below = plan.files.iter().filter(|file| file.verdict.changes()).map(PlannedFile::destination);
            let path = path.strip_prefix(self.sample.root()).unwrap().as_os_str().as_bytes();
            below.any(|file| file[1..].starts_with(path))
        };
        for (path, what) in now.iter().filter(|(path, what)| machine.get(*path) != Some(what)) {
            assert!(is_planned(path), "{} became {what}", path.display());
        }
        if record.life().unwrap() != Life::Untouched {
            undo(system, &state_dir, &lock, Some(record.id())).unwrap();
        }
        assert_eq!(contents(&self.sample.root()), machine);
        assert_eq!(everything(&self.sample.path("outside")), outside);
    }
}

/// What a restore and its undo answer for: [`everything`] without times and numbers of names.
fn contents(dir: &Path) -> BTreeMap<PathBuf, String> {
    let without_times = |(path, _): (PathBuf, String)| {
        let meta = path.symlink_metadata().unwrap();
        let content = match () {
            () if meta.is_symlink() => std::fs::read_link(&path).unwrap().display().to_string(),
            () if meta.is_file() => digest_hex(&std::fs::read(&path).unwrap()),
            () => String::new(),
        };
        let facts = format!("{:o} {}:{} {content}", meta.mode(), meta.uid(), meta.gid());
        (path, facts)
    };
    everything(dir).into_iter().map(without_times).collect()
}

impl Attempt {
    fn is_staged(&self, path: &str) -> bool {
        self.staged.iter().any(|change| change.path == path.as_bytes())
    }
}

/// Everything below a directory but the records of restores.
fn everything(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(path) = open.pop() {
        if path.ends_with("state/restore") {
            continue;
        }
        let meta = path.symlink_metadata().unwrap();
        let content = match () {
            () if meta.is_dir() => {
                open.extend(files_in(&path));
                String::new()
            }
            () if meta.is_symlink() => std::fs::read_link(&path).unwrap().display().to_string(),
            () => digest_hex(&std::fs::read(&path).unwrap()),
        };
        let facts = (meta.mode(), meta.uid(), meta.gid(), meta.size(), meta.mtime(), meta.mtime_nsec(), meta.nlink());
        found.insert(path, format!("{facts:?} {content}"));
    }
    found
}

/// What lies in a record: numbers on their way, files put aside; gives the latter.
fn harmless(record: &Record) -> Vec<PathBuf> {
    for path in files_in(&record.new_dir()) {
        assert!(
            path.file_name().unwrap().to_str().unwrap().bytes().all(|byte| byte.is_ascii_digit()),
            "{}",
            path.display()
        );
        assert!(path.symlink_metadata().unwrap().is_file() && path.metadata().unwrap().mode() & 0o7777 == 0o600);
    }
    let (mut open, mut exported) = (vec![record.dir().to_path_buf()], Vec::new());
    while let Some(path) = open.pop() {
        let meta = path.symlink_metadata().unwrap();
        let kind = meta.file_type();
        assert!(!kind.is_fifo() && !kind.is_char_device() && !kind.is_block_device(), "{}", path.display());
        assert_eq!(meta.mode() & 0o6000, 0, "{}", path.display());
        if kind.is_dir() {
            open.extend(files_in(&path));
        } else {
            let content = std::fs::read(&path).unwrap_or_default();
            assert!(kind.is_symlink() || !content.windows(6).any(|word| word == b"canary"), "{}", path.display());
            exported.extend(path.strip_prefix(record.export_dir()).ok().map(Path::to_path_buf));
        }
    }
    exported.sort();
    exported
}

#[test]
fn an_archive_that_leads_out_is_refused_as_a_whole_and_harmless_even_so() {
    let place = Place::new();
    let secret = place.outside("secret");
    let absolute = place.outside("new");
    let made = Made::default;
    for (what, archive, entry, why) in [
        ("upwards", made().file("../outside/new", "x"), "/../outside/new", "leads out"),
        ("upwards later", made().file("srv/../../outside/new", "x"), "/srv/../../outside/new", "leads out"),
        ("only upwards", made().link(EntryType::Directory, "srv/..", ""), "/srv/..", "leads out"),
        ("absolute, ours", made().file(&absolute, "x").indexed(), &absolute, "absolute"),
        ("upwards, ours", made().file("../outside/new", "x").indexed(), "/../outside/new", "leads out"),
        ("link upwards", made().link(LINK, "srv/l", "../outside/secret"), "/srv/l", "not in the archive"),
        ("absolute link", made().link(LINK, "srv/l", &secret), "/srv/l", "not in the archive"),
        ("link to a host's file", made().link(LINK, "srv/l", "etc/shadow"), "/srv/l", "not in the archive"),
        (
            "link through a symlink",
            made().link(SYMLINK, "srv/s", "../../outside").link(LINK, "srv/l", "srv/s/secret"),
            "/srv/l",
            "not in the archive",
        ),
        ("device, ours", made().link(EntryType::Block, "srv/sda", "").indexed(), "/srv/sda", "never made"),
        ("FIFO, ours", made().link(EntryType::Fifo, "srv/fifo", "").indexed(), "/srv/fifo", "never made"),
    ] {
        let attempt = place.attempt(archive).unwrap_or_else(|failure| panic!("{what}: {failure}"));
        let refusal = attempt.plan.refusals.first().unwrap_or_else(|| panic!("{what}: {}", attempt.told));

        assert!(attempt.plan.is_hostile && attempt.plan.steps.is_empty(), "{what}");
        assert!(refusal.why.contains(&format!("{entry} (")) && refusal.why.contains(why), "{what}: {}", refusal.why);
        assert!(attempt.told.contains("REFUSED") && attempt.told.contains(why), "{what}: {}", attempt.told);
        assert!(!attempt.is_staged(entry), "{what}");
    }
    assert!(!Path::new(&absolute).exists());
}

#[test]
fn what_older_tools_may_have_packed_stays_out_and_the_rest_goes_back() {
    let place = Place::new();
    let made = Made::default;
    let outside = place.outside("");
    for (what, archive, entry, why) in [
        (
            "through a symlink",
            made().link(SYMLINK, "srv/l", "../../outside").file("srv/l/new", "x"),
            "/srv/l/new",
            "no directory",
        ),
        (
            "through an absolute symlink",
            made().link(SYMLINK, "srv/l", &outside).file("srv/l/new", "x"),
            "/srv/l/new",
            "no directory",
        ),
        (
            "over a symlink",
            made().link(SYMLINK, "srv/l", "../../outside/new").file("srv/l", "x"),
            "/srv/l",
            "more than once",
        ),
        ("twice", made().file("srv/l", "one").file("srv/l", "two"), "/srv/l", "more than once"),
        (
            "a name of a symlink",
            made().link(SYMLINK, "srv/s", "../../outside/secret").link(LINK, "srv/l", "srv/s"),
            "/srv/l",
            "no file",
        ),
        ("device", made().link(EntryType::Char, "srv/l", ""), "/srv/l", "never made"),
        ("block device", made().link(EntryType::Block, "srv/l", ""), "/srv/l", "never made"),
        ("FIFO", made().link(EntryType::Fifo, "srv/l", ""), "/srv/l", "never made"),
        ("unknown type", made().link(EntryType::new(b'Z'), "srv/l", ""), "/srv/l", "never made"),
        ("name that is not plain", made().file("srv//l", "x"), "/srv//l", "not plain"),
    ] {
        let attempt = place.attempt(archive.file("srv/after", "x")).unwrap();
        let file = attempt.plan.file(entry).unwrap_or_else(|| panic!("{what}: {}", attempt.told));

        assert!(!attempt.plan.is_hostile, "{what}: {:?}", attempt.plan.refusals);
        assert!(file.verdict == Verdict::Never && file.reason.contains(why), "{what}: {}", file.reason);
        assert!(attempt.told.contains(&format!("never written: {entry} (")), "{what}: {}", attempt.told);
        assert!(!attempt.is_staged(entry) && attempt.is_staged("/srv/after"), "{what}");
    }
}

#[test]
fn an_absolute_name_of_an_older_archive_is_one_below_the_root() {
    let place = Place::new();
    let name = place.outside("new");
    let attempt = place.attempt(Made::default().file(&name, "x")).unwrap();
    assert!(attempt.is_staged(&name));
    assert!(!Path::new(&name).exists());
}

#[test]
fn twice_in_an_archive_of_ours_is_damage() {
    let archive = Made::default().file("srv/l", "one").file("srv/l", "two").indexed();
    let failure = Place::new().attempt(archive).err().unwrap();
    assert!(matches!(failure, Failure::Damaged { .. }) && failure.to_string().contains("srv/l"), "{failure}");
}

#[test]
fn rights_of_others_need_the_word_of_an_index() {
    let place = Place::new();
    let archive = Made::default().with(FILE, "usr/local/bin/su", "x", 0o6755);
    let mut vouched = archive.clone();
    vouched.index[0]["mode"] = "4755".into();
    for (archive, mode) in [(archive.clone(), 0o755), (archive.indexed(), 0o755), (vouched.indexed(), 0o4755)] {
        let attempt = place.attempt(archive).unwrap();
        let file = attempt.staged.iter().find(|change| change.path == b"/usr/local/bin/su").unwrap();
        assert_eq!(file.attributes.as_ref().unwrap().mode, mode);
        assert!(attempt.told.contains("left out of 1 files, the first is /usr/local/bin/su"), "{}", attempt.told);
    }
}

#[test]
fn what_is_put_aside_stays_below_its_directory() {
    let place = Place::new();
    let archive = Made::default()
        .with(FILE, "usr/bin/su", "x", 0o6755)
        .link(SYMLINK, "usr/lib/up", "../../../../../outside")
        .file("usr/lib/up/new", "x")
        .link(LINK, "usr/lib/name", "usr/bin/su")
        .link(LINK, "usr/lib/shadow", "../../../etc/shadow")
        .file("usr/../../../../outside/new", "x");
    let attempt = place.attempt(archive).unwrap();
    assert!(attempt.plan.is_hostile);
    let names: Vec<&str> = attempt.exported.iter().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(names, ["usr/bin/su", "usr/lib/name", "usr/lib/up"]);
}

#[test]
fn bombs_and_giant_headers_end_before_they_cost_anything() {
    let place = Place::new();
    let holes = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n40 GNU.sparse.realsize=9000000000000000\n";
    let map = format!("1\n9000000000000000\n0\n{}", "\0".repeat(491));
    let mut sparse = Made::default().file("srv/holes", holes);
    sparse.bytes[156] = b'x';
    let sum: u32 = sparse.bytes[..512].iter().enumerate().map(|(at, byte)| sum_of(at, *byte)).sum();
    sparse.bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    for (what, archive) in [
        ("size", Made::default().claim(FILE, 1 << 60)),
        ("ratio", Made::default().claim(FILE, 5 << 30)),
        ("holes", sparse.file("srv/holes", &map)),
        ("PAX header", Made::default().claim(EntryType::XHeader, 1 << 40)),
        ("PAX header for all", Made::default().claim(EntryType::XGlobalHeader, 1 << 30)),
        ("long name", Made::default().claim(EntryType::GNULongName, 1 << 30)),
        ("long link", Made::default().claim(EntryType::GNULongLink, 1 << 30)),
    ] {
        let failure = place.attempt(archive).err().unwrap_or_else(|| panic!("{what} was accepted"));
        let said = failure.to_string();
        assert!(said.contains("refused") && said.contains("are allowed"), "{what}: {said}");
    }
}

/// The checksum counts its own field as blanks.
fn sum_of(at: usize, byte: u8) -> u32 {
    if (148..156).contains(&at) { u32::from(b' ') } else { u32::from(byte) }
}

#[test]
fn absurd_numbers_of_entries_end_the_reading() {
    let many = (0..20).fold(Made::default(), |archive, number| archive.file(&format!("srv/{number}"), "")).end();
    let reader = ArchiveReader::new(&many[..], Limits { entries: 10, ..Limits::default() });
    let error = read_source(reader, &Manifest::default(), &BTreeMap::new()).err().unwrap();
    assert!(matches!(error, ReadError::TooMuch { .. }) && error.to_string().contains("10 members"), "{error}");
}

#[test]
fn the_program_names_the_entry_and_ends_with_a_failed_check() {
    let place = Place::new();
    let archive = place.store(Made::default().file("srv/a", "x").file("../outside/new\u{1b}[2J", "x"));
    let said = place.sample.expect(4, &["restore", archive.to_str().unwrap(), "--plan"]);
    for words in ["REFUSED: all of this backup", "/../outside/new\u{fffd}[2J (its name leads out", "extract"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("Steps") && said.contains("Nothing of this backup is restored."), "{said}");
}
