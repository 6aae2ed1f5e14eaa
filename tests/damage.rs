//! Damage anywhere in a backup is found, and named in words; nothing panics.
//!
//! `FLIPS=all` changes every byte; without it a spread of them, headers completely.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use proxmox_backup::bundle::Backup;
use proxmox_backup::system::{Clock, Runner};

use crate::sample::{Random, Sample, files_in, problems_of, setting};

/// Offset of the archive in a bundle: three headers, the manifest's place, the checksum.
const ARCHIVE: usize = 512 + 16 * 1024 + 512 + 512 + 512;

#[derive(Clone, Copy)]
enum Packing {
    Bundle,
    Files,
}

/// A small host with one backup; `seed` makes its content differ from others'.
fn small(seed: u64, packing: Packing) -> (Sample, PathBuf) {
    let sample = Sample::empty("small");
    sample.plant("/etc/hostname", "small\n");
    sample.plant("/etc/hosts", Random::new(seed).bytes(3000));
    sample.plant("/etc/network/interfaces", "auto lo\n".repeat(20));
    let mut config = sample.config();
    config.archive.bundle = matches!(packing, Packing::Bundle);
    sample.backup_as(&config, Runner::Nobody, Clock::System).unwrap();
    let path = sample.newest();
    assert_eq!(problems_of(&path), Vec::<String>::new());
    (sample, path)
}

/// What verification says; a panic is a failure of its own kind.
fn judge(backup: &Path, what: &str) -> Vec<String> {
    let problems = catch_unwind(AssertUnwindSafe(|| problems_of(backup)));
    let problems = problems.unwrap_or_else(|_| panic!("{what}: verification panics"));
    assert!(problems.iter().all(|problem| problem.len() > 10), "{what}: {problems:?}");
    problems
}

fn assert_noticed(backup: &Path, what: &str) {
    assert!(!judge(backup, what).is_empty(), "{what}: not noticed");
}

/// Changes one byte after the other, each time restoring it.
fn flip_each(file: &Path, backup: &Path, positions: impl IntoIterator<Item = usize>) {
    let handle = File::options().read(true).write(true).open(file).unwrap();
    let mut unnoticed = Vec::new();
    for at in positions {
        let mut byte = [0];
        handle.read_exact_at(&mut byte, at as u64).unwrap();
        handle.write_all_at(&[byte[0] ^ 1 << (at % 8)], at as u64).unwrap();
        if judge(backup, &format!("byte {at}")).is_empty() {
            unnoticed.push(at);
        }
        handle.write_all_at(&byte, at as u64).unwrap();
    }
    let name = file.file_name().unwrap();
    assert!(unnoticed.is_empty(), "{name:?}: {} changed bytes not noticed: {unnoticed:?}", unnoticed.len());
    assert_eq!(problems_of(backup), Vec::<String>::new(), "restored");
}

/// All positions, or about `wanted` of them.
fn spread(length: usize, wanted: usize) -> Vec<usize> {
    let step = if setting_is_all() { 1 } else { length.div_ceil(wanted).max(1) };
    (0..length).step_by(step).collect()
}

fn setting_is_all() -> bool {
    std::env::var("FLIPS").is_ok_and(|value| value == "all")
}

#[test]
fn a_changed_byte_anywhere_in_a_bundle_is_noticed() {
    let (_sample, bundle) = small(1, Packing::Bundle);
    let length = usize::try_from(std::fs::metadata(&bundle).unwrap().len()).unwrap();
    let headers = [0, 512 + 16 * 1024, ARCHIVE - 512];
    let mut positions: Vec<usize> = headers.iter().flat_map(|start| *start..start + 512).collect();
    positions.extend(spread(length, 1000));
    positions.sort_unstable();
    positions.dedup();

    flip_each(&bundle, &bundle, positions);
}

#[test]
fn a_changed_byte_anywhere_in_an_archive_and_its_side_files_is_noticed() {
    let (sample, archive) = small(1, Packing::Files);
    let files = sample.backups();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        let length = usize::try_from(std::fs::metadata(&file).unwrap().len()).unwrap();
        flip_each(&file, &archive, spread(length, 250));
    }
}

#[test]
fn a_missing_side_file_is_noticed() {
    let (sample, archive) = small(1, Packing::Files);
    for file in sample.backups() {
        let away = sample.path("away");
        std::fs::rename(&file, &away).unwrap();
        let problems = judge(&archive, &file.display().to_string());
        std::fs::rename(&away, &file).unwrap();
        // The two names of the manifest stand in for each other.
        let is_manifest = [".metadata", ".manifest.json"].iter().any(|end| file.to_string_lossy().ends_with(end));
        assert_eq!(problems.is_empty(), is_manifest, "{}: {problems:?}", file.display());
    }
}

