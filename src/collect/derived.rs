//! Paths that other files name: credentials of mounts, keys of disks and datasets, keyrings of apt,
//! snippets of storages.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::host::{cluster_text, parse_sections};
use crate::recipe::Derived;
use crate::system::Root;

/// Computes them; files that cannot be read name nothing.
pub(super) fn paths(root: &Root, what: Derived) -> Vec<PathBuf> {
    let named: BTreeSet<PathBuf> = match what {
        Derived::FstabSecrets => fstab_secrets(&text(root, "/etc/fstab")),
        Derived::CrypttabKeys => crypttab_keys(&text(root, "/etc/crypttab")),
        Derived::ZfsKeys => zfs_lists(root).iter().flat_map(|list| zfs_keys(list)).collect(),
        Derived::StorageSnippets => snippets(&cluster_text(root, "/etc/pve/storage.cfg")),
        Derived::AptKeyrings => apt_sources(root).iter().flat_map(|source| keyrings(source)).collect(),
    };
    named.into_iter().collect()
}

fn text(root: &Root, path: &str) -> String {
    root.read_text(path).unwrap_or_default()
}

fn fields(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(str::trim).filter(|line| !line.starts_with('#')).map(|line| line.split_whitespace().collect())
}

fn is_plain_file(word: &str) -> bool {
    word.starts_with('/') && !word.starts_with("/dev/") && !word.starts_with("/proc/")
}

fn fstab_secrets(text: &str) -> BTreeSet<PathBuf> {
    const OPTIONS: &[&str] = &["credentials", "cred", "passwd", "passfile", "keyfile", "identityfile", "secretfile"];
    let options = fields(text).filter_map(|line| line.get(3).map(|options| (*options).to_owned()));
    options
        .flat_map(|options| options.split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|option| {
            let (name, value) = option.split_once('=')?;
            let known = OPTIONS.contains(&name.to_ascii_lowercase().as_str());
            (known && is_plain_file(value)).then(|| PathBuf::from(value))
        })
        .collect()
}

fn crypttab_keys(text: &str) -> BTreeSet<PathBuf> {
    fields(text).filter_map(|line| line.get(2).copied().filter(|key| is_plain_file(key)).map(PathBuf::from)).collect()
}

fn zfs_lists(root: &Root) -> Vec<String> {
    let dir = Path::new("/etc/zfs/zfs-list.cache");
    root.list(dir).unwrap_or_default().iter().map(|pool| root.read_text(dir.join(pool)).unwrap_or_default()).collect()
}

/// One dataset per line, its properties between tabs; only a key location starts with `file://`.
fn zfs_keys(list: &str) -> Vec<PathBuf> {
    let fields = list.split(['\t', '\n']).filter_map(|field| field.strip_prefix("file://"));
    fields.filter(|path| is_plain_file(path)).map(PathBuf::from).collect()
}

/// Of storages that are directories on every node; a snippet on NFS is the server's to keep.
fn snippets(storages: &str) -> BTreeSet<PathBuf> {
    let own = parse_sections(storages).into_iter().filter(|storage| matches!(storage.kind.as_str(), "dir" | "btrfs"));
    let enabled = own.filter(|storage| storage.lists("content", "snippets") && !storage.has_flag("disable"));
    let paths = enabled.filter_map(|storage| storage.get("path").map(PathBuf::from));
    paths.filter(|path| path.is_absolute()).map(|path| path.join("snippets")).collect()
}

fn apt_sources(root: &Root) -> Vec<String> {
    let dir = Path::new("/etc/apt/sources.list.d");
    let listed = root.list(dir).unwrap_or_default();
    let below = listed
        .iter()
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "list" || end == "sources"))
        .map(|name| dir.join(name));
    std::iter::once(PathBuf::from("/etc/apt/sources.list"))
        .chain(below)
        .filter_map(|path| root.read_text(path).ok())
        .collect()
}

/// `[signed-by=/a,/b]` of one-line sources and `Signed-By: /a` of deb822 ones.
fn keyrings(source: &str) -> Vec<PathBuf> {
    let mut named = Vec::new();
    for line in source.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let lower = line.to_ascii_lowercase();
        let Some(at) = lower.find("signed-by") else {
            continue;
        };
        let value = line[at + "signed-by".len()..].trim_start_matches(['=', ':', ' ']);
        let value = value.split(']').next().unwrap_or(value);
        let words = value.split([',', ' ', '\t']).take_while(|word| word.is_empty() || word.starts_with('/'));
        named.extend(words.filter(|word| is_plain_file(word)).map(PathBuf::from));
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_options_name_credentials() {
        let fstab = "# //x\n//nas/b /mnt/nas cifs credentials=/root/.smb,uid=0 0 0\n/dev/a /b ext4 defaults 0 1\n\
                     host:/ /m fuse.sshfs IdentityFile=/root/.ssh/k,passwd=plain 0 0\nshort line\n";
        let found: Vec<_> = fstab_secrets(fstab).into_iter().collect();
        assert_eq!(found, [PathBuf::from("/root/.smb"), PathBuf::from("/root/.ssh/k")]);
    }

    #[test]
    fn key_files_but_no_devices() {
        let crypttab = "a /dev/sda2 /etc/keys/a luks\nb /dev/sdb none luks\nc /dev/sdc /dev/urandom swap\n";
        assert_eq!(crypttab_keys(crypttab).into_iter().collect::<Vec<_>>(), [PathBuf::from("/etc/keys/a")]);
    }

    #[test]
    fn keys_of_datasets_and_snippets_of_enabled_directories() {
        let list = "tank\t/tank\ton\ttank\tfile:///root/tank.key\n\ntank/b\t/b\ton\ttank/b\tprompt\n";
        assert_eq!(zfs_keys(list), [PathBuf::from("/root/tank.key")]);
        let storages = "dir: a\n\tpath /srv\n\tcontent iso,snippets\n\nnfs: b\n\tcontent snippets\n\n\
                        dir: c\n\tpath /c\n\tcontent snippets\n\tdisable\n";
        assert_eq!(snippets(storages).into_iter().collect::<Vec<_>>(), [PathBuf::from("/srv/snippets")]);
    }

    #[test]
    fn keyrings_of_both_formats() {
        let one_line = "deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg,/etc/k.asc] http://x y z\n";
        assert_eq!(keyrings(one_line), [PathBuf::from("/usr/share/keyrings/a.gpg"), PathBuf::from("/etc/k.asc")]);
        assert_eq!(keyrings("Signed-By: /usr/share/keyrings/b.gpg\n"), [PathBuf::from("/usr/share/keyrings/b.gpg")]);
        assert!(keyrings("Signed-By:\n -----BEGIN PGP\n").is_empty());
    }
}
