//! `passwd`, `group`, `shadow`, `gshadow`: people come back, system accounts never: their numbers
//! differ from installation to installation. No name and no number changes its meaning.

use std::collections::{BTreeMap, BTreeSet};

use super::{LeftOut, Merged, is_plain};

/// First number of a person, and one past the last: `nobody` and dynamic users of systemd lie above.
const PEOPLE: std::ops::Range<u32> = 1000..65000;
const PASSWD_FIELDS: usize = 7;
const GROUP_FIELDS: usize = 4;
const SHADOW_FIELDS: usize = 9;

/// The four texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// `/etc/passwd`.
    pub passwd: String,
    /// `/etc/group`.
    pub group: String,
    /// `/etc/shadow`.
    pub shadow: String,
    /// `/etc/gshadow`.
    pub gshadow: String,
}

/// The four results: all of them are written, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergedAccounts {
    /// `/etc/passwd`.
    pub passwd: Merged,
    /// `/etc/group`.
    pub group: Merged,
    /// `/etc/shadow`.
    pub shadow: Merged,
    /// `/etc/gshadow`.
    pub gshadow: Merged,
}

/// A line of colon records with its name and number.
struct Record<'a> {
    fields: Vec<&'a str>,
    line: &'a str,
}

impl<'a> Record<'a> {
    fn name(&self) -> &'a str {
        self.fields[0]
    }

    fn number(&self, at: usize) -> Option<u32> {
        self.fields.get(at)?.parse().ok()
    }
}

/// People of the backup that are missing, added to the texts as they are. `None` when those cannot
/// be trusted: without its root user nothing may be built on them.
pub fn merge(current: &Accounts, archived: &Accounts) -> Option<MergedAccounts> {
    let users = records(&current.passwd, PASSWD_FIELDS);
    let groups = records(&current.group, GROUP_FIELDS);
    let has_root = |all: &[Record<'_>]| all.iter().any(|it| it.name() == "root" && it.number(2) == Some(0));
    if !has_root(&users) || !has_root(&groups) {
        return None;
    }
    let mut merged = MergedAccounts {
        passwd: Merged::from(&current.passwd),
        group: Merged::from(&current.group),
        shadow: Merged::from(&current.shadow),
        gshadow: Merged::from(&current.gshadow),
    };
    let new_groups = new_groups(&groups, archived, &mut merged.group);
    let mut people = Known::of(&users);
    let added = new_users(&mut people, &groups, &new_groups, archived, &mut merged.passwd);
    write_groups(&new_groups, &people, archived, &mut merged);
    write_shadow(&added, archived, &mut merged.shadow);
    say_memberships(&added, &new_groups, archived, &mut merged.group.left_out);
    Some(merged)
}

/// Names and numbers in use.
struct Known {
    names: BTreeSet<String>,
    numbers: BTreeMap<u32, String>,
}

impl Known {
    fn of(records: &[Record<'_>]) -> Self {
        Self {
            names: records.iter().map(|it| it.name().to_owned()).collect(),
            numbers: records.iter().filter_map(|it| Some((it.number(2)?, it.name().to_owned()))).collect(),
        }
    }

    /// `Err` with the reason, `Ok(false)` for what is there as it is.
    fn admits(&self, record: &Record<'_>) -> Result<bool, String> {
        let number = record.number(2).ok_or("its number is none")?;
        if !PEOPLE.contains(&number) {
            return Ok(false);
        }
        match (self.names.contains(record.name()), self.numbers.get(&number)) {
            (true, Some(name)) if name == record.name() => Ok(false),
            (true, _) => Err("the name has another number here".to_owned()),
            (false, Some(other)) => Err(format!("the number {number} is `{other}` here")),
            (false, None) => Ok(true),
        }
    }

    fn note(&mut self, record: &Record<'_>) {
        self.names.insert(record.name().to_owned());
        if let Some(number) = record.number(2) {
            self.numbers.insert(number, record.name().to_owned());
        }
    }
}

fn records(text: &str, fields: usize) -> Vec<Record<'_>> {
    let split = |line| Record { fields: str::split(line, ':').collect(), line };
    // `+` and `-` lines belong to NIS.
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with(['#', '+', '-']));
    lines.map(split).filter(|it| it.fields.len() == fields && is_name(it.name()) && is_plain(it.line)).collect()
}

/// As `useradd` takes them, upper case too: older systems have some.
fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 32
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"_.-$".contains(&b))
}

