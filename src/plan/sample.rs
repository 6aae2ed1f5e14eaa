//! Which files of a storage or datastore are copied along. Pure: what is there is found elsewhere.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Source, SourceKind};
use crate::config;
use crate::host::Host;
use crate::pattern::Pattern;
use crate::recipe::{Names, Need, Recipe, Sample};

/// What is chosen of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The sample it belongs to.
    pub what: Sample,
    /// The path has to have this in it.
    containing: String,
    /// One of these has to match; empty = all do.
    include: Vec<Pattern>,
    /// None of these may match.
    exclude: Vec<Pattern>,
}

impl Choice {
    fn new(what: Sample, settings: &config::Samples) -> Self {
        let (containing, include, exclude) = match what {
            Sample::SmallBackups => (String::new(), &[][..], &[][..]),
            Sample::NamedBackups => (settings.named_backups.clone(), &[][..], &[][..]),
            Sample::SmallPxar => (String::new(), &*settings.pxar_include, &*settings.pxar_exclude),
        };
        let compiled = |patterns: &[String]| patterns.iter().map(|pattern| Pattern::new(pattern)).collect();
        Self { what, containing, include: compiled(include), exclude: compiled(exclude) }
    }

    /// Whether a file below `top` is taken, if its size allows.
    pub fn takes(&self, top: &Path, file: &Path) -> bool {
        let name = file.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
        let is_of_kind = match self.what {
            Sample::SmallBackups | Sample::NamedBackups => is_guest_backup(name),
            Sample::SmallPxar => name.ends_with(b".pxar"),
        };
        let inside = file.strip_prefix(top).unwrap_or(file);
        // `vm/100` means the group in the datastore, and `/mnt/main/vm` the directory of the host.
        let is_meant =
            |pattern: &Pattern| [inside, file].iter().any(|path| pattern.covers(path.as_os_str().as_bytes()));
        is_of_kind
            && contains(file, &self.containing)
            && (self.include.is_empty() || self.include.iter().any(is_meant))
            && !self.exclude.iter().any(is_meant)
    }
}

/// What vzdump leaves in its directory; `.dat` and `.tmp` is what it is still writing.
fn is_guest_backup(name: &[u8]) -> bool {
    let ends_with = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end.as_bytes()));
    (name.starts_with(b"vzdump-") && !ends_with(&[".dat", ".tmp"])) || ends_with(&[".notes", ".log", ".conf"])
}

/// The Go tool looked for the text, the Bash tool took it for a pattern with anything around it.
fn contains(file: &Path, text: &str) -> bool {
    file.to_string_lossy().contains(text)
        || (Pattern::has_wildcard(text) && Pattern::new(&format!("*{text}*")).matches(file.as_os_str().as_bytes()))
}

/// One source for each place: a storage that hangs must not cost the others.
pub(super) fn sources(recipe: &'static Recipe, what: Sample, settings: &config::Samples, host: &Host) -> Vec<Source> {
    let largest = match what {
        Sample::SmallBackups => Some(settings.largest_backup),
        Sample::SmallPxar => Some(settings.largest_pxar),
        Sample::NamedBackups if settings.named_backups.is_empty() => return Vec::new(),
        Sample::NamedBackups => None,
    };
    let each = places(what.names(), settings, host).into_iter();
    each.map(|name| SourceKind::Sample { choice: Choice::new(what, settings), name })
        .map(|kind| Source { recipe: recipe.id, kind, need: Need::Optional, claimed: Vec::new(), largest })
        .collect()
}

/// What lists and samples look at: datastores may be named by their path alone.
pub(super) fn places(names: Names, settings: &config::Samples, host: &Host) -> Vec<String> {
    if names != Names::PbsDatastores {
        return host.names(names).to_vec();
    }
    let configured = if settings.only_named_datastores { &[] } else { host.names(names) };
    let by_path = settings.datastores.iter().map(|path| path.display().to_string());
    configured.iter().cloned().chain(by_path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(choice: &Choice, files: &[&'static str]) -> Vec<&'static str> {
        files.iter().filter(|file| choice.takes(Path::new("/srv/main"), Path::new(file))).copied().collect()
    }

    #[test]
    fn guest_backups_are_known_by_what_vzdump_calls_them() {
        let choice = Choice::new(Sample::SmallBackups, &config::Samples::default());
        let files = ["/d/vzdump-qemu-100.vma.zst", "/d/vzdump-qemu-100.vma.zst.notes", "/d/x.log", "/d/100.conf"];
        assert_eq!(taken(&choice, &files), files);
        assert!(taken(&choice, &["/d/vzdump-qemu-100.vma.dat", "/d/x.iso", "/d/old-vzdump-1.tar"]).is_empty());
    }

    #[test]
    fn named_backups_have_the_text_or_the_pattern_in_their_path() {
        let named = |text: &str| {
            let settings = config::Samples { named_backups: text.into(), ..config::Samples::default() };
            taken(
                &Choice::new(Sample::NamedBackups, &settings),
                &["/nas/dump/vzdump-lxc-7-a.tar", "/d/vzdump-qemu-7-b.vma", "/nas/dump/x.iso"],
            )
        };
        assert_eq!(named("/nas/"), ["/nas/dump/vzdump-lxc-7-a.tar"]);
        assert_eq!(named("qemu-*-b"), ["/d/vzdump-qemu-7-b.vma"]);
        assert!(named("qemu-8").is_empty());
    }

    #[test]
    fn pxar_files_are_told_by_their_place_in_the_datastore_or_on_the_host() {
        let files = ["/srv/main/vm/100/a.pxar", "/srv/main/vm/101/b.pxar", "/srv/main/vm/100/a.pxar.didx"];
        let of = |include: &[&str], exclude: &[&str]| {
            let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            let (pxar_include, pxar_exclude) = (list(include), list(exclude));
            let settings = config::Samples { pxar_include, pxar_exclude, ..config::Samples::default() };
            taken(&Choice::new(Sample::SmallPxar, &settings), &files)
        };
        assert_eq!(of(&[], &[]), files[..2]);
        assert_eq!(of(&["vm/100"], &[]), files[..1]);
        assert_eq!(of(&["/srv/main/vm/101/*"], &[]), files[1..2]);
        assert_eq!(of(&["*.pxar"], &["a.*"]), files[1..2]);
    }
}