#[test]
fn a_backup_cut_off_anywhere_is_noticed() {
    for packing in [Packing::Bundle, Packing::Files] {
        let (_sample, path) = small(1, packing);
        let whole = std::fs::read(&path).unwrap();
        let mut lengths = spread(whole.len(), setting("LENGTHS", 150));
        lengths.extend([whole.len() - 1, whole.len() - 512, whole.len() - 1024]);
        for length in lengths {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_noticed(&path, &format!("{length} of {} bytes", whole.len()));
        }
    }
}

#[test]
fn a_backup_that_is_longer_than_written_is_noticed() {
    for packing in [Packing::Bundle, Packing::Files] {
        let (_sample, path) = small(1, packing);
        let whole = std::fs::read(&path).unwrap();
        let again = whole.clone();
        for more in [b"x".as_slice(), b"\0", &[0; 512], &vec![0; 100_000], &again] {
            std::fs::write(&path, [&whole, more].concat()).unwrap();
            assert_noticed(&path, &format!("{} bytes more", more.len()));
        }
    }
}

#[test]
fn an_empty_file_noise_and_a_directory_under_a_backups_name_are_told_apart_from_backups() {
    let (sample, path) = small(1, Packing::Bundle);
    let mut noise = Random::new(7);
    for length in [0, 1, 511, 512, 513, 20_000] {
        std::fs::write(&path, noise.bytes(length)).unwrap();
        assert_noticed(&path, &format!("{length} bytes of noise"));
        let alone = sample.path("backups/small-backup-20260101-000000.tar.zst");
        std::fs::write(&alone, noise.bytes(length)).unwrap();
        assert_noticed(&alone, &format!("{length} bytes of noise as archive"));
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(judge(&path, "directory")[0].contains("not a regular file"));
}

#[test]
fn the_archive_of_another_backup_is_noticed() {
    let (_one, first) = small(1, Packing::Bundle);
    let (_two, second) = small(2, Packing::Bundle);
    let (one, two) = (std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
    let start = ARCHIVE - 512;
    let mut header = tar::Header::from_byte_slice(&one[start..ARCHIVE]).clone();
    header.set_size(tar::Header::from_byte_slice(&two[start..ARCHIVE]).size().unwrap());
    header.set_cksum();

    let swapped = [&one[..start], header.as_bytes(), &two[ARCHIVE..]].concat();
    std::fs::write(&first, swapped).unwrap();

    let problems = judge(&first, "swapped archive");
    assert!(problems.iter().any(|problem| problem.starts_with("archive: SHA-256 is")), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.starts_with("checksum:")), "{problems:?}");
}

#[test]
fn the_archive_of_another_backup_beside_old_side_files_is_noticed() {
    let (_one, first) = small(1, Packing::Files);
    let (_two, second) = small(2, Packing::Files);
    std::fs::copy(&second, &first).unwrap();
    let problems = judge(&first, "swapped archive");
    assert!(problems.iter().any(|problem| problem.starts_with("archive: SHA-256 is")), "{problems:?}");
}

#[test]
fn the_manifest_of_another_backup_is_noticed() {
    let (_one, first) = small(1, Packing::Bundle);
    let (_two, second) = small(2, Packing::Bundle);
    let mut bytes = std::fs::read(&first).unwrap();
    let other = std::fs::read(&second).unwrap();
    bytes[512..512 + 16 * 1024].copy_from_slice(&other[512..512 + 16 * 1024]);
    std::fs::write(&first, bytes).unwrap();
    assert_noticed(&first, "replayed manifest");

    let (sample, archive) = small(1, Packing::Files);
    let (other, _) = small(2, Packing::Files);
    let manifest = |sample: &Sample| {
        files_in(&sample.path("backups")).into_iter().find(|file| file.to_string_lossy().ends_with(".manifest.json"))
    };
    std::fs::copy(manifest(&other).unwrap(), manifest(&sample).unwrap()).unwrap();
    assert_noticed(&archive, "replayed manifest beside an archive");
}

#[test]
fn a_member_changed_inside_a_well_packed_archive_is_noticed() {
    let (sample, path) = small(1, Packing::Files);
    let backup = Backup::open(&path).unwrap();
    let mut tar = Vec::new();
    backup.stream().unwrap().read_to_end(&mut tar).unwrap();
    let at = tar.windows(8).position(|bytes| bytes == b"auto lo\n").unwrap();
    tar[at] = b'A';
    // No side file contradicts it: only the index does.
    let forged = sample.path("small-backup-20260101-000000.tar");
    std::fs::write(&forged, tar).unwrap();
    let problems = judge(&forged, "changed member");
    let expected = "content: etc/network/interfaces differs from the index";
    assert!(problems.iter().any(|problem| problem == expected), "{problems:?}");
}
