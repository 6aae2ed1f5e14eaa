//! POSIX ACLs: the kernel's attribute form and the text that GNU tar and star keep in PAX records.
//!
//! Raw (`linux/posix_acl_xattr.h`): version 2 as u32, then tag u16, permissions u16 and id u32 per
//! entry, all little-endian. Text: `user::rw-,user:1000:r--,group::r--,mask::r--,other::---`.
//! Ids stay numbers: the machine that unpacks may know other names.

const VERSION: u32 = 2;
/// What the kernel puts where an entry names nobody.
const NOBODY: u32 = u32::MAX;
/// An attribute value has at most 64 KiB, an entry 8 bytes.
const MOST_ENTRIES: usize = 8 * 1024;

/// Tags in the kernel's order, with their words; named ones carry an id.
const TAGS: [(u16, &str, Naming); 6] = [
    (0x01, "user", Naming::Nobody),
    (0x02, "user", Naming::Somebody),
    (0x04, "group", Naming::Nobody),
    (0x08, "group", Naming::Somebody),
    (0x10, "mask", Naming::Nobody),
    (0x20, "other", Naming::Nobody),
];
/// Tags every ACL has exactly once.
const OBLIGATORY: [u16; 3] = [0x01, 0x04, 0x20];
const MASK: u16 = 0x10;
const NAMED: [u16; 2] = [0x02, 0x08];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Nobody,
    Somebody,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct AclEntry {
    tag: u16,
    id: u32,
    permissions: u16,
}

/// The text form; `None` for what is no ACL.
pub fn acl_to_text(raw: &[u8]) -> Option<String> {
    let (version, rest) = raw.split_first_chunk()?;
    if u32::from_le_bytes(*version) != VERSION || rest.len() % 8 != 0 || rest.len() / 8 > MOST_ENTRIES {
        return None;
    }
    let entries: Vec<AclEntry> = rest.chunks_exact(8).map(entry_of_raw).collect::<Option<_>>()?;
    is_complete(&entries).then(|| entries.iter().copied().map(entry_to_text).collect::<Vec<_>>().join(","))
}

/// The raw form; `None` for what is no ACL, and for names (this is not the machine that knows them).
///
/// Takes entries separated by commas or lines, star's fourth field with the id, and the
/// `#effective` remarks of long listings.
pub fn acl_from_text(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut entries = Vec::new();
    for line in text.split([',', '\n']) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            entries.push(entry_of_text(line)?);
        }
        if entries.len() > MOST_ENTRIES {
            return None;
        }
    }
    entries.sort_unstable();
    is_complete(&entries).then(|| {
        let mut raw = VERSION.to_le_bytes().to_vec();
        for entry in &entries {
            raw.extend_from_slice(&entry.tag.to_le_bytes());
            raw.extend_from_slice(&entry.permissions.to_le_bytes());
            raw.extend_from_slice(&entry.id.to_le_bytes());
        }
        raw
    })
}

/// Owner, group and others once each; a mask at most once, and wherever somebody is named.
fn is_complete(entries: &[AclEntry]) -> bool {
    let count = |tag| entries.iter().filter(|entry| entry.tag == tag).count();
    let masks = count(MASK);
    let is_masked = masks == 1 || (masks == 0 && NAMED.iter().all(|tag| count(*tag) == 0));
    OBLIGATORY.iter().all(|tag| count(*tag) == 1) && is_masked
}

fn entry_of_raw(bytes: &[u8]) -> Option<AclEntry> {
    let [tag, tag_high, permissions, permissions_high, id @ ..] = bytes else { return None };
    let tag = u16::from_le_bytes([*tag, *tag_high]);
    let permissions = u16::from_le_bytes([*permissions, *permissions_high]);
    let id = u32::from_le_bytes(id.try_into().ok()?);
    let (_, _, naming) = TAGS.iter().find(|(known, ..)| *known == tag)?;
    let id = if *naming == Naming::Somebody { id } else { NOBODY };
    let is_sound = permissions <= 7 && (*naming == Naming::Nobody || id != NOBODY);
    is_sound.then_some(AclEntry { tag, id, permissions })
}

fn entry_to_text(entry: AclEntry) -> String {
    let word = TAGS.iter().find(|(tag, ..)| *tag == entry.tag).map_or("", |(_, word, _)| word);
    let id = if entry.id == NOBODY { String::new() } else { entry.id.to_string() };
    let bit = |bit, letter| if entry.permissions & bit != 0 { letter } else { '-' };
    format!("{word}:{id}:{}{}{}", bit(4, 'r'), bit(2, 'w'), bit(1, 'x'))
}

