//! Paths that other files name: credentials of mounts, keys of disks, keyrings of apt.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::recipe::Derived;
use crate::system::Root;

/// Computes them; files that cannot be read name nothing.
pub(super) fn paths(root: &Root, what: Derived) -> Vec<PathBuf> {
    let named: BTreeSet<PathBuf> = match what {
        Derived::FstabSecrets => fstab_secrets(&text(root, "/etc/fstab")),
        Derived::CrypttabKeys => crypttab_keys(&text(root, "/etc/crypttab")),
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
    fn keyrings_of_both_formats() {
        let one_line = "deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg,/etc/k.asc] http://x y z\n";
        assert_eq!(keyrings(one_line), [PathBuf::from("/usr/share/keyrings/a.gpg"), PathBuf::from("/etc/k.asc")]);
        assert_eq!(keyrings("Signed-By: /usr/share/keyrings/b.gpg\n"), [PathBuf::from("/usr/share/keyrings/b.gpg")]);
        assert!(keyrings("Signed-By:\n -----BEGIN PGP\n").is_empty());
    }
}
