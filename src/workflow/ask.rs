//! Questions to a person, and the word that is demanded of one. Workflows ask through this; the
//! terminal is the command line's business.

use crate::secret::Secret;

/// Somebody who can be asked.
pub trait Ask {
    /// Tells something.
    fn tell(&mut self, text: &str);
    /// One line; `None` when nobody answers any more.
    fn line(&mut self, question: &str) -> Option<String>;
    /// One line that does not show.
    fn secret(&mut self, question: &str) -> Option<Secret>;
}

/// How a demand for a word was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With the word itself.
    Word,
    /// With `0`.
    Left,
    /// With something else, or not at all.
    Other,
}

impl Answer {
    /// Of a line. Capitals count: a word that is typed by habit shall not do.
    pub fn of(line: Option<&str>, word: &str) -> Self {
        match line.map(str::trim) {
            Some(answer) if answer == word => Self::Word,
            Some("0") => Self::Left,
            _ => Self::Other,
        }
    }
}

/// Demands a word before something is done that cannot be taken for a mistake.
pub fn ask_word(ask: &mut dyn Ask, word: &str, what: &str) -> Answer {
    let line = ask.line(&format!("Type {word} to {what} (0 leaves): "));
    Answer::of(line.as_deref(), word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_is_the_word() {
        for (line, answer) in [
            (Some("RESTORE"), Answer::Word),
            (Some(" RESTORE\t"), Answer::Word),
            (Some("restore"), Answer::Other),
            (Some("RESTORE!"), Answer::Other),
            (Some("yes"), Answer::Other),
            (Some(""), Answer::Other),
            (Some(" 0 "), Answer::Left),
            (None, Answer::Other),
        ] {
            assert_eq!(Answer::of(line, "RESTORE"), answer, "{line:?}");
        }
    }
}
