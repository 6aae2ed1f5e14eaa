//! MANUAL RESTORE of proxmox-backup-restore(8), read by somebody who types every line of it: each
//! command of the section runs as printed, against backups of whole hosts and on hosts that have
//! just been installed.

mod page;
mod play;
mod run;

use std::collections::BTreeSet;

use page::{Step, is_printed_as_it_is, literal_lines, page, steps};
use play::{
    backup_server, bash_tool, files, is_there, out_of_the_database, passphrase, proxsave, saved, side_by_side,
    single_files, whole_node,
};
use run::{Desk, Reading};

use crate::old::Layout;
use crate::scene::Scene;

const NAMES: &str = "Names";
const UNPACK: &str = "Unpack the backup";
const CHECK: &str = "Check it";
const DECRYPT: &str = "Decrypt";
const DECOMPRESS: &str = "Decompress and list";
const SCRATCH: &str = "Unpack into a directory of its own";
const TAKE_OVER: &str = "Take single files over";
const WHOLE_NODE: &str = "Proxmox VE: a whole node";
const SINGLE_FILES: &str = "Proxmox VE: single files";
const DATABASE: &str = "Proxmox VE: a file out of the database";
const BACKUP_SERVER: &str = "Proxmox Backup Server";
const OLDER: &str = "Backups of older tools";
const AFTERWARDS: &str = "Afterwards";

/// From the backup to files in a directory.
const FILES: &[&str] = &[NAMES, UNPACK, CHECK, DECRYPT, DECOMPRESS, SCRATCH];
/// Setting, comment, program.
const CODECS: [(&str, &str, &str); 6] = [
    ("none", ".tar", "cat"),
    ("gzip", ".tar.gz", "gzip"),
    ("bzip2", ".tar.bz2", "bzip2"),
    ("xz", ".tar.xz", "xz"),
    ("lzma", ".tar.lzma", "xz"),
    ("zstd", ".tar.zst", "zstd"),
];

/// Does what the page says; numbers of the commands that ran, none where this machine cannot do it.
type Play = dyn Fn(&[&Step]) -> Option<BTreeSet<usize>>;

/// What somebody does with the page.
struct Scenario {
    name: String,
    parts: Vec<&'static str>,
    comments: Vec<&'static str>,
    play: Box<Play>,
}

impl Scenario {
    fn new(
        name: &str,
        parts: &[&'static str],
        comments: &[&'static str],
        play: impl Fn(&[&Step]) -> Option<BTreeSet<usize>> + 'static,
    ) -> Self {
        Self { name: name.to_owned(), parts: parts.to_vec(), comments: comments.to_vec(), play: Box::new(play) }
    }

    fn steps<'a>(&self, all: &'a [Step]) -> Vec<&'a Step> {
        let reading = Reading { parts: &self.parts, comments: &self.comments };
        all.iter().filter(|step| reading.takes(step)).collect()
    }
}

