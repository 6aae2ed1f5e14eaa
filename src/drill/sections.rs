//! Section files as Proxmox reads them when it is strict (`pve-common` `SectionConfig`,
//! `proxmox-section-config`): an empty line ends a section, and only then another begins.

use super::form::Fault;

pub(super) fn judge(text: &str) -> Result<(), Fault> {
    let mut is_inside = false;
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            is_inside = false;
        } else if trimmed.starts_with('#') {
        } else {
            match (line.starts_with([' ', '\t']), is_inside) {
                (true, true) => {}
                (true, false) => return Err(Fault::at(at + 1, "a property that belongs to no section")),
                (false, true) => {
                    return Err(Fault::at(
                        at + 1,
                        "not indented like a property, and no empty line before it as before a section",
                    ));
                }
                (false, false) if is_header(trimmed) => is_inside = true,
                (false, false) => return Err(Fault::at(at + 1, "not the head of a section, `TYPE: NAME`")),
            }
        }
    }
    Ok(())
}

fn is_header(line: &str) -> bool {
    let Some((kind, name)) = line.split_once(':') else { return false };
    let name = name.trim();
    kind.starts_with(|c: char| c.is_ascii_alphabetic())
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && !name.is_empty()
        && !name.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::super::form::Form;
    use super::super::form::tests::fault;

    const STORAGE: &str = "# ours\ndir: local\n\tpath /var/lib/vz\n\tcontent iso,backup\n\nzfspool: tank\n        pool tank\n\
                           \tsparse\n\n\ns3-endpoint: a.b\n# why\n\tsecret-key x y\n";

    #[test]
    fn real_files_are_read() {
        for text in [STORAGE, "", "\n\n", "local: 100-0\r\n\ttarget pve2\r\n", "token: sample@pbs!pve\n\tenable true"] {
            assert_eq!(fault(Form::Sections, text), None, "{text}");
        }
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        for (from, to, line) in [
            ("dir: local\n", "", 2),
            ("dir: local", "dir local", 2),
            ("dir: local", "dir:", 2),
            ("dir: local", "dir: local two", 2),
            ("dir: local", "<<<<<<< HEAD", 2),
            ("\tpath /var", "path /var", 3),
            ("backup\n\nzfspool", "backup\nzfspool", 5),
            ("\tcontent iso", "\n\tcontent iso", 5),
            ("s3-endpoint: a.b", "3s: a", 11),
        ] {
            let broken = STORAGE.replacen(from, to, 1);
            assert_eq!(fault(Form::Sections, &broken).map(|(line, _)| line), Some(line), "{from:?} {to:?}");
        }
    }
}