fn new_groups<'a>(current: &[Record<'_>], archived: &'a Accounts, merged: &mut Merged) -> Vec<Record<'a>> {
    let mut known = Known::of(current);
    let mut new = Vec::new();
    for record in records(&archived.group, GROUP_FIELDS) {
        match known.admits(&record) {
            Ok(true) => {
                known.note(&record);
                new.push(record);
            }
            Ok(false) => {}
            Err(why) => merged.leave(format!("group {}", record.name()), why),
        }
    }
    new
}

fn new_users<'a>(
    known: &mut Known,
    groups: &[Record<'_>],
    new_groups: &[Record<'_>],
    archived: &'a Accounts,
    merged: &mut Merged,
) -> Vec<&'a str> {
    let archived_groups = records(&archived.group, GROUP_FIELDS);
    let mut added = Vec::new();
    for record in records(&archived.passwd, PASSWD_FIELDS) {
        let admitted = known.admits(&record).and_then(|is_new| {
            if !is_new {
                return Ok(false);
            }
            // The group must mean the same here as it did there.
            let number = record.number(3).filter(|number| *number != 0).ok_or("its group is none for a person")?;
            let of =
                |all: &[Record<'_>]| all.iter().find(|it| it.number(2) == Some(number)).map(|it| it.name().to_owned());
            let there = of(&archived_groups).ok_or("its group is not in the backup")?;
            match of(new_groups).or_else(|| of(groups)) {
                Some(here) if here == there => Ok(true),
                Some(here) => Err(format!("its group {number} was `{there}` and is `{here}` here")),
                None => Err(format!("its group `{there}` is not here")),
            }
        });
        match admitted {
            Ok(true) => {
                known.note(&record);
                added.push(record.name());
                merged.add(record.name(), record.line);
            }
            Ok(false) => {}
            Err(why) => merged.leave(record.name(), why),
        }
    }
    added
}

/// Groups keep the members that exist.
fn write_groups(new: &[Record<'_>], people: &Known, archived: &Accounts, merged: &mut MergedAccounts) {
    let shadows = records(&archived.gshadow, GROUP_FIELDS);
    for group in new {
        let known = |names: &str| {
            let there = names.split(',').filter(|name| people.names.contains(*name));
            there.collect::<Vec<_>>().join(",")
        };
        let members = known(group.fields[3]);
        merged.group.add(group.name(), &format!("{}:x:{}:{members}", group.name(), group.fields[2]));
        let shadow = shadows.iter().find(|it| it.name() == group.name());
        let line = match shadow {
            Some(it) => format!("{}:{}:{}:{}", it.name(), it.fields[1], known(it.fields[2]), known(it.fields[3])),
            None => format!("{}:!::{members}", group.name()),
        };
        let has_line = records(&merged.gshadow.text, GROUP_FIELDS).iter().any(|it| it.name() == group.name());
        if !has_line {
            merged.gshadow.add(group.name(), &line);
        }
    }
}

/// A person without a password line cannot log in with one.
fn write_shadow(added: &[&str], archived: &Accounts, merged: &mut Merged) {
    let there = records(&archived.shadow, SHADOW_FIELDS);
    let here: BTreeSet<String> = records(&merged.text, SHADOW_FIELDS).iter().map(|it| it.name().to_owned()).collect();
    for name in added.iter().filter(|name| !here.contains(**name)) {
        let line = there.iter().find(|it| it.name() == *name);
        merged.add(*name, &line.map_or_else(|| format!("{name}:*:::::::"), |it| it.line.to_owned()));
    }
}

/// Membership in a group of the machine gives rights: a person decides.
fn say_memberships(added: &[&str], new: &[Record<'_>], archived: &Accounts, left_out: &mut Vec<LeftOut>) {
    for group in records(&archived.group, GROUP_FIELDS) {
        if new.iter().any(|it| it.name() == group.name()) {
            continue;
        }
        for member in group.fields[3].split(',').filter(|member| added.contains(member)) {
            left_out.push(LeftOut {
                what: format!("{member} in group {}", group.name()),
                why: format!("membership gives rights; by hand: adduser {member} {}", group.name()),
            });
        }
    }
}

/// `subuid` and `subgid`: ranges of people that have none here and overlap with nobody's.
pub fn merge_ranges(current: &str, archived: &str) -> Merged {
    let mut merged = Merged::from(current);
    let mut taken: Vec<(&str, u64, u64)> = current.lines().filter_map(range).collect();
    for line in archived.lines() {
        let Some((name, start, end)) = range(line) else { continue };
        match () {
            () if taken.contains(&(name, start, end)) => {}
            () if taken.iter().any(|(other, ..)| *other == name) => merged.leave(name, "it has a range here"),
            () if taken.iter().any(|(_, from, to)| start < *to && *from < end) => {
                merged.leave(name, "its range overlaps with another's here");
            }
            () => {
                taken.push((name, start, end));
                merged.add(name, line);
            }
        }
    }
    merged
}

fn range(line: &str) -> Option<(&str, u64, u64)> {
    let mut fields = line.split(':');
    let (name, start, count) =
        (fields.next()?, fields.next()?.parse::<u64>().ok()?, fields.next()?.parse::<u64>().ok()?);
    (is_name(name) && fields.next().is_none() && count > 0).then(|| (name, start, start.saturating_add(count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Accounts {
        Accounts {
            passwd: "root:x:0:0:root:/root:/bin/bash\nkim:x:1001:1001::/home/kim:/bin/sh\nlee:x:1005:1005::/h:/b\n"
                .into(),
            group: "root:x:0:\nsudo:x:27:\nusers:x:100:\nkim:x:1001:\nstaff:x:1010:\n".into(),
            shadow: "root:HASH-HERE:1:0:9:7:::\nkim:!:1:0:9:7:::\n".into(),
            gshadow: "root:*::\nsudo:*::\n".into(),
        }
    }

    fn there() -> Accounts {
        Accounts {
            passwd: "root:x:0:0:other:/root:/bin/zsh\npostfix:x:113:118::/v:/b\nnobody:x:65534:65534::/n:/b\n\
                ann:x:1000:1000:Ann:/home/ann:/bin/bash\nkim:x:1002:1002::/home/kim:/bin/sh\nbob:x:1001:1001::/h:/b\n\
                eve:x:1006:0::/h:/b\nuli:x:1007:100::/h:/b\nodd:x:1008\ntwin:x:1000:1000::/h:/b\nmia:x:1009:1010::/h:/b\n\
                +nis::::::\nroot2:x:0:0::/root:/bin/bash\nlee:x:1005:1005::/h:/b\n"
                .into(),
            group: "root:x:0:\nsudo:x:27:ann,uli\nusers:x:100:\nann:x:1000:gone,ann\nkim:x:1002:\nbob:x:1001:\n\
                crew:x:1010:mia\npostfix:x:118:\nclub:x:1020:ann,ghost\n"
                .into(),
            shadow: "root:HASH-THERE:1:0:9:7:::\nann:HASH-ANN:1:0:9:7:::\n".into(),
            gshadow: "ann:!::\n".into(),
        }
    }

    #[test]
    fn people_come_back_and_nothing_that_is_here_changes() {
        let merged = merge(&here(), &there()).unwrap();

        assert_eq!(merged.passwd.added, ["ann", "uli"]);
        assert!(merged.passwd.text.starts_with(&here().passwd));
        assert_eq!(merged.group.added, ["ann", "club"]);
        assert!(merged.group.text.ends_with("ann:x:1000:ann\nclub:x:1020:ann\n"), "{}", merged.group.text);
        assert!(merged.gshadow.text.ends_with("ann:!::\nclub:!::ann\n"), "{}", merged.gshadow.text);
        assert_eq!(merged.shadow.text, format!("{}ann:HASH-ANN:1:0:9:7:::\nuli:*:::::::\n", here().shadow));
    }

    #[test]
    fn what_stays_out_says_why_and_never_shows_a_hash() {
        let merged = merge(&here(), &there()).unwrap();
        let all: Vec<&LeftOut> = merged.passwd.left_out.iter().chain(&merged.group.left_out).collect();
        for (what, why) in [
            ("kim", "another number"),
            ("bob", "`kim` here"),
            ("eve", "group is none"),
            ("twin", "`ann` here"),
            ("mia", "was `crew` and is `staff`"),
            ("group crew", "`staff` here"),
            ("ann in group sudo", "adduser ann sudo"),
        ] {
            assert!(all.iter().any(|it| it.what == what && it.why.contains(why)), "{what}: {all:#?}");
        }
        let said = serde_json::to_string(&[&merged.passwd, &merged.group, &merged.shadow, &merged.gshadow]).unwrap();
        assert!(!said.contains("HASH"), "{said}");
    }

    #[test]
    fn texts_without_a_root_user_are_no_ground_to_build_on() {
        assert_eq!(merge(&Accounts::default(), &there()), None);
        let empty_groups = Accounts { group: String::new(), ..here() };
        assert_eq!(merge(&empty_groups, &there()), None);
    }

    #[test]
    fn ranges_of_sub_ids_never_overlap() {
        let merged = merge_ranges("kim:100000:65536\n", "kim:1:1\nann:165536:65536\nbob:165000:10\nx:y:z\n");
        assert_eq!(merged.text, "kim:100000:65536\nann:165536:65536\n");
        assert_eq!(merged.left_out.len(), 2, "{:?}", merged.left_out);
    }
}
