//! What of a value may be shown. Most secrets are a key's whole value; some hide inside an open one.

use super::keys::{Key, Kind};
use crate::secret::{names_secret, without_login};

/// Stands for what is not shown.
const MASK: &str = "***";

/// The value as it may be shown. A private key in the wrong place is a secret whatever its key.
pub(super) fn masked(key: &Key, text: &str) -> String {
    let is_private_key = text.to_ascii_uppercase().contains("SECRET-KEY") || text.contains("PRIVATE KEY");
    match (key.name, key.kind) {
        _ if text.is_empty() => String::new(),
        _ if key.is_secret() || is_private_key => MASK.to_owned(),
        ("RCLONE_FLAGS", _) => flags(text.split_whitespace()).join(" "),
        ("CLOUD_REMOTE" | "CLOUD_LOG_PATH", _) => remote(text),
        (_, Kind::Url) => without_login(text),
        _ => text.to_owned(),
    }
}

/// Options of rclone, the values of those that are named like a secret hidden.
pub(super) fn flags<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut hides_next = false;
    words
        .map(|word| {
            let is_option = word.starts_with('-');
            if std::mem::take(&mut hides_next) && !is_option {
                return MASK.to_owned();
            }
            match word.split_once('=').filter(|_| is_option) {
                Some((name, _)) if names_secret(name) => format!("{name}={MASK}"),
                Some((name, value)) if name.starts_with("--header") => format!("{name}={}", header(value)),
                Some((name, value)) => format!("{name}={}", without_login(value)),
                None if is_option => {
                    hides_next = names_secret(word) || word.starts_with("--header");
                    word.to_owned()
                }
                None => without_login(word),
            }
        })
        .collect()
}

fn header(text: &str) -> String {
    text.split_once(':').map_or_else(|| MASK.to_owned(), |(name, _)| format!("{name}:{MASK}"))
}

/// A remote by its name; where its settings are written out, they are not.
pub(super) fn remote(text: &str) -> String {
    let name = text.strip_prefix(':').unwrap_or(text);
    match name.find([',', ':']) {
        Some(at) if name[at..].starts_with(',') => format!("{}{MASK}", &text[..=text.len() - name.len() + at]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_keep_their_names() {
        let text =
            "--checkers=4 --sftp-pass=x --s3-secret-access-key y --fast-list --password --header=A:b --header c:d -v";
        assert_eq!(
            flags(text.split_whitespace()).join(" "),
            "--checkers=4 --sftp-pass=*** --s3-secret-access-key *** --fast-list --password --header=A:*** --header *** -v"
        );
        let proxied = "--webdav-url=https://me:x@h/p --webdav-url https://x@h -q";
        assert_eq!(
            flags(proxied.split_whitespace()).join(" "),
            "--webdav-url=https://***@h/p --webdav-url https://***@h -q"
        );
    }

    #[test]
    fn a_remote_keeps_its_name() {
        for (text, shown) in [
            ("box:a,b=c", "box:a,b=c"),
            ("box", "box"),
            (":sftp,host=x,pass=y:z", ":sftp,***"),
            ("box,pass=y:z", "box,***"),
            ("/mnt/a,b", "/mnt/a,***"),
            ("", ""),
        ] {
            assert_eq!(remote(text), shown);
        }
    }
}
