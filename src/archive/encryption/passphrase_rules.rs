//! Is a passphrase good enough for a new key? Never asked when an archive is opened.
//!
//! Whoever has the archive and the public salt can guess at leisure, so length comes first, and
//! words of every guessing list do not count towards it.

use std::collections::BTreeSet;

use crate::secret::Secret;

/// Fewest characters.
const LEAST_CHARACTERS: usize = 12;
/// Of lower case, upper case, digits and others.
const LEAST_CLASSES: usize = 3;
/// Characters that must remain without common words and runs like `1234` and `aaa`.
const LEAST_UNCOMMON: usize = 8;
/// Different characters.
const LEAST_DIFFERENT: usize = 6;
/// Shorter runs are in ordinary words too.
const SHORTEST_RUN: usize = 3;

/// What guessing lists begin with, as [`plain_letters`] spells it; long before short.
const COMMON: [&str; 44] = [
    "administrator",
    "proxmoxbackup",
    "passphrase",
    "qwertyuiop",
    "encryption",
    "password",
    "passwort",
    "qwertzuiop",
    "changeme",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "whatever",
    "trustno",
    "default",
    "welcome",
    "willkommen",
    "asdfghjkl",
    "asdfgh",
    "zxcvbn",
    "yxcvbn",
    "letmein",
    "proxmox",
    "backup",
    "qwerty",
    "qwertz",
    "azerty",
    "dragon",
    "monkey",
    "master",
    "secret",
    "shadow",
    "server",
    "passwd",
    "geheim",
    "debian",
    "linux",
    "admin",
    "hallo",
    "root",
    "pass",
];

/// A reason against a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Too few characters.
    #[error("it has {found} characters: use at least {LEAST_CHARACTERS}")]
    Short {
        /// Without white space around it.
        found: usize,
    },
    /// Too few kinds of characters.
    #[error("use at least {LEAST_CLASSES} of lower case, upper case, digits and other characters")]
    FewClasses,
    /// A few characters again and again.
    #[error("it repeats a few characters: use at least {LEAST_DIFFERENT} different ones")]
    Repetitive,
    /// Little more than words everybody tries.
    #[error("it is little more than a common password: use words nobody would guess")]
    Common,
}

/// All reasons against a passphrase; none is good news.
pub fn weaknesses(passphrase: &Secret) -> Vec<Weakness> {
    let passphrase = passphrase.expose().trim();
    let found = passphrase.chars().count();
    let different = passphrase.chars().collect::<BTreeSet<_>>().len();
    let reasons = [
        (found < LEAST_CHARACTERS, Weakness::Short { found }),
        (classes(passphrase) < LEAST_CLASSES, Weakness::FewClasses),
        (different < LEAST_DIFFERENT, Weakness::Repetitive),
        (uncommon_characters(passphrase) < LEAST_UNCOMMON, Weakness::Common),
    ];
    reasons.into_iter().filter_map(|(applies, weakness)| applies.then_some(weakness)).collect()
}

fn classes(passphrase: &str) -> usize {
    let kinds: [fn(char) -> bool; 4] = [char::is_lowercase, char::is_uppercase, char::is_numeric, |character| {
        !character.is_lowercase() && !character.is_uppercase() && !character.is_numeric()
    }];
    kinds.iter().filter(|is_kind| passphrase.chars().any(**is_kind)).count()
}

fn uncommon_characters(passphrase: &str) -> usize {
    let characters: zeroize::Zeroizing<Vec<char>> = without_runs(passphrase).into();
    let mut letters = zeroize::Zeroizing::new(characters.iter().copied().map(plain_letter).collect::<String>());
    for word in COMMON {
        letters = letters.replace(word, "").into();
    }
    letters.chars().count()
}

/// Lower case, without runs of the same or neighbouring characters.
fn without_runs(passphrase: &str) -> Vec<char> {
    let all: Vec<char> = passphrase.chars().flat_map(char::to_lowercase).collect();
    let mut kept = Vec::with_capacity(all.len());
    let mut at = 0;
    while at < all.len() {
        let run = run_length(&all[at..]);
        if run < SHORTEST_RUN {
            kept.push(all[at]);
            at += 1;
        } else {
            at += run;
        }
    }
    zeroize::Zeroize::zeroize(&mut { all });
    kept
}

/// How many characters from the start go up, down or nowhere in steps of one.
fn run_length(characters: &[char]) -> usize {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let Some(first) = characters.windows(2).next().map(step).filter(|step| step.abs() <= 1) else {
        return 1;
    };
    1 + characters.windows(2).take_while(|pair| step(pair) == first).count()
}

/// `p4$$w0rd` is no better than `password`.
fn plain_letter(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(passphrase: &str) -> Vec<Weakness> {
        weaknesses(&Secret::new(passphrase.to_owned()))
    }

    #[test]
    fn good_passphrases_have_no_weakness() {
        for good in ["Correct-Horse-7-Battery", "wv8#Kq2!mZp0", "Drei Äpfel & 5 Birnen", "Regen im Mai, 17 Tage!"] {
            assert_eq!(of(good), [], "{good}");
        }
    }

    #[test]
    fn each_weakness_is_named() {
        assert_eq!(of("Kq2!mZp0#vW"), [Weakness::Short { found: 11 }]);
        assert_eq!(of("  Kq2!mZp0#vW  "), [Weakness::Short { found: 11 }]);
        assert_eq!(of("horse-battery-staple"), [Weakness::FewClasses]);
        assert_eq!(of("Ab1Ab1Ab1Ab1Ab1"), [Weakness::Repetitive]);
        assert_eq!(of("Password1234!"), [Weakness::Common]);
        assert_eq!(of("").len(), 4);
    }

    #[test]
    fn decorated_common_passwords_are_common() {
        for common in [
            "P4$$w0rd-2024",
            "Proxmox-2024!",
            "Admin-Admin-123",
            "Qwertz123456!",
            "AAAAAAbbbb1234!x",
            "Welc0me!Welc0me!",
        ] {
            assert!(of(common).contains(&Weakness::Common), "{common}");
        }
    }
}