fn scenarios() -> Vec<Scenario> {
    let with = |more: &[&'static str]| [FILES, more].concat();
    let mut all = Vec::new();
    for (codec, end, program) in CODECS {
        for (how, comments) in [("plain", vec!["a bundle", end]), ("age", vec!["a bundle", "ends in .age", end])] {
            all.push(Scenario::new(&format!("{codec}, {how}"), &with(&[TAKE_OVER]), &comments, move |steps| {
                is_there(program).then(|| files(steps, codec, how == "age"))?
            }));
        }
    }
    let zstd = ["a bundle", ".tar.zst"];
    let typed = ["a bundle", "a passphrase", "ends in .age", ".tar.zst"];
    all.push(Scenario::new("passphrase", &with(&[]), &typed, passphrase));
    let trio = ["three files", ".tar.zst"];
    all.push(Scenario::new("side by side", &with(&[TAKE_OVER, AFTERWARDS]), &trio, side_by_side));
    all.push(Scenario::new("out of the database", &with(&[DATABASE]), &zstd, out_of_the_database));
    all.push(Scenario::new("whole node", &with(&[TAKE_OVER, WHOLE_NODE, AFTERWARDS]), &zstd, whole_node));
    all.push(Scenario::new("files of a node", &with(&[SINGLE_FILES]), &zstd, |steps| {
        single_files(steps, &Scene::pve_standalone()?)
    }));
    let clustered = ["a bundle", ".tar.zst", "a cluster"];
    all.push(Scenario::new("files of a cluster", &with(&[SINGLE_FILES]), &clustered, |steps| {
        single_files(steps, &Scene::cluster_member()?)
    }));
    all.push(Scenario::new("backup server", &with(&[BACKUP_SERVER]), &zstd, backup_server));
    let bash = ["three files", ".tar.xz", "of the Bash tool", "pieces"];
    let unchecked: Vec<_> = with(&[OLDER]).into_iter().filter(|part| *part != CHECK).collect();
    all.push(Scenario::new("Bash tool", &unchecked, &bash, bash_tool));
    for (layout, first) in [(Layout::ManifestFirst, "a bundle"), (Layout::Trio, "three files")] {
        let comments = [first, ".tar.gz", "of ProxSave", "pieces"];
        all.push(Scenario::new(&format!("ProxSave, {layout:?}"), &with(&[OLDER]), &comments, move |steps| {
            Some(proxsave(steps, layout))
        }));
    }
    all
}

#[test]
fn every_line_runs_as_printed() {
    let dir = tempfile::tempdir().unwrap();
    let lines = literal_lines(&page(dir.path()));
    is_printed_as_it_is(dir.path(), &lines);
    let all = steps(&lines);
    let (mut ran, mut left_out) = (BTreeSet::new(), BTreeSet::new());

    for scenario in scenarios() {
        let steps = scenario.steps(&all);
        for part in &scenario.parts {
            assert!(all.iter().any(|step| step.part == *part), "the page has no part `{part}`");
        }
        if let Some(numbers) = (scenario.play)(&steps) {
            ran.extend(numbers);
        } else {
            eprintln!("SKIPPED: {}", scenario.name);
            left_out.extend(steps.iter().map(|step| step.number));
        }
    }

    let of = |numbers: &BTreeSet<usize>| numbers.iter().map(|number| all[*number].lines()).sum::<usize>();
    let missing: Vec<&Step> =
        all.iter().filter(|step| !ran.contains(&step.number) && !left_out.contains(&step.number)).collect();
    assert!(missing.is_empty(), "no scenario runs {missing:#?}");
    left_out.retain(|number| !ran.contains(number));
    assert_eq!(of(&ran) + of(&left_out), lines.len(), "lines that ran, and lines of the section");
    assert!(left_out.is_empty() || of(&ran) > 50, "hardly a line ran");
    if !left_out.is_empty() {
        eprintln!("SKIPPED: {} of {} lines of the manual", of(&left_out), lines.len());
    }
}

/// A changed byte of the archive ends the reading at the check, before anything is unpacked.
#[test]
fn a_damaged_backup_is_noticed_at_the_check() {
    let dir = tempfile::tempdir().unwrap();
    let all = steps(&literal_lines(&page(dir.path())));
    let scenario = Scenario::new("damage", FILES, &["a bundle", ".tar.gz"], |_| None);
    let sample = saved("debian-plain", "COMPRESSION_TYPE=gzip\n");
    let mut bytes = std::fs::read(sample.newest()).unwrap();
    // The archive is the last member, and padding ends the bundle.
    let inside = bytes.len() - 4096;
    bytes[inside] ^= 1;
    std::fs::write(sample.newest(), bytes).unwrap();

    let desk = Desk::of(&sample.newest());
    let output = desk.try_run(&scenario.steps(&all));

    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains(": FAILED"), "{output:?}");
    assert!(!desk.file("").exists());
}

/// The services in the order in which the program itself stops and starts them.
#[test]
fn the_page_stops_and_starts_services_in_the_order_of_the_program() {
    let table = include_str!("../src/restore/services.rs").split("PVE_STOP: ").nth(1).unwrap();
    let table = table.split("];").next().unwrap();
    let stop: Vec<&str> = table.split('"').filter_map(|text| text.strip_suffix(".service")).collect();
    let start = stop.iter().rev().filter(|unit| !["pve-cluster", "corosync"].contains(*unit)).copied();
    let start: Vec<&str> = start.collect();

    let dir = tempfile::tempdir().unwrap();
    let all = steps(&literal_lines(&page(dir.path())));
    let loops = all.iter().filter(|step| step.part == WHOLE_NODE).filter_map(|step| {
        let units = step.text.strip_prefix("for unit in ")?.split("\ndo ").next()?;
        Some(units.split_whitespace().filter(|word| *word != "\\").collect::<Vec<_>>())
    });

    assert!(stop.len() > 8);
    assert_eq!(loops.collect::<Vec<_>>(), [stop, start]);
}
