//! Section files (`storage.cfg`, `datastore.cfg`): `TYPE: ID` at the start of a line, properties
//! indented below it (`pve-common` `SectionConfig`, `proxmox-section-config`).

/// One section, its properties in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// `dir`, `nfs`, `datastore`…
    pub kind: String,
    /// Its name.
    pub id: String,
    properties: Vec<(String, String)>,
}

impl Section {
    /// A property's value; empty for a flag without one.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.properties.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Whether a flag is set: `disable` and `disable 1`, but not `disable 0`.
    pub fn has_flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value != "0")
    }

    /// Whether a comma list names a word: `content iso,backup`.
    pub fn lists(&self, key: &str, word: &str) -> bool {
        self.get(key).is_some_and(|value| value.split(',').any(|part| part.trim() == word))
    }
}

/// All sections; lines that are none of both are passed over.
pub fn parse(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        if line.starts_with([' ', '\t']) {
            let line = line.trim();
            let (key, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
            if let Some(section) = sections.last_mut() {
                section.properties.push((key.to_owned(), value.trim().to_owned()));
            }
        } else if let Some((kind, id)) = line.split_once(':') {
            sections.push(Section { kind: kind.to_owned(), id: id.trim().to_owned(), properties: Vec::new() });
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_lists_and_broken_lines() {
        let sections =
            parse("\tlost\n# dir: x\nnfs: nas\n\tcontent iso, backup\n\tdisable 0\n  shared\nbroken\n\ndir: a\n");

        assert_eq!(sections.len(), 2);
        assert!(sections[0].lists("content", "backup") && !sections[0].lists("content", "back"));
        assert!(!sections[0].has_flag("disable") && sections[0].has_flag("shared"));
        assert_eq!((sections[1].kind.as_str(), sections[1].id.as_str()), ("dir", "a"));
    }
}
