//! For whom to encrypt: the lists of public keys in settings and files.
//!
//! A file has a key per line. `# passphrase-salt: …` before a key says what its passphrase is
//! combined with; other comments and blank lines mean nothing.

use super::passphrase::{Salt, SaltError};
use super::recipient::{Recipient, RecipientError};

const SALT: &str = "passphrase-salt:";

/// At least one recipient, none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipients(Vec<Recipient>);

/// What a recipients file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipientsFile {
    /// Public keys, in the file's order.
    pub recipients: Vec<Recipient>,
    /// Salts of the keys made from passphrases.
    pub salts: Vec<Salt>,
    /// Those of the keys that follow a salt.
    pub of_passphrases: Vec<Recipient>,
}

/// A mistake in a list, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{unit} {number}: {cause}")]
pub struct BadLine {
    /// `line` of a file, `entry` of a list.
    pub unit: &'static str,
    /// Which one, from 1.
    pub number: usize,
    /// What is wrong.
    pub cause: BadLineCause,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLineCause {
    /// The key.
    #[error(transparent)]
    Recipient(#[from] RecipientError),
    /// The salt.
    #[error(transparent)]
    Salt(#[from] SaltError),
}

impl Recipients {
    /// Puts lists together in their order; `None` when nobody is left to encrypt for.
    pub fn new(all: impl IntoIterator<Item = Recipient>) -> Option<Self> {
        let mut kept: Vec<Recipient> = Vec::new();
        for recipient in all {
            if !kept.contains(&recipient) {
                kept.push(recipient);
            }
        }
        (!kept.is_empty()).then_some(Self(kept))
    }

    /// The recipients, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Recipient> {
        self.0.iter()
    }

    /// How many there are: one at least.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The public keys as text, for the manifest.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(Recipient::to_string).collect()
    }
}

impl RecipientsFile {
    /// Reads a file's text; names every mistake.
    pub fn parse(text: &str) -> Result<Self, Vec<BadLine>> {
        let mut file = Self::default();
        let mut follows_salt = false;
        let mistakes: Vec<_> = text
            .lines()
            .enumerate()
            .filter_map(|(index, line)| {
                file.take_line(line.trim(), &mut follows_salt).err().map(|cause| BadLine {
                    unit: "line",
                    number: index + 1,
                    cause,
                })
            })
            .collect();
        if mistakes.is_empty() { Ok(file) } else { Err(mistakes) }
    }

    /// The lines that add a recipient to a file.
    pub fn entry(recipient: &Recipient, salt: Option<&Salt>) -> String {
        let salt = salt.map(|salt| format!("# {SALT} {}\n", salt.text())).unwrap_or_default();
        format!("{salt}{recipient}\n")
    }

    fn take_line(&mut self, line: &str, follows_salt: &mut bool) -> Result<(), BadLineCause> {
        if line.is_empty() {
            return Ok(());
        }
        let Some(comment) = line.strip_prefix('#') else {
            let recipient: Recipient = line.parse()?;
            if std::mem::take(follows_salt) {
                self.of_passphrases.push(recipient.clone());
            }
            self.recipients.push(recipient);
            return Ok(());
        };
        if let Some(salt) = comment.trim().strip_prefix(SALT) {
            self.salts.push(Salt::parse(salt)?);
            *follows_salt = true;
        }
        Ok(())
    }
}

/// Reads the values of a setting: recipients between `,`, `;`, `|` or line ends.
pub fn parse_recipient_list<'a>(values: impl IntoIterator<Item = &'a str>) -> Result<Vec<Recipient>, Vec<BadLine>> {
    let mut recipients = Vec::new();
    let mut mistakes = Vec::new();
    let entries = values.into_iter().flat_map(|value| value.split([',', ';', '|', '\n']));
    let entries = entries.map(str::trim).filter(|entry| !entry.is_empty());
    for (index, entry) in entries.enumerate() {
        match entry.parse() {
            Ok(recipient) => recipients.push(recipient),
            Err(cause) => {
                mistakes.push(BadLine { unit: "entry", number: index + 1, cause: BadLineCause::Recipient(cause) });
            }
        }
    }
    if mistakes.is_empty() { Ok(recipients) } else { Err(mistakes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
    const TWO: &str = "age1fdxrrgtmw8vl3zk7knvr8c6sz5z8tyuajnlkdjd8gdehdudgleqsqk8gh3";
    const SALT_TEXT: &str = "proxsave/age-passphrase/v2:000102030405060708090a0b0c0d0e0f";

    #[test]
    fn a_file_gives_keys_and_salts() {
        let text = format!("# passphrase-salt: {SALT_TEXT}\n\n{ONE}\r\n  # of the office\n\t{TWO} \n");

        let file = RecipientsFile::parse(&text).unwrap();

        let keys: Vec<_> = file.recipients.iter().map(Recipient::text).collect();
        assert_eq!(keys, [ONE, TWO]);
        assert_eq!(file.salts[0].text(), SALT_TEXT);
        assert_eq!(file.of_passphrases, file.recipients[..1]);
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let text = format!("{ONE}\nnonsense\n# passphrase-salt: pepper\nage1yubikey1q\n");

        let lines: Vec<_> = RecipientsFile::parse(&text).unwrap_err().iter().map(ToString::to_string).collect();

        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("line 2: this is no public key"), "{}", lines[0]);
        assert!(lines[1].starts_with("line 3: "), "{}", lines[1]);
        assert!(lines[2].contains("age-plugin-yubikey"), "{}", lines[2]);
    }

    #[test]
    fn an_entry_reads_back() {
        let salt = Salt::parse(SALT_TEXT).unwrap();
        let entry = RecipientsFile::entry(&ONE.parse().unwrap(), Some(&salt));
        let file = RecipientsFile::parse(&entry).unwrap();
        assert_eq!((file.recipients.len(), file.salts), (1, vec![salt]));
    }

    #[test]
    fn a_setting_takes_every_separator_and_nobody_twice() {
        let list =
            parse_recipient_list([format!("{ONE}, {TWO};{ONE}|").as_str(), "", &format!("{TWO}\n{ONE},")]).unwrap();
        assert_eq!(list.len(), 5);
        assert_eq!(Recipients::new(list).unwrap().texts(), [ONE, TWO]);
        assert_eq!(Recipients::new([]), None);
        assert_eq!(parse_recipient_list([format!("{ONE},x").as_str()]).unwrap_err()[0].number, 2);
    }
}