fn entry_of_text(text: &str) -> Option<AclEntry> {
    let fields: Vec<&str> = text.split(':').map(str::trim).collect();
    let (word, name, permissions, id) = match fields[..] {
        // `mask` and `other` name nobody, so their empty field may be missing.
        [word, permissions] => (word, "", permissions, None),
        [word, name, permissions] => (word, name, permissions, None),
        [word, name, permissions, id] => (word, name, permissions, Some(id)),
        _ => return None,
    };
    let naming = if name.is_empty() { Naming::Nobody } else { Naming::Somebody };
    let (tag, ..) = TAGS.iter().find(|(_, known, wanted)| {
        *wanted == naming && (*known == word || (word.len() == 1 && known.starts_with(word)))
    })?;
    let id = match naming {
        Naming::Nobody => NOBODY,
        Naming::Somebody => id.unwrap_or(name).parse().ok().filter(|id| *id != NOBODY)?,
    };
    Some(AclEntry { tag: *tag, id, permissions: permissions_of(permissions)? })
}

fn permissions_of(text: &str) -> Option<u16> {
    if text.is_empty() || text.len() > 3 {
        return None;
    }
    text.chars().try_fold(0, |bits, letter| {
        Some(match letter {
            'r' => bits | 4,
            'w' => bits | 2,
            'x' => bits | 1,
            '-' => bits,
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raw(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut raw = 2_u32.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            raw.extend([tag.to_le_bytes(), permissions.to_le_bytes()].concat());
            raw.extend(id.to_le_bytes());
        }
        raw
    }

    #[test]
    fn an_acl_has_a_text_form_and_comes_back_from_it() {
        let acl =
            raw(&[(1, 7, NOBODY), (2, 4, 33), (2, 6, 1000), (4, 5, NOBODY), (0x10, 6, NOBODY), (0x20, 0, NOBODY)]);
        let text = acl_to_text(&acl).unwrap();
        assert_eq!(text, "user::rwx,user:33:r--,user:1000:rw-,group::r-x,mask::rw-,other::---");
        assert_eq!(acl_from_text(text.as_bytes()).unwrap(), acl);
    }

    #[test]
    fn other_tools_spellings_mean_the_same() {
        let acl = acl_from_text(b"user::rwx,user:33:r--,group::r-x,mask::r-x,other::---").unwrap();
        for text in [
            "user::rwx\nuser:33:r--\t#effective:r--\ngroup::r-x\nmask::r-x\nother::---\n",
            "user::rwx,user:www-data:r--:33,group::r-x,mask:r-x,other:---",
            "# file: x\no::-,m::rx,g::rx,u:33:r,u::rwx",
        ] {
            assert_eq!(acl_from_text(text.as_bytes()).as_ref(), Some(&acl), "{text}");
        }
    }

    #[test]
    fn what_is_no_acl_gives_none() {
        let whole = raw(&[(1, 7, NOBODY), (4, 5, NOBODY), (0x20, 0, NOBODY)]);
        assert!(acl_to_text(&whole).is_some());
        for damaged in [
            Vec::new(),
            whole[..3].to_vec(),
            whole[..4].to_vec(),
            whole[..20].to_vec(),
            whole[..27].to_vec(),
            [&[3], &whole[1..]].concat(),
            raw(&[(1, 8, NOBODY), (4, 5, NOBODY), (0x20, 0, NOBODY)]),
            raw(&[(1, 7, NOBODY), (4, 5, NOBODY), (0x40, 0, NOBODY)]),
            raw(&[(1, 7, NOBODY), (2, 7, 5), (4, 5, NOBODY), (0x20, 0, NOBODY)]),
        ] {
            assert_eq!(acl_to_text(&damaged), None, "{damaged:?}");
        }
        for text in
            ["", "user::rwx", "user::rwx,group::r-x,other::rwxx", "user::rwx,group::,other::r", "a:b:c:d:e", "é::r"]
        {
            assert_eq!(acl_from_text(text.as_bytes()), None, "{text}");
        }
        assert_eq!(acl_from_text(b"user::rwx,user:joe:r--,group::r-x,mask::r-x,other::---"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_acl_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = acl_from_text(&bytes);
            if let Some(text) = acl_to_text(&bytes) {
                prop_assert!(acl_from_text(text.as_bytes()).is_some());
            }
        }
    }
}
