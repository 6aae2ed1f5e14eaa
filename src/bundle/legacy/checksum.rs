//! Checksum files in every spelling there is; only the hash counts, because old ones carry the
//! absolute path of the first copy.

/// More than this is no checksum file.
const MOST_BYTES: usize = 4096;

/// The SHA-256 a checksum file gives for `archive`, in lower case: the line with that name, or the
/// only line there is.
pub(in crate::bundle) fn sha256_in(text: &str, archive: &str) -> Option<String> {
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= MOST_BYTES).unwrap_or(text.len());
    let lines: Vec<(String, &str)> = text[..end].trim_start_matches('\u{feff}').lines().filter_map(parse).collect();
    let named = lines.iter().find(|(_, name)| base_name(name) == archive);
    match (named, lines.as_slice()) {
        (Some((hash, _)), _) | (None, [(hash, _)]) => Some(hash.clone()),
        _ => None,
    }
}

/// `<hex>  <name>`, `<hex> *<name>`, `\<hex>  <name>`, `SHA256 (<name>) = <hex>`, `<hex>`.
fn parse(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    if let Some((name, hash)) = line.strip_prefix("SHA256 (").and_then(|rest| rest.rsplit_once(") = ")) {
        return Some((digits(hash)?, name));
    }
    let line = line.strip_prefix('\\').unwrap_or(line);
    let (hash, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    Some((digits(hash)?, name.trim_start().trim_start_matches('*')))
}

/// 64 hexadecimal digits in lower case.
pub(in crate::bundle) fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_gives_the_hash() {
        let hash = "ab".repeat(32);
        for line in [
            format!("{hash}  x.tar\n"),
            format!("{hash} *x.tar\r\n"),
            format!("{}  /opt/proxmox-backup/backup/x.tar\n", hash.to_uppercase()),
            format!("\\{hash}  /opt/a\\\\b/x.tar\n"),
            format!("SHA256 (/b/x.tar) = {hash}\n"),
            format!("\u{feff}{hash}\n"),
            format!("{hash}  another-name-after-a-copy.tar"),
            format!("{}  y.tar\n{hash}  ./x.tar\n", "cd".repeat(32)),
        ] {
            assert_eq!(sha256_in(&line, "x.tar"), Some(hash.clone()), "{line:?}");
        }
    }

    #[test]
    fn what_is_no_checksum_gives_none() {
        let two = format!("{}  y\n{}  z\n", "ab".repeat(32), "cd".repeat(32));
        for text in ["", "hello", &"a".repeat(63), &format!("{}  x.tar", "g".repeat(64)), &two, &"é".repeat(5000)] {
            assert_eq!(sha256_in(text, "x.tar"), None, "{text:?}");
        }
    }
}
