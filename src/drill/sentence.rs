//! The drill in one line: `restorable: 14 of 14, because config.db passes its integrity check and
//! its 43 files equal /etc/pve, and storage.cfg, user.cfg and 9 guest configurations parse`.

use std::fmt;

use super::{Drill, Outcome, Part};

/// Files that are named; the others are counted.
const NAMED: usize = 5;

impl fmt::Display for Drill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.not_done {
            return write!(f, "restorable: not tried out ({why})");
        }
        if self.of() == 0 {
            f.write_str("restorable: nothing in it that could be tried out")?;
        } else {
            write!(f, "restorable: {} of {}", self.restorable(), self.of())?;
            let failing: Vec<&Part> = self.failing().collect();
            match failing.as_slice() {
                [] => write!(f, ", because {}", self.because())?,
                [part] => write!(f, ", because not {}", named(part))?,
                [part, more @ ..] => write!(f, ", because not {}; and {} more", named(part), more.len())?,
            }
        }
        if !self.has_proxmox {
            f.write_str(" (nothing of Proxmox in it)")?;
        }
        let mut unknown = self.parts.iter().filter(|part| part.outcome == Outcome::NotJudged);
        match (unknown.next(), unknown.count()) {
            (None, _) => Ok(()),
            (Some(part), 0) => write!(f, "; not judged: {}", named(part)),
            (Some(part), more) => write!(f, "; not judged: {}, and {more} more", named(part)),
        }
    }
}

impl Drill {
    fn because(&self) -> String {
        let is_database = |part: &&Part| part.what == "config.db";
        let sound = || self.parts.iter().filter(|part| part.outcome == Outcome::Sound);
        let database = sound().find(is_database).map(|part| format!("config.db {}", part.why));
        let is_guest = |part: &&Part| part.what.starts_with("guest ");
        let guests = sound().filter(is_guest).count();
        let files: Vec<&str> =
            sound().filter(|part| !is_database(part) && !is_guest(part)).map(|part| part.what.as_str()).collect();
        let mut items: Vec<String> = files.iter().take(NAMED).map(|&name| name.to_owned()).collect();
        match files.len().saturating_sub(NAMED) {
            0 => {}
            1 => items.push("1 more file".to_owned()),
            more => items.push(format!("{more} more files")),
        }
        match guests {
            0 => {}
            1 => items.push("1 guest configuration".to_owned()),
            some => items.push(format!("{some} guest configurations")),
        }
        let verb = if items.len() == 1 && guests < 2 { "parses" } else { "parse" };
        match (database, items.is_empty()) {
            (Some(database), true) => database,
            (Some(database), false) => format!("{database}, and {} {verb}", listed(&items)),
            (None, _) => format!("{} {verb}", listed(&items)),
        }
    }
}

/// Place and reason.
fn named(part: &Part) -> String {
    format!("{} ({})", part.place(), part.why)
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        if self.what == name {
            write!(f, "{}: {}", self.place(), self.why)
        } else {
            write!(f, "{}: {}: {}", self.place(), self.what, self.why)
        }
    }
}

/// `a, b and c`.
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(path: &str, what: &str, outcome: Outcome, why: &str) -> Part {
        Part { path: path.into(), what: what.into(), line: None, outcome, why: why.into() }
    }

    fn sound(what: &str) -> Part {
        part(&format!("/etc/pve/{what}"), what, Outcome::Sound, "parses")
    }

    fn drill(parts: Vec<Part>) -> Drill {
        Drill { parts, has_proxmox: true, ..Drill::default() }
    }

    #[test]
    fn a_good_drill_says_why() {
        let database = part("/v/config.db", "config.db", Outcome::Sound, "passes and its 43 files equal /etc/pve");
        let mut all =
            drill(vec![database, sound("storage.cfg"), sound("user.cfg"), sound("guest 100"), sound("guest 101")]);
        assert_eq!(
            all.to_string(),
            "restorable: 5 of 5, because config.db passes and its 43 files equal /etc/pve, and storage.cfg, user.cfg \
             and 2 guest configurations parse"
        );
        all.parts.truncate(1);
        assert_eq!(all.to_string(), "restorable: 1 of 1, because config.db passes and its 43 files equal /etc/pve");
        all.parts = ["a", "b", "c", "d", "e", "f", "g"].map(sound).to_vec();
        assert_eq!(all.to_string(), "restorable: 7 of 7, because a, b, c, d, e and 2 more files parse");
    }

    #[test]
    fn a_bad_one_names_the_first_and_one_without_proxmox_says_so() {
        let broken = Part { line: Some(3), ..part("/etc/x", "x", Outcome::Mistaken, "is wrong") };
        let large = part("/etc/l", "l", Outcome::NotJudged, "larger than 1 MiB");
        let mut all = drill(vec![broken.clone(), broken, sound("a"), large]);
        assert_eq!(
            all.to_string(),
            "restorable: 1 of 3, because not /etc/x:3 (is wrong); and 1 more; not judged: /etc/l (larger than 1 MiB)"
        );
        all = Drill { parts: vec![sound("fstab")], ..Drill::default() };
        assert_eq!(all.to_string(), "restorable: 1 of 1, because fstab parses (nothing of Proxmox in it)");
        assert!(Drill::default().to_string().contains("nothing in it that could be tried out (nothing of Proxmox"));
        assert_eq!(Drill::not_done("no key").to_string(), "restorable: not tried out (no key)");
    }
}
